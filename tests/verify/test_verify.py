"""The contract suite against a server that is not ours: it passes when honest, and fails by name when broken."""

from __future__ import annotations

import _thread
import io
import json
import os
import re
import signal
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis.configuration import storage_directory
from rich.console import Console
from starlette.requests import Request

from contrato.core import spec
from contrato.core.spec import Operation
from contrato.verify import RULES, ExitCode, Report, UsageError, Verdict, verify
from contrato.verify.discovery import WINDOW
from contrato.verify.documents import find
from contrato.verify.exchange import Exchange
from contrato.verify.findings import Layer
from contrato.verify.interrupts import terminable, uninterrupted
from contrato.verify.naming import TRIAL
from contrato.verify.reports import terminal
from contrato.verify.reports.har import Recorder
from contrato.verify.reports.report import Outcome
from foreign import TOKEN, Alter, Answer, Foreign, replaced, serve
from recordings import assert_recording_passes

pytestmark = pytest.mark.slow

APIS = pytest.mark.parametrize("api", spec.APIS)

CONFORMANCE = [name for name, rule in RULES.items() if rule.layer is Layer.CONFORMANCE]
"""What Schemathesis judges. Other rules have tests of their own, and more to say about a broken answer."""

WRITERS = ["createApportionment", "updateApportionment", "deleteApportionment"]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run where nothing may be left behind, without a token in the environment."""
    monkeypatch.chdir(tmp_path)
    for api in spec.APIS:
        monkeypatch.delenv(f"{api.upper()}_TOKEN", raising=False)
    return tmp_path


def run(foreign: Foreign, mode: str | None = None, seed: int = 1, examples: int = 2, **options: Any) -> Report:
    with serve(foreign) as url:
        return verify(foreign.api, url, TOKEN, seed, mode, examples=examples, rate=0, **options)


def text_of(report: Report) -> str:
    out = io.StringIO()
    terminal.write(report, Console(file=out, width=200))
    return out.getvalue()


def only(**changes: Callable[[Answer], Answer]) -> Alter:
    """Break some operations, each in one way; the others stay honest."""
    return lambda name, answer: changes[name](answer) if name in changes and answer.status != 401 else answer


def in_rows(path: str, key: str, value: Any) -> Callable[[Answer], Answer]:
    """Set (or, with `...`, delete) one property of each row of successful answers."""

    def change(body: Any) -> None:
        for row in find(body, path):
            if value is ...:
                del row[key]
            else:
                row[key] = value

    return lambda answer: replaced(answer, change) if answer.status < 300 and answer.body else answer


@APIS
def test_an_honest_server_passes_and_so_does_the_recording_of_the_run(api: str, elsewhere: Path) -> None:
    used = set()
    recorder = Recorder()

    def look(name: str, answer: Answer) -> Answer:
        used.add(storage_directory("examples").home_directory)
        return answer

    report = run(Foreign(api, look), observer=recorder)
    assert report.failures == []
    assert [warning for warning in report.warnings if warning.layer is Layer.LAW] == []
    assert report.exit_code is ExitCode.PASSED
    assert {row.operation for row in report.operations} == set(spec.api(api).operations)
    assert all(row.successes and row.verdict is Verdict.PASSED for row in report.operations)
    # What Hypothesis keeps is in the user's cache, and nothing is where the command was run.
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    assert used == {Path(cache) / "contrato"}
    assert list(elsewhere.iterdir()) == []
    assert_recording_passes(recorder, report, elsewhere)


def test_a_run_stops_at_the_first_failure_if_it_is_told_to() -> None:
    def broken(name: str, answer: Answer) -> Answer:
        return replace(answer, status=500) if name == "listPqrs" else answer

    foreign = Foreign("neu")
    foreign.alter = broken
    report = run(foreign, only=["listPqrs", "listAccounts"], max_failures=1)
    assert report.exit_code == 1
    assert any(note.startswith("the run stopped early") for note in report.notes)
    assert report.requests < run(foreign, only=["listPqrs", "listAccounts"]).requests


def test_an_argument_of_open_meaning_may_be_refused() -> None:
    foreign = Foreign("neu")

    def accounts_alone(name: str, answer: Answer) -> Answer:
        is_filtered = name == "listActiveRules" and "Id_project" in foreign.asked[-1][1]
        return replace(answer, status=403, body={"message": "Proyecto desconocido"}) if is_filtered else answer

    foreign.alter = accounts_alone
    report = run(foreign, only=["listActiveRules", "valid_request_acceptance"])
    assert report.exit_code is ExitCode.PASSED


@pytest.mark.parametrize(
    ("api", "only"),
    [("neu", ["queryConsumption"]), ("apportionments", ["updateApportionment"])],
)
def test_a_seed_decides_what_is_sent(api: str, only: list[str]) -> None:
    logs = []
    for seed in (7, 7, 8):
        foreign = Foreign(api)
        run(foreign, seed=seed, only=[*only, *CONFORMANCE])
        logs.append(foreign.log)
    assert logs[0] == logs[1]
    assert logs[0] != logs[2]


def test_each_breakage_of_neu_is_named() -> None:
    breakages = {
        "queryConsumption": in_rows("/*/data/*", "is_backup", 0),
        "listDueDates": in_rows("/data/*", "date_expiration", ...),
        "listBills": in_rows("/*", "date", None),
        "listPqrs": in_rows("/*", "date", "2019-02-30T00:00:00"),
        "listActiveRules": lambda answer: replace(answer, content_type="text/plain"),
        "getService": lambda answer: replace(answer, status=500),
        "listNotifications": lambda answer: Answer(200, "<html>sorry</html>") if answer.status < 300 else answer,
        "listRuleHistory": lambda answer: replace(answer, body='{"data": [') if answer.status < 300 else answer,
        "listUsedNeugets": lambda answer: Answer(400, {}),
        "getAccount": lambda answer: Answer(200, []) if answer.status < 300 else answer,
    }
    report = run(Foreign("neu", only(**breakages)), only=[*CONFORMANCE, "timestamps_exist"])
    assert report.exit_code is ExitCode.FAILED
    found = {failure.key for failure in report.failures}
    assert found >= {
        ("queryConsumption", "response_schema_conformance", "/*/data/*/is_backup"),
        ("listDueDates", "response_schema_conformance", "/data/*/date_expiration"),
        ("listBills", "response_schema_conformance", "/*/date"),
        ("listPqrs", "timestamps_exist", "/*/date"),
        ("listActiveRules", "content_type_conformance", ""),
        ("getService", "not_a_server_error", ""),
        ("listNotifications", "response_schema_conformance", ""),
        ("listRuleHistory", "response_schema_conformance", ""),
        ("listUsedNeugets", "valid_request_acceptance", ""),
    }
    # Nobody else is blamed, and an empty answer is no violation.
    assert {operation for operation, *_ in found} == breakages.keys() - {"getAccount"}
    verdicts = {row.operation: row.verdict for row in report.operations}
    assert verdicts["getAccount"] is Verdict.INCONCLUSIVE
    backup = next(failure for failure in report.failures if failure.field.endswith("is_backup"))
    assert (backup.expected, backup.found) == ('type "boolean"', "0")
    assert backup.count > 5  # one failure does not end the search
    schema = spec.api("neu").operations["queryConsumption"].answer
    assert schema is not None
    assert backup.evidence == schema.evidence_at("/*/data/*/is_backup")
    assert backup.evidence.startswith("documented neu#L")


def test_each_breakage_of_apportionments_is_named() -> None:
    def accepts_anything(answer: Answer) -> Answer:
        page = {"items": [], "total": 0, "per_page": 10, "current_page": 1}
        return Answer(200, page) if answer.status == 422 else answer

    report = run(
        Foreign(
            "apportionments",
            only(
                listApportionments=accepts_anything,
                getApportionment=lambda answer: Answer(410, {}) if answer.status == 204 else answer,
                updateApportionment=in_rows("/company", "name", 7),
                deleteApportionment=lambda answer: Answer(200, {}),
            ),
        ),
        only=CONFORMANCE,
    )
    assert report.exit_code is ExitCode.FAILED
    found = {failure.key for failure in report.failures}
    assert found >= {
        ("listApportionments", "negative_data_rejection", "query._sort"),
        ("getApportionment", "status_code_conformance", ""),
        ("updateApportionment", "response_schema_conformance", "/company/name"),
        ("deleteApportionment", "status_code_conformance", ""),
    }
    assert {operation for operation, *_ in found}.isdisjoint({"createApportionment"})
    assert "204 documented apportionments#L" in next(f.evidence for f in report.failures if "410" in f.found)


def test_a_server_may_look_for_what_a_filter_names_before_it_looks_at_dates() -> None:
    """Without such a service there is nothing to do with what else is wrong; with it there is."""
    foreign = Foreign("neu")
    existing = {service["id_service"] for service in foreign.list_services({}).body}

    def looks_first(name: str, answer: Answer) -> Answer:
        service = foreign.asked[-1][1].get("Id_service")
        unknown = isinstance(service, int) and not isinstance(service, bool) and service not in existing
        return Answer(204) if name == "listDueDates" and answer.status == 400 and unknown else answer

    foreign.alter = looks_first
    only = ["listDueDates", "negative_data_rejection"]
    assert run(foreign, only=only, examples=60).failures == []
    foreign.alter = lambda name, answer: Answer(204) if name == "listDueDates" and answer.status == 400 else answer
    assert {f.rule for f in run(foreign, only=only, examples=60).failures} == {only[1]}


def test_a_token_that_is_not_checked_is_a_violation() -> None:
    report = run(Foreign("apportionments", checks_token=False), mode="own-records", only=["ignored_auth"])
    assert {f.operation for f in report.failures if f.rule == "ignored_auth"} == {
        row.operation for row in report.operations
    }


def test_the_token_is_printed_nowhere() -> None:
    # The server even echoes it.
    echoing = only(listAccounts=in_rows("/*", "id_account", TOKEN))
    report = run(Foreign("neu", echoing), mode="read-only", only=["listAccounts"])
    text = text_of(report)
    assert TOKEN not in text
    assert """-H 'authorization: Bearer '"$NEU_TOKEN\"""" in text
    assert "listAccounts /*/id_account: response_schema_conformance" in text
    assert "--seed 1" in text


