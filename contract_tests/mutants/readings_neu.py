"""How the bundled server follows other readings of NEU's open questions than ours."""

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import fields as dataclass_fields
from dataclasses import replace
from datetime import MAXYEAR, datetime, timedelta
from functools import cache, cached_property
from typing import Any
from zlib import crc32

from contrato.core import spec
from contrato.core.schema import Schema
from contrato.core.spec import Operation, Parameter
from contrato.mock.call import local_time
from contrato.mock.meters import DATES, HOURS, Columns, Meter
from contrato.mock.neu import TODAY, Neu, Service
from mutants.readings import (
    BOTH,
    Follow,
    Item,
    Items,
    Probe,
    Reading,
    as_meant,
    at_arguments,
    at_fields,
    at_operations,
    at_values,
    everywhere,
    fields_about,
    known,
    operations_about,
    other_data,
    refuse,
    refusing_if,
    status_becomes,
    unchanged,
    variants_of,
    without_nulls,
)
from mutants.server import (
    Answer,
    Ask,
    Base,
    Change,
    Server,
    alter,
    answer,
    answers,
    arguments,
    chain,
    cut,
    encode,
    everything,
    exchange,
    instead,
    page_of,
    requests,
    responses,
    size_of,
    to_page,
    with_items,
)


def _metered(kind: type[Meter]) -> Base:
    """NEU with other meters."""

    class Metered(Neu):
        def _service(self, *args: Any, **kwargs: Any) -> Service:
            service = super()._service(*args, **kwargs)
            same = {field.name: getattr(service.meter, field.name) for field in dataclass_fields(service.meter)}
            return replace(service, meter=kind(**same))

    return other_data(Metered)


PHASES = ("ia", "ib", "ic", "va", "vb", "vc")


@cache
def _starts(interval: str) -> list[int]:
    """Numbers of the hours with which the rows of an interval begin."""
    numbers = {hour: number for number, hour in enumerate(HOURS)}
    return [numbers[datetime.fromisoformat(date)] for date in DATES[interval]]


def _of_hours(choose: Callable[[Iterable[int]], int]) -> type[Meter]:
    """A meter whose currents and voltages over a longer period are one of those of its hours."""

    class Chosen(Meter):
        def columns(self, interval: str) -> Columns:
            hourly, found = super().columns("HOURLY"), dict(super().columns(interval))
            starts = _starts(interval)
            stops = [*starts[1:], len(HOURS)]
            for name in PHASES if interval != "HOURLY" else ():
                found[name] = [choose(hourly[name][a:b]) for a, b in zip(starts, stops, strict=True)]
            return found

    return Chosen


def _unmeasured(date: str) -> bool:
    """True for an hour in which meters were not read."""
    return date[8:13] in ("09T03", "09T04", "23T02")


class _Gaps(Meter):
    """A meter that was not read in some hours, and of which nobody knows what it measured then."""

    @cached_property
    def energy(self) -> Columns:
        gaps = [number for number, date in enumerate(DATES["HOURLY"]) if _unmeasured(date)]
        columns = {name: list(column) for name, column in super().energy.items()}
        for column in columns.values():
            for number in gaps:
                column[number] = 0
        return columns


class _PaidLate(Neu):
    """Some bills were paid after their due date."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        for bill in self._bills:
            if bill["date_payment"] and bill["id_bill"] % 5 == 0:
                paid = (datetime.fromisoformat(bill["date_expiration"]) + timedelta(days=3, hours=9)).isoformat()
                bill["date_payment"] = bill["platform_payments"]["date"] = paid


class _InCredit(Neu):
    """The items of some bills are a credit in sum, of which nothing is to be paid."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        for bill in self._bills[::9]:
            surplus = -(round(bill["payment_value"]) + 12_000)
            credit = {"concept": "Saldo a favor", "quantity": 1.0, "unit_value": surplus, "total": float(surplus)}
            bill["concepts"].append({**bill["concepts"][0], **credit})
            total = round(sum(concept["total"] for concept in bill["concepts"]), 3)
            bill |= {"payment_value": total, "date_payment": None, "platform_payments": None, "state": "SALDADA"}


