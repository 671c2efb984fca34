"""Active laws: what must hold between several answers.

Each is one function over one operation. It knows no operation, path or field by name: it is run for every operation of
which the spec says what the law is about. The laws are in the modules that are imported here; this one runs them.
"""

from __future__ import annotations

import time
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field

# Importing them declares their laws, those that write last.
from contrato.core.spec import Operation
from contrato.verify import _aggregation, _agreement, _lists, _probing, _writing  # noqa: F401
from contrato.verify._exchange import Exchange
from contrato.verify._rules import Breach, Gap, Layer, Rule, misread
from contrato.verify._server import (
    Server,
    UnansweredError,
    UnexpectedError,
    UnfitError,
    WithheldError,
    breach,
    is_readable,
    text_of,
)
from contrato.verify._transport import TIMEOUT

__all__ = ["Judgement", "Server", "run_laws"]

STILL = 2.0
"""Seconds for finding out whether the data move by themselves; up to ten times as many where few requests fit in."""


@dataclass(frozen=True)
class Judgement:
    """What one law found at one operation: nothing, when all holds.

    Attributes:
        unsound: Answers that kept the law from judging, each with the name of the rule that they break: an error, or no
            JSON. That is no matter of the law, and said once however many laws come across it.
    """

    rule: Rule
    operation: Operation
    findings: list[Breach | Gap]
    unsound: list[tuple[str, Breach]] = field(default_factory=list)


def run_laws(server: Server, rules: Iterable[Rule], operations: Container[str] | None = None) -> Iterator[Judgement]:
    """Hold the server to laws, one operation after the other.

    A breach counts when it is there again with everything asked anew, and when the data do not move by themselves
    meanwhile. What a law has nothing to say about gives no judgement.

    Args:
        server: The server under test.
        rules: Laws that the mode allows; checks among them are passed over.
        operations: The operationIds to judge; by default all.
    """
    for rule in rules:
        if rule.layer is not Layer.LAW:
            continue
        for operation in server.spec.operations.values():
            if operations is not None and operation.id not in operations:
                continue
            if not operation.safe and not rule.writes and not rule.probes:
                continue
            asked, sent, begun = server.asked, server.sent, time.monotonic()
            breaches, gaps, unsound = _judge(server, rule, operation)
            if breaches or unsound:
                lasted, cost = time.monotonic() - begun, server.sent - sent
                first = [*breaches, *(breach for _, breach in unsound)][0].found
                server.forget()
                server.round += 1
                breaches, gaps, unsound = _judge(server, rule, operation)
                server.round -= 1
                # What a probe was answered says nothing of data; what was listed afterwards does.
                compared = [b for b in breaches if not rule.probes or _is_listed(b, operation)]
                moved = bool(compared) and not rule.moving and _moves(server, operation, cost, lasted)
                if moved:
                    breaches = [b for b in breaches if b not in compared]
                if moved or not (breaches or unsound or any(not gap.lasting for gap in gaps)):
                    reason = f"the data moved, or the answer is not stable: {first}"
                    gaps = [*gaps, Gap(operation.id, reason, lasting=False)]
            if server.asked > asked or gaps:
                yield Judgement(rule, operation, [*breaches, *gaps], unsound)


def _judge(
    server: Server, rule: Rule, operation: Operation
) -> tuple[list[Breach], list[Gap], list[tuple[str, Breach]]]:
    assert rule.law is not None
    server.sender = rule.name
    breaches: list[Breach] = []
    gaps: list[Gap] = []
    unsound: list[tuple[str, Breach]] = []
    try:
        for finding in rule.law(server, operation):
            last = finding.exchanges[-1] if isinstance(finding, Breach) and finding.exchanges else None
            if isinstance(finding, Gap):
                gaps.append(finding)
            elif last is not None and last.status >= 500:
                unsound += _unsound(last, operation)
            else:
                breaches.append(finding)
    except UnansweredError as error:
        gaps.append(Gap(operation.id, str(error), lasting=False))
        if error.lost and _is_there(server):
            expected = f"a complete HTTP answer within {TIMEOUT:g} s"
            unsound.append(("answer", breach(operation, "", expected, error.lost, operation.evidence)))
    except (UnfitError, WithheldError) as error:
        gaps.append(Gap(operation.id, str(error)))
    except UnexpectedError as error:
        found = _unsound(error.exchange, operation)
        unsound += found
        if not found:
            asked = error.exchange.operation or operation
            said = f"{error.exchange.status} {error.exchange.content[:100].decode('utf-8', 'replace')}".strip()
            breaches.append(breach(asked, "", "what was asked for", said, asked.evidence, [error.exchange]))
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        # Whatever a server answers, the run goes on, and does not pass.
        gaps.append(Gap(operation.id, f"an answer could not be judged: {misread(error)}", lasting=False))
    unique = {(b.operation, b.field, b.expected): b for b in reversed(breaches)}
    once = {(name, b.operation): (name, b) for name, b in reversed(unsound)}
    return list(reversed(unique.values())), gaps, list(reversed(once.values()))


def _is_there(server: Server) -> bool:
    """Whether the server answers at all: that it does not is no matter of one request."""
    easiest = next(o for o in server.spec.operations.values() if o.safe and not any(f.required for f in o.parameters))
    try:
        server.ask(easiest, {}, fresh=True)
    except UnansweredError:
        return False
    return True


def _unsound(exchange: Exchange, operation: Operation) -> list[tuple[str, Breach]]:
    """What is wrong with an answer that no law can use, with the name of the rule that says so."""
    asked = exchange.operation or operation
    found = f"{exchange.status} {exchange.content[:100].decode('utf-8', 'replace')}".strip()
    proof = asked.evidence
    if exchange.status >= 500:
        name, expected = "not_a_server_error", "no 5xx, whatever is asked"
    elif not exchange.succeeded:
        name, expected = (
            "valid_request_acceptance",
            "2XX for a valid request of values that the server or the spec names",
        )
    elif not is_readable(asked, exchange):
        schema = asked.schema(exchange.status)
        name, expected = "response_schema_conformance", f"a JSON body ({schema.type if schema else 'any'})"
        proof = asked.response_evidence(exchange.status) or proof
    else:
        return []
    return [(name, breach(asked, "", expected, found, proof, [exchange]))]


def _is_listed(found: Breach, operation: Operation) -> bool:
    last = found.exchanges[-1].operation if found.exchanges else None
    return not operation.safe and last is not None and last.safe


def _moves(server: Server, operation: Operation, requests: int, seconds: float) -> bool:
    """Whether the records change while we only read, for twice as long and as often as a law took."""
    creator = operation.creator or operation
    reader = operation if operation.safe else creator.lister
    if reader is None:
        return False
    limit, begun = server.sent + 2 * requests, time.monotonic()
    stop, end = (begun + min(longest, 2 * seconds) for longest in (STILL, 10 * STILL))
    first = None
    try:
        while first is None or server.sent < limit or time.monotonic() < stop:
            walk = server.walk(reader, server.base(reader), fresh=True)
            now = sorted(map(text_of, walk.items))
            if first is not None and now != first:
                return True
            first = now
            if time.monotonic() > end:
                break
    except (UnansweredError, UnexpectedError, UnfitError, WithheldError):
        return False
    return False
