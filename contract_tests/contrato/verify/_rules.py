"""What passive checks and active laws have in common: a name, a sentence, and what they find.

A rule is a function with a sentence. Its name is the one that reports, `--only`, `--skip` and `--explain` use; its
docstring is the explanation. It knows no operation, path or field: it is run for each operation that has what it is
about, by the spec's extensions, and its findings carry the evidence that the spec gives for them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from contrato.core.spec import Api, Operation
from contrato.verify._exchange import Exchange

if TYPE_CHECKING:
    from contrato.verify._laws import Server


class Layer(StrEnum):
    """Who found something.

    Attributes:
        CONFORMANCE: Schemathesis, by the spec alone.
        CHECK: A passive check, on an answer that was there anyway.
        LAW: An active law, by requests of its own.
    """

    CONFORMANCE = "conformance"
    CHECK = "check"
    LAW = "law"


@dataclass(frozen=True)
class Breach:
    """What a rule found to be otherwise than the contract has it.

    Attributes:
        operation: The operationId.
        field: JSON pointer into the answer (`*` for any element), or `location.name` of a request field; may be empty.
        evidence: The spec's evidence of what the rule rests on; `plausible: why` for what no source states.
        exchanges: The requests and answers that show it, the decisive one last.
    """

    operation: str
    field: str
    expected: str
    found: str
    evidence: str
    exchanges: tuple[Exchange, ...] = dataclasses.field(default=(), repr=False)


@dataclass(frozen=True)
class Gap:
    """Why a law could not judge an operation.

    Attributes:
        lasting: Whether the data are not such that the law says anything, say a single page; it is told, and the run
            may pass. Otherwise (429, data that moved) the run is inconclusive.
    """

    operation: str
    reason: str
    lasting: bool = True


Check = Callable[[Exchange, Api], Iterator[Breach | None]]
"""Yields `None` once it is clear that there is something to judge: what was never judged has not passed."""

Law = Callable[["Server", Operation], Iterator[Breach | Gap]]


@dataclass(frozen=True)
class Rule:
    """A check or a law.

    Attributes:
        sentence: What must hold, readable by itself.
        explanation: What it rests on, what it leaves open, what to do about a breach.
        writes: Whether a law creates, changes or deletes records (its own).
        probes: Whether a law sends requests that are wrong on purpose.
        moving: Whether a law is about data that move, so that their moving is no excuse.
    """

    name: str
    sentence: str
    explanation: str
    layer: Layer
    check: Check | None = None
    law: Law | None = None
    writes: bool = False
    probes: bool = False
    moving: bool = False


RULES: dict[str, Rule] = {}
"""Every check and law, by name, in the order in which they run. Filled by importing `_checks` and `_laws`."""


def check(sentence: str) -> Callable[[Check], Check]:
    """Declare a passive check; it is run on every answer, and yields nothing where it does not apply."""

    def declare(function: Check) -> Check:
        name = function.__name__
        _add(Rule(name, sentence, _explanation(function), Layer.CHECK, check=function))
        return function

    return declare


def law(sentence: str, *, writes: bool = False, probes: bool = False, moving: bool = False) -> Callable[[Law], Law]:
    """Declare an active law; it is run once for every operation, and yields nothing where it does not apply."""

    def declare(function: Law) -> Law:
        name, says = function.__name__, _explanation(function)
        _add(Rule(name, sentence, says, Layer.LAW, law=function, writes=writes, probes=probes, moving=moving))
        return function

    return declare


def misread(error: Exception) -> str:
    """Why a rule could not judge an answer, for a person."""
    if isinstance(error, KeyError):
        return f"there is nothing at {error.args[0]}"
    if isinstance(error, AttributeError | TypeError):
        return "something in it has a type that the spec does not have there"
    return f"something in it has a value that the spec does not have there ({error})"


def _add(rule: Rule) -> None:
    if rule.name in RULES:
        raise ValueError(f"two rules named {rule.name}")
    RULES[rule.name] = rule


def _explanation(function: Callable[..., object]) -> str:
    return " ".join((function.__doc__ or "").split())
