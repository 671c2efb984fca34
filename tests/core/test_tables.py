"""Tables of answers, derived from specs: where the rows are, and which columns they have."""

from types import SimpleNamespace
from typing import Any

import pytest

from contrato.core import spec
from contrato.core.document import JSON
from contrato.core.tables import Tables, tables

TEXT, NUMBER = {"type": "string"}, {"type": "number"}
MOMENT = {"type": "string", "format": "date-time-local"}


def record(*required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": properties}


def many(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


def derived(schema: Any, **node: Any) -> Tables:
    """The tables of an operation with this answer."""
    operation = {
        "operationId": "listThings",
        "responses": {"200": {"description": "", "content": {JSON: {"schema": schema}}}},
        **node,
    }
    components = {"Thing": record("id_thing", id_thing={"type": "integer"}, name=TEXT, parts=many(record(size=NUMBER)))}
    document = {"paths": {"/": {"get": operation}}, "components": {"schemas": components}}
    return tables(spec.Api("things", document).operations["listThings"])


def names(found: Tables) -> list[str]:
    return [column.name for column in found.rows.columns]


def test_rows_are_the_items_of_a_list_and_lists_of_objects_are_tables_with_the_rows_id() -> None:
    found = derived(many({"$ref": "#/components/schemas/Thing"}))
    assert (found.rows.name, found.rows.path, found.page_items) == ("things", (), None)
    assert names(found) == ["id_thing", "name"]
    (parts,) = found.lists
    assert (parts.name, parts.path) == ("parts", ("parts",))
    assert [(column.name, column.depth, column.type) for column in parts.columns] == [
        ("id_thing", 0, "integer"),
        ("size", 1, "number"),
    ]
    assert [column.name for column in found.columns] == ["id_thing", "name", "parts"]
    things = [
        SimpleNamespace(id_thing=1, parts=[SimpleNamespace(size=2.0), SimpleNamespace(size=3.0)]),
        SimpleNamespace(id_thing=4, parts=None),
    ]
    rows = [[column.value(chain) for column in parts.columns] for chain in parts.chains(things)]
    assert rows == [[1, 2.0], [1, 3.0]]


def test_one_object_is_one_row() -> None:
    found = derived(record(name=TEXT))
    thing = SimpleNamespace(name="x")
    assert names(found) == ["name"]
    assert found.items(thing) == [thing]
    assert found.items(None) == ()
    assert found.items([thing, thing]) == [thing, thing]


def test_items_are_in_the_envelope_of_a_page() -> None:
    page = record("items", items=many(record(name=TEXT)), nextPage={"type": ["integer", "null"]})
    pagination = {"in": "query", "page": "p", "items": "items", "next": "nextPage"}
    found = derived(page, **{"x-pagination": pagination})
    assert (names(found), found.page_items) == (["name"], "items")
    assert found.items(SimpleNamespace(items=[1, 2], next_page=None)) == [1, 2]
    with_range = derived(
        record("items", items=many(record(days=many(record(date=MOMENT))))),
        **{"x-pagination": pagination, "x-date-range": {"from": "a", "to": "b", "field": "/items/*/days/*/date"}},
    )
    assert (with_range.rows.path, with_range.date, names(with_range)) == (("days",), ("date",), ["date"])


def test_rows_are_what_a_range_of_dates_filters_inside_of_items() -> None:
    row = record("At", At=record(Day=MOMENT), value=NUMBER)
    schema = many(record("id", "Groups", id={"type": "integer"}, Groups=many(record(name=TEXT, rows=many(row)))))
    found = derived(schema, **{"x-date-range": {"from": "a", "to": "b", "field": "/*/Groups/*/rows/*/At/Day"}})
    assert (found.rows.path, found.date) == (("groups", "rows"), ("at", "day"))
    assert [(c.name, c.depth, c.path, c.type) for c in found.rows.columns] == [
        ("id", 0, ("id",), "integer"),
        ("name", 1, ("name",), "string"),
        ("At_Day", 2, ("at", "day"), "timestamp"),
        ("value", 2, ("value",), "number"),
    ]
    assert [skipped for _, skipped in found.levels] == ["Groups", "rows", ""]
    item = SimpleNamespace(
        id=1, groups=[SimpleNamespace(name="g", rows=[SimpleNamespace(at=SimpleNamespace(day="d"), value=2.0)])]
    )
    (chain,) = found.rows.chains([item])
    assert [column.value(chain) for column in found.rows.columns] == [1, "g", "d", 2.0]


def test_what_may_be_absent_or_null_or_is_below_such_an_object_is_nullable() -> None:
    inner = record("always", always=TEXT)
    found = derived(
        many(
            record(
                "plain",
                "null",
                "either",
                "sure",
                plain=TEXT,
                null={"type": ["string", "null"]},
                either={"anyOf": [MOMENT, {"type": "null"}]},
                absent=TEXT,
                sure=inner,
                maybe={"anyOf": [inner, {"type": "null"}]},
            )
        )
    )
    assert {column.name: column.nullable for column in found.rows.columns} == {
        "plain": False,
        "null": True,
        "either": True,
        "absent": True,
        "sure_always": False,
        "maybe_always": True,
    }
    below = next(column for column in found.rows.columns if column.name == "maybe_always")
    assert below.value([SimpleNamespace(maybe=None)]) is None
    assert below.value([SimpleNamespace(maybe=SimpleNamespace(always="x"))]) == "x"


def test_a_list_of_values_is_a_column() -> None:
    (column,) = derived(many(record(ids=many({"type": "integer"})))).rows.columns
    assert (column.many, column.type) == (True, "integer")


@pytest.mark.parametrize(
    ("schema", "error", "message"),
    [
        (many(TEXT), TypeError, "answers with no objects"),
        (TEXT, TypeError, "answers with no objects"),
        (many(record(a_b=TEXT, a=record(b=TEXT))), ValueError, "two columns have the same name"),
        (many(record(a=record(b=many(record(c=TEXT))))), ValueError, "a list of objects in a nested object"),
        (many(record(a=many(record(b=many(record(c=TEXT)))))), ValueError, "objects of a have lists of objects"),
    ],
)
def test_what_makes_no_table_is_refused(schema: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=f"listThings.*{message}"):
        derived(schema)


def test_a_way_to_the_rows_that_is_no_array_is_refused() -> None:
    with pytest.raises(ValueError, match="day, on the path to the rows, is no array"):
        derived(
            many(record(day=record(rows=many(record(date=MOMENT))))),
            **{"x-date-range": {"from": "a", "to": "b", "field": "/*/day/rows/*/date"}},
        )


def test_an_operation_without_a_body_has_no_tables() -> None:
    with pytest.raises(TypeError, match="answers with no body"):
        derived(None, responses={"204": {"description": "Done."}})


def test_the_tables_of_the_specs() -> None:
    found = {
        operation.id: tables(operation)
        for api in spec.APIS
        for operation in spec.api(api).operations.values()
        if operation.answer
    }
    consumption = found["queryConsumption"]
    assert (consumption.rows.name, consumption.rows.path, consumption.date) == ("consumption", ("data",), ("date",))
    assert names(consumption)[:3] == ["id_account", "account_name", "id_service"]
    assert [table.name for table in found["listBills"].lists] == ["concepts"]
    assert "platform_payments_payment_Value" in names(found["listBills"])
    history = found["listRuleHistory"]
    assert (history.page_items, history.rows.path, history.rows.name) == ("data", ("data",), "rule_history")
    assert names(history)[0] == "Id_alarm"
    assert found["listAccounts"].lists[0].columns[0].name == "id_account"
    assert len(found) == 19
