"""All that Schemathesis sends passes the transport, whatever its version."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request

from contrato.core import spec
from contrato.core.spec import Operation
from contrato.verify import RULES, Layer, Mode, verify
from contrato.verify.exchange import Exchange
from contrato.verify.guard import guarded
from contrato.verify.transport import Refused, Transport
from foreign import TOKEN, Answer, Foreign, serve

pytestmark = pytest.mark.slow


class Counted(Foreign):
    """A server that counts all requests, also those that have no operation."""

    count = 0

    def app(self) -> Starlette:
        app = super().app()

        def counting(inner: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
            async def serve(scope: Any, receive: Any, send: Any) -> None:
                self.count += scope["type"] == "http"
                await inner(scope, receive, send)

            return serve

        app.user_middleware.append(Middleware(counting))
        return app


@pytest.mark.parametrize(("api", "operation"), [("neu", "listBills"), ("apportionments", "updateApportionment")])
def test_every_request_passes_the_transport(api: str, operation: str) -> None:
    server, seen = Counted(api), list[Exchange]()
    names = [name for name, rule in RULES.items() if rule.layer is Layer.CONFORMANCE]
    with serve(server) as url:
        only = [operation, *names]
        report = verify(api, url, TOKEN, mode="unrestricted", examples=2, only=only, observer=seen.append)
    assert {"ignored_auth", "unsupported_method", "negative_data_rejection"} <= {rule for _, rule in report.counts}
    # The server's library answers by itself what is no HTTP.
    mistaken = [exchange for exchange in seen if exchange.content == b"Invalid HTTP request received."]
    assert server.count + len(mistaken) == len(seen) == report.requests > 50


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_the_mode_holds_for_every_session(method: str) -> None:
    foreign = Foreign("apportionments")
    document = spec.api("apportionments")
    everything, one = document.operations["listApportionments"], document.operations["getApportionment"]
    path = one.filled({"id": next(iter(foreign.records))})
    with serve(foreign) as url:
        for mode in (Mode.READ_ONLY, Mode.OWN_RECORDS):
            with guarded(Transport(document, url, TOKEN, mode)), pytest.raises(Refused):
                requests.request(method, f"{url}{path}", timeout=5)
            assert foreign.log == []
        # Afterwards nothing is held back any more.
        assert requests.request(method, f"{url}{everything.path}", timeout=5).status_code in (401, 405)


@pytest.fixture
def netrc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A password of the environment for the server."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login bob password hunter2-of-bob\n", "utf-8")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    return "hunter2-of-bob"


@pytest.mark.parametrize(("api", "operation"), [("neu", "listAccounts"), ("apportionments", "createApportionment")])
def test_no_password_of_the_environment_stands_in_for_the_token(api: str, operation: str, netrc: str) -> None:
    sent: set[str] = set()

    class Noting(Foreign):
        def _answer(self, operation: Operation, request: Request, path: str, raw: bytes) -> Answer:
            sent.add(request.headers.get("authorization", ""))
            return super()._answer(operation, request, path, raw)

    with serve(Noting(api)) as url:
        report = verify(api, url, TOKEN, mode="unrestricted", examples=2, only=[operation, "ignored_auth", "answer"])
    assert report.failures == []
    assert {"", f"Bearer {TOKEN}"} < sent
    assert not [value for value in sent if value.startswith("Basic")]
    assert os.environ["NETRC"].endswith("netrc")
