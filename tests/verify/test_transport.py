"""Servers that are away for a while, or for good. A restart or a lost network breaks no contract."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

import pytest
import requests
from starlette.requests import Request
from urllib3.connection import HTTPConnection
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError, ProxyError

from contrato.core import spec
from contrato.core.spec import Operation
from contrato.verify import ExitCode, Report, UsageError, verify
from contrato.verify.connections import Adapter
from contrato.verify.modes import Mode
from contrato.verify.transport import Transport
from foreign import TOKEN, Answer, Foreign, serve

pytestmark = pytest.mark.slow


def failed(reason: Exception) -> MaxRetryError:
    return MaxRetryError(None, "/", reason)  # type: ignore[arg-type]


UNCONNECTED = NewConnectionError(HTTPConnection("host"), "refused")
REFUSED = requests.ConnectionError(failed(UNCONNECTED))
NO_PROXY = requests.exceptions.ProxyError(failed(ProxyError("no connection", UNCONNECTED)))
NO_WAY = requests.ConnectTimeout(failed(ConnectTimeoutError()))
RESET = requests.ConnectionError("the connection was reset")
RESET_BY_PROXY = requests.exceptions.ProxyError(failed(ProxyError("reset", ConnectionResetError())))


def refused_tunnel() -> Exception:
    """The error that requests raises where a proxy is there, and lets nobody through."""

    class Refusing(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            self.send_error(503)

        def log_message(self, *arguments: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        request = requests.Request("GET", "https://api.example/").prepare()
        with pytest.raises(requests.exceptions.ProxyError, match="503") as caught, closing(Adapter()) as adapter:
            adapter.send(request, timeout=5, proxies={"https": f"http://127.0.0.1:{proxy.server_port}"})
        proxy.shutdown()
    return caught.value


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
# Two that end early, and a whole one.
CUT = [
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
    HEAD + b"Content-Length: 2\r\n\r\n{",
    HEAD + b"Content-Length: 2\r\n\r\n{}",
]
LATE = 12
"""Requests that are answered before anything happens."""


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("contrato.verify.transport.PAUSE", 0.01)
    monkeypatch.setattr("contrato.verify.judge.PAUSE", 0.01)
    monkeypatch.setattr("contrato.verify.transport.OUTAGE", 0.3)


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


def within(bad: range) -> Iterator[bool]:
    """For each request, one after the other: is its number in the range?"""
    return (number in bad for number in count())


@pytest.mark.parametrize("at", [LATE, 40])
def test_a_proxy_that_does_not_reach_the_server_for_a_while_is_no_breach(at: int) -> None:
    away = within(range(at, at + 8))

    def alter(name: str, answer: Answer) -> Answer:
        return Answer(502, "<html>Bad Gateway</html>", content_type="text/html") if next(away) else answer

    rules = ["not_a_server_error", "errors_are_not_pages", "answers_are_stable", "listed_records_are_there"]
    report = run(Foreign("apportionments", alter), mode="read-only", only=rules)
    assert (report.failures, report.warnings, report.exit_code) == ([], [], ExitCode.PASSED)
    assert not any("soon" in readings for readings in report.readings.values())


@pytest.mark.parametrize(
    "other",
    [
        Answer(503, "<html>No server is available", content_type="text/html"),
        Answer(408, "<html>Request Time-out", content_type="text/html"),
        Answer(400, "<html>Bad Request", content_type="text/html"),
        Answer(404, "default backend - 404", content_type="text/plain"),
        Answer(200, "<html>We are right back", content_type="text/html"),
    ],
    ids=lambda other: str(other.status),
)
@pytest.mark.parametrize("often", [False, True])
def test_what_something_in_between_answers_at_times_is_no_breach(
    monkeypatch: pytest.MonkeyPatch, other: Answer, often: bool
) -> None:
    monkeypatch.setattr("contrato.verify.judge.PAUSE", 0.2)
    asked: list[float] = []

    def alter(name: str, answer: Answer) -> Answer:
        asked.append(time.monotonic())
        # Now and then; or for a while, which is shorter than the pauses together.
        is_bad = len(asked) % 20 == 7 if often else len(asked) > 30 and asked[-1] - asked[30] < 0.3
        return other if is_bad else answer

    rules = ["status_code_conformance", "content_type_conformance", "not_a_server_error", "listed_records_are_there"]
    report = run(Foreign("apportionments", alter), mode="read-only", only=rules)
    assert report.failures == []
    # It did answer so.
    assert len(asked) > 30


GATEWAYS = [
    Answer(404, "404 page not found", content_type="text/plain"),
    Answer(403, "<html>Request blocked", content_type="text/html"),
]


@pytest.mark.parametrize("other", GATEWAYS, ids=lambda other: str(other.status))
@pytest.mark.parametrize("at", [1, 5, 6])
def test_what_something_in_between_answers_once_is_no_reading(other: Answer, at: int) -> None:
    """Of what an unknown id finds."""
    nothing: list[Answer] = []

    def alter(name: str, answer: Answer) -> Answer:
        is_empty = name == "listDueDates" and not answer.body["data"]
        nothing.extend([answer] * is_empty)
        return other if is_empty and len(nothing) == at else answer

    report = run(Foreign("neu", alter), mode="read-only", only=["listDueDates"])
    assert report.failures == []
    assert len(nothing) > at
    assert set(report.readings["unknown-filter"]) == {"empty"}


@pytest.mark.parametrize("other", GATEWAYS, ids=lambda other: str(other.status))
@pytest.mark.parametrize("at", range(3))
def test_what_something_in_between_answers_at_times_ends_no_list(other: Answer, at: int) -> None:
    asked = count()

    def alter(name: str, answer: Answer) -> Answer:
        return other if name == "listBills" and next(asked) % 7 == 4 + at else answer

    rules = ["listBills", "pages_make_the_list", "ranges_cut", "filters_select", "open_questions_have_one_answer"]
    report = run(Foreign("neu", alter), mode="read-only", only=rules)
    assert report.failures == []
    assert next(asked) > 20


@pytest.mark.parametrize(
    "other",
    [
        *GATEWAYS,
        Answer(405, "<html>Not Allowed", content_type="text/html"),
        Answer(404, {"message": "no Route matched with those values"}),
    ],
    ids=lambda other: f"{other.status} {other.content_type}",
)
@pytest.mark.parametrize("operation", ["createApportionment", "updateApportionment"])
def test_what_something_in_between_answers_once_to_a_write_is_no_breach(operation: str, other: Answer) -> None:
    written = count()

    def alter(name: str, answer: Answer) -> Answer:
        return other if name == operation and answer.status < 300 and next(written) == 2 else answer

    rules = [operation, "status_code_conformance", "created_is_kept", "updated_is_kept", "malformed_is_refused"]
    report = run(Foreign("apportionments", alter), mode="own-records", only=rules)
    assert report.failures == []
    assert next(written) > 3


@pytest.mark.parametrize(
    "other",
    [
        Answer(504, {}),
        Answer(504, "<html>Gateway Time-out", content_type="text/html"),
        Answer(200, "<html>Log in", content_type="text/html"),
    ],
)
def test_two_answers_of_a_gateway_to_writes_are_no_breach(other: Answer) -> None:
    written = count()

    def alter(name: str, answer: Answer) -> Answer:
        between = name == "updateApportionment" and answer.status < 300 and next(written) in (2, 3)
        return other if between else answer

    rules = ["updateApportionment", "not_a_server_error", "updated_is_kept", "malformed_is_refused"]
    report = run(Foreign("apportionments", alter), mode="own-records", only=rules)
    assert report.failures == []
    assert next(written) > 4


@pytest.mark.parametrize("other", [Answer(500, {"message": "oops"}), Answer(400, {"message": "bad gateway request"})])
@pytest.mark.parametrize("operation", ["createApportionment", "updateApportionment", "deleteApportionment"])
def test_errors_of_a_gateway_to_writes_now_and_then_are_no_breach(operation: str, other: Answer) -> None:
    """Also where a law meets one each time that it is repeated."""
    written = count()

    def alter(name: str, answer: Answer) -> Answer:
        between = name == operation and answer.status < 500 and next(written) % 11 == 5
        return other if between else answer

    laws = ["created_is_kept", "updated_is_kept", "deleted_is_gone", "refused_changes_nothing", "missing_is_missing"]
    rules = ["not_a_server_error", "status_code_conformance", *laws]
    report = run(Foreign("apportionments", alter), mode="own-records", only=[operation, *rules])
    assert report.failures == []
    assert next(written) > 10


def test_two_writes_whose_connection_was_lost_are_no_breach(monkeypatch: pytest.MonkeyPatch) -> None:
    send, written = Adapter.send, count()

    def sent(adapter: Adapter, request: requests.PreparedRequest, *args: Any, **options: Any) -> Any:
        # In the law, and when it is repeated.
        if request.method == "POST" and b"Rateio" in (request.body or b"") and next(written) in (3, 4):
            raise RESET
        return send(adapter, request, *args, **options)

    monkeypatch.setattr(Adapter, "send", sent)
    report = run(Foreign("apportionments"), mode="own-records", only=["createApportionment"])
    assert report.failures == []
    assert next(written) > 4


def test_an_operation_that_answers_503_while_others_answer_is_a_breach() -> None:
    def alter(name: str, answer: Answer) -> Answer:
        return Answer(503, {}) if name == "getApportionment" and answer.status == 200 else answer

    report = run(Foreign("apportionments", alter), mode="read-only", only=["not_a_server_error"])
    assert {(failure.operation, failure.rule) for failure in report.failures} == {
        ("getApportionment", "not_a_server_error")
    }


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (Answer(504, None), "504 without a body"),
        (Answer(522, "<html>", content_type="text/html"), "522 text/html"),
        (Answer(407, "who are you?", content_type="text/plain"), "407 text/plain"),
        (Answer(511, "log in", content_type="text/plain"), "511 text/plain"),
        (Answer(200, "<html>Log in", content_type="text/html"), "200 text/html"),
        (Answer(302, None, headers={"location": "http://127.0.0.1:9/"}), "302 without a body"),
        (Answer(401, {"message": "the token is valid no more"}), "401 application/json"),
        (Answer(403, {"message": "the quota is spent"}), "403 application/json"),
        (Answer(200, None, delay=2.0), "had no answer"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("late", [LATE, 70])
def test_what_comes_between_us_and_the_server_ends_the_run(
    late: int, other: Answer, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if other.delay:
        # Long enough for an honest answer of a busy machine.
        monkeypatch.setattr("contrato.verify.transport.TIMEOUT", other.delay / 2)
    away = within(range(late, 10**6))
    foreign = Foreign("apportionments", lambda name, answer: other if next(away) else answer)
    report = run(foreign, mode="read-only")
    assert (report.failures, report.warnings) == ([], [])
    assert report.exit_code is ExitCode.INCONCLUSIVE
    gone = next(note for note in report.notes if note.startswith("the server went away"))
    assert "for 0.3 s a request that was answered before" in gone
    assert told in gone


def test_a_cache_in_between_is_asked_for_what_the_server_has_now() -> None:
    kept: dict[str, Answer] = {}
    foreign = Foreign("apportionments")
    answer_of = foreign._answer

    def cached(operation: Operation, request: Request, path: str, raw: bytes) -> Answer:
        if request.method != "GET" or "no-cache" in request.headers.get("cache-control", ""):
            return answer_of(operation, request, path, raw)
        return kept.setdefault(str(request.url), answer_of(operation, request, path, raw))

    foreign._answer = cached  # type: ignore[method-assign]
    report = run(foreign, mode="own-records", only=["created_is_kept", "updated_is_kept", "deleted_is_gone"])
    assert report.failures == []


def test_answers_that_take_too_long_at_times_are_no_breach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("contrato.verify.transport.TIMEOUT", 0.5)
    turns = count()
    foreign = Foreign("neu", lambda name, answer: replace(answer, delay=1.0) if next(turns) % 13 == 12 else answer)
    report = run(foreign, mode="read-only", only=["listBills", "listPqrs", "listServices"])
    assert report.failures == []
    assert next(turns) > 80


def test_an_operation_that_never_answers_is_soon_asked_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are, and it fails."""
    monkeypatch.setattr("contrato.verify.transport.TIMEOUT", 0.4)
    foreign = Foreign("neu")
    foreign.alter = lambda name, answer: replace(answer, delay=0.8) if name == "listPqrs" else answer
    report = run(foreign, mode="read-only", only=["listPqrs", "listBills"])
    assert {(failure.operation, failure.rule) for failure in report.failures} == {("listPqrs", "answer")}
    names = [name for name, _ in foreign.asked]
    assert names.count("listPqrs") == 6
    assert names.count("listBills") > 50


