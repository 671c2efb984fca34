"""What active laws ask a server through: requests of real values, whole lists, and rows as the spec has them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from functools import cache, cached_property, lru_cache
from types import EllipsisType
from typing import Any, TypeVar

import requests

from contrato.core.extensions import Aggregation
from contrato.core.spec import Operation, Parameter, Schema
from contrato.verify._discovery import Discovery
from contrato.verify._exchange import Arguments, Exchange
from contrato.verify._json import MISSING, find, places
from contrato.verify._rules import Breach
from contrato.verify._transport import Refused, TooLong

PAGES = 60
"""Pages of one list that a law reads at most."""

T = TypeVar("T")

LARGE = 100
"""Size of a page that is asked for where a list is only to be read whole."""

TRIES = 3
"""Samples of real values that are tried until a request is answered with 2XX."""


class UnansweredError(Exception):
    """No answer to judge: a lost connection, or 429.

    Attributes:
        lost: The request that got no answer.
    """

    def __init__(self, reason: str, lost: str = "") -> None:
        super().__init__(reason)
        self.lost = lost


class WithheldError(Exception):
    """The mode kept a request back."""


class UnfitError(Exception):
    """The server's data are not such that the law says anything; the message says why."""


class UnexpectedError(Exception):
    """A request that an honest server answers with 2XX, and a body that can be read, was answered otherwise."""

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange.status)
        self.exchange = exchange


@dataclass(frozen=True)
class Walk:
    """A list, read page by page.

    Attributes:
        pages: The answers, in order; the last may be the empty one that ended an array without counters.
        items: What the pages hold, joined.
        numbers: For each item, the number of its page.
        complete: Whether the list was read to its end.
        stuck: Whether a page was the same as the one before, so that reading it stopped.
    """

    pages: list[Exchange]
    items: list[Any]
    numbers: list[int]
    complete: bool
    stuck: bool = False


