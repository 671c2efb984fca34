"""The parts of a spec that the suite acts on, with every `$ref` followed.

Nothing here knows an operation, a path or a field by name: all of them come from the spec, and so do the places where
real values are found (`x-refers-to`, `x-date-range`, `x-pagination`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from jsonschema_rs import Draft202012Validator

from contrato.core.spec import follow

JSON = "application/json"
METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")
MISSING = object()


def inline(document: Mapping[str, Any], node: Any) -> Any:
    """`node` with each local `$ref` replaced by what it points at; siblings of a `$ref` win over it.

    Raises:
        RecursionError: The spec's components refer to each other in a circle.
    """
    if isinstance(node, list):
        return [inline(document, item) for item in node]
    if not isinstance(node, dict):
        return node
    return {key: inline(document, value) for key, value in follow(document, node)[0].items()}


def about(aggregation: Mapping[str, Any], value: Callable[[str], Any]) -> str:
    """What a row is about, in words, by the `key` of `x-aggregation`.

    Args:
        aggregation: The extension.
        value: Gives what the row has at a pointer.
    """
    first, *others = aggregation["key"]
    return " ".join(
        [str(value(first)), *(f"{at.rpartition('/')[2]} {value(at)}" for at in others if value(at) is not False)]
    )


def find(document: Any, pointer: str) -> list[Any]:
    """Every value at `pointer`, in document order; `*` stands for each element of an array."""
    found = [document]
    for part in pointer.split("/")[1:]:
        if part == "*":
            found = [item for value in found if isinstance(value, list) for item in value]
        else:
            found = [value[part] for value in found if isinstance(value, dict) and part in value]
    return found


@dataclass(frozen=True)
class Field:
    """One parameter, or one property of a request body.

    Attributes:
        location: `path`, `query` or `body`.
        sources: Where existing values are found: `operationId#/pointer/into/its/answer`.
        example: The spec's example of a value, or `MISSING`.
        echo: The spec's `x-echo`; empty without one.
        searches: The spec's `x-searches`; empty without one.
        default_evidence: What the default rests on.
    """

    name: str
    location: str
    required: bool
    schema: dict[str, Any]
    sources: tuple[str, ...]
    example: Any
    evidence: str
    echo: dict[str, Any] = field(default_factory=dict)
    searches: dict[str, Any] = field(default_factory=dict)
    default_evidence: str = ""

    @property
    def key(self) -> str:
        """The name as an identifier."""
        return re.sub(r"\W", "_", self.name)

    def accepts(self, value: Any) -> bool:
        """Whether the value is valid by the spec."""
        return self._validator.is_valid(value)

    @cached_property
    def _validator(self) -> Draft202012Validator:
        return Draft202012Validator(self.schema)


@dataclass(frozen=True)
class Operation:
    """One operation of the spec.

    Attributes:
        safe: Whether it changes nothing: a GET, or a query that the spec marks `x-safe`.
        node: The operation as the spec has it, references followed.
    """

    id: str
    method: str
    path: str
    safe: bool
    fields: tuple[Field, ...]
    node: dict[str, Any]

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Matches the path of a request to this operation, below the base URL."""
        literal = re.split(r"\{[^}]+\}", self.path)
        return re.compile("[^/]+".join(map(re.escape, literal)))

    @cached_property
    def pattern_named(self) -> re.Pattern[str]:
        """Like `pattern`, with a group for each path parameter, named by `Field.key`."""
        parts = re.split(r"\{([^}]+)\}", self.path)
        keys = {f.name: f.key for f in self.fields if f.location == "path"}
        return re.compile("".join(f"(?P<{keys[p]}>[^/]+)" if n % 2 else re.escape(p) for n, p in enumerate(parts)))

    @property
    def has_body(self) -> bool:
        """Whether a request may have a body."""
        return "requestBody" in self.node

    @property
    def evidence(self) -> str:
        """What the operation rests on."""
        return str(self.node.get("x-evidence", ""))

    def response(self, status: int) -> dict[str, Any]:
        """What the spec says of answers with this status; empty when it says nothing."""
        responses = self.node["responses"]
        for key in (str(status), f"{status // 100}XX", "default"):
            if key in responses:
                return dict(responses[key])
        return {}

    def schema(self, status: int) -> dict[str, Any]:
        """The schema of the JSON body of answers with this status; empty when there is none."""
        content = self.response(status).get("content", {})
        return dict(content.get(JSON, {}).get("schema", {}))

    def places(self, status: int) -> tuple[tuple[str, Mapping[str, Any]], ...]:
        """The `pointers` of answers with this status."""
        if status not in self._places:
            self._places[status] = tuple(pointers(self.schema(status)))
        return self._places[status]

    @cached_property
    def _places(self) -> dict[int, tuple[tuple[str, Mapping[str, Any]], ...]]:
        return {}

    def successes(self) -> dict[int, dict[str, Any]]:
        """The documented 2xx statuses with the schema of their body, `{}` for an answer without one."""
        codes = [int(code) for code in self.node["responses"] if re.fullmatch(r"2\d\d", code)]
        return {code: self.schema(code) for code in sorted(codes)}

    def url(self, base_url: str, path: Mapping[str, Any]) -> str:
        """The URL of a request with these path parameters."""
        filled = re.sub(r"\{([^}]+)\}", lambda m: quote(str(path[m[1]]), safe=""), self.path)
        return base_url.rstrip("/") + filled


