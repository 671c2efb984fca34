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
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import msgspec

from contrato.verify._spec import MISSING, Field, Operation, Spec, find, lists

Arguments = dict[tuple[str, str], Any]
"""Values of a request by (location, name), such as `("query", "_page")`; typed as JSON has them."""

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
    def arguments(self) -> Arguments:
        """The values that the request gives to the operation's fields.

        Text of path and query is made an integer or a boolean where the spec has that type and the text is one. Names
        that the operation does not know are left out.
        """
        operation = self.operation
        if operation is None:
            return {}
        found: Arguments = {}
        named = operation.pattern_named.fullmatch(self.path)
        in_path = {k: unquote(v) for k, v in named.groupdict().items()} if named else {}
        in_query = dict(parse_qsl(urlsplit(self.url).query, keep_blank_values=True))
        try:
            body = json.loads(self.request_body) if self.request_body else {}
        except (RecursionError, ValueError):
            body = {}
        for f in operation.fields:
            if f.location == "path" and f.key in in_path:
                found["path", f.name] = _typed(f, in_path[f.key])
            elif f.location == "query" and f.name in in_query:
                found["query", f.name] = _typed(f, in_query[f.name])
            elif f.location == "body" and isinstance(body, dict) and f.name in body:
                found["body", f.name] = body[f.name]
        return found

    @cached_property
    def clear_arguments(self) -> Arguments:
        """The arguments that can be taken at their word: valid by the spec, given once, in a body that is declared
        JSON.
        """
        operation = self.operation
        if operation is None:
            return {}
        times = Counter(name for name, _ in parse_qsl(urlsplit(self.url).query, keep_blank_values=True))
        is_json = "json" in self.request_headers.get("content-type", "")
        found = {}
        for f in operation.fields:
            value = self.arguments.get((f.location, f.name), MISSING)
            clear = (f.location == "query" and times[f.name] == 1) or (f.location == "body" and is_json)
            if value is not MISSING and (clear or f.location == "path") and f.accepts(value):
                found[f.location, f.name] = value
        return found


def loaded(content: bytes) -> Any:
    """What a JSON text says, or `MISSING` when it is none."""
    try:
        return _DECODER.decode(content)
    except (RecursionError, ValueError):
        pass  # It is stricter than most readers: NaN, 1e999, UTF-16, half a surrogate.
    try:
        return json.loads(content)
    except (RecursionError, ValueError):
        return MISSING


def _number(text: str) -> float | int:
    """JSON has one kind of number: 41.0 is an identifier like 41, and has to be sent as one."""
    value = float(text)
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


_DECODER = msgspec.json.Decoder(float_hook=_number)


def _typed(f: Field, text: str) -> Any:
    kind = f.schema.get("type")
    if kind in ("integer", "number", "boolean"):
        try:
            value = json.loads(text)
        except ValueError:
            return text
        if isinstance(value, bool) == (kind == "boolean") and isinstance(value, int | float):
            return value
    return text


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

    def __init__(self, spec: Spec) -> None:
        self.successes: Counter[str] = Counter()
        self._unseen = {o.id: _must_see(o) for o in spec.operations.values()}

    def see(self, exchange: Exchange) -> None:
        """Take one exchange into account."""
        operation, answer = exchange.operation, exchange.json
        if operation is None or not exchange.succeeded:
            return
        self.successes[operation.id] += 1
        unseen = self._unseen[operation.id]
        if unseen and operation.schema(exchange.status) and answer not in ([], {}, None, MISSING):
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
    schemas = [schema for schema in operation.successes().values() if schema]
    return {"", *(f"{at}/*" for schema in schemas for at in lists(schema))} if schemas else set()
