"""The bundled server: both APIs, routed and validated by their specs.

Paths, methods, parameters, their types and defaults, and the statuses of success are read from the
specs. A request goes through these gates, in this order: path (404), method (405), token (401),
size (413), the spec, and then its handler. A request that breaks the spec is 422 with the refused
fields where the operation documents 422, elsewhere 400, or 415 for a content type that the
operation does not take.
"""

import hmac
import json
import re
import signal
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, NoReturn

import uvicorn
from jsonschema_path import SchemaPath
from openapi_core import V31RequestUnmarshaller
from openapi_core.casting.schemas import oas31_types_caster
from openapi_core.casting.schemas.casters import IntegerCaster, TypesCaster
from openapi_core.casting.schemas.exceptions import CastError
from openapi_core.casting.schemas.factories import SchemaCastersFactory
from openapi_core.datatypes import RequestParameters
from openapi_core.deserializing.styles.exceptions import EmptyQueryParameterValue
from openapi_core.exceptions import OpenAPIError
from openapi_core.templating.media_types.exceptions import MediaTypeNotFound
from openapi_core.templating.paths.finders import APICallPathFinder
from openapi_core.templating.paths.iterators import SimplePathsIterator, SimpleServersIterator
from openapi_core.unmarshalling.request.datatypes import RequestUnmarshalResult
from openapi_core.validation.request.exceptions import (
    MissingRequiredParameter,
    MissingRequiredRequestBody,
    ParameterValidationError,
)
from openapi_core.validation.schemas import oas31_schema_validators_factory
from openapi_core.validation.schemas.exceptions import InvalidSchemaValue
from openapi_core.validation.schemas.factories import DialectSchemaValidatorsFactory
from starlette.applications import Starlette
from starlette.datastructures import ImmutableMultiDict
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from contrato.core import spec
from contrato.core.spec import Api, Operation
from contrato.mock.apportionments import Apportionments, message
from contrato.mock.call import Call, Encoded, RefusedError, local_time
from contrato.mock.neu import Neu

MAX_BODY = 16 * 1024
"""Bytes that a request body may have; the longest sensible one is far below."""


def create_app(seed: int = 1, token: str = "demo") -> Starlette:
    """Make the server: each API is mounted at the path of its spec's default server URL.

    Args:
        seed: the same seed makes the same data and another one other ids, names and amounts. Every
            app has its own data, and what clients write lasts as long as the app.
        token: the bearer token that clients must send.

    """
    handlers = {"neu": Neu(seed).handlers, "apportionments": Apportionments(seed).handlers}
    app = Starlette(
        routes=[route for name in spec.APIS for route in _routes(name, handlers[name], token)],
        exception_handlers={HTTPException: _http_error},
    )
    # A redirect to another spelling of the path is not among the documented answers.
    app.router.redirect_slashes = False
    return app


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
    app = create_app(seed, token)
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


def _routes(name: str, handlers: Mapping[str, Callable[[Call], Any]], token: str) -> Iterator[Route]:
    api = spec.api(name)
    if unhandled := set(handlers) - set(api.operations):
        raise ValueError(f"handlers for operations that {name} has not: {sorted(unhandled)}")
    validate = _validator(api)
    paths: dict[str, dict[str, _Handled]] = {}
    for operation in api.operations.values():
        # A KeyError here is an operation of the spec that has no handler.
        handled = _Handled(operation, handlers[operation.id])
        paths.setdefault(operation.path, {})[operation.method] = handled
    # Literal paths before those with parameters, which would take their requests.
    for path in sorted(paths, key=lambda path: path.count("{")):
        yield Route(api.mount + path, _Path(paths[path], validate, token))


@dataclass(frozen=True)
class _Handled:
    operation: Operation
    handler: Callable[[Call], Any]

    @cached_property
    def success(self) -> int:
        """Status of an answer with a body."""
        found = (int(r.status) for r in self.operation.responses.values() if r.succeeded and r.schema is not None)
        return next(found, 204)


