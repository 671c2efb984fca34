"""A run writes to records of its own only: each one is proved to be, and none is forgotten."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from contrato.core import spec
from contrato.core.connection import Connection
from contrato.verify import ExitCode, Mode, Report, verify
from contrato.verify.clean_up import clean_up
from contrato.verify.own_records import UNPROVED, Journal
from contrato.verify.transport import Refused, Transport
from foreign import TOKEN, Answer, Foreign, keyed, new_record, seeded, serve, snapshot

pytestmark = pytest.mark.slow

API = spec.api("apportionments")
CREATE = API.operations["createApportionment"]
UPDATE = API.operations["updateApportionment"]
DELETE = API.operations["deleteApportionment"]
ONLY = ["updateApportionment", "deleteApportionment", "updated_is_kept", "deleted_is_gone", "not_a_server_error"]


@pytest.fixture(autouse=True)
def journals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run where nothing may be left behind; gives the folder of the journals."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "contrato"


def run(foreign: Foreign, **options: Any) -> Report:
    with serve(foreign) as url:
        return verify("apportionments", url, TOKEN, 1, "own-records", **{"examples": 1, "rate": 0, **options})


def untouched(foreign: Foreign, before: dict[int, str]) -> bool:
    return {number: text for number, text in snapshot(foreign).items() if number in before} == before


def _oldest(foreign: Foreign, body: dict[str, Any]) -> int:
    return min(foreign.records)


def _count(foreign: Foreign, body: dict[str, Any]) -> int:
    foreign.records.setdefault(7, {**next(iter(foreign.records.values())), "id": 7})
    return 7


def _latecomer(foreign: Foreign, body: dict[str, Any]) -> int:
    """Somebody else's record that came after the run had looked around."""
    number = foreign.next_id + 100_000
    foreign.records.setdefault(number, {**next(iter(foreign.records.values())), "id": number, "name": "Late"})
    return number


@pytest.mark.parametrize("wrong", [_oldest, _count, _latecomer])
def test_a_server_that_answers_a_creation_with_a_wrong_id_gives_no_right_to_that_record(
    wrong: Callable[[Foreign, dict[str, Any]], int],
) -> None:
    foreign = seeded()
    wrong(foreign, {})
    before = snapshot(foreign)

    def lie(name: str, answer: Answer) -> Answer:
        if name != "createApportionment" or answer.status != 201:
            return answer
        return replace(answer, body={**answer.body, "id": wrong(foreign, answer.body)})

    foreign.alter = lie
    report = run(foreign, only=ONLY)
    assert untouched(foreign, before)
    assert [line for line in foreign.log if line.startswith("POST")]
    assert not [line for line in foreign.log if line.startswith(("PUT", "DELETE"))]
    assert len([number for number in foreign.records if number < 100_000 and number not in before]) <= UNPROVED
    (told,) = [note for note in report.notes if "These were answered as new, and are not" in note]
    assert str(wrong(foreign, {})) in told
    assert any(note.startswith("this run may have left") for note in report.notes)


def test_an_equal_record_of_somebody_else_is_not_ours() -> None:
    """Who tries the example of the documents has a record like the one that the run creates."""
    foreign = seeded()
    arguments = new_record(CREATE)
    theirs = foreign._store({key[1]: value for key, value in arguments.items()})["id"]
    foreign.alter = lambda name, answer: (
        replace(answer, body={**answer.body, "id": theirs}) if answer.status == 201 else answer
    )
    with serve(foreign) as url, closing(Transport(API, url, TOKEN, Mode.OWN_RECORDS)) as transport:
        assert transport.exchange(CREATE, arguments).status == 201
        for operation in (UPDATE, DELETE):
            with pytest.raises(Refused):
                transport.exchange(operation, keyed(operation, {"id": theirs}))
        assert clean_up(transport) == []
    assert theirs in foreign.records


@pytest.mark.parametrize("change", [str.upper, lambda text: f" {text}\n", lambda text: text.replace("ã", "a")])
def test_what_a_server_may_do_to_a_text_takes_no_right_away(change: Callable[[str], str]) -> None:
    foreign = seeded()
    before = snapshot(foreign)

    def alter(name: str, answer: Answer) -> Answer:
        if name not in ("getApportionment", "createApportionment") or not isinstance(answer.body, dict):
            return answer
        return replace(
            answer, body={**answer.body, **({"name": change(answer.body["name"])} if "name" in answer.body else {})}
        )

    foreign.alter = alter
    with serve(foreign) as url, closing(Transport(API, url, TOKEN, Mode.OWN_RECORDS)) as transport:
        number = transport.exchange(CREATE, new_record(CREATE)).json["id"]
        assert transport.exchange(UPDATE, keyed(UPDATE, {"id": number, "name": "Y"})).status == 200
        assert clean_up(transport) == []
    assert snapshot(foreign) == before


