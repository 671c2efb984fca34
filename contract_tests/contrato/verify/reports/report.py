"""The report of a run: violations, and everything that could not be judged."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import platform
import re
import shlex
import traceback
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from pathlib import Path

from contrato.verify.documents import CITED, MISSING, cited, loaded
from contrato.verify.exchange import Exchange
from contrato.verify.findings import Answers, Layer, NotJudged, Violation
from contrato.verify.hiding import ALTERED, TOKEN, Scrubber, token_variable
from contrato.verify.modes import Mode
from contrato.verify.rules import RULES, Rule
from contrato.verify.texts import visible

SERVER = "server"
"""Stands for the operation in what concerns all of them."""

PLAUSIBLE = "plausible:"
"""How the evidence of a rule begins that no source states."""


HIDDEN = "[hidden]"
"""Stands for a text of which nobody knows if it has anything to hide."""


class ExitCode(IntEnum):
    """How a run ends.

    Attributes:
        PASSED: Everything was checked and held.
        FAILED: Something broke the contract.
        USAGE: Bad usage, or no such server. Raised as `UsageError`; a report never has it.
        INCONCLUSIVE: Nothing failed, but something could not be checked.
        CRASHED: The suite itself failed, which says nothing about the server; the report has what was found until then.
    """

    PASSED = 0
    FAILED = 1
    USAGE = 2
    INCONCLUSIVE = 3
    CRASHED = 4


class UsageError(Exception):
    """The run could not begin; the message is one line that says why and what to do."""


class Verdict(StrEnum):
    """The outcome for one operation.

    Attributes:
        LEFT_OUT: The mode leaves it out by design.
    """

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"
    LEFT_OUT = "left out"


class Level(StrEnum):
    """How much a finding weighs.

    Attributes:
        FAILURE: It breaks the contract.
        WARNING: It breaks what is plausible, and no source states. `--strict` makes it a failure.
    """

    FAILURE = "failure"
    WARNING = "warning"


class Outcome(StrEnum):
    """The outcome of a rule.

    Attributes:
        NOT_JUDGED: It could not judge.
        WARNING: It is broken, and no source states it.
        ACCEPTED: It is broken, and a baseline accepts that.
    """

    PASSED = "passed"
    FAILED = "failed"
    NOT_JUDGED = "not judged"
    WARNING = "warning"
    ACCEPTED = "accepted"


@dataclass(frozen=True)
class Failure:
    """One violation of the contract.

    Attributes:
        operation: The operationId, or `server` for what concerns all operations.
        rule: Name of the rule that it breaks.
        field: JSON pointer of the response property (`*` for any element), or `location.name` of the request field;
            empty when the answer as a whole is meant.
        evidence: The spec's `x-evidence` for what was expected.
        curl: A command that repeats it: the request, or the run where a request by itself would show something else.
            The token is an environment variable.
        why_by_run: Why the request by itself would show something else; empty if it shows the same.
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
    why_by_run: str = ""
    count: int = 1
    layer: Layer = Layer.CONFORMANCE
    level: Level = Level.FAILURE
    exchanges: tuple[Exchange, ...] = dataclasses.field(default=(), repr=False)

    @classmethod
    def from_violation(cls, rule: Rule | str, violation: Violation, variable: str, *, strict: bool = False) -> Failure:
        """A violation of a rule, as reports have it.

        Args:
            rule: The rule, or its name.
            violation: Found by it.
            variable: Environment variable that stands for the token in `curl`.
            strict: True if a violation of what is only plausible is a failure.
        """
        rule = RULES[rule] if isinstance(rule, str) else rule
        command = ""
        if violation.exchanges:
            command = curl_of(violation.exchanges[-1], variable)
        plausible = violation.evidence.startswith(PLAUSIBLE) and not strict
        return cls(
            violation.operation,
            rule.name,
            violation.field,
            violation.expected,
            violation.found,
            violation.evidence,
            command,
            layer=rule.layer,
            level=Level.WARNING if plausible else Level.FAILURE,
            exchanges=violation.exchanges,
        )

    @property
    def key(self) -> tuple[str, str, str]:
        """Failures with the same key are reported once."""
        return self.operation, self.rule, self.field

    def is_simpler(self, other: Failure) -> bool:
        """True if its one request, which only reads, is shorter than the other's, and shows the same."""
        if len(self.exchanges) != 1 or len(other.exchanges) != 1:
            return False
        mine, its = self.exchanges[0], other.exchanges[0]
        reads = mine.operation is not None and mine.operation.safe
        alike = _VALUE.sub("#", self.found) == _VALUE.sub("#", other.found)
        return reads and alike and len(mine.url + mine.sent) < len(its.url + its.sent)

    @property
    def sentence(self) -> str:
        """The rule's sentence: it says what must hold."""
        rule = RULES.get(self.rule)
        return rule.sentence if rule else self.rule


