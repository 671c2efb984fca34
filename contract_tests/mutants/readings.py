"""Legal variants made from the spec: the bundled server follows another reading of an open question than ours.

The questions, their readings and the places that they are about come from the spec. Here is only how the server comes
to follow them.
"""

import json
import re
import time
import unicodedata
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from dataclasses import fields as dataclass_fields
from datetime import MAXYEAR, datetime, timedelta
from functools import cached_property
from typing import Any
from unittest.mock import patch
from urllib.parse import quote, urlencode
from zlib import crc32

from starlette.types import ASGIApp

from contrato import mock
from contrato.core import spec
from contrato.core.extensions import Opening
from contrato.core.schema import Schema
from contrato.core.spec import Operation, Parameter
from contrato.mock.apportionments import Apportionments, message
from contrato.mock.call import local_time
from contrato.mock.meters import DATES, HOURS, Columns, Meter
from contrato.mock.neu import TODAY, Neu, Service
from mutants.server import (
    Answer,
    Ask,
    Base,
    Change,
    Server,
    Variant,
    alter,
    answer,
    answers,
    arguments,
    chain,
    cut,
    encode,
    everything,
    exchange,
    headers,
    instead,
    page_of,
    requests,
    responses,
    size_of,
    to_page,
    with_items,
)

Item = dict[str, Any]
Items = list[Any]
Probe = tuple[tuple[str, Mapping[str, Any]], ...]


# Where a question is open.


def _otherwise(opened: Mapping[str, Opening], question: str, reading: str) -> bool:
    """True if the question is open there, and an honest server may follow the reading, which is not ours."""
    opening = opened.get(question)
    return opening is not None and reading in opening.readings and reading != opening.ours


def _asked(api: str, question: str, reading: str) -> dict[str, list[Parameter]]:
    """Operations about which the question is open, or about their body, or about arguments: then with these."""
    found = {}
    for operation in spec.api(api).operations.values():
        about = [each for each in operation.parameters if _otherwise(each.open, question, reading)]
        whole = [operation, operation.body] if operation.body else [operation]
        if about or any(_otherwise(element.open, question, reading) for element in whole):
            found[operation.id] = about
    return found


def fields_about(api: str, question: str, reading: str) -> dict[str, dict[str, list[str]]]:
    """Fields of answers about which the question is open: by operation, and by pointer to the record."""
    found: dict[str, dict[str, list[str]]] = {}
    for operation in spec.api(api).operations.values():
        for pointer, schema in operation.answer.places() if operation.answer else ():
            if _otherwise(schema.open, question, reading):
                record, _, name = pointer.rpartition("/")
                found.setdefault(operation.id, {}).setdefault(record, []).append(name)
    return found


Follow = Callable[[str, str, str], Change]
"""Makes the change for an API, a question of it and a reading."""


def _in(change: Callable[[str], Change]) -> Follow:
    """Change the operations about which the question is open."""
    return lambda *reading: change(" ".join(_asked(*reading)))


def _everywhere(change: Change) -> Follow:
    """Change what the change itself chooses."""
    return lambda *_: change


def _arguments(change: Callable[[Ask, Server, list[Parameter]], Awaitable[Answer]]) -> Follow:
    """Change the requests to operations with arguments about which the question is open."""

    def follow(*reading: str) -> Change:
        about = _asked(*reading)

        async def changed(ask: Ask, server: Server) -> Answer:
            return await change(ask, server, about[ask.operation])

        return exchange(" ".join(about), changed)

    return follow


def _fields(change: Callable[[Item, list[str]], Item]) -> Follow:
    """Change the records with fields about which the question is open."""

    def follow(*reading: str) -> Change:
        def altered(operation: str, record: str, names: list[str]) -> Change:
            return answers(operation, lambda item: change(item, [n for n in names if n in item]), record)

        about = fields_about(*reading)
        return chain(*(altered(op, record, names) for op, at in about.items() for record, names in at.items()))

    return follow


def _each(change: Callable[[Any], Any]) -> Follow:
    """Change the values of the fields about which the question is open, those that are not null."""
    return _fields(
        lambda item, names: {**item, **{name: change(item[name]) for name in names if item[name] is not None}}
    )


# Other data.


def other_data(neu: type[Neu] = Neu, apportionments: type[Apportionments] = Apportionments) -> Base:
    """The bundled server over data that is made otherwise."""

    def base(seed: int, token: str) -> ASGIApp:
        with patch("contrato.mock.app.Neu", neu), patch("contrato.mock.app.Apportionments", apportionments):
            return mock.create_app(seed, token)

    return base


async def unchanged(ask: Ask, server: Server) -> Answer:
    """Stand for a change that the data make."""
    return await server(ask)


def _metered(kind: type[Meter]) -> Base:
    """NEU with other meters."""

    class Metered(Neu):
        def _service(self, *args: Any, **kwargs: Any) -> Service:
            service = super()._service(*args, **kwargs)
            same = {field.name: getattr(service.meter, field.name) for field in dataclass_fields(service.meter)}
            return replace(service, meter=kind(**same))

    return other_data(Metered)


PHASES = ("ia", "ib", "ic", "va", "vb", "vc")


