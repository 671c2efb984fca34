"""Runs the laws, and repeats what they find."""

from __future__ import annotations

import time
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field

from contrato.core.spec import Operation
from contrato.verify.documents import text_of
from contrato.verify.exchange import Exchange
from contrato.verify.findings import Layer, NotJudged, Reading, Violation, answered, violation
from contrato.verify.leniency import may_be_refused
from contrato.verify.rules import Rule, misread
from contrato.verify.session import Session, UnansweredError, UnexpectedError, UnfitError, WithheldError, is_readable

STILL = 2.0
"""Seconds for finding out whether the data move by themselves."""

BUSY = 30.0
"""Seconds of that at least, over a whole run, where a law writes: colleagues on the same server do so now and then."""

MANY = 40
"""Requests of that at least."""

APART = 1.0
"""Seconds between two readings, when there were many."""

WATCHED = 120.0
"""Seconds of that at most, where few requests fit in; but a list is read twice."""


@dataclass(frozen=True)
class Judgement:
    """The findings of one law at one operation; none when all holds.

    Attributes:
        unsound: Answers that kept the law from judging, each with the name of the rule that they break: an error, or no
            JSON. That is no matter of the law, and said once however many laws come across it.
    """

    rule: Rule
    operation: Operation
    findings: list[Violation | NotJudged | Reading]
    unsound: list[tuple[str, Violation]] = field(default_factory=list)


def run_laws(session: Session, rules: Iterable[Rule], operations: Container[str] | None = None) -> Iterator[Judgement]:
    """Hold the server to laws, one operation after the other.

    A violation counts when it is there again with everything asked anew, and when the data do not move by themselves
    meanwhile. What a law has nothing to say about gives no judgement.

    Args:
        session: Asks the server under test.
        rules: Laws that the mode allows; checks among them are passed over.
        operations: The operationIds to judge; by default all.
    """
    for rule in rules:
        if rule.layer is not Layer.LAW:
            continue
        for operation in session.spec.operations.values():
            if operations is not None and operation.id not in operations:
                continue
            if not operation.safe and not rule.writes and not rule.probes:
                continue
            asked, sent, begun = session.asked, session.sent, time.monotonic()
            settled: list[Reading] = []
            violations, not_judged, unsound = _judge(session, rule, operation, settled)
            if violations or unsound:
                lasted, cost = time.monotonic() - begun, session.sent - sent
                found_first = [*violations, *(violation for _, violation in unsound)]
                first = found_first[0].found
                refused = [e for each in found_first for e in each.exchanges[-1:] if e.may_be_anothers]
                for asked_for in dict.fromkeys(exchange.operation for exchange in refused):
                    session.transport.wait_for_server(asked_for)
                session.forget()
                session.round += 1
                settled = []
                unsure = session.unsure
                violations, not_judged, unsound = _judge(session, rule, operation, settled)
                session.round -= 1
                if session.unsure > unsure and (violations or unsound):
                    reason = f"the answer is not stable: {first}"
                    yield Judgement(rule, operation, [NotJudged(operation.id, reason, lasting=False)])
                    continue
                # The answer to a probe says nothing of data; a list that was read afterwards does.
                compared = [b for b in violations if not rule.probes or _is_listed(b, operation)]
                lister = (operation.creator or operation).lister
                if not (violations or unsound or refused) and lister is not None and _lags(lister, found_first):
                    settled.append(Reading(lister.id, "list-after-write", "", "soon"))
                    yield Judgement(rule, operation, [*not_judged, *settled], [])
                    continue
                moved = bool(compared) and not rule.moving and _moves(session, operation, cost, lasted)
                if moved:
                    violations = [b for b in violations if b not in compared]
                if moved or not (violations or unsound or refused or any(not each.lasting for each in not_judged)):
                    reason = f"the data moved, or the answer is not stable: {first}"
                    not_judged = [*not_judged, NotJudged(operation.id, reason, lasting=False)]
            if session.asked > asked or not_judged:
                session.settled |= {(each.operation, each.question): each.reading for each in settled}
                yield Judgement(rule, operation, [*violations, *not_judged, *settled], unsound)


