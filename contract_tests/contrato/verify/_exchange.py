"""One request and its answer, whoever sent it: the engine, a law, or a browser whose traffic was recorded; and what the
answers of a run have shown.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from difflib import SequenceMatcher
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from contrato.core import places
from contrato.core.spec import Api, Operation
from contrato.verify._json import MISSING, find, loaded, validator

Arguments = dict[tuple[str, str], Any]
"""Values of a request by `Parameter.key`, such as `("query", "_page")`; typed as JSON has them."""

HIDDEN = "[token]"
"""Stands for the token wherever an exchange had it."""

TELLING = 8
"""A token with fewer characters may be an ordinary word, which an answer has by chance."""


@dataclass(frozen=True)
class Exchange:
    """One request and its answer.

    Attributes:
        operation: What the spec calls it; None for a request that no operation answers.
        sender: Who asked: `discovery`, `schemathesis`, `recorded`, or the name of a law.
        path: Path below the base URL.
        request_headers: Without the token's value; names in lower case.
        headers: Of the answer; names in lower case. A repeated header is joined by `, `.
        content: Body of the answer, decompressed.
        started: When the request was sent, in UTC.
        seconds: From sending the request to having read the answer.
        token_echoed: Whether the answer had the token, which is `[token]` here.
    """

    operation: Operation | None
    sender: str
    method: str
    url: str
    path: str
    request_headers: Mapping[str, str]
    request_body: bytes
    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)
    started: datetime
    seconds: float
    token_echoed: bool = False

    @cached_property
    def json(self) -> Any:
        """The answer's JSON, or `MISSING` when it is none."""
        return loaded(self.content)

    @property
    def succeeded(self) -> bool:
        """Whether the status is 2XX."""
        return 200 <= self.status < 300

    @cached_property
    def query(self) -> list[tuple[str, str]]:
        """Names and values of the query string."""
        return parse_qsl(urlsplit(self.url).query, keep_blank_values=True)

    @cached_property
    def needed_headers(self) -> dict[str, str]:
        """Headers without which the request is another one: the token, the type of the body, and arguments."""
        known = self.operation.parameters if self.operation is not None else ()
        names = ("authorization", "content-type", *(f.name.lower() for f in known if f.place == "header"))
        return {name: self.request_headers[name] for name in names if name in self.request_headers}

    @property
    def sent(self) -> str:
        """What the request asks for, in its body or, without one, in its URL."""
        return self.request_body.decode("utf-8", "replace") or self.url

    @cached_property
    def repeated(self) -> set[str]:
        """Names in the query that are there more than once, and of which the operation takes one value."""
        known = self.operation.parameters if self.operation is not None else ()
        listed = {f.name for f in known if f.exploded and f.schema.items is not None}
        return {name for name, count in Counter(name for name, _ in self.query).items() if count > 1} - listed

    @cached_property
    def arguments(self) -> Arguments:
        """The values that the request gives to the operation's parameters, by `Parameter.key`."""
        if self.operation is None:
            return {}
        try:
            body = json.loads(self.request_body) if self.request_body else {}
        except (RecursionError, ValueError):
            body = {}
        return places.arguments(self.operation, self.path, self.query, self.request_headers, body)

    @cached_property
    def clear_arguments(self) -> Arguments:
        """The arguments that can be taken at their word: valid by the spec, given once, in a body that is declared
        JSON.
        """
        operation = self.operation
        if operation is None:
            return {}
        is_json = "json" in self.request_headers.get("content-type", "")
        found = {}
        for key, value in self.arguments.items():
            f = next(f for f in operation.parameters if f.key == key)
            clear = {
                "query": f.name not in self.repeated,
                "header": self.request_headers.get(f.name.lower(), "").isascii(),
                "body": is_json,
            }
            if clear.get(f.place, True) and validator(f.schema).is_valid(value):
                found[key] = value
        return found


class Secret:
    """A token, to be hidden in whatever is kept.

    Args:
        token: The token; empty when there is none to hide.
        sent: The `Authorization` header of the request: a token that was altered on purpose gives the true one away.
    """

    def __init__(self, token: str, sent: str = "") -> None:
        self._token = _pattern(token)
        self._long = len(token) >= TELLING
        credentials = sent.rpartition(" ")[2]
        longest = SequenceMatcher(None, credentials.lower(), token.lower(), autojunk=False).find_longest_match()
        altered = credentials != token and longest.size >= TELLING
        self._altered = _pattern(credentials) if altered else None

    def hide(self, text: str) -> str:
        """The text with the token replaced."""
        for pattern in (self._token, self._altered):
            text = pattern.sub(HIDDEN, text) if pattern is not None else text
        return text

    def hide_in(self, content: bytes) -> bytes:
        """The body with the token replaced; a body without it comes back as it is, whatever its encoding."""
        # Latin 1 has a character for each byte, so that nothing else changes.
        return self.hide(content.decode("latin-1")).encode("latin-1")

    def is_in(self, *texts: str) -> bool:
        """Whether one of the texts has the token, and not only a word that happens to be the same."""
        return self._token is not None and self._long and any(self._token.search(text) for text in texts)


def _pattern(token: str) -> re.Pattern[str] | None:
    if not token:
        return None
    # As it is, in JSON that escapes slashes, and in a URL.
    forms = {token, token.replace("/", "\\/"), quote(token, safe="")}
    either = "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True))
    return re.compile(either if len(token) >= TELLING else rf"(?<!\w)(?:{either})(?!\w)")


class Coverage:
    """Counts answers, and what they have not shown yet: silence never passes.

    Attributes:
        successes: Number of 2xx answers, by operationId.
    """

    def __init__(self, spec: Api) -> None:
        self.successes: Counter[str] = Counter()
        self._unseen = {o.id: _must_see(o) for o in spec.operations.values()}

    def see(self, exchange: Exchange) -> None:
        """Take one exchange into account."""
        operation, answer = exchange.operation, exchange.json
        if operation is None or not exchange.succeeded:
            return
        self.successes[operation.id] += 1
        unseen = self._unseen[operation.id]
        if unseen and operation.schema(exchange.status) is not None and answer not in ([], {}, None, MISSING):
            unseen -= {at for at in unseen if find(answer, at)}

    def gap(self, operation: Operation) -> str | None:
        """What keeps the operation from being checked; `None` when its 2xx answers have shown all there is to see."""
        unseen = self._unseen[operation.id]
        if not self.successes[operation.id]:
            return "no request was answered with 2xx"
        if "" in unseen:
            return "no 2xx answer had the body that the spec describes"
        if unseen:
            return f"always empty: {', '.join(sorted(at.removesuffix('/*') or 'the list' for at in unseen))}"
        return None


def _must_see(operation: Operation) -> set[str]:
    """Pointers that some 2xx answer must have before the operation counts as checked; `""` is the answer itself."""
    schemas = [r.schema for r in operation.responses.values() if r.succeeded and r.schema is not None]
    return {"", *(f"{at}/*" for schema in schemas for at in schema.lists())} if schemas else set()
