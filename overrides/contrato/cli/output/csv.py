"""Rows as CSV."""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from io import StringIO
from typing import IO, Any

from contrato.core.spec import Operation
from contrato.core.tables import Column, tables
from contrato.core.texts import line

# The start of text that a spreadsheet runs as a formula, after OWASP: of a cell, and after a semicolon, where many
# spreadsheets begin a cell. Numbers are none.
FORMULA = re.compile(
    r"(^|;)(?=\s*[=+\-@\uff1d\uff0b\uff0d\uff20].|[\t\r\n].)(?!\s*[+-]?\d+([.,]\d+)*\s*(;|\Z))", re.DOTALL
)


def write(
    streams: Mapping[str, IO[bytes]],
    operation: Operation,
    answers: Iterator[Any],
    columns: Sequence[Column] | None,
    terminal: bool,
) -> dict[str, int]:
    """Write a line of names, and a line per row.

    Args:
        streams: Where to write: the rows under an empty name, each list of objects under its own.
        operation: The operation that was called.
        answers: Its answers.
        columns: Columns to write; None for all.
        terminal: Whether a terminal will show it.

    Returns:
        For each stream the number of rows.

    """
    found = tables(operation)
    every = {"": found.rows, **{table.name: table for table in found.lists}}
    chosen = {name: columns if columns and not name else every[name].columns for name in streams}
    texts = {name: StringIO() for name in streams}
    writers = {name: csv.writer(text, lineterminator="\n" if terminal else "\r\n") for name, text in texts.items()}
    counts = dict.fromkeys(streams, 0)

    def flush() -> None:
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
                writer.writerow([_cell(column.value(row), terminal) for column in chosen[name]])
                counts[name] += 1
        flush()
    flush()
    return counts


def _cell(value: Any, terminal: bool) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list):
        value = " ".join(map(str, value))
    if not isinstance(value, str):
        return value
    # An apostrophe keeps a spreadsheet from running a formula.
    value = FORMULA.sub(r"\1'", value)
    return line(value) if terminal else value
