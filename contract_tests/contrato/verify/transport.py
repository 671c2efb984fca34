"""The one place that every request passes: those of discovery, of a phase of Schemathesis, and of a check's probe.

Schemathesis opens `requests` sessions of its own in several places, so a session of ours would see only some of the
requests. All sessions end in `requests.adapters.HTTPAdapter.send`; while a run lasts, that is where it is guarded.
"""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from types import EllipsisType
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from contrato.core.places import Parts, place
from contrato.core.spec import JSON, Api, Operation
from contrato.verify.coverage import Coverage
from contrato.verify.documents import MISSING, find, is_deep, loaded, validator
from contrato.verify.exchange import Arguments, Exchange
from contrato.verify.hiding import TOKEN, Secret
from contrato.verify.interrupts import uninterrupted
from contrato.verify.modes import Mode
from contrato.verify.own_records import Record

TIMEOUT = 10.0
"""Seconds that one answer may take, connecting and reading included."""

MAX_BYTES = 64 * 2**20
"""Bytes that one answer may have."""

MAX_ALL_BYTES = 512 * 2**20
"""Bytes that all answers of a run may have together."""

LONGEST_WAIT = 5.0
"""Seconds that a run waits before it repeats a request that was answered with 429, whatever the server asks for."""

ALL_WAITS = 120.0
"""Seconds that all these waits of a run may take together."""

GIVE_UP = 3
"""Lost connections in a row, after which the server is taken for gone if it takes no other one either."""


class Stopped(KeyboardInterrupt):
    """The budget is spent. As after Ctrl-C, nothing more is sent but what removes the run's own records.

    A `KeyboardInterrupt` because Schemathesis and Hypothesis take every other exception for a finding and go on.
    """


class Gone(KeyboardInterrupt):
    """The server takes no connection any more: nothing else is worth asking. See `Stopped` for the base class."""


class Refused(requests.RequestException):
    """The mode forbids this request; it was not sent."""


class Unusable(requests.RequestException):
    """The answer took too long to arrive in full."""


class TooLong(requests.RequestException):
    """The answer is longer than we read. That breaks no contract, but what it says was not checked."""


