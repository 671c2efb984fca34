"""Errors: one line, an exit status, and streams that cannot be written."""

import contextlib
import json
import re
import signal
import socket
import ssl
import subprocess
import threading
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from certificates import self_signed
from command import CONTRATO, STEERING, TOKEN, Canned, Run, buffered, rows, run_main
from contrato.cli import main, output

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("neu", "consumption"), "Missing option '--interval'"),
        (("neu", "consumption", "--interval", "weekly"), "'hourly', 'daily', 'monthly'"),
        (("neu", "bills", "--from", "20200101"), "no date like 2021-04-01"),
        (("neu", "bills", "--from", "01/02/2024"), "no date like 2021-04-01"),
        (("neu", "bills", "--from", "2020-02-30"), "'2020-02-30' does not exist: day is out of range for month"),
        (("neu", "bills", "--from", "2020-02-03T25:00"), "does not exist: hour must be in 0..23"),
        (("neu", "bills", "--service", "x"), "'--service': 'x' is not a valid integer"),
        (("neu", "account"), "Missing argument 'ID'"),
        (("neu", "account", "x"), "'x' is not a valid integer"),
        (("neu", "account", "1", "2"), "Got unexpected extra argument (2). See contrato neu account --help."),
        (("consumption",), "Did you mean contrato neu consumption? See contrato --help."),
        (("nue", "accounts"), "Did you mean contrato neu?"),
        (("Neu", "accounts"), "Did you mean contrato neu?"),
        (("rateios", "list"), "Did you mean contrato apportionments?"),
        (("zzz",), "There are apportionments, neu, completion, learn, mock, verify. See contrato --help."),
        (("--zzz",), "No such option '--zzz'. See contrato --help."),
        (("verify", "--zzz"), "No such option '--zzz'. See contrato verify --help."),
        (
            ("neu", "--token", "x", "accounts"),
            "Options come after the command: contrato neu COMMAND --token. See contrato neu --help.",
        ),
        (
            ("neu", "neuget-transactions", "--account", "41"),
            "'--account'. ID is an argument: contrato neu neuget-transactions ID. See contrato neu neuget-t",
        ),
        (
            ("apportionments", "update", "--id", "17"),
            "ID is an argument: contrato apportionments update ID. This command",
        ),
        (
            ("neu", "acounts"),
            "No such command 'acounts'. Did you mean contrato neu accounts or contrato neu account? See contrato neu",
        ),
        (("neu", "claims"), "Did you mean contrato neu pqrs?"),
        (("neu", "listBills"), "Did you mean contrato neu bills?"),
        (("neu", "a\x1b[2J\u202eb"), "No such command 'a[2Jb'."),
        (("neu", "zzz"), "There are accounts, account, services,"),
        (
            ("neu", "bills", "--account", "3"),
            "This command has --service, --from, --to, --page, and options of its own.",
        ),
        (("neu", "bills", "--form", "2020-01-01"), "Did you mean --format or --from?"),
        (("neu", "accounts", "--account", "3"), "The API takes no parameters here. See contrato neu accounts --help."),
        (("neu", "accounts", "-o", "a.xlsx"), "ends in none of .json"),
        (("neu", "accounts", "-f", "csv", "-o", "a.json"), "--format csv does not go with the name of a.json"),
        (("neu", "accounts", "--deadline", "0"), "'--deadline'"),
        (("neu", "accounts", "--timeout", "0"), "'--timeout'"),
        (("neu", "accounts", "--base-url", "ftp://x"), "no usable base URL: pass --base-url"),
        (("neu", "accounts", "--token", "a b"), "no usable token: pass --token"),
        (("neu", "accounts", "--token", "wrong"), "set NEU_TOKEN to a token that the API accepts"),
        (("neu", "accounts", "--base-url", "http://127.0.0.1:1", "--retries", "0"), "check --base-url"),
        (("neu", "accounts", "-o", "/no/such/folder/a.json"), "cannot write /no/such/folder/a.json: No such file"),
        (
            ("neu", "consumption", "--interval", "daily", "--from", "2020-02-01", "--to", "2020-01-01"),
            "--to (2020-01-01T00:00:00) is before --from (2020-02-01T00:00:00)",
        ),
        (
            ("neu", "bills", "--from", "2020-02-01T00:00Z", "--to", "2020-01-31T18:00"),
            "--to (2020-01-31T18:00:00) is before --from (2020-01-31T19:00:00)",
        ),
        (("apportionments", "update", "17"), "nothing to update: pass --json or any of --"),
        (("apportionments", "update", "17", "--json", "/dev/null"), "is no JSON"),
    ],
)
def test_wrong_usage_is_refused_in_one_line(run: Run, arguments: tuple[str, ...], problem: str) -> None:
    assert problem in run(*arguments, exit_code=2).stderr


