"""The read-model of the specs: each OpenAPI document is parsed once, here, and by no other module.

`api("neu").operations["listBills"]` says how an operation is requested, what it returns, and where each statement comes
from. Names in Python are decided here too; the generator writes the clients with them. `spec/README.md` documents the
extensions (`x-…`).
"""

from __future__ import annotations

import builtins
import copy
import functools
import json
import keyword
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any
from urllib.parse import quote, unquote, urlsplit
from zoneinfo import ZoneInfo

import attrs

from contrato.core import extensions
from contrato.core.extensions import (
    Aggregation,
    Agreement,
    Always,
    DateRange,
    Echo,
    Evidence,
    Identity,
    Invariant,
    Opening,
    Pagination,
    Plausible,
    Power,
    Question,
    Reckoning,
    Reference,
    Register,
    Searches,
    Site,
    Sort,
    Source,
)

APIS = ("neu", "apportionments")
JSON = "application/json"
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
# Keys of evidence, and the part of an element that it is of. Other evidence is about rules of the contract suite.
EVIDENCE_KEY = re.compile(r"x-(?:(default|meaning|unit)-)?evidence")

Node = Mapping[str, Any]

# Names that would hide a keyword, a builtin, or a name that generated code uses. `id` is too common to be changed.
RESERVED = {*keyword.kwlist, *keyword.softkwlist, *dir(builtins), "self", "options", "datetime"} - {"id", "_"}
# Attributes of every client.
CLIENT_NAMES = {"api", "base_url", "close", "sleep", "time_zone", "windows"}


@functools.cache
def api(name: str) -> Api:
    """Return the read-model of one API; the same object at every call.

    Args:
        name: One of `APIS`.

    Raises:
        ValueError: There is no such API.
        FileNotFoundError: The client of this API was not generated.

    """
    if name not in APIS:
        raise ValueError(f"no API {name!r}: choose from {', '.join(APIS)}")
    from importlib import resources  # late: importing a client does not read its spec

    try:
        # Not of the package `contrato.<api>`: that would import the client.
        text = (resources.files("contrato") / name / "openapi.json").read_text("utf-8")
    except FileNotFoundError as error:
        raise FileNotFoundError(f"contrato.{name} has no openapi.json: run make generate") from error
    return Api(name, json.loads(text))


