"""Laws of ranges of dates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from contrato.core.spec import Operation
from contrato.verify.findings import NotJudged, Violation, answered, violation
from contrato.verify.laws.lists import midnight, off_range, seam_of, written
from contrato.verify.rows import rows_of, told
from contrato.verify.rules import law
from contrato.verify.session import Session


@law("A range of dates gives exactly the records whose date lies in it.")
def ranges_cut(session: Session, operation: Operation) -> Iterator[Violation | NotJudged]:
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
    base = session.base(operation)
    needed = any(end.required for end in ends)
    rows, pages, all_known = session.rows(operation, base)
    read = session.readings(rows, at)[0]
    moments = sorted({moment for row in rows if (moment := read(row[at])) is not None})
    if not moments:
        yield NotJudged(operation.id, "there are no records with a date")
        return
    day = timedelta(days=1)
    around = (midnight(moments[0]) - 2 * day, midnight(moments[-1]) + 3 * day)
    if needed:
        around = (datetime.fromisoformat(base[keys[0]]), datetime.fromisoformat(base[keys[1]]))
    tried: list[tuple[datetime | None, datetime | None, str]] = []
    if not needed:
        tried.append((*around, ""))
    seam = seam_of(session, rows, at)
    if seam is None:
        yield NotJudged(operation.id, "all records have one date")
    else:
        before = [row for row in rows if (moment := read(row[at])) is not None and moment < seam]
        earlier = seam_of(session, before, at)
        tried += [(around[0], seam, ""), (seam, around[1], "")] if needed else [(None, seam, ""), (seam, None, "")]
        if earlier is not None:
            tried.append((earlier, seam, ""))
    # A bound at midnight is the beginning of its day, not the day.
    busy = [midnight(moment) for moment in moments if moment - midnight(moment) > timedelta(hours=1)]
    if busy and around[0] < busy[len(busy) // 2]:
        end = busy[len(busy) // 2]
        tried.append((max(around[0], end - 2 * day), end, ""))
    tight = _tight(moments)
    if tight:
        tried += [(*tight, ""), (*tight, _offset(session, tight[0]))]
    for low, high, offset in tried:
        given = {key: written(end) + offset for key, end in zip(keys, (low, high), strict=True) if end is not None}
        arguments = {**{k: v for k, v in base.items() if k not in keys}, **given}
        if offset and not session.ask(operation, arguments).succeeded:
            continue  # That a zone may be given is our reading.
        found, answers, all_found = session.rows(operation, arguments)
        wrong = off_range(session, at, rows, found, low, high, all_known=all_known, all_found=all_found)
        if wrong:
            say = f"the records from {low or 'the first'} to {high or 'the last'}"
            yield violation(operation, at, say, wrong, proof, [pages[0], *answers[:2]])
    for low, high in ((moments[-1] + day, moments[0] - day), (seam or moments[0], seam or moments[0])):
        answer = session.ask(operation, {**base, keys[0]: written(low), keys[1]: written(high)})
        extra = rows_of(operation, [answer]) if answer.succeeded else []
        ways = session.readings(extra, at)
        others = [row for row in extra if high < low or low not in {way(row[at]) for way in ways}]
        if others or answer.status >= 500:
            found_there = told([], others) or answered(answer)
            yield violation(operation, at, f"nothing from {low} to {high}, or 4XX", found_there, proof, [answer])
    empty = datetime(max(moments[-1].year, pages[0].started.year) + 5, 2, 1)
    nothing = {keys[0]: written(empty), keys[1]: written(empty + 20 * day)}
    answer = session.get(operation, {**base, **nothing})
    extra = rows_of(operation, [answer])
    if extra:
        yield violation(operation, at, f"nothing in {empty.year}", told([], extra), proof, [answer])


def _tight(moments: Sequence[datetime]) -> tuple[datetime, datetime] | None:
    """Two moments, each in the course of a day on which there is a record: between two of them, or beside one."""
    pairs = [(a, b) for a, b in pairwise(moments) if a.date() == b.date() and timedelta(minutes=2) <= b - a]
    middles = [(a + (b - a) / 2).replace(microsecond=0) for a, b in pairs]
    if len(middles) < 2:
        minute = timedelta(minutes=1)
        inner = [moment for moment in moments if timedelta(hours=1) < moment - midnight(moment) < timedelta(hours=23)]
        middles = [moment.replace(microsecond=0) + minute for moment in inner]
    return (middles[len(middles) // 3], middles[-1 - len(middles) // 4]) if len(middles) > 1 else None


def _offset(session: Session, moment: datetime) -> str:
    return moment.replace(tzinfo=session.zone).isoformat(timespec="seconds")[19:]
