"""Rows as JSON and JSON Lines."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import IO, Any

import attrs

from contrato.core.model import plain
from contrato.core.spec import Operation
from contrato.core.tables import Column, tables
from contrato.core.texts import is_harmless


def write(
    stream: IO[bytes], operation: Operation, answers: Iterator[Any], columns: Sequence[Column] | None, terminal: bool
) -> int:
    """Write one object, or an array with a row on each line. Returns the number of rows."""
    many = tables(operation).many
    count = 0
    for data in _records(stream, operation, answers, columns):
        if many:
            stream.write((b",\n" if count else b"[\n") + _encode(data, terminal))
        else:
            stream.write(_encode(data, terminal, indent=2))
        count += 1
    if many:
        stream.write(b"\n]" if count else b"[]")
    if count or many:
        stream.write(b"\n")
    return count


def write_lines(
    stream: IO[bytes], operation: Operation, answers: Iterator[Any], columns: Sequence[Column] | None, terminal: bool
) -> int:
    """Write a JSON object per line. Returns the number of rows."""
    count = 0
    for data in _records(stream, operation, answers, columns):
        stream.write(_encode(data, terminal) + b"\n")
        count += 1
    return count


def _records(
    stream: IO[bytes], operation: Operation, answers: Iterator[Any], columns: Sequence[Column] | None
) -> Iterator[dict[str, Any]]:
    """Yield each row as an object, and flush after each answer: the reader of a pipe gets it when it is there."""
    found = tables(operation)
    for answer in answers:
        for row in found.rows.chains(found.items(answer)):
            yield _record(operation, row, columns)
        stream.flush()


def _record(operation: Operation, row: Sequence[Any], columns: Sequence[Column] | None) -> dict[str, Any]:
    """Return a row as one object: the objects around it, without their other rows, and the row itself."""
    if columns is not None:
        return {column.name: plain(column.value(row)) for column in columns}
    merged: dict[str, Any] = {}
    for (level, onward), model in zip(tables(operation).levels, row, strict=True):
        if onward:
            around = attrs.evolve(model, **{level.properties[onward].python_name: []}).to_dict()
            merged |= {name: value for name, value in around.items() if name != onward}
        else:
            merged |= model.to_dict()
    return merged


def plain_text(answer: Any, terminal: bool) -> bytes:
    """Encode an answer that is no table: text as it is, anything else as JSON on lines of its own."""
    if not isinstance(answer, str):
        return _encode(plain(answer), terminal, 2) + b"\n"
    return (
        "".join(c if is_harmless(c) or c == "\n" else _escape(c) for c in answer).encode()
        if terminal
        else answer.encode()
    )


def _encode(data: Any, terminal: bool, indent: int | None = None) -> bytes:
    """Encode as JSON; for a terminal, with escapes for characters that control it."""
    text = json.dumps(data, ensure_ascii=False, indent=indent, separators=(",", ": " if indent else ":"))
    if terminal and not text.isprintable():
        text = "".join(c if is_harmless(c) or c == "\n" else _escape(c) for c in text)
    return text.encode()


def _escape(character: str) -> str:
    return re.sub("(....)", r"\\u\1", character.encode("utf-16-be").hex())
