"""Rows as a table."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from io import StringIO
from typing import IO, TYPE_CHECKING, Any

import click

from contrato.core.spec import Operation
from contrato.core.tables import Column, tables
from contrato.core.texts import line

# rich takes a while to import: only who prints a table waits for it.
if TYPE_CHECKING:
    from rich.console import Console

# On a terminal; a file or a pipe gets all.
ROWS_SHOWN = 40
WIDEST_CELL = 40


def write(
    stream: IO[bytes],
    operation: Operation,
    answers: Iterator[Any],
    columns: Sequence[Column] | None,
    terminal: bool,
) -> int:
    """Write a table: on a terminal the columns that fit, and hints on stderr, elsewhere all of it.

    Returns the number of rows.
    """
    found = tables(operation)
    count = 0
    shown: list[Sequence[Any]] = []
    for answer in answers:
        for row in found.rows.chains(found.items(answer)):
            count += 1
            if not terminal or count <= ROWS_SHOWN:
                shown.append(row)
    if not shown:
        return 0
    from rich.console import Console

    # In a pipe or a file: plain, and as wide as necessary.
    console = Console() if terminal else Console(file=StringIO(), width=100_000, color_system=None)
    chosen = list(found.columns if columns is None else columns)
    cells = {column.name: _cells(column, shown) for column in chosen}
    if not found.many:
        _print_record(console, chosen, cells)
    else:
        kept = _fitting(operation, chosen, cells, console.width) if terminal and columns is None else chosen
        if terminal:
            _print_rows(console, kept, cells)
        else:
            _write_rows(stream, kept, cells)
        hints = []
        if len(kept) < len(chosen):
            names = ", ".join(column.name for column in chosen if column not in kept)
            hints.append(f"Not shown: {names}; choose with --column.")
        if count > len(shown):
            hints.append(f"{len(shown)} of {count} rows; -o FILE or --format has them all.")
        if terminal and any(column.type == "timestamp" for column in kept):
            hints.append(f"Times are those of {operation.api.time_zone}.")
        for hint in hints:
            click.echo(hint, err=True)
    if isinstance(console.file, StringIO):
        stream.write(console.file.getvalue().encode())
    return count


def _cells(column: Column, rows: Sequence[Sequence[Any]]) -> list[str]:
    """Return the cells of a column, numbers with the same number of decimals."""
    values = [column.value(row) for row in rows]
    if column.many:
        return ["" if value is None else _listed(column, value) for value in values]
    if column.type == "number":
        decimals = max((_decimals(value) for value in values if value is not None), default=0)
        return ["" if value is None else f"{value:.{decimals}f}" for value in values]
    if column.type == "timestamp":
        times = [value for value in values if value is not None]
        midnight = all((time.hour, time.minute, time.second, time.microsecond) == (0, 0, 0, 0) for time in times)
        return ["" if value is None else _time(value, midnight) for value in values]
    return ["" if value is None else _cell(value) for value in values]


def _decimals(value: float) -> int:
    return min(3, len(f"{value:.3f}".rstrip("0").partition(".")[2]))


def _time(value: datetime, midnight: bool) -> str:
    if midnight:
        return value.strftime("%Y-%m-%d")
    return value.strftime("%Y-%m-%d %H:%M:%S" if value.second else "%Y-%m-%d %H:%M")


def _listed(column: Column, values: Sequence[Any]) -> str:
    return f"{len(values)} objects" if column.type == "object" else line(", ".join(map(str, values)))


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return line(str(value))


def _fitting(operation: Operation, columns: Sequence[Column], cells: dict[str, list[str]], width: int) -> list[Column]:
    """Return the columns that fit, in the spec's order: first those that identify a row, then numbers with a unit."""
    from rich.cells import cell_len

    widths = {
        column: min(max(map(cell_len, [column.name, column.schema.unit, *cells[column.name]])), WIDEST_CELL) + 3
        for column in columns
    }
    # Requests can ask for it, so it identifies a row; and so does the date.
    known = {r.pointer.rpartition("/")[2] for parameter in operation.parameters for r in parameter.refers_to}
    if operation.date_range is not None:
        known.add(operation.date_range.field.rpartition("/")[2])

    def order(column: Column) -> int:
        different, rows = len(set(cells[column.name])), len(cells[column.name])
        # In a list of things a long text that seldom repeats is a name, in a list of events it is a message.
        long = widths[column] > WIDEST_CELL and (operation.date_range is not None or different * 2 <= rows)
        if different == 1 < rows or column.many or len(column.path) > 1 or long:
            return 3
        return 0 if column.name in known else 1 if column.schema.unit else 0 if different == rows else 2

    kept: list[Column] = []
    for column in sorted(columns, key=order):
        if not kept or sum(widths[one] for one in [*kept, column]) < width:
            kept.append(column)
    return [column for column in columns if column in kept]


def _print_rows(console: "Console", columns: Sequence[Column], cells: dict[str, list[str]]) -> None:
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    table = Table(box=_box(), header_style="bold")
    for column in columns:
        header = Text(column.name)
        if column.schema.unit:
            header.append(f"\n{column.schema.unit}", "dim")
        table.add_column(
            header,
            justify="right" if column.numeric else "left",
            min_width=cell_len(column.name),
            max_width=WIDEST_CELL,
        )
    for row in zip(*(cells[column.name] for column in columns), strict=True):
        table.add_row(*map(Text, row))
    console.print(table)


def _write_rows(stream: IO[bytes], columns: Sequence[Column], cells: dict[str, list[str]]) -> None:
    """Write all rows as plain text; rich would take minutes for a year of hours."""
    from rich.cells import cell_len, set_cell_size

    padded = []
    for column in columns:
        texts = [column.name, column.schema.unit, *cells[column.name]]
        widths = list(map(cell_len, texts))
        widest = max(widths)
        if column.numeric:
            padded.append([" " * (widest - width) + text for text, width in zip(texts, widths, strict=True)])
        else:
            padded.append([set_cell_size(text, widest) for text in texts])
    for row in zip(*padded, strict=True):
        stream.write("  ".join(row).rstrip().encode() + b"\n")


def _print_record(console: "Console", columns: Sequence[Column], cells: dict[str, list[str]]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=_box(), show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for column in columns:
        (cell,) = cells[column.name]
        table.add_row(Text(column.name), Text(f"{cell} {column.schema.unit}".rstrip()))
    console.print(table)


def _box() -> Any:
    from rich import box

    return box.SIMPLE_HEAD
