"""Every fault, and every legal variant, changes what a client sees."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any, ClassVar
from urllib.parse import urlencode

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import support
from asgi import content, messages
from contrato import mock
from contrato.core import spec
from mutants import server
from mutants.catalogue import catalogue
from mutants.readings import NOT_SIMULATED
from mutants.server import GROUPS, Fault, NoSubjectError, Variant, chain, changed_app, no_subject

TOKEN = "Xy9-token"
CATALOGUE = catalogue()
BEARER = {"authorization": f"Bearer {TOKEN}"}
OPERATIONS = {name: operation for api in spec.APIS for name, operation in spec.api(api).operations.items()}
CONSUMPTION = OPERATIONS["queryConsumption"].api.mount + OPERATIONS["queryConsumption"].path

Seen = tuple[Any, ...]
# Seconds that the request under way waited for; nobody really waits.
waited: list[float] = []


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    # Not asyncio's own: other threads of the process wait with that one, such as a server that another test runs.
    monkeypatch.setattr(server, "sleep", sleep)


async def ask(app: ASGIApp, method: str, url: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Seen:
    """Return an answer as a client sees it: waits, status, headers, body, and if it is incomplete."""
    text = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    fields = {"authorization": f"Bearer {TOKEN}"} if headers is None else dict(headers)
    if body is not None:
        fields["content-type"] = "application/json"
    waited.clear()
    sent = await messages(app, method, url, fields.items(), text)
    start, last = sent[0], sent[-1]
    # The bundled server sends consumption in pieces, and whoever changes anything at once.
    ignored = b"content-length" if url.partition("?")[0] == CONSUMPTION else b""
    pairs = sorted(pair for pair in start["headers"] if pair[0].lower() != ignored)
    return tuple(waited), start["status"], pairs, content(sent), bool(last.get("more_body"))


class Remembering:
    """The bundled server, asked once for what it has been asked before in the same state.

    Hundreds of changes are asked the same, and most leave most answers alone. The state is what was written so far.
    """

    answers: ClassVar[dict[Any, list[Message]]] = {}
    apps: ClassVar[dict[Any, ASGIApp]] = {}

    def __init__(self, seed: int, token: str) -> None:
        self.seed, self.token = seed, token
        self.written: tuple[Any, ...] = ()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = (await receive())["body"]
        names = ("method", "path", "query_string")
        request = (*(scope[name] for name in names), tuple(scope["headers"]), body)
        before = self.written
        if (before, request) not in self.answers:
            app = self.apps.get(before)
            if app is None:
                app = mock.create_app(self.seed, self.token)
                for earlier in before:
                    await self.one(app, earlier, scope)
            self.answers[before, request] = await self.one(app, request, scope)
            self.apps.clear()
            self.apps[self.after(request)] = app
        self.written = self.after(request)
        for message in self.answers[before, request]:
            await send(message)

    def after(self, request: Any) -> tuple[Any, ...]:
        """The state after a request. NEU only answers questions, and who is refused writes nothing."""
        refused = self.answers[self.written, request][0]["status"] >= 300
        reads = request[0] in ("GET", "HEAD") or request[1].startswith(f"{spec.api('neu').mount}/")
        return self.written if reads or refused else (*self.written, request)

    async def one(self, app: ASGIApp, request: Any, scope: Scope) -> list[Message]:
        method, path, query, headers, body = request
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body}

        async def send(message: Message) -> None:
            sent.append(message)

        changes = {"method": method, "path": path, "query_string": query, "headers": list(headers)}
        await app({**scope, **changes}, receive, send)
        return sent


# The usual requests: what somebody would send who has read the documents and distrusts the server.

Request = tuple[str, str, Any, Mapping[str, str] | None]
Known = Callable[[str], Any]


def request(operation_id: str, /, headers: Any = BEARER, unknown: Any = None, **arguments: Any) -> Request:
    """A request with arguments by name, and maybe with names that the spec does not know."""
    api = OPERATIONS[operation_id].api
    parts = support.parts(api.name, operation_id, arguments, unknown)
    url = f"{api.mount}{parts.path}?{urlencode(parts.query)}"
    return parts.method, url, parts.body, {**headers, **parts.headers}


def plain(operation_id: str, /, body: Any = None, headers: Mapping[str, str] = BEARER, **path: Any) -> Request:
    """A request without arguments other than those of the path, and with this body, if the operation takes one."""
    method, url, parsed, sent = request(operation_id, headers, **path)
    return method, url, None if parsed is None else body, sent


def other(method: str, operation_id: str) -> Request:
    """A request of another method to the path of an operation."""
    return method, plain(operation_id)[1], None, BEARER


TOKENS = [
    {},
    {"authorization": TOKEN},
    {"authorization": "Bearer "},
    {"authorization": "Bearer wrong"},
    {"authorization": f"Bearer {TOKEN}x"},
    {"authorization": f"Bearer {TOKEN[:5]}"},
    {"authorization": f"Bearer {TOKEN.upper()}"},
    {"authorization": f"Basic {TOKEN}"},
]
COMPRESSED = {**BEARER, "accept-encoding": "gzip"}


def neu_requests(known: Known) -> Iterator[Request]:
    """NEU's usual requests, with the ids that a server has."""
    accounts = [account["id_account"] for account in known("listAccounts")]
    services = [service["id_service"] for service in known("listServices")]
    december = {"From": "2021-12-01T00:00:00", "To": "2022-01-01T00:00:00"}
    days = {"From": "2020-12-29T00:00:00", "To": "2021-01-03T00:00:00"}
    leap = {"From": "2020-02-28T00:00:00", "To": "2020-03-12T00:00:00"}
    for name in ("listAccounts", "listServices", "listOverdueBills", "listServices", "listOverdueBills"):
        yield request(name)
    for account in accounts:
        for name in ("getAccount", "listNeugetTransactions", "listUsedNeugets", "listUsedNeugets"):
            yield request(name, id=account)
    for identifier in (1, "abc", services[1]):
        yield request("getService", id=identifier)
    yield request("getAccount", id=99999999999)
    yield request("listUsedNeugets", id=1)
    yield request("listNeugetTransactions", id=1)
    for operation in spec.api("neu").operations.values():
        if operation.date_range is None or operation.id == "queryConsumption":
            continue
        name, page = operation.id, operation.pagination.page if operation.pagination else ""
        yield plain(name)
        for number in (2, 4, 12, -1, "abc") if page else ():
            yield request(name, **{page: number})
        for asked in (december, days, {"From": "2021-12-31T00:00:00"}, {"To": "2021-06-15T10:00:00"}):
            yield request(name, **asked)
        yield plain(name, b"{")
        yield plain(name, [])
        for start in ("yesterday", "2020-02-30T00:00:00", "2050-01-01T00:00:00"):
            yield request(name, From=start)
        yield request(name, From="2021-11-04T03:00:00+03:00", To="2021-12-25T18:18:00Z")
        for owner in {"Id_service", "Id_project"} & {parameter.name for parameter in operation.parameters}:
            for service in (services[0], services[2], 1):
                yield request(name, **{owner: service})
                yield request(name, **{owner: service, page: 2})
        yield plain(name)
        yield request(name, From="2020-02-29T00:00:00")
        yield request(name, From=days["To"], To=days["From"])
    for claim in known("listPqrs"):
        yield request("listPqrs", From=f"{claim['date'][:11]}23:59:59")
    yield request("listNotifications", PageNumber=2, **days)
    for interval in ("HOURLY", "DAILY", "MONTHLY"):
        for account in accounts:
            yield request("queryConsumption", Id_account=account, Interval=interval, **december)
        yield request("queryConsumption", Id_services=services[:2], Interval=interval, **days)
        yield request("queryConsumption", Id_services=services[2:3], Interval=interval, **leap)
    long = {"From": days["From"], "To": december["To"]}
    yield request("queryConsumption", Id_services=services[:1], Interval="HOURLY", **long)
    daily: dict[str, Any] = {"Interval": "DAILY", **december}
    for interval in ("WEEKLY", "daily"):
        yield request("queryConsumption", **{**daily, "Interval": interval})
    lists: tuple[list[str], ...] = ([], [""], ["1"], ['"1"'])
    for wrong in lists:
        yield request("queryConsumption", Id_services=wrong, **daily)
    for missing in daily:
        yield request("queryConsumption", **{name: value for name, value in daily.items() if name != missing})
    yield request("queryConsumption", Interval="DAILY", Id_account=accounts[1], Id_services=services[:3], **days)
    yield request("queryConsumption", Interval="DAILY", From=days["To"], To=days["From"])
    yield request("listBills", unknown={"surprise": 1})
    yield other("HEAD", "listAccounts")
    yield other("OPTIONS", "listAccounts")
    yield request("listAccounts", COMPRESSED)
    for headers in TOKENS:
        yield request("listAccounts", headers)
        yield request("listServices", headers)
        yield request("getAccount", headers, id=1)
        yield request("queryConsumption", headers, **daily)
    yield request("listServices", {}, unknown={"access_token": TOKEN})
    # Twice the same: a server that changes its mind.
    bills, due_dates = known("listBills"), known("listDueDates")["data"]
    month = {name: text for name, text in daily.items() if name != "Interval"}
    for _ in range(2):
        yield request("listBills", To=bills[-1]["date"], Page=1)
        yield request("listDueDates", To=due_dates[-1]["date_expiration"])
        yield request("listPqrs", From=days["To"], To=days["From"])
        yield request("listPqrs", unknown={"surprise": 1})
        yield request("queryConsumption", Interval="MONTHLY", **long)
        yield request("queryConsumption", Interval="MONTHLY", **month)
        yield request("getAccount", id=99999999999)
        yield request("listUsedNeugets", id=1)
        yield request("listBills", Id_service=services[-1], Page=1)
        yield request("listBills", Page=6)
        yield request("listDueDates", PageNumber=99)
        yield request("listNotifications", From="2050-01-01T00:00:00")
        for body in (None, {}, {**daily, "Interval": {"unit": "day"}}):
            yield plain("queryConsumption", body)
        yield plain("listBills", {"From": {"year": 2021}})


