"""The bundled server's apportionments: forty rateios made from a seed, and a handler for each operation.

Where the source is silent, this server decides:

- `_q` is looked for in name and description, in any case. Names are ordered by code point, equal names by id.
- A page or a limit below 1 shows nothing, hence 204. A limit may be as large as one likes.
- `mixed_consumption` is false and `limit_day` 1 when a create does not name them; `limit_day` is from 1 to 31.
- An unknown company, type, tariff or unit is 422, and so is one record more than `CAPACITY`.
- Ids are never used again. Deleting what is not there is 204, like deleting what is.
"""

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from contrato.core import spec
from contrato.mock.call import Call, RefusedError

CAPACITY = 10_000
"""Records that the server keeps at most, so that no client can fill the memory."""

CAPTIVE, FREE, CUSTOM = "Mercado cativo", "Mercado livre", "Customizado"

_TRADES = [
    ("Bebidas {}", "Linha de envase e utilidades"),
    ("Transportadora {}", "Docas, pátio e centro de distribuição"),
    ("Laticínios {}", "Câmaras frias e pasteurização"),
    ("Metalúrgica {}", "Fornos e usinagem"),
    ("Supermercados {}", "Lojas, refrigeração e iluminação"),
    ("Têxtil {}", "Fiação, tecelagem e tinturaria"),
    ("Hospital {}", "Blocos cirúrgicos e climatização"),
    ("Papel e Celulose {}", "Caldeiras e máquinas de papel"),
]
_PLACES = [
    "Serra do Japi",
    "Pinheirais",
    "Vale do Itajaí",
    "Rio Doce",
    "Campos Gerais",
    "Mantiqueira",
]
_FORMS = ["Ltda.", "S.A."]
_SITES = [
    "Matriz", "Filial Curitiba", "Filial Joinville", "Filial Campinas", "Filial Recife", "Filial Betim",
    "Planta Jundiaí", "Planta Camaçari", "Depósito Guarulhos", "Depósito Contagem", "Loja Centro", "Anexo",
]  # fmt: skip

Item = dict[str, Any]


@dataclass(frozen=True)
class Company:
    """A company, with what the tariff rules ask of it."""

    id: int
    name: str
    has_physical_asset: bool
    has_valid_contract: bool


