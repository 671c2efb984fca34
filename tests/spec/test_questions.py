"""Open questions: the read-model of them, and the lint rule that refuses what is wrong about them."""

import copy
import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from contrato.core.spec import APIS, Api, api

ROOT = Path(__file__).parents[2]

Spec = dict[str, Any]

SMALL: Spec = {
    "openapi": "3.1.0",
    "info": {"title": "Things", "version": "1"},
    "x-questions": {
        "end": {
            "theme": "ranges",
            "question": "Is the end of a range a part of it?",
            "readings": {"in": "It is.", "out": "It is not."},
            "why": "open things#L3: only the date is named",
        },
        "no-value": {
            "theme": "fields",
            "question": "What does a field have when there is no value?",
            "readings": {"never": "There is one.", "null": "Null.", "absent": "Nothing."},
            "why": "open: nothing is said",
        },
    },
    "paths": {
        "/things": {
            "get": {
                "operationId": "listThings",
                "parameters": [
                    {"name": "To", "in": "query", "schema": {"type": "string"}, "x-open": {"end": "out"}},
                ],
                "responses": {
                    "200": {
                        "description": "Things.",
                        "content": {
                            "application/json": {
                                "schema": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}}
                            }
                        },
                    }
                },
            }
        }
    },
    "components": {
        "schemas": {
            "Thing": {
                "type": "object",
                "required": ["id", "code"],
                "x-required-evidence": "inferred: a thing has an id",
                "properties": {
                    "id": {"type": "integer"},
                    "code": {
                        "type": ["string", "null"],
                        "x-open": {"no-value": {"ours": "null", "readings": ["never", "null"]}},
                    },
                    "note": {
                        "anyOf": [{"$ref": "#/components/schemas/Note"}, {"type": "null"}],
                        "x-open": {"no-value": "absent"},
                    },
                },
            },
            "Note": {"type": "string", "x-open": {"end": {"settled": "in", "x-evidence": "observed: in a run"}}},
        }
    },
}


def small() -> Spec:
    return copy.deepcopy(SMALL)


# --- the read-model ---------------------------------------------------------------------------------------------------


def test_a_success_that_only_a_reading_has_is_no_promise() -> None:
    document = small()
    responses = document["paths"]["/things"]["get"]["responses"]
    responses["204"] = {"description": "Nothing.", "x-evidence": "open: some servers say so"}
    operation = Api("things", document).operations["listThings"]
    assert [(r.succeeded, r.promised) for r in operation.responses.values()] == [(True, True), (True, False)]
    assert operation.nothing is None
    responses["204"]["x-evidence"] = "documented things#L1"
    nothing = Api("things", document).operations["listThings"].nothing
    assert nothing
    assert nothing.promised


def test_questions_are_read() -> None:
    end = Api("things", SMALL).questions["end"]
    assert (end.id, end.question, end.mixed) == ("end", "Is the end of a range a part of it?", False)
    assert end.readings == {"in": "It is.", "out": "It is not."}
    assert (end.why.level, end.why.citations, end.why.reason) == ("open", ("things#L3",), "only the date is named")


def test_what_is_open_stands_beside_its_element() -> None:
    things = Api("things", SMALL)
    operation = things.operations["listThings"]
    assert operation.open == {}
    to = operation.parameter("To").open["end"]
    assert (to.question, to.ours, to.readings) == (things.questions["end"], "out", ("in", "out"))
    assert (to.settled, to.evidence) == (None, things.questions["end"].why)
    assert operation.answer
    code = operation.answer.at("/*/code")
    assert code
    assert (code.open["no-value"].ours, code.open["no-value"].readings) == ("null", ("never", "null"))


def test_a_settled_question_has_one_reading_and_evidence_of_its_own() -> None:
    found = Api("things", SMALL).schema({"$ref": "#/components/schemas/Note"}).open["end"]
    assert (found.ours, found.readings, found.settled, found.evidence) == ("in", ("in",), "in", "observed: in a run")


@pytest.mark.parametrize("beside", [{"$ref": "#/components/schemas/Note"}, {"$ref": "#/components/schemas/Alias"}])
def test_questions_beside_a_reference_are_added_to_those_of_its_target(beside: Spec) -> None:
    document = small()
    document["components"]["schemas"]["Alias"] = {"$ref": "#/components/schemas/Note"}
    things = Api("things", document)
    assert list(things.schema({**beside, "x-open": {"no-value": "null"}}).open) == ["end", "no-value"]
    nullable = {"anyOf": [beside, {"type": "null"}], "x-open": {"no-value": "null"}}
    assert list(things.schema(nullable).open) == ["end", "no-value"]


def test_sites_are_found_in_the_whole_document() -> None:
    found = [(site.pointer, site.keys, site.opening.question.id) for site in Api("things", SMALL).open_sites()]
    assert found == [
        ("/paths/~1things/get/parameters/0", ("operations", "listThings", "parameters", "To"), "end"),
        (
            "/components/schemas/Thing/properties/code",
            ("components", "schemas", "Thing", "properties", "code"),
            "no-value",
        ),
        (
            "/components/schemas/Thing/properties/note",
            ("components", "schemas", "Thing", "properties", "note"),
            "no-value",
        ),
        ("/components/schemas/Note", ("components", "schemas", "Note"), "end"),
    ]


