"""Laws about records that are created, changed and deleted. They write only to records that they created."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from contrato.core.spec import Operation, Parameter
from contrato.verify.discovery import SAMPLES
from contrato.verify.documents import MISSING, cited, excerpt, find, short, spread, text_of, validator
from contrato.verify.exchange import Arguments, Exchange
from contrato.verify.findings import NotJudged, Reading, Violation, answered, violation
from contrato.verify.laws.records import DELAY, Listing, Records, grown, proof_of, records_of, texts_of, tidy, values_of
from contrato.verify.leniency import may_be_changed
from contrato.verify.rows import items_pointer
from contrato.verify.rules import law
from contrato.verify.session import Session, UnexpectedError
from contrato.verify.texts import folded

_QUOTED = 'às "10%" & cia.'
"""A text of signs that a server may refuse, but not write otherwise."""

EDGES: Mapping[str, tuple[Any, ...]] = {"integer": (31, 128, 32_768), "string": ("ção " * 50 + "fim", _QUOTED)}
"""Values at which days of a month, small integers and short columns end, by type; and texts that may be refused."""

KINDS = 6
"""Values of a reference with which records are created."""

TAKEN = (400, 409, 422)
"""Statuses of a record whose name another one has."""

_LITERAL = ("0071402", "71402.50", "carga 🔌 solar", _QUOTED)
"""Texts that look like something else, one with a character beyond the first 65,536, and one of signs."""

_SIGNS = "a+b & 50%25 = #7?"
"""A text that says something else when it is decoded once more, or not at all."""


@law("What is created is what was asked for, and is kept.", writes=True)
def created_is_kept(session: Session, operation: Operation) -> Iterator[Violation | NotJudged | Reading]:
    """A record is created with all fields, with the required ones alone, with each optional one, with some values of
    each reference, and with texts that look like numbers. The answer has the values that were given, reading and
    listing show the same record, its id is new, the number of records grows by one and no other record changes. The
    same request again makes another record, or is refused each time where a name may have to be unique. What is not
    given gets the same default every time.
    """
    records = records_of(session, operation)
    if records is None or records.creator is not operation:
        return
    with tidy(records):
        before = records.listing()
        identifier, record, exchange, body = records.try_create(1)
        yield from _echoed(operation, body, record, exchange)
        yield from _kept(records, operation, identifier, record, exchange)
        after = records.listing()
        yield from grown(operation, before, after, 1, exchange, identifier)
        if text_of(identifier) in before.records:
            expected = "an id that no other record has"
            yield violation(
                operation,
                records.pointer,
                expected,
                short(identifier),
                proof_of(operation),
                [before.exchange, exchange],
            )
        yield from _listed(records, operation, after, identifier, record, exchange)
        yield from _made_again(records, operation, body, record, exchange)
        # Without the optional fields, and with one of them at a time.
        optional = [f for f in values_of(operation) if not f.required]
        plain_id, plain, plain_exchange = records.create(records.body(19, optional=False))
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
                    yield violation(operation, at, expected, short(find(one, at)), rest.evidence, shown)
            records.delete(one_id)  # Few are left if the run is ended.
        values = [(f.key, value) for f in operation.parameters for value in spread(session.existing(f), KINDS)]
        # Each of another variant: a name may have to be unique.
        bodies = [records.body(20 + index, index=index) for index in range(SAMPLES)]
        bodies += [{**records.body(20 + SAMPLES + n), key: value} for n, (key, value) in enumerate(values)]
        for body in bodies:
            try:
                one_id, one, one_exchange = records.create(body)
            except UnexpectedError as error:
                if error.exchange.status >= 500:
                    raise
                continue  # The server decides which references go together.
            yield from _echoed(operation, body, one, one_exchange)
            yield from _kept(records, operation, one_id, one, one_exchange)
            records.delete(one_id)
        for text in _LITERAL:
            texts: Arguments = {f.key: text for f in texts_of(operation)}
            try:
                one_id, one, one_exchange = records.create({**records.body(1), **texts})
            except UnexpectedError as error:
                if error.exchange.status >= 500:
                    raise
                continue  # Nobody promised that any text is taken; what is taken is kept.
            yield from _echoed(operation, texts, one, one_exchange)
            yield from _kept(records, operation, one_id, one, one_exchange)
            records.delete(one_id)
        final = records.listing()
        changed = final.others(before, *records.own)
        if changed:
            expected = "no other record changes"
            yield violation(operation, "", expected, changed, proof_of(operation), [before.exchange, final.exchange])


def _made_again(
    records: Records, operation: Operation, body: Arguments, record: Any, exchange: Exchange
) -> Iterator[Violation | Reading]:
    """The request that made a record makes another one; where a name may have to be unique, each time or never."""
    names = [f for f in operation.parameters if "duplicate-name" in f.open]
    for _ in range(2 if names else 1):
        before, own = records.listing(), list(records.own)
        try:
            twin, other, again = records.create(body)
        except UnexpectedError as error:
            if error.exchange.status not in TAKEN or not any(f.admits("duplicate-name", "refused") for f in names):
                raise
            for f in names:
                reading = "duplicate-name", f"{f.place}.{f.name}", "refused"
                yield Reading(operation.id, *reading, (error.exchange,))
            continue
        for f in names:
            yield Reading(operation.id, "duplicate-name", f"{f.place}.{f.name}", "both", (again,))
        proof = proof_of(operation)
        if twin in own:
            yield violation(
                operation, records.pointer, "another record", "one that was there", proof, [exchange, again]
            )
        elif _without(records, other) != _without(records, record):
            yield violation(operation, "", f"again {short(record)}", short(other), proof, [exchange, again])
        yield from grown(operation, before, records.listing(), 1, again, twin, *own)


@law("An update changes what it names, and nothing else.", writes=True)
def updated_is_kept(session: Session, operation: Operation) -> Iterator[Violation | NotJudged]:
    """Each field of a record is changed alone, two together, and all at once, also to false and back. The answer has
    the new values and the old ones of all other fields, reading and listing show the same record, and no other record
    changes. A reference may be refused by a rule of the server; then nothing has changed. So one is also changed to
    what it is in another record with the same other references. What only a new record can be given stays as it is.
    """
    records = records_of(session, operation)
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

        # A default in an update shows where the record has another value: a value that is true stays for a while.
        tried = [made(variant, f) for f in free for variant in (3, 2)]
        tried += [{**made(4, a), **made(5, b)} for a, b in pairwise(free)]
        tried += [made(7, *free), made(6, *free), {}]
        for f in fields:
            if f not in free:
                tried += [{f.key: value} for value in session.existing(f)[:4]]
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
                    yield violation(operation, "", expected, found, proof_of(operation), [exchange, changed])
                    return
                kept = records.record(records.read(identifier))
                if records.differing(record, kept):
                    expected = f"what is refused changes nothing: {short(record)}"
                    yield violation(operation, "", expected, short(kept), proof_of(operation), [exchange, changed])
                continue
            named = [f for f in fields if f.key in given]
            yield from _echoed(operation, given, now, changed)
            paths = {_top(f.echo.at if f.echo else f"/{f.name}") for f in named}
            for name in records.differing(record, now):
                if name not in paths and name in record:
                    expected = f"{short(record[name])} still, with {short(values)}"
                    evidence = operation.evidence
                    yield violation(
                        operation, f"/{name}", expected, short(now.get(name)), evidence, [exchange, changed]
                    )
            yield from _kept(records, operation, identifier, now, changed)
            record, exchange = now, changed
        for f in fields:
            yield from _referred(records, operation, f)
        yield from _fixed(records, operation, identifier)
        same = made(7, *free)
        first, again = records.update(identifier, same), records.update(identifier, same)
        now, then = records.record(first), records.record(again)
        if now is MISSING:
            raise UnexpectedError(first)
        if then is MISSING or text_of(now) != text_of(then):
            expected = f"the same update twice gives the same: {short(now)}"
            found = f"{again.status} without a record" if then is MISSING else short(then)
            yield violation(operation, "", expected, found, proof_of(operation), [first, again])
        exchange, record = again, records.record(records.read(identifier))
        after = records.listing()
        changed_others = after.others(before, identifier)
        if changed_others:
            expected = "no other record changes"
            shown = [before.exchange, exchange, after.exchange]
            yield violation(operation, "", expected, changed_others, proof_of(operation), shown)
        yield from _listed(records, operation, after, identifier, record, exchange)
        if records.record(records.read(bystander)) is MISSING:
            yield violation(
                operation, "", "no other record changes", f"{cited(bystander)} is gone", proof_of(operation), [exchange]
            )


def _referred(records: Records, operation: Operation, f: Parameter) -> Iterator[Violation]:
    """A record is made like one that there is, but for one reference, which is then changed to what it is there."""
    session, items = records.session, records.items()
    known = records.references(records.creator)
    ours = [(each.key, at) for each, at in known.items() if each.name == f.name]
    for key, at, item in ((*one, item) for one in ours[:1] for item in spread(items, KINDS)):
        given = {each.key: find(item, pointer)[0] for each, pointer in known.items() if find(item, pointer)}
        (wanted,) = find(item, at)[:1] or [MISSING]
        for other in session.existing(f)[:KINDS]:
            if wanted is MISSING or other == wanted:
                continue
            try:
                identifier, _, _ = records.create({**records.body(8), **given, key: other})
            except UnexpectedError as error:
                if error.exchange.status >= 500:
                    raise
                continue  # A rule of the server.
            changed = records.update(identifier, {f.key: wanted})
            now = records.record(changed)
            if now is not MISSING:
                yield from _echoed(operation, {f.key: wanted}, now, changed)
                yield from _kept(records, operation, identifier, now, changed)
            records.delete(identifier)
            if now is not MISSING:
                return


def _fixed(records: Records, operation: Operation, identifier: Any) -> Iterator[Violation]:
    """A reference that an update does not have is ignored or refused."""
    session, updated = records.session, {f.name for f in values_of(operation)}
    for f in records.references(records.creator):
        before = records.record(records.read(identifier))
        old = find(before, f.echo.at) if f.echo is not None and f.name not in updated else []
        other = next((value for value in session.existing(f) if value not in old), None)
        if not old or other is None:
            continue
        content = json.dumps({f.name: other}).encode()
        asked = session.ask(operation, {records.id.key: identifier}, content=content)
        shown = [records.record(each) for each in (asked, records.read(identifier))]
        moved = [now for now in shown if f.echo is not None and now is not MISSING and find(now, f.echo.at) != old]
        if f.echo is not None and moved:
            expected = f"{short(old[0])} still: an update has no {f.name}"
            found = short(next(iter(find(moved[0], f.echo.at)), None))
            yield violation(operation, f.echo.at, expected, found, operation.evidence, [asked])


@law("A record is found by its text as it is, and no longer by what it was.", writes=True, needs=("x-searches",))
def searches_follow_writes(session: Session, operation: Operation) -> Iterator[Violation | NotJudged]:
    """A record is searched for by its text when it is new, after a change of all its texts by the new one and by the
    old one, also by one of signs that have a meaning in URLs, and by all its texts when it is deleted. What is not so
    at once is looked for again two seconds later: an index may need a moment.
    """
    records = records_of(session, operation)
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
                yield from _searched(records, by, identifier, _gone(by, _named(by, record), now), changed, False)
            record = now
        deleted = records.delete(identifier)
        if deleted.succeeded:
            for text in dict.fromkeys(value for value in record.values() if isinstance(value, str)):
                yield from _searched(records, by, identifier, text, deleted, False)


def _gone(f: Parameter, text: Any, record: Any) -> Any:
    """The text, or where a search may look for any of its words, the longest that the record does not have; None if it
    has them all.
    """
    if not f.searches or not f.admits("search-words", "any-word"):
        return text
    shown = {word for at in f.searches.fields for value in find(record, at) for word in folded(str(value)).split()}
    return max((word for word in str(text).split() if folded(word) not in shown), key=len, default=None)


def _named(f: Parameter, record: Any) -> Any:
    """The text by which a search finds a record."""
    return next(iter(find(record, f.searches.fields[0])), None) if f.searches else None


def _searched(
    records: Records, f: Parameter, identifier: Any, text: Any, exchange: Exchange, wanted: bool
) -> Iterator[Violation]:
    """A violation if a search for a text finds the record, or does not, otherwise than wanted."""
    if not isinstance(text, str):
        return
    arguments = {**records.session.base(records.lister), f.key: text}
    for wait in (0.0, DELAY):
        time.sleep(wait)
        walk = records.session.whole(records.lister, arguments, fresh=True)
        ids = {text_of(value) for item in walk.items for value in find(item, records.pointer)}
        if (text_of(identifier) in ids) == wanted:
            return
    expected = f"record {cited(identifier)} {'is' if wanted else 'is no longer'} found by {short(text)}"
    proof, shown = f.searches.evidence if f.searches else f.evidence, [exchange, walk.pages[0]]
    yield violation(records.lister, f"{f.place}.{f.name}", expected, f"{len(walk.items)} records", proof, shown)


@law("A tag stands for one state of a record.", writes=True)
def tags_follow_the_record(session: Session, operation: Operation) -> Iterator[Violation | NotJudged]:
    """A server that gives a record an `ETag` gives it another one when the record has changed, and does not say of the
    changed record that it is what the old tag stands for. Clients and proxies otherwise keep what is no longer so.
    """
    records = records_of(session, operation)
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
        asked = session.ask(records.reader, where, headers={"If-None-Match": tag})
        if after.headers.get("etag") == tag or asked.status == 304:
            found = f"{cited(after.headers.get('etag'))}, and {answered(asked)} for If-None-Match: {cited(tag)}"
            proof = "inferred: a tag changes with what it stands for (RFC 9110, 8.8.3)"
            expected = f"another tag than {cited(tag)} after the change, and 200"
            yield violation(records.reader, "header.ETag", expected, found, proof, [before, changed, after, asked])


def _echoed(
    operation: Operation, given: Mapping[tuple[str, str], Any], record: Any, exchange: Exchange
) -> Iterator[Violation]:
    for f in operation.parameters:
        echo = f.echo
        if f.key not in given or echo is None or echo.found_as is not None:
            continue
        value = given[f.key]
        if may_be_changed(f, value):
            continue
        for found in find(record, echo.at) or [MISSING]:
            if found is MISSING or text_of(found) != text_of(value):
                shown = "absent" if found is MISSING else short(found)
                expected = f"{short(value)}, as {f.name} was given"
                yield violation(operation, echo.at, expected, shown, echo.evidence, [exchange])


def _kept(
    records: Records, operation: Operation, identifier: Any, record: Any, exchange: Exchange
) -> Iterator[Violation]:
    reading = records.read(identifier)
    kept = records.record(reading)
    if kept is MISSING:
        found = f"{reading.status} without a record"
        yield violation(
            operation, "", f"record {cited(identifier)} can be read", found, proof_of(operation), [exchange, reading]
        )
        return
    for name in records.differing(record, kept):
        if name in record:
            expected = f"{short(record[name])} when it is read, as it was answered"
            yield violation(
                operation, f"/{name}", expected, short(kept.get(name)), proof_of(operation), [exchange, reading]
            )


def _listed(
    records: Records, operation: Operation, listing: Listing, identifier: Any, record: Any, exchange: Exchange
) -> Iterator[Violation]:
    """A list that has a record otherwise, or not at all."""
    there = records.listed(listing, identifier, record)
    if there is None or records.differing(record, json.loads(there)):
        at, shown = items_pointer(records.lister), [exchange, listing.exchange]
        expected = f"the list has {short(record)}"
        yield violation(operation, at, expected, excerpt(there) if there else "not listed", proof_of(operation), shown)


def _without(records: Records, record: Any) -> str:
    """The record without its id."""
    name = _top(records.pointer)
    return text_of({key: value for key, value in record.items() if key != name})


def _top(pointer: str) -> str:
    return pointer.split("/")[1]