def _of_hours(choose: Callable[[Iterable[int]], int]) -> type[Meter]:
    """A meter whose currents and voltages over a longer period are one of those of its hours."""

    class Chosen(Meter):
        def columns(self, interval: str) -> Columns:
            hourly, found = super().columns("HOURLY"), dict(super().columns(interval))
            starts = [HOURS.index(datetime.fromisoformat(date)) for date in DATES[interval]]
            for name in PHASES if interval != "HOURLY" else ():
                stops = [*starts[1:], len(HOURS)]
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
NOTHING = "\N{ZERO WIDTH NO-BREAK SPACE}"


class _Undescribed(Apportionments):
    """Every third record has no description."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        for record in list(self._records.values())[::3]:
            record["description"] = NOTHING


class _UniqueNames(Apportionments):
    """No two records have one name."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        for record in self._records.values():
            record["name"] = f"{record['name']} {record['id']}"


# Refusals.


def _refusing(ask: Ask, *names: str) -> Answer:
    """A refusal of these arguments, as the API writes it."""
    if ask.api == "neu":
        return answer(400, {"message": "La petición no es válida.", "fields": list(names)})
    return answer(422, {name: [f"O campo {name.removeprefix('_')} é inválido."] for name in names})


def refuse(operations: str, when: Callable[[Ask], Iterable[str]]) -> Change:
    """Refuse requests that the bundled server would answer, for the sake of the arguments that `when` names."""

    async def changed(ask: Ask, server: Server) -> Answer:
        wrong = list(when(ask))
        if not wrong:
            return await server(ask)
        # The token comes first, and nothing is written: a body that is no object is refused.
        writes = ask.target.body is not None and not ask.target.safe
        clean = await server(ask.with_json([]) if writes else ask)
        return _refusing(ask, *wrong) if clean.status // 100 == 2 or (writes and clean.status == 422) else clean

    return exchange(operations, changed)


def _refusing_if(when: Callable[[Ask], bool], *names: str) -> Follow:
    return _in(lambda operations: refuse(operations, lambda ask: names or ("body",) if when(ask) else ()))


def _instead_of(status: int, new: Answer) -> Callable[[Answer], Answer]:
    return lambda old: new if old.status == status else old


def _as_problem(old: Answer) -> Answer:
    problem = {"type": "about:blank", "title": "Error", "status": old.status}
    return replace(old, body=encode(problem)).with_header("content-type", "application/problem+json")


def _as_text(old: Answer) -> Answer:
    return replace(old, body=f"Error {old.status}\n".encode()).with_header("content-type", "text/plain; charset=utf-8")


def _as_page(old: Answer) -> Answer:
    page = f"<!doctype html><title>{old.status}</title><p>Error".encode()
    return replace(old, body=page).with_header("content-type", "text/html; charset=utf-8")


def _as_nothing(old: Answer) -> Answer:
    return replace(old, body=b"").with_header("content-type", None)


def _errors(change: Callable[[Answer], Answer]) -> Follow:
    """Change the errors of which the document does not show the body."""

    def follow(api: str, *_: str) -> Change:
        shown = (422,) if api == "apportionments" else ()
        return responses("*", lambda old: change(old) if old.status >= 400 and old.status not in shown else old)

    return follow


def _limiting(**headers: str) -> Change:
    """Refuse every thirtieth request, undone."""

    async def limited(ask: Ask, server: Server) -> Answer:
        ask.memory["count"] = ask.memory.get("count", 0) + 1
        if ask.memory["count"] % 30 == 0:
            return answer(429, {"message": "Too Many Requests"}, **headers)
        return await server(ask)

    return exchange("*", limited)


async def _other_methods(ask: Ask, server: Server) -> Answer:
    """HEAD is like GET, OPTIONS tells the methods, PATCH is like PUT."""
    api = spec.api(ask.api)
    path = quote(ask.path.removeprefix(api.mount))
    found = {operation.method: operation for operation in api.operations.values() if operation.match(path) is not None}
    if ask.method == "OPTIONS" and found:
        methods = sorted({*found, "OPTIONS"} | ({"HEAD"} if "GET" in found else set()))
        return Answer(204, (("allow", ", ".join(methods)),))
    if ask.method == "HEAD":
        clean = await server(replace(ask, method="GET"))
        return replace(clean, body=b"", headers=(*clean.headers, ("content-length", str(len(clean.body)))))
    if ask.method == "PATCH" and "PUT" in found:
        return await server(replace(ask, method="PUT", operation=found["PUT"].id))
    return await server(ask)


# Arguments.


async def known(ask: Ask, server: Server, parameter: Parameter) -> set[Any]:
    """The values of an argument that exist, found where the spec says."""
    values: set[Any] = set()

    def seen(value: Any) -> Any:
        values.add(value)
        return value

    for reference in parameter.refers_to:
        found = await server(ask.to(reference.operation))
        if found.ok:
            alter(found.json(), reference.pointer, seen)
    return values


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

    return _arguments(changed)


def _unknown_id(status: int) -> Follow:
    return _in(
        lambda operations: responses(
            operations, _instead_of(404, answer(status, None if status == 204 else {"message": "No existe."}))
        )
    )


