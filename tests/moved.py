"""Prove that everything follows when the spec of NEU moves: run make's verbs in a copy of the tree with a moved spec.

    python tests/moved.py paths generate check test contract docs
    python tests/moved.py queries generate check test contract docs
    python tests/moved.py learnt generate check test contract docs

`paths` renames every path. `queries` makes every query that is a POST a GET, with the properties of its body as query
parameters. `learnt` applies what a recording shows of a server that has other paths, methods, places and names. Nothing
else is changed: whatever fails then has stated a path, a method, a place or a name that it could have read.
The copy stays in build/moved/, to look at.
"""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

import elsewhere
from contrato.core.document import JSON, follow, operation_nodes

ROOT = Path(__file__).resolve().parents[1]
SPEC = Path("spec/neu.yaml")
# What is installed is the tree's own.
MAKE = ("make", "--no-print-directory", "-o", ".venv/.installed", "-o", "node_modules/.installed")


def move_paths(document: dict[str, Any]) -> None:
    """Rename every path, and put each path parameter elsewhere."""
    document["paths"] = {
        "/v2" + path.replace("/{", "/of/{") + ("/all" if "{" not in path else ""): item
        for path, item in document["paths"].items()
    }


def move_arguments(document: dict[str, Any]) -> None:
    """Make a GET of each POST that only reads, and query parameters of the properties of its body."""
    for _, method, item, node in list(operation_nodes(document)):
        if method != "post" or not node.get("x-safe"):
            continue
        gone = ("requestBody", "x-safe", "x-safe-evidence")
        item["get"] = {key: value for key, value in item.pop("post").items() if key not in gone}
        media = follow(document, node["requestBody"])[0]["content"][JSON]
        examples = [follow(document, example)[0] for example in media.get("examples", {}).values()]
        schema = follow(document, media["schema"])[0]
        parameters = item["get"].setdefault("parameters", [])
        for name, prop in schema["properties"].items():
            own = {key: value for key, value in prop.items() if key == "description" or key.startswith("x-")}
            rest = {key: value for key, value in prop.items() if key not in own and key != "examples"}
            found = [example for example in examples if name in example["value"]]
            shown = {}
            if found:
                shown = {"example": found[0]["value"][name], "x-example-evidence": found[0]["x-evidence"]}
            required = {"required": True} if name in schema.get("required", ()) else {}
            form = {"style": "form", "explode": True} if rest.get("type") == "array" else {}
            parameters.append({"name": name, "in": "query", **required, **form, **own, "schema": rest, **shown})
    drop_unused(document)
    # Questions about a request body have nothing left to be about.
    places = set(open_places(document))
    document["x-questions"] = {name: node for name, node in document["x-questions"].items() if name in places}


def open_places(node: Any) -> Iterator[str]:
    """Yield the question of each `x-open` of a document."""
    if isinstance(node, dict):
        yield from node.get("x-open", {})
        for value in node.values():
            yield from open_places(value)
    elif isinstance(node, list):
        for value in node:
            yield from open_places(value)


def drop_unused(document: dict[str, Any]) -> None:
    """Take away the components that nothing refers to any more."""
    while True:
        used = set(references(document))
        unused = [
            (kind, name)
            for kind in ("schemas", "examples", "parameters")
            for name in document["components"].get(kind, {})
            if f"#/components/{kind}/{name}" not in used
        ]
        if not unused:
            return
        for kind, name in unused:
            del document["components"][kind][name]


def references(node: Any) -> Iterator[str]:
    """Yield each `$ref` of a document."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


MOVES: dict[str, Callable[[dict[str, Any]], None]] = {"paths": move_paths, "queries": move_arguments}
LEARNT = "learnt"


def move(tree: Path, name: str) -> list[str]:
    """Move the spec of a tree, or record a server that has moved; returns what make is to do about that."""
    if name == LEARNT:
        file = tree / "session.har"
        file.write_text(elsewhere.har(elsewhere.recording(elsewhere.Other("neu"), times=4)), "utf-8")
        return ["learn", "API=neu", f"HAR={file}"]
    document = YAML(typ="safe", pure=True).load((tree / SPEC).read_text("utf-8"))
    MOVES[name](document)
    with (tree / SPEC).open("w", encoding="utf-8") as stream:
        writer = YAML()
        writer.width = 120
        writer.dump(document, stream)
    return []


def copy_tree(to: Path) -> None:
    """Copy the files that git knows, and link what is installed; caches come along, to save time."""
    shutil.rmtree(to, ignore_errors=True)
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to / name)
    for name in (".venv", "node_modules"):
        (to / name).symlink_to(ROOT / name)
    for name in (".mypy_cache", "build/scalar"):
        if (ROOT / name).exists():
            shutil.copytree(ROOT / name, to / name)


def main() -> int:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(prog="tests/moved.py", description=__doc__.partition("\n")[0])
    parser.add_argument("move", choices=[*MOVES, LEARNT])
    parser.add_argument("verbs", nargs="+", metavar="VERB", help="a verb of make, or NAME=VALUE")
    options = parser.parse_args()
    tree = ROOT / "build" / "moved" / options.move
    copy_tree(tree)
    first = move(tree, options.move)
    # What is installed for editing is the tree itself, so the copy's folders come first.
    folders = os.pathsep.join(str(tree / name) for name in ("generated", "overrides", "contract_tests"))
    environment = {**os.environ, "PYTHONPATH": folders, "MAKEFLAGS": ""}
    settings = [verb for verb in options.verbs if "=" in verb]
    if first and subprocess.run([*MAKE, *first], cwd=tree, env=environment, stdout=subprocess.DEVNULL).returncode:
        return 1
    for verb in [verb for verb in options.verbs if "=" not in verb]:
        print(f"\n== {options.move} moved: make {verb}", flush=True)
        done = subprocess.run([*MAKE, verb, *settings], cwd=tree, env=environment)
        if done.returncode:
            print(f"make {verb} fails when the {options.move} of NEU move; look at {tree.relative_to(ROOT)}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
