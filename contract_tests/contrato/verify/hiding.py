"""Keeps the token, other secrets and personal data out of reports.

Personal is what the spec marks `x-personal`. A report cites answers in many places (a value that was found, a command,
an address, an error page), so values are learnt where the spec has them, and replaced wherever they occur.
"""

from __future__ import annotations

import bisect
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from functools import cached_property
from itertools import pairwise
from typing import Any
from urllib.parse import quote, unquote, unquote_plus, urlsplit

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


TELLING_PART = 5
"""Letters of a word of a name that tells whose it is by itself."""

SHORTEST = 3
"""Characters of the shortest value that is replaced everywhere: a shorter one would be found in every other word."""

RECORDED = "recorded"
"""Sender of requests that were recorded."""

SECRET_NAMES = re.compile(
    r"auth(?!enticate)|cookie|token|refresh|secret|session|key|password|credential|jwt|csrf|xsrf|signature|nonce",
    re.IGNORECASE,
)
"""Names of headers and query parameters whose values nobody is to see."""

_ASSIGNED = re.compile(
    rf"""((?:{SECRET_NAMES.pattern}|\bcode)[\w-]{{0,30}}["']?\s{{0,3}}(?:=>?|:)\s{{0,3}}["']?)"""
    r"""(?!\[)[^\s"'<>,;&]+""",
    re.IGNORECASE,
)
"""A secret after its name, in text that is no JSON and in addresses."""

_JWT = re.compile(r"\beyJ[\w-]+\.[\w-]+(?:\.[\w-]+)?")
"""A token that says itself what it is, whatever its header is called."""

KEY = 16
"""Characters of a key, at least."""


def is_data(text: str) -> bool:
    """True if a segment of a path may be somebody's number or name rather than a word of the API."""
    # The last forms are a number in groups, and a key: long, with several digits among the letters.
    form = r"\d{4}|[@\s\[]|[^\x00-\x7f]|^[0-9a-fA-F]{8}-|^(?:[.-]?\d){7,}$|^(?=(?:\D*\d){3})[\w.~+=-]{16,}$"
    # So is what has capitals in it as no words joined in one have.
    words = re.findall(r"[A-Z]+[a-z]*|[a-z]+", text)
    return re.search(form, text) is not None or (len(text) >= KEY and sum(map(len, words)) < 3 * len(words))


def is_key(value: str) -> bool:
    """True if an argument that is secret would be recognized elsewhere: it is no ordinary word, number or date."""
    return len(value) >= TELLING and is_data(value) and not re.fullmatch(r"\d{4}-\d\d-\d\d.*|[\d.]+", value)


def data_of(address: str) -> list[str]:
    """The segments of an address that may be somebody's data, as they are there."""
    path = urlsplit(address).path
    return [segment for segment in path.split("/") if is_data(unquote(segment))]


def without_data(address: str) -> str:
    """An address, or a path, with `…` for the segments of its path that may be somebody's data."""
    begin, slashes, rest = address.rpartition("://")
    hidden = ("…" if n and is_data(unquote(segment)) else segment for n, segment in enumerate(rest.split("/")))
    return begin + slashes + "/".join(hidden)


# From a word's start only: to try each letter of a picture in Base64 would take hours.
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+")

_CUT = "..."

_WORD = re.compile(r"[^\W_]+|[\W_]")
"""A word, or a character between words."""

_MOST = 64
"""Words, and characters between them, of the longest value that is looked for as a whole; the time for a text must not
grow with the values. A longer one is found by its parts."""

_APART = 3
"""Characters between two words that are still adjacent."""

_TECHNICAL = {
    *("application", "charset", "html", "http", "https", "json", "plain", "text", "utf"),
    *("array", "boolean", "false", "integer", "null", "number", "object", "string", "true"),
    *("bytes", "client", "error", "request", "response", "server"),
}
"""Words of HTTP and of JSON, which tell what is wrong."""

