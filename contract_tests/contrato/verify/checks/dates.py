"""Checks of dates: in the range that was asked for, and on the calendar."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from contrato.core.spec import Api
from contrato.verify.checks.values import (
    DAY,
    aggregation_of,
    answered,
    chosen,
    places_of,
    readings,
    violation_in,
)
from contrato.verify.documents import MISSING, cited, find
from contrato.verify.exchange import Exchange
from contrato.verify.findings import Violation
from contrato.verify.rules import check

PERIODS = {"hour": timedelta(hours=1), "day": DAY, "month": timedelta(days=31)}
"""How long each period of `x-aggregation` is at most."""


@check("The dates of an answer lie in the range that was asked for.", needs=("x-date-range",))
def dates_in_range(exchange: Exchange, spec: Api) -> Iterator[Violation | None]:
    """Both ends may belong to the range or not. A row that covers an hour, a day or a month may be dated by its
    beginning or its end, and be given whole when the range cuts it. A range may be meant in whole days,
    and be about any of the dates that the spec admits; one that the answer does not show is not judged.
    """
    answer = answered(exchange)
    law = exchange.operation.date_range if exchange.operation else None
    if answer is MISSING or law is None:
        return
    low, high = bounds(exchange, spec)
    if (low is None and high is None) or (low is not None and high is not None and low > high):
        return
    opening = exchange.operation.open.get("range-date") if exchange.operation else None
    if opening is not None and "hidden" in opening.readings:
        return
    yield None
    aggregation = aggregation_of(exchange)
    step = PERIODS.get(aggregation[1], timedelta()) if aggregation else timedelta()
    first, last = _moved(low, -step) or datetime.min, _moved(high, step) or datetime.max
    first_day = min(first, low.replace(hour=0, minute=0, second=0, microsecond=0)) if low else first
    last_day = max(last, high.replace(hour=23, minute=59, second=59, microsecond=999999)) if high else last
    expected = " ".join(["dates", *([f"from {low}"] if low else []), *([f"to {high}"] if high else [])])
    parent, _, name = law.field.rpartition("/")
    outside = []
    for field in (name, *(opening.readings if opening else ())):
        dated = [(value, readings(value, spec)) for value in find(answer, f"{parent}/{field}")]
        outside.append([value for value, ways in dated if ways and not any(first_day <= m <= last_day for m in ways)])
    if all(outside):
        yield violation_in(exchange, law.field, expected, cited(outside[0][0]), law.evidence)


def bounds(exchange: Exchange, spec: Api) -> tuple[datetime | None, datetime | None]:
    """The range of dates that a request asks for, at its widest; `None` for an end that is not given, or not clear."""
    law = exchange.operation.date_range if exchange.operation else None
    if law is None:
        return None, None
    low, high = (readings(chosen(exchange, name), spec) for name in (law.start, law.end))
    if low and high and max(low) > min(high):
        return max(low), min(high)
    return min(low, default=None), max(high, default=None)


def _moved(moment: datetime | None, by: timedelta) -> datetime | None:
    try:
        return None if moment is None else moment + by
    except OverflowError:
        return None


@check("Timestamps are days of the calendar.")
def timestamps_exist(exchange: Exchange, spec: Api) -> Iterator[Violation | None]:
    """A pattern lets 30 February through."""
    answer = answered(exchange)
    if answer is MISSING:
        return
    for at, schema in places_of(exchange):
        if not any("date" in kind.format for kind in (schema, *schema.alternatives)):
            continue
        yield None
        texts = [value for value in find(answer, at) if isinstance(value, str)]
        wrong = [value for value in texts if not readings(value, spec)]
        if wrong:
            yield violation_in(exchange, at, "a day and a time that exist", cited(wrong[0]), schema.evidence)
            continue
        years = [text for text in texts if not 1990 <= readings(text, spec)[-1].year <= 2100]
        if years:
            proof = "plausible: a server of our time has no data of another"
            yield violation_in(exchange, at, "a date from 1990 to 2100", cited(years[0]), proof)
        zoned = [datetime.fromisoformat(text).tzinfo is not None for text in texts]
        if len(set(zoned)) > 1:
            odd = texts[zoned.index(not zoned[0])]
            proof = "plausible: one server writes its timestamps in one way"
            yield violation_in(exchange, at, f"all timestamps written like {cited(texts[0])}", cited(odd), proof)
