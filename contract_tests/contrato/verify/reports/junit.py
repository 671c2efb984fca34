"""A run as JUnit XML: a suite for each operation, in it a case for each rule that judged it."""

from __future__ import annotations

from pathlib import Path

import junitparser

from contrato.verify.reports.report import Case, Failure, Outcome, Report, Verdict
from contrato.verify.texts import visible


def write(path: Path, report: Report) -> None:
    """Write a report.

    What could not be judged is skipped, with the reason; warnings are output of cases that pass.

    Raises:
        OSError: The file cannot be written.
    """
    document = junitparser.JUnitXml(f"contrato verify {report.api}")
    cases = report.cases()
    operations = dict.fromkeys([*(case.operation for case in cases), *(row.operation for row in report.operations)])
    not_judged = {
        row.operation: row.not_judged
        for row in report.operations
        if row.verdict in (Verdict.INCONCLUSIVE, Verdict.LEFT_OUT)
    }
    for operation in operations:
        suite = junitparser.TestSuite(operation)
        suite.timestamp = report.started.strftime("%Y-%m-%dT%H:%M:%S")
        for name, value in _properties(report).items():
            suite.add_property(name, _xml(value))
        name = f"contrato.{report.api}.{operation}"
        suite.add_testcases([_case(case, name) for case in cases if case.operation == operation])
        seen = junitparser.TestCase("was_checked", name)
        if operation in not_judged:
            seen.result = [junitparser.Skipped(_xml(not_judged[operation]))]
        suite.add_testcase(seen)
        document.add_testsuite(suite)
    run = junitparser.TestSuite("run")
    ended = junitparser.TestCase("came_to_its_end", f"contrato.{report.api}")
    if report.crash:
        ended.result = [junitparser.Error(_xml(report.crash))]
    elif report.interrupted:
        ended.result = [junitparser.Skipped("the run was interrupted; what is missing here was not judged")]
    if report.notes:
        ended.system_out = _xml("\n".join(report.notes))
    run.add_testcase(ended)
    document.add_testsuite(run)
    document.update_statistics()  # type: ignore[no-untyped-call]
    document.time = round(report.seconds, 3)
    document.write(str(path), pretty=True)


def _properties(report: Report) -> dict[str, str]:
    versions = {f"version of {name}": version for name, version in report.versions.items()}
    readings = {f"reading of {question}": ", ".join(said) for question, said in report.answers.items()}
    return {"base URL": report.base_url, "mode": report.mode, "seed": str(report.seed)} | versions | readings


def _case(case: Case, classname: str) -> junitparser.TestCase:
    element = junitparser.TestCase(case.rule.name, classname)
    details = "\n\n".join(map(describe, case.findings))
    if case.outcome is Outcome.FAILED:
        first = case.findings[0]
        failure = junitparser.Failure(
            _xml(f"{first.field}: expected {first.expected}; found {first.found}".lstrip(": "))
        )
        failure.type = case.rule.layer
        failure.text = _xml(f"{case.rule.sentence}\n\n{details}")
        element.result = [failure]
    elif case.outcome is Outcome.NOT_JUDGED:
        element.result = [junitparser.Skipped(_xml("; ".join(each.reason for each in case.not_judged)))]
    elif case.findings:
        element.system_out = _xml(f"{case.outcome}: {case.rule.sentence}\n\n{details}")
    return element


def describe(failure: Failure) -> str:
    """The particulars of a failure, a line for each."""
    lines = {
        "field": failure.field,
        "expected": failure.expected,
        "found": failure.found,
        "answers": str(failure.count),
        "evidence": failure.evidence,
        "repeat": failure.curl,
    }
    return "\n".join(f"{name}: {value}" for name, value in lines.items() if value)


def _xml(text: str) -> str:
    # XML 1.0 has no place for most of the characters that this escapes.
    return visible(text)
