"""Nothing that is written has anything secret or personal."""

from __future__ import annotations

import json
import re
import shlex
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from html import escape as html_escape
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from contrato.core import spec
from contrato.core.spec import Api
from contrato.verify.hiding import TOKEN as HIDDEN
from contrato.verify.hiding import Scrubber
from contrato.verify.reports.har import Recorder
from reporting import NAMES, NEU, SECRET, accounts, exchange

pytestmark = pytest.mark.slow


WRITTEN: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "JSON": json.dumps,
    "JSON with letters": lambda name: json.dumps(name, ensure_ascii=False),
    "JSON of PHP": lambda name: json.dumps(name).replace("/", "\\/").replace("\\u00f1", "\\u00F1"),
    "HTML": html_escape,
    "HTML with numbers": lambda name: "".join(f"&#{ord(c)};" if ord(c) > 127 or c in "&'\"<" else c for c in name),
    "a shell": shlex.quote,
    "without accents": lambda name: "".join(
        c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c)
    ),
    "decomposed": lambda name: unicodedata.normalize("NFD", name),
    "cut within an escape": lambda name: f"{json.dumps(name)[: json.dumps(name).rindex('u00') + 2]}...",
    "JSON in JSON": lambda name: json.dumps(json.dumps(name)),
    "an address": quote,
    "a form": quote_plus,
    "after an escape": lambda name: f"x%20{quote(name)}",
    "on one line": lambda name: " ".join(name.split()),
    "Python": repr,
    "small letters": str.lower,
    "capitals": str.upper,
    "cut short": lambda name: f"found {name[:9]}...",
    "cut with an ellipsis": lambda name: f"{name[:7]}…",
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("written", WRITTEN)
def test_a_learnt_value_is_replaced_however_it_is_written(scrubber: Scrubber, name: str, written: str) -> None:
    text = scrubber.text(f"expected {WRITTEN[written](name)}, at 7001")
    number = NAMES.index(name) + 1
    assert f"[account_name {number}]" in text
    assert text.startswith("expected ")
    assert text.endswith(", at 7001")
    # None of the longer words is left.
    for word in re.findall(r"[^\W\d_]{4,}", name):
        assert word.lower() not in text.lower().replace("[account_name", "")


def test_a_text_is_scrubbed_of_what_was_learnt_after_it_was_first_seen(scrubber: Scrubber) -> None:
    assert scrubber.text("Casimira Otálora") == "Casimira Otálora"
    scrubber.learn(exchange(answer=accounts("Casimira Otálora")))
    assert scrubber.text("Casimira Otálora").startswith("[account_name ")


def test_what_is_not_personal_stays(scrubber: Scrubber) -> None:
    for text in ("listAccounts /*/account_name", 'type "string"', "7001", "Inésita", "2024-01-01T00:00:00", "..."):
        assert scrubber.text(text) == text


def test_short_values_and_words_of_the_contract_blot_nothing_out() -> None:
    scrubber = Scrubber(NEU, SECRET)
    scrubber.learn(exchange(answer=accounts("Li", "DAILY", "account_name")))
    assert scrubber.text("Limit of DAILY at account_name") == "Limit of DAILY at account_name"
    # In their place they are replaced all the same.
    (row, *_) = json.loads(scrubber.exchange(exchange(answer=accounts("Li"))).content)
    assert row["account_name"] == "[account_name]"


@pytest.mark.parametrize(
    "form",
    [
        str,
        str.upper,
        str.lower,
        quote,
        lambda text: text[::-1],
        lambda text: text[:-3],
        lambda text: text.encode().hex(),
    ],
)
def test_the_token_is_replaced_also_when_it_is_spoilt(form: Callable[[str], str]) -> None:
    token = "a/b+secret==SECRET"
    text = Scrubber(NEU, token).text(f"Bearer {form(token)}.")
    assert text == f"Bearer {HIDDEN}."