def apportionments_requests(known: Known) -> Iterator[Request]:
    """The usual requests to apportionments, with the ids that a server has."""
    show, read, create = "listApportionments", "getApportionment", "createApportionment"
    update, delete = "updateApportionment", "deleteApportionment"
    records = known(show)["items"]
    one, last = records[7], records[-1]
    word = one["name"].split()[2]
    yield request(show)
    lists: tuple[dict[str, Any], ...] = (
        *({"_page": page} for page in (2, 4, 5, 0, -1, "x", "1.5")),
        *({"_limit": limit} for limit in (7, 100, 0, "x", -1, 1)),
        *({"_limit": limit, "_page": page} for limit, page in ((7, 2), (15, 3))),
        *({"_sort": field} for field in ("name", "x", "description", "limit_day")),
        *({"_order": order} for order in ("asc", "up")),
        {"_sort": "name", "_page": 2},
        {"_sort": "name", "_order": "asc"},
        *({"_q": text} for text in (word, word.upper(), "d'", "Rateio", f"Rateio {word}", "nothing-like-it")),
        *({"_q": text} for text in ("%", "", "ç")),
        {"_q": word.lower(), "_order": "asc"},
        *({"_q": word, "_sort": field} for field in ("name", "id")),
        {"_q": word, "_limit": 2},
        {"_q": word, "_limit": 2, "_page": 2},
    )
    for asked in lists:
        yield request(show, **asked)
    for identifier in (one["id"], last["id"], f"{one['id']}x", 999999, "abc", 0, 99999999999):
        yield request(read, id=identifier)
    for headers in TOKENS:
        yield request(show, headers)
        yield request(read, headers, id=one["id"])
        yield plain(create, headers=headers)
        yield request(update, headers, id=records[3]["id"], limit_day=3)
        yield request(delete, headers, id=records[3]["id"])
        yield request(read, id=records[3]["id"])
    yield request(show, {}, unknown={"access_token": TOKEN})
    for _ in range(2):
        yield request(show, unknown={"surprise": "1"})
        yield request(show, _page=9)
        yield request(show, _page=0)
        yield request(show, _sort="x", _order="up", _limit="x", _page="x")
        yield request(show, _order="ascending")
        yield request(show, _q=one["description"].split()[0], _limit=1, _page=2)
        yield request(delete, id=999999)
    yield request(show, COMPRESSED)
    yield other("HEAD", show)
    yield other("OPTIONS", show)
    for record in records:
        yield request(show, _q=record["company"]["name"])
    whole = {
        "name": "Rateio de prova çã",
        "description": "Uma descrição",
        "mixed_consumption": True,
        "limit_day": 12,
        "company_id": one["company"]["id"],
        "apportionment_type_id": one["apportionment_type"]["id"],
        "apportionment_tariff_type_id": one["apportionment_tariff_type"]["id"],
        "apportionment_measure_unit_id": one["apportionment_measure_unit"]["id"],
    }
    changeable = {name: whole[name] for name in whole if name in {p.name for p in OPERATIONS[update].parameters}}
    yield request(create, **whole)
    made = max(record["id"] for record in records) + 1
    yield request(read, id=made)
    yield request(show, _limit=100)
    for name in whole:
        yield request(create, **{key: value for key, value in whole.items() if key != name})
        values: list[Any] = [
            None,
            "text",
            "5",
            999999,
            True,
            5.5,
            31,
            [],
            {"text": "a"},
            'A & B <i> "d\'água" ' + 40 * "ç",
        ]
        for value in values:
            yield request(create, **{**whole, name: value})
    bodies: list[Any] = [b"{", [], {}, None]
    for body in bodies:
        yield plain(create, body)
        yield plain(update, body, id=made)
    changes: tuple[dict[str, Any], ...] = (
        *({"limit_day": 7}, {"name": "Outro nome"}, {"description": ""}, {"mixed_consumption": False}),
        changeable,
    )
    for change in changes:
        yield request(update, id=made, **change)
        yield request(read, id=made)
        yield request(show, _q="Outro nome")
    for text in ("carga 🔌 solar", "007", "1.50"):
        yield request(update, id=made, description=text)
    yield request(update, unknown={"surprise": 1}, id=made)
    for name, wrong in (
        ("limit_day", "x"),
        ("name", 5),
        ("mixed_consumption", "sim"),
        ("apportionment_tariff_type_id", 999),
    ):
        yield request(update, id=made, **{name: wrong})
    yield request(show, _sort="name", _limit=100)
    for tariff in range(1, 4):
        for record in records[:3]:
            yield request(update, id=record["id"], apportionment_tariff_type_id=tariff)
            yield request(read, id=record["id"])
    yield request(update, id=last["id"], name=None)
    for identifier in (made, 999999):
        yield request(update, id=identifier, name="Mais um")
        yield request(delete, id=identifier)
        yield request(read, id=identifier)
        yield request(update, id=identifier, name="Mais um")
    yield request(show, _limit=100)
    yield request(create, **whole)
    yield request(show, _limit=100)
    yield request(update, id=records[5]["id"], name=records[6]["name"])
    for record in records[6:9]:
        yield request(delete, id=record["id"])
        yield request(read, id=record["id"])
    yield request(read, id=records[5]["id"])


