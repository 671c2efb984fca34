"""No law complains of what a server is free to do."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from broken import (
    a_day_is_all_of_it,
    answering,
    asking,
    bill_pages,
    case_matters,
    last_page_forever,
    only_days_count,
    page_of,
    prefix_only,
    without,
    without_bill,
)
from contrato.verify.discovery import Discovery
from contrato.verify.findings import Reading, Violation
from contrato.verify.laws.filtering import NOWHERE
from contrato.verify.laws.runner import run_laws
from contrato.verify.modes import Mode
from contrato.verify.rules import RULES
from contrato.verify.session import Session
from contrato.verify.transport import Transport
from stage import LAWS, RIGHT, SPECS, TOKEN, Answer, Call, Fault, Stage, api_of, judge, located

pytestmark = pytest.mark.slow

DATED = ("date", "date_expiration", "date_payment", "due_date", "creation_date", "interaction_date")


def redated(body: Any, change: Callable[[str], str]) -> Any:
    if isinstance(body, list):
        return [redated(item, change) for item in body]
    if isinstance(body, dict):
        return {
            key: change(value) if key in DATED and isinstance(value, str) else redated(value, change)
            for key, value in body.items()
        }
    return body


def zulu(text: str) -> str:
    return f"{(datetime.fromisoformat(text) + timedelta(hours=5)).isoformat()}Z"


def shuffled(body: Any) -> Any:
    if isinstance(body, list):
        return random.Random(len(body)).sample([shuffled(item) for item in body], len(body))
    return {key: shuffled(value) for key, value in body.items()} if isinstance(body, dict) else body


async def inclusive(call: Call) -> Answer:
    given = dict(call.given)
    if isinstance(given.get("To"), str):
        given["To"] = (datetime.fromisoformat(given["To"]) + timedelta(seconds=1)).isoformat()
    status, answer = await call.forward(given=given)
    return status, redated(answer, lambda text: f"{text}.000-05:00")


async def unknown_is_404(call: Call) -> Answer:
    status, body = await call.forward()
    asked = {"Id_service", "Id_project", "Id_account", "Id_services"} & call.given.keys()
    return (404, {}) if asked and body in ([], {"data": []}) and "From" not in call.given else (status, body)


async def dated_by_the_end(call: Call) -> Answer:
    status, body = await call.forward()
    if call.operation == "queryConsumption" and status == 200:
        hours = {"HOURLY": 1, "DAILY": 24}.get(call.given["Interval"])
        low, high = (datetime.fromisoformat(call.given[k]).replace(tzinfo=None) for k in ("From", "To"))

        def end(text: str) -> str:
            start = datetime.fromisoformat(text)
            after = start + timedelta(hours=hours) if hours else (start + timedelta(days=32)).replace(day=1)
            return after.isoformat()

        body = redated(body, end)
        for account in body:
            account["data"] = [r for r in account["data"] if low <= datetime.fromisoformat(r["date"]) <= high]
    return status, body


def dated_by_the_end_for(interval: str) -> Fault:
    async def fault(call: Call) -> Answer:
        return await (dated_by_the_end(call) if call.given.get("Interval") == interval else call.forward())

    return fault


async def cut_periods_left_out(call: Call) -> Answer:
    status, body = await call.forward()
    if call.operation == "queryConsumption" and status == 200 and call.given["Interval"] == "MONTHLY":
        high = datetime.fromisoformat(call.given["To"]).replace(tzinfo=None)
        for account in body:
            account["data"] = [
                row
                for row in account["data"]
                if (datetime.fromisoformat(row["date"]) + timedelta(days=32)).replace(day=1) <= high
            ]
    return status, body


async def nothing_there(call: Call) -> Answer:
    status, body = await call.forward()
    if status != 200 or call.operation in ("listAccounts", "listServices", "getAccount", "getService"):
        return status, body
    if isinstance(body, list):
        return 200, []
    if "items" in body:
        return 204, None
    return 200, {key: {"data": [], "total": 0, "maxPage": 1, "nextPage": None}[key] for key in body}


async def no_body_is_refused(call: Call) -> Answer:
    has_body = SPECS[call.api].operations[call.operation].body is not None
    return (400, {"message": "Falta el cuerpo"}) if has_body and not call.content else await call.forward()


async def paid_bills_are_never_due(call: Call) -> Answer:
    if call.operation != "listDueDates":
        return await call.forward()
    return await without_bill(call, lambda bill: bill["date_payment"] is not None)


async def paid_late_is_overdue(call: Call) -> Answer:
    status, body = await call.forward()
    if call.operation != "listOverdueBills" or status != 200:
        return status, body
    _, bills = await call.forward(operation="listBills", given={"Page": 3}, headers=RIGHT)
    paid = next(bill for bill in bills if bill["date_payment"] is not None)
    due, end = (datetime.fromisoformat(paid[name]) for name in ("date_expiration", "date_payment"))
    return status, [*body, {**body[0], "id_bill": paid["id_bill"], "due_date": paid["date_expiration"],
                            "days": (end - due).days}]  # fmt: skip


async def unknown_company_is_204(call: Call) -> Answer:
    status, body = await call.forward()
    return (204, None) if status == 422 and "company_id" in body else (status, body)


async def names_stay_taken(call: Call) -> Answer:
    """Also by a record that is deleted."""
    taken, name = call.state.setdefault("taken", set()), call.given.get("name")
    if call.operation != "createApportionment" or not isinstance(name, str):
        return await call.forward()
    if name in taken:
        return 422, {"name": ["O campo name já está sendo utilizado."]}
    status, body = await call.forward()
    if status == 201:
        taken.add(name)
    return status, body


async def plain_names(call: Call) -> Answer:
    """A name has up to forty letters, digits and spaces."""
    name = call.given.get("name")
    if isinstance(name, str) and not re.fullmatch(r"[\w ]{1,40}", name):
        return 422, {"name": ["O campo name é inválido."]}
    return await call.forward()


async def centres_are_filled_in_later(call: Call) -> Answer:
    """By a worker, a moment after the record is created."""
    made: set[int] = call.state.setdefault("made", set())
    status, body = await call.forward()
    if call.operation == "createApportionment" and status == 201:
        made.add(body["id"])
    elif status == 200 and isinstance(body, dict):
        for record in body.get("items", [body]):
            record["cost_center_ids"] = [1, 8] if record.get("id") in made else record["cost_center_ids"]
    return status, body


async def all_rules(call: Call, given: dict[str, Any]) -> list[Any]:
    rules: list[Any] = []
    while True:
        _, body = await call.forward(given={**given, "PageNumber": len(rules) // 20 + 1})
        rules += body["data"] if body else []
        if not body or len(body["data"]) < 20:
            return rules


async def range_selects_rules(call: Call) -> Answer:
    if call.operation != "listRuleHistory" or not {"From", "To"} & call.given.keys():
        return await call.forward()
    status, body = await call.forward()
    if status >= 400:
        return status, body
    cut, whole = [await all_rules(call, without(*names)(call.given)) for names in ((), ("From", "To"))]
    kept = [{**rule, "data": []} for rule in cut if rule["data"]]
    chosen = [rule for rule in whole if {**rule, "data": []} in kept]
    return 200, {"data": chosen[20 * (page_of(call) - 1) :][:20]}


async def recent_bills_without_a_range(call: Call) -> Answer:
    if call.operation == "listBills" and not {"From", "To"} & call.given.keys():
        return await call.forward(given={**call.given, "From": "2021-09-01T00:00:00"})
    return await call.forward()


QUIET = tuple(rule.name for rule in LAWS if not rule.probes)
DATES = ("ranges_cut", "filters_combine", "operations_agree", "listed_records_are_there")
READINGS = ("periods_add_up", "one_row_a_period", "registers_grow", "averages_lie_between", "ranges_cut")


LEGAL: dict[str, tuple[str, Fault, tuple[str, ...]]] = {
    "Z": ("neu", answering(lambda body: redated(body, zulu)), DATES + READINGS),
    "Z that means local time": (
        "neu",
        answering(lambda body: redated(body, lambda text: f"{text}Z")),
        DATES + READINGS,
    ),
    "a blank, and an offset without a colon": (
        "neu",
        answering(lambda body: redated(body, lambda text: f"{text.replace('T', ' ')}-0500")),
        DATES + READINGS + ("operations_agree",),
    ),
    "offsets, and To is inclusive": ("neu", inclusive, DATES + READINGS),
    "404 for unknown values": ("neu", unknown_is_404, QUIET),
    "case matters": ("apportionments", case_matters, ("searches_find",)),
    "beginnings are searched": ("apportionments", prefix_only, ("searches_find",)),
    "another default order": (
        "apportionments",
        asking(lambda given: {"_order": "asc", **given}),
        ("lists_are_sorted",),
    ),
    "fifteen bills a page": ("neu", bill_pages(15), ("pages_make_the_list",)),
    "the last page again": ("neu", last_page_forever, ("pages_make_the_list",)),
    "To is a day": ("neu", a_day_is_all_of_it, DATES),
    "only days count": ("neu", only_days_count, DATES),
    "periods dated by their end": ("neu", dated_by_the_end, READINGS),
    "cut periods are left out": ("neu", cut_periods_left_out, READINGS),
    "no data": ("neu", nothing_there, QUIET),
    "no records": ("apportionments", nothing_there, ()),
    "a body is required": ("neu", no_body_is_refused, ("answers_are_stable",)),
    "paid bills have no due date": ("neu", paid_bills_are_never_due, ("operations_agree",)),
    "bills paid late are overdue": ("neu", paid_late_is_overdue, ("days_are_reckoned",)),
    "a range selects rules": ("neu", range_selects_rules, ("ranges_cut", "filters_select", "filters_combine")),
    "recent bills without a range": ("neu", recent_bills_without_a_range, ()),
    "neugets are dated by the day": (
        "neu",
        answering(
            lambda body: [{**one, "date": one["date"][:10] + "T00:00:00"} for one in body],
            when=lambda call: call.operation == "listUsedNeugets",
        ),
        ("operations_agree",),
    ),
    "cost centres that are filled in later": ("apportionments", centres_are_filled_in_later, ()),
    "plain and short names": ("apportionments", plain_names, ()),
    "204 for an unknown company": ("apportionments", unknown_company_is_204, ()),
}


"""API, variant, and the laws that it could disturb; all when none is named."""


def of_another_service(bills: Any) -> Any:
    """Bills with the name of another service, where there is one."""
    names = [bill["service"] for bill in bills]
    return [{**bill, "service": next((n for n in names if n != bill["service"]), bill["service"])} for bill in bills]


@pytest.mark.parametrize(
    ("change", "levels"),
    [
        (lambda bills: [{**bill, "service": "Antes"} for bill in bills], {"plausible"}),
        (lambda bills: [{**bill, "account": "Antes"} for bill in bills], {"plausible"}),
        (of_another_service, {"plausible", "inferred"}),
    ],
)
def test_a_bill_may_keep_the_names_of_its_day_but_has_none_of_others(
    stage: Stage, change: Callable[[Any], Any], levels: set[str]
) -> None:
    stage.faults = {"listBills": answering(change)}
    violations, _ = judge("neu", stage.base_url("neu"), laws=("operations_agree",))
    found = [violation for _, violation in violations if violation.operation == "listBills"]
    assert {str(violation.evidence).partition(":")[0] for violation in found} == levels


@pytest.mark.parametrize("name", LEGAL)
def test_what_a_server_is_free_to_do_breaks_no_law(stage: Stage, name: str) -> None:
    api, variant, laws = LEGAL[name]
    stage.faults = {"*": variant}
    violations, not_judged = judge(api, stage.base_url(api), laws=laws)
    assert violations == []
    assert [not_judged for _, not_judged in not_judged if not not_judged.lasting] == []


TOLD: list[tuple[str, str, Fault, tuple[str, str, str]]] = [
    ("periods_add_up", "queryConsumption", answering(lambda body: body), ("row-date", "/*/data/*/date", "start")),
    ("periods_add_up", "queryConsumption", dated_by_the_end, ("row-date", "/*/data/*/date", "end")),
    ("registers_grow", "queryConsumption", answering(lambda body: body),
     ("register", "/*/data/*/imported_active_acum", "end")),
    ("pages_make_the_list", "listNotifications", answering(lambda body: body), ("page-argument", "", "table-url")),
    ("searches_find", "listApportionments", answering(lambda body: body), ("search-words", "query._q", "substring")),
    ("searches_find", "listApportionments", prefix_only, ("search-words", "query._q", "prefix")),
    ("operations_agree", "listDueDates", answering(lambda body: body), ("due-dates", "", "all")),
    ("operations_agree", "listDueDates", paid_bills_are_never_due, ("due-dates", "", "unpaid")),
    ("open_questions_are_asked", "queryConsumption", answering(lambda body: body), ("none-selected", "", "everything")),
]  # fmt: skip


"""Law, operation, server, and the question, place and reading that the law tells of it."""


@pytest.mark.parametrize(("law", "operation", "variant", "told"), TOLD)
def test_a_law_tells_the_reading_that_a_server_follows(
    stage: Stage, law: str, operation: str, variant: Fault, told: tuple[str, str, str]
) -> None:
    api = api_of(operation)
    stage.faults = {"*": variant}
    transport = Transport(SPECS[api], stage.base_url(api), TOKEN, Mode.UNRESTRICTED)
    with closing(transport):
        session = Session(Discovery(SPECS[api], transport))
        judgements = list(run_laws(session, [RULES[law]], [operation]))
        found = [each for judgement in judgements for each in judgement.findings if isinstance(each, Reading)]
    question, at, reading = told
    wanted = {(question, located(operation, at), reading)} if at.startswith("/") or not at else {told}
    assert {(each.question, each.field, each.reading) for each in found if each.question == question} >= wanted


def test_names_that_stay_taken_keep_no_law_from_judging(written: Stage) -> None:
    written.faults = {"*": names_stay_taken}
    laws = ("created_is_kept", "updated_is_kept", "deleted_is_gone", "missing_is_missing", "refused_changes_nothing")
    violations, not_judged = judge("apportionments", written.base_url("apportionments"), laws=laws)
    assert (violations, not_judged) == ([], [])


def test_a_record_that_somebody_deletes_meanwhile_tells_nothing_of_a_search(stage: Stage) -> None:
    async def deleted(call: Call) -> Answer:
        text = call.given.get("_q", "")
        call.state["gone"] = call.state.get("gone", False) or (text.endswith(NOWHERE) and text != NOWHERE)
        return (204, None) if text and call.state["gone"] else await call.forward()

    stage.faults = {"listApportionments": deleted}
    transport = Transport(SPECS["apportionments"], stage.base_url("apportionments"), TOKEN, Mode.UNRESTRICTED)
    with closing(transport):
        session = Session(Discovery(SPECS["apportionments"], transport))
        judgements = list(run_laws(session, [RULES["searches_find"]], ["listApportionments"]))
    findings = [each for judgement in judgements for each in judgement.findings]
    assert [each.reading for each in findings if isinstance(each, Reading) and each.question == "search-words"] == []


@pytest.mark.parametrize(("interval", "told"), [("DAILY", {"start", "end"}), ("HOURLY", {"start"})])
def test_hours_may_be_named_by_their_end_and_days_by_their_date(stage: Stage, interval: str, told: set[str]) -> None:
    """But days that are dated by their end, and months by their beginning, are two readings."""
    stage.faults = {"queryConsumption": dated_by_the_end_for(interval)}
    transport = Transport(SPECS["neu"], stage.base_url("neu"), TOKEN, Mode.UNRESTRICTED)
    with closing(transport):
        session = Session(Discovery(SPECS["neu"], transport))
        judgements = list(run_laws(session, [RULES["periods_add_up"]], ["queryConsumption"]))
    findings = [each for judgement in judgements for each in judgement.findings]
    assert {each.reading for each in findings if isinstance(each, Reading)} == told
    assert [each for each in findings if isinstance(each, Violation)] == []


def test_records_without_an_identity_may_be_equal(stage: Stage) -> None:
    one = {"date": "2021-07-14T08:00:00", "title": "Aviso", "text": "Mantenimiento de la red.", "read": False}
    records = [one] * 57 + [{**one, "text": f"Mantenimiento de la red {number}."} for number in range(15)]

    async def equal(call: Call) -> Answer:
        number, last = page_of(call), 4
        shown = {"nextPage": number + 1 if number < last else None, "maxPage": last, "total": len(records)}
        return 200, {**shown, "data": records[20 * number - 20 : 20 * number]}

    stage.faults = {"listNotifications": equal}
    laws, operations = ("pages_make_the_list",), ("listNotifications",)
    assert judge("neu", stage.base_url("neu"), laws=laws, operations=operations) == ([], [])


def test_lists_without_an_order_may_have_any(stage: Stage) -> None:
    unordered = ("listAccounts", "listServices", "listPqrs", "listOverdueBills", "queryConsumption", "listUsedNeugets")
    stage.faults = dict.fromkeys(unordered, answering(shuffled))
    violations, _ = judge("neu", stage.base_url("neu"), laws=QUIET, operations=unordered)
    assert violations == []


def test_colleagues_who_write_now_and_then_are_no_violation(written: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each time that the law runs, and twenty seconds later."""
    clock = SimpleNamespace(now=0.0)
    clock.monotonic = lambda: clock.now
    clock.sleep = lambda seconds: setattr(clock, "now", clock.now + seconds)

    async def colleague(call: Call) -> Answer:
        call.state.setdefault("last", 0.0)
        call.state["ready"] = call.operation == "createApportionment" or call.state.get("ready", False)
        in_a_run = call.operation == "deleteApportionment" and call.state["ready"]
        if in_a_run or clock.now - call.state["last"] > 20:
            call.state |= {"ready": False, "last": clock.now}
            await call.forward(operation="createApportionment", given=await call.new_record(), headers=RIGHT)
        return await call.forward()

    monkeypatch.setattr("contrato.verify.laws.runner.BUSY", 30.0)
    monkeypatch.setattr("contrato.verify.laws.runner.time", clock)
    written.faults = {"*": colleague}
    only: dict[str, Any] = {"laws": ("tokens_are_checked",), "operations": ("deleteApportionment",)}
    violations, not_judged = judge("apportionments", written.base_url("apportionments"), **only)
    assert violations == []
    assert [each.lasting for _, each in not_judged] == [False]


