"""Records that laws create, change and delete, and lists of them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from contrato.core.spec import Operation, Parameter
from contrato.verify.discovery import SAMPLES
from contrato.verify.documents import MISSING, cited, find, short, text_of
from contrato.verify.exchange import Arguments, Exchange
from contrato.verify.findings import Violation, violation
from contrato.verify.leniency import EVERYDAY
from contrato.verify.rows import counter, items_of, items_pointer
from contrato.verify.session import Session, UnansweredError, UnexpectedError, UnfitError, WithheldError

DELAY = 2.0
"""Seconds that an index of texts may need."""

FAR = 100_003
"""How far beyond the greatest known id an unknown one is looked for."""


@dataclass
class Records:
    """The records of one kind: who creates, lists, reads, changes and deletes them.

    Attributes:
        id: The path parameter that addresses one.
        own: The ids of the records that a law created, and has not deleted.
        index: Number of the sample of references with which a record was accepted.
    """

    session: Session
    creator: Operation
    lister: Operation
    reader: Operation
    updater: Operation | None
    remover: Operation
    id: Parameter
    own: list[Any] = field(default_factory=list)
    index: int = 0

    @property
    def pointer(self) -> str:
        """Where the id is within a record."""
        return self.id.record_pointer

    def references(self, operation: Operation) -> dict[Parameter, str]:
        """The arguments that refer to what is in records, each with its place in one."""
        start = items_pointer(self.lister)
        return {
            f: source.pointer.removeprefix(start)
            for f in values_of(operation)
            for source in f.refers_to
            if source.operation == self.lister.id
        }

    # Requests

    def differing(self, before: Any, after: Any) -> list[str]:
        """The properties of two states of a record that differ.

        A server may fill in a moment later what no request can set.
        """
        operations = (self.creator, *filter(None, [self.updater]))
        set_by_us = {f.echo.at.split("/")[1] for o in operations for f in values_of(o) if f.echo is not None}
        states = [each if isinstance(each, dict) else {} for each in (before, after)]
        one, other = states
        names = [name for name in {**one, **other} if text_of(one.get(name)) != text_of(other.get(name))]
        return [name for name in names if one.get(name) or name in set_by_us or name not in one]

    def items(self) -> list[Any]:
        """The records of the list, or a sample of them."""
        return self.session.whole(self.lister, self.session.base(self.lister)).items

    def body(self, variant: int, *, optional: bool | set[str] = True, index: int | None = None) -> Arguments:
        """A valid body; the values of two variants differ where they can."""
        required = [f for f in self.creator.parameters if f.required]
        values = self.session.discovery.fill(self.creator, required, self.index if index is None else index)
        if values is None:
            raise UnfitError("there are no values for a new record")
        for f in self.creator.parameters:
            if f.required or optional is True or (optional and f.name in optional):
                value = self.value(self.creator, f, variant)
                if value is not MISSING:
                    values[f.key] = value
        return values

    def value(self, operation: Operation, f: Parameter, variant: int) -> Any:
        """A value of our own for a parameter, or `MISSING` for one that has to exist."""
        kind = f.schema.type
        if f.refers_to:
            return MISSING
        if f.schema.enum:
            return f.schema.enum[variant % len(f.schema.enum)]
        if kind == "boolean":
            return variant % 2 == 0
        example = next(iter(operation.examples_of(f)), None)
        if kind in ("integer", "number"):
            base = example if isinstance(example, int | float) else 1
            return base + (variant % 10 + 7 * self.session.round) % (EVERYDAY - 10)
        if kind == "string" and not f.schema.format:
            head = str(example or f.name)[:HEAD].strip()
            text = f"{head} {_TEXTS[variant % len(_TEXTS)]} {variant}{'b' * self.session.round}"
            return f"{text} {self.session.transport.own.mark}{self.session.taken or ''}".strip()
        return MISSING if example is None else example

    def create(self, body: Arguments) -> tuple[Any, Any, Exchange]:
        """Create a record: its id, the record, and the exchange.

        Raises:
            UnexpectedError: It was not created.
        """
        exchange = self.session.ask(self.creator, body)
        ids = find(exchange.json, self.pointer) if exchange.succeeded and exchange.json is not MISSING else []
        if not ids:
            raise UnexpectedError(exchange)
        self.own.append(ids[0])
        return ids[0], next(items_of(self.creator, exchange)), exchange

    def try_create(self, variant: int, *, optional: bool | set[str] = True) -> tuple[Any, Any, Exchange, Arguments]:
        """Create a record of values that go together; which do is not always for the spec to say.

        Raises:
            UnfitError: The server refuses all that were tried.
        """
        refused: Exchange | None = None
        indices = list(dict.fromkeys([self.index, *range(SAMPLES)]))
        may_be_taken = any(f.admits("duplicate-name", "refused") for f in self.creator.parameters)
        for number, index in enumerate([*indices, *indices] if may_be_taken else indices):
            if number == len(indices):
                self.session.taken += 1  # A name may stay taken after its record is deleted.
            body = self.body(variant, optional=optional, index=index)
            try:
                identifier, record, exchange = self.create(body)
            except UnexpectedError as error:
                refused = error.exchange
                if (refused.succeeded and refused.content) or refused.status >= 500:
                    raise
                continue
            self.index = index
            return identifier, record, exchange, body
        raise UnfitError(f"no new record was accepted: {refused.status if refused else 'not tried'}")

    def read(self, identifier: Any) -> Exchange:
        """Read one record anew."""
        return self.session.ask(self.reader, {self.id.key: identifier}, fresh=True)

    def record(self, exchange: Exchange) -> Any:
        """The record of an answer; `MISSING` when it has none."""
        if not exchange.succeeded or exchange.json in (MISSING, None, [], {}):
            return MISSING
        return next(items_of(exchange.operation or self.reader, exchange), MISSING)

    def listing(self) -> Listing:
        """All records, by id as text, or a sample of them."""
        if self.session.round and self.lister.admits("list-after-write", "soon"):
            time.sleep(DELAY)  # The list was not as expected; it may need a moment.
        return self._listing(self.session.base(self.lister))

    def _listing(self, arguments: Arguments) -> Listing:
        walk = self.session.whole(self.lister, arguments, fresh=True)
        found: dict[str, str] = {}
        for item in walk.items:
            for identifier in find(item, self.pointer)[:1]:
                found[text_of(identifier)] = text_of(item)
        return Listing(found, counter(self.lister, walk.pages[0], "total"), walk.pages[0], walk.complete)

    def listed(self, listing: Listing, identifier: Any, record: Any = None) -> str | None:
        """How the list has a record, as text; None when it does not.

        Where the list is too long to be read, the record is searched for by its texts.
        """
        name = text_of(identifier)
        if listing.complete or name in listing.records:
            return listing.records.get(name)
        for f in self.lister.parameters:
            for text in find(record, f.searches.fields[0]) if f.searches else ():
                found = self._listing({**self.session.base(self.lister), f.key: text})
                if found.complete:
                    return found.records.get(name)
        raise UnfitError("the list is too long to be read, and nothing finds a record in it", bound=True)

    def update(self, identifier: Any, values: Mapping[tuple[str, str], Any]) -> Exchange:
        """Change a record."""
        assert self.updater is not None
        exchange = self.session.ask(self.updater, {self.id.key: identifier, **values})
        if 400 <= exchange.status < 500 and self.updater.admits("partial-update", "refused"):
            # The fields that are not to change may be needed too.
            record = self.record(self.read(identifier))
            known = {f.key: find(record, f.echo.at)[:1] for f in values_of(self.updater) if f.echo is not None}
            whole = {key: found[0] for key, found in known.items() if found and found[0] is not None}
            return self.session.ask(self.updater, {self.id.key: identifier, **whole, **values})
        return exchange

    def rewritten(self) -> dict[tuple[str, str], Any]:
        """Other texts for a record that was created with those of variant 1."""
        assert self.updater is not None
        return {f.key: self.value(self.updater, f, 2) for f in texts_of(self.updater)}

    def delete(self, identifier: Any) -> Exchange:
        """Delete a record."""
        exchange = self.session.ask(self.remover, {self.id.key: identifier})
        if exchange.succeeded and identifier in self.own:
            self.own.remove(identifier)
        return exchange

    def unknown(self) -> Any:
        """An id that no record has."""
        ids = self.session.existing(self.id)
        numbers = [i for i in ids if isinstance(i, int)]
        return max([*numbers, 0]) + FAR if numbers or not ids else f"{ids[-1]}{FAR}"

    def is_gone(self, exchange: Exchange) -> bool:
        """True if an answer says that there is no such record, in the way that the contract has for it."""
        if self.reader.nothing is not None and exchange.operation is self.reader:
            return is_nothing(self.reader, exchange)
        return self.record(exchange) is MISSING and exchange.status < 500


@dataclass(frozen=True)
class Listing:
    """All records at one time, or a sample of them.

    Attributes:
        records: Their text, by id as text.
        total: What the server says of their number; `MISSING` when it says nothing.
        complete: True if they are all.
    """

    records: dict[str, str]
    total: Any
    exchange: Exchange
    complete: bool

    def others(self, earlier: Listing, *own: Any) -> str:
        """How the records that are not named here differ from earlier, in words."""
        mine = {text_of(identifier) for identifier in own}
        before = {k: v for k, v in earlier.records.items() if k not in mine}
        after = {k: v for k, v in self.records.items() if k not in mine}
        gone, new = before.keys() - after.keys(), after.keys() - before.keys()
        if not (self.complete and earlier.complete):
            gone = new = set()  # With one record more or less, the others stand on other pages.
        changed = _in_order(key for key in before.keys() & after.keys() if before[key] != after[key])
        parts = [f"{what}: {short(_in_order(keys))}" for what, keys in (("gone", gone), ("new", new)) if keys]
        if changed:
            first = changed[0]
            how = _change(json.loads(before[first]), json.loads(after[first]))
            parts.append(f"{len(changed)} of {len(before)} changed, such as record {cited(first)}: {how}")
        return "; ".join(parts)


def _in_order(identifiers: Iterable[str]) -> list[str]:
    """Identifiers as text, numbers by their size."""
    return sorted(identifiers, key=lambda text: (len(text), text))


def _change(before: Any, after: Any) -> str:
    """The first property in which two states of a record differ."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return f"it was {short(before)}, is {short(after)}"
    names = [name for name in {**before, **after} if text_of(before.get(name)) != text_of(after.get(name))]
    return f"{cited(names[0])} was {short(before.get(names[0]))}, is {short(after.get(names[0]))}"


