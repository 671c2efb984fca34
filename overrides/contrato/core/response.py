"""Read responses: return the result of a method, or the error that it raises."""

from __future__ import annotations

import functools
import importlib
import itertools
import json
import re
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import tzinfo
from typing import TYPE_CHECKING, Any

import attrs
import httpx

from contrato.core.auth import Token, without_secrets
from contrato.core.decode import decode, decode_structs
from contrato.core.document import is_json
from contrato.core.errors import (
    AuthenticationError,
    CertificateError,
    ConnectionFailedError,
    ContractError,
    ContratoError,
    NotFoundError,
    RateLimitError,
    RequestTimeoutError,
    ResponseError,
    ResponseTooLargeError,
    ServerError,
    TransportError,
    UndocumentedStatusError,
    ValidationError,
)
from contrato.core.forks import loading
from contrato.core.limits import Limits
from contrato.core.mismatch import SchemaMismatch, excerpt, value_at
from contrato.core.selection import Selected

if TYPE_CHECKING:
    from contrato.core.spec import Operation, Response

# Maximum number of bytes that are reserved because of a `Content-Length`.
MAX_RESERVED = 64 * 2**20
# Maximum number of bytes that are kept of the body of an error.
MAX_ERROR = 2**20
# Errors before the first byte of a request is sent.
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
# Bytes at the end of a gzip file with the length of what it has, its remainder.
TAIL = 4
# RFC 8259 allows readers of JSON to ignore it.
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_captured: ContextVar[list[httpx.Response] | None] = ContextVar("captured", default=None)
_structs: ContextVar[bool] = ContextVar("structs", default=False)


@contextmanager
def capture() -> Iterator[list[httpx.Response]]:
    """Collect every response that clients receive inside the block, decompressed, for data that models do not have.

    >>> with capture() as responses:
    ...     neu.list_accounts()
    >>> responses[0].headers, responses[0].json()
    """
    responses: list[httpx.Response] = []
    token = _captured.set(responses)
    try:
        yield responses
    finally:
        _captured.reset(token)


@contextmanager
def structs() -> Iterator[None]:
    """Make clients decode into structs inside the block, for frames.

    Structs have the attributes of models and take half the time. Timestamps stay as they are.
    """
    token = _structs.set(True)
    try:
        yield
    finally:
        _structs.reset(token)