def test_empty_lists_are_inconclusive_also_inside_of_records() -> None:
    empty = only(listBills=lambda answer: Answer(200, []), queryConsumption=in_rows("/*", "data", []))
    operations = ["listBills", "queryConsumption", "listAccounts"]
    report = run(Foreign("neu", empty), mode="read-only", only=[*operations, *CONFORMANCE])
    assert report.failures == []
    assert report.exit_code is ExitCode.INCONCLUSIVE
    assert {row.operation: row.not_judged for row in report.operations if row.not_judged} == {
        "listBills": "every 2xx answer was empty; data on the server is needed",
        "queryConsumption": "always empty: /*/data; data on the server is needed",
    }


@pytest.mark.parametrize("at", ["createApportionment", "updateApportionment"])
def test_an_interrupted_run_removes_what_it_created(at: str) -> None:
    seen: list[str] = []

    def interrupt(name: str, answer: Answer) -> Answer:
        if name == at and answer.status < 300 and not seen:
            seen.append(name)
            _thread.interrupt_main()
        return answer

    foreign = Foreign("apportionments", interrupt)
    before = set(foreign.records)
    report = run(foreign, mode="own-records")
    assert seen
    assert report.interrupted
    assert report.exit_code is ExitCode.INCONCLUSIVE
    assert set(foreign.records) == before