class Transport:
    """Guards and observes the requests of one run.

    Args:
        spec: Decides which requests change something.
        base_url: The server under test; requests to other origins are refused.
        token: Goes into each request that `call` and `exchange` send.
        mode: What may be sent.
        rate: Requests per second at most; 0 for as many as there are.
        budget: Requests at most; 0 for as many as there are.

    Attributes:
        observers: Are called with each exchange, whoever sent the request.
        requests: Number of requests sent, by operationId (`""` for those that no operation answers).
        coverage: What their answers have shown.
        limited: Number of 429 answers that no repetition made good, by operationId.
        unread: Operations with an answer that was too long to be read.
        created: The records that this run created and has not deleted.
        unnamed: Number of requests to create a record after which it is not known whether there is one.
        refused: Number of requests that the mode kept back.
        spent: Which budget was used up, and what to do about it; empty text while there is more.
        on_created: Is called with the records that are there whenever they change.
    """

    def __init__(self, spec: Api, base_url: str, token: str, mode: Mode, *, rate: float = 0, budget: int = 0) -> None:
        self.spec = spec
        # In the form in which requests writes it, so that the two compare.
        self.base_url = str(requests.Request("GET", base_url).prepare().url).rstrip("/")
        self.token = token
        self.mode = mode
        self.rate = rate
        self.budget = budget
        self.observers: list[Callable[[Exchange], None]] = []
        self.on_created: Callable[[list[Record]], None] = lambda records: None
        self.requests: Counter[str] = Counter()
        self.coverage = Coverage(spec)
        self.limited: Counter[str] = Counter()
        self.unread: set[str] = set()
        self.created: list[Record] = []
        self.unnamed = 0
        self.refused = 0
        self.spent = ""
        self._received = 0
        self._secret = Secret(token)
        self._sender = ""
        self._latest: Exchange | None = None
        self._next_start = 0.0
        self._waited = 0.0
        self._lost = 0
        self._cleaning = False
        self._own_paths: set[str] = set()
        self._other_paths: set[str] = set()
        self._ever_created: list[Record] = []
        # What the server last said that our records are, by path.
        self._states: dict[str, Any] = {}
        # An operation that addresses what another one creates, and its parameter, by the creating operation.
        self._addresses = {
            creator.id: (o, next(f for f in o.parameters if f.place == "path"))
            for o in spec.operations.values()
            if not o.safe and (creator := o.creator) is not None
        }
        self._session = requests.Session()
        # Neither a cookie nor a password from .netrc may stand in for the token that a request leaves out.
        self._session.auth = lambda request: request
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    @contextmanager
    def guard(self) -> Iterator[None]:
        """While this lasts, every request of this process passes here. One run at a time."""
        original = HTTPAdapter.send
        adapters: set[HTTPAdapter] = set()

        def send(adapter: HTTPAdapter, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
            operation = self._admit(request)
            adapters.add(adapter)
            # What was answered with 429 was not done, so that a write may be repeated too.
            repeatable = operation is not None
            # A server may close a connection that it kept alive in the moment in which it is used again.
            may_be_lost = operation is not None and operation.safe
            while True:
                self._take_turn()
                try:
                    with nullcontext() if operation is None or operation.safe else uninterrupted():
                        answer = self._send(original, adapter, request, kwargs, operation)
                except requests.ConnectionError as error:
                    if not may_be_lost or isinstance(error, requests.Timeout):
                        raise
                    may_be_lost = False
                    continue
                if answer.status_code != 429:
                    break
                if not repeatable or not self._wait(answer):
                    self.limited[operation.id if operation else ""] += 1
                    break
                repeatable = False
            return answer

        HTTPAdapter.send = send  # type: ignore[assignment,method-assign]
        try:
            yield
        finally:
            HTTPAdapter.send = original  # type: ignore[method-assign]
            for adapter in adapters:
                adapter.close()

    @contextmanager
    def sending(self, name: str) -> Iterator[None]:
        """What is sent in this block is sent by `name`."""
        previous, self._sender = self._sender, name
        try:
            yield
        finally:
            self._sender = previous

    def call(self, operation: Operation, arguments: Arguments) -> requests.Response:
        """Send one request with the token; redirects are not followed."""
        parts = place(operation, arguments)
        return self._request(parts, None if parts.body is None else json.dumps(parts.body).encode(), self.token)

    def _request(
        self, parts: Parts, content: bytes | None, token: str | None, headers: Mapping[str, str] | None = None
    ) -> requests.Response:
        return self._session.request(
            parts.method,
            self.base_url + parts.path,
            params=list(parts.query),
            data=content,
            headers={
                **({} if content is None else {"Content-Type": JSON}),
                **({} if token is None else {"Authorization": f"Bearer {token}"}),
                **{name: text.encode() for name, text in parts.headers.items()},
                **(headers or {}),
            },
            cookies=parts.cookies,
            allow_redirects=False,
        )

    def exchange(
        self,
        operation: Operation,
        arguments: Arguments,
        *,
        token: str | EllipsisType | None = ...,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Exchange:
        """Send one request; redirects are not followed.

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
        self._latest = None
        self._request(parts, content, self.token if isinstance(token, EllipsisType) else token, headers)
        assert self._latest is not None
        return self._latest

    def another(self, exchange: Exchange) -> Exchange | None:
        """Another answer to the request of an exchange; None when none came."""
        left_out = ("content-length", "host", "transfer-encoding")
        headers = {name: text for name, text in exchange.request_headers.items() if name not in left_out}
        self._latest = None
        with self.sending(exchange.sender), suppress(requests.RequestException):
            self._session.request(
                exchange.method,
                exchange.url.replace(TOKEN, self.token),
                data=exchange.request_body.replace(TOKEN.encode(), self.token.encode()) or None,
                headers={name: text.replace(TOKEN, self.token).encode() for name, text in headers.items()},
                allow_redirects=False,
            )
        return self._latest

    def clean_up(self) -> list[Record]:
        """Delete what this run created, beyond the budget if need be; returns the records that are left."""
        self._cleaning = True
        unanswered = 0
        for record in list(self.created):
            remover = self.spec.operations[record.creator].remover
            if remover is None:
                continue
            try:
                answer = self.call(remover, record.arguments)
            except requests.RequestException:
                unanswered += 1
                if unanswered == GIVE_UP:
                    break
                continue
            unanswered = 0
            if answer.status_code in (404, 410):
                self._forget(record.path)
        if self.mode is Mode.OWN_RECORDS and unanswered < GIVE_UP:
            # What was answered as deleted need not be; but an id may also have gone to somebody else's record.
            deleted = [record for record in self._ever_created if record not in self.created]
            self.created += [record for record in deleted if self._read(record) == self._states[record.path]]
        self.on_created(self.created)
        return self.created

    def is_there(self, record: Record) -> bool | None:
        """Whether the server has a record; None when it does not say."""
        found = self._read(record)
        return None if found is MISSING else found not in (None, [], {})

    def _read(self, record: Record) -> Any:
        """What the server has at a record's path; None for nothing, `MISSING` when it does not say."""
        reader = self.spec.operations[record.creator].reader
        if reader is None:
            return MISSING
        try:
            answer = self.call(reader, record.arguments)
            if answer.status_code == 429 or answer.status_code >= 500:
                return MISSING
            return loaded(answer.content) if answer.status_code == 200 and answer.content else None
        except requests.RequestException:
            return MISSING

    def _send(
        self,
        original: Callable[..., requests.Response],
        adapter: HTTPAdapter,
        request: requests.PreparedRequest,
        kwargs: dict[str, Any],
        operation: Operation | None,
    ) -> requests.Response:
        self.requests[operation.id if operation else ""] += 1
        started, begun = datetime.now(UTC), time.monotonic()
        try:
            answer = original(adapter, request, **{**kwargs, "stream": True, "timeout": TIMEOUT})
            _read(answer, request)
        except requests.RequestException as error:
            if operation is not None and isinstance(error, TooLong):
                self.unread.add(operation.id)
            self.unnamed += operation is not None and operation.id in self._addresses
            is_lost = isinstance(error, requests.ConnectionError) and not isinstance(error, requests.Timeout)
            self._lost = self._lost + 1 if is_lost else 0
            if self._lost >= GIVE_UP and not self._cleaning and not self._is_up(original, adapter, kwargs):
                raise Gone(str(error)) from error
            raise
        self._lost = 0
        self._received += len(answer.content)
        exchange = self._build(request, answer, operation, started, time.monotonic() - begun)
        if operation is not None:
            self._observe(operation, exchange, answer)
        self._latest = exchange
        for observe in self.observers:
            observe(exchange)
        if is_deep(answer.content):
            answer._content = b""  # Schemathesis reads every answer as JSON, and would not survive this one.
        return answer

    def _is_up(self, original: Callable[..., requests.Response], adapter: HTTPAdapter, kwargs: dict[str, Any]) -> bool:
        self.requests[""] += 1
        try:
            asked = requests.Request("GET", self.base_url).prepare()
            original(adapter, asked, **{**kwargs, "stream": True, "timeout": TIMEOUT}).close()
        except requests.RequestException:
            return False
        return True

    def _build(
        self,
        request: requests.PreparedRequest,
        answer: requests.Response,
        operation: Operation | None,
        started: datetime,
        seconds: float,
    ) -> Exchange:
        sent = str(request.headers.get("Authorization", ""))
        secret = self._secret if sent == f"Bearer {self.token}" else Secret(self.token, sent)
        url, origin = str(request.url), _origin(self.base_url)
        body = request.body or b""
        headers = {name.lower(): str(value) for name, value in answer.headers.items()}
        return Exchange(
            operation=operation,
            sender=self._sender,
            method=str(request.method),
            # The origin is the user's own word, and may have a short token in it by chance.
            url=origin + secret.hide(url.removeprefix(origin)),
            path=secret.hide(self._path(url)),
            request_headers={name.lower(): secret.hide(_decoded(value)) for name, value in request.headers.items()},
            request_body=secret.hide_in(body.encode() if isinstance(body, str) else bytes(body)),
            status=answer.status_code,
            headers={name: secret.hide(value) for name, value in headers.items()},
            content=secret.hide_in(answer.content),
            started=started,
            seconds=seconds,
            token_echoed=secret.is_in(answer.content.decode("latin-1"), *headers.values()),
        )

    def _take_turn(self) -> None:
        """Wait until the rate allows one more request.

        Raises:
            Stopped: The budget does not.
        """
        if self.budget and self.requests.total() >= self.budget:
            spent = f"the budget of {self.budget} requests is spent; give more with --budget"
        elif self._received > MAX_ALL_BYTES:
            spent = f"the answers had more than {MAX_ALL_BYTES} bytes in all; a server with less data is needed"
        else:
            spent = ""
        if spent and not self._cleaning:
            self.spent = spent
            raise Stopped(spent)
        if self.rate:
            time.sleep(max(0.0, self._next_start - time.monotonic()))
            self._next_start = time.monotonic() + 1 / self.rate

    def _wait(self, answer: requests.Response) -> bool:
        """Wait as a 429 asks; False when the run has waited enough."""
        asked = min(_retry_after(answer.headers.get("Retry-After", "")), LONGEST_WAIT)
        if self._waited + asked > ALL_WAITS:
            return False
        self._waited += asked
        time.sleep(asked)
        return True

    def _path(self, url: str) -> str:
        return urlsplit(url).path.removeprefix(urlsplit(self.base_url).path)

    def _admit(self, request: requests.PreparedRequest) -> Operation | None:
        url, method = str(request.url), str(request.method)
        base = urlsplit(self.base_url)
        inside = urlsplit(url)._replace(query="", fragment="")
        path = inside.path.removeprefix(base.path)
        operation = self.spec.match(method, path)
        if operation is not None:
            allowed = operation.safe or self._may_write(operation, path)
        else:
            # Also a write where the spec has none can write.
            allowed = method == "GET" or self.mode is Mode.UNRESTRICTED
        if (inside.scheme, inside.netloc) != (base.scheme, base.netloc) or not allowed:
            self.refused += 1
            raise Refused(f"{method} {path} was not sent: the mode is {self.mode}", request=request)
        return operation

    def _may_write(self, operation: Operation, path: str) -> bool:
        if self.mode is not Mode.OWN_RECORDS:
            return self.mode is Mode.UNRESTRICTED
        return operation.id in self._addresses or path in self._own_paths

    def _observe(self, operation: Operation, exchange: Exchange, response: requests.Response) -> None:
        self.coverage.see(exchange)
        if operation.method == "DELETE" and exchange.succeeded:
            self._forget(exchange.path)
        if operation.id in self._addresses:
            self._remember(operation, response)
        elif exchange.path in self._states and exchange.status == 200 and not operation.safe:
            self._states[exchange.path] = exchange.json
        elif operation.safe and exchange.succeeded:
            self._note_others(operation, exchange)

    def _remember(self, creator: Operation, response: requests.Response) -> None:
        """Note which record an answer says was created."""
        if 400 <= response.status_code < 500 or response.status_code == 204:
            return  # Nothing was.
        _, field = self._addresses[creator.id]
        told = loaded(response.content)
        values = [] if told is MISSING else find(told, field.record_pointer)
        records = [self._record(creator.id, value) for value in values if validator(field.schema).is_valid(value)]
        # A server may be so broken that it answers with somebody else's record.
        records = [record for record in records if record.path not in self._other_paths]
        self.unnamed += not records
        for record in records:
            self._own_paths.add(record.path)
            self._states[record.path] = told
            self._ever_created.append(record)
            self.created.append(record)
            self.on_created(self.created)

    def _forget(self, path: str) -> None:
        """Note that a record is deleted."""
        kept = [record for record in self.created if record.path != path]
        if kept != self.created:
            self.created = kept
            self.on_created(kept)

    def _note_others(self, operation: Operation, exchange: Exchange) -> None:
        """Note whose records an answer shows: who has an id after ours was deleted is somebody else."""
        living = {record.path for record in self.created}
        for creator, (_, field) in self._addresses.items():
            for source in field.refers_to:
                if source.operation == operation.id:
                    others = {self._record(creator, v).path for v in find(exchange.json, source.pointer)} - living
                    self._other_paths |= others
                    self._own_paths -= others

    def _record(self, creator: str, value: Any) -> Record:
        addressing, field = self._addresses[creator]
        return Record(creator, {field.name: value}, addressing.filled({field.name: value}))


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _decoded(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _retry_after(text: str) -> float:
    """Seconds that an answer asks to wait; one when it does not say."""
    if re.fullmatch(r"\s*[0-9]{1,9}\s*", text):
        return float(text)
    try:
        date = parsedate_to_datetime(text)
    except (OverflowError, ValueError):
        return 1.0
    # A date without a zone is one in GMT, as HTTP has no other.
    date = date if date.tzinfo else date.replace(tzinfo=UTC)
    return max(0.0, (date - datetime.now(UTC)).total_seconds())


def _read(response: requests.Response, request: requests.PreparedRequest) -> None:
    """Read the whole body into the response, within the limits of time and size."""
    started, size, chunks = time.monotonic(), 0, []
    try:
        for chunk in response.iter_content(2**16):
            chunks.append(chunk)
            size += len(chunk)
            if size > MAX_BYTES:
                raise TooLong(f"the answer is longer than {MAX_BYTES} bytes", request=request)
            if time.monotonic() - started > TIMEOUT:
                raise Unusable(f"the answer was not complete after {TIMEOUT:g} s", request=request)
    except BaseException:
        response.close()
        raise
    response._content = b"".join(chunks)
