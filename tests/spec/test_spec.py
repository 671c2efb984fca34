"""The specs prove what their README promises: evidence everywhere, citations and pointers that lead somewhere."""

import copy
import hashlib
import json
import os
import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from contrato.core.document import JSON, operation_nodes
from contrato.core.document import follow as follow_references
from overlays import load

SPECS = {path.stem: load(path) for path in sorted(Path("spec").glob("*.yaml"))}
CITATION = re.compile(r"\b([a-z]+)#L(\d+)(?:-L(\d+))?")

OPERATION_EXTENSIONS = ("x-pagination", "x-date-range", "x-sort", "x-identity", "x-aggregation", "x-reckoning")
LISTS_OF_LAWS = ("x-always", "x-agrees-with")

# How a description says that the source does not say it.
READING = re.compile(r"\b(inferred|expected|assumed?|our reading|we (chose|read|use))\b")

# How an example says where its values come from.
EXAMPLE = re.compile(r"(documented|invented)\b")

Spec = dict[str, Any]


def resolve(spec: Spec, node: Spec) -> Spec:
    """`node`, with a reference replaced by its target under the reference's siblings."""
    found: Any = follow_references(spec, node)[0]
    return found  # type: ignore[no-any-return]


def walk(node: Any, where: str = "#") -> Iterator[tuple[str, Any]]:
    yield where, node
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield from walk(value, f"{where}/{key}")


def operations(spec: Spec) -> Iterator[Spec]:
    for _, _, item, node in operation_nodes(spec):
        parameters = [*item.get("parameters", []), *node.get("parameters", [])]
        yield {**node, "parameters": [resolve(spec, p) for p in parameters]}


def arguments(spec: Spec, operation: Spec) -> dict[str, Spec]:
    """The nodes of parameters and of properties of the body, by the names by which they are known."""
    fields = {p.get("x-name", p["name"]): p for p in operation["parameters"]}
    if "requestBody" in operation:
        body = resolve(spec, operation["requestBody"])["content"][JSON]["schema"]
        fields |= {prop.get("x-name", name): prop for name, prop in resolve(spec, body)["properties"].items()}
    return fields


def elements(spec: Spec) -> Iterator[tuple[str, Spec]]:
    """Every element that owes evidence, with where it stands."""
    yield from (("server", server) for server in spec["servers"])
    yield from spec["components"]["securitySchemes"].items()
    yield from ((f"{node['operationId']} path", item) for *_, item, node in operation_nodes(spec))
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
        yield from ((f"{name} {key}", operation[key]) for key in OPERATION_EXTENSIONS if key in operation)
        yield from ((f"{name} {key}", law) for key in LISTS_OF_LAWS for law in operation.get(key, []))
        yield from ((f"{name} {key}", law) for key, _, law in argument_laws(spec, operation))
    for where, node in walk(spec["components"]["schemas"], "schemas"):
        if isinstance(node, dict):
            yield from ((f"{where} invariant", law) for law in node.get("x-invariants", []))
            marked = ("x-register-of", "x-plausible", "x-power")
            yield from ((f"{where} {key}", node[key]) for key in marked if key in node)
        if isinstance(node, dict) and isinstance(node.get("properties"), dict):
            yield from ((f"{where}.{name}", resolve(spec, prop)) for name, prop in node["properties"].items())


def success_schema(spec: Spec, operation_id: str) -> Spec:
    operation = next(o for o in operations(spec) if o["operationId"] == operation_id)
    return next(
        content[JSON]["schema"]
        for status, response in operation["responses"].items()
        if status.startswith("2") and (content := resolve(spec, response).get("content"))
    )


def follow(spec: Spec, schema: Spec, pointer: str) -> Spec:
    """The schema that `pointer` leads to in the answers that `schema` describes; KeyError where it leads nowhere."""
    for step in pointer.split("/")[1:]:
        schema = resolve(spec, schema)
        schema = next((resolve(spec, part) for part in schema.get("anyOf", []) if "$ref" in part), schema)
        schema = schema["items"] if step == "*" else schema["properties"][step]
    return schema


def faults(spec: Spec) -> Iterator[str]:
    """What the spec breaks of its README, one sentence each."""
    for where, element in elements(spec):
        if "x-evidence" not in element:
            yield f"{where} has no evidence"
    yield from reading_faults(spec)
    yield from invention_faults(spec)
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
        yield from law_faults(spec, operation)
    yield from record_faults(spec)


