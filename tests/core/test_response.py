"""Answers on real sockets and from transports: faults, compression, limits, mutations."""

import gc
import gzip
import json
import os
import random
import socket
import traceback
import tracemalloc
import zlib
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

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
    SERVICES,
    TOKEN,
    answer,
    any_arguments,
    call,
    call_method,
    example,
    http,
    listed,
    plain,
    server,
    serving,
)
from contrato import neu
from contrato.core import spec
from contrato.core.client import capture
from contrato.core.errors import (
    AuthenticationError,
    ConnectionFailedError,
    ContractError,
    ContratoError,
    NotFoundError,
    RateLimitError,
    RequestTimeoutError,
    ResponseError,
    ResponseTooLargeError,
    ServerError,
    TransportError,
    UndocumentedStatusError,
)
from contrato.core.pages import Pager
from serving import serving as serving_app
from serving import url_of


@BOTH
@pytest.mark.parametrize(
    ("answer", "options", "kind"),
    [
        pytest.param(
            http("200 OK", b"[{", length=50), {}, ConnectionFailedError, id="truncated by a closed connection"
        ),
        pytest.param(http("200 OK", b"[{"), {}, ContractError, id="truncated JSON"),
        pytest.param(http("200 OK", b"<html>"), {}, ContractError, id="HTML 200"),
        pytest.param(http("502 Bad Gateway", b"<html>"), {}, ServerError, id="HTML 502"),
        pytest.param(http("200 OK"), {}, ContractError, id="empty body"),
        pytest.param(http("520 Unknown"), {}, ServerError, id="520"),
        pytest.param(http("429 Too Many Requests"), {}, RateLimitError, id="429"),
        pytest.param(b"SSH-2.0-OpenSSH_9\r\n", {}, ConnectionFailedError, id="no HTTP"),
        pytest.param(b"", {}, ConnectionFailedError, id="closed without an answer"),
        pytest.param(b"", {"reset": True}, ConnectionFailedError, id="reset"),
        pytest.param(http("200 OK", b"[", length=9), {"reset": True}, ConnectionFailedError, id="reset in the body"),
        pytest.param(b"", {"silent": True}, RequestTimeoutError, id="read timeout"),
        pytest.param(
            http("200 OK", b"no gzip", "Content-Encoding: gzip"), {}, ContractError, id="compressed, but it is not"
        ),
        pytest.param(
            http("502 No", b"no gzip", "Content-Encoding: gzip"),
            {},
            ServerError,
            id="502, not compressed",
        ),
    ],
)
def test_a_fault_of_the_line_is_a_typed_error(
    answer: bytes, options: dict[str, bool], kind: type[ContratoError], asynchronous: bool
) -> None:
    timeout = httpx.Timeout(5, read=0.4 if "silent" in options else 5)
    with server(answer, **options) as (url, heads), pytest.raises(kind) as caught:
        call(asynchronous, listed, base_url=url, retries=1, timeout=timeout)
    assert type(caught.value) is kind
    # Broken transfers and failing servers are tried again.
    again = isinstance(caught.value, ConnectionFailedError | RequestTimeoutError | ServerError | RateLimitError)
    assert len(heads) == 1 + again
    assert f"Bearer {TOKEN}".encode() in heads[0]
    assert TOKEN not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__cause__ is None or isinstance(caught.value, TransportError)


