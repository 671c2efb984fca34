"""Files that are replaced only when everything succeeded."""

import json
import signal
import subprocess
from pathlib import Path
from unittest.mock import patch

import pytest

from command import CONTRATO, Canned, Run, buffered
from contrato.core import spec

pytestmark = pytest.mark.slow


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


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_command_that_is_told_to_end_leaves_no_file(
    urls: dict[str, str], canned: Canned, tmp_path: Path, number: signal.Signals
) -> None:
    bill = spec.api("neu").example("PaidAndPendingBill")
    canned.answers = [(200, json.dumps(bill)), (200, "[]")]
    canned.hold_at = 2
    canned.go_on.clear()
    command = [CONTRATO, "neu", "bills", "--base-url", canned.url, "-o", str(tmp_path / "bills.csv")]
    with subprocess.Popen(command, env=buffered(urls), stderr=subprocess.PIPE) as process:
        while canned.answered < 1:
            canned.asked.wait(0.01)
        process.send_signal(number)
    canned.go_on.set()
    assert process.returncode == 128 + number
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_command_left_is_in_nobodys_way(run: Run, canned: Canned, tmp_path: Path) -> None:
    canned.answers = [(200, "[]")]
    with patch("os.getpid", return_value=7):
        for name in ("bills", "bills.concepts"):
            (tmp_path / f".{name}.csv.7.part").touch()
        run("neu", "bills", "--base-url", canned.url, "-o", tmp_path / "bills.csv")
    assert (tmp_path / "bills.csv").exists()
