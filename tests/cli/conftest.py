"""Servers for the command, and runs of it."""

import re
import subprocess
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result

from command import CONTRATO, TOKEN, Canned, Run, check_error, environment, rows
from contrato.cli import main


@pytest.fixture(scope="session")
def urls() -> Iterator[dict[str, str]]:
    """The bundled server, in a process of its own: API to base URL."""
    command = [CONTRATO, "mock", "--port", "0", "--token", TOKEN]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        yield dict(re.findall(r"(\w+) at (\S+?)[,;]", server.stdout.readline()))
        server.terminate()


@pytest.fixture
def run(urls: dict[str, str]) -> Run:
    def run(*arguments: object, exit_code: int = 0, **options: Any) -> Result:
        result = CliRunner().invoke(
            main, list(map(str, arguments)), env=environment(urls), prog_name="contrato", **options
        )
        assert result.exit_code == exit_code, result.output + repr(result.exception)
        assert TOKEN not in result.output
        if exit_code:
            check_error(result.stderr)
        return result

    return run


@pytest.fixture
def account(run: Run) -> dict[str, Any]:
    """An account with several services."""
    found: dict[str, Any] = next(account for account in rows(run("neu", "accounts")) if len(account["services"]) > 1)
    return found


@pytest.fixture
def canned() -> Iterator[Canned]:
    with Canned() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.go_on.set()
        server.shutdown()
        thread.join()
