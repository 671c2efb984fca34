"""One measurement, in a process of its own: `python bench/measure.py WHAT WHO URL STOCK` prints it as JSON.

WHAT is year, frame, calls, windows-N or import; WHO is contrato, stock, or httpx, which means httpx with json.loads.
STOCK is the directory of the stock client, a package `stock`.

Each client has answered a small call before the clock starts, so that imports, connections and what a first call keeps
are not counted. Peak memory is what the process had at most (`ru_maxrss`) less what it had had before the work: answer,
rows and everything between them.
"""

import importlib
import json
import resource
import sys
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

START, STOP = datetime(2023, 1, 1), datetime(2024, 1, 1)
HOUR = datetime(2023, 1, 1, 1)
CALLS = 1000

# What is timed, and what to make of its result: rows and their energy, by which run.py sees that all did the same.
Work = tuple[Callable[[], Any], Callable[[Any], Any]]


def contrato(what: str, url: str) -> Work:
    """Do it as contrato's users do."""
    from contrato.neu import Neu

    neu = Neu("bench", url)
    neu.get_service(1)
    if what == "calls":
        return lambda: [neu.get_service(1) for _ in range(CALLS)], called
    if what == "year":
        return lambda: neu.query_consumption(interval="HOURLY", from_=START, to=STOP), models
    if what == "frame":
        from contrato.frames import to_polars

        to_polars(neu.query_consumption, interval="HOURLY", from_=START, to=HOUR)
        return lambda: to_polars(neu.query_consumption, interval="HOURLY", from_=START, to=STOP), frame

    years = int(what.removeprefix("windows-"))
    stop = START.replace(year=START.year + years)

    def windows() -> tuple[int, float]:
        rows, energy = 0, 0.0
        for window in neu.windows(neu.query_consumption, from_=START, to=stop, window="month", interval="HOURLY"):
            for account in window.data:
                rows += len(account.data)
                energy += sum(row.cons for row in account.data)
        return rows, energy

    # Every year of the server is the same.
    return windows, lambda seen: [seen[0] // years, round(seen[1] / years)]


def stock(what: str, url: str) -> Work:
    """Do it as the stock client's users do; the frame column by column, the fastest way from its models."""
    from stock import AuthenticatedClient  # type: ignore[import-not-found]
    from stock.api.consumption import query_consumption  # type: ignore[import-not-found]
    from stock.api.services import get_service  # type: ignore[import-not-found]
    from stock.models import ConsumptionQuery, ConsumptionQueryInterval  # type: ignore[import-not-found]

    client = AuthenticatedClient(base_url=url, token="bench")
    get_service.sync(1, client=client)
    if what == "calls":
        return lambda: [get_service.sync(1, client=client) for _ in range(CALLS)], called

    def query(stop: datetime) -> Any:
        body = ConsumptionQuery(interval=ConsumptionQueryInterval.HOURLY, from_=START, to=stop)
        return query_consumption.sync(client=client, body=body)

    if what == "year":
        return lambda: query(STOP), models

    import polars

    columns = list(query(HOUR)[0].data[0].to_dict())

    def to_frame(stop: datetime) -> Any:
        parents = [(account, row) for account in query(stop) for row in account.data]
        return polars.DataFrame(
            {
                "id_account": [account.id_account for account, _ in parents],
                "account_name": [account.account_name for account, _ in parents],
                **{name: [getattr(row, name) for _, row in parents] for name in columns},
            }
        )

    to_frame(HOUR)
    return lambda: to_frame(STOP), frame


def httpx(what: str, url: str) -> Work:
    """Do it without a client of any kind: dictionaries, unchecked, dates as text."""
    http = importlib.import_module("httpx").Client(base_url=url, headers={"Authorization": "Bearer bench"}, timeout=60)

    def service() -> Any:
        response = http.get("/services/1")
        response.raise_for_status()
        return json.loads(response.content)

    def query(stop: datetime) -> Any:
        body = {"Interval": "HOURLY", "From": START.isoformat(), "To": stop.isoformat()}
        response = http.post("/consumption", json=body)
        response.raise_for_status()
        return json.loads(response.content)

    service()
    if what == "calls":
        return lambda: [service() for _ in range(CALLS)], lambda done: [len(done), done[-1]["name"]]
    if what == "year":
        return lambda: query(STOP), dictionaries

    import polars

    def to_frame(stop: datetime) -> Any:
        parents = ("id_account", "account_name")
        rows = [{name: account[name] for name in parents} | row for account in query(stop) for row in account["data"]]
        return polars.DataFrame(rows).with_columns(polars.col("date").str.to_datetime())

    to_frame(HOUR)
    return lambda: to_frame(STOP), frame


def called(done: Any) -> list[Any]:
    """The digest of small calls."""
    return [len(done), done[-1].name]


def models(accounts: Any) -> list[Any]:
    """The digest of consumption as models. Every row is touched: a client must not put the work off."""
    rows = [row for account in accounts for row in account.data]
    assert all(isinstance(row.date, datetime) for row in rows)
    return [len(rows), round(sum(row.cons for row in rows))]


def dictionaries(accounts: Any) -> list[Any]:
    """The digest of consumption as parsed JSON."""
    rows = [row for account in accounts for row in account["data"]]
    return [len(rows), round(sum(row["cons"] for row in rows))]


def frame(table: Any) -> list[Any]:
    """The digest of consumption as a frame. contrato has the date with its zone."""
    assert table["date"].dtype.is_temporal()
    return [table.height, round(table["cons"].sum())]


def main() -> None:
    """Measure once."""
    what, who, url, directory = sys.argv[1:]
    if what == "import":
        began = time.perf_counter()
        importlib.import_module({"contrato": "contrato.neu"}.get(who, who))
        print(json.dumps({"seconds": time.perf_counter() - began}))
        return
    sys.path.append(directory)
    work, digest = {"contrato": contrato, "stock": stock, "httpx": httpx}[who](what, url)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began, worked = time.perf_counter(), time.process_time()
    result = work()
    seconds, cpu = time.perf_counter() - began, time.process_time() - worked
    # In KiB, on macOS in bytes.
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * (1 if sys.platform == "darwin" else 1024)
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak": peak, "digest": digest(result)}))


if __name__ == "__main__":
    main()
