"""`contrato verify`: its options, what it writes, and how it refuses."""

from __future__ import annotations

import _thread
import json
import os
import pty
import re
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import junitparser
import pytest
from click.testing import CliRunner, Result

import contrato.verify
from command import CONTRATO, Run, on_terminal
from contrato.cli import main
from contrato.core import spec
from contrato.core.connection import Connection
from contrato.verify import RULES
from foreign import TOKEN, Answer, Foreign, serve

pytestmark = pytest.mark.slow

REPORTS = {"--html": "r.html", "--junit": "r.xml", "--save-har": "r.har", "--write-baseline": "r.toml"}
WITH_REPORTS = [word for pair in REPORTS.items() for word in pair]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run where files may be written, without a token in the environment, and shortly."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(contrato.verify, "verify", partial(contrato.verify.verify, examples=1))
    for api in spec.APIS:
        monkeypatch.delenv(f"{api.upper()}_TOKEN", raising=False)


@pytest.fixture
def foreign() -> Foreign:
    return Foreign("neu")


@pytest.fixture
def url(foreign: Foreign) -> Iterator[str]:
    with serve(foreign) as url:
        yield url


@pytest.fixture
def run() -> Run:
    def run(*arguments: object, exit_code: int = 0, token: str = TOKEN) -> Result:
        words = ["verify", *map(str, arguments)]
        result = CliRunner().invoke(
            main, words, env={"NEU_TOKEN": token, "APPORTIONMENTS_TOKEN": token}, prog_name="contrato"
        )
        assert result.exit_code == exit_code, result.output + repr(result.exception)
        assert TOKEN not in result.output
        if exit_code == 2:
            assert re.fullmatch(r"Error: [^\n]+\n", result.stderr), result.stderr
        return result

    return run


def breaking(name: str, answer: Answer) -> Answer:
    return replace(answer, status=500) if name == "getAccount" and answer.status == 200 else answer


# Explanations


def test_all_rules_are_listed_without_server_and_token(run: Run) -> None:
    text = " ".join(run("--explain", token="").stdout.split())
    for rule in RULES.values():
        assert f" {rule.name} {rule.sentence}" in text
    assert len(RULES) > 15


@pytest.mark.parametrize("name", RULES)
def test_each_rule_is_explained(run: Run, name: str) -> None:
    rule = RULES[name]
    text = " ".join(run("--explain", name).stdout.split())
    assert text.startswith(f"{name} {rule.sentence} {' '.join(rule.explanation.split())}")
    assert ("in read-only mode it is not run" in text) is rule.writes
    assert ("with --no-probes it is not run" in text) is rule.probes


def test_explanations_fit_the_terminal(run: Run) -> None:
    for arguments in (["--explain"], *(["--explain", name] for name in RULES)):
        shown, _ = on_terminal(["verify", *arguments], {})
        assert max(map(len, re.sub(r"\x1b\[[0-9;]*m", "", shown).splitlines())) <= 80


def test_a_rule_that_is_not_there_is_refused_with_a_suggestion(run: Run) -> None:
    assert "did you mean ignored_auth?" in run("--explain", "ignored_aut", exit_code=2).stderr
    assert "--explain lists all" in run("--explain", "zzz", exit_code=2).stderr


# Options


def test_what_is_missing_is_said_in_one_line(run: Run, url: str) -> None:
    assert "name an API: apportionments or neu" in run(exit_code=2).stderr
    assert "give --base-url URL" in run("neu", exit_code=2).stderr
    assert "set NEU_TOKEN" in run("neu", "--base-url", url, token="", exit_code=2).stderr
    problem = run("neu", "--base-url", url, "--only", "listAcounts", exit_code=2).stderr
    assert "listAccounts" in problem
    assert "with --har nothing is sent: leave out --mode, --save-har" in (
        run("neu", "--har", "x.har", "--mode", "read-only", "--save-har", "y.har", exit_code=2).stderr
    )
    assert "x.har" in run("neu", "--har", "x.har", exit_code=2).stderr


