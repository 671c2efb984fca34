"""The settings of a client and of one call, checked when they are given."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar
from urllib.request import getproxies, proxy_bypass

import httpx

if TYPE_CHECKING:
    from contrato.core.spec import Api

Made = TypeVar("Made")

# Seconds: a year of hourly readings may take a minute to begin, a connection must not.
TIMEOUT = httpx.Timeout(60, connect=10)
# Seconds in all for a call, or for each page of a list.
DEADLINE = 600.0
# A year of hourly readings of ten services is 36 MB.
MAX_BYTES = 512 * 2**20
RETRIES = 2
# Variables that httpx makes a connection by, beside what it is told.
ENVIRONMENT = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")


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


def check_options(options: RequestOptions) -> None:
    """Refuse options that no call can have.

    Raises:
        TypeError: An option is unknown.
        ValueError: A value cannot be used.

    """
    if unknown := options.keys() - RequestOptions.__annotations__.keys():
        known = ", ".join(RequestOptions.__annotations__)
        raise TypeError(f"no option {', '.join(sorted(unknown))}: give {known}")
    if "timeout" in options:
        checked_timeout(options["timeout"])
    if "deadline" in options:
        checked_deadline(options["deadline"])
    if "retries" in options:
        checked_retries(options["retries"])
    # Values are not quoted: one may be a secret.
    for name, value in options.get("headers", {}).items():
        if not isinstance(name, str) or not re.fullmatch(r"[!#-'*+.^-z|~0-9A-Z-]+", name):
            raise ValueError(f"options: no header can be named {name!r}")
        if name.lower() == "authorization":
            raise ValueError("options: the header Authorization is made of the token, which is the client's")
        if not isinstance(value, str) or not re.fullmatch(r"([!-~]([ -~\t]*[!-~])?)?", value):
            raise ValueError(f"options: the header {name} must be ASCII text, without line ends and spaces around it")


def checked_retries(retries: int) -> int:
    """Return a number of retries.

    Raises:
        ValueError: It is none.

    """
    if isinstance(retries, bool) or not isinstance(retries, int) or retries < 0:
        raise ValueError(f"retries must be 0 or a positive whole number, not {retries!r}")
    return retries


def checked_max_bytes(max_bytes: int) -> int:
    """Return a size.

    Raises:
        ValueError: It is none.

    """
    if isinstance(max_bytes, bool) or not isinstance(max_bytes, int) or max_bytes < 1:
        raise ValueError(f"max_bytes must be a whole number above 0, not {max_bytes!r}")
    return max_bytes


def checked_deadline(deadline: float | None) -> float | None:
    """Return a deadline.

    Raises:
        ValueError: It is none.

    """
    if deadline is not None and not _seconds(deadline):
        raise ValueError(f"deadline must be a number of seconds above 0, or None for no end, not {deadline!r}")
    return deadline


def checked_timeout(timeout: float | httpx.Timeout) -> float | httpx.Timeout:
    """Return a timeout.

    Raises:
        ValueError: It is none.

    """
    parts = timeout.as_dict().values() if isinstance(timeout, httpx.Timeout) else [timeout]
    if not all(part is None or _seconds(part) for part in parts):
        raise ValueError(f"timeout must be a number of seconds above 0 or an httpx.Timeout of such, not {timeout!r}")
    return timeout


def _seconds(value: Any) -> bool:
    # Sockets take no more than some hundred years.
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e9


def checked_base_url(api: Api, base_url: str | None) -> httpx.URL:
    """Return the base URL, with a slash at its end. The caller comes before the environment, and that before the spec.

    Raises:
        ValueError: The base URL cannot be used.

    """
    variable = f"{api.name.upper()}_BASE_URL"
    base_url = base_url or os.environ.get(variable) or api.server_url
    if not _usable_url(base_url):
        raise ValueError(
            f"no usable base URL: pass base_url=... or set {variable} "
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
            "User-Agent": f"contrato/{_version()}",
        }
    )


def connect(make: Callable[..., Made], url: httpx.URL) -> Made:
    """Make a transport of httpx to a server, through the proxy that the environment names.

    Raises:
        ValueError: The environment has settings that it cannot use; the message names them.

    """
    direct = proxy_bypass(url.host) or proxy_bypass(url.netloc.decode())
    proxies = {} if direct else getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    try:
        return make(proxy=proxy if proxy is None or "://" in proxy else f"http://{proxy}")
    except (ImportError, OSError, ValueError, httpx.InvalidURL) as error:
        found = [name for name in ENVIRONMENT if os.environ.get(name) or os.environ.get(name.lower())]
        if not found:
            raise
        raise ValueError(
            f"no connection can be made as the environment says: correct or unset {' or '.join(found)}: "
            f"{type(error).__name__}: {error}"
        ) from error


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


@functools.cache
def _version() -> str:
    from importlib.metadata import version

    return version("contrato")
