"""The call that a handler gets, and answers other than JSON."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cached_property
from typing import Any

from contrato.core.extensions import DateRange, Pagination
from contrato.core.spec import Operation

BOGOTA = timezone(timedelta(hours=-5))
"""Colombia's time, the same all year. Timestamps without an offset are in it."""


@dataclass(frozen=True)
class Call:
    """A request that is valid by the spec.

    Attributes:
        operation: The operation that is called.
        placed: Its arguments by `Parameter.key`, with the spec's types and defaults. What the spec does not know, or
            knows in another place of the request, is not among them.

    """

    operation: Operation
    placed: Mapping[tuple[str, str], Any]

    @cached_property
    def arguments(self) -> Mapping[str, Any]:
        """The arguments by the names that the spec has for them."""
        return {self.operation.keys[key].known_name: value for key, value in self.placed.items()}

    def __getitem__(self, name: str) -> Any:
        """Return an argument that is required or has a default."""
        return self.arguments[name]

    def get(self, name: str) -> Any:
        """Return an argument, or None when the request does not have it."""
        return self.arguments.get(name)

    @property
    def _dates(self) -> DateRange:
        assert self.operation.date_range is not None, f"{self.operation.id} has no range of dates"
        return self.operation.date_range

    @property
    def _pagination(self) -> Pagination:
        assert self.operation.pagination is not None, f"{self.operation.id} has no pages"
        return self.operation.pagination

    def range(self) -> tuple[str, str]:
        """The dates that the request asks for, as ISO text: the first included, the second not.

        A bound that is not given is text that sorts before, or after, every date.
        """
        start: datetime | None = self.get(self._dates.start)
        stop: datetime | None = self.get(self._dates.end)
        return start.isoformat() if start else "", stop.isoformat() if stop else "~"

    def within(self, items: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """The items whose date is in the range, by the field that the spec says is filtered."""
        start, stop = self.range()
        field = self._dates.field.rpartition("/")[2]
        return [item for item in items if start <= item[field] < stop]

    def page(self) -> int:
        """The number of the page that is asked for, from 1. It may be anything: 0, negative, huge."""
        # JSON Schema counts 2.0 as an integer.
        return int(self.arguments.get(self._pagination.page, 1))

    def size(self) -> int:
        """The number of items on a page: what is asked for where the spec lets a request choose, else the spec's."""
        limit, size = self._pagination.limit, self._pagination.size
        return int(self.arguments[limit] if limit is not None else size or 0)

    def envelope(self, **parts: Any) -> Any:
        """Make the answer of one page.

        Args:
            parts: What the page has, by attributes of `Pagination`. Those that the spec does not name are left out;
                where it names no field for the items, they are the answer.

        """
        if self._pagination.items is None:
            return parts["items"]
        named = {getattr(self._pagination, part): value for part, value in parts.items()}
        return {name: value for name, value in named.items() if name is not None}


class RefusedError(Exception):
    """A request that fits the spec and breaks a rule that the spec cannot state.

    Args:
        fields: for each refused field, the messages that say why.

    """

    def __init__(self, fields: dict[str, list[str]]) -> None:
        super().__init__(fields)
        self.fields = fields


@dataclass(frozen=True)
class Encoded:
    """An answer that is JSON text already, made and sent piece by piece because the whole may be long."""

    pieces: Iterable[bytes]


def local_time(value: str) -> datetime:
    """Read a timestamp as Bogotá time, without its offset.

    Raises:
        ValueError: the calendar has no such time.

    """
    moment = datetime.fromisoformat(value)
    try:
        return moment.astimezone(BOGOTA).replace(tzinfo=None) if moment.tzinfo else moment
    except OverflowError:  # year 1 or 9999, where five hours lead out of the calendar
        return moment.replace(tzinfo=None)
