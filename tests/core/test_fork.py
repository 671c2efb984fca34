"""A process that forks: the child gets the clients, and none of the connections, threads and locks."""

import asyncio
import gc
import json
import os
import threading
import traceback
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from clients import SERVICES, TOKEN
from contrato import neu
from contrato.core import decode

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork"),
    # Python 3.12 warns of forks beside threads, which are what is tested here.
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]


class Echo(BaseHTTPRequestHandler):
    """Answers with the header X-Call of the request as a name, on connections that are kept."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = json.dumps([{**SERVICES[0], "name": self.headers["X-Call"]}]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        # In two pieces, so that another process has the time to read one of them.
        self.wfile.write(body[:9])
        self.wfile.flush()
        self.wfile.write(body[9:])

    do_POST = do_GET  # noqa: N815 (http.server names it)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def in_child(do: Callable[[], object]) -> bool:
    """Run a function in a child; return True if it raised nothing, and did not hang."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            threading.Timer(20, os._exit, [2]).start()
            do()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1] == 0


def name(client: neu.Neu, call: str) -> str:
    return client.list_services(options={"headers": {"X-Call": call}})[0].name


@pytest.mark.slow
def test_a_child_does_not_read_the_answers_of_its_parent(url: str) -> None:
    def ask(who: str) -> None:
        for number in range(60):
            assert name(client, f"{who}-{number}") == f"{who}-{number}"

    with neu.Neu(TOKEN, url) as client:
        ask("before")
        threads = [threading.Thread(target=ask, args=(f"thread-{number}",)) for number in range(3)]
        for thread in threads:
            thread.start()
        children = [threading.Thread(target=lambda: found.append(in_child(lambda: ask("child")))) for _ in range(3)]
        found: list[bool] = []
        for child in children:
            child.start()
        ask("parent")
        for thread in [*threads, *children]:
            thread.join()
    assert found == [True] * 3


def test_an_asynchronous_client_is_new_in_a_child(url: str) -> None:
    client = neu.AsyncNeu(TOKEN, url)

    async def ask() -> None:
        (service,) = await client.list_services(options={"headers": {"X-Call": "a"}})
        assert service.name == "a"

    async def both() -> None:
        await ask()
        await client.close()

    with asyncio.Runner() as runner:
        runner.run(ask())
        assert in_child(lambda: asyncio.run(both()))
        runner.run(both())


def test_a_transport_of_the_caller_is_refused_in_a_child() -> None:
    client = neu.Neu(TOKEN, transport=httpx.MockTransport(lambda _: httpx.Response(200, json=[])))

    def refused() -> None:
        with pytest.raises(RuntimeError, match="belongs to the parent process"):
            client.list_services()

    assert in_child(refused)
    assert client.list_services() == []


def test_locks_that_threads_of_the_parent_hold_are_free_in_a_child(url: str) -> None:
    client = neu.Neu(TOKEN, url)
    with client._lock, decode._uncollected:
        assert not gc.isenabled()

        def ask() -> None:
            assert gc.isenabled()
            assert name(client, "x") == "x"
            client.close()

        assert in_child(ask)
    assert gc.isenabled()


def test_windows_of_the_parent_do_not_hang_a_child() -> None:
    asked = threading.Event()

    def serve(_: httpx.Request) -> httpx.Response:
        assert asked.wait(30)
        return httpx.Response(200, json=[])

    client = neu.Neu(TOKEN, transport=httpx.MockTransport(serve))
    found = client.windows(client.list_bills, from_="2020-01-01", to="2021-01-01")
    asked.set()
    assert next(found).data == []

    def refused() -> None:
        with pytest.raises(RuntimeError, match="after a fork"):
            next(found)

    assert in_child(refused)
    assert len(list(found)) == 11
