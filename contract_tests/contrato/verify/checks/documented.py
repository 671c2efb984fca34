"""Passive checks of what the spec documents of every answer: its status, type, headers and body.

They are the same for answers to Schemathesis, to discovery and to laws, and for recorded ones. What is refused, and
how, is only judged where a source says it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from fnmatch import fnmatch
from typing import Any

from jsonschema_rs import ValidationError, ValidationErrorKind

from contrato.core.document import JSON, is_json
from contrato.core.schema import Schema
from contrato.core.spec import Api, Operation, Response
from contrato.verify.checks.http import violations_in
from contrato.verify.checks.values import is_object, members
from contrato.verify.documents import MISSING, cited, excerpt, find, places, validator
from contrato.verify.exchange import Exchange
from contrato.verify.findings import Layer, Violation, answered
from contrato.verify.readings import optional
from contrato.verify.rules import check

GENERAL_REFUSALS = (400, 422)
"""Statuses that say no more than that a request is invalid."""

REFUSED_WRITES = (*GENERAL_REFUSALS, 409)
"""Statuses with which a server may refuse to write what is valid by itself."""

PIECE = 500
"""Elements of a list that are held against a schema at once, if it has errors."""

ALIKE = 20
"""Pieces one after the other whose errors are those of the pieces before; then the others are not looked at."""

NUMBERS = ("integer", "number", "boolean")
"""Types of which a header, a text, is read as JSON."""


@check("No request, right or wrong, makes the server fail with 5XX.", layer=Layer.CONFORMANCE)
def not_a_server_error(exchange: Exchange, spec: Api) -> Iterator[Violation | None]:
    """An invalid request is to be refused with 4XX. A 5XX is a fault that was not handled: look into the server's log.
    The request is repeated before it counts, since a proxy may lose one. 501 for a method that the path does not have
    is HTTP's own refusal.
    """
    yield None
    if exchange.status < 500 or (exchange.status == 501 and exchange.operation is None):
        return
    proof = exchange.operation.evidence if exchange.operation else ""
    yield from violations_in(exchange, spec, "", "no 5xx, whatever is asked", answered(exchange), proof)


@check("The status of an answer is one that the spec has for the operation.", layer=Layer.CONFORMANCE)
def status_code_conformance(exchange: Exchange, spec: Api) -> Iterator[Violation | None]:
    """Clients branch on the status, and cannot handle one that the contract does not have. Which 4XX refuses an invalid
    request or a token is left to the server, where no source says it; so is whether 400, 409 or 422 refuses to write
    what is valid by itself, such as a name that is taken, or a reference to a record that there is not.
    """
    operation, status = exchange.operation, exchange.status
    if operation is None or status >= 500:
        return
    yield None
    left_open = status in (401, 403) or (400 <= status < 500 and not is_valid(exchange))
    left_open |= not operation.safe and status in REFUSED_WRITES and any(map(operation.response, REFUSED_WRITES))
    left_open |= status == 415 and not is_json(exchange.request_headers.get("content-type", ""))
    if operation.response(status) is None and not left_open:
        codes = operation.responses
        proof = "; ".join(f"{code} {response.evidence}" for code, response in codes.items() if response.evidence)
        expected = f"one of the statuses {', '.join(codes)}"
        yield from violations_in(exchange, spec, "", expected, answered(exchange), proof)


@check("The Content-Type of an answer is the one in the spec.", layer=Layer.CONFORMANCE)
def content_type_conformance(exchange: Exchange, spec: Api) -> Iterator[Violation | None]:
    """Clients choose by it how to decode the body. Parameters such as charset are left to the server, and so is the
    form of an error that no source describes.
    """
    response = _described(exchange)
    if response is None or not response.media_types:
        return
    yield None
    if not _has_known_type(exchange, response):
        expected = f"the Content-Type that the spec gives: {', '.join(response.media_types)}"
        yield from violations_in(exchange, spec, "", expected, answered(exchange), response.evidence)


def _has_known_type(exchange: Exchange, response: Response) -> bool:
    """True if the Content-Type is one of the spec, which may have ranges such as `image/*`."""
    found = exchange.headers.get("content-type", "")
    return any(fnmatch(_plain(found), _plain(one)) for one in response.media_types)


def _plain(media_type: str) -> str:
    return media_type.partition(";")[0].strip().lower()


@check("An answer has the headers that the spec asks for, in their form.", layer=Layer.CONFORMANCE)
def response_headers_conformance(exchange: Exchange, spec: Api) -> Iterator[Violation | None]:
    """Only headers that the spec describes are looked at; all others are left to the server."""
    response = _described(exchange)
    for name, node in response.headers.items() if response else ():
        yield None
        text = exchange.headers.get(name.lower())
        schema = spec.schema(node.get("schema", {}))
        if text is None and node.get("required"):
            yield from violations_in(exchange, spec, f"header.{name}", "present (required)", "absent", _proof(exchange))
        elif text is not None and not validator(schema).is_valid(_read(text, schema)):
            expected = json.dumps(schema.json)
            yield from violations_in(exchange, spec, f"header.{name}", expected, cited(text), _proof(exchange))


@check("The body of an answer has the fields, types and values that the spec describes.", layer=Layer.CONFORMANCE)
def response_schema_conformance(exchange: Exchange, spec: Api) -> Iterator[Violation | None]:
    """Judged by JSON Schema. Unknown additional fields are allowed. A field that may be null or absent says so in the
    spec; its evidence tells who says that it may not. The form of an error that no source describes is left to the
    server.
    """
    operation, response = exchange.operation, _described(exchange)
    if operation is None or response is None or response.schema is None:
        return
    by_id = [f for f in operation.parameters if f.place == "path" and f.admits("unknown-id", "empty")]
    if by_id and exchange.json in (None, [], {}):
        return  # There is no such record.
    if not is_json(exchange.headers.get("content-type", JSON)) and _has_known_type(exchange, response):
        return  # The spec has other forms of the answer too.
    yield None
    if exchange.json is MISSING:
        yield from violations_in(exchange, spec, "", "a JSON body", answered(exchange), _proof(exchange))
        return
    seen: set[str] = set()
    judge, alike = validator(response.schema), 0
    for piece in [] if judge.is_valid(exchange.json) else _pieces(exchange.json):
        known = len(seen)
        for error in judge.iter_errors(piece):
            for mismatch in _causes(error):
                field, expected, found = _told(mismatch, response.schema)
                if field not in seen:
                    seen.add(field)
                    proof = response.schema.evidence_at(field) or _proof(exchange)
                    yield Violation(operation.id, field, expected, found, proof, (exchange,))
        alike = alike + 1 if len(seen) == known else 0
        if seen and alike == ALIKE:
            break


@check("A field that the documents show is sent in some answer.")
def documented_fields_are_sent(exchange: Exchange, spec: Api) -> Iterator[Violation | None]:
    """A field may be absent where it has no value, but not from every record of a run. Usual causes: another spelling,
    or a field that was never made. It shows at the end of a run.
    """
    if exchange.operation is None or not exchange.succeeded or exchange.json is MISSING:
        return
    for pointer, schema in places(exchange.operation.schema(exchange.status)):
        records = find(exchange.json, pointer) if optional(schema) else []
        if any(isinstance(record, dict) for record in records):
            yield None
            return


def _pieces(document: Any) -> Iterator[Any]:
    """A document in pieces, of a long list so many elements each: a million errors take gigabytes."""
    if isinstance(document, dict):
        longest = max(document, key=lambda key: _length(document[key]), default=None)
        if longest is not None and _length(document[longest]) > PIECE:
            yield from ({**document, longest: piece} for piece in _pieces(document[longest]))
            return
    elif isinstance(document, list) and _length(document) > PIECE:
        size = PIECE if len(document) > PIECE else 1
        for n in range(0, len(document), size):
            if size == 1:
                yield from ([piece] for piece in _pieces(document[n]))
            else:
                yield document[n : n + size]
        return
    yield document


def _length(document: Any) -> int:
    """The length of the longest list in a document."""
    if isinstance(document, list):
        return max(len(document), *map(_length, document[:PIECE]), 0)
    return max(map(_length, document.values()), default=0) if isinstance(document, dict) else 0


def is_valid(exchange: Exchange) -> bool:
    """True if the spec allows the request, and nothing in it is beyond the spec."""
    operation = exchange.operation
    assert operation is not None
    names = {(f.place, f.name) for f in operation.parameters}
    sent = {("query", name) for name, _ in exchange.query}
    if exchange.request_body:
        if operation.body is None or not is_object(exchange.request_body):
            return False
        sent |= {("body", name) for name in members(exchange.request_body)}
    elif operation.body is not None and operation.body.required:
        return False
    given = exchange.clear_arguments
    needed = {f.key for f in operation.parameters if f.required}
    return sent <= names and given.keys() == exchange.arguments.keys() >= needed


def _described(exchange: Exchange) -> Response | None:
    """The spec's description of an answer; None where it leaves that to the server."""
    operation: Operation | None = exchange.operation
    response = operation.response(exchange.status) if operation is not None else None
    is_error = exchange.status >= 400
    if response is None or (is_error and response.evidence.level not in ("documented", "observed")):
        return None
    return response


