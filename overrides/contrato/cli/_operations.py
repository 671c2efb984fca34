"""What the spec says about the operations of an API, as the command needs it: names, parameters, rows and columns."""

import builtins
import keyword
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from contrato.core import spec
from contrato.core.types import UNSET

Schema = Mapping[str, Any]

# Names that the generator does not give to a variable.
RESERVED = {*keyword.kwlist, *dir(builtins), "self", "true", "false", "datetime"} - {"id"}
# Verbs that only read: their command is the noun alone.
READING = ("get", "list", "query")


@dataclass(frozen=True)
class Parameter:
    """A parameter of an operation, or a property of its body.

    Attributes:
        wire: Its name in the API.
        argument: Its name in the client's method.
        option: Its name in the command, without the dashes; for a path parameter its metavar.
        place: `path`, `query` or `body`.
        required: Whether the API demands it.
        schema: Schema of its value, references followed.
        description: What it is.
        evidence: Where it comes from.
        meaning_evidence: Where its meaning comes from, when that is weaker.
        refers_to: Where values that exist are found, as the spec says it.

    """

    wire: str
    argument: str
    option: str
    place: str
    required: bool
    schema: Schema
    description: str
    evidence: str
    meaning_evidence: str
    refers_to: Sequence[str]


@dataclass(frozen=True)
class Column:
    """A column of a table of rows.

    Attributes:
        name: Wire name; below a nested object, with the object's name before it.
        depth: Which of the objects that lead to the row has it; the last one is the row.
        path: Attributes to follow there.
        schema: Schema of its value, references followed.
        description: What it is.
        unit: Unit of its values, or an empty text.
        evidence: Where it comes from.
        meaning_evidence: Where its meaning comes from, when that is weaker.
        unit_evidence: Where its unit comes from, when that is weaker.

    """

    name: str
    depth: int
    path: tuple[str, ...]
    schema: Schema
    description: str
    unit: str
    evidence: str
    meaning_evidence: str
    unit_evidence: str

    @property
    def type(self) -> str:
        """JSON type, or `timestamp`, or `objects` for an array of them."""
        return _type(self.schema)

    @property
    def numeric(self) -> bool:
        """Whether its values are numbers."""
        return self.type in ("integer", "number")

    @property
    def noun(self) -> str:
        """What it identifies or tells: `service` of `id_service`, `backup` of `is_backup`."""
        return self.name.lower().removeprefix("id_").removeprefix("is_").removesuffix("_id")

    def value(self, row: Sequence[Any]) -> Any:
        """Return the value in a row; None when it is null or missing."""
        value = row[self.depth]
        for name in self.path:
            # Below an object that is null or missing, everything is.
            value = getattr(value, name, None)
        return None if value is UNSET else value