def test_a_record_that_cannot_be_read_back_is_not_written_to() -> None:
    foreign = seeded()
    foreign.alter = lambda name, answer: Answer(500, {}) if name == "getApportionment" else answer
    with serve(foreign) as url, closing(Transport(API, url, TOKEN, Mode.OWN_RECORDS)) as transport:
        number = transport.exchange(CREATE, new_record(CREATE)).json["id"]
        with pytest.raises(Refused):
            transport.exchange(DELETE, keyed(DELETE, {"id": number}))
        assert transport.own.intents


def test_a_record_that_can_be_read_later_is_removed_in_the_end() -> None:
    foreign, turns = seeded(), iter(range(99))
    before = snapshot(foreign)
    foreign.alter = lambda name, answer: Answer(503, {}) if name == "getApportionment" and next(turns) == 0 else answer
    with serve(foreign) as url, closing(Transport(API, url, TOKEN, Mode.OWN_RECORDS)) as transport:
        number = transport.exchange(CREATE, new_record(CREATE)).json["id"]
        transport.exchange(API.operations["listApportionments"], {})
        with pytest.raises(Refused):
            transport.exchange(DELETE, keyed(DELETE, {"id": number}))
        assert clean_up(transport) == []
        assert transport.own.intents == []
    assert snapshot(foreign) == before


@pytest.mark.parametrize(
    "broken",
    [
        lambda answer: Answer(500, {}),
        lambda answer: Answer(201, "<html>", "text/html"),
        lambda answer: replace(answer, body={**answer.body, "id": str(answer.body["id"])}),
        lambda answer: replace(answer, body=[answer.body]),
        lambda answer: replace(answer, body={**answer.body, "id": [answer.body["id"], 503]}),
    ],
)
def test_a_server_that_names_no_new_record_gets_few_and_does_not_pass(broken: Callable[[Answer], Answer]) -> None:
    foreign = seeded()
    before = snapshot(foreign)
    foreign.alter = lambda name, answer: broken(answer) if answer.status == 201 else answer
    report = run(foreign, only=["createApportionment", "created_is_kept", "missing_is_missing"])
    assert untouched(foreign, before)
    assert 0 < len(snapshot(foreign)) - len(before) <= UNPROVED
    assert any("this run may have left" in note for note in report.notes)
    assert report.exit_code is not ExitCode.PASSED


def test_a_server_that_gives_one_id_twice_leaves_a_record_that_is_told_of(journals: Path) -> None:
    foreign, given = seeded(), []

    def same(name: str, answer: Answer) -> Answer:
        if name == "createApportionment" and answer.status == 201:
            given.append(answer.body["id"])
            return replace(answer, body={**answer.body, "id": given[0]})
        return answer

    foreign.alter = same
    with serve(foreign) as url, closing(Transport(API, url, TOKEN, Mode.OWN_RECORDS)) as transport:
        for _ in range(2):
            transport.exchange(CREATE, new_record(CREATE))
        assert clean_up(transport) == []
        assert len(transport.own.intents) == 1
    assert given[0] not in foreign.records


def test_a_list_that_refuses_large_pages_is_read_all_the_same() -> None:
    foreign = seeded()
    arguments = new_record(CREATE)
    theirs = min(foreign.records)
    texts = {key[1]: value for key, value in arguments.items() if isinstance(value, str)}
    foreign.records[theirs].update(texts)

    def alter(name: str, answer: Answer) -> Answer:
        if name == "createApportionment" and answer.status == 201:
            return replace(answer, body={**answer.body, "id": theirs})
        given = foreign.asked[-1][1] if foreign.asked else {}
        large = name == "listApportionments" and any(value == 100 for value in given.values())
        return Answer(422, {"_limit": ["too large"]}) if large else answer

    foreign.alter = alter
    with serve(foreign) as url, closing(Transport(API, url, TOKEN, Mode.OWN_RECORDS)) as transport:
        assert transport.exchange(CREATE, arguments).status == 201
        assert clean_up(transport) == []
    assert theirs in foreign.records
    assert [name for name, _ in foreign.asked].count("deleteApportionment") == 0


