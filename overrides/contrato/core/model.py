"""The base of the models, and how they are decoded: by msgspec, which checks every type.

msgspec decodes JSON straight into attrs classes, if every field has the same name there and here. A model that has, or
whose parts have, a field of another name is decoded into a struct of the same shape first.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Mapping
from datetime import date
from types import UnionType
from typing import Any, Self, Union, get_args, get_origin, get_type_hints

import attrs
import msgspec


@attrs.define
class Model:
    """The base of every model. To make or evolve one checks no types; to decode one does."""

    def to_dict(self) -> dict[str, Any]:
        """Return JSON, with the names of the wire; timestamps are ISO 8601 text, a field that is None is null."""
        fields = attrs.fields(type(self))
        return {field.metadata.get("wire", field.name): plain(getattr(self, field.name)) for field in fields}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Make a model of JSON with the names of the wire; names that it does not know are ignored.

        Raises:
            ValueError: The data are not what the spec says; the message says where.

        """
        from contrato.core.decode import Misfit, decode, describe

        try:
            model: Self = decode(cls, msgspec.json.encode(data))
        except Misfit as error:
            found = error.found or error.problem or describe(dict(data), error.path)
            raise ValueError(f"{cls.__name__}: {error.path} must be {error.expected}, not {found}") from None
        return model


def plain(value: Any) -> Any:
    """Return a value of a model as JSON has it."""
    if isinstance(value, Model):
        return value.to_dict()
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


def wire_type(kind: Any) -> Any:
    """Return the type that msgspec decodes for a kind: itself, or one with structs for models with renamed fields."""
    return _structs(kind, keep=True)


def struct_type(kind: Any) -> Any:
    """Return a kind with a struct for every model: cheaper to make, for values that are read once and thrown away."""
    return _structs(kind, keep=False)


@functools.cache
def _structs(kind: Any, keep: bool) -> Any:
    if isinstance(kind, type) and issubclass(kind, Model):
        hints = get_type_hints(kind)
        inner = {name: _structs(hint, keep) for name, hint in hints.items()}
        fields = attrs.fields(kind)
        wires = {field.name: field.metadata.get("wire", field.name) for field in fields}
        renamed = {name: wire for name, wire in wires.items() if wire != name}
        if keep and not renamed and inner == hints:
            return kind
        members = [
            (field.name, inner[field.name], *([None] if field.default is not attrs.NOTHING else [])) for field in fields
        ]
        # Without garbage collection: JSON has no cycles, and to search a hundred thousand rows for them takes time.
        return msgspec.defstruct(kind.__name__, members, rename=renamed, kw_only=True, gc=False)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is list:
        return list[_structs(arguments[0], keep)]  # type: ignore[misc]
    if origin in (Union, UnionType):
        return functools.reduce(operator.or_, (_structs(argument, keep) for argument in arguments))
    return kind