@dataclass
class Server:
    """The server under test.

    Args:
        discovery: Real values, and the transport.

    Attributes:
        sender: Name of the law that asks.
        asked: Number of questions, those answered from memory included.
        sent: Number of requests.
        round: How often a law was run before; it then writes other values.
    """

    discovery: Discovery
    sender: str = ""
    asked: int = 0
    sent: int = 0
    round: int = 0
    _answers: dict[str, Exchange] = field(default_factory=dict)
    _memory: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.spec = self.discovery.spec
        self.transport = self.discovery.transport
        self.zone: tzinfo = self.spec.time_zone or UTC

    # Questions

    def forget(self) -> None:
        """Ask everything anew."""
        self._answers.clear()
        self._memory.clear()

    def remember(self, key: str, make: Callable[[], T]) -> T:
        """What was made for the key, until everything is asked anew."""
        if key not in self._memory:
            self._memory[key] = make()
        self.asked += 1
        made: T = self._memory[key]
        return made

    def ask(
        self,
        operation: Operation,
        arguments: Arguments,
        *,
        fresh: bool = False,
        token: str | EllipsisType | None = ...,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Exchange:
        """Send a request, or remember what the same one was answered.

        Args:
            operation: What to ask for.
            arguments: Values by `Parameter.key`.
            fresh: Whether to ask again though the answer is remembered.
            token: Another token than the run's; None for a request without `Authorization`.
            headers: Are added last and replace others.
            content: A body in place of the one that the arguments make.

        Raises:
            UnansweredError: No answer, or 429.
            WithheldError: The mode forbids the request.
        """
        self.asked += 1
        plain = operation.safe and token is ... and headers is None and content is None
        key = _key(operation, arguments)
        if plain and not fresh and key in self._answers:
            return self._answers[key]
        if not operation.safe:
            self.forget()
        self.sent += 1
        try:
            with self.transport.sending(self.sender):
                exchange = self.transport.exchange(operation, arguments, token=token, headers=headers, content=content)
        except Refused as error:
            raise WithheldError(str(error)) from error
        except requests.RequestException as error:
            reason = f"{operation.method} {operation.path} got no answer: {type(error).__name__}"
            sent = {name: value for (_, name), value in arguments.items()}
            lost = "" if isinstance(error, TooLong) else f"{reason}, for {json.dumps(sent, ensure_ascii=False)}"
            raise UnansweredError(reason, lost) from error
        if exchange.status == 429:
            raise UnansweredError(f"{operation.method} {operation.path} was answered with 429")
        if plain:
            self._answers[key] = exchange
        return exchange

    def get(self, operation: Operation, arguments: Arguments, *, fresh: bool = False) -> Exchange:
        """Like `ask`, for what an honest server answers with 2XX.

        Raises:
            UnexpectedError: It does not.
        """
        return _sound(operation, self.ask(operation, arguments, fresh=fresh))

    def walk(self, operation: Operation, arguments: Arguments, *, pages: int = PAGES, fresh: bool = False) -> Walk:
        """Read a list from its first page to its last, or as many pages as wanted."""
        first = self.get(operation, arguments, fresh=fresh)
        read = [first]
        items = list(items_of(operation, first))
        numbers = [1] * len(items)
        if operation.pagination is None:
            return Walk(read, items, numbers, complete=True)
        here = items
        while True:
            number = len(read)
            if not here or not self._goes_on(operation, read[-1], number, len(items)):
                return Walk(read, items, numbers, complete=True)
            if number >= pages:
                return Walk(read, items, numbers, complete=False)
            exchange = self.ask(operation, {**arguments, page_key(operation): number + 1}, fresh=fresh)
            if 400 <= exchange.status < 500 and not self._has_counters(operation, read[-1]):
                return Walk(read, items, numbers, complete=True)  # Nobody promised that page.
            _sound(operation, exchange)
            following = list(items_of(operation, exchange))
            read.append(exchange)
            if following and following == here and (len(here) == 1 or any(item != here[0] for item in here)):
                # Whoever has one page may give it whatever page is asked for.
                one = len(read) == 2 and self._is_short(operation, first, len(here))
                return Walk(read[:1] if one else read, items, numbers, complete=True, stuck=not one)
            here = following
            items += here
            numbers += [number + 1] * len(here)

    def whole(self, operation: Operation, arguments: Arguments, *, fresh: bool = False) -> Walk:
        """Read a list to its end, in large pages where it has them.

        Raises:
            UnfitError: The list is too long.
        """
        limit = limit_of(operation)
        walk = None
        large = {**arguments, limit.key: LARGE} if limit is not None and limit.key not in arguments else None
        if large is not None and self.ask(operation, large, fresh=fresh).succeeded:
            walk = self.walk(operation, large, fresh=fresh)
        walk = walk or self.walk(operation, arguments, fresh=fresh)
        if not walk.complete:
            raise UnfitError(f"the list has more than {PAGES} pages")
        return walk

    def _goes_on(self, operation: Operation, page: Exchange, number: int, joined: int) -> bool:
        """Whether something that the page tells says that another one follows; without counters one always may."""
        told = {key: counter(operation, page, key) for key in ("next", "last", "total")}
        if not self._has_counters(operation, page):
            return True
        more = isinstance(told["next"], int) and told["next"] > number
        more |= isinstance(told["last"], int) and told["last"] > number
        size = page_size(operation, page)
        more |= (
            isinstance(told["total"], int)
            and joined < told["total"]
            and (size is None or size * number < told["total"])
        )
        return bool(more)

    def _has_counters(self, operation: Operation, page: Exchange) -> bool:
        return any(counter(operation, page, key) is not MISSING for key in ("next", "last", "total"))

    def _is_short(self, operation: Operation, page: Exchange, length: int) -> bool:
        size = page_size(operation, page)
        return size is not None and length < size

    # Real values

    def base(self, operation: Operation) -> Arguments:
        """Real values for a valid request that is as broad as it can be: the required ones, and where a selector is
        needed, one.

        Raises:
            UnfitError: There are none.
        """
        required = [f for f in operation.parameters if f.required]
        others = [f for f in operation.parameters if not f.required and f.place != "path"]
        selectors = [f for f in others if f.refers_to]
        needs_one = any(f.required and f.place != "path" for f in operation.parameters) and selectors
        for index in range(TRIES):
            for selector in selectors if needs_one else [None]:
                values = self.discovery.fill(operation, [*required, *([selector] if selector else [])], index)
                if values is not None:
                    return self._coarse(operation, values)
        raise UnfitError("the server has no values for its required fields")

    def _coarse(self, operation: Operation, values: Arguments) -> Arguments:
        """With rows of a middle length, so that a range of weeks is a handful of rows."""
        if operation.aggregation is not None:
            key = operation.parameter(operation.aggregation.by).key
            values = {**values, key: intervals(operation.aggregation)[1]}
        return values

    def bases(self, operation: Operation, count: int) -> list[Arguments]:
        """Valid requests that together show as much as `count` of them can: one for each value of a path's id."""
        base = self.base(operation)
        named = [f for f in operation.parameters if f.place == "path" and f.refers_to]
        if len(named) != 1:
            return [base]
        return [{**base, named[0].key: value} for value in spread(self.existing(named[0]), count)]

    def existing(self, f: Parameter) -> list[Any]:
        """All values that exist for a reference, as far as the lists tell them."""

        def read() -> list[Any]:
            values: list[Any] = []
            for source in f.refers_to:
                operation = self.spec.operations[source.operation]
                for page in self.whole(operation, self.base(operation)).pages:
                    values += find(page.json, source.pointer)
            return list({json.dumps(value): value for value in values}.values())

        return self.remember(f"existing {f.refers_to}", read)

    def rows(self, operation: Operation, arguments: Arguments) -> tuple[list[Row], list[Exchange]]:
        """The rows of a whole list."""

        def read() -> tuple[list[Row], list[Exchange]]:
            walk = self.whole(operation, arguments)
            return rows_of(operation, walk.pages), walk.pages

        return self.remember(f"rows {_key(operation, arguments)}", read)

    # Dates

    def readings(self, rows: Iterable[Row], pointer: str) -> list[Callable[[str], datetime | None]]:
        """The ways in which timestamps may be meant: an offset is converted, or, if there is one, passed over."""

        def converted(text: str) -> datetime | None:
            return local(text, self.zone)

        def literal(text: str) -> datetime | None:
            return local(text, None)

        aware = any(converted(str(row.get(pointer))) != literal(str(row.get(pointer))) for row in rows)
        return [converted, literal] if aware else [converted]


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


def _sound(operation: Operation, exchange: Exchange) -> Exchange:
    if not exchange.succeeded or not is_readable(operation, exchange):
        raise UnexpectedError(exchange)
    return exchange


def is_readable(operation: Operation, exchange: Exchange) -> bool:
    """Whether the body of an answer is JSON of the kind that the spec has for its status, as far as it has one."""
    schema = operation.schema(exchange.status)
    if schema is None:
        return True
    kind = {"array": list, "object": dict}.get(schema.type, object)
    return exchange.json is not MISSING and isinstance(exchange.json, kind)


def _key(operation: Operation, arguments: Arguments) -> str:
    return json.dumps([operation.id, sorted([*where, repr(value)] for where, value in arguments.items())])


# Names that the spec gives


def page_key(operation: Operation) -> tuple[str, str]:
    """Key of the parameter for the page's number."""
    assert operation.pagination is not None
    return operation.parameter(operation.pagination.page).key


def limit_of(operation: Operation) -> Parameter | None:
    """The parameter for the page's size, where it can be chosen."""
    name = operation.pagination and operation.pagination.limit
    return operation.parameter(name) if name else None


def counter(operation: Operation, page: Exchange, key: str) -> Any:
    """What a page tells of `total`, `last`, `next` or `current`; `MISSING` when it tells nothing."""
    name = getattr(operation.pagination, key, None)
    return next(iter(find(page.json, f"/{name}")), MISSING) if name else MISSING


def page_size(operation: Operation, page: Exchange) -> int | None:
    """The number of items that a full page holds."""
    size = operation.pagination and operation.pagination.size
    if isinstance(size, str):
        size = next(iter(find(page.json, f"/{size}")), None)
    return size if isinstance(size, int) and size > 0 else None


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
        for item in value if isinstance(value, list) else []:
            plain = Row(around)
            if rest and isinstance(item, dict):
                plain |= {f"{at}/*/{k}": v for k, v in item.items() if not isinstance(v, list | dict)}
            yield from _rows(item, rest, f"{at}/*", plain)
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
            key: known(properties[key], item) if isinstance(item, list | dict) else item
            for key, item in value.items()
            if key in properties
        }
    return value