def _empty_when_unknown(*reading: str) -> Change:
    """Empty arrays or objects, as the shape is."""

    def empty(operation: Operation) -> Change:
        array = operation.answer is not None and operation.answer.type == "array"
        return responses(operation.id, _instead_of(404, answer(200, [] if array else {})))

    return chain(*(empty(spec.api(reading[0]).operations[name]) for name in _asked(*reading)))


def _obvious(value: Any, schema: Schema) -> Any:
    """The value that is meant by one of another type; the value itself if it is of the type, or means nothing."""
    if schema.type == "array" and schema.items is not None:
        values = value if isinstance(value, list) else [value]
        return [_obvious(each, schema.items) for each in values] if value is not None else value
    if schema.type == "integer" and isinstance(value, str) and re.fullmatch(r"-?\d{1,15}", value):
        return int(value)
    if schema.type == "boolean" and value in (0, 1, "0", "1", "true", "false"):
        return value in (1, "1", "true")
    if schema.type == "string" and not schema.is_timestamp and not schema.enum and type(value) in (int, float):
        return str(value)
    return value


def _lenient(ask: Ask) -> Ask:
    """Each argument as it is meant."""
    if not ask.readable:
        return ask
    schemas = {parameter.name: parameter.schema for parameter in ask.target.parameters if parameter.place == "body"}
    meant = {
        name: _obvious(value, schemas[name]) if name in schemas else value for name, value in ask.arguments.items()
    }
    return ask.asking(meant)


def _lenient_ignored(ask: Ask) -> Ask:
    """The request without the arguments that are not of their type, but mean something."""
    meant = _lenient(ask).arguments
    wrong = [name for name, value in ask.arguments.items() if json.dumps(value) != json.dumps(meant[name])]
    return ask.without(*wrong) if wrong else ask


def _without_nulls(asked: Item) -> Item:
    return {name: value for name, value in asked.items() if value is not None}


def unknown_arguments(ask: Ask) -> list[str]:
    """Names of arguments that the operation does not have."""
    with_body = ask.target.body is not None
    names = {parameter.name for parameter in ask.target.parameters if (parameter.place == "body") == with_body}
    return sorted(set(ask.json() if with_body else ask.query) - names) if ask.readable else []


def _both(ask: Ask) -> bool:
    return ask.argument("Id_account") is not None and ask.argument("Id_services") is not None


def _neither(ask: Ask) -> bool:
    return ask.argument("Id_account") is None and ask.argument("Id_services") is None


def _if_both(change: Change) -> Follow:
    return _in(lambda operations: exchange(operations, change, _both))


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
    return _in(lambda operations: chain(*(requests(operations, move) for move in moves)))


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

    return _everywhere(exchange("queryConsumption", changed))


def _of_rows(change: Callable[[Items], Items], when: Callable[[Ask], bool] = lambda _: True) -> Follow:
    return _in(lambda operations: answers(operations, change, "/*/data", when))


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

    return _in(lambda operations: relisted(operations, change, unasked=True))


def _hidden(item: Item) -> str:
    """A date that the item does not show: some days before the one that it shows."""
    shown = next(item[name] for name in ("creation_date", "date", "date_expiration") if name in item)
    return (datetime.fromisoformat(shown) - timedelta(days=11, hours=7)).isoformat()


def _sorted(reverse: bool) -> Follow:
    """Order lists by date, or by identifier what has no date."""

    def follow(*reading: str) -> Change:
        return chain(*(_ordered(spec.api(reading[0]).operations[name], reverse) for name in _asked(*reading)))

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

    operations = [spec.api(reading[0]).operations[name] for name in _asked(*reading)]
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
    return _in(lambda operations: after_last(operations, change))


def _status(code: int) -> Callable[[Ask, Server, int, Answer], Awaitable[Answer]]:
    async def change(*_: Any) -> Answer:
        return answer(code, None if code == 204 else {"message": "No hay tal página."})

    return change


async def _last_page(ask: Ask, server: Server, last: int, _: Answer) -> Answer:
    return await server(to_page(ask, last))


def _next_of_last(value: Callable[[Item], Any]) -> Follow:
    return _fields(
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

    return _in(lambda operations: exchange(operations, changed))


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


# Apportionments.


def _below_one(ask: Ask) -> list[str]:
    asked = ask.target.pagination
    names = [name for name in (asked.page, asked.limit) if name] if asked else []
    return [name for name in names if isinstance(n := ask.argument(name), int) and n < 1]


async def _refuse_below_one(ask: Ask, server: Server) -> Answer:
    clean, low = await server(ask), _below_one(ask)
    return _refusing(ask, *low) if clean.status == 204 and low else clean


def _defaults_below_one(ask: Ask) -> Ask:
    defaults = {name: ask.target.parameter(name).schema.default for name in _below_one(ask)}
    return ask.with_arguments(**defaults) if defaults else ask


def relisted_records(change: Callable[[Ask, Items], Items], when: Callable[[Ask], bool], *unasked: str) -> Change:
    """Pages of apportionments are cut from another list of all records.

    Args:
        change: gives the records for those that the server finds.
        when: which requests.
        unasked: arguments without which the server looks for them.

    """

    async def changed(ask: Ask, server: Server) -> Answer:
        clean = await server(ask)
        if clean.status not in (200, 204) or _below_one(ask):
            return clean
        found = await server(ask.without(*unasked).with_arguments(_page=1, _limit=1_000_000))
        items = change(ask, found.json()["items"] if found.ok else [])
        page, limit = page_of(ask), size_of(ask)
        shown = cut(items, page, limit)
        if not shown:
            return answer(204)
        return answer(200, {"items": shown, "total": len(items), "per_page": limit, "current_page": page})

    return exchange("listApportionments", changed, when)


def _plain(text: str) -> str:
    """The text without accents, in small letters."""
    letters = unicodedata.normalize("NFD", text)
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).casefold()


