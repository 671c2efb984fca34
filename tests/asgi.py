"""Requests to an application in this process, without a client, which would take as long as the application."""

import asyncio
from collections.abc import Iterable
from urllib.parse import unquote

import httpx
from starlette.types import ASGIApp, Message, Scope

Headers = Iterable[tuple[str, str]]


async def messages(app: ASGIApp, method: str, url: str, headers: Headers, body: bytes) -> list[Message]:
    """Send a request; return what the application sends: the start of an answer, and pieces of its body."""
    path, _, query = url.partition("?")
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8000),
        "scheme": "http",
    }
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent


def content(sent: list[Message]) -> bytes:
    """The body of an answer."""
    return b"".join(piece.get("body", b"") for piece in sent[1:])


def answer(app: ASGIApp, request: httpx.Request) -> httpx.Response:
    """Send a request from where no event loop runs."""
    url, headers = request.url.raw_path.decode(), request.headers.multi_items()
    sent = asyncio.run(messages(app, request.method, url, headers, request.read()))
    return httpx.Response(sent[0]["status"], headers=sent[0]["headers"], content=content(sent), request=request)
