"""The read-model of the specs: each OpenAPI document is read once.

`api("neu").operations["listBills"]` describes the request and the answer of an operation, with the evidence for each
statement. `spec/README.md` documents the extensions (`x-…`).
"""

from __future__ import annotations

import base64
import copy
import functools
import json
import os
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any
from urllib.parse import quote, unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import attrs

from contrato.core import extensions, overlay
from contrato.core.document import (
    FORM,
    JSON,
    MULTIPART,
    Node,
    finite,
    is_json,
    is_text,
    media_type,
    operation_id,
    operation_nodes,
)
from contrato.core.extensions import (
    Aggregation,
    Agreement,
    Always,
    DateRange,
    Evidence,
    Identity,
    Pagination,
    Reckoning,
    Reference,
    Site,
    Sort,
    Source,
)
from contrato.core.names import ARGUMENT_NAMES, CLIENT_NAMES, RESERVED, WINDOW_NAMES, python_name, unique, variable
from contrato.core.schema import Document, Element, Property, Schema

# Keys of evidence, with the part of an element that it is about. Other evidence is about rules of the contract suite.
EVIDENCE_KEY = re.compile(r"x-(?:(default|meaning|safe|status|unit)-)?evidence")
# Methods that write, or delete, by the meaning that HTTP gives them.
WRITING = ("DELETE", "PATCH", "PUT")


def _document(name: str) -> Traversable:
    # From the folder, because naming the package `contrato.<api>` would import the client.
    return resources.files("contrato") / name / "openapi.json"


# The APIs: the packages that carry a spec.
APIS = tuple(sorted({one.name for one in resources.files("contrato").iterdir() if _document(one.name).is_file()}))


_added: dict[str, Api] = {}


def add(api_: Api) -> Api:
    """Add an API that is no part of the package, or replace one, for this process."""
    global APIS
    _added[api_.name] = api_
    APIS = tuple(dict.fromkeys((*APIS, api_.name)))
    return api_


def api(name: str) -> Api:
    """Return the read-model of one API; the same object at every call.

    If the environment names an overlay, as `NEU_OVERLAY`, the API is as that changes it.

    Args:
        name: Name of its package.

    Raises:
        ValueError: The API does not exist, or the overlay cannot be read or applied.

    """
    if name in _added:
        return _added[name]
    file = os.environ.get(variable(name, "overlay"), "")
    return with_overlay(name, file) if file else _generated(name)


@functools.cache
def with_overlay(name: str, file: str) -> Api:
    """Return the read-model of one API as the overlay in a file changes it.

    Raises:
        ValueError: The overlay cannot be read or applied, makes a write a read, or changes where the token is sent or
            types that the client has.

    """
    try:
        found, known = overlaid(name, overlay.load(file)), _generated(name)
        operations = found.operations
    except ValueError as error:
        raise ValueError(str(error) if file in str(error) else f"{file}: {error}") from error
    for operation in known.operations.values():
        other = operations.get(operation.id)
        if other is None or _types(other) != _types(operation):
            raise ValueError(
                f"{file} changes the answer of {operation.id}: apply it with make learn, then make generate"
            )
        if other.safe and not operation.safe:
            raise ValueError(f"{file}: {operation.id} writes: remove its x-safe")
    if _token_uses(found) != _token_uses(known):
        raise ValueError(f"{file} changes servers or security, so where the token is sent: remove that")
    return found


def _token_uses(found: Api) -> list[Any]:
    """Return what says where the token is sent, and how."""
    nodes = [found.document, *(part for _, _, item, node in operation_nodes(found.document) for part in (item, node))]
    said = [node[key] for node in nodes for key in ("servers", "security") if key in node]
    return [_bare(each) for each in (*said, found.document.get("components", {}).get("securitySchemes"))]


def _bare(node: Any) -> Any:
    """Return a part of a document without what is only said about it."""
    if isinstance(node, list):
        return [_bare(item) for item in node]
    if isinstance(node, Mapping):
        said = ("x-", "description", "example")
        return {key: _bare(value) for key, value in node.items() if not key.startswith(said)}
    return node


