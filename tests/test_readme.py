"""The examples of the README and the guides run as they are written, against the bundled server, and have types."""

import os
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import pages
from contrato.core import spec
from contrato.mock import create_app
from serving import serving, url_of

pytestmark = pytest.mark.slow

ROOT = Path.cwd()
PAGES = [ROOT / "README.md", *(ROOT / "docs" / f"{name}.md" for name in pages.ENGLISH)]
README = PAGES[0].read_text("utf-8")
PYTHON = {
    f"{page.name}-{number}": code
    for page in PAGES
    for number, code in enumerate(
        re.findall(r"^```python\n(.*?)^```", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    )
}
COMMANDS = re.search(r"^## The command\n\n((?:    .*\n)+)", README, re.MULTILINE)
BIN = Path(sys.executable).parent


@pytest.fixture(scope="module", autouse=True)
def urls() -> Iterator[None]:
    """A bundled server in this process; the port that the README means may be taken."""
    with serving(create_app()) as server, pytest.MonkeyPatch.context() as patch:
        for api in map(spec.api, spec.APIS):
            patch.setenv(f"{api.name.upper()}_BASE_URL", url_of(server) + api.mount)
        yield


def run(command: list[str], where: Path) -> str:
    environment = os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "PYTHONWARNINGS": "error"}
    done = subprocess.run(command, cwd=where, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def execute(code: str, where: Path) -> None:
    file = where / "test_example.py"
    file.write_text(code, "utf-8")
    if "def test_" in code:
        run([sys.executable, "-m", "pytest", "-p", "no:cacheprovider", str(file)], where)
    else:
        runpy.run_path(str(file), run_name="__main__")


@pytest.mark.parametrize("name", PYTHON)
def test_python_examples(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if "write_excel" in PYTHON[name]:
        pytest.importorskip("xlsxwriter")
    monkeypatch.chdir(tmp_path)
    execute(PYTHON[name], tmp_path)


def test_python_examples_have_types(tmp_path: Path) -> None:
    files: list[str] = []
    for code in PYTHON.values():
        file = tmp_path / f"example_{len(files)}.py"
        file.write_text(code, "utf-8")
        files.append(str(file))
    # With the settings of `make check`, whose cache spares mypy from reading all libraries anew.
    done = subprocess.run([str(BIN / "mypy"), *files], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_first_example_is_short_and_prints_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = PYTHON["README.md-0"]
    assert len([line for line in first.splitlines() if line]) <= 10
    execute(first, tmp_path)
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 3
    assert all(re.fullmatch(r".+ 2021-1\d-\d\d [\d.]+ kWh [\d.]+ COP", line) for line in printed)


def test_commands(tmp_path: Path) -> None:
    assert COMMANDS is not None
    text = run(["bash", "-euc", COMMANDS[1]], tmp_path)
    assert "Panadería" in text
    assert (tmp_path / "consumption.parquet").read_bytes()[:4] == b"PAR1"


def test_the_readme_is_short() -> None:
    assert README.count("\n") <= 100


@pytest.mark.parametrize(
    "page", [*PAGES, ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md"], ids=lambda page: page.name
)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^):]+)\)", page.read_text("utf-8"))
    assert links
    assert not [link for link in links if not (page.parent / link.partition("#")[0]).exists()]
