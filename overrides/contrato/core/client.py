"""Base classes of the generated clients: they check calls, send requests, repeat them, and decode the answers."""

from __future__ import annotations

import functools
import itertools
import logging
import os
import threading
import time
import weakref
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    Awaitable,
    Callable,
    Generator,
    Iterable,
    Iterator,
    Mapping,
)
from contextlib import contextmanager
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Never, Self, TypeVar, overload
from zoneinfo import ZoneInfo

import attrs
import httpx

from contrato.core.auth import Token
from contrato.core.connection import Connection, secrets
from contrato.core.errors import ContratoError, ResponseError, TransportError
from contrato.core.forks import loading
from contrato.core.interrupts import check_stop, sleep
from contrato.core.limits import Limits
from contrato.core.pages import AsyncPager, Pager
from contrato.core.request import Call, Defaults
from contrato.core.response import Reader, aread, capture, read
from contrato.core.selection import selected
from contrato.core.settings import (
    DEADLINE,
    MAX_BYTES,
    RETRIES,
    TIMEOUT,
    RequestOptions,
    check,
    check_options,
    checked_base_url,
    common_headers,
    connect,
)

if TYPE_CHECKING:
    import asyncio
    import ssl

    from contrato.core.spec import Api
    from contrato.core.windows import Unit, Window

__all__ = ["AsyncClient", "Client", "RequestOptions", "capture"]

Item = TypeVar("Item")
Made = TypeVar("Made")
Transport = TypeVar("Transport", httpx.BaseTransport, httpx.AsyncBaseTransport)

# Requests at DEBUG, retries with their waits at INFO. Neither headers nor bodies, so that no secret is in a log.
logger = logging.getLogger("contrato")


