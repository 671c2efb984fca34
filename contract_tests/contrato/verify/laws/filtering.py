"""Laws of filters and searches."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from contrato.core.extensions import Echo
from contrato.core.spec import Operation, Parameter
from contrato.verify.documents import find, short, spread, text_of
from contrato.verify.exchange import LOCKED_OUT, Arguments, Exchange
from contrato.verify.findings import NotJudged, Reading, Violation, answered, kind_of, violation
from contrato.verify.laws.lists import (
    DAY,
    VALUES,
    admitted_bounds,
    items_in,
    midnight,
    off_range,
    pages_of,
    seam_of,
    written,
)
from contrato.verify.leniency import SHORT_TEXT, selectors
from contrato.verify.rows import Row, difference, items_pointer, rows_of, told
from contrato.verify.rules import law
from contrato.verify.session import Session, UnfitError

MANY = 40
"""Values of a filter that are asked for at once at most."""

NOWHERE = "zqxjvk 7140"
"""A text that nothing has."""

SHORT = "zq"
"""A text that hardly anything has."""


LENGTHS = (1, 7, 31, 366)
"""Days of ranges, of which a server answers some."""


@law("A filter gives exactly the records that have its value.", needs=("x-refers-to", "x-echo"))
def filters_select(session: Session, operation: Operation) -> Iterator[Violation | NotJudged]:
    """For values that exist, the answer is that part of the whole list which has the value: nothing is missing, nothing
    else is in it. Several values at once give the union, in any order, and a value that is named twice is an error of
    the client at most. Filters that are ignored, match a part of an id, or lose records on later pages are found so.
    """
    filters = _filters(operation)
    if not filters:
        return
    listed = _unfiltered(session, operation, filters)
    if not listed.rows:
        raise UnfitError("the list is empty")
    judged = False
    for f, echo in filters:
        having = _Having(session, f, echo, listed.rows)
        values = listed.values if f is listed.several else session.existing(f)
        values = [v for v in values if f.schema.type == "array" or _valid(f, v)]
        values = [v for v in values if having.is_told_apart(v)]
        all_known = listed.complete and (listed.all_values or f is listed.several)
        if not all_known:
            values = [v for v in values if having.rows(v)]
        # Those that select much tell most; and at the ends of a list mistakes are made.
        known = spread(values, MANY)
        values = spread(sorted(known, key=lambda v: -len(having.rows(v))), VALUES)
        values += [v for v in (*known[:1], *known[-1:]) if v not in values]
        others = {**listed.base}
        for other, _ in filters:
            others.pop(other.key, None)
        is_array = f.schema.type == "array"
        tried = [[v] for v in values]
        if is_array and len(values) > 1:
            tried += [[values[0], values[-1]], [values[-1], values[0]]]
        for given in tried:
            arguments = {**others, f.key: given if is_array else given[0]}
            wanted = [row for v in given for row in having.rows(v)]
            if not wanted and 400 <= session.ask(operation, arguments).status < 500:
                continue  # To the list, a value without records may be an unknown one.
            found = session.rows(operation, arguments)
            if all_known and found.complete:
                missing, more = difference(wanted, found.rows)
            else:
                there = {row.text for row in found.rows} if found.complete else {row.text for row in wanted}
                missing = [row for row in wanted if row.text not in there]
                more = [row for row in found.rows if not any(having.has(row, v) for v in given)]
            judged |= bool(wanted)
            if missing or more:
                say = f"for {f.name}={short(arguments[f.key])} the {len(wanted)} records that have it"
                proof = echo.evidence
                at = f"{f.place}.{f.name}"
                pages = [*listed.pages[:1], *found.pages[:2]]
                yield violation(operation, at, say, told(missing, more, wanted), proof, pages)
        twice = session.ask(operation, {**others, f.key: values[:1] * 2}) if is_array and values else None
        if twice is not None and twice.status >= 500:
            yield violation(operation, f"{f.place}.{f.name}", "no 5XX", kind_of(twice), f.evidence, [twice])
    if not judged:
        yield NotJudged(operation.id, "no record has a value of its filters")


@law("A filter, a range of dates and pages narrow a list together.", needs=("x-date-range", "x-refers-to", "x-echo"))
def filters_combine(session: Session, operation: Operation) -> Iterator[Violation | NotJudged]:
    """With a value and a range of dates at once, the answer is what has both, over all its pages. A condition that
    displaces another one is found so.
    """
    filters = [(f, echo) for f, echo in _filters(operation) if f.schema.type != "array"]
    dates = operation.date_range
    if not filters or not dates:
        return
    listed = _unfiltered(session, operation, _filters(operation))
    all_known = listed.complete and listed.all_values
    displaced = {p.key for p in operation.parameters if p.schema.items is not None} | {f.key for f, _ in filters}
    others = {key: v for key, v in listed.base.items() if key not in displaced}
    for f, echo in filters:
        having = _Having(session, f, echo, listed.rows)
        counted = [(len(having.rows(v)), v) for v in session.existing(f) if having.is_told_apart(v)]
        counted = [(count, value) for count, value in counted if count > (1 if all_known else 0)]
        if not counted:
            yield NotJudged(operation.id, f"no value of {f.name} has two records")
            continue
        value = max(counted, key=lambda pair: pair[0])[1]
        alone = session.rows(operation, {**others, f.key: value})
        if not all(having.has(row, value) for row in alone.rows):
            yield NotJudged(operation.id, f"{f.name} alone does not select")
            continue
        mine, known = (having.rows(value), True) if all_known else (alone.rows, alone.complete)
        filtered = session.settled.get((operation.id, "range-date"), dates.field.rpartition("/")[2])
        if filtered == "hidden":
            yield NotJudged(operation.id, "the range filters a date that the records do not show")
            continue
        if session.settled.get((operation.id, "history-range")) == "rules":
            yield NotJudged(operation.id, "the range selects records around the rows")
            continue
        at = f"{dates.field.rpartition('/')[0]}/{filtered}"
        seam = seam_of(session, mine, at)
        if seam is None:
            yield NotJudged(operation.id, f"all records of one {f.name} have one date")
            continue
        for name, low, high in ((dates.start, seam, None), (dates.end, None, seam)):
            arguments = {**others, f.key: value, operation.parameter(name).key: written(seam)}
            found, pages, complete = session.rows(operation, arguments)
            faults = [
                off_range(session, at, mine, found, *bounds.meant(low, high), all_known=known, all_found=complete)
                for bounds in admitted_bounds(operation)
            ]
            wrong = faults[0]
            if all(faults):
                say = f"what has {f.name}={short(value)} and lies {'after' if low else 'before'} {seam}"
                yield violation(operation, f"{f.place}.{f.name}", say, wrong, echo.evidence, pages[:2])


@law("Each argument that the spec has is accepted.")
def arguments_are_accepted(session: Session, operation: Operation) -> Iterator[Violation | NotJudged]:
    """A request that is answered is sent again with one argument more: with a value that exists, with an example, or
    with each value of an enumeration, and with ranges of a day, a week, a month and a year in which there is a record.
    A server may refuse some of them, for instance long ranges, but not all.
    """
    if not operation.safe:
        return
    dates = operation.date_range
    ends = {operation.parameter(name).key for name in (dates.start, dates.end)} if dates else set()
    ours = selectors(operation)
    asked = session.base(operation)
    others = {key: value for key, value in asked.items() if key not in {f.key for f in ours}}
    bases = [asked, *({**others, f.key: value} for f in ours for value in _usual(session, f))]
    base = next((each for each in bases if session.ask(operation, each).succeeded), None)
    if base is None:
        return
    spans = list(_spans(session, operation, base))
    for f in operation.parameters:
        beside = others if f in ours else {key: value for key, value in base.items() if key != f.key}
        for value in _usual(session, f) if f.place != "path" and f.key not in ends else ():
            yield from _accepted(session, operation, f, [{**beside, f.key: value, **span} for span in ({}, *spans)])
    if dates is not None and spans:
        start = operation.parameter(dates.start)
        yield from _accepted(session, operation, start, [{**base, **span} for span in spans])


def _accepted(
    session: Session, operation: Operation, f: Parameter, tried: Sequence[Arguments]
) -> Iterator[Violation | NotJudged]:
    """A violation if the server refuses all of some requests with an argument."""
    for arguments in tried:
        answer = session.ask(operation, arguments)
        if answer.status in LOCKED_OUT or not 400 <= answer.status < 500:
            return
    if "project" in f.open:
        # The argument may name another thing, with values that we do not know.
        reason = f"each request with {f.name} was refused: {answered(answer)}"
        yield NotJudged(operation.id, reason, lasting=False)
    else:
        expected = f"an answer to one of {len(tried)} requests with {f.name}"
        yield violation(operation, f"{f.place}.{f.name}", expected, answered(answer), f.evidence, [answer])


def _usual(session: Session, f: Parameter) -> Sequence[Any]:
    """Values of an argument that everybody uses."""
    if f.schema.enum:
        return f.schema.enum
    found = session.existing(f)[:1] if f.refers_to else [*f.examples[:1]]
    return [found] if found and f.schema.type == "array" else found


def _spans(session: Session, operation: Operation, base: Arguments) -> Iterator[Arguments]:
    """Ranges of several lengths in which there is a record."""
    dates = operation.date_range
    if dates is None:
        return
    rows = session.rows(operation, base).rows
    read = session.readings(rows, dates.field)[0]
    moments = sorted(moment for row in rows if (moment := read(row[dates.field])) is not None)
    start, end = (operation.parameter(name).key for name in (dates.start, dates.end))
    for days in LENGTHS if moments else ():
        low = midnight(moments[len(moments) // 2])
        yield {start: written(low), end: written(low + days * DAY)}


def _filters(operation: Operation) -> list[tuple[Parameter, Echo]]:
    named = [(f, f.echo) for f in operation.parameters if f.refers_to and f.place != "path" and operation.safe]
    return [(f, echo) for f, echo in named if echo is not None]


class _Listed(NamedTuple):
    """A list without its filters, or a sample of it.

    Attributes:
        base: The arguments that gave it.
        complete: True if all its pages were read.
        several: The filter of which all values had to be named, and `values` those that were.
        all_values: True if these are all that exist.
    """

    rows: list[Row]
    base: Arguments
    pages: list[Exchange]
    complete: bool
    several: Parameter | None = None
    values: Sequence[Any] = ()
    all_values: bool = True


def _unfiltered(session: Session, operation: Operation, filters: Sequence[tuple[Parameter, Echo]]) -> _Listed:
    base = session.broad(operation)
    chosen = [f for f, _ in filters if f.key in base]
    if not chosen:
        rows, pages, complete = session.rows(operation, base)
        return _Listed(rows, base, pages, complete)
    # Filters are alternatives of which one is needed: all values of one that takes several.
    several = next((f for f, _ in filters if f.schema.type == "array"), None)
    if several is None:
        raise UnfitError("no request gives all records")
    values = spread(session.existing(several), MANY)
    base = {key: value for key, value in base.items() if key not in {f.key for f in chosen}}
    base[several.key] = values
    rows, pages, complete = session.rows(operation, base)
    all_values = session.knows_all(several) and len(values) == len(session.existing(several))
    return _Listed(rows, base, pages, complete, several, values, all_values)


class _Having:
    """The rows that have each value of a filter, by what they show in its place."""

    def __init__(self, session: Session, f: Parameter, echo: Echo, rows: Sequence[Row]) -> None:
        self._at = echo.at
        self._rows: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            self._rows[text_of(row.get(echo.at))].append(row)
        self._shown: dict[str, set[str]] | None = None
        self._values: dict[str, set[str]] = defaultdict(set)
        if echo.found_as is not None:
            self._shown = defaultdict(set)
            name, _, there = echo.found_as.partition("#")
            other = session.spec.operations[name]
            records = rows_of(other, session.whole(other, session.base(other)).pages, there.rpartition("/")[0])
            for record in records:
                value, shown = text_of(record.get(f.refers_to[0].pointer)), text_of(record.get(there))
                self._shown[value].add(shown)
                self._values[shown].add(value)

    def _texts(self, value: Any) -> set[str]:
        return {text_of(value)} if self._shown is None else self._shown.get(text_of(value), set())

    def rows(self, value: Any) -> list[Row]:
        """Those that have a value."""
        return [row for text in self._texts(value) for row in self._rows.get(text, [])]

    def has(self, row: Row, value: Any) -> bool:
        """True if a row has a value."""
        return text_of(row.get(self._at)) in self._texts(value)

    def is_told_apart(self, value: Any) -> bool:
        """True if rows show this value and no other: a name may be that of several."""
        return all(len(self._values[text]) == 1 for text in self._texts(value)) if self._shown is not None else True


def _valid(f: Parameter, value: Any) -> bool:
    kinds = {"integer": int, "string": str, "number": int | float}
    kind = kinds.get(f.schema.type)
    return kind is None or (isinstance(value, kind) and not isinstance(value, bool))


@law("A search finds what has the text, and nothing for a text that nothing has.", needs=("x-searches",))
def searches_find(session: Session, operation: Operation) -> Iterator[Violation | NotJudged | Reading]:
    """The names of known records are searched for: whole, and by half of their words. The record must
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
        # The word that most names begin with is searched for as well.
        (first, _), *_ = Counter(name.split()[0] for _, name in named).most_common(1)
        for name, forms in [*((name, _forms(name)) for _, name in spread(named, 3)), (first, [first])]:
            for text in dict.fromkeys(forms):
                if text not in name and f.admits("search-accents", "both"):
                    continue  # The server may regard case.
                walk = session.whole(operation, {**base, f.key: text})
                begins = f.admits("search-words", "prefix")
                fits = [(text_of(other), its) for other, its in named if text in its]
                wanted = [other for other, its in fits if its.startswith(text) or not begins]
                found = {text_of(other) for other in walk.items}
                if walk.complete and any(other not in found for other in wanted):
                    example = f"{short(text)}, such as {short(name)}"
                    say = f"the {len(wanted)} records whose name has {example}"
                    yield violation(operation, at, say, f"{len(found)} other records", proof, walk.pages[:1])
                yield from pages_of(operation, walk, operation.pagination.evidence if operation.pagination else proof)
        yield from _words(session, operation, base, f, [name for _, name in named])
        for nonsense in (NOWHERE, SHORT, "'\"\\%;--"):
            answer = session.ask(operation, {**base, f.key: nonsense})
            there = items_in(operation, answer) if answer.succeeded and nonsense in (NOWHERE, SHORT) else []
            if answer.status >= 500 or (there and not any(nonsense in text_of(item).lower() for item in there)):
                found_there = f"{answer.status} with {len(there)} records"
                yield violation(operation, at, f"nothing for {nonsense!r}", found_there, proof, [answer])
        yield from _forgotten(session, operation, base, f, proof)


