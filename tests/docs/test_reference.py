"""A reference page is made of any spec, not only of those that are published."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from string import ascii_lowercase
from typing import Any

import pytest
import yaml

import overlays
import questions
import samples
from contrato.core import spec
from contrato.core.spec import Api
from contrato.verify.documents import find
from reference import Reference, sections

ROOT = Path(__file__).parents[2]
THIRD = ROOT / "tests" / "third" / "pet_shop.yaml"
TEXTS = yaml.safe_load((ROOT / "docs" / "texts.en.yaml").read_text("utf-8"))
WORDS = TEXTS["words"]


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


def open_themes(api: Api) -> set[str]:
    """The themes of what is not settled."""
    return {site.opening.question.theme for site in api.open_sites() if site.opening.settled is None}


@pytest.mark.parametrize("api", spec.APIS)
def test_a_form_has_a_heading_for_each_theme_and_a_letter_for_each_reading(api: str) -> None:
    known = spec.api(api)
    topics = questions.topics(known, known, TEXTS["words"])
    groups = questions.grouped(known, topics)
    assert open_themes(known) <= {*groups} <= {*TEXTS["themes"], "conflict", "inferred"}
    assert sorted(topic.number for found in groups.values() for topic in found) == [it.number for it in topics]
    for topic in topics:
        form = topic.form(TEXTS["form"] | {"source": "Source"})
        letters = ascii_lowercase[: len(topic.readings)]
        assert re.findall(r"^   (\w)\) ", form, re.MULTILINE) == [*letters]
        # Where our readings differ, each says where it is ours; else all places are named once.
        for reading, places in topic.ours.items() if topic.differs else ():
            assert f"{topic.readings[reading]} ← our reading: {questions.listed(places)}" in form
        assert all(place.owner in form and place.part in form for place in topic.places)
        # The form has the grounds, and room for each answer, its exceptions, and what it leaves to be named.
        assert topic.reason in form
        answers = [] if topic.answered else list(topic.ours.values())
        words = ("Answer", "Is this right?") if topic.question else ("Is this right?",)
        assert len(re.findall(rf"^   (?:{'|'.join(map(re.escape, words))}).*: ____$", form, re.MULTILINE)) == len(
            answers
        )
        assert form.count("Except: ____") == sum(len(places) > 1 for places in answers)
        assert form.count(f"{TEXTS['form']['which']} ____") == len(topic.which)
    # Both happen.
    assert {topic.differs for topic in topics} == {True, False}


@pytest.mark.parametrize("api", spec.APIS)
def test_what_a_question_asks_is_not_asked_twice(api: str) -> None:
    known = spec.api(api)
    topics = {topic.number: topic for topic in questions.topics(known, known, WORDS)}
    settled = questions.answered(api)
    assert settled
    assert {*settled, *settled.values()} <= {*questions.numbers(api).values()}
    for reason, question in settled.items():
        # A question that a server has answered is asked no more.
        if reason not in topics or question not in topics:
            continue
        assert topics[question].question
        assert not topics[reason].question
        form = topics[reason].form(TEXTS["form"] | {"source": "Source"})
        assert form.endswith(f"Answered by {topics[question].name}.")
        assert "____" not in form


def test_a_place_has_a_name_that_the_vendor_knows() -> None:
    """The title of the operation, the method, the status: not only our names."""
    known = spec.api("neu")
    owners = {place.owner for topic in questions.topics(known, known, WORDS) for place in topic.places}
    for operation in known.operations.values():
        assert any(owner.split(" ", 1) == [operation.method, operation.path] for owner in owners)
    assert {f"{it.summary} ({it.id})" for it in known.operations.values()} & owners
    assert any(re.match(r"4\w\w \(\w+\)$", owner) for owner in owners)


def test_an_answer_that_was_learnt_is_not_waited_for() -> None:
    """A reason whose question is settled asks for itself."""
    learnt = spec.api("neu").copy()
    number, question = next(iter(questions.answered("neu").items()))
    ids = {number: subject for subject, number in questions.numbers("neu").items()}
    before = {topic.number: topic for topic in questions.topics(spec.api("neu"), spec.api("neu"), WORDS)}
    if number not in before or question not in before:
        pytest.skip("the spec was learnt, and settles it")
    assert before[number].answered == before[question].name
    settled = re.sub(
        rf'"{ids[question]}": "([\w-]+)"',
        rf'"{ids[question]}": {{"settled": "\1", "x-evidence": "observed: in a run"}}',
        json.dumps(learnt),
    )
    api = Api("neu", json.loads(settled))
    after = {topic.number: topic for topic in questions.topics(api, api, WORDS)}
    assert question not in after
    assert after[number].answered == ""


@pytest.mark.parametrize("file", [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")], ids=lambda file: file.name)
def test_links_between_texts_lead_to_a_heading(file: Path) -> None:
    for link in re.findall(r"\]\(([\w./-]*)#([\w-]+)\)", file.read_text("utf-8")):
        target = (file.parent / link[0]).resolve() if link[0] else file
        assert link[1] in {section.anchor for section in sections(target.read_text("utf-8"))}, link


@pytest.mark.parametrize("language", ["en", *overlays.LANGUAGES])
@pytest.mark.parametrize("api", spec.APIS)
def test_texts_name_questions_in_words(api: str, language: str) -> None:
    """Names of questions are for programs: a reader has the number, or words."""
    source = ROOT / "spec" / f"{api}.yaml"
    entries = overlays.wanted(source) if language == "en" else overlays.load(overlays.path(source, language))
    ids = "|".join(name for name in spec.api(api).questions if "-" in name)
    told = [f"{key}: {text}" for key, texts in entries.items() for text in overlays.words(texts).values()]
    assert len(told) > 100
    assert not [it for it in told if re.search(rf"(?<![\w-])({ids})(?![\w-])", it.partition(": ")[2])]


def test_example_lists_have_the_order_that_we_read() -> None:
    seen = []
    for operation in (it for api in spec.APIS for it in spec.api(api).operations.values()):
        opening = operation.open.get("list-order")
        if opening is None or opening.ours == "other" or operation.date_range is None:
            continue
        for example in (it for answer in operation.responses.values() for it in answer.examples.values()):
            moments = find(example, operation.date_range.field)
            assert moments == sorted(moments, reverse=opening.ours == "descending"), operation.id
            seen.append(len(set(moments)))
    assert max(seen, default=2) > 1


@pytest.mark.parametrize("api", spec.APIS)
def test_descriptions_cite_numbers_that_there_are(api: str) -> None:
    """The same ones in each language."""
    known = {*questions.numbers(api).values()}
    english = overlays.wanted(ROOT / "spec" / f"{api}.yaml")
    cited = {
        language: {key: cites(api, texts) for key, texts in entries.items() if key in english}
        for language, entries in {
            "en": english,
            **{it: overlays.load(overlays.path(ROOT / "spec" / f"{api}.yaml", it)) for it in overlays.LANGUAGES},
        }.items()
    }
    assert set().union(*cited["en"].values()) <= known
    assert sum(map(len, cited["en"].values())) > 5
    for language in overlays.LANGUAGES:
        assert cited[language].items() <= cited["en"].items()


def cites(api: str, texts: Mapping[str, str]) -> set[int]:
    """The numbers of questions in texts."""
    name = spec.api(api).title.partition(" API")[0]
    return {int(number) for text in texts.values() for number in re.findall(rf"\b{name}-(\d+)", str(text))}