def _searching(found: Callable[[str, Item], bool]) -> Follow:
    return _everywhere(
        relisted_records(
            lambda ask, records: [record for record in records if found(ask.argument("_q"), record)],
            lambda ask: bool(ask.argument("_q")),
            "_q",
        )
    )


def _texts(record: Item) -> list[str]:
    return [record["name"], record["description"]]


def _by_words(enough: Callable[[Iterable[bool]], bool]) -> Follow:
    def found(text: str, record: Item) -> bool:
        words, where = text.casefold().split(), " ".join(_texts(record)).casefold()
        return enough(word in where for word in words) if words else text.casefold() in where

    return _searching(found)


def _starts(text: str, record: Item) -> bool:
    return any(re.search(r"(?<!\w)" + re.escape(text.casefold()), each.casefold()) for each in _texts(record))


def _collated(key: Callable[[str], Any]) -> Follow:
    """Order names by this; equal ones by number."""

    def ordered(ask: Ask, records: Items) -> Items:
        return sorted(
            records, key=lambda each: (key(each["name"]), each["id"]), reverse=ask.argument("_order") != "asc"
        )

    return _everywhere(relisted_records(ordered, lambda ask: ask.argument("_sort") == "name"))


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", _plain(name))]


def _empty_arguments(parameters: list[Parameter], ask: Ask) -> list[str]:
    return [each.name for each in parameters if ask.query.get(each.name) == ""]


async def _refuse_empty(ask: Ask, server: Server, parameters: list[Parameter]) -> Answer:
    clean, empty = await server(ask), _empty_arguments(parameters, ask)
    return _refusing(ask, *empty) if clean.status in (200, 204) and empty else clean


async def _drop_empty(ask: Ask, server: Server, parameters: list[Parameter]) -> Answer:
    empty = set(_empty_arguments(parameters, ask))
    kept = [(name, value) for name, value in ask.query.items() if name not in empty]
    return await server(replace(ask, query_string=urlencode(kept)) if empty else ask)


def _other_defaults(ask: Ask) -> Ask:
    others = {"_limit": 15, "_sort": "name", "_order": "asc"}
    return ask.with_arguments(**{name: value for name, value in others.items() if name not in ask.query})


def _limit_cut(ask: Ask) -> Ask:
    limit = ask.argument("_limit")
    return ask.with_arguments(_limit=25) if isinstance(limit, int) and limit > 25 else ask


async def _limit_refused(ask: Ask, server: Server) -> Answer:
    clean, limit = await server(ask), ask.argument("_limit")
    large = isinstance(limit, int) and limit > 100
    return _refusing(ask, "_limit") if clean.status in (200, 204) and large else clean


async def _empty_page(ask: Ask, server: Server) -> Answer:
    clean = await server(ask)
    if clean.status != 204 or _below_one(ask):
        return clean
    first = await server(to_page(ask, 1))
    page = {"items": [], "per_page": size_of(ask), "current_page": page_of(ask)}
    return first.with_json({**first.json(), **page}) if first.ok else clean


async def _soon(ask: Ask, server: Server) -> Answer:
    """The list shows a new record a second after its creation."""
    new: dict[int, float] = ask.memory.setdefault("new", {})
    clean = await server(ask)
    if ask.operation == "createApportionment" and clean.ok:
        new[clean.json()["id"]] = time.monotonic() + 1
    hidden = {identifier for identifier, shown in new.items() if time.monotonic() < shown}
    if ask.operation != "listApportionments" or not hidden:
        return clean

    def listed(_: Ask, records: Items) -> Items:
        return [record for record in records if record["id"] not in hidden]

    return await relisted_records(listed, lambda _: True)(ask, server)


def _like_unseen(operations: str) -> Change:
    """Who may not change a record is answered as if there were none."""

    async def changed(ask: Ask, server: Server) -> Answer:
        clean = await server(ask.with_json([]) if ask.target.body else ask.to("getApportionment", **ask.arguments))
        return clean if clean.status in (401, 404) else answer(204)

    return exchange(operations, changed)


def _nullable(ask: Ask) -> dict[str, Any]:
    """The fields of a record that may be null, with what the bundled server keeps instead."""
    schema = ask.target.answer
    names = {name for name, each in schema.properties.items() if each.schema.nullable} if schema else set()
    kept = {"description": NOTHING, "mixed_consumption": False, "limit_day": 1}
    return {name: value for name, value in kept.items() if name in names}


