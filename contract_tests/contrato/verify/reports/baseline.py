"""Failures that somebody accepted, for a reason and until a day.

A baseline is a TOML file with a table for each accepted failure:

    [[accepted]]
    rule = "response_schema_conformance"
    operation = "listBills"
    field = "/*/date"
    reason = "The vendor fixes it in release 12."
    accepted = 2026-11-22
    expires = 2027-02-20

`rule`, `operation` and `field` are those of a report; `field` may be absent, and then stands for "". From the day in
`expires` on, the failure counts again.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from contrato.core.files import replacing
from contrato.verify.reports.report import SERVER, Failure, OperationResult, Report, UsageError, Verdict

LASTS = timedelta(days=90)
"""From acceptance to expiry, unless somebody writes another day."""

_TEXTS = ("rule", "operation", "reason")

_DATES = ("accepted", "expires")


@dataclass(frozen=True)
class Accepted:
    """One failure that is accepted.

    Attributes:
        accepted: The day on which somebody accepted it.
        expires: The first day on which it counts again.
    """

    rule: str
    operation: str
    field: str
    reason: str
    accepted: date
    expires: date

    @property
    def key(self) -> tuple[str, str, str]:
        """Compares with `Failure.key`."""
        return self.operation, self.rule, self.field

    def __str__(self) -> str:
        return f"{self.rule} of {self.operation} {self.field}".rstrip()


def read(path: Path) -> list[Accepted]:
    """Read a baseline.

    Raises:
        UsageError: It cannot be read, or is none.
    """
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"cannot read the baseline {path}: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"the baseline {path} is not TOML: {error}") from error
    entries = document.get("accepted", [])
    if document.keys() - {"accepted"} or not isinstance(entries, list):
        raise UsageError(f"the baseline {path} may have nothing but [[accepted]] tables")
    return [_entry(path, number, entry) for number, entry in enumerate(entries, 1)]


def _entry(path: Path, number: int, entry: Any) -> Accepted:
    def refuse(problem: str) -> UsageError:
        return UsageError(f"entry {number} of the baseline {path}: {problem}")

    if not isinstance(entry, dict):
        raise refuse("it must be a table")
    unknown = entry.keys() - {*_TEXTS, *_DATES, "field"}
    if unknown:
        raise refuse(f"unknown: {', '.join(sorted(unknown))}")
    for key in _TEXTS:
        if not isinstance(entry.get(key), str) or not entry[key].strip():
            raise refuse(f"write a {key}")
    for key in _DATES:
        if not isinstance(entry.get(key), date) or isinstance(entry[key], datetime):
            raise refuse(f"{key} must be a day such as 2026-11-22, without quotation marks")
    if not isinstance(entry.get("field", ""), str):
        raise refuse("field must be text")
    if entry["expires"] <= entry["accepted"]:
        raise refuse("expires must be after accepted")
    return Accepted(**{"field": "", **entry})


def write(path: Path, kept: Iterable[Accepted], failures: Iterable[Failure], today: date) -> None:
    """Write a baseline that keeps entries and adds failures, which it accepts as soon as each has a reason.

    Raises:
        OSError: The file cannot be written.
    """
    found = [f for f in failures if not _ends_a_run(f.rule, f.operation)]
    new = [Accepted(f.rule, f.operation, f.field, "", today, today + LASTS) for f in found]
    lines = ["# Write a reason for each: entries without one are refused.", ""]
    for entry in [*kept, *new]:
        lines.append("[[accepted]]")
        for key, value in vars(entry).items():
            lines.append(f"{key} = {value if isinstance(value, date) else _string(value)}")
        lines.append("")
    with replacing(path) as file:
        file.write("\n".join(lines).encode())


def _ends_a_run(rule: str, operation: str) -> bool:
    """True for a server that answers no more: nothing that comes after it is judged, so that nobody can accept it."""
    return (rule, operation) == ("answer", SERVER)


def _string(text: str) -> str:
    """A string of TOML, in which what cannot be seen is escaped."""

    def written(character: str) -> str:
        if character in '"\\':
            return f"\\{character}"
        if character.isprintable():
            return character
        return "?" if "\ud800" <= character <= "\udfff" else f"\\U{ord(character):08X}"

    return f'"{"".join(map(written, text))}"'


def apply(baseline: Iterable[Accepted], report: Report, today: date) -> None:
    """Set aside the failures of a report that are accepted, and note what of the baseline has expired or is unused."""
    failing = {failure.key for failure in report.failures}
    judged = {(operation, rule) for operation, rule in report.counts} | {key[:2] for key in failing}
    valid = {}
    for entry in baseline:
        if entry.key not in failing:
            # A rule that did not judge may still fail.
            if (entry.operation, entry.rule) in judged and not report.interrupted:
                report.notes.append(f"baseline: {entry} did not fail; remove the entry")
        elif _ends_a_run(entry.rule, entry.operation):
            report.notes.append(f"baseline: {entry} cannot be accepted: nothing after it was judged; remove the entry")
        elif entry.expires <= today:
            report.notes.append(f"baseline: {entry} expired on {entry.expires} ({entry.reason}); it counts again")
        else:
            valid[entry.key] = entry
            report.notes.append(f"baseline: {entry} is accepted until {entry.expires} ({entry.reason})")
    report.accepted += [failure for failure in report.failures if failure.key in valid]
    report.failures[:] = [failure for failure in report.failures if failure.key not in valid]
    still = {failure.operation for failure in report.failures}
    report.operations[:] = [
        _accepted(row) if row.verdict is Verdict.FAILED and row.operation not in still else row
        for row in report.operations
    ]


def _accepted(row: OperationResult) -> OperationResult:
    """The result of an operation of which all failures are accepted: what was not checked is not passed."""
    verdict = Verdict.INCONCLUSIVE if row.beside else Verdict.PASSED
    return replace(row, verdict=verdict, not_judged=row.beside, beside="")