def is_nothing(operation: Operation, exchange: Exchange) -> bool:
    """True if an answer is the success without a body that the spec has for the operation."""
    nothing = operation.nothing
    return nothing is not None and nothing.status == str(exchange.status) and not exchange.content.strip()


def values_of(operation: Operation) -> list[Parameter]:
    """The parameters that are values of a record, and do not address it."""
    return [f for f in operation.parameters if f.place != "path"]


def records_of(session: Session, operation: Operation) -> Records | None:
    """The kind of record that an operation creates or addresses; `None` when it does neither."""
    creator = operation.creator or operation
    lister, reader, remover = creator.lister, creator.reader, creator.remover
    if lister is None or reader is None or remover is None:
        return None
    identifier = next(f for f in remover.parameters if f.place == "path")
    return Records(session, creator, lister, reader, creator.updater, remover, identifier)


@contextmanager
def tidy(records: Records) -> Iterator[None]:
    """Delete at the end what was created inside."""
    try:
        yield
    except KeyboardInterrupt:
        records.own.clear()  # Clean-up removes them, and gives up a server that hangs.
        raise
    finally:
        for identifier in list(records.own):
            with suppress(UnansweredError, WithheldError):
                records.delete(identifier)


_TEXTS = ("área técnica", "ñandú e ação", "Übung e cia", "às 10 h")
"""Letters that are kept, or are not. A server may refuse signs."""

