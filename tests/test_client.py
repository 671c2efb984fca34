"""The generated clients and the runtime below them, against answers that the specs give as examples."""

import asyncio
import copy
import inspect
import json
import keyword
import logging
import pickle
import re
import traceback
from collections.abc import Callable, Iterator
from datetime import datetime
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import attrs
import httpx
import pytest

from contrato import apportionments, neu
from contrato.core import spec
from contrato.core.client import AsyncClient, Client, capture
from contrato.core.document import JSON, operation_nodes
from contrato.core.errors import (
    AuthenticationError,
    ContractError,
    ContratoError,
    NotFoundError,
    RateLimitError,
    ResponseError,
    ServerError,
    TransportError,
    UndocumentedStatusError,
    ValidationError,
)
from contrato.core.model import Model
from contrato.core.names import CLIENT_NAMES
from contrato.core.pages import AsyncPager, Pager
from contrato.core.request import Call, Defaults
from contrato.core.schema import Schema
from contrato.core.spec import Operation
from contrato.core.types import UNSET

TOKEN = "tok-5f0c9e"
BASE_URL = "https://energy.example/base"
CLIENTS: dict[str, tuple[type[Client], type[AsyncClient]]] = {
    "neu": (neu.Neu, neu.AsyncNeu),
    "apportionments": (apportionments.Apportionments, apportionments.AsyncApportionments),
}
MODELS = {"neu": neu.models, "apportionments": apportionments.models}
Handler = Callable[[httpx.Request], httpx.Response]


def snake(wire: str) -> str:
    """The rule for names in Python, written anew: wire names in snake_case."""
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", wire).strip("_").lower()
    return f"{name}_" if keyword.iskeyword(name) else name


def successes(operation: Operation) -> Iterator[tuple[int, Schema | None, Any]]:
    """Status, schema and example of each documented success; None for no body."""
    for status, response in operation.responses.items():
        if response.promised:
            for example in response.examples.values() if response.schema else [None]:
                yield int(status), response.schema, example


def wire_arguments(operation: Operation) -> Iterator[dict[str, Any]]:
    """Values of all arguments by wire name, as the examples have them."""
    apart = {parameter.name: parameter.examples[0] for parameter in operation.parameters if parameter.place != "body"}
    for body in operation.body.examples.values() if operation.body else [{}]:
        yield {**apart, **body}


OPERATIONS = [operation for api in spec.APIS for operation in spec.api(api).operations.values()]
EVERY_OPERATION = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda op: f"{op.api.name}.{op.method_name}")
BOTH = pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])


def call(asynchronous: bool, api: str, name: str, handler: Handler, /, *args: Any, **kwargs: Any) -> Any:
    """Call one method of a fresh client whose server is `handler`; of pages, get the first one."""
    options: dict[str, Any] = {"base_url": BASE_URL, "transport": httpx.MockTransport(handler), "retries": 0}
    kind, async_kind = CLIENTS[api]
    if not asynchronous:
        with kind(TOKEN, **options) as client:
            result = getattr(client, name)(*args, **kwargs)
            return next(result.pages(), None) if isinstance(result, Pager) else result

    async def run() -> Any:
        async with async_kind(TOKEN, **options) as client:
            result = getattr(client, name)(*args, **kwargs)
            return await anext(result.pages(), None) if isinstance(result, AsyncPager) else await result

    return asyncio.run(run())


def arguments(operation: Operation, wire: dict[str, Any]) -> dict[str, Any]:
    """Wire names and values as the arguments of a method."""
    return {
        parameter.python_name: datetime.fromisoformat(value) if parameter.schema.is_timestamp else value
        for name, value in wire.items()
        for parameter in [operation.parameter(name)]
    }


def assert_sent(operation: Operation, request: httpx.Request, wire: dict[str, Any]) -> None:
    """Each argument is where the spec has it, and nothing else is sent."""

    def at(place: str) -> dict[str, Any]:
        return {p.name: wire[p.name] for p in operation.parameters if p.place == place and p.name in wire}

    def text(value: Any) -> str:
        return value if isinstance(value, str) else json.dumps(value)

    assert (request.method, request.url.host) == (operation.method, "energy.example")
    assert request.url.path == f"/base{operation.path.format(**at('path'))}"
    listed = {name: value if isinstance(value, list) else [value] for name, value in at("query").items()}
    assert {name: request.url.params.get_list(name) for name in request.url.params} == {
        name: [text(one) for one in values] for name, values in listed.items()
    }
    assert {name: request.headers[name] for name in at("header")} == {n: text(v) for n, v in at("header").items()}
    if operation.body is None:
        assert request.content == b""
    else:
        assert json.loads(request.content) == at("body")


