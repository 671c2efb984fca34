"""Settings of a client and of a single call, and their checks."""

from __future__ import annotations

import functools
import os
import re
import ssl
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

import httpx

from contrato.core.connection import Connection, check_headers

if TYPE_CHECKING:
    from contrato.core.spec import Api

Made = TypeVar("Made")

# Seconds. A server may need a minute to prepare a year of hourly readings, but not to accept a connection.
TIMEOUT = httpx.Timeout(60, connect=10)
# Seconds for a whole call, or for each page of a list.
DEADLINE = 600.0
# A year of hourly readings of ten services has 36 MB.
MAX_BYTES = 512 * 2**20
RETRIES = 2


class RequestOptions(TypedDict, total=False):
    """Settings of one call, instead of those of the client.

    Attributes:
        timeout: Seconds that connecting, sending, or waiting for the next part of an answer may take.
        deadline: Seconds that the whole call may take, including retries, or each page of a list. None for no limit.
        headers: Headers to send with the request, without `Authorization`.
        retries: Maximum number of retries. Reads are retried; writes never are. If the server asks to wait for more
            than 60 seconds, the error is raised immediately: see its `retry_after`.

    """

    timeout: float | httpx.Timeout
    deadline: float | None
    headers: Mapping[str, str]
    retries: int


def _seconds(value: Any) -> bool:
    # Sockets refuse timeouts of several hundred years.
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e9


def _timeout(value: Any) -> bool:
    parts = value.as_dict().values() if isinstance(value, httpx.Timeout) else [value]
    return all(part is None or _seconds(part) for part in parts)


def _whole(least: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= least


# For each setting a function that is true for valid values, and their description.
_VALUES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "timeout": (_timeout, "a number of seconds above 0 or an httpx.Timeout of such"),
    "deadline": (lambda value: value is None or _seconds(value), "a number of seconds above 0, or None for no limit"),
    "retries": (_whole(0), "0 or a positive whole number"),
    "max_bytes": (_whole(1), "a whole number above 0"),
}


def check(**settings: Any) -> None:
    """Refuse invalid settings.

    Raises:
        ValueError: A setting has an invalid value.

    """
    for name, value in settings.items():
        is_valid, wanted = _VALUES[name]
        if not is_valid(value):
            raise ValueError(f"{name} must be {wanted}, not {value!r}")


def check_options(options: RequestOptions) -> None:
    """Refuse unknown options and invalid values.

    Raises:
        TypeError: An option is unknown.
        ValueError: An option has an invalid value.

    """
    if unknown := options.keys() - RequestOptions.__annotations__.keys():
        known = ", ".join(RequestOptions.__annotations__)
        raise TypeError(f"no option {', '.join(sorted(unknown))}: give {known}")
    check(**{name: value for name, value in options.items() if name != "headers"})
    check_headers("options", options.get("headers", {}))


def checked_base_url(api: Api, base_url: str | None) -> httpx.URL:
    """Return the base URL, with a final slash: that of the caller, else of the environment, else of the spec.

    Raises:
        ValueError: The base URL is invalid.

    """
    base_url = base_url or os.environ.get(api.base_url_variable) or api.server_url
    if not _usable_url(base_url):
        raise ValueError(
            f"no usable base URL: pass base_url=... or set {api.base_url_variable} "
            "to http(s)://host/path, without user, query or fragment"
        )
    return httpx.URL(f"{base_url.rstrip('/')}/")


def common_headers() -> httpx.Headers:
    """Return the headers of every request, without the token."""
    return httpx.Headers(
        {
            "Accept": "application/json",
            "Accept-Encoding": "gzip, deflate",
            "Content-Type": "application/json",
            "User-Agent": _user_agent(),
        }
    )


def connect(make: Callable[[ssl.SSLContext, str | None], Made], connection: Connection) -> Made:
    """Make a transport.

    Raises:
        ValueError: The proxy is of a kind for which a package is missing.

    """
    # httpcore says so with the first request.
    if (connection.proxy or "").startswith("socks") and find_spec("socksio") is None:
        raise ValueError(f"no connection through the proxy of {connection!r}: run `pip install httpx[socks]`")
    return make(connection.context, connection.proxy)


def _usable_url(url: Any) -> bool:
    if not isinstance(url, str) or not re.fullmatch(r"(?i:https?)://[^\s/?#@]+(/[^\s?#]*)?", url):
        return False
    try:
        parsed = httpx.URL(url)
        host = parsed.raw_host if parsed.host else b""
    except (httpx.InvalidURL, ValueError):  # and UnicodeError, of a host
        return False
    # The system refuses such labels when it looks the host up.
    labels = host.removesuffix(b".").split(b".")
    return all(0 < len(label) < 64 for label in labels) and 0 < (parsed.port or 80) < 2**16


@functools.cache
def _user_agent() -> str:
    from importlib.metadata import PackageNotFoundError, version  # late: importing a client does not need it

    try:
        return f"contrato/{version('contrato')}"
    except PackageNotFoundError:  # A copy of the files, or a bundle of an application.
        return "contrato"
