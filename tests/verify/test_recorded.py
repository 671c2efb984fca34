"""Recorded traffic: what browsers and proxies export, and what can be said of it."""

from __future__ import annotations

import base64
import copy
import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from contrato.core import spec
from contrato.core.places import place
from contrato.core.spec import Operation
from contrato.verify import ExitCode, Report, UsageError, Verdict, har, verify, verify_har
from contrato.verify.exchange import Exchange
from foreign import TOKEN, Foreign, keyed, serve

ORIGIN = "https://portal.example.com"
BASE = f"{ORIGIN}/api/neu"

Entry = dict[str, Any]


def entry(operation: str, given: dict[str, Any] | None = None, *, base: str = BASE, **answered: Any) -> Entry:
    """One request to an operation, with arguments by name."""
    of = next(o for api in spec.APIS for o in spec.api(api).operations.values() if o.id == operation)
    parts = place(of, keyed(of, given or {}))
    path = f"{parts.path}?{urlencode(parts.query)}" if parts.query else parts.path
    made = sent(parts.method, path, parts.body, base=base, **answered)
    made["request"]["headers"] += [{"name": name, "value": text} for name, text in parts.headers.items()]
    return made


def sent(method: str, path: str, body: Any = None, answer: Any = None, status: int = 200, base: str = BASE) -> Entry:
    """One request as Chrome exports it."""
    text = answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
    kind = "application/json; charset=utf-8"
    posted = {} if body is None else {"postData": {"mimeType": "application/json", "text": json.dumps(body)}}
    return {
        "startedDateTime": "2024-05-02T14:03:11.123Z",
        "time": 84.2,
        "request": {
            "method": method,
            "url": f"{base}{path}",
            "httpVersion": "http/2.0",
            "headers": [
                {"name": ":authority", "value": "portal.example.com"},
                {"name": "Authorization", "value": f"Bearer {TOKEN}"},
                {"name": "Cookie", "value": "session=cookie-of-the-owner"},
            ],
            "queryString": [],
            "cookies": [],
            "headersSize": -1,
            "bodySize": -1,
            **posted,
        },
        "response": {
            "status": status,
            "statusText": "",
            "httpVersion": "http/2.0",
            "headers": [{"name": ":status", "value": str(status)}, {"name": "Content-Type", "value": kind}],
            "content": {"size": len(text.encode()), "mimeType": "application/json", "text": text},
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": -1,
        },
        "cache": {},
        "timings": {"send": 0, "wait": 80, "receive": 4},
    }


@pytest.fixture(scope="module")
def traffic() -> dict[str, list[Exchange]]:
    """What an honest server answered, by operation: only what was asked and answered as the spec has it."""
    seen: dict[str, list[Exchange]] = {}

    def keep(exchange: Exchange) -> None:
        if exchange.operation is not None and exchange.sender != "schemathesis" and exchange.succeeded:
            seen.setdefault(exchange.operation.id, []).append(exchange)

    for api in spec.APIS:
        with serve(Foreign(api)) as url:
            verify(api, url, TOKEN, examples=1, only=["operations_agree", "created_is_kept"], observer=keep)
            verify(api, url, TOKEN, examples=1, only=["listed_records_are_there", "deleted_is_gone"], observer=keep)
    return seen


def from_exchange(exchange: Exchange) -> Entry:
    operation = exchange.operation
    assert operation is not None
    base = BASE if operation.api.name == "neu" else ORIGIN
    body = json.loads(exchange.request_body) if exchange.request_body else None
    query = exchange.url.partition("?")[2]
    path = f"{exchange.path}?{query}" if query else exchange.path
    made = sent(exchange.method, path, body, exchange.content.decode(), exchange.status, base)
    names = {parameter.name.lower() for parameter in operation.parameters if parameter.place == "header"}
    told = [{"name": name, "value": text} for name, text in exchange.request_headers.items() if name in names]
    made["request"]["headers"] += told
    made["response"]["headers"] = [{"name": name.title(), "value": text} for name, text in exchange.headers.items()]
    return made


