"""Compares recordings with the spec, field by field, and takes the readings of open questions as a run does."""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from contrato.core.document import JSON, METHODS, Node, operation_nodes
from contrato.core.extensions import Opening
from contrato.core.schema import Schema
from contrato.core.spec import Api, Operation
from contrato.learn.matching import Candidate, Matches, label
from contrato.learn.traffic import Facts, shown, split, taken
from contrato.verify.checks.readings import open_questions_have_one_answer
from contrato.verify.documents import places
from contrato.verify.exchange import Exchange
from contrato.verify.findings import Answers, Reading
from contrato.verify.har import Entry, Recorded, normal, read_entries, read_readings
from contrato.verify.hiding import TOKEN

CONFIRMED, CONTRADICTED, NEW, NEVER = "confirmed", "contradicted", "new", "never seen"


@dataclass(frozen=True)
class Row:
    """A field of an answer, or an argument.

    Attributes:
        place: Pointer into the answer, or place and name of the argument.
        status: `confirmed`, `contradicted`, `new` or `never seen`.
        answers: Number of answers, or of requests, that say so.
        about: What was seen, without values.
    """

    place: str
    status: str
    answers: int
    about: str = ""


@dataclass(frozen=True)
class Told:
    """A reading of an open question that answers follow.

    Attributes:
        question: Id of the question.
        reading: Id of the reading.
        at: Operations and fields that tell it.
        answers: Number of answers.
        pointers: Where the question stands in the spec.
        ours: True if it is the reading that the spec's examples show.
        is_settled: True if no answer tells another one, and a server has one.
    """

    question: str
    reading: str
    at: tuple[str, ...]
    answers: int
    pointers: tuple[str, ...]
    ours: bool
    is_settled: bool


@dataclass
class Drift:
    """The differences between recordings and the spec, by operation.

    Attributes:
        fields: Fields of answers, by operationId.
        arguments: Arguments, by operationId.
        told: Readings of open questions.
        day: Date of the latest exchange; empty if the recordings have none.
    """

    fields: dict[str, list[Row]] = field(default_factory=dict)
    arguments: dict[str, list[Row]] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    day: str = ""


def fields_of(found: Candidate) -> Iterator[Row]:
    """The fields of the answers of a route, held against those of the spec."""
    operation, facts = found.operation, found.route.facts
    known: dict[str, list[Schema]] = defaultdict(list)
    for at, schema in places(operation.answer):
        known[at] += [schema, *schema.alternatives]
    required = {
        f"{at}/{name}"
        for at, schema in places(operation.answer)
        for name, prop in schema.properties.items()
        if prop.required
    }
    for at, schemas in known.items():
        if at and not at.endswith("/*"):
            yield _field(at, schemas, at in required, facts)
    objects = {at for at, schemas in known.items() if any(schema.properties for schema in schemas)}
    values = {value for one in facts.values() for value in one.values}
    fresh = [at for at in facts if at and not at.endswith("/*") and at not in known]
    for at in fresh:
        parent, _, name = at.rpartition("/")
        if parent in objects:
            yield Row(f"{parent}/{shown(name, values)}", NEW, facts[at].answers, _kinds(facts[at].kinds))


def _field(at: str, schemas: Sequence[Schema], required: bool, facts: Mapping[str, Facts]) -> Row:
    seen = facts.get(at)
    parents = facts[parent].kinds["object"] if (parent := at.rpartition("/")[0]) in facts else 0
    if seen is None and not (required and parents):
        return Row(at, NEVER, 0)
    if seen is None:
        return Row(at, CONTRADICTED, facts[parent].answers, f"absent in all {parents} records")
    types = {schema.type for schema in schemas}
    types |= {"integer"} if "number" in types else set()
    wrong = Counter({kind: count for kind, count in seen.kinds.items() if kind not in types and kind != "null"})
    if "any" in types:
        wrong.clear()
    notes = []
    if wrong:
        notes.append(f"{_kinds(wrong)}, where the spec has {' or '.join(sorted(t for t in types if t != 'any'))}")
    if seen.kinds["null"] and not any(schema.nullable for schema in schemas):
        notes.append(f"null in {seen.kinds['null']} of {seen.kinds.total()}")
    absent = parents - seen.kinds.total()
    if absent > 0 and required:
        notes.append(f"absent in {absent} of {parents} records")
    if notes:
        return Row(at, CONTRADICTED, seen.answers, "; ".join(notes))
    more = []
    if seen.kinds["null"]:
        more.append(f"null in {seen.kinds['null']} of {seen.kinds.total()}")
    if absent > 0:
        more.append(f"absent in {absent} of {parents} records")
    enums = {str(value) for schema in schemas for value in schema.enum}
    if enums and (others := len(seen.values - enums)):
        return Row(at, CONTRADICTED, seen.answers, f"{others} values beside {', '.join(sorted(enums))}")
    numbers = [float(value) for value in seen.values if re.fullmatch(r"-?\d+(\.\d+)?", value)]
    for schema in schemas:
        low, high = schema.minimum, schema.maximum
        if numbers and ((low is not None and min(numbers) < low) or (high is not None and max(numbers) > high)):
            return Row(at, CONTRADICTED, seen.answers, "numbers outside of the bounds of the spec")
    if seen.lengths:
        more.append(f"{max(seen.lengths)} elements at most")
    if any(schema.is_timestamp for schema in schemas) and seen.values:
        more.append(", ".join(sorted({_form(value) for value in seen.values})))
    return Row(at, CONFIRMED, seen.answers, "; ".join(more))


