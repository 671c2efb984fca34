"""A run behind a gateway, a proxy, or certificates of one's own: what is sent, and what is said when nothing works."""

from __future__ import annotations

import base64
import io
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from rich.console import Console
from starlette.requests import Request

from certificates import self_signed
from contrato.core import spec
from contrato.core.connection import Connection
from contrato.core.spec import Operation
from contrato.verify import Report, UsageError, test_contract, verify
from contrato.verify.modes import Mode
from contrato.verify.reports import har, html, junit, terminal
from foreign import TOKEN, Answer, Foreign, serve

pytestmark = pytest.mark.slow

KEY = "k3y+of/the==gateway"


@dataclass
class Gateway(Foreign):
    """A server behind a gateway, which wants a key."""

    keys: list[str | None] = field(default_factory=list)

    def _answer(self, operation: Operation, request: Request, path: str, raw: bytes) -> Answer:
        self.keys.append(request.headers.get("x-api-key"))
        if self.keys[-1] != KEY:
            return Answer(403, "Your key is <b>missing</b>\x1b[2J, ask Inés", "text/html")
        return super()._answer(operation, request, path, raw)


def run(url: str, observer: Any = None, mode: str | None = "read-only", **connection: Any) -> Report:
    only = ["listAccounts", "answer", "ignored_auth", "token_not_echoed", "not_a_server_error"]
    return verify(
        "neu",
        url,
        TOKEN,
        1,
        mode,
        examples=1,
        rate=0,
        only=only,
        connection=Connection(**connection),
        observer=observer,
    )


def told(url: str, **connection: Any) -> str:
    """The reason why a run could not begin."""
    with pytest.raises(UsageError) as error:
        run(url, **connection)
    assert not any(0xFDD0 <= ord(character) <= 0xFDD1 for character in str(error.value))
    return str(error.value)


def written(report: Report, recorder: har.Recorder, folder: Path) -> str:
    """All reports of a run."""
    out = io.StringIO()
    terminal.write(report, Console(file=out, width=200))
    html.write(folder / "r.html", report, "contrato verify")
    junit.write(folder / "r.xml", report)
    recorder.write(folder / "r.har", report)
    return out.getvalue() + "".join(path.read_text("utf-8") for path in folder.glob("r.*"))


# Headers


def test_a_header_is_sent_with_every_request_and_told_nowhere(tmp_path: Path) -> None:
    both = base64.b64encode(f"user:{KEY}".encode()).decode()
    echoes = [KEY, both, json.dumps(KEY).replace("/", "\\/"), KEY.replace("+", "%2B"), KEY[:12] + "...", KEY[4:]]
    gateway = Gateway("neu")
    gateway.alter = lambda name, answer: (
        replace(
            answer,
            status=500 if answer.status == 200 and len(gateway.log) > 9 else answer.status,
            headers={"X-Echo": KEY},
        )
        if answer.status < 300
        else Answer(500, {"echo": echoes, "name": f"{KEY} {both}"})
    )
    recorder = har.Recorder()
    with serve(gateway) as url:
        report = run(url, recorder, "unrestricted", headers={"X-Api-Key": KEY})
    assert set(gateway.keys) == {KEY}
    assert report.failures
    text = written(report, recorder, tmp_path)
    for form in (KEY, both, KEY[:12], KEY[4:], "k3y%2Bof", "of\\/the", both[10:]):
        assert form not in text, form
    assert any("sent with every request" in note and "X-Api-Key" in note for note in report.notes)
    assert KEY not in repr(recorder.exchanges)


def test_a_refusal_says_what_the_gateway_said() -> None:
    with serve(Gateway("neu")) as url:
        said = told(url)
    assert "403 text/html: Your key is <b>missing</b>" in said
    assert "--header if a gateway asks for more" in said
    with serve(Foreign("neu", lambda name, answer: Answer(401, {"detail": f"bad token {TOKEN}"}))) as url:
        said = told(url)
    assert TOKEN not in said
    assert "401 application/json: " in said
    assert "check --token or NEU_TOKEN" in said


def test_a_redirect_says_where_to_and_nothing_follows_it() -> None:
    elsewhere = Foreign("neu")
    with serve(elsewhere) as other:
        away = {"Location": f"{other}/login?state=s3cret"}
        with serve(Foreign("neu", lambda name, answer: Answer(302, None, headers=away))) as url:
            said = told(url)
    assert f"redirects to {other}/login (302), where the token is not sent" in said
    assert elsewhere.log == []


def test_a_redirect_to_another_host_in_the_midst_of_a_run_is_not_followed() -> None:
    elsewhere, seen = Foreign("neu"), []

    def away(name: str, answer: Answer) -> Answer:
        seen.append(name)
        return Answer(307, None, headers={"Location": f"{other}/x"}) if len(seen) > 8 else answer

    with serve(elsewhere) as other, serve(Foreign("neu", away)) as url:
        run(url, mode="unrestricted", headers={"X-Api-Key": KEY})
    assert elsewhere.log == []
    assert len(seen) > 8


@pytest.mark.parametrize("url", ["http://bob:hunter2@127.0.0.1:9", "http://:hunter2@127.0.0.1:9", "http://u@h:99999/a"])
def test_a_password_in_the_base_url_is_refused_and_not_repeated(url: str) -> None:
    said = told(url)
    assert "has a user or a password" in said
    assert "hunter2" not in said


# Certificates


@dataclass(frozen=True)
class Certificates:
    """Files of a server that nobody vouches for but itself."""

    server: Path
    other: Path


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder = tmp_path_factory.mktemp("certificates")
    other = self_signed(folder, "other", address="DNS:elsewhere.example")
    return Certificates(self_signed(folder, "server"), other)


