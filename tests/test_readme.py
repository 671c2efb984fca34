"""What the README shows runs as it is written, against the bundled server."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from contrato.core.spec import APIS

pytestmark = pytest.mark.slow

README = Path("README.md").resolve().read_text("utf-8")
PYTHON = re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
COMMANDS = re.search(r"^### The command\n\n((?:    .*\n)+)", README, re.MULTILINE)
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


@pytest.mark.parametrize("code", PYTHON, ids=range(len(PYTHON)))
def test_python_examples(code: str, tmp_path: Path) -> None:
    run([sys.executable, "-c", code], tmp_path)


def test_the_first_example_is_short_and_prints_figures(tmp_path: Path) -> None:
    assert len(PYTHON) == 5
    assert len([line for line in PYTHON[0].splitlines() if line]) <= 10
    assert re.fullmatch(r".+ \d+ kWh\n[\d.]+ COP\n", run([sys.executable, "-c", PYTHON[0]], tmp_path))


def test_commands(tmp_path: Path) -> None:
    assert COMMANDS is not None
    text = run(["bash", "-euc", COMMANDS[1]], tmp_path)
    assert "Panadería" in text
    assert (tmp_path / "consumption.parquet").read_bytes()[:4] == b"PAR1"
    assert (tmp_path / "year.png").read_bytes()[1:4] == b"PNG"
