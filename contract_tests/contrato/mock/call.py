"""What a handler is given, and what it may answer beside JSON."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

BOGOTA = timezone(timedelta(hours=-5))
"""Colombia's time, the same all year. Timestamps without an offset are meant in it."""


@dataclass(frozen=True)
class Call:
    """A request that is valid by the spec.

    `path`, `query` and `body` hold its parameters under the names of the spec, with the spec's
    types and defaults. They stay apart: a name that the spec knows in one place only is unchecked
    input in another.
    """

    operation: Mapping[str, Any]
    path: Mapping[str, Any]
    query: Mapping[str, Any]
    body: Mapping[str, Any]

    def range(self) -> tuple[str, str]:
        """The dates that the request asks for, as ISO text: the first included, the second not.

        A bound that is not given is text that sorts before, or after, every date.
        """
        names = self.operation["x-date-range"]
        start: datetime | None = self.body.get(names["from"])
        stop: datetime | None = self.body.get(names["to"])
        return start.isoformat() if start else "", stop.isoformat() if stop else "~"

    def within(self, items: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """The items whose date is in the range, by the field that the spec says is filtered."""
        start, stop = self.range()
        field = self.operation["x-date-range"]["field"].rpartition("/")[2]
        return [item for item in items if start <= item[field] < stop]

    def page(self) -> int:
        """The number of the page that is asked for, from 1. It may be anything: 0, negative, huge."""
        pagination = self.operation["x-pagination"]
        arguments: Mapping[str, Any] = getattr(self, pagination["in"])
        # JSON Schema counts 2.0 as an integer.
        return int(arguments.get(pagination["page"], 1))


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
