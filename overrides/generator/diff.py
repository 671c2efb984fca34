"""Say what the changes of the specs since a revision break, and demand the versions and the changelog that they need.

`python overrides/generator/diff.py REV` (`make diff BASE=REV`) compares the working tree with `REV`: a tag, a branch, a
commit. It asks four questions from the side of whoever calls an API:

- On the wire: Redocly's differ, of the two specs.
- In Python: griffe, of the clients that this generator makes of them. So a change of the generator is none of the spec.
- In meaning: a default, a unit or a time zone that changes while all names and types stay.
- In links: the address of an operation in the reference is made of its tag and its id. A renamed id is told in Python.

What breaks is a major change, what is only added a minor one, and all else (descriptions, evidence, examples) a patch.
Before 1.0.0 a major change raises the second number of a version and any other the third.

Links that lead nowhere are a minor change. No program depends on a tag: the client names nothing after one, and the
command only sorts its help by them. A version warns whoever holds back the next one, and nobody can do that with the
reference, which is published for the newest spec alone. What helps them is the changelog, and a minor change needs an
entry.
"""

import argparse
import ast
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import griffe
import yaml

# The generator of this checkout, whichever one is installed.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from contrato.core.spec import APIS, Api
from generator.generate import generate, load

ROOT = Path(__file__).resolve().parents[2]
LEVELS = ("none", "patch", "minor", "major")
WIRE = "on the wire"
PYTHON = "in Python"
MEANING = "in meaning"
LINKS = "in links"
# The order of the report, and whom it hits.
WHOM = {
    WIRE: "whoever calls the API, with our client or another",
    PYTHON: "programs that use contrato.{api}, frames of it, scripts that use `contrato {api}`",
    MEANING: "everybody, and nobody gets an error",
    LINKS: "whoever kept an address in the reference, {api}.html#tag/…",
}
# What Redocly takes for a patch, as it breaks no request: the property that changed, and what that does.
SILENT = {
    "/default": "whoever leaves it out gets something else",
    "/x-unit": "the same number is another quantity",
    "/x-safe": "it may write, and is not repeated when it fails",
    "x-time-zone/name": "a timestamp without an offset is another moment",
    # Removed: while there is one, what `windows` promises stays.
    "x-date-range": "`windows` refuses the operation",
}
# What breaks nobody, beside the extensions that SILENT does not name.
WORDS = {"$comment", "deprecated", "description", "example", "examples", "externalDocs", "summary", "title"}
# In these a key is a name that the spec gives, and no word of OpenAPI.
NAMES = {"$defs", "content", "dependentSchemas", "mapping", "patternProperties", "properties", "security", "variables"}


@dataclass(frozen=True, order=True)
class Breakage:
    """One thing that a change breaks.

    Attributes:
        sort: `WIRE`, `PYTHON`, `MEANING` or `LINKS`.
        where: Operation and field, the Python name, or the address.
        what: What happened to it.
        line: Its line in the spec, 0 where there is none.
        gone: Whether that line is one of the base.

    """

    sort: str
    where: str
    what: str
    line: int = 0
    gone: bool = False


@dataclass(frozen=True)
class Verdict:
    """What the change of one spec amounts to.

    Attributes:
        level: One of `LEVELS`.
        breakages: What it breaks; something else than links if and only if `level` is major.
        additions: What is new.

    """

    level: str
    breakages: tuple[Breakage, ...] = ()
    additions: tuple[str, ...] = ()


class Side:
    """One of the two versions of a spec.

    Attributes:
        path: Where it is; the name of the file is the API's.

    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def text(self) -> str:
        """What it says."""
        return self.path.read_text("utf-8")

    @cached_property
    def spec(self) -> dict[str, Any]:
        """The document."""
        return load(self.path)

    @cached_property
    def api(self) -> Api:
        """The read-model of it."""
        return Api(self.path.stem, self.spec)

    @cached_property
    def promises(self) -> str:
        """It as JSON, each key in the line that it has in the file, and no word in a list that breaks nobody."""
        rows = [""] * (len(self.text.splitlines()) + 1)
        row = 0
        root = yaml.compose(self.text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        assert root is not None
        for line, token in tokens(self.spec, root):
            # What an alias repeats stands further up.
            row = max(row, line)
            rows[row] += token
        return "\n".join(rows)

    @cached_property
    def client(self) -> griffe.Module:
        """The package that the generator makes of it."""
        with tempfile.TemporaryDirectory() as directory:
            generate(self.path, self.spec, Path(directory) / self.path.stem)
            package = griffe.GriffeLoader(search_paths=[directory], allow_inspection=False).load(self.path.stem)
        assert isinstance(package, griffe.Module)
        return package


def judge(old: Side, new: Side) -> Verdict:
    """Compare two versions of one API's spec."""
    if old.text == new.text or unversioned(old.spec) == unversioned(new.spec):
        return Verdict("none")
    with ThreadPoolExecutor() as pool:
        reporting = pool.submit(report, old, new)
        before, after = old.client, new.client
        wire = reporting.result()
    breakages = tuple(sorted({*on_the_wire(wire), *in_python(before, after), *in_links(wire, old.api)}))
    additions = tuple(added(wire, before, after, {it.where for it in breakages}))
    if any(it.sort != LINKS for it in breakages):
        return Verdict("major", breakages, additions)
    return Verdict("minor" if breakages or additions else "patch", breakages, additions)


