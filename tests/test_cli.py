"""The command: what it derives from the specs, what it prints and writes, and how it fails."""

import contextlib
import csv
import inspect
import io
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pyarrow.parquet
import pytest
from click.shell_completion import BashComplete
from click.testing import CliRunner, Result

from contrato import apportionments, frames, neu
from contrato.cli import main, operations, output
from contrato.core import places, spec
from contrato.core.tables import tables

pytestmark = pytest.mark.slow

CONTRATO = str(Path(sys.executable).with_name("contrato"))
TOKEN = "tok-93ab51"
CLIENTS: dict[str, Any] = {"neu": neu.Neu, "apportionments": apportionments.Apportionments}
OPERATIONS = {(api, name): op for api in spec.APIS for name, op in operations.operations(api).items()}
EVERY_OPERATION = pytest.mark.parametrize(("api", "name"), OPERATIONS, ids=lambda value: str(value))
YEAR = ("--from", "2021-01-01", "--to", "2022-01-01")
Run = Callable[..., Result]


@pytest.fixture(scope="session")
def urls() -> Iterator[dict[str, str]]:
    """The bundled server, in a process of its own: API to base URL."""
    command = [CONTRATO, "mock", "--port", "0", "--token", TOKEN]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        yield dict(re.findall(r"(\w+) at (\S+?)[,;]", server.stdout.readline()))
        server.terminate()


def environment(urls: dict[str, str]) -> dict[str, str]:
    settings = {f"{api.upper()}_BASE_URL": url for api, url in urls.items()}
    return settings | {f"{api.upper()}_TOKEN": TOKEN for api in urls}


