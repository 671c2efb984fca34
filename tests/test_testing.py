"""contrato.testing: clients in-process, the faults that can be injected, the pytest fixtures."""

import asyncio
import gc
import gzip
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

import support
from contrato import testing
from contrato.core import spec
from contrato.core.errors import (
    AuthenticationError,
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
from contrato.mock.call import Call
from contrato.mock.neu import Neu
from contrato.testing import faults
from contrato.testing.faults import Fault, Faults

pytestmark = pytest.mark.slow

pytest_plugins = ["pytester"]

JANUARY = datetime(2020, 1, 1), datetime(2020, 2, 1)


def async_call(call: Callable[[Any], Any], **options: Any) -> Any:
    """Make one call with an asynchronous NEU client."""

    async def run() -> Any:
        async with testing.async_neu(**options) as neu:
            return await call(neu)

    return asyncio.run(run())


def sync_call(call: Callable[[Any], Any], **options: Any) -> Any:
    with testing.neu(**options) as neu:
        return call(neu)


@pytest.fixture(params=[sync_call, async_call], ids=["sync", "async"])
def call(request: pytest.FixtureRequest) -> Callable[..., Any]:
    called: Callable[..., Any] = request.param
    return called


def test_each_client_reaches_a_server_of_its_own() -> None:
    with testing.apportionments() as one, testing.apportionments() as other:
        item = next(iter(one.list_apportionments()))
        one.update_apportionment(item.id, name="Rateio Usina")
        mine, theirs = one.get_apportionment(item.id), other.get_apportionment(item.id)
    assert mine is not None
    assert theirs is not None
    assert mine.name == "Rateio Usina" != theirs.name == item.name


def test_long_answers_arrive_whole_and_the_same(call: Callable[..., Any]) -> None:
    start, stop = JANUARY
    meters = call(lambda neu: neu.query_consumption(interval="HOURLY", from_=start, to=stop))
    rows = [row for meter in meters for row in meter.data]
    assert len(rows) == 10 * 31 * 24
    assert len({(row.id_service, row.date) for row in rows}) == len(rows)


def test_seed_and_options_arrive() -> None:
    def ids(**options: Any) -> list[int]:
        return [account.id_account for account in sync_call(lambda neu: neu.list_accounts(), **options)]

    assert ids() == ids(seed=1) != ids(seed=2)
    with pytest.raises(AuthenticationError):
        ids(token="another")


def test_the_environment_has_no_say(call: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEU_TOKEN", "real-token")
    monkeypatch.setenv("NEU_BASE_URL", "https://energy.example/api")
    script = Faults()
    assert call(lambda neu: neu.list_accounts(), faults=script)
    (request,) = script.requests
    assert request.url.host != "energy.example"
    assert "real-token" not in request.headers["Authorization"]


def test_nothing_is_left_behind(recwarn: pytest.WarningsRecorder) -> None:
    before = set(threading.enumerate())
    for _ in range(3):
        with testing.neu() as neu:
            assert neu.query_consumption(interval="DAILY", from_=JANUARY[0], to=JANUARY[1])
            assert set(threading.enumerate()) > before
        with pytest.raises(ZeroDivisionError):
            sync_call(lambda _: 1 / 0)
        # Idle workers are told to end, and take a moment.
        for thread in set(threading.enumerate()) - before:
            thread.join(10)
        assert set(threading.enumerate()) == before
    gc.collect()
    assert not recwarn.list


def test_a_fault_of_the_server_itself_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(Neu):
        def _list_accounts(self, call: Call) -> Any:
            return 1 / 0

    monkeypatch.setattr("contrato.mock.app.Neu", Broken)
    with pytest.raises(ZeroDivisionError), testing.neu() as neu:
        neu.list_accounts()


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


def test_a_script_that_does_not_happen_fails_the_test(call: Callable[..., Any]) -> None:
    script = [faults.none(), faults.timeout(), faults.reset().always()]
    with pytest.raises(AssertionError, match=r"timeout\(\), reset\(\); 1 requests"):
        call(lambda neu: neu.list_accounts(), faults=script)


def test_the_error_of_the_test_comes_before_that_of_the_script() -> None:
    with pytest.raises(ZeroDivisionError):
        sync_call(lambda _: 1 / 0, faults=[faults.timeout()])


def test_a_redirect_is_recorded_with_what_it_carried() -> None:
    """What follows a redirect stays in the process and is seen, so a test can look for the token in it."""
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


PLUGIN_TEST = """
import asyncio
import pytest
from contrato.core.errors import ServerError
from contrato.mock.call import Call
from contrato.mock.neu import Neu
from contrato.testing import faults

def test_sync(contrato_neu, contrato_apportionments, contrato_faults):
    assert contrato_neu.list_accounts() and list(contrato_apportionments.list_apportionments())
    contrato_faults.inject(*[faults.status(500)] * 3)
    with pytest.raises(ServerError):
        contrato_neu.list_accounts()

def test_async(contrato_async_neu, contrato_async_apportionments):
    async def main():
        async with contrato_async_neu as neu, contrato_async_apportionments as apportionments:
            return await neu.list_accounts(), [item async for item in apportionments.list_apportionments()]
    assert all(asyncio.run(main()))

def test_that_forgot_its_fault(contrato_neu, contrato_faults):
    contrato_faults.inject(faults.timeout())
"""


def test_pytest_finds_the_fixtures(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(PLUGIN_TEST)
    result = pytester.runpytest_subprocess("-W", "error", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines(["*AssertionError: faults that did not happen: timeout()*"])


def test_pytest_starts_no_slower_for_the_plugin() -> None:
    """Whoever has contrato installed has the plugin in every run of pytest."""
    code = "import sys, pytest, contrato.testing.plugin; print({'httpx', 'msgspec', 'starlette'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_missing_extra_is_named() -> None:
    code = "import sys; sys.modules['starlette.applications'] = None\nfrom contrato import testing\ntesting.neu()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "pip install 'contrato[testing]'" in done.stderr.splitlines()[-1]
