"""Active laws send their requests through a session: requests of real values, and whole lists."""

from __future__ import annotations

import json
import math
import random
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from types import EllipsisType
from typing import Any, NamedTuple, TypeVar

import requests

from contrato.core.spec import Operation, Parameter
from contrato.verify.discovery import WIDEST, Discovery, valid_values
from contrato.verify.documents import MISSING, find, short, spread
from contrato.verify.exchange import LOCKED_OUT, Arguments, Exchange
from contrato.verify.findings import kind_of
from contrato.verify.rows import Row, counter, intervals, items_of, limit_of, local, page_key, page_size, rows_of
from contrato.verify.transport import Limited, Refused, TooLong

PAGES = 60
"""Pages of one list that a law reads, one after the other, at most. Of a longer list it reads a sample."""

BEGINNING = 20
"""Pages at the beginning of a sample, where the list tells how long it is."""

ANYWHERE = 20
"""Pages of a sample that the seed of the run chooses."""

FURTHEST = 2**24
"""Number of the last page that is looked for where no page tells how many there are."""

LARGE = (100, 1_000)
"""Sizes of a page that are asked for where a list is only to be read whole."""

FEW = 10
"""Pages of one of these sizes, beyond which the larger one is asked for, and in the end a sample of the smaller one."""

REMEMBERED = 4 * 2**20
"""Bytes of answers that are remembered, so as not to ask again."""

FAILURES = 2
"""Times that a write which failed is sent again, before the failure is taken for the server's."""

PAUSE = 1.0
"""Seconds between them."""

T = TypeVar("T")

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
    """The server's data are not such that the law says anything; the message says why.

    Attributes:
        bound: True if it is because of a bound of ours: then nobody may take it for passed.
    """

    def __init__(self, reason: str, *, bound: bool = False) -> None:
        super().__init__(reason)
        self.bound = bound


class UnexpectedError(Exception):
    """A request that an honest server answers with 2XX, and a body that can be read, was answered otherwise."""

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange.status)
        self.exchange = exchange


@dataclass(frozen=True)
class Walk:
    """A list, read page by page, or a sample of its pages.

    Attributes:
        numbered: The answers by number of the page, in order; the last may be the empty one that ended an array
            without counters.
        items: What the pages hold, joined.
        numbers: For each item, the number of its page.
        complete: True if all pages were read, to the end of the list.
        stuck: True if a page was the same as an earlier one, so that reading stopped.
        last: Number of the last page, where a sample has it.
    """

    numbered: dict[int, Exchange]
    items: list[Any]
    numbers: list[int]
    complete: bool
    stuck: bool = False
    last: int | None = None

    @property
    def pages(self) -> list[Exchange]:
        """The answers, in order."""
        return list(self.numbered.values())

    @property
    def extent(self) -> str:
        """How much of the list was read, in words."""
        return f"the list has {self.last or 'more'} pages, of which {len(self.numbered)} were read"


class Rows(NamedTuple):
    """The rows of a list, or of a sample of it.

    Attributes:
        complete: True if they are all.
    """

    rows: list[Row]
    pages: list[Exchange]
    complete: bool


