"""Client data as Arrow tables, polars frames and pandas frames.

    from contrato.frames import to_polars

    frame = to_polars(neu.query_consumption, id_account=41, interval="HOURLY", from_=..., to=...)

Pass a method and its arguments; mypy checks them as in a call of the method. All pages are read. Data that is already
there, also from an asynchronous client, is passed with the method that returned it, as `of`: a model, a list of models,
a pager, its pages, or windows.

    to_polars(neu.windows(neu.query_consumption, ...), of=neu.query_consumption)
    to_polars([bill async for bill in client.list_bills()], of=client.list_bills)

Tables are tidy, and derived from the spec. A row is what the operation's range of dates filters (a reading, a bill, an
event of a rule), or else an item of the list; fields of the objects around it are repeated in each row. Columns have
the names of the JSON, and `company_id` is `id` in `company`. Lists of numbers or texts are list columns; lists of
objects in a row are tables of their own, beside the row's id: see `tables`. Timestamps are in the API's time zone:
those without an offset are read as local time there, others are converted. Absent values are null; a response without
rows is a table without rows.

`schema` and `units` describe the columns without sending a request.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, overload

from contrato.core import response
from contrato.frames.builder import Builder, FrameError, build
from contrato.frames.source import Source, needs

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

__all__ = ["FrameError", "schema", "tables", "to_arrow", "to_pandas", "to_polars", "units"]

P = ParamSpec("P")
Method = Callable[..., object]


class _ArrowTable(Protocol):
    """A `pyarrow.Table`, for type checkers that know nothing of pyarrow and would let anything pass."""

    def __arrow_c_stream__(self, requested_schema: object = None, /) -> object: ...


@overload
def tables(method: Callable[P, object], /, *args: P.args, **kwargs: P.kwargs) -> "dict[str, pyarrow.Table]": ...
@overload
def tables(result: object, /, *, of: Method) -> "dict[str, pyarrow.Table]": ...
def tables(source: Any, /, *args: Any, of: Any = None, **kwargs: Any) -> "dict[str, pyarrow.Table]":
    """Return all tables of a method's data, with one request, or one for each page.

    >>> both = tables(neu.list_bills, id_service=282)
    >>> to_polars(both["bills"]).join(to_polars(both["concepts"]), on="id_bill")

    Args:
        source: A method of a client, or data that one returned.
        *args: The method's arguments.
        of: The method that returned the data.
        **kwargs: The method's arguments.

    Returns:
        Arrow tables by name. The first is the one that `to_arrow` returns, named after the operation; the others hold
        the lists of objects in its rows, have the names of these lists, and begin with the row's id.

    Raises:
        ContratoError: As the method.
        FrameError: A value fits no column.
        TypeError: The method is not a client's, or its responses have no body, or it did not return the data.
        ModuleNotFoundError: pyarrow is not installed.

    """
    return _tables(source, of, args, kwargs)


@overload
def to_arrow(method: Callable[P, object], /, *args: P.args, **kwargs: P.kwargs) -> "pyarrow.Table": ...
@overload
def to_arrow(result: object, /, *, of: Method) -> "pyarrow.Table": ...
def to_arrow(source: Any, /, *args: Any, of: Any = None, **kwargs: Any) -> "pyarrow.Table":
    """Return a method's data as an Arrow table, which keeps units and evidence, also when written to Parquet.

    Args:
        source: A method of a client, or data that one returned.
        *args: The method's arguments.
        of: The method that returned the data.
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
    """Return a method's data as a polars frame. A polars frame has no place for units: see `units`.

    Args:
        source: A method of a client, or data that one returned, or one of `tables`.
        *args: The method's arguments.
        of: The method that returned the data.
        **kwargs: The method's arguments.

    Raises:
        ContratoError, TypeError, ModuleNotFoundError: As `tables`.

    """
    with needs("polars"):
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
    """Return a method's data as a pandas frame, with the units of its columns in `attrs["units"]`.

    Args:
        source: A method of a client, or data that one returned, or one of `tables`.
        *args: The method's arguments.
        of: The method that returned the data.
        **kwargs: The method's arguments.

    Raises:
        ContratoError, TypeError, ModuleNotFoundError: As `tables`.

    """
    with needs("pandas"):
        import pandas
        import pyarrow
    table = source if isinstance(source, pyarrow.Table) else to_arrow(source, *args, **_of(of), **kwargs)
    frame: pandas.DataFrame = table.to_pandas()
    frame.attrs["units"] = _units(table.schema)
    return frame


def schema(of: Method, /, table: str | None = None) -> "pyarrow.Schema":
    """Return the schema of one of a method's tables, without a request.

    Args:
        of: A method of a client.
        table: Name of one of its `tables`; None for the first.

    Raises:
        TypeError: The method is not a client's, or its responses have no body.
        ValueError: There is no such table.
        ModuleNotFoundError: pyarrow is not installed.

    """
    source = Source(of)
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


def _tables(
    source: Any, of: Method | None, args: Sequence[Any], kwargs: dict[str, Any], most: int | None = None
) -> "dict[str, pyarrow.Table]":
    if of is None and not callable(source):
        raise TypeError(f"pass a method of a client, or the method that returned this {type(source).__name__} as of=")
    about = Source(source if of is None else of)
    tables, zone = about.tables[:most], about.client.time_zone
    owned = of is None and len(tables) == 1
    builders = [Builder(table, about.schema(table), zone, owned) for table in tables]
    if of is not None:
        return build(builders, about.items(source))
    # Structs are cheaper than models, and nobody sees them.
    with response.structs():
        return build(builders, about.requested(source(*args, **kwargs)))
