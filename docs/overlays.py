"""The translations of the specs: what is to be translated, and whether it is.

    python docs/overlays.py          say what is missing, dead or out of date
    python docs/overlays.py --add    add an action for what is missing, with the English text to be replaced

A translation is an OpenAPI Overlay, `spec/overlays/<api>.<language>.yaml`, with one action for each object of the spec
that has text. `x-english` of an action is the digest of the English that was translated: when that changes, the
translation is out of date until somebody has looked at it and run `--accept TARGET`.
"""

import argparse
import hashlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import LiteralScalarString

SPEC = Path(__file__).parents[1] / "spec"
APIS = ("neu", "apportionments")
LANGUAGES = {"es": "Spanish", "pt-BR": "Brazilian Portuguese"}
# The evidence that the reference shows; what rules of the contract suite rest on is told by that suite, in English.
EVIDENCE = ("x-evidence", "x-default-evidence", "x-meaning-evidence", "x-unit-evidence")
TEXTS = ("title", "summary", "description", "x-displayName", *EVIDENCE)
# Where a name is a name, and not the word for a text.
MAPS = (
    "content", "examples", "parameters", "paths", "properties", "responses", "schemas", "securitySchemes", "variables",
)  # fmt: skip
# Examples hold data, and what is in other extensions is for machines.
CLOSED = ("value", "example", "default", "enum", "x-sources", "license")

ruamel = YAML()
ruamel.width = 120
ruamel.indent(mapping=2, sequence=4, offset=2)


def texts(node: Any, target: str = "$", named: bool = False) -> Iterator[tuple[str, dict[str, str]]]:
    """Every object with text, as (JSONPath, its texts by key).

    Args:
        node: A part of a spec.
        target: Where it is.
        named: Whether the keys of `node` are names that the spec gives, such as those of properties.

    """
    if isinstance(node, list):
        for index, item in enumerate(node):
            if isinstance(item, dict):
                name = item.get("name")
                yield from texts(item, f"{target}[?(@.name=='{name}')]" if name else f"{target}[{index}]")
        return
    if not isinstance(node, dict):
        return
    if not named:
        found = {key: node[key] for key in TEXTS if isinstance(node.get(key), str) and prose(key, node[key])}
        if set(node) >= {"name", "description"} and target.startswith("$.tags"):
            found["x-displayName"] = node["name"]
        if found:
            yield target, found
    for key, value in node.items():
        if not named and (key in CLOSED or (key.startswith("x-") and key != "x-time-zone")):
            continue
        step = f".{key}" if re.fullmatch(r"[A-Za-z_]\w*", str(key)) else f"['{key}']"
        yield from texts(value, target + step, named=not named and key in MAPS)


def prose(key: str, text: str) -> bool:
    """Whether a text has words to translate: evidence that only cites lines has none."""
    return key not in EVIDENCE or ":" in text


def digest(found: dict[str, str]) -> str:
    """Eight digits that change with the English."""
    return hashlib.sha256("\0".join(f"{key}={found[key]}" for key in sorted(found)).encode()).hexdigest()[:8]


def path(api: str, language: str) -> Path:
    """The file of a translation."""
    return SPEC / "overlays" / f"{api}.{language}.yaml"


def load(file: Path) -> Any:
    """Read YAML fast; to write it again in its form, `ruamel.load` keeps that."""
    return yaml.load(file.read_text("utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def problems(api: str, language: str) -> Iterator[str]:
    """What is wrong with a translation, one line each."""
    wanted = dict(texts(load(SPEC / f"{api}.yaml")))
    file = path(api, language)
    actions = {action["target"]: action for action in load(file)["actions"]} if file.exists() else {}
    for target in actions.keys() - wanted.keys():
        yield f"{file.name}: {target}: nothing there in the spec"
    for target, english in wanted.items():
        action = actions.get(target)
        if action is None:
            yield f"{file.name}: {target}: not translated"
            continue
        update = action["update"]
        for key in english.keys() ^ update.keys():
            yield f"{file.name}: {target}: {key} is only in the {'spec' if key in english else 'translation'}"
        for key in english.keys() & update.keys():
            if str(update[key]).strip() == str(english[key]).strip() and key not in action.get("x-same", []):
                yield f"{file.name}: {target}: {key} is still English; if it is the same word, name it in x-same"
            elif key in EVIDENCE and update[key].partition(":")[0] != english[key].partition(":")[0]:
                yield f"{file.name}: {target}: {key} must begin as the spec's, {english[key].partition(':')[0]}"
        if action.get("x-english") != digest(english):
            yield f"{file.name}: {target}: the English has changed since; look at it, then --accept"


def add(api: str, language: str) -> None:
    """Add what is missing in the order of the spec, with the English text."""
    file = path(api, language)
    document = ruamel.load(file) if file.exists() else new(api, language)
    known = {action["target"]: action for action in document["actions"]}
    document["actions"] = []
    for target, english in texts(load(SPEC / f"{api}.yaml")):
        action = known.get(target) or {"target": target, "update": {}, "x-english": digest(english)}
        for key, text in english.items():
            action["update"].setdefault(key, LiteralScalarString(text) if "\n" in text else str(text))
        document["actions"].append(action)
    file.parent.mkdir(exist_ok=True)
    with file.open("w", encoding="utf-8") as stream:
        ruamel.dump(document, stream)


def new(api: str, language: str) -> dict[str, Any]:
    """An overlay without actions."""
    info = {"title": f"The {api} spec in {LANGUAGES[language]}", "version": "0.1.0"}
    return {"overlay": "1.1.0", "info": info, "extends": f"../{api}.yaml", "actions": []}


def accept(api: str, language: str, target: str) -> None:
    """Say that a translation fits the English as it is now."""
    file = path(api, language)
    document = ruamel.load(file)
    wanted = dict(texts(load(SPEC / f"{api}.yaml")))
    for action in document["actions"]:
        if action["target"] == target and target in wanted:
            action["x-english"] = digest(wanted[target])
    with file.open("w", encoding="utf-8") as stream:
        ruamel.dump(document, stream)


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="docs/overlays.py", description=__doc__.partition("\n")[0])
    parser.add_argument("--add", action="store_true", help="add what is missing, with the English text")
    parser.add_argument("--accept", metavar="TARGET", help="the translations of this target fit the English as it is")
    options = parser.parse_args()
    for api in APIS:
        for language in LANGUAGES:
            if options.add:
                add(api, language)
            if options.accept:
                accept(api, language, options.accept)
    found = [line for api in APIS for language in LANGUAGES for line in problems(api, language)]
    print("\n".join(found) or "Every text is translated.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