class _Watched(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A stream that ends early if `more` is false for a piece, compressed or not."""

    def __init__(self, stream: httpx.SyncByteStream | httpx.AsyncByteStream, more: Callable[[bytes], bool]) -> None:
        self._stream: Any = stream
        self._more = more

    def __iter__(self) -> Iterator[bytes]:
        return itertools.takewhile(self._more, self._stream)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._stream:
            if not self._more(piece):
                return
            yield piece

    def close(self) -> None:
        """Close or release the connection."""
        self._stream.close()

    async def aclose(self) -> None:
        """Like `close`."""
        await self._stream.aclose()


class Body:
    """The body of a response while it is read.

    Args:
        headers: Headers of the response.
        most: Maximum size in bytes, compressed or not.
        limits: Limits of the request.
        cut: True if a larger body is cut; otherwise it is not kept.

    Attributes:
        compressed: True if httpx must decompress it.
        is_cut: True if it was larger and has been cut.
        problem: Why it is not complete or cannot be decompressed; None if all is well.

    """

    def __init__(self, headers: httpx.Headers, most: int, limits: Limits, cut: bool = False) -> None:
        # One after the other, compressions can make anything of a few bytes; nobody asked for that, nor for others.
        coding = headers.get("Content-Encoding", "").strip().lower()
        self.compressed = coding in ("gzip", "deflate")
        self._tail: bytes | None = b"" if coding == "gzip" else None
        self.is_cut = False
        self.problem: httpx.RequestError | None = None
        self._most = most
        self._limits = limits
        self._cut = cut
        # Reserved at once if the server tells the length: growing it piece by piece takes longer.
        length = "" if self.compressed else headers.get("Content-Length", "")
        self._content: bytearray | None = bytearray(
            min(int(length), most, MAX_RESERVED) if re.fullmatch("[0-9]{1,18}", length) else 0
        )
        self._size = 0
        self._came = 0

    def count(self, piece: bytes) -> bool:
        """Count a received piece, compressed or not; return True if more may follow.

        Raises:
            httpx.ReadTimeout: The piece came after the deadline.

        """
        if self._limits.is_late:
            raise self._limits.late()
        self._came += len(piece)
        if self._tail is not None:
            self._tail = (self._tail + piece)[-TAIL:]
        if self._came > self._most and not self._cut:
            self._content = None
        # The piece that is too much is read if the body is cut, so that nothing is missing before the cut.
        return self._content is not None and self._came - len(piece) <= self._most

    def add(self, piece: bytes) -> bool:
        """Add a decompressed piece; return True if more may follow."""
        end = self._size + len(piece)
        if end > self._most:
            self.is_cut = self._cut
            end = self._most
            if not self._cut:
                self._content = None
        if self._content is None:
            return False
        self._content[self._size : end] = memoryview(piece)[: end - self._size]
        self._size = end
        return not self.is_cut

    def end(self) -> None:
        """Note if a body of gzip has more than came of it: httpx reads the first of several members."""
        if self._tail and self._content is not None and not self.is_cut and self.problem is None:
            told = int.from_bytes(self._tail, "little")
            if told != self._size % 2 ** (8 * TAIL):
                self.fail(httpx.DecodingError(f"gzip tells of {told} bytes at its end, and {self._size} came"))

    def fail(self, error: httpx.RequestError) -> None:
        """Note why the body is not complete or cannot be decompressed."""
        late = isinstance(error, httpx.ReadTimeout) and self._limits.is_late
        self.problem = self._limits.late() if late else error

    @property
    def content(self) -> bytearray | None:
        """The whole body, or what came of it; None if it is too large."""
        if self._content is not None:
            del self._content[self._size :]
            if self._content.startswith(BYTE_ORDER_MARK):
                del self._content[: len(BYTE_ORDER_MARK)]
        return self._content


def read(response: httpx.Response, body: Body) -> None:
    """Read the body of a response, whose stream is replaced by one that counts bytes."""
    if _is_misplaced(response):
        return
    stream: Any = _Watched(response.stream, body.count)
    response.stream = stream
    try:
        for piece in response.iter_bytes() if body.compressed else stream:
            if not body.add(piece):
                break
        body.end()
    except httpx.RequestError as error:
        body.fail(error)


async def aread(response: httpx.Response, body: Body) -> None:
    """Like `read`."""
    if _is_misplaced(response):
        return
    stream: Any = _Watched(response.stream, body.count)
    response.stream = stream
    try:
        async for piece in response.aiter_bytes() if body.compressed else stream:
            if not body.add(piece):
                break
        body.end()
    except httpx.RequestError as error:
        body.fail(error)


def _is_misplaced(response: httpx.Response) -> bool:
    """True if a response that cannot have a body announces one: it would be taken for the beginning of the next one.

    If nothing of it is read, closing the response closes the connection.
    """
    length = response.headers.get("Content-Length", "0").strip()
    announced = "Content-Type" in response.headers or "Transfer-Encoding" in response.headers or length != "0"
    return response.status_code == 204 and announced


@attrs.frozen
class Reader:
    """Reads the responses to one operation.

    Attributes:
        operation: The operation.
        auth: The secrets, to remove them from errors.
        zone: Time zone for timestamps without an offset; None leaves them as they are.
        selected: What the arguments of the call select.

    """

    operation: Operation
    auth: Token
    zone: tzinfo | None
    selected: tuple[Selected, ...] = ()

    def body(self, response: httpx.Response, most: int, limits: Limits) -> Body:
        """Prepare the body of a response to be read: that of an error is cut."""
        documented = self.operation.response(response.status_code)
        promised = documented is not None and _is_answer(documented, response)
        return Body(response.headers, most if promised else min(most, MAX_ERROR), limits, cut=not promised)

    def about(self, request: httpx.Request) -> tuple[str, str, str]:
        """Return id of the operation, method and URL, for a log."""
        return self.operation.id, request.method, self.auth.shown(request.url)

    def no_answer(self, request: httpx.Request, error: httpx.RequestError) -> TransportError:
        """Return our error. Its cause is the one of httpx, without secrets in its text, request and traceback."""
        kind = TransportError
        reason = f"{type(error).__name__}: {self.auth.redact(str(error))}"
        if (refused := _refused_certificate(error)) is not None:
            kind, reason = CertificateError, refused
        elif isinstance(error, httpx.TimeoutException):
            kind = RequestTimeoutError
        elif isinstance(error, httpx.NetworkError | httpx.RemoteProtocolError | httpx.ProxyError):
            kind = ConnectionFailedError
        if not self.operation.safe and not isinstance(error, NOT_SENT):
            reason += ". The request was sent: it may have been done"
        failed = kind(self.operation.id, request.method, self.auth.shown(request.url), reason)
        error.args = (self.auth.redact(str(error)),)
        error.request = without_secrets(request, self.auth)
        error.__traceback__ = error.__cause__ = error.__context__ = None
        failed.__cause__ = error
        return failed

    def answer(self, response: httpx.Response, body: Body) -> Any:
        """Return the result of the method, or the error that it must raise.

        The caller raises it, so that its traceback does not hold the content, which may echo the token.
        """
        content, problem = body.content, body.problem
        if (captured := _captured.get()) is not None:
            captured.append(_copy(response, content or b"", self.auth))
        incomplete = problem is not None and not isinstance(problem, httpx.DecodingError)
        if problem is not None and incomplete and response.is_success and self.operation.safe:
            # Nothing was done that would be done twice: the request may be repeated.
            return self.no_answer(response.request, problem)
        documented = self.operation.response(response.status_code)
        mismatch = None
        if documented is not None and documented.succeeded and not documented.promised:
            # The answer means no page, no elements, or no such record.
            if self.operation.pagination is not None:
                return None
            if self.operation.answer is not None and self.operation.answer.items is not None:
                return []
        if content is not None and documented is not None and _is_answer(documented, response):
            kind = _types(self.operation.api.name, self.operation.id)[documented.status]
            try:
                if kind is not None and problem is not None:
                    what = "is not complete" if incomplete else "cannot be decompressed"
                    raise SchemaMismatch("$", "JSON", f"a body that {what} ({problem})")
                if documented.media_type and not is_json(documented.media_type):
                    return _plain(kind, content, response)
                answer = decode_structs(kind, content) if _structs.get() else decode(kind, content, self.zone)
                for each in self.selected:
                    each.check(answer)
                return answer
            except SchemaMismatch as error:
                mismatch = error
        return self._error(response, content, body.is_cut, documented is not None, mismatch)

    def _says_nothing(self, status: int, content: bytearray) -> bool:
        """True if a success means that the record does not exist, in one of the ways that the spec leaves open."""
        documented = self.operation.response(status)
        if documented is None or not documented.succeeded:
            return False
        questions = (parameter.open.get("unknown-id") for parameter in self.operation.parameters)
        empty = any(opening is not None and "empty" in opening.readings for opening in questions)
        return not documented.promised or (
            empty and len(content) < 100 and bytes(content).strip() in (b"{}", b"[]", b"null")
        )

    def _error(
        self,
        response: httpx.Response,
        content: bytearray | None,
        is_cut: bool,
        documented: bool,
        mismatch: SchemaMismatch | None,
    ) -> ContratoError:
        redact = self.auth.redact
        about = (
            self.operation.id,
            response.request.method,
            self.auth.shown(response.request.url),
            response.status_code,
            # Bytes, because their encoding is unknown.
            httpx.Headers(
                [(_redacted(self.auth, name), _redacted(self.auth, value)) for name, value in response.headers.raw]
            ),
        )
        if content is None:
            return ResponseTooLargeError(*about, None, documented)
        text = redact(content[:MAX_ERROR].decode("utf-8", "replace"))
        body: Any = text
        if is_cut or len(content) > MAX_ERROR:
            # The cut may have left a part of a secret.
            body = text = text[: -self.auth.longest]
        else:
            with suppress(RecursionError, ValueError):
                body = json.loads(text)
        if self._says_nothing(response.status_code, content):
            return NotFoundError(*about, body, documented)
        if mismatch is None:
            return _kind(response.status_code, documented)(*about, body, documented)
        if mismatch.found is not None:
            found = redact(mismatch.found)
        elif mismatch.problem is None:
            found = excerpt(redact(value_at(content, mismatch.path)))
        else:
            found = f"{text[:80]!r}{'…' if len(text) > 80 else ''} ({mismatch.problem})"
        return ContractError(*about, body, documented, mismatch.path, mismatch.expected, found)


def _refused_certificate(error: BaseException | None) -> str | None:
    """Return why a connection was not trusted; None if that is not what an error is about."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return f"the certificate is not trusted: {error.verify_message}"
        error = error.__cause__ or error.__context__
    return None


def _is_answer(documented: Response, response: httpx.Response) -> bool:
    """True if the documentation of an answer says what is in it; that of `default` may be about errors alone."""
    return documented.promised and (documented.status != "default" or response.is_success)


def _plain(kind: Any, content: bytearray, response: httpx.Response) -> str | bytes:
    """Return a body that is no JSON.

    Raises:
        SchemaMismatch: It is no text in its encoding.

    """
    if kind is bytes:
        return bytes(content)
    try:
        return content.decode(response.charset_encoding or "utf-8")
    except (LookupError, ValueError) as error:
        raise SchemaMismatch("$", "text", None, str(error)) from error


def _redacted(auth: Token, text: bytes) -> bytes:
    return auth.redact(text.decode("latin-1")).encode("latin-1")


@functools.cache
def _types(api: str, operation_id: str) -> dict[str, Any]:
    """Return the types of the bodies of successes by status. Models are imported late: creating them takes long."""
    with loading:
        types: dict[str, Any] = importlib.import_module(f"contrato.{api}.models").RESPONSES[operation_id]
    return types


def returned(operation: Operation) -> Any:
    """Return the type of the body of a success; None without a body."""
    return next((kind for kind in _types(operation.api.name, operation.id).values() if kind is not None), None)


def _kind(status: int, documented: bool) -> type[ResponseError]:
    kinds: dict[int, type[ResponseError]] = {
        401: AuthenticationError,
        403: AuthenticationError,
        404: NotFoundError,
        422: ValidationError,
        429: RateLimitError,
    }
    if 500 <= status <= 599:
        return ServerError
    return kinds.get(status, ResponseError if documented else UndocumentedStatusError)


def _copy(response: httpx.Response, content: bytes | bytearray, auth: Token) -> httpx.Response:
    """Return a response that has been read, and whose request holds no secrets."""
    done = (b"content-encoding", b"transfer-encoding")
    headers = [(name, value) for name, value in response.headers.raw if name.lower() not in done]
    request = without_secrets(response.request, auth)
    return httpx.Response(response.status_code, headers=headers, content=bytes(content), request=request)
