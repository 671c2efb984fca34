"""What the runtime does beyond the examples: faults, retries, arguments, secrets, time zones, mutated answers."""

import asyncio
import contextlib
import copy
import gc
import gzip
import json
import logging
import os
import pickle
import random
import re
import socket
import subprocess
import sys
import threading
import time
import traceback
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contrato import apportionments, neu
from contrato.core import decode, mismatch, places, spec
from contrato.core.client import AsyncClient, Client, capture
from contrato.core.errors import (
    ConnectionFailedError,
    ContractError,
    ContratoError,
    RateLimitError,
    RequestTimeoutError,
    ResponseError,
    ResponseTooLargeError,
    ServerError,
    TransportError,
    UndocumentedStatusError,
    WindowError,
)
from contrato.core.pages import AsyncPager, Pager
from contrato.core.request import checked
from contrato.core.schema import Schema

TOKEN = "tok-5f/0c9e"
BASE_URL = "https://energy.example/base"
BOTH = pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
NEU = spec.api("neu")
KINDS: dict[str, tuple[type[Client], type[AsyncClient]]] = {
    "neu": (neu.Neu, neu.AsyncNeu),
    "apportionments": (apportionments.Apportionments, apportionments.AsyncApportionments),
}
OPERATIONS = [operation for api in spec.APIS for operation in spec.api(api).operations.values()]


def example(operation_id: str) -> Any:
    """The first example of an answer."""
    (response, *_) = (r for r in NEU.operations[operation_id].responses.values() if r.succeeded)
    return copy.deepcopy(next(iter(response.examples.values())))


SERVICES = example("listServices")
LIST_SERVICES = NEU.operations["listServices"]
Handler = Callable[[httpx.Request], httpx.Response]


def call(asynchronous: bool, use: Callable[[Any], Any], waits: list[float] | None = None, **options: Any) -> Any:
    """Use a fresh client, of NEU unless `kind` says otherwise; `waits` notes what would be slept."""
    noted: list[float] = [] if waits is None else waits
    kinds = options.pop("kind", (neu.Neu, neu.AsyncNeu))
    options = {"token": TOKEN, "base_url": BASE_URL} | options
    if not asynchronous:
        with kinds[0](**options) as client:
            client.sleep = noted.append
            result = use(client)
            return list(result) if isinstance(result, Pager) else result

    async def run() -> Any:
        async def note(seconds: float) -> None:
            noted.append(seconds)

        async with kinds[1](**options) as client:
            client.sleep = note
            result = use(client)
            return [item async for item in result] if isinstance(result, AsyncPager) else await result

    return asyncio.run(run())


def serving(*answers: httpx.Response | type[httpx.RequestError], seen: list[httpx.Request] | None = None) -> Any:
    """A transport that gives these answers in turn, and the last one for ever."""
    left = list(answers)

    def serve(request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(request)
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, type):
            raise answer("the line is dead", request=request)
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    return httpx.MockTransport(serve)


def neu_services(options: Any, client: Any) -> Any:
    return client.list_services(**options)


def listed(client: Any) -> Any:
    return client.list_services()


# --- faults on a real socket -----------------------------------------------------------------------------------------


@contextlib.contextmanager
def server(
    answer: bytes, *, reset: bool = False, silent: bool = False, keep: bool = False
) -> Iterator[tuple[str, list[bytes]]]:
    """Gives a base URL whose every request is answered with these bytes, and the heads of the requests."""
    heads: list[bytes] = []
    done = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def handle(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            heads.append(connection.recv(65536))
            if silent:
                done.wait()
            connection.sendall(answer)
            if keep:
                done.wait()
            if reset:
                # A close with unsent linger of 0 seconds is a reset.
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                thread = threading.Thread(target=handle, args=(listener.accept()[0],))
                threads.append(thread)
                thread.start()

    threads = [threading.Thread(target=accept)]
    threads[0].start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/base", heads
    finally:
        done.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for thread in threads:
            thread.join()


def http(status: str, body: bytes = b"", *headers: str, length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {size}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


@BOTH
@pytest.mark.parametrize(
    ("answer", "options", "kind"),
    [
        pytest.param(
            http("200 OK", b"[{", length=50), {}, ConnectionFailedError, id="truncated by a closed connection"
        ),
        pytest.param(http("200 OK", b"[{"), {}, ContractError, id="truncated JSON"),
        pytest.param(http("200 OK", b"<html>"), {}, ContractError, id="HTML 200"),
        pytest.param(http("502 Bad Gateway", b"<html>"), {}, ServerError, id="HTML 502"),
        pytest.param(http("200 OK"), {}, ContractError, id="empty body"),
        pytest.param(http("520 Unknown"), {}, ServerError, id="520"),
        pytest.param(http("429 Too Many Requests"), {}, RateLimitError, id="429"),
        pytest.param(b"SSH-2.0-OpenSSH_9\r\n", {}, ConnectionFailedError, id="no HTTP"),
        pytest.param(b"", {}, ConnectionFailedError, id="closed without an answer"),
        pytest.param(b"", {"reset": True}, ConnectionFailedError, id="reset"),
        pytest.param(http("200 OK", b"[", length=9), {"reset": True}, ConnectionFailedError, id="reset in the body"),
        pytest.param(b"", {"silent": True}, RequestTimeoutError, id="read timeout"),
        pytest.param(
            http("200 OK", b"no gzip", "Content-Encoding: gzip"), {}, ContractError, id="compressed, but it is not"
        ),
        pytest.param(
            http("502 No", b"no gzip", "Content-Encoding: gzip"),
            {},
            ServerError,
            id="502, not compressed",
        ),
    ],
)
def test_a_fault_of_the_line_is_a_typed_error(
    answer: bytes, options: dict[str, bool], kind: type[ContratoError], asynchronous: bool
) -> None:
    timeout = httpx.Timeout(5, read=0.05 if "silent" in options else 5)
    with server(answer, **options) as (url, heads), pytest.raises(kind) as caught:
        call(asynchronous, listed, base_url=url, retries=1, timeout=timeout)
    assert type(caught.value) is kind
    # Broken transfers and failing servers are tried again.
    again = isinstance(caught.value, ConnectionFailedError | RequestTimeoutError | ServerError | RateLimitError)
    assert len(heads) == 1 + again
    assert f"Bearer {TOKEN}".encode() in heads[0]
    assert TOKEN not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__cause__ is None or isinstance(caught.value, TransportError)


@BOTH
def test_nobody_listens(asynchronous: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    waits: list[float] = []
    with pytest.raises(
        ConnectionFailedError,
        match=rf"listServices: {LIST_SERVICES.method} .*{LIST_SERVICES.path} got no answer: ConnectError",
    ):
        call(asynchronous, listed, waits, base_url=f"http://127.0.0.1:{port}")
    assert len(waits) == 2


BOMB = b"[" + b" " * 30_000_000
BOMBS = {"gzip": gzip.compress(BOMB, 1), "deflate": zlib.compress(BOMB, 1)}


@BOTH
@pytest.mark.parametrize("encoding", BOMBS)
def test_a_bomb_is_refused_before_it_fills_the_memory(encoding: str, asynchronous: bool) -> None:
    answer = http("200 OK", BOMBS[encoding], f"Content-Encoding: {encoding}")
    with server(answer) as (url, heads), pytest.raises(ResponseTooLargeError, match="max_bytes") as caught:
        call(asynchronous, listed, base_url=url, max_bytes=1_000_000)
    assert len(heads) == 1
    assert caught.value.body is None


@pytest.mark.parametrize("length", [len(BOMB), None])
def test_a_large_answer_is_not_in_memory_twice(length: int | None) -> None:
    most = 16 * 2**20
    answer = http("200 OK", BOMB) if length else b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + BOMB
    with server(answer) as (url, _):
        tracemalloc.start()
        with pytest.raises(ResponseTooLargeError):
            call(False, listed, base_url=url, max_bytes=most)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert most < peak < 1.5 * most


@BOTH
def test_a_bomb_within_a_bomb_is_refused_too(asynchronous: bool) -> None:
    answer = http("200 OK", gzip.compress(BOMBS["gzip"]), "Content-Encoding: gzip, gzip")
    with server(answer) as (url, _), pytest.raises(ResponseTooLargeError):
        call(asynchronous, listed, base_url=url, max_bytes=1_000_000)


def chunks(*pieces: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)


@BOTH
def test_what_decompresses_to_nothing_counts_as_it_came(asynchronous: bool) -> None:
    # Empty files of gzip one after the other, 20 bytes each, and no end.
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = head + chunks(gzip.compress(b"[]"), gzip.compress(b"") * 9_000)
    with server(answer) as (url, _), pytest.raises(ResponseTooLargeError):
        call(asynchronous, listed, base_url=url, max_bytes=100_000)


@BOTH
@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"\0" * 9 + gzip.compress(b"[]", mtime=0), "gzip"),
        (gzip.compress(b"[]", mtime=0)[:12], "gzip"),
        (b"<html>", "deflate"),
    ],
)
def test_broken_compression_is_an_error(body: bytes, encoding: str, asynchronous: bool) -> None:
    answer = http("200 OK", body, f"Content-Encoding: {encoding}")
    with server(answer) as (url, _), pytest.raises(ContractError) as caught:
        call(asynchronous, listed, base_url=url)
    assert (caught.value.path, caught.value.expected, caught.value.status) == ("$", "JSON", 200)