_REPEATED = 200
"""Characters of the longest text that is kept with what it becomes."""

_Shape = dict[str, tuple["_Shape", bool]]
"""The shape below each property of a schema, and whether it is personal; below `_ITEMS`, that of an array's items."""

_ITEMS = "/*"

TEXT = "text"
"""Name of what an answer has at a place that the spec does not have."""

NUMBER = "number"
"""Name of what may be the number of an identity card, or of a telephone."""

LONG_NUMBER = 7
"""Digits of such a number, at least."""

_LONG_NUMBER = re.compile(rf"(?<![\w.-])\d(?:[. -]?\d){{{LONG_NUMBER - 1},30}}(?![\w-])")

_PERSONAL = re.compile(rf"[^\W\d_]{{2,}}\s+[^\W\d_]{{2,}}|\d{{{LONG_NUMBER},}}")
"""Two words, as names are, or a long number."""

_USUAL_HEADER = re.compile(
    r"^(accept.*|access-control-.*|age|allow|authorization|cache-control|connection|content-.*|cookie|cross-origin-.*|date"
    r"|etag|expires|host|if-.*|keep-alive|last-modified|link|location|pragma|permissions-policy|referrer-policy"
    r"|retry-after|server|set-cookie|strict-transport-security|trailer|transfer-encoding|user-agent|vary|via|warning"
    r"|www-authenticate)$|cache|correlation|limit|request-?id|trace",
    re.IGNORECASE,
)
"""Headers of HTTP, and those by which a vendor finds a request or bounds its rate."""

_DAY = re.compile(r"\d{4}-\d\d-\d\d(?!\d)")

_QUOTED = re.compile(
    r"""
    # Also a text that has no end: each of its escaped quotes would be taken for the beginning of another one.
    "(?P<text>(?:[^"\\\n]|\\.)*+) (?:"(?P<key>\s*+:(?:\s*+(?P<number>\d[\d.]*+))?)?)?
    | >(?P<inner>[^<>]++)(?=<)
    """,
    re.VERBOSE,
)

_READ = 2**20
"""Bytes of an answer without JSON that are read for what it tells."""