def test_other_clients_that_write_meanwhile_are_no_violation(written: Stage) -> None:
    async def meanwhile(call: Call) -> Answer:
        call.state["count"] = call.state.get("count", 0) + 1
        if call.state["count"] % 5 == 0:
            await call.forward(operation="createApportionment", given=await call.new_record(), headers=RIGHT)
        return await call.forward()

    written.faults = {"*": meanwhile}
    laws = ("pages_make_the_list", "lists_are_sorted", "created_is_kept", "deleted_is_gone")
    violations, not_judged = judge("apportionments", written.base_url("apportionments"), laws=laws)
    assert violations == []
    assert any(not not_judged.lasting for _, not_judged in not_judged)


@pytest.mark.parametrize(
    "moved",
    [
        pytest.param(lambda now, read: now * 1000, id="days that time passes"),
        pytest.param(lambda now, read: read % 3, id="servers that take turns"),
        pytest.param(lambda now, read: read // 2, id="somebody else's days, now and then"),
    ],
)
def test_data_that_move_by_themselves_are_not_changed_by_reading(
    stage: Stage, moved: Callable[[float, int], float]
) -> None:
    async def moving(call: Call) -> Answer:
        status, body = await call.forward()
        call.state["read"] = call.state.get("read", 0) + 1
        days = moved(time.monotonic(), call.state["read"])
        return status, [{**bill, "days": bill["days"] + days} for bill in body] if status == 200 else body

    stage.faults = {"listOverdueBills": moving}
    laws = ("answers_are_stable", "reading_changes_nothing")
    assert judge("neu", stage.base_url("neu"), laws=laws, operations=("listOverdueBills",))[0] == []


def test_records_that_others_add_all_the_time_are_not_added_by_reading(stage: Stage) -> None:
    async def busy(call: Call) -> Answer:
        status, body = await call.forward()
        now = round(time.monotonic() * 20_000)
        more = now - call.state.setdefault("begun", now)
        return status, body + body[-1:] * more if status == 200 and body else body

    stage.faults = {"listUsedNeugets": busy}
    laws = ("reading_changes_nothing",)
    assert judge("neu", stage.base_url("neu"), laws=laws, operations=("listUsedNeugets",))[0] == []