HEAD = 16
"""Characters of an example in a text of ours: a name may have few."""


def texts_of(operation: Operation) -> list[Parameter]:
    """The parameters that take any text."""
    texts = [f for f in values_of(operation) if f.schema.type == "string"]
    return [f for f in texts if not f.refers_to and not f.schema.enum and not f.schema.format]


def grown(
    operation: Operation, before: Listing, after: Listing, by: int, exchange: Exchange, *own: Any
) -> Iterator[Violation]:
    """Other records that changed, and another number of records than wanted."""
    changed = after.others(before, *own)
    proof = proof_of(operation)
    if changed:
        yield violation(
            operation, "", "no other record changes", changed, proof, [before.exchange, exchange, after.exchange]
        )
    counts = [listing.total if isinstance(listing.total, int) else len(listing.records) for listing in (before, after)]
    if not all(listing.complete or isinstance(listing.total, int) for listing in (before, after)):
        raise UnfitError("the list is too long to be read, and does not tell how long it is", bound=True)
    if not changed and counts[1] - counts[0] != by:
        expected = f"{counts[0] + by} records, {by:+d}"
        yield violation(
            operation, "", expected, f"{counts[1]} records", proof, [before.exchange, exchange, after.exchange]
        )


def proof_of(operation: Operation) -> str:
    """The evidence of what an operation answers with."""
    answers = [response for response in operation.responses.values() if response.succeeded]
    return answers[0].evidence or operation.evidence if operation.answer is not None else operation.evidence


def gone_proof(records: Records) -> str:
    """The evidence of what is answered for a record that is gone."""
    nothing = records.reader.nothing
    return nothing.evidence if nothing is not None else records.reader.evidence
