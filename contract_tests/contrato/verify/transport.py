"""The one place that every request passes: those of discovery, of a phase of Schemathesis, and of a check's probe.

A request is admitted by the mode, waits for its turn, is given the token and the headers of the run, is sent, read
within limits, and becomes an `Exchange`, without secrets. `guard` sends the requests of Schemathesis here.
"""

from __future__ import annotations

import base64
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from types import EllipsisType
from typing import Any
from urllib.parse import quote, urlsplit

import requests
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ProxyError

from contrato.core.connection import Connection
from contrato.core.document import JSON
from contrato.core.places import encode, place
from contrato.core.spec import Api, Operation, SecurityScheme
from contrato.verify.connections import Adapter, limited
from contrato.verify.coverage import Coverage
from contrato.verify.exchange import Arguments, Exchange
from contrato.verify.findings import kind_of
from contrato.verify.hiding import TOKEN, Secret
from contrato.verify.interrupts import uninterrupted
from contrato.verify.modes import Mode
from contrato.verify.own_records import OwnRecords
from contrato.verify.pace import Pace

TIMEOUT = 10.0
"""Seconds that one answer may take, connecting and reading included, unless the user has another word."""

MAX_BYTES = 64 * 2**20
"""Bytes that one answer may have."""

NONE = Connection()

GIVE_UP = 3
"""Lost connections in a row, after which the server is taken for gone if it takes no other one either."""

HANGS = 5
"""Requests of an operation, one after the other, that take too long; then it is asked no more."""

OUTAGE = 15.0
"""Seconds for which a server may be away before it is taken for gone: a restart takes some, and breaks no contract."""

PAUSE = 1.0
"""Seconds before it is asked again whether it is back."""


class Gone(KeyboardInterrupt):
    """The server answers nothing any more: nothing else is worth asking. See `Stopped` for the base class.

    Attributes:
        at_request: True if it went away at a request, of which it broke the connection. Otherwise it may have been
            stopped, or the network between may be broken.
    """

    def __init__(self, message: str, *, at_request: bool = False) -> None:
        super().__init__(message)
        self.at_request = at_request


class Refused(requests.RequestException):
    """The mode forbids this request; it was not sent."""


class Unusable(requests.RequestException):
    """The answer took too long to arrive in full."""


class Limited(requests.RequestException):
    """The server asked, with 429, to be asked for this no more for a while; the request was not sent."""


class Ended(requests.RequestException):
    """The run has ended, or the server answers nothing in clean-up: nothing is sent any more, whoever asks."""


class TooLong(requests.RequestException):
    """The answer is longer than we read. That breaks no contract, but what it says was not checked."""


