"""Output of rows: a table, JSON, JSON Lines, CSV or Parquet, to a terminal, a pipe or files."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import click

from contrato.cli.errors import Refusal, needs
from contrato.cli.output import csv, json, parquet, table
from contrato.cli.output.files import FORMATS, beside, choose_format, destination, is_terminal, replaceable
from contrato.core.spec import Operation
from contrato.core.tables import Column, tables
from contrato.core.texts import line

__all__ = ["FORMATS", "replaceable", "write_plain", "writer"]


def writer(
    operation: Operation, columns: Sequence[Column] | None, format_: str | None, output: str | None
) -> Callable[[Iterator[Any], Any], int]:
    """Return a function that writes answers and returns the number of rows.

    Args:
        operation: The operation that will be called.
        columns: Columns to write; None for all.
        format_: One of `FORMATS`; None to derive it from the output.
        output: A file, `-` or None.

    Raises:
        Refusal: The output cannot be written this way; known before anything is sent.

    """
    name = choose_format(format_, output)
    if name == "parquet":
        with needs("arrow"):
            import pyarrow  # noqa: F401
    chosen = [column.name for column in columns or () if column.type == "object"]
    if chosen and name != "table":
        raise Refusal(
            f"--column {chosen[0]}: it is a list of objects; without --column json and jsonl have it, and csv and "
            "parquet in a file beside -o FILE"
        )
    flat = name in ("csv", "parquet")
    # With --column the lists of objects are not wanted.
    lists = [table.name for table in tables(operation).lists] if flat and columns is None else []
    files = {"": output, **{name: beside(output, name) for name in lists}}
    terminal = is_terminal(output)

    def write(answers: Iterator[Any], method: Any) -> int:
        with ExitStack() as stack:
            streams = {
                table: stack.enter_context(destination(file))
                for table, file in files.items()
                if not table or file is not None
            }
            stream = streams[""]
            match name:
                case "table":
                    counts = {"": table.write(stream, operation, answers, columns, terminal)}
                case "json":
                    counts = {"": json.write(stream, operation, answers, columns, terminal)}
                case "jsonl":
                    counts = {"": json.write_lines(stream, operation, answers, columns, terminal)}
                case "csv":
                    counts = csv.write(streams, operation, answers, columns, terminal)
                case _:
                    counts = parquet.write(streams, method, answers, columns)
        for part, count in counts.items():
            if (file := files[part]) not in (None, "-"):
                click.echo(f"{count} {'row' if count == 1 else 'rows'} in {line(str(file))}.", err=True)
        if missing := [name for name in lists if name not in streams]:
            click.echo(
                f"Left out: {', '.join(missing)}, lists of objects; -f json has them, and -o FILE.{name} puts them "
                "into a file beside it.",
                err=True,
            )
        return counts[""]

    return write


def write_plain(answers: Iterator[Any], file: str | None) -> int:
    """Write answers that are no tables: text and bytes as they are, anything else as JSON. Returns their number.

    Raises:
        Refusal: A terminal cannot show it, or the file cannot be written.

    """
    terminal, count = is_terminal(file), 0
    with ExitStack() as stack:
        for answer in answers:
            if answer is None:
                continue
            content = answer if isinstance(answer, bytes) else json.plain_text(answer, terminal)
            if terminal and isinstance(answer, bytes):
                raise Refusal("the answer is no text: give -o FILE")
            if not count:
                stream = stack.enter_context(destination(file))
            stream.write(content)
            count += 1
    return count
