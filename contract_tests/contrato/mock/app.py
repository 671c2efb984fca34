"""The bundled server: all APIs, routed and validated by their specs.

Paths, methods, parameters, their types and defaults, and the statuses of success are read from the
specs. A request goes through these gates, in this order: path (404), method (405), token (401),
size (413), the spec, and then its handler. A request that breaks the spec is 422 with the refused
fields where the operation documents 422, elsewhere 400, or 415 for a content type that the
operation does not take.
"""

import hmac
import re
import signal
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from contrato.core import spec
from contrato.core.document import MULTIPART
from contrato.core.spec import Api, Operation
from contrato.mock.apportionments import Apportionments, message
from contrato.mock.call import Call, Encoded, RefusedError
from contrato.mock.examples import Examples
from contrato.mock.neu import Neu
from contrato.mock.validation import Problem, Validate, validator

MAX_BODY = 16 * 1024
"""Bytes that a request body may have; the longest sensible one is far below."""
PARAMETER = r"\{([^}]+)\}"
"""A parameter in a path of a spec."""


def create_app(seed: int = 1, token: str = "demo") -> Starlette:
    """Make the server: each API is mounted at the path of its spec's default server URL.

    Args:
        seed: The same seed makes the same data, another one other ids, names and amounts. Records that clients write
            belong to the app.
        token: The bearer token that clients must send.

    """
    by_hand = {"neu": _neu(Neu, seed).handlers, "apportionments": Apportionments(seed).handlers}
    app = Starlette(
        routes=[route for name in spec.APIS for route in _routes(spec.api(name), by_hand.get(name), token)],
        exception_handlers={HTTPException: _http_error},
    )
    # A redirect to another spelling of the path is not among the documented answers.
    app.router.redirect_slashes = False
    return app


@lru_cache(maxsize=4)
def _neu(kind: type[Neu], seed: int) -> Neu:
    """Return data that all apps of the process share: it takes a second to make, and no operation writes it."""
    return kind(seed)


class ListenError(Exception):
    """The address cannot be listened on; the message is one line that says why."""


def serve(host: str = "127.0.0.1", port: int = 8000, token: str = "demo", seed: int = 1) -> None:
    """Serve until SIGINT or SIGTERM, from the main thread. Prints one line when it listens.

    Args:
        host: address to listen on.
        port: TCP port, 0 to 65535; 0 takes a free one, which the line names.
        token: see `create_app`.
        seed: see `create_app`.

    Raises:
        ListenError: the port is taken, or the address is not this machine's.

    """
    import uvicorn  # late: clients of contrato.testing need no server

    # The published reference asks from another origin, and any page may: the data are invented.
    app = CORSMiddleware(create_app(seed, token), allow_origins=["*"], allow_methods=["*"], allow_headers=["*"])
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        reason = (error.strerror or str(error)).partition(" (")[0]
        raise ListenError(f"cannot listen on {host} port {port}: {reason}; choose another port or host") from error
    # asyncio sees no TCP in a socket made this way and leaves Nagle on: 40 ms for every small answer.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    name = f"[{host}]" if ":" in host else host
    url = f"http://{name}:{listener.getsockname()[1]}"
    mounts = ", ".join(f"{name} at {url}{spec.api(name).mount or '/'}" for name in spec.APIS)
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="error", lifespan="off", ws="none", timeout_graceful_shutdown=3)
    )
    # uvicorn stops in order at either signal, and then raises it again: let both end here.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        print(f"Bundled server: {mounts}; token {token}; stop with Ctrl-C.", flush=True)
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        pass
    finally:
        listener.close()


def serve_spec(api: Api, token: str = "demo") -> Starlette:
    """Make a server of an API by its spec alone."""
    return Starlette(routes=[*_routes(api, None, token)], exception_handlers={HTTPException: _http_error})


def _routes(api: Api, by_hand: Mapping[str, Callable[[Call], Any]] | None, token: str) -> Iterator[Route]:
    """Yield the routes of an API, with handlers by hand or from its spec."""
    examples = None if by_hand is not None else Examples(api)
    handlers = by_hand if examples is None else examples.handlers
    assert handlers is not None
    if unhandled := set(handlers) - set(api.operations):
        raise ValueError(f"handlers for operations that {api.name} has not: {sorted(unhandled)}")
    validate = validator(api)
    paths: dict[str, dict[str, _Handled]] = {}
    for operation in api.operations.values():
        # A KeyError here is an operation of the spec that has no handler.
        handled = _Handled(operation, handlers[operation.id])
        paths.setdefault(operation.path, {})[operation.method] = handled
    # Literal paths before those with parameters, which would take their requests.
    for path in sorted(paths, key=lambda path: path.count("{")):
        names = re.findall(PARAMETER, path)
        # Starlette takes fewer names than OpenAPI.
        route = "".join(
            f"{{p{index // 2}}}" if index % 2 else part for index, part in enumerate(re.split(PARAMETER, path))
        )
        yield Route(api.mount + route, _Path(paths[path], names, validate, token, examples))


