"""Laws about records that are created, changed and deleted. They write only to records that they created."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise, product
from typing import Any

from contrato.core.spec import Operation, Parameter
from contrato.verify._discovery import SAMPLES
from contrato.verify._exchange import Arguments, Exchange
from contrato.verify._json import MISSING, find, validator
from contrato.verify._rules import Breach, Gap, law
from contrato.verify._server import (
    Server,
    UnansweredError,
    UnexpectedError,
    UnfitError,
    WithheldError,
    breach,
    counter,
    items_of,
    items_pointer,
    short,
    spread,
    text_of,
)

EDGES: Mapping[str, tuple[Any, ...]] = {"integer": (31, 128, 32_768), "string": ("ção " * 50 + "fim",)}
"""Values at which days of a month, small integers and short columns end, by type."""

KINDS = 6
"""Values of a reference with which records are created."""

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

    server: Server
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

    # Requests

    def body(self, variant: int, *, optional: bool | set[str] = True, index: int | None = None) -> Arguments:
        """A valid body; the values of two variants differ where they can."""
        required = [f for f in self.creator.parameters if f.required]
        values = self.server.discovery.fill(self.creator, required, self.index if index is None else index)
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
            return (example if isinstance(example, int | float) else 1) + variant % 10 + 10 * self.server.round
        if kind == "string" and not f.schema.format:
            return f"{example or f.name} {_TEXTS[variant % len(_TEXTS)]} {variant}{'b' * self.server.round}"
        return MISSING if example is None else example

    def create(self, body: Arguments) -> tuple[Any, Any, Exchange]:
        """Create a record: its id, the record, and the exchange.

        Raises:
            UnexpectedError: It was not created.
        """
        exchange = self.server.ask(self.creator, body)
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
        for index in dict.fromkeys([self.index, *range(SAMPLES)]):
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
        return self.server.ask(self.reader, {self.id.key: identifier}, fresh=True)

    def record(self, exchange: Exchange) -> Any:
        """The record of an answer; `MISSING` when it has none."""
        if not exchange.succeeded or exchange.json in (MISSING, None, [], {}):
            return MISSING
        return next(items_of(exchange.operation or self.reader, exchange), MISSING)

    def listing(self) -> Listing:
        """All records, by id as text."""
        walk = self.server.whole(self.lister, self.server.base(self.lister), fresh=True)
        found: dict[str, str] = {}
        for item in walk.items:
            for identifier in find(item, self.pointer)[:1]:
                found[text_of(identifier)] = text_of(item)
        return Listing(found, counter(self.lister, walk.pages[0], "total"), walk.pages[0])

    def update(self, identifier: Any, values: Mapping[tuple[str, str], Any]) -> Exchange:
        """Change a record."""
        assert self.updater is not None
        return self.server.ask(self.updater, {self.id.key: identifier, **values})

    def rewritten(self) -> dict[tuple[str, str], Any]:
        """Other texts for a record that was created with those of variant 1."""
        assert self.updater is not None
        return {f.key: self.value(self.updater, f, 2) for f in _texts(self.updater)}

    def delete(self, identifier: Any) -> Exchange:
        """Delete a record."""
        exchange = self.server.ask(self.remover, {self.id.key: identifier})
        if exchange.succeeded and identifier in self.own:
            self.own.remove(identifier)
        return exchange

    def unknown(self) -> Any:
        """An id that no record has."""
        ids = self.server.existing(self.id)
        numbers = [i for i in ids if isinstance(i, int)]
        return max([*numbers, 0]) + FAR if numbers or not ids else f"{ids[-1]}{FAR}"

    def is_gone(self, exchange: Exchange) -> bool:
        """Whether an answer says that there is no such record, in the way that the contract has for it."""
        if self.reader.nothing is not None and exchange.operation is self.reader:
            return is_nothing(self.reader, exchange)
        return self.record(exchange) is MISSING and exchange.status < 500


@dataclass(frozen=True)
class Listing:
    """All records at one time.

    Attributes:
        records: Their text, by id as text.
        total: What the server says of their number; `MISSING` when it says nothing.
    """

    records: dict[str, str]
    total: Any
    exchange: Exchange

    def others(self, earlier: Listing, *own: Any) -> str:
        """How the records that are not named here differ from earlier, in words."""
        mine = {text_of(identifier) for identifier in own}
        before = {k: v for k, v in earlier.records.items() if k not in mine}
        after = {k: v for k, v in self.records.items() if k not in mine}
        gone, new = sorted(before.keys() - after.keys()), sorted(after.keys() - before.keys())
        changed = sorted(k for k in before.keys() & after.keys() if before[k] != after[k])
        parts = [
            f"{what}: {', '.join(ids[:5])}" for what, ids in (("gone", gone), ("new", new), ("changed", changed)) if ids
        ]
        return "; ".join(parts)


def is_nothing(operation: Operation, exchange: Exchange) -> bool:
    """Whether an answer is the success without a body that the spec has for the operation."""
    nothing = operation.nothing
    return nothing is not None and nothing.status == str(exchange.status) and not exchange.content.strip()


def values_of(operation: Operation) -> list[Parameter]:
    """The parameters that are values of a record, and do not address it."""
    return [f for f in operation.parameters if f.place != "path"]


def records_of(server: Server, operation: Operation) -> Records | None:
    """The kind of record that an operation creates or addresses; `None` when it does neither."""
    creator = operation.creator or operation
    lister, reader, remover = creator.lister, creator.reader, creator.remover
    if lister is None or reader is None or remover is None:
        return None
    identifier = next(f for f in remover.parameters if f.place == "path")
    return Records(server, creator, lister, reader, creator.updater, remover, identifier)


@contextmanager
def tidy(records: Records) -> Iterator[None]:
    """Delete at the end what was created inside."""
    try:
        yield
    finally:
        for identifier in list(records.own):
            with suppress(UnansweredError, WithheldError):
                records.delete(identifier)


_TEXTS = ("área técnica", "ñandú e ação", "Übung & cia.", 'às "10%"')
"""Letters and signs that are kept, or are not."""

_LITERAL = ("0071402", "71402.50", "carga 🔌 solar")
"""Texts that look like something else, and one with a character beyond the first 65,536."""

_SIGNS = "a+b & 50%25 = #7?"
"""A text that says something else when it is decoded once more, or not at all."""


@law("What is created is what was asked for, and is kept.", writes=True)
def created_is_kept(server: Server, operation: Operation) -> Iterator[Breach | Gap]:
    """A record is created with all fields, with the required ones alone, with each optional one, with some values of
    each reference, and with texts that look like numbers. The answer has the values that were given, reading and
    listing show the same record, its id is new, the number of records grows by one and no other record changes. The
    same request again makes a second record. What is not given gets the same default every time.
    """
    records = records_of(server, operation)
    if records is None or records.creator is not operation:
        return
    with tidy(records):
        before = records.listing()
        identifier, record, exchange, body = records.try_create(1)
        yield from _echoed(operation, body, record, exchange)
        yield from _kept(records, operation, identifier, record, exchange)
        after = records.listing()
        yield from _grown(operation, before, after, 1, exchange, identifier)
        if text_of(identifier) in before.records:
            expected = "an id that no other record has"
            yield breach(
                operation, records.pointer, expected, identifier, _proof(operation), [before.exchange, exchange]
            )
        if after.records.get(text_of(identifier)) != text_of(record):
            expected, found = f"the list has {text_of(record)}", after.records.get(text_of(identifier), "not listed")
            proof = _proof(operation)
            yield breach(operation, items_pointer(records.lister), expected, found, proof, [exchange, after.exchange])
        twin, other, again = records.create(body)
        if twin == identifier:
            yield breach(
                operation, records.pointer, "a second record", "the first one", _proof(operation), [exchange, again]
            )
        elif _without(records, other) != _without(records, record):
            yield breach(operation, "", f"again {short(record)}", other, _proof(operation), [exchange, again])
        both = records.listing()
        yield from _grown(operation, after, both, 1, again, twin, identifier)
        # Without the optional fields, and with one of them at a time.
        optional = [f for f in values_of(operation) if not f.required]
        plain_id, plain, plain_exchange = records.create(records.body(1, optional=False))
        yield from _kept(records, operation, plain_id, plain, plain_exchange)
        for variant, f in enumerate(optional * 2, 2):
            body = records.body(variant, optional={f.name})
            if f.key not in body:
                continue
            one_id, one, one_exchange = records.create(body)
            yield from _echoed(operation, body, one, one_exchange)
            yield from _kept(records, operation, one_id, one, one_exchange)
            for rest in optional:
                at = rest.echo.at if rest.echo else ""
                if rest is not f and at and find(one, at) != find(plain, at):
                    expected = f"{short(find(plain, at))}, as in another record that was created without {rest.name}"
                    shown = [plain_exchange, one_exchange]
                    yield breach(operation, at, expected, find(one, at), rest.evidence, shown)
        values = [(f.key, value) for f in operation.parameters for value in spread(server.existing(f), KINDS)]
        references = [records.body(20, index=index) for index in range(SAMPLES)]
        for body in [*references, *({**records.body(21), key: value} for key, value in values)]:
            try:
                one_id, one, one_exchange = records.create(body)
            except UnexpectedError as error:
                if error.exchange.status >= 500:
                    raise
                continue  # Which references go together is the server's rule.
            yield from _echoed(operation, body, one, one_exchange)
            yield from _kept(records, operation, one_id, one, one_exchange)
        for text in _LITERAL:
            texts: Arguments = {f.key: text for f in _texts(operation)}
            try:
                one_id, one, one_exchange = records.create({**records.body(1), **texts})
            except UnexpectedError as error:
                if error.exchange.status >= 500:
                    raise
                continue  # Nobody promised that any text is taken; what is taken is kept.
            yield from _echoed(operation, texts, one, one_exchange)
            yield from _kept(records, operation, one_id, one, one_exchange)
        final = records.listing()
        changed = final.others(before, *records.own)
        if changed:
            expected = "no other record changes"
            yield breach(operation, "", expected, changed, _proof(operation), [before.exchange, final.exchange])


@law("An update changes what it names, and nothing else.", writes=True)
def updated_is_kept(server: Server, operation: Operation) -> Iterator[Breach | Gap]:
    """Each field of a record is changed alone, two together, and all at once, also to false and back. The answer has
    the new values and the old ones of all other fields, reading and listing show the same record, and no other record
    changes. A reference may be refused by a rule of the server; then nothing has changed.
    """
    records = records_of(server, operation)
    if records is None or records.updater is not operation:
        return
    with tidy(records):
        identifier, record, exchange, _ = records.try_create(1)
        bystander, _, _, _ = records.try_create(1)
        before = records.listing()
        fields = values_of(operation)
        free = [f for f in fields if records.value(operation, f, 0) is not MISSING]

        def made(variant: int, *parameters: Parameter) -> Arguments:
            return {f.key: records.value(operation, f, variant) for f in parameters}

        # What is a default in an update shows where the record has another value: what is true stays so for a while.
        tried = [made(variant, f) for f in free for variant in (3, 2)]
        tried += [{**made(4, a), **made(5, b)} for a, b in pairwise(free)]
        tried += [made(7, *free), made(6, *free), {}]
        for f in fields:
            if f not in free:
                tried += [{f.key: value} for value in server.existing(f)[:4]]
        # Nobody promised that they are taken; who takes them has to keep them.
        edges: list[Arguments] = [
            {f.key: value}
            for f in free
            for value in EDGES.get(f.schema.type, ())
            if validator(f.schema).is_valid(value)
        ]
        tried += edges
        for given in tried:
            values = {name: value for (_, name), value in given.items()}
            changed = records.update(identifier, given)
            now = records.record(changed)
            if now is MISSING:
                refusable = not given or given in edges or any(f.refers_to for f in fields if f.key in given)
                if changed.status >= 500 or not refusable or changed.succeeded:
                    expected = f"the record with {short(values)}"
                    found = f"{changed.status} without a record"
                    yield breach(operation, "", expected, found, _proof(operation), [exchange, changed])
                    return
                kept = records.record(records.read(identifier))
                if text_of(kept) != text_of(record):
                    expected = f"what is refused changes nothing: {short(record)}"
                    yield breach(operation, "", expected, kept, _proof(operation), [exchange, changed])
                continue
            named = [f for f in fields if f.key in given]
            yield from _echoed(operation, given, now, changed)
            paths = {_top(f.echo.at if f.echo else f"/{f.name}") for f in named}
            for name, value in record.items():
                if name not in paths and text_of(value) != text_of(now.get(name)):
                    expected = f"{short(value)} still, with {short(values)}"
                    evidence = operation.evidence
                    yield breach(operation, f"/{name}", expected, now.get(name), evidence, [exchange, changed])
            yield from _kept(records, operation, identifier, now, changed)
            record, exchange = now, changed
        same = made(7, *free)
        first, again = records.update(identifier, same), records.update(identifier, same)
        now, then = records.record(first), records.record(again)
        if now is MISSING:
            raise UnexpectedError(first)
        if then is MISSING or text_of(now) != text_of(then):
            expected = f"the same update twice gives the same: {short(now)}"
            found = f"{again.status} without a record" if then is MISSING else then
            yield breach(operation, "", expected, found, _proof(operation), [first, again])
        exchange, record = again, records.record(records.read(identifier))
        after = records.listing()
        changed_others = after.others(before, identifier)
        if changed_others:
            expected = "no other record changes"
            yield breach(operation, "", expected, changed_others, _proof(operation), [exchange, after.exchange])
        if after.records.get(text_of(identifier)) != text_of(record):
            expected, found = f"the list has {text_of(record)}", after.records.get(text_of(identifier), "not listed")
            yield breach(
                operation, items_pointer(records.lister), expected, found, _proof(operation), [exchange, after.exchange]
            )
        if records.record(records.read(bystander)) is MISSING:
            yield breach(
                operation, "", "no other record changes", f"{bystander} is gone", _proof(operation), [exchange]
            )


@law("A record is found by its text as it is, and no longer by what it was.", writes=True)
def searches_follow_writes(server: Server, operation: Operation) -> Iterator[Breach | Gap]:
    """A record is searched for by its text when it is new, after a change of all its texts by the new one and by the
    old one, also by one of signs that have a meaning in URLs, and by all its texts when it is deleted. What is not so
    at once is looked for again two seconds later: an index may need a moment.
    """
    records = records_of(server, operation)
    searching = [f for f in records.lister.parameters if f.searches] if records else []
    if records is None or records.updater is not operation or not searching:
        return
    by, texts = searching[0], records.rewritten()
    with tidy(records):
        identifier, record, exchange, _ = records.try_create(1)
        yield from _searched(records, by, identifier, _named(by, record), exchange, True)
        for values in (texts, dict.fromkeys(texts, _SIGNS)):
            changed = records.update(identifier, values)
            now = records.record(changed)
            if now is MISSING:
                continue
            yield from _searched(records, by, identifier, _named(by, now), changed, True)
            if text_of(now) != text_of(record):
                yield from _searched(records, by, identifier, _named(by, record), changed, False)
            record = now
        deleted = records.delete(identifier)
        if deleted.succeeded:
            for text in dict.fromkeys(value for value in record.values() if isinstance(value, str)):
                yield from _searched(records, by, identifier, text, deleted, False)


def _named(f: Parameter, record: Any) -> Any:
    """The text by which a search finds a record."""
    return next(iter(find(record, f.searches.fields[0])), None) if f.searches else None


def _searched(
    records: Records, f: Parameter, identifier: Any, text: Any, exchange: Exchange, wanted: bool
) -> Iterator[Breach]:
    """Whether a search for a text finds the record, as is wanted or not."""
    if not isinstance(text, str):
        return
    arguments = {**records.server.base(records.lister), f.key: text}
    for wait in (0.0, DELAY):
        time.sleep(wait)
        walk = records.server.whole(records.lister, arguments, fresh=True)
        ids = {text_of(value) for item in walk.items for value in find(item, records.pointer)}
        if (text_of(identifier) in ids) == wanted:
            return
    expected = f"record {identifier} {'is' if wanted else 'is no longer'} found by {text!r}"
    proof, shown = f.searches.evidence if f.searches else f.evidence, [exchange, walk.pages[0]]
    yield breach(records.lister, f"{f.place}.{f.name}", expected, f"{len(walk.items)} records", proof, shown)


@law("A tag stands for one state of a record.", writes=True)
def tags_follow_the_record(server: Server, operation: Operation) -> Iterator[Breach | Gap]:
    """A server that gives a record an `ETag` gives it another one when the record has changed, and does not say of the
    changed record that it is what the old tag stands for. Clients and proxies otherwise keep what is no longer so.
    """
    records = records_of(server, operation)
    if records is None or records.updater is not operation:
        return
    with tidy(records):
        identifier = records.try_create(1)[0]
        before = records.read(identifier)
        tag = before.headers.get("etag")
        if tag is None:
            return
        changed = records.update(identifier, records.rewritten())
        after = records.read(identifier)
        if text_of(records.record(after)) == text_of(records.record(before)):
            return
        where: Arguments = {records.id.key: identifier}
        asked = server.ask(records.reader, where, headers={"If-None-Match": tag})
        if after.headers.get("etag") == tag or asked.status == 304:
            found = f"{after.headers.get('etag')}, and {asked.status} for If-None-Match: {tag}"
            proof = "inferred: a tag changes with what it stands for (RFC 9110, 8.8.3)"
            expected = f"another tag than {tag} after the change, and 200"
            yield breach(records.reader, "header.ETag", expected, found, proof, [before, changed, after, asked])


@law("What is deleted is gone, and nothing else is.", writes=True)
def deleted_is_gone(server: Server, operation: Operation) -> Iterator[Breach | Gap]:
    """A record is created and deleted. Reading it answers as for a record that never was, the list has one record less
    and all others, a change does not bring it back, and deleting it again does no harm.
    """
    records = records_of(server, operation)
    if records is None or records.remover is not operation:
        return
    with tidy(records):
        kept, _, _, _ = records.try_create(1)
        doomed, _, _, body = records.try_create(2)
        with suppress(UnexpectedError):
            records.create(body)  # It is equal in everything, and stays.
        before = records.listing()
        deleted = records.delete(doomed)
        if not deleted.succeeded:
            raise UnexpectedError(deleted)
        reading = records.read(doomed)
        if not records.is_gone(reading):
            expected = f"no record {doomed} after it was deleted"
            found = f"{reading.status} {short(reading.content.decode('utf-8', 'replace'))}".strip()
            yield breach(operation, "", expected, found, _gone_proof(records), [deleted, reading])
        after = records.listing()
        if text_of(doomed) in after.records:
            expected = "the list is without the deleted record"
            yield breach(operation, "", expected, f"{doomed} is listed", _proof(operation), [deleted, after.exchange])
        others = after.others(before, doomed)
        if others:
            yield breach(operation, "", "no other record changes", others, _proof(operation), [deleted, after.exchange])
        yield from _grown(operation, before, after, -1, deleted, doomed)
        again = records.delete(doomed)
        if again.status >= 500 or (again.succeeded and again.content.strip()):
            yield breach(
                operation, "", "deleting again does no harm", str(again.status), _proof(operation), [deleted, again]
            )
        if records.updater is not None:
            given = {f.key: records.value(records.updater, f, 3) for f in values_of(records.updater) if not f.refers_to}
            changed = records.update(doomed, given)
            if records.record(changed) is not MISSING or not records.is_gone(records.read(doomed)):
                expected = f"a change does not bring {doomed} back"
                yield breach(
                    records.updater, "", expected, str(changed.status), _gone_proof(records), [deleted, changed]
                )
        final = records.listing()
        others = final.others(after)
        if others:
            yield breach(
                operation, "", "what is gone changes nothing more", others, _proof(operation), [again, final.exchange]
            )
        if records.record(records.read(kept)) is MISSING:
            yield breach(operation, "", "no other record is deleted", f"{kept} is gone", _proof(operation), [deleted])


@law("What does not exist is not found, and not made by a request for it.", writes=True)
def missing_is_missing(server: Server, operation: Operation) -> Iterator[Breach | Gap]:
    """Records that no list names are read, changed and deleted. The answer is the contract's for a missing record,
    without data, and the list is afterwards as before.
    """
    records = records_of(server, operation)
    addressed = any(f.place == "path" for f in operation.parameters)
    if records is None or not addressed:
        return
    unknown = [records.unknown()]
    if not operation.safe:
        # Only records of its own may be written to in some modes: one that is there no more.
        deleted = records.try_create(3)[0]
        if records.delete(deleted).succeeded:
            unknown.append(deleted)
    before = records.listing()
    own = [(f.key, records.value(operation, f, 1)) for f in values_of(operation)]
    values = {key: value for key, value in own if value is not MISSING}
    for identifier, given in product(unknown, [{}, values] if values else [{}]):
        try:
            exchange = server.ask(operation, {records.id.key: identifier, **given})
        except WithheldError:
            continue
        bare = operation.nothing
        # A change that is refused for its values is refused all the same.
        refused = 400 <= exchange.status < 500 and not (operation.safe and bare)
        if not refused and not is_nothing(operation, exchange):
            expected = f"{bare.status if bare else '4XX'} without a record for an unknown id"
            found = f"{exchange.status} {short(exchange.content.decode('utf-8', 'replace'))}".strip()
            yield breach(operation, f"path.{records.id.name}", expected, found, _gone_proof(records), [exchange])
    if not operation.safe:
        after = records.listing()
        others = after.others(before)
        if others:
            expected = "a request for a record that does not exist changes nothing"
            yield breach(operation, "", expected, others, _proof(operation), [exchange, after.exchange])


@law("What is refused changes nothing.", writes=True, probes=True)
def refused_changes_nothing(server: Server, operation: Operation) -> Iterator[Breach | Gap]:
    """New records and changes are asked for with references to what does not exist, without required fields, with
    values of wrong types, and with bodies that are no JSON object. Each is refused, none creates a record, and a record
    that was to be changed keeps all its values.
    """
    records = records_of(server, operation)
    if records is None or operation not in (records.creator, records.updater):
        return
    with tidy(records):
        identifier, record, created, body = records.try_create(1)
        before = records.listing()
        where: Arguments = {}
        if operation is records.updater:
            where = {records.id.key: identifier}
            own = [(f.key, records.value(operation, f, 2)) for f in values_of(operation)]
            body = {key: value for key, value in own if value is not MISSING}
        wrong: list[tuple[str, Arguments | bytes, str]] = []
        for f in values_of(operation):
            at = f"{f.place}.{f.name}"
            if f.refers_to:
                known = [v for v in server.existing(f) if isinstance(v, int)]
                wrong.append((at, {**body, f.key: max([*known, 0]) + FAR}, f.evidence))
            if f.required:
                wrong.append((at, {k: v for k, v in body.items() if k != f.key}, f.evidence))
            for value in _WRONG.get(f.schema.type, []):
                # Outside of a body everything is text.
                if f.place == "body" or isinstance(value, str):
                    wrong.append((at, {**body, f.key: value}, f.evidence))
        if operation.body is not None:
            wrong += [("body", content, operation.body.evidence) for content in (b'{"', b"[1]", b'"text"')]
        for at, request, evidence in wrong:
            if isinstance(request, bytes):
                exchange = server.ask(operation, where, content=request)
            else:
                exchange = server.ask(operation, {**where, **request})
            bare = operation.nothing
            if not 400 <= exchange.status < 500 and not (bare and bare.status == str(exchange.status)):
                if exchange.succeeded and operation is records.creator:
                    records.own += find(exchange.json, records.pointer) if exchange.json is not MISSING else []
                expected = "4XX for what cannot be done"
                found = f"{exchange.status} for {short(exchange.sent)}"
                yield breach(operation, at, expected, found, evidence, [exchange])
            kept = records.record(records.read(identifier)) if operation is records.updater else record
            if text_of(kept) != text_of(record):
                expected = f"what is refused changes nothing: {short(record)}"
                yield breach(operation, at, expected, kept, evidence, [created, exchange])
                record = kept
        after = records.listing()
        others = after.others(before, *records.own)
        if others:
            expected = "what is refused leaves all records as they were"
            yield breach(operation, "", expected, others, _proof(operation), [exchange, after.exchange])


_WRONG: dict[str, list[Any]] = {
    "integer": ["abc", {}],
    "number": ["abc", {}],
    "boolean": ["maybe", {}],
    "string": [{"a": 1}, [7]],
    "array": ["abc", {}],
}
"""Values of a wrong type that no lenient server could take for right."""


def _texts(operation: Operation) -> list[Parameter]:
    """The parameters that take any text."""
    texts = [f for f in values_of(operation) if f.schema.type == "string"]
    return [f for f in texts if not f.refers_to and not f.schema.enum and not f.schema.format]


def _echoed(
    operation: Operation, given: Mapping[tuple[str, str], Any], record: Any, exchange: Exchange
) -> Iterator[Breach]:
    for f in operation.parameters:
        echo = f.echo
        if f.key not in given or echo is None or echo.found_as is not None:
            continue
        value = given[f.key]
        for found in find(record, echo.at) or [MISSING]:
            if found is MISSING or text_of(found) != text_of(value):
                shown = "absent" if found is MISSING else found
                expected = f"{short(value)}, as {f.name} was given"
                yield breach(operation, echo.at, expected, shown, echo.evidence, [exchange])


def _kept(records: Records, operation: Operation, identifier: Any, record: Any, exchange: Exchange) -> Iterator[Breach]:
    reading = records.read(identifier)
    kept = records.record(reading)
    if kept is MISSING:
        found = f"{reading.status} without a record"
        yield breach(operation, "", f"record {identifier} can be read", found, _proof(operation), [exchange, reading])
        return
    for name, value in record.items():
        if text_of(kept.get(name)) != text_of(value):
            expected = f"{short(value)} when it is read, as it was answered"
            yield breach(operation, f"/{name}", expected, kept.get(name), _proof(operation), [exchange, reading])


def _grown(
    operation: Operation, before: Listing, after: Listing, by: int, exchange: Exchange, *own: Any
) -> Iterator[Breach]:
    changed = after.others(before, *own)
    proof = _proof(operation)
    if changed:
        yield breach(operation, "", "no other record changes", changed, proof, [exchange, after.exchange])
    counts = [listing.total if isinstance(listing.total, int) else len(listing.records) for listing in (before, after)]
    if not changed and counts[1] - counts[0] != by:
        expected = f"{counts[0] + by} records, {by:+d}"
        yield breach(
            operation, "", expected, f"{counts[1]} records", proof, [before.exchange, exchange, after.exchange]
        )


def _without(records: Records, record: Any) -> str:
    """The record without its id."""
    name = _top(records.pointer)
    return text_of({key: value for key, value in record.items() if key != name})


def _top(pointer: str) -> str:
    return pointer.split("/")[1]


def _proof(operation: Operation) -> str:
    answers = [response for response in operation.responses.values() if response.succeeded]
    return answers[0].evidence or operation.evidence if operation.answer is not None else operation.evidence


def _gone_proof(records: Records) -> str:
    nothing = records.reader.nothing
    return nothing.evidence if nothing is not None else records.reader.evidence