def test_a_body_of_the_wrong_shape_is_scrubbed_by_field_names() -> None:
    scrubber = Scrubber(NEU, SECRET)
    kept = {"other": "2024-05-01", "more": 12, "type": "string"}
    wrong = {"result": {"account_name": {"first": "Casimira"}, "address": ["Calle 99"], "niu": 123456, **kept}}
    seen = exchange(answer=wrong)
    scrubber.learn(seen)
    body = json.loads(scrubber.exchange(seen).content)
    assert kept.items() <= body["result"].items()
    assert not {"Casimira", "Calle 99"} & set(re.findall(r'"([^"]*)"', json.dumps(body)))
    assert "123456" not in json.dumps(body)
    assert scrubber.text("Casimira at Calle 99 has 123456") == "[account_name 1] at [address 1] has [niu 1]"


def test_a_body_that_is_no_json_is_scrubbed_by_what_was_learnt(scrubber: Scrubber) -> None:
    seen = exchange(answer=f"<html>Sorry, {NAMES[0]}! Write to ines@example.com".encode(), status=500)
    assert scrubber.exchange(seen).content == b"<html>Sorry, [account_name 1]! Write to [e-mail]"


def test_a_word_of_a_megabyte_does_not_hold_up_the_report(scrubber: Scrubber) -> None:
    picture = "A" * 1_000_000
    assert scrubber.text(f"{picture} of ines@example.com") == f"{picture} of [e-mail]"


def test_a_text_of_escaped_quotes_that_has_no_end_does_not_hold_up_the_report(scrubber: Scrubber) -> None:
    scrubber.learn(exchange(answer=b'["Casimira Restrepo", "' + b'\\"' * 400_000))
    assert "Casimira" not in scrubber.text("one Casimira Restrepo")


def test_fields_of_the_same_name_that_are_not_personal_stay() -> None:
    document = spec.api("neu").copy()
    for schema in document["components"]["schemas"].values():
        schema.get("properties", {}).get("account_name", {}).pop("x-personal", None)
    api = Api("neu", document)
    scrubber = Scrubber(api, SECRET)
    seen = replace(exchange(answer=accounts("Casimira")), operation=api.operations["listAccounts"])
    scrubber.learn(seen)
    assert json.loads(scrubber.exchange(seen).content)[0]["account_name"] == "Casimira"


def test_credentials_of_others_are_replaced() -> None:
    scrubber = Scrubber(NEU, SECRET)
    seen = exchange(
        url="http://h/accounts?api_key=abc&x=1&access_token=zzz", headers={"set-cookie": "sid=77", "x": "y"}
    )
    clean = scrubber.exchange(replace(seen, request_headers={"authorization": "Basic eW91", "x-api-key": "k"}))
    assert clean.url == "http://h/accounts?api_key=[secret]&x=1&access_token=[secret]"
    assert clean.request_headers == {"authorization": "[secret]", "x-api-key": "[secret]"}
    assert clean.headers == {"content-type": "application/json", "set-cookie": "[secret]", "x": "y"}
    assert scrubber.exchange(seen).request_headers["authorization"] == f"Bearer {HIDDEN}"


def test_what_the_engine_invents_is_not_learnt() -> None:
    api = spec.api("apportionments")
    of = api.operations["createApportionment"]
    for sender, learnt in (("schemathesis", False), ("recorded", True)):
        scrubber = Scrubber(api, SECRET)
        seen = replace(exchange(None, status=422, sender=sender, request={"name": "Paulista"}), operation=of)
        scrubber.learn(seen)
        assert (scrubber.text("Paulista") != "Paulista") is learnt
        assert b"Paulista" not in scrubber.exchange(seen).request_body


# All reports of a failing run


@pytest.mark.parametrize("escaped", [True, False])
def test_a_name_is_hidden_wherever_a_recording_cuts_it(escaped: bool) -> None:
    names = json.dumps([{"account_name": "Bartolomé Quiñones"}], ensure_ascii=escaped).encode()
    seen, scrubber = exchange(answer=names), Scrubber(NEU, SECRET)
    scrubber.learn(seen)
    for length in range(names.index(b"Bartolo") + 7, len(names)):
        recorder = Recorder(length)
        recorder(seen)
        (cut,) = recorder.exchanges
        assert b"artolo" not in scrubber.exchange(cut).content


