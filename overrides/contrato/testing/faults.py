"""Faults between a client and a server, by script.

    with testing.neu(faults=[faults.status(429, retry_after=1), faults.timeout()]) as neu:
        neu.list_accounts()

Every request takes the first fault of the script that applies to it, and each fault happens once; a request that no
fault applies to reaches the server. `faults.timeout().when("list_bills")` is for requests to one operation.
"""

import json
import struct
import threading
import zlib
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from http import HTTPStatus
from typing import Any

import httpx

from contrato.core import spec

_Answer = Callable[[httpx.Request, httpx.Response | None], httpx.Response | None]


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong. The functions of this module make them."""

    name: str
    _answer: _Answer
    _needs_server: bool = False
    _applies: Callable[[httpx.Request], bool] = lambda _: True
    _once: bool = True

    def when(self, applies: str | Callable[[httpx.Request], bool]) -> "Fault":
        """Return the same fault, for the first request that it applies to.

        Args:
            applies: An operation, by the name of the client's method or its operationId, such as `list_bills`; or a
                function that says of a request whether the fault applies to it.

        Raises:
            ValueError: There is no such operation.

        """
        return replace(self, _applies=_requests_to(applies) if isinstance(applies, str) else applies)

    def always(self) -> "Fault":
        """Return the same fault, for every request from its turn on."""
        return replace(self, _once=False)

    def __repr__(self) -> str:
        return self.name


def _requests_to(name: str) -> Callable[[httpx.Request], bool]:
    """Return a function that is true of requests to an operation."""
    operations = [o for api in spec.APIS for o in spec.api(api).operations.values() if name in (o.id, o.method_name)]
    if not operations:
        raise ValueError(f"no operation {name!r}: give the name of a client's method, or an operationId")

    def applies(request: httpx.Request) -> bool:
        path = request.url.raw_path.partition(b"?")[0].decode("ascii")
        # The end of the base URL is not known here: the longest end of the path that is an operation's counts.
        ends = [path[index:] for index, character in enumerate(path) if character == "/"]
        found = (next(filter(None, (o.api.match(request.method, end) for end in ends)), None) for o in operations)
        return any(one is operation for one, operation in zip(found, operations, strict=True))

    return applies


class Faults:
    """A script of faults, and a record of what clients did under it.

    `testing.neu` and the like take one, or a list of faults to make one of. `Faults(...).wrap(transport)` has the
    faults happen on any other httpx transport, for instance before a real server.

    Attributes:
        requests: Every request that was sent, in order, with those that a fault kept from the server.
        waits: Seconds before each retry, which the clients of `contrato.testing` note here instead of waiting.

    """

    def __init__(self, *script: Fault) -> None:
        self.requests: list[httpx.Request] = []
        self.waits: list[float] = []
        self._script = list(script)
        self._happened: set[int] = set()
        # Windows are fetched by several threads.
        self._lock = threading.Lock()

    def inject(self, *script: Fault) -> None:
        """Add faults to the end of the script."""
        with self._lock:
            self._script += script

    @property
    def pending(self) -> list[Fault]:
        """The faults that did not happen."""
        return [fault for fault in self._script if fault._once or id(fault) not in self._happened]

    def wrap(self, transport: httpx.BaseTransport | httpx.AsyncBaseTransport) -> "FaultyTransport":
        """Return a transport on which the faults happen, and which otherwise does what `transport` does."""
        return FaultyTransport(self, transport)

    def _next(self, request: httpx.Request) -> Fault:
        with self._lock:
            self.requests.append(request)
            for index, fault in enumerate(self._script):
                if fault._applies(request):
                    self._happened.add(id(fault))
                    if fault._once:
                        del self._script[index]
                    return fault
        return none()


class FaultyTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """The transport that `Faults.wrap` returns: synchronous, asynchronous or both, as the transport below it is."""

    def __init__(self, faults: Faults, transport: httpx.BaseTransport | httpx.AsyncBaseTransport) -> None:
        self._faults = faults
        self._transport: Any = transport

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer as the fault whose turn it is does, or as the transport below."""
        fault = self._faults._next(request)
        if not fault._needs_server:
            return fault._answer(request, None) or self._pass(request)
        response = self._pass(request)
        response.read()
        return fault._answer(request, response) or response

    def _pass(self, request: httpx.Request) -> httpx.Response:
        response: httpx.Response = self._transport.handle_request(request)
        return response

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Do what `handle_request` does."""
        fault = self._faults._next(request)
        if not fault._needs_server:
            return fault._answer(request, None) or await self._async_pass(request)
        response = await self._async_pass(request)
        await response.aread()
        return fault._answer(request, response) or response

    async def _async_pass(self, request: httpx.Request) -> httpx.Response:
        response: httpx.Response = await self._transport.handle_async_request(request)
        return response

    def close(self) -> None:
        """Close the transport below."""
        self._transport.close()

    async def aclose(self) -> None:
        """Close the transport below."""
        await self._transport.aclose()


class _Body(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that is produced while the client reads it, and may break off."""

    def __init__(self, pieces: Iterable[bytes], error: httpx.TransportError | None = None) -> None:
        self._pieces = pieces
        self._error = error

    def __iter__(self) -> Iterator[bytes]:
        yield from self._pieces
        if self._error:
            raise self._error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            yield piece