def test_a_certificate_that_nobody_vouches_for_says_why(certificates: Certificates) -> None:
    with serve(Foreign("neu"), ssl_certfile=str(certificates.server)) as url:
        said = told(url)
        assert "its certificate is not accepted: self-signed certificate" in said.replace("self signed", "self-signed")
        assert "--ca-bundle FILE" in said
        assert run(url, ca_bundle=str(certificates.server)).failures == []
        report = run(url, mode="unrestricted", insecure=True)
        assert report.failures == []
        assert "any certificate was accepted, as --insecure says" in report.notes


def test_a_certificate_of_another_host_says_so(certificates: Certificates) -> None:
    with serve(Foreign("neu"), ssl_certfile=str(certificates.other)) as url:
        said = told(url, ca_bundle=str(certificates.other))
    assert "127.0.0.1" in said.partition("its certificate is not accepted")[2]


def test_a_server_may_ask_who_we_are(certificates: Certificates) -> None:
    asks = {"ssl_certfile": str(certificates.server), "ssl_ca_certs": str(certificates.other)}
    with serve(Foreign("neu"), **asks, ssl_cert_reqs=ssl.CERT_REQUIRED) as url:
        assert "no answer from" in told(url, ca_bundle=str(certificates.server))
        report = run(url, ca_bundle=str(certificates.server), client_cert=str(certificates.other))
    assert report.failures == []


def test_a_bundle_that_is_not_there_is_refused() -> None:
    assert "ca_bundle: cannot use /absent" in told("https://127.0.0.1:9", ca_bundle="/absent")


# Proxies


@dataclass
class Proxy:
    """A proxy that lets requests through, or wants a password first."""

    status: int = 200
    credentials: list[str | None] = field(default_factory=list)


@contextmanager
def proxy(through: Proxy) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def __getattr__(self, name: str) -> Any:
            if name.startswith("do_"):
                return self.answer
            raise AttributeError(name)

        def answer(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            through.credentials.append(self.headers.get("Proxy-Authorization"))
            to = urlsplit(self.path)
            status, kind, body = through.status, "text/plain", b"who are you?"
            if status == 200:
                connection = HTTPConnection(to.netloc, timeout=10)
                headers = {name: value for name, value in self.headers.items() if not name.startswith("Proxy")}
                connection.request(self.command, to._replace(scheme="", netloc="").geturl(), sent, headers)
                answer = connection.getresponse()
                status, kind, body = answer.status, answer.getheader("Content-Type", ""), answer.read()
                connection.close()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_requests_go_through_the_proxy_and_its_password_is_told_nowhere(tmp_path: Path) -> None:
    through, recorder = Proxy(), har.Recorder()
    basic = base64.b64encode(b"bob:hunter2-of-bob").decode()

    def echo(name: str, answer: Answer) -> Answer:
        return Answer(500, {"proxy": f"Basic {basic}, hunter2-of-bob"}) if len(foreign.log) > 9 else answer

    foreign = Foreign("neu", echo)
    with serve(foreign) as url, proxy(through) as address:
        report = run(url, recorder, proxy=f"http://bob:hunter2-of-bob@{address}")
    assert set(through.credentials) == {f"Basic {basic}"}
    assert len(through.credentials) == report.requests
    assert report.failures
    text = written(report, recorder, tmp_path)
    assert "hunter2" not in text
    assert basic not in text


def test_the_proxy_of_the_environment_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    through = Proxy()
    with serve(Foreign("neu")) as url, proxy(through) as address:
        monkeypatch.setenv("NEU_PROXY", address)
        assert run(url).failures == []
        assert through.credentials
        through.credentials.clear()
        monkeypatch.setenv("NEU_PROXY", "")
        monkeypatch.setenv("HTTP_PROXY", f"http://{address}")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        assert run(url).failures == []
        assert through.credentials == []


def test_a_refused_token_is_sent_no_more_however_many_tests_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    foreign = Foreign("apportionments", lambda name, answer: Answer(401, {}))
    test_contract.run.cache_clear()
    with serve(foreign) as url:
        monkeypatch.setenv("APPORTIONMENTS_BASE_URL", url)
        monkeypatch.setenv("APPORTIONMENTS_TOKEN", TOKEN)
        for operation in spec.api("apportionments").operations:
            with pytest.raises(pytest.fail.Exception, match="token refused by"):
                test_contract.test_operation("apportionments", operation)
    test_contract.run.cache_clear()
    assert len(foreign.log) == 1


def test_a_loopback_address_behind_a_proxy_is_another_machine() -> None:
    with serve(Foreign("neu")) as url, proxy(Proxy()) as address:
        assert run(url, mode=None).mode is Mode.UNRESTRICTED
        behind = run(url, mode=None, proxy=f"http://{address}")
    assert behind.mode is Mode.READ_ONLY
    assert any(note.startswith("behind a proxy: only requests that change nothing") for note in behind.notes)


def test_a_proxy_that_refuses_says_so() -> None:
    through = Proxy(status=407)
    with serve(Foreign("neu")) as url, proxy(through) as address:
        said = told(url, proxy=f"http://bob:hunter2-of-bob@{address}")
        assert "407 text/plain: who are you?" in said
        assert "--proxy" in said
    said = told("http://127.0.0.1:9", proxy="http://bob:hunter2-of-bob@127.0.0.1:9")
    assert "check --proxy" in said
    assert "hunter2" not in said


def test_a_server_that_is_slower_than_the_timeout_is_said_to_be() -> None:
    with serve(Foreign("neu", lambda name, answer: replace(answer, delay=1.0))) as url:
        assert "it did not answer in time; see --timeout" in told(url, timeout=0.2)
