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
from dataclasses import dataclass
from datetime import datetime
from types import NoneType
from typing import Any, ClassVar, Literal, get_args, get_origin, get_type_hints

import httpx
import msgspec
import pytest

from contrato import apportionments, neu
from contrato.core import spec
from contrato.core.client import AsyncClient, Client, capture
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
from contrato.core.pages import AsyncPager, Pager
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
    """The rule of issue 2, written anew: wire names in snake_case."""
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", wire).strip("_").lower()
    return f"{name}_" if keyword.iskeyword(name) else name


@dataclass(frozen=True)
class Operation:
    """An operation of a spec, its references followed."""

    api: str
    path: str
    method: str
    data: dict[str, Any]

    @property
    def name(self) -> str:
        return snake(self.data["operationId"])

    @property
    def body(self) -> dict[str, Any] | None:
        return self.data["requestBody"]["content"]["application/json"] if "requestBody" in self.data else None

    def successes(self) -> Iterator[tuple[int, Any, Any]]:
        """Status, schema and example of each documented success; None for no body."""
        for status, response in self.data["responses"].items():
            if status.startswith("2"):
                if "content" not in response:
                    yield int(status), None, None
                    continue
                content = response["content"]["application/json"]
                for example in content["examples"].values():
                    yield int(status), content["schema"], example["value"]

    def wire(self) -> Iterator[tuple[dict[str, Any], Any]]:
        """Values of all parameters by wire name, and a body, as the examples have them."""
        parameters = {parameter["name"]: parameter["example"] for parameter in self.data["parameters"]}
        for example in self.body["examples"].values() if self.body else [{"value": None}]:
            yield parameters, example["value"]

    def required(self) -> set[str]:
        names = {parameter["name"] for parameter in self.data["parameters"] if parameter.get("required")}
        return names | set(self.body["schema"].get("required", []) if self.body else [])

    def documents(self, status: int) -> bool:
        return not {str(status), f"{status // 100}XX", "default"}.isdisjoint(self.data["responses"])


def operations(api: str) -> Iterator[Operation]:
    document = spec.load(api)

    def follow(node: Any) -> Any:
        if isinstance(node, list):
            return [follow(item) for item in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            target: Any = document
            for key in node["$ref"].removeprefix("#/").split("/"):
                target = target[key]
            name = node["$ref"].rsplit("/", 1)[1]
            return follow(target) | {"x-name": name} | {k: v for k, v in node.items() if k != "$ref"}
        return {key: follow(value) for key, value in node.items()}

    for path, item in document["paths"].items():
        for method in item.keys() & {"get", "post", "put", "delete", "patch"}:
            data = follow(item[method])
            data["parameters"] = [*follow(item.get("parameters", [])), *data.get("parameters", [])]
            yield Operation(api, path, method, data)


OPERATIONS = sorted((operation for api in spec.APIS for operation in operations(api)), key=lambda op: (op.api, op.name))
EVERY_OPERATION = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda op: f"{op.api}.{op.name}")
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


def arguments(wire: dict[str, Any]) -> dict[str, Any]:
    """Wire names and values as the arguments of a method."""
    timestamp = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+")
    return {
        snake(name): datetime.fromisoformat(value) if isinstance(value, str) and timestamp.fullmatch(value) else value
        for name, value in wire.items()
    }


def call_with_examples(asynchronous: bool, operation: Operation, handler: Handler) -> Any:
    parameters, body = next(operation.wire())
    return call(asynchronous, operation.api, operation.name, handler, **arguments({**parameters, **(body or {})}))


def answer(status: int, content: Any = None, **headers: str) -> Handler:
    """A server that always gives this answer: text or bytes as they are, anything else as JSON."""
    raw = content if isinstance(content, str | bytes) else json.dumps(content)
    return lambda request: httpx.Response(status, content=b"" if content is None else raw, headers=headers)


# --- every operation -------------------------------------------------------------------------------------------------


def test_the_specs_have_20_operations() -> None:
    assert [sum(op.api == api for op in OPERATIONS) for api in spec.APIS] == [15, 5]


@pytest.mark.parametrize("api", spec.APIS)
def test_a_client_has_one_method_per_operation(api: str) -> None:
    expected = {op.name for op in OPERATIONS if op.api == api} | {"api", "operations", "time_zone", "windows", "close"}
    for kind in CLIENTS[api]:
        assert {name for name in dir(kind) if not name.startswith("_")} == expected


