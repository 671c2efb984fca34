"""Tables of answers: their rows and columns, derived from the spec for windows, frames and the command.

An item is an element of a pager or of a returned list, or a returned object. Rows are items, or the objects inside
items that the operation filters by date. The models around a row and the row itself are its chain.
"""

import functools
import re
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Any

import attrs

from contrato.core.schema import Schema
from contrato.core.spec import Operation


@attrs.frozen(eq=False, slots=False)
class Column:
    """A column of a table.

    Attributes:
        name: Name in JSON; names of nested objects come first, joined by underscores.
        depth: Index of its model in the chain of a row; the last model is the row.
        path: Attributes from that model to the value.
        schema: Schema of the value.
        nullable: True if a value may be None.

    """

    name: str
    depth: int
    path: tuple[str, ...]
    schema: Schema
    nullable: bool

    @property
    def many(self) -> bool:
        """True if values are lists."""
        return self.schema.items is not None

    @property
    def type(self) -> str:
        """Type of a value in JSON, or `timestamp`; of a list the type of its elements, `object` for objects."""
        schema = self.schema.items or self.schema
        return "timestamp" if schema.is_timestamp else schema.type

    @property
    def numeric(self) -> bool:
        """True if values are numbers."""
        return not self.many and self.type in ("integer", "number")

    @functools.cached_property
    def get(self) -> Any:
        """Function that reads the value from the model at `depth`; None if an object on the path is None."""
        if len(self.path) == 1:
            return attrgetter(self.path[0])

        def get(model: Any) -> Any:
            for name in self.path:
                model = None if model is None else getattr(model, name)
            return model

        return get

    def value(self, chain: Sequence[Any]) -> Any:
        """Return the value in a row."""
        return self.get(chain[self.depth])


