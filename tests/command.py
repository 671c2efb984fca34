"""Runs of the command, for the tests of it."""

import contextlib
import json
import os
import pty
import re
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TextIO
from unittest.mock import patch
from urllib.parse import parse_qsl, urlsplit

import pytest
from click.testing import Result

from contrato import apportionments, neu
from contrato.cli import main, operations
from contrato.core import places, spec

CONTRATO = str(Path(sys.executable).with_name("contrato"))
TOKEN = "tok-93ab51"
CLIENTS: dict[str, Any] = {"neu": neu.Neu, "apportionments": apportionments.Apportionments}
OPERATIONS = {(api, name): op for api in spec.APIS for name, op in operations.operations(api).items()}
EVERY_OPERATION = pytest.mark.parametrize(("api", "name"), OPERATIONS, ids=lambda value: str(value))
YEAR = ("--from", "2021-01-01", "--to", "2022-01-01")
Run = Callable[..., Result]


def environment(urls: dict[str, str]) -> dict[str, str]:
    settings = {f"{api.upper()}_BASE_URL": url for api, url in urls.items()}
    return settings | {f"{api.upper()}_TOKEN": TOKEN for api in urls}


def buffered(urls: dict[str, str]) -> dict[str, str]:
    """An environment for processes, in which output waits in buffers as it does for users."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"} | environment(urls)


def check_error(text: str) -> None:
    """Check that an error is one line, without a traceback."""
    assert re.fullmatch(r"Error: [^\n]+\n", text), text
    assert "Traceback" not in text


def rows(result: Result) -> Any:
    return json.loads(result.stdout)


class Canned(ThreadingHTTPServer):
    """Answers every request with what it is told, one after the other, the last one ever after."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Canned)
        self.answers: list[tuple[int, str]] = []
        self.headers: dict[str, str] = {}
        # Headers of the last request.
        self.sent: Any = {}
        # Answers to requests of NEU in which an argument with this name has this value.
        self.when: dict[tuple[str, str], tuple[int, str]] = {}
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.asked = threading.Event()
        # From this request on, an answer waits for `go_on`.
        self.count, self.hold_at, self.answered = 0, 1, 0
        self.go_on = threading.Event()
        self.go_on.set()


class _Canned(BaseHTTPRequestHandler):
    server: Canned

    def given(self, body: bytes) -> set[tuple[str, str]]:
        """Names and values of the arguments of a request of NEU."""
        url = urlsplit(self.path)
        operation = spec.api("neu").match(self.command, url.path)
        assert operation is not None
        headers = {name.lower(): value for name, value in self.headers.items()}
        found = places.arguments(operation, url.path, parse_qsl(url.query), headers, json.loads(body or b"null"))
        return {(name, str(value)) for (_, name), value in found.items()}

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.sent = self.headers
        answers, when = self.server.answers, self.server.when
        found = [answer for argument, answer in when.items() if argument in self.given(body)]
        status, text = found[0] if found else answers.pop(0) if len(answers) > 1 else answers[0]
        self.server.asked.set()
        self.server.count += 1
        if self.server.count >= self.server.hold_at:
            self.server.go_on.wait(20)
        self.server.answered += 1
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        for header in self.server.headers.items():
            self.send_header(*header)
        self.end_headers()
        # (Who asked may be gone.)
        with contextlib.suppress(BrokenPipeError):
            self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None: ...


STEERING = "a\x1b[2J\x07b\x9b\u202ec\u2066\u200f\nd"
HARMLESS = "a[2Jbc d"


def services(canned: Canned, *names: str) -> tuple[str, ...]:
    """Have the server answer with services of these names. Returns the command that lists them."""
    service = spec.api("neu").example("Service")
    canned.answers = [(200, json.dumps([{**service, "name": name} for name in names]))]
    return ("neu", "services", "--base-url", canned.url)


@contextlib.contextmanager
def terminal(encoding: str = "utf-8") -> Iterator[tuple[TextIO, list[bytes]]]:
    """Give a terminal to write to, and what it shows, which is complete after the block."""
    pieces: list[bytes] = []
    controller, other = pty.openpty()

    def read() -> None:
        with contextlib.suppress(OSError):  # (Linux raises it at the end of a terminal.)
            while piece := os.read(controller, 65536):
                pieces.append(piece)
        os.close(controller)

    thread = threading.Thread(target=read)
    thread.start()
    with open(other, "w", encoding=encoding) as stream:
        yield stream, pieces
    thread.join()


def run_main(arguments: Sequence[str], urls: dict[str, str], stdout: TextIO | None, stderr: TextIO) -> int:
    """Run the command in this process with these streams, None for a closed one; return its exit status."""
    with (
        patch.dict(os.environ, environment(urls) | {"TERM": "xterm", "COLUMNS": "80"}),
        contextlib.redirect_stdout(stdout),
        contextlib.redirect_stderr(stderr),
    ):
        with pytest.raises(SystemExit) as ended:
            main(arguments, prog_name="contrato")
        if stdout is None:
            # The command has opened one.
            sys.stdout.close()
    assert isinstance(ended.value.code, int)
    return ended.value.code


def on_terminal(arguments: Sequence[str], urls: dict[str, str]) -> tuple[str, str]:
    """Run the command with stdout and stderr on terminals of their own; return what each shows."""
    with terminal() as (out, shown), terminal() as (err, told):
        assert run_main(arguments, urls, out, err) == 0
    return b"".join(shown).decode(), b"".join(told).decode()
