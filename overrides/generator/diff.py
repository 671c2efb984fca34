"""Report what the changes of the specs since a revision break, and which versions and changelog they need.

`python overrides/generator/diff.py REV` (`make diff BASE=REV`) compares the working tree with `REV`: a tag, a branch, a
commit. It looks for four sorts of changes that break callers of an API:

- On the wire: those that Redocly's differ finds between the two specs.
- In Python: those that griffe finds between the clients of the two specs. Both are made by the generator of the working
  tree, so that changes of the generator do not count.
- In meaning: a default, a unit or a time zone changes, while all names and types stay.
- In links: the address of an operation in the interactive reference consists of its tag and its id; its tag changes.
  (The complete reference has the id alone. A new id is reported in Python.)

Changes that break callers are major, additions are minor, and all else (descriptions, evidence, examples) is a patch.
Before 1.0.0 a major change raises the second number of a version and any other the third.

Broken links are a minor change. No program depends on a tag: the client names nothing after one, and the command only
sorts its help by them. A version warns those who hold back the next one, and nobody can hold back the reference, which
is published for the newest spec alone. An entry in the changelog helps its readers, and a minor change needs one.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any

import griffe

# The generator of this checkout, not an installed one.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from contrato.core.spec import APIS, Api
from generator import surface, wire
from generator.generate import generate, load
from generator.verdict import LEVELS, LINKS, MEANING, PYTHON, WIRE, Verdict

ROOT = Path(__file__).resolve().parents[2]
# In the order of the report, with whom it concerns.
WHOM = {
    WIRE: "whoever calls the API, with our client or another",
    PYTHON: "programs that use contrato.{api}, frames of it, scripts that use `contrato {api}`",
    MEANING: "everybody, and nobody gets an error",
    LINKS: "whoever kept an address in the interactive reference, {api}-interactive.html#tag/…",
}
ADDED = "new, or changed without harm"


class Side:
    """One of the two versions of a spec.

    Attributes:
        path: Its file, named after the API.

    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def text(self) -> str:
        """The text of the file."""
        return self.path.read_text("utf-8")

    @cached_property
    def spec(self) -> dict[str, Any]:
        """The document."""
        return load(self.path)

    @cached_property
    def api(self) -> Api:
        """Its read-model."""
        return Api(self.path.stem, self.spec)

    @cached_property
    def client(self) -> griffe.Module:
        """The package that the generator writes from it."""
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
        reporting = pool.submit(wire.report, *(wire.promises(side.text, side.spec) for side in (old, new)))
        before, after = old.client, new.client
        report = reporting.result()
    found = {*wire.on_the_wire(report), *wire.in_links(report, old.api), *surface.in_python(before, after)}
    breakages = tuple(sorted(found))
    additions = (*wire.additions(report), *surface.additions(before, after, {it.where for it in breakages}))
    if any(it.sort != LINKS for it in breakages):
        return Verdict("major", breakages, additions)
    return Verdict("minor" if breakages or additions else "patch", breakages, additions)


def unversioned(spec: dict[str, Any]) -> dict[str, Any]:
    """Return a spec without its version."""
    return spec | {"info": {key: value for key, value in spec["info"].items() if key != "version"}}


def version(text: object, where: str) -> tuple[int, int, int]:
    """Return the three numbers of a version."""
    if not (numbers := re.fullmatch(r"(\d+)\.(\d+)\.(\d+)", str(text))):
        raise SystemExit(f"{where}: the version {text!r} is not three numbers, such as 0.1.0")
    major, minor, patch = map(int, numbers.groups())
    return major, minor, patch


def required(base: tuple[int, int, int], level: str) -> tuple[int, int, int]:
    """Return the lowest version that a change of this level may have."""
    major, minor, patch = base
    if level == "none":
        return base
    if level == "major" and major:
        return major + 1, 0, 0
    if level == "major" or (level == "minor" and major):
        return major, minor + 1, 0
    return major, minor, patch + 1


def entries(changelog: str) -> set[str]:
    """Return the entries of a changelog, each on one line."""
    return {" ".join(entry.split()) for entry in re.findall(r"^- .*(?:\n[ \t]+\S.*)*", changelog, re.MULTILINE)}


def show(revision: str, path: str) -> str | None:
    """Return the text of a file in a revision; None if it has no such file."""
    done = subprocess.run(["git", "show", f"{revision}:{path}"], capture_output=True, cwd=ROOT)
    return done.stdout.decode("utf-8") if done.returncode == 0 else None


def demands(revision: str, sides: dict[str, tuple[Side | None, Side]], verdicts: dict[str, Verdict]) -> Iterator[str]:
    """Yield all that the working tree still lacks, one line each.

    Args:
        revision: The base of the comparison.
        sides: For each API its spec there, None if it has none there, and here.
        verdicts: For each API the verdict.

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


def summary(verdict: Verdict) -> str:
    """Return a verdict in a few words."""
    words = {
        "none": "nothing changed",
        "patch": "breaks nothing (a patch: words, evidence or examples)",
        "minor": "breaks nothing (minor: something is new)",
        "major": "BREAKS (major)",
    }
    if verdict.level == "minor" and verdict.breakages:
        words["minor"] = "breaks links, and no program (minor)"
    return words[verdict.level]


def lines(api: str, revision: str, verdict: Verdict) -> Iterable[str]:
    """Yield the lines of a verdict."""
    yield f"{api}: {summary(verdict)}"
    for sort, whom in WHOM.items():
        found = [breakage for breakage in verdict.breakages if breakage.sort == sort]
        if found:
            yield f"  {sort}: {whom.format(api=api)}"
        for breakage in found:
            source = f" (spec/{api}.yaml:{breakage.line}{' in ' + revision if breakage.gone else ''})"
            yield f"    {breakage.where}: {breakage.what}{source if breakage.line else ''}"
    if verdict.additions:
        yield f"  {ADDED}"
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