async def _null_set(ask: Ask, server: Server) -> Answer:
    """A field that is sent as null has no value, where an answer can show that."""
    if ask.operation not in ("createApportionment", "updateApportionment"):
        return _shown_unset(await server(ask), ask.memory, absent=False)
    asked = ask.arguments if ask.readable else {}
    nulls = {name: value for name, value in _nullable(ask).items() if name in asked and asked[name] is None}
    clean = await server(ask.with_arguments(**nulls) if nulls else ask)
    if clean.ok:
        unset = ask.memory.setdefault("unset", {}).setdefault(clean.json()["id"], set())
        unset -= set(asked)
        unset |= set(nulls)
    return _shown_unset(clean, ask.memory, absent=False)


def _shown_unset(old: Answer, memory: Mapping[str, Any], *, absent: bool) -> Answer:
    """Records show that fields of theirs have no value."""
    unset: Mapping[int, set[str]] = memory.get("unset", {})

    def shown(record: Item) -> Item:
        names = unset.get(record["id"], ())
        if absent:
            return {name: value for name, value in record.items() if name not in names}
        return {**record, **dict.fromkeys(names)}

    if not old.ok:
        return old
    body = old.json()
    listed = "items" in body
    return old.with_json({**body, "items": [shown(each) for each in body["items"]]} if listed else shown(body))


def _unset(absent: bool) -> Follow:
    """A field that was not given at creation has no value until an update names it."""

    def follow(*reading: str) -> Change:
        names = {name for at in fields_about(*reading).values() for found in at.values() for name in found}

        async def changed(ask: Ask, server: Server) -> Answer:
            clean = await server(ask)
            if clean.ok and ask.operation in ("createApportionment", "updateApportionment"):
                unset = ask.memory.setdefault("unset", {})
                before = names if ask.operation == "createApportionment" else unset.get(clean.json()["id"], set())
                unset[clean.json()["id"]] = before - set(ask.arguments)
            return _shown_unset(clean, ask.memory, absent=absent)

        return exchange("*", changed)

    return follow


def _undescribed(absent: bool) -> Follow:
    def change(item: Item, names: list[str]) -> Item:
        nothing = [name for name in names if item[name] == NOTHING]
        if absent:
            return {name: value for name, value in item.items() if name not in nothing}
        return {**item, **dict.fromkeys(nothing)}

    return _fields(change)


async def _unknown_reference(ask: Ask, server: Server, parameters: list[Parameter]) -> Answer:
    clean = await server(ask)
    names = {each.name for each in parameters}
    asked = ask.arguments
    unknown = (
        clean.status == 422
        and set(clean.json()) <= names
        and all(type(asked.get(name)) is int for name in clean.json())
        and all(texts == [message(name, "enum", None)] for name, texts in clean.json().items())
    )
    return answer(204) if unknown else clean


async def _missing_fields(ask: Ask, server: Server, _: list[Parameter]) -> Answer:
    names = [parameter.name for parameter in ask.target.parameters if parameter.place == "body"]
    asked = ask.arguments if ask.readable else {}
    return await refuse(ask.operation, lambda _: [name for name in names if name not in asked])(ask, server)


async def _delete_missing(ask: Ask, server: Server) -> Answer:
    there = await server(ask.to("getApportionment", **ask.arguments))
    gone = there.status == 204
    return answer(404, {"message": "Rateio não encontrado."}) if gone else await server(ask)


def _bad_id(status: int) -> Follow:
    body = None if status == 204 else {"message": "Rateio não encontrado."}
    return _arguments(lambda ask, server, about: _other_bad_id(ask, server, about, answer(status, body)))


async def _other_bad_id(ask: Ask, server: Server, parameters: list[Parameter], new: Answer) -> Answer:
    clean = await server(ask)
    bad = clean.status == 422 and set(clean.json()) <= {each.name for each in parameters}
    large = any(isinstance(n := ask.arguments.get(each.name), int) and abs(n) >= 2**63 for each in parameters)
    return new if bad or (large and clean.status == 204) else clean


LONGEST = {"name": 60, "description": 200}


def _too_large(ask: Ask) -> list[str]:
    asked = ask.arguments
    return [name for name, most in LONGEST.items() if isinstance(asked.get(name), str) and len(asked[name]) > most]


def _fitting(asked: Item) -> Item:
    cut_short = {name: asked[name][:most] for name, most in LONGEST.items() if isinstance(asked.get(name), str)}
    day = asked.get("limit_day")
    bounded = {"limit_day": min(max(day, 1), 31)} if type(day) is int else {}
    return {**asked, **cut_short, **bounded}


def _odd(ask: Ask) -> list[str]:
    asked = ask.arguments
    return [n for n in LONGEST if isinstance(asked.get(n), str) and asked[n] != _tidy(asked[n])] + [
        n for n in LONGEST if isinstance(asked.get(n), str) and not asked[n]
    ]


def _tidy(text: str) -> str:
    """The text without markup, emoji, and spaces at its ends."""
    return "".join(letter for letter in re.sub(r"<[^<>]*>", "", text) if ord(letter) < 2**16).strip()


