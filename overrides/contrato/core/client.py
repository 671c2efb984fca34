"""How a generated client sends a request and reads the answer."""

from __future__ import annotations

import datetime
import functools
import importlib
import json
import math
import os
import re
import time
import zlib
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
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Never, Self, TypedDict, TypeVar, get_args, get_origin
from urllib.parse import quote
from zoneinfo import ZoneInfo

import httpx
import msgspec

from contrato.core import spec
from contrato.core.decode import Misfit, decode
from contrato.core.errors import (
    AuthenticationError,
    ConnectionFailedError,
    ContractError,
    ContratoError,
    NotFoundError,
    RateLimitError,
    RequestTimeoutError,
    ResponseError,
    ResponseTooLargeError,
    ServerError,
    TransportError,
    UndocumentedStatusError,
    ValidationError,
)
from contrato.core.pages import AsyncPager, Pager
from contrato.core.types import UNSET

if TYPE_CHECKING:
    from contrato.core.windows import Unit, Window

Item = TypeVar("Item")
Made = TypeVar("Made")

# Seconds: a year of hourly readings may take a minute to begin, a connection must not.
TIMEOUT = httpx.Timeout(60, connect=10)
# Seconds in all for a call, or for each page of a list.
DEADLINE = 600.0
# A year of hourly readings of ten services is 36 MB.
MAX_BYTES = 512 * 2**20
# What a server gets reserved in memory by only saying how long its answer will be.
MAX_RESERVED = 64 * 2**20
# What an answer may be compressed with: what zlib undoes.
ENCODINGS = ("gzip", "deflate")
# How much is decompressed at a time.
STEP = 2**20
# What RFC 8259 lets a reader ignore before JSON.
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# What httpx makes a connection by, beside what it is told.
ENVIRONMENT = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")
# The longest pause before a retry in seconds. If the server asks for a longer one, the caller is to know.
LONGEST_WAIT = 60

_captured: ContextVar[list[httpx.Response] | None] = ContextVar("captured", default=None)
# When the synchronous call under way has to end, by `time.monotonic`.
call_end: ContextVar[float | None] = ContextVar("call_end", default=None)


class RequestOptions(TypedDict, total=False):
    """What one call may have otherwise than the client.

    Attributes:
        timeout: Seconds that connecting, sending or waiting for more of an answer may take.
        deadline: Seconds that the call may take in all, with its retries, or each page of a list. None for no end.
        headers: Headers to send with the request, without `Authorization`.
        retries: How often to repeat the request. What is not safe to repeat is never repeated, nor what the server asks
            to repeat after more than 60 seconds: the error has it as `retry_after`.

    """

    timeout: float | httpx.Timeout
    deadline: float | None
    headers: Mapping[str, str]
    retries: int


class Operation(TypedDict):
    """What the spec says of one operation, in Python's names, but where it says `wire`.

    Attributes:
        id: Its `operationId`.
        method: HTTP method.
        path: Path below the base URL, with a `{name}` for each path parameter by wire name.
        safe: Whether it changes nothing, so that it may be repeated.
        sends_body: Whether it takes a JSON body.
        arguments: For each argument of the method: `path`, `query` or `body`, the wire name, and the type.
        returns: For each documented success, a status or `2XX`, the type of the body, as text, and None for no body.
        errors: The other documented statuses, also `4XX` or `default`.
        pagination: The spec's `x-pagination`; None for an answer without pages.
        date_range: The spec's `x-date-range`, None for no range of dates.

    """

    id: str
    method: str
    path: str
    safe: bool
    sends_body: bool
    arguments: Mapping[str, tuple[str, str, Any]]
    returns: Mapping[str, str | None]
    errors: list[str]
    pagination: Mapping[str, Any] | None
    date_range: Mapping[str, str] | None


@contextmanager
def capture() -> Iterator[list[httpx.Response]]:
    """Collect every answer that clients get inside the block, decompressed, for what the models do not have.

    >>> with capture() as responses:
    ...     neu.list_accounts()
    >>> responses[0].headers, responses[0].json()
    """
    responses: list[httpx.Response] = []
    token = _captured.set(responses)
    try:
        yield responses
    finally:
        _captured.reset(token)


