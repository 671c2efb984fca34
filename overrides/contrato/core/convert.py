"""Convert parsed JSON into models that msgspec cannot decode.

These are alternatives of several models, models within themselves, and models with properties of any name, or of names
that are no plain text.
"""

import functools
from collections.abc import Mapping
from datetime import date, datetime
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import attrs
import msgspec

from contrato.core.mismatch import SchemaMismatch, mismatch

# Types that JSON has as text, those that take the fewest texts first.
TEXTS = (UUID, datetime, date, str)


@functools.cache
def is_hard(kind: Any) -> bool:
    """True if msgspec cannot decode a type."""
    return _is_hard(kind, ())


def _is_hard(kind: Any, around: tuple[Any, ...]) -> bool:
    if is_model(kind):
        if kind in around or any("rest" in field.metadata or _is_odd(field.metadata) for field in attrs.fields(kind)):
            return True
        return any(_is_hard(hint, (*around, kind)) for hint in get_type_hints(kind).values())
    arguments = get_args(kind)
    if is_union(kind):
        objects = [one for one in arguments if is_model(one) or get_origin(one) is dict]
        arrays = [one for one in arguments if get_origin(one) is list]
        texts = [one for one in arguments if one in TEXTS]
        if max(len(objects), len(arrays), len(texts)) > 1:
            return True
    return any(_is_hard(one, around) for one in arguments if one is not Any)


def _is_odd(metadata: Mapping[str, Any]) -> bool:
    """True for a name in JSON that msgspec refuses: it would have to be escaped."""
    wire = metadata.get("wire", "")
    return '"' in wire or "\\" in wire or any(character < " " for character in wire)


def is_model(kind: Any) -> bool:
    """True for a class of attrs."""
    return isinstance(kind, type) and attrs.has(kind)


def is_union(kind: Any) -> bool:
    """True for alternatives of types."""
    return get_origin(kind) in (Union, UnionType)


def convert(value: Any, kind: Any, path: str = "$") -> Any:
    """Return a JSON value as an instance of a type.

    Raises:
        SchemaMismatch: The value does not match the type.

    """
    if kind is Any:
        return value
    if is_model(kind):
        return _model(value, kind, path)
    origin, arguments = get_origin(kind), get_args(kind)
    if is_union(kind):
        return _one_of(value, arguments, path)
    if origin is list and isinstance(value, list):
        return [convert(item, arguments[0], f"{path}[{index}]") for index, item in enumerate(value)]
    if origin is dict and isinstance(value, dict):
        return {key: convert(item, arguments[1], f"{path}.{key}") for key, item in value.items()}
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        found = mismatch(str(error))
        raise SchemaMismatch(path + found.path.removeprefix("$"), found.expected, found.found) from None


@functools.cache
def _fields(kind: Any) -> tuple[tuple[str, str, Any, bool, bool], ...]:
    """Return name, name in JSON and type of each field of a model, and if it is required, and if it has the rest."""
    hints = get_type_hints(kind)
    return tuple(
        (
            field.name,
            field.metadata.get("wire", field.name),
            hints[field.name],
            field.default is attrs.NOTHING,
            "rest" in field.metadata,
        )
        for field in attrs.fields(kind)
    )


def _model(value: Any, kind: Any, path: str) -> Any:
    if not isinstance(value, dict):
        raise SchemaMismatch(path, "object", None)
    values: dict[str, Any] = {}
    fields = _fields(kind)
    for name, wire, hint, required, rest in fields:
        if rest:
            known = {other for _, other, _, _, is_rest in fields if not is_rest}
            values[name] = {
                key: convert(item, get_args(hint)[1], f"{path}.{key}")
                for key, item in value.items()
                if key not in known
            }
        elif wire in value:
            values[name] = convert(value[wire], hint, f"{path}.{wire}")
        elif required:
            raise SchemaMismatch(f"{path}.{wire}", "a value", "no such field")
    return kind(**values)


def _one_of(value: Any, kinds: tuple[Any, ...], path: str) -> Any:
    """Return a value as the alternative that it matches; of several, as the one that has most of its fields."""
    if value is None and type(None) in kinds:
        return None
    if isinstance(value, dict) and (models := [kind for kind in kinds if is_model(kind)]):
        return _one_of_models(value, models, kinds, path)
    if isinstance(value, str):
        kinds = tuple(sorted(kinds, key=lambda kind: TEXTS.index(kind) if kind in TEXTS else -1))
    if isinstance(value, int):
        # A number is both types of JSON.
        kinds = tuple(sorted(kinds, key=lambda kind: kind is not type(value)))
    problems: list[SchemaMismatch] = []
    for kind in kinds:
        try:
            return convert(value, kind, path)
        except SchemaMismatch as error:
            problems.append(error)
    deepest = max(problems, key=lambda error: len(error.path))
    if deepest.path != path:
        raise deepest
    raise SchemaMismatch(path, " or ".join(dict.fromkeys(error.expected for error in problems)), None)


def _one_of_models(value: Mapping[str, Any], models: list[Any], kinds: tuple[Any, ...], path: str) -> Any:
    tagged = [(kind, _tags(kind)) for kind in models]
    matching = [kind for kind, tags in tagged if all(value[wire] in of for wire, of in tags.items() if wire in value)]
    if not matching and not any(get_origin(kind) is dict for kind in kinds):
        wires = [wire for _, tags in tagged for wire in tags if wire in value]
        known = {str(one): None for _, tags in tagged for one in tags.get(wires[0], ())}
        raise SchemaMismatch(f"{path}.{wires[0]}", " or ".join(known), None)
    # A tag that is there says more than fields of the same name.
    best, problem = None, None
    for kind in matching:
        try:
            made = convert(value, kind, path)
        except SchemaMismatch as error:
            problem = problem or error
            continue
        score = sum(wire in value for _, wire, *_ in _fields(kind)) + len(value) * sum(w in value for w in _tags(kind))
        if best is None or score > best[0]:
            best = score, made
    if best is not None:
        return best[1]
    for kind in kinds:
        if get_origin(kind) is dict:
            return convert(value, kind, path)
    assert problem is not None
    raise problem


@functools.cache
def _tags(kind: Any) -> dict[str, tuple[Any, ...]]:
    """Return the only values of fields that tell a model from others, by their names in JSON."""
    return {
        field.metadata.get("wire", field.name): field.metadata["values"]
        for field in attrs.fields(kind)
        if "values" in field.metadata
    }
