"""Reports of a run: what they say, and what they must never say."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import shlex
import subprocess
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import httpx
import junitparser
import pytest
from click.testing import CliRunner
from rich.console import Console

from citing import plain
from contrato.cli import main
from contrato.core import spec
from contrato.core.spec import Api, Operation
from contrato.mock import create_app
from contrato.verify import (
    ExitCode,
    Level,
    Mode,
    Report,
    Verdict,
    verify,
)
from contrato.verify.documents import cited, find, places, short
from contrato.verify.findings import Layer, NotJudged, Violation, answered
from contrato.verify.hiding import TOKEN as HIDDEN
from contrato.verify.hiding import Scrubber
from contrato.verify.reports import baseline as baselines
from contrato.verify.reports import har, html, junit, terminal
from contrato.verify.reports.report import Failure, OperationResult, Outcome, Unjudged, alike, curl
from contrato.verify.rules import RULES, Rule
from foreign import TOKEN, Answer, Foreign, replaced, serve
from reporting import NEU, SECRET, accounts, exchange, failure, page_of, report, text_of

pytestmark = pytest.mark.slow


@dataclass
class Written:
    """The texts of a run's reports by kind, and what the server knows of its customers."""

    texts: dict[str, str]
    personal: set[str]
    report: Report
    token: str


def personal_values(document: Api, operation: str, body: Any) -> Iterator[str]:
    """What is at the places that the spec marks, in one answer."""
    for pointer, schema in places(document.operations[operation].answer):
        if schema.personal:
            yield from (str(value) for value in find(body, pointer) if isinstance(value, str | int | float))


def breaking(values: set[str], document: Api) -> Callable[[str, Answer], Answer]:
    """Break the server where it hurts: values of the wrong type hold names, errors cite them, the token is echoed."""

    def alter(name: str, answer: Answer) -> Answer:
        if answer.status >= 300 or not answer.body or isinstance(answer.body, str):
            return answer
        body = json.loads(json.dumps(answer.body))
        values.update(personal_values(document, name, body))

        def change(given: Any) -> None:
            for pointer, schema in places(document.operations[name].answer):
                parent, _, key = pointer.rpartition("/")
                if schema.personal and key != "*":
                    for row in find(given, parent):
                        if isinstance(row, dict) and isinstance(row.get(key), str):
                            row[key] = {"value": row[key]} if len(row[key]) % 2 else [row[key]]
                            row["trace"] = f"bearer {TOKEN}: {row[key]}"

        if name.startswith("get"):
            return Answer(500, f"Traceback: {json.dumps(body, ensure_ascii=False)} {TOKEN}", "text/plain")
        return replaced(answer, change)

    return alter


PERSONAL = {
    "neu": ["listAccounts", "getAccount", "getService", "listBills"],
    "apportionments": ["listApportionments", "getApportionment", "createApportionment"],
}


"""Operations whose answers have what is personal."""


@pytest.fixture(scope="module", params=spec.APIS)
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Written:
    """The reports of a run against a server that breaks its contract at every personal field."""
    folder = tmp_path_factory.mktemp("reports")
    values: set[str] = set()
    recorder = har.Recorder()
    with serve(Foreign(request.param, breaking(values, spec.api(request.param)))) as url:
        made = verify(request.param, url, TOKEN, examples=1, only=PERSONAL[request.param], observer=recorder)
    return collected(made, recorder, values, TOKEN, folder)


def collected(made: Report, recorder: har.Recorder, values: set[str], token: str, folder: Path) -> Written:
    html.write(folder / "r.html", made, "contrato verify")
    junit.write(folder / "r.xml", made)
    recorder.write(folder / "r.har", made)
    baselines.write(folder / "r.toml", [], made.failures, date(2026, 11, 22))
    texts = {file.suffix: file.read_text("utf-8") for file in folder.iterdir()}
    texts["terminal"] = text_of(made, 100_000)
    texts["repr"] = repr(made.failures) + repr(made.not_judged) + repr(made.notes)
    return Written(texts, values, made, token)


def test_no_report_has_the_token_or_what_is_personal(written: Written) -> None:
    assert len(written.report.failures) > 3
    assert len(written.personal) > 3
    vocabulary = set(re.findall(r"\w+", json.dumps(spec.api(written.report.api).document)))
    for kind, text in written.texts.items():
        assert written.token not in text, kind
        for value in written.personal:
            if len(value) > 2 and value not in vocabulary:
                for form in (value, json.dumps(value)[1:-1], quote(value)):
                    there = form in text and re.search(rf"(?<!\w){re.escape(form)}(?!\w)", text)
                    assert not there, f"{value} in {kind}"
    # Or nothing was looked for where something is.
    for kind in (".html", ".xml", ".har", "terminal", "repr"):
        assert re.search(r"\[\w+ \d+\]", written.texts[kind]), kind
        assert HIDDEN in written.texts[kind] or kind in (".xml", "terminal", "repr"), kind


def bundled_answers(document: Api, prefix: str) -> list[tuple[Operation, bytes]]:
    """Every list of the bundled server."""

    async def ask() -> list[tuple[Operation, bytes]]:
        transport = httpx.ASGITransport(create_app(token=SECRET))
        headers = {"Authorization": f"Bearer {SECRET}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://mock", headers=headers) as client:
            answers = [
                (of, await client.request(of.method, prefix + of.path, json=None if of.body is None else {}))
                for of in document.operations.values()
                if of.safe and not any(parameter.required for parameter in of.parameters)
            ]
        return [(of, answer.content) for of, answer in answers if answer.status_code == 200]

    return asyncio.run(ask())