class _Bearer(httpx.Auth):
    """Holds the token where neither `repr` nor a traceback shows it."""

    def __init__(self, token: str) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request

    def usable(self) -> bool:
        # httpx would quote a token that is no header value in its error.
        return isinstance(self._token, str) and re.fullmatch(r"[!-~]+", self._token) is not None

    def redact(self, text: str) -> str:
        """Take out the token; a server may echo it, and errors get logged."""
        return self._echo.sub("[token]", text)

    @functools.cached_property
    def _echo(self) -> re.Pattern[str]:
        # Each character as it is, escaped as JSON or a URL does, in either case, and in UTF-16 read as something else.
        def forms(character: str) -> str:
            cases = {character.lower(), character.upper()}
            plain = "".join(map(re.escape, sorted(cases)))
            codes = "|".join(sorted({form % ord(case) for case in cases for form in ("%02x", "%02X")}))
            return rf"(?:[{plain}]|\\(?:{re.escape(character)}|[uU]00(?:{codes}))|%(?:{codes}))"

        return re.compile("\0*".join(map(forms, self._token)))

    def __reduce__(self) -> Never:
        raise TypeError("a token cannot be pickled")


class _Call:
    """One call of a method: its arguments checked, ready to be sent once or once for each page."""

    def __init__(self, client: _Base, name: str, arguments: Mapping[str, Any], options: RequestOptions | None) -> None:
        self.client = client
        self.operation = client.operations[name]
        options = options or {}
        if unknown := options.keys() - RequestOptions.__annotations__.keys():
            known = ", ".join(RequestOptions.__annotations__)
            raise TypeError(f"no option {', '.join(sorted(unknown))}: give {known}")
        if "timeout" in options:
            _checked_timeout(options["timeout"])
        if "headers" in options:
            _check_headers(options["headers"])
        self.options = options
        self.deadline = _checked_deadline(options["deadline"]) if "deadline" in options else client._deadline
        retries = options.get("retries", client._retries)
        self.retries = _checked_retries(retries) if self.operation["safe"] else 0
        self.arguments = {
            name: client._argument(name, self.operation["arguments"][name][2], value)
            for name, value in arguments.items()
            if value is not UNSET
        }
        if range_ := self.operation["date_range"]:
            _check_range(*((name, self.arguments.get(name)) for name in (range_["from"], range_["to"])))

    def request(self, **changed: Any) -> httpx.Request:
        """Build the request, some arguments changed; None takes one away."""
        self.client._check_open()  # It may be closed since the list was made.
        places: dict[str, dict[str, Any]] = {"path": {}, "query": {}, "body": {}}
        for name, value in {**self.arguments, **changed}.items():
            place, wire, _ = self.operation["arguments"][name]
            # They would make the URL of another operation.
            if place == "path" and str(value) in ("", ".", ".."):
                raise ValueError(f"{name} must not be {value!r}")
            if name not in changed or value is not None:
                places[place][wire] = value
        extra: dict[str, Any] = {"timeout": self.options["timeout"]} if "timeout" in self.options else {}
        return self.client._http.build_request(
            self.operation["method"],
            self.operation["path"].format_map(
                {name: quote(str(value), safe="") for name, value in places["path"].items()}
            ),
            params=places["query"],
            json=places["body"] if self.operation["sends_body"] else None,
            headers=self.options.get("headers"),
            **extra,
        )

    def hurry(self, request: httpx.Request, timeouts: Mapping[str, float | None], end: float) -> None:
        """Let no wait of an attempt be longer than what is left of the deadline."""
        left = max(end - time.monotonic(), 0.001)
        request.extensions["timeout"] = {
            name: left if seconds is None else min(seconds, left) for name, seconds in timeouts.items()
        }

    def late(self) -> httpx.ReadTimeout:
        return httpx.ReadTimeout(f"the answer was not whole at the deadline of {self.deadline:g} s")

    def no_answer(self, request: httpx.Request, error: httpx.RequestError) -> TransportError:
        """Return our error. Its cause is a copy of httpx's, whose own request and traceback hold the token."""
        kind = TransportError
        if isinstance(error, httpx.TimeoutException):
            kind = RequestTimeoutError
        elif isinstance(error, httpx.NetworkError | httpx.RemoteProtocolError | httpx.ProxyError):
            kind = ConnectionFailedError
        reason = self.client._auth.redact(str(error))
        failed = kind(self.operation["id"], request.method, str(request.url), f"{type(error).__name__}: {reason}")
        # Not by its constructor: a transport's own kind may have any.
        cause = type(error).__new__(type(error), reason)
        cause.request = _without_token(request)
        failed.__cause__ = cause
        return failed

    def answer(self, response: httpx.Response, content: bytearray | None) -> Any:
        """Return what the method returns, or the error that it raises; `content` is None when it is too large.

        Raising is left to the caller: a traceback must not keep the content, nor show it, as it may echo the token.
        """
        if (captured := _captured.get()) is not None:
            captured.append(_copy(response, content or b""))
        status = str(response.status_code)
        patterns = (status, f"{status[0]}XX", "default")
        returns = self.operation["returns"]
        misfit = None
        if content is not None:
            for pattern in patterns:
                if pattern in returns:
                    try:
                        zone = self.client.time_zone if self.client._aware else None
                        return decode(_type(self.client.api, returns[pattern]), content, zone)
                    except Misfit as error:
                        misfit = error
                        break
        documented = any(pattern in returns or pattern in self.operation["errors"] for pattern in patterns)
        redact = self.client._auth.redact
        about = (
            self.operation["id"],
            response.request.method,
            str(response.request.url),
            response.status_code,
            # Bytes, because they may be of any encoding.
            httpx.Headers(
                [
                    (
                        redact(name.decode("latin-1")).encode("latin-1"),
                        redact(value.decode("latin-1")).encode("latin-1"),
                    )
                    for name, value in response.headers.raw
                ]
            ),
        )
        if content is None:
            return ResponseTooLargeError(*about, None, documented)
        text = redact(content.decode("utf-8", "replace"))
        try:
            body = json.loads(text)
        except (RecursionError, ValueError):
            body = text
        if misfit is None:
            return _error(response.status_code, documented)(*about, body, documented)
        if misfit.found is not None:
            found = redact(misfit.found)
        elif misfit.problem is None:
            found = _show(body, misfit.path)
        else:
            found = f"{text[:80]!r}{'…' if len(text) > 80 else ''} ({misfit.problem})"
            if (encoding := redact(response.headers.get("Content-Encoding", ""))) and _coding(response) is None:
                found += f", in the Content-Encoding {encoding!r}, which is none of {', '.join(ENCODINGS)}"
        return ContractError(*about, body, documented, misfit.path, misfit.expected, found, misfit.lost)


