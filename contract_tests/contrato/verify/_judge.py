"""Takes up what rules find, and runs the passive checks on every exchange."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from contrato.verify import _checks, _laws  # noqa: F401 - they fill RULES
from contrato.verify._exchange import Exchange
from contrato.verify._report import Failure, Report, UsageError
from contrato.verify._rules import RULES, Breach, Gap, Layer
from contrato.verify._spec import Spec
from contrato.verify._stock import rules

SERVER = "server"
"""Stands for the operation in what concerns all of them."""


class Judge:
    """Decides what of a run goes into its report.

    Args:
        spec: The API.
        report: Takes up what is found.
        variable: Environment variable that stands for the token in what is reported.
        only: Operations and rules that are judged; all operations when it names none of them, and likewise all rules.
        skip: Operations and rules that are not.

    Attributes:
        operations: The operations that are judged. Others may still be asked for values.
        rules: The rules that judge.

    Raises:
        UsageError: A name is not known, or nothing is left.
    """

    def __init__(
        self, spec: Spec, report: Report, variable: str, only: Iterable[str] = (), skip: Iterable[str] = ()
    ) -> None:
        self.spec = spec
        self.report = report
        self.variable = variable
        self.operations = _selected(spec.operations, only, skip)
        self.rules = _selected(rules(), only, skip)
        known = {*spec.operations, *rules()}
        for name in (*only, *skip):
            if name not in known:
                similar = difflib.get_close_matches(name, sorted(known)) or sorted(spec.operations)
                raise UsageError(f"no operation or rule {name!r}: choose from {', '.join(similar)}")
        if not self.operations or not self.rules:
            raise UsageError("nothing is left to check: give fewer names to skip")
        self._checks = [rule for name, rule in RULES.items() if rule.layer is Layer.CHECK and name in self.rules]

    def add(self, rule: str, finding: Breach | Gap) -> None:
        """Take up what a rule found, if it is wanted."""
        if rule not in self.rules or finding.operation not in (*self.operations, SERVER):
            return
        if isinstance(finding, Gap):
            self.report.add_gap(rule, finding)
        else:
            self.report.add(Failure.from_breach(rule, finding, self.variable, strict=self.report.strict))

    def passed(self, operation: str, rule: str) -> None:
        """Count a judgement that found nothing."""
        if rule in self.rules and operation in self.operations:
            self.report.passed(operation, rule)

    def check(self, exchange: Exchange) -> None:
        """Run the passive checks on one exchange; an observer of all traffic."""
        if exchange.status == 429:
            return  # An answer to how often was asked, not to what.
        for rule in self._checks:
            assert rule.check is not None
            try:
                found = list(rule.check(exchange, self.spec))
            except Exception as error:
                # Whatever a server answers, the run goes on, and does not pass.
                operation = exchange.operation.id if exchange.operation else SERVER
                self.add(rule.name, Gap(operation, f"the rule could not judge an answer: {error!r}", lasting=False))
                continue
            for breach in found:
                self.add(rule.name, breach)


def _selected(names: Iterable[str], only: Iterable[str], skip: Iterable[str]) -> set[str]:
    named = {*names} & {*only}
    return (named or {*names}) - {*skip}