USUAL = {"neu": neu_requests, "apportionments": apportionments_requests}


async def seen(app: ASGIApp, requests: Iterable[Request]) -> list[Seen]:
    return [await ask(app, *asked) for asked in requests]


@cache
def usual(api: str) -> tuple[Request, ...]:
    """The usual requests of an API."""
    app = Remembering(1, TOKEN)

    def known(operation_id: str) -> Any:
        wide = {"_limit": 50} if operation_id == "listApportionments" else {}
        return json.loads(asyncio.run(ask(app, *request(operation_id, **wide)))[3])

    return tuple(USUAL[api](known))


def probes(item: Fault | Variant) -> tuple[Request, ...]:
    """The requests that are declared to show a change."""
    return tuple(request(operation_id, **arguments) for operation_id, arguments in item.probe)


def differs(item: Fault | Variant, requests: tuple[Request, ...]) -> bool:
    """True if a client sees a difference."""
    base = Remembering if item.base is mock.create_app else item.base

    async def compared() -> bool:
        plain, app = Remembering(1, TOKEN), changed_app(replace(item, base=base), 1, TOKEN)
        for asked in requests:
            if await ask(app, *asked) != await ask(plain, *asked):
                return True
            if app.errors:
                raise app.errors[0]
        return False

    return asyncio.run(compared())


