"""Modes: the requests that a run may send, and how many of them."""

from __future__ import annotations

from enum import StrEnum


class Mode(StrEnum):
    """Limits of what a run does to the server.

    Attributes:
        UNRESTRICTED: Anything. For a server whose data is thrown away.
        OWN_RECORDS: Writes only to records that the run created, which it removes at the end.
        READ_ONLY: Only operations that change nothing are ever sent, and no malformed request unless asked for.
    """

    UNRESTRICTED = "unrestricted"
    OWN_RECORDS = "own-records"
    READ_ONLY = "read-only"


RATES = {Mode.OWN_RECORDS: 5.0, Mode.READ_ONLY: 1.0}
"""Requests per second that a mode sends at most unless told otherwise."""

BUDGETS = {Mode.READ_ONLY: 1500}
"""Requests that a run of a mode sends at most unless told otherwise."""
