"""Findings of rules: violations of the contract, and why a rule could not judge."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from contrato.core.spec import Operation
from contrato.verify.documents import cited, excerpt, short
from contrato.verify.exchange import Exchange


class Layer(StrEnum):
    """Kinds of rules.

    Attributes:
        CONFORMANCE: What the spec says of each request and answer by itself; Schemathesis asks the most.
        CHECK: A passive check, on an answer that was there anyway.
        LAW: An active law, by requests of its own.
    """

    CONFORMANCE = "conformance"
    CHECK = "check"
    LAW = "law"


@dataclass(frozen=True)
class Violation:
    """A deviation from the contract that a rule found.

    Attributes:
        operation: The operationId.
        field: JSON pointer into the answer (`*` for any element), or `location.name` of a request field; may be empty.
        evidence: The spec's evidence of what the rule rests on; `plausible: why` for what no source states.
        expected: A sentence in which values of requests and answers are `cited`.
        found: Likewise.
        exchanges: The requests and answers that show it, the decisive one last.
    """

    operation: str
    field: str
    expected: str
    found: str
    evidence: str
    exchanges: tuple[Exchange, ...] = dataclasses.field(default=(), repr=False)


@dataclass(frozen=True)
class NotJudged:
    """Why a law could not judge an operation.

    Attributes:
        lasting: True if the data are not such that the law says anything, say a single page; it is told, and the run
            may pass. Otherwise (429, data that moved) the run is inconclusive.
    """

    operation: str
    reason: str
    lasting: bool = True


@dataclass(frozen=True)
class Reading:
    """The answer of a server to a question that the spec leaves open.

    Attributes:
        operation: The operationId.
        question: Id of the question.
        field: The place, as in `Violation`.
        reading: Id of the reading.
        exchanges: The requests and answers that show it.
    """

    operation: str
    question: str
    field: str
    reading: str
    exchanges: tuple[Exchange, ...] = dataclasses.field(default=(), repr=False)


Answers = dict[str, dict[str, dict[str, int]]]
"""Open questions: the places at which each reading was seen, and in how many answers, by question and reading."""

LONGEST = 1000
"""Characters of what was found."""

LONG = 1000
"""Bytes of a body that are enough for all that is shown of one in a sentence."""


def kind_of(exchange: Exchange) -> str:
    """The status and the media type of an answer, as what was found."""
    media_type = exchange.headers.get("content-type", "").partition(";")[0].strip()
    if not exchange.content.strip():
        return f"{exchange.status} without a body"
    return f"{exchange.status} {cited(media_type) if media_type else 'without a type'}"


def answered(exchange: Exchange) -> str:
    """The status, the media type and the beginning of an answer, as what was found."""
    beginning = exchange.content[:LONG].decode("utf-8", "replace").strip()
    return kind_of(exchange) + (f": {excerpt(beginning)}" if beginning else "")


def violation(
    operation: Operation, at: str, expected: str, found: Any, evidence: str, exchanges: Iterable[Exchange | None] = ()
) -> Violation:
    """A violation as reports have it; `found` is a sentence in which values are cited, or a value that is no text."""
    shown = tuple({id(exchange): exchange for exchange in exchanges if exchange is not None}.values())
    text = found if isinstance(found, str) else short(found)
    text = text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
    return Violation(operation.id, at, expected, text, evidence or operation.evidence, shown[-4:])