def _judge(
    session: Session, rule: Rule, operation: Operation, settled: list[Reading]
) -> tuple[list[Violation], list[NotJudged], list[tuple[str, Violation]]]:
    assert rule.law is not None
    session.sender = rule.name
    violations: list[Violation] = []
    not_judged: list[NotJudged] = []
    unsound: list[tuple[str, Violation]] = []
    try:
        for finding in rule.law(session, operation):
            last = finding.exchanges[-1] if isinstance(finding, Violation) and finding.exchanges else None
            if isinstance(finding, NotJudged):
                not_judged.append(finding)
            elif isinstance(finding, Reading):
                settled.append(finding)
            elif last is not None and last.status >= 500:
                unsound += _unsound(last, operation)
            else:
                violations.append(finding)
    except UnansweredError as error:
        not_judged.append(NotJudged(operation.id, str(error), lasting=False))
        if error.lost:
            session.transport.wait_for_server(operation)
            expected = f"a complete HTTP answer within {session.transport.timeout:g} s"
            proof = "inferred: a request gets an answer; no source says how long it may take, and --timeout does"
            unsound.append(("answer", violation(operation, "", expected, error.lost, proof)))
    except UnfitError as error:
        not_judged.append(NotJudged(operation.id, str(error), lasting=not error.bound))
    except WithheldError as error:
        not_judged.append(NotJudged(operation.id, str(error)))
    except UnexpectedError as error:
        question = may_be_refused(error.exchange)
        if question is not None:
            reason = f"{answered(error.exchange)}, which the server may: {session.spec.questions[question].question}"
            return violations, [*not_judged, NotJudged(operation.id, reason)], unsound
        found = _unsound(error.exchange, operation)
        unsound += found
        if not found:
            asked = error.exchange.operation or operation
            said = answered(error.exchange)
            violations.append(violation(asked, "", "what was asked for", said, asked.evidence, [error.exchange]))
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        # Whatever a server answers, the run goes on, and does not pass.
        not_judged.append(NotJudged(operation.id, f"an answer could not be judged: {misread(error)}", lasting=False))
    unique = {(b.operation, b.field, b.expected): b for b in reversed(violations)}
    once = {(name, b.operation): (name, b) for name, b in reversed(unsound)}
    return list(reversed(unique.values())), not_judged, list(reversed(once.values()))


def _lags(lister: Operation, found: list[Violation]) -> bool:
    """True if violations that were gone after a moment may come from a list that shows a change late."""
    shown = [each.exchanges[-1].operation for each in found if each.exchanges]
    return lister.admits("list-after-write", "soon") and shown == [lister] * len(found)


def _unsound(exchange: Exchange, operation: Operation) -> list[tuple[str, Violation]]:
    """The violation in an answer that no law can use, with the name of the rule that it breaks."""
    asked = exchange.operation or operation
    found = answered(exchange)
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
    return [(name, violation(asked, "", expected, found, proof, [exchange]))]


def _is_listed(found: Violation, operation: Operation) -> bool:
    last = found.exchanges[-1].operation if found.exchanges else None
    return not operation.safe and last is not None and last.safe


def _moves(session: Session, operation: Operation, requests: int, seconds: float) -> bool:
    """True if the records change while we only read, for twice as long and as often as a law took."""
    creator = operation.creator or operation
    reader = operation if operation.safe else creator.lister
    if reader is None:
        return False
    limit, begun = session.sent + max(MANY, 2 * requests), time.monotonic()
    usual = begun + min(STILL, 2 * seconds)
    stop = usual if operation.safe else max(usual, begun + BUSY - session.watched)
    end = max(stop, begun + STILL, begun + min(WATCHED, 2 * seconds))
    first = None
    try:
        while first is None or session.sent < limit or time.monotonic() < stop:
            walk = session.whole(reader, session.base(reader), fresh=True)
            now = sorted(map(text_of, walk.items))
            if first is not None and now != first:
                return True
            if first is not None and time.monotonic() > end:
                break
            if session.sent >= limit and time.monotonic() >= usual:
                time.sleep(APART)
            first = now
    except (UnansweredError, UnexpectedError, UnfitError, WithheldError):
        return False
    session.watched += time.monotonic() - begun
    return False
