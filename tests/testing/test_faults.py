"""Faults happen as the script says, and clients raise what they should."""

import gzip
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

import support
from calls import JANUARY
from contrato import testing
from contrato.core import spec
from contrato.core.errors import (
    ConnectionFailedError,
    ContractError,
    ContratoError,
    NotFoundError,
    RateLimitError,
    RequestTimeoutError,
    ResponseTooLargeError,
    ServerError,
    UndocumentedStatusError,
)
from contrato.testing import faults
from contrato.testing.faults import Fault, Faults

pytestmark = pytest.mark.slow
FAULTS: list[tuple[Fault, type[ContratoError], str]] = [
    (faults.timeout(), RequestTimeoutError, "ReadTimeout"),
    (faults.connect_error(), ConnectionFailedError, "ConnectError"),
    (faults.reset(), ConnectionFailedError, "ReadError"),
    (faults.interrupted(), ConnectionFailedError, "RemoteProtocolError"),
    (faults.status(429, retry_after=7), RateLimitError, "429"),
    (faults.status(500, body={"error": "down"}), ServerError, "down"),
    (faults.status(503), ServerError, "503"),
    (faults.status(520, body="Web server is returning an unknown error"), ServerError, "unknown error"),
    (faults.status(404), NotFoundError, "404"),
    (faults.html(502), ServerError, "Bad Gateway"),
    (faults.html(), ContractError, "<!DOCTYPE html>"),
    (faults.empty(), ContractError, "empty"),
    (faults.truncated(), ContractError, "id_account"),
    (faults.gzip_bomb(), ResponseTooLargeError, "listAccounts"),
    (faults.redirect(), UndocumentedStatusError, "307"),
]


@pytest.mark.parametrize(("fault", "error", "says"), FAULTS, ids=[repr(fault) for fault, _, _ in FAULTS])
def test_a_fault_is_what_it_says_and_happens_once(
    call: Callable[..., Any], fault: Fault, error: type[ContratoError], says: str
) -> None:
    script = Faults(fault)
    with pytest.raises(error, match=re.escape(says)):
        call(lambda neu: neu.list_accounts(), faults=script, retries=0, max_bytes=8 << 20)
    assert not script.pending
    assert call(lambda neu: neu.list_accounts(), faults=script, retries=0)
    assert len(script.requests) == 2


def test_faults_happen_in_order_and_retries_get_through_without_waiting(call: Callable[..., Any]) -> None:
    started = time.monotonic()
    in_a_minute = datetime.now(UTC) + timedelta(seconds=50)
    script = Faults(
        faults.status(429, retry_after=40), faults.timeout(), faults.status(503, retry_after=in_a_minute), faults.none()
    )
    assert call(lambda neu: neu.list_accounts(), faults=script, retries=3)
    assert time.monotonic() - started < 30
    seconds, backoff, date = script.waits
    assert seconds == 40
    assert 0 < backoff < 20
    assert 40 < date <= 50


@pytest.mark.parametrize("applies", ["list_bills", "listBills"])
@pytest.mark.parametrize(
    "base_url", [spec.api("neu").server_url, "https://energy.example", "https://energy.example/a/b"]
)
def test_a_fault_waits_for_the_operation_that_it_is_for(applies: str, base_url: str) -> None:
    script = Faults(faults.status(500).when(applies))
    transport = script.wrap(httpx.MockTransport(lambda _: httpx.Response(200, json=[])))
    with httpx.Client(transport=transport, base_url=base_url) as http:
        for operation_id in ("listAccounts", "listDueDates", "listOverdueBills", "listBills", "listBills"):
            status = 500 if operation_id == "listBills" and script.pending else 200
            assert support.send(http, "neu", operation_id).status_code == status
    assert not script.pending


def test_a_fault_waits_for_the_request_that_it_is_for() -> None:
    script = [faults.status(500).when("list_bills"), faults.timeout().when(lambda _: True)]
    with testing.neu(faults=script, retries=0) as neu:
        with pytest.raises(RequestTimeoutError):
            neu.list_accounts()
        with pytest.raises(ServerError):
            list(neu.list_bills(id_service=1, from_=JANUARY[0], to=JANUARY[1]))


def test_a_fault_of_an_unknown_operation_is_refused() -> None:
    with pytest.raises(ValueError, match="list_bill'"):
        faults.timeout().when("list_bill")


def test_always_is_for_every_request() -> None:
    script = Faults(faults.none(), faults.reset().always())
    with testing.neu(faults=script, retries=2) as neu:
        assert neu.list_accounts()
        for _ in range(2):
            with pytest.raises(ConnectionFailedError):
                neu.list_accounts()
    assert len(script.requests) == 1 + 2 * 3


def test_a_redirect_is_recorded_with_what_it_carried() -> None:
    """The request after a redirect stays in the process and is recorded, so a test can look for the token in it."""
    script = Faults(faults.redirect("https://elsewhere.example/there"))
    transport = script.wrap(httpx.MockTransport(lambda request: httpx.Response(200, text=request.url.host)))
    with httpx.Client(transport=transport, follow_redirects=True, auth=("user", "secret")) as http:
        assert http.post("https://energy.example/x", content=b"body").text == "elsewhere.example"
    first, second = script.requests
    assert "Authorization" in first.headers
    assert "Authorization" not in second.headers
    assert (second.method, second.content) == ("POST", b"body")


def test_faults_stand_before_any_transport_also_one_that_compresses() -> None:
    body = b'["0123456789"]' * 50

    def respond(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"Content-Encoding": "gzip"}, content=gzip.compress(body))

    script = Faults(faults.truncated(), faults.interrupted())
    with httpx.Client(transport=script.wrap(httpx.MockTransport(respond))) as http:
        assert http.get("https://energy.example/").content == body[: len(body) // 2]
        with pytest.raises(httpx.RemoteProtocolError):
            http.get("https://energy.example/")
        assert http.get("https://energy.example/").content == body


def test_the_gzip_bomb_is_gzip_and_valid_json() -> None:
    transport = Faults(faults.gzip_bomb(3)).wrap(httpx.MockTransport(lambda _: httpx.Response(500)))
    with httpx.Client(transport=transport) as http:
        response = http.get("https://energy.example/")
    assert len(response.content) == (3 << 20) + 2
    assert response.json() == []
    assert response.num_bytes_downloaded < len(response.content) / 500
