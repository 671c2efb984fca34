"""Validates requests by the spec, with openapi-core."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from typing import Any, NamedTuple, NoReturn

from jsonschema_path import SchemaPath
from openapi_core import V31RequestUnmarshaller
from openapi_core.casting.schemas import oas31_types_caster
from openapi_core.casting.schemas.casters import IntegerCaster, TypesCaster
from openapi_core.casting.schemas.exceptions import CastError
from openapi_core.casting.schemas.factories import SchemaCastersFactory
from openapi_core.datatypes import RequestParameters
from openapi_core.deserializing.media_types.util import data_form_loads
from openapi_core.templating.media_types.exceptions import MediaTypeNotFound
from openapi_core.templating.paths.finders import APICallPathFinder
from openapi_core.templating.paths.iterators import SimplePathsIterator, SimpleServersIterator
from openapi_core.unmarshalling.schemas import oas31_types_unmarshaller
from openapi_core.unmarshalling.schemas.factories import SchemaUnmarshallersFactory
from openapi_core.unmarshalling.schemas.unmarshallers import FormatsUnmarshaller, SchemaUnmarshaller
from openapi_core.validation.request.exceptions import (
    MissingRequiredParameter,
    MissingRequiredRequestBody,
    ParameterValidationError,
)
from openapi_core.validation.schemas import oas31_schema_validators_factory
from openapi_core.validation.schemas.exceptions import InvalidSchemaValue
from openapi_core.validation.schemas.factories import DialectSchemaValidatorsFactory
from openapi_core.validation.schemas.validators import SchemaValidator
from starlette.datastructures import ImmutableMultiDict

from contrato.core.document import FORM, JSON, MULTIPART, follow, inline, operation_nodes
from contrato.core.spec import Api, Operation, Parameter
from contrato.mock.call import local_time


class Problem(NamedTuple):
    """One violation of the spec by a request.

    Attributes:
        field: Name of the argument, or `body`.
        keyword: The JSON Schema keyword that it violates; `content` for a content type.
        expected: The value of that keyword.
        sentence: A predicate that says what would be right.

    """

    field: str
    keyword: str
    expected: Any
    sentence: str


Pairs = tuple[tuple[str, str], ...]
Validate = Callable[
    [Operation, Pairs, Pairs, Pairs, str, bytes], tuple[Mapping[tuple[str, str], Any], tuple[Problem, ...]]
]


@cache
def validator(api: Api) -> Validate:
    """Return a function that validates requests to an API.

    It takes the operation, the path, query and header parameters, the content type and the body, and returns the
    arguments by `Parameter.key`, with the spec's types and defaults, and the problems.
    """
    validators = _Validators(
        oas31_schema_validators_factory.schema_validator_cls,
        oas31_schema_validators_factory.default_jsonschema_dialect_id,
        oas31_schema_validators_factory.format_checker,
    )
    types = oas31_types_caster
    casters = TypesCaster({**types.casters, "integer": _StrictInteger}, types.default, types.multi)
    unmarshaller = V31RequestUnmarshaller(
        SchemaPath.from_dict(_as_validated(api)),
        path_finder_cls=_RoutedPathFinder,
        schema_validators_factory=validators,
        schema_casters_factory=SchemaCastersFactory(validators, casters),
        schema_unmarshallers_factory=_Unmarshallers(validators, oas31_types_unmarshaller),
        extra_media_type_deserializers=_deserializers(api),
    )

    # One request takes openapi-core milliseconds, and clients send the same ones again and again.
    @lru_cache(maxsize=1024)
    def validate(
        operation: Operation, in_path: Pairs, in_query: Pairs, in_header: Pairs, content_type: str, body: bytes
    ) -> tuple[Mapping[tuple[str, str], Any], tuple[Problem, ...]]:
        parameters = RequestParameters(
            query=ImmutableMultiDict(list(in_query)),
            path=dict(in_path),
            header=dict(in_header),
        )
        request = _OpenAPIRequest(operation.path, operation.method.lower(), parameters, content_type, body)
        try:
            result = unmarshaller.unmarshal(request)
        except RecursionError:  # The JSON is nested too deeply to be read, or to be quoted in an error.
            return {}, (Problem("body", "format", None, "must be well-formed"),)
        if result.errors:
            return {}, tuple(problem for error in result.errors for problem in _problems(error))
        found = result.parameters
        sent: Any = result.body or {}
        if operation.body is not None and not operation.body.fields:
            sent = {"": sent}
        places: dict[str, Any] = {"path": found.path, "query": found.query, "header": found.header, "body": sent}
        given = ((p, places.get(p.place, {})) for p in operation.parameters)
        defaults = {p.key: p.schema.default for p in operation.parameters if p.schema.has_default}
        return {**defaults, **{p.key: _typed(p, values[p.name]) for p, values in given if p.name in values}}, ()

    return validate


def _without_files(node: Any) -> Any:
    """Return a copy in which a file may be anything: openapi-core makes bytes of it, which are no text of a schema."""
    if isinstance(node, Mapping):
        return {} if node.get("format") == "binary" else {key: _without_files(value) for key, value in node.items()}
    return [_without_files(item) for item in node] if isinstance(node, list) else node


def _without(node: Any, key: str) -> Any:
    """Return a copy without a key: jsonschema needs no discriminators, and openapi-core fails on odd values of them."""
    if isinstance(node, list):
        return [_without(item, key) for item in node]
    if isinstance(node, dict):
        return {name: _without(inner, key) for name, inner in node.items() if name != key or isinstance(inner, str)}
    return node


def _deserializers(api: Api) -> dict[str, Callable[..., Any]]:
    """Return what reads a body, by media type. A schema of neither JSON nor a form says that the body is text."""
    bodies = (operation.body for operation in api.operations.values())
    kinds = {body.media_type: body.is_json for body in bodies if body is not None and body.media_type != FORM}
    return {**{kind: _json if is_json else _text for kind, is_json in kinds.items()}, JSON: _json, MULTIPART: _form}


def _form(body: bytes, **parameters: str) -> Any:
    try:
        return data_form_loads(body, **parameters)
    except AssertionError as error:  # A part has no name.
        raise ValueError("a part of the form has no name") from error


def _text(body: bytes, **_: str) -> str:
    return body.decode("latin-1")


def _as_validated(api: Api) -> dict[str, Any]:
    """Return the document, with text in queries described by its media type: else openapi-core refuses empty text.

    It asks for no token: that was checked already.
    """
    document = api.copy()
    document["security"] = []

    def changed(parameter: Mapping[str, Any]) -> Mapping[str, Any]:
        if parameter["in"] != "query" or "schema" not in parameter or api.schema(parameter["schema"]).type != "string":
            return parameter
        return {
            "name": parameter["name"],
            "in": "query",
            "required": parameter.get("required", False),
            "content": {"text/plain": {"schema": parameter["schema"]}},
        }

    for *_, item, operation in list(operation_nodes(document)):
        for node in (item, operation):
            node["parameters"] = [changed(follow(document, parameter)[0]) for parameter in node.get("parameters", ())]
    for *_, operation in list(operation_nodes(document)):
        operation.pop("security", None)
        if "requestBody" in operation:
            body = inline(api.document, operation["requestBody"])
            operation["requestBody"] = _without_files(_without(body, "discriminator"))
    return document


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


class _Validators(DialectSchemaValidatorsFactory):
    """Makes the checker of formats, and what validates a schema, once: not for each value, where it took most of the
    time.
    """

    @cached_property
    def _checker(self) -> Any:
        return super().get_format_checker(None, {"date-time-local": _is_local_time})

    @cached_property
    def _made(self) -> dict[SchemaPath, SchemaValidator]:
        return {}

    def get_format_checker(self, *_: Any) -> Any:
        return self._checker

    def create(self, spec: SchemaPath, schema: SchemaPath, *_: Any, **options: Any) -> SchemaValidator:
        if schema not in self._made:
            self._made[schema] = super().create(spec, schema, **options)
        return self._made[schema]


class _Unmarshaller(SchemaUnmarshaller):
    """Leaves a value as JSON has it: each part of it takes openapi-core as long as all else, and `_typed` is enough."""

    def unmarshal(self, value: Any) -> Any:
        self.schema_validator.validate(value)
        return value


class _Unmarshallers(SchemaUnmarshallersFactory):
    def create(self, spec: SchemaPath, schema: SchemaPath, *_: Any, **__: Any) -> SchemaUnmarshaller:
        validator = self.schema_validators_factory.create(spec, schema)
        return _Unmarshaller(schema, validator, self.types_unmarshaller, FormatsUnmarshaller())


def _typed(parameter: Parameter, value: Any) -> Any:
    """Return the value of an argument; a moment for a timestamp."""
    return local_time(value) if parameter.schema.format == "date-time-local" and isinstance(value, str) else value


@dataclass
class _OpenAPIRequest:
    """A request in the shape that openapi-core asks for."""

    path: str
    method: str
    parameters: RequestParameters
    content_type: str
    body: bytes
    host_url: str = ""


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
        ValueError: It is not.

    """
    document = json.loads(body.decode(), parse_constant=_no_constant)
    json.dumps(document, ensure_ascii=False).encode()
    return document


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _problems(error: Exception) -> Iterator[Problem]:
    """Yield the problems that one error of openapi-core reports."""
    cause = error.__cause__
    parameter = error.name if isinstance(error, ParameterValidationError) else None
    name = parameter or "body"
    if isinstance(error, MissingRequiredParameter | MissingRequiredRequestBody):
        yield Problem(name, "required", None, "is required")
    elif isinstance(cause, MediaTypeNotFound):
        yield Problem(name, "content", None, "must be application/json")
    elif isinstance(cause, CastError):
        yield Problem(name, "type", cause.type, f"must be of type {cause.type}")
    elif isinstance(cause, InvalidSchemaValue):
        faults: Iterable[Any] = cause.schema_errors
        for fault in faults:
            keyword, expected = fault.validator, fault.validator_value
            if keyword == "required":
                for missing in [key for key in expected if key not in fault.instance]:
                    yield Problem(missing, keyword, expected, "is required")
            else:
                # Below a parameter there are its elements, below the body there are arguments.
                field = name if parameter or not fault.absolute_path else str(fault.absolute_path[0])
                yield Problem(field, keyword, expected, f"must have {keyword} {json.dumps(expected)}")
    else:
        yield Problem(name, "format", None, "must be well-formed")
