"""Repeated requests: which, when, how often."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients import BOTH, CLIENTS, OPERATIONS, any_arguments, call, listed, neu_services, serving
from contrato.core import spec
from contrato.core.errors import (
    ContratoError,
    RateLimitError,
    ResponseError,
    ServerError,
)
from contrato.core.retry import pause, retry_after


@BOTH
@pytest.mark.parametrize(
    "first",
    [*map(httpx.Response, (429, 500, 502, 503, 504, 520)), httpx.ConnectError, httpx.ReadTimeout, httpx.ReadError],
    ids=str,
)
def test_what_is_safe_is_tried_again(first: Any, asynchronous: bool) -> None:
    waits: list[float] = []
    assert call(asynchronous, listed, waits, transport=serving(first, httpx.Response(200, json=[]))) == []
    (wait,) = waits
    assert 0.1 <= wait <= 0.5

    seen: list[httpx.Request] = []
    with pytest.raises(ContratoError):
        call(asynchronous, listed, waits, transport=serving(first, seen=seen))
    assert len(seen) == 3


@BOTH
@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 409, 422, 302])
def test_what_would_not_change_is_not_tried_again(status: int, asynchronous: bool) -> None:
    seen: list[httpx.Request] = []
    with pytest.raises(ResponseError):
        call(asynchronous, listed, transport=serving(httpx.Response(status), seen=seen))
    assert len(seen) == 1


@BOTH
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
def test_only_what_the_spec_calls_safe_is_repeated(operation: spec.Operation, asynchronous: bool) -> None:
    writes = operation.id.startswith(("create", "update", "delete"))
    assert operation.safe != writes
    values = any_arguments(operation)
    for fault in (httpx.Response(503), httpx.ReadTimeout):
        seen: list[httpx.Request] = []
        with pytest.raises(ContratoError):
            call(
                asynchronous,
                lambda client: getattr(client, operation.method_name)(**values, options={"retries": 1}),
                kind=CLIENTS[operation.api.name],
                transport=serving(fault, seen=seen),
            )
        assert len(seen) == (1 if writes else 2)


@BOTH
def test_retries_can_be_set_for_the_client_and_for_one_call(asynchronous: bool) -> None:
    for client, of_call, expected in ((0, None, 1), (1, None, 2), (1, 3, 4), (3, 0, 1)):
        seen: list[httpx.Request] = []
        options: Any = {} if of_call is None else {"options": {"retries": of_call}}
        with pytest.raises(ServerError):
            call(
                asynchronous,
                partial(neu_services, options),
                retries=client,
                transport=serving(httpx.Response(500), seen=seen),
            )
        assert len(seen) == expected


@BOTH
@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        ("7", 7, 7),
        (" 7 ", 7, 7),
        ("60", 60, 60),
        ("30.5", 30.5, 30.5),
        ("7, 7", 7, 7),
        ("7, 9, 8", 9, 9),
        ("7, soon", 0, 0.5),
        ("-1", 0, 0.5),
        ("soon", 0, 0.5),
        ("", 0, 0.5),
        ("in 20", 19, 20),
        ("in 20 naive", 19, 20),
        ("in 60", 59, 60),
        ("in -20", 0, 0.5),
        ("Fri, 99 Foo 2021 99:99:99 GMT", 0, 0.5),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", 0, 0.5),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_heeded_up_to_a_minute(
    header: str, least: float, most: float, status: int, asynchronous: bool
) -> None:
    senseless = least == 0 and not header.startswith("in ")
    if header.startswith("in "):
        moment = datetime.now(UTC) + timedelta(seconds=int(header.split()[1]))
        header = format_datetime(moment, usegmt=True).removesuffix(" GMT" if header.endswith("naive") else "")
    busy = httpx.Response(status, headers={"Retry-After": header})
    waits: list[float] = []
    assert call(asynchronous, listed, waits, transport=serving(busy, httpx.Response(200, json=[]))) == []
    (wait,) = waits
    assert least - 1 <= wait <= most
    with pytest.raises(ResponseError) as caught:
        call(asynchronous, listed, retries=0, transport=serving(busy))
    assert (caught.value.retry_after is None) == senseless
    assert senseless or (caught.value.retry_after or 0) >= 0


@BOTH
@pytest.mark.parametrize("header", ["61", "3600", "120, 120", "9999999999", "9" * 400, "in 9999"])
def test_a_wait_of_more_than_a_minute_is_left_to_the_caller(header: str, asynchronous: bool) -> None:
    if header.startswith("in "):
        header = format_datetime(datetime.now(UTC) + timedelta(seconds=int(header[3:])), usegmt=True)
    seen: list[httpx.Request] = []
    waits: list[float] = []
    busy = httpx.Response(429, headers={"Retry-After": header})
    with pytest.raises(RateLimitError) as caught:
        call(asynchronous, listed, waits, transport=serving(busy, seen=seen))
    assert (len(seen), waits) == (1, [])
    assert (caught.value.retry_after or 0) > 60


@given(st.one_of(st.text(), st.from_regex(r"[0-9.,:+\- GMTa-z]{0,40}")))
def test_any_retry_after_is_a_number_of_seconds_or_none(text: str) -> None:
    assert (seconds := retry_after(text)) is None or seconds >= 0


def test_backoff_grows_up_to_eight_seconds() -> None:
    longest = [max(pause(attempt, None) or 0.0 for _ in range(200)) for attempt in range(1, 8)]
    for seconds, most in zip(longest, (0.5, 1, 2, 4, 8, 8, 8), strict=True):
        assert most / 2 < seconds <= most
    assert pause(10**6, 60) == 60
    assert pause(1, 60.5) is None
