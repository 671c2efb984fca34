"""Settings of connections: where they come from, that they are used, and that nothing shows a secret."""

import base64
import json
import logging
import pickle
import socket
import ssl
import threading
import traceback
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from certificates import self_signed
from clients import BASE_URL, BOTH, LIST_SERVICES, NEU, TOKEN, call, http, listed, server, serving
from contrato import neu
from contrato.core import spec
from contrato.core.client import capture
from contrato.core.connection import CERTIFICATES, Connection, parse_headers
from contrato.core.errors import AuthenticationError, CertificateError, ContratoError, ResponseError, TransportError

KEY = "key-8f3a/77"
PASSWORD = "pass-w0rd+1"
TESTS = str(Path(__file__).parents[1])


def resolved(**given: Any) -> Connection:
    return Connection(**given).resolve(NEU, BASE_URL)


def test_each_setting_comes_from_the_argument_or_else_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "of-libraries").mkdir()
    for name in CERTIFICATES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "of-libraries"))
    assert resolved().ca_bundle == str(tmp_path / "of-libraries")
    environment = {
        "NEU_HEADERS": "X-Api-Key: $GATEWAY\n\nX-Other: a:b\n",
        "GATEWAY": KEY,
        "NEU_CA_BUNDLE": str(tmp_path),
        "NEU_INSECURE": "1",
        "NEU_PROXY": f"http://me:{PASSWORD}@proxy.example:3128",
        "NEU_TIMEOUT": "2.5",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert resolved() == Connection(
        headers={"X-Api-Key": KEY, "X-Other": "a:b"},
        ca_bundle=str(tmp_path),
        insecure=True,
        proxy=environment["NEU_PROXY"],
        timeout=2.5,
    )
    assert Connection().resolve(spec.api("apportionments"), BASE_URL).headers == {}
    given = resolved(headers={"x-api-key": "other"}, ca_bundle="", insecure=False, proxy="", timeout=1.0)
    assert given == Connection(headers={"X-Other": "a:b", "x-api-key": "other"}, insecure=False, timeout=1.0)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("NEU_CA_BUNDLE", "/nope", "NEU_CA_BUNDLE: cannot use /nope: No such file"),
        ("NEU_CA_BUNDLE", __file__, "NEU_CA_BUNDLE: cannot use "),
        ("NEU_CLIENT_CERT", __file__, "NEU_CLIENT_CERT: cannot use "),
        ("NEU_INSECURE", "perhaps", "NEU_INSECURE: must be 1 or 0, not 'perhaps'"),
        ("NEU_TIMEOUT", "soon", "NEU_TIMEOUT: must be a number of seconds above 0, not 'soon'"),
        ("NEU_TIMEOUT", "-1", "NEU_TIMEOUT: must be a number of seconds"),
        ("NEU_PROXY", "gopher://hidden@h", "NEU_PROXY: must be the URL of a proxy"),
        ("NEU_PROXY", "http://u:hidden@h:port", "NEU_PROXY: must be the URL of a proxy"),
        ("NEU_HEADERS", "X-Key: $HIDDEN_NAME", "NEU_HEADERS: X-Key takes its value .* 'HIDDEN_NAME' is not set"),
        ("NEU_HEADERS", "X-Key: hidden$", "NEU_HEADERS: X-Key has a dollar sign .* write \\$\\$"),
        ("NEU_HEADERS", "X-Key hidden", "NEU_HEADERS: line 1 is no header such as"),
        ("NEU_HEADERS", "X-Key: hidden\u00e9", "NEU_HEADERS: the header X-Key must be ASCII"),
        ("NEU_HEADERS", "Authorization: Basic hidden", "the header Authorization from its token"),
        ("NEU_HEADERS", "Content-Length: 9", "the header Content-Length itself"),
    ],
)
def test_what_cannot_be_used_is_named_and_no_secret_is_quoted(
    name: str, value: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match=message) as caught:
        neu.Neu(TOKEN)
    frames = traceback.TracebackException.from_exception(caught.value, capture_locals=True).stack
    shown = str([frame.locals for frame in frames if not frame.filename.startswith(TESTS)]) + str(caught.value)
    # The line itself may be a local variable, unless its value comes from another variable.
    assert "hidden" not in str(caught.value)
    assert name in shown