def test_the_bundled_servers_customers_are_in_no_report(tmp_path: Path) -> None:
    """Every personal value of every list of the bundled server, after failures that cite them."""
    for api in spec.APIS:
        document = spec.api(api)
        scrubber = Scrubber(document, SECRET)
        recorder = har.Recorder()
        made = Report(api, "http://127.0.0.1", Mode.READ_ONLY, 1, scrubber=scrubber)
        values: set[str] = set()
        for operation, content in bundled_answers(document, "/neu" if api == "neu" else ""):
            values |= set(personal_values(document, operation.id, json.loads(content)))
            seen = replace(exchange(None, content), operation=operation, path=operation.path, method=operation.method)
            scrubber.learn(seen)
            recorder(seen)
            for value in sorted(values):
                failed = Failure(
                    operation.id,
                    "answer",
                    f"/{value}",
                    cited(value),
                    cited(f"{SECRET} {value}"),
                    "",
                    exchanges=(seen,),
                )
                made.add(failed)
                made.add_not_judged("answer", NotJudged(operation.id, f"because of {cited(value)}"))
        assert len(values) > 20
        made.notes.append(cited(" ".join(values)))
        made.finish()
        folder = tmp_path / api
        folder.mkdir()
        reports = collected(made, recorder, values, SECRET, folder)
        vocabulary = set(re.findall(r"\w+", json.dumps(spec.api(api).document)))
        for kind, text in reports.texts.items():
            assert SECRET not in text, kind
            left = {value for value in values if len(value) > 2 and value not in vocabulary and value in text}
            assert not left, f"{len(left)} in {kind}: {sorted(left)[:5]}"


# What a report is


@pytest.fixture
def plausible(monkeypatch: pytest.MonkeyPatch) -> Rule:
    """A rule that no source states."""
    rule = Rule("energies_are_positive", "Nobody uses less than nothing.", "Physics.", Layer.CHECK)
    monkeypatch.setitem(RULES, rule.name, rule)
    return rule


@pytest.mark.parametrize("strict", [True, False])
def test_what_is_only_plausible_is_a_warning_unless_strict(plausible: Rule, strict: bool, tmp_path: Path) -> None:
    made = report(strict=strict)
    violation = Violation(
        "listBills", "/*/energy", ">= 0", "-7", "plausible: a meter", (exchange("listBills", request={}),)
    )
    made.add(Failure.from_violation(plausible.name, violation, "NEU_TOKEN", strict=strict))
    found = made.failures if strict else made.warnings
    assert [(f.rule, f.layer, f.level) for f in found] == [
        (plausible.name, Layer.CHECK, Level.FAILURE if strict else Level.WARNING)
    ]
    assert made.exit_code is (ExitCode.FAILED if strict else ExitCode.PASSED)
    of = NEU.operations["listBills"]
    assert found[0].curl == (
        f"""curl -i -X {of.method} http://127.0.0.1{of.path} -H 'authorization: Bearer '"$NEU_TOKEN\""""
        + (" -H 'content-type: application/json' --data-binary '{}'" if of.body else "")
    )
    (case,) = made.cases()
    assert case.outcome is (Outcome.FAILED if strict else Outcome.WARNING)
    text = text_of(made)
    assert ("Warnings: what no source states" in text) is not strict
    assert "-7" in text
    junit.write(tmp_path / "r.xml", made)
    xml = ElementTree.parse(tmp_path / "r.xml")
    assert (xml.find(".//failure") is not None) is strict
    assert any("-7" in (out.text or "") for out in xml.iter("system-out")) is not strict
    assert ('id="warning-1"' in page_of(made, tmp_path)) is not strict


def test_the_same_failure_is_one_entry_and_counted() -> None:
    made = report(failure(), failure(found="1"), failure(field="/*/id_account"))
    assert [(f.field, f.count) for f in made.failures] == [("/*/account_name", 2), ("/*/id_account", 1)]
    assert made.counts["listAccounts", "response_schema_conformance"][Outcome.FAILED] == 3


@pytest.mark.parametrize(
    ("lasting", "interrupted", "verdict", "expected"),
    [
        (True, False, Verdict.PASSED, ExitCode.PASSED),
        (False, False, Verdict.PASSED, ExitCode.INCONCLUSIVE),
        (True, True, Verdict.PASSED, ExitCode.INCONCLUSIVE),
        (True, False, Verdict.INCONCLUSIVE, ExitCode.INCONCLUSIVE),
    ],
)
def test_exit_codes(lasting: bool, interrupted: bool, verdict: Verdict, expected: ExitCode) -> None:
    made = report(interrupted=interrupted, operations=[OperationResult("listAccounts", 1, 1, verdict, "")])
    made.add_not_judged("answer", NotJudged("listAccounts", "a single page", lasting))
    assert made.exit_code is expected
    made.add(failure())
    assert made.exit_code is ExitCode.FAILED


def test_every_check_of_the_engine_has_a_sentence() -> None:
    for name, rule in RULES.items():
        assert name == rule.name
        assert re.fullmatch(r"[A-Z].+\.", rule.sentence), name
        assert rule.explanation.endswith("."), name
    assert set(RULES) >= {"not_a_server_error", "response_schema_conformance", "ignored_auth", "answer"}


