"""Faults of NEU."""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from mutants.server import (
    Answer,
    Ask,
    Change,
    Condition,
    Fault,
    Server,
    answer,
    answers,
    arguments,
    cut,
    everything,
    exchange,
    headers,
    instead,
    items_of,
    page_of,
    requests,
    responses,
    size_of,
    status,
    taking_bodies,
    to_page,
    with_items,
)

Items = list[Any]

# Values.


def put(**values: Any) -> Callable[[Any], Any]:
    """Set fields of an object; a function gets the object and gives the value."""
    return lambda item: {**item, **{key: value(item) if callable(value) else value for key, value in values.items()}}


def without(*names: str) -> Callable[[Any], Any]:
    """Take fields from an object."""
    return lambda item: {key: value for key, value in item.items() if key not in names}


def renamed(old: str, new: str) -> Callable[[Any], Any]:
    """Rename a field of an object."""
    return lambda item: {new if key == old else key: value for key, value in item.items()}


def at(index: int, change: Callable[[Any], Any]) -> Callable[[Items], Items]:
    """Change one item of a list, when it has that many."""

    def changed(items: Items) -> Items:
        place = range(len(items))[index] if -len(items) <= index < len(items) else None
        return [change(item) if number == place else item for number, item in enumerate(items)]

    return changed


