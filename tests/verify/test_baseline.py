"""A baseline accepts the failures that it names, until they expire."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from contrato.verify import (
    ExitCode,
    UsageError,
    Verdict,
)
from contrato.verify.reports import baseline as baselines
from contrato.verify.reports.report import SERVER
from reporting import failure, report, text_of

pytestmark = pytest.mark.slow

TODAY = date(2026, 11, 22)


ENTRY = """[[accepted]]
rule = "response_schema_conformance"
operation = "listAccounts"
field = "/*/account_name"
reason = "release 12 mends it"
accepted = 2026-11-01
expires = 2026-12-01
"""


def baseline(folder: Path, text: str) -> list[baselines.Accepted]:
    (folder / "b.toml").write_text(text)
    return baselines.read(folder / "b.toml")


def test_an_accepted_failure_is_told_and_does_not_count(tmp_path: Path) -> None:
    made = report(failure())
    baselines.apply(baseline(tmp_path, ENTRY), made, TODAY)
    assert (made.failures, len(made.accepted), made.exit_code) == ([], 1, ExitCode.PASSED)
    assert [row.verdict for row in made.operations] == [Verdict.PASSED, Verdict.PASSED]
    assert "accepted until 2026-12-01 (release 12 mends it)" in text_of(made, 200)


def test_what_was_not_checked_beside_an_accepted_failure_is_not_passed(tmp_path: Path) -> None:
    """As where every answer is an error of the server."""
    made = report(failure())
    made.operations[0] = replace(made.operations[0], beside="no request was answered with 2xx")
    baselines.apply(baseline(tmp_path, ENTRY), made, TODAY)
    assert made.exit_code is ExitCode.INCONCLUSIVE
    assert made.operations[0].not_judged == "no request was answered with 2xx"


@pytest.mark.parametrize(
    ("old", "new"), [("listAccounts", "listBills"), ("account_name", "x"), ("response_schema_conformance", "answer")]
)
def test_an_entry_hides_nothing_but_what_it_names(tmp_path: Path, old: str, new: str) -> None:
    made = report(failure())
    baselines.apply(baseline(tmp_path, ENTRY.replace(old, new)), made, TODAY)
    assert (len(made.failures), made.accepted, made.exit_code) == (1, [], ExitCode.FAILED)


def test_a_server_that_answers_no_more_is_not_accepted(tmp_path: Path) -> None:
    made = report(failure(operation=SERVER, rule="answer", field=""))
    baselines.write(tmp_path / "new.toml", [], made.failures, TODAY)
    assert "[[accepted]]" not in (tmp_path / "new.toml").read_text()
    entry = ENTRY.replace("listAccounts", SERVER).replace("response_schema_conformance", "answer")
    baselines.apply(baseline(tmp_path, entry.replace('field = "/*/account_name"\n', "")), made, TODAY)
    assert (len(made.failures), made.accepted, made.exit_code) == (1, [], ExitCode.FAILED)
    assert any("cannot be accepted" in note for note in made.notes)


@pytest.mark.parametrize("reason", ["El proveedor lo corrige 🔌", '\x7f\t"\\'])
def test_a_reason_is_kept_as_it_was_written(tmp_path: Path, reason: str) -> None:
    (kept,) = baseline(tmp_path, ENTRY)
    baselines.write(tmp_path / "again.toml", [replace(kept, reason=reason)], [], TODAY)
    assert [entry.reason for entry in baselines.read(tmp_path / "again.toml")] == [reason]


@pytest.mark.parametrize(("day", "counts"), [(date(2026, 11, 30), False), (date(2026, 12, 1), True)])
def test_an_entry_counts_again_from_the_day_it_expires(tmp_path: Path, day: date, counts: bool) -> None:
    made = report(failure())
    baselines.apply(baseline(tmp_path, ENTRY), made, day)
    assert bool(made.failures) is counts
    assert any("expired on 2026-12-01" in note for note in made.notes) is counts


@pytest.mark.parametrize(
    ("judged", "interrupted", "told"), [(True, False, True), (False, False, False), (True, True, False)]
)
def test_an_unused_entry_is_told_where_it_was_judged(
    tmp_path: Path, judged: bool, interrupted: bool, told: bool
) -> None:
    made = report(interrupted=interrupted)
    if judged:
        made.passed("listAccounts", "response_schema_conformance")
    baselines.apply(baseline(tmp_path, ENTRY), made, TODAY)
    assert any("did not fail; remove the entry" in note for note in made.notes) is told


def test_a_written_baseline_asks_for_reasons_and_then_holds(tmp_path: Path) -> None:
    file = tmp_path / "b.toml"
    strange = failure(field='/*/"odd\\\n\x7fé')
    kept = baseline(tmp_path, ENTRY)
    baselines.write(file, kept, [strange], TODAY)
    with pytest.raises(UsageError, match=r"entry 2 of the baseline .*b\.toml: write a reason"):
        baselines.read(file)
    file.write_text(file.read_text("utf-8").replace('reason = ""', 'reason = "known"'), "utf-8")
    first, second = baselines.read(file)
    assert first == kept[0]
    assert (second.key, second.expires - second.accepted) == (strange.key, timedelta(days=90))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("accepted = 1", "may have nothing but"),
        ("[[rules]]", "may have nothing but"),
        ("= 1", "is not TOML"),
        ("\udcff", "is not TOML"),
        ("accepted = [1]", "entry 1 .*must be a table"),
        (ENTRY.replace('"release 12 mends it"', '" "'), "write a reason"),
        (ENTRY.replace("rule =", "law ="), "unknown: law"),
        (ENTRY.replace("2026-12-01", '"2026-12-01"'), "expires must be a day such as"),
        (ENTRY.replace("2026-12-01", "2026-12-01T00:00:00"), "expires must be a day such as"),
        (ENTRY.replace("2026-12-01", "2026-10-01"), "expires must be after accepted"),
        (ENTRY.replace('"/*/account_name"', "7"), "field must be text"),
    ],
)
def test_a_baseline_that_is_none_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "b.toml").write_text(text, "utf-8", "surrogateescape")
    with pytest.raises(UsageError, match=problem):
        baselines.read(tmp_path / "b.toml")
    with pytest.raises(UsageError, match="cannot read the baseline"):
        baselines.read(tmp_path / "absent.toml")


def test_a_baseline_stays_when_the_disk_is_full(
    tmp_path: Path, full_disk: Callable[[], AbstractContextManager[None]]
) -> None:
    kept = baseline(tmp_path, ENTRY)
    with pytest.raises(OSError, match="large"), full_disk():
        baselines.write(tmp_path / "b.toml", kept, [], TODAY)
    assert [file.read_text() for file in tmp_path.iterdir()] == [ENTRY]
