"""Long answers are read in long pieces, and none beyond the deadline of its call.

httpcore asks the system for 64 kB at a time. A year of hourly readings has 36 MB, and its way through the layers, piece
by piece, takes half as long as its decoding. How much is read is up to httpcore's network backend, but httpx hands none
through. So the backend of a client's pools is replaced where httpx keeps it. Over TLS a piece is a record of 16 kB at
most, whatever is asked for.

A timeout counts each wait anew, and a synchronous client is given nothing between the waits while headers, trailers,
1XX answers or the extensions of chunks drip. So each of its waits is cut here, where they all are.
"""

import ssl
import time
from collections.abc import Iterable
from typing import Any

import httpcore
import httpx

from contrato.core.client import call_end

PIECE = 2**20


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, piece: int) -> None:
        self._stream = stream
        self._piece = piece

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if (end := call_end.get()) is not None:
            left = end - time.monotonic()
            if left <= 0:
                raise httpcore.ReadTimeout("deadline")
            timeout = left if timeout is None else min(timeout, left)
        return self._stream.read(max(max_bytes, self._piece), timeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, timeout), piece=0)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _AsyncStream(httpcore.AsyncNetworkStream):
    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._stream.read(max(max_bytes, PIECE), timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        return await self._stream.start_tls(ssl_context, server_hostname, timeout)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    def __init__(self, backend: httpcore.NetworkBackend) -> None:
        self._backend = backend

    def connect_tcp(self, *args: Any, **kwargs: Any) -> httpcore.NetworkStream:
        return _Stream(self._backend.connect_tcp(*args, **kwargs), PIECE)

    def sleep(self, seconds: float) -> None:
        self._backend.sleep(seconds)


class _AsyncBackend(httpcore.AsyncNetworkBackend):
    def __init__(self, backend: httpcore.AsyncNetworkBackend) -> None:
        self._backend = backend

    async def connect_tcp(self, *args: Any, **kwargs: Any) -> httpcore.AsyncNetworkStream:
        return _AsyncStream(await self._backend.connect_tcp(*args, **kwargs))

    async def sleep(self, seconds: float) -> None:
        await self._backend.sleep(seconds)


def wrap(http: httpx.Client | httpx.AsyncClient) -> None:
    """Have a client's new connections read `PIECE` bytes at a time, and not beyond the end of a call."""
    transports: Iterable[Any] = (http._transport, *http._mounts.values())
    for transport in transports:
        pool: Any = getattr(transport, "_pool", None)
        backend = getattr(pool, "_network_backend", None)
        if isinstance(backend, httpcore.NetworkBackend):
            pool._network_backend = _Backend(backend)
        elif isinstance(backend, httpcore.AsyncNetworkBackend):
            pool._network_backend = _AsyncBackend(backend)