def test_names_in_the_place_of_fields_and_in_headers_are_hidden() -> None:
    answer = [{"account_name": "x", "holders": {"Ana Gutierrez Perez": {"kWh": 3}, "usage": {"kWh": 4}}}]
    personal = {"x-customer": "Marta Restrepo", "x-doc": "CC52345678"}
    headers = {**personal, "x-request-id": "5b1f52345678", "server": "Tom Cat"}
    seen, scrubber = exchange(answer=json.dumps(answer).encode(), headers=headers), Scrubber(NEU, SECRET)
    scrubber.learn(seen)
    clean = scrubber.exchange(seen)
    assert json.loads(clean.content)[0]["holders"].keys() == {"[text 1]", "usage"}
    assert {clean.headers[name] for name in personal} == {"[text]"}
    assert [clean.headers[name] for name in ("x-request-id", "server")] == ["5b1f52345678", "Tom Cat"]
    assert "Gutierrez" not in scrubber.text("no bills of Ana Gutierrez")


JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJpbmVzIn0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    "page",
    [
        '{"message": "x", "env": {"DB_PASSWORD": "Sup3rDb", "APP_KEY": 4711, "note": "JWT"}}',
        "<table><td>DB_PASSWORD: Sup3rDb</td> APP_KEY=4711 JWT",
        "DB_PASSWORD => 'Sup3rDb'; APP_KEY='4711' JWT",
    ],
)
def test_secrets_on_a_page_for_debugging_are_hidden(page: str) -> None:
    scrubber = Scrubber(NEU, SECRET)
    seen = exchange(answer=page.replace("JWT", JWT).encode(), status=500)
    scrubber.learn(seen)
    clean = scrubber.exchange(seen).content.decode()
    assert not re.search("Sup3rDb|4711|eyJ|c2lnbmF0", clean), clean
    assert "DB_PASSWORD" in clean


def test_secrets_in_the_addresses_of_headers_are_hidden() -> None:
    headers = {
        "location": "https://h/x?code=c0d3&state=on",
        "link": '<https://h/x?token=t0k3n>; rel="next"',
        "x-refresh": "rt",
    }
    clean = Scrubber(NEU, SECRET).exchange(exchange(headers=headers))
    assert clean.headers["location"] == "https://h/x?code=[secret]&state=on"
    assert clean.headers["link"] == '<https://h/x?token=[secret]>; rel="next"'
    assert clean.headers["x-refresh"] == "[secret]"


def test_a_row_of_dots_is_one_cut() -> None:
    scrubber = Scrubber(NEU, SECRET)
    scrubber.learn(exchange(answer=accounts("Casimira Restrepo")))
    assert scrubber.text("Casimi" + "." * 300_000) == "[account_name 1]" + "." * 300_000


def test_names_that_begin_alike_are_found_however_many() -> None:
    scrubber = Scrubber(NEU, SECRET)
    scrubber.learn(exchange(answer=accounts(*("a" * length for length in range(3, 600)))))
    assert scrubber.text(f"{'a' * 599} and aaaa") == "[account_name 597] and [account_name 2]"


def test_a_text_of_many_cuts_does_not_hold_up_the_report() -> None:
    scrubber = Scrubber(NEU, SECRET)
    scrubber.learn(exchange(answer=accounts("Casimira Restrepo")))
    assert scrubber.text("...a" * 10_000 + " Casimira Re...") == "...a" * 10_000 + " [account_name 1]..."


@pytest.mark.parametrize(
    "text",
    [
        "Estimada Casimira Restrepo:",
        "Estimada Restrepo Otálora:",
        "restrepo-otalora",
        "Casimira+Re...",
        "of Restrepo Otál...",
        "CASIMIRA",
    ],
)
def test_a_part_of_a_name_is_hidden(text: str) -> None:
    scrubber = Scrubber(NEU, SECRET)
    scrubber.learn(exchange(answer=accounts("Casimira Restrepo de Otálora", "Restrepo Otálora de la Cruz")))
    told = scrubber.text(text)
    assert "account_name" in told
    assert not re.search("casimira|restrepo|ot[aá]l", told, re.IGNORECASE)


