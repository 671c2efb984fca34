"""Values that fit columns and values that do not, timestamps, and memory."""

import json
import weakref
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow
import pytest

from canned import FROM, QUERY, READING, TO, answering, example_of, reading
from contrato.core.errors import ContractError
from contrato.core.windows import Window
from contrato.frames import FrameError, builder, to_arrow, to_pandas
from contrato.neu import Neu


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


class Rows(list[Any]):
    """A list that tells when it is gone."""


def test_rows_do_not_wait_for_all_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builder, "BATCH", 50)
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
