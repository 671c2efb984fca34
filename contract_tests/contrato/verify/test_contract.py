"""The suite for those who prefer pytest: one test for each operation of each API whose base URL is known.

    NEU_BASE_URL=https://… NEU_TOKEN=… pytest --pyargs contrato.verify

`APPORTIONMENTS_BASE_URL` and `APPORTIONMENTS_TOKEN` likewise; `CONTRATO_MODE` is what `contrato verify --mode` takes. A
violation fails the test of its operation; an operation that could not be checked skips it.
"""

import os
from functools import cache

import pytest

from contrato.core import spec
from contrato.verify import Report, UsageError, Verdict, verify

OPERATIONS = [(api, operation) for api in spec.APIS for operation in spec.api(api).operations]


@cache
def run(api: str) -> Report | UsageError:
    """Verify once, however many tests ask; if the run cannot begin, say why."""
    variable = spec.api(api).base_url_variable
    base_url = os.environ.get(variable)
    if not base_url:
        pytest.skip(f"set {variable} to where the API is")
    try:
        return verify(api, base_url, mode=os.environ.get("CONTRATO_MODE"))
    except UsageError as error:
        return error


@pytest.mark.parametrize(("api", "operation"), OPERATIONS, ids=["-".join(pair) for pair in OPERATIONS])
def test_operation(api: str, operation: str) -> None:
    """The server keeps the contract of this operation."""
    report = run(api)
    if isinstance(report, UsageError):
        pytest.fail(str(report), pytrace=False)
    violations = [f for f in report.failures if f.operation in (operation, "server")]
    if violations:
        told = (f"{f.rule} {f.field}: expected {f.expected}, found {f.found}\n  {f.curl}" for f in violations)
        pytest.fail("\n".join(told), pytrace=False)
    (result,) = (result for result in report.operations if result.operation == operation)
    if report.crash:
        pytest.fail(report.crash, pytrace=False)
    if result.verdict in (Verdict.INCONCLUSIVE, Verdict.LEFT_OUT) or report.interrupted:
        pytest.skip(result.not_judged or "the run was interrupted")
