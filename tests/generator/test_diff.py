"""`make diff`: edits of the specs, judged, and what they oblige to."""

import copy
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from contrato.core import spec
from contrato.core.document import operation_nodes
from documents import argument, node, schema
from generator import diff as driver
from generator.diff import Side, entries, judge, required
from generator.verdict import LINKS, MEANING, PYTHON, WIRE, Breakage, Verdict

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).parents[2]
LIST, ONE, UPDATE = (
    spec.api("apportionments").operations[name]
    for name in ("listApportionments", "getApportionment", "updateApportionment")
)
BILLS, ACCOUNT = (spec.api("neu").operations[name] for name in ("listBills", "getAccount"))
# How a report calls them.
LISTING, READING, UPDATING, BILLING = (f"{it.method} {it.path}" for it in (LIST, ONE, UPDATE, BILLS))

Spec = dict[str, Any]
Edit = Callable[[Spec], object]
Diff = Callable[..., tuple[int, list[str]]]


@cache
def base(api: str) -> Side:
    """The spec as it is. Its client is made once."""
    return Side(REPOSITORY / "spec" / f"{api}.yaml")


def judged(api: str, edit: Edit, folder: Path) -> Verdict:
    document = copy.deepcopy(base(api).spec)
    edit(document)
    assert document != base(api).spec, "the edit changes nothing"
    (path := folder / f"{api}.yaml").write_text(json.dumps(document), "utf-8")
    side = Side(path)
    side.spec = document  # Reading YAML is what takes long.
    return judge(base(api), side)


def rename(document: Spec, old: str, new: str) -> None:
    """A component under another name, wherever it is meant."""
    text = json.dumps(document)
    assert f'"{old}": {{' in text
    document |= json.loads(text.replace(f'"{old}": {{', f'"{new}": {{').replace(f'/{old}"', f'/{new}"'))


def field_gone(document: Spec) -> None:
    del schema(document, "Apportionment")["properties"]["cost_center_ids"]
    schema(document, "Apportionment")["required"].remove("cost_center_ids")


def field_nullable(document: Spec) -> None:
    schema(document, "Apportionment")["properties"]["name"]["type"] = ["string", "null"]


def field_demanded(document: Spec) -> None:
    schema(document, "ApportionmentUpdate")["required"] = ["name"]


def value_gone(document: Spec) -> None:
    argument(document, LIST.id, "_sort")["enum"] = ["id"]


def path_moved(document: Spec) -> None:
    document["paths"]["/api/v3/rateios"] = document["paths"].pop(LIST.path)


def path_parameter_renamed(document: Spec) -> None:
    path = ACCOUNT.path.replace("{id}", "{number}")
    document["paths"][path] = document["paths"].pop(ACCOUNT.path)
    (parameter,) = node(document, ACCOUNT.id)["parameters"]
    parameter |= {"name": "number", "description": "Another text. " * 50}


def operation_renamed(document: Spec) -> None:
    node(document, ONE.id)["operationId"] = "readApportionment"


def request_field_gone(document: Spec) -> None:
    del schema(document, "ApportionmentUpdate")["properties"]["limit_day"]


def unit_changed(document: Spec) -> None:
    assert schema(document, "Bill")["properties"]["consumption"]["x-unit"] == "kWh"
    schema(document, "Bill")["properties"]["consumption"]["x-unit"] = "MWh"


def renamed_and_changed(document: Spec) -> None:
    rename(document, "Company", "Firm")
    schema(document, "Firm")["properties"]["name"]["type"] = ["string", "null"]


def another_type_beside_other_words(document: Spec) -> None:
    reworded_in_lists(document)
    schema(document, "Bill")["properties"]["date_payment"]["anyOf"][1]["type"] = "boolean"


def tag_renamed(document: Spec) -> None:
    document["tags"][0]["name"] = "Rateios"
    for *_, found in operation_nodes(document):
        found["tags"] = ["Rateios"]


