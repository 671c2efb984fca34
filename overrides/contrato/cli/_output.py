"""Where rows go: a table, JSON, JSON Lines, CSV or Parquet, to a terminal, a pipe or a file."""

import json
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from contrato.cli._errors import FailureError, Refusal, is_harmless, line
from contrato.cli._operations import keys, record
from contrato.core.model import plain
from contrato.core.spec import Operation
from contrato.core.tables import Column, tables

if TYPE_CHECKING:
    from rich.console import Console

FORMATS = ("table", "json", "jsonl", "csv", "parquet")
ENDINGS = {".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".parquet": "parquet"}
# On a terminal; a file or a pipe gets all.
ROWS_SHOWN = 40
WIDEST_CELL = 40
# Where columns must give way, wider ones go first.
LONG_TEXT = 24
# Text that a spreadsheet takes for a formula, as OWASP lists it, and text that is a number.
FORMULA = re.compile(r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20].", re.DOTALL)
NUMBER = re.compile(r"[+-]?\d+([.,]\d+)*")
# Rows of Parquet that are held in memory.
ROW_GROUP = 2**16


def choose_format(name: str | None, output: str | None) -> str:
    """Return the format: the one asked for, else by the file's ending, else a table on a terminal and JSON in a pipe.

    Raises:
        Refusal: The file's ending says nothing, or another format, or Parquet would go to a terminal.

    """
    to_stdout = output in (None, "-")
    terminal = to_stdout and sys.stdout.isatty()
    meant = None if to_stdout else ENDINGS.get(Path(str(output)).suffix.lower())
    if name is not None and meant not in (None, name):
        raise Refusal(f"--format {name} does not go with the name of {output}: rename it, or leave --format out")
    if name is None and not to_stdout:
        name = meant
        if name is None:
            raise Refusal(f"{output} ends in none of {', '.join(ENDINGS)}: rename it, or pass --format")
    name = name or ("table" if terminal else "json")
    if name == "parquet" and terminal:
        raise Refusal("Parquet is no text for a terminal: pass -o FILE.parquet")
    return name


@contextmanager
def destination(output: str | None) -> Iterator[IO[bytes]]:
    """Open a file that appears under its name only when all went well, or standard output.

    Raises:
        Refusal: The file cannot be written.

    """
    if output is None or output == "-":
        stdout: IO[bytes] = sys.stdout.buffer
        yield stdout
        stdout.flush()
        return
    # What a link leads to is replaced, not the link.
    path = Path(output).resolve()
    try:
        if path.exists() and not path.is_file():
            # A device or a named pipe: there is nothing to replace.
            with path.open("wb") as stream:
                yield stream
            return
        partial = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            with partial.open("xb") as stream:
                yield stream
            if path.exists():
                shutil.copymode(path, partial)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise Refusal(f"cannot write {output}: {error.strerror or error}") from error


def write_json(
    stream: IO[bytes], operation: Operation, answers: Iterator[Any], columns: Sequence[Column] | None, terminal: bool
) -> int:
    """Write one object, or an array with a row on each line. Returns the number of rows."""
    found = tables(operation)
    count = 0
    for answer in answers:
        for row in found.rows.chains(found.items(answer)):
            data = _record(operation, row, columns)
            if found.many:
                stream.write((b",\n" if count else b"[\n") + _json(data, terminal))
            else:
                stream.write(_json(data, terminal, indent=2))
            count += 1
        # So that a reader at the other end of a pipe sees what is there.
        stream.flush()
    if found.many:
        stream.write(b"\n]" if count else b"[]")
    if count or found.many:
        stream.write(b"\n")
    return count


def write_jsonl(
    stream: IO[bytes], operation: Operation, answers: Iterator[Any], columns: Sequence[Column] | None, terminal: bool
) -> int:
    """Write a JSON object per line. Returns the number of rows."""
    found = tables(operation)
    count = 0
    for answer in answers:
        for row in found.rows.chains(found.items(answer)):
            stream.write(_json(_record(operation, row, columns), terminal) + b"\n")
            count += 1
        stream.flush()
    return count


def _json(data: dict[str, Any], terminal: bool, indent: int | None = None) -> bytes:
    """Encode as JSON; for a terminal with an escape for what would steer it."""
    text = json.dumps(data, ensure_ascii=False, indent=indent, separators=(",", ": " if indent else ":"))
    if terminal and not text.isprintable():
        text = "".join(c if is_harmless(c) or c == "\n" else _escape(c) for c in text)
    return text.encode()


def _escape(character: str) -> str:
    return re.sub("(....)", r"\\u\1", character.encode("utf-16-be").hex())


def replaceable(output: str | None) -> bool:
    """Whether output goes to a file that appears when all went well, and not to a stream, a device or a named pipe."""
    path = Path(output or "-")
    return output not in (None, "-") and (path.is_file() or not path.exists())


def beside(output: str | None, name: str) -> str | None:
    """Return the file for a second table: `bills.concepts.csv` beside `bills.csv`; None beside what is no file."""
    if not replaceable(output):
        return None
    path = Path(str(output))
    return str(path.with_name(f"{path.stem}.{name}{path.suffix}"))


def write_csv(
    streams: Mapping[str, IO[bytes]],
    operation: Operation,
    answers: Iterator[Any],
    columns: Sequence[Column] | None,
    terminal: bool,
) -> dict[str, int]:
    """Write a line of names, and a line per row.

    Args:
        streams: Where to write: the rows under an empty name, a list of objects in them, which has no place in a line,
            under its own.
        operation: What was called.
        answers: What it answered.
        columns: Those to write; None for all.
        terminal: Whether a terminal will show it.

    Returns:
        For each stream the number of rows.

    """
    import csv

    found = tables(operation)
    every = {"": found.rows, **{table.name: table for table in found.lists}}
    chosen = {name: columns if columns and not name else every[name].columns for name in streams}
    texts = {name: StringIO() for name in streams}
    writers = {name: csv.writer(text, lineterminator="\n" if terminal else "\r\n") for name, text in texts.items()}
    counts = dict.fromkeys(streams, 0)

    def write() -> None:
        for name, text in texts.items():
            streams[name].write(text.getvalue().encode())
            streams[name].flush()
            text.seek(0)
            text.truncate()

    for name, writer in writers.items():
        writer.writerow([column.name for column in chosen[name]])
    for answer in answers:
        for name, writer in writers.items():
            for row in every[name].chains(found.items(answer)):
                writer.writerow([_csv_cell(column.value(row), terminal) for column in chosen[name]])
                counts[name] += 1
        write()
    write()
    return counts


def _csv_cell(value: Any, terminal: bool) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list):
        value = " ".join(map(str, value))
    if not isinstance(value, str):
        return value
    # A spreadsheet runs text that begins so, unless an apostrophe makes it text.
    if FORMULA.match(value) and not NUMBER.fullmatch(value):
        value = f"'{value}"
    return line(value) if terminal else value


