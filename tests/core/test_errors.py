"""Errors: which answer raises which, and their contents."""

import pickle
from typing import Any

import httpx
import pytest

from clients import (
    BASE_URL,
    BOTH,
    EVERY_OPERATION,
    TOKEN,
    Handler,
    answer,
    call,
    call_method,
    http,
    listed,
    method_arguments,
    server,
    serving,
    wire_arguments,
)
from contrato.core import spec
from contrato.core.errors import (
    AuthenticationError,
    ContractError,
    NotFoundError,
    RateLimitError,
    ResponseError,
    ServerError,
    TransportError,
    UndocumentedStatusError,
    ValidationError,
)
from contrato.core.spec import Operation


def test_an_error_has_the_headers_as_they_came_whatever_their_encoding() -> None:
    answer = http("404 No", b"", "X-Empresa: Energ\u00eda", f"X-Echo: \u00e9{TOKEN}")
    with server(answer) as (url, _), pytest.raises(ResponseError) as caught:
        call(False, listed, base_url=url)
    assert caught.value.headers["X-Empresa"] == "Energ\u00eda"
    assert caught.value.headers["X-Echo"] == "\u00e9[token]"


def call_with_examples(asynchronous: bool, operation: Operation, handler: Handler) -> Any:
    kwargs = method_arguments(operation, next(wire_arguments(operation)))
    return call_method(asynchronous, operation.api.name, operation.method_name, handler, **kwargs)


@BOTH
@EVERY_OPERATION
def test_an_undocumented_status_is_an_error(operation: Operation, asynchronous: bool) -> None:
    kinds = {404: NotFoundError, 429: RateLimitError, 500: ServerError, 502: ServerError, 520: ServerError}
    for status in (200, 201, 202, 204, 299, 302, 404, 410, 429, 500, 502, 520, 999):
        if operation.response(status) is not None:
            continue
        with pytest.raises(kinds.get(status, UndocumentedStatusError)) as caught:
            call_with_examples(asynchronous, operation, answer(status, {"note": "?"}))
        assert (caught.value.status, caught.value.documented) == (status, False)
        assert f"answered {status} (a status that the spec does not document)" in str(caught.value)


@EVERY_OPERATION
def test_a_documented_error_is_typed(operation: Operation) -> None:
    kinds = {
        **dict.fromkeys(("400", "4XX"), ResponseError),
        **dict.fromkeys(("401", "403"), AuthenticationError),
        **{"404": NotFoundError, "422": ValidationError, "429": RateLimitError},
    }
    for pattern in operation.responses:
        if not pattern.startswith("2"):
            status = int(pattern.replace("XX", "18"))
            with pytest.raises(ResponseError) as caught:
                call_with_examples(False, operation, answer(status, {"name": ["Já existe."]}, Via="1.1 edge"))
            error = caught.value
            assert type(error) is kinds[pattern]
            assert (error.status, error.body) == (status, {"name": ["Já existe."]})
            assert error.headers["via"] == "1.1 edge"
            assert error.method == operation.method
            assert error.url.startswith(BASE_URL)
            assert error.operation == operation.id
            assert "Já existe." in str(error)


def test_422_carries_the_messages_of_each_field() -> None:
    (example,) = spec.api("apportionments").operations["listApportionments"].responses["422"].examples.values()
    for body, errors in ((example, example), ({"detail": "no"}, {}), ("<h1>", {}), ([1], {})):
        with pytest.raises(ValidationError) as caught:
            call_method(False, "apportionments", "list_apportionments", answer(422, body))
        assert caught.value.errors == errors


OVERDUE = '[{"id_bill": "90431985", "due_date": "2021-06-18T00:00:00", "days": %s}]'
PAGE = '{"nextPage": %s, "maxPage": 1, "total": 1, "data": %s}'
PQR = '[{"message": "m", "category": "c", "type": "t", "date": %s}]'


