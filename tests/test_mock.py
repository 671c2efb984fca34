"""The bundled server: what it answers fits the spec, its numbers agree, and nothing makes it answer 5XX."""

import asyncio
import json
import math
import signal
import socket
import subprocess
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime
from functools import cache
from itertools import pairwise
from typing import Any

import httpx
import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette

import support
from contrato.core import spec
from contrato.mock import ListenError, apportionments, create_app, serve
from contrato.mock.apportionments import Apportionments
from contrato.mock.meters import PERIODS
from contrato.mock.neu import TODAY, Neu

Json = Any

OPERATIONS = {name: operation for api in spec.APIS for name, operation in spec.api(api).operations.items()}
# Requests to these have a body; one operation of each API that has any.
WITH_BODY = [name for name, operation in OPERATIONS.items() if operation.body is not None]
ONE_WITH_BODY = list({OPERATIONS[name].api.name: name for name in WITH_BODY}.values())
EVER = {"From": "0001-01-01T00:00:00", "To": "9999-12-31T23:59:59"}
MONTHS = {"From": "2020-02-01T00:00:00", "To": "2020-04-01T00:00:00"}


class Client:
    """Sends requests to an app in this process."""

    def __init__(self, app: Starlette, token: str = "demo") -> None:
        self.app = app
        self.headers: Any = {"Authorization": f"Bearer {token}"}

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://mock", headers=self.headers) as client:
                return await client.request(method, path, **options)

        return asyncio.run(send())

    def call(self, operation_id: str, unknown: Json = None, /, **arguments: Any) -> httpx.Response:
        """Call an operation, and hold its answer against the spec."""
        api = OPERATIONS[operation_id].api
        options = support.options(api.name, operation_id, arguments, unknown)
        headers = {name: value for name, value in options.pop("headers").items() if name != "Authorization"}
        method, url = options.pop("method"), api.mount + options.pop("url")
        response = self.send(method, url, headers=headers, **options)
        check_answer(operation_id, response)
        return response

    def get(self, operation_id: str, unknown: Json = None, /, **arguments: Any) -> Json:
        response = self.call(operation_id, unknown, **arguments)
        assert response.is_success, response.text
        return response.json()

    def post(self, operation_id: str, content: Any, content_type: str = "application/json") -> httpx.Response:
        """Send a body as it is, with any values in the path."""
        headers = {"Content-Type": content_type}
        return self.send(OPERATIONS[operation_id].method, path_of(operation_id), content=content, headers=headers)


def path_of(operation_id: str, value: Any = 1) -> str:
    """The path of an operation with this value in each of its places."""
    operation = OPERATIONS[operation_id]
    return operation.api.mount + operation.filled(defaultdict(lambda: value))


def refusal(operation_id: str) -> int:
    """The status with which the server refuses what breaks the spec."""
    return 422 if "422" in OPERATIONS[operation_id].responses else 400


def is_local_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


@cache
def validator(operation_id: str, status: int) -> Any:
    """What judges the body of an answer; None when the spec gives it none."""
    answer = OPERATIONS[operation_id].response(status)
    if answer is None or answer.schema is None:
        return None
    formats = {"date-time-local": is_local_time}
    return jsonschema_rs.Draft202012Validator(answer.schema.json, validate_formats=True, formats=formats)


def check_answer(operation_id: str, response: httpx.Response) -> None:
    status = response.status_code
    documented = OPERATIONS[operation_id].response(status)
    assert documented, f"{operation_id}: {status} is not documented: {response.text[:300]}"
    judge = validator(operation_id, status)
    if judge:
        assert response.headers["content-type"] == "application/json"
        judge.validate(response.json())
    elif response.is_success:
        assert response.content == b""


@pytest.fixture(scope="module")
def mock() -> Client:
    """A server that the tests only read."""
    return Client(create_app())


@pytest.fixture
def fresh() -> Client:
    """A server that the test may write to."""
    return Client(create_app())