def python_name(wire: str, reserved: set[str] = RESERVED) -> str:
    """Return the name that Python code has for a name of a spec: `from_` for `From`, `list_bills` for `listBills`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", wire)
    name = re.sub(r"\W+", "_", words, flags=re.ASCII).strip("_").lower()
    if not name or name[0].isdigit():
        name = f"x_{name}"
    return f"{name}_" if name in reserved else name


def plain_text(markdown: str) -> str:
    """Return text on one line, without the stars of emphasis."""
    return re.sub(r"\*+(\S[^*]*?)\*+", r"\1", " ".join(markdown.split()))


def follow(document: Node, node: Node) -> tuple[Node, str]:
    """Follow the references of a node; what stands beside one wins over what it points at.

    Returns:
        The node without a reference, and the name of the last component on the way; an empty text without one.

    Raises:
        KeyError: A reference leads nowhere.
        ValueError: It leads into another file.

    """
    name = ""
    while "$ref" in node:
        if not node["$ref"].startswith("#/"):
            raise ValueError(f"$ref {node['$ref']}: keep each API in one file")
        target: Any = document
        for key in node["$ref"].removeprefix("#/").split("/"):
            name = key.replace("~1", "/").replace("~0", "~")
            target = target[name]
        node = _over(target, {key: value for key, value in node.items() if key != "$ref"})
    return node, name


def _over(target: Node, siblings: Node) -> Node:
    """Put siblings of a reference over its target; open questions are those of both."""
    node = {**target, **siblings}
    if "x-open" in target and "x-open" in siblings:
        node["x-open"] = {**target["x-open"], **siblings["x-open"]}
    return node


def inline(document: Node, node: Any) -> Any:
    """Return a copy in which each reference is replaced by what it points at.

    Raises:
        RecursionError: Components refer to each other in a circle.

    """
    if isinstance(node, list):
        return [inline(document, item) for item in node]
    if not isinstance(node, Mapping):
        return node
    return {key: inline(document, value) for key, value in follow(document, node)[0].items()}


def operation_nodes(document: Node) -> Iterator[tuple[str, str, Any, Any]]:
    """Yield path, method in lower case, path item and operation of a raw document, in its order.

    For programs that rewrite a document; to read one, use `Api`.

    Raises:
        ValueError: A path item is a reference.

    """
    for path, item in document["paths"].items():
        if "$ref" in item:
            raise ValueError(f"{path} is a $ref: write the path item where it is used")
        for method, node in item.items():
            if method in METHODS:
                yield path, method, item, node


@attrs.frozen(eq=False, slots=False)
class _Element:
    """Something that a spec describes, with evidence."""

    api: Api = attrs.field(repr=False)
    _node: Node = attrs.field(repr=False)

    @property
    def description(self) -> str:
        """What it is, in Markdown."""
        text: str = self._node.get("description", "")
        return text

    @cached_property
    def text(self) -> str:
        """What it is, on one line without markup."""
        return plain_text(self.description)

    @property
    def evidence(self) -> Evidence:
        """Where it comes from."""
        return self._evidence()

    @property
    def meaning_evidence(self) -> Evidence:
        """Where its meaning comes from, when that is weaker."""
        return self._evidence("meaning-")

    @property
    def default_evidence(self) -> Evidence:
        """Where its default comes from, when that is weaker."""
        return self._evidence("default-")

    @property
    def unit_evidence(self) -> Evidence:
        """Where its unit comes from, when that is weaker."""
        return self._evidence("unit-")

    @property
    def aggregate_evidence(self) -> Evidence:
        """Where `aggregate` comes from."""
        return self._evidence("aggregate-")

    @property
    def required_evidence(self) -> Evidence:
        """Of an object, where it comes from that its required properties are always there."""
        return self._evidence("required-")

    @property
    def open(self) -> dict[str, Opening]:
        """What is open about it, by the id of the question."""
        questions, nodes = self.api.questions, self._node.get("x-open", {})
        return {name: extensions.opening(questions[name], node) for name, node in nodes.items()}

    def _evidence(self, part: str = "") -> Evidence:
        return Evidence(self._node.get(f"x-{part}evidence", ""))

    @property
    def refers_to(self) -> tuple[Reference, ...]:
        """Where existing values are found."""
        pointers = self._node.get("x-refers-to", [])
        texts = [pointers] if isinstance(pointers, str) else pointers
        return tuple(Reference(*text.split("#", 1)) for text in texts)

    @property
    def echo(self) -> Echo | None:
        """How an answer repeats the argument."""
        return extensions.maybe(Echo, self._node, "x-echo")

    @property
    def searches(self) -> Searches | None:
        """Where an answer has the words of the argument."""
        return extensions.maybe(Searches, self._node, "x-searches")


@attrs.frozen(eq=False, slots=False)
class Schema(_Element):
    """A schema: references followed, `allOf` merged, and null taken out of alternatives.

    Attributes:
        component: Name of the component that it is, or an empty text.
        nullable: Whether null is a value.

    """

    component: str
    nullable: bool
    _original: Node = attrs.field(repr=False)

    @cached_property
    def json(self) -> dict[str, Any]:
        """The JSON Schema, references followed, for libraries that validate."""
        found: dict[str, Any] = inline(self.api.document, self._original)
        return found

    @property
    def type(self) -> str:
        """JSON's type: `object`, `array`, `string`, `integer`, `number`, `boolean`; `any` for more than one."""
        kind = self._node.get("type", "object" if "properties" in self._node else "any")
        if isinstance(kind, list):
            others = [name for name in kind if name != "null"]
            return others[0] if len(others) == 1 else "any"
        return str(kind)

    @property
    def format(self) -> str:
        """The format of a text."""
        return str(self._node.get("format", ""))

    @property
    def is_timestamp(self) -> bool:
        """Whether a value is a date and time."""
        return self.type == "string" and self.format.startswith("date-time")

    @property
    def enum(self) -> tuple[Any, ...]:
        """The values that are allowed; empty when any is."""
        return tuple(self._node.get("enum", ()))

    @property
    def has_default(self) -> bool:
        """Whether the spec states a default."""
        return "default" in self._node

    @property
    def default(self) -> Any:
        """The value of an argument that is not sent; None without one."""
        return self._node.get("default")

    @property
    def minimum(self) -> float | None:
        """The least number."""
        return self._node.get("minimum")

    @property
    def maximum(self) -> float | None:
        """The greatest number."""
        return self._node.get("maximum")

    @property
    def unit(self) -> str:
        """The unit of a value, or an empty text."""
        return str(self._node.get("x-unit", ""))

    @property
    def metadata(self) -> dict[str, str]:
        """Unit and evidence, those that the spec has, for tables and models."""
        names = ("unit", "unit_evidence", "evidence", "meaning_evidence")
        return {name: str(text) for name in names if (text := getattr(self, name))}

    @property
    def personal(self) -> bool:
        """Whether a value is about the customer as a person."""
        return self._node.get("x-personal") is True

    @property
    def aggregate(self) -> str:
        """`sum` for a value that over a longer period is the sum of those of the shorter ones."""
        return str(self._node.get("x-aggregate", ""))

    @property
    def register_of(self) -> Register | None:
        """What the value is a register of."""
        return extensions.maybe(Register, self._node, "x-register-of")

    @property
    def power(self) -> Power | None:
        """Which fields of a record are energies, voltages and currents of one meter."""
        return extensions.maybe(Power, self._node, "x-power")

    @property
    def plausible(self) -> Plausible | None:
        """Bounds that physics sets."""
        return extensions.maybe(Plausible, self._node, "x-plausible")

    @cached_property
    def invariants(self) -> tuple[Invariant, ...]:
        """What holds within a record."""
        return tuple(extensions.read(Invariant, node) for node in self._node.get("x-invariants", ()))

    @property
    def examples(self) -> tuple[Any, ...]:
        """Examples of a value."""
        node = self._node
        return (*([node["example"]] if "example" in node else []), *node.get("examples", []))

    @cached_property
    def items(self) -> Schema | None:
        """The schema of an array's elements."""
        node = self._node.get("items")
        return self.api.schema(node) if isinstance(node, Mapping) else None

    @cached_property
    def additional(self) -> Schema | None:
        """The schema of the values of an object whose names are free; None when the spec has none."""
        node = self._node.get("additionalProperties")
        return self.api.schema(node) if isinstance(node, Mapping) else None

    @cached_property
    def properties(self) -> dict[str, Property]:
        """The properties of an object by wire name, in the order of the spec."""
        required = self._node.get("required", ())
        nodes = self._node.get("properties", {})
        names = _unique([[python_name(wire), f"{python_name(wire)}_{n}"] for n, wire in enumerate(nodes)])
        return {
            wire: Property(wire, name, wire in required, self.api.schema(node))
            for (wire, node), name in zip(nodes.items(), names, strict=True)
        }

    @cached_property
    def alternatives(self) -> tuple[Schema, ...]:
        """The schemas of which a value fits one or any, without null; empty when there is no choice."""
        parts = [part for key in ("oneOf", "anyOf") for part in self._node.get(key, ())]
        return tuple(self.api.schema(part) for part in parts if part.get("type") != "null")

    def places(self, at: str = "") -> Iterator[tuple[str, Schema]]:
        """Yield each place in a document of this schema as JSON pointer and schema; `*` is an array's element."""
        yield at, self
        for part in self.alternatives:
            yield from list(part.places(at))[1:]
        for name, prop in self.properties.items():
            yield from prop.schema.places(f"{at}/{name}")
        if self.items is not None:
            yield from self.items.places(f"{at}/*")

    def at(self, pointer: str) -> Schema | None:
        """Return the schema at a pointer with `*` for elements; None when there is no such place."""
        return next((schema for place, schema in self.places() if place == pointer), None)

    def evidence_at(self, pointer: str) -> Evidence:
        """Return the evidence at a pointer, or of the nearest place around it that has any."""
        wanted = "/" + pointer.strip("/")
        found = [s.evidence for place, s in self.places() if (wanted + "/").startswith(place + "/") and s.evidence]
        return found[-1] if found else Evidence()

    def lists(self, at: str = "") -> Iterator[str]:
        """Yield the pointers of the arrays of records that every document of this schema has, outermost first."""
        if self.items is not None and self.items.properties:
            yield at
            yield from self.items.lists(f"{at}/*")
        for name, prop in self.properties.items():
            if prop.required:
                yield from prop.schema.lists(f"{at}/{name}")