def unversioned(spec: dict[str, Any]) -> dict[str, Any]:
    """The spec without its version."""
    return spec | {"info": {key: value for key, value in spec["info"].items() if key != "version"}}


def tokens(value: Any, node: yaml.Node, listed: bool = False, named: bool = False) -> Iterator[tuple[int, str]]:
    """The JSON of a value in pieces, each with its line, without what breaks nobody where it would look as if it did.

    Redocly pairs the items of a list by how much of their text is the same, so that in a list another description makes
    another parameter, and other evidence another schema of `anyOf`. A parameter therefore gets a text that is as long
    as it is its own, and is paired by its name. What has a key is paired by that; there the words stay, by which
    Redocly sees what a field that is gone is called now.

    Args:
        value: The value.
        node: The YAML that it was read from, which knows the lines.
        listed: Whether it is in a list.
        named: Whether its keys are names.

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


def report(old: Side, new: Side) -> dict[str, Any]:
    """What Redocly's differ says."""
    redocly = ROOT / "node_modules" / ".bin" / "redocly"
    if not redocly.exists():
        raise SystemExit("Redocly is not installed: run make setup")
    with tempfile.TemporaryDirectory() as directory:
        # Its rules are off unless asked for, and our settings are for linting.
        config = Path(directory) / "redocly.yaml"
        config.write_text("extends: [diff-recommended]\n", "utf-8")
        paths = Path(directory) / "old.yaml", Path(directory) / "new.yaml"
        for path, side in zip(paths, (old, new), strict=True):
            path.write_text(side.promises, "utf-8")
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
    """What Redocly calls major, and what it does not see the meaning of."""
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


def added(wire: dict[str, Any], old: griffe.Module, new: griffe.Module, broken: set[str]) -> Iterator[str]:
    """What callers can do or read that they could not before.

    Args:
        wire: What Redocly says.
        old: The client then.
        new: The client now.
        broken: Where something breaks.

    """
    for change in wire["changes"]:
        where, steps = place(change["path"])
        # Redocly counts extensions and examples too. A parameter has its name below: as an argument.
        if change["impact"] == "minor" and not (steps[-1].startswith("x-") or {"examples", "parameters"} & {*steps}):
            yield where
    # Redocly calls it a patch when a request may say more than before.
    before, after = surfaces(old, new)
    owners = {name.rpartition("(" if name.endswith(")") else ".")[0] for name in before}
    for name in sorted(after.keys() - broken):
        owner = name.rpartition("(" if name.endswith(")") else ".")[0]
        if owner in owners and before.get(name) != after[name]:
            yield f"{name}: {after[name]}"


def place(pointer: str) -> tuple[str, list[str]]:
    """A JSON pointer into a spec for a person to read, and its steps."""
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


def in_python(old: griffe.Module, new: griffe.Module) -> Iterator[Breakage]:
    """What a program that uses the old client misses in the new one."""
    for module in ("client", "models"):
        for found in griffe.find_breaking_changes(old[module], new[module]):
            name = found.obj.path.removeprefix(f"{new.name}.{module}.")
            # Both clients come from one template.
            if name.startswith("Async"):
                continue
            if isinstance(changed := found.old_value or found.new_value, griffe.Parameter):
                name = f"{name}({changed.name})"
            hints = heirs(old, new).get(name, []) if found.kind is griffe.BreakageKind.OBJECT_REMOVED else []
            what = "".join([found.kind.value, *(f"; {hint} has the same attributes" for hint in hints)])
            yield Breakage(PYTHON, name, what)
    # griffe compares no annotations yet.
    before, after = surfaces(old, new)
    for name in before.keys() & after.keys():
        was, now = before[name], after[name]
        # Arguments may become wider.
        wide, narrow = (now, was) if name.endswith(")") else (was, now)
        if not covers(wide, narrow):
            yield Breakage(PYTHON, name, f"Type was {was}, is {now}")


