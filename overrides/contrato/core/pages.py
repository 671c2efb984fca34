"""Iterate over the pages of a list, or over the items of all pages."""

import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Generic, NoReturn, TypeVar

from contrato.core.document import is_json
from contrato.core.errors import PaginationError, ResponseError

Item = TypeVar("Item")
Page = TypeVar("Page")

# Page of a request without a page parameter; a test compares it with the defaults of the specs.
FIRST = 1
# Ends lists that grow while they are read: their counters are right.
MOST = 10_000
# Items of a page, below which reading every page takes suspiciously many requests.
FEW = 5
# Statuses other than 404 that may refuse a page because it does not exist. Others have other reasons.
REFUSED = (400, 410, 416, 422)


class _Pages:
    """Rules of a list of pages, shared by both pagers."""

    _all = "list(…)"

    def __init__(
        self, pagination: Mapping[str, Any], start: int | None, name: str = "", limit: tuple[str, Any] = ("", None)
    ) -> None:
        self._pagination = pagination
        self._start = start
        self._name = name
        self._limit = limit

    def __repr__(self) -> str:
        of = f" of {self._name}" if self._name else ""
        return f"<{type(self).__name__}{of} from page {FIRST if self._start is None else self._start}>"

    def __len__(self) -> NoReturn:
        raise TypeError(f"{self!r} has no length before its pages are read: {self._all} is a list of all items")

    def __bool__(self) -> bool:
        return True

    def __getitem__(self, index: Any) -> NoReturn:
        raise TypeError(f"{self!r} has no index: first(n) has the first items, {self._all} is a list of all")

    def _items(self, page: Any) -> Sequence[Any]:
        items: Sequence[Any] = getattr(page, self._pagination["items"]) if "items" in self._pagination else page
        return items

    def _admits(self, reading: str) -> bool:
        """True if the list does not tell its end, and this may be the answer to a page after the last."""
        return reading in self._pagination.get("after_last", ()) and not self._pagination.keys() & {"next", "total"}

    def _is_end(self, number: int | None, error: ResponseError) -> bool:
        """True if an error may mean that the page does not exist: a gateway's error has a body of another kind."""
        follows = number is not None and number > (self._start or FIRST)
        admitted = self._admits(str(error.status)) or (error.status in REFUSED and self._admits("refused"))
        own = error.body in (None, "") or is_json(error.headers.get("Content-Type", ""))
        return follows and admitted and own

    def _walk(self) -> Generator[Any, Any, None]:
        """Yield the number of a page, receive the page, yield a list of the pages to return; repeat until the end."""

        def counter(name: str) -> int | None:
            value: int | None = getattr(page, self._pagination[name]) if name in self._pagination else None
            return value

        asked = self._start
        total: int | None = None
        # Numbers of pages by their hash. The pages themselves belong to the caller, who may change or free them.
        known: dict[object, int] = {}
        seen = number = 0
        # Items of a page, as it says, or as the first one has.
        full = size = pages = 0
        # A page that is refused or not there, or the one before again, may be a fault on the way.
        # The next one has to be so too.
        doubt = ""
        claim: object = None
        for count in range(MOST):
            if count == 1 and self._limit[1] is not None and self._limit[1] < FEW:
                warnings.warn(
                    f"{self._limit[0]}={self._limit[1]} is the size of a page, and {self!r} reads every page: use "
                    f"first(n) for the first items, or leave {self._limit[0]} out",
                    stacklevel=3,
                )
            page = yield asked
            before, number = number, FIRST if asked is None else asked
            refused = isinstance(page, ResponseError)
            items = () if page is None or refused else self._items(page)
            seal: object = None if page is None else "refused" if refused else hash(repr(items))
            if doubt and seal != claim:
                raise PaginationError(f"page {before} {doubt}, but page {number} does not end it: rows may be missing")
            if doubt:
                yield []
                if refused or page is None:
                    # The fault may last: then the last page that was answered is refused by now, too.
                    good = number - 2
                    again = yield good
                    if again is None or isinstance(again, ResponseError):
                        raise PaginationError(
                            f"page {before} {doubt}, but so is page {good} by now ({_status(again)}): "
                            "rows may be missing"
                        )
                    yield []
                break
            if page is None and (count == 0 or self._pagination.keys() & {"next", "total"}):
                yield []
                break
            if refused or page is None:
                doubt, claim = f"was answered with {_status(page)}, as if the list had ended", seal
                yield []
                asked = number + 1
                continue
            current, following, last = counter("current"), counter("next"), counter("last")
            # The newest answer counts: a list may change while it is read.
            total = counter("total")
            # A list whose pages do not name the next one ends at the first empty page.
            if not items and "next" not in self._pagination:
                yield []
                break
            if current is not None and current != number:
                raise PaginationError(f"asked for page {number}, the server answered page {current}")
            earlier = known.setdefault(seal, number)
            # Some servers repeat the last page. Repeating the first one may mean that the number is ignored.
            if earlier == before > (self._start or FIRST) and self._admits("last"):
                doubt, claim = f"repeats page {earlier}, as if the list had ended", seal
                yield []
                asked = number + 1
                continue
            # All empty pages are alike.
            if earlier < number and (items or earlier == before):
                raise PaginationError(
                    f"page {number} repeats page {earlier}: the list never ends, or the server ignores the page number"
                )
            size = getattr(page, self._pagination["size"]) if isinstance(self._pagination.get("size"), str) else 0
            up_to = (number - FIRST) * size + len(items)
            if total is not None and up_to > total:
                raise PaginationError(f"page {number} ends with item {up_to}, and the total is {total}")
            full = size or full or len(items)
            seen += len(items)
            pages += 1
            yield [page]
            # Some servers name page 0 or the last page if there is no next page.
            if following == 0 or following == number == last:
                following = None
            if "next" not in self._pagination:
                if total is not None and seen >= total:
                    return
                following = number + 1
            elif following is None:
                if last is not None and number < last:
                    raise PaginationError(f"page {number} names no next page, and page {last} as the last")
                break
            elif following <= number or (last is not None and following > last):
                end = "" if last is None else f" and page {last} as the last"
                raise PaginationError(f"page {number} names page {following} as the next{end}: the list never ends")
            asked = following
        else:
            raise PaginationError(f"more than {MOST} pages: continue from page {asked}, or ask for less at a time")
        skipped = ((self._start or FIRST) - FIRST) * full
        # From a later page, a list may have nothing, or only its last page, which need not be full.
        is_known = self._start in (None, FIRST) or (seen > 0 and (size > 0 or pages > 1))
        if total is not None and is_known and skipped + seen < total:
            raise PaginationError(f"the pages end with page {number}, after {skipped + seen} of {total} items")


