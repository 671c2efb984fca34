"""One measurement, in a process of its own: `python bench/measure.py WHAT WHO URL STOCK` prints it as JSON.

WHAT is year, frame, calls or windows-N; WHO is contrato, stock, or httpx, which means httpx with json.loads.
STOCK is the directory of the stock client, a package `stock`.

Each client makes a small call before the clock starts, so that imports, connections and caches are not counted. Peak
memory is the maximum of the process (`ru_maxrss`) minus its maximum before the work: the answer, the rows, and
everything between them.
"""

import importlib
import json
import math
import resource
import sys
import time
from collections.abc import Callable
from datetime import datetime
from enum import Enum
from typing import Any, get_type_hints

from contrato.core.names import python_name
from contrato.core.places import Parts, place
from contrato.core.spec import api

NEU = api("neu")
QUERY, SERVICE = (NEU.operations[name] for name in ("queryConsumption", "getService"))
# The bundled server has this year. It has no 29 February.
YEAR = 2021
START, STOP = datetime(YEAR, 1, 1), datetime(YEAR + 1, 1, 1)
HOUR = datetime(YEAR, 1, 1, 1)
CALLS = 1000

# The function to time, and a function that makes the digest of its result, which compare.py checks.
Work = tuple[Callable[[], Any], Callable[[Any], Any]]


def wanted(start: datetime, stop: datetime) -> dict[str, Any]:
    """The arguments of a query for hourly readings, by name, as JSON has them."""
    assert QUERY.aggregation is not None
    assert QUERY.date_range is not None
    hourly = next(value for value, period in QUERY.aggregation.periods.items() if period == "hour")
    times = {QUERY.date_range.start: start.isoformat(), QUERY.date_range.end: stop.isoformat()}
    return {QUERY.aggregation.by: hourly, **times}


def request(start: datetime, stop: datetime) -> Parts:
    """The request of a query for hourly readings."""
    return place(QUERY, {QUERY.parameter(name).key: value for name, value in wanted(start, stop).items()})


def contrato(what: str, url: str) -> Work:
    """Do it as contrato's users do."""
    from contrato.neu import Neu

    neu = Neu("bench", url)
    neu.get_service(1)
    if what == "calls":
        return lambda: [neu.get_service(1) for _ in range(CALLS)], called
    if what == "year":
        return lambda: neu.query_consumption(interval="HOURLY", from_=START, to=STOP), readings
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

    return windows, list


def stock(what: str, url: str) -> Work:
    """Do it as the stock client's users do; the frame column by column, the fastest way from its models."""
    from stock import AuthenticatedClient, models  # type: ignore[import-not-found]

    get_service, query_consumption = (
        importlib.import_module(f"stock.api.{python_name(operation.tag)}.{operation.method_name}").sync
        for operation in (SERVICE, QUERY)
    )
    client = AuthenticatedClient(base_url=url, token="bench")
    get_service(id=1, client=client)
    if what == "calls":
        return lambda: [get_service(id=1, client=client) for _ in range(CALLS)], called

    def query(stop: datetime) -> Any:
        given = wanted(START, stop)
        inside = {name for name in given if QUERY.parameter(name).place == "body"}
        arguments = {}
        if QUERY.body is not None and inside:
            model = getattr(models, QUERY.body.schema.component)
            arguments["body"] = model.from_dict({name: given[name] for name in inside})
        for name in given.keys() - inside:
            parameter, value = QUERY.parameter(name), given[name]
            kind = get_type_hints(query_consumption)[parameter.python_name]
            if parameter.schema.is_timestamp:
                value = datetime.fromisoformat(value)
            arguments[parameter.python_name] = kind(value) if issubclass(kind, Enum) else value
        return query_consumption(client=client, **arguments)

    if what == "year":
        return lambda: query(STOP), readings

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

    def ask(parts: Parts) -> Any:
        options = {"params": parts.query, "headers": parts.headers, "json": parts.body}
        response = http.request(parts.method, parts.path, **options)
        response.raise_for_status()
        return json.loads(response.content)

    one = place(SERVICE, {SERVICE.parameter("id").key: 1})

    def service() -> Any:
        return ask(one)

    def query(stop: datetime) -> Any:
        return ask(request(START, stop))

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


def readings(accounts: Any) -> list[Any]:
    """The digest of consumption as models. Every row is touched: a client must not put the work off."""
    rows = [row for account in accounts for row in account.data]
    assert all(isinstance(row.date, datetime) for row in rows)
    return [len(rows), math.fsum(row.cons for row in rows)]


def dictionaries(accounts: Any) -> list[Any]:
    """The digest of consumption as parsed JSON."""
    rows = [row for account in accounts for row in account["data"]]
    return [len(rows), math.fsum(row["cons"] for row in rows)]


def frame(table: Any) -> list[Any]:
    """The digest of consumption as a frame. contrato has the date with its zone."""
    assert table["date"].dtype.is_temporal()
    return [table.height, table["cons"].sum()]


def main() -> None:
    """Measure once."""
    what, who, url, directory = sys.argv[1:]
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