class _Base(Generic[Transport]):
    """Everything that does not wait, shared by both clients."""

    api: ClassVar[str]
    _make_transport: ClassVar[Callable[..., Any]]

    def __init__(
        self,
        token: str | None = None,
        base_url: str | None = None,
        *,
        timeout: float | httpx.Timeout = TIMEOUT,
        deadline: float | None = DEADLINE,
        retries: int = RETRIES,
        aware: bool = False,
        max_bytes: int = MAX_BYTES,
        headers: Mapping[str, str] | None = None,
        ca_bundle: str | None = None,
        client_cert: str | None = None,
        insecure: bool | None = None,
        proxy: str | None = None,
        transport: Transport | None = None,
        overlay: str | os.PathLike[str] | None = None,
    ) -> None:
        self._overlay = overlay
        # Tracebacks may show local variables: secrets must not be among them.
        self._auth, token = Token(self._spec, token), None
        given = Connection(
            headers=headers or {}, ca_bundle=ca_bundle, client_cert=client_cert, insecure=insecure, proxy=proxy
        )
        headers = proxy = None
        self._auth.check()
        check(timeout=timeout, deadline=deadline, retries=retries, max_bytes=max_bytes)
        if transport is not None and attrs.evolve(given, headers={}) != Connection():
            raise TypeError("a transport has its own certificates and proxy: give them to it, or no transport")
        url, common = checked_base_url(self._spec, base_url), common_headers()
        connection = given.resolve(self._spec, str(url))
        if timeout is TIMEOUT and connection.timeout is not None:
            timeout = connection.timeout
        common.update(connection.headers)
        self._auth = self._auth.with_others(connection.secrets)
        self._deadline, self._retries, self._max_bytes = deadline, retries, max_bytes
        self._defaults = Defaults(url, common, httpx.Timeout(timeout).as_dict(), self._auth)
        self._aware = aware
        self._closed = False
        # None if the connections are the caller's.
        self._connection = connection if transport is None else None
        self._transport: Transport = connect(self._make_transport, connection) if transport is None else transport
        self._is_foreign = False
        # Requests of threads that are under way.
        self._lock, self._under_way = threading.Lock(), 0
        _clients.add(self)

    def _leave_parent(self) -> None:
        """Leave the connections of the parent process alone: both processes would read each other's answers."""
        if self._connection is None:
            self._is_foreign = True
        else:
            self._transport = connect(self._make_transport, self._connection)
        # A thread of the parent may have held the lock.
        self._lock, self._under_way = threading.Lock(), 0

    def __repr__(self) -> str:
        # A traceback may show a client whose constructor failed.
        about = f"base_url={self.base_url!r}" if hasattr(self, "_defaults") else ""
        return f"{type(self).__name__}({about})"

    def __reduce__(self) -> Never:
        raise TypeError(f"a {type(self).__name__} holds connections and a token: make a new one where it is needed")

    @property
    def base_url(self) -> str:
        """URL before the path of every operation."""
        return str(self._defaults.base_url)

    @property
    def time_zone(self) -> ZoneInfo:
        """Time zone of timestamps without an offset, from the spec; UTC if the spec does not say."""
        from contrato.core.spec import zone  # late, as below

        return self._spec.time_zone or zone("UTC")

    @functools.cached_property
    def _spec(self) -> Api:
        from contrato.core.spec import api, with_overlay  # late: importing a client does not read its spec

        return api(self.api) if self._overlay is None else with_overlay(self.api, os.fspath(self._overlay))

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeError(f"this {type(self).__name__} is closed: make a new one")
        if self._is_foreign:
            raise RuntimeError(
                f"the transport of this {type(self).__name__} belongs to the parent process: make a client with a new "
                "one after a fork"
            )

    def _call(
        self, operation_id: str, arguments: Mapping[str, Any], options: RequestOptions | None
    ) -> tuple[Call, Reader]:
        """Check a call before anything is sent."""
        self._check_open()
        if options:
            check_options(options)
        with loading:
            operation = self._spec.operations[operation_id]
            call = Call(operation, arguments, lambda: self.time_zone, options or {})
        auth = self._auth.with_others(secrets(options["headers"])) if options and "headers" in options else self._auth
        zone = self.time_zone if self._aware else None
        return call, Reader(operation, auth, zone, tuple(selected(operation, call.arguments)))

    def _limits(self, call: Call) -> Limits:
        retries = call.options.get("retries", self._retries) if call.operation.safe else 0
        return Limits(retries, call.options.get("deadline", self._deadline))

    def _wait(self, call: Call, request: httpx.Request, limits: Limits, error: ContratoError, attempt: int) -> float:
        """Return the seconds to wait before the next attempt; raise the error if there must not be one."""
        seconds = limits.pause(error, attempt)
        reason = f"answered {error.status}" if isinstance(error, ResponseError) else ""
        reason = f"got no answer: {error.reason!r}" if isinstance(error, TransportError) else reason
        about = (call.operation.id, request.method, self._auth.shown(request.url), attempt, reason)
        if seconds is None:
            logger.debug("%s: %s %s, attempt %d %s", *about)
            raise error
        logger.info("%s: %s %s, attempt %d %s; the next one in %.2f s", *about, seconds)
        return seconds

    def _pager(self, kind: Callable[..., Made], call: Call, fetch: Callable[[int | None], Any]) -> Made:
        pagination, answer = call.operation.pagination, call.operation.answer
        assert pagination is not None
        assert answer is not None
        wires = {role: getattr(pagination, role) for role in ("items", "total", "next", "last", "current", "size")}
        attributes: dict[str, Any] = {
            role: answer.properties[wire].python_name if isinstance(wire, str) else wire
            for role, wire in wires.items()
            if wire is not None
        }
        page = call.operation.parameter(pagination.page)
        if (opening := page.open.get("page-after-last")) is not None:
            attributes["after_last"] = opening.readings
        start = call.arguments.get(page.python_name)
        limit = call.operation.parameter(pagination.limit).python_name if pagination.limit else ""
        return kind(
            fetch, attributes, start, f"{self.api}.{call.operation.method_name}", (limit, call.arguments.get(limit))
        )


_clients: weakref.WeakSet[_Base[Any]] = weakref.WeakSet()


def _leave_parents() -> None:
    for client in list(_clients):
        client._leave_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_parents)


def _of(request: httpx.Request, response: httpx.Response) -> httpx.Response:
    """Attach a response to its request, without its reason phrase: `repr` shows that, and it may echo the token."""
    response.request = request
    response.extensions.pop("reason_phrase", None)
    return response


def _page(call: Call, number: int | None) -> dict[str, Any]:
    """Return the argument that asks for a page."""
    assert call.operation.pagination is not None
    return {call.operation.parameter(call.operation.pagination.page).python_name: number}


def _since(started: float) -> float:
    return time.monotonic() - started


async def _asleep(seconds: float) -> None:
    import asyncio  # late, as below: only asynchronous programs need it

    await asyncio.sleep(seconds)


