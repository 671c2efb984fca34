"""The read-model of the specs: each OpenAPI document is read once.

`api("neu").operations["listBills"]` describes the request and the answer of an operation, with the evidence for each
statement. `spec/README.md` documents the extensions (`x-…`).
"""

from __future__ import annotations

import copy
import functools
import json
import os
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib import resources
from typing import Any
from urllib.parse import quote, unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import attrs

from contrato.core import extensions, overlay
from contrato.core.document import JSON, Node, operation_nodes
from contrato.core.extensions import (
    Aggregation,
    Agreement,
    Always,
    DateRange,
    Evidence,
    Identity,
    Pagination,
    Reckoning,
    Site,
    Sort,
    Source,
)
from contrato.core.names import CLIENT_NAMES, RESERVED, python_name, unique
from contrato.core.schema import Document, Element, Schema

APIS = ("neu", "apportionments")
# Keys of evidence, with the part of an element that it is about. Other evidence is about rules of the contract suite.
EVIDENCE_KEY = re.compile(r"x-(?:(default|meaning|unit)-)?evidence")


def api(name: str) -> Api:
    """Return the read-model of one API; the same object at every call.

    If the environment names an overlay, as `NEU_OVERLAY`, the API is as that changes it.

    Args:
        name: One of `APIS`.

    Raises:
        ValueError: The API does not exist, or the overlay cannot be read or applied.
        FileNotFoundError: The client of the API has not been generated.

    """
    file = os.environ.get(f"{name}_overlay".upper(), "")
    return with_overlay(name, file) if file else _generated(name)


@functools.cache
def with_overlay(name: str, file: str) -> Api:
    """Return the read-model of one API as the overlay in a file changes it.

    Raises:
        ValueError: The overlay cannot be read or applied, or changes types that the client has.

    """
    try:
        found, known = overlaid(name, overlay.load(file)), _generated(name)
    except ValueError as error:
        raise ValueError(str(error) if file in str(error) else f"{file}: {error}") from error
    for operation in known.operations.values():
        other = found.operations.get(operation.id)
        if other is None or _types(other) != _types(operation):
            raise ValueError(
                f"{file} changes the answer of {operation.id}: apply it with make learn, then make generate"
            )
    return found


def _types(operation: Operation) -> Any:
    """Return the schema of an answer without what is only said about it."""

    def types(node: Any) -> Any:
        if isinstance(node, list):
            return [types(item) for item in node]
        if isinstance(node, Mapping):
            return {
                key: types(value) for key, value in node.items() if not key.startswith(("x-", "description", "example"))
            }
        return node

    return None if operation.answer is None else types(operation.answer.json)


def overlaid(name: str, changes: Mapping[str, Any]) -> Api:
    """Return the read-model of one API as an overlay changes it.

    Raises:
        ValueError: It is no overlay of this API.

    """
    document = _generated(name).copy()
    overlay.apply(document, changes)
    return Api(name, document)


@functools.cache
def _generated(name: str) -> Api:
    if name not in APIS:
        raise ValueError(f"no API {name!r}: choose from {', '.join(APIS)}")
    try:
        # From the folder, because naming the package `contrato.<api>` would import the client.
        text = (resources.files("contrato") / name / "openapi.json").read_text("utf-8")
    except FileNotFoundError as error:
        raise FileNotFoundError(f"contrato.{name} has no openapi.json: run make generate") from error
    return Api(name, json.loads(text))


@attrs.frozen(eq=False, slots=False)
class Parameter(Element["Api"]):
    """An argument of an operation: a parameter, or a property of its body.

    Attributes:
        name: Name in the request.
        python_name: Name in the method of the client.
        place: `path`, `query`, `header`, `cookie` or `body`.
        required: True if the API requires it.
        positional: True if a call need not name it: it is in the path, or nothing else is required.
        schema: Schema of its value.

    """

    name: str
    python_name: str
    place: str
    required: bool
    positional: bool
    schema: Schema

    @property
    def key(self) -> tuple[str, str]:
        """Place and name, unique within the operation."""
        return self.place, self.name

    @property
    def known_name(self) -> str:
        """Name by which the spec and our code speak of it: `x-name` if the one in requests was learnt later."""
        return str(self._node.get("x-name", self.name))

    @property
    def exploded(self) -> bool:
        """True if each element of an array has its own `name=value`, False if one text has all, with commas."""
        return bool(self._node.get("explode", self._node.get("style", "form") == "form"))

    @property
    def record_pointer(self) -> str:
        """Pointer to the value within a record: the part after the last `*` of the first place in `refers_to`."""
        return self.refers_to[0].pointer.rpartition("*")[2] if self.refers_to else ""

    @property
    def examples(self) -> tuple[Any, ...]:
        """Examples of a value, in the order of the spec."""
        if self.place == "body":
            return self.schema.examples
        own = [self._node["example"]] if "example" in self._node else []
        named = [self.api.follow(node)["value"] for node in self._node.get("examples", {}).values()]
        return (*own, *named, *self.schema.examples)


