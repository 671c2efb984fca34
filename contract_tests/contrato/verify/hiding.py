"""Keeps the token, other secrets and personal data out of reports.

Personal is what the spec marks `x-personal`. A report cites answers in many places (a value that was found, a command,
an address, an error page), so values are learnt where the spec has them, and replaced wherever they occur.
"""

from __future__ import annotations

import bisect
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from difflib import SequenceMatcher
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlsplit

from contrato.core import spec as specs
from contrato.core.connection import TELLING
from contrato.core.echoes import Cut, Folded, encoded
from contrato.core.schema import Schema
from contrato.core.spec import Api
from contrato.verify.documents import MISSING, is_deep
from contrato.verify.exchange import Exchange

TOKEN = "[token]"
"""Stands for the token wherever an exchange had it."""

SECRET = "[secret]"
"""Stands for any other secret that requests carry: of a header, or of a proxy."""

ALTERED = "[altered token]"
"""Stands for a token that was altered on purpose; a request with these words instead has no valid token either."""


def token_variable(api: str) -> str:
    """Name of the environment variable that holds the token of an API."""
    return specs.api(api).token_variable


class Secret:
    """The token and other secrets of requests, to be hidden in whatever is kept.

    Args:
        token: The token; empty when there is none to hide.
        sent: The `Authorization` header of the request: a token that was altered on purpose gives the true one away.
        others: Other secrets.
    """

    def __init__(self, token: str, sent: str = "", others: Iterable[str] = ()) -> None:
        self._telling = _forms(token) if len(token) >= TELLING else []
        credentials = sent.rpartition(" ")[2]
        longest = SequenceMatcher(None, credentials.lower(), token.lower(), autojunk=False).find_longest_match()
        altered = credentials != token and longest.size >= TELLING
        secrets = [
            *((secret, SECRET) for secret in sorted(others, key=len, reverse=True)),
            (token, TOKEN),
            (credentials if altered else "", ALTERED),
        ]
        self._patterns = [(_pattern(secret), placeholder) for secret, placeholder in secrets if secret]
        # Forms that Latin 1 has not are in no body; what is left of one may be anywhere.
        self._octets = [form.encode("latin-1", "ignore") for secret, _ in secrets for form in _forms(secret)]

    def hide(self, text: str) -> str:
        """The text with the secrets replaced."""
        for pattern, placeholder in self._patterns:
            text = pattern.sub(placeholder, text)
        return text

    def hide_in(self, content: bytes) -> bytes:
        """The body with the secrets replaced; a body without one comes back as it is, whatever its encoding."""
        if not any(octets in content for octets in self._octets):
            return content  # The pattern takes twenty times as long, and bodies are long.
        # Latin 1 has a character for each byte, so that nothing else changes.
        return self.hide(content.decode("latin-1")).encode("latin-1")

    def hidden(self, exchange: Exchange) -> Exchange:
        """The exchange with the secrets replaced everywhere but in the origin, which is the user's own word."""
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(exchange.url))
        return replace(
            exchange,
            url=origin + self.hide(exchange.url.removeprefix(origin)),
            path=self.hide(exchange.path),
            request_headers={name: self.hide(value) for name, value in exchange.request_headers.items()},
            request_body=self.hide_in(exchange.request_body),
            headers={name: self.hide(value) for name, value in exchange.headers.items()},
            content=self.hide_in(exchange.content),
        )

    def is_in(self, *texts: str) -> bool:
        """True if one of the texts has the token, and not only an equal word."""
        return any(form in text for form in self._telling for text in texts)


def _forms(secret: str) -> list[str]:
    """A secret as it is, in JSON that escapes slashes, in a URL, in a URL within another, and coded; longest first."""
    quoted = quote(secret, safe="")
    forms = {secret, secret.replace("/", "\\/"), quoted, quote(quoted, safe=""), *encoded(secret)} if secret else set()
    return sorted(forms, key=len, reverse=True)


def _pattern(secret: str) -> re.Pattern[str]:
    either = "|".join(map(re.escape, _forms(secret)))
    return re.compile(either if len(secret) >= TELLING else rf"(?<!\w)(?:{either})(?!\w)")


SHORTEST = 3
"""Characters of the shortest value that is replaced everywhere: a shorter one would be found in every other word."""

SECRET_NAMES = re.compile(r"authorization|cookie|token|secret|session|api.?key|password|credential", re.IGNORECASE)
"""Names of headers and query parameters whose values nobody is to see."""


# From a word's start only: to try each letter of a picture in Base64 would take hours.
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+")

_CUT = "..."

_LONGEST_CUT = 1000

_REPEATED = 200
"""Characters of the longest text that is kept with what it becomes."""

_Shape = dict[str, tuple["_Shape", bool]]
"""The shape below each property of a schema, and whether it is personal; below `_ITEMS`, that of an array's items."""

_ITEMS = "/*"

_NOWHERE: tuple[_Shape, bool] = ({}, False)