def _types(operation: Operation) -> Any:
    """Return the schema of an answer without what is only said about it."""
    return None if operation.answer is None else _bare(operation.answer.json)


def overlaid(name: str, changes: Mapping[str, Any]) -> Api:
    """Return the read-model of one API as an overlay changes it.

    Raises:
        ValueError: It is no overlay of this API.

    """
    document = _generated(name).copy()
    overlay.apply(document, changes)
    if not all(isinstance(document.get(part), Mapping) for part in ("info", "paths")):
        raise ValueError("the overlay leaves no OpenAPI document: it removes or replaces the paths or the info")
    return Api(name, document)


@functools.cache
def _generated(name: str) -> Api:
    try:
        text = _document(name).read_text("utf-8")
    except FileNotFoundError:
        raise ValueError(f"no API {name!r}: choose from {', '.join(APIS)}") from None
    return Api(name, json.loads(text))


def finite_api(name: str) -> Api:
    """Like `api`, for readers that walk through schemas: a component within itself may be anything there."""
    return _finite(api(name))


@functools.cache
def _finite(found: Api) -> Api:
    document = finite(found.document)
    return found if document is None else Api(found.name, document, found.file)


@attrs.frozen(eq=False, slots=False)
class Parameter(Element["Api"]):
    """An argument of an operation: a parameter, a property of its body, or the whole body.

    Attributes:
        name: Name in the request; an empty text for the whole body.
        python_name: Name in the method of the client.
        place: `path`, `query`, `header`, `cookie` or `body`.
        required: True if the API requires it.
        positional: True if a call need not name it: it is in the path, or nothing else is required.
        schema: Schema of its value.
        needed: True if a body must have it; `required` is False if a request needs no body.

    """

    name: str
    python_name: str
    place: str
    required: bool
    positional: bool
    schema: Schema
    needed: bool = False
    _inferred: tuple[Reference, ...] = attrs.field(default=(), repr=False)

    @property
    def refers_to(self) -> tuple[Reference, ...]:
        """Places of existing values; without `x-refers-to`, of a parameter that ends a path, in the list before it."""
        return super().refers_to or self._inferred

    @property
    def style(self) -> str:
        """How an array or an object is written, as OpenAPI names it."""
        return str(self._node.get("style", "form" if self.place in ("query", "cookie") else "simple"))

    @property
    def media_type(self) -> str:
        """Media type of its value, if it is written as a document of its own; else an empty text."""
        return media_type(self._node.get("content", {})) if self.place != "body" else ""

    @property
    def reserved(self) -> bool:
        """True if characters that delimit parts of a URL are sent as they are."""
        return self._node.get("allowReserved") is True

    @property
    def deprecated(self) -> bool:
        """True if it is going to be removed."""
        return self._node.get("deprecated") is True

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
        return bool(self._node.get("explode", self.style in ("form", "deepObject")))

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
    def media_type(self) -> str:
        """Media type that clients send: JSON if the API takes it."""
        return media_type(self._node.get("content", {}))

    @cached_property
    def _media(self) -> Node:
        found: Node = self._node.get("content", {}).get(self.media_type, {})
        return found

    @cached_property
    def schema(self) -> Schema:
        """Schema of the content; that of text, or of a file, if it is neither JSON nor a form."""
        if not (self.is_json or self.media_type in (FORM, MULTIPART)):
            return self.api.schema({"type": "string", **({} if is_text(self.media_type) else {"format": "binary"})})
        return self.api.schema(self._media.get("schema", {}))

    @property
    def is_json(self) -> bool:
        """True if the content is JSON."""
        return is_json(self.media_type)

    @cached_property
    def fields(self) -> dict[str, Property]:
        """Properties that are arguments of their own; empty if the whole body is one argument."""
        schema = self.schema
        whole = schema.type != "object" or schema.nullable or schema.alternatives or schema.subtypes
        if whole or schema.additional is not None:
            return {}
        return {name: prop for name, prop in schema.properties.items() if not prop.schema.read_only}

    def encoding(self, name: str) -> Node:
        """Return how a field of a form is written, as OpenAPI has it."""
        found: Node = self._media.get("encoding", {}).get(name, {})
        return found

    @cached_property
    def examples(self) -> dict[str, Any]:
        """Examples of a whole body, by name."""
        nodes = self._media.get("examples", {})
        return {name: self.api.follow(node)["value"] for name, node in nodes.items()}