Judge = Callable[..., Report]


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    """Write a HAR file of the entries and judge it."""

    def write(*entries: Entry, api: str = "neu", **options: Any) -> Report:
        path = tmp_path / "session.har"
        log = {"version": "1.2", "creator": {"name": "WebInspector", "version": "537.36"}, "entries": list(entries)}
        path.write_text(json.dumps({"log": log}), encoding="utf-8")
        return verify_har(api, path, **options)

    return write


ACCOUNTS: list[dict[str, Any]] = [
    {
        "id_account": 41,
        "account_category": "Comercial",
        "account_name": "Panadería Ñandú",
        "services": [{"id_service": 7, "type_service": "Energía", "name": "Sede", "address": "Calle 1 # 2-3"}],
    }
]


def row(report: Report, name: str) -> Any:
    return next(row for row in report.operations if row.operation == name)


@pytest.mark.slow
@pytest.mark.parametrize("api", spec.APIS)
def test_an_honest_servers_traffic_holds(api: str, traffic: dict[str, list[Exchange]], judge: Judge) -> None:
    mine = [name for name in traffic if name in spec.api(api).operations]
    report = judge(*(from_exchange(exchange) for name in mine for exchange in traffic[name]), api=api)
    assert report.failures == []
    assert {r.operation for r in report.operations if r.requests} == set(mine)
    assert report.base_url == (BASE if api == "neu" else ORIGIN)
    assert report.recorded
    missing = [r for r in report.operations if not r.requests]
    assert all(r.not_judged == "no request to it was recorded" for r in missing)
    if missing:
        assert report.exit_code is ExitCode.INCONCLUSIVE


def test_what_breaks_the_contract_is_named(judge: Judge) -> None:
    wrong = copy.deepcopy(ACCOUNTS)
    wrong[0]["id_account"] = "41"
    del wrong[0]["services"][0]["name"]
    plain = entry("getAccount", {"id": 41}, answer=ACCOUNTS)
    plain["response"]["headers"] = [{"name": "content-type", "value": "text/plain"}]
    report = judge(
        entry("listAccounts", answer=wrong),
        entry("listAccounts", answer=wrong),
        plain,
        entry("listServices", answer="<html>", status=200),
        entry("getService", {"id": 7}, answer={}, status=503),
        entry("listOverdueBills", answer=[{"id_bill": "1", "due_date": "2023-02-30T00:00:00", "days": 3}]),
        entry("listUsedNeugets", {"id": 41}, answer=[], status=206),
        only=[
            *("response_schema_conformance", "content_type_conformance", "not_a_server_error"),
            *("timestamps_exist", "status_code_conformance"),
        ],
    )
    assert report.exit_code is ExitCode.FAILED
    assert {failure.key for failure in report.failures} == {
        ("listAccounts", "response_schema_conformance", "/*/id_account"),
        ("listAccounts", "response_schema_conformance", "/*/services/*/name"),
        ("getAccount", "content_type_conformance", ""),
        ("listServices", "response_schema_conformance", ""),
        ("getService", "not_a_server_error", ""),
        ("listOverdueBills", "timestamps_exist", "/*/due_date"),
        ("listUsedNeugets", "status_code_conformance", ""),
    }
    first = report.failures[0]
    assert first.count == 2
    assert first.evidence.startswith(("documented", "inferred", "conflict"))
    assert first.exchanges
    assert '"$NEU_TOKEN"' in first.curl


def test_passive_checks_judge_recorded_traffic(judge: Judge) -> None:
    pqr = {"message": "Corte", "category": "Red", "type": "Queja", "date": "2023-06-01T00:00:00"}
    dates = {"From": "2022-01-01T00:00:00", "To": "2022-02-01T00:00:00"}
    report = judge(entry("listPqrs", dates, answer=[pqr]))
    assert ("listPqrs", "dates_in_range") in {(failure.operation, failure.rule) for failure in report.failures}
    assert judge(entry("listPqrs", dates, answer=[pqr | {"date": "2022-01-09T00:00:00"}])).failures == []


