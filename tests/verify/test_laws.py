"""Active laws: each one names the servers that break it, and none complains of what a server is free to do."""

from __future__ import annotations

import asyncio
import io
import json
import random
import re
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import closing
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from types import SimpleNamespace
from typing import Any, ClassVar
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit

import msgspec
import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

from asgi import content as joined
from asgi import messages
from citing import assert_cited, plain
from contrato.core import spec
from contrato.core.places import arguments, place
from contrato.mock import create_app
from contrato.verify.clean_up import clean_up
from contrato.verify.discovery import Discovery
from contrato.verify.findings import Layer, NotJudged, Reading, Violation
from contrato.verify.laws.runner import run_laws
from contrato.verify.modes import Mode
from contrato.verify.rules import RULES
from contrato.verify.session import Session
from contrato.verify.transport import Transport
from foreign import TOKEN as FOREIGN_TOKEN
from foreign import Foreign, keyed
from foreign import serve as serve_foreign

pytestmark = pytest.mark.slow

TOKEN = "Demo-Token-1"
LAWS = [rule for rule in RULES.values() if rule.layer is Layer.LAW]
APIS = pytest.mark.parametrize("api", spec.APIS)
SPECS = {api: spec.api(api) for api in spec.APIS}
MOUNTS = {"neu": "/neu", "apportionments": ""}
ORIGIN = "http://127.0.0.1"
RIGHT = {"authorization": f"Bearer {TOKEN}"}
REFERENCES = ("company", "apportionment_type", "apportionment_tariff_type", "apportionment_measure_unit")

Answer = tuple[int, Any]


class Honest:
    """The bundled server, asked once for what it has been asked before.

    All these tests ask it much the same. A write to apportionments makes it forget what it said of them; NEU only
    answers questions.
    """

    neu: ClassVar[dict[Any, tuple[int, bytes]]] = {}

    def __init__(self) -> None:
        self.app = create_app(1, TOKEN)
        self.apportionments: dict[Any, tuple[int, bytes]] = {}

    async def ask(self, method: str, url: str, headers: dict[str, str], content: bytes) -> tuple[int, bytes]:
        is_neu = url.startswith("/neu/")
        known = self.neu if is_neu else self.apportionments
        asked = (method, url, frozenset(headers.items()), content)
        if asked not in known:
            sent = await messages(self.app, method, url, headers.items(), content)
            answer = sent[0]["status"], joined(sent)
            if not is_neu and method != "GET":
                known.clear()
                return answer
            known[asked] = answer
        return known[asked]