def heirs(old: griffe.Module, new: griffe.Module) -> dict[str, list[str]]:
    """The models that are gone, each with those that are new and have the same attributes."""
    was, now = (package["models"].classes for package in (old, new))
    return {
        gone: [name for name in sorted(now.keys() - was.keys()) if now[name].members.keys() == was[gone].members.keys()]
        for gone in was.keys() - now.keys()
    }


def surfaces(old: griffe.Module, new: griffe.Module) -> tuple[dict[str, str], dict[str, str]]:
    """The surface of both. A model that was renamed has its new name in both: that it was is told once, of itself."""
    renamed = {gone: names[0] for gone, names in heirs(old, new).items() if len(names) == 1}

    def current(text: str) -> str:
        return re.sub(r"'[^']*'|\w+", lambda word: renamed.get(word[0], word[0]), text)

    return {current(name): current(type_) for name, type_ in surface(old).items()}, surface(new)


def in_links(wire: dict[str, Any], old: Api) -> Iterator[Breakage]:
    """Which addresses of operations lead nowhere, because their tag is another.

    Args:
        wire: What Redocly says.
        old: The spec then.

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


def surface(package: griffe.Module) -> dict[str, str]:
    """Types by name: of models' attributes, of what methods return, and of arguments, whose names end in `)`.

    The type of an argument is without what it is when it is left out: whether it may be left out is griffe's question.
    """
    found = {}
    for class_ in [*package["client"].classes.values(), *package["models"].classes.values()]:
        for name, member in class_.members.items():
            if isinstance(member, griffe.Attribute) and member.annotation is not None:
                found[f"{class_.name}.{name}"] = str(member.annotation)
            elif isinstance(member, griffe.Function) and not class_.name.startswith("Async"):
                found[f"{class_.name}.{name}"] = str(member.returns)
                for argument in member.parameters:
                    left_out = {"None": " | None", "UNSET": " | Unset"}.get(str(argument.default), "")
                    found[f"{class_.name}.{name}({argument.name})"] = str(argument.annotation).removesuffix(left_out)
    return found


def covers(wide: str, narrow: str) -> bool:
    """Whether each value of the annotation `narrow` is one of `wide`; what is not obvious is not so."""
    types = members(ast.parse(wide, mode="eval").body)
    # An int passes for a float, and a literal for a str.
    return all(
        member in types or (member == "int" and "float" in types) or (member[0] in "'\"" and "str" in types)
        for member in members(ast.parse(narrow, mode="eval").body)
    )


def members(annotation: ast.expr) -> set[str]:
    """The members of a union, and those of a `Literal`."""
    match annotation:
        case ast.BinOp(left, ast.BitOr(), right):
            return members(left) | members(right)
        case ast.Subscript(ast.Name("Literal"), ast.Tuple(values)):
            return {ast.unparse(value) for value in values}
        case ast.Subscript(ast.Name("Literal"), value):
            return {ast.unparse(value)}
    return {ast.unparse(annotation)}


def version(text: object, where: str) -> tuple[int, int, int]:
    """The numbers of a version."""
    if not (numbers := re.fullmatch(r"(\d+)\.(\d+)\.(\d+)", str(text))):
        raise SystemExit(f"{where}: the version {text!r} is not three numbers, such as 0.1.0")
    major, minor, patch = map(int, numbers.groups())
    return major, minor, patch


def required(base: tuple[int, int, int], level: str) -> tuple[int, int, int]:
    """The lowest version that a change of this level may have."""
    major, minor, patch = base
    if level == "none":
        return base
    if level == "major" and major:
        return major + 1, 0, 0
    if level == "major" or (level == "minor" and major):
        return major, minor + 1, 0
    return major, minor, patch + 1


def entries(changelog: str) -> set[str]:
    """The entries of a changelog, each on one line."""
    return {" ".join(entry.split()) for entry in re.findall(r"^- .*(?:\n[ \t]+\S.*)*", changelog, re.MULTILINE)}


def show(revision: str, path: str) -> str | None:
    """A file as it was in a revision, or None where it was not."""
    done = subprocess.run(["git", "show", f"{revision}:{path}"], capture_output=True, cwd=ROOT)
    return done.stdout.decode("utf-8") if done.returncode == 0 else None


def demands(revision: str, sides: dict[str, tuple[Side | None, Side]], verdicts: dict[str, Verdict]) -> Iterator[str]:
    """What the working tree still lacks, one line each.

    Args:
        revision: What it is compared with.
        sides: The specs there, None where there is none yet, and here.
        verdicts: What became of them.

    """

    def lacks(path: str, was: object, now: object, level: str) -> Iterator[str]:
        wanted = required(version(was, f"{path} in {revision}"), level)
        if version(now, path) < wanted:
            yield f"{path}: raise the version from {now} to {'.'.join(map(str, wanted))}"

    for api, (old, new) in sides.items():
        if old and old.text != new.text:
            was, now = (side.api.version for side in (old, new))
            yield from lacks(f"spec/{api}.yaml", was, now, verdicts[api].level)
    if (text := show(revision, "pyproject.toml")) is not None:
        was, now = (
            tomllib.loads(it)["project"]["version"] for it in (text, (ROOT / "pyproject.toml").read_text("utf-8"))
        )
        yield from lacks("pyproject.toml", was, now, max((it.level for it in verdicts.values()), key=LEVELS.index))
    fresh = entries((ROOT / "CHANGELOG.md").read_text("utf-8")) - entries(show(revision, "CHANGELOG.md") or "")
    for api, verdict in verdicts.items():
        mark = "**Breaking**" if verdict.level == "major" else ""
        if verdict.level in ("minor", "major") and not any(
            mark in entry and re.search(rf"\b{api}\b", entry, re.IGNORECASE) for entry in fresh
        ):
            saying = f", with {mark}, what breaks and what to do instead" if mark else " and what is new in it"
            if verdict.breakages and not mark:
                saying = " and where its links lead now"
            yield f"CHANGELOG.md: add an entry that names {api}{saying}"


def lines(api: str, revision: str, verdict: Verdict) -> Iterable[str]:
    """The verdict for a person."""
    words = {
        "none": "nothing changed",
        "patch": "breaks nothing (a patch: words, evidence or examples)",
        "minor": "breaks nothing (minor: something is new)",
        "major": "BREAKS (major)",
    }
    if verdict.level == "minor" and verdict.breakages:
        words["minor"] = "breaks links, and no program (minor)"
    yield f"{api}: {words[verdict.level]}"
    for sort, whom in WHOM.items():
        found = [breakage for breakage in verdict.breakages if breakage.sort == sort]
        if found:
            yield f"  {sort}: {whom.format(api=api)}"
        for breakage in found:
            source = f" (spec/{api}.yaml:{breakage.line}{' in ' + revision if breakage.gone else ''})"
            yield f"    {breakage.where}: {breakage.what}{source if breakage.line else ''}"
    if verdict.additions:
        yield "  new, or changed without harm"
        yield from (f"    {addition}" for addition in verdict.additions)


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge all specs against a revision; return 1 if something is missing."""
    parser = argparse.ArgumentParser(prog="make diff", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("revision", metavar="BASE", nargs="?", help="what to compare with: a tag, a branch, a commit")
    revision = parser.parse_args(arguments).revision
    if not revision:
        print("Say what to compare with, a tag, a branch or a commit: make diff BASE=v0.1.0", file=sys.stderr)
        return 2
    known = ["git", "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"]
    if subprocess.run(known, capture_output=True, cwd=ROOT).returncode:
        print(f"git knows no commit {revision!r} here: fetch it, or name another as BASE", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as directory:
        sides: dict[str, tuple[Side | None, Side]] = {}
        for api in APIS:
            path = Path(directory) / f"{api}.yaml"
            if (text := show(revision, f"spec/{api}.yaml")) is not None:
                path.write_text(text, "utf-8")
            sides[api] = (Side(path) if text is not None else None, Side(ROOT / "spec" / f"{api}.yaml"))
        # An API that is new breaks nobody.
        new = Verdict("minor", additions=("the API",))
        verdicts = {api: judge(old, here) if old else new for api, (old, here) in sides.items()}
        lacking = list(demands(revision, sides, verdicts))
    for api, verdict in verdicts.items():
        print("\n".join(lines(api, revision, verdict)))
    if lacking:
        print("\nStill to do:", *lacking, sep="\n  ")
        return 1
    print("\nVersions and changelog are as these changes need them.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
