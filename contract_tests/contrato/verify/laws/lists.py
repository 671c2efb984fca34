"""Building blocks of the laws about lists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Any

from contrato.core.spec import Operation
from contrato.verify.documents import MISSING, excerpt, find, short, text_of
from contrato.verify.exchange import Exchange
from contrato.verify.findings import Violation, violation
from contrato.verify.rows import Row, counter, difference, is_end, items_of, items_pointer, page_size, told
from contrato.verify.session import Session, Walk

DAY = timedelta(days=1)

VALUES = 5
"""Values of a filter that are tried."""


def pages_of(operation: Operation, walk: Walk, proof: str) -> Iterator[Violation]:
    """Violations in the pages of a list, which hold for any list."""
    at = items_pointer(operation)
    filled = {number: page for number, page in walk.numbered.items() if items_in(operation, page)}
    shown = list(filled.values())
    if walk.stuck:
        one, other = list(walk.numbered)[-2:]
        expected, found = "each page has other records", f"page {other} is page {one} again"
        yield violation(operation, at, expected, found, proof, walk.pages[-2:])
        return
    end = walk.last or (max(filled, default=1) if walk.complete else None)
    beside = max(walk.numbered) if end is None else end
    # All pages are as large as the first, if no answer says how large they are. The size that the spec has is judged by
    # `pages_are_full`, from the total.
    usual = len(items_in(operation, shown[0])) if len(shown) > 1 else None
    is_judged = usual is not None and operation.pagination is not None and isinstance(operation.pagination.size, int)
    is_judged &= all(isinstance(counter(operation, page, "total"), int) for page in shown)

    def size_of(page: Exchange) -> int | None:
        return usual if is_judged else page_size(operation, page) or usual

    for number, page in walk.numbered.items() if walk.last else filled.items():
        size, length = size_of(page), len(items_in(operation, page))
        if size is not None and (length > size or (length < size and number < beside)):
            yield violation(operation, at, f"{size} records on page {number}", f"{length} records", proof, [page])
    once: dict[str, int] = {}
    for text, twins in groupby(zip(map(text_of, walk.items), walk.numbers, strict=True), key=itemgetter(0)):
        numbers = [number for _, number in twins]
        first = once.setdefault(text, numbers[0])
        # Records without an identity may be equal: that some are shows where two stand on one page.
        equal = operation.identity is None and len(set(numbers)) < len(numbers)
        number = numbers[-1]
        if number != first and not (equal and numbers[0] == first):
            both = [walk.numbered[first], walk.numbered[number]]
            found = f"on page {first} and on page {number}: {excerpt(text)}"
            yield violation(operation, at, "each record on one page", found, proof, both)
            break
    expected_counters: dict[str, int] = {} if end is None else {"last": end}
    if walk.complete:
        expected_counters["total"] = len(walk.items)
    elif end in filled and (size := size_of(filled[end])) is not None:
        expected_counters["total"] = (end - 1) * size + len(items_in(operation, filled[end]))
    for key in ("total", "last"):
        values = [counter(operation, page, key) for page in shown]
        at = counter_pointer(operation, key)
        if len({text_of(v) for v in values if v is not MISSING}) > 1:
            yield violation(operation, at, "the same on every page", values, proof, shown[:2])
        wanted = expected_counters.get(key)
        if wanted is not None and any(isinstance(v, int) and v != wanted for v in values):
            what = "the number of records on all pages" if key == "total" else "the number of pages"
            yield violation(operation, at, f"{wanted}, {what}", values, proof, shown)
    for number, page in filled.items():
        follows = counter(operation, page, "next")
        if follows is not MISSING and end is not None:
            wanted = number + 1 if number < end else None
            if follows != wanted and not (wanted is None and is_end(operation, follows, number)):
                at = counter_pointer(operation, "next")
                yield violation(operation, at, f"{wanted} on page {number}", short(follows), proof, [page])
        current = counter(operation, page, "current")
        if current is not MISSING and current != number:
            yield violation(
                operation, counter_pointer(operation, "current"), str(number), short(current), proof, [page]
            )


def counter_pointer(operation: Operation, key: str) -> str:
    """Where a counter of a page is."""
    return f"/{getattr(operation.pagination, key, None)}"


def common_words(fields: Sequence[str], items: Sequence[Any]) -> list[str]:
    """Words that several records have in these fields, the most common ones first."""
    counts: Counter[str] = Counter()
    for item in items:
        texts = [str(text) for pointer in fields for text in find(item, pointer)]
        counts.update({word for text in texts for word in text.split() if word.isalpha()})
    fit = [word for word in counts if 1 < counts[word] < len(items)]
    return sorted(fit, key=lambda word: (counts[word], len(word), word), reverse=True)[:VALUES]


def items_in(operation: Operation, exchange: Exchange) -> list[Any]:
    """The number of items on a page."""
    return list(items_of(operation, exchange))


def unlike(wanted: Sequence[str], found: Sequence[str]) -> str:
    """Where two orders differ first."""
    for number, (a, b) in enumerate(zip(wanted, found, strict=False), 1):
        if a != b:
            return f"number {number} is {excerpt(b)}, not {excerpt(a)}"
    return f"{len(found)} records, not {len(wanted)}"


def seam_of(session: Session, rows: Sequence[Row], pointer: str) -> datetime | None:
    """A midnight that cuts the rows in two, far from any of them where it can be."""
    ways = session.readings(rows, pointer)
    moments = sorted({moment for row in rows if (moment := ways[0](row[pointer])) is not None})
    best: tuple[int, int, datetime] | None = None
    for earlier, later in pairwise(moments):
        middle = midnight(earlier + (later - earlier) / 2 + timedelta(hours=12))
        if not earlier < middle <= later:
            continue
        index = moments.index(later)
        # Near the middle of the list, in a gap of a day or more.
        rank = (min(2, (later - earlier).days), -abs(2 * index - len(moments)), middle)
        best = max(best, rank) if best else rank
    return best[2] if best else None


def off_range(
    session: Session,
    pointer: str,
    whole: Sequence[Row],
    found: Sequence[Row],
    low: datetime | None,
    high: datetime | None,
    *,
    all_known: bool = True,
    all_found: bool = True,
) -> str:
    """The fault in a range's answer, in words; empty when nothing is. A row dated as a bound is free.

    Args:
        session: Knows how dates are read.
        pointer: Place of the date in a row.
        whole: The rows of the list without the range.
        found: Those with it.
        low: Begin of the range.
        high: End of the range.
        all_known: True if `whole` are all rows; of rows that it does not have, only the date is judged.
        all_found: True if `found` are all rows of the answer.
    """
    wrong = ""
    for read in session.readings([*whole, *found], pointer):
        inside, edge = [], set()
        for row in whole if all_known else [*whole, *found]:
            moment = read(row[pointer])
            if moment is None or moment in (low, high):
                edge.add(row.text)
            elif (low is None or low < moment) and (high is None or moment < high):
                inside.append(row)
        missing, more = difference(inside, [row for row in found if row.text not in edge])
        if not all_known:
            there, inner = {row.text for row in found}, {row.text for row in inside}
            missing = [row for row in inside if row.text not in there]
            more = [row for row in found if row.text not in inner and row.text not in edge]
        missing = missing if all_found else []
        if not missing and not more:
            return ""
        wrong = wrong or told(missing, more, inside)
    return wrong


@dataclass(frozen=True)
class Bounds:
    """One way in which the ends of a range may be meant.

    Attributes:
        time: Reading of `range-time`: `kept` or `dropped`.
        end: Reading of `range-end`: `whole-day`, or `moment`, which is either included or excluded.
        late: True if `whole-day` is about an end in the course of a day too, not only about one at midnight.
    """

    time: str
    end: str
    late: bool = False

    def are_admitted(self, operation: Operation) -> bool:
        """True if the spec leaves it to the server to mean the ends so."""
        dates = operation.date_range
        time = self.time == "kept" or operation.admits("range-time", self.time)
        end = operation.parameter(dates.end) if dates else None
        return time and (self.end == "moment" or (end is not None and end.admits("range-end", self.end)))

    def meant(self, low: datetime | None, high: datetime | None) -> tuple[datetime | None, datetime | None]:
        """The moments that are meant by the two ends."""
        if self.time == "dropped":
            low, high = (moment and midnight(moment) for moment in (low, high))
        if self.end == "whole-day" and high is not None and (self.late or high == midnight(high)):
            high = midnight(high) + DAY
        return low, high


def admitted_bounds(operation: Operation) -> list[Bounds]:
    """The ways in which the ends of a range may be meant, the first one as it is written."""
    ends = (("moment", False), ("whole-day", False), ("whole-day", True))
    ways = [Bounds(time, end, late) for time in ("kept", "dropped") for end, late in ends]
    return [bounds for bounds in ways if bounds.are_admitted(operation)]


def midnight(moment: datetime) -> datetime:
    """The beginning of a day."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def written(moment: datetime) -> str:
    """A moment as a request has it."""
    return moment.isoformat(timespec="seconds")
