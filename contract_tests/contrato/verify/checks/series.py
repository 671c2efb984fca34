"""Checks of rows that follow each other in time: periods, registers, energies."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from contrato.core.spec import Api
from contrato.verify.checks.dates import bounds
from contrato.verify.checks.values import (
    DAY,
    Values,
    aggregation_of,
    answered,
    as_number,
    close,
    places_of,
    readings,
    violation_in,
)
from contrato.verify.documents import MISSING, cited, find
from contrato.verify.exchange import Exchange
from contrato.verify.findings import Violation
from contrato.verify.rows import about
from contrato.verify.rules import check

HOURS = {"hour": 1, "day": 24, "month": 730}
"""How many hours each of them has, about."""

APART = 20.0
"""Factor within which a meter's energies and its power over time agree, however it takes its averages."""


# Readings
@dataclass(frozen=True)
class Series:
    """The rows of one key, by date.

    Attributes:
        rows: Each with its date, in ascending order.
    """

    key: str
    rows: list[tuple[datetime, Values]]


def _series(exchange: Exchange, spec: Api) -> Iterator[list[Series]]:
    """The rows by key and date, in each way in which their timestamps may be meant."""
    answer = answered(exchange)
    aggregation = aggregation_of(exchange)
    if answer is MISSING or aggregation is None:
        return
    law, _ = aggregation
    around, _, date = law.date.rpartition("/")
    names = {at: at.rpartition("/")[2] for at in law.key}
    grouped: dict[str, list[tuple[list[datetime], Values]]] = defaultdict(list)
    for row in find(answer, around):
        if isinstance(row, dict) and (moments := readings(row.get(date), spec)):
            values = {at: row.get(name) for at, name in names.items()}
            if isinstance(values.get(law.key[0]), int | str):
                grouped[about(law, values.get)].append((moments, row))
    ways = {len(moments) for rows in grouped.values() for moments, _ in rows}
    for way in range(max(ways, default=0)):
        yield [
            Series(name, sorted(((moments[min(way, len(moments) - 1)], row) for moments, row in rows), key=_first))
            for name, rows in grouped.items()
        ]


def _first(pair: tuple[datetime, Values]) -> datetime:
    return pair[0]


def _slot(moment: datetime, period: str) -> int:
    """The number of the period that a moment is in."""
    if period == "month":
        return moment.year * 12 + moment.month
    return moment.toordinal() * 24 + moment.hour if period == "hour" else moment.toordinal()


@check("There is one row for each record and period, and rows are a period apart.", needs=("x-aggregation",))
def rows_are_periods(exchange: Exchange, spec: Api) -> Iterator[Violation | None]:
    """A row's date tells which hour, day or month it is about: rows of hours differ by whole hours, rows of days by
    whole days, rows of months stand on one day of the month or on its last. Two rows of one record are never about the
    same period. Rows may be missing, and one that the range cuts may be dated by the range. Where three rows of one
    record or more all stand a longer period apart, none of them closer, they are rows of that one.
    """
    aggregation = aggregation_of(exchange)
    if aggregation is None:
        return
    law, period = aggregation
    cuts = [moment for moment in bounds(exchange, spec) if moment is not None]
    ways = list(_series(exchange, spec))
    if ways:
        yield None
    faults = [next(_faults(series, period, cuts), None) for series in ways]
    if faults and all(faults):
        assert faults[0] is not None
        yield violation_in(exchange, law.date, f"one row for each {period}", faults[0], law.evidence)
        return
    longer = next(filter(None, (_longer(series, period) for series in ways)), None)
    if longer and all(_longer(series, period) for series in ways):
        yield violation_in(exchange, law.date, f"one row for each {period}", f"rows of {longer}s", law.evidence)
        return
    for one in ways[0] if ways else []:
        steps = [_slot(b, period) - _slot(a, period) for (a, _), (b, _) in itertools.pairwise(one.rows)]
        if len(steps) >= 2 and 1 not in steps:
            proof = f"plausible: somewhere two {period}s that follow each other were both measured"
            found = f"never less than {min(steps)} {period}s between two rows of {cited(one.key)}"
            yield violation_in(exchange, law.date, f"rows that are one {period} apart", found, proof)
            return


def _longer(all_series: list[Series], period: str) -> str | None:
    """The longer period of which the rows are; None when some are closer together, or there are too few to tell."""
    dates = [[date for date, _ in series.rows] for series in all_series]
    if max(map(len, dates), default=0) < 3:
        return None
    for other in [name for name in HOURS if HOURS[name] > HOURS[period]]:
        if all(_slot(b, other) > _slot(a, other) for each in dates for a, b in itertools.pairwise(each)):
            return other
    return None


