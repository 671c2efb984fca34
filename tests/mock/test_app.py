"""The bundled server: its gates before the handlers, its data as a whole, and its process."""

import asyncio
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import pytest

from bundled import (
    ONE_WITH_BODY,
    OPERATIONS,
    Client,
    arguments,
    check_answer,
    path_of,
    rateios,
)
from contrato.core import spec
from contrato.core.document import operation_nodes
from contrato.mock import ListenError, create_app, serve
from contrato.mock.apportionments import Apportionments
from contrato.mock.neu import Neu


def test_handlers_are_the_operations_of_the_spec() -> None:
    handlers = {"neu": Neu(1).handlers, "apportionments": Apportionments(1).handlers}
    for api, named in handlers.items():
        assert set(named) == set(spec.api(api).operations)
        assert len(set(named.values())) == len(named)


@pytest.mark.parametrize(("edit", "error"), [("add", KeyError), ("remove", ValueError)])
def test_operation_without_handler_or_handler_without_operation_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, edit: str, error: type[Exception]
) -> None:
    def api(name: str, original: Callable[[str], spec.Api] = spec.api) -> spec.Api:
        document = original(name).copy()
        *_, (_, method, item, operation) = operation_nodes(document)
        if edit == "add":
            item["trace"] = {**operation, "operationId": "more"}
        else:
            del item[method]
        return spec.Api(name, document)

    monkeypatch.setattr(spec, "api", api)
    with pytest.raises(error):
        create_app()


def test_each_operation_succeeds_as_documented(fresh: Client) -> None:
    sent = arguments(fresh)
    assert sent.keys() == OPERATIONS.keys()
    for operation_id, named in sent.items():
        response = fresh.call(operation_id, **named)  # holds the answer against the spec
        assert response.is_success
        if operation_id != "deleteApportionment":
            assert response.json(), "an empty list proves nothing"


@pytest.mark.parametrize(
    "authorization",
    [
        None, "", "Bearer", "Bearer ", "bearer", "demo", "Token demo", "Basic demo", "Bearer Demo", "Bearer demo x",
        "Bearer dem", "Bearerdemo", "Bearer \x00", b"Bearer d\xe9mo", b"\xff\xfe",
    ],
)  # fmt: skip
def test_token_is_asked_for_before_anything_else(mock: Client, authorization: str | bytes | None) -> None:
    client = Client(mock.app)
    client.headers = {} if authorization is None else {"Authorization": authorization}
    for operation_id, operation in OPERATIONS.items():
        response = client.send(operation.method, path_of(operation_id, "not-a-number"), content=b"{")
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == "Bearer"
        check_answer(operation_id, response)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_scheme_of_the_token_has_no_case(mock: Client, scheme: str) -> None:
    method, path = OPERATIONS["listAccounts"].method, path_of("listAccounts")
    response = mock.send(method, path, headers={"Authorization": f"{scheme} demo"})
    assert response.status_code == 200


def test_two_tokens_are_refused(mock: Client) -> None:
    client = Client(mock.app)
    client.headers = [("Authorization", "Bearer demo"), ("Authorization", "Bearer demo")]
    assert client.call("listAccounts").status_code == 401


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_other_methods_are_405(mock: Client, method: str) -> None:
    paths: dict[str, set[str]] = {}
    for operation_id, operation in OPERATIONS.items():
        paths.setdefault(path_of(operation_id), set()).add(operation.method)
    for path, allowed in paths.items():
        if method not in allowed:
            response = mock.send(method, path)
            assert response.status_code == 405
            assert set(response.headers["allow"].split(", ")) == allowed


@pytest.mark.slow
def test_same_seed_same_bytes_and_another_seed_another_world(monkeypatch: pytest.MonkeyPatch) -> None:
    first, other = Client(create_app()), Client(create_app(seed=2))
    # Apps share the data of NEU: this one has its own.
    monkeypatch.setattr("contrato.mock.app.Neu", type("Another", (Neu,), {}))
    second = Client(create_app())
    for operation_id, named in arguments(first).items():
        answers = [client.call(operation_id, **named).content for client in (first, second)]
        assert answers[0] == answers[1]
    own, others = worlds = [ids(second), ids(other)]
    assert all(len(world[kind]) > 2 for world in worlds for kind in own)
    for kind in own:
        assert own[kind].isdisjoint(others[kind]), kind
    for operation_id, named in arguments(other).items():
        assert other.call(operation_id, **named).is_success