@pytest.mark.parametrize(
    ("method", "content", "path", "expected", "found"),
    [
        ("list_services", "<!doctype html><h1>Sign in</h1>", "$", "JSON", "'<!doctype html><h1>Sign in</h1>' ("),
        ("list_services", "", "$", "JSON", "an empty body"),
        ("list_services", "[{", "$", "JSON", "'[{' (Input data was truncated)"),
        ("list_services", "[] []", "$", "JSON", "'[] []' (JSON is malformed: trailing characters"),
        ("list_services", "[NaN]", "$", "JSON", "'[NaN]' ("),
        ("list_services", b"\xff\xfe", "$", "JSON", "'\ufffd\ufffd' ("),
        ("list_services", b'[{"name": "\xff"}]', "$", "JSON", '\'[{"name": "\ufffd"}]\' ('),
        ("list_services", '[{"new": ' * 100_000, "$", "JSON", "JSON that is nested too deeply"),
        ("list_services", "null", "$", "array", "null"),
        ("list_services", "{}", "$", "array", "object"),
        ("list_services", "[7, null]", "$[0]", "object", "7"),
        ("list_services", "[[]]", "$[0]", "object", "array"),
        ("list_services", '[{"id_service": 282}]', "$[0].id_account", "a value", "no such field"),
        ("list_services", '[{"id_service": 282.5}]', "$[0].id_service", "integer", "282.5"),
        ("list_services", '[{"id_service": true}]', "$[0].id_service", "integer", "true"),
        # Pairs would make a dict as well.
        ("list_overdue_bills", '[[["id_bill", "9"], ["days", 12]]]', "$[0]", "object", "array"),
        ("list_overdue_bills", OVERDUE % '"12"', "$[0].days", "number", '"12"'),
        ("list_overdue_bills", OVERDUE % "1e999", "$[0].days", "number", "Infinity"),
        # Names of the wire, not of attributes.
        ("list_notifications", "[]", "$", "object", "array"),
        ("list_notifications", PAGE % ('"2"', "[]"), "$.nextPage", "integer or null", '"2"'),
        ("list_notifications", PAGE % ("null", "null"), "$.data", "array", "null"),
        ("list_notifications", PAGE % ("null", "[7]"), "$.data[0]", "object", "7"),
        ("list_pqrs", PQR % '"yesterday"', "$[0].date", "ISO 8601 date and time", '"yesterday"'),
        ("list_pqrs", PQR % "1617235200", "$[0].date", "ISO 8601 date and time", "1617235200"),
        ("list_pqrs", PQR.replace('"t"', "5") % '"2021-06-18T00:00:00"', "$[0].type", "string", "5"),
    ],
)
@BOTH
def test_a_body_that_does_not_fit_is_a_contract_error(
    method: str, content: str | bytes, path: str, expected: str, found: str, asynchronous: bool
) -> None:
    with pytest.raises(ContractError) as caught:
        call_method(asynchronous, "neu", method, answer(200, content, **{"Content-Type": "text/html; charset=hex"}))
    error = caught.value
    assert (error.status, error.path) == (200, path)
    assert expected in error.expected
    assert error.found.startswith(found)
    operation = spec.api("neu").methods[method]
    # (The query may be of any operation that has one.)
    assert str(error).replace(error.url, f"{BASE_URL}{operation.path}") == (
        f"{operation.id}: {operation.method} {BASE_URL}{operation.path} answered 200, "
        f"and {path} breaks the contract: expected {error.expected}, found {error.found}"
    )
    assert len(str(error)) < 500


def test_an_integer_may_be_written_as_41_point_0_and_a_number_as_12() -> None:
    for text in ("12", "12.0", "1.2e1"):
        (bill,) = call_method(False, "neu", "list_overdue_bills", answer(200, OVERDUE % text))
        assert bill.days == 12
    page = call_method(False, "neu", "list_notifications", answer(200, PAGE % ("2.0", "[]")))
    assert (page.next_page, type(page.next_page)) == (2, int)
    with pytest.raises(ContractError, match="NaN"):
        call_method(False, "neu", "list_notifications", answer(200, PAGE % ("2.0", "[NaN]")))


def test_an_html_error_page_is_kept_as_text() -> None:
    with pytest.raises(ServerError, match="Bad gateway") as caught:
        call_method(False, "neu", "list_services", answer(502, "<h1>Bad gateway</h1>"))
    assert caught.value.body == "<h1>Bad gateway</h1>"


@pytest.mark.parametrize("kind", [httpx.ConnectError, httpx.ReadTimeout, httpx.ReadError, httpx.DecodingError])
@BOTH
def test_no_answer_is_a_transport_error(kind: type[httpx.RequestError], asynchronous: bool) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise kind("the line is dead", request=request)

    operation = spec.api("neu").operations["listServices"]
    message = f"{operation.method} {BASE_URL}{operation.path} .*{kind.__name__}: the line is dead"
    with pytest.raises(TransportError, match=message) as caught:
        call_method(asynchronous, "neu", "list_services", fail)
    assert isinstance(caught.value.__cause__, kind)


@pytest.mark.parametrize("status", [200, 401, 404, 422, 500])
def test_an_error_survives_pickling(status: int) -> None:
    with pytest.raises(ResponseError) as caught:
        call_method(False, "neu", "list_services", answer(status, "no JSON"))
    again = pickle.loads(pickle.dumps(caught.value))
    assert (type(again), str(again), again.headers) == (type(caught.value), str(caught.value), caught.value.headers)


@pytest.mark.parametrize("status", [200, 302, 404, 500])
def test_the_text_of_an_error_is_one_line_that_controls_no_terminal(status: int) -> None:
    evil = "\x1b[31mred\r\n2026-01-01 INFO forged\u202e\x9b"
    with pytest.raises(ResponseError) as caught:
        call(False, listed, transport=serving(httpx.Response(status, text=evil, headers={"Location": "/\x1b[2J"})))
    assert str(caught.value).isprintable()
    assert "red 2026-01-01 INFO forged" in str(caught.value) or status == 200
    assert caught.value.body == evil
