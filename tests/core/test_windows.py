"""Windows: every row of a long range once and whole, whatever a server makes of the ends of a range."""

import asyncio
import contextlib
import copy
import gc
import inspect
import itertools
import json
import subprocess
import sys
import threading
import time
import uuid
import weakref
from bisect import bisect_left
from collections.abc import AsyncIterator, Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, assert_type, get_args
from zoneinfo import ZoneInfo

import attrs
import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from canned import example_of
from clients import BASE_URL, sent, server
from contrato.core import overlay, spec
from contrato.core.client import capture
from contrato.core.errors import ContratoError, WindowError
from contrato.core.places import arguments
from contrato.core.windows import Unit, Window, async_windows, windows
from contrato.neu import AsyncNeu, Neu
from contrato.neu.models import AccountConsumption

BOGOTA = ZoneInfo("America/Bogota")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# What its meters have measured.
FIRST, LAST = datetime(2023, 1, 1), datetime(2025, 1, 1)


def starts(interval: str) -> list[datetime]:
    if interval == "MONTHLY":
        return [datetime(year, month, 1) for year in (2023, 2024) for month in range(1, 13)]
    step = {"HOURLY": HOUR, "DAILY": DAY}[interval]
    return [FIRST + n * step for n in range((LAST - FIRST) // step)]


STARTS = {interval: starts(interval) for interval in ("HOURLY", "DAILY", "MONTHLY")}
ENDS = {interval: [*begins[1:], LAST] for interval, begins in STARTS.items()}


def between(interval: str, from_: datetime, to: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The intervals that begin in a range, with their ends."""
    known = STARTS[interval]
    chosen = slice(bisect_left(known, from_), bisect_left(known, to))
    return zip(known[chosen], ENDS[interval][chosen], strict=True)


@dataclass
class Row:
    """An interval, and how many minutes of it were measured."""

    date: datetime
    minutes: int


@dataclass(frozen=True)
class Server:
    """Answers by interval, in one of the ways that the documents leave open.

    Attributes:
        from_included: Whether what begins at `from_` is in the range.
        to_included: Whether what begins at `to` is.
        cut: What becomes of an interval that the range cuts: left `out`, given `whole`, with its `part` in the range,
            with that and the date at which it begins (`dated`), or whole if its `start` or its `end` is in the range.
            Or the range is taken in whole `days`, and they leave out what they cut.

    """

    from_included: bool
    to_included: bool
    cut: str

    def rows(self, interval: str, from_: datetime, to: datetime) -> list[Row]:
        if self.cut == "days":
            from_, to = (moment.replace(hour=0, minute=0) for moment in (from_, to))
        # In minutes, so that an end that is not in the range moves into it.
        low = from_ if self.from_included else from_ + timedelta(minutes=1)
        high = to + timedelta(minutes=1) if self.to_included else to
        found = []
        for start, end in between(interval, from_ - timedelta(days=32), to + DAY):
            inside = min(high, end) - max(low, start)
            decisive = {"start": start, "end": end}.get(self.cut, max(low, start))
            if inside <= timedelta() or not low <= decisive < high:
                continue
            minutes, whole = inside // timedelta(minutes=1), (end - start) // timedelta(minutes=1)
            if minutes < whole and self.cut in ("out", "days"):
                continue
            if self.cut in ("whole", "start", "end"):
                minutes = whole
            begin = max(low, start) if self.cut == "dated" else start
            # Twice, as a server may have them.
            found += [Row(begin, minutes) for _ in range(2)]
        return found


SERVERS = [
    Server(from_included, to_included, cut)
    for from_included, to_included in itertools.product([True, False], repeat=2)
    for cut in ("out", "whole", "part", "dated", "start", "end", "days")
]


def whole(interval: str, from_: datetime, to: datetime) -> list[Row]:
    """What is to be found: the rows that begin in a range, with all of their minutes."""
    return [
        Row(start, (end - start) // timedelta(minutes=1))
        for start, end in between(interval, from_, to)
        for _ in range(2)
    ]


class Client:
    """As much of a client as windows need."""

    api = "neu"
    time_zone = BOGOTA

    def __init__(self, rows: Callable[..., list[Any]]) -> None:
        self.rows = rows
        self.asked: list[tuple[datetime, datetime]] = []

    def query_consumption(self, *, from_: datetime, to: datetime, **arguments: Any) -> list[AccountConsumption]:
        self.asked.append((from_, to))
        data = self.rows(from_=from_, to=to, **arguments)
        # The second account has no row later than the first year, and is not always there.
        early = [row for row in data if row.date.year == FIRST.year]
        return [
            AccountConsumption(id_account=number, account_name="", data=rows)
            for number, rows in ((41, data), (42, early))
        ]

    def list_services(self) -> list[Any]:
        return []


class AsyncClient:
    """The same for asyncio; it answers after so many turns of the loop, a number or a function of `from_`."""

    api = "neu"
    time_zone = BOGOTA

    def __init__(self, client: Client, turns: Callable[[datetime], int] = lambda _: 1) -> None:
        self.client = client
        self.turns = turns

    async def query_consumption(self, **arguments: Any) -> list[AccountConsumption]:
        for _ in range(self.turns(arguments["from_"])):
            await asyncio.sleep(0)
        return self.client.query_consumption(**arguments)


def collect(iterator: AsyncIterator[Window[Any]]) -> list[Window[Any]]:
    async def read() -> list[Window[Any]]:
        return [window async for window in iterator]

    return asyncio.run(read())


def joined(found: list[Window[Any]], id_account: int = 41) -> list[Any]:
    return [row for window in found for parent in window.data if parent.id_account == id_account for row in parent.data]


moments = st.integers(0, (LAST - FIRST) // timedelta(minutes=30)).map(lambda n: FIRST + n * timedelta(minutes=30))


@pytest.mark.parametrize("interval", STARTS)
@pytest.mark.parametrize("server", SERVERS, ids=str)
@settings(max_examples=6, deadline=None)
@given(moments, st.floats(0, 1), st.sampled_from([*get_args(Unit), timedelta(days=10), timedelta(hours=37)]))
@example(datetime(2024, 1, 1), 1.0, "month")
@example(datetime(2023, 11, 16, 10, 30), 1.0, "month")
def test_every_row_comes_once_and_whole(
    server: Server, interval: str, from_: datetime, share: float, window: Unit | timedelta
) -> None:
    days = {"HOURLY": 18, "DAILY": 80, "MONTHLY": 400}[interval] // (1 if window in ("month", "year") else 3)
    longest = min(LAST - from_, timedelta(days=max(days, 9)))
    to = from_ + share * longest // timedelta(minutes=1) * timedelta(minutes=1)
    client = Client(server.rows)
    found = list(windows(client.query_consumption, from_=from_, to=to, window=window, workers=2, interval=interval))
    assert joined(found) == whole(interval, from_, to)
    assert joined(found, 42) == [row for row in whole(interval, from_, to) if row.date.year == FIRST.year]
    for each in found:
        assert all(parent.data for parent in each.data)
        assert all(each.from_ <= row.date < each.to for row in joined([each]))


def test_the_servers_of_these_tests_are_not_all_alike() -> None:
    """Or the test above would show nothing: asked for just the range, most answer wrongly, each in its own way."""
    ends = [
        (datetime(2024, 3, 1), datetime(2024, 4, 1)),
        (datetime(2024, 3, 1, 0, 30), datetime(2024, 3, 9, 0, 30)),
    ]
    cases = list(itertools.product(STARTS, ends))
    answers = [repr([server.rows(interval, *range_) for interval, range_ in cases]) for server in SERVERS]
    right = repr([whole(interval, *range_) for interval, range_ in cases])
    assert len(set(answers)) >= 16
    assert [server for server, answer in zip(SERVERS, answers, strict=True) if answer == right] == [
        Server(from_included=True, to_included=False, cut="start")
    ]


@pytest.mark.parametrize("server", SERVERS[:3], ids=str)
def test_asyncio_finds_the_same(server: Server) -> None:
    arguments: dict[str, Any] = {"from_": datetime(2023, 10, 9, 8, 15), "to": date(2024, 2, 3), "interval": "DAILY"}
    client = Client(server.rows)
    assert collect(async_windows(AsyncClient(client).query_consumption, **arguments)) == list(
        windows(client.query_consumption, **arguments)
    )


@pytest.mark.parametrize(
    ("window", "seams"),
    [
        ("day", ["2024-02-28T10:30", "2024-02-29", "2024-03-01", "2024-03-01T12:00"]),
        ("week", ["2024-02-20T10:30", "2024-02-26", "2024-03-04", "2024-03-11", "2024-03-11T00:01"]),
        ("month", ["2023-11-15", "2023-12-01", "2024-01-01", "2024-02-01"]),
        ("year", ["2022-06-01", "2023-01-01", "2024-01-01", "2024-03-01"]),
        (timedelta(days=10), ["2024-02-20T10:30", "2024-03-01T10:30", "2024-03-11T10:30", "2024-03-12"]),
        ("year", ["9998-12-31", "9999-01-01", "9999-12-31T23:00"]),
        ("year", ["0001-01-01", "0002-01-01", "0002-01-02"]),
    ],
)
def test_windows_end_where_the_calendar_does(window: Unit | timedelta, seams: list[str]) -> None:
    moments = [datetime.fromisoformat(text) for text in seams]
    client = Client(lambda **_: [])
    found = list(windows(client.query_consumption, from_=moments[0], to=moments[-1], window=window))
    assert [(each.from_, each.to) for each in found] == list(itertools.pairwise(moments))
    assert [each.data for each in found] == [[]] * len(found)


@pytest.mark.parametrize("window", ["month", "year"])
def test_whole_months_cost_two_days_more(window: Unit) -> None:
    client = Client(lambda **_: [])
    found = list(windows(client.query_consumption, from_=date(2020, 1, 1), to=date(2024, 1, 1), window=window))
    assert sorted(client.asked) == [(each.from_ - DAY, each.to + DAY) for each in found]


@pytest.mark.parametrize(
    ("from_", "to"),
    [
        (datetime(2024, 1, 1, 5, tzinfo=UTC), datetime(2024, 2, 1, 5, tzinfo=UTC)),
        (date(2024, 1, 1), date(2024, 2, 1)),
        (datetime(2024, 1, 1), datetime(2024, 2, 1, tzinfo=BOGOTA)),
    ],
)
def test_ends_are_taken_in_local_time(from_: date, to: date) -> None:
    client = Client(lambda **_: [])
    (found,) = windows(client.query_consumption, from_=from_, to=to)
    assert found == Window(datetime(2024, 1, 1), datetime(2024, 2, 1), [])
    assert client.asked == [(datetime(2023, 12, 31), datetime(2024, 2, 2))]


def test_rows_are_taken_in_local_time() -> None:
    dates = [datetime(2024, 1, 1, 4, 59, tzinfo=UTC), datetime(2024, 1, 1, 5, tzinfo=UTC)]
    client = Client(lambda **_: [Row(moment, 60) for moment in [*dates, datetime(2024, 2, 1, tzinfo=BOGOTA)]])
    (found,) = windows(client.query_consumption, from_=date(2024, 1, 1), to=date(2024, 2, 1))
    assert [row.date for row in joined([found])] == dates[1:]


def test_a_row_that_no_local_calendar_has_is_in_no_window() -> None:
    moments = [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, tzinfo=timezone(-12 * HOUR))]
    client = Client(lambda **_: [Row(moment, 60) for moment in moments])
    for from_, to in ((date(1, 1, 1), date(1, 2, 1)), (date(9999, 12, 1), date(9999, 12, 31))):
        (found,) = windows(client.query_consumption, from_=from_, to=to)
        assert found.data == []


def test_ends_may_be_text() -> None:
    client = Client(lambda **_: [])
    (found,) = windows(client.query_consumption, from_="2024-01-01", to="2024-02-01T05:00:00Z")
    assert (found.from_, found.to) == (datetime(2024, 1, 1), datetime(2024, 2, 1))


def test_the_clients_explain_windows() -> None:
    assert "`Client.windows`" in (AsyncNeu.windows.__doc__ or "")
    # (Python 3.13 strips the indentation of docstrings.)
    words = inspect.getdoc(Neu.windows) or ""
    assert all(f"    {name}: " in words for name in ("method", "from_", "to", "window", "workers"))
    assert all(unit in words for unit in get_args(Unit))


def test_no_range_has_no_windows() -> None:
    client = Client(lambda **_: [])
    assert list(windows(client.query_consumption, from_=date(2024, 1, 1), to=date(2024, 1, 1))) == []
    assert client.asked == []


@pytest.mark.parametrize("cut", [windows, async_windows])
@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"to": date(2023, 1, 1)}, ValueError, "to (2023-01-01T00:00:00) is before from_ (2024-01-01T00:00:00)"),
        ({"from_": "yesterday"}, ValueError, "from_ must be an ISO 8601 date and time, not 'yesterday'"),
        ({"to": None}, TypeError, "to must be a datetime, a date or ISO 8601 text, not None"),
        ({"window": "decade"}, ValueError, "window is 'decade': choose day, week, month, year or a positive timedelta"),
        ({"window": timedelta()}, ValueError, "or a positive timedelta"),
        ({"workers": 0}, ValueError, "workers must be at least 1, not 0"),
        ({"method": list}, TypeError, "pass a method such as neu.list_bills, without calling it"),
        ({"method": Client(lambda **_: []).list_services}, TypeError, "list_services takes no range of dates"),
        (
            {"method": Neu("t").list_bills, "page": 2},
            TypeError,
            "page cannot be given: windows have all pages",
        ),
    ],
)
def test_a_mistake_is_an_error_at_the_call(
    cut: Callable[..., Any], changed: dict[str, Any], error: type[Exception], message: str
) -> None:
    client = Client(lambda **_: [])
    arguments = {"method": client.query_consumption, "from_": date(2024, 1, 1), "to": date(2024, 2, 1), **changed}
    with pytest.raises(error) as raised:
        cut(**arguments)
    assert message in str(raised.value)
    assert client.asked == []


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("contrato-windows")]


def ended() -> None:
    """Wait until the threads have ended."""
    for thread in threads():
        thread.join(30)
        assert not thread.is_alive()


class Gauge:
    """Counts calls that are under way."""

    def __init__(self) -> None:
        self.now = self.most = self.begun = 0
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def call(self) -> Iterator[None]:
        with self._lock:
            self.now, self.begun = self.now + 1, self.begun + 1
            self.most = max(self.most, self.now)
        try:
            yield
        finally:
            with self._lock:
                self.now -= 1


YEAR: dict[str, Any] = {"from_": date(2024, 1, 1), "to": date(2025, 1, 1)}


@pytest.mark.parametrize("workers", [1, 3, 4])
def test_as_many_windows_are_requested_at_a_time_as_there_are_workers(workers: int) -> None:
    gauge, together = Gauge(), threading.Barrier(workers)

    def rows(**_: Any) -> list[Row]:
        with gauge.call():
            together.wait(30)
        return []

    assert len(list(windows(Client(rows).query_consumption, **YEAR, workers=workers))) == 12
    assert gauge.most == workers
    ended()


@pytest.mark.parametrize("workers", [1, 3, 4])
def test_as_many_tasks_request_at_a_time_as_there_are_workers(workers: int) -> None:
    gauge = Gauge()

    class Slow(AsyncClient):
        async def query_consumption(self, **arguments: Any) -> list[AccountConsumption]:
            with gauge.call():
                return await super().query_consumption(**arguments)

    slow = Slow(Client(lambda **_: []), lambda _: 10)
    assert len(collect(async_windows(slow.query_consumption, **YEAR, workers=workers))) == 12
    assert gauge.most == workers


@attrs.define(eq=False)
class Kept:
    """A row that can be seen to be forgotten."""

    date: datetime


@pytest.mark.parametrize("workers", [1, 4])
def test_no_more_windows_are_held_than_there_are_workers(workers: int) -> None:
    alive: weakref.WeakSet[Any] = weakref.WeakSet()

    def rows(from_: datetime, **_: Any) -> list[Any]:
        row = Kept(from_ + 2 * DAY)
        alive.add(row)
        return [row]

    client = Client(rows)
    gc.disable()
    try:
        count = 0
        for count, window in enumerate(windows(client.query_consumption, **YEAR, workers=workers), 1):
            # Those ahead, and the one in hand.
            assert len(client.asked) <= count + workers
            assert len(alive) <= workers + 1
            del window
        assert count == 12
    finally:
        gc.enable()


def test_a_window_is_forgotten_while_the_next_one_is_awaited() -> None:
    alive: weakref.WeakSet[Any] = weakref.WeakSet()
    handed_over = threading.Event()

    def rows(from_: datetime, **_: Any) -> list[Any]:
        if client.asked.index((from_, _["to"])):
            assert handed_over.wait(30)
            end = time.monotonic() + 30
            while alive:
                assert time.monotonic() < end, "the window before is still held"
                time.sleep(0.001)
            return []
        row = Kept(from_ + 2 * DAY)
        alive.add(row)
        return [row]

    client = Client(rows)
    found = windows(client.query_consumption, from_=date(2024, 1, 1), to=date(2024, 3, 1), workers=1)
    assert next(found).data
    handed_over.set()
    assert not next(found).data


def test_leaving_the_loop_ends_the_threads_and_sends_no_more() -> None:
    gauge = Gauge()

    def rows(**_: Any) -> list[Row]:
        with gauge.call():
            return []

    client = Client(rows)
    for count, _ in enumerate(windows(client.query_consumption, **YEAR, workers=2), 1):
        assert len(threads()) <= 2
        if count == 3:
            break
    ended()
    assert gauge.now == 0
    assert 3 <= gauge.begun <= 3 + 2


class Served:
    """A server in this process for real clients: counts requests, and answers as `answer` says."""

    def __init__(self, answer: Callable[[datetime], httpx.Response]) -> None:
        self.requests = 0
        self._answer = answer
        self._lock = threading.Lock()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        with self._lock:
            self.requests += 1
        return self._answer(datetime.fromisoformat(sent("listBills", request)["From"]))

    def client(self) -> Neu:
        return Neu("t", BASE_URL, transport=httpx.MockTransport(self))


def many_pages(_: datetime) -> httpx.Response:
    """Another page of a list that never ends."""
    return httpx.Response(200, json=[example_of("listBills")[0] | {"id_bill": str(uuid.uuid4())}])


def test_after_a_failure_or_a_break_no_more_pages_are_requested() -> None:
    def fails(start: datetime) -> httpx.Response:
        if start.month == 1:
            assert together.wait(30)
            return httpx.Response(401)
        together.set()
        return many_pages(start)

    together = threading.Event()
    served = Served(fails)
    with served.client() as client:
        with pytest.raises(WindowError):
            list(client.windows(client.list_bills, from_="2020-02-01", to="2025-01-01", window="year"))
        ended()
        requests = served.requests
    # Those that were under way, and none of the 10,000 pages of each of the others.
    assert requests < 5_000
    assert served.requests == requests


def test_a_stop_ends_the_pause_before_a_retry() -> None:
    paused = threading.Event()

    def busy(start: datetime) -> httpx.Response:
        if start.month == 1:
            assert paused.wait(30)
            return httpx.Response(401)
        paused.set()
        return httpx.Response(429, headers={"Retry-After": "59"})

    served = Served(busy)
    with served.client() as client, pytest.raises(WindowError):
        list(client.windows(client.list_bills, from_="2020-02-01", to="2022-01-01", window="year"))
    ended()
    assert served.requests == 2


def test_an_interrupt_waits_for_no_server_that_hangs() -> None:
    with server(b"", silent=True) as (url, heads):
        program = f"""if True:
            import os, signal, threading, time
            from contrato.neu import Neu
            def interrupt():
                while not ready():
                    time.sleep(0.01)
                os.kill(os.getpid(), signal.SIGINT)
            def ready():
                return sum(t.name == "contrato-windows" for t in threading.enumerate()) == 4
            threading.Thread(target=interrupt, daemon=True).start()
            with Neu("t", {url!r}) as neu:
                for window in neu.windows(neu.list_bills, from_="2020-01-01", to="2022-01-01"):
                    pass
            """
        done = subprocess.run(
            [sys.executable, "-c", program], stderr=subprocess.PIPE, text=True, timeout=30, check=False
        )
    assert done.stderr.strip().endswith("KeyboardInterrupt")
    assert done.stderr.count("Traceback") == 1
    assert done.returncode in (-2, 130)
    assert len(heads) <= 4


def test_leaving_the_loop_cancels_the_tasks() -> None:
    ended = []

    class Stuck(AsyncClient):
        async def query_consumption(self, **arguments: Any) -> list[AccountConsumption]:
            if arguments["from_"] == datetime(2023, 12, 31):
                return []
            try:
                await asyncio.Event().wait()
            finally:
                ended.append(arguments)
            return []

    stuck = Stuck(Client(lambda **_: []))

    async def closed() -> None:
        async with contextlib.aclosing(async_windows(stuck.query_consumption, **YEAR, workers=3)) as found:
            async for _ in found:
                await asyncio.sleep(0)
                break
        assert len(ended) == 3
        assert len(asyncio.all_tasks()) == 1

    async def left() -> None:
        async for _ in async_windows(stuck.query_consumption, **YEAR, workers=3):
            await asyncio.sleep(0)
            break
        for _ in range(10):
            await asyncio.sleep(0)
        assert len(asyncio.all_tasks()) == 1

    async def cancelled() -> None:
        async def read() -> None:
            async for _ in async_windows(stuck.query_consumption, **YEAR, workers=3):
                pass

        reading = asyncio.create_task(read())
        for _ in range(10):
            await asyncio.sleep(0)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert len(asyncio.all_tasks()) == 1

    for case in (closed, left, cancelled):
        ended.clear()
        asyncio.run(case())
        assert len(ended) == 3


class DownError(ContratoError):
    pass


class Flaky(Client):
    """Fails, as long as it is down, in May, and in June even before that."""

    down = True

    def query_consumption(self, *, from_: datetime, to: datetime, **arguments: Any) -> list[AccountConsumption]:
        if self.down and from_ in (datetime(2024, 4, 30), datetime(2024, 5, 31)):
            raise DownError(f"down for maintenance in {to.month}")
        return super().query_consumption(from_=from_, to=to, **arguments)


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_failure_comes_in_its_place_and_says_where_to_resume(asynchronous: bool) -> None:
    client = Flaky(SERVERS[0].rows)
    async_client = AsyncClient(client, lambda from_: 5 * (from_ == datetime(2024, 4, 30)))
    found: list[Window[Any]] = []
    year: dict[str, Any] = {**YEAR, "interval": "DAILY"}

    def read(**changed: Any) -> None:
        for window in windows(client.query_consumption, **(year | changed)):
            found.append(window)

    async def async_read(**changed: Any) -> None:
        async for window in async_windows(async_client.query_consumption, **(year | changed)):
            found.append(window)
        assert len(asyncio.all_tasks()) == 1

    def run(**changed: Any) -> None:
        if asynchronous:
            asyncio.run(async_read(**changed))
        else:
            read(**changed)

    with pytest.raises(WindowError) as raised:
        run()
    assert [window.from_.month for window in found] == [1, 2, 3, 4]
    assert raised.value.resume_from == datetime(2024, 5, 1)
    assert isinstance(raised.value.__cause__, DownError)
    assert str(raised.value) == "stopped before 2024-05-01T00:00:00, resume from there: down for maintenance in 6"
    assert threads() == []
    assert copy.copy(raised.value).resume_from == raised.value.resume_from

    client.down = False
    run(from_=raised.value.resume_from)
    assert joined(found) == whole("DAILY", datetime(2024, 1, 1), LAST)


def test_what_is_no_failure_of_the_server_is_raised_as_it_is() -> None:
    with pytest.raises(TypeError, match="intervall"):
        list(windows(Client(SERVERS[0].rows).query_consumption, **YEAR, intervall="DAILY"))
    assert threads() == []


def test_requests_are_sent_in_the_callers_context() -> None:
    variable = ContextVar("variable", default="lost")
    variable.set("kept")
    seen = []

    def rows(**_: Any) -> list[Row]:
        seen.append(variable.get())
        return []

    list(windows(Client(rows).query_consumption, **YEAR))
    assert set(seen) == {"kept"}


# The clients.

NOONS = [datetime(2024, 1, 1, hour) + n * DAY for n in range(45) for hour in (0, 12)]
LATE = timedelta(days=35)
RANGED = [operation for operation in spec.api("neu").operations.values() if operation.date_range]


def dated(node: Any, steps: list[str], dates: list[datetime], other: str = "") -> Any:
    """An example answer, with rows of these dates in the place of its rows; with another date, LATE days later."""
    if steps[0] != "*":
        return node | {steps[0]: dated(node[steps[0]], steps[1:], dates, other)}
    if len(steps) > 2:
        return [dated(node[0], steps[1:], dates, other)]
    rows = [node[0] | {steps[1]: moment.isoformat()} for moment in dates]
    later = [{other: (moment + LATE).isoformat()} if other else {} for moment in dates]
    return [row | more for row, more in zip(rows, later, strict=True)]


def serve(operation: spec.Operation, request: httpx.Request, other: str = "") -> httpx.Response:
    """Answer with the rows of `NOONS` in the range, both ends included, page by page if that is the operation's way.

    The range may filter another date.
    """
    body = json.loads(request.content or "null")
    given = arguments(operation, request.url.path, request.url.params.multi_items(), request.headers, body)
    asked = {operation.keys[key].known_name: value for key, value in given.items()}
    assert operation.date_range
    low, high = (datetime.fromisoformat(asked[end]) for end in (operation.date_range.start, operation.date_range.end))
    ((example,),) = (r.examples.values() for r in operation.responses.values() if r.promised)
    late = LATE if other else timedelta()
    there = [noon for noon in NOONS if low <= noon + late <= high]
    answer = dated(example, operation.date_range.field.split("/")[1:], there, other)
    if (pagination := operation.pagination) is not None:
        number, size = asked.get(pagination.page, 1), pagination.size
        assert isinstance(size, int)
        items = answer[pagination.items] if pagination.items else answer
        last = max(1, -(-len(items) // size))
        shown = items[(number - 1) * size : number * size]
        counters = {
            pagination.next: number + 1 if number < last else None,
            pagination.last: last,
            pagination.total: len(items),
        }
        answer = {name: value for name, value in counters.items() if name}
        answer = answer | {pagination.items: shown} if pagination.items else shown
    return httpx.Response(200, json=answer)


@pytest.mark.parametrize("aware", [False, True])
@pytest.mark.parametrize("operation", RANGED, ids=lambda operation: operation.id)
def test_every_operation_with_a_range_of_dates_has_windows(operation: spec.Operation, aware: bool) -> None:
    assert operation.date_range
    name = operation.method_name
    query: dict[str, Any] = {"from_": datetime(2024, 1, 3, 12), "to": datetime(2024, 2, 5), "window": "week"}
    ends = (operation.date_range.start, operation.date_range.end)
    query |= {p.python_name: p.schema.enum[0] for p in operation.parameters if p.required and p.known_name not in ends}
    transport = httpx.MockTransport(lambda request: serve(operation, request))
    options: dict[str, Any] = {
        "token": "t",
        "base_url": "https://energy.example",
        "transport": transport,
        "aware": aware,
    }
    with Neu(**options) as neu:
        found = list(neu.windows(getattr(neu, name), **query))

    async def read() -> list[Window[Any]]:
        async with AsyncNeu(**options) as async_neu:
            return [window async for window in async_neu.windows(getattr(async_neu, name), **query)]

    assert asyncio.run(read()) == found
    dates = []
    for window in found:
        rows: list[Any] = [window.data]
        steps = operation.date_range.field.split("/")[1:]
        # A pager's items are out of their envelope.
        for step in steps[1:] if operation.pagination and steps[0] != "*" else steps:
            rows = list(itertools.chain(*rows)) if step == "*" else [getattr(row, step) for row in rows]
        assert all((row.tzinfo == BOGOTA) if aware else row.tzinfo is None for row in rows)
        local = [row.replace(tzinfo=None) for row in rows]
        assert all(window.from_ <= row < window.to for row in local)
        dates += local
    assert len(found) == 5
    assert dates == [noon for noon in NOONS if query["from_"] <= noon < query["to"]]


OTHERS = [
    (operation, reading)
    for operation in RANGED
    for reading in (operation.open["range-date"].readings if "range-date" in operation.open else ())
    if operation.date_range and reading not in ("hidden", operation.date_range.field.rpartition("/")[2])
]


@pytest.mark.parametrize(("operation", "other"), OTHERS, ids=[f"{one.id}-{other}" for one, other in OTHERS])
def test_no_row_is_lost_where_the_server_filters_another_date(
    operation: spec.Operation, other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told, unless an overlay says which date."""
    query: dict[str, Any] = {"from_": datetime(2023, 12, 1), "to": datetime(2024, 5, 1)}
    transport = httpx.MockTransport(lambda request: serve(operation, request, other))
    options: dict[str, Any] = {"token": "t", "base_url": "https://energy.example", "transport": transport}
    month: dict[str, Any] = {"from_": datetime(2024, 2, 20), "to": datetime(2024, 3, 1)}
    for asked in (query, month):
        with Neu(**options) as neu, pytest.raises(WindowError, match="filter by another date: ask for the whole range"):
            list(neu.windows(getattr(neu, operation.method_name), **asked))

    async def read() -> list[Window[Any]]:
        async with AsyncNeu(**options) as neu:
            return [window async for window in neu.windows(getattr(neu, operation.method_name), **query)]

    with pytest.raises(WindowError, match="filter by another date"):
        asyncio.run(read())
    known = {"range-date": {"settled": other, "x-evidence": "observed 2026-11-29: a run told it"}}
    at = overlay.target("paths", operation.path, operation.method.lower(), "x-open")
    settled = spec.overlaid("neu", {"overlay": "1.1.0", "actions": [{"target": at, "update": known}]})
    monkeypatch.setattr(spec, "api", lambda name: settled)
    with Neu(**options) as neu:
        found = list(neu.windows(getattr(neu, operation.method_name), **query))
    assert [len(window.data) for window in found] == [0, 0, 50, 40, 0]


@pytest.mark.parametrize("operation", [one for one in RANGED if "range-date" in one.open], ids=lambda one: one.id)
def test_a_row_that_changes_meanwhile_is_the_same_row(operation: spec.Operation) -> None:
    """Its identity tells, or its date."""
    names = {at.rpartition("/")[2] for at in (operation.identity.at if operation.identity else ())}
    asked = itertools.count()

    def changing(request: httpx.Request) -> httpx.Response:
        document = serve(operation, request).json()
        assert operation.date_range is not None
        *steps, date_name = operation.date_range.field.split("/")[1:]
        rows: list[Any] = [document]
        for step in steps:
            rows = list(itertools.chain(*rows)) if step == "*" else [row[step] for row in rows]
        number = next(asked)
        for row in rows:
            moment = datetime.fromisoformat(row[date_name])
            kinds = {name: type(value) for name, value in row.items() if name not in (*names, date_name)}
            name = next(name for name, kind in kinds.items() if kind in (int, float, str))
            row |= {name: kinds[name](number)} | {each: int(moment.timestamp()) for each in names if each in row}
        return httpx.Response(200, json=document)

    transport = httpx.MockTransport(changing)
    with Neu("t", "https://energy.example", transport=transport) as neu:
        found = neu.windows(getattr(neu, operation.method_name), from_="2024-01-01", to="2024-02-15", window="day")
        assert len(list(found)) == 45


def test_the_responses_behind_windows_can_be_captured() -> None:
    transport = httpx.MockTransport(lambda request: serve(spec.api("neu").operations["queryConsumption"], request))
    with Neu("t", "https://energy.example", transport=transport) as neu, capture() as responses:
        found = neu.windows(neu.query_consumption, from_=date(2024, 1, 1), to=date(2024, 3, 1), interval="DAILY")
        assert_type(next(found), Window[AccountConsumption])
        assert_type(next(found).data[0].data[0].date, datetime)
    assert len(responses) == 2
