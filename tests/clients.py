"""Clients of both APIs against transports and servers on a socket, for the tests of core."""

import asyncio
import contextlib
import copy
import json
import keyword
import re
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from contrato import apportionments, neu
from contrato.core import places, spec
from contrato.core.client import AsyncClient, Client
from contrato.core.pages import AsyncPager, Pager
from contrato.core.schema import Schema
from contrato.core.spec import Operation

TOKEN = "tok-5f/0c9e"
BASE_URL = "https://energy.example/base"
BOTH = pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
NEU = spec.api("neu")
CLIENTS: dict[str, tuple[type[Client], type[AsyncClient]]] = {
    "neu": (neu.Neu, neu.AsyncNeu),
    "apportionments": (apportionments.Apportionments, apportionments.AsyncApportionments),
}
OPERATIONS = [operation for api in spec.APIS for operation in spec.api(api).operations.values()]


def example(operation_id: str) -> Any:
    """The first example of an answer."""
    (response, *_) = (r for r in NEU.operations[operation_id].responses.values() if r.succeeded)
    return copy.deepcopy(next(iter(response.examples.values())))


def plain(result: Any) -> Any:
    """The result of a method as JSON."""
    return [item.to_dict() for item in result] if isinstance(result, list) else result and result.to_dict()


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


def value_of(schema: Schema) -> Any:
    """Any value that an argument of this schema takes."""
    if schema.items is not None:
        return [value_of(schema.items)]
    values: dict[str, Any] = {"integer": 1, "string": "x", "number": 1.5, "boolean": True}
    return datetime(2020, 1, 1) if schema.is_timestamp else schema.enum[0] if schema.enum else values[schema.type]


def any_arguments(operation: spec.Operation) -> dict[str, Any]:
    """A value for each argument of a method."""
    return {parameter.python_name: value_of(parameter.schema) for parameter in operation.parameters}


BOGOTA = ZoneInfo("America/Bogota")


def sent(operation_id: str, request: httpx.Request) -> dict[str, Any]:
    """The arguments of a request by the names by which they are known."""
    operation = NEU.operations[operation_id]
    path = request.url.path.removeprefix(httpx.URL(BASE_URL).path)
    body = json.loads(request.content) if request.content else None
    found = places.arguments(operation, path, request.url.params.multi_items(), request.headers, body)
    # Nothing is sent that is no argument.
    assert len(found) >= len(set(request.url.params)) + len(body or {})
    return {operation.keys[key].known_name: value for key, value in found.items()}


MODELS = {"neu": neu.models, "apportionments": apportionments.models}


def snake(wire: str) -> str:
    """The rule for names in Python, written anew: wire names in snake_case."""
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", wire).strip("_").lower()
    return f"{name}_" if keyword.iskeyword(name) else name


def wire_arguments(operation: Operation) -> Iterator[dict[str, Any]]:
    """Values of all arguments by wire name, as the examples have them."""
    apart = {parameter.name: parameter.examples[0] for parameter in operation.parameters if parameter.place != "body"}
    for body in operation.body.examples.values() if operation.body else [{}]:
        yield {**apart, **body}


EVERY_OPERATION = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda op: f"{op.api.name}.{op.method_name}")


def call_method(asynchronous: bool, api: str, name: str, handler: Handler, /, *args: Any, **kwargs: Any) -> Any:
    """Call one method of a fresh client whose server is `handler`; of pages, get the first one."""
    options: dict[str, Any] = {"base_url": BASE_URL, "transport": httpx.MockTransport(handler), "retries": 0}
    kind, async_kind = CLIENTS[api]
    if not asynchronous:
        with kind(TOKEN, **options) as client:
            result = getattr(client, name)(*args, **kwargs)
            return next(result.pages(), None) if isinstance(result, Pager) else result

    async def run() -> Any:
        async with async_kind(TOKEN, **options) as client:
            result = getattr(client, name)(*args, **kwargs)
            return await anext(result.pages(), None) if isinstance(result, AsyncPager) else await result

    return asyncio.run(run())


def method_arguments(operation: Operation, wire: dict[str, Any]) -> dict[str, Any]:
    """Wire names and values as the arguments of a method."""
    return {
        parameter.python_name: datetime.fromisoformat(value) if parameter.schema.is_timestamp else value
        for name, value in wire.items()
        for parameter in [operation.parameter(name)]
    }


def answer(status: int, content: Any = None, **headers: str) -> Handler:
    """A server that always gives this answer: text or bytes as they are, anything else as JSON."""
    raw = content if isinstance(content, str | bytes) else json.dumps(content)
    return lambda request: httpx.Response(status, content=b"" if content is None else raw, headers=headers)