@attrs.frozen(eq=False)
class Table:
    """A table.

    Attributes:
        name: Noun of the operation, such as `bills` for `listBills`; of a list of objects its name in JSON.
        path: Attributes from an item to its rows, each a list; empty if the item is the row.
        columns: Columns in the order of the spec, those of the models around the row first, without lists of objects.

    """

    name: str
    path: tuple[str, ...]
    columns: tuple[Column, ...]

    def chains(self, items: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
        """Yield the chain of each row."""

        def walk(chain: tuple[Any, ...], path: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
            if not path:
                yield chain
            else:
                for model in getattr(chain[-1], path[0]) or ():
                    yield from walk((*chain, model), path[1:])

        for item in items:
            yield from walk((item,), self.path)


@attrs.frozen(eq=False)
class Tables:
    """The tables of an operation.

    Attributes:
        rows: Table of the rows.
        lists: Tables of the lists of objects in a row, each with the id of the row first.
        columns: Columns of `rows`, and its lists of objects as columns of type `object`, in the order of the spec.
        many: True if an answer has any number of rows, False if it has one.
        page_items: Attribute of a page with its items; None if a page is the list of items.
        levels: Schemas of the models of a chain, each with the property that leads to the next.
        date: Attributes from a row to the date that the operation filters by; empty without a range of dates.

    """

    rows: Table
    lists: tuple[Table, ...]
    columns: tuple[Column, ...]
    many: bool
    page_items: str | None
    levels: tuple[tuple[Schema, str], ...]
    date: tuple[str, ...]

    def items(self, answer: Any) -> Sequence[Any]:
        """Return the items of an answer, which may be a page; an empty sequence for None."""
        if answer is None:
            return ()
        found: Any = getattr(answer, self.page_items) if self.page_items else answer
        return found if isinstance(found, list) else [found]


@functools.cache
def tables(operation: Operation) -> Tables:
    """Derive the tables of an operation.

    Raises:
        TypeError: The operation returns no objects.
        ValueError: The shape of the answer has no table.

    """
    schema = operation.answer
    if schema is None:
        raise TypeError(f"{operation.id} answers with no body: there is no table of it")
    page_items = None
    if operation.pagination is not None and operation.pagination.items is not None:
        page_items = schema.properties[operation.pagination.items].python_name
        schema = schema.properties[operation.pagination.items].schema
    is_list = schema.items is not None
    schema = schema.items or schema
    if not schema.properties:
        raise TypeError(f"{operation.id} answers with no objects: there is no table of it")
    names, date = _row_path(operation)
    levels = [schema]
    path: tuple[str, ...] = ()
    for name in names:
        prop = levels[-1].properties[name]
        if prop.schema.items is None:
            raise ValueError(f"{operation.id}: {name}, on the path to the rows, is no array")
        path = (*path, prop.python_name)
        levels.append(prop.schema.items)
    leading = [*names, ""]
    columns = [
        column
        for depth, (level, skipped) in enumerate(zip(levels, leading, strict=True))
        for column in _columns(operation, level, depth)
        if column.path[0] != (level.properties[skipped].python_name if skipped else None)
    ]
    flat = [column for column in columns if column.type != "object"]
    lists = []
    for column in columns:
        if column.type == "object":
            if column.depth < len(names) or column.schema.items is None:
                raise ValueError(f"{operation.id}: the list {column.name} is not in a row, so it cannot be a table")
            inner = list(_columns(operation, column.schema.items, len(levels)))
            if any(nested.type == "object" for nested in inner):
                raise ValueError(
                    f"{operation.id}: objects of {column.name} have lists of objects, which cannot be tables"
                )
            key = _key(levels[-1], flat)
            lists.append(_table(operation, column.name, (*path, column.path[0]), [*key, *inner]))
    return Tables(
        _table(operation, _noun(operation), path, flat),
        tuple(lists),
        tuple(columns),
        is_list or bool(names),
        page_items,
        tuple(zip(levels, leading, strict=True)),
        tuple(_attributes(levels[-1], date)),
    )


def _row_path(operation: Operation) -> tuple[list[str], list[str]]:
    """Return the arrays from an item to its rows, and the properties from a row to its date.

    Rows are the objects with the date that a range of dates filters by. Without a range, items are rows.
    """
    if operation.date_range is None:
        return [], []
    steps = operation.date_range.field.strip("/").split("/")
    if operation.pagination is not None and operation.pagination.items is not None:
        steps = steps[1:]
    if steps[:1] == ["*"]:
        steps = steps[1:]
    last = max((index for index, step in enumerate(steps) if step == "*"), default=-1)
    return [step for step in steps[:last] if step != "*"], steps[last + 1 :]


def _attributes(schema: Schema, names: Iterable[str]) -> Iterator[str]:
    """Yield the attributes for a path of properties."""
    for name in names:
        yield schema.properties[name].python_name
        schema = schema.properties[name].schema


def _noun(operation: Operation) -> str:
    noun = re.sub(r"^[a-z]+", "", operation.id)
    return re.sub(r"(?<!^)(?=[A-Z])", "_", noun).lower() or operation.method_name


def _table(operation: Operation, name: str, path: tuple[str, ...], columns: Sequence[Column]) -> Table:
    names = [column.name for column in columns]
    if len(set(names)) < len(names):
        raise ValueError(f"{operation.id}: two columns have the same name in {names}")
    return Table(name, path, tuple(columns))


def _key(row: Schema, columns: Iterable[Column]) -> list[Column]:
    """Return the column that identifies a row: `id`, or `id_` and the component, such as `id_bill` for Bill."""
    names = ("id", "id" + re.sub(r"(?=[A-Z])", "_", row.component).lower())
    return [column for column in columns if column.name in names][:1]


def _columns(
    operation: Operation,
    level: Schema,
    depth: int,
    prefix: str = "",
    path: tuple[str, ...] = (),
    nullable: bool = False,
) -> Iterator[Column]:
    for name, prop in level.properties.items():
        here = (*path, prop.python_name)
        may_be_none = nullable or not prop.required or prop.schema.nullable
        if prop.schema.properties:
            yield from _columns(operation, prop.schema, depth, f"{prefix}{name}_", here, may_be_none)
            continue
        column = Column(f"{prefix}{name}", depth, here, prop.schema, may_be_none)
        if prefix and column.many and column.type == "object":
            raise ValueError(f"{operation.id}: {column.name}: a list of objects in a nested object cannot be a table")
        yield column