def test_an_answer_that_does_not_come_is_a_violation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("contrato.verify.transport.TIMEOUT", 0.3)
    slow = only(listOverdueBills=lambda answer: replace(answer, delay=1.0))
    report = run(Foreign("neu", slow), mode="read-only", only=["listOverdueBills", "listAccounts", *CONFORMANCE])
    assert {failure.key for failure in report.failures} == {("listOverdueBills", "answer", "")}


def test_an_answer_without_end_is_inconclusive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("contrato.verify.transport.MAX_BYTES", 200_000)
    big = only(listOverdueBills=lambda answer: replace(answer, body=[*answer.body] * 10_000))
    report = run(Foreign("neu", big), mode="read-only", only=["listOverdueBills", "listAccounts", *CONFORMANCE])
    assert report.failures == []
    assert [row.operation for row in report.operations if row.verdict is Verdict.INCONCLUSIVE] == ["listOverdueBills"]


def test_answers_that_are_too_long_together_end_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("contrato.verify.pace.MAX_ALL_BYTES", 20_000)
    report = run(Foreign("neu"), mode="read-only")
    assert report.failures == []
    assert report.interrupted
    assert report.exit_code is ExitCode.INCONCLUSIVE
    assert "the answers had more than 20000 bytes in all; a server with less data is needed" in report.notes


