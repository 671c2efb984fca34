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
from typing import TYPE_CHECKING, Any, ClassVar, Never, Self, TypedDict, TypeVar
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

# Seconds: a year of hourly readings may take a minute to begin, a connection must not.
TIMEOUT = httpx.Timeout(60, connect=10)
# A year of hourly readings of ten services is 36 MB.
MAX_BYTES = 512 * 2**20
# Ways to compress that httpx undoes in bounded pieces, so that `max_bytes` holds.
ENCODINGS = ("gzip", "deflate")
# The longest pause before a retry in seconds, whatever the server asks for.
LONGEST_WAIT = 60

_captured: ContextVar[list[httpx.Response] | None] = ContextVar("captured", default=None)


class RequestOptions(TypedDict, total=False):
    """What one call may have otherwise than the client.

    Attributes:
        timeout: Seconds that connecting, sending or waiting for more of an answer may take.
        headers: Headers to send with the request.
        retries: How often to repeat the request. What is not safe to repeat is never repeated.

    """

    timeout: float | httpx.Timeout
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
        return re.fullmatch(r"[!-~]+", self._token) is not None

    def redact(self, text: str) -> str:
        """Take out the token; a server may echo it, also escaped as JSON, and errors get logged."""
        escaped = json.dumps(self._token)[1:-1]
        forms = (escaped.replace("/", r"\/"), escaped, self._token)
        return re.sub("|".join(map(re.escape, forms)), "[token]", text)

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
        self.options = options
        retries = options.get("retries", client._retries)
        self.retries = _checked_retries(retries) if self.operation["safe"] else 0
        self.arguments = {
            name: client._argument(name, self.operation["arguments"][name][2], value)
            for name, value in arguments.items()
            if value is not UNSET
        }

    def request(self, **changed: Any) -> httpx.Request:
        """Build the request, some arguments changed; None takes one away."""
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

    def no_answer(self, request: httpx.Request, error: httpx.RequestError) -> TransportError:
        kind = TransportError
        if isinstance(error, httpx.TimeoutException):
            kind = RequestTimeoutError
        elif isinstance(error, httpx.NetworkError | httpx.RemoteProtocolError | httpx.ProxyError):
            kind = ConnectionFailedError
        reason = self.client._auth.redact(f"{type(error).__name__}: {error}")
        return kind(self.operation["id"], request.method, str(request.url), reason)

    def answer(self, response: httpx.Response, content: bytearray | None) -> Any:
        """Return what the method returns, or the error that it raises; `content` is None when it is too large.

        Raising is left to the caller: a traceback must not keep the content, nor show it, as it may echo the token.
        """
        if (captured := _captured.get()) is not None:
            captured.append(_copy(response, content or b""))
        status = str(response.status_code)
        patterns = (status, f"{status[0]}XX", "default")
        returns = self.operation["returns"]
        documented = any(pattern in returns or pattern in self.operation["errors"] for pattern in patterns)
        about = (
            self.operation["id"],
            response.request.method,
            str(response.request.url),
            response.status_code,
            httpx.Headers([(name, self.client._auth.redact(value)) for name, value in response.headers.multi_items()]),
        )
        if content is None:
            return ResponseTooLargeError(*about, None, documented)
        for pattern in patterns:
            if pattern in returns:
                try:
                    zone = self.client.time_zone if self.client._aware else None
                    return decode(_type(self.client.api, returns[pattern]), content, zone)
                except Misfit as misfit:
                    body = self._body(content)
                    found = _show(body, misfit.path) if misfit.found is None else self.client._auth.redact(misfit.found)
                    return ContractError(*about, body, documented, misfit.path, misfit.expected, found)
        return _error(response.status_code, documented)(*about, self._body(content), documented)

    def _body(self, content: bytearray) -> Any:
        text = self.client._auth.redact(content.decode("utf-8", "replace"))
        try:
            return json.loads(text)
        except (RecursionError, ValueError):
            return text


