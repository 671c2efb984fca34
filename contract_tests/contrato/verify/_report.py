"""What a run found, and how it is told to a person at a terminal."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import platform
import re
import shlex
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import IntEnum, StrEnum

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from contrato.verify._exchange import Exchange
from contrato.verify._rules import Breach, Gap, Layer, Rule
from contrato.verify._scrub import TOKEN, Scrubber
from contrato.verify._stock import rules
from contrato.verify._transport import Mode

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

PLAUSIBLE = "plausible:"
"""How the evidence of a rule begins that no source states."""


class ExitCode(IntEnum):
    """How a run ends.

    Attributes:
        PASSED: Everything was checked and held.
        FAILED: Something broke the contract.
        USAGE: Bad usage, or no such server. Raised as `UsageError`; a report never has it.
        INCONCLUSIVE: Nothing failed, but something could not be checked.
    """

    PASSED = 0
    FAILED = 1
    USAGE = 2
    INCONCLUSIVE = 3


class UsageError(Exception):
    """The run could not begin; the message is one line that says why and what to do."""


class Verdict(StrEnum):
    """The outcome for one operation."""

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"


class Level(StrEnum):
    """How much a finding weighs.

    Attributes:
        FAILURE: It breaks the contract.
        WARNING: It breaks what is plausible, and no source states. `--strict` makes it a failure.
    """

    FAILURE = "failure"
    WARNING = "warning"


class Outcome(StrEnum):
    """What a rule came to.

    Attributes:
        GAP: It could not judge.
        WARNING: It is broken, and no source states it.
        ACCEPTED: It is broken, and a baseline accepts that.
    """

    PASSED = "passed"
    FAILED = "failed"
    GAP = "gap"
    WARNING = "warning"
    ACCEPTED = "accepted"


@dataclass(frozen=True)
class Failure:
    """One breach of the contract.

    Attributes:
        operation: The operationId, or `server` for what concerns all operations.
        rule: Name of the rule that it breaks.
        field: JSON pointer of the response property (`*` for any element), or `location.name` of the request field;
            empty when the answer as a whole is meant.
        evidence: The spec's `x-evidence` for what was expected.
        curl: A command that repeats the request; the token is an environment variable.
        count: How many answers had it.
        exchanges: The requests and answers that show it, the decisive one last.
    """

    operation: str
    rule: str
    field: str
    expected: str
    found: str
    evidence: str
    curl: str = ""
    count: int = 1
    layer: Layer = Layer.CONFORMANCE
    level: Level = Level.FAILURE
    exchanges: tuple[Exchange, ...] = dataclasses.field(default=(), repr=False)

    @classmethod
    def from_breach(cls, rule: Rule | str, breach: Breach, variable: str, *, strict: bool = False) -> Failure:
        """What a rule found, as reports have it.

        Args:
            rule: The rule, or its name.
            breach: What it found.
            variable: Environment variable that stands for the token in `curl`.
            strict: Whether a breach of what is only plausible is a failure.
        """
        rule = rules()[rule] if isinstance(rule, str) else rule
        command = ""
        if breach.exchanges:
            last = breach.exchanges[-1]
            command = curl(last.method, last.url, last.needed_headers, last.request_body or None, TOKEN, variable)
        plausible = breach.evidence.startswith(PLAUSIBLE) and not strict
        return cls(
            breach.operation,
            rule.name,
            breach.field,
            breach.expected,
            breach.found,
            breach.evidence,
            command,
            layer=rule.layer,
            level=Level.WARNING if plausible else Level.FAILURE,
            exchanges=breach.exchanges,
        )

    @property
    def key(self) -> tuple[str, str, str]:
        """Failures with the same key are reported once."""
        return self.operation, self.rule, self.field

    @property
    def sentence(self) -> str:
        """What the rule says must hold."""
        rule = rules().get(self.rule)
        return rule.sentence if rule else self.rule


@dataclass(frozen=True)
class Unchecked:
    """What a rule could not judge of an operation.

    Attributes:
        lasting: Whether the data are not such that the rule says anything; then the run may pass.
    """

    rule: str
    operation: str
    reason: str
    lasting: bool = True


@dataclass(frozen=True)
class OperationResult:
    """What a run saw of one operation.

    Attributes:
        requests: Requests sent to it.
        successes: Answers with 2xx.
        gap: What could not be checked, and what would make it checkable; empty when all was.
    """

    operation: str
    requests: int
    successes: int
    verdict: Verdict
    gap: str = ""


@dataclass(frozen=True)
class Case:
    """What one rule came to for one operation.

    Attributes:
        judged: How often it judged.
        findings: The failures, warnings or accepted failures.
        gaps: Why it could not judge.
    """

    operation: str
    rule: Rule
    outcome: Outcome
    judged: int
    findings: tuple[Failure, ...] = ()
    gaps: tuple[Unchecked, ...] = ()


def _versions() -> dict[str, str]:
    packages = {name: importlib.metadata.version(name) for name in ("contrato", "schemathesis")}
    return packages | {"python": platform.python_version()}


@dataclass
class Report:
    """The outcome of one run.

    Attributes:
        strict: Whether what is only plausible counts as a failure.
        started: When the run began.
        versions: Of what judged.
        spec_version: `info.version` of the spec.
        requests: Requests sent, those that no operation answers included.
        seconds: Duration of the run.
        failures: What breaks the contract.
        warnings: What breaks only what is plausible.
        accepted: Failures that a baseline accepts.
        gaps: What rules could not judge.
        counts: How often a rule judged an operation, by (operationId, name of the rule).
        notes: Remarks for the reader, such as a mode chosen on their behalf.
        interrupted: Whether the run was stopped before its end.
        recorded: Whether recorded traffic was judged, and nothing was sent.
        scrubber: Knows the token and the personal data; without one nothing is replaced.
    """

    api: str
    base_url: str
    mode: Mode
    seed: int
    strict: bool = False
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    versions: dict[str, str] = field(default_factory=_versions)
    spec_version: str = ""
    requests: int = 0
    seconds: float = 0.0
    operations: list[OperationResult] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    warnings: list[Failure] = field(default_factory=list)
    accepted: list[Failure] = field(default_factory=list)
    gaps: list[Unchecked] = field(default_factory=list)
    counts: dict[tuple[str, str], Counter[Outcome]] = field(default_factory=lambda: defaultdict(Counter))
    notes: list[str] = field(default_factory=list)
    interrupted: bool = False
    recorded: bool = False
    scrubber: Scrubber | None = None

    def add(self, failure: Failure) -> None:
        """Take up what was found; the same of an operation, rule and field is one entry, and counted."""
        self.counts[failure.operation, failure.rule][Outcome.FAILED] += 1
        entries = self.warnings if failure.level is Level.WARNING else self.failures
        for index, earlier in enumerate(entries):
            if earlier.key == failure.key:
                entries[index] = replace(earlier, count=earlier.count + failure.count)
                return
        entries.append(failure)

    def add_gap(self, rule: str, gap: Gap) -> None:
        """Take up what a rule could not judge."""
        self.counts[gap.operation, rule][Outcome.GAP] += 1
        unchecked = Unchecked(rule, gap.operation, gap.reason, gap.lasting)
        if unchecked not in self.gaps:
            self.gaps.append(unchecked)

    def passed(self, operation: str, rule: str) -> None:
        """Count a judgement that found nothing."""
        self.counts[operation, rule][Outcome.PASSED] += 1

    def finish(self) -> None:
        """Put failures in the order of operations, and replace the token and personal data that were learnt."""
        order = {row.operation: index for index, row in enumerate(self.operations)}
        for entries in (self.failures, self.warnings, self.accepted):
            entries.sort(key=lambda entry: order.get(entry.operation, -1))
            if self.scrubber is not None:
                entries[:] = map(self.scrubber.failure, entries)
        if self.scrubber is not None:
            text = self.scrubber.text
            self.gaps[:] = [replace(gap, reason=text(gap.reason)) for gap in self.gaps]
            self.operations[:] = [replace(row, gap=text(row.gap)) for row in self.operations]
            self.notes[:] = map(text, self.notes)

    @property
    def exit_code(self) -> ExitCode:
        """The exit code that tells the outcome to a shell."""
        if self.failures:
            return ExitCode.FAILED
        unsure = any(o.verdict is Verdict.INCONCLUSIVE for o in self.operations)
        if self.interrupted or unsure or any(not gap.lasting for gap in self.gaps):
            return ExitCode.INCONCLUSIVE
        return ExitCode.PASSED

    def cases(self) -> list[Case]:
        """One case for each operation and rule that met, in the order of operations and rules."""
        known = rules()
        order = {name: index for index, name in enumerate([*(row.operation for row in self.operations), *known])}
        pairs = {*self.counts, *((gap.operation, gap.rule) for gap in self.gaps)}
        lists = {
            Outcome.FAILED: self.failures,
            Outcome.WARNING: self.warnings,
            Outcome.ACCEPTED: self.accepted,
        }
        pairs |= {(finding.operation, finding.rule) for findings in lists.values() for finding in findings}
        cases = []
        for operation, name in sorted(pairs, key=lambda pair: [(order.get(part, -1), part) for part in pair]):
            found = {key: tuple(f for f in all_ if f.key[:2] == (operation, name)) for key, all_ in lists.items()}
            gaps = tuple(gap for gap in self.gaps if (gap.operation, gap.rule) == (operation, name))
            counts = self.counts.get((operation, name), Counter())
            unsure = gaps and (not counts[Outcome.PASSED] or not all(gap.lasting for gap in gaps))
            silent = Outcome.GAP if unsure else Outcome.PASSED
            outcome = next((key for key, findings in found.items() if findings), silent)
            rule = known.get(name, Rule(name, name, "", Layer.CONFORMANCE))
            cases.append(Case(operation, rule, outcome, counts.total(), found.get(outcome, ()), gaps))
        return cases

    @property
    def outcome(self) -> str:
        """The outcome in a word or two."""
        return self.exit_code.name.lower() + (", interrupted" if self.interrupted else "")

    @property
    def summary(self) -> str:
        """The outcome in numbers."""
        parts = [_plural(len(self.failures), "failure")]
        if self.warnings:
            parts.append(_plural(len(self.warnings), "warning"))
        if self.accepted:
            parts.append(f"{len(self.accepted)} accepted by the baseline")
        unsure = sum(row.verdict is Verdict.INCONCLUSIVE for row in self.operations)
        if unsure:
            parts.append(f"{_plural(unsure, 'operation')} inconclusive")
        if self.recorded:
            return ", ".join([*parts, f"{self.requests} recorded requests"])
        return ", ".join([*parts, f"{self.requests} requests in {self.seconds:.1f} s"])

    def print(self, console: Console | None = None) -> None:
        """Write the summary that a person reads."""
        console = console or Console()
        _print_operations(console, self)
        _print_overview(console, self.failures)
        for number, failures in enumerate(alike(self.failures), 1):
            _line(console)
            _print_finding(console, f"{number}. ", failures, "red")
        if self.warnings:
            _heading(console, "Warnings: what no source states; with --strict they are failures")
            for warnings in alike(self.warnings):
                _print_finding(console, "- ", warnings, "yellow")
        if self.accepted:
            _heading(console, "Accepted by the baseline")
            for accepted in alike(self.accepted):
                _line(console, f"- {_where(accepted)}: {accepted[0].rule}; found {accepted[0].found}")
        _print_gaps(console, self)
        if self.notes:
            _heading(console, "Notes")
            for note in self.notes:
                _line(console, f"- {note}")
        _line(console)
        again = "" if self.recorded else f"; mode {self.mode}; repeat with --seed {self.seed}"
        _line(console, f"{self.outcome}: {self.summary}{again}", "bold")


_STYLES = {Verdict.PASSED: "green", Verdict.FAILED: "red", Verdict.INCONCLUSIVE: "yellow"}


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _line(console: Console, text: str = "", style: str = "") -> None:
    # Text, not markup: what a server answers must not be read as styling. Unwrapped, so that a curl can be copied.
    console.print(Text(_CONTROL.sub("", text), style=style), soft_wrap=True)


def _heading(console: Console, text: str) -> None:
    _line(console)
    _line(console, text, "bold")


def _print_operations(console: Console, report: Report) -> None:
    table = Table(
        box=SIMPLE_HEAD, title=f"{report.api} at {report.base_url}", title_justify="left", padding=(0, 1, 0, 0)
    )
    table.add_column("operation", overflow="fold")
    table.add_column("2xx of")
    cases = report.cases()
    layers = [layer for layer in Layer if any(case.rule.layer is layer for case in cases)]
    for layer in layers:
        table.add_column(f"{layer}", overflow="fold")
    table.add_column("verdict", overflow="fold")
    for row in report.operations:
        cells = [tally(c for c in cases if (c.operation, c.rule.layer) == (row.operation, layer)) for layer in layers]
        verdict = Text(row.verdict, style=_STYLES[row.verdict])
        table.add_row(row.operation, f"{row.successes}/{row.requests}", *cells, verdict)
    console.print(table)


def tally(cases: Iterable[Case]) -> str:
    """How many rules came to what, in a few characters."""
    counts = Counter(case.outcome for case in cases)
    words = {Outcome.FAILED: "failed", Outcome.WARNING: "warned", Outcome.ACCEPTED: "accepted", Outcome.PASSED: "ok"}
    return ", ".join(f"{counts[outcome]} {word}" for outcome, word in words.items() if counts[outcome])


def alike(findings: Iterable[Failure]) -> list[list[Failure]]:
    """Findings that differ in nothing but their operation are one to a reader."""
    groups: dict[tuple[str, ...], list[Failure]] = {}
    for f in findings:
        groups.setdefault((f.rule, f.field, f.expected, f.found, f.evidence), []).append(f)
    return list(groups.values())


def whose(findings: Sequence[Failure]) -> str:
    """The operation of findings that are alike, or the number of their operations."""
    return findings[0].operation if len(findings) == 1 else f"in {len(findings)} operations"


def _where(findings: Sequence[Failure]) -> str:
    return f"{whose(findings)} {findings[0].field}".rstrip()


def _print_overview(console: Console, failures: list[Failure]) -> None:
    """One line for each failure, below its operation."""
    if not failures:
        return
    _heading(console, f"{_plural(len(failures), 'failure')}: what must hold, and does not")
    groups = alike(failures)
    width = len(str(len(groups)))
    for heading in dict.fromkeys(map(whose, groups)):
        _line(console, heading)
        for number, group in enumerate(groups, 1):
            if whose(group) == heading:
                at = f"{group[0].field}: " if group[0].field else ""
                _line(console, f"  {number:>{width}}  {at}{group[0].sentence}", "red")


def _print_finding(console: Console, lead: str, findings: Sequence[Failure], style: str) -> None:
    failure, count = findings[0], sum(finding.count for finding in findings)
    times = f" ({count} times)" if count > 1 else ""
    _line(console, f"{lead}{_where(findings)}: {failure.rule}{times}", style)
    if len(findings) > 1:
        _line(console, f"   in        {', '.join(finding.operation for finding in findings)}")
    _line(console, f"   rule      {failure.sentence}")
    _line(console, f"   expected  {failure.expected}")
    _line(console, f"   found     {failure.found}")
    if failure.evidence:
        _line(console, f"   evidence  {failure.evidence}")
    if failure.curl:
        _line(console, f"   repeat    {failure.curl}")


def _print_gaps(console: Console, report: Report) -> None:
    unsure = [row for row in report.operations if row.gap]
    moving = grouped(gap for gap in report.gaps if not gap.lasting)
    if unsure or moving:
        _heading(console, "Inconclusive: could not be checked")
        for row in unsure:
            _line(console, f"- could not check {row.operation}: {row.gap}", "yellow")
        for (rule, reason), operations in moving.items():
            _line(console, f"- {rule} ({', '.join(operations)}): {reason}; repeat the run", "yellow")
    lasting = grouped(gap for gap in report.gaps if gap.lasting)
    if lasting:
        _heading(console, "Nothing to judge in this server's data")
        for (rule, reason), operations in lasting.items():
            _line(console, f"- {rule} ({', '.join(operations)}): {reason}")


def grouped(gaps: Iterable[Unchecked]) -> dict[tuple[str, str], list[str]]:
    """Operations by rule and reason: what many operations share is said once."""
    found: dict[tuple[str, str], list[str]] = {}
    for gap in gaps:
        found.setdefault((gap.rule, gap.reason), []).append(gap.operation)
    return found


def curl(method: str, url: str, headers: Mapping[str, str], body: bytes | None, token: str, variable: str) -> str:
    """A command that repeats a request; the token is replaced by the environment variable."""
    words = ["curl", "-i", "-X", method, _quoted(url, token, variable)]
    for name, value in headers.items():
        words += ["-H", _quoted(f"{name}: {value}", token, variable)]
    if body is not None:
        words += [
            "--data-binary",
            _quoted(body.decode("utf-8", "backslashreplace"), token, variable),
        ]
    return " ".join(words)


def _quoted(word: str, token: str, variable: str) -> str:
    if not token or token not in word:
        return shlex.quote(word)
    # Single quotes would keep the shell from filling in the variable.
    return f'"${variable}"'.join(shlex.quote(part) if part else "" for part in word.split(token))