@pytest.mark.parametrize(("status", "pages"), [(422, 20), (401, 20), (422, 1), (504, 20), (500, 1)])
def test_a_record_that_was_stored_without_an_answer_that_says_so_is_told(
    monkeypatch: pytest.MonkeyPatch, status: int, pages: int
) -> None:
    """Also where the list is too long to be read: then it is searched for."""
    monkeypatch.setattr("contrato.verify.own_records.PAGES", pages)
    monkeypatch.setattr("contrato.verify.own_records.LARGE", 10)
    foreign = seeded()
    before = snapshot(foreign)

    def refuse(name: str, answer: Answer) -> Answer:
        if name != "createApportionment" or answer.status != 201:
            return answer
        late = {**foreign.records[min(before)], "id": foreign.next_id + 100, "name": "Somebody else's, meanwhile"}
        foreign.records[late["id"]] = late
        return Answer(status, {"name": ["no"]})

    foreign.alter = refuse
    report = run(foreign, only=["createApportionment", "created_is_kept"])
    stored = [n for n, it in foreign.records.items() if n not in before and it["name"] != "Somebody else's, meanwhile"]
    assert stored
    told = [note for note in report.notes if note.startswith("curl -i -X DELETE")]
    assert {note.split("/apportionments/")[1].split(" ")[0].strip("'") for note in told} == {str(n) for n in stored}
    assert any("as this run sent them" in note for note in report.notes)


def test_a_record_that_a_deletion_left_is_told_though_reading_shows_more_than_its_creation() -> None:
    foreign = seeded()
    before = snapshot(foreign)
    turns = count()
    foreign.alter = lambda name, answer: (
        replace(answer, body={**answer.body, "created_at": "2026-01-01T00:00:00", "views": next(turns)})
        if name == "getApportionment" and isinstance(answer.body, dict) and "name" in answer.body
        else answer
    )
    foreign.delete_apportionment = lambda given: Answer(204, None)  # type: ignore[method-assign]
    with serve(foreign) as url, closing(Transport(API, url, TOKEN, Mode.OWN_RECORDS)) as transport:
        number = transport.exchange(CREATE, new_record(CREATE, transport.own.mark)).json["id"]
        assert [record.argument for record in clean_up(transport)] == [{"id": number}]
    assert snapshot(foreign).keys() - before.keys() == {number}


def test_a_server_that_hangs_is_soon_given_up() -> None:
    """Two requests that take too long are enough to know."""
    foreign = seeded()
    with serve(foreign) as url:
        transport = Transport(API, url, TOKEN, Mode.OWN_RECORDS, connection=Connection(timeout=0.3))
        with closing(transport):
            for _ in range(6):
                transport.exchange(CREATE, new_record(CREATE))
            foreign.alter = lambda name, answer: replace(answer, delay=1.0)
            asked = len(foreign.asked)
            assert len(clean_up(transport)) == 6
            assert len(foreign.asked) - asked <= 2


def test_a_record_that_somebody_else_has_by_now_is_left_alone_and_told() -> None:
    """A colleague deleted what looked like a test, and the server gave its identifier away again."""
    foreign = seeded()
    with serve(foreign) as url, closing(Transport(API, url, TOKEN, Mode.OWN_RECORDS)) as transport:
        number = transport.exchange(CREATE, new_record(CREATE)).json["id"]
        foreign.records[number] = {**foreign.records[min(foreign.records)], "id": number, "name": "Somebody else's"}
        before = snapshot(foreign)
        assert clean_up(transport) == []
        assert [path.rpartition("/")[2] for path in transport.own.others_now] == [str(number)]
    assert snapshot(foreign) == before


@pytest.mark.parametrize("status", [200, 204, 500])
def test_a_record_is_removed_whatever_an_update_was_answered_with(status: int) -> None:
    foreign = seeded()
    before = snapshot(foreign)
    foreign.alter = lambda name, answer: Answer(status, None) if name == UPDATE.id else answer
    with serve(foreign) as url, closing(Transport(API, url, TOKEN, Mode.OWN_RECORDS)) as transport:
        number = transport.exchange(CREATE, new_record(CREATE)).json["id"]
        transport.exchange(UPDATE, keyed(UPDATE, {"id": number, "name": "Another name"}))
        assert clean_up(transport) == []
    assert snapshot(foreign) == before


