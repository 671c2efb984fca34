"""The translations of the specs: which texts they must have, and which they lack.

    python docs/overlays.py          list entries that are missing, unused or out of date
    python docs/overlays.py --add    add the missing entries, with the English text to be replaced

A translation, `spec/overlays/<api>.<language>.yaml`, has one entry for each object of the spec that has text. Its key
stays the same when the spec moves: `listBills` is an operation, `listBills.path` the path that it has,
`listBills(Page)` its argument wherever it is sent, `schemas.Bill` a component. A text that moved to a key without an
entry takes the entry with the same English. `overlay` makes an OpenAPI Overlay of a translation, for the spec as it
stands.

`x-english` of an entry is the digest of the English that was translated: when that changes, the translation is out of
date until somebody has looked at it and run `--accept KEY`.
"""

import argparse
import functools
import hashlib
import json
import operator
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import LiteralScalarString

from contrato.core.document import operation_nodes
from contrato.core.spec import APIS

SPEC = Path(__file__).parents[1] / "spec"
LANGUAGES = {"es": "Spanish", "pt-BR": "Brazilian Portuguese"}
# The evidence that the reference shows. That of rules is shown by the contract suite, in English.
EVIDENCE = (
    "x-evidence", "x-default-evidence", "x-meaning-evidence", "x-safe-evidence", "x-status-evidence", "x-unit-evidence",
    "why",
)  # fmt: skip
TEXTS = ("title", "summary", "description", "x-displayName", *EVIDENCE[:-1])
# Notes about a translation.
NOTES = ("x-english", "x-same")
# Evidence that `contrato learn` writes.
OBSERVED = re.compile(r"observed \d{4}-\d\d-\d\d: \d+ answers?")
# Keys of these are names that the spec gives.
MAPS = (
    "content", "examples", "parameters", "paths", "properties", "responses", "schemas", "securitySchemes", "variables",
)  # fmt: skip
# Without texts, as are the other extensions.
CLOSED = ("value", "example", "default", "enum", "x-sources", "license")

ruamel = YAML()
ruamel.width = 120

Texts = Mapping[str, str]


def texts(document: Any) -> Iterator[tuple[str, str, Texts]]:
    """Yield every object with text as key, JSONPath, and its texts by name."""
    known = keys(document)

    def walk(node: Any, key: str, target: str, named: bool = False) -> Iterator[tuple[str, str, Texts]]:
        """Walk a part of the document; `named` if its keys are names that the spec gives, as those of properties."""
        if isinstance(node, list):
            for index, item in enumerate(node):
                name = item.get("name") if isinstance(item, dict) else None
                step = f"[?(@.name=='{name}')]" if name else f"[{index}]"
                yield from walk(item, f"{key}.{name or index}", target + step)
        if not isinstance(node, dict):
            return
        key = known.get(id(node), key)
        if not named:
            found = {name: node[name] for name in TEXTS if isinstance(node.get(name), str) and prose(name, node[name])}
            if set(node) >= {"name", "description"} and target.startswith("$.tags"):
                found["x-displayName"] = node["name"]
            if found:
                yield key.removeprefix("components."), target, found
        for name, value in node.items():
            if not named and (name in CLOSED or (name.startswith("x-") and name != "x-time-zone")):
                continue
            step = f".{name}" if re.fullmatch(r"[A-Za-z_]\w*", str(name)) else f"['{name}']"
            # A parameter's schema and a property of a body have the same keys inside.
            inner = key.removesuffix(".schema") if key.endswith(").schema") else key
            yield from walk(value, f"{inner}.{name}".strip("."), target + step, not named and name in MAPS)

    yield from walk(document, "", "$")
    for name, question in document.get("x-questions", {}).items():
        target = f"$['x-questions']['{name}']"
        yield f"questions.{name}", target, {key: question[key] for key in ("question", "why")}
        yield f"questions.{name}.readings", f"{target}.readings", question["readings"]


