"""Clients of `contrato.testing`, connected to a server in this process."""

import importlib
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal

from contrato.core import spec
from contrato.core.client import AsyncClient, Client
from contrato.testing.faults import Fault, Faults

try:
    from contrato.mock import create_app
except ModuleNotFoundError as error:
    if error.name and error.name.split(".")[0] == "contrato":
        raise
    raise ModuleNotFoundError(f"{error.name} is not installed: pip install 'contrato[testing]'") from error

S = TypeVar("S", bound=Client)
A = TypeVar("A", bound=AsyncClient)

TOKEN = "demo"
NOTHING: Mapping[str, Any] = {}


class _Bridge(httpx.BaseTransport):
    """Sends the requests of a synchronous client to an event loop in another thread; responses arrive complete."""

    def __init__(self, portal: BlockingPortal, transport: httpx.AsyncBaseTransport) -> None:
        self._portal = portal
        self._transport = transport

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        return self._portal.call(self._handle, request)

    async def _handle(self, request: httpx.Request) -> httpx.Response:
        response = await self._transport.handle_async_request(request)
        return httpx.Response(response.status_code, headers=response.headers, content=await response.aread())


@contextmanager
def open_client(kind: type[S], faults: Iterable[Fault] | Faults, seed: int, options: Mapping[str, Any]) -> Iterator[S]:
    """See `contrato.testing.neu`."""
    script = faults if isinstance(faults, Faults) else Faults(*faults)
    with connect(kind, script, seed, options) as client:
        yield client
    check(script)


@asynccontextmanager
async def open_async_client(
    kind: type[A], faults: Iterable[Fault] | Faults, seed: int, options: Mapping[str, Any]
) -> AsyncIterator[A]:
    """See `contrato.testing.async_neu`."""
    script = faults if isinstance(faults, Faults) else Faults(*faults)
    async with make_async_client(kind, script, seed, options) as client:
        yield client
    check(script)


@contextmanager
def connect(kind: type[S], script: Faults, seed: int = 1, options: Mapping[str, Any] = NOTHING) -> Iterator[S]:
    """Give a client and its server, whose event loop and threads end with the block."""
    with start_blocking_portal() as portal:
        transport = script.wrap(_Bridge(portal, _server(seed)))
        with kind(**_settings(kind, options), transport=transport) as client:
            client.sleep = script.waits.append
            yield client


def make_async_client(kind: type[A], script: Faults, seed: int = 1, options: Mapping[str, Any] = NOTHING) -> A:
    """Make a client that holds nothing to be closed: fixtures that are no coroutines can give it."""

    async def record(seconds: float) -> None:
        script.waits.append(seconds)

    client = kind(**_settings(kind, options), transport=script.wrap(_server(seed)))
    client.sleep = record
    return client


def client_class(api: str) -> type[Client]:
    """Return the client of an API."""
    found: type[Client] = getattr(importlib.import_module(f"contrato.{api}"), spec.api(api).class_name)
    return found


def async_client_class(api: str) -> type[AsyncClient]:
    """Return the asynchronous client of an API."""
    found: type[AsyncClient] = getattr(importlib.import_module(f"contrato.{api}"), f"Async{spec.api(api).class_name}")
    return found


def _server(seed: int) -> httpx.ASGITransport:
    return httpx.ASGITransport(create_app(seed, TOKEN))


def _settings(kind: type[Client] | type[AsyncClient], options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of the client: the caller's, else ours; none from the environment."""
    return {"token": TOKEN, "base_url": spec.api(kind.api).server_url, **options}


def check(script: Faults) -> None:
    """Raise an AssertionError when a fault of the script did not happen."""
    if script.pending:
        left = ", ".join(map(repr, script.pending))
        raise AssertionError(
            f"faults that did not happen: {left}; {len(script.requests)} requests were sent. "
            "Shorten the script, or send the requests that it is for."
        )
