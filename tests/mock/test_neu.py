"""The bundled server's NEU: its lists, bills, rules and notifications agree."""

import json
import math
from datetime import datetime
from typing import Any

import pytest

from bundled import EVER, OPERATIONS, Client, Json, milli, readings
from contrato.core import spec
from contrato.mock.meters import PERIODS
from contrato.mock.neu import TODAY


def test_accounts_and_services_agree(mock: Client) -> None:
    accounts, services = mock.get("listAccounts"), mock.get("listServices")
    listed = [
        {"id_account": a["id_account"], "account_name": a["account_name"], **s} for a in accounts for s in a["services"]
    ]
    key = "id_service"
    assert sorted(listed, key=lambda s: s[key]) == sorted(services, key=lambda s: s[key])
    assert len(services) == 10
    for account in accounts:
        assert mock.get("getAccount", id=account["id_account"]) == [account]
    for service in services:
        assert mock.get("getService", id=service["id_service"]) == service


def test_consumption_by_account_and_services(mock: Client) -> None:
    everything = readings(mock, "MONTHLY")
    found: dict[int, list[Json]] = {}
    for account in mock.get("listAccounts"):
        mine = readings(mock, "MONTHLY", Id_account=account["id_account"])
        assert list(mine) == [s["id_service"] for s in account["services"]]
        found |= mine
    assert found == everything
    first, last, *_ = everything
    assert readings(mock, "MONTHLY", Id_services=[last, first, last]) == {
        service: everything[service] for service in (first, last)
    }
    assert readings(mock, "MONTHLY", Id_account=account["id_account"], Id_services=[first]) == {}
    assert readings(mock, "MONTHLY", Id_services=[3, -1]) == {}
    assert readings(mock, "MONTHLY", Id_account=10**400) == {}


def items_of(operation_id: str, answer: Json) -> list[Json]:
    """The items of a page."""
    pagination = OPERATIONS[operation_id].pagination
    assert pagination
    items: list[Json] = answer if pagination.items is None else answer[pagination.items]
    return items


def pages(client: Client, operation_id: str, **arguments: Any) -> list[Json]:
    """Every item of a paginated operation of NEU; checks the counters on the way."""
    pagination = OPERATIONS[operation_id].pagination
    assert pagination
    assert isinstance(pagination.size, int)
    found: list[Json] = []
    for number in range(1, 100):
        answer = client.get(operation_id, **arguments, **{pagination.page: number})
        items = items_of(operation_id, answer)
        found += items
        if pagination.total is not None:
            last, total = answer[pagination.last], answer[pagination.total]
            assert last == max(1, math.ceil(total / pagination.size))
            assert answer[pagination.next] == (number + 1 if number < last else None)
            if number == last:
                assert len(found) == total
        if len(items) < pagination.size:
            return found
    pytest.fail("pages without end")


PAGINATED = [name for name, operation in spec.api("neu").operations.items() if operation.pagination]
RANGED = [name for name, operation in OPERATIONS.items() if operation.date_range and name != "queryConsumption"]


@pytest.mark.parametrize("operation_id", PAGINATED)
def test_pages_joined_are_the_whole_list_once_each(mock: Client, operation_id: str) -> None:
    pagination = OPERATIONS[operation_id].pagination
    assert pagination
    assert isinstance(pagination.size, int)
    texts = [json.dumps(item) for item in pages(mock, operation_id)]
    assert len(texts) > pagination.size
    assert len(set(texts)) == len(texts)
    items = items_of(operation_id, mock.get(operation_id))
    assert [json.dumps(item) for item in items] == texts[: pagination.size]


def test_notifications_fill_three_pages_or_more(mock: Client) -> None:
    assert mock.get("listNotifications")["maxPage"] >= 3


