"""Active laws: each one names the servers that break it."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote_plus

import pytest
import requests

from broken import (
    all_for_unknown,
    an_unpaid_bill_is_never_due,
    another_default,
    answering,
    answers_but_does_not_change,
    any_company,
    any_interval,
    asking,
    bill_pages,
    bills_overlap,
    by,
    capped_at,
    changes_another,
    creates_once,
    creates_twice,
    days_grow_when_read,
    days_more,
    deletes_nothing,
    deletes_two,
    digits_become_a_number,
    digits_of_an_id,
    dropping,
    each_row,
    empty_is_missing,
    empty_list_crashes,
    empty_range_crashes,
    equal_records_deleted,
    every_second_day_more,
    false_is_nothing,
    filter_is_repeated,
    finds_everything,
    first_account_for_none,
    first_for_unknown,
    forgets_what_it_created,
    half_an_update,
    hours_a_day_short,
    keeps_the_tariff_of_the_one_company_that_may_change_it,
    last_full_page_is_lost,
    last_service_has_no_bills,
    late_in_summer,
    later_pages_of_names_alone,
    leap_day_crashes,
    many_are_none,
    missing_is_404,
    moves_to_another_company,
    offsets_are_utc,
    on_page,
    one_is_not_there,
    only_first_service,
    page_of,
    page_zero_crashes,
    range_or_service,
    refuses_after_the_deed,
    refuses_what_is_so,
    refuses_with_data,
    refusing,
    repeated_value_crashes,
    resets_the_rest,
    search_on_first_page_only,
    search_sticks,
    searches_for_the_first_word,
    sent,
    set_in,
    sorted_search_looks_at_beginnings,
    sorted_within_pages,
    sorts_by_limit_day,
    spent_again_when_read,
    suffix_only,
    taking,
    ties_lost,
    ties_wander,
    turned_range_crashes,
    turned_range_is_exchanged,
    unknown_is_404_to_strangers,
    update_creates,
    without,
)
from citing import plain
from contrato.verify.modes import Mode
from contrato.verify.transport import Gone
from foreign import TOKEN as FOREIGN_TOKEN
from foreign import Foreign
from foreign import serve as serve_foreign
from stage import APIS, LAWS, RIGHT, SPECS, TOKEN, Answer, Call, Fault, Honest, Stage, api_of, judge, located

pytestmark = pytest.mark.slow

FAULTS: list[tuple[str, str, str, Fault]] = [
    ("pages_make_the_list", "listDueDates", "/total", answering(set_in("/total", lambda n: n + 1), when=on_page(2))),
    ("pages_make_the_list", "listDueDates", "/total", answering(set_in("/total", lambda n: n - 1))),
    ("pages_make_the_list", "listDueDates", "/maxPage", answering(set_in("/maxPage", lambda n: n + 1))),
    ("pages_make_the_list", "listNotifications", "/nextPage", answering(set_in("/nextPage", lambda n: n or 1))),
    ("pages_make_the_list", "listBills", "/*", bills_overlap),
    ("pages_make_the_list", "listBills", "/*", bill_pages(15, lost=1)),
    ("pages_make_the_list", "listBills", "/*", asking(without("Page"))),
    ("pages_make_the_list", "listApportionments", "/current_page", answering(set_in("/current_page", lambda n: 1))),
    ("pages_make_the_list", "listApportionments", "/items/*", answering(dropping("items"))),
    ("limits_only_cut", "listApportionments", "_limit", asking(without("_limit"))),
    ("arguments_are_accepted", "queryConsumption", "Id_account", refusing("Id_account")),
    ("arguments_are_accepted", "queryConsumption", "Interval", refusing("Interval", "MONTHLY")),
    ("arguments_are_accepted", "listBills", "From", refusing("To")),
    ("arguments_are_accepted", "listPqrs", "From", refusing("From")),
    ("arguments_are_accepted", "listApportionments", "_sort", refusing("_sort", "name")),
    (
        "limits_only_cut",
        "listApportionments",
        "/total",
        answering(lambda body: body.update(total=body["total"] + (body["per_page"] == 3))),
    ),
    ("lists_are_sorted", "listApportionments", "/items/*/id", asking(without("_order"))),
    ("lists_are_sorted", "listApportionments", "/items/*/name", sorted_within_pages),
    ("limits_only_cut", "listApportionments", "_limit", search_on_first_page_only),
    ("lists_are_sorted", "listApportionments", "_sort", ties_lost),
    ("lists_are_sorted", "listApportionments", "_sort", ties_wander),
    ("filters_select", "listBills", "Id_service", asking(without("Id_service"))),
    (
        "filters_select",
        "listBills",
        "Id_service",
        answering(lambda rows: rows[:-1], when=lambda c: "Id_service" in c.given),
    ),
    ("filters_select", "listRuleHistory", "Id_project", asking(without("Id_project"))),
    ("filters_select", "queryConsumption", "Id_services", only_first_service),
    ("filters_select", "queryConsumption", "Id_account", asking(without("Id_account"))),
    ("filters_combine", "listBills", "Id_service", range_or_service),
    ("searches_find", "listApportionments", "_q", suffix_only),
    ("searches_find", "listApportionments", "_q", finds_everything),
    ("searches_find", "listApportionments", "_q", search_sticks()),
    ("ranges_cut", "listPqrs", "/*/date", asking(without("To"))),
    ("ranges_cut", "listPqrs", "/*/date", asking(without("From"))),
    (
        "ranges_cut",
        "listNotifications",
        "/data/*/date",
        answering(dropping("data"), when=lambda c: "To" in c.given),
    ),
    ("ranges_cut", "listPqrs", "", empty_is_missing),
    ("ranges_cut", "listRuleHistory", "/data/*/data/*/date", offsets_are_utc),
    (
        "periods_add_up",
        "queryConsumption",
        "/*/data/*/cons",
        answering(each_row(lambda row: row.update(cons=row["cons"] * 0.98)), when=by("DAILY")),
    ),
    (
        "periods_add_up",
        "queryConsumption",
        "/*/data/*/injec",
        answering(each_row(lambda row: row.update(injec=row["injec"] * 1000)), when=by("MONTHLY")),
    ),
    (
        "periods_add_up",
        "queryConsumption",
        "/*/data/*/cons",
        answering(
            lambda body: [{**a, "data": [r for r in a["data"] if "-11-" not in r["date"]]} for a in body],
            when=by("MONTHLY"),
        ),
    ),
    (
        "periods_add_up",
        "queryConsumption",
        "/*/data/*/cons",
        answering(
            lambda body: [
                {**a, "data": [r for r in a["data"] if r["injec"] or not r["exported_active_acum"]]} for a in body
            ],
            when=by("HOURLY"),
        ),
    ),
    (
        "one_row_a_period",
        "queryConsumption",
        "/*/data/*/date",
        answering(lambda body: [{**a, "data": [*a["data"], a["data"][-1]]} for a in body], when=by("DAILY")),
    ),
    (
        "one_row_a_period",
        "queryConsumption",
        "/*/data/*/date",
        answering(
            lambda body: [{**a, "data": [r for r in a["data"] if r["date"][8:13] != "14T03"]} for a in body],
            when=by("HOURLY"),
        ),
    ),
    (
        "registers_grow",
        "queryConsumption",
        "/*/data/*/imported_active_acum",
        answering(each_row(lambda row: row.update(imported_active_acum=5000.0))),
    ),
    (
        "registers_grow",
        "queryConsumption",
        "/*/data/*/imported_active_acum",
        answering(
            each_row(lambda row: row.update(imported_active_acum=row["imported_active_acum"] * 2)), when=by("MONTHLY")
        ),
    ),
    (
        "averages_lie_between",
        "queryConsumption",
        "/*/data/*/va",
        answering(each_row(lambda row: row.update(va=row["va"] / 1000)), when=by("DAILY")),
    ),
    (
        "operations_agree",
        "listAccounts",
        "/*/services/*/name",
        answering(set_in("/0/services/0/name", lambda n: f"{n}.")),
    ),
    ("operations_agree", "listAccounts", "/*/services/*/id_service", answering(dropping(0, "services"))),
    ("operations_agree", "listOverdueBills", "/*/due_date", answering(set_in("/0/due_date", lambda d: f"2020{d[4:]}"))),
    ("operations_agree", "listDueDates", "/data/*/service", answering(set_in("/data/0/service", lambda n: "Otra"))),
    (
        "operations_agree",
        "getApportionment",
        "/company",
        answering(set_in("/company/name", lambda name: "Outra")),
    ),
    ("listed_records_are_there", "getService", "", one_is_not_there),
    ("listed_records_are_there", "getService", "/address", answering(lambda body: body.update(address="?"))),
    ("created_is_kept", "createApportionment", "", forgets_what_it_created),
    ("created_is_kept", "createApportionment", "", creates_twice),
    ("created_is_kept", "createApportionment", "/id", creates_once),
    ("created_is_kept", "createApportionment", "/mixed_consumption", asking(without("mixed_consumption"))),
    ("created_is_kept", "createApportionment", "/limit_day", another_default),
    ("created_is_kept", "createApportionment", "/name", answering(set_in("/name", str.upper))),
    (
        "created_is_kept",
        "createApportionment",
        "/apportionment_measure_unit/id",
        asking(lambda given: {k: 2 if (k, v) == ("apportionment_measure_unit_id", 3) else v for k, v in given.items()}),
    ),
    ("updated_is_kept", "updateApportionment", "/limit_day", answers_but_does_not_change),
    ("updated_is_kept", "updateApportionment", "/mixed_consumption", false_is_nothing),
    ("updated_is_kept", "updateApportionment", "/limit_day", resets_the_rest),
    ("updated_is_kept", "updateApportionment", "", changes_another),
    (
        "updated_is_kept",
        "updateApportionment",
        "/apportionment_tariff_type/id",
        keeps_the_tariff_of_the_one_company_that_may_change_it,
    ),
    ("updated_is_kept", "updateApportionment", "/company/id", moves_to_another_company),
    ("searches_find", "listApportionments", "_q", asking(searches_for_the_first_word)),
    ("updated_is_kept", "updateApportionment", "/description", asking(without("description"))),
    (
        "updated_is_kept",
        "updateApportionment",
        "/mixed_consumption",
        asking(lambda given: {"mixed_consumption": False, **given}),
    ),
    ("updated_is_kept", "updateApportionment", "", refuses_what_is_so),
    ("deleted_is_gone", "deleteApportionment", "", deletes_nothing),
    ("deleted_is_gone", "deleteApportionment", "", deletes_two),
    ("missing_is_missing", "getApportionment", "id", missing_is_404),
    ("missing_is_missing", "updateApportionment", "", update_creates),
    ("refused_changes_nothing", "createApportionment", "company_id", any_company),
    ("refused_changes_nothing", "updateApportionment", "apportionment_tariff_type_id", half_an_update),
    ("tokens_are_checked", "listPqrs", "", taking(lambda call: True)),
    ("tokens_are_checked", "getService", "", taking(lambda call: sent(call).lower() == f"bearer {TOKEN}".lower())),
    ("tokens_are_checked", "listBills", "", taking(lambda call: sent(call).startswith(f"Bearer {TOKEN}"))),
    ("tokens_are_checked", "listServices", "", taking(lambda call: f"Bearer {TOKEN}".startswith(sent(call) or "-"))),
    ("tokens_are_checked", "listAccounts", "", taking(lambda call: "token=" in call.url)),
    ("tokens_are_checked", "listUsedNeugets", "", taking(lambda call: sent(call).endswith(f" {TOKEN}"))),
    ("tokens_are_checked", "listServices", "", refuses_with_data),
    ("tokens_are_checked", "deleteApportionment", "", refuses_after_the_deed),
    ("tokens_are_checked", "createApportionment", "", refuses_after_the_deed),
    ("missing_is_missing", "updateApportionment", "id", missing_is_404),
    ("unknown_ids_find_nothing", "getService", "id", first_for_unknown),
    ("unknown_ids_find_nothing", "getApportionment", "id", digits_of_an_id),
    ("unknown_ids_find_nothing", "listBills", "Id_service", all_for_unknown),
    ("malformed_is_refused", "queryConsumption", "Interval", any_interval),
    ("tokens_are_checked", "getAccount", "id", unknown_is_404_to_strangers),
    ("extremes_are_answered", "queryConsumption", "", empty_list_crashes),
    ("reading_changes_nothing", "listOverdueBills", "/*", days_grow_when_read),
    ("days_are_reckoned", "listOverdueBills", "/*/days", answering(capped_at(30))),
    ("days_are_reckoned", "listOverdueBills", "/*/days", every_second_day_more),
    ("days_are_reckoned", "listOverdueBills", "/*/days", answering(days_more(9_000))),
    ("filters_select", "listBills", "Id_service", last_service_has_no_bills),
    ("limits_only_cut", "listApportionments", "_limit", later_pages_of_names_alone),
    ("open_questions_are_asked", "listBills", "", page_zero_crashes),
    ("open_questions_are_asked", "queryConsumption", "Id_account", first_account_for_none),
    ("searches_find", "listApportionments", "_q", many_are_none),
    ("operations_agree", "listDueDates", "/data/*/id_bill", an_unpaid_bill_is_never_due),
    ("reading_changes_nothing", "listUsedNeugets", "/*", spent_again_when_read),
    ("answers_are_stable", "listBills", "body", filter_is_repeated),
    ("periods_add_up", "queryConsumption", "/*/data/*/cons", hours_a_day_short),
    ("periods_add_up", "queryConsumption", "/*/data/*/cons", answering(each_row(late_in_summer), when=by("HOURLY"))),
    ("ranges_cut", "listDueDates", "", turned_range_crashes),
    ("ranges_cut", "listPqrs", "/*/date", turned_range_is_exchanged),
    ("ranges_cut", "listRuleHistory", "", empty_range_crashes),
    ("filters_select", "queryConsumption", "", repeated_value_crashes),
    ("extremes_are_answered", "listBills", "", leap_day_crashes),
    ("limits_only_cut", "listApportionments", "_limit", last_full_page_is_lost),
    ("lists_are_sorted", "listApportionments", "_sort", sorted_search_looks_at_beginnings),
    ("malformed_is_refused", "listApportionments", "_sort", sorts_by_limit_day),
    ("deleted_is_gone", "deleteApportionment", "", equal_records_deleted),
    ("created_is_kept", "createApportionment", "/description", digits_become_a_number),
]


"""Law, operation, field that is to be named, and how the server breaks it."""


@pytest.mark.parametrize(
    ("law", "operation", "at", "fault"), FAULTS, ids=[f"{n}-{f[0]}-{f[1]}" for n, f in enumerate(FAULTS)]
)
def test_a_law_names_what_breaks_it(stage: Stage, law: str, operation: str, at: str, fault: Fault) -> None:
    api = api_of(operation)
    if not SPECS[api].operations[operation].safe:
        stage.honest = Honest()
    stage.faults = {operation: fault}
    try:
        violations, _ = judge(api, stage.base_url(api), laws=(law,), operations=(operation,))
    finally:
        if not SPECS[api].operations[operation].safe:
            stage.honest = Honest()
    assert (operation, located(operation, at)) in {
        (violation.operation, violation.field) for _, violation in violations
    }
    for _, violation in violations:
        assert violation.evidence
        assert violation.expected
        assert violation.found


def test_a_filter_that_selects_nothing_by_itself_is_told_once(stage: Stage) -> None:
    """A failure beside a range of dates would be the same one again."""
    stage.faults = {"listBills": asking(without("Id_service"))}
    laws = ("filters_select", "filters_combine")
    violations, not_judged = judge("neu", stage.base_url("neu"), laws=laws, operations=("listBills",))
    assert {law for law, _ in violations} == {"filters_select"}
    assert {law for law, _ in not_judged} == {"filters_combine"}


def test_the_hour_that_a_day_leaves_out_is_named(stage: Stage) -> None:
    def more(body: Any) -> Any:
        row = next(row for row in body[0]["data"] if row["date"][8:13] == "14T03")
        late = {**row, "date": row["date"].replace("T03:00", "T03:30"), "cons": 7777.0}
        return [{**body[0], "data": [*body[0]["data"], late]}, *body[1:]]

    stage.faults = {"queryConsumption": answering(more, when=by("HOURLY"))}
    violations, _ = judge("neu", stage.base_url("neu"), laws=("periods_add_up",), operations=("queryConsumption",))
    told = [plain(it.found) for _, it in violations if it.field.endswith("/cons")]
    assert any(re.search(r"-14 of .*, the sum without \d{4}-\d\d-14T03:30:00$", found) for found in told), told


def test_records_that_an_update_changes_beside_its_own_are_told_with_what_became_of_them(written: Stage) -> None:
    written.faults = {"updateApportionment": changes_another}
    violations, _ = judge("apportionments", written.base_url("apportionments"), laws=("updated_is_kept",))
    told = {plain(it.found) for _, it in violations if it.expected == "no other record changes"}
    assert any(
        re.fullmatch(r"1 of \d+ changed, such as record \d+: limit_day was \d+, is \d+", found) for found in told
    ), told


WRITTEN = [
    f
    for f in FAULTS
    if f[0] in ("created_is_kept", "updated_is_kept", "deleted_is_gone")
    # These take equal records, which there are none of.
    and f[3] not in (creates_once, equal_records_deleted)
]


@pytest.mark.parametrize(
    ("law", "operation", "at", "fault"), WRITTEN, ids=[f"{n}-{f[0]}" for n, f in enumerate(WRITTEN)]
)
def test_names_that_have_to_be_unique_hide_no_fault(
    written: Stage, law: str, operation: str, at: str, fault: Fault
) -> None:
    async def once(call: Call) -> Answer:
        _, page = await call.forward(operation="listApportionments", given={"_limit": 1000}, headers=RIGHT)
        if call.given.get("name") in [record["name"] for record in page["items"]]:
            return 422, {"name": ["taken"]}
        return await (fault(call) if operation == "createApportionment" else call.forward())

    written.faults = {operation: fault, "createApportionment": once}
    violations, _ = judge("apportionments", written.base_url("apportionments"), laws=(law,), operations=(operation,))
    assert (operation, located(operation, at)) in {(found.operation, found.field) for _, found in violations}


def test_every_law_has_a_fault_that_it_names() -> None:
    tried = {law for law, *_ in FAULTS}
    # What they find is at the operation that reads; see below.
    assert {rule.name for rule in LAWS} - tried == {"searches_follow_writes", "tags_follow_the_record"}


def test_what_is_open_where_a_slash_follows_is_a_violation(stage: Stage) -> None:
    async def open_door(call: Call) -> Answer:
        if not call.url.endswith("/"):
            return await call.forward()
        return await call.forward(operation="listServices", headers={**call.headers, **RIGHT})

    stage.faults = {"*": open_door}
    operations = ("listServices", "listPqrs")
    violations, _ = judge("neu", stage.base_url("neu"), laws=("tokens_are_checked",), operations=operations)
    assert [found.operation for _, found in violations] == ["listServices"]


@pytest.mark.parametrize("rule", LAWS, ids=lambda rule: rule.name)
def test_a_law_explains_itself(rule: Any) -> None:
    assert rule.sentence.endswith(".")
    assert len(rule.explanation) > 80


# What a server is free to do


@APIS
def test_an_honest_server_keeps_every_law_and_gets_the_same_requests_again(written: Stage, api: str) -> None:
    logs = []
    for _ in range(2 if api == "apportionments" else 1):
        written.honest, written.log = Honest(), []
        violations, not_judged = judge(api, written.base_url(api))
        assert violations == []
        assert [not_judged for _, not_judged in not_judged if not not_judged.lasting] == []
        logs.append(written.log)
    assert len(logs[0]) > 100
    assert logs[0] == logs[-1]


async def never_finds_what_is_new(call: Call) -> Answer:
    return (204, None) if "Übung" in call.given.get("_q", "") else await call.forward()


async def finds_by_what_was(call: Call) -> Answer:
    """A text of the first search finds every record later."""
    text = call.given.get("_q", "")
    again = bool(text) and text in call.state.get("first", "")
    call.state["first"] = call.state.get("first") or text
    return await call.forward(given={"_limit": 1000} if again else call.given)


async def decodes_twice(call: Call) -> Answer:
    texts = {name: unquote_plus(value) for name, value in call.given.items() if isinstance(value, str)}
    return await call.forward(given=call.given | texts)


async def finds_what_is_deleted(call: Call) -> Answer:
    """A search that finds nothing gets the last record that was found before."""
    status, body = await call.forward()
    if "_q" not in call.given or status not in (200, 204):
        return status, body
    if status == 200:
        call.state["found"] = body
    return (200, call.state["found"]) if "found" in call.state else (status, body)


SEARCHES = [never_finds_what_is_new, finds_by_what_was, decodes_twice, finds_what_is_deleted]


@pytest.mark.parametrize("fault", SEARCHES, ids=lambda fault: fault.__name__)
def test_a_search_that_does_not_follow_a_change_is_a_violation(written: Stage, fault: Fault) -> None:
    written.faults = {"listApportionments": fault}
    violations, _ = judge("apportionments", written.base_url("apportionments"), laws=("searches_follow_writes",))
    at = located("listApportionments", "_q")
    assert {(found.operation, found.field) for _, found in violations} == {("listApportionments", at)}


def test_an_index_may_need_a_moment(written: Stage) -> None:
    async def late(call: Call) -> Answer:
        text = call.given.get("_q", "")
        call.state[text] = call.state.get(text, 0) + 1
        return (204, None) if text and call.state[text] == 1 else await call.forward()

    written.faults = {"listApportionments": late}
    violations, _ = judge("apportionments", written.base_url("apportionments"), laws=("searches_follow_writes",))
    assert violations == []


def test_a_tag_that_stays_when_the_record_changes_is_a_violation(written: Stage) -> None:
    written.headers = {"etag": '"1"'}
    violations, _ = judge("apportionments", written.base_url("apportionments"), laws=("tags_follow_the_record",))
    assert [(found.operation, found.field) for _, found in violations] == [("getApportionment", "header.ETag")]


def test_what_does_not_answer_in_time_twice_is_a_violation(stage: Stage) -> None:
    async def hangs(call: Call) -> Answer:
        if page_of(call) == 2:
            raise requests.ReadTimeout
        return await call.forward()

    stage.faults = {"listDueDates": hangs}
    violations, not_judged = judge(
        "neu", stage.base_url("neu"), laws=("pages_make_the_list",), operations=("listDueDates",)
    )
    assert [(rule, found.operation) for rule, found in violations] == [("answer", "listDueDates")]
    assert '"PageNumber": 2' in violations[0][1].found
    assert [not_judged.lasting for _, not_judged in not_judged] == [False]


async def hangs_once(call: Call) -> Answer:
    call.state["asked"] = call.state.get("asked", 0) + 1
    if call.state["asked"] == 1:
        raise requests.ReadTimeout
    return await call.forward()


async def hangs_after_page_two(call: Call) -> Answer:
    if call.state.get("ended"):
        raise requests.ReadTimeout
    call.state["ended"] = page_of(call) == 2
    return await call.forward()


def test_what_may_be_the_network_is_no_violation(stage: Stage) -> None:
    stage.faults = {"*": hangs_once}
    violations, not_judged = judge(
        "neu", stage.base_url("neu"), laws=("pages_make_the_list",), operations=("listDueDates",)
    )
    assert (violations, not_judged) == ([], [])


def test_a_server_that_answers_nothing_any_more_ends_the_run(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("contrato.verify.transport.OUTAGE", 0.0)
    stage.faults = {"*": hangs_after_page_two}
    with pytest.raises(Gone, match="a request that was answered before had no answer"):
        judge("neu", stage.base_url("neu"), laws=("pages_make_the_list",), operations=("listDueDates",))


def test_an_order_that_changes_by_itself_is_a_violation(stage: Stage) -> None:
    async def drifting(call: Call) -> Answer:
        call.state["count"] = call.state.get("count", 0) + 1
        status, body = await call.forward()
        if status == 200 and call.state["count"] % 2:
            body["items"].reverse()
        return status, body

    stage.faults = {"listApportionments": drifting}
    violations, _ = judge("apportionments", stage.base_url("apportionments"), laws=("answers_are_stable",))
    assert [violation.found for _, violation in violations] == ["another order"]


def test_too_many_requests_are_inconclusive(stage: Stage) -> None:
    async def busy(call: Call) -> Answer:
        return (429, {}) if page_of(call) > 1 else await call.forward()

    stage.faults = {"listDueDates": busy}
    violations, not_judged = judge(
        "neu", stage.base_url("neu"), laws=("pages_make_the_list",), operations=("listDueDates",)
    )
    assert violations == []
    assert [(not_judged.lasting, "429" in not_judged.reason) for _, not_judged in not_judged] == [(False, True)]


def test_a_valid_request_that_fails_is_a_violation(stage: Stage) -> None:
    async def fails(call: Call) -> Answer:
        return (500, {}) if page_of(call) == 2 else await call.forward()

    stage.faults = {"listDueDates": fails}
    violations, _ = judge("neu", stage.base_url("neu"), laws=("pages_make_the_list",), operations=("listDueDates",))
    assert [(violation.operation, plain(violation.found)) for _, violation in violations] == [
        ("listDueDates", "500 application/json: {}")
    ]


# What the modes allow


@APIS
def test_laws_that_write_or_probe_say_so(api: str) -> None:
    foreign = Foreign(api)
    quiet = tuple(rule.name for rule in LAWS if not rule.writes and not rule.probes)
    with serve_foreign(foreign) as url:
        violations, _ = judge(api, url, FOREIGN_TOKEN, laws=quiet, mode=Mode.READ_ONLY)
    assert violations == []
    for line in foreign.log:
        operation = SPECS[api].match(*line.split("?")[0].split(" "))
        assert operation is not None
        assert operation.safe


@pytest.mark.parametrize(
    ("answer", "rule"), [((500, {}), "not_a_server_error"), ((200, "sorry"), "response_schema_conformance")]
)
def test_an_answer_that_says_nothing_is_blamed_on_nobody_else(stage: Stage, answer: Answer, rule: str) -> None:
    async def fails(call: Call) -> Answer:
        return answer if call.headers.get("authorization") == f"Bearer {TOKEN}" else await call.forward()

    stage.faults = {"listServices": fails}
    violations, _ = judge("neu", stage.base_url("neu"))
    assert {(name, violation.operation) for name, violation in violations} == {(rule, "listServices")}
