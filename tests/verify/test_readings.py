"""Open questions: any admissible reading is right, two at one place are not, and the report tells what was seen."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from citing import plain
from contrato.core import spec
from contrato.verify import Report, verify
from contrato.verify.checks.documented import status_code_conformance
from contrato.verify.checks.readings import open_questions_have_one_answer
from contrato.verify.checks.refusals import refusals_name_the_fault
from contrato.verify.exchange import Exchange
from contrato.verify.findings import Reading, Violation
from contrato.verify.leniency import faults_of, left_open, may_be_refused
from contrato.verify.readings import Readings
from contrato.verify.reports import html, junit, terminal
from exchanges import answer, asked, bills, each, lists
from foreign import TOKEN, Answer, Foreign, is_settled, serve

NEU = spec.api("neu")
APPORTIONMENTS = spec.api("apportionments")


def sent(operation: str, body: Any, status: int = 200) -> Exchange:
    """An exchange with another body of the request."""
    exchange = asked(lambda: (operation, {}))
    if exchange.operation is None or exchange.operation.body is None:
        pytest.skip("the operation has no body")
    return replace(exchange, request_body=json.dumps(body).encode(), status=status)


def run(foreign: Foreign, *only: str) -> Report:
    with serve(foreign) as url:
        return verify(foreign.api, url, TOKEN, examples=2, only=only)


def told(exchange: Exchange) -> set[tuple[str, str, str]]:
    api = NEU if exchange.operation and exchange.operation.id in NEU.operations else APPORTIONMENTS
    found = open_questions_have_one_answer(exchange, api)
    return {(each.question, each.field, each.reading) for each in found if isinstance(each, Reading)}


@pytest.mark.parametrize(
    ("operation", "body", "at", "question"),
    [
        ("listBills", {"Id_service": "41"}, "body.Id_service", "lenient-type"),
        ("listBills", {"Id_service": [41]}, "body.Id_service", "lenient-type"),
        ("listBills", {"Id_service": True}, "body.Id_service", "lenient-type"),
        ("listBills", {"From": 1_600_000_000}, "body.From", "lenient-type"),
        ("listBills", {"From": "2021-04-01"}, "body.From", "lenient-type"),
        ("listBills", {"From": None}, "body.From", "null-argument"),
        ("listBills", {"From": " "}, "body.From", "null-argument"),
        ("listBills", {"color": 1}, "body.color", "unknown-argument"),
        ("queryConsumption", {"Id_services": "41"}, "body.Id_services", "lenient-type"),
        ("createApportionment", {"mixed_consumption": 1}, "body.mixed_consumption", "lenient-type"),
        ("createApportionment", {"limit_day": None}, "body.limit_day", "null-field"),
    ],
)
def test_a_value_with_one_obvious_meaning_need_not_be_refused(
    operation: str, body: Any, at: str, question: str
) -> None:
    assert faults_of(sent(operation, body))[at] == question


@pytest.mark.parametrize(
    ("operation", "body", "at"),
    [
        ("listBills", {"Id_service": "cuarenta"}, "body.Id_service"),
        ("listBills", {"Id_service": {"id": 41}}, "body.Id_service"),
        ("listBills", {"Id_service": 1.5}, "body.Id_service"),
        ("listBills", {"From": "yesterday"}, "body.From"),
        ("listBills", {"From": {}}, "body.From"),
        ("queryConsumption", {"Interval": "WEEKLY"}, "body.Interval"),
        ("queryConsumption", {"Interval": None}, "body.Interval"),
        ("queryConsumption", {"Id_services": [[41]]}, "body.Id_services"),
        ("createApportionment", {"mixed_consumption": "sometimes"}, "body.mixed_consumption"),
        ("createApportionment", {"name": {}}, "body.name"),
        ("createApportionment", {}, "body.name"),
    ],
)
def test_a_value_that_could_mean_anything_must_be_refused(operation: str, body: Any, at: str) -> None:
    exchange = sent(operation, body)
    assert faults_of(exchange)[at] is None
    assert left_open(exchange) is None


def test_a_valid_request_may_be_refused_where_the_spec_leaves_it_open() -> None:
    assert may_be_refused(sent("listBills", {"From": "2020-01-01T00:00:00", "To": "2021-01-01T00:00:00"}, 400))
    assert may_be_refused(sent("listBills", {"From": "2020-01-01T00:00:00", "To": "2020-01-02T00:00:00"}, 400)) is None
    assert may_be_refused(sent("createApportionment", {"name": "Rateio"}, 422)) == "duplicate-name"
    assert may_be_refused(sent("listBills", {"From": "2020-01-01T00:00:00"}, 200)) is None


@pytest.mark.parametrize(
    ("operation", "answered"),
    [
        ("createApportionment", answer(409, {"detail": "the name is taken"})),
        ("createApportionment", answer(403, {"detail": "you may not"})),
        # Of the record, and not of the request.
        ("updateApportionment", answer(422, {"company_id": ["a rule of the company"]})),
    ],
)
def test_what_is_valid_by_itself_may_not_be_written(operation: str, answered: Callable[[Exchange], Exchange]) -> None:
    node = APPORTIONMENTS.operations[operation]
    assert node.body is not None
    body = next(iter(node.body.examples.values()))
    of_record = {f.name: 17 for f in node.parameters if f.place == "path"}
    exchange = answered(replace(asked(lambda: (operation, of_record)), request_body=json.dumps(body).encode()))
    for check in (status_code_conformance, refusals_name_the_fault):
        assert [found for found in check(exchange, APPORTIONMENTS) if found is not None] == []
    if exchange.status != 422:
        assert may_be_refused(exchange)
    other = replace(exchange, status=418)
    assert [found for found in status_code_conformance(other, APPORTIONMENTS) if found is not None]


@pytest.mark.parametrize(
    ("exchange", "reading"),
    [
        (lambda: answer(401, b"", content_type="text/plain")(no_token()), ("token-refusal", "", "401")),
        (lambda: answer(401, b"no", content_type="text/plain")(no_token()), ("error-body", "", "text")),
        (lambda: answer(401, b"")(no_token()), ("error-body", "", "empty")),
        (lambda: each("/*", "date", lambda v: f"{v}Z")(asked(bills)), ("timestamp-zone", "/*/date", "utc")),
        (lambda: asked(bills), ("timestamp-zone", "/*/date", "none")),
        (lambda: asked(lambda: ("listDueDates", {"PageNumber": 1, "From": "1990-01-01T00:00:00",
                                                  "To": "1990-01-02T00:00:00"})),
         ("empty-max-page", "/maxPage", "one")),
        (lambda: sent("listBills", {"Id_service": "41"}, 400), ("lenient-type", "body.Id_service", "refused")),
        (lambda: sent("listBills", {"From": None}), ("null-argument", "body.From", "ignored")),
        (lambda: asked(lambda: lists(_sort="")), ("empty-argument", "query._sort", "refused")),
    ],
)  # fmt: skip
def test_a_reading_is_recognised(exchange: Any, reading: tuple[str, str, str]) -> None:
    assert reading in told(exchange())


def test_a_settled_question_has_one_answer() -> None:
    document = NEU.copy()
    known = {"settled": "utc", "x-evidence": "observed 2026-11-28: 3 answers"}
    document["components"]["schemas"]["Bill"]["properties"]["date"]["x-open"] = {"timestamp-zone": known}
    settled = Readings(spec.Api("neu", document))
    assert settled.see(Reading("listBills", "timestamp-zone", "/*/date", "utc")) is None
    violation = settled.see(Reading("listBills", "timestamp-zone", "/*/date", "none"))
    assert violation is not None
    assert violation.evidence == known["x-evidence"]
    assert violation.expected.startswith("utc: ")
    assert violation.found.startswith("none: ")


REVERSED = {"From": "2021-02-01T00:00:00", "To": "2021-01-01T00:00:00"}


def test_a_refusal_for_one_reason_tells_nothing_of_another() -> None:
    assert ("range-reversed", "", "refused") in told(sent("listBills", REVERSED, 400))
    for other in ({"Id_service": "41"}, {"Page": None}, {"color": 1}, {"Id_service": 41, "Id_account": 7}):
        readings = told(sent("listBills", {**REVERSED, **other}, 400))
        assert not {each for each in readings if each[0] == "range-reversed"}
    large = replace(asked(lambda: lists(_limit=10**6)), status=400)
    assert ("largest-limit", "query._limit", "refused") in told(large)
    wrong = replace(large, url=f"{large.url}&color=1")
    assert not {each for each in told(wrong) if each[0] == "largest-limit"}
    for name, number in (("_limit", -3), ("_page", 0), ("_limit", 10**6)):
        refused = replace(asked(partial(lists, **{name: number})), status=422)
        assert may_be_refused(refused)
        assert not {each for each in told(replace(refused, url=f"{refused.url}&color=1")) if "unknown" in each[0]}
    for chosen in ({"Id_service": 41}, {"Page": 7}):
        assert not {each for each in told(sent("listBills", {**chosen, "color": 1}, 400)) if "unknown" in each[0]}
    assert ("unknown-argument", "body", "refused") in told(sent("listBills", {"color": 1}, 400))


def test_no_rows_say_nothing_of_a_size_below_one() -> None:
    """They may be all rows that there are."""
    nothing = replace(asked(partial(lists, _limit=0)), status=204, content=b"")
    assert not {each for each in told(nothing) if each[0] == "below-one"}


def test_a_refusal_of_a_page_says_nothing_of_a_body_that_is_left_out() -> None:
    without = replace(asked(lambda: ("listNotificationInteractions", {})), request_body=b"", status=400)
    if without.operation is None or without.operation.body is None:
        pytest.skip("the operation has no body")
    assert ("body-required", "", "required") in told(without)
    with_page = replace(asked(lambda: ("listNotificationInteractions", {"PageNumber": 0})), status=400)
    if with_page.request_body not in (b"", b"{}"):
        pytest.skip("the page is in the body")
    assert not told(replace(with_page, request_body=b"")) & {
        ("body-required", "", "required"),
        ("below-one", "query.PageNumber", "refused"),
    }


def no_token() -> Exchange:
    return replace(asked(lambda: ("listAccounts", {})), request_headers={})


def readings(*names: str, question: str = "range-end") -> Iterator[Reading]:
    return (Reading("listBills", question, "", name) for name in names)


def test_one_answer_throughout_is_no_violation() -> None:
    ledger = Readings(NEU)
    assert [ledger.see(reading) for reading in readings("included", "included")] == [None, None]
    assert ledger.told()["range-end"] == {"included": {"listBills": 1}}
    assert ledger.told()["range-start"] == {}


def test_two_answers_at_one_place_are_a_violation_once() -> None:
    ledger = Readings(NEU)
    first, second, *rest = [ledger.see(reading) for reading in readings("included", "excluded", "included")]
    assert first is None
    assert rest == [None]
    assert second is not None
    assert NEU.questions["range-end"].question in second.expected
    assert second.evidence.startswith("open")


def test_several_answers_are_right_where_the_spec_says_so() -> None:
    ledger = Readings(NEU)
    assert not any(map(ledger.see, readings("401", "403", question="token-refusal")))


def test_a_server_that_changes_its_mind_fails() -> None:
    """Timestamps with and without a zone, by turns."""
    if is_settled("timestamp-zone"):
        pytest.skip("the spec was learnt, and settles it")
    count = iter(range(10**6))

    def zoned(name: str, given: Answer) -> Answer:
        text = json.dumps(given.body)
        if name != "listPqrs" or given.status != 200 or next(count) % 2:
            return given
        return replace(given, body=json.loads(text.replace('Z"', '"')))

    foreign = Foreign("neu")
    foreign.alter = zoned
    report = run(foreign, "listPqrs", "open_questions_have_one_answer")
    assert "open_questions_have_one_answer" in {failure.rule for failure in report.failures}


@pytest.mark.parametrize("operation", ["listBills", "listServices"])
def test_a_field_that_no_answer_ever_has_is_a_violation(operation: str) -> None:
    exchange = asked(lambda: (operation, {}))
    schema = exchange.operation.answer if exchange.operation else None
    assert schema is not None
    assert schema.items is not None
    name = next(name for name, prop in schema.items.properties.items() if prop.schema.admits("no-value", "absent"))
    records = json.loads(exchange.content) * 20
    lacking = [{key: value for key, value in record.items() if key != name} for record in records]
    for shown, fields in ((lacking, [f"/*/{name}"]), ([*lacking, records[0]], []), (lacking[:5], [])):
        ledger = Readings(NEU)
        ledger.count(replace(exchange, content=json.dumps(shown).encode()))
        assert [violation.field for violation in ledger.never()] == fields


def test_a_field_that_is_sent_under_almost_its_name_is_told_so_and_answers_no_question() -> None:
    exchange = asked(lambda: ("listBills", {}))
    assert exchange.operation is not None
    schema = exchange.operation.answer
    assert schema is not None
    assert schema.items is not None
    name = next(name for name, prop in schema.items.properties.items() if prop.schema.admits("no-value", "absent"))
    for other, told in ((name.swapcase(), f"; they have {name.swapcase()}, which the spec does not"), ("other", "")):
        records = json.loads(exchange.content) * 20
        for record in records:
            record[other] = record.pop(name, None)
        said, ledger = replace(exchange, content=json.dumps(records).encode()), Readings(NEU)
        ledger.count(said)
        ledger.see(Reading("listBills", "no-value", f"/*/{name}", "absent", (said,)))
        assert [plain(violation.found) for violation in ledger.never()] == [f"in none of {len(records)}{told}"]
        assert ledger.told()["no-value"] == {}


@pytest.mark.parametrize("late", range(4, 9))
def test_a_record_that_is_new_is_none_that_only_a_range_shows(late: int) -> None:
    """It came between the list without a range and the one with it."""
    foreign, asked = Foreign("neu"), []

    def grown(name: str, answer: Answer) -> Answer:
        if name != "listPqrs" or answer.status != 200:
            return answer
        asked.append(name)
        return replace(answer, body=answer.body[1:]) if len(asked) < late else answer

    foreign.alter = grown
    report = run(foreign, "listPqrs", "ranges_cut", "open_questions_have_one_answer")
    assert len(asked) > 9
    assert "recent" not in report.readings["no-range"]


def test_an_answer_that_is_none_of_the_readings_is_a_violation() -> None:
    refused = replace(asked(lambda: lists()), status=409)
    operation = APPORTIONMENTS.operations["getApportionment"]
    exchange = replace(refused, operation=operation, path=operation.filled({"id": "x"}))
    found = open_questions_have_one_answer(exchange, APPORTIONMENTS)
    assert [each.field for each in found if isinstance(each, Violation)] == ["path.id"]


@pytest.mark.slow
def test_the_report_tells_what_was_seen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = run(Foreign("neu"), "listPqrs")
    zones = ["none"] if is_settled("timestamp-zone") else ["utc", "none"]
    assert "listPqrs /*/date" in report.readings["timestamp-zone"][zones[0]]
    assert report.readings["row-date"] == {}
    assert TOKEN not in str(report.readings)
    html.write(tmp_path / "report.html", report, "contrato verify neu")
    junit.write(tmp_path / "report.xml", report)
    page, xml = ((tmp_path / name).read_text("utf-8") for name in ("report.html", "report.xml"))
    assert NEU.questions["timestamp-zone"].readings[zones[0]] in unescape(page)
    assert f'name="reading of timestamp-zone" value="{", ".join(zones)}"' in xml
    terminal.write(report)
    assert f"timestamp-zone: {' and '.join(zones)}" in capsys.readouterr().out