def reading_faults(spec: Spec) -> Iterator[str]:
    """Readings of ours without a row of evidence, and rows that say of a reading what no reading is."""
    roots = [("components", spec["components"])]
    for _, method, item, node in operation_nodes(spec):
        name = node["operationId"]
        roots += [(name, node), (f"{name} path", {key: value for key, value in item.items() if key != method})]
    for where, node in [place for name, root in roots for place in walk(root, name)]:
        if not isinstance(node, dict):
            continue
        evidence = {key: str(value) for key, value in node.items() if str(key).endswith("evidence")}
        ours = [text for text in evidence.values() if not text.startswith("documented")]
        description = node.get("description")
        # An open question is evidence too, if the description names it.
        if "x-open" in node and re.search(r"\b[A-Z]\w+-\d+\b", str(description)):
            ours += map(str, node["x-open"])
        if isinstance(description, str) and READING.search(" ".join(description.split())) and not ours:
            yield f"{where} tells a reading, and its evidence does not"
        if "x-meaning-evidence" in node:
            if node["x-meaning-evidence"] not in ours:
                yield f"{where} has a meaning that is documented: x-evidence says that"
            if "x-evidence" not in node:
                yield f"{where} has evidence of its meaning alone"


def invention_faults(spec: Spec) -> Iterator[str]:
    """Examples that do not say whether their values are invented."""
    roots = [(name, node) for name, node in spec["components"]["examples"].items()]
    named = [(name, node.get("x-evidence", "")) for name, node in roots]
    inside = [place for root in (spec["paths"], spec["components"]["schemas"]) for place in walk(root)]
    inside += walk(spec["components"].get("parameters", {}))
    named += [(where, n.get("x-example-evidence", "")) for where, n in inside if isinstance(n, dict) and "example" in n]
    yield from (f"example {name} is neither documented nor invented" for name, it in named if not EXAMPLE.match(it))


def argument_laws(spec: Spec, operation: Spec) -> Iterator[tuple[str, str, Spec]]:
    """The laws about what a request gives: extension, name of the argument, law."""
    for name, node in arguments(spec, operation).items():
        yield from ((key, name, node[key]) for key in ("x-echo", "x-searches") if key in node)


def leads(spec: Spec, operation_id: str, pointers: Iterable[str]) -> bool:
    """Whether each pointer leads somewhere in the operation's answers; an operation that answers nothing has none."""
    try:
        schema = success_schema(spec, operation_id)
    except StopIteration:
        return True
    try:
        return all(follow(spec, schema, pointer) is not None for pointer in pointers)
    except KeyError:
        return False


def law_faults(spec: Spec, operation: Spec) -> Iterator[str]:
    """What the contract suite would look for in vain."""
    name = operation["operationId"]
    laws: list[tuple[str, str, list[str]]] = []
    fields = arguments(spec, operation).keys()
    for key, argument, law in argument_laws(spec, operation):
        if key == "x-searches":
            item = "/" + "/".join(filter(None, [operation["x-pagination"].get("items"), "*"]))
            laws.append((key, name, [item + field for field in law["fields"]]))
        else:
            laws.append((key, name, [law["at"]]))
            if "as" in law:
                laws.append((key, law["as"].split("#")[0], [law["as"].split("#")[1]]))
            if "unless" in law and law["unless"] not in fields:
                yield f"{name} {argument} has an alternative {law['unless']} that is none"
    for key, pointers in (
        ("x-identity", ["at"]),
        ("x-aggregation", ["key", "date"]),
        ("x-reckoning", ["date", "days"]),
    ):
        for place in pointers if key in operation else []:
            found = operation[key][place]
            laws.append((key, name, found if isinstance(found, list) else [found]))
    laws += [("x-always", name, [law["at"]]) for law in operation.get("x-always", [])]
    for law in operation.get("x-agrees-with", []):
        pairs = {**law["key"], **law["same"], **law.get("not-another", {})}
        laws.append(("x-agrees-with", name, list(pairs)))
        laws.append(("x-agrees-with", law["operation"], [*pairs.values(), *law.get("theirs", {})]))
        if law.get("covers", "ours") not in ("ours", "both"):
            yield f"{name} x-agrees-with covers {law['covers']}"
    for key, target, places in laws:
        if not leads(spec, target, places):
            yield f"{name} {key} points at {', '.join(places)}, which leads nowhere"
    for key, names in (("x-sort", ("by", "order")), ("x-aggregation", ("by",))):
        wrong = [operation[key][part] for part in names if key in operation and operation[key][part] not in fields]
        yield from (f"{name} has no {field} for its {key}" for field in wrong)