def buffered(urls: dict[str, str]) -> dict[str, str]:
    """An environment for processes, in which output waits in buffers as it does for users."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"} | environment(urls)


@pytest.fixture
def run(urls: dict[str, str]) -> Run:
    def run(*arguments: object, exit_code: int = 0, **options: Any) -> Result:
        result = CliRunner().invoke(
            main, list(map(str, arguments)), env=environment(urls), prog_name="contrato", **options
        )
        assert result.exit_code == exit_code, result.output + repr(result.exception)
        assert TOKEN not in result.output
        if exit_code:
            check_error(result.stderr)
        return result

    return run


def check_error(text: str) -> None:
    """What is said of an error: one line, and no traceback."""
    assert re.fullmatch(r"Error: [^\n]+\n", text), text
    assert "Traceback" not in text


def rows(result: Result) -> Any:
    return json.loads(result.stdout)


@pytest.fixture
def account(run: Run) -> dict[str, Any]:
    """An account with several services."""
    found: dict[str, Any] = next(account for account in rows(run("neu", "accounts")) if len(account["services"]) > 1)
    return found


# Names


def test_commands_and_options_have_the_names_that_users_would_try() -> None:
    names = {api: [name for of, name in OPERATIONS if of == api] for api in spec.APIS}
    assert names["apportionments"] == ["list", "create", "get", "update", "delete"]
    assert {"accounts", "account", "consumption", "bills", "due-dates", "rule-history"} <= set(names["neu"])
    options = {p.name: option for p, option in operations.options(OPERATIONS["neu", "consumption"]).items()}
    assert options == {
        "Id_account": "account", "Id_services": "service", "Interval": "interval", "From": "from", "To": "to",
    }  # fmt: skip
    for name in ("bills", "notifications"):
        operation = OPERATIONS["neu", name]
        assert operation.pagination is not None
        assert operations.options(operation)[operation.parameter(operation.pagination.page)] == "page"


@EVERY_OPERATION
def test_no_two_options_collide_and_arguments_are_the_clients(api: str, name: str) -> None:
    operation = OPERATIONS[api, name]
    options = [option for p, option in operations.options(operation).items() if p.place != "path"]
    assert len(set(options)) == len(options)
    assert not set(options) & set(operations.COMMON)
    assert not any(option.endswith("-value") for option in options)
    signature = inspect.signature(getattr(CLIENTS[api], operation.method_name))
    assert {p.python_name for p in operation.parameters} == signature.parameters.keys() - {"self", "options"}


def test_options_of_our_own_are_the_ones_that_parameters_must_not_have(run: Run) -> None:
    ours: set[str] = set()
    for api, name in OPERATIONS:
        text = run(api, name, "--help").stdout.rpartition("\nOptions:")[2]
        ours |= set(re.findall(r"^  (?:-\w, )?--([\w-]+)", text, re.MULTILINE))
    assert ours == set(operations.COMMON)


def test_names_that_collide_are_told_apart() -> None:
    assert operations.unique([["bills", "list-bills"], ["bills", "query-bills"], ["bill"]]) == [
        "list-bills", "query-bills", "bill",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="'same'"):
        operations.unique([["same"], ["same"]])


def change(monkeypatch: pytest.MonkeyPatch, document: dict[str, Any]) -> None:
    """Have the command read another document for NEU."""
    changed = spec.Api("neu", document)
    monkeypatch.setattr(spec, "api", lambda name: changed)


@pytest.mark.parametrize("place", ["query", "header", "cookie"])
def test_an_argument_is_an_option_wherever_it_is_sent(monkeypatch: pytest.MonkeyPatch, run: Run, place: str) -> None:
    document = spec.api("neu").copy()
    (node,) = [node for *_, node in spec.operation_nodes(document) if node["operationId"] == "listPqrs"]
    # (Its name is one that a parameter must not have.)
    node.setdefault("parameters", []).append({"name": "Format", "in": place, "schema": {"type": "string"}})
    change(monkeypatch, document)
    text = run("neu", "pqrs", "--help").stdout
    assert "--format-value TEXT" in text
    assert "--format [table" in text


def test_a_new_operation_of_the_spec_is_a_new_command(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    document = spec.api("neu").copy()
    document["paths"]["/meters/{id}/faults"] = {
        "get": {
            "operationId": "listMeterFaults",
            "tags": ["Meters"],
            "summary": "List faults of a meter",
            "x-evidence": "inferred: a test",
            "parameters": [
                {"name": "id", "in": "path", "required": True, "description": "Which.", "schema": {"type": "integer"}},
                {"name": "Grave", "in": "query", "description": "Bad ones only.", "schema": {"type": "boolean"}},
            ],
            "responses": {
                "200": {
                    "description": "Faults.",
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "array",
                                "items": {
                                    "type": "object",
                                    "properties": {
                                        "lost": {
                                            "type": "number", "description": "Energy lost.", "x-unit": "kWh",
                                            "x-evidence": "inferred: a test",
                                        }
                                    },
                                },
                            }
                        }
                    },
                }
            },
        }
    }  # fmt: skip
    change(monkeypatch, document)
    assert re.search(r"Meters:\n  meter-faults +List faults of a meter", run("neu", "--help").stdout)
    text = run("neu", "meter-faults", "--help").stdout
    assert "--grave / --no-grave" in text
    assert re.search(r"lost +number in kWh\. Energy lost\. +\[inferred\]", text)
    assert "make generate" in run("neu", "meter-faults", 1, exit_code=2).stderr


# Help and completion


@EVERY_OPERATION
def test_help_shows_units_and_evidence(run: Run, api: str, name: str) -> None:
    operation = OPERATIONS[api, name]
    text = " ".join(run(api, name, "--help").stdout.split())
    assert operation.evidence in text
    assert "Parameters of the API: ID" not in text
    for parameter in operation.parameters:
        meaning = f"; meaning {parameter.meaning_evidence}" if parameter.meaning_evidence else ""
        assert f"[{parameter.name}; {parameter.evidence}{meaning}]" in text
        assert parameter.text in text
    for column in operations.columns_of(operation):
        assert f"{column.name} " in text
        unit = f" in {column.schema.unit}" if column.schema.unit else ""
        assert unit in text
        assert f"{column.schema.text} [{column.schema.evidence.level}" in text


def test_a_meaning_that_is_inferred_says_so(run: Run) -> None:
    text = " ".join(run("neu", "bills", "--help").stdout.split())
    assert "Of its meaning: inferred: " in text
    assert re.search(r"; documented neu#L106-L107; meaning inferred: which date", text)
    assert re.search(r"\baccount string\. [^\[]+\[documented; meaning inferred\]", text)


def test_a_unit_that_is_inferred_says_so(run: Run) -> None:
    text = " ".join(run("neu", "bills", "--help").stdout.split())
    assert re.search(r"payment_value number in COP \(inferred\)\. [^\[]+\[documented", text)


def test_help_is_complete_and_imports_little(run: Run) -> None:
    text = run("--help").stdout
    for status in ("0", "1", "2", "3", "130", "141"):
        assert re.search(rf"^ +{status} +\w", text, re.MULTILINE)
    program = (
        "import sys; from contrato.cli import main; main(['--help'], standalone_mode=False); "
        "print(*{'httpx', 'rich', 'pyarrow', 'contrato.neu'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == ""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(run: Run, shell: str) -> None:
    script = run("completion", shell).stdout
    assert f"_CONTRATO_COMPLETE={shell}_complete" in script
    assert "contrato" in script


@pytest.mark.parametrize(
    ("words", "incomplete", "completed"),
    [
        (["neu"], "cons", {"consumption"}),
        (["neu", "consumption"], "--acc", {"--account"}),
        (["neu", "consumption", "--interval"], "d", {"daily"}),
        (["neu", "consumption", "--column"], "imported_r", {"imported_reactive_acum"}),
        (["apportionments"], "", {"list", "create", "get", "update", "delete"}),
    ],
)
def test_completion_completes(words: list[str], incomplete: str, completed: set[str]) -> None:
    complete = BashComplete(main, {}, "contrato", "_CONTRATO_COMPLETE")
    assert {item.value for item in complete.get_completions(words, incomplete)} == completed


# Every operation


def some_value(run: Run, parameter: spec.Parameter) -> Any:
    """A value that exists on the server, or the one of the spec."""
    if parameter.schema.enum:
        return parameter.schema.enum[0].lower()
    for reference in parameter.refers_to:
        source = parameter.api.operations[reference.operation]
        api, name = next(key for key, operation in OPERATIONS.items() if operation is source)
        return rows(run(api, name))[0][reference.pointer.rpartition("/")[2]]
    return {"From": "2020-03-01", "To": "2020-04-02T00:00"}[parameter.name]


@pytest.mark.parametrize(("api", "name"), [key for key, op in OPERATIONS.items() if op.safe], ids=str)
def test_every_command_that_reads_runs(run: Run, api: str, name: str) -> None:
    operation = OPERATIONS[api, name]
    arguments: list[Any] = []
    for parameter, option in operations.options(operation).items():
        if parameter.place == "path":
            arguments.append(some_value(run, parameter))
        elif parameter.required or parameter.name in ("Id_account",):
            arguments += [f"--{option}", some_value(run, parameter)]
    result = run(api, name, *arguments)
    found = rows(result) if tables(operation).many else [rows(result)]
    assert found
    # Flat columns have the same values.
    lines = list(csv.DictReader(io.StringIO(run(api, name, *arguments, "-f", "csv").stdout)))
    assert len(lines) == len(found)
    for line, row in zip(lines, found, strict=True):
        for column in tables(operation).columns:
            if isinstance(value := row.get(column.name), str | int | float):
                assert line[column.name] == (str(value).lower() if isinstance(value, bool) else str(value))


def test_records_are_created_updated_and_deleted(run: Run, tmp_path: Path) -> None:
    model = rows(run("apportionments", "list"))[0]
    fields = {
        "company_id": model["company"]["id"],
        "apportionment_type_id": model["apportionment_type"]["id"],
        "apportionment_tariff_type_id": model["apportionment_tariff_type"]["id"],
        "apportionment_measure_unit_id": model["apportionment_measure_unit"]["id"],
        "name": "Filial Campinas",
        "description": "from JSON",
    }
    created = rows(run("apportionments", "create", "--json", "-", "--description", "Ações", input=json.dumps(fields)))
    assert (created["name"], created["description"]) == ("Filial Campinas", "Ações")
    file = tmp_path / "fields.json"
    file.write_text('{"limit_day": 7}')
    updated = rows(run("apportionments", "update", created["id"], "--mixed-consumption", "--json", file))
    assert (updated["limit_day"], updated["mixed_consumption"]) == (7, True)
    assert rows(run("apportionments", "update", created["id"], "--no-mixed-consumption"))["mixed_consumption"] is False
    assert rows(run("apportionments", "get", created["id"]))["id"] == created["id"]
    result = run("apportionments", "delete", created["id"], "--yes")
    gone = f"id {created['id']} is gone: The apportionment was deleted (204), or it was not there before.\n"
    assert (result.stdout, result.stderr) == ("", gone)
    # Nobody can tell, so nothing else is said.
    assert run("apportionments", "delete", created["id"], "--yes").stderr == gone
    assert "There is no such record" in run("apportionments", "get", created["id"], exit_code=3).stderr
    assert "204" in run("apportionments", "update", created["id"], "--name", "x", exit_code=3).stderr


def test_deleting_asks(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = rows(run("apportionments", "list"))[0]["id"]
    assert "--yes" in run("apportionments", "delete", kept, exit_code=2).stderr
    # CliRunner puts its own standard input in the place of ours.
    monkeypatch.setattr("contrato.cli.calls._is_interactive", lambda: True)
    declined = CliRunner().invoke(main, ["apportionments", "delete", str(kept)], input="n\n")
    assert declined.exit_code == 2
    assert f"Delete an apportionment: id {kept}? [y/N]" in declined.stderr
    assert "nothing was deleted" in declined.stderr
    assert run("apportionments", "get", kept)
    run("apportionments", "delete", kept, input="y\n")
    run("apportionments", "get", kept, exit_code=3)


def test_required_fields_may_come_from_json_or_options_but_must_come(run: Run) -> None:
    assert "Missing option '--company'" in run("apportionments", "create", "--name", "x", exit_code=2).stderr
    for text, problem in [
        ("{", "is no JSON"),
        ("[]", "one JSON object is wanted"),
        ('{"nome": 1}', "nome: no such field, choose from apportionment_tariff_type_id, name,"),
    ]:
        result = run("apportionments", "update", 1, "--json", "-", input=text, exit_code=2)
        assert problem in result.stderr
    result = run("apportionments", "update", 1, "--json", "-", input='{"limit_day": "soon"}', exit_code=2)
    assert "limit-day must be int, not 'soon'" in result.stderr


# Rows


def test_the_example_of_the_issue(run: Run, account: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "april.parquet"
    arguments = ("consumption", "--account", account["id_account"], "--interval", "daily")
    run("neu", *arguments, "--from", "2020-04-01", "--to", "2020-11-01", "-o", file)
    table = pyarrow.parquet.read_table(file)
    assert table.num_rows == 214 * len(account["services"])
    assert table.schema.field("cons").metadata[b"unit"] == b"kWh"
    assert table.schema.field("cons").metadata[b"evidence"].startswith(b"documented")
    assert str(table.schema.field("date").type) == "timestamp[us, tz=America/Bogota]"


@pytest.mark.parametrize(
    "command",
    [("neu", "bills", *YEAR), ("neu", "rule-history", *YEAR), ("apportionments", "list")],
    ids=lambda command: command[1],
)
def test_all_formats_have_the_same_rows(run: Run, tmp_path: Path, command: tuple[str, ...]) -> None:
    files = {ending: tmp_path / f"rows.{ending}" for ending in ("json", "jsonl", "csv", "parquet")}
    for file in files.values():
        assert run(*command, "-o", file).stdout == ""
    expected = json.loads(files["json"].read_text())
    assert len(expected) > 20
    assert [json.loads(line) for line in files["jsonl"].read_text().splitlines()] == expected
    with files["csv"].open(newline="") as stream:
        lines = list(csv.DictReader(stream))
    table = pyarrow.parquet.read_table(files["parquet"])
    assert list(lines[0]) == table.schema.names
    assert len(lines) == table.num_rows == len(expected)
    for line, row, whole in zip(lines, table.to_pylist(), expected, strict=True):
        for name, value in row.items():
            if isinstance(value, datetime):
                assert datetime.fromisoformat(line[name]) == value
            elif isinstance(value, bool):
                assert line[name] == str(value).lower()
            elif isinstance(value, list):
                assert line[name].split() == list(map(str, value))
            else:
                assert line[name] == ("" if value is None else str(value))
            if name in whole and not isinstance(value, datetime):
                assert whole[name] == value
    text = run(*command, "-f", "table").stdout.splitlines()
    assert len(text) == 2 + len(expected)


@EVERY_OPERATION
def test_columns_are_those_of_the_frames(urls: dict[str, str], api: str, name: str) -> None:
    operation = OPERATIONS[api, name]
    columns = operations.columns_of(operation)
    names = [column.name for column in columns]
    assert len(set(names)) == len(names)
    with CLIENTS[api](TOKEN, urls[api]) as client:
        if operation.answer is None:
            assert names == []
        else:
            schema = frames.schema(getattr(client, operation.method_name))
            assert [column.name for column in columns if column.type != "object"] == schema.names


def test_a_long_range_is_read_in_windows_and_ends_before_its_end(
    run: Run, account: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    import httpx

    requests: list[httpx.Request] = []
    send = httpx.Client.send

    def spy(self: httpx.Client, request: httpx.Request, **options: Any) -> httpx.Response:
        requests.append(request)
        return send(self, request, **options)

    monkeypatch.setattr(httpx.Client, "send", spy)
    service = account["services"][0]["id_service"]
    arguments = ("consumption", "--service", service, "--interval", "HOURLY", "--from", "2020-01-31T22:00")
    found = rows(run("neu", *arguments, "--to", "2020-03-01T02:00"))
    assert len(requests) == 3
    assert [row["date"] for row in found] == sorted({row["date"] for row in found})
    assert len(found) == 2 + 29 * 24 + 2
    assert (found[0]["date"], found[-1]["date"]) == ("2020-01-31T22:00:00-05:00", "2020-03-01T01:00:00-05:00")
    # Moments are converted: 03:00 in UTC is 22:00 in Bogotá.
    arguments = (*arguments[:-1], "2020-02-01T03:00Z")
    assert rows(run("neu", *arguments, "--to", "2020-03-01T02:00")) == found


def test_all_pages_or_one(run: Run) -> None:
    everything = rows(run("neu", "bills", *YEAR))
    assert len(everything) > 20
    assert rows(run("neu", "bills", *YEAR, "--page", 2)) == everything[20:40]
    empty = "No rows. There may be none in the range of --from and --to.\n"
    assert run("neu", "bills", *YEAR, "--page", 99).stderr == empty
    everything = rows(run("apportionments", "list", "--limit", 7))
    assert rows(run("apportionments", "list", "--limit", 7, "--page", 3)) == everything[14:21]
    result = run("apportionments", "list", "-q", "Zzz", exit_code=2)
    assert "No such option" in result.stderr
    result = run("apportionments", "list", "--q", "no such name")
    assert (rows(result), result.stderr) == ([], "No rows.\n")


def test_columns_are_chosen_in_any_format(run: Run, account: dict[str, Any], tmp_path: Path) -> None:
    arguments = ("neu", "services", "-c", "name", "-c", "id_service")
    chosen = rows(run(*arguments))
    assert all(list(row) == ["name", "id_service"] for row in chosen)
    assert run(*arguments, "-f", "csv").stdout.splitlines()[0] == "name,id_service"
    run(*arguments, "-o", tmp_path / "a.parquet")
    assert pyarrow.parquet.read_table(tmp_path / "a.parquet").to_pylist() == chosen
    header = run(*arguments, "-f", "table").stdout.splitlines()[0]
    assert header.split() == ["name", "id_service"]
    assert "'nome' is not one of" in run("neu", "services", "-c", "nome", exit_code=2).stderr
    assert "list of objects" in run("neu", "accounts", "-c", "services", exit_code=2).stderr


def test_a_table_has_units_and_aligns_numbers(run: Run) -> None:
    text = run("neu", "bills", *YEAR, "-f", "table", "-c", "payment_value", "-c", "id_bill").stdout
    names, units, *lines = text.splitlines()
    assert names == "payment_value   id_bill"
    assert units == "          COP"
    assert len(lines) > 20
    assert all(re.fullmatch(r" *\d+\.\d{3}  \d+", line) and len(line) == len(names) for line in lines)


def test_one_record_is_an_object_and_a_tall_table(run: Run) -> None:
    service = rows(run("neu", "services"))[0]
    assert rows(run("neu", "service", service["id_service"])) == service
    text = run("neu", "service", service["id_service"], "-f", "table").stdout
    assert re.search(rf"name +{service['name']} *\n", text)


@pytest.mark.parametrize("name", [key for key, op in OPERATIONS.items() if op.answer and tables(op).lists], ids=str)
def test_lists_of_objects_make_the_tables_that_frames_have(urls: dict[str, str], name: tuple[str, str]) -> None:
    operation = OPERATIONS[name]
    with CLIENTS[name[0]](TOKEN, urls[name[0]]) as client:
        method = getattr(client, operation.method_name)
        for table in tables(operation).lists:
            assert [column.name for column in table.columns] == frames.schema(method, table.name).names


def test_a_list_of_objects_is_a_second_file_beside_csv_and_parquet(run: Run, tmp_path: Path) -> None:
    whole = rows(run("neu", "bills", *YEAR))
    concepts = [{"id_bill": bill["id_bill"], **concept} for bill in whole for concept in bill["concepts"]]
    assert len(concepts) > len(whole)
    # (A negative number begins like a formula, and is none.)
    assert min(concept["total"] for concept in concepts) < 0
    for ending in ("csv", "parquet"):
        file, beside = tmp_path / f"bills.{ending}", tmp_path / f"bills.concepts.{ending}"
        result = run("neu", "bills", *YEAR, "-o", file)
        assert result.stderr == f"{len(whole)} rows in {file}.\n{len(concepts)} rows in {beside}.\n"
    with (tmp_path / "bills.concepts.csv").open(newline="") as stream:
        lines = list(csv.DictReader(stream))
    assert lines == [{name: str(value) for name, value in concept.items()} for concept in concepts]
    assert pyarrow.parquet.read_table(tmp_path / "bills.concepts.parquet").to_pylist() == concepts
    assert "FILE.concepts.csv" in " ".join(run("neu", "bills", "--help").stdout.split())


def test_a_list_of_objects_that_has_no_place_is_mentioned(run: Run, tmp_path: Path) -> None:
    said = run("neu", "bills", *YEAR, "-f", "csv").stderr
    assert said.startswith("Left out: concepts, lists of objects; -f json has them")
    assert run("neu", "bills", *YEAR, "-f", "csv", "-o", "/dev/null").stderr.endswith(said)
    # Nothing is left out of what is asked for, nor of JSON.
    assert run("neu", "bills", *YEAR, "-f", "csv", "-c", "id_bill").stderr == ""
    assert run("neu", "bills", *YEAR, "-f", "json").stderr == ""
    run("neu", "bills", *YEAR, "-c", "id_bill", "-o", tmp_path / "ids.csv")
    assert [file.name for file in tmp_path.iterdir()] == ["ids.csv"]


def test_a_file_is_announced_with_its_rows(run: Run, account: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "services.json"
    count = len(rows(run("neu", "services")))
    assert run("neu", "services", "-o", file).stderr == f"{count} rows in {file}.\n"
    service = account["services"][0]["id_service"]
    assert run("neu", "service", service, "-o", file).stderr == f"1 row in {file}.\n"


def test_no_rows_says_where_ids_are(run: Run) -> None:
    days = ("--from", "2020-01-01", "--to", "2020-01-03")
    said = run("neu", "consumption", "--interval", "daily", *days, "--account", 999).stderr
    lists = "`contrato neu accounts` lists what --account can be."
    assert said == f"No rows. There may be none in the range of --from and --to. {lists}\n"
    said = run("neu", "rule-history", "--project", 999).stderr
    assert said == "No rows. `contrato neu services` lists what --project can be.\n"


# What goes wrong


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("neu", "consumption"), "Missing option '--interval'"),
        (("neu", "consumption", "--interval", "weekly"), "'hourly', 'daily', 'monthly'"),
        (("neu", "bills", "--from", "20200101"), "no date like 2021-04-01"),
        (("neu", "bills", "--from", "01/02/2024"), "no date like 2021-04-01"),
        (("neu", "bills", "--from", "2020-02-30"), "'2020-02-30' does not exist: day is out of range for month"),
        (("neu", "bills", "--from", "2020-02-03T25:00"), "does not exist: hour must be in 0..23"),
        (("neu", "bills", "--service", "x"), "'--service': 'x' is not a valid integer"),
        (("neu", "account"), "Missing argument 'ID'"),
        (("neu", "account", "x"), "'x' is not a valid integer"),
        (("neu", "account", "1", "2"), "Got unexpected extra argument (2). See contrato neu account --help."),
        (("consumption",), "Did you mean contrato neu consumption? See contrato --help."),
        (("nue", "accounts"), "Did you mean contrato neu?"),
        (("Neu", "accounts"), "Did you mean contrato neu?"),
        (("rateios", "list"), "Did you mean contrato apportionments?"),
        (("zzz",), "There are neu, apportionments, completion, mock, verify. See contrato --help."),
        (("--zzz",), "No such option '--zzz'. See contrato --help."),
        (("verify", "--zzz"), "No such option '--zzz'. See contrato verify --help."),
        (
            ("neu", "--token", "x", "accounts"),
            "Options come after the command: contrato neu COMMAND --token. See contrato neu --help.",
        ),
        (
            ("neu", "neuget-transactions", "--account", "41"),
            "'--account'. ID is an argument: contrato neu neuget-transactions ID. See contrato neu neuget-t",
        ),
        (
            ("apportionments", "update", "--id", "17"),
            "ID is an argument: contrato apportionments update ID. This command",
        ),
        (
            ("neu", "acounts"),
            "No such command 'acounts'. Did you mean contrato neu accounts or contrato neu account? See contrato neu",
        ),
        (("neu", "claims"), "Did you mean contrato neu pqrs?"),
        (("neu", "listBills"), "Did you mean contrato neu bills?"),
        (("neu", "a\x1b[2J\u202eb"), "No such command 'a[2Jb'."),
        (("neu", "zzz"), "There are accounts, account, services,"),
        (
            ("neu", "bills", "--account", "3"),
            "This command has --service, --from, --to, --page, and options of its own.",
        ),
        (("neu", "bills", "--form", "2020-01-01"), "Did you mean --format or --from?"),
        (("neu", "accounts", "--account", "3"), "The API takes no parameters here. See contrato neu accounts --help."),
        (("neu", "accounts", "-o", "a.xlsx"), "ends in none of .json"),
        (("neu", "accounts", "-f", "csv", "-o", "a.json"), "--format csv does not go with the name of a.json"),
        (("neu", "accounts", "--deadline", "0"), "'--deadline'"),
        (("neu", "accounts", "--timeout", "0"), "'--timeout'"),
        (("neu", "accounts", "--base-url", "ftp://x"), "no usable base URL: pass --base-url"),
        (("neu", "accounts", "--token", "a b"), "no usable token: pass --token"),
        (("neu", "accounts", "--token", "wrong"), "set NEU_TOKEN to a token that the API accepts"),
        (("neu", "accounts", "--base-url", "http://127.0.0.1:1", "--retries", "0"), "check --base-url"),
        (("neu", "accounts", "-o", "/no/such/folder/a.json"), "cannot write /no/such/folder/a.json: No such file"),
        (
            ("neu", "consumption", "--interval", "daily", "--from", "2020-02-01", "--to", "2020-01-01"),
            "--to (2020-01-01T00:00:00) is before --from (2020-02-01T00:00:00)",
        ),
        (
            ("neu", "bills", "--from", "2020-02-01T00:00Z", "--to", "2020-01-31T18:00"),
            "--to (2020-01-31T18:00:00) is before --from (2020-01-31T19:00:00)",
        ),
        (("apportionments", "update", "17"), "nothing to update: pass --json or any of --"),
        (("apportionments", "update", "17", "--json", "/dev/null"), "is no JSON"),
    ],
)
def test_wrong_usage_is_refused_in_one_line(run: Run, arguments: tuple[str, ...], problem: str) -> None:
    assert problem in run(*arguments, exit_code=2).stderr


def test_a_missing_token_says_where_to_put_it() -> None:
    result = CliRunner().invoke(main, ["neu", "accounts"], env={"NEU_TOKEN": None}, prog_name="contrato")
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: no usable token: pass --token or set NEU_TOKEN")


def test_what_does_not_exist_has_an_exit_status_of_its_own(run: Run) -> None:
    missing = run("neu", "service", 1, exit_code=3).stderr
    assert "answered 404" in missing
    assert "look the id up with `contrato neu services`; if every command fails this way, check --base-url" in missing
    assert "204" in run("apportionments", "get", 1, exit_code=3).stderr


def test_refused_input_names_the_option(run: Run) -> None:
    some = ("--apportionment-type", 0, "--apportionment-tariff-type", 0, "--apportionment-measure-unit", 0)
    arguments = ("apportionments", "create", "--company", 0, *some, "--name", "x", "--description", "y")
    result = run(*arguments, exit_code=1)
    assert re.match("Error: the API refuses the input: company: ", result.stderr)


class Canned(ThreadingHTTPServer):
    """Answers every request with what it is told, one after the other, the last one ever after."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Canned)
        self.answers: list[tuple[int, str]] = []
        self.headers: dict[str, str] = {}
        # Answers to requests of NEU in which an argument with this name has this value.
        self.when: dict[tuple[str, str], tuple[int, str]] = {}
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.asked = threading.Event()
        # From this request on, an answer waits for `go_on`.
        self.count, self.hold_at, self.answered = 0, 1, 0
        self.go_on = threading.Event()
        self.go_on.set()


