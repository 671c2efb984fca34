"""The pages, records and rows of answers, as the spec has them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, tzinfo
from functools import cache, cached_property, lru_cache
from typing import Any

from contrato.core.extensions import Aggregation
from contrato.core.schema import Schema
from contrato.core.spec import Operation, Parameter
from contrato.verify.documents import MISSING, find, places, short
from contrato.verify.exchange import Exchange

# As a constant: a type that is written `list | dict` is made anew for each of a hundred thousand values.
_NESTED = list, dict


class Row(dict[str, Any]):
    """One record, by pointer from the root of the answer: its own values, and those of the records around it.

    What is absent is None: that it is, is judged by the schema.
    """

    def __missing__(self, pointer: str) -> None:
        return None

    @cached_property
    def text(self) -> str:
        """The same for the same record."""
        return json.dumps(self, sort_keys=True, ensure_ascii=False)


def page_key(operation: Operation) -> tuple[str, str]:
    """Key of the parameter for the page's number."""
    assert operation.pagination is not None
    return operation.parameter(operation.pagination.page).key


def limit_of(operation: Operation) -> Parameter | None:
    """The parameter for the page's size, where it can be chosen."""
    name = operation.pagination and operation.pagination.limit
    return operation.parameter(name) if name else None


def counter(operation: Operation, page: Exchange, key: str) -> Any:
    """The page's counter `total`, `last`, `next` or `current`; `MISSING` when it has none."""
    name = getattr(operation.pagination, key, None)
    return next(iter(find(page.json, f"/{name}")), MISSING) if name else MISSING


def page_size(operation: Operation, page: Exchange) -> int | None:
    """The number of items that a full page holds; None where neither the spec nor the page says it."""
    size = operation.pagination and operation.pagination.size
    if isinstance(size, int) and operation.admits("page-size", "other"):
        return None
    if isinstance(size, str):
        size = next(iter(find(page.json, f"/{size}")), None)
    return size if isinstance(size, int) and size > 0 else None


def is_end(operation: Operation, following: Any, number: int) -> bool:
    """True if the number of the next page, on page `number`, is a way to say that there is none, other than null."""
    name = operation.pagination and operation.pagination.next
    schema = operation.answer.at(f"/{name}") if operation.answer is not None else None
    ways = {"zero": 0, "last": number}
    return schema is not None and any(following == ways[way] and schema.admits("next-page", way) for way in ways)


def items_pointer(operation: Operation) -> str:
    """Where the records of the answer are; empty for an answer that is one record."""
    if operation.pagination is not None and operation.pagination.items is not None:
        return f"/{operation.pagination.items}/*"
    return "/*" if operation.answer is not None and operation.answer.items is not None else ""


def items_of(operation: Operation, exchange: Exchange) -> Iterator[Any]:
    """The records of an answer, without what the spec does not know."""
    if exchange.json is not MISSING:
        pointer = items_pointer(operation)
        schema = dict(places(operation.answer)).get(pointer)
        for item in find(exchange.json, pointer) if pointer else [exchange.json]:
            yield known(schema, item)


def row_pointer(operation: Operation) -> str:
    """Where the smallest records of the answer are: those with a date that is filtered, or its items."""
    dates = operation.date_range
    return dates.field.rpartition("/")[0] if dates else items_pointer(operation)


def rows_of(operation: Operation, pages: Iterable[Exchange], pointer: str | None = None) -> list[Row]:
    """The smallest records of the answers, each with what stands around it."""
    pointer = row_pointer(operation) if pointer is None else pointer
    steps = pointer.split("/")[1:]
    read = [known(operation.answer, page.json) for page in pages if page.json is not MISSING]
    return [row for document in read for row in _rows(document, steps, "", Row())]


def _rows(value: Any, steps: Sequence[str], at: str, around: Row) -> Iterator[Row]:
    if not steps:
        if isinstance(value, dict):
            yield Row(around | {f"{at}/{key}": item for key, item in value.items()})
        return
    step, rest = steps[0], steps[1:]
    if step == "*":
        at = f"{at}/*"
        for item in value if isinstance(value, list) else []:
            plain = Row(around)
            if rest and isinstance(item, dict):
                plain |= {f"{at}/{k}": v for k, v in item.items() if not isinstance(v, _NESTED)}
            yield from _rows(item, rest, at, plain)
    elif isinstance(value, dict) and step in value:
        # Counters of the page around the list are no part of a record.
        yield from _rows(value[step], rest, f"{at}/{step}", around)


def known(schema: Schema | None, value: Any) -> Any:
    """The value without the properties that the schema does not have."""
    if schema is None:
        return value
    if isinstance(value, list):
        return [known(schema.items, item) for item in value]
    if isinstance(value, dict):
        properties = _properties(schema)
        if not properties:
            return value
        return {
            key: known(properties[key], item) if isinstance(item, _NESTED) else item
            for key, item in value.items()
            if key in properties
        }
    return value


@cache
def _properties(schema: Schema) -> dict[str, Schema]:
    parts = (schema, *schema.alternatives)
    return {name: prop.schema for part in parts for name, prop in part.properties.items()}


def intervals(aggregation: Aggregation) -> list[str]:
    """The intervals of `x-aggregation`, from the finest to the coarsest."""
    order = ["hour", "day", "week", "month", "year"]
    return sorted(aggregation.periods, key=lambda name: order.index(aggregation.periods[name]))


def about(aggregation: Aggregation, value: Callable[[str], Any]) -> str:
    """The subject of a row, in words.

    Args:
        aggregation: Names what identifies it.
        value: Gives what the row has at a pointer.
    """
    first, *others = aggregation.key
    told = [f"{at.rpartition('/')[2]} {value(at)}" for at in others if value(at) is not False]
    return " ".join([str(value(first)), *told])


def local(text: Any, zone: tzinfo | None) -> datetime | None:
    """A timestamp as local time; with `None` for the zone, an offset is passed over."""
    return _local(text, zone) if isinstance(text, str) else None


@lru_cache(maxsize=100_000)  # The same dates come again and again.
def _local(text: str, zone: tzinfo | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None and zone is not None:
            moment = moment.astimezone(zone)
        return moment.replace(tzinfo=None)
    except (OverflowError, ValueError):
        return None


def difference(expected: Iterable[Row], found: Iterable[Row]) -> tuple[list[Row], list[Row]]:
    """The rows that are missing, and those that are too many."""
    expected, found = list(expected), list(found)
    return _without(expected, found), _without(found, expected)


def _without(rows: Iterable[Row], others: Iterable[Row]) -> list[Row]:
    there = Counter(row.text for row in others)
    left = []
    for row in rows:
        there[row.text] -= 1
        if there[row.text] < 0:
            left.append(row)
    return left


def told(missing: Sequence[Row], more: Sequence[Row], wanted: Iterable[Row] = ()) -> str:
    """The differences, in words; what is too many may be wanted, but once."""
    known = {row.text for row in wanted}
    kinds = {
        "missing": missing,
        "that do not belong there": [row for row in more if row.text not in known],
        "more than once": [row for row in more if row.text in known],
    }
    return "; ".join(f"{len(rows)} {kind}, such as {_shown(rows[0])}" for kind, rows in kinds.items() if rows)


def _shown(row: Row) -> str:
    """A row as its record has it: names, not pointers."""
    return short({pointer.rpartition("/")[2]: value for pointer, value in row.items()})
