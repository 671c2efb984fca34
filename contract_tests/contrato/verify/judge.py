"""Takes up what rules find, and runs the passive checks on every exchange."""

from __future__ import annotations

import difflib
import re
import time
from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from threading import get_ident

from contrato.core.spec import Api, Operation
from contrato.verify import checks, laws  # noqa: F401 - they fill RULES
from contrato.verify.checks.documented import GENERAL_REFUSALS
from contrato.verify.checks.http import SLOW
from contrato.verify.exchange import Exchange
from contrato.verify.findings import NotJudged, Reading, Violation, kind_of
from contrato.verify.readings import Readings
from contrato.verify.reports.report import SERVER, Failure, Report, UsageError
from contrato.verify.rules import RULES, Rule, misread

REPEATED = 3
"""Times that a violation in doubt has to be there again: in a balancer that fails at times, once is no proof."""

ONE_ANSWER = "open_questions_have_one_answer"
ARE_SENT = "documented_fields_are_sent"

PAUSE = 1.0
"""Seconds between them: a route may be missing while a server is replaced."""


class Judge:
    """Decides what of a run goes into its report.

    Args:
        spec: The API.
        report: Takes up what is found.
        variable: Environment variable that stands for the token in what is reported.
        only: Operations and rules that are judged; all operations when it names none of them, and likewise all rules.
        skip: Operations and rules that are not.
        max_failures: Failures after which nothing else need be looked for; None or 0 for no limit.
        excused: Gives the reason not to judge a violation that may be the doing of a tool in between; None without one.

    Attributes:
        operations: The operations that are judged. Others may still be asked for values.
        rules: The rules that judge.
        readings: The readings of open questions that the server follows.

    Raises:
        UsageError: A name is not known, or nothing is left.
    """

    def __init__(
        self,
        spec: Api,
        report: Report,
        variable: str,
        only: Iterable[str] = (),
        skip: Iterable[str] = (),
        excused: Callable[[Violation], NotJudged | None] = lambda violation: None,
        max_failures: int | None = None,
    ) -> None:
        self.spec = spec
        self.report = report
        self.variable = variable
        self.excused = excused
        self._max_failures = max_failures
        self.readings = Readings(spec)
        self.operations = _selected(spec.operations, only, skip)
        self.rules = _selected(RULES, only, skip)
        known = {*spec.operations, *RULES}
        for name in (*only, *skip):
            if name not in known:
                similar = difflib.get_close_matches(name, sorted(known)) or sorted(spec.operations)
                raise UsageError(f"no operation or rule {name!r}: choose from {', '.join(similar)}")
        if not self.operations or not self.rules:
            raise UsageError("nothing is left to check: give fewer names to skip")
        self._doubted: deque[tuple[str, Violation]] = deque()
        self._confirmed: set[tuple[str, str, str]] = set()
        self._settling = 0
        self._judged: dict[int, list[tuple[str, list[Violation | NotJudged | Reading | None]]]] = {}
        self._checks = [rule for name, rule in RULES.items() if rule.check is not None and name in self.rules]

    @property
    def has_enough(self) -> bool:
        """True if there are as many failures as are wanted."""
        return 0 < (self._max_failures or 0) <= len(self.report.failures)

    def add(self, rule: str, finding: Violation | NotJudged | Reading) -> bool:
        """Take up what a rule found, if it is wanted; whether it is."""
        if isinstance(finding, Reading):
            return self._settled(finding)
        if rule not in self.rules or finding.operation not in (*self.operations, SERVER):
            return False
        if isinstance(finding, NotJudged):
            self.report.add_not_judged(rule, finding)
        else:
            self.report.add(Failure.from_violation(rule, finding, self.variable, strict=self.report.strict))
        return True

    def _settled(self, reading: Reading) -> bool:
        contradiction = self.readings.see(reading)
        if contradiction is not None:
            self.doubt(ONE_ANSWER, contradiction)
        return True

    def add_or_doubt(self, rule: str, finding: Violation | NotJudged | Reading) -> bool:
        """Take up what a rule found, or doubt what something in between may have answered; whether it is wanted."""
        if isinstance(finding, Violation) and _may_pass(rule, finding):
            return self.doubt(rule, finding)
        return self.add(rule, finding)

    def doubt(self, rule: str, violation: Violation) -> bool:
        """Take up what may have happened by chance, say by a proxy: it counts when it is there again."""
        if _key(rule, violation) in self._confirmed:
            return self.add(rule, violation)
        if rule not in self.rules or violation.operation not in (*self.operations, SERVER):
            return False
        if self._settling != get_ident():
            self._doubted.append((rule, violation))
        return True

    def settle(
        self,
        repeat: Callable[[Exchange], Exchange | None],
        wait: Callable[[Operation | None], None] | None = None,
    ) -> None:
        """Repeat the requests behind the violations that are in doubt; if there is something to wait for, over seconds.

        What was done need not be done again: of a write that succeeded, the first answer counts.

        Args:
            repeat: Gives another answer to the request of an exchange; None when there is none.
            wait: Waits until it is the server that answers, where something in between may have; None where nothing
                was sent.
        """
        # Others may go on sending: what is found meanwhile stays for the next time.
        left = [self._doubted.popleft() for _ in range(len(self._doubted))]
        self._settling = get_ident()
        try:
            for number in range(REPEATED if wait else 1):
                fleeting = {_key(*one): one[1] for one in left if number == 0 or _may_pass(*one)}
                if number and fleeting:
                    time.sleep(PAUSE)
                for key, violation in fleeting.items():
                    alike = [other for rule, other in left if _key(rule, other) == key]
                    reason = self._otherwise(key[1], alike, repeat, None if number else wait)
                    if reason is not None:
                        left = [one for one in left if _key(*one) != key]
                        self.add(key[1], NotJudged(violation.operation, *reason))
            for rule, violation in left:
                self._confirmed.add(_key(rule, violation))
                self.add(rule, violation)
            left = []
        finally:
            self._doubted.extendleft(reversed(left))
            self._settling = 0

    def _otherwise(
        self,
        rule: str,
        alike: Sequence[Violation],
        repeat: Callable[[Exchange], Exchange | None],
        wait: Callable[[Operation | None], None] | None,
    ) -> tuple[str, bool] | None:
        """Why none of some violations counts, and whether that is lasting; None if one is there again."""
        reason = None
        # Data may have changed after the first: a record that was not there may have been created.
        for violation in {id(one): one for one in (alike[-1], alike[0])}.values():
            # Of two answers that contradict each other, either may be the one of something in between.
            shown_by = violation.exchanges if rule == ONE_ANSWER else violation.exchanges[-1:]
            changed = _changed(shown_by, repeat, wait)
            if changed is None:
                return None
            shown, again = changed
            if rule == ONE_ANSWER:
                self.readings.withdraw(shown)
            found = kind_of(shown) if rule == ONE_ANSWER else violation.found
            then = kind_of(again) if again else "nothing"
            # In own-records, a write to a record that is gone is not sent again.
            excused = not _only_reads(shown) if again is None else shown.may_be_anothers and again.status != 429
            reason = f"the answer is not stable: {found}, then {then}", excused
        return reason

    def conclude(self) -> None:
        """Report what only all answers together tell."""
        for finding in self.readings.never():
            self.add(ARE_SENT, finding)
        self.report.readings = self.readings.told()

    def passed(self, operation: str, rule: str) -> None:
        """Count a judgement that found nothing."""
        if rule in self.rules and operation in self.operations:
            self.report.passed(operation, rule)

    def check(self, exchange: Exchange, only: Container[str] = RULES) -> None:
        """Run the passive checks, or only some, on one exchange; an observer of all traffic."""
        if exchange.status == 429:
            return  # An answer to how often was asked, not to what.
        self.readings.count(exchange)
        key = hash((_likeness(exchange), id(only)))
        if key not in self._judged:
            self._judged[key] = [
                (rule.name, list(self._found(rule, exchange))) for rule in self._checks if rule.name in only
            ]
        for rule, found in self._judged[key]:
            findings = [finding for finding in found if finding is not None]
            for finding in findings:
                excuse = self.excused(finding) if isinstance(finding, Violation) else None
                if excuse is not None:
                    self.add(rule, excuse)
                else:
                    self.add_or_doubt(rule, finding)
            wrong = [finding for finding in findings if not isinstance(finding, Reading)]
            if found and not wrong and exchange.operation is not None:
                self.passed(exchange.operation.id, rule)

    def _found(self, rule: Rule, exchange: Exchange) -> Iterator[Violation | NotJudged | Reading | None]:
        assert rule.check is not None
        try:
            yield from rule.check(exchange, self.spec)
        except Exception as error:
            # Whatever a server answers, the run goes on, and does not pass.
            operation = exchange.operation.id if exchange.operation else SERVER
            yield NotJudged(operation, f"the rule could not judge an answer: {misread(error)}", lasting=False)