def test_an_answer_that_is_too_long_is_inconclusive_also_beside_good_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("contrato.verify.transport.MAX_BYTES", 200_000)
    foreign = Foreign("neu")

    def grow(name: str, answer: Answer) -> Answer:
        if name == "listOverdueBills" and [asked for asked, _ in foreign.asked].count(name) > 1:
            return replace(answer, body=[*answer.body] * 10_000)
        return answer

    foreign.alter = grow
    report = run(foreign, mode="read-only", only=["listOverdueBills", "listAccounts", *CONFORMANCE])
    assert report.failures == []
    assert [row.not_judged.partition(" than")[0] for row in report.operations if row.not_judged] == [
        "an answer was longer"
    ]


def test_later_pages_are_asked_for() -> None:
    foreign = Foreign("neu")

    def second_page_fails(name: str, answer: Answer) -> Answer:
        if name != "listDueDates" or answer.status != 200:
            return answer
        if foreign.asked[-1][1].get("PageNumber") == 2:
            return Answer(500, {})
        return replace(answer, body=answer.body | {"nextPage": 2, "maxPage": 2})

    foreign.alter = second_page_fails
    report = run(foreign, mode="read-only", examples=1, only=["listDueDates", "listBills", *CONFORMANCE])
    assert {failure.key for failure in report.failures} == {("listDueDates", "not_a_server_error", "")}


@pytest.mark.parametrize(
    ("api", "operations", "alter"),
    [
        (
            "neu",
            ["getService", "listBills"],
            lambda name, answer: Answer(401, "no", "text/plain") if answer.status == 401 else answer,
        ),
        (
            "apportionments",
            ["listApportionments"],
            lambda name, answer: Answer(403, {}) if answer.status == 401 else answer,
        ),
        # A request that breaks the spec may be refused in HTTP's own way, where no source says otherwise.
        (
            "apportionments",
            WRITERS,
            lambda name, answer: malformed(answer) if answer.status == 422 else answer,
        ),
    ],
)
def test_how_a_request_is_refused_is_left_to_the_server(api: str, operations: list[str], alter: Alter) -> None:
    report = run(Foreign(api, alter), only=operations)
    assert report.failures == []
    assert report.exit_code is ExitCode.PASSED


def test_a_token_that_may_not_write_is_told_of() -> None:
    foreign = Foreign(
        "apportionments", lambda name, answer: Answer(403, {}) if name in WRITERS and answer.status < 300 else answer
    )
    report = run(foreign, only=["createApportionment", *CONFORMANCE])
    assert report.exit_code is ExitCode.INCONCLUSIVE
    (row,) = report.operations
    assert "the token may not do it" in row.not_judged


class Strict(Foreign):
    """Wants the header that the document shows with every request."""

    def _answer(self, operation: Operation, request: Request, path: str, raw: bytes) -> Answer:
        is_json = request.headers.get("content-type") == "application/json"
        return super()._answer(operation, request, path, raw) if is_json else Answer(415, {"detail": "send JSON"})


def test_a_server_may_want_the_type_that_the_document_shows_with_every_request() -> None:
    report = run(Strict("apportionments"), mode="read-only")
    assert (report.failures, report.exit_code) == ([], ExitCode.PASSED)