@pytest.mark.parametrize("text", ["Ana Ruiz", "RUIZ, ANA", "Ruiz Ana", "ruiz-ana"])
def test_a_short_name_is_hidden_in_either_order(text: str) -> None:
    scrubber = Scrubber(NEU, SECRET)
    scrubber.learn(exchange(answer=accounts("Ana Ruiz")))
    assert not re.search("ana|ruiz", scrubber.text(f"no bills of {text}"), re.IGNORECASE)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x-renewed-jwt", "a"),
        ("x-auth-refresh", "b"),
        ("x-csrf", "c"),
        ("x-amz-signature", "d"),
        ("x", "eyJhbG.eyJz.w"),
    ],
)
def test_credentials_in_headers_of_answers_are_hidden(name: str, value: str, scrubber: Scrubber) -> None:
    seen = exchange(headers={name: value, "www-authenticate": "Bearer", "date": "today"})
    clean = scrubber.exchange(seen).headers
    assert (clean[name], clean["www-authenticate"], clean["date"]) == ("[secret]", "Bearer", "today")


def test_a_part_of_a_name_that_is_an_ordinary_word_stays() -> None:
    scrubber = Scrubber(NEU, SECRET)
    scrubber.learn(exchange(answer=accounts("Casa de la Calle 10-30 Account Services String S.A.")))
    for text in ("de la", "10-30", "account services", 'type "string"', "casa", "S.A."):
        assert scrubber.text(text) == text


def rows(**changed: Any) -> list[dict[str, Any]]:
    return [{**accounts("Andrés Quintero")[0], **changed}]


def test_a_field_of_another_name_is_hidden() -> None:
    scrubber = Scrubber(NEU, SECRET)
    more = {"accountName": "Casimira Restrepo", "Address": "Calle 39 # 68-24", "direccion": "Carrera 7, Boston"}
    seen = exchange(answer=rows(**more, cedula="CC-52345678", phone=573001234567, nested={"a": ["Inés Otálora"]}))
    scrubber.learn(seen)
    (row, *_) = json.loads(scrubber.exchange(seen).content)
    assert row["id_account"] == 7000
    assert row["accountName"] == "[accountName 1]"
    assert row["direccion"].startswith("[text ")
    assert row["nested"]["a"][0].startswith("[text ")
    told = scrubber.text("7000: Casimira Restrepo, Carrera 7, Boston, CC-52345678, 573001234567, Inés Otál...")
    assert re.fullmatch(r"7000(?:[:,] \[\w+ \d+\])+(?:\.\.\.)?", told)


@pytest.mark.parametrize(
    "broken",
    [
        lambda row: json.dumps([row], ensure_ascii=False)[:-1] + ",]",
        lambda row: json.dumps([row])[:-2],
        lambda row: "<rows>" + "".join(f'<r n="{value}">{value}</r>' for value in row.values()) + "</rows>",
        lambda row: "id;name\n" + ";".join(map(str, row.values())),
    ],
)
def test_an_answer_that_is_no_json_shows_what_the_contract_names(broken: Callable[[dict[str, Any]], str]) -> None:
    scrubber = Scrubber(NEU, SECRET)
    row = {"account_name": "Casimira Restrepo", "address": "Calle 39 # 68-24", "cedula": "CC-52345678", "id_account": 7}
    text = broken(row)
    seen = exchange(answer=text.encode())
    scrubber.learn(seen)
    for told in (scrubber.exchange(seen).content.decode(), scrubber.text(f"{text[:157]}...")):
        assert "[text " in told or "[account_name " in told
        assert ("account_name" in text) <= ("account_name" in told)
        assert not re.search("Casimira|Restrepo|Calle|52345678", told)


def test_an_error_shows_its_words_but_no_long_number() -> None:
    scrubber = Scrubber(NEU, SECRET)
    page = "<p>The parameter id 7654321 of CC 52.345.678 has failed at 2024-01-01 10:30:00, see 573001234567</p>"
    seen = exchange("getAccount", page.encode(), status=500, request={"id": 7654321})
    scrubber.learn(seen)
    hidden = "<p>The parameter id 7654321 of CC [number 1] has failed at 2024-01-01 10:30:00, see [number 2]</p>"
    assert scrubber.exchange(seen).content.decode() == hidden
    refusal = {"account_name": ["This field is required"], "detail": "The field has failed"}
    seen = exchange(answer=refusal, status=422)
    scrubber.learn(seen)
    assert scrubber.text("The field has failed: required") == "The field has failed: required"
