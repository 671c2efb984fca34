"""Deadlines end calls wherever an answer hangs."""

import contextlib
import socket
import threading
import time
import zlib
from collections.abc import Iterator
from functools import partial
from typing import Any

import httpcore
import httpx
import pytest

from clients import (
    BOTH,
    TOKEN,
    call,
    listed,
    neu_services,
    server,
    serving,
)
from contrato import neu
from contrato.core.errors import (
    RateLimitError,
    RequestTimeoutError,
    WindowError,
)

HEAD = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
GZIP = zlib.compressobj(wbits=31)
# Where an answer can drip: what comes before, what is repeated, what comes after.
DRIPS = {
    "body": (HEAD, b" ", b"[]"),
    # A block of nothing decompresses to nothing.
    "compressed body": (
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Encoding: gzip\r\n\r\n"
        + GZIP.compress(b"[")
        + GZIP.flush(zlib.Z_SYNC_FLUSH),
        b"\0\0\0\xff\xff",
        GZIP.compress(b"]") + GZIP.flush(),
    ),
    "header": (b"HTTP/1.1 200 OK\r\nConnection: close\r\nX-A: ", b"a", b"\r\n\r\n[]"),
    "extension of a chunk": (CHUNKED + b"2;a=", b"a", b"\r\n[]\r\n0\r\n\r\n"),
    "trailer": (CHUNKED + b"2\r\n[]\r\n0\r\nX-A: ", b"a", b"\r\n\r\n"),
    "interim answers": (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n", HEAD + b"[]"),
}


@contextlib.contextmanager
def dripping(count: int, where: str = "body", drops: list[bytes] | None = None) -> Iterator[str]:
    """A server that sends a drop every twentieth of a second, so many of them, of an empty list."""
    before, drop, after = DRIPS[where]
    listener = socket.create_server(("127.0.0.1", 0))
    done = threading.Event()

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection, contextlib.suppress(OSError):
                    connection.recv(65536)
                    connection.sendall(before)
                    for _ in range(count):
                        if done.wait(0.05):
                            break
                        connection.sendall(drop)
                        if drops is not None:
                            drops.append(drop)
                    connection.sendall(after)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        done.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


@pytest.mark.slow
@BOTH
@pytest.mark.parametrize("where", DRIPS)
def test_a_deadline_ends_an_answer_that_drips(where: str, asynchronous: bool) -> None:
    drops: list[bytes] = []
    with dripping(100, where, drops) as url:
        for use in (
            partial(call, asynchronous, listed, deadline=0.5),
            partial(call, asynchronous, partial(neu_services, {"options": {"deadline": 0.5}})),
        ):
            waits: list[float] = []
            with pytest.raises(RequestTimeoutError, match=r"not complete at the deadline of 0\.5 s"):
                use(waits, base_url=url)
            assert waits == []
            # Not only when all had come.
            assert 0 < len(drops) < 90
            drops.clear()
    with dripping(3, where) as url:
        assert call(asynchronous, listed, base_url=url, deadline=None) == []


def test_a_deadline_bounds_all_addresses_of_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    def connect(self: httpcore.SyncBackend, host: str, port: int, timeout: float, *more: Any) -> None:
        tried.append(host)
        time.sleep(timeout)
        raise httpcore.ConnectTimeout("timed out")

    addresses = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"127.0.0.{n}", 80)) for n in range(1, 6)]
    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *arguments, **options: addresses)
    with pytest.raises(RequestTimeoutError):
        call(False, listed, base_url="http://energy.invalid", deadline=0.2)
    assert tried == ["127.0.0.1"]


def test_a_deadline_ends_windows() -> None:
    query: dict[str, Any] = {"from_": "2020-01-01", "to": "2020-02-01", "interval": "DAILY"}
    with dripping(100) as url, neu.Neu(TOKEN, url) as client:
        windows = client.windows(client.query_consumption, **query, options={"deadline": 0.2})
        with pytest.raises(WindowError, match="deadline"):
            list(windows)


@BOTH
def test_a_deadline_ends_interim_answers_without_a_pause(asynchronous: bool) -> None:
    answer = b"HTTP/1.1 100 Continue\r\n\r\n" * 400_000
    with server(answer) as (url, _), pytest.raises(RequestTimeoutError, match="deadline"):
        call(asynchronous, listed, base_url=url, deadline=0.1)


@BOTH
def test_no_wait_is_longer_than_the_deadline(asynchronous: bool) -> None:
    seen: list[httpx.Request] = []
    busy = httpx.Response(429, headers={"Retry-After": "30"})
    waits: list[float] = []
    with pytest.raises(RateLimitError):
        call(asynchronous, listed, waits, deadline=29, timeout=50, transport=serving(busy, seen=seen))
    assert (len(seen), waits) == (1, [])
    assert all(28 < seconds <= 29 for seconds in seen[0].extensions["timeout"].values())
    with pytest.raises(RateLimitError):
        call(asynchronous, listed, waits, deadline=60, transport=serving(busy, seen=seen))
    assert waits == [30, 30]
