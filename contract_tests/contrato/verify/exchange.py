"""One request and its answer, whoever sent it: the engine, a law, or a browser whose traffic was recorded."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from contrato.core import places
from contrato.core.spec import Operation
from contrato.verify.documents import loaded, validator

Arguments = dict[tuple[str, str], Any]
"""Values of a request by `Parameter.key`, such as `("query", "_page")`; typed as JSON has them."""

PROXY = frozenset({407, 408, 502, 503, 504, 511, *range(520, 531)})
"""Statuses of what is between us and a server: a proxy that does not reach it, or a network that wants a log-in."""

LOCKED_OUT = (401, 403)
"""Statuses of a token that is valid no more, or whose requests are spent."""


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
    def may_be_anothers(self) -> bool:
        """True if the answer may be of something in between, or be about the token and not about the request."""
        return self.is_foreign or self.status in LOCKED_OUT

    @property
    def is_foreign(self) -> bool:
        """True if the answer may be of something in between: a gateway's error, a redirect, or a web page."""
        is_page = self.succeeded and self.is_text and "html" in self.headers["content-type"].lower()
        return self.status in PROXY or 300 <= self.status < 400 or is_page

    @property
    def is_text(self) -> bool:
        """True if the answer calls itself text, as the error pages of gateways do."""
        return self.headers.get("content-type", "").lower().startswith("text/")

    @property
    def succeeded(self) -> bool:
        """True if the status is 2XX."""
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
        """The body of the request or, without one, its URL."""
        return self.request_body.decode("utf-8", "replace") or self.url

    @cached_property
    def repeated(self) -> set[str]:
        """Names in the query that are there more than once, and of which the operation takes one value."""
        repeated = {name for name, count in Counter(name for name, _ in self.query).items() if count > 1}
        known = self.operation.parameters if self.operation is not None and repeated else ()
        return repeated - {f.name for f in known if f.exploded and f.schema.items is not None}

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
            f = operation.keys[key]
            clear = {
                "query": f.name not in self.repeated,
                "header": self.request_headers.get(f.name.lower(), "").isascii(),
                "body": is_json,
            }
            if clear.get(f.place, True) and validator(f.schema).is_valid(value):
                found[key] = value
        return found
