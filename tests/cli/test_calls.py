"""Calls of operations: arguments, answers and what the command says of them."""

import contextlib
import csv
import io
import json
import os
import pty
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from command import (
    CONTRATO,
    OPERATIONS,
    YEAR,
    Canned,
    Run,
    buffered,
    rows,
    run_main,
    terminal,
)
from contrato.cli import calls, main, operations
from contrato.core import spec
from contrato.core.tables import tables

pytestmark = pytest.mark.slow


def some_value(run: Run, parameter: spec.Parameter) -> Any:
    """A value that exists on the server, or the one of the spec."""
    if parameter.schema.enum:
        return parameter.schema.enum[0].lower()
    for reference in parameter.refers_to:
        source = parameter.api.operations[reference.operation]
        api, name = next(key for key, operation in OPERATIONS.items() if operation is source)
        return rows(run(api, name))[0][reference.pointer.rpartition("/")[2]]
    return {"From": "2020-03-01", "To": "2020-04-02T00:00"}[parameter.known_name]


@pytest.mark.parametrize(("api", "name"), [key for key, op in OPERATIONS.items() if op.safe], ids=str)
def test_every_command_that_reads_runs(run: Run, api: str, name: str) -> None:
    operation = OPERATIONS[api, name]
    arguments: list[Any] = []
    for parameter, option in operations.options(operation).items():
        if parameter.positional:
            arguments.append(some_value(run, parameter))
        elif parameter.required or parameter.known_name in ("Id_account",):
            arguments += [f"--{option}", some_value(run, parameter)]
    result = run(api, name, *arguments)
    found = rows(result) if tables(operation).many else [rows(result)]
    assert found
    # Flat columns have the same values.
    lines = list(csv.DictReader(io.StringIO(run(api, name, *arguments, "-f", "csv").stdout)))
    assert len(lines) == len(found)
    for line, row in zip(lines, found, strict=True):
        for column in tables(operation).columns:
            if isinstance(value := row.get(column.name), str | int | float):
                assert line[column.name] == (str(value).lower() if isinstance(value, bool) else str(value))


def test_records_are_created_updated_and_deleted(run: Run, tmp_path: Path) -> None:
    model = rows(run("apportionments", "list"))[0]
    fields = {
        "company_id": model["company"]["id"],
        "apportionment_type_id": model["apportionment_type"]["id"],
        "apportionment_tariff_type_id": model["apportionment_tariff_type"]["id"],
        "apportionment_measure_unit_id": model["apportionment_measure_unit"]["id"],
        "name": "Filial Campinas",
        "description": "from JSON",
    }
    created = rows(run("apportionments", "create", "--json", "-", "--description", "Ações", input=json.dumps(fields)))
    assert (created["name"], created["description"]) == ("Filial Campinas", "Ações")
    file = tmp_path / "fields.json"
    file.write_text('{"limit_day": 7}')
    updated = rows(run("apportionments", "update", created["id"], "--mixed-consumption", "--json", file))
    assert (updated["limit_day"], updated["mixed_consumption"]) == (7, True)
    assert rows(run("apportionments", "update", created["id"], "--no-mixed-consumption"))["mixed_consumption"] is False
    assert rows(run("apportionments", "get", created["id"]))["id"] == created["id"]
    result = run("apportionments", "delete", created["id"], "--yes")
    gone = f"id {created['id']} is gone: The apportionment was deleted (204), or it was not there before.\n"
    assert (result.stdout, result.stderr) == ("", gone)
    # Nobody can tell, so nothing else is said.
    assert run("apportionments", "delete", created["id"], "--yes").stderr == gone
    assert "does not exist" in run("apportionments", "get", created["id"], exit_code=3).stderr
    assert "204" in run("apportionments", "update", created["id"], "--name", "x", exit_code=3).stderr