def record_faults(spec: Spec) -> Iterator[str]:
    """Laws about one record that speak of what it has not."""
    for where, node in walk(spec["components"]["schemas"], "schemas"):
        if not isinstance(node, dict):
            continue
        for law in node.get("x-invariants", []):
            operands = [value for key, value in law.items() if key != "x-evidence"]
            for pointer in [p for value in operands for p in (value if isinstance(value, list) else [value])]:
                try:
                    follow(spec, node, pointer)
                except KeyError:
                    yield f"{where} has an invariant about {pointer}, which leads nowhere"
        flows = [name for key, names in node.get("x-power", {}).items() if key != "x-evidence" for name in names]
        yield from (f"{where} has no {name} for its power" for name in flows if name not in node["properties"])
        for name, prop in node.get("properties", {}).items() if isinstance(node.get("properties"), dict) else ():
            register = prop.get("x-register-of")
            if register and register["field"] not in node["properties"]:
                yield f"{where}.{name} counts {register['field']}, which is not there"


def extension_faults(spec: Spec, operation: Spec) -> Iterator[str]:
    name = operation["operationId"]
    pages = operation.get("x-pagination", {})
    inputs = [pages[key] for key in ("page", "limit") if key in pages]
    dates = operation.get("x-date-range", {})
    inputs += [dates[key] for key in ("from", "to") if key in dates]
    for field in inputs:
        if field not in arguments(spec, operation):
            yield f"{name} has no {field} among its arguments"
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


def at(spec: Spec, operation_id: str) -> Spec:
    """The node of an operation, wherever it is."""
    return next(node for *_, node in operation_nodes(spec) if node["operationId"] == operation_id)


def around(spec: Spec, operation_id: str) -> Spec:
    """The path item of an operation."""
    return next(item for *_, item, node in operation_nodes(spec) if node["operationId"] == operation_id)


def argument(spec: Spec, operation_id: str, name: str) -> Spec:
    """The node of an argument, wherever it is sent."""
    return arguments(spec, next(o for o in operations(spec) if o["operationId"] == operation_id))[name]


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        (lambda s: without(around(s, "listBills"), "x-evidence"), "listBills path has no evidence"),
        (lambda s: without(at(s, "listBills"), "x-evidence"), "listBills has no evidence"),
        (
            lambda s: without(s["components"]["schemas"]["Reading"]["properties"]["cons"], "x-evidence"),
            "Reading.cons has no evidence",
        ),
        (lambda s: without(s["components"]["responses"]["Unauthorized"], "x-evidence"), "response 401 has no evidence"),
        (
            lambda s: without(argument(s, "getAccount", "id"), "x-evidence"),
            "parameter id has no evidence",
        ),
        (
            lambda s: without(
                s["components"]["schemas"]["RuleHistoryEvent"]["properties"]["value"], "x-meaning-evidence"
            ),
            "RuleHistoryEvent/properties/value tells a reading",
        ),
        (
            lambda s: at(s, "listAccounts").update({"description": "All accounts, it is\nassumed."}),
            "listAccounts tells a reading",
        ),
        (
            lambda s: at(s, "listBills").update({"x-meaning-evidence": "documented neu#L100"}),
            "listBills has a meaning that is documented",
        ),
        (
            lambda s: s["components"]["schemas"]["Bill"].update({"x-meaning-evidence": "inferred: a guess"}),
            "schemas/Bill has evidence of its meaning alone",
        ),
        (
            lambda s: at(s, "listBills").update({"x-meaning-evidence": "inferred: as neu#L300 says"}),
            "/x-meaning-evidence cites lines that do not exist",
        ),
        (
            lambda s: around(s, "listBills").update({"x-evidence": "documented neu#L300"}),
            "cites lines that do not exist",
        ),
        (
            lambda s: around(s, "listBills").update({"x-evidence": "documented neu#L9-L3"}),
            "cites lines that do not exist",
        ),
        (lambda s: around(s, "listBills").update({"x-evidence": "documented enel#L3"}), "cites an undeclared source"),
        (
            lambda s: argument(s, "listBills", "Id_service").update({"x-refers-to": "listServices#/*/id"}),
            "leads nowhere",
        ),
        (
            lambda s: at(s, "listBills")["x-pagination"].update({"page": "PageNumber"}),
            "has no PageNumber among its arguments",
        ),
        (
            lambda s: at(s, "listBills")["x-date-range"].update({"field": "/*/day"}),
            "has no /*/day in its answer",
        ),
        (lambda s: without(argument(s, "getAccount", "id"), "example"), "has no example"),
        (
            lambda s: without(argument(s, "getAccount", "id"), "x-example-evidence"),
            "is neither documented nor invented",
        ),
        (lambda s: without(s["components"]["examples"]["Service"], "x-evidence"), "example Service is neither"),
        (lambda s: without(at(s, "listAccounts")["x-identity"], "x-evidence"), "x-identity has no evidence"),
        (
            lambda s: without(at(s, "listAccounts")["x-agrees-with"][0], "x-evidence"),
            "x-agrees-with has no evidence",
        ),
        (
            lambda s: at(s, "listAccounts")["x-identity"].update({"at": ["/*/id"]}),
            "/*/id, which leads nowhere",
        ),
        (
            lambda s: at(s, "listOverdueBills")["x-reckoning"].update({"days": "/*/day"}),
            "x-reckoning points at /*/day, which leads nowhere",
        ),
        (
            lambda s: at(s, "listActiveRules")["x-always"][0].update({"at": "/*/on"}),
            "x-always points at /*/on, which leads nowhere",
        ),
        (
            lambda s: at(s, "listBills")["x-agrees-with"][0]["same"].update({"/*/id_account": "/*/nobody"}),
            "leads nowhere",
        ),
        (
            lambda s: argument(s, "listBills", "Id_service")["x-echo"].update({"at": "/*/i"}),
            "x-echo points at /*/i, which leads nowhere",
        ),
        (
            lambda s: argument(s, "queryConsumption", "Id_account")["x-echo"].update({"unless": "Id_servicess"}),
            "has an alternative Id_servicess that is none",
        ),
        (
            lambda s: s["components"]["schemas"]["Bill"]["x-invariants"][0].update({"sum": "/concept/*/total"}),
            "has an invariant about /concept/*/total, which leads nowhere",
        ),
        (
            lambda s: s["components"]["schemas"]["Reading"]["properties"]["imported_active_acum"][
                "x-register-of"
            ].update({"field": "con"}),
            "counts con, which is not there",
        ),
        (
            lambda s: s["components"]["schemas"]["Reading"]["x-power"].update({"currents": ["i"]}),
            "has no i for its power",
        ),
        (
            lambda s: without(at(s, "listBills")["responses"]["2XX"]["content"]["application/json"], "examples"),
            "without a named example",
        ),
    ],
)
def test_a_damaged_spec_is_noticed(damage: Any, fault: str) -> None:
    spec = copy.deepcopy(SPECS["neu"])
    damage(spec)
    assert any(fault in line for line in faults(spec))