@attrs.frozen(eq=False)
class Property:
    """A property of an object. Its description and evidence are its schema's."""

    name: str
    python_name: str
    required: bool
    schema: Schema


@attrs.frozen(eq=False, slots=False)
class Parameter(_Element):
    """An argument of an operation: a parameter, or a property of its body.

    Attributes:
        name: Name on the wire.
        python_name: Name in the method of the client.
        place: `path`, `query`, `header`, `cookie` or `body`.
        required: Whether the API demands it.
        schema: Schema of its value.

    """

    name: str
    python_name: str
    place: str
    required: bool
    schema: Schema

    @property
    def key(self) -> tuple[str, str]:
        """Place and name, which no other argument of the operation shares."""
        return self.place, self.name

    @property
    def exploded(self) -> bool:
        """Whether each element of an array has its own `name=value`, and not one text with commas."""
        return bool(self._node.get("explode", self._node.get("style", "form") == "form"))

    @property
    def record_pointer(self) -> str:
        """Where the value is within one record: what follows the last `*` of the first place that it refers to."""
        return self.refers_to[0].pointer.rpartition("*")[2] if self.refers_to else ""

    @property
    def examples(self) -> tuple[Any, ...]:
        """Examples of a value, the spec's first choice first."""
        if self.place == "body":
            return self.schema.examples
        own = [self._node["example"]] if "example" in self._node else []
        named = [self.api.follow(node)["value"] for node in self._node.get("examples", {}).values()]
        return (*own, *named, *self.schema.examples)


