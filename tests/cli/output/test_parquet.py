"""Rows as Parquet."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from command import Canned, Run, rows
from contrato.core import spec

pytestmark = pytest.mark.slow


def test_the_example_of_the_issue(run: Run, account: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "april.parquet"
    arguments = ("consumption", "--account", account["id_account"], "--interval", "daily")
    run("neu", *arguments, "--from", "2020-04-01", "--to", "2020-11-01", "-o", file)
    table = pyarrow.parquet.read_table(file)
    assert table.num_rows == 214 * len(account["services"])
    assert table.schema.field("cons").metadata[b"unit"] == b"kWh"
    assert table.schema.field("cons").metadata[b"evidence"].startswith(b"documented")
    assert str(table.schema.field("date").type) == "timestamp[us, tz=America/Bogota]"


def test_a_number_that_parquet_cannot_hold_says_what_can(run: Run, canned: Canned, tmp_path: Path) -> None:
    service = spec.api("neu").example("Service")
    canned.answers = [(200, json.dumps([{**service, "id_service": 2**64}]))]
    arguments = ("neu", "services", "--base-url", canned.url)
    said = run(*arguments, "-o", tmp_path / "a.parquet", exit_code=1).stderr
    assert "id_service" in said
    assert "Parquet cannot hold it, -f json can" in said
    assert rows(run(*arguments, "-f", "json"))[0]["id_service"] == 2**64
