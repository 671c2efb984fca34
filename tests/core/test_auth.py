"""No text, log, pickle or traceback shows the token."""

import base64
import json
import logging
import pickle
import traceback
from datetime import UTC
from pathlib import Path
from typing import Any

import httpx
import pytest

from clients import BASE_URL, BOTH, CLIENTS, TOKEN, call, call_method, http, listed, server, serving
from contrato import neu
from contrato.core import spec
from contrato.core.auth import Token, without_secrets
from contrato.core.client import capture
from contrato.core.errors import (
    ConnectionFailedError,
    ContractError,
    ContratoError,
    ResponseError,
)
from contrato.core.request import Call, Defaults
from contrato.core.spec import Api

# Local variables of tests do not count.
TESTS = str(Path(__file__).parents[1])


@BOTH
@pytest.mark.parametrize("status", [200, 302, 401, 404, 422, 429, 500])
def test_no_log_error_pickle_or_traceback_shows_the_token(
    status: int, asynchronous: bool, caplog: pytest.LogCaptureFixture
) -> None:
    escaped = json.dumps(TOKEN).replace("/", "\\/")
    body = b'{"token": %s, "again": "%s"}' % (escaped.encode(), TOKEN.encode())
    answer = http(f"{status} Echo", body, f"X-Echo: {TOKEN}", f"Location: https://h/?t={TOKEN}")
    with caplog.at_level(logging.DEBUG), server(answer) as (url, heads), pytest.raises(ResponseError) as caught:
        call(asynchronous, listed, base_url=url, retries=1)
    error = caught.value
    assert TOKEN.encode() in heads[0]
    # httpcore logs the server's own words of an answer.
    logs = [record.getMessage() for record in caplog.records if "receive_response_headers" not in record.getMessage()]
    assert any("send_request_headers" in message for message in logs)
    frames = traceback.TracebackException.from_exception(error, capture_locals=True, limit=-30)
    ours = [
        str(frame.locals) for frame in frames.stack if "overrides" in frame.filename or "generated" in frame.filename
    ]
    assert len(ours) >= 3
    shown = [str(error), repr(error), repr(vars(error)), repr(error.headers.raw), *traceback.format_exception(error)]
    for text in (*shown, *logs, *ours, repr(pickle.loads(pickle.dumps(error)).__dict__)):
        assert TOKEN not in text
        assert escaped not in text


def forms() -> dict[str, bytes]:
    """The token as servers may echo it."""
    return {
        "lower case": TOKEN.lower().encode(),
        "upper case": TOKEN.upper().encode(),
        "escaped JSON": "".join(f"\\u{ord(c):04x}" for c in TOKEN).encode(),
        "escaped JSON in capitals": "".join(f"\\u{ord(c):04X}" for c in TOKEN).encode(),
        "escaped in part": TOKEN.replace("/", "\\/").replace("t", "\\u0074").encode(),
        "escaped URL": TOKEN.replace("/", "%2f").encode(),
        "UTF-16": TOKEN.encode("utf-16-le"),
        "UTF-16, big end first": TOKEN.encode("utf-16-be"),
        "after other text": b"x" * 75 + TOKEN.encode(),
        "its beginning": TOKEN[:-3].encode() + b"...",
        "its end": b"..." + TOKEN[3:].encode(),
        "masked": TOKEN[:-3].encode() + b"****",
        "Base64": base64.b64encode(TOKEN.encode()),
        "Base64 with its scheme": base64.b64encode(f"Bearer {TOKEN}".encode()),
        "hexadecimal": TOKEN.encode().hex().encode(),
        "HTML": "".join(f"&#{ord(c)};" for c in TOKEN).encode(),
        "HTML twice": "".join(f"&amp;#x{ord(c):x};" for c in TOKEN).encode(),
        "JSON twice": "".join(f"\\\\u{ord(c):04x}" for c in TOKEN).encode(),
        "URL twice": "".join(f"%25{ord(c):02x}" for c in TOKEN).encode(),
        "reversed": TOKEN[::-1].encode(),
    }


