"""Tables of what the clients return, against the specs' examples and the bundled server."""

import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import polars
import pyarrow
import pyarrow.parquet
import pytest

from canned import BOGOTA, CLIENTS, EVERY_ANSWER, FROM, OPERATIONS, TO, answering, call
from contrato import frames, testing
from contrato.core import spec
from contrato.frames import schema, tables, to_arrow, to_pandas, to_polars, units
from contrato.neu import Neu


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


def test_pandas_has_units_types_and_zone(neu: Neu, account: int) -> None:
    frame = to_pandas(neu.query_consumption, id_account=account, interval="MONTHLY", from_=FROM, to=TO)
    assert frame.attrs["units"]["cons"] == "kWh"
    assert str(frame["date"].dtype) == "datetime64[us, America/Bogota]"
    assert frame["date"].iloc[0] == datetime(2020, 1, 1, tzinfo=BOGOTA)
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
