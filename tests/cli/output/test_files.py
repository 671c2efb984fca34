"""Files that are replaced only when everything succeeded."""

import json
from pathlib import Path

import pytest

from command import Canned, Run
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