@BOTH
@pytest.mark.parametrize("status", ["401 No", "404 No", "422 No", "503 No"])
def test_an_error_whose_body_cannot_be_decompressed_keeps_its_status(status: str, asynchronous: bool) -> None:
    answer = http(status, b"<html>", "Content-Encoding: gzip")
    with server(answer) as (url, _), pytest.raises(ResponseError) as caught:
        call(asynchronous, listed, base_url=url, retries=0)
    assert caught.value.status == int(status[:3])
    assert not isinstance(caught.value, ContractError)


@BOTH
@pytest.mark.parametrize(
    ("body", "header"),
    [
        (b"\xef\xbb\xbf[]", "X-A: 1"),
        (b"[]", "Content-Encoding:"),
        (b"[]", "Content-Encoding: utf-8"),
        (b"[]", "Content-Encoding: identity"),
        (gzip.compress(b"[]", mtime=0), "Content-Encoding: GZIP"),
        (zlib.compress(b"[]"), "Content-Encoding: deflate"),
        (zlib.compress(b"[]", wbits=-15), "Content-Encoding: deflate"),
        (b"[]", "X-Empresa: Energ\u00eda"),
    ],
)
def test_an_odd_answer_that_can_be_read_is_read(body: bytes, header: str, asynchronous: bool) -> None:
    with server(http("200 OK", body, header)) as (url, _), capture() as responses:
        assert call(asynchronous, listed, base_url=url) == []
    assert responses[0].json() == []


def test_an_error_has_the_headers_as_they_came_whatever_their_encoding() -> None:
    answer = http("404 No", b"", "X-Empresa: Energ\u00eda", f"X-Echo: \u00e9{TOKEN}")
    with server(answer) as (url, _), pytest.raises(ResponseError) as caught:
        call(False, listed, base_url=url)
    assert caught.value.headers["X-Empresa"] == "Energ\u00eda"
    assert caught.value.headers["X-Echo"] == "\u00e9[token]"


@BOTH
def test_a_body_in_another_compression_keeps_its_status(asynchronous: bool) -> None:
    with server(http("502 No", b"\x8b\x02", "Content-Encoding: br")) as (url, _), pytest.raises(ServerError):
        call(asynchronous, listed, base_url=url, retries=0)


