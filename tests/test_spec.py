"""The specs prove what their README promises: evidence everywhere, citations and pointers that lead somewhere."""

import copy
import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

SPECS = {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in sorted(Path("spec").glob("*.yaml"))}
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
CITATION = re.compile(r"\b([a-z]+)#L(\d+)(?:-L(\d+))?")

Spec = dict[str, Any]


def resolve(spec: Spec, node: Spec) -> Spec:
    """`node`, with a reference replaced by its target under the reference's siblings."""
    if "$ref" not in node:
        return node
    target: Any = spec
    for key in node["$ref"].removeprefix("#/").split("/"):
        target = target[key.replace("~1", "/").replace("~0", "~")]
    return {**target, **{key: value for key, value in node.items() if key != "$ref"}}


def walk(node: Any, where: str = "#") -> Iterator[tuple[str, Any]]:
    yield where, node
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield from walk(value, f"{where}/{key}")


def operations(spec: Spec) -> Iterator[Spec]:
    for path_item in spec["paths"].values():
        for method in METHODS:
            if method in path_item:
                shared = path_item.get("parameters", [])
                parameters = [*shared, *path_item[method].get("parameters", [])]
                yield {**path_item[method], "parameters": [resolve(spec, p) for p in parameters]}


def elements(spec: Spec) -> Iterator[tuple[str, Spec]]:
    """Every element that owes evidence, with where it stands."""
    yield from (("server", server) for server in spec["servers"])
    yield from spec["components"]["securitySchemes"].items()
    yield from spec["paths"].items()
    for operation in operations(spec):
        name = operation["operationId"]
        yield name, operation
        yield from ((f"{name} parameter {p['name']}", p) for p in operation["parameters"])
        if "requestBody" in operation:
            yield f"{name} request body", resolve(spec, operation["requestBody"])
        yield from (
            (f"{name} response {status}", resolve(spec, response))
            for status, response in operation["responses"].items()
        )
        yield from ((f"{name} {key}", operation[key]) for key in ("x-pagination", "x-date-range") if key in operation)
    for where, node in walk(spec["components"]["schemas"], "schemas"):
        if isinstance(node, dict) and isinstance(node.get("properties"), dict):
            yield from ((f"{where}.{name}", resolve(spec, prop)) for name, prop in node["properties"].items())


def success_schema(spec: Spec, operation_id: str) -> Spec:
    operation = next(o for o in operations(spec) if o["operationId"] == operation_id)
    return next(
        content["application/json"]["schema"]
        for status, response in operation["responses"].items()
        if status.startswith("2") and (content := resolve(spec, response).get("content"))
    )


def follow(spec: Spec, schema: Spec, pointer: str) -> Spec:
    """The schema that `pointer` leads to in the answers that `schema` describes; KeyError where it leads nowhere."""
    for step in pointer.split("/")[1:]:
        schema = resolve(spec, schema)
        schema = schema["items"] if step == "*" else schema["properties"][step]
    return schema


def request_fields(spec: Spec, operation: Spec, place: str) -> set[str]:
    if place == "body":
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        return set(resolve(spec, schema)["properties"])
    return {p["name"] for p in operation["parameters"] if p["in"] == place}


def faults(spec: Spec) -> Iterator[str]:
    """What the spec breaks of its README, one sentence each."""
    for where, element in elements(spec):
        if "x-evidence" not in element:
            yield f"{where} has no evidence"
    sources = spec["info"]["x-sources"]
    for where, node in walk(spec):
        if not isinstance(node, str) or not re.search(r"evidence$", where):
            continue
        for source, first, last in CITATION.findall(node):
            if source not in sources:
                yield f"{where} cites an undeclared source {source}"
            elif not 1 <= int(first) <= int(last or first) <= sources[source]["lines"]:
                yield f"{where} cites lines that do not exist: {node}"
    for where, node in walk(spec):
        if not isinstance(node, dict) or not isinstance(node.get("x-refers-to"), str):
            continue
        target, pointer = node["x-refers-to"].split("#")
        try:
            follow(spec, success_schema(spec, target), pointer)
        except (KeyError, StopIteration):
            yield f"{where} refers to {node['x-refers-to']}, which leads nowhere"
    for operation in operations(spec):
        yield from extension_faults(spec, operation)
        yield from example_faults(spec, operation)


def extension_faults(spec: Spec, operation: Spec) -> Iterator[str]:
    name = operation["operationId"]
    pages = operation.get("x-pagination", {})
    inputs = [(pages["in"], pages[key]) for key in ("page", "limit") if key in pages]
    dates = operation.get("x-date-range", {})
    inputs += [("body", dates[key]) for key in ("from", "to") if key in dates]
    for place, field in inputs:
        if field not in request_fields(spec, operation, place):
            yield f"{name} has no {field} in its {place}"
    outputs = [
        pages[key] for key in ("items", "total", "next", "last", "current", "size") if isinstance(pages.get(key), str)
    ]
    for pointer in [f"/{field}" for field in outputs] + [dates[key] for key in ("field",) if key in dates]:
        try:
            follow(spec, success_schema(spec, name), pointer)
        except KeyError:
            yield f"{name} has no {pointer} in its answer"