def require_arrow() -> None:
    """Refuse Parquet when nothing here can write it.

    Raises:
        Refusal: pyarrow is not installed.

    """
    try:
        import pyarrow.parquet  # noqa: F401
    except ModuleNotFoundError as error:
        raise Refusal(f"{error.name} is not installed: pip install 'contrato[arrow]'") from error


def write_parquet(
    streams: Mapping[str, IO[bytes]], method: Any, answers: Iterator[Any], columns: Sequence[Column] | None
) -> dict[str, int]:
    """Write Parquet with units and evidence in its metadata, a batch of rows at a time.

    Args:
        streams: As of `write_csv`.
        method: What was called.
        answers: What it answered.
        columns: Those to write; None for all.

    Returns:
        For each stream the number of rows.

    """
    import pyarrow
    from pyarrow.parquet import ParquetWriter

    from contrato import frames

    schemas = {name: frames.schema(method, name or None) for name in streams}
    if columns is not None:
        fields = [schemas[""].field(column.name) for column in columns]
        schemas[""] = pyarrow.schema(fields, schemas[""].metadata)
    counts = dict.fromkeys(streams, 0)
    waiting: dict[str, list[Any]] = {name: [] for name in streams}
    with ExitStack() as stack:
        writers = {name: stack.enter_context(ParquetWriter(stream, schemas[name])) for name, stream in streams.items()}

        def flush(name: str) -> None:
            if waiting[name]:
                writers[name].write_table(pyarrow.concat_tables(waiting[name]))
                waiting[name].clear()

        for answer in answers:
            try:
                found = (
                    frames.tables(answer, of=method) if len(streams) > 1 else {"": frames.to_arrow(answer, of=method)}
                )
            except frames.FrameError as error:
                raise FailureError(f"{error}; Parquet cannot hold it, -f json can") from error
            found[""] = next(iter(found.values()))
            for name, schema in schemas.items():
                waiting[name].append(found[name].select(schema.names))
                counts[name] += waiting[name][-1].num_rows
                # A page of 20 rows is too little for a row group.
                if sum(table.num_rows for table in waiting[name]) >= ROW_GROUP:
                    flush(name)
        for name in streams:
            flush(name)
    return counts


