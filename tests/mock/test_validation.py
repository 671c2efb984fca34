"""The bundled server refuses requests that break the spec, and nothing makes it answer 5XX."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import support
from bundled import (
    ONE_WITH_BODY,
    OPERATIONS,
    WITH_BODY,
    Client,
    Json,
    arguments,
    check_answer,
    path_of,
    refusal,
)
from contrato.mock import create_app

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
        ("listDueDates", "Id_service", "cuarenta"),
    ],
)
def test_neu_refuses_what_breaks_the_spec(mock: Client, operation_id: str, field: str, wrong: Any) -> None:
    response = mock.call(operation_id, **{**arguments(mock)[operation_id], field: wrong})
    assert response.status_code == 400
    assert list(response.json()["fields"]) == [OPERATIONS[operation_id].parameter(field).name]


@pytest.mark.parametrize("field", ["Interval", "From", "To"])
def test_neu_names_what_is_missing(mock: Client, field: str) -> None:
    named = arguments(mock)["queryConsumption"]
    del named[field]
    response = mock.call("queryConsumption", **named)
    assert response.status_code == 400
    assert list(response.json()["fields"]) == [OPERATIONS["queryConsumption"].parameter(field).name]


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
    assert list(response.json()["fields"]) == [OPERATIONS[operation_id].parameter(field).name]


@pytest.mark.parametrize(
    "number", ["x", "1.0", "1_0", "+1", " 1", "1e3", "٣", "0x1", "--1", "", "9" * 5_000, "\0", "1\n", "null"]
)
def test_numbers_in_urls_are_digits(mock: Client, number: str) -> None:
    if number:
        assert mock.call("getService", id=number).status_code == 400
        assert mock.call("getApportionment", id=number).status_code == 422
    assert mock.call("listNotifications", PageNumber=number).status_code == 400
    assert mock.call("listApportionments", _page=number).status_code == 422


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