class _Canned(BaseHTTPRequestHandler):
    server: Canned

    def given(self, body: bytes) -> set[tuple[str, str]]:
        """Names and values of the arguments of a request of NEU."""
        url = urlsplit(self.path)
        operation = spec.api("neu").match(self.command, url.path)
        assert operation is not None
        headers = {name.lower(): value for name, value in self.headers.items()}
        found = places.arguments(operation, url.path, parse_qsl(url.query), headers, json.loads(body or b"null"))
        return {(name, str(value)) for (_, name), value in found.items()}

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        answers, when = self.server.answers, self.server.when
        found = [answer for argument, answer in when.items() if argument in self.given(body)]
        status, text = found[0] if found else answers.pop(0) if len(answers) > 1 else answers[0]
        self.server.asked.set()
        self.server.count += 1
        if self.server.count >= self.server.hold_at:
            self.server.go_on.wait(20)
        self.server.answered += 1
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        for header in self.server.headers.items():
            self.send_header(*header)
        self.end_headers()
        # (Who asked may be gone.)
        with contextlib.suppress(BrokenPipeError):
            self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None: ...


@pytest.fixture
def canned() -> Iterator[Canned]:
    with Canned() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.go_on.set()
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("status", "body", "problem", "exit_code"),
    [
        (200, '[{"id_service": "x"}]', "breaks the contract: expected", 1),
        (200, "<html>Bad gateway</html>", "contrato verify neu", 1),
        (200, f'[{{"token": "{TOKEN}"}}]', "breaks the contract", 1),
        (500, f"<html>\x1b[2J\n{TOKEN}</html>", "try again later", 1),
        (429, "", "higher --retries", 1),
        (418, "{}", "answered 418", 1),
        (302, "", "a status that the spec does not document", 1),
        (403, f'{{"refused": "{TOKEN}"}}', "pass --token", 2),
        (404, "{}", "check the path of --base-url, by default NEU_BASE_URL", 2),
    ],
)
def test_a_failing_server(run: Run, canned: Canned, status: int, body: str, problem: str, exit_code: int) -> None:
    canned.answers = [(status, body)]
    arguments = ("neu", "services", "--base-url", canned.url, "--retries", 0)
    result = run(*arguments, exit_code=exit_code)
    assert problem in result.stderr
    assert "\x1b" not in result.stderr


