"""Every answer is held against the spec, whoever asked for it, live and recorded alike."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import attrs
import pytest
import requests

import documents
from citing import plain
from contrato.core import spec
from contrato.core.connection import CERTIFICATES, Connection
from contrato.core.spec import Api
from contrato.verify import RULES, ExitCode, Report, UsageError, verify, verify_har
from contrato.verify.documents import MISSING, find, loaded
from contrato.verify.exchange import Exchange
from contrato.verify.findings import Layer, Violation
from contrato.verify.modes import Mode
from contrato.verify.reports import html, junit, terminal
from contrato.verify.reports.har import Recorder
from contrato.verify.transport import Transport
from foreign import TOKEN, Alter, Answer, Foreign, replaced, serve

ENGINE = [name for name, rule in RULES.items() if rule.layer is Layer.CONFORMANCE]

DOCUMENTED = [
    *("not_a_server_error", "status_code_conformance", "content_type_conformance"),
    *("response_headers_conformance", "response_schema_conformance"),
]


def in_rows(name: str, pointer: str, key: str, change: Callable[[Any], Any]) -> Alter:
    """Change one property of each row in the successes of one operation."""

    def alter(operation: str, answer: Answer) -> Answer:
        if operation != name or answer.status >= 300 or not answer.body:
            return answer

        def write(body: Any) -> None:
            for row in find(body, pointer):
                row[key] = change(row[key])

        return replaced(answer, write)

    return alter


def epoch(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def run(foreign: Foreign, **options: Any) -> Report:
    with serve(foreign) as url:
        return verify(foreign.api, url, TOKEN, examples=1, rate=0, **options)


@pytest.mark.slow
def test_dates_that_cannot_be_read_are_seen_and_do_not_silence_the_laws() -> None:
    foreign = Foreign("neu", in_rows("queryConsumption", "/*/data/*", "date", epoch))
    report = run(foreign, mode="read-only", only=["queryConsumption", *DOCUMENTED])
    assert {failure.key for failure in report.failures} == {
        ("queryConsumption", "response_schema_conformance", "/*/data/*/date")
    }
    assert report.exit_code is ExitCode.FAILED
    asked = [given for name, given in foreign.asked if name == "queryConsumption" and "Interval" in given]
    assert {given["Interval"] for given in asked} >= {"HOURLY", "DAILY", "MONTHLY"}


@pytest.mark.slow
def test_what_only_discovery_or_a_law_was_answered_is_judged_too() -> None:
    foreign = Foreign("neu", in_rows("listBills", "/*", "payment_value", str))
    senders: list[Exchange] = []
    report = run(foreign, only=["listBills", "records_add_up", "response_schema_conformance"], observer=senders.append)
    assert ("listBills", "response_schema_conformance", "/*/payment_value") in {f.key for f in report.failures}
    broken = [e for e in senders if e.operation and e.operation.id == "listBills" and isinstance(e.json, list)]
    told = next(f for f in report.failures if f.rule == "response_schema_conformance")
    # Each answer that has it counts, and none of them twice.
    assert told.count == sum(bool(e.json) for e in broken)
    assert {e.sender for e in broken} >= {"discovery", "schemathesis"}


@pytest.mark.slow
def test_ids_in_texts_are_one_failure_and_are_asked_for_as_numbers() -> None:
    foreign = Foreign("neu", in_rows("listServices", "/*", "id_service", str))
    report = run(foreign, mode="read-only", only=["listServices", "getService", *DOCUMENTED])
    assert {failure.key for failure in report.failures} == {
        ("listServices", "response_schema_conformance", "/*/id_service")
    }
    assert [row.successes > 0 for row in report.operations] == [True, True]


@pytest.mark.slow
@pytest.mark.parametrize("size", [19, 21])
def test_pages_of_another_size_than_the_documented_one_are_one_failure(size: int) -> None:
    """Their counters fit each other, and joined they are the whole list."""
    foreign = Foreign("neu")
    one, few = spec.api("neu").operations["listNotifications"], foreign.list_notifications

    def paged(given: dict[str, Any]) -> Answer:
        assert one.pagination is not None
        rows = [{**row, "text": f"Mire {n}"} for n in range(13) for row in few(given).body["data"]]
        number, last = given.get(one.pagination.page, 1), -(-len(rows) // size)
        following = number + 1 if number < last else None
        shown = rows[size * (number - 1) : size * number] if number > 0 else []
        return Answer(body={"nextPage": following, "maxPage": last, "total": len(rows), "data": shown})

    foreign.list_notifications = paged  # type: ignore[method-assign]
    paging = [name for name, rule in RULES.items() if "x-pagination" in rule.needs]
    report = run(foreign, mode="read-only", only=[one.id, *paging])
    (failure,) = {(failure.operation, failure.field) for failure in report.failures}
    assert failure == (one.id, "/data")
    assert {failure.rule for failure in report.failures} <= {"pages_are_full", "pages_are_not_overfull"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "alter",
    [
        lambda name, answer: answer,
        in_rows("listDueDates", "/data/*", "id_bill", str),
        lambda name, answer: Answer(206, answer.body) if name == "listAccounts" and answer.status == 200 else answer,
    ],
)
def test_a_run_and_its_recording_say_the_same(alter: Alter, tmp_path: Path) -> None:
    recorder = Recorder()
    checks = [name for name, rule in RULES.items() if rule.check]
    operations = ["listDueDates", "listAccounts", "getAccount", "listServices"]
    live = run(Foreign("neu", alter), only=[*operations, *checks, "valid_request_acceptance"], observer=recorder)
    recorder.write(tmp_path / "run.har", live)
    recorded = verify_har("neu", tmp_path / "run.har", live.base_url, only=[*operations, *checks])
    assert {(f.key, f.count) for f in recorded.failures} == {(f.key, f.count) for f in live.failures}


def failing(name: str, status: int, *times: int) -> Alter:
    """Answer an operation otherwise: at these times, counted from 0, or always."""
    asked = []

    def alter(operation: str, answer: Answer) -> Answer:
        if operation != name:
            return answer
        asked.append(answer)
        return Answer(status, {}) if len(asked) - 1 in times or not times else answer

    return alter


@pytest.mark.slow
@pytest.mark.parametrize("time", [0, 2, 4, 9])
def test_one_503_of_a_proxy_is_no_violation(time: int) -> None:
    report = run(Foreign("neu", failing("listBills", 503, time)), mode="read-only", only=["listBills", *ENGINE])
    assert report.failures == []
    told = [each for each in report.not_judged if each.rule == "not_a_server_error"]
    assert [(each.operation, each.reason, each.lasting) for each in told] == [
        ("listBills", "the answer is not stable: 503 application/json: {}, then 200 application/json", True)
    ]


@pytest.mark.slow
def test_a_refusal_that_is_not_repeated_is_inconclusive() -> None:
    foreign = Foreign("neu", failing("listOverdueBills", 404, 1))
    report = run(foreign, mode="read-only", only=["listOverdueBills", *ENGINE])
    assert report.failures == []
    assert report.exit_code is ExitCode.INCONCLUSIVE
    assert "the answer is not stable: 404" in report.operations[0].not_judged


@pytest.mark.slow
def test_a_failure_that_lasts_is_one() -> None:
    report = run(Foreign("neu", failing("listOverdueBills", 503)), only=["listOverdueBills", *ENGINE])
    assert {failure.key for failure in report.failures} == {("listOverdueBills", "not_a_server_error", "")}


class Closing(BaseHTTPRequestHandler):
    """Closes a connection that it kept alive when it is used for the third time."""

    protocol_version = "HTTP/1.1"
    served = 0

    def do_GET(self) -> None:
        type(self).served += 1
        if type(self).served == 3:
            self.close_connection = True
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"[]")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.do_GET()

    def log_message(self, format: str, *args: Any) -> None:
        pass


def test_a_connection_that_was_closed_meanwhile_is_opened_again() -> None:
    api = spec.api("neu")
    with ThreadingHTTPServer(("127.0.0.1", 0), Closing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        transport = Transport(api, f"http://127.0.0.1:{server.server_port}", TOKEN, Mode.READ_ONLY)
        with closing(transport):
            statuses = [transport.exchange(api.operations["listAccounts"], {}).status for _ in range(4)]
        server.shutdown()
    assert statuses == [200] * 4
    assert Closing.served == 5


@pytest.mark.slow
def test_a_run_of_nothing_but_what_the_mode_leaves_out_is_inconclusive() -> None:
    left_out = [operation.id for operation in spec.api("apportionments").operations.values() if not operation.safe]
    assert run(Foreign("apportionments"), mode="read-only", only=left_out).exit_code is ExitCode.INCONCLUSIVE


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        '[{"id_bill": "1", "due_date": "2020-01-01T00:00:00", "days": %s}]' % ("9" * 5000),
        '[{"id_bill": "\\ud800", "due_date": "2020-01-01T00:00:00", "days": 3}]',
        '[{"id_bill": "1", "due_date": "100000000000000000000-01-01T00:00:00", "days": 3}]',
        '[{"id_bill": "1", "due_date": "9999-12-31T23:59:59", "days": 100000000000000000000}]',
        '[{"id_bill": "1", "due_date": "0001-01-01T00:00:00+14:00", "days": -3}]',
        *('[{"id_bill": "1", "more": %s}]' % ("[" * depth + "]" * depth) for depth in (150, 400, 980, 100_000)),
    ],
)
def test_no_answer_makes_the_suite_crash(text: str, tmp_path: Path) -> None:
    def alter(name: str, answer: Answer) -> Answer:
        wrong = name == "listOverdueBills" and answer.status == 200
        late = {"Date": "Wed, 21 Oct 100000000000000000000 07:28:00 GMT"}
        return Answer(200, text, headers=late) if wrong else answer

    recorder = Recorder()
    report = run(Foreign("neu", alter), mode="read-only", only=["listOverdueBills"], observer=recorder)
    assert report.crash == ""
    assert {failure.operation for failure in report.failures} == {"listOverdueBills"}
    recorder.write(tmp_path / "run.har", report)
    junit.write(tmp_path / "run.xml", report)
    html.write(tmp_path / "run.html", report, "")
    terminal.write(report)
    assert verify_har("neu", tmp_path / "run.har", report.base_url).crash == ""


def test_a_path_of_certificates_that_is_not_there_is_bad_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in CERTIFICATES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem")
    with pytest.raises(UsageError, match="REQUESTS_CA_BUNDLE: cannot use /nowhere/ca"):
        verify("neu", "https://127.0.0.1:1", TOKEN)


@pytest.mark.slow
@pytest.mark.parametrize(
    "record",
    [
        {"creator": "createRateio", "argument": {"id": 1}, "path": "/x"},
        {"creator": "createApportionment", "argument": {"key": 1}, "path": "/x"},
        {"creator": "createApportionment", "argument": 1, "path": "/x"},
    ],
)
def test_a_journal_of_another_version_is_no_crash(record: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    (tmp_path / "contrato").mkdir()
    with serve(Foreign("apportionments")) as url:
        kept = {"api": "apportionments", "base_url": url, "started": "2020-01-01T00:00:00+00:00", "records": [record]}
        (tmp_path / "contrato" / "apportionments-1.json").write_text(json.dumps(kept))
        only = ["getApportionment", "listed_records_are_there"]
        report = verify("apportionments", url, TOKEN, mode="own-records", rate=0, only=only)
    assert report.crash == ""


def test_headers_that_a_spec_describes_are_judged() -> None:
    document = spec.api("neu").copy()
    described = {"X-Total": {"required": True, "schema": {"type": "integer"}}}
    documents.node(document, "listAccounts")["responses"]["200"]["headers"] = described
    api = Api("neu", document)

    def found(**headers: str) -> list[str]:
        sent = {name.replace("_", "-"): text for name, text in headers.items()}
        operation = api.operations["listAccounts"]
        url, moment = f"http://h{operation.path}", datetime.now(UTC)
        exchange = Exchange(
            operation, "x", operation.method, url, operation.path, {}, b"", 200, sent, b"[]", moment, 0.1
        )
        check = RULES["response_headers_conformance"].check
        assert check is not None
        return [plain(each.found) for each in check(exchange, api) if isinstance(each, Violation)]

    assert found() == ["absent"]
    assert found(x_total="many") == ["many"]
    assert found(x_total="12") == []


@pytest.mark.parametrize("half", ["\\ud800", "\\uDC80", "a\\udc80b", "\\ud800\\u0041"])
def test_half_a_surrogate_is_read_as_no_character(half: str) -> None:
    read = loaded(f'{{"{half}": ["{half}"]}}'.encode())
    assert json.dumps(read, ensure_ascii=False).encode()
    assert "\ufffd" in next(iter(read))
    assert loaded(b'["\\ud83d\\ude00"]') == ["\U0001f600"]
    assert loaded(b"[") is MISSING


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    ("by_proxy", "begin", "drop", "said"),
    [
        (False, HEAD + b"Content-Length: 10000\r\n\r\n", b" ", "not complete"),
        (False, HEAD + b"X-Long: ", b"a", "timed out"),
        (False, HEAD, b"X-A: b\r\n", "timed out"),
        (False, HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"0", "not complete"),
        (False, HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X-A: b\r\n", "not complete"),
        (False, b"", b"HTTP/1.1 100 Continue\r\n\r\n", "timed out"),
        (True, HEAD + b"X-Long: ", b"a", "timed out"),
        (True, HEAD, b"X-A: b\r\n", "timed out"),
    ],
)
def test_an_answer_that_drips_has_an_end(
    monkeypatch: pytest.MonkeyPatch, by_proxy: bool, begin: bytes, drop: bytes, said: str
) -> None:
    """A byte at a time never fills a chunk, and no read of the head takes long; nor does the consent of a proxy."""
    ended = threading.Event()

    class Dripping(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with suppress(OSError):
                self.wfile.write(begin)
                while not ended.wait(0.05):
                    self.wfile.write(drop)

        def do_CONNECT(self) -> None:
            self.do_GET()

        def log_message(self, *arguments: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Dripping) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        api = spec.api("neu")
        monkeypatch.setattr("contrato.verify.transport.TIMEOUT", 0.3)
        address = f"http://127.0.0.1:{server.server_port}"
        connection = Connection(proxy=address) if by_proxy else Connection()
        url = "https://api.example" if by_proxy else address
        transport = Transport(api, url, TOKEN, Mode.READ_ONLY, connection=connection)
        with closing(transport), pytest.raises(requests.RequestException, match=said):
            transport.exchange(api.operations["listAccounts"], {})
        ended.set()
        server.shutdown()


@pytest.mark.slow
def test_a_hidden_text_in_another_form_is_said_to_be_so() -> None:
    def louder(name: str, answer: Answer) -> Answer:
        is_record = name == "getApportionment" and answer.status == 200
        return replace(answer, body={**answer.body, "name": answer.body["name"].upper()}) if is_record else answer

    report = run(Foreign("apportionments", louder), only=["created_is_kept", "listed_records_are_there"])
    told = [(failure.expected, failure.found) for failure in report.failures if "name" in failure.field]
    assert told
    for expected, found in told:
        assert "[name" in found
        assert found.endswith(" (in another form: capitals, accents, spaces or escapes)"), (expected, found)


class Silent(BaseHTTPRequestHandler):
    def log_message(self, *arguments: Any) -> None:
        pass


@contextmanager
def asking(handler: type[BaseHTTPRequestHandler]) -> Iterator[Callable[[str], Exchange]]:
    """Give a function that asks such a server for the accounts, at any path."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        api = spec.api("neu")
        accounts = api.operations["listAccounts"]
        transport = Transport(api, f"http://127.0.0.1:{server.server_port}", TOKEN, Mode.READ_ONLY)
        with closing(transport):
            yield lambda path: transport.exchange(attrs.evolve(accounts, path=path), {})
        server.shutdown()