@dataclass(frozen=True)
class Unjudged:
    """The reason why a rule could not judge an operation.

    Attributes:
        lasting: True if the data are not such that the rule says anything; then the run may pass.
    """

    rule: str
    operation: str
    reason: str
    lasting: bool = True


@dataclass(frozen=True)
class OperationResult:
    """The result of a run for one operation.

    Attributes:
        requests: Requests sent to it.
        successes: Answers with 2xx.
        not_judged: What could not be checked, and what would make it checkable; empty when all was.
        beside: The same beside failures, which count more; it counts if a baseline accepts them.
    """

    operation: str
    requests: int
    successes: int
    verdict: Verdict
    not_judged: str = ""
    beside: str = ""


@dataclass(frozen=True)
class Case:
    """The outcome of one rule for one operation.

    Attributes:
        judged: How often it judged.
        findings: The failures, warnings or accepted failures.
        not_judged: Why it could not judge.
    """

    operation: str
    rule: Rule
    outcome: Outcome
    judged: int
    findings: tuple[Failure, ...] = ()
    not_judged: tuple[Unjudged, ...] = ()


def _versions() -> dict[str, str]:
    packages = {name: importlib.metadata.version(name) for name in ("contrato", "schemathesis")}
    return packages | {"python": platform.python_version()}