def those(condition: Callable[[Any], bool], change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Change the values that fulfil a condition."""
    return lambda value: change(value) if condition(value) else value


def kept(condition: Callable[[Any], bool]) -> Callable[[Items], Items]:
    """Keep the items that fulfil a condition."""
    return lambda items: [item for item in items if condition(item)]


def moved(**by: float) -> Callable[[str], str]:
    """Move a timestamp by a timedelta's arguments."""
    return lambda text: (datetime.fromisoformat(text) + timedelta(**by)).isoformat()


def times(factor: float) -> Callable[[float], float]:
    """Multiply, to the thousandth."""
    return lambda value: round(value * factor, 3)


# Requests.


def asks(**values: Any) -> Condition:
    """Whether the request has these arguments."""
    return lambda ask: all(ask.argument(name) == value for name, value in values.items())


def names(*arguments: str) -> Condition:
    """Whether the request has all of these arguments, with any value."""
    return lambda ask: all(ask.argument(name) is not None for name in arguments)


def later_page(ask: Ask) -> bool:
    """Whether a page after the first is asked for."""
    return page_of(ask) > 1


def dropped(*arguments: str) -> Callable[[Ask], Ask]:
    """Take arguments out of the request."""
    return lambda ask: ask.without(*arguments)


def moved_range(**moves: Callable[[str], str]) -> Callable[[Ask], Ask]:
    """Move the dates that are asked for."""

    def changed(ask: Ask) -> Ask:
        asked = {name: str(ask.argument(name)) for name in moves}
        # Offsets and the ends of the calendar stay: they are another matter.
        plain = {n: text for n, text in asked.items() if re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d", text)}
        return ask.with_arguments(**{name: moves[name](text) for name, text in plain.items()})

    return changed


def repaged(operations: str, shown: Callable[[Items, int, int], Items], when: Condition = lambda _: True) -> Change:
    """Show other items on a page: those that `shown` takes from all of them for the page's number and its size."""

    async def changed(ask: Ask, server: Server) -> Answer:
        old, number = await server(ask), page_of(ask)
        if not old.ok or number < 1:
            return old
        return with_items(ask, old, shown(await everything(ask, server), number, size_of(ask)))

    return exchange(operations, changed, when)


# Rows of consumption.

ENERGY = ("cons", "injec", "reactive_in", "reactive_in_ex", "reactive_cap", "reactive_ex")
ROWS = "/*/data/*"


def readings(change: Callable[[Any], Any], where: str = "", interval: str | None = None) -> Change:
    """Alter the rows of consumption, or a field of theirs, at one interval or at all."""
    when: Condition = asks(Interval=interval) if interval else lambda _: True
    return answers("queryConsumption", change, ROWS + where, when)


def of_rows(change: Callable[[Items], Items], interval: str | None = None) -> Change:
    """Alter the list of rows of each account."""
    when: Condition = asks(Interval=interval) if interval else lambda _: True
    return answers("queryConsumption", change, "/*/data", when)


def scaled(fields: Iterable[str], factor: float) -> Callable[[Any], Any]:
    """Multiply fields of an object."""
    chosen = tuple(fields)
    return lambda row: {**row, **{name: times(factor)(row[name]) for name in chosen}}


# Changes that take more than a line.


def _remembered_login() -> Change:
    async def changed(ask: Ask, server: Server) -> Answer:
        if ask.header("authorization"):
            response = await server(ask)
            ask.memory["login"] = ask.memory.get("login") or response.status != 401
            return response
        return await server(ask.authorized() if ask.memory.get("login") else ask)

    return exchange("*", changed)


def _every(nth: int, response: Answer) -> Change:
    async def changed(ask: Ask, server: Server) -> Answer:
        ask.memory["count"] = ask.memory.get("count", 0) + 1
        return response if ask.memory["count"] % nth == 0 else await server(ask)

    return changed


async def _without_last_day(ask: Ask, server: Server) -> Answer:
    monthly = await server(ask)
    if not monthly.ok:
        return monthly
    body = monthly.json()
    starts = sorted({row["date"] for account in body for row in account["data"]})
    if not starts:
        return monthly
    end = (datetime.fromisoformat(starts[-1]) + timedelta(days=32)).replace(day=1)
    daily = await server(ask.with_arguments(Interval="DAILY", From=starts[0], To=end.isoformat()))
    last = {}
    for row in (row for account in daily.json() for row in account["data"]):
        day = datetime.fromisoformat(row["date"])
        if (day + timedelta(days=1)).day == 1:
            last[row["id_service"], row["date"][:7]] = row["cons"]
    change = put(cons=lambda row: round(row["cons"] - last[row["id_service"], row["date"][:7]], 3))
    return monthly.with_json([{**account, "data": [change(row) for row in account["data"]]} for account in body])


async def _error_as_success(ask: Ask, server: Server) -> Answer:
    response = await server(ask)
    return replace(response, status=200) if 400 <= response.status < 500 and response.status != 401 else response


async def _any_service(ask: Ask, server: Server) -> Answer:
    response = await server(ask)
    if response.status != 404:
        return response
    services = await server(ask.to("listServices"))
    return services.with_json(services.json()[0]) if services.ok else services


async def _any_account(ask: Ask, server: Server) -> Answer:
    response = await server(ask)
    if response.status != 404:
        return response
    accounts = await server(ask.to("listAccounts"))
    return await server(ask.to(ask.operation, id=accounts.json()[0]["id_account"])) if accounts.ok else accounts


async def _unknown_filters_nothing(ask: Ask, server: Server) -> Answer:
    response = await server(ask)
    services = await server(ask.to("listServices"))
    known = [service["id_service"] for service in services.json()] if services.ok else []
    unknown = ask.argument("Id_service") not in (None, *known)
    return await server(dropped("Id_service")(ask)) if response.ok and unknown else response


def _neighbour(operation: str, service: str, item: str) -> Change:
    """Let the next item of another service through the filter, on the page where it would come first."""

    async def changed(ask: Ask, server: Server) -> Answer:
        response = await server(ask)
        if not response.ok or not items_of(ask, response):
            return response
        found, others = items_of(ask, response), await server(dropped(service)(ask))
        stranger = next((other for other in items_of(ask, others) if other[item] != found[0][item]), None)
        return response if stranger is None else with_items(ask, response, [*found[:-1], stranger])

    return exchange(operation, changed, when=names(service))


async def _all_accounts(ask: Ask, server: Server) -> Answer:
    response = await server(ask)
    accounts = await server(ask.to("listAccounts"))
    if not response.ok or not accounts.ok:
        return response
    found: Items = []
    for account in accounts.json():
        found += (await server(ask.to(ask.operation, id=account["id_account"]))).json()
    return response.with_json(found)


async def _unfiltered_total(ask: Ask, server: Server) -> Answer:
    response = await server(ask)
    if not response.ok:
        return response
    whole = await server(dropped("Id_service")(ask))
    return response.with_json({**response.json(), "total": whole.json()["total"]})


async def _growing_days(ask: Ask, server: Server) -> Answer:
    response = await server(ask)
    if not response.ok:
        return response
    ask.memory["asked"] = ask.memory.get("asked", -1) + 1
    return response.with_json([{**bill, "days": bill["days"] + ask.memory["asked"]} for bill in response.json()])


async def _spent_again(ask: Ask, server: Server) -> Answer:
    response = await server(ask)
    if not response.ok or not response.json():
        return response
    items = response.json()
    reads = ask.memory[ask.argument("id")] = ask.memory.get(ask.argument("id"), 0) + 1
    return response.with_json(items + items[-1:] * (reads - 1))


async def _paid_overdue(ask: Ask, server: Server) -> Answer:
    response = await server(ask)
    if not response.ok:
        return response
    paid = [bill for bill in await everything(ask.to("listBills"), server) if bill["date_payment"]]
    item = {"id_bill": str(paid[0]["id_bill"]), "due_date": paid[0]["date_expiration"], "days": 27}
    return response.with_json([*response.json(), item])


def _swapped(text: str) -> str:
    """Day and month in each other's place, where the calendar has such a day."""
    day = text[8:10]
    return text if int(day) > 12 else f"{text[:5]}{day}-{text[5:7]}{text[10:]}"


def _long(ask: Ask) -> bool:
    """Whether more than a month is asked for."""
    start, stop = (str(ask.argument(name, ""))[:19] for name in ("From", "To"))
    try:
        return datetime.fromisoformat(stop) - datetime.fromisoformat(start) > timedelta(days=31)
    except ValueError:
        return False


async def _redirect(ask: Ask, _: Server) -> Answer:
    return answer(307, None, location=ask.path + "/")


def _summer(row: Any) -> Any:
    """An hour later from March to November."""
    return {**row, "date": moved(hours=1)(row["date"])} if "03-10T02" <= row["date"][5:13] < "11-03T01" else row


def _week_year(row: Any) -> Any:
    """The year of the date's ISO week in place of its own."""
    year = datetime.fromisoformat(row["date"]).isocalendar().year
    return {**row, "date": f"{year}{row['date'][4:]}"}


def _of(group: str, *faults: tuple[str, str, Change]) -> list[Fault]:
    return [Fault(name, "neu", group, sentence, change) for name, sentence, change in faults]


def _latin(response: Answer) -> Answer:
    return replace(response, body=response.body.decode().encode("latin-1", "replace"))


def _quoted(response: Answer) -> Answer:
    return response.with_json(response.body.decode()) if response.ok else response


def _refused(response: Answer) -> bool:
    return 400 <= response.status < 500 and response.status != 401


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


def _tolerant(operations: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Change:
    """Repair what the server refuses in the arguments."""

    async def changed(ask: Ask, server: Server) -> Answer:
        response = await server(ask)
        return await server(ask.asking(change(dict(ask.arguments)))) if response.status == 400 else response

    return exchange(operations, changed)


def _no_such_day(arguments: dict[str, Any]) -> dict[str, Any]:
    def repaired(text: Any) -> Any:
        found = re.fullmatch(r"(\d{4})-(\d\d)-(29|30|31)(T\d\d:\d\d:\d\d)", text) if isinstance(text, str) else None
        if found is None or not 1 <= int(found[2]) <= 12 or not 1 <= int(found[1]) <= 9998:
            return text
        first = datetime(int(found[1]), int(found[2]), 1)
        return (first + timedelta(days=int(found[3]) - 1)).strftime("%Y-%m-%d") + found[4]

    return {**arguments, **{name: repaired(arguments[name]) for name in ("From", "To") if name in arguments}}


def _has_token(ask: Ask) -> bool:
    """Whether the request has a header for the token."""
    return bool(ask.header("authorization"))


async def _reveals(ask: Ask, server: Server) -> Answer:
    whole = await server(ask.authorized())
    return whole if whole.status == 404 else await server(ask)


def _only_dates(arguments: dict[str, Any]) -> dict[str, Any]:
    """Take away the dates that cannot be read."""
    return {
        name: value
        for name, value in arguments.items()
        if name not in ("From", "To") or (isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\dT\d", value))
    }


def _unreadable(ask: Ask) -> bool:
    return _only_dates(ask.arguments) != ask.arguments


def _list_instead(operation: str) -> Change:
    async def changed(ask: Ask, server: Server) -> Answer:
        response = await server(ask)
        return await server(ask.to(operation)) if response.ok else response

    return changed


async def _whole_account(ask: Ask, server: Server) -> Answer:
    response = await server(ask)
    if not response.ok or len(response.json()) != 1:
        return response
    account = response.json()[0]["id_account"]
    return await server(ask.without("Id_services").with_arguments(Id_account=account))


def _next_month(text: str) -> str:
    return (datetime.fromisoformat(text).replace(day=1) + timedelta(days=32)).replace(day=1, hour=0).isoformat()


async def _all_when_none(ask: Ask, server: Server) -> Answer:
    response = await server(ask)
    if not response.ok or items_of(ask, response) or page_of(ask) != 1:
        return response
    return await server(ask.without("From", "To"))


async def _rotated(ask: Ask, server: Server) -> Answer:
    old, number = await server(ask), page_of(ask)
    if not old.ok or number < 1:
        return old
    ask.memory["turn"] = ask.memory.get("turn", -1) + 1
    items = await everything(ask, server)
    turn = ask.memory["turn"] * 7 % max(1, len(items))
    return with_items(ask, old, cut(items[turn:] + items[:turn], number, size_of(ask)))


def _with_backup(rows: Items) -> Items:
    backup = {row["date"]: row["cons"] for row in rows if row["is_backup"]}
    return [
        row if row["is_backup"] else {**row, "cons": round(row["cons"] + backup.get(row["date"], 0), 3)} for row in rows
    ]


def _without_offsets(ask: Ask) -> Ask:
    asked = {name: ask.argument(name) for name in ("From", "To") if ask.argument(name)}
    return ask.with_arguments(**{n: re.sub(r"(T[\d:.]+)(Z|[+-]\d\d:\d\d)$", r"\1", text) for n, text in asked.items()})


def _page_elsewhere(ask: Ask) -> Ask:
    """Take the page from the body when the spec has it elsewhere, else from the query."""
    body = ask.json() if ask.target.parameter("PageNumber").place != "body" else ask.query
    number = body.get("PageNumber") if isinstance(body, dict) else None
    if number is None:
        return ask.without("PageNumber")
    return ask.with_arguments(PageNumber=int(number) if str(number).isdecimal() else number)


def _hour_24(text: str) -> str:
    return moved(days=-1)(text)[:11] + "24:00:00" if text[11:] == "00:00:00" else text


async def _tells_the_token(ask: Ask, server: Server) -> Answer:
    response = await server(ask)
    if not _refused(response):
        return response
    sent = dict(ask.headers)
    return response.with_json({"message": "The request was refused.", "request": {"headers": sent}})


def _first_account(services: Items) -> Items:
    first, last = services[0], services[-1]["id_account"]
    account = {name: first[name] for name in ("id_account", "account_name")}
    return [{**item, **account} if item["id_account"] == last else item for item in services]


def _sum(concepts: Items) -> float:
    total: float = sum(concept["total"] for concept in concepts)
    return round(total, 3)


def _exchanged(rows: Items) -> Items:
    services = list(dict.fromkeys(row["id_service"] for row in rows))[:2]
    if len(services) < 2:
        return rows
    labels = {row["id_service"]: {name: row[name] for name in ("id_service", "name", "is_backup")} for row in rows}
    other = dict(zip(services, reversed(services), strict=True))
    return [{**row, **labels[other.get(row["id_service"], row["id_service"])]} for row in rows]


def _with_next(items: Items) -> Iterable[tuple[Any, Any]]:
    return zip(items, [*items[1:], *items[:1]], strict=True)


async def _due_later(ask: Ask, server: Server) -> Answer:
    """Shift the dates of the answer, and with them the range that is asked for."""
    response = await server(ask)
    if not response.ok:
        return response
    shifted = await server(moved_range(From=moved(days=-1), To=moved(days=-1))(ask))
    later = put(date_expiration=lambda item: moved(days=1)(item["date_expiration"]))
    return with_items(ask, shifted, [later(item) for item in items_of(ask, shifted)])


def _crashing(operation: str, bad: Callable[[Ask], bool]) -> Change:
    """Requests that would be answered well are errors of the server."""

    async def changed(ask: Ask, server: Server) -> Answer:
        response = await server(ask)
        return answer(500, CRASH) if response.ok and bad(ask) else response

    return exchange(operation, changed)


def _turned(ask: Ask) -> bool:
    ends = [str(ask.argument(side, "")) for side in ("From", "To")]
    return all(re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d", end) for end in ends) and ends[0] > ends[1]


async def _repeating_filter(ask: Ask, server: Server) -> Answer:
    response = await server(ask)
    if not ask.bare and response.ok:
        ask.memory["filter"] = ask.arguments
    elif response.ok and "filter" in ask.memory:
        return await server(ask.asking(ask.memory["filter"]))
    return response


CRASH = {"message": "Internal Server Error"}

FAULTS: tuple[Fault, ...] = (
    *_of(
        "transport and status",
        ("accounts-created", "The list of accounts answers 201 instead of 200.",
         responses("listAccounts", lambda old: replace(old, status=201) if old.ok else old)),
        ("hourly-consumption-crashes", "Hourly consumption of more than a month is an error of the server.",
         status("queryConsumption", 500, CRASH, lambda ask: asks(Interval="HOURLY")(ask) and _long(ask))),
        ("overdue-bills-no-content", "The overdue bills answer 204 although there are some.",
         responses("listOverdueBills", lambda old: Answer(204) if old.ok else old)),
        ("errors-with-status-200", "What is refused is answered with an error in the body and the status 200.",
         exchange("*", _error_as_success)),
        ("service-redirects", "A service redirects to its path with a slash at the end.",
         exchange("getService", _redirect)),
        ("notifications-break-off", "The second page of notifications breaks off in the middle.",
         responses("listNotifications", lambda old: replace(old, sent=len(old.body) // 2) if old.ok else old,
                   later_page)),
        ("services-fail-now-and-then", "Every third request for the services is answered with 502.",
         exchange("listServices", _every(3, answer(502, {"message": "Bad Gateway"})))),
        ("no-claims-no-body", "When no claim is found, the answer has no body.",
         responses("listPqrs", lambda old: replace(old, body=b"") if old.body == b"[]" else old)),
        ("rules-cut-short", "The list of rules is cut in the middle of its JSON.",
         responses("listActiveRules", lambda old: replace(old, body=old.body[:1024]) if old.ok else old)),
    ),
    *_of(
        "content type",
        ("bills-as-html", "Bills are JSON that is declared as HTML.",
         responses("listBills", lambda old: old.with_header("content-type", "text/html") if old.ok else old)),
        ("consumption-as-text", "Consumption is JSON that is declared as plain text.",
         responses("queryConsumption", lambda old: old.with_header("content-type", "text/plain") if old.ok else old)),
        ("services-undeclared", "The services come without a Content-Type.",
         responses("listServices", lambda old: old.with_header("content-type", None) if old.ok else old)),
        ("accounts-in-latin-1", "Accounts are encoded in ISO 8859-1.",
         responses("listAccounts getAccount", lambda old: _latin(old) if old.ok else old)),
        ("claims-quoted", "Claims are a JSON string that has JSON in it.", responses("listPqrs", _quoted)),
        ("neugets-as-jsonp", "Transactions of neugets are wrapped in a call of JavaScript.",
         responses("listNeugetTransactions",
                   lambda old: replace(old, body=b"callback(" + old.body + b");") if old.ok else old)),
    ),
    *_of(
        "schema",
        ("backup-as-number", "Whether a meter is a backup is 0 or 1.", readings(int, "/is_backup")),
        ("account-ids-as-text", "Identifiers of accounts are strings in the list of accounts.",
         answers("listAccounts", str, "/*/id_account")),
        ("last-service-without-address", "The last service has no address.",
         answers("listServices", at(-1, without("address")))),
        ("unpaid-as-empty-list", "An unpaid bill has an empty list of platform payments.",
         answers("listBills", those(lambda bill: bill["platform_payments"] is None, put(platform_payments=[])), "/*")),
        ("unpaid-as-empty-text", "An unpaid bill has an empty text as its date of payment.",
         answers("listBills", those(lambda bill: bill["date_payment"] is None, put(date_payment="")), "/*")),
        ("one-account-as-object", "One account comes as an object instead of an array.",
         answers("getAccount", lambda found: found[0])),
        ("overdue-ids-as-numbers", "The identifier of an overdue bill is a number.",
         answers("listOverdueBills", int, "/*/id_bill")),
        ("read-as-text", "Whether a notification was read is a text.",
         answers("listNotifications", lambda read: str(read).lower(), "/data/*/read")),
        ("no-sundays", "A rule that does not apply on Sundays has null there.",
         answers("listActiveRules", lambda on: on or None, "/*/sunday")),
        ("alarm-renamed", "The history of rules spells Id_alarm as idAlarm.",
         answers("listRuleHistory", renamed("Id_alarm", "idAlarm"), "/data/*")),
        ("last-title-null", "The oldest notification has no title.",
         answers("listNotifications", those(lambda page: page["nextPage"] is None,
                                            lambda page: {**page, "data": at(-1, put(title=None))(page["data"])}))),
        ("niu-as-number", "The NIU of a bill is a number.", answers("listBills", int, "/*/niu")),
        ("account-without-services", "An account with two services has null in place of the list.",
         answers("listAccounts getAccount", those(lambda a: len(a["services"]) == 2, put(services=None)), "/*")),
    ),
    *_of(
        "auth",
        ("services-without-token", "The services are told to whoever sends no token.",
         requests("listServices", Ask.authorized, lambda ask: not ask.header("authorization"))),
        ("any-bearer", "Whatever follows Bearer is taken as a token.",
         requests("*", Ask.authorized, lambda ask: ask.header("authorization").lower().startswith("bearer "))),
        ("consumption-without-check", "Consumption takes a wrong token.",
         requests("queryConsumption", Ask.authorized, _has_token)),
        ("longer-token", "A token with something after it is taken.",
         requests("*", Ask.authorized, lambda ask: ask.credentials.startswith(ask.token))),
        ("part-of-the-token", "The beginning of a token is enough.",
         requests("*", Ask.authorized, lambda ask: ask.credentials != "" and ask.token.startswith(ask.credentials))),
        ("token-in-any-case", "Capitals and small letters of a token are the same.",
         requests("*", Ask.authorized, lambda ask: ask.credentials.lower() == ask.token.lower())),
        ("empty-token", "Bearer without a token is enough.",
         requests("*", Ask.authorized, lambda ask: ask.header("authorization").strip().lower() == "bearer")),
        ("any-scheme", "The token is taken with another scheme than Bearer.",
         requests("*", Ask.authorized, lambda ask: ask.credentials == ask.token)),
        ("token-in-the-query", "The token is taken from the query, where logs keep it.",
         requests("*", Ask.authorized, lambda ask: ask.query.get("access_token") == ask.token)),
        ("remembered-login", "After one request with a token, requests without one are answered.", _remembered_login()),
        ("refused-token-empty-list", "A refused token is answered with an empty list.",
         responses("listAccounts listServices listBills",
                   lambda old: answer(200, []) if old.status == 401 else old)),
        ("unknown-before-token", "Without a token, an account that does not exist is 404 and one that exists 401.",
         exchange("getAccount", _reveals)),
        ("token-of-one-page", "The token is refused from the second page of due dates on.",
         status("listDueDates", 401, {"message": "Unauthorized"}, later_page)),
        ("wrong-token-crashes", "A wrong token is an error of the server.",
         responses("*", lambda old: answer(500, CRASH) if old.status == 401 else old, _has_token)),
    ),
    *_of(
        "input validation",
        ("unknown-interval-daily", "An interval that does not exist is taken as DAILY.",
         _tolerant("queryConsumption", those(lambda asked: "Interval" in asked, put(Interval="DAILY")))),
        ("missing-interval-daily", "Consumption without an interval is daily.",
         arguments("queryConsumption", lambda asked: {"Interval": "DAILY", **asked})),
        ("missing-range-accepted", "Consumption without From and To is answered.",
         arguments("queryConsumption",
                   lambda asked: {"From": "2021-12-01T00:00:00", "To": "2022-01-01T00:00:00", **asked})),
        ("interval-in-any-case", "The interval may be in small letters.",
         arguments("queryConsumption", those(lambda asked: isinstance(asked.get("Interval"), str),
                                             put(Interval=lambda asked: asked["Interval"].upper())))),
        ("missing-end-crashes", "Consumption without To is an error of the server.",
         status("queryConsumption", 500, CRASH, lambda ask: not ask.bare and ask.argument("To") is None)),
        ("unreadable-date-ignored", "A date that cannot be read is taken as none in the list of bills.",
         arguments("listBills", _only_dates)),
        ("unreadable-date-crashes", "A date that cannot be read is an error of the server in notifications.",
         status("listNotifications", 500, CRASH, _unreadable)),
        ("day-that-does-not-exist", "The thirtieth of February is the first of March.",
         _tolerant("listPqrs listBills listDueDates listNotifications queryConsumption", _no_such_day)),
        ("empty-list-of-services-crashes", "An empty list of services is an error of the server.",
         # In a query an empty list is an empty text.
         status("queryConsumption", 500, CRASH, lambda ask: ask.argument("Id_services") in ([], [""]))),
        ("malformed-json-crashes", "A body that is not JSON is an error of the server.",
         responses(taking_bodies("listRuleHistory listActiveRules"),
                   lambda old: answer(500, CRASH) if old.status == 400 else old,
                   lambda ask: bool(ask.body) and not _is_json(ask.body))),
        ("malformed-json-ignored", "A body that is not JSON counts as none.",
         requests(taking_bodies("listPqrs"), lambda ask: ask.with_json({}),
                  lambda ask: bool(ask.body) and not _is_json(ask.body))),
        ("body-of-any-type", "A body that is no object counts as none.",
         requests(taking_bodies("listDueDates"), lambda ask: ask.with_json({}),
                  lambda ask: _is_json(ask.body) and not ask.readable)),
        ("page-of-letters", "A page that is no number is taken as the first one.",
         requests("listNotifications", dropped("PageNumber"),
                  lambda ask: not re.fullmatch(r"-?\d+", str(ask.argument("PageNumber", 1))))),
        ("negative-page-crashes", "A negative page is an error of the server.",
         status("listBills", 500, CRASH, lambda ask: page_of(ask) < 0)),
        ("service-of-letters-crashes", "A service's id that is no number is an error of the server.",
         status("getService", 500, CRASH, lambda ask: not re.fullmatch(r"-?\d+", str(ask.argument("id"))))),
        ("large-id-crashes", "An account's id of ten digits or more is an error of the server.",
         status("getAccount", 500, CRASH,
                lambda ask: re.fullmatch("[0-9]{10,}", str(ask.argument("id"))) is not None)),
        ("leap-day-crashes", "Bills from the 29th of February on are an error of the server.",
         _crashing("listBills", lambda ask: str(ask.argument("From", ""))[5:10] == "02-29")),
        ("turned-range-crashes", "Due dates From a date that is later than To are an error of the server.",
         _crashing("listDueDates", _turned)),
    ),
    *_of(
        "pagination",
        ("pages-of-nineteen", "A page of notifications has nineteen items.",
         repaged("listNotifications", lambda items, page, _: cut(items, page, 19))),
        ("due-dates-total-one-too-many", "The total of due dates counts one too many.",
         answers("listDueDates", lambda total: total + 1, "/total")),
        ("total-of-the-page", "The total of interactions is the number of items on the page.",
         answers("listNotificationInteractions", put(total=lambda page: len(page["data"])))),
        ("total-unfiltered", "The total of due dates of one service is the one of all services.",
         exchange("listDueDates", _unfiltered_total, names("Id_service"))),
        ("last-page-forgotten", "The number of the last page is rounded down.",
         answers("listDueDates listNotifications", put(maxPage=lambda page: max(1, page["total"] // 20)))),
        ("next-after-last", "The last page of notifications names a page after it.",
         answers("listNotifications", put(nextPage=lambda page: page["nextPage"] or page["maxPage"] + 1))),
        ("next-is-this", "The next page of interactions is the one that was asked for.",
         answers("listNotificationInteractions", lambda number: number - 1, "/nextPage")),
        ("no-next-on-first", "The first page of due dates names no next one.",
         answers("listDueDates", put(nextPage=None), when=lambda ask: page_of(ask) == 1)),
        ("seam-repeated", "The last bill of a page is the first one of the next page again.",
         repaged("listBills", lambda items, page, size: items[(size - 1) * (page - 1) :][:size])),
        ("seam-lost", "The first notification of each page after the first is left out.",
         answers("listNotifications", lambda items: items[1:], "/data", later_page)),
        ("last-bill-lost", "The last bill of all is left out.",
         repaged("listBills", lambda items, page, size: cut(items[:-1], page, size))),
        ("last-due-date-lost", "The last due date of all is left out.",
         answers("listDueDates", those(lambda page: page["nextPage"] is None, put(data=lambda p: p["data"][:-1])))),
        ("page-ignored", "Every page of due dates has the items of the first one.",
         repaged("listDueDates", lambda items, page, size: items[: len(cut(items, page, size))])),
        ("pages-from-zero", "Pages of rules are counted from zero.",
         instead("listActiveRules", lambda ask: to_page(ask, page_of(ask) + 1))),
        ("page-read-elsewhere", "The page of notifications is not read from where the document has it.",
         instead("listNotifications listNotificationInteractions", _page_elsewhere)),
        ("pages-forget-the-service", "From the second page on, bills of all services are listed.",
         instead("listBills", dropped("Id_service"), later_page)),
        ("pages-forget-the-range", "From the second page on, notifications of all dates are listed.",
         instead("listNotifications", dropped("From", "To"), later_page)),
        ("history-page-ignored", "The history of rules gives its first page whatever page is asked for.",
         instead("listRuleHistory", lambda ask: to_page(ask, 1))),
        ("page-after-last-crashes", "A page of interactions after the last one is an error of the server.",
         responses("listNotificationInteractions",
                   lambda old: answer(500, CRASH) if old.ok and not old.json()["data"] else old, later_page)),
    ),
    *_of(
        "filter",
        ("claims-from-ignored", "From is ignored in the list of claims.", instead("listPqrs", dropped("From"))),
        ("notifications-to-ignored", "To is ignored in the list of notifications.",
         instead("listNotifications", dropped("To"))),
        ("interactions-range-ignored", "From and To are ignored in the list of interactions.",
         instead("listNotificationInteractions", dropped("From", "To"))),
        ("from-alone-ignored", "From is ignored in the list of bills when there is no To.",
         instead("listBills", dropped("From"), lambda ask: ask.argument("To") is None)),
        ("bills-of-any-service", "The service is ignored in the list of bills.",
         instead("listBills", dropped("Id_service"))),
        ("bill-of-a-neighbour", "A bill of another service slips in among those of the one asked for.",
         _neighbour("listBills", "Id_service", "id_service")),
        ("due-date-of-a-neighbour", "A due date of another service slips in among those of the one asked for.",
         _neighbour("listDueDates", "Id_service", "id_service")),
        ("rule-of-a-neighbour", "A rule of another project slips in among those of the one asked for.",
         _neighbour("listActiveRules", "Id_project", "project")),
        ("unknown-service-filters-nothing", "An unknown service brings the bills of all services.",
         exchange("listBills", _unknown_filters_nothing)),
        ("due-dates-never-found", "Asking for the due dates of a service finds none.",
         answers("listDueDates", put(data=[], total=0, maxPage=1, nextPage=None), when=names("Id_service"))),
        ("first-service-only", "Of several services, consumption is given for the first only.",
         instead("queryConsumption",
                 lambda ask: ask.with_arguments(Id_services=ask.argument("Id_services")[:1]),
                 lambda ask: isinstance(ask.argument("Id_services"), list))),
        ("account-ignored", "Consumption is given for all accounts, whichever is asked for.",
         instead("queryConsumption", dropped("Id_account"))),
        ("services-as-account", "Consumption of one service is given for its whole account.",
         exchange("queryConsumption", _whole_account, names("Id_services"))),
        ("project-ignored", "The project is ignored in the list of active rules.",
         instead("listActiveRules", dropped("Id_project"))),
        ("history-project-ignored", "The project is ignored in the history of rules.",
         instead("listRuleHistory", dropped("Id_project"))),
        ("account-by-id-lists-all", "Reading one account lists all of them.",
         exchange("getAccount", _list_instead("listAccounts"))),
        ("unknown-service-is-first", "An unknown service is answered with the first one.",
         exchange("getService", _any_service)),
        ("unknown-account-is-first", "An unknown account is answered with the neugets of the first one.",
         exchange("listNeugetTransactions listUsedNeugets", _any_account)),
        ("neugets-of-all-accounts", "Transactions of neugets are those of all accounts.",
         exchange("listNeugetTransactions", _all_accounts)),
        ("range-a-day-short", "The last day of a range is missing in hourly consumption.",
         instead("queryConsumption", moved_range(To=moved(days=-1)), asks(Interval="HOURLY"))),
        ("range-a-day-late", "The first day of a range is missing in notifications.",
         instead("listNotifications", moved_range(From=moved(days=1)))),
        ("range-in-whole-months", "A range of claims is widened to whole months.",
         instead("listPqrs", moved_range(From=lambda text: f"{text[:8]}01T00:00:00", To=_next_month))),
        ("empty-range-unfiltered", "A range in which there is no bill brings all bills.",
         exchange("listBills", _all_when_none)),
        ("filter-repeated", "A list of bills without a body repeats the filter of the request before it.",
         exchange("listBills", _repeating_filter)),
    ),
    *_of(
        "sort",
        ("order-changes-between-pages", "Bills are listed from the other end on every second page.",
         repaged("listBills", lambda items, page, size: cut(items[:: 1 if page % 2 else -1], page, size))),
        ("order-changes-between-requests", "Each request lists notifications in another order, and then takes a page.",
         exchange("listNotifications", _rotated)),
        ("order-by-page", "Due dates are in another order on even pages than on odd ones.",
         repaged("listDueDates", lambda items, page, size: cut(
             sorted(items, key=lambda item: (item["service"], item["id_bill"] * (1 if page % 2 else -1))),
             page, size))),
    ),
    *_of(
        "CRUD",
        ("overdue-days-grow", "Each request for the overdue bills adds a day to them.",
         exchange("listOverdueBills", _growing_days)),
        ("reading-spends-again", "Each reading of the used neugets repeats the last one.",
         exchange("listUsedNeugets", _spent_again)),
    ),
    *_of(
        "numbers and units",
        ("consumption-in-wh", "Consumption is in Wh.", readings(scaled(["cons"], 1000))),
        ("monthly-consumption-in-mwh", "Monthly energies are in MWh.",
         readings(lambda row: {**row, **{name: row[name] / 1000 for name in ENERGY}}, interval="MONTHLY")),
        ("consumption-as-text-numbers", "Consumption is a text with a number in it.", readings(str, "/cons")),
        ("decimal-comma", "Amounts to pay are texts with a decimal comma.",
         answers("listBills", lambda value: f"{value:.2f}".replace(".", ","), "/*/payment_value")),
        ("not-a-number", "No injected energy is NaN.", readings(lambda value: value or float("nan"), "/injec")),
        ("net-consumption", "Consumption is what was consumed less what was injected.",
         readings(put(cons=lambda row: round(row["cons"] - row["injec"], 3)))),
        ("payment-in-cents", "What was paid through the platform is in hundredths of a peso.",
         answers("listBills", times(100), "/*/platform_payments/payment_Value")),
        ("bill-in-thousands", "The amount to pay is in thousands of pesos.",
         answers("listBills", lambda value: value / 1000, "/*/payment_value")),
        ("bill-consumption-in-mwh", "A bill's consumption is in MWh.",
         answers("listBills", lambda value: value / 1000, "/*/consumption")),
        ("voltage-in-kv", "Voltages are in kV.", readings(scaled(["va", "vb", "vc"], 0.001))),
        ("counter-restarts-monthly", "The register of imported energy is only counted within the row's interval.",
         readings(put(imported_active_acum=lambda row: row["cons"]))),
        ("due-date-ids-rounded", "Identifiers of bills lose their last digits in the due dates.",
         answers("listDueDates", lambda number: number // 100 * 100, "/data/*/id_bill")),
    ),
    *_of(
        "aggregation",
        ("daily-averages", "A day's consumption is the average of its hours.",
         readings(times(1 / 24), "/cons", "DAILY")),
        ("monthly-last-day-lost", "A month's consumption lacks its last day.",
         exchange("queryConsumption", _without_last_day, asks(Interval="MONTHLY"))),
        ("daily-voltages-summed", "A day's voltages are the sums of its hours.",
         readings(scaled(["va", "vb", "vc"], 24), "", "DAILY")),
        ("midnight-missing", "The first hour of each day has no row.",
         of_rows(kept(lambda row: row["date"][11:13] != "00"), "HOURLY")),
        ("hours-twice", "Each hourly row comes twice.",
         of_rows(lambda rows: [row for row in rows for _ in range(2)], "HOURLY")),
        ("backup-in-every-row", "Monthly rows of a backup meter are added to those of the others of its account.",
         answers("queryConsumption", _with_backup, "/*/data", asks(Interval="MONTHLY"))),
        ("hourly-whole-kwh", "Hourly consumption is cut to whole kWh.", readings(int, "/cons", "HOURLY")),
        ("injected-twice", "A day's injected energy is counted twice.",
         readings(times(2), "/injec", "DAILY")),
        ("last-concept-not-paid", "The amount to pay lacks the bill's last concept.",
         answers("listBills", put(payment_value=lambda bill: _sum(bill["concepts"][:-1])), "/*")),
        ("subsidy-added", "A subsidy is added to the amount to pay instead of taken from it.",
         answers("listBills", put(
             payment_value=lambda bill: _sum([{"total": abs(item["total"])} for item in bill["concepts"]])), "/*")),
        ("concept-not-multiplied", "The total of a concept is the price of one unit.",
         answers("listBills", put(total=lambda concept: concept["unit_value"]), "/*/concepts/*")),
        ("concept-twice", "The first concept of a bill is listed twice.",
         answers("listBills", lambda concepts: concepts[:1] + concepts, "/*/concepts")),
    ),
    *_of(
        "dates and zones",
        ("hours-in-utc", "Hourly rows are dated in UTC, without saying so.",
         readings(moved(hours=5), "/date", "HOURLY")),
        ("range-in-utc", "The range of hourly consumption is taken as UTC, and the rows are dated in local time.",
         instead("queryConsumption", moved_range(From=moved(hours=-5), To=moved(hours=-5)), asks(Interval="HOURLY"))),
        ("offset-ignored", "The offset of a date in the request is ignored.",
         instead("listPqrs listNotifications listBills queryConsumption", _without_offsets)),
        ("summer-time", "From March to November hourly rows are an hour late.",
         readings(_summer, "", "HOURLY")),
        ("no-leap-day", "The 29th of February has no daily row.",
         of_rows(kept(lambda row: row["date"][5:10] != "02-29"), "DAILY")),
        ("week-year", "Daily rows are dated in the year of their ISO week.",
         readings(_week_year, "", "DAILY")),
        ("american-dates", "The due date of an overdue bill is written as month, day and year.",
         answers("listOverdueBills", lambda text: f"{text[5:7]}/{text[8:10]}/{text[:4]}", "/*/due_date")),
        ("blank-for-t", "Dates of claims have a blank between date and time.",
         answers("listPqrs", lambda text: text.replace("T", " "), "/*/date")),
        ("epoch", "Dates of notifications are milliseconds since 1970.",
         answers("listNotifications", lambda text: int(datetime.fromisoformat(text + "-05:00").timestamp()) * 1000,
                 "/data/*/date")),
        ("day-and-month-swapped", "Day and month of the date of payment are in each other's place, where they can be.",
         answers("listBills", _swapped, "/*/date_payment")),
        ("interaction-before-notification", "An interaction is a day before its notification.",
         answers("listNotificationInteractions",
                 put(interaction_date=lambda item: moved(days=-1)(item["date"])), "/data/*")),
        ("due-before-billed", "A bill is due before its own date.",
         answers("listBills", moved(days=-31), "/*/date_expiration")),
        ("hour-24", "Midnight is written as 24:00:00 of the day before, in hourly rows.",
         readings(_hour_24, "/date", "HOURLY")),
        ("month-end-missing", "The 31st of a month has no hourly rows.",
         of_rows(kept(lambda row: row["date"][8:10] != "31"), "HOURLY")),
        ("year-of-two-digits", "The dates of transactions of neugets have lost their century.",
         answers("listNeugetTransactions", lambda text: f"00{text[2:]}", "/*/date")),
    ),
    *_of(
        "error bodies",
        ("errors-not-json", "The body of an error is a text that is declared as JSON.",
         responses("*", lambda old: replace(old, body=b"Bad request: invalid input") if _refused(old) else old)),
        ("errors-cut", "The body of an error is cut after 20 bytes.",
         responses("*", lambda old: replace(old, body=old.body[:20]) if _refused(old) else old)),
        ("errors-tell-the-token", "The body of an error repeats the token.", exchange("*", _tells_the_token)),
    ),
    *_of(
        "headers",
        ("compressed-by-name-only", "Bills are declared as compressed and are not.",
         responses("listBills", lambda old: old.with_header("content-encoding", "gzip") if old.ok else old)),
        ("length-too-long", "The Content-Length of the accounts is ten bytes too long.",
         responses("listAccounts", lambda old: old.with_header("content-length", str(len(old.body) + 10)))),
        ("charset-unknown", "Consumption is declared in a charset that JSON cannot have.",
         headers("queryConsumption", {"content-type": "application/json; charset=utf-16"})),
    ),
    *_of(
        "agreement between operations",
        ("service-not-in-account", "The last service of an account is missing in the account.",
         answers("listAccounts getAccount", lambda services: services[:-1], "/*/services")),
        ("service-name-in-capitals", "A service's name is in capitals when it is read by itself.",
         answers("getService", str.upper, "/name")),
        ("service-moved", "A service's address in the list of services is the one of the next service.",
         answers("listServices", lambda items: [
             {**item, "address": items[(n + 1) % len(items)]["address"]} for n, item in enumerate(items)])),
        ("account-category", "The category of an account is always Residencial when it is read by itself.",
         answers("getAccount", lambda _: "Residencial", "/*/account_category")),
        ("services-of-wrong-account", "The list of services has those of the last account under the first one.",
         answers("listServices", _first_account)),
        ("consumption-of-wrong-account", "Consumption of the second account is named after the first.",
         answers("queryConsumption", lambda found: [{**a, "account_name": found[0]["account_name"]} for a in found])),
        ("meters-exchanged", "Consumption of the first two services of an account is exchanged.",
         answers("queryConsumption", _exchanged, "/*/data")),
        ("service-missing-in-account", "Consumption of an account lacks its last service.",
         answers("queryConsumption", lambda rows: [r for r in rows if r["id_service"] != rows[-1]["id_service"]],
                 "/*/data", names("Id_account"))),
        ("consumption-service-name", "A service's name in consumption lacks its last word.",
         readings(lambda name: name.rpartition(" ")[0] or name, "/name")),
        ("bills-of-wrong-account", "A bill names its service's id as the account's.",
         answers("listBills", put(id_account=lambda bill: bill["id_service"]), "/*")),
        ("bill-consumption-of-neighbour", "A bill's consumption is the one of the next bill.",
         answers("listBills", lambda items: [
             {**bill, "consumption": other["consumption"]} for bill, other in _with_next(items)])),
        ("due-a-day-later", "The due dates are a day after those of the bills.",
         exchange("listDueDates", _due_later)),
        ("due-date-service-name", "The due dates name the service of the next bill.",
         answers("listDueDates", lambda items: [
             {**item, "service": other["service"]} for item, other in _with_next(items)], "/data")),
        ("paid-bill-overdue", "A paid bill is listed among the overdue ones.",
         exchange("listOverdueBills", _paid_overdue)),
        ("overdue-bill-unknown", "The identifiers of overdue bills are those of no bill.",
         answers("listOverdueBills", lambda text: str(int(text) + 1), "/*/id_bill")),
        ("overdue-since-billed", "An overdue bill is due on the day on which it was made.",
         answers("listOverdueBills", moved(days=-15), "/*/due_date")),
        ("overdue-days-capped", "The days overdue end at 30.",
         answers("listOverdueBills", lambda days: min(days, 30), "/*/days")),
        ("paid-without-date", "A bill that was paid through the platform has no date of payment.",
         answers("listBills", put(date_payment=None), "/*")),
        ("payment-dates-differ", "A bill was paid through the platform a day after it was paid.",
         answers("listBills", moved(days=1), "/*/platform_payments/date")),
        ("neugets-of-unknown-bill", "Neugets were used for a bill that does not exist.",
         answers("listUsedNeugets", lambda number: number + 1, "/*/id_bill")),
        ("neugets-used-another-day", "Neugets were used a month after the bill was paid.",
         answers("listUsedNeugets", moved(days=31), "/*/date")),
        ("neugets-of-another-account", "A transaction of neugets names another account than the one asked for.",
         answers("listNeugetTransactions", at(-1, put(id_account=lambda item: item["id_account"] + 1)))),
        ("bill-of-another-customer", "The last bill of a page is of a service that the customer does not have.",
         answers("listBills", at(-1, put(id_service=1, service="Sede Getsemaní", account="Hotel Getsemaní S.A.S.")))),
        ("inactive-rule", "A rule that is not active is among the active ones.",
         answers("listActiveRules", at(-1, put(active=False)))),
        ("rule-limit-differs", "The limit of a rule in its history is ten times the one of the active rule.",
         answers("listRuleHistory", times(10), "/data/*/limit_value")),
        ("rule-name-differs", "The names of rules in the history belong to the next rule.",
         answers("listRuleHistory", lambda items: [
             {**item, "rule_name": other["rule_name"]} for item, other in _with_next(items)], "/data")),
        ("event-value-in-wh", "The values in the history of rules are in Wh.",
         answers("listRuleHistory", times(1000), "/data/*/data/*/value")),
        ("interaction-unread", "A notification with an interaction is unread.",
         answers("listNotificationInteractions", lambda _: False, "/data/*/read")),
        ("interaction-of-no-notification", "The titles of interactions are those of no notification.",
         answers("listNotificationInteractions", lambda title: f"RE: {title}", "/data/*/title")),
    ),
    *_of(
        "performance",
        ("slow-accounts", "The list of accounts takes 20 seconds.",
         responses("listAccounts", lambda old: replace(old, delay=20))),
        ("slow-monthly-consumption", "Monthly consumption takes 20 seconds.",
         responses("queryConsumption", lambda old: replace(old, delay=20), asks(Interval="MONTHLY"))),
        ("slow-overdue-bills", "The overdue bills take 15 seconds.",
         responses("listOverdueBills", lambda old: replace(old, delay=15))),
    ),
)  # fmt: skip
