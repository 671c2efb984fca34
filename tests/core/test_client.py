"""The generated clients: every operation against the examples of the spec, and the life of a client."""

import asyncio
import copy
import gc
import inspect
import json
import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import httpx
import pytest

from clients import (
    BASE_URL,
    BOGOTA,
    BOTH,
    CLIENTS,
    EVERY_OPERATION,
    LIST_SERVICES,
    MODELS,
    SERVICES,
    TOKEN,
    answer,
    call,
    call_method,
    http,
    method_arguments,
    plain,
    sent,
    server,
    serving,
    snake,
    wire_arguments,
)
from contrato import neu
from contrato.core import spec
from contrato.core.client import AsyncClient, Client
from contrato.core.document import operation_nodes
from contrato.core.errors import (
    ContractError,
    NotFoundError,
)
from contrato.core.names import CLIENT_NAMES
from contrato.core.schema import Schema
from contrato.core.spec import Operation
from contrato.core.types import UNSET


@BOTH
def test_a_cookie_is_not_sent_back(asynchronous: bool) -> None:
    with server(http("200 OK", b"[]", "Set-Cookie: a=b")) as (url, heads):

        async def twice(client: Any) -> None:
            await client.list_services()
            await client.list_services()

        if asynchronous:
            call(True, twice, base_url=url)
        else:
            call(False, lambda client: client.list_services() + client.list_services(), base_url=url)
    assert len(heads) == 2
    assert b"cookie" not in b"".join(heads).lower()


@BOTH
def test_a_pager_of_a_closed_client_says_so(asynchronous: bool) -> None:
    transport = serving(httpx.Response(200, json=[]))
    if not asynchronous:
        with neu.Neu(TOKEN, BASE_URL, transport=transport) as client:
            bills = client.list_bills()
        with pytest.raises(RuntimeError, match="this Neu is closed: make a new one"):
            list(bills)
        return

    async def run() -> None:
        async with neu.AsyncNeu(TOKEN, BASE_URL, transport=transport) as client:
            bills = client.list_bills()
        with pytest.raises(RuntimeError, match="this AsyncNeu is closed: make a new one"):
            await anext(aiter(bills))

    asyncio.run(run())


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_a_client_of_another_event_loop_says_so() -> None:
    body = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]"
    with server(body, keep=True) as (url, _):
        client = neu.AsyncNeu(TOKEN, url)
        assert asyncio.run(client.list_services()) == []
        with pytest.raises(RuntimeError, match=r"of another event loop.*make a new one in each asyncio\.run"):
            asyncio.run(client.list_services())
    # Collecting the client warns of connections that its first loop left open: here, not in another test.
    del client
    gc.collect()


@pytest.mark.parametrize("api", spec.APIS)
def test_the_time_zone_is_the_specs(api: str) -> None:
    assert CLIENTS[api][0](TOKEN).time_zone == spec.api(api).time_zone is not None
    assert CLIENTS["neu"][0](TOKEN).time_zone == BOGOTA