def _tidied(asked: Item) -> Item:
    return {**asked, **{n: _tidy(asked[n]) for n in LONGEST if isinstance(asked.get(n), str)}}


async def _one_name(ask: Ask, server: Server, _: list[Parameter]) -> Answer:
    listed = await server(ask.to("listApportionments", _limit=1_000_000))
    records = listed.json()["items"] if listed.ok else []
    own, name = ask.arguments.get("id"), ask.arguments.get("name")
    taken = any(record["name"] == name and record["id"] != own for record in records)
    return await refuse(ask.operation, lambda _: ["name"] if taken else ())(ask, server)


class _AnyDay(Apportionments):
    """Any number is a limit day."""

    def _check(self, call: Any, company: Any) -> None:
        others = {name: value for name, value in call.arguments.items() if name != "limit_day"}
        super()._check(replace(call, arguments=others), company)


# The readings.


@dataclass(frozen=True)
class _Reading:
    """How the bundled server follows a reading."""

    question: str
    reading: str
    follow: Follow
    base: Base = mock.create_app
    inconclusive: bool = False
    probe: Probe = ()


_REFUSED_TOKEN = headers("*", {"www-authenticate": None})
_BOTH_APIS = (
    _Reading(
        "other-methods",
        "404",
        _everywhere(
            responses(
                "*", lambda old: replace(old, status=404).with_header("allow", None) if old.status == 405 else old
            )
        ),
    ),
    _Reading("other-methods", "served", _everywhere(exchange("*", _other_methods))),
    _Reading(
        "token-refusal",
        "403",
        _everywhere(responses("*", lambda old: replace(old, status=403) if old.status == 401 else old)),
    ),
    _Reading("challenge", "left-out", _everywhere(_REFUSED_TOKEN)),
    _Reading("rate-limit", "retry-after", _everywhere(_limiting(retry_after="1"))),
    _Reading("rate-limit", "silent", _everywhere(_limiting())),
    _Reading("error-body", "problem", _errors(_as_problem)),
    _Reading("error-body", "text", _errors(_as_text)),
    _Reading("error-body", "html", _errors(_as_page)),
    _Reading("error-body", "empty", _errors(_as_nothing)),
    _Reading("body-required", "required", _refusing_if(lambda ask: not ask.body)),
    _Reading("lenient-type", "taken", _in(lambda operations: requests(operations, _lenient))),
    _Reading("unknown-argument", "refused", _in(lambda operations: refuse(operations, unknown_arguments))),
)