def _proof(exchange: Exchange) -> str:
    assert exchange.operation is not None
    return exchange.operation.response_evidence(exchange.status) or exchange.operation.evidence


def _read(text: str, schema: Schema) -> Any:
    if schema.type not in NUMBERS:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _causes(error: ValidationError) -> Iterator[ValidationError]:
    """The errors behind an error: of alternatives, those of the one that was meant, if that is clear."""
    branches = error.kind.context if isinstance(error.kind, _CHOICES) else []
    meant = [branch for branch in branches if not any(_is_other_type(one, error) for one in branch)]
    if len(meant) != 1:
        yield error
        return
    for one in meant[0]:
        yield from _causes(one)


_CHOICES = (ValidationErrorKind.AnyOf, ValidationErrorKind.OneOfNotValid)


def _is_other_type(one: ValidationError, around: ValidationError) -> bool:
    return one.instance_path == around.instance_path and isinstance(one.kind, ValidationErrorKind.Type)


def _told(error: ValidationError, schema: Schema) -> tuple[str, str, str]:
    """Field, expected and found, as a violation has them."""
    parts = ["*" if isinstance(part, int) else part for part in error.instance_path]
    keyword = str(error.schema_path[-1]) if error.schema_path else "type"
    expected = _keyword(error, schema, keyword)
    found = excerpt(json.dumps(error.instance, ensure_ascii=False))
    if isinstance(error.kind, ValidationErrorKind.Required):
        parts.append(error.kind.property)
        expected, found = "present (required)", "absent"
    return "".join(f"/{part}" for part in parts), expected, found


def _keyword(error: ValidationError, schema: Schema, keyword: str) -> str:
    node: Any = schema.json
    for part in error.schema_path:
        node = node[part]
    return f"{keyword} {json.dumps(node)}"
