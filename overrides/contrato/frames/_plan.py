"""Which tables an answer makes, derived from the spec. Needs no library for frames."""

import functools
import importlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from contrato.core import spec
from contrato.core.types import UNSET

Node = Mapping[str, Any]


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        name: Wire name; that of a nested object comes before it, with an underscore between.
        depth: Which of the objects around a row has it, counted from the item; the last one is the row itself.
        get: Reads the value from that object; None for one that is absent.
        type: `integer`, `number`, `boolean`, `string` or `timestamp`.
        many: Whether a value is a list of these.
        nullable: Whether a value may be absent.
        metadata: Its `evidence`, and its `unit`, `unit_evidence` and `meaning_evidence` where the spec has them.

    """

    name: str
    depth: int
    get: Callable[[Any], Any]
    type: str
    many: bool
    nullable: bool
    metadata: Mapping[str, str]


@dataclass(frozen=True)
class Table:
    """A table, and how to find its rows.

    Attributes:
        name: Of the first table the operation's noun, as `bills` of `listBills`; of the others the list's wire name.
        path: Attributes that lead from an item to its rows, each a list; empty when the item is the row.
        columns: In the spec's order, those of the objects around the row first.

    """

    name: str
    path: tuple[str, ...]
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Plan:
    """The tables of an operation.

    Attributes:
        item: Model of an item: what a method returns, or what it returns a list of, or what a pager iterates over.
        page: Model of the envelope of a page of items, and its attribute that holds them; None where there is none.
        tables: The first one has the operation's rows, the others the lists of objects in a row, with the row's id.

    """

    item: Any
    page: tuple[Any, str] | None
    tables: tuple[Table, ...]


@dataclass(frozen=True)
class _Schema:
    """A schema without references and nulls. `component` is what it is called in the spec."""

    node: Node
    nullable: bool
    component: str


@functools.cache
def plan(api: str, operation_id: str) -> Plan:
    """Derive the tables of an operation.

    Raises:
        TypeError: The operation answers with nothing that makes a table.

    """
    document = spec.load(api)
    operations = (o for item in document["paths"].values() for o in item.values() if isinstance(o, dict))
    operation = next(o for o in operations if o.get("operationId") == operation_id)
    success = (spec.follow(document, r)[0] for status, r in operation["responses"].items() if status[0] == "2")
    content = next((r["content"]["application/json"] for r in success if "content" in r), None)
    if content is None:
        raise TypeError(f"{operation_id} answers with no body, so there is nothing to make a table of")
    return _Planner(api, document, operation).plan(content["schema"])


class _Planner:
    def __init__(self, api: str, document: Node, operation: Node) -> None:
        self._document = document
        self._operation = operation
        self._models = importlib.import_module(f"contrato.{api}.models")

    def plan(self, schema: Node) -> Plan:
        root = self._schema(schema)
        pagination = self._operation.get("x-pagination", {})
        page = None
        if "items" in pagination:
            page = self._model(root), self._attributes(root)[pagination["items"]]
            root = self._schema(root.node["properties"][pagination["items"]])
        if root.node["type"] == "array":
            root = self._schema(root.node["items"])
        # Rows are what the range of dates filters; the pointer's names lead from the item to them.
        field = self._operation.get("x-date-range", {}).get("field", "")
        names = field.rpartition("/*/")[0].split("/*/")[1:]
        levels, path = [root], []
        for name in names:
            path.append(self._attributes(levels[-1])[name])
            levels.append(self._schema(self._schema(levels[-1].node["properties"][name]).node["items"]))
        columns = [column for depth, level in enumerate(levels) for column in self._columns(level, depth)]
        tables = [self._table(self._noun(), path, columns)]
        for depth, level in enumerate(levels):
            for name, nested in self._nested(level).items():
                if depth < len(names) and name == names[depth]:
                    continue
                if depth < len(names) or self._nested(nested):
                    raise ValueError(f"{self._operation['operationId']}: {name} would be a table of no row")
                tables.append(
                    self._table(
                        name,
                        [*path, self._attributes(level)[name]],
                        [self._key(level, depth), *self._columns(nested, depth + 1)],
                    )
                )
        return Plan(self._model(root), page, tuple(tables))

    def _noun(self) -> str:
        noun = re.sub(r"^[a-z]+", "", self._operation["operationId"])
        return re.sub(r"(?<!^)(?=[A-Z])", "_", noun).lower()

    def _table(self, name: str, path: list[str], columns: list[Column]) -> Table:
        names = [column.name for column in columns]
        if len(set(names)) < len(names):
            raise ValueError(f"{self._operation['operationId']}: two columns of one name in {names}")
        return Table(name, tuple(path), tuple(columns))

    def _key(self, level: _Schema, depth: int) -> Column:
        """Return the column that identifies a row: `id`, or with the name of the component, as `id_bill` of Bill."""
        names = ("id", "id" + re.sub(r"(?=[A-Z])", "_", level.component).lower())
        return next(column for column in self._columns(level, depth) if column.name in names)

    def _columns(
        self, level: _Schema, depth: int, prefix: str = "", path: tuple[str, ...] = (), absent: bool = False
    ) -> Iterator[Column]:
        attributes = self._attributes(level)
        for name, node in level.node["properties"].items():
            schema = self._schema(node)
            # What may be absent on the way to a value is what the fast getter cannot pass.
            optional = name not in level.node.get("required", [])
            here = (*path, attributes[name])
            if "properties" in schema.node:
                below = absent or optional or schema.nullable
                yield from self._columns(schema, depth, f"{prefix}{name}_", here, below)
                continue
            many = schema.node["type"] == "array"
            value = self._schema(schema.node["items"]) if many else schema
            if many and "properties" in value.node:
                if prefix:
                    raise ValueError(f"{prefix}{name}: a list of objects below an object has no table")
                continue
            yield Column(
                name=prefix + name,
                depth=depth,
                get=_careful(here) if absent or optional else attrgetter(".".join(here)),
                type="timestamp" if value.node.get("format", "").startswith("date-time") else value.node["type"],
                many=many,
                nullable=absent or optional or schema.nullable,
                metadata={
                    key: schema.node[f"x-{key.replace('_', '-')}"]
                    for key in ("unit", "unit_evidence", "evidence", "meaning_evidence")
                    if f"x-{key.replace('_', '-')}" in schema.node
                },
            )

    def _nested(self, level: _Schema) -> dict[str, _Schema]:
        """Return the lists of objects in an object, as the schemas of their elements."""
        schemas = {name: self._schema(node).node for name, node in level.node["properties"].items()}
        elements = {name: self._schema(node["items"]) for name, node in schemas.items() if "items" in node}
        return {name: element for name, element in elements.items() if "properties" in element.node}

    def _model(self, level: _Schema) -> Any:
        return getattr(self._models, level.component)

    def _attributes(self, level: _Schema) -> dict[str, str]:
        """Return the attribute of each property."""
        model = self._model(level)
        return dict(zip(model.__struct_encode_fields__, model.__struct_fields__, strict=True))

    def _schema(self, node: Node) -> _Schema:
        node, component = spec.follow(self._document, node)
        nullable = False
        for key in ("anyOf", "oneOf"):
            if key in node:
                options = [option for option in node[key] if option.get("type") != "null"]
                nullable = len(options) < len(node[key])
                # More than one option would be a column of two types: unpacking fails.
                (option,) = options
                inner, component = spec.follow(self._document, option)
                node = {**inner, **{name: value for name, value in node.items() if name != key}}
        return _Schema(node, nullable, component)


def _careful(path: tuple[str, ...]) -> Callable[[Any], Any]:
    """Return what reads a value that may be absent, or may be in something that is."""

    def get(value: Any) -> Any:
        for name in path:
            value = getattr(value, name)
            if value is None or value is UNSET:
                return None
        return value

    return get