def test_records_that_somebody_else_made_meanwhile_are_not_told() -> None:
    foreign = seeded()

    def meanwhile(name: str, answer: Answer) -> Answer:
        if name == "createApportionment":
            foreign._store({key[1]: value for key, value in {**new_record(CREATE), ("body", "name"): "Else"}.items()})
        return Answer(401, {}) if answer.status == 201 else answer

    foreign.alter = meanwhile
    foreign.create_apportionment = lambda given: Answer(422, {"name": ["taken"]})  # type: ignore[method-assign]
    report = run(foreign, only=["createApportionment", "created_is_kept"])
    assert [line for line in foreign.log if line.startswith("POST")]
    assert not [note for note in report.notes if "as this run sent them" in note]


# The journal

SCRIPT = """
import sys
from contrato.verify import verify
verify("apportionments", sys.argv[1], sys.argv[2], mode="own-records", examples=1, rate=0, only=["created_is_kept"])
"""


def test_a_kill_between_a_creation_and_its_answer_loses_nothing(journals: Path) -> None:
    foreign = seeded()
    before = snapshot(foreign)
    children: list[subprocess.Popen[bytes]] = []

    def strike(name: str, answer: Answer) -> Answer:
        if name == "createApportionment" and answer.status == 201:
            os.kill(children[0].pid, signal.SIGKILL)
        return answer

    foreign.alter = strike
    with serve(foreign) as url:
        children.append(subprocess.Popen([sys.executable, "-c", SCRIPT, url, TOKEN]))
        assert children[0].wait(timeout=120) == -signal.SIGKILL
        (left,) = snapshot(foreign).keys() - before.keys()
        (journal,) = journals.glob("*.json")
        for mode in ("read-only", "own-records"):
            only = ["getApportionment", "not_a_server_error"]
            foreign.alter = lambda name, answer: answer
            notes = verify("apportionments", url, TOKEN, mode=mode, examples=1, rate=0, only=only).notes
            (told,) = [note for note in notes if "may have created" in note]
            assert foreign.records[left]["name"] in told
            assert str(journal) in told
    assert journal.exists()
    assert left in foreign.records


def test_records_that_are_not_as_a_killed_run_sent_them_are_not_told_to_be_removed(journals: Path) -> None:
    """Somebody removed what the run left, and the numbers went to other records."""
    foreign = seeded()
    theirs = foreign.records[min(foreign.records)]
    with serve(foreign) as url, closing(Transport(API, url, TOKEN, Mode.OWN_RECORDS)) as transport:
        journal = Journal("apportionments", url, TOKEN)
        transport.own.on_change = lambda: journal.write(transport.own.created, transport.own.intents)
        ours, other = (transport.exchange(CREATE, new_record(CREATE)).json["id"] for _ in range(2))
        foreign.records[other] = {**theirs, "id": other}
        notes = verify("apportionments", url, TOKEN, mode="read-only", rate=0, only=["getApportionment"]).notes
    commands = [note for note in notes if note.startswith("curl")]
    assert [f"/{ours} " in note for note in commands] == [True]
    (told,) = (note for note in notes if "may be somebody else's" in note)
    assert f"/{other};" in told
    journal.path.unlink(missing_ok=True)


def test_a_run_with_another_token_leaves_the_journal_as_it_is(journals: Path) -> None:
    """It may not see the records."""
    foreign = seeded()
    with serve(foreign) as url, closing(Transport(API, url, TOKEN, Mode.OWN_RECORDS)) as transport:
        journal = Journal("apportionments", url, "another token")
        transport.own.on_change = lambda: journal.write(transport.own.created, transport.own.intents)
        number = transport.exchange(CREATE, new_record(CREATE)).json["id"]
        del foreign.records[number]
        kept = journal.path.read_text("utf-8")
        verify("apportionments", url, TOKEN, mode="read-only", rate=0, only=["getApportionment"])
        assert journal.path.read_text("utf-8") == kept
    assert "another token" not in kept
    journal.path.unlink()


def test_a_server_that_deletes_nothing_gets_few_records() -> None:
    foreign = seeded()
    before = snapshot(foreign)
    foreign.delete_apportionment = lambda given: Answer(409, {"message": "in use"})  # type: ignore[method-assign]
    report = run(foreign, only=["created_is_kept", "updated_is_kept", "deleted_is_gone", "missing_is_missing"])
    left = len(snapshot(foreign)) - len(before)
    assert 0 < left < 20
    assert any("records of this run are left on the server" in note for note in report.notes)


