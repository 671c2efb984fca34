"""Types that msgspec decodes for models.

msgspec decodes JSON into attrs classes, but cannot rename their fields. A model that renames a field, or contains one
that does, is decoded into a struct of the same shape first.
"""

import functools
import operator
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import attrs
import msgspec


def wire_type(kind: Any) -> Any:
    """Return the type to decode for a type: itself, or with structs for models that rename fields."""
    return _structs(kind, keep=True)


def struct_type(kind: Any) -> Any:
    """Return a type with structs for all models: they are cheaper, for values that are read once."""
    return _structs(kind, keep=False)


@functools.cache
def _structs(kind: Any, keep: bool) -> Any:
    if isinstance(kind, type) and attrs.has(kind):
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
        # gc=False: JSON has no cycles, and searching a hundred thousand rows for them takes time.
        return msgspec.defstruct(kind.__name__, members, rename=renamed, kw_only=True, gc=False)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is list:
        return list[_structs(arguments[0], keep)]  # type: ignore[misc]
    if origin is dict:
        return dict[str, _structs(arguments[1], keep)]  # type: ignore[misc]
    if origin in (Union, UnionType):
        return functools.reduce(operator.or_, (_structs(argument, keep) for argument in arguments))
    return kind
