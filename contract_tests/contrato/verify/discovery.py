"""Finds real values on a server, and makes valid requests out of them.

Property tests see nothing without data: a random id never meets a record, a random range never meets a reading. The
spec says where real values come from; here they are fetched, through the operations that are to be checked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import requests

from contrato.core.spec import Api, Operation, Parameter
from contrato.verify.documents import MISSING, find, places, validator
from contrato.verify.exchange import Arguments
from contrato.verify.rows import row_pointer
from contrato.verify.transport import Transport

SAMPLES = 3
"""Values tried for each reference: the first, the middle and the last that the server has."""

WINDOW = timedelta(days=62)
"""Length of the ranges that are tried first where one must be given: small answers, and still a whole month inside."""

FINE_WINDOW = timedelta(days=10)
"""Length of the ranges that the engine asks for where a row is an hour."""

WIDEST = (datetime(2000, 1, 1), datetime(2100, 1, 1))
"""The range that is tried last."""


@dataclass(frozen=True)
class Request:
    """A valid request.

    Attributes:
        must_succeed: Whether an honest server answers it with 2xx: each value is one that the server or the spec named,
            and no combination is left to the server's choice.
    """

    operation: Operation
    arguments: Arguments
    must_succeed: bool


@dataclass
class Discovery:
    """Values found on one server.

    Args:
        spec: Says where they are.
        transport: Fetches them.
        given: Values that the user supplies, by operationId and name of the argument.
    """

    spec: Api
    transport: Transport
    given: Mapping[tuple[str, str], Any] = field(default_factory=dict)
    _answers: dict[str, Any] = field(default_factory=dict)
    _ranges: dict[str, tuple[str, str] | None] = field(default_factory=dict)
    _newest: dict[str, datetime] = field(default_factory=dict)
    _pending: set[str] = field(default_factory=set)

    def requests(self, operation: Operation) -> list[Request]:
        """Valid requests that exercise the operation: the required fields alone, then with each optional field, then
        with all of them. Empty when a required value could not be found.

        An operation that changes a record gets a record of its own, created for it.
        """
        made: list[Request] = []
        required = [f for f in operation.parameters if f.required]
        optional = [
            f for f in operation.parameters if not f.required and f.known_name not in self._range_names(operation)
        ]
        for index in range(SAMPLES):
            base = self.fill(operation, required, index)
            if base is None:
                continue
            made += self._choices(operation, base, required)
            everything = dict(base)
            for extra in optional:
                for value in self._values(operation, extra, index):
                    everything.setdefault(extra.key, value)
                    made.append(self._request(operation, {**base, extra.key: value}))
            window = self._range(operation)
            if window is not None:
                made.append(self._request(operation, self._with_range(operation, base, window)))
                everything = self._with_range(operation, everything, window)
            made.append(self._request(operation, everything))
        made = [self._shorter(request) for request in made]
        return list({json.dumps(sorted(r.arguments.items()), default=str): r for r in made}.values())

    def values(self, operation: Operation) -> dict[tuple[str, str], list[Any]]:
        """For each parameter with existing values, by its key, a sample of them."""
        found: dict[tuple[str, str], list[Any]] = {}
        for f in operation.parameters:
            listed = [value for index in range(SAMPLES) for value in self._values(operation, f, index)]
            unique = list({json.dumps(value): value for value in listed}.values())
            if f.refers_to and unique:
                found[f.key] = unique
        window = self._range(operation)
        if window is not None:
            window = self._fine(operation, window)
            found.update({key: [limit] for key, limit in zip(self._range_keys(operation), window, strict=True)})
        return found

    def lacking(self, operation: Operation) -> list[str]:
        """The names of required arguments for which there is no value."""
        required = [f for f in operation.parameters if f.required and f.known_name not in self._range_names(operation)]
        return [f.known_name for f in required if self.fill(operation, [f], 0) is None]

    # Values of one parameter

    def _values(self, operation: Operation, f: Parameter, index: int) -> list[Any]:
        """Values to try for one parameter; for a reference, the value number `index` of the sample."""
        if (operation.id, f.known_name) in self.given:
            return [self.given[operation.id, f.known_name]]
        if f.refers_to:
            found = self._existing(operation, f, index)
            return [[value] for value in found] if f.schema.type == "array" else found
        if f.schema.enum:
            return list(f.schema.enum)
        if f.schema.type == "boolean":
            return [True, False]
        if operation.pagination is not None and f.known_name == operation.pagination.page:
            return [1, *(self._promised_pages(operation) or [2])]
        found = [*operation.examples_of(f), *([f.schema.default] if f.schema.has_default else [])][:1]
        mark = "" if operation.safe or f.schema.format else self.transport.own.mark
        return [f"{value} {mark}" if mark and isinstance(value, str) else value for value in found]

    def _existing(self, operation: Operation, f: Parameter, index: int) -> list[Any]:
        """The value number `index` of the sample for a reference, or nothing."""
        creator = None if operation.safe or f.place != "path" else operation.creator
        if creator is not None:
            # Nobody else's record is touched on purpose.
            answer = self._answer(creator, f"{creator.id} for {operation.id}")
            return [*valid_values(f, find(answer, f.record_pointer))][:1]
        for source in f.refers_to:
            # One index for all references: what belongs to one record goes together.
            answer = self._answer(self.spec.operations[source.operation], source.operation)
            values = list(valid_values(f, find(answer, source.pointer)))
            if values:
                return [values[index * (len(values) - 1) // (SAMPLES - 1)]]
        return []

    def _promised_pages(self, operation: Operation) -> list[int]:
        """The pages beside the first that an answer says there are."""
        names = operation.pagination
        if names is None:
            return []
        first = self._answer(operation, operation.id)
        told = [find(first, f"/{name}") for name in (names.next, names.last) if name is not None]
        return sorted({page for found in told for page in found if isinstance(page, int) and page > 1})

    # Dates

    def _range_names(self, operation: Operation) -> list[str]:
        dates = operation.date_range
        return [] if dates is None else [dates.start, dates.end]

    def _range_keys(self, operation: Operation) -> list[tuple[str, str]]:
        return [operation.parameter(name).key for name in self._range_names(operation)]

    def _with_range(self, operation: Operation, values: Arguments, window: tuple[str, str]) -> Arguments:
        return {**values, **dict(zip(self._range_keys(operation), window, strict=True))}

    def _range(self, operation: Operation) -> tuple[str, str] | None:
        """A range of dates that holds data, or `None` when the operation has no range or none was found."""
        if not self._range_names(operation):
            return None
        ends = [self.given.get((operation.id, name)) for name in self._range_names(operation)]
        if None not in ends:
            self._ranges[operation.id] = str(ends[0]), str(ends[1])
        if operation.id not in self._ranges:
            self._ranges[operation.id] = None
            self._ranges[operation.id] = self._find_range(operation)
        return self._ranges[operation.id]

    def _find_range(self, operation: Operation) -> tuple[str, str] | None:
        assert operation.date_range is not None
        pointer = operation.date_range.field
        names = self._range_names(operation)
        rows = row_pointer(operation)
        if not self._range_is_required(operation):
            answer = self._answer(operation, operation.id)
            dates = _dates(find(answer, pointer))
            if dates:
                return _around(dates)
            # Dates that cannot be read are a violation, and no reason to ask nothing.
            return (_local(WIDEST[0]), _local(WIDEST[1])) if find(answer, rows) else None
        unread = None
        required = [f for f in operation.parameters if f.required and f.known_name not in names]
        selectors = [f for f in operation.parameters if not f.required and f.refers_to]
        for low, high in self._candidates(operation):
            for extra in [*selectors, None]:
                base = self.fill(operation, [*required, *([extra] if extra else [])], 0)
                if base is None:
                    continue
                window = (_local(low), _local(high))
                # Hourly rows of so long a range may be more than a server gives, where daily ones are not.
                for request in self._choices(operation, self._with_range(operation, base, window), required):
                    answer = self._send(request)
                    dates = _dates(find(answer, pointer))
                    if dates:
                        self._newest[operation.id] = dates[-1]
                        return _around(dates[-2:]) if (low, high) == WIDEST else window
                    if unread is None and find(answer, rows):
                        unread = window
                        self._newest[operation.id] = high - timedelta(days=1)
        return unread

    def _candidates(self, operation: Operation) -> Iterator[tuple[datetime, datetime]]:
        """Ranges that may hold data: around dates that other operations answered, then the spec's, then the widest."""
        dates = _dates(value for other in self.spec.operations.values() for value in self._timestamps(other, operation))
        newest = sorted(set(dates), reverse=True)
        step = max(1, len(newest) // SAMPLES)
        for date in newest[::step]:
            yield date - WINDOW, date + timedelta(days=1)
        ends = [operation.examples_of(operation.parameter(name)) for name in self._range_names(operation)]
        dated = _dates(examples[0] for examples in ends if examples)
        if len(dated) == 2:
            yield dated[0], dated[1]
        yield WIDEST

    def _timestamps(self, other: Operation, asking: Operation) -> Iterator[Any]:
        if other is asking or not other.safe or self._range_is_required(other):
            return
        for pointer, schema in places(other.answer):
            if "date" in schema.format:
                yield from find(self._answer(other, other.id), pointer)

    def _shorter(self, request: Request) -> Request:
        """The request with the end of its range alone, where it asks for hours: there are thousands in what has months
        for other requests.
        """
        operation = request.operation
        window = self._range(operation)
        if window is None or period_of(operation, request.arguments) != "hour":
            return request
        ends = dict(zip(self._range_keys(operation), self._fine(operation, window), strict=True))
        return replace(request, arguments={key: ends.get(key, value) for key, value in request.arguments.items()})

    def _fine(self, operation: Operation, window: tuple[str, str]) -> tuple[str, str]:
        if operation.aggregation is None or operation.id not in self._newest:
            return window
        stop = self._newest[operation.id] + timedelta(days=1)
        return max(window[0], _local(stop - FINE_WINDOW)), min(window[1], _local(stop))

    def _range_is_required(self, operation: Operation) -> bool:
        return any(operation.parameter(name).required for name in self._range_names(operation))

    # Requests and answers

    def fill(self, operation: Operation, parameters: Iterable[Parameter], index: int) -> Arguments | None:
        """A value for each of the parameters, number `index` of the sample; `None` when one has none."""
        filled: Arguments = {}
        for f in parameters:
            if f.known_name in self._range_names(operation):
                window = self._range(operation)
                value = MISSING if window is None else window[self._range_names(operation).index(f.known_name)]
            else:
                value = next(iter(self._values(operation, f, index)), MISSING)
            if value is MISSING:
                return None
            filled[f.key] = value
        return filled

    def _choices(self, operation: Operation, base: Arguments, required: list[Parameter]) -> Iterator[Request]:
        """The base request, once for each value of a required enumeration."""
        yield self._request(operation, base)
        for f in required:
            for value in f.schema.enum[1:]:
                yield self._request(operation, {**base, f.key: value})

    def _request(self, operation: Operation, values: Arguments) -> Request:
        others = [f for f in operation.parameters if f.place != "path"]
        # Beside required fields, optional references may be alternatives of which one is needed.
        alternatives = any(f.required for f in others) and any(f.refers_to and not f.required for f in others)
        chosen = [f for f in others if f.refers_to and f.key in values]
        # Nor does anybody say what a page after the last one answers.
        names = operation.pagination
        page = 1 if names is None else values.get(operation.parameter(names.page).key, 1)
        left_open = (alternatives and len(chosen) != 1) or (page != 1 and page not in self._promised_pages(operation))
        # A value may be unknown where the spec leaves open what the argument means, say another thing's identifier.
        left_open |= any(set(f.open) - {"unknown-id", "unknown-filter"} for f in chosen)
        return Request(operation, values, must_succeed=operation.safe and not left_open)

    def _answer(self, operation: Operation, key: str) -> Any:
        """The JSON of the first 2xx answer with content to a request of required values; `None` when there is none."""
        if key in self._answers:
            return self._answers[key]
        if operation.id in self._pending:
            return None
        self._pending.add(operation.id)
        answer = None
        for index in range(SAMPLES):
            base = self.fill(operation, [f for f in operation.parameters if f.required], index)
            if base is None:
                continue
            answer = self._send(self._request(operation, base))
            if answer:
                break
        self._pending.discard(operation.id)
        self._answers[key] = answer
        return answer

    def _send(self, request: Request) -> Any:
        try:
            answer = self.transport.exchange(request.operation, request.arguments)
        except requests.RequestException:
            return None  # The same request is sent again to be judged.
        return answer.json if answer.succeeded and answer.json is not MISSING else None


def valid_values(f: Parameter, found: Iterable[Any]) -> Iterator[Any]:
    """The values that are valid for an argument, or an element of it. What breaks the contract in an answer is reported
    there; of a text that is a number, the number may be valid.
    """
    for value in found:
        number = [int(value)] if isinstance(value, str) and re.fullmatch(r"-?\d{1,18}", value) else []
        for each in (value, *number):
            if validator(f.schema).is_valid([each] if f.schema.type == "array" else each):
                yield each
                break


def period_of(operation: Operation, arguments: Arguments) -> str | None:
    """The period that a row of the answer to a request with these arguments stands for."""
    aggregation = operation.aggregation
    if aggregation is None:
        return None
    return aggregation.periods.get(str(arguments.get(operation.parameter(aggregation.by).key)))


def _dates(values: Any) -> list[datetime]:
    """The local dates and times among the values, in ascending order; what is none is left out."""
    parsed: list[datetime] = []
    for value in values:
        try:
            moment = datetime.fromisoformat(value).replace(tzinfo=None)
        except (TypeError, ValueError):
            continue
        # Else no range fits around it.
        parsed += [moment] if 1900 <= moment.year <= 2200 else []
    return sorted(parsed)


def _around(dates: list[datetime]) -> tuple[str, str]:
    """A range that holds all the dates, a day wider on each side so that offsets and inclusive ends do not matter."""
    return _local(dates[0] - timedelta(days=1)), _local(dates[-1] + timedelta(days=1))


def _local(date: datetime) -> str:
    return date.isoformat(timespec="seconds")
