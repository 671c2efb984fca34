"""Checks of answers that refuse a request."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from contrato.core.schema import Schema
from contrato.core.spec import Api, Parameter
from contrato.verify.checks.documented import GENERAL_REFUSALS
from contrato.verify.checks.values import Values, is_object, members, violation_in
from contrato.verify.documents import cited, find, short, validator
from contrato.verify.exchange import Exchange
from contrato.verify.findings import Violation
from contrato.verify.leniency import faults_of, may_be_wrong
from contrato.verify.rules import check


@check("A refusal names what was wrong, and says why.")
def refusals_name_the_fault(exchange: Exchange, spec: Api) -> Iterator[Violation | None]:
    """Where the spec gives errors the shape of messages by field: there is at least one field, each with a message
    that is not empty; a field that the request has invalid by the spec is among them; and none is a field that the
    request cannot have wrong, such as one with a value of a closed list. A field's name is the one in the request, also
    where the message calls it otherwise. Unless the source documents this refusal, `body` and the like stand for all
    their fields.
    """
    operation = exchange.operation
    if operation is None or not 400 <= exchange.status < 500:
        return
    schema = operation.schema(exchange.status)
    if schema is None or schema.additional is None or not isinstance(exchange.json, dict):
        return
    yield None
    named: Values = exchange.json
    proof = operation.response_evidence(exchange.status)
    if not named:
        yield violation_in(exchange, "", "the fields that are refused", "no field", proof)
    for name, messages in named.items():
        texts = messages if isinstance(messages, list) else []
        if not texts or not all(isinstance(text, str) and text.strip() for text in texts):
            if proof.level not in ("documented", "observed"):
                return  # Nobody says that this refusal has this shape.
            yield violation_in(exchange, f"/{name}", "messages that say why", short(messages), proof)
            return
    if not named or not _understood(exchange):
        return
    wrong, closed, names = _judged(exchange)
    spoken = {name: _meant(name, names) for name in named}
    general = {"body", "query", "path", "header"} if not proof.startswith("documented") else set()
    if operation.creator is not None and not operation.safe:
        # A rule may be about what the record has and this request need not send.
        general |= {f.name for f in operation.creator.parameters}
    # Requests do not tell what a parameter of the path is called, so that a server may call it otherwise.
    in_path = next((at.partition(".")[2] for at in faults_of(exchange) if at.startswith("path.")), None)
    spoken = {name: in_path if meant is None and name not in general else meant for name, meant in spoken.items()}
    strange = [name for name, meant in spoken.items() if meant is None and name not in general]
    if strange:
        yield violation_in(
            exchange, f"/{strange[0]}", f"names of fields: {', '.join(sorted(names))}", cited(strange[0]), proof
        )
        return
    # A server that refuses fields unknown to the spec may stop there.
    unknown = names - {f.name for f in operation.parameters}
    response = operation.response(exchange.status)
    if response is not None and response.admits("refusal-extent", "first"):
        unknown |= {f.name for f in operation.parameters if f.key in exchange.arguments and may_be_wrong(f)}
    if wrong and not any(meant in wrong | unknown for meant in spoken.values()) and not general & named.keys():
        yield violation_in(exchange, "", f"one of {', '.join(sorted(wrong))}", short([*named]), proof)
    innocent = [name for name, meant in spoken.items() if meant in closed]
    if innocent:
        yield violation_in(exchange, "", "only fields that are wrong", cited(innocent[0]), proof)


@check("A refusal has the messages that the source gives it.", needs=("x-evidence",))
def refusals_have_their_messages(exchange: Exchange, spec: Api) -> Iterator[Violation | None]:
    """Where the source documents the messages of a refusal, a parameter whose value is in no list, or is no number, has
    the message that is shown for it.
    """
    operation = exchange.operation
    response = operation.response(exchange.status) if operation is not None else None
    if operation is None or response is None or response.evidence.level not in ("documented", "observed"):
        return
    examples = [example for example in response.examples.values() if isinstance(example, dict)]
    shown = {name: texts for example in examples for name, texts in example.items()}
    named = exchange.json if isinstance(exchange.json, dict) and _understood(exchange) else {}
    for f in operation.parameters:
        given, texts = exchange.arguments.get(f.key), shown.get(f.name)
        is_wrong = bool(f.schema.enum) or f.schema.type in ("integer", "number")
        if texts and is_wrong and isinstance(given, str) and given.isalpha() and given not in f.schema.enum:
            yield None
            if f.name in named and named[f.name] != texts:
                at, proof = f"/{f.name}", response.evidence
                yield violation_in(exchange, at, f"the documented message: {short(texts)}", short(named[f.name]), proof)


@check("A refusal has the status that the source gives it.", needs=("x-evidence",))
def refusals_have_their_status(exchange: Exchange, spec: Api) -> Iterator[Violation | None]:
    """Where the source documents with which status an operation refuses a parameter, a request with an invalid one is
    not refused with another general status, 400 or 422. What no parser of addresses need understand is left alone.
    """
    operation = exchange.operation
    if operation is None or exchange.status not in GENERAL_REFUSALS:
        return
    marks = {status: operation.response_evidence(status) for status in GENERAL_REFUSALS}
    documented = {status: mark for status, mark in marks.items() if mark.startswith("documented")}
    texts = [text for pair in exchange.query for text in pair]
    clean = all(text.isascii() and text.isprintable() for text in texts) and len(exchange.url) < 1000
    if not documented or not clean or not _understood(exchange) or not _judged(exchange)[0]:
        return
    yield None
    if exchange.status not in documented:
        expected = " or ".join(map(str, documented))
        yield violation_in(exchange, "", expected, str(exchange.status), "; ".join(documented.values()))


def _understood(exchange: Exchange) -> bool:
    """True if it is clear which arguments the request has."""
    if exchange.repeated:
        return False
    assert exchange.operation is not None
    if exchange.operation.body is None:
        return not exchange.request_body
    return is_object(exchange.request_body) and "json" in exchange.request_headers.get("content-type", "")


def _judged(exchange: Exchange) -> tuple[set[str], set[str], set[str]]:
    """The names of the fields that are invalid by the spec, of those that cannot be wrong, and of all."""
    assert exchange.operation is not None
    wrong, closed = set(), set()
    valid, faults = exchange.clear_arguments, faults_of(exchange)
    for f in exchange.operation.parameters:
        if f.key in valid:
            if f.schema.enum or f.schema.type == "boolean":
                closed.add(f.name)
        elif f.key in exchange.arguments:
            is_open = faults.get(f"{f.place}.{f.name}") is not None
            if not is_open and not _may_be_read_otherwise(f, exchange.arguments[f.key]):
                wrong.add(f.name)
        elif f.required:
            wrong.add(f.name)
        elif exchange.operation.body is None and (f.searches or not f.refers_to):
            # An absent reference may be one of several of which one is needed.
            closed.add(f.name)
    names = {f.name for f in exchange.operation.parameters}
    names |= {name for name, _ in exchange.query}
    names |= set(members(exchange.request_body))
    return wrong, closed - wrong, names


def _may_be_read_otherwise(f: Parameter, value: Any) -> bool:
    """True if a lenient reader accepts a value that is invalid by the letter: `1.0`, `+1`, `01`."""
    if f.place == "body":
        return False
    texts = [str(one).strip() for one in (value if isinstance(value, list) else [value])]
    number = re.compile(r"[+-]?\d[\d_]*(\.0*)?(e\d+)?", re.I)
    return all(not text or (bool(number.fullmatch(text)) and not f.schema.enum) for text in texts)


def _meant(name: str, names: set[str]) -> str | None:
    """The field that a key of an error means: itself, or a part of a path such as `body.name` or `/name/0`."""
    if name in names:
        return name
    return next((part for part in re.split(r"[./\[\]]", name) if part in names), None)


@check("An answer that refuses does not also give what was asked for.")
def refusals_give_nothing(exchange: Exchange, spec: Api) -> Iterator[Violation | None]:
    """A status of 4XX or 5XX says that the request failed; a body with the records that it asked for says that it did
    not. One of the two is wrong.
    """
    operation = exchange.operation
    if operation is None or exchange.status < 400 or not isinstance(exchange.json, dict | list) or not exchange.json:
        return
    yield None
    for response in operation.responses.values():
        schema = response.schema
        if not response.succeeded or schema is None or not _demands(schema):
            continue
        records = [find(exchange.json, at) for at in schema.lists()]
        empty = bool(records) and not any(any(found) for found in records)
        if not empty and validator(schema).is_valid(exchange.json):
            found = f"the body of {response.status} with {exchange.status}"
            yield violation_in(exchange, "", f"an error's body with {exchange.status}", found, operation.evidence)


def _demands(schema: Schema) -> bool:
    """True if a document must have members to be of this schema, so that no error is by chance."""
    return any(prop.required for prop in (schema.items or schema).properties.values())
