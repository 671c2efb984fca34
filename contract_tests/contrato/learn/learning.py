"""Learns from recordings: matches, drift and proposal in one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from contrato.core.overlay import apply
from contrato.core.spec import Api, overlaid
from contrato.core.spec import api as spec_of
from contrato.learn.drift import CONTRADICTED, NEW, Drift, Reader, Row, arguments_of, fields_of
from contrato.learn.matching import Matches, match
from contrato.learn.proposal import path_of, propose, unsettled
from contrato.learn.traffic import Collector, Traffic
from contrato.verify.har import normal
from contrato.verify.reports.report import UsageError

SEEN = "x-seen"
"""Key of an overlay with what else was seen that the spec does not say, for the next time."""


class ExitCode(IntEnum):
    """Exit statuses.

    Attributes:
        MATCHED: Every operation is matched, or nothing is other than last time.
        CHANGED: Something is other than last time.
        NOTHING: Nothing of this API was recorded; wrong usage has the same status.
        PARTLY: Some operations are ambiguous or were not recorded.
    """

    MATCHED = 0
    CHANGED = 1
    NOTHING = 2
    PARTLY = 3


@dataclass
class Learned:
    """The result of learning: matches, drift and proposal of one API.

    Attributes:
        base: Path before the paths of all operations.
        overlay: The proposal; None if nothing was matched.
        changes: What is other than last time; None without a last time.
    """

    api: Api
    traffic: Traffic
    matches: Matches
    drift: Drift
    base: str
    overlay: dict[str, Any] | None
    changes: list[str] | None = None
    notes: dict[str, list[str]] = field(default_factory=dict)

    @property
    def missing(self) -> list[str]:
        """Operations that were not recorded, or not so that they could be told."""
        known = {*self.matches.found, *self.matches.unclear}
        return [name for name in self.api.operations if name not in known]

    @property
    def exit_code(self) -> ExitCode:
        """Exit status."""
        if not self.matches.found and not self.matches.unclear:
            return ExitCode.NOTHING
        if self.changes is not None:
            return ExitCode.CHANGED if self.changes else ExitCode.MATCHED
        return ExitCode.PARTLY if self.missing or self.matches.unclear or self.notes else ExitCode.MATCHED


def learn(
    api: str,
    sources: Sequence[Path | bytes],
    *,
    mapped: Mapping[str, str] | None = None,
    base_url: str | None = None,
    since: Mapping[str, Any] | None = None,
) -> Learned:
    """Learn from recorded traffic where the operations of an API are, and what their answers are like.

    Args:
        api: Name of the API.
        sources: HAR files, or their contents.
        mapped: Method and path of operations that somebody decided.
        base_url: Where the API is mounted; by default found out.
        since: The overlay of last time, which is what is expected now.

    Raises:
        UsageError: A file is no HAR, an argument is wrong, or two servers were recorded.
    """
    try:
        spec = spec_of(api) if since is None else overlaid(api, since)
    except ValueError as error:
        raise UsageError(str(error)) from error
    if unknown := [name for name in mapped or {} if name not in spec.operations]:
        raise UsageError(f"no operation {unknown[0]!r}: choose from {', '.join(spec.operations)}")
    traffic = Collector(spec).read(sources)
    origin, segments = None, None
    if base_url is not None:
        parts = urlsplit(normal(base_url))
        origin, segments = f"{parts.scheme}://{parts.netloc}", len([part for part in parts.path.split("/") if part])
    matches = match(spec, traffic, mapped, origin)
    if not matches.found:
        return Learned(spec, traffic, matches, Drift(), "", None)
    base = _base(matches) if segments is None else segments
    notes = {name: said for name, found in matches.found.items() if (said := unsettled(found))}
    first = propose(spec, matches, base, "")
    document = spec.copy()
    apply(document, first)
    reader = Reader(Api(api, document), matches, base)
    reader.read(sources)
    day = reader.day or datetime.now(UTC).date().isoformat()
    drift = Drift(
        fields={name: list(fields_of(found)) for name, found in matches.found.items()},
        arguments={name: list(arguments_of(found)) for name, found in matches.found.items()},
        told=reader.told(),
        day=day,
    )
    overlay = propose(spec, matches, base, day, drift.told)
    overlay[SEEN] = _seen(drift)
    prefix = next(iter(matches.found.values())).route.segments[:base]
    learned = Learned(
        spec,
        traffic,
        matches,
        drift,
        "/" + "/".join("…" if part is None else part for part in prefix),
        overlay,
        notes=notes,
    )
    if since is not None:
        learned.changes = list(_changes(learned, since, base))
    return learned


def lost(learned: Learned, since: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for each operation that a server was asked for, and that only last time answered as the spec says."""
    known = " ".join(action.get("target", "") for action in since.get("actions", ()))
    for name in learned.missing:
        operation = learned.api.operations[name]
        if operation.safe and f"'{operation.path}'" in known:
            yield f"{name} was not recognized; it was {operation.method} {operation.path}"


def _base(matches: Matches) -> int:
    """Number of segments before the paths: as with the paths of the spec, or else those that all have."""
    found = matches.found.values()
    usual = Counter(number for one in found if (number := one.before) is not None)
    if usual:
        return usual.most_common(1)[0][0]
    if len(matches.found) < 3:
        return 0
    shared = 0
    for parts in zip(*(one.segments[:-1] for one in found), strict=False):
        if len(set(parts)) > 1 or parts[0] is None:
            break
        shared += 1
    return shared


def _rows(drift: Drift) -> Iterator[tuple[str, Row]]:
    for rows in (drift.fields, drift.arguments):
        for name, listed in rows.items():
            yield from ((name, row) for row in listed)


def _about(row: Row) -> str:
    """The text of a row, without the numbers, which are others each time."""
    return f"{row.status}: {re.sub(r'[0-9]+', 'n', row.about)}" if row.about else row.status


def _seen(drift: Drift) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for name, row in _rows(drift):
        # A place that the overlay itself changes is as expected next time.
        if row.status in (CONTRADICTED, NEW) and not (row.status == CONTRADICTED and row in drift.arguments[name]):
            found.setdefault(name, {})[row.place] = _about(row)
    told = {" ".join((one.question, *one.pointers)): one.reading for one in drift.told if one.is_settled}
    return found | ({"": told} if told else {})


def _changes(learned: Learned, since: Mapping[str, Any], base: int) -> Iterator[str]:
    before: Mapping[str, Mapping[str, str]] = since.get(SEEN, {})
    for name, found in learned.matches.found.items():
        operation = found.operation
        now = found.route.method, path_of(found, base)
        if re.sub(r"\{\w+\}", "{}", " ".join(now)) != re.sub(r"\{\w+\}", "{}", f"{operation.method} {operation.path}"):
            yield f"{name} is {' '.join(now)} now; it was {operation.method} {operation.path}"
    for name, row in _rows(learned.drift):
        if row.status in (CONTRADICTED, NEW) and before.get(name, {}).get(row.place) != _about(row):
            yield f"{name} {row.place}: {row.status}, {row.about} ({row.answers})"
    told = before.get("", {})
    for one in learned.drift.told:
        was = told.get(" ".join((one.question, *one.pointers)))
        if was is not None and was != one.reading:
            yield f"{', '.join(one.at[:3])}: {one.question} is {one.reading} now; it was {was} ({one.answers})"
