"""What a body that does not fit its schema is told as, whoever validated it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from contrato.verify._rules import Breach
from contrato.verify._spec import Operation, evidence, find, pointers

TIMESTAMP = "date-time-local"
"""The format of the specs' timestamps: ISO 8601 with or without a zone."""


def misfit(
    operation: Operation,
    status: int,
    instance_path: Sequence[str | int],
    keyword: str,
    schema: Mapping[str, Any],
    instance: Any,
    message: str,
) -> Breach:
    """The breach that an error of a JSON Schema validator is.

    Args:
        operation: Whose answer it is.
        status: Status of the answer.
        instance_path: Where in the answer.
        keyword: The schema's keyword that does not hold.
        schema: The schema that has the keyword.
        instance: What is there.
        message: The validator's, which names a property that is absent.
    """
    parts = ["*" if isinstance(part, int) else part for part in instance_path]
    expected, found = f"{keyword} {json.dumps(schema.get(keyword))}", short(json.dumps(instance, ensure_ascii=False))
    if keyword == "required":
        parts.append(message.split('"')[1])
        expected, found = "present (required)", "absent"
    field = "".join(f"/{part}" for part in parts)
    proof = evidence(operation.schema(status), field) or operation.response(status).get("x-evidence", "")
    return Breach(operation.id, field, expected, found, proof)


def impossible_days(schema: Mapping[str, Any], answer: Any) -> Iterator[tuple[str, str]]:
    """Timestamps that name a day which does not exist, each with its pointer. A pattern knows no leap years."""
    for pointer, node in pointers(schema):
        for value in find(answer, pointer) if node.get("format") == TIMESTAMP else ():
            try:
                datetime.fromisoformat(value)
            except TypeError:
                continue
            except ValueError:
                yield pointer, value


def short(value: Any) -> str:
    """A value in the length that a report has room for."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 100 else f"{text[:97]}..."