def test_what_does_not_exist_has_an_exit_status_of_its_own(run: Run) -> None:
    missing = run("neu", "service", 1, exit_code=3).stderr
    assert "answered 404" in missing
    assert "look the id up with `contrato neu services`; if every command fails this way, check --base-url" in missing
    assert "204" in run("apportionments", "get", 1, exit_code=3).stderr


def test_refused_input_names_the_option(run: Run) -> None:
    some = ("--apportionment-type", 0, "--apportionment-tariff-type", 0, "--apportionment-measure-unit", 0)
    arguments = ("apportionments", "create", "--company", 0, *some, "--name", "x", "--description", "y")
    result = run(*arguments, exit_code=1)
    assert re.match("Error: the API refuses the input: company: ", result.stderr)


@pytest.mark.parametrize(
    ("status", "body", "problem", "exit_code"),
    [
        (200, '[{"id_service": "x"}]', "breaks the contract: expected", 1),
        (200, "<html>Bad gateway</html>", "contrato verify neu", 1),
        (200, f'[{{"token": "{TOKEN}"}}]', "breaks the contract", 1),
        (500, f"<html>\x1b[2J\n{TOKEN}</html>", "try again later", 1),
        (429, "", "higher --retries", 1),
        (418, "{}", "answered 418", 1),
        (302, "", "a status that the spec does not document", 1),
        (403, "{}", "pass --header", 2),
        (403, f'{{"refused": "{TOKEN}"}}', "pass --token", 2),
        (403, "<p>Ask the administrator</p>", "<p>Ask the administrator</p>", 2),
        (404, "{}", "check the path of --base-url, by default NEU_BASE_URL", 2),
    ],
)
def test_a_failing_server(run: Run, canned: Canned, status: int, body: str, problem: str, exit_code: int) -> None:
    canned.answers = [(status, body)]
    arguments = ("neu", "services", "--base-url", canned.url, "--retries", 0)
    result = run(*arguments, exit_code=exit_code)
    assert problem in result.stderr
    assert "\x1b" not in result.stderr


def test_a_redirect_says_where_to(run: Run, canned: Canned) -> None:
    canned.answers, canned.headers = [(302, "")], {"Location": "https://login.example/"}
    said = run("neu", "services", "--base-url", canned.url, exit_code=2).stderr
    assert "a redirect, which is not followed, to Location https://login.example/" in said
    assert said.endswith("if the API has moved there, change --base-url, by default NEU_BASE_URL\n")


def test_a_refusal_of_a_gateway_says_what_it_says_and_how_to_send_a_header(run: Run, canned: Canned) -> None:
    canned.answers = [(403, '{"message": "Missing API key"}')]
    said = run("neu", "services", "--base-url", canned.url, exit_code=2).stderr
    assert "Missing API key" in said
    assert "if a gateway wants a header, pass --header" in said


def test_a_certificate_that_is_not_trusted_says_why(run: Run, tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path, "server"))
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for _ in range(2):
                with (
                    contextlib.suppress(OSError),
                    context.wrap_socket(listener.accept()[0], server_side=True) as stream,
                ):
                    stream.recv(65536)
                    stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]")

        thread = threading.Thread(target=serve)
        thread.start()
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        said = run("neu", "services", "--base-url", url, exit_code=2).stderr
        assert "the certificate is not trusted: self-signed certificate" in said
        assert "--ca-bundle" in said
        assert rows(run("neu", "services", "--base-url", url, "--insecure")) == []
        thread.join()


@pytest.mark.parametrize(
    ("option", "value", "problem"),
    [
        ("--ca-bundle", "/nope", "--ca-bundle: cannot use /nope: No such file"),
        ("--client-cert", "/nope", "--client-cert: cannot use /nope: No such file"),
        ("--proxy", "gopher://x", "--proxy: must be the URL of a proxy"),
        ("--header", "X-Key secret", "--header: line 1 is no header"),
        ("--header", "X-Key: $NO_SUCH", "--header: X-Key takes its value from the environment, and 'NO_SUCH' is not"),
        ("--header", "Authorization: secret", "--header: the client sets the header Authorization"),
    ],
)
def test_a_setting_of_connections_that_cannot_be_used_is_refused(
    run: Run, option: str, value: str, problem: str
) -> None:
    said = run("neu", "services", option, value, exit_code=2).stderr
    assert problem in said
    assert "secret" not in said


def test_a_deadline_ends_a_call(run: Run, canned: Canned) -> None:
    canned.answers = [(200, "[]")]
    canned.go_on.clear()
    said = run("neu", "services", "--base-url", canned.url, "--deadline", 0.2, exit_code=1).stderr
    assert "ask for less at a time, or pass a higher --timeout or --deadline" in said