@pytest.mark.parametrize("form", forms())
@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize("frame", ["%s", '{"a": ["%s"], "%s": 1}'])
def test_an_echo_of_the_token_is_taken_out_in_any_form(form: str, status: int, frame: str) -> None:
    body = frame.encode().replace(b"%s", forms()[form])
    with pytest.raises(ResponseError) as caught:
        call(False, listed, transport=serving(httpx.Response(status, content=body)))
    shown = [str(caught.value), repr(caught.value), repr(pickle.loads(pickle.dumps(caught.value)).__dict__)]
    parts = [TOKEN[:6], TOKEN[-5:], TOKEN[:-6:-1], r"\u00", "0\0c\0", "%2", "&#", "&amp;"]
    parts += [base64.b64encode(TOKEN.encode()).decode()[4:-4], TOKEN.encode().hex()[:8]]
    assert [part for part in parts for text in shown if part.lower() in text.replace("\\x00", "\0").lower()] == []
    assert "[token]" in repr(caught.value.body)


@BOTH
@pytest.mark.parametrize("answer", [b"HTTP/9 %s\r\n\r\n", b"HTTP/1.1 200 OK\r\nFoo %s\r\n\r\n", b""])
def test_the_cause_of_an_error_does_not_have_the_token(answer: bytes, asynchronous: bool) -> None:
    with server(answer.replace(b"%s", TOKEN.encode())) as (url, _), pytest.raises(ConnectionFailedError) as caught:
        call(asynchronous, listed, base_url=url, retries=0)
    cause = caught.value.__cause__
    assert isinstance(cause, httpx.RemoteProtocolError)
    assert str(cause) in caught.value.reason
    assert cause.request.method == "GET"
    assert "authorization" not in cause.request.headers
    assert TOKEN.encode() not in pickle.dumps(cause) + pickle.dumps(caught.value)
    error: BaseException | None = caught.value
    while error:
        frames = traceback.TracebackException.from_exception(error, capture_locals=True).stack
        assert TOKEN not in "".join(str(frame.locals) for frame in frames if not frame.filename.startswith(TESTS))
        error = error.__cause__ or error.__context__


def test_the_reason_phrase_and_an_unknown_encoding_do_not_show_the_token() -> None:
    answer = http(f"200 {TOKEN}", b"x", f"Content-Encoding: {TOKEN}")
    with server(answer) as (url, _), capture() as responses, pytest.raises(ContractError) as caught:
        call(False, listed, base_url=url)
    assert caught.value.headers["Content-Encoding"] == "[token]"
    frames = traceback.TracebackException.from_exception(caught.value, capture_locals=True).stack
    ours = "".join(str(frame.locals) for frame in frames if not frame.filename.startswith(TESTS))
    assert "response" in ours
    assert TOKEN not in ours + repr(responses)


@pytest.mark.parametrize("bad", [f"{TOKEN} \n", TOKEN.encode()])
def test_a_refused_token_is_in_no_local_variable(bad: Any) -> None:
    with pytest.raises(ValueError, match="no usable token") as caught:
        neu.Neu(bad)
    frames = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    ours = [str(frame.locals) for frame in frames.stack if not frame.filename.startswith(TESTS)]
    assert len(ours) == 2
    assert TOKEN not in "".join(ours)


@pytest.mark.parametrize("status", [200, 401, 404, 422, 500, None])
@BOTH
def test_the_token_is_never_shown(status: int | None, asynchronous: bool, caplog: pytest.LogCaptureFixture) -> None:
    def echo(request: httpx.Request) -> httpx.Response:
        if status is None:
            raise httpx.ConnectError("refused", request=request)
        return httpx.Response(status, text=f"got {request.headers['Authorization']}")

    with caplog.at_level(logging.DEBUG), pytest.raises(ContratoError) as caught:
        call_method(asynchronous, "neu", "list_services", echo)
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


def test_a_key_in_the_query_is_shown_nowhere() -> None:
    document = {
        "paths": {"/a": {"get": {"security": [{"key": []}]}}},
        "components": {"securitySchemes": {"key": {"type": "apiKey", "in": "query", "name": "key"}}},
    }
    api = Api("small", document)
    auth = Token(api, "s3cret/key")
    defaults = Defaults(httpx.URL("http://server/"), httpx.Headers(), {}, auth)
    request = Call(api.operations["getA"], {}, lambda: UTC, {}).build(defaults)
    assert str(request.url) == "http://server/a?key=s3cret%2Fkey"
    assert auth.shown(request.url) == "http://server/a?key=[token]"
    assert "s3cret" not in repr(request) + repr(defaults) + str(without_secrets(request, auth).url)
