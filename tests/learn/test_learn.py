"""Recordings of a server that is other than the spec in every path, method and place of an argument."""

import json
import random
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

import asgi
import elsewhere
from contrato.core import spec
from contrato.core.document import operation_nodes
from contrato.core.places import place
from contrato.core.spec import Api, overlaid
from contrato.learn import ExitCode, Learned, learn, reports
from contrato.learn.drift import CONFIRMED, CONTRADICTED, NEVER, NEW
from contrato.verify.checks.selection import answers_echo_the_request
from contrato.verify.exchange import Exchange
from contrato.verify.findings import Violation
from contrato.verify.hiding import is_data
from contrato.verify.reach import supplied
from contrato.verify.reports.report import UsageError

Entries = list[dict[str, Any]]


def learned(tmp_path: Path, entries: Entries, api: str = "neu", **options: Any) -> Learned:
    file = tmp_path / "session.har"
    file.write_text(elsewhere.har(entries), "utf-8")
    return learn(api, [file], **options)


def entries_of(other: elsewhere.Other, entries: Entries, *names: str) -> Entries:
    """The entries of some operations."""
    found = []
    for entry in entries:
        path = entry["request"]["url"].partition("?")[0].removeprefix(elsewhere.HOST + other.api.mount)
        texts = path.strip("/").split("/")
        asked = [other.moved[name] for name in names]
        if any(elsewhere.fits(m, texts) and m.method == entry["request"]["method"] for m in asked):
            found.append(entry)
    return found


def wrong(found: Learned, other: elsewhere.Other) -> list[str]:
    """The matches that are not those of the server."""
    mistakes = []
    for name, match in found.matches.found.items():
        moved = other.moved[name]
        template = "/".join(part if isinstance(part, str) else "{}" for part in moved.path)
        if match.route.method != moved.method or not match.route.template.endswith(f"/{template}"):
            mistakes.append(f"{name} is {match.route.title}")
        for key, slot in match.slots.items():
            where, named = moved.places[key]
            if slot[0] != where or (where != "path" and slot[1] != named):
                mistakes.append(f"{name} has {key} in {slot}")
    return mistakes


@pytest.fixture(scope="module")
def other() -> elsewhere.Other:
    return elsewhere.Other("neu")


@pytest.fixture(scope="module")
def session(other: elsewhere.Other) -> Entries:
    return elsewhere.recording(other, times=4)


@pytest.mark.parametrize("api", spec.APIS)
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_every_operation_is_found(tmp_path: Path, api: str, seed: int) -> None:
    there = elsewhere.Other(api, seed)
    found = learned(tmp_path, elsewhere.recording(there, seed, 4), api)
    assert set(found.matches.found) == set(there.moved)
    assert wrong(found, there) == []
    assert found.exit_code in (ExitCode.MATCHED, ExitCode.PARTLY)


@pytest.mark.parametrize("api", spec.APIS)
def test_a_server_that_is_as_the_spec_says_is_confirmed(tmp_path: Path, api: str) -> None:
    there = elsewhere.Other(api, stays=True)
    found = learned(tmp_path, elsewhere.recording(there, times=4), api)
    assert len(found.matches.found) == len(there.moved)
    assert found.base == (there.api.mount or "/")
    verdicts = {one["verdict"] for one in reports.as_json(found)["operations"]}
    assert verdicts == {"confirmed"}
    changed = overlaid(api, found.overlay or {})
    assert [(o.method, o.path, list(o.keys)) for o in changed.operations.values()] == [
        (o.method, o.path, list(o.keys)) for o in there.api.operations.values()
    ]


def test_the_overlay_leads_requests_to_the_server(tmp_path: Path, other: elsewhere.Other, session: Entries) -> None:
    found = learned(tmp_path, session)
    assert found.exit_code is ExitCode.MATCHED
    changed = overlaid("neu", found.overlay or {})
    for name, given in elsewhere.calls(other.api, times=2):
        operation = changed.operations[name]
        known_names = {key: p.known_name for key, p in other.api.operations[name].keys.items()}
        known = {operation.parameter(known_names[key]).key: value for key, value in given.items()}
        parts = place(operation, known)
        assert parts.method == other.moved[name].method
        direct = asgi.answer(other, other.request(name, given))
        url = elsewhere.HOST + found.base + parts.path
        request = elsewhere.asked(parts.method, url, parts.query, parts.body)
        assert asgi.answer(other, request).content == direct.content, name