def arguments(client: Client) -> dict[str, dict[str, Any]]:
    """Arguments with which each operation succeeds, in an order in which all do."""
    account = client.get("listAccounts")[0]["id_account"]
    service = client.get("listServices")[0]["id_service"]
    rateio = client.get("listApportionments")["items"][0]
    create = {
        "company_id": rateio["company"]["id"],
        "apportionment_type_id": rateio["apportionment_type"]["id"],
        "apportionment_tariff_type_id": rateio["apportionment_tariff_type"]["id"],
        "apportionment_measure_unit_id": rateio["apportionment_measure_unit"]["id"],
        "name": "Rateio novo",
        "description": "Descrição",
    }
    return {
        "listAccounts": {},
        "getAccount": {"id": account},
        "listServices": {},
        "getService": {"id": service},
        "listPqrs": {},
        "queryConsumption": {"Id_account": account, "Interval": "DAILY", **MONTHS},
        "listBills": {"Id_service": service},
        "listDueDates": {"Id_service": service},
        "listOverdueBills": {},
        "listNotifications": {},
        "listNotificationInteractions": {},
        "listActiveRules": {"Id_project": service},
        "listRuleHistory": {"Id_project": service},
        "listNeugetTransactions": {"id": account},
        "listUsedNeugets": {"id": account},
        "listApportionments": {"_q": "rateio"},
        "getApportionment": {"id": rateio["id"]},
        "createApportionment": create,
        "updateApportionment": {"id": rateio["id"], "name": "Rateio Ü"},
        "deleteApportionment": {"id": rateio["id"]},
    }


# The spec


def test_handlers_are_the_operations_of_the_spec() -> None:
    handlers = {"neu": Neu(1).handlers, "apportionments": Apportionments(1).handlers}
    for api, named in handlers.items():
        assert set(named) == set(spec.api(api).operations)
        assert len(set(named.values())) == len(named)


@pytest.mark.parametrize(("edit", "error"), [("add", KeyError), ("remove", ValueError)])
def test_operation_without_handler_or_handler_without_operation_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, edit: str, error: type[Exception]
) -> None:
    def api(name: str, original: Callable[[str], spec.Api] = spec.api) -> spec.Api:
        document = original(name).copy()
        *_, (_, method, item, operation) = spec.operation_nodes(document)
        if edit == "add":
            item["trace"] = {**operation, "operationId": "more"}
        else:
            del item[method]
        return spec.Api(name, document)

    monkeypatch.setattr(spec, "api", api)
    with pytest.raises(error):
        create_app()


def test_intervals_are_those_of_the_spec() -> None:
    assert tuple(PERIODS) == OPERATIONS["queryConsumption"].parameter("Interval").schema.enum


def test_each_operation_succeeds_as_documented(fresh: Client) -> None:
    sent = arguments(fresh)
    assert sent.keys() == OPERATIONS.keys()
    for operation_id, named in sent.items():
        response = fresh.call(operation_id, **named)  # holds the answer against the spec
        assert response.is_success
        if operation_id != "deleteApportionment":
            assert response.json(), "an empty list proves nothing"


@pytest.mark.parametrize(
    "authorization",
    [
        None, "", "Bearer", "Bearer ", "bearer", "demo", "Token demo", "Basic demo", "Bearer Demo", "Bearer demo x",
        "Bearer dem", "Bearerdemo", "Bearer \x00", b"Bearer d\xe9mo", b"\xff\xfe",
    ],
)  # fmt: skip
def test_token_is_asked_for_before_anything_else(mock: Client, authorization: str | bytes | None) -> None:
    client = Client(mock.app)
    client.headers = {} if authorization is None else {"Authorization": authorization}
    for operation_id, operation in OPERATIONS.items():
        response = client.send(operation.method, path_of(operation_id, "not-a-number"), content=b"{")
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == "Bearer"
        check_answer(operation_id, response)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_scheme_of_the_token_has_no_case(mock: Client, scheme: str) -> None:
    method, path = OPERATIONS["listAccounts"].method, path_of("listAccounts")
    response = mock.send(method, path, headers={"Authorization": f"{scheme} demo"})
    assert response.status_code == 200


def test_two_tokens_are_refused(mock: Client) -> None:
    client = Client(mock.app)
    client.headers = [("Authorization", "Bearer demo"), ("Authorization", "Bearer demo")]
    assert client.call("listAccounts").status_code == 401


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_other_methods_are_405(mock: Client, method: str) -> None:
    paths: dict[str, set[str]] = {}
    for operation_id, operation in OPERATIONS.items():
        paths.setdefault(path_of(operation_id), set()).add(operation.method)
    for path, allowed in paths.items():
        if method not in allowed:
            response = mock.send(method, path)
            assert response.status_code == 405
            assert set(response.headers["allow"].split(", ")) == allowed


# Data