@dataclass
class Report:
    """The outcome of one run.

    Attributes:
        strict: True if what is only plausible counts as a failure.
        started: When the run began.
        versions: Of what judged.
        spec_version: `info.version` of the spec.
        requests: Requests sent, those that no operation answers included.
        seconds: Duration of the run.
        failures: What breaks the contract.
        warnings: What breaks only what is plausible.
        accepted: Failures that a baseline accepts.
        not_judged: What rules could not judge.
        counts: How often a rule judged an operation, by (operationId, name of the rule).
        notes: Remarks for the reader, such as a mode chosen on their behalf.
        readings: The readings of open questions that were seen.
        interrupted: True if the run was stopped before its end.
        crash: How the suite itself failed; empty when it did not.
        recorded: True if recorded traffic was judged, and nothing was sent.
        again: Words of the command that repeats the run, but for what it judges; empty for recorded traffic.
        made: Paths of the records that the run created, which are there no more.
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
    not_judged: list[Unjudged] = field(default_factory=list)
    counts: dict[tuple[str, str], Counter[Outcome]] = field(default_factory=lambda: defaultdict(Counter))
    notes: list[str] = field(default_factory=list)
    readings: Answers = field(default_factory=dict)
    interrupted: bool = False
    crash: str = ""
    recorded: bool = False
    again: Sequence[str] = ()
    made: Container[str] = ()
    scrubber: Scrubber | None = None

    def add(self, failure: Failure) -> None:
        """Take up what was found; the same of an operation, rule and field is one entry, and counted."""
        self.counts[failure.operation, failure.rule][Outcome.FAILED] += 1
        entries = self.warnings if failure.level is Level.WARNING else self.failures
        for index, earlier in enumerate(entries):
            if earlier.key == failure.key:
                shown = failure if failure.is_simpler(earlier) else earlier
                entries[index] = replace(shown, count=earlier.count + failure.count)
                return
        entries.append(failure)

    def add_not_judged(self, rule: str, each: NotJudged) -> None:
        """Take up what a rule could not judge."""
        self.counts[each.operation, rule][Outcome.NOT_JUDGED] += 1
        unchecked = Unjudged(rule, each.operation, each.reason, each.lasting)
        if unchecked not in self.not_judged:
            self.not_judged.append(unchecked)

    def passed(self, operation: str, rule: str) -> None:
        """Count a judgement that found nothing."""
        self.counts[operation, rule][Outcome.PASSED] += 1

    @contextmanager
    def surviving(self) -> Iterator[None]:
        """Note a crash of this block instead of raising it, so that what was found until then is reported."""
        try:
            yield
        except UsageError:
            raise
        except Exception as error:
            self._crashed(error)

    def _crashed(self, error: Exception) -> None:
        self.crash = self.crash or crash_text(error)

    def finish(self) -> None:
        """Put failures in the order of operations, and replace the token and personal data that were learnt."""
        order = {row.operation: index for index, row in enumerate(self.operations)}
        for entries in (self.failures, self.warnings, self.accepted):
            entries.sort(key=lambda entry: order.get(entry.operation, -1))
            entries[:] = map(self._told, entries)
        self.not_judged[:] = [replace(each, reason=self.told(each.reason)) for each in self.not_judged]
        self.operations[:] = [
            replace(row, not_judged=self.told(row.not_judged), beside=self.told(row.beside)) for row in self.operations
        ]
        self.notes[:] = map(self.told, self.notes)
        self.crash = self.told(self.crash)
        if self.crash:
            self.notes.insert(0, self.crash)

    def told(self, sentence: str) -> str:
        """A sentence as a reader gets it: on one line, and without the token and personal data in what it cites."""
        return CITED.sub(lambda match: self._hidden(match[1]), sentence)

    def _hidden(self, text: str) -> str:
        # A text that cannot be read is not shown, and the rest of the report is.
        try:
            return (text if self.scrubber is None else self.scrubber.text(text)).replace("\n", "\\n")
        except Exception as error:
            self._crashed(error)
            return HIDDEN

    def _told(self, failure: Failure) -> Failure:
        exchanges = failure.exchanges
        try:
            if self.scrubber is not None:
                exchanges = tuple(map(self.scrubber.once, exchanges))
        except Exception as error:
            self._crashed(error)
            exchanges = ()
        variable = token_variable(self.api)
        why_by_run = unlike_alone(failure.exchanges, exchanges, self.made) if self.again else ""
        # A law sends requests to all operations that it is about.
        names = [failure.rule] if failure.layer is Layer.LAW else [failure.operation, failure.rule]
        run = shlex.join([*self.again, *(word for name in names for word in ("--only", name))])
        # One placeholder stands for a name in any form.
        named = {self._hidden(text): text for text in CITED.findall(failure.expected)}
        differs = any(named.get(self._hidden(text), text) != text for text in CITED.findall(failure.found))
        return replace(
            failure,
            # A pointer leads through names of the answer; else it is the name of a field of the spec.
            field=self._hidden(failure.field) if failure.field.startswith("/") else failure.field,
            expected=self.told(failure.expected),
            found=self.told(failure.found) + " (in another form: capitals, accents, spaces or escapes)" * differs,
            curl="" if not exchanges else run if why_by_run else curl_of(exchanges[-1], variable),
            why_by_run=why_by_run,
            exchanges=exchanges,
        )

    @property
    def answers(self) -> Answers:
        """Open questions of which a reading was seen: the places at which each was."""
        return {question: said for question, said in self.readings.items() if said}

    @property
    def exit_code(self) -> ExitCode:
        """The exit code that tells the outcome to a shell."""
        if self.crash:
            return ExitCode.CRASHED
        if self.failures:
            return ExitCode.FAILED
        unsure = any(o.verdict is Verdict.INCONCLUSIVE for o in self.operations)
        unsure |= all(o.verdict is Verdict.LEFT_OUT for o in self.operations)
        if self.interrupted or unsure or any(not each.lasting for each in self.not_judged):
            return ExitCode.INCONCLUSIVE
        return ExitCode.PASSED

    def cases(self) -> list[Case]:
        """One case for each operation and rule that met, in the order of operations and rules."""
        known = RULES
        order = {name: index for index, name in enumerate([*(row.operation for row in self.operations), *known])}
        pairs = {*self.counts, *((each.operation, each.rule) for each in self.not_judged)}
        lists = {
            Outcome.FAILED: self.failures,
            Outcome.WARNING: self.warnings,
            Outcome.ACCEPTED: self.accepted,
        }
        pairs |= {(finding.operation, finding.rule) for findings in lists.values() for finding in findings}
        cases = []
        for operation, name in sorted(pairs, key=lambda pair: [(order.get(part, -1), part) for part in pair]):
            found = {key: tuple(f for f in all_ if f.key[:2] == (operation, name)) for key, all_ in lists.items()}
            not_judged = tuple(each for each in self.not_judged if (each.operation, each.rule) == (operation, name))
            counts = self.counts.get((operation, name), Counter())
            unsure = not_judged and (not counts[Outcome.PASSED] or not all(each.lasting for each in not_judged))
            silent = Outcome.NOT_JUDGED if unsure else Outcome.PASSED
            outcome = next((key for key, findings in found.items() if findings), silent)
            rule = known.get(name, Rule(name, name, "", Layer.CONFORMANCE))
            cases.append(Case(operation, rule, outcome, counts.total(), found.get(outcome, ()), not_judged))
        return cases

    @property
    def outcome(self) -> str:
        """The outcome in a word or two."""
        return self.exit_code.name.lower() + (", interrupted" if self.interrupted else "")

    @property
    def summary(self) -> str:
        """The outcome in numbers."""
        parts = [counted(self.failures)]
        if self.warnings:
            parts.append(counted(self.warnings, "warning"))
        if self.accepted:
            parts.append(f"{len(self.accepted)} accepted by the baseline")
        unsure = sum(row.verdict is Verdict.INCONCLUSIVE for row in self.operations)
        if unsure:
            parts.append(f"{plural(unsure, 'operation')} inconclusive")
        if self.recorded:
            return ", ".join([*parts, f"{self.requests} recorded requests"])
        return ", ".join([*parts, f"{self.requests} requests in {self.seconds:.1f} s"])


_VALUE = re.compile(r'"[^"]*"|\b\d{3} (?:[\w.+-]+/[\w.+-]+|without a (?:body|type))|\d+(?:\.\d+)?')
"""A text, a number, or a status and a media type in a sentence; two that differ only in these say the same."""


def alike(findings: Iterable[Failure]) -> list[list[Failure]]:
    """Findings of one rule for one reason have one cause: one to a reader, however many the places. So have those of
    several rules that found the same at one place.

    What a server does with an argument of a name it does in all operations, whatever they answer.
    """
    groups: dict[tuple[str, ...], list[Failure]] = {}
    found_first: dict[tuple[str, ...], tuple[str, ...]] = {}
    for f in findings:
        is_argument = f.field.startswith(("body.", "cookie.", "path.", "query."))
        found = f.field.rpartition(".")[2] if is_argument else _VALUE.sub("#", f.found)
        key: tuple[str, ...] = f.rule, _VALUE.sub("#", f.expected), found
        if f.field:
            key = found_first.setdefault((f.operation, f.field, f.found), key)
        groups.setdefault(key, []).append(f)
    return list(groups.values())


def counted(findings: Sequence[Failure], noun: str = "failure") -> str:
    """The number of findings, each one cause, and of the places at which they are if there are more."""
    number, places = len(alike(findings)), len({(f.operation, f.field) for f in findings})
    return plural(number, noun) + (f" in {places} places" if number < places else "")


def crash_text(error: Exception) -> str:
    """The text that tells a person of a crash of the suite."""
    at = traceback.extract_tb(error.__traceback__)[-1]
    found = f"{type(error).__name__}: {cited(' '.join(str(error).split())[:300])}"
    where = f"{Path(at.filename).name}, line {at.lineno}"
    return f"the suite itself crashed, which says nothing about the server: {found} ({where}); please report it"


def plural(number: int, noun: str) -> str:
    """A number with its noun."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def curl(method: str, url: str, headers: Mapping[str, str], body: bytes | None, token: str, variable: str) -> str:
    """A command that repeats a request; the token is replaced by the environment variable."""
    # Brackets and braces are no pattern, dots no way up, and a body that begins with @ is no file.
    options = ["-g"] * bool(re.search(r"[\[\]{}]", url)) + ["--path-as-is"] * ("/." in url)
    words = ["curl", "-i", *options, "-X", method, _quoted(url, token, variable)]
    for name, value in headers.items():
        words += ["-H", _quoted(f"{name}: {value}", token, variable)]
    if body is not None:
        words += [
            "--data-raw" if body.startswith(b"@") else "--data-binary",
            _quoted(_escaped(body.decode("utf-8", "backslashreplace")), token, variable),
        ]
    return " ".join(words)


