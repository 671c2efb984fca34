"""Laws about rows that each stand for a period of time: hours, days and months tell one story."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise, product
from typing import Any, NamedTuple

from contrato.core.extensions import Aggregation, DateRange
from contrato.core.schema import Schema
from contrato.core.spec import Operation, Parameter
from contrato.verify.discovery import WIDEST
from contrato.verify.documents import cited, is_number, places, spread
from contrato.verify.exchange import Arguments, Exchange
from contrato.verify.findings import NotJudged, Reading, Violation, violation
from contrato.verify.rows import Row, about, intervals, row_pointer, rows_of
from contrato.verify.rules import law
from contrato.verify.session import Session, UnfitError

KEYS = 6
"""Records, say services, that are compared by hours."""

MANY = 40
"""Records that are compared by days."""

LONGEST = timedelta(days=800)
"""Range of days that is asked of one record."""

DENSE = 0.8
"""Share of the periods that must have a row before the rows are taken for all that was measured."""

LAST_MINUTE = 59
"""Of a row that is dated by the last instant of its period."""

ENDS = True, False
"""Whether a register is read at the end of a period, or at its start."""

Period = tuple[str, datetime]

Read = Callable[[str], datetime | None]


@dataclass(frozen=True)
class Sample:
    """The rows of one interval, over a range that cuts none of the periods which are compared.

    Attributes:
        unit: Length of a row's period: `hour`, `day` or `month`.
        values: What was selected.
        first: Start of the range.
        last: End of the range.
    """

    unit: str
    values: tuple[Any, ...]
    rows: list[Row]
    exchange: Exchange
    first: datetime
    last: datetime


@law("Hours add up to their day, and days to their month.", needs=("x-aggregation",))
def periods_add_up(session: Session, operation: Operation) -> Iterator[Violation | NotJudged | Reading]:
    """The same range is asked for by hour, by day and by month. What the spec marks as a sum is added up over the
    shorter periods and held against the longer one, as far as rounding lets compare. Only periods inside the range, not
    at its ends, are compared, so that it does not matter what the server does with those that it cuts or whose date is
    a bound, nor whether rows are dated by the beginning or by the end of their period, as long as all are. A period
    with energy in one answer is there in the other.
    """
    aggregation = operation.aggregation
    if aggregation is None:
        return
    pairs = list(_comparisons(session, operation))
    if not any(fine.rows and coarse.rows for fine, coarse in pairs):
        yield NotJudged(operation.id, "no rows of two lengths of period to compare")
    rows = [row for sample in _samples(session, operation) for row in sample.rows]
    sums = [at for at, schema in _properties(operation).items() if schema.aggregate]

    @cache
    def unequal(n: int, read: Read, fine_by_end: bool, coarse_by_end: bool) -> list[_Unequal]:
        return list(_unequal(aggregation, sums, *pairs[n], read, fine_by_end, coarse_by_end))

    best: list[tuple[int, _Unequal]] | None = None
    fitting: list[tuple[Read, dict[str, bool]]] = []
    # Rows of one length are dated in one way, in summer as in winter.
    for read, ends in product(session.readings(rows, aggregation.date), product((False, True), repeat=len(_ORDER))):
        by_end = dict(zip(_ORDER, ends, strict=True))
        wrong = [
            (n, found)
            for n, (fine, coarse) in enumerate(pairs)
            for found in unequal(n, read, by_end[fine.unit], by_end[coarse.unit])
        ]
        if best is None or len(wrong) < len(best):
            best = wrong
        if not wrong:
            fitting.append((read, by_end))
    if fitting:
        yield from _dated(operation, pairs, fitting)
        return
    for (n, pointer), found in {(n, found.pointer): found for n, found in reversed(best or [])}.items():
        proof = _properties(operation)[pointer].aggregate_evidence
        shown = [sample.exchange for sample in pairs[n]]
        yield violation(operation, pointer, found.expected, found.found, proof, shown)


def _dated(
    operation: Operation, pairs: Sequence[tuple[Sample, Sample]], fitting: Sequence[tuple[Read, Mapping[str, bool]]]
) -> Iterator[Reading]:
    """The date that rows of each length have of their period, where energy leaves one."""
    aggregation = operation.aggregation
    assert aggregation is not None
    date = operation.answer.at(aggregation.date) if operation.answer is not None else None
    if date is None or "row-date" not in date.open:
        return
    read, by_end = fitting[0]
    samples = {sample.unit: sample for pair in pairs for sample in pair if sample.rows}
    known = [unit for unit in samples if len({ends[unit] for _, ends in fitting}) == 1]
    for unit in known:
        if unit == _ORDER[0] and by_end[unit] and not all(by_end[other] for other in known):
            continue  # Many name an hour by its end, and a day by its date.
        moments = [moment for row in samples[unit].rows if (moment := read(row[aggregation.date])) is not None]
        is_last = bool(moments) and all(moment.minute == LAST_MINUTE for moment in moments)
        reading = "last" if is_last else "end" if by_end[unit] else "start"
        yield Reading(operation.id, "row-date", aggregation.date, reading, (samples[unit].exchange,))


@law("There is one row for each period.", needs=("x-aggregation",))
def one_row_a_period(session: Session, operation: Operation) -> Iterator[Violation | NotJudged]:
    """No record has two rows for the same hour, day or month. Where nearly all periods from the first to the last have
    a row, one that is missing is taken for a hole, which is only plausible: a meter may have been silent.
    """
    aggregation = operation.aggregation
    if not aggregation:
        return
    for sample in _samples(session, operation):
        for name, rows in _by_key(sample.rows, aggregation).items():
            wrong = None
            for read, end in product(session.readings(rows, aggregation.date), (False, True)):
                periods = [_period(read(row[aggregation.date]), sample.unit, end) for row in rows]
                dated = [period for period in periods if period is not None]
                twice = next((period for period, count in Counter(dated).items() if count > 1), None)
                if twice is None:
                    wrong = None
                    break
                wrong = wrong or twice
            if wrong is not None:
                expected = f"one row for each {sample.unit} of {cited(name)}"
                found = f"several for {wrong}"
                proof: str = aggregation.evidence
                yield violation(operation, aggregation.date, expected, found, proof, [sample.exchange])
                continue
            hole = _hole(sorted(dated), sample.unit)
            if hole is not None:
                expected = f"a row for each {sample.unit} of {cited(name)} from the first to the last"
                proof = "plausible: a meter that measures before and after measures in between"
                yield violation(operation, aggregation.date, expected, f"none for {hole}", proof, [sample.exchange])


@law(
    "From one row to the next a register grows by what it counts.",
    needs=("x-date-range", "x-aggregation", "x-register-of"),
)
def registers_grow(session: Session, operation: Operation) -> Iterator[Violation | NotJudged | Reading]:
    """From one row to the next the register of a meter grows by the energy of one of the two, whether it is read at
    the beginning or at the end of the period; and over a longer period it shows one of the values that it had in the
    shorter ones. A meter that was changed breaks this honestly.
    """
    aggregation = operation.aggregation
    registers = {at: schema.register_of for at, schema in _properties(operation).items() if schema.register_of}
    if not aggregation or not registers:
        return
    date = aggregation.date
    for sample in _samples(session, operation):
        for name, rows in _by_key(sample.rows, aggregation).items():
            ways = [list(_neighbours(rows, date, sample.unit, read)) for read in session.readings(rows, date)]
            for pointer, mark in registers.items():
                counted = f"{pointer.rpartition('/')[0]}/{mark.field}"
                wrong = [_ungrown(pairs, pointer, counted, date, end) for pairs in ways for end in ENDS]
                fitting = {end for end, fault in zip(ENDS * len(ways), wrong, strict=True) if not fault}
                schema = _properties(operation)[pointer]
                if len(fitting) == 1 and "register" in schema.open:
                    reading = "end" if fitting == {True} else "start"
                    yield Reading(operation.id, "register", pointer, reading, (sample.exchange,))
                if all(wrong):
                    expected = f"the register of {cited(name)} grows by {mark.field}"
                    yield violation(operation, pointer, expected, wrong[0], mark.evidence, [sample.exchange])
    for fine, coarse in _comparisons(session, operation):
        yield from _between(session, operation, fine, coarse, {at: mark.evidence for at, mark in registers.items()})


def _ungrown(pairs: Iterable[tuple[Row, Row]], pointer: str, counted: str, date: str, end: bool) -> str:
    """The first two rows between which a register does not grow by what it counts, in words; empty without any."""
    for earlier, later in pairs:
        before, after, grown = earlier.get(pointer), later.get(pointer), (later if end else earlier).get(counted)
        if not is_number(before) or not is_number(after) or not is_number(grown):
            continue
        off = abs(after - before - grown)
        if off > 1e-9 * abs(after) and off > 3 * _unit([before, after, grown]):
            return f"from {cited(before)} to {cited(after)} at {cited(later[date])}, with {grown} at {counted}"
    return ""


@law("What is no sum lies, over a longer period, between its values of the shorter ones.", needs=("x-aggregation",))
def averages_lie_between(session: Session, operation: Operation) -> Iterator[Violation | NotJudged]:
    """A current or a voltage of a day, whether it is the mean, the least or the greatest, is not greater than in each
    hour, nor less. Other units by day than by hour are found so. No source says how these values are made.
    """
    if operation.aggregation is None:
        return
    measured = {
        pointer: "plausible: a mean lies between the values that it is made of"
        for pointer, schema in _properties(operation).items()
        if schema.unit and not schema.aggregate and schema.register_of is None
    }
    for fine, coarse in _comparisons(session, operation):
        yield from _between(session, operation, fine, coarse, measured)


# Requests


def _comparisons(session: Session, operation: Operation) -> Iterator[tuple[Sample, Sample]]:
    """Pairs of samples over the same range, the finer first."""
    samples = _samples(session, operation)
    for fine, coarse in product(samples, samples):
        same = (fine.values, fine.first, fine.last) == (coarse.values, coarse.first, coarse.last)
        if same and _ORDER.index(fine.unit) < _ORDER.index(coarse.unit):
            yield fine, coarse


def _samples(session: Session, operation: Operation) -> list[Sample]:
    return session.remember(f"samples {operation.id}", lambda: _sampled(session, operation))


def _sampled(session: Session, operation: Operation) -> list[Sample]:
    """A few days of several records, a month of one by hour, and days of January and July, some months of all, and all
    months of one by day.
    """
    aggregation, dates = operation.aggregation, operation.date_range
    assert aggregation is not None
    names = intervals(aggregation)
    units = [aggregation.periods[name] for name in names]
    selector = next((f for f in operation.parameters if f.echo and f.echo.at == aggregation.key[0]), None)
    if selector is None or dates is None or "month" not in units:
        raise UnfitError("no request selects what the rows are about")
    everything = session.existing(selector)
    asking = _Asking(session, operation, selector, aggregation, dates)
    months = _months(asking, everything, names[units.index("month")])
    if not months:
        raise UnfitError("there are no rows")
    inner = [month for month in months if months[0] < month < months[-1]] or months
    # Of two neighbours one has 31 days.
    month, day = max(inner[-2:], key=lambda start: _next(start, "month") - start), timedelta(days=1)
    after = _next(month, "month")
    start = max(months[0], _back(month, 2))
    week = month + 12 * day
    rows, key = asking.rows(everything[:MANY], names[-1], month, after).rows, aggregation.key[0]
    one = [rows[len(rows) // 2][key]] if rows else everything[:1]
    # Some of each quantity, where somebody has it: not all services inject.
    sums = [pointer for pointer, schema in _properties(operation).items() if schema.aggregate]
    some = [next((row[key] for row in rows if row[pointer]), None) for pointer in sums]
    some = list(dict.fromkeys([*(value for value in some if value is not None), *spread(everything, KEYS)]))[:KEYS]
    plans: list[tuple[list[Any], datetime, datetime, tuple[str, ...]]] = [
        (everything[:MANY], start - day, after + day, ("day", "month")),
        (one, max(months[0], months[-1] - LONGEST) - day, _next(months[-1], "month") + day, ("day", "month")),
        (some, week - day, week + 5 * day, ("hour", "day")),
        (one, month - day, after + day, ("hour", "day", "month")),
    ]
    # One of them has the summer time of a zone that has one.
    for number in (1, 7):
        found = [month for month in months if month.month == number]
        plans += [(one, month + 11 * day, month + 14 * day, ("hour", "day")) for month in found[-1:]]
    return [
        asking.rows(values, names[units.index(unit)], low, high)
        for values, low, high, wanted in plans
        for unit in wanted
        if unit in units
    ]


@dataclass(frozen=True)
class _Asking:
    session: Session
    operation: Operation
    selector: Parameter
    aggregation: Aggregation
    dates: DateRange

    def rows(self, values: Sequence[Any], name: str, low: datetime, high: datetime) -> Sample:
        arguments = self._arguments(values, name, low, high)
        exchange = self.session.get(self.operation, arguments)
        unit = self.aggregation.periods[name]
        return Sample(unit, tuple(values), rows_of(self.operation, [exchange]), exchange, low, high)

    def _arguments(self, values: Sequence[Any], name: str, low: datetime, high: datetime) -> Arguments:
        is_array = self.selector.schema.type == "array"
        named = {
            self.aggregation.by: name,
            self.dates.start: low.isoformat(timespec="seconds"),
            self.dates.end: high.isoformat(timespec="seconds"),
        }
        return {
            self.selector.key: list(values) if is_array else values[0],
            **{self.operation.parameter(one).key: value for one, value in named.items()},
        }

    def known_range(self) -> tuple[datetime, datetime]:
        base = self.session.base(self.operation)
        low, high = (base[self.operation.parameter(name).key] for name in (self.dates.start, self.dates.end))
        return datetime.fromisoformat(low), datetime.fromisoformat(high)


def _months(asking: _Asking, everything: Sequence[Any], name: str) -> list[datetime]:
    """The months with rows, from the first to the last."""
    date = asking.aggregation.date
    values = everything[:MANY]
    for low, high in (WIDEST, asking.known_range()) if values else ():
        if not asking.session.ask(asking.operation, asking._arguments(values, name, low, high)).succeeded:
            continue  # Some servers limit the range.
        rows = asking.rows(values, name, low, high).rows
        read = asking.session.readings(rows, date)[0]
        found = {_floor(moment, "month") for row in rows if (moment := read(row[date])) is not None}
        if found:
            return sorted(found)
    return []


# Comparisons


class _Unequal(NamedTuple):
    pointer: str
    expected: str
    found: str


def _unequal(
    aggregation: Aggregation,
    sums: Iterable[str],
    fine: Sample,
    coarse: Sample,
    read: Read,
    fine_by_end: bool,
    coarse_by_end: bool,
) -> Iterator[_Unequal]:
    parts = _grouped(fine.rows, aggregation, read, fine_by_end, coarse.unit, fine.unit)
    whole = _grouped(coarse.rows, aggregation, read, coarse_by_end, coarse.unit, coarse.unit)
    for key in sorted({*parts, *whole}, key=lambda key: (key[1], key[0])):
        start, end = key[1], _next(key[1], coarse.unit)
        if start < fine.first or end > fine.last:
            continue
        for pointer in sums:
            rows = [row for row in parts.get(key, []) if is_number(row.get(pointer))]
            pieces = [row[pointer] for row in rows]
            totals = [row[pointer] for row in whole.get(key, []) if is_number(row.get(pointer))]
            # The server decides if a row dated as a bound is inside, and what to do with the periods
            # at the ends; but one that is there has parts.
            if (start == fine.first or end == fine.last) and (pieces or not sum(totals)):
                continue
            slack = 1e-5 * abs(sum(totals)) + 1e-9 + _unit(pieces) * len(pieces) + _unit(totals)
            left = sum(pieces) - sum(totals)
            if abs(left) > slack:
                there = f"{round(sum(totals), 6)}" if totals else "no row"
                # The rest may be one of them, which says much more than a number.
                absent = [row for row in rows if abs(row[pointer] - left) <= slack < abs(row[pointer])]
                without = ""
                if totals and len(absent) == 1:
                    without = f", the sum without {cited(absent[0][aggregation.date])}"
                yield _Unequal(
                    pointer,
                    f"{round(sum(pieces), 6)}, the sum of {len(pieces)} {fine.unit}s",
                    f"{there} for the {coarse.unit} {start:%Y-%m-%d} of {cited(key[0])}{without}",
                )


def _between(
    session: Session, operation: Operation, fine: Sample, coarse: Sample, proofs: Mapping[str, str]
) -> Iterator[Violation]:
    """A value over a longer period is no greater and no less than in all the shorter ones, and their neighbours."""
    assert operation.aggregation is not None
    date = operation.aggregation.date
    ways = session.readings([*fine.rows, *coarse.rows], date)
    wrong = min((list(_outside(operation, fine, coarse, list(proofs), read)) for read in ways), key=len)
    for pointer, expected, found in wrong:
        yield violation(operation, pointer, expected, found, proofs[pointer], [fine.exchange, coarse.exchange])


def _outside(
    operation: Operation, fine: Sample, coarse: Sample, pointers: Sequence[str], read: Read
) -> Iterator[tuple[str, str, str]]:
    aggregation = operation.aggregation
    assert aggregation is not None
    date = aggregation.date
    parts = _by_key(fine.rows, aggregation)
    reported = set()
    for row in coarse.rows:
        moment = read(row[date])
        if moment is None:
            continue
        low, high = _floor(moment, coarse.unit), _next(_floor(moment, coarse.unit), coarse.unit)
        if moment == low:
            # Dated by its end, it would be the period before; both are looked at.
            low = _period(moment, coarse.unit, True) or low
        if low < fine.first or high > fine.last:
            continue
        mine = [(at, other) for other in parts.get(about(aggregation, row.get), []) if (at := read(other[date]))]
        inside = [other for at, other in mine if low <= at <= high]
        if len(inside) < DENSE * (high - low) / (_next(low, fine.unit) - low):
            continue  # Nobody knows what was measured between the rows.
        for pointer in pointers:
            values = [other[pointer] for other in inside if is_number(other.get(pointer))]
            value = row.get(pointer)
            if not values or not is_number(value) or pointer in reported or min(values) <= value <= max(values):
                continue
            slack = _unit([*values, value]) + 1e-6 * abs(value)
            if not min(values) - slack <= value <= max(values) + slack:
                reported.add(pointer)
                expected = f"from {cited(min(values))} to {cited(max(values))}, as by {fine.unit}"
                yield pointer, expected, f"{cited(value)} for the {coarse.unit} {cited(row[date])}"


def _properties(operation: Operation) -> dict[str, Schema]:
    """The properties of a row, by pointer."""
    at = row_pointer(operation)
    row = dict(places(operation.answer)).get(at)
    return {f"{at}/{name}": prop.schema for name, prop in row.properties.items()} if row else {}


def _by_key(rows: Iterable[Row], aggregation: Aggregation) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[about(aggregation, row.get)].append(row)
    return found


def _grouped(
    rows: Iterable[Row], aggregation: Aggregation, read: Any, end: bool, unit: str, own: str
) -> dict[Period, list[Row]]:
    """Rows by key and period; each is dated by the beginning of its own period, or by its end."""
    found: dict[Period, list[Row]] = defaultdict(list)
    for row in rows:
        period = _period(read(row[aggregation.date]), own, end)
        if period is not None:
            found[about(aggregation, row.get), _floor(period, unit)].append(row)
    return found


def _neighbours(rows: Sequence[Row], date: str, unit: str, read: Read) -> Iterator[tuple[Row, Row]]:
    """Rows of periods that follow upon each other."""
    dated = sorted(((moment, n) for n, row in enumerate(rows) if (moment := read(row[date])) is not None))
    for (earlier, a), (later, b) in pairwise(dated):
        if _next(_floor(earlier, unit), unit) == _floor(later, unit):
            yield rows[a], rows[b]


def _hole(periods: Sequence[datetime], unit: str) -> datetime | None:
    """The first period without a row among those that nearly all have one."""
    missing: list[datetime] = []
    for earlier, later in pairwise(periods):
        following = _next(earlier, unit)
        while following < later and len(missing) <= len(periods):
            missing.append(following)
            following = _next(following, unit)
    return missing[0] if missing and len(periods) >= DENSE * (len(periods) + len(missing)) else None


# Time
_ORDER = ("hour", "day", "month")


def _floor(moment: datetime, unit: str) -> datetime:
    day, hour = (1 if unit == "month" else moment.day), (moment.hour if unit == "hour" else 0)
    return datetime(moment.year, moment.month, day, hour)


def _next(start: datetime, unit: str) -> datetime:
    if unit == "hour":
        return start + timedelta(hours=1)
    return _floor(start + timedelta(days=1 if unit == "day" else 32), unit)


def _back(month: datetime, count: int) -> datetime:
    for _ in range(count):
        month = _floor(month - timedelta(days=1), "month")
    return month


def _period(moment: datetime | None, unit: str, end: bool) -> datetime | None:
    """The start of the period that a date stands for."""
    if moment is None:
        return None
    return _floor(moment - timedelta(microseconds=1) if end else moment, unit)


def _unit(values: Iterable[Any]) -> float:
    """The last decimal place that any of the values has."""
    places = 0
    for value in values:
        text = repr(value)
        places = max(places, 12 if "e" in text else len(text.partition(".")[2]))
    return float(10**-places)