def test_a_header_takes_its_value_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY", KEY)
    lines = ["X-A: $GATEWAY", "X-B:Key ${GATEWAY};$$1", "X-C: a: b"]
    assert parse_headers("header", lines) == {"X-A": KEY, "X-B": f"Key {KEY};$1", "X-C": "a: b"}


@BOTH
def test_headers_go_with_every_request_and_nothing_shows_them(
    asynchronous: bool, caplog: pytest.LogCaptureFixture
) -> None:
    basic = base64.b64encode(f"me:{PASSWORD}".encode()).decode()
    headers = {"X-Api-Key": KEY, "X-Gateway": f"Basic {basic}", "Cookie": f"a=1; session={KEY}2", "User-Agent": "mine"}
    echo = {"k": KEY, "b": basic, "p": f"me:{PASSWORD}", "c": f"{KEY}2", "e": KEY.replace("/", "\\/"), "ua": "mine"}
    answer = http("403 No", json.dumps(echo).encode(), f"X-Echo: {KEY}")
    with (
        caplog.at_level(logging.DEBUG, "contrato"),
        server(answer) as (url, heads),
        capture() as responses,
        pytest.raises(AuthenticationError) as caught,
    ):
        call(asynchronous, listed, base_url=url, headers=headers)
    error = caught.value
    for name, value in headers.items():
        assert f"{name}: {value}".encode() in heads[0]
    assert error.body["ua"] == "mine"
    frames = traceback.TracebackException.from_exception(error, capture_locals=True).stack
    ours = [str(frame.locals) for frame in frames if not frame.filename.startswith(TESTS)]
    shown = [str(error), repr(error), repr(vars(error)), repr(error.headers.raw), caplog.text, *ours]
    shown += [repr(pickle.loads(pickle.dumps(error)).__dict__), repr(responses[0].request.headers.raw)]
    for text in shown:
        for secret in (KEY, PASSWORD, basic):
            assert secret not in text
    assert "the server, or a gateway before it, forbids this" in str(error)


def test_headers_of_a_call_are_secrets_too() -> None:
    transport = serving(httpx.Response(500, text=f"you sent {KEY}"))
    with pytest.raises(ResponseError) as caught:
        neu.Neu(TOKEN, transport=transport, retries=0).list_services(options={"headers": {"X-Api-Key": KEY}})
    assert caught.value.body == "you sent [secret]"


def test_a_short_value_is_taken_out_as_a_word_only() -> None:
    transport = serving(httpx.Response(500, text='{"prod": "product", "n": 1}'))
    client = neu.Neu(TOKEN, transport=transport, retries=0, headers={"X-Stage": "prod", "X-Number": "1"})
    with pytest.raises(ResponseError) as caught:
        client.list_services()
    assert caught.value.body == {"[secret]": "product", "n": 1}


@pytest.mark.parametrize("scheme", ["http://", "", "http:/"])
@BOTH
def test_a_client_shows_no_secret(asynchronous: bool, scheme: str) -> None:
    kind = neu.AsyncNeu if asynchronous else neu.Neu
    proxy = f"{scheme}me:{PASSWORD}@127.0.0.1:9"
    assert PASSWORD not in repr(Connection(proxy=proxy))
    if scheme == "http:/":
        return  # No address.
    client: Any = kind(TOKEN, BASE_URL, headers={"X-Api-Key": KEY}, proxy=proxy)
    shown = repr(vars(client)) + repr(client._connection) + repr(client._defaults)
    assert KEY not in shown
    assert PASSWORD not in shown
    assert "X-Api-Key" in repr(client._connection)


@pytest.mark.parametrize("user", ["KEY", "KEY:", ":KEY", "me:KEY"])
def test_a_key_of_a_proxy_is_a_secret_wherever_it_stands(user: str) -> None:
    url = f"http://{user.replace('KEY', 'k3y%2Bof-proxy')}@proxy.example:3128"
    basic = base64.b64encode((user.replace("KEY", "k3y+of-proxy") + ":" * (":" not in user)).encode()).decode()
    assert {"k3y+of-proxy", "k3y%2Bof-proxy", basic} <= Connection(proxy=url).secrets
    assert "" not in Connection(proxy=url).secrets