def test_help_names_the_exit_statuses(run: Run) -> None:
    text = run("--help").stdout
    for status in range(5):
        assert re.search(rf"^ +{status}  \w", text, re.MULTILINE)


def test_options_reach_the_run(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[Any, ...]] = []

    def stop(*arguments: Any, **options: Any) -> None:
        assert callable(options.pop("progress"))
        assert callable(options.pop("estimate"))
        calls.append((arguments, options))
        raise contrato.verify.UsageError("stop")

    monkeypatch.setattr(contrato.verify, "verify", stop)
    run("neu", "--base-url", "http://h", exit_code=2)
    assert calls[-1][0] == ("neu", "http://h", None)
    assert calls[-1][1] == {
        "seed": 1, "mode": None, "probes": None, "rate": None, "budget": None, "only": (), "skip": (), "strict": False,
        "values": {}, "max_failures": None, "max_time": None, "observer": None,
        "connection": Connection(),
    }  # fmt: skip
    words = "--seed 7 --mode own-records --no-probes --rate 2.5 --budget 9 --only a --only b --skip c --strict"
    words += " --value a.b=3 --max-failures 4 --max-time 9"
    run("neu", "--base-url", "http://h", *words.split(), exit_code=2)
    assert calls[-1][1] == {
        "seed": 7, "mode": "own-records", "probes": False, "rate": 2.5, "budget": 9, "only": ("a", "b"), "skip": ("c",),
        "strict": True, "values": {"a.b": "3"}, "max_failures": 4, "max_time": 9.0, "observer": None,
        "connection": Connection(),
    }  # fmt: skip
    monkeypatch.setenv("KEY", "k3y")
    words = "--ca-bundle a.pem --client-cert b.pem --insecure --proxy p:1 --timeout 2.5"
    given = ["--header", "X-Api-Key: $KEY", "--header", "X-Team: a: b", *words.split()]
    run("neu", "--base-url", "http://h", *given, exit_code=2)
    assert calls[-1][1]["connection"] == Connection(
        headers={"X-Api-Key": "k3y", "X-Team": "a: b"},
        ca_bundle="a.pem",
        client_cert="b.pem",
        insecure=True,
        proxy="p:1",
        timeout=2.5,
    )


def test_a_header_that_is_none_is_refused(run: Run) -> None:
    for header in ("X-Api-Key", "X-Api-Key: $NOT_SET_ANYWHERE", "Authorization: Basic x"):
        assert "--header" in run("neu", "--base-url", "http://h", "--header", header, exit_code=2).stderr


@pytest.mark.slow
@pytest.mark.parametrize("gone", ["stdout", "stderr", "both"])
def test_a_run_whose_reader_goes_away_removes_what_it_created(gone: str, tmp_path: Path) -> None:
    server = Foreign("apportionments")
    there = len(server.records)
    with serve(server) as url:
        command = [CONTRATO, "verify", "apportionments", "--base-url", url, "--only", "created_is_kept"]
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run(
            [*command, "--html", tmp_path / "report.html"],
            stdout=subprocess.PIPE if gone == "stderr" else writer,
            stderr=subprocess.PIPE if gone == "stdout" else writer,
            env={**os.environ, "APPORTIONMENTS_TOKEN": TOKEN},
        )
        os.close(writer)
    assert done.returncode == (0 if gone == "stderr" else 141)
    assert any(line.startswith("DELETE ") for line in server.log)
    assert len(server.records) == there
    assert (tmp_path / "report.html").exists()


