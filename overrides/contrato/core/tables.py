"""Where the rows of an answer are, and which columns they have: derived from the spec for frames and the command.

An item is what a pager iterates over, an element of a returned list, or a returned object. Rows are items, or what the
range of dates of an operation filters inside of them. The models around a row and the row itself are its chain.
"""

import functools
import re
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Any

import attrs

from contrato.core.spec import Operation, Schema


@attrs.frozen(eq=False, slots=False)
class Column:
    """A column of a table.

    Attributes:
        name: Wire name; that of a nested object comes before it, with an underscore between.
        depth: Which model of a row's chain has it; the last one is the row itself.
        path: Attributes that lead from that model to the value.
        schema: Schema of the value.
        nullable: Whether a value may be None.

    """

    name: str
    depth: int
    path: tuple[str, ...]
    schema: Schema
    nullable: bool

    @property
    def many(self) -> bool:
        """Whether a value is a list."""
        return self.schema.items is not None

    @property
    def type(self) -> str:
        """JSON's type of a value, or `timestamp`; of a list that of its elements, `object` for objects."""
        schema = self.schema.items or self.schema
        return "timestamp" if schema.is_timestamp else schema.type

    @property
    def numeric(self) -> bool:
        """Whether a value is a number."""
        return not self.many and self.type in ("integer", "number")

    @functools.cached_property
    def get(self) -> Any:
        """A function that reads the value from the model at `depth`; it is None below an object that is."""
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
        name: Of the first table the operation's noun, as `bills` of `listBills`; of the others the list's wire name.
        path: Attributes that lead from an item to its rows, each a list; empty when the item is the row.
        columns: In the spec's order, those of the models around the row first. Lists of objects are no columns.

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
        rows: The table of its rows.
        lists: A table for each list of objects in a row, with the row's id first.
        columns: The columns of `rows`, and its lists of objects as columns of type `object`, in the spec's order.
        many: Whether an answer has any number of rows, and not one.
        page_items: Attribute of a page that holds its items; None where a page is the list of them.
        levels: Schemas of the models of a chain, each with the property that leads on to the next.
        date: Attributes that lead from a row to the date that a range filters; empty without a range.

    """

    rows: Table
    lists: tuple[Table, ...]
    columns: tuple[Column, ...]
    many: bool
    page_items: str | None
    levels: tuple[tuple[Schema, str], ...]
    date: tuple[str, ...]

    def items(self, answer: Any) -> Sequence[Any]:
        """Return the items of an answer, which may be a page; None has none."""
        if answer is None:
            return ()
        found: Any = getattr(answer, self.page_items) if self.page_items else answer
        return found if isinstance(found, list) else [found]


@functools.cache
def tables(operation: Operation) -> Tables:
    """Derive the tables of an operation.

    Raises:
        TypeError: It answers with nothing that makes a table.
        ValueError: Its answer has a shape that makes none.

    """
    schema = operation.answer
    if schema is None:
        raise TypeError(f"{operation.id} answers with no body, so there is nothing to make a table of")
    page_items = None
    if operation.pagination is not None and operation.pagination.items is not None:
        page_items = schema.properties[operation.pagination.items].python_name
        schema = schema.properties[operation.pagination.items].schema
    is_list = schema.items is not None
    schema = schema.items or schema
    if not schema.properties:
        raise TypeError(f"{operation.id} answers with no objects, so there is nothing to make a table of")
    names, date = _row_path(operation)
    levels = [schema]
    path: tuple[str, ...] = ()
    for name in names:
        prop = levels[-1].properties[name]
        if prop.schema.items is None:
            raise ValueError(f"{operation.id}: {name}, on the way to its rows, is no array")
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
                raise ValueError(f"{operation.id}: {column.name} would be a table of no row")
            inner = list(_columns(operation, column.schema.items, len(levels)))
            if any(nested.type == "object" for nested in inner):
                raise ValueError(f"{operation.id}: {column.name} holds lists of objects, which make no table")
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
    """Return the arrays that lead from an item to its rows, and the properties from a row to its date.

    Rows are what a range of dates filters. Without one, items are rows.
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
    """Yield the attributes that a way through objects consists of."""
    for name in names:
        yield schema.properties[name].python_name
        schema = schema.properties[name].schema


def _noun(operation: Operation) -> str:
    noun = re.sub(r"^[a-z]+", "", operation.id)
    return re.sub(r"(?<!^)(?=[A-Z])", "_", noun).lower() or operation.method_name


def _table(operation: Operation, name: str, path: tuple[str, ...], columns: Sequence[Column]) -> Table:
    names = [column.name for column in columns]
    if len(set(names)) < len(names):
        raise ValueError(f"{operation.id}: two columns of one name in {names}")
    return Table(name, path, tuple(columns))


def _key(row: Schema, columns: Iterable[Column]) -> list[Column]:
    """Return the column that identifies a row: `id`, or with the name of the component, as `id_bill` of Bill."""
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
            raise ValueError(f"{operation.id}: {column.name}: a list of objects below an object has no table")
        yield column
