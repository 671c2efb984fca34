"""Settings of clients and calls, and the environment."""

import traceback
from typing import Any

import httpx
import pytest

from clients import BASE_URL, BOTH, CLIENTS, LIST_SERVICES, TOKEN, call, http, listed, server, serving
from contrato import neu
from contrato.core import spec
from contrato.core.client import AsyncClient, Client
from contrato.core.errors import (
    ConnectionFailedError,
)


@pytest.mark.parametrize("max_bytes", [-1, 0, 1.5, True, "x", None])
def test_a_senseless_size_is_refused(max_bytes: Any) -> None:
    for kind in (neu.Neu, neu.AsyncNeu):
        with pytest.raises(ValueError, match="max_bytes must be a whole number above 0"):
            kind(TOKEN, max_bytes=max_bytes)


@pytest.mark.parametrize("retries", [-1, 1.5, True, "2"])
def test_senseless_retries_are_refused(retries: Any) -> None:
    with pytest.raises(ValueError, match="retries must be 0 or a positive whole number"):
        neu.Neu(TOKEN, retries=retries)
    with pytest.raises(ValueError, match="retries must be"):
        neu.Neu(TOKEN).list_services(options={"retries": retries})


def test_unknown_options_are_refused() -> None:
    with pytest.raises(TypeError, match="no option retry: give timeout, deadline, headers, retries"):
        neu.Neu(TOKEN).list_services(options={"retry": 1})  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("setting", "values"),
    [
        ("timeout", ["5", -1, 0, True, float("nan"), float("inf"), httpx.Timeout(-1), httpx.Timeout(5, read=0)]),
        ("deadline", ["5", -1, 0, True, float("nan"), float("inf")]),
    ],
)
def test_senseless_times_are_refused(setting: str, values: list[Any]) -> None:
    for value in values:
        settings: Any = {setting: value}
        with pytest.raises(ValueError, match=f"{setting} must be a number of seconds above 0"):
            neu.Neu(TOKEN, **settings)
        with pytest.raises(ValueError, match=f"{setting} must be a number of seconds above 0"):
            neu.Neu(TOKEN).list_services(options=settings)


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({"X": "secret\u00e9"}, "the header X must be ASCII text"),
        ({"X": "secret\r\nY: 1"}, "the header X must be ASCII text"),
        ({"X": 5}, "the header X must be ASCII text"),
        ({"X Y": "secret"}, "'X Y' is not a valid name of a header"),
        ({"authorization": "secret"}, "the client sets the header Authorization from its token"),
    ],
)
def test_headers_that_cannot_be_sent_are_refused_without_quoting_them(headers: Any, message: str) -> None:
    seen: list[httpx.Request] = []
    client = neu.Neu(TOKEN, transport=serving(httpx.Response(200), seen=seen))
    with pytest.raises(ValueError, match=message) as caught:
        client.list_services(options={"headers": headers})
    assert "secret" not in str(caught.value)
    assert seen == []


@pytest.mark.parametrize(
    "base_url",
    [
        *("http://h:abc", "http://h:-1/", "http://h:99999", "http://[::1", "http://h/\x01", "http://xn--/"),
        *("http://a..b/", f"http://{'a' * 64}.example/", b"http://h"),
    ],
)
def test_a_base_url_that_cannot_be_reached_by_any_system_is_refused(base_url: Any) -> None:
    with pytest.raises(ValueError, match=r"no usable base URL: pass base_url=\.\.\. or set NEU_BASE_URL"):
        neu.Neu(TOKEN, base_url)


def test_a_base_url_may_be_in_capitals_and_of_other_letters() -> None:
    assert httpx.URL(neu.Neu(TOKEN, "HTTPS://Energ\u00eda.example/a").base_url) == "https://xn--energa-7va.example/a/"


@BOTH
@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("ALL_PROXY", "socks5://me:hidden@127.0.0.1:1", "no connection through the proxy of .*'socks5://127.0.0.1:1'"),
        ("HTTPS_PROXY", "ftp://user:hidden@h", "HTTPS_PROXY: must be the URL of a proxy"),
        ("SSL_CERT_FILE", "/nope", "SSL_CERT_FILE: cannot use /nope: No such file"),
    ],
)
def test_an_environment_that_makes_no_connection_is_named(
    name: str, value: str, message: str, asynchronous: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match=message) as caught:
        (neu.AsyncNeu if asynchronous else neu.Neu)(TOKEN, BASE_URL)
    frames = traceback.TracebackException.from_exception(caught.value, capture_locals=True).stack
    assert "hidden" not in "".join(str(frame.locals) for frame in frames if frame.filename != __file__)


@BOTH
@pytest.mark.parametrize("name", ["HTTP_PROXY", "all_proxy"])
@pytest.mark.parametrize("scheme", ["", "http://"])
def test_requests_go_through_the_proxy_of_the_environment(
    scheme: str, name: str, asynchronous: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with server(http("200 OK", b"[]")) as (url, heads):
        monkeypatch.setenv(name, f"{scheme}{url.removeprefix('http://').removesuffix('/base')}")
        assert call(asynchronous, listed, base_url="http://energy.invalid:81/base") == []
        (head,) = heads
        assert head.startswith(f"GET http://energy.invalid:81/base{LIST_SERVICES.path} ".encode())
        for excluded in ("energy.invalid", "invalid, x", "energy.invalid:81", "*"):
            monkeypatch.setenv("NO_PROXY", excluded)
            with pytest.raises(ConnectionFailedError):
                call(asynchronous, listed, base_url="http://energy.invalid:81/base", retries=0)
        assert len(heads) == 1


def bearer(client: Client | AsyncClient) -> str:
    """What a client sends as Authorization."""
    return client._defaults.authorized(client._spec.credentials[0])["Authorization"]


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