@pytest.mark.parametrize("operation_id", RANGED)
def test_date_ranges_partition(mock: Client, operation_id: str) -> None:
    date_range = OPERATIONS[operation_id].date_range
    assert date_range
    field = date_range.field.rpartition("/")[2]

    def dates(**range: str) -> list[tuple[str, str]]:
        items = pages(mock, operation_id, **range) if operation_id in PAGINATED else mock.get(operation_id, **range)
        rows = (
            [(event[field], rule["Id_alarm"]) for rule in items for event in rule["data"]]
            if operation_id == "listRuleHistory"
            else [(item[field], json.dumps(item)) for item in items]
        )
        return sorted((date, str(rest)) for date, rest in rows)

    whole = dates()
    seam = whole[len(whole) // 2][0]
    before, after = dates(To=seam), dates(From=seam)
    assert before
    assert before + after == whole
    assert all(date < seam for date, _ in before)
    assert all(date >= seam for date, _ in after)
    assert dates(**EVER) == whole
    assert dates(From=seam, To=seam) == dates(From=EVER["To"], To=EVER["From"]) == []


def test_arithmetic_of_bills(mock: Client) -> None:
    bills = pages(mock, "listBills")
    months = readings(mock, "MONTHLY", **EVER)
    consumption = {(service, row["date"][:7]): row["cons"] for service, rows in months.items() for row in rows}
    backup = {i for i, rows in months.items() if rows[0]["is_backup"]}
    assert len(bills) == 9 * 24
    services = {s["id_service"]: s for s in mock.get("listServices")}
    assert len({bill["id_bill"] for bill in bills}) == len(bills)
    names = set()
    for bill in bills:
        service = services[bill["id_service"]]
        assert (bill["service"], bill["account"]) == (service["name"], service["account_name"])
        assert bill["id_account"] == service["id_account"]
        for concept in bill["concepts"]:
            names.add(concept["concept"])
            assert milli(concept["quantity"]) * concept["unit_value"] == milli(concept["total"])
        totals = [milli(concept["total"]) for concept in bill["concepts"]]
        assert milli(bill["payment_value"]) == sum(totals) > 0
        issued, due = bill["date"], bill["date_expiration"]
        year, month = int(issued[:4]), int(issued[5:7])
        billed = f"{year - (month == 1)}-{(month - 2) % 12 + 1:02}"
        assert bill["consumption"] == consumption.pop((bill["id_service"], billed))
        assert bill["consumption"] == bill["concepts"][0]["quantity"]
        payment = bill["platform_payments"]
        if bill["state"] == "PAGADA":
            assert issued < bill["date_payment"] == payment["date"] <= due
            assert payment["payment_Value"] == bill["payment_value"]
        else:
            assert bill["date_payment"] is payment is None
            assert bill["state"] == ("VENCIDA" if due < TODAY.isoformat() else "PENDIENTE")
    assert {service for service, _ in consumption} == backup
    assert {"Energía activa", "Subsidio", "Contribución 20 %", "Crédito por excedentes"} <= names
    assert {bill["state"] for bill in bills} == {"PAGADA", "PENDIENTE", "VENCIDA"}


def test_due_dates_and_overdue_bills_agree_with_bills(mock: Client) -> None:
    bills = pages(mock, "listBills")
    assert [
        {name: bill[name] for name in ("service", "id_bill", "id_service", "date_expiration")} for bill in bills
    ] == pages(mock, "listDueDates")
    late = {str(bill["id_bill"]): bill for bill in bills if bill["state"] == "VENCIDA"}
    overdue = mock.get("listOverdueBills")
    assert {item["id_bill"] for item in overdue} == late.keys()
    for item in overdue:
        assert item["due_date"] == late[item["id_bill"]]["date_expiration"]
        assert item["days"] == (TODAY - datetime.fromisoformat(item["due_date"])).days > 0


@pytest.mark.parametrize(
    ("operation_id", "parameter", "field"),
    [
        ("listBills", "Id_service", "id_service"),
        ("listDueDates", "Id_service", "id_service"),
        ("listActiveRules", "Id_project", "project"),
        ("listRuleHistory", "Id_project", "project"),
    ],
)
def test_filter_by_service_partitions(mock: Client, operation_id: str, parameter: str, field: str) -> None:
    found = []
    for service in mock.get("listServices"):
        mine = pages(mock, operation_id, **{parameter: service["id_service"]})
        expected = service["id_service" if field == "id_service" else "name"]
        assert all(item[field] == expected for item in mine)
        found += mine
    assert sorted(map(json.dumps, found)) == sorted(map(json.dumps, pages(mock, operation_id)))
    assert pages(mock, operation_id, **{parameter: 3}) == []


def test_neugets_agree_with_bills(mock: Client) -> None:
    bills = {bill["id_bill"]: bill for bill in pages(mock, "listBills")}
    for account in mock.get("listAccounts"):
        identifier = account["id_account"]
        transactions = mock.get("listNeugetTransactions", id=identifier)
        used = mock.get("listUsedNeugets", id=identifier)
        assert used
        assert sorted((u["date"], -u["value"]) for u in used) == sorted(
            (t["date"], t["value"]) for t in transactions if t["value"] < 0
        )
        balance = 0
        for transaction in transactions:
            assert transaction["id_account"] == identifier
            balance += transaction["value"]
            assert balance >= 0
        for use in used:
            bill = bills[use["id_bill"]]
            assert (bill["id_account"], bill["date_payment"]) == (identifier, use["date"])
            assert 0 < use["value"] < bill["payment_value"]


@pytest.mark.slow
def test_history_of_rules_is_what_the_meters_read(mock: Client) -> None:
    rules = {rule["id_alarm"]: rule for rule in pages(mock, "listActiveRules")}
    services = {s["name"]: s["id_service"] for s in mock.get("listServices")}
    watched = [next(iter(services)), next(name for name in services if name.startswith("Sede principal"))]
    values = {
        (interval, service, row["date"]): row
        for interval in PERIODS
        for service, rows in readings(mock, interval, Id_services=[services[n] for n in watched], **EVER).items()
        for row in rows
    }
    days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
    histories = [history for history in pages(mock, "listRuleHistory") if history["project"] in watched]
    assert sum(len(history["data"]) for history in histories) > 50
    for history in histories:
        rule = rules[history["Id_alarm"]]
        expected = [
            {"date": date, "value": row[rule["property_name"]]}
            for (interval, service, date), row in values.items()
            if interval == rule["rule_interval"]
            and service == services[rule["project"]]
            and date >= rule["creation_date"]
            and row[rule["property_name"]] > rule["limit_value"]
            and rule[days[datetime.fromisoformat(date).weekday()]]
        ]
        assert history["data"] == expected
        shared = rule.keys() & history.keys()
        assert len(shared) == 5
        assert all(rule[name] == history[name] for name in shared)
    assert all(rule["active"] for rule in rules.values())


def test_interactions_are_with_notifications_that_were_read(mock: Client) -> None:
    notifications = pages(mock, "listNotifications")
    for item in pages(mock, "listNotificationInteractions"):
        assert {k: item[k] for k in ("date", "title", "text", "read")} in notifications
        assert item["read"]
        assert item["interaction_date"] >= item["date"]
    assert {n["read"] for n in notifications} == {True, False}


@pytest.mark.parametrize("number", [0, -1, 10**9, 10**400, -(10**400), 1e300])
def test_pages_that_do_not_exist_are_empty(mock: Client, number: float) -> None:
    if isinstance(number, float) and OPERATIONS["listBills"].parameter("Page").place != "body":
        pytest.skip("an integer with an exponent is one in JSON only")
    assert mock.get("listBills", Page=number) == []
    answer = mock.get("listDueDates", PageNumber=number)
    assert (answer["data"], answer["nextPage"], answer["total"]) == ([], None, 216)


@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2021-01-01T00:00:00.123456789Z"]
)
def test_edges_of_the_calendar(mock: Client, moment: str) -> None:
    assert mock.call("listPqrs", From=moment).status_code == 200
    assert mock.call("queryConsumption", **{"Interval": "MONTHLY", **EVER, "To": moment}).status_code == 200


@pytest.mark.parametrize("operation_id", ["getAccount", "getService", "listNeugetTransactions", "listUsedNeugets"])
def test_unknown_ids_in_paths(mock: Client, operation_id: str) -> None:
    for identifier in (0, -1, 10**400):
        assert mock.call(operation_id, id=identifier).status_code == 404
