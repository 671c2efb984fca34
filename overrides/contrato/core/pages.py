"""Iterate over the pages of a list, or over the items of all of them."""

from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar

from contrato.core.errors import PaginationError

Item = TypeVar("Item")
Page = TypeVar("Page")

# What an absent page parameter means; a test holds it against the specs' defaults.
FIRST = 1
# The way out of a list that grows while it is read: no counter gives such a server away.
MOST = 10_000


class _Pages:
    """What a pager is made of, whether it waits or not."""

    def __init__(self, pagination: Mapping[str, Any], start: int | None) -> None:
        self._pagination = pagination
        self._start = start

    def __repr__(self) -> str:
        return f"<{type(self).__name__} from page {FIRST if self._start is None else self._start}>"

    def _items(self, page: Any) -> Sequence[Any]:
        items: Sequence[Any] = getattr(page, self._pagination["items"]) if "items" in self._pagination else page
        return items

    def _walk(self) -> Generator[Any, Any, None]:
        """Yield the number of a page; when sent the page, yield what to hand on of it, a list; and so on to the end."""

        def counter(name: str) -> int | None:
            value: int | None = getattr(page, self._pagination[name]) if name in self._pagination else None
            return value

        asked = self._start
        before: Sequence[Any] | None = None
        seen = 0
        for _ in range(MOST):
            page = yield asked
            number = FIRST if asked is None else asked
            items = [] if page is None else self._items(page)
            # A list that does not name its next page is over at the first empty one.
            if page is None or (not items and "next" not in self._pagination):
                yield []
                return
            current, following = counter("current"), counter("next")
            total, last = counter("total"), counter("last")
            if current is not None and current != number:
                raise PaginationError(f"asked for page {number}, the server answered page {current}")
            if items == before:
                raise PaginationError(
                    f"page {number} is the page before it again: the list never ends, or the page number is ignored"
                )
            # A copy, because a page is the caller's to change.
            before = list(items)
            seen += len(items)
            yield [page]
            if "next" not in self._pagination:
                if total is not None and seen >= total:
                    return
                following = number + 1
            elif following is None:
                return
            elif following <= number or (last is not None and following > last):
                end = "" if last is None else f" and page {last} as the last"
                raise PaginationError(f"page {number} names page {following} as the next{end}: the list never ends")
            asked = following
        raise PaginationError(f"more than {MOST} pages: go on from page {asked}, or ask for less at a time")


class Pager(_Pages, Generic[Item, Page]):
    """The items of a list that the server hands out page by page.

    Requests nothing until it is iterated over, and then a page when it is needed. Every iteration starts anew.

    Args:
        fetch: Requests the page of one number, or the first one for None; None for no page.
        pagination: Attributes of a page that hold its `items` (absent: the page is the list), `next`, `last`, `total`,
            `current`.
        start: Number of the page to begin with; None leaves it to the server.

    Raises:
        PaginationError: While iterating: the pages do not end, or are not those that were asked for.

    """

    def __init__(
        self, fetch: Callable[[int | None], Page | None], pagination: Mapping[str, Any], start: int | None = None
    ) -> None:
        super().__init__(pagination, start)
        self._fetch = fetch

    def pages(self) -> Iterator[Page]:
        """Iterate over the pages, with what they tell beside their items."""
        walk = self._walk()
        for number in walk:
            yield from walk.send(self._fetch(number))

    def __iter__(self) -> Iterator[Item]:
        for page in self.pages():
            yield from self._items(page)


class AsyncPager(_Pages, Generic[Item, Page]):
    """What `Pager` is, for `async for`; a method that returns one is not awaited.

    Args:
        fetch: Requests the page of one number, or the first one for None; None for no page.
        pagination: As for `Pager`.
        start: Number of the page to begin with; None leaves it to the server.

    Raises:
        PaginationError: While iterating: the pages do not end, or are not those that were asked for.

    """

    def __init__(
        self,
        fetch: Callable[[int | None], Awaitable[Page | None]],
        pagination: Mapping[str, Any],
        start: int | None = None,
    ) -> None:
        super().__init__(pagination, start)
        self._fetch = fetch

    async def pages(self) -> AsyncIterator[Page]:
        """Iterate over the pages, with what they tell beside their items."""
        walk = self._walk()
        for number in walk:
            for page in walk.send(await self._fetch(number)):
                yield page

    async def __aiter__(self) -> AsyncIterator[Item]:
        async for page in self.pages():
            for item in self._items(page):
                yield item
