"""Laws about lists: their pages, their order, and what narrows them."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby, pairwise, product
from operator import itemgetter
from typing import Any

from contrato.core.extensions import Echo
from contrato.core.spec import Operation, Parameter
from contrato.verify._exchange import Arguments, Exchange
from contrato.verify._json import MISSING, find
from contrato.verify._rules import Breach, Gap, law
from contrato.verify._server import (
    PAGES,
    Row,
    Server,
    UnfitError,
    Walk,
    breach,
    counter,
    difference,
    items_of,
    items_pointer,
    limit_of,
    page_key,
    page_size,
    rows_of,
    short,
    spread,
    text_of,
    told,
)

VALUES = 5
"""Values of a filter that are tried."""

MANY = 40
"""Values of a filter that are asked for at once at most."""

NOWHERE = "zqxjvk 7140"
"""A text that nothing has."""

SHORT = "zq"
"""A text that hardly anything has."""

LATIN = "\u024f"
"""The last letter of whose order among others we claim to know something."""


# Pages


@law("The pages of a list, joined, are the whole list, each record once.")
def pages_make_the_list(server: Server, operation: Operation) -> Iterator[Breach | Gap]:
    """The list is read from the first page to the last. Each page but the last is full, no record is on two pages, the
    counters of all pages agree with each other and with what was read, the first page is the one that comes without a
    page number, and after the last page there is nothing. A client that reads all pages otherwise misses records or
    counts them twice. Usual causes: an offset that is off by one, an order that is not unique, a total that counts
    something else.
    """
    names = operation.pagination
    if names is None:
        return
    base = server.base(operation)
    walk = server.walk(operation, base)
    proof = names.evidence
    yield from _pages(operation, walk, proof)
    if not walk.items:
        yield Gap(operation.id, "the list is empty")
        return
    explicit = server.get(operation, {**base, page_key(operation): 1})
    if _items(operation, explicit) != _items(operation, walk.pages[0]):
        f = operation.parameter(names.page)
        expected = "page 1 is what comes without a page number"
        found = "other records"
        yield breach(operation, f"{f.place}.{f.name}", expected, found, f.evidence, [walk.pages[0], explicit])
    if not walk.complete:
        yield Gap(operation.id, f"the list has more than {PAGES} pages")
    elif not walk.stuck and max(walk.numbers) > 1:
        for number in (max(walk.numbers) + 1, max(walk.numbers) + 7):
            beyond = server.ask(operation, {**base, page_key(operation): number})
            if beyond.status >= 500 or (beyond.succeeded and _items(operation, beyond)):
                found = f"{beyond.status} with {len(_items(operation, beyond))} records"
                expected = "no records on a page after the last one"
                yield breach(operation, items_pointer(operation), expected, found, proof, [walk.pages[-1], beyond])
    else:
        yield Gap(operation.id, "the list has a single page")


def _pages(operation: Operation, walk: Walk, proof: str) -> Iterator[Breach]:
    """What must hold for the pages of any list."""
    at = items_pointer(operation)
    filled = [page for page in walk.pages if _items(operation, page)]
    if walk.stuck:
        expected, found = "each page has other records", f"page {len(walk.pages)} is page {len(walk.pages) - 1} again"
        yield breach(operation, at, expected, found, proof, walk.pages[-2:])
        return
    for number, page in enumerate(filled, 1):
        size, length = page_size(operation, page), len(_items(operation, page))
        if size is not None and (length > size or (length < size and number < len(filled))):
            yield breach(operation, at, f"{size} records on page {number}", f"{length} records", proof, [page])
    once: dict[str, int] = {}
    for text, twins in groupby(zip(map(text_of, walk.items), walk.numbers, strict=True), key=itemgetter(0)):
        numbers = [number for _, number in twins]
        first = once.setdefault(text, numbers[0])
        # Records without an identity may be equal: that some are shows where two stand on one page.
        equal = operation.identity is None and len(set(numbers)) < len(numbers)
        number = numbers[-1]
        if number != first and not (equal and numbers[0] == first):
            shown = [walk.pages[first - 1], walk.pages[number - 1]]
            found = f"on page {first} and on page {number}: {text}"
            yield breach(operation, at, "each record on one page", found, proof, shown)
            break
    expected_counters = {"total": len(walk.items), "last": max(1, len(filled))} if walk.complete else {}
    for key in ("total", "last"):
        values = [counter(operation, page, key) for page in filled]
        at = _counter_pointer(operation, key)
        if len({text_of(v) for v in values if v is not MISSING}) > 1:
            yield breach(operation, at, "the same on every page", values, proof, filled[:2])
        wanted = expected_counters.get(key)
        if wanted is not None and any(isinstance(v, int) and v != wanted for v in values):
            what = "the number of records on all pages" if key == "total" else "the number of pages"
            yield breach(operation, at, f"{wanted}, {what}", values, proof, filled)
    for number, page in enumerate(filled, 1):
        follows = counter(operation, page, "next")
        if follows is not MISSING and walk.complete:
            wanted = number + 1 if number < len(filled) else None
            if follows != wanted:
                at = _counter_pointer(operation, "next")
                yield breach(operation, at, f"{wanted} on page {number}", follows, proof, [page])
        current = counter(operation, page, "current")
        if current is not MISSING and current != number:
            yield breach(operation, _counter_pointer(operation, "current"), str(number), current, proof, [page])


def _counter_pointer(operation: Operation, key: str) -> str:
    return f"/{getattr(operation.pagination, key, None)}"


@law("The size of a page decides where a list is cut, and nothing else.")
def limits_only_cut(server: Server, operation: Operation) -> Iterator[Breach | Gap]:
    """With other sizes the pages hold the same records in the same order, and as many as were asked for; so they do
    when a search narrows the list. A server may keep a large size down, when it tells the size that it took, or refuse
    it.
    """
    if limit_of(operation) is None:
        return
    base = server.base(operation)
    listed = server.whole(operation, base)
    if len(listed.items) < 2:
        yield Gap(operation.id, "the list has less than two records")
        return
    length = len(listed.items)
    # A last page that is full is where a page is forgotten, or an empty one added.
    even = next((length // n for n in (2, 3, 5) if length % n == 0), length)
    yield from _cut(server, operation, base, listed, sorted({1, 3, even, length - 1, length, length + 7}))
    for f in operation.parameters:
        for word in _common_words(f, listed.items):
            narrow = {**base, f.key: word}
            found = server.whole(operation, narrow)
            if 1 < len(found.items) < len(listed.items):
                yield from _cut(server, operation, narrow, found, (1,))
                break


def _cut(server: Server, operation: Operation, base: Arguments, listed: Walk, sizes: Sequence[int]) -> Iterator[Breach]:
    """What must hold for a list that is cut into pages of other sizes."""
    f = limit_of(operation)
    assert f is not None
    at = f"{f.place}.{f.name}"
    wanted = [text_of(item) for item in listed.items]
    for size in sizes:
        if not server.ask(operation, {**base, f.key: size}).succeeded:
            continue
        walk = server.walk(operation, {**base, f.key: size}, pages=5)
        first, taken = len(_items(operation, walk.pages[0])), page_size(operation, walk.pages[0])
        if first != min(taken or size, len(wanted)) or first > size or (size <= 3 and taken not in (None, size)):
            expected, found = f"{min(size, len(wanted))} records for {f.name}={size}", f"{first} records, size {taken}"
            yield breach(operation, at, expected, found, f.evidence, walk.pages[:1])
        got = [text_of(item) for item in walk.items]
        if got != wanted[: len(got)] or (walk.complete and len(got) != len(wanted)):
            expected = f"the same list whatever {f.name} is"
            yield breach(operation, at, expected, _unlike(wanted, got), f.evidence, [*listed.pages[:1], *walk.pages])
        total = counter(operation, walk.pages[0], "total")
        if isinstance(total, int) and total != len(wanted):
            at_total = _counter_pointer(operation, "total")
            yield breach(operation, at_total, f"{len(wanted)} for {f.name}={size}", total, f.evidence, walk.pages[:1])


def _common_words(f: Parameter, items: Sequence[Any]) -> list[str]:
    """Words that several records have where this parameter searches, the most common ones first."""
    if f.searches is None:
        return []
    counts: Counter[str] = Counter()
    for item in items:
        texts = [str(text) for pointer in f.searches.fields for text in find(item, pointer)]
        counts.update({word for text in texts for word in text.split() if word.isalpha()})
    fit = [word for word in counts if 1 < counts[word] < len(items)]
    return sorted(fit, key=lambda word: (counts[word], len(word), word), reverse=True)[:VALUES]


# Order


@law("A list has the order that was asked for, and loses nothing by it.")
def lists_are_sorted(server: Server, operation: Operation) -> Iterator[Breach | Gap]:
    """Each order that can be asked for is read page by page: it holds the same records as the list without one, in the
    order of the field, and ascending is descending reversed. Without parameters the order is that of their defaults.
    Texts may be compared with or without case, accents and punctuation; only what is wrong in every way is a breach.
    Records with equal values may stand in any order, but none may be lost by it.
    """
    sort = operation.sort
    if not sort:
        return
    by, order = operation.parameter(sort.by), operation.parameter(sort.order)
    place = f"{by.place}.{by.name}"
    proof = sort.evidence
    base = server.base(operation)
    plain = server.walk(operation, base)
    if not plain.complete:
        raise UnfitError(f"the list has more than {PAGES} pages")
    if len(plain.items) < 2:
        yield Gap(operation.id, "the list has less than two records")
        return
    by_default, order_default = (f.schema.default for f in (by, order))
    keys = {f.name: f.key for f in (by, order)}
    asked: list[tuple[Arguments, Any, Any]] = [({}, by_default, order_default)]
    for name in by.schema.enum:
        asked.append(({keys[by.name]: name}, name, order_default))
        asked += [({keys[by.name]: name, keys[order.name]: way}, name, way) for way in order.schema.enum]
    asked += [({keys[order.name]: way}, by_default, way) for way in order.schema.enum]
    whole = sorted(map(text_of, plain.items))
    read: dict[tuple[Any, Any], Walk] = {}
    for arguments, name, way in asked:
        walk = plain if not arguments else server.walk(operation, {**base, **arguments})
        shown = ", ".join(f"{key}={value}" for (_, key), value in arguments.items()) or "no parameters"
        if sorted(map(text_of, walk.items)) != whole:
            expected = f"with {shown} the same {len(whole)} records as without"
            yield breach(operation, place, expected, f"{len(walk.items)} records", proof, walk.pages[:2])
        if name is None or way is None:
            continue
        descending = way == sort.descending
        values = [item.get(name) if isinstance(item, dict) else None for item in walk.items]
        for earlier, later in pairwise(values):
            if _inverted(earlier, later, descending):
                given = {f"{by.name}": name, f"{order.name}": way}
                evidence: str = proof
                for f in (by, order):
                    if f.key not in arguments:
                        evidence = f.default_evidence or proof
                expected = f"with {shown} {name} {'descending' if descending else 'ascending'} ({given})"
                at = f"{items_pointer(operation)}/{name}"
                yield breach(
                    operation, at, expected, f"{short(earlier)} before {short(later)}", evidence, walk.pages[:2]
                )
                break
        yield from _ties(server, operation, {**base, **arguments}, walk, values, place, proof)
        mirrored = read.get((name, not descending))
        if mirrored is not None:
            ours, theirs = _unique(walk.items, name), _unique(mirrored.items, name)
            if ours != theirs[::-1] and sorted(ours) == sorted(theirs):
                expected = f"ascending {name} is descending {name} reversed"
                shown_pages = [mirrored.pages[0], walk.pages[0]]
                at = f"{items_pointer(operation)}/{name}"
                yield breach(operation, at, expected, _unlike(theirs[::-1], ours), proof, shown_pages)
        read.setdefault((name, descending), walk)
    for f in operation.parameters:
        # A word that stands first would be found, too, where only beginnings are looked at.
        words = _common_words(f, plain.items)
        texts = [str(value) for item in plain.items for value in item.values()] if words else []
        for word in sorted(words, key=lambda word: -sum(f" {word}" in text for text in texts))[:2]:
            narrow = {**base, f.key: word}
            found = server.whole(operation, narrow)
            there = sorted(map(text_of, found.items))
            for field, way in product(by.schema.enum, order.schema.enum):
                walk = server.whole(operation, {**narrow, keys[by.name]: field, keys[order.name]: way})
                if sorted(map(text_of, walk.items)) != there:
                    expected = f"with {by.name}={field}, {order.name}={way} the same {len(there)} records for {word!r}"
                    shown_pages = [*found.pages[:1], *walk.pages[:1]]
                    yield breach(operation, place, expected, f"{len(walk.items)}", proof, shown_pages)


def _ties(
    server: Server, operation: Operation, arguments: Arguments, walk: Walk, values: Sequence[Any], at: str, proof: str
) -> Iterator[Breach]:
    """Cut a sorted list between two records of equal value: none of them may be on both pages."""
    limit = limit_of(operation)
    size = next((size for size, (one, other) in enumerate(pairwise(values), 1) if one == other), None)
    if limit is None or size is None or not server.ask(operation, {**arguments, limit.key: size}).succeeded:
        return
    two = server.walk(operation, {**arguments, limit.key: size}, pages=2)
    texts = [text_of(item) for item in two.items]
    again = next((text for text in texts if texts.count(text) > 1), None)
    if again is not None and not two.stuck and len(set(map(text_of, walk.items))) == len(walk.items):
        expected = "each record on one page, also where two have the same value"
        yield breach(operation, at, expected, f"on both pages: {again}", proof, two.pages)


def _unique(items: Sequence[Any], name: str) -> list[str]:
    values = [text_of(item.get(name)) for item in items]
    return [value for value in values if values.count(value) == 1]


def _inverted(earlier: Any, later: Any, descending: bool) -> bool:
    """Whether two neighbours stand the wrong way round, however texts are compared."""
    if descending:
        earlier, later = later, earlier
    if isinstance(earlier, int | float) and isinstance(later, int | float):
        return earlier > later
    if isinstance(earlier, str) and isinstance(later, str) and max(earlier + later, default="") <= LATIN:
        return all(key(earlier) > key(later) for key in _COLLATIONS)
    return False


def _plain_letters(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))


def _natural(text: str) -> list[tuple[int, int, str]]:
    parts = re.findall(r"\d+|[^\d]", _plain_letters(text))
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts]


_COLLATIONS: tuple[Callable[[str], Any], ...] = (
    lambda text: text,
    str.casefold,
    _plain_letters,
    lambda text: [c for c in _plain_letters(text) if c.isalnum()],
    lambda text: _plain_letters(text).strip().split(),
    _natural,
)


# Filters


@law("A filter gives exactly the records that have its value.")
def filters_select(server: Server, operation: Operation) -> Iterator[Breach | Gap]:
    """For values that exist, the answer is that part of the whole list which has the value: nothing is missing, nothing
    else is in it. Several values at once give the union, in any order, and a value that is named twice is an error of
    the client at most. Filters that are ignored, match a part of an id, or lose records on later pages are found so.
    """
    filters = _filters(operation)
    if not filters:
        return
    whole, base, shown = _unfiltered(server, operation, filters)
    if not whole:
        raise UnfitError("the list is empty")
    judged = False
    for f, echo in filters:
        values = [v for v in server.existing(f) if f.schema.type == "array" or _valid(f, v)]
        values = [v for v in values if _is_told_apart(server, f, echo, v)]
        values = spread(values, MANY)
        expected = {text_of(v): _selected(server, f, echo, whole, v) for v in values}
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
            if not wanted and 400 <= server.ask(operation, arguments).status < 500:
                continue  # To the list, a value without records may be an unknown one.
            found, pages = server.rows(operation, arguments)
            missing, more = difference(wanted, found)
            judged |= bool(wanted)
            if missing or more:
                say = f"for {f.name}={short(arguments[f.key])} the {len(wanted)} records that have it"
                proof = echo.evidence
                at = f"{f.place}.{f.name}"
                yield breach(operation, at, say, told(missing, more), proof, [*shown[:1], *pages[:2]])
        twice = server.ask(operation, {**others, f.key: values[:1] * 2}) if is_array and values else None
        if twice is not None and twice.status >= 500:
            yield breach(operation, f"{f.place}.{f.name}", "no 5XX", str(twice.status), f.evidence, [twice])
    if not judged:
        yield Gap(operation.id, "no record has a value of its filters")


@law("A filter, a range of dates and pages narrow a list together.")
def filters_combine(server: Server, operation: Operation) -> Iterator[Breach | Gap]:
    """With a value and a range of dates at once, the answer is what has both, over all its pages. A condition that
    displaces another one is found so.
    """
    filters = [(f, echo) for f, echo in _filters(operation) if f.schema.type != "array"]
    dates = operation.date_range
    if not filters or not dates:
        return
    whole, base, _ = _unfiltered(server, operation, _filters(operation))
    for f, echo in filters:
        known = [v for v in server.existing(f) if _is_told_apart(server, f, echo, v)]
        counted = [(len(_selected(server, f, echo, whole, v)), v) for v in known]
        counted = [(count, value) for count, value in counted if count > 1]
        if not counted:
            yield Gap(operation.id, f"no value of {f.name} has two records")
            continue
        value = max(counted, key=lambda pair: pair[0])[1]
        mine = _selected(server, f, echo, whole, value)
        seam = _seam(server, mine, dates.field)
        if seam is None:
            yield Gap(operation.id, f"all records of one {f.name} have one date")
            continue
        displaced = {p.key for p in operation.parameters if p.schema.items is not None}
        displaced |= {other.key for other, _ in filters}
        others = {key: v for key, v in base.items() if key not in displaced}
        for name, low, high in ((dates.start, seam, None), (dates.end, None, seam)):
            arguments = {**others, f.key: value, operation.parameter(name).key: _written(seam)}
            found, pages = server.rows(operation, arguments)
            wrong = _off_range(server, dates.field, mine, found, low, high)
            if wrong:
                say = f"what has {f.name}={short(value)} and lies {'after' if low else 'before'} {seam}"
                yield breach(operation, f"{f.place}.{f.name}", say, wrong, echo.evidence, pages[:2])


def _filters(operation: Operation) -> list[tuple[Parameter, Echo]]:
    named = [(f, f.echo) for f in operation.parameters if f.refers_to and f.place != "path" and operation.safe]
    return [(f, echo) for f, echo in named if echo is not None]


def _unfiltered(
    server: Server, operation: Operation, filters: Sequence[tuple[Parameter, Echo]]
) -> tuple[list[Row], Arguments, list[Exchange]]:
    """All records, the arguments that gave them, and the answers."""
    base = server.base(operation)
    chosen = [f for f, _ in filters if f.key in base]
    if chosen:
        # Filters are alternatives of which one is needed: all values of one that takes several.
        several = next((f for f, _ in filters if f.schema.type == "array"), None)
        if several is None:
            raise UnfitError("no request gives all records")
        base = {key: value for key, value in base.items() if key not in {f.key for f in chosen}}
        values = server.existing(several)
        if len(values) > MANY:
            raise UnfitError(f"{several.name} has more than {MANY} values")
        base[several.key] = values
    rows, pages = server.rows(operation, base)
    return rows, base, pages


def _selected(server: Server, f: Parameter, echo: Echo, rows: Sequence[Row], value: Any) -> list[Row]:
    """The rows that have a filter's value."""
    wanted = {text_of(value)}
    if echo.found_as is not None:
        wanted = {there for mine, there in _names(server, f, echo.found_as) if mine == text_of(value)}
    return [row for row in rows if text_of(row.get(echo.at)) in wanted]


