"""The bearer token: every request sends it, no text shows it."""

from __future__ import annotations

import functools
import os
import re
from typing import Never

import httpx


class Bearer:
    """Holds the token: neither `repr` nor a traceback shows it.

    Args:
        variable: Environment variable with the token, if none is given.
        token: The token, or None.

    """

    def __init__(self, variable: str, token: str | None) -> None:
        self._variable = variable
        self._token = os.environ.get(variable, "") if token is None else token

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
        """Replace the token in a text: a server may echo it, and errors get logged."""
        return self._echo.sub("[token]", text)

    @functools.cached_property
    def _echo(self) -> re.Pattern[str]:
        # Each character in either case, literal or escaped as in JSON and URLs; null bytes of UTF-16 may stand between.
        def forms(character: str) -> str:
            cases = {character.lower(), character.upper()}
            plain = "".join(map(re.escape, sorted(cases)))
            codes = "|".join(sorted({form % ord(case) for case in cases for form in ("%02x", "%02X")}))
            return rf"(?:[{plain}]|\\(?:{re.escape(character)}|[uU]00(?:{codes}))|%(?:{codes}))"

        return re.compile("\0*".join(map(forms, self._token)))

    def __reduce__(self) -> Never:
        raise TypeError("a token cannot be pickled")


def without_token(request: httpx.Request) -> httpx.Request:
    """Return a copy of a request without its `Authorization`."""
    headers = [(name, value) for name, value in request.headers.raw if name.lower() != b"authorization"]
    return httpx.Request(request.method, request.url, headers=headers, content=request.content)