def full_report() -> Report:
    """A report that has something of everything."""
    made = report(
        failure(found="<script>alert(1)</script>\x1b[31m", curl="curl -i"),
        failure(operation="server", rule="answer", field="", exchanges=()),
        interrupted=True,
        notes=["kept back: 3"],
    )
    made.warnings.append(failure(operation="listBills", field="/*/energy", evidence="plausible: a meter"))
    made.accepted.append(
        failure(operation="listBills", field="/*/date", evidence="conflict neu#L1 neu#L2-L3: the first")
    )
    made.add_not_judged("unsupported_method", NotJudged("listBills", "the data moved", lasting=False))
    made.add_not_judged("ignored_auth", NotJudged("listBills", "a single page"))
    made.passed("listBills", "not_a_server_error")
    made.operations.append(OperationResult("listPqrs", 2, 0, Verdict.INCONCLUSIVE, "always empty; data is needed"))
    made.finish()
    return made


def test_the_summary_is_read_from_the_top() -> None:
    text = text_of(full_report())
    assert "\x1b" not in text
    assert max(map(len, text.split("2 failures")[0].splitlines())) <= 80
    marks = [
        "2 failures: what must hold, and does not",
        "  2  /*/account_name: The body of an answer has",
        "2. listAccounts /*/account_name: response_schema_conformance",
        "   found     <script>alert(1)</script>",
        "Warnings: ",
        "Accepted by the baseline",
        "Inconclusive: could not be checked",
        "could not check listPqrs: always empty; data is needed",
        "unsupported_method (listBills): the data moved; repeat the run",
        "Nothing to judge in this server's data",
        "ignored_auth (listBills): a single page",
        "kept back: 3",
        "failed, interrupted: 2 failures, 1 warning, 1 accepted by the baseline, 1 operation inconclusive",
    ]
    places = [text.find(mark) for mark in marks]
    assert -1 not in places, marks[places.index(-1)]
    assert places == sorted(places)
    assert text.rstrip().endswith("repeat with --seed 1")


def test_what_operations_share_is_said_once(tmp_path: Path) -> None:
    shared = {"rule": "statuses_have_their_headers", "field": "header.Allow", "level": Level.WARNING, "count": 2}
    operations = ["listAccounts", "listBills", "listPqrs"]
    made = report(*(failure(operation=operation, **shared) for operation in operations))
    made.add(failure(operation="getService", **shared, found="none at all"))
    text = text_of(made, 200)
    assert "- in 3 operations header.Allow: statuses_have_their_headers (6 times)" in text
    assert "   in        listAccounts, listBills, listPqrs" in text
    assert text.count("statuses_have_their_headers") == 2
    assert page_of(made, tmp_path).count("In 3 operations: ") == 1
    junit.write(tmp_path / "report.xml", made)
    suites = {suite.name: suite for suite in junitparser.JUnitXml.fromfile(str(tmp_path / "report.xml"))}
    assert all("statuses_have_their_headers" in [case.name for case in suites[name]] for name in operations)


def test_junit_has_a_case_for_each_operation_and_rule(tmp_path: Path) -> None:
    made = full_report()
    junit.write(tmp_path / "r.xml", made)
    suites = junitparser.JUnitXml.fromfile(str(tmp_path / "r.xml"))
    assert isinstance(suites, junitparser.JUnitXml)
    cases = {(suite.name, case.name): case for suite in suites for case in suite}
    assert {(case.operation, case.rule.name) for case in made.cases()} < cases.keys()
    assert all(case.classname.startswith("contrato.neu") for case in cases.values())
    failed = {key for key, case in cases.items() if any(isinstance(r, junitparser.Failure) for r in case.result)}
    assert failed == {("listAccounts", "response_schema_conformance"), ("server", "answer")}
    (result,) = cases["listAccounts", "response_schema_conformance"].result
    assert result.message == '/*/account_name: expected type "string"; found <script>alert(1)</script>\\x1b[31m'
    for part in (RULES["response_schema_conformance"].sentence, "evidence: documented neu#L11", "repeat: curl -i"):
        assert part in result.text
    skipped = {
        key: case.result[0].message
        for key, case in cases.items()
        if any(isinstance(r, junitparser.Skipped) for r in case.result)
    }
    assert skipped == {
        ("listBills", "unsupported_method"): "the data moved",
        ("listBills", "ignored_auth"): "a single page",
        ("listPqrs", "was_checked"): "always empty; data is needed",
        ("run", "came_to_its_end"): "the run was interrupted; what is missing here was not judged",
    }
    root = ElementTree.parse(tmp_path / "r.xml").getroot()
    assert root.tag == "testsuites"
    for suite in root:
        counted = [int(suite.get(name, "")) for name in ("tests", "failures", "errors", "skipped")]
        assert counted == [len(suite.findall(f"testcase{part}")) for part in ("", "/failure", "/error", "/skipped")]
    assert (root.get("tests"), root.get("failures"), root.get("skipped")) == (str(len(cases)), "2", "4")


# The page


class Elements(HTMLParser):
    """The elements of a page; fails on one that is not closed."""

    VOID = frozenset(("meta", "link", "br", "hr", "img", "input"))

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, tag