HEAD = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
# Where an answer can drip: what comes before, what is repeated, what comes after.
DRIPS = {
    "body": (HEAD, b" ", b"[]"),
    # What follows the end of compressed data is nothing.
    "compressed body": (
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"[]"),
        gzip.compress(b""),
        b"",
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
@pytest.mark.parametrize(
    ("where", "asynchronous"),
    [("body", False), ("compressed body", False), *((where, True) for where in DRIPS)],
    ids=lambda value: str(value),
)
def test_a_deadline_ends_an_answer_that_drips(where: str, asynchronous: bool) -> None:
    drops: list[bytes] = []
    with dripping(100, where, drops) as url:
        for use in (
            partial(call, asynchronous, listed, deadline=1.0),
            partial(call, asynchronous, partial(neu_services, {"options": {"deadline": 1.0}})),
        ):
            waits: list[float] = []
            with pytest.raises(RequestTimeoutError, match=r"not complete at the deadline of 1(\.0)? s"):
                use(waits, base_url=url)
            assert waits == []
            # Not only when all had come.
            assert 0 < len(drops) < 90
            drops.clear()
    with dripping(3, where) as url:
        assert call(asynchronous, listed, base_url=url, deadline=None) == []


def test_a_deadline_ends_windows() -> None:
    query: dict[str, Any] = {"from_": "2020-01-01", "to": "2020-02-01", "interval": "DAILY"}
    with dripping(100) as url, neu.Neu(TOKEN, url) as client:
        windows = client.windows(client.query_consumption, **query, options={"deadline": 0.2})
        with pytest.raises(WindowError, match="deadline"):
            list(windows)


def test_a_deadline_ends_interim_answers_without_a_pause() -> None:
    answer = b"HTTP/1.1 100 Continue\r\n\r\n" * 400_000
    with server(answer) as (url, _), pytest.raises(RequestTimeoutError, match="deadline"):
        call(True, listed, base_url=url, deadline=0.1)


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


def test_a_call_leaves_no_garbage_behind() -> None:
    """A cycle of references around a long text would keep it until the next garbage collection."""
    body = json.dumps(SERVICES).encode()
    for answer in (http("200 OK", body), http("200 OK", gzip.compress(body), "Content-Encoding: gzip")):
        with server(answer) as (url, _), neu.Neu(TOKEN, url) as client:
            client.list_services()
            gc.collect()
            gc.disable()
            try:
                client.list_services()
                gc.set_debug(gc.DEBUG_SAVEALL)
                gc.collect()
                ours = [kept for kept in gc.garbage if isinstance(kept, httpx.Response)]
            finally:
                gc.set_debug(0)
                gc.garbage.clear()
                gc.enable()
        assert ours == []


@BOTH
def test_the_limit_is_that_of_the_decompressed_answer(asynchronous: bool) -> None:
    body = json.dumps(SERVICES).encode()
    with server(http("200 OK", gzip.compress(body), "Content-Encoding: gzip")) as (url, _):
        assert len(call(asynchronous, listed, base_url=url, max_bytes=len(body))) == len(SERVICES)
        with pytest.raises(ResponseTooLargeError):
            call(asynchronous, listed, base_url=url, max_bytes=len(body) - 1)


@BOTH
def test_a_redirect_is_not_followed_and_the_token_stays(asynchronous: bool) -> None:
    with server(http("200 OK", b"[]")) as (elsewhere, stolen):
        redirect = http("302 Found", b"", f"Location: {elsewhere}{LIST_SERVICES.path}")
        with server(redirect) as (url, heads), pytest.raises(UndocumentedStatusError, match=f"Location {elsewhere}"):
            call(asynchronous, listed, base_url=url)
    assert (len(heads), stolen) == (1, [])


@BOTH
@pytest.mark.parametrize(
    "location", ["http://xn--/", "mailto:x", "http://[", "http://a:b/", "http://login:port/", "//"]
)
def test_a_redirect_to_no_url_is_a_redirect(location: str, asynchronous: bool) -> None:
    answer = http("302 Found", b"", f"Location: {location}")
    with server(answer) as (url, heads), pytest.raises(UndocumentedStatusError) as caught:
        call(asynchronous, listed, base_url=url)
    assert len(heads) == 1
    assert caught.value.headers["Location"] == location
    assert f"Location {location}" in str(caught.value)


# --- retries ---------------------------------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize(
    "first",
    [*map(httpx.Response, (429, 500, 502, 503, 504, 520)), httpx.ConnectError, httpx.ReadTimeout, httpx.ReadError],
    ids=str,
)
def test_what_is_safe_is_tried_again(first: Any, asynchronous: bool) -> None:
    waits: list[float] = []
    assert call(asynchronous, listed, waits, transport=serving(first, httpx.Response(200, json=[]))) == []
    (wait,) = waits
    assert 0.1 <= wait <= 0.5

    seen: list[httpx.Request] = []
    with pytest.raises(ContratoError):
        call(asynchronous, listed, waits, transport=serving(first, seen=seen))
    assert len(seen) == 3


@BOTH
@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 409, 422, 302])
def test_what_would_not_change_is_not_tried_again(status: int, asynchronous: bool) -> None:
    seen: list[httpx.Request] = []
    with pytest.raises(ResponseError):
        call(asynchronous, listed, transport=serving(httpx.Response(status), seen=seen))
    assert len(seen) == 1


def value_of(schema: Schema) -> Any:
    """Any value that an argument of this schema takes."""
    if schema.items is not None:
        return [value_of(schema.items)]
    values: dict[str, Any] = {"integer": 1, "string": "x", "number": 1.5, "boolean": True}
    return datetime(2020, 1, 1) if schema.is_timestamp else schema.enum[0] if schema.enum else values[schema.type]


def arguments(operation: spec.Operation) -> dict[str, Any]:
    """A value for each argument of a method."""
    return {parameter.python_name: value_of(parameter.schema) for parameter in operation.parameters}


@BOTH
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
def test_only_what_the_spec_calls_safe_is_repeated(operation: spec.Operation, asynchronous: bool) -> None:
    writes = operation.id.startswith(("create", "update", "delete"))
    assert operation.safe != writes
    for fault in (httpx.Response(503), httpx.ReadTimeout):
        seen: list[httpx.Request] = []
        with pytest.raises(ContratoError):
            call(
                asynchronous,
                lambda client: getattr(client, operation.method_name)(**arguments(operation), options={"retries": 1}),
                kind=KINDS[operation.api.name],
                transport=serving(fault, seen=seen),
            )
        assert len(seen) == (1 if writes else 2)


@BOTH
def test_retries_can_be_set_for_the_client_and_for_one_call(asynchronous: bool) -> None:
    for client, of_call, expected in ((0, None, 1), (1, None, 2), (1, 3, 4), (3, 0, 1)):
        seen: list[httpx.Request] = []
        options: Any = {} if of_call is None else {"options": {"retries": of_call}}
        with pytest.raises(ServerError):
            call(
                asynchronous,
                partial(neu_services, options),
                retries=client,
                transport=serving(httpx.Response(500), seen=seen),
            )
        assert len(seen) == expected


@BOTH
@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        ("7", 7, 7),
        (" 7 ", 7, 7),
        ("60", 60, 60),
        ("30.5", 30.5, 30.5),
        ("7, 7", 7, 7),
        ("7, 9, 8", 9, 9),
        ("7, soon", 0, 0.5),
        ("-1", 0, 0.5),
        ("soon", 0, 0.5),
        ("", 0, 0.5),
        ("in 20", 19, 20),
        ("in 20 naive", 19, 20),
        ("in 60", 59, 60),
        ("in -20", 0, 0.5),
        ("Fri, 99 Foo 2021 99:99:99 GMT", 0, 0.5),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", 0, 0.5),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_heeded_up_to_a_minute(
    header: str, least: float, most: float, status: int, asynchronous: bool
) -> None:
    senseless = least == 0 and not header.startswith("in ")
    if header.startswith("in "):
        moment = datetime.now(UTC) + timedelta(seconds=int(header.split()[1]))
        header = format_datetime(moment, usegmt=True).removesuffix(" GMT" if header.endswith("naive") else "")
    busy = httpx.Response(status, headers={"Retry-After": header})
    waits: list[float] = []
    assert call(asynchronous, listed, waits, transport=serving(busy, httpx.Response(200, json=[]))) == []
    (wait,) = waits
    assert least - 1 <= wait <= most
    with pytest.raises(ResponseError) as caught:
        call(asynchronous, listed, retries=0, transport=serving(busy))
    assert (caught.value.retry_after is None) == senseless
    assert senseless or (caught.value.retry_after or 0) >= 0