def test_names_in_python_stay(tmp_path: Path, other: elsewhere.Other, session: Entries) -> None:
    changed = overlaid("neu", learned(tmp_path, session).overlay or {})
    for name, operation in other.api.operations.items():
        assert set(changed.operations[name].arguments) == set(operation.arguments)
    # Of options that name one as well.
    assert supplied(changed, {"getAccount.id": 41}) == {("getAccount", "id"): 41}


def test_the_overlay_says_how_it_is_known(tmp_path: Path, session: Entries) -> None:
    changed = overlaid("neu", learned(tmp_path, session).overlay or {})
    operation = changed.operations["listAccounts"]
    assert operation.path_item.evidence == "observed 2026-11-28: 4 answers"
    assert operation.path_item.evidence.level == "observed"
    assert operation.path_item.open["path"].settled
    assert operation.evidence.level == "documented"


def test_an_example_that_is_elsewhere_now_still_says_where_it_comes_from(tmp_path: Path, session: Entries) -> None:
    document = overlaid("neu", learned(tmp_path, session).overlay or {}).document
    parameters = [p for *_, node in operation_nodes(document) for p in node.get("parameters", ())]
    examples = [p for p in parameters if "example" in p]
    assert examples
    assert [p for p in examples if "x-example-evidence" not in p] == []


def test_the_suite_knows_arguments_by_the_names_that_they_had(tmp_path: Path, session: Entries) -> None:
    """A filter is not judged beside its alternative, which the server calls otherwise."""
    changed = overlaid("neu", learned(tmp_path, session).overlay or {})
    operation = changed.operations["queryConsumption"]
    filters = [p for p in operation.parameters if p.echo is not None]
    assert {p.echo.unless for p in filters if p.echo} == {p.known_name for p in filters}
    both = {p.key: [4] if p.schema.items is not None else 3 for p in filters}
    shown = [{"id_account": 5, "account_name": "x", "data": [{"id_service": 6}]}]

    def violations(given: dict[elsewhere.Key, Any]) -> list[Violation]:
        parts = place(operation, given)
        url = f"http://server{parts.path}" + (f"?{urlencode(parts.query)}" if parts.query else "")
        exchange = Exchange(
            operation=operation,
            sender="test",
            method=operation.method,
            url=url,
            path=parts.path,
            request_headers={"content-type": "application/json"},
            request_body=json.dumps(parts.body).encode() if parts.body is not None else b"",
            status=200,
            headers={"content-type": "application/json"},
            content=json.dumps(shown).encode(),
            started=datetime.now(UTC),
            seconds=0,
        )
        return [found for found in answers_echo_the_request(exchange, changed) if isinstance(found, Violation)]

    for p in filters:
        assert violations({p.key: both[p.key]})
    assert violations(both) == []


# Right, or not enough


def test_three_operations(tmp_path: Path, other: elsewhere.Other, session: Entries) -> None:
    names = ("listServices", "listBills", "listNotifications")
    found = learned(tmp_path, entries_of(other, session, *names))
    assert sorted(found.matches.found) == sorted(names)
    assert wrong(found, other) == []
    assert found.exit_code is ExitCode.PARTLY
    assert len(found.missing) == len(other.moved) - 3


def test_lists_that_are_empty_tell_nothing(tmp_path: Path, other: elsewhere.Other, session: Entries) -> None:
    empty = json.loads(json.dumps(session))
    for entry in empty:
        entry["response"]["content"]["text"] = "[]" if entry["response"]["content"]["text"].startswith("[") else "{}"
    found = learned(tmp_path, empty)
    assert found.matches.found == {}
    assert found.exit_code is ExitCode.NOTHING
    assert found.overlay is None


def test_accounts_with_equal_values(tmp_path: Path, other: elsewhere.Other, session: Entries) -> None:
    """Identifiers of accounts and of services that are the same numbers."""
    services = elsewhere.values_of("neu", "listServices", "/*/id_service")
    accounts = elsewhere.values_of("neu", "listAccounts", "/*/id_account")
    text = elsewhere.har(session)
    for service, account in zip(services, accounts, strict=False):
        text = text.replace(str(service), str(account))
    file = tmp_path / "session.har"
    file.write_text(text, "utf-8")
    assert wrong(learn("neu", [file]), other) == []