@attrs.frozen(eq=False, slots=False)
class Response(Element["Api"]):
    """An answer that the spec describes.

    Attributes:
        status: `200`, a range such as `4XX`, or `default`.
        alone: True if the operation has no answer with a status of 2XX.

    """

    status: str

    alone: bool = True

    @property
    def succeeded(self) -> bool:
        """True if the status is 2XX, or if the answer is that to every request."""
        return self.status.startswith("2") or (self.status == "default" and self.alone)

    @property
    def a_status(self) -> int:
        """A status that is in the range."""
        return 200 if self.status == "default" else int(self.status.replace("X", "0"))

    @cached_property
    def promised(self) -> bool:
        """True if a call returns it: a success that is not merely a reading of an open question."""
        return self.succeeded and self.evidence.level != "open"

    @cached_property
    def media_type(self) -> str:
        """Media type that clients ask for: JSON if the API has it; an empty text without a body."""
        return media_type(self._node.get("content", {}))

    @cached_property
    def schema(self) -> Schema | None:
        """Schema of the JSON; None without a body, and for other content."""
        node = self._node.get("content", {}).get(self.media_type)
        return None if node is None or not is_json(self.media_type) else self.api.schema(node.get("schema", {}))

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
        nodes = self._node.get("content", {}).get(self.media_type, {}).get("examples", {})
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

    @property
    def place(self) -> str:
        """Where a request has the token: `header`, `query` or `cookie`; an empty text for a scheme without a token."""
        if self.type == "apiKey":
            return str(self._node["in"])
        sent = self.type in ("oauth2", "openIdConnect") or self.scheme.lower() in ("basic", "bearer")
        return "header" if sent else ""

    @property
    def parameter(self) -> str:
        """Name of the header, the parameter or the cookie with the token."""
        return str(self._node["name"]) if self.type == "apiKey" else "Authorization"

    @property
    def is_basic(self) -> bool:
        """True if the token is a user and a password, with a colon between them."""
        return self.type == "http" and self.scheme.lower() == "basic"

    def _rank(self) -> int:
        """Return the place among schemes that an operation lets choose from; those that send nothing are the last."""
        if self.type == "apiKey":
            return 1 + ("header", "query", "cookie").index(self.place)
        return 4 if self.is_basic else 0 if self.place else 5

    def written(self, token: str) -> str:
        """Return the token as a request has it."""
        if self.is_basic:
            return f"Basic {base64.b64encode(token.encode()).decode()}"
        return token if self.type == "apiKey" else f"Bearer {token}"


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
        return operation_id(self.path, self.method, self._node)

    @cached_property
    def method_name(self) -> str:
        """Name of the method of the client."""
        return python_name(self.id, RESERVED | CLIENT_NAMES)

    @property
    def summary(self) -> str:
        """Summary in a few words."""
        return str(self._node.get("summary", self.id))

    @property
    def deprecated(self) -> bool:
        """True if it is going to be removed."""
        return self._node.get("deprecated") is True

    @cached_property
    def accept(self) -> str:
        """Media type of its successes that clients ask for."""
        types = [response.media_type for response in self.responses.values() if response.promised]
        return next((name for name in types if is_json(name)), next(filter(None, types), JSON))

    @property
    def tag(self) -> str:
        """The first of its tags."""
        return str((self._node.get("tags") or ["Other"])[0])

    @cached_property
    def path_item(self) -> Element[Api]:
        """The path, with evidence for it and its methods."""
        return Element(self.api, self._item)

    @property
    def server_url(self) -> str:
        """URL of its first server, with the defaults of its variables."""
        nodes = (self._node, self._item, self.api.document)
        return server_url(next((node for node in nodes if node.get("servers")), {}))

    @property
    def safe(self) -> bool:
        """True if it is a read, which may be repeated."""
        return self.method in ("GET", "HEAD") or self._node.get("x-safe") is True

    @property
    def safe_evidence(self) -> Evidence:
        """Evidence that it is a read, where its method does not say so."""
        return self._evidence("safe-")

    @property
    def deletes(self) -> bool:
        """True if it deletes a record."""
        return self.method == "DELETE"

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """Arguments: parameters of the path item and of the operation, and properties of the body."""
        found: dict[tuple[str, str], tuple[bool, bool, Node, Schema]] = {}
        for reference in (*self._item.get("parameters", ()), *self._node.get("parameters", ())):
            node = self.api.follow(reference)
            place, name, required = node["in"], node["name"], bool(node.get("required") or node["in"] == "path")
            # By OpenAPI other parts of the spec say these.
            if place == "header" and name.lower() in ("accept", "authorization", "content-type"):
                continue
            content = node.get("content", {})
            schema = self.api.schema(content.get(media_type(content), node).get("schema", {}))
            found[place, name] = required, required, node, schema
        if (body := self.body) is not None:
            for prop in body.fields.values():
                needed, schema = prop.required, prop.schema
                found["body", prop.name] = needed and body.required, needed, schema._node, schema
            if not body.fields:
                found["body", ""] = body.required, body.required, body._node, body.schema
        reserved = RESERVED | ARGUMENT_NAMES | (set() if self.date_range is None else WINDOW_NAMES)
        known = [(str(node.get("x-name", name)), place) for (place, name), (*_, node, _) in found.items()]
        named = [(python_name(name or "body", reserved), place) for name, place in known]
        names = unique([[name, f"{name}_{place}", f"{name}_{place}_{n}"] for n, (name, place) in enumerate(named)])
        is_sole = sum(required for required, *_ in found.values()) == 1
        return tuple(
            Parameter(
                self.api,
                node,
                name,
                python,
                place,
                required,
                place == "path" or (required and is_sole),
                schema,
                needed,
                self._listed(place, name),
            )
            for ((place, name), (required, needed, node, schema)), python in zip(found.items(), names, strict=True)
        )

    def _listed(self, place: str, name: str) -> tuple[Reference, ...]:
        """Return where the values of the parameter that ends the path are: in the list at the path before it."""
        parent, _, last = self.path.rpartition("/")
        others = (o for o in self.api.operations.values() if o.path == parent and o.method == "GET")
        lister = next(others, None) if (place, last) == ("path", f"{{{name}}}") else None
        answer = None if lister is None else lister.answer
        if lister is None or answer is None:
            return ()
        at, items = answer.records
        field = None if items is None else items.identity(name)
        return () if field is None else (Reference(lister.id, f"{at}/*/{field}"),)

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

    def opening(self, at: str, question: str) -> extensions.Opening | None:
        """Return a question as it is open, or settled, at a place.

        The place is that of an argument, as `query.limit`, a pointer within the answer, or empty for the operation.
        """
        place, _, name = at.partition(".")
        schema = self.answer.at(at) if self.answer is not None else None
        elements = (schema, self.keys.get((place, name)), self.body, self)
        return next((each.open[question] for each in elements if each is not None and question in each.open), None)

    def examples_of(self, parameter: Parameter) -> tuple[Any, ...]:
        """Return examples of an argument: its own, and those from examples of the whole body."""
        bodies = self.body.examples.values() if parameter.place == "body" and self.body is not None else ()
        if not parameter.name:
            return (*parameter.examples, *bodies)
        return (*parameter.examples, *(body[parameter.name] for body in bodies if parameter.name in body))

    @cached_property
    def body(self) -> Body | None:
        """Body of a request; None without a body."""
        node = self._node.get("requestBody")
        return None if node is None else Body(self.api, self.api.follow(node))

    @cached_property
    def responses(self) -> dict[str, Response]:
        """Answers by status."""
        nodes = {str(status): self.api.follow(node) for status, node in self._node.get("responses", {}).items()}
        alone = not any(status.startswith(("2", "3")) for status in nodes)
        found = {status: status if status == "default" else status.upper() for status in nodes}
        return {found[status]: Response(self.api, node, found[status], alone) for status, node in nodes.items()}

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
        """Schema of the first success with JSON; None if there is none."""
        return next((r.schema for r in self.responses.values() if r.promised and r.schema is not None), None)

    @cached_property
    def nothing(self) -> Response | None:
        """The success without a body; None if there is none."""
        return next((r for r in self.responses.values() if r.promised and not r.media_type), None)

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
        return tuple(scheme for requirement in self._requirements for scheme in requirement)

    @cached_property
    def _requirements(self) -> tuple[tuple[SecurityScheme, ...], ...]:
        required = self._node.get("security", self.api.document.get("security", []))
        return tuple(tuple(self.api.security_scheme(name) for name in requirement) for requirement in required)

    @property
    def needs_token(self) -> bool:
        """True if a request without a token is refused."""
        return bool(self._requirements) and all(self._requirements)

    @cached_property
    def credential(self) -> SecurityScheme | None:
        """How a request has the token; None if it has none.

        A bearer token is preferred, and meant where nothing is said. Other keys in headers that a request must have
        beside the token are given to a client as headers.
        """
        if "security" not in self._node and "security" not in self.api.document:
            return SecurityScheme(self.api, {"type": "http", "scheme": "bearer"}, "")
        found = []
        for requirement in self._requirements:
            first, *others = sorted(
                (scheme for scheme in requirement if scheme.type != "mutualTLS"), key=SecurityScheme._rank
            ) or (None,)
            if first is not None and first.place and all(other.place == "header" for other in others):
                found.append(first)
        return min(found, key=SecurityScheme._rank, default=None)

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


