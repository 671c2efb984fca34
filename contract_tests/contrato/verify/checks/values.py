"""Values of one request and its answer, as checks read them."""

from __future__ import annotations

import math
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Any

from contrato.core.extensions import Aggregation
from contrato.core.schema import Schema
from contrato.core.spec import Api
from contrato.verify.documents import MISSING, find, loaded, places
from contrato.verify.exchange import Exchange
from contrato.verify.findings import Violation, violation

DAY = timedelta(days=1)

ROUNDING = 0.01
"""Share by which two amounts may differ that should be equal."""

Values = dict[str, Any]


def chosen(exchange: Exchange, name: str) -> Any:
    """The value of the argument, or its default when it is not given; `MISSING` when nobody can say."""
    operation = exchange.operation
    if operation is None:
        return MISSING
    f = operation.parameter(name)
    if f.key not in exchange.arguments:
        is_known = f.schema.has_default and not f.admits("default", "another")
        return f.schema.default if is_known else MISSING
    return exchange.clear_arguments.get(f.key, MISSING)


def answered(exchange: Exchange) -> Any:
    """The JSON of a 2xx answer to an operation of the spec; `MISSING` when there is none."""
    return exchange.json if exchange.operation is not None and exchange.succeeded and exchange.content else MISSING


def readings(value: Any, spec: Api) -> list[datetime]:
    """The local times that a timestamp may mean; none when it is no timestamp.

    One with an offset is converted, and also taken as it is written: many a server marks local time as UTC.
    """
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return []
    if moment.tzinfo is None:
        return [moment]
    written = moment.replace(tzinfo=None)
    try:
        return [moment.astimezone(spec.time_zone or UTC).replace(tzinfo=None), written]
    except OverflowError:
        return [written]


def places_of(exchange: Exchange) -> tuple[tuple[str, Schema], ...]:
    """The places of an answer by its schema."""
    assert exchange.operation is not None
    return places(exchange.operation.schema(exchange.status))


def as_number(value: Any) -> float | None:
    """The value when it is a finite number."""
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return value if number else None


def as_whole(value: Any) -> int | None:
    """The value when it is a whole number."""
    number = as_number(value)
    return int(number) if number is not None and number == int(number) else None


def same(one: Any, other: Any) -> bool:
    """True if two values are equal; texts but for their normal form and spaces around them."""
    if isinstance(one, str) and isinstance(other, str):
        return unicodedata.normalize("NFC", one).strip() == unicodedata.normalize("NFC", other).strip()
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def close(one: float, other: float) -> bool:
    """True if two amounts are equal but for rounding to whole units, or by a hundredth."""
    return adds_up(one, other, 1) or abs(one - other) <= ROUNDING * max(abs(one), abs(other))


def adds_up(total: float, due: float, addends: int) -> bool:
    """True if a total is the sum of so many amounts, each of which may be rounded to whole units."""
    return abs(total - due) <= 0.5 * addends + 0.5


def list_pointer(exchange: Exchange) -> str:
    """Where the list of an answer is."""
    assert exchange.operation is not None
    items = exchange.operation.pagination and exchange.operation.pagination.items
    return f"/{items}" if items else ""


def listed(exchange: Exchange, answer: Any) -> list[Any] | None:
    """The items of a list; None when the answer has no list."""
    found = find(answer, list_pointer(exchange))
    return found[0] if found and isinstance(found[0], list) else None


def aggregation_of(exchange: Exchange) -> tuple[Aggregation, str] | None:
    """How the rows of the answer are aggregated, and the period that each covers; None when nobody can say."""
    law = exchange.operation.aggregation if exchange.operation else None
    period = law and law.periods.get(chosen(exchange, law.by))
    return (law, period) if law and period else None


def violation_in(exchange: Exchange, field: str, expected: str, found: str, evidence: str) -> Violation:
    """A violation that one exchange shows."""
    assert exchange.operation is not None
    return violation(exchange.operation, field, expected, found, evidence, [exchange])


def is_object(content: bytes) -> bool:
    """True if the content is a JSON object."""
    return isinstance(loaded(content), dict)


def members(content: bytes) -> list[str]:
    """The names of a JSON object's members; none when it is no object."""
    document = loaded(content)
    return list(document) if isinstance(document, dict) else []