def test_query_values_are_decoded(judge: Judge) -> None:
    items = [
        {
            "id": 1,
            "name": "Rateio Águas",
            "description": "Por área",
            "mixed_consumption": False,
            "limit_day": 5,
            "cost_center_ids": [],
            "apportionment_groups_ids": [],
            **{key: {"id": 2, "name": "N"} for key in ("company", "apportionment_type", "apportionment_tariff_type")},
            "apportionment_measure_unit": {"id": 3, "name": "kWh"},
        }
    ]
    page = {"items": items, "total": 1, "per_page": 10, "current_page": 1}

    def asked(text: str) -> Report:
        given = {"_q": text, "_limit": 10}
        return judge(entry("listApportionments", given, answer=page, base=ORIGIN), api="apportionments")

    assert asked("Águas").failures == []
    assert asked("Solar & vento").failures + asked("Solar & vento").warnings


# What exporters do


def compressed(made: Entry) -> None:
    """A proxy's export: the body as it went over the wire."""
    content = made["response"]["content"]
    content["text"] = base64.b64encode(gzip.compress(content["text"].encode())).decode()
    content["encoding"] = "base64"
    made["response"]["headers"].append({"name": "Content-Encoding", "value": "gzip"})


def encoded(made: Entry) -> None:
    content = made["response"]["content"]
    content["text"] = base64.b64encode(content["text"].encode()).decode()
    content["encoding"] = "base64"


def smaller(made: Entry) -> None:
    """The size on the wire was less."""
    made["response"]["headers"].append({"name": "content-encoding", "value": "br"})
    made["response"]["content"] |= {"size": 60, "compression": 300}


def bare(made: Entry) -> None:
    """A sanitized export: neither token nor cookies, nor types in the headers."""
    made["request"]["headers"] = []
    made["response"]["headers"] = []


def odd(made: Entry) -> None:
    """The default port, a fragment, no time."""
    made["request"]["url"] = made["request"]["url"].replace(ORIGIN, "https://PORTAL.example.com:443") + "#top"
    made["startedDateTime"] = ""
    made["time"] = -1


def without_values(made: Entry) -> None:
    made["response"]["headers"] = [{"name": "Content-Type", "value": None}, {"name": "Date"}]


@pytest.mark.parametrize("export", [compressed, encoded, smaller, bare, odd, without_values])
def test_every_way_to_export_is_read(export: Callable[[Entry], None], judge: Judge) -> None:
    good, bad = (entry("listAccounts", answer=answer) for answer in (ACCOUNTS, [{"id_account": 41}]))
    export(good)
    export(bad)
    fine = judge(good)
    assert fine.failures == []
    assert row(fine, "listAccounts").verdict is Verdict.PASSED
    assert ("listAccounts", "response_schema_conformance", "/*/services") in {f.key for f in judge(bad).failures}


def without_body(made: Entry) -> None:
    """Chrome leaves out the text of what it has forgotten."""
    made["response"]["content"] = {"size": 0, "mimeType": "application/json"}


def left_out(made: Entry) -> None:
    """Firefox says so in a comment."""
    made["response"]["content"] = {
        "size": 4000,
        "mimeType": "x-unknown",
        "comment": "Response bodies are not included.",
    }


def cut_off(made: Entry) -> None:
    content = made["response"]["content"]
    content["text"] = content["text"][:40]


def cached(made: Entry) -> None:
    made["response"] |= {"status": 304, "content": {"size": 0, "mimeType": "x-unknown"}}


def blocked(made: Entry) -> None:
    made["response"] |= {"status": 0, "headers": [], "content": {"size": 0, "mimeType": "x-unknown"}}


def limited(made: Entry) -> None:
    made["response"]["status"] = 429


def no_base64(made: Entry) -> None:
    """Some tools mark every body so."""
    made["response"]["content"]["encoding"] = "base64"


def compressed_as_text(made: Entry) -> None:
    content = made["response"]["content"]
    content["text"] = gzip.compress(content["text"].encode()).decode("utf-8", "replace")


