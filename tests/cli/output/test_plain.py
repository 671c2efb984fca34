"""Answers that are no tables."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from contrato.cli import output


@pytest.mark.parametrize(
    ("answers", "count", "content"),
    [
        (["a,b\n1,2\n"], 1, b"a,b\n1,2\n"),
        ([b"\xff\x00"], 1, b"\xff\x00"),
        ([1.5], 1, b"1.5\n"),
        ([{"a": date(2021, 4, 1)}], 1, b'{\n  "a": "2021-04-01"\n}\n'),
        ([None], 0, None),
    ],
)
def test_an_answer_is_written_as_it_is(answers: list[Any], count: int, content: bytes | None, tmp_path: Path) -> None:
    file = tmp_path / "answer"
    assert output.write_plain(iter(answers), str(file)) == count
    assert (file.read_bytes() if file.exists() else None) == content