def test_one_client_serves_many_threads() -> None:
    def serve(request: httpx.Request) -> httpx.Response:
        number = sent("getService", request)["id"]
        return httpx.Response(200, json=SERVICES[0] | {"id_service": number})

    with neu.Neu(TOKEN, BASE_URL, transport=httpx.MockTransport(serve)) as client:
        found: dict[int, int] = {}

        def work(start: int) -> None:
            for number in range(start, start + 50):
                found[number] = client.get_service(number).id_service

        threads = [threading.Thread(target=work, args=(start,)) for start in range(0, 400, 50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == {number: number for number in range(400)}


@BOTH
def test_a_client_cannot_be_pickled_or_copied(asynchronous: bool) -> None:
    client = (neu.AsyncNeu if asynchronous else neu.Neu)(TOKEN)
    for act in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="holds connections and a token"):
            act(client)
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(client._auth)
    assert TOKEN not in repr(vars(client))


@pytest.mark.slow
def test_importing_a_client_makes_no_model_and_loads_nothing_that_can_wait() -> None:
    code = (
        "import sys, contrato.neu, contrato.apportionments; loaded = set(sys.modules); "
        "print(sorted(loaded & {'contrato.neu.models', 'contrato.apportionments.models', 'tenacity', 'asyncio', "
        "'contrato.core.spec', 'contrato.core.windows', 'importlib.metadata'})); "
        "from contrato.neu import models; import contrato.neu as n; print(n.models is models, n.models.Bill.__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\nTrue Bill\n"
    with pytest.raises(AttributeError, match="no attribute 'modells'"):
        _ = neu.modells


def test_both_clients_are_made_alike() -> None:
    public = {name for name in dir(Client) if not name.startswith("_")}
    assert public == {name for name in dir(AsyncClient) if not name.startswith("_")}


def successes(operation: Operation) -> Iterator[tuple[int, Schema | None, Any]]:
    """Status, schema and example of each documented success; None for no body."""
    for response in operation.responses.values():
        if response.promised:
            for example in response.examples.values() if response.schema else [None]:
                yield response.a_status, response.schema, example


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


def test_the_specs_have_20_operations() -> None:
    assert {api: len(spec.api(api).operations) for api in spec.APIS} == {"neu": 15, "apportionments": 5}


@pytest.mark.parametrize("api", spec.APIS)
def test_a_client_has_one_method_per_operation(api: str) -> None:
    names = {snake(operation_id) for operation_id in spec.api(api).operations}
    for kind, base in zip(CLIENTS[api], (Client, AsyncClient), strict=True):
        assert {name for name in dir(base) if not name.startswith("_")} == CLIENT_NAMES - {"api"}
        assert {name for name in dir(kind) if not name.startswith("_")} == names | CLIENT_NAMES


@EVERY_OPERATION
def test_names_in_python_are_those_of_the_wire_in_snake_case(operation: Operation) -> None:
    assert operation.method_name == snake(operation.id)
    assert [p.python_name for p in operation.parameters] == [snake(p.known_name) for p in operation.parameters]


@BOTH
@EVERY_OPERATION
def test_request_and_answer_are_those_of_the_examples(operation: Operation, asynchronous: bool) -> None:
    for wire in wire_arguments(operation):
        for status, schema, example in successes(operation):
            seen: list[httpx.Request] = []

            def serve(request: httpx.Request, status: int = status, example: Any = example) -> httpx.Response:
                seen.append(request)  # noqa: B023 (called before the next turn)
                return answer(status, example)(request)

            kwargs = method_arguments(operation, wire)
            result = call_method(asynchronous, operation.api.name, operation.method_name, serve, **kwargs)

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
    for kwargs in (method_arguments(operation, wire), {**left_out, **method_arguments(operation, wire)}):
        seen: list[httpx.Request] = []

        def serve(request: httpx.Request, seen: list[httpx.Request] = seen) -> httpx.Response:
            seen.append(request)
            return answer(status, example)(request)

        call_method(False, operation.api.name, operation.method_name, serve, **kwargs)
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
    positional = {name for name, parameter in named.items() if parameter.positional}
    assert {p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD} == positional

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
        call_method(asynchronous, "neu", "get_service", answer(status, content), 282)
    assert (caught.value.status, caught.value.documented) == (status, True)


@BOTH
@pytest.mark.parametrize(("name", "arguments"), [("list_accounts", ()), ("get_account", (41,)), ("list_bills", ())])
def test_no_content_is_a_list_without_elements(asynchronous: bool, name: str, arguments: tuple[int, ...]) -> None:
    assert call_method(asynchronous, "neu", name, answer(204), *arguments) in ([], None)
    assert call_method(asynchronous, "neu", name, answer(200, []), *arguments) in ([], None)


def test_where_an_id_is_known_an_empty_object_breaks_the_contract() -> None:
    with pytest.raises(ContractError):
        call_method(False, "apportionments", "get_apportionment", answer(200, {}), 17)


def placed(place: str) -> type[neu.Neu]:
    """A client of a spec whose queryConsumption has all arguments in one place, but one that is in the path."""
    document = spec.api("neu").copy()
    path, method, item, node = next(
        each for each in operation_nodes(document) if each[3]["operationId"] == "queryConsumption"
    )
    parameters = spec.api("neu").operations["queryConsumption"].parameters
    properties = {p.known_name: {k: v for k, v in p.schema.json.items() if k != "x-name"} for p in parameters}
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
    node.pop("x-safe", None)
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
        # Checks before sending do not depend on where the spec puts an argument.
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


WITHOUT = """if True:
    import importlib.metadata, sys, zoneinfo
    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)
    importlib.metadata.version = missing
    zoneinfo.reset_tzpath([])
    sys.modules["tzdata"] = None
    import asyncio, httpx
    from contrato import apportionments, neu
    seen = []
    def serve(request):
        seen.append(request.headers["User-Agent"])
        return httpx.Response(200, json=[])
    for kind in (neu.Neu, neu.AsyncNeu, apportionments.Apportionments, apportionments.AsyncApportionments):
        kind("t")
    client = neu.Neu("t", transport=httpx.MockTransport(serve), aware=True)
    plain = neu.Neu("t", transport=httpx.MockTransport(serve))
    print(plain.list_services(), seen)
    for call in (client.list_services, lambda: plain.list_bills(from_="2020-01-01")):
        try:
            call()
        except RuntimeError as error:
            print(error)
"""


def test_missing_data_of_time_zones_and_packages_break_no_constructor() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=True)
    hint = "this system has no data of the time zone America/Bogota: pip install tzdata"
    assert done.stdout.splitlines() == ["[] ['contrato']", hint, hint]


def test_requests_and_retries_are_logged_and_no_token(caplog: pytest.LogCaptureFixture) -> None:
    for asynchronous in (False, True):
        caplog.clear()
        refused = httpx.Response(503, headers={"Retry-After": "2"}, text=f"for {TOKEN}\nforged")
        transport = serving(httpx.ConnectError, refused, httpx.Response(200, content=b"[]"))
        with caplog.at_level("DEBUG", "contrato"):
            call(asynchronous, lambda client: client.list_services(), transport=transport)
        url = f"{BASE_URL}{LIST_SERVICES.path}"
        records = [(record.name, record.levelname, record.getMessage()) for record in caplog.records]
        assert [record[:2] for record in records] == [("contrato", level) for level in ("INFO", "INFO", "DEBUG")]
        texts = [text for *_, text in records]
        assert all(f"listServices: {LIST_SERVICES.method} {url}" in text for text in texts)
        assert "attempt 1 got no answer: 'ConnectError: the line is dead'; the next one in 0." in texts[0]
        assert texts[1].endswith("attempt 2 answered 503; the next one in 2.00 s")
        assert "answered in 0." in texts[2]
        assert TOKEN not in caplog.text