@BOTH
@pytest.mark.parametrize("header", ["61", "3600", "120, 120", "9999999999", "9" * 400, "in 9999"])
def test_a_wait_of_more_than_a_minute_is_left_to_the_caller(header: str, asynchronous: bool) -> None:
    if header.startswith("in "):
        header = format_datetime(datetime.now(UTC) + timedelta(seconds=int(header[3:])), usegmt=True)
    seen: list[httpx.Request] = []
    waits: list[float] = []
    busy = httpx.Response(429, headers={"Retry-After": header})
    with pytest.raises(RateLimitError) as caught:
        call(asynchronous, listed, waits, transport=serving(busy, seen=seen))
    assert (len(seen), waits) == (1, [])
    assert (caught.value.retry_after or 0) > 60


@pytest.mark.parametrize("max_bytes", [-1, 0, 1.5, True, "x", None])
def test_a_senseless_size_is_refused(max_bytes: Any) -> None:
    for kind in (neu.Neu, neu.AsyncNeu):
        with pytest.raises(ValueError, match="max_bytes must be a whole number above 0"):
            kind(TOKEN, max_bytes=max_bytes)


@pytest.mark.parametrize("retries", [-1, 1.5, True, "2"])
def test_senseless_retries_are_refused(retries: Any) -> None:
    with pytest.raises(ValueError, match="retries must be 0 or a positive whole number"):
        neu.Neu(TOKEN, retries=retries)
    with pytest.raises(ValueError, match="retries must be"):
        neu.Neu(TOKEN).list_services(options={"retries": retries})


def test_unknown_options_are_refused() -> None:
    with pytest.raises(TypeError, match="no option retry: give timeout, deadline, headers, retries"):
        neu.Neu(TOKEN).list_services(options={"retry": 1})  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("setting", "values"),
    [
        ("timeout", ["5", -1, 0, True, float("nan"), float("inf"), httpx.Timeout(-1), httpx.Timeout(5, read=0)]),
        ("deadline", ["5", -1, 0, True, float("nan"), float("inf")]),
    ],
)
def test_senseless_times_are_refused(setting: str, values: list[Any]) -> None:
    for value in values:
        settings: Any = {setting: value}
        with pytest.raises(ValueError, match=f"{setting} must be a number of seconds above 0"):
            neu.Neu(TOKEN, **settings)
        with pytest.raises(ValueError, match=f"{setting} must be a number of seconds above 0"):
            neu.Neu(TOKEN).list_services(options=settings)


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({"X": "secret\u00e9"}, "the header X must be ASCII text"),
        ({"X": "secret\r\nY: 1"}, "the header X must be ASCII text"),
        ({"X": 5}, "the header X must be ASCII text"),
        ({"X Y": "secret"}, "'X Y' is not a valid name of a header"),
        ({"authorization": "secret"}, "the client sets the header Authorization from its token"),
    ],
)
def test_headers_that_cannot_be_sent_are_refused_without_quoting_them(headers: Any, message: str) -> None:
    seen: list[httpx.Request] = []
    client = neu.Neu(TOKEN, transport=serving(httpx.Response(200), seen=seen))
    with pytest.raises(ValueError, match=message) as caught:
        client.list_services(options={"headers": headers})
    assert "secret" not in str(caught.value)
    assert seen == []


@pytest.mark.parametrize(
    "base_url",
    [
        *("http://h:abc", "http://h:-1/", "http://h:99999", "http://[::1", "http://h/\x01", "http://xn--/"),
        *("http://a..b/", f"http://{'a' * 64}.example/", b"http://h"),
    ],
)
def test_a_base_url_that_cannot_be_reached_by_any_system_is_refused(base_url: Any) -> None:
    with pytest.raises(ValueError, match=r"no usable base URL: pass base_url=\.\.\. or set NEU_BASE_URL"):
        neu.Neu(TOKEN, base_url)


def test_a_base_url_may_be_in_capitals_and_of_other_letters() -> None:
    assert httpx.URL(neu.Neu(TOKEN, "HTTPS://Energ\u00eda.example/a").base_url) == "https://xn--energa-7va.example/a/"


@BOTH
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALL_PROXY", "socks5://127.0.0.1:1"),
        ("HTTPS_PROXY", "ftp://user:hidden@h"),
        ("SSL_CERT_FILE", "/nope"),
    ],
)
def test_an_environment_that_makes_no_connection_is_named(
    name: str, value: str, asynchronous: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(
        ValueError, match=f"the environment does not allow a connection: correct or unset .*{name}"
    ) as caught:
        (neu.AsyncNeu if asynchronous else neu.Neu)(TOKEN, BASE_URL)
    assert "hidden" not in str(caught.value)


@BOTH
@pytest.mark.parametrize("name", ["HTTP_PROXY", "all_proxy"])
@pytest.mark.parametrize("scheme", ["", "http://"])
def test_requests_go_through_the_proxy_of_the_environment(
    scheme: str, name: str, asynchronous: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with server(http("200 OK", b"[]")) as (url, heads):
        monkeypatch.setenv(name, f"{scheme}{url.removeprefix('http://').removesuffix('/base')}")
        assert call(asynchronous, listed, base_url="http://energy.invalid:81/base") == []
        (head,) = heads
        assert head.startswith(f"GET http://energy.invalid:81/base{LIST_SERVICES.path} ".encode())
        for excluded in ("energy.invalid", "invalid, x", "energy.invalid:81", "*"):
            monkeypatch.setenv("NO_PROXY", excluded)
            with pytest.raises(ConnectionFailedError):
                call(asynchronous, listed, base_url="http://energy.invalid:81/base", retries=0)
        assert len(heads) == 1


@BOTH
def test_a_cookie_is_not_sent_back(asynchronous: bool) -> None:
    with server(http("200 OK", b"[]", "Set-Cookie: a=b")) as (url, heads):

        async def twice(client: Any) -> None:
            await client.list_services()
            await client.list_services()

        if asynchronous:
            call(True, twice, base_url=url)
        else:
            call(False, lambda client: client.list_services() + client.list_services(), base_url=url)
    assert len(heads) == 2
    assert b"cookie" not in b"".join(heads).lower()


@BOTH
def test_a_pager_of_a_closed_client_says_so(asynchronous: bool) -> None:
    transport = serving(httpx.Response(200, json=[]))
    if not asynchronous:
        with neu.Neu(TOKEN, BASE_URL, transport=transport) as client:
            bills = client.list_bills()
        with pytest.raises(RuntimeError, match="this Neu is closed: make a new one"):
            list(bills)
        return

    async def run() -> None:
        async with neu.AsyncNeu(TOKEN, BASE_URL, transport=transport) as client:
            bills = client.list_bills()
        with pytest.raises(RuntimeError, match="this AsyncNeu is closed: make a new one"):
            await anext(aiter(bills))

    asyncio.run(run())


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_a_client_of_another_event_loop_says_so() -> None:
    body = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]"
    with server(body, keep=True) as (url, _):
        client = neu.AsyncNeu(TOKEN, url)
        assert asyncio.run(client.list_services()) == []
        with pytest.raises(RuntimeError, match=r"of another event loop.*make a new one in each asyncio\.run"):
            asyncio.run(client.list_services())
    # What its first loop has not closed is warned of when it is collected: here, and not in another test.
    del client
    gc.collect()


# --- requests --------------------------------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("base_url", [BASE_URL, f"{BASE_URL}/"])
def test_headers_and_url(base_url: str, asynchronous: bool) -> None:
    seen: list[httpx.Request] = []
    call(
        asynchronous,
        lambda client: client.list_services(options={"headers": {"X-Trace": "7"}}),
        base_url=base_url,
        transport=serving(httpx.Response(200, json=[]), seen=seen),
    )
    (request,) = seen
    assert str(request.url) == f"{BASE_URL}{LIST_SERVICES.path}"
    assert request.headers["X-Trace"] == "7"
    assert request.headers["User-Agent"].startswith("contrato/0.")
    assert request.headers["Accept-Encoding"] == "gzip, deflate"


BOGOTA = ZoneInfo("America/Bogota")


def sent(operation_id: str, request: httpx.Request) -> dict[str, Any]:
    """The arguments of a request by wire name."""
    operation = NEU.operations[operation_id]
    path = request.url.path.removeprefix(httpx.URL(BASE_URL).path)
    body = json.loads(request.content) if request.content else None
    found = places.arguments(operation, path, request.url.params.multi_items(), request.headers, body)
    # Nothing is sent that is no argument.
    assert len(found) >= len(set(request.url.params)) + len(body or {})
    return {name: value for (_, name), value in found.items()}


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (datetime(2021, 4, 1, 13, 30), "2021-04-01T13:30:00"),
        (datetime(2021, 4, 1, 13, 30, tzinfo=UTC), "2021-04-01T08:30:00"),
        (datetime(2021, 4, 1, 13, 30, tzinfo=BOGOTA), "2021-04-01T13:30:00"),
        (datetime(2021, 4, 1, 13, 30, tzinfo=ZoneInfo("Asia/Tokyo")), "2021-03-31T23:30:00"),
        (date(2021, 4, 1), "2021-04-01T00:00:00"),
        ("2021-04-01T13:30:00", "2021-04-01T13:30:00"),
        ("2021-04-01T13:30:00Z", "2021-04-01T08:30:00"),
        ("2021-04-01", "2021-04-01T00:00:00"),
    ],
)
def test_timestamps_are_sent_as_local_time(given: Any, text: str) -> None:
    seen: list[httpx.Request] = []
    call(False, lambda c: c.list_pqrs(from_=given), transport=serving(httpx.Response(200, json=[]), seen=seen))
    assert sent("listPqrs", seen[0]) == {"From": text}


