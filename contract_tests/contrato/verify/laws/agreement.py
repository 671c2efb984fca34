"""Laws about what several answers say of one thing."""

from __future__ import annotations

import re
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from contrato.core.spec import Operation
from contrato.verify.discovery import WIDEST
from contrato.verify.documents import MISSING, short, spread, text_of
from contrato.verify.exchange import Exchange
from contrato.verify.findings import NotJudged, Reading, Violation, answered, violation
from contrato.verify.laws.lists import DAY, written
from contrato.verify.leniency import may_be_refused
from contrato.verify.rows import Row, difference, items_pointer, known, local, rows_of, told
from contrato.verify.rules import law
from contrato.verify.session import Session

READINGS = 6
"""Answers in a row that must all differ before reading is suspected of changing what is read."""

ALIKE = 12
"""Values for which an operation is asked at most, to be compared with another."""

PAUSE = 2.0
"""Seconds without a request, in which nothing more may change; up to ten times as many where answers take long."""

FOREVER = 100_000
"""Days that nobody counts."""


@law("Operations that describe one thing agree about it.", needs=("x-agrees-with",))
def operations_agree(session: Session, operation: Operation) -> Iterator[Violation | NotJudged | Reading]:
    """The records of one operation are looked up in the answers of another that knows them too, and what both say is
    compared. Identifiers are compared as text and timestamps as local times.
    """
    for agreement in operation.agreements:
        other = session.spec.operations[agreement.operation]
        ours_at, theirs_at = list(agreement.key), list(agreement.key.values())
        same, apart, theirs_too = agreement.same, agreement.not_another, agreement.theirs
        pages, theirs_pages, all_ours, all_theirs = _compared(session, operation, other)
        ours = _records(operation, pages, [*ours_at, *same, *apart])
        wanted = [*theirs_at, *same.values(), *apart.values(), *theirs_too]
        theirs = _records(other, theirs_pages, [*wanted, *agreement.covered])
        index: dict[tuple[str, ...], list[tuple[dict[str, Any], Exchange]]] = {}
        for record, page in theirs:
            index.setdefault(_key(session, record, theirs_at), []).append((record, page))
        proof = agreement.evidence
        if not ours:
            yield NotJudged(operation.id, "there are no records to compare")
            continue
        if any(_key(session, record, ours_at) not in index for record, _ in ours):
            more = _of_all_dates(session, other)
            all_theirs = all_theirs and more is not None
            for record, page in _records(other, more or [], wanted):
                key = _key(session, record, theirs_at)
                if key not in index:
                    index[key] = [(record, page)]
                    yield Reading(other.id, "no-range", "", "recent", (page,))
        others = {its: {_alike(session, each[its]) for each, _ in theirs if its in each} for its in apart.values()}
        seen: set[tuple[str, ...]] = set()
        unknown = 0
        for record, page in ours:
            key = _key(session, record, ours_at)
            seen.add(key)
            matches = index.get(key, [])
            if not matches and not all_theirs:
                unknown += 1
                continue
            if not matches:
                if agreement.covers in ("ours", "both"):
                    say = f"{other.id} has it too"
                    found = f"no record {short(key)}"
                    yield violation(operation, ours_at[0], say, found, proof, [theirs_pages[0], page])
                continue
            for mine, its in same.items():
                values = [match.get(its, MISSING) for match, _ in matches]
                value = record.get(mine, MISSING)
                if value is MISSING or MISSING in values:
                    continue  # The schema is judged elsewhere.
                if not any(_is_same(session, value, v) for v in values):
                    say = f"{short(values[0])}, as {other.id} has {its} of {short(key)}"
                    yield violation(operation, mine, say, short(value), proof, [matches[0][1], page])
            for mine, its in apart.items():
                own = {_alike(session, match[its]) for match, _ in matches if its in match}
                if mine in record and (text := _alike(session, record[mine])) not in own and text in others[its]:
                    say = f"not {its} of another record of {other.id} than {short(key)}"
                    yield violation(operation, mine, say, short(record[mine]), proof, [matches[0][1], page])
            for its, value in theirs_too.items():
                for match, there in matches:
                    if its in match and _alike(session, match[its]) != _alike(session, value):
                        say = f"{short(value)} at {its} of {other.id} for {short(key)}"
                        yield violation(operation, ours_at[0], say, short(match[its]), proof, [page, there])
        if unknown and agreement.covers in ("ours", "both"):
            reason = f"{unknown} records were looked up in a sample of {other.id} that does not have them"
            yield NotJudged(operation.id, reason, lasting=False)
        if agreement.covers == "both" and all_ours:
            for key, matches in index.items():
                their, page = matches[0]
                spared = [pair for pair in agreement.unless.items() if operation.admits(*pair)]
                if spared and any(their.get(at) not in (None, wanted) for at, wanted in agreement.covered.items()):
                    question, reading = spared[0]
                    ours_alone = operation.open[question].ours
                    reading = ours_alone if key in seen else reading
                    yield Reading(operation.id, question, "", reading, (page, pages[-1]))
                elif key not in seen:
                    say = f"the record {short(key)}, which {other.id} has"
                    yield violation(operation, ours_at[0], say, "no such record", proof, [page, pages[-1]])