def field_added(document: Spec) -> None:
    schema(document, "Apportionment")["properties"]["colour"] = {"type": "string", "description": "Its colour."}
    schema(document, "Apportionment")["required"].append("colour")


def value_added(document: Spec) -> None:
    argument(document, LIST.id, "_sort")["enum"].append("company")


def reworded(node: Any) -> None:
    """Every description, summary, evidence and example is another."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("description", "summary", "x-evidence") and isinstance(value, str):
                node[key] = f"Reworded: {value}"
            elif key == "example":
                node[key] = 4
            else:
                reworded(value)
    elif isinstance(node, list):
        for item in node:
            reworded(item)


def no_promise_touched(document: Spec) -> None:
    """Other words everywhere, one more example, and one more law for the suite."""
    reworded(document)
    listing = node(document, LIST.id)
    examples = listing["responses"]["200"]["content"]["application/json"]["examples"]
    examples["again"] = next(iter(examples.values()))
    listing["x-always"] = [{"at": "/current_page", "is": 1}]


@pytest.mark.parametrize(
    ("api", "edit", "expected"),
    [
        pytest.param(
            "apportionments",
            field_gone,
            [
                (
                    WIRE,
                    f"{LISTING}, answer 200, items.cost_center_ids",
                    "Property `cost_center_ids` of `Apportionment` was removed.",
                ),
                (
                    WIRE,
                    f"{LISTING}, answer 200, items",
                    "Properties of `Apportionment` are no longer required: `cost_center_ids`.",
                ),
                (PYTHON, "Apportionment.cost_center_ids", "Public object was removed"),
            ],
            id="field gone from answer",
        ),
        pytest.param(
            "apportionments",
            field_nullable,
            [
                (
                    WIRE,
                    f"{LISTING}, answer 200, items.name",
                    "Type of `name` widened from 'string' to 'string | null'.",
                ),
                (PYTHON, "Apportionment.name", "Type was str, is str | None"),
            ],
            id="field of answer may be null",
        ),
        pytest.param(
            "apportionments",
            field_demanded,
            [
                (
                    WIRE,
                    f"{UPDATING}, request",
                    "Properties of `ApportionmentUpdate` became required: `name`.",
                ),
            ],
            id="field demanded in request",
        ),
        pytest.param(
            "apportionments",
            value_gone,
            [
                (WIRE, f"{LISTING}", "Enum lost values: 'name'."),
                (
                    PYTHON,
                    "Apportionments.list_apportionments(sort)",
                    "Type was Literal['id', 'name'], is Literal['id']",
                ),
            ],
            id="value gone from parameter",
        ),
        pytest.param(
            "apportionments",
            path_moved,
            [(WIRE, "/api/v3/rateios", f"Path `{LIST.path}` was renamed to `/api/v3/rateios`.")],
            id="path renamed",
        ),
        pytest.param(
            "neu",
            path_parameter_renamed,
            [
                (PYTHON, "Neu.get_account(id)", "Parameter was removed"),
                (PYTHON, "Neu.get_account(number)", "Parameter was added as required"),
            ],
            id="parameter of path renamed",
        ),
        pytest.param(
            "apportionments",
            operation_renamed,
            [
                (PYTHON, "Apportionments.get_apportionment", "Public object was removed"),
                (
                    PYTHON,
                    READING,
                    f"`operationId` of operation `{READING}` changed from 'getApportionment' to 'readApportionment'.",
                ),
            ],
            id="operationId renamed",
        ),
        pytest.param(
            "apportionments",
            lambda document: rename(document, "Company", "Firm"),
            # Once, and not again for each field that holds one.
            [(PYTHON, "Company", "Public object was removed; Firm has the same attributes")],
            id="schema of answers renamed",
        ),
        pytest.param(
            "apportionments",
            renamed_and_changed,
            [
                (PYTHON, "Company", "Public object was removed; Firm has the same attributes"),
                (PYTHON, "Firm.name", "Type was str, is str | None"),
                (
                    WIRE,
                    f"{LISTING}, answer 200, items.company.name",
                    "Type of `name` widened from 'string' to 'string | null'.",
                ),
            ],
            id="schema of answers renamed, and a field of it may be null",
        ),
        pytest.param(
            "neu",
            another_type_beside_other_words,
            [
                (WIRE, f"{BILLING}, answer 2XX, date_payment", "Type widened from 'null' to 'boolean'."),
                (PYTHON, "Bill.date_payment", "Type was datetime.datetime | None, is datetime.datetime | bool | None"),
            ],
            id="another type within anyOf, beside other words",
        ),
        pytest.param(
            "apportionments",
            request_field_gone,
            [(PYTHON, "Apportionments.update_apportionment(limit_day)", "Parameter was removed")],
            id="field gone from request",
        ),
        pytest.param(
            "neu",
            unit_changed,
            [
                (
                    MEANING,
                    f"{BILLING}, answer 2XX, consumption",
                    "x-unit was 'kWh', is 'MWh': the same number is another quantity",
                )
            ],
            id="unit changed",
        ),
    ],
)
def test_what_breaks_is_found_and_placed(
    api: str, edit: Edit, expected: list[tuple[str, str, str]], tmp_path: Path
) -> None:
    verdict = judged(api, edit, tmp_path)
    assert [(it.sort, it.where, it.what) for it in verdict.breakages] == sorted(expected)
    assert verdict.level == "major"
    assert not {it.partition(":")[0] for it in verdict.additions} & {it.where for it in verdict.breakages}


@pytest.mark.parametrize(
    ("edit", "level", "additions"),
    [
        pytest.param(
            lambda document: rename(document, "ApportionmentCreate", "NewApportionment"),
            "patch",
            [],
            id="schema of requests renamed",
        ),
        pytest.param(
            field_added,
            "minor",
            [f"{LISTING}, answer 200, items.colour", "Apportionment.colour: str"],
            id="field added to answer",
        ),
        pytest.param(
            value_added,
            "minor",
            ["Apportionments.list_apportionments(sort): Literal['company', 'id', 'name']"],
            id="value added to parameter",
        ),
        pytest.param(no_promise_touched, "patch", [], id="words, evidence and examples"),
    ],
)
def test_what_breaks_nobody_is_let_through(edit: Edit, level: str, additions: list[str], tmp_path: Path) -> None:
    assert judged("apportionments", edit, tmp_path) == Verdict(level, (), tuple(additions))


def reworded_in_lists(document: Spec) -> None:
    """Other words all over in lists, where Redocly tells things apart by what is in them."""
    alternatives = schema(document, "Bill")["properties"]["date_payment"]["anyOf"]
    alternatives[0] |= {"description": "Another text.", "deprecated": True}
    alternatives[1] |= {"x-evidence": "documented neu#L113", "title": "Unpaid", "examples": [None], "x-personal": True}
    schema(document, "PlatformPayment")["description"] = "Another text. " * 50
    (parameter,) = node(document, "getService")["parameters"]
    parameter |= {"description": "Another text. " * 50, "example": 4, "x-evidence": "inferred: another reading"}


def test_words_in_lists_break_nobody(tmp_path: Path) -> None:
    assert judged("neu", reworded_in_lists, tmp_path) == Verdict("patch")


def test_a_parameter_is_the_same_one_however_much_of_it_changes(tmp_path: Path) -> None:
    def widen(document: Spec) -> None:
        (parameter,) = (found for found in node(document, LIST.id)["parameters"] if found["name"] == "_sort")
        parameter["description"] = "Another text. " * 50
        parameter["schema"]["enum"] += [f"value {number}" for number in range(50)]

    verdict = judged("apportionments", widen, tmp_path)
    assert (verdict.level, verdict.breakages) == ("minor", ())


def test_a_tag_that_is_renamed_breaks_links_and_no_program(tmp_path: Path) -> None:
    verdict = judged("apportionments", tag_renamed, tmp_path)
    names = "listApportionments, createApportionment, deleteApportionment, getApportionment, updateApportionment"
    # All is in one line there.
    assert verdict == Verdict("minor", (Breakage(LINKS, "#tag/Apportionments", f"#tag/Rateios has {names} now", 1),))


def test_an_operation_that_loses_one_of_its_tags_breaks_links(tmp_path: Path) -> None:
    def edit(document: Spec, tags: list[str]) -> None:
        node(document, BILLS.id)["tags"] = tags

    tags = node(base("neu").spec, BILLS.id)["tags"]
    assert judged("neu", lambda document: edit(document, [*tags, "More"]), tmp_path) == Verdict("patch")
    gone = Breakage(LINKS, f"#tag/{tags[0]}", "nothing has listBills now", 1)
    assert judged("neu", lambda document: edit(document, []), tmp_path).breakages == (gone,)


@pytest.mark.parametrize(
    ("version", "level", "expected"),
    [
        ((0, 1, 3), "major", (0, 2, 0)),
        ((0, 1, 3), "minor", (0, 1, 4)),
        ((0, 1, 3), "patch", (0, 1, 4)),
        ((1, 2, 3), "major", (2, 0, 0)),
        ((1, 2, 3), "minor", (1, 3, 0)),
        ((1, 2, 3), "patch", (1, 2, 4)),
        ((1, 2, 3), "none", (1, 2, 3)),
    ],
)
def test_the_version_that_a_change_needs(
    version: tuple[int, int, int], level: str, expected: tuple[int, int, int]
) -> None:
    assert required(version, level) == expected


def test_entries_may_have_several_lines() -> None:
    text = "# Changelog\n\n- One\n  and on.\n- Two\n\nText.\n\n- Three\n"
    assert entries(text) == {"- One and on.", "- Two", "- Three"}


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository at version 0.1.0, tagged `v0`, that is judged."""
    monkeypatch.setattr(driver, "ROOT", tmp_path)
    # Not that of a hook that runs the tests.
    for name in os.environ:
        if name.startswith("GIT_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    shutil.copytree(REPOSITORY / "spec", tmp_path / "spec", ignore=shutil.ignore_patterns("overlays"))
    for name in ("pyproject.toml", "CHANGELOG.md"):
        shutil.copy(REPOSITORY / name, tmp_path)
    for path in (tmp_path / "pyproject.toml", *(tmp_path / "spec").glob("*.yaml")):
        text = path.read_text("utf-8")
        path.write_text(
            re.sub(r'^( *version( = |: )"?)\d+\.\d+\.\d+', r"\g<1>0.1.0", text, count=1, flags=re.M), "utf-8"
        )
    (tmp_path / "node_modules").symlink_to(REPOSITORY / "node_modules")
    author = ("-c", "user.name=Test", "-c", "user.email=test@example.com")
    for command in (["init", "-q"], ["add", "spec", "*.toml", "*.md"], [*author, "commit", "-qm", "x"], ["tag", "v0"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return tmp_path


@pytest.fixture
def diff(tree: Path, capsys: pytest.CaptureFixture[str]) -> Diff:
    """Exit status and lines of `make diff`."""

    def run(*revision: str) -> tuple[int, list[str]]:
        status = driver.main(revision)
        said = capsys.readouterr()
        return status, (said.out + said.err).splitlines()

    return run


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_a_breaking_change_is_refused_until_versions_and_changelog_say_so(tree: Path, diff: Diff) -> None:
    path = tree / "spec" / "apportionments.yaml"
    line = next(n for n, text in enumerate(path.read_text("utf-8").splitlines(), 1) if "- name: _q" in text)
    edit(path, "- name: _q", "- name: _text")
    edit(tree / "pyproject.toml", 'version = "0.1.0"', 'version = "0.1.9"')
    edit(tree / "CHANGELOG.md", "### Added\n", "### Changed\n- apportionments: `_q` is `_text`.\n\n### Added\n")
    status, said = diff("v0")
    said.remove("neu: nothing changed")
    assert said == [
        "apportionments: BREAKS (major)",
        "  on the wire: whoever calls the API, with our client or another",
        f"    {LISTING}: `_q` query parameter was removed. (spec/apportionments.yaml:{line} in v0)",
        "  in Python: programs that use contrato.apportionments, frames of it, "
        "scripts that use `contrato apportionments`",
        "    Apportionments.list_apportionments(q): Parameter was removed",
        "  new, or changed without harm",
        "    Apportionments.list_apportionments(text): str",
        "",
        "Still to do:",
        "  spec/apportionments.yaml: raise the version from 0.1.0 to 0.2.0",
        "  pyproject.toml: raise the version from 0.1.9 to 0.2.0",
        "  CHANGELOG.md: add an entry that names apportionments, with **Breaking**, what breaks and what to do instead",
    ]
    assert status == 1
    edit(path, "version: 0.1.0", "version: 0.2.0")
    edit(tree / "pyproject.toml", 'version = "0.1.9"', 'version = "0.2.0"')
    edit(tree / "CHANGELOG.md", "- apportionments: `_q`", "- **Breaking** apportionments: `_q`")
    status, said = diff("v0")
    assert said[-1] == "Versions and changelog are as these changes need them."
    assert status == 0


def test_a_moved_link_needs_an_entry_that_says_where_to(tree: Path, diff: Diff) -> None:
    path = tree / "spec" / "apportionments.yaml"
    text = path.read_text("utf-8")
    line = next(n for n, row in enumerate(text.splitlines(), 1) if "tags: [Apportionments]" in row)
    path.write_text(text.replace("tags: [Apportionments]", "tags: [Rateios]"), "utf-8")
    status, said = diff("v0")
    names = "listApportionments, createApportionment, deleteApportionment, getApportionment, updateApportionment"
    said.remove("neu: nothing changed")
    assert said == [
        "apportionments: breaks links, and no program (minor)",
        "  in links: whoever kept an address in the interactive reference, apportionments-interactive.html#tag/…",
        f"    #tag/Apportionments: #tag/Rateios has {names} now (spec/apportionments.yaml:{line})",
        "",
        "Still to do:",
        "  spec/apportionments.yaml: raise the version from 0.1.0 to 0.1.1",
        "  pyproject.toml: raise the version from 0.1.0 to 0.1.1",
        "  CHANGELOG.md: add an entry that names apportionments and where its links lead now",
    ]
    assert status == 1


def test_the_generator_is_that_of_the_checkout_and_not_the_installed_one(tmp_path: Path) -> None:
    shutil.copy(REPOSITORY / "overrides/generator/diff.py", tmp_path)
    (tmp_path / "generator").mkdir()
    script = (tmp_path / "diff.py").rename(tmp_path / "generator/diff.py")
    (tmp_path / "generator/generate.py").write_text("raise SystemExit('that of the checkout')", "utf-8")
    done = subprocess.run([sys.executable, script, "HEAD"], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "that of the checkout\n")


def test_a_revision_that_is_not_there_is_wrong_usage(diff: Diff) -> None:
    said = "git knows no commit 'v9' here: fetch it, or name another as BASE"
    assert diff("v9") == (2, [said])


@pytest.mark.parametrize("none", [(), ("",)])
def test_without_a_revision_it_says_what_to_type(diff: Diff, none: tuple[str, ...]) -> None:
    said = "Say what to compare with, a tag, a branch or a commit: make diff BASE=v0.1.0"
    assert diff(*none) == (2, [said])


def test_an_api_that_the_revision_has_not_breaks_nobody(tree: Path, diff: Diff) -> None:
    command = ["git", "rm", "-q", "--cached", "spec/neu.yaml"]
    subprocess.run(command, cwd=tree, check=True)
    author = ("-c", "user.name=Test", "-c", "user.email=test@example.com")
    subprocess.run(["git", *author, "commit", "-qm", "x"], cwd=tree, check=True)
    status, said = diff("HEAD")
    begin = said.index("neu: breaks nothing (minor: something is new)")
    assert said[begin + 1] == "  new, or changed without harm"
    assert "  CHANGELOG.md: add an entry that names neu and what is new in it" in said
    assert status == 1
