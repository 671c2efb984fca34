"""Faults of servers: changes to a request, or to its answer, by which a law is broken."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from copy import deepcopy
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from stage import RIGHT, SPECS, TOKEN, Answer, Call, Fault, is_object


def asking(given: Callable[[Any], Any]) -> Fault:
    """Pass other arguments on."""

    async def fault(call: Call) -> Answer:
        return await call.forward(given=given(deepcopy(call.given)))

    return fault


def without(*names: str) -> Callable[[Any], Any]:
    return lambda given: {k: v for k, v in given.items() if k not in names}


def refusing(name: str, value: Any = None) -> Fault:
    """Refuse each request with an argument, or with one value of it."""

    async def fault(call: Call) -> Answer:
        refused = name in call.given and value in (None, call.given[name])
        return (400, {"message": "No se pudo procesar."}) if refused else await call.forward()

    return fault


def answering(change: Callable[[Any], Any], *, when: Callable[[Call], bool] = lambda call: True) -> Fault:
    """Change the body of a successful answer."""

    async def fault(call: Call) -> Answer:
        status, body = await call.forward()
        if status in (200, 201) and body and when(call):
            changed = change(body)
            body = body if changed is None else changed
        return status, body

    return fault


def dropping(*path: str | int) -> Callable[[Any], Any]:
    """Drop the last element of a list."""

    def apply(body: Any) -> None:
        for step in path:
            body = body[step]
        del body[-1:]

    return apply


def page_of(call: Call) -> int:
    return int(call.given.get("PageNumber", 1))


def on_page(*pages: int) -> Callable[[Call], bool]:
    return lambda call: page_of(call) in pages


def by(interval: str) -> Callable[[Call], bool]:
    return lambda call: call.given["Interval"] == interval


def each_row(change: Callable[[dict[str, Any]], Any]) -> Callable[[Any], Any]:
    def apply(body: Any) -> None:
        for account in body:
            for row in account["data"]:
                change(row)

    return apply


async def bills_overlap(call: Call) -> Answer:
    page = call.given.get("Page", 1)
    status, rows = await call.forward()
    if page > 1 and rows:
        _, before = await call.forward(given={**call.given, "Page": page - 1})
        rows = [before[-1], *rows][:20]
    return status, rows


async def last_page_forever(call: Call) -> Answer:
    status, body = await call.forward()
    if call.operation == "listDueDates" and status == 200 and not body["data"] and page_of(call) > 1:
        return await call.forward(given={**call.given, "PageNumber": page_of(call) - 1})
    return status, body


def bill_pages(size: int, lost: int = 0) -> Fault:
    """Bills in pages of another size; on the second page some are lost."""

    async def fault(call: Call) -> Answer:
        page = call.given.get("Page", 1)
        rows: list[Any] = []
        if call.operation != "listBills":
            return await call.forward()
        for number in range(1, 30):
            status, more = await call.forward(given={**call.given, "Page": number})
            rows += more or []
            if not more:
                break
        return status, rows[(page - 1) * size : page * size - lost * (page == 2)]

    return fault


async def sorted_within_pages(call: Call) -> Answer:
    status, body = await call.forward(given=without("_sort")(call.given))
    if status == 200 and call.given.get("_sort") == "name":
        body["items"].sort(key=lambda item: item["name"], reverse=call.given.get("_order") != "asc")
    return status, body


async def ties_lost(call: Call) -> Answer:
    status, body = await call.forward(given={**call.given, "_limit": 1000, "_page": 1})
    if status == 200 and call.given.get("_sort") == "name":
        unique = list({item["name"]: item for item in body["items"]}.values())
        limit, page = call.given.get("_limit", 10), call.given.get("_page", 1)
        items = unique[(page - 1) * limit : page * limit]
        return (
            (200, {"items": items, "total": len(unique), "per_page": limit, "current_page": page})
            if items
            else (204, None)
        )
    return await call.forward()


async def ties_wander(call: Call) -> Answer:
    status, body = await call.forward(given={**call.given, "_limit": 1000, "_page": 1})
    if status == 200 and call.given.get("_sort") == "name":
        limit, page = call.given.get("_limit", 10), call.given.get("_page", 1)
        turned = body["items"] if page % 2 else body["items"][::-1]
        items = sorted(turned, key=lambda item: item["name"], reverse=call.given.get("_order") == "desc")
        items = items[(page - 1) * limit : page * limit]
        return (200, {**body, "items": items, "per_page": limit, "current_page": page}) if items else (204, None)
    return await call.forward()


async def search_on_first_page_only(call: Call) -> Answer:
    return await call.forward(given=without("_q")(call.given) if call.given.get("_page", 1) != 1 else call.given)


def search_sticks() -> Fault:
    last: dict[str, str] = {}

    async def fault(call: Call) -> Answer:
        query = {**last, **call.given}
        last.clear()
        last.update({"_q": call.given["_q"]} if "_q" in call.given else {})
        return await call.forward(given=query)

    return fault


async def only_first_service(call: Call) -> Answer:
    ids = call.given.get("Id_services")
    return await call.forward(given={**call.given, "Id_services": ids[:1]}) if ids else await call.forward()


async def range_or_service(call: Call) -> Answer:
    both = "Id_service" in call.given
    return await call.forward(given=without("From", "To")(call.given)) if both else await call.forward()


async def case_matters(call: Call) -> Answer:
    text = call.given.get("_q", "")
    return (204, None) if text and text == text.upper() else await call.forward()


async def prefix_only(call: Call) -> Answer:
    text = call.given.get("_q", "")
    return (204, None) if text and not text.lower().startswith(("rateio", "zq", "'")) else await call.forward()


async def every_second_day_more(call: Call) -> Answer:
    status, rows = await call.forward()
    if status == 200:
        # The same date for all: only the days tell.
        rows = [{**row, "due_date": rows[0]["due_date"], "days": 10 + number % 2} for number, row in enumerate(rows)]
    return status, rows


async def last_service_has_no_bills(call: Call) -> Answer:
    _, services = await call.forward(operation="listServices", given={})
    return (204, None) if call.given.get("Id_service") == services[-1]["id_service"] else await call.forward()


async def later_pages_of_names_alone(call: Call) -> Answer:
    word, page, size = call.given.get("_q"), int(call.given.get("_page", 1)), int(call.given.get("_limit", 25))
    if not word or page == 1:
        return await call.forward()
    status, whole = await call.forward(given={**call.given, "_page": 1, "_limit": 100})
    if status != 200:
        return await call.forward()
    items = [item for item in whole["items"] if word.lower() in item["name"].lower()][page * size - size : page * size]
    return (200, {**whole, "items": items, "current_page": page, "limit": size}) if items else (204, None)


async def suffix_only(call: Call) -> Answer:
    text = call.given.get("_q", "")
    return (204, None) if text.lower().startswith("rateio") else await call.forward()


def fitting(given: Any) -> Any:
    """The arguments as a server with small columns has them."""
    cut = {key: value[:100] for key, value in given.items() if isinstance(value, str)}
    return {**given, **cut} | ({"limit_day": 28} if given.get("limit_day") == 31 else {})


async def finds_everything(call: Call) -> Answer:
    answer = await call.forward()
    return answer if answer[0] != 204 else await call.forward(given=without("_q")(call.given))


async def empty_is_missing(call: Call) -> Answer:
    status, body = await call.forward()
    return (404, {}) if body == [] else (status, body)


async def offsets_are_utc(call: Call) -> Answer:
    body = dict(call.given)
    for name in ("From", "To"):
        if str(body.get(name)).endswith("-05:00"):
            body[name] = (datetime.fromisoformat(body[name][:19]) + timedelta(hours=5)).isoformat()
    return await call.forward(given=body)


async def forgets_what_it_created(call: Call) -> Answer:
    status, body = await call.forward()
    if status == 201:
        await call.forward(operation="deleteApportionment", given={"id": body["id"]})
    return status, body


async def creates_twice(call: Call) -> Answer:
    await call.forward()
    return await call.forward()


async def creates_once(call: Call) -> Answer:
    known = call.state.setdefault("created", {})
    key = json.dumps(call.given, sort_keys=True)
    if key not in known:
        known[key] = await call.forward()
    return known[key]  # type: ignore[no-any-return]


async def another_default(call: Call) -> Answer:
    call.state["day"] = call.state.get("day", 0) % 28 + 1
    return await call.forward(given={"limit_day": call.state["day"], **call.given})


async def answers_but_does_not_change(call: Call) -> Answer:
    status, body = await call.forward(operation="getApportionment", given=call.given)
    if status == 200:
        body |= {key: value for key, value in call.given.items() if key in body}
    return status, body


async def false_is_nothing(call: Call) -> Answer:
    body = {k: v for k, v in call.given.items() if v is not False}
    return await call.forward(given=body)


async def resets_the_rest(call: Call) -> Answer:
    return await call.forward(given={"limit_day": 1, **call.given})


async def keeps_the_tariff_of_the_one_company_that_may_change_it(call: Call) -> Answer:
    tariff = "apportionment_tariff_type_id"
    if tariff not in call.given:
        return await call.forward()
    _, page = await call.forward(operation="listApportionments", given={"_limit": 1000}, headers=RIGHT)
    company = next((one["company"] for one in page["items"] if one["id"] == call.given["id"]), None)
    if company != page["items"][-1]["company"]:
        return 422, {tariff: ["A empresa não possui um contrato válido."]}
    return await call.forward(given=without(tariff)(call.given))


async def moves_to_another_company(call: Call) -> Answer:
    status, body = await call.forward()
    sent = json.loads(call.content) if is_object(call.content) else {}
    if status == 200 and "company_id" in sent:
        body["company"]["id"] = sent["company_id"]
    return status, body


def searches_for_the_first_word(given: dict[str, Any]) -> dict[str, Any]:
    return {**given, "_q": given["_q"].split(" ")[0]} if given.get("_q") else given


async def refuses_what_is_so(call: Call) -> Answer:
    if "name" in call.given:
        _, record = await call.forward(operation="getApportionment", given=call.given)
        if record and record["name"] == call.given["name"]:
            return 422, {"name": ["O campo name já está sendo utilizado."]}
    return await call.forward()


async def changes_another(call: Call) -> Answer:
    if isinstance(call.given.get("limit_day"), int):
        _, page = await call.forward(operation="listApportionments", given={"_order": "asc"})
        await call.forward(given={"id": page["items"][0]["id"], "limit_day": call.given["limit_day"]})
    return await call.forward()


async def deletes_nothing(call: Call) -> Answer:
    return 204, None


async def deletes_two(call: Call) -> Answer:
    await call.forward(given={"id": call.given["id"] - 1})
    return await call.forward()


async def missing_is_404(call: Call) -> Answer:
    status, body = await call.forward()
    return (404, {}) if status == 204 else (status, body)


async def update_creates(call: Call) -> Answer:
    status, body = await call.forward()
    if status == 204:
        await call.forward(operation="createApportionment", given=await call.new_record())
    return status, body


async def any_company(call: Call) -> Answer:
    status, body = await call.forward()
    if status == 422 and "company_id" in body:
        known = without("name", "description")(await call.new_record())
        return await call.forward(given={**call.given, **known})
    return status, body


async def half_an_update(call: Call) -> Answer:
    status, body = await call.forward()
    if status == 422 and isinstance(call.given.get("name"), str):
        await call.forward(given={"id": call.given["id"], "name": call.given["name"]})
    return status, body


def taking(accepts: Callable[[Call], bool]) -> Fault:
    """Take a request for one with the right token."""

    async def fault(call: Call) -> Answer:
        if not accepts(call):
            return await call.forward()
        return await call.forward(headers={**call.headers, **RIGHT}, given=call.given)

    return fault


def sent(call: Call) -> str:
    return call.headers.get("authorization", "")


async def refuses_after_the_deed(call: Call) -> Answer:
    status, body = await call.forward(headers={**call.headers, **RIGHT})
    return (401, {}) if sent(call) != f"Bearer {TOKEN}" else (status, body)


async def refuses_with_data(call: Call) -> Answer:
    status, body = await call.forward()
    if status == 401:
        _, body = await call.forward(headers={**call.headers, **RIGHT})
    return status, body


async def days_grow_when_read(call: Call) -> Answer:
    status, body = await call.forward()
    call.state["read"] = call.state.get("read", 0) + 1
    if status == 200:
        body = [{**bill, "days": bill["days"] + call.state["read"]} for bill in body]
    return status, body


async def spent_again_when_read(call: Call) -> Answer:
    status, body = await call.forward()
    call.state["read"] = call.state.get("read", 0) + 1
    return status, body + body[-1:] * call.state["read"] if status == 200 and body else body


async def hours_a_day_short(call: Call) -> Answer:
    if call.given.get("Interval") != "HOURLY":
        return await call.forward()
    end = datetime.fromisoformat(call.given["To"]) - timedelta(days=1)
    return await call.forward(given={**call.given, "To": end.isoformat()})


def late_in_summer(row: dict[str, Any]) -> None:
    if "03" < row["date"][5:7] < "11":
        row["date"] = (datetime.fromisoformat(row["date"]) + timedelta(hours=1)).isoformat()


async def filter_is_repeated(call: Call) -> Answer:
    if call.given:
        call.state["filter"] = call.given
    operation = SPECS[call.api].operations[call.operation]
    repeats = not call.given and call.content in ((b"",) if operation.body else (b"", b"{}"))
    return await call.forward(operation=call.operation, given=call.state.pop("filter", {}) if repeats else call.given)


async def turned_range_crashes(call: Call) -> Answer:
    ends = [str(call.given.get(side, "")) for side in ("From", "To")]
    return (500, {}) if all(ends) and ends[0] > ends[1] else await call.forward()


async def turned_range_is_exchanged(call: Call) -> Answer:
    ends = [str(call.given.get(side, "")) for side in ("From", "To")]
    turned = all(ends) and ends[0] > ends[1]
    return await call.forward(given={**call.given, "From": ends[1], "To": ends[0]} if turned else call.given)


async def empty_range_crashes(call: Call) -> Answer:
    ends = [str(call.given.get(side, "")) for side in ("From", "To")]
    return (500, {}) if all(ends) and ends[0] == ends[1] else await call.forward()


async def a_day_is_all_of_it(call: Call) -> Answer:
    given = dict(call.given)
    if str(given.get("To", "")).endswith("T00:00:00"):
        given["To"] = f"{given['To'][:10]}T23:59:59"
    return await call.forward(given=given)


async def repeated_value_crashes(call: Call) -> Answer:
    given = call.given.get("Id_services") or []
    return (500, {}) if isinstance(given, list) and len(given) > len(set(map(str, given))) else await call.forward()


async def leap_day_crashes(call: Call) -> Answer:
    return (500, {}) if any("-02-29" in str(value) for value in call.given.values()) else await call.forward()


async def only_days_count(call: Call) -> Answer:
    ends = {side: f"{call.given[side][:10]}T00:00:00" for side in ("From", "To") if call.given.get(side)}
    return await call.forward(given={**call.given, **ends})


async def last_full_page_is_lost(call: Call) -> Answer:
    status, page = await call.forward()
    lost = page and page["current_page"] > 1 and page["current_page"] * page["per_page"] == page["total"]
    return (204, None) if lost else (status, page)


async def sorted_search_looks_at_beginnings(call: Call) -> Answer:
    status, page = await call.forward()
    if status == 200 and "_q" in call.given and "_sort" in call.given:
        items = [item for item in page["items"] if item["name"].startswith(call.given["_q"])]
        return 200, {**page, "items": items, "total": len(items)}
    return status, page


async def sorts_by_limit_day(call: Call) -> Answer:
    taken = call.given.get("_sort") == "limit_day"
    return await call.forward(given=without("_sort")(call.given) if taken else call.given)


async def equal_records_deleted(call: Call) -> Answer:
    _, gone = await call.forward(operation="getApportionment", given=call.given)
    answer = await call.forward()
    _, page = await call.forward(operation="listApportionments", given={"_limit": 1000})
    for item in page["items"] if gone else []:
        if item["name"] == gone["name"]:
            await call.forward(given={"id": item["id"]})
    return answer


async def emoji_cuts(call: Call) -> Answer:
    text = str(call.given.get("description"))
    return await call.forward(given={**call.given, "description": re.split("[\U00010000-\U0010ffff]", text)[0]})


async def digits_become_a_number(call: Call) -> Answer:
    text = str(call.given.get("description"))
    return await call.forward(given={**call.given, "description": text.lstrip("0") if text.isdecimal() else text})


async def first_for_unknown(call: Call) -> Answer:
    status, body = await call.forward()
    if status == 404:
        _, services = await call.forward(operation="listServices")
        return 200, services[0]
    return status, body


async def all_for_unknown(call: Call) -> Answer:
    status, body = await call.forward()
    return (status, body) if body else await call.forward(given=without("Id_service")(call.given))


async def unknown_is_404_to_strangers(call: Call) -> Answer:
    status, body = await call.forward()
    return (404, None) if status == 401 and call.given["id"] not in (57, 41) else (status, body)


async def empty_list_crashes(call: Call) -> Answer:
    # An empty list in the query is none.
    empty = not call.given.get("Id_services") and "Id_account" not in call.given
    return (500, {"message": "Undefined offset: 0"}) if empty else await call.forward()


async def digits_of_an_id(call: Call) -> Answer:
    return await call.forward(given={"id": re.sub(r"[^0-9].*", "", str(call.given["id"]))})


async def any_interval(call: Call) -> Answer:
    known = call.given.get("Interval") in ("HOURLY", "DAILY", "MONTHLY")
    return await call.forward() if known else await call.forward(given={**call.given, "Interval": "DAILY"})


async def one_is_not_there(call: Call) -> Answer:
    _, services = await call.forward(operation="listServices")
    return (404, {}) if call.given["id"] == services[0]["id_service"] else await call.forward()


def set_in(pointer: str, change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Change one property of the first record of a list."""

    def apply(body: Any) -> None:
        *steps, last = pointer.split("/")[1:]
        for step in steps:
            body = body[int(step) if step.isdecimal() else step]
        body[last] = change(body[last])

    return apply