@law(
    "The days since a date are counted to one and the same day, or to the end that another operation tells.",
    needs=("x-reckoning",),
)
def days_are_reckoned(session: Session, operation: Operation) -> Iterator[Violation | NotJudged]:
    """A date and the days since then give the server's day, which is the same for all records. Days of what has ended,
    as another operation says, may be counted to that end. Less than a day of difference is left for the time of day.
    The server's day is not after the day of its answer, whatever its time zone: a clock may stand, but is not ahead.
    """
    counted = operation.reckoning
    if counted is None:
        return
    pages = session.whole(operation, session.base(operation)).pages
    told_by = next((each for each in operation.agreements if each.theirs), None)
    ours_at = list(told_by.key) if told_by is not None else []
    ends: dict[tuple[str, ...], Any] = {}
    if told_by is not None:
        other, theirs_at = session.spec.operations[told_by.operation], list(told_by.key.values())
        end_at = next(iter(told_by.theirs))
        pages, theirs_pages, _, _ = _compared(session, operation, other)
        theirs = _records(other, theirs_pages, [*theirs_at, end_at])
        ends = {_key(session, record, theirs_at): record.get(end_at) for record, _ in theirs}
    read = session.readings([], "")[0]
    days_reached: dict[datetime, list[tuple[str, Exchange]]] = defaultdict(list)
    for record, page in _records(operation, pages, [*ours_at, counted.date, counted.days]):
        start, days, key = read(str(record.get(counted.date))), record.get(counted.days), _key(session, record, ours_at)
        if start is None or not isinstance(days, int | float) or not abs(days) <= FOREVER:
            continue
        if told_by is not None and key not in ends:
            continue
        last, end = start + timedelta(days=days), read(str(ends.get(key)))
        if end is None or abs(last - end) > DAY:
            found = f"{short(record[counted.date])} and {short(record[counted.days])} days"
            whose = f", {ours_at[0].rpartition('/')[2]} {short(record[ours_at[0]])}" if ours_at else ""
            days_reached[last].append((found + whose, page))
    if not days_reached:
        yield NotJudged(operation.id, "there are no days to compare")
    elif max(days_reached) - min(days_reached) >= DAY:
        # The odd ones are the fewer.
        by_number = sorted(days_reached.values(), key=len)
        (one, page), (another, there) = by_number[0][0], by_number[-1][0]
        expected, found = "days up to one and the same day", f"{one}, beside {another}"
        yield violation(operation, counted.days, expected, found, counted.evidence, [page, there])
    else:
        last = max(days_reached)
        found, page = days_reached[last][0]
        if last > page.started.astimezone(UTC).replace(tzinfo=None) + 2 * DAY:
            expected = f"days up to the day of the answer, {page.started:%Y-%m-%d}"
            found = f"{found}, which is up to {last:%Y-%m-%d}"
            yield violation(operation, counted.days, expected, found, counted.evidence, [page])


def _of_all_dates(session: Session, operation: Operation) -> list[Exchange] | None:
    """The pages of the widest range, where no range may be that of what is recent; None if it is refused."""
    dates = operation.date_range
    if dates is None or not operation.admits("no-range", "recent"):
        return []
    ends = (operation.parameter(name).key for name in (dates.start, dates.end))
    arguments = session.base(operation) | {key: written(end) for key, end in zip(ends, WIDEST, strict=True)}
    return session.whole(operation, arguments).pages if session.ask(operation, arguments).succeeded else None


def _compared(
    session: Session, operation: Operation, other: Operation
) -> tuple[list[Exchange], list[Exchange], bool, bool]:
    """The answers of two operations, and whether they have all records of each."""
    ways = [[(one, base) for base in session.bases(one, ALIKE)] for one in (operation, other)]
    walks = [[session.whole(one, base) for one, base in way] for way in ways]
    complete = [all(walk.complete for walk in read) for read in walks]
    if not all(complete):
        # Both for the same values of a filter: what a sample of one has need not be in a sample of the other.
        common = [
            (f, g) for f in operation.parameters for g in other.parameters if f.refers_to and f.refers_to == g.refers_to
        ]
        for f, g in [pair for pair in common if all(one.place != "path" and one.schema.items is None for one in pair)][
            :1
        ]:
            values = spread(session.existing(f), ALIKE)
            walks = [
                [session.whole(one, {**session.base(one), by.key: value}) for value in values]
                for one, by in ((operation, f), (other, g))
            ]
            complete = [all(walk.complete for walk in read) for read in walks]
    ours, theirs = ([page for walk in read for page in walk.pages] for read in walks)
    return ours, theirs, complete[0], complete[1]