def test_values_of_numpy_and_pandas_are_taken() -> None:
    numpy, pandas = pytest.importorskip("numpy"), pytest.importorskip("pandas")
    seen: list[httpx.Request] = []
    call(
        False,
        lambda c: c.query_consumption(
            interval="DAILY",
            from_=pandas.Timestamp("2021-04-01T12:00:00Z"),
            to=numpy.datetime64("2021-05-01", "ns"),
            id_account=numpy.int64(41),
            id_services=pandas.Series([1, 2]),
        ),
        transport=serving(httpx.Response(200, json=[]), seen=seen),
    )
    assert sent("queryConsumption", seen[0]) == {
        "Interval": "DAILY",
        "From": "2021-04-01T07:00:00",
        "To": "2021-05-01T00:00:00",
        "Id_account": 41,
        "Id_services": [1, 2],
    }


@pytest.mark.parametrize(
    ("method", "arguments", "message"),
    [
        ("get_service", {"id": "282"}, "id must be int, not '282'"),
        ("get_service", {"id": True}, "id must be int, not True"),
        ("get_service", {"id": None}, "id must be given"),
        ("get_service", {"id": 28.5}, "id must be int, not 28.5"),
        ("get_service", {"id": float("nan")}, "id must be int, not nan"),
        ("list_pqrs", {"from_": 2021}, "from_ must be a datetime, a date or ISO 8601 text, not 2021"),
        ("list_pqrs", {"to": "yesterday"}, "to must be an ISO 8601 date and time, not 'yesterday'"),
        ("list_pqrs", {"from_": "0001-01-01T00:00:00Z"}, "from_ must be in the years 1 to 9999 of America/Bogota, not"),
        (
            "list_pqrs",
            {"from_": date(2020, 2, 1), "to": "2020-01-01"},
            r"to \(2020-01-01T00:00:00\) is before from_ \(2",
        ),
        ("list_bills", {"page": "2"}, "page must be int, not '2'"),
        ("list_bills", {"id_service": [1]}, r"id_service must be int, not \[1\]"),
    ],
)
def test_a_wrong_argument_is_named_at_the_call(method: str, arguments: Any, message: str) -> None:
    seen: list[httpx.Request] = []
    client = neu.Neu(TOKEN, BASE_URL, transport=serving(httpx.Response(200), seen=seen))
    with pytest.raises((TypeError, ValueError), match=message):
        getattr(client, method)(**arguments)
    assert seen == []


@pytest.mark.parametrize(
    "operation", [operation for operation in OPERATIONS if operation.date_range], ids=lambda operation: operation.id
)
def test_a_range_that_ends_before_it_begins_is_refused_everywhere(operation: spec.Operation) -> None:
    assert operation.date_range
    start, end = (operation.parameter(name) for name in (operation.date_range.start, operation.date_range.end))
    ends = {start.python_name: date(2020, 1, 2), end.python_name: datetime(2020, 1, 1, 23)}
    seen: list[httpx.Request] = []
    client = KINDS[operation.api.name][0](TOKEN, BASE_URL, transport=serving(httpx.Response(200), seen=seen))
    with pytest.raises(ValueError, match=r"to \(2020-01-01T23:00:00\) is before from_ \(2020-01-02T00:00:00\)"):
        getattr(client, operation.method_name)(**arguments(operation) | ends)
    assert seen == []


def test_half_a_character_is_refused() -> None:
    client = apportionments.Apportionments(TOKEN, BASE_URL, transport=serving(httpx.Response(200)))
    with pytest.raises(ValueError, match=r"q must be valid Unicode text, without the lone surrogate in '\\ud800'"):
        client.list_apportionments(q="\ud800")


def test_wrong_items_and_unknown_values_are_refused() -> None:
    client: Any = neu.Neu(TOKEN, BASE_URL, transport=serving(httpx.Response(200)))
    year = {"from_": date(2021, 1, 1), "to": date(2022, 1, 1)}
    with pytest.raises(ValueError, match=r"interval must be 'DAILY', 'HOURLY' or 'MONTHLY', not 'daily'"):
        client.query_consumption(interval="daily", **year)
    with pytest.raises(TypeError, match=r"id_services must be list\[int\], not \['1'\]"):
        client.query_consumption(interval="DAILY", id_services=["1"], **year)


def test_a_number_that_json_cannot_write_is_refused() -> None:
    share = NEU.schema({"type": "number"})
    with pytest.raises(ValueError, match="share must be a finite number, not nan"):
        checked("share", share, float("nan"), None)
    assert checked("share", share, 3, None) == 3