@attrs.frozen(eq=False, slots=False)
class Body(Element["Api"]):
    """The body of a request."""

    @property
    def required(self) -> bool:
        """True if a request must have a body."""
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
class Response(Element["Api"]):
    """An answer that the spec describes.

    Attributes:
        status: `200`, a range such as `4XX`, or `default`.

    """

    status: str

    @property
    def succeeded(self) -> bool:
        """True if the status is 2XX."""
        return self.status.startswith("2")

    @property
    def promised(self) -> bool:
        """True if a call returns it: a success that is not merely a reading of an open question."""
        return self.succeeded and self.evidence.level != "open"

    @cached_property
    def schema(self) -> Schema | None:
        """Schema of the JSON; None without a body."""
        node = self._node.get("content", {}).get(JSON, {}).get("schema")
        return None if node is None else self.api.schema(node)

    @property
    def media_types(self) -> tuple[str, ...]:
        """Media types of the body."""
        return tuple(self._node.get("content", ()))

    @cached_property
    def headers(self) -> dict[str, Node]:
        """Header objects of OpenAPI by name."""
        return {name: self.api.follow(node) for name, node in self._node.get("headers", {}).items()}

    @cached_property
    def examples(self) -> dict[str, Any]:
        """Examples of the body, by name."""
        nodes = self._node.get("content", {}).get(JSON, {}).get("examples", {})
        return {name: self.api.follow(node)["value"] for name, node in nodes.items()}


