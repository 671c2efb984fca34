"""The script of the GitHub action, run as a runner runs it."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from starlette.requests import Request

from contrato.core.spec import APIS, Operation
from foreign import TOKEN, Answer, Foreign, serve

pytestmark = pytest.mark.slow

ACTION = Path.cwd() / ".github" / "actions" / "verify"
QUICK = """
--only listAccounts   # an operation, and "more
--only 'answers_come_in_time'
"""
Run = subprocess.CompletedProcess[str]


@pytest.fixture
def url() -> Iterator[str]:
    with serve(Foreign("neu")) as url:
        yield url


@pytest.fixture
def broken() -> Iterator[str]:
    def alter(name: str, answer: Answer) -> Answer:
        return replace(answer, status=500) if answer.status == 200 else answer

    with serve(Foreign("neu", alter)) as url:
        yield url


def environment(where: Path, url: str, options: str, api: str, headers: str = "") -> dict[str, str]:
    given = {"API": api, "BASE_URL": url, "TOKEN": TOKEN, "MODE": "", "OPTIONS": options, "HEADERS": headers}
    settings = {"BIN": str(Path(sys.executable).parent), "GITHUB_STEP_SUMMARY": str(where / "summary.md")}
    others = {name: value for name, value in os.environ.items() if not name.endswith("_TOKEN")}
    return others | given | settings | {"GITHUB_ACTION_PATH": str(ACTION)}


def run(where: Path, url: str, options: str = QUICK, api: str = "neu", headers: str = "") -> Run:
    command = ["bash", str(ACTION / "run.sh")]
    given = environment(where, url, options, api, headers)
    return subprocess.run(command, cwd=where, env=given, capture_output=True, text=True)


def step() -> dict[str, Any]:
    action = yaml.safe_load((ACTION / "action.yml").read_text("utf-8"))
    (step,) = [step for step in action["runs"]["steps"] if "run.sh" in step.get("run", "")]
    return cast(dict[str, Any], step)


def test_a_passing_server(tmp_path: Path, url: str) -> None:
    done = run(tmp_path, url)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {path.name for path in (tmp_path / "contrato-reports").iterdir()} == {
        "index.html",
        "junit.xml",
        "summary.txt",
    }
    assert "listAccounts" in (tmp_path / "summary.md").read_text("utf-8")
    assert "listBills" not in (tmp_path / "summary.md").read_text("utf-8")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_summary_that_cannot_be_written_changes_no_verdict(tmp_path: Path, url: str) -> None:
    (tmp_path / "summary.md").symlink_to("/dev/full")
    done = run(tmp_path, url)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the summary of the job could not be written" in done.stderr


def test_a_failing_server(tmp_path: Path, broken: str) -> None:
    done = run(tmp_path, broken, "--only listAccounts")
    assert done.returncode == 1, done.stdout + done.stderr
    assert TOKEN not in done.stdout + (tmp_path / "summary.md").read_text("utf-8")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_cancelled_job_leaves_no_record(tmp_path: Path, number: signal.Signals) -> None:
    """A runner signals the shell of the step alone, and kills what is left of its group later."""
    created = threading.Event()

    def alter(name: str, answer: Answer) -> Answer:
        if name == "createApportionment" and answer.status == 201:
            created.set()
        return answer

    server = Foreign("apportionments", alter)
    there = set(server.records)
    script = tmp_path / "step.sh"
    script.write_text(step()["run"], "utf-8")
    with serve(server) as url:
        given = environment(tmp_path, url, "--mode own-records --only created_is_kept --rate 5", "apportionments")
        command = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)]
        with subprocess.Popen(
            command, cwd=tmp_path, env=given, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
        ) as shell:
            assert created.wait(60)
            shell.send_signal(number)
            assert shell.wait() == 3
    assert set(server.records) == there
    assert "interrupted" in (tmp_path / "contrato-reports/summary.txt").read_text("utf-8")


def test_headers_are_sent_as_they_stand(tmp_path: Path) -> None:
    keys = set()

    class Gateway(Foreign):
        def _answer(self, operation: Operation, request: Request, path: str, raw: bytes) -> Answer:
            keys.add((request.headers.get("x-api-key"), request.headers.get("x-team")))
            return super()._answer(operation, request, path, raw)

    with serve(Gateway("neu")) as url:
        done = run(tmp_path, url, headers="X-Api-Key: $HOME-k3y-of-$1\nX-Team: a b\n")
    assert done.returncode == 0, done.stdout + done.stderr
    assert keys == {("$HOME-k3y-of-$1", "a b")}
    assert "k3y-of" not in done.stdout + "".join(path.read_text("utf-8") for path in tmp_path.rglob("*.*ml"))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "Error: "),
        ({"options": "--only 'listAccounts"}, "Close each quote"),
        ({"api": "nue"}, "api is 'nue'"),
    ],
)
def test_what_cannot_run_is_told_in_the_summary_and_leaves_no_report_of_an_earlier_run(
    tmp_path: Path, given: dict[str, str], told: str
) -> None:
    (tmp_path / "contrato-reports").mkdir()
    (tmp_path / "contrato-reports" / "index.html").write_text("passed", "utf-8")
    done = run(tmp_path, "http://127.0.0.1:9", **given)
    assert done.returncode == 2
    assert told in (tmp_path / "summary.md").read_text("utf-8")
    assert not (tmp_path / "contrato-reports" / "index.html").exists()


def test_no_module_of_the_workspace_is_run(tmp_path: Path) -> None:
    (tmp_path / "shlex.py").write_text("open('ran', 'w').close(); split = lambda *_, **__: []", "utf-8")
    run(tmp_path, "http://127.0.0.1:9")
    assert not (tmp_path / "ran").exists()


def test_no_module_of_the_workspace_is_run_to_install(tmp_path: Path) -> None:
    action = yaml.safe_load((ACTION / "action.yml").read_text("utf-8"))
    (step,) = [step for step in action["runs"]["steps"] if step.get("name") == "Install"]
    for module in ("venv.py", "logging.py", "platform.py"):
        (tmp_path / module).write_text("open('ran', 'w').close(); raise SystemExit", "utf-8")
    # A module in place of pip, which would take long.
    script = step["run"].replace("-m venv", "-m venv --without-pip").replace("-m pip install --quiet", "-m platform #")
    env = os.environ | {"PYTHON": sys.executable, "RUNNER_TEMP": str(tmp_path / "temporary")}
    done = subprocess.run(["bash", "-e", "-c", script], cwd=tmp_path, env=env, check=True, stdout=subprocess.PIPE)
    assert done.stdout  # The name of this platform.
    assert not (tmp_path / "ran").exists()


def test_options_are_never_run_and_quotes_must_be_closed(tmp_path: Path, url: str) -> None:
    done = run(tmp_path, url, "--only '$(touch ran)`touch ran`'")
    assert done.returncode == 2
    assert "$(touch ran)`touch ran`" in done.stdout
    assert not (tmp_path / "ran").exists()
    assert "Close each quote" in run(tmp_path, url, "--only 'listAccounts").stderr


def test_a_comment_begins_where_a_word_does(tmp_path: Path, url: str) -> None:
    done = run(tmp_path, url, "--only 'a # b' --nonsense#1 # --hidden")
    assert done.returncode == 2
    assert "--nonsense#1" in done.stdout
    assert "--hidden" not in done.stdout


def test_an_api_that_is_none_is_refused(tmp_path: Path) -> None:
    done = run(tmp_path, "http://127.0.0.1:9", api="PATH")
    assert (done.returncode, done.stderr) == (2, f"api is 'PATH': use {' or '.join(APIS)}\n")


def test_the_action_hands_every_input_to_the_script() -> None:
    action = yaml.safe_load((ACTION / "action.yml").read_text("utf-8"))
    script = (ACTION / "run.sh").read_text("utf-8")
    assert all(f"${name}" in script or f'"{name}"' in script or f"${{{name}:" in script for name in step()["env"])
    named = {value for value in step()["env"].values() if "inputs." in value}
    assert len(named) == len(set(action["inputs"]) - {"name"})