# --- answers ---------------------------------------------------------------------------------------------------------


@BOTH
def test_aware_gives_bare_timestamps_their_zone(asynchronous: bool) -> None:
    rows = example("queryConsumption")
    bare = rows[0]["data"][0]["date"]
    rows[0]["data"][1:] = [rows[0]["data"][0] | {"date": f"{bare}Z"}]
    year = {"from_": date(2021, 1, 1), "to": date(2022, 1, 1)}
    for aware in (False, True):
        ((account),) = call(
            asynchronous,
            lambda c: c.query_consumption(interval="DAILY", **year),
            aware=aware,
            transport=serving(httpx.Response(200, json=rows)),
        )
        assert [row.date for row in account.data] == [
            datetime.fromisoformat(bare).replace(tzinfo=BOGOTA if aware else None),
            datetime.fromisoformat(bare).replace(tzinfo=UTC),
        ]


def test_aware_leaves_a_null_and_reaches_into_pages() -> None:
    bills = example("listBills")
    bills[0]["date_payment"] = None
    found = call(
        False, lambda c: next(c.list_bills().pages()), aware=True, transport=serving(httpx.Response(200, json=bills))
    )
    assert found[0].date_payment is None
    assert found[0].date.tzinfo == BOGOTA
    page = example("listDueDates")
    row = page["data"][0] | {"date_expiration": "2021-04-01T00:00:00"}
    page |= {"nextPage": None, "maxPage": 1, "total": 1}
    found = call(
        False,
        lambda c: next(iter(c.list_due_dates())),
        aware=True,
        transport=serving(httpx.Response(200, json=page | {"data": [row]})),
    )
    assert found.date_expiration.tzinfo == BOGOTA


@pytest.mark.parametrize("api", spec.APIS)
def test_the_time_zone_is_the_specs(api: str) -> None:
    assert KINDS[api][0](TOKEN).time_zone == spec.api(api).time_zone is not None
    assert KINDS["neu"][0](TOKEN).time_zone == BOGOTA


