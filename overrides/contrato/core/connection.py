"""Settings of connections, the same for clients, the command and the suite, whichever HTTP library they use.

Each comes from an argument, else from a variable of the environment: `NEU_CA_BUNDLE` is `ca_bundle` for NEU.
"""

from __future__ import annotations

import base64
import binascii
import functools
import os
import re
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import attrs

if TYPE_CHECKING:
    from contrato.core.spec import Api

# Variables that HTTP libraries read, the first one that is set counts; here for both libraries alike.
CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
SCHEMES = ("http", "https", "socks5", "socks5h")
# Headers that belong to the token and to the length of a request.
OURS = ("authorization", "content-length", "transfer-encoding")
# Headers whose values are no secrets; those of all others are.
HARMLESS = ("accept", "accept-encoding", "accept-language", "cache-control", "content-type", "user-agent")
# Characters of the shortest part of a header that is a secret by itself.
TELLING = 8


class Headers(dict[str, str]):
    """Headers whose `repr` shows names only: tracebacks may show local variables."""

    def __repr__(self) -> str:
        return f"<headers {', '.join(self)}>"


def _without_user(proxy: str | None) -> str:
    return repr(proxy and re.sub(r"^([\w+.-]+://)?.*@", r"\1", proxy))


@attrs.frozen(kw_only=True)
class Connection:
    """Settings of the connections to one server. Its `repr` shows no secret.

    Attributes:
        headers: Headers to send with every request.
        ca_bundle: File or directory with the certificates to trust; None for those of the library.
        client_cert: PEM file with our certificate and its key; None for none.
        insecure: True accepts any certificate.
        proxy: URL of the proxy; None for none.
        timeout: Seconds that connecting, sending, or waiting for more of an answer may take; None for the default.

    """

    headers: Mapping[str, str] = attrs.field(factory=Headers, converter=Headers)
    ca_bundle: str | None = None
    client_cert: str | None = None
    insecure: bool | None = None
    proxy: str | None = attrs.field(default=None, repr=_without_user)
    timeout: float | None = None

    def resolve(self, api: Api, base_url: str) -> Connection:
        """Take what is None from the environment, and headers from both. Empty text stays for none.

        Args:
            api: The API.
            base_url: URL of the server, to which the environment may name a proxy.

        Raises:
            ValueError: A setting cannot be used. The message begins with the name of its attribute or variable, and
                quotes no secret.

        """
        check_headers("headers", self.headers)
        name = api.variable("headers")
        ours = {header.lower() for header in self.headers}
        further = parse_headers(name, os.environ.get(name, "").splitlines())
        headers = {header: value for header, value in further.items() if header.lower() not in ours}
        timeout = self._take(api, "timeout")
        return Connection(
            headers={**headers, **self.headers},
            ca_bundle=_file(*self._take(api, "ca_bundle", *CERTIFICATES), _trust),
            client_cert=_file(*self._take(api, "client_cert"), _present),
            insecure=_flag(*self._take(api, "insecure")),
            proxy=_proxy(*self._take(api, "proxy")) if self._take(api, "proxy")[1] is not None else _usual(base_url),
            timeout=None if timeout[1] is None else _seconds(*timeout),
        )

    def _take(self, api: Api, setting: str, *others: str) -> tuple[str, Any]:
        """Return the name of the attribute or variable that sets this, and the value; None if there is none."""
        if (value := getattr(self, setting)) is not None:
            return setting, value
        name = next((name for name in (api.variable(setting), *others) if os.environ.get(name)), setting)
        return name, os.environ.get(name)

    @property
    def secrets(self) -> frozenset[str]:
        """Texts that no report, error or log may show."""
        found = secrets(self.headers)
        parts = urlsplit(self.proxy or "")
        if parts.username or parts.password:
            user, password = unquote(parts.username or ""), unquote(parts.password or "")
            # A key may stand in place of the user, without a password.
            secret = {password, parts.password} if password else {user, parts.username}
            found |= {*filter(None, secret), base64.b64encode(f"{user}:{password}".encode()).decode()}
        return found

    @property
    def context(self) -> ssl.SSLContext:
        """A context of TLS with these certificates."""
        if self.insecure:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        else:
            # Others share what `_trust` gives, so it must not get our certificate.
            context = (_trust if self.client_cert is None else _read)(self.ca_bundle)
        if self.client_cert is not None:
            _present(self.client_cert, context)
        return context


def parse_headers(origin: str, lines: Iterable[str]) -> Headers:
    """Return the headers of lines like `X-Api-Key: $NAME`, with the value of that variable; `$$` is a dollar sign.

    Args:
        origin: Name of the argument or variable, for errors.
        lines: The lines; empty ones are ignored.

    Raises:
        ValueError: A line is no header, or names a variable that is not set. The message does not quote values.

    """
    found = Headers()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        name, colon, value = line.partition(":")
        if not colon:
            raise ValueError(f"{origin}: line {number} is no header such as `X-Api-Key: $NAME`: no colon is in it")
        try:
            found[name.strip()] = Template(value.strip()).substitute(os.environ)
        except KeyError as error:
            raise ValueError(
                f"{origin}: {name.strip()} takes its value from the environment, and {error} is not set"
            ) from None
        except ValueError:
            raise ValueError(
                f"{origin}: {name.strip()} has a dollar sign before something else than a name: write $$ for the sign"
            ) from None
    check_headers(origin, found)
    return found