def server_url(node: Node) -> str:
    """Return the URL of the first server of a document, a path item or an operation."""
    server = (node.get("servers") or [{"url": "/"}])[0]
    variables = {name: value["default"] for name, value in server.get("variables", {}).items()}
    url: str = server["url"].format(**variables)
    return url


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
        file: File of a document that is no part of the package.

    """

    def __init__(self, name: str, document: Node, file: str = "") -> None:
        super().__init__(document)
        self.name = name
        self.file = file

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

    @cached_property
    def server_url(self) -> str:
        """URL of the first server, with the defaults of its variables; that of the operations if all have the same."""
        own = {operation.server_url for operation in self.operations.values()}
        return own.pop() if len(own) == 1 else server_url(self.document)

    def variable(self, setting: str) -> str:
        """Return the environment variable with a setting of the clients, such as `NEU_CA_BUNDLE`."""
        return variable(self.name, setting)

    @property
    def class_name(self) -> str:
        """Name of the client's class."""
        return "".join(word[:1].upper() + word[1:] for word in self.name.split("_"))

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

    def security_scheme(self, name: str) -> SecurityScheme:
        """Return a way to authorize requests.

        Raises:
            KeyError: There is none of this name.

        """
        schemes = self.document.get("components", {}).get("securitySchemes", {})
        if name not in schemes:
            raise KeyError(f"security names {name}, which is not in components/securitySchemes: add it")
        return SecurityScheme(self, self.follow(schemes[name]), name)

    @cached_property
    def credentials(self) -> tuple[SecurityScheme, ...]:
        """The ways in which requests of its operations have the token."""
        found = (operation.credential for operation in self.operations.values())
        return tuple({scheme.name: scheme for scheme in found if scheme is not None}.values())

    @property
    def token_kind(self) -> str:
        """The kind of the token, in words."""
        if any(scheme.is_basic for scheme in self.credentials):
            return "user and password, as user:password"
        return "key" if {scheme.type for scheme in self.credentials} == {"apiKey"} else "bearer token"

    @cached_property
    def operations(self) -> dict[str, Operation]:
        """Operations by `operationId`, in the order of the spec.

        Raises:
            ValueError: `x-safe` says of a method that writes that it is a read.

        """
        nodes = operation_nodes(self.document)
        found = [Operation(self, node, path, method.upper(), item) for path, method, item, node in nodes]
        for operation in found:
            # A client that only reads trusts the method, whatever a spec or an overlay says.
            if operation.safe and operation.method in WRITING:
                raise ValueError(f"{operation.id}: {operation.method} is never a read: remove its x-safe")
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
        type or index), the part that the evidence is about (`default`, `meaning`, `safe`, `status`, `unit` or an empty
        text), and it.
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
