"""What a client raises. Catch `ContratoError` for all of it."""

import json
from typing import Any, ClassVar

import httpx


class ContratoError(Exception):
    """Base of every error that a request can end in."""


class TransportError(ContratoError):
    """No answer came: no connection, a timeout, a broken transfer.

    Attributes:
        method: HTTP method of the request.
        url: URL of the request.
        reason: What httpx says went wrong.

    """

    def __init__(self, method: str, url: str, reason: str) -> None:
        super().__init__(method, url, reason)
        self.method = method
        self.url = url
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.method} {self.url} got no answer: {self.reason}"


class ResponseError(ContratoError):
    """The server answered, and not with success.

    Attributes:
        status: HTTP status of the answer.
        body: The answer, parsed when it is JSON, else as text.
        headers: Headers of the answer.
        method: HTTP method of the request.
        url: URL of the request.

    """

    summary: ClassVar[str] = "the request was refused"

    def __init__(self, status: int, body: Any, headers: httpx.Headers, method: str, url: str) -> None:
        super().__init__(status, body, headers, method, url)
        self.status = status
        self.body = body
        self.headers = headers
        self.method = method
        self.url = url

    def __str__(self) -> str:
        body = self.body if isinstance(self.body, str) else json.dumps(self.body, ensure_ascii=False)
        excerpt = body if len(body) <= 500 else f"{body[:500]}…"
        return f"{self.method} {self.url} answered {self.status}, {self.summary}: {excerpt}"


class AuthenticationError(ResponseError):
    """401: the token is missing, wrong or expired."""

    summary = "the token was refused"


class ValidationError(ResponseError):
    """422: the server refused what was sent."""

    summary = "the input was refused"

    @property
    def errors(self) -> dict[str, list[str]]:
        """The messages of each refused field; empty when the answer does not have that shape."""
        if not isinstance(self.body, dict):
            return {}
        return {field: messages for field, messages in self.body.items() if isinstance(messages, list)}


class UndocumentedStatusError(ResponseError):
    """The spec does not document this status for this operation."""

    summary = "a status that the spec does not document"


class DecodeError(ResponseError):
    """The status says success, and the body is not what the spec promises.

    Attributes:
        reason: What does not fit.

    """

    summary = "and the body is not what the spec promises"

    def __init__(self, status: int, body: Any, headers: httpx.Headers, method: str, url: str, reason: str) -> None:
        super().__init__(status, body, headers, method, url)
        self.args = (*self.args, reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.reason}: {super().__str__()}"
