"""Passive checks: what one request and its answer show, whoever sent the request.

What the answers mean is judged here, by the spec's extensions; how they travel, in `_http`. Nothing is judged that the
sources leave open: an argument that is not valid by the spec, a page after the last one, a range whose end precedes its
start. Where a server may mean its timestamps in two ways, both are tried.
"""

from __future__ import annotations

import itertools
import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from contrato.core.extensions import Aggregation, Invariant, Pagination
from contrato.core.spec import Api, Parameter, Schema
from contrato.verify import _http
from contrato.verify._exchange import Exchange
from contrato.verify._json import MISSING, find, places, validator
from contrato.verify._rules import Breach, check
from contrato.verify._server import about

DAY = timedelta(days=1)
PERIODS = {"hour": timedelta(hours=1), "day": DAY, "month": timedelta(days=31)}
"""How long each period of `x-aggregation` is at most."""

HOURS = {"hour": 1, "day": 24, "month": 730}
"""How many hours each of them has, about."""

APART = 20.0
"""Factor within which a meter's energies and its power over time agree, however it takes its averages."""

LARGEST_LIMIT = 100
"""Up to here a limit on a page's size is an everyday one; a server that gives less of more protects itself."""

LONGEST_TEXT = 255
"""Texts up to here must come back as they were sent; few databases keep names that are longer."""

GENERAL_REFUSALS = (400, 422)
"""Statuses that say no more than that a request is invalid."""

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
        return f.schema.default if f.schema.has_default else MISSING
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


def _places(exchange: Exchange) -> tuple[tuple[str, Schema], ...]:
    assert exchange.operation is not None
    return places(exchange.operation.schema(exchange.status))


def _number(value: Any) -> float | None:
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return value if number else None


def _whole(value: Any) -> int | None:
    number = _number(value)
    return int(number) if number is not None and number == int(number) else None


# Echo


@check("What a request selects by, or writes, is what comes back.")
def answers_echo_the_request(exchange: Exchange, spec: Api) -> Iterator[Breach | None]:
    """An answer to a request for one record, one account or one service holds nothing of another, and a record that was
    created or changed is answered with the values that were sent.

    Spaces around a text and Unicode's two ways of writing one letter are not told apart. Nothing is said of values that
    the spec does not allow, of texts longer than 255 characters or with control characters, or of a filter beside its
    alternative.
    """
    answer = answered(exchange)
    if answer is MISSING or exchange.operation is None or not any(f.echo for f in exchange.operation.parameters):
        return
    yield None
    for f in exchange.operation.parameters:
        given, echo = exchange.clear_arguments.get(f.key, MISSING), f.echo
        if given is MISSING or echo is None or echo.found_as is not None:
            continue
        if any(name == echo.unless for _, name in exchange.arguments):
            continue
        wanted = given if isinstance(given, list) else [given]
        if not wanted or not all(_repeatable(value) for value in wanted):
            continue
        for found in find(answer, echo.at):
            if not any(_same(value, found) for value in wanted):
                expected = f"the value of {f.name} that was sent: {' or '.join(map(repr, wanted))}"
                yield _breach(exchange, echo.at, expected, repr(found), echo.evidence)
                break