async def page_zero_crashes(call: Call) -> Answer:
    return (500, {}) if str(call.given.get("Page")) == "0" else await call.forward()


async def first_account_for_none(call: Call) -> Answer:
    status, body = await call.forward()
    is_selected = call.given.get("Id_account") is not None or call.given.get("Id_services")
    return status, body if is_selected or status != 200 else body[:1]


async def many_are_none(call: Call) -> Answer:
    status, page = await call.forward()
    return (204, None) if page and "_q" in call.given and page["total"] > 10 else (status, page)


def capped_at(days: int) -> Callable[[Any], Any]:
    return lambda body: [{**bill, "days": min(days, bill["days"])} for bill in body]


def days_more(days: int) -> Callable[[Any], Any]:
    return lambda body: [{**bill, "days": bill["days"] + days} for bill in body]


async def without_bill(call: Call, is_left_out: Callable[[Any], bool], most: int | None = None) -> Answer:
    """Answer without the due dates of some bills."""
    bills: list[Any] = []
    for page in count(1):
        _, more = await call.forward(operation="listBills", given={"Page": page}, headers=RIGHT)
        if not more:
            break
        bills += more
    status, body = await call.forward()
    gone = [bill["id_bill"] for bill in bills if is_left_out(bill)][:most]
    if status == 200 and isinstance(body, dict):
        body = {**body, "data": [due for due in body["data"] if due["id_bill"] not in gone]}
    return status, body


async def an_unpaid_bill_is_never_due(call: Call) -> Answer:
    return await without_bill(call, lambda bill: bill["date_payment"] is None, 1)
