"""How a generated client sends a request and reads the answer."""

import datetime
import json
import os
import re
from collections.abc import Collection, Iterable, Mapping
from types import NoneType
from typing import Any, ClassVar, Self, TypeVar, get_args, get_origin
from urllib.parse import quote

import httpx

from contrato.core import spec
from contrato.core.errors import (
    AuthenticationError,
    DecodeError,
    ResponseError,
    TransportError,
    UndocumentedStatusError,
    ValidationError,
)
from contrato.core.types import UNSET

T = TypeVar("T")

# Seconds: a year of hourly readings may take a minute to begin, a connection must not.
TIMEOUT = httpx.Timeout(60, connect=10)
NOTHING: Mapping[str, Any] = {}


class _Base:
    """What does not wait, and so is the same for both clients."""

    api: ClassVar[str]
    _http: httpx.Client | httpx.AsyncClient

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={str(self._http.base_url)!r})"

    def _settings(self, token: str | None, base_url: str | None) -> dict[str, Any]:
        """Return arguments for an httpx client. The caller comes before the environment, and that before the spec."""
        prefix = self.api.upper()
        token = os.environ.get(f"{prefix}_TOKEN", "") if token is None else token
        # httpx would quote a token that is no header value in its error.
        if not re.fullmatch(r"[!-~]+", token):
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
            "Authorization": f"Bearer {token}",
            "Accept": "application/json",
            "Content-Type": "application/json",
        }
        return {"base_url": base_url, "headers": headers}

    def _build(
        self,
        method: str,
        url: str,
        path: Mapping[str, Any],
        query: Mapping[str, Any],
        body: Mapping[str, Any] | None,
    ) -> httpx.Request:
        for name, value in path.items():
            # They would make the URL of another operation.
            if str(value) in ("", ".", ".."):
                raise ValueError(f"{name} must not be {str(value)!r}")
        return self._http.build_request(
            method,
            url.format_map({name: quote(str(value), safe="") for name, value in path.items()}),
            params=_given(query),
            json=None if body is None else _given(body),
        )

    def _parse(
        self,
        response: httpx.Response,
        returns: Iterable[tuple[str, type[T]]],
        errors: Collection[str],
    ) -> T:
        types = dict(returns)
        status = str(response.status_code)
        patterns = (status, f"{status[0]}XX", "default")
        for pattern in patterns:
            if pattern in types:
                try:
                    decoded: T = _decode(types[pattern], response)
                    return decoded
                except KeyError as error:
                    raise DecodeError(*_details(response), f"field {error} is missing") from error
                except (AttributeError, RecursionError, TypeError, ValueError) as error:
                    raise DecodeError(*_details(response), f"{type(error).__name__}: {error}") from error
        if status == "401":
            raise AuthenticationError(*_details(response))
        if status == "422":
            raise ValidationError(*_details(response))
        if any(pattern in errors for pattern in patterns):
            raise ResponseError(*_details(response))
        raise UndocumentedStatusError(*_details(response))


class Client(_Base):
    """Base of the generated clients; `api` says which."""

    _http: httpx.Client

    def __init__(
        self,
        token: str | None = None,
        base_url: str | None = None,
        *,
        timeout: float | httpx.Timeout = TIMEOUT,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        settings = self._settings(token, base_url)
        self._http = httpx.Client(**settings, timeout=timeout, transport=transport)

    def _request(
        self,
        method: str,
        url: str,
        *,
        returns: Iterable[tuple[str, type[T]]],
        errors: Collection[str],
        path: Mapping[str, Any] = NOTHING,
        query: Mapping[str, Any] = NOTHING,
        body: Mapping[str, Any] | None = None,
    ) -> T:
        """Send one request and decode its answer.

        Args:
            method: HTTP method.
            url: Path of the operation, with a `{name}` for each of `path`.
            returns: For each documented success, a status or `2XX`, the type to decode the body into.
            errors: The other documented statuses, also `4XX` or `default`.
            path: Path parameters by the name in `url`.
            query: Query parameters by wire name; those that are UNSET are not sent.
            body: JSON properties by wire name; those that are UNSET are not sent. None sends no body.

        Returns:
            What `returns` promises for the status of the answer.

        Raises:
            TransportError: No answer came.
            ResponseError: The status is not in `returns`, or the body does not fit.

        """
        request = self._build(method, url, path, query, body)
        try:
            response = self._http.send(request)
        except httpx.RequestError as error:
            raise _no_answer(request, error) from error
        return self._parse(response, returns, errors)

    def close(self) -> None:
        """Close the connections. A closed client cannot send any more."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncClient(_Base):
    """Base of the generated clients for asyncio; `api` says which."""

    _http: httpx.AsyncClient

    def __init__(
        self,
        token: str | None = None,
        base_url: str | None = None,
        *,
        timeout: float | httpx.Timeout = TIMEOUT,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        settings = self._settings(token, base_url)
        self._http = httpx.AsyncClient(**settings, timeout=timeout, transport=transport)

    async def _request(
        self,
        method: str,
        url: str,
        *,
        returns: Iterable[tuple[str, type[T]]],
        errors: Collection[str],
        path: Mapping[str, Any] = NOTHING,
        query: Mapping[str, Any] = NOTHING,
        body: Mapping[str, Any] | None = None,
    ) -> T:
        """Do what `Client._request` does."""
        request = self._build(method, url, path, query, body)
        try:
            response = await self._http.send(request)
        except httpx.RequestError as error:
            raise _no_answer(request, error) from error
        return self._parse(response, returns, errors)

    async def close(self) -> None:
        """Close the connections. A closed client cannot send any more."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    """Drop what was not given, and write timestamps as the wire has them."""
    return {
        name: value.isoformat() if isinstance(value, datetime.datetime) else value
        for name, value in values.items()
        if value is not UNSET
    }


def _decode(kind: Any, response: httpx.Response) -> Any:
    return None if kind is NoneType else _convert(kind, response.json())


def _convert(kind: Any, data: Any) -> Any:
    """Make a model, or a list of them, of parsed JSON."""
    if get_origin(kind) is list:
        if not isinstance(data, list):
            raise TypeError(f"expected an array, found {type(data).__name__}")
        (item,) = get_args(kind)
        return [_convert(item, element) for element in data]
    if not isinstance(data, dict):
        raise TypeError(f"expected an object, found {type(data).__name__}")
    return kind.from_dict(data)


def _details(response: httpx.Response) -> tuple[int, Any, httpx.Headers, str, str]:
    """Return the arguments of a `ResponseError`."""
    request = response.request
    token = request.headers["Authorization"].removeprefix("Bearer ")
    # A server may echo the token, and errors get logged.
    text = response.content.decode("utf-8", "replace").replace(token, "[token]")
    try:
        body = json.loads(text)
    except (RecursionError, ValueError):
        body = text
    return response.status_code, body, response.headers, request.method, str(request.url)


def _no_answer(request: httpx.Request, error: httpx.RequestError) -> TransportError:
    return TransportError(request.method, str(request.url), f"{type(error).__name__}: {error}")
