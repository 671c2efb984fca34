import json
from pathlib import Path
from typing import Any

import pytest

from contrato.core.overlay import apply, find, load, target
from contrato.core.spec import api, with_overlay


def overlay(*actions: dict[str, Any]) -> dict[str, Any]:
    return {"overlay": "1.1.0", "info": {"title": "t", "version": "1"}, "actions": list(actions)}


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("$", [{"a": {"b/c": [{"name": "x"}, {"name": "it's"}]}}]),
        ("$.a['b/c'][1].name", ["it's"]),
        ("$.a['b/c'][?(@.name=='x')].name", ["x"]),
        ("$.a['b/c'][?@.name == 'it\\'s']", [{"name": "it's"}]),
        ("$.a['b/c'][7]", []),
        ("$.nothing.there", []),
    ],
)
def test_paths_select(path: str, values: list[Any]) -> None:
    document = {"a": {"b/c": [{"name": "x"}, {"name": "it's"}]}}
    assert [container[key] for container, key in find(document, path)] == values


def test_targets_are_found() -> None:
    document = {"paths": {"/it's/{id}": {"x-open": 1}}}
    ((container, key),) = find(document, target("paths", "/it's/{id}", "x-open"))
    assert container[key] == 1


def test_actions_update_copy_and_remove() -> None:
    document = {"paths": {"/a": {"get": {"tags": ["x"], "id": 1}}}}
    apply(
        document,
        overlay(
            {"target": "$.paths", "update": {"/b": {}}},
            {"target": "$.paths['/b']", "copy": "$.paths['/a']"},
            {"target": "$.paths['/a']", "remove": True},
            {"target": "$.paths['/b'].get", "update": {"id": 2, "tags": ["y"]}},
        ),
    )
    assert document == {"paths": {"/b": {"get": {"tags": ["x", "y"], "id": 2}}}}


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ({}, "no OpenAPI Overlay"),
        (overlay({"update": {}}), "action 1 has no target"),
        (overlay({"target": "$.gone", "remove": True}), r"action 1: no \$.gone in the spec"),
        (overlay({"target": "$..a", "update": {}}), "are understood"),
    ],
)
def test_an_overlay_that_does_not_fit_is_refused(found: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        apply({"a": 1}, found)


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot read the overlay"):
        load(tmp_path / "none.json")
    (tmp_path / "a.json").write_text("a: 1\n")
    with pytest.raises(ValueError, match="is not JSON"):
        load(tmp_path / "a.json")


@pytest.mark.parametrize("text", ["\\u001b[2J", "\\u202e", "\\u009b"])
def test_an_overlay_cannot_control_a_terminal(text: str, tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text(f'{{"overlay": "1.1.0", "actions": [{{"target": "$", "update": {{"x{text}": 1}}}}]}}')
    with pytest.raises(ValueError, match="characters that control a terminal"):
        load(file)


@pytest.mark.parametrize(
    ("at", "update"),
    [
        (("servers",), {"url": "http://127.0.0.1:9"}),
        (("components", "securitySchemes"), {"bearerAuth": {"type": "apiKey", "in": "query", "name": "k"}}),
        ((), {"security": []}),
        (("paths", next(iter(api("neu").document["paths"]))), {"servers": [{"url": "http://127.0.0.1:9"}]}),
    ],
    ids=["servers", "schemes", "security", "servers of a path"],
)
def test_an_overlay_cannot_send_the_token_elsewhere(at: tuple[str, ...], update: Any, tmp_path: Path) -> None:
    file = tmp_path / "token.json"
    path = target(*at) + ("[0]" if at == ("servers",) else "")
    file.write_text(json.dumps(overlay({"target": path, "update": update})))
    with pytest.raises(ValueError, match="changes servers or security"):
        with_overlay("neu", str(file))


@pytest.mark.parametrize("part", ["paths", "info"])
def test_an_overlay_cannot_remove_a_part_of_the_document(part: str, tmp_path: Path) -> None:
    file = tmp_path / "gone.json"
    file.write_text(json.dumps(overlay({"target": target(part), "remove": True})))
    with pytest.raises(ValueError, match="leaves no OpenAPI document"):
        with_overlay("neu", str(file))


def test_an_overlay_that_changes_types_needs_generating(tmp_path: Path) -> None:
    file = tmp_path / "types.json"
    action = '{"target": "$.components.schemas.AccountId", "update": {"type": "string"}}'
    file.write_text(f'{{"overlay": "1.1.0", "actions": [{action}]}}')
    with pytest.raises(ValueError, match=r"changes the answer of \w+: apply it with make learn, then make generate"):
        with_overlay("neu", str(file))


def test_an_overlay_cannot_make_a_write_a_read(tmp_path: Path) -> None:
    file = tmp_path / "safe.json"
    operation = next(o for o in api("apportionments").operations.values() if o.deletes)
    at = target("paths", operation.path, operation.method.lower())
    file.write_text(json.dumps(overlay({"target": at, "update": {"x-safe": True}})))
    with pytest.raises(ValueError, match=rf"safe.json: {operation.id}: DELETE is never a read: remove its x-safe"):
        with_overlay("apportionments", str(file))
    operation = next(o for o in api("apportionments").operations.values() if o.method == "POST" and not o.safe)
    file = tmp_path / "post.json"
    at = target("paths", operation.path, "post")
    file.write_text(json.dumps(overlay({"target": at, "update": {"x-safe": True}})))
    with pytest.raises(ValueError, match=rf"post.json: {operation.id} writes: remove its x-safe"):
        with_overlay("apportionments", str(file))
