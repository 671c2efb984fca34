"""The records that a run creates: which are its own, and a journal of them on disk."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from contrato.core.spec import Api, Operation
from contrato.verify.documents import MISSING, find, validator
from contrato.verify.exchange import Arguments, Exchange


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


class OwnRecords:
    """The records that one run created.

    Args:
        spec: Says which operations create records, and which address them.

    Attributes:
        created: Those that are not deleted.
        unnamed: Number of requests to create a record after which it is not known whether there is one.
        on_change: Is called with `created` whenever it changes.
    """

    def __init__(self, spec: Api) -> None:
        self.created: list[Record] = []
        self.unnamed = 0
        self.on_change: Callable[[list[Record]], None] = lambda records: None
        self._paths: set[str] = set()
        self._other_paths: set[str] = set()
        self._ever_created: list[Record] = []
        # The state of our records as the server last answered it, by path.
        self._states: dict[str, Any] = {}
        # An operation that addresses what another one creates, and its parameter, by the creating operation.
        self._addresses = {
            creator.id: (o, next(f for f in o.parameters if f.place == "path"))
            for o in spec.operations.values()
            if not o.safe and (creator := o.creator) is not None
        }

    @property
    def made(self) -> set[str]:
        """Paths of all records that this run created."""
        return {record.path for record in self._ever_created}

    def may_write(self, operation: Operation, path: str) -> bool:
        """True if a write touches no record of others."""
        return operation.id in self._addresses or path in self._paths

    def lost(self, operation: Operation) -> None:
        """Note that a request got no answer."""
        self.unnamed += operation.id in self._addresses

    def see(self, operation: Operation, exchange: Exchange) -> None:
        """Note what an answer says of records."""
        if operation.method == "DELETE" and exchange.succeeded:
            self.forget(exchange.path)
        if operation.id in self._addresses:
            self._remember(operation, exchange)
        elif exchange.path in self._states and exchange.status == 200 and not operation.safe:
            self._states[exchange.path] = exchange.json
        elif operation.safe and exchange.succeeded:
            self._note_others(operation, exchange)

    def forget(self, path: str) -> None:
        """Note that a record is deleted."""
        kept = [record for record in self.created if record.path != path]
        if kept != self.created:
            self.created = kept
            self.on_change(kept)

    def restore(self, read: Callable[[Record], Any]) -> None:
        """Take up again the records that were answered as deleted, and are there as we left them.

        An id may have gone to somebody else's record meanwhile.
        """
        deleted = [record for record in self._ever_created if record not in self.created]
        self.created += [record for record in deleted if read(record) == self._states[record.path]]

    def _remember(self, creator: Operation, exchange: Exchange) -> None:
        """Note which record an answer says was created."""
        if 400 <= exchange.status < 500 or exchange.status == 204:
            return  # Nothing was.
        _, field = self._addresses[creator.id]
        values = [] if exchange.json is MISSING else find(exchange.json, field.record_pointer)
        records = [self._record(creator.id, value) for value in values if validator(field.schema).is_valid(value)]
        # A server may be so broken that it answers with somebody else's record.
        records = [record for record in records if record.path not in self._other_paths]
        self.unnamed += not records
        for record in records:
            self._paths.add(record.path)
            self._states[record.path] = exchange.json
            self._ever_created.append(record)
            self.created.append(record)
            self.on_change(self.created)

    def _note_others(self, operation: Operation, exchange: Exchange) -> None:
        """Note whose records an answer shows: who has an id after ours was deleted is somebody else."""
        living = {record.path for record in self.created}
        for creator, (_, field) in self._addresses.items():
            for source in field.refers_to:
                if source.operation == operation.id:
                    others = {self._record(creator, v).path for v in find(exchange.json, source.pointer)} - living
                    self._other_paths |= others
                    self._paths -= others

    def _record(self, creator: str, value: Any) -> Record:
        addressing, field = self._addresses[creator]
        return Record(creator, {field.name: value}, addressing.filled({field.name: value}))


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
        """Records that other runs on this server left: when each run began, its records, and its journal."""
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
