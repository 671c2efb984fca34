"""A proposal in use: at run time, in the files of the spec, and from the command line."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from ruamel.yaml import YAML

import elsewhere
import overlays
from contrato.cli import main
from contrato.core.spec import Api, overlaid
from contrato.learn import Learned, learn, reports
from contrato.neu import Neu
from generator.learn import change
from serving import serving, url_of

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def other() -> elsewhere.Other:
    return elsewhere.Other("neu")


@pytest.fixture(scope="module")
def har(other: elsewhere.Other, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("learn") / "session.har"
    file.write_text(elsewhere.har(elsewhere.recording(other, times=4)), "utf-8")
    return file


@pytest.fixture(scope="module")
def found(har: Path) -> Learned:
    return learn("neu", [har])


@pytest.fixture(scope="module")
def overlay(found: Learned, har: Path) -> Path:
    file = har.with_name("neu.overlay.json")
    reports.write_overlay(file, found)
    return file


@pytest.fixture(scope="module")
def url(other: elsewhere.Other, found: Learned) -> Iterator[str]:
    with serving(other) as server:
        yield url_of(server) + found.base


@pytest.mark.slow
def test_an_overlay_stays_when_the_disk_is_full(
    found: Learned, tmp_path: Path, full_disk: Callable[[], AbstractContextManager[None]]
) -> None:
    file = tmp_path / "neu.overlay.json"
    file.write_text("earlier")
    with pytest.raises(OSError, match="large"), full_disk():
        reports.write_overlay(file, found)
    assert [it.read_text() for it in tmp_path.iterdir()] == ["earlier"]


def test_the_client_reads_the_server(url: str, overlay: Path) -> None:
    with Neu("demo", url, overlay=overlay) as neu:
        (account, *_) = neu.list_accounts()
        assert neu.get_account(account.id_account)[0].id_account == account.id_account
        assert len(list(neu.list_bills(from_="2020-01-01", to="2020-12-01"))) > 20


@pytest.mark.slow
def test_the_suite_passes_with_the_overlay(url: str, overlay: Path) -> None:
    command = [str(Path(sys.executable).with_name("contrato")), "verify", "neu", "--base-url", url]
    rules = [word for rule in ("response_schema_conformance", "filters_select") for word in ("--only", rule)]
    done = subprocess.run(
        [*command, "--mode", "read-only", "--rate", "0", "--overlay", str(overlay), *rules],
        env={**os.environ, "NEU_TOKEN": "demo"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments), prog_name="contrato")


@pytest.mark.slow
def test_the_command_writes_what_it_found(har: Path, tmp_path: Path) -> None:
    written = tmp_path / "neu.overlay.json"
    result = run("learn", "neu", "--har", str(har), "-o", str(written), "--json", str(tmp_path / "r.json"))
    assert result.exit_code == 0, result.output
    assert "15 of 15 operations matched" in result.output
    assert written.exists()
    assert run("learn", "neu", "--har", str(har), "--since", str(written)).output == ""
    nothing = run("learn", "apportionments", "--har", str(har), "-o", str(tmp_path / "none.json"))
    assert nothing.exit_code == 2
    assert not (tmp_path / "none.json").exists()
    assert run("learn", "neu", "--har", str(har), "--map", "listBills").exit_code == 2


@pytest.mark.slow
def test_the_spec_keeps_its_comments_and_its_order(found: Learned, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "spec", tmp_path / "spec")
    source = tmp_path / "spec" / "neu.yaml"
    before = source.read_text("utf-8")
    change(source, found.overlay or {})
    after = source.read_text("utf-8")
    document: Any = YAML(typ="safe", pure=True).load(after)
    read = Api("neu", document)
    assert list(read.operations) == list(found.api.operations)
    expected = overlaid("neu", found.overlay or {})
    assert {o.id: (o.method, o.path, list(o.keys)) for o in read.operations.values()} == {
        o.id: (o.method, o.path, list(o.keys)) for o in expected.operations.values()
    }
    for language in overlays.LANGUAGES:
        assert list(overlays.problems(source, language)) == []
    comments = [line.strip() for line in before.splitlines() if line.strip().startswith("#")]
    if not comments:
        pytest.skip("the spec was written without comments, and in another order")
    kept = [line.strip() for line in after.splitlines() if line.strip().startswith("#")]
    assert len(kept) > len(comments) * 0.8
    same = set(before.splitlines()) & set(after.splitlines())
    assert len(same) > 0.7 * len(set(before.splitlines()))