class _Path:
    """ASGI app of one path: the operations of its methods."""

    def __init__(self, operations: Mapping[str, _Handled], validate: "_Validate", token: str) -> None:
        self._operations = operations
        self._validate = validate
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._answer(Request(scope, receive))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        handled = self._operations.get(request.method)
        if handled is None:
            allow = {"Allow": ", ".join(self._operations)}
            raise HTTPException(405, f"This path takes {allow['Allow']}.", allow)
        self._authorize(request)
        operation = handled.operation
        headers = [parameter.name for parameter in operation.parameters if parameter.place == "header"]
        result = self._validate(
            operation,
            tuple(request.path_params.items()),
            tuple(request.query_params.multi_items()),
            tuple((name, request.headers[name]) for name in headers if name in request.headers),
            # Parameters of the content type change nothing about JSON.
            request.headers.get("content-type", "").partition(";")[0].strip().lower(),
            await _body(request) if operation.body is not None else b"",
        )
        if result.errors:
            return _refusal(operation, result.errors)
        try:
            answer = handled.handler(Call(operation, _arguments(operation, result)))
        except RefusedError as refused:
            return JSONResponse(refused.fields, 422)
        if answer is None:
            return Response(status_code=204)
        if isinstance(answer, Encoded):
            return StreamingResponse(answer.pieces, handled.success, media_type=JSONResponse.media_type)
        return JSONResponse(answer, handled.success)

    def _authorize(self, request: Request) -> None:
        values = request.headers.getlist("authorization")
        scheme, _, credentials = values[0].partition(" ") if len(values) == 1 else ("", "", "")
        known = hmac.compare_digest(credentials.lstrip(" ").encode("latin-1"), self._token)
        if scheme.lower() != "bearer" or not known:
            raise HTTPException(
                401,
                "Send 'Authorization: Bearer' with the token that the server was started with.",
                {"WWW-Authenticate": "Bearer"},
            )


def _arguments(operation: Operation, result: RequestUnmarshalResult) -> dict[str, Any]:
    """Return the arguments of a valid request by wire name."""
    parameters = result.parameters
    places = {"path": parameters.path, "query": parameters.query, "header": parameters.header, "body": result.body}
    found = ((p.name, places.get(p.place) or {}) for p in operation.parameters)
    return {name: values[name] for name, values in found if name in values}


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


# Validation by openapi-core, as the library offers it but for what the classes below say.

_Pairs = tuple[tuple[str, str], ...]
_Validate = Callable[[Operation, _Pairs, _Pairs, _Pairs, str, bytes], RequestUnmarshalResult]


class _RoutedPathFinder(APICallPathFinder):
    """Starlette has matched the URL: look the path up by its template, whatever the server."""

    paths_iterator = SimplePathsIterator("paths")
    servers_iterator = SimpleServersIterator()


class _StrictInteger(IntegerCaster):
    """Digits as JSON writes them; Python's own would take `1_000`, ` 1` and other scripts' digits."""

    def cast(self, value: str | bytes) -> int:
        if not re.fullmatch(r"-?(0|[1-9][0-9]*)", str(value)):
            raise ValueError(value)
        return super().cast(value)


class _ValidatorsFactory(DialectSchemaValidatorsFactory):
    """Makes the checker of formats once, not for each value, where it took a third of the time."""

    @cached_property
    def _checker(self) -> Any:
        return super().get_format_checker(None, {"date-time-local": _is_local_time})

    def get_format_checker(self, *_: Any) -> Any:
        return self._checker


class _Unmarshaller(V31RequestUnmarshaller):
    """Lets the schema judge an empty query parameter, which openapi-core refuses always."""

    def _get_simple_param_or_header(
        self, param_or_header: SchemaPath, location: Mapping[str, Any], name: str | None = None
    ) -> tuple[Any, SchemaPath]:
        try:
            return super()._get_simple_param_or_header(param_or_header, location, name)
        except EmptyQueryParameterValue:
            return "", param_or_header / "schema"


@dataclass
class _OpenAPIRequest:
    """A request in the shape that openapi-core asks for."""

    path: str
    method: str
    parameters: RequestParameters
    content_type: str
    body: bytes
    host_url: str = ""


