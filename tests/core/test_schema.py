"""Schemas: types, references, alternatives and places."""

from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

from contrato.core.schema import Document
from contrato.core.spec import api


def read(**components: Any) -> Document:
    """A document with these components."""
    return Document({"components": components})


def test_properties_of_one_name_are_told_apart() -> None:
    schema = read().schema({"type": "object", "properties": {"aB": {}, "a_b": {}, "c": {}}, "required": ["c"]})
    assert [prop.python_name for prop in schema.properties.values()] == ["a_b_0", "a_b_1", "c"]
    assert [name for name, prop in schema.properties.items() if prop.required] == ["c"]


def test_what_stands_beside_a_reference_wins() -> None:
    found = read(schemas={"Moment": {"type": "string", "format": "date-time", "x-evidence": "inferred: a"}})
    reference = {"$ref": "#/components/schemas/Moment"}
    assert found.schema(reference).evidence == "inferred: a"
    named = found.schema({**reference, "x-evidence": "documented neu#L1"})
    assert (named.evidence, named.component, named.is_timestamp) == ("documented neu#L1", "Moment", True)
    with pytest.raises(KeyError):
        found.schema({"$ref": "#/components/schemas/Nothing"})
    with pytest.raises(ValueError, match="keep each API in one file"):
        found.schema({"$ref": "other.yaml#/Nothing"})


@pytest.mark.parametrize(
    ("node", "kind", "nullable"),
    [
        ({"type": "integer"}, "integer", False),
        ({"type": ["integer", "null"]}, "integer", True),
        ({"type": ["integer", "string"]}, "any", False),
        ({"type": "null"}, "null", True),
        ({"properties": {}}, "object", False),
        ({}, "any", False),
        ({"anyOf": [{"type": "number"}, {"type": "null"}]}, "number", True),
        ({"oneOf": [{"$ref": "#/components/schemas/Thing"}, {"type": "null"}]}, "object", True),
        ({"anyOf": [{"type": "number"}, {"type": "string"}, {"type": "null"}]}, "any", True),
        ({"anyOf": [{"type": "number"}, {"type": "string"}]}, "any", False),
    ],
)
def test_types_and_null(node: Any, kind: str, nullable: bool) -> None:
    found = read(schemas={"Thing": {"type": "object", "properties": {"a": {}}}}).schema(node)
    assert (found.type, found.nullable) == (kind, nullable)


def test_null_is_no_alternative() -> None:
    things = read(schemas={"Thing": {"type": "object", "properties": {"a": {"x-unit": "kWh"}}}})
    reference = {"$ref": "#/components/schemas/Thing"}
    alone = things.schema({"anyOf": [reference, {"type": "null"}], "x-evidence": "documented neu#L1"})
    assert (alone.component, list(alone.properties), alone.alternatives) == ("Thing", ["a"], ())
    assert alone.evidence == "documented neu#L1"
    either = things.schema({"anyOf": [reference, {"type": "string"}, {"type": "null"}]})
    assert [part.type for part in either.alternatives] == ["object", "string"]
    assert [(place, schema.unit) for place, schema in either.places() if schema.unit] == [("/a", "kWh")]


def test_all_of_is_one_object() -> None:
    base = {"type": "object", "required": ["a"], "properties": {"a": {}, "b": {"type": "string"}}}
    found = read(schemas={"Base": base}).schema(
        {
            "allOf": [{"$ref": "#/components/schemas/Base"}, {"properties": {"c": {}}, "required": ["c"]}],
            "properties": {"b": {"type": "integer"}},
            "description": "Both.",
        }
    )
    assert {name: prop.required for name, prop in found.properties.items()} == {"a": True, "b": False, "c": True}
    assert (found.properties["b"].schema.type, found.type, found.description) == ("integer", "object", "Both.")


def test_places_lists_and_evidence_of_an_answer() -> None:
    answer = api("neu").operations["queryConsumption"].answer
    assert answer
    assert list(answer.lists()) == ["", "/*/data"]
    kilowatt_hours = answer.at("/*/data/*/cons")
    assert kilowatt_hours
    assert kilowatt_hours.unit == "kWh"
    assert answer.at("/*/nothing") is None
    assert answer.evidence_at("/*/data/*/cons") == kilowatt_hours.evidence
    assert answer.evidence_at("/*/data/*/new").level in ("documented", "inferred", "conflict")


@pytest.mark.parametrize(
    ("schema", "right", "wrong"),
    [
        ({"type": "string", "nullable": True}, [None, "a"], [1]),
        ({"type": "integer", "enum": [1], "nullable": True}, [None, 1], [2]),
        ({"type": "number", "minimum": 1, "exclusiveMinimum": True}, [2], [1]),
        ({"type": "number", "minimum": 1, "exclusiveMinimum": False}, [1], [0]),
        ({"type": "number", "maximum": 1, "exclusiveMaximum": True}, [0], [1]),
        (
            {
                "oneOf": [{"type": "object"}, {"type": "object", "required": ["a"]}],
                "discriminator": {"propertyName": "a"},
            },
            [{"a": 1}],
            [1],
        ),
        ({"type": "object", "properties": {"nullable": {"type": "string"}}}, [{"nullable": "a"}], [None]),
    ],
)
def test_openapi_is_read_as_json_schema(schema: dict[str, Any], right: list[Any], wrong: list[Any]) -> None:
    validator = Draft202012Validator(Document({}).schema(schema).json)
    assert [validator.is_valid(value) for value in right + wrong] == [True] * len(right) + [False] * len(wrong)