@BOTH
@EVERY_OPERATION
def test_request_and_answer_are_those_of_the_examples(operation: Operation, asynchronous: bool) -> None:
    places = {parameter["name"]: parameter["in"] for parameter in operation.data["parameters"]}
    for parameters, body in operation.wire():
        for status, schema, example in operation.successes():
            seen: list[httpx.Request] = []

            def serve(request: httpx.Request, status: int = status, example: Any = example) -> httpx.Response:
                seen.append(request)  # noqa: B023 (called before the next turn)
                return answer(status, example)(request)

            kwargs = arguments({**parameters, **(body or {})})
            result = call(asynchronous, operation.api, operation.name, serve, **kwargs)

            (request,) = seen
            path = operation.path.format(**parameters)
            assert (request.method, request.url.host) == (operation.method.upper(), "energy.example")
            assert request.url.path == f"/base{path}"
            assert dict(request.url.params.multi_items()) == {
                name: str(value) for name, value in parameters.items() if places[name] == "query"
            }
            assert request.headers["Authorization"] == f"Bearer {TOKEN}"
            assert request.headers["Content-Type"] == request.headers["Accept"] == "application/json"
            assert request.content == b"" if body is None else json.loads(request.content) == body

            if schema is None:
                assert result is None
            else:
                assert msgspec.to_builtins(result) == example
                item, model = (result[0], schema["items"]) if isinstance(result, list) else (result, schema)
                assert type(item) is getattr(MODELS[operation.api], model["x-name"])


@EVERY_OPERATION
def test_what_is_not_given_is_not_sent(operation: Operation) -> None:
    parameters, body = next(operation.wire())
    wire = {name: value for name, value in {**parameters, **(body or {})}.items() if name in operation.required()}

    def serve(request: httpx.Request) -> httpx.Response:
        assert request.url.query == b""
        sent = json.loads(request.content) if request.content else {}
        assert set(sent) == set(operation.body["schema"].get("required", []) if operation.body else [])
        assert bool(request.content) == (operation.body is not None)
        status, _, example = next(operation.successes())
        return answer(status, example)(request)

    call(False, operation.api, operation.name, serve, **arguments(wire))


@EVERY_OPERATION
def test_signatures_follow_the_spec_and_are_the_same_for_both_clients(operation: Operation) -> None:
    method, async_method = (getattr(kind, operation.name) for kind in CLIENTS[operation.api])
    pages = "x-pagination" in operation.data
    assert inspect.iscoroutinefunction(async_method) != pages
    assert not inspect.iscoroutinefunction(method)
    signature = str(inspect.signature(method))
    assert signature.replace("-> 'Pager[", "-> 'AsyncPager[") == str(inspect.signature(async_method))
    assert ("-> 'Pager[" in signature) == pages
    assert method.__doc__ == async_method.__doc__

    _, *parameters, options = inspect.signature(method).parameters.values()
    assert (options.name, options.kind, options.default) == ("options", options.KEYWORD_ONLY, None)
    schemas = {p["name"]: p["schema"] | {"description": p["description"]} for p in operation.data["parameters"]}
    schemas |= operation.body["schema"]["properties"] if operation.body else {}
    in_path = {snake(p["name"]) for p in operation.data["parameters"] if p["in"] == "path"}
    assert {p.name for p in parameters} == {snake(name) for name in schemas}
    assert {p.name for p in parameters if p.default is p.empty} == {snake(name) for name in operation.required()}
    assert all(p.default is UNSET for p in parameters if p.default is not p.empty)
    assert {p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD} == in_path

    words = " ".join(method.__doc__.split())
    assert ("Which rows at the ends of the range belong to it is up to the server" in words) == (
        "x-date-range" in operation.data
    )
    for response in operation.data["responses"].values():
        assert " ".join(response["description"].split()) in words
    hints = get_type_hints(method, localns=vars(MODELS[operation.api]))
    for name, schema in schemas.items():
        description = " ".join(schema["description"].split())
        for other in schemas:  # called by its name in Python
            description = description.replace(f"`{other}`", f"`{snake(other)}`")
        assert f"{snake(name)}: {description}" in words
        is_moment = CLIENTS[operation.api][0].operations[operation.name]["arguments"][snake(name)][2] is datetime
        assert is_moment == ("datetime.date | str" in str(inspect.signature(method).parameters[snake(name)].annotation))
        if is_moment:
            assert f"{description} A date, a datetime or ISO 8601 text; without an offset it is meant in" in words
        if "enum" in schema:
            hint = hints[snake(name)]
            (literal,) = (part for part in (hint, *get_args(hint)) if get_origin(part) is Literal)
            assert set(get_args(literal)) == set(schema["enum"])