def check_headers(origin: str, headers: Mapping[str, str]) -> None:
    """Refuse headers that cannot be sent, or that are ours. The error does not quote values: one may be a secret.

    Raises:
        ValueError: There is such a header.

    """
    for name in headers:
        if not isinstance(name, str) or not re.fullmatch(r"[!#-'*+.^-z|~0-9A-Z-]+", name):
            raise ValueError(f"{origin}: {name!r} is not a valid name of a header")
        if name.lower() in OURS:
            why = "from its token" if name.lower() == "authorization" else "itself"
            raise ValueError(f"{origin}: the client sets the header {name.title()} {why}: remove it")
        if not _sendable(headers[name]):
            raise ValueError(f"{origin}: the header {name} must be ASCII text without line breaks or spaces around it")


def _sendable(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"([!-~]([ -~\t]*[!-~])?)?", value) is not None


def secrets(headers: Mapping[str, str]) -> frozenset[str]:
    """Return the values of headers, and the parts of them, that are secrets; each may be echoed by itself."""
    return frozenset(
        secret
        for name, value in headers.items()
        if name.lower() not in HARMLESS
        for secret in (value, *_parts(value))
        if len(secret) >= TELLING // 2
    )


def _parts(value: str) -> Iterator[str]:
    words = re.split(r"[\s;,]+", value)
    yield from (part for word in words for part in (word, word.partition("=")[2]) if len(part) >= TELLING)
    if words[0].lower() == "basic":
        try:
            both = base64.b64decode(words[-1], validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return
        yield from (both, both.partition(":")[2])


def _trust(path: str | None) -> ssl.SSLContext:
    return _read_once(path, 0 if path is None else os.stat(path).st_mtime_ns)


@functools.lru_cache(maxsize=8)
def _read_once(path: str | None, changed: int) -> ssl.SSLContext:
    # The certificates of a system are many: reading them takes longer than a call.
    return _read(path)


def _read(path: str | None) -> ssl.SSLContext:
    if path is None:
        import httpx  # late: the suite uses another library

        return httpx.create_ssl_context(trust_env=False)
    is_folder = Path(path).is_dir()
    return ssl.create_default_context(cafile=None if is_folder else path, capath=path if is_folder else None)


def _present(path: str, context: ssl.SSLContext | None = None) -> None:
    def password() -> NoReturn:
        # Otherwise OpenSSL would ask for it on the terminal.
        raise ValueError("its key has a password: decrypt it with openssl")

    (context or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)).load_cert_chain(path, password=password)


def _file(origin: str, path: Any, load: Callable[[str], object]) -> str | None:
    if not path:
        return None
    try:
        load(os.fspath(path))
    except (OSError, TypeError, ValueError) as error:  # and ssl.SSLError
        reason = (isinstance(error, OSError) and error.strerror) or error
        raise ValueError(f"{origin}: cannot use {path}: {reason}") from None
    return str(path)


def _flag(origin: str, value: Any) -> bool:
    text = str(value or "").lower()
    if text not in ("", "0", "false", "no", "1", "true", "yes"):
        raise ValueError(f"{origin}: must be 1 or 0, not {value!r}")
    return text in ("1", "true", "yes")


def _seconds(origin: str, value: Any) -> float:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = 0.0
    # Sockets refuse timeouts of several hundred years.
    if not 0 < seconds < 1e9:
        raise ValueError(f"{origin}: must be a number of seconds above 0, not {value!r}")
    return seconds


def _proxy(origin: str, proxy: str) -> str | None:
    if not proxy:
        return None
    url = proxy if "://" in proxy else f"http://{proxy}"
    if _usable(url):
        return url
    # The URL may have a password: the message does not quote it, and it is no local variable.
    url = proxy = ""
    raise ValueError(f"{origin}: must be the URL of a proxy, such as http://host:3128 or socks5://host:1080")


def _usable(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in SCHEMES and bool(parts.hostname) and parts.port != 0 and not re.search(r"\s", url)
    except ValueError:
        return False


def _usual(base_url: str) -> str | None:
    """Return the proxy that the environment has for all programs."""
    parts = urlsplit(base_url)
    if proxy_bypass(parts.hostname or "") or proxy_bypass(parts.netloc):
        return None
    found = [name for name in PROXIES if os.environ.get(name) or os.environ.get(name.lower())]
    return _proxy(" or ".join(found) or "proxy", getproxies().get(parts.scheme) or getproxies().get("all") or "")
