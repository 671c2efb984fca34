"""The readings of open questions that a server follows: one at each place, for the whole run."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from contrato.core.schema import Schema
from contrato.core.spec import Api, Operation
from contrato.verify.documents import MISSING, cited, find, places
from contrato.verify.exchange import Exchange
from contrato.verify.findings import Answers, Reading, Violation

MANY = 20
"""Records in which a field that may be absent is once, if the server has it at all."""


class Readings:
    """Collects what answers tell of the questions that the spec leaves open.

    Args:
        spec: Has the questions.
    """

    def __init__(self, spec: Api) -> None:
        self._spec = spec
        self._fields: dict[tuple[Operation, str], _Presence] = {}
        self._seen: defaultdict[tuple[str, str, str], dict[str, Reading]] = defaultdict(dict)
        self._counts: dict[tuple[str, str, str, str], int] = {}
        self._last: dict[tuple[str, str, str, str], tuple[Exchange, ...]] = {}

    def see(self, reading: Reading) -> Violation | None:
        """Take up a reading; a violation if the server followed another one at the same place, and has to choose."""
        place = reading.operation, reading.question, reading.field
        self._count(reading)
        seen = self._seen[place]
        if reading.reading in seen:
            return None
        earlier = next(iter(seen.values()), None)
        seen[reading.reading] = reading
        question = self._spec.questions[reading.question]
        operation = self._spec.operations.get(reading.operation)
        opening = operation.opening(reading.field, reading.question) if operation is not None else None
        if opening is not None and opening.settled not in (None, reading.reading):
            expected, found = (f"{name}: {question.readings[name]}" for name in (opening.settled, reading.reading))
            shown = reading.exchanges[-1:]
            return Violation(reading.operation, reading.field, expected, found, opening.evidence, shown)
        if earlier is None or question.mixed or len(seen) > 2:
            return None
        said = [f"{each.reading}: {question.readings[each.reading]}" for each in (earlier, reading)]
        return Violation(
            reading.operation,
            reading.field,
            f"one answer to: {question.question}",
            " Then ".join(said),
            question.why,
            (*earlier.exchanges[-1:], *reading.exchanges[-1:]),
        )

    def withdraw(self, exchange: Exchange) -> None:
        """Forget what an answer told that was not the server's."""
        for place, seen in self._seen.items():
            for name, reading in [*seen.items()]:
                if any(shown is exchange for shown in reading.exchanges):
                    del seen[name]
                    del self._counts[*place, name]

    def _count(self, reading: Reading) -> None:
        """Count answers rather than the records in them."""
        key = reading.operation, reading.question, reading.field, reading.reading
        if key not in self._counts or reading.exchanges != self._last[key]:
            self._counts[key] = self._counts.get(key, 0) + 1
            self._last[key] = reading.exchanges

    def never(self) -> Iterator[Violation]:
        """Violations of fields that may be absent, and are so in every answer."""
        for operation, pointer, proof in self._missing():
            seen, exchange = self._fields[operation, pointer].seen, self._fields[operation, pointer].exchange
            name = pointer.rpartition("/")[2]
            expected = f"{name} in some of the records: it may be absent where it has no value"
            similar = _similar(operation, pointer, exchange)
            instead = f"; they have {cited(similar)}, which the spec does not" if similar else ""
            yield Violation(operation.id, pointer, expected, f"in none of {seen}{instead}", proof, (exchange,))

    def _missing(self) -> Iterator[tuple[Operation, str, str]]:
        for (operation, pointer), each in self._fields.items():
            schema = operation.answer.at(pointer) if operation.answer is not None else None
            proof = schema.evidence if schema is not None else operation.evidence
            # Where the sources contradict each other, it need not be there at all.
            if not each.present and each.seen >= MANY and proof.level in ("documented", "observed"):
                yield operation, pointer, proof

    def count(self, exchange: Exchange) -> None:
        """Take up in how many records of an answer there are fields that may be absent."""
        operation = exchange.operation
        if operation is None or not exchange.succeeded or exchange.json is MISSING:
            return
        for pointer, schema in places(operation.schema(exchange.status)):
            for name in optional(schema):
                records = [record for record in find(exchange.json, pointer) if isinstance(record, dict)]
                each = self._fields.setdefault((operation, f"{pointer}/{name}"), _Presence(exchange))
                each.present += sum(name in record for record in records)
                each.seen += len(records)
                if records and len(exchange.sent) < len(each.exchange.sent):
                    each.exchange = exchange  # The simpler a request, the better it shows what is missing.

    def told(self) -> Answers:
        """The readings that were seen; questions without one are empty."""
        found: Answers = {name: {} for name in self._spec.questions}
        missing = {(operation.id, pointer) for operation, pointer, _ in self._missing()}
        for (operation, question, field), seen in self._seen.items():
            if (operation, field) in missing:
                continue  # A field that is not sent has no value that is left out.
            for reading in seen:
                place = f"{operation} {field}".strip()
                found[question].setdefault(reading, {})[place] = self._counts[operation, question, field, reading]
        return found


@dataclass
class _Presence:
    """Counts of the records that have a field, and of all that may, with an answer that has some."""

    exchange: Exchange
    present: int = 0
    seen: int = 0


def optional(schema: Schema) -> list[str]:
    """The properties that may be absent where they have no value."""
    return [name for name, prop in schema.properties.items() if prop.schema.admits("no-value", "absent")]


def _similar(operation: Operation, pointer: str, exchange: Exchange) -> str | None:
    """A property that the spec does not have, with almost the name of one that is missing."""
    above, _, name = pointer.rpartition("/")
    known = dict(places(operation.schema(exchange.status)))[above].properties
    records = [record for record in find(exchange.json, above) if isinstance(record, dict)]
    others = {key.casefold(): key for record in records for key in record if key not in known}
    close = difflib.get_close_matches(name.casefold(), others, 1, 0.8)
    return others[close[0]] if close else None
