"""Recorded traffic: the routes of a server, what requests to them carry, and which fields their answers have.

Values are kept to be compared with each other, never to be shown.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, islice
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from contrato.core.connection import TELLING
from contrato.core.spec import Api
from contrato.verify.documents import MISSING, loaded
from contrato.verify.har import Entry, Recorded, normal, read_entries
from contrato.verify.hiding import SECRET_NAMES, is_data

SlotKey = tuple[str, str]
"""Where a value travels, `path`, `query`, `body`, `form`, `nested` or `header`, and its name; of a path, its number."""

Texts = tuple[str | None, ...]
"""Segments of a path; None for one that is open."""

_Group = tuple[str, str, Texts]

MANY = 50
"""Different values of a segment that no words have."""

KEPT = 5000
"""Different values of a field that are kept to be recognized elsewhere."""

FEW = 64
"""Different values of a field of one answer that are compared with the request."""

SAME_FORM = 30
"""Different values of an argument that show its form."""

_ID = re.compile(r"(?!v\d+(?:\.\d+)*$)(?:(?=\D*\d)[\w-]+(?:,[\w-]+)*|\d{4}-\d\d.*)")
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?(?:Z|[+-]\d\d:?\d\d)?")
# Headers that belong to HTTP, to browsers and to proxies: no arguments of an API.
_COMMON = re.compile(
    r"accept.*|authorization|proxy-.*|cookie|host|origin|referer|user-agent|connection|cache-control|pragma|dnt|te"
    r"|content-.*|sec-.*|if-.*|upgrade.*|priority|x-forwarded.*|x-request-id|traceparent|tracestate|keep-alive|expect"
    r"|forwarded|via|range|transfer-encoding|x-requested-with|postman-token|date"
)

_NAME = re.compile(r"[A-Za-z_$][\w$-]{0,39}(?:\[\])?")

_KINDS = {bool: "boolean", int: "integer", float: "number", str: "string", dict: "object", list: "array"}


def split(url: str) -> tuple[str, tuple[str, ...]]:
    """Scheme, host and port of a URL, and the segments of its path."""
    parts = urlsplit(normal(url))
    return f"{parts.scheme}://{parts.netloc}", tuple(unquote(text) for text in parts.path.strip("/").split("/"))


def shown(name: str, values: set[str] | frozenset[str] = frozenset()) -> str:
    """A name that a recording has, unless it may be somebody's data: a number, a text, a value of an answer."""
    if _NAME.fullmatch(name) and not re.search(r"\d{4}", name) and name not in values:
        return name
    return "(a name that may be data)"


def form_of(text: str) -> str:
    """Return the form of a value: `integer`, `number`, `boolean`, `date` or `text`."""
    if re.fullmatch(r"-?\d{1,18}", text):
        return "integer"
    if re.fullmatch(r"-?\d+\.\d+", text):
        return "number"
    if text in ("true", "false"):
        return "boolean"
    return "date" if _DATE.fullmatch(text) else "text"


@dataclass
class Facts:
    """A place in the answers of a route.

    Attributes:
        kinds: Number of values by their type in JSON.
        answers: Number of answers that have the place.
        values: Different values, as text.
        lengths: Numbers of elements of arrays, and how often.
    """

    kinds: Counter[str] = field(default_factory=Counter)
    answers: int = 0
    values: set[str] = field(default_factory=set)
    lengths: Counter[int] = field(default_factory=Counter)

    def add(self, other: Facts) -> None:
        """Take up what others saw at the same place."""
        self.kinds += other.kinds
        self.answers += other.answers
        self.values |= other.values
        self.lengths += other.lengths


