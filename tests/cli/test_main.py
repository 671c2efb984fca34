"""The command itself: its help and completion."""

import re
import subprocess
import sys

import pytest
from click.shell_completion import BashComplete

from command import Run
from contrato.cli import main

pytestmark = pytest.mark.slow


def test_help_is_complete_and_imports_little(run: Run) -> None:
    text = run("--help").stdout
    for status in ("0", "1", "2", "3", "130", "141"):
        assert re.search(rf"^ +{status} +\w", text, re.MULTILINE)
    program = (
        "import sys; from contrato.cli import main; main(['--help'], standalone_mode=False); "
        "print(*{'httpx', 'rich', 'pyarrow', 'contrato.neu'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == ""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(run: Run, shell: str) -> None:
    script = run("completion", shell).stdout
    assert f"_CONTRATO_COMPLETE={shell}_complete" in script
    assert "contrato" in script


@pytest.mark.parametrize(
    ("words", "incomplete", "completed"),
    [
        (["neu"], "cons", {"consumption"}),
        (["neu", "consumption"], "--acc", {"--account"}),
        (["neu", "consumption", "--interval"], "d", {"daily"}),
        (["neu", "consumption", "--column"], "imported_r", {"imported_reactive_acum"}),
        (["apportionments"], "", {"list", "create", "get", "update", "delete"}),
    ],
)
def test_completion_completes(words: list[str], incomplete: str, completed: set[str]) -> None:
    complete = BashComplete(main, {}, "contrato", "_CONTRATO_COMPLETE")
    assert {item.value for item in complete.get_completions(words, incomplete)} == completed
