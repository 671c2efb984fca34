"""Arguments in every place of a request: what is put in comes out."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contrato.core import spec
from contrato.core.document import JSON
from contrato.core.places import arguments, place

TYPES = {"number": "integer", "share": "number", "flag": "boolean", "text": "string"}


def operation(where: str, **explode: bool) -> spec.Operation:
    """An operation with an argument of each type, and two arrays, in one place; `id` is in the path."""
    schemas: dict[str, Any] = {name: {"type": kind} for name, kind in TYPES.items()}
    schemas["numbers"] = {"type": "array", "items": {"type": "integer"}}
    schemas["texts"] = {"type": "array", "items": {"type": "string"}}
    node: dict[str, Any] = {
        "operationId": "doThings",
        "responses": {"204": {"description": "Done."}},
        "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}],
    }
    if where == "body":
        schema = {"type": "object", "properties": schemas, "required": ["number"]}
        node["requestBody"] = {"required": True, "content": {JSON: {"schema": schema}}}
    else:
        node["parameters"] += [
            {"name": name, "in": where, "schema": schema, **explode} for name, schema in schemas.items()
        ]
    document = {"openapi": "3.1.0", "info": {}, "paths": {"/things/{id}/of": {"put": node}}}
    return spec.Api("things", document).operations["doThings"]


def keyed(found: spec.Operation, values: dict[str, Any]) -> dict[tuple[str, str], Any]:
    return {found.parameter(name).key: value for name, value in values.items()}


def read(found: spec.Operation, values: dict[str, Any]) -> dict[str, Any]:
    """Put arguments into a request, and read them out of it."""
    parts = place(found, keyed(found, values))
    headers = {name.lower(): text for name, text in parts.headers.items()}
    again = arguments(found, parts.path, parts.query, headers, parts.body)
    assert again.keys() == keyed(found, values).keys()
    return {name: value for (_, name), value in again.items()}


VALUES: dict[str, Any] = {
    "id": 7,
    "number": 41,
    "share": 0.5,
    "flag": True,
    "text": "a b&c=d,e",
    "numbers": [282, 283],
    "texts": ["x", "y z"],
}


@pytest.mark.parametrize("where", ["path", "query", "header", "body"])
@pytest.mark.parametrize("explode", [True, False])
def test_what_is_put_in_comes_out(where: str, explode: bool) -> None:
    found = operation("query" if where == "path" else where, explode=explode)
    assert read(found, VALUES) == VALUES
    assert read(found, {"id": 7}) == {"id": 7}


def test_each_place_has_its_part_of_a_request() -> None:
    for where in ("query", "header", "body"):
        found = operation(where)
        parts = place(found, keyed(found, VALUES))
        assert (parts.method, parts.path) == ("PUT", "/things/7/of")
        assert bool(parts.query) == (where == "query")
        assert bool(parts.headers) == (where == "header")
        assert (parts.body is not None) == (where == "body")
        assert parts.cookies == {}
    assert place(operation("body"), {("path", "id"): 7}).body == {}
    with pytest.raises(KeyError):
        place(operation("body"), {})


def test_arrays_in_a_query_are_exploded_or_one_text_with_commas() -> None:
    for explode, expected in ((True, [("numbers", "282"), ("numbers", "283")]), (False, [("numbers", "282,283")])):
        found = operation("query", explode=explode)
        assert place(found, keyed(found, {"id": 7, "numbers": [282, 283]})).query == tuple(expected)
    assert operation("query").parameter("numbers").exploded


def test_a_header_is_text_and_an_array_has_commas() -> None:
    found = operation("header")
    headers = place(found, keyed(found, VALUES)).headers
    assert headers == {
        "number": "41",
        "share": "0.5",
        "flag": "true",
        "text": "a b&c=d,e",
        "numbers": "282,283",
        "texts": "x,y z",
    }


@pytest.mark.parametrize("text", ["a/b?c", "ü", " ", "%2F", "..a"])
def test_a_path_parameter_is_quoted(text: str) -> None:
    found = operation("query")
    path = place(found, {("path", "id"): text}).path
    assert path.count("/") == 3
    assert arguments(found, path) == {("path", "id"): text}


def test_text_that_has_not_the_type_of_the_spec_stays_text() -> None:
    found = operation("query")
    query = [("number", "true"), ("share", "x"), ("flag", "1"), ("text", "41"), ("numbers", "1"), ("numbers", "y")]
    assert {name: value for (_, name), value in arguments(found, "/things/x/of", query).items()} == {
        "id": "x",
        "number": "true",
        "share": "x",
        "flag": "1",
        "text": "41",
        "numbers": [1, "y"],
    }


def test_of_an_argument_that_is_given_twice_the_last_one_counts() -> None:
    query = [("number", "1"), ("number", "2")]
    assert arguments(operation("query"), "/things/7/of", query)["query", "number"] == 2


def test_names_that_the_spec_does_not_know_are_sent_and_not_read() -> None:
    found = operation("body")
    parts = place(found, {("path", "id"): 7, ("query", "new"): [1, 2], ("header", "X-New"): "x", ("body", "new"): None})
    assert parts.query == (("new", "1"), ("new", "2"))
    assert parts.headers == {"X-New": "x"}
    assert parts.body == {"new": None}
    assert arguments(found, parts.path, parts.query, {"x-new": "x"}, parts.body) == {("path", "id"): 7}


@pytest.mark.parametrize("body", [None, [], "text", 7])
def test_a_body_that_is_no_object_has_no_arguments(body: Any) -> None:
    assert arguments(operation("body"), "/elsewhere", body=body) == {}


@pytest.mark.slow
@given(st.lists(st.text(min_size=1), min_size=1), st.text(), st.sampled_from(["query", "body"]))
def test_any_text_comes_out_of_a_query_or_a_body(texts: list[str], text: str, where: str) -> None:
    values = {"id": 7, "texts": texts, "text": text}
    assert read(operation(where), values) == values


@pytest.mark.parametrize("api", spec.APIS)
def test_the_arguments_of_the_specs_examples_come_out(api: str) -> None:
    for found in spec.api(api).operations.values():
        values = {p.name: p.examples[0] for p in found.parameters if p.examples}
        assert read(found, values) == values
