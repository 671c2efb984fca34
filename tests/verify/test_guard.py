"""All that Schemathesis sends passes the transport, whatever its version."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import requests
from starlette.applications import Starlette
from starlette.middleware import Middleware

from contrato.core import spec
from contrato.verify import RULES, Layer, Mode, verify
from contrato.verify.exchange import Exchange
from contrato.verify.guard import guarded
from contrato.verify.transport import Refused, Transport
from foreign import TOKEN, Foreign, serve

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
