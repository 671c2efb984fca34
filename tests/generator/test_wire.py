"""The text of a spec that Redocly compares, and its report."""

import json

import pytest
from ruamel.yaml import YAML

from contrato.core import spec
from documents import argument, node
from generator.verdict import MEANING
from generator.wire import on_the_wire, promises, report


def test_redocly_reads_all_promises_in_their_lines() -> None:
    written = """\
info: {title: The title, description: A text}
paths:
  /it:
    get:
      operationId: it
      description: |
        Two
        lines.
      x-evidence: documented
      parameters:
        - description: >-
            A text
            of lines.
          in: query
          x-evidence: documented
          name: description
          x-unit: kWh
          schema:
            title: Words
            anyOf: [type: string, {type: object, properties: &all {
              title: {type: string, default: {title: x}, example: y},
              description: {enum: [{summary: x}], x-safe: false}}}]
            allOf:
              - properties: *all
                required: [title, 'no', no]
      security:
        - title: []
"""
    text = promises(written, YAML(typ="safe", pure=True).load(written))
    read = json.loads(text)
    # By this Redocly pairs it with itself.
    assert len(read["paths"]["/it"]["get"]["parameters"][0].pop("description")) > 1000
    fields = {
        "title": {"type": "string", "default": {"title": "x"}},
        "description": {"enum": [{"summary": "x"}], "x-safe": False},
    }
    parameter = {
        "in": "query",
        "name": "description",
        "x-unit": "kWh",
        "schema": {
            "anyOf": [{"type": "string"}, {"type": "object", "properties": fields}],
            "allOf": [{"properties": fields, "required": ["title", "no", "no"]}],
        },
    }
    assert read == {
        "info": {"title": "The title", "description": "A text"},
        "paths": {
            "/it": {
                "get": {
                    "operationId": "it",
                    "description": "Two\nlines.\n",
                    "x-evidence": "documented",
                    "parameters": [parameter],
                    "security": [{"title": []}],
                }
            }
        },
    }
    rows = written.splitlines()
    for key in ("paths", "parameters", "name", "x-unit", "anyOf", "allOf", "security"):
        (line,) = [number for number, row in enumerate(text.splitlines()) if f'"{key}":' in row]
        assert f" {key}:" in f" {rows[line]}"


@pytest.mark.slow
def test_changes_of_meaning_alone_are_found() -> None:
    old, document = spec.api("neu").copy(), spec.api("neu").copy()
    node(old, "listBills")["x-safe"] = True
    document["info"]["x-time-zone"] = {"name": "America/Lima", "x-evidence": "inferred: another reading"}
    del node(document, "listBills")["x-date-range"]
    node(document, "listPqrs")["x-date-range"]["x-evidence"] = "inferred: another reading"
    argument(document, "listBills", "Page")["default"] = 0
    node(document, "listBills").pop("x-safe", None)
    bills = spec.api("neu").operations["listBills"]
    billing = f"{bills.method} {bills.path}"
    request = f"{billing}, request, Page" if bills.parameter("Page").place == "body" else billing
    texts = [promises(json.dumps(it), it) for it in (old, document)]
    assert {(it.sort, it.where, it.what) for it in on_the_wire(report(*texts))} == {
        (
            MEANING,
            "info/x-time-zone",
            "x-time-zone/name was 'America/Bogota', is 'America/Lima': a timestamp without an offset is another moment",
        ),
        (MEANING, billing, "x-safe was True, is None: it may write, and is not repeated when it fails"),
        (MEANING, billing, "x-date-range is gone: `windows` refuses the operation"),
        (MEANING, request, "default was 1, is 0: whoever leaves it out gets something else"),
    }