class Apportionments:
    """The rateios of one user.

    Handlers run one at a time on the event loop and never wait, so that they need no lock.

    Args:
        seed: the same seed makes the same records; another makes other ids, names and companies.

    """

    def __init__(self, seed: int) -> None:
        rng = random.Random(f"apportionments/{seed}")
        # Seed 1 has the ids that the vendor's examples have: 1 for energy and MWh, 3 for the custom tariff.
        first = 1 + 10 * ((seed - 1) % 50)
        self._types = dict(enumerate(["Energia", "Demanda"], first))
        self._tariffs = dict(enumerate([CAPTIVE, FREE, CUSTOM], first))
        self._units = dict(enumerate(["MWh", "kWh", "kW"], first))
        names = [trade.format(place) for trade, _ in _TRADES for place in _PLACES]
        # By turns, so that neighbouring seeds share no company; 7 has no factor in common with 48 names.
        names = [names[(8 * seed + n) * 7 % len(names)] for n in range(8)]
        company_ids = sorted(rng.sample(range(2, 900), 8))
        if seed == 1:
            # Those of the spec's examples, so that these can be tried as they stand; there is a record 17 by chance.
            company_ids[0] = spec.api("apportionments").example("CreateWithCustomTariff")["company_id"]
        self._companies = {
            identifier: Company(
                identifier,
                f"{name} {rng.choice(_FORMS)}",
                has_physical_asset=n % 3 != 0,
                has_valid_contract=n % 3 != 1,
            )
            for n, (identifier, name) in enumerate(zip(company_ids, names, strict=True))
        }
        purposes = {trade.split()[0]: purpose for trade, purpose in _TRADES}
        self._records: dict[int, Item] = {}
        self._last_id = 0 if seed == 1 else rng.randrange(1_000)
        for _ in range(40):
            # Gaps, as deleted records leave them.
            self._last_id += rng.randint(0, 2)
            company = rng.choice(list(self._companies.values()))
            tariffs = [n for n in self._tariffs if self._tariff_refusal(n, company) is None]
            name, site = company.name.rpartition(" ")[0], rng.choice(_SITES)
            record = self._add(company, rng.choice([first, first, first + 1]), rng.choice(list(self._units)))
            record |= {
                "name": f"Rateio {name} {site}",
                "description": f"{purposes[name.split()[0]]} ({site})",
                "mixed_consumption": rng.random() < 0.4,
                "limit_day": rng.choice([1, 5, 10, 15, 20, 25]),
                "apportionment_tariff_type": self._tariff(rng.choice(tariffs)),
                "cost_center_ids": sorted(rng.sample(range(1, 120), rng.randint(1, 5))),
                "apportionment_groups_ids": sorted(rng.sample(range(1, 30), rng.randint(0, 3))),
            }
        self.handlers: Mapping[str, Callable[[Call], Any]] = {
            "listApportionments": self._list,
            "getApportionment": self._get,
            "createApportionment": self._create,
            "updateApportionment": self._update,
            "deleteApportionment": self._delete,
        }

    def _add(self, company: Company, type_: int, unit: int) -> Item:
        """Keep a new record; what the caller can choose later is left to be filled in."""
        self._last_id += 1
        record: Item = {
            "id": self._last_id,
            "name": "",
            "description": "",
            "mixed_consumption": False,
            "limit_day": 1,
            "company": {"id": company.id, "name": company.name},
            "apportionment_type": {"id": type_, "name": self._types[type_]},
            "apportionment_tariff_type": {},
            "apportionment_measure_unit": {"id": unit, "name": self._units[unit]},
            "cost_center_ids": [],
            "apportionment_groups_ids": [],
        }
        self._records[self._last_id] = record
        return record

    def _tariff(self, identifier: int) -> Item:
        return {"id": identifier, "name": self._tariffs[identifier]}

    def _tariff_refusal(self, identifier: int, company: Company) -> str | None:
        """Return the reason why a company may not have a tariff, or None."""
        tariff = self._tariffs.get(identifier)
        if tariff is None:
            return _unknown("apportionment_tariff_type_id")
        if tariff == CAPTIVE and not company.has_physical_asset:
            return "A empresa não possui um physical asset cadastrado."
        if tariff == FREE and not company.has_valid_contract:
            return "A empresa não possui um contrato válido."
        return None

    def _check(self, call: Call, company: Company) -> None:
        """Check what create and update have in common.

        Raises:
            RefusedError: a rule is broken.

        """
        refused = {}
        tariff, day = call.get("apportionment_tariff_type_id"), call.get("limit_day")
        if tariff is not None and (refusal := self._tariff_refusal(tariff, company)):
            refused["apportionment_tariff_type_id"] = [refusal]
        if day is not None and not 1 <= day <= 31:
            refused["limit_day"] = ["O campo limit_day deve estar entre 1 e 31."]
        if refused:
            raise RefusedError(refused)

    def _fill(self, record: Item, call: Call) -> Item:
        """Set the fields of a record that a call names."""
        arguments = call.arguments
        record |= {k: arguments[k] for k in ("name", "description", "mixed_consumption") if k in arguments}
        if "limit_day" in arguments:
            record["limit_day"] = int(call["limit_day"])  # JSON Schema counts 5.0 as an integer
        if "apportionment_tariff_type_id" in arguments:
            record["apportionment_tariff_type"] = self._tariff(int(call["apportionment_tariff_type_id"]))
        return record

    def _list(self, call: Call) -> Item | None:
        text = (call.get("_q") or "").casefold()
        found = [
            record
            for record in self._records.values()
            if text in record["name"].casefold() or text in record["description"].casefold()
        ]
        found.sort(key=itemgetter(call["_sort"], "id"), reverse=call["_order"] == "desc")
        page, limit = call.page(), call.size()
        shown = found[(page - 1) * limit : page * limit] if page > 0 and limit > 0 else []
        if not shown:
            return None
        answer: Item = call.envelope(items=shown, total=len(found), size=limit, current=page)
        return answer

    def _get(self, call: Call) -> Item | None:
        return self._records.get(call["id"])

    def _create(self, call: Call) -> Item:
        known: Mapping[str, Iterable[int]] = {
            "company_id": self._companies,
            "apportionment_type_id": self._types,
            "apportionment_tariff_type_id": self._tariffs,
            "apportionment_measure_unit_id": self._units,
        }
        unknown = {name: [_unknown(name)] for name, ids in known.items() if call[name] not in ids}
        if unknown:
            raise RefusedError(unknown)
        if len(self._records) >= CAPACITY:
            raise RefusedError({"name": [f"O limite de {CAPACITY} rateios foi atingido."]})
        company = self._companies[call["company_id"]]
        self._check(call, company)
        type_, unit = call["apportionment_type_id"], call["apportionment_measure_unit_id"]
        return self._fill(self._add(company, int(type_), int(unit)), call)

    def _update(self, call: Call) -> Item | None:
        record = self._get(call)
        if record is not None:
            self._check(call, self._companies[record["company"]["id"]])
            self._fill(record, call)
        return record

    def _delete(self, call: Call) -> None:
        self._records.pop(call["id"], None)


def _unknown(field: str) -> str:
    return f"O campo {field} selecionado é inválido."


def message(field: str, keyword: str, expected: Any) -> str:
    """Say in the API's words why a field is refused.

    Args:
        field: its name.
        keyword: the JSON Schema keyword that it breaks.
        expected: the value of that keyword.

    """
    name = field.removeprefix("_")
    if keyword == "required":
        return f"O campo {name} é obrigatório."
    if keyword == "type" and expected in _TYPES:
        return f"O campo {name} deve ser {_TYPES[expected]}."
    return _unknown(name) if keyword == "enum" else f"O campo {name} é inválido."


_TYPES = {
    "integer": "um número inteiro",
    "string": "um texto",
    "boolean": "verdadeiro ou falso",
    "object": "um objeto",
}
