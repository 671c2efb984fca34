"""A server in this process whose honest answers pass through a fault, and the laws that judge it."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable, Coroutine
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec
import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

from asgi import content as joined
from asgi import messages
from citing import assert_cited
from contrato.core import spec
from contrato.core.places import arguments, place
from contrato.mock import create_app
from contrato.verify.clean_up import clean_up
from contrato.verify.discovery import Discovery
from contrato.verify.findings import Layer, NotJudged, Violation
from contrato.verify.laws.runner import run_laws
from contrato.verify.modes import Mode
from contrato.verify.rules import RULES
from contrato.verify.session import Session
from contrato.verify.transport import Transport
from foreign import keyed

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
        """Answer a request as `HTTPAdapter.send` does, here."""
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


def api_of(operation: str) -> str:
    return next(api for api, document in SPECS.items() if operation in document.operations)


def located(operation: str, at: str) -> str:
    """The name of an argument as violations have it."""
    spec = SPECS[api_of(operation)].operations[operation]
    if at == "body":
        return at if spec.body is not None else ""
    return at if not at or at.startswith("/") else ".".join(spec.parameter(at).key)