@attrs.frozen(eq=False, slots=False)
class Body(_Element):
    """The body of a request."""

    @property
    def required(self) -> bool:
        """Whether a request must have one."""
        return bool(self._node.get("required"))

    @cached_property
    def schema(self) -> Schema:
        """Schema of the JSON."""
        return self.api.schema(self._node.get("content", {}).get(JSON, {}).get("schema", {}))

    @cached_property
    def examples(self) -> dict[str, Any]:
        """Examples of a whole body, by name."""
        nodes = self._node.get("content", {}).get(JSON, {}).get("examples", {})
        return {name: self.api.follow(node)["value"] for name, node in nodes.items()}


@attrs.frozen(eq=False, slots=False)
class Response(_Element):
    """An answer that the spec describes.

    Attributes:
        status: `200`, a range such as `4XX`, or `default`.

    """

    status: str

    @property
    def succeeded(self) -> bool:
        """Whether the status is 2XX."""
        return self.status.startswith("2")

    @property
    def promised(self) -> bool:
        """Whether a call returns it: a success, and not one that is only a reading of an open question."""
        return self.succeeded and self.evidence.level != "open"

    @cached_property
    def schema(self) -> Schema | None:
        """Schema of the JSON; None for an answer without a body."""
        node = self._node.get("content", {}).get(JSON, {}).get("schema")
        return None if node is None else self.api.schema(node)

    @property
    def media_types(self) -> tuple[str, ...]:
        """The media types of the body."""
        return tuple(self._node.get("content", ()))

    @cached_property
    def headers(self) -> dict[str, Node]:
        """What the spec says of its headers, by name."""
        return {name: self.api.follow(node) for name, node in self._node.get("headers", {}).items()}

    @cached_property
    def examples(self) -> dict[str, Any]:
        """Examples of the body, by name."""
        nodes = self._node.get("content", {}).get(JSON, {}).get("examples", {})
        return {name: self.api.follow(node)["value"] for name, node in nodes.items()}


