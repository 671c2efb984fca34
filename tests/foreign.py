"""A second, tiny server of both APIs: other ids, other dates, other habits than the bundled one, and no code in common.

It answers what the source documents leave open in its own way: `Z` or an offset on timestamps, 404 for an unknown id,
400 for what it refuses, unknown fields added, 422 for a company that it does not know.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from itertools import accumulate
from typing import Any

from jsonschema import Draft202012Validator
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from contrato.core import spec
from contrato.core.places import arguments
from contrato.core.schema import Schema
from contrato.core.spec import Operation, Parameter
from serving import serving, url_of

Values = dict[str, Any]

TOKEN = "foreign-token"

ACCOUNTS = [
    {"id_account": 7001, "account_category": "Comercial", "account_name": "Panadería El Trigal"},
    {"id_account": 7002, "account_category": "Industrial", "account_name": "Confecciones Andinas"},
]
SERVICES = [
    {
        "id_service": 91000 + number,
        "id_account": ACCOUNTS[number % 2]["id_account"],
        "account_name": ACCOUNTS[number % 2]["account_name"],
        "type_service": "Energía",
        "name": f"Sede {number}",
        "address": f"Carrera {number} # 10-20, Medellín",
    }
    for number in range(3)
]
ENERGIES = ("cons", "injec", "reactive_in", "reactive_in_ex", "reactive_cap", "reactive_ex")
REGISTERS = ("imported_active_acum", "imported_reactive_acum", "exported_active_acum", "exported_reactive_acum")
DAYS = [datetime(2019, 3, day, 5) for day in range(1, 29)]


@dataclass(frozen=True)
class Answer:
    """What the server answers: a status, and a body that is sent as JSON, or as it is when it is text."""

    status: int = 200
    body: Any = None
    content_type: str = "application/json"
    delay: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)


def keyed(operation: Operation, values: Mapping[str, Any]) -> dict[tuple[str, str], Any]:
    """Arguments by `Parameter.key`, of arguments by name."""
    return {operation.parameter(name).key: value for name, value in values.items()}


Alter = Callable[[str, Answer], Answer]
"""Changes an answer of one operation: how a test breaks the server."""


@dataclass
class Foreign:
    """One server: its data, and its requests.

    Attributes:
        log: Each request as `METHOD path?query body`.
        asked: Its operation, and the arguments by name.
    """

    api: str
    alter: Alter = lambda operation, answer: answer
    checks_token: bool = True
    log: list[str] = field(default_factory=list)
    asked: list[tuple[str, Values]] = field(default_factory=list)
    records: dict[int, dict[str, Any]] = field(default_factory=dict)
    next_id: int = 500

    def __post_init__(self) -> None:
        for number in range(12):
            self._store(
                {
                    "name": f"Rateio {chr(65 + number)}",
                    "description": "Por área",
                    "company_id": 30 + number % 2,
                    "apportionment_type_id": 4,
                    "apportionment_tariff_type_id": 2 + number % 2,
                    "apportionment_measure_unit_id": 6,
                }
            )

    def app(self) -> Starlette:
        """The server as an ASGI application."""
        operations = spec.api(self.api).operations.values()
        routes = [Route(o.path, self._endpoint(o), methods=[o.method]) for o in operations]
        # The most literal path first, as in OpenAPI.
        routes.sort(key=lambda route: route.path.count("{"))
        return Starlette(routes=[*routes])

    def _endpoint(self, operation: Operation) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            raw = await request.body()
            path = request.scope["raw_path"].decode()
            self.log.append(f"{request.method} {path}?{request.url.query} {raw.decode('utf-8', 'replace')}")
            answer = self.alter(operation.id, self._answer(operation, request, path, raw))
            await asyncio.sleep(answer.delay)
            text = "" if answer.body is None else answer.body
            if not isinstance(text, str):
                text = json.dumps(text)
            # An answer without content has no type.
            kind = answer.content_type if text else None
            return Response(text, answer.status, headers=answer.headers, media_type=kind)

        return endpoint

    def _answer(self, operation: Operation, request: Request, path: str, raw: bytes) -> Answer:
        query, headers = request.query_params.multi_items(), dict(request.headers)
        refused: dict[str, list[str]] = {}
        body: Any = None
        if operation.body is not None:
            try:
                body = json.loads(raw or (b"" if operation.body.required else b"{}"))
            except ValueError:
                refused["body"] = ["not JSON"]
            else:
                problems = list(_validator(operation.body.schema).iter_errors(body))
                refused |= {"body": [error.message for error in problems]} if problems else {}
        given = arguments(operation, path, query, headers, body)
        named = {operation.keys[key].known_name: value for key, value in given.items() if key in operation.keys}
        self.asked.append((operation.id, named))
        if self.checks_token and headers.get("authorization") != f"Bearer {TOKEN}":
            return Answer(401, {"detail": "who are you?"})
        refusal = operation.response(422)
        documented = {k: v for each in refusal.examples.values() for k, v in each.items()} if refusal else {}
        for parameter in operation.parameters:
            if parameter.place not in ("path", "body") and not _is_taken(parameter, given.get(parameter.key)):
                refused[parameter.name] = documented.get(parameter.name, ["inválido"])
        for name in ("From", "To"):
            if isinstance(named.get(name), str) and _local(named[name]) is None:
                refused[name] = ["no day"]
        if refused:
            return Answer(422 if self.api == "apportionments" else 400, refused)
        handler = re.sub("(?=[A-Z])", "_", operation.id).lower()
        return getattr(self, handler)(named)  # type: ignore[no-any-return]

    # NEU

    def list_accounts(self, given: Values) -> Answer:
        return Answer(body=[self._account(account) for account in ACCOUNTS])

    def get_account(self, given: Values) -> Answer:
        return self._one(given, ACCOUNTS, "id_account", lambda account: [self._account(account)])

    def _account(self, account: dict[str, Any]) -> dict[str, Any]:
        keys = ("id_service", "type_service", "name", "address")
        mine = [s for s in SERVICES if s["id_account"] == account["id_account"]]
        return {**account, "services": [{key: s[key] for key in keys} for s in mine], "since": 2018}

    def list_services(self, given: Values) -> Answer:
        return Answer(body=SERVICES)

    def get_service(self, given: Values) -> Answer:
        return self._one(given, SERVICES, "id_service", lambda service: service)

    def _one(self, given: Values, rows: list[Any], key: str, show: Callable[[Any], Any]) -> Answer:
        found = [row for row in rows if row[key] == given["id"]]
        return Answer(body=show(found[0])) if found else Answer(404, {"detail": "nothing here"})

    def list_pqrs(self, given: Values) -> Answer:
        rows = [{"message": "Corte", "category": "Red", "type": "Queja", "date": _zulu(day)} for day in DAYS[:3]]
        return Answer(body=_between(rows, given, "date"))

    def query_consumption(self, given: Values) -> Answer:
        if "Id_account" not in given and "Id_services" not in given:
            return Answer(400, {"detail": "whose consumption?"})
        wanted = given.get("Id_services") or [
            s["id_service"] for s in SERVICES if s["id_account"] == given.get("Id_account")
        ]
        answer = []
        for account in ACCOUNTS:
            mine = [s for s in SERVICES if s["id_account"] == account["id_account"] and s["id_service"] in wanted]
            rows = [
                {"id_service": s["id_service"], "name": s["name"], "is_backup": False, "date": _offset(date)} | measures
                for s in mine
                for date, measures in _readings(given["Interval"])
            ]
            if mine:
                keys = ("id_account", "account_name")
                answer.append({key: account[key] for key in keys} | {"data": _between(rows, given, "date")})
        return Answer(body=answer)

    def _bills(self) -> list[dict[str, Any]]:
        paid = {"date": _plain(DAYS[9]), "method": "PSE", "payment_Value": 180.0}
        return [
            {
                "id_service": s["id_service"],
                "id_account": s["id_account"],
                "account": s["account_name"],
                "service": s["name"],
                "date": _plain(DAYS[number]),
                "date_expiration": _plain(DAYS[number + 10]),
                "date_payment": _plain(DAYS[9]) if number else None,
                "platform_payments": paid if number else None,
                "concepts": [
                    {
                        "concept": "Energía",
                        "quantity": 2,
                        "unit_value": 90,
                        "total": 180,
                        "asic_code": "Frt1",
                    }
                ],
                "id_bill": 660 + number,
                "niu": "N1",
                "contract": "C1",
                "consumption": 2,
                "payment_value": 180,
                "description": "Marzo",
                "state": "PAGADA" if number else "PENDIENTE",
            }
            for number, s in enumerate(SERVICES)
        ]

    def list_bills(self, given: Values) -> Answer:
        return Answer(body=_between(_of_service(self._bills(), given), given, "date"))

    def list_due_dates(self, given: Values) -> Answer:
        keys = ("service", "id_bill", "id_service", "date_expiration")
        rows = [{key: bill[key] for key in keys} for bill in _of_service(self._bills(), given)]
        return self._page(_between(rows, given, "date_expiration"))

    def list_overdue_bills(self, given: Values) -> Answer:
        return Answer(body=[{"id_bill": "660", "due_date": _plain(DAYS[10]), "days": 12}])

    def _page(self, rows: list[Any]) -> Answer:
        return Answer(body={"nextPage": None, "maxPage": 1, "total": len(rows), "data": rows})

    def list_notifications(self, given: Values) -> Answer:
        rows = [{"date": _zulu(day), "title": "Pico", "text": "Mire", "read": True} for day in DAYS[:5]]
        return self._page(_between(rows, given, "date"))

    def list_notification_interactions(self, given: Values) -> Answer:
        answer = self.list_notifications(given)
        return self._page([{**row, "interaction_date": row["date"]} for row in answer.body["data"]])

    def list_active_rules(self, given: Values) -> Answer:
        week = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "active"]
        rule = self._rule("id_alarm") | {"creation_date": _zulu(DAYS[0])} | dict.fromkeys(week, True)
        return Answer(body=_between([rule] if self._is_watched(given) else [], given, "creation_date"))

    def list_rule_history(self, given: Values) -> Answer:
        events = _between(
            [{"date": _zulu(day), "value": 3.5} for day in DAYS[: 2 * self._is_watched(given)]], given, "date"
        )
        return Answer(body={"data": [self._rule("Id_alarm") | {"data": events}] if events else []})

    def _is_watched(self, given: Values) -> bool:
        return given.get("Id_project") in (None, SERVICES[0]["id_service"])

    def _rule(self, key: str) -> dict[str, Any]:
        names = {
            "project": "Sede 0",
            "property_name": "cons",
            "rule_interval": "DAILY",
            "rule_name": "Alto",
        }
        return {key: 31, "limit_value": 10} | names

    def list_neuget_transactions(self, given: Values) -> Answer:
        row = {"date": _zulu(DAYS[0]), "value": 20}
        return self._one(given, ACCOUNTS, "id_account", lambda a: [{"id_account": a["id_account"]} | row])

    def list_used_neugets(self, given: Values) -> Answer:
        row = {"date": _zulu(DAYS[9]), "value": 5}
        bills = {7001: 662, 7002: 661}
        return self._one(
            given,
            ACCOUNTS,
            "id_account",
            lambda a: [{"id_account": a["id_account"], "id_bill": bills[a["id_account"]]} | row],
        )

    # Apportionments

    def list_apportionments(self, given: Values) -> Answer:
        sort, order = given.get("_sort", "id"), given.get("_order", "desc")
        limit, page = (max(1, min(given.get(name, usual), 10_000)) for name, usual in (("_limit", 10), ("_page", 1)))
        rows = [r for r in self.records.values() if given.get("_q", "").lower() in r["name"].lower()]
        rows.sort(key=lambda record: record[sort], reverse=order == "desc")
        items = rows[(page - 1) * limit : page * limit]
        if not items:
            return Answer(204)
        return Answer(body={"items": items, "total": len(rows), "per_page": limit, "current_page": page})

    def _record(self, given: Values) -> Values | None:
        return self.records.get(given["id"])

    def get_apportionment(self, given: Values) -> Answer:
        record = self._record(given)
        return Answer(204) if record is None else Answer(body=record)

    def create_apportionment(self, given: Values) -> Answer:
        if given["company_id"] not in (30, 31):
            return Answer(422, {"company_id": ["não existe"]})
        for name, known in (("apportionment_type_id", 4), ("apportionment_measure_unit_id", 6)):
            if given[name] != known:
                return Answer(422, {name: ["não existe"]})
        if given["apportionment_tariff_type_id"] != given["company_id"] - 28:
            return Answer(422, {"apportionment_tariff_type_id": ["A empresa não possui um contrato válido."]})
        return Answer(201, self._store(given))

    def _store(self, body: dict[str, Any]) -> dict[str, Any]:
        self.next_id += 3
        named = {
            key: {"id": body[f"{key}_id"], "name": f"{key} {body[f'{key}_id']}"}
            for key in (
                "company",
                "apportionment_type",
                "apportionment_tariff_type",
                "apportionment_measure_unit",
            )
        }
        record = {
            "id": self.next_id,
            "name": body["name"],
            "description": body["description"],
            "mixed_consumption": body.get("mixed_consumption", False),
            "limit_day": body.get("limit_day", 1),
            "cost_center_ids": [5],
            "apportionment_groups_ids": [],
        } | named
        return self.records.setdefault(self.next_id, record)

    def update_apportionment(self, given: Values) -> Answer:
        record = self._record(given)
        if record is None:
            return Answer(204)
        if given.get("apportionment_tariff_type_id") not in (None, record["company"]["id"] - 28):
            return Answer(422, {"apportionment_tariff_type_id": ["A empresa não possui um contrato válido."]})
        record.update({key: value for key, value in given.items() if key in record})
        return Answer(body=record)

    def delete_apportionment(self, given: Values) -> Answer:
        record = self._record(given)
        if record is not None:
            del self.records[record["id"]]
        return Answer(204)


def _readings(interval: str) -> list[tuple[datetime, dict[str, float]]]:
    """What each meter measures: 1.5 units of everything in the first of two hours a day, for 28 days."""
    counts = {"HOURLY": [1.5, 0.0] * len(DAYS), "DAILY": [1.5] * len(DAYS), "MONTHLY": [1.5 * len(DAYS)]}[interval]
    dates = {
        "HOURLY": [day + timedelta(hours=hour) for day in DAYS for hour in range(2)],
        "DAILY": DAYS,
        "MONTHLY": DAYS[:1],
    }[interval]
    current = 9.5 if interval == "HOURLY" else 0.8
    phases = dict.fromkeys(("ia", "ib", "ic"), current) | dict.fromkeys(("va", "vb", "vc"), 118.0)
    return [
        (date, dict.fromkeys(ENERGIES, count) | dict.fromkeys(REGISTERS, 1000 + read) | phases)
        for date, count, read in zip(dates, counts, accumulate(counts), strict=True)
    ]


def _plain(moment: datetime) -> str:
    return moment.isoformat()


@cache
def is_settled(question: str) -> bool:
    """True if the spec, as one that was learnt, has one answer: then this server has no habit of its own."""
    openings = [site.opening for site in spec.api("neu").open_sites() if site.opening.question.id == question]
    return any(opening.settled for opening in openings)


def _zulu(moment: datetime) -> str:
    if is_settled("timestamp-zone"):
        return _plain(moment)
    return f"{(moment + timedelta(hours=5)).isoformat()}Z"


def _offset(moment: datetime) -> str:
    if is_settled("timestamp-zone"):
        return _plain(moment)
    return f"{moment.isoformat()}.000-05:00"


def _local(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=None) - (timedelta(hours=5) if text.endswith("Z") else timedelta())
    except (ValueError, OverflowError):
        return None


@cache
def _validator(schema: Schema) -> Draft202012Validator:
    return Draft202012Validator(schema.json)


def _is_taken(parameter: Parameter, value: Any) -> bool:
    """Whether a value outside of the body is taken; numbers that are too small or too large are."""
    if value is None:
        return not parameter.required
    problems = _validator(parameter.schema).iter_errors(value)
    return all(problem.validator in ("minimum", "maximum") for problem in problems)


def _between(rows: list[Any], given: Values, key: str) -> list[Any]:
    low, high = (_local(given[name]) if name in given else None for name in ("From", "To"))
    moments = [(row, _local(row[key])) for row in rows]
    return [
        row for row, at in moments if at is not None and (low is None or at >= low) and (high is None or at <= high)
    ]


def _of_service(rows: list[Any], given: Values) -> list[Any]:
    return [row for row in rows if row["id_service"] == given.get("Id_service", row["id_service"])]


@contextmanager
def serve(foreign: Foreign, **settings: Any) -> Iterator[str]:
    """Run the server on a free port, with settings of uvicorn; gives its base URL."""
    with serving(foreign.app(), **settings) as server:
        yield url_of(server)


def replaced(answer: Answer, change: Callable[[Any], None]) -> Answer:
    """The answer with its body changed in place."""
    body = json.loads(json.dumps(answer.body))
    change(body)
    return replace(answer, body=body)


def seeded() -> Foreign:
    """A server of 40 records."""
    foreign = Foreign("apportionments")
    for number in range(28):
        foreign._store(
            {
                "name": f"Bloco {number}",
                "description": "Por consumo",
                "company_id": 30,
                "apportionment_type_id": 4,
                "apportionment_tariff_type_id": 2,
                "apportionment_measure_unit_id": 6,
            }
        )
    assert len(foreign.records) == 40
    return foreign


def snapshot(foreign: Foreign) -> dict[int, str]:
    return {number: json.dumps(record, sort_keys=True) for number, record in foreign.records.items()}


def new_record(creator: Operation, mark: str = "") -> dict[tuple[str, str], Any]:
    """Arguments for a record that the server takes, with a mark in its texts."""
    examples = {f.key: creator.examples_of(f)[0] for f in creator.parameters if creator.examples_of(f)}
    ids = {
        "company_id": 30,
        "apportionment_type_id": 4,
        "apportionment_tariff_type_id": 2,
        "apportionment_measure_unit_id": 6,
    }
    marked = {key: f"{value}{mark}" if isinstance(value, str) else value for key, value in examples.items()}
    return marked | keyed(creator, ids)