class Otherwise(Foreign):
    """Takes the page of notifications as `page` in the URL, and the services of readings as `Id_servicess`."""

    def _answer(self, operation: Operation, request: Request, path: str, raw: bytes) -> Answer:
        if operation.id == "queryConsumption":
            sent = json.loads(raw)
            sent.pop("Id_services", None)
            if "Id_servicess" in sent:
                sent["Id_services"] = sent.pop("Id_servicess")
            raw = json.dumps(sent).encode()
        answer = super()._answer(operation, request, path, raw)
        if operation.id != "listNotifications" or answer.status != 200:
            return answer
        rows = [{**answer.body["data"][0], "text": f"Mire {number}"} for number in range(45)]
        number = int(request.query_params.get("page", 1))
        shown = {"nextPage": number + 1 if number < 3 else None, "maxPage": 3, "total": len(rows)}
        return replace(answer, body={**shown, "data": rows[20 * number - 20 : 20 * number]})


@pytest.mark.parametrize(
    ("operation", "argument", "question", "reading", "told"),
    [
        ("listNotifications", "PageNumber", "page-argument", "page-url", "takes PageNumber as page in the URL"),
        ("queryConsumption", "Id_services", "services-name", "Id_servicess", "takes Id_services as Id_servicess in"),
    ],
)
def test_an_argument_is_judged_where_the_server_takes_it(
    operation: str, argument: str, question: str, reading: str, told: str
) -> None:
    if reading not in spec.api("neu").operations[operation].parameter(argument).open[question].readings:
        pytest.skip("the spec was learnt, and settles it")
    if spec.api("neu").operations[operation].parameter(argument).place == "query" and operation == "queryConsumption":
        pytest.skip("the argument is in the query")
    rules = ["pages_make_the_list", "filters_select", "arguments_are_accepted", "open_questions_have_one_answer"]
    report = run(Otherwise("neu"), mode="read-only", only=[operation, *rules])
    assert report.failures == []
    assert [note for note in report.notes if f"{operation} {told}" in note]
    assert set(report.readings[question]) == {reading}


class Narrow(Foreign):
    """Refuses hourly rows of more than a month."""

    def query_consumption(self, given: dict[str, Any]) -> Answer:
        ends = [datetime.fromisoformat(given[name][:19]) for name in ("From", "To")]
        if given["Interval"] == "HOURLY" and ends[1] - ends[0] > timedelta(days=31):
            return Answer(400, {"detail": "ask for a month at most"})
        return super().query_consumption(given)


def test_a_server_that_gives_few_hourly_rows_at_a_time_is_asked_for_others() -> None:
    report = run(Narrow("neu"), only=["queryConsumption", *CONFORMANCE])
    assert report.failures == []
    assert {row.operation: row.verdict for row in report.operations} == {"queryConsumption": Verdict.PASSED}


def malformed(answer: Answer) -> Answer:
    """Refuse what the spec does not allow with 400, and a company that is not known still with 422."""
    return answer if "company" in json.dumps(answer.body) or "empresa" in json.dumps(answer.body) else Answer(400, {})


def test_random_ranges_stay_short_where_no_page_bounds_the_answer() -> None:
    foreign = Foreign("neu")
    ranges = {name: o.date_range for name, o in spec.api("neu").operations.items() if o.pagination is None}
    unbounded = {name: dates for name, dates in ranges.items() if dates is not None}
    run(foreign, mode="read-only", examples=10, only=[*unbounded, *CONFORMANCE])
    lengths = []
    for name, given in foreign.asked:
        dates = unbounded.get(name)
        if dates is not None and given.keys() >= {dates.start, dates.end}:
            ends = [given[end] for end in (dates.start, dates.end)]
            start, stop = (datetime.fromisoformat(end).replace(tzinfo=None) for end in ends)
            lengths.append(stop - start)
    assert len(lengths) > 20
    assert max(lengths) <= WINDOW + timedelta(days=1)


def test_what_runs_in_the_background_ends_when_it_is_told_to() -> None:
    done = []

    def write() -> None:
        with uninterrupted():
            signal.raise_signal(signal.SIGTERM)
            done.append("what was begun")

    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with terminable():
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGTERM)
            with pytest.raises(KeyboardInterrupt):
                write()
    finally:
        signal.signal(signal.SIGINT, previous)
    assert done


def test_a_run_under_nohup_outlives_its_terminal() -> None:
    previous = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with terminable():
            signal.raise_signal(signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, previous)


