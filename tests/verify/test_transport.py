"""Servers that are away for a while, or for good. A restart or a lost network breaks no contract."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
import requests
from urllib3.connection import HTTPConnection
from urllib3.exceptions import MaxRetryError, NewConnectionError

from contrato.verify import ExitCode, Report, verify
from contrato.verify.connections import Adapter
from foreign import TOKEN, Answer, Foreign, serve

pytestmark = pytest.mark.slow

REFUSED = requests.ConnectionError(MaxRetryError(None, "/", NewConnectionError(HTTPConnection("host"), "refused")))  # type: ignore[arg-type]
NO_PROXY = requests.exceptions.ProxyError("the proxy refuses connections")
RESET = requests.ConnectionError("the connection was reset")

LATE = 12
"""Requests that are answered before anything happens."""


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("contrato.verify.transport.PAUSE", 0.01)
    monkeypatch.setattr("contrato.verify.transport.OUTAGE", 0.3)
    monkeypatch.delenv("CONTRATO_TOKEN", raising=False)


@pytest.fixture
def lose(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[int], Exception | None]], None]:
    """Let the connection fail as a function of the number of the request says."""

    def lose(how: Callable[[int], Exception | None]) -> None:
        send, numbers = Adapter.send, count()

        def sent(*args: Any, **options: Any) -> Any:
            error = how(next(numbers))
            if error is not None:
                raise error
            return send(*args, **options)

        monkeypatch.setattr(Adapter, "send", sent)

    return lose


def run(foreign: Foreign, **options: Any) -> Report:
    with serve(foreign) as url:
        return verify(foreign.api, url, TOKEN, 1, examples=1, rate=0, **options)


def gateways(bad: range) -> Iterator[bool]:
    return (number in bad for number in count())


@pytest.mark.parametrize("at", [LATE, 40])
def test_a_proxy_that_does_not_reach_the_server_for_a_while_is_no_breach(at: int) -> None:
    away = gateways(range(at, at + 8))

    def alter(name: str, answer: Answer) -> Answer:
        return Answer(502, "<html>Bad Gateway</html>", content_type="text/html") if next(away) else answer

    rules = ["not_a_server_error", "errors_are_not_pages", "answers_are_stable", "listed_records_are_there"]
    report = run(Foreign("apportionments", alter), mode="read-only", only=rules)
    assert (report.failures, report.warnings, report.exit_code) == ([], [], ExitCode.PASSED)
    assert not any("soon" in readings for readings in report.readings.values())


def test_an_operation_that_answers_503_while_others_answer_is_a_breach() -> None:
    def alter(name: str, answer: Answer) -> Answer:
        return Answer(503, {}) if name == "getApportionment" and answer.status == 200 else answer

    report = run(Foreign("apportionments", alter), mode="read-only", only=["not_a_server_error"])
    assert {(failure.operation, failure.rule) for failure in report.failures} == {
        ("getApportionment", "not_a_server_error")
    }


def test_a_proxy_that_reaches_the_server_no_more_ends_the_run() -> None:
    away = gateways(range(LATE, 10**6))

    def alter(name: str, answer: Answer) -> Answer:
        return Answer(504, None) if next(away) else answer

    report = run(Foreign("apportionments", alter), mode="read-only")
    assert report.failures == []
    assert report.exit_code is ExitCode.INCONCLUSIVE
    assert "the server went away: for 0.3 s all requests were answered with 504" in str(report.not_judged)


@pytest.mark.parametrize("error", [REFUSED, NO_PROXY])
def test_a_server_that_restarts_gets_every_request(error: Exception, lose: Any) -> None:
    foreign = Foreign("apportionments")
    before = set(foreign.records)
    lose(lambda number: error if number % 50 in (LATE, LATE + 1, LATE + 2) else None)
    report = run(foreign, mode="own-records", only=["createApportionment", "created_is_kept", "deleted_is_gone"])
    assert (report.failures, report.exit_code) == ([], ExitCode.PASSED)
    assert set(foreign.records) == before


@pytest.mark.parametrize("error", [REFUSED, NO_PROXY])
def test_a_server_that_lets_nobody_connect_any_more_ends_the_run(error: Exception, lose: Any) -> None:
    lose(lambda number: error if number >= LATE else None)
    report = run(Foreign("apportionments"))
    assert report.failures == []
    assert report.exit_code is ExitCode.INCONCLUSIVE


def test_a_server_that_goes_away_at_a_request_is_a_violation(lose: Any) -> None:
    lose(lambda number: RESET if number in (LATE, LATE + 1) else REFUSED if number > LATE else None)
    report = run(Foreign("apportionments"))
    assert report.exit_code is ExitCode.FAILED
    assert [failure.operation for failure in report.failures] == ["server"]


def test_a_server_that_breaks_every_connection_is_a_violation(lose: Any) -> None:
    lose(lambda number: RESET if number >= LATE else None)
    report = run(Foreign("apportionments"))
    assert report.exit_code is ExitCode.FAILED
    assert "server" in [failure.operation for failure in report.failures]