class Transport:
    """Guards and observes the requests of one run.

    Args:
        spec: Decides which requests change something.
        base_url: The server under test; requests to other origins are refused.
        token: Goes into each request that `exchange` sends.
        mode: Decides what may be sent.
        rate: Requests per second at most; 0 for as many as there are.
        budget: Requests at most; 0 for as many as there are.
        seconds: Time that the run may take; 0 for as long as it takes.
        connection: Headers, certificates, proxy and timeout, as `Connection.resolve` has them.

    Attributes:
        timeout: Seconds that one answer may take.
        observers: Are called with each exchange, whoever sent the request.
        requests: Number of requests sent, by operationId (`""` for those that no operation answers).
        coverage: Parts of the spec that their answers have shown.
        pace: Limits of the run.
        own: The records that this run created.
        ended: True if nothing is to be sent any more.
        cleaning: True in clean-up, which gives up a server that is silent.
        limited: Number of requests that were answered with 429 or, for that reason, not sent, by operationId.
        unread: Operations with an answer that was too long to be read.
        refused: Number of requests that the mode kept back.
        created: Operations that only read by the spec, and said that they created something; and what they said first.
    """

    def __init__(
        self,
        spec: Api,
        base_url: str,
        token: str,
        mode: Mode,
        *,
        rate: float = 0,
        budget: int = 0,
        seconds: float = 0,
        connection: Connection = NONE,
    ) -> None:
        self.spec = spec
        # In the form in which requests writes it, so that the two compare.
        self.base_url = str(requests.Request("GET", base_url).prepare().url).rstrip("/")
        self.token = token
        self.mode = mode
        self.observers: list[Callable[[Exchange], None]] = []
        self.requests: Counter[str] = Counter()
        self.coverage = Coverage(spec)
        self.pace = Pace(rate, budget, seconds)
        self.own = OwnRecords(spec, self._ask if mode is Mode.OWN_RECORDS else None)
        self.ended = self.cleaning = False
        self.limited: Counter[str] = Counter()
        self.unread: set[str] = set()
        self.refused = 0
        self.created: dict[str, Exchange] = {}
        self._adapter = Adapter()
        self.timeout = connection.timeout or TIMEOUT
        self._headers = connection.headers
        # Nothing of the environment but what `Connection.resolve` took.
        settings: dict[str, Any] = {
            "verify": not connection.insecure and (connection.ca_bundle or True),
            "cert": connection.client_cert,
            "proxies": {} if connection.proxy is None else dict.fromkeys(("http", "https"), connection.proxy),
        }
        # Bound here, since `guard` puts another method in its place.
        self._send_now: Callable[[requests.PreparedRequest], requests.Response] = partial(
            self._adapter.send, stream=True, timeout=self.timeout, **settings
        )
        self._others = connection.secrets
        self._secret = Secret(token, others=self._others)
        self._sender = ""
        self._lost = self._silent = 0
        self._hung: Counter[str] = Counter()
        # When the server was first found away; and a request of each operation that it answered before.
        self._away: float | None = None
        self._answered: dict[str, Exchange] = {}

    @property
    def is_silent(self) -> bool:
        """True if the last requests had no answer: three were lost, or two took too long."""
        return self._silent >= GIVE_UP

    @contextmanager
    def sending(self, name: str) -> Iterator[None]:
        """Requests in this block are sent by `name`."""
        previous, self._sender = self._sender, name
        try:
            yield
        finally:
            self._sender = previous

    def exchange(
        self,
        operation: Operation,
        arguments: Arguments,
        *,
        token: str | EllipsisType | None = ...,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Exchange:
        """Send one request; redirects are not followed, and neither a cookie nor a password from .netrc is added.

        Args:
            operation: Whose method and path the request has.
            arguments: Values by `Parameter.key`, also such as the spec does not know.
            token: Another token than the run's; None for a request without `Authorization`.
            headers: Are added last and replace others.
            content: A body in place of the one that the arguments make.

        Raises:
            requests.RequestException: No answer came, or it was not read; `Refused` when the mode forbids the request.
        """
        parts = place(operation, arguments)
        if content is None and parts.body is not None:
            content = json.dumps(parts.body).encode()
        elif content is None:
            content = encode(parts)[0]
        scheme = operation.credential if isinstance(token, EllipsisType) and self.token else None
        mark = {} if scheme is None else {scheme.parameter: marked(scheme)}
        place_of_token = "" if scheme is None else scheme.place
        request = requests.Request(
            parts.method,
            self.base_url + parts.path,
            params=[*parts.query, *(mark.items() if place_of_token == "query" else ())],
            data=content,
            headers={
                **requests.utils.default_headers(),
                **({} if content is None else {"Content-Type": parts.media_type or JSON}),
                **({"Authorization": f"Bearer {token}"} if isinstance(token, str) else {}),
                **(mark if place_of_token == "header" else {}),
                **{name: text.encode() for name, text in parts.headers.items()},
                **(headers or {}),
            },
            cookies={**parts.cookies, **(mark if place_of_token == "cookie" else {})},
        ).prepare()
        return self.forward(request)[0]

    def wait_for_server(self, operation: Operation | None) -> None:
        """Wait until what the server answered before is answered again: else it is not it that answers.

        Args:
            operation: The one with an answer, or without one, that may have its reason elsewhere.

        Raises:
            Gone: It is not for long.
        """
        # Of another operation, if there is one: an operation may fail while others do not.
        known = sorted(self._answered.values(), key=lambda answer: answer.operation != operation)
        began = time.monotonic()
        while known:
            answer = self.another(known[-1])
            if answer is not None and not answer.may_be_anothers:
                return
            if time.monotonic() - began > OUTAGE:
                said = "had no answer" if answer is None else f"was answered with {kind_of(answer)}"
                raise Gone(f"for {OUTAGE:g} s a request that was answered before {said}")
            time.sleep(PAUSE)

    def another(self, exchange: Exchange) -> Exchange | None:
        """Another answer to the request of an exchange; None when none came."""
        left_out = ("content-length", "host", "transfer-encoding")
        headers = {name: text for name, text in exchange.request_headers.items() if name not in left_out}
        request = requests.Request(
            exchange.method,
            exchange.url,
            data=exchange.request_body or None,
            headers={name: text.encode("latin-1") for name, text in headers.items()},
        ).prepare()
        with self.sending(exchange.sender), suppress(requests.RequestException):
            return self.forward(request)[0]
        return None

    def forward(self, request: requests.PreparedRequest) -> tuple[Exchange, requests.Response]:
        """Send a request as soon as it may be sent, and once more after 429 or when its connection was lost.

        Args:
            request: The request; `[token]` in its headers and its query stands for the token.

        Raises:
            requests.RequestException: As of `exchange`.
        """
        if self.ended or (self.cleaning and self.is_silent):
            raise Ended("nothing is sent any more", request=request)
        operation = self._admit(request)
        given, request = request, self._authorized(request, operation)
        # A request that was answered with 429 was not done, so that a write may be repeated too.
        repeatable = True
        # A server may close a connection that it kept alive in the moment in which it is used again.
        may_be_lost = operation is not None and operation.safe
        name = operation.id if operation else ""
        if self.pace.is_closed(name):
            self.limited[name] += 1
            raise Limited("the server asked with 429 to wait longer", request=request)
        if operation is not None and self._hung[name] >= HANGS:
            # As if it took too long again.
            raise requests.Timeout(f"{HANGS} requests one after the other took too long", request=request)
        is_repetition = False
        while True:
            self.pace.take_turn(self.requests.total())
            if is_repetition:
                # While this waited, a record may have become somebody else's.
                self._admit(given)
            is_repetition = True
            if operation is not None:
                self.own.look_around(operation)
                self.own.look_for(operation, _octets(request.body))
            try:
                with nullcontext() if operation is None or operation.safe else uninterrupted():
                    exchange, response = self._send(request, operation)
                    response.request = given
            except (requests.ConnectionError, requests.Timeout, Unusable) as error:
                if isinstance(error, requests.ConnectionError) and self._is_to_be_sent_again(error):
                    continue
                if not may_be_lost:
                    raise
                may_be_lost = False
                continue
            if exchange.status != 429:
                return exchange, response
            # Also where the request is not repeated: the next one is not to come earlier either.
            waited = self.pace.wait(name, exchange.headers.get("retry-after", ""))
            if not repeatable or not waited:
                self.limited[name] += 1
                return exchange, response
            # In clean-up as often as there is time.
            repeatable = self.pace.unlimited

    def _authorized(self, request: requests.PreparedRequest, operation: Operation | None) -> requests.PreparedRequest:
        """The request as it is sent, with the token and the headers that the user wants on each one."""
        sent = request.copy()
        schemes = self.spec.credentials if operation is None else filter(None, [operation.credential])
        wanted = {(scheme.parameter.lower(), marked(scheme)) for scheme in schemes}
        carriers = {"authorization", "cookie", *(name for name, _ in wanted)}
        elsewhere = False
        for name, value in request.headers.items():
            text = _decoded(value)
            if text in MARKS and (name.lower(), text) not in wanted:
                # Of another operation: Schemathesis has the same headers for all.
                del sent.headers[name]
                elsewhere = True
            elif TOKEN in text and name.lower() in carriers:
                basic = f"Basic {base64.b64encode(self.token.encode()).decode()}"
                sent.headers[name] = text.replace(f"Basic {TOKEN}", basic).replace(TOKEN, self.token)
        scheme = None if operation is None else operation.credential
        if elsewhere and scheme is not None and scheme.place == "query":
            sent.prepare_url(sent.url, {scheme.parameter: self.token})
        elif elsewhere and scheme is not None and scheme.place == "cookie":
            cookies = [sent.headers.get("Cookie"), f"{scheme.parameter}={self.token}"]
            sent.headers["Cookie"] = "; ".join(filter(None, cookies))
        if operation is not None and sent.headers.get("Accept") == "*/*":
            # As clients do: of several forms of an answer, JSON is what can be judged.
            sent.headers["Accept"] = operation.accept
        if operation is not None and not self.spec.file and not sent.body:
            # As clients do, too: one of the documents asks for it in every request.
            sent.headers.setdefault("Content-Type", JSON)
        # A cache in between may have an older answer.
        sent.headers.setdefault("Cache-Control", "no-cache")
        if scheme is not None and scheme.place == "query":
            # Nowhere else: a record may be called like this.
            argument = re.escape(f"{quote(scheme.parameter, safe='')}={quote(TOKEN, safe='')}")
            own = f"{quote(scheme.parameter, safe='')}={quote(self.token, safe='')}"
            sent.url = re.sub(rf"(?<=[?&]){argument}(?=&|$)", lambda match: own, str(sent.url))
        sent.headers.update(self._headers)
        return sent

    def _ask(self, operation: Operation, arguments: Arguments) -> Exchange | None:
        """The answer to a question about ownership, beyond the budget if need be; None when there is none."""
        beyond, self.pace.unlimited = self.pace.unlimited, True
        try:
            with self.sending("ownership"):
                return self.exchange(operation, arguments)
        except requests.RequestException:
            return None
        finally:
            self.pace.unlimited = beyond

    def close(self) -> None:
        """Close the connections."""
        self._adapter.close()

    def _send(
        self, request: requests.PreparedRequest, operation: Operation | None
    ) -> tuple[Exchange, requests.Response]:
        intent = self.own.intend(operation, self._secret.hide(_text(request.body))) if operation is not None else None
        self.requests[operation.id if operation else ""] += 1
        started, begun = datetime.now(UTC), time.monotonic()
        try:
            response = self._send_now(request)
            _read(response, request, self.timeout)
        except requests.RequestException as error:
            if operation is not None and isinstance(error, TooLong):
                self.unread.add(operation.id)
            is_lost = isinstance(error, requests.ConnectionError) and not isinstance(error, requests.Timeout)
            if operation is not None:
                self._hung[operation.id] += isinstance(error, requests.Timeout | Unusable)
            if _was_not_sent(error):
                self.own.withdraw(intent)
            else:
                self._lost = self._lost + 1 if is_lost else 0
            if not isinstance(error, TooLong):
                self._silent += 1 if is_lost else 2
            if self._lost >= GIVE_UP and not self.pace.unlimited and not self._is_up():
                raise Gone(str(error), at_request=True) from error
            raise
        self._lost = self._silent = 0
        if operation is not None:
            self._hung[operation.id] = 0
        self._away = None
        self.pace.received += len(response.content)
        exchange = self._build(request, response, operation, started, time.monotonic() - begun)
        if operation is not None:
            self.coverage.see(exchange)
            if operation.safe and exchange.status == HTTPStatus.CREATED and "location" in exchange.headers:
                self.created.setdefault(operation.id, exchange)
            if operation.safe and exchange.succeeded and not exchange.may_be_anothers:
                self._answered.pop(operation.id, None)
                self._answered[operation.id] = replace(exchange, content=b"")
        try:
            for observe in self.observers:
                observe(exchange)
        finally:
            if operation is not None:
                self.own.see(operation, exchange, intent)
        return exchange, response

    def _is_to_be_sent_again(self, error: requests.ConnectionError) -> bool:
        """True if a request was not sent, since there was no connection, and a pause is over.

        Raises:
            Gone: There has been none for long.
        """
        if not self._answered or not _was_not_sent(error):
            return False
        self._away = self._away or time.monotonic()
        if time.monotonic() - self._away < OUTAGE:
            time.sleep(PAUSE)
            return True
        if self.pace.unlimited:
            return False
        is_proxy = isinstance(error, requests.exceptions.ProxyError)
        what = f"for {OUTAGE:g} s {'the proxy' if is_proxy else 'the server'} let nobody connect: {error}"
        raise Gone(what, at_request=self._lost > 0 and not is_proxy) from error

    def _is_up(self) -> bool:
        self.requests[""] += 1
        try:
            self._send_now(requests.Request("GET", self.base_url).prepare()).close()
        except requests.RequestException:
            return False
        return True

    def _build(
        self,
        request: requests.PreparedRequest,
        response: requests.Response,
        operation: Operation | None,
        started: datetime,
        seconds: float,
    ) -> Exchange:
        sent = str(request.headers.get("Authorization", ""))
        secret = self._secret if sent == f"Bearer {self.token}" else Secret(self.token, sent, self._others)
        headers = {name.lower(): str(value) for name, value in response.headers.items()}
        return secret.hidden(
            Exchange(
                operation=operation,
                sender=self._sender,
                method=str(request.method),
                url=str(request.url),
                path=self._path(str(request.url)),
                request_headers={name.lower(): _decoded(value) for name, value in request.headers.items()},
                request_body=_octets(request.body),
                status=response.status_code,
                headers=headers,
                content=response.content,
                started=started,
                seconds=seconds,
                token_echoed=secret.is_in(response.content.decode("latin-1"), *headers.values()),
            )
        )

    def _path(self, url: str) -> str:
        return urlsplit(url).path.removeprefix(urlsplit(self.base_url).path)

    def _admit(self, request: requests.PreparedRequest) -> Operation | None:
        url, method = str(request.url), str(request.method)
        base = urlsplit(self.base_url)
        inside = urlsplit(url)
        path = self._path(url)
        operation = self.spec.match(method, path)
        if operation is not None:
            reads = operation.safe and (self.mode is Mode.UNRESTRICTED or operation.id not in self.created)
            allowed = reads or self._may_write(operation, path, _octets(request.body))
        elif self._sender == "schemathesis" and self.mode is Mode.READ_ONLY:
            # It tries a path with control characters, for which a firewall may lock us out.
            raise Refused(f"{method} {path} was not sent: no operation has this path", request=request)
        else:
            # Also a write where the spec has none can write.
            allowed = method == "GET" or self.mode is Mode.UNRESTRICTED
        if (inside.scheme, inside.netloc) != (base.scheme, base.netloc) or not allowed:
            self.refused += 1
            raise Refused(f"{method} {path} was not sent: the mode is {self.mode}", request=request)
        return operation

    def _may_write(self, operation: Operation, path: str, content: bytes) -> bool:
        if self.mode is not Mode.OWN_RECORDS:
            return self.mode is Mode.UNRESTRICTED
        return self.own.may_write(operation, path, content)


# The token is this text in headers, see `marked`.
MARKS = (TOKEN, f"Basic {TOKEN}", f"Bearer {TOKEN}")


def marked(scheme: SecurityScheme) -> str:
    """The text of a request in place of the token, as a scheme has it."""
    return f"Basic {TOKEN}" if scheme.is_basic else scheme.written(TOKEN)


class _Bounded:
    """The raw answer, of which no more is read than the limit of size allows."""

    def __init__(self, raw: Any, request: requests.PreparedRequest) -> None:
        self._raw = raw
        self._request = request

    def stream(self, *args: Any, **options: Any) -> Iterator[bytes]:
        size = 0
        # Not by its own `stream`, which waits until a chunk is full: of an answer that drips that may take hours.
        while chunk := self._raw.read1(*args, **options):
            size += len(chunk)
            if size > MAX_BYTES:
                raise TooLong(f"the answer is longer than {MAX_BYTES} bytes", request=self._request)
            yield chunk

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)