@cache
def _properties(schema: Schema) -> dict[str, Schema]:
    parts = (schema, *schema.alternatives)
    return {name: prop.schema for part in parts for name, prop in part.properties.items()}


# Values


def text_of(value: Any) -> str:
    """The same text for the same JSON."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def short(value: Any) -> str:
    """A value as a report shows it, for a person."""
    if isinstance(value, list | tuple) and value and not any(isinstance(part, list | dict) for part in value):
        text = ", ".join(part if isinstance(part, str) else _json(part) for part in value)
    else:
        text = value if isinstance(value, str) else _json(value)
    return text if len(text) <= 160 else f"{text[:157]}..."


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def spread(values: Sequence[Any], count: int) -> list[Any]:
    """`count` of the values, from the first to the last."""
    if len(values) <= count:
        return list(values)
    return [values[n * (len(values) - 1) // (count - 1)] for n in range(count)]


def intervals(aggregation: Aggregation) -> list[str]:
    """The intervals of `x-aggregation`, from the finest to the coarsest."""
    order = ["hour", "day", "week", "month", "year"]
    return sorted(aggregation.periods, key=lambda name: order.index(aggregation.periods[name]))


def about(aggregation: Aggregation, value: Callable[[str], Any]) -> str:
    """What a row is about, in words.

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
    wanted, there = Counter(row.text for row in expected), Counter(row.text for row in found)
    missing, more = wanted - there, there - wanted
    return [row for row in expected if row.text in missing], [row for row in found if row.text in more]


def breach(
    operation: Operation, at: str, expected: str, found: Any, evidence: str, exchanges: Iterable[Exchange | None] = ()
) -> Breach:
    """A breach as reports have it."""
    shown = tuple(exchange for exchange in exchanges if exchange is not None)
    return Breach(operation.id, at, expected, short(found), evidence or operation.evidence, shown[-4:])


def told(missing: Sequence[Row], more: Sequence[Row]) -> str:
    """What is different, in words."""
    parts = []
    if missing:
        parts.append(f"{len(missing)} missing, such as {short(dict(missing[0]))}")
    if more:
        parts.append(f"{len(more)} that do not belong there, such as {short(dict(more[0]))}")
    return "; ".join(parts)
