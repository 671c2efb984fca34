"""Arguments that are not as the spec has them, but have one obvious value: no document says that they are refused."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from contrato.core.schema import Schema
from contrato.core.spec import Operation, Parameter
from contrato.verify.documents import MISSING, is_number, loaded, validator
from contrato.verify.exchange import Exchange

SHORT_RANGE = 7
"""Days that every server answers at once, whatever the longest range is."""

SHORT_TEXT = 3
"""Characters of a text for which every server searches."""

EVERYDAY = 28
"""Numbers up to here are kept as they are, whatever bounds a server has."""

LINE = 40
"""Characters that every text of a record may have."""

LARGEST_LIMIT = 100
"""Up to here a limit on a page's size is an everyday one; a server that refuses more, or cuts it, protects itself."""

LATEST = 253402300799
"""The last second of the year 9999, counted from 1970."""


def left_open(exchange: Exchange) -> dict[str, str] | None:
    """The open questions that the faults of a request are about.

    Returns:
        The ids of the questions by `location.name`, empty for a request without faults; None if it has a fault that
        must be refused.
    """
    return only_open(faults_of(exchange))


def only_open(faults: Mapping[str, str | None]) -> dict[str, str] | None:
    """The faults of a request if an open question is about each; None if one of them must be refused."""
    found = {at: name for at, name in faults.items() if name is not None}
    return found if len(found) == len(faults) else None


def may_be_refused(exchange: Exchange) -> str | None:
    """The open question for which a server may refuse a request that is valid by the spec; None without one."""
    return next(refusable(exchange), None)


def refusable(exchange: Exchange) -> Iterator[str]:
    """The open questions for which the server may have refused a request that is valid by the spec."""
    operation = exchange.operation
    if operation is None or not 400 <= exchange.status < 500:
        return
    given, body = exchange.arguments, operation.body
    questions = {
        "duplicate-name": any(f.admits("duplicate-name", "refused") for f in operation.parameters if f.key in given),
        "partial-update": any(f.place == "body" and f.key not in given for f in operation.parameters),
        "range-limit": _days(operation, exchange) > SHORT_RANGE,
        "both-selected": sum(f.key in given for f in selectors(operation)) > 1,
        "none-selected": not any(f.key in given for f in selectors(operation)),
    }
    for question, holds in questions.items():
        if holds and (question == "duplicate-name" or operation.admits(question, "refused")):
            yield question
    if exchange.status == 403 and operation.admits("write-permission", "403"):
        yield "write-permission"
    if body is not None and not exchange.request_body and body.admits("body-required", "required"):
        yield "body-required"
    for f in operation.parameters:
        value = given.get(f.key)
        if is_number(value):
            for question, holds in (("below-one", value < 1), ("largest-limit", value > LARGEST_LIMIT)):
                if holds and f.admits(question, "refused"):
                    yield question
        if is_short(value) and f.admits("short-search", "refused"):
            yield "short-search"


def is_short(value: Any) -> bool:
    """True for a text that may be too short to be searched for."""
    return isinstance(value, str) and 0 < len(value.strip()) < SHORT_TEXT


def selectors(operation: Operation) -> list[Parameter]:
    """The arguments that say what rows are about, where none of them is needed."""
    return [f for f in operation.parameters if f.refers_to and f.place != "path" and not f.required]


def _days(operation: Operation, exchange: Exchange) -> float:
    """Length of the range of dates; endless if it has one end."""
    dates = operation.date_range
    if dates is None:
        return 0
    ends = [exchange.arguments.get(operation.parameter(name).key) for name in (dates.start, dates.end)]
    if ends == [None, None]:
        return 0
    try:
        low, high = (datetime.fromisoformat(str(end)).replace(tzinfo=None) for end in ends)
    except ValueError:
        return math.inf
    return (high - low) / timedelta(days=1)


def may_be_wrong(f: Parameter) -> bool:
    """True if a server may refuse a value of a parameter that is valid by the spec."""
    return any(
        f.admits(question, "refused") for question in ("bounds", "odd-text", "duplicate-name", "unknown-reference")
    )


def may_be_changed(f: Parameter, value: Any) -> bool:
    """True if a server may take a valid value for another one: a large or negative number, or an odd text."""
    if isinstance(value, str):
        is_odd = value != value.strip() or not value or "<" in value or any(ord(c) > 0xFFFF for c in value)
        return (is_odd and f.admits("odd-text", "changed")) or (len(value) > LINE and f.admits("bounds", "changed"))
    return is_number(value) and not 1 <= value <= EVERYDAY and f.admits("bounds", "changed")


