"""Laws of filters and searches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from contrato.core.extensions import Echo
from contrato.core.spec import Operation, Parameter
from contrato.verify.documents import find, short, spread, text_of
from contrato.verify.exchange import Arguments, Exchange
from contrato.verify.findings import NotJudged, Violation, violation
from contrato.verify.laws.lists import VALUES, items_in, off_range, pages_of, seam_of, written
from contrato.verify.rows import Row, difference, items_pointer, rows_of, told
from contrato.verify.rules import law
from contrato.verify.session import Session, UnfitError

MANY = 40
"""Values of a filter that are asked for at once at most."""

NOWHERE = "zqxjvk 7140"
"""A text that nothing has."""

SHORT = "zq"
"""A text that hardly anything has."""


@law("A filter gives exactly the records that have its value.")
def filters_select(session: Session, operation: Operation) -> Iterator[Violation | NotJudged]:
    """For values that exist, the answer is that part of the whole list which has the value: nothing is missing, nothing
    else is in it. Several values at once give the union, in any order, and a value that is named twice is an error of
    the client at most. Filters that are ignored, match a part of an id, or lose records on later pages are found so.
    """
    filters = _filters(operation)
    if not filters:
        return
    whole, base, shown = _unfiltered(session, operation, filters)
    if not whole:
        raise UnfitError("the list is empty")
    judged = False
    for f, echo in filters:
        values = [v for v in session.existing(f) if f.schema.type == "array" or _valid(f, v)]
        values = [v for v in values if _is_told_apart(session, f, echo, v)]
        values = spread(values, MANY)
        expected = {text_of(v): _selected(session, f, echo, whole, v) for v in values}
        # Those that select much tell most.
        values = sorted(values, key=lambda v: -len(expected[text_of(v)]))
        values = spread(values, VALUES)
        others = {**base}
        for other, _ in filters:
            others.pop(other.key, None)
        is_array = f.schema.type == "array"
        tried = [[v] for v in values]
        if is_array and len(values) > 1:
            tried += [[values[0], values[-1]], [values[-1], values[0]]]
        for given in tried:
            arguments = {**others, f.key: given if is_array else given[0]}
            wanted = [row for v in given for row in expected[text_of(v)]]
            if not wanted and 400 <= session.ask(operation, arguments).status < 500:
                continue  # To the list, a value without records may be an unknown one.
            found, pages = session.rows(operation, arguments)
            missing, more = difference(wanted, found)
            judged |= bool(wanted)
            if missing or more:
                say = f"for {f.name}={short(arguments[f.key])} the {len(wanted)} records that have it"
                proof = echo.evidence
                at = f"{f.place}.{f.name}"
                yield violation(operation, at, say, told(missing, more), proof, [*shown[:1], *pages[:2]])
        twice = session.ask(operation, {**others, f.key: values[:1] * 2}) if is_array and values else None
        if twice is not None and twice.status >= 500:
            yield violation(operation, f"{f.place}.{f.name}", "no 5XX", str(twice.status), f.evidence, [twice])
    if not judged:
        yield NotJudged(operation.id, "no record has a value of its filters")


@law("A filter, a range of dates and pages narrow a list together.")
def filters_combine(session: Session, operation: Operation) -> Iterator[Violation | NotJudged]:
    """With a value and a range of dates at once, the answer is what has both, over all its pages. A condition that
    displaces another one is found so.
    """
    filters = [(f, echo) for f, echo in _filters(operation) if f.schema.type != "array"]
    dates = operation.date_range
    if not filters or not dates:
        return
    whole, base, _ = _unfiltered(session, operation, _filters(operation))
    for f, echo in filters:
        known = [v for v in session.existing(f) if _is_told_apart(session, f, echo, v)]
        counted = [(len(_selected(session, f, echo, whole, v)), v) for v in known]
        counted = [(count, value) for count, value in counted if count > 1]
        if not counted:
            yield NotJudged(operation.id, f"no value of {f.name} has two records")
            continue
        value = max(counted, key=lambda pair: pair[0])[1]
        mine = _selected(session, f, echo, whole, value)
        seam = seam_of(session, mine, dates.field)
        if seam is None:
            yield NotJudged(operation.id, f"all records of one {f.name} have one date")
            continue
        displaced = {p.key for p in operation.parameters if p.schema.items is not None}
        displaced |= {other.key for other, _ in filters}
        others = {key: v for key, v in base.items() if key not in displaced}
        for name, low, high in ((dates.start, seam, None), (dates.end, None, seam)):
            arguments = {**others, f.key: value, operation.parameter(name).key: written(seam)}
            found, pages = session.rows(operation, arguments)
            wrong = off_range(session, dates.field, mine, found, low, high)
            if wrong:
                say = f"what has {f.name}={short(value)} and lies {'after' if low else 'before'} {seam}"
                yield violation(operation, f"{f.place}.{f.name}", say, wrong, echo.evidence, pages[:2])


def _filters(operation: Operation) -> list[tuple[Parameter, Echo]]:
    named = [(f, f.echo) for f in operation.parameters if f.refers_to and f.place != "path" and operation.safe]
    return [(f, echo) for f, echo in named if echo is not None]


def _unfiltered(
    session: Session, operation: Operation, filters: Sequence[tuple[Parameter, Echo]]
) -> tuple[list[Row], Arguments, list[Exchange]]:
    """All records, the arguments that gave them, and the answers."""
    base = session.base(operation)
    chosen = [f for f, _ in filters if f.key in base]
    if chosen:
        # Filters are alternatives of which one is needed: all values of one that takes several.
        several = next((f for f, _ in filters if f.schema.type == "array"), None)
        if several is None:
            raise UnfitError("no request gives all records")
        base = {key: value for key, value in base.items() if key not in {f.key for f in chosen}}
        values = session.existing(several)
        if len(values) > MANY:
            raise UnfitError(f"{several.name} has more than {MANY} values")
        base[several.key] = values
    rows, pages = session.rows(operation, base)
    return rows, base, pages


def _selected(session: Session, f: Parameter, echo: Echo, rows: Sequence[Row], value: Any) -> list[Row]:
    """The rows that have a filter's value."""
    wanted = {text_of(value)}
    if echo.found_as is not None:
        wanted = {there for mine, there in _names(session, f, echo.found_as) if mine == text_of(value)}
    return [row for row in rows if text_of(row.get(echo.at)) in wanted]