class Operation:
    """One operation of a spec.

    Args:
        document: The OpenAPI document.
        path: Path template.
        method: HTTP method, in lower case.

    """

    def __init__(self, document: Schema, path: str, method: str) -> None:
        item = document["paths"][path]
        self._document = document
        self._data = item[method]
        self._own = [*item.get("parameters", []), *self._data.get("parameters", [])]
        self.method = method
        self.id: str = self._data["operationId"]
        self.python_name = argument(self.id)
        self.summary: str = self._data.get("summary", self.id)
        self.description = plain_text(self._data.get("description", self.summary))
        self.evidence: str = self._data.get("x-evidence", "")
        self.meaning_evidence: str = self._data.get("x-meaning-evidence", "")
        self.path_evidence: str = item.get("x-evidence", "")
        self.safe: bool = method == "get" or bool(self._data.get("x-safe"))
        self.pagination: Mapping[str, Any] = self._data.get("x-pagination", {})
        self.date_range: Mapping[str, Any] = self._data.get("x-date-range", {})
        self.tag: str = (self._data.get("tags") or ["Other"])[0]

    @property
    def words(self) -> list[str]:
        """The words of the operation's id: a verb, then a noun."""
        return argument(self.id).split("_")

    def follow(self, node: Schema) -> Schema:
        """Follow a reference of the spec."""
        return spec.follow(self._document, node)[0]

    @cached_property
    def parameters(self) -> list[Parameter]:
        """Path parameters first, then what the API demands, then the rest, each group in the order of the spec."""
        found: list[tuple[str, str, bool, Schema, Schema]] = []
        for node in self._own:
            data = self.follow(node)
            schema = self.follow(data.get("schema", {}))
            found.append((data["name"], data["in"], bool(data.get("required")), data, schema))
        body = self._body
        for name, node in body.get("properties", {}).items():
            schema = self.follow(node)
            found.append((name, "body", name in body.get("required", ()), schema, schema))
        found.sort(key=lambda entry: (entry[1] != "path", not entry[2]))
        options = unique([self._options(name, place, schema) for name, place, _, _, schema in found])
        return [
            Parameter(
                wire=name,
                argument=argument(name),
                option=option,
                place=place,
                required=required,
                schema=_not_null(self._document, schema),
                description=plain_text(data.get("description", "")),
                evidence=data.get("x-evidence", ""),
                meaning_evidence=data.get("x-meaning-evidence", ""),
                refers_to=[pointers] if isinstance(pointers := data.get("x-refers-to", []), str) else pointers,
            )
            for (name, place, required, data, schema), option in zip(found, options, strict=True)
        ]

    def _options(self, wire: str, place: str, schema: Schema) -> list[str]:
        """Return names for an option, the best one first."""
        words = argument(wire).strip("_").split("_")
        full = "-".join(words)
        if place == "path":
            return [full]
        if wire == self.pagination.get("page"):
            return ["page", full]
        if wire == self.pagination.get("limit"):
            return ["limit", full]
        if len(words) > 1:
            words = words[1:] if words[0] == "id" else words[:-1] if words[-1] == "id" else words
        if schema.get("type") == "array":
            words[-1] = singular(words[-1])
        short = "-".join(words)
        names = [name for name in (short, full) if name not in COMMON]
        return [*names, f"{full}-value"]

    @cached_property
    def _body(self) -> Schema:
        content = self._data.get("requestBody", {}).get("content", {})
        return self.follow(content.get("application/json", {}).get("schema", {}))

    @property
    def has_body(self) -> bool:
        """Whether the request carries JSON."""
        return bool(self._body)

    @cached_property
    def answer(self) -> Schema | None:
        """Schema of the successful answer; None when it has no body."""
        for status, node in self._data["responses"].items():
            content = self.follow(node).get("content", {})
            if status.startswith("2") and content:
                return self.follow(content["application/json"]["schema"])
        return None

    @cached_property
    def nothing(self) -> str:
        """What a success without a body means; an empty text when there is none."""
        for status, node in self._data["responses"].items():
            response = self.follow(node)
            if status.startswith("2") and not response.get("content"):
                return f"{plain_text(response['description']).rstrip('.')} ({status})"
        return ""

    @cached_property
    def steps(self) -> tuple[str, ...]:
        """The way from an answer to its rows: names of properties, and `*` for each element; empty if it is one row."""
        if self.date_range:
            steps = self.date_range["field"].strip("/").split("/")[:-1]
        elif "items" in self.pagination:
            steps = [self.pagination["items"], "*"]
        else:
            steps = ["*"] if (self.answer or {}).get("type") == "array" else []
        return tuple(steps)

    @cached_property
    def _levels(self) -> list[tuple[Schema, str]]:
        """Return the objects that lead to a row, the row last, each with the property that leads on."""
        levels: list[tuple[Schema, str]] = []
        node = self.answer or {}
        inside = False
        for step in self.steps:
            if step == "*":
                node, inside = self.follow(node["items"]), True
                continue
            if inside:
                levels.append((node, step))
            node = self.follow(node["properties"][step])
        return [*levels, (node, "")]

    @cached_property
    def columns(self) -> list[Column]:
        """The columns of a table of the rows, those of the objects that lead to a row first."""
        if self.answer is None:
            return []
        found: list[Column] = []
        for depth, (level, skipped) in enumerate(self._levels):
            names = [name for name in level.get("properties", {}) if name != skipped]
            found += self._flat(level, names, depth, (), "")
        return found

    @cached_property
    def keys(self) -> list[Column]:
        """Of a series over time the columns that tell what a row is measured on.

        What requests can ask for one of, like services, is one thing, and its main and its backup meter are two.
        """
        if not self.date_range:
            return []
        named = {pointer.rpartition("/")[2] for parameter in self.parameters for pointer in parameter.refers_to}
        return [column for column in self.columns if column.name in named or column.type == "boolean"]

    def names(self, key: Column) -> list[Column]:
        """Return the columns with the name of what a key identifies, the best one first."""
        wanted = (key.noun, f"{key.noun}_name", "name")
        found = {c.name: c for c in self.columns if c.depth == key.depth and c.type == "string"}
        return [found[name] for name in wanted if name in found]

    @cached_property
    def lists(self) -> dict[str, list[Column]]:
        """The columns of a table of each list of objects in a row: the row's id, then those of the objects."""
        found = {}
        ids = ("id", f"id_{singular('_'.join(self.words[1:]))}")
        for column in self.columns:
            if column.type == "objects":
                schema = column.schema["items"]
                inner = self._flat(schema, schema["properties"], len(self._levels), (), "")
                found[column.name] = [*(c for c in self.columns if c.name in ids), *inner]
        return found

    def elements(self, row: Sequence[Any], name: str) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of the table of a list of objects in a row."""
        column = next(column for column in self.columns if column.name == name)
        return ((*row, element) for element in column.value(row) or ())

    def _flat(
        self, schema: Schema, names: Iterable[str], depth: int, path: tuple[str, ...], prefix: str
    ) -> Iterator[Column]:
        for name in names:
            node = self.follow(schema["properties"][name])
            inner = _not_null(self._document, node)
            here = (*path, argument(name))
            if inner.get("properties"):
                yield from self._flat(inner, inner["properties"], depth, here, f"{prefix}{name}_")
                continue
            if inner.get("type") == "array":
                inner = {**inner, "items": self.follow(inner["items"])}
            yield Column(
                name=f"{prefix}{name}",
                depth=depth,
                path=here,
                schema=inner,
                description=plain_text(node.get("description", "")),
                unit=node.get("x-unit", ""),
                evidence=node.get("x-evidence", ""),
                meaning_evidence=node.get("x-meaning-evidence", ""),
                unit_evidence=node.get("x-unit-evidence", ""),
            )

    def rows(self, answer: Any) -> Iterator[tuple[Any, ...]]:
        """Yield, for each row of an answer, the models that lead to it and the row's own last; None has no rows."""

        def walk(node: Any, steps: tuple[str, ...], chain: tuple[Any, ...], inside: bool) -> Iterator[tuple[Any, ...]]:
            if not steps:
                yield (*chain, node)
            elif steps[0] == "*":
                for element in node:
                    yield from walk(element, steps[1:], chain, True)
            else:
                yield from walk(
                    getattr(node, argument(steps[0])), steps[1:], (*chain, node) if inside else chain, inside
                )

        return iter(()) if answer is None else walk(answer, self.steps, (), False)

    def record(self, row: Sequence[Any]) -> dict[str, Any]:
        """Make one JSON object of a row: what leads to it, without its other rows, and all of the row."""
        from msgspec import to_builtins

        merged: dict[str, Any] = {}
        for (level, skipped), model in zip(self._levels, row, strict=True):
            names = ((name, argument(name)) for name in level["properties"] if skipped and name != skipped)
            around = {name: getattr(model, attribute) for name, attribute in names}
            merged |= to_builtins(around if skipped else model)
        return merged


