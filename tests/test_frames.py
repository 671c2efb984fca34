"""Tables of what the clients return, against the specs' examples and the bundled server."""

import asyncio
import copy
import json
import subprocess
import sys
import weakref
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pandas
import polars
import pyarrow
import pyarrow.parquet
import pytest

from contrato import frames, testing
from contrato.apportionments import Apportionments
from contrato.core import spec
from contrato.core.client import Client
from contrato.core.errors import ContractError
from contrato.core.tables import tables as tables_of
from contrato.core.windows import Window
from contrato.frames import FrameError, schema, tables, to_arrow, to_pandas, to_polars, units
from contrato.neu import Neu

CLIENTS: dict[str, type[Client]] = {"neu": Neu, "apportionments": Apportionments}
BOGOTA = ZoneInfo("America/Bogota")
FROM, TO = datetime(2020, 1, 1), datetime(2020, 3, 1)
QUERY: Any = {"id_account": 41, "interval": "DAILY", "from_": FROM, "to": TO}


OPERATIONS = {o.id: o for api in spec.APIS for o in spec.api(api).operations.values()}
CASES = [
    pytest.param(operation, int(status), example, id=operation.id)
    for operation in OPERATIONS.values()
    for status, response in operation.responses.items()
    if response.succeeded
    for example in response.examples.values()
]
EVERY_ANSWER = pytest.mark.parametrize(("operation", "status", "example"), CASES)


def example_of(operation_id: str) -> Any:
    """A copy of the first example of an answer."""
    return copy.deepcopy(next(case.values[2] for case in CASES if case.id == operation_id))


def answering(kind: type[Any], *bodies: Any, status: int = 200, **settings: Any) -> Any:
    """A client whose server gives these answers, one after another; bytes as they are."""
    pending = list(bodies)

    def handle(request: httpx.Request) -> httpx.Response:
        body = pending.pop(0)
        return httpx.Response(status, content=body if isinstance(body, bytes) else json.dumps(body).encode())

    return kind(token="t", base_url="https://energy.example/b", transport=httpx.MockTransport(handle), **settings)


def call(client: Any, operation: spec.Operation) -> tuple[Any, dict[str, Any]]:
    """The method of an operation, and arguments that it accepts."""
    method = getattr(client, operation.method_name)
    if operation.id == "queryConsumption":
        return method, QUERY
    values = {"integer": 7, "string": "x", "number": 1.5, "boolean": True}
    creates = operation.id == "createApportionment"
    given = [p for p in operation.parameters if creates or p.required]
    return method, {
        p.python_name: [7] if p.schema.items else FROM if p.schema.is_timestamp else values[p.schema.type]
        for p in given
    }


