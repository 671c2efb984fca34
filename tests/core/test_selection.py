"""An answer has what the call selects: a server may ignore a filter, or a cache mix up two answers."""

from __future__ import annotations

import asyncio
import copy
from typing import Any

import httpx
import pytest

from canned import answering, example_of
from clients import BASE_URL
from contrato.core.errors import ContractError
from contrato.neu import AsyncNeu, Neu

QUERY: Any = {"interval": "DAILY", "from_": "2021-01-01", "to": "2021-02-01"}


def consumption(*services: int) -> Any:
    """An answer with a row of each of these services, of one account."""
    answer = example_of("queryConsumption")[:1]
    rows = [{**answer[0]["data"][0], "id_service": service} for service in services]
    return [{**answer[0], "data": rows}]


@pytest.mark.parametrize(("asked", "came"), [([282], (282, 999)), ([282, 613], (613, 7)), ([282], (999,))])
def test_rows_of_a_service_that_was_not_asked_for_are_an_error(asked: list[int], came: tuple[int, ...]) -> None:
    with answering(Neu, consumption(*came)) as client, pytest.raises(ContractError) as caught:
        client.query_consumption(id_services=asked, **QUERY)
    assert (caught.value.path, caught.value.expected) == ("$[*].data[*].id_service", "what id_services selects")


@pytest.mark.parametrize("asked", [{"id_services": [282, 613]}, {}, {"id_services": [999], "id_account": 41}])
def test_rows_that_were_asked_for_are_none(asked: dict[str, Any]) -> None:
    """Beside an account, either may win."""
    with answering(Neu, consumption(613, 282)) as client:
        account = example_of("queryConsumption")[0]["id_account"]
        given = {name: account if name == "id_account" else value for name, value in asked.items()}
        assert len(client.query_consumption(**given, **QUERY)[0].data) == 2


def test_another_record_than_the_one_of_the_path_is_an_error() -> None:
    answer = example_of("getService")
    with answering(Neu, copy.deepcopy(answer), copy.deepcopy(answer)) as client:
        assert client.get_service(answer["id_service"]).id_service == answer["id_service"]
        with pytest.raises(ContractError, match="expected what id selects"):
            client.get_service(answer["id_service"] + 1)


def test_so_it_is_for_asyncio() -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json=example_of("getService")))

    async def read() -> None:
        async with AsyncNeu("t", BASE_URL, transport=transport) as client:
            await client.get_service(7)

    with pytest.raises(ContractError, match="expected what id selects"):
        asyncio.run(read())
