"""The token and other secrets: requests send them where the spec says, no text shows them."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Never

import httpx

from contrato.core.connection import HARMLESS
from contrato.core.forks import loading

if TYPE_CHECKING:
    from contrato.core.echoes import Cut
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
        """Replace the secrets in a text: a server may echo them, in any form, and errors get logged."""
        with loading:
            from contrato.core.echoes import Folded  # late: most programs see no error

            echoes = self._echoes
        folded = Folded(text)
        return folded.replaced((span, shown) for echo, shown in echoes for span in echo.spans(folded.text))

    @property
    def longest(self) -> int:
        """Maximum number of characters of an echo: in UTF-16, each one escaped."""
        return 12 * max(1, *map(len, (self._token, *self._others)))

    @functools.cached_property
    def _echoes(self) -> list[tuple[Cut, str]]:
        from contrato.core.echoes import Cut  # late, as above

        others = sorted(self._others, key=len, reverse=True)
        return [
            *((Cut(secret), "[token]") for secret in (self._token, self._token[::-1])),
            *((Cut(secret), "[secret]") for secret in others),
        ]

    def __reduce__(self) -> Never:
        raise TypeError("a token cannot be pickled")


def without_secrets(request: httpx.Request, auth: Token) -> httpx.Request:
    """Return a copy of a request with those headers alone whose values are no secrets, and without the token."""
    headers = [(name, value) for name, value in request.headers.raw if name.decode().lower() in (*HARMLESS, "host")]
    return httpx.Request(request.method, auth.shown(request.url), headers=headers, content=request.content)
