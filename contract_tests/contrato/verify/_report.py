"""What a run found, and how it is told to a person."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from rich.console import Console
from rich.table import Table
from rich.text import Text

from contrato.verify._transport import Mode


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


@dataclass(frozen=True)
class Failure:
    """One breach of the contract.

    Attributes:
        operation: The operationId, or `server` for what concerns all operations.
        check: Name of the check that failed.
        field: JSON pointer of the response property (`*` for any element), or `location.name` of the request field;
            empty when the answer as a whole is meant.
        evidence: The spec's `x-evidence` for what was expected.
        curl: A command that repeats the request; the token is an environment variable.
        count: How many answers had it.
    """

    operation: str
    check: str
    field: str
    expected: str
    found: str
    evidence: str
    curl: str = ""
    count: int = 1

    @property
    def key(self) -> tuple[str, str, str]:
        """Failures with the same key are reported once."""
        return self.operation, self.check, self.field


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


@dataclass
class Report:
    """The outcome of one run.

    Attributes:
        requests: Requests sent, those that no operation answers included.
        seconds: Duration of the run.
        notes: Remarks for the reader, such as a mode chosen on their behalf.
        interrupted: Whether the run was stopped before its end.
    """

    api: str
    base_url: str
    mode: Mode
    seed: int
    requests: int = 0
    seconds: float = 0.0
    operations: list[OperationResult] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    interrupted: bool = False

    @property
    def exit_code(self) -> ExitCode:
        """The exit code that tells the outcome to a shell."""
        if self.failures:
            return ExitCode.FAILED
        if self.interrupted or any(o.verdict is Verdict.INCONCLUSIVE for o in self.operations):
            return ExitCode.INCONCLUSIVE
        return ExitCode.PASSED

    def print(self, console: Console | None = None) -> None:
        """Write the summary that a person reads."""
        console = console or Console()
        table = Table(title=f"{self.api} at {self.base_url}", title_justify="left")
        table.add_column("operation")
        table.add_column("requests", justify="right")
        table.add_column("2xx", justify="right")
        table.add_column("verdict")
        for row in self.operations:
            table.add_row(row.operation, str(row.requests), str(row.successes), _styled(row.verdict))
        console.print(table)
        for number, failure in enumerate(self.failures, 1):
            _print_failure(console, number, failure)
        for row in self.operations:
            if row.gap:
                _line(console, f"could not check {row.operation}: {row.gap}", "yellow")
        for note in self.notes:
            _line(console, note)
        outcome = self.exit_code.name.lower() + (", interrupted" if self.interrupted else "")
        _line(
            console,
            f"{outcome}: {len(self.failures)} failures, {self.requests} requests in "
            f"{self.seconds:.1f} s, mode {self.mode}; repeat with --seed {self.seed}",
            "bold",
        )


_STYLES = {Verdict.PASSED: "green", Verdict.FAILED: "red", Verdict.INCONCLUSIVE: "yellow"}


def _styled(verdict: Verdict) -> Text:
    return Text(verdict, style=_STYLES[verdict])


def _line(console: Console, text: str, style: str = "") -> None:
    # Text, not markup: what a server answers must not be read as styling. Unwrapped, so that a curl can be copied.
    console.print(Text(text, style=style), soft_wrap=True)


def _print_failure(console: Console, number: int, failure: Failure) -> None:
    where = f"{failure.operation} {failure.field}".rstrip()
    times = f" ({failure.count} times)" if failure.count > 1 else ""
    _line(console, f"{number}. {where}: {failure.check}{times}", "red")
    _line(console, f"   expected  {failure.expected}")
    _line(console, f"   found     {failure.found}")
    if failure.evidence:
        _line(console, f"   evidence  {failure.evidence}")
    if failure.curl:
        _line(console, f"   repeat    {failure.curl}")


def curl(method: str, url: str, headers: Mapping[str, str], body: bytes | None, token: str, variable: str) -> str:
    """A command that repeats a request; the token is replaced by the environment variable."""
    words = ["curl", "-i", "-X", method, _quoted(url, token, variable)]
    for name, value in headers.items():
        if name.lower() in ("authorization", "content-type"):
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
