"""Data frames of what the clients' methods return: Arrow, polars, pandas.

    from contrato.frames import to_polars

    frame = to_polars(neu.query_consumption, id_account=41, interval="HOURLY", from_=..., to=...)

A method comes first and its arguments after it, checked by mypy as if the method were called; all pages are read. What
is fetched already is passed with the method that it is `of`: a model, a list of them, a pager, its pages, windows; what
an asynchronous client gave, too.

    to_polars(neu.windows(neu.query_consumption, ...), of=neu.query_consumption)
    to_polars([bill async for bill in client.list_bills()], of=client.list_bills)

Tables are tidy, and derived from the spec: a row is what the operation's range of dates filters (a reading, a bill, an
event of a rule), else an item of the list. What stands around a row is repeated in it. Columns have the wire's names,
and `company_id` is `id` in `company`. Lists of numbers or texts are list columns; lists of objects in a row are tables
of their own, beside the row's id: see `tables`. Timestamps are moments in the API's time zone: those without an offset
are meant in it, others are converted. Absent values are null; an answer without rows is a table without rows.

`schema` and `units` say what comes, without a request.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from itertools import islice, repeat
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, get_args, get_origin, get_type_hints, overload

from msgspec import Struct
from msgspec.structs import astuple

from contrato.core import response
from contrato.core.errors import ContratoError
from contrato.core.pages import Pager
from contrato.core.tables import Table
from contrato.core.tables import tables as tables_of
from contrato.core.windows import Window, operation_of

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    import pandas
    import polars
    import pyarrow

__all__ = ["FrameError", "schema", "tables", "to_arrow", "to_pandas", "to_polars", "units"]

P = ParamSpec("P")
Method = Callable[..., object]


class _ArrowTable(Protocol):
    """A `pyarrow.Table`, for type checkers that know nothing of pyarrow and would let anything pass."""

    def __arrow_c_stream__(self, requested_schema: object = None, /) -> object: ...


# Rows that become an Arrow batch together.
BATCH = 2**12
# Rows that are read together: few enough to stay in the processor's cache, which halves the time.
READ = 2**7

EPOCH = datetime(1970, 1, 1)


class FrameError(ContratoError):
    """A value that the contract admits, and that no column can hold, such as an integer of more than 64 bits.

    Attributes:
        column: Name of the column.
        reason: What does not fit.

    """

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(column, reason)
        self.column = column
        self.reason = reason

    def __str__(self) -> str:
        return f"column {self.column}: {self.reason}"


@overload
def tables(method: Callable[P, object], /, *args: P.args, **kwargs: P.kwargs) -> "dict[str, pyarrow.Table]": ...
@overload
def tables(result: object, /, *, of: Method) -> "dict[str, pyarrow.Table]": ...
def tables(source: Any, /, *args: Any, of: Any = None, **kwargs: Any) -> "dict[str, pyarrow.Table]":
    """Return all tables of what a method returns, with one request, or one for each page.

    >>> both = tables(neu.list_bills, id_service=282)
    >>> to_polars(both["bills"]).join(to_polars(both["concepts"]), on="id_bill")

    Args:
        source: A method of a client, or what one returned.
        *args: The method's arguments.
        of: The method that returned it.
        **kwargs: The method's arguments.

    Returns:
        Arrow tables by name. The first is what `to_arrow` returns, named after the operation; the others hold the lists
        of objects within its rows, named like them, and begin with the row's id.

    Raises:
        ContratoError: As the method.
        FrameError: A value that no column can hold.
        TypeError: The method is not a client's, or answers with no body, or the result is not its own.
        ModuleNotFoundError: pyarrow is not installed.

    """
    return _tables(source, of, args, kwargs)


@overload
def to_arrow(method: Callable[P, object], /, *args: P.args, **kwargs: P.kwargs) -> "pyarrow.Table": ...
@overload
def to_arrow(result: object, /, *, of: Method) -> "pyarrow.Table": ...
def to_arrow(source: Any, /, *args: Any, of: Any = None, **kwargs: Any) -> "pyarrow.Table":
    """Return what a method returns as an Arrow table, which keeps units and evidence, also when written to Parquet.

    Args:
        source: A method of a client, or what one returned.
        *args: The method's arguments.
        of: The method that returned it.
        **kwargs: The method's arguments.

    Returns:
        The first of `tables`. The metadata of a field has `evidence`, and `unit` where the spec has one; that of the
        schema has `api`, `operation` and `base_url`.

    Raises:
        ContratoError, TypeError, ModuleNotFoundError: As `tables`.

    """
    return next(iter(_tables(source, of, args, kwargs, most=1).values()))


@overload
def to_polars(table: _ArrowTable, /) -> "polars.DataFrame": ...
@overload
def to_polars(method: Callable[P, object], /, *args: P.args, **kwargs: P.kwargs) -> "polars.DataFrame": ...
@overload
def to_polars(result: object, /, *, of: Method) -> "polars.DataFrame": ...
def to_polars(source: Any, /, *args: Any, of: Any = None, **kwargs: Any) -> "polars.DataFrame":
    """Return what a method returns as a polars frame. It has no place for units: ask `units`.

    Args:
        source: A method of a client, or what one returned, or one of `tables`.
        *args: The method's arguments.
        of: The method that returned it.
        **kwargs: The method's arguments.

    Raises:
        ContratoError, TypeError, ModuleNotFoundError: As `tables`.

    """
    with _needs("polars"):
        import polars
        import pyarrow
    table = source if isinstance(source, pyarrow.Table) else to_arrow(source, *args, **_of(of), **kwargs)
    frame = polars.from_arrow(table)
    assert isinstance(frame, polars.DataFrame)
    return frame


@overload
def to_pandas(table: _ArrowTable, /) -> "pandas.DataFrame": ...
@overload
def to_pandas(method: Callable[P, object], /, *args: P.args, **kwargs: P.kwargs) -> "pandas.DataFrame": ...
@overload
def to_pandas(result: object, /, *, of: Method) -> "pandas.DataFrame": ...
def to_pandas(source: Any, /, *args: Any, of: Any = None, **kwargs: Any) -> "pandas.DataFrame":
    """Return what a method returns as a pandas frame, with the units of its columns in `attrs["units"]`.

    Args:
        source: A method of a client, or what one returned, or one of `tables`.
        *args: The method's arguments.
        of: The method that returned it.
        **kwargs: The method's arguments.

    Raises:
        ContratoError, TypeError, ModuleNotFoundError: As `tables`.

    """
    with _needs("pandas"):
        import pandas
        import pyarrow
    table = source if isinstance(source, pyarrow.Table) else to_arrow(source, *args, **_of(of), **kwargs)
    frame: pandas.DataFrame = table.to_pandas()
    frame.attrs["units"] = _units(table.schema)
    return frame


def schema(of: Method, /, table: str | None = None) -> "pyarrow.Schema":
    """Return the schema of a table of a method, without a request.

    Args:
        of: A method of a client.
        table: Name of one of its `tables`; None for the first.

    Raises:
        TypeError: The method is not a client's, or answers with no body.
        ValueError: There is no such table.
        ModuleNotFoundError: pyarrow is not installed.

    """
    source = _Source(of)
    found = {candidate.name: candidate for candidate in source.tables}
    if table is not None and table not in found:
        raise ValueError(f"no table {table!r}: choose from {', '.join(found)}")
    return source.schema(source.tables[0] if table is None else found[table])


def units(of: Method, /, table: str | None = None) -> dict[str, str]:
    """Return the units of the columns that have one, without a request: `{"cons": "kWh", …}`.

    Args:
        of: A method of a client.
        table: Name of one of its `tables`; None for the first.

    Raises:
        TypeError, ValueError, ModuleNotFoundError: As `schema`.

    """
    return _units(schema(of, table))


def _units(schema: Any) -> dict[str, str]:
    return {f.name: f.metadata[b"unit"].decode() for f in schema if f.metadata and b"unit" in f.metadata}


def _of(of: Method | None) -> dict[str, Any]:
    return {} if of is None else {"of": of}


@contextmanager
def _needs(extra: str) -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        message = f"{error.name} is not installed: pip install 'contrato[{extra}]'"
        raise ModuleNotFoundError(message, name=error.name) from None


def _tables(
    source: Any, of: Method | None, args: Sequence[Any], kwargs: dict[str, Any], most: int | None = None
) -> "dict[str, pyarrow.Table]":
    if of is None and not callable(source):
        raise TypeError(
            f"pass a method of a client, or say whose result it is with of=: {type(source).__name__} does not tell"
        )
    about = _Source(source if of is None else of)
    builders = [_Builder(table, about.schema(table), about.client.time_zone) for table in about.tables[:most]]
    if of is not None:
        return _filled(builders, about.items(source))
    # Nobody sees the models, so cheaper structs do.
    with response.structs():
        return _filled(builders, about.requested(source(*args, **kwargs)))


def _filled(builders: "list[_Builder]", items: Iterator[Any]) -> "dict[str, pyarrow.Table]":
    # An item that has rows inside may have a year of them: none waits for another.
    size = 1 if builders[0].table.path else BATCH
    while chunk := list(islice(items, size)):
        for builder in builders:
            builder.add((), chunk, builder.table.path)
    return {builder.table.name: builder.finish() for builder in builders}


class _Source:
    """A method of a client, and the tables of its answers.

    Attributes:
        tables: The table of rows, then those of the lists in them.

    """

    def __init__(self, method: Any) -> None:
        self.client, self._operation = operation_of(method)
        self._tables = tables_of(self._operation)
        self.tables = (self._tables.rows, *self._tables.lists)

    def schema(self, table: Table) -> Any:
        with _needs("arrow"):
            import pyarrow
        types = {
            "integer": pyarrow.int64(),
            "number": pyarrow.float64(),
            "boolean": pyarrow.bool_(),
            "string": pyarrow.string(),
            "timestamp": pyarrow.timestamp("us", self.client.time_zone.key),
        }
        fields = []
        for column in table.columns:
            kind = pyarrow.list_(types[column.type]) if column.many else types[column.type]
            fields.append(pyarrow.field(column.name, kind, column.nullable, column.schema.metadata))
        # (The client refuses a base URL with user, password or query.)
        about = {"api": self.client.api, "operation": self._operation.id, "base_url": self.client.base_url}
        return pyarrow.schema(fields, about)

    def requested(self, result: Any) -> Iterator[Any]:
        """Yield the items of what the method has just returned."""
        if isinstance(result, Pager):
            for page in result.pages():
                yield from self._tables.items(page)
        elif hasattr(result, "__await__") or hasattr(result, "__aiter__"):
            yield from self.items(result)
        else:
            rest = [*reversed(self._tables.items(result))]
            # What has become columns is not kept beside them.
            del result
            while rest:
                yield rest.pop()

    def items(self, result: Any) -> Iterator[Any]:
        """Yield the items of whatever holds them."""
        page, item = self._types
        if isinstance(result, item):
            yield result
        elif page is not None and isinstance(result, page):
            yield from self._tables.items(result)
        elif isinstance(result, Window):
            yield from self.items(result.data)
        elif isinstance(result, Iterable) and not isinstance(result, str | bytes | dict):
            for part in result:
                yield from self.items(part)
        elif result is not None:
            name = self._operation.method_name
            if hasattr(result, "__await__") or hasattr(result, "__aiter__"):
                if hasattr(result, "close"):
                    result.close()
                raise TypeError(
                    f"{name} is asynchronous: await it, or collect it with `[… async for …]`, "
                    f"and pass the result with of=client.{name}"
                )
            raise TypeError(f"{name} returns {item.__name__}, not {type(result).__name__}")

    @cached_property
    def _types(self) -> tuple[Any, Any]:
        """The models of a page, None without one, and of an item."""
        page, kind = None, response.returned(self._operation)
        if self._tables.page_items is not None:
            page, kind = kind, get_type_hints(kind)[self._tables.page_items]
        return page, get_args(kind)[0] if get_origin(kind) is list else kind


class _Builder:
    """Makes an Arrow table of rows as they come, and holds no more of them than a batch."""

    def __init__(self, table: Table, schema: Any, zone: "ZoneInfo") -> None:
        self.table = table
        self._schema = schema
        self._zone = zone
        self._batches: list[Any] = []
        self._count = 0
        self._values: list[list[Any]] = [[] for _ in table.columns]

    def add(self, around: tuple[Any, ...], rows: Sequence[Any], path: tuple[str, ...]) -> None:
        """Add rows, or, as `path` tells, what is in them."""
        if path:
            for row in rows:
                self.add((*around, row), getattr(row, path[0]), path[1:])
            return
        for start in range(0, len(rows), READ):
            part = rows[start : start + READ]
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

    def finish(self) -> Any:
        import pyarrow

        self._flush()
        return pyarrow.Table.from_batches(self._batches, self._schema)

    def _flush(self) -> None:
        import pyarrow

        arrays = []
        for field, values in zip(self._schema, self._values, strict=True):
            try:
                if pyarrow.types.is_timestamp(field.type):
                    arrays.append(self._moments(values, field.type))
                else:
                    arrays.append(pyarrow.array(values, field.type))
            except (pyarrow.ArrowInvalid, OverflowError, UnicodeError) as error:
                raise FrameError(field.name, str(error)) from error
            values.clear()
        self._batches.append(pyarrow.record_batch(arrays, schema=self._schema))
        self._count = 0

    def _moments(self, values: list[datetime | None], kind: Any) -> Any:
        import pyarrow
        import pyarrow.compute

        try:
            # Arrow converts a timedelta five times as fast as a datetime.
            since = pyarrow.array([value and value - EPOCH for value in values], pyarrow.duration(kind.unit))
            return pyarrow.compute.assume_timezone(since.view(pyarrow.timestamp(kind.unit)), kind.tz)
        except (TypeError, pyarrow.ArrowInvalid):
            # A moment with an offset, or a time that clocks skipped or showed twice: leave it to Python, as clients
            # with `aware=True` do.
            pass
        # Frames show local time, which must be in a year that a calendar has.
        zone = self._zone
        return pyarrow.array([v and (v.astimezone(zone) if v.tzinfo else v.replace(tzinfo=zone)) for v in values], kind)