class _Base:
    """What does not wait, and so is the same for both clients."""

    api: ClassVar[str]
    operations: ClassVar[Mapping[str, Operation]]
    _http: httpx.Client | httpx.AsyncClient
    _auth: _Bearer
    _retries: int
    _deadline: float | None
    _aware: bool
    _max_bytes: int

    def __repr__(self) -> str:
        # A traceback may show one that could not be made.
        about = f"base_url={str(self._http.base_url)!r}" if hasattr(self, "_http") else ""
        return f"{type(self).__name__}({about})"

    def __reduce__(self) -> Never:
        raise TypeError(f"a {type(self).__name__} holds connections and a token: make a new one where it is needed")

    @property
    def time_zone(self) -> ZoneInfo:
        """Where timestamps without an offset are meant, as the spec says."""
        return _time_zone(self.api)

    def _settings(self, base_url: str | None) -> dict[str, Any]:
        """Return arguments for an httpx client. The caller comes before the environment, and that before the spec."""
        prefix = self.api.upper()
        if not self._auth.usable():
            raise ValueError(
                f"no usable token: pass token=... or set {prefix}_TOKEN to the token alone, "
                "without `Bearer`, spaces or line ends"
            )
        base_url = base_url or os.environ.get(f"{prefix}_BASE_URL") or spec.server_url(self.api)
        if not _usable_url(base_url):
            raise ValueError(
                f"no usable base URL: pass base_url=... or set {prefix}_BASE_URL "
                "to http(s)://host/path, without user, query or fragment"
            )
        headers = {
            "Accept": "application/json",
            "Accept-Encoding": ", ".join(ENCODINGS),
            "Content-Type": "application/json",
            "User-Agent": f"contrato/{_version()}",
        }
        return {"base_url": base_url, "headers": headers, "auth": self._auth, "follow_redirects": False}

    @staticmethod
    def _connect(make: Callable[[], Made]) -> Made:
        """Make an httpx client; what it cannot do with the environment is said to be of the environment."""
        try:
            return make()
        except (ImportError, OSError, ValueError, httpx.InvalidURL) as error:
            found = [name for name in ENVIRONMENT if os.environ.get(name) or os.environ.get(name.lower())]
            if not found:
                raise
            raise ValueError(
                f"no connection can be made as the environment says: correct or unset {' or '.join(found)}: "
                f"{type(error).__name__}: {error}"
            ) from error

    def _argument(self, name: str, kind: Any, value: Any) -> Any:
        """Return a value as the wire has it, or say what is wrong with it."""
        if hasattr(value, "tolist"):  # a scalar or array of numpy, a column of pandas
            # A datetime64 that is finer than a datetime would become an integer.
            fine = kind is datetime.datetime and value.dtype.kind == "M"
            value = (value.astype("datetime64[us]") if fine else value).tolist()
        if kind is datetime.datetime:
            return self._timestamp(name, value)
        if isinstance(value, tuple | set | frozenset | range):
            value = list(value)
        try:
            msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            wanted = kind.__name__ if isinstance(kind, type) else str(kind)
            if get_origin(kind) is Literal:
                *others, last = map(repr, get_args(kind))
                wanted = f"{', '.join(others)} or {last}" if others else last
            message = f"{name} must be {wanted}, not {value!r}"
            raise (ValueError if "enum" in str(error) else TypeError)(message) from None
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"{name} must be a finite number, not {value!r}")
        if isinstance(value, str) and not _encodable(value):
            raise ValueError(f"{name} must be text, without the half of a character that is in {value!r}")
        return value

    def _timestamp(self, name: str, value: Any) -> str:
        if isinstance(value, str):
            try:
                value = datetime.datetime.fromisoformat(value)
            except ValueError:
                raise ValueError(f"{name} must be a date and time of ISO 8601, not {value!r}") from None
        elif isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
            value = datetime.datetime.combine(value, datetime.time())
        if not isinstance(value, datetime.datetime) or value != value:  # (pandas.NaT is a datetime)
            raise TypeError(f"{name} must be a datetime, a date or a string of ISO 8601, not {value!r}")
        # The APIs know no offsets: the same moment on the clocks of the API's country.
        try:
            return (value.astimezone(self.time_zone).replace(tzinfo=None) if value.tzinfo else value).isoformat()
        except OverflowError:
            raise ValueError(f"{name} must be in the years 1 to 9999 of {self.time_zone}, not {value!r}") from None

    def _check_open(self) -> None:
        if self._http.is_closed:
            raise RuntimeError(f"this {type(self).__name__} is closed: make a new one")

    def _call(self, name: str, arguments: Mapping[str, Any], options: RequestOptions | None) -> _Call:
        self._check_open()
        return _Call(self, name, arguments, options)