@attrs.frozen(eq=False, slots=False)
class SecurityScheme(Element["Api"]):
    """A way to authorize requests."""

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
class Operation(Element["Api"]):
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
        """Name of the method of the client."""
        return python_name(self.id, RESERVED | CLIENT_NAMES)

    @property
    def summary(self) -> str:
        """Summary in a few words."""
        return str(self._node.get("summary", self.id))

    @property
    def tag(self) -> str:
        """The first of its tags."""
        return str((self._node.get("tags") or ["Other"])[0])

    @cached_property
    def path_item(self) -> Element[Api]:
        """The path, with evidence for it and its methods."""
        return Element(self.api, self._item)

    @property
    def safe(self) -> bool:
        """True if it is a read, which may be repeated."""
        return self.method in ("GET", "HEAD") or self._node.get("x-safe") is True

    @property
    def deletes(self) -> bool:
        """True if it deletes a record."""
        return self.method == "DELETE"

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """Arguments: parameters of the path item and of the operation, and properties of the body."""
        found: dict[tuple[str, str], tuple[bool, Node, Schema]] = {}
        for reference in (*self._item.get("parameters", ()), *self._node.get("parameters", ())):
            node = self.api.follow(reference)
            schema = self.api.schema(node.get("schema", {}))
            found[node["in"], node["name"]] = bool(node.get("required")), node, schema
        if self.body is not None:
            for prop in self.body.schema.properties.values():
                found["body", prop.name] = prop.required, prop.schema._node, prop.schema
        named = [(python_name(node.get("x-name", name)), place) for (place, name), (_, node, _) in found.items()]
        names = unique([[name, f"{name}_{place}", f"{name}_{place}_{n}"] for n, (name, place) in enumerate(named)])
        is_sole = sum(required for required, _, _ in found.values()) == 1
        return tuple(
            Parameter(self.api, node, name, python, place, required, place == "path" or (required and is_sole), schema)
            for ((place, name), (required, node, schema)), python in zip(found.items(), names, strict=True)
        )

    @cached_property
    def arguments(self) -> dict[str, Parameter]:
        """Arguments by name in the method of the client."""
        return {parameter.python_name: parameter for parameter in self.parameters}

    @cached_property
    def keys(self) -> dict[tuple[str, str], Parameter]:
        """Arguments by `Parameter.key`."""
        return {parameter.key: parameter for parameter in self.parameters}

    def parameter(self, name: str) -> Parameter:
        """Return the argument with a name in the request, or a `known_name`, wherever it is sent.

        Raises:
            KeyError: The operation has no such argument.

        """
        for parameter in self.parameters:
            if name == parameter.known_name:
                return parameter
        for parameter in self.parameters:
            if name == parameter.name:
                return parameter
        raise KeyError(f"{self.id} has no parameter {name}")

    def examples_of(self, parameter: Parameter) -> tuple[Any, ...]:
        """Return examples of an argument: its own, and those from examples of the whole body."""
        bodies = self.body.examples.values() if parameter.place == "body" and self.body is not None else ()
        return (*parameter.examples, *(body[parameter.name] for body in bodies if parameter.name in body))

    @cached_property
    def body(self) -> Body | None:
        """Body of a request; None without a body."""
        node = self._node.get("requestBody")
        return None if node is None else Body(self.api, self.api.follow(node))

    @cached_property
    def responses(self) -> dict[str, Response]:
        """Answers by status."""
        nodes = {str(status): self.api.follow(node) for status, node in self._node["responses"].items()}
        return {status: Response(self.api, node, status) for status, node in nodes.items()}

    def response(self, status: int) -> Response | None:
        """Return the answer for a status; None if the spec has none."""
        patterns = (str(status), f"{status // 100}XX", "default")
        return next(filter(None, map(self.responses.get, patterns)), None)

    def schema(self, status: int) -> Schema | None:
        """Return the schema of the answer for a status; None without a body, or if the spec has no such answer."""
        response = self.response(status)
        return None if response is None else response.schema

    def response_evidence(self, status: int) -> Evidence:
        """Return the evidence for the answer for a status."""
        response = self.response(status)
        return Evidence() if response is None else response.evidence

    @cached_property
    def answer(self) -> Schema | None:
        """Schema of the first success with a body; None if there is none."""
        return next((r.schema for r in self.responses.values() if r.promised and r.schema is not None), None)

    @cached_property
    def nothing(self) -> Response | None:
        """The success without a body; None if there is none."""
        return next((r for r in self.responses.values() if r.promised and r.schema is None), None)

    @cached_property
    def pagination(self) -> Pagination | None:
        """Pages of its list; None for an answer without pages."""
        return extensions.maybe(Pagination, self._node, "x-pagination")

    @cached_property
    def date_range(self) -> DateRange | None:
        """Range of dates that filters its rows; None without one."""
        return extensions.maybe(DateRange, self._node, "x-date-range")

    @cached_property
    def aggregation(self) -> Aggregation | None:
        """Aggregation of rows over time."""
        return extensions.maybe(Aggregation, self._node, "x-aggregation")

    @cached_property
    def sort(self) -> Sort | None:
        """Order of a list."""
        return extensions.maybe(Sort, self._node, "x-sort")

    @cached_property
    def identity(self) -> Identity | None:
        """Fields that identify records."""
        return extensions.maybe(Identity, self._node, "x-identity")

    @cached_property
    def reckoning(self) -> Reckoning | None:
        """Dates and numbers of days that give the current day."""
        return extensions.maybe(Reckoning, self._node, "x-reckoning")

    @cached_property
    def always(self) -> tuple[Always, ...]:
        """Values that all records have."""
        return tuple(extensions.read(Always, node) for node in self._node.get("x-always", ()))

    @cached_property
    def agreements(self) -> tuple[Agreement, ...]:
        """Values that other operations must also have."""
        return tuple(extensions.read(Agreement, node) for node in self._node.get("x-agrees-with", ()))

    @cached_property
    def security(self) -> tuple[SecurityScheme, ...]:
        """Ways to authorize a request."""
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
        """Return the path parameters of a path below the base URL; None if the path is not that of this operation."""
        pattern, names = self._pattern
        found = pattern.fullmatch(path)
        return found and dict(zip(names, map(unquote, found.groups()), strict=True))

    def filled(self, values: Mapping[str, Any]) -> str:
        """Return the path with path parameters filled in, quoted."""
        return re.sub(r"\{([^}]+)\}", lambda match: quote(str(values[match[1]]), safe=""), self.path)

    @cached_property
    def creator(self) -> Operation | None:
        """Operation that creates the records of this one: POST one level above `/{id}`; None without one."""
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
        """Operation that returns one of the records that this one creates."""
        return self._addressing("GET")

    @cached_property
    def updater(self) -> Operation | None:
        """Operation that changes records that this one creates."""
        return self._addressing("PUT", "PATCH")

    @cached_property
    def remover(self) -> Operation | None:
        """Operation that deletes records that this one creates."""
        return self._addressing("DELETE")

    @cached_property
    def lister(self) -> Operation | None:
        """Operation that lists the records that this one creates."""
        return next((o for o in self.api.operations.values() if o.path == self.path and o.method == "GET"), None)