@dataclass
class Slot:
    """Something that requests to a route carry.

    Attributes:
        given: Number of requests that have it.
        values: Different values, as text, and how often.
        listed: Number of requests that have several values, or a list.
        repeated: Number of requests in which a list is one name several times.
        shown: For each place in answers, the number of those to requests with the slot that have values there.
        echoes: The number of those in which all values are among the given.
        earlier: For each other slot, in how many requests this date was before the other's.
    """

    given: int = 0
    values: Counter[str] = field(default_factory=Counter)
    listed: int = 0
    repeated: int = 0
    shown: Counter[str] = field(default_factory=Counter)
    echoes: Counter[str] = field(default_factory=Counter)
    earlier: Counter[SlotKey] = field(default_factory=Counter)

    def add(self, other: Slot) -> None:
        """Take up what others saw of the same slot."""
        for name in ("given", "listed", "repeated"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("values", "shown", "echoes", "earlier"):
            getattr(self, name).update(getattr(other, name))

    def repeats(self, at: str) -> bool:
        """True if each answer with values at a place has those there that were given, and no others."""
        return 0 < self.echoes[at] == self.shown[at]

    @property
    def forms(self) -> set[str]:
        """The forms of its values."""
        return {form_of(value) for value in list(self.values)[:SAME_FORM]}


@dataclass
class Route:
    """Requests with one method to one path, in which identifiers are left open.

    Attributes:
        origin: Scheme, host and port.
        segments: Segments of the path; None for one that is open.
        requests: Number of requests.
        answers: Number of successful answers with JSON.
        full: Number of those that have at least one field.
        bare: Number of successful answers without a body.
        statuses: Number of answers by status.
        facts: Places in successful answers.
        slots: What requests carry.
    """

    method: str
    origin: str
    segments: Texts
    requests: int = 0
    answers: int = 0
    full: int = 0
    bare: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    facts: dict[str, Facts] = field(default_factory=lambda: defaultdict(Facts))
    slots: dict[SlotKey, Slot] = field(default_factory=lambda: defaultdict(Slot))

    @property
    def template(self) -> str:
        """The path, with `{}` for each segment that is open."""
        return "/" + "/".join("{}" if segment is None else segment for segment in self.segments)

    @property
    def title(self) -> str:
        """Method and path, as `--map` takes them."""
        return f"{self.method} {self.template}"

    @property
    def is_list(self) -> bool:
        """True if answers are arrays."""
        root = self.facts.get("")
        return root is not None and root.kinds["array"] > root.kinds["object"]

    def add(self, other: Route) -> None:
        """Take up another route that turned out to be the same."""
        for name in ("requests", "answers", "full", "bare"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.statuses += other.statuses
        for at, facts in other.facts.items():
            self.facts[at].add(facts)
        for key, slot in other.slots.items():
            self.slots[key].add(slot)


@dataclass
class Traffic:
    """All of some recordings.

    Attributes:
        routes: Every route that was asked.
        entries: Number of entries.
        unread: Number of entries that are not as HAR has them, or whose answer is lost.
        passed: Number of entries that cannot be of an API: no JSON, no answer.
    """

    routes: list[Route] = field(default_factory=list)
    entries: int = 0
    unread: int = 0
    passed: int = 0

    @cached_property
    def origins(self) -> list[str]:
        """Scheme, host and port of each server."""
        return sorted({route.origin for route in self.routes})


def taken(entry: Entry) -> Recorded | str | None:
    """The request and the answer of an entry.

    Returns:
        None if it cannot be of an API, a text if it is broken.
    """
    if entry.method in ("OPTIONS", "HEAD", "CONNECT", "TRACE", ""):
        return None
    if not entry.url.lower().startswith(("http://", "https://")):
        return None
    try:
        recorded = entry.read()
    except (AttributeError, LookupError, OverflowError, TypeError, ValueError):
        return "is not as HAR has it"
    if recorded.status < 100 or recorded.status == 304:
        return None
    return recorded.lost if recorded.content is None else recorded


class Collector:
    """Groups exchanges by route.

    A segment of a path that may be an identifier stays as it is until all is read: only then is known if its values
    come back in answers, or if it is a word with a digit.

    Args:
        api: The API that is looked for: values that its arguments may take are no words of a path.
    """

    def __init__(self, api: Api) -> None:
        parameters = [p for operation in api.operations.values() for p in operation.parameters]
        self._words = {str(value) for p in parameters for value in p.schema.enum}
        self._names = {ref.pointer.rpartition("/")[2] for p in parameters for ref in p.refers_to}
        # Parts of credentials: a gateway may have them in the path, too.
        self._secrets: set[str] = set()
        self._groups: dict[_Group, dict[Texts, Route]] = defaultdict(dict)
        self._texts: dict[tuple[str, str, Texts, int], set[str]] = defaultdict(set)
        self.traffic = Traffic()

    def read(self, sources: Sequence[Path | bytes]) -> Traffic:
        """Read recordings; an entry that is broken costs nothing but itself."""
        for source in sources:
            for entry in read_entries(source):
                self.see(entry)
        return self.finish()

    def see(self, entry: Entry) -> None:
        """Take up an entry."""
        self.traffic.entries += 1
        recorded = taken(entry)
        if recorded is None:
            self.traffic.passed += 1
        elif isinstance(recorded, str):
            self.traffic.unread += 1
        else:
            self._take(entry, recorded)

    def _take(self, entry: Entry, recorded: Recorded) -> None:
        content = recorded.content or b""
        is_success = 200 <= recorded.status < 300
        answer = loaded(content) if content and is_success else MISSING
        if is_success and content.strip() and not isinstance(answer, dict | list):
            self.traffic.passed += 1
            return
        for name, value in recorded.request_headers.items():
            if SECRET_NAMES.search(name):
                self._secrets.update(part for part in re.split(r"[\s;=]+", value) if len(part) >= TELLING)
        origin, texts = split(entry.url)
        texts = tuple("[token]" if text in self._secrets else text for text in texts)
        is_open = tuple(_ID.fullmatch(text) is not None or text in self._words for text in texts)
        words = tuple(None if opened else text for opened, text in zip(is_open, texts, strict=True))
        which = entry.method, origin, words
        key = tuple(self._kept(which, n, text) if is_open[n] else text for n, text in enumerate(texts))
        route = self._groups[which].setdefault(key, Route(entry.method, origin, key))
        route.requests += 1
        route.statuses[recorded.status] += 1
        if not is_success:
            return
        seen = {} if answer is MISSING else self._facts(answer, route)
        given = dict(_given(entry, recorded))
        for number, text in enumerate(texts):
            if is_open[number] or is_data(text):
                given["path", str(number)] = [text]
        self._slots(route, given, seen)

    def _kept(self, group: _Group, number: int, text: str) -> str | None:
        """The text of a segment; None if there were so many others that none is a word."""
        texts = self._texts[*group, number]
        if text not in texts and len(texts) < MANY:
            texts.add(text)
        return text if len(texts) < MANY else None

    def _facts(self, answer: Any, route: Route) -> dict[str, set[str]]:
        """Count what an answer has; returns the different values at each place, as text."""
        found: dict[str, set[str]] = {}
        columns: list[tuple[str, list[Any]]] = [("", [answer])]
        is_full = False
        # Place by place rather than value by value: an answer may have a year of hours.
        while columns:
            at, values = columns.pop()
            types = Counter(map(type, values))
            facts = route.facts[at]
            facts.answers += 1
            facts.kinds.update({_KINDS.get(kind, "null"): count for kind, count in types.items()})
            if dict in types:
                below: dict[str, list[Any]] = {}
                for value in values:
                    if type(value) is dict:
                        for name, inner in value.items():
                            if name in below:
                                below[name].append(inner)
                            else:
                                below[name] = [inner]
                columns += [(f"{at}/{name}", inner) for name, inner in below.items()]
            if list in types:
                arrays = [value for value in values if type(value) is list]
                facts.lengths.update(map(len, arrays))
                if any(arrays):
                    columns.append((f"{at}/*", list(chain.from_iterable(arrays))))
            scalars = types.keys() - {dict, list, type(None)}
            is_full = is_full or bool(scalars)
            texts: set[str] = set()
            found[at] = texts
            for kind in scalars:
                different: dict[Any, None] = dict.fromkeys(value for value in values if type(value) is kind)
                for value in islice(different, FEW - len(texts)):
                    if kind is not str or len(value) <= FEW:
                        texts.add(value if kind is str else str(value).lower())
            if len(facts.values) < KEPT:
                facts.values |= texts
        route.answers += 1
        route.full += is_full
        return found

    def _slots(self, route: Route, given: dict[SlotKey, list[str]], seen: dict[str, set[str]]) -> None:
        route.bare += not seen
        filled = {at: values for at, values in seen.items() if values}
        dates = {}
        for key, values in given.items():
            slot = route.slots[key]
            slot.given += 1
            slot.listed += len(values) > 1
            slot.repeated += len(values) > 1 and key[0] == "query"
            if len(slot.values) < KEPT:
                slot.values.update(values)
            parts = {part for value in values for part in (value, *value.split(","))}
            if parts:
                slot.shown.update(filled.keys())
                slot.echoes.update(at for at, shown in filled.items() if shown <= parts)
            if len(values) == 1 and _DATE.fullmatch(values[0]):
                dates[key] = values[0]
        for key, date in dates.items():
            route.slots[key].earlier.update(other for other, later in dates.items() if date < later)

    def finish(self) -> Traffic:
        """Tell identifiers in paths from words, and join the routes that differ in identifiers alone."""
        facts = [
            (at, facts) for group in self._groups.values() for r in group.values() for at, facts in r.facts.items()
        ]
        known = {value for at, one in facts if at.rpartition("/")[2] in self._names for value in one.values}
        found: dict[_Group, Route] = {}
        for (method, origin, words), group in self._groups.items():
            opened = {n for n, word in enumerate(words) if word is None and self._varies(str(n), group, known)}
            for texts, route in group.items():
                route.segments = tuple(
                    None if n in opened or (text is not None and is_data(text)) else text
                    for n, text in enumerate(texts)
                )
                for number in range(len(texts)):
                    if route.segments[number] is not None:
                        route.slots.pop(("path", str(number)), None)
                same = found.setdefault((method, origin, route.segments), route)
                if same is not route:
                    same.add(route)
        self.traffic.routes = list(found.values())
        return self.traffic

    def _varies(self, number: str, group: dict[Texts, Route], known: set[str]) -> bool:
        """True if a segment of the paths of a group is an argument."""
        slots = [slot for route in group.values() if (slot := route.slots.get(("path", number))) is not None]
        values = {value for slot in slots for value in slot.values}
        if len(values) >= MANY or (values and values <= self._words):
            return True
        if values and all(form_of(value) == "date" for value in values):
            return True
        filled = [slot for slot in slots if slot.shown]
        echoes = Counter(at for slot in filled for at in slot.echoes if slot.repeats(at))
        if filled and max(echoes.values(), default=0) * 2 > len(filled):
            return True
        return bool(values) and values <= known


def _given(entry: Entry, recorded: Recorded) -> Iterator[tuple[SlotKey, list[str]]]:
    """The arguments that a request carries besides its path."""
    named: dict[str, list[str]] = defaultdict(list)
    for name, value in parse_qsl(urlsplit(entry.url).query, keep_blank_values=True):
        named[name].append(value)
    yield from ((("query", name), values) for name, values in named.items())
    kind = recorded.request_headers.get("content-type", "")
    if recorded.request_body and "urlencoded" in kind:
        for name, value in parse_qsl(recorded.request_body.decode("utf-8", "replace"), keep_blank_values=True):
            yield ("form", name), [value]
    elif recorded.request_body:
        yield from _in_body(loaded(recorded.request_body), "", "body")
    for name, value in recorded.request_headers.items():
        if not _COMMON.fullmatch(name):
            yield ("header", name), [value]


def _in_body(body: Any, at: str, place: str) -> Iterator[tuple[SlotKey, list[str]]]:
    for name, value in body.items() if isinstance(body, dict) else ():
        pointer = f"{at}/{name}" if at else str(name)
        if isinstance(value, dict):
            yield from _in_body(value, pointer, "nested")
        elif value is not None:
            values: Iterable[Any] = value if isinstance(value, list) else [value]
            yield (place, pointer), [text if isinstance(text, str) else json.dumps(text) for text in values]