@EVERY_OPERATION
def test_only_a_documented_204_returns_none(operation: Operation) -> None:
    method = getattr(CLIENTS[operation.api][0], operation.name)
    hint = get_type_hints(method, localns=vars(MODELS[operation.api]))["return"]
    expected = "204" in operation.data["responses"] and "x-pagination" not in operation.data
    assert (NoneType in (hint, *get_args(hint))) == expected


# --- errors ----------------------------------------------------------------------------------------------------------


@BOTH
@EVERY_OPERATION
def test_an_undocumented_status_is_an_error(operation: Operation, asynchronous: bool) -> None:
    kinds = {404: NotFoundError, 429: RateLimitError, 500: ServerError, 502: ServerError, 520: ServerError}
    for status in (200, 201, 202, 204, 299, 302, 404, 410, 429, 500, 502, 520, 999):
        if operation.documents(status):
            continue
        with pytest.raises(kinds.get(status, UndocumentedStatusError)) as caught:
            call_with_examples(asynchronous, operation, answer(status, {"note": "?"}))
        assert (caught.value.status, caught.value.documented) == (status, False)
        assert f"answered {status} (a status that the spec does not document)" in str(caught.value)


@EVERY_OPERATION
def test_a_documented_error_is_typed(operation: Operation) -> None:
    kinds = {"401": AuthenticationError, "422": ValidationError, "4XX": ResponseError}
    for pattern in operation.data["responses"]:
        if not pattern.startswith("2"):
            status = int(pattern.replace("XX", "18"))
            with pytest.raises(ResponseError) as caught:
                call_with_examples(False, operation, answer(status, {"name": ["Já existe."]}, Via="1.1 edge"))
            error = caught.value
            assert type(error) is kinds[pattern]
            assert (error.status, error.body) == (status, {"name": ["Já existe."]})
            assert error.headers["via"] == "1.1 edge"
            assert error.method == operation.method.upper()
            assert error.url.startswith(BASE_URL)
            assert error.operation == operation.data["operationId"]
            assert "Já existe." in str(error)