@pytest.mark.slow
@pytest.mark.parametrize("name", CATALOGUE)
def test_a_client_sees_a_difference(name: str) -> None:
    item = CATALOGUE[name]
    if item.change is no_subject:
        with pytest.raises(NoSubjectError, match=name):
            changed_app(item)
        pytest.skip("requests to its operations have no body in this spec")
    for api in (item.api,) if isinstance(item, Fault) else item.apis:
        assert differs(item, probes(item)) or differs(item, usual(api)), api


@pytest.mark.slow
@pytest.mark.parametrize("api", USUAL)
def test_nobody_sees_a_difference_without_a_change(api: str) -> None:
    async def compared() -> None:
        plain = mock.create_app(1, TOKEN)
        remembering = Remembering(1, TOKEN)
        for asked in usual(api):
            assert await ask(remembering, *asked) == await ask(plain, *asked), asked

    nothing = replace(next(item for item in CATALOGUE.values() if isinstance(item, Fault)), api=api, change=chain())
    assert not differs(nothing, usual(api))
    asyncio.run(compared())


def test_faults_are_declared_well() -> None:
    faults = [item for item in CATALOGUE.values() if isinstance(item, Fault)]
    assert {fault.group for fault in faults} == set(GROUPS)
    assert {fault.api for fault in faults} == set(USUAL)
    told = [((item.api,) if isinstance(item, Fault) else item.apis, item.sentence) for item in CATALOGUE.values()]
    assert len(set(told)) == len(told)
    assert [text for _, text in told if not re.fullmatch(r"[A-Z`].+\.", text)] == []


@pytest.mark.parametrize("api", spec.APIS)
def test_every_reading_is_ours_a_variant_or_not_simulated_with_a_reason(api: str) -> None:
    openings = [site.opening for site in spec.api(api).open_sites()]
    readings = {(each.question.id, name) for each in openings for name in each.readings if name != each.ours}
    followed = [item.reading for item in CATALOGUE.values() if isinstance(item, Variant) and api in item.apis]
    # A question that is not asked any more needs neither a variant nor a reason: it may have been settled.
    asked = {each.question.id for each in openings if each.settled is None}
    simulated = [reading for reading in followed if reading is not None and reading[0] in asked]
    others = {(question, name) for about, question, name in NOT_SIMULATED if about == api and question in asked}
    assert sorted({*simulated, *others} ^ readings) == []
    assert len(simulated) == len(set(simulated))
    assert set(simulated) & others == set()


def test_a_variant_that_is_a_reading_says_what_the_spec_says() -> None:
    for item in CATALOGUE.values():
        if isinstance(item, Variant) and item.reading is not None:
            question, reading = item.reading
            (asked,) = (spec.api(api).questions[question] for api in item.apis)
            assert item.sentence == f"{asked.question} {asked.readings[reading]}"
            assert item.why == asked.why
