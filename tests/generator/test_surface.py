"""The types of a generated client."""

import pytest

from generator.surface import covers


@pytest.mark.parametrize(
    ("wide", "narrow", "is_so"),
    [
        ("int | str", "str", True),
        ("str", "str | None", False),
        ("float", "int", True),
        ("int", "float", False),
        ("str", "Literal['a', 'b']", True),
        ("Literal['a', 'b'] | None", "Literal['a']", True),
        ("Literal['a']", "Literal['a', 'b']", False),
        ("Pager[Bill, list[Bill]]", "list[Bill]", False),
    ],
)
def test_whether_one_type_covers_another(wide: str, narrow: str, is_so: bool) -> None:
    assert covers(wide, narrow) is is_so
