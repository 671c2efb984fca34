"""Laws of the order of a list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise, product
from typing import Any

from contrato.core.spec import Operation
from contrato.verify.documents import excerpt, short, text_of
from contrato.verify.exchange import Arguments
from contrato.verify.findings import NotJudged, Violation, violation
from contrato.verify.laws.lists import common_words, unlike
from contrato.verify.rows import counter, items_pointer, limit_of
from contrato.verify.rules import law
from contrato.verify.session import Session, Walk
from contrato.verify.texts import collations

LATIN = "\u024f"
"""The last letter of whose order among others we claim to know something."""


@law("A list has the order that was asked for, and loses nothing by it.", needs=("x-sort",))
def lists_are_sorted(session: Session, operation: Operation) -> Iterator[Violation | NotJudged]:
    """Each order that can be asked for is read page by page: it holds the same records as the list without one, in the
    order of the field, and ascending is descending reversed. Without parameters the order is that of their defaults.
    Texts may be compared with or without case, accents and punctuation; only what is wrong in every way is a violation.
    Records with equal values may stand in any order, but none may be lost by it.
    """
    sort = operation.sort
    if not sort:
        return
    by, order = operation.parameter(sort.by), operation.parameter(sort.order)
    place = f"{by.place}.{by.name}"
    proof = sort.evidence
    base = session.base(operation)
    plain = session.walk(operation, base)
    # A list that is too long for its usual pages is read in large ones.
    read_list = session.walk if plain.complete else session.whole
    plain = plain if plain.complete else read_list(operation, base)
    if len(plain.items) < 2:
        yield NotJudged(operation.id, "the list has less than two records")
        return
    by_default, order_default = (None if f.admits("default", "another") else f.schema.default for f in (by, order))
    keys = {f.name: f.key for f in (by, order)}
    asked: list[tuple[Arguments, Any, Any]] = [({}, by_default, order_default)]
    for name in by.schema.enum:
        asked.append(({keys[by.name]: name}, name, order_default))
        asked += [({keys[by.name]: name, keys[order.name]: way}, name, way) for way in order.schema.enum]
    asked += [({keys[order.name]: way}, by_default, way) for way in order.schema.enum]
    whole, total = sorted(map(text_of, plain.items)), counter(operation, plain.pages[0], "total")
    read: dict[tuple[Any, Any], Walk] = {}
    for arguments, name, way in asked:
        walk = plain if not arguments else read_list(operation, {**base, **arguments})
        shown = ", ".join(f"{key}={value}" for (_, key), value in arguments.items()) or "no parameters"
        if not plain.complete or not walk.complete:
            # Of samples of different orders, only the counters can be compared.
            other = counter(operation, walk.pages[0], "total")
            if other != total or plain.complete != walk.complete:
                yield violation(
                    operation, place, f"{total} records also with {shown}", short(other), proof, walk.pages[:2]
                )
        elif sorted(map(text_of, walk.items)) != whole:
            expected = f"with {shown} the same {len(whole)} records as without"
            differs = unlike(whole, sorted(map(text_of, walk.items)))
            yield violation(operation, place, expected, differs, proof, walk.pages[:2])
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
                yield violation(
                    operation, at, expected, f"{short(earlier)} before {short(later)}", evidence, walk.pages[:2]
                )
                break
        yield from _ties(session, operation, {**base, **arguments}, walk, values, place, proof)
        mirrored = read.get((name, not descending))
        if mirrored is not None and walk.complete and mirrored.complete:
            ours, theirs = _unique(walk.items, name), _unique(mirrored.items, name)
            if ours != theirs[::-1] and sorted(ours) == sorted(theirs):
                expected = f"ascending {name} is descending {name} reversed"
                shown_pages = [mirrored.pages[0], walk.pages[0]]
                at = f"{items_pointer(operation)}/{name}"
                yield violation(operation, at, expected, unlike(theirs[::-1], ours), proof, shown_pages)
        read.setdefault((name, descending), walk)
    for f in operation.parameters:
        # A word that stands first would be found, too, where only beginnings are looked at.
        words = common_words(f.searches.fields, plain.items) if f.searches else []
        texts = [str(value) for item in plain.items for value in item.values()] if words else []
        for word in sorted(words, key=lambda word: -sum(f" {word}" in text for text in texts))[:2]:
            narrow = {**base, f.key: word}
            found = session.whole(operation, narrow)
            there = sorted(map(text_of, found.items))
            if not found.complete:
                continue
            for field, way in product(by.schema.enum, order.schema.enum):
                walk = session.whole(operation, {**narrow, keys[by.name]: field, keys[order.name]: way})
                again = sorted(map(text_of, walk.items))
                if again != there:
                    expected = (
                        f"with {by.name}={field}, {order.name}={way} the same {len(there)} records for {short(word)}"
                    )
                    shown_pages = [*found.pages[:1], *walk.pages[:1]]
                    yield violation(operation, place, expected, unlike(there, again), proof, shown_pages)


def _ties(
    session: Session, operation: Operation, arguments: Arguments, walk: Walk, values: Sequence[Any], at: str, proof: str
) -> Iterator[Violation]:
    """Cut a sorted list between two records of equal value: none of them may be on both pages."""
    limit = limit_of(operation)
    size = next((size for size, (one, other) in enumerate(pairwise(values), 1) if one == other), None)
    if limit is None or size is None or not session.ask(operation, {**arguments, limit.key: size}).succeeded:
        return
    two = session.walk(operation, {**arguments, limit.key: size}, pages=2)
    texts = [text_of(item) for item in two.items]
    again = next((text for text in texts if texts.count(text) > 1), None)
    if again is not None and not two.stuck and len(set(map(text_of, walk.items))) == len(walk.items):
        expected = "each record on one page, also where two have the same value"
        yield violation(operation, at, expected, f"on both pages: {excerpt(again)}", proof, two.pages)


def _unique(items: Sequence[Any], name: str) -> list[str]:
    values = [text_of(item.get(name)) for item in items]
    counts = Counter(values)
    return [value for value in values if counts[value] == 1]


def _inverted(earlier: Any, later: Any, descending: bool) -> bool:
    """True if two neighbours stand the wrong way round, however texts are compared."""
    if descending:
        earlier, later = later, earlier
    if isinstance(earlier, int | float) and isinstance(later, int | float):
        return earlier > later
    if isinstance(earlier, str) and isinstance(later, str) and max(earlier + later, default="") <= LATIN:
        return all(key(earlier) > key(later) for key in collations())
    return False
