"""The schemas of tables, and the results of methods that make tables."""

import asyncio
from datetime import timedelta
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from canned import (
    BOGOTA,
    CLIENTS,
    EVERY_ANSWER,
    FROM,
    OPERATIONS,
    TO,
    answering,
    call,
    example_of,
)
from contrato import testing
from contrato.apportionments import Apportionments
from contrato.core import spec
from contrato.core.tables import tables as tables_of
from contrato.core.windows import Window
from contrato.frames import schema, to_arrow, units
from contrato.neu import Neu


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