def _response(status: int, headers: dict[str, str], body: bytes) -> httpx.Response:
    return httpx.Response(status, headers={**headers, "Content-Length": str(len(body))}, stream=_Body([body]))


def _raising(error: type[httpx.TransportError], message: str) -> _Answer:
    def answer(request: httpx.Request, _: httpx.Response | None) -> httpx.Response:
        raise error(message, request=request)

    return answer


def none() -> Fault:
    """No fault: one request reaches the server, and the next one gets the next fault."""
    return Fault("none()", lambda *_: None)


def timeout() -> Fault:
    """No answer within the read timeout; raised immediately, without waiting."""
    return Fault("timeout()", _raising(httpx.ReadTimeout, "The read operation timed out"))


def connect_error() -> Fault:
    """No connection: nothing listens there."""
    return Fault("connect_error()", _raising(httpx.ConnectError, "[Errno 111] Connection refused"))


def reset() -> Fault:
    """The connection is reset while the client waits for the answer."""
    return Fault("reset()", _raising(httpx.ReadError, "[Errno 104] Connection reset by peer"))


def status(
    code: int,
    *,
    body: object = "",
    headers: dict[str, str] | None = None,
    retry_after: float | datetime | None = None,
) -> Fault:
    """A response from a proxy, not from the server.

    Args:
        code: HTTP status, also one that HTTP does not know, such as 520.
        body: Text is sent as it is, with Content-Type text/plain; anything else as JSON.
        headers: Headers of the answer.
        retry_after: Seconds, rounded to whole ones as HTTP has them, or an aware datetime, sent as an HTTP date.

    """
    is_text = isinstance(body, str)
    content = body if isinstance(body, str) else json.dumps(body)
    sent = {"Content-Type": "text/plain; charset=utf-8" if is_text else "application/json", **(headers or {})}
    if isinstance(retry_after, datetime):
        sent["Retry-After"] = format_datetime(retry_after.astimezone(UTC), usegmt=True)
    elif retry_after is not None:
        sent["Retry-After"] = str(round(retry_after))
    return Fault(f"status({code})", lambda *_: _response(code, sent, content.encode()))


def html(code: int = 200) -> Fault:
    """An HTML page, as proxies and login walls send it: with 200, or 502 for a bad gateway."""
    title = HTTPStatus(code).phrase if code in set(HTTPStatus) else "Error"
    page = f"<!DOCTYPE html>\n<html><head><title>{code} {title}</title></head><body><h1>{title}</h1></body></html>\n"
    headers = {"Content-Type": "text/html; charset=utf-8"}
    return Fault(f"html({code})", lambda *_: _response(code, headers, page.encode()))


def empty(code: int = 200) -> Fault:
    """An answer that says it is JSON, and has no body."""
    return Fault(f"empty({code})", lambda *_: _response(code, {"Content-Type": "application/json"}, b""))


def truncated() -> Fault:
    """The first half of the server's response, as if it were complete."""

    def answer(_: httpx.Request, response: httpx.Response | None) -> httpx.Response:
        assert response is not None
        return _response(response.status_code, _plain(response), _half(response))

    return Fault("truncated()", answer, _needs_server=True)


def interrupted() -> Fault:
    """The first half of the server's response; then the connection closes."""

    def answer(request: httpx.Request, response: httpx.Response | None) -> httpx.Response:
        assert response is not None
        message = "peer closed connection without sending complete message body"
        stream = _Body([_half(response)], httpx.RemoteProtocolError(message, request=request))
        headers = {**_plain(response), "Content-Length": str(len(response.content))}
        return httpx.Response(response.status_code, headers=headers, stream=stream)

    return Fault("interrupted()", answer, _needs_server=True)


def gzip_bomb(mebibytes: int = 1024) -> Fault:
    """An answer of a thousandth of this size that decompresses to it, and is valid JSON: spaces and an empty array."""

    def pieces() -> Iterator[bytes]:
        spaces = b" " * (1 << 20)
        compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        # Complete in itself, so that it can be repeated: to compress it all would take seconds.
        block = compressor.compress(spaces) + compressor.flush(zlib.Z_FULL_FLUSH)
        yield b"\x1f\x8b\x08" + bytes(6) + b"\xff"
        checksum = 0
        for _ in range(mebibytes):
            checksum = zlib.crc32(spaces, checksum)
            yield block
        size = mebibytes * len(spaces) + 2
        yield compressor.compress(b"[]") + compressor.flush()
        yield struct.pack("<II", zlib.crc32(b"[]", checksum), size % (1 << 32))

    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    return Fault(f"gzip_bomb({mebibytes})", lambda *_: httpx.Response(200, headers=headers, stream=_Body(pieces())))


def redirect(to: str = "https://elsewhere.example/", code: int = 307) -> Fault:
    """A redirect, by default to another host and with the method and body kept.

    Whatever the host is, the in-process server answers a request that follows: look in `Faults.requests` at what it
    carried.
    """
    return Fault(f"redirect({to!r})", lambda *_: _response(code, {"Location": to}, b""))


def _plain(response: httpx.Response) -> dict[str, str]:
    """The headers of an answer whose body was decompressed."""
    changed = {"content-encoding", "content-length", "transfer-encoding"}
    return {name: value for name, value in response.headers.items() if name not in changed}


def _half(response: httpx.Response) -> bytes:
    return response.content[: len(response.content) // 2]