def plain(result: Any) -> Any:
    """What a method returned, as JSON."""
    return [item.to_dict() for item in result] if isinstance(result, list) else result and result.to_dict()


def call_with_examples(asynchronous: bool, operation: Operation, handler: Handler) -> Any:
    kwargs = arguments(operation, next(wire_arguments(operation)))
    return call(asynchronous, operation.api.name, operation.method_name, handler, **kwargs)


def answer(status: int, content: Any = None, **headers: str) -> Handler:
    """A server that always gives this answer: text or bytes as they are, anything else as JSON."""
    raw = content if isinstance(content, str | bytes) else json.dumps(content)
    return lambda request: httpx.Response(status, content=b"" if content is None else raw, headers=headers)


# --- every operation -------------------------------------------------------------------------------------------------


def test_the_specs_have_20_operations() -> None:
    assert [len(spec.api(api).operations) for api in spec.APIS] == [15, 5]


@pytest.mark.parametrize("api", spec.APIS)
def test_a_client_has_one_method_per_operation(api: str) -> None:
    names = {snake(operation_id) for operation_id in spec.api(api).operations}
    for kind, base in zip(CLIENTS[api], (Client, AsyncClient), strict=True):
        assert {name for name in dir(base) if not name.startswith("_")} == CLIENT_NAMES - {"api"}
        assert {name for name in dir(kind) if not name.startswith("_")} == names | CLIENT_NAMES


@EVERY_OPERATION
def test_names_in_python_are_those_of_the_wire_in_snake_case(operation: Operation) -> None:
    assert operation.method_name == snake(operation.id)
    assert [p.python_name for p in operation.parameters] == [snake(p.name) for p in operation.parameters]


@BOTH
@EVERY_OPERATION
def test_request_and_answer_are_those_of_the_examples(operation: Operation, asynchronous: bool) -> None:
    for wire in wire_arguments(operation):
        for status, schema, example in successes(operation):
            seen: list[httpx.Request] = []

            def serve(request: httpx.Request, status: int = status, example: Any = example) -> httpx.Response:
                seen.append(request)  # noqa: B023 (called before the next turn)
                return answer(status, example)(request)

            kwargs = arguments(operation, wire)
            result = call(asynchronous, operation.api.name, operation.method_name, serve, **kwargs)

            (request,) = seen
            assert_sent(operation, request, wire)
            assert request.headers["Authorization"] == f"Bearer {TOKEN}"
            assert request.headers["Content-Type"] == request.headers["Accept"] == "application/json"
            assert plain(result) == example
            if schema is not None:
                item, model = (result[0], schema.items) if schema.items else (result, schema)
                assert model
                assert type(item) is getattr(MODELS[operation.api.name], model.component)


@EVERY_OPERATION
def test_what_is_not_given_is_not_sent(operation: Operation) -> None:
    wire = {n: v for n, v in next(wire_arguments(operation)).items() if operation.parameter(n).required}
    left_out = {p.python_name: None for p in operation.parameters if not p.required and not p.schema.nullable}
    status, _, example = next(successes(operation))
    for kwargs in (arguments(operation, wire), {**left_out, **arguments(operation, wire)}):
        seen: list[httpx.Request] = []

        def serve(request: httpx.Request, seen: list[httpx.Request] = seen) -> httpx.Response:
            seen.append(request)
            return answer(status, example)(request)

        call(False, operation.api.name, operation.method_name, serve, **kwargs)
        assert_sent(operation, seen[0], wire)


