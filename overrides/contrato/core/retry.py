"""When a request is sent again: reads only, after errors that may not come again."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from contrato.core.errors import (
    ConnectionFailedError,
    RateLimitError,
    RequestTimeoutError,
    ResponseError,
    ServerError,
)

if TYPE_CHECKING:
    import tenacity

# The longest pause before a retry in seconds. If the server asks for a longer one, the caller is to know.
LONGEST_WAIT = 60


def may_pass(error: BaseException) -> bool:
    """Return True if an error may not come again."""
    return isinstance(error, ConnectionFailedError | RequestTimeoutError | RateLimitError | ServerError)


def policy(retries: int, end: float | None) -> dict[str, Any]:
    """Return tenacity's arguments.

    Args:
        retries: How often to try again.
        end: The deadline, by `time.monotonic`; None for no end.

    """
    import tenacity  # late, because importing it takes longer than a call

    backoff = tenacity.wait_random_exponential(multiplier=0.5, min=0.1, max=8)

    def wait(state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, ResponseError) else None
        return max(asked or 0.0, backoff(state))

    def stop(state: tenacity.RetryCallState) -> bool:
        late = end is not None and time.monotonic() + state.upcoming_sleep >= end
        return late or state.upcoming_sleep > LONGEST_WAIT or state.attempt_number > retries

    return {"stop": stop, "retry": tenacity.retry_if_exception(may_pass), "wait": wait, "reraise": True}
