"""Read a long range of dates in windows: concurrently, in order, with only a few of them in memory."""

import asyncio
import functools
import os
import threading
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Generator, Iterable, Iterator
from concurrent.futures import Future
from contextvars import copy_context
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from operator import attrgetter
from typing import Any, Generic, Literal, TypeVar, get_args
from zoneinfo import ZoneInfo

import attrs

from contrato.core import spec
from contrato.core.errors import ContratoError, WindowError
from contrato.core.interrupts import stopping
from contrato.core.request import check_range, timestamp
from contrato.core.schema import Schema
from contrato.core.tables import tables

Item = TypeVar("Item")
Unit = Literal["day", "week", "month", "year"]

WORKERS = 4
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window(Generic[Item]):
    """A part of a range of dates, and its rows.

    Attributes:
        from_: Start of the window, included, in local time of the API without an offset.
        to: End of the window, excluded; like `from_`.
        data: Results of the method over all pages, reduced to rows with a date in the window. Objects around rows, such
            as the account of readings, are included if they have such rows.

    """

    from_: datetime
    to: datetime
    data: list[Item]


def operation_of(method: Any) -> tuple[Any, spec.Operation]:
    """Return the client of a method, and its operation.

    Raises:
        TypeError: The method is not that of a client.

    """
    client = getattr(method, "__self__", None)
    api = getattr(client, "api", None)
    operation = spec.api(api).methods.get(getattr(method, "__name__", "")) if api in spec.APIS else None
    if operation is None:
        raise TypeError(
            f"{method!r} is no operation of a client: pass a method such as neu.list_bills, without calling it"
        )
    return client, operation


def windows(
    method: Callable[..., Iterable[Item]],
    *,
    from_: date | str,
    to: date | str,
    window: Unit | timedelta = "month",
    workers: int = WORKERS,
    **arguments: Any,
) -> Generator[Window[Item], None, None]:
    """See `Client.windows`. Closing the iterator sends no more requests, and does not wait for open ones.

    The request of a window covers whole months and another day on each side, and rows outside the window are dropped:
    the APIs do not say whether a range includes its ends, nor how they treat a day or month that it cuts.
    """
    plan = _Plan(method, from_, to, window, workers, arguments)

    def read(start: datetime, stop: datetime) -> _Part:
        return plan.part(method(**plan.arguments(start, stop)), start, stop)

    return _windows(plan, read)


def async_windows(
    method: Callable[..., AsyncIterable[Item] | Awaitable[Iterable[Item]]],
    *,
    from_: date | str,
    to: date | str,
    window: Unit | timedelta = "month",
    workers: int = WORKERS,
    **arguments: Any,
) -> AsyncGenerator[Window[Item], None]:
    """See `AsyncClient.windows`. Closing the iterator cancels open requests."""
    plan = _Plan(method, from_, to, window, workers, arguments)

    async def read(start: datetime, stop: datetime) -> _Part:
        answer = method(**plan.arguments(start, stop))
        items = [item async for item in answer] if isinstance(answer, AsyncIterable) else await answer
        return plan.part(items, start, stop)

    return _async_windows(plan, read)


def _windows(plan: "_Plan", read: Callable[[datetime, datetime], "_Part"]) -> Generator[Window[Any], None, None]:
    ranges = plan.ranges()
    pending: deque[tuple[datetime, datetime, Future[_Part]]] = deque()
    stop, process = threading.Event(), os.getpid()

    def run(future: Future[_Part], start: datetime, end: datetime) -> None:
        stopping.set(stop)
        try:
            future.set_result(read(start, end))
        except BaseException as error:
            future.set_exception(error)

    def submit(count: int) -> None:
        for start, end in islice(ranges, count):
            future: Future[_Part] = Future()
            pending.append((start, end, future))
            # In the context of the caller, which may have called `capture`. Daemons, because Python waits for the
            # threads of a pool when it ends, so that a server that hangs would hold the program.
            target = functools.partial(copy_context().run, run, future, start, end)
            threading.Thread(target=target, name="contrato-windows", daemon=True).start()

    try:
        submit(plan.workers)
        while pending:
            start, end, future = pending.popleft()
            if os.getpid() != process:
                raise RuntimeError("the threads of these windows are in the parent process: iterate anew after a fork")
            try:
                data = plan.checked(start, end, future.result())
            except ContratoError as error:
                raise WindowError(start, str(error)) from error
            submit(1)
            yield Window(start, end, data)
            # Free the data before waiting for the next window.
            del future, data
    finally:
        # Nothing is joined: a request may take as long as its deadline.
        stop.set()


