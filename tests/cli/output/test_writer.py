"""Output in any format: the same rows, second files, and what is said about them."""

import csv
import json
import re
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from command import (
    CLIENTS,
    CONTRATO,
    HARMLESS,
    OPERATIONS,
    STEERING,
    TOKEN,
    YEAR,
    Canned,
    Run,
    buffered,
    on_terminal,
    rows,
    services,
)
from contrato import frames
from contrato.core import spec
from contrato.core.tables import tables

pytestmark = pytest.mark.slow


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


def test_words_of_the_server_do_not_steer_the_terminal(run: Run, canned: Canned, urls: dict[str, str]) -> None:
    arguments = services(canned, STEERING)
    text = run(*arguments, "-f", "table").stdout
    assert HARMLESS in text
    for kind in ("table", "json", "jsonl", "csv"):
        shown, _ = on_terminal([*arguments, "-f", kind, "-c", "name"], urls)
        plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
        assert not set(plain) & set(STEERING) - set(HARMLESS) - {"\n"}, kind
        assert ("a\\u001b[2J" if kind.startswith("json") else HARMLESS) in plain
        if kind == "jsonl":
            assert json.loads(plain) == {"name": STEERING}
    # A pipe and a file have the data as it is.
    assert rows(run(*arguments))[0]["name"] == STEERING


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