def test_half_of_the_entries_are_broken(tmp_path: Path, other: elsewhere.Other, session: Entries) -> None:
    broken: list[Any] = json.loads(json.dumps(session))
    for number, entry in enumerate(broken[::2]):
        if number % 4 == 0:
            entry["response"] = None
        elif number % 4 == 1:
            entry["response"]["content"]["text"] = entry["response"]["content"]["text"][:-7]
        elif number % 4 == 2:
            entry["request"]["headers"] = [{"nome": 1}]
        else:
            entry["request"]["url"] = None
    found = learned(tmp_path, [*broken, None, 7, {"request": {}}])  # type: ignore[list-item]
    assert wrong(found, other) == []
    assert len(found.matches.found) >= 12


def test_another_api(tmp_path: Path) -> None:
    there = elsewhere.Other("apportionments")
    found = learned(tmp_path, elsewhere.recording(there), "neu")
    assert found.exit_code is ExitCode.NOTHING


def test_assets_and_other_hosts_are_passed_over(tmp_path: Path, other: elsewhere.Other, session: Entries) -> None:
    noise: Entries = json.loads(json.dumps(session[:4]))
    for entry in noise:
        entry["request"]["url"] = "https://metrics.example/collect?page=1"
        entry["response"]["content"]["text"] = '{"date": "2020-01-01", "value": 1, "name": "x"}'
    preflights: Entries = json.loads(json.dumps(session[:4]))
    for entry in preflights:
        entry["request"]["method"] = "OPTIONS"
        entry["response"]["content"]["text"] = ""
    pages: Entries = json.loads(json.dumps(session[:4]))
    for entry in pages:
        entry["request"]["url"] = elsewhere.HOST + "/app.js"
        entry["response"]["content"] = {"size": 5, "mimeType": "text/html", "text": "<html>"}
    found = learned(tmp_path, [*noise, *preflights, *pages, *session])
    assert len(found.matches.found) == len(other.moved)


def test_two_servers_must_be_chosen_from(tmp_path: Path, session: Entries) -> None:
    both = json.loads(elsewhere.har(session).replace("vendor.example", "staging.example"))["log"]["entries"]
    with pytest.raises(UsageError, match="choose with --base-url"):
        learned(tmp_path, [*session, *both])
    found = learned(tmp_path, [*session, *both], base_url="https://staging.example/neu/api/v3")
    assert len(found.matches.found) == len(found.api.operations)


@pytest.mark.slow
def test_two_routes_that_are_equal_are_ambiguous_and_can_be_decided(
    tmp_path: Path, other: elsewhere.Other, session: Entries
) -> None:
    copies: Entries = json.loads(json.dumps(entries_of(other, session, "listOverdueBills")))
    for entry in copies:
        entry["request"]["url"] += "/copy"
    found = learned(tmp_path, [*session, *copies])
    assert "listOverdueBills" not in found.matches.found
    first, second = found.matches.unclear["listOverdueBills"]
    assert {first.route.title, second.route.title} >= {f"{first.route.title.removesuffix('/copy')}/copy"}
    assert first.speaks_for
    title = first.route.title.removesuffix("/copy")
    decided = learned(tmp_path, [*session, *copies], mapped={"listOverdueBills": title})
    assert decided.matches.found["listOverdueBills"].route.title == title
    with pytest.raises(UsageError, match="was not recorded"):
        learned(tmp_path, session, mapped={"listOverdueBills": "GET /nowhere"})


def swapped(entries: Entries, one: str, other: str) -> Entries:
    """A server that has each of two operations where the spec has the other."""
    paths = [spec.api("neu").mount + spec.api("neu").operations[name].path for name in (one, other)]
    found: Entries = json.loads(json.dumps(entries))
    for entry in found:
        url, mark, query = entry["request"]["url"].partition("?")
        for path, instead in (paths, paths[::-1]):
            if url == elsewhere.HOST + path:
                entry["request"]["url"] = elsewhere.HOST + instead + mark + query
                break
    return found


