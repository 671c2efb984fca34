"""Rows as CSV."""

import csv
import io

import pytest

from command import Canned, Run, services

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\t=1", "\r=1", "\n=1", "\uff1d1+1"])
def test_csv_runs_no_formula(run: Run, canned: Canned, text: str) -> None:
    (found,) = csv.DictReader(io.StringIO(run(*services(canned, text), "-f", "csv").stdout, newline=""))
    assert found["name"].replace("\r\n", "\n") == f"'{text}".replace("\r\n", "\n")
    assert int(found["id_service"]) > 0


@pytest.mark.parametrize("text", ["-5", "-5.25", "+57300", "-", "a=1", ""])
def test_csv_leaves_what_is_no_formula(run: Run, canned: Canned, text: str) -> None:
    (found,) = csv.DictReader(io.StringIO(run(*services(canned, text), "-f", "csv").stdout))
    assert found["name"] == text


@pytest.mark.parametrize(
    ("text", "written"),
    [
        (" =1+1", "' =1+1"),
        ("a;=1+1", "a;'=1+1"),
        ("a; @SUM(1);-2+3", "a;' @SUM(1);'-2+3"),
        ("a;-5;+1.5", "a;-5;+1.5"),
        (" -5", " -5"),
        ("a; b", "a; b"),
    ],
)
def test_csv_runs_no_formula_after_a_semicolon_or_a_space(run: Run, canned: Canned, text: str, written: str) -> None:
    # In many countries spreadsheets begin a cell at a semicolon.
    (found,) = csv.DictReader(io.StringIO(run(*services(canned, text), "-f", "csv").stdout))
    assert found["name"] == written