class _RulesBelow(Neu):
    """Every second rule is met when the value is below its limit."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        for number, (service, rule, events) in enumerate(self._rules):
            interval = rule["rule_interval"]
            values = service.meter.sums(rule["property_name"], interval)
            limit = float(f"{sorted(values)[len(values) // 25 + 1] / 1000:.3g}")
            below = [
                {"date": date, "value": value / 1000}
                for date, value in zip(DATES[interval], values, strict=True)
                if value < limit * 1000
                and date >= rule["creation_date"]
                and rule[datetime.fromisoformat(date).strftime("%A").lower()]
            ]
            if number % 2 and below:
                rule["limit_value"] = limit
                events[:] = below


METERS_WITH_GAPS = _metered(_Gaps)
PAID_LATE = other_data(_PaidLate)
IN_CREDIT = other_data(_InCredit)


def _unknown_filter(status: int) -> Follow:
    async def changed(ask: Ask, server: Server, parameters: list[Parameter]) -> Answer:
        clean = await server(ask)
        if not clean.ok:
            return clean
        for parameter in parameters:
            asked = ask.arguments.get(parameter.name)
            values = asked if isinstance(asked, list) else [] if asked is None else [asked]
            if set(values) - await known(ask, server, parameter):
                return answer(status, None if status == 204 else {"message": "No existe."})
        return clean

    return at_arguments(changed)


def _unknown_id(status: int) -> Follow:
    return at_operations(
        lambda operations: responses(
            operations, status_becomes(404, answer(status, None if status == 204 else {"message": "No existe."}))
        )
    )


def _empty_when_unknown(*reading: str) -> Change:
    """Empty arrays or objects, as the shape is."""

    def empty(operation: Operation) -> Change:
        array = operation.answer is not None and operation.answer.type == "array"
        return responses(operation.id, status_becomes(404, answer(200, [] if array else {})))

    return chain(*(empty(spec.api(reading[0]).operations[name]) for name in operations_about(*reading)))


def _lenient_ignored(ask: Ask) -> Ask:
    """The request without the arguments that are not of their type, but mean something."""
    meant = as_meant(ask).arguments
    wrong = [name for name, value in ask.arguments.items() if json.dumps(value) != json.dumps(meant[name])]
    return ask.without(*wrong) if wrong else ask


def _both(ask: Ask) -> bool:
    return ask.argument("Id_account") is not None and ask.argument("Id_services") is not None


def _neither(ask: Ask) -> bool:
    return ask.argument("Id_account") is None and ask.argument("Id_services") is None


def _if_both(change: Change) -> Follow:
    return at_operations(lambda operations: exchange(operations, change, _both))


async def _union(ask: Ask, server: Server) -> Answer:
    clean, services = await server(ask), await server(ask.to("listServices"))
    if not clean.ok or not services.ok:
        return clean
    of_account = [s["id_service"] for s in services.json() if s["id_account"] == ask.argument("Id_account")]
    named = ask.argument("Id_services")
    return await server(ask.without("Id_account").with_arguments(Id_services=sorted({*named, *of_account})))


def _emptied(old: Answer) -> Answer:
    return old.with_json([]) if old.ok else old


# Ranges of dates.


def bounds_of(ask: Ask) -> tuple[datetime | None, datetime | None]:
    """Begin and end of the range that is asked for, None for what is not there or cannot be read."""
    dates = ask.target.date_range
    assert dates is not None, f"{ask.operation} has no range of dates"
    found: list[datetime | None] = []
    for name in (dates.start, dates.end):
        try:
            found.append(local_time(ask.argument(name)))
        except (TypeError, ValueError, OverflowError):
            found.append(None)
    return found[0], found[1]


def moved(side: str, change: Callable[[Ask, datetime], datetime]) -> Callable[[Ask], Ask]:
    """Move the `start` or the `end` of the range, if it can be read."""

    def changed(ask: Ask) -> Ask:
        bound = bounds_of(ask)[side == "end"]
        try:
            return (
                ask.with_arguments(**{getattr(ask.target.date_range, side): change(ask, bound).isoformat()})
                if (bound)
                else ask
            )
        except OverflowError:
            return ask

    return changed


def _moving(*moves: Callable[[Ask], Ask]) -> Follow:
    return at_operations(lambda operations: chain(*(requests(operations, move) for move in moves)))


def later(_: Ask, bound: datetime) -> datetime:
    """The next instant."""
    return bound + timedelta(microseconds=1)


def midnight(_: Ask, bound: datetime) -> datetime:
    """The beginning of the day."""
    return bound.replace(hour=0, minute=0, second=0, microsecond=0)


def _day_after(_: Ask, bound: datetime) -> datetime:
    return midnight(_, bound) + timedelta(days=1)


def _reversed(ask: Ask) -> list[str]:
    start, end = bounds_of(ask)
    dates = ask.target.date_range
    return [dates.start, dates.end] if dates and start and end and start > end else []


def _too_long(ask: Ask) -> bool:
    start, end = bounds_of(ask)
    days = {"HOURLY": 31, "DAILY": 366}.get(str(ask.arguments.get("Interval", "DAILY")), 100_000)
    return bool(start and end and end - start > timedelta(days=days))


async def _range_limit(ask: Ask, server: Server) -> Answer:
    clean = await server(ask)
    return (
        answer(400, {"message": "El rango es demasiado largo: 31 días por hora, 366 por día."}) if clean.ok else clean
    )


def _recent(ask: Ask) -> Ask:
    """The request with the last two years, roughly, when it names no range."""
    dates = ask.target.date_range
    if dates is None or not ask.readable or {dates.start, dates.end} & set(ask.arguments):
        return ask
    return ask.with_arguments(**{dates.start: (TODAY - timedelta(days=690)).isoformat()})


async def _whole_rules(ask: Ask, server: Server) -> Answer:
    """The rules that were met in the range, with all their times."""
    clean = await server(ask)
    dates = ask.target.date_range
    if not clean.ok or dates is None:
        return clean
    whole = {rule["Id_alarm"]: rule for rule in await everything(ask.without(dates.start, dates.end), server)}
    page = clean.json()
    return clean.with_json({**page, "data": [whole[rule["Id_alarm"]] for rule in page["data"]]})


def floor(ask: Ask, bound: datetime) -> datetime:
    """The start of the period of which the bound is a part."""
    bound = bound.replace(minute=0, second=0, microsecond=0)
    if ask.argument("Interval") == "HOURLY":
        return bound
    return bound.replace(hour=0, day=1 if ask.argument("Interval") == "MONTHLY" else bound.day)


def _ends(ask: Ask, start: datetime) -> datetime:
    """The end of the period that starts then."""
    lengths = {"HOURLY": timedelta(hours=1), "DAILY": timedelta(days=1), "MONTHLY": timedelta(days=31)}
    return floor(ask, start + lengths.get(ask.argument("Interval"), timedelta()))


_WHOLE = moved("start", floor)


async def _cut_periods(ask: Ask, server: Server) -> Answer:
    """Days and months at the ends of the range are the sum of those of their hours that are in it."""
    clean = await server(ask)
    start, stop = bounds_of(ask)
    if not clean.ok or ask.argument("Interval") == "HOURLY" or start is None or stop is None:
        return clean
    if start >= stop or stop.year == MAXYEAR:
        return clean
    whole = await server(_WHOLE(ask))
    parts: dict[tuple[int, str], Item] = {}
    for first in {floor(ask, start), floor(ask, stop)}:
        bounds = max(first, start), min(_ends(ask, first), stop)
        if bounds == (first, _ends(ask, first)) or bounds[0] >= bounds[1]:
            continue
        names = dict(zip(("From", "To"), (bound.isoformat() for bound in bounds), strict=True))
        hours = await server(ask.with_arguments(**names, Interval="HOURLY"))
        for row in (row for account in hours.json() for row in account["data"]):
            key = (row["id_service"], first.isoformat())
            parts[key] = _sum(parts[key], row) if key in parts else {**row, "date": first.isoformat(), "n": 1}
    rows = {key: _mean(row) for key, row in parts.items()}
    return whole.with_json(
        alter(whole.json(), "/*/data/*", lambda row: rows.get((row["id_service"], row["date"]), row))
    )


ENERGIES = ("cons", "injec", "reactive_in", "reactive_in_ex", "reactive_cap", "reactive_ex")


def _sum(total: Item, hour: Item) -> Item:
    added = {name: round(total[name] + hour[name], 3) for name in (*ENERGIES, *PHASES)}
    registers = {name: value for name, value in hour.items() if name.endswith("_acum")}
    return {**total, **registers, **added, "n": total["n"] + 1}


def _mean(total: Item) -> Item:
    means = {name: round(total[name] / total["n"], 3) for name in PHASES}
    return {name: value for name, value in {**total, **means}.items() if name != "n"}


# Rows of consumption.


def _ending(last: timedelta) -> Follow:
    """Date rows by the end of their period, or by so much before."""

    async def changed(ask: Ask, server: Server) -> Answer:
        clean, (start, stop) = await server(ask), bounds_of(ask)
        if not clean.ok or start is None or stop is None or start.year < 2 or stop.year == MAXYEAR:
            return clean
        wider = await server(moved("start", lambda _, bound: bound - timedelta(days=32))(ask))
        found = []
        for account in wider.json():
            rows = []
            for row in account["data"]:
                date = _ends(ask, datetime.fromisoformat(row["date"])) - last
                if start <= date < stop:
                    rows.append({**row, "date": date.isoformat()})
            found += [{**account, "data": rows}] if rows or not account["data"] else []
        # An account without rows stays when it would stay otherwise.
        return clean.with_json(found)

    return everywhere(exchange("queryConsumption", changed))


def _of_rows(change: Callable[[Items], Items], when: Callable[[Ask], bool] = lambda _: True) -> Follow:
    return at_operations(lambda operations: answers(operations, change, "/*/data", when))


def _hourly(ask: Ask) -> bool:
    return bool(ask.argument("Interval") == "HOURLY")


def without_unmeasured(rows: Items) -> Items:
    """Those hours that were measured."""
    return [row for row in rows if not _unmeasured(row["date"])]


def _zeros(rows: Items) -> Items:
    zero = dict.fromkeys((*ENERGIES, *PHASES), 0)
    return [{**row, **zero} if _unmeasured(row["date"]) else row for row in rows]


async def _without_running(ask: Ask, server: Server) -> Answer:
    """The last day and the last month of which there are readings are not over."""
    clean = await server(ask)
    if not clean.ok or _hourly(ask):
        return clean
    running = floor(ask, HOURS[-1]).isoformat()
    kept = [{**a, "data": [row for row in a["data"] if row["date"] < running]} for a in clean.json()]
    return clean.with_json([account for account in kept if account["data"]])


def _register_before(operation: str) -> Change:
    schema = spec.api("neu").operations[operation].answer
    grows = {
        at.rpartition("/")[2]: place.register_of.field.rpartition("/")[2]
        for at, place in (schema.places() if schema else ())
        if place.register_of
    }
    return answers(
        operation,
        lambda row: {**row, **{name: round(row[name] - row[field], 3) for name, field in grows.items()}},
        "/*/data/*",
    )


async def _empty_accounts(ask: Ask, server: Server) -> Answer:
    """Accounts that are asked for are there though they have no readings in the range."""
    clean, services = await server(ask), await server(ask.to("listServices"))
    if not clean.ok or not services.ok:
        return clean
    rows = {account["id_account"]: account for account in clean.json()}
    account, named = ask.argument("Id_account"), ask.argument("Id_services")
    chosen = {
        s["id_account"]: {"id_account": s["id_account"], "account_name": s["account_name"], "data": []}
        for s in services.json()
        if account in (None, s["id_account"]) and (named is None or s["id_service"] in named)
    }
    return clean.with_json(list({**chosen, **rows}.values()))


async def _unmet_rules(ask: Ask, server: Server, items: Items) -> Items:
    """All rules, those that were not met in the range without times."""
    met = {item["Id_alarm"]: item for item in items}
    dates = ask.target.date_range
    whole = await everything(ask.without(dates.start, dates.end) if dates else ask, server)
    return [met.get(item["Id_alarm"], {**item, "data": []}) for item in whole]


def _empty_groups(*_: str) -> Change:
    return chain(exchange("queryConsumption", _empty_accounts), relisted("listRuleHistory", _unmet_rules))


# Lists.


Relist = Callable[[Ask, Server, Items], Awaitable[Items]]


def relisted(operations: str, change: Relist, unasked: bool = False, size: int | None = None) -> Change:
    """Pages of NEU are cut from another list of all items.

    Args:
        operations: see `exchange`.
        change: gives the items for those that the server finds.
        unasked: True if the server finds them without the range of dates.
        size: of the pages, unless the usual one.

    """

    async def changed(ask: Ask, server: Server) -> Answer:
        clean, dates = await server(ask), ask.target.date_range
        if not clean.ok:
            return clean
        whole = ask.without(dates.start, dates.end) if unasked and dates else ask
        items = await change(ask, server, await everything(whole, server))
        number, length = page_of(ask), size or size_of(ask)
        last = max(1, -(-len(items) // length))
        counters = {"total": len(items), "last": last, "next": number + 1 if 0 < number < last else None}
        return with_items(ask, clean, cut(items, number, length) if number > 0 else [], **counters)

    return exchange(operations, changed)


async def _same(_: Ask, __: Server, items: Items) -> Items:
    return items


def _by_date(dated: Callable[[Item], str | None]) -> Follow:
    """Have the range of dates filter another date of the items; None is in no range."""

    async def change(ask: Ask, _: Server, items: Items) -> Items:
        start, stop = bounds_of(ask)

        def inside(item: Item) -> bool:
            date = dated(item)
            if date is None:
                return start is None and stop is None
            moment = datetime.fromisoformat(date)
            return (start is None or start <= moment) and (stop is None or moment < stop)

        if all("data" in item for item in items):
            kept = [{**item, "data": [each for each in item["data"] if inside(each)]} for item in items]
            return [item for item in kept if item["data"]]
        return [item for item in items if inside(item)]

    return at_operations(lambda operations: relisted(operations, change, unasked=True))


def _hidden(item: Item) -> str:
    """A date that the item does not show: some days before the one that it shows."""
    shown = next(item[name] for name in ("creation_date", "date", "date_expiration") if name in item)
    return (datetime.fromisoformat(shown) - timedelta(days=11, hours=7)).isoformat()


def _sorted(reverse: bool) -> Follow:
    """Order lists by date, or by identifier what has no date."""

    def follow(*reading: str) -> Change:
        return chain(*(_ordered(spec.api(reading[0]).operations[name], reverse) for name in operations_about(*reading)))

    return follow


def _rows(operation: Operation) -> str:
    """Pointer to the array in the answer that is ordered, the innermost one that a range of dates filters."""
    if operation.pagination is not None:
        return f"/{operation.pagination.items}" if operation.pagination.items else ""
    return operation.date_range.field.rpartition("/*")[0] if operation.date_range else ""


def _ordered(operation: Operation, reverse: bool) -> Change:
    schema = operation.answer.at(_rows(operation)) if operation.answer else None
    assert schema is not None, f"{operation.id} answers with no list"
    assert schema.items is not None, f"{operation.id} answers with no list"
    fields = schema.items.properties
    filtered = operation.date_range.field.removeprefix(_rows(operation)) if operation.date_range else ""
    dates = [name for name, each in fields.items() if each.schema.is_timestamp]
    ids = [name for name, each in fields.items() if each.schema.type == "integer"]
    key = filtered.removeprefix("/*/") if filtered.removeprefix("/*/") in fields else (*dates, *ids)[0]

    def ordered(items: Items) -> Items:
        return sorted(items, key=lambda item: (item[key], encode(item)), reverse=reverse)

    async def change(_: Ask, __: Server, items: Items) -> Items:
        return ordered(items)

    if operation.pagination is not None:
        return relisted(operation.id, change)
    return answers(operation.id, ordered, _rows(operation))


def shuffled(items: Items) -> Items:
    """The items in no visible order, the same at each time."""
    return sorted(items, key=lambda item: crc32(encode(item)[::-1]))


def _shuffled(*reading: str) -> Change:
    async def change(_: Ask, __: Server, items: Items) -> Items:
        return shuffled(items)

    operations = [spec.api(reading[0]).operations[name] for name in operations_about(*reading)]
    paged = " ".join(each.id for each in operations if each.pagination)
    whole = [answers(each.id, shuffled, _rows(each)) for each in operations if not each.pagination]
    return chain(relisted(paged, change), *whole)


def _page(ask: Ask) -> str:
    assert ask.target.pagination is not None, f"{ask.operation} has no pages"
    return ask.target.pagination.page


def _low(ask: Ask) -> bool:
    number = ask.argument(_page(ask), 1)
    return isinstance(number, int) and number < 1


def _first_instead(ask: Ask) -> Ask:
    return to_page(ask, 1) if _low(ask) else ask


def after_last(operations: str, change: Callable[[Ask, Server, int, Answer], Awaitable[Answer]]) -> Change:
    """Answer pages after the last otherwise; `change` also gets the number of the last one."""

    async def changed(ask: Ask, server: Server) -> Answer:
        clean = await server(ask)
        if not clean.ok or page_of(ask) < 2:
            return clean
        last = max(1, -(-len(await everything(ask, server)) // size_of(ask)))
        return await change(ask, server, last, clean) if page_of(ask) > last else clean

    return exchange(operations, changed)


def _after_last(change: Callable[[Ask, Server, int, Answer], Awaitable[Answer]]) -> Follow:
    return at_operations(lambda operations: after_last(operations, change))


def _status(code: int) -> Callable[[Ask, Server, int, Answer], Awaitable[Answer]]:
    async def change(*_: Any) -> Answer:
        return answer(code, None if code == 204 else {"message": "No hay tal página."})

    return change


async def _last_page(ask: Ask, server: Server, last: int, _: Answer) -> Answer:
    return await server(to_page(ask, last))


def _next_of_last(value: Callable[[Item], Any]) -> Follow:
    return at_fields(
        lambda page, names: {**page, **{name: value(page) for name in names if page[name] is None and page["data"]}}
    )


async def _unpaid_only(ask: Ask, server: Server, items: Items) -> Items:
    bills = await everything(ask.to("listBills"), server)
    unpaid = {bill["id_bill"] for bill in bills if bill["date_payment"] is None}
    return [item for item in items if item["id_bill"] in unpaid]


async def _late_too(ask: Ask, server: Server) -> Answer:
    """Bills that were paid late are there with the days until they were paid."""
    clean = await server(ask)
    if not clean.ok:
        return clean
    late = [
        {
            "id_bill": str(bill["id_bill"]),
            "due_date": bill["date_expiration"],
            "days": (
                datetime.fromisoformat(bill["date_payment"]) - datetime.fromisoformat(bill["date_expiration"])
            ).days,
        }
        for bill in await everything(ask.to("listBills"), server)
        if bill["date_payment"] and bill["date_payment"] > bill["date_expiration"]
    ]
    return clean.with_json(sorted([*clean.json(), *late], key=lambda bill: bill["due_date"], reverse=True))


def _of_projects(own: bool) -> Follow:
    """Projects are accounts, or things of their own: rules name them, and a filter takes their identifiers."""

    async def change(ask: Ask, server: Server, items: Items) -> Items:
        services = (await server(ask.to("listServices"))).json()
        if own:
            projects = {s["name"]: (900_000 + n, f"Proyecto {n + 1:03}") for n, s in enumerate(services)}
        else:
            projects = {s["name"]: (s["id_account"], s["account_name"]) for s in services}
        asked = ask.argument("Id_project")
        return [
            {**item, "project": projects[item["project"]][1]}
            for item in items
            if asked in (None, projects[item["project"]][0])
        ]

    async def changed(ask: Ask, server: Server) -> Answer:
        async def of_all(inner: Ask) -> Answer:
            return await server(inner.without("Id_project") if inner.operation == ask.operation else inner)

        async def every(outer: Ask, _: Server, __: Items) -> Items:
            return await change(outer, server, await everything(outer, of_all))

        clean = await server(ask)
        return await relisted(ask.operation, every)(ask, server) if clean.ok else clean

    return at_operations(lambda operations: exchange(operations, changed))


# Values of fields.


def _first(record: Item) -> Any:
    """The value by which a record is known: its first one."""
    return next(iter(record.values()), None)


def _lacking(schema: Schema, record: Item, name: str) -> bool:
    """True for a value that another server might not have.

    It depends on what the operations and intervals agree in: the text itself, or whose record it is.
    """
    value = record[name]
    if not value or "never" not in schema.open["no-value"].readings:
        return not value
    if isinstance(value, str):
        return crc32(value.encode()) % 3 == 0
    # What a meter counted has a value, and others rely on it; what it does not count is zero.
    return not schema.aggregate and crc32(repr(_first(record)).encode()) % 3 == 0


def _lack(absent: bool) -> Follow:
    def follow(*reading: str) -> Change:
        changes = []
        for operation, at in fields_about(*reading).items():
            schema = spec.api(reading[0]).operations[operation].answer
            for record, names in at.items():
                place = schema.at(record) if schema else None
                about = {name: each.schema for name, each in place.properties.items() if name in names} if place else {}
                changes.append(answers(operation, _without_values(about, absent), record))
        return chain(*changes)

    return follow


def _without_values(about: Mapping[str, Schema], absent: bool) -> Callable[[Item], Item]:
    def change(item: Item) -> Item:
        lacking = {name for name in about if name in item and _lacking(about[name], item, name)}
        if absent:
            return {name: value for name, value in item.items() if name not in lacking}
        return {**item, **dict.fromkeys(lacking)}

    return change


def _leave_out(item: Item, names: list[str]) -> Item:
    """The record without those of the fields that are null."""
    return {name: value for name, value in item.items() if name not in names or value is not None}


def _coded(text: str) -> str:
    return f"T-{crc32(text.encode()) % 10_000:04}"


def utc(local: str) -> str:
    """A local time of Colombia as one of UTC."""
    return f"{(datetime.fromisoformat(local) + timedelta(hours=5)).isoformat()}Z"


def _fraction(local: str) -> str:
    return local + (".0", ".000", ".000000000")[crc32(local.encode()) % 3]


def _lump(concept: Item) -> Item:
    return {**concept, "quantity": 0, "unit_value": 0} if concept["quantity"] == 1 else concept


def _per_cent(concepts: Items) -> Items:
    """The second item of a bill is a percentage of the first."""
    base, second = concepts[0]["total"], concepts[1]
    if not base:
        return concepts
    share = {"quantity": round(100 * second["total"] / base, 4), "unit_value": base}
    return [concepts[0], {**second, **share}, *concepts[2:]]


def _rounded(bill: Item) -> Item:
    payment = bill["platform_payments"]
    value = float(round(bill["payment_value"] / 50) * 50)
    return {
        **bill,
        "payment_value": value,
        "platform_payments": payment and {**payment, "payment_Value": value},
    }


def _balance(transactions: Items) -> Items:
    found, balance = [], 0
    for each in transactions:
        balance += each["value"]
        found.append({**each, "value": balance})
    return found


_NEITHER: Probe = (
    ("queryConsumption", {"Interval": "MONTHLY", "From": "2021-12-01T00:00:00", "To": "2022-01-01T00:00:00"}),
)
_NEU = (
    *BOTH,
    Reading("null-argument", "ignored", at_operations(lambda operations: arguments(operations, without_nulls)),
             probe=(("listPqrs", {"From": None}),)),
    Reading("lenient-type", "ignored", at_operations(lambda operations: requests(operations, _lenient_ignored))),
    Reading("unknown-filter", "404", _unknown_filter(404)),
    Reading("unknown-filter", "204", _unknown_filter(204)),
    Reading("unknown-filter", "refused", _unknown_filter(400)),
    Reading("unknown-id", "204", _unknown_id(204)),
    Reading("unknown-id", "403", _unknown_id(403)),
    Reading("unknown-id", "empty", _empty_when_unknown),
    Reading("both-selected", "account", _if_both(instead("*", lambda ask: ask.without("Id_services")))),
    Reading("both-selected", "services", _if_both(instead("*", lambda ask: ask.without("Id_account")))),
    Reading("both-selected", "union", _if_both(_union)),
    Reading("both-selected", "refused", refusing_if(_both, "Id_account", "Id_services")),
    Reading("none-selected", "nothing", at_operations(lambda operations: responses(operations, _emptied, _neither)),
             probe=_NEITHER),
    Reading("none-selected", "refused", refusing_if(_neither, "Id_account", "Id_services")),
    Reading("project", "account", _of_projects(own=False)),
    Reading("project", "own", _of_projects(own=True)),
    Reading("range-start", "excluded", _moving(moved("start", later))),
    Reading("range-end", "included", _moving(moved("end", later))),
    Reading("range-end", "whole-day", _moving(moved("end", _day_after))),
    Reading("range-time", "dropped", _moving(moved("start", midnight), moved("end", midnight))),
    Reading("range-reversed", "refused", at_operations(lambda operations: refuse(operations, _reversed))),
    Reading("range-limit", "refused", at_operations(lambda operations: exchange(operations, _range_limit, _too_long))),
    Reading("no-range", "recent", at_operations(lambda operations: requests(operations, _recent))),
    Reading("range-date", "date_expiration", _by_date(lambda item: item["date_expiration"])),
    Reading("range-date", "date_payment", _by_date(lambda item: item["date_payment"])),
    Reading("range-date", "interaction_date", _by_date(lambda item: item["interaction_date"])),
    Reading("range-date", "hidden", _by_date(_hidden)),
    Reading("history-range", "rules", at_operations(lambda operations: exchange(operations, _whole_rules))),
    Reading("range-cut", "whole", _moving(_WHOLE)),
    Reading("range-cut", "partial", at_operations(lambda operations: exchange(operations, _cut_periods))),
    Reading("range-cut", "left-out", _moving(moved("end", floor))),
    Reading("row-date", "end", _ending(timedelta())),
    Reading("row-date", "last", _ending(timedelta(seconds=1))),
    Reading("missing-readings", "zeros", _of_rows(_zeros, _hourly), METERS_WITH_GAPS),
    Reading("running-period", "left-out", at_operations(lambda operations: exchange(operations, _without_running))),
    Reading("day-total", "registers", _of_rows(without_unmeasured, _hourly)),
    Reading("register", "start", everywhere(_register_before("queryConsumption"))),
    Reading("period-value", "greatest", everywhere(unchanged), _metered(_of_hours(max))),
    Reading("period-value", "last", everywhere(unchanged), _metered(_of_hours(lambda hours: list(hours)[-1]))),
    Reading("empty-group", "listed", _empty_groups),
    Reading("list-order", "ascending", _sorted(reverse=False)),
    Reading("list-order", "descending", _sorted(reverse=True)),
    Reading("list-order", "other", _shuffled),
    Reading("overdue-bills", "late", at_operations(lambda operations: exchange(operations, _late_too)), PAID_LATE),
    Reading("overdue-days", "utc", at_values(lambda days: days + 1)),
    Reading("overdue-days", "fraction", at_values(lambda days: days + 0.625)),
    Reading("due-dates", "unpaid", at_operations(lambda operations: relisted(operations, _unpaid_only))),
    Reading("page-size", "other", at_operations(lambda operations: relisted(operations, _same, size=15))),
    Reading("below-one", "first", at_operations(lambda operations: requests(operations, _first_instead))),
    Reading("below-one", "refused", at_operations(
        lambda operations: refuse(operations, lambda ask: [_page(ask)] * _low(ask)))),
    Reading("page-after-last", "last", _after_last(_last_page)),
    Reading("page-after-last", "404", _after_last(_status(404))),
    Reading("page-after-last", "204", _after_last(_status(204))),
    Reading("page-after-last", "refused", _after_last(_status(400))),
    Reading("next-page", "absent", at_fields(_leave_out)),
    Reading("next-page", "zero", _next_of_last(lambda _: 0)),
    Reading("next-page", "last", _next_of_last(lambda page: page["maxPage"])),
    Reading("empty-max-page", "zero", at_fields(
        lambda page, names: page if page["total"] else {**page, **dict.fromkeys(names, 0)})),
    Reading("no-value", "null", _lack(absent=False)),
    Reading("no-value", "absent", _lack(absent=True)),
    Reading("no-payment", "absent", at_fields(_leave_out)),
    Reading("no-payment", "empty", at_fields(
        lambda bill, names: {**bill, **{name: {} for name in names if bill[name] is None}})),
    Reading("values", "any", at_values(_coded)),
    Reading("timestamp-zone", "utc", at_values(utc)),
    Reading("timestamp-zone", "offset", at_values(lambda local: f"{local}-0500")),
    Reading("timestamp-fraction", "some", at_values(_fraction)),
    Reading("timestamp-separator", "blank", at_values(lambda moment: moment.replace("T", " "))),
    Reading("concept-total", "lump", everywhere(answers("listBills", _lump, "/*/concepts/*"))),
    Reading("concept-total", "per-cent", everywhere(answers("listBills", _per_cent, "/*/concepts"))),
    Reading("bill-value", "rounded", everywhere(answers("listBills", _rounded, "/*"))),
    Reading("credit", "zero", at_values(lambda value: max(value, 0)), IN_CREDIT),
    Reading("limit", "below", everywhere(unchanged), other_data(_RulesBelow)),
    Reading("limit-unit", "other", at_values(lambda limit: limit * 1000)),
    Reading("neuget-value", "earned", everywhere(
        answers("listNeugetTransactions", lambda items: [item for item in items if item["value"] > 0]))),
    Reading("neuget-value", "unsigned", at_values(abs)),
    Reading("neuget-value", "balance", everywhere(answers("listNeugetTransactions", _balance))),
    Reading("neuget-sign", "negative", at_values(lambda value: -value)),
)  # fmt: skip


READINGS = tuple(variants_of("neu", _NEU))