@BOTH
def test_nobody_listens(asynchronous: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    waits: list[float] = []
    with pytest.raises(
        ConnectionFailedError,
        match=rf"listServices: {LIST_SERVICES.method} .*{LIST_SERVICES.path} got no answer: ConnectError",
    ):
        call(asynchronous, listed, waits, base_url=f"http://127.0.0.1:{port}")
    assert len(waits) == 2


def twice(asynchronous: bool, once: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Two calls with one client, one after the other."""

    def use(client: Any) -> Any:
        async def both() -> list[Any]:
            return [await once(client), await once(client)]

        return both() if asynchronous else [once(client), once(client)]

    return use


@BOTH
def test_a_body_where_there_is_none_is_not_read_as_the_next_answer(asynchronous: bool) -> None:
    nothing = b"HTTP/1.1 204 No Content\r\nContent-Type: application/json\r\n\r\nnull"
    deletes = twice(asynchronous, lambda client: client.delete_apportionment(17))
    with server(nothing, keep=True) as (url, heads):
        call(asynchronous, deletes, base_url=url, retries=0, kind=CLIENTS["apportionments"])
    assert len(heads) == 2


@BOTH
@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n[\r\n1\r\n]\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\nContent-Length: 2\n\n[]",
    ],
    ids=["length", "chunks", "without carriage returns"],
)
@pytest.mark.parametrize(
    "surplus",
    [http("200 OK", b"[null]"), b"HTTP/1.1 200", b"\r\n", b"null"],
    ids=["an answer", "half an answer", "a blank line", "more of a body"],
)
def test_what_comes_behind_an_answer_is_not_read_as_the_next_one(
    answer: bytes, surplus: bytes, asynchronous: bool
) -> None:
    with server(answer + surplus, keep=True) as (url, heads):
        assert call(asynchronous, twice(asynchronous, listed), base_url=url, retries=0, timeout=5) == [[], []]
    assert len(heads) == 2


@BOTH
@pytest.mark.parametrize("headers", [[(b"content-length", b"40002")], []], ids=["length", "chunks"])
def test_a_connection_is_used_again(headers: list[tuple[bytes, bytes]], asynchronous: bool) -> None:
    connections = set()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        connections.add(scope["client"])
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for piece in (b"[", b" " * 40_000, b"]"):
            await send({"type": "http.response.body", "body": piece, "more_body": piece != b"]"})

    with serving_app(app) as running:
        call(asynchronous, twice(asynchronous, listed), base_url=url_of(running))
    assert len(connections) == 1


BOMB = b"[" + b" " * 30_000_000
BOMBS = {"gzip": gzip.compress(BOMB, 1), "deflate": zlib.compress(BOMB, 1)}


@BOTH
@pytest.mark.parametrize("encoding", BOMBS)
def test_a_bomb_is_refused_before_it_fills_the_memory(encoding: str, asynchronous: bool) -> None:
    answer = http("200 OK", BOMBS[encoding], f"Content-Encoding: {encoding}")
    with server(answer) as (url, heads), pytest.raises(ResponseTooLargeError, match="max_bytes") as caught:
        call(asynchronous, listed, base_url=url, max_bytes=1_000_000)
    assert len(heads) == 1
    assert caught.value.body is None


@pytest.mark.parametrize(
    "head",
    [
        http("200 OK", length=len(BOMB)),
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 200 OK\nConnection: close\n\n",
    ],
)
def test_a_large_answer_is_not_in_memory_twice(head: bytes) -> None:
    most = 16 * 2**20
    answer = head + BOMB
    with server(answer) as (url, _):
        tracemalloc.start()
        with pytest.raises(ResponseTooLargeError):
            call(False, listed, base_url=url, max_bytes=most)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert most < peak < 1.5 * most


@BOTH
def test_a_bomb_within_a_bomb_is_refused_too(asynchronous: bool) -> None:
    answer = http("200 OK", gzip.compress(BOMBS["gzip"]), "Content-Encoding: gzip, gzip")
    with server(answer) as (url, _), pytest.raises(ContractError, match="expected JSON"):
        call(asynchronous, listed, base_url=url, max_bytes=1_000_000)


def chunks(*pieces: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)


@BOTH
def test_what_decompresses_to_nothing_counts_as_it_came(asynchronous: bool) -> None:
    # Empty files of gzip one after the other, 20 bytes each, and no end.
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = head + chunks(gzip.compress(b"[]"), gzip.compress(b"") * 9_000)
    with server(answer) as (url, _), pytest.raises(ResponseTooLargeError):
        call(asynchronous, listed, base_url=url, max_bytes=100_000)


@BOTH
@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"\0" * 9 + gzip.compress(b"[]", mtime=0), "gzip"),
        (gzip.compress(b"[]", mtime=0)[:12], "gzip"),
        (gzip.compress(b"[]", mtime=0)[:-4], "gzip"),
        (gzip.compress(b"[]", mtime=0) + gzip.compress(b" and more", mtime=0), "gzip"),
        (b"<html>", "deflate"),
    ],
)
def test_broken_compression_is_an_error(body: bytes, encoding: str, asynchronous: bool) -> None:
    answer = http("200 OK", body, f"Content-Encoding: {encoding}")
    with server(answer) as (url, _), pytest.raises(ContractError) as caught:
        call(asynchronous, listed, base_url=url)
    assert (caught.value.path, caught.value.expected, caught.value.status) == ("$", "JSON", 200)


@BOTH
@pytest.mark.parametrize("status", ["401 No", "404 No", "422 No", "503 No"])
def test_an_error_whose_body_cannot_be_decompressed_keeps_its_status(status: str, asynchronous: bool) -> None:
    answer = http(status, b"<html>", "Content-Encoding: gzip")
    with server(answer) as (url, _), pytest.raises(ResponseError) as caught:
        call(asynchronous, listed, base_url=url, retries=0)
    assert caught.value.status == int(status[:3])
    assert not isinstance(caught.value, ContractError)


@BOTH
@pytest.mark.parametrize(
    ("body", "header"),
    [
        (b"\xef\xbb\xbf[]", "X-A: 1"),
        (b"[]", "Content-Encoding:"),
        (b"[]", "Content-Encoding: utf-8"),
        (b"[]", "Content-Encoding: identity"),
        (gzip.compress(b"[]", mtime=0), "Content-Encoding: GZIP"),
        (zlib.compress(b"[]"), "Content-Encoding: deflate"),
        (zlib.compress(b"[]", wbits=-15), "Content-Encoding: deflate"),
        (b"[]", "X-Empresa: Energ\u00eda"),
    ],
)
def test_an_odd_answer_that_can_be_read_is_read(body: bytes, header: str, asynchronous: bool) -> None:
    with server(http("200 OK", body, header)) as (url, _), capture() as responses:
        assert call(asynchronous, listed, base_url=url) == []
    assert responses[0].json() == []


@BOTH
def test_a_body_in_another_compression_keeps_its_status(asynchronous: bool) -> None:
    with server(http("502 No", b"\x8b\x02", "Content-Encoding: br")) as (url, _), pytest.raises(ServerError):
        call(asynchronous, listed, base_url=url, retries=0)


@pytest.mark.slow
def test_a_call_leaves_no_garbage_behind() -> None:
    """A cycle of references around a long text would keep it until the next garbage collection."""
    body = json.dumps(SERVICES).encode()
    for served in (http("200 OK", body), http("200 OK", gzip.compress(body), "Content-Encoding: gzip")):
        with server(served) as (url, _), neu.Neu(TOKEN, url) as client:
            client.list_services()
            gc.collect()
            gc.disable()
            try:
                client.list_services()
                gc.set_debug(gc.DEBUG_SAVEALL)
                gc.collect()
                ours = [kept for kept in gc.garbage if isinstance(kept, httpx.Response)]
            finally:
                gc.set_debug(0)
                gc.garbage.clear()
                gc.enable()
        assert ours == []


@BOTH
def test_the_limit_is_that_of_the_decompressed_answer(asynchronous: bool) -> None:
    body = json.dumps(SERVICES).encode()
    with server(http("200 OK", gzip.compress(body), "Content-Encoding: gzip")) as (url, _):
        assert len(call(asynchronous, listed, base_url=url, max_bytes=len(body))) == len(SERVICES)
        with pytest.raises(ResponseTooLargeError):
            call(asynchronous, listed, base_url=url, max_bytes=len(body) - 1)


@BOTH
def test_a_redirect_is_not_followed_and_the_token_stays(asynchronous: bool) -> None:
    with server(http("200 OK", b"[]")) as (elsewhere, stolen):
        redirect = http("302 Found", b"", f"Location: {elsewhere}{LIST_SERVICES.path}")
        with server(redirect) as (url, heads), pytest.raises(UndocumentedStatusError, match=f"Location {elsewhere}"):
            call(asynchronous, listed, base_url=url)
    assert (len(heads), stolen) == (1, [])


@BOTH
@pytest.mark.parametrize(
    "location", ["http://xn--/", "mailto:x", "http://[", "http://a:b/", "http://login:port/", "//"]
)
def test_a_redirect_to_no_url_is_a_redirect(location: str, asynchronous: bool) -> None:
    answer = http("302 Found", b"", f"Location: {location}")
    with server(answer) as (url, heads), pytest.raises(UndocumentedStatusError) as caught:
        call(asynchronous, listed, base_url=url)
    assert len(heads) == 1
    assert caught.value.headers["Location"] == location
    assert f"Location {location}" in str(caught.value)


@BOTH
def test_aware_gives_bare_timestamps_their_zone(asynchronous: bool) -> None:
    rows = example("queryConsumption")
    bare = rows[0]["data"][0]["date"]
    rows[0]["data"][1:] = [rows[0]["data"][0] | {"date": f"{bare}Z"}]
    year = {"from_": date(2021, 1, 1), "to": date(2022, 1, 1)}
    for aware in (False, True):
        ((account),) = call(
            asynchronous,
            lambda c: c.query_consumption(interval="DAILY", **year),
            aware=aware,
            transport=serving(httpx.Response(200, json=rows)),
        )
        assert [row.date for row in account.data] == [
            datetime.fromisoformat(bare).replace(tzinfo=BOGOTA if aware else None),
            datetime.fromisoformat(bare).replace(tzinfo=UTC),
        ]


def test_aware_leaves_a_null_and_reaches_into_pages() -> None:
    bills = example("listBills")
    bills[0]["date_payment"] = None
    found = call(
        False, lambda c: next(c.list_bills().pages()), aware=True, transport=serving(httpx.Response(200, json=bills))
    )
    assert found[0].date_payment is None
    assert found[0].date.tzinfo == BOGOTA
    page = example("listDueDates")
    row = page["data"][0] | {"date_expiration": "2021-04-01T00:00:00"}
    page |= {"nextPage": None, "maxPage": 1, "total": 1}
    found = call(
        False,
        lambda c: next(iter(c.list_due_dates())),
        aware=True,
        transport=serving(httpx.Response(200, json=page | {"data": [row]})),
    )
    assert found.date_expiration.tzinfo == BOGOTA


@BOTH
def test_capture_collects_every_answer_without_the_token(asynchronous: bool) -> None:
    body = json.dumps(SERVICES).encode()

    def serve(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith(NEU.operations["listAccounts"].path):
            return httpx.Response(404, json={"why": "not"})
        return httpx.Response(
            200, headers={"Content-Encoding": "gzip", "X-Id": "9"}, stream=httpx.ByteStream(gzip.compress(body))
        )

    with capture() as outer:
        with capture() as responses:
            call(asynchronous, listed, transport=httpx.MockTransport(serve))
        with pytest.raises(ResponseError):
            call(asynchronous, lambda c: c.list_accounts(), transport=httpx.MockTransport(serve))
    call(asynchronous, listed, transport=httpx.MockTransport(serve))
    ((response,), (missing,)) = responses, outer
    assert (response.status_code, response.json(), response.headers["X-Id"]) == (200, SERVICES, "9")
    assert (missing.status_code, str(missing.request.url)) == (404, f"{BASE_URL}{NEU.operations['listAccounts'].path}")
    assert TOKEN not in repr(response.request.headers.raw)


# Set it to fuzz for longer than a test should.
MUTATIONS = int(os.environ.get("CONTRATO_MUTATIONS", "4000"))
ODD: tuple[Any, ...] = (
    *(None, True, 0, -1, 41.0, 0.5, 1e308, 10**30, "", "x", "12", "2021-02-30T00:00:00", "2021-04-01", [], {}, [[]]),
    *([None], {"": None}, "\ud800", "\x00", TOKEN, 2**63, "9999-12-31T23:59:59.9999999", "0001-01-01T00:00:00Z"),
)


def mutate(value: Any, rng: random.Random) -> Any:
    """Change one thing somewhere in a JSON value."""
    if isinstance(value, dict) and value and rng.random() < 0.9:
        key = rng.choice(list(value))
        changed = dict(value)
        match rng.randrange(8):
            case 0:
                del changed[key]
            case 1:
                changed[key.upper()] = changed.pop(key)
            case 2:
                changed["new"] = rng.choice(ODD)
            case _:
                changed[key] = mutate(value[key], rng)
        return changed
    if isinstance(value, list) and value and rng.random() < 0.9:
        index = rng.randrange(len(value))
        return [*value[:index], mutate(value[index], rng), *value[index + rng.randrange(2) :]]
    return rng.choice(ODD)


def garble(body: bytes, rng: random.Random) -> bytes:
    """Damage bytes."""
    cut = rng.randrange(len(body) + 1)
    match rng.randrange(7):
        case 0:
            return body[:cut]
        case 1:
            return body[:cut] + rng.randbytes(rng.randrange(1, 4)) + body[cut:]
        case 2:
            return (
                body[:cut] + rng.choice([b"NaN", b"1e999", b"-", b"\\u", b'"', b"\xff", b"\xef\xbb\xbf"]) + body[cut:]
            )
        case 3:
            return body[:cut] + body[cut + 1 :]
        case 4:
            return body[:cut] + rng.choice([b"[", b'{"a":']) * 50_000 + body[cut:]
        case _:
            return body


def examples() -> list[tuple[spec.Operation, int, Any]]:
    """Operations, and status and example of each success."""
    return [
        (operation, response.a_status, example)
        for operation in OPERATIONS
        for response in operation.responses.values()
        if response.succeeded
        for example in response.examples.values()
    ]


@pytest.mark.slow
def test_a_mutated_answer_is_a_typed_error_or_a_right_answer() -> None:
    rng = random.Random(1)
    cases = examples()
    answers: list[httpx.Response] = []
    transport = httpx.MockTransport(lambda request: answers[-1])
    clients = {api: kind(TOKEN, BASE_URL, transport=transport, retries=0) for api, (kind, _) in CLIENTS.items()}
    outcomes = {"right": 0, "error": 0, "skipped": 0}
    for _ in range(MUTATIONS):
        operation, status, value = rng.choice(cases)
        for _ in range(rng.randrange(3)):
            value = mutate(value, rng)
        text = json.dumps(value, ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")
        body = garble(text, rng)
        status = rng.choice([status] * 15 + [202, 204, 404, 422, 520])
        answers[:] = [httpx.Response(status, content=body)]
        method = getattr(clients[operation.api.name], operation.method_name)
        error, result = outcome(partial(method, **any_arguments(operation)))
        outcomes["error" if error else "right"] += 1
        if error:
            assert TOKEN not in str(error) + repr(error)
            assert len(str(error)) < 2000
        elif result and body:
            # Everything that the model has is what the body says.
            try:
                said = json.loads(body.decode("utf-8", "replace"), strict=False)
            except ValueError:
                # msgspec skips what is unknown, and there does not mind an escape that is none.
                outcomes["skipped"] += 1
                continue
            assert contains(said, plain(result)), body
    assert outcomes["skipped"] <= MUTATIONS / 100, outcomes
    assert min(outcomes["right"], outcomes["error"]) > MUTATIONS / 20, outcomes


def outcome(use: Callable[[], Any]) -> tuple[ContratoError | None, Any]:
    """Our error, or what was returned, of pages the first one; any other exception goes on."""
    try:
        result = use()
        return None, next(result.pages(), None) if isinstance(result, Pager) else result
    except ContratoError as error:
        return error, None


def contains(body: Any, model: Any) -> bool:
    """Whether a model says what the body says, unknown fields aside."""
    if isinstance(model, dict):
        return isinstance(body, dict) and all(contains(body.get(key), model[key]) for key in model)
    if isinstance(model, list):
        return isinstance(body, list) and len(body) == len(model) and all(map(contains, body, model))
    if isinstance(body, str) and isinstance(model, str) and body != model:
        # The same moment, written otherwise; datetime keeps microseconds.
        moments = [datetime.fromisoformat(text.upper()) for text in (body, model)]
        return abs(moments[0] - moments[1]) <= timedelta(microseconds=1)
    if isinstance(model, float):  # the nearest one to what is written
        return isinstance(body, int | float) and not isinstance(body, bool) and float(body) == model
    return bool(body == model) and isinstance(body, bool) == isinstance(model, bool)


def test_unknown_fields_are_tolerated_and_in_the_captured_response() -> None:
    bill = {"id_bill": "9", "due_date": "2021-06-18T00:00:00", "days": 12, "new": {"a": 1}}
    with capture() as responses:
        (model,) = call_method(False, "neu", "list_overdue_bills", answer(200, [bill]))
    assert model.to_dict() == {name: value for name, value in bill.items() if name != "new"}
    assert responses[0].json() == [bill]


MOST = 2**20
LARGE = b'[{"detail": "' + b"x" * (30 * MOST) + b'"}]'
LARGE_BODIES = [(LARGE, []), (gzip.compress(LARGE, 1), ["Content-Encoding: gzip"])]


@BOTH
@pytest.mark.parametrize("status", ["500 No", "299 Odd"])
@pytest.mark.parametrize("compressed", [False, True])
def test_the_body_of_an_error_is_cut_before_it_is_read(compressed: bool, status: str, asynchronous: bool) -> None:
    body, headers = LARGE_BODIES[compressed]
    with server(http(status, body, *headers)) as (url, _):
        tracemalloc.start()
        try:
            with pytest.raises(ResponseError) as caught:
                call(asynchronous, listed, base_url=url, retries=0)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert caught.value.status == int(status[:3])
    assert 0 < MOST - len(caught.value.body) < 1000
    # zlib makes at most 64 MB of what httpx reads at a time.
    assert peak < (100 if compressed else 12) * MOST


@pytest.mark.slow
def test_the_body_of_a_contract_error_is_cut_too_and_the_value_found() -> None:
    rows = [*SERVICES[:1] * 10_000, {**SERVICES[0], "name": 5}, *SERVICES[:1] * 10_000]
    content = json.dumps(rows).encode()
    assert len(content) > 2 * MOST
    with server(http("200 OK", content)) as (url, _):
        tracemalloc.start()
        try:
            with pytest.raises(ContractError) as caught:
                call(False, listed, base_url=url)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    error = caught.value
    assert (error.path, error.found) == ("$[10000].name", "5")
    assert content.decode().startswith(error.body)
    assert 0 < MOST - len(error.body) < 1000
    assert peak < 8 * len(content)


@BOTH
def test_a_token_at_the_cut_is_taken_out_whole(asynchronous: bool) -> None:
    for cut in (1, len(TOKEN) // 2, len(TOKEN) - 1):
        body = b"y" * (MOST - cut) + TOKEN.encode() + b"y" * 100
        with pytest.raises(ServerError) as caught:
            call(asynchronous, listed, transport=serving(httpx.Response(500, content=body)), retries=0)
        assert set(caught.value.body) == {"y"}


@BOTH
def test_compressions_within_each_other_are_not_undone(asynchronous: bool) -> None:
    once = gzip.compress(b"\0" * (40 * MOST), 1)
    body = gzip.compress(once)
    answer = http("500 No", body, "Content-Encoding: gzip, gzip")
    with server(answer) as (url, _), pytest.raises(ServerError) as caught:
        call(asynchronous, listed, base_url=url, retries=0)
    assert len(caught.value.body) <= len(body)


# Bodies that never arrive in full, or cannot be decompressed.
LIES: dict[str, dict[str, Any]] = {
    "cut": {"body": b"{", "length": 9},
    "not compressed": {"body": b"{}", "headers": ["Content-Encoding: gzip"]},
    "cut and compressed": {"body": gzip.compress(BOMB)[:50], "headers": ["Content-Encoding: gzip"], "length": 900},
    "chunks that are none": {"body": b"zz\r\n", "headers": ["Transfer-Encoding: chunked"], "length": None},
}


def lying(status: str, lie: str, *headers: str) -> bytes:
    about = LIES[lie]
    lines = ["HTTP/1.1 " + status, "Connection: close", *headers, *about.get("headers", [])]
    if about.get("length", 0) is not None:
        lines.append(f"Content-Length: {about.get('length', len(about['body']))}")
    body: bytes = about["body"]
    return "\r\n".join([*lines, "", ""]).encode() + body


@BOTH
@pytest.mark.parametrize("lie", LIES)
@pytest.mark.parametrize(
    ("status", "kind"),
    [("401 No", AuthenticationError), ("404 No", NotFoundError), ("429 No", RateLimitError), ("503 No", ServerError)],
)
def test_an_error_is_that_of_its_status_whatever_its_body_is(
    status: str, kind: type[ResponseError], lie: str, asynchronous: bool
) -> None:
    waits: list[float] = []
    with server(lying(status, lie, "Retry-After: 7")) as (url, heads), pytest.raises(kind) as caught:
        call(asynchronous, listed, waits, base_url=url, retries=1)
    assert type(caught.value) is kind
    assert (caught.value.status, caught.value.retry_after) == (int(status[:3]), 7)
    assert (len(heads), waits) == ((2, [7]) if kind.transient else (1, []))


@BOTH
def test_an_error_whose_body_drips_has_its_status_at_the_deadline(asynchronous: bool) -> None:
    with (
        server(http("401 No", b"{", length=9), keep=True) as (url, _),
        pytest.raises(AuthenticationError) as caught,
    ):
        call(asynchronous, listed, base_url=url, deadline=0.2)
    assert caught.value.body == "{"


def done(operation: spec.Operation, client: Any) -> Any:
    return getattr(client, operation.method_name)(**any_arguments(operation))


@BOTH
@pytest.mark.parametrize("lie", LIES)
def test_a_write_that_was_done_never_looks_as_if_there_was_no_answer(lie: str, asynchronous: bool) -> None:
    operations = [o for o in OPERATIONS if not o.safe and o.answer is not None]
    assert operations
    for operation in operations:
        (status,) = (r.status for r in operation.responses.values() if r.examples and r.succeeded)
        with server(lying(f"{status} Done", lie)) as (url, heads), pytest.raises(ContractError) as caught:
            call(asynchronous, partial(done, operation), base_url=url, kind=CLIENTS[operation.api.name])
        assert (caught.value.status, len(heads)) == (int(status), 1)
        assert "a body that" in caught.value.found


@pytest.mark.parametrize("error", [httpx.PoolTimeout, httpx.ProxyError, httpx.ConnectError, httpx.ConnectTimeout])
def test_a_write_that_was_not_sent_does_not_say_that_it_may_have_been_done(error: type[httpx.RequestError]) -> None:
    operation = next(o for o in OPERATIONS if not o.safe)
    with pytest.raises(TransportError) as caught:
        call(False, partial(done, operation), transport=serving(error), kind=CLIENTS[operation.api.name])
    assert "may have been done" not in str(caught.value)


@BOTH
def test_a_write_without_an_answer_says_that_it_may_have_been_done(asynchronous: bool) -> None:
    operation = next(o for o in OPERATIONS if not o.safe and o.answer is not None)
    with server(b"") as (url, heads), pytest.raises(ConnectionFailedError, match="it may have been done") as caught:
        call(asynchronous, partial(done, operation), base_url=url, kind=CLIENTS[operation.api.name])
    assert (len(heads), caught.value.transient) == (1, True)
