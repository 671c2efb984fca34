"""Laws of pages and of their sizes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from contrato.core.spec import Operation
from contrato.verify.documents import short, text_of
from contrato.verify.exchange import Arguments, Exchange
from contrato.verify.findings import NotJudged, Reading, Violation, violation
from contrato.verify.laws.lists import common_words, counter_pointer, items_in, pages_of, seam_of, unlike, written
from contrato.verify.rows import Row, counter, items_pointer, limit_of, page_key, page_size, rows_of
from contrato.verify.rules import law
from contrato.verify.session import LARGE, Session, Walk, admits_last

FIELDS = 3
"""Searched fields of which a word is searched for, at most."""


@law("The pages of a list, joined, are the whole list, each record once.", needs=("x-pagination",))
def pages_make_the_list(session: Session, operation: Operation) -> Iterator[Violation | NotJudged | Reading]:
    """The list is read from the first page to the last. Each page but the last is full, no record is on two pages, the
    counters of all pages agree with each other and with what was read, the first page is the one that comes without a
    page number, and after the last page there is nothing. A client that reads all pages otherwise misses records or
    counts them twice. Usual causes: an offset that is off by one, an order that is not unique, a total that counts
    something else.
    """
    names = operation.pagination
    if names is None:
        return
    base = session.base(operation)
    walk = session.walk(operation, base)
    proof = names.evidence
    yield from pages_of(operation, walk, proof)
    if "page-size" in operation.open and walk.complete and max(walk.numbers, default=1) > 1:
        size = "twenty" if len(items_in(operation, walk.pages[0])) == names.size else "other"
        yield Reading(operation.id, "page-size", "", size, tuple(walk.pages[:1]))
    page = operation.parameter(names.page)
    if "page-argument" in page.open and len(walk.numbered) > 1 and not walk.stuck:
        yield Reading(operation.id, "page-argument", "", page.open["page-argument"].ours, tuple(walk.pages[:2]))
    elsewhere = _elsewhere(session, operation, walk)
    if elsewhere:
        found = f"page 1 again, though there are more, such as {short(dict(elsewhere[0]))}"
        yield violation(operation, items_pointer(operation), "other records on page 2", found, proof, walk.pages[:1])
    if not walk.items:
        yield NotJudged(operation.id, "the list is empty")
        return
    explicit = session.get(operation, {**base, page_key(operation): 1})
    if items_in(operation, explicit) != items_in(operation, walk.pages[0]):
        f = operation.parameter(names.page)
        expected = "page 1 is what comes without a page number"
        found = "other records"
        yield violation(operation, f"{f.place}.{f.name}", expected, found, f.evidence, [walk.pages[0], explicit])
    if not walk.complete:
        yield NotJudged(operation.id, walk.extent, lasting=False)
    if not walk.stuck and max(walk.numbers) > 1:
        for number in (max(walk.numbers) + 1, max(walk.numbers) + 7):
            beyond = session.ask(operation, {**base, page_key(operation): number})
            there = items_in(operation, beyond) if beyond.succeeded else []
            is_last = admits_last(operation) and there == items_in(operation, walk.numbered[max(walk.numbers)])
            yield from _after_last(operation, beyond, bool(there))
            if beyond.status >= 500 or (there and not is_last):
                found = f"{beyond.status} with {len(there)} records"
                expected = "no records on a page after the last one"
                yield violation(operation, items_pointer(operation), expected, found, proof, [walk.pages[-1], beyond])
    elif walk.complete:
        yield NotJudged(operation.id, "the list has a single page")


def _after_last(operation: Operation, beyond: Exchange, has_items: bool) -> Iterator[Reading]:
    assert operation.pagination is not None
    page = operation.parameter(operation.pagination.page)
    status = str(beyond.status)
    some = "last" if has_items else "empty" if beyond.succeeded else "refused"
    for reading in (status, some):
        if page.admits("page-after-last", reading) and (reading == status or beyond.status < 500):
            yield Reading(operation.id, "page-after-last", "", reading, (beyond,))
            return


def _elsewhere(session: Session, operation: Operation, walk: Walk) -> list[Row]:
    """Records that ranges of dates show, and a list does not of which every page is the first."""
    dates = operation.date_range
    base, rows = session.base(operation), rows_of(operation, walk.pages)
    if dates is None or len(walk.numbered) > 1 or not admits_last(operation) or session.broad(operation) != base:
        return []
    seam = seam_of(session, rows, dates.field) if rows else None
    if seam is None:
        return []
    known = {row.text for row in rows}
    ends = [operation.parameter(name).key for name in (dates.start, dates.end)]
    found = [row for key in ends for row in session.rows(operation, {**base, key: written(seam)}).rows]
    return [row for row in found if row.text not in known]


@law("The size of a page decides where a list is cut, and nothing else.", needs=("x-pagination",))
def limits_only_cut(session: Session, operation: Operation) -> Iterator[Violation | NotJudged]:
    """With other sizes the pages hold the same records in the same order, and as many as were asked for; so they do
    when a search narrows the list. A server may keep a large size down, when it tells the size that it took, or refuse
    it.
    """
    if limit_of(operation) is None:
        return
    base = session.base(operation)
    listed = session.whole(operation, base)
    if len(listed.items) < 2:
        yield NotJudged(operation.id, "the list has less than two records")
        return
    length = len(listed.items)
    # A last page that is full is where a page is forgotten, or an empty one added.
    even = next((length // n for n in (2, 3, 5) if length % n == 0), length)
    sizes = (
        {1, 3, even, length - 1, length, length + 7} if listed.complete and length <= LARGE[-1] else {1, 3, LARGE[0]}
    )
    yield from _cut(session, operation, base, listed, sorted(sizes))
    for f in operation.parameters:
        # A search looks at the same fields on every page, so a word of each is searched for.
        words = [common_words([field], listed.items) for field in (f.searches.fields if f.searches else ())]
        for word in [word for each in words for word in each[:1]][:FIELDS]:
            narrow = {**base, f.key: word}
            found = session.whole(operation, narrow)
            if found.complete and 1 < len(found.items) < len(listed.items):
                yield from _cut(session, operation, narrow, found, (1,))


def _cut(
    session: Session, operation: Operation, base: Arguments, listed: Walk, sizes: Sequence[int]
) -> Iterator[Violation]:
    """Violations in a list that is cut into pages of other sizes."""
    f = limit_of(operation)
    assert f is not None
    at = f"{f.place}.{f.name}"
    # Of a sample, the pages that follow each other from the first.
    there = next((n for n, number in enumerate(listed.numbered, 1) if n != number), len(listed.numbered) + 1)
    wanted = [text_of(item) for item, at in zip(listed.items, listed.numbers, strict=True) if at < there]
    all_told = counter(operation, listed.pages[0], "total")
    length = len(wanted) if listed.complete or not isinstance(all_told, int) else all_told
    for size in sizes:
        if not session.ask(operation, {**base, f.key: size}).succeeded:
            continue
        walk = session.walk(operation, {**base, f.key: size}, pages=5)
        first, taken = len(items_in(operation, walk.pages[0])), page_size(operation, walk.pages[0])
        if first != min(taken or size, length) or first > size or (size <= 3 and taken not in (None, size)):
            expected, found = f"{min(size, length)} records for {f.name}={size}", f"{first} records, size {taken}"
            yield violation(operation, at, expected, found, f.evidence, walk.pages[:1])
        got = [text_of(item) for item in walk.items]
        if got[: len(wanted)] != wanted[: len(got)] or (walk.complete and len(got) != length):
            expected = f"the same list whatever {f.name} is"
            yield violation(operation, at, expected, unlike(wanted, got), f.evidence, [*listed.pages[:1], *walk.pages])
        total = counter(operation, walk.pages[0], "total")
        if isinstance(total, int) and total != length:
            at_total = counter_pointer(operation, "total")
            yield violation(
                operation, at_total, f"{length} for {f.name}={size}", short(total), f.evidence, walk.pages[:1]
            )
