"""Files that are replaced as a whole."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import IO


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Open a file beside `path`, which takes its place after everything was written; until then `path` stays as it is.

    Args:
        path: The file. The target of a link is replaced, not the link. Devices and named pipes are written to.

    Raises:
        OSError: It cannot be written.

    """
    path = path.resolve()
    if path.exists() and not path.is_file():
        with path.open("wb") as stream:
            yield stream
        return
    # By chance: in a container the number of the process is the same each time.
    partial = path.with_name(f".{path.name}.{token_hex(4)}.part")
    with partial.open("xb") as stream:
        try:
            yield stream
            stream.close()
            if path.exists():
                shutil.copymode(path, partial)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
