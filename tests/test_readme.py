"""The examples of the README and the guides run as they are written, against the bundled server, and have types."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from contrato.core.spec import APIS

pytestmark = pytest.mark.slow

ROOT = Path.cwd()
PAGES = [ROOT / "README.md", *(ROOT / "docs" / f"{name}.md" for name in ("client", "command", "verify"))]
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
    """A bundled server in a process of its own; the port that the README means may be taken."""
    server = subprocess.Popen([BIN / "contrato", "mock", "--port", "0"], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        found = re.findall(r"(\w+) at (\S+?)/?[,;]", server.stdout.readline())
        assert {api for api, _ in found} == set(APIS)
        with pytest.MonkeyPatch.context() as patch:
            for api, url in found:
                patch.setenv(f"{api.upper()}_BASE_URL", url)
            yield
    finally:
        server.terminate()
        server.communicate()


def run(command: list[str], where: Path) -> str:
    environment = os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "PYTHONWARNINGS": "error"}
    done = subprocess.run(command, cwd=where, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", PYTHON)
def test_python_examples(name: str, tmp_path: Path) -> None:
    run([sys.executable, "-c", PYTHON[name]], tmp_path)


def test_python_examples_have_types(tmp_path: Path) -> None:
    files: list[str] = []
    for code in PYTHON.values():
        file = tmp_path / f"example_{len(files)}.py"
        file.write_text(code, "utf-8")
        files.append(str(file))
    # With the settings of `make check`, whose cache spares mypy from reading all libraries anew.
    done = subprocess.run([str(BIN / "mypy"), *files], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_first_example_is_short_and_prints_figures(tmp_path: Path) -> None:
    first = PYTHON["README.md-0"]
    assert len([line for line in first.splitlines() if line]) <= 10
    printed = run([sys.executable, "-c", first], tmp_path).splitlines()
    assert len(printed) == 3
    assert all(re.fullmatch(r".+ 2021-1\d-\d\d [\d.]+ kWh [\d.]+ COP", line) for line in printed)


def test_commands(tmp_path: Path) -> None:
    assert COMMANDS is not None
    text = run(["bash", "-euc", COMMANDS[1]], tmp_path)
    assert "Panadería" in text
    assert (tmp_path / "consumption.parquet").read_bytes()[:4] == b"PAR1"


def test_the_readme_is_short() -> None:
    assert README.count("\n") <= 150


@pytest.mark.parametrize(
    "page", [*PAGES, ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md"], ids=lambda page: page.name
)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^):]+)\)", page.read_text("utf-8"))
    assert links
    assert not [link for link in links if not (page.parent / link.partition("#")[0]).exists()]
