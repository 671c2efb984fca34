"""The benchmark fails unless every contender did the work."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bench"))
import compare
import measure

SERVED = {"rows": 87_600, "energy": 2709910.456, "name": "Casa"}


@pytest.mark.parametrize(
    ("what", "digest"),
    [
        ("year", [87_600, 2709910.456]),
        # In another order of adding.
        ("frame", [87_600, 2709910.4560000007]),
        ("windows-2", [175_200, 5419820.912]),
        ("calls", [measure.CALLS, "Casa"]),
    ],
)
def test_a_contender_that_did_the_work_is_measured(what: str, digest: list[Any]) -> None:
    compare.check(what, "stock", digest, SERVED)


@pytest.mark.parametrize(
    ("what", "digest"),
    [
        ("year", [0, 0]),
        ("year", [87_599, 2709910.456]),
        ("tls", [87_600, 2709910.457]),
        ("frame", [87_600, 0]),
        ("windows-2", [87_600, 2709910.456]),
        ("calls", [measure.CALLS - 1, "Casa"]),
        ("calls", [measure.CALLS, "Oficina"]),
    ],
)
def test_a_contender_that_did_less_ends_the_run(what: str, digest: list[Any]) -> None:
    with pytest.raises(SystemExit, match=f"{what}: httpx read "):
        compare.check(what, "httpx", digest, SERVED)


@pytest.mark.parametrize("served", [{"rows": 0, "energy": 0}, {"rows": 87_599}, {"energy": 0}])
def test_a_server_without_a_whole_year_ends_the_run(served: dict[str, Any]) -> None:
    served = SERVED | served
    with pytest.raises(SystemExit, match=f"the server has {served['rows']} rows"):
        compare.check("year", "contrato", [served["rows"], served["energy"]], served)


def test_an_import_is_measured_alone() -> None:
    code = compare.IMPORT.format(module="httpx")
    code += "import sys; sys.exit(any(name.startswith('contrato') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_the_stock_client_is_made_and_does_the_work(tmp_path: Path) -> None:
    compare.make_stock(tmp_path)
    with compare.serving(tmp_path) as served:
        measured = compare.measure("calls", "stock", served, tmp_path)
    compare.check("calls", "stock", measured["digest"], served)