def _records(
    operation: Operation, pages: Iterable[Exchange], wanted: Sequence[str]
) -> list[tuple[dict[str, Any], Exchange]]:
    """Values at pointers of one record; those that are shorter belong to the record around it."""
    depth = max(pointer.count("*") for pointer in wanted)
    found = []
    for page in pages:
        if page.json is MISSING:
            continue
        document = known(operation.answer, page.json)
        table: dict[tuple[int, ...], dict[str, Any]] = {}
        for pointer in wanted:
            for where, value in _located(document, pointer.split("/")[1:], ()):
                table.setdefault(where, {})[pointer] = value
        for where, record in table.items():
            if len(where) == depth:
                for length in range(depth):
                    record |= {k: v for k, v in table.get(where[:length], {}).items() if k not in record}
                found.append((record, page))
    return found


def _located(value: Any, steps: Sequence[str], where: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], Any]]:
    if not steps:
        yield where, value
    elif steps[0] == "*":
        for number, item in enumerate(value if isinstance(value, list) else []):
            yield from _located(item, steps[1:], (*where, number))
    elif isinstance(value, dict) and steps[0] in value:
        yield from _located(value[steps[0]], steps[1:], where)


def _key(session: Session, record: dict[str, Any], at: Sequence[str]) -> tuple[str, ...]:
    return tuple(_alike(session, record.get(pointer)) for pointer in at)


def _alike(session: Session, value: Any) -> str:
    """The same text for values that mean the same: `7`, `"7"` and `"007"`, two forms of one moment."""
    if isinstance(value, str):
        read = session.readings([], "")[0]
        moment = read(value) if re.match(r"\d{4}-\d\d-\d\d[T ]", value) else None
        number = str(int(value)) if value.isascii() and value.isdecimal() else value
        return moment.isoformat() if moment is not None else number
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else text_of(value)


def _is_same(session: Session, value: Any, other: Any) -> bool:
    """True for values that mean the same; a moment at midnight may be the day of the other one."""
    one, two = _alike(session, value), _alike(session, other)
    is_midnight = "T00:00:00" in (one[10:], two[10:])
    return one == two or (is_midnight and one[:10] == two[:10] and "T" == one[10:11] == two[10:11])


@law("Each record that a list names can be read by itself.")
def listed_records_are_there(session: Session, operation: Operation) -> Iterator[Violation | NotJudged]:
    """The identifiers of a list are read one by one. Each is answered with its record, of the same values as in the
    list.
    """
    named = [f for f in operation.parameters if f.place == "path" and f.refers_to]
    if len(named) != 1 or operation.method != "GET":
        return
    f = named[0]
    listed: dict[str, tuple[Row, Exchange]] = {}
    for source in f.refers_to:
        other = session.spec.operations[source.operation]
        for page in session.whole(other, session.base(other)).pages:
            for row in rows_of(other, [page], source.pointer.rpartition("/")[0]):
                short_row = Row({at.rpartition("/")[2]: value for at, value in row.items()})
                listed.setdefault(text_of(row.get(source.pointer)), (short_row, page))
    if not listed:
        yield NotJudged(operation.id, "no list names a record")
        return
    for base in session.bases(operation, ALIKE):
        value = base[f.key]
        exchange = session.get(operation, base)
        records = rows_of(operation, [exchange], items_pointer(operation))
        is_list = bool(items_pointer(operation))
        expected, (row, page) = f"the record {short(value)}", listed[text_of(value)]
        # An account that is there may have no transactions or bills.
        echo = f.echo
        shares = {key for record in records for at in record if (key := at.rpartition("/")[2]) in row}
        if not records and not is_list:
            found = f"{exchange.status} without a record"
            yield violation(operation, f"path.{f.name}", expected, found, f.evidence, [page, exchange])
        for record in records:
            for at, ours in record.items():
                key = at.rpartition("/")[2]
                if (
                    key in shares
                    and not isinstance(ours, list | dict)
                    and _alike(session, ours) != _alike(session, row[key])
                ):
                    proof = (echo and echo.evidence) or f.evidence
                    say = f"{short(row[key])}, as the list has it for {short(value)}"
                    yield violation(operation, at, say, short(ours), proof, [page, exchange])