def _status(page: ResponseError | None) -> int:
    """The status of a refusal, or of an answer without a page."""
    return 204 if page is None else page.status


class Pager(_Pages, Generic[Item, Page]):
    """Iterable over the items of a list that the server returns page by page.

    Requests are sent during iteration, each page when it is needed. Every iteration starts again.

    Args:
        fetch: Function that requests the page with a number, or the first one for None; it returns None for no page.
        pagination: Attributes of a page by their role: `items` (absent: the page is the list), `next`, `last`, `total`,
            `current`, `size`; and `after_last`, the admissible readings of the question with this name.
        start: Number of the first page; None leaves it to the server.
        name: Name for `repr`.
        limit: Name and value of the argument with the size of a page.

    Raises:
        PaginationError: While iterating: the pages do not end, repeat, are not the requested ones, or contradict their
            counters.

    """

    def __init__(
        self,
        fetch: Callable[[int | None], Page | None],
        pagination: Mapping[str, Any],
        start: int | None = None,
        name: str = "",
        limit: tuple[str, Any] = ("", None),
    ) -> None:
        super().__init__(pagination, start, name, limit)
        self._fetch = fetch

    def pages(self) -> Iterator[Page]:
        """Iterate over the pages, with their counters."""
        walk = self._walk()
        for number in walk:
            page: Any
            try:
                page = self._fetch(number)
            except ResponseError as error:
                if not self._is_end(number, error):
                    raise
                page = error
            yield from walk.send(page)

    def __iter__(self) -> Iterator[Item]:
        for page in self.pages():
            yield from self._items(page)

    def __next__(self) -> NoReturn:
        raise TypeError(f"{self!r} is not an iterator: first(1) has the first item, next(iter(…)) starts an iteration")

    def first(self, count: int) -> list[Item]:
        """Return the first items, at most so many. No more pages are requested than they take."""
        return list(islice(self, count))


class AsyncPager(_Pages, Generic[Item, Page]):
    """Like `Pager`, for `async for`. A method that returns one is not awaited.

    Args:
        fetch: Coroutine function, otherwise as for `Pager`.
        pagination: As for `Pager`.
        start: As for `Pager`.
        name: As for `Pager`.
        limit: As for `Pager`.

    Raises:
        PaginationError: As for `Pager`.

    """

    _all = "[item async for item in …]"

    def __init__(
        self,
        fetch: Callable[[int | None], Awaitable[Page | None]],
        pagination: Mapping[str, Any],
        start: int | None = None,
        name: str = "",
        limit: tuple[str, Any] = ("", None),
    ) -> None:
        super().__init__(pagination, start, name, limit)
        self._fetch = fetch

    async def pages(self) -> AsyncIterator[Page]:
        """Iterate over the pages, with their counters."""
        walk = self._walk()
        for number in walk:
            fetched: Any
            try:
                fetched = await self._fetch(number)
            except ResponseError as error:
                if not self._is_end(number, error):
                    raise
                fetched = error
            for page in walk.send(fetched):
                yield page

    async def __aiter__(self) -> AsyncIterator[Item]:
        async for page in self.pages():
            for item in self._items(page):
                yield item

    def __anext__(self) -> NoReturn:
        raise TypeError(f"{self!r} is no iterator: await first(1) has the first item, aiter(…) starts an iteration")

    def __await__(self) -> NoReturn:
        raise TypeError(f"{self!r} is not awaited: use `async for`, {self._all}, or await its first(n)")

    async def first(self, count: int) -> list[Item]:
        """Like `Pager.first`."""
        found: list[Item] = []
        if count > 0:
            async for item in self:
                found.append(item)
                if len(found) == count:
                    break
        return found