def zone(name: str) -> ZoneInfo:
    """Return a time zone.

    Raises:
        RuntimeError: This system has no data of it.

    """
    try:
        return ZoneInfo(name)
    except ZoneInfoNotFoundError:
        raise RuntimeError(f"this system has no data of the time zone {name}: pip install tzdata") from None


class Api(Document):
    """One API, from its OpenAPI document.

    Args:
        name: Name of its package.
        document: The OpenAPI document, which is not changed.

    """

    def __init__(self, name: str, document: Node) -> None:
        super().__init__(document)
        self.name = name

    def __repr__(self) -> str:
        return f"Api({self.name!r})"

    def copy(self) -> dict[str, Any]:
        """Return a copy of the document, to be changed."""
        found: dict[str, Any] = copy.deepcopy(dict(self.document))
        return found

    @property
    def title(self) -> str:
        """Title."""
        return str(self.document["info"]["title"])

    @property
    def summary(self) -> str:
        """Summary in one sentence."""
        return str(self.document["info"].get("summary", ""))

    @property
    def description(self) -> str:
        """Description in Markdown."""
        return str(self.document["info"].get("description", ""))

    @property
    def version(self) -> str:
        """Version of the spec."""
        return str(self.document["info"]["version"])

    @cached_property
    def time_zone(self) -> ZoneInfo | None:
        """Time zone of timestamps without an offset; None if the spec does not say."""
        node = self.document["info"].get("x-time-zone")
        return None if node is None else zone(node["name"])

    @cached_property
    def sources(self) -> dict[str, Source]:
        """Documents of the vendors that evidence cites, by name."""
        return {
            name: extensions.read(Source, node) for name, node in self.document["info"].get("x-sources", {}).items()
        }

    @property
    def server_url(self) -> str:
        """URL of the first server, with the defaults of its variables."""
        server = self.document["servers"][0]
        variables = {name: value["default"] for name, value in server.get("variables", {}).items()}
        url: str = server["url"].format(**variables)
        return url

    def variable(self, setting: str) -> str:
        """Return the environment variable with a setting of the clients, such as `NEU_CA_BUNDLE`."""
        return f"{self.name}_{setting}".upper()

    @property
    def token_variable(self) -> str:
        """Environment variable with the token."""
        return self.variable("token")

    @property
    def base_url_variable(self) -> str:
        """Environment variable with the base URL."""
        return self.variable("base_url")

    @property
    def mount(self) -> str:
        """Path of `server_url`, without a final slash."""
        return urlsplit(self.server_url).path.rstrip("/")

    @cached_property
    def operations(self) -> dict[str, Operation]:
        """Operations by `operationId`, in the order of the spec."""
        nodes = operation_nodes(self.document)
        found = [Operation(self, node, path, method.upper(), item) for path, method, item, node in nodes]
        return {operation.id: operation for operation in found}

    @cached_property
    def methods(self) -> dict[str, Operation]:
        """Operations by the name of the method of the client."""
        return {operation.method_name: operation for operation in self.operations.values()}

    def match(self, method: str, path: str) -> Operation | None:
        """Return the operation of a request; paths without parameters take precedence."""
        found = [o for o in self.operations.values() if o.method == method and o.match(path) is not None]
        return min(found, key=lambda operation: operation.path.count("{"), default=None)

    def statements(self) -> Iterator[tuple[tuple[str, ...], str, Evidence]]:
        """Yield all evidence of the document in its order, except for rules of the contract suite.

        Yields the keys of the element (an operation has `operations` and its id, elements of lists have their name,
        type or index), the part that the evidence is about (`default`, `meaning`, `unit` or an empty text), and it.
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

    def open_sites(self) -> Iterator[Site]:
        """Yield each open question about an element of the document, in its order."""
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
        """Return the value of an example by name."""
        return self.document["components"]["examples"][name]["value"]

    @cached_property
    def words(self) -> frozenset[str]:
        """Names of properties and values of enumerations: words of the API, which are no customer data."""
        return frozenset(_words(self.document))

    @cached_property
    def personal_names(self) -> frozenset[str]:
        """Names of properties that are personal data in at least one place."""
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
