"""Requests to an application in this process, without a client, which would take as long as the application."""

from collections.abc import Mapping
from urllib.parse import unquote

from starlette.types import ASGIApp, Message, Scope


async def messages(app: ASGIApp, method: str, url: str, headers: Mapping[str, str], body: bytes) -> list[Message]:
    """Send a request; return what the application sends: the start of an answer, and pieces of its body."""
    path, _, query = url.partition("?")
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "path": unquote(path),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
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