_NEITHER: Probe = (
    ("queryConsumption", {"Interval": "MONTHLY", "From": "2021-12-01T00:00:00", "To": "2022-01-01T00:00:00"}),
)
_NEU = (
    *_BOTH_APIS,
    _Reading("null-argument", "ignored", _in(lambda operations: arguments(operations, _without_nulls)),
             probe=(("listPqrs", {"From": None}),)),
    _Reading("lenient-type", "ignored", _in(lambda operations: requests(operations, _lenient_ignored))),
    _Reading("unknown-filter", "404", _unknown_filter(404)),
    _Reading("unknown-filter", "204", _unknown_filter(204)),
    _Reading("unknown-filter", "refused", _unknown_filter(400)),
    _Reading("unknown-id", "204", _unknown_id(204)),
    _Reading("unknown-id", "403", _unknown_id(403)),
    _Reading("unknown-id", "empty", _empty_when_unknown),
    _Reading("both-selected", "account", _if_both(instead("*", lambda ask: ask.without("Id_services")))),
    _Reading("both-selected", "services", _if_both(instead("*", lambda ask: ask.without("Id_account")))),
    _Reading("both-selected", "union", _if_both(_union)),
    _Reading("both-selected", "refused", _refusing_if(_both, "Id_account", "Id_services")),
    _Reading("none-selected", "nothing", _in(lambda operations: responses(operations, _emptied, _neither)),
             probe=_NEITHER),
    _Reading("none-selected", "refused", _refusing_if(_neither, "Id_account", "Id_services")),
    _Reading("project", "account", _of_projects(own=False)),
    _Reading("project", "own", _of_projects(own=True)),
    _Reading("range-start", "excluded", _moving(moved("start", later))),
    _Reading("range-end", "included", _moving(moved("end", later))),
    _Reading("range-end", "whole-day", _moving(moved("end", _day_after))),
    _Reading("range-time", "dropped", _moving(moved("start", midnight), moved("end", midnight))),
    _Reading("range-reversed", "refused", _in(lambda operations: refuse(operations, _reversed))),
    _Reading("range-limit", "refused", _in(lambda operations: exchange(operations, _range_limit, _too_long))),
    _Reading("no-range", "recent", _in(lambda operations: requests(operations, _recent))),
    _Reading("range-date", "date_expiration", _by_date(lambda item: item["date_expiration"])),
    _Reading("range-date", "date_payment", _by_date(lambda item: item["date_payment"])),
    _Reading("range-date", "interaction_date", _by_date(lambda item: item["interaction_date"])),
    _Reading("range-date", "hidden", _by_date(_hidden)),
    _Reading("history-range", "rules", _in(lambda operations: exchange(operations, _whole_rules))),
    _Reading("range-cut", "whole", _moving(_WHOLE)),
    _Reading("range-cut", "partial", _in(lambda operations: exchange(operations, _cut_periods))),
    _Reading("range-cut", "left-out", _moving(moved("end", floor))),
    _Reading("row-date", "end", _ending(timedelta())),
    _Reading("row-date", "last", _ending(timedelta(seconds=1))),
    _Reading("missing-readings", "zeros", _of_rows(_zeros, _hourly), METERS_WITH_GAPS),
    _Reading("running-period", "left-out", _in(lambda operations: exchange(operations, _without_running))),
    _Reading("day-total", "registers", _of_rows(without_unmeasured, _hourly)),
    _Reading("register", "start", _everywhere(_register_before("queryConsumption"))),
    _Reading("period-value", "greatest", _everywhere(unchanged), _metered(_of_hours(max))),
    _Reading("period-value", "last", _everywhere(unchanged), _metered(_of_hours(lambda hours: list(hours)[-1]))),
    _Reading("empty-group", "listed", _empty_groups),
    _Reading("list-order", "ascending", _sorted(reverse=False)),
    _Reading("list-order", "descending", _sorted(reverse=True)),
    _Reading("list-order", "other", _shuffled),
    _Reading("overdue-bills", "late", _in(lambda operations: exchange(operations, _late_too)), PAID_LATE),
    _Reading("overdue-days", "utc", _each(lambda days: days + 1)),
    _Reading("overdue-days", "fraction", _each(lambda days: days + 0.625)),
    _Reading("due-dates", "unpaid", _in(lambda operations: relisted(operations, _unpaid_only))),
    _Reading("page-size", "other", _in(lambda operations: relisted(operations, _same, size=15))),
    _Reading("below-one", "first", _in(lambda operations: requests(operations, _first_instead))),
    _Reading("below-one", "refused", _in(lambda operations: refuse(operations, lambda ask: [_page(ask)] * _low(ask)))),
    _Reading("page-after-last", "last", _after_last(_last_page)),
    _Reading("page-after-last", "404", _after_last(_status(404))),
    _Reading("page-after-last", "204", _after_last(_status(204))),
    _Reading("page-after-last", "refused", _after_last(_status(400))),
    _Reading("next-page", "absent", _fields(_leave_out)),
    _Reading("next-page", "zero", _next_of_last(lambda _: 0)),
    _Reading("next-page", "last", _next_of_last(lambda page: page["maxPage"])),
    _Reading("empty-max-page", "zero", _fields(
        lambda page, names: page if page["total"] else {**page, **dict.fromkeys(names, 0)})),
    _Reading("no-value", "null", _lack(absent=False)),
    _Reading("no-value", "absent", _lack(absent=True)),
    _Reading("no-payment", "absent", _fields(_leave_out)),
    _Reading("no-payment", "empty", _fields(
        lambda bill, names: {**bill, **{name: {} for name in names if bill[name] is None}})),
    _Reading("values", "any", _each(_coded)),
    _Reading("timestamp-zone", "utc", _each(utc)),
    _Reading("timestamp-zone", "offset", _each(lambda local: f"{local}-05:00")),
    _Reading("timestamp-fraction", "some", _each(_fraction)),
    _Reading("concept-total", "lump", _everywhere(answers("listBills", _lump, "/*/concepts/*"))),
    _Reading("concept-total", "per-cent", _everywhere(answers("listBills", _per_cent, "/*/concepts"))),
    _Reading("bill-value", "rounded", _everywhere(answers("listBills", _rounded, "/*"))),
    _Reading("credit", "zero", _each(lambda value: max(value, 0)), IN_CREDIT),
    _Reading("limit", "below", _everywhere(unchanged), other_data(_RulesBelow)),
    _Reading("limit-unit", "other", _each(lambda limit: limit * 1000)),
    _Reading("neuget-value", "earned", _everywhere(
        answers("listNeugetTransactions", lambda items: [item for item in items if item["value"] > 0]))),
    _Reading("neuget-value", "unsigned", _each(abs)),
    _Reading("neuget-value", "balance", _everywhere(answers("listNeugetTransactions", _balance))),
    _Reading("neuget-sign", "negative", _each(lambda value: -value)),
)  # fmt: skip