def flat(record: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """An object as columns: nested ones spread out, lists of objects left out."""
    columns: dict[str, Any] = {}
    for name, value in record.items():
        if isinstance(value, dict):
            columns |= flat(value, f"{prefix}{name}_")
        elif not (isinstance(value, list) and any(isinstance(part, dict) for part in value)):
            columns[prefix + name] = value
    return columns


def expected_rows(answer: Any, pointer: str) -> list[dict[str, Any]]:
    """The rows that a JSON pointer leads to in parsed JSON, each with what stands around it below the first array."""
    around: list[tuple[dict[str, Any], Any]] = [({}, answer)]
    inside = False
    for part in pointer.split("/")[1:]:
        if part == "*":
            inside = True
            around = [(columns, item) for columns, value in around for item in value]
        else:
            around = [({**columns, **(flat(value) if inside else {})}, value[part]) for columns, value in around]
    return [{**columns, **flat(value)} for columns, value in around]


def row_pointer(operation: spec.Operation, answer: Any) -> str:
    if operation.date_range:
        return operation.date_range.field.rpartition("/")[0]
    items = operation.pagination and operation.pagination.items
    return f"/{items}/*" if items else "/*" if isinstance(answer, list) else ""


@pytest.fixture(scope="module")
def neu() -> Iterator[Neu]:
    with testing.neu() as client:
        yield client


@pytest.fixture(scope="module")
def account(neu: Neu) -> int:
    return max(neu.list_accounts(), key=lambda account: len(account.services)).id_account


# Every operation, by the specs' examples


@EVERY_ANSWER
def test_the_rows_are_those_of_the_json(operation: spec.Operation, status: int, example: Any) -> None:
    with answering(CLIENTS[operation.api.name], example, status=status) as client:
        method, arguments = call(client, operation)
        # An example is one page, and not always the only one.
        paged = operation.pagination is not None
        table = to_arrow(next(method().pages()), of=method) if paged else to_arrow(method, **arguments)
        assert table.schema == schema(method)
        table.validate(full=True)
        rows = expected_rows(example, row_pointer(operation, example))
        assert rows
        assert {name for row in rows for name in row} <= {*table.column_names, "platform_payments"}
        zone = client.time_zone
    moments = {field.name for field in table.schema if pyarrow.types.is_timestamp(field.type)}
    for row, found in zip(rows, table.to_pylist(), strict=True):
        for name, value in found.items():
            wanted = row.get(name)
            if name in moments and wanted is not None:
                wanted = datetime.fromisoformat(wanted).replace(tzinfo=zone)
            assert value == wanted, name
            assert value is not None or table.schema.field(name).nullable, name


@EVERY_ANSWER
def test_units_and_evidence_are_those_of_the_spec(operation: spec.Operation, status: int, example: Any) -> None:
    assert operation.answer
    with answering(CLIENTS[operation.api.name]) as client:
        method, _ = call(client, operation)
        found = tables_of(operation)
        names = [table.name for table in (found.rows, *found.lists)]
        schemas = [schema(method, name) for name in names]
        shown = {(column, unit) for name in names for column, unit in units(method, name).items()}
    wanted = {(at.rpartition("/")[2], inner.unit) for at, inner in operation.answer.places() if inner.unit}
    # `payment_Value` is in `platform_payments`.
    assert {(name.removeprefix("platform_payments_"), unit) for name, unit in shown} == wanted
    for field in (field for table in schemas for field in table):
        assert field.metadata[b"evidence"].startswith((b"documented ", b"inferred: ", b"conflict ")), field.name
    assert schemas[0].metadata[b"operation"] == operation.id.encode()
    assert schemas[0].metadata[b"api"] == operation.api.name.encode()
    assert schemas[0].metadata[b"base_url"] == b"https://energy.example/b/"


@EVERY_ANSWER
def test_an_answer_without_rows_has_the_whole_schema(operation: spec.Operation, status: int, example: Any) -> None:
    items = operation.pagination and operation.pagination.items
    if isinstance(example, dict) and not items and not operation.nothing:
        pytest.skip("answers with one object, always")
    pages = operation.pagination
    body: Any = [] if isinstance(example, list) else b""
    if pages and items:
        ends: dict[str | None, Any] = {pages.next: None, pages.last: 1, pages.total: 0, items: []}
        body = {**example, **{name: value for name, value in ends.items() if name}}
    with answering(CLIENTS[operation.api.name], body, status=204 if body == b"" else status) as client:
        method, arguments = call(client, operation)
        found = tables(method, **arguments)
        assert all(table.num_rows == 0 and table.schema == schema(method, name) for name, table in found.items())
        assert to_polars(next(iter(found.values()))).schema.names() == schema(method).names
        assert to_pandas(found[next(iter(found))]).dtypes.to_dict().keys() == set(schema(method).names)


def test_only_what_may_be_absent_is_nullable_and_its_absence_is_null() -> None:
    example = example_of("listNotificationInteractions")
    ((first, *_), rest) = example["data"], {k: v for k, v in example.items() if k != "data"}
    body = {**rest, "data": [first, {k: v for k, v in first.items() if k != "name"}], "total": 2}
    with answering(Neu, body) as client:
        assert to_arrow(client.list_notification_interactions)["name"].to_pylist() == [first["name"], None]
        found = {field.name for field in schema(client.list_bills) if field.nullable}
        assert [field.name for field in schema(client.list_notification_interactions) if field.nullable] == ["name"]
    paid = {"date_payment", *(f"platform_payments_{name}" for name in ("date", "method", "payment_Value"))}
    assert found == {*paid, "niu", "contract", "consumption", "description"}


def test_evidence_beside_a_reference_wins() -> None:
    with answering(Neu) as client:
        metadata = schema(client.list_bills).field("date").metadata
    bill = OPERATIONS["listBills"].answer
    assert bill
    assert bill.items
    date = bill.items.properties["date"].schema
    component = spec.api("neu").schema({"$ref": f"#/components/schemas/{date.component}"})
    assert component.evidence != date.evidence
    assert metadata[b"evidence"].decode() == date.evidence


def test_no_argument_of_a_method_is_taken_for_ours() -> None:
    assert all(p.python_name != "of" for operation in OPERATIONS.values() for p in operation.parameters)


# The four tables that analysts want, from the bundled server


def test_consumption_has_a_row_per_reading_and_the_same_totals(neu: Neu, account: int) -> None:
    query: Any = {"id_account": account, "interval": "DAILY", "from_": FROM, "to": TO}
    table = to_arrow(neu.query_consumption, **query)
    readings = [(meters, row) for meters in neu.query_consumption(**query) for row in meters.data]
    assert table.num_rows == len(readings) >= 60
    numbers = [field.name for field in table.schema if pyarrow.types.is_floating(field.type)]
    assert numbers == [*(f"{n}" for n in units(neu.query_consumption))]
    for name in numbers:
        assert table[name].to_pylist() == [getattr(row, name) for _, row in readings]
    assert table["id_account"].to_pylist() == [account] * len(readings)
    assert table["account_name"].to_pylist() == [meters.account_name for meters, _ in readings]
    assert table["date"].to_pylist() == [row.date.replace(tzinfo=BOGOTA) for _, row in readings]
    assert [str(table.schema.field(name).type) for name in ("id_service", "name", "is_backup", "date", "cons")] == [
        "int64",
        "string",
        "bool",
        "timestamp[us, tz=America/Bogota]",
        "double",
    ]
    assert {name: units(neu.query_consumption)[name] for name in ("cons", "reactive_in", "ia", "vc")} == {
        "cons": "kWh",
        "reactive_in": "kVArh",
        "ia": "A",
        "vc": "V",
    }


def test_bills_of_all_pages_join_their_concepts(neu: Neu) -> None:
    both = tables(neu.list_bills)
    bills = list(neu.list_bills())
    assert list(both) == ["bills", "concepts"]
    assert both["bills"].num_rows == len(bills) > 20
    assert both["concepts"].num_rows == sum(len(bill.concepts) for bill in bills)
    joined = to_polars(both["bills"]).join(to_polars(both["concepts"]), on="id_bill")
    sums = joined.group_by("id_bill").agg(polars.col("total").sum())
    assert dict(sums.iter_rows()) == pytest.approx(
        {bill.id_bill: sum(concept.total for concept in bill.concepts) for bill in bills}
    )
    for bill, row in zip(bills, both["bills"].to_pylist(), strict=True):
        payment = bill.platform_payments
        assert row["platform_payments_payment_Value"] == (payment.payment_value if payment else None)
        assert row["platform_payments_method"] == (payment.method if payment else None)
    assert {None} < set(both["bills"]["platform_payments_method"].to_pylist())
    assert to_arrow(neu.list_bills).equals(both["bills"], check_metadata=True)


def test_the_history_of_rules_has_a_row_per_event(neu: Neu) -> None:
    table = to_arrow(neu.list_rule_history)
    events = [(rule, event) for rule in neu.list_rule_history() for event in rule.data]
    assert table.column_names[:1] + table.column_names[-2:] == ["Id_alarm", "date", "value"]
    assert table["value"].to_pylist() == [event.value for _, event in events]
    assert table["Id_alarm"].to_pylist() == [rule.id_alarm for rule, _ in events]
    assert table["limit_value"].to_pylist() == [rule.limit_value for rule, _ in events]
    assert len({rule.id_alarm for rule, _ in events}) > 1


def test_apportionments_have_flat_columns_and_lists_of_ids() -> None:
    with testing.apportionments() as client:
        frame = to_polars(client.list_apportionments, limit=7)
        models = list(client.list_apportionments(limit=7))
    assert frame["company_name"].to_list() == [model.company.name for model in models]
    assert frame["cost_center_ids"].to_list() == [model.cost_center_ids for model in models]
    assert frame.schema["cost_center_ids"] == polars.List(polars.Int64)
    assert len(models) > 7


def test_accounts_have_their_services_beside_them(neu: Neu) -> None:
    both = tables(neu.list_accounts)
    wanted = [(account.id_account, s.id_service) for account in neu.list_accounts() for s in account.services]
    assert (
        list(zip(*(both["services"][name].to_pylist() for name in ("id_account", "id_service")), strict=True)) == wanted
    )


# What else is taken


def test_what_is_fetched_already_makes_the_same_table(neu: Neu, account: int) -> None:
    query: Any = {"id_account": account, "interval": "DAILY"}
    direct = to_arrow(neu.query_consumption, from_=FROM, to=TO, **query)
    of = neu.query_consumption
    assert to_arrow(neu.query_consumption(from_=FROM, to=TO, **query), of=of).equals(direct)
    windows = [Window(FROM, TO, neu.query_consumption(from_=FROM, to=TO, **query)) for _ in range(2)]
    assert to_arrow(iter(windows), of=of).equals(pyarrow.concat_tables([direct, direct]))
    bills = to_arrow(neu.list_bills)
    for source in (neu.list_bills(), neu.list_bills().pages(), list(neu.list_bills())):
        assert to_arrow(source, of=neu.list_bills).equals(bills)
    notifications = to_arrow(neu.list_notifications)
    assert to_arrow(list(neu.list_notifications().pages()), of=neu.list_notifications).equals(notifications)
    service = neu.list_services()[0].id_service
    one = to_arrow(neu.get_service(service), of=neu.get_service)
    assert one["id_service"].to_pylist() == [service]
    assert one.equals(to_arrow(neu.get_service, service))


def test_windows_of_a_client_make_one_table(neu: Neu, account: int) -> None:
    query: Any = {"id_account": account, "interval": "DAILY", "from_": FROM, "to": TO}
    table = to_arrow(neu.windows(neu.query_consumption, window="month", **query), of=neu.query_consumption)
    keys = list(zip(table["id_service"].to_pylist(), table["date"].to_pylist(), strict=True))
    services = {service for service, _ in keys}
    days = {(FROM + timedelta(days=n)).replace(tzinfo=BOGOTA) for n in range((TO - FROM).days)}
    assert len(keys) == len(set(keys))
    assert set(keys) == {(service, day) for service in services for day in days}


@pytest.mark.slow
def test_results_of_an_asynchronous_client_are_taken_and_its_methods_are_not() -> None:
    async def run() -> tuple[pyarrow.Table, pyarrow.Table]:
        async with testing.async_neu() as client:
            for method in (client.list_accounts, client.list_bills):
                with pytest.raises(TypeError, match=r"asynchronous.*of=client\.list_"):
                    to_arrow(method)
            accounts = to_arrow(await client.list_accounts(), of=client.list_accounts)
            return accounts, to_arrow([bill async for bill in client.list_bills()], of=client.list_bills)

    accounts, bills = asyncio.run(run())
    with testing.neu() as neu:
        assert accounts.equals(to_arrow(neu.list_accounts))
        assert bills.equals(to_arrow(neu.list_bills))


def test_what_makes_no_table_is_refused_with_what_to_do(neu: Neu) -> None:
    with pytest.raises(TypeError, match="of="):
        to_arrow([])  # type: ignore[call-overload]
    with pytest.raises(TypeError, match=r"no operation of a client.*neu\.list_bills"):
        to_arrow(len, [])
    with pytest.raises(TypeError, match="list_bills returns Bill, not Account"):
        to_arrow(neu.list_accounts(), of=neu.list_bills)
    with pytest.raises(TypeError, match="list_bills returns Bill, not str"):
        to_arrow("bills", of=neu.list_bills)
    with pytest.raises(ValueError, match="no table 'concept': choose from bills, concepts"):
        schema(neu.list_bills, "concept")
    with (
        answering(Apportionments) as client,
        pytest.raises(TypeError, match="answers with no body"),
    ):
        to_arrow(client.delete_apportionment, 1)


def test_mypy_sees_wrong_arguments(neu: Neu) -> None:
    """The comments are what is tested: mypy fails where one is not needed."""

    def never() -> None:
        to_arrow(neu.query_consumption, interval="HOURLY", from_=FROM)  # type: ignore[call-overload]
        to_polars(neu.list_bills, id_service="282")  # type: ignore[call-overload]
        to_pandas(neu.list_bills, service=282)  # type: ignore[call-overload]
        tables(neu.get_service)  # type: ignore[call-overload]
        frame: polars.DataFrame = to_polars(neu.get_service, 282)
        again: polars.DataFrame = to_polars(tables(neu.list_bills)["concepts"])
        to_polars(neu.get_service)  # type: ignore[call-overload]
        to_pandas(neu.list_bills())  # type: ignore[call-overload]
        print(frame, again)

    assert callable(never)


# What does not fit

READING = example_of("queryConsumption")


def reading(**changed: Any) -> Any:
    (first, *others), rest = READING[0]["data"], {k: v for k, v in READING[0].items() if k != "data"}
    return [{**rest, "data": [*others, {**first, **changed}]}]


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"cons": "214.36"}, "$[0].data[1].cons"),
        ({"is_backup": 0}, "$[0].data[1].is_backup"),
        ({"id_service": 282.5}, "$[0].data[1].id_service"),
        ({"cons": None}, "$[0].data[1].cons"),
        ({"va": "120.8"}, "$[0].data[1].va"),
        ({"date": "yesterday"}, "$[0].data[1].date"),
    ],
)
def test_a_wrong_type_is_an_error_that_names_the_path(changed: Any, path: str) -> None:
    with answering(Neu, reading(**changed)) as client, pytest.raises(ContractError) as caught:
        to_arrow(client.query_consumption, **QUERY)
    assert (caught.value.operation, caught.value.path) == ("queryConsumption", path)