@BOTH
def test_requests_go_through_the_given_proxy_with_its_password(asynchronous: bool) -> None:
    credentials = base64.b64encode(f"me:{PASSWORD}".encode())
    with server(http("407 No", b"wrong: " + credentials)) as (url, heads):
        proxy = url.removesuffix("/base").replace("//", f"//me:{PASSWORD.replace('+', '%2B')}@")
        with pytest.raises(ResponseError) as caught:
            call(asynchronous, listed, base_url="http://energy.invalid/base", proxy=proxy)
    assert heads[0].startswith(f"GET http://energy.invalid/base{LIST_SERVICES.path} ".encode())
    assert b"Basic " + credentials in heads[0]
    assert caught.value.body == "wrong: [secret]"


@pytest.mark.parametrize("setting", [{"proxy": "http://h"}, {"insecure": True}, {"ca_bundle": "x"}])
def test_a_transport_has_its_own_settings(setting: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="a transport has its own certificates and proxy"):
        neu.Neu(TOKEN, transport=serving(httpx.Response(200)), **setting)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with certificates and keys, of a server at 127.0.0.1 and of a client, each its own authority."""
    folder = tmp_path_factory.mktemp("certificates")
    self_signed(folder, "server")
    self_signed(folder, "client")
    self_signed(folder, "locked", password="pass-of-key")
    return folder


@pytest.fixture
def secure(certificates: Path) -> Iterator[str]:
    """The URL of a server with TLS that wants a certificate of clients."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates / "server.pem")
    context.load_verify_locations(certificates / "client.crt")
    context.verify_mode = ssl.CERT_REQUIRED
    # TLS 1.2 tells a client without a certificate so during the handshake.
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(connection, server_side=True) as stream:
                    stream.recv(65536)
                    stream.sendall(http("200 OK", b"[]"))
            except OSError:
                connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"https://127.0.0.1:{listener.getsockname()[1]}"
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


@BOTH
def test_certificates_are_those_of_a_proxy_too(secure: str, certificates: Path, asynchronous: bool) -> None:
    ours: dict[str, Any] = {"client_cert": str(certificates / "client.pem"), "proxy": secure}
    use = partial(call, asynchronous, listed, base_url="http://energy.invalid", retries=0, **ours)
    assert use(ca_bundle=str(certificates / "server.crt")) == []
    assert use(insecure=True) == []
    with pytest.raises(CertificateError):
        use()


@BOTH
def test_certificates_are_checked_and_shown(secure: str, certificates: Path, asynchronous: bool) -> None:
    ours: dict[str, Any] = {"client_cert": str(certificates / "client.pem")}
    trusted: dict[str, Any] = {"ca_bundle": str(certificates / "server.crt")}
    assert call(asynchronous, listed, base_url=secure, **ours, **trusted) == []
    assert call(asynchronous, listed, base_url=secure, **ours, insecure=True) == []
    waits: list[float] = []
    with pytest.raises(CertificateError, match=r"the certificate is not trusted: self.signed certificate") as caught:
        call(asynchronous, listed, waits, base_url=secure, **ours)
    # To try again would change nothing.
    assert (waits, caught.value.transient) == ([], False)
    with pytest.raises(TransportError):
        call(asynchronous, listed, base_url=secure, **trusted, retries=0)


def test_certificates_that_changed_are_read_again(secure: str, certificates: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.pem"
    settings: dict[str, Any] = {"base_url": secure, "ca_bundle": str(bundle)}
    bundle.write_bytes((certificates / "locked.crt").read_bytes())
    with pytest.raises(CertificateError):
        call(False, listed, **settings, client_cert=str(certificates / "client.pem"))
    with pytest.raises(CertificateError):
        call(False, listed, **settings)
    bundle.write_bytes((certificates / "server.crt").read_bytes())
    # The server is trusted now, and wants to know who asks.
    with pytest.raises(TransportError) as caught:
        call(False, listed, **settings, retries=0)
    assert not isinstance(caught.value, CertificateError)


def test_a_key_with_a_password_is_refused_and_nobody_is_asked_for_it(certificates: Path) -> None:
    with pytest.raises(ValueError, match=r"client_cert: cannot use .*: its key has a password"):
        neu.Neu(TOKEN, client_cert=str(certificates / "locked.pem"))


@BOTH
def test_the_timeout_of_the_environment_counts(asynchronous: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEU_TIMEOUT", "0.05")
    with server(b"", silent=True) as (url, _), pytest.raises(ContratoError, match="ReadTimeout"):
        call(asynchronous, listed, base_url=url, retries=0)
