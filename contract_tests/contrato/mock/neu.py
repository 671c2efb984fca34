"""The bundled server's NEU: data made from a seed, and a handler for each operation.

A fixed world: readings from 2020-01-01 to the end of 2021, bills of those months, and `TODAY` as
the day from which bills are overdue. Where the source is silent, this server decides:

- `From` is included, `To` is not; a missing one leaves the range open.
- A reading is dated by the start of its hour, day or month, and is in the range when that start is.
  A day or month that the range cuts is given whole or left out, so that two adjoining ranges always
  make their union.
- Account and services together select the services that satisfy both; neither of them selects all.
  An account without readings in the range is left out.
- An unknown id selects nothing in a filter, and is 404 in a path.
- Readings come in the order of services and dates; bills, due dates and notifications newest first.
- A page before the first or after the last is empty.
"""

import json
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from typing import Any

from starlette.exceptions import HTTPException

from contrato.core import spec
from contrato.mock.call import Call, Encoded
from contrato.mock.meters import DATES, HOURS, PERIODS, Meter, Rows, span

TODAY = datetime(2022, 1, 15)

_CITIES: dict[str, list[str]] = {
    "Bogotá D.C.": ["Chapinero", "Fontibón", "Usaquén", "Teusaquillo", "Puente Aranda", "Suba"],
    "Medellín": ["Laureles", "El Poblado", "Belén", "Guayabal", "Envigado"],
    "Cali": ["Granada", "San Fernando", "Ciudad Jardín", "Yumbo"],
    "Barranquilla": ["El Prado", "Riomar", "Boston"],
    "Bucaramanga": ["Cabecera", "Provenza", "Girón"],
    "Pereira": ["Pinares", "Circunvalar", "Cuba"],
}
_FIRST_NAMES = ["Marcela", "Andrés", "Catalina", "Julián", "Paola", "Hernán", "Luz Dary", "Camilo"]
_LAST_NAMES = ["Ríos", "Cárdenas", "Quintero", "Ospina", "Restrepo", "Mejía", "Pardo", "Valencia"]
_BAKERIES = ["La Espiga Dorada", "El Trigal", "Pan de Casa", "La Mantequilla", "San Isidro"]
_COLD_STORES = ["Frigorífico del Norte", "Fríos Andinos", "Cadena Fría", "Frigomar", "Polar"]
_SCHOOLS = ["San Agustín", "Nuevo Horizonte", "Los Robles", "La Colina", "Gabriela Mistral"]
_MONTHS = [
    "enero", "febrero", "marzo", "abril", "mayo", "junio",
    "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre",
]  # fmt: skip
_WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_PQRS = [
    ("Reclamo", "Facturación", "El consumo facturado de {service} no coincide con la lectura del medidor."),
    ("Petición", "Servicio al cliente", "Solicito copia de las facturas del último semestre de {service}."),
    ("Queja", "Calidad del servicio", "Hubo tres interrupciones en {service} durante la misma semana."),
    ("Petición", "Medición", "Solicito la revisión técnica del medidor de {service}."),
    ("Reclamo", "Facturación", "Se cobró dos veces el alumbrado público en la factura de {service}."),
    ("Petición", "Contratos", "Quiero actualizar los datos del representante legal para {service}."),
]  # fmt: skip
# Name, property, interval and the share of periods that stay below the limit.
_RULES = [
    ("Consumo diario alto", "cons", "DAILY", 0.975),
    ("Pico de consumo por hora", "cons", "HOURLY", 0.9985),
    ("Reactiva en exceso del mes", "reactive_ex", "MONTHLY", 0.75),
]
_SOLAR_RULE = ("Excedentes del día", "injec", "DAILY", 0.97)

Item = dict[str, Any]