def test_a_missing_or_renamed_field_and_half_an_answer_are_errors_too() -> None:
    rule = example_of("listRuleHistory")
    rule["data"][0]["Id_alarm"] = "1207"
    with answering(Neu, rule) as client, pytest.raises(ContractError, match=r"\$\.data\[0\]\.Id_alarm"):
        to_arrow(client.list_rule_history)
    half = json.dumps(READING).encode()[:-20]
    short = reading()
    del short[0]["data"][1]["cons"]
    for body in (half, short, b"<html>", b""):
        with answering(Neu, body) as client, pytest.raises(ContractError):
            to_arrow(client.query_consumption, **QUERY)


def test_an_integer_that_no_column_holds_is_an_error_that_names_the_column() -> None:
    most = 2**63 - 1
    with answering(Neu, reading(id_service=most), reading(id_service=most + 1)) as client:
        assert to_arrow(client.query_consumption, **QUERY)["id_service"][1].as_py() == most
        with pytest.raises(FrameError, match="column id_service: "):
            to_arrow(client.query_consumption, **QUERY)


@pytest.mark.parametrize("date", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00"])
def test_a_moment_that_no_local_calendar_has_is_an_error(date: str) -> None:
    with answering(Neu, reading(date=date)) as client, pytest.raises(FrameError, match=r"column date: .*out of range"):
        to_pandas(client.query_consumption, **QUERY)


def test_whole_numbers_and_unknown_fields_are_no_errors() -> None:
    with answering(Neu, reading(cons=214, id_service=282.0, new="field")) as client:
        row = to_arrow(client.query_consumption, **QUERY).to_pylist()[1]
    assert (row["cons"], row["id_service"]) == (214.0, 282)
    assert "new" not in row


# Time


@pytest.mark.parametrize("aware", [False, True])
def test_timestamps_are_moments_in_the_zone_of_the_api(aware: bool) -> None:
    naive, zulu, offset = "2021-04-01T00:00:00", "2021-04-01T00:00:00Z", "2021-04-01T00:00:00.25+02:00"
    for dates in ([naive], [zulu], [offset], [naive, zulu, offset]):
        body = [{**READING[0], "data": [{**READING[0]["data"][0], "date": date} for date in dates]}]
        with answering(Neu, body, aware=aware) as client:
            column = to_arrow(client.query_consumption, **QUERY)["date"]
        moments = {
            naive: datetime(2021, 4, 1, 5, tzinfo=UTC),
            zulu: datetime(2021, 4, 1, tzinfo=UTC),
            offset: datetime(2021, 3, 31, 22, 0, 0, 250_000, tzinfo=UTC),
        }
        assert column.to_pylist() == [moments[date] for date in dates]
        assert column.type == pyarrow.timestamp("us", "America/Bogota")
        # What is read is the clock in Bogotá.
        assert column[0].as_py().utcoffset() == timedelta(hours=-5)


def test_times_that_clocks_skipped_or_showed_twice_are_those_of_an_aware_client() -> None:
    # Colombia had summer time once, from 1992 to 1993.
    dates = ["1992-05-03T00:30:00", "1993-04-03T23:30:00"]
    body = [{**READING[0], "data": [{**READING[0]["data"][0], "date": date} for date in dates]}]
    with answering(Neu, body, aware=True) as client:
        aware = [row.date.astimezone(UTC) for row in client.query_consumption(**QUERY)[0].data]
    with answering(Neu, body) as client:
        assert to_arrow(client.query_consumption, **QUERY)["date"].to_pylist() == aware


# Frames


def test_pandas_has_units_types_and_zone(neu: Neu, account: int) -> None:
    frame = to_pandas(neu.query_consumption, id_account=account, interval="MONTHLY", from_=FROM, to=TO)
    assert frame.attrs["units"]["cons"] == "kWh"
    assert str(frame["date"].dtype) == "datetime64[us, America/Bogota]"
    assert frame["date"].iloc[0] == pandas.Timestamp("2020-01-01", tz="America/Bogota")
    assert [str(frame[name].dtype) for name in ("id_account", "cons", "is_backup")] == ["int64", "float64", "bool"]
    concepts = to_pandas(tables(neu.list_bills)["concepts"])
    assert concepts.attrs["units"] == units(neu.list_bills, "concepts") == {"unit_value": "COP", "total": "COP"}


def test_polars_has_types_and_zone(neu: Neu, account: int) -> None:
    frame = to_polars(neu.query_consumption, id_account=account, interval="MONTHLY", from_=FROM, to=TO)
    assert frame.schema["date"] == polars.Datetime("us", "America/Bogota")
    assert frame.schema["id_service"] == polars.Int64
    assert frame["date"][0] == datetime(2020, 1, 1, tzinfo=timezone(timedelta(hours=-5)))


def test_parquet_keeps_units_and_evidence(neu: Neu, tmp_path: Path) -> None:
    table = to_arrow(neu.list_bills)
    pyarrow.parquet.write_table(table, tmp_path / "bills.parquet")
    again = pyarrow.parquet.read_table(tmp_path / "bills.parquet")
    assert again.equals(table)
    assert again.schema.field("consumption").metadata[b"unit"] == b"kWh"
    assert again.schema.field("consumption").metadata[b"unit_evidence"].startswith(b"inferred")
    assert again.schema.field("account").metadata[b"meaning_evidence"].startswith(b"inferred")
    assert again.schema.metadata[b"operation"] == b"listBills"


# Memory and imports


class Rows(list[Any]):
    """A list that tells when it is gone."""


def test_rows_do_not_wait_for_all_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "BATCH", 50)
    living: list[weakref.ref[Rows]] = []
    most = 0

    def windows(client: Neu) -> Iterator[Window[Any]]:
        nonlocal most
        for _ in range(60):
            (meters,) = client.query_consumption(**QUERY)
            meters.data = Rows(meters.data)
            living.append(weakref.ref(meters.data))
            most = max(most, sum(rows() is not None for rows in living))
            yield Window(FROM, TO, [meters])
            del meters

    with answering(Neu, *[READING] * 60) as client:
        table = to_arrow(windows(client), of=client.query_consumption)
    assert table["cons"].num_chunks > 1
    assert table["cons"].to_pylist() == [row["cons"] for row in READING[0]["data"]] * 60
    assert most <= 3


def python(code: str) -> str:
    result = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    return result.stdout.strip()


def test_nothing_heavy_is_imported_before_it_is_used() -> None:
    heavy = "{'pandas', 'polars', 'pyarrow', 'numpy'}"
    assert python(f"import contrato.frames, contrato.neu, sys; print({heavy} & sys.modules.keys() or 'none')") == "none"


@pytest.mark.parametrize(
    ("missing", "function", "extra"),
    [
        ("pyarrow", "to_arrow", "arrow"),
        ("pyarrow", "schema", "arrow"),
        ("polars", "to_polars", "polars"),
        ("pyarrow", "to_polars", "polars"),
        ("pandas", "to_pandas", "pandas"),
    ],
)
def test_a_missing_extra_is_named(
    missing: str, function: str, extra: str, monkeypatch: pytest.MonkeyPatch, neu: Neu
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ImportError) as caught:
        getattr(frames, function)(neu.list_accounts)
    assert str(caught.value) == f"{missing} is not installed: pip install 'contrato[{extra}]'"