def _record(operation: Operation, row: Sequence[Any], columns: Sequence[Column] | None) -> dict[str, Any]:
    if columns is None:
        return record(operation, row)
    return {column.name: plain(column.value(row)) for column in columns}


def write_table(
    stream: IO[bytes],
    operation: Operation,
    answers: Iterator[Any],
    columns: Sequence[Column] | None,
    terminal: bool,
) -> int:
    """Write a table: on a terminal what fits, with a hint at the rest on stderr, elsewhere all of it.

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

    # Into a pipe or a file: plain, and as wide as need be.
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


def _fitting(operation: Operation, columns: list[Column], cells: dict[str, list[str]], width: int) -> list[Column]:
    """Return the columns that fit on the terminal, at least one: if not all do, those that tell most."""
    from rich.cells import cell_len

    widths = {
        column.name: min(max(map(cell_len, [column.name, column.schema.unit, *cells[column.name]])), WIDEST_CELL)
        for column in columns
    }
    kept: list[Column] = []
    used = 1
    for column in sorted(columns, key=lambda column: _rank(operation, column, columns, cells, widths[column.name])):
        if not kept or used + widths[column.name] + 3 <= width:
            kept.append(column)
            used += widths[column.name] + 3
    return [column for column in columns if column in kept]


def _rank(
    operation: Operation, column: Column, columns: Sequence[Column], cells: dict[str, list[str]], width: int
) -> int:
    """Tell how soon a column gives way: the higher, the sooner."""
    texts = cells[column.name]
    empty = texts.count("")
    if empty == len(texts) or (len(texts) > 1 and len(set(texts)) == 1):
        return 5
    first = [key for key in keys(operation) if key in columns]

    def is_label(column: Column) -> bool:
        return not column.many and not column.schema.unit and column.type in ("integer", "string")

    if is_label(column):
        # What another column tells already: the account of a service, the name beside an id.
        for other in filter(is_label, first if column in first else columns[: columns.index(column)]):
            known = cells[other.name]
            if "" in known or len(set(zip(known, texts, strict=True))) > len(set(known)):
                continue
            coarser = other in first and len(set(texts)) < len(set(known))
            if coarser or (column not in first and 1 < len(set(known)) < len(known)):
                return 4
    if operation.date_range is None:
        # A list of things, not of what happened: an id and a name come first.
        ids = [c for c in columns if len(set(cells[c.name])) == len(texts)]
        names = [c for c in columns if c.type == "string" and not c.many and len(set(cells[c.name])) * 2 > len(texts)]
        first += ids[:1] + names[:1]
    elif operation.date_range.field.endswith(f"/{column.name}"):
        return 0
    if column in first:
        return 0
    if column.many or len(column.path) > 1 or empty * 2 > len(texts) or width > LONG_TEXT:
        return 3
    # A state, or a category.
    repeated = column.type == "string" and not column.many and len(set(texts)) * 2 <= len(texts)
    return 1 if column.schema.unit or repeated else 2


def _print_rows(console: "Console", columns: Sequence[Column], cells: dict[str, list[str]]) -> None:
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
            no_wrap=True,
            overflow="ellipsis",
            max_width=WIDEST_CELL,
        )
    for row in zip(*(cells[column.name] for column in columns), strict=True):
        table.add_row(*map(Text, row))
    console.print(table)


def _write_rows(stream: IO[bytes], columns: Sequence[Column], cells: dict[str, list[str]]) -> None:
    """Write all rows as plain text: rich would take minutes for a year of hours."""
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
    for cellline in zip(*padded, strict=True):
        stream.write("  ".join(cellline).rstrip().encode() + b"\n")


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
