"""The one place that every request passes: those of discovery, of a phase of Schemathesis, and of a check's probe.

Schemathesis opens `requests` sessions of its own in several places, so a session of ours would see only some of the
requests. All sessions end in `requests.adapters.HTTPAdapter.send`; while a run lasts, that is where it is guarded.
"""

from __future__ import annotations

import json
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from contrato.verify._spec import Operation, Spec, find, lists, record_pointer

TIMEOUT = 10.0
"""Seconds that one answer may take, connecting and reading included."""

MAX_BYTES = 64 * 2**20
"""Bytes that one answer may have."""


class Mode(StrEnum):
    """What a run may do to the server.

    Attributes:
        UNRESTRICTED: Anything. For a server whose data is thrown away.
        OWN_RECORDS: Writes only to records that the run created, which it removes at the end.
        READ_ONLY: Only operations that change nothing are ever sent, and no malformed request.
    """

    UNRESTRICTED = "unrestricted"
    OWN_RECORDS = "own-records"
    READ_ONLY = "read-only"


class Refused(requests.RequestException):
    """The mode forbids this request; it was not sent."""


class Unusable(requests.RequestException):
    """The answer took too long to arrive in full."""


class TooLong(requests.RequestException):
    """The answer is longer than we read. That breaks no contract, but what it says was not checked."""


@dataclass(frozen=True)
class Record:
    """A record that this run created."""

    creator: str
    id: Any
    path: str


class Transport:
    """Guards and observes the requests of one run.

    Args:
        spec: Decides which requests change something.
        base_url: The server under test; requests to other origins are refused.
        token: Goes into each request that discovery sends.
        mode: What may be sent.

    Attributes:
        requests: Number of requests sent, by operationId (`""` for those that no operation answers).
        successes: Number of 2xx answers, by operationId.
        created: The records that this run created and has not deleted.
        refused: Number of requests that the mode kept back.
    """

    def __init__(self, spec: Spec, base_url: str, token: str, mode: Mode) -> None:
        self.spec = spec
        # In the form in which requests writes it, so that the two compare.
        self.base_url = str(requests.Request("GET", base_url).prepare().url).rstrip("/")
        self.token = token
        self.mode = mode
        self.requests: Counter[str] = Counter()
        self.successes: Counter[str] = Counter()
        self.created: list[Record] = []
        self.refused = 0
        self._own_paths: set[str] = set()
        self._unseen = {o.id: _must_see(o) for o in spec.operations.values()}
        self._session = requests.Session()

    def gap(self, operation: Operation) -> str | None:
        """What keeps the operation from being checked; `None` when its 2xx answers have shown all there is to see."""
        unseen = self._unseen[operation.id]
        if not self.successes[operation.id]:
            return "no request was answered with 2xx"
        if "" in unseen:
            return "no 2xx answer had the body that the spec describes"
        if unseen:
            return f"always empty: {', '.join(sorted(at.removesuffix('/*') or 'the list' for at in unseen))}"
        return None

    @contextmanager
    def guard(self) -> Iterator[None]:
        """While this lasts, every request of this process passes here. One run at a time."""
        original = HTTPAdapter.send
        adapters: set[HTTPAdapter] = set()

        def send(adapter: HTTPAdapter, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
            operation = self._admit(request)
            self.requests[operation.id if operation else ""] += 1
            adapters.add(adapter)
            with nullcontext() if operation is None or operation.safe else uninterrupted():
                answer = original(adapter, request, **{**kwargs, "stream": True, "timeout": TIMEOUT})
                _read(answer, request)
                if operation is not None and 200 <= answer.status_code < 300:
                    self._observe(operation, request, answer)
            return answer

        HTTPAdapter.send = send  # type: ignore[assignment,method-assign]
        try:
            yield
        finally:
            HTTPAdapter.send = original  # type: ignore[method-assign]
            for adapter in adapters:
                adapter.close()

    def call(
        self, operation: Operation, path: dict[str, Any], query: dict[str, Any], body: Any = None
    ) -> requests.Response:
        """Send one request with the token; redirects are not followed."""
        return self._session.request(
            operation.method,
            operation.url(self.base_url, path),
            params=query,
            json=body,
            headers={"Authorization": f"Bearer {self.token}"},
            allow_redirects=False,
        )

    def clean_up(self) -> list[Record]:
        """Delete what this run created; returns the records that could not be deleted."""
        for record in list(self.created):
            remover = self.spec.remover(self.spec.operations[record.creator])
            assert remover is not None  # or it would not be remembered
            name = next(f.name for f in remover.fields if f.location == "path")
            try:
                self.call(remover, {name: record.id}, {})
            except requests.RequestException:
                break  # The others would fail as slowly.
        return self.created

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
        is_creator = any(self.spec.creator(o) is operation for o in self.spec.operations.values())
        return is_creator or path in self._own_paths

    def _observe(self, operation: Operation, request: requests.PreparedRequest, response: requests.Response) -> None:
        self.successes[operation.id] += 1
        path = urlsplit(str(request.url)).path.removeprefix(urlsplit(self.base_url).path)
        if operation.method == "DELETE":
            self.created = [record for record in self.created if record.path != path]
        remover = self.spec.remover(operation) if operation.method == "POST" else None
        unseen = self._unseen[operation.id]
        if not unseen and remover is None:
            return
        try:
            answer = json.loads(response.content)
        except ValueError:
            return
        if remover is not None:
            self._remember(operation, remover, answer)
        if operation.schema(response.status_code):
            unseen -= {at for at in unseen if answer not in ([], {}, None) and find(answer, at)}

    def _remember(self, creator: Operation, remover: Operation, answer: Any) -> None:
        field = next(f for f in remover.fields if f.location == "path")
        for value in find(answer, record_pointer(field)):
            path = remover.url("", {field.name: value})
            self.created.append(Record(creator.id, value, path))
            self._own_paths.add(path)


def _must_see(operation: Operation) -> set[str]:
    """Pointers that some 2xx answer must have before the operation counts as checked; `""` is the answer itself."""
    schemas = [schema for schema in operation.successes().values() if schema]
    return {"", *(f"{at}/*" for schema in schemas for at in lists(schema))} if schemas else set()


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Put Ctrl-C off until the end of the block: the answer to a write says what was created, and has to be read.

    Blocks may nest: the outermost lets it through.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pending: list[int] = []
    previous = signal.signal(signal.SIGINT, lambda number, frame: pending.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
        if pending:
            signal.raise_signal(signal.SIGINT)


@contextmanager
def terminable() -> Iterator[None]:
    """Take SIGTERM, with which a CI job is cancelled, for Ctrl-C: what the run created is still to be removed."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.signal(signal.SIGTERM, lambda number, frame: signal.raise_signal(signal.SIGINT))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


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