@EVERY_OPERATION
def test_signatures_follow_the_spec_and_are_the_same_for_both_clients(operation: Operation) -> None:
    api = operation.api.name
    method, async_method = (getattr(kind, operation.method_name) for kind in CLIENTS[api])
    pages = operation.pagination is not None
    assert inspect.iscoroutinefunction(async_method) != pages
    assert not inspect.iscoroutinefunction(method)
    signature = str(inspect.signature(method))
    assert signature.replace("-> 'Pager[", "-> 'AsyncPager[") == str(inspect.signature(async_method))
    assert ("-> 'Pager[" in signature) == pages
    assert method.__doc__ == async_method.__doc__

    _, *parameters, options = inspect.signature(method).parameters.values()
    assert (options.name, options.kind, options.default) == ("options", options.KEYWORD_ONLY, None)
    named = {parameter.python_name: parameter for parameter in operation.parameters}
    assert {p.name for p in parameters} == named.keys()
    assert {p.name for p in parameters if p.default is p.empty} == {n for n, p in named.items() if p.required}
    for parameter in parameters:
        if parameter.default is not parameter.empty:
            assert parameter.default is (UNSET if named[parameter.name].schema.nullable else None)
    in_path = {name for name, parameter in named.items() if parameter.place == "path"}
    assert {p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD} == in_path

    words = " ".join(method.__doc__.split())
    assert ("The server decides whether rows at the ends of the range are included" in words) == (
        operation.date_range is not None
    )
    for response in operation.responses.values():
        assert (" ".join(response.description.split()) in words) == (response.promised or not response.succeeded)
    hints = get_type_hints(method, localns=vars(MODELS[api]))
    for name, argument in named.items():
        description = " ".join(argument.description.split())
        for other in named.values():  # called by its name in Python
            description = description.replace(f"`{other.name}`", f"`{other.python_name}`")
        assert f"{name}: {description}" in words
        annotation = str(inspect.signature(method).parameters[name].annotation)
        assert argument.schema.is_timestamp == ("datetime.date | str" in annotation)
        if argument.schema.is_timestamp:
            assert (
                f"{description} A date, a datetime or ISO 8601 text; in `time_zone`, unless it has an offset" in words
            )
        if argument.schema.enum:
            hint = hints[name]
            (literal,) = (part for part in (hint, *get_args(hint)) if get_origin(part) is Literal)
            assert set(get_args(literal)) == set(argument.schema.enum)


@EVERY_OPERATION
def test_only_a_documented_204_returns_none(operation: Operation) -> None:
    method = getattr(CLIENTS[operation.api.name][0], operation.method_name)
    hint = get_type_hints(method, localns=vars(MODELS[operation.api.name]))["return"]
    expected = operation.nothing is not None and operation.pagination is None
    assert (NoneType in (hint, *get_args(hint))) == expected


UNKNOWN = [
    pytest.param(404, None, id="404"),
    pytest.param(204, None, id="204"),
    pytest.param(200, {}, id="an empty object"),
    pytest.param(200, b"null", id="null"),
    pytest.param(200, [], id="an empty array"),
]


@BOTH
@pytest.mark.parametrize(("status", "content"), UNKNOWN)
def test_an_unknown_id_is_an_error_in_whatever_way_the_server_says_it(
    asynchronous: bool, status: int, content: Any
) -> None:
    with pytest.raises(NotFoundError) as caught:
        call(asynchronous, "neu", "get_service", answer(status, content), 282)
    assert (caught.value.status, caught.value.documented) == (status, True)


@BOTH
@pytest.mark.parametrize(("name", "arguments"), [("list_accounts", ()), ("get_account", (41,)), ("list_bills", ())])
def test_no_content_is_a_list_without_elements(asynchronous: bool, name: str, arguments: tuple[int, ...]) -> None:
    assert call(asynchronous, "neu", name, answer(204), *arguments) in ([], None)
    assert call(asynchronous, "neu", name, answer(200, []), *arguments) in ([], None)


def test_where_an_id_is_known_an_empty_object_breaks_the_contract() -> None:
    with pytest.raises(ContractError):
        call(False, "apportionments", "get_apportionment", answer(200, {}), 17)


