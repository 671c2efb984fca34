"""Where JSON does not match a schema, in JSON's terms.

msgspec tells where only in the text of its error, in Python's terms; it has no attributes for it. Other texts than the
known ones are passed on as they are, and tests compare what is made of the known ones.
"""

import json
import re
from typing import Any

TIMESTAMP = "date and time of ISO 8601"
# JSON's terms for those of msgspec.
JSON_NAMES = {"int": "integer", "float": "number", "str": "string", "bool": "boolean", "datetime": TIMESTAMP}


class SchemaMismatch(Exception):  # noqa: N818 (the client makes an error of it)
    """A body is not of a type.

    Attributes:
        path: Where, with the names of the wire.
        expected: What the type wants there.
        found: What is there; None when `path` leads to it, or when the content is no JSON.
        problem: Why the content is no JSON; None when it is.
        lost: How many elements at the end of a long array the content has lost; they fitted.

    """

    def __init__(self, path: str, expected: str, found: str | None, problem: str | None = None) -> None:
        super().__init__(path, expected, found, problem)
        self.path = path
        self.expected = expected
        self.found = found
        self.problem = problem
        self.lost = 0


def mismatch(message: str) -> SchemaMismatch:
    """Read the message of a `msgspec.ValidationError`: ``Expected `int`, got `str` - at `$[0].id` ``."""
    what, _, path = message.partition(" - at `")
    path = path.removesuffix("`") or "$"
    if match := re.fullmatch(r"Expected (.+), got (.+)", what):
        expected, found = (re.sub(r"`([^`]*)`", _json_names, text) for text in match.groups())
        return SchemaMismatch(path, expected, found if found in ("null", "object", "array") else None)
    if match := re.fullmatch(r"Object missing required field `(.+)`", what):
        return SchemaMismatch(f"{path}.{match[1]}", "a value", "no such field")
    known = dict.fromkeys(("Number out of range", "Integer value out of range"), "a number that fits into 64 bits")
    known["Invalid RFC3339 encoded datetime"] = TIMESTAMP
    return SchemaMismatch(path, known.get(what, f"something else ({what})"), None)


def _json_names(match: re.Match[str]) -> str:
    return " or ".join(JSON_NAMES.get(name, name) for name in match[1].split(" | "))


def describe(body: Any, path: str) -> str:
    """Describe what stands at a path of a parsed body."""
    try:
        for name, index in re.findall(r"\.([^.\[]+)|\[(\d+)\]", path):
            body = body[int(index)] if index else body[name]
    except (IndexError, KeyError, TypeError):
        return "something else"  # in a body that json reads otherwise than msgspec, say one with a key twice
    text = json.dumps(body, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:80]}…"
