"""Texts of servers, on their way to a terminal or a log."""

import pytest

from contrato.core.texts import line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("denied ##[set-output name=verdict]passed", r"denied ##\[set-output name=verdict]passed"),
        ("denied ##vso[task.setvariable variable=PATH]x", r"denied ##\vso[task.setvariable variable=PATH]x"),
        ("##teamcity[buildStatus status='SUCCESS']", r"##\teamcity[buildStatus status='SUCCESS']"),
        ("::error::no", r"\::error::no"),
        ("two\nlines, \x1b[31mred\u202e", "two lines, [31mred"),
    ],
)
def test_a_line_controls_neither_a_terminal_nor_a_runner(text: str, shown: str) -> None:
    assert line(text) == shown
