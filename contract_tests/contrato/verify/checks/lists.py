"""Checks of pages, their counters, and the order of a list."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from contrato.core.extensions import Pagination
from contrato.core.spec import Api
from contrato.verify.checks.values import (
    answered,
    as_number,
    as_whole,
    chosen,
    list_pointer,
    listed,
    violation_in,
)
from contrato.verify.documents import MISSING, short
from contrato.verify.exchange import Exchange
from contrato.verify.findings import Violation
from contrato.verify.leniency import LARGEST_LIMIT
from contrato.verify.rows import is_end, page_size
from contrato.verify.rules import check
from contrato.verify.texts import collations


# Pages
@dataclass(frozen=True)
class _Page:
    """One page of a list, and what it says about itself; `None` for what is not said or cannot be known.

    Attributes:
        number: Which page was asked for.
        limit: Which size was asked for.
        size: How many items a full page has, as the spec or the answer states.
        pages: How many pages there are, by total and size, or by another size if all counters of the page fit that one;
            at least one.
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
        """True if the page that was asked for exists."""
        return self.number is not None and self.pages is not None and 1 <= self.number <= self.pages


def _page(exchange: Exchange) -> _Page | None:
    answer = answered(exchange)
    if answer is MISSING or exchange.operation is None:
        return None
    names = exchange.operation.pagination
    items = listed(exchange, answer)
    if names is None or items is None:
        return None
    number = as_whole(chosen(exchange, names.page))
    limit = as_whole(chosen(exchange, names.limit)) if names.limit else None
    size = as_whole(answer.get(names.size)) if isinstance(names.size, str) else page_size(exchange.operation, exchange)
    total = as_whole(answer.get(names.total)) if names.total else None
    last = as_whole(answer.get(names.last)) if names.last else None
    if size is None and number is not None and total is not None and last is not None and number < last:
        size = len(items)  # A page before the last is full.
    own = _own_size(len(items), number, total, last) if isinstance(names.size, int) else None
    pages = _pages(total, own or size) if total is not None and size is not None and size > 0 else last
    limit = limit if limit is not None and limit > 0 else None
    return _Page(names, items, number, limit, size, total, pages)


