"""The pace of a run: how many requests it sends, how fast, and how long it waits after 429."""

from __future__ import annotations

import math
import time

from contrato.core.retry import LONGEST_WAIT, retry_after

MAX_ALL_BYTES = 512 * 2**20
"""Bytes that all answers of a run may have together."""

ALL_WAITS = 300.0
"""Seconds that the waits after 429 may take together, those of clean-up counted by themselves."""


class Stopped(KeyboardInterrupt):
    """The budget or the time is spent, or the server wants no more requests. As after Ctrl-C, nothing more is sent but
    what removes the run's own records.

    A `KeyboardInterrupt` because Schemathesis and Hypothesis take every other exception for a finding and go on.
    """


class Pace:
    """Keeps one run within its limits.

    Args:
        rate: Requests per second at most; 0 for as many as there are.
        budget: Requests at most; 0 for as many as there are.
        seconds: Time that the run may take; 0 for as long as it takes.

    Attributes:
        received: Bytes of all answers so far.
        unlimited: True while requests are sent beyond the budget.
        spent: The budget that was used up, and what to do about it; empty text while there is more.
    """

    def __init__(self, rate: float, budget: int, seconds: float = 0) -> None:
        self.rate = rate
        self.budget = budget
        self.received = 0
        self.unlimited = False
        self.spent = ""
        self._seconds = seconds
        self._end = time.monotonic() + seconds if seconds else math.inf
        self._next_start = 0.0
        self._waited = 0.0
        # When each operation may be asked again.
        self._closed: dict[str, float] = {}

    def take_turn(self, sent: int) -> None:
        """Wait until the rate allows one more request.

        Args:
            sent: Number of requests so far.

        Raises:
            Stopped: The budget does not.
        """
        spent = ""
        if self.budget and sent >= self.budget:
            spent = f"the budget of {self.budget} requests is spent; give more with --budget"
        elif self.received > MAX_ALL_BYTES:
            spent = f"the answers had more than {MAX_ALL_BYTES} bytes in all; a server with less data is needed"
        elif time.monotonic() >= self._end:
            spent = f"the time of {self._seconds:g} s is spent; give more with --max-time"
        self._stop(spent)
        if self.rate:
            pause = self._next_start - time.monotonic()
            if not self.unlimited and time.monotonic() + pause >= self._end:
                self._stop(f"the time of {self._seconds:g} s is spent; give more with --max-time")
            time.sleep(max(0.0, pause))
            self._next_start = time.monotonic() + 1 / self.rate

    def _stop(self, spent: str) -> None:
        if spent and not self.unlimited:
            self.spent = spent
            raise Stopped(spent)

    def begin_clean_up(self) -> None:
        """From here on what a run left is removed, whatever its budget; waits are counted anew."""
        if not self.unlimited:
            self.unlimited, self._waited = True, 0.0

    def is_closed(self, operation: str) -> bool:
        """True if the server asked to be asked no more for this operation, and the time is not over."""
        return time.monotonic() < self._closed.get(operation, 0.0)

    def wait(self, operation: str, asked: str) -> bool:
        """Wait as the `Retry-After` of a 429 asks; False when that takes too long.

        Args:
            operation: The operation that was asked for; it is not asked again before its time.
            asked: The header.

        Raises:
            Stopped: Another operation waits already: it is the server that wants no more requests.
        """
        told = retry_after(asked)
        seconds = 1.0 if told is None else told
        if seconds <= LONGEST_WAIT and self._waited + seconds <= ALL_WAITS and time.monotonic() + seconds < self._last:
            # Who asks for no wait is not to be asked for ever.
            self._waited += max(seconds, 1.0)
            time.sleep(seconds)
            return True
        waiting = [other for other in self._closed if other != operation and self.is_closed(other)]
        self._closed[operation] = time.monotonic() + seconds
        if waiting or seconds <= LONGEST_WAIT:
            self._stop(
                f"the server answers 429 and asks to wait {seconds:g} s; a lower --rate is needed, or a later run"
            )
        return False

    @property
    def _last(self) -> float:
        return math.inf if self.unlimited else self._end