# Names of the options that every command may have, and no parameter.
COMMON = (
    "base-url", "chart", "column", "deadline", "format", "help", "json", "output", "retries", "timeout", "token", "yes",
)  # fmt: skip


def operations(api: str) -> dict[str, Operation]:
    """Return the operations of an API by the names of their commands, in the order of the spec."""
    document = spec.load(api)
    found = [
        Operation(document, path, method)
        for path, item in document["paths"].items()
        for method, data in item.items()
        if isinstance(data, dict) and "operationId" in data
    ]
    return dict(zip(unique([_commands(api, operation.words) for operation in found]), found, strict=True))


def sources(api: str, parameter: Parameter) -> list[str]:
    """Return the commands that list the values that a parameter can have; an empty list when the spec tells of none."""
    ids = {pointer.partition("#")[0] for pointer in parameter.refers_to}
    return [name for name, operation in operations(api).items() if operation.id in ids]


def _commands(api: str, words: list[str]) -> list[str]:
    """Return names for a command, the best one first: `listBills` is `bills`, `createBill` is `create-bill`."""
    verb, *noun = words
    full = "-".join(words)
    if not noun or singular("_".join(noun)) == singular(api):
        return [verb, full]
    return ["-".join(noun), full] if verb in READING else [full]


def unique(candidates: Sequence[Sequence[str]]) -> list[str]:
    """Choose for each thing the first of its names that no other thing chooses.

    Raises:
        ValueError: Two things have no names but the same.

    """
    chosen = [0] * len(candidates)
    while True:
        names = [names[index] for names, index in zip(candidates, chosen, strict=True)]
        taken = [index for index, name in enumerate(names) if names.count(name) > 1]
        if not taken:
            return names
        movable = [index for index in taken if chosen[index] + 1 < len(candidates[index])]
        if not movable:
            raise ValueError(f"the spec gives two things the name {names[taken[0]]!r}")
        for index in movable:
            chosen[index] += 1


def argument(wire: str) -> str:
    """Return the name that the generated client gives to a wire name."""
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", wire).strip("_").replace("-", "_").lower()
    return f"{name}_" if name in RESERVED else name


def singular(word: str) -> str:
    """Return an English word without its plural `s`."""
    return word.removesuffix("s")


def plain_text(markdown: str) -> str:
    """Return text on one line, without the stars of emphasis."""
    return re.sub(r"\*+(\S[^*]*?)\*+", r"\1", " ".join(markdown.split()))


def standing(evidence: str) -> str:
    """Return the first word of evidence: documented, inferred or conflict."""
    return evidence.split(maxsplit=1)[0].rstrip(":") if evidence else "no evidence"


def _not_null(document: Schema, schema: Schema) -> Schema:
    """Return what a schema allows beside null."""
    for key in ("anyOf", "oneOf"):
        branches = [spec.follow(document, branch)[0] for branch in schema.get(key, ())]
        others = [branch for branch in branches if branch.get("type") != "null"]
        if len(others) == 1:
            return others[0]
    kind = schema.get("type")
    if isinstance(kind, list):
        return {**schema, "type": next(name for name in kind if name != "null")}
    return schema


def _type(schema: Schema) -> str:
    kind: str = schema.get("type", "any")
    if kind == "string" and schema.get("format", "").startswith("date-time"):
        return "timestamp"
    if kind == "array" and schema["items"].get("properties"):
        return "objects"
    return kind