@pytest.mark.slow
def test_an_example_that_does_not_say_whose_its_values_are_is_refused(tmp_path: Path) -> None:
    spec = copy.deepcopy(SPECS["neu"])
    without(spec["components"]["examples"]["Service"], "x-evidence")
    spec["components"]["examples"]["Bill"] = {"summary": "One", "x-evidence": "inferred: a guess", "value": 1}
    without(argument(spec, "getAccount", "id"), "x-example-evidence")
    at(spec, "listBills")["x-evidence"] = "invented neu#L113"
    (tmp_path / "neu.json").write_text(json.dumps(spec), "utf-8")
    config = {"plugins": [str(Path("spec/evidence.mjs").resolve())], "rules": {"contrato/evidence": "error"}}
    (tmp_path / "redocly.yaml").write_text(json.dumps(config), "utf-8")
    command: list[str | Path] = [
        "node_modules/.bin/redocly",
        "lint",
        tmp_path / "neu.json",
        "--config",
        tmp_path / "redocly.yaml",
    ]
    environment = os.environ | {"REDOCLY_TELEMETRY": "off"}
    done = subprocess.run([*command, "--format", "json"], capture_output=True, text=True, env=environment)
    problems = json.loads(done.stdout)["problems"]
    found = {problem["location"][0]["pointer"].rpartition("/")[2]: problem["message"] for problem in problems}
    assert found["Service"].startswith("x-evidence is missing")
    assert found["example"].startswith("x-example-evidence is missing")
    assert sorted(problem["message"].partition(" reads ")[2][:12] for problem in problems) == [
        "",
        "",
        '"inferred: a',
        '"invented ne',
    ]


def test_a_request_body_without_evidence_is_noticed() -> None:
    spec = copy.deepcopy(SPECS["apportionments"])
    without(at(spec, "createApportionment")["requestBody"], "x-evidence")
    assert "createApportionment request body has no evidence" in faults(spec)


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