def test_ctrl_c_inside_nested_protection_waits_for_the_outermost() -> None:
    reached = []

    def interrupted() -> None:
        with uninterrupted():
            with uninterrupted():
                signal.raise_signal(signal.SIGINT)
            reached.append("the outer block goes on")

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert reached


def test_a_second_ctrl_c_is_not_put_off() -> None:
    """The answer that is waited for may never come."""
    reached = []

    def waiting() -> None:
        with uninterrupted():
            signal.raise_signal(signal.SIGINT)
            reached.append("the first is put off")
            signal.raise_signal(signal.SIGINT)
            reached.append("the second is not")

    with pytest.raises(KeyboardInterrupt):
        waiting()
    assert reached == ["the first is put off"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_clean_up_that_is_interrupted_again_goes_on(number: signal.Signals) -> None:
    sent = []

    def interrupt(name: str, answer: Answer) -> Answer:
        if name in ("createApportionment", "deleteApportionment") and answer.status < 300:
            sent.append(name)
            os.kill(os.getpid(), number)
        return answer

    foreign = Foreign("apportionments", interrupt)
    before = set(foreign.records)
    report = run(foreign, mode="own-records")
    assert sent[0] == "createApportionment"
    assert "deleteApportionment" in sent
    assert report.exit_code is ExitCode.INCONCLUSIVE
    assert set(foreign.records) == before


def test_usage_errors_say_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    operations = spec.api("neu").operations.values()
    easiest = next(f"{o.method} {o.path}" for o in operations if not any(f.required for f in o.parameters))
    with serve(Foreign("neu")) as url:
        with pytest.raises(UsageError, match=r"token refused by .*: check --token or NEU_TOKEN"):
            verify("neu", url, "wrong")
        with pytest.raises(UsageError, match=rf"is not the neu API: {re.escape(easiest)} answers 404, text/plain"):
            verify("neu", f"{url}/elsewhere", TOKEN)
        with pytest.raises(UsageError, match=r"no mode 'careful': choose from unrestricted, own-records, read-only"):
            verify("neu", url, TOKEN, mode="careful")
    with pytest.raises(UsageError, match=r"no answer from .*: connection refused"):
        verify("neu", url, TOKEN)
    with pytest.raises(UsageError, match=r"no answer from .*: the host name is unknown"):
        verify("neu", "http://no-such-host.invalid", TOKEN)
    with pytest.raises(UsageError, match=r"no token: give --token or set NEU_TOKEN"):
        verify("neu", url)
    for wrong in (
        "localhost:8000",
        "http://[::1",
        "http://localhost:99999",
        "http://a:b",
    ):
        with pytest.raises(UsageError, match=r"not a base URL"):
            verify("neu", wrong, TOKEN)
    with pytest.raises(UsageError, match=r"no API 'petstore': choose from apportionments, neu"):
        verify("petstore", url, TOKEN)
    monkeypatch.setenv("NEU_TOKEN", "from-the-environment")
    with serve(Foreign("neu")) as url, pytest.raises(UsageError, match="token refused"):
        verify("neu", url)


def test_only_what_is_chosen_is_asked_for() -> None:
    senders: list[tuple[str, str]] = []

    def observe(exchange: Exchange) -> None:
        senders.append((exchange.sender, exchange.operation.id if exchange.operation else ""))

    report = run(Foreign("neu"), only=["pages_make_the_list"], observer=observe)
    assert {sender for sender, _ in senders} - {TRIAL} == {"discovery", "pages_make_the_list"}
    assert report.exit_code is ExitCode.PASSED
    assert {operation for operation, _ in report.counts} == {row.operation for row in report.operations}
    senders.clear()
    report = run(Foreign("neu"), only=["listAccounts", "listBills", "records_add_up"], observer=observe)
    assert "schemathesis" not in {sender for sender, _ in senders}
    assert {rule for _, rule in report.counts} == {"records_add_up"}
    assert report.counts["listBills", "records_add_up"][Outcome.PASSED] > 1
    assert ("listAccounts", "records_add_up") not in report.counts
    senders.clear()
    run(Foreign("neu"), only=["listDueDates"], observer=observe)
    assert {operation for sender, operation in senders if sender == "schemathesis"} <= {"listDueDates", ""}
