"""Reports tell differences of rows, and cite values."""

from citing import plain
from contrato.verify.documents import short
from contrato.verify.rows import Row, difference, told


def rows(*names: str) -> list[Row]:
    return [Row({"/*/name": name}) for name in names]


def test_a_row_that_is_there_again_is_not_taken_for_a_strange_one() -> None:
    wanted, found = rows("Ana", "Bea", "Carla"), rows("Ana", "Ana", "Bea", "Dora", "Ana")
    missing, more = difference(wanted, found)
    assert [dict(row)["/*/name"] for row in missing] == ["Carla"]
    assert [dict(row)["/*/name"] for row in more] == ["Ana", "Dora", "Ana"]
    assert plain(told(missing, more, wanted)) == (
        '1 missing, such as {"name": "Carla"}; 1 that do not belong there, such as {"name": "Dora"}; '
        '2 more than once, such as {"name": "Ana"}'
    )


def test_a_long_value_is_cut_between_its_texts() -> None:
    """The head of a name is not known for what it is, and would not be hidden."""
    for length in range(100, 160):
        shown = plain(short({"pad": "x" * length, "name": 'Límite "de" consumo', "more": "y" * 100}))
        assert shown.endswith("...")
        assert '"L' not in shown or '"Límite \\"de\\" consumo"' in shown
    assert plain(short("z" * 300)) == f'"{"z" * 156}...'