@attrs.frozen(eq=False, slots=False)
class SecurityScheme(_Element):
    """How a request is authorized."""

    name: str

    @property
    def type(self) -> str:
        """`http`, `apiKey`, …."""
        return str(self._node.get("type", ""))

    @property
    def scheme(self) -> str:
        """`bearer` or `basic`, of an `http` scheme."""
        return str(self._node.get("scheme", ""))


@attrs.frozen(eq=False, slots=False)
class Operation(_Element):
    """An operation.

    Attributes:
        path: Path below the base URL, with a `{name}` for each path parameter.
        method: HTTP method in capitals.

    """

    path: str
    method: str
    _item: Node = attrs.field(repr=False)

    @property
    def id(self) -> str:
        """Its `operationId`."""
        found: str = self._node["operationId"]
        return found

    @cached_property
    def method_name(self) -> str:
        """Name of the client's method."""
        return python_name(self.id, RESERVED | CLIENT_NAMES)

    @property
    def summary(self) -> str:
        """What it does, in a few words."""
        return str(self._node.get("summary", self.id))

    @property
    def tag(self) -> str:
        """The first of its tags."""
        return str((self._node.get("tags") or ["Other"])[0])

    @property
    def path_evidence(self) -> Evidence:
        """Where path and method come from."""
        return Evidence(self._item.get("x-evidence", ""))

    @property
    def safe(self) -> bool:
        """Whether it changes nothing, so that it may be repeated."""
        return self.method in ("GET", "HEAD") or self._node.get("x-safe") is True

    @property
    def deletes(self) -> bool:
        """Whether it deletes a record."""
        return self.method == "DELETE"

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """Its arguments: parameters of the path item, of the operation, and properties of the body."""
        found: dict[tuple[str, str], tuple[bool, Node, Schema]] = {}
        for reference in (*self._item.get("parameters", ()), *self._node.get("parameters", ())):
            node = self.api.follow(reference)
            schema = self.api.schema(node.get("schema", {}))
            found[node["in"], node["name"]] = bool(node.get("required")), node, schema
        if self.body is not None:
            for prop in self.body.schema.properties.values():
                found["body", prop.name] = prop.required, prop.schema._node, prop.schema
        named = [(python_name(name), place) for place, name in found]
        names = _unique([[name, f"{name}_{place}", f"{name}_{place}_{n}"] for n, (name, place) in enumerate(named)])
        return tuple(
            Parameter(self.api, node, name, python, place, required, schema)
            for ((place, name), (required, node, schema)), python in zip(found.items(), names, strict=True)
        )

    @cached_property
    def arguments(self) -> dict[str, Parameter]:
        """Its arguments by their names in the method of the client."""
        return {parameter.python_name: parameter for parameter in self.parameters}

    @cached_property
    def keys(self) -> dict[tuple[str, str], Parameter]:
        """Its arguments by `Parameter.key`."""
        return {parameter.key: parameter for parameter in self.parameters}

    def parameter(self, name: str) -> Parameter:
        """Return the argument with this wire name, wherever it is sent.

        Raises:
            KeyError: There is none.

        """
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        raise KeyError(f"{self.id} has no parameter {name}")

    def examples_of(self, parameter: Parameter) -> tuple[Any, ...]:
        """Return examples of an argument: its own, and those in examples of the whole body."""
        bodies = self.body.examples.values() if parameter.place == "body" and self.body is not None else ()
        return (*parameter.examples, *(body[parameter.name] for body in bodies if parameter.name in body))

    @cached_property
    def body(self) -> Body | None:
        """The body of a request; None when it has none."""
        node = self._node.get("requestBody")
        return None if node is None else Body(self.api, self.api.follow(node))

    @cached_property
    def responses(self) -> dict[str, Response]:
        """What it answers, by status."""
        nodes = {str(status): self.api.follow(node) for status, node in self._node["responses"].items()}
        return {status: Response(self.api, node, status) for status, node in nodes.items()}

    def response(self, status: int) -> Response | None:
        """Return what the spec says of answers with a status; None when it says nothing."""
        patterns = (str(status), f"{status // 100}XX", "default")
        return next(filter(None, map(self.responses.get, patterns)), None)

    def schema(self, status: int) -> Schema | None:
        """Return the schema of answers with a status; None when they have no body, or the spec says nothing."""
        response = self.response(status)
        return None if response is None else response.schema

    def response_evidence(self, status: int) -> Evidence:
        """Return where it comes from what the spec says of answers with a status."""
        response = self.response(status)
        return Evidence() if response is None else response.evidence

    @cached_property
    def answer(self) -> Schema | None:
        """Schema of the first success with a body; None when it has none."""
        return next((r.schema for r in self.responses.values() if r.promised and r.schema is not None), None)

    @cached_property
    def nothing(self) -> Response | None:
        """The success without a body; None when there is none."""
        return next((r for r in self.responses.values() if r.promised and r.schema is None), None)

    @cached_property
    def pagination(self) -> Pagination | None:
        """How its pages work; None for an answer without pages."""
        return extensions.maybe(Pagination, self._node, "x-pagination")

    @cached_property
    def date_range(self) -> DateRange | None:
        """The range of dates that selects its rows; None without one."""
        return extensions.maybe(DateRange, self._node, "x-date-range")

    @cached_property
    def aggregation(self) -> Aggregation | None:
        """How rows are aggregated over time."""
        return extensions.maybe(Aggregation, self._node, "x-aggregation")

    @cached_property
    def sort(self) -> Sort | None:
        """How a list is sorted."""
        return extensions.maybe(Sort, self._node, "x-sort")

    @cached_property
    def identity(self) -> Identity | None:
        """What identifies records."""
        return extensions.maybe(Identity, self._node, "x-identity")

    @cached_property
    def reckoning(self) -> Reckoning | None:
        """How days are counted."""
        return extensions.maybe(Reckoning, self._node, "x-reckoning")

    @cached_property
    def always(self) -> tuple[Always, ...]:
        """What all records have."""
        return tuple(extensions.read(Always, node) for node in self._node.get("x-always", ()))

    @cached_property
    def agreements(self) -> tuple[Agreement, ...]:
        """What other operations say of the same things."""
        return tuple(extensions.read(Agreement, node) for node in self._node.get("x-agrees-with", ()))

    @cached_property
    def security(self) -> tuple[SecurityScheme, ...]:
        """How a request is authorized."""
        required = self._node.get("security", self.api.document.get("security", []))
        names = [name for requirement in required for name in requirement]
        schemes = self.api.document.get("components", {}).get("securitySchemes", {})
        return tuple(SecurityScheme(self.api, self.api.follow(schemes[name]), name) for name in names)

    @cached_property
    def _pattern(self) -> tuple[re.Pattern[str], tuple[str, ...]]:
        parts = re.split(r"\{([^}]+)\}", self.path)
        pattern = "".join("([^/]+)" if index % 2 else re.escape(part) for index, part in enumerate(parts))
        return re.compile(pattern), tuple(parts[1::2])

    def match(self, path: str) -> dict[str, str] | None:
        """Return the path parameters of a path below the base URL; None when it is another operation's."""
        pattern, names = self._pattern
        found = pattern.fullmatch(path)
        return found and dict(zip(names, map(unquote, found.groups()), strict=True))

    def filled(self, values: Mapping[str, Any]) -> str:
        """Return the path with these path parameters, quoted."""
        return re.sub(r"\{([^}]+)\}", lambda match: quote(str(values[match[1]]), safe=""), self.path)

    @cached_property
    def creator(self) -> Operation | None:
        """The operation that creates the records which this one addresses: POST one level above `/{id}`."""
        parent, _, last = self.path.rpartition("/")
        if not last.startswith("{"):
            return None
        others = self.api.operations.values()
        return next((o for o in others if o.path == parent and o.method == "POST" and not o.safe), None)

    def _addressing(self, *methods: str) -> Operation | None:
        others = [o for o in self.api.operations.values() if o.creator is self]
        return next((o for method in methods for o in others if o.method == method), None)

    @cached_property
    def reader(self) -> Operation | None:
        """The operation that answers with one of the records that this one creates."""
        return self._addressing("GET")

    @cached_property
    def updater(self) -> Operation | None:
        """The operation that changes what this one creates."""
        return self._addressing("PUT", "PATCH")

    @cached_property
    def remover(self) -> Operation | None:
        """The operation that deletes what this one creates."""
        return self._addressing("DELETE")

    @cached_property
    def lister(self) -> Operation | None:
        """The operation that lists the records that this one creates."""
        return next((o for o in self.api.operations.values() if o.path == self.path and o.method == "GET"), None)


