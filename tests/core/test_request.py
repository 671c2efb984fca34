"""Requests: arguments, their checks, and where they are sent."""

import json
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from clients import (
    BASE_URL,
    BOGOTA,
    BOTH,
    CLIENTS,
    LIST_SERVICES,
    NEU,
    OPERATIONS,
    TOKEN,
    any_arguments,
    call,
    sent,
    serving,
)
from contrato import apportionments, neu
from contrato.core import spec
from contrato.core.auth import Token
from contrato.core.document import JSON, operation_nodes
from contrato.core.errors import (
    NotFoundError,
)
from contrato.core.request import Call, Defaults, checked
from contrato.core.types import UNSET


@BOTH
@pytest.mark.parametrize("base_url", [BASE_URL, f"{BASE_URL}/"])
def test_headers_and_url(base_url: str, asynchronous: bool) -> None:
    seen: list[httpx.Request] = []
    call(
        asynchronous,
        lambda client: client.list_services(options={"headers": {"X-Trace": "7"}}),
        base_url=base_url,
        transport=serving(httpx.Response(200, json=[]), seen=seen),
    )
    (request,) = seen
    assert str(request.url) == f"{BASE_URL}{LIST_SERVICES.path}"
    assert request.headers["X-Trace"] == "7"
    assert request.headers["User-Agent"].startswith("contrato/0.")
    assert request.headers["Accept-Encoding"] == "gzip, deflate"


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (datetime(2021, 4, 1, 13, 30), "2021-04-01T13:30:00"),
        (datetime(2021, 4, 1, 13, 30, tzinfo=UTC), "2021-04-01T08:30:00"),
        (datetime(2021, 4, 1, 13, 30, tzinfo=BOGOTA), "2021-04-01T13:30:00"),
        (datetime(2021, 4, 1, 13, 30, tzinfo=ZoneInfo("Asia/Tokyo")), "2021-03-31T23:30:00"),
        (date(2021, 4, 1), "2021-04-01T00:00:00"),
        ("2021-04-01T13:30:00", "2021-04-01T13:30:00"),
        ("2021-04-01T13:30:00Z", "2021-04-01T08:30:00"),
        ("2021-04-01", "2021-04-01T00:00:00"),
    ],
)
def test_timestamps_are_sent_as_local_time(given: Any, text: str) -> None:
    seen: list[httpx.Request] = []
    call(False, lambda c: c.list_pqrs(from_=given), transport=serving(httpx.Response(200, json=[]), seen=seen))
    assert sent("listPqrs", seen[0]) == {"From": text}


def test_values_of_numpy_and_pandas_are_taken() -> None:
    numpy, pandas = pytest.importorskip("numpy"), pytest.importorskip("pandas")
    seen: list[httpx.Request] = []
    call(
        False,
        lambda c: c.query_consumption(
            interval="DAILY",
            from_=pandas.Timestamp("2021-04-01T12:00:00Z"),
            to=numpy.datetime64("2021-05-01", "ns"),
            id_account=numpy.int64(41),
            id_services=pandas.Series([1, 2]),
        ),
        transport=serving(httpx.Response(200, json=[]), seen=seen),
    )
    assert sent("queryConsumption", seen[0]) == {
        "Interval": "DAILY",
        "From": "2021-04-01T07:00:00",
        "To": "2021-05-01T00:00:00",
        "Id_account": 41,
        "Id_services": [1, 2],
    }


@pytest.mark.parametrize(
    ("method", "arguments", "message"),
    [
        ("get_service", {"id": "282"}, "id must be int, not '282'"),
        ("get_service", {"id": True}, "id must be int, not True"),
        ("get_service", {"id": None}, "id must be given"),
        ("get_service", {"id": 28.5}, "id must be int, not 28.5"),
        ("get_service", {"id": float("nan")}, "id must be int, not nan"),
        ("list_pqrs", {"from_": 2021}, "from_ must be a datetime, a date or ISO 8601 text, not 2021"),
        ("list_pqrs", {"to": "yesterday"}, "to must be an ISO 8601 date and time, not 'yesterday'"),
        ("list_pqrs", {"from_": "0001-01-01T00:00:00Z"}, "from_ must be in the years 1 to 9999 of America/Bogota, not"),
        (
            "list_pqrs",
            {"from_": date(2020, 2, 1), "to": "2020-01-01"},
            r"to \(2020-01-01T00:00:00\) is before from_ \(2",
        ),
        ("list_bills", {"page": "2"}, "page must be int, not '2'"),
        ("list_bills", {"id_service": [1]}, r"id_service must be int, not \[1\]"),
    ],
)
def test_a_wrong_argument_is_named_at_the_call(method: str, arguments: Any, message: str) -> None:
    seen: list[httpx.Request] = []
    client = neu.Neu(TOKEN, BASE_URL, transport=serving(httpx.Response(200), seen=seen))
    with pytest.raises((TypeError, ValueError), match=message):
        getattr(client, method)(**arguments)
    assert seen == []


