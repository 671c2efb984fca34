"""The records that a run creates: which are its own, and a journal of them on disk."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from contrato.verify.exchange import Arguments


@dataclass(frozen=True)
class Record:
    """A record that this run created.

    Attributes:
        creator: The operation that created it.
        argument: The path parameter that addresses it.
        path: Its path below the base URL.
    """

    creator: str
    argument: dict[str, Any]
    path: str

    @property
    def arguments(self) -> Arguments:
        """`argument` by `Parameter.key`."""
        return {("path", name): value for name, value in self.argument.items()}


class Journal:
    """The records of one run; the file exists only while there are some.

    Args:
        api: The API.
        base_url: The server that the records are on.
    """

    def __init__(self, api: str, base_url: str) -> None:
        self._api = api
        self._base_url = base_url
        self._started = datetime.now(UTC)
        self._path = _folder() / f"{api}-{self._started:%Y%m%dT%H%M%S%f}-{os.getpid()}.json"

    def write(self, records: list[Record]) -> None:
        """Keep these records and no others."""
        _write(self._path, self._api, self._base_url, self._started.isoformat(), records)

    def earlier(self) -> Iterator[tuple[str, list[Record], Journal]]:
        """What other runs on this server have not removed: when each began, its records, and its journal."""
        for path in sorted(_folder().glob(f"{self._api}-*.json")):
            try:
                kept = json.loads(path.read_text(encoding="utf-8"))
                records = [Record(**record) for record in kept["records"]]
                began, base_url = datetime.fromisoformat(kept["started"]), kept["base_url"]
            except (OSError, ValueError, KeyError, TypeError):
                continue  # Half written, or of another version.
            if path != self._path and base_url == self._base_url:
                journal = Journal(self._api, self._base_url)
                journal._path, journal._started = path, began
                yield f"{began:%Y-%m-%d %H:%M} UTC", records, journal


def _folder() -> Path:
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "contrato"


def _write(path: Path, api: str, base_url: str, started: str, records: list[Record]) -> None:
    if not records:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = {"api": api, "base_url": base_url, "started": started, "records": [asdict(record) for record in records]}
    # Renamed into place, so that a run that is killed here leaves the old one.
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(kept, indent=1), encoding="utf-8")
    fresh.replace(path)