def _repeatable(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= LONGEST_TEXT and not any(unicodedata.category(c).startswith("C") for c in value)
    return not isinstance(value, int | float) or abs(value) < 2**31


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return unicodedata.normalize("NFC", one).strip() == unicodedata.normalize("NFC", other).strip()
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


@check("Everything that a search finds has the words that were searched.")
def search_finds_the_text(exchange: Exchange, spec: Api) -> Iterator[Breach | None]:
    """How a text is matched is not documented, so capitals, accents and the order of the words do not count; but each
    word is in one of the fields that the spec names.
    """
    answer = answered(exchange)
    if answer is MISSING or exchange.operation is None:
        return
    for f in exchange.operation.parameters:
        text = exchange.clear_arguments.get(f.key, MISSING)
        if text is MISSING or f.searches is None:
            continue
        yield None
        words = re.findall(r"[^\W_]+", _folded(text))
        for item in _items(exchange, answer) or []:
            shown = " ".join(_folded(str(value)) for field in f.searches.fields for value in find(item, field))
            absent = [word for word in words if word not in shown]
            if absent:
                expected = f"items with the text of {f.name}: {text!r}"
                yield _breach(exchange, _items_at(exchange) + "/*", expected, f"{shown!r}", f.searches.evidence)
                break


def _folded(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if unicodedata.category(c) != "Mn")


@check("A list that has only one kind of record has no other.")
def always_as_the_list_says(exchange: Exchange, spec: Api) -> Iterator[Breach | None]:
    """Where a value of its records defines a list, such as a list of what is active, each record has that value."""
    answer = answered(exchange)
    if answer is MISSING or exchange.operation is None:
        return
    for law in exchange.operation.always:
        yield None
        other = [value for value in find(answer, law.at) if not _same(law.value, value)]
        if other:
            yield _breach(exchange, law.at, repr(law.value), repr(other[0]), law.evidence)


@check("No record is listed twice in one answer.")
def identifiers_are_unique(exchange: Exchange, spec: Api) -> Iterator[Breach | None]:
    """The identifiers that `x-identity` names occur once each."""
    answer = answered(exchange)
    identity = exchange.operation.identity if exchange.operation else None
    if answer is MISSING or identity is None:
        return
    for at in identity.at:
        yield None
        times = Counter(repr(value) for value in find(answer, at))
        twice = next((value for value, count in times.items() if count > 1), None)
        if twice:
            yield _breach(exchange, at, "each value once", f"{twice} {times[twice]} times", identity.evidence)


# Pages


@dataclass(frozen=True)
class _Page:
    """One page of a list, and what it says about itself; `None` for what is not said or cannot be known.

    Attributes:
        number: Which page was asked for.
        limit: Which size was asked for.
        size: How many items a full page has.
        pages: How many pages there are, by total and size; at least one.
    """

    names: Pagination
    items: list[Any]
    number: int | None
    limit: int | None
    size: int | None
    total: int | None
    pages: int | None

    @property
    def evidence(self) -> str:
        """Where it comes from how pages work."""
        return self.names.evidence

    @property
    def inside(self) -> bool:
        """Whether the page that was asked for is one of those that there are."""
        return self.number is not None and self.pages is not None and 1 <= self.number <= self.pages


def _items_at(exchange: Exchange) -> str:
    assert exchange.operation is not None
    items = exchange.operation.pagination and exchange.operation.pagination.items
    return f"/{items}" if items else ""


def _items(exchange: Exchange, answer: Any) -> list[Any] | None:
    found = find(answer, _items_at(exchange))
    return found[0] if found and isinstance(found[0], list) else None


def _page(exchange: Exchange) -> _Page | None:
    answer = answered(exchange)
    if answer is MISSING or exchange.operation is None:
        return None
    names = exchange.operation.pagination
    items = _items(exchange, answer)
    if names is None or items is None:
        return None
    number = _whole(chosen(exchange, names.page))
    limit = _whole(chosen(exchange, names.limit)) if names.limit else None
    size = _whole(answer.get(names.size)) if isinstance(names.size, str) else names.size
    total = _whole(answer.get(names.total)) if names.total else None
    pages = max(1, -(-total // size)) if total is not None and size is not None and size > 0 else None
    limit = limit if limit is not None and limit > 0 else None
    return _Page(names, items, number, limit, size, total, pages)


@check("A page has no more items than a page holds, or than were asked for.")
def pages_are_not_overfull(exchange: Exchange, spec: Api) -> Iterator[Breach | None]:
    """The size is the one that the spec or the answer states, and the limit that the request set."""
    page = _page(exchange)
    if page is None:
        return
    yield None
    at, found = _items_at(exchange), f"{len(page.items)} items"
    if page.size is not None and len(page.items) > max(page.size, 0):
        yield _breach(exchange, at, f"at most {page.size} items, the size of a page", found, page.evidence)
    elif page.limit is not None and len(page.items) > page.limit:
        yield _breach(exchange, at, f"at most {page.limit} items, as asked for", found, page.evidence)


@check("A page that is not the last one is full, and the last one has the rest.")
def pages_are_full(exchange: Exchange, spec: Api) -> Iterator[Breach | None]:
    """By the total that the answer states. A page that is none of those that there are is not judged."""
    page = _page(exchange)
    if page is None or not page.inside or page.number is None or page.total is None or page.size is None:
        return
    yield None
    due = min(page.size, page.total - (page.number - 1) * page.size)
    if len(page.items) != max(0, due):
        which = f"page {page.number} of {page.pages} with {page.size} items each, {page.total} in total"
        expected = f"{max(0, due)} items on {which}"
        yield _breach(exchange, _items_at(exchange), expected, f"{len(page.items)} items", page.evidence)


@check("The counters of a page fit each other.")
def counters_fit(exchange: Exchange, spec: Api) -> Iterator[Breach | None]:
    """The number of all items is not below that of the items shown, and makes as many pages as the answer says. Without
    any items, there may be no page or one.
    """
    page, answer = _page(exchange), exchange.json
    if page is None:
        return
    yield None
    names = page.names
    if page.total is not None and page.total < len(page.items):
        found = f"{page.total}, with {len(page.items)} items on this page"
        yield _breach(exchange, f"/{names.total}", "the number of all items", found, page.evidence)
    if isinstance(names.size, str) and page.size is not None and page.size < 1:
        yield _breach(exchange, f"/{names.size}", "at least 1", str(page.size), page.evidence)
    last = _whole(answer.get(names.last)) if names.last else None
    if last is not None and page.pages is not None and last != page.pages and (last or page.total):
        expected = f"{page.pages}, for {page.total} items in pages of {page.size}"
        yield _breach(exchange, f"/{names.last}", expected, str(last), page.evidence)


@check("A page names the next one, and the last one none.")
def next_page_follows(exchange: Exchange, spec: Api) -> Iterator[Breach | None]:
    """The next page's number is one more than that of the page that was asked for, and null on the last page."""
    page = _page(exchange)
    if page is None or not page.inside or page.number is None or page.pages is None or page.names.next is None:
        return
    yield None
    name = page.names.next
    due = page.number + 1 if page.number < page.pages else None
    found = exchange.json.get(name, MISSING)
    if found is not MISSING and found != due:
        expected = f"{due if due else 'null'} on page {page.number} of {page.pages}"
        yield _breach(exchange, f"/{name}", expected, repr(found), page.evidence)


@check("A page is the one that was asked for, of the size that was asked for.")
def pages_are_the_ones_asked_for(exchange: Exchange, spec: Api) -> Iterator[Breach | None]:
    """A server may give less than a large limit asks for, but not more, and not less than it gives by default."""
    page = _page(exchange)
    if page is None or exchange.operation is None:
        return
    names = page.names
    if page.inside and names.current is not None:
        yield None
        current = exchange.json.get(names.current, MISSING)
        if current is not MISSING and current != page.number:
            yield _breach(exchange, f"/{names.current}", str(page.number), repr(current), page.evidence)
    if names.limit is None or page.limit is None or page.size is None or not isinstance(names.size, str):
        return
    # A server whose numbers are all binary fractions knows the first digits of a large one.
    if abs(page.size - page.limit) <= abs(page.limit) // 2**52:
        return
    yield None
    limit = exchange.operation.parameter(names.limit).schema
    usual = limit.default if limit.has_default else 1
    if page.size > page.limit or page.limit <= usual:
        yield _breach(exchange, f"/{names.size}", f"{page.limit}, as asked for", str(page.size), page.evidence)
    elif page.limit <= LARGEST_LIMIT:
        proof = "plausible: no source states a largest size, and few servers refuse so small a one"
        yield _breach(exchange, f"/{names.size}", f"{page.limit}, as asked for", str(page.size), proof)


@check("A list that matches nothing is answered as the spec says: without content.")
def empty_lists_have_no_content(exchange: Exchange, spec: Api) -> Iterator[Breach | None]:
    """Where the spec has a status of its own for a list that matches nothing, the list's status means that there is
    something. Only the first page is judged.
    """
    page = _page(exchange)
    if page is None or exchange.operation is None or page.items or page.number != 1:
        return
    if page.names.limit is not None and page.limit is None:
        return
    nothing = exchange.operation.nothing
    if nothing is not None and nothing.status != str(exchange.status):
        yield None
        found = f"{exchange.status} with an empty list"
        yield _breach(exchange, _items_at(exchange), f"{nothing.status} without content", found, nothing.evidence)


# Order


@check("A list is in the order that was asked for, or in the default one.")
def lists_are_in_order(exchange: Exchange, spec: Api) -> Iterator[Breach | None]:
    """Texts may be ordered by code points or as in a dictionary: whether capitals, accents, spaces and punctuation
    count is left to the server.
    """
    answer = answered(exchange)
    if answer is MISSING or exchange.operation is None:
        return
    sort = exchange.operation.sort
    items = _items(exchange, answer)
    if sort is None or items is None:
        return
    by, order = chosen(exchange, sort.by), chosen(exchange, sort.order)
    values = [item.get(by) for item in items if isinstance(item, dict)]
    if order == sort.descending:
        values.reverse()
    elif order != sort.ascending:
        return
    if all(isinstance(value, str) for value in values):
        orders: list[Callable[[Any], Any]] = [
            str,
            str.casefold,
            _folded,
            lambda text: re.sub(r"[\W_]+", "", _folded(text)),
        ]
    elif all(_number(value) is not None for value in values):
        orders = [float]
    else:
        return
    yield None
    if not any(_ascends([key(value) for value in values]) for key in orders):
        named = [exchange.operation.parameter(name) for name in (sort.by, sort.order)]
        unsaid = [f for f in named if f.key not in exchange.clear_arguments]
        proof = unsaid[0].default_evidence if unsaid else sort.evidence
        found = ", ".join(repr(item.get(by)) for item in items if isinstance(item, dict))
        yield _breach(exchange, f"{_items_at(exchange)}/*/{by}", f"{by} in order: {order}", found, proof)


def _ascends(values: list[Any]) -> bool:
    return all(one <= other for one, other in itertools.pairwise(values))


# Dates


@check("The dates of an answer lie in the range that was asked for.")
def dates_in_range(exchange: Exchange, spec: Api) -> Iterator[Breach | None]:
    """Both ends may belong to the range or not. A row that covers an hour, a day or a month may be dated by its
    beginning or its end, and be given whole when the range cuts it. A range may also be meant in whole days: what is
    outside to the second and inside to the day is only implausible.
    """
    answer = answered(exchange)
    law = exchange.operation.date_range if exchange.operation else None
    if answer is MISSING or law is None:
        return
    low, high = bounds(exchange, spec)
    if (low is None and high is None) or (low is not None and high is not None and low > high):
        return
    yield None
    aggregation = _aggregation(exchange)
    step = PERIODS.get(aggregation[1], timedelta()) if aggregation else timedelta()
    first, last = _moved(low, -step) or datetime.min, _moved(high, step) or datetime.max
    first_day = min(first, low.replace(hour=0, minute=0, second=0, microsecond=0)) if low else first
    last_day = max(last, high.replace(hour=23, minute=59, second=59, microsecond=999999)) if high else last
    doubtful = ""
    expected = " ".join(["dates", *([f"from {low}"] if low else []), *([f"to {high}"] if high else [])])
    for value in find(answer, law.field):
        moments = readings(value, spec)
        if moments and not any(first_day <= moment <= last_day for moment in moments):
            yield _breach(exchange, law.field, expected, str(value), law.evidence)
            return
        if moments and not doubtful and not any(first <= moment <= last for moment in moments):
            doubtful = str(value)
    if doubtful:
        proof = "plausible: a range that is given to the second is meant to the second"
        yield _breach(exchange, law.field, expected, doubtful, proof)


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
def timestamps_exist(exchange: Exchange, spec: Api) -> Iterator[Breach | None]:
    """A pattern lets 30 February through."""
    answer = answered(exchange)
    if answer is MISSING:
        return
    for at, schema in _places(exchange):
        if not any("date" in kind.format for kind in (schema, *schema.alternatives)):
            continue
        yield None
        texts = [value for value in find(answer, at) if isinstance(value, str)]
        wrong = [value for value in texts if not readings(value, spec)]
        if wrong:
            yield _breach(exchange, at, "a day and a time that exist", wrong[0], schema.evidence)
            continue
        years = [text for text in texts if not 1990 <= readings(text, spec)[-1].year <= 2100]
        if years:
            proof = "plausible: a server of our time has no data of another"
            yield _breach(exchange, at, "a date from 1990 to 2100", years[0], proof)
        zoned = [datetime.fromisoformat(text).tzinfo is not None for text in texts]
        if len(set(zoned)) > 1:
            odd = texts[zoned.index(not zoned[0])]
            proof = "plausible: one server writes its timestamps in one way"
            yield _breach(exchange, at, f"all timestamps written like {texts[0]}", odd, proof)


@check("Dates and days after them lead to one day.")
def days_are_reckoned(exchange: Exchange, spec: Api) -> Iterator[Breach | None]:
    """A date and the days since then give the server's day, which is the same in all rows of an answer. A day of
    difference is left for the time of day.
    """
    answer = answered(exchange)
    law = exchange.operation.reckoning if exchange.operation else None
    if answer is MISSING or law is None:
        return
    reached = {}
    for text, days in zip(find(answer, law.date), find(answer, law.days), strict=False):
        moments, number = readings(text, spec), _number(days)
        if moments and number is not None and abs(number) < 100_000:
            reached[moments[-1] + timedelta(days=number)] = f"{text} and {days} days"
    if reached:
        yield None
    if reached and max(reached) - min(reached) > DAY:
        found = f"{reached[min(reached)]} beside {reached[max(reached)]}"
        yield _breach(exchange, law.days, "days up to one and the same day", found, law.evidence)


# Readings


@dataclass(frozen=True)
class Series:
    """The rows of one key, by date.

    Attributes:
        rows: Each with its date, in ascending order.
    """

    key: str
    rows: list[tuple[datetime, Values]]


def _aggregation(exchange: Exchange) -> tuple[Aggregation, str] | None:
    """How the rows of the answer are aggregated, and the period that each covers; None when nobody can say."""
    law = exchange.operation.aggregation if exchange.operation else None
    period = law and law.periods.get(chosen(exchange, law.by))
    return (law, period) if law and period else None


def _series(exchange: Exchange, spec: Api) -> Iterator[list[Series]]:
    """The rows by key and date, in each way in which their timestamps may be meant."""
    answer = answered(exchange)
    aggregation = _aggregation(exchange)
    if answer is MISSING or aggregation is None:
        return
    law, _ = aggregation
    around, _, date = law.date.rpartition("/")
    names = {at: at.rpartition("/")[2] for at in law.key}
    grouped: dict[str, list[tuple[list[datetime], Values]]] = defaultdict(list)
    for row in find(answer, around):
        if isinstance(row, dict) and (moments := readings(row.get(date), spec)):
            values = {at: row.get(name) for at, name in names.items()}
            if isinstance(values.get(law.key[0]), int | str):
                grouped[about(law, values.get)].append((moments, row))
    ways = {len(moments) for rows in grouped.values() for moments, _ in rows}
    for way in range(max(ways, default=0)):
        yield [
            Series(name, sorted(((moments[min(way, len(moments) - 1)], row) for moments, row in rows), key=_first))
            for name, rows in grouped.items()
        ]


def _first(pair: tuple[datetime, Values]) -> datetime:
    return pair[0]


def _slot(moment: datetime, period: str) -> int:
    """The number of the period that a moment is in."""
    if period == "month":
        return moment.year * 12 + moment.month
    return moment.toordinal() * 24 + moment.hour if period == "hour" else moment.toordinal()


@check("There is one row for each record and period, and rows are a period apart.")
def rows_are_periods(exchange: Exchange, spec: Api) -> Iterator[Breach | None]:
    """Which hour, day or month a row is about is told by its date: rows of hours differ by whole hours, rows of days by
    whole days, rows of months stand on one day of the month or on its last. Two rows of one record are never about the
    same period. Rows may be missing, and one that the range cuts may be dated by the range.
    """
    aggregation = _aggregation(exchange)
    if aggregation is None:
        return
    law, period = aggregation
    cuts = [moment for moment in bounds(exchange, spec) if moment is not None]
    ways = list(_series(exchange, spec))
    if ways:
        yield None
    faults = [next(_faults(series, period, cuts), None) for series in ways]
    if faults and all(faults):
        assert faults[0] is not None
        yield _breach(exchange, law.date, f"one row for each {period}", faults[0], law.evidence)
        return
    for one in ways[0] if ways else []:
        gaps = [_slot(b, period) - _slot(a, period) for (a, _), (b, _) in itertools.pairwise(one.rows)]
        if len(gaps) >= 2 and 1 not in gaps:
            proof = f"plausible: somewhere two {period}s that follow each other were both measured"
            found = f"never less than {min(gaps)} {period}s between two rows of {one.key}"
            yield _breach(exchange, law.date, f"rows that are one {period} apart", found, proof)
            return


def _faults(all_series: list[Series], period: str, cuts: list[datetime]) -> Iterator[str]:
    for series in all_series:
        dates = [date for date, _ in series.rows]
        for one, other in itertools.pairwise(dates):
            if _slot(one, period) == _slot(other, period) and other not in cuts:
                yield f"{one} and {other}, both of {series.key}"
        inner = [date for date in dates if date not in cuts]
        if period == "hour":
            places = {(date.minute, date.second) for date in inner}
        else:
            places = {(date.hour * 60 + date.minute, date.second) for date in inner}
        days = {date.day for date in inner}
        ends = all((date + DAY).day == 1 for date in inner if date < datetime.max - DAY)
        if len(places) > 1 or (period == "month" and len(days) > 1 and not ends):
            yield f"{', '.join(str(date) for date in inner[:3])}, all of {series.key}"


@check("A register grows by what it counts.")
def registers_count(exchange: Exchange, spec: Api) -> Iterator[Breach | None]:
    """From one row to the next, a register never falls, and over rows that follow each other without a gap it grows by
    the energy of those rows; whether it is read at the beginning or at the end of each is left to the server. A changed
    meter begins anew, so that this is not a breach by itself.
    """
    aggregation = _aggregation(exchange)
    if aggregation is None:
        return
    period, around = aggregation[1], aggregation[0].date.rpartition("/")[0]
    registers = [(at, schema.register_of) for at, schema in _places(exchange) if schema.register_of]
    for series in itertools.islice(_series(exchange, spec), 1):
        for at, law in registers:
            if at.rpartition("/")[0] != around:
                continue
            yield None
            found = next(_miscounts(series, period, at.rpartition("/")[2], law.field), None)
            if found:
                yield _breach(exchange, at, f"growth by {law.field}", found, law.evidence)


def _miscounts(all_series: list[Series], period: str, register: str, counted: str) -> Iterator[str]:
    for series in all_series:
        run: list[tuple[int, float, float]] = []
        for date, row in [*series.rows, (None, {})]:
            value, amount = _number(row.get(register)), _number(row.get(counted))
            slot = _slot(date, period) if date else 0
            if run and value is not None and value < run[-1][1] - 1:
                yield f"{run[-1][1]} and then {value}, of {series.key}"
                break
            if value is None or amount is None or (run and slot != run[-1][0] + 1):
                if len(run) > 1:
                    growth = run[-1][1] - run[0][1]
                    sums = (sum(a for _, _, a in run[1:]), sum(a for _, _, a in run[:-1]))
                    if not any(_close(growth, expected) for expected in sums):
                        yield f"{growth:.6g} in {len(run)} {period}s with {sums[0]:.6g}, of {series.key}"
                run = []
            if value is not None and amount is not None:
                run.append((slot, value, amount))


@check("Energy fits voltage, current and time.")
def energy_fits_power(exchange: Exchange, spec: Api) -> Iterator[Breach | None]:
    """Over all rows of one record, the energies together are neither far below nor above what the voltages and currents
    give over that time: a factor of a thousand is a wrong unit, or a wrong period.
    """
    aggregation = _aggregation(exchange)
    if aggregation is None:
        return
    period, around = aggregation[1], aggregation[0].date.rpartition("/")[0]
    law = next((schema.power for at, schema in _places(exchange) if at == around and schema.power), None)
    for one in next(_series(exchange, spec), []) if law else []:
        assert law is not None
        energy, possible = 0.0, 0.0
        for _, row in one.rows:
            flows = [_number(row.get(name)) for name in law.energies]
            volts, amperes = ([_number(row.get(name)) for name in names] for names in (law.voltages, law.currents))
            energy += sum(abs(flow) for flow in flows if flow is not None)
            # Watts over hours, in thousands.
            watts = sum(v * a for v, a in zip(volts, amperes, strict=True) if v is not None and a is not None)
            possible += watts * HOURS[period] / 1000
        yield None
        if max(energy, possible) > 1 and not possible / APART <= energy <= possible * APART:
            place = f"{around}/{law.energies[0]}"
            expected = f"{possible / APART:.3g} to {possible * APART:.3g}, by voltages and currents"
            yield _breach(exchange, place, expected, f"{energy:.3g}, of {one.key}", law.evidence)
            return


# Arithmetic


def _close(one: float, other: float, addends: int = 1) -> bool:
    """Whether two amounts are equal but for rounding to whole units, or by a hundredth."""
    return abs(one - other) <= max(ROUNDING * max(abs(one), abs(other)), 0.5 * addends + 0.5)


@check("The values of one record fit each other.")
def records_add_up(exchange: Exchange, spec: Api) -> Iterator[Breach | None]:
    """Sums, products and orders of dates within a record, as `x-invariants` states them. Amounts may be rounded to
    whole units, or differ by a hundredth; null values are not judged.
    """
    answer = answered(exchange)
    if answer is MISSING:
        return
    for at, schema in _places(exchange):
        laws = [law for part in (schema, *schema.alternatives) for law in part.invariants]
        if not laws:
            continue
        records = [record for record in find(answer, at) if isinstance(record, dict)]
        yield None
        for law in laws:
            for record in records:
                fault = _disagreement(record, law, spec)
                if fault:
                    field, expected, found = fault
                    yield _breach(exchange, at + field, expected, found, law.evidence)
                    break


def _disagreement(record: Values, law: Invariant, spec: Api) -> tuple[str, str, str] | None:
    """What a record has otherwise than a law of `x-invariants`: where, what was expected, what was found."""
    if law.ascending is not None:
        first, second = law.ascending
        one, other = _one(record, first), _one(record, second)
        if one is None or other is None or _in_order(one, other, spec):
            return None
        return second, f"not before or below {first.lstrip('/')}, {one}", str(other)
    if law.present is not None:
        first, second = law.present
        if _one(record, first) is None or _one(record, second) is not None:
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
        return field, f"{operands[0].lstrip('/')}, {parts[0]}", value
    number, numbers = _number(value), [n for part in parts if (n := _number(part)) is not None]
    if number is None or not numbers or len(numbers) < len(parts) or (kind == "product" and len(numbers) != 2):
        return None
    due = math.prod(numbers) if kind == "product" else math.fsum(numbers)
    if kind in ("same", "among"):
        fits = any(_close(number, other) for other in numbers)
    else:
        fits = _close(number, due, len(numbers) if kind == "sum" else 1)
    if fits:
        return None
    names = " and ".join(operand.lstrip("/") for operand in operands)
    shown = f"{due:.10g}" if kind in ("product", "sum", "same") else " or ".join(f"{n:.10g}" for n in numbers)
    return field, f"the {kind} of {names}: {shown}" if kind != "same" else f"{names}: {shown}", f"{number:.10g}"


def _one(record: Values, pointer: str) -> Any:
    found = find(record, pointer)
    return found[0] if found else None


def _in_order(one: Any, other: Any, spec: Api) -> bool:
    first, second = _number(one), _number(other)
    if first is not None and second is not None:
        return first <= second or abs(first - second) <= max(ROUNDING * abs(first), ROUNDING)
    before, after = readings(one, spec), readings(other, spec)
    if not before or not after:
        return True
    return min(before) <= max(after) or min(before).date() == max(after).date()


def _same_day(one: Any, other: Any, spec: Api) -> bool:
    days, others = ({moment.date() for moment in readings(value, spec)} for value in (one, other))
    return not days or not others or bool(days & others)


@check("Measured values are possible.")
def values_are_plausible(exchange: Exchange, spec: Api) -> Iterator[Breach | None]:
    """Bounds of `x-plausible`: what physics lets expect of an energy, a current or a voltage. Zero always passes,
    since a meter may have measured nothing. An honest server may be otherwise, so that a breach is a warning.
    """
    answer = answered(exchange)
    if answer is MISSING:
        return
    for at, schema in _places(exchange):
        law = schema.plausible
        if law is None:
            continue
        yield None
        low = -math.inf if law.minimum is None else law.minimum
        high = math.inf if law.maximum is None else law.maximum
        out = [n for value in find(answer, at) if (n := _number(value)) is not None and n != 0 and not low <= n <= high]
        if out:
            expected = f"{low:g} or more" if high == math.inf else f"{low:g} to {high:g}"
            unit = f" {schema.unit}" if schema.unit else ""
            yield _breach(exchange, at, expected + unit, f"{out[0]:g}{unit}", law.evidence)


@check("Texts are readable.")
def texts_are_readable(exchange: Exchange, spec: Api) -> Iterator[Breach | None]:
    """UTF-8 that was decoded as something else and encoded again (`BogotÃ¡`), letters that were lost (`Bogot\ufffd`),
    HTML's escapes (`&aacute;`), and the word for nothing where there should be nothing (`"null"`).
    """
    answer = answered(exchange)
    # By then there are records that the run made, of random letters.
    if answer is MISSING or exchange.sender == "schemathesis":
        return
    for at, schema in _places(exchange):
        if not any(kind.type == "string" for kind in (schema, *schema.alternatives)):
            continue
        yield None
        odd = next((text for text in find(answer, at) if isinstance(text, str) and _is_garbled(text)), None)
        if odd is not None:
            yield _breach(
                exchange, at, "a readable text", repr(odd), "plausible: data may be damaged where it was entered"
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


# What is refused


@check("A refusal names what was wrong, and says why.")
def refusals_name_the_fault(exchange: Exchange, spec: Api) -> Iterator[Breach | None]:
    """Where the spec gives errors the shape of messages by field: there is at least one field, each with a message
    that is not empty; a field that the request has invalid by the spec is among them; and none is a field that the
    request cannot have wrong, such as one with a value of a closed list. A field's name is the one in the request, also
    where the message calls it otherwise. Unless the source documents this refusal, `body` and the like stand for all
    their fields.
    """
    operation = exchange.operation
    if operation is None or not 400 <= exchange.status < 500:
        return
    schema = operation.schema(exchange.status)
    if schema is None or schema.additional is None or not isinstance(exchange.json, dict):
        return
    yield None
    named: Values = exchange.json
    proof = operation.response_evidence(exchange.status)
    if not named:
        yield _breach(exchange, "", "the fields that are refused", "no field", proof)
    for name, messages in named.items():
        texts = messages if isinstance(messages, list) else []
        if not texts or not all(isinstance(text, str) and text.strip() for text in texts):
            yield _breach(exchange, f"/{name}", "messages that say why", repr(messages), proof)
            return
    if not named or not _understood(exchange):
        return
    wrong, closed, names = _judged(exchange)
    spoken = {name: _meant(name, names) for name in named}
    general = {"body", "query", "path", "header"} if not proof.startswith("documented") else set()
    strange = [name for name, meant in spoken.items() if meant is None and name not in general]
    if strange:
        yield _breach(exchange, f"/{strange[0]}", f"names of fields: {', '.join(sorted(names))}", strange[0], proof)
        return
    # Who refuses fields that the spec does not know may stop there.
    unknown = names - {f.name for f in operation.parameters}
    if wrong and not any(meant in wrong | unknown for meant in spoken.values()) and not general & named.keys():
        yield _breach(exchange, "", f"one of {', '.join(sorted(wrong))}", ", ".join(named), proof)
    innocent = [name for name, meant in spoken.items() if meant in closed]
    if innocent:
        yield _breach(exchange, "", "only fields that are wrong", innocent[0], proof)


@check("A refusal has the status that the source gives it.")
def refusals_have_their_status(exchange: Exchange, spec: Api) -> Iterator[Breach | None]:
    """Where the source documents with which status an operation refuses a parameter, a request with an invalid one is
    not refused with another general status, 400 or 422. What no parser of addresses need understand is left alone.
    """
    operation = exchange.operation
    if operation is None or exchange.status not in GENERAL_REFUSALS:
        return
    marks = {status: operation.response_evidence(status) for status in GENERAL_REFUSALS}
    documented = {status: mark for status, mark in marks.items() if mark.startswith("documented")}
    texts = [text for pair in exchange.query for text in pair]
    clean = all(text.isascii() and text.isprintable() for text in texts) and len(exchange.url) < 1000
    if not documented or not clean or not _understood(exchange) or not _judged(exchange)[0]:
        return
    yield None
    if exchange.status not in documented:
        expected = " or ".join(map(str, documented))
        yield _breach(exchange, "", expected, str(exchange.status), "; ".join(documented.values()))


def _understood(exchange: Exchange) -> bool:
    """Whether it is clear which arguments the request has."""
    if exchange.repeated:
        return False
    assert exchange.operation is not None
    if exchange.operation.body is None:
        return not exchange.request_body
    return _http.is_object(exchange.request_body) and "json" in exchange.request_headers.get("content-type", "")


def _judged(exchange: Exchange) -> tuple[set[str], set[str], set[str]]:
    """The names of the fields that are invalid by the spec, of those that cannot be wrong, and of all."""
    assert exchange.operation is not None
    wrong, closed = set(), set()
    valid = exchange.clear_arguments
    for f in exchange.operation.parameters:
        if f.key in valid:
            if f.schema.enum or f.schema.type == "boolean":
                closed.add(f.name)
        elif f.key in exchange.arguments:
            if not _may_be_read_otherwise(f, exchange.arguments[f.key]):
                wrong.add(f.name)
        elif f.required:
            wrong.add(f.name)
        elif exchange.operation.body is None and (f.searches or not f.refers_to):
            # An absent reference may be one of several of which one is needed.
            closed.add(f.name)
    names = {f.name for f in exchange.operation.parameters}
    names |= {name for name, _ in exchange.query}
    names |= set(_http.members(exchange.request_body))
    return wrong, closed - wrong, names


def _may_be_read_otherwise(f: Parameter, value: Any) -> bool:
    """Whether a value that is invalid to the letter may be valid to one who reads kindly: `1.0`, `+1`, `01`."""
    if f.place == "body":
        return False
    texts = [str(one).strip() for one in (value if isinstance(value, list) else [value])]
    number = re.compile(r"[+-]?\d[\d_]*(\.0*)?(e\d+)?", re.I)
    return all(not text or (bool(number.fullmatch(text)) and not f.schema.enum) for text in texts)


def _meant(name: str, names: set[str]) -> str | None:
    """The field that a key of an error means: itself, or a part of a path such as `body.name` or `/name/0`."""
    if name in names:
        return name
    return next((part for part in re.split(r"[./\[\]]", name) if part in names), None)


@check("An answer that refuses does not also give what was asked for.")
def refusals_give_nothing(exchange: Exchange, spec: Api) -> Iterator[Breach | None]:
    """A status of 4XX or 5XX says that the request failed; a body with the records that it asked for says that it did
    not. One of the two is wrong.
    """
    operation = exchange.operation
    if operation is None or exchange.status < 400 or not isinstance(exchange.json, dict | list) or not exchange.json:
        return
    yield None
    for response in operation.responses.values():
        schema = response.schema
        if not response.succeeded or schema is None or not _demands(schema):
            continue
        records = [find(exchange.json, at) for at in schema.lists()]
        empty = bool(records) and not any(any(found) for found in records)
        if not empty and validator(schema).is_valid(exchange.json):
            found = f"the body of {response.status} with {exchange.status}"
            yield _breach(exchange, "", f"an error's body with {exchange.status}", found, operation.evidence)


def _demands(schema: Schema) -> bool:
    """Whether a document must have members to be of this schema, so that no error is by chance."""
    return any(prop.required for prop in (schema.items or schema).properties.values())


def _breach(exchange: Exchange, field: str, expected: str, found: str, evidence: str) -> Breach:
    assert exchange.operation is not None
    return Breach(exchange.operation.id, field, expected, found[:500], evidence, (exchange,))
