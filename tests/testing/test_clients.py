"""Clients wired to the bundled server in this process."""

import gc
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from calls import JANUARY, sync_call
from contrato import testing
from contrato.core.errors import AuthenticationError
from contrato.mock.call import Call
from contrato.mock.neu import Neu
from contrato.testing import faults
from contrato.testing.faults import Faults

pytestmark = pytest.mark.slow


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


def test_a_script_that_does_not_happen_fails_the_test(call: Callable[..., Any]) -> None:
    script = [faults.none(), faults.timeout(), faults.reset().always()]
    with pytest.raises(AssertionError, match=r"timeout\(\), reset\(\); 1 requests"):
        call(lambda neu: neu.list_accounts(), faults=script)


def test_the_error_of_the_test_comes_before_that_of_the_script() -> None:
    with pytest.raises(ZeroDivisionError):
        sync_call(lambda _: 1 / 0, faults=[faults.timeout()])


def test_a_missing_extra_is_named() -> None:
    code = "import sys; sys.modules['starlette.applications'] = None\nfrom contrato import testing\ntesting.neu()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "pip install 'contrato[testing]'" in done.stderr.splitlines()[-1]
