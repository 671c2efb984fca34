"""Rows as a table."""

import json
import re
from typing import Any

import pytest

from command import YEAR, Canned, Run, on_terminal, rows, run_main, services, terminal

pytestmark = pytest.mark.slow


def test_a_table_has_units_and_aligns_numbers(run: Run) -> None:
    text = run("neu", "bills", *YEAR, "-f", "table", "-c", "payment_value", "-c", "id_bill").stdout
    names, units, *lines = text.splitlines()
    assert names == "payment_value   id_bill"
    assert units == "          COP"
    assert len(lines) > 20
    assert all(re.fullmatch(r" *\d+\.\d{3}  \d+", line) and len(line) == len(names) for line in lines)


def test_one_record_is_an_object_and_a_tall_table(run: Run) -> None:
    service = rows(run("neu", "services"))[0]
    assert rows(run("neu", "service", service["id_service"])) == service
    text = run("neu", "service", service["id_service"], "-f", "table").stdout
    assert re.search(rf"name +{service['name']} *\n", text)


def test_a_terminal_gets_a_table_that_fits_and_a_progress_bar(urls: dict[str, str], account: dict[str, Any]) -> None:
    shown, told = on_terminal(
        ["neu", "consumption", "--account", str(account["id_account"]), "--interval", "daily", *YEAR], urls
    )
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown)
    assert max(map(len, plain.splitlines())) <= 80
    assert "id_service" in plain
    assert "kWh" in plain
    assert "account_name" not in plain
    # It is the same in all rows.
    assert "is_backup" not in plain
    assert "Query energy consumption" not in plain
    assert "Query energy consumption" in told
    assert "100%" in told
    assert f"40 of {365 * len(account['services'])} rows" in told
    assert "Not shown: id_account, account_name" in told
    assert "vc" in told
    assert len(plain.splitlines()) < 50


@pytest.mark.parametrize(
    ("command", "shown", "hidden"),
    [
        # Ids, dates and amounts rather than what repeats, is long or mostly empty.
        (
            ("neu", "bills", *YEAR),
            {"id_service", "date", "consumption", "payment_value", "id_bill"},
            {"account", "id_account", "platform_payments_payment_Value", "description"},
        ),
        (("apportionments", "list"), {"id", "name"}, {"company_name", "apportionment_type_name"}),
        (("neu", "services"), {"id_service", "id_account", "name"}, {"account_name"}),
    ],
    ids=lambda value: value[1] if isinstance(value, tuple) else "",
)
def test_a_narrow_terminal_shows_what_tells_most(
    urls: dict[str, str], command: tuple[str, ...], shown: set[str], hidden: set[str]
) -> None:
    text, told = on_terminal(command, urls)
    header = set(re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text).partition("──")[0].split())
    assert shown <= header
    assert not header & hidden
    assert hidden <= set(re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|[,;]", "", told).split())


def test_long_text_gives_way_on_a_narrow_terminal(urls: dict[str, str], canned: Canned) -> None:
    claims = [
        {
            "message": f"{word} " * 20,
            "category": f"{word} of them",
            "type": f"{word} of all",
            "date": f"2020-01-0{day}T06:00:00",
        }
        for day, word in enumerate(("One", "Two", "Three"), 1)
    ]
    canned.answers = [(200, json.dumps(claims))]
    text, told = on_terminal(["neu", "pqrs", "--base-url", canned.url], urls)
    for column in ("category", "type", "date"):
        assert column in text
    assert "Not shown: message;" in told


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_a_table_survives_the_encoding_of_the_terminal(urls: dict[str, str], canned: Canned, encoding: str) -> None:
    arguments = services(canned, "Panadería ☕ №1")
    with terminal(encoding) as (out, shown), terminal() as (err, _):
        assert run_main([*arguments, "-c", "name"], urls, out, err) == 0
    expected = "Panadería ☕ №1".encode(encoding, "replace").decode(encoding)
    assert expected in b"".join(shown).decode(encoding)


def test_columns_that_are_too_wide_for_the_terminal_are_cut_between_words(urls: dict[str, str], canned: Canned) -> None:
    names = ["Sede principal del Colegio Nuevo Horizonte", "Bodega Frigorífico del Norte"]
    arguments = services(canned, *names)
    columns = ("name", "address", "account_name", "id_service")
    shown, _ = on_terminal([*arguments, *(word for name in columns for word in ("-c", name))], urls)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    assert max(map(len, plain.splitlines())) <= 80
    assert {word for name in names for word in name.split()} | set(columns) <= set(plain.split())