@pytest.mark.slow
def test_same_seed_same_bytes_and_another_seed_another_world(monkeypatch: pytest.MonkeyPatch) -> None:
    first, other = Client(create_app()), Client(create_app(seed=2))
    # Apps share the data of NEU: this one has its own.
    monkeypatch.setattr("contrato.mock.app.Neu", type("Another", (Neu,), {}))
    second = Client(create_app())
    for operation_id, named in arguments(first).items():
        answers = [client.call(operation_id, **named).content for client in (first, second)]
        assert answers[0] == answers[1]
    own, others = worlds = [ids(second), ids(other)]
    assert all(len(world[kind]) > 2 for world in worlds for kind in own)
    for kind in own:
        assert own[kind].isdisjoint(others[kind]), kind
    for operation_id, named in arguments(other).items():
        assert other.call(operation_id, **named).is_success


def ids(client: Client) -> dict[str, set[Any]]:
    rateios = client.get("listApportionments", _limit=100)["items"]
    return {
        "account": {item["id_account"] for item in client.get("listAccounts")},
        "account name": {item["account_name"] for item in client.get("listAccounts")},
        "service": {item["id_service"] for item in client.get("listServices")},
        "bill": {item["id_bill"] for item in client.get("listBills")},
        "amount": {item["payment_value"] for item in client.get("listBills")},
        "alarm": {item["id_alarm"] for item in client.get("listActiveRules")},
        "company": {item["company"]["id"] for item in rateios},
        "company name": {item["company"]["name"] for item in rateios},
        "tariff": {item["apportionment_tariff_type"]["id"] for item in rateios},
    }


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


def milli(value: float) -> int:
    assert value == round(value, 3)
    return round(value * 1000)


def readings(client: Client, interval: str, **arguments: Any) -> dict[int, list[Json]]:
    """Rows by service, in the order in which they came."""
    rows: dict[int, list[Json]] = {}
    accounts = client.get("queryConsumption", **{"Interval": interval, **MONTHS, **arguments})
    assert len({account["id_account"] for account in accounts}) == len(accounts)
    for account in accounts:
        for row in account["data"]:
            rows.setdefault(row["id_service"], []).append(row)
    return rows


ENERGIES = ["cons", "injec", "reactive_in", "reactive_in_ex", "reactive_cap", "reactive_ex"]
REGISTERS = {
    "imported_active_acum": "cons",
    "imported_reactive_acum": "reactive_in",
    "exported_active_acum": "injec",
    "exported_reactive_acum": "reactive_cap",
}
PHASES = ["ia", "ib", "ic", "va", "vb", "vc"]


@pytest.mark.slow
@pytest.mark.parametrize(("coarse", "length"), [("DAILY", 10), ("MONTHLY", 7)])
def test_hours_add_up(mock: Client, coarse: str, length: int) -> None:
    hourly, added = readings(mock, "HOURLY"), readings(mock, coarse)
    assert len(hourly) == 10
    assert hourly.keys() == added.keys()
    for service, rows in hourly.items():
        periods: dict[str, list[Json]] = {}
        for row in rows:
            periods.setdefault(row["date"][:length], []).append(row)
        assert [row["date"][:length] for row in added[service]] == list(periods)
        for row, hours in zip(added[service], periods.values(), strict=True):
            for name in ENERGIES:
                assert milli(row[name]) == sum(milli(hour[name]) for hour in hours)
            for name in REGISTERS:
                assert row[name] == hours[-1][name]
            for name in PHASES:
                mean = math.fsum(hour[name] for hour in hours) / len(hours)
                assert row[name] == pytest.approx(mean, abs=0.00051)


