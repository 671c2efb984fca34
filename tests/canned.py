"""Clients with canned answers, and the example answers of the specs."""

import copy
import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from contrato.apportionments import Apportionments
from contrato.core import spec
from contrato.core.client import Client
from contrato.neu import Neu
from contrato.verify.documents import find

CLIENTS: dict[str, type[Client]] = {"neu": Neu, "apportionments": Apportionments}
BOGOTA = ZoneInfo("America/Bogota")
FROM, TO = datetime(2020, 1, 1), datetime(2020, 3, 1)
QUERY: Any = {"id_account": 41, "interval": "DAILY", "from_": FROM, "to": TO}

OPERATIONS = {o.id: o for api in spec.APIS for o in spec.api(api).operations.values()}
CASES = [
    pytest.param(operation, response.a_status, example, id=operation.id)
    for operation in OPERATIONS.values()
    for response in operation.responses.values()
    if response.succeeded
    for example in response.examples.values()
]
EVERY_ANSWER = pytest.mark.parametrize(("operation", "status", "example"), CASES)


def example_of(operation_id: str) -> Any:
    """A copy of the first example of an answer."""
    return copy.deepcopy(next(case.values[2] for case in CASES if case.id == operation_id))


def answering(kind: type[Any], *bodies: Any, status: int = 200, **settings: Any) -> Any:
    """A client whose server gives these answers, one after another; bytes as they are."""
    pending = list(bodies)

    def handle(request: httpx.Request) -> httpx.Response:
        body = pending.pop(0)
        return httpx.Response(status, content=body if isinstance(body, bytes) else json.dumps(body).encode())

    return kind(token="t", base_url="https://energy.example/b", transport=httpx.MockTransport(handle), **settings)


def call(client: Any, operation: spec.Operation) -> tuple[Any, dict[str, Any]]:
    """The method of an operation, and arguments that it accepts."""
    method = getattr(client, operation.method_name)
    if operation.id == "queryConsumption":
        return method, QUERY
    values = {"integer": 7, "string": "x", "number": 1.5, "boolean": True}
    creates = operation.id == "createApportionment"
    given = [p for p in operation.parameters if creates or p.required]
    # An answer has what the call selects.
    shown = {p: find(example_of(operation.id), p.echo.at)[:1] for p in given if p.echo and operation.safe}
    return method, {
        p.python_name: shown[p][0]
        if shown.get(p)
        else [7]
        if p.schema.items
        else FROM
        if p.schema.is_timestamp
        else values[p.schema.type]
        for p in given
    }


READING = example_of("queryConsumption")


def reading(**changed: Any) -> Any:
    """`READING` with changed values in the last of its rows."""
    (first, *others), rest = READING[0]["data"], {k: v for k, v in READING[0].items() if k != "data"}
    return [{**rest, "data": [*others, {**first, **changed}]}]