def ids(client: Client) -> dict[str, set[Any]]:
    rateios = client.get("listApportionments", _limit=100)["items"]
    return {
        "account": {item["id_account"] for item in client.get("listAccounts")},
        "account name": {item["account_name"] for item in client.get("listAccounts")},
        "service": {item["id_service"] for item in client.get("listServices")},
        "bill": {item["id_bill"] for item in client.get("listBills")},
        "amount": {item["payment_value"] for item in client.get("listBills")},
        "alarm": {item["id_alarm"] for item in client.get("listActiveRules")},
        "company": {item["company"]["id"] for item in rateios},
        "company name": {item["company"]["name"] for item in rateios},
        "tariff": {item["apportionment_tariff_type"]["id"] for item in rateios},
    }


def test_apps_share_only_what_nobody_writes() -> None:
    assert all(operation.safe for operation in spec.api("neu").operations.values())


def test_each_app_has_its_own_rateios(fresh: Client) -> None:
    body = arguments(fresh)["createApportionment"]
    fresh.get("createApportionment", **body)
    assert (len(rateios(fresh)), len(rateios(Client(create_app())))) == (41, 40)


@pytest.mark.parametrize(
    "path",
    [
        "/", spec.api("neu").mount, f"{spec.api('neu').mount}/", f"{path_of('listAccounts')}/",
        f"{path_of('getAccount')}/2", OPERATIONS["listAccounts"].path, path_of("listApportionments").rpartition("/")[0],
    ],
)  # fmt: skip
def test_unknown_paths(mock: Client, path: str) -> None:
    response = mock.send("GET", path)
    assert (response.status_code, response.headers["content-type"]) == (404, "application/json")


def test_long_bodies_are_refused_while_they_come(mock: Client) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(160):
            sent += 64 * 1024
            yield b" " * 64 * 1024

    async def post(operation_id: str) -> httpx.Response:
        headers = {**mock.headers, "Content-Type": "application/json"}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(mock.app), base_url="http://mock") as client:
            url = path_of(operation_id)
            return await client.request(OPERATIONS[operation_id].method, url, content=endless(), headers=headers)

    for operation_id in ONE_WITH_BODY:
        sent = 0
        response = asyncio.run(post(operation_id))
        assert response.status_code == 413
        assert sent < 10**6


def test_bodies_of_operations_without_one_are_not_read(mock: Client) -> None:
    assert mock.post("listAccounts", b"x" * 10_000_000).status_code == 200


def test_client_that_leaves(mock: Client) -> None:
    operation_id = ONE_WITH_BODY[0]
    scope = {
        "type": "http", "method": OPERATIONS[operation_id].method, "path": path_of(operation_id),
        "query_string": b"", "root_path": "",
        "headers": [(b"authorization", b"Bearer demo"), (b"content-type", b"application/json")],
    }  # fmt: skip
    events = iter([{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}])
    answers: list[Any] = []

    async def receive() -> Any:
        return next(events)

    async def send(message: Any) -> None:
        answers.append(message)

    asyncio.run(mock.app(scope, receive, send))
    assert answers[0]["status"] == 400


@pytest.fixture
def process() -> Iterator[subprocess.Popen[str]]:
    code = "from contrato.mock import serve; serve(port=0, token='secret')"
    server = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    yield server
    server.kill()
    server.communicate()


@pytest.mark.slow
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_process_serves_until_a_signal(process: subprocess.Popen[str], sent: signal.Signals) -> None:
    assert process.stdout
    ready = process.stdout.readline()
    assert "token secret" in ready
    mount = spec.api("neu").mount
    url = next(word for word in ready.replace(",", " ").replace(";", " ").split() if word.endswith(mount)).removesuffix(
        mount
    )
    accounts = OPERATIONS["listAccounts"].method, url + path_of("listAccounts")
    with_body = OPERATIONS[ONE_WITH_BODY[0]].method, url + path_of(ONE_WITH_BODY[0])
    with httpx.Client(headers={"Authorization": "Bearer secret"}, timeout=30) as client:
        assert len(client.request(*accounts).json()) == 4
        body, headers = b" " * 10_000_000, {"Content-Type": "application/json"}
        assert client.request(*with_body, content=body, headers=headers).status_code == 413
        assert client.request(*accounts).status_code == 200
        # A page of another origin may ask: a browser asks first whether it may.
        page = {"Origin": "https://docs.example.com"}
        ask = page | {"Access-Control-Request-Method": "DELETE", "Access-Control-Request-Headers": "authorization"}
        allowed = client.options(accounts[1], headers=ask)
        assert "DELETE" in allowed.headers["access-control-allow-methods"]
        assert allowed.headers["access-control-allow-headers"] == "authorization"
        assert client.request(*accounts, headers=page).headers["access-control-allow-origin"] == "*"
        process.send_signal(sent)
        assert process.wait(20) == 0
    assert process.stdout.read() == ""


def test_port_in_use_is_one_clear_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ListenError, match=rf"^cannot listen on 127.0.0.1 port {port}: .*in use.*$"):
            serve(port=port)
