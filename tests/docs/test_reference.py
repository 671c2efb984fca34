"""A reference page is made of any spec, not only of those that are published."""

from pathlib import Path
from typing import Any

import pytest
import yaml

import questions
import samples
from contrato.core import spec
from contrato.core.spec import Api
from reference import Reference

THIRD = Path(__file__).parents[1] / "third" / "pet_shop.yaml"
WORDS = yaml.safe_load((Path(questions.__file__).parent / "texts.en.yaml").read_text("utf-8"))["words"]


@pytest.fixture
def document(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    # APIs that are added are gone after the test.
    monkeypatch.setattr(spec, "APIS", spec.APIS)
    monkeypatch.setattr(spec, "_added", {})
    found: dict[str, Any] = yaml.safe_load(THIRD.read_text("utf-8"))
    return found


def added(document: dict[str, Any]) -> Api:
    api = Api("pet_shop", document)
    spec.add(api)
    return api


def test_every_operation_is_shown(document: dict[str, Any]) -> None:
    api = added(document)
    assert [it.operation.id for it in Reference(api, WORDS).exchanges] == list(api.operations)


@pytest.mark.parametrize("media", ["application/json", "application/x-www-form-urlencoded"])
def test_bodies_that_are_written_in_place_have_their_fields(media: str, document: dict[str, Any]) -> None:
    schema = {"type": "object", "properties": {"name": {"type": "string"}}}
    answer = {"200": {"description": "Done.", "content": {media: {"schema": schema}}}}
    document["paths"] = {
        f"/{name}": {
            "post": {
                "operationId": name,
                "requestBody": {"content": {media: {"schema": schema}}},
                "responses": answer,
            }
        }
        for name in ("one", "two")
    }
    bodies = [it.body for it in Reference(added(document), WORDS).exchanges]
    assert [[field.name for field in body.fields] for body in bodies if body is not None] == [["name"], ["name"]]


def test_what_has_no_number_yet_gets_the_next_ones(document: dict[str, Any]) -> None:
    document["paths"]["/pets"]["get"]["x-evidence"] = "inferred: nobody has said so"
    api = added(document)
    assert questions.numbers("pet_shop") == {}
    assert [(topic.id, topic.reason) for topic in questions.topics(api, api, WORDS)] == [
        ("pet_shop-1", "Nobody has said so.")
    ]


def test_a_name_of_the_api_keeps_its_capitals(document: dict[str, Any]) -> None:
    document["paths"]["/pets"]["get"]["x-evidence"] = "inferred: species stands here, Species there"
    api = added(document)
    assert [topic.reason for topic in questions.topics(api, api, WORDS)] == ["species stands here, Species there."]


@pytest.mark.parametrize(
    ("media", "said"),
    [
        ("application/x-www-form-urlencoded", "--data-urlencode 'name=Rex y'"),
        ("multipart/form-data", "--form 'name=Rex y'"),
        ("application/merge-patch+json", "--header 'Content-Type: application/merge-patch+json'"),
    ],
)
def test_curl_sends_a_body_as_what_it_is(media: str, said: str, document: dict[str, Any]) -> None:
    schema = {"type": "object", "properties": {"name": {"type": "string", "example": "Rex y"}}, "required": ["name"]}
    body = {"required": True, "content": {media: {"schema": schema}}}
    operation = {"operationId": "one", "requestBody": body, "responses": {"204": {"description": "Done."}}}
    document["paths"] = {"/one": {"post": operation}}
    sent = added(document).operations["one"]
    shown = samples.curl(sent, {("body", "name"): "Rex y"})
    assert said in shown, shown