def test_422_carries_the_messages_of_each_field() -> None:
    examples = next(op for op in OPERATIONS if op.name == "list_apportionments").data["responses"]["422"]["content"]
    (example,) = examples["application/json"]["examples"].values()
    for body, errors in ((example["value"], example["value"]), ({"detail": "no"}, {}), ("<h1>", {}), ([1], {})):
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
        ("list_services", '[{"new": ' * 100_000, "$", "JSON", "JSON that is nested too deep"),
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
        ("list_overdue_bills", OVERDUE % "1e999", "$[0].days", "a number that fits into 64 bits", "Infinity"),
        # Names of the wire, not of attributes.
        ("list_notifications", "[]", "$", "object", "array"),
        ("list_notifications", PAGE % ('"2"', "[]"), "$.nextPage", "integer or null", '"2"'),
        ("list_notifications", PAGE % ("null", "null"), "$.data", "array", "null"),
        ("list_notifications", PAGE % ("null", "[7]"), "$.data[0]", "object", "7"),
        ("list_pqrs", PQR % '"yesterday"', "$[0].date", "date and time of ISO 8601", '"yesterday"'),
        ("list_pqrs", PQR % "1617235200", "$[0].date", "date and time of ISO 8601", "1617235200"),
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
    (operation,) = (op for op in OPERATIONS if op.name == method)
    assert str(error) == (
        f"{operation.data['operationId']}: {operation.method.upper()} {BASE_URL}{operation.path} answered 200, "
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

    with pytest.raises(TransportError, match=f"GET {BASE_URL}/services .*{kind.__name__}: the line is dead") as caught:
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
    assert "/services" in str(error)


@BOTH
def test_a_client_does_not_show_its_token(asynchronous: bool) -> None:
    client = CLIENTS["neu"][asynchronous](TOKEN, BASE_URL)
    assert repr(client) == f"{'AsyncNeu' if asynchronous else 'Neu'}(base_url='{BASE_URL}/')"
    assert TOKEN not in repr(vars(client)) + repr(client._http.headers)


@pytest.mark.parametrize("token", ["", f"{TOKEN}\n", f"Bearer {TOKEN}", f"{TOKEN}\u00e9"])
@BOTH
def test_an_unusable_token_is_refused_without_quoting_it(token: str, asynchronous: bool) -> None:
    with pytest.raises(ValueError, match=r"pass token=\.\.\. or set NEU_TOKEN") as caught:
        CLIENTS["neu"][asynchronous](token, BASE_URL)
    assert TOKEN not in "".join(traceback.format_exception(caught.value))


# --- settings --------------------------------------------------------------------------------------------------------


def bearer(client: Client | AsyncClient) -> str:
    """What a client sends as Authorization."""
    flow = client._auth.auth_flow(httpx.Request("GET", BASE_URL))
    return next(flow).headers["Authorization"]


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
    assert str(kind()._http.base_url).rstrip("/") == spec.server_url(api).rstrip("/")
    monkeypatch.setenv(f"{prefix}_BASE_URL", BASE_URL)
    assert kind()._http.base_url == httpx.URL(f"{BASE_URL}/")
    assert bearer(kind()) == f"Bearer {TOKEN}"
    given = kind("given", "https://given.example")
    assert (bearer(given), given._http.base_url.host) == ("Bearer given", "given.example")


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

    class Texts(neu.Neu):
        operations: ClassVar = {
            "get_service": {**neu.Neu.operations["get_service"], "arguments": {"id": ("path", "id", str)}}
        }

    seen: list[bytes] = []

    def serve(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.raw_path)
        return httpx.Response(404)

    with pytest.raises(NotFoundError if "/" in value else ValueError, match=r"a%2Fb%3Fc|id must not be"):
        Texts(TOKEN, BASE_URL, transport=httpx.MockTransport(serve)).get_service(value)  # type: ignore[arg-type]
    assert seen == ([b"/base/services/a%2Fb%3Fc"] if "/" in value else [])


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
def test_models_are_named_like_the_components(api: str) -> None:
    schemas = spec.load(api)["components"]["schemas"]
    for name in (name for name, schema in schemas.items() if schema.get("type") == "object"):
        if not hasattr(MODELS[api], name):
            continue
        attributes = set(getattr(MODELS[api], name).__struct_fields__)
        assert attributes == {snake(wire) + "_" * (wire == "type") for wire in schemas[name].get("properties", {})}


@pytest.mark.parametrize("api", spec.APIS)
def test_there_is_a_model_for_all_that_a_success_is_made_of_and_no_other(api: str) -> None:
    document = spec.load(api)
    schemas = document["components"]["schemas"]
    reached: set[str] = set()

    def reach(node: Any) -> None:
        for name in re.findall(r"#/components/schemas/(\w+)", json.dumps(node)):
            if name not in reached:
                reached.add(name)
                reach(schemas[name])

    for operation in (op for op in OPERATIONS if op.api == api):
        raw = document["paths"][operation.path][operation.method]["responses"]
        reach([response["content"] for status, response in raw.items() if status[0] == "2" and "content" in response])
    models = {name for name, kind in vars(MODELS[api]).items() if isinstance(kind, type) and name[0].isupper()}
    assert models - {"Unset"} == {name for name in reached if schemas[name].get("type") == "object"}


def test_unknown_fields_are_tolerated_and_in_the_captured_response() -> None:
    bill = {"id_bill": "9", "due_date": "2021-06-18T00:00:00", "days": 12, "new": {"a": 1}}
    with capture() as responses:
        (model,) = call(False, "neu", "list_overdue_bills", answer(200, [bill]))
    assert msgspec.to_builtins(model) == {name: value for name, value in bill.items() if name != "new"}
    assert responses[0].json() == [bill]


def test_unset_stays_itself() -> None:
    assert copy.deepcopy(UNSET) is pickle.loads(pickle.dumps(UNSET)) is UNSET
    assert not UNSET
    assert repr(UNSET) == "UNSET"


def test_an_unknown_api_is_refused() -> None:
    with pytest.raises(ValueError, match="choose from neu, apportionments"):
        spec.load("nue")
