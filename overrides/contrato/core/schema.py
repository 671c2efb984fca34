"""Schemas of a spec, and what all elements of a spec have in common."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Generic, TypeVar

import attrs

from contrato.core import extensions
from contrato.core.document import Node, follow, inline, merged
from contrato.core.extensions import (
    Echo,
    Evidence,
    Invariant,
    Opening,
    Plausible,
    Power,
    Question,
    Reference,
    Register,
    Searches,
)
from contrato.core.names import python_name, unique

DocumentType = TypeVar("DocumentType", bound="Document")


def plain_text(markdown: str) -> str:
    """Return Markdown on one line, without asterisks."""
    return re.sub(r"\*+(\S[^*]*?)\*+", r"\1", " ".join(markdown.split()))


@attrs.frozen(eq=False, slots=False)
class Element(Generic[DocumentType]):
    """An element of a spec, with description and evidence."""

    api: DocumentType = attrs.field(repr=False)
    _node: Node = attrs.field(repr=False)

    @property
    def description(self) -> str:
        """Description in Markdown."""
        text: str = self._node.get("description", "")
        return text

    @cached_property
    def text(self) -> str:
        """Description on one line without markup."""
        return plain_text(self.description)

    @property
    def evidence(self) -> Evidence:
        """Evidence for the element."""
        return self._evidence()

    @property
    def meaning_evidence(self) -> Evidence:
        """Evidence for its meaning, if that is weaker."""
        return self._evidence("meaning-")

    @property
    def default_evidence(self) -> Evidence:
        """Evidence for its default, if that is weaker."""
        return self._evidence("default-")

    @property
    def unit_evidence(self) -> Evidence:
        """Evidence for its unit, if that is weaker."""
        return self._evidence("unit-")

    @property
    def aggregate_evidence(self) -> Evidence:
        """Evidence for `aggregate`."""
        return self._evidence("aggregate-")

    @property
    def required_evidence(self) -> Evidence:
        """Evidence that the required properties of an object are always present."""
        return self._evidence("required-")

    @cached_property
    def open(self) -> dict[str, Opening]:
        """Open questions about it, by id of the question."""
        questions, nodes = self.api.questions, self._node.get("x-open", {})
        return {name: extensions.opening(questions[name], node) for name, node in nodes.items()}

    def admits(self, question: str, reading: str) -> bool:
        """True if an honest server may follow this reading of an open question about the element."""
        return question in self.open and reading in self.open[question].readings

    def _evidence(self, part: str = "") -> Evidence:
        return Evidence(self._node.get(f"x-{part}evidence", ""))

    @property
    def refers_to(self) -> tuple[Reference, ...]:
        """Places of existing values."""
        pointers = self._node.get("x-refers-to", [])
        texts = [pointers] if isinstance(pointers, str) else pointers
        return tuple(Reference(*text.split("#", 1)) for text in texts)

    @property
    def echo(self) -> Echo | None:
        """Places in an answer that repeat the argument."""
        return extensions.maybe(Echo, self._node, "x-echo")

    @property
    def searches(self) -> Searches | None:
        """Places in an answer with the words of the argument."""
        return extensions.maybe(Searches, self._node, "x-searches")


@attrs.frozen(eq=False, slots=False)
class Schema(Element["Document"]):
    """A schema: with references followed, `allOf` merged, and null removed from alternatives.

    Attributes:
        component: Name of its component, or an empty text.
        nullable: True if null is a value.

    """

    component: str
    nullable: bool
    _original: Node = attrs.field(repr=False)

    @cached_property
    def json(self) -> dict[str, Any]:
        """The JSON Schema, with references followed, for libraries that validate."""
        found: dict[str, Any] = inline(self.api.document, self._original)
        return found

    @property
    def type(self) -> str:
        """Type in JSON: `object`, `array`, `string`, `integer`, `number` or `boolean`; `any` for several."""
        kind = self._node.get("type", "object" if "properties" in self._node else "any")
        if isinstance(kind, list):
            others = [name for name in kind if name != "null"]
            return others[0] if len(others) == 1 else "any"
        return str(kind)

    @property
    def format(self) -> str:
        """Format of a text."""
        return str(self._node.get("format", ""))

    @property
    def is_timestamp(self) -> bool:
        """True if values are dates with times."""
        return self.type == "string" and self.format.startswith("date-time")

    @property
    def enum(self) -> tuple[Any, ...]:
        """Allowed values; empty if all are."""
        return tuple(self._node.get("enum", ()))

    @property
    def has_default(self) -> bool:
        """True if the spec has a default."""
        return "default" in self._node

    @property
    def default(self) -> Any:
        """Value of an argument that is not sent; None without a default."""
        return self._node.get("default")

    @property
    def minimum(self) -> float | None:
        """Smallest allowed number."""
        return self._node.get("minimum")

    @property
    def maximum(self) -> float | None:
        """Largest allowed number."""
        return self._node.get("maximum")

    @property
    def unit(self) -> str:
        """Unit of a value, or an empty text."""
        return str(self._node.get("x-unit", ""))

    @property
    def metadata(self) -> dict[str, str]:
        """Unit and evidence, if the spec has them, for tables and models."""
        names = ("unit", "unit_evidence", "evidence", "meaning_evidence")
        return {name: str(text) for name in names if (text := getattr(self, name))}

    @property
    def personal(self) -> bool:
        """True for personal data of the customer."""
        return self._node.get("x-personal") is True

    @property
    def aggregate(self) -> str:
        """`sum` if the value of a longer period is the sum of those of shorter periods."""
        return str(self._node.get("x-aggregate", ""))

    @property
    def register_of(self) -> Register | None:
        """Quantity that the value is a register of."""
        return extensions.maybe(Register, self._node, "x-register-of")

    @property
    def power(self) -> Power | None:
        """Fields of a record with energies, voltages and currents of one meter."""
        return extensions.maybe(Power, self._node, "x-power")

    @property
    def plausible(self) -> Plausible | None:
        """Physical bounds of a value."""
        return extensions.maybe(Plausible, self._node, "x-plausible")

    @cached_property
    def invariants(self) -> tuple[Invariant, ...]:
        """Conditions within a record."""
        return tuple(extensions.read(Invariant, node) for node in self._node.get("x-invariants", ()))

    @property
    def examples(self) -> tuple[Any, ...]:
        """Examples of a value."""
        node = self._node
        return (*([node["example"]] if "example" in node else []), *node.get("examples", []))

    @cached_property
    def items(self) -> Schema | None:
        """Schema of the elements of an array; None for other types."""
        node = self._node.get("items")
        return self.api.schema(node) if isinstance(node, Mapping) else None

    @cached_property
    def additional(self) -> Schema | None:
        """Schema of the values of an object with arbitrary names; None if the spec has none."""
        node = self._node.get("additionalProperties")
        return self.api.schema(node) if isinstance(node, Mapping) else None

    @cached_property
    def properties(self) -> dict[str, Property]:
        """Properties of an object by name in JSON, in the order of the spec."""
        required = self._node.get("required", ())
        nodes = self._node.get("properties", {})
        names = unique([[python_name(wire), f"{python_name(wire)}_{n}"] for n, wire in enumerate(nodes)])
        return {
            wire: Property(wire, name, wire in required, self.api.schema(node))
            for (wire, node), name in zip(nodes.items(), names, strict=True)
        }

    @cached_property
    def alternatives(self) -> tuple[Schema, ...]:
        """Alternatives of the schema (`oneOf`, `anyOf`), without null; empty without alternatives."""
        parts = [part for key in ("oneOf", "anyOf") for part in self._node.get(key, ())]
        return tuple(self.api.schema(part) for part in parts if part.get("type") != "null")

    def places(self, at: str = "") -> Iterator[tuple[str, Schema]]:
        """Yield JSON pointer and schema of each place in a value; `*` stands for the elements of an array."""
        yield at, self
        for part in self.alternatives:
            yield from list(part.places(at))[1:]
        for name, prop in self.properties.items():
            yield from prop.schema.places(f"{at}/{name}")
        if self.items is not None:
            yield from self.items.places(f"{at}/*")

    def at(self, pointer: str) -> Schema | None:
        """Return the schema at a pointer with `*` for elements; None if the place does not exist."""
        return next((schema for place, schema in self.places() if place == pointer), None)

    def evidence_at(self, pointer: str) -> Evidence:
        """Return the evidence at a pointer, or of the closest place around it with evidence."""
        wanted = "/" + pointer.strip("/")
        found = [s.evidence for place, s in self.places() if (wanted + "/").startswith(place + "/") and s.evidence]
        return found[-1] if found else Evidence()

    def lists(self, at: str = "") -> Iterator[str]:
        """Yield the pointers of the arrays of objects that every value has, outermost first."""
        if self.items is not None and self.items.properties:
            yield at
            yield from self.items.lists(f"{at}/*")
        for name, prop in self.properties.items():
            if prop.required:
                yield from prop.schema.lists(f"{at}/{name}")


@attrs.frozen(eq=False)
class Property:
    """A property of an object. Its schema has its description and evidence."""

    name: str
    python_name: str
    required: bool
    schema: Schema


class Document:
    """An OpenAPI document, with its schemas and open questions.

    Args:
        document: The OpenAPI document, which is not changed.

    """

    def __init__(self, document: Node) -> None:
        self.document = document

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
                node = merged(inner, {name: value for name, value in node.items() if name != key})
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

    @cached_property
    def questions(self) -> dict[str, Question]:
        """Questions that the vendor leaves open, by id, in the order of the spec."""
        nodes = self.document.get("x-questions", {})
        return {name: extensions.read(Question, {"id": name, **node}) for name, node in nodes.items()}
