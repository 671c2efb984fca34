"""Faults where openness ends: two readings in one run, none of the readings, and what has to be refused or kept.

Which operations, arguments and fields a question is about is read from the spec, where a fault is of all of them.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from typing import Any

from contrato.core import spec
from mutants.readings import fields_about, known, refuse, unknown_arguments
from mutants.readings_apportionments import relisted_records
from mutants.readings_neu import after_last, bounds_of, later, midnight, moved, relisted, shuffled, utc
from mutants.server import (
    Answer,
    Ask,
    Change,
    Condition,
    Fault,
    Server,
    alter,
    answer,
    answers,
    arguments,
    chain,
    everything,
    exchange,
    instead,
    page_of,
    requests,
    responses,
    size_of,
    taking_bodies,
    to_page,
    with_items,
)

Item = dict[str, Any]
Items = list[Any]
NEU = spec.api("neu")
LIST, GET = "listApportionments", "getApportionment"
CREATE, UPDATE, DELETE = "createApportionment", "updateApportionment", "deleteApportionment"
NOT_FOUND = {"message": "Not found"}
CRASH = {"message": "Internal Server Error"}


def _of(api: str, group: str, *faults: tuple[str, str, Change]) -> list[Fault]:
    prefix = "" if api == "neu" else f"{api}-"
    return [Fault(f"{prefix}{name}", api, group, sentence, change) for name, sentence, change in faults]


# Two readings of one server.


def _every_second(operations: str, change: Change, when: Condition = lambda _: True) -> Change:
    """Do the change with the second, fourth, … of those requests to each operation."""

    def turn(ask: Ask) -> bool:
        if not when(ask):
            return False
        turns = ask.memory.setdefault("turns", {})
        turns[ask.operation] = turns.get(ask.operation, 0) + 1
        return bool(turns[ask.operation] % 2 == 0)

    return exchange(operations, change, turn)


def _turning(operations: str, change: Callable[[Answer], Answer], those: Callable[[Answer], bool]) -> Change:
    """Change the second, fourth, … of those answers of each operation."""

    async def changed(ask: Ask, server: Server) -> Answer:
        clean = await server(ask)
        if not those(clean):
            return clean
        turns = ask.memory.setdefault("turns", {})
        turns[ask.operation] = turns.get(ask.operation, 0) + 1
        return clean if turns[ask.operation] % 2 else change(clean)

    return exchange(operations, changed)


def _gone(old: Answer) -> bool:
    return old.status == 404


def _well(old: Answer) -> bool:
    return old.ok


def _becomes(status: int, body: Any = None) -> Callable[[Answer], Answer]:
    return lambda _: answer(status, body)


def _ranged(ask: Ask) -> bool:
    return any(bounds_of(ask))


def _reversed(ask: Ask) -> bool:
    start, end = bounds_of(ask)
    return bool(start and end and start > end)


def _later_page(ask: Ask) -> bool:
    return page_of(ask) > 1


def _interval(*values: str) -> Condition:
    return lambda ask: ask.argument("Interval") in values


def _selecting(selected: tuple[bool, bool]) -> Condition:
    """Requests for consumption that name an account, or services, or not."""
    return lambda ask: (ask.argument("Id_account") is not None, ask.argument("Id_services") is not None) == selected


def _missing(name: str) -> Condition:
    return lambda ask: ask.argument(name) is None


def _with(**values: Any) -> Callable[[Any], Any]:
    """Set fields of an object; a function gets the object and gives the value."""
    return lambda item: {**item, **{key: value(item) if callable(value) else value for key, value in values.items()}}


def _without(*names: str) -> Callable[[Any], Any]:
    return lambda item: {key: value for key, value in item.items() if key not in names}


async def _crashing(ask: Ask, server: Server) -> Answer:
    clean = await server(ask)
    return answer(500, CRASH) if clean.status // 100 == 2 else clean


async def _unknown_filter(ask: Ask, server: Server) -> Answer:
    parameter = ask.target.parameter("Id_service")
    clean = await server(ask)
    if not clean.ok:
        return clean  # It may be no identifier at all.
    return clean if ask.argument("Id_service") in await known(ask, server, parameter) else answer(404, NOT_FOUND)


def _resized(operations: str, sizes: Callable[[Ask], int]) -> Change:
    """Cut pages of another size, and count them so."""

    async def changed(ask: Ask, server: Server) -> Answer:
        return await relisted(ask.operation, _same, size=sizes(ask))(ask, server)

    return exchange(operations, changed)


async def _same(_: Ask, __: Server, items: Items) -> Items:
    return items


async def _shrinking(ask: Ask, server: Server) -> Answer:
    """The first page has the usual size, the others half of it; nothing is lost."""
    clean, number = await server(ask), page_of(ask)
    if not clean.ok or number < 2:
        return clean
    items, size = await everything(ask, server), size_of(ask)
    start = size + (number - 2) * (size // 2)
    return with_items(ask, clean, items[start : start + size // 2])


def _in_both(first: Callable[[Item], Item], second: Callable[[Item], Item], field: str) -> Callable[[Items], Items]:
    """Treat the records without a value of the field in two ways by turns."""

    def changed(items: Items) -> Items:
        lacking = [number for number, item in enumerate(items) if item[field] is None]
        return [
            item if number not in lacking else (first if lacking.index(number) % 2 else second)(item)
            for number, item in enumerate(items)
        ]

    return changed


async def _one_clock_each(ask: Ask, server: Server) -> Answer:
    clean = await server(ask)
    if not clean.ok:
        return clean
    return clean.with_json([{**bill, "days": bill["days"] + n % 2} for n, bill in enumerate(clean.json())])


async def _account_for_project(ask: Ask, server: Server) -> Answer:
    clean, services = await server(ask), await server(ask.to("listServices"))
    if not clean.ok or not services.ok:
        return clean
    accounts = {service["name"]: service["account_name"] for service in services.json()}
    return clean.with_json(alter(clean.json(), "/data/*/project", lambda name: accounts.get(name, name)))


def _by_end(rows: Items) -> Items:
    moment = timedelta(days=1)
    return [{**row, "date": (datetime.fromisoformat(row["date"]) + moment).isoformat()} for row in rows]


# None of the readings.


def _never(api: str, question: str, field: str, *, absent: bool) -> Change:
    """No answer ever has the field, which is one that the question is about, with or without null in its place."""
    change = _without(field) if absent else _with(**{field: None})
    places = [
        answers(operation, change, record)
        for operation, records in fields_about(api, question, "null").items()
        for record, fields in records.items()
        if field in fields
    ]
    if not places:
        raise ValueError(f"{question} is open about no {field}")
    return chain(*places)


def _epoch(text: str) -> int:
    return round((datetime.fromisoformat(text) - datetime(1970, 1, 1) + timedelta(hours=5)).total_seconds())


def _in_words(text: str) -> str:
    return datetime.fromisoformat(text).strftime("%a, %d %b %Y %H:%M:%S")


def _as_interval(value: str, when: Condition) -> Change:
    return instead("queryConsumption", lambda ask: ask.with_arguments(Interval=value), when)


def _first_month(ask: Ask) -> Ask:
    start, end = bounds_of(ask)
    if start is None or end is None or end - start <= timedelta(days=31):
        return ask
    return moved("end", lambda _, __: start + timedelta(days=31))(ask)


def _swapped(ask: Ask) -> Ask:
    dates = ask.target.date_range
    assert dates is not None, f"{ask.operation} has no range of dates"
    start, end = ask.argument(dates.start), ask.argument(dates.end)
    return ask.with_arguments(**{dates.start: end, dates.end: start})


async def _first_account_only(ask: Ask, server: Server) -> Answer:
    accounts = await server(ask.to("listAccounts"))
    if not accounts.ok:
        return await server(ask)
    return await server(ask.with_arguments(Id_account=accounts.json()[0]["id_account"]))


async def _first_page_again(ask: Ask, server: Server, _: int, __: Answer) -> Answer:
    return await server(to_page(ask, 1))


async def _last_again_by_turns(ask: Ask, server: Server, last: int, clean: Answer) -> Answer:
    turn = ask.memory["turn"] = ask.memory.get("turn", 0) + 1
    return clean if turn % 2 else await server(to_page(ask, last))


def _blank(operation: str) -> Item:
    schema = spec.api("neu").operations[operation].answer
    empty: Mapping[str, Any] = {"integer": 0, "string": "", "array": []}
    return {name: empty[each.schema.type] for name, each in schema.properties.items()} if schema else {}


# Requests that have to be refused.


def _objects(*names: str) -> Condition:
    return lambda ask: any(isinstance(ask.arguments.get(name), dict) for name in names)


def _no_objects(asked: Item) -> Item:
    return {name: value for name, value in asked.items() if not isinstance(value, dict)}


def _lists_as_text(asked: Item) -> Item:
    return {
        name: ", ".join(map(str, value)) if name in ("name", "description") and isinstance(value, list) else value
        for name, value in asked.items()
    }


def _objects_as_text(asked: Item) -> Item:
    return {
        name: "[object Object]" if name in ("name", "description") and isinstance(value, dict) else value
        for name, value in asked.items()
    }


def _first_of(field: str) -> Change:
    """A creation that does not name one of its identifiers takes the least that there is."""

    async def changed(ask: Ask, server: Server) -> Answer:
        values = await known(ask, server, ask.target.parameter(field))
        return await server(ask.with_arguments(**{field: min(values)}) if values else ask)

    return exchange(CREATE, changed, lambda ask: ask.readable and bool(ask.body) and field not in ask.arguments)


# Values that do not stay.


async def _kept_for_thirty(ask: Ask, server: Server) -> Answer:
    """An update is answered well and saved only for the thirty oldest records."""
    before = await server(ask.to(GET, id=ask.argument("id")))
    listed = await server(ask.to(LIST, _limit=1_000_000))
    clean = await server(ask)
    if not (clean.ok and before.ok and listed.ok):
        return clean
    ids = sorted(record["id"] for record in listed.json()["items"])
    if before.json()["id"] in ids[30:]:
        old = before.json()
        body = {name: old[name] for name in ("name", "description", "mixed_consumption", "limit_day")}
        tariff = old["apportionment_tariff_type"]["id"]
        await server(ask.to(UPDATE, **body, apportionment_tariff_type_id=tariff, id=ask.argument("id")))
    return clean


async def _deletes_seldom(ask: Ask, server: Server) -> Answer:
    """Every second deletion is answered well and not done."""
    turn = ask.memory["deleted"] = ask.memory.get("deleted", 0) + 1
    if turn % 2:
        return await server(ask)
    there = await server(ask.to(GET, id=ask.argument("id")))
    return answer(204) if there.ok else await server(ask)


async def _stays_listed(ask: Ask, server: Server) -> Answer:
    """What was deleted is listed for ever."""
    kept: dict[int, Item] = ask.memory.setdefault("kept", {})
    if ask.operation == DELETE:
        there = await server(ask.to(GET, id=ask.argument("id")))
        clean = await server(ask)
        if there.ok and clean.status == 204:
            kept[there.json()["id"]] = there.json()
        return clean
    if not kept or ask.argument("_q"):
        return await server(ask)

    def whole(ask: Ask, records: Items) -> Items:
        field = ask.argument("_sort") or "id"
        return sorted([*records, *kept.values()], key=lambda item: item[field], reverse=ask.argument("_order") != "asc")

    return await relisted_records(whole, lambda _: True)(ask, server)


def _asking(name: str, least: int) -> Condition:
    """Requests with a number of so much at least."""
    return lambda ask: isinstance(ask.argument(name), int) and ask.argument(name) >= least


async def _matches_of_twenty(ask: Ask, server: Server) -> Answer:
    clean = await server(ask)
    return answer(204) if clean.ok and clean.json()["total"] > 20 else clean


async def _delete_missing_by_turns(ask: Ask, server: Server) -> Answer:
    there = await server(ask.to(GET, id=ask.argument("id")))
    clean = await server(ask)
    if there.status != 204 or clean.status != 204:
        return clean
    turn = ask.memory["missing"] = ask.memory.get("missing", 0) + 1
    return clean if turn % 2 else answer(404, NOT_FOUND)


async def _empty_by_turns(ask: Ask, server: Server) -> Answer:
    clean, first = await server(ask), await server(to_page(ask, 1))
    if clean.status != 204 or page_of(ask) < 2 or not first.ok:
        return clean
    turn = ask.memory["beyond"] = ask.memory.get("beyond", 0) + 1
    page = {"items": [], "per_page": size_of(ask), "current_page": page_of(ask)}
    return clean if turn % 2 else first.with_json({**first.json(), **page})


def _default(name: str, value: Any) -> Callable[[Ask], Ask]:
    return lambda ask: ask if name in ask.query else ask.with_arguments(**{name: value})


def _names_only(ask: Ask, records: Items) -> Items:
    text = ask.argument("_q").casefold()
    return [record for record in records if text in record["name"].casefold()]


def _exactly(ask: Ask, records: Items) -> Items:
    text = ask.argument("_q")
    return [record for record in records if text in record["name"] or text in record["description"]]


def _order_of(ask: Ask) -> str | None:
    """The direction that begins with the same letter."""
    schema = ask.target.parameter("_order").schema
    letter = str(ask.argument("_order", ""))[:1].lower()
    return next((value for value in schema.enum if letter and value.startswith(letter)), None)


def _searching(ask: Ask) -> bool:
    return bool(ask.argument("_q"))


async def _shown_unset(ask: Ask, server: Server) -> Answer:
    clean = await server(ask)
    return clean.with_json({**clean.json(), "limit_day": None}) if clean.ok else clean


async def _refuse_same_name(ask: Ask, server: Server) -> Answer:
    listed = await server(ask.to(LIST, _limit=1_000_000))
    names = [record["name"] for record in listed.json()["items"]] if listed.ok else []
    return await refuse(CREATE, lambda ask: ["name"] if ask.argument("name") in names else ())(ask, server)


async def _last_for_low(ask: Ask, server: Server) -> Answer:
    first = await server(to_page(ask, 1))
    if not first.ok:
        return await server(ask)
    return await server(to_page(ask, -(-first.json()["total"] // max(1, size_of(ask)))))


def _refusing(change: Callable[[Item], Any], operations: str) -> Change:
    return responses(operations, lambda old: old.with_json(change(old.json())) if old.status == 422 else old)


def _in_english(fields: Item) -> Item:
    return {name: [f"The selected {name.removeprefix('_')} is invalid."] for name in fields}


def _in_turn(fields: Item) -> Item:
    texts = list(fields.values())
    return dict(zip(fields, [*texts[1:], *texts[:1]], strict=True))


async def _deleted_record(ask: Ask, server: Server) -> Answer:
    there = await server(ask.to(GET, id=ask.argument("id")))
    clean = await server(ask)
    return there if there.ok and clean.status == 204 else clean


def _capped(page: Item) -> Item:
    return {**page, "total": min(page["total"], 30)}


_DUE = "listDueDates"
_SAID = "listNotifications"


def _averaged(row: Item) -> Item:
    return {**row, "reactive_in": round(row["reactive_in"] / 24, 3)}


def _of_one_service(rows: Items) -> Items:
    """The rows of the first service have less energy."""
    first = rows[0]["id_service"] if rows else None
    return [{**row, "cons": round(row["cons"] * 0.99, 3)} if row["id_service"] == first else row for row in rows]


async def _unlike_month_before(ask: Ask, server: Server) -> Answer:
    clean = await server(ask)
    if not clean.ok:
        return clean
    bills = sorted(await everything(ask.without(*set(ask.arguments)), server), key=lambda bill: bill["date"])
    before = {}
    for _, group in groupby(sorted(bills, key=lambda bill: bill["id_service"]), key=lambda bill: bill["id_service"]):
        of_service = list(group)
        for old, new in pairwise(of_service):
            before[new["id_bill"]] = old["consumption"]
    changed = [{**bill, "consumption": before.get(bill["id_bill"], bill["consumption"])} for bill in clean.json()]
    return clean.with_json(changed)


async def _bills_of_last_service(ask: Ask, server: Server) -> Answer:
    clean, services = await server(ask), await server(ask.to("listServices"))
    last = services.json()[-1]["id_service"] if services.ok else None
    return answer(204) if clean.ok and ask.argument("Id_service") == last else clean


FAULTS: tuple[Fault, ...] = (
    # NEU: two readings.
    *_of(
        "neu", "filter",
        ("to-by-page", "The end of a range is included on the first page of bills and excluded on the next.",
         requests("listBills", moved("end", later), lambda ask: page_of(ask) == 1)),
        ("to-by-turns", "Every second list of due dates includes the end of its range.",
         _every_second(_DUE, requests(_DUE, moved("end", later)), _ranged)),
        ("from-by-turns", "Every second answer of consumption leaves out the start of its range.",
         _every_second("queryConsumption", requests("queryConsumption", moved("start", later)))),
        ("times-by-turns", "Every second list of notifications regards only the days of its range.",
         _every_second(_SAID, chain(requests(_SAID, moved("start", midnight)), requests(_SAID, moved("end", midnight))),
                       _ranged)),
        ("unknown-filter-by-turns", "Bills of a service that does not exist are none, and 404 the next time.",
         _every_second("listBills", exchange("listBills", _unknown_filter),
                       lambda ask: ask.argument("Id_service") is not None)),
        ("neither-by-turns", "Consumption of neither account nor services is everything, and 400 the next time.",
         _every_second("queryConsumption", refuse("queryConsumption", lambda _: ["Id_account", "Id_services"]),
                       _selecting((False, False)))),
        ("reversed-by-turns", "A range of claims that ends before it begins is empty, and 400 the next time.",
         _every_second("listPqrs", refuse("listPqrs", lambda _: ["From", "To"]), _reversed)),
        ("long-range-by-turns", "A year of consumption is answered, and 400 the next time.",
         _every_second("queryConsumption", refuse("queryConsumption", lambda _: ["From", "To"]),
                       lambda ask: _first_month(ask) is not ask)),
        ("project-of-two-kinds", "The project of an active rule is a service, in its history the account.",
         exchange("listRuleHistory", _account_for_project)),
        ("long-range-cut", "Consumption of more than 31 days is that of the first 31.",
         instead("queryConsumption", _first_month)),
        ("reversed-swapped", "A range that ends before it begins is taken the other way round.",
         chain(*(instead(name, _swapped, _reversed) for name, each in NEU.operations.items() if each.date_range))),
        ("neither-first-account", "Consumption of neither account nor services is that of the first account.",
         exchange("queryConsumption", _first_account_only, _selecting((False, False)))),
        ("both-everything", "Consumption of an account and services is that of all services.",
         instead("queryConsumption", lambda ask: ask.without("Id_account", "Id_services"), _selecting((True, True)))),
    ),
    *_of(
        "neu", "transport and status",
        ("unknown-account-by-turns", "An account that does not exist is 404, and 204 the next time.",
         _turning("getAccount", _becomes(204), _gone)),
        ("unknown-neugets-by-turns", "Neugets of an account that does not exist are 404, and none the next time.",
         _turning("listUsedNeugets", _becomes(200, []), _gone)),
        ("claims-need-a-body-by-turns", "Claims without a body are answered, and 400 the next time.",
         _every_second("listPqrs", refuse("listPqrs", lambda _: ["body"]), lambda ask: ask.bare)),
        ("unknown-service-blank", "A service that does not exist is one without name and address.",
         responses("getService", lambda old: answer(200, _blank("getService")) if _gone(old) else old)),
        ("bills-204-with-items", "Bills of the last service are 204 though there are some.",
         exchange("listBills", _bills_of_last_service)),
        ("unknown-argument-500", "An argument that claims do not have is an error of the server.",
         exchange("listPqrs", _crashing, lambda ask: bool(unknown_arguments(ask)))),
        ("services-202", "The list of services is answered with 202.",
         responses("listServices", lambda old: replace(old, status=202) if old.ok else old)),
    ),
    *_of(
        "neu", "auth",
        ("wrong-token-404", "A token that is wrong is answered with 404.",
         responses("*", lambda old: replace(old, status=404) if old.status == 401 else old)),
        ("wrong-token-400", "A token that is missing is answered with 400.",
         responses("*", lambda old: replace(old, status=400) if old.status == 401 else old,
                   lambda ask: not ask.header("authorization"))),
    ),
    *_of(
        "neu", "pagination",
        ("later-pages-smaller", "The first page of bills has 20, the next ones have 10.",
         exchange("listBills", _shrinking)),
        ("page-size-by-turns", "Every second answer of active rules has pages of 15.",
         _every_second("listActiveRules", _resized("listActiveRules", lambda _: 15))),
        ("page-size-by-filter", "Due dates have pages of 20, those of one service pages of 12.",
         exchange(_DUE, _resized(_DUE, lambda _: 12), lambda ask: ask.argument("Id_service") is not None)),
        ("nineteen-everywhere", "A page of notifications has 19, and total and last page are counted so.",
         _resized(_SAID, lambda _: 19)),
        ("forty-everywhere", "A page of notifications has 40, and total and last page are counted so.",
         _resized(_SAID, lambda _: 40)),
        ("next-null-or-absent", "The last page of due dates has null for the next one, or nothing, by turns.",
         _turning(_DUE, lambda old: old.with_json(_without("nextPage")(old.json())),
                  lambda old: old.ok and old.json()["nextPage"] is None)),
        ("next-null-or-zero", "The last page of notifications has null for the next one, with a range 0.",
         answers(_SAID, lambda page: page if page["nextPage"] else {**page, "nextPage": 0}, when=_ranged)),
        ("next-below-zero", "The last page of interactions has -1 for the next one.",
         answers("listNotificationInteractions", lambda page: page if page["nextPage"] else {**page, "nextPage": -1})),
        ("next-as-address", "The next page of due dates is an address.",
         answers(_DUE, lambda number: f"/due-dates?page={number}", "/nextPage")),
        ("empty-last-by-turns", "The number of the last page of no notifications is 1, and 0 the next time.",
         _turning(_SAID, lambda old: old.with_json({**old.json(), "maxPage": 0}),
                  lambda old: old.ok and not old.json()["total"])),
        ("empty-last-null", "The number of the last page of no due dates is null.",
         answers(_DUE, lambda page: page if page["total"] else {**page, "maxPage": None})),
        ("after-last-by-turns", "A page of due dates after the last is empty, and the last one the next time.",
         after_last(_DUE, _last_again_by_turns)),
        ("after-last-first", "A page of bills after the last is the first one.",
         after_last("listBills", _first_page_again)),
        ("pages-end-at-five", "Bills end after the fifth page, whatever there is.",
         responses("listBills", lambda old: old.with_json([]) if old.ok else old, lambda ask: page_of(ask) > 5)),
        ("total-at-most-hundred", "The total of due dates ends at 100, and the last page is the fifth.",
         answers(_DUE, lambda page: {**page, "total": min(page["total"], 100), "maxPage": min(page["maxPage"], 5)})),
    ),
    *_of(
        "neu", "sort",
        ("order-by-range", "Claims are listed from the newest, with a range from the oldest.",
         answers("listPqrs", lambda items: items[::-1], when=_ranged)),
        ("order-by-turns", "Every second list of services is in another order.",
         _every_second("listServices", answers("listServices", shuffled))),
    ),
    *_of(
        "neu", "schema",
        ("payment-three-ways", "An unpaid bill has null for a payment, or an empty object, or nothing.",
         answers("listBills", _in_both(_without("platform_payments"), _with(platform_payments={}),
                                       "platform_payments"))),
        ("niu-null-or-absent", "Some bills have null for their NIU, and others no NIU.",
         answers("listBills", lambda items: [[bill, _with(niu=None)(bill), _without("niu")(bill)][n % 3]
                                             for n, bill in enumerate(items)])),
        ("niu-never", "No bill has a NIU.", _never("neu", "no-value", "niu", absent=True)),
        ("contract-never", "Every bill has null for its contract.",
         _never("neu", "no-value", "contract", absent=False)),
        ("code-never", "No item of a bill has a code.", _never("neu", "no-value", "asic_code", absent=True)),
        ("register-never", "No reading has the register of reactive energy that was injected.",
         _never("neu", "no-value", "exported_reactive_acum", absent=True)),
        ("claim-category-never", "Every claim has null for its category.",
         _never("neu", "no-value", "category", absent=False)),
        ("no-claims-null", "A list of claims without claims is null.",
         answers("listPqrs", lambda items: items or None)),
        ("no-notifications-null", "A page without notifications has null for the list.",
         answers(_SAID, lambda page: page if page["data"] else {**page, "data": None})),
        ("concepts-null", "The oldest bill of a page has null for its items.",
         answers("listBills", lambda items: [*items[:-1], _with(concepts=None)(items[-1])] if items else items)),
        ("readings-null", "An account of which hours are asked for has null for its readings.",
         answers("queryConsumption", _with(data=None), "/*", _interval("HOURLY"))),
        ("days-as-text", "The days that a bill is overdue are a text.",
         answers("listOverdueBills", lambda days: f"{days} días", "/*/days")),
    ),
    *_of(
        "neu", "dates and zones",
        ("zones-in-one-row", "A bill is dated in local time, and its due date is in UTC.",
         answers("listBills", utc, "/*/date_expiration")),
        ("zone-by-turns", "Every second list of claims is in UTC.",
         _every_second("listPqrs", answers("listPqrs", utc, "/*/date"))),
        ("row-date-by-interval", "Hours and months are dated by their beginning, days by their end.",
         answers("queryConsumption", _by_end, "/*/data", _interval("DAILY"))),
        ("readings-in-epoch", "Readings are dated in seconds since 1970.",
         answers("queryConsumption", _epoch, "/*/data/*/date")),
        ("claims-in-epoch", "Claims are dated in seconds since 1970.", answers("listPqrs", _epoch, "/*/date")),
        ("interactions-in-words", "Interactions are dated like mails.",
         answers("listNotificationInteractions", _in_words, "/data/*/interaction_date")),
        ("overdue-by-two-clocks", "Every second overdue bill counts a day more than the others.",
         exchange("listOverdueBills", _one_clock_each)),
    ),
    *_of(
        "neu", "aggregation",
        ("hours-are-days", "Hours are answered with days.", _as_interval("DAILY", _interval("HOURLY"))),
        ("months-are-days", "Months are answered with days.", _as_interval("DAILY", _interval("MONTHLY"))),
        ("days-are-hours", "Days are answered with hours.", _as_interval("HOURLY", _interval("DAILY"))),
        ("months-a-hundredth-less", "The months of the first service have one per cent less than their days.",
         answers("queryConsumption", _of_one_service, "/*/data", _interval("MONTHLY"))),
        ("reactive-averaged", "The inductive energy of a day is the mean of its hours.",
         answers("queryConsumption", _averaged, "/*/data/*", _interval("DAILY"))),
        ("register-by-interval", "The register is read at the end of an hour or month, and at the beginning of a day.",
         answers("queryConsumption",
                 _with(imported_active_acum=lambda row: round(row["imported_active_acum"] - row["cons"], 3)),
                 "/*/data/*", _interval("DAILY"))),
    ),
    *_of(
        "neu", "agreement between operations",
        ("thousand-pesos-more", "A bill's value is a thousand pesos more than the sum of its items.",
         answers("listBills", lambda value: round(value + 1000, 3), "/*/payment_value")),
        ("consumption-of-month-before", "A bill has the consumption of the service's bill before.",
         exchange("listBills", _unlike_month_before)),
        ("service-echoes-account", "A service that is read by itself has its account's identifier.",
         answers("getService", _with(id_service=lambda service: service["id_account"]))),
        ("neugets-echo-another", "Used neugets name an account that was not asked for.",
         answers("listUsedNeugets", lambda number: number + 1, "/*/id_account")),
    ),
    *_of(
        "neu", "input validation",
        ("objects-for-dates", "An object in the place of a date counts as none.",
         arguments(taking_bodies("listBills listPqrs"), _no_objects, _objects("From", "To"))),
        ("object-for-interval", "An object in the place of the interval is answered with days.",
         arguments(taking_bodies("queryConsumption"), _with(Interval="DAILY"), _objects("Interval"))),
        ("end-missing-answered", "Consumption without To is answered up to the last reading.",
         requests("queryConsumption", lambda ask: ask.with_arguments(To="2022-01-01T00:00:00"),
                  lambda ask: ask.readable and not ask.bare and _missing("To")(ask))),
        ("nothing-asked-answered", "Consumption of which nothing is asked is that of the last month, by days.",
         requests("queryConsumption",
                  lambda ask: ask.with_arguments(
                      Interval="DAILY", From="2021-12-01T00:00:00", To="2022-01-01T00:00:00"),
                  lambda ask: ask.readable and not ask.arguments)),
        ("interval-of-weeks", "Weeks, which do not exist, are answered with months.",
         arguments("queryConsumption", lambda asked: {**asked, "Interval": "MONTHLY"}
                   if asked.get("Interval") not in ("HOURLY", "DAILY", "MONTHLY", None) else asked)),
    ),
    # Apportionments.
    *_of(
        "apportionments", "transport and status",
        ("delete-missing-by-turns", "Deleting what does not exist is 204, and 404 the next time.",
         exchange(DELETE, _delete_missing_by_turns)),
        ("delete-answers-record", "A deletion is 200 with the record that is gone.", exchange(DELETE, _deleted_record)),
        ("update-201", "An update is answered with 201.",
         responses(UPDATE, lambda old: replace(old, status=201) if old.ok else old)),
        ("update-204", "An update that is saved is answered with 204, like one of what does not exist.",
         responses(UPDATE, lambda old: answer(204) if old.ok else old)),
        ("created-202", "A creation is answered with 202.",
         responses(CREATE, lambda old: replace(old, status=202) if old.ok else old)),
        ("wide-list-204", "A page of 30 records or more is 204 though there are some.",
         responses(LIST, lambda old: answer(204) if old.ok else old, _asking("_limit", 30))),
        ("many-matches-204", "A search that matches more than 20 records is 204.",
         exchange(LIST, _matches_of_twenty, _searching)),
        ("unknown-parameter-500", "A parameter that the list does not have is an error of the server.",
         exchange(LIST, _crashing, lambda ask: bool(unknown_arguments(ask)))),
        ("after-last-404", "A page after the last is 404.",
         responses(LIST, lambda old: answer(404, NOT_FOUND) if old.status == 204 else old, _later_page)),
    ),
    *_of(
        "apportionments", "auth",
        ("wrong-token-404", "A token that is refused is answered with 404.",
         responses("*", lambda old: replace(old, status=404) if old.status == 401 else old)),
    ),
    *_of(
        "apportionments", "pagination",
        ("after-last-by-turns", "A page after the last is 204, and an empty one the next time.",
         exchange(LIST, _empty_by_turns)),
        ("default-limit-by-turns", "Without `_limit` a page has 10 records, and 12 the next time.",
         _every_second(LIST, requests(LIST, _default("_limit", 12)), lambda ask: "_limit" not in ask.query)),
        ("default-limit-by-page", "Without `_limit` the first page has 10 records, and the others have 15.",
         requests(LIST, _default("_limit", 15), _later_page)),
        ("below-one-by-turns", "A page below 1 is 204, and 422 the next time.",
         _every_second(LIST, refuse(LIST, lambda _: ["_page"]), lambda ask: page_of(ask) < 1)),
        ("below-one-last", "A page below 1 is the last one.",
         exchange(LIST, _last_for_low, lambda ask: isinstance(ask.argument("_page"), int) and page_of(ask) < 1)),
        ("limit-cut-by-page", "A first page has 25 records at most, and the others what is asked for.",
         requests(LIST, lambda ask: ask.with_arguments(_limit=25),
                  lambda ask: _asking("_limit", 26)(ask) and page_of(ask) == 1)),
        ("total-at-most-thirty", "The total ends at 30.", answers(LIST, _capped)),
        ("current-page-from-zero", "`current_page` counts from zero.",
         answers(LIST, lambda number: number - 1, "/current_page")),
    ),
    *_of(
        "apportionments", "filter",
        ("search-fields-by-page", "A search looks at descriptions on its first page, and only at names on the others.",
         relisted_records(_names_only, lambda ask: _searching(ask) and _later_page(ask))),
        ("search-case-by-turns", "Every second search regards case.",
         _every_second(LIST, relisted_records(_exactly, lambda _: True), _searching)),
        ("unknown-parameter-by-turns", "A parameter that the list does not have is ignored, and 422 the next time.",
         _every_second(LIST, refuse(LIST, unknown_arguments), lambda ask: bool(unknown_arguments(ask)))),
    ),
    *_of(
        "apportionments", "sort",
        ("default-order-by-page", "Without `_order` the first page is descending, and the others are ascending.",
         requests(LIST, _default("_order", "asc"), _later_page)),
        ("default-sort-by-turns", "Without `_sort` the list is by id, and by name the next time.",
         _every_second(LIST, requests(LIST, _default("_sort", "name")), lambda ask: "_sort" not in ask.query)),
    ),
    *_of(
        "apportionments", "schema",
        ("unset-by-operation", "A creation answers with null for a limit day that it was not given, a read with 1.",
         exchange(CREATE, _shown_unset, lambda ask: ask.argument("limit_day") is None)),
        ("description-never", "Every record has null for its description.",
         _never("apportionments", "no-value", "description", absent=False)),
        ("cost-centers-never", "No record has cost centres.",
         chain(answers(LIST, _without("cost_center_ids"), "/items/*"),
               answers(f"{GET} {CREATE} {UPDATE}", _without("cost_center_ids")))),
        ("groups-never", "Every record has null for its groups.",
         chain(answers(LIST, _with(apportionment_groups_ids=None), "/items/*"),
               answers(f"{GET} {CREATE} {UPDATE}", _with(apportionment_groups_ids=None)))),
        ("company-null", "A record that is updated has null for its company.", answers(UPDATE, _with(company=None))),
        ("limit-day-as-date", "The limit day of a record that is read is a date.",
         answers(GET, lambda day: f"2024-01-{day:02}", "/limit_day")),
        ("mixed-in-words", "Whether consumption is mixed is a word in the list.",
         answers(LIST, lambda mixed: "sim" if mixed else "não", "/items/*/mixed_consumption")),
    ),
    *_of(
        "apportionments", "input validation",
        ("create-without-tariff", "A creation without a tariff takes the first one.",
         _first_of("apportionment_tariff_type_id")),
        ("create-without-unit", "A creation without a unit takes the first one.",
         _first_of("apportionment_measure_unit_id")),
        ("create-without-type", "A creation without a type takes the first one.", _first_of("apportionment_type_id")),
        ("sort-by-company-taken", "`_sort=company`, which does not exist, is taken for the name.",
         requests(LIST, lambda ask: ask.with_arguments(_sort="name"),
                  lambda ask: ask.argument("_sort") not in (None, "", "id", "name"))),
        ("order-by-first-letter", "An `_order` that begins with the letter of one that exists is taken for it.",
         requests(LIST, lambda ask: ask.with_arguments(_order=_order_of(ask)),
                  lambda ask: _order_of(ask) not in (None, ask.argument("_order")))),
        ("object-for-text", "An object in the place of a text is saved as text.",
         arguments(f"{CREATE} {UPDATE}", _objects_as_text)),
        ("list-for-text", "A list in the place of a text is saved with commas.",
         arguments(f"{CREATE} {UPDATE}", _lists_as_text)),
    ),
    *_of(
        "apportionments", "CRUD",
        ("updates-kept-for-thirty", "Of more than 30 records, updates of the later ones are not kept.",
         exchange(UPDATE, _kept_for_thirty)),
        ("deletes-by-turns", "Every second deletion is answered and not done.", exchange(DELETE, _deletes_seldom)),
        ("deleted-listed", "A record that was deleted stays in the list.",
         exchange(f"{LIST} {DELETE}", _stays_listed)),
        ("same-name-by-turns", "A second record of a name is made, and refused the next time.",
         _every_second(CREATE, exchange(CREATE, _refuse_same_name))),
        ("id-of-update-differs", "An update answers with the id that follows the record's.",
         answers(UPDATE, lambda number: number + 1, "/id")),
        ("partial-update-by-turns", "An update that names one field is saved, and refused the next time.",
         _every_second(UPDATE, refuse(UPDATE, lambda _: ["name"]),
                       lambda ask: ask.readable and 0 < len(ask.json()) < 3)),
    ),
    *_of(
        "apportionments", "error bodies",
        ("list-messages-in-english", "The list's messages are in English.", _refusing(_in_english, LIST)),
        ("list-messages-exchanged", "Of several wrong parameters, each has the message of the next one.",
         _refusing(_in_turn, LIST)),
        ("list-messages-in-one", "The messages of a refused parameter are one text.",
         _refusing(lambda fields: {name: " ".join(texts) for name, texts in fields.items()}, LIST)),
    ),
    *_of(
        "apportionments", "content type",
        ("list-refusal-as-problem", "The list's refusals are declared as application/problem+json.",
         responses(LIST, lambda old: old.with_header("content-type", "application/problem+json")
                   if old.status == 422 else old)),
        ("list-refusal-undeclared", "The list's refusals have no Content-Type.",
         responses(LIST, lambda old: old.with_header("content-type", None) if old.status == 422 else old)),
    ),
)  # fmt: skip
