"""Learning from a server that is asked, in place of a recording."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import foreign
from contrato.cli import main
from contrato.core import spec
from contrato.learn import Learned, learn, record
from contrato.learn.learning import SEEN
from contrato.verify import Report, UsageError
from contrato.verify.har import read_readings

ASKED = ("listAccounts", "getAccount", "listPqrs")


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[foreign.Foreign, str]]:
    there = foreign.Foreign("neu")
    with foreign.serve(there) as url:
        yield there, url


@pytest.fixture(scope="module")
def recorded(server: tuple[foreign.Foreign, str]) -> tuple[bytes, Report]:
    return record("neu", server[1], foreign.TOKEN, only=ASKED, rate=0)


@pytest.fixture(scope="module")
def found(recorded: tuple[bytes, Report]) -> Learned:
    return learn("neu", [recorded[0]])


def told(learned: Learned, operation: str) -> dict[str, str]:
    return {
        one.question: one.reading
        for one in learned.drift.told
        if any(at.partition(" ")[0] == operation for at in one.at)
    }


def test_the_readings_are_those_of_the_server(found: Learned) -> None:
    assert {*ASKED} <= {*found.matches.found}
    readings = told(found, "listPqrs")
    # This one tells an answer, that one the comparison of several.
    assert readings["timestamp-zone"] == ("none" if foreign.is_settled("timestamp-zone") else "utc")
    assert readings["range-end"] == "included"
    assert told(found, "getAccount")["unknown-id"] == "404"


def test_the_overlay_names_them(found: Learned) -> None:
    """One that the examples show is settled; another one is for the next time, and for the reader."""
    overlay = found.overlay or {}
    if foreign.is_settled("unknown-id"):
        pytest.skip("the spec was learnt, and settles it")
    settled = {name: said for action in overlay["actions"] for name, said in _settled(action)}
    assert settled["unknown-id"] == "404"
    named = {(key.partition(" ")[0], reading) for key, reading in overlay[SEEN][""].items()}
    assert ("range-end", "included") in named


def _settled(action: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, said in (action.get("update") or {}).items() if isinstance(action.get("update"), dict) else ():
        if isinstance(said, dict) and "settled" in said:
            yield name, said["settled"]


def test_a_run_tells_what_its_recording_tells(recorded: tuple[bytes, Report], tmp_path: Path) -> None:
    content, report = recorded
    file = tmp_path / "run.har"
    file.write_bytes(content)
    assert learn("neu", [file]).overlay == learn("neu", [content]).overlay
    assert read_readings(file) == report.answers
    # Of another program, the comment tells nothing.
    document = json.loads(content)
    document["log"]["creator"]["name"] = "browser"
    assert read_readings(json.dumps(document).encode()) == {}


def test_nothing_is_written_and_nothing_secret_kept(
    server: tuple[foreign.Foreign, str], recorded: tuple[bytes, Report], found: Learned
) -> None:
    operations = spec.api("neu").operations
    assert all(operations[name].safe for name, _ in server[0].asked)
    assert foreign.TOKEN not in recorded[0].decode()
    assert foreign.TOKEN not in json.dumps(found.overlay)
    assert str(foreign.ACCOUNTS[0]["account_name"]) not in recorded[0].decode()


def test_a_server_that_writes_is_only_read_from() -> None:
    there = foreign.Foreign("apportionments")
    before = foreign.snapshot(there)
    with foreign.serve(there) as url:
        content, report = record("apportionments", url, foreign.TOKEN, rate=0, budget=20)
    assert foreign.snapshot(there) == before
    operations = spec.api("apportionments").operations
    assert there.asked
    assert all(operations[name].safe for name, _ in there.asked)
    assert report.requests <= 20
    found = learn("apportionments", [content])
    assert set(found.missing) >= {name for name, operation in operations.items() if not operation.safe}


def run(*arguments: str, token: str = foreign.TOKEN) -> Result:
    sent = () if "--har" in arguments else ("--rate", "0")
    # --since sets the overlay of the process.
    runner = CliRunner(env={"NEU_TOKEN": token, "NEU_OVERLAY": None})
    return runner.invoke(main, ["learn", "neu", *sent, *arguments], prog_name="contrato")


def test_options_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    assert "--har FILE" in run("-o", str(tmp_path / "overlay.json")).output
    nothing = run("--har", str(tmp_path / "none.har"), "--rate", "1")
    assert nothing.exit_code == 2
    assert "leave out --rate" in nothing.output


def test_a_server_that_refuses_the_token_is_not_learnt(server: tuple[foreign.Foreign, str], tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        record("neu", server[1], "another", rate=0)
    result = run("--base-url", server[1], "-o", str(tmp_path / "overlay.json"), token="another")
    assert result.exit_code == 2
    assert not (tmp_path / "overlay.json").exists()


@pytest.mark.slow
def test_the_command_asks_and_watches(server: tuple[foreign.Foreign, str], tmp_path: Path) -> None:
    """The next run is silent, as nothing is other; its reports have no token."""
    overlay = tmp_path / "neu.overlay.json"
    files = [overlay, tmp_path / "report.json", tmp_path / "report.html"]
    done = run("--base-url", server[1], "-o", str(overlay), "--json", str(files[1]), "--html", str(files[2]))
    assert done.exit_code == 0, done.stderr
    assert "15 of 15 operations matched" in done.stdout
    assert foreign.TOKEN not in "".join([done.output, *(file.read_text("utf-8") for file in files)])
    again = run("--base-url", server[1], "--since", str(overlay))
    assert (again.exit_code, again.stdout) == (0, ""), again.stderr
    before = overlay.read_text("utf-8")
    both = run("--base-url", server[1], "--since", str(overlay), "-o", str(overlay))
    assert both.exit_code == 2
    assert "leave out -o" in both.output
    assert overlay.read_text("utf-8") == before


@pytest.mark.slow
def test_what_is_not_there_any_more_is_told(tmp_path: Path) -> None:
    there = foreign.Foreign("neu")
    overlay = tmp_path / "neu.overlay.json"
    with foreign.serve(there) as url:
        assert run("--base-url", url, "-o", str(overlay)).exit_code == 0
        there.alter = lambda name, answer: foreign.Answer(404, {}) if name == "listPqrs" else answer
        gone = run("--base-url", url, "--since", str(overlay))
        stopped = run("--base-url", url, "--since", str(overlay), "--budget", "40")
    assert gone.exit_code == 1
    assert "listPqrs was not recognized" in gone.stdout
    assert stopped.exit_code != 0