@pytest.mark.parametrize(
    "operation", [operation for operation in OPERATIONS if operation.date_range], ids=lambda operation: operation.id
)
def test_a_range_that_ends_before_it_begins_is_refused_everywhere(operation: spec.Operation) -> None:
    assert operation.date_range
    start, end = (operation.parameter(name) for name in (operation.date_range.start, operation.date_range.end))
    ends = {start.python_name: date(2020, 1, 2), end.python_name: datetime(2020, 1, 1, 23)}
    seen: list[httpx.Request] = []
    client = CLIENTS[operation.api.name][0](TOKEN, BASE_URL, transport=serving(httpx.Response(200), seen=seen))
    with pytest.raises(ValueError, match=r"to \(2020-01-01T23:00:00\) is before from_ \(2020-01-02T00:00:00\)"):
        getattr(client, operation.method_name)(**any_arguments(operation) | ends)
    assert seen == []


def test_half_a_character_is_refused() -> None:
    client = apportionments.Apportionments(TOKEN, BASE_URL, transport=serving(httpx.Response(200)))
    with pytest.raises(ValueError, match=r"q must be valid Unicode text, without the lone surrogate in '\\ud800'"):
        client.list_apportionments(q="\ud800")


def test_wrong_items_and_unknown_values_are_refused() -> None:
    client: Any = neu.Neu(TOKEN, BASE_URL, transport=serving(httpx.Response(200)))
    year = {"from_": date(2021, 1, 1), "to": date(2022, 1, 1)}
    with pytest.raises(ValueError, match=r"interval must be 'DAILY', 'HOURLY' or 'MONTHLY', not 'daily'"):
        client.query_consumption(interval="daily", **year)
    with pytest.raises(TypeError, match=r"id_services must be list\[int\], not \['1'\]"):
        client.query_consumption(interval="DAILY", id_services=["1"], **year)


def test_a_number_that_json_cannot_write_is_refused() -> None:
    share = NEU.schema({"type": "number"})
    with pytest.raises(ValueError, match="share must be a finite number, not nan"):
        checked("share", share, float("nan"), lambda: None)
    assert checked("share", share, 3, lambda: None) == 3


@pytest.mark.parametrize(("given", "sent"), [(None, {"id": None}), (UNSET, {}), (41, {"id": 41})])
def test_an_argument_that_may_be_null_is_left_out_by_unset(given: Any, sent: dict[str, Any]) -> None:
    """No API has an optional argument that may be null, so this one is made to."""
    document = spec.api("neu").copy()
    (node,) = (node for *_, node in operation_nodes(document) if node["operationId"] == "listServices")
    schema = {"type": "object", "properties": {"id": {"type": ["integer", "null"]}}}
    node.update(parameters=[], requestBody={"content": {JSON: {"schema": schema}}})
    changed = Call(spec.Api("neu", document).operations["listServices"], {"id": given}, lambda: UTC, {})
    request = changed.build(Defaults(httpx.URL(f"{BASE_URL}/"), httpx.Headers(), {}, Token(spec.api("neu"), "x")))
    assert json.loads(request.content) == sent


@pytest.mark.parametrize("value", ["", ".", "..", "a/b?c"])
def test_a_path_parameter_cannot_lead_elsewhere(value: str) -> None:
    """No API has a path parameter that is a string, so this one is made to."""

    document = spec.api("neu").copy()
    (node,) = (node for *_, node in operation_nodes(document) if node["operationId"] == "getService")
    (parameter,) = node.get("parameters", [{}])
    if parameter.get("in") != "path":
        pytest.skip("the argument is in no path here")
    parameter["schema"] = {"type": "string"}
    changed = spec.Api("neu", document)

    class Texts(neu.Neu):
        @property
        def _spec(self) -> spec.Api:
            return changed

    seen: list[bytes] = []

    def serve(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.raw_path)
        return httpx.Response(404)

    with pytest.raises(NotFoundError if "/" in value else ValueError, match=r"a%2Fb%3Fc|id must not be"):
        Texts(TOKEN, BASE_URL, transport=httpx.MockTransport(serve)).get_service(value)  # type: ignore[arg-type]
    path = changed.operations["getService"].path.format(id="a%2Fb%3Fc")
    assert seen == ([f"/base{path}".encode()] if "/" in value else [])
