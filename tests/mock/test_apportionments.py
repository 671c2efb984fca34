"""The bundled server's apportionments: their life, lists and refusals."""

import pytest

from bundled import OPERATIONS, Client, Json, arguments, rateios
from contrato.core import spec
from contrato.mock import apportionments


def test_forty_rateios_in_pages(mock: Client) -> None:
    assert len(rateios(mock)) == 40
    for limit in (7, 10, 40):
        joined: list[Json] = []
        for number in range(1, -(-40 // limit) + 1):
            page = mock.get("listApportionments", _limit=limit, _page=number)
            assert (page["total"], page["per_page"], page["current_page"]) == (40, limit, number)
            joined += page["items"]
        assert joined == rateios(mock)
    assert mock.get("listApportionments") == {
        "items": rateios(mock)[:10], "total": 40, "per_page": 10, "current_page": 1
    }  # fmt: skip
    for named in ({"_page": 5}, {"_page": 0}, {"_page": -3}, {"_limit": 0}, {"_limit": -1}, {"_q": "xyzzy"}):
        assert mock.call("listApportionments", **named).status_code == 204
    assert len(rateios(mock, _limit=10**400)) == 40


def test_order_and_search_of_rateios(mock: Client) -> None:
    for field in ("id", "name"):
        ascending = rateios(mock, _sort=field, _order="asc")
        assert ascending == sorted(ascending, key=lambda item: (item[field], item["id"]))
        assert rateios(mock, _sort=field, _order="desc") == ascending[::-1]
    assert [item["id"] for item in rateios(mock)] == sorted((i["id"] for i in rateios(mock)), reverse=True)
    for word in (rateios(mock)[0]["company"]["name"].split()[1], rateios(mock)[0]["description"].split()[0]):
        found = rateios(mock, _q=word.upper())
        assert 0 < len(found) < 40
        assert found == [r for r in rateios(mock) if word in r["name"] or word in r["description"]]
    assert rateios(mock, _q="") == rateios(mock)


def test_life_of_a_rateio(fresh: Client) -> None:
    before = rateios(fresh)
    body = arguments(fresh)["createApportionment"]
    response = fresh.call("createApportionment", {"id": 1, "unknown": [1]}, **body)
    assert response.status_code == 201
    made = response.json()
    assert made["id"] == max(item["id"] for item in before) + 1
    assert (made["mixed_consumption"], made["limit_day"]) == (False, 1)
    for name in ("name", "description"):
        assert made[name] == body[name]
    for name in ("company", "apportionment_type", "apportionment_tariff_type", "apportionment_measure_unit"):
        assert made[name] == before[0][name]
    assert fresh.get("getApportionment", id=made["id"]) == made
    assert rateios(fresh) == [made, *before]

    assert fresh.get("updateApportionment", id=made["id"]) == made
    for change in ({"name": "Á"}, {"description": ""}, {"mixed_consumption": True}, {"limit_day": 31}):
        made |= change
        assert fresh.get("updateApportionment", {"id": 9, "company_id": 9}, **change, id=made["id"]) == made
        assert fresh.get("getApportionment", id=made["id"]) == made
    assert rateios(fresh) == [made, *before]

    for _ in range(2):
        assert fresh.call("deleteApportionment", id=made["id"]).status_code == 204
        assert fresh.call("getApportionment", id=made["id"]).status_code == 204
        assert fresh.call("updateApportionment", name="x", id=made["id"]).status_code == 204
        assert rateios(fresh) == before
    again = fresh.get("createApportionment", **body, limit_day=7.0)
    assert again["id"] > made["id"]
    assert repr(again["limit_day"]) == "7"


def test_tariffs_ask_something_of_the_company(fresh: Client) -> None:
    template = arguments(fresh)["createApportionment"]
    listed = rateios(fresh)
    companies = {item["company"]["id"] for item in listed}
    tariffs = {item["apportionment_tariff_type"]["name"]: item["apportionment_tariff_type"]["id"] for item in listed}
    assert len(tariffs) == 3
    refused: dict[str, set[int]] = {}
    for tariff, tariff_id in tariffs.items():
        for company in companies:
            body = {**template, "company_id": company, "apportionment_tariff_type_id": tariff_id}
            response = fresh.call("createApportionment", **body)
            if response.status_code == 422:
                assert list(response.json()) == ["apportionment_tariff_type_id"]
                refused.setdefault(tariff, set()).add(company)
                mine = next(item for item in listed if item["company"]["id"] == company)
                change = {"apportionment_tariff_type_id": tariff_id, "name": "never"}
                response = fresh.call("updateApportionment", **change, id=mine["id"])
                assert (response.status_code, list(response.json())) == (422, ["apportionment_tariff_type_id"])
                assert fresh.get("getApportionment", id=mine["id"]) == mine
            else:
                assert response.json()["apportionment_tariff_type"] == {"id": tariff_id, "name": tariff}
    assert refused.keys() == {apportionments.CAPTIVE, apportionments.FREE}
    assert refused[apportionments.CAPTIVE].isdisjoint(refused[apportionments.FREE])
    for item in listed:
        assert item["company"]["id"] not in refused.get(item["apportionment_tariff_type"]["name"], set())


REFUSED_BODIES = [
    ({"company_id": 10**400}, ["company_id"]),
    ({"company_id": True}, ["company_id"]),
    ({"company_id": "1"}, ["company_id"]),
    ({"company_id": None, "name": None}, ["company_id", "name"]),
    ({"apportionment_type_id": -1, "apportionment_measure_unit_id": 0}, None),
    ({"apportionment_tariff_type_id": 999}, ["apportionment_tariff_type_id"]),
    ({"mixed_consumption": 0}, ["mixed_consumption"]),
    ({"limit_day": 0}, ["limit_day"]),
    ({"limit_day": 32}, ["limit_day"]),
    ({"limit_day": 1.5}, ["limit_day"]),
    ({"limit_day": 10**400}, ["limit_day"]),
    ({"description": []}, ["description"]),
]


@pytest.mark.parametrize(("change", "fields"), REFUSED_BODIES)
def test_refused_creates_name_the_fields(fresh: Client, change: Json, fields: list[str] | None) -> None:
    body = arguments(fresh)["createApportionment"]
    response = fresh.call("createApportionment", **body | change)
    assert response.status_code == 422
    assert sorted(response.json()) == sorted(fields or change)
    assert len(rateios(fresh)) == 40
    assert rateios(fresh, _limit=1)[0]["id"] == fresh.get("createApportionment", **body)["id"] - 1


def test_missing_fields_are_all_named(mock: Client) -> None:
    required = [parameter.name for parameter in OPERATIONS["createApportionment"].parameters if parameter.required]
    response = mock.call("createApportionment")
    assert (response.status_code, sorted(response.json())) == (422, sorted(required))


def test_messages_are_the_documented_ones(mock: Client) -> None:
    example = spec.api("apportionments").example
    wrong = {"_sort": "company", "_order": "", "_limit": "ten", "_page": "1.5"}
    response = mock.call("listApportionments", **wrong)
    assert response.status_code == 422
    assert response.json() == example("BadListParameters")
    (messages,) = example("CompanyWithoutContract").values()
    tariff = next(
        item["apportionment_tariff_type"]["id"]
        for item in rateios(mock)
        if item["apportionment_tariff_type"]["name"] == apportionments.FREE
    )
    found = []
    for item in rateios(mock):
        response = mock.call("updateApportionment", apportionment_tariff_type_id=tariff, id=item["id"])
        if response.status_code == 422:
            found.append(response.json()["apportionment_tariff_type_id"])
    assert found
    assert all(answer == messages for answer in found)


def test_records_are_limited(fresh: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apportionments, "CAPACITY", 41)
    body = arguments(fresh)["createApportionment"]
    assert [fresh.call("createApportionment", **body).status_code for _ in range(3)] == [201, 422, 422]
    assert len(rateios(fresh)) == 41