class Spec:
    """All operations of one API.

    Args:
        document: The OpenAPI document, as `contrato.core.spec.load` returns it.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document: dict[str, Any] = inline(document, dict(document))
        self.operations = {operation.id: operation for operation in self._operations()}

    def _operations(self) -> Iterator[Operation]:
        for path, item in self.document["paths"].items():
            for method in METHODS:
                if method in item:
                    node = item[method]
                    yield Operation(
                        id=node["operationId"],
                        method=method.upper(),
                        path=path,
                        safe=method == "get" or node.get("x-safe") is True,
                        fields=tuple(_fields([*item.get("parameters", []), *node.get("parameters", [])], node)),
                        node=node,
                    )

    @cached_property
    def zone(self) -> ZoneInfo:
        """The time zone that timestamps without an offset are meant in."""
        return ZoneInfo(self.document["info"]["x-time-zone"]["name"])

    def match(self, method: str, path: str) -> Operation | None:
        """The operation that answers a request; literal paths win over those with parameters."""
        matching = [o for o in self.operations.values() if o.method == method and o.pattern.fullmatch(path)]
        return min(matching, key=lambda o: o.path.count("{"), default=None)

    def schemes(self, operation: Operation) -> list[dict[str, Any]]:
        """The security schemes that the operation asks for."""
        names = [name for requirement in operation.node.get("security", []) for name in requirement]
        return [self.document["components"]["securitySchemes"][name] for name in names]

    def creator(self, operation: Operation) -> Operation | None:
        """The operation that creates the records which `operation` addresses: POST one level above `/{id}`."""
        parent, _, last = operation.path.rpartition("/")
        if not last.startswith("{"):
            return None
        return next(
            (o for o in self.operations.values() if o.path == parent and o.method == "POST" and not o.safe),
            None,
        )

    def remover(self, creator: Operation) -> Operation | None:
        """The operation that deletes what `creator` creates."""
        return next(
            (o for o in self.operations.values() if o.method == "DELETE" and self.creator(o) is creator),
            None,
        )


def record_pointer(field: Field) -> str:
    """Where the identifier is within one record: what follows the last `*` of the first source."""
    return field.sources[0].rpartition("*")[2] if field.sources else ""


def _fields(parameters: list[dict[str, Any]], node: dict[str, Any]) -> Iterator[Field]:
    for parameter in parameters:
        schema = parameter.get("schema", {})
        example = parameter.get("example", schema.get("example", MISSING))
        yield Field(
            name=parameter["name"],
            location=parameter["in"],
            required=parameter.get("required", False),
            schema=schema,
            sources=_sources(parameter),
            example=example,
            evidence=str(parameter.get("x-evidence", "")),
            **_laws(parameter),
        )
    content = node.get("requestBody", {}).get("content", {}).get(JSON, {})
    schema = content.get("schema", {})
    bodies = [example["value"] for example in content.get("examples", {}).values()]
    for name, prop in schema.get("properties", {}).items():
        examples = [*prop.get("examples", []), *(body[name] for body in bodies if name in body)]
        yield Field(
            name=name,
            location="body",
            required=name in schema.get("required", []),
            schema=prop,
            sources=_sources(prop),
            example=examples[0] if examples else MISSING,
            evidence=str(prop.get("x-evidence", "")),
            **_laws(prop),
        )


def _laws(node: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "echo": node.get("x-echo", {}),
        "searches": node.get("x-searches", {}),
        "default_evidence": str(node.get("x-default-evidence", "")),
    }


def _sources(node: Mapping[str, Any]) -> tuple[str, ...]:
    sources = node.get("x-refers-to", [])
    return (sources,) if isinstance(sources, str) else tuple(sources)


def branches(schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """`schema` itself, or the alternatives that it is made of."""
    parts = [part for key in ("oneOf", "anyOf", "allOf") for part in schema.get(key, [])]
    return [found for part in parts for found in branches(part)] if parts else [schema]


def pointers(schema: Mapping[str, Any], at: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every place in a document of this schema, as (JSON pointer, schema); `*` stands for an array's elements."""
    yield at, schema
    for branch in branches(schema):
        for name, prop in branch.get("properties", {}).items():
            yield from pointers(prop, f"{at}/{name}")
        if isinstance(branch.get("items"), dict):
            yield from pointers(branch["items"], f"{at}/*")


def lists(schema: Mapping[str, Any], at: str = "") -> Iterator[str]:
    """Pointers of the arrays of records that every document of this schema has, outermost first."""
    items = schema.get("items")
    if isinstance(items, dict) and "properties" in items:
        yield at
        yield from lists(items, f"{at}/*")
    for name in schema.get("required", []):
        yield from lists(schema.get("properties", {}).get(name, {}), f"{at}/{name}")


def evidence(schema: Mapping[str, Any], pointer: str) -> str:
    """The `x-evidence` of the property at `pointer`, or of the nearest thing around it."""
    best = ""
    wanted = "/" + pointer.strip("/")
    for at, node in pointers(schema):
        if (wanted + "/").startswith(at + "/") and node.get("x-evidence"):
            best = str(node["x-evidence"])
    return best