def _is_told_apart(session: Session, f: Parameter, echo: Echo, value: Any) -> bool:
    """True if rows show this value and no other: a name may be that of several."""
    if echo.found_as is None:
        return True
    names = _names(session, f, echo.found_as)
    mine = {there for mine, there in names if mine == text_of(value)}
    return not any(there in mine for other, there in names if other != text_of(value))


def _names(session: Session, f: Parameter, found_as: str) -> list[tuple[str, str]]:
    """The values of a filter, each with what rows show in its place."""
    name, _, there = found_as.partition("#")
    mine = f.refers_to[0].pointer
    other = session.spec.operations[name]
    records = rows_of(other, session.whole(other, session.base(other)).pages, there.rpartition("/")[0])
    return [(text_of(record.get(mine)), text_of(record.get(there))) for record in records]


def _valid(f: Parameter, value: Any) -> bool:
    kinds = {"integer": int, "string": str, "number": int | float}
    kind = kinds.get(f.schema.type)
    return kind is None or (isinstance(value, kind) and not isinstance(value, bool))


@law("A search finds what has the text, and nothing for a text that nothing has.")
def searches_find(session: Session, operation: Operation) -> Iterator[Violation | NotJudged]:
    """The names of known records are searched for: whole, by half of their words, and in another case. The record must
    be among what is found, and the counters must agree with what is found. A text that nobody wrote finds nothing.
    """
    for f in operation.parameters:
        searches = f.searches
        if not searches:
            continue
        proof, at = searches.evidence, f"{f.place}.{f.name}"
        base = session.base(operation)
        session.get(operation, base, fresh=True)  # It takes with it what a search before may have left over.
        listed = session.whole(operation, base)
        own = [source.pointer for source in f.refers_to if source.operation == operation.id]
        pointer = own[0].removeprefix(items_pointer(operation)) if own else searches.fields[0]
        texts = [(item, find(item, pointer)) for item in listed.items]
        named = [(item, str(values[0])) for item, values in texts if values and str(values[0]).strip()]
        if not named:
            yield NotJudged(operation.id, "no record has a text to search for")
            continue
        for item, name in spread(named, 3):
            words = name.split()
            half = " ".join(words[: (len(words) + 1) // 2])
            last = " ".join(words[len(words) // 2 :])
            for text in dict.fromkeys([name, half, last, name.lower(), name.upper(), half.swapcase()]):
                rests_on = proof if text in name else "plausible: who searches does not know how a name is capitalised"
                walk = session.whole(operation, {**base, f.key: text})
                wanted = [text_of(other) for other, its in named if text in its]
                found = {text_of(other) for other in walk.items}
                if text_of(item) not in found or any(other not in found for other in wanted):
                    say = f"the {max(1, len(wanted))} records whose name has {text!r}, such as {name!r}"
                    yield violation(operation, at, say, f"{len(found)} other records", rests_on, walk.pages[:1])
                yield from pages_of(operation, walk, operation.pagination.evidence if operation.pagination else proof)
        for nonsense in (NOWHERE, SHORT, "'\"\\%;--"):
            answer = session.ask(operation, {**base, f.key: nonsense})
            there = items_in(operation, answer) if answer.succeeded and nonsense in (NOWHERE, SHORT) else []
            if answer.status >= 500 or (there and not any(nonsense in text_of(item).lower() for item in there)):
                found_there = f"{answer.status} with {len(there)} records"
                yield violation(operation, at, f"nothing for {nonsense!r}", found_there, proof, [answer])
        yield from _forgotten(session, operation, base, f, proof)


def _forgotten(
    session: Session, operation: Operation, base: Arguments, f: Parameter, proof: str
) -> Iterator[Violation]:
    """A list without a condition is what it was before one was asked for."""
    at = f"{f.place}.{f.name}"
    for _ in range(2):  # The first takes with it what is left over.
        before = session.get(operation, base, fresh=True)
    searched = session.ask(operation, {**base, f.key: NOWHERE}, fresh=True)
    after = session.get(operation, base, fresh=True)
    if [text_of(item) for item in items_in(operation, before)] != [
        text_of(item) for item in items_in(operation, after)
    ]:
        expected = f"the list that there was before {f.name}={NOWHERE!r} was asked for, as it is not asked for now"
        found = "another list" if items_in(operation, after) else "nothing"
        yield violation(operation, at, expected, found, proof, [before, searched, after])
