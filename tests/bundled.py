"""Requests to the bundled server in this process, for the tests of it."""

from collections import defaultdict
from datetime import datetime
from functools import cache
from typing import Any

import httpx
import jsonschema_rs
from starlette.applications import Starlette

import support
from asgi import answer
from contrato.core import spec

Json = Any
OPERATIONS = {name: operation for api in spec.APIS for name, operation in spec.api(api).operations.items()}
# Requests to these have a body; one operation of each API that has any.
WITH_BODY = [name for name, operation in OPERATIONS.items() if operation.body is not None]
ONE_WITH_BODY = list({OPERATIONS[name].api.name: name for name in WITH_BODY}.values())
EVER = {"From": "0001-01-01T00:00:00", "To": "9999-12-31T23:59:59"}
MONTHS = {"From": "2020-02-01T00:00:00", "To": "2020-04-01T00:00:00"}


class Client:
    """Sends requests to an app in this process."""

    def __init__(self, app: Starlette, token: str = "demo") -> None:
        self.app = app
        self.headers: Any = {"Authorization": f"Bearer {token}"}

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = httpx.Headers(self.headers)
        headers.update(options.pop("headers", {}))
        return answer(self.app, httpx.Request(method, f"http://mock{path}", headers=headers, **options))

    def call(self, operation_id: str, unknown: Json = None, /, **arguments: Any) -> httpx.Response:
        """Call an operation, and hold its answer against the spec."""
        api = OPERATIONS[operation_id].api
        options = support.options(api.name, operation_id, arguments, unknown)
        headers = {name: value for name, value in options.pop("headers").items() if name != "Authorization"}
        method, url = options.pop("method"), api.mount + options.pop("url")
        response = self.send(method, url, headers=headers, **options)
        check_answer(operation_id, response)
        return response

    def get(self, operation_id: str, unknown: Json = None, /, **arguments: Any) -> Json:
        response = self.call(operation_id, unknown, **arguments)
        assert response.is_success, response.text
        return response.json()

    def post(self, operation_id: str, content: Any, content_type: str = "application/json") -> httpx.Response:
        """Send a body as it is, with any values in the path."""
        headers = {"Content-Type": content_type}
        return self.send(OPERATIONS[operation_id].method, path_of(operation_id), content=content, headers=headers)


def path_of(operation_id: str, value: Any = 1) -> str:
    """The path of an operation with this value in each of its places."""
    operation = OPERATIONS[operation_id]
    return operation.api.mount + operation.filled(defaultdict(lambda: value))


def refusal(operation_id: str) -> int:
    """The status with which the server refuses what breaks the spec."""
    return 422 if "422" in OPERATIONS[operation_id].responses else 400


def is_local_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


@cache
def validator(operation_id: str, status: int) -> Any:
    """Return a validator of the body of an answer; None when the spec gives it none."""
    answer = OPERATIONS[operation_id].response(status)
    if answer is None or answer.schema is None:
        return None
    formats = {"date-time-local": is_local_time}
    return jsonschema_rs.Draft202012Validator(answer.schema.json, validate_formats=True, formats=formats)


def check_answer(operation_id: str, response: httpx.Response) -> None:
    status = response.status_code
    documented = OPERATIONS[operation_id].response(status)
    assert documented, f"{operation_id}: {status} is not documented: {response.text[:300]}"
    judge = validator(operation_id, status)
    if judge:
        assert response.headers["content-type"] == "application/json"
        judge.validate(response.json())
    elif response.is_success:
        assert response.content == b""


def arguments(client: Client) -> dict[str, dict[str, Any]]:
    """Arguments with which each operation succeeds, in an order in which all do."""
    account = client.get("listAccounts")[0]["id_account"]
    service = client.get("listServices")[0]["id_service"]
    rateio = client.get("listApportionments")["items"][0]
    create = {
        "company_id": rateio["company"]["id"],
        "apportionment_type_id": rateio["apportionment_type"]["id"],
        "apportionment_tariff_type_id": rateio["apportionment_tariff_type"]["id"],
        "apportionment_measure_unit_id": rateio["apportionment_measure_unit"]["id"],
        "name": "Rateio novo",
        "description": "Descrição",
    }
    return {
        "listAccounts": {},
        "getAccount": {"id": account},
        "listServices": {},
        "getService": {"id": service},
        "listPqrs": {},
        "queryConsumption": {"Id_account": account, "Interval": "DAILY", **MONTHS},
        "listBills": {"Id_service": service},
        "listDueDates": {"Id_service": service},
        "listOverdueBills": {},
        "listNotifications": {},
        "listNotificationInteractions": {},
        "listActiveRules": {"Id_project": service},
        "listRuleHistory": {"Id_project": service},
        "listNeugetTransactions": {"id": account},
        "listUsedNeugets": {"id": account},
        "listApportionments": {"_q": "rateio"},
        "getApportionment": {"id": rateio["id"]},
        "createApportionment": create,
        "updateApportionment": {"id": rateio["id"], "name": "Rateio Ü"},
        "deleteApportionment": {"id": rateio["id"]},
    }


def milli(value: float) -> int:
    assert value == round(value, 3)
    return round(value * 1000)


def readings(client: Client, interval: str, **arguments: Any) -> dict[int, list[Json]]:
    """Rows by service, in the order in which they came."""
    rows: dict[int, list[Json]] = {}
    accounts = client.get("queryConsumption", **{"Interval": interval, **MONTHS, **arguments})
    assert len({account["id_account"] for account in accounts}) == len(accounts)
    for account in accounts:
        for row in account["data"]:
            rows.setdefault(row["id_service"], []).append(row)
    return rows


def rateios(client: Client, **arguments: Any) -> list[Json]:
    response = client.call("listApportionments", **{"_limit": 100, **arguments})
    return [] if response.status_code == 204 else response.json()["items"]
