"""A report for a person at a terminal."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from textwrap import wrap

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from contrato.verify.findings import Layer
from contrato.verify.reports.report import Case, Failure, Outcome, Report, Unjudged, Verdict, alike, counted
from contrato.verify.texts import logged, visible

_LEAD = re.compile(r" *(?:[a-z]+ {2,}|- |\d+\.? +)?")
"""How a line begins below which its further lines do not begin."""

NARROWEST = 20
"""Characters of a line at least: at a width of 0 nothing is written."""

WIDEST = 1000
"""Characters of a line that is wide enough for any table."""

_STYLES = {Verdict.PASSED: "green", Verdict.FAILED: "red", Verdict.INCONCLUSIVE: "yellow", Verdict.LEFT_OUT: "dim"}


class _Output(Console):
    def on_broken_pipe(self) -> None:
        """Tell the caller: Rich ends with status 1, which says that the server breaks the contract."""
        raise BrokenPipeError


def write(report: Report, console: Console | None = None) -> None:
    """Write the summary that a person reads."""
    console = console or _Output()
    console.width = max(console.width, NARROWEST)
    _operations(console, report)
    _overview(console, report.failures)
    for number, failures in enumerate(alike(report.failures), 1):
        _line(console)
        _finding(console, f"{number}. ", failures, "red")
    if report.warnings:
        _heading(console, "Warnings: what no source states; with --strict they are failures")
        for warnings in alike(report.warnings):
            _finding(console, "- ", warnings, "yellow")
    if report.accepted:
        _heading(console, "Accepted by the baseline")
        for accepted in alike(report.accepted):
            _line(console, f"- {_where(accepted)}: {accepted[0].rule}; found {accepted[0].found}")
    _not_judged(console, report)
    if report.answers:
        _heading(console, f"Open questions that this server answers: {len(report.answers)} of {len(report.readings)}")
        _line(console, "; ".join(f"{question}: {' and '.join(said)}" for question, said in report.answers.items()))
    if report.notes:
        _heading(console, "Notes")
        for note in report.notes:
            _line(console, f"- {note}", whole=note.startswith("curl "))
    _line(console)
    again = "" if report.recorded else f"; mode {report.mode}; repeat with --seed {report.seed}"
    _line(console, f"{report.outcome}: {report.summary}{again}", "bold")


def _line(console: Console, text: str = "", style: str = "", *, whole: bool = False) -> None:
    """Write a line; on a terminal, one that is too long in several, each of whole words, unless it is to be copied."""
    text = visible(text)
    if console.is_terminal and not whole:
        hanging = " " * len(_LEAD.match(text)[0])  # type: ignore[index]
        text = "\n".join(
            part
            for line in text.split("\n")
            for part in wrap(line, console.width, subsequent_indent=hanging, break_long_words=False) or [""]
        )
    # Text, not markup: what a server answers must not be read as styling. Unwrapped, so that a curl can be copied.
    console.print(Text(logged(text), style=style), soft_wrap=True)


def _heading(console: Console, text: str) -> None:
    _line(console)
    _line(console, text, "bold")


def _operations(console: Console, report: Report) -> None:
    cases = report.cases()
    layers = [layer for layer in Layer if any(case.rule.layer is layer for case in cases)]
    table = _table(report, cases, {str(layer): (layer,) for layer in layers})
    # A name that is broken in its midst is no name.
    if console.measure(table, options=console.options.update(width=WIDEST)).minimum > console.width:
        table = _table(report, cases, {"rules": layers})
    console.print(table)


def _table(report: Report, cases: Sequence[Case], columns: Mapping[str, Sequence[Layer]]) -> Table:
    """A row for each operation, with columns of one layer each, or of several."""
    title = logged(f"{report.api} at {report.base_url}")
    table = Table(box=SIMPLE_HEAD, title=title, title_justify="left", padding=(0, 1, 0, 0))
    table.add_column("operation", no_wrap=True)
    table.add_column("2xx of", no_wrap=True)
    for name in columns:
        table.add_column(name, overflow="fold")
    table.add_column("verdict", overflow="fold")
    for row in report.operations:
        own = [case for case in cases if case.operation == row.operation]
        cells = [tally(case for case in own if case.rule.layer in layers) for layers in columns.values()]
        verdict = Text(row.verdict, style=_STYLES[row.verdict])
        table.add_row(row.operation, f"{row.successes}/{row.requests}", *cells, verdict)
    return table


def tally(cases: Iterable[Case]) -> str:
    """How many rules came to what, in a few characters."""
    counts = Counter(case.outcome for case in cases)
    words = {Outcome.FAILED: "failed", Outcome.WARNING: "warned", Outcome.ACCEPTED: "accepted", Outcome.PASSED: "ok"}
    return ", ".join(f"{counts[outcome]} {word}" for outcome, word in words.items() if counts[outcome])


def whose(findings: Sequence[Failure]) -> str:
    """The operation of findings that are alike, or the number of their operations."""
    operations = {finding.operation for finding in findings}
    return findings[0].operation if len(operations) == 1 else f"in {len(operations)} operations"


def found_at(findings: Sequence[Failure]) -> list[str]:
    """Where findings that are alike are: their operations, and their fields where these differ."""
    differ = len({finding.field for finding in findings}) > 1
    places = (f"{one.operation} {one.field}".rstrip() if differ else one.operation for one in findings)
    return list(dict.fromkeys(places))


def broken(findings: Sequence[Failure]) -> list[Failure]:
    """The first of findings that are alike for each rule that they break."""
    first: dict[str, Failure] = {}
    for finding in findings:
        first.setdefault(finding.rule, finding)
    return list(first.values())


def _where(findings: Sequence[Failure]) -> str:
    fields = {finding.field for finding in findings}
    return f"{whose(findings)} {findings[0].field if len(fields) == 1 else f'at {len(fields)} places'}".rstrip()


def _overview(console: Console, failures: list[Failure]) -> None:
    """One line for each failure, below its operation."""
    if not failures:
        return
    groups = alike(failures)
    _heading(console, f"{counted(failures)}: what must hold, and does not")
    width = len(str(len(groups)))
    for heading in dict.fromkeys(map(whose, groups)):
        _line(console, heading)
        for number, group in enumerate(groups, 1):
            if whose(group) == heading:
                at = f"{group[0].field}: " if group[0].field and len({f.field for f in group}) == 1 else ""
                _line(console, f"  {number:>{width}}  {at}{group[0].sentence}", "red")


def _finding(console: Console, lead: str, findings: Sequence[Failure], style: str) -> None:
    failure, count = findings[0], sum(finding.count for finding in findings)
    times = f" ({count} times)" if count > 1 else ""
    _line(console, f"{lead}{_where(findings)}: {failure.rule}{times}", style)
    if len(places := found_at(findings)) > 1:
        _line(console, f"   in        {', '.join(places)}")
    _line(console, f"   rule      {failure.sentence}")
    for other in broken(findings)[1:]:
        _line(console, f"   and       {other.sentence} {other.rule}")
    _line(console, f"   expected  {failure.expected}")
    _line(console, f"   found     {failure.found}")
    if failure.evidence:
        _line(console, f"   evidence  {failure.evidence}")
    if failure.curl:
        _line(console, f"   repeat    {failure.curl}", whole=True)


def _not_judged(console: Console, report: Report) -> None:
    unsure = [row for row in report.operations if row.not_judged]
    moving = grouped(unjudged for unjudged in report.not_judged if not unjudged.lasting)
    if unsure or moving:
        _heading(console, "Inconclusive: could not be checked")
        for row in unsure:
            _line(console, f"- could not check {row.operation}: {row.not_judged}", "yellow")
        for (rule, reason), operations in moving.items():
            _line(console, f"- {rule} ({', '.join(operations)}): {reason}; repeat the run", "yellow")
    lasting = grouped(unjudged for unjudged in report.not_judged if unjudged.lasting)
    if lasting:
        _heading(console, "Nothing to judge in this server's data")
        for (rule, reason), operations in lasting.items():
            _line(console, f"- {rule} ({', '.join(operations)}): {reason}")


def grouped(not_judged: Iterable[Unjudged]) -> dict[tuple[str, str], list[str]]:
    """Operations by rule and reason: what many operations share is said once."""
    found: dict[tuple[str, str], list[str]] = {}
    for unjudged in not_judged:
        found.setdefault((unjudged.rule, unjudged.reason), []).append(unjudged.operation)
    return found
