"""Laws of pages and of their sizes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from contrato.core.spec import Operation
from contrato.verify.documents import short, text_of
from contrato.verify.exchange import Arguments
from contrato.verify.findings import NotJudged, Violation, violation
from contrato.verify.laws.lists import common_words, counter_pointer, items_in, pages_of, unlike
from contrato.verify.rows import counter, items_pointer, limit_of, page_key, page_size
from contrato.verify.rules import law
from contrato.verify.session import LARGE, Session, Walk


@law("The pages of a list, joined, are the whole list, each record once.")
def pages_make_the_list(session: Session, operation: Operation) -> Iterator[Violation | NotJudged]:
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
            if beyond.status >= 500 or (beyond.succeeded and items_in(operation, beyond)):
                found = f"{beyond.status} with {len(items_in(operation, beyond))} records"
                expected = "no records on a page after the last one"
                yield violation(operation, items_pointer(operation), expected, found, proof, [walk.pages[-1], beyond])
    elif walk.complete:
        yield NotJudged(operation.id, "the list has a single page")


@law("The size of a page decides where a list is cut, and nothing else.")
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
        for word in common_words(f, listed.items):
            narrow = {**base, f.key: word}
            found = session.whole(operation, narrow)
            if found.complete and 1 < len(found.items) < len(listed.items):
                yield from _cut(session, operation, narrow, found, (1,))
                break


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
