"""The difference between JSON and a schema, in the terms of JSON.

msgspec's errors have no attributes: path and types are only in their text, in the terms of Python. This module reads
that text, and passes on what it does not know. Tests compare the results, so that they notice a new wording.
"""

import json
import re
from typing import Any

import msgspec

# Bytes of a value that are looked at.
MAX_VALUE = 10_000
_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
TIMESTAMP = "ISO 8601 date and time"
# Terms of JSON by those of msgspec.
JSON_NAMES = {
    "int": "integer",
    "float": "number",
    "str": "string",
    "bool": "boolean",
    "datetime": TIMESTAMP,
    "date": "ISO 8601 date",
    "uuid": "UUID",
}


class SchemaMismatch(Exception):  # noqa: N818 (the client makes an error of it)
    """A body does not match a type.

    Attributes:
        path: Place in the body, with names as in JSON.
        expected: Description of the type at that place.
        found: Description of the value at that place; None if it can be looked up, or if the body is no JSON.
        problem: Why the body is no JSON; None if it is.

    """

    def __init__(self, path: str, expected: str, found: str | None, problem: str | None = None) -> None:
        super().__init__(path, expected, found, problem)
        self.path = path
        self.expected = expected
        self.found = found
        self.problem = problem


def mismatch(message: str) -> SchemaMismatch:
    """Make a mismatch of the message of a `msgspec.ValidationError`: ``Expected `int`, got `str` - at `$[0].id` ``."""
    what, _, path = message.partition(" - at `")
    path = path.removesuffix("`") or "$"
    if match := re.fullmatch(r"Expected (.+), got (.+)", what):
        expected, found = (re.sub(r"`([^`]*)`", _json_names, text) for text in match.groups())
        return SchemaMismatch(path, expected, found if found in ("null", "object", "array") else None)
    if match := re.fullmatch(r"Object missing required field `(.+)`", what):
        return SchemaMismatch(f"{path}.{match[1]}", "a value", "no such field")
    known = dict.fromkeys(("Number out of range", "Integer value out of range"), "a number that fits into 64 bits")
    known["Invalid RFC3339 encoded datetime"] = TIMESTAMP
    known |= {"Invalid RFC3339 encoded date": "ISO 8601 date", "Invalid UUID": "UUID"}
    return SchemaMismatch(path, known.get(what, f"something else ({what})"), None)


def _json_names(match: re.Match[str]) -> str:
    return " or ".join(JSON_NAMES.get(name, name) for name in match[1].split(" | "))


def value_at(content: bytes | bytearray, path: str) -> str:
    """Return the value at a path of JSON, as JSON, without parsing all that is around it."""
    value: Any = content
    try:
        for name, index in re.findall(r"\.([^.\[]+)|\[(\d+)\]", path):
            value = _ITEMS.decode(value)[int(index)] if index else _FIELDS.decode(value)[name]
        raw = memoryview(value)
        text = bytes(raw[:MAX_VALUE]).decode("utf-8", "replace")
        return text if len(raw) > MAX_VALUE else json.dumps(json.loads(text), ensure_ascii=False)
    except (IndexError, KeyError, RecursionError, msgspec.DecodeError, ValueError):
        return "something else"  # json and msgspec read the body differently, for instance repeated keys


def excerpt(text: str) -> str:
    """Return the beginning of a text."""
    return text if len(text) <= 80 else f"{text[:80]}…"