def test_a_deadline_ends_a_call(run: Run, canned: Canned) -> None:
    canned.answers = [(200, "[]")]
    canned.go_on.clear()
    said = run("neu", "services", "--base-url", canned.url, "--deadline", 0.2, exit_code=1).stderr
    assert "ask for less at a time, or pass a higher --timeout or --deadline" in said


@pytest.mark.parametrize(
    ("seconds", "todo"), [(30, "wait 30 seconds, or pass a higher --retries\n"), (3600, "wait 3600 seconds\n")]
)
def test_a_wait_that_retries_cannot_bridge_is_not_said_to_be_one(
    run: Run, canned: Canned, seconds: int, todo: str
) -> None:
    canned.answers, canned.headers = [(429, "")], {"Retry-After": str(seconds)}
    retries = () if seconds > 60 else ("--retries", 0)
    assert run("neu", "services", "--base-url", canned.url, *retries, exit_code=1).stderr.endswith(todo)
    assert canned.count == 1


def test_a_number_that_parquet_cannot_hold_says_what_can(run: Run, canned: Canned, tmp_path: Path) -> None:
    service = spec.api("neu").example("Service")
    canned.answers = [(200, json.dumps([{**service, "id_service": 2**64}]))]
    arguments = ("neu", "services", "--base-url", canned.url)
    said = run(*arguments, "-o", tmp_path / "a.parquet", exit_code=1).stderr
    assert "id_service" in said
    assert "Parquet cannot hold it, -f json can" in said
    assert rows(run(*arguments, "-f", "json"))[0]["id_service"] == 2**64


