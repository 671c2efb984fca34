"""The records that a run creates: which are its own, and a journal of them on disk."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from typing import Any

from contrato.core import places
from contrato.core.spec import Api, Operation
from contrato.verify.documents import MISSING, find, loaded, text_of, validator
from contrato.verify.exchange import Arguments, Exchange
from contrato.verify.rows import limit_of, page_key
from contrato.verify.texts import letters

PAGES = 20
"""Pages of a list that are read before the first record is created."""

LARGE = 100
"""Records of such a page, where its size can be chosen."""

SEARCHES = 20
"""Requests without a clear answer whose texts are searched for in the end, where a list is too long to be read."""

UNPROVED = 5
"""Records that a run may leave on a server, unable to prove that they are its own; then it creates no more."""

CUT = 20
"""Letters that are left of a text at least, if a server cut it."""


@dataclass(frozen=True)
class Record:
    """A record that this run created.

    Attributes:
        creator: The operation that created it.
        argument: The path parameter that addresses it.
        path: Its path below the base URL.
        sent: The body of the request that created it, without the token; empty if that is not known.
    """

    creator: str
    argument: dict[str, Any]
    path: str
    sent: str = ""

    @property
    def arguments(self) -> Arguments:
        """`argument` by `Parameter.key`."""
        return {("path", name): value for name, value in self.argument.items()}


@dataclass(frozen=True)
class Intent:
    """A request to create a record of which it is not known yet whether there is one, and which.

    Attributes:
        creator: The operation.
        sent: The body of the request, without the token.
    """

    creator: str
    sent: str


Ask = Callable[[Operation, Arguments], Exchange | None]
"""Sends a request that changes nothing; None when no answer came."""


class OwnRecords:
    """The records that one run created.

    Args:
        spec: Says which operations create records, and which address them.
        ask: Reads records back; None where a record is taken for its own without proof.

    Attributes:
        created: Those that are not deleted.
        intents: Requests to create a record after which it is not known whether there is one.
        unproved: Paths that such requests were answered with, and where there is not what was sent.
        unclaimed: Records that are there as requests wanted them which the server refused, or answered with no record.
        others_now: Paths of records that this run created, where another one is by now.
        on_change: Is called whenever `created` or `intents` changes.
        mark: Is in the texts that are sent, so that two runs at once tell their records apart; empty without proofs.
    """

    def __init__(self, spec: Api, ask: Ask | None = None) -> None:
        self.mark = "" if ask is None else token_hex(2)
        self.created: list[Record] = []
        self.intents: list[Intent] = []
        self.unproved: list[str] = []
        self.unclaimed: list[Record] = []
        self.others_now: list[str] = []
        self.on_change: Callable[[], None] = lambda: None
        self._spec = spec
        self._ask = ask
        self._looked: set[str] = set()
        # Creating operations whose list is too long to know all of it.
        self._long: set[str] = set()
        # Records that could not be read back yet, how they were created, and why.
        self._unread: list[tuple[Record, Exchange, Intent | None]] = []
        self._paths: set[str] = set()
        # Those of our paths that we asked to delete, whatever was answered: somebody else may have them now.
        self._freed: set[str] = set()
        # Records of ours that the server did not delete when it was asked to; of too many there are no more.
        self._undeleted: set[str] = set()
        # Creating operations that gave a number again, although there was a greater one.
        self._give_again: set[str] = set()
        # Records of others by path, and those of them that were there before the first record was created.
        self._others: dict[str, Record] = {}
        self._earlier: set[str] = set()
        # Requests to create a record that were refused, one for each body.
        self._refusals: dict[str, Intent] = {}
        self._ever_created: list[Record] = []
        # The state of our records as the server last answered it, by path.
        self._states: dict[str, Any] = {}
        # The texts that were sent or answered for each field of them: it is not always known what a write did.
        self._texts: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
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

    def may_write(self, operation: Operation, path: str, content: bytes) -> bool:
        """True if a write touches no record of others, and is not one more that may leave a record behind.

        Args:
            operation: What is to be done.
            path: To which record.
            content: The body of the request.
        """
        if operation.id in self._addresses:
            return self._ask is None or max(len(self.intents), len(self._undeleted)) < UNPROVED
        if path not in self._paths or (path in self._freed and not self._is_nobody_elses(path)):
            return False
        if operation.method == "DELETE":
            self._freed.add(path)
        self._learn(path, loaded(content))
        return True

    def _learn(self, path: str, record: Any) -> None:
        """Note the texts of a record of ours."""
        for key, value in record.items() if isinstance(record, dict) else ():
            if _is_text(value):
                self._texts[path][key].add(value)

    def _is_nobody_elses(self, path: str) -> bool:
        """True if a path that was freed has our record as we left it, or nothing, and does not get anything; False also
        if that is not known.
        """
        record = next(record for record in self._ever_created if record.path == path)
        reader = self._spec.operations[record.creator].reader
        answer = self._ask(reader, record.arguments) if self._ask is not None and reader is not None else None
        found = shown(answer)
        if found is MISSING:
            return False
        if found is None:
            return self._stays_free(record)
        if self.is_as_left(record, found) and (self._is_marked(found) or self.mark not in record.sent):
            self._freed.remove(path)
            return True
        self.leave(record)
        return False

    def _stays_free(self, record: Record) -> bool:
        """True if the next record of somebody else does not get the number of one that is gone.

        Usual servers count on from the greatest number; so there has to be one of ours that is greater.
        """
        return record.creator not in self._give_again and self._is_below_another(record)

    def _is_below_another(self, record: Record) -> bool:
        (mine,) = record.argument.values()
        others = (next(iter(each.argument.values())) for each in self.created if each.creator == record.creator)
        return not isinstance(mine, int) or any(isinstance(other, int) and other > mine for other in others)

    def leave(self, record: Record) -> None:
        """Note that a record is another one by now, or was changed by somebody."""
        self._paths.discard(record.path)
        self._others[record.path] = record
        self.others_now.append(record.path)
        self.forget(record.path)

    def look_around(self, operation: Operation) -> None:
        """Before the first record is created, read which there are: none of them will be ours, whatever is answered."""
        lister = operation.lister
        if self._ask is None or operation.id not in self._addresses or operation.id in self._looked or lister is None:
            return
        self._looked.add(operation.id)
        if not self._walk(lister, {}):
            self._long.add(operation.id)
        self._earlier |= self._others.keys()

    def look_for(self, operation: Operation, content: bytes) -> None:
        """Before a record is created beside more than were read, read those with its texts.

        A server may answer with one of them, in place of a new one.
        """
        lister = operation.lister
        if lister is None or operation.id not in self._long:
            return
        for f in lister.parameters:
            for text in _texts(content) if f.searches is not None else ():
                self._walk(lister, {f.key: text})

    def look_for_unclaimed(self) -> None:
        """Find the records that the server stored without saying so: new ones, with the texts that were sent."""
        known, self._others = self._others, {}
        requests = [it for it in (*self.intents, *self._refusals.values()) if _texts(it.sent.encode())]
        creators = [self._spec.operations[name] for name in dict.fromkeys(it.creator for it in requests)]
        for creator in creators:
            if creator.lister is not None:
                self._walk(creator.lister, {})
        for request in requests[:SEARCHES]:
            self.look_for(self._spec.operations[request.creator], request.sent.encode())
        new = [self._others[path] for path in self._others.keys() - self._earlier - self.made]
        self.unclaimed += [record for record in sorted(new, key=lambda it: it.path) if self._is_of(record, requests)]
        self._others |= known

    def _is_of(self, record: Record, requests: Sequence[Intent]) -> bool:
        """True if a record is what one of the requests wanted to create."""
        creator = self._spec.operations[record.creator]
        read = self._ask(creator.reader, record.arguments) if self._ask and creator.reader else None
        if read is None or not read.succeeded:
            return False
        wanted = (request.sent for request in requests if request.creator == creator.id)
        return any(self.is_as_sent(replace(record, sent=sent), read.json) for sent in wanted)

    def is_as_sent(self, record: Record, found: Any) -> bool:
        """True if what was read of a record is what was sent to create it."""
        creator = self._spec.operations[record.creator]
        sent = places.arguments(creator, creator.path, body=loaded(record.sent.encode()))
        return self._matches(record, sent, found)

    def _walk(self, lister: Operation, given: Arguments) -> bool:
        """Read pages of a list; True if that were all."""
        assert self._ask is not None
        limit, known = limit_of(lister), -1
        larger: Arguments = {} if limit is None else {limit.key: LARGE}
        for number in range(1, PAGES + 1):
            page = {**given, **({} if lister.pagination is None else {page_key(lister): number})}
            # `see` takes note of what it shows.
            answer = self._ask(lister, {**larger, **page})
            if larger and (answer is None or not answer.succeeded):
                larger = {}  # So large a page may be refused.
                answer = self._ask(lister, page)
            if len(self._others) == known or lister.pagination is None:
                return True
            known = len(self._others)
        return False

    def intend(self, operation: Operation, sent: str) -> Intent | None:
        """Note that a record is about to be created: the run may be killed before the answer is read."""
        if operation.id not in self._addresses:
            return None
        intent = Intent(operation.id, sent)
        self.intents.append(intent)
        self.on_change()
        return intent

    def withdraw(self, intent: Intent | None) -> None:
        """Note that the request of an intent was not sent."""
        if intent in self.intents:
            self.intents.remove(intent)
            self.on_change()

    def see(self, operation: Operation, exchange: Exchange, intent: Intent | None = None) -> None:
        """Note what an answer says of records.

        Args:
            operation: The operation that was asked.
            exchange: The request and its answer.
            intent: The intent that it is the answer to.
        """
        if operation.method == "DELETE" and exchange.succeeded:
            self.forget(exchange.path)
            self._undeleted.discard(exchange.path)
        elif operation.method == "DELETE" and exchange.path in self._paths and not exchange.may_be_anothers:
            self._undeleted.add(exchange.path)
        if operation.id in self._addresses:
            self._remember(operation, exchange, intent)
        elif exchange.path in self._states and exchange.status == 200 and not operation.safe:
            if exchange.path not in self._freed:
                self._states[exchange.path] = exchange.json
                self._learn(exchange.path, exchange.json)
        elif operation.safe and exchange.succeeded:
            self._note_others(operation, exchange)

    def forget(self, path: str) -> None:
        """Note that a record is deleted."""
        kept = [record for record in self.created if record.path != path]
        if kept != self.created:
            self.created = kept
            self.on_change()

    def restore(self, read: Callable[[Record], Any]) -> None:
        """Take up again the records that were answered as deleted, and are there as we left them.

        An id may have gone to somebody else's record meanwhile.
        """
        gone = {record.path: record for record in self._ever_created if record not in self.created}
        for record in gone.values():
            found = read(record)
            if found in (MISSING, None) or record.path in self.others_now:
                continue
            if not self.is_as_left(record, found):
                self.others_now.append(record.path)
            elif self._is_marked(found):
                self.created.append(record)
            elif record not in self.unclaimed:
                self.unclaimed.append(record)

    def _is_marked(self, found: Any) -> bool:
        """True if a text of what was read of a record has the mark of this run."""
        texts = found.values() if isinstance(found, dict) else ()
        return any(self.mark in text.casefold() for text in texts if isinstance(text, str))

    def is_as_left(self, record: Record, found: Any) -> bool:
        """True if each text of what was read of a record is one that we sent, or that was answered to that.

        A reading may have more fields than that answer, or a time that moves; texts tell records apart.
        """
        if found == self._states[record.path]:
            return True
        known = self._texts[record.path]
        texts = (
            [(known[key], found[key]) for key in known if _is_text(found.get(key))] if isinstance(found, dict) else []
        )
        if not texts:
            return record.path not in self._freed
        return all(any(_is_kept(one, [other]) is not None for one in ours) for ours, other in texts)

    def _remember(self, creator: Operation, exchange: Exchange, intent: Intent | None) -> None:
        """Note which record an answer says was created."""
        refused = 400 <= exchange.status < 500 or exchange.status == 204
        records = [] if refused else self._named(creator, exchange)
        if intent is not None and refused:
            self.intents.remove(intent)
            self._refusals[intent.sent] = intent
        for record in records:
            self._take(record, exchange, intent)
        self.on_change()

    def prove_again(self) -> None:
        """Read those records once more that could not be read when they were created."""
        unread, self._unread = self._unread, []
        for record, exchange, intent in unread:
            self._take(record, exchange, intent)
        self.on_change()

    def _take(self, record: Record, exchange: Exchange, intent: Intent | None) -> None:
        is_own = self._is_own(record, exchange)
        if is_own is None:
            self._unread.append((record, exchange, intent))
        if not is_own:
            return
        if intent in self.intents:
            self.intents.remove(intent)
        record = replace(record, sent=intent.sent if intent is not None else "")
        if record.path in self._freed:
            self._freed.remove(record.path)
            if self._is_below_another(record):
                self._give_again.add(record.creator)
        self._paths.add(record.path)
        self._states[record.path] = exchange.json
        self._learn(record.path, loaded(exchange.request_body))
        self._learn(record.path, exchange.json)
        self._ever_created.append(record)
        self.created.append(record)

    def _named(self, creator: Operation, exchange: Exchange) -> list[Record]:
        """The records that an answer names."""
        _, field = self._addresses[creator.id]
        values = [] if exchange.json is MISSING else find(exchange.json, field.record_pointer)
        return [self._record(creator.id, value) for value in values if validator(field.schema).is_valid(value)]

    def _is_own(self, record: Record, creation: Exchange) -> bool | None:
        """True if a record that a creation was answered with was not there before, and is what was sent; None if it
        cannot be read.

        A server may be so broken that it answers with a count, or with the id of somebody else's record.
        """
        if self._ask is None:
            return record.path not in self._others
        if any(record.path == own.path for own in self.created):
            return False  # It is ours, but not new.
        reader = self._spec.operations[record.creator].reader
        if record.path not in self._others and reader is not None:
            read = self._ask(reader, record.arguments)
            if read is None or not read.succeeded or read.json in (MISSING, None):
                return None
            if self._matches(record, creation.arguments, read.json):
                return True
        self.unproved.append(record.path)
        return False

    def _matches(self, record: Record, sent: Arguments, found: Any) -> bool:
        _, field = self._addresses[record.creator]
        if any(value not in record.argument.values() for value in find(found, field.record_pointer)):
            return False
        pairs = [
            (sent[f.key], find(found, f.echo.at))
            for f in self._spec.operations[record.creator].parameters
            if f.key in sent and f.echo is not None and f.echo.found_as is None
        ]
        # A law judges what a server makes of a number or a reference; texts tell records apart.
        texts = [pair for pair in pairs if _has_letters(pair[0])]
        kept = [_is_kept(*pair) for pair in texts or pairs]
        return None not in kept and True in kept

    def _note_others(self, operation: Operation, exchange: Exchange) -> None:
        """Note whose records an answer shows: who has an id after ours was deleted is somebody else."""
        living = {record.path for record in (*self.created, *(record for record, _, _ in self._unread))}
        for creator, (_, field) in self._addresses.items():
            for source in field.refers_to:
                if source.operation == operation.id:
                    records = [self._record(creator, value) for value in find(exchange.json, source.pointer)]
                    others = {record.path: record for record in records if record.path not in living}
                    self._others |= others
                    self._paths -= others.keys()

    def _record(self, creator: str, value: Any) -> Record:
        addressing, field = self._addresses[creator]
        return Record(creator, {field.name: value}, addressing.filled({field.name: value}))


def _has_letters(value: Any) -> bool:
    """True if a value is a text, and not of signs alone."""
    return isinstance(value, str) and bool(letters(value))


def _is_text(value: Any) -> bool:
    """True if a value is a text that tells its record from others, and no time."""
    if not _has_letters(value):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return True
    return False


def _texts(content: bytes) -> list[str]:
    """The texts of a body that tell its record from others."""
    body = loaded(content)
    values = body.values() if isinstance(body, dict) else ()
    return list(dict.fromkeys(value for value in values if _has_letters(value)))


def shown(answer: Exchange | None) -> Any:
    """The record that an answer to reading it shows; None for nothing, `MISSING` when it does not say."""
    if answer is None or answer.may_be_anothers or answer.status == 429 or answer.status >= 500:
        return MISSING
    nothing = answer.status != 200 or not answer.content or answer.json in ([], {})
    return None if nothing else answer.json


def _is_kept(sent: Any, found: list[Any]) -> bool | None:
    """True if a value that was sent is there, a text perhaps in capitals; False if a text was cut; None if neither."""
    if not isinstance(sent, str):
        return True if text_of(sent) in map(text_of, found) else None
    text, texts = letters(sent), [letters(value) for value in found if isinstance(value, str)]
    if text in texts:
        return True
    return False if any(len(value) >= CUT and text[: len(value)] == value for value in texts) else None


class Journal:
    """What one run left on its server so far; the file exists only while there is something, for its owner only.

    Args:
        api: The API.
        base_url: The server that the records are on.
        token: Of the run; a run with another one may not see them.
    """

    def __init__(self, api: str, base_url: str, token: str = "") -> None:
        self._api = api
        self._base_url = base_url
        self._by = sha256(token.encode()).hexdigest()[:8]
        self._started = datetime.now(UTC)
        self._name = f"{api}-{self._started:%Y%m%dT%H%M%S%f}-{os.getpid()}.json"

    @property
    def path(self) -> Path:
        """The file.

        Raises:
            OSError: There is no place for it.
        """
        return _folder() / self._name

    @property
    def began(self) -> str:
        """When the run began."""
        return f"{self._started:%Y-%m-%d %H:%M} UTC"

    def write(self, records: Sequence[Record], intents: Sequence[Intent]) -> None:
        """Keep these and no others."""
        if not records and not intents:
            with suppress(OSError):
                self.path.unlink()
            return
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        kept = {
            "api": self._api,
            "base_url": self._base_url,
            "by": self._by,
            "started": self._started.isoformat(),
            "records": [asdict(record) for record in records],
            "intents": [asdict(intent) for intent in intents],
        }
        # Renamed into place, so that a run that is killed here leaves the old one.
        fresh = self.path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(kept, file, indent=1)
        fresh.replace(self.path)

    def earlier(self) -> Iterator[tuple[Journal, list[Record], list[Intent]]]:
        """The journals that other runs with this token on this server left, each with its records and intents."""
        try:
            paths = sorted(_folder().glob(f"{self._api}-*.json"))
        except OSError:
            return
        for path in paths:
            try:
                kept = json.loads(path.read_text(encoding="utf-8"))
                records = [Record(**record) for record in kept["records"]]
                intents = [Intent(**intent) for intent in kept.get("intents", [])]
                began, whose = datetime.fromisoformat(kept["started"]), (kept["base_url"], kept.get("by", self._by))
            except (OSError, ValueError, KeyError, TypeError):
                continue  # Of another version.
            if path.name != self._name and whose == (self._base_url, self._by):
                journal = Journal(self._api, self._base_url)
                journal._name, journal._started, journal._by = path.name, began, self._by
                yield journal, records, intents


def _folder() -> Path:
    return users_folder("XDG_STATE_HOME", ".local/state")


def users_folder(variable: str, below_home: str) -> Path:
    """Where files of the user are kept.

    Args:
        variable: The environment variable that names the place.
        below_home: Where it is, if the variable is not set.

    Raises:
        OSError: The user has no home directory, as in some containers.
    """
    try:
        return Path(os.environ.get(variable) or Path.home() / below_home) / "contrato"
    except RuntimeError:
        raise OSError(f"there is no home directory; set {variable}") from None
