"""Laws of ranges of dates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from contrato.core.extensions import DateRange
from contrato.core.spec import Operation
from contrato.verify.documents import spread
from contrato.verify.exchange import Arguments, Exchange
from contrato.verify.findings import NotJudged, Reading, Violation, answered, violation
from contrato.verify.laws.lists import DAY, Bounds, admitted_bounds, midnight, off_range, seam_of, written
from contrato.verify.rows import Row, difference, rows_of, told
from contrato.verify.rules import law
from contrato.verify.session import Session

Finding = Violation | NotJudged | Reading


@law("A range of dates gives exactly the records whose date lies in it.", needs=("x-date-range",))
def ranges_cut(session: Session, operation: Operation) -> Iterator[Finding]:
    """The whole is cut at dates on which there is no record: two adjoining ranges make their union, each bound alone
    cuts one side off, no range is everything, and a range in which nothing happened is empty and no error. A range that
    ends where or before it begins may be refused, and has no record but at its ends. A bound with the offset of the
    API's own time zone is the same moment as the one without. Where the spec leaves open which date is filtered,
    whether the time of day counts, and whether the end is a moment or a day, one answer to that explains all ranges.
    """
    dates = operation.date_range
    if not dates:
        return
    parent, _, ours = dates.field.rpartition("/")
    opening = operation.open.get("range-date")
    others = [name for name in opening.readings if name not in ("hidden", ours)] if opening else []
    cuts = [_Cuts(session, operation, f"{parent}/{name}") for name in (ours, *others)]
    fitting = [each for each in cuts if each.moments and each.explain()]
    if not fitting and operation.admits("range-date", "hidden") and _parts(session, operation, dates):
        yield Reading(operation.id, "range-date", "", "hidden")
        yield NotJudged(operation.id, "the range filters a date that the records do not show")
        return
    if opening and len(fitting) == 1:
        yield Reading(operation.id, "range-date", "", fitting[0].at.rpartition("/")[2])
    chosen = fitting[0] if fitting else cuts[0]
    if not chosen.moments:
        yield NotJudged(operation.id, "there are no records with a date")
        return
    if chosen.seam is None:
        yield NotJudged(operation.id, "all records have one date")
    yield from chosen.wrong()
    yield from chosen.turned()
    yield from chosen.settled()


class _Cuts:
    """A list that is cut by ranges of one of its dates.

    Args:
        session: Asks.
        operation: Has a range of dates.
        at: Pointer to the date that the range is taken to be about.
    """

    def __init__(self, session: Session, operation: Operation, at: str) -> None:
        assert operation.date_range is not None
        self.session = session
        self.operation = operation
        self.at = at
        self.proof = operation.date_range.evidence
        start, end = (operation.parameter(name) for name in (operation.date_range.start, operation.date_range.end))
        self.ends = start, end
        self.base = session.broad(operation)
        self.is_recent = self.base != session.base(operation)
        self.needed = start.required or end.required or self.is_recent
        self.rows, self.pages, self.all_known = session.rows(operation, self.base)
        read = session.readings(self.rows, at)[0]
        self.moments = sorted({moment for row in self.rows if (moment := read(row[at])) is not None})
        self.seam = seam_of(session, self.rows, at) if self.moments else None
        self.possible = admitted_bounds(operation)
        self.of_groups = False

    def tried(self) -> Iterator[tuple[datetime | None, datetime | None, str]]:
        """Ranges that are asked for: begin, end, and the offset of both."""
        moments = self.moments
        around = (midnight(moments[0]) - 2 * DAY, midnight(moments[-1]) + 3 * DAY)
        if self.needed:
            around = tuple(datetime.fromisoformat(str(self.base[end.key])) for end in self.ends)  # type: ignore[assignment]
        else:
            yield (*around, "")
        if self.seam is not None:
            read = self.session.readings(self.rows, self.at)[0]
            before = [row for row in self.rows if (moment := read(row[self.at])) is not None and moment < self.seam]
            earlier = seam_of(self.session, before, self.at)
            yield around[0] if self.needed else None, self.seam, ""
            yield self.seam, around[1] if self.needed else None, ""
            if earlier is not None:
                yield earlier, self.seam, ""
        # A bound at midnight is the beginning of its day, or the day.
        busy = [midnight(moment) for moment in moments if moment - midnight(moment) > timedelta(hours=1)]
        if busy and around[0] < busy[len(busy) // 2]:
            end = busy[len(busy) // 2]
            yield max(around[0], end - 2 * DAY), end, ""
        tight = _tight(moments)
        if tight:
            yield (*tight, "")
            yield (*tight, _offset(self.session, tight[0]))

    def explain(self) -> bool:
        """True if one way to mean the ends explains the answers to all ranges without an offset."""
        possible = self.possible
        for low, high, offset in self.tried():
            if not offset:
                possible = [bounds for bounds in possible if not self._faults(low, high, offset, [bounds])[0][bounds]]
        return bool(possible)

    def wrong(self) -> Iterator[Violation]:
        """Violations in the answers to ranges; what they leave of the ways to mean the ends is `possible`."""
        for low, high, offset in self.tried():
            if offset and not self.session.ask(self.operation, self._arguments(low, high, offset)).succeeded:
                continue  # It is our reading that a zone may be given.
            faults, answers = self._faults(low, high, offset, self.possible)
            fits = [bounds for bounds in self.possible if not faults[bounds]]
            if fits:
                self.possible = fits
            else:
                say = f"the records from {low or 'the first'} to {high or 'the last'}"
                fault = faults[self.possible[0]]
                yield violation(self.operation, self.at, say, fault, self.proof, [self.pages[0], *answers[:2]])

    def turned(self) -> Iterator[Violation]:
        """Violations in the answers to ranges that are empty or end before they begin."""
        session, operation, moments = self.session, self.operation, self.moments
        start = self.seam or moments[0]
        turned = moments[-1] + DAY, moments[0] - DAY
        # Once more, for a server that answers by turns.
        for (low, high), fresh in ((turned, False), (turned, True), ((start, start), False)):
            answer = session.ask(operation, self._arguments(low, high), fresh=fresh)
            extra = rows_of(operation, [answer]) if answer.succeeded else []
            ways = session.readings(extra, self.at)
            whole = max(bounds.meant(low, high)[1] or high for bounds in self.possible)
            others = [row for row in extra if not any(_lies(way(row[self.at]), low, whole) for way in ways)]
            if others or answer.status >= 500:
                found, expected = told([], others) or answered(answer), f"nothing from {low} to {high}, or 4XX"
                yield violation(operation, self.at, expected, found, self.proof, [answer])
        empty = datetime(max(moments[-1].year, self.pages[0].started.year) + 5, 2, 1)
        answer = session.get(operation, self._arguments(empty, empty + 20 * DAY))
        extra = rows_of(operation, [answer])
        if extra:
            expected = f"nothing in {empty.year}"
            yield violation(operation, self.at, expected, told([], extra), self.proof, [answer])

    def settled(self) -> Iterator[Reading]:
        """Readings of the ends that the answers to ranges leave."""
        operation, ways = self.operation, self.possible
        if self.is_recent:
            yield Reading(operation.id, "no-range", "", "recent", tuple(self.pages[:1]))
        if "history-range" in operation.open:
            yield Reading(operation.id, "history-range", "", "rules" if self.of_groups else "times")
        if len({bounds.time for bounds in ways}) == 1 and "range-time" in operation.open:
            yield Reading(operation.id, "range-time", "", ways[0].time)
        if all(bounds.end == "whole-day" for bounds in ways):
            yield Reading(operation.id, "range-end", "", "whole-day")
        if all(bounds.end == "whole-day" for bounds in ways):
            return
        exact = [moment for moment in self.moments[1:-1] if not moment.microsecond]
        days = [moment for moment in exact if moment == midnight(moment)]
        timed = [moment for moment in exact if moment != midnight(moment)]
        # Where the time of day may be dropped, only midnight is the moment that it seems to be.
        exact = days if any(bounds.time == "dropped" for bounds in ways) else timed or days
        both = list(zip(self.ends, ("range-start", "range-end"), strict=True))
        for number, moment in enumerate(spread(exact, 3)):
            # In turn, for a server that answers by turns.
            for end, question in both[:: -1 if number % 2 else 1]:
                if question in end.open:
                    found, answers, complete = self.session.rows(operation, {**self.base, end.key: written(moment)})
                    way = self.session.readings(found, self.at)[0]
                    there = any(way(row[self.at]) == moment for row in found)
                    if complete:
                        reading = "included" if there else "excluded"
                        yield Reading(operation.id, question, "", reading, tuple(answers[-1:]))

    def _arguments(self, low: datetime | None, high: datetime | None, offset: str = "") -> Arguments:
        keys = [end.key for end in self.ends]
        given = {key: written(end) + offset for key, end in zip(keys, (low, high), strict=True) if end is not None}
        return {**{key: value for key, value in self.base.items() if key not in keys}, **given}

    def _faults(
        self, low: datetime | None, high: datetime | None, offset: str, ways: Sequence[Bounds]
    ) -> tuple[dict[Bounds, str], list[Exchange]]:
        """The faults in the answer to a range, for each way to mean its ends."""
        found, answers, all_found = self.session.rows(self.operation, self._arguments(low, high, offset))

        def fault(bounds: Bounds) -> str:
            ends = bounds.meant(low, high)
            known, at = self.all_known, self.at
            wrong = off_range(self.session, at, self.rows, found, *ends, all_known=known, all_found=all_found)
            if wrong and known and self.operation.admits("history-range", "rules") and self._has_groups(found, *ends):
                self.of_groups = True
                return ""
            return wrong

        return {bounds: fault(bounds) for bounds in ways}, answers

    def _has_groups(self, found: Sequence[Row], low: datetime | None, high: datetime | None) -> bool:
        """True if an answer has each record with something in a range, and of those that it has, everything."""
        read, own = self.session.readings(self.rows, self.at)[0], self.at.rpartition("/")[0]

        def group(row: Row) -> str:
            return Row({at: value for at, value in row.items() if not at.startswith(f"{own}/")}).text

        groups = {"inside": set[str](), "edge": set[str](), "found": {group(row) for row in found}}
        for row in self.rows:
            moment = read(row[self.at])
            if moment is None or moment in (low, high):
                groups["edge"].add(group(row))
            elif (low is None or low < moment) and (high is None or moment < high):
                groups["inside"].add(group(row))
        whole = [row for row in self.rows if group(row) in groups["found"]]
        fits = groups["inside"] <= groups["found"] <= groups["inside"] | groups["edge"]
        return fits and not any(difference(whole, found))


def _lies(moment: datetime | None, low: datetime, high: datetime) -> bool:
    return moment is not None and low <= moment <= high


def _parts(session: Session, operation: Operation, dates: DateRange) -> bool:
    """True if two adjoining ranges together have each record once, and both have some."""
    base = session.base(operation)
    start, end = (operation.parameter(name) for name in (dates.start, dates.end))
    if start.required or end.required:
        return False
    rows, _, complete = session.rows(operation, base)
    seam = seam_of(session, rows, dates.field)
    if seam is None or not complete:
        return False
    before, _, _ = session.rows(operation, {**base, end.key: written(seam)})
    after, _, _ = session.rows(operation, {**base, start.key: written(seam)})
    joined = sorted(row.text for row in (*before, *after))
    return bool(before and after) and joined == sorted(row.text for row in rows)


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