def placed(place: str) -> type[neu.Neu]:
    """A client of a spec whose queryConsumption has all arguments in one place, but one that is in the path."""
    document = spec.api("neu").copy()
    path, method, item, node = next(
        each for each in operation_nodes(document) if each[3]["operationId"] == "queryConsumption"
    )
    properties = {p.name: p.schema.json for p in spec.api("neu").operations["queryConsumption"].parameters}
    properties["Dated"] = {"type": "array", "items": {"type": "string", "format": "date-time"}}
    node.pop("requestBody", None)
    node["parameters"] = [
        {"name": name, "in": place, "required": name in ("From", "To"), "schema": schema}
        for name, schema in properties.items()
        if place != "body" and name != "Interval"
    ]
    node["parameters"].append({"name": "Interval", "in": "path", "required": True, "schema": properties["Interval"]})
    if place == "body":
        schema = {"type": "object", "properties": {n: s for n, s in properties.items() if n != "Interval"}}
        node["requestBody"] = {"content": {"application/json": {"schema": schema}}}
    del document["paths"][path], item[method]
    document["paths"]["/of/{Interval}/moved"] = {"put": node}
    moved = spec.Api("neu", document)

    class Moved(neu.Neu):
        @property
        def _spec(self) -> spec.Api:
            return moved

    return Moved


@pytest.mark.parametrize("place", ["body", "query", "header"])
def test_an_argument_is_sent_where_the_spec_has_it(place: str) -> None:
    seen: list[httpx.Request] = []

    def serve(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=[])

    kind = placed(place)
    with kind(TOKEN, BASE_URL, transport=httpx.MockTransport(serve)) as client:
        year: Any = {"from_": "2021-01-01", "to": "2022-01-01"}
        client.query_consumption(interval="DAILY", id_services=[282, 283], **year)
        (found,) = seen
        assert (found.method, found.url.path) == ("PUT", "/base/of/DAILY/moved")
        texts = {"From": "2021-01-01T00:00:00", "To": "2022-01-01T00:00:00"}
        if place == "body":
            assert json.loads(found.content) == texts | {"Id_services": [282, 283]}
            assert found.url.query == b""
        else:
            assert found.content == b""
        if place == "query":
            services = [("Id_services", "282"), ("Id_services", "283")]
            assert sorted(found.url.params.multi_items()) == [*list(texts.items())[:1], *services, ("To", texts["To"])]
        if place == "header":
            assert found.url.query == b""
            assert {name: found.headers[name] for name in ("From", "To", "Id_services")} == texts | {
                "Id_services": "282,283"
            }
        # What it checks before it sends is in no place.
        with pytest.raises(ValueError, match=r"to .* is before from_"):
            client.query_consumption(interval="DAILY", from_=year["to"], to=year["from_"])
        # No services are not all services: a text can say that there are none in a body only.
        if place == "body":
            client.query_consumption(interval="DAILY", id_services=[], **year)
            assert json.loads(seen.pop().content)["Id_services"] == []
        else:
            with pytest.raises(ValueError, match="id_services must not be empty"):
                client.query_consumption(interval="DAILY", id_services=[], **year)
        windows = list(client.windows(client.query_consumption, interval="MONTHLY", **year))
        assert len(windows) == 12
        assert {request.url.path for request in seen[1:]} == {"/base/of/MONTHLY/moved"}


@pytest.mark.parametrize(("given", "sent"), [(None, {"id": None}), (UNSET, {}), (41, {"id": 41})])
def test_an_argument_that_may_be_null_is_left_out_by_unset(given: Any, sent: dict[str, Any]) -> None:
    """No API has an optional argument that may be null, so this one is made to."""
    document = spec.api("neu").copy()
    (node,) = (node for *_, node in operation_nodes(document) if node["operationId"] == "listServices")
    schema = {"type": "object", "properties": {"id": {"type": ["integer", "null"]}}}
    node.update(parameters=[], requestBody={"content": {JSON: {"schema": schema}}})
    changed = Call(spec.Api("neu", document).operations["listServices"], {"id": given}, None, {})
    request = changed.build(Defaults(httpx.URL(f"{BASE_URL}/"), httpx.Headers(), {}))
    assert json.loads(request.content) == sent


# --- errors ----------------------------------------------------------------------------------------------------------


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
    kinds = {"401": AuthenticationError, "422": ValidationError, "4XX": ResponseError}
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
            call(False, "apportionments", "list_apportionments", answer(422, body))
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
        call(asynchronous, "neu", method, answer(200, content, **{"Content-Type": "text/html; charset=hex"}))
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
        (bill,) = call(False, "neu", "list_overdue_bills", answer(200, OVERDUE % text))
        assert bill.days == 12
    page = call(False, "neu", "list_notifications", answer(200, PAGE % ("2.0", "[]")))
    assert (page.next_page, type(page.next_page)) == (2, int)
    with pytest.raises(ContractError, match="NaN"):
        call(False, "neu", "list_notifications", answer(200, PAGE % ("2.0", "[NaN]")))


