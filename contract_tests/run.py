"""What `make contract` runs: `contrato verify` on the bundled server, in a process of its own, or on any other.

Usage: run.py [neu|apportionments]; BASE_URL and TOKEN in the environment name another server.
"""

import os
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from contrato.core import spec
from contrato.core.spec import APIS

CONTRATO = str(Path(sys.executable).with_name("contrato"))


@contextmanager
def bundled_server(token: str) -> Iterator[dict[str, str]]:
    """The bundled server in a process of its own on a free port: API to base URL."""
    environment = os.environ | {"CONTRATO_MOCK_TOKEN": token}
    server = subprocess.Popen([CONTRATO, "mock", "--port", "0"], env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        ready = server.stdout.readline()
        urls = dict(re.findall(r"(\w+) at (\S+?)[,;]", ready))
        if not set(APIS) <= set(urls):
            sys.exit("the bundled server did not start")
        yield urls
    finally:
        server.terminate()
        server.wait()


def verify(api: str, base_url: str, token: str | None) -> int:
    """Exit status of `contrato verify`. Tokens travel in the environment: a process list shows arguments."""
    environment = os.environ | ({spec.api(api).token_variable: token} if token else {})
    return subprocess.run([CONTRATO, "verify", api, "--base-url", base_url], env=environment).returncode


def main(apis: list[str]) -> int:
    """Verify, and answer with the exit status that weighs most: usage, violation, inconclusive, passed."""
    base_url = os.environ.get("BASE_URL")
    if base_url:
        if len(apis) != 1:
            sys.exit("BASE_URL needs API: make contract API=neu BASE_URL=https://… TOKEN=…")
        return verify(apis[0], base_url, os.environ.get("TOKEN"))
    token = secrets.token_hex()
    with bundled_server(token) as urls:
        statuses = {verify(api, urls[api], token) for api in apis or APIS}
    return next((status for status in (2, 1, 3) if status in statuses), max(statuses))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
