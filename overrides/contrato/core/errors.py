"""Errors of the clients. Their base is `ContratoError`."""

import json
from datetime import datetime
from typing import Any, ClassVar

import httpx

from contrato.core import retry
from contrato.core.texts import line


class ContratoError(Exception):
    """Base of all errors of requests.

    Attributes:
        transient: True if the same request may succeed later.

    """

    transient: ClassVar[bool] = False


class TransportError(ContratoError):
    """The request got no complete answer: no connection, a timeout, a broken transfer.

    Attributes:
        operation: `operationId` of the request.
        method: HTTP method of the request.
        url: URL of the request.
        reason: Reason that httpx gives.

    """

    def __init__(self, operation: str, method: str, url: str, reason: str) -> None:
        super().__init__(operation, method, url, reason)
        self.operation = operation
        self.method = method
        self.url = url
        self.reason = reason

    def __str__(self) -> str:
        return line(f"{self.operation}: {self.method} {self.url} got no answer: {self.reason}")


class ConnectionFailedError(TransportError):
    """The server could not be reached, or the connection broke."""

    transient = True


class CertificateError(TransportError):
    """The server's certificate is not trusted; the reason says why. See `ca_bundle` of the client."""


class RequestTimeoutError(TransportError):
    """Connecting, sending or waiting for data took longer than `timeout`, or the whole call than `deadline`."""

    transient = True


class ResponseError(ContratoError):
    """The server answered with something other than the result of the method.

    Attributes:
        operation: `operationId` of the request.
        method: HTTP method of the request.
        url: URL of the request.
        status: HTTP status of the answer.
        headers: Headers of the answer.
        body: Body of the answer: parsed if it is JSON, else text. Of more than a mebibyte the beginning, as text.
        documented: True if the spec has this status for this operation.

    """

    summary: ClassVar[str] = "the request was refused"

    def __init__(
        self, operation: str, method: str, url: str, status: int, headers: httpx.Headers, body: Any, documented: bool
    ) -> None:
        super().__init__(operation, method, url, status, headers, body, documented)
        self.operation = operation
        self.method = method
        self.url = url
        self.status = status
        self.headers = headers
        self.body = body
        self.documented = documented

    @property
    def retry_after(self) -> float | None:
        """Seconds from now that the server asks to wait; None if it does not say."""
        return retry.retry_after(self.headers.get("Retry-After", ""))

    def __str__(self) -> str:
        body = self.body if isinstance(self.body, str) else json.dumps(self.body, ensure_ascii=False)
        excerpt = body if len(body) <= 500 else f"{body[:500]}…"
        undocumented = "" if self.documented else " (a status that the spec does not document)"
        answered = f"{self.operation}: {self.method} {self.url} answered {self.status}{undocumented}"
        return line(f"{answered}, {self.summary}: {excerpt}")


class AuthenticationError(ResponseError):
    """401 or 403: the token is missing, wrong or expired, or does not permit this; or a gateway wants more."""

    @property
    def summary(self) -> str:  # type: ignore[override]
        """Meaning of the status."""
        return "the token was refused" if self.status == 401 else "the server, or a gateway before it, forbids this"


class NotFoundError(ResponseError):
    """404: the record does not exist, or the path does not exist below `base_url`."""

    summary = "nothing was found there"


class ValidationError(ResponseError):
    """422: the server refused what was sent."""

    summary = "the input was refused"

    @property
    def errors(self) -> dict[str, list[str]]:
        """Messages by refused field; empty if the answer has another shape."""
        if not isinstance(self.body, dict):
            return {}
        return {field: messages for field, messages in self.body.items() if isinstance(messages, list)}


class RateLimitError(ResponseError):
    """429: too many requests."""

    transient = True
    summary = "too many requests"


class ServerError(ResponseError):
    """5xx: the server, or a gateway before it, failed."""

    transient = True
    summary = "the server failed"


class UndocumentedStatusError(ResponseError):
    """A status that the spec does not document for this operation, and that has no other error class."""

    @property
    def summary(self) -> str:  # type: ignore[override]
        """Meaning of the status. Redirects are not followed: it says where they lead."""
        if "Location" not in self.headers:
            return "whose meaning is unknown"
        return f"a redirect, which is not followed, to Location {self.headers['Location']}"


class ResponseTooLargeError(ResponseError):
    """The answer, compressed or not, has more than `max_bytes` of the client. Its body is not kept."""

    summary = "with more than max_bytes: ask for less at a time, or raise max_bytes of the client"


class ContractError(ResponseError):
    """The status is a success, and the body does not match the spec.

    Attributes:
        path: Place in the body, such as `$[0].data[3].cons`, with names as in JSON.
        expected: Description of the value in the spec.
        found: Description of the value in the body.

    """

    def __init__(
        self,
        operation: str,
        method: str,
        url: str,
        status: int,
        headers: httpx.Headers,
        body: Any,
        documented: bool,
        path: str,
        expected: str,
        found: str,
    ) -> None:
        super().__init__(operation, method, url, status, headers, body, documented)
        self.args = (*self.args, path, expected, found)
        self.path = path
        self.expected = expected
        self.found = found

    def __str__(self) -> str:
        return line(
            f"{self.operation}: {self.method} {self.url} answered {self.status}, "
            f"and {self.path} breaks the contract: expected {self.expected}, found {self.found}"
        )


class PaginationError(ContratoError):
    """Pages do not end, repeat, are not the requested ones, or contradict their counters."""


class WindowError(ContratoError):
    """A window could not be read; `__cause__` says why. All windows before it were returned.

    Attributes:
        resume_from: Start of the window: pass it as `from_`, with the other arguments unchanged, to resume.
        reason: Text of the cause.

    """

    def __init__(self, resume_from: datetime, reason: str) -> None:
        super().__init__(resume_from, reason)
        self.resume_from = resume_from
        self.reason = reason

    def __str__(self) -> str:
        return f"stopped before {self.resume_from.isoformat()}, resume from there: {self.reason}"
