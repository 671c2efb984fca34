"""The contract suite: does a server keep what its spec promises?

`verify` discovers real values on the server, asks what the laws ask, and then lets Schemathesis probe every operation;
passive checks look at every answer meanwhile. `verify_har` judges traffic that was recorded. `Report` is the outcome;
`contrato.verify.reports` writes it.
"""

from contrato.verify.findings import Layer
from contrato.verify.hiding import token_variable
from contrato.verify.modes import Mode
from contrato.verify.recorded import verify_har
from contrato.verify.reports.report import ExitCode, Failure, Level, OperationResult, Report, UsageError, Verdict
from contrato.verify.rules import RULES, Rule
from contrato.verify.run import verify

__all__ = [
    "RULES",
    "ExitCode",
    "Failure",
    "Layer",
    "Level",
    "Mode",
    "OperationResult",
    "Report",
    "Rule",
    "UsageError",
    "Verdict",
    "token_variable",
    "verify",
    "verify_har",
]
