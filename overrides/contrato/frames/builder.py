"""Arrow tables, built from items as they arrive."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import islice, repeat
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import astuple

from contrato.core.errors import ContratoError
from contrato.core.model import plain
from contrato.core.tables import Table

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    import pyarrow

# Rows of an Arrow batch.
BATCH = 2**12
# Rows that are read together: few enough to stay in the processor's cache, which halves the time.
READ = 2**8

EPOCH = datetime(1970, 1, 1)


class FrameError(ContratoError):
    """A value is valid and fits no column, such as an integer of more than 64 bits.

    Attributes:
        column: Name of the column.
        reason: Why the value does not fit.

    """

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(column, reason)
        self.column = column
        self.reason = reason

    def __str__(self) -> str:
        return f"column {self.column}: {self.reason}"


def drain(items: list[Any]) -> Iterator[Any]:
    """Yield the items of a list in order, and remove them from it."""
    items.reverse()
    while items:
        yield items.pop()


def build(builders: "Sequence[Builder]", items: Iterator[Any]) -> "dict[str, pyarrow.Table]":
    """Build the tables of one method from the items that it returned, by name."""
    # An item with rows inside may hold a year of them: convert it before the next one is fetched.
    size = 1 if builders[0].table.path else BATCH
    while chunk := list(islice(items, size)):
        for builder in builders:
            builder.add((), iter(chunk), builder.table.path)
    return {builder.table.name: builder.finish() for builder in builders}


class Builder:
    """Builds an Arrow table from models or structs, and holds no more than a batch of their values.

    Args:
        table: The table.
        schema: Its Arrow schema.
        zone: Time zone of timestamps without an offset.
        owned: True if nobody else needs the rows. Then those in an item are freed as soon as they are read, while they
            are in the processor's cache, which saves a tenth of the time.

    """

    def __init__(self, table: Table, schema: "pyarrow.Schema", zone: "ZoneInfo", owned: bool) -> None:
        self.table = table
        self._schema = schema
        self._zone = zone
        self._rows_of: Callable[[list[Any]], Iterator[Any]] = drain if owned else iter
        self._batches: list[Any] = []
        self._count = 0
        self._values: list[list[Any]] = [[] for _ in table.columns]

    def add(self, around: tuple[Any, ...], rows: Iterator[Any], path: tuple[str, ...]) -> None:
        """Add rows.

        Args:
            around: The models around the rows, the outermost first.
            rows: The rows, or models around them if there is a path.
            path: Attributes that lead from each of `rows` to the rows of the table.

        Raises:
            FrameError: A value fits no column.

        """
        if path:
            for row in rows:
                self.add((*around, row), self._rows_of(getattr(row, path[0])), path[1:])
            return
        while part := list(islice(rows, READ)):
            known: dict[tuple[str, ...], Sequence[Any]] = {}
            if isinstance(part[0], Struct):
                # All fields of a row at once take a third of the time of one getter after the other.
                paths = zip(part[0].__struct_fields__)
                known = dict(zip(paths, zip(*map(astuple, part), strict=True), strict=True))
            for column, values in zip(self.table.columns, self._values, strict=True):
                if column.depth == len(around):
                    values.extend(known.get(column.path) or map(column.get, part))
                else:
                    values.extend(repeat(column.get(around[column.depth]), len(part)))
            self._count += len(part)
            if self._count >= BATCH:
                self._flush()

    def finish(self) -> "pyarrow.Table":
        """Return the table of all rows that were added."""
        import pyarrow

        self._flush()
        return pyarrow.Table.from_batches(self._batches, self._schema)

    def _flush(self) -> None:
        import pyarrow

        arrays = []
        for field, values in zip(self._schema, self._values, strict=True):
            try:
                if pyarrow.types.is_timestamp(field.type):
                    arrays.append(self._timestamps(values, field.type))
                else:
                    arrays.append(_array(values, field.type))
            except (pyarrow.ArrowInvalid, OverflowError, UnicodeError) as error:
                raise FrameError(field.name, str(error)) from error
            values.clear()
        self._batches.append(pyarrow.record_batch(arrays, schema=self._schema))
        self._count = 0

    def _timestamps(self, values: list[datetime | None], kind: Any) -> Any:
        import pyarrow
        import pyarrow.compute

        try:
            # Arrow converts a timedelta five times as fast as a datetime.
            since = pyarrow.array([value and value - EPOCH for value in values], pyarrow.duration(kind.unit))
            return pyarrow.compute.assume_timezone(since.view(pyarrow.timestamp(kind.unit)), kind.tz)
        except (TypeError, pyarrow.ArrowInvalid):
            # Some have an offset, or are times that clocks skipped or showed twice: let Python convert them, as clients
            # with `aware=True` do.
            pass
        # Frames show local time, which must be in a year that a calendar has.
        zone = self._zone
        return pyarrow.array([v and (v.astimezone(zone) if v.tzinfo else v.replace(tzinfo=zone)) for v in values], kind)


def _array(values: list[Any], kind: Any) -> Any:
    """Return an array; what is no text in a column of text becomes text, as JSON has it."""
    import pyarrow

    try:
        return pyarrow.array(values, kind)
    except pyarrow.ArrowTypeError:
        many = pyarrow.types.is_list(kind)
        return pyarrow.array([_list(value) if many else _text(value) for value in values], kind)


def _list(values: list[Any] | None) -> list[str | None] | None:
    return None if values is None else [_text(value) for value in values]


def _text(value: Any) -> str | None:
    found = plain(value)
    return found if found is None or isinstance(found, str) else json.dumps(found, ensure_ascii=False)
