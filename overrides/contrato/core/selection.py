"""Rows of an answer are those that the call selects: a server may ignore a filter, or a cache mix up two answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import attrs

from contrato.core.mismatch import SchemaMismatch

if TYPE_CHECKING:  # Importing a client reads no spec.
    from contrato.core.schema import Schema
    from contrato.core.spec import Operation


@attrs.frozen
class Selected:
    """Values that an answer has at one place.

    Attributes:
        argument: Name of the argument in Python.
        path: JSON path of the place, for errors.
        steps: Attributes of models from the answer to the place; `*` stands for each element of a list.
        values: The values that the call asks for.

    """

    argument: str
    path: str
    steps: tuple[str, ...]
    values: frozenset[Any]

    def check(self, answer: Any) -> None:
        """Check the answer.

        Raises:
            SchemaMismatch: It has another value.

        """
        found = [] if answer is None else [answer]
        for step in self.steps:
            inner = (item if step == "*" else [getattr(item, step)] for item in found)
            found = [each for items in inner for each in items if each is not None]
        if not self.values.issuperset(found):
            raise SchemaMismatch(self.path, f"what {self.argument} selects", "something else")


def selected(operation: Operation, arguments: Mapping[str, Any]) -> Iterator[Selected]:
    """Yield what the arguments of a call select, as far as the answer shows it.

    Args:
        operation: The operation.
        arguments: Arguments that are given, by their Python names.

    """
    for name, parameter in operation.arguments.items() if operation.safe else ():
        echo, value = parameter.echo, arguments.get(name)
        if value is None or echo is None or echo.found_as is not None or operation.answer is None:
            continue
        beside = operation.parameter(echo.unless).python_name if echo.unless is not None else ""
        values = value if isinstance(value, list | tuple) else [value]
        # Texts may be written in several ways.
        if beside not in arguments and all(isinstance(each, int) for each in values):
            names = echo.at.split("/")[1:]
            path = "$" + "".join("[*]" if each == "*" else f".{each}" for each in names)
            yield Selected(name, path, tuple(_attributes(operation.answer, names)), frozenset(values))


def _attributes(schema: Schema, names: list[str]) -> Iterator[str]:
    for name in names:
        inner = schema.items if name == "*" else schema.properties[name].schema
        yield name if name == "*" else schema.properties[name].python_name
        assert inner is not None
        schema = inner