class Api:
    """One API, as its OpenAPI document describes it.

    Args:
        name: Name of its package.
        document: The OpenAPI document; it is not changed.

    """

    def __init__(self, name: str, document: Node) -> None:
        self.name = name
        self.document = document

    def __repr__(self) -> str:
        return f"Api({self.name!r})"

    def copy(self) -> dict[str, Any]:
        """Return a copy of the document, for those who change it."""
        found: dict[str, Any] = copy.deepcopy(dict(self.document))
        return found

    def follow(self, node: Node) -> Node:
        """Follow the references of a node of the document."""
        return follow(self.document, node)[0]

    def schema(self, original: Node) -> Schema:
        """Make a schema of a node of the document."""
        node, component = follow(self.document, original)
        nullable = "null" in node["type"] if isinstance(node.get("type"), list) else node.get("type") == "null"
        for key in ("anyOf", "oneOf"):
            branches = node.get(key, ())
            others = [branch for branch in branches if branch.get("type") != "null"]
            nullable = nullable or len(others) < len(branches)
            if branches and len(others) == 1:
                inner, component = follow(self.document, others[0])
                node = _over(inner, {name: value for name, value in node.items() if name != key})
        if "allOf" in node:
            node = self._merged(node)
        return Schema(self, node, component, nullable, original)

    def _merged(self, node: Node) -> Node:
        merged: dict[str, Any] = {"properties": {}, "required": []}
        parts = [self._merged(self.follow(part)) for part in node.get("allOf", ())]
        for part in (*parts, {key: value for key, value in node.items() if key != "allOf"}):
            properties = {**merged["properties"], **part.get("properties", {})}
            required = [*merged["required"], *part.get("required", ())]
            merged = {**merged, **part, "properties": properties, "required": required}
        return merged if merged["properties"] else {key: merged[key] for key in merged.keys() - {"properties"}}

    @property
    def title(self) -> str:
        """Its title."""
        return str(self.document["info"]["title"])

    @property
    def summary(self) -> str:
        """What it is, in a sentence."""
        return str(self.document["info"].get("summary", ""))

    @property
    def description(self) -> str:
        """What it is, in Markdown."""
        return str(self.document["info"].get("description", ""))

    @property
    def version(self) -> str:
        """The version of the spec."""
        return str(self.document["info"]["version"])

    @cached_property
    def time_zone(self) -> ZoneInfo | None:
        """The zone in which timestamps without an offset are meant; None when the spec does not say."""
        node = self.document["info"].get("x-time-zone")
        return None if node is None else ZoneInfo(node["name"])

    @cached_property
    def sources(self) -> dict[str, Source]:
        """The vendors' documents that evidence cites."""
        return {
            name: extensions.read(Source, node) for name, node in self.document["info"].get("x-sources", {}).items()
        }

    @property
    def server_url(self) -> str:
        """The URL of the first server, each variable at its default."""
        server = self.document["servers"][0]
        variables = {name: value["default"] for name, value in server.get("variables", {}).items()}
        url: str = server["url"].format(**variables)
        return url

    @property
    def token_variable(self) -> str:
        """The variable of the environment that has the token."""
        return f"{self.name.upper()}_TOKEN"

    @property
    def base_url_variable(self) -> str:
        """The variable of the environment that has the base URL."""
        return f"{self.name.upper()}_BASE_URL"

    @property
    def mount(self) -> str:
        """The path of `server_url`, without a slash at its end."""
        return urlsplit(self.server_url).path.rstrip("/")

    @cached_property
    def operations(self) -> dict[str, Operation]:
        """The operations by `operationId`, in the order of the spec."""
        nodes = operation_nodes(self.document)
        found = [Operation(self, node, path, method.upper(), item) for path, method, item, node in nodes]
        return {operation.id: operation for operation in found}

    @cached_property
    def methods(self) -> dict[str, Operation]:
        """The operations by the names of the client's methods."""
        return {operation.method_name: operation for operation in self.operations.values()}

    def match(self, method: str, path: str) -> Operation | None:
        """Return the operation that answers a request; literal paths win over those with parameters."""
        found = [o for o in self.operations.values() if o.method == method and o.match(path) is not None]
        return min(found, key=lambda operation: operation.path.count("{"), default=None)

    def statements(self) -> Iterator[tuple[tuple[str, ...], str, Evidence]]:
        """Yield all evidence of the document in its order, without that of the contract suite's rules.

        Each comes after the keys that lead to its element, `operations` and its id leading to an operation and elements
        of lists being keyed by name, type or index, and after its part: `default`, `meaning`, `unit`, or an empty text.
        """
        ids = {id(operation._node): ("operations", operation.id) for operation in self.operations.values()}

        def walk(node: Any, keys: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str, Evidence]]:
            if isinstance(node, list):
                for index, item in enumerate(node):
                    known = item if isinstance(item, Mapping) else {}
                    yield from walk(item, (*keys, str(known.get("name") or known.get("type") or index)))
            elif isinstance(node, Mapping):
                keys = ids.get(id(node), keys)
                for key, value in node.items():
                    if part := EVIDENCE_KEY.fullmatch(key):
                        yield keys, part[1] or "", Evidence(value)
                    elif not key.startswith("x-") or key == "x-time-zone":
                        yield from walk(value, (*keys, str(key)))

        return walk(self.document, ())

    @cached_property
    def questions(self) -> dict[str, Question]:
        """What the vendor leaves open, by id, in the order of the spec."""
        nodes = self.document.get("x-questions", {})
        return {name: extensions.read(Question, {"id": name, **node}) for name, node in nodes.items()}

    def open_sites(self) -> Iterator[Site]:
        """Yield each element of the document that a question is open about, in its order."""
        ids = {id(operation._node): ("operations", operation.id) for operation in self.operations.values()}

        def walk(node: Any, pointer: str, keys: tuple[str, ...]) -> Iterator[Site]:
            if isinstance(node, list):
                for index, item in enumerate(node):
                    known = item.get("name") if isinstance(item, Mapping) else None
                    yield from walk(item, f"{pointer}/{index}", (*keys, str(known or index)))
            elif isinstance(node, Mapping):
                keys = ids.get(id(node), keys)
                for name, said in node.get("x-open", {}).items():
                    yield Site(pointer, keys, extensions.opening(self.questions[name], said))
                for key, value in node.items():
                    if not key.startswith(("x-", "example")):
                        step = key.replace("~", "~0").replace("/", "~1")
                        yield from walk(value, f"{pointer}/{step}", (*keys, key))

        return walk(self.document, "", ())

    def example(self, name: str) -> Any:
        """Return the value of a named example."""
        return self.document["components"]["examples"][name]["value"]

    @cached_property
    def words(self) -> frozenset[str]:
        """Names of properties and values of enumerations: words of the API that are about no customer."""
        return frozenset(_words(self.document))

    @cached_property
    def personal_names(self) -> frozenset[str]:
        """Names of the properties that are personal somewhere."""
        schemas = [r.schema for o in self.operations.values() for r in o.responses.values() if r.schema is not None]
        places = (place for schema in schemas for place in schema.places())
        return frozenset(at.rpartition("/")[2] for at, schema in places if schema.personal)


def _words(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for inner in node:
            yield from _words(inner)
    elif isinstance(node, Mapping):
        if isinstance(properties := node.get("properties"), Mapping):
            yield from properties
        if isinstance(values := node.get("enum"), list):
            yield from (value for value in values if isinstance(value, str))
        for inner in node.values():
            yield from _words(inner)


def _unique(candidates: Sequence[Sequence[str]]) -> list[str]:
    """Choose for each thing the first of its names that no other thing has as its first, second, …."""
    ranks = list(zip(*candidates, strict=True))
    return [
        next((name for name, rank in zip(names, ranks, strict=True) if rank.count(name) == 1), names[-1])
        for names in candidates
    ]
