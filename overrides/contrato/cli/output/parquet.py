"""Rows as Parquet. pyarrow is an extra, so it is imported when it is needed."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import IO, Any

from contrato.cli.errors import FailureError
from contrato.core.tables import Column

# Rows that are held in memory until they are written.
ROW_GROUP = 2**16


def write(
    streams: Mapping[str, IO[bytes]], method: Any, answers: Iterator[Any], columns: Sequence[Column] | None
) -> dict[str, int]:
    """Write Parquet with units and evidence in its metadata, many rows at a time.

    Args:
        streams: As of `contrato.cli.output.csv.write`.
        method: The method of a client that was called.
        answers: Its answers.
        columns: Columns to write; None for all.

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