def _escaped(body: str) -> str:
    """A body in which no character is one that reports show as an escape; JSON has an escape for each."""
    if visible(body) == body or loaded(body.encode("utf-8", "replace")) is MISSING:
        return body
    return "".join(c if visible(c) == c else json.dumps(c)[1:-1] for c in body)


def _quoted(word: str, token: str, variable: str) -> str:
    parts = word.split(token) if token else [word]
    # Single quotes would keep the shell from filling in the variable.
    return f'"${variable}"'.join(_single_quoted(part) if part or len(parts) == 1 else "" for part in parts)


def _single_quoted(word: str) -> str:
    """A word of a shell in which a CI runner sees no command, as `logged` has it: quotes end, and begin again."""
    return re.sub(r"(##|\n)", r"\1''", shlex.quote(word))


def curl_of(exchange: Exchange, variable: str) -> str:
    """A command that repeats the request of an exchange."""
    body = exchange.request_body or None
    return curl(exchange.method, exchange.url, exchange.needed_headers, body, TOKEN, variable)


def unlike_alone(sent: Sequence[Exchange], told: Sequence[Exchange], made: Container[str]) -> str:
    """The reason why the last of some requests shows something else when it is sent by itself, as a report tells it;
    empty if it shows the same.

    It does not if it was about a record that the run created, or wrote to, before, and if what it sent is not told:
    a customer's name, or a token that was altered.
    """
    if not sent or not told:
        return ""
    last, shown = sent[-1], told[-1]
    if last.path in made:
        return "it is about a record that the run made and removed"
    if any(exchange.operation is not None and not exchange.operation.safe for exchange in sent[:-1]):
        return "it follows a request that creates, changes or deletes a record"
    command = curl_of(shown, "")
    altered = any(ALTERED in text for text in (shown.url, *shown.request_headers.values()))
    is_told = shown.url == last.url and _same_body(shown.request_body, last.request_body)
    if not is_told or altered or visible(command) != command:
        return "it has a value that is replaced here"
    return ""


def _same_body(one: bytes, other: bytes) -> bool:
    return one == other or (loaded(one) is not MISSING and loaded(one) == loaded(other))