def half_a_surrogate(made: Entry) -> None:
    """What Python reads of bytes that are no text."""
    content = made["response"]["content"]
    content["text"] = content["text"].replace("ñ", "\udc80").replace("Ñ", "\udcd1")


def parsed(made: Entry) -> None:
    content = made["response"]["content"]
    content["text"] = json.loads(content["text"])


def slashed(made: Entry) -> None:
    made["request"]["url"] += "/"
    made["response"]["status"] = 404


def broken_headers(made: Entry) -> None:
    made["response"]["headers"] = [{"value": "no name"}]


def no_status(made: Entry) -> None:
    made["response"]["status"] = 10**30


@pytest.mark.parametrize(
    "lose",
    [
        no_status,
        no_base64,
        compressed_as_text,
        half_a_surrogate,
        parsed,
        slashed,
        broken_headers,
        without_body,
        left_out,
        cut_off,
        cached,
        blocked,
        limited,
    ],
)
def test_what_was_not_recorded_is_inconclusive_and_no_failure(lose: Callable[[Entry], None], judge: Judge) -> None:
    lost = entry("listAccounts", answer=ACCOUNTS)
    lose(lost)
    report = judge(lost)
    assert report.failures == []
    assert report.exit_code is ExitCode.INCONCLUSIVE
    accounts = row(report, "listAccounts")
    assert accounts.requests == 1
    assert "an answer" in accounts.not_judged
    assert "is needed" in accounts.not_judged
    # Beside one that was recorded it takes nothing away, and is told.
    report = judge(lost, entry("listAccounts", answer=ACCOUNTS))
    assert row(report, "listAccounts").verdict is Verdict.PASSED
    assert any(note.startswith("not judged: an answer ") for note in report.notes)


def redacted(*values: str) -> Any:
    names = iter(values)
    return [
        {**ACCOUNTS[0], "account_name": next(names), "services": [{**ACCOUNTS[0]["services"][0], "name": "[name 2]"}]}
    ]


def test_no_credential_of_a_recording_is_shown_where_an_answer_echoes_it(judge: Judge) -> None:
    secrets = ("sk-live-Zq8fPw3LmN0x", "sess-QmFzZTY0aXNu", "hunter2secret", "tok-Scheme-77aaBBcc", "Bearer-1234567")
    basic = base64.b64encode(f"ines:{secrets[2]}".encode()).decode()
    sent = [
        {"X-Api-Key": secrets[0], "Cookie": f"sid={secrets[1]}"},
        {"Authorization": f"Basic {basic}"},
        {"Authorization": f"Token {secrets[3]}"},
        {"Authorization": f"Bearer {secrets[4]}"},
    ]
    entries = []
    for headers in sent:
        made = entry("listAccounts", status=500, answer={"message": " ".join((*secrets, basic))})
        made["request"]["headers"] = [{"name": name, "value": value} for name, value in headers.items()]
        entries.append(made)
    report = judge(*entries)
    assert report.failures
    shown = "".join(f"{one.found} {one.curl} {one.exchanges}" for one in report.failures)
    assert "[secret]" in shown
    assert not [secret for secret in (*secrets, basic) if secret in shown]


@pytest.mark.parametrize(
    "mark", ["_harmored_", "[altered token]", "[account_name 1]", "REDACTED", "*****", "<removed>"]
)
def test_what_was_redacted_is_no_violation(mark: str, judge: Judge) -> None:
    made = entry("listAccounts", answer=redacted(mark))
    made["request"]["headers"] = [{"name": "Authorization", "value": f"Bearer {mark}"}]
    sorted_ = entry(
        "listApportionments", {"_sort": "name", "_order": "asc"}, answer=page_of("Ar", mark, "Bo"), base=ORIGIN
    )
    searched = entry("listApportionments", {"_q": "Ar"}, answer=page_of(mark), base=ORIGIN)
    typed = page_of("Ar")
    typed["items"][0]["id"] = mark
    for report in (
        judge(made),
        judge(sorted_, searched, api="apportionments"),
        judge(entry("listApportionments", answer=typed, base=ORIGIN), api="apportionments"),
    ):
        assert report.failures == []
    # Nobody knows which number the mark replaces.
    assert report.exit_code is ExitCode.INCONCLUSIVE
    wrong = page_of("Ar", mark)
    wrong["items"][0]["limit_day"] = "5"
    report = judge(entry("listApportionments", answer=wrong, base=ORIGIN), api="apportionments")
    assert {failure.field for failure in report.failures} == {"/items/*/limit_day"}