@dataclass
class Session:
    """The server under test.

    Args:
        discovery: Real values, and the transport.
        seed: Chooses the pages of a long list that are read.

    Attributes:
        sender: Name of the law that asks.
        asked: Number of questions, those answered from memory included.
        sent: Number of requests.
        unsure: Number of writes that were answered with an error, and otherwise or not at all when they were sent
            again: it is not known what they did.
        round: How often a law was run before; it then writes other values.
        watched: Seconds for which records were seen not to change by themselves.
        taken: How often the name of a new record was taken; later ones have others.
        sampled: The longest list of which a sample was read, in words, by operationId.
        settled: The readings that laws have found, by operationId and question.
    """

    discovery: Discovery
    seed: int = 0
    sender: str = ""
    asked: int = 0
    sent: int = 0
    unsure: int = 0
    round: int = 0
    watched: float = 0.0
    taken: int = 0
    sampled: dict[str, str] = field(default_factory=dict)
    settled: dict[tuple[str, str], str] = field(default_factory=dict)
    _answers: dict[str, Exchange] = field(default_factory=dict)
    _errors: set[str] = field(default_factory=set)
    _memory: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.spec = self.discovery.spec
        self.transport = self.discovery.transport
        self._size = 0
        self.zone: tzinfo = self.spec.time_zone or UTC

    # Questions

    def forget(self) -> None:
        """Ask everything anew."""
        self._answers.clear()
        self._memory.clear()
        self._size = 0

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
            fresh: True if to ask again though the answer is remembered.
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
        except Limited as error:
            raise UnansweredError(f"{operation.method} {operation.path}: {error}") from error
        except requests.RequestException as error:
            reason = f"{operation.method} {operation.path} got no answer: {type(error).__name__}"
            sent = {name: value for (_, name), value in arguments.items()}
            lost = "" if isinstance(error, TooLong) else f"{reason}, for {short(sent)}"
            raise UnansweredError(reason, lost) from error
        exchange = self._confirmed(operation, exchange)
        if exchange.status == 429:
            raise UnansweredError(f"{operation.method} {operation.path} was answered with 429")
        if plain:
            earlier = self._answers.pop(key, None)
            self._size += len(exchange.content) - (len(earlier.content) if earlier else 0)
            self._answers[key] = exchange
            while self._size > REMEMBERED:
                self._size -= len(self._answers.pop(next(iter(self._answers))).content)
        return exchange

    def _confirmed(self, operation: Operation, exchange: Exchange) -> Exchange:
        """The answer, or if it is an error of a form that was not met before, the one to the same request again.

        A gateway may have answered: it may lack a route for once, or fail.
        """
        is_failure = exchange.status >= 500 and not operation.safe
        form = f"{operation.id if is_failure else ''} {kind_of(exchange)}"
        if form in self._errors or not (is_failure or 400 <= exchange.status < 500) or exchange.status == 429:
            return exchange
        for _ in range(FAILURES if is_failure else 1):
            time.sleep(PAUSE if is_failure else 0.0)
            again = self.transport.another(exchange)
            if again is None or kind_of(again) != kind_of(exchange):
                self.unsure += not operation.safe
                return again or exchange
        self._errors.add(form)
        return exchange

    def get(self, operation: Operation, arguments: Arguments, *, fresh: bool = False) -> Exchange:
        """Like `ask`, for what an honest server answers with 2XX.

        Raises:
            UnexpectedError: It does not.
        """
        return _sound(operation, self.ask(operation, arguments, fresh=fresh))

    def walk(
        self, operation: Operation, arguments: Arguments, *, pages: int | None = None, fresh: bool = False
    ) -> Walk:
        """Read a list from its first page to its last, or as many pages as wanted.

        Of a list that is too long, a sample: the first pages, the last, and some in between.
        """
        first = self.get(operation, arguments, fresh=fresh)
        read = {1: first}
        items = list(items_of(operation, first))
        numbers = [1] * len(items)
        if operation.pagination is None:
            return Walk(read, items, numbers, complete=True)
        bound = pages or (BEGINNING if (told_pages(operation, first) or 0) > PAGES else PAGES)
        here = items
        while True:
            number = len(read)
            if not here or not self._goes_on(operation, read[number], number, len(items)):
                return Walk(read, items, numbers, complete=True)
            if number >= bound:
                if pages is not None:
                    return Walk(read, items, numbers, complete=False)
                return self._sample(operation, arguments, read, fresh)
            exchange = self.ask(operation, {**arguments, page_key(operation): number + 1}, fresh=fresh)
            if _is_refused(exchange) and not self._has_counters(operation, read[number]):
                # Nobody promised that page. But a fault that lasts refuses the one before it too.
                self.get(operation, {**arguments, page_key(operation): number}, fresh=True)
                return Walk(read, items, numbers, complete=True)
            _sound(operation, exchange)
            following = list(items_of(operation, exchange))
            read[number + 1] = exchange
            if _is_again(following, here):
                # Whoever has one page may give it whatever page is asked for.
                one = len(read) == 2 and self._is_short(operation, first, len(here))
                # Or the last one for every page after it.
                free = not self._has_counters(operation, first) and admits_last(operation)
                known = {number: page for number, page in read.items() if number < len(read)}
                return Walk(known if one or free else read, items, numbers, complete=True, stuck=not one and not free)
            here = following
            items += here
            numbers += [number + 1] * len(here)

    def _sample(self, operation: Operation, arguments: Arguments, read: dict[int, Exchange], fresh: bool) -> Walk:
        """A list of which the first pages are read, with some of the others."""

        def page(number: int) -> list[Any]:
            """The items of one page; none beyond the last."""
            exchange = self.ask(operation, {**arguments, page_key(operation): number}, fresh=fresh)
            if last is None and _is_refused(exchange):
                self.get(operation, {**arguments, page_key(operation): max(read)}, fresh=True)
                return []
            found = list(items_of(operation, _sound(operation, exchange)))
            if found or last is not None:
                read[number] = exchange
            return found

        stuck = False
        last = told_pages(operation, read[1])
        if last is None:
            begun = len(read)
            low, high, here = begun, 2 * begun, list(items_of(operation, read[begun]))
            beyond: list[Any] = []
            while not stuck and (following := page(high)):
                stuck, here = _is_again(following, here), following
                low, high = high, 2 * high
                if high > FURTHEST:
                    raise UnfitError(f"the list has no end within {FURTHEST} pages", bound=True)
            if stuck and admits_last(operation):
                # Every page after the last is the last one again.
                stuck, beyond, low, high = False, here, begun - 1, low
            while not stuck and high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if page(middle) not in ([], beyond) else (low, middle)
            last = high if beyond else low
            for number in [number for number in read if beyond and number > last]:
                del read[number]
        if not stuck:
            # The same pages each time that the list is read.
            choose = random.Random(f"{self.seed} {operation.id}")
            chosen = {1 + int(choose.random() * last) for _ in range(ANYWHERE)}
            for number in sorted({*chosen, last - 1, last} - read.keys()):
                page(number)
        ordered = dict(sorted(read.items()))
        parts = [(number, item) for number, one in ordered.items() for item in items_of(operation, one)]
        walk = Walk(
            ordered,
            [item for _, item in parts],
            [number for number, _ in parts],
            complete=False,
            stuck=stuck,
            last=last,
        )
        self.sampled[operation.id] = walk.extent
        return walk

    def whole(self, operation: Operation, arguments: Arguments, *, fresh: bool = False) -> Walk:
        """Read a list to its end, in large pages where it has them; of one that is still too long, a sample."""
        limit = limit_of(operation)
        walk = None
        for size in LARGE if limit is not None and limit.key not in arguments else ():
            assert limit is not None
            large = {**arguments, limit.key: size}
            answer = self.ask(operation, large, fresh=fresh)
            if not answer.succeeded:
                continue
            if (told_pages(operation, answer) or 0) > FEW:
                if size != LARGE[-1]:
                    continue
                large = {**arguments, limit.key: LARGE[0]}
            walk = self.walk(operation, large, fresh=fresh)
            if walk.complete:
                break
        return walk or self.walk(operation, arguments, fresh=fresh)

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

    def broad(self, operation: Operation) -> Arguments:
        """Like `base`, with the widest range of dates if without one a list has only what is recent."""
        dates = operation.date_range
        if dates is None or not operation.admits("no-range", "recent"):
            return self.base(operation)
        keys = [operation.parameter(name).key for name in (dates.start, dates.end)]

        def read() -> Arguments:
            base = self.base(operation)
            wide = {**base, **{key: end.isoformat() for key, end in zip(keys, WIDEST, strict=True)}}
            listed = self.whole(operation, base)
            if not listed.complete or base.keys() & {*keys}:
                return base
            last = max(listed.numbered)
            known = [[*items_of(operation, page)] for page in listed.numbered.values()]
            for number in sorted({1, last, last + 1} if operation.pagination else {1}):
                page = {page_key(operation): number} if number > 1 else {}
                answer = self.ask(operation, {**wide, **page})
                if answer.succeeded and [*items_of(operation, answer)] not in ([], *known):
                    # Or there is something new.
                    return wide if self.whole(operation, base, fresh=True).items == listed.items else base
            return base

        return self.remember(f"broad {operation.id}", read)

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
        """All values that exist for a reference, as far as the lists, or samples of them, tell them."""
        return self._existing(f)[0]

    def knows_all(self, f: Parameter) -> bool:
        """True if these are all values that exist."""
        return self._existing(f)[1]

    def _existing(self, f: Parameter) -> tuple[list[Any], bool]:
        def read() -> tuple[list[Any], bool]:
            values: list[Any] = []
            complete = True
            for source in f.refers_to:
                operation = self.spec.operations[source.operation]
                walk = self.whole(operation, self.base(operation))
                complete &= walk.complete
                for page in walk.pages:
                    values += valid_values(f, find(page.json, source.pointer))
            return list({json.dumps(value): value for value in values}.values()), complete

        return self.remember(f"existing {f.refers_to}", read)

    def rows(self, operation: Operation, arguments: Arguments) -> Rows:
        """The rows of a whole list, or of a sample of it."""

        def read() -> Rows:
            walk = self.whole(operation, arguments)
            return Rows(rows_of(operation, walk.pages), walk.pages, walk.complete)

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


