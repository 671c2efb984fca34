"""The read-model of the specs."""

from typing import Any

import pytest

from contrato.core.document import JSON, operation_nodes
from contrato.core.spec import Api, api

Spec = dict[str, Any]


def read(*items: Spec, **components: Spec) -> Api:
    """The read-model of a document with these path items, each at a path of its own."""
    return Api("things", {"paths": {f"/{n}": item for n, item in enumerate(items)}, "components": components})


def test_an_api_is_read_once_and_an_unknown_one_is_refused() -> None:
    assert api("neu") is api("neu")
    with pytest.raises(ValueError, match="choose from apportionments, neu"):
        api("nue")
    copied = api("neu").copy()
    copied["info"]["title"] = "Another"
    assert api("neu").title != "Another"


def test_names_of_the_client_are_no_names_of_operations() -> None:
    found = read(*({"get": {"operationId": name, "responses": {}}} for name in ("close", "baseUrl", "windows", "list")))
    assert [o.method_name for o in found.operations.values()] == ["close_", "base_url_", "windows_", "list_"]
    assert list(found.methods) == ["close_", "base_url_", "windows_", "list_"]


def test_arguments_of_one_name_are_told_apart_by_their_place() -> None:
    def parameter(name: str, place: str, **more: Any) -> Spec:
        return {"name": name, "in": place, "schema": {"type": "string"}, **more}

    body = {"type": "object", "required": ["Only"], "properties": {"id": {"type": "integer"}, "Only": {}}}
    node = {
        "operationId": "do",
        "responses": {},
        "parameters": [parameter("X-Only", "header", required=True), parameter("q", "query"), parameter("Q", "query")],
        "requestBody": {"required": True, "content": {JSON: {"schema": body}}},
    }
    (found,) = read({"parameters": [parameter("id", "path"), parameter("q", "query")], "put": node}).operations.values()
    assert {p.key: p.python_name for p in found.parameters} == {
        ("path", "id"): "id_path",
        ("query", "q"): "q_query_1",
        ("header", "X-Only"): "x_only",
        ("query", "Q"): "q_query_3",
        ("body", "id"): "id_body",
        ("body", "Only"): "only",
    }
    assert [p.name for p in found.parameters if p.required] == ["id", "X-Only", "Only"]
    assert found.parameter("Only").place == "body"
    with pytest.raises(KeyError, match="do has no parameter only"):
        found.parameter("only")


def test_a_request_finds_its_operation_and_literal_paths_win() -> None:
    node: Spec = {"responses": {}}
    document: Spec = {
        "paths": {
            "/things/{id}": {"get": {"operationId": "one", **node}, "delete": {"operationId": "remove", **node}},
            "/things/all": {"get": {"operationId": "all", **node}},
            "/things": {"post": {"operationId": "create", **node}},
            "/searches": {"post": {"operationId": "search", "x-safe": True, **node}},
        }
    }
    found = Api("things", document)
    for method, path, name in (("GET", "/things/7", "one"), ("GET", "/things/all", "all"), ("POST", "/things/7", None)):
        operation = found.match(method, path)
        assert (operation and operation.id) == name
    one = found.operations["one"]
    assert one.match("/things/a%2Fb") == {"id": "a/b"}
    assert one.match("/things/a/b") is None
    assert one.filled({"id": "a/b"}) == "/things/a%2Fb"
    assert [o.id for o in found.operations.values() if o.safe] == ["one", "all", "search"]
    assert one.creator is found.operations["create"]
    assert found.operations["create"].remover is found.operations["remove"]


@pytest.mark.parametrize("method", ["delete", "patch", "put"])
def test_a_method_that_writes_is_no_read(method: str) -> None:
    node = {"operationId": "do", "x-safe": True, "responses": {}}
    with pytest.raises(ValueError, match=f"do: {method.upper()} is never a read: remove its x-safe"):
        _ = read({method: node}).operations


def test_a_status_is_described_by_itself_its_range_or_the_default() -> None:
    responses = {status: {"description": status} for status in ("200", "4XX", "404", "default")}
    (found,) = read({"get": {"operationId": "get", "responses": responses}}).operations.values()
    for status, pattern in ((200, "200"), (404, "404"), (418, "4XX"), (500, "default")):
        response = found.response(status)
        assert response
        assert response.status == pattern


def test_a_path_item_that_is_a_reference_is_refused() -> None:
    with pytest.raises(ValueError, match=r"/0 is a \$ref: write the path item where it is used"):
        list(operation_nodes(read({"$ref": "#/components/pathItems/More"}).document))