def test_neither_headers_nor_the_proxy_are_in_the_command_that_repeats_the_run(run: Run, url: str) -> None:
    words = ["--only", "listAccounts", "--only", "answer", "--html", "r.html", "--timeout", "7"]
    run("neu", "--base-url", url, *words, "--header", "X-Api-Key: k3y-of-the-gateway")
    page = Path("r.html").read_text("utf-8")
    assert "k3y-of" not in page
    assert "--timeout 7" in page


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("verify neu --only listSer", {"listServices"}),
        ("verify neu --skip not_a_s", {"not_a_server_error"}),
        ("verify --explain ignored_a", {"ignored_auth"}),
        ("verify --explain listSer", set()),
    ],
)
def test_names_complete(words: str, names: set[str]) -> None:
    environment = {"_CONTRATO_COMPLETE": "bash_complete", "COMP_WORDS": f"contrato {words}"}
    environment["COMP_CWORD"] = str(len(words.split()))
    result = CliRunner().invoke(main, [], env=environment, prog_name="contrato")
    assert {line.partition(",")[2] for line in result.stdout.splitlines()} - {""} == names


# Reports


def test_a_failing_run_writes_every_report(run: Run, foreign: Foreign, url: str) -> None:
    foreign.alter = breaking
    only = ("--only", "getAccount", "--only", "not_a_server_error", "--mode", "read-only", "--rate", 0, "--no-probes")
    result = run("neu", "--base-url", url, *only, *WITH_REPORTS, exit_code=1)
    assert "1. getAccount: not_a_server_error" in result.stdout
    # A log is told how far a run is.
    line = r".*: \d+ requests, \d+ s\n"
    estimate = r"About \d+ requests to come, in \d+ s; .*\n"
    assert re.fullmatch(rf"Looking{line}{estimate}(\w{line})+", result.stderr), result.stderr
    page = Path("r.html").read_text("utf-8")
    command = re.sub(r"&#34;|&#39;", "'", page)
    assert (
        f"contrato verify neu --base-url {url} --mode read-only --no-probes --rate 0.0 --seed 1 "
        "--only getAccount --only not_a_server_error</code>" in command
    )
    junit = junitparser.JUnitXml.fromfile("r.xml")
    assert (junit.failures, junit.errors) == (1, 0)
    entries = json.loads(Path("r.har").read_text("utf-8"))["log"]["entries"]
    assert f" {len(entries)} requests in " in result.stdout
    assert {entry["response"]["status"] for entry in entries} >= {200, 500}
    (accepted,) = tomllib.loads(Path("r.toml").read_text("utf-8"))["accepted"]
    assert (accepted["operation"], accepted["rule"]) == ("getAccount", "not_a_server_error")
    for file in REPORTS.values():
        assert TOKEN not in Path(file).read_text("utf-8")


def test_a_baseline_is_written_completed_and_used(run: Run, foreign: Foreign, url: str) -> None:
    foreign.alter = lambda name, answer: (
        replace(answer, body=[{**one, "account_name": 5} for one in answer.body])
        if name == "getAccount" and answer.status == 200
        else answer
    )
    words = f"neu --base-url {url} --only getAccount --only response_schema_conformance --mode read-only --rate 0"
    given = words.split()
    run(*given, "--write-baseline", "b.toml", exit_code=1)
    file = Path("b.toml")
    before = len(foreign.log)
    assert "write a reason" in run(*given, "--baseline", "b.toml", exit_code=2).stderr
    assert "pass it as --baseline too" in run(*given, "--write-baseline", "b.toml", exit_code=2).stderr
    assert len(foreign.log) == before
    file.write_text(file.read_text("utf-8").replace('reason = ""', 'reason = "release 12"'), "utf-8")
    result = run(*given, "--baseline", "b.toml", "--write-baseline", "b.toml", exit_code=0)
    assert "release 12" in result.stdout
    assert "1 accepted by the baseline" in result.stdout
    assert file.read_text("utf-8").count('reason = "release 12"') == 1


