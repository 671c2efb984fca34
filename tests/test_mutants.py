"""Every fault, and every legal variant, changes what a client sees."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any, ClassVar
from urllib.parse import quote, unquote

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contrato import mock
from mutants.server import GROUPS, Ask, Fault, Variant, catalogue, chain, changed_app

TOKEN = "Xy9-token"
CATALOGUE = catalogue()

Seen = tuple[Any, ...]


async def ask(app: ASGIApp, method: str, url: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Seen:
    """What a client sees of an answer: how long it waits, status, headers, body, and whether it is whole."""
    path, _, query = url.partition("?")
    text = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    fields = {"authorization": f"Bearer {TOKEN}"} if headers is None else dict(headers)
    if body is not None:
        fields["content-type"] = "application/json"
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "path": unquote(path),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in fields.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8000),
        "scheme": "http",
    }
    waited: list[float] = []
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": text}

    async def send(message: Message) -> None:
        sent.append(message)

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio, "sleep", sleep)
        await app(scope, receive, send)
    start, *pieces = sent
    content = b"".join(piece.get("body", b"") for piece in pieces)
    # The bundled server sends consumption in pieces, and whoever changes anything at once.
    ignored = b"content-length" if path.endswith("/consumption") else b""
    pairs = sorted(pair for pair in start["headers"] if pair[0].lower() != ignored)
    return waited, start["status"], pairs, content, bool(pieces[-1].get("more_body"))


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
        reads = request[0] in ("GET", "HEAD") or request[1].startswith("/neu/")
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


def get(path: str, headers: Mapping[str, str] | None = None) -> Request:
    return "GET", path, None, headers


def post(path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Request:
    return "POST", path, body, headers


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
COMPRESSED = {"authorization": f"Bearer {TOKEN}", "accept-encoding": "gzip"}


def neu_requests(known: Callable[[str, str], Any]) -> Iterator[Request]:
    """NEU's usual requests, with the ids that a server has."""
    accounts = [account["id_account"] for account in known("GET", "/neu/accounts")]
    services = [service["id_service"] for service in known("GET", "/neu/services")]
    december = {"From": "2021-12-01T00:00:00", "To": "2022-01-01T00:00:00"}
    days = {"From": "2020-12-29T00:00:00", "To": "2021-01-03T00:00:00"}
    leap = {"From": "2020-02-28T00:00:00", "To": "2020-03-12T00:00:00"}
    lists = ("/pqrs", "/bills", "/bills/due-dates", "/notifications", "/notifications/interactions", "/rules/active")
    for path in ("/accounts", "/services", "/bills/overdue", "/services", "/bills/overdue"):
        yield get(f"/neu{path}")
    for account in accounts:
        for path in ("accounts", "neugets/transactions", "neugets/used", "neugets/used"):
            yield get(f"/neu/{path}/{account}")
    for path in ("services/1", "services/abc", "accounts/99999999999", "neugets/used/1", "neugets/transactions/1"):
        yield get(f"/neu/{path}")
    yield get(f"/neu/services/{services[1]}")
    for path in (*lists, "/rules/history"):
        yield post(f"/neu{path}")
        for number in (2, 4, 12, -1, "abc"):
            if path.startswith("/notifications"):
                yield post(f"/neu{path}?PageNumber={number}", {})
            else:
                yield post(f"/neu{path}", {"Page": number, "PageNumber": number})
        for body in (december, days, {"From": "2021-12-31T00:00:00"}, {"To": "2021-06-15T10:00:00"}):
            yield post(f"/neu{path}", body)
        wrong: list[Any] = [b"{", []]
        for body in (*wrong, {"From": "yesterday"}, {"From": "2020-02-30T00:00:00"}, {"From": "2050-01-01T00:00:00"}):
            yield post(f"/neu{path}", body)
        yield post(f"/neu{path}", {"From": "2021-11-04T03:00:00+03:00", "To": "2021-12-25T18:18:00Z"})
        for service in (services[0], services[2], 1):
            yield post(f"/neu{path}", {"Id_service": service, "Id_project": service})
            yield post(f"/neu{path}", {"Id_service": service, "Page": 2, "PageNumber": 2})
        yield post(f"/neu{path}")
        yield post(f"/neu{path}", {"From": "2020-02-29T00:00:00"})
        yield post(f"/neu{path}", {"From": days["To"], "To": days["From"]})
    for claim in known("POST", "/neu/pqrs"):
        yield post("/neu/pqrs", {"From": f"{claim['date'][:11]}23:59:59"})
    yield post("/neu/notifications?PageNumber=2", days)
    for interval in ("HOURLY", "DAILY", "MONTHLY"):
        for account in accounts:
            yield post("/neu/consumption", {"Id_account": account, "Interval": interval, **december})
        yield post("/neu/consumption", {"Id_services": services[:2], "Interval": interval, **days})
        yield post("/neu/consumption", {"Id_services": services[2:3], "Interval": interval, **leap})
    yield post("/neu/consumption", {"Id_services": services[:1], "Interval": "HOURLY", **days, "To": december["To"]})
    changes: list[Any] = [{"Interval": "WEEKLY"}, {"Interval": "daily"}, {"Id_services": []}, {"Id_services": ["1"]}]
    for change in changes:
        yield post("/neu/consumption", {"Interval": "DAILY", **december, **change})
    for name in ("Interval", "From", "To"):
        body = {"Interval": "DAILY", **december}
        del body[name]
        yield post("/neu/consumption", body)
    yield post(
        "/neu/consumption", {"Interval": "DAILY", "Id_account": accounts[1], "Id_services": services[:3], **days}
    )
    yield post("/neu/consumption", {"Interval": "DAILY", "From": days["To"], "To": days["From"]})
    yield post("/neu/bills", {"surprise": 1})
    yield "HEAD", "/neu/accounts", None, None
    yield "OPTIONS", "/neu/accounts", None, None
    yield get("/neu/accounts", COMPRESSED)
    for headers in TOKENS:
        yield get("/neu/accounts", headers)
        yield get("/neu/services", headers)
        yield get("/neu/accounts/1", headers)
        yield post("/neu/consumption", {"Interval": "DAILY", **december}, headers)
    yield get(f"/neu/services?access_token={TOKEN}", {})


