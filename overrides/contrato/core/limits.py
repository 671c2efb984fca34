"""Limits of a request: retries and deadline."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

import attrs
import httpx

from contrato.core import retry
from contrato.core.errors import ContratoError, ResponseError

# Those of the synchronous request that is under way in this thread.
current: ContextVar[Limits | None] = ContextVar("limits", default=None)


@attrs.frozen
class Limits:
    """Limits of one request, counted from now.

    Attributes:
        retries: Maximum number of retries.
        deadline: Seconds that the request may take, including retries; None for no limit.
        end: The deadline on the clock of `time.monotonic`.

    """

    retries: int
    deadline: float | None
    end: float | None = attrs.field(init=False)

    @end.default
    def _end(self) -> float | None:
        return None if self.deadline is None else time.monotonic() + self.deadline

    @property
    def left(self) -> float | None:
        """Seconds until the deadline: negative after it, None without one."""
        return None if self.end is None else self.end - time.monotonic()

    @property
    def is_late(self) -> bool:
        """True after the deadline."""
        return self.end is not None and time.monotonic() >= self.end

    def late(self) -> httpx.ReadTimeout:
        """Return the error of a request that is not complete at the deadline."""
        return httpx.ReadTimeout(f"the answer was not complete at the deadline of {self.deadline:g} s")

    def capped(self, timeouts: Mapping[str, float | None]) -> dict[str, float | None]:
        """Return timeouts that end at the deadline at the latest."""
        if (left := self.left) is None:
            return dict(timeouts)
        left = max(left, 0.001)
        return {name: left if seconds is None else min(seconds, left) for name, seconds in timeouts.items()}

    @contextmanager
    def bounding(self) -> Iterator[None]:
        """Bound each wait of a synchronous request by the deadline.

        A timeout by itself begins anew with each byte that comes: a head that drips would never be late.
        """
        token = current.set(self)
        try:
            yield
        finally:
            current.reset(token)

    def pause(self, error: ContratoError, attempt: int) -> float | None:
        """Return the seconds to wait before the next attempt; None if there must not be one.

        Args:
            error: The error of the last attempt.
            attempt: Number of the last attempt, from 1.

        """
        if attempt > self.retries or not error.transient:
            return None
        seconds = retry.pause(attempt, error.retry_after if isinstance(error, ResponseError) else None)
        too_late = seconds is not None and self.end is not None and time.monotonic() + seconds >= self.end
        return None if too_late else seconds