@pytest.mark.parametrize(
    ("seconds", "todo"), [(30, "wait 30 seconds, or pass a higher --retries\n"), (3600, "wait 3600 seconds\n")]
)
def test_a_wait_that_retries_cannot_bridge_is_not_said_to_be_one(
    run: Run, canned: Canned, seconds: int, todo: str
) -> None:
    canned.answers, canned.headers = [(429, "")], {"Retry-After": str(seconds)}
    retries = () if seconds > 60 else ("--retries", 0)
    assert run("neu", "services", "--base-url", canned.url, *retries, exit_code=1).stderr.endswith(todo)
    assert canned.count == 1


def test_what_a_server_says_in_an_error_does_not_steer_the_terminal(run: Run, canned: Canned) -> None:
    canned.answers = [(500, f"text {STEERING}")]
    said = run("neu", "services", "--base-url", canned.url, "--retries", 0, exit_code=1).stderr
    assert not set(said) & set("\x1b\x07\x9b\u202e\u2066\u200f")


def test_ctrl_c_ends_it_with_a_word_and_no_file(urls: dict[str, str], canned: Canned, tmp_path: Path) -> None:
    canned.answers = [(200, "[]")]
    canned.go_on.clear()
    command = [CONTRATO, "neu", "services", "--base-url", canned.url, "-o", str(tmp_path / "a.json")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=buffered(urls)) as process:
        assert process.stderr is not None
        assert canned.asked.wait(20)
        process.send_signal(signal.SIGINT)
        assert process.stderr.read() == "Interrupted.\n"
    assert process.returncode == 130
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_during_start_up_ends_it_with_a_word(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("contrato.cli.commands.operations", interrupted)
    for arguments in (["neu", "accounts"], ["neu", "--help"]):
        result = CliRunner().invoke(main, arguments, prog_name="contrato")
        assert (result.exit_code, result.output) == (130, "Interrupted.\n")


@pytest.mark.parametrize("arguments", [["neu", "accounts"], ["verify", "--explain", "answer"], ["completion", "bash"]])
def test_a_fault_of_our_own_has_a_status_of_its_own(monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> None:
    """Its text may have the token; its place is told."""

    def stumble(*given: Any, **more: Any) -> Any:
        raise RuntimeError("-".join(["very", "secret"]))

    monkeypatch.setattr("click.Context.invoke", stumble)
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 4
    assert "contrato itself failed, which says nothing about the API: RuntimeError; please report it" in result.stderr
    assert "in stumble" in result.stderr
    assert "very-secret" not in result.output


FULL, CLOSED = "> /dev/full", ">&-"
REASONS = {FULL: "No space left on device", CLOSED: "Bad file descriptor"}
EVERY_PLACE = pytest.mark.parametrize("where", REASONS)


@EVERY_PLACE
@pytest.mark.parametrize("name", output.FORMATS)
def test_rows_that_cannot_be_written_are_an_error(urls: dict[str, str], name: str, where: str) -> None:
    said = StringIO()
    with open("/dev/full", "w") as full:
        assert run_main(["neu", "services", "-f", name], urls, full if where == FULL else None, said) == 2
    assert said.getvalue() == f"Error: cannot write standard output: {REASONS[where]}\n"


@EVERY_PLACE
@pytest.mark.parametrize("arguments", [("neu", "services"), ("neu", "services", "--help"), ("--help",)], ids=" ".join)
def test_output_that_cannot_be_written_is_an_error_until_the_process_ends(
    urls: dict[str, str], arguments: tuple[str, ...], where: str
) -> None:
    command = ["sh", "-c", f'exec "$@" {where}', "sh", CONTRATO, *arguments]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, env=buffered(urls))
    assert done.stderr == f"Error: cannot write standard output: {REASONS[where]}\n"
    assert done.returncode == 2


def test_a_closed_output_that_nothing_is_written_to_is_no_error(urls: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    command = ["sh", "-c", 'exec "$@" >&- 2>&-', "sh", CONTRATO, "neu", "services", "-o", str(file)]
    assert subprocess.run(command, env=buffered(urls)).returncode == 0
    assert json.loads(file.read_text())


def test_a_reader_that_goes_away_is_no_error(urls: dict[str, str], account: dict[str, Any]) -> None:
    command = [CONTRATO, "neu", "consumption", "--account", str(account["id_account"]), "--interval", "hourly"]
    # More than a pipe holds.
    command += ["--from", "2020-02-01", "--to", "2020-02-13"]
    for name in ("json", "jsonl", "csv", "table"):
        with subprocess.Popen(
            [*command, "-f", name], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=buffered(urls)
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            assert process.stdout.readline()
            process.stdout.close()
            assert process.stderr.read() == b""
        assert process.returncode == 141
