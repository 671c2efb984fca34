"""Transports of httpx that bound each wait by the deadline of the call, and end an answer where it ends.

They are made of httpcore, as those of httpx are, which hand no network backend through to it (see decision 56).
"""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx

from contrato.core.limits import current

# As many connections at most, idle ones among them, and seconds that those stay: as httpx has them.
CONNECTIONS, IDLE, EXPIRY = 100, 20, 5.0
# The end of a head, which httpcore accepts so large; its line with the length of the body; and the last bytes of an
# answer without that line.
END = re.compile(rb"\r?\n\r?\n")
LARGEST = 100 * 1024
LENGTH = re.compile(rb"\ncontent-length:[ \t]*([0-9]{1,18})[ \t]*\r?\n", re.IGNORECASE)
ENDS = re.compile(rb"[^\n]\r\n\r\n")


def _left(timeout: float | None) -> float | None:
    """Return the seconds that one wait of a synchronous call may take."""
    limits = current.get()
    return timeout if limits is None else limits.capped({"": timeout})[""]


class _Answer:
    """Counts what comes after a request, to find out whether more came than its answer.

    A server may send a second answer, or a body that is longer than it says. httpcore would take that for the answer to
    the next request. Where we suspect it wrongly, one connection more is made.
    """

    def __init__(self) -> None:
        # None once it has ended.
        self._head: bytes | None = b""
        self._missing: int | None = None
        self._tail = b""
        self._is_second = False

    def begin(self) -> None:
        """Note that a request is sent."""
        self._head, self._missing = b"", None

    def add(self, came: bytes) -> bytes:
        """Count bytes, and return them."""
        if self._missing is not None:
            self._missing -= len(came)
        elif self._head is not None:
            self._head += came
            if (end := END.search(self._head)) is not None:
                length = LENGTH.search(self._head, 0, end.end())
                self._missing = None if length is None else end.end() + int(length[1]) - len(self._head)
            if end is not None or len(self._head) > LARGEST:
                self._head = None
        self._tail = (self._tail + came[-5:])[-5:]
        self._is_second = self._is_second or came.find(b"HTTP/1.", 1) > 0
        return came

    def info(self, name: str, stream: httpcore.NetworkStream | httpcore.AsyncNetworkStream) -> Any:
        """Return what a stream says of itself: httpcore closes an idle connection that has something to read."""
        if name == "is_readable" and (self._is_second or not self._has_ended):
            return True
        return stream.get_extra_info(name)

    @property
    def _has_ended(self) -> bool:
        return ENDS.fullmatch(self._tail) is not None if self._missing is None else self._missing == 0


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream
        self._answer = _Answer()

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if (limits := current.get()) is not None and limits.is_late:
            raise httpcore.ReadTimeout
        return self._answer.add(self._stream.read(max_bytes, _left(timeout)))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._answer.begin()
        self._stream.write(buffer, _left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, _left(timeout)))

    def get_extra_info(self, info: str) -> Any:
        return self._answer.info(info, self._stream)


class _AsyncStream(httpcore.AsyncNetworkStream):
    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream
        self._answer = _Answer()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._answer.add(await self._stream.read(max_bytes, timeout))

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._answer.begin()
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        return _AsyncStream(await self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._answer.info(info, self._stream)


def _addresses(host: str, port: int) -> list[Any]:
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise httpcore.ConnectError(str(error)) from error


class _Backend(httpcore.SyncBackend):
    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        refused: Exception = httpcore.ConnectError(f"{host} has no address")
        for *_, (address, *_) in _addresses(host, port):
            # One after the other: Python would give each of them the whole time.
            try:
                stream = super().connect_tcp(str(address), port, _left(timeout), local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                refused = error
                if (limits := current.get()) is not None and limits.is_late:
                    break
            else:
                return _Stream(stream)
        raise refused


class _AsyncBackend(httpcore.AnyIOBackend):
    async def connect_tcp(self, *arguments: Any, **options: Any) -> httpcore.AsyncNetworkStream:
        return _AsyncStream(await super().connect_tcp(*arguments, **options))


@contextmanager
def _errors() -> Iterator[None]:
    """Raise the errors of httpcore as those of httpx, which have the same names."""
    try:
        yield
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.ProxyError, httpcore.TimeoutException) as error:
        raise getattr(httpx, type(error).__name__)(str(error)) from error


class _Body(httpx.SyncByteStream, httpx.AsyncByteStream):
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        with _errors():
            yield from self._stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _errors():
            async for piece in self._stream:
                yield piece

    def close(self) -> None:
        self._stream.close()

    async def aclose(self) -> None:
        await self._stream.aclose()


def _url(url: httpx.URL) -> httpcore.URL:
    return httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)


def _proxy(url: str | None, context: ssl.SSLContext) -> httpcore.Proxy | None:
    if url is None:
        return None
    proxy = httpx.Proxy(url)
    return httpcore.Proxy(
        _url(proxy.url), auth=proxy.raw_auth, ssl_context=context if proxy.url.scheme == "https" else None
    )


def _request(request: httpx.Request) -> httpcore.Request:
    stream: Any = request.stream
    return httpcore.Request(
        request.method, _url(request.url), headers=request.headers.raw, content=stream, extensions=request.extensions
    )


def _response(response: httpcore.Response) -> httpx.Response:
    body = _Body(response.stream)
    return httpx.Response(response.status, headers=response.headers, stream=body, extensions=response.extensions)


class Transport(httpx.BaseTransport):
    """A transport for `Client`.

    Args:
        context: Certificates to trust, and ours.
        proxy: URL of the proxy; None for none.

    """

    def __init__(self, context: ssl.SSLContext, proxy: str | None) -> None:
        self._pool = httpcore.ConnectionPool(
            context, _proxy(proxy, context), CONNECTIONS, IDLE, EXPIRY, network_backend=_Backend()
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; see `httpx.BaseTransport`."""
        with _errors():
            return _response(self._pool.handle_request(_request(request)))

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()


class AsyncTransport(httpx.AsyncBaseTransport):
    """A transport for `AsyncClient`; like `Transport`."""

    def __init__(self, context: ssl.SSLContext, proxy: str | None) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            context, _proxy(proxy, context), CONNECTIONS, IDLE, EXPIRY, network_backend=_AsyncBackend()
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; see `httpx.AsyncBaseTransport`."""
        with _errors():
            return _response(await self._pool.handle_async_request(_request(request)))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._pool.aclose()