STEERING = "a\x1b[2J\x07b\x9b\u202ec\u2066\u200f\nd"
HARMLESS = "a[2Jbc d"


def services(canned: Canned, *names: str) -> tuple[str, ...]:
    """Have the server answer with services of these names. Returns the command that lists them."""
    service = spec.api("neu").example("Service")
    canned.answers = [(200, json.dumps([{**service, "name": name} for name in names]))]
    return ("neu", "services", "--base-url", canned.url)


def test_words_of_the_server_do_not_steer_the_terminal(run: Run, canned: Canned, urls: dict[str, str]) -> None:
    arguments = services(canned, STEERING)
    text = run(*arguments, "-f", "table").stdout
    assert HARMLESS in text
    for kind in ("table", "json", "jsonl", "csv"):
        shown, _ = on_terminal([CONTRATO, *arguments, "-f", kind, "-c", "name"], urls)
        plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
        assert not set(plain) & set(STEERING) - set(HARMLESS) - {"\n"}, kind
        assert ("a\\u001b[2J" if kind.startswith("json") else HARMLESS) in plain
        if kind == "jsonl":
            assert json.loads(plain) == {"name": STEERING}
    # A pipe and a file have the data as it is.
    assert rows(run(*arguments))[0]["name"] == STEERING


def test_what_a_server_says_in_an_error_does_not_steer_the_terminal(run: Run, canned: Canned) -> None:
    canned.answers = [(500, f"text {STEERING}")]
    said = run("neu", "services", "--base-url", canned.url, "--retries", 0, exit_code=1).stderr
    assert not set(said) & set("\x1b\x07\x9b\u202e\u2066\u200f")


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\t=1", "\r=1", "\n=1", "\uff1d1+1"])
def test_csv_runs_no_formula(run: Run, canned: Canned, text: str) -> None:
    (found,) = csv.DictReader(io.StringIO(run(*services(canned, text), "-f", "csv").stdout, newline=""))
    assert found["name"].replace("\r\n", "\n") == f"'{text}".replace("\r\n", "\n")
    assert int(found["id_service"]) > 0