@pytest.mark.slow
def test_hours_are_complete_and_physical(mock: Client) -> None:
    for rows in readings(mock, "HOURLY").values():
        dates = [datetime.fromisoformat(row["date"]) for row in rows]
        assert len(dates) == 60 * 24
        assert all((b - a).total_seconds() == 3600 for a, b in pairwise(dates))
        for before, row in pairwise(rows):
            for register, energy in REGISTERS.items():
                assert milli(row[register]) == milli(before[register]) + milli(row[energy])
        for row in rows:
            cons, inductive = milli(row["cons"]), milli(row["reactive_in"])
            assert milli(row["reactive_in_ex"]) == max(0, inductive - cons // 2)
            assert cons % 2 == 0
            assert milli(row["reactive_ex"]) == milli(row["reactive_in_ex"]) + milli(row["reactive_cap"])
            assert all(115 < row[name] < 132 for name in ("va", "vb", "vc"))
            power = row["ia"] * row["va"] + row["ib"] * row["vb"] + row["ic"] * row["vc"]
            active, reactive = row["cons"] - row["injec"], row["reactive_in"] - row["reactive_cap"]
            assert power / 1000 == pytest.approx(math.hypot(active, reactive), rel=0.01, abs=0.002)


def test_a_person_believes_the_load(mock: Client) -> None:
    services = {s["id_service"]: s for s in mock.get("listServices")}
    hourly, daily = readings(mock, "HOURLY"), readings(mock, "DAILY")
    exporting = {i for i, rows in hourly.items() if any(row["injec"] for row in rows)}
    assert [services[i]["type_service"] for i in exporting] == ["Energía solar"]
    (solar,) = exporting
    hours = {int(row["date"][11:13]) for row in hourly[solar] if row["injec"]}
    assert hours
    assert hours <= set(range(6, 18))
    for service, rows in daily.items():
        name = services[service]["name"]
        by_day: dict[int, list[float]] = {}
        for row in rows:
            by_day.setdefault(datetime.fromisoformat(row["date"]).weekday(), []).append(row["cons"])
        sunday, wednesday = (sum(by_day[day]) / len(by_day[day]) for day in (6, 2))
        if name.startswith(("Oficina", "Administración")):
            assert sunday < wednesday / 2
        if name.startswith(("Apartamento", "Casa")):
            assert sunday > wednesday
            night, evening = (
                sum(r["cons"] for r in hourly[service] if r["date"][11:13] == hour) for hour in ("03", "20")
            )
            assert evening > 2 * night
    backups = {i for i, rows in hourly.items() if any(row["is_backup"] for row in rows)}
    assert len(backups) == 1
    assert all(row["is_backup"] for i in backups for row in hourly[i])
    assert all(not row["is_backup"] for i in hourly.keys() - backups for row in hourly[i])
    (backup,) = backups
    (main,) = (i for i in hourly if f"{services[i]['name']}, respaldo" == services[backup]["name"])
    for row, other in zip(hourly[main], hourly[backup], strict=True):
        assert row["cons"] == pytest.approx(other["cons"], rel=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("interval", PERIODS)
def test_adjoining_ranges_make_their_union(mock: Client, interval: str) -> None:
    # The seam cuts an hour, a day and a month.
    seam = "2020-02-11T10:30:00"
    whole = readings(mock, interval)
    parts = readings(mock, interval, To=seam), readings(mock, interval, From=seam)
    assert whole == {service: parts[0][service] + parts[1][service] for service in whole}
    assert all(parts[0].values())
    assert all(parts[1].values())


@pytest.mark.parametrize(
    ("same", "other"),
    [("2020-02-01T05:00:00Z", "2020-02-01T00:00:00Z"), ("2020-02-01T00:00:00-05:00", "2020-02-01T00:00:00+05:00")],
)
def test_offsets_are_converted_to_local_time(mock: Client, same: str, other: str) -> None:
    until = "2020-02-03T00:00:00"
    expected = readings(mock, "HOURLY", To=until)
    assert readings(mock, "HOURLY", From=same, To=until) == expected
    assert readings(mock, "HOURLY", From=other, To=until) != expected


@pytest.mark.slow
@pytest.mark.parametrize("interval", PERIODS)
def test_consumption_of_a_thousand_years_is_that_of_two(mock: Client, interval: str) -> None:
    service = mock.get("listServices")[0]["id_service"]
    rows = readings(mock, interval, Id_services=[service], **EVER)
    count = {"HOURLY": 731 * 24, "DAILY": 731, "MONTHLY": 24}[interval]
    dates = [row["date"] for row in rows[service]]
    assert len(dates) == count
    assert dates == sorted(set(dates))


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


# Bills


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


# Rules and notifications


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


# Apportionments


def rateios(client: Client, **arguments: Any) -> list[Json]:
    response = client.call("listApportionments", **{"_limit": 100, **arguments})
    return [] if response.status_code == 204 else response.json()["items"]


def test_forty_rateios_in_pages(mock: Client) -> None:
    assert len(rateios(mock)) == 40
    for limit in (7, 10, 40):
        joined: list[Json] = []
        for number in range(1, -(-40 // limit) + 1):
            page = mock.get("listApportionments", _limit=limit, _page=number)
            assert (page["total"], page["per_page"], page["current_page"]) == (40, limit, number)
            joined += page["items"]
        assert joined == rateios(mock)
    assert mock.get("listApportionments") == {
        "items": rateios(mock)[:10], "total": 40, "per_page": 10, "current_page": 1
    }  # fmt: skip
    for named in ({"_page": 5}, {"_page": 0}, {"_page": -3}, {"_limit": 0}, {"_limit": -1}, {"_q": "xyzzy"}):
        assert mock.call("listApportionments", **named).status_code == 204
    assert len(rateios(mock, _limit=10**400)) == 40


def test_order_and_search_of_rateios(mock: Client) -> None:
    for field in ("id", "name"):
        ascending = rateios(mock, _sort=field, _order="asc")
        assert ascending == sorted(ascending, key=lambda item: (item[field], item["id"]))
        assert rateios(mock, _sort=field, _order="desc") == ascending[::-1]
    assert [item["id"] for item in rateios(mock)] == sorted((i["id"] for i in rateios(mock)), reverse=True)
    for word in (rateios(mock)[0]["company"]["name"].split()[1], rateios(mock)[0]["description"].split()[0]):
        found = rateios(mock, _q=word.upper())
        assert 0 < len(found) < 40
        assert found == [r for r in rateios(mock) if word in r["name"] or word in r["description"]]
    assert rateios(mock, _q="") == rateios(mock)


def test_life_of_a_rateio(fresh: Client) -> None:
    before = rateios(fresh)
    body = arguments(fresh)["createApportionment"]
    response = fresh.call("createApportionment", {"id": 1, "unknown": [1]}, **body)
    assert response.status_code == 201
    made = response.json()
    assert made["id"] == max(item["id"] for item in before) + 1
    assert (made["mixed_consumption"], made["limit_day"]) == (False, 1)
    for name in ("name", "description"):
        assert made[name] == body[name]
    for name in ("company", "apportionment_type", "apportionment_tariff_type", "apportionment_measure_unit"):
        assert made[name] == before[0][name]
    assert fresh.get("getApportionment", id=made["id"]) == made
    assert rateios(fresh) == [made, *before]

    assert fresh.get("updateApportionment", id=made["id"]) == made
    for change in ({"name": "Á"}, {"description": ""}, {"mixed_consumption": True}, {"limit_day": 31}):
        made |= change
        assert fresh.get("updateApportionment", {"id": 9, "company_id": 9}, **change, id=made["id"]) == made
        assert fresh.get("getApportionment", id=made["id"]) == made
    assert rateios(fresh) == [made, *before]

    for _ in range(2):
        assert fresh.call("deleteApportionment", id=made["id"]).status_code == 204
        assert fresh.call("getApportionment", id=made["id"]).status_code == 204
        assert fresh.call("updateApportionment", name="x", id=made["id"]).status_code == 204
        assert rateios(fresh) == before
    again = fresh.get("createApportionment", **body, limit_day=7.0)
    assert again["id"] > made["id"]
    assert repr(again["limit_day"]) == "7"


def test_apps_share_only_what_nobody_writes() -> None:
    assert all(operation.safe for operation in spec.api("neu").operations.values())


def test_each_app_has_its_own_rateios(fresh: Client) -> None:
    body = arguments(fresh)["createApportionment"]
    fresh.get("createApportionment", **body)
    assert (len(rateios(fresh)), len(rateios(Client(create_app())))) == (41, 40)


def test_tariffs_ask_something_of_the_company(fresh: Client) -> None:
    template = arguments(fresh)["createApportionment"]
    listed = rateios(fresh)
    companies = {item["company"]["id"] for item in listed}
    tariffs = {item["apportionment_tariff_type"]["name"]: item["apportionment_tariff_type"]["id"] for item in listed}
    assert len(tariffs) == 3
    refused: dict[str, set[int]] = {}
    for tariff, tariff_id in tariffs.items():
        for company in companies:
            body = {**template, "company_id": company, "apportionment_tariff_type_id": tariff_id}
            response = fresh.call("createApportionment", **body)
            if response.status_code == 422:
                assert list(response.json()) == ["apportionment_tariff_type_id"]
                refused.setdefault(tariff, set()).add(company)
                mine = next(item for item in listed if item["company"]["id"] == company)
                change = {"apportionment_tariff_type_id": tariff_id, "name": "never"}
                response = fresh.call("updateApportionment", **change, id=mine["id"])
                assert (response.status_code, list(response.json())) == (422, ["apportionment_tariff_type_id"])
                assert fresh.get("getApportionment", id=mine["id"]) == mine
            else:
                assert response.json()["apportionment_tariff_type"] == {"id": tariff_id, "name": tariff}
    assert refused.keys() == {apportionments.CAPTIVE, apportionments.FREE}
    assert refused[apportionments.CAPTIVE].isdisjoint(refused[apportionments.FREE])
    for item in listed:
        assert item["company"]["id"] not in refused.get(item["apportionment_tariff_type"]["name"], set())


REFUSED_BODIES = [
    ({"company_id": 10**400}, ["company_id"]),
    ({"company_id": True}, ["company_id"]),
    ({"company_id": "1"}, ["company_id"]),
    ({"company_id": None, "name": None}, ["company_id", "name"]),
    ({"apportionment_type_id": -1, "apportionment_measure_unit_id": 0}, None),
    ({"apportionment_tariff_type_id": 999}, ["apportionment_tariff_type_id"]),
    ({"mixed_consumption": 0}, ["mixed_consumption"]),
    ({"limit_day": 0}, ["limit_day"]),
    ({"limit_day": 32}, ["limit_day"]),
    ({"limit_day": 1.5}, ["limit_day"]),
    ({"limit_day": 10**400}, ["limit_day"]),
    ({"description": []}, ["description"]),
]


@pytest.mark.parametrize(("change", "fields"), REFUSED_BODIES)
def test_refused_creates_name_the_fields(fresh: Client, change: Json, fields: list[str] | None) -> None:
    body = arguments(fresh)["createApportionment"]
    response = fresh.call("createApportionment", **body | change)
    assert response.status_code == 422
    assert sorted(response.json()) == sorted(fields or change)
    assert len(rateios(fresh)) == 40
    assert rateios(fresh, _limit=1)[0]["id"] == fresh.get("createApportionment", **body)["id"] - 1


def test_missing_fields_are_all_named(mock: Client) -> None:
    required = [parameter.name for parameter in OPERATIONS["createApportionment"].parameters if parameter.required]
    response = mock.call("createApportionment")
    assert (response.status_code, sorted(response.json())) == (422, sorted(required))


def test_messages_are_the_documented_ones(mock: Client) -> None:
    example = spec.api("apportionments").example
    wrong = {"_sort": "company", "_order": "", "_limit": "ten", "_page": "1.5"}
    response = mock.call("listApportionments", **wrong)
    assert response.status_code == 422
    assert response.json() == example("BadListParameters")
    (messages,) = example("CompanyWithoutContract").values()
    tariff = next(
        item["apportionment_tariff_type"]["id"]
        for item in rateios(mock)
        if item["apportionment_tariff_type"]["name"] == apportionments.FREE
    )
    found = []
    for item in rateios(mock):
        response = mock.call("updateApportionment", apportionment_tariff_type_id=tariff, id=item["id"])
        if response.status_code == 422:
            found.append(response.json()["apportionment_tariff_type_id"])
    assert found
    assert all(answer == messages for answer in found)


def test_records_are_limited(fresh: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apportionments, "CAPACITY", 41)
    body = arguments(fresh)["createApportionment"]
    assert [fresh.call("createApportionment", **body).status_code for _ in range(3)] == [201, 422, 422]
    assert len(rateios(fresh)) == 41


# Abuse

DEEP = b"[" * 8_000


@pytest.mark.parametrize("operation_id", WITH_BODY)
def test_bodies_that_are_not_a_json_object(mock: Client, operation_id: str) -> None:
    for content in [
        b"{", b"nul", b"[]", b"3", b'"x"', b"null", b"\xff\xfe{}", b"\xef\xbb\xbf{}", b'{"a": "\xff"}',
        b'{"a": "\\ud800"}', b'{"a": NaN}', b'{"a": -Infinity}', b"{'a': 1}", DEEP, b'{"a": ' + DEEP, b"\x00",
        b'{"a": ' + b"9" * 5_000 + b"}", "{}".encode("utf-16"), b"<a/>",
    ]:  # fmt: skip
        response = mock.post(operation_id, content)
        assert response.status_code == refusal(operation_id), content[:20]
        check_answer(operation_id, response)


@pytest.mark.parametrize(
    "operation_id", [name for name, operation in OPERATIONS.items() if operation.body and not operation.body.required]
)
def test_bodies_that_may_be_left_out(mock: Client, operation_id: str) -> None:
    assert mock.post(operation_id, b"").is_success


@pytest.mark.parametrize("depth", range(20, 1_000, 20))
@pytest.mark.parametrize("operation_id", ONE_WITH_BODY)
def test_json_of_any_depth(mock: Client, operation_id: str, depth: int) -> None:
    name = next(parameter.name for parameter in OPERATIONS[operation_id].parameters if parameter.place == "body")
    nested = "[" * depth + "]" * depth
    for content in (f'{{"{name}": {nested}}}', f'{{"{name}": [{{"a": {nested}}}]}}'):
        assert mock.post(operation_id, content).status_code == refusal(operation_id)


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/xml", "multipart/form-data", "", "/", ";", "a" * 999]
)
@pytest.mark.parametrize("operation_id", ONE_WITH_BODY)
def test_other_content_types(mock: Client, operation_id: str, content_type: str) -> None:
    response = mock.post(operation_id, b"{}", content_type)
    assert response.status_code == {422: 422, 400: 415}[refusal(operation_id)]
    check_answer(operation_id, response)


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "Application/JSON", "application/json;schema=x"]
)
@pytest.mark.parametrize("operation_id", ONE_WITH_BODY)
def test_spellings_of_the_content_type(fresh: Client, operation_id: str, content_type: str) -> None:
    operation = OPERATIONS[operation_id]
    parts = support.parts(operation.api.name, operation_id, arguments(fresh)[operation_id])
    headers, content = {"Content-Type": content_type}, json.dumps(parts.body)
    response = fresh.send(parts.method, operation.api.mount + parts.path, content=content, headers=headers)
    assert response.is_success


@pytest.mark.parametrize(
    ("operation_id", "field", "wrong"),
    [
        *[("queryConsumption", "Interval", wrong) for wrong in ("WEEKLY", "daily", "", None)],
        *[("queryConsumption", "Id_services", wrong) for wrong in ("x", ["x"], [1, "x"], [1.5], [None])],
        ("queryConsumption", "Id_account", 1.5),
        ("queryConsumption", "To", "2021-02-31T00:00:00"),
        ("listPqrs", "From", "2021-02-29T00:00:00"),
        ("listPqrs", "From", "0000-01-01T00:00:00"),
        ("listPqrs", "From", "2021-04-01"),
        ("listPqrs", "From", "2021-04-01T24:00:00"),
        ("listPqrs", "From", "2021-04-01T00:00:00\n"),
        ("listPqrs", "From", ""),
        ("listPqrs", "From", 20210401),
        ("listPqrs", "From", None),
        ("listBills", "Page", "one"),
        ("listBills", "Page", True),
        ("listDueDates", "Id_service", {}),
    ],
)
def test_neu_refuses_what_breaks_the_spec(mock: Client, operation_id: str, field: str, wrong: Any) -> None:
    response = mock.call(operation_id, **{**arguments(mock)[operation_id], field: wrong})
    assert response.status_code == 400
    assert list(response.json()["fields"]) == [field]


@pytest.mark.parametrize("field", ["Interval", "From", "To"])
def test_neu_names_what_is_missing(mock: Client, field: str) -> None:
    named = arguments(mock)["queryConsumption"]
    del named[field]
    response = mock.call("queryConsumption", **named)
    assert response.status_code == 400
    assert list(response.json()["fields"]) == [field]


@pytest.mark.parametrize(
    ("operation_id", "field", "wrong"),
    [
        ("queryConsumption", "Id_services", 1),
        ("queryConsumption", "Id_services", ["1"]),
        ("listBills", "Page", "1"),
        ("listActiveRules", "PageNumber", [1]),
    ],
)
def test_neu_refuses_other_types_of_json(mock: Client, operation_id: str, field: str, wrong: Any) -> None:
    if OPERATIONS[operation_id].parameter(field).place != "body":
        pytest.skip("outside of a body these are written as what is right")
    response = mock.call(operation_id, **{**arguments(mock)[operation_id], field: wrong})
    assert response.status_code == 400
    assert list(response.json()["fields"]) == [field]


@pytest.mark.parametrize(
    "number", ["x", "1.0", "1_0", "+1", " 1", "1e3", "٣", "0x1", "--1", "", "9" * 5_000, "\0", "1\n", "null"]
)
def test_numbers_in_urls_are_digits(mock: Client, number: str) -> None:
    if number:
        assert mock.call("getService", id=number).status_code == 400
        assert mock.call("getApportionment", id=number).status_code == 422
    assert mock.call("listNotifications", PageNumber=number).status_code == 400
    assert mock.call("listApportionments", _page=number).status_code == 422


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


@pytest.mark.parametrize(
    "path",
    [
        "/", spec.api("neu").mount, f"{spec.api('neu').mount}/", f"{path_of('listAccounts')}/",
        f"{path_of('getAccount')}/2", OPERATIONS["listAccounts"].path, path_of("listApportionments").rpartition("/")[0],
    ],
)  # fmt: skip
def test_unknown_paths(mock: Client, path: str) -> None:
    response = mock.send("GET", path)
    assert (response.status_code, response.headers["content-type"]) == (404, "application/json")


@pytest.mark.parametrize("operation_id", ["getAccount", "getService", "listNeugetTransactions", "listUsedNeugets"])
def test_unknown_ids_in_paths(mock: Client, operation_id: str) -> None:
    for identifier in (0, -1, 10**400):
        assert mock.call(operation_id, id=identifier).status_code == 404


def test_long_bodies_are_refused_while_they_come(mock: Client) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(160):
            sent += 64 * 1024
            yield b" " * 64 * 1024

    for operation_id in ONE_WITH_BODY:
        sent = 0
        response = mock.post(operation_id, endless())
        assert response.status_code == 413
        assert sent < 10**6


def test_bodies_of_operations_without_one_are_not_read(mock: Client) -> None:
    assert mock.post("listAccounts", b"x" * 10_000_000).status_code == 200


def test_client_that_leaves(mock: Client) -> None:
    operation_id = ONE_WITH_BODY[0]
    scope = {
        "type": "http", "method": OPERATIONS[operation_id].method, "path": path_of(operation_id),
        "query_string": b"", "root_path": "",
        "headers": [(b"authorization", b"Bearer demo"), (b"content-type", b"application/json")],
    }  # fmt: skip
    events = iter([{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}])
    answers: list[Any] = []

    async def receive() -> Any:
        return next(events)

    async def send(message: Any) -> None:
        answers.append(message)

    asyncio.run(mock.app(scope, receive, send))
    assert answers[0]["status"] == 400


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from(["DAILY", "HOURLY", "2020-01-01T00:00:00", "9999-12-31T23:59:59+00:00", 10**30]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip
NAMES = sorted({parameter.name for operation in OPERATIONS.values() for parameter in operation.parameters})
FUZZED = Client(create_app())


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(
    operation_id=st.sampled_from(sorted(OPERATIONS)),
    identifier=st.integers()
    | st.integers(1, 90)
    | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5),
    query=st.dictionaries(
        st.sampled_from(NAMES),
        (st.text(max_size=6) | st.integers()).map(lambda v: str(v).encode("utf-8", "replace").decode()),
        max_size=4,
    ),
    body=st.dictionaries(st.sampled_from(NAMES), JUNK, max_size=6) | JUNK,
)
def test_junk_is_answered_as_documented(operation_id: str, identifier: Any, query: Json, body: Json) -> None:
    method, path = OPERATIONS[operation_id].method, path_of(operation_id, identifier)
    headers = {"Content-Type": "application/json"}
    response = FUZZED.send(method, path, params=query, content=json.dumps(body), headers=headers)
    # An id that makes it another path: empty, a dot or with a slash.
    if response.status_code in (404, 405) and ("/" in str(identifier) or not str(identifier).strip(".")):
        return
    check_answer(operation_id, response)


# The process


@pytest.fixture
def process() -> Iterator[subprocess.Popen[str]]:
    code = "from contrato.mock import serve; serve(port=0, token='secret')"
    server = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    yield server
    server.kill()
    server.communicate()


@pytest.mark.slow
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_process_serves_until_a_signal(process: subprocess.Popen[str], sent: signal.Signals) -> None:
    assert process.stdout
    ready = process.stdout.readline()
    assert "token secret" in ready
    mount = spec.api("neu").mount
    url = next(word for word in ready.replace(",", " ").split() if word.endswith(mount)).removesuffix(mount)
    accounts = OPERATIONS["listAccounts"].method, url + path_of("listAccounts")
    with_body = OPERATIONS[ONE_WITH_BODY[0]].method, url + path_of(ONE_WITH_BODY[0])
    with httpx.Client(headers={"Authorization": "Bearer secret"}, timeout=30) as client:
        assert len(client.request(*accounts).json()) == 4
        body, headers = b" " * 10_000_000, {"Content-Type": "application/json"}
        assert client.request(*with_body, content=body, headers=headers).status_code == 413
        assert client.request(*accounts).status_code == 200
        process.send_signal(sent)
        assert process.wait(20) == 0
    assert process.stdout.read() == ""


def test_port_in_use_is_one_clear_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ListenError, match=rf"^cannot listen on 127.0.0.1 port {port}: .*in use.*$"):
            serve(port=port)