def _form(text: str) -> str:
    """The form of a timestamp, without its digits."""
    zone = "Z" if text.endswith(("Z", "z")) else "with an offset" if re.search(r"[+-]\d\d:?\d\d$", text) else "local"
    return f"{zone}, {'fractions of a second' if '.' in text else 'whole seconds'}" if len(text) > 10 else "dates alone"


def _kinds(kinds: Counter[str]) -> str:
    return " or ".join(f"{kind} ({count})" for kind, count in kinds.most_common())


def arguments_of(found: Candidate) -> Iterator[Row]:
    """The arguments of an operation, and where requests have them."""
    route = found.route
    for p in found.operation.parameters:
        here = f"{p.place} {p.name}"
        if p.key in found.slots:
            place, name = found.slots[p.key]
            is_same = place == p.place and (place == "path" or name == p.name)
            given = route.slots[place, name].given
            yield Row(
                here, CONFIRMED if is_same else CONTRADICTED, given, "" if is_same else f"in {label((place, name))}"
            )
        elif p.key in found.doubtful:
            names = " or ".join(sorted(label(key) for key in found.doubtful[p.key]))
            yield Row(here, NEVER, 0, f"perhaps {names}")
        else:
            yield Row(here, NEVER, 0)
    for place, name in found.extra:
        if place != "path":
            yield Row(f"{place} {shown(name)}", NEW, route.slots[place, name].given)


# Readings of open questions


class Reader:
    """Takes readings from the exchanges of matched routes.

    Args:
        learned: The API with the paths, methods and arguments that were recorded.
        matches: The routes.
        base: Number of segments before its paths.
    """

    def __init__(self, learned: Api, matches: Matches, base: int) -> None:
        self.learned = learned
        self.base = base
        self.origin = matches.origin
        self.routes: dict[tuple[str, int], list[Candidate]] = defaultdict(list)
        for found in matches.found.values():
            self.routes[found.route.method, len(found.route.segments)].append(found)
        self.counts: Counter[tuple[str, str, str, str]] = Counter()
        self._known: dict[bytes, list[Reading]] = {}
        self.day = ""

    def read(self, sources: Sequence[Path | bytes]) -> None:
        """Read the recordings again, and what runs of ours have found out by comparing answers."""
        for source in sources:
            for entry in read_entries(source):
                origin, texts = split(entry.url)
                if origin == self.origin:
                    self._see(entry, texts)
        for source in sources:
            self._take(read_readings(source))

    def _take(self, answers: Answers) -> None:
        for question, said in answers.items():
            for reading, places_of_it in said.items():
                for place, count in places_of_it.items():
                    operation, _, at = place.partition(" ")
                    key = operation, question, at, reading
                    known = self.learned.questions.get(question)
                    if operation in self.learned.operations and known is not None and reading in known.readings:
                        self.counts[key] = max(self.counts[key], count)

    def _see(self, entry: Entry, texts: tuple[str, ...]) -> None:
        found = next((one for one in self.routes[entry.method, len(texts)] if _fits(one, texts)), None)
        recorded = taken(entry) if found is not None else None
        if found is None or not isinstance(recorded, Recorded):
            return
        self.day = max(self.day, recorded.started.date().isoformat() if recorded.started.year > 1970 else "")
        query = urlsplit(entry.url).query
        parts = (found.operation.id, entry.url, recorded.request_body, str(recorded.status), recorded.content or b"")
        same = hashlib.blake2b(repr(parts).encode(), digest_size=16).digest()
        if same not in self._known:
            raw = urlsplit(normal(entry.url)).path.strip("/").split("/")
            path = "/" + "/".join(raw[self.base :])
            headers = recorded.request_headers | ({"authorization": f"Bearer {TOKEN}"} if entry.token else {})
            exchange = Exchange(
                operation=self.learned.operations[found.operation.id],
                sender="recorded",
                method=entry.method,
                url=f"http://recorded{path}" + (f"?{query}" if query else ""),
                path=path,
                request_headers=headers,
                request_body=recorded.request_body,
                status=recorded.status,
                headers=recorded.headers,
                content=recorded.content or b"",
                started=recorded.started,
                seconds=recorded.seconds,
            )
            self._known[same] = list(self._read(exchange))
        self.counts.update({(r.operation, r.question, r.field, r.reading) for r in self._known[same]})

    def _read(self, exchange: Exchange) -> Iterator[Reading]:
        # An answer of another shape than the spec's tells nothing, as in a run.
        with suppress(AttributeError, KeyError, TypeError, ValueError):
            for finding in open_questions_have_one_answer(exchange, self.learned):
                if isinstance(finding, Reading):
                    # Without the exchange, which has data of somebody.
                    yield Reading(finding.operation, finding.question, finding.field, finding.reading)

    def told(self) -> list[Told]:
        """The readings that were seen, by the place in the spec at which each question stands."""
        found: dict[tuple[str, tuple[str, ...]], dict[str, list[tuple[str, int]]]] = {}
        for (operation_id, question, at, reading), count in sorted(self.counts.items()):
            operation = self.learned.operations[operation_id]
            pointers = tuple(sites(self.learned, operation, at, question))
            where = found.setdefault((question, pointers), {}).setdefault(reading, [])
            where.append((f"{operation_id} {at}".strip(), count))
        return [
            Told(
                question=question,
                reading=reading,
                at=tuple(place for place, _ in where),
                answers=sum(count for _, count in where),
                pointers=pointers,
                ours=reading in self._ours(pointers, question),
                is_settled=len(by_reading) == 1 and not self.learned.questions[question].mixed,
            )
            for (question, pointers), by_reading in found.items()
            for reading, where in by_reading.items()
        ]

    def _ours(self, pointers: Sequence[str], question: str) -> set[str]:
        return {self._openings[question, at].ours for at in pointers if (question, at) in self._openings}

    @cached_property
    def _openings(self) -> dict[tuple[str, str], Opening]:
        return {(site.opening.question.id, site.pointer): site.opening for site in self.learned.open_sites()}