def test_deleting_asks(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = rows(run("apportionments", "list"))[0]["id"]
    assert "--yes" in run("apportionments", "delete", kept, exit_code=2).stderr
    # CliRunner puts its own standard input in the place of ours.
    monkeypatch.setattr("contrato.cli.calls._is_interactive", lambda: True)
    declined = CliRunner().invoke(main, ["apportionments", "delete", str(kept)], input="n\n")
    assert declined.exit_code == 2
    assert f"Delete an apportionment: id {kept}? [y/N]" in declined.stderr
    assert "nothing was deleted" in declined.stderr
    assert run("apportionments", "get", kept)
    run("apportionments", "delete", kept, input="y\n")
    run("apportionments", "get", kept, exit_code=3)


def test_required_fields_may_come_from_json_or_options_but_must_come(run: Run) -> None:
    assert "Missing option '--company'" in run("apportionments", "create", "--name", "x", exit_code=2).stderr
    for text, problem in [
        ("{", "is no JSON"),
        ("[]", "one JSON object is wanted"),
        ('{"nome": 1}', "nome: no such field, choose from apportionment_tariff_type_id, name,"),
    ]:
        result = run("apportionments", "update", 1, "--json", "-", input=text, exit_code=2)
        assert problem in result.stderr
    result = run("apportionments", "update", 1, "--json", "-", input='{"limit_day": "soon"}', exit_code=2)
    assert "limit-day must be int, not 'soon'" in result.stderr


def test_a_long_range_is_read_in_windows_and_ends_before_its_end(
    run: Run, account: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    import httpx

    from contrato.core.network import Transport

    requests: list[httpx.Request] = []
    send = Transport.handle_request

    def spy(self: Transport, request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return send(self, request)

    monkeypatch.setattr(Transport, "handle_request", spy)
    service = account["services"][0]["id_service"]
    arguments = ("consumption", "--service", service, "--interval", "HOURLY", "--from", "2020-01-31T22:00")
    found = rows(run("neu", *arguments, "--to", "2020-03-01T02:00"))
    assert len(requests) == 3
    assert [row["date"] for row in found] == sorted({row["date"] for row in found})
    assert len(found) == 2 + 29 * 24 + 2
    assert (found[0]["date"], found[-1]["date"]) == ("2020-01-31T22:00:00-05:00", "2020-03-01T01:00:00-05:00")
    # Moments are converted: 03:00 in UTC is 22:00 in Bogotá.
    arguments = (*arguments[:-1], "2020-02-01T03:00Z")
    assert rows(run("neu", *arguments, "--to", "2020-03-01T02:00")) == found


def test_all_pages_or_one(run: Run) -> None:
    everything = rows(run("neu", "bills", *YEAR))
    assert len(everything) > 20
    assert rows(run("neu", "bills", *YEAR, "--page", 2)) == everything[20:40]
    empty = "No rows. There may be none in the range of --from and --to.\n"
    assert run("neu", "bills", *YEAR, "--page", 99).stderr == empty
    everything = rows(run("apportionments", "list", "--limit", 7))
    assert rows(run("apportionments", "list", "--limit", 7, "--page", 3)) == everything[14:21]
    result = run("apportionments", "list", "-q", "Zzz", exit_code=2)
    assert "No such option" in result.stderr
    result = run("apportionments", "list", "--q", "no such name")
    assert (rows(result), result.stderr) == ([], "No rows.\n")


def test_no_rows_says_where_ids_are(run: Run) -> None:
    days = ("--from", "2020-01-01", "--to", "2020-01-03")
    said = run("neu", "consumption", "--interval", "daily", *days, "--account", 999).stderr
    lists = "`contrato neu accounts` lists what --account can be."
    assert said == f"No rows. There may be none in the range of --from and --to. {lists}\n"
    said = run("neu", "rule-history", "--project", 999).stderr
    assert said == "No rows. `contrato neu services` lists what --project can be.\n"


def test_a_missing_token_says_where_to_put_it() -> None:
    result = CliRunner().invoke(main, ["neu", "accounts"], env={"NEU_TOKEN": None}, prog_name="contrato")
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: no usable token: pass --token or set NEU_TOKEN")


def test_a_failure_in_a_long_range_says_what_was_read(run: Run, canned: Canned, tmp_path: Path) -> None:
    start = OPERATIONS["neu", "consumption"].parameter("From").name
    failed, months = (500, ""), ("--from", "2021-01-01", "--to", "2021-04-01")
    arguments = ("neu", "consumption", "--interval", "daily", *months, "--base-url", canned.url, "--retries", 0)
    canned.answers = [failed]
    said = run(*arguments, exit_code=1).stderr
    assert "was read" not in said
    file = tmp_path / "a.csv"
    assert f"; nothing was written to {file}; " in run(*arguments, "-o", file, exit_code=1).stderr
    # Windows are requested together, so the server tells them apart.
    canned.answers, canned.when = [(200, "[]")], {(start, "2021-01-31T00:00:00"): failed}
    said = run(*arguments, exit_code=1).stderr
    assert "; what comes before 2021-02-01T00:00:00 was read; " in said
    said = run(*arguments, "-o", file, exit_code=1).stderr
    assert f"; nothing was written to {file}; " in said
    assert "was read" not in said
    assert "nothing was written" not in run(*arguments, "-f", "csv", "-o", "/dev/null", exit_code=1).stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("key", "status", "said"),
    [("C", 130, "Interrupted.\n"), ("D", 2, "\nError: nothing was deleted\n")],
    ids=["Ctrl-C", "Ctrl-D"],
)
def test_a_question_can_be_left(urls: dict[str, str], canned: Canned, key: str, status: int, said: str) -> None:
    canned.answers = [(204, "")]
    controller, terminal = pty.openpty()
    command = [CONTRATO, "apportionments", "delete", "17", "--base-url", canned.url]
    pipes: dict[str, Any] = {"stdin": terminal, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **pipes, env=buffered(urls)) as process:
        assert process.stderr is not None
        asked = b""
        while not asked.endswith(b"[y/N]: "):
            asked += (character := process.stderr.read(1))
            assert character, asked
        while process.poll() is None:
            # A signal has no effect between the question and the wait for its answer.
            while "sleeping" not in Path(f"/proc/{process.pid}/status").read_text():
                time.sleep(0.01)
            if key == "C":
                process.send_signal(signal.SIGINT)
            else:
                os.write(controller, b"\x04")
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(3)
        assert process.stderr.read().decode() == said
    os.close(terminal)
    os.close(controller)
    assert process.returncode == status
    assert canned.count == 0


def test_a_pipe_gets_no_progress_bar(run: Run) -> None:
    assert run("neu", "bills", *YEAR).stderr == ""


def test_a_reader_that_goes_away_ends_the_requests_and_the_progress_bar(
    urls: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = set(threading.enumerate())
    # Some versions of Python keep the generator that the error leaves, others close it by themselves.
    kept: list[Any] = []
    original = calls._answers

    def keeping(*arguments: Any) -> Any:
        kept.append(original(*arguments))
        return kept[-1]

    monkeypatch.setattr(calls, "_answers", keeping)
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w") as out, terminal() as (err, _):
        assert run_main(["neu", "consumption", "--interval", "daily", *YEAR], urls, out, err) == 141
    # Requests that are under way end by themselves, and hold nobody.
    for thread in threading.enumerate():
        if thread.daemon and thread.name == "contrato-windows":
            thread.join(30)
    # (At the end of the process the bar would wait for its thread for ever.)
    assert set(threading.enumerate()) == before


def test_a_header_is_sent_with_a_value_from_the_environment(
    run: Run, canned: Canned, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEWAY", "key-8f3a77")
    monkeypatch.setenv("NEU_HEADERS", "X-Stage: test")
    canned.answers = [(403, "you sent key-8f3a77")]
    said = run("neu", "services", "--base-url", canned.url, "--header", "X-Api-Key: $GATEWAY", exit_code=2).stderr
    assert canned.sent["X-Api-Key"] == "key-8f3a77"
    assert canned.sent["X-Stage"] == "test"
    assert "you sent [secret]" in said