@dataclass(frozen=True)
class _Handled:
    operation: Operation
    handler: Callable[[Call], Any]

    @cached_property
    def success(self) -> int:
        """Status of an answer with a body."""
        found = (r.a_status for r in self.operation.responses.values() if r.succeeded and r.schema is not None)
        return next(found, 204)


class _Path:
    """ASGI app of one path: the operations of its methods."""

    def __init__(
        self,
        operations: Mapping[str, _Handled],
        names: Sequence[str],
        validate: Validate,
        token: str,
        examples: Examples | None,
    ) -> None:
        self._operations = operations
        self._names = names
        self._examples = examples
        self._validate = validate
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._answer(Request(scope, receive))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        handled = self._operations.get(request.method)
        if handled is None:
            allow = {"Allow": ", ".join(self._operations)}
            raise HTTPException(405, f"This path takes {allow['Allow']}.", allow)
        operation = handled.operation
        try:
            self._authorize(operation, request)
        except HTTPException as error:
            if self._examples is None:
                raise
            answer = self._examples.refuse(operation, 401, error.detail)
            answer.headers.update(error.headers or {})
            return answer
        headers = [parameter.name for parameter in operation.parameters if parameter.place == "header"]
        arguments, problems = self._validate(
            operation,
            tuple(zip(self._names, request.path_params.values(), strict=True)),
            tuple(request.query_params.multi_items()),
            tuple((name, request.headers[name]) for name in headers if name in request.headers),
            _content_type(request.headers.get("content-type", "")),
            await _body(request) if operation.body is not None else b"",
        )
        if problems and self._examples is not None:
            return self._examples.refuse(operation, 400, "; ".join(f"{one.field} {one.sentence}" for one in problems))
        if problems:
            return _refusal(operation, problems)
        try:
            answer = handled.handler(Call(operation, arguments))
        except RefusedError as refused:
            return JSONResponse(refused.fields, 422)
        if isinstance(answer, Response):
            return answer
        if answer is None:
            return Response(status_code=204)
        if isinstance(answer, Encoded):
            return StreamingResponse(answer.pieces, handled.success, media_type=JSONResponse.media_type)
        return JSONResponse(answer, handled.success)

    def _authorize(self, operation: Operation, request: Request) -> None:
        scheme = operation.credential
        if scheme is None or not operation.needs_token:
            return
        cookie = request.cookies.get(scheme.parameter)
        values = {
            "header": request.headers.getlist(scheme.parameter),
            "query": request.query_params.getlist(scheme.parameter),
            "cookie": [] if cookie is None else [cookie],
        }[scheme.place]
        expected, _, wanted = scheme.written(self._token).rpartition(" ")
        value = values[0] if len(values) == 1 else ""
        kind, _, sent = value.partition(" ") if expected else ("", "", value)
        known = hmac.compare_digest(sent.lstrip(" ").encode(), wanted.encode())
        if kind.lower() != expected.lower() or not known:
            name = f"{scheme.parameter}: {expected}".rstrip(": ")
            challenge = {"WWW-Authenticate": expected} if expected else {}
            raise HTTPException(401, f"Send '{name}' with the token that the server was started with.", challenge)


def _content_type(text: str) -> str:
    """Return a media type; its parameters change nothing, but for the boundary of a form."""
    name = text.partition(";")[0].strip().lower()
    return text if name == MULTIPART else name


async def _body(request: Request) -> bytes:
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY:
                raise HTTPException(413, f"The body is longer than {MAX_BODY} bytes.")
    except ClientDisconnect:
        raise HTTPException(400, "The client left before the end of the body.") from None
    return bytes(body)


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"message": error.detail}, error.status_code, error.headers)


def _refusal(operation: Operation, problems: Sequence[Problem]) -> Response:
    """Answer a request that breaks the spec."""
    documented = "422" in operation.responses
    fields: dict[str, list[str]] = {}
    for problem in problems:
        if problem.keyword == "content" and not documented:
            raise HTTPException(415, "The body's Content-Type must be application/json.")
        field = problem.field
        text = message(field, problem.keyword, problem.expected) if documented else problem.sentence
        if text not in fields.setdefault(field, []):
            fields[field].append(text)
    if documented:
        return JSONResponse(fields, 422)
    return JSONResponse({"message": "The request does not fit the spec.", "fields": fields}, 400)