@pytest.mark.parametrize("status", [b"102 Processing", b"103 Early Hints"])
def test_an_answer_in_between_is_not_the_answer(status: bytes) -> None:
    class Early(Silent):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.wfile.write(b"HTTP/1.1 " + status + b"\r\nLink: </a.css>\r\n\r\n")
            self.send_response(200)
            self.send_header("Content-Length", str(len(self.path)))
            self.end_headers()
            self.wfile.write(self.path.encode())

    with asking(Early) as ask:
        for path in ("/first", "/second"):
            answer = ask(path)
            assert (answer.status, answer.content, "link" in answer.headers) == (200, path.encode(), False)


def test_a_request_that_no_operation_answers_is_repeated_after_429_too() -> None:
    statuses = iter([429, 404])

    class Busy(Silent):
        def do_GET(self) -> None:
            self.send_response(next(statuses))
            self.send_header("Retry-After", "0")
            self.send_header("Content-Length", "0")
            self.end_headers()

    with asking(Busy) as ask:
        answer = ask(f"{spec.api('neu').operations['listAccounts'].path}/")
    assert answer.status == 404


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "[" * 100_000 + "]" * 100_000])
def test_json_that_is_too_deep_is_none(text: str) -> None:
    assert loaded(text.encode()) is MISSING
    assert loaded(b'["[[[", "]]", {"a": "}}{{"}]') == ["[[[", "]]", {"a": "}}{{"}]
