"""What a client raises. Catch `ContratoError` for all of it."""

import json
from datetime import datetime
from typing import Any, ClassVar

import httpx

from contrato.core import retry


class ContratoError(Exception):
    """Base of every error that a request can end in.

    Attributes:
        transient: True if the same request may succeed later.

    """

    transient: ClassVar[bool] = False


class TransportError(ContratoError):
    """No whole answer came: no connection, a timeout, a broken transfer.

    Attributes:
        operation: `operationId` of the request.
        method: HTTP method of the request.
        url: URL of the request.
        reason: What httpx says went wrong.

    """

    def __init__(self, operation: str, method: str, url: str, reason: str) -> None:
        super().__init__(operation, method, url, reason)
        self.operation = operation
        self.method = method
        self.url = url
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.operation}: {self.method} {self.url} got no answer: {self.reason}"


class ConnectionFailedError(TransportError):
    """The server could not be reached, or the connection broke."""

    transient = True


class RequestTimeoutError(TransportError):
    """Connecting, sending or waiting for more of the answer took longer than `timeout`, or all than `deadline`."""

    transient = True


class ResponseError(ContratoError):
    """The server answered, and not with what the method returns.

    Attributes:
        operation: `operationId` of the request.
        method: HTTP method of the request.
        url: URL of the request.
        status: HTTP status of the answer.
        headers: Headers of the answer.
        body: The answer, parsed when it is JSON, else as text.
        documented: Whether the spec has this status for this operation.

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
        """Seconds that the server asks to wait, from now if it gave a date; None if it does not say."""
        return retry.retry_after(self.headers.get("Retry-After", ""))

    def __str__(self) -> str:
        body = self.body if isinstance(self.body, str) else json.dumps(self.body, ensure_ascii=False)
        excerpt = body if len(body) <= 500 else f"{body[:500]}…"
        undocumented = "" if self.documented else " (a status that the spec does not document)"
        answered = f"{self.operation}: {self.method} {self.url} answered {self.status}{undocumented}"
        return f"{answered}, {self.summary}: {excerpt}"


class AuthenticationError(ResponseError):
    """401 or 403: the token is missing, wrong or expired, or does not permit this."""

    summary = "the token was refused"


class NotFoundError(ResponseError):
    """404: there is no such thing, or no such path below `base_url`."""

    summary = "there is no such thing"


class ValidationError(ResponseError):
    """422: the server refused what was sent."""

    summary = "the input was refused"

    @property
    def errors(self) -> dict[str, list[str]]:
        """The messages of each refused field; empty when the answer does not have that shape."""
        if not isinstance(self.body, dict):
            return {}
        return {field: messages for field, messages in self.body.items() if isinstance(messages, list)}


class RateLimitError(ResponseError):
    """429: too many requests."""

    transient = True
    summary = "too many requests"


class ServerError(ResponseError):
    """5xx: the server, or what stands before it, failed."""

    transient = True
    summary = "the server failed"


class UndocumentedStatusError(ResponseError):
    """A status that the spec does not document for this operation, and that has no error of its own."""

    @property
    def summary(self) -> str:  # type: ignore[override]
        """What to make of it; a redirect is not followed, it says where it leads."""
        return f"Location {self.headers['Location']}" if "Location" in self.headers else "which may mean anything"


class ResponseTooLargeError(ResponseError):
    """The answer, compressed or not, is larger than the client's `max_bytes`. Its body is not kept."""

    summary = "with more than max_bytes; ask for less at a time, or raise the client's max_bytes"


class ContractError(ResponseError):
    """The status says success, and the body is not what the spec promises.

    Attributes:
        path: Where in the body, as `$[0].data[3].cons`; names are those of the wire.
        expected: What the spec promises there.
        found: What is there.
        lost: How many elements at the end of a long array `body` lacks: they fitted, and their text was given up while
            the array was decoded. `capture` keeps it.

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
        lost: int = 0,
    ) -> None:
        super().__init__(operation, method, url, status, headers, body, documented)
        self.args = (*self.args, path, expected, found, lost)
        self.path = path
        self.expected = expected
        self.found = found
        self.lost = lost

    def __str__(self) -> str:
        return (
            f"{self.operation}: {self.method} {self.url} answered {self.status}, "
            f"and {self.path} breaks the contract: expected {self.expected}, found {self.found}"
        )


class PaginationError(ContratoError):
    """Pages do not end, come again, are not those asked for, or are fewer than their counters tell."""


class WindowError(ContratoError):
    """A window could not be read; its `__cause__` says why. All windows before it were handed over.

    Attributes:
        resume_from: Where it begins: pass it as `from_`, the other arguments as before, to go on.

    """

    def __init__(self, resume_from: datetime, reason: str) -> None:
        super().__init__(resume_from, reason)
        self.resume_from = resume_from
        self.reason = reason

    def __str__(self) -> str:
        return f"stopped before {self.resume_from.isoformat()}, from where to resume: {self.reason}"