class Client(_Base):
    """Base of the generated clients; `api` and `operations` say which."""

    _http: httpx.Client

    def __init__(
        self,
        token: str | None = None,
        base_url: str | None = None,
        *,
        timeout: float | httpx.Timeout = TIMEOUT,
        deadline: float | None = DEADLINE,
        retries: int = 2,
        aware: bool = False,
        max_bytes: int = MAX_BYTES,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        # A traceback with local variables must not show it.
        self._auth, token = _bearer(self.api, token), None
        self._retries, self._aware, self._max_bytes = _checked_retries(retries), aware, _checked_max_bytes(max_bytes)
        self._deadline = _checked_deadline(deadline)
        self._sleep: Callable[[float], None] = time.sleep
        settings = {"timeout": _checked_timeout(timeout), "transport": transport} | self._settings(base_url)
        self._http = self._connect(lambda: httpx.Client(**settings, event_hooks={"response": [_prune]}))
        if transport is None:
            _wrap_network(self._http)

    def _request(self, name: str, arguments: Mapping[str, Any], options: RequestOptions | None) -> Any:
        """Send one request and decode its answer.

        Args:
            name: Name of the method, a key of `operations`.
            arguments: Its arguments by name; those that are UNSET are not sent.
            options: What is to be otherwise for this call.

        Returns:
            What the spec promises for the status of the answer.

        Raises:
            TransportError: No answer came.
            ResponseError: The status is no success, or the body does not fit.
            TypeError, ValueError: An argument cannot be sent.

        """
        call = self._call(name, arguments, options)
        return self._send(call, call.request())

    def _paged(self, name: str, arguments: Mapping[str, Any], options: RequestOptions | None) -> Pager[Any, Any]:
        """Do what `_request` does, page by page."""
        call = self._call(name, arguments, options)
        pagination = call.operation["pagination"] or {}
        page = pagination["page"]
        return Pager(
            lambda number: self._send(call, call.request(**{page: number})), pagination, call.arguments.get(page)
        )

    def _send(self, call: _Call, request: httpx.Request) -> Any:
        end = None if call.deadline is None else time.monotonic() + call.deadline
        timeouts = request.extensions["timeout"]

        def read(response: httpx.Response) -> bytearray | None:
            body = _Body(response, self._max_bytes)
            for piece in body.given or response.iter_raw():
                if not body.add(piece):
                    break
                if end is not None and time.monotonic() > end:
                    raise call.late()
            return body.finish()

        def attempt() -> Any:
            if end is not None:
                call.hurry(request, timeouts, end)
            before = call_end.set(end)
            try:
                response = self._http.send(request, stream=True)
                try:
                    _restore(response)
                    answer = call.answer(response, read(response))
                finally:
                    response.close()
            except httpx.RequestError as error:
                late = end is not None and isinstance(error, httpx.ReadTimeout) and time.monotonic() >= end
                answer = call.no_answer(request, call.late() if late else error)
            finally:
                call_end.reset(before)
            if isinstance(answer, ContratoError):
                raise answer
            return answer

        try:
            return attempt()
        except ContratoError as error:
            if not call.retries or not _passes(error):
                raise
            failed = [error]
        # Late, because it takes longer than a call; the first attempt counts as its first.
        import tenacity

        def again() -> Any:
            if failed:
                raise failed.pop()
            return attempt()

        return tenacity.Retrying(sleep=self._sleep, **_retry_policy(call.retries, end))(again)

    def windows(
        self,
        method: Callable[..., Iterable[Item]],
        *,
        from_: datetime.date | str,
        to: datetime.date | str,
        window: Unit | datetime.timedelta = "month",
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
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncClient(_Base):
    """Base of the generated clients for asyncio; `api` and `operations` say which."""

    _http: httpx.AsyncClient

    def __init__(
        self,
        token: str | None = None,
        base_url: str | None = None,
        *,
        timeout: float | httpx.Timeout = TIMEOUT,
        deadline: float | None = DEADLINE,
        retries: int = 2,
        aware: bool = False,
        max_bytes: int = MAX_BYTES,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._auth, token = _bearer(self.api, token), None
        self._retries, self._aware, self._max_bytes = _checked_retries(retries), aware, _checked_max_bytes(max_bytes)
        self._deadline = _checked_deadline(deadline)
        self._sleep: Callable[[float], Awaitable[None]] = _asleep
        settings = {"timeout": _checked_timeout(timeout), "transport": transport} | self._settings(base_url)
        self._http = self._connect(lambda: httpx.AsyncClient(**settings, event_hooks={"response": [_async_prune]}))
        if transport is None:
            _wrap_network(self._http)

    async def _request(self, name: str, arguments: Mapping[str, Any], options: RequestOptions | None) -> Any:
        """Do what `Client._request` does."""
        call = self._call(name, arguments, options)
        return await self._send(call, call.request())

    def _paged(self, name: str, arguments: Mapping[str, Any], options: RequestOptions | None) -> AsyncPager[Any, Any]:
        """Do what `Client._paged` does."""
        call = self._call(name, arguments, options)
        pagination = call.operation["pagination"] or {}
        page = pagination["page"]
        return AsyncPager(
            lambda number: self._send(call, call.request(**{page: number})), pagination, call.arguments.get(page)
        )

    async def _send(self, call: _Call, request: httpx.Request) -> Any:
        import asyncio

        end = None if call.deadline is None else time.monotonic() + call.deadline
        timeouts = request.extensions["timeout"]

        async def attempt() -> Any:
            if end is not None:
                call.hurry(request, timeouts, end)
            try:
                async with asyncio.timeout(None if end is None else end - time.monotonic()) as limit:
                    response = await self._http.send(request, stream=True)
                    try:
                        _restore(response)
                        answer = call.answer(response, await self._read(response))
                    finally:
                        await response.aclose()
            except TimeoutError:
                if not limit.expired():
                    raise
                answer = call.no_answer(request, call.late())
            except httpx.RequestError as error:
                answer = call.no_answer(request, error)
            except RuntimeError as error:
                if "loop" not in str(error):
                    raise
                raise RuntimeError(
                    f"this {type(self).__name__} has connections of another event loop, "
                    "which may have ended: make a new one in each asyncio.run"
                ) from error
            if isinstance(answer, ContratoError):
                raise answer
            return answer

        try:
            return await attempt()
        except ContratoError as error:
            if not call.retries or not _passes(error):
                raise
            failed = [error]
        import tenacity

        async def again() -> Any:
            if failed:
                raise failed.pop()
            return await attempt()

        return await tenacity.AsyncRetrying(sleep=self._sleep, **_retry_policy(call.retries, end))(again)

    async def _read(self, response: httpx.Response) -> bytearray | None:
        body = _Body(response, self._max_bytes)
        if body.given:
            body.add(*body.given)
        else:
            async for piece in response.aiter_raw():
                if not body.add(piece):
                    break
        return body.finish()

    def windows(
        self,
        method: Callable[..., AsyncIterable[Item] | Awaitable[Iterable[Item]]],
        *,
        from_: datetime.date | str,
        to: datetime.date | str,
        window: Unit | datetime.timedelta = "month",
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
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def _prune(response: httpx.Response) -> None:
    """Take from a response what httpx would stumble over, and what its `repr` shows.

    httpx reads where a redirect leads even when it is not to follow it, and fails where that is no URL.
    """
    response.extensions.pop("reason_phrase", None)
    if response.has_redirect_location:
        response.extensions["headers"] = response.headers
        response.headers = httpx.Headers([item for item in response.headers.raw if item[0].lower() != b"location"])


async def _async_prune(response: httpx.Response) -> None:
    _prune(response)


def _restore(response: httpx.Response) -> None:
    """Give back what `_prune` hid."""
    response.headers = response.extensions.pop("headers", response.headers)


def _coding(response: httpx.Response) -> str | None:
    """Return how an answer is compressed, if that is one of `ENCODINGS`, once.

    Anything else is left as it is: it may be none at all, and compressed twice a small piece can fill the memory.
    """
    encoding = response.headers.get("Content-Encoding", "").strip().lower().removeprefix("x-")
    return encoding if encoding in ENCODINGS else None


class _Body:
    """What was read of an answer, decompressed.

    Attributes:
        given: The whole of it, from a transport that has read and decompressed it by itself, else None.

    """

    def __init__(self, response: httpx.Response, most: int) -> None:
        self.given = [response.content] if response.is_stream_consumed else None
        self._coding = None if self.given else _coding(response)
        self._most = most
        # Already as long as the server says: to grow it piece by piece takes longer.
        length = response.headers.get("Content-Length", "") if self._coding is None else ""
        self._content: bytearray | None = bytearray(
            min(int(length), MAX_RESERVED) if re.fullmatch("[0-9]{1,18}", length) else 0
        )
        self._size = self._received = 0
        self._zlib: Any = None

    def add(self, piece: bytes) -> bool:
        """Take the next piece as it came; return whether there is room for more."""
        self._received += len(piece)
        fits = self._received <= self._most and (
            self._append(piece) if self._coding is None else self._decompress(piece)
        )
        if not fits:
            self._content = None
        return fits

    def finish(self) -> bytearray | None:
        """Return all of it; None if it is too large."""
        if self._content is None:
            return None
        if self._zlib is not None and not self._zlib.eof:
            raise httpx.DecodingError(f"the {self._coding} data break off")
        del self._content[self._size :]
        if self._content.startswith(BYTE_ORDER_MARK):
            del self._content[: len(BYTE_ORDER_MARK)]
        return self._content

    def _append(self, piece: bytes) -> bool:
        assert self._content is not None
        end = self._size + len(piece)
        self._content[self._size : end] = piece
        self._size = end
        return end <= self._most

    def _decompress(self, piece: bytes) -> bool:
        fits, full = True, False
        # Step by step, or the largest piece would be in memory twice. A full step may have left something behind.
        while fits and (piece or full):
            # gzip may consist of several files, one after the other.
            if self._zlib is None or (piece and self._zlib.eof and self._coding == "gzip"):
                # Some servers mean by deflate what RFC 9110 says, data with a head, and some data without one.
                bare = self._coding == "deflate" and piece[0] & 15 != zlib.DEFLATED
                self._zlib = zlib.decompressobj(
                    -zlib.MAX_WBITS if bare else zlib.MAX_WBITS + 16 * (self._coding == "gzip")
                )
            elif piece and self._zlib.eof:
                raise httpx.DecodingError(f"there is more after the end of the {self._coding} data")
            most = min(STEP, self._most + 1 - self._size)
            try:
                found = self._zlib.decompress(piece, most)
            except zlib.error as error:
                raise httpx.DecodingError(str(error)) from None
            fits, full = self._append(found), len(found) == most
            piece = self._zlib.unconsumed_tail or self._zlib.unused_data
        return fits


def _bearer(api: str, token: str | None) -> _Bearer:
    return _Bearer(os.environ.get(f"{api.upper()}_TOKEN", "") if token is None else token)


def _checked_retries(retries: int) -> int:
    if isinstance(retries, bool) or not isinstance(retries, int) or retries < 0:
        raise ValueError(f"retries must be 0 or a positive whole number, not {retries!r}")
    return retries


def _checked_max_bytes(max_bytes: int) -> int:
    if isinstance(max_bytes, bool) or not isinstance(max_bytes, int) or max_bytes < 1:
        raise ValueError(f"max_bytes must be a whole number above 0, not {max_bytes!r}")
    return max_bytes


def _checked_deadline(deadline: float | None) -> float | None:
    if deadline is not None and not _seconds(deadline):
        raise ValueError(f"deadline must be a number of seconds above 0, or None for no end, not {deadline!r}")
    return deadline


def _checked_timeout(timeout: float | httpx.Timeout) -> float | httpx.Timeout:
    parts = timeout.as_dict().values() if isinstance(timeout, httpx.Timeout) else [timeout]
    if not all(part is None or _seconds(part) for part in parts):
        raise ValueError(f"timeout must be a number of seconds above 0 or an httpx.Timeout of such, not {timeout!r}")
    return timeout


def _seconds(value: Any) -> bool:
    # Sockets take no more than some hundred years.
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e9


def _check_headers(headers: Mapping[str, str]) -> None:
    # Not quoted whole, because a value may be a secret.
    for name, value in headers.items():
        if not isinstance(name, str) or not re.fullmatch(r"[!#-'*+.^-z|~0-9A-Z-]+", name):
            raise ValueError(f"options: no header can be named {name!r}")
        if name.lower() == "authorization":
            raise ValueError("options: the header Authorization is made of the token, which is the client's")
        if not isinstance(value, str) or not re.fullmatch(r"([!-~]([ -~\t]*[!-~])?)?", value):
            raise ValueError(f"options: the header {name} must be ASCII text, without line ends and spaces around it")


def _usable_url(url: Any) -> bool:
    if not isinstance(url, str) or not re.fullmatch(r"(?i:https?)://[^\s/?#@]+(/[^\s?#]*)?", url):
        return False
    try:
        parsed = httpx.URL(url)
        host = parsed.raw_host if parsed.host else b""
    except (httpx.InvalidURL, ValueError):  # and UnicodeError, of a host
        return False
    # Each label as the system would refuse it.
    labels = host.removesuffix(b".").split(b".")
    return all(0 < len(label) < 64 for label in labels) and 0 < (parsed.port or 80) < 2**16


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _check_range(start: tuple[str, str | None], end: tuple[str, str | None]) -> None:
    """Refuse a range of dates that ends before it begins; both with the name of the argument, in ISO 8601."""
    if start[1] is not None and end[1] is not None and end[1] < start[1]:
        raise ValueError(f"{end[0]} ({end[1]}) is before {start[0]} ({start[1]})")


def _wrap_network(http: httpx.Client | httpx.AsyncClient) -> None:
    from contrato.core.network import wrap  # late, as is httpx's own import of httpcore

    wrap(http)


async def _asleep(seconds: float) -> None:
    import asyncio

    await asyncio.sleep(seconds)


def _passes(error: BaseException) -> bool:
    """Whether an error may not come again."""
    return isinstance(error, ConnectionFailedError | RequestTimeoutError | RateLimitError | ServerError)


def _retry_policy(retries: int, end: float | None) -> dict[str, Any]:
    """Return tenacity's arguments: when to try again, how often, after how long, and not after the deadline."""
    import tenacity

    backoff = tenacity.wait_random_exponential(multiplier=0.5, min=0.1, max=8)

    def wait(state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, ResponseError) else None
        return max(asked or 0.0, backoff(state))

    def stop(state: tenacity.RetryCallState) -> bool:
        late = end is not None and time.monotonic() + state.upcoming_sleep >= end
        return late or state.upcoming_sleep > LONGEST_WAIT or state.attempt_number > retries

    return {
        "stop": stop,
        "retry": tenacity.retry_if_exception(_passes),
        "wait": wait,
        "reraise": True,
    }


def _error(status: int, documented: bool) -> type[ResponseError]:
    kinds: dict[int, type[ResponseError]] = {
        401: AuthenticationError,
        403: AuthenticationError,
        404: NotFoundError,
        422: ValidationError,
        429: RateLimitError,
    }
    if 500 <= status <= 599:
        return ServerError
    return kinds.get(status, ResponseError if documented else UndocumentedStatusError)


def _show(body: Any, path: str) -> str:
    """Describe what stands at a path of a parsed body."""
    try:
        for name, index in re.findall(r"\.([^.\[]+)|\[(\d+)\]", path):
            body = body[int(index)] if index else body[name]
    except (IndexError, KeyError, TypeError):
        return "something else"  # in a body that json reads otherwise than msgspec, say one with a key twice
    text = json.dumps(body, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:80]}…"


def _without_token(request: httpx.Request) -> httpx.Request:
    headers = [(name, value) for name, value in request.headers.raw if name.lower() != b"authorization"]
    return httpx.Request(request.method, request.url, headers=headers, content=request.content)


def _copy(response: httpx.Response, content: bytes | bytearray) -> httpx.Response:
    """Make a response that can be read anew, and whose request does not hold the token."""
    done = (b"content-encoding", b"transfer-encoding")
    headers = [(name, value) for name, value in response.headers.raw if name.lower() not in done]
    request = _without_token(response.request)
    return httpx.Response(response.status_code, headers=headers, content=bytes(content), request=request)


@functools.cache
def _type(api: str, text: str | None) -> Any:
    """Evaluate a type of `Operation.returns`: late, because making the models takes long."""
    return None if text is None else eval(text, vars(importlib.import_module(f"contrato.{api}.models")))


@functools.cache
def _time_zone(api: str) -> ZoneInfo:
    return ZoneInfo(spec.load(api)["info"]["x-time-zone"]["name"])


@functools.cache
def _version() -> str:
    from importlib.metadata import version

    return version("contrato")