class _Base:
    """What does not wait, and so is the same for both clients."""

    api: ClassVar[str]
    operations: ClassVar[Mapping[str, Operation]]
    _http: httpx.Client | httpx.AsyncClient
    _auth: _Bearer
    _retries: int
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
        if not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", base_url):
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

    def _argument(self, name: str, kind: Any, value: Any) -> Any:
        """Return a value as the wire has it, or say what is wrong with it."""
        if hasattr(value, "tolist"):  # a scalar or array of numpy, a column of pandas
            value = value.tolist()
        if kind is datetime.datetime:
            return self._timestamp(name, value)
        if isinstance(value, tuple | set | frozenset | range):
            value = list(value)
        try:
            msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            wanted = kind.__name__ if isinstance(kind, type) else str(kind).replace("typing.", "")
            message = f"{name} must be {wanted}, not {value!r}"
            raise (ValueError if "enum" in str(error) else TypeError)(message) from None
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"{name} must be a finite number, not {value!r}")
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
        return (value.astimezone(self.time_zone).replace(tzinfo=None) if value.tzinfo else value).isoformat()

    def _call(self, name: str, arguments: Mapping[str, Any], options: RequestOptions | None) -> _Call:
        if self._http.is_closed:
            raise RuntimeError(f"this {type(self).__name__} is closed: make a new one")
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
        retries: int = 2,
        aware: bool = False,
        max_bytes: int = MAX_BYTES,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        # A traceback with local variables must not show it.
        self._auth, token = _bearer(self.api, token), None
        self._retries, self._aware, self._max_bytes = _checked_retries(retries), aware, max_bytes
        self._sleep: Callable[[float], None] = time.sleep
        self._http = httpx.Client(**self._settings(base_url), timeout=timeout, transport=transport)

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
        def attempt() -> Any:
            try:
                response = self._http.send(request, stream=True)
                try:
                    answer = call.answer(response, self._read(response))
                finally:
                    response.close()
            except httpx.RequestError as error:
                raise call.no_answer(request, error) from error
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

        return tenacity.Retrying(sleep=self._sleep, **_retry_policy(call.retries))(again)

    def _read(self, response: httpx.Response) -> bytearray | None:
        content = _buffer(response)
        for chunk in response.iter_bytes():
            content += chunk
            if len(content) > self._max_bytes:
                return None
        return content

    def windows(
        self,
        method: Callable[..., Iterable[Item]],
        *,
        from_: datetime.date,
        to: datetime.date,
        window: Unit | datetime.timedelta = "month",
        workers: int = 4,
        **arguments: Any,
    ) -> Generator[Window[Item], None, None]:
        """Call a method of this client window by window; see `contrato.core.windows.windows`."""
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
        retries: int = 2,
        aware: bool = False,
        max_bytes: int = MAX_BYTES,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._auth, token = _bearer(self.api, token), None
        self._retries, self._aware, self._max_bytes = _checked_retries(retries), aware, max_bytes
        self._sleep: Callable[[float], Awaitable[None]] = _asleep
        self._http = httpx.AsyncClient(**self._settings(base_url), timeout=timeout, transport=transport)

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
        async def attempt() -> Any:
            try:
                response = await self._http.send(request, stream=True)
                try:
                    answer = call.answer(response, await self._read(response))
                finally:
                    await response.aclose()
            except httpx.RequestError as error:
                raise call.no_answer(request, error) from error
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

        return await tenacity.AsyncRetrying(sleep=self._sleep, **_retry_policy(call.retries))(again)

    async def _read(self, response: httpx.Response) -> bytearray | None:
        content = _buffer(response)
        async for chunk in response.aiter_bytes():
            content += chunk
            if len(content) > self._max_bytes:
                return None
        return content

    def windows(
        self,
        method: Callable[..., AsyncIterable[Item] | Awaitable[Iterable[Item]]],
        *,
        from_: datetime.date,
        to: datetime.date,
        window: Unit | datetime.timedelta = "month",
        workers: int = 4,
        **arguments: Any,
    ) -> AsyncGenerator[Window[Item], None]:
        """Call a method of this client window by window; see `contrato.core.windows.async_windows`."""
        from contrato.core.windows import async_windows

        return async_windows(method, from_=from_, to=to, window=window, workers=workers, **arguments)

    async def close(self) -> None:
        """Close the connections. A closed client cannot send any more."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def _buffer(response: httpx.Response) -> bytearray:
    """Return what to read an answer into; not if it is compressed twice, when a small piece can fill the memory."""
    encoding = response.headers.get("Content-Encoding", "identity").lower()
    if encoding not in ("identity", *ENCODINGS):
        raise httpx.DecodingError(f"Content-Encoding is {encoding}, accepted are {', '.join(ENCODINGS)}")
    return bytearray()


def _bearer(api: str, token: str | None) -> _Bearer:
    return _Bearer(os.environ.get(f"{api.upper()}_TOKEN", "") if token is None else token)


def _checked_retries(retries: int) -> int:
    if isinstance(retries, bool) or not isinstance(retries, int) or retries < 0:
        raise ValueError(f"retries must be 0 or a positive whole number, not {retries!r}")
    return retries


async def _asleep(seconds: float) -> None:
    import asyncio

    await asyncio.sleep(seconds)


def _passes(error: BaseException) -> bool:
    """Whether an error may not come again."""
    return isinstance(error, ConnectionFailedError | RequestTimeoutError | RateLimitError | ServerError)


def _retry_policy(retries: int) -> dict[str, Any]:
    """Return tenacity's arguments: when to try again, how often, and after how long."""
    import tenacity

    backoff = tenacity.wait_random_exponential(multiplier=0.5, min=0.1, max=8)

    def wait(state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, ResponseError) else None
        return min(LONGEST_WAIT, max(asked or 0.0, backoff(state)))

    return {
        "stop": tenacity.stop_after_attempt(1 + retries),
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


def _copy(response: httpx.Response, content: bytes | bytearray) -> httpx.Response:
    """Make a response that can be read anew, and whose request does not hold the token."""
    request = httpx.Request(response.request.method, response.request.url, content=response.request.content)
    request.headers.update({k: v for k, v in response.request.headers.items() if k != "authorization"})
    headers = [(k, v) for k, v in response.headers.multi_items() if k not in ("content-encoding", "transfer-encoding")]
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