@BOTH
def test_capture_collects_every_answer_without_the_token(asynchronous: bool) -> None:
    body = json.dumps(SERVICES).encode()

    def serve(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith(NEU.operations["listAccounts"].path):
            return httpx.Response(404, json={"why": "not"})
        return httpx.Response(
            200, headers={"Content-Encoding": "gzip", "X-Id": "9"}, stream=httpx.ByteStream(gzip.compress(body))
        )

    with capture() as outer:
        with capture() as responses:
            call(asynchronous, listed, transport=httpx.MockTransport(serve))
        with pytest.raises(ResponseError):
            call(asynchronous, lambda c: c.list_accounts(), transport=httpx.MockTransport(serve))
    call(asynchronous, listed, transport=httpx.MockTransport(serve))
    ((response,), (missing,)) = responses, outer
    assert (response.status_code, response.json(), response.headers["X-Id"]) == (200, SERVICES, "9")
    assert (missing.status_code, str(missing.request.url)) == (404, f"{BASE_URL}{NEU.operations['listAccounts'].path}")
    assert TOKEN not in repr(response.request.headers.raw)


def test_one_client_serves_many_threads() -> None:
    def serve(request: httpx.Request) -> httpx.Response:
        number = sent("getService", request)["id"]
        return httpx.Response(200, json=SERVICES[0] | {"id_service": number})

    with neu.Neu(TOKEN, BASE_URL, transport=httpx.MockTransport(serve)) as client:
        found: dict[int, int] = {}

        def work(start: int) -> None:
            for number in range(start, start + 50):
                found[number] = client.get_service(number).id_service

        threads = [threading.Thread(target=work, args=(start,)) for start in range(0, 400, 50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == {number: number for number in range(400)}


# --- the token -------------------------------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("status", [200, 302, 401, 404, 422, 429, 500])
def test_no_log_error_pickle_or_traceback_shows_the_token(
    status: int, asynchronous: bool, caplog: pytest.LogCaptureFixture
) -> None:
    escaped = json.dumps(TOKEN).replace("/", "\\/")
    body = b'{"token": %s, "again": "%s"}' % (escaped.encode(), TOKEN.encode())
    answer = http(f"{status} Echo", body, f"X-Echo: {TOKEN}", f"Location: https://h/?t={TOKEN}")
    with caplog.at_level(logging.DEBUG), server(answer) as (url, heads), pytest.raises(ResponseError) as caught:
        call(asynchronous, listed, base_url=url, retries=1)
    error = caught.value
    assert TOKEN.encode() in heads[0]
    # What httpcore logs of an answer is the server's own words.
    logs = [record.getMessage() for record in caplog.records if "receive_response_headers" not in record.getMessage()]
    assert any("send_request_headers" in message for message in logs)
    frames = traceback.TracebackException.from_exception(error, capture_locals=True, limit=-30)
    ours = [
        str(frame.locals) for frame in frames.stack if "overrides" in frame.filename or "generated" in frame.filename
    ]
    assert len(ours) >= 3
    shown = [str(error), repr(error), repr(vars(error)), repr(error.headers.raw), *traceback.format_exception(error)]
    for text in (*shown, *logs, *ours, repr(pickle.loads(pickle.dumps(error)).__dict__)):
        assert TOKEN not in text
        assert escaped not in text


def forms() -> dict[str, bytes]:
    """The token as servers may echo it."""
    return {
        "lower case": TOKEN.lower().encode(),
        "upper case": TOKEN.upper().encode(),
        "escaped JSON": "".join(f"\\u{ord(c):04x}" for c in TOKEN).encode(),
        "escaped JSON in capitals": "".join(f"\\u{ord(c):04X}" for c in TOKEN).encode(),
        "escaped in part": TOKEN.replace("/", "\\/").replace("t", "\\u0074").encode(),
        "escaped URL": TOKEN.replace("/", "%2f").encode(),
        "UTF-16": TOKEN.encode("utf-16-le"),
        "UTF-16, big end first": TOKEN.encode("utf-16-be"),
        "cut": b"x" * 75 + TOKEN.encode(),
    }


@pytest.mark.parametrize("form", forms())
@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize("frame", ["%s", '{"a": ["%s"], "%s": 1}'])
def test_an_echo_of_the_token_is_taken_out_in_any_form(form: str, status: int, frame: str) -> None:
    body = frame.encode().replace(b"%s", forms()[form])
    with pytest.raises(ResponseError) as caught:
        call(False, listed, transport=serving(httpx.Response(status, content=body)))
    shown = [str(caught.value), repr(caught.value), repr(pickle.loads(pickle.dumps(caught.value)).__dict__)]
    parts = [TOKEN[:6], TOKEN[-5:], r"\u00", "0\0c\0", "%2f"]
    assert [part for part in parts for text in shown if part.lower() in text.replace("\\x00", "\0").lower()] == []
    assert "[token]" in repr(caught.value.body)


@BOTH
@pytest.mark.parametrize("answer", [b"HTTP/9 %s\r\n\r\n", b"HTTP/1.1 200 OK\r\nFoo %s\r\n\r\n", b""])
def test_the_cause_of_an_error_does_not_have_the_token(answer: bytes, asynchronous: bool) -> None:
    with server(answer.replace(b"%s", TOKEN.encode())) as (url, _), pytest.raises(ConnectionFailedError) as caught:
        call(asynchronous, listed, base_url=url, retries=0)
    cause = caught.value.__cause__
    assert isinstance(cause, httpx.RemoteProtocolError)
    assert str(cause) in caught.value.reason
    assert cause.request.method == "GET"
    assert "authorization" not in cause.request.headers
    assert TOKEN.encode() not in pickle.dumps(cause) + pickle.dumps(caught.value)
    error: BaseException | None = caught.value
    while error:
        frames = traceback.TracebackException.from_exception(error, capture_locals=True).stack
        assert TOKEN not in "".join(str(frame.locals) for frame in frames if frame.filename != __file__)
        error = error.__cause__ or error.__context__


def test_the_reason_phrase_and_an_unknown_encoding_do_not_show_the_token() -> None:
    answer = http(f"200 {TOKEN}", b"x", f"Content-Encoding: {TOKEN}")
    with server(answer) as (url, _), capture() as responses, pytest.raises(ContractError) as caught:
        call(False, listed, base_url=url)
    assert caught.value.headers["Content-Encoding"] == "[token]"
    frames = traceback.TracebackException.from_exception(caught.value, capture_locals=True).stack
    ours = "".join(str(frame.locals) for frame in frames if frame.filename != __file__)
    assert "response" in ours
    assert TOKEN not in ours + repr(responses)


@pytest.mark.parametrize("bad", [f"{TOKEN} \n", TOKEN.encode()])
def test_a_refused_token_is_in_no_local_variable(bad: Any) -> None:
    with pytest.raises(ValueError, match="no usable token") as caught:
        neu.Neu(bad)
    frames = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    ours = [str(frame.locals) for frame in frames.stack if frame.filename != __file__]
    assert len(ours) == 2
    assert TOKEN not in "".join(ours)


@BOTH
def test_a_client_cannot_be_pickled_or_copied(asynchronous: bool) -> None:
    client = (neu.AsyncNeu if asynchronous else neu.Neu)(TOKEN)
    for act in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="holds connections and a token"):
            act(client)
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(client._auth)
    assert TOKEN not in repr(vars(client))


# --- what a fuzzer sends ---------------------------------------------------------------------------------------------

# Set it to fuzz for longer than a test should.
MUTATIONS = int(os.environ.get("CONTRATO_MUTATIONS", "4000"))
ODD: tuple[Any, ...] = (
    *(None, True, 0, -1, 41.0, 0.5, 1e308, 10**30, "", "x", "12", "2021-02-30T00:00:00", "2021-04-01", [], {}, [[]]),
    *([None], {"": None}, "\ud800", "\x00", TOKEN, 2**63, "9999-12-31T23:59:59.9999999", "0001-01-01T00:00:00Z"),
)


def mutate(value: Any, rng: random.Random) -> Any:
    """Change one thing somewhere in a JSON value."""
    if isinstance(value, dict) and value and rng.random() < 0.9:
        key = rng.choice(list(value))
        changed = dict(value)
        match rng.randrange(8):
            case 0:
                del changed[key]
            case 1:
                changed[key.upper()] = changed.pop(key)
            case 2:
                changed["new"] = rng.choice(ODD)
            case _:
                changed[key] = mutate(value[key], rng)
        return changed
    if isinstance(value, list) and value and rng.random() < 0.9:
        index = rng.randrange(len(value))
        return [*value[:index], mutate(value[index], rng), *value[index + rng.randrange(2) :]]
    return rng.choice(ODD)


def garble(body: bytes, rng: random.Random) -> bytes:
    """Damage bytes."""
    cut = rng.randrange(len(body) + 1)
    match rng.randrange(7):
        case 0:
            return body[:cut]
        case 1:
            return body[:cut] + rng.randbytes(rng.randrange(1, 4)) + body[cut:]
        case 2:
            return (
                body[:cut] + rng.choice([b"NaN", b"1e999", b"-", b"\\u", b'"', b"\xff", b"\xef\xbb\xbf"]) + body[cut:]
            )
        case 3:
            return body[:cut] + body[cut + 1 :]
        case 4:
            return body[:cut] + rng.choice([b"[", b'{"a":']) * 50_000 + body[cut:]
        case _:
            return body


def examples() -> list[tuple[spec.Operation, int, Any]]:
    """Operations, and status and example of each success."""
    return [
        (operation, int(status), example)
        for operation in OPERATIONS
        for status, response in operation.responses.items()
        if response.succeeded
        for example in response.examples.values()
    ]


@pytest.mark.slow
def test_a_mutated_answer_is_a_typed_error_or_a_right_answer() -> None:
    rng = random.Random(1)
    cases = examples()
    answers: list[httpx.Response] = []
    transport = httpx.MockTransport(lambda request: answers[-1])
    clients = {api: kind(TOKEN, BASE_URL, transport=transport, retries=0) for api, (kind, _) in KINDS.items()}
    outcomes = {"right": 0, "error": 0, "skipped": 0}
    for _ in range(MUTATIONS):
        operation, status, value = rng.choice(cases)
        for _ in range(rng.randrange(3)):
            value = mutate(value, rng)
        text = json.dumps(value, ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")
        body = garble(text, rng)
        status = rng.choice([status] * 15 + [202, 204, 404, 422, 520])
        answers[:] = [httpx.Response(status, content=body)]
        method = getattr(clients[operation.api.name], operation.method_name)
        error, result = outcome(partial(method, **arguments(operation)))
        outcomes["error" if error else "right"] += 1
        if error:
            assert TOKEN not in str(error) + repr(error)
            assert len(str(error)) < 2000
        elif result and body:
            # Everything that the model has is what the body says.
            try:
                said = json.loads(body.decode("utf-8", "replace"), strict=False)
            except ValueError:
                # msgspec skips what is unknown, and there does not mind an escape that is none.
                outcomes["skipped"] += 1
                continue
            assert contains(said, plain(result)), body
    assert outcomes["skipped"] <= MUTATIONS / 100, outcomes
    assert min(outcomes["right"], outcomes["error"]) > MUTATIONS / 20, outcomes


def outcome(use: Callable[[], Any]) -> tuple[ContratoError | None, Any]:
    """Our error, or what was returned, of pages the first one; any other exception goes on."""
    try:
        result = use()
        return None, next(result.pages(), None) if isinstance(result, Pager) else result
    except ContratoError as error:
        return error, None


def plain(result: Any) -> Any:
    """What a method returned, as JSON."""
    return [item.to_dict() for item in result] if isinstance(result, list) else result.to_dict()


def contains(body: Any, model: Any) -> bool:
    """Whether a model says what the body says, unknown fields aside."""
    if isinstance(model, dict):
        return isinstance(body, dict) and all(contains(body.get(key), model[key]) for key in model)
    if isinstance(model, list):
        return isinstance(body, list) and len(body) == len(model) and all(map(contains, body, model))
    if isinstance(body, str) and isinstance(model, str) and body != model:
        # The same moment, written otherwise; datetime keeps microseconds.
        moments = [datetime.fromisoformat(text.upper()) for text in (body, model)]
        return abs(moments[0] - moments[1]) <= timedelta(microseconds=1)
    if isinstance(model, float):  # the nearest one to what is written
        return isinstance(body, int | float) and not isinstance(body, bool) and float(body) == model
    return bool(body == model) and isinstance(body, bool) == isinstance(model, bool)


ACCOUNT = '{"id_account": %s, "account_category": "", "account_name": %s, "services": []}'


@pytest.mark.parametrize("first", ["1", "1.0"], ids=["fast", "slow"])
@pytest.mark.parametrize(
    ("id_account", "name"),
    [
        ("9007199254740993.0", '"x"'),
        ("1e300", '"x"'),
        ("1e400", '"x"'),
        ("NaN", '"x"'),
        ("1", r'"\ud800"'),
        ("1", r'"\udc00 x"'),
    ],
)
def test_a_whole_number_with_a_point_makes_the_rest_no_laxer(id_account: str, name: str, first: str) -> None:
    body = ",".join(ACCOUNT % values for values in ((first, '"a"'), (id_account, name))).join("[]")
    with pytest.raises(mismatch.SchemaMismatch):
        decode.decode(list[neu.models.Account], body.encode())


@pytest.mark.parametrize("value", ["1e400", "-1e400"])
def test_a_number_beyond_floats_fits_nowhere(value: str) -> None:
    rows = json.dumps(example("queryConsumption"))
    kind = list[neu.models.AccountConsumption]
    good = decode.decode(kind, re.sub(r'"id_service": (\d+)', r'"id_service": \1.0', rows).encode())
    assert good == decode.decode(kind, rows.encode())
    bad = re.sub(r'"cons": [\d.]+', f'"cons": {value}', re.sub(r'"id_service": (\d+)', r'"id_service": \1.0', rows))
    with pytest.raises(mismatch.SchemaMismatch) as caught:
        decode.decode(kind, bad.encode())
    assert (caught.value.path, caught.value.expected) == ("$[0].data[0].cons", "number")


# --- imports ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_importing_a_client_makes_no_model_and_loads_nothing_that_can_wait() -> None:
    code = (
        "import sys, contrato.neu, contrato.apportionments; loaded = set(sys.modules); "
        "print(sorted(loaded & {'contrato.neu.models', 'contrato.apportionments.models', 'tenacity', 'asyncio', "
        "'contrato.core.spec', 'contrato.core.windows', 'importlib.metadata'})); "
        "from contrato.neu import models; import contrato.neu as n; print(n.models is models, n.models.Bill.__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\nTrue Bill\n"
    with pytest.raises(AttributeError, match="no attribute 'modells'"):
        _ = neu.modells


def test_both_clients_are_made_alike() -> None:
    public = {name for name in dir(Client) if not name.startswith("_")}
    assert public == {name for name in dir(AsyncClient) if not name.startswith("_")}


# --- long arrays -----------------------------------------------------------------------------------------------------


@given(
    st.lists(
        st.fixed_dictionaries(
            # Text that looks like the begin of an element, and nested arrays, are what a guess could fall for.
            {"id_account": st.integers(0, 9), "account_category": st.sampled_from(["x", ',{"id_account":', '"},{"id_'])}
            | {
                "account_name": st.text(max_size=3),
                "services": st.lists(st.just(example("getAccount")[0]["services"][0]), max_size=2),
            },
        ),
        max_size=5,
    ),
    st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", " : ")]),
    st.sampled_from(["", "\n", "]", ",", "x"]),
)
def test_a_long_array_is_decoded_like_a_short_one(
    items: list[dict[str, Any]], separators: tuple[str, str], end: str
) -> None:
    text = (json.dumps(items, separators=separators) + end).encode()
    kind = list[neu.models.Account]
    outcomes = []
    for long in (0, len(text)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(decode, "LONG", long)
            try:
                outcomes.append(decode.decode(kind, bytearray(text)))
            except mismatch.SchemaMismatch as error:
                outcomes.append((error.path, error.expected))
    assert outcomes[0] == outcomes[1]


def test_a_long_array_gives_up_its_text_from_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode, "LONG", 0)
    account = {"id_account": 1, "account_category": "", "account_name": "", "services": []}
    items: list[dict[str, Any]] = [account | {"id_account": number} for number in range(9)]
    text = bytearray(json.dumps(items).replace("}, {", "},{").encode())
    assert [found.id_account for found in decode.decode(list[neu.models.Account], text)] == list(range(9))
    assert json.loads(text) == items[:1]
    # What does not fit is complained of where it is, also when something behind it has been given up.
    items[2]["account_name"] = None
    text = bytearray(json.dumps(items).replace("}, {", "},{").encode())
    with pytest.raises(mismatch.SchemaMismatch) as caught:
        decode.decode(list[neu.models.Account], text)
    assert caught.value.path == "$[2].account_name"
    assert 2 < len(json.loads(text)) < 9
    assert json.loads(text) == items[: len(json.loads(text))]
    assert caught.value.lost == 9 - len(json.loads(text))


def test_an_error_says_how_much_of_a_long_array_its_body_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode, "LONG", 0)
    service = SERVICES[0]
    body = [{**service, "name": None}, *[service] * 8]
    transport = serving(httpx.Response(200, content=json.dumps(body, separators=(",", ":"))))
    with pytest.raises(ContractError) as caught:
        call(False, listed, transport=transport)
    assert 0 < caught.value.lost == 9 - len(caught.value.body)
    assert pickle.loads(pickle.dumps(caught.value)).lost == caught.value.lost


def test_decoders_are_built_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """msgspec 0.22 may end the process when two threads look at a model for the first time together."""
    building, overlapped, make = threading.Lock(), [], msgspec.json.Decoder
    row: Any = tuple

    def slow(kind: Any) -> Any:
        overlapped.append(not building.acquire(blocking=False))
        time.sleep(0.02)
        if not overlapped[-1]:
            building.release()
        return make(kind)

    monkeypatch.setattr(msgspec.json, "Decoder", slow)
    with ThreadPoolExecutor(4) as pool:
        sizes = range(41, 45)
        found = pool.map(lambda n: decode.decode(row[(int,) * n], f"[{','.join('1' * n)}]".encode()), sizes)
        assert [len(each) for each in found] == list(sizes)
    assert overlapped == [False] * 4