def _fits(found: Candidate, texts: tuple[str, ...]) -> bool:
    return all(one is None or one == text for one, text in zip(found.route.segments, texts, strict=True))


def sites(api: Api, operation: Operation, at: str, question: str) -> Iterator[str]:
    """JSON pointers of the elements of a document at which a question about a place of an operation stands."""
    document = api.document
    for path, method, item, node in operation_nodes(document):
        if node["operationId"] != operation.id:
            continue
        start = f"/paths/{_step(path)}"
        here = f"{start}/{method}"
        elements: list[tuple[str, Any]] = [(here, node)]
        elements += _chain(document, f"{here}/requestBody", node.get("requestBody"))
        if at.startswith("/"):
            elements = []
            for status, response in node["responses"].items():
                for pointer, known in _chain(document, f"{here}/responses/{status}", response):
                    schema = known.get("content", {}).get(JSON, {}).get("schema")
                    inner = f"{pointer}/content/{_step(JSON)}/schema"
                    elements += _below(document, inner, schema, at.split("/")[1:]) if str(status)[0] == "2" else ()
        elif "." in at:
            place, _, name = at.partition(".")
            elements = [*_arguments(document, start, method, (place, name)), *elements]
        else:
            elements += [(start, {k: v for k, v in item.items() if k not in METHODS})]
            for status, response in node["responses"].items():
                elements += _chain(document, f"{here}/responses/{status}", response)
            # Laws tell readings of an operation, such as how its ranges end, that may stand at one of its arguments.
            for p in operation.parameters:
                elements += _arguments(document, start, method, p.key)
        yield from [pointer for pointer, known in elements if question in known.get("x-open", {})][:1]
        return


def _arguments(document: Node, start: str, method: str, key: tuple[str, str]) -> Iterator[tuple[str, Any]]:
    """The nodes of an argument of an operation, given the pointer of its path and its method."""
    place, name = key
    ((_, item),) = _chain(document, start, _node(document, start))
    for where, owner in ((start, item), (f"{start}/{method}", item[method])):
        for n, parameter in enumerate(owner.get("parameters", ())):
            chain = list(_chain(document, f"{where}/parameters/{n}", parameter))
            pointer, known = chain[-1]
            if (known.get("in"), known.get("name")) == key:
                yield from (*chain, *_chain(document, f"{pointer}/schema", known.get("schema")))
    for pointer, known in _chain(document, f"{start}/{method}/requestBody", item[method].get("requestBody")):
        if place == "body":
            schema = known.get("content", {}).get(JSON, {}).get("schema")
            yield from _below(document, f"{pointer}/content/{_step(JSON)}/schema", schema, [name])


def _node(document: Node, pointer: str) -> Any:
    for step in pointer.split("/")[1:]:
        document = document[step.replace("~1", "/").replace("~0", "~")]
    return document


def _step(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _chain(document: Node, pointer: str, node: Any) -> Iterator[tuple[str, Any]]:
    """A node, and what it refers to."""
    while isinstance(node, Mapping):
        yield pointer, node
        if "$ref" not in node:
            return
        pointer = node["$ref"][1:]
        node = _node(document, pointer)


def _below(document: Node, pointer: str, node: Any, steps: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """The nodes of the schema at a place of a value."""
    for at, known in _chain(document, pointer, node):
        if not steps:
            yield at, known
        elif steps[0] == "*" and "items" in known:
            yield from _below(document, f"{at}/items", known["items"], steps[1:])
        elif steps[0] in known.get("properties", {}):
            inner = known["properties"][steps[0]]
            yield from _below(document, f"{at}/properties/{_step(steps[0])}", inner, steps[1:])
        for key in ("allOf", "anyOf", "oneOf"):
            for n, part in enumerate(known.get(key, ())):
                yield from _below(document, f"{at}/{key}/{n}", part, steps)