@dataclass
class Call:
    """One request on its way to the honest server.

    Attributes:
        given: The arguments by name, wherever they are sent; empty for a body that is no object.
    """

    honest: Honest
    api: str
    operation: str
    request: requests.PreparedRequest
    given: dict[str, Any]
    headers: dict[str, str]
    content: bytes
    state: dict[str, Any]

    @property
    def url(self) -> str:
        return str(self.request.url).removeprefix(ORIGIN)

    async def forward(
        self, *, operation: str = "", given: dict[str, Any] | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """Ask the honest server, with other arguments, or another operation."""
        method, url, content = str(self.request.method), self.url, self.content
        headers = self.headers if headers is None else headers
        if operation or (given is not None and not (self.content and not is_object(self.content))):
            target = SPECS[self.api].operations[operation or self.operation]
            names = {parameter.name for parameter in target.parameters}
            known = {name: value for name, value in (given or {}).items() if name in names}
            parts = place(target, keyed(target, known))
            method, url = parts.method, MOUNTS[self.api] + parts.path
            url += f"?{urlencode(parts.query)}" if parts.query else ""
            content = b"" if parts.body is None else msgspec.json.encode(parts.body)
            places = {parameter.name.lower() for parameter in target.parameters if parameter.place == "header"}
            kept = {name: text for name, text in headers.items() if name not in places}
            headers = kept | parts.headers | ({"content-type": "application/json"} if content else {})
        status, text = await self.honest.ask(method, url, headers, content)
        return status, msgspec.json.decode(text) if text else None

    async def new_record(self) -> dict[str, Any]:
        """Arguments for a new record, of the references of one that is there."""
        _, page = await self.forward(operation="listApportionments", headers=RIGHT)
        one = page["items"][0]
        return {f"{name}_id": one[name]["id"] for name in REFERENCES} | {"name": "Novo", "description": "Novo"}


def is_object(content: bytes) -> bool:
    try:
        return isinstance(json.loads(content), dict)
    except ValueError:
        return False


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


Fault = Callable[[Call], Coroutine[Any, Any, Answer]]


@dataclass
class Stage:
    """A server whose honest answers pass through a fault. It is asked without a network: laws are what is tested."""

    honest: Honest = field(default_factory=Honest)
    faults: dict[str, Fault] = field(default_factory=dict)
    state: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    log: list[tuple[str, str, bytes]] = field(default_factory=list)
    # A Runner would set a handler of signals for each request: a tenth of the time of these tests.
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)

    def send(self, adapter: HTTPAdapter, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """What `HTTPAdapter.send` does, here."""
        url = urlsplit(str(request.url))
        api = "neu" if url.path.startswith("/neu/") else "apportionments"
        path = url.path.removeprefix(MOUNTS[api])
        operation = SPECS[api].match(str(request.method), path)
        name = operation.id if operation else ""
        fault = self.faults.get(name) or self.faults.get("*")
        content = request.body or b""
        content = content.encode() if isinstance(content, str) else content
        headers = {key.lower(): _text(value) for key, value in request.headers.items()}
        headers.pop("content-length", None)
        self.log.append((str(request.method), str(request.url), content))
        body = json.loads(content) if is_object(content) else None
        query = parse_qsl(url.query, keep_blank_values=True)
        found = arguments(operation, path, query, headers, body) if operation else {}
        given = {name: value for (_, name), value in found.items()}
        call = Call(self.honest, api, name, request, given, headers, content, self.state)
        if fault:
            status, answer = self.loop.run_until_complete(fault(call))
            content = b"" if answer is None else msgspec.json.encode(answer)
        else:
            status, content = self.loop.run_until_complete(
                self.honest.ask(str(request.method), call.url, headers, content)
            )
        made = HTTPResponse(
            io.BytesIO(content),
            {**({"content-type": "application/json"} if content else {}), **self.headers},
            status,
            preload_content=False,
            request_method=request.method,
        )
        return adapter.build_response(request, made)

    def base_url(self, api: str) -> str:
        return f"{ORIGIN}{MOUNTS[api]}"


@pytest.fixture(scope="module")
def served() -> Iterator[Stage]:
    stage = Stage()
    with closing(stage.loop):
        yield stage


@pytest.fixture
def stage(served: Stage, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    # What waits for data to move waits for as many requests, not for seconds.
    monkeypatch.setattr("contrato.verify.laws.runner.STILL", 2.0)
    monkeypatch.setattr("contrato.verify.laws.runner.time", SimpleNamespace(monotonic=count(0.0, 0.05).__next__))
    monkeypatch.setattr(HTTPAdapter, "send", lambda adapter, request, **kwargs: served.send(adapter, request, **kwargs))
    yield served
    served.faults, served.state, served.headers, served.log = {}, {}, {}, []


@pytest.fixture
def written(stage: Stage) -> Iterator[Stage]:
    """A stage whose records no other test has written to, nor will see."""
    stage.honest = Honest()
    yield stage
    stage.honest = Honest()


def judge(
    api: str,
    url: str,
    token: str = TOKEN,
    *,
    laws: tuple[str, ...] = (),
    operations: tuple[str, ...] | None = None,
    mode: Mode = Mode.UNRESTRICTED,
) -> tuple[list[tuple[str, Violation]], list[tuple[str, NotJudged]]]:
    transport = Transport(SPECS[api], url, token, mode)
    rules = [rule for rule in LAWS if not laws or rule.name in laws]
    violations, not_judged = [], []
    with closing(transport):
        for judgement in run_laws(Session(Discovery(SPECS[api], transport)), rules, operations):
            violations += judgement.unsound
            for finding in judgement.findings:
                if isinstance(finding, Violation):
                    assert finding.exchanges
                    assert_cited(finding)
                    violations.append((judgement.rule.name, finding))
                elif isinstance(finding, NotJudged):
                    not_judged.append((judgement.rule.name, finding))
        clean_up(transport)
    return violations, not_judged


# Faults: a change to the request, or to the answer


def asking(given: Callable[[Any], Any]) -> Fault:
    """Pass other arguments on."""

    async def fault(call: Call) -> Answer:
        return await call.forward(given=given(deepcopy(call.given)))

    return fault


def without(*names: str) -> Callable[[Any], Any]:
    return lambda given: {k: v for k, v in given.items() if k not in names}


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


FAULTS: list[tuple[str, str, str, Fault]] = [
    ("pages_make_the_list", "listDueDates", "/total", answering(set_in("/total", lambda n: n + 1), when=on_page(2))),
    ("pages_make_the_list", "listDueDates", "/total", answering(set_in("/total", lambda n: n - 1))),
    ("pages_make_the_list", "listDueDates", "/maxPage", answering(set_in("/maxPage", lambda n: n + 1))),
    ("pages_make_the_list", "listNotifications", "/nextPage", answering(set_in("/nextPage", lambda n: n or 1))),
    ("pages_make_the_list", "listBills", "/*", bills_overlap),
    ("pages_make_the_list", "listBills", "/*", bill_pages(15, lost=1)),
    ("pages_make_the_list", "listBills", "/*", asking(without("Page"))),
    ("pages_make_the_list", "listApportionments", "/current_page", answering(set_in("/current_page", lambda n: 1))),
    ("pages_make_the_list", "listApportionments", "/items/*", answering(dropping("items"))),
    ("limits_only_cut", "listApportionments", "_limit", asking(without("_limit"))),
    (
        "limits_only_cut",
        "listApportionments",
        "/total",
        answering(lambda body: body.update(total=body["total"] + (body["per_page"] == 3))),
    ),
    ("lists_are_sorted", "listApportionments", "/items/*/id", asking(without("_order"))),
    ("lists_are_sorted", "listApportionments", "/items/*/name", sorted_within_pages),
    ("limits_only_cut", "listApportionments", "_limit", search_on_first_page_only),
    ("lists_are_sorted", "listApportionments", "_sort", ties_lost),
    ("lists_are_sorted", "listApportionments", "_sort", ties_wander),
    ("filters_select", "listBills", "Id_service", asking(without("Id_service"))),
    (
        "filters_select",
        "listBills",
        "Id_service",
        answering(lambda rows: rows[:-1], when=lambda c: "Id_service" in c.given),
    ),
    ("filters_select", "listRuleHistory", "Id_project", asking(without("Id_project"))),
    ("filters_select", "queryConsumption", "Id_services", only_first_service),
    ("filters_select", "queryConsumption", "Id_account", asking(without("Id_account"))),
    ("filters_combine", "listBills", "Id_service", range_or_service),
    ("searches_find", "listApportionments", "_q", suffix_only),
    ("searches_find", "listApportionments", "_q", finds_everything),
    ("searches_find", "listApportionments", "_q", search_sticks()),
    ("ranges_cut", "listPqrs", "/*/date", asking(without("To"))),
    ("ranges_cut", "listPqrs", "/*/date", asking(without("From"))),
    (
        "ranges_cut",
        "listNotifications",
        "/data/*/date",
        answering(dropping("data"), when=lambda c: "To" in c.given),
    ),
    ("ranges_cut", "listPqrs", "", empty_is_missing),
    ("ranges_cut", "listRuleHistory", "/data/*/data/*/date", offsets_are_utc),
    (
        "periods_add_up",
        "queryConsumption",
        "/*/data/*/cons",
        answering(each_row(lambda row: row.update(cons=row["cons"] * 0.98)), when=by("DAILY")),
    ),
    (
        "periods_add_up",
        "queryConsumption",
        "/*/data/*/injec",
        answering(each_row(lambda row: row.update(injec=row["injec"] * 1000)), when=by("MONTHLY")),
    ),
    (
        "periods_add_up",
        "queryConsumption",
        "/*/data/*/cons",
        answering(
            lambda body: [{**a, "data": [r for r in a["data"] if "-11-" not in r["date"]]} for a in body],
            when=by("MONTHLY"),
        ),
    ),
    (
        "periods_add_up",
        "queryConsumption",
        "/*/data/*/cons",
        answering(
            lambda body: [
                {**a, "data": [r for r in a["data"] if r["injec"] or not r["exported_active_acum"]]} for a in body
            ],
            when=by("HOURLY"),
        ),
    ),
    (
        "one_row_a_period",
        "queryConsumption",
        "/*/data/*/date",
        answering(lambda body: [{**a, "data": [*a["data"], a["data"][-1]]} for a in body], when=by("DAILY")),
    ),
    (
        "one_row_a_period",
        "queryConsumption",
        "/*/data/*/date",
        answering(
            lambda body: [{**a, "data": [r for r in a["data"] if r["date"][8:13] != "14T03"]} for a in body],
            when=by("HOURLY"),
        ),
    ),
    (
        "registers_grow",
        "queryConsumption",
        "/*/data/*/imported_active_acum",
        answering(each_row(lambda row: row.update(imported_active_acum=5000.0))),
    ),
    (
        "registers_grow",
        "queryConsumption",
        "/*/data/*/imported_active_acum",
        answering(
            each_row(lambda row: row.update(imported_active_acum=row["imported_active_acum"] * 2)), when=by("MONTHLY")
        ),
    ),
    (
        "averages_lie_between",
        "queryConsumption",
        "/*/data/*/va",
        answering(each_row(lambda row: row.update(va=row["va"] / 1000)), when=by("DAILY")),
    ),
    (
        "operations_agree",
        "listAccounts",
        "/*/services/*/name",
        answering(set_in("/0/services/0/name", lambda n: f"{n}.")),
    ),
    ("operations_agree", "listAccounts", "/*/services/*/id_service", answering(dropping(0, "services"))),
    ("operations_agree", "listOverdueBills", "/*/due_date", answering(set_in("/0/due_date", lambda d: f"2020{d[4:]}"))),
    ("operations_agree", "listDueDates", "/data/*/service", answering(set_in("/data/0/service", lambda n: "Otra"))),
    (
        "operations_agree",
        "getApportionment",
        "/company",
        answering(set_in("/company/name", lambda name: "Outra")),
    ),
    ("listed_records_are_there", "getService", "", one_is_not_there),
    ("listed_records_are_there", "getService", "/address", answering(lambda body: body.update(address="?"))),
    ("created_is_kept", "createApportionment", "", forgets_what_it_created),
    ("created_is_kept", "createApportionment", "", creates_twice),
    ("created_is_kept", "createApportionment", "/id", creates_once),
    ("created_is_kept", "createApportionment", "/mixed_consumption", asking(without("mixed_consumption"))),
    ("created_is_kept", "createApportionment", "/limit_day", another_default),
    ("created_is_kept", "createApportionment", "/name", answering(set_in("/name", str.upper))),
    (
        "created_is_kept",
        "createApportionment",
        "/apportionment_measure_unit/id",
        asking(lambda given: {k: 2 if (k, v) == ("apportionment_measure_unit_id", 3) else v for k, v in given.items()}),
    ),
    ("updated_is_kept", "updateApportionment", "/limit_day", answers_but_does_not_change),
    ("updated_is_kept", "updateApportionment", "/mixed_consumption", false_is_nothing),
    ("updated_is_kept", "updateApportionment", "/limit_day", resets_the_rest),
    ("updated_is_kept", "updateApportionment", "", changes_another),
    ("updated_is_kept", "updateApportionment", "/description", asking(without("description"))),
    (
        "updated_is_kept",
        "updateApportionment",
        "/mixed_consumption",
        asking(lambda given: {"mixed_consumption": False, **given}),
    ),
    ("updated_is_kept", "updateApportionment", "", refuses_what_is_so),
    ("deleted_is_gone", "deleteApportionment", "", deletes_nothing),
    ("deleted_is_gone", "deleteApportionment", "", deletes_two),
    ("missing_is_missing", "getApportionment", "id", missing_is_404),
    ("missing_is_missing", "updateApportionment", "", update_creates),
    ("refused_changes_nothing", "createApportionment", "company_id", any_company),
    ("refused_changes_nothing", "updateApportionment", "apportionment_tariff_type_id", half_an_update),
    ("tokens_are_checked", "listPqrs", "", taking(lambda call: True)),
    ("tokens_are_checked", "getService", "", taking(lambda call: sent(call).lower() == f"bearer {TOKEN}".lower())),
    ("tokens_are_checked", "listBills", "", taking(lambda call: sent(call).startswith(f"Bearer {TOKEN}"))),
    ("tokens_are_checked", "listServices", "", taking(lambda call: f"Bearer {TOKEN}".startswith(sent(call) or "-"))),
    ("tokens_are_checked", "listAccounts", "", taking(lambda call: "token=" in call.url)),
    ("tokens_are_checked", "listUsedNeugets", "", taking(lambda call: sent(call).endswith(f" {TOKEN}"))),
    ("tokens_are_checked", "listServices", "", refuses_with_data),
    ("tokens_are_checked", "deleteApportionment", "", refuses_after_the_deed),
    ("tokens_are_checked", "createApportionment", "", refuses_after_the_deed),
    ("unknown_ids_find_nothing", "getService", "id", first_for_unknown),
    ("unknown_ids_find_nothing", "getApportionment", "id", digits_of_an_id),
    ("unknown_ids_find_nothing", "listBills", "Id_service", all_for_unknown),
    ("malformed_is_refused", "queryConsumption", "Interval", any_interval),
    ("tokens_are_checked", "getAccount", "id", unknown_is_404_to_strangers),
    ("extremes_are_answered", "queryConsumption", "", empty_list_crashes),
    ("reading_changes_nothing", "listOverdueBills", "/*", days_grow_when_read),
    ("days_are_reckoned", "listOverdueBills", "/*/days", answering(capped_at(30))),
    ("days_are_reckoned", "listOverdueBills", "/*/days", every_second_day_more),
    ("days_are_reckoned", "listOverdueBills", "/*/days", answering(days_more(9_000))),
    ("filters_select", "listBills", "Id_service", last_service_has_no_bills),
    ("limits_only_cut", "listApportionments", "_limit", later_pages_of_names_alone),
    ("open_questions_are_asked", "listBills", "", page_zero_crashes),
    ("open_questions_are_asked", "queryConsumption", "Id_account", first_account_for_none),
    ("searches_find", "listApportionments", "_q", many_are_none),
    ("operations_agree", "listDueDates", "/data/*/id_bill", an_unpaid_bill_is_never_due),
    ("reading_changes_nothing", "listUsedNeugets", "/*", spent_again_when_read),
    ("answers_are_stable", "listBills", "body", filter_is_repeated),
    ("periods_add_up", "queryConsumption", "/*/data/*/cons", hours_a_day_short),
    ("periods_add_up", "queryConsumption", "/*/data/*/cons", answering(each_row(late_in_summer), when=by("HOURLY"))),
    ("ranges_cut", "listDueDates", "", turned_range_crashes),
    ("ranges_cut", "listPqrs", "/*/date", turned_range_is_exchanged),
    ("ranges_cut", "listRuleHistory", "", empty_range_crashes),
    ("filters_select", "queryConsumption", "", repeated_value_crashes),
    ("extremes_are_answered", "listBills", "", leap_day_crashes),
    ("limits_only_cut", "listApportionments", "_limit", last_full_page_is_lost),
    ("lists_are_sorted", "listApportionments", "_sort", sorted_search_looks_at_beginnings),
    ("malformed_is_refused", "listApportionments", "_sort", sorts_by_limit_day),
    ("deleted_is_gone", "deleteApportionment", "", equal_records_deleted),
    ("created_is_kept", "createApportionment", "/description", digits_become_a_number),
]
"""Law, operation, field that is to be named, and how the server breaks it."""


def api_of(operation: str) -> str:
    return next(api for api, document in SPECS.items() if operation in document.operations)


def located(operation: str, at: str) -> str:
    """The name of an argument as violations have it."""
    spec = SPECS[api_of(operation)].operations[operation]
    if at == "body":
        return at if spec.body is not None else ""
    return at if not at or at.startswith("/") else ".".join(spec.parameter(at).key)


@pytest.mark.parametrize(
    ("law", "operation", "at", "fault"), FAULTS, ids=[f"{n}-{f[0]}-{f[1]}" for n, f in enumerate(FAULTS)]
)
def test_a_law_names_what_breaks_it(stage: Stage, law: str, operation: str, at: str, fault: Fault) -> None:
    api = api_of(operation)
    if not SPECS[api].operations[operation].safe:
        stage.honest = Honest()
    stage.faults = {operation: fault}
    try:
        violations, _ = judge(api, stage.base_url(api), laws=(law,), operations=(operation,))
    finally:
        if not SPECS[api].operations[operation].safe:
            stage.honest = Honest()
    assert (operation, located(operation, at)) in {
        (violation.operation, violation.field) for _, violation in violations
    }
    for _, violation in violations:
        assert violation.evidence
        assert violation.expected
        assert violation.found


WRITTEN = [
    f
    for f in FAULTS
    if f[0] in ("created_is_kept", "updated_is_kept", "deleted_is_gone")
    # These take equal records, which there are none of.
    and f[3] not in (creates_once, equal_records_deleted)
]


@pytest.mark.parametrize(
    ("law", "operation", "at", "fault"), WRITTEN, ids=[f"{n}-{f[0]}" for n, f in enumerate(WRITTEN)]
)
def test_names_that_have_to_be_unique_hide_no_fault(
    written: Stage, law: str, operation: str, at: str, fault: Fault
) -> None:
    async def once(call: Call) -> Answer:
        _, page = await call.forward(operation="listApportionments", given={"_limit": 1000}, headers=RIGHT)
        if call.given.get("name") in [record["name"] for record in page["items"]]:
            return 422, {"name": ["taken"]}
        return await (fault(call) if operation == "createApportionment" else call.forward())

    written.faults = {operation: fault, "createApportionment": once}
    violations, _ = judge("apportionments", written.base_url("apportionments"), laws=(law,), operations=(operation,))
    assert (operation, located(operation, at)) in {(found.operation, found.field) for _, found in violations}


def test_every_law_has_a_fault_that_it_names() -> None:
    tried = {law for law, *_ in FAULTS}
    # What they find is at the operation that reads; see below.
    assert {rule.name for rule in LAWS} - tried == {"searches_follow_writes", "tags_follow_the_record"}


def test_what_is_open_where_a_slash_follows_is_a_violation(stage: Stage) -> None:
    async def open_door(call: Call) -> Answer:
        if not call.url.endswith("/"):
            return await call.forward()
        return await call.forward(operation="listServices", headers={**call.headers, **RIGHT})

    stage.faults = {"*": open_door}
    operations = ("listServices", "listPqrs")
    violations, _ = judge("neu", stage.base_url("neu"), laws=("tokens_are_checked",), operations=operations)
    assert [found.operation for _, found in violations] == ["listServices"]


@pytest.mark.parametrize("rule", LAWS, ids=lambda rule: rule.name)
def test_a_law_explains_itself(rule: Any) -> None:
    assert rule.sentence.endswith(".")
    assert len(rule.explanation) > 80


# What a server is free to do


@APIS
def test_an_honest_server_keeps_every_law_and_gets_the_same_requests_again(written: Stage, api: str) -> None:
    logs = []
    for _ in range(2 if api == "apportionments" else 1):
        written.honest, written.log = Honest(), []
        violations, not_judged = judge(api, written.base_url(api))
        assert violations == []
        assert [not_judged for _, not_judged in not_judged if not not_judged.lasting] == []
        logs.append(written.log)
    assert len(logs[0]) > 100
    assert logs[0] == logs[-1]


DATED = ("date", "date_expiration", "date_payment", "due_date", "creation_date", "interaction_date")


def redated(body: Any, change: Callable[[str], str]) -> Any:
    if isinstance(body, list):
        return [redated(item, change) for item in body]
    if isinstance(body, dict):
        return {
            key: change(value) if key in DATED and isinstance(value, str) else redated(value, change)
            for key, value in body.items()
        }
    return body


def zulu(text: str) -> str:
    return f"{(datetime.fromisoformat(text) + timedelta(hours=5)).isoformat()}Z"


def shuffled(body: Any) -> Any:
    if isinstance(body, list):
        return random.Random(len(body)).sample([shuffled(item) for item in body], len(body))
    return {key: shuffled(value) for key, value in body.items()} if isinstance(body, dict) else body


async def inclusive(call: Call) -> Answer:
    given = dict(call.given)
    if isinstance(given.get("To"), str):
        given["To"] = (datetime.fromisoformat(given["To"]) + timedelta(seconds=1)).isoformat()
    status, answer = await call.forward(given=given)
    return status, redated(answer, lambda text: f"{text}.000-05:00")


async def unknown_is_404(call: Call) -> Answer:
    status, body = await call.forward()
    asked = {"Id_service", "Id_project", "Id_account", "Id_services"} & call.given.keys()
    return (404, {}) if asked and body in ([], {"data": []}) and "From" not in call.given else (status, body)


async def dated_by_the_end(call: Call) -> Answer:
    status, body = await call.forward()
    if call.operation == "queryConsumption" and status == 200:
        hours = {"HOURLY": 1, "DAILY": 24}.get(call.given["Interval"])
        low, high = (datetime.fromisoformat(call.given[k]).replace(tzinfo=None) for k in ("From", "To"))

        def end(text: str) -> str:
            start = datetime.fromisoformat(text)
            after = start + timedelta(hours=hours) if hours else (start + timedelta(days=32)).replace(day=1)
            return after.isoformat()

        body = redated(body, end)
        for account in body:
            account["data"] = [r for r in account["data"] if low <= datetime.fromisoformat(r["date"]) <= high]
    return status, body


def dated_by_the_end_for(interval: str) -> Fault:
    async def fault(call: Call) -> Answer:
        return await (dated_by_the_end(call) if call.given.get("Interval") == interval else call.forward())

    return fault


async def cut_periods_left_out(call: Call) -> Answer:
    status, body = await call.forward()
    if call.operation == "queryConsumption" and status == 200 and call.given["Interval"] == "MONTHLY":
        high = datetime.fromisoformat(call.given["To"]).replace(tzinfo=None)
        for account in body:
            account["data"] = [
                row
                for row in account["data"]
                if (datetime.fromisoformat(row["date"]) + timedelta(days=32)).replace(day=1) <= high
            ]
    return status, body


async def nothing_there(call: Call) -> Answer:
    status, body = await call.forward()
    if status != 200 or call.operation in ("listAccounts", "listServices", "getAccount", "getService"):
        return status, body
    if isinstance(body, list):
        return 200, []
    if "items" in body:
        return 204, None
    return 200, {key: {"data": [], "total": 0, "maxPage": 1, "nextPage": None}[key] for key in body}


async def no_body_is_refused(call: Call) -> Answer:
    has_body = SPECS[call.api].operations[call.operation].body is not None
    return (400, {"message": "Falta el cuerpo"}) if has_body and not call.content else await call.forward()


async def paid_bills_are_never_due(call: Call) -> Answer:
    if call.operation != "listDueDates":
        return await call.forward()
    return await without_bill(call, lambda bill: bill["date_payment"] is not None)


async def paid_late_is_overdue(call: Call) -> Answer:
    status, body = await call.forward()
    if call.operation != "listOverdueBills" or status != 200:
        return status, body
    _, bills = await call.forward(operation="listBills", given={"Page": 3}, headers=RIGHT)
    paid = next(bill for bill in bills if bill["date_payment"] is not None)
    due, end = (datetime.fromisoformat(paid[name]) for name in ("date_expiration", "date_payment"))
    return status, [*body, {**body[0], "id_bill": paid["id_bill"], "due_date": paid["date_expiration"],
                            "days": (end - due).days}]  # fmt: skip


async def unknown_company_is_204(call: Call) -> Answer:
    status, body = await call.forward()
    return (204, None) if status == 422 and "company_id" in body else (status, body)


QUIET = tuple(rule.name for rule in LAWS if not rule.probes)
DATES = ("ranges_cut", "filters_combine", "operations_agree", "listed_records_are_there")
READINGS = ("periods_add_up", "one_row_a_period", "registers_grow", "averages_lie_between", "ranges_cut")

LEGAL: dict[str, tuple[str, Fault, tuple[str, ...]]] = {
    "Z": ("neu", answering(lambda body: redated(body, zulu)), DATES + READINGS),
    "Z that means local time": (
        "neu",
        answering(lambda body: redated(body, lambda text: f"{text}Z")),
        DATES + READINGS,
    ),
    "offsets, and To is inclusive": ("neu", inclusive, DATES + READINGS),
    "404 for unknown values": ("neu", unknown_is_404, QUIET),
    "case matters": ("apportionments", case_matters, ("searches_find",)),
    "beginnings are searched": ("apportionments", prefix_only, ("searches_find",)),
    "another default order": (
        "apportionments",
        asking(lambda given: {"_order": "asc", **given}),
        ("lists_are_sorted",),
    ),
    "fifteen bills a page": ("neu", bill_pages(15), ("pages_make_the_list",)),
    "the last page again": ("neu", last_page_forever, ("pages_make_the_list",)),
    "To is a day": ("neu", a_day_is_all_of_it, DATES),
    "only days count": ("neu", only_days_count, DATES),
    "periods dated by their end": ("neu", dated_by_the_end, READINGS),
    "cut periods are left out": ("neu", cut_periods_left_out, READINGS),
    "no data": ("neu", nothing_there, QUIET),
    "no records": ("apportionments", nothing_there, ()),
    "a body is required": ("neu", no_body_is_refused, ("answers_are_stable",)),
    "paid bills have no due date": ("neu", paid_bills_are_never_due, ("operations_agree",)),
    "bills paid late are overdue": ("neu", paid_late_is_overdue, ("days_are_reckoned",)),
    "204 for an unknown company": ("apportionments", unknown_company_is_204, ()),
}
"""API, variant, and the laws that it could disturb; all when none is named."""


@pytest.mark.parametrize("name", LEGAL)
def test_what_a_server_is_free_to_do_breaks_no_law(stage: Stage, name: str) -> None:
    api, variant, laws = LEGAL[name]
    stage.faults = {"*": variant}
    violations, not_judged = judge(api, stage.base_url(api), laws=laws)
    assert violations == []
    assert [not_judged for _, not_judged in not_judged if not not_judged.lasting] == []


TOLD: list[tuple[str, str, Fault, tuple[str, str, str]]] = [
    ("periods_add_up", "queryConsumption", answering(lambda body: body), ("row-date", "/*/data/*/date", "start")),
    ("periods_add_up", "queryConsumption", dated_by_the_end, ("row-date", "/*/data/*/date", "end")),
    ("registers_grow", "queryConsumption", answering(lambda body: body),
     ("register", "/*/data/*/imported_active_acum", "end")),
    ("pages_make_the_list", "listNotifications", answering(lambda body: body), ("page-argument", "", "table-url")),
    ("searches_find", "listApportionments", answering(lambda body: body), ("search-words", "query._q", "substring")),
    ("searches_find", "listApportionments", prefix_only, ("search-words", "query._q", "prefix")),
    ("operations_agree", "listDueDates", answering(lambda body: body), ("due-dates", "", "all")),
    ("operations_agree", "listDueDates", paid_bills_are_never_due, ("due-dates", "", "unpaid")),
    ("open_questions_are_asked", "queryConsumption", answering(lambda body: body), ("none-selected", "", "everything")),
]  # fmt: skip
"""Law, operation, server, and the question, place and reading that the law tells of it."""


@pytest.mark.parametrize(("law", "operation", "variant", "told"), TOLD)
def test_a_law_tells_the_reading_that_a_server_follows(
    stage: Stage, law: str, operation: str, variant: Fault, told: tuple[str, str, str]
) -> None:
    api = api_of(operation)
    stage.faults = {"*": variant}
    transport = Transport(SPECS[api], stage.base_url(api), TOKEN, Mode.UNRESTRICTED)
    with closing(transport):
        session = Session(Discovery(SPECS[api], transport))
        judgements = list(run_laws(session, [RULES[law]], [operation]))
        found = [each for judgement in judgements for each in judgement.findings if isinstance(each, Reading)]
    question, at, reading = told
    wanted = {(question, located(operation, at), reading)} if at.startswith("/") or not at else {told}
    assert {(each.question, each.field, each.reading) for each in found if each.question == question} >= wanted


@pytest.mark.parametrize(("interval", "told"), [("DAILY", {"start", "end"}), ("HOURLY", {"start"})])
def test_hours_may_be_named_by_their_end_and_days_by_their_date(stage: Stage, interval: str, told: set[str]) -> None:
    """But days that are dated by their end, and months by their beginning, are two readings."""
    stage.faults = {"queryConsumption": dated_by_the_end_for(interval)}
    transport = Transport(SPECS["neu"], stage.base_url("neu"), TOKEN, Mode.UNRESTRICTED)
    with closing(transport):
        session = Session(Discovery(SPECS["neu"], transport))
        judgements = list(run_laws(session, [RULES["periods_add_up"]], ["queryConsumption"]))
    findings = [each for judgement in judgements for each in judgement.findings]
    assert {each.reading for each in findings if isinstance(each, Reading)} == told
    assert [each for each in findings if isinstance(each, Violation)] == []


def test_records_without_an_identity_may_be_equal(stage: Stage) -> None:
    one = {"date": "2021-07-14T08:00:00", "title": "Aviso", "text": "Mantenimiento de la red.", "read": False}
    records = [one] * 57 + [{**one, "text": f"Mantenimiento de la red {number}."} for number in range(15)]

    async def equal(call: Call) -> Answer:
        number, last = page_of(call), 4
        shown = {"nextPage": number + 1 if number < last else None, "maxPage": last, "total": len(records)}
        return 200, {**shown, "data": records[20 * number - 20 : 20 * number]}

    stage.faults = {"listNotifications": equal}
    laws, operations = ("pages_make_the_list",), ("listNotifications",)
    assert judge("neu", stage.base_url("neu"), laws=laws, operations=operations) == ([], [])


def test_lists_without_an_order_may_have_any(stage: Stage) -> None:
    unordered = ("listAccounts", "listServices", "listPqrs", "listOverdueBills", "queryConsumption", "listUsedNeugets")
    stage.faults = dict.fromkeys(unordered, answering(shuffled))
    violations, _ = judge("neu", stage.base_url("neu"), laws=QUIET, operations=unordered)
    assert violations == []


def test_other_clients_that_write_meanwhile_are_no_violation(written: Stage) -> None:
    async def meanwhile(call: Call) -> Answer:
        call.state["count"] = call.state.get("count", 0) + 1
        if call.state["count"] % 5 == 0:
            await call.forward(operation="createApportionment", given=await call.new_record(), headers=RIGHT)
        return await call.forward()

    written.faults = {"*": meanwhile}
    laws = ("pages_make_the_list", "lists_are_sorted", "created_is_kept", "deleted_is_gone")
    violations, not_judged = judge("apportionments", written.base_url("apportionments"), laws=laws)
    assert violations == []
    assert any(not not_judged.lasting for _, not_judged in not_judged)


@pytest.mark.parametrize(
    "moved",
    [
        pytest.param(lambda now, read: now * 1000, id="days that time passes"),
        pytest.param(lambda now, read: read % 3, id="servers that take turns"),
        pytest.param(lambda now, read: read // 2, id="somebody else's days, now and then"),
    ],
)
def test_data_that_move_by_themselves_are_not_changed_by_reading(
    stage: Stage, moved: Callable[[float, int], float]
) -> None:
    async def moving(call: Call) -> Answer:
        status, body = await call.forward()
        call.state["read"] = call.state.get("read", 0) + 1
        days = moved(time.monotonic(), call.state["read"])
        return status, [{**bill, "days": bill["days"] + days} for bill in body] if status == 200 else body

    stage.faults = {"listOverdueBills": moving}
    laws = ("answers_are_stable", "reading_changes_nothing")
    assert judge("neu", stage.base_url("neu"), laws=laws, operations=("listOverdueBills",))[0] == []


def test_records_that_others_add_all_the_time_are_not_added_by_reading(stage: Stage) -> None:
    async def busy(call: Call) -> Answer:
        status, body = await call.forward()
        now = round(time.monotonic() * 20_000)
        more = now - call.state.setdefault("begun", now)
        return status, body + body[-1:] * more if status == 200 and body else body

    stage.faults = {"listUsedNeugets": busy}
    laws = ("reading_changes_nothing",)
    assert judge("neu", stage.base_url("neu"), laws=laws, operations=("listUsedNeugets",))[0] == []


async def never_finds_what_is_new(call: Call) -> Answer:
    return (204, None) if "Übung" in call.given.get("_q", "") else await call.forward()


async def finds_by_what_was(call: Call) -> Answer:
    """A text of the first search finds every record later."""
    text = call.given.get("_q", "")
    again = bool(text) and text in call.state.get("first", "")
    call.state["first"] = call.state.get("first") or text
    return await call.forward(given={"_limit": 1000} if again else call.given)


async def decodes_twice(call: Call) -> Answer:
    texts = {name: unquote_plus(value) for name, value in call.given.items() if isinstance(value, str)}
    return await call.forward(given=call.given | texts)


async def finds_what_is_deleted(call: Call) -> Answer:
    """A search that finds nothing gets the last record that was found before."""
    status, body = await call.forward()
    if "_q" not in call.given or status not in (200, 204):
        return status, body
    if status == 200:
        call.state["found"] = body
    return (200, call.state["found"]) if "found" in call.state else (status, body)


SEARCHES = [never_finds_what_is_new, finds_by_what_was, decodes_twice, finds_what_is_deleted]


@pytest.mark.parametrize("fault", SEARCHES, ids=lambda fault: fault.__name__)
def test_a_search_that_does_not_follow_a_change_is_a_violation(written: Stage, fault: Fault) -> None:
    written.faults = {"listApportionments": fault}
    violations, _ = judge("apportionments", written.base_url("apportionments"), laws=("searches_follow_writes",))
    at = located("listApportionments", "_q")
    assert {(found.operation, found.field) for _, found in violations} == {("listApportionments", at)}


def test_an_index_may_need_a_moment(written: Stage) -> None:
    async def late(call: Call) -> Answer:
        text = call.given.get("_q", "")
        call.state[text] = call.state.get(text, 0) + 1
        return (204, None) if text and call.state[text] == 1 else await call.forward()

    written.faults = {"listApportionments": late}
    violations, _ = judge("apportionments", written.base_url("apportionments"), laws=("searches_follow_writes",))
    assert violations == []


def test_a_tag_that_stays_when_the_record_changes_is_a_violation(written: Stage) -> None:
    written.headers = {"etag": '"1"'}
    violations, _ = judge("apportionments", written.base_url("apportionments"), laws=("tags_follow_the_record",))
    assert [(found.operation, found.field) for _, found in violations] == [("getApportionment", "header.ETag")]


def test_what_does_not_answer_in_time_twice_is_a_violation(stage: Stage) -> None:
    async def hangs(call: Call) -> Answer:
        if page_of(call) == 2:
            raise requests.ReadTimeout
        return await call.forward()

    stage.faults = {"listDueDates": hangs}
    violations, not_judged = judge(
        "neu", stage.base_url("neu"), laws=("pages_make_the_list",), operations=("listDueDates",)
    )
    assert [(rule, found.operation) for rule, found in violations] == [("answer", "listDueDates")]
    assert '"PageNumber": 2' in violations[0][1].found
    assert [not_judged.lasting for _, not_judged in not_judged] == [False]


async def hangs_once(call: Call) -> Answer:
    call.state["asked"] = call.state.get("asked", 0) + 1
    if call.state["asked"] == 1:
        raise requests.ReadTimeout
    return await call.forward()


async def hangs_after_page_two(call: Call) -> Answer:
    if call.state.get("ended"):
        raise requests.ReadTimeout
    call.state["ended"] = page_of(call) == 2
    return await call.forward()


@pytest.mark.parametrize("fault", [hangs_once, hangs_after_page_two], ids=lambda fault: fault.__name__)
def test_what_may_be_the_network_or_the_whole_server_is_no_violation_of_one_operation(
    stage: Stage, fault: Fault
) -> None:
    stage.faults = {"*": fault}
    violations, not_judged = judge(
        "neu", stage.base_url("neu"), laws=("pages_make_the_list",), operations=("listDueDates",)
    )
    assert violations == []
    assert [not_judged.lasting for _, not_judged in not_judged] == [False]


def test_an_order_that_changes_by_itself_is_a_violation(stage: Stage) -> None:
    async def drifting(call: Call) -> Answer:
        call.state["count"] = call.state.get("count", 0) + 1
        status, body = await call.forward()
        if status == 200 and call.state["count"] % 2:
            body["items"].reverse()
        return status, body

    stage.faults = {"listApportionments": drifting}
    violations, _ = judge("apportionments", stage.base_url("apportionments"), laws=("answers_are_stable",))
    assert [violation.found for _, violation in violations] == ["another order"]


def test_too_many_requests_are_inconclusive(stage: Stage) -> None:
    async def busy(call: Call) -> Answer:
        return (429, {}) if page_of(call) > 1 else await call.forward()

    stage.faults = {"listDueDates": busy}
    violations, not_judged = judge(
        "neu", stage.base_url("neu"), laws=("pages_make_the_list",), operations=("listDueDates",)
    )
    assert violations == []
    assert [(not_judged.lasting, "429" in not_judged.reason) for _, not_judged in not_judged] == [(False, True)]


def test_a_valid_request_that_fails_is_a_violation(stage: Stage) -> None:
    async def fails(call: Call) -> Answer:
        return (500, {}) if page_of(call) == 2 else await call.forward()

    stage.faults = {"listDueDates": fails}
    violations, _ = judge("neu", stage.base_url("neu"), laws=("pages_make_the_list",), operations=("listDueDates",))
    assert [(violation.operation, plain(violation.found)) for _, violation in violations] == [
        ("listDueDates", "500 application/json: {}")
    ]


# What the modes allow


@APIS
def test_laws_that_write_or_probe_say_so(api: str) -> None:
    foreign = Foreign(api)
    quiet = tuple(rule.name for rule in LAWS if not rule.writes and not rule.probes)
    with serve_foreign(foreign) as url:
        violations, _ = judge(api, url, FOREIGN_TOKEN, laws=quiet, mode=Mode.READ_ONLY)
    assert violations == []
    for line in foreign.log:
        operation = SPECS[api].match(*line.split("?")[0].split(" "))
        assert operation is not None
        assert operation.safe


@pytest.mark.parametrize(
    ("answer", "rule"), [((500, {}), "not_a_server_error"), ((200, "sorry"), "response_schema_conformance")]
)
def test_an_answer_that_says_nothing_is_blamed_on_nobody_else(stage: Stage, answer: Answer, rule: str) -> None:
    async def fails(call: Call) -> Answer:
        return answer if call.headers.get("authorization") == f"Bearer {TOKEN}" else await call.forward()

    stage.faults = {"listServices": fails}
    violations, _ = judge("neu", stage.base_url("neu"))
    assert {(name, violation.operation) for name, violation in violations} == {(rule, "listServices")}