def test_a_server_that_is_not_there_from_the_start_is_no_server() -> None:
    with pytest.raises(UsageError, match=r"is not there, 503 application/json: .*try again later"):
        run(Foreign("apportionments", lambda name, answer: Answer(503, {})))


@pytest.mark.parametrize("error", [REFUSED, NO_PROXY, NO_WAY, None])
def test_a_server_that_restarts_gets_every_request(error: Exception | None, lose: Any) -> None:
    error = error or refused_tunnel()
    foreign = Foreign("apportionments")
    before = set(foreign.records)
    lose(lambda number: error if number % 50 in (LATE, LATE + 1, LATE + 2) else None)
    report = run(foreign, mode="own-records", only=["createApportionment", "created_is_kept", "deleted_is_gone"])
    assert (report.failures, report.exit_code) == ([], ExitCode.PASSED)
    assert set(foreign.records) == before


@pytest.mark.parametrize("error", [REFUSED, NO_PROXY, NO_WAY])
def test_a_server_that_lets_nobody_connect_any_more_ends_the_run(error: Exception, lose: Any) -> None:
    lose(lambda number: error if number >= LATE else None)
    report = run(Foreign("apportionments"))
    assert report.failures == []
    assert report.exit_code is ExitCode.INCONCLUSIVE