def _is_told_apart(server: Server, f: Parameter, echo: Echo, value: Any) -> bool:
    """Whether rows show this value and no other: a name may be that of several."""
    if echo.found_as is None:
        return True
    names = _names(server, f, echo.found_as)
    mine = {there for mine, there in names if mine == text_of(value)}
    return not any(there in mine for other, there in names if other != text_of(value))


def _names(server: Server, f: Parameter, found_as: str) -> list[tuple[str, str]]:
    """The values of a filter, each with what rows show in its place."""
    name, _, there = found_as.partition("#")
    mine = f.refers_to[0].pointer
    other = server.spec.operations[name]
    records = rows_of(other, server.whole(other, server.base(other)).pages, there.rpartition("/")[0])
    return [(text_of(record.get(mine)), text_of(record.get(there))) for record in records]


def _valid(f: Parameter, value: Any) -> bool:
    kinds = {"integer": int, "string": str, "number": int | float}
    kind = kinds.get(f.schema.type)
    return kind is None or (isinstance(value, kind) and not isinstance(value, bool))


@law("A search finds what has the text, and nothing for a text that nothing has.")
def searches_find(server: Server, operation: Operation) -> Iterator[Breach | Gap]:
    """The names of known records are searched for: whole, by half of their words, and in another case. The record must
    be among what is found, and the counters must agree with what is found. A text that nobody wrote finds nothing.
    """
    for f in operation.parameters:
        searches = f.searches
        if not searches:
            continue
        proof, at = searches.evidence, f"{f.place}.{f.name}"
        base = server.base(operation)
        server.get(operation, base, fresh=True)  # It takes with it what a search before may have left over.
        listed = server.whole(operation, base)
        own = [source.pointer for source in f.refers_to if source.operation == operation.id]
        pointer = own[0].removeprefix(items_pointer(operation)) if own else searches.fields[0]
        texts = [(item, find(item, pointer)) for item in listed.items]
        named = [(item, str(values[0])) for item, values in texts if values and str(values[0]).strip()]
        if not named:
            yield Gap(operation.id, "no record has a text to search for")
            continue
        for item, name in spread(named, 3):
            words = name.split()
            half = " ".join(words[: (len(words) + 1) // 2])
            last = " ".join(words[len(words) // 2 :])
            for text in dict.fromkeys([name, half, last, name.lower(), name.upper(), half.swapcase()]):
                rests_on = proof if text in name else "plausible: who searches does not know how a name is capitalised"
                walk = server.whole(operation, {**base, f.key: text})
                wanted = [text_of(other) for other, its in named if text in its]
                found = {text_of(other) for other in walk.items}
                if text_of(item) not in found or any(other not in found for other in wanted):
                    say = f"the {max(1, len(wanted))} records whose name has {text!r}, such as {name!r}"
                    yield breach(operation, at, say, f"{len(found)} other records", rests_on, walk.pages[:1])
                yield from _pages(operation, walk, operation.pagination.evidence if operation.pagination else proof)
        for nonsense in (NOWHERE, SHORT, "'\"\\%;--"):
            answer = server.ask(operation, {**base, f.key: nonsense})
            there = _items(operation, answer) if answer.succeeded and nonsense in (NOWHERE, SHORT) else []
            if answer.status >= 500 or (there and not any(nonsense in text_of(item).lower() for item in there)):
                found_there = f"{answer.status} with {len(there)} records"
                yield breach(operation, at, f"nothing for {nonsense!r}", found_there, proof, [answer])
        yield from _forgotten(server, operation, base, f, proof)


def _forgotten(server: Server, operation: Operation, base: Arguments, f: Parameter, proof: str) -> Iterator[Breach]:
    """A list without a condition is what it was before one was asked for."""
    at = f"{f.place}.{f.name}"
    for _ in range(2):  # The first takes with it what is left over.
        before = server.get(operation, base, fresh=True)
    searched = server.ask(operation, {**base, f.key: NOWHERE}, fresh=True)
    after = server.get(operation, base, fresh=True)
    if [text_of(item) for item in _items(operation, before)] != [text_of(item) for item in _items(operation, after)]:
        expected = f"the list that there was before {f.name}={NOWHERE!r} was asked for, as it is not asked for now"
        found = "another list" if _items(operation, after) else "nothing"
        yield breach(operation, at, expected, found, proof, [before, searched, after])


# Ranges of dates


@law("A range of dates gives exactly the records whose date lies in it.")
def ranges_cut(server: Server, operation: Operation) -> Iterator[Breach | Gap]:
    """The whole is cut at dates on which there is no record, so that it does not matter whether the ends of a range
    belong to it: two adjoining ranges make their union, each bound alone cuts one side off, no range is everything,
    and a range in which nothing happened is empty and no error. A range that ends where or before it begins may be
    refused, and has no record but at its ends. A bound with the offset of the API's own time zone is
    the same moment as the one without.
    """
    dates = operation.date_range
    if not dates:
        return
    at, proof = dates.field, dates.evidence
    ends = [operation.parameter(name) for name in (dates.start, dates.end)]
    keys = [end.key for end in ends]
    base = server.base(operation)
    needed = any(end.required for end in ends)
    rows, pages = server.rows(operation, base)
    read = server.readings(rows, at)[0]
    moments = sorted({moment for row in rows if (moment := read(row[at])) is not None})
    if not moments:
        yield Gap(operation.id, "there are no records with a date")
        return
    day = timedelta(days=1)
    around = (_midnight(moments[0]) - 2 * day, _midnight(moments[-1]) + 3 * day)
    if needed:
        around = (datetime.fromisoformat(base[keys[0]]), datetime.fromisoformat(base[keys[1]]))
    tried: list[tuple[datetime | None, datetime | None, str]] = []
    if not needed:
        tried.append((*around, ""))
    seam = _seam(server, rows, at)
    if seam is None:
        yield Gap(operation.id, "all records have one date")
    else:
        before = [row for row in rows if (moment := read(row[at])) is not None and moment < seam]
        earlier = _seam(server, before, at)
        tried += [(around[0], seam, ""), (seam, around[1], "")] if needed else [(None, seam, ""), (seam, None, "")]
        if earlier is not None:
            tried.append((earlier, seam, ""))
    # A bound at midnight is the beginning of its day, not the day.
    busy = [_midnight(moment) for moment in moments if moment - _midnight(moment) > timedelta(hours=1)]
    if busy and around[0] < busy[len(busy) // 2]:
        end = busy[len(busy) // 2]
        tried.append((max(around[0], end - 2 * day), end, ""))
    tight = _tight(moments)
    if tight:
        tried += [(*tight, ""), (*tight, _offset(server, tight[0]))]
    for low, high, offset in tried:
        given = {key: _written(end) + offset for key, end in zip(keys, (low, high), strict=True) if end is not None}
        arguments = {**{k: v for k, v in base.items() if k not in keys}, **given}
        if offset and not server.ask(operation, arguments).succeeded:
            continue  # Whether a zone may be given is our reading.
        found, answers = server.rows(operation, arguments)
        wrong = _off_range(server, at, rows, found, low, high)
        if wrong:
            say = f"the records from {low or 'the first'} to {high or 'the last'}"
            yield breach(operation, at, say, wrong, proof, [pages[0], *answers[:2]])
    for low, high in ((moments[-1] + day, moments[0] - day), (seam or moments[0], seam or moments[0])):
        answer = server.ask(operation, {**base, keys[0]: _written(low), keys[1]: _written(high)})
        extra = rows_of(operation, [answer]) if answer.succeeded else []
        ways = server.readings(extra, at)
        others = [row for row in extra if high < low or low not in {way(row[at]) for way in ways}]
        if others or answer.status >= 500:
            found_there = told([], others) or str(answer.status)
            yield breach(operation, at, f"nothing from {low} to {high}, or 4XX", found_there, proof, [answer])
    empty = datetime(max(moments[-1].year, pages[0].started.year) + 5, 2, 1)
    nothing = {keys[0]: _written(empty), keys[1]: _written(empty + 20 * day)}
    answer = server.get(operation, {**base, **nothing})
    extra = rows_of(operation, [answer])
    if extra:
        yield breach(operation, at, f"nothing in {empty.year}", told([], extra), proof, [answer])


def _seam(server: Server, rows: Sequence[Row], pointer: str) -> datetime | None:
    """A midnight that cuts the rows in two, far from any of them where it can be."""
    ways = server.readings(rows, pointer)
    moments = sorted({moment for row in rows if (moment := ways[0](row[pointer])) is not None})
    best: tuple[int, int, datetime] | None = None
    for earlier, later in pairwise(moments):
        middle = _midnight(earlier + (later - earlier) / 2 + timedelta(hours=12))
        if not earlier < middle <= later:
            continue
        index = moments.index(later)
        # Near the middle of the list, in a gap of a day or more.
        rank = (min(2, (later - earlier).days), -abs(2 * index - len(moments)), middle)
        best = max(best, rank) if best else rank
    return best[2] if best else None


def _tight(moments: Sequence[datetime]) -> tuple[datetime, datetime] | None:
    """Two moments, each in the course of a day on which there is a record: between two of them, or beside one."""
    pairs = [(a, b) for a, b in pairwise(moments) if a.date() == b.date() and timedelta(minutes=2) <= b - a]
    middles = [(a + (b - a) / 2).replace(microsecond=0) for a, b in pairs]
    if len(middles) < 2:
        minute = timedelta(minutes=1)
        inner = [moment for moment in moments if timedelta(hours=1) < moment - _midnight(moment) < timedelta(hours=23)]
        middles = [moment.replace(microsecond=0) + minute for moment in inner]
    return (middles[len(middles) // 3], middles[-1 - len(middles) // 4]) if len(middles) > 1 else None


def _off_range(
    server: Server,
    pointer: str,
    whole: Sequence[Row],
    found: Sequence[Row],
    low: datetime | None,
    high: datetime | None,
) -> str:
    """What is wrong with a range's answer, in words; empty when nothing is. A row dated as a bound is free."""
    wrong = ""
    for read in server.readings([*whole, *found], pointer):
        inside: list[Row] = []
        edge: set[str] = set()
        for row in whole:
            moment = read(row[pointer])
            if moment is None or moment in (low, high):
                edge.add(row.text)
            elif (low is None or low < moment) and (high is None or moment < high):
                inside.append(row)
        missing, more = difference(inside, [row for row in found if row.text not in edge])
        if not missing and not more:
            return ""
        wrong = wrong or told(missing, more)
    return wrong


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _offset(server: Server, moment: datetime) -> str:
    return moment.replace(tzinfo=server.zone).isoformat(timespec="seconds")[19:]


def _items(operation: Operation, exchange: Exchange) -> list[Any]:
    return list(items_of(operation, exchange))


def _unlike(wanted: Sequence[str], found: Sequence[str]) -> str:
    for number, (a, b) in enumerate(zip(wanted, found, strict=False), 1):
        if a != b:
            return f"number {number} is {short(b)}, not {short(a)}"
    return f"{len(found)} records, not {len(wanted)}"
