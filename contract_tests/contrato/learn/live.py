"""Records what a server answers to a run of the suite that only reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from contrato.verify.exchange import Exchange
from contrato.verify.findings import Layer
from contrato.verify.modes import Mode
from contrato.verify.naming import TRIAL
from contrato.verify.reports.har import Recorder
from contrato.verify.reports.report import Report
from contrato.verify.rules import RULES
from contrato.verify.run import verify

LONGEST = 2**20
"""Bytes of a body that are learnt from."""


def record(
    api: str, base_url: str, token: str | None = None, *, only: Sequence[str] = (), **options: Any
) -> tuple[bytes, Report]:
    """Ask a server what the laws ask, in read-only mode and without requests that are wrong on purpose.

    Args:
        api: Name of the API.
        base_url: Where the server has it.
        token: The bearer token; by default that of the environment.
        only: Names of operations to ask for; by default all that only read.
        options: Other arguments of `contrato.verify.verify`.

    Returns:
        The exchanges as a HAR file has them, without the token and without personal data, and the report of the suite.

    Raises:
        UsageError: An argument is wrong, there is no such server, or it refuses the token.
    """
    recorder = Recorder(LONGEST)
    # Random requests, which Schemathesis sends, tell little that those of the laws do not.
    rules = [name for name, rule in RULES.items() if rule.layer is not Layer.CONFORMANCE]

    def observe(exchange: Exchange) -> None:
        # A trial shows where an argument is not: there is nothing to learn from it.
        if exchange.sender != TRIAL:
            recorder(exchange)

    given: dict[str, Any] = {"mode": Mode.READ_ONLY, "probes": False, "only": [*only, *rules], "observer": observe}
    report = verify(api, base_url, token, **given, **options)
    return recorder.content(report), report