def _is_refused(exchange: Exchange) -> bool:
    """True if the server may not have what was asked for: not if it lets nobody in."""
    return 400 <= exchange.status < 500 and exchange.status not in LOCKED_OUT


def _is_again(following: list[Any], here: list[Any]) -> bool:
    """True if a page is an earlier one again; equal records of one value may follow each other."""
    return bool(following) and following == here and (len(here) == 1 or any(item != here[0] for item in here))


def admits_last(operation: Operation) -> bool:
    """True if a page after the last may be the last one again."""
    names = operation.pagination
    return names is not None and operation.parameter(names.page).admits("page-after-last", "last")


def told_pages(operation: Operation, page: Exchange) -> int | None:
    """The number of pages, as far as one of them tells it."""
    last, total = (counter(operation, page, key) for key in ("last", "total"))
    if isinstance(last, int):
        return last
    size = page_size(operation, page)
    return math.ceil(total / size) if isinstance(total, int) and size else None


def is_readable(operation: Operation, exchange: Exchange) -> bool:
    """True if the body of an answer is JSON of the kind that the spec has for its status, as far as it has one."""
    schema = operation.schema(exchange.status)
    if schema is None:
        return True
    kind = {"array": list, "object": dict}.get(schema.type, object)
    return exchange.json is not MISSING and isinstance(exchange.json, kind)


def _key(operation: Operation, arguments: Arguments) -> str:
    return json.dumps([operation.id, sorted([*where, repr(value)] for where, value in arguments.items())])
