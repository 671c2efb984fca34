"""Waits before a request is repeated: what the server asks for, else exponential backoff."""

import random
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

# Seconds. If the server asks for a longer wait, the error is raised immediately.
LONGEST_WAIT = 60


def retry_after(text: str) -> float | None:
    """Return the seconds from now that a `Retry-After` header asks to wait; None if it is neither a number nor a date.

    A header that was sent several times is a list: the longest wait counts.
    """
    parts = [part.strip() for part in text.split(",")]
    if all(re.fullmatch(r"[0-9]+(\.[0-9]*)?", part) for part in parts):
        return max(map(float, parts))
    try:
        date = parsedate_to_datetime(text)
    except (IndexError, OverflowError, TypeError, ValueError):
        return None
    # HTTP dates are in GMT.
    date = date if date.tzinfo else date.replace(tzinfo=UTC)
    return max(0.0, (date - datetime.now(UTC)).total_seconds())


def pause(attempt: int, asked: float | None) -> float | None:
    """Return the seconds to wait after a failed attempt; None if the server asks for more than `LONGEST_WAIT`.

    Args:
        attempt: Number of the attempt, from 1.
        asked: Seconds that the server asks to wait, or None.

    """
    if asked is not None and asked > LONGEST_WAIT:
        return None
    # At most half a second after the first attempt, and 8 seconds after the fifth.
    return max(asked or 0.0, random.uniform(0.1, 2.0 ** min(attempt - 2, 3)))
