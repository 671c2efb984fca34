"""A check of what the spec leaves open: which of the admissible readings an answer follows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from typing import Any

from contrato.core.extensions import Opening
from contrato.core.schema import Schema
from contrato.core.spec import Api, Operation
from contrato.verify.checks.values import answered, as_whole, chosen, listed, places_of
from contrato.verify.documents import MISSING, find
from contrato.verify.exchange import Exchange
from contrato.verify.findings import Reading, Violation
from contrato.verify.hiding import TOKEN
from contrato.verify.leniency import left_open
from contrato.verify.rules import check

REFUSALS = (400, 415, 422)
"""Statuses of a refusal of arguments. Others may have another cause, such as a record that there is not."""

FORMS = {
    "application/json": "json",
    "application/problem+json": "problem",
    "text/plain": "text",
    "text/html": "html",
}
"""Readings of the body of an error by media type."""

Told = Iterator[tuple[str, str, str]]
"""Questions with a place and the reading that is followed there."""


@check("What the documents leave open is answered in one way throughout.")
def open_questions_have_one_answer(exchange: Exchange, spec: Api) -> Iterator[Violation | Reading | None]:
    """For each question that the spec leaves open, the reading that a server follows is taken from its answers. Any of
    those that the spec admits is right; two of them at the same place are a violation, unless the spec allows that.
    """
    operation = exchange.operation
    if operation is None or exchange.status >= 500:
        return
    for parts in (_token, _error, _arguments, _pages, _fields):
        for question, field, reading in parts(exchange, operation):
            yield None
            yield Reading(operation.id, question, field, reading, (exchange,))


def _token(exchange: Exchange, operation: Operation) -> Told:
    refused = exchange.status in (401, 403) and exchange.request_headers.get("authorization") != f"Bearer {TOKEN}"
    for scheme in operation.security if refused else ():
        if scheme.admits("token-refusal", str(exchange.status)):
            yield "token-refusal", "", str(exchange.status)
        if "challenge" in scheme.open:
            yield "challenge", "", "sent" if "www-authenticate" in exchange.headers else "left-out"


def _error(exchange: Exchange, operation: Operation) -> Told:
    response = operation.response(exchange.status)
    if exchange.status < 400 or response is None or "error-body" not in response.open:
        return
    kind = FORMS.get(exchange.headers.get("content-type", "").partition(";")[0].strip().lower())
    reading = kind if exchange.content else "empty"
    if reading and response.admits("error-body", reading):
        yield "error-body", "", reading


def _arguments(exchange: Exchange, operation: Operation) -> Told:
    """Arguments with a fault that need not be refused; of two, none can be told."""
    open_faults = left_open(exchange)
    if not open_faults or len(open_faults) > 1 or not exchange.sent.isascii() or "\\u" in exchange.sent:
        return
    ((at, question),) = open_faults.items()
    place, _, name = at.partition(".")
    # Whatever an unknown argument is called, the server has one way with it.
    field = place if question == "unknown-argument" else at
    reading = _reading(exchange, _opening(operation, (place, name), question))
    if reading:
        yield question, field, reading


def _opening(operation: Operation, key: tuple[str, str], question: str) -> Opening:
    known = operation.keys.get(key)
    elements = [element for element in (known, operation.body, operation) if element is not None]
    return next(element.open[question] for element in elements if question in element.open)


def _reading(exchange: Exchange, opening: Opening) -> str | None:
    """The reading that a status tells of; None if it may be several."""
    refusals = [name for name in ("refused", "required") if name in opening.readings]
    if str(exchange.status) in opening.readings:
        return str(exchange.status)
    if exchange.status in REFUSALS:
        return refusals[0] if refusals else None
    others = [name for name in opening.readings if name not in refusals and not name.isdecimal()]
    return others[0] if exchange.succeeded and len(others) == 1 else None


def _pages(exchange: Exchange, operation: Operation) -> Told:
    names, answer = operation.pagination, answered(exchange)
    items = listed(exchange, answer) if answer is not MISSING else None
    number = as_whole(chosen(exchange, names.page)) if names else None
    if names is None or items is None or number is None or not isinstance(answer, dict):
        return
    counters = {key: answer.get(getattr(names, key) or "", MISSING) for key in ("next", "last", "total")}
    at = {key: operation.answer.at(f"/{getattr(names, key)}") if operation.answer else None for key in counters}
    last = as_whole(counters["last"])
    if items and number == last and at["next"] is not None and "next-page" in at["next"].open:
        ways = {None: "null", MISSING: "absent", 0: "zero", last: "last"}
        reading = ways.get(counters["next"])
        if reading and at["next"].admits("next-page", reading):
            yield "next-page", f"/{names.next}", reading
    if not items and counters["total"] == 0 and last in (0, 1) and at["last"] is not None:
        reading = "one" if last else "zero"
        if at["last"].admits("empty-max-page", reading):
            yield "empty-max-page", f"/{names.last}", reading


def _fields(exchange: Exchange, operation: Operation) -> Told:
    answer = answered(exchange)
    if answer is MISSING or not exchange.succeeded:
        return
    for pointer, schema in places_of(exchange):
        yield from _form(pointer, schema, [value for value in find(answer, pointer) if isinstance(value, str)])
        for name, prop in schema.properties.items():
            for question in ("no-value", "no-payment"):
                if question in prop.schema.open:
                    opening, at = prop.schema.open[question], f"{pointer}/{name}"
                    for reading in _absences(find(answer, pointer), name):
                        if reading in opening.readings:
                            yield question, at, reading


def _absences(records: list[Any], name: str) -> set[str]:
    values = [record.get(name, MISSING) for record in records if isinstance(record, dict)]
    ways = [("absent", MISSING), ("null", None), ("empty", {})]
    return {way for way, value in ways if any(found is value or found == value for found in values)}


def _form(pointer: str, schema: Schema, texts: list[str]) -> Told:
    kinds = [kind for kind in (schema, *schema.alternatives) if "timestamp-zone" in kind.open]
    for text in texts if kinds else ():
        with suppress(ValueError):
            moment = datetime.fromisoformat(text)
            zone = "none" if moment.tzinfo is None else "utc" if text[-1] in "Zz" else "offset"
            yield "timestamp-zone", pointer, zone
            yield "timestamp-fraction", pointer, "some" if "." in text[19:] else "none"