@pytest.mark.parametrize("text", ["-5", "-5.25", "+57300", "-", "a=1", ""])
def test_csv_leaves_what_is_no_formula(run: Run, canned: Canned, text: str) -> None:
    (found,) = csv.DictReader(io.StringIO(run(*services(canned, text), "-f", "csv").stdout))
    assert found["name"] == text


def test_a_failure_half_way_leaves_the_old_file_and_no_other(run: Run, canned: Canned, tmp_path: Path) -> None:
    bill = spec.api("neu").example("PaidAndPendingBill")
    for ending in ("json", "jsonl", "csv", "parquet"):
        file = tmp_path / f"bills.{ending}"
        file.write_text("of yesterday")
        file.chmod(0o640)
        canned.answers = [(200, json.dumps(bill)), (500, "")]
        arguments = ("neu", "bills", "--base-url", canned.url, "--retries", 0, "-o", file)
        assert f"; nothing was written to {file}; try again later" in run(*arguments, exit_code=1).stderr
        assert file.read_text() == "of yesterday"
        canned.answers = [(200, json.dumps(bill)), (200, "[]")]
        run(*arguments)
        assert file.read_bytes() != b"of yesterday"
        assert file.stat().st_mode & 0o777 == 0o640
        others = [tmp_path / f"bills.concepts.{ending}"] if ending in ("csv", "parquet") else []
        assert set(tmp_path.iterdir()) == {file, *others}
        for written in (file, *others):
            written.unlink()