@pytest.mark.parametrize("left_out", [(), ("name",), ("name", "interaction_date")])
def test_two_operations_that_have_changed_places(tmp_path: Path, left_out: tuple[str, ...]) -> None:
    """Of answers that are nearly the same, one that is where the spec has it is taken, unless another is better."""
    there = elsewhere.Other("neu", stays=True)
    entries = elsewhere.recording(there, times=4)
    for entry in entries_of(there, entries, "listNotificationInteractions"):
        answer = json.loads(entry["response"]["content"]["text"])
        answer["data"] = [{k: v for k, v in row.items() if k not in left_out} for row in answer["data"]]
        entry["response"]["content"]["text"] = json.dumps(answer)
    names = ("listNotifications", "listNotificationInteractions")
    operations = [spec.api("neu").operations[name] for name in names]
    if operations[0].method != operations[1].method or any("{" in operation.path for operation in operations):
        pytest.skip("the two cannot change places")
    right = learned(tmp_path, entries).matches.found
    assert wrong(learned(tmp_path, entries), there) == []
    if "interaction_date" not in left_out:
        assert {*names} <= {*right}
        found = learned(tmp_path, swapped(entries, *names)).matches.found
        for name, operation in zip(names, operations, strict=True):
            assert name not in found or not found[name].route.template.endswith(operation.path)


@pytest.mark.slow
def test_no_match_is_false(tmp_path: Path) -> None:
    """In recordings of parts of a server, with copies, and with answers of fields that only look like its own."""
    there = [elsewhere.Other("neu", seed) for seed in (1, 2, 3)]
    sessions = [elsewhere.recording(one, times=4) for one in there]
    for seed in range(60):
        rng = random.Random(seed)
        number = rng.randrange(3)
        names = rng.sample(list(there[number].moved), rng.randint(1, 15))
        entries = entries_of(there[number], sessions[number], *names)
        entries = rng.sample(entries, rng.randint(1, len(entries))) + list(strangers(there[number].api, rng))
        rng.shuffle(entries)
        try:
            found = learned(tmp_path, entries)
        except UsageError:
            continue
        assert wrong(found, there[number]) == [], seed
        assert set(found.matches.found) <= set(names), seed


def strangers(api: Api, rng: random.Random) -> Any:
    """Exchanges with the same host whose answers have some of the names of the API, of one operation or of many."""
    words = sorted(api.words)
    for number in range(rng.randint(0, 4)):
        names = rng.sample(words, rng.randint(1, 12))
        values = [1, 2.5, "text", "2020-02-01T00:00:00", True, None]
        rows = [{name: rng.choice(values) for name in names} for _ in range(rng.randint(1, 4))]
        request = elsewhere.asked("GET", f"{elsewhere.HOST}/neu/other/{number}", [("id", str(rng.randint(1, 300)))])
        yield elsewhere.entry(request, elsewhere.answer(rows if rng.random() < 0.7 else {"data": rows}))


# Drift


def test_drift_is_told_by_field(tmp_path: Path, other: elsewhere.Other, session: Entries) -> None:
    entries: Entries = json.loads(json.dumps(session))
    for entry in entries_of(other, entries, "listServices"):
        rows = json.loads(entry["response"]["content"]["text"])
        for row in rows:
            row["id_account"] = str(row["id_account"])
            row["name"] = None
            row["extra"] = 1
        del rows[0]["address"]
        entry["response"]["content"]["text"] = json.dumps(rows)
    found = learned(tmp_path, entries)
    rows = {row.place: row for row in found.drift.fields["listServices"]}
    assert rows["/*/id_service"].status == CONFIRMED
    assert rows["/*/id_account"].status == CONTRADICTED
    assert "string" in rows["/*/id_account"].about
    assert rows["/*/name"].status == CONTRADICTED
    assert rows["/*/extra"].status == NEW
    assert rows["/*/extra"].answers == 4
    assert {row.status for row in found.drift.arguments["listBills"]} <= {CONTRADICTED, NEVER}
    assert {one.question: one.reading for one in found.drift.told}["timestamp-zone"] == "none"


def test_what_is_the_same_as_last_time_is_silent(tmp_path: Path, other: elsewhere.Other, session: Entries) -> None:
    first = learned(tmp_path, session)
    again = learned(tmp_path, session, since=first.overlay)
    assert again.changes == []
    assert again.exit_code is ExitCode.MATCHED
    entries: Entries = json.loads(json.dumps(session))
    for entry in entries_of(other, entries, "queryConsumption"):
        entry["response"]["content"]["text"] = re.sub(
            r'("is_backup": ?)false', r"\g<1>0", entry["response"]["content"]["text"]
        )
    changed = learned(tmp_path, entries, since=first.overlay)
    assert changed.exit_code is ExitCode.CHANGED
    assert any("is_backup" in change for change in changed.changes or [])


# Nothing of anybody