class Client(_Base[httpx.BaseTransport]):
    """Base of the generated clients; `api` says of which API.

    Attributes:
        sleep: Function that waits for a number of seconds before a request is repeated; tests may replace it.

    """

    @staticmethod
    def _make_transport(context: ssl.SSLContext, proxy: str | None) -> httpx.BaseTransport:
        from contrato.core.network import (
            Transport,
        )  # late: it imports httpcore, and importing a client does not need it

        return Transport(context, proxy)

    sleep: Callable[[float], None] = staticmethod(sleep)

    def _request(self, operation_id: str, arguments: Mapping[str, Any], options: RequestOptions | None) -> Any:
        """Send one request and decode its answer.

        Args:
            operation_id: `operationId` of the operation.
            arguments: Arguments by their Python names; None for those that are not given.
            options: Settings of this call.

        Returns:
            The decoded answer.

        Raises:
            TransportError: The request got no answer.
            ResponseError: The status is an error, or the body does not match the spec.
            TypeError, ValueError: An argument cannot be sent.

        """
        call, reader = self._call(operation_id, arguments, options)
        return self._send(call, reader, call.build(self._defaults))

    def _paged(
        self, operation_id: str, arguments: Mapping[str, Any], options: RequestOptions | None
    ) -> Pager[Any, Any]:
        """Return a pager that sends one request per page. The arguments are checked now."""
        call, reader = self._call(operation_id, arguments, options)

        def fetch(number: int | None) -> Any:
            return self._send(call, reader, call.build(self._defaults, **_page(call, number)))

        return self._pager(Pager, call, fetch)

    def _send(self, call: Call, reader: Reader, request: httpx.Request) -> Any:
        limits, timeouts = self._limits(call), request.extensions["timeout"]
        for attempt in itertools.count(1):
            check_stop()
            request.extensions["timeout"] = limits.capped(timeouts)
            try:
                with self._connected(), limits.bounding():
                    return self._attempt(reader, request, limits)
            except ContratoError as error:
                seconds = self._wait(call, request, limits, error, attempt)
            self.sleep(seconds)

    @contextmanager
    def _connected(self) -> Iterator[None]:
        """Keep the connections open during a request, even if another thread closes the client."""
        with self._lock:
            self._check_open()
            self._under_way += 1
        try:
            yield
        finally:
            with self._lock:
                self._under_way -= 1
                is_last = self._closed and not self._under_way
            if is_last:
                self._transport.close()

    def _attempt(self, reader: Reader, request: httpx.Request, limits: Limits) -> Any:
        started = time.monotonic()
        try:
            response = _of(request, self._transport.handle_request(request))
        except httpx.RequestError as error:
            late = isinstance(error, httpx.ReadTimeout) and limits.is_late
            with loading:
                answer: Any = reader.no_answer(request, limits.late() if late else error)
        else:
            body = reader.body(response, self._max_bytes, limits)
            try:
                read(response, body)
            finally:
                response.close()
            with loading:
                answer = reader.answer(response, body)
        if isinstance(answer, ContratoError):
            raise answer
        logger.debug("%s: %s %s answered in %.3f s", *reader.about(request), _since(started))
        return answer

    def windows(
        self,
        method: Callable[..., Iterable[Item]],
        *,
        from_: date | str,
        to: date | str,
        window: Unit | timedelta = "month",
        workers: int = 4,
        **arguments: Any,
    ) -> Generator[Window[Item], None, None]:
        """Call a method of this client for a long range of dates, window by window.

        >>> for window in neu.windows(neu.list_bills, from_="2020-01-01", to="2022-01-01"):
        ...     print(window.from_, len(window.data))

        The client assigns rows to windows by their dates, because the APIs do not say whether a range includes its
        ends: no row is lost, repeated or cut.

        Args:
            method: Method of this client with a range of dates among its arguments, not called.
            from_: Start of the range, included: a date, a datetime or ISO 8601 text. Without an offset it is in
                `time_zone`.
            to: End of the range, excluded; like `from_`.
            window: `day`, `week`, `month`, `year`, or a timedelta counted from `from_`. Months and years transfer the
                fewest rows.
            workers: Maximum number of windows that are requested at a time, and of finished ones that wait.
            **arguments: Other arguments of the method, including `options`.

        Returns:
            The windows in order, each with `from_`, `to` and `data`, the results of the method over all pages.

        Raises:
            WindowError: While iterating: a window could not be read. Resume with its `resume_from` as `from_`.
            TypeError: The method is not a client's, has no range of dates, or has no such argument.
            ValueError: `to` is before `from_`, or `window` or `workers` is not positive.

        """
        from contrato.core.windows import windows  # late: most programs do not use it

        return windows(method, from_=from_, to=to, window=window, workers=workers, **arguments)

    def close(self) -> None:
        """Close the connections, after the requests of other threads. A closed client sends no more requests."""
        with self._lock:
            self._closed, is_idle = True, not self._under_way
        if is_idle:
            self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncClient(_Base[httpx.AsyncBaseTransport]):
    """Base of the generated clients for asyncio; `api` says of which API.

    Attributes:
        sleep: Like that of `Client`, a coroutine function.

    """

    @staticmethod
    def _make_transport(context: ssl.SSLContext, proxy: str | None) -> httpx.AsyncBaseTransport:
        from contrato.core.network import AsyncTransport  # late, as above

        return AsyncTransport(context, proxy)

    sleep: Callable[[float], Awaitable[None]] = staticmethod(_asleep)
    _loop: asyncio.AbstractEventLoop | None = None

    async def _request(self, operation_id: str, arguments: Mapping[str, Any], options: RequestOptions | None) -> Any:
        """Like `Client._request`."""
        call, reader = self._call(operation_id, arguments, options)
        return await self._send(call, reader, call.build(self._defaults))

    def _paged(
        self, operation_id: str, arguments: Mapping[str, Any], options: RequestOptions | None
    ) -> AsyncPager[Any, Any]:
        """Like `Client._paged`."""
        call, reader = self._call(operation_id, arguments, options)

        async def fetch(number: int | None) -> Any:
            return await self._send(call, reader, call.build(self._defaults, **_page(call, number)))

        return self._pager(AsyncPager, call, fetch)

    def _check_loop(self) -> None:
        """Refuse any event loop but that of the first request, to which the connections belong."""
        import asyncio

        loop = asyncio.get_running_loop()
        if self._loop not in (None, loop):
            raise RuntimeError(
                f"this {type(self).__name__} has connections of another event loop: make a new one in each asyncio.run"
            )
        self._loop = loop

    def _leave_parent(self) -> None:
        super()._leave_parent()
        self._loop = None

    async def _send(self, call: Call, reader: Reader, request: httpx.Request) -> Any:
        self._check_loop()
        limits, timeouts = self._limits(call), request.extensions["timeout"]
        for attempt in itertools.count(1):
            self._check_open()  # It may have been closed since the pager was made, or during the pause.
            request.extensions["timeout"] = limits.capped(timeouts)
            try:
                return await self._attempt(reader, request, limits)
            except ContratoError as error:
                seconds = self._wait(call, request, limits, error, attempt)
            await self.sleep(seconds)

    async def _attempt(self, reader: Reader, request: httpx.Request, limits: Limits) -> Any:
        import asyncio

        body = None
        started = time.monotonic()
        try:
            async with asyncio.timeout(limits.left) as timer:
                response = _of(request, await self._transport.handle_async_request(request))
                body = reader.body(response, self._max_bytes, limits)
                try:
                    await aread(response, body)
                finally:
                    await response.aclose()
        except TimeoutError:
            if not timer.expired():
                raise
            if body is not None:
                body.fail(limits.late())
            answer: Any = reader.no_answer(request, limits.late()) if body is None else reader.answer(response, body)
        except httpx.RequestError as error:
            answer = reader.no_answer(request, error)
        else:
            answer = reader.answer(response, body)
        if isinstance(answer, ContratoError):
            raise answer
        logger.debug("%s: %s %s answered in %.3f s", *reader.about(request), _since(started))
        return answer

    # Two, because a pager says that it cannot be awaited by a method for it.
    @overload
    def windows(
        self,
        method: Callable[..., AsyncIterable[Item]],
        *,
        from_: date | str,
        to: date | str,
        window: Unit | timedelta = "month",
        workers: int = 4,
        **arguments: Any,
    ) -> AsyncGenerator[Window[Item], None]: ...
    @overload
    def windows(
        self,
        method: Callable[..., Awaitable[Iterable[Item]]],
        *,
        from_: date | str,
        to: date | str,
        window: Unit | timedelta = "month",
        workers: int = 4,
        **arguments: Any,
    ) -> AsyncGenerator[Window[Item], None]: ...
    def windows(
        self,
        method: Callable[..., Any],
        *,
        from_: date | str,
        to: date | str,
        window: Unit | timedelta = "month",
        workers: int = 4,
        **arguments: Any,
    ) -> AsyncGenerator[Window[Any], None]:
        """Call a method of this client for a long range of dates, window by window, in tasks of asyncio.

        >>> async for window in neu.windows(neu.list_bills, from_="2020-01-01", to="2022-01-01"):
        ...     print(window.from_, len(window.data))

        Arguments, results and errors are those of `Client.windows`. Leaving the loop cancels open requests soon after;
        `contextlib.aclosing` does so at once.
        """
        from contrato.core.windows import async_windows

        return async_windows(method, from_=from_, to=to, window=window, workers=workers, **arguments)

    async def close(self) -> None:
        """Close the connections. A closed client sends no more requests."""
        self._closed = True
        await self._transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