async def _async_windows(
    plan: "_Plan", read: Callable[[datetime, datetime], Awaitable["_Part"]]
) -> AsyncGenerator[Window[Any], None]:
    ranges = plan.ranges()
    pending: deque[tuple[datetime, datetime, asyncio.Future[_Part]]] = deque()

    def submit(count: int) -> None:
        for start, stop in islice(ranges, count):
            pending.append((start, stop, asyncio.ensure_future(read(start, stop))))

    try:
        submit(plan.workers)
        while pending:
            start, stop, future = pending[0]
            try:
                data = plan.checked(start, stop, await future)
            except ContratoError as error:
                raise WindowError(start, str(error)) from error
            pending.popleft()
            submit(1)
            yield Window(start, stop, data)
            del future, data
    finally:
        futures = [future for *_, future in pending]
        for future in futures:
            future.cancel()
        await asyncio.gather(*futures, return_exceptions=True)


@dataclass(slots=True)
class _Part:
    """An answer to the request of a window.

    Attributes:
        data: What is in the window.
        keys: One for each row of it.
        others: Dates of the rows of other windows, by their keys.
        far: Date of a row that is out of the range of the request; None without one.

    """

    data: list[Any]
    keys: set[int]
    others: dict[int, datetime]
    far: datetime | None = None


