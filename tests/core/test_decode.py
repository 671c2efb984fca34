"""Decoding: numbers, long arrays, threads and garbage collection."""

import gc
import json
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients import example
from contrato import neu
from contrato.core import decode, mismatch

ACCOUNT = '{"id_account": %s, "account_category": "", "account_name": %s, "services": []}'


@pytest.mark.parametrize("first", ["1", "1.0"], ids=["fast", "slow"])
@pytest.mark.parametrize(
    ("id_account", "name"),
    [
        ("9007199254740993.0", '"x"'),
        ("1e300", '"x"'),
        ("1e400", '"x"'),
        ("NaN", '"x"'),
        ("1", r'"\ud800"'),
        ("1", r'"\udc00 x"'),
    ],
)
def test_a_whole_number_with_a_point_makes_the_rest_no_laxer(id_account: str, name: str, first: str) -> None:
    body = ",".join(ACCOUNT % values for values in ((first, '"a"'), (id_account, name))).join("[]")
    with pytest.raises(mismatch.SchemaMismatch):
        decode.decode(list[neu.models.Account], body.encode())


@pytest.mark.parametrize("value", ["1e400", "-1e400"])
def test_a_number_beyond_floats_fits_nowhere(value: str) -> None:
    rows = json.dumps(example("queryConsumption"))
    kind = list[neu.models.AccountConsumption]
    good = decode.decode(kind, re.sub(r'"id_service": (\d+)', r'"id_service": \1.0', rows).encode())
    assert good == decode.decode(kind, rows.encode())
    bad = re.sub(r'"cons": [\d.]+', f'"cons": {value}', re.sub(r'"id_service": (\d+)', r'"id_service": \1.0', rows))
    with pytest.raises(mismatch.SchemaMismatch) as caught:
        decode.decode(kind, bad.encode())
    assert (caught.value.path, caught.value.expected) == ("$[0].data[0].cons", "number")


@pytest.mark.slow
@given(
    st.lists(
        st.fixed_dictionaries(
            # Text that looks like the begin of an element, and nested arrays, are what a guess could fall for.
            {"id_account": st.integers(0, 9), "account_category": st.sampled_from(["x", ',{"id_account":', '"},{"id_'])}
            | {
                "account_name": st.text(max_size=3),
                "services": st.lists(st.just(example("getAccount")[0]["services"][0]), max_size=2),
            },
        ),
        max_size=5,
    ),
    st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", " : ")]),
    st.sampled_from(["", "\n", "]", ",", "x"]),
)
def test_a_long_array_is_decoded_like_a_short_one(
    items: list[dict[str, Any]], separators: tuple[str, str], end: str
) -> None:
    text = (json.dumps(items, separators=separators) + end).encode()
    kind = list[neu.models.Account]
    outcomes = []
    for long in (0, len(text)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(decode, "LONG", long)
            try:
                outcomes.append(decode.decode(kind, bytearray(text)))
            except mismatch.SchemaMismatch as error:
                outcomes.append((error.path, error.expected))
    assert outcomes[0] == outcomes[1]


def test_a_long_array_gives_up_its_text_from_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode, "LONG", 0)
    account = {"id_account": 1, "account_category": "", "account_name": "", "services": []}
    items: list[dict[str, Any]] = [account | {"id_account": number} for number in range(9)]
    text = bytearray(json.dumps(items).replace("}, {", "},{").encode())
    assert [found.id_account for found in decode.decode(list[neu.models.Account], text)] == list(range(9))
    assert json.loads(text) == items[:1]
    # What does not fit is complained of where it is, also when something behind it has been given up.
    items[2]["account_name"] = None
    text = bytearray(json.dumps(items).replace("}, {", "},{").encode())
    with pytest.raises(mismatch.SchemaMismatch) as caught:
        decode.decode(list[neu.models.Account], text)
    assert caught.value.path == "$[2].account_name"
    assert 2 < len(json.loads(text)) < 9
    assert json.loads(text) == items[: len(json.loads(text))]


def test_decoders_are_built_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """msgspec 0.22 may end the process when two threads look at a model for the first time together."""
    building, overlapped, make = threading.Lock(), [], msgspec.json.Decoder
    row: Any = tuple

    def slow(kind: Any) -> Any:
        overlapped.append(not building.acquire(blocking=False))
        time.sleep(0.02)
        if not overlapped[-1]:
            building.release()
        return make(kind)

    monkeypatch.setattr(msgspec.json, "Decoder", slow)
    with ThreadPoolExecutor(4) as pool:
        sizes = range(41, 45)
        found = pool.map(lambda n: decode.decode(row[(int,) * n], f"[{','.join('1' * n)}]".encode()), sizes)
        assert [len(each) for each in found] == list(sizes)
    assert overlapped == [False] * 4


def test_garbage_is_collected_again_after_an_answer_whoever_asked_last() -> None:
    record = [example("listBills")[0]] * 200

    def read() -> bool:
        decode.decode(list[neu.models.Bill], json.dumps(record).encode())
        with pytest.raises(mismatch.SchemaMismatch):
            decode.decode(list[neu.models.Bill], b"[{}]")
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda _: read(), range(40)))
    assert gc.isenabled()
    gc.disable()
    try:
        assert read()
        # Whoever has switched it off wants it off.
        assert not gc.isenabled()
    finally:
        gc.enable()


@pytest.mark.parametrize("digits", ["9999999", "999999500", "9999999999999999999999"])
@pytest.mark.parametrize("separator", ["T", "t", " "])
@pytest.mark.parametrize("offset", ["", "Z", "-05:00"])
def test_a_fraction_of_a_second_is_cut_and_never_rounded_into_the_next_day(
    digits: str, separator: str, offset: str
) -> None:
    text = f'["2021-01-31{separator}23:59:59.{digits}{offset}", "2021-01-31{separator}23:59:59"]'
    for content in (text.encode(), bytearray(text, "utf-8")):
        (found, exact) = decode.decode(list[datetime], content)
        assert found.replace(tzinfo=None) == datetime(2021, 1, 31, 23, 59, 59, 999999)
        assert (found.tzinfo is None, exact) == (not offset, datetime(2021, 1, 31, 23, 59, 59))


def test_a_text_with_a_fine_timestamp_in_it_stays_as_it_is() -> None:
    text = 'at 2021-01-31T23:59:59.9999999 and "2021-01-31T23:59:59.9999999"'
    assert decode.decode(list[str], json.dumps([text]).encode()) == [text]
