"""Reports of what was learnt: at a terminal, as JSON and as a page. None has a value, a host or an identifier."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2

from contrato.core.files import replacing
from contrato.learn.drift import CONFIRMED, NEVER, Row
from contrato.learn.learning import Learned
from contrato.learn.matching import Candidate
from contrato.learn.proposal import moved, path_of


def as_json(learned: Learned) -> dict[str, Any]:
    """The report as JSON has it."""
    return {
        "api": learned.api.name,
        "date": learned.drift.day,
        "base_path": learned.base,
        "entries": learned.traffic.entries,
        "unread": learned.traffic.unread,
        "operations": [_operation(learned, name) for name in learned.api.operations],
        "readings": [
            {
                "question": one.question,
                "reading": one.reading,
                "at": list(one.at),
                "answers": one.answers,
                "ours": one.ours,
                "settled": one.is_settled,
            }
            for one in learned.drift.told
        ],
        "unasked": [name for name in learned.api.questions if name not in {one.question for one in learned.drift.told}],
        "changes": learned.changes,
    }


def _operation(learned: Learned, name: str) -> dict[str, Any]:
    operation = learned.api.operations[name]
    found = learned.matches.found.get(name)
    spec = f"{operation.method} {operation.path}"
    if found is None:
        unclear = learned.matches.unclear.get(name, [])
        candidates = [_candidate(learned, one) for one in unclear]
        return {
            "operation": name,
            "verdict": "ambiguous" if unclear else "not recorded",
            "spec": spec,
            "candidates": candidates,
        }
    base = learned.base.count("/") if learned.base != "/" else 0
    return {
        "operation": name,
        "verdict": "moved" if moved(operation, found, base) else "confirmed",
        "spec": spec,
        "candidates": [_candidate(learned, found)],
        "notes": learned.notes.get(name, []),
        "fields": [_row(row) for row in learned.drift.fields[name]],
        "arguments": [_row(row) for row in learned.drift.arguments[name]],
    }


def _row(row: Row) -> dict[str, Any]:
    """A row as JSON has it."""
    return {"place": row.place, "status": row.status, "answers": row.answers, "about": row.about}


def _candidate(learned: Learned, found: Candidate) -> dict[str, Any]:
    base = learned.base.count("/") if learned.base != "/" else 0
    return {
        "route": f"{found.route.method} {path_of(found, base)}",
        "sure": round(found.score, 2),
        "answers": found.route.full or found.route.bare,
        "for": found.speaks_for,
        "against": found.speaks_against,
    }


def lines(learned: Learned) -> Iterator[str]:
    """The report for a terminal."""
    report = as_json(learned)
    count = len(learned.matches.found)
    unread = f", {learned.traffic.unread} of them without an answer that can be read" if learned.traffic.unread else ""
    yield f"{learned.traffic.entries} entries{unread}; {count} of {len(learned.api.operations)} operations matched."
    if learned.matches.found:
        yield f"The paths are below {learned.base}: give that with the host as base URL."
    yield ""
    for one in report["operations"]:
        if one["verdict"] in ("confirmed", "moved"):
            yield from _matched(one)
        else:
            yield f"{one['operation']}: {one['verdict']}"
            for candidate in one["candidates"]:
                yield f"  {candidate['route']}, {candidate['sure']:.0%}"
                yield from _reasons(candidate, "    ")
            if one["candidates"]:
                yield f"  decide with --map {one['operation']}='METHOD /path'"
    yield from _told(report)
    if empty := [route for route in learned.matches.others if not route.full]:
        yield f"Routes with empty answers only, which tell nothing: {len(empty)}"


def _matched(one: dict[str, Any]) -> Iterator[str]:
    (candidate,) = one["candidates"]
    was = "" if one["verdict"] == "confirmed" else f", where the spec has {one['spec']}"
    yield f"{one['operation']}: {candidate['route']}{was}; {candidate['sure']:.0%} sure"
    yield from _reasons(candidate, "  ")
    for kind in ("arguments", "fields"):
        rows = one[kind]
        counts = Counter(row["status"] for row in rows)
        told = ", ".join(f"{number} {status}" for status, number in counts.items())
        if rows:
            yield f"  {kind}: {told}"
        for row in rows:
            if row["status"] not in (CONFIRMED, NEVER) or (row["status"] == NEVER and row["about"]):
                about = f": {row['about']}" if row["about"] else ""
                yield f"    {row['status']} {row['place']}{about} ({row['answers']})"
    for note in one["notes"]:
        yield f"  not settled: {note}"


def _reasons(candidate: dict[str, Any], indent: str) -> Iterator[str]:
    for sign, reasons in (("+", candidate["for"]), ("-", candidate["against"])):
        for reason in reasons:
            yield f"{indent}{sign} {reason}"


def _told(report: dict[str, Any]) -> Iterator[str]:
    if report["readings"]:
        yield ""
        yield "Open questions:"
    for one in report["readings"]:
        verdict = "settled" if one["settled"] else "not settled"
        where = ", ".join(one["at"][:3]) + (f" and {len(one['at']) - 3} more" if len(one["at"]) > 3 else "")
        ours = "" if one["ours"] else ", other than the spec's examples"
        yield f"  {one['question']}: {one['reading']} ({one['answers']} answers, {verdict}{ours}); {where}"
    if report["unasked"]:
        yield f"  not told: {', '.join(report['unasked'])}"


def write_json(file: Path, learned: Learned) -> None:
    """Write the report as JSON.

    Raises:
        OSError: The file cannot be written.
    """
    file.write_text(json.dumps(as_json(learned), indent=2, ensure_ascii=False) + "\n", "utf-8")


def write_html(file: Path, learned: Learned) -> None:
    """Write the report as a page.

    Raises:
        OSError: The file cannot be written.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("contrato.learn", ""), autoescape=True, undefined=jinja2.StrictUndefined
    )
    file.write_text(environment.get_template("report.html.jinja").render(report=as_json(learned)), "utf-8")


def write_overlay(file: Path, learned: Learned) -> None:
    """Write the proposal. It is JSON, which YAML is as well.

    Raises:
        OSError: The file cannot be written.
    """
    with replacing(file) as stream:
        stream.write((json.dumps(learned.overlay, indent=2, ensure_ascii=False) + "\n").encode())
