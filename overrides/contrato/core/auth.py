"""The bearer token and other secrets: every request sends them, no text shows them."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterable
from typing import Never

import httpx

from contrato.core.connection import HARMLESS, TELLING
from contrato.core.forks import loading


class Bearer:
    """Holds the token and other secrets: neither `repr` nor a traceback shows them.

    Args:
        variable: Environment variable with the token, if none is given.
        token: The token, or None.
        others: Other secrets that requests send.

    """

    def __init__(self, variable: str, token: str | None, others: Iterable[str] = ()) -> None:
        self._variable = variable
        self._token = os.environ.get(variable, "") if token is None else token
        self._others = frozenset(others)

    def with_others(self, others: Iterable[str]) -> Bearer:
        """Return a copy with further secrets."""
        return Bearer(self._variable, self._token, self._others.union(others))

    def check(self) -> None:
        """Refuse a token that cannot be sent. The error does not show it.

        Raises:
            ValueError: The token is missing or cannot be sent.

        """
        # httpx would quote an invalid header value in its error.
        if not isinstance(self._token, str) or re.fullmatch(r"[!-~]+", self._token) is None:
            raise ValueError(
                f"no usable token: pass token=... or set {self._variable} to the token alone, "
                "without `Bearer`, spaces or line breaks"
            )

    def authorize(self, headers: httpx.Headers) -> None:
        """Add the token to headers, whose `repr` hides it."""
        headers["Authorization"] = f"Bearer {self._token}"

    def redact(self, text: str) -> str:
        """Replace the secrets in a text: a server may echo them, and errors get logged."""
        with loading:
            echo = self._echo
        return echo.sub(lambda found: "[token]" if found["token"] else "[secret]", text)

    @property
    def longest(self) -> int:
        """Maximum number of characters of an echo: in UTF-16, each one escaped."""
        return 12 * max(map(len, (self._token, *self._others)))

    @functools.cached_property
    def _echo(self) -> re.Pattern[str]:
        # Longer ones first: one may begin with another. Short ones may be ordinary words, and parts of others.
        others = (
            _forms(secret) if len(secret) >= TELLING else rf"\b{_forms(secret)}\b"
            for secret in sorted(self._others, key=len, reverse=True)
        )
        return re.compile("|".join((f"(?P<token>{_forms(self._token)})", *others)))

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


def without_secrets(request: httpx.Request) -> httpx.Request:
    """Return a copy of a request with those headers alone whose values are no secrets."""
    headers = [(name, value) for name, value in request.headers.raw if name.decode().lower() in (*HARMLESS, "host")]
    return httpx.Request(request.method, request.url, headers=headers, content=request.content)
