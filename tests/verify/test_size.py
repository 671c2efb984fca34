"""Long lists: laws judge a sample, say so, and send no more requests for a longer list."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest

from contrato.core import spec
from contrato.verify.discovery import Discovery
from contrato.verify.findings import Layer, NotJudged, Violation
from contrato.verify.laws.runner import run_laws
from contrato.verify.modes import Mode
from contrato.verify.rules import RULES
from contrato.verify.session import Session
from contrato.verify.transport import Transport
from foreign import SERVICES, TOKEN, Answer, Foreign, Values, serve

pytestmark = pytest.mark.slow

SIZE = 650


@dataclass
class Long(Foreign):
    """A list of as many records as wanted, each made when it is asked for; a page has 10 of them at most."""

    size: int = SIZE

    def __post_init__(self) -> None:
        self.next_id = 10 * self.size

    def _made(self, number: int) -> Values:
        references = ("company", "apportionment_type", "apportionment_tariff_type", "apportionment_measure_unit")
        ids = (30 + number % 2, 4, 2 + number % 2, 6)
        return {
            "id": number,
            "name": f"Registro {number:08}",
            "description": "Por área",
            "mixed_consumption": False,
            "limit_day": 1,
            "cost_center_ids": [],
            "apportionment_groups_ids": [],
        } | {key: {"id": n, "name": f"{key} {n}"} for key, n in zip(references, ids, strict=True)}

    def _record(self, given: Values) -> Values | None:
        number = given["id"]
        return self.records.get(number) or (self._made(number) if 1 <= number <= self.size else None)

    def list_apportionments(self, given: Values) -> Answer:
        sort, order, text = given.get("_sort", "id"), given.get("_order", "desc"), given.get("_q", "").lower()
        limit, page = min(given.get("_limit", 10), 10), given.get("_page", 1)
        own = sorted((r for r in self.records.values() if text in r["name"].lower()), key=lambda r: r[sort])
        numbers: Any = range(1, self.size + 1)
        if text not in "registro":
            found = re.fullmatch(r"(?:registro )?(\d{8})", text)
            numbers = [int(found[1])] if found and 1 <= int(found[1]) <= self.size else []
        total, asked = len(numbers) + len(own), slice((page - 1) * limit, page * limit)
        # By name, those that the suite creates come before the others or after them.
        early = [r for r in own if sort == "name" and r["name"] < "Registro"]
        late = own[len(early) :]

        def item(place: int) -> Values:
            place = total - 1 - place if order == "desc" else place
            if place < len(early):
                return early[place]
            place -= len(early)
            return self._made(numbers[place]) if place < len(numbers) else late[place - len(numbers)]

        items = [item(n) for n in range(asked.start, min(asked.stop, total))]
        if not items:
            return Answer(204)
        return Answer(body={"items": items, "total": total, "per_page": limit, "current_page": page})


def judge(server: Foreign, *names: str) -> tuple[list[tuple[str, Violation]], list[tuple[str, NotJudged]], Session]:
    """What laws find; all laws when none is named."""
    api = spec.api(server.api)
    found, unsure = [], []
    rules = [rule for name, rule in RULES.items() if rule.layer is Layer.LAW and (name in names or not names)]
    with serve(server) as url:
        transport = Transport(api, url, TOKEN, Mode.UNRESTRICTED)
        session = Session(Discovery(api, transport), seed=1)
        for judgement in run_laws(session, rules):
            found += judgement.unsound
            for finding in judgement.findings:
                if isinstance(finding, Violation):
                    found.append((judgement.rule.name, finding))
                elif isinstance(finding, NotJudged):
                    unsure.append((judgement.rule.name, finding))
    return found, unsure, session


class Forgetful(Long):
    """Does not keep what an update is answered with."""

    def update_apportionment(self, given: Values) -> Answer:
        record = self._record(given)
        return Answer(204) if record is None else super().update_apportionment(given | {"id": self._copy(record)})

    def _copy(self, record: Values) -> int:
        self.records[-1] = dict(record)
        return -1


def test_an_update_that_is_not_kept_is_seen_however_long_the_list_is() -> None:
    found, _, _ = judge(Forgetful("apportionments"), "updated_is_kept")
    assert {name for name, _ in found} == {"updated_is_kept"}


def test_what_is_only_sampled_is_told_and_has_not_passed() -> None:
    server = Long("apportionments")
    found, unsure, session = judge(
        server, "pages_make_the_list", "lists_are_sorted", "created_is_kept", "searches_find"
    )
    assert found == []
    assert [name for name, each in unsure if not each.lasting] == ["pages_make_the_list"]
    assert "pages, of which" in session.sampled["listApportionments"]


def test_a_list_ten_times_as_long_costs_as_many_requests() -> None:
    asked = []
    for size in (SIZE, 10 * SIZE):
        server = Long("apportionments", size=size)
        judge(server, "limits_only_cut", "deleted_is_gone")
        asked.append(len(server.log))
    assert asked[0] > 100
    assert asked[1] < 1.2 * asked[0]


class Bills(Foreign):
    """Many bills, in pages of 20 that do not tell how many there are; those beyond page 60 are those of page 60."""

    last = 5_000
    repeats = True

    def list_bills(self, given: Values) -> Answer:
        page = given.get("Page", 1)
        page = min(page, 60) if self.repeats else page
        bill = self._bills()[0] | {"date": "2019-03-01T05:00:00"}
        numbers = range(20 * page, 20 * page + 20 if page <= self.last else 0)
        rows = [bill | {"id_bill": n, "id_service": SERVICES[n % 3]["id_service"]} for n in numbers]
        return Answer(body=rows)


@pytest.mark.parametrize("repeats", [True, False])
def test_the_end_of_a_list_is_found_though_no_page_tells_it(repeats: bool) -> None:
    server = Bills("neu")
    server.repeats = repeats
    found, unsure, _ = judge(server, "pages_make_the_list")
    assert not [each for _, each in found if each.operation == "listBills"]
    told = [each.reason for _, each in unsure if each.operation == "listBills" and not each.lasting]
    assert f"{60 if repeats else 5000} pages" in told[0]
    assert len(server.log) < 300