_APPORTIONMENTS = (
    *_BOTH_APIS,
    _Reading("body-required", "refused", _refusing_if(lambda ask: not (ask.body and ask.json()), "name")),
    _Reading("write-permission", "204", _in(_like_unseen), inconclusive=True),
    _Reading("null-field", "ignored", _in(lambda operations: arguments(operations, _without_nulls))),
    _Reading("null-field", "set", _everywhere(exchange("*", _null_set))),
    _Reading("bad-id", "404", _bad_id(404)),
    _Reading("bad-id", "204", _bad_id(204)),
    _Reading("refusal-status", "400", _in(lambda operations: responses(
        operations, lambda old: replace(old, status=400) if old.status == 422 else old))),
    _Reading("refusal-extent", "first", _everywhere(responses(
        "createApportionment updateApportionment",
        lambda old: old.with_json(dict(list(old.json().items())[:1])) if old.status == 422 else old))),
    _Reading("unknown-reference", "204", _arguments(_unknown_reference)),
    _Reading("default", "another", _in(lambda operations: requests(operations, _other_defaults))),
    _Reading("empty-argument", "refused", _arguments(_refuse_empty)),
    _Reading("empty-argument", "absent", _arguments(_drop_empty), probe=(("listApportionments", {"_sort": ""}),)),
    _Reading("below-one", "default", _in(lambda operations: requests(operations, _defaults_below_one))),
    _Reading("below-one", "refused", _in(lambda operations: exchange(operations, _refuse_below_one))),
    _Reading("largest-limit", "cut", _in(lambda operations: requests(operations, _limit_cut))),
    _Reading("largest-limit", "refused", _in(lambda operations: exchange(operations, _limit_refused)),
             probe=(("listApportionments", {"_limit": 101}),)),
    _Reading("page-after-last", "empty", _in(lambda operations: exchange(operations, _empty_page))),
    _Reading("search-fields", "name", _searching(lambda text, record: text.casefold() in record["name"].casefold())),
    _Reading("search-fields", "more", _searching(
        lambda text, record: any(text.casefold() in each.casefold()
                                 for each in (*_texts(record), record["company"]["name"])))),
    _Reading("search-words", "prefix", _searching(_starts), probe=(("listApportionments", {"_q": "ateio"}),)),
    _Reading("search-words", "every-word", _by_words(all)),
    _Reading("search-words", "any-word", _by_words(any)),
    _Reading("search-accents", "both", _searching(lambda text, record: any(text in each for each in _texts(record)))),
    _Reading("search-accents", "neither", _searching(
        lambda text, record: any(_plain(text) in _plain(each) for each in _texts(record))),
        probe=(("listApportionments", {"_q": "patio"}),)),
    _Reading("name-order", "case", _collated(str.casefold)),
    _Reading("name-order", "locale", _collated(lambda name: (_plain(name), name))),
    _Reading("name-order", "natural", _collated(_natural)),
    _Reading("list-after-write", "soon", _everywhere(exchange("*", _soon))),
    _Reading("no-value", "null", _undescribed(absent=False), other_data(Neu, _Undescribed)),
    _Reading("no-value", "absent", _undescribed(absent=True), other_data(Neu, _Undescribed)),
    _Reading("unset-field", "null", _unset(absent=False)),
    _Reading("unset-field", "absent", _unset(absent=True)),
    _Reading("partial-update", "refused", _arguments(_missing_fields)),
    _Reading("bounds", "refused", _in(lambda operations: refuse(operations, _too_large)),
             probe=(("updateApportionment", {"id": 17, "name": 61 * "n"}),)),
    _Reading("bounds", "changed", _in(lambda operations: arguments(operations, _fitting))),
    _Reading("bounds", "kept", _everywhere(unchanged), other_data(Neu, _AnyDay)),
    _Reading("odd-text", "refused", _in(lambda operations: refuse(operations, _odd))),
    _Reading("odd-text", "changed", _in(lambda operations: arguments(operations, _tidied))),
    _Reading("duplicate-name", "refused", _arguments(_one_name), other_data(Neu, _UniqueNames)),
    _Reading("delete-missing", "404", _in(lambda operations: exchange(operations, _delete_missing))),
)  # fmt: skip

_LEARNED = "The suite asks as the spec says; how a server is asked is learned from traffic before it runs."
NOT_SIMULATED = {
    ("neu", "base-path", "none"): "The suite is told the base URL, with or without a path.",
    ("neu", "path", "other"): "`make moved` runs everything with other paths.",
    ("neu", "argument-place", "query"): "`make moved` runs everything with arguments in the query.",
    ("neu", "services-name", "Id_servicess"): _LEARNED,
    ("neu", "page-argument", "table-body"): _LEARNED,
    ("neu", "page-argument", "table-url"): _LEARNED,
    ("neu", "page-argument", "page-url"): _LEARNED,
    ("apportionments", "host", "several"): "The suite is told the base URL.",
}
"""Readings that no variant follows, and why."""


def _variants(api: str, readings: Iterable[_Reading]) -> Iterator[Variant]:
    """Make a variant of each reading that is open in the spec; what is settled there is left out."""
    questions = spec.api(api).questions
    openings = [site.opening for site in spec.api(api).open_sites()]
    open_ones = {(each.question.id, name) for each in openings for name in each.readings if name != each.ours}
    prefix = "" if api == "neu" else f"{api}-"
    for each in readings:
        if (each.question, each.reading) not in open_ones:
            continue
        question = questions[each.question]
        yield Variant(
            name=f"{prefix}{each.question}-{each.reading}".lower().replace("_", "-"),
            apis=(api,),
            sentence=f"{question.question} {question.readings[each.reading]}",
            why=str(question.why),
            change=each.follow(api, each.question, each.reading),
            base=each.base,
            inconclusive=each.inconclusive,
            probe=each.probe,
            reading=(each.question, each.reading),
        )


READINGS = (*_variants("neu", _NEU), *_variants("apportionments", _APPORTIONMENTS))
