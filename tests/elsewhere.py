"""A server whose every path, method and place of arguments are other than the spec says, and recordings of it.

It translates requests for the bundled server. Nothing about an API stands here: all is made from the spec, by a seed.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

import httpx

import asgi
from contrato.core import spec
from contrato.core.places import place
from contrato.core.spec import Api, Operation, Parameter
from contrato.mock import create_app
from contrato.verify.documents import find

Key = tuple[str, str]
HOST = "https://vendor.example"


@dataclass
class Moved:
    """Where an operation is on the other server.

    Attributes:
        path: Segments; a parameter is the key of an argument.
        places: Place and name of each argument.
    """

    operation: Operation
    method: str
    path: list[str | Key]
    places: dict[Key, Key] = field(default_factory=dict)


class Other:
    """The other server, an ASGI application.

    Args:
        api: Name of the API.
        seed: Chooses paths, methods and places.
        renames: True if arguments have other names, too.
        stays: True if nothing is moved.
    """

    def __init__(self, api: str, seed: int = 1, renames: bool = True, stays: bool = False) -> None:
        self.api = spec.api(api)
        self.rng = random.Random(seed)
        self.renames = renames
        self.inner = create_app(token="demo")
        # The spec may have been learnt from such a server: names and words are other than its own all the same.
        text = json.dumps(self.api.document)
        self.prefix = next(prefix for prefix in ("arg_", "par_") if f'"{prefix}' not in text)
        self.root = next(root for root in ("op", "nr") if f"/{root}0" not in text)
        self.moved = {o.id: self._stay(o) if stays else self._move(n, o) for n, o in enumerate(self._operations())}

    def _operations(self) -> list[Operation]:
        return list(self.api.operations.values())

    def _stay(self, operation: Operation) -> Moved:
        parts = [part for part in operation.path.split("/") if part]
        path: list[str | Key] = [("path", part[1:-1]) if part.startswith("{") else part for part in parts]
        return Moved(operation, operation.method, path, {p.key: p.key for p in operation.parameters})

    def _move(self, number: int, operation: Operation) -> Moved:
        rng = self.rng
        method = operation.method
        if operation.safe:
            method = "GET" if operation.method == "POST" else rng.choice(["POST", "GET"])
        elif operation.body is not None:
            method = {"POST": "PUT", "PUT": "POST", "PATCH": "POST"}[method]
        words = rng.sample(["datos", "v2", "energia", "portal", "c4", "ver", "todo"], 2)
        # Records that are deleted are those that are read and changed.
        path: list[str | Key] = ["api", "v3", *words, f"{self.root}{number}"]
        moved = Moved(operation, method, path)
        for n, p in enumerate(operation.parameters):
            choices = ["query"] if method in ("GET", "DELETE") else ["body", "query"]
            single = p.schema.items is None and (p.required or p.place == "path")
            choices += ["path"] if single and p.schema.type == "integer" else []
            name = f"{self.prefix}{rng.choice('xyzw')}{n}" if self.renames else p.name
            moved.places[p.key] = rng.choice(choices), name
            if moved.places[p.key][0] == "path":
                moved.path.append(p.key)
        return moved

    # A request of the other server

    def request(self, operation_id: str, arguments: dict[Key, Any]) -> httpx.Request:
        """Return the request of a call."""
        moved = self.moved[operation_id]
        query: list[tuple[str, str]] = []
        body: dict[str, Any] = {}
        for key, value in arguments.items():
            where, name = moved.places[key]
            if where == "query":
                query += [(name, _text(one)) for one in (value if isinstance(value, list) else [value])]
            elif where == "body":
                body[name] = value
        path = "/".join(part if isinstance(part, str) else quote(_text(arguments[part])) for part in moved.path)
        mount = self.api.mount
        url = f"{HOST}{mount}/{path}" + (f"?{urlencode(query)}" if query else "")
        content = json.dumps(body) if body or moved.method in ("POST", "PUT") else None
        headers = {"Authorization": "Bearer demo"} | ({"Content-Type": "application/json"} if content else {})
        return httpx.Request(moved.method, url, headers=headers, content=content)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        content = b""
        while True:
            message = await receive()
            content += message.get("body", b"")
            if not message.get("more_body"):
                break
        status, headers, answer = await self._answer(scope, content)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def _answer(self, scope: Any, content: bytes) -> tuple[int, Any, bytes]:
        raw = scope.get("raw_path", scope["path"].encode()).decode().partition("?")[0]
        texts = raw.removeprefix(self.api.mount).strip("/").split("/")
        query = parse_qsl(scope["query_string"].decode(), keep_blank_values=True)
        there = [moved for moved in self.moved.values() if fits(moved, texts)]
        moved = next((moved for moved in there if moved.method == scope["method"]), None)
        url_query: Any = []
        path, method, body = "/nowhere", scope["method"], content
        if moved is not None:
            arguments = _arguments(moved, texts, query, content)
            if any(p.place == "path" and p.key not in arguments for p in moved.operation.parameters):
                return 400, [(b"content-type", b"application/json")], b'{"message": "which one?"}'
            parts = place(moved.operation, arguments)
            method, path, url_query = parts.method, parts.path, list(parts.query)
            body = b"" if parts.body is None else json.dumps(parts.body).encode()
            if moved.operation.body is not None and content and not content.startswith(b"{"):
                body = content
        elif there:
            allow = ", ".join(sorted({moved.method for moved in there})).encode()
            return 405, [(b"allow", allow), (b"content-type", b"application/json")], b'{"message": "method"}'
        kept = [(name, value) for name, value in scope["headers"] if name not in (b"content-length", b"content-type")]
        kind = [(b"content-type", b"application/json")] if body else []
        url = f"{self.api.mount}{path}?{urlencode(url_query)}"
        headers = [(name.decode(), value.decode("latin-1")) for name, value in [*kept, *kind]]
        sent = await asgi.messages(self.inner, method, url, headers, body)
        shown = [pair for pair in sent[0]["headers"] if pair[0] in (b"content-type", b"www-authenticate", b"allow")]
        return sent[0]["status"], shown, asgi.content(sent)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def fits(moved: Moved, texts: list[str]) -> bool:
    return len(texts) == len(moved.path) and all(
        not isinstance(part, str) or part == text for part, text in zip(moved.path, texts, strict=True)
    )


def _arguments(moved: Moved, texts: list[str], query: list[tuple[str, str]], content: bytes) -> dict[Key, Any]:
    try:
        body = json.loads(content) if content else {}
    except ValueError:
        body = {}
    found: dict[Key, Any] = {}
    for p in moved.operation.parameters:
        where, name = moved.places[p.key]
        if where == "path":
            found[p.key] = _typed(p, [unquote(texts[moved.path.index(p.key)])])
        elif where == "query" and (given := [value for key, value in query if key == name]):
            found[p.key] = _typed(p, given)
        elif where == "body" and isinstance(body, dict) and name in body:
            found[p.key] = body[name] if p.place != "path" else _text(body[name])
    return found


def _typed(p: Parameter, texts: list[str]) -> Any:
    if p.place in ("path", "query"):
        return texts if p.schema.items is not None else texts[-1]
    schema = p.schema.items or p.schema
    values: list[Any] = []
    for text in texts:
        try:
            values.append(json.loads(text) if schema.type in ("integer", "number", "boolean") else text)
        except ValueError:
            values.append(text)
    return values if p.schema.items is not None else values[-1]


# Recordings


def calls(api: Api, seed: int = 1, times: int = 3) -> Iterator[tuple[str, dict[Key, Any]]]:
    """Some calls of each operation with values that exist, each argument given in at least one; deletions last."""
    rng = random.Random(seed)
    for operation in sorted(api.operations.values(), key=lambda o: (o.deletes, not o.safe)):
        for n in range(times if operation.safe else 3):
            given = {p.key: value for p in operation.parameters if (value := _value(p, rng, n)) is not None}
            dates = operation.date_range
            ends = [operation.parameter(name).key for name in (dates.start, dates.end)] if dates else []
            start = datetime(2020, 1 + rng.randrange(3), 1)
            for end, days in zip(ends, (0, 3 if operation.aggregation else 300), strict=False):
                given[end] = (start + timedelta(days=days)).isoformat()
            yield operation.id, given


def _value(p: Parameter, rng: random.Random, n: int) -> Any:
    """A value of an argument for the n-th call, None for none; the first call has what is required alone."""
    if p.schema.is_timestamp or (n == 0 and not p.required and p.schema.items is None):
        return None
    if p.refers_to and p.schema.type in ("integer", "array"):
        known = values_of(p.api.name, p.refers_to[0].operation, p.refers_to[0].pointer)
        value = known[(n + (2 if p.place == "path" else 0)) % len(known)]
        if p.schema.items is not None:
            return [value] if n == 0 else None
        return value
    if p.schema.enum:
        return p.schema.enum[n % len(p.schema.enum)]
    if p.schema.type == "integer":
        # An argument that asks for a page has a small number; another number is another argument.
        pages = [o.pagination.page for o in p.api.operations.values() if o.pagination is not None]
        return (1 if p.known_name in pages else 5) + (n + 1) % 2
    if p.schema.type == "boolean":
        return bool(n % 2)
    return ("Rateio", "rateio")[n % 2] if p.searches else f"{p.name} {n}"


@cache
def values_of(api: str, operation_id: str, pointer: str) -> list[Any]:
    """Values at a place of an answer of the bundled server."""
    plain = Other(api, stays=True)
    answer = asgi.answer(plain, plain.request(operation_id, {}))
    return list(dict.fromkeys(find(answer.json(), pointer)))


def entry(request: httpx.Request, response: httpx.Response) -> dict[str, Any]:
    """Return an entry as browsers write it."""
    return {
        "startedDateTime": "2026-11-28T10:00:00.000Z",
        "time": 12.5,
        "request": {
            "method": request.method,
            "url": str(request.url),
            "httpVersion": "HTTP/2",
            "headers": [{"name": name, "value": value} for name, value in request.headers.items()],
            "queryString": [],
            "cookies": [],
            "headersSize": -1,
            "bodySize": len(request.content),
            **(
                {"postData": {"mimeType": "application/json", "text": request.content.decode()}}
                if request.content
                else {}
            ),
        },
        "response": {
            "status": response.status_code,
            "statusText": "",
            "httpVersion": "HTTP/2",
            "headers": [{"name": name, "value": value} for name, value in response.headers.items()],
            "cookies": [],
            "content": {"size": len(response.content), "mimeType": "application/json", "text": response.text},
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": len(response.content),
        },
        "cache": {},
        "timings": {"send": 0, "wait": 12, "receive": 0},
    }


def recording(other: Other, seed: int = 1, times: int = 3) -> list[dict[str, Any]]:
    """Record some calls of each operation."""
    found = []
    for operation_id, given in calls(other.api, seed, times):
        request = other.request(operation_id, given)
        found.append(entry(request, asgi.answer(other, request)))
    return found


def asked(method: str, url: str, query: Sequence[tuple[str, str]], body: Any = None) -> httpx.Request:
    """Return a request with a token."""
    url += f"?{urlencode(query)}" if query else ""
    return httpx.Request(method, url, headers={"Authorization": "Bearer demo"}, json=body)


def answer(body: Any) -> httpx.Response:
    """Return an answer with JSON."""
    return httpx.Response(200, json=body)


def scalars(entries: list[dict[str, Any]]) -> Iterator[str]:
    """Yield the texts and the numbers of answers, and the arguments of requests."""

    def walk(value: Any) -> Iterator[str]:
        if isinstance(value, dict | list):
            for inner in value.values() if isinstance(value, dict) else value:
                yield from walk(inner)
        elif isinstance(value, str):
            yield value
        elif value is not None and not isinstance(value, bool) and abs(value) > 1000:
            yield str(value)

    for entry in entries:
        yield from walk(json.loads(entry["response"]["content"]["text"] or "null"))
        yield from (value for _, value in parse_qsl(entry["request"]["url"].partition("?")[2]))


def har(entries: list[dict[str, Any]]) -> str:
    """Return a recording as a file has it."""
    return json.dumps({"log": {"version": "1.2", "creator": {"name": "browser", "version": "1"}, "entries": entries}})