def _key(rule: str, violation: Violation) -> tuple[str, str, str]:
    return violation.operation, rule, violation.field


def _changed(
    exchanges: Iterable[Exchange],
    repeat: Callable[[Exchange], Exchange | None],
    wait: Callable[[Operation | None], None] | None,
) -> tuple[Exchange, Exchange | None] | None:
    """The first exchange whose request is answered otherwise now, and that answer; None if all are as they were."""
    for shown in exchanges:
        if shown.succeeded and not shown.is_foreign and not _only_reads(shown):
            continue
        if wait is not None and shown.may_be_anothers:
            wait(shown.operation)
        again = repeat(shown)
        if again is None or (kind_of(again) != kind_of(shown) and min(again.status, shown.status) < 500):
            return shown, again
    return None


def _may_pass(rule: str, violation: Violation) -> bool:
    """True if what is in between may be the reason, and only for a while.

    What refuses a write for its values counts at once: its record may be gone when it is asked for again.
    """
    return any(
        exchange.may_be_anothers
        or rule == "not_a_server_error"
        or (
            exchange.status >= 400
            and (_only_reads(exchange) or exchange.is_text or exchange.status not in GENERAL_REFUSALS)
        )
        for exchange in violation.exchanges[-1:]
    )


def _only_reads(exchange: Exchange) -> bool:
    return exchange.method == "GET" or (exchange.operation is not None and exchange.operation.safe)


def _likeness(exchange: Exchange) -> int:
    """The same for exchanges in which the checks would find the same."""
    headers = {**exchange.headers, "date": re.sub(r"\d", "0", exchange.headers.get("date", ""))}
    return hash(
        (
            exchange.operation.id if exchange.operation else "",
            *(exchange.sender == "recorded", exchange.method, exchange.url, exchange.request_body),
            frozenset((name, name == "authorization" or text) for name, text in exchange.needed_headers.items()),
            *(exchange.status, frozenset(headers.items()), exchange.content, exchange.token_echoed),
            exchange.seconds > SLOW and exchange.seconds,
        )
    )


def _selected(names: Iterable[str], only: Iterable[str], skip: Iterable[str]) -> set[str]:
    named = {*names} & {*only}
    return (named or {*names}) - {*skip}