@pytest.mark.parametrize("option", REPORTS)
def test_a_report_that_cannot_be_written_is_refused_before_the_run(
    run: Run, foreign: Foreign, url: str, option: str
) -> None:
    Path("folder").mkdir()
    for path, problem in (("absent/r", "No such file"), ("folder/../folder", "directory"), ("x" * 300, "too long")):
        result = CliRunner().invoke(main, ["verify", "neu", "--base-url", url, option, path], env={"NEU_TOKEN": TOKEN})
        assert result.exit_code == 2
        assert problem in result.stderr
    assert foreign.log == []
    assert [path.name for path in Path().iterdir()] == ["folder"]


def test_two_reports_need_two_files(run: Run, foreign: Foreign, url: str) -> None:
    problem = run("neu", "--base-url", url, "--html", "r", "--junit", "r", exit_code=2).stderr
    assert "r is named twice" in problem
    assert foreign.log == []


def test_a_crash_has_its_own_status_and_every_report(
    run: Run, foreign: Foreign, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*arguments: Any) -> Any:
        raise ZeroDivisionError("no such thing")

    foreign.alter = breaking
    monkeypatch.setattr("contrato.verify.conformance.from_schema", crash)
    chosen = [word for name in ("getAccount", "listServices", "not_a_server_error") for word in ("--only", name)]
    out = run("neu", "--base-url", url, *chosen, *WITH_REPORTS, exit_code=4).output
    assert "the suite itself crashed, which says nothing about the server: ZeroDivisionError: no such thing" in out
    assert "Traceback" not in out
    for file in ("r.html", "r.xml"):
        text = Path(file).read_text()
        assert "ZeroDivisionError" in text
        # Found before the crash.
        assert "not_a_server_error" in text
        assert "listServices" in text
    assert Path("r.har").exists()


def test_a_report_that_cannot_be_made_costs_no_other(run: Run, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*arguments: Any) -> Any:
        raise ZeroDivisionError("no such thing")

    monkeypatch.setattr("contrato.verify.reports.html.write", crash)
    result = run("neu", "--base-url", url, "--only", "listAccounts", *WITH_REPORTS, exit_code=4)
    assert "the suite itself crashed" in result.stderr
    assert Path("r.xml").exists()


def test_a_value_that_the_server_does_not_tell_is_asked_for_and_taken(run: Run) -> None:
    foreign = Foreign("apportionments")
    foreign.records.clear()
    with serve(foreign) as url:
        words = [
            "apportionments",
            "--base-url",
            url,
            "--mode",
            "own-records",
            "--rate",
            0,
            "--only",
            "createApportionment",
        ]
        out = run(*words, exit_code=3).output
        for name in ("company_id", "apportionment_type_id", "apportionment_tariff_type_id"):
            assert f"--value createApportionment.{name}=…" in out
        assert "createApportionment.name=" not in out
        ids = {"company_id": 30, "apportionment_type_id": 4, "apportionment_tariff_type_id": 2}
        ids["apportionment_measure_unit_id"] = 6
        values = [word for name, value in ids.items() for word in ("--value", f"createApportionment.{name}={value}")]
        out = run(*words, *values).output
    assert "passed" in out


def test_a_value_may_be_an_id_in_the_path_a_filter_or_a_list(run: Run) -> None:
    def empty(name: str, answer: Answer) -> Answer:
        return replace(answer, body=[]) if name in ("listAccounts", "listServices") and answer.body else answer

    foreign = Foreign("neu", empty)
    with serve(foreign) as url:
        words = ["neu", "--base-url", url, "--mode", "read-only", "--rate", 0, "--only", "getAccount"]
        words += ["--only", "queryConsumption", "--only", "response_schema_conformance"]
        assert "--value getAccount.id=…" in run(*words, exit_code=3).output
        values = ["getAccount.id=7001", "queryConsumption.Id_account=7001", "queryConsumption.Id_services=91000"]
        run(*words, *(word for value in values for word in ("--value", value)))
    given = [arguments for name, arguments in foreign.asked if name == "queryConsumption"]
    assert any(arguments.get("Id_services") == [91000] for arguments in given)
    assert ("getAccount", {"id": 7001}) in foreign.asked


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("getAcount.id=1", "no argument 'getAcount.id': choose from getAccount.id"),
        ("queryConsumption.Id_services=all", "its type is an array, written as JSON"),
        ("company_id=10", "is no OPERATION.ARGUMENT=VALUE"),
        ("createApportionment.company=10", "no argument 'createApportionment.company': choose from"),
        ("createApportionment.company_id=ten", "createApportionment.company_id=ten is no value for it"),
    ],
)
def test_a_value_that_is_none_is_refused(value: str, told: str, run: Run) -> None:
    api = "neu" if value.startswith(("getAcount", "queryConsumption")) else "apportionments"
    refused = run(api, "--base-url", "http://127.0.0.1:1", "--value", value, exit_code=2)
    assert told in refused.stderr