def keys(document: Any) -> dict[int, str]:
    """Return the keys of the objects that belong to an operation, by their identity in the document.

    Objects that several operations share belong to the first one. A component that is not only a request's body belongs
    to no operation.
    """

    def references(node: Any) -> Counter[str]:
        return Counter(re.findall(r'"\$ref": "([^"]+)"', json.dumps(node)))

    def end(node: Any) -> Any:
        while "$ref" in node:
            node = functools.reduce(operator.getitem, node["$ref"].removeprefix("#/").split("/"), document)
        return node

    nodes = list(operation_nodes(document))
    elsewhere = references(document) - references([node.get("requestBody") for *_, node in nodes])
    found: dict[int, str] = {}
    for _, _, item, operation in nodes:
        key = operation["operationId"]
        found[id(operation)] = key
        found.setdefault(id(item), f"{key}.path")
        for parameter in map(end, (*item.get("parameters", ()), *operation.get("parameters", ()))):
            found.setdefault(id(parameter), f"{key}({parameter['name']})")
        if "requestBody" not in operation:
            continue
        body = end(operation["requestBody"])
        found.setdefault(id(body), f"{key}.requestBody")
        for media in body["content"].values():
            for name, example in media.get("examples", {}).items():
                if example.get("$ref") not in elsewhere:
                    found.setdefault(id(end(example)), f"{key}.requestBody.examples.{name}")
            if (schema := media.get("schema", {})).get("$ref") not in elsewhere:
                found.setdefault(id(end(schema)), f"{key}.requestBody.schema")
                for name, property_ in end(schema).get("properties", {}).items():
                    found.setdefault(id(property_), f"{key}({name})")
    return found


def prose(key: str, text: str) -> bool:
    """Return True if a text has words to translate: evidence that only cites lines, or counts answers, has none."""
    return key not in EVIDENCE or (":" in text and OBSERVED.fullmatch(text) is None)


def digest(found: Texts) -> str:
    """Return eight digits that change with the English."""
    return hashlib.sha256("\0".join(f"{key}={found[key]}" for key in sorted(found)).encode()).hexdigest()[:8]


def path(source: Path, language: str) -> Path:
    """Return the file of a translation of a spec."""
    return source.parent / "overlays" / f"{source.stem}.{language}.yaml"