def test_an_html_error_page_is_kept_as_text() -> None:
    with pytest.raises(ServerError, match="Bad gateway") as caught:
        call(False, "neu", "list_services", answer(502, "<h1>Bad gateway</h1>"))
    assert caught.value.body == "<h1>Bad gateway</h1>"


@pytest.mark.parametrize("kind", [httpx.ConnectError, httpx.ReadTimeout, httpx.ReadError, httpx.DecodingError])
@BOTH
def test_no_answer_is_a_transport_error(kind: type[httpx.RequestError], asynchronous: bool) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise kind("the line is dead", request=request)

    operation = spec.api("neu").operations["listServices"]
    message = f"{operation.method} {BASE_URL}{operation.path} .*{kind.__name__}: the line is dead"
    with pytest.raises(TransportError, match=message) as caught:
        call(asynchronous, "neu", "list_services", fail)
    assert isinstance(caught.value.__cause__, kind)


@pytest.mark.parametrize("status", [200, 401, 404, 422, 500])
def test_an_error_survives_pickling(status: int) -> None:
    with pytest.raises(ResponseError) as caught:
        call(False, "neu", "list_services", answer(status, "no JSON"))
    again = pickle.loads(pickle.dumps(caught.value))
    assert (type(again), str(again), again.headers) == (type(caught.value), str(caught.value), caught.value.headers)


# --- the token -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 401, 404, 422, 500, None])
@BOTH
def test_the_token_is_never_shown(status: int | None, asynchronous: bool, caplog: pytest.LogCaptureFixture) -> None:
    def echo(request: httpx.Request) -> httpx.Response:
        if status is None:
            raise httpx.ConnectError("refused", request=request)
        return httpx.Response(status, text=f"got {request.headers['Authorization']}")

    with caplog.at_level(logging.DEBUG), pytest.raises(ContratoError) as caught:
        call(asynchronous, "neu", "list_services", echo)
    error = caught.value
    shown = [str(error), repr(error), repr(vars(error)), *traceback.format_exception(error), caplog.text]
    assert TOKEN not in "".join(shown)
    assert spec.api("neu").operations["listServices"].path in str(error)


@BOTH
def test_a_client_does_not_show_its_token(asynchronous: bool) -> None:
    client = CLIENTS["neu"][asynchronous](TOKEN, BASE_URL)
    assert repr(client) == f"{'AsyncNeu' if asynchronous else 'Neu'}(base_url='{BASE_URL}/')"
    assert TOKEN not in repr(vars(client)) + repr(client._defaults)


@pytest.mark.parametrize("token", ["", f"{TOKEN}\n", f"Bearer {TOKEN}", f"{TOKEN}\u00e9"])
@BOTH
def test_an_unusable_token_is_refused_without_quoting_it(token: str, asynchronous: bool) -> None:
    with pytest.raises(ValueError, match=r"pass token=\.\.\. or set NEU_TOKEN") as caught:
        CLIENTS["neu"][asynchronous](token, BASE_URL)
    assert TOKEN not in "".join(traceback.format_exception(caught.value))


# --- settings --------------------------------------------------------------------------------------------------------


def bearer(client: Client | AsyncClient) -> str:
    """What a client sends as Authorization."""
    return client._defaults.headers["Authorization"]


