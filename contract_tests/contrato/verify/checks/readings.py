"""A check of what the spec leaves open: which of the admissible readings an answer follows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from itertools import chain
from typing import Any

from contrato.core.extensions import Opening
from contrato.core.schema import Schema
from contrato.core.spec import Api, Operation
from contrato.verify.checks.values import answered, as_number, as_whole, chosen, listed, places_of
from contrato.verify.documents import MISSING, find
from contrato.verify.exchange import Exchange
from contrato.verify.findings import Reading, Violation
from contrato.verify.findings import answered as answered_with
from contrato.verify.hiding import TOKEN
from contrato.verify.leniency import faults_of, is_short, only_open, refusable
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

TELLING = 8
"""Values of a list whose order can hardly be chance."""

NUMBERS = {"overdue-days", "neuget-sign", "neuget-value"}
"""Questions about numbers."""

ABSENCES = "no-value", "no-payment"
"""Questions about what there is in place of a value."""

LARGE = 10**6, 2**31
"""Sizes of a page that no list needs, and every server can read."""

Faults = dict[str, str | None]

Told = Iterator[tuple[str, str, str]]
"""Questions with a place and the reading that is followed there."""


@check("What the documents leave open is answered in one way throughout.", needs=("x-open",))
def open_questions_have_one_answer(exchange: Exchange, spec: Api) -> Iterator[Violation | Reading | None]:
    """For each question that the spec leaves open, the reading that a server follows is taken from its answers. Any of
    those that the spec admits is right; two of them at the same place are a violation, unless the spec allows that.
    """
    operation = exchange.operation
    if exchange.status >= 500:
        return
    if operation is None:
        yield from _other_methods(exchange, spec)
        return
    faults = faults_of(exchange)
    yield from _neither(exchange, operation, faults)
    told = chain(
        _token(exchange, operation),
        _error(exchange, operation),
        _arguments(exchange, operation, faults),
        _body(exchange, operation, faults),
        _range(exchange, operation, faults),
        _pages(exchange, operation, faults),
        _default_order(exchange, operation),
        _direction(exchange, operation),
        _fields(exchange, operation),
        _unset(exchange, operation),
        _selected(exchange, operation),
        _searched(exchange, operation, faults),
        _limited(exchange, operation),
    )
    # Rows tell the same over and over.
    for question, field, reading in dict.fromkeys(told):
        yield None
        yield Reading(operation.id, question, field, reading, (exchange,))


def _neither(exchange: Exchange, operation: Operation, faults: Faults) -> Iterator[Violation | None]:
    """A violation if the answer to one fault has none of the statuses that the spec admits for it."""
    open_faults = only_open(faults) or {}
    for at, question in open_faults.items() if len(open_faults) == 1 else ():
        opening = operation.opening(at, question)
        if opening is None:
            continue
        statuses = [reading for reading in opening.readings if reading.isdecimal()]
        is_settled = statuses == list(opening.readings) and exchange.status not in (401, 403)
        if is_settled and not exchange.succeeded and exchange.status < 500:
            yield None
            if str(exchange.status) not in statuses:
                expected = f"{' or '.join(statuses)}: {opening.question.question}"
                yield Violation(operation.id, at, expected, answered_with(exchange), opening.evidence, (exchange,))


def _other_methods(exchange: Exchange, spec: Api) -> Iterator[Reading]:
    there = next((o for o in spec.operations.values() if o.match(exchange.path) is not None), None)
    if there is not None and "other-methods" in there.path_item.open:
        reading = "served" if exchange.succeeded else str(exchange.status)
        if there.path_item.admits("other-methods", reading):
            yield Reading(there.id, "other-methods", exchange.method, reading, (exchange,))


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


def _arguments(exchange: Exchange, operation: Operation, faults: Faults) -> Told:
    """Arguments with a fault that need not be refused; of two, none can be told."""
    open_faults = only_open(faults)
    if not open_faults or len(open_faults) > 1 or not exchange.sent.isascii() or "\\u" in exchange.sent:
        return
    ((at, question),) = open_faults.items()
    if _has_other_reason(exchange, operation, at, ""):
        return
    # Whatever an unknown argument is called, the server has one way with it.
    field = at.partition(".")[0] if question == "unknown-argument" else at
    opening = operation.opening(at, question)
    if opening is not None and (reading := _reading(exchange, opening)):
        yield question, field, reading


def _is_refused_for(exchange: Exchange, operation: Operation, at: str, question: str) -> bool:
    """True if the request was refused, for one argument or one question and nothing else."""
    return exchange.status in REFUSALS and not _has_other_reason(exchange, operation, at, question)


def _has_other_reason(exchange: Exchange, operation: Operation, at: str, question: str) -> bool:
    """True if a refusal may be about something else than one argument or one question."""
    if {*refusable(exchange)} - {question}:
        return True
    page = operation.pagination.page if operation.pagination else None
    for f in operation.parameters if exchange.status in REFUSALS else ():
        given = exchange.arguments.get(f.key, MISSING)
        if given is not MISSING and f"{f.place}.{f.name}" != at:
            # A value that is not there: a page after the last, or a filter's.
            is_later = f.known_name == page and f.admits("page-after-last", "refused") and (as_whole(given) or 0) > 1
            if is_later or f.admits("unknown-filter", "refused"):
                return True
    return False


def _body(exchange: Exchange, operation: Operation, faults: Faults) -> Told:
    """A body that is left out, and the refusal of one."""
    if operation.body is not None and not exchange.request_body and not faults:
        is_refused = _is_refused_for(exchange, operation, "", "body-required")
        reading = "optional" if exchange.succeeded else "required" if is_refused else ""
        if operation.body.admits("body-required", reading):
            yield "body-required", "", reading
    wrong = [at for at, question in faults.items() if at.startswith("body.") and question is None]
    if wrong and operation.admits("refusal-status", str(exchange.status)):
        yield "refusal-status", "", str(exchange.status)
    is_part = any(f.place == "body" and f.key not in exchange.arguments for f in operation.parameters)
    if exchange.succeeded and is_part and not faults and operation.admits("partial-update", "kept"):
        yield "partial-update", "", "kept"
    response = operation.response(exchange.status)
    named = exchange.json if isinstance(exchange.json, dict) else {}
    both = [at for at in wrong if at.partition(".")[2] in named]
    if len(wrong) > 1 and both and response is not None and "refusal-extent" in response.open:
        yield "refusal-extent", "", "all" if len(both) == len(wrong) else "first"


def _selected(exchange: Exchange, operation: Operation) -> Told:
    """Arguments of an open name that select rows."""
    answer = answered(exchange)
    for f in operation.parameters:
        rows = find(answer, f.echo.at) if f.echo is not None and answer is not MISSING else []
        given = exchange.clear_arguments.get(f.key)
        wanted = {str(value) for value in (given if isinstance(given, list) else [given])}
        if rows and "services-name" in f.open and {str(value) for value in rows} <= wanted:
            yield "services-name", f"{f.place}.{f.name}", f.open["services-name"].ours


def _searched(exchange: Exchange, operation: Operation, faults: Faults) -> Told:
    """Short texts to search for."""
    for f in operation.parameters:
        at = f"{f.place}.{f.name}"
        if "short-search" in f.open and not faults and is_short(exchange.clear_arguments.get(f.key)):
            is_refused = _is_refused_for(exchange, operation, at, "short-search")
            if is_refused or exchange.succeeded:
                yield "short-search", at, "refused" if is_refused else "searched"


def _limited(exchange: Exchange, operation: Operation) -> Told:
    response = operation.response(exchange.status)
    if exchange.status == 429 and response is not None and "rate-limit" in response.open:
        yield "rate-limit", "", "retry-after" if "retry-after" in exchange.headers else "silent"


def _range(exchange: Exchange, operation: Operation, faults: Faults) -> Told:
    dates = operation.date_range
    given = exchange.clear_arguments
    ends = [given.get(operation.parameter(name).key) for name in (dates.start, dates.end)] if dates else []
    if len(ends) == 2 and None not in ends and "range-reversed" in operation.open and not faults:
        is_refused = _is_refused_for(exchange, operation, "", "range-reversed")
        with suppress(TypeError, ValueError):
            low, high = (datetime.fromisoformat(str(end)) for end in ends)
            if low > high and (exchange.succeeded or is_refused):
                yield "range-reversed", "", "empty" if exchange.succeeded else "refused"


def _reading(exchange: Exchange, opening: Opening) -> str | None:
    """The reading that a status tells of; None if it may be several."""
    refusals = [name for name in ("refused", "required") if name in opening.readings]
    if str(exchange.status) in opening.readings:
        return str(exchange.status)
    if exchange.status in REFUSALS:
        return refusals[0] if refusals else None
    others = [name for name in opening.readings if name not in refusals and not name.isdecimal()]
    return others[0] if exchange.succeeded and len(others) == 1 else None


def _pages(exchange: Exchange, operation: Operation, faults: Faults) -> Told:
    yield from _counters(exchange, operation)
    names = operation.pagination
    if names is None:
        return
    page, limit = operation.parameter(names.page), operation.parameter(names.limit) if names.limit else None
    items = listed(exchange, answered(exchange)) or []
    given = {f: as_whole(exchange.arguments.get(f.key)) for f in (page, limit) if f is not None}
    below = [f for f, number in given.items() if number is not None and number < 1]
    for f in below if len(below) == 1 else ():
        if given[f] == 0 and "below-one" in f.open and set(faults.items()) <= {(f"{f.place}.{f.name}", "below-one")}:
            known = f.open["below-one"].readings
            some = next((name for name in ("first", "default") if name in known), "")
            at = f"{f.place}.{f.name}"
            is_refused = _is_refused_for(exchange, operation, at, "below-one")
            # An answer without rows may be that of a list without rows: a law asks when there are some.
            reading = some if items else "refused" if is_refused else ""
            if reading in known:
                yield "below-one", at, reading
    asked = as_whole(exchange.clear_arguments.get(limit.key)) if limit is not None else None
    if limit is not None and asked is not None and "largest-limit" in limit.open and not faults:
        taken = as_whole(exchange.json.get(names.size)) if isinstance(exchange.json, dict) else None
        some = "cut" if taken and taken < asked else "none" if taken == asked else ""
        at = f"{limit.place}.{limit.name}"
        is_refused = _is_refused_for(exchange, operation, at, "largest-limit")
        reading = "refused" if is_refused else some
        if reading and LARGE[0] <= asked < LARGE[1]:
            yield "largest-limit", at, reading


def _counters(exchange: Exchange, operation: Operation) -> Told:
    names, answer = operation.pagination, answered(exchange)
    items = listed(exchange, answer) if answer is not MISSING else None
    number = as_whole(chosen(exchange, names.page)) if names else None
    if names is None or items is None or number is None or not isinstance(answer, dict):
        return
    counters = {key: answer.get(getattr(names, key) or "", MISSING) for key in ("next", "last", "total")}
    at = {key: operation.answer.at(f"/{getattr(names, key)}") if operation.answer else None for key in counters}
    last = as_whole(counters["last"])
    if last is not None and 0 < number < last and "page-size" in operation.open:
        yield "page-size", "", "twenty" if len(items) == names.size else "other"
    if items and number == last and at["next"] is not None and "next-page" in at["next"].open:
        ways = {None: "null", MISSING: "absent", 0: "zero", last: "last"}
        reading = ways.get(counters["next"])
        if reading and at["next"].admits("next-page", reading):
            yield "next-page", f"/{names.next}", reading
    if not items and counters["total"] == 0 and last in (0, 1) and at["last"] is not None:
        reading = "one" if last else "zero"
        if at["last"].admits("empty-max-page", reading):
            yield "empty-max-page", f"/{names.last}", reading


def _default_order(exchange: Exchange, operation: Operation) -> Told:
    """The order and the size of a list for which nothing was asked."""
    names, items = operation.pagination, listed(exchange, answered(exchange)) or []
    if names is None or not items or not {name for name, _ in exchange.query} <= {names.page} or exchange.request_body:
        return
    size = operation.parameter(names.limit) if names.limit else None
    if size is not None and "default" in size.open and isinstance(names.size, str):
        taken = as_whole(exchange.json.get(names.size))
        yield "default", f"{size.place}.{size.name}", "shown" if taken == size.schema.default else "another"
    moments = [str(value) for value in find(exchange.json, operation.date_range.field)] if operation.date_range else []
    if len(set(moments)) >= TELLING and "list-order" in operation.open:
        ways = {"ascending": sorted(moments), "descending": sorted(moments, reverse=True)}
        yield "list-order", "", next((way for way, order in ways.items() if order == moments), "other")
    if operation.sort is None or len(items) < TELLING:
        return
    by, order = (operation.parameter(name) for name in (operation.sort.by, operation.sort.order))
    values = [number for item in items for number in map(as_number, find(item, f"/{by.schema.default}"))]
    numbers = [number for number in values if number is not None]
    if "default" in by.open and len(numbers) == len(items):
        reverse = order.schema.default == operation.sort.descending
        shown = numbers == sorted(numbers, reverse=reverse)
        for f in (by, order):
            yield "default", f"{f.place}.{f.name}", "shown" if shown else "another"


def _direction(exchange: Exchange, operation: Operation) -> Told:
    """The direction of a list by its dates, whatever was asked for."""
    dates, answer = operation.date_range, answered(exchange)
    if dates is None or operation.sort is not None or "list-order" not in operation.open or answer is MISSING:
        return
    moments = [str(value) for value in find(answer, dates.field)]
    if len(set(moments)) >= TELLING and moments in (sorted(moments), sorted(moments, reverse=True)):
        yield "list-order", dates.field, "ascending" if moments[0] < moments[-1] else "descending"


def _unset(exchange: Exchange, operation: Operation) -> Told:
    """The fields of a new record that were not given."""
    answer = answered(exchange)
    if operation.safe or operation.method != "POST" or not isinstance(answer, dict) or operation.answer is None:
        return
    for f in operation.parameters:
        schema = operation.answer.at(f.echo.at) if f.echo is not None and f.key not in exchange.arguments else None
        if f.echo is not None and schema is not None and "unset-field" in schema.open:
            found = find(answer, f.echo.at)
            yield "unset-field", f.echo.at, "absent" if not found else "null" if found[0] is None else "default"


def _fields(exchange: Exchange, operation: Operation) -> Told:
    answer = answered(exchange)
    if answer is MISSING or not exchange.succeeded:
        return
    for pointer, schema in places_of(exchange):
        values = find(answer, pointer)
        if any("timestamp-zone" in kind.open for kind in (schema, *schema.alternatives)):
            yield from _form(pointer, [value for value in values if isinstance(value, str)])
        if schema.open.keys() & NUMBERS:
            yield from _numbers(pointer, schema, [n for value in values if (n := as_number(value))])
        for name, prop in schema.properties.items():
            for question in (each for each in ABSENCES if each in prop.schema.open):
                readings = prop.schema.open[question].readings
                yield from ((question, f"{pointer}/{name}", way) for way in _absences(values, name) if way in readings)


def _numbers(pointer: str, schema: Schema, numbers: list[float]) -> Told:
    """Readings that numbers other than 0 tell by their sign and their fractions."""
    if "overdue-days" in schema.open and any(number != int(number) for number in numbers):
        yield "overdue-days", pointer, "fraction"
    if "neuget-sign" in schema.open and numbers:
        yield "neuget-sign", pointer, "negative" if min(numbers) < 0 else "positive"
    if "neuget-value" in schema.open and any(number < 0 for number in numbers):
        yield "neuget-value", pointer, "movement"


def _absences(records: list[Any], name: str) -> list[str]:
    values = [record.get(name, MISSING) for record in records if isinstance(record, dict)]
    # An empty object may also be one whose values are all absent.
    return [way for way, value in (("absent", MISSING), ("null", None)) if any(found is value for found in values)]


def _form(pointer: str, texts: list[str]) -> Told:
    for text in texts:
        with suppress(ValueError):
            moment = datetime.fromisoformat(text)
            zone = "none" if moment.tzinfo is None else "utc" if text[-1] in "Zz" else "offset"
            yield "timestamp-zone", pointer, zone
            yield "timestamp-fraction", pointer, "some" if "." in text[19:] else "none"
            yield "timestamp-separator", pointer, "letter" if text[10] == "T" else "blank"