def test_a_failure_in_a_long_range_says_what_was_read(run: Run, canned: Canned, tmp_path: Path) -> None:
    failed, months = (500, ""), ("--from", "2021-01-01", "--to", "2021-04-01")
    arguments = ("neu", "consumption", "--interval", "daily", *months, "--base-url", canned.url, "--retries", 0)
    canned.answers = [failed]
    said = run(*arguments, exit_code=1).stderr
    assert "was read" not in said
    file = tmp_path / "a.csv"
    assert f"; nothing was written to {file}; " in run(*arguments, "-o", file, exit_code=1).stderr
    # Windows are requested together, so the server tells them apart.
    canned.answers, canned.when = [(200, "[]")], {("From", "2021-01-31T00:00:00"): failed}
    said = run(*arguments, exit_code=1).stderr
    assert "; what comes before 2021-02-01T00:00:00 was read; " in said
    said = run(*arguments, "-o", file, exit_code=1).stderr
    assert f"; nothing was written to {file}; " in said
    assert "was read" not in said
    assert "nothing was written" not in run(*arguments, "-f", "csv", "-o", "/dev/null", exit_code=1).stderr
    assert list(tmp_path.iterdir()) == []


def test_rows_are_written_while_they_come(urls: dict[str, str], canned: Canned) -> None:
    bill = spec.api("neu").example("PaidAndPendingBill")
    canned.answers = [(200, json.dumps(bill)), (200, "[]")]
    canned.hold_at = len(canned.answers)
    canned.go_on.clear()
    command = [CONTRATO, "neu", "bills", "-f", "jsonl", "--base-url", canned.url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=buffered(urls)) as process:
        assert process.stdout is not None
        # The second page is awaited, and the first one is here.
        assert json.loads(process.stdout.readline())["id_bill"] == bill[0]["id_bill"]
        assert canned.answered == 1
        canned.go_on.set()
        process.stdout.read()
    assert process.returncode == 0


def test_ctrl_c_ends_it_with_a_word_and_no_file(urls: dict[str, str], canned: Canned, tmp_path: Path) -> None:
    canned.answers = [(200, "[]")]
    canned.go_on.clear()
    command = [CONTRATO, "neu", "services", "--base-url", canned.url, "-o", str(tmp_path / "a.json")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=buffered(urls)) as process:
        assert process.stderr is not None
        assert canned.asked.wait(20)
        process.send_signal(signal.SIGINT)
        assert process.stderr.read() == "Interrupted.\n"
    assert process.returncode == 130
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_during_start_up_ends_it_with_a_word(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("contrato.cli.commands.operations", interrupted)
    for arguments in (["neu", "accounts"], ["neu", "--help"]):
        result = CliRunner().invoke(main, arguments, prog_name="contrato")
        assert (result.exit_code, result.output) == (130, "Interrupted.\n")


@pytest.mark.parametrize(
    ("key", "status", "said"),
    [("C", 130, "Interrupted.\n"), ("D", 2, "\nError: nothing was deleted\n")],
    ids=["Ctrl-C", "Ctrl-D"],
)
def test_a_question_can_be_left(urls: dict[str, str], canned: Canned, key: str, status: int, said: str) -> None:
    canned.answers = [(204, "")]
    controller, terminal = pty.openpty()
    command = [CONTRATO, "apportionments", "delete", "17", "--base-url", canned.url]
    pipes: dict[str, Any] = {"stdin": terminal, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **pipes, env=buffered(urls)) as process:
        assert process.stderr is not None
        asked = b""
        while not asked.endswith(b"[y/N]: "):
            asked += (character := process.stderr.read(1))
            assert character, asked
        while process.poll() is None:
            if key == "C":
                process.send_signal(signal.SIGINT)
            else:
                os.write(controller, b"\x04")
            # Once more if it was about to read, and is now waiting.
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(3)
        assert process.stderr.read().decode() == said
    os.close(terminal)
    os.close(controller)
    assert process.returncode == status
    assert canned.count == 0


FULL, CLOSED = "> /dev/full", ">&-"
REASONS = {FULL: "No space left on device", CLOSED: "Bad file descriptor"}


@pytest.mark.parametrize("where", REASONS)
@pytest.mark.parametrize(
    "arguments",
    [
        *(("neu", "services", "-f", name) for name in output.FORMATS),
        ("neu", "services", "--help"),
        ("--help",),
    ],
    ids=" ".join,
)
def test_output_that_cannot_be_written_is_an_error(
    urls: dict[str, str], arguments: tuple[str, ...], where: str
) -> None:
    command = ["sh", "-c", f'exec "$@" {where}', "sh", CONTRATO, *arguments]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, env=buffered(urls))
    assert done.stderr.splitlines()[-1] == f"Error: cannot write standard output: {REASONS[where]}"
    assert "Traceback" not in done.stderr
    assert done.returncode == 2