def test_a_journal_is_for_its_owner_and_has_no_token(journals: Path) -> None:
    modes: list[str] = []
    foreign = seeded()

    def look(name: str, answer: Answer) -> Answer:
        for path in [journals, *journals.glob("*")] if list(journals.glob("*")) else []:
            modes.append(oct(stat.S_IMODE(path.stat().st_mode)))
            assert path.is_dir() or TOKEN not in path.read_text("utf-8")
        return answer

    old = os.umask(0)
    try:
        foreign.alter = look
        with serve(foreign) as url, closing(Transport(API, url, TOKEN, Mode.OWN_RECORDS)) as transport:
            journal = Journal("apportionments", url, TOKEN)
            transport.own.on_change = lambda: journal.write(transport.own.created, transport.own.intents)
            journal.write([], [])
            transport.exchange(CREATE, {**new_record(CREATE), **keyed(CREATE, {"name": f"Bloco {TOKEN}"})})
            transport.exchange(API.operations["listApportionments"], {})
            assert clean_up(transport) == []
    finally:
        os.umask(old)
    assert set(modes) == {"0o700", "0o600"}
    assert list(journals.glob("*")) == []


def test_a_user_without_a_home_directory_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in some containers."""

    def nowhere() -> Path:
        raise RuntimeError("Could not determine home directory.")

    for variable in ("XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(Path, "home", nowhere)
    foreign = seeded()
    before = snapshot(foreign)
    report = run(foreign, only=["createApportionment", "created_is_kept"])
    assert report.exit_code is ExitCode.PASSED
    assert any("no home directory; set XDG_STATE_HOME" in note for note in report.notes)
    assert snapshot(foreign) == before


def test_an_intent_is_in_the_journal_before_the_request_is_sent(journals: Path) -> None:
    foreign, seen = seeded(), []

    def look(name: str, answer: Answer) -> Answer:
        if name == "createApportionment":
            (journal,) = journals.glob("*.json")
            seen.extend(json.loads(journal.read_text("utf-8"))["intents"])
        return answer

    foreign.alter = look
    run(foreign, only=["createApportionment", "created_is_kept"])
    assert {intent["creator"] for intent in seen} == {"createApportionment"}
    assert all(re.search(r'"name": ?"', intent["sent"]) for intent in seen)


@pytest.mark.parametrize("answer", [Answer(504, {"message": "gateway timeout"}), Answer(204, None)])
def test_a_freed_identifier_that_somebody_else_has_is_not_written_to(answer: Answer) -> None:
    """The deletion is done, whatever is answered, and the next record gets the identifier; no list was read since."""
    foreign = seeded()
    with serve(foreign) as url:
        transport = Transport(API, url, TOKEN, Mode.OWN_RECORDS)
        with closing(transport):
            number = transport.exchange(CREATE, new_record(CREATE)).json["id"]
            foreign.alter = lambda name, given: answer if name == DELETE.id else given
            transport.exchange(DELETE, keyed(DELETE, {"id": number}))
            foreign.alter = lambda name, given: given
            foreign.records[number] = {**next(iter(foreign.records.values())), "id": number, "name": "Somebody else's"}
            before = snapshot(foreign)
            for operation in (UPDATE, DELETE):
                with pytest.raises(Refused):
                    transport.exchange(operation, keyed(operation, {"id": number}))
            assert clean_up(transport) == []
    assert snapshot(foreign) == before


def test_another_run_at_the_same_time_keeps_its_records() -> None:
    """It sends the same texts, but for its mark, and gets numbers that this run gave back."""
    foreign = seeded()
    theirs: dict[int, dict[str, Any]] = {}

    def busy(name: str, answer: Answer) -> Answer:
        if name == "deleteApportionment" and answer.status == 204 and len(theirs) < 9:
            number = foreign.asked[-1][1]["id"]
            if number in gone:
                other = {
                    key: re.sub("[0-9a-f]{4}$", "zzzz", v) if isinstance(v, str) else v
                    for key, v in gone[number].items()
                }
                foreign.records[number], theirs[number] = other, dict(other)
        return answer

    gone: dict[int, dict[str, Any]] = {}
    delete = foreign.delete_apportionment

    def deleting(given: dict[str, Any]) -> Answer:
        if given["id"] in foreign.records and given["id"] not in theirs:
            gone[given["id"]] = dict(foreign.records[given["id"]])
        return delete(given)

    foreign.delete_apportionment = deleting  # type: ignore[method-assign]
    foreign.alter = busy
    report = run(foreign, only=["created_is_kept", "deleted_is_gone", "createApportionment", "deleteApportionment"])
    assert theirs
    assert {number: foreign.records.get(number) for number in theirs} == theirs
    assert not any(f"/{number} " in note for note in report.notes for number in theirs if note.startswith("curl"))


def test_a_number_that_the_server_gives_again_is_somebody_elses_after_the_question_too() -> None:
    """Somebody creates a record between the question whether there is one and the request that would change it."""
    foreign, theirs, asked = seeded(), {}, Counter[Any]()

    def busy(name: str, answer: Answer) -> Answer:
        foreign.next_id = max(foreign.records)
        number = foreign.asked[-1][1].get("id")
        asked[number] += name == "getApportionment" and answer.status == 204
        if name == "getApportionment" and asked[number] == 2:
            late = {**foreign.records[min(foreign.records)], "id": foreign.next_id + 3, "name": "Somebody else's"}
            foreign.records[late["id"]], theirs[late["id"]] = late, dict(late)
            foreign.next_id = late["id"]
        return answer

    foreign.alter = busy
    run(foreign, only=["deleted_is_gone", "missing_is_missing", "updateApportionment", "deleteApportionment"])
    assert theirs
    assert {number: foreign.records.get(number) for number in theirs} == theirs


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_record_whose_deletion_a_gateway_refused_once_is_deleted_in_the_end(status: int) -> None:
    foreign = seeded()
    before = snapshot(foreign)
    with serve(foreign) as url, closing(Transport(API, url, TOKEN, Mode.OWN_RECORDS)) as transport:
        transport.exchange(CREATE, new_record(CREATE, transport.own.mark))
        refusals = iter([Answer(status, {"message": "no Route matched with those values"})])
        foreign.delete_apportionment = lambda given: (  # type: ignore[method-assign]
            next(refusals, None) or Foreign.delete_apportionment(foreign, given)
        )
        assert clean_up(transport) == []
    assert snapshot(foreign) == before


@pytest.mark.parametrize("status", [401, 403])
def test_records_are_told_when_the_token_is_valid_no_more(status: int) -> None:
    foreign = seeded()
    with serve(foreign) as url, closing(Transport(API, url, TOKEN, Mode.OWN_RECORDS)) as transport:
        numbers = [transport.exchange(CREATE, new_record(CREATE)).json["id"] for _ in range(3)]
        foreign.alter = lambda name, answer: Answer(status, {"message": "expired"})
        foreign.delete_apportionment = lambda given: Answer(status, {})  # type: ignore[method-assign]
        assert [record.argument["id"] for record in clean_up(transport)] == numbers


def test_a_record_whose_deletion_failed_is_deleted_in_the_end() -> None:
    foreign = seeded()
    before = snapshot(foreign)
    with serve(foreign) as url:
        transport = Transport(API, url, TOKEN, Mode.OWN_RECORDS)
        with closing(transport):
            transport.exchange(CREATE, new_record(CREATE))
            failures = iter([Answer(503, {}, headers={"Retry-After": "0"})])
            foreign.delete_apportionment = lambda given: (  # type: ignore[method-assign]
                next(failures, None) or Foreign.delete_apportionment(foreign, given)
            )
            assert clean_up(transport) == []
    assert snapshot(foreign) == before


def test_a_record_that_is_only_found_by_its_text_is_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Creation answers with the record that there is of the same name, and the list is too long to be read."""
    monkeypatch.setattr("contrato.verify.own_records.PAGES", 1)
    monkeypatch.setattr("contrato.verify.own_records.LARGE", 10)
    foreign = seeded()
    number = min(foreign.records)
    given = {name: value for (_, name), value in new_record(CREATE).items() if name in foreign.records[number]}
    there = foreign.records[number] = {**foreign.records[number], **given}
    foreign.create_apportionment = lambda given: Answer(201, there)  # type: ignore[method-assign]
    with serve(foreign) as url:
        transport = Transport(API, url, TOKEN, Mode.OWN_RECORDS)
        with closing(transport):
            assert transport.exchange(CREATE, new_record(CREATE)).status == 201
            with pytest.raises(Refused):
                transport.exchange(DELETE, keyed(DELETE, {"id": number}))