class _Plan:
    """The requests of all windows, and the rows to keep of their answers."""

    def __init__(
        self,
        method: Callable[..., Any],
        from_: date | str,
        to: date | str,
        window: Unit | timedelta,
        workers: int,
        arguments: dict[str, Any],
    ) -> None:
        client, operation = operation_of(method)
        if operation.date_range is None:
            raise TypeError(f"{operation.method_name} takes no range of dates: call it without windows")
        if window not in get_args(Unit) and not (isinstance(window, timedelta) and window > timedelta()):
            raise ValueError(f"window is {window!r}: choose {', '.join(get_args(Unit))} or a positive timedelta")
        if workers < 1:
            raise ValueError(f"workers must be at least 1, not {workers}")
        if operation.pagination is not None:
            page = operation.parameter(operation.pagination.page).python_name
            if page in arguments:
                raise TypeError(f"{page} cannot be given: windows have all pages")
        self.workers = workers
        self._zone: ZoneInfo = client.time_zone
        start, end = timestamp("from_", from_, self._zone), timestamp("to", to, self._zone)
        check_range("from_", start, "to", end)
        self._from, self._to = datetime.fromisoformat(start), datetime.fromisoformat(end)
        self._window = window
        self._arguments = arguments
        self._start, self._end = (
            operation.parameter(name).python_name for name in (operation.date_range.start, operation.date_range.end)
        )
        found = tables(operation)
        opening = operation.open.get("range-date")
        # An overlay may name another date of the row.
        named = found.levels[-1][0].properties.get(opening.settled or "") if opening else None
        self._path = found.rows.path
        self._date = attrgetter(named.python_name if named else ".".join(found.date))
        # A row could be in no answer to the window of its date, if the server filters by another date.
        self._is_watched = opening is not None
        # A history may show all events of a rule that has one in the range.
        self._shows_more = "history-range" in operation.open
        self._key = _key_of(operation, found.levels[-1][0]) or self._date
        self._done: set[int] = set()
        self._awaited: dict[int, datetime] = {}

    def _local(self, moment: datetime | None) -> datetime | None:
        try:
            return moment.astimezone(self._zone).replace(tzinfo=None) if moment and moment.tzinfo else moment
        except OverflowError:  # Local time would be in the year 0 or 10000.
            return None

    def ranges(self) -> Iterator[tuple[datetime, datetime]]:
        start = self._from
        while start < self._to:
            stop = min(_after(start, self._window), self._to)
            yield start, stop
            start = stop

    def arguments(self, start: datetime, stop: datetime) -> dict[str, Any]:
        # A row may cover a month, and is complete only if the request covers that month.
        month = stop if stop == _floor(stop, "month") else _after(stop, "month")
        return {
            **self._arguments,
            self._start: max(start, datetime.min + DAY) - DAY,
            self._end: min(month, datetime.max - DAY) + DAY,
        }

    def _is_near(self, moment: datetime, start: datetime, stop: datetime) -> bool:
        """True for a row that may be in the answer to a window's request: an end may be a whole day in another zone."""
        asked = self.arguments(start, stop)
        low: datetime = max(asked[self._start], datetime.min + DAY) - DAY
        high: datetime = min(asked[self._end], datetime.max - DAY) + DAY
        return low <= moment <= high

    def part(self, items: Iterable[Any], start: datetime, stop: datetime) -> _Part:
        """Return what of an answer is in a window."""
        part = _Part([], set(), {})
        part.data = self._rows(items, start, stop, part)
        return part

    def _rows(self, items: Iterable[Any], start: datetime, stop: datetime, part: _Part, depth: int = 0) -> list[Any]:
        if depth < len(self._path):
            name = self._path[depth]
            pairs = ((item, self._rows(getattr(item, name), start, stop, part, depth + 1)) for item in items)
            return [attrs.evolve(item, **{name: rows}) for item, rows in pairs if rows]
        kept = []
        for row in items:
            moment = self._local(self._date(row))
            is_inside = moment is not None and start <= moment < stop
            if is_inside:
                kept.append(row)
            if self._is_watched and is_inside:
                part.keys.add(hash(self._key(row)))
            elif self._is_watched and moment is not None and self._from <= moment < self._to:
                part.others[hash(self._key(row))] = moment
            elif self._is_watched and moment is not None and not self._is_near(moment, start, stop):
                part.far = moment
        return kept

    def checked(self, start: datetime, stop: datetime, part: _Part) -> list[Any]:
        """Return the rows of a window, after those before it.

        Raises:
            ContratoError: A row is in the answer to the window of another date, and in none to that of its own.

        """
        if part.far is not None and not self._shows_more:
            raise ContratoError(_elsewhere(part.far))
        lost = [moment for key, moment in self._awaited.items() if moment < stop and key not in part.keys]
        self._awaited = {key: moment for key, moment in self._awaited.items() if moment >= stop}
        self._done |= part.keys
        for key, moment in part.others.items():
            if moment >= stop:
                self._awaited[key] = moment
            elif key not in self._done:
                lost.append(moment)
        if lost:
            raise ContratoError(_elsewhere(min(lost)))
        return part.data


def _elsewhere(moment: datetime) -> str:
    return (
        f"the server has a row of {moment.isoformat()} in another range than that of its date, so that it seems to"
        " filter by another date: ask for the whole range at once, without windows"
    )


def _key_of(operation: spec.Operation, row: Schema) -> Callable[[Any], Any] | None:
    """Return a function that gives the identity of a row, which stays when other values change; None without one."""
    if operation.identity is None or operation.date_range is None:
        return None
    around = operation.date_range.field.rpartition("/")[0]
    names = [at.rpartition("/")[2] for at in operation.identity.at if at.rpartition("/")[0] == around]
    return attrgetter(*(row.properties[name].python_name for name in names)) if names else None


def _floor(moment: datetime, unit: Unit) -> datetime:
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if unit == "week":
        return day - day.weekday() * DAY
    return day if unit == "day" else day.replace(day=1) if unit == "month" else day.replace(month=1, day=1)


def _after(moment: datetime, window: Unit | timedelta) -> datetime:
    """Return the end of the window that starts at a moment."""
    try:
        if isinstance(window, timedelta):
            return moment + window
        # Any moment in the next unit, rounded down.
        longest = {"day": 1, "week": 7, "month": 31, "year": 366}
        return _floor(_floor(moment, window) + longest[window] * DAY, window)
    except OverflowError:  # Later than the year 9999.
        return datetime.max