_READ_OF_ONE = 2**12
"""Characters of a value that are compared."""

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
        self._names = {_joined(name) for name in spec.personal_names}
        # Words of the contract: a customer who bears one of them must not blot it out of every report.
        self._vocabulary = {Folded(word).text for word in spec.words}
        self._vocabulary |= {word for words in spec.words for word in _words_of(words)} | _TECHNICAL
        # By the folded value.
        self._placeholders: dict[str, str] = {}
        # Numbers of words of the values, by their first word.
        self._lengths: dict[str, set[int]] = {}
        # Telling words of values, and two that are adjacent in one, with what they are part of.
        self._parts: dict[str, str] = {}
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
        if key not in self._learnt:
            self._learnt.add(key)
            # An error cites the names of fields beside words of its own.
            for name, value in dict.fromkeys(self._told_by(exchange)):
                self._remember(name, value, parts=exchange.succeeded)
        # Values that the engine invents are nobody's, and would be found everywhere.
        if exchange.sender != "schemathesis":
            for name, value in self._personal(_json(exchange.request_body), {}, ""):
                self._remember(name, value)
            for name, value in self._personal_parameters(exchange):
                self._remember(name, value)
        for name, value in exchange.query:
            if self._is_secret(name, exchange) and is_key(value):
                self._remember(name, value, SECRET)

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
        found += self._spans(folded.text)
        return _JWT.sub(SECRET, _EMAIL.sub("[e-mail]", folded.replaced(found)))

    def exchange(self, exchange: Exchange) -> Exchange:
        """An exchange without the token and without personal data."""
        return replace(
            exchange,
            url=self._url(exchange),
            path=self.text(exchange.path),
            request_headers=self._headers(exchange.request_headers),
            request_body=self._body(exchange.request_body, {}, ""),
            headers=self._headers(exchange.headers),
            content=self._body(exchange.content, self._answer_shape(exchange), _other(exchange)),
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

    def _told_by(self, exchange: Exchange) -> Iterator[tuple[str, Any]]:
        """The personal values of an answer, with the names of their fields."""
        other = _other(exchange)
        if exchange.json is not MISSING:
            yield from self._personal(exchange.json, self._answer_shape(exchange), other)
        if exchange.json is not MISSING and exchange.succeeded:
            return
        text = exchange.content[:_READ].decode("utf-8", "replace")
        if exchange.succeeded:
            yield from self._pieces(text)
        # An answer may repeat values of the request.
        sent = f"{unquote(exchange.url)} {exchange.request_body.decode('utf-8', 'replace')}"
        for match in _LONG_NUMBER.finditer(text):
            if match[0] not in sent and not _DAY.match(match[0]):
                yield NUMBER, match[0]

    def _pieces(self, text: str) -> Iterator[tuple[str, Any]]:
        """The texts of an answer that should be JSON and is not, but for those whose field is in the contract."""
        if not re.search('["<]', text):
            yield from ((TEXT, piece) for piece in re.split(r"[;,|\t\r\n]+", text) if _tells(piece))
            return
        name = TEXT
        for match in _QUOTED.finditer(text):
            quoted, key, number, inner = match.groups()
            if key is not None:
                name = self._label(quoted) or ("" if self._is_word(quoted) else TEXT)
            value, label = (inner, TEXT) if inner is not None else (number if key is not None else quoted, name)
            if value and label and (label != TEXT or _tells(value)):
                yield label, value

    def _personal(self, value: Any, shape: _Shape, other: str, name: str = "") -> Iterator[tuple[str, Any]]:
        """The scalars of a document that are personal, by the name of their field; `other` if the spec has none."""
        if isinstance(value, dict):
            for key, inner in value.items():
                below, label = self._below(shape, key, other)
                if key not in shape and other and is_data(key) and _tells(key):
                    yield TEXT, key
                if label or name or isinstance(inner, dict | list):
                    yield from self._personal(inner, below, other, label if label not in ("", TEXT) else name or label)
        elif isinstance(value, list):
            below, _ = shape.get(_ITEMS, _NOWHERE)
            for item in value:
                yield from self._personal(item, below, other, name)
        elif name and value is not None and not isinstance(value, bool) and (name != TEXT or _tells(value)):
            yield name, value

    def _below(self, shape: _Shape, key: str, other: str) -> tuple[_Shape, str]:
        """The shape below a field, and the name of what is personal there; empty if it is not."""
        if key in shape:
            below, personal = shape[key]
            return below, key if personal else ""
        # In a request, and where the shape is not the spec's, a field's name is all there is to go by.
        return {}, self._label(key) or other

    def _label(self, key: str) -> str:
        """A field's name if it is that of personal data, also in capitals or without what joins its words."""
        return key if _joined(key) in self._names else ""

    def _is_word(self, text: str) -> bool:
        return Folded(text).text.strip() in self._vocabulary

    def _personal_parameters(self, exchange: Exchange) -> Iterator[tuple[str, Any]]:
        if exchange.operation is None:
            return
        for parameter in exchange.operation.parameters:
            value = exchange.arguments.get(parameter.key)
            # Whoever searches for a person writes the name.
            if value is not None and (self._label(parameter.known_name) or parameter.searches is not None):
                yield parameter.name, value

    def _remember(self, name: str, value: Any, placeholder: str = "", *, parts: bool = True) -> None:
        text = _key(value)
        if len(text) < SHORTEST or text in self._vocabulary or text in self._placeholders:
            return
        if not placeholder:
            self._numbers[name] = self._numbers.get(name, 0) + 1
            placeholder = f"[{name.strip('_')} {self._numbers[name]}]"
        self._placeholders[text] = placeholder
        words = _WORD.findall(text)
        self._lengths.setdefault(words[0], set()).add(len(words[:_MOST]))
        if len(words) > _MOST:
            self._placeholders.setdefault("".join(words[:_MOST]), placeholder)
        for part in self._parts_of(text, single=parts and name not in (TEXT, NUMBER)):
            self._parts.setdefault(part, f"[{name.strip('_')}]")
        for cache in ("_sorted", "_values"):
            self.__dict__.pop(cache, None)
        self._scrubbed.clear()
        self._texts.clear()

    def _parts_of(self, text: str, *, single: bool) -> Iterator[str]:
        """Parts of a value that tell of it."""
        words = [word for word in _WORD.findall(text) if word.isalnum()]
        for word in words:
            if single and len(word) >= TELLING_PART and word.isalpha() and word not in self._vocabulary:
                yield word
        for pair in pairwise(words):
            # Neither `de la` nor `10 30`.
            names = [len(word) for word in pair if word.isalpha() and word not in self._vocabulary]
            if max(names, default=0) > SHORTEST or sum(names) >= 2 * SHORTEST:
                yield from (" ".join(pair), " ".join(reversed(pair)))

    # Replacement

    @cached_property
    def _values(self) -> list[str]:
        return sorted(self._placeholders)

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self._parts)

    def _spans(self, text: str) -> Iterator[tuple[tuple[int, int], str]]:
        """Personal values, their parts, and their beginnings that somebody cut short; with what replaces them."""
        if not self._placeholders:
            return
        matches = list(_WORD.finditer(text))
        words = [match[0] for match in matches]
        done = 0
        for at, word in enumerate(words):
            if at < done:
                continue
            end, placeholder = self._value(text, matches, words, at)
            if not placeholder and word.isalnum():
                end, placeholder = self._part(text, matches, words, at)
            if placeholder:
                done = end
                yield (matches[at].start(), matches[end - 1].end()), placeholder

    def _value(self, text: str, matches: Sequence[re.Match[str]], words: Sequence[str], at: int) -> tuple[int, str]:
        """The end of the longest value that begins at a word, and what replaces it, which is empty if there is none."""
        start = matches[at].start()
        for length in sorted(self._lengths.get(words[at], ()), reverse=True):
            end = at + length
            known = end <= len(words) and self._placeholders.get(text[start : matches[end - 1].end()])
            if known:
                return end, known
        # Where the first word is another, it was cut short, or nothing was.
        for end in range(at + 1, at + 1 + (_MOST if words[at] in self._lengths else 1)):
            if end > len(words) or not text.startswith(_CUT, matches[end - 1].end()):
                continue
            cut = text[start : matches[end - 1].end()]
            # The last character may be half of an escaped one.
            for tail in (cut, cut[:-1]):
                if whole := _begun(tail, self._values):
                    return end, self._placeholders[whole]
        return at, ""

    def _part(self, text: str, matches: Sequence[re.Match[str]], words: Sequence[str], at: int) -> tuple[int, str]:
        """The end of a part of a value that begins at a word, and what replaces it, which is empty if there is none."""
        following = range(at + 1, min(at + _APART + 2, len(words)))
        second = next((n for n in following if words[n].isalnum()), at)
        for end, part in ((second, f"{words[at]} {words[second]}"), (at, words[at])):
            if part in self._parts:
                return end + 1, self._parts[part]
            if text.startswith(_CUT, matches[end].end()) and (whole := _begun(part, self._sorted)):
                return end + 1, self._parts[whole]
        return at, ""

    def _url(self, exchange: Exchange) -> str:
        def hidden(match: re.Match[str]) -> str:
            return f"{match[1]}={SECRET}" if self._is_secret(unquote_plus(match[2]), exchange) else match[0]

        return re.sub(r"([?&]([^=&]*))=[^&#]+", hidden, self.text(exchange.url))

    def _is_secret(self, name: str, exchange: Exchange) -> bool:
        """True for an argument that nobody is to see: of a recording, each that the operation does not have."""
        if exchange.sender != RECORDED:
            # The suite makes up the others.
            return SECRET_NAMES.search(name) is not None
        known = exchange.operation.parameters if exchange.operation is not None else ()
        return all(f.place != "query" or f.name != name for f in known)

    def _headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        return {name: self._header(name, self.text(value)) for name, value in headers.items()}

    def _header(self, name: str, value: str) -> str:
        secret = SECRET_NAMES.search(name) or _JWT.search(value)
        if secret and value.removeprefix("Bearer ").removeprefix("Basic ") not in (TOKEN, ALTERED):
            return SECRET
        value = _ASSIGNED.sub(rf"\1{SECRET}", value)
        return f"[{TEXT}]" if _PERSONAL.search(value) and not _USUAL_HEADER.search(name) else value

    def _body(self, content: bytes, shape: _Shape, other: str) -> bytes:
        document = _json(content)
        if document is MISSING or not isinstance(document, dict | list):
            return _ASSIGNED.sub(rf"\1{SECRET}", self.text(content.decode("utf-8", "replace"))).encode()
        replaced = self._replaced(document, shape, other)
        return json.dumps(replaced, ensure_ascii=False).encode("utf-8", "backslashreplace")

    def _replaced(self, value: Any, shape: _Shape, other: str, name: str = "") -> Any:
        if isinstance(value, dict):
            replaced = {}
            for key, inner in value.items():
                below, label = self._below(shape, key, other)
                named = label if label not in ("", TEXT) else name or label
                is_secret = key not in shape and isinstance(inner, str | int) and SECRET_NAMES.search(key)
                replaced[self.text(key)] = SECRET if is_secret else self._replaced(inner, below, other, named)
            return replaced
        if isinstance(value, list):
            below, _ = shape.get(_ITEMS, _NOWHERE)
            return [self._replaced(item, below, other, name) for item in value]
        if value is None or value == "" or isinstance(value, bool):
            return value
        hidden = name and (name != TEXT or (_tells(value) and not self._is_word(str(value))))
        if isinstance(value, int | float):
            return self._placeholders.get(_key(value)) or (f"[{name}]" if hidden else value)
        if hidden and name == TEXT:
            return self._placeholders.get(_key(value)) or f"[{TEXT}]"
        scrubbed = self.text(value)
        return f"[{name}]" if hidden and scrubbed == value else scrubbed


