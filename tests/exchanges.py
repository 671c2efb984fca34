"""Exchanges with the bundled server inside this process, and ways to damage them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

import httpx
from starlette.applications import Starlette

import asgi
from contrato.core import spec as specs
from contrato.core.places import place
from contrato.core.spec import Operation
from contrato.mock.app import create_app
from contrato.verify.documents import find
from contrato.verify.exchange import Exchange
from foreign import keyed

Values = dict[str, Any]
Damage = Callable[[Exchange], Exchange]
Request = Callable[[], tuple[Any, ...]]

SPECS = {api: specs.api(api) for api in specs.APIS}
OPERATIONS: dict[str, Operation] = {o.id: o for spec in SPECS.values() for o in spec.operations.values()}


class Source:
    """A server inside this process."""

    def __init__(self, app: Starlette, token: str, mounted: Mapping[str, str]) -> None:
        self.app = app
        self.token = token
        self.mounted = mounted

    def ask(self, name: str, values: Values | None = None, token: str | None = "", **path: Any) -> Exchange:
        """Send a request with arguments where the spec has them."""
        operation = OPERATIONS[name]
        parts = place(operation, keyed(operation, {**(values or {}), **path}))
        base = "http://testserver" + self.mounted["neu" if name in SPECS["neu"].operations else "apportionments"]
        headers = {} if token is None else {"Authorization": f"Bearer {token or self.token}"}
        request = httpx.Request(
            parts.method,
            base + parts.path,
            params=parts.query,
            headers=headers | parts.headers,
            json=parts.body,
        )
        answer = asgi.answer(self.app, request)
        return Exchange(
            operation=operation,
            sender="test",
            method=operation.method,
            url=str(request.url),
            path=str(request.url.path).removeprefix(base.removeprefix("http://testserver")),
            request_headers={k.lower(): v for k, v in request.headers.items()},
            request_body=request.content,
            status=answer.status_code,
            headers={k.lower(): v for k, v in answer.headers.items()},
            content=answer.content,
            started=datetime.now(UTC),
            seconds=0.01,
        )

    def existing(self, reference: str, index: int = 0) -> Any:
        """A value that the server has, such as of `listServices#/*/id_service`."""
        name, _, pointer = reference.partition("#")
        return find(self.ask(name).json, pointer)[index]


@cache
def bundled(seed: int = 1) -> Source:
    return Source(create_app(seed), "demo", {"neu": "/neu", "apportionments": ""})


def body(change: Callable[[Any], None]) -> Damage:
    """Change the JSON of an answer in place."""

    def damage(exchange: Exchange) -> Exchange:
        document = json.loads(exchange.content)
        change(document)
        return replace(exchange, content=json.dumps(document).encode())

    return damage


def each(pointer: str, name: str, change: Callable[[Any], Any]) -> Damage:
    """Change one property of each record at `pointer`."""

    def alter(document: Any) -> None:
        for record in find(document, pointer):
            record[name] = change(record[name])

    return body(alter)


def answer(status: int, document: Any, **headers: str) -> Damage:
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    kind = {"content-type": "application/json"} | {k.replace("_", "-"): v for k, v in headers.items()}
    return lambda exchange: replace(exchange, status=status, content=content, headers=kind)


def bills(**values: Any) -> tuple[str, Values]:
    return "listBills", values


def lists(**values: Any) -> tuple[str, Values]:
    return "listApportionments", values


def asked(request: Request) -> Exchange:
    name, *rest = request()
    values, path = [*rest, {}, {}][:2]
    return bundled().ask(name, values, **path)
