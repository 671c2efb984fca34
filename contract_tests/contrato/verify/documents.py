"""JSON documents: where a value is in one, whether a schema allows it, and how a person is shown it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache
from typing import Any, TypeGuard

import msgspec
from jsonschema_rs import Draft202012Validator

from contrato.core.schema import Schema

MISSING = object()
"""Stands for a value that is not there, where None is one."""


def loaded(content: bytes) -> Any:
    """The value of a JSON text, or `MISSING` when it is none."""
    if is_deep(content):
        return MISSING
    try:
        return _DECODER.decode(content)
    except (RecursionError, ValueError):
        pass  # It is stricter than most readers: NaN, 1e999, UTF-16, half a surrogate.
    try:
        document = json.loads(content)
    except (RecursionError, ValueError):
        return MISSING
    return _paired(document) if re.search(rb"\\u[dD][89a-fA-F]", content) else document


def _paired(value: Any) -> Any:
    """The value with U+FFFD for half a surrogate, which no text can be encoded with."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_paired(item) for item in value]
    if isinstance(value, dict):
        return {_paired(name): _paired(item) for name, item in value.items()}
    return value


DEEPEST = 100
"""Levels of a document that are read; programs that follow all of them, ours too, end before 1,000."""


def is_deep(content: bytes) -> bool:
    """True if JSON has more levels than `DEEPEST`."""
    left = content.translate(None, _NO_BRACKETS)
    for _ in range(DEEPEST):
        inner = left.replace(b"[]", b"").replace(b"{}", b"")
        if len(inner) == len(left):
            # Empty, brackets in texts, or such as are never closed.
            return left.count(b"[") + left.count(b"{") > DEEPEST
        left = inner
    return bool(left)


_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def _number(text: str) -> float | int:
    """JSON has one kind of number: 41.0 is an identifier like 41, and has to be sent as one."""
    value = float(text)
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


_DECODER = msgspec.json.Decoder(float_hook=_number)


def find(document: Any, pointer: str) -> list[Any]:
    """Every value at `pointer`, in document order; `*` stands for each element of an array."""
    found = [document]
    for part in pointer.split("/")[1:]:
        if part == "*":
            found = [item for value in found if isinstance(value, list) for item in value]
        else:
            found = [value[part] for value in found if isinstance(value, dict) and part in value]
    return found


@cache
def places(schema: Schema | None) -> tuple[tuple[str, Schema], ...]:
    """`Schema.places`, walked once; empty without a schema."""
    return () if schema is None else tuple(schema.places())


@cache
def validator(schema: Schema) -> Draft202012Validator:
    """Tells whether a schema allows a value, its format included."""
    return Draft202012Validator(schema.json, validate_formats=True)


def is_number(value: Any) -> TypeGuard[float]:
    """True for a number of JSON, which a boolean is not."""
    return isinstance(value, _NUMBERS) and not isinstance(value, bool)


_NUMBERS = int, float


def text_of(value: Any) -> str:
    """The same text for the same JSON."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


CITED = re.compile("\ufdd0([^\ufdd1]*)\ufdd1?")
"""A value cited in a sentence, between two noncharacters, which no text has."""


def cited(text: object) -> str:
    """A value in a sentence of ours. Reports replace the token and personal data in it, and nowhere else."""
    return "\ufdd0" + re.sub("[\ufdd0\ufdd1]", "", str(text)) + "\ufdd1"


LONGEST = 160
"""Characters of a value that a sentence cites."""

_WHOLE = re.compile(r'(?:[^"]|"(?:[^"\\]|\\.)*")*')
"""JSON up to a text that does not end."""


def short(value: Any) -> str:
    """A value as a report shows it, for a person: in JSON, but for a list of plain values; cited."""
    if isinstance(value, list | tuple) and value and not any(isinstance(part, list | dict) for part in value):
        return excerpt(", ".join(part if isinstance(part, str) else _json(part) for part in value))
    text = _json(value)
    # A part of a text would not be known for what it is, say the name of a person; the head of a long one is.
    whole = _WHOLE.match(text[: LONGEST - 3])
    return cited(f"{whole[0]}...") if len(text) > LONGEST and whole and whole[0] else excerpt(text)


def excerpt(text: str) -> str:
    """The beginning of a text, cited."""
    return cited(text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}...")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def spread(values: Sequence[Any], count: int) -> list[Any]:
    """`count` of the values, from the first to the last."""
    if len(values) <= count:
        return list(values)
    return [values[n * (len(values) - 1) // (count - 1)] for n in range(count)]