def _place(rng: random.Random) -> tuple[str, str]:
    """A neighbourhood and an address in it."""
    city = rng.choice(list(_CITIES))
    neighbourhood = rng.choice(_CITIES[city])
    street = rng.choice(["Calle", "Carrera", "Avenida", "Transversal", "Diagonal"])
    numbers = f"{rng.randint(4, 140)} # {rng.randint(2, 120)}-{rng.randint(1, 99):02}"
    return neighbourhood, f"{street} {numbers}, {neighbourhood}, {city}"


@dataclass(frozen=True)
class Service:
    """A point of supply with its meter."""

    id: int
    account: int
    account_name: str
    type: str
    name: str
    address: str
    is_backup: bool
    niu: str
    contract: str
    asic_code: str
    meter: Meter

    def item(self) -> Item:
        """The service as its account lists it."""
        return {
            "id_service": self.id,
            "type_service": self.type,
            "name": self.name,
            "address": self.address,
        }


class Neu:
    """One NEU customer.

    Args:
        seed: the same seed makes the same customer; another makes other ids, names and amounts.

    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        rng = self._rng("customer")
        self._staff = [
            f"{first} {last}"
            for first, last in zip(rng.sample(_FIRST_NAMES, 3), rng.sample(_LAST_NAMES, 3), strict=True)
        ]
        self._account_ids = sorted(rng.sample(range(60, 9_000), 4))
        service_ids = sorted(rng.sample(range(700, 90_000), 10))
        if seed == 1:
            # Those of the spec's examples, so that these can be tried as they stand.
            shops, home = spec.api("neu").example("Accounts")
            self._account_ids[:2] = home["id_account"], shops["id_account"]
            service_ids[0] = home["services"][0]["id_service"]
            service_ids[2:4] = [service["id_service"] for service in shops["services"]]
        self._service_ids = iter(service_ids)
        # By turns, so that neighbouring seeds share no name.
        bakery, cold_store, school = (names[seed % len(names)] for names in (_BAKERIES, _COLD_STORES, _SCHOOLS))
        self._accounts: dict[int, tuple[str, str]] = dict(
            zip(
                self._account_ids,
                [
                    ("Residencial", f"{_FIRST_NAMES[seed % 8]} {' '.join(rng.sample(_LAST_NAMES, 2))}"),
                    ("Comercial", f"Panadería {bakery} S.A.S."),
                    ("Industrial", f"{cold_store} S.A."),
                    ("Comercial", f"Colegio {school}"),
                ],
                strict=True,
            )
        )
        home, shops, cold, college = self._account_ids
        self._services = [
            self._service(rng, home, "home", "Apartamento {}", 0.45),
            self._service(rng, home, "home", "Casa {}", 0.9),
            self._service(rng, shops, "bakery", "Sede {}", 1),
            self._service(rng, shops, "bakery", "Punto de venta {}", 0.55),
            self._service(rng, shops, "office", "Oficina {}", 0.3),
            self._service(rng, cold, "cold store", "Bodega {}", 1),
            self._service(rng, cold, "office", "Administración {}", 0.8),
            self._service(rng, college, "school", "Sede principal {}", 1, type_="Energía solar"),
            self._service(rng, college, "office", "Sede deportiva {}", 0.5),
        ]
        # The second meter of the Bodega, read when the first one fails. Nothing is billed by it.
        main = self._services[5]
        meter = replace(main.meter, scale=main.meter.scale * 0.998)
        identifier = next(self._service_ids)
        backup = replace(main, id=identifier, name=f"{main.name}, respaldo", is_backup=True, meter=meter)
        self._billed = list(self._services)
        self._services.insert(7, backup)
        self._rows: dict[tuple[int, str], Rows] = {}
        self.handlers: Mapping[str, Callable[[Call], Any]] = {
            "listAccounts": self._list_accounts,
            "getAccount": self._get_account,
            "listServices": self._list_services,
            "getService": self._get_service,
            "listPqrs": self._list_pqrs,
            "queryConsumption": self._query_consumption,
            "listBills": self._list_bills,
            "listDueDates": self._list_due_dates,
            "listOverdueBills": self._list_overdue_bills,
            "listNotifications": self._list_notifications,
            "listNotificationInteractions": self._list_interactions,
            "listActiveRules": self._list_active_rules,
            "listRuleHistory": self._list_rule_history,
            "listNeugetTransactions": self._list_neuget_transactions,
            "listUsedNeugets": self._list_used_neugets,
        }

    def _rng(self, purpose: str) -> random.Random:
        return random.Random(f"neu/{self._seed}/{purpose}")

    def _service(
        self,
        rng: random.Random,
        account: int,
        kind: str,
        name: str,
        size: float,
        *,
        type_: str = "Energía",
    ) -> Service:
        identifier = next(self._service_ids)
        neighbourhood, address = _place(rng)
        return Service(
            id=identifier,
            account=account,
            account_name=self._accounts[account][1],
            type=type_,
            name=name.format(neighbourhood),
            address=address,
            is_backup=False,
            niu=f"{rng.randrange(10**6, 10**7)}",
            contract=f"C-{rng.randint(2013, 2019)}-{rng.randrange(10**4):04}",
            asic_code=f"Frt{rng.randrange(10**5):05}",
            meter=Meter(
                kind,
                f"neu/{self._seed}/{identifier}",
                size * rng.uniform(0.85, 1.15),
                127 if kind == "cold store" else 120,
            ),
        )

    # Accounts and services

    def _account(self, identifier: int) -> Item:
        category, name = self._accounts[identifier]
        return {
            "id_account": identifier,
            "account_category": category,
            "account_name": name,
            "services": [s.item() for s in self._services if s.account == identifier],
        }

    def _known_account(self, call: Call) -> int:
        identifier: int = call["id"]
        if identifier not in self._accounts:
            raise HTTPException(404, "There is no account with this id.")
        return identifier

    def _list_accounts(self, call: Call) -> list[Item]:
        return [self._account(identifier) for identifier in self._accounts]

    def _get_account(self, call: Call) -> list[Item]:
        return [self._account(self._known_account(call))]

    def _list_services(self, call: Call) -> list[Item]:
        return [{"id_account": s.account, "account_name": s.account_name, **s.item()} for s in self._services]

    def _get_service(self, call: Call) -> Item:
        for item in self._list_services(call):
            if item["id_service"] == call["id"]:
                return item
        raise HTTPException(404, "There is no service with this id.")

    # Claims

    @cached_property
    def _pqrs(self) -> list[Item]:
        rng = self._rng("pqrs")
        pqrs = []
        for _ in range(16):
            type_, category, message = rng.choice(_PQRS)
            service = rng.choice(self._billed)
            hour = rng.choice(HOURS[::24]) + timedelta(hours=rng.randint(8, 17), minutes=rng.randrange(60))
            pqrs.append(
                {
                    "message": message.format(service=service.name),
                    "category": category,
                    "type": type_,
                    "date": hour.isoformat(),
                }
            )
        return _newest_first(pqrs, "date")

    def _list_pqrs(self, call: Call) -> list[Item]:
        return call.within(self._pqrs)

    # Consumption

    def _rows_of(self, service: Service, interval: str) -> Rows:
        key = (service.id, interval)
        if key not in self._rows:
            head = {
                "id_service": service.id,
                "name": service.name,
                "is_backup": service.is_backup,
            }
            text = json.dumps(head, separators=(",", ":")).strip("{}")
            self._rows[key] = Rows(service.meter, interval, text)
        return self._rows[key]

    def _query_consumption(self, call: Call) -> Encoded:
        account = call.get("Id_account")
        wanted = call.get("Id_services")
        interval: str = call["Interval"]
        first, last = span(interval, *call.range())
        services = [
            service
            for service in self._services
            if first < last
            and (account is None or service.account == account)
            and (wanted is None or service.id in wanted)
        ]

        def pieces() -> Iterator[bytes]:
            before = b"["
            for identifier, group in groupby(services, lambda service: service.account):
                head = {"id_account": identifier, "account_name": self._accounts[identifier][1]}
                text = json.dumps(head, separators=(",", ":")).removesuffix("}")
                yield before + text.encode() + b',"data":'
                before = b"["
                for service in group:
                    yield before
                    yield from self._rows_of(service, interval).between(first, last)
                    before = b","
                yield b"]}"
            yield b"]" if services else b"[]"

        return Encoded(pieces())

    # Bills

    @cached_property
    def _bills(self) -> list[Item]:
        """All bills, newest first."""
        rng = self._rng("bills")
        # The last bill is not due yet, and some services owe the one or two before it.
        owing_one = {service.id for service in rng.sample(self._billed, 3)}
        owing_two = rng.choice(sorted(owing_one))
        number = rng.randrange(20_000_000, 90_000_000)
        base_price = rng.randrange(600, 700, 20)
        sums = {
            service.id: {name: service.meter.sums(name, "MONTHLY") for name in ("cons", "injec", "reactive_ex")}
            for service in self._billed
        }
        starts = [HOURS[n] for n in PERIODS["MONTHLY"]]
        bills = []
        for month, start in enumerate(starts):
            price = base_price + 20 * (month // 3)
            issued = (start + timedelta(days=32)).replace(day=4)
            due = issued + timedelta(days=15)
            for service in self._billed:
                number += rng.randint(3, 900)
                energy = {name: column[month] for name, column in sums[service.id].items()}
                concepts = self._concepts(service, energy, price)
                total = sum(quantity * value for _, quantity, value in concepts)
                unpaid = (
                    month == len(starts) - 1
                    or (month == len(starts) - 2 and service.id in owing_one)
                    or (month == len(starts) - 3 and service.id == owing_two)
                )
                paid = None
                if not unpaid:
                    day = issued + timedelta(days=rng.randint(2, 14))
                    paid = day.replace(
                        hour=rng.randint(6, 21),
                        minute=rng.randrange(60),
                        second=rng.randrange(60),
                    ).isoformat()
                bills.append(
                    {
                        "id_service": service.id,
                        "id_account": service.account,
                        "account": service.account_name,
                        "service": service.name,
                        "date": issued.isoformat(),
                        "date_expiration": due.isoformat(),
                        "date_payment": paid,
                        "platform_payments": paid
                        and {
                            "date": paid,
                            "method": rng.choice(["PSE", "Tarjeta de crédito", "Nequi"]),
                            "payment_Value": total / 1000,
                        },
                        "concepts": [
                            {
                                "concept": concept,
                                "quantity": quantity / 1000,
                                "unit_value": value,
                                "total": quantity * value / 1000,
                                "asic_code": service.asic_code,
                            }
                            for concept, quantity, value in concepts
                        ],
                        "id_bill": number,
                        "niu": service.niu,
                        "contract": service.contract,
                        "consumption": energy["cons"] / 1000,
                        "payment_value": total / 1000,
                        "description": f"Consumo de {_MONTHS[start.month - 1]} de {start.year}",
                        "state": "PAGADA" if paid else "PENDIENTE" if due >= TODAY else "VENCIDA",
                    }
                )
        return _newest_first(bills, "date")

    def _concepts(self, service: Service, energy: Mapping[str, int], price: int) -> list[tuple[str, int, int]]:
        """Return the lines of a bill: concept, quantity in thousandths, and price in whole COP.

        Thousandths times a whole price are exact in thousandths, so that no bill rounds.
        """
        home = self._accounts[service.account][0] == "Residencial"
        concepts = [("Energía activa", energy["cons"], price)]
        if home:
            # Up to 130 kWh a month are subsidised at 15 %.
            concepts.append(("Subsidio", min(energy["cons"], 130_000), -price * 15 // 100))
        else:
            concepts.append(("Contribución 20 %", energy["cons"], price // 5))
            concepts.append(("Energía reactiva en exceso", energy["reactive_ex"], price // 4))
        if energy["injec"]:
            credited = min(energy["injec"], energy["cons"])
            concepts.append(("Crédito por excedentes", credited, -price * 85 // 100))
        concepts.append(("Alumbrado público", 1_000, 9_400 if home else 69_700))
        concepts.append(("Aseo", 1_000, 21_300 if home else 84_150))
        return concepts

    def _list_bills(self, call: Call) -> Any:
        return _page(call, call.within(_of_service(call, self._bills)))

    def _list_due_dates(self, call: Call) -> Any:
        names = ("service", "id_bill", "id_service", "date_expiration")
        due_dates = [{name: bill[name] for name in names} for bill in self._bills]
        return _page(call, call.within(_of_service(call, due_dates)))

    def _list_overdue_bills(self, call: Call) -> list[Item]:
        return [
            {
                "id_bill": str(bill["id_bill"]),
                "due_date": bill["date_expiration"],
                "days": (TODAY - datetime.fromisoformat(bill["date_expiration"])).days,
            }
            for bill in self._bills
            if bill["state"] == "VENCIDA"
        ]

    # Rules

    @cached_property
    def _rules(self) -> list[tuple[Service, Item, list[Item]]]:
        """Each rule with the service that it watches and the readings that exceeded its limit."""
        rng = self._rng("rules")
        rules = []
        number = rng.randrange(1_000, 9_000)
        for service in self._billed:
            templates = _RULES + ([_SOLAR_RULE] if any(service.meter.energy["injec"]) else [])
            for name, energy, interval, quantile in templates:
                number += rng.randint(1, 40)
                values = service.meter.sums(energy, interval)
                # A limit that a person would type: no more than three digits, then zeros.
                limit = float(f"{sorted(values)[int(len(values) * quantile)] / 1000:.3g}")
                created = datetime(2020, 1, 2) + timedelta(
                    days=rng.randrange(120), minutes=rng.randrange(7 * 60, 18 * 60)
                )
                days = range(7) if interval == "MONTHLY" or rng.random() < 0.6 else range(5)
                events = [
                    {"date": date, "value": value / 1000}
                    for date, value in zip(DATES[interval], values, strict=True)
                    if value > limit * 1000
                    and date >= created.isoformat()
                    and datetime.fromisoformat(date).weekday() in days
                ]
                rule = {
                    "id_alarm": number,
                    "project": service.name,
                    "creation_date": created.isoformat(),
                    "property_name": energy,
                    "rule_interval": interval,
                    "rule_name": f"{name}, {service.name}",
                    "limit_value": limit,
                    **{name: day in days for day, name in enumerate(_WEEKDAYS)},
                    "active": True,
                }
                rules.append((service, rule, events))
        return rules

    def _rules_of(self, call: Call) -> Iterator[tuple[Item, list[Item]]]:
        project = call.get("Id_project")
        for service, rule, events in self._rules:
            if project is None or service.id == project:
                yield rule, events

    def _list_active_rules(self, call: Call) -> Any:
        return _page(call, call.within([rule for rule, _ in self._rules_of(call)]))

    def _list_rule_history(self, call: Call) -> Any:
        names = ("project", "property_name", "rule_interval", "rule_name", "limit_value")
        histories = [
            {
                "Id_alarm": rule["id_alarm"],
                **{name: rule[name] for name in names},
                "data": call.within(events),
            }
            for rule, events in self._rules_of(call)
        ]
        return _page(call, [history for history in histories if history["data"]])

    # Notifications

    @cached_property
    def _notifications(self) -> list[Item]:
        """A selection of what happened, newest first."""
        rng = self._rng("notifications")
        notifications = []
        for bill in rng.sample(self._bills, 22):
            day = datetime.fromisoformat(bill["date"])
            text = (
                f"Su factura de {bill['service']} por ${_pesos(bill['payment_value'])} vence el "
                f"{bill['date_expiration'][:10]}. {bill['description']}: "
                f"{bill['consumption']:.0f} kWh."
            )
            notifications.append((day + timedelta(hours=8), "Factura disponible", text))
        events = [(rule, event) for _, rule, events in self._rules for event in events]
        for rule, event in rng.sample(events, 46):
            unit = "kVArh" if rule["property_name"].startswith("reactive") else "kWh"
            period = {"HOURLY": "en una hora", "DAILY": "en un día", "MONTHLY": "en el mes"}
            text = (
                f"La regla «{rule['rule_name']}» se cumplió: {event['value']:.1f} {unit} "
                f"{period[rule['rule_interval']]}, con un límite de {rule['limit_value']:g} {unit}."
            )
            # Known when the period is over: the next morning, or the morning after the month.
            day = datetime.fromisoformat(event["date"])
            if rule["rule_interval"] == "MONTHLY":
                day = (day + timedelta(days=32)).replace(day=1)
            else:
                day = day.replace(hour=0) + timedelta(days=1)
            notifications.append((day + timedelta(hours=6), rule["rule_name"].split(",")[0], text))
        items = [
            {
                "date": (date + timedelta(minutes=rng.randrange(90))).isoformat(),
                "title": title,
                "text": text,
                "read": rng.random() < 0.8,
            }
            for date, title, text in notifications
        ]
        return _newest_first(items, "date")

    @cached_property
    def _interactions(self) -> list[Item]:
        rng = self._rng("interactions")
        read = [item for item in self._notifications if item["read"]]
        return [
            {
                "name": rng.choice(self._staff),
                "interaction_date": (
                    datetime.fromisoformat(item["date"]) + timedelta(seconds=rng.randrange(90_000))
                ).isoformat(),
                **item,
            }
            for item in read
            if rng.random() < 0.85
        ]

    def _list_notifications(self, call: Call) -> Any:
        return _page(call, call.within(self._notifications))

    def _list_interactions(self, call: Call) -> Any:
        return _page(call, call.within(self._interactions))

    # Neugets

    @cached_property
    def _neugets(self) -> tuple[list[Item], list[Item]]:
        """Transactions and uses: each payment earns neugets, and some spend a part of them."""
        rng = self._rng("neugets")
        transactions, used = [], []
        balances = dict.fromkeys(self._accounts, 0)
        paid = [bill for bill in self._bills if bill["date_payment"]]
        for bill in sorted(paid, key=itemgetter("date_payment", "id_bill")):
            account, date = bill["id_account"], bill["date_payment"]
            if balances[account] >= 50 and rng.random() < 0.2:
                spent = balances[account] * rng.randint(3, 9) // 10
                balances[account] -= spent
                item = {"id_account": account, "date": date, "value": -spent}
                transactions.append(item)
                used.append(item | {"id_bill": bill["id_bill"], "value": spent})
            earned = 5 + int(bill["payment_value"] / 20_000)
            balances[account] += earned
            transactions.append({"id_account": account, "date": date, "value": earned})
        return transactions, used

    def _list_neuget_transactions(self, call: Call) -> list[Item]:
        account = self._known_account(call)
        return [item for item in self._neugets[0] if item["id_account"] == account]

    def _list_used_neugets(self, call: Call) -> list[Item]:
        account = self._known_account(call)
        return [item for item in self._neugets[1] if item["id_account"] == account]


def _newest_first(items: list[Item], field: str) -> list[Item]:
    return sorted(items, key=itemgetter(field), reverse=True)


def _of_service(call: Call, items: list[Item]) -> list[Item]:
    wanted = call.get("Id_service")
    return [item for item in items if wanted is None or item["id_service"] == wanted]


def _page(call: Call, items: list[Item]) -> Any:
    """The page that is asked for, in the envelope that the spec describes, or bare without one."""
    size = call.size()
    number, last = call.page(), max(1, -(-len(items) // size))
    shown = items[(number - 1) * size : number * size] if number > 0 else []
    following = number + 1 if 0 < number < last else None
    return call.envelope(next=following, last=last, total=len(items), items=shown)


def _pesos(amount: float) -> str:
    """An amount as Colombians write it, without cents."""
    return f"{amount:,.0f}".replace(",", ".")