def apportionments_requests(known: Callable[[str, str], Any]) -> Iterator[Request]:
    """The usual requests to apportionments, with the ids that a server has."""
    path = "/api/v3/apportionments"
    records = known("GET", f"{path}?_limit=50")["items"]
    one, other = records[7], records[-1]
    word = one["name"].split()[2]
    yield get(path)
    for query in (
        *("_page=2", "_page=4", "_page=5", "_page=0", "_page=-1", "_page=x", "_limit=7", "_limit=100", "_limit=0"),
        *("_limit=x", "_limit=-1", "_limit=7&_page=2", "_sort=name", "_sort=name&_page=2", "_sort=x", "_order=asc"),
        *("_sort=name&_order=asc", "_order=up", f"_q={word}", f"_q={word.upper()}", f"_q={word.lower()}&_order=asc"),
        *("_limit=1", "_limit=15&_page=3", "_page=1.5", "_q=d%27", "_q=Rateio", f"_q=Rateio%20{word}"),
        *("_sort=description", "_sort=limit_day", f"_q={word}&_sort=name", f"_q={word}&_sort=id"),
        *("_q=nothing-like-it", f"_q={word}&_limit=2", f"_q={word}&_limit=2&_page=2", "_q=%25", "_q=", "_q=%C3%A7"),
    ):
        yield get(f"{path}?{query}")
    for identifier in (one["id"], other["id"], f"{one['id']}x", 999999, "abc", 0, 99999999999):
        yield get(f"{path}/{identifier}")
    for headers in TOKENS:
        yield get(path, headers)
        yield get(f"{path}/{one['id']}", headers)
        yield "POST", path, None, headers
        yield "PUT", f"{path}/{records[3]['id']}", {"limit_day": 3}, headers
        yield "DELETE", f"{path}/{records[3]['id']}", None, headers
        yield get(f"{path}/{records[3]['id']}")
    yield get(f"{path}?access_token={TOKEN}", {})
    yield get(path, COMPRESSED)
    yield "HEAD", path, None, None
    yield "OPTIONS", path, None, None
    for record in records:
        yield get(f"{path}?_q={quote(record['company']['name'])}")
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
    yield "POST", path, whole, None
    made = max(record["id"] for record in records) + 1
    yield get(f"{path}/{made}")
    yield get(f"{path}?_limit=100")
    for name in whole:
        yield "POST", path, {key: value for key, value in whole.items() if key != name}, None
        values: list[Any] = [None, "text", "5", 999999, True, 5.5, 31, [], 'A & B <i> "d\'água" ' + 40 * "ç"]
        for value in values:
            yield "POST", path, {**whole, name: value}, None
    bodies: list[Any] = [b"{", [], {}, None]
    for body in bodies:
        yield "POST", path, body, None
        yield "PUT", f"{path}/{made}", body, None
    for body in ({"limit_day": 7}, {"name": "Outro nome"}, {"description": ""}, {"mixed_consumption": False}, whole):
        yield "PUT", f"{path}/{made}", body, None
        yield get(f"{path}/{made}")
        yield get(f"{path}?_q=Outro%20nome")
    for text in ("carga 🔌 solar", "007", "1.50"):
        yield "PUT", f"{path}/{made}", {"description": text}, None
    for body in (
        {"surprise": 1},
        {"limit_day": "x"},
        {"name": 5},
        {"mixed_consumption": "sim"},
        {"apportionment_tariff_type_id": 999},
    ):
        yield "PUT", f"{path}/{made}", body, None
    yield get(f"{path}?_sort=name&_limit=100")
    for tariff in range(1, 4):
        for record in records[:3]:
            identifier = record["id"]
            yield "PUT", f"{path}/{identifier}", {"apportionment_tariff_type_id": tariff}, None
            yield get(f"{path}/{identifier}")
    yield "PUT", f"{path}/{other['id']}", {"name": None}, None
    for identifier in (made, 999999):
        yield "PUT", f"{path}/{identifier}", {"name": "Mais um"}, None
        yield "DELETE", f"{path}/{identifier}", None, None
        yield get(f"{path}/{identifier}")
        yield "PUT", f"{path}/{identifier}", {"name": "Mais um"}, None
    yield get(f"{path}?_limit=100")
    yield "POST", path, whole, None
    yield get(f"{path}?_limit=100")
    yield "PUT", f"{path}/{records[5]['id']}", {"name": records[6]["name"]}, None
    yield "DELETE", f"{path}/{records[6]['id']}", None, None
    yield get(f"{path}/{records[5]['id']}")