def test_an_interrupted_run_writes_its_reports(run: Run, foreign: Foreign, url: str) -> None:
    seen: list[str] = []

    def interrupt(name: str, answer: Answer) -> Answer:
        seen.append(name)
        if len(seen) == 40:
            _thread.interrupt_main()
        return answer

    foreign.alter = interrupt
    result = run("neu", "--base-url", url, *WITH_REPORTS, exit_code=3)
    assert "inconclusive, interrupted" in result.stdout
    assert "interrupted" in Path("r.html").read_text("utf-8")
    assert "came_to_its_end" in Path("r.xml").read_text("utf-8")
    assert json.loads(Path("r.har").read_text("utf-8"))["log"]["entries"]
    assert tomllib.loads(Path("r.toml").read_text("utf-8")) == {}


def test_what_a_run_saved_can_be_judged_again_without_the_server(run: Run, foreign: Foreign, url: str) -> None:
    run("neu", "--base-url", url, "--only", "listAccounts", "--mode", "read-only", "--rate", 0, "--save-har", "r.har")
    before = len(foreign.log)
    result = run("neu", "--har", "r.har", "--only", "listAccounts", "--html", "h.html")
    assert "recorded requests" in result.stdout
    assert "--seed" not in result.stdout
    assert "contrato verify neu --har r.har --only listAccounts" in Path("h.html").read_text("utf-8")
    assert len(foreign.log) == before


# On a terminal


def test_a_terminal_sees_the_run_go_on(url: str) -> None:
    controller, terminal = pty.openpty()
    words = "verify neu --only listAccounts --only answer --no-probes --base-url"
    command = [CONTRATO, *words.split(), url]
    environment = os.environ | {"NEU_TOKEN": TOKEN, "TERM": "xterm", "COLUMNS": "80"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=terminal, env=environment, text=True) as process:
        os.close(terminal)
        told = b""
        while True:
            try:
                told += os.read(controller, 65536)
            except OSError:  # (Linux says so at the end of a terminal.)
                break
        assert process.stdout is not None
        shown = process.stdout.read()
    os.close(controller)
    assert process.returncode == 0
    assert re.search(rb"Probing every operation.* \d+ requests", told)
    assert b" requests to come, in " in told
    assert "passed: 0 failures" in shown
    assert "Probing" not in shown


@pytest.mark.parametrize("where", [">&-", "> /dev/full"])
def test_a_report_that_cannot_be_written_is_one_line(tmp_path: Path, where: str) -> None:
    har, path = tmp_path / "one.har", spec.api("neu").operations["listAccounts"].path
    entry = {
        "request": {"method": "GET", "url": f"http://h{path}", "headers": []},
        "response": {"status": 200, "headers": [], "content": {"mimeType": "application/json", "text": "[]"}},
    }
    har.write_text(json.dumps({"log": {"entries": [entry]}}))
    command = ["sh", "-c", f'exec "$@" {where}', "sh", CONTRATO, "verify", "neu", "--har", str(har)]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    assert re.fullmatch(r"Error: cannot write standard output: .*\n", done.stderr)
    assert done.returncode == 2