def _begun(text: str, wholes: Sequence[str]) -> str:
    """The first of sorted texts that begins with one that was cut short; empty if none does, or it is too short."""
    first = bisect.bisect_left(wholes, text)
    found = len(text) >= SHORTEST and first < len(wholes) and wholes[first].startswith(text)
    return wholes[first] if found else ""


def _other(exchange: Exchange) -> str:
    """The name of what is at places that the spec does not have; empty where it is shown, as errors are."""
    return TEXT if exchange.succeeded else ""


def _tells(value: Any) -> bool:
    """True if a value at a place that the spec does not have may tell of somebody."""
    if isinstance(value, float):
        return False
    text = str(value).strip()
    is_short = sum(map(str.isdigit, text)) < LONG_NUMBER and not any(map(str.isalpha, text))
    return not is_short and not _DAY.match(text)


def _key(value: Any) -> str:
    """A value as it is remembered."""
    return Folded(str(value)[:_READ_OF_ONE]).text.strip()


def _joined(name: str) -> str:
    return re.sub(r"[\W_]", "", name.lower())


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


def _words_of(name: str) -> list[str]:
    """The words of a name such as `account_name` or `nextPage`."""
    return [word.lower() for word in re.findall(r"[^\W\d_a-z]*[a-z]+|[^\W\d_a-z]+", name)]