USUAL = {"neu": neu_requests, "apportionments": apportionments_requests}


async def seen(app: ASGIApp, requests: Iterable[Request]) -> list[Seen]:
    return [await ask(app, *request) for request in requests]


@cache
def usual(api: str) -> tuple[Request, ...]:
    """The usual requests of an API."""
    app = Remembering(1, TOKEN)

    def known(method: str, path: str) -> Any:
        return json.loads(asyncio.run(ask(app, method, path))[3])

    return tuple(USUAL[api](known))


def probes(item: Fault | Variant) -> tuple[Request, ...]:
    """The requests that are declared to show a change."""
    blank = Ask("", "", "", "", "", {}, "", (), b"", TOKEN, {})
    requests = [blank.to(operation, **arguments) for operation, arguments in item.probe]
    return tuple((r.method, f"{r.path}?{r.query_string}", r.body or None, None) for r in requests)


def differs(item: Fault | Variant, requests: tuple[Request, ...]) -> bool:
    """Whether a client sees a difference."""
    base = Remembering if item.base is mock.create_app else item.base

    async def compared() -> bool:
        plain, app = Remembering(1, TOKEN), changed_app(replace(item, base=base), 1, TOKEN)
        for request in requests:
            if await ask(app, *request) != await ask(plain, *request):
                return True
        return False

    return asyncio.run(compared())


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_client_sees_a_difference(name: str) -> None:
    item = CATALOGUE[name]
    for api in (item.api,) if isinstance(item, Fault) else item.apis:
        assert differs(item, probes(item)) or differs(item, usual(api)), api


@pytest.mark.parametrize("api", USUAL)
def test_nobody_sees_a_difference_without_a_change(api: str) -> None:
    async def compared() -> None:
        plain = mock.create_app(1, TOKEN)
        remembering = Remembering(1, TOKEN)
        for request in usual(api):
            assert await ask(remembering, *request) == await ask(plain, *request), request

    nothing = replace(next(item for item in CATALOGUE.values() if isinstance(item, Fault)), api=api, change=chain())
    assert not differs(nothing, usual(api))
    asyncio.run(compared())


def test_faults_are_declared_well() -> None:
    faults = [item for item in CATALOGUE.values() if isinstance(item, Fault)]
    assert {fault.group for fault in faults} == set(GROUPS)
    assert {fault.api for fault in faults} == set(USUAL)
    sentences = [item.sentence for item in CATALOGUE.values()]
    assert len(set(sentences)) == len(sentences)
    assert [text for text in sentences if not re.fullmatch(r"[A-Z`].+\.", text)] == []
