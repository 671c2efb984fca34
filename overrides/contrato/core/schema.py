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
from contrato.core.names import MODEL_NAMES, RESERVED, python_name, unique

DocumentType = TypeVar("DocumentType", bound="Document")
# Keys of a schema that say which values it has.
SHAPE = (
    "$ref", "additionalProperties", "allOf", "anyOf", "const", "discriminator", "enum", "format", "items", "oneOf",
    "prefixItems", "properties", "required", "type",
)  # fmt: skip
# Names in JSON of the types of values in Python.
TYPES = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}


# Keys of alternatives that are more than a condition on the fields of an object.
SHAPE_OF_ALTERNATIVES = {*SHAPE} - {"required"}


def is_null(node: Node | bool) -> bool:
    """True for the schema of null."""
    return isinstance(node, Mapping) and (node.get("type") in ("null", ["null"]) or node.get("enum") == [None])


def replaced(schema: Schema, original: Schema) -> Schema:
    """Return a schema that has the component of another one."""
    return attrs.evolve(schema, component=original.component)


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
        return self.types[0] if len(self.types) == 1 else "any"

    @cached_property
    def types(self) -> tuple[str, ...]:
        """Types in JSON, without null unless that is the only one; empty if the schema names none."""
        if kind := self._node.get("type"):
            names = kind if isinstance(kind, list) else [kind]
            return tuple(name for name in names if name != "null") or ("null",)
        if values := self.enum:
            return tuple(dict.fromkeys(TYPES[type(value)] for value in values))
        if "const" in self._node or "enum" in self._node:
            return ("null",)
        for key, name in (("properties", "object"), ("additionalProperties", "object"), ("items", "array")):
            if key in self._node and not self.alternatives:
                return (name,)
        return ()

    @property
    def raw(self) -> Node:
        """The JSON Schema of the document, for libraries that follow references by themselves."""
        return self._original

    @property
    def shape(self) -> dict[str, Any]:
        """The parts of the schema that say which values it has."""
        return {key: self._node[key] for key in SHAPE if key in self._node}

    @property
    def format(self) -> str:
        """Format of a text."""
        return str(self._node.get("format", ""))

    @property
    def is_timestamp(self) -> bool:
        """True if values are dates with times."""
        return self.type == "string" and self.format in ("date-time", "date-time-local")

    @property
    def is_plain_text(self) -> bool:
        """True if values are texts of any kind."""
        return self.type == "string" and not self.enum and not self.format and self.keyword("pattern") is None

    @property
    def enum(self) -> tuple[Any, ...]:
        """Allowed values, without null; empty if all are."""
        values = [self._node["const"]] if "const" in self._node else self._node.get("enum", ())
        return tuple(value for value in values if value is not None)

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

    def keyword(self, name: str) -> Any:
        """Return what a keyword of JSON Schema says; None if it is not there."""
        return self._node.get(name)

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

    @property
    def closed(self) -> bool:
        """True if an object has no other properties than the named ones."""
        return self._node.get("additionalProperties") is False

    @property
    def open_ended(self) -> bool:
        """True if the spec says that an object has other properties than the named ones."""
        return self._node.get("additionalProperties") is True

    @property
    def read_only(self) -> bool:
        """True if a property is in answers only."""
        return self._node.get("readOnly") is True

    @property
    def write_only(self) -> bool:
        """True if a property is in requests only."""
        return self._node.get("writeOnly") is True

    @property
    def deprecated(self) -> bool:
        """True if it is going to be removed."""
        return self._node.get("deprecated") is True

    @cached_property
    def properties(self) -> dict[str, Property]:
        """Properties of an object by name in JSON, in the order of the spec."""
        required = self._node.get("required", ())
        nodes = self._node.get("properties", {})
        named = [python_name(wire, RESERVED | MODEL_NAMES) for wire in nodes]
        names = unique([[name, f"{name}_{n}"] for n, name in enumerate(named)])
        return {
            wire: Property(wire, name, wire in required, self.api.schema(node))
            for (wire, node), name in zip(nodes.items(), names, strict=True)
        }

    @cached_property
    def alternatives(self) -> tuple[Schema, ...]:
        """Alternatives of the schema (`oneOf`, `anyOf`), without null, each with what all have; empty without them."""
        parts = [part for key in ("oneOf", "anyOf") for part in self._node.get(key, ())]
        parts = [part for part in parts if not is_null(part)]
        # Such alternatives only say which fields come together.
        if not any(SHAPE_OF_ALTERNATIVES & self.api.follow(part).keys() for part in parts if isinstance(part, Mapping)):
            return ()
        common = {key: value for key, value in self._node.items() if key in ("properties", "required") and value}
        if "properties" in common:
            common["type"] = "object"
            return tuple(replaced(self.api.schema({"allOf": [common, part]}), self.api.schema(part)) for part in parts)
        return tuple(self.api.schema(part) for part in parts)

    @cached_property
    def subtypes(self) -> tuple[Schema, ...]:
        """Components that extend this one by `allOf`, if it has a discriminator and no alternatives."""
        if "discriminator" not in self._node or self.alternatives or not self.component:
            return ()
        return self.api.heirs(self.component)

    @property
    def discriminator(self) -> tuple[str, dict[str, tuple[str, ...]]] | None:
        """The property that tells alternatives apart, and its values by the names of components; None without one."""
        node = self._node.get("discriminator")
        if not isinstance(node, Mapping) or "propertyName" not in node:
            return None
        values: dict[str, tuple[str, ...]] = {}
        for value, target in node.get("mapping", {}).items():
            name = str(target).rpartition("/")[2]
            values[name] = (*values.get(name, ()), value)
        return node["propertyName"], values

    def tags(self, part: Schema) -> tuple[Any, ...]:
        """Return the values of the discriminator that mean an alternative, as far as the spec has them."""
        name, values = self.discriminator or ("", {})
        if part.component in values:
            return values[part.component]
        known = part.properties[name].schema.enum if name in part.properties else ()
        return (part.component,) if part.component and (not known or part.component in known) else known

    @property
    def records(self) -> tuple[str, Schema | None]:
        """Pointer to the array of records of a list, and schema of a record; None without one."""
        if self.items is not None:
            return "", self.items
        for name, prop in self.properties.items():
            if prop.schema.items is not None and prop.schema.items.properties:
                return f"/{name}", prop.schema.items
        return "", None

    def identity(self, name: str) -> str | None:
        """Return the field with the value that a path parameter of this name has; None if no name is like it."""
        plain = {field.lower().replace("_", "").replace("-", ""): field for field in self.properties}
        own = name.lower().replace("_", "").replace("-", "")
        return plain.get(own) or (plain.get("id") if own.endswith("id") else None)

    def places(self, at: str = "") -> Iterator[tuple[str, Schema]]:
        """Yield JSON pointer and schema of each place in a value; `*` stands for the elements of an array."""
        return self._places(at, ())

    def _places(self, at: str, around: tuple[Any, ...]) -> Iterator[tuple[str, Schema]]:
        yield at, self
        # A component within itself goes on for ever.
        if self.component and self.component in around:
            return
        around = (*around, self.component)
        for part in self.alternatives:
            yield from list(part._places(at, around))[1:]
        for name, prop in self.properties.items():
            yield from prop.schema._places(f"{at}/{name}", around)
        if self.items is not None:
            yield from self.items._places(f"{at}/*", around)

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
        return self._lists(at, ())

    def _lists(self, at: str, around: tuple[Any, ...]) -> Iterator[str]:
        if self.component and self.component in around:
            return
        around = (*around, self.component)
        if self.items is not None and self.items.properties:
            yield at
            yield from self.items._lists(f"{at}/*", around)
        for name, prop in self.properties.items():
            if prop.required:
                yield from prop.schema._lists(f"{at}/{name}", around)


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

    def schema(self, original: Node | bool) -> Schema:
        """Make a schema of a node of the document."""
        if isinstance(original, bool):
            original = {} if original else {"not": {}}
        if not isinstance(original, Mapping):
            raise ValueError(f"a schema is {original!r}, which OpenAPI has not: correct the spec")
        node, component = follow(self.document, original)
        nullable = False
        while True:
            kind = node.get("type")
            nullable = nullable or "null" in (kind if isinstance(kind, list) else [kind])
            nullable = nullable or node.get("nullable") is True or None in [*node.get("enum", ()), node.get("const", 1)]
            parts = node.get("allOf", ())
            if len(parts) == 1 and not any(key in node for key in SHAPE if key not in ("allOf", "type")):
                key, branch = "allOf", parts[0]
            elif len(parts) > 0:
                node = self._merged(node, component)
                continue
            else:
                for key in ("anyOf", "oneOf"):
                    branches = node.get(key, ())
                    others = [branch for branch in branches if not is_null(branch)]
                    nullable = nullable or len(others) < len(branches)
                    if len(others) == 1 and not isinstance(others[0], bool):
                        branch = others[0]
                        break
                else:
                    return Schema(self, node, component, nullable, original)
            inner, name = follow(self.document, branch)
            component = name or component
            node = merged(inner, {name: value for name, value in node.items() if name not in (key, "type")})

    def component(self, name: str) -> Schema:
        """Return the schema of a component.

        Raises:
            KeyError: There is none of this name.

        """
        return self.schema({"$ref": f"#/components/schemas/{name.replace('~', '~0').replace('/', '~1')}"})

    def heirs(self, component: str) -> tuple[Schema, ...]:
        """Return the components that extend one by `allOf`, directly or not."""
        found: dict[str, Schema] = {}
        wanted = [component]
        schemas = self.document.get("components", {}).get("schemas", {})
        for name in wanted:
            for other, node in schemas.items():
                references = [part.get("$ref") for part in node.get("allOf", ())] if isinstance(node, Mapping) else []
                if f"#/components/schemas/{name}" in references and other not in found:
                    found[other] = self.component(other)
                    wanted.append(other)
        return tuple(found.values())

    def _merged(self, node: Node, component: str = "", around: tuple[Any, ...] = ()) -> Node:
        """Return a schema in which the parts of `allOf` are one."""
        if id(node.get("allOf")) in around:
            raise ValueError(f"allOf of {component or 'a schema'} has itself among its parts: correct the spec")
        around = (*around, id(node.get("allOf")))
        merged: dict[str, Any] = {}
        own = {key: value for key, value in node.items() if key != "allOf"}
        parts = [self._part(part, component, around) for part in node.get("allOf", ())]
        for part in (*parts, own):
            both = {**merged, **part}
            properties = dict(merged.get("properties", {}))
            for name, prop in part.get("properties", {}).items():
                known = properties.get(name, prop)
                properties[name] = prop if known == prop else {"allOf": [known, prop]}
            if properties:
                both["properties"] = properties
            if required := [*merged.get("required", ()), *part.get("required", ())]:
                both["required"] = list(dict.fromkeys(required))
            if "enum" in merged and "enum" in part:
                both["enum"] = [value for value in merged["enum"] if value in part["enum"]]
            for key in ("oneOf", "anyOf"):
                if key in merged and key in part and merged[key] != part[key]:
                    raise ValueError(f"allOf with {key} in two of its parts: write the combinations as one {key}")
            merged = both
        return merged

    def _part(self, part: Node | bool, component: str, around: tuple[Any, ...]) -> Node:
        """Return a part of `allOf` of a component, without references and `allOf` of its own."""
        if isinstance(part, bool):
            return {}
        node, name = follow(self.document, part)
        if "allOf" in node:
            node = self._merged(node, name, around)
        # A base with a discriminator lists its heirs; they are alternatives of the base, not of each heir.
        heirs = {other.get("$ref", "") for key in ("oneOf", "anyOf") for other in node.get(key, ()) if other}
        dropped = {"discriminator"}
        if f"#/components/schemas/{component}" in heirs:
            dropped |= {"oneOf", "anyOf"}
        return {key: value for key, value in node.items() if key not in dropped}

    @cached_property
    def questions(self) -> dict[str, Question]:
        """Questions that the vendor leaves open, by id, in the order of the spec."""
        nodes = self.document.get("x-questions", {})
        return {name: extensions.read(Question, {"id": name, **node}) for name, node in nodes.items()}