def test_a_closed_output_that_nothing_is_written_to_is_no_error(urls: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    command = ["sh", "-c", 'exec "$@" >&- 2>&-', "sh", CONTRATO, "neu", "services", "-o", str(file)]
    assert subprocess.run(command, env=buffered(urls)).returncode == 0
    assert json.loads(file.read_text())


def test_a_reader_that_goes_away_is_no_error(urls: dict[str, str], account: dict[str, Any]) -> None:
    command = [CONTRATO, "neu", "consumption", "--account", str(account["id_account"]), "--interval", "hourly"]
    # More than a pipe holds.
    command += ["--from", "2020-02-01", "--to", "2020-04-01"]
    for name in ("json", "jsonl", "csv", "table"):
        with subprocess.Popen(
            [*command, "-f", name], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=buffered(urls)
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            assert process.stdout.readline()
            process.stdout.close()
            assert process.stderr.read() == b""
        assert process.returncode == 141


# On a terminal


def on_terminal(command: list[str], urls: dict[str, str]) -> tuple[str, str]:
    """Run a command with stdout and stderr on terminals of their own; return what each shows."""
    pairs = [pty.openpty(), pty.openpty()]
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=pairs[0][1],
        stderr=pairs[1][1],
        env=buffered(urls) | {"TERM": "xterm", "COLUMNS": "80"},
    )
    texts = {controller: b"" for controller, _ in pairs}
    for _, terminal in pairs:
        os.close(terminal)
    unread = set(texts)
    deadline = time.monotonic() + 30
    while unread and time.monotonic() < deadline:
        for controller in select.select(unread, [], [], 1)[0]:
            try:
                texts[controller] += os.read(controller, 65536)
            except OSError:  # (Linux says so at the end of a terminal.)
                unread.discard(controller)
    for controller in texts:
        os.close(controller)
    assert process.wait(10) == 0
    shown, told = (text.decode() for text in texts.values())
    return shown, told


def test_a_terminal_gets_a_table_that_fits_and_a_progress_bar(urls: dict[str, str], account: dict[str, Any]) -> None:
    shown, told = on_terminal(
        [CONTRATO, "neu", "consumption", "--account", str(account["id_account"]), "--interval", "daily", *YEAR], urls
    )
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown)
    assert max(map(len, plain.splitlines())) <= 80
    assert "id_service" in plain
    assert "kWh" in plain
    assert "account_name" not in plain
    # It is the same in all rows.
    assert "is_backup" not in plain
    assert "Query energy consumption" not in plain
    assert "Query energy consumption" in told
    assert "100%" in told
    assert f"40 of {365 * len(account['services'])} rows" in told
    assert "Not shown: id_account, account_name" in told
    assert "vc" in told
    assert len(plain.splitlines()) < 50


@pytest.mark.parametrize(
    ("command", "shown", "hidden"),
    [
        # Ids, dates and amounts rather than what repeats, is long or mostly empty.
        (
            ("neu", "bills", *YEAR),
            {"id_service", "date", "consumption", "payment_value", "id_bill"},
            {"account", "id_account", "platform_payments_payment_Value", "description"},
        ),
        (("apportionments", "list"), {"id", "name"}, {"company_name", "apportionment_type_name"}),
        (("neu", "services"), {"id_service", "id_account", "name"}, {"account_name"}),
    ],
    ids=lambda value: value[1] if isinstance(value, tuple) else "",
)
def test_a_narrow_terminal_shows_what_tells_most(
    urls: dict[str, str], command: tuple[str, ...], shown: set[str], hidden: set[str]
) -> None:
    text, told = on_terminal([CONTRATO, *command], urls)
    header = set(re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text).partition("──")[0].split())
    assert shown <= header
    assert not header & hidden
    assert hidden <= set(re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|[,;]", "", told).split())


def test_long_text_gives_way_on_a_narrow_terminal(urls: dict[str, str], canned: Canned) -> None:
    claims = [
        {
            "message": f"{word} " * 20,
            "category": f"{word} of them",
            "type": f"{word} of all",
            "date": f"2020-01-0{day}T06:00:00",
        }
        for day, word in enumerate(("One", "Two", "Three"), 1)
    ]
    canned.answers = [(200, json.dumps(claims))]
    text, told = on_terminal([CONTRATO, "neu", "pqrs", "--base-url", canned.url], urls)
    for column in ("category", "type", "date"):
        assert column in text
    assert "Not shown: message;" in told


def test_a_pipe_gets_no_progress_bar(run: Run) -> None:
    assert run("neu", "bills", *YEAR).stderr == ""