def test_a_proxy_that_breaks_its_tunnels_and_makes_no_new_one_ends_the_run(lose: Any) -> None:
    refused = refused_tunnel()
    lose(lambda number: RESET if number == LATE else refused if number > LATE else None)
    report = run(Foreign("apportionments"))
    assert (report.failures, report.exit_code) == ([], ExitCode.INCONCLUSIVE)
    assert any("the proxy let nobody connect" in note for note in report.notes)


@pytest.mark.parametrize("error", [RESET, RESET_BY_PROXY])
def test_a_write_whose_connection_broke_is_not_repeated(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    send = Adapter.send
    broken: list[int] = []

    def sent(adapter: Adapter, request: requests.PreparedRequest, *args: Any, **options: Any) -> Any:
        answer = send(adapter, request, *args, **options)
        if request.method == "POST" and answer.status_code < 300 and not broken:
            broken.append(answer.json()["id"])
            raise error
        return answer

    monkeypatch.setattr(Adapter, "send", sent)
    foreign = Foreign("apportionments")
    before = set(foreign.records)
    report = run(foreign, mode="own-records", only=["createApportionment", "created_is_kept"])
    # Its id is not known, so that it cannot be removed; it is told.
    assert set(foreign.records) - before == {*broken}
    assert any(note.startswith("this run may have left 1 record") for note in report.notes)
    assert report.exit_code is ExitCode.INCONCLUSIVE


def test_what_was_cut_on_the_way_is_asked_for_again_if_it_is_a_read() -> None:
    asked: list[str] = []

    class Cutting(BaseHTTPRequestHandler):
        def answer(self) -> None:
            asked.append(self.command)
            self.wfile.write(CUT[len(asked) % 3])

        do_GET = do_POST = do_DELETE = answer  # noqa: N815

        def log_message(self, *arguments: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Cutting) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        api = spec.api("apportionments")
        transport = Transport(api, f"http://127.0.0.1:{server.server_port}", TOKEN, Mode.UNRESTRICTED)
        read, write = api.operations["getApportionment"], api.operations["deleteApportionment"]
        with closing(transport):
            assert transport.exchange(read, {parameter.key: 1 for parameter in read.parameters}).content == b"{}"
            with pytest.raises(requests.ConnectionError, match="the answer was cut"):
                transport.exchange(write, {parameter.key: 1 for parameter in write.parameters})
        server.shutdown()
    assert asked == [read.method, read.method, write.method]


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


def test_data_that_read_like_the_placeholder_of_the_token_are_sent_as_they_are() -> None:
    foreign = Foreign("apportionments")
    operation = spec.api("apportionments").operations["listApportionments"]
    search = operation.parameter("_q").key
    with serve(foreign) as url, closing(Transport(operation.api, url, TOKEN, Mode.READ_ONLY)) as transport:
        again = transport.another(transport.exchange(operation, {search: "[token]"}))
    assert again is not None
    assert again.succeeded
    assert len(foreign.log) == 2
    assert not any(TOKEN in line for line in foreign.log)
