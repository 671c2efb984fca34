"""The method whose data a table holds: its tables, their Arrow schemas, and the items in whatever it returned."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints

from contrato.core import response
from contrato.core.pages import Pager
from contrato.core.tables import Table, tables
from contrato.core.windows import Window, operation_of
from contrato.frames.builder import drain

if TYPE_CHECKING:
    import pyarrow


@contextmanager
def needs(extra: str) -> Iterator[None]:
    """Name the extra to install if an import inside the block fails."""
    try:
        yield
    except ModuleNotFoundError as error:
        message = f"{error.name} is not installed: pip install 'contrato[{extra}]'"
        raise ModuleNotFoundError(message, name=error.name) from None


class Source:
    """A method of a client, and the tables of its responses.

    Args:
        method: A method of a client.

    Attributes:
        client: The client.
        tables: The table of rows, then one for each list of objects in them.

    Raises:
        TypeError: The method is not a client's, or its responses have no body.

    """

    def __init__(self, method: Any) -> None:
        self.client, self._operation = operation_of(method)
        self._tables = tables(self._operation)
        self.tables = (self._tables.rows, *self._tables.lists)

    def schema(self, table: Table) -> "pyarrow.Schema":
        """Return the Arrow schema of one of the tables."""
        with needs("arrow"):
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
            # Values of several types are JSON text.
            kind = types.get(column.type, pyarrow.string())
            schema = column.schema.items or column.schema
            if column.type == "string" and schema.format == "date" and not schema.enum:
                kind = pyarrow.date32()
            kind = pyarrow.list_(kind) if column.many else kind
            fields.append(pyarrow.field(column.name, kind, column.nullable, column.schema.metadata))
        # (The client refuses a base URL with user, password or query.)
        about = {"api": self.client.api, "operation": self._operation.id, "base_url": self.client.base_url}
        return pyarrow.schema(fields, about)

    def requested(self, result: Any) -> Iterator[Any]:
        """Yield the items of a result that nobody else needs, and free each one when the next is requested."""
        if isinstance(result, Pager):
            for page in result.pages():
                yield from self._tables.items(page)
        elif hasattr(result, "__await__") or hasattr(result, "__aiter__"):
            yield from self.items(result)
        else:
            items = [*self._tables.items(result)]
            del result
            yield from drain(items)

    def items(self, result: Any) -> Iterator[Any]:
        """Yield the items of a model, page, window, pager, or any nesting of iterables of them.

        Raises:
            TypeError: It holds something that the method does not return.

        """
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
        """The models of a page, None if the method returns no pages, and of an item."""
        page, kind = None, response.returned(self._operation)
        if self._tables.page_items is not None:
            page, kind = kind, get_type_hints(kind)[self._tables.page_items]
        return page, get_args(kind)[0] if get_origin(kind) is list else kind
