"""Checks within one record: sums, orders, plausible values, readable texts."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from contrato.core.extensions import Invariant
from contrato.core.schema import Schema
from contrato.core.spec import Api
from contrato.verify.checks.values import (
    ROUNDING,
    Values,
    adds_up,
    answered,
    as_number,
    close,
    places_of,
    readings,
    violation_in,
)
from contrato.verify.documents import MISSING, cited, find, short
from contrato.verify.exchange import Exchange
from contrato.verify.findings import Reading, Violation
from contrato.verify.rules import check

STEPS = 10, 50, 100
"""Amounts, in the currency of a bill, to which its value may be rounded."""

CENTS = 0.51
"""Difference that the rounding of an amount to whole units may make."""


@check("The values of one record fit each other.", needs=("x-invariants",))
def records_add_up(exchange: Exchange, spec: Api) -> Iterator[Violation | Reading | None]:
    """Sums, products and orders of dates within a record, as `x-invariants` states them. Amounts may be rounded to
    whole units, a product may differ by a hundredth, or they are what the spec leaves open; null values are not judged.
    """
    answer = answered(exchange)
    if answer is MISSING:
        return
    for at, schema in places_of(exchange):
        laws = [law for part in (schema, *schema.alternatives) for law in part.invariants]
        if not laws:
            continue
        records = [record for record in find(answer, at) if isinstance(record, dict)]
        yield None
        for law in laws:
            amount = schema.at(law.equals) if law.equals is not None else None
            for record in records:
                told = _told(record, law, amount) if amount is not None and amount.open else None
                if told is not None and exchange.operation is not None:
                    question, reading = told
                    yield Reading(exchange.operation.id, question, f"{at}{law.equals}", reading, (exchange,))
                    continue
                fault = _disagreement(record, law, spec)
                if fault:
                    field, expected, found = fault
                    yield violation_in(exchange, at + field, expected, found, law.evidence)
                    break


def _disagreement(record: Values, law: Invariant, spec: Api) -> tuple[str, str, str] | None:
    """The place where a record breaks a law of `x-invariants`, the expected value, and the one found."""
    if law.ascending is not None:
        first, second = law.ascending
        one, other = _one(record, first), _one(record, second)
        if one is None or other is None or _in_order(one, other, spec):
            return None
        return second, f"not before or below {first.lstrip('/')}, {cited(one)}", cited(other)
    if law.present is not None:
        first, second = law.present
        # An object without a field is as good as none.
        if _one(record, first) in (None, {}) or _one(record, second) is not None:
            return None
        return second, f"a value, since there is {first.lstrip('/')}", "none"
    field = law.equals
    value = _one(record, field) if field is not None else None
    if field is None or value is None:
        return None
    kinds = {"product": law.product, "sum": law.sum, "same": law.same, "among": law.among}
    kind, named = next((kind, named) for kind, named in kinds.items() if named is not None)
    operands = [named] if isinstance(named, str) else named
    parts = [part for operand in operands for part in find(record, operand)]
    if kind == "same" and parts and isinstance(value, str):
        if parts[0] is None or _same_day(value, parts[0], spec):
            return None
        return field, f"{operands[0].lstrip('/')}, {cited(parts[0])}", cited(value)
    number, numbers = as_number(value), [n for part in parts if (n := as_number(part)) is not None]
    if number is None or not numbers or len(numbers) < len(parts) or (kind == "product" and len(numbers) != 2):
        return None
    due = math.prod(numbers) if kind == "product" else math.fsum(numbers)
    if kind in ("same", "among"):
        fits = any(close(number, other) for other in numbers)
    else:
        fits = adds_up(number, due, len(numbers)) if kind == "sum" else close(number, due)
    if fits:
        return None
    names = " and ".join(operand.lstrip("/") for operand in operands)
    shown = " or ".join(cited(f"{n:.10g}") for n in ([due] if kind in ("product", "sum", "same") else numbers))
    return field, f"the {kind} of {names}: {shown}" if kind != "same" else f"{names}: {shown}", cited(f"{number:.10g}")


def _told(record: Values, law: Invariant, amount: Schema) -> tuple[str, str] | None:
    """The open question about an amount that a record answers, and its reading; None if it tells of none.

    An amount that is both the sum and a rounded one tells nothing of the rounding.
    """
    value = as_number(_one(record, law.equals or ""))
    parts = [part for at in law.product or () for part in find(record, at)]
    numbers = [number for part in parts if (number := as_number(part)) is not None]
    if value is not None and law.product is not None:
        due = math.prod(numbers) if len(numbers) == len(law.product) else 0
        ways = {"lump": not due and value != 0, "product": close(value, due), "per-cent": close(value, due / 100)}
        return _first(amount, "concept-total", ways)
    addends = [as_number(part) for part in find(record, law.sum)] if isinstance(law.sum, str) else []
    if value is None or not addends or None in addends:
        return None
    due = math.fsum(filter(None, addends))
    is_round = any(value % step == 0 and abs(value - due) < step for step in STEPS)
    if due < -CENTS:
        is_negative = adds_up(value, due, len(addends)) or (value < 0 and is_round)
        return _first(amount, "credit", {"zero": value == 0, "negative": is_negative})
    is_sum = abs(value - due) <= CENTS * len(addends)
    if is_sum and is_round:
        return None
    return _first(amount, "bill-value", {"sum": is_sum, "rounded": is_round})


def _first(schema: Schema, question: str, ways: Mapping[str, bool]) -> tuple[str, str] | None:
    return next(((question, name) for name, holds in ways.items() if holds and schema.admits(question, name)), None)


def _one(record: Values, pointer: str) -> Any:
    found = find(record, pointer)
    return found[0] if found else None


def _in_order(one: Any, other: Any, spec: Api) -> bool:
    first, second = as_number(one), as_number(other)
    if first is not None and second is not None:
        return first <= second or abs(first - second) <= max(ROUNDING * abs(first), ROUNDING)
    before, after = readings(one, spec), readings(other, spec)
    if not before or not after:
        return True
    return min(before) <= max(after) or min(before).date() == max(after).date()


def _same_day(one: Any, other: Any, spec: Api) -> bool:
    days, others = ({moment.date() for moment in readings(value, spec)} for value in (one, other))
    return not days or not others or bool(days & others)


@check("Measured values are possible.", needs=("x-plausible",))
def values_are_plausible(exchange: Exchange, spec: Api) -> Iterator[Violation | None]:
    """Bounds of `x-plausible`: what physics lets expect of an energy, a current or a voltage. Zero always passes,
    since a meter may have measured nothing. An honest server may be otherwise, so that a violation is a warning.
    """
    answer = answered(exchange)
    if answer is MISSING:
        return
    for at, schema in places_of(exchange):
        law = schema.plausible
        if law is None:
            continue
        yield None
        low = -math.inf if law.minimum is None else law.minimum
        high = math.inf if law.maximum is None else law.maximum
        numbers = [n for value in find(answer, at) if (n := as_number(value)) is not None and n != 0]
        if schema.admits("neuget-sign", "negative"):
            numbers = [abs(n) for n in numbers]
        out = [n for n in numbers if not low <= n <= high]
        if out:
            expected = f"{low:g} or more" if high == math.inf else f"{low:g} to {high:g}"
            unit = f" {schema.unit}" if schema.unit else ""
            yield violation_in(exchange, at, expected + unit, cited(f"{out[0]:g}") + unit, law.evidence)


@check("Texts are readable.")
def texts_are_readable(exchange: Exchange, spec: Api) -> Iterator[Violation | None]:
    """UTF-8 that was decoded as something else and encoded again (`BogotÃ¡`), letters that were lost (`Bogot\ufffd`),
    HTML's escapes (`&aacute;`), and the word for nothing where there should be nothing (`"null"`).
    """
    answer = answered(exchange)
    # By then there are records that the run made, of random letters.
    if answer is MISSING or exchange.sender == "schemathesis":
        return
    for at, schema in places_of(exchange):
        if not any(kind.type == "string" for kind in (schema, *schema.alternatives)):
            continue
        yield None
        odd = next((text for text in find(answer, at) if isinstance(text, str) and _is_garbled(text)), None)
        if odd is not None:
            yield violation_in(
                exchange, at, "a readable text", short(odd), "plausible: data may be damaged where it was entered"
            )


def _is_garbled(text: str) -> bool:
    if text in ("null", "None", "undefined", "NaN", "nil") or "\ufffd" in text:
        return True
    if re.search(r"&(amp|lt|gt|quot|apos|nbsp|[aeioun](acute|tilde|uml|circ)|#\d+);", text):
        return True
    return any(_decodes_twice(text, encoding) for encoding in ("latin-1", "cp1252"))


def _decodes_twice(text: str, encoding: str) -> bool:
    try:
        return not text.isascii() and text.encode(encoding).decode("utf-8") != text
    except UnicodeError:
        return False