def _own_size(length: int, number: int | None, total: int | None, last: int | None) -> int | None:
    """The size that all counters of a page fit, whatever the spec says; None if there is none."""
    if total is None or last is None or last < 1:
        return None
    if number is None or not 1 <= number <= last:
        size = -(-total // last)
    else:
        size = length if number < last or last == 1 else (total - length) // (last - 1)
        if length != min(size, total - (number - 1) * size):
            return None
    return size if size > 0 and _pages(total, size) == last else None


def _pages(total: int, size: int) -> int:
    return max(1, -(-total // size))


@check("A page has no more items than a page holds, or than were asked for.", needs=("x-pagination",))
def pages_are_not_overfull(exchange: Exchange, spec: Api) -> Iterator[Violation | None]:
    """The size is the one that the spec or the answer states, and the limit that the request set."""
    page = _page(exchange)
    if page is None:
        return
    yield None
    at, found = list_pointer(exchange), f"{len(page.items)} items"
    if page.size is not None and len(page.items) > max(page.size, 0):
        yield violation_in(exchange, at, f"at most {page.size} items, the size of a page", found, page.evidence)
    elif page.limit is not None and len(page.items) > page.limit:
        yield violation_in(exchange, at, f"at most {page.limit} items, as asked for", found, page.evidence)


@check("A page that is not the last one is full, and the last one has the rest.", needs=("x-pagination",))
def pages_are_full(exchange: Exchange, spec: Api) -> Iterator[Violation | None]:
    """By the total that the answer states. A page that is none of those that there are is not judged."""
    page = _page(exchange)
    if page is None or not page.inside or page.number is None or page.total is None or page.size is None:
        return
    yield None
    due = min(page.size, page.total - (page.number - 1) * page.size)
    if len(page.items) != max(0, due):
        which = f"page {page.number} of {page.pages} with {page.size} items each, {page.total} in total"
        expected = f"{max(0, due)} items on {which}"
        yield violation_in(exchange, list_pointer(exchange), expected, f"{len(page.items)} items", page.evidence)


@check("The counters of a page fit each other.", needs=("x-pagination",))
def counters_fit(exchange: Exchange, spec: Api) -> Iterator[Violation | None]:
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
        yield violation_in(exchange, f"/{names.total}", "the number of all items", found, page.evidence)
    if isinstance(names.size, str) and page.size is not None and page.size < 1:
        yield violation_in(exchange, f"/{names.size}", "at least 1", str(page.size), page.evidence)
    last = as_whole(answer.get(names.last)) if names.last else None
    if last is not None and page.pages is not None and last != page.pages and (last or page.total):
        expected = f"{page.pages}, for {page.total} items in pages of {page.size}"
        yield violation_in(exchange, f"/{names.last}", expected, str(last), page.evidence)


@check("A page names the next one, and the last one none.", needs=("x-pagination",))
def next_page_follows(exchange: Exchange, spec: Api) -> Iterator[Violation | None]:
    """The next page's number is one more than that of the page that was asked for. On the last page it is null, or
    another way that the spec admits to say that there is none.
    """
    page = _page(exchange)
    if page is None or not page.inside or page.number is None or page.pages is None or page.names.next is None:
        return
    yield None
    name = page.names.next
    due = page.number + 1 if page.number < page.pages else None
    found = exchange.json.get(name, MISSING)
    assert exchange.operation is not None
    if found is not MISSING and found != due and not (due is None and is_end(exchange.operation, found, page.number)):
        expected = f"{due if due else 'null'} on page {page.number} of {page.pages}"
        yield violation_in(exchange, f"/{name}", expected, short(found), page.evidence)


@check("A page is the one that was asked for, of the size that was asked for.", needs=("x-pagination",))
def pages_are_the_ones_asked_for(exchange: Exchange, spec: Api) -> Iterator[Violation | None]:
    """A server may give less than a large limit asks for, but not more, and not less than it gives by default."""
    page = _page(exchange)
    if page is None or exchange.operation is None:
        return
    names = page.names
    if page.inside and names.current is not None:
        yield None
        current = exchange.json.get(names.current, MISSING)
        if current is not MISSING and current != page.number:
            yield violation_in(exchange, f"/{names.current}", str(page.number), short(current), page.evidence)
    if names.limit is None or page.limit is None or page.size is None or not isinstance(names.size, str):
        return
    # A server whose numbers are all binary fractions knows the first digits of a large one.
    if abs(page.size - page.limit) <= abs(page.limit) // 2**52:
        return
    yield None
    limit = exchange.operation.parameter(names.limit).schema
    usual = limit.default if limit.has_default else 1
    if page.size > page.limit or page.limit <= usual:
        yield violation_in(exchange, f"/{names.size}", f"{page.limit}, as asked for", str(page.size), page.evidence)
    elif page.limit <= LARGEST_LIMIT:
        proof = "plausible: no source states a largest size, and few servers refuse so small a one"
        yield violation_in(exchange, f"/{names.size}", f"{page.limit}, as asked for", str(page.size), proof)


@check("A list that matches nothing is answered as the spec says: without content.")
def empty_lists_have_no_content(exchange: Exchange, spec: Api) -> Iterator[Violation | None]:
    """Where the spec has a status of its own for a list that matches nothing, the list's status means that there is
    something. Only the first page is judged.
    """
    page = _page(exchange)
    if page is None or exchange.operation is None or page.items or page.number != 1:
        return
    limit = page.names.limit and exchange.arguments.get(exchange.operation.parameter(page.names.limit).key)
    if limit is not None and page.limit is None:
        return
    nothing = exchange.operation.nothing
    if nothing is not None and nothing.status != str(exchange.status):
        yield None
        found = f"{exchange.status} with an empty list"
        yield violation_in(
            exchange, list_pointer(exchange), f"{nothing.status} without content", found, nothing.evidence
        )


# Order


@check("A list is in the order that was asked for, or in the default one.", needs=("x-sort", "x-pagination"))
def lists_are_in_order(exchange: Exchange, spec: Api) -> Iterator[Violation | None]:
    """Texts may be ordered by code points or as in a dictionary: whether capitals, accents, spaces and punctuation
    count is left to the server.
    """
    answer = answered(exchange)
    if answer is MISSING or exchange.operation is None:
        return
    sort = exchange.operation.sort
    items = listed(exchange, answer)
    if sort is None or items is None:
        return
    by, order = chosen(exchange, sort.by), chosen(exchange, sort.order)
    values = [item.get(by) for item in items if isinstance(item, dict)]
    if order == sort.descending:
        values.reverse()
    elif order != sort.ascending:
        return
    orders: tuple[Callable[[Any], Any], ...]
    if all(isinstance(value, str) for value in values):
        orders = collations()
    elif all(as_number(value) is not None for value in values):
        orders = (float,)
    else:
        return
    yield None
    if not any(_ascends([key(value) for value in values]) for key in orders):
        named = [exchange.operation.parameter(name) for name in (sort.by, sort.order)]
        unsaid = [f for f in named if f.key not in exchange.clear_arguments]
        proof = unsaid[0].default_evidence if unsaid else sort.evidence
        found = ", ".join(short(item.get(by)) for item in items if isinstance(item, dict))
        yield violation_in(exchange, f"{list_pointer(exchange)}/*/{by}", f"{by} in order: {order}", found, proof)


def _ascends(values: list[Any]) -> bool:
    return all(one <= other for one, other in itertools.pairwise(values))