def _read(response: requests.Response, request: requests.PreparedRequest, timeout: float) -> None:
    """Read the whole body, within the limits of time and size."""
    connection = getattr(response.raw, "connection", None)
    response.raw = _Bounded(response.raw, request)
    try:
        with limited(connection, timeout) if connection is not None else nullcontext():
            response.content  # noqa: B018
    except TimeoutError:
        response.close()
        raise Unusable(f"the answer was not complete after {timeout:g} s", request=request) from None
    except requests.exceptions.ChunkedEncodingError as error:
        # So are all cut bodies called, those with a length too. It is no `ConnectionError`, but as good as one.
        response.close()
        raise requests.ConnectionError(f"the answer was cut: {error}", request=request) from error
    except BaseException:
        response.close()
        raise


def _was_not_sent(error: requests.RequestException) -> bool:
    """True if there was no connection on which a request could have been sent."""
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    # Of a proxy too: what it raises where a connection breaks may be about one on which a request was sent.
    reason = reason.original_error if isinstance(reason, ProxyError) else reason
    return isinstance(reason, (NewConnectionError, ConnectTimeoutError))


def _octets(body: str | bytes | None) -> bytes:
    return body.encode() if isinstance(body, str) else bytes(body or b"")


def _text(body: str | bytes | None) -> str:
    return _octets(body).decode("utf-8", "replace")


def _decoded(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
