"""Pagers: over every page once, in order, lazily, and to an end whatever the server says."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import nullcontext
from itertools import islice
from types import SimpleNamespace
from typing import Any, assert_type

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients import TOKEN
from contrato import neu, testing
from contrato.apportionments.models import Apportionment, ApportionmentPage
from contrato.core import pages, spec
from contrato.core.client import capture
from contrato.core.errors import PaginationError, ResponseError
from contrato.core.pages import AsyncPager, Pager
from contrato.neu.models import Bill
from contrato.testing import faults

READINGS = ("empty", "last", "404", "refused")
BARE: dict[str, Any] = {"page": "page", "size": 20, "after_last": READINGS}
ITEMS: dict[str, Any] = {"page": "page_number", "items": "data"}
NEXT: dict[str, Any] = {
    "page": "page_number",
    "items": "data",
    "next": "next_page",
    "last": "max_page",
    "total": "total",
}
TOTAL: dict[str, Any] = {
    "page": "page",
    "items": "items",
    "total": "total",
    "size": "per_page",
    "current": "current_page",
}

Serve = Callable[[int], Any]


class Server:
    """Answers pages from a function of their number, and notes what it was asked."""

    def __init__(self, serve: Serve) -> None:
        self.serve = serve
        self.asked: list[int | None] = []

    def fetch(self, number: int | None) -> Any:
        self.asked.append(number)
        return self.serve(1 if number is None else number)

    async def async_fetch(self, number: int | None) -> Any:
        return self.fetch(number)


class Both:
    """The same list through a pager of each kind; what one does differently from the other is a failure."""

    def __init__(self, serve: Serve, pagination: Mapping[str, Any], start: int | None = None) -> None:
        self.servers = Server(serve), Server(serve)
        self.pager: Pager[Any, Any] = Pager(self.servers[0].fetch, pagination, start)
        self.async_pager: AsyncPager[Any, Any] = AsyncPager(self.servers[1].async_fetch, pagination, start)

    @property
    def asked(self) -> list[int | None]:
        assert self.servers[0].asked == self.servers[1].asked
        return self.servers[0].asked

    def read(self, *, by_page: bool = False) -> tuple[list[Any], str | None]:
        """Return what came, and the message of the error that came after it."""
        found: list[Any] = []
        error = None
        try:
            for item in self.pager.pages() if by_page else self.pager:
                found.append(item)
        except PaginationError as raised:
            error = str(raised)

        async def again() -> tuple[list[Any], str | None]:
            found: list[Any] = []
            try:
                async for item in self.async_pager.pages() if by_page else self.async_pager:
                    found.append(item)
            except PaginationError as raised:
                return found, str(raised)
            return found, None

        assert asyncio.run(again()) == (found, error)
        return found, error


def bare(count: int, size: int = 20) -> Serve:
    return lambda number: list(range(count))[(number - 1) * size : number * size]


def only_items(count: int, size: int = 20) -> Serve:
    return lambda number: SimpleNamespace(data=bare(count, size)(number))


def with_next(count: int, size: int = 20) -> Serve:
    last = max(1, -(-count // size))

    def serve(number: int) -> Any:
        following = number + 1 if number < last else None
        return SimpleNamespace(data=bare(count, size)(number), next_page=following, max_page=last, total=count)

    return serve


def with_total(count: int, size: int = 20) -> Serve:
    def serve(number: int) -> Any:
        items = bare(count, size)(number)
        return SimpleNamespace(items=items, total=count, per_page=size, current_page=number) if items else None

    return serve


KINDS: dict[str, tuple[Callable[[int, int], Serve], dict[str, Any]]] = {
    "bare": (bare, BARE),
    "items": (only_items, ITEMS),
    "next": (with_next, NEXT),
    "total": (with_total, TOTAL),
}
kinds = pytest.mark.parametrize("kind", KINDS)


@given(
    st.sampled_from(sorted(KINDS)),
    st.integers(0, 65),
    st.integers(1, 20),
    st.none() | st.integers(1, 8),
)
def test_every_item_from_the_start_page_comes_once_and_in_order(
    kind: str, count: int, size: int, start: int | None
) -> None:
    make, pagination = KINDS[kind]
    both = Both(make(count, size), pagination, start)
    assert both.read() == (list(range(count))[((start or 1) - 1) * size :], None)


@pytest.mark.parametrize(
    ("kind", "count", "asked"),
    [
        ("bare", 45, [None, 2, 3, 4]),
        ("bare", 40, [None, 2, 3]),
        ("items", 40, [None, 2, 3]),
        ("next", 45, [None, 2, 3]),
        ("next", 40, [None, 2]),
        ("total", 45, [None, 2, 3]),
        ("total", 40, [None, 2]),
        ("total", 0, [None]),
    ],
)
def test_no_more_is_asked_than_it_takes_to_know_the_end(kind: str, count: int, asked: list[int | None]) -> None:
    make, pagination = KINDS[kind]
    both = Both(make(count, 20), pagination)
    both.read()
    assert both.asked == asked


@kinds
def test_pages_come_as_the_server_made_them(kind: str) -> None:
    make, pagination = KINDS[kind]
    serve = make(45, 20)
    both = Both(serve, pagination, 2)
    assert both.read(by_page=True) == ([serve(2), serve(3)], None)


def test_nothing_is_asked_before_iteration_and_then_a_page_at_a_time() -> None:
    server = Server(bare(100))
    pager: Pager[int, list[int]] = Pager(server.fetch, BARE)
    iterators = iter(pager), pager.pages()
    assert server.asked == []
    assert list(islice(iterators[0], 20)) == list(range(20))
    assert server.asked == [None]
    assert next(iterators[0]) == 20
    assert server.asked == [None, 2]
    assert next(iterators[1]) == list(range(20))
    assert server.asked == [None, 2, None]


def test_async_nothing_is_asked_before_iteration_and_then_a_page_at_a_time() -> None:
    server = Server(bare(100))

    async def read() -> None:
        pager: AsyncPager[int, list[int]] = AsyncPager(server.async_fetch, BARE)
        items: AsyncIterator[int] = aiter(pager)
        assert server.asked == []
        assert [await anext(items) for _ in range(20)] == list(range(20))
        assert server.asked == [None]
        assert await anext(items) == 20
        assert server.asked == [None, 2]

    asyncio.run(read())


def test_each_iteration_starts_anew() -> None:
    both = Both(bare(45), BARE, 2)
    assert both.read() == both.read()
    assert both.asked == [2, 3, 4] * 2


def test_a_page_is_the_callers_to_change() -> None:
    """A page that the caller has emptied is still recognized when it comes again, and not mistaken for an empty one."""
    served = {1: envelope([1], 2, 3, 2), 2: envelope([], 3, 3, 2), 3: envelope([2], None, 3, 2)}
    for page in Pager[int, Any](Server(lambda n: served[n]).fetch, NEXT).pages():
        page.data.clear()
    repeating: Pager[int, list[int]] = Pager(Server(lambda _: [1, 2, 3]).fetch, BARE)
    walk = repeating.pages()
    next(walk).clear()
    with pytest.raises(PaginationError):
        next(walk)


def test_an_error_of_the_request_ends_only_its_iteration() -> None:
    def serve(number: int) -> Any:
        if number == 2 and next(failures, False):
            raise ConnectionResetError
        return bare(45)(number)

    failures: Iterator[bool] = iter([True])
    pager: Pager[int, list[int]] = Pager(Server(serve).fetch, BARE)
    items = iter(pager)
    assert list(islice(items, 20)) == list(range(20))
    with pytest.raises(ConnectionResetError):
        next(items)
    assert list(pager) == list(range(45))


def envelope(data: list[int], following: int | None, last: int | None, total: int = 60) -> Any:
    return SimpleNamespace(data=data, next_page=following, max_page=last, total=total)


@pytest.mark.parametrize(
    ("pagination", "serve", "count", "message"),
    [
        pytest.param(BARE, lambda _: [1, 2, 3], 3, "page 2 repeats page 1", id="bare, ignores the page"),
        pytest.param(
            ITEMS,
            lambda _: SimpleNamespace(data=[1, 2, 3]),
            3,
            "page 2 repeats page 1",
            id="items, likewise",
        ),
        pytest.param(NEXT, lambda n: envelope([n], n, 9), 1, "page 1 names page 1 as the next", id="next is itself"),
        pytest.param(NEXT, lambda n: envelope([n], 2, 9), 2, "page 2 names page 2 as the next", id="next is fixed"),
        pytest.param(
            NEXT, lambda n: envelope([n], 3 - n, 9), 2, "page 2 names page 1 as the next", id="next goes back"
        ),
        pytest.param(
            NEXT,
            lambda n: envelope([n], n + 1, 3),
            3,
            "page 3 names page 4 as the next and page 3 as the last",
            id="next beyond the last",
        ),
        pytest.param(
            NEXT,
            lambda n: envelope([n] if n < 3 else [], n + 1, n + 1),
            2,
            "page 4 repeats page 3",
            id="empty pages without end",
        ),
        pytest.param(
            TOTAL,
            lambda n: SimpleNamespace(items=[n], total=9, per_page=1, current_page=1),
            1,
            "asked for page 2, the server answered page 1",
            id="another page than asked for",
        ),
    ],
)
def test_pages_that_would_never_end_are_an_error(
    pagination: Mapping[str, Any], serve: Serve, count: int, message: str
) -> None:
    found, error = Both(serve, pagination).read()
    assert len(found) == count
    assert error is not None
    assert message in error


@pytest.mark.parametrize(
    ("pagination", "serve"),
    [
        (BARE, lambda n: [n]),
        (NEXT, lambda n: envelope([n], n + 1, n + 1, n + 1)),
        (TOTAL, lambda n: SimpleNamespace(items=[n], total=n + 1, per_page=1, current_page=n)),
    ],
    ids=["bare", "next", "total"],
)
def test_a_list_that_grows_while_it_is_read_is_left_with_an_error(
    monkeypatch: pytest.MonkeyPatch, pagination: Mapping[str, Any], serve: Serve
) -> None:
    monkeypatch.setattr(pages, "MOST", 50)
    found, error = Both(serve, pagination, 3).read()
    assert found == list(range(3, 53))
    assert error == "more than 50 pages: continue from page 53, or ask for less at a time"


@pytest.mark.parametrize(
    ("pagination", "serve", "items"),
    [
        pytest.param(BARE, lambda n: [[1, 2], [3]][min(n, 2) - 1], [1, 2, 3], id="the last page again"),
        pytest.param(NEXT, lambda n: envelope([n], 2 if n == 1 else 0, 2, 2), [1, 2], id="0 is next"),
        pytest.param(NEXT, lambda n: envelope([n], 2, 2, 2), [1, 2], id="the last page is next"),
        pytest.param(NEXT, lambda n: envelope([], None, 0, 0), [], id="an empty list has page 0"),
    ],
)
def test_servers_end_a_list_in_several_ways(pagination: Mapping[str, Any], serve: Serve, items: list[int]) -> None:
    assert Both(serve, pagination).read() == (items, None)


JSON = "application/json; charset=utf-8"


def refuse(number: int, status: int, media_type: str = JSON, body: Any = None) -> Any:
    if status == 204:
        return None
    headers = httpx.Headers({"Content-Type": media_type})
    raise ResponseError("list", "GET", f"/things?page={number}", status, headers, body, True)


@pytest.mark.parametrize("status", [401, 403, 405, 407, 408, 409, 413, 421, 425, 429, 431, 451, 499, 500, 503])
def test_a_list_does_not_end_with_an_error_that_is_about_no_page(status: int) -> None:
    with pytest.raises(ResponseError, match=f"page=3 answered {status}"):
        Both(lambda n: [n] if n < 3 else refuse(n, status), BARE).read()


@pytest.mark.parametrize("status", [204, 400, 404, 422])
def test_a_list_without_counters_may_end_with_a_refusal_that_the_next_page_has_too(status: int) -> None:
    both = Both(lambda n: [n] if n < 3 else refuse(n, status), BARE)
    assert both.read() == ([1, 2], None)
    assert both.asked == [None, 2, 3, 4, 2]


@pytest.mark.parametrize("status", [204, 400, 404, 422])
def test_a_fault_that_lasts_ends_no_list(status: int) -> None:
    refused: list[int] = []

    def serve(number: int) -> Any:
        if number == 1:
            refused.clear()
        if refused or number == 3:
            refused.append(number)
            return refuse(number, status)
        return [number]

    found, error = Both(serve, BARE).read()
    assert found == [1, 2]
    assert error is not None
    assert f"as if the list had ended, but so is page 2 by now ({status}): rows may be missing" in error


def test_the_error_of_a_gateway_ends_no_list() -> None:
    with pytest.raises(ResponseError, match="page=3 answered 404"):
        Both(lambda n: [n] if n < 3 else refuse(n, 404, "text/html", "<html>default backend"), BARE).read()
    assert Both(lambda n: [n] if n < 3 else refuse(n, 404, "text/html", ""), BARE).read() == ([1, 2], None)


@pytest.mark.parametrize(("readings", "status"), [((), 404), (("refused",), 404), (("404",), 400)])
def test_a_list_ends_in_no_way_that_the_spec_does_not_admit(readings: tuple[str, ...], status: int) -> None:
    pagination = BARE | {"after_last": ("empty", *readings)}
    with pytest.raises(ResponseError, match=f"page=3 answered {status}"):
        Both(lambda n: [n] if n < 3 else refuse(n, status), pagination).read()
    found, error = Both(lambda n: [min(n, 2)], pagination).read()
    assert (found, error and error.partition(":")[0]) == ([1, 2], "page 3 repeats page 2")


@pytest.mark.parametrize("after", [lambda _: [4], lambda _: [], lambda _: None, lambda _: [1]])
@pytest.mark.parametrize("third", [lambda n: refuse(n, 404), lambda _: [2]], ids=["refused", "page 2 again"])
def test_a_page_that_is_missing_once_is_an_error_and_not_the_end(third: Serve, after: Serve) -> None:
    found, error = Both(lambda n: [n] if n < 3 else third(n) if n == 3 else after(n), BARE).read()
    assert found == [1, 2]
    assert error is not None
    assert "as if the list had ended, but page 4 does not end it: rows may be missing" in error


@pytest.mark.parametrize("after", [lambda _: [4], lambda _: [], lambda _: [1]])
def test_a_page_without_content_is_no_end_if_the_next_page_has_some(after: Serve) -> None:
    found, error = Both(lambda n: [n] if n < 3 else None if n == 3 else after(n), BARE).read()
    assert found == [1, 2]
    assert error is not None
    assert "page 3 was answered with 204, as if the list had ended, but page 4 does not end it" in error


@pytest.mark.parametrize(
    ("pagination", "serve"),
    [
        (BARE, lambda n: refuse(n, 404)),
        (BARE, lambda n: [n] if n < 2 else refuse(n, 429)),
        (BARE, lambda n: [n] if n < 2 else refuse(n, 500)),
        (NEXT, lambda n: envelope([n], n + 1, 3) if n < 2 else refuse(n, 404)),
        (TOTAL, lambda n: SimpleNamespace(items=[n], total=9, per_page=1, current_page=n) if n < 2 else refuse(n, 404)),
    ],
    ids=["first page", "too often", "server", "promised", "counted"],
)
def test_any_other_refusal_is_an_error(pagination: Mapping[str, Any], serve: Serve) -> None:
    with pytest.raises(ResponseError):
        list(Pager[int, Any](Server(serve).fetch, pagination))


def test_some_items_of_a_page_may_come_again() -> None:
    """A list that changes while it is read moves items from one page to the next."""
    served = {1: [1, 2, 3], 2: [3, 4, 5], 3: []}
    assert Both(lambda n: served[n], BARE).read() == ([1, 2, 3, 3, 4, 5], None)


def test_an_empty_page_that_names_a_next_one_is_not_the_end() -> None:
    served = {1: envelope([1], 2, 5, 3), 2: envelope([], 3, 5, 3), 3: envelope([2], 4, 5, 3)}
    served |= {4: envelope([], 5, 5, 3), 5: envelope([3], None, 5, 3)}
    assert Both(lambda n: served[n], NEXT).read() == ([1, 2, 3], None)


def counted(items: list[int], total: int, page: int, size: int = 2) -> Any:
    return SimpleNamespace(items=items, total=total, per_page=size, current_page=page)


@pytest.mark.parametrize(
    ("pagination", "served", "found", "message"),
    [
        pytest.param(
            TOTAL, [counted([1, 2], 5, 1), None], [1, 2], "the pages end with page 2, after 2 of 5 items", id="a hole"
        ),
        pytest.param(
            TOTAL,
            [counted([1, 2], 5, 1), counted([], 5, 2)],
            [1, 2],
            "the pages end with page 2, after 2 of 5 items",
            id="an empty page in between",
        ),
        pytest.param(
            TOTAL,
            [counted([1, 2], 0, 1)],
            [],
            "page 1 ends with item 2, and the total is 0",
            id="total 0",
        ),
        pytest.param(
            TOTAL, [counted([1, 2], -1, 1)], [], "page 1 ends with item 2, and the total is -1", id="total -1"
        ),
        pytest.param(
            TOTAL,
            [counted([1, 2], 3, 1), counted([3, 4], 3, 2)],
            [1, 2],
            "page 2 ends with item 4, and the total is 3",
            id="more than total, from the second page",
        ),
        pytest.param(
            NEXT,
            [envelope([1, 2], None, 1, 1)],
            [],
            "page 1 ends with item 2, and the total is 1",
            id="next, more than total",
        ),
        pytest.param(
            NEXT,
            [envelope([1, 2], None, 4, 8)],
            [1, 2],
            "page 1 names no next page, and page 4 as the last",
            id="ends before the last page",
        ),
        pytest.param(
            NEXT,
            [envelope([1, 2], 2, 2, 5), envelope([3], None, 2, 5)],
            [1, 2, 3],
            "the pages end with page 2, after 3 of 5 items",
            id="ends before the total",
        ),
        pytest.param(
            BARE, [[1], [2], [1], [2]], [1, 2], "page 3 repeats page 1: the list never ends", id="pages in turn"
        ),
    ],
)
def test_pages_that_contradict_their_counters_are_an_error(
    pagination: Mapping[str, Any], served: list[Any], found: list[int], message: str
) -> None:
    pages, error = Both(lambda n: served[n - 1], pagination).read()
    assert pages == found
    assert error is not None
    assert message in error


@pytest.mark.parametrize(
    ("pagination", "served", "found", "start"),
    [
        pytest.param(TOTAL, [counted([1, 2], 5, 1), counted([3], 3, 2)], [1, 2, 3], None, id="it shrinks"),
        pytest.param(
            TOTAL, [counted([1, 2], 3, 1), counted([], 2, 2)], [1, 2], None, id="it shrinks by the whole next page"
        ),
        pytest.param(
            TOTAL,
            [counted([1, 2], 3, 1), counted([3, 4], 5, 2), counted([5], 5, 3)],
            [1, 2, 3, 4, 5],
            None,
            id="it grows",
        ),
        pytest.param(
            NEXT, [envelope([1, 2], 2, 3, 5), envelope([3], None, 2, 3)], [1, 2, 3], None, id="next, it shrinks"
        ),
        pytest.param(NEXT, [None, None, envelope([], None, 2, 3)], [], 3, id="a page after the last"),
    ],
)
def test_a_list_that_changes_while_it_is_read_is_no_error(
    pagination: Mapping[str, Any], served: list[Any], found: list[int], start: int | None
) -> None:
    assert Both(lambda n: served[n - 1], pagination, start).read() == (found, None)


@pytest.mark.parametrize("last", [None, counted([], 9, 4), counted([7], 9, 4)])
def test_a_list_from_a_later_page_is_whole_or_an_error(last: Any) -> None:
    pages = [None, counted([3, 4], 9, 2), counted([5, 6], 9, 3), last, None]
    found, error = Both(lambda n: pages[n - 1], TOTAL, 2).read()
    assert found[:4] == [3, 4, 5, 6]
    assert error is not None
    assert error.startswith("the pages end with page ")
    assert error.endswith(" of 9 items")


def test_a_pager_shows_its_start_and_no_arguments() -> None:
    pager: Pager[int, list[int]] = Pager(lambda _: ["tok-5f0c9e"], BARE, 3)  # type: ignore[list-item]
    assert repr(pager) == "<Pager from page 3>"


def test_the_first_page_is_the_one_that_the_specs_default_to() -> None:
    defaults = [
        operation.parameter(operation.pagination.page).schema.default
        for api in spec.APIS
        for operation in spec.api(api).operations.values()
        if operation.pagination
    ]
    assert defaults
    assert set(defaults) == {pages.FIRST}


def test_the_clients_lists_are_pagers() -> None:
    with testing.neu() as neu, capture() as responses:
        bills = neu.list_bills()
        assert_type(bills, Pager[Bill, list[Bill]])
        assert responses == []
        found = list(bills)
        assert_type(found, list[Bill])
        assert len(found) == len({bill.id_bill for bill in found}) > 20
        assert len(responses) == -(-len(found) // 20) + 1
    with testing.apportionments() as client:
        pager = client.list_apportionments(limit=7, page=2)
        assert_type(pager, Pager[Apportionment, ApportionmentPage])
        assert [page.current_page for page in pager.pages()] == [2, 3, 4, 5, 6]
        assert list(pager) == list(client.list_apportionments())[7:]


@pytest.mark.slow
def test_the_asynchronous_clients_lists_are_pagers() -> None:
    async def read() -> tuple[list[Bill], list[Apportionment]]:
        async with testing.async_neu() as neu, testing.async_apportionments() as client:
            bills = neu.list_bills()
            assert_type(bills, AsyncPager[Bill, list[Bill]])
            return [bill async for bill in bills], [item async for item in client.list_apportionments(page=2)]

    with testing.neu() as neu, testing.apportionments() as client:
        assert asyncio.run(read()) == (list(neu.list_bills()), list(client.list_apportionments(page=2)))


def test_a_pager_of_a_client_names_its_operation_and_says_what_to_do() -> None:
    client = neu.Neu(TOKEN, transport=httpx.MockTransport(lambda _: httpx.Response(200, json=[])))
    pager: Any = client.list_bills()
    assert repr(pager) == "<Pager of neu.list_bills from page 1>"
    assert bool(pager)
    uses: list[Callable[[], Any]] = [lambda: len(pager), lambda: pager[0], lambda: next(pager)]
    hints = "has no length .* list", r"has no index: first\(n\)", r"is not an iterator: first\(1\)"
    for use, hint in zip(uses, hints, strict=True):
        with pytest.raises(TypeError, match=f"<Pager of neu.list_bills from page 1> {hint}"):
            use()


def test_an_asynchronous_pager_says_what_to_do_too() -> None:
    client = neu.AsyncNeu(TOKEN, transport=httpx.MockTransport(lambda _: httpx.Response(200, json=[])))
    pager: Any = client.list_bills()
    assert repr(pager) == "<AsyncPager of neu.list_bills from page 1>"

    async def awaited() -> None:
        await pager

    with pytest.raises(TypeError, match="is not awaited: use `async for`"):
        asyncio.run(awaited())
    uses: list[Callable[[], Any]] = [lambda: len(pager), lambda: pager[0], lambda: anext(pager)]
    for use, hint in zip(uses, ("async for item", "first", "no iterator"), strict=True):
        with pytest.raises(TypeError, match=hint):
            use()


@pytest.mark.parametrize(("count", "pages"), [(0, 0), (1, 1), (2, 1), (3, 2), (99, 3)])
def test_first_reads_no_more_pages_than_it_takes(count: int, pages: int) -> None:
    asked: list[int | None] = []

    def fetch(number: int | None) -> list[int]:
        asked.append(number)
        return [[1, 2], [3, 4], []][(number or 1) - 1]

    async def afetch(number: int | None) -> list[int]:
        return fetch(number)

    pager: Pager[int, list[int]] = Pager(fetch, BARE)
    assert pager.first(count) == [1, 2, 3, 4][:count]
    assert len(asked) == pages
    asked.clear()
    async_pager: AsyncPager[int, list[int]] = AsyncPager(afetch, BARE)
    assert asyncio.run(async_pager.first(count)) == [1, 2, 3, 4][:count]
    assert len(asked) == pages


def test_a_small_limit_does_not_silently_read_all_pages() -> None:
    script = faults.Faults()
    with testing.apportionments(faults=script) as client:
        assert len(client.list_apportionments(limit=1).first(1)) == len(script.requests) == 1
        with pytest.warns(UserWarning, match=r"limit=1 is the size of a page, and <Pager of .*> reads every page: use"):
            rows = list(client.list_apportionments(limit=1))
        # One of many is not suspicious.
        assert list(client.list_apportionments(limit=10)) == rows


@pytest.mark.parametrize("times", [1, 2])
def test_the_clients_lists_end_as_the_spec_admits(times: int) -> None:
    operation = next(o for o in spec.api("neu").operations.values() if o.pagination and not o.pagination.next)
    with testing.neu(faults=[faults.none(), faults.none(), *[faults.status(404)] * times]) as client:
        pages = getattr(client, operation.method_name)().pages()
        assert [len(next(pages)), len(next(pages))] == [20, 20]
        with nullcontext() if times == 2 else pytest.raises(PaginationError, match="was answered with 404"):
            assert list(pages) == []