def _faults(all_series: list[Series], period: str, cuts: list[datetime]) -> Iterator[str]:
    for series in all_series:
        dates = [date for date, _ in series.rows]
        for one, other in itertools.pairwise(dates):
            if _slot(one, period) == _slot(other, period) and other not in cuts:
                yield f"{one} and {other}, both of {cited(series.key)}"
        inner = [date for date in dates if date not in cuts]
        if period == "hour":
            places = {(date.minute, date.second) for date in inner}
        else:
            places = {(date.hour * 60 + date.minute, date.second) for date in inner}
        days = {date.day for date in inner}
        ends = all((date + DAY).day == 1 for date in inner if date < datetime.max - DAY)
        if len(places) > 1 or (period == "month" and len(days) > 1 and not ends):
            yield f"{', '.join(str(date) for date in inner[:3])}, all of {cited(series.key)}"


@check("Over rows without a gap a register grows by their sum.", needs=("x-aggregation", "x-register-of"))
def registers_count(exchange: Exchange, spec: Api) -> Iterator[Violation | None]:
    """From one row to the next, a register never falls, and over rows that follow each other without a gap it grows by
    the energy of those rows; whether it is read at the beginning or at the end of each is left to the server. A changed
    meter begins anew, so that this is not a violation by itself.
    """
    aggregation = aggregation_of(exchange)
    if aggregation is None:
        return
    period, around = aggregation[1], aggregation[0].date.rpartition("/")[0]
    registers = [(at, schema.register_of) for at, schema in places_of(exchange) if schema.register_of]
    for series in itertools.islice(_series(exchange, spec), 1):
        for at, law in registers:
            if at.rpartition("/")[0] != around:
                continue
            yield None
            found = next(_miscounts(series, period, at.rpartition("/")[2], law.field), None)
            if found:
                yield violation_in(exchange, at, f"growth by {law.field}", found, law.evidence)


def _miscounts(all_series: list[Series], period: str, register: str, counted: str) -> Iterator[str]:
    for series in all_series:
        run: list[tuple[int, float, float]] = []
        for date, row in [*series.rows, (None, {})]:
            value, amount = as_number(row.get(register)), as_number(row.get(counted))
            slot = _slot(date, period) if date else 0
            if run and value is not None and value < run[-1][1] - 1:
                yield f"{cited(run[-1][1])} and then {cited(value)}, of {cited(series.key)}"
                break
            if value is None or amount is None or (run and slot != run[-1][0] + 1):
                if len(run) > 1:
                    growth = run[-1][1] - run[0][1]
                    sums = (sum(a for _, _, a in run[1:]), sum(a for _, _, a in run[:-1]))
                    if not any(close(growth, expected) for expected in sums):
                        grown = f"{growth:.6g} from the first of {len(run)} {period}s to the last"
                        yield f"{grown}, where {counted} sums to {sums[0]:.6g}, of {cited(series.key)}"
                run = []
            if value is not None and amount is not None:
                run.append((slot, value, amount))


@check("Energy fits voltage, current and time.", needs=("x-aggregation", "x-power"))
def energy_fits_power(exchange: Exchange, spec: Api) -> Iterator[Violation | None]:
    """Over all rows of one record, the energies together are neither far below nor above what the voltages and currents
    give over that time: a factor of a thousand is a wrong unit, or a wrong period.
    """
    aggregation = aggregation_of(exchange)
    if aggregation is None:
        return
    period, around = aggregation[1], aggregation[0].date.rpartition("/")[0]
    law = next((schema.power for at, schema in places_of(exchange) if at == around and schema.power), None)
    for one in next(_series(exchange, spec), []) if law else []:
        assert law is not None
        energy, possible = 0.0, 0.0
        for _, row in one.rows:
            flows = [as_number(row.get(name)) for name in law.energies]
            volts, amperes = ([as_number(row.get(name)) for name in names] for names in (law.voltages, law.currents))
            energy += sum(abs(flow) for flow in flows if flow is not None)
            # Watts over hours, in thousands.
            watts = sum(v * a for v, a in zip(volts, amperes, strict=True) if v is not None and a is not None)
            possible += watts * HOURS[period] / 1000
        yield None
        if max(energy, possible) > 1 and not possible / APART <= energy <= possible * APART:
            place = f"{around}/{law.energies[0]}"
            expected = f"{possible / APART:.3g} to {possible * APART:.3g}, by voltages and currents"
            yield violation_in(exchange, place, expected, f"{energy:.3g}, of {cited(one.key)}", law.evidence)
            return
