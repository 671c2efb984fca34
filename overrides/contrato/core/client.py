"""The clients that generated ones are made of: they send the requests of a call, again if need be."""

from __future__ import annotations

import functools
import time
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    Awaitable,
    Callable,
    Generator,
    Iterable,
    Mapping,
)
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Never, Self, TypeVar
from zoneinfo import ZoneInfo

import httpx

from contrato.core import retry
from contrato.core.auth import Bearer
from contrato.core.errors import ContratoError
from contrato.core.pages import AsyncPager, Pager
from contrato.core.request import Call, Defaults, cap_timeouts
from contrato.core.response import Body, Reader, Watched, capture
from contrato.core.settings import (
    DEADLINE,
    MAX_BYTES,
    RETRIES,
    TIMEOUT,
    RequestOptions,
    check_options,
    checked_base_url,
    checked_deadline,
    checked_max_bytes,
    checked_retries,
    checked_timeout,
    common_headers,
    connect,
)

if TYPE_CHECKING:
    import asyncio

    from contrato.core.spec import Api
    from contrato.core.windows import Unit, Window

__all__ = ["AsyncClient", "Client", "RequestOptions", "capture"]

Item = TypeVar("Item")
Transport = TypeVar("Transport", httpx.BaseTransport, httpx.AsyncBaseTransport)


class _Base(Generic[Transport]):
    """What does not wait, and so is the same for both clients."""

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
        transport: Transport | None = None,
    ) -> None:
        # A traceback with local variables must not show it.
        self._auth, token = Bearer(self.api, token), None
        self._auth.check()
        self._retries, self._deadline = checked_retries(retries), checked_deadline(deadline)
        self._max_bytes = checked_max_bytes(max_bytes)
        url, headers = checked_base_url(self._spec, base_url), common_headers()
        self._auth.authorize(headers)
        self._defaults = Defaults(url, headers, httpx.Timeout(checked_timeout(timeout)).as_dict())
        self._zone = self.time_zone if aware else None
        self._closed = False
        self._transport: Transport = connect(self._make_transport, url) if transport is None else transport

    def __repr__(self) -> str:
        # A traceback may show one that could not be made.
        about = f"base_url={self.base_url!r}" if hasattr(self, "_defaults") else ""
        return f"{type(self).__name__}({about})"

    def __reduce__(self) -> Never:
        raise TypeError(f"a {type(self).__name__} holds connections and a token: make a new one where it is needed")

    @property
    def base_url(self) -> str:
        """The URL before the path of every operation."""
        return str(self._defaults.base_url)

    @property
    def time_zone(self) -> ZoneInfo:
        """Where timestamps without an offset are meant, as the spec says; UTC if it does not say."""
        return self._spec.time_zone or ZoneInfo("UTC")

    @functools.cached_property
    def _spec(self) -> Api:
        from contrato.core.spec import api  # late: whoever only imports a client does not wait for it

        return api(self.api)

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeError(f"this {type(self).__name__} is closed: make a new one")

    def _call(
        self, operation_id: str, arguments: Mapping[str, Any], options: RequestOptions | None
    ) -> tuple[Call, Reader]:
        """Check a call before anything is sent."""
        self._check_open()
        if options:
            check_options(options)
        operation = self._spec.operations[operation_id]
        return Call(operation, arguments, self.time_zone, options or {}), Reader(operation, self._auth, self._zone)

    def _limits(self, call: Call) -> tuple[int, float | None, float | None]:
        """Return the number of retries, the deadline in seconds, and when it is, by `time.monotonic`."""
        retries = call.options.get("retries", self._retries) if call.operation.safe else 0
        deadline = call.options.get("deadline", self._deadline)
        return retries, deadline, None if deadline is None else time.monotonic() + deadline

    @staticmethod
    def _pages(call: Call) -> tuple[str, dict[str, Any]]:
        """Return the argument that asks for a page, and the attributes of a page by what they tell."""
        pagination, answer = call.operation.pagination, call.operation.answer
        assert pagination is not None
        assert answer is not None
        wires = {role: getattr(pagination, role) for role in ("items", "total", "next", "last", "current", "size")}
        attributes = {
            role: answer.properties[wire].python_name if isinstance(wire, str) else wire
            for role, wire in wires.items()
            if wire is not None
        }
        return call.operation.parameter(pagination.page).python_name, attributes


def _late(deadline: float | None) -> httpx.ReadTimeout:
    return httpx.ReadTimeout(f"the answer was not whole at the deadline of {deadline:g} s")


def _of(request: httpx.Request, response: httpx.Response) -> httpx.Response:
    """Return a response as that to a request, without what its `repr` shows of the server's words."""
    response.request = request
    response.extensions.pop("reason_phrase", None)
    return response


