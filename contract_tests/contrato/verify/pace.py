"""The pace of a run: how many requests it sends, how fast, and how long it waits after 429."""

from __future__ import annotations

import time

from contrato.core.retry import retry_after

MAX_ALL_BYTES = 512 * 2**20
"""Bytes that all answers of a run may have together."""

LONGEST_WAIT = 5.0
"""Seconds that a run waits before it repeats a request that was answered with 429, whatever the server asks for."""

ALL_WAITS = 120.0
"""Seconds that all these waits of a run may take together."""


class Stopped(KeyboardInterrupt):
    """The budget is spent. As after Ctrl-C, nothing more is sent but what removes the run's own records.

    A `KeyboardInterrupt` because Schemathesis and Hypothesis take every other exception for a finding and go on.
    """


class Pace:
    """Keeps one run within its limits.

    Args:
        rate: Requests per second at most; 0 for as many as there are.
        budget: Requests at most; 0 for as many as there are.

    Attributes:
        received: Bytes of all answers so far.
        unlimited: True while requests are sent beyond the budget.
        spent: The budget that was used up, and what to do about it; empty text while there is more.
    """

    def __init__(self, rate: float, budget: int) -> None:
        self.rate = rate
        self.budget = budget
        self.received = 0
        self.unlimited = False
        self.spent = ""
        self._next_start = 0.0
        self._waited = 0.0

    def take_turn(self, sent: int) -> None:
        """Wait until the rate allows one more request.

        Args:
            sent: Number of requests so far.

        Raises:
            Stopped: The budget does not.
        """
        if self.budget and sent >= self.budget:
            spent = f"the budget of {self.budget} requests is spent; give more with --budget"
        elif self.received > MAX_ALL_BYTES:
            spent = f"the answers had more than {MAX_ALL_BYTES} bytes in all; a server with less data is needed"
        else:
            spent = ""
        if spent and not self.unlimited:
            self.spent = spent
            raise Stopped(spent)
        if self.rate:
            time.sleep(max(0.0, self._next_start - time.monotonic()))
            self._next_start = time.monotonic() + 1 / self.rate

    def wait(self, asked: str) -> bool:
        """Wait as the `Retry-After` of a 429 asks; False when the run has waited enough."""
        told = retry_after(asked)
        seconds = min(1.0 if told is None else told, LONGEST_WAIT)
        if self._waited + seconds > ALL_WAITS:
            return False
        self._waited += seconds
        time.sleep(seconds)
        return True