@pytest.mark.parametrize("api", spec.APIS)
@BOTH
def test_token_and_base_url_come_from_the_environment(
    api: str, asynchronous: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = CLIENTS[api][asynchronous]
    prefix = api.upper()
    monkeypatch.delenv(f"{prefix}_TOKEN", raising=False)
    monkeypatch.delenv(f"{prefix}_BASE_URL", raising=False)
    with pytest.raises(ValueError, match=f"{prefix}_TOKEN"):
        kind()
    monkeypatch.setenv(f"{prefix}_TOKEN", TOKEN)
    assert kind().base_url == f"{spec.api(api).server_url.rstrip('/')}/"
    monkeypatch.setenv(f"{prefix}_BASE_URL", BASE_URL)
    assert kind().base_url == f"{BASE_URL}/"
    assert bearer(kind()) == f"Bearer {TOKEN}"
    given = kind("given", "https://given.example")
    assert (bearer(given), given.base_url) == ("Bearer given", "https://given.example/")


@pytest.mark.parametrize(
    "base_url", ["localhost:8000", "ftp://h", "https://", "/neu", "https://u:p@h/", "https://h/?a=1", "https://h/#a"]
)
def test_an_unusable_base_url_is_refused(base_url: str) -> None:
    with pytest.raises(ValueError, match=r"pass base_url=\.\.\. or set NEU_BASE_URL"):
        neu.Neu(TOKEN, base_url)


def test_the_default_timeout_is_finite_and_can_be_set() -> None:
    seen: list[dict[str, float | None]] = []

    def serve(request: httpx.Request) -> httpx.Response:
        seen.append(request.extensions["timeout"])
        return httpx.Response(200, json=[])

    transport = httpx.MockTransport(serve)
    neu.Neu(TOKEN, BASE_URL, transport=transport).list_services()
    client = neu.Neu(TOKEN, BASE_URL, transport=transport, timeout=3.0)
    client.list_services()
    client.list_services(options={"timeout": 4.0})
    default, chosen, of_call = seen
    assert all(seconds is not None and 0 < seconds <= 60 for seconds in default.values())
    assert (set(chosen.values()), set(of_call.values())) == ({3.0}, {4.0})


@pytest.mark.parametrize("value", ["", ".", "..", "a/b?c"])
def test_a_path_parameter_cannot_lead_elsewhere(value: str) -> None:
    """No API has a path parameter that is a string, so this one is made to."""

    document = spec.api("neu").copy()
    (node,) = (node for *_, node in operation_nodes(document) if node["operationId"] == "getService")
    (parameter,) = node["parameters"]
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


@BOTH
def test_a_closed_client_sends_nothing(asynchronous: bool) -> None:
    transport = httpx.MockTransport(answer(200, []))
    if not asynchronous:
        with neu.Neu(TOKEN, BASE_URL, transport=transport) as client:
            assert client.list_services() == []
        with pytest.raises(RuntimeError, match="closed"):
            client.list_services()
        return

    async def run() -> None:
        async with neu.AsyncNeu(TOKEN, BASE_URL, transport=transport) as client:
            assert await client.list_services() == []
        with pytest.raises(RuntimeError, match="closed"):
            await client.list_services()

    asyncio.run(run())


# --- models and specs ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("api", spec.APIS)
def test_there_is_a_model_for_all_that_a_success_is_made_of_and_no_other(api: str) -> None:
    components = {
        schema.component: schema
        for operation in spec.api(api).operations.values()
        for response in operation.responses.values()
        if response.succeeded and response.schema is not None
        for _, schema in response.schema.places()
        if schema.properties
    }
    models = {
        name: kind
        for name, kind in vars(MODELS[api]).items()
        if isinstance(kind, type) and issubclass(kind, Model) and kind is not Model
    }
    assert models.keys() == components.keys()
    for name, model in models.items():
        names = {wire: snake(wire) + "_" * (wire == "type") for wire in components[name].properties}
        assert {field.metadata["wire"]: field.name for field in attrs.fields(model)} == names


def test_unknown_fields_are_tolerated_and_in_the_captured_response() -> None:
    bill = {"id_bill": "9", "due_date": "2021-06-18T00:00:00", "days": 12, "new": {"a": 1}}
    with capture() as responses:
        (model,) = call(False, "neu", "list_overdue_bills", answer(200, [bill]))
    assert model.to_dict() == {name: value for name, value in bill.items() if name != "new"}
    assert responses[0].json() == [bill]


def test_unset_stays_itself() -> None:
    assert copy.deepcopy(UNSET) is pickle.loads(pickle.dumps(UNSET)) is UNSET
    assert not UNSET
    assert repr(UNSET) == "UNSET"


def test_an_unknown_api_is_refused() -> None:
    with pytest.raises(ValueError, match="choose from neu, apportionments"):
        spec.api("nue")