@pytest.mark.parametrize("api", spec.APIS)
def test_nothing_personal_is_in_any_output(tmp_path: Path, api: str) -> None:
    there = elsewhere.Other(api)
    session = elsewhere.recording(there, times=3)
    found = learned(tmp_path, session, api)
    reports.write_json(tmp_path / "report.json", found)
    reports.write_html(tmp_path / "report.html", found)
    reports.write_overlay(tmp_path / "overlay.json", found)
    known = json.dumps(there.api.document, ensure_ascii=False) + json.dumps({n: str(m) for n, m in there.moved.items()})
    texts = [(tmp_path / name).read_text("utf-8") for name in ("report.json", "report.html", "overlay.json")]
    texts.append("\n".join(reports.lines(found)))
    secrets = {value for value in elsewhere.scalars(session) if len(value) > 3 and value not in known}
    assert len(secrets) > 20
    for text in texts:
        assert [value for value in secrets if value in text] == []
        for word in ("vendor.example", "Bearer demo"):
            assert word not in text


def test_a_number_of_a_customer_in_a_path_is_not_shown(
    tmp_path: Path, other: elsewhere.Other, session: Entries
) -> None:
    entries: Entries = json.loads(elsewhere.har(session).replace("/api/v3/", "/api/900123456/"))["log"]["entries"]
    found = learned(tmp_path, entries)
    assert len(found.matches.found) == len(other.moved)
    text = "\n".join(reports.lines(found)) + json.dumps([found.overlay, reports.as_json(found)])
    assert "900123456" not in text
    assert found.exit_code is ExitCode.PARTLY or "900123456" not in found.base


def test_a_read_that_was_recorded_as_a_post_is_told(tmp_path: Path, other: elsewhere.Other, session: Entries) -> None:
    """A recording cannot tell a list that is read with POST from an import that answers with a list."""
    reads = [name for name, operation in other.api.operations.items() if operation.safe]
    entries: Entries = json.loads(elsewhere.har(session))["log"]["entries"]
    for name in reads:
        for entry in entries_of(other, entries, name):
            entry["request"]["method"] = "POST"
    found = learned(tmp_path, entries)
    told = {
        one["operation"]
        for one in reports.as_json(found)["operations"]
        for candidate in one["candidates"]
        if any("make sure that it only reads" in reason for reason in candidate["against"])
    }
    assert told == {
        name for name in reads if name in found.matches.found and found.api.operations[name].method == "GET"
    }
    assert told


def test_a_credential_in_a_path_is_not_shown(tmp_path: Path, other: elsewhere.Other, session: Entries) -> None:
    text = elsewhere.har(session).replace("Bearer demo", "Bearer firefly-lantern")
    text = text.replace("example/neu/", "example/firefly-lantern/")
    found = learned(tmp_path, json.loads(text)["log"]["entries"])
    assert len(found.matches.found) == len(other.moved)
    assert "firefly" not in "\n".join(reports.lines(found)) + json.dumps([found.overlay, reports.as_json(found)])
    assert found.exit_code is ExitCode.PARTLY


def test_names_that_are_data_are_not_shown(tmp_path: Path, other: elsewhere.Other, session: Entries) -> None:
    entries: Entries = json.loads(json.dumps(session))
    for entry in entries_of(other, entries, "listServices"):
        rows = json.loads(entry["response"]["content"]["text"])
        rows[0] |= {"Ana Robledo": 1, "900123456": 2}
        entry["response"]["content"]["text"] = json.dumps(rows)
        entry["request"]["url"] += "?cc_79543210=1"
    found = learned(tmp_path, entries)
    text = "\n".join(reports.lines(found)) + json.dumps(found.overlay)
    assert "listServices" in found.matches.found
    for word in ("Robledo", "900123456", "79543210"):
        assert word not in text


@pytest.mark.parametrize(
    ("segment", "known"),
    [
        ("accounts", False),
        ("consumptionHistoryV2", False),
        ("LISTADODEFACTURASVENCIDAS", False),
        ("APIGatewayOfEnergy", False),
        ("sk_9fB3xQ7mT2LpW8", True),
        ("4b1d9c7a2e8f0d6c", True),
        ("900.123.456-7", True),
        ("v1.2.3", False),
        ("k7f-aXbQmZsecretKEY", True),
        ("qWeRtYuIoPaSdFgHjK", True),
    ],
)
def test_a_key_in_a_path_is_data(segment: str, known: bool) -> None:
    assert is_data(segment) is known
