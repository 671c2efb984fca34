"""Find a secret in a text that echoes it: escaped, coded, or cut short."""

from __future__ import annotations

import base64
import bisect
import html
import re
import unicodedata
from collections.abc import Iterable, Iterator
from urllib.parse import unquote_to_bytes

from contrato.core.connection import TELLING

# Characters of a long secret that give it away.
LEAST = 16


def encoded(secret: str) -> Iterator[str]:
    """Yield the characters that a secret has in hexadecimal, and in Base64, wherever in an encoded text it begins."""
    yield from (secret.encode().hex(), secret.encode().hex().upper())
    for offset in range(3):
        octets = bytes(offset) + secret.encode()
        first, end = -(-offset * 8 // 6), len(octets) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            part = encode(octets).decode()[first:end]
            if len(part) >= TELLING:
                yield part


class Folded:
    """A text as it is compared: in small letters, without accents, and with the characters that escapes stand for.

    It does not matter then how a value is written: in JSON, a URL, HTML, UTF-16, or a word of a shell, escaped once or
    twice, in capitals or not.

    Attributes:
        text: The folded text.

    """

    def __init__(self, original: str) -> None:
        self._original = original
        parts: list[str] = []
        # Where each piece begins, in the folded text and in the original, and if it has as many characters in both:
        # such pieces in a row are one, because a text may be long.
        self._begins: list[int] = []
        self._pieces: list[tuple[int, bool]] = []
        length = 0
        for match in _PIECE.finditer(original):
            parts.append(_folded(match))
            is_plain = match.lastgroup is None or (len(match[0]) == len(parts[-1]) == 1)
            if not (is_plain and self._pieces and self._pieces[-1][1]):
                self._begins.append(length)
                self._pieces.append((match.start(), is_plain))
            length += len(parts[-1])
        self._begins.append(length)
        self._pieces.append((len(original), False))
        self.text = "".join(parts)

    def replaced(self, found: Iterable[tuple[tuple[int, int], str]]) -> str:
        """Return the original with other texts for parts of the folded one; where two overlap, that of the first."""
        parts, done = [], 0
        for (start, end), text in sorted(found, key=lambda one: (one[0][0], -one[0][1])):
            if self._at(start) >= done:
                parts += [self._original[done : self._at(start)], text]
            done = max(done, self._at(end))
        return "".join([*parts, self._original[done:]])

    def _at(self, index: int) -> int:
        """Return where a character of the folded text begins in the original."""
        piece = bisect.bisect_right(self._begins, index) - 1
        start, is_plain = self._pieces[piece]
        return start + (index - self._begins[piece]) * is_plain


class Cut:
    """Finds a secret in folded text, also coded, and where somebody cut it short at its end or its beginning."""

    def __init__(self, secret: str) -> None:
        self._forms = [Folded(form).text for form in (secret, *encoded(secret))] if secret else []
        self._long = len(secret) >= TELLING

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where it begins and ends."""
        for form in self._forms:
            if not self._long:
                # It may be an ordinary word, and a part of it any.
                yield from (match.span() for match in re.finditer(rf"(?<!\w){re.escape(form)}(?!\w)", text))
                continue
            least = max(TELLING, min(len(form) // 2, LEAST))
            for start in _places(form[:least], text):
                yield start, start + _alike(form, text[start : start + len(form)])
            for start in _places(form[-least:], text):
                end = start + least
                yield end - _alike(form[::-1], text[max(0, end - len(form)) : end][::-1]), end


def _alike(one: str, other: str) -> int:
    """Return the number of characters with which both begin."""
    return next(
        (at for at, pair in enumerate(zip(one, other, strict=False)) if len({*pair}) > 1), min(len(one), len(other))
    )


def _places(part: str, text: str) -> Iterator[int]:
    start = text.find(part)
    while start >= 0:
        yield start
        start = text.find(part, start + 1)


_PIECE = re.compile(
    r"""
    (?P<code>(?:\\+u[0-9a-fA-F]{4})++)
    | (?P<percent>(?:%(?:25)*[0-9a-fA-F]{2})++)
    | (?P<entity>&(?:amp;)*(?:\#\d{1,7}|\#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,31});)
    | (?P<half>(?:\\+u?[0-9a-fA-F]{0,3}|%[0-9a-fA-F]?|&\#?\w{0,31})(?=\.\.\.|\u2026))
    | (?P<quote>'(?:"'"|\\+')')
    | (?P<space>(?:\s|\+|\\+[nrt])++)
    | (?P<sign>\\+["'/]?)
    | (?P<null>\x00+)
    | (?P<letter>[^\x00-\x7f])
    | (?:[^\x00\\%&'+\s\x80-\U0010ffff]++|\ (?![\s+\\]))++
    | [%&']
    """,
    re.VERBOSE,
)


def _folded(match: re.Match[str]) -> str:
    """Return a piece of text as it is compared."""
    kind, piece = match.lastgroup, match[0]
    if kind is None:
        return piece.lower()
    if kind in _UNESCAPED:
        return _UNESCAPED[kind]
    if kind == "sign":
        return piece.lstrip("\\")
    if kind == "code":
        units = "".join(re.findall("u(....)", piece))
        piece = bytes.fromhex(units).decode("utf-16-be", "replace")
    elif kind == "percent":
        octets = unquote_to_bytes(re.sub("%(?:25)+(?=[0-9a-fA-F]{2})", "%", piece))
        try:
            piece = octets.decode()
        except UnicodeDecodeError:
            piece = octets.decode("latin-1")
    elif kind == "entity":
        piece = html.unescape(re.sub("^&(?:amp;)+(?!$)", "&", piece))
    decomposed = unicodedata.normalize("NFKD", piece.casefold())
    return " ".join(re.split(r"[\s+]+", "".join(c for c in decomposed if not unicodedata.combining(c))))


# Characters that pieces of these kinds stand for: one that somebody cut short, and the nulls of UTF-16, for nothing.
_UNESCAPED = {"half": "", "null": "", "quote": "'", "space": " "}
