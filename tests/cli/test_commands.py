"""The groups and commands of the APIs, and their help."""

import re
from typing import Any

import pytest

from command import EVERY_OPERATION, OPERATIONS, Run
from contrato.cli import operations
from contrato.core import spec
from contrato.core.document import operation_nodes

pytestmark = pytest.mark.slow


def change(monkeypatch: pytest.MonkeyPatch, document: dict[str, Any]) -> None:
    """Have the command read another document for NEU."""
    changed = spec.Api("neu", document)
    monkeypatch.setattr(spec, "api", lambda name: changed)


@pytest.mark.parametrize("place", ["query", "header", "cookie"])
def test_an_argument_is_an_option_wherever_it_is_sent(monkeypatch: pytest.MonkeyPatch, run: Run, place: str) -> None:
    document = spec.api("neu").copy()
    (node,) = [node for *_, node in operation_nodes(document) if node["operationId"] == "listPqrs"]
    # (Its name is one that a parameter must not have.)
    node.setdefault("parameters", []).append({"name": "Format", "in": place, "schema": {"type": "string"}})
    change(monkeypatch, document)
    text = run("neu", "pqrs", "--help").stdout
    assert "--format-value TEXT" in text
    assert "--format [table" in text


def test_a_new_operation_of_the_spec_is_a_new_command(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    document = spec.api("neu").copy()
    document["paths"]["/meters/{id}/faults"] = {
        "get": {
            "operationId": "listMeterFaults",
            "tags": ["Meters"],
            "summary": "List faults of a meter",
            "x-evidence": "inferred: a test",
            "parameters": [
                {"name": "id", "in": "path", "required": True, "description": "Which.", "schema": {"type": "integer"}},
                {"name": "Grave", "in": "query", "description": "Bad ones only.", "schema": {"type": "boolean"}},
            ],
            "responses": {
                "200": {
                    "description": "Faults.",
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "array",
                                "items": {
                                    "type": "object",
                                    "properties": {
                                        "lost": {
                                            "type": "number", "description": "Energy lost.", "x-unit": "kWh",
                                            "x-evidence": "inferred: a test",
                                        }
                                    },
                                },
                            }
                        }
                    },
                }
            },
        }
    }  # fmt: skip
    change(monkeypatch, document)
    assert re.search(r"Meters:\n  meter-faults +List faults of a meter", run("neu", "--help").stdout)
    text = run("neu", "meter-faults", "--help").stdout
    assert "--grave / --no-grave" in text
    assert re.search(r"lost +number in kWh\. Energy lost\. +\[inferred\]", text)
    assert "make generate" in run("neu", "meter-faults", 1, exit_code=2).stderr


@EVERY_OPERATION
def test_help_shows_units_and_evidence(run: Run, api: str, name: str) -> None:
    operation = OPERATIONS[api, name]
    text = " ".join(run(api, name, "--help").stdout.split())
    assert operation.evidence in text
    assert operation.safe_evidence in text
    assert "Parameters of the API: ID" not in text
    for parameter in operation.parameters:
        meaning = f"; meaning {parameter.meaning_evidence}" if parameter.meaning_evidence else ""
        assert f"[{parameter.name}; {parameter.evidence}{meaning}]" in text
        assert parameter.text in text
    for column in operations.columns_of(operation):
        assert f"{column.name} " in text
        unit = f" in {column.schema.unit}" if column.schema.unit else ""
        assert unit in text
        assert f"{column.schema.text} [{column.schema.evidence.level}" in text


def test_a_meaning_that_is_inferred_says_so(run: Run) -> None:
    assert "Of its meaning: inferred: " in " ".join(run("neu", "consumption", "--help").stdout.split())
    text = " ".join(run("neu", "bills", "--help").stdout.split())
    (inferred, *_) = [p for p in OPERATIONS["neu", "bills"].parameters if p.meaning_evidence.level == "inferred"]
    assert f"; {inferred.evidence}; meaning inferred: the" in text
    assert re.search(r"\baccount string\. [^\[]+\[documented; meaning inferred\]", text)


def test_a_unit_that_is_inferred_says_so(run: Run) -> None:
    text = " ".join(run("neu", "bills", "--help").stdout.split())
    assert re.search(r"payment_value number in COP \(inferred\)\. [^\[]+\[documented", text)
