"""The file or stream that rows go to, and their format."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from contrato.cli.errors import Refusal
from contrato.core.files import replacing

FORMATS = ("table", "json", "jsonl", "csv", "parquet")
ENDINGS = {".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".parquet": "parquet"}


def is_terminal(output: str | None) -> bool:
    """True if output goes to standard output, and that is a terminal."""
    return output in (None, "-") and sys.stdout.isatty()


def choose_format(name: str | None, output: str | None) -> str:
    """Return the given format, else that of the file's ending, else a table on a terminal and JSON in a pipe.

    Raises:
        Refusal: The file's ending means no format or another one, or Parquet would go to a terminal.

    """
    to_stdout = output in (None, "-")
    by_ending = None if to_stdout else ENDINGS.get(Path(str(output)).suffix.lower())
    if name is not None and by_ending not in (None, name):
        raise Refusal(f"--format {name} does not go with the name of {output}: rename it, or leave --format out")
    if name is None and not to_stdout:
        name = by_ending
        if name is None:
            raise Refusal(f"{output} ends in none of {', '.join(ENDINGS)}: rename it, or pass --format")
    name = name or ("table" if is_terminal(output) else "json")
    if name == "parquet" and is_terminal(output):
        raise Refusal("Parquet is no text for a terminal: pass -o FILE.parquet")
    return name


@contextmanager
def destination(output: str | None) -> Iterator[IO[bytes]]:
    """Open standard output, or a file that gets its name only after everything succeeded.

    Raises:
        Refusal: The file cannot be written.

    """
    if output is None or output == "-":
        stdout: IO[bytes] = sys.stdout.buffer
        yield stdout
        stdout.flush()
        return
    try:
        with _unwound(), replacing(Path(output)) as stream:
            yield stream
    except BrokenPipeError:
        raise
    except OSError as error:
        raise Refusal(f"cannot write {output}: {error.strerror or error}") from error


@contextmanager
def _unwound() -> Iterator[None]:
    """Let SIGTERM and SIGHUP raise, so that what was begun is removed; the status is that which a shell reports."""
    is_main = threading.current_thread() is threading.main_thread()
    # Windows has no SIGHUP. What somebody handles or ignores, stays so.
    there = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    numbers = [number for number in there if is_main and signal.getsignal(number) is signal.SIG_DFL]

    def end(number: int, frame: object) -> None:
        raise SystemExit(128 + number)

    for number in numbers:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)


def replaceable(output: str | None) -> bool:
    """True if output goes to a regular file, not to a stream, a device or a named pipe."""
    path = Path(output or "-")
    return output not in (None, "-") and (path.is_file() or not path.exists())


def beside(output: str | None, name: str) -> str | None:
    """Return the file for a second table, as `bills.concepts.csv` beside `bills.csv`; None for no regular file."""
    if not replaceable(output):
        return None
    path = Path(str(output))
    return str(path.with_name(f"{path.stem}.{name}{path.suffix}"))