def page_of(*names: str) -> Any:
    part = {"id": 2, "name": "N"}
    items = [
        {
            **{"id": number, "name": name, "description": "Por área", "mixed_consumption": False, "limit_day": 5},
            **{"cost_center_ids": [], "apportionment_groups_ids": [], "company": part, "apportionment_type": part},
            **{"apportionment_tariff_type": part, "apportionment_measure_unit": {"id": 3, "name": "kWh"}},
        }
        for number, name in zip(range(len(names), 0, -1), names, strict=True)
    ]
    return {"items": items, "total": len(items), "per_page": 10, "current_page": 1}


def test_an_answer_that_is_unpacked_without_end_is_not_judged(judge: Judge) -> None:
    made = entry("listAccounts", answer=ACCOUNTS)
    nothing = base64.b64encode(gzip.compress(bytes(100 * 2**20), 1)).decode()
    made["response"]["content"] = {"text": nothing, "encoding": "base64", "mimeType": "application/json"}
    assert row(judge(made), "listAccounts").verdict is Verdict.INCONCLUSIVE


def test_no_more_is_unpacked_of_a_recording_than_has_room(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    size = len(json.dumps(ACCOUNTS, ensure_ascii=False).encode())
    monkeypatch.setattr(har, "UNPACKED", 2 * size)
    made = [entry("listAccounts", answer=ACCOUNTS) for _ in range(4)]
    for each in made[:3]:
        compressed(each)
    report = judge(*made)
    assert row(report, "listAccounts").verdict is Verdict.PASSED
    assert row(report, "listAccounts").successes == 3
    assert f"not judged: an answer {har.TOO_MUCH} (1)" in report.notes


@pytest.mark.parametrize(
    "odd",
    [
        {"request": {"method": "GET", "url": "https://cdn.example.com/x"}, "response": {"content": {"text": {}}}},
        {
            "startedDateTime": "0001-01-01T00:00:00+14:00",
            "request": {"method": "GET", "url": "https://cdn.example.com/x", "headers": 7},
            "response": {"status": "?", "content": {"text": "Panadería", "encoding": "base64"}},
        },
        {"request": {"method": "GET", "url": "https://cdn.example.com/\ud800"}},
        {"request": {"method": "GET", "url": "https://[fe80::1%25en0/x"}},
        {"request": {"method": 7, "url": None}},
        None,
        {},
    ],
)
def test_an_odd_entry_does_not_cost_the_file(odd: Any, judge: Judge) -> None:
    report = judge(odd, entry("listAccounts", answer=ACCOUNTS))
    assert row(report, "listAccounts").verdict is Verdict.PASSED
    mine = entry("listAccounts", answer=ACCOUNTS) | {"startedDateTime": "0001-01-01T00:00:00+14:00"}
    assert row(judge(mine), "listAccounts").verdict is Verdict.PASSED


def published(operation: Operation) -> Iterator[Entry]:
    """The examples of an operation: each answer to the request with the first examples, and to the one with only
    those that are required, in the body, or the number of the page.
    """
    body: dict[str, Any] = next(iter(operation.body.examples.values()), {}) if operation.body else {}
    shown = {f.name: f.examples[0] for f in operation.parameters if f.place != "body" and f.examples}
    page = operation.pagination and operation.pagination.page
    needed = [f.name for f in operation.parameters if f.required or f.known_name == page]
    required = {name: shown[name] for name in needed if name in shown}
    for response in filter(lambda response: response.succeeded, operation.responses.values()):
        for example in response.examples.values() or ([""] if response.schema is None else []):
            for given in (shown | body, required | body):
                yield entry(operation.id, given, base=ORIGIN, answer=example, status=response.a_status)


@pytest.mark.parametrize("api", spec.APIS)
def test_the_published_examples_keep_the_contract(api: str, judge: Judge) -> None:
    entries = [made for operation in spec.api(api).operations.values() for made in published(operation)]
    report = judge(*entries, api=api, base_url=ORIGIN)
    assert all(row.successes for row in report.operations)
    assert [(each.operation, each.rule, each.field, each.found) for each in report.failures + report.warnings] == []


def test_a_server_error_without_its_body_is_one(judge: Judge) -> None:
    lost = entry("listAccounts", answer=ACCOUNTS, status=500)
    without_body(lost)
    assert [failure.key for failure in judge(lost).failures] == [("listAccounts", "not_a_server_error", "")]


def test_other_hosts_and_questions_of_the_browser_are_passed_over(judge: Judge) -> None:
    report = judge(
        sent("GET", "/index.html", answer="<html>", base=ORIGIN),
        sent("GET", "/collect?v=1", answer="", status=500, base="https://analytics.example.net"),
        sent("OPTIONS", spec.api("neu").operations["listAccounts"].path, answer="", status=204),
        sent("POST", "/login", {"user": "x"}, {"token": TOKEN}),
        entry("listAccounts", answer=ACCOUNTS),
        entry("listAccounts", answer={}, status=500, base="https://mirror.example.net/v0"),
        entry(
            "listServices",
            answer=[
                {
                    "id_service": 7,
                    "id_account": 41,
                    "account_name": "Panadería Ñandú",
                    "type_service": "Energía",
                    "name": "Sede",
                    "address": "Calle 1 # 2-3",
                }
            ],
        ),
    )
    assert report.base_url == BASE
    assert report.failures == []
    assert report.requests == 2
    assert "requests to other places, passed over: 3" in report.notes
    assert "requests that no operation of the spec answers, passed over: POST /login (1)" in report.notes


def test_a_refusal_of_what_is_wrong_is_left_to_the_server(judge: Judge) -> None:
    def refused(page: Any, status: int) -> list[str]:
        answer = {"_page": ["inválido"]}
        made = entry("listApportionments", {"_page": page}, answer=answer, status=status, base=ORIGIN)
        return [f.rule for f in judge(made, api="apportionments", only=["status_code_conformance"]).failures]

    assert refused("x", 400) == []
    assert refused(1, 403) == []
    assert refused(1, 400) == ["status_code_conformance"]


def test_tokens_cookies_and_names_are_in_no_report(judge: Judge) -> None:
    wrong = entry("listAccounts", answer=[{**ACCOUNTS[0], "id_account": TOKEN}])
    report = judge(wrong)
    kept = repr(report.failures) + repr(
        [vars(exchange) for failure in report.failures for exchange in failure.exchanges]
    )
    assert "token_not_echoed" in {failure.rule for failure in report.failures}
    for secret in (TOKEN, "cookie-of-the-owner", "Panadería Ñandú", "Calle 1 # 2-3"):
        assert secret not in kept


def test_requests_that_are_none_to_the_api_are_told_without_data(judge: Judge) -> None:
    paths = ["/users/ines@example.com/x", f"/session/{TOKEN}", f"/s/{quote(TOKEN, safe='')}", "/citizens/CC-52345678"]
    paths += ["/customers/Panader%C3%ADa%20%C3%91and%C3%BA", "/panaderia-nandu", "/login"]
    odd = sent("GET\n::error::x\n##[add-mask]e\nGET", "/odd", answer=[])
    others = [sent("GET", path, answer=[]) for path in paths]
    seen = entry("listAccounts", answer=ACCOUNTS)
    told = "\n".join("\n".join(judge(seen, odd, *some).notes) for some in (others[:4], others[4:]))
    assert "GET /users/…/x (1)" in told
    assert "GET /login (1)" in told
    assert "(no method) /odd (1)" in told
    for secret in (TOKEN, quote(TOKEN, safe=""), "ines", "52345678", "%C3%B1", "and%C3%BA", "nandu", "error", "##["):
        assert secret not in told


def test_arguments_that_the_operation_does_not_have_are_in_no_report(judge: Judge) -> None:
    names = ["subscription-key", "code", "sig", "key", "jwt", "auth", "pwd", "client_id"]
    secrets = [f"S3cretValue{number:02}Of{name}x7y8" for number, name in enumerate(names)]
    more = urlencode(dict(zip(names, secrets, strict=True)))
    made = entry("listAccounts", answer=[{**ACCOUNTS[0], "id_account": secrets[0]}])
    page = entry("listApportionments", {"_limit": 10}, answer=page_of("Ar") | {"items": 7}, base=ORIGIN)
    known = page["request"]["url"].partition("?")[2]
    for each in (made, page):
        each["request"]["url"] += ("&" if "?" in each["request"]["url"] else "?") + more
    for report in (judge(made), judge(page, api="apportionments")):
        assert report.failures
        shown = repr(report.failures) + repr([e.url for f in report.failures for e in f.exchanges])
        assert "sig=[secret]" in report.failures[0].curl
        assert not [secret for secret in secrets if secret in shown]
    assert known in report.failures[0].curl


def test_data_in_the_address_of_the_api_are_in_no_report(judge: Judge) -> None:
    base = f"{ORIGIN}/clients/ines@example.com/52345678/neu"
    report = judge(entry("listAccounts", answer=[{**ACCOUNTS[0], "id_account": "x"}], base=base))
    assert report.base_url == f"{ORIGIN}/clients/…/…/neu"
    shown = repr(report.failures) + repr([e.url for f in report.failures for e in f.exchanges]) + repr(report.notes)
    assert report.failures
    assert "ines@" not in shown
    assert "52345678" not in shown
    other = entry("listAccounts", answer=ACCOUNTS, base=base.replace("clients", "customers"))
    with pytest.raises(UsageError, match="customers/…/…/neu: choose"):
        judge(entry("listAccounts", answer=ACCOUNTS, base=base), other)


# What cannot be used


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<html>", r"is not a HAR file: not JSON"),
        ('{"log": {', r"is not a HAR file: not JSON"),
        ("[" * 100_000, r"is not a HAR file: not JSON"),
        ("[]", r"it has no log\.entries; export it from a browser"),
        ('{"log": {"entries": [{}, 3, null, {"request": 4}]}}', r"has no request to the neu API"),
        ('{"log": {"entries": []}}', r"has no request to the neu API"),
        (b"\xff\xfe", r"is not a HAR file: not JSON"),
    ],
)
def test_a_broken_file_is_bad_usage(text: str | bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.har"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UsageError, match=message):
        verify_har("neu", path)


def test_bad_usage_says_what_to_do(tmp_path: Path, judge: Judge) -> None:
    with pytest.raises(UsageError, match=r"cannot read .*: No such file"):
        verify_har("neu", tmp_path / "none.har")
    with pytest.raises(UsageError, match="no API 'petstore'"):
        verify_har("petstore", tmp_path / "none.har")
    here, there = (entry("listAccounts", answer=ACCOUNTS, base=base) for base in (BASE, "https://b.example.com"))
    with pytest.raises(UsageError, match=r"has requests to https://\S+ and to https://\S+: choose with --base-url"):
        judge(here, there)
    assert judge(here, there, base_url="https://b.example.com/").base_url == "https://b.example.com"
    with pytest.raises(UsageError, match=r"has no request below https://c\.example\.com"):
        judge(here, base_url="https://c.example.com")
    with pytest.raises(UsageError, match="no operation or rule 'listAcounts': choose from listAccounts"):
        judge(here, only=["listAcounts"])
    assert judge(here, only=["listAccounts"]).exit_code is ExitCode.PASSED
