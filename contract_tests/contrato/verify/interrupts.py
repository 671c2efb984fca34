"""Ctrl-C and its like: put off while a write is under way, and sent by whoever ends the run."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Put Ctrl-C off until the end of the block: the answer to a write says what was created, and has to be read.

    Blocks may nest: the outermost lets it through. A second Ctrl-C is not put off: the answer may never come.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pending: list[int] = []

    def put_off(number: int, frame: object) -> None:
        pending.append(number)
        if len(pending) > 1:
            raise KeyboardInterrupt

    previous = signal.signal(signal.SIGINT, put_off)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
        if len(pending) == 1:
            _interrupt()


def _interrupt(*_: object) -> None:
    """Do what Ctrl-C does, also where it is ignored: a shell lets what it runs in the background ignore it."""
    handler = signal.getsignal(signal.SIGINT)
    (handler if callable(handler) else signal.default_int_handler)(signal.SIGINT, None)


@contextmanager
def terminable() -> Iterator[None]:
    """Take for Ctrl-C what a cancelled CI job and a closed terminal send: what the run created is to be removed."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # Windows has no SIGHUP, and `nohup` has it ignored.
    there = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    numbers = [number for number in there if signal.getsignal(number) is not signal.SIG_IGN]
    previous = [signal.signal(number, _interrupt) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, previous, strict=True):
            signal.signal(number, handler)