def example_faults(spec: Spec, operation: Spec) -> Iterator[str]:
    name = operation["operationId"]
    contents = [operation["requestBody"]["content"]] if "requestBody" in operation else []
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            contents.append(resolve(spec, response).get("content", {}))
    for content in contents:
        for media_type in content.values():
            if not media_type.get("examples"):
                yield f"{name} has a body without a named example"
    yield from (f"{name} parameter {p['name']} has no example" for p in operation["parameters"] if "example" not in p)


@pytest.mark.parametrize("api", SPECS)
def test_spec_keeps_its_promises(api: str) -> None:
    assert list(faults(SPECS[api])) == []


def test_operation_ids_are_unique_over_both_specs() -> None:
    names = [o["operationId"] for spec in SPECS.values() for o in operations(spec)]
    assert sorted(set(names)) == sorted(names)


def without(mapping: Spec, key: str) -> None:
    del mapping[key]


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        (lambda s: without(s["paths"]["/bills"], "x-evidence"), "/bills has no evidence"),
        (lambda s: without(s["paths"]["/bills"]["post"], "x-evidence"), "listBills has no evidence"),
        (
            lambda s: without(s["components"]["schemas"]["Reading"]["properties"]["cons"], "x-evidence"),
            "Reading.cons has no evidence",
        ),
        (lambda s: without(s["components"]["responses"]["Unauthorized"], "x-evidence"), "response 401 has no evidence"),
        (
            lambda s: without(s["paths"]["/bills"]["post"]["requestBody"], "x-evidence"),
            "listBills request body has no evidence",
        ),
        (
            lambda s: without(s["paths"]["/accounts/{id}"]["get"]["parameters"][0], "x-evidence"),
            "parameter id has no evidence",
        ),
        (lambda s: s["paths"]["/bills"].update({"x-evidence": "documented neu#L300"}), "cites lines that do not exist"),
        (
            lambda s: s["paths"]["/bills"].update({"x-evidence": "documented neu#L9-L3"}),
            "cites lines that do not exist",
        ),
        (lambda s: s["paths"]["/bills"].update({"x-evidence": "documented enel#L3"}), "cites an undeclared source"),
        (
            lambda s: s["components"]["schemas"]["BillQuery"]["properties"]["Id_service"].update(
                {"x-refers-to": "listServices#/*/id"}
            ),
            "leads nowhere",
        ),
        (
            lambda s: s["paths"]["/bills"]["post"]["x-pagination"].update({"page": "PageNumber"}),
            "has no PageNumber in its body",
        ),
        (
            lambda s: s["paths"]["/bills"]["post"]["x-date-range"].update({"field": "/*/day"}),
            "has no /*/day in its answer",
        ),
        (lambda s: without(s["paths"]["/accounts/{id}"]["get"]["parameters"][0], "example"), "has no example"),
        (
            lambda s: without(
                s["paths"]["/bills"]["post"]["responses"]["200"]["content"]["application/json"], "examples"
            ),
            "without a named example",
        ),
    ],
)
def test_a_damaged_spec_is_noticed(damage: Any, fault: str) -> None:
    spec = copy.deepcopy(SPECS["neu"])
    damage(spec)
    assert any(fault in line for line in faults(spec))


@pytest.mark.skipif(
    "CONTRATO_SOURCES" not in os.environ, reason="CONTRATO_SOURCES names no folder with the vendors' documents"
)
@pytest.mark.parametrize("api", SPECS)
def test_cited_lines_name_the_property(api: str) -> None:
    """With the vendors' documents at hand: they are the cited ones, and the cited lines contain the property's name."""
    spec = SPECS[api]
    texts = {
        hashlib.sha256(path.read_bytes()).hexdigest(): path.read_text("utf-8")
        for path in Path(os.environ["CONTRATO_SOURCES"]).iterdir()
    }
    lines = {name: texts[source["sha256"]].splitlines() for name, source in spec["info"]["x-sources"].items()}
    assert {name: len(text) for name, text in lines.items()} == {
        name: s["lines"] for name, s in spec["info"]["x-sources"].items()
    }
    silent = []
    for where, element in elements(spec):
        evidence = element.get("x-evidence", "")
        if "." in where and not evidence.startswith("inferred"):
            cited = [
                line
                for source, first, last in CITATION.findall(evidence)
                for line in lines[source][int(first) - 1 : int(last or first)]
            ]
            if not any(where.rsplit(".", 1)[1] in line for line in cited):
                silent.append(f"{where}: {evidence}")
    assert silent == []