def _validator(api: Api) -> "_Validate":
    validators = _ValidatorsFactory(
        oas31_schema_validators_factory.schema_validator_cls,
        oas31_schema_validators_factory.default_jsonschema_dialect_id,
        oas31_schema_validators_factory.format_checker,
    )
    types = oas31_types_caster
    casters = TypesCaster({**types.casters, "integer": _StrictInteger}, types.default, types.multi)
    unmarshaller = _Unmarshaller(
        SchemaPath.from_dict(dict(api.document)),
        path_finder_cls=_RoutedPathFinder,
        schema_validators_factory=validators,
        schema_casters_factory=SchemaCastersFactory(validators, casters),
        extra_format_unmarshallers={"date-time-local": local_time},
        extra_media_type_deserializers={"application/json": _json},
    )

    # One request takes openapi-core milliseconds, and clients ask the same again and again.
    @lru_cache(maxsize=128)
    def validate(
        operation: Operation, in_path: _Pairs, in_query: _Pairs, in_header: _Pairs, content_type: str, body: bytes
    ) -> RequestUnmarshalResult:
        parameters = RequestParameters(
            query=ImmutableMultiDict(list(in_query)),
            path=dict(in_path),
            header={**dict(in_header), "Authorization": "Bearer checked already"},
        )
        request = _OpenAPIRequest(operation.path, operation.method.lower(), parameters, content_type, body)
        try:
            return unmarshaller.unmarshal(request)
        except RecursionError:  # JSON that is nested too deeply to be read, or to be complained of
            return RequestUnmarshalResult(errors=[OpenAPIError()])

    return validate


def _is_local_time(value: object) -> bool:
    if not isinstance(value, str):
        return True
    try:
        local_time(value)
    except ValueError:
        return False
    return True


def _json(body: bytes, **_: str) -> Any:
    """Read JSON as RFC 8259 has it: UTF-8, no NaN, no half of a surrogate pair.

    Raises:
        ValueError: it is not.

    """
    document = json.loads(body.decode(), parse_constant=_no_constant)
    json.dumps(document, ensure_ascii=False).encode()
    return document


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _refusal(operation: Operation, errors: Iterable[Exception]) -> Response:
    """Answer a request that breaks the spec."""
    documented = "422" in operation.responses
    fields: dict[str, list[str]] = {}
    for error in errors:
        if isinstance(error.__cause__, MediaTypeNotFound) and not documented:
            raise HTTPException(415, "The body's Content-Type must be application/json.")
        for field, keyword, expected, detail in _problems(error):
            text = message(field, keyword, expected) if documented else detail
            if text not in fields.setdefault(field, []):
                fields[field].append(text)
    if documented:
        return JSONResponse(fields, 422)
    return JSONResponse({"message": "The request does not fit the spec.", "fields": fields}, 400)


def _problems(error: Exception) -> Iterator[tuple[str, str, Any, str]]:
    """Field, JSON Schema keyword, its value and a sentence, for each fault that one error reports."""
    cause = error.__cause__
    parameter = error.name if isinstance(error, ParameterValidationError) else None
    name = parameter or "body"
    if isinstance(error, MissingRequiredParameter | MissingRequiredRequestBody):
        yield name, "required", None, "is required"
    elif isinstance(cause, CastError):
        yield name, "type", cause.type, f"must be of type {cause.type}"
    elif isinstance(cause, InvalidSchemaValue):
        faults: Iterable[Any] = cause.schema_errors
        for fault in faults:
            keyword, expected = fault.validator, fault.validator_value
            if keyword == "required":
                for missing in [key for key in expected if key not in fault.instance]:
                    yield missing, keyword, expected, "is required"
            else:
                # Below a parameter there are its elements, below the body there are arguments.
                field = name if parameter or not fault.absolute_path else str(fault.absolute_path[0])
                yield field, keyword, expected, f"must have {keyword} {json.dumps(expected)}"
    else:
        yield name, "format", None, "must be well-formed"
