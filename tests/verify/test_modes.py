"""What a run does to the server it verifies: no more than its mode allows, and nothing stays behind."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from rich.console import Console

from contrato.core import spec
from contrato.core.spec import Api
from contrato.mock.app import create_app
from contrato.verify import ExitCode, Mode, Report, UsageError, Verdict, verify
from contrato.verify.clean_up import clean_up
from contrato.verify.exchange import Exchange
from contrato.verify.findings import Layer, Violation
from contrato.verify.hiding import Secret
from contrato.verify.pace import ALL_WAITS, Pace, Stopped
from contrato.verify.reports import terminal
from contrato.verify.reports.har import Recorder
from contrato.verify.rules import RULES, Rule
from contrato.verify.transport import Refused, Transport
from foreign import TOKEN, Answer, Foreign, keyed, new_record, seeded, serve, snapshot
from recordings import assert_recording_passes
from serving import serving, url_of

pytestmark = pytest.mark.slow

APIS = pytest.mark.parametrize("api", spec.APIS)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run where nothing may be left behind; gives the folder of the journals."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "contrato"


def run(foreign: Foreign, mode: str | None = None, token: str = TOKEN, **options: Any) -> Report:
    with serve(foreign) as url:
        return verify(foreign.api, url, token, 1, mode, **{"examples": 1, "rate": 0, **options})


def text_of(report: Report) -> str:
    out = io.StringIO()
    terminal.write(report, Console(file=out, width=200))
    return out.getvalue()


def written(foreign: Foreign) -> list[str]:
    """The requests that changed a record by its id."""
    return [line.split("?")[0] for line in foreign.log if line.startswith(("PUT", "PATCH", "DELETE"))]


# Read-only


WRITERS = ["createApportionment", "updateApportionment", "deleteApportionment"]


@pytest.mark.parametrize(
    ("api", "only", "probes"),
    [
        ("neu", [], None),
        ("neu", ["getService", "listBills"], True),
        ("apportionments", [], None),
        ("apportionments", [], True),
    ],
)
def test_read_only_sends_only_what_is_safe(api: str, only: list[str], probes: bool | None, tmp_path: Path) -> None:
    foreign = Foreign(api)
    before = snapshot(foreign)
    recorder = Recorder()
    report = run(foreign, "read-only", probes=probes, only=only, observer=recorder)
    operations = spec.api(api)
    for line in foreign.log:
        method, path = line.split("?")[0].split(" ")
        operation = operations.match(method, path)
        assert operation is None or operation.safe, line
        assert operation is not None or method == "GET", line
    assert snapshot(foreign) == before
    assert report.failures == []
    # What the mode leaves out does not make the run inconclusive.
    assert report.exit_code is ExitCode.PASSED
    unchecked = {row.operation: row.verdict for row in report.operations if row.verdict is not Verdict.PASSED}
    assert unchecked == (dict.fromkeys(WRITERS, Verdict.LEFT_OUT) if api == "apportionments" else {})
    # A wrong request is sent only when asked for.
    assert bool([row for row in report.counts if row[1] == "ignored_auth"]) is bool(probes)
    if not probes:
        assert_recording_passes(recorder, report, tmp_path)


@pytest.mark.parametrize("mode", ["read-only", "own-records"])
def test_what_turns_out_to_create_is_not_sent_again(mode: str) -> None:
    """Methods and paths may be guesses of the spec."""
    created = Answer(201, {}, headers={"location": "/pqrs/1"})
    foreign = Foreign("neu", lambda name, answer: created if name == "listPqrs" else answer)
    report = run(foreign, mode, only=["listPqrs"])
    assert [name for name, _ in foreign.asked].count("listPqrs") == 1
    assert any(note.startswith("listPqrs creates something, says the server") for note in report.notes)


def test_read_only_sends_no_write_whoever_asks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    foreign = seeded()
    document = spec.api("apportionments")
    number = next(iter(foreign.records))
    refused = []

    def insist(server: Any, *rest: Any) -> Iterator[Any]:
        for operation in document.operations.values():
            if not operation.safe:
                with pytest.raises(Refused):
                    server.transport.exchange(operation, {operation.parameters[0].key: number})
                refused.append(operation.id)
        return iter(())

    monkeypatch.setattr("contrato.verify.run.run_laws", insist)
    before = snapshot(foreign)
    report = run(foreign, "read-only", only=["getApportionment", *WRITERS])
    assert len(refused) == 3
    assert snapshot(foreign) == before
    assert written(foreign) == []
    assert "requests that the mode read-only kept back: 3" in report.notes


# Own records


def test_own_records_leaves_forty_records_as_they_were(elsewhere: Path) -> None:
    foreign = seeded()
    before = snapshot(foreign)
    told: list[tuple[str, int]] = []
    seen: list[Exchange] = []
    report = run(
        foreign, "own-records", progress=lambda phase, count: told.append((phase, count)), observer=seen.append
    )
    assert report.failures == []
    assert report.exit_code is ExitCode.PASSED
    assert snapshot(foreign) == before
    assert written(foreign)
    assert not [line for line in written(foreign) if any(line.endswith(f"/{number}") for number in before)]
    assert not any("left" in note for note in report.notes)
    assert list(elsewhere.glob("*")) == []
    # Progress and observer see every request.
    assert list(dict.fromkeys(phase for phase, _ in told)) == ["discovery", "laws", "conformance", "clean-up"]
    # Two threads may send at once, and tell one number twice.
    assert max(count for _, count in told) == len(told) == len(seen) == report.requests
    assert {"discovery", "schemathesis", "clean-up"} < {exchange.sender for exchange in seen}


SCRIPT = """
import sys
from contrato.verify import verify
only = ["updateApportionment", "updated_is_kept", "not_a_server_error"]
report = verify("apportionments", sys.argv[1], sys.argv[2], mode="own-records", examples=1, rate=0, only=only)
print(report.interrupted, [row.not_judged for row in report.operations])
sys.exit(report.exit_code)
"""


def in_a_process(foreign: Foreign, number: signal.Signals) -> subprocess.CompletedProcess[str]:
    """Let a run change a record of its own, then send it the signal. Ctrl-C in this process is tested elsewhere."""
    children: list[subprocess.Popen[str]] = []
    original = foreign.alter

    def strike(name: str, answer: Answer) -> Answer:
        if name == "updateApportionment" and answer.status == 200 and children:
            os.kill(children.pop().pid, number)
        return original(name, answer)

    foreign.alter = strike
    with serve(foreign) as url:
        child = subprocess.Popen([sys.executable, "-c", SCRIPT, url, TOKEN], stdout=subprocess.PIPE, text=True)
        children.append(child)
        out, _ = child.communicate(timeout=120)
    assert not children, "the run ended before the signal was sent"
    foreign.alter = original
    return subprocess.CompletedProcess([], child.returncode, out)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_run_that_is_told_to_stop_leaves_forty_records_as_they_were(number: signal.Signals, elsewhere: Path) -> None:
    foreign = seeded()
    before = snapshot(foreign)
    ended = in_a_process(foreign, number)
    assert ended.returncode == ExitCode.INCONCLUSIVE
    assert ended.stdout.startswith("True")
    assert "the run was stopped before its end" in ended.stdout
    assert snapshot(foreign) == before
    assert list(elsewhere.glob("*")) == []


def test_a_run_that_is_killed_is_told_of_by_the_next_one(elsewhere: Path) -> None:
    foreign = seeded()
    before = snapshot(foreign)
    with serve(foreign) as url:
        children: list[subprocess.Popen[bytes]] = []

        def strike(name: str, answer: Answer) -> Answer:
            if name == "updateApportionment" and answer.status == 200 and children:
                os.kill(children.pop().pid, signal.SIGKILL)
            return answer

        foreign.alter = strike
        children.append(subprocess.Popen([sys.executable, "-c", SCRIPT, url, TOKEN]))
        assert children[0].wait(timeout=120) == -signal.SIGKILL
        left = snapshot(foreign).keys() - before.keys()
        assert left
        (journal,) = elsewhere.glob("*.json")
        assert TOKEN not in journal.read_text()

        def again(mode: str) -> list[str]:
            only = ["getApportionment", "not_a_server_error"]
            return verify("apportionments", url, TOKEN, mode=mode, examples=1, rate=0, only=only).notes

        # Also who may not write is told; nothing is deleted, for the ids may be somebody else's by now.
        for mode in ("read-only", "own-records"):
            notes = again(mode)
            told, changed = (note for note in notes if "did not end" in note)
            assert told.startswith(f"{len(left) - 1} records of a run that began at 20")
            assert "created these too, but they are not as it sent them by now, and may be somebody else's" in changed
            commands = [note for note in notes if note.startswith("curl")]
            assert len(commands) == len(left) - 1
            assert snapshot(foreign).keys() - before.keys() == left
        # The commands do what they say.
        for command in commands:
            assert '"$APPORTIONMENTS_TOKEN"' in command
            url_of = re.search(r"http://\S+", command)
            assert url_of is not None
            requests.delete(url_of[0], headers={"Authorization": f"Bearer {TOKEN}"}, timeout=5)
        (other,) = snapshot(foreign).keys() - before.keys()
        assert f"/{other};" in changed
        del foreign.records[other]
        assert snapshot(foreign) == before
        assert not any("did not end" in note for note in again("read-only"))
    assert list(elsewhere.glob("*")) == []


def test_a_crash_of_the_suite_leaves_nothing(monkeypatch: pytest.MonkeyPatch, elsewhere: Path) -> None:
    foreign = seeded()
    before = snapshot(foreign)

    def crash(server: Any, *rest: Any) -> Iterator[Any]:
        creator = server.spec.operations["createApportionment"]
        made = server.transport.exchange(creator, new_record(creator))
        assert made.status == 201
        raise ZeroDivisionError
        yield

    monkeypatch.setattr("contrato.verify.run.run_laws", crash)
    report = run(foreign, "own-records")
    assert report.exit_code is ExitCode.CRASHED
    assert report.crash.startswith("the suite itself crashed, which says nothing about the server: ZeroDivisionError")
    assert report.crash in report.notes
    assert {row.not_judged for row in report.operations if row.successes} <= {
        "the suite crashed before the end of the run",
        "",
    } | {row.not_judged for row in report.operations if "needed" in row.not_judged}
    assert any(line.startswith("DELETE") for line in foreign.log)
    assert snapshot(foreign) == before
    assert list(elsewhere.glob("*")) == []


def test_records_that_the_server_keeps_are_named(elsewhere: Path) -> None:
    foreign = seeded()
    before = snapshot(foreign)
    foreign.delete_apportionment = lambda given: Answer(204)  # type: ignore[method-assign]
    report = run(foreign, "own-records", only=["createApportionment", "deleteApportionment", "created_is_kept"])
    left = snapshot(foreign).keys() - before.keys()
    assert left
    assert any(note.endswith("records of this run are left on the server; to remove them:") for note in report.notes)
    # Texts that had no mark of the run could be somebody else's.
    assert any("somebody else may have made them" in note for note in report.notes)
    commands = [note for note in report.notes if note.startswith("curl -i -X DELETE http")]
    found = {int(number) for command in commands for number in re.findall(r"/(\d+) ", command)}
    assert found == left
    assert list(elsewhere.glob("*.json"))


def test_a_creation_that_names_another_record_gives_no_right_to_it() -> None:
    foreign = seeded()
    before = snapshot(foreign)
    shown: list[int] = []

    def lie(name: str, answer: Answer) -> Answer:
        if name == "listApportionments" and answer.status == 200:
            shown.extend(item["id"] for item in answer.body["items"])
        if name == "createApportionment" and answer.status == 201 and shown:
            return replace(answer, body=answer.body | {"id": shown[0]})
        return answer

    foreign.alter = lie
    only = ["updateApportionment", "deleteApportionment", "updated_is_kept", "deleted_is_gone", "not_a_server_error"]
    report = run(foreign, "own-records", only=only)
    assert shown
    assert {number: text for number, text in snapshot(foreign).items() if number in before} == before
    assert any("These were answered as new, and are not" in note for note in report.notes)


def test_an_id_that_comes_back_after_a_deletion_is_somebody_elses() -> None:
    foreign = seeded()
    document = spec.api("apportionments")
    operations = document.operations
    with serve(foreign) as url:
        transport = Transport(document, url, TOKEN, Mode.OWN_RECORDS)
        with closing(transport):
            creator = operations["createApportionment"]
            update, delete = operations["updateApportionment"], operations["deleteApportionment"]
            number = transport.exchange(creator, new_record(creator)).json["id"]
            mine = keyed(delete, {"id": number})
            assert transport.exchange(update, keyed(update, {"id": number, "name": "Y"})).status == 200
            assert transport.exchange(delete, mine).status == 204
            with pytest.raises(
                Refused
            ):  # The server may give its number to the next record, and that to somebody else.
                transport.exchange(delete, mine)
            later = transport.exchange(creator, new_record(creator)).json["id"]
            assert later > number
            # A rule asks how a second deletion is answered: the record is gone, and its number stays free.
            assert transport.exchange(delete, mine).status == 204
            foreign.records[number] = {**foreign.records[next(iter(foreign.records))], "id": number}
            transport.exchange(operations["listApportionments"], {})
            with pytest.raises(Refused):
                transport.exchange(delete, mine)
            assert clean_up(transport) == []
    assert number in foreign.records


# How much is asked


def test_a_budget_that_is_spent_ends_the_run_and_leaves_enough_to_clean_up() -> None:
    foreign = seeded()
    before = snapshot(foreign)
    report = run(foreign, "own-records", budget=120)
    asked = len(foreign.log)
    assert report.exit_code is ExitCode.INCONCLUSIVE
    assert report.interrupted
    assert "the budget of 120 requests is spent; give more with --budget" in report.notes
    assert {row.verdict for row in report.operations} == {Verdict.INCONCLUSIVE}
    assert snapshot(foreign) == before
    # Beyond the budget there is only the clean-up.
    assert asked > 120
    assert all(line.startswith(("DELETE", "GET")) for line in foreign.log[120:])


def test_a_time_that_is_over_ends_the_run_and_leaves_enough_to_clean_up(clock: Clock) -> None:
    foreign = seeded()
    before = snapshot(foreign)
    report = run(foreign, "own-records", rate=10, max_time=30)
    assert report.exit_code is ExitCode.INCONCLUSIVE
    assert report.interrupted
    assert "the time of 30 s is spent; give more with --max-time" in report.notes
    (unreached,) = [note for note in report.notes if note.startswith("the run stopped before it had judged")]
    assert "deleted_is_gone" in unreached
    assert "requests of Schemathesis to listApportionments" in unreached
    # What was judged is not named.
    assert "pages_are_disjoint" not in unreached
    assert snapshot(foreign) == before
    assert {row.verdict for row in report.operations} == {Verdict.INCONCLUSIVE}


def test_a_time_that_is_over_hides_no_failure(clock: Clock) -> None:
    foreign = Foreign("neu")
    foreign.alter = lambda name, answer: Answer(500, {}) if name == "listBills" else answer
    report = run(foreign, "read-only", rate=1, max_time=60)
    assert report.exit_code is ExitCode.FAILED
    assert report.interrupted


@pytest.mark.parametrize(
    ("api", "mode", "only"),
    [
        ("neu", "read-only", ["listBills", "listNotifications", "getAccount"]),
        ("apportionments", "own-records", ["listApportionments", "updateApportionment"]),
    ],
)
def test_an_estimate_is_told_after_discovery(api: str, mode: str, only: list[str]) -> None:
    told: list[tuple[int, float]] = []
    foreign = Foreign(api)
    asked: list[int] = []

    def estimate(requests: int, seconds: float) -> None:
        told.append((requests, seconds))
        asked.append(len(foreign.log))

    report = run(foreign, mode, only=only, estimate=estimate, examples=5)
    ((requests, seconds),) = told
    to_come = report.requests - asked[0]
    assert to_come / 3 < requests < to_come * 3
    assert seconds > 0


def test_an_estimate_knows_rate_and_budget() -> None:
    told: list[tuple[int, float]] = []
    run(Foreign("neu"), "read-only", estimate=lambda *both: told.append(both), rate=40, budget=100)
    ((requests, seconds),) = told
    assert requests < 100
    assert seconds >= requests / 40


def test_the_transport_counts_what_it_sends() -> None:
    foreign = Foreign("neu")
    document = spec.api("neu")
    with serve(foreign) as url:
        transport = Transport(document, url, TOKEN, Mode.READ_ONLY, budget=2)
        with closing(transport):
            for _ in range(2):
                transport.exchange(document.operations["listAccounts"], {})
            with pytest.raises(Stopped):
                transport.exchange(document.operations["listAccounts"], {})
    assert transport.pace.spent
    assert len(foreign.log) == 2


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.sleeps: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("contrato.verify.pace.time", SimpleNamespace(monotonic=clock.monotonic, sleep=clock.sleep))
    return clock


def test_the_rate_holds(clock: Clock) -> None:
    document = spec.api("neu")
    starts = []
    with serve(Foreign("neu")) as url:
        transport = Transport(document, url, TOKEN, Mode.READ_ONLY, rate=4)
        transport.observers.append(lambda exchange: starts.append(clock.now))
        with closing(transport):
            for pause in (0, 0, 0, 5, 0):
                clock.now += pause
                transport.exchange(document.operations["listAccounts"], {})
    # Time in which nothing was asked is not made up for.
    assert starts == [100.0, 100.25, 100.5, 105.5, 105.75]


@pytest.mark.parametrize("api", spec.APIS)
def test_the_requests_of_a_mode_that_only_reads_are_enough_for_a_usual_server(api: str) -> None:
    with serving(create_app(1, TOKEN)) as server:
        report = verify(api, url_of(server) + spec.api(api).mount, TOKEN, mode="read-only", rate=0)
    assert report.exit_code is ExitCode.PASSED


@pytest.mark.parametrize(
    ("mode", "rate", "budget"), [("unrestricted", 0, 0), ("own-records", 5, 0), ("read-only", 1, 1500)]
)
def test_a_mode_has_a_rate_and_a_budget(
    mode: str, rate: float, budget: int, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    made = []

    class Look(Transport):
        def __init__(self, *args: Any, **options: Any) -> None:
            made.append(options)
            super().__init__(*args, **options)

    monkeypatch.setattr("contrato.verify.run.Transport", Look)
    run(Foreign("neu"), mode, rate=None, only=["listAccounts", "not_a_server_error"])
    assert [(options["rate"], options["budget"]) for options in made] == [(rate, budget)]


# Too many requests


def limiting(every: int, **headers: str) -> Foreign:
    """A server that answers each request number `every` with 429."""
    foreign = Foreign("neu")

    def limit(name: str, answer: Answer) -> Answer:
        return Answer(429, {}, headers=headers) if len(foreign.log) % every == 0 else answer

    foreign.alter = limit
    return foreign


def test_too_many_requests_are_waited_for_and_repeated(clock: Clock) -> None:
    foreign = limiting(7, **{"Retry-After": "0"})
    report = run(foreign, "read-only", only=["getService", "listBills", "listNotifications"])
    assert report.failures == []
    assert report.exit_code is ExitCode.PASSED
    assert clock.sleeps


def test_too_many_requests_that_do_not_end_are_inconclusive(clock: Clock) -> None:
    foreign = Foreign("neu")

    def limit(name: str, answer: Answer) -> Answer:
        return Answer(429, {}, headers={"Retry-After": "3600"}) if name == "listBills" else answer

    foreign.alter = limit
    report = run(foreign, "unrestricted", only=["getService", "listBills"])
    assert report.failures == []
    assert report.exit_code is ExitCode.INCONCLUSIVE
    not_judged = {row.operation: row.not_judged for row in report.operations if row.not_judged}
    assert re.match(r"\d+ requests were answered with 429, or held back after it; a lower", not_judged["listBills"])
    # An hour is not waited for, and not cut short: nothing is asked for meanwhile.
    assert clock.sleeps == []
    assert len([name for name, _ in foreign.asked if name == "listBills"]) == 1
    assert not report.interrupted


@pytest.mark.parametrize(("asked", "requests"), [("3600", 3), ("9" * 400, 3), ("45", 12), ("1", 700), ("soon", 700)])
def test_a_server_that_wants_no_more_requests_gets_no_more(asked: str, requests: int, clock: Clock) -> None:
    foreign = Foreign("neu")
    foreign.alter = lambda name, answer: (
        Answer(429, {}, headers={"Retry-After": asked}) if len(foreign.log) > 40 else answer
    )
    report = run(foreign, "unrestricted")
    assert report.failures == []
    assert report.interrupted
    assert report.exit_code is ExitCode.INCONCLUSIVE
    assert len(foreign.log) <= 40 + requests
    assert sum(clock.sleeps) <= ALL_WAITS
    assert set(clock.sleeps) <= {45.0, 1.0}
    assert any("answers 429 and asks to wait" in note for note in report.notes)


def test_a_clean_up_that_is_put_off_waits_and_leaves_nothing(clock: Clock) -> None:
    turns = iter(range(1_000_000))

    class Late(Foreign):
        def delete_apportionment(self, given: dict[str, Any]) -> Answer:
            if next(turns) % 4:
                return Answer(429, {}, headers={"Retry-After": "3"})
            return super().delete_apportionment(given)

    late = Late("apportionments")
    before = snapshot(late)
    with serve(late) as url:
        transport = Transport(spec.api("apportionments"), url, TOKEN, Mode.OWN_RECORDS)
        with closing(transport):
            creator = transport.spec.operations["createApportionment"]
            for _ in range(4):
                assert transport.exchange(creator, new_record(creator)).status == 201
            assert clean_up(transport) == []
    assert snapshot(late) == before
    assert set(clock.sleeps) == {3.0}


@pytest.mark.parametrize("asked", ["3600", "30", "", "0"])
def test_a_clean_up_that_is_put_off_for_too_long_says_what_is_left(asked: str, clock: Clock) -> None:
    class Never(Foreign):
        def delete_apportionment(self, given: dict[str, Any]) -> Answer:
            return Answer(429, {}, headers={"Retry-After": asked} if asked else {})

    never = Never("apportionments")
    before = snapshot(never)
    report = run(never, "own-records", only=["createApportionment", "created_is_kept"])
    left = snapshot(never).keys() - before.keys()
    assert left
    assert f"{len(left)} records of this run are left on the server; to remove them:" in report.notes
    assert len([note for note in report.notes if note.startswith("curl")]) == len(left)
    assert sum(clock.sleeps) <= 2 * ALL_WAITS


def test_a_deletion_that_fails_is_tried_again_if_the_record_is_still_ours() -> None:
    failures = iter([Answer(503, {}, headers={"Retry-After": "0"}), Answer(500, {}, headers={"Retry-After": "0"})])

    class Shaky(Foreign):
        def delete_apportionment(self, given: dict[str, Any]) -> Answer:
            return next(failures, None) or super().delete_apportionment(given)

    shaky = Shaky("apportionments")
    before = snapshot(shaky)
    with serve(shaky) as url:
        transport = Transport(spec.api("apportionments"), url, TOKEN, Mode.OWN_RECORDS)
        with closing(transport):
            creator = transport.spec.operations["createApportionment"]
            transport.exchange(creator, new_record(creator))
            assert clean_up(transport) == []
    assert snapshot(shaky) == before


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2", 2.0),
        ("0", 0.0),
        ("", 1.0),
        ("soon", 1.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("Wed, 21 Oct 2015 07:28:00", 0.0),
    ],
)
def test_retry_after_is_read(text: str, seconds: float, clock: Clock) -> None:
    assert Pace(rate=0, budget=0).wait("listBills", text)
    assert clock.sleeps == [seconds]


def test_a_write_that_was_put_off_is_repeated_once(clock: Clock) -> None:
    """429 says that it was not done."""
    foreign = seeded()
    foreign.alter = lambda name, answer: Answer(429, {}) if name == "createApportionment" else answer
    document = spec.api("apportionments")
    with serve(foreign) as url:
        transport = Transport(document, url, TOKEN, Mode.OWN_RECORDS)
        with closing(transport):
            creator = document.operations["createApportionment"]
            assert transport.exchange(creator, new_record(creator)).status == 429
    assert len([line for line in foreign.log if line.startswith("POST")]) == 2
    assert clock.sleeps == [1.0, 1.0]


# What is checked


def test_only_and_skip_choose_operations_and_rules() -> None:
    foreign = Foreign("neu")
    foreign.alter = lambda name, answer: Answer(500, {}) if name in ("listBills", "listPqrs") else answer
    seen: list[Exchange] = []
    everything = run(foreign, "read-only", only=["listBills", "listPqrs"], observer=seen.append)
    assert {failure.operation for failure in everything.failures} == {"listBills", "listPqrs"}
    assert [row.operation for row in everything.operations] == ["listPqrs", "listBills"]
    assert "not_a_server_error" in {failure.rule for failure in everything.failures}
    # Others are asked for values, and not checked.
    random = {exchange.operation.id for exchange in seen if exchange.sender == "schemathesis" and exchange.operation}
    assert random == {"listBills", "listPqrs"}
    one = run(foreign, "read-only", only=["listBills", "not_a_server_error"])
    assert {failure.key for failure in one.failures} == {("listBills", "not_a_server_error", "")}
    three = ["listBills", "listPqrs", "getService", "not_a_server_error"]
    skipped = run(foreign, "read-only", only=three, skip=["listBills", "listPqrs"])
    assert skipped.failures == []
    assert [row.operation for row in skipped.operations] == ["getService"]
    without = run(foreign, "read-only", only=["listBills"], skip=["not_a_server_error"])
    assert "not_a_server_error" not in {failure.rule for failure in without.failures}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"only": ["listBill"]}, r"no operation or rule 'listBill': choose from listBills"),
        ({"skip": ["not_server_error"]}, r"no operation or rule 'not_server_error': choose from not_a_server_error"),
        ({"only": ["listBills"], "skip": ["listBills"]}, r"nothing is left to check"),
        ({"rate": -1}, r"--rate, --budget and --max-time are positive"),
    ],
)
def test_what_cannot_be_chosen_is_said(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        run(Foreign("neu"), **options)


def test_one_violation_in_many_answers_is_one_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def always(exchange: Exchange, document: Api) -> Iterator[Violation]:
        if exchange.operation is not None and exchange.operation.id == "listAccounts":
            yield Violation("listAccounts", "/*/x", "1", "2", "plausible: a test", (exchange,))

    def broken(exchange: Exchange, document: Api) -> Iterator[Violation]:
        if exchange.operation is not None and exchange.operation.id == "listServices":
            raise KeyError("total")
        yield from ()

    for name, rule in {"always": always, "broken": broken}.items():
        monkeypatch.setitem(RULES, name, Rule(name, "Never.", "", Layer.CHECK, check=rule))
    report = run(Foreign("neu"), "read-only", only=["always", "broken", "listAccounts", "listServices"])
    assert report.failures == []
    (warning,) = report.warnings
    assert warning.count > 1
    assert warning.exchanges[-1].operation is not None
    # A rule that fails itself does not end the run, and does not let it pass.
    (not_judged,) = report.not_judged
    assert (not_judged.rule, not_judged.operation, not_judged.lasting) == ("broken", "listServices", False)
    assert "there is nothing at total" in not_judged.reason
    assert report.exit_code is ExitCode.INCONCLUSIVE
    assert run(Foreign("neu"), "read-only", strict=True, only=["always", "listAccounts"]).exit_code is ExitCode.FAILED


# The token


def test_an_answer_that_repeats_the_token_is_a_violation_and_nothing_keeps_it() -> None:
    foreign = Foreign("neu")
    echo = {"detail": f"wrong: Bearer {TOKEN}"}
    foreign.alter = lambda name, answer: Answer(400, echo) if answer.status == 400 else answer
    seen: list[Exchange] = []
    report = run(foreign, observer=seen.append, only=["listNotifications", "token_not_echoed"])
    assert "token_not_echoed" in {failure.rule for failure in report.failures}
    for exchange in seen:
        assert TOKEN not in repr(vars(exchange))
        assert exchange.token_echoed is (b"[token]" in exchange.content)
    assert TOKEN not in text_of(report)


def test_a_token_that_is_a_word_is_no_finding() -> None:
    secret = Secret("demo")
    assert not secret.is_in("Edificio demo")
    assert secret.hide("Bearer demo, democracy") == "Bearer [token], democracy"


@pytest.mark.parametrize(
    "form",
    [
        "ab/cd+ef==gh",
        "ab\\/cd+ef==gh",
        "ab%2Fcd%2Bef%3D%3Dgh",
        "ab%252Fcd%252Bef%253D%253Dgh",
        b"ab/cd+ef==gh".hex(),
        b"ab/cd+ef==gh".hex().upper(),
    ],
)
def test_a_token_is_known_in_every_form(form: str) -> None:
    secret = Secret("ab/cd+ef==gh")
    assert secret.is_in(f'{{"x": "{form}"}}')
    assert secret.hide_in(f"é{form}é".encode()) == "é[token]é".encode()


def test_a_token_that_was_altered_is_hidden_too() -> None:
    secret = Secret("s3cret-of-the-owner", "Bearer S3CRET-OF-THE-OWNE")
    assert secret.hide("no such token: S3CRET-OF-THE-OWNE") == "no such token: [altered token]"
    assert Secret("s3cret-of-the-owner", "Bearer wrong").hide("Bearer wrong") == "Bearer wrong"


def test_neither_cookies_nor_netrc_stand_in_for_the_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    foreign = Foreign("neu")
    foreign.alter = lambda name, answer: replace(answer, headers={"Set-Cookie": "session=1"})
    document = spec.api("neu")
    operation = document.operations["listAccounts"]
    with serve(foreign) as url:
        transport = Transport(document, url, TOKEN, Mode.READ_ONLY)
        with closing(transport):
            assert transport.exchange(operation, {}).status == 200
            bare = transport.exchange(operation, {}, token=None)
            assert transport.exchange(operation, {}, token=f"{TOKEN}x").status == 401
            assert transport.exchange(operation, {}, headers={"Authorization": f"Bearer {TOKEN}"}, token=None).succeeded
    assert bare.status == 401
    assert {"authorization", "cookie"}.isdisjoint(bare.request_headers)