def _forms(name: str) -> list[str]:
    """Texts to search for, of which a name consists."""
    words = name.split()
    half = " ".join(words[: (len(words) + 1) // 2])
    last = " ".join(words[len(words) // 2 :])
    return [name, half, last, name.lower(), name.upper(), half.swapcase()]


def _words(
    session: Session, operation: Operation, base: Arguments, f: Parameter, names: Sequence[str]
) -> Iterator[Violation | Reading]:
    """The way in which a search takes words, if a name of several tells it."""
    name = next((name for name in names if len(set(name.split())) > 1 and len(name.split()[-1]) > 1), None)
    if name is None or "search-words" not in f.open:
        return
    first, *_, last = name.split()
    texts = {"any-word": f"{first} {NOWHERE}", "every-word": f"{last} {first}", "substring": last[1:]}
    walks = ((reading, session.whole(operation, {**base, f.key: text})) for reading, text in texts.items())
    found = ((reading, walk) for reading, walk in walks if any(name in text_of(item) for item in walk.items))
    reading, walk = next(found, ("prefix", None))
    if walk is None:
        walk = session.whole(operation, {**base, f.key: name}, fresh=True)
        if not any(name in text_of(item) for item in walk.items):
            return  # Somebody deleted it meanwhile.
    word = max(name.split()[1:], key=len)
    if reading == "any-word" and len(word) > SHORT_TEXT and f.searches:
        # A search for any word is one for each, not only for the first.
        other = session.whole(operation, {**base, f.key: f"{NOWHERE} {word}"})
        if other.complete and not any(name in text_of(item) for item in other.items):
            say = f"{short(name)}, since a search for {short(texts[reading])} finds it by one of the words"
            found_there, at = f"{len(other.items)} other records", f"{f.place}.{f.name}"
            yield violation(operation, at, say, found_there, f.searches.evidence, other.pages[:1])
    yield Reading(operation.id, "search-words", f"{f.place}.{f.name}", reading, tuple(walk.pages[:1]))


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