class Scrubber:
    """Learns what is personal from exchanges, and replaces it.

    The same value always gets the same placeholder, such as `[name 2]`, so that a reader still sees what is equal.

    Args:
        spec: Says what is personal.
        token: The bearer token.
        others: Other secrets of requests.
    """

    def __init__(self, spec: Api, token: str, others: Iterable[str] = ()) -> None:
        self._names = spec.personal_names
        # Words of the contract: a customer who bears one of them must not blot it out of every report.
        self._vocabulary = {Folded(word).text for word in spec.words}
        # By the folded value.
        self._placeholders: dict[str, str] = {}
        self._numbers: dict[str, int] = {}
        # The answers that were learnt from: one that comes again tells nothing new.
        self._learnt: set[tuple[str, int, int]] = set()
        self._shapes: dict[tuple[str, int], _Shape] = {}
        # By identity; the original is kept, so that nothing else gets it.
        self._scrubbed: dict[int, tuple[Exchange, Exchange]] = {}
        # Names of fields and headers, dates, states: most texts of a recording come again and again.
        self._texts: dict[str, str] = {}
        self._secrets = [
            *((Cut(secret), SECRET) for secret in sorted(others, key=len, reverse=True)),
            *((Cut(secret), TOKEN) for secret in (token, token[::-1])),
        ]

    def learn(self, exchange: Exchange) -> None:
        """Remember the personal values of an exchange; an observer of all traffic."""
        key = (exchange.operation.id if exchange.operation else "", exchange.status, hash(exchange.content))
        if exchange.json is not MISSING and key not in self._learnt:
            self._learnt.add(key)
            for name, value in dict.fromkeys(self._personal(exchange.json, self._answer_shape(exchange))):
                self._remember(name, value)
        # Values that the engine invents are nobody's, and would be found everywhere.
        if exchange.sender != "schemathesis":
            for name, value in self._personal(_json(exchange.request_body), {}):
                self._remember(name, value)
            for name, value in self._personal_parameters(exchange):
                self._remember(name, value)

    def text(self, text: str) -> str:
        """`text`, a value of a request or an answer, without the token and without personal data."""
        if text not in self._texts:
            if len(text) > _REPEATED:
                return self._hidden(text)
            self._texts[text] = self._hidden(text)
        return self._texts[text]

    def _hidden(self, text: str) -> str:
        folded = Folded(text)
        found = [(span, name) for secret, name in self._secrets for span in secret.spans(folded.text)]
        found += [(match.span(), self._placeholders[match[0]]) for match in self._values.finditer(folded.text)]
        found += self._cut(folded.text)
        return _EMAIL.sub("[e-mail]", folded.replaced(found))

    def exchange(self, exchange: Exchange) -> Exchange:
        """An exchange without the token and without personal data."""
        return replace(
            exchange,
            url=self._url(exchange.url),
            path=self.text(exchange.path),
            request_headers=self._headers(exchange.request_headers),
            request_body=self._body(exchange.request_body, {}),
            headers=self._headers(exchange.headers),
            content=self._body(exchange.content, self._answer_shape(exchange)),
        )

    def once(self, exchange: Exchange) -> Exchange:
        """Like `exchange`; the same answer, which may be behind many failures, is scrubbed once."""
        if id(exchange) not in self._scrubbed:
            self._scrubbed[id(exchange)] = exchange, self.exchange(exchange)
        return self._scrubbed[id(exchange)][1]

    # Personal values

    def _answer_shape(self, exchange: Exchange) -> _Shape:
        operation, status = exchange.operation, exchange.status
        if operation is None:
            return {}
        if (operation.id, status) not in self._shapes:
            self._shapes[operation.id, status] = _shape(operation.schema(status))
        return self._shapes[operation.id, status]

    def _personal(self, value: Any, shape: _Shape, name: str = "", marked: bool = False) -> Iterator[tuple[str, Any]]:
        """The scalars of a document that are personal, with the name of their field."""
        if isinstance(value, dict):
            for key, inner in value.items():
                below, personal = self._below(shape, key)
                if personal or marked or isinstance(inner, dict | list):
                    yield from self._personal(inner, below, key if personal else name, marked or personal)
        elif isinstance(value, list):
            below, _ = shape.get(_ITEMS, _NOWHERE)
            for item in value:
                yield from self._personal(item, below, name, marked)
        elif marked and value is not None and not isinstance(value, bool):
            yield name, value

    def _below(self, shape: _Shape, key: str) -> tuple[_Shape, bool]:
        # In a request, and where the shape is not the spec's, a field's name is all there is to go by.
        return shape.get(key) or ({}, key in self._names)

    def _personal_parameters(self, exchange: Exchange) -> Iterator[tuple[str, Any]]:
        if exchange.operation is None:
            return
        for parameter in exchange.operation.parameters:
            value = exchange.arguments.get(parameter.key)
            # Whoever searches for a person writes the name.
            if value is not None and (parameter.known_name in self._names or parameter.searches is not None):
                yield parameter.name, value

    def _remember(self, name: str, value: Any) -> None:
        text = Folded(str(value)).text.strip()
        if len(text) < SHORTEST or text in self._vocabulary or text in self._placeholders:
            return
        self._numbers[name] = self._numbers.get(name, 0) + 1
        self._placeholders[text] = f"[{name.strip('_')} {self._numbers[name]}]"
        self.__dict__.pop("_values", None)
        self.__dict__.pop("_sorted", None)
        self._scrubbed.clear()
        self._texts.clear()

    # Replacement

    @cached_property
    def _values(self) -> re.Pattern[str]:
        # A tree of prefixes: the time of a search must not grow with the number of values.
        tree: dict[str, Any] = {}
        for value in self._placeholders:
            node = tree
            for character in value:
                node = node.setdefault(character, {})
            node[""] = {}
        return re.compile(rf"(?<![^\W_])(?:{_tree_pattern(tree)})(?![^\W_])" if tree else r"(?!)")

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self._placeholders)

    def _cut(self, text: str) -> Iterator[tuple[tuple[int, int], str]]:
        """The beginnings of personal values that somebody cut short."""
        end = text.find(_CUT)
        while end >= 0:
            for start in range(max(0, end - _LONGEST_CUT), end - SHORTEST + 1):
                if start and text[start - 1].isalnum():
                    continue
                # The last character may be half of an escaped one.
                for tail in (text[start:end], text[start : end - 1]):
                    at = bisect.bisect_left(self._sorted, tail)
                    if at < len(self._sorted) and self._sorted[at].startswith(tail) and len(tail) >= SHORTEST:
                        yield (start, end), self._placeholders[self._sorted[at]]
                        break
                else:
                    continue
                break
            # A row of dots is one cut.
            end = text.find(_CUT, len(text) - len(text[end:].lstrip(".")))

    def _url(self, url: str) -> str:
        def hidden(match: re.Match[str]) -> str:
            return f"{match[1]}{SECRET}" if SECRET_NAMES.search(match[1]) else match[0]

        return re.sub(r"([?&][^=&]*=)[^&#]+", hidden, self.text(url))

    def _headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        scrubbed = {name: self.text(value) for name, value in headers.items()}
        return {
            name: SECRET
            if SECRET_NAMES.search(name)
            and value.removeprefix("Bearer ").removeprefix("Basic ") not in (TOKEN, ALTERED)
            else value
            for name, value in scrubbed.items()
        }

    def _body(self, content: bytes, shape: _Shape) -> bytes:
        document = _json(content)
        if document is MISSING or not isinstance(document, dict | list):
            return self.text(content.decode("utf-8", "replace")).encode()
        return json.dumps(self._replaced(document, shape), ensure_ascii=False).encode("utf-8", "backslashreplace")

    def _replaced(self, value: Any, shape: _Shape, name: str = "", marked: bool = False) -> Any:
        if isinstance(value, dict):
            replaced = {}
            for key, inner in value.items():
                below, personal = self._below(shape, key)
                replaced[self.text(key)] = self._replaced(inner, below, key if personal else name, marked or personal)
            return replaced
        if isinstance(value, list):
            below, _ = shape.get(_ITEMS, _NOWHERE)
            return [self._replaced(item, below, name, marked) for item in value]
        if value is None or value == "" or isinstance(value, bool):
            return value
        if isinstance(value, int | float):
            text = str(value)
            known = self._placeholders.get(Folded(text).text)
            return known or (f"[{name}]" if marked else value)
        scrubbed = self.text(value)
        return f"[{name}]" if marked and scrubbed == value else scrubbed


def _shape(*schemas: Schema | None) -> _Shape:
    known = [part for schema in schemas if schema is not None for part in (schema, *schema.alternatives)]
    shape: _Shape = {}
    for name in dict.fromkeys(name for part in known for name in part.properties):
        below = [part.properties[name].schema for part in known if name in part.properties]
        marked = any(part.personal for schema in below for part in (schema, *schema.alternatives))
        shape[name] = _shape(*below), marked
    items = [part.items for part in known if part.items is not None]
    if items:
        shape[_ITEMS] = _shape(*items), False
    return shape


def _json(content: bytes) -> Any:
    try:
        return MISSING if is_deep(content) else json.loads(content)
    except (RecursionError, ValueError):
        return MISSING


def _tree_pattern(tree: dict[str, Any]) -> str:
    """A regular expression for a tree of prefixes, the longest way first."""
    parts = []
    while True:
        ways = [character for character in tree if character]
        if len(ways) != 1 or "" in tree:
            break
        parts.append(re.escape(ways[0]))
        tree = tree[ways[0]]
    head = "".join(parts)
    if not ways:
        return head
    rest = "|".join(re.escape(way) + _tree_pattern(tree[way]) for way in ways)
    return f"{head}(?:{rest}){'?' if '' in tree else ''}"
