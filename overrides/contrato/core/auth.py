"""The token and other secrets: requests send them where the spec says, no text shows them."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Never

import httpx

from contrato.core.connection import HARMLESS, TELLING
from contrato.core.forks import loading

if TYPE_CHECKING:
    from contrato.core.spec import Api, SecurityScheme


class Token:
    """Holds the token and other secrets: neither `repr` nor a traceback shows them.

    Args:
        api: The API, which says where requests have the token, and names the environment variable with it.
        token: The token; None for that of the environment.
        others: Other secrets that requests send.

    """

    def __init__(self, api: Api, token: str | None, others: Iterable[str] = ()) -> None:
        self._api = api
        self._token = os.environ.get(api.token_variable, "") if token is None else token
        self._others = frozenset(others)

    def __bool__(self) -> bool:
        return bool(self._token)

    def with_others(self, others: Iterable[str]) -> Token:
        """Return a copy with further secrets."""
        return Token(self._api, self._token, self._others.union(others))

    def check(self) -> None:
        """Refuse a token that cannot be sent. The error does not show it.

        Raises:
            ValueError: The token is missing or cannot be sent.

        """
        if self._token == "" and not any(operation.needs_token for operation in self._api.operations.values()):
            return
        name = self._api.token_variable
        basic = next((scheme for scheme in self._api.credentials if scheme.is_basic), None)
        if basic is not None:
            if not isinstance(self._token, str) or ":" not in self._token or not self._token.isprintable():
                raise ValueError(f"no usable token: pass token=... or set {name} to user:password")
            coded = basic.written(self._token).partition(" ")[2]
            self._others |= {text for text in (self._token.partition(":")[2], coded) if text}
        # httpx would quote an invalid header value in its error.
        elif not isinstance(self._token, str) or re.fullmatch(r"[!-~]+", self._token) is None:
            raise ValueError(
                f"no usable token: pass token=... or set {name} to the token alone, "
                "without `Bearer`, spaces or line breaks"
            )

    def written(self, scheme: SecurityScheme) -> str:
        """Return the token as a request has it."""
        return scheme.written(self._token)

    def shown(self, url: httpx.URL) -> str:
        """Return a URL for logs and errors, without the token."""
        return self.redact(str(url)) if any(one.place == "query" for one in self._api.credentials) else str(url)

    def redact(self, text: str) -> str:
        """Replace the secrets in a text: a server may echo them, and errors get logged."""
        with loading:
            echo = self._echo
        return echo.sub(lambda found: "[token]" if found["token"] else "[secret]", text)

    @property
    def longest(self) -> int:
        """Maximum number of characters of an echo: in UTF-16, each one escaped."""
        return 12 * max(1, *map(len, (self._token, *self._others)))

    @functools.cached_property
    def _echo(self) -> re.Pattern[str]:
        # Longer ones first: one may begin with another. Short ones may be ordinary words, and parts of others.
        others = (
            _forms(secret) if len(secret) >= TELLING else rf"\b{_forms(secret)}\b"
            for secret in sorted(self._others, key=len, reverse=True)
        )
        # Without a token nothing is one.
        token = _forms(self._token) if self._token else "(?!)"
        return re.compile("|".join((f"(?P<token>{token})", *others)))

    def __reduce__(self) -> Never:
        raise TypeError("a token cannot be pickled")


def _forms(secret: str) -> str:
    """Return a pattern: each character in either case, literal or escaped as in JSON and URLs.

    Null bytes of UTF-16 may stand between.
    """

    def forms(character: str) -> str:
        cases = {character.lower(), character.upper()}
        plain = "".join(map(re.escape, sorted(cases)))
        codes = "|".join(sorted({form % ord(case) for case in cases for form in ("%02x", "%02X")}))
        return rf"(?:[{plain}]|\\(?:{re.escape(character)}|[uU]00(?:{codes}))|%(?:{codes}))"

    return "\0*".join(map(forms, secret))


def without_secrets(request: httpx.Request, auth: Token) -> httpx.Request:
    """Return a copy of a request with those headers alone whose values are no secrets, and without the token."""
    headers = [(name, value) for name, value in request.headers.raw if name.decode().lower() in (*HARMLESS, "host")]
    return httpx.Request(request.method, auth.shown(request.url), headers=headers, content=request.content)
