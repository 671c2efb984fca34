"""Rules: passive checks, active laws, and those of Schemathesis, each with a name and a sentence.

A rule is a function with a sentence. Its name is the one that reports, `--only`, `--skip` and `--explain` use; its
docstring is the explanation. It knows no operation, path or field: it is run for each operation that has what it is
about, by the spec's extensions, and its findings carry the evidence that the spec gives for them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass

from contrato.core.spec import Api, Operation
from contrato.verify.documents import cited
from contrato.verify.exchange import Exchange
from contrato.verify.findings import Layer, NotJudged, Reading, Violation
from contrato.verify.session import Session

Check = Callable[[Exchange, Api], Iterator[Violation | Reading | None]]
"""Yields `None` once it is clear that there is something to judge: what was never judged has not passed."""

Law = Callable[[Session, Operation], Iterator[Violation | NotJudged | Reading]]


@dataclass(frozen=True)
class Rule:
    """A check or a law.

    Attributes:
        sentence: What must hold, readable by itself.
        explanation: What it rests on, what it leaves open, what to do about a violation.
        writes: Whether a law creates, changes or deletes records (its own).
        probes: Whether a law sends requests that are wrong on purpose.
        moving: Whether a law is about data that move, so that their moving is no excuse.
        needs: Extensions of a spec without which it has nothing to judge.
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
    needs: tuple[str, ...] = ()


RULES: dict[str, Rule] = {
    name: Rule(name, sentence, explanation, Layer.CONFORMANCE)
    for name, sentence, explanation in (
        (
            "answer",
            "Every request gets a complete HTTP answer in time.",
            "The connection was refused, broke, or the answer did not arrive in full within the time limit. If it"
            " is the network between here and the server, repeat the run; otherwise look into the server's log at"
            " that time.",
        ),
        (
            "valid_request_acceptance",
            "A valid request made of values that the server itself gave is answered with 2XX.",
            "The suite takes identifiers, names and dates from the server's own lists and asks for them in the"
            " way that the spec describes. A refusal means that the operation cannot be used as the contract says.",
        ),
        (
            "negative_data_rejection",
            "A request that the spec does not allow is refused with 4XX.",
            "A wrong type, a missing field, a value out of its range or list. A server that accepts it hides the"
            " mistakes of its clients. What no source describes is left to the server.",
        ),
        (
            "missing_required_header",
            "A request without a required header is refused with 4XX.",
            "Only headers that the spec requires are left out.",
        ),
        (
            "unsupported_method",
            "A method that the path does not have is refused with 4XX.",
            "With which 4XX is left to the server.",
        ),
        (
            "allow_header_conformance",
            "A path that does not have a method names those that it has.",
            "RFC 9110 asks for an Allow header in an answer with 405, and that it is true.",
        ),
        (
            "ignored_auth",
            "A request without a valid token is refused with 401 or 403.",
            "The request is repeated without the token and with a wrong one. An answer with data means that"
            " anybody can read it.",
        ),
    )
}
"""Every rule by name, in the order of reports: those of Schemathesis in our words, under its own names, then the checks
and laws that `checks` and `laws` declare, in the order in which they run.
"""


def check(sentence: str, *, layer: Layer = Layer.CHECK, needs: tuple[str, ...] = ()) -> Callable[[Check], Check]:
    """Declare a passive check; it is run on every answer, and yields nothing where it does not apply."""

    def declare(function: Check) -> Check:
        name = function.__name__
        _add(Rule(name, sentence, _explanation(function), layer, check=function, needs=needs))
        return function

    return declare


def law(
    sentence: str, *, writes: bool = False, probes: bool = False, moving: bool = False, needs: tuple[str, ...] = ()
) -> Callable[[Law], Law]:
    """Declare an active law; it is run once for every operation, and yields nothing where it does not apply."""

    def declare(function: Law) -> Law:
        name, says = function.__name__, _explanation(function)
        _add(
            Rule(
                name, sentence, says, Layer.LAW, law=function, writes=writes, probes=probes, moving=moving, needs=needs
            )
        )
        return function

    return declare


def without_work(spec: Api, names: Container[str]) -> Iterator[str]:
    """An extension that the document lacks, and the rules that need it."""
    document = json.dumps(spec.document)
    needed = dict.fromkeys(extension for rule in RULES.values() for extension in rule.needs)
    for extension in needed:
        idle = [rule.name for rule in RULES.values() if rule.name in names and extension in rule.needs]
        if idle and f'"{extension}"' not in document:
            yield f"the document has no {extension}, which these rules need: {', '.join(idle)}"


def misread(error: Exception) -> str:
    """Why a rule could not judge an answer, for a person."""
    if isinstance(error, KeyError):
        return f"there is nothing at {cited(error.args[0])}"
    if isinstance(error, AttributeError | TypeError):
        return "something in it has a type that the spec does not have there"
    return f"something in it has a value that the spec does not have there ({cited(error)})"


def _add(rule: Rule) -> None:
    if rule.name in RULES:
        raise ValueError(f"two rules named {rule.name}")
    RULES[rule.name] = rule


def _explanation(function: Callable[..., object]) -> str:
    return " ".join((function.__doc__ or "").split())
