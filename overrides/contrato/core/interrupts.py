"""Stop requests of other threads: each thread looks before it sends a request, and wakes up from a pause."""

import threading
import time
from contextvars import ContextVar

# Set in the context of a thread that can be stopped.
stopping: ContextVar[threading.Event | None] = ContextVar("stopping", default=None)


class Stopped(Exception):  # noqa: N818 (nothing failed)
    """Nobody waits for the result of this thread any more."""


def check_stop() -> None:
    """Raise `Stopped` if this thread is to stop."""
    if (event := stopping.get()) is not None and event.is_set():
        raise Stopped


def sleep(seconds: float) -> None:
    """Wait, or raise `Stopped` as soon as this thread is to stop."""
    if (event := stopping.get()) is None:
        time.sleep(seconds)
    else:
        event.wait(seconds)
        check_stop()