# --- the specs --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", APIS)
def test_each_question_cites_lines_that_exist(name: str) -> None:
    sources = api(name).sources
    for question in api(name).questions.values():
        assert question.why.level == "open"
        for source, first, last in re.findall(r"\b([a-z]+)#L(\d+)(?:-L(\d+))?", question.why):
            assert 1 <= int(first) <= int(last or first) <= sources[source].lines, question.id


# --- the lint rule ----------------------------------------------------------------------------------------------------


def thing(spec: Spec, name: str) -> Any:
    return spec["components"]["schemas"]["Thing"]["properties"][name]


def at_to(spec: Spec) -> Any:
    return spec["paths"]["/things"]["get"]["parameters"][0]["x-open"]


def one_reading(spec: Spec) -> None:
    del spec["x-questions"]["end"]["readings"]["out"]
    at_to(spec)["end"] = "in"


DAMAGES: dict[str, tuple[Callable[[Spec], object], str]] = {
    "unknown question": (lambda s: at_to(s).update(start="in"), "the question start, which is not among x-questions"),
    "unknown reading": (lambda s: at_to(s).update(end="half"), 'end has no reading "half": choose among in, out'),
    "unknown admissible reading": (
        lambda s: at_to(s).update(end={"ours": "in", "readings": ["in", "both"]}),
        'end has no reading "both"',
    ),
    "ours is not admissible": (
        lambda s: thing(s, "code")["x-open"]["no-value"].update(ours="absent"),
        "two readings, and ours among them",
    ),
    "unknown key": (lambda s: at_to(s).update(end={"ours": "in", "note": "?"}), "end: note is none of ours"),
    "settled without evidence": (
        lambda s: at_to(s).update(end={"settled": "in"}),
        "what is settled, and nothing else, has x-evidence",
    ),
    "settled by a guess": (
        lambda s: at_to(s).update(end={"settled": "in", "x-evidence": "inferred: so it seems"}),
        "what is settled, and nothing else, has x-evidence",
    ),
    "evidence of what is open": (
        lambda s: at_to(s).update(end={"ours": "in", "x-evidence": "observed: yes"}),
        "what is settled, and nothing else, has x-evidence",
    ),
    "no site": (
        lambda s: s["x-questions"].update(start={**s["x-questions"]["end"]}),
        "start is open about no element",
    ),
    "one reading": (one_reading, "end is open and has fewer than two readings"),
    "no theme": (lambda s: s["x-questions"]["end"].pop("theme"), "theme is a word"),
    "no question": (lambda s: s["x-questions"]["end"].update(question="The end."), "ends with a question mark"),
    "no reason": (lambda s: s["x-questions"]["end"].update(why="nothing is said"), 'why reads "nothing is said"'),
    "no sentence": (lambda s: s["x-questions"]["end"]["readings"].update(out=""), "the reading out is no sentence"),
    "required without evidence": (
        lambda s: s["components"]["schemas"]["Thing"].pop("x-required-evidence"),
        "x-required-evidence is missing",
    ),
    "absent, and no question": (
        lambda s: s["components"]["schemas"]["Thing"]["required"].remove("id"),
        "id may be absent? the schema admits it, and no question is open",
    ),
    "null, and no question": (
        lambda s: thing(s, "id").update(type=["integer", "null"]),
        "id may be null? the schema admits it, and no question is open",
    ),
    "required, and a question": (
        lambda s: s["components"]["schemas"]["Thing"]["required"].append("note"),
        "note may be absent? a question admits it, and not the schema",
    ),
    "not null, and a question": (
        lambda s: thing(s, "code").update(type="string"),
        "code may be null? a question admits it, and not the schema",
    ),
    "an argument by one reading": (
        lambda s: s["x-questions"]["end"].update(arguments={"in": {}}),
        "arguments has the place of the argument by each reading",
    ),
    "more about a question": (lambda s: s["x-questions"]["end"].update(ours="in"), "and nothing else"),
}


@pytest.fixture(scope="module")
def refusals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What the rule says of the small spec and of each damaged one."""
    folder = tmp_path_factory.mktemp("lint")
    specs = {"sound": small()} | {name: small() for name in DAMAGES}
    for name, (damage, _) in DAMAGES.items():
        damage(specs[name])
    files = {name: folder / f"{index}.json" for index, name in enumerate(specs)}
    for name, file in files.items():
        file.write_text(json.dumps(specs[name]), "utf-8")
    config = {"plugins": [str(ROOT / "spec" / "evidence.mjs")], "rules": {"contrato/questions": "error"}}
    (folder / "redocly.yaml").write_text(yaml.safe_dump(config), "utf-8")
    command: list[str | Path] = [ROOT / "node_modules/.bin/redocly", "lint", *files.values()]
    options: list[str | Path] = ["--config", folder / "redocly.yaml", "--format", "json"]
    environment = os.environ | {"REDOCLY_TELEMETRY": "off"}
    done = subprocess.run([*command, *options], capture_output=True, text=True, env=environment)
    # One JSON document after the other, a file each.
    reports = [json.loads(report) for report in re.split(r"(?<=^\})(?=\{)", done.stdout, flags=re.MULTILINE)]
    return {
        name: [problem["message"] for problem in report["problems"]]
        for name, report in zip(files, reports, strict=True)
    }


def test_a_sound_spec_passes(refusals: dict[str, list[str]]) -> None:
    assert refusals["sound"] == []


@pytest.mark.parametrize("name", DAMAGES)
def test_what_is_wrong_about_questions_is_refused(refusals: dict[str, list[str]], name: str) -> None:
    assert [message for message in refusals[name] if DAMAGES[name][1] in message], refusals[name]
