"""Simulated electricity meters: two years of hourly readings for one service each.

Everything is counted in whole thousandths (Wh, VArh, mA, mV), so that hours add up to days and
months to the digit. Readings start on 2020-01-01 and end with 2021, in local time; Colombia does
not change its clocks.
"""

import math
import random
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import accumulate, pairwise

START = datetime(2020, 1, 1)
END = datetime(2022, 1, 1)
HOURS = [START + timedelta(hours=n) for n in range((END - START) // timedelta(hours=1))]

# The index in HOURS of the start of each period.
PERIODS: dict[str, list[int]] = {
    "HOURLY": list(range(len(HOURS))),
    "DAILY": list(range(0, len(HOURS), 24)),
    "MONTHLY": [n for n, hour in enumerate(HOURS) if (hour.day, hour.hour) == (1, 0)],
}
DATES = {interval: [HOURS[n].isoformat() for n in starts] for interval, starts in PERIODS.items()}

ENERGIES = ("cons", "injec", "reactive_in", "reactive_in_ex", "reactive_cap", "reactive_ex")
REGISTERS = {
    "imported_active_acum": "cons",
    "imported_reactive_acum": "reactive_in",
    "exported_active_acum": "injec",
    "exported_reactive_acum": "reactive_cap",
}
PHASES = ("ia", "ib", "ic", "va", "vb", "vc")

Columns = Mapping[str, Sequence[int]]


def span(interval: str, start: str, stop: str) -> tuple[int, int]:
    """Return the slice of `DATES` with the periods that begin from `start`, included, to `stop`, excluded.

    Args:
        interval: a key of `PERIODS`.
        start: ISO text, or text that sorts before every date.
        stop: ISO text, or text that sorts after every date.

    """
    return bisect_left(DATES[interval], start), bisect_left(DATES[interval], stop)


def _day(text: str) -> list[int]:
    """Percent of the peak for the hours 0 to 23."""
    return [int(part) for part in text.split()]


@dataclass(frozen=True)
class Kind:
    """A type of customer: its load over the day, in percent of `peak` (W)."""

    peak: int
    weekday: list[int]
    saturday: list[int]
    sunday: list[int]
    reactive: float = 0.3
    """Inductive reactive energy per active energy; over 0.5 the excess is billed."""
    solar: int = 0
    """Peak power of the panels in W."""


_HOME = "28 24 22 22 25 38 55 50 38 34 32 36 45 42 36 34 36 46 70 95 100 88 62 40"
_HOME_WEEKEND = "34 28 25 24 24 28 38 52 62 66 64 68 76 70 62 58 58 62 78 94 98 88 68 48"
_OFFICE = "12 12 12 12 13 16 28 62 88 96 98 97 84 92 98 100 96 82 50 30 22 17 14 12"
_OFFICE_SATURDAY = "12 12 12 12 12 13 18 34 46 50 50 48 36 24 18 16 14 13 13 13 12 12 12 12"
_CLOSED = "11 11 11 11 11 11 11 12 12 13 13 13 13 13 13 12 12 12 12 12 11 11 11 11"
_COLD = "70 68 66 66 67 70 76 84 90 94 97 99 100 99 98 96 93 90 86 83 80 77 74 72"
_BAKERY = "40 62 88 98 100 96 84 70 62 56 52 50 52 50 50 54 56 50 42 34 24 18 16 22"

KINDS = {
    "home": Kind(1_700, _day(_HOME), _day(_HOME_WEEKEND), _day(_HOME_WEEKEND), 0.2),
    "office": Kind(34_000, _day(_OFFICE), _day(_OFFICE_SATURDAY), _day(_CLOSED), 0.28),
    "cold store": Kind(182_000, _day(_COLD), _day(_COLD), _day(_COLD), 0.47),
    "bakery": Kind(21_000, _day(_BAKERY), _day(_BAKERY), _day(_BAKERY), 0.36),
    "school": Kind(26_000, _day(_OFFICE), _day(_OFFICE_SATURDAY), _day(_CLOSED), 0.3, 48_000),
}
_SUN = [max(0.0, math.sin(math.pi * (hour + 0.5 - 6) / 12)) ** 1.3 for hour in range(24)]


@dataclass(frozen=True)
class Meter:
    """One meter.

    Args:
        kind: a key of `KINDS`.
        seed: the same seed gives the same readings.
        scale: size of the customer, 1 for one that is typical of its kind.
        volts: nominal voltage between phase and neutral, in V.

    """

    kind: str
    seed: str
    scale: float
    volts: int

    @cached_property
    def energy(self) -> Columns:
        """Hourly energies in Wh and VArh, without the rest: this is what bills and rules need."""
        noise = random.Random(f"{self.seed}/energy")
        chance = noise.random
        kind = KINDS[self.kind]
        weekday, saturday, sunday = (
            [percent * kind.peak * self.scale / 100 for percent in day]
            for day in (kind.weekday, kind.saturday, kind.sunday)
        )
        sun = [share * kind.solar * self.scale for share in _SUN]
        cons, injec, reactive_in, reactive_cap = (array("q") for _ in range(4))
        for date in HOURS[::24]:
            load = {5: saturday, 6: sunday}.get(date.weekday(), weekday)
            # Warm months around the turn of the year, and no two days alike.
            level = (1 + 0.05 * math.cos(date.month * math.pi / 6)) * noise.gauss(1, 0.045)
            sky = noise.uniform(0.35, 1)
            ratio = kind.reactive * noise.uniform(0.8, 1.2)
            for used, shining in zip(load, sun, strict=True):
                net = used * level * (0.92 + 0.16 * chance())
                if shining:
                    net -= shining * sky * (0.85 + 0.15 * chance())
                # Even, so that half of it, the free share of reactive energy, is whole.
                imported = int(net) & ~1 if net > 0 else 0
                cons.append(imported)
                injec.append(int(-net) if net < 0 else 0)
                reactive_in.append(int(imported * ratio * (0.75 + 0.5 * chance())))
                reactive_cap.append(int(used * 0.03 * chance()))
        # Colombia bills inductive energy beyond half of the active energy, and all capacitive one.
        excess = array("q", (max(0, r - c // 2) for r, c in zip(reactive_in, cons, strict=True)))
        total = array("q", (e + c for e, c in zip(excess, reactive_cap, strict=True)))
        columns = (cons, injec, reactive_in, excess, reactive_cap, total)
        return dict(zip(ENERGIES, columns, strict=True))

    @cached_property
    def _hourly(self) -> Columns:
        noise = random.Random(f"{self.seed}/phases")
        chance = noise.random
        columns: dict[str, Sequence[int]] = dict(self.energy)
        for register, counted in REGISTERS.items():
            column = self.energy[counted]
            before = noise.randrange(1_000_000, 90_000_000) if any(column) else 0
            columns[register] = array("q", list(accumulate(column, initial=before))[1:])
        phases = {name: array("q") for name in PHASES}
        ia, ib, ic, va, vb, vc = phases.values()
        share_a, share_b = noise.uniform(0.31, 0.36), noise.uniform(0.31, 0.36)
        lowest = self.volts * 1000 - 2_000
        flows = (self.energy[name] for name in ("cons", "injec", "reactive_in", "reactive_cap"))
        for imported, exported, inductive, capacitive in zip(*flows, strict=True):
            # Over one hour, Wh are W on average.
            power = math.hypot(imported - exported, inductive - capacitive)
            net = lowest + 3_000 * chance()
            a = int(net + 1_000 * chance())
            b = int(net + 1_000 * chance())
            c = int(net + 1_000 * chance())
            unbalance = 0.97 + 0.06 * chance()
            va.append(a)
            vb.append(b)
            vc.append(c)
            power_a, power_b = power * share_a * unbalance, power * share_b
            ia.append(int(power_a * 1_000_000 / a))
            ib.append(int(power_b * 1_000_000 / b))
            ic.append(int((power - power_a - power_b) * 1_000_000 / c))
        return columns | phases

    def columns(self, interval: str) -> Columns:
        """Readings by hour, day or month.

        Energies are summed, registers read at the end, currents and voltages averaged.
        """
        if interval == "HOURLY":
            return self._hourly
        return {
            name: array("q", _averages(column, interval))
            if name in PHASES
            else array("q", (column[stop - 1] for _, stop in _periods(interval)))
            if name in REGISTERS
            else self.sums(name, interval)
            for name, column in self._hourly.items()
        }

    def sums(self, energy: str, interval: str) -> Sequence[int]:
        """One energy by hour, day or month, in Wh or VArh."""
        column = self.energy[energy]
        return array("q", (sum(column[start:stop]) for start, stop in _periods(interval)))


def _periods(interval: str) -> Iterator[tuple[int, int]]:
    return pairwise([*PERIODS[interval], len(HOURS)])


def _averages(column: Sequence[int], interval: str) -> Iterator[int]:
    return (round(sum(column[a:b]) / (b - a)) for a, b in _periods(interval))


_DECIMALS = [repr(n / 1000)[1:] for n in range(1000)]


class Rows:
    """The readings of one meter and interval as JSON text, made when they are first asked for, and kept."""

    PIECE = 31 * 24
    """Rows that are made, and sent, at a time."""

    def __init__(self, meter: Meter, interval: str, head: str) -> None:
        """Encode the rows.

        Args:
            meter: whose readings.
            interval: a key of `PERIODS`.
            head: the members that precede `date` in every row, as JSON text.

        """
        self._dates = DATES[interval]
        self._columns = meter.columns(interval)
        members = ",".join(f'"{name}":%d%s' for name in self._columns)
        self._row = f'{{{head.replace("%", "%%")},"date":"%s",{members}}}'
        self._pieces: dict[int, list[str]] = {}

    def between(self, first: int, last: int) -> Iterator[bytes]:
        """The rows from the one at `first` to the one before `last`, some at a time, with commas between them."""
        start = first - first % self.PIECE
        for begin in range(start, last, self.PIECE):
            rows = self._piece(begin)[max(first - begin, 0) : last - begin]
            yield ("," * (begin != start) + ",".join(rows)).encode("ascii")

    def _piece(self, begin: int) -> list[str]:
        if begin not in self._pieces:
            here = slice(begin, begin + self.PIECE)
            # Whole part and decimals apart: half the time of writing a float.
            parts = (
                part
                for column in self._columns.values()
                for part in ([n // 1000 for n in column[here]], [_DECIMALS[n % 1000] for n in column[here]])
            )
            rows = zip(self._dates[here], *parts, strict=True)
            self._pieces[begin] = [self._row % values for values in rows]
        return self._pieces[begin]