async def _asleep(seconds: float) -> None:
    import asyncio

    await asyncio.sleep(seconds)


class Client(_Base[httpx.BaseTransport]):
    """Base of the generated clients; `api` says of which API."""

    _make_transport = httpx.HTTPTransport
    _sleep: Callable[[float], None] = staticmethod(time.sleep)

    def _request(self, operation_id: str, arguments: Mapping[str, Any], options: RequestOptions | None) -> Any:
        """Send one request and decode its answer.

        Args:
            operation_id: `operationId` of the operation.
            arguments: Arguments by their Python names; None for those that are not given.
            options: What is to be otherwise for this call.

        Returns:
            What the spec promises for the status of the answer.

        Raises:
            TransportError: No answer came.
            ResponseError: The status is no success, or the body does not fit.
            TypeError, ValueError: An argument cannot be sent.

        """
        call, reader = self._call(operation_id, arguments, options)
        return self._send(call, reader, call.build(self._defaults))

    def _paged(
        self, operation_id: str, arguments: Mapping[str, Any], options: RequestOptions | None
    ) -> Pager[Any, Any]:
        """Do what `_request` does, page by page."""
        call, reader = self._call(operation_id, arguments, options)
        page, attributes = self._pages(call)

        def fetch(number: int | None) -> Any:
            self._check_open()  # It may be closed since the pager was made.
            return self._send(call, reader, call.build(self._defaults, **{page: number}))

        return Pager(fetch, attributes, call.arguments.get(page))

    def _send(self, call: Call, reader: Reader, request: httpx.Request) -> Any:
        retries, deadline, end = self._limits(call)
        timeouts = request.extensions["timeout"]

        def read(response: httpx.Response) -> Body:
            body = Body(response, self._max_bytes)

            def in_time(piece: bytes) -> bool:
                if end is not None and time.monotonic() > end:
                    raise _late(deadline)
                return body.count(piece)

            response.stream = Watched(response.stream, in_time)
            try:
                for piece in response.iter_bytes() if body.compressed else response.stream:
                    if not body.add(piece):
                        break
            except httpx.DecodingError as error:
                body.problem = str(error)
            return body

        def attempt() -> Any:
            cap_timeouts(request, timeouts, end)
            try:
                response = _of(request, self._transport.handle_request(request))
                try:
                    answer = reader.answer(response, read(response))
                finally:
                    response.close()
            except httpx.RequestError as error:
                late = end is not None and isinstance(error, httpx.ReadTimeout) and time.monotonic() >= end
                answer = reader.no_answer(request, _late(deadline) if late else error)
            if isinstance(answer, ContratoError):
                raise answer
            return answer

        try:
            return attempt()
        except ContratoError as error:
            if not retries or not retry.may_pass(error):
                raise
            failed = [error]
        import tenacity  # late, because importing it takes longer than a call

        def again() -> Any:
            # The first attempt counts as tenacity's first.
            if failed:
                raise failed.pop()
            return attempt()

        return tenacity.Retrying(sleep=self._sleep, **retry.policy(retries, end))(again)

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

        Which rows belong to a window is decided here, by their dates, as the APIs do not say whether the ends of a
        range belong to it: no row is lost, repeated or cut at a seam.

        Args:
            method: A method of this client with a range of dates among its arguments, not called.
            from_: Begin of the range, included: a date, a datetime or ISO 8601 text. What has no offset is meant in
                `time_zone`.
            to: End of the range, excluded; like `from_`.
            window: `day`, `week`, `month`, `year`, or a timedelta counted from `from_`. Months and years cost the
                least.
            workers: Number of windows that are requested at a time, and that wait at most to be handed over.
            **arguments: The other arguments of the method, `options` too.

        Returns:
            The windows in order, each with `from_`, `to` and `data`, what the method returns of it over all pages.

        Raises:
            WindowError: While iterating: a window could not be read. Go on with its `resume_from` as `from_`.
            TypeError: The method is not a client's, or has no range of dates, or an argument is not its own.
            ValueError: `to` is before `from_`, or `window` or `workers` is not positive.

        """
        from contrato.core.windows import windows  # late, because most programs have no use for it

        return windows(method, from_=from_, to=to, window=window, workers=workers, **arguments)

    def close(self) -> None:
        """Close the connections. A closed client cannot send any more."""
        self._closed = True
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncClient(_Base[httpx.AsyncBaseTransport]):
    """Base of the generated clients for asyncio; `api` says of which API."""

    _make_transport = httpx.AsyncHTTPTransport
    _sleep: Callable[[float], Awaitable[None]] = staticmethod(_asleep)
    _loop: asyncio.AbstractEventLoop | None = None

    async def _request(self, operation_id: str, arguments: Mapping[str, Any], options: RequestOptions | None) -> Any:
        """Do what `Client._request` does."""
        call, reader = self._call(operation_id, arguments, options)
        return await self._send(call, reader, call.build(self._defaults))

    def _paged(
        self, operation_id: str, arguments: Mapping[str, Any], options: RequestOptions | None
    ) -> AsyncPager[Any, Any]:
        """Do what `Client._paged` does."""
        call, reader = self._call(operation_id, arguments, options)
        page, attributes = self._pages(call)

        async def fetch(number: int | None) -> Any:
            self._check_open()  # It may be closed since the pager was made.
            return await self._send(call, reader, call.build(self._defaults, **{page: number}))

        return AsyncPager(fetch, attributes, call.arguments.get(page))

    def _check_loop(self) -> None:
        """Refuse another event loop than that of the first request: the connections belong to that one."""
        import asyncio

        loop = asyncio.get_running_loop()
        if self._loop not in (None, loop):
            raise RuntimeError(
                f"this {type(self).__name__} has connections of another event loop, "
                "which may have ended: make a new one in each asyncio.run"
            )
        self._loop = loop

    async def _send(self, call: Call, reader: Reader, request: httpx.Request) -> Any:
        import asyncio

        self._check_loop()
        retries, deadline, end = self._limits(call)
        timeouts = request.extensions["timeout"]

        async def read(response: httpx.Response) -> Body:
            body = Body(response, self._max_bytes)
            response.stream = Watched(response.stream, body.count)
            try:
                async for piece in response.aiter_bytes() if body.compressed else response.stream:
                    if not body.add(piece):
                        break
            except httpx.DecodingError as error:
                body.problem = str(error)
            return body

        async def attempt() -> Any:
            cap_timeouts(request, timeouts, end)
            try:
                async with asyncio.timeout(None if end is None else end - time.monotonic()) as limit:
                    response = _of(request, await self._transport.handle_async_request(request))
                    try:
                        answer = reader.answer(response, await read(response))
                    finally:
                        await response.aclose()
            except TimeoutError:
                if not limit.expired():
                    raise
                answer = reader.no_answer(request, _late(deadline))
            except httpx.RequestError as error:
                answer = reader.no_answer(request, error)
            if isinstance(answer, ContratoError):
                raise answer
            return answer

        try:
            return await attempt()
        except ContratoError as error:
            if not retries or not retry.may_pass(error):
                raise
            failed = [error]
        import tenacity

        async def again() -> Any:
            if failed:
                raise failed.pop()
            return await attempt()

        return await tenacity.AsyncRetrying(sleep=self._sleep, **retry.policy(retries, end))(again)

    def windows(
        self,
        method: Callable[..., AsyncIterable[Item] | Awaitable[Iterable[Item]]],
        *,
        from_: date | str,
        to: date | str,
        window: Unit | timedelta = "month",
        workers: int = 4,
        **arguments: Any,
    ) -> AsyncGenerator[Window[Item], None]:
        """Call a method of this client for a long range of dates, window by window, in tasks of asyncio.

        >>> async for window in neu.windows(neu.list_bills, from_="2020-01-01", to="2022-01-01"):
        ...     print(window.from_, len(window.data))

        Which rows belong to a window is decided here, by their dates, as the APIs do not say whether the ends of a
        range belong to it: no row is lost, repeated or cut at a seam.

        Args:
            method: A method of this client with a range of dates among its arguments, not called.
            from_: Begin of the range, included: a date, a datetime or ISO 8601 text. What has no offset is meant in
                `time_zone`.
            to: End of the range, excluded; like `from_`.
            window: `day`, `week`, `month`, `year`, or a timedelta counted from `from_`. Months and years cost the
                least.
            workers: Number of windows that are requested at a time, and that wait at most to be handed over.
            **arguments: The other arguments of the method, `options` too.

        Returns:
            The windows in order, each with `from_`, `to` and `data`, what the method returns of it over all pages.

        Raises:
            WindowError: While iterating: a window could not be read. Go on with its `resume_from` as `from_`.
            TypeError: The method is not a client's, or has no range of dates, or an argument is not its own.
            ValueError: `to` is before `from_`, or `window` or `workers` is not positive.

        """
        from contrato.core.windows import async_windows

        return async_windows(method, from_=from_, to=to, window=window, workers=workers, **arguments)

    async def close(self) -> None:
        """Close the connections. A closed client cannot send any more."""
        self._closed = True
        await self._transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
