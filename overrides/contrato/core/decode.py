"""Decode the bytes of an answer into models."""

import functools
import gc
import math
import os
import re
import threading
from collections.abc import Callable
from datetime import datetime, tzinfo
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import attrs
import msgspec

from contrato.core.convert import convert, is_hard
from contrato.core.forks import loading
from contrato.core.mismatch import SchemaMismatch, mismatch
from contrato.core.structs import struct_type, wire_type

Change = Callable[[Any], Any]
# Size in bytes from which arrays are decoded piece by piece.
LONG = 8 * 2**20
# msgspec rounds timestamps to microseconds, maybe into the next day, and so out of their window: cut what is more.
_FINE = re.compile(rb"-\d\d[Tt ]\d\d:\d\d:\d\d\.\d{7}")
_TIMESTAMP = re.compile(rb'("\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d\.\d{6})\d+([Zz]|[+-]\d\d:?\d\d|)(?=")')
# The smallest integer that a float cannot tell from the next one.
UNSURE = 2**53


def decode(kind: Any, content: bytes | bytearray, zone: tzinfo | None = None) -> Any:
    """Decode JSON into models.

    Args:
        kind: A model, or a type made of models; None for a body that is ignored.
        content: JSON text. A long array in a bytearray loses its elements while they are decoded, the last ones first.
            Of repeated keys the last one counts.
        zone: Time zone for timestamps without an offset.

    Raises:
        SchemaMismatch: The content is no JSON, or does not match the type.

    """
    if kind is None:
        return None
    if is_hard(kind):
        value = _decode_hard(kind, content)
        return value if zone is None else _localized(value, zone)
    read_as = wire_type(kind)
    value = _decode_whole(read_as, content)
    if read_as != kind:
        value = msgspec.convert(value, kind, from_attributes=True)
    if zone is not None and (attach := _localizer(kind, zone)) is not None:
        value = attach(value)
    return value


def decode_structs(kind: Any, content: bytes | bytearray) -> Any:
    """Decode JSON into structs with the attributes of models; into models if msgspec cannot.

    Raises:
        SchemaMismatch: The content is no JSON, or does not match the type.

    """
    if is_hard(kind):
        return _decode_hard(kind, content)
    return None if kind is None else _decode_whole(struct_type(kind), content)


class _Uncollected:
    """Pauses garbage collection while at least one thread is inside: JSON makes many objects, and no cycles.

    Otherwise a third of the time to decode a year of hourly readings is spent on searching for cycles.
    """

    def __init__(self) -> None:
        self._paused = False
        self.forget()

    def forget(self) -> None:
        """Begin anew, with no thread inside: those of a parent process are not in its child."""
        self._lock = threading.Lock()
        self._inside = 0
        if self._paused:
            self._paused = False
            gc.enable()

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


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_uncollected.forget)


def _decode_whole(kind: Any, content: bytes | bytearray) -> Any:
    if _FINE.search(content):
        content = bytearray(_TIMESTAMP.sub(rb"\1\2", content))
    decoder = _decoder(kind)
    tail: list[Any] = []
    with _uncollected:
        if get_origin(kind) is list and isinstance(content, bytearray):
            tail = _decode_tail(decoder, content)
        value = _decode(decoder, content)
        if tail:
            value += tail
        return value


def _decode_hard(kind: Any, content: bytes | bytearray) -> Any:
    with _uncollected:
        return convert(_decode(_any_decoder(), content), kind)


def _localized(value: Any, zone: tzinfo) -> Any:
    """Return a value whose timestamps have a zone."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=zone) if value.tzinfo is None else value
    if isinstance(value, list):
        return [_localized(item, zone) for item in value]
    if isinstance(value, dict):
        return {key: _localized(item, zone) for key, item in value.items()}
    if attrs.has(type(value)):
        for field in attrs.fields(type(value)):
            setattr(value, field.name, _localized(getattr(value, field.name), zone))
    return value


def _decode(decoder: msgspec.json.Decoder[Any], content: bytes | bytearray) -> Any:
    try:
        try:
            return decoder.decode(content)
        except msgspec.ValidationError:
            # In JSON 41.0 is an integer, for msgspec it is not: decode again, slowly, with such numbers converted.
            return msgspec.convert(_any_decoder().decode(content), decoder.type)
    except msgspec.ValidationError as error:
        raise mismatch(str(error)) from error
    except RecursionError as error:
        raise SchemaMismatch("$", "JSON", "JSON that is nested too deeply") from error
    except (msgspec.DecodeError, ValueError) as error:  # Before msgspec 0.21 the one is not the other.
        raise SchemaMismatch("$", "JSON", None if content else "an empty body", str(error)) from error


def _decode_tail(decoder: msgspec.json.Decoder[Any], content: bytearray) -> list[Any]:
    """Decode and cut off the second half of a long array, repeatedly, so that text and models never coexist as a whole.

    An element is guessed to start where the text looks like the start of the first one. If the second half decodes, the
    guess was right: two JSON texts with a comma between them can only be two elements.
    """
    decoded: list[Any] = []
    first = re.match(rb"\[(\{\s*\"[^\"\\]*\"\s*:)", content)
    while first and len(content) > LONG and (start := content.rfind(b"," + first[1], 0, len(content) // 2)) > 0:
        content[start : start + 1] = b"["
        try:
            with memoryview(content) as whole, whole[start:] as piece:
                decoded = decoder.decode(piece) + decoded
        except (msgspec.DecodeError, RecursionError, ValueError):
            content[start : start + 1] = b","
            break  # The rest is decoded as a whole, with its errors.
        content[start:] = b"]"
    return decoded


def _number(text: str) -> Any:
    value = float(text)
    if not math.isfinite(value):
        return ...  # matches no type
    # From there on the text may have had another integer.
    return int(value) if value.is_integer() and abs(value) < UNSURE else value


@functools.cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    # msgspec inspects a model at its first use; two threads that do so at the same time crash the process.
    with loading:
        return msgspec.json.Decoder(kind)


@functools.cache
def _any_decoder() -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(float_hook=_number)


@functools.cache
def _localizer(kind: Any, zone: tzinfo) -> Change | None:
    """Return a function that gives `zone` to the timestamps of a value; None if the type has no timestamps."""
    if kind is datetime:
        return lambda value: value.replace(tzinfo=zone) if value.tzinfo is None else value
    if isinstance(kind, type) and attrs.has(kind):
        changes = [(name, change) for name, hint in get_type_hints(kind).items() if (change := _localizer(hint, zone))]

        def model(value: Any) -> Any:
            for name, change in changes:
                setattr(value, name, change(getattr(value, name)))
            return value

        return model if changes else None
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        inner = [change for argument in arguments if (change := _localizer(argument, zone))]
        if len(inner) == 1 and len(arguments) == 2 and type(None) in arguments:
            return lambda value: None if value is None else inner[0](value)
        return (lambda value: _localized(value, zone)) if inner else None
    if origin is dict and _localizer(arguments[1], zone) is not None:
        return lambda value: _localized(value, zone)
    if origin is list and (change := _localizer(arguments[0], zone)) is not None:
        return lambda value: [change(item) for item in value]
    return None