def load(file: Path) -> Any:
    """Read YAML fast; to write it again in its form, `ruamel.load` keeps that."""
    return yaml.load(file.read_text("utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def wanted(source: Path) -> dict[str, Texts]:
    """Return the texts of a spec by key.

    Raises:
        ValueError: Two objects have one key.

    """
    found = [(key, english) for key, _, english in texts(load(source))]
    if twice := [key for key, count in Counter(key for key, _ in found).items() if count > 1]:
        raise ValueError(f"{source.name}: two texts have one key: {', '.join(twice)}")
    return dict(found)


def chosen(entries: Mapping[str, Any], english: Mapping[str, Texts]) -> dict[str, str]:
    """Return which entry each text takes: that of its key, else one of the same English."""
    same = {entry["x-english"]: key for key, entry in entries.items()}
    found = {key: key if key in entries else same.get(digest(text)) for key, text in english.items()}
    return {key: entry for key, entry in found.items() if entry is not None}


def words(entry: Mapping[str, Any]) -> dict[str, str]:
    """Return the texts of an entry, without the notes about them."""
    return {key: text for key, text in entry.items() if key not in NOTES}


def overlay(source: Path, language: str) -> dict[str, Any]:
    """Return a translation as an OpenAPI Overlay for a spec as it stands: it adds nothing that the English lacks."""
    entries = load(path(source, language))
    found = list(texts(load(source)))
    taken = chosen(entries, {key: english for key, _, english in found})

    def update(key: str, english: Texts) -> dict[str, str]:
        return {name: text for name, text in words(entries[taken[key]]).items() if name in english}

    info = {"title": f"The {source.stem} spec in {LANGUAGES[language]}", "version": "0.1.0"}
    actions = [{"target": at, "update": update(key, english)} for key, at, english in found if key in taken]
    return {"overlay": "1.1.0", "info": info, "actions": actions}


def unused(entries: Mapping[str, Any], english: Mapping[str, Texts]) -> dict[str, bool]:
    """Return the entries that no text takes, with True if the entry is dead.

    An entry of the body of a request is not dead if its operation has no body now: its arguments have moved. Nor is
    that of an open question, which may be about bodies.
    """
    idle = {key for key in entries if (found := re.match(r"(\w+)\.requestBody\b", key)) and found[1] in english}
    idle -= {key for key in idle if f"{key.partition('.')[0]}.requestBody" in english}
    idle |= {key for key in entries if key.startswith("questions.")}
    return {key: key not in idle for key in entries if key not in chosen(entries, english).values()}


def problems(source: Path, language: str) -> Iterator[str]:
    """Yield the mistakes of a translation, one line each."""
    english = wanted(source)
    file = path(source, language)
    entries = load(file) if file.exists() else {}
    for key, dead in unused(entries, english).items():
        if dead:
            yield f"{file.name}: {key}: nothing there in the spec"
    taken = chosen(entries, english)
    for key, text in english.items():
        if key not in taken:
            yield f"{file.name}: {key}: not translated"
            continue
        entry = entries[taken[key]]
        update = words(entry)
        for name in text.keys() ^ update.keys():
            yield f"{file.name}: {key}: {name} is only in the {'spec' if name in text else 'translation'}"
        for name in text.keys() & update.keys():
            if update[name].strip() == text[name].strip() and name not in entry.get("x-same", []):
                yield f"{file.name}: {key}: {name} is still English; if it is the same word, name it in x-same"
            elif name in EVIDENCE and update[name].partition(":")[0] != text[name].partition(":")[0]:
                yield f"{file.name}: {key}: {name} must begin as the spec's, {text[name].partition(':')[0]}"
        if entry.get("x-english") != digest(text):
            yield f"{file.name}: {key}: the English has changed since; look at it, then --accept"


def write(file: Path, entries: Any) -> None:
    """Write a translation."""
    file.parent.mkdir(exist_ok=True)
    with file.open("w", encoding="utf-8") as stream:
        ruamel.dump(entries, stream)


def add(source: Path, language: str) -> None:
    """Add missing entries in the order of the spec, with the English text, and drop unused ones."""
    file = path(source, language)
    known = ruamel.load(file) if file.exists() else {}
    english = wanted(source)
    taken = chosen(known, english)
    entries = {}
    for key, text in english.items():
        entries[key] = dict(known[taken[key]]) if key in taken else {}
        for name, value in text.items():
            entries[key].setdefault(name, LiteralScalarString(value) if "\n" in value else str(value))
        entries[key].setdefault("x-english", digest(text))
    write(file, entries)


def carry(source: Path, language: str, before: Mapping[str, Texts], after: Mapping[str, Texts]) -> None:
    """Keep the translations of a spec whose parts have moved: each text takes that of the same English.

    Args:
        source: The spec.
        language: Of the translations.
        before: Its texts before the change.
        after: Its texts now.

    """
    file = path(source, language)
    entries = ruamel.load(file)
    current = [key for key, text in before.items() if key in entries and entries[key]["x-english"] == digest(text)]
    known = {(name, text): key for key in reversed(current) for name, text in before[key].items()}
    carried = {}
    for key, english in after.items():
        if before.get(key) == english and key in entries:
            carried[key] = entries[key]
            continue
        is_here = {name for name, text in english.items() if key in current and before[key].get(name) == text}
        origins = {name: key if name in is_here else known.get((name, text), "") for name, text in english.items()}
        if all(origins.values()):
            same = [name for name, origin in origins.items() if name in entries[origin].get("x-same", [])]
            texts_ = {name: entries[origin][name] for name, origin in origins.items()}
            carried[key] = {**texts_, "x-english": digest(english)} | ({"x-same": same} if same else {})
    write(file, carried)


def accept(source: Path, language: str, key: str) -> None:
    """Note that a translation fits the English as it is now."""
    file = path(source, language)
    entries = ruamel.load(file)
    if key in entries and key in (english := wanted(source)):
        entries[key]["x-english"] = digest(english[key])
    write(file, entries)


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="docs/overlays.py", description=__doc__.partition("\n")[0])
    parser.add_argument("--add", action="store_true", help="add what is missing, with the English text")
    parser.add_argument("--accept", metavar="KEY", help="the translations of this key fit the English as it is")
    options = parser.parse_args()
    found: list[str] = []
    for source in (SPEC / f"{api}.yaml" for api in APIS):
        for language in LANGUAGES:
            if options.add:
                add(source, language)
            if options.accept:
                accept(source, language, options.accept)
            found += problems(source, language)
            file = path(source, language)
            for key, dead in unused(load(file), wanted(source)).items():
                if not dead:
                    print(f"{file.name}: {key}: not used now; --add removes it")
    print("\n".join(found) or "Every text is translated.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