@law("Asking twice gives the same answer.")
def answers_are_stable(session: Session, operation: Operation) -> Iterator[Violation | NotJudged]:
    """The same request is sent twice in a row. Records that change between are somebody else's work, and the run says
    that it could not judge; only an order that differs where the contract has one is a violation. An absent body is an
    empty one.
    """
    if not operation.safe:
        return
    first, again = _twice(session, operation)
    ours, theirs = (rows_of(operation, [page]) for page in (first, again))
    missing, more = difference(ours, theirs)
    if missing or more:
        reason = f"the same request was answered otherwise: {told(missing, more, ours)}"
        yield NotJudged(operation.id, reason, lasting=False)
    elif operation.sort is not None and [r.text for r in ours] != [r.text for r in theirs]:
        expected, proof = "the same order", operation.sort.evidence
        yield violation(operation, items_pointer(operation), expected, "another order", proof, [first, again])
    body = operation.body
    filters = [f for f in operation.parameters if f.refers_to and f.searches is None]
    if (filters or body) and not (body and body.required) and not any(f.required for f in operation.parameters):
        # Nothing may be left over of earlier requests.
        for f in filters[:1]:
            one = session.existing(f)[:1] or [0]
            session.ask(operation, {**session.base(operation), f.key: one if f.schema.type == "array" else one[0]})
        bare = session.ask(operation, {}, fresh=True, content=b"" if body else None)
        if may_be_refused(bare) is not None:
            return
        missing, more = difference(ours, rows_of(operation, [bare]))
        if not bare.succeeded or missing or more:
            found = told(missing, more, ours) or answered(bare)
            # Without a body this is the same request again, and says no more.
            after = session.get(operation, session.base(operation), fresh=True) if body else first
            if any(difference(ours, rows_of(operation, [after]))):
                yield NotJudged(operation.id, f"the data moved meanwhile: {found}", lasting=False)
            else:
                at, expected = ("body", "no body is an empty object") if body else ("", "all records without a filter")
                proof = body.evidence if body else operation.evidence
                yield violation(operation, at, expected, found, proof, [first, bare])


@law("Reading changes nothing.", moving=True)
def reading_changes_nothing(session: Session, operation: Operation) -> Iterator[Violation | NotJudged]:
    """A record that is answered otherwise the second time is read some times more, as fast as the server answers, and
    once more after a pause at least ten times as long as one answer takes. Data that move by themselves move further in
    the pause, and data that others change stand still at times. A value that takes one step with each answer and none
    in the pause is changed by reading it.
    """
    if not operation.safe:
        return
    pages = list(_twice(session, operation))
    if not any(difference(*(rows_of(operation, [page]) for page in pages))):
        return
    begun = time.monotonic()
    while len(pages) < READINGS:
        pages.append(session.get(operation, session.base(operation), fresh=True))
    pause = max(PAUSE, 10 * (time.monotonic() - begun) / (READINGS - 2))
    if pause > 10 * PAUSE:
        return
    time.sleep(pause)
    pages.append(session.get(operation, session.base(operation), fresh=True))
    readings = [rows_of(operation, [page]) for page in pages]
    *steps, last = [_step(session, before, after) for before, after in pairwise(readings)]
    different = {tuple(sorted(row.text for row in rows)) for rows in readings}
    if len(different) == len(readings) and last <= 1.5 * max(steps):
        found = f"{len(pages)} answers, each other than all before: {told(*difference(*readings[-2:]))}"
        is_get = operation.method == "GET"
        proof = "inferred: GET changes nothing (RFC 9110, 9.2.1)" if is_get else operation.safe_evidence
        yield violation(
            operation, items_pointer(operation), "the same however often it is read", found, proof, pages[-2:]
        )


def _twice(session: Session, operation: Operation) -> tuple[Exchange, Exchange]:
    base = session.base(operation)

    def ask() -> tuple[Exchange, Exchange]:
        return session.get(operation, base), session.get(operation, base, fresh=True)

    return session.remember(f"twice {operation.id}", ask)


def _step(session: Session, before: Sequence[Row], after: Sequence[Row]) -> float:
    """How far apart two answers are: by their values, or in records when one has more of them."""
    missing, more = difference(before, after)
    if len(missing) != len(more):
        return len(missing) + len(more)
    return sum(
        _apart(session, ours.get(at), theirs.get(at)) for ours, theirs in zip(missing, more, strict=True) for at in ours
    )


def _apart(session: Session, one: Any, other: Any) -> float:
    if isinstance(one, int | float) and isinstance(other, int | float):
        return abs(other - one)
    before, after = (local(value, session.zone) for value in (one, other))
    return abs((after - before).total_seconds()) if before and after else float(one != other)
