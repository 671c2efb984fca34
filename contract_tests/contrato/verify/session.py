"""Active laws send their requests through a session: requests of real values, and whole lists."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from types import EllipsisType
from typing import Any, TypeVar

import requests

from contrato.core.spec import Operation, Parameter
from contrato.verify.discovery import Discovery, valid_values
from contrato.verify.documents import MISSING, find, spread
from contrato.verify.exchange import Arguments, Exchange
from contrato.verify.rows import Row, counter, intervals, items_of, limit_of, local, page_key, page_size, rows_of
from contrato.verify.transport import Refused, TooLong

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
class Session:
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
        """The value made for the key; made again after `forget`."""
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
        """True if a counter of the page says that another one follows; without counters one always may."""
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
                    values += valid_values(f, find(page.json, source.pointer))
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


def _sound(operation: Operation, exchange: Exchange) -> Exchange:
    if not exchange.succeeded or not is_readable(operation, exchange):
        raise UnexpectedError(exchange)
    return exchange


def is_readable(operation: Operation, exchange: Exchange) -> bool:
    """True if the body of an answer is JSON of the kind that the spec has for its status, as far as it has one."""
    schema = operation.schema(exchange.status)
    if schema is None:
        return True
    kind = {"array": list, "object": dict}.get(schema.type, object)
    return exchange.json is not MISSING and isinstance(exchange.json, kind)


def _key(operation: Operation, arguments: Arguments) -> str:
    return json.dumps([operation.id, sorted([*where, repr(value)] for where, value in arguments.items())])
