"""Changes on the wire, in meaning and in links: those that Redocly finds between two versions of a spec."""

import hashlib
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from contrato.core.spec import Api
from generator.verdict import LINKS, MEANING, PYTHON, WIRE, Breakage

ROOT = Path(__file__).resolve().parents[2]
# Changes that Redocly calls a patch, because they break no request: the property that changed, and the effect.
SILENT = {
    "/default": "whoever leaves it out gets something else",
    "/x-unit": "the same number is another quantity",
    "/x-safe": "it may write, and is not repeated when it fails",
    "x-time-zone/name": "a timestamp without an offset is another moment",
    # Only if it is removed: `windows` keeps its promise with any other one.
    "x-date-range": "`windows` refuses the operation",
}
# Keys that break nobody, as do the extensions that SILENT does not name.
WORDS = {"$comment", "deprecated", "description", "example", "examples", "externalDocs", "summary", "title"}
# The keys in these are names that the spec gives, and no words of OpenAPI.
NAMES = {"$defs", "content", "dependentSchemas", "mapping", "patternProperties", "properties", "security", "variables"}


def promises(text: str, spec: dict[str, Any]) -> str:
    """Return a spec as JSON for Redocly.

    Args:
        text: The spec as YAML. Each key of the result is in the line that it has there.
        spec: The document that was read from it.

    """
    root = yaml.compose(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    assert root is not None
    rows = [""] * (len(text.splitlines()) + 1)
    row = 0
    for line, token in tokens(spec, root):
        # An alias repeats lines that are further up.
        row = max(row, line)
        rows[row] += token
    return "\n".join(rows)


def tokens(value: Any, node: yaml.Node, listed: bool = False, named: bool = False) -> Iterator[tuple[int, str]]:
    """Yield the JSON of a value in pieces, each with its line, and without descriptions in lists.

    Redocly pairs the items of a list by the similarity of their text: a parameter with another description would be
    another parameter to it, and a schema of `anyOf` with other evidence another schema. Therefore items of lists lose
    all that breaks nobody, and a parameter gets a long description that depends on its name alone. All else is paired
    by its key and keeps its descriptions, by which Redocly recognises a field that was renamed.

    Args:
        value: The value.
        node: The YAML that it was read from, which knows the lines.
        listed: True if it is in a list.
        named: True if its keys are names.

    """
    line = node.start_mark.line
    if isinstance(value, list):
        yield line, "["
        for index, (item, at) in enumerate(zip(value, node.value, strict=True)):
            yield at.start_mark.line, "," if index else ""
            yield from tokens(item, at, True, named)
        yield line, "]"
    elif isinstance(value, dict):
        yield line, "{"
        comma = ""
        if listed and not named and value.keys() >= {"in", "name"}:
            # The name of one in a path is not sent.
            own = value["in"] if value["in"] == "path" else f"{value['in']} {value['name']}"
            own = hashlib.sha256(own.encode()).hexdigest()
            yield line, f'"description":"{own * 100}"'
            comma = ","
        kept = {step for ending in SILENT for step in ending.split("/")}
        for (key, inner), (at, inside) in zip(value.items(), node.value, strict=True):
            if listed and not named and (key in WORDS or (str(key).startswith("x-") and key not in kept)):
                continue
            yield at.start_mark.line, f"{comma}{json.dumps(str(key))}:"
            if not named and key in ("const", "default", "enum"):
                yield at.start_mark.line, json.dumps(inner, default=str)
            else:
                yield from tokens(inner, inside, listed, not named and key in NAMES)
            comma = ","
        yield line, "}"
    else:
        yield line, json.dumps(value, default=str)


def report(old: str, new: str) -> dict[str, Any]:
    """Return the report of Redocly's differ on two versions of a spec, each as `promises` returns it."""
    redocly = ROOT / "node_modules" / ".bin" / "redocly"
    if not redocly.exists():
        raise SystemExit("Redocly is not installed: run make setup")
    with tempfile.TemporaryDirectory() as directory:
        # Its rules are off unless asked for, and our settings are for linting.
        config = Path(directory) / "redocly.yaml"
        config.write_text("extends: [diff-recommended]\n", "utf-8")
        paths = Path(directory) / "old.yaml", Path(directory) / "new.yaml"
        for path, text in zip(paths, (old, new), strict=True):
            path.write_text(text, "utf-8")
        done = subprocess.run(
            [redocly, "diff", *paths, "--config", config, "--format", "json", "--fail-on", "none"],
            env=os.environ | {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"},
            capture_output=True,
            encoding="utf-8",
            cwd=ROOT,
        )
    if done.returncode:
        raise SystemExit(f"redocly diff failed:\n{done.stdout}{done.stderr}")
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def on_the_wire(wire: dict[str, Any]) -> Iterator[Breakage]:
    """Yield the changes that Redocly calls major, and those whose meaning it does not know."""
    for change in wire["changes"]:
        side = change.get("revision") or change["base"]
        line = {"line": side.get("line", 0), "gone": "revision" not in change}
        where, steps = place(change["path"])
        for verdict in change["verdicts"]:
            if verdict["impact"] == "major":
                # An operationId is not sent.
                sort = PYTHON if verdict["ruleId"] == "operation-id-changed" else WIRE
                yield Breakage(sort, where, verdict["message"], **line)
        key = "/".join(steps[-1:] if change["kind"] == "removed" else [steps[-1], change.get("property", "")])
        had, has = (change.get(side, {}).get("value") for side in ("base", "revision"))
        for ending, effect in SILENT.items():
            if key.endswith(ending) and (had is not None or change["kind"] == "removed"):
                name = ending.strip("/")
                what = (
                    f"{name} was {had!r}, is {has!r}: {effect}" if "property" in change else f"{name} is gone: {effect}"
                )
                yield Breakage(MEANING, where, what, **line)


def additions(wire: dict[str, Any]) -> Iterator[str]:
    """Yield all that requests and answers may have now and could not before."""
    for change in wire["changes"]:
        where, steps = place(change["path"])
        # Redocly counts extensions and examples too. Parameters are in `surface.additions`, as arguments.
        if change["impact"] == "minor" and not (steps[-1].startswith("x-") or {"examples", "parameters"} & {*steps}):
            yield where


def in_links(wire: dict[str, Any], old: Api) -> Iterator[Breakage]:
    """Yield the addresses of operations that lead nowhere, because the operation has another tag.

    Args:
        wire: Redocly's report.
        old: The old spec.

    """
    moved: dict[tuple[str, str], list[tuple[int, str]]] = {}
    names = {(operation.path, operation.method): operation.id for operation in old.operations.values()}
    for change in wire["changes"]:
        if change["typeName"] == "Operation" and change.get("property") == "tags":
            had, has = (change[side].get("value") or [] for side in ("base", "revision"))
            _, (_, path, method, *_) = place(change["base"]["pointer"])
            found = change["revision"]["line"], names[path, method.upper()]
            for tag in had:
                if tag not in has:
                    moved.setdefault((tag, " and ".join(f"#tag/{it}" for it in has)), []).append(found)
    for (tag, now), operations in moved.items():
        listed = ", ".join(name for _, name in operations)
        yield Breakage(LINKS, f"#tag/{tag}", f"{now or 'nothing'} has {listed} now", min(operations)[0])


def place(pointer: str) -> tuple[str, list[str]]:
    """Return a JSON pointer into a spec for a person to read, and its steps."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.removeprefix("#/").split("/")]
    if steps[0] != "paths" or len(steps) < 3:
        return "/".join(steps).removeprefix("paths/"), steps
    _, path, method, *rest = steps
    words = [f"{method.upper()} {path}"]
    if "requestBody" in rest[:1]:
        words.append("request")
    if "responses" in rest[:1]:
        words.append(f"answer {rest[1]}")
    if fields := [name for step, name in pairwise(rest) if step == "properties"]:
        words.append(".".join(fields))
    return ", ".join(words), steps