def test_the_page_needs_nothing_else_and_is_sound(tmp_path: Path) -> None:
    page = page_of(full_report(), tmp_path)
    elements = Elements(page).found
    tags = [tag for tag, _ in elements]
    assert [tags.count(tag) for tag in ("header", "main", "footer", "h1", "title", "script")] == [1] * 6
    assert ("html", {"lang": "en"}) in elements
    identifiers = [attributes["id"] for _, attributes in elements if "id" in attributes]
    assert len(set(identifiers)) == len(identifiers)
    for tag, attributes in elements:
        for name in ("href", "src", "srcset", "action", "data"):
            value = attributes.get(name)
            assert value is None or value == "data:," or value.removeprefix("#") in identifiers, (tag, value)
        assert attributes.get("aria-labelledby") in (None, *identifiers)
    style = page.partition("<style>")[2].partition("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_the_page_tells_the_whole_story(tmp_path: Path) -> None:
    made = full_report()
    page = " ".join(re.sub(r"<[^>]+>", " ", page_of(made, tmp_path)).split())
    for part in (
        "failed, interrupted",
        "NEU API",
        made.base_url,
        "read-only",
        "contrato verify neu",
        made.started.strftime("%Y-%m-%d %H:%M:%S UTC"),
        made.versions["schemathesis"],
        RULES["response_schema_conformance"].sentence,
        RULES["response_schema_conformance"].explanation[:40],
        "Line 11 of “Vendor&#39;s description of the NEU API”",
        "Lines 1, 2–3 of",  # noqa: RUF001
        f"GET {NEU.operations['listAccounts'].path}",
        "curl -i",
        "[account_name]",
        "listPqrs : always empty; data is needed",
        "of listBills: the data moved. Repeat the run.",
        "of listBills: a single page",
        "kept back: 3",
    ):
        assert part in page, part
    for kind in ("documented", "plausible", "conflict"):
        assert f"{kind}" in page


def luminance(colour: str) -> float:
    digits = colour if len(colour) == 6 else "".join(digit * 2 for digit in colour)
    parts = [int(digits[n : n + 2], 16) / 255 for n in (0, 2, 4)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_colours_have_the_contrast_that_wcag_asks_for(tmp_path: Path) -> None:
    style = page_of(report(), tmp_path).partition("<style>")[2]
    palettes = [dict(re.findall(r"--([\w-]+): #([0-9a-f]+);", block)) for block in re.findall(r":root {[^}]+}", style)]
    assert len(palettes) == 3  # light, dark, print
    for palette in palettes:
        grounds = [palette[name] for name in ("page", "card", "code")]
        for text in ("text", "quiet", "link", "bad", "unsure"):
            assert min(contrast(palette[text], ground) for ground in grounds) >= 4.5, text
        for name in ("bad", "good", "unsure", "info"):
            assert contrast(palette[name], palette[f"{name}-soft"]) >= 4.5, name


def test_an_excerpt_shows_the_record_that_is_wrong() -> None:
    rows = [{"id_account": number, "account_name": "x"} for number in range(50)]
    rows[33]["account_name"] = -99
    text = str(html.body(json.dumps(rows).encode(), failure(found="-99")))
    assert "-99" in text
    assert "33 more" in text
    assert re.findall("<mark>(.*?)</mark>", text) == ["&#34;account_name&#34;: -99"]
    assert html.body(b"<b>" + b"x" * 9999, failure()).startswith("&lt;b&gt;xx")
    assert len(html.body(b"x" * 9999, failure())) < 9999


def consumption(*services: int, month: str = "2021-09") -> list[dict[str, Any]]:
    """A day's row of each service, for some days of a month."""
    return [
        {"id_service": service, "date": f"{month}-{day:02}T00:00:00", "cons": service + day / 8, "ia": 30}
        for service in services
        for day in range(1, 9)
    ]


@pytest.mark.parametrize(
    ("field", "expected", "found", "rows"),
    [
        # As words of a finding name them: an id, a day, a value.
        ("cons", "7.5, the sum of 30 days", "27857.375 for the month 2021-09-03 of 27854", {(27854, 3)}),
        ("cons", "502.89", "488.216 on 2021-09-05", {(613, 5)}),
        ("cons", "of 282 it grows", "from 282.25 to 282.5 at 2021-09-04T00:00:00, with 7", {(282, 2), (282, 4)}),
        ("id_service", "613, 282 and 27854", "", {(613, 1), (282, 1), (27854, 1)}),
        # Words that are in every row, or in none.
        ("cons", "30 or more", "7", {(613, 1)}),
        ("cons", "", "", {(613, 1)}),
    ],
)
def test_an_excerpt_shows_the_records_that_a_finding_names(
    field: str, expected: str, found: str, rows: set[tuple[int, int]]
) -> None:
    given = failure(field=f"/*/data/*/{field}", expected=expected, found=found)
    answer: list[dict[str, Any]] = [{"id_account": account, "data": []} for account in (1, 2)]
    answer.append({"id_account": 3, "data": consumption(613, 282, 27854)})
    text = str(html.body(json.dumps(answer if rows != {(613, 1)} else answer[2:]).encode(), given))
    shown = re.findall(r"id_service&#34;: (\d+).*?-(\d\d)T00", text, re.DOTALL)
    assert {(int(service), int(day)) for service, day in shown} == rows
    marked = " ".join(re.findall("<mark>(.*?)</mark>", text))
    assert marked.count(f"{field}&#34;: ") == len(rows)
    for service, day in rows:
        assert (f"id_service&#34;: {service}" in marked) == (str(service) in expected + found or field == "id_service")
        assert (f"-{day:02}T00" in marked) == (f"-{day:02}" in found)
    assert "ia&#34;: 30" not in marked


def test_at_the_field_of_a_finding_a_value_tells_more() -> None:
    rows = [{"a": 0, "b": 1, "id": 7}, {"a": 1, "b": 2, "id": 8}, {"a": 1, "b": 0, "id": 9}]
    text = str(html.body(json.dumps(rows).encode(), failure(field="/*/b", found="0")))
    assert re.findall(r"id&#34;: (\d)", text) == ["9"]


def test_an_excerpt_marks_the_place_of_a_finding_and_nothing_else_of_its_name() -> None:
    answer = {"id": 41, "type": {"id": 1}, "unit": {"id": 1, "name": "MWh"}, "centres": [{"id": 1}, {"id": 2}]}
    for field, marks in (("/unit/id", ["id&#34;: 1"]), ("/centres/*/id", ["id&#34;: 1"]), ("/type/id", ["id&#34;: 1"])):
        text = str(html.body(json.dumps(answer).encode(), failure(field=field, expected="2", found="1"), True))
        assert [mark.strip("&#34;") for mark in re.findall("<mark>(.*?)</mark>", text)] == marks
        above = field.split("/")[1]
        assert re.search(rf"{above}&#34;: [^<]*<mark>", text)


def test_what_matters_comes_first(tmp_path: Path) -> None:
    page = page_of(full_report(), tmp_path)
    headings = [" ".join(text.split()) for text in re.findall("<h2[^>]*>(.*?)</h2>", page, re.DOTALL)]
    assert headings == [
        "2 failures at a glance",
        "Failures",
        "Warnings",
        "Accepted by the baseline",
        "What was not checked",
        "Notes",
        "Operations",
        "How to read this page",
    ]


def unchecked(made: Report, folder: Path) -> str:
    section = page_of(made, folder).partition('<h2 id="unchecked">')[2].partition("</section>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", section).split())


def test_what_was_not_checked_is_said_also_if_it_is_nothing(tmp_path: Path) -> None:
    complete = [OperationResult(name, 1, 1, Verdict.PASSED) for name in NEU.operations]
    everything = "All operations of the spec were checked by all rules that apply to them in this mode."
    made = report(operations=complete)
    for name in RULES.keys() - {"answer"}:
        made.passed("listBills", name)
    text = unchecked(made, tmp_path)
    assert everything in text
    assert "judged nothing" not in text
    del made.counts["listBills", "ignored_auth"]
    text = unchecked(made, tmp_path)
    assert "1 rule judged nothing" in text
    assert text.endswith(f"ignored_auth {RULES['ignored_auth'].sentence}")
    made.add_not_judged("ignored_auth", NotJudged("listBills", "a single page"))
    most = "by all rules that apply to them in this mode. Rules that had nothing to judge"
    assert f"All operations of the spec were checked {most}" in unchecked(made, tmp_path)
    made.operations = complete[1:]
    text = unchecked(made, tmp_path)
    assert f"All other operations of the spec were checked {most}" in text
    assert f"Operations that this run left out {complete[0].operation} Nothing to judge" in text


@pytest.mark.parametrize(
    "changes",
    [
        {"interrupted": True},
        {"failures": [failure(operation="server", rule="answer", field="", exchanges=())]},
        {"operations": [OperationResult("listBills", 1, 0, Verdict.INCONCLUSIVE, "always empty")]},
    ],
    ids=["interrupted", "no answer", "no data"],
)
def test_a_run_that_could_not_check_all_does_not_say_so(changes: dict[str, Any], tmp_path: Path) -> None:
    assert "operations of the spec were checked" not in unchecked(report(**changes), tmp_path)


def test_a_finding_tells_its_rule_its_unit_and_every_request(tmp_path: Path) -> None:
    asked = [exchange("queryConsumption", [], request={"Interval": interval}) for interval in ("DAILY", "MONTHLY")]
    violation = Violation("queryConsumption", "/*/data/*/cons", "2", "1", "inferred: energy is energy", tuple(asked))
    made = report(*(Failure.from_violation("periods_add_up", violation, "NEU_TOKEN") for _ in range(4)))
    page = " ".join(page_of(made, tmp_path).split())
    title = re.findall("<h3[^>]*>(.*?)</h3>", page)[0]
    assert RULES["periods_add_up"].sentence in title
    assert "periods_add_up</code>" in title
    assert "/*/data/*/cons</code>, in kWh; found 4 times, one is shown" in page
    shown = re.findall(r"<dt>Evidence</dt>.*?badge (\w+).*?<span>(.*?)</span>", page)
    assert shown == [("inferred", "energy is energy")]
    assert "<dt>How judged</dt><dd><details" in page
    commands = [command for command in re.findall("<pre><code>(.*?)</code></pre>", page) if "curl" in command]
    assert [re.findall("DAILY|MONTHLY", command) for command in commands] == [["MONTHLY"], ["DAILY"]]
    assert all("$NEU_TOKEN" in command and HIDDEN not in command for command in commands)
    summaries = re.findall(f"<summary>([^<]*): <code>{NEU.operations['queryConsumption'].method}", page)
    assert summaries == ["2 of 2, shows it", "1 of 2, asked before"]


# The archive


def test_the_archive_has_every_exchange_and_cuts_long_bodies(tmp_path: Path) -> None:
    recorder = har.Recorder()
    recorder(exchange(answer=accounts("Inés")))
    recorder(exchange("listBills", b"x" * 2 * har.LONGEST_BODY, request={"Page": 1}, headers={"x": "y"}))
    recorder(exchange(None, b"", status=404, url="http://127.0.0.1/nowhere?a=1&b="))
    recorder.write(tmp_path / "r.har", report())
    log = json.loads((tmp_path / "r.har").read_text("utf-8"))["log"]
    assert log["version"] == "1.2"
    first, second, third = log["entries"]
    assert json.loads(first["response"]["content"]["text"])[0]["account_name"] == "[account_name]"
    assert (first["request"]["method"], first["response"]["status"], first["time"]) == ("GET", 200, 100.0)
    assert first["startedDateTime"] == "2026-11-22T00:00:00+00:00"
    if NEU.operations["listBills"].parameter("Page").place == "body":
        assert second["request"]["postData"] == {"mimeType": "application/json", "text": '{"Page": 1}'}
    assert len(second["response"]["content"]["text"]) == har.LONGEST_BODY + 1
    assert second["response"]["content"]["size"] == 2 * har.LONGEST_BODY
    assert third["request"]["queryString"] == [{"name": "a", "value": "1"}, {"name": "b", "value": ""}]
    assert third["comment"] == "no operation, sent by discovery"


def test_a_name_at_the_end_of_a_cut_body_is_replaced(tmp_path: Path) -> None:
    name = "Casimira Quintero Valdivieso"
    recorder = har.Recorder()
    body = json.dumps(accounts("x" * (har.LONGEST_BODY - 50), name)).encode()
    body = body.replace(b"x", b"", body.index(name.encode()) + 12 - har.LONGEST_BODY)
    assert body[: har.LONGEST_BODY].endswith(b"Casimira Qui")
    made = report()
    assert made.scrubber is not None
    made.scrubber.learn(exchange(answer=body))
    recorder(exchange(answer=body))
    recorder.write(tmp_path / "r.har", made)
    assert "Casimira" not in (tmp_path / "r.har").read_text("utf-8")


# The baseline


def test_one_cause_is_one_failure_with_all_its_places(tmp_path: Path) -> None:
    same = {"rule": "response_schema_conformance", "found": "null"}
    made = report(
        failure(operation="listBills", field="/*/id_bill", expected='type "integer"', **same),
        failure(operation="listBills", field="/*/state", expected='type "string"', **same),
        failure(operation="listPqrs", field="/*/type", expected='type "string"', **same),
        failure(operation="listPqrs", field="/*/date", expected="present (required)", found="absent"),
    )
    text = text_of(made, 300)
    assert "2 failures in 4 places" in text
    assert "   in        listBills /*/id_bill, listBills /*/state, listPqrs /*/type\n" in text
    page = page_of(made, tmp_path)
    assert page.count('<article class="card failed"') == 2
    assert "At 3 places: " in page
    assert "2 failures at a glance" in page
    assert len([case for case in made.cases() if case.findings]) == 2  # JUnit has one for each operation and rule.


def test_an_argument_that_is_taken_in_every_operation_is_one_failure() -> None:
    rule = {"rule": "malformed_is_refused", "expected": "4XX for what is no valid request"}
    made = report(
        failure(operation="listBills", field="body.From", found='200 text/plain, for {"From": "x"}', **rule),
        failure(operation="listPqrs", field="query.From", found="204 without a body, for From=x", **rule),
        failure(operation="listPqrs", field="query.Page", found="204 without a body, for Page=x", **rule),
    )
    assert [[each.field for each in entry] for entry in alike(made.failures)] == [
        ["body.From", "query.From"],
        ["query.Page"],
    ]
    assert "2 failures in 3 places" in made.summary


def test_rules_that_find_the_same_at_one_place_are_one_failure(tmp_path: Path) -> None:
    same = {"field": "/unit/id", "expected": "2, as it was given", "found": "1"}
    rules = ("answers_echo_the_request", "created_is_kept")
    other = {**same, "rule": "updated_is_kept", "found": "absent"}
    made = report(*(failure(rule=rule, **same) for rule in rules), failure(**other))
    assert [[each.rule for each in entry] for entry in alike(made.failures)] == [list(rules), ["updated_is_kept"]]
    assert made.summary.startswith("2 failures,")
    told = f"{RULES[rules[1]].sentence} {rules[1]}"
    assert f"   and       {told}" in text_of(made, 300)
    page = re.sub(r"<[^>]+>", "", page_of(made, tmp_path))
    assert f"Also broken{told}" in page


def test_an_excerpt_says_where_it_leaves_elements_out() -> None:
    rows = [{"id_account": 1000 + number} for number in range(9)]
    text = str(html.body(json.dumps(rows).encode(), failure(found="1003 and 1008", expected="")))
    assert re.findall("… . more|10..", text) == ["… 3 more", "1003", "… 4 more", "1008"]


def test_a_command_has_escapes_that_mean_the_same_for_what_cannot_be_seen() -> None:
    body = json.dumps({"\x94": "\U000c5382", "a": "\u202e"}, ensure_ascii=False).encode()
    word = shlex.split(curl("POST", "http://127.0.0.1:9/", {}, body, TOKEN, "NEU_TOKEN"))[-1]
    assert word.isascii()
    assert json.loads(word) == json.loads(body)


def test_our_own_words_are_never_changed(tmp_path: Path) -> None:
    """Whatever the token and the customers are called, they are replaced in what is cited, and nowhere else."""
    words = ["required", "a JSON body", "absent", "the answer", "of customers", "shows it", "records"]
    made = report(scrubber=(scrubber := Scrubber(NEU, "remove")))
    seen = exchange(answer=accounts(*words))
    scrubber.learn(seen)
    expected = f"present (required), where records are of customers, not {cited('Required')}"
    made.add(failure(expected=expected, found=f"absent, remove {cited('remove the records')}", exchanges=(seen,)))
    made.add_not_judged("answer", NotJudged("listBills", f"records of customers {short('a JSON body')}"))
    made.notes.append("required: remove the records")
    made.finish()
    (one,) = made.failures
    assert one.expected == "present (required), where records are of customers, not [account_name 1]"
    assert one.found == f"absent, remove {HIDDEN} the [account_name 7]"
    assert made.not_judged[0].reason == 'records of customers "[account_name 2]"'
    assert made.notes == ["required: remove the records"]
    assert "\ufdd0" not in page_of(made, tmp_path) + text_of(made)


def test_a_customer_called_like_a_word_of_ours_is_hidden_from_a_run() -> None:
    def alter(name: str, answer: Answer) -> Answer:
        def change(rows: Any) -> None:
            for row in rows:
                row["account_name"] = "required"
                del row["services"]

        return replaced(answer, change) if name == "listAccounts" and answer.status == 200 else answer

    with serve(Foreign("neu", alter)) as url:
        made = verify("neu", url, TOKEN, examples=1, only=["listAccounts", "response_schema_conformance"])
    assert {(each.field, each.expected) for each in made.failures} == {("/*/services", "present (required)")}
    assert b"[account_name 1]" in made.failures[0].exchanges[-1].content


def test_a_command_repeats_what_was_sent_whatever_it_has() -> None:
    url, body = "http://127.0.0.1:9/a/../b?x=[1]&y={2}", b"@it's $HOME `id`"
    words = shlex.split(curl("POST", url, {"x-a": "'; exit"}, body, TOKEN, "NEU_TOKEN"))
    assert words == [
        *("curl", "-i", "-g", "--path-as-is", "-X", "POST", url),
        *("-H", "x-a: '; exit", "--data-raw", body.decode()),
    ]


def test_the_command_of_a_finding_repeats_it() -> None:
    """Pasted into a shell when the run is over, its records are gone, and what customers are called is not told."""

    def alter(name: str, answer: Answer) -> Answer:
        def change(body: Any) -> None:
            if name == "getApportionment":
                body["limit_day"] = "5"
            else:
                body["items"] = body["items"][1:]

        wrong = name in ("getApportionment", "listApportionments") and answer.status == 200
        return replaced(answer, change) if wrong else answer

    only = ["created_is_kept", "response_schema_conformance", "secrets_need_a_token", "searches_find"]
    only += ["listed_records_are_there", "tokens_are_checked"]
    with serve(Foreign("apportionments", alter, checks_token=False)) as url:
        made = verify("apportionments", url, TOKEN, examples=1, only=only)
        commands = {each.curl: each for each in made.failures}
        kinds = {command.partition(" ")[0] for command in commands}
        assert kinds == {"curl", "contrato"}
        assert {each.rule for each in commands.values()} >= set(only)
        environment = {"APPORTIONMENTS_TOKEN": TOKEN}
        # A command of each kind for each rule; what a run sends for other operations is no other matter.
        for command, each in {(each.rule, text[:4]): (text, each) for text, each in commands.items()}.values():
            if command.startswith("curl"):
                shell = ["bash", "-c", command]
                done = subprocess.run(shell, env=os.environ | environment, capture_output=True, text=True, check=False)
                assert done.stdout.startswith(f"HTTP/1.1 {each.exchanges[-1].status} "), command
            else:
                _, *words = shlex.split(command)
                result = CliRunner().invoke(main, words, env=environment)
                assert (result.exit_code, f": {each.rule}" in result.stdout) == (1, True), (command, result.stdout)


def test_a_request_is_not_repeated_by_itself_where_it_would_show_something_else() -> None:
    plain = exchange(answer=accounts("Casimira"))
    made = exchange("getService", {}, request={"id": 7})
    altered = replace(plain, request_headers={"authorization": "Bearer [altered token]"})
    scrubber = Scrubber(NEU, SECRET)
    scrubber.learn(plain)
    named = replace(plain, url="http://127.0.0.1/accounts?q=Casimira")
    again = ["contrato", "verify", "neu", "--base-url", "http://h/a b"]
    for seen, curled in ((plain, True), (altered, False), (named, False), (made, False)):
        run = report(again=again, made={made.path}, scrubber=scrubber)
        run.add(failure(exchanges=(seen,)))
        run.finish()
        assert run.failures[0].curl.startswith("curl ") is curled
    names = "--only listAccounts --only response_schema_conformance"
    assert run.failures[0].curl == f"contrato verify neu --base-url 'http://h/a b' {names}"


@pytest.mark.parametrize(
    ("text", "kinds", "reason"),
    [
        ("documented neu#L11", ("documented",), ""),
        ("inferred: the parameters are documented (neu#L8), the rest is open", ("inferred",), "the parameters are"),
        ("open neu#L35: it is documented nowhere", ("open",), "it is documented nowhere"),
        ("observed: in May", ("observed",), "in May"),
        ("204 documented neu#L11; 4XX inferred: errors", ("documented", "inferred"), "errors"),
    ],
)
def test_evidence_is_of_the_kind_that_it_says_and_no_other(text: str, kinds: tuple[str, ...], reason: str) -> None:
    proof = html.evidence({}, text)
    assert proof.kinds == kinds
    assert proof.text.startswith(reason)


def test_what_was_found_has_the_status_and_the_media_type() -> None:
    seen = replace(exchange(answer={"a": 1}), status=502, headers={"content-type": "text/html; charset=utf-8"})
    assert plain(answered(replace(seen, content=b"<p>no</p>"))) == "502 text/html: <p>no</p>"
    assert answered(replace(seen, content=b"")) == "502 without a body"


ODD = "a\u202eb\u2066c\x9bd\x85e\ud800f\u200bg\x1b[2Jh\ufeffi\u2028j\x7f"


"""Characters that turn the direction of what follows, control a terminal, cannot be seen, or are half of one."""


def test_no_report_has_a_character_that_turns_controls_or_hides(tmp_path: Path) -> None:
    shown = exchange(answer=json.dumps([{"account_name": ODD}]).encode(), headers={"x-odd": "v\x9b\u202e"})
    shown = replace(shown, url=f"{shown.url}?q={ODD}", content=f'[{{"name": "{ODD[:5]}"}}]{ODD[:6]}'.encode())
    made = report(
        failure(found=cited(ODD), expected=cited(ODD), field=f"/{ODD}", exchanges=(shown,)),
        notes=[f"note {cited(ODD)}"],
        not_judged=[Unjudged("answer", "listAccounts", cited(ODD), lasting=False)],
        scrubber=Scrubber(NEU, SECRET),
    )
    made.finish()
    out, recorder = io.StringIO(), har.Recorder()
    recorder(shown)
    terminal.write(made, Console(file=out, width=80))
    html.write(tmp_path / "r.html", made, "contrato verify")
    junit.write(tmp_path / "r.xml", made)
    baselines.write(tmp_path / "r.toml", [], made.failures, date(2026, 11, 22))
    recorder.write(tmp_path / "r.har", made)
    texts = {"terminal": out.getvalue()} | {path.name: path.read_text("utf-8") for path in tmp_path.iterdir()}
    assert len(texts) == 5
    for name, text in texts.items():
        odd = {c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Cn", "Zl", "Zp")} - {"\n", "\t"}
        assert odd == set(), name
    for name in ("terminal", "r.html", "r.xml"):
        assert "a\\u202eb\\u2066c\\x9bd\\x85e\\ud800f" in texts[name]


def crowded() -> Report:
    """A report in which every cell of the table is as wide as it gets."""
    made = report(
        operations=[OperationResult(name, 10_570, 10_570, Verdict.INCONCLUSIVE, "a reason") for name in NEU.operations]
    )
    for name in NEU.operations:
        for layer in Layer:
            rules = [rule for rule in RULES if RULES[rule].layer is layer]
            for number, entries in enumerate((made.failures, made.warnings, made.accepted)):
                entries += [failure(operation=name, rule=rule) for rule in rules[2 * number : 2 * number + 2]]
            for rule in rules[6:]:
                made.counts[name, rule][Outcome.PASSED] += 1
    return made


def test_a_terminal_without_a_width_gets_the_report() -> None:
    out = io.StringIO()
    terminal.write(report(failure()), Console(file=out, width=0))
    assert "1 failure" in out.getvalue()


@pytest.mark.parametrize("made", [report, crowded])
@pytest.mark.parametrize("width", [80, 100, 140])
def test_nothing_breaks_in_mid_word(made: Callable[[], Report], width: int) -> None:
    narrow, wide = io.StringIO(), io.StringIO()
    shown = made()
    shown.notes.append("a note that is longer than a line of the terminal is, and has to go on in the next one " * 3)
    terminal.write(shown, Console(file=narrow, width=width, force_terminal=True, color_system=None))
    terminal.write(shown, Console(file=wide, width=1000))
    lines = [line for line in narrow.getvalue().splitlines() if " repeat " not in line and "curl " not in line]
    assert max(map(len, lines)) <= width
    words = {*wide.getvalue().split(), "rules", "\u2500" * (width - 2)}
    assert {word for line in lines for word in line.split() if not word.isdecimal()} <= words
    assert set(NEU.operations) <= words or made is report


def test_a_pipe_gets_whole_lines() -> None:
    out, note = io.StringIO(), "a note that is longer than a line of the terminal is " * 3
    terminal.write(report(notes=[note.strip()]), Console(file=out, width=80))
    assert f"- {note.strip()}\n" in out.getvalue()


class Broken(Scrubber):
    def text(self, text: str) -> str:
        raise RecursionError(text)


def test_a_report_is_not_lost_if_hiding_fails() -> None:
    made = report(failure(found=cited("Inés")), scrubber=Broken(NEU, SECRET), notes=[f"seen {cited('Inés')}"])
    made.finish()
    assert made.exit_code is ExitCode.CRASHED
    assert made.failures[0].found == "[hidden]"
    assert made.notes[-1] == "seen [hidden]"
    assert "Inés" not in text_of(made, 200)


def test_a_server_writes_no_commands_of_a_runner() -> None:
    evil = "##[error]x\n::error::y\n````\n  ::z"
    sent = replace(exchange(request=None, answer=[]), request_body=evil.encode())
    made = report(failure(found=f"{cited(evil)}", field=f"/*/{evil}", exchanges=(sent,)), notes=[f"{cited(evil)}"])
    made.finish()
    for width in (60, 100_000):
        lines = text_of(made, width).splitlines()
        assert not [line for line in lines if line.strip().startswith(("::", "````")) or "##[" in line]
    # The command sends the same.
    assert evil in shlex.split(made.failures[0].curl)
