"""From the bytes of an answer to models."""

import functools
import gc
import json
import math
import re
import threading
from collections.abc import Callable
from datetime import datetime, tzinfo
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec

from contrato.core.model import Model, struct_type, wire_type

Change = Callable[[Any], Any]
# The names of JSON for those of Python, in which msgspec writes.
TIMESTAMP = "date and time of ISO 8601"
# Bytes from which it pays to decode an array piece by piece.
LONG = 8 * 2**20
# msgspec looks at a model when it is first used, and two threads that do so at the same moment end the process.
_BUILDING = threading.Lock()
# The first integer that a float cannot tell from the next one.
UNSURE = 2**53
JSON_NAMES = {"int": "integer", "float": "number", "str": "string", "bool": "boolean", "datetime": TIMESTAMP}


class Misfit(Exception):  # noqa: N818 (it is no error until the client knows of which answer)
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


def decode(kind: Any, content: bytes | bytearray, zone: tzinfo | None = None) -> Any:
    """Decode JSON into models.

    Args:
        kind: A model or anything made of models; None for a body that does not matter.
        content: JSON text. A long array in a bytearray loses what is decoded, from its end. Of a key that an object has
            twice the last one counts.
        zone: Time zone to give to timestamps that have none.

    Raises:
        Misfit: The content is no JSON, or not of this kind.

    """
    if kind is None:
        return None
    read_as = wire_type(kind)
    value = _decode_whole(read_as, content)
    if read_as != kind:
        value = msgspec.convert(value, kind, from_attributes=True)
    if zone is not None and (attach := _localizer(kind, zone)) is not None:
        value = attach(value)
    return value


def decode_structs(kind: Any, content: bytes | bytearray) -> Any:
    """Decode JSON into structs with the attributes of models.

    Raises:
        Misfit: The content is no JSON, or not of this kind.

    """
    return None if kind is None else _decode_whole(struct_type(kind), content)


def describe(body: Any, path: str) -> str:
    """Describe what stands at a path of a parsed body."""
    try:
        for name, index in re.findall(r"\.([^.\[]+)|\[(\d+)\]", path):
            body = body[int(index)] if index else body[name]
    except (IndexError, KeyError, TypeError):
        return "something else"  # in a body that json reads otherwise than msgspec, say one with a key twice
    text = json.dumps(body, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:80]}…"


class _Uncollected:
    """Pauses garbage collection while at least one thread is inside: JSON makes no cycles, only many objects.

    Without it a third of the time of a year of hourly readings goes into looking for cycles.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._paused = False

    def __enter__(self) -> None:
        with self._lock:
            self._inside += 1
            if self._inside == 1 and gc.isenabled():
                self._paused = True
                gc.disable()

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0 and self._paused:
                self._paused = False
                gc.enable()


_uncollected = _Uncollected()


def _decode_whole(kind: Any, content: bytes | bytearray) -> Any:
    decoder = _decoder(kind)
    tail: list[Any] = []
    with _uncollected:
        if get_origin(kind) is list and isinstance(content, bytearray):
            tail = _decode_tail(decoder, content)
        try:
            value = _decode(decoder, content)
        except Misfit as misfit:
            misfit.lost = len(tail)
            raise
        if tail:
            value += tail
        return value


def _decode(decoder: msgspec.json.Decoder[Any], content: bytes | bytearray) -> Any:
    try:
        try:
            return decoder.decode(content)
        except msgspec.ValidationError:
            # JSON has one kind of number: 41.0 is an integer. msgspec says it is not, so the slow way judges again.
            return msgspec.convert(_any_decoder().decode(content), decoder.type)
    except msgspec.ValidationError as error:
        raise _misfit(str(error)) from error
    except RecursionError as error:
        raise Misfit("$", "JSON", "JSON that is nested too deep") from error
    except ValueError as error:  # msgspec.DecodeError, and UnicodeDecodeError
        raise Misfit("$", "JSON", None if content else "an empty body", str(error)) from error


def _decode_tail(decoder: msgspec.json.Decoder[Any], content: bytearray) -> list[Any]:
    """Take the later half off a long array, and so on: its text and its models are not both in memory as a whole.

    Where an element begins is guessed: where the text looks like the first one's begin. The guess needs no proof but
    that the piece decodes, since two JSON texts with a comma between them can only be two elements.
    """
    decoded: list[Any] = []
    first = re.match(rb"\[(\{\s*\"[^\"\\]*\"\s*:)", content)
    while first and len(content) > LONG and (start := content.rfind(b"," + first[1], 0, len(content) // 2)) > 0:
        content[start : start + 1] = b"["
        try:
            with memoryview(content) as whole, whole[start:] as piece:
                decoded = decoder.decode(piece) + decoded
        except (RecursionError, ValueError):
            content[start : start + 1] = b","
            break  # What is left is decoded as ever, and complained of.
        content[start:] = b"]"
    return decoded


def _number(text: str) -> Any:
    value = float(text)
    if not math.isfinite(value):
        return ...  # of no type, so that it fits nowhere
    # Above, what is written may have been another integer.
    return int(value) if value.is_integer() and abs(value) < UNSURE else value


def _misfit(message: str) -> Misfit:
    """Read what msgspec says: ``Expected `int`, got `str` - at `$[0].id` ``."""
    what, _, path = message.partition(" - at `")
    path = path.removesuffix("`") or "$"
    if match := re.fullmatch(r"Expected (.+), got (.+)", what):
        expected, found = (re.sub(r"`([^`]*)`", _json_names, text) for text in match.groups())
        return Misfit(path, expected, found if found in ("null", "object", "array") else None)
    if match := re.fullmatch(r"Object missing required field `(.+)`", what):
        return Misfit(f"{path}.{match[1]}", "a value", "no such field")
    known = dict.fromkeys(("Number out of range", "Integer value out of range"), "a number that fits into 64 bits")
    known["Invalid RFC3339 encoded datetime"] = TIMESTAMP
    return Misfit(path, known.get(what, f"something else ({what})"), None)


def _json_names(match: re.Match[str]) -> str:
    return " or ".join(JSON_NAMES.get(name, name) for name in match[1].split(" | "))


@functools.cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    with _BUILDING:
        return msgspec.json.Decoder(kind)


@functools.cache
def _any_decoder() -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(float_hook=_number)


@functools.cache
def _localizer(kind: Any, zone: tzinfo) -> Change | None:
    """Return what gives `zone` to the timestamps of a value; None when it can have none."""
    if kind is datetime:
        return lambda value: value.replace(tzinfo=zone) if value.tzinfo is None else value
    if isinstance(kind, type) and issubclass(kind, Model):
        changes = [(name, change) for name, hint in get_type_hints(kind).items() if (change := _localizer(hint, zone))]

        def model(value: Any) -> Any:
            for name, change in changes:
                setattr(value, name, change(getattr(value, name)))
            return value

        return model if changes else None
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        inner = [change for argument in arguments if (change := _localizer(argument, zone))]
        return (lambda value: None if value is None else inner[0](value)) if inner else None
    if origin is list and (change := _localizer(arguments[0], zone)) is not None:
        return lambda value: [change(item) for item in value]
    return None
