"""Every answer is held against the spec, whoever asked for it, live and recorded alike."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from contrato.core import spec
from contrato.core.spec import Api
from contrato.verify import RULES, ExitCode, Report, verify, verify_har
from contrato.verify.documents import MISSING, find, loaded
from contrato.verify.exchange import Exchange
from contrato.verify.findings import Violation
from contrato.verify.reports.har import Recorder
from foreign import TOKEN, Alter, Answer, Foreign, replaced, serve

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


def test_headers_that_a_spec_describes_are_judged() -> None:
    document = spec.api("neu").copy()
    described = {"X-Total": {"required": True, "schema": {"type": "integer"}}}
    document["paths"]["/accounts"]["get"]["responses"]["200"]["headers"] = described
    api = Api("neu", document)

    def found(**headers: str) -> list[str]:
        sent = {name.replace("_", "-"): text for name, text in headers.items()}
        operation = api.operations["listAccounts"]
        url, moment = "http://h/accounts", datetime.now(UTC)
        exchange = Exchange(operation, "x", "GET", url, "/accounts", {}, b"", 200, sent, b"[]", moment, 0.1)
        check = RULES["response_headers_conformance"].check
        assert check is not None
        return [each.found for each in check(exchange, api) if isinstance(each, Violation)]

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