def faults_of(exchange: Exchange) -> dict[str, str | None]:
    """The parts of a request that are not as the spec has them, by `location.name`: the open question about each, or
    None if it must be refused.
    """
    operation = exchange.operation
    assert operation is not None
    faults: dict[str, str | None] = {}
    for f in operation.parameters:
        at, given = f"{f.place}.{f.name}", exchange.arguments.get(f.key, MISSING)
        if f.place in ("query", "path") and f.name in exchange.repeated:
            faults[at] = None
        elif given is MISSING:
            if f.required:
                faults[at] = None
        elif not validator(f.schema).is_valid(given):
            faults[at] = _question(operation, f, given)
    faults |= _of_body(exchange, operation)
    known = {f.name for f in operation.parameters if f.place == "query"}
    unknown = {name for name, _ in exchange.query} - known
    return faults | {f"query.{name}": _asked(operation, "unknown-argument") for name in unknown}


def _of_body(exchange: Exchange, operation: Operation) -> dict[str, str | None]:
    body = operation.body
    if body is None:
        return {"body": None} if exchange.request_body else {}
    if exchange.request_body and "json" not in exchange.request_headers.get("content-type", "json"):
        return {"body": None}
    if not exchange.request_body:
        return {"body": _asked(operation, "body-required")} if body.required else {}
    document = loaded(exchange.request_body)
    if document is None:
        return {"body": _asked(operation, "null-argument", "null-field", "body-required")}
    if not isinstance(document, dict):
        return {"body": None}
    known = {f.name for f in operation.parameters if f.place == "body"}
    return {f"body.{name}": _asked(operation, "unknown-argument") for name in document if name not in known}


def _question(operation: Operation, f: Parameter, given: Any) -> str | None:
    """The question about a value that the schema of its parameter does not allow."""
    if f.place == "path":
        return _of(f, "bad-id")
    if given is None or (isinstance(given, str) and not given.strip()):
        if f.place == "query":
            return _of(f, "empty-argument")
        return None if f.required else _asked(operation, "null-argument", "null-field")
    if any(validator(f.schema).is_valid(value) for value in obvious(given, f.schema)):
        return _asked(operation, "lenient-type")
    return (_of(f, "bounds") or _of(f, "odd-text") or _of(f, "below-one")) if _is_same_type(f.schema, given) else None


def _asked(operation: Operation, *questions: str) -> str | None:
    """The first of these questions that the spec has about the operation or its body."""
    body = operation.body.open if operation.body is not None else {}
    return next((name for name in questions if name in operation.open or name in body), None)


def _of(f: Parameter, question: str) -> str | None:
    return question if question in f.open else None


def _is_same_type(schema: Schema, given: Any) -> bool:
    """True if only the size or the form of a value is wrong."""
    if schema.enum or isinstance(given, bool):
        return False
    kinds: dict[str, type] = {"string": str, "integer": int, "number": float}
    return isinstance(given, kinds.get(str(schema.type), ()))


def obvious(given: Any, schema: Schema) -> Iterator[Any]:
    """Values of the type of a schema that somebody obviously meant by another one."""
    if schema.type == "array" and schema.items is not None:
        parts = given if isinstance(given, list) else [given]
        if not any(isinstance(part, list) for part in parts):
            yield [next(obvious(part, schema.items), part) for part in parts]
        return
    if isinstance(given, list) and len(given) == 1:
        given = given[0]
        yield given
    text = given.strip() if isinstance(given, str) else ""
    if schema.type in ("integer", "number"):
        if isinstance(given, bool):
            yield int(given)
        number = _number(text)
        if number is not None:
            yield number
    elif schema.type == "boolean":
        words = {"1": True, "0": False, "true": True, "false": False}
        yield words.get(str(given).strip().lower(), given)
    elif schema.type == "string":
        if isinstance(given, bool | int | float):
            yield str(given)
            yield from _moment(given)
        elif text:
            yield text
            yield from _dated(text)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    if not math.isfinite(number):
        return None
    return int(number) if number.is_integer() else number


def _moment(seconds: float) -> Iterator[str]:
    """A timestamp that is counted in seconds or milliseconds from 1970."""
    for count in (seconds, seconds / 1000):
        if math.isfinite(count) and abs(count) <= LATEST:
            yield datetime.fromtimestamp(count, UTC).replace(tzinfo=None).isoformat(timespec="seconds")


def _dated(text: str) -> Iterator[str]:
    """A timestamp in another form of ISO 8601."""
    number = _number(text)
    if number is not None:
        yield from _moment(number)
    try:
        yield datetime.fromisoformat(text).isoformat(timespec="seconds")
    except ValueError:
        return
