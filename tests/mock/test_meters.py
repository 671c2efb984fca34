"""The bundled server's meters: hours add up, and a person believes them."""

import math
from datetime import datetime
from itertools import pairwise

import pytest

from bundled import EVER, OPERATIONS, Client, Json, milli, readings
from contrato.mock.meters import PERIODS


def test_intervals_are_those_of_the_spec() -> None:
    assert tuple(PERIODS) == OPERATIONS["queryConsumption"].parameter("Interval").schema.enum


ENERGIES = ["cons", "injec", "reactive_in", "reactive_in_ex", "reactive_cap", "reactive_ex"]
REGISTERS = {
    "imported_active_acum": "cons",
    "imported_reactive_acum": "reactive_in",
    "exported_active_acum": "injec",
    "exported_reactive_acum": "reactive_cap",
}
PHASES = ["ia", "ib", "ic", "va", "vb", "vc"]


@pytest.mark.slow
@pytest.mark.parametrize(("coarse", "length"), [("DAILY", 10), ("MONTHLY", 7)])
def test_hours_add_up(mock: Client, coarse: str, length: int) -> None:
    hourly, added = readings(mock, "HOURLY"), readings(mock, coarse)
    assert len(hourly) == 10
    assert hourly.keys() == added.keys()
    for service, rows in hourly.items():
        periods: dict[str, list[Json]] = {}
        for row in rows:
            periods.setdefault(row["date"][:length], []).append(row)
        assert [row["date"][:length] for row in added[service]] == list(periods)
        for row, hours in zip(added[service], periods.values(), strict=True):
            for name in ENERGIES:
                assert milli(row[name]) == sum(milli(hour[name]) for hour in hours)
            for name in REGISTERS:
                assert row[name] == hours[-1][name]
            for name in PHASES:
                mean = math.fsum(hour[name] for hour in hours) / len(hours)
                assert row[name] == pytest.approx(mean, abs=0.00051)


@pytest.mark.slow
def test_hours_are_complete_and_physical(mock: Client) -> None:
    for rows in readings(mock, "HOURLY").values():
        dates = [datetime.fromisoformat(row["date"]) for row in rows]
        assert len(dates) == 60 * 24
        assert all((b - a).total_seconds() == 3600 for a, b in pairwise(dates))
        for before, row in pairwise(rows):
            for register, energy in REGISTERS.items():
                assert milli(row[register]) == milli(before[register]) + milli(row[energy])
        for row in rows:
            cons, inductive = milli(row["cons"]), milli(row["reactive_in"])
            assert milli(row["reactive_in_ex"]) == max(0, inductive - cons // 2)
            assert cons % 2 == 0
            assert milli(row["reactive_ex"]) == milli(row["reactive_in_ex"]) + milli(row["reactive_cap"])
            assert all(115 < row[name] < 132 for name in ("va", "vb", "vc"))
            power = row["ia"] * row["va"] + row["ib"] * row["vb"] + row["ic"] * row["vc"]
            active, reactive = row["cons"] - row["injec"], row["reactive_in"] - row["reactive_cap"]
            assert power / 1000 == pytest.approx(math.hypot(active, reactive), rel=0.01, abs=0.002)


@pytest.mark.slow
def test_a_person_believes_the_load(mock: Client) -> None:
    services = {s["id_service"]: s for s in mock.get("listServices")}
    hourly, daily = readings(mock, "HOURLY"), readings(mock, "DAILY")
    exporting = {i for i, rows in hourly.items() if any(row["injec"] for row in rows)}
    assert [services[i]["type_service"] for i in exporting] == ["Energía solar"]
    (solar,) = exporting
    hours = {int(row["date"][11:13]) for row in hourly[solar] if row["injec"]}
    assert hours
    assert hours <= set(range(6, 18))
    for service, rows in daily.items():
        name = services[service]["name"]
        by_day: dict[int, list[float]] = {}
        for row in rows:
            by_day.setdefault(datetime.fromisoformat(row["date"]).weekday(), []).append(row["cons"])
        sunday, wednesday = (sum(by_day[day]) / len(by_day[day]) for day in (6, 2))
        if name.startswith(("Oficina", "Administración")):
            assert sunday < wednesday / 2
        if name.startswith(("Apartamento", "Casa")):
            assert sunday > wednesday
            night, evening = (
                sum(r["cons"] for r in hourly[service] if r["date"][11:13] == hour) for hour in ("03", "20")
            )
            assert evening > 2 * night
    backups = {i for i, rows in hourly.items() if any(row["is_backup"] for row in rows)}
    assert len(backups) == 1
    assert all(row["is_backup"] for i in backups for row in hourly[i])
    assert all(not row["is_backup"] for i in hourly.keys() - backups for row in hourly[i])
    (backup,) = backups
    (main,) = (i for i in hourly if f"{services[i]['name']}, respaldo" == services[backup]["name"])
    for row, other in zip(hourly[main], hourly[backup], strict=True):
        assert row["cons"] == pytest.approx(other["cons"], rel=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("interval", PERIODS)
def test_adjoining_ranges_make_their_union(mock: Client, interval: str) -> None:
    # The seam cuts an hour, a day and a month.
    seam = "2020-02-11T10:30:00"
    whole = readings(mock, interval)
    parts = readings(mock, interval, To=seam), readings(mock, interval, From=seam)
    assert whole == {service: parts[0][service] + parts[1][service] for service in whole}
    assert all(parts[0].values())
    assert all(parts[1].values())


@pytest.mark.parametrize(
    ("same", "other"),
    [("2020-02-01T05:00:00Z", "2020-02-01T00:00:00Z"), ("2020-02-01T00:00:00-05:00", "2020-02-01T00:00:00+05:00")],
)
def test_offsets_are_converted_to_local_time(mock: Client, same: str, other: str) -> None:
    until = "2020-02-03T00:00:00"
    expected = readings(mock, "HOURLY", To=until)
    assert readings(mock, "HOURLY", From=same, To=until) == expected
    assert readings(mock, "HOURLY", From=other, To=until) != expected


@pytest.mark.slow
@pytest.mark.parametrize("interval", PERIODS)
def test_consumption_of_a_thousand_years_is_that_of_two(mock: Client, interval: str) -> None:
    service = mock.get("listServices")[0]["id_service"]
    rows = readings(mock, interval, Id_services=[service], **EVER)
    count = {"HOURLY": 731 * 24, "DAILY": 731, "MONTHLY": 24}[interval]
    dates = [row["date"] for row in rows[service]]
    assert len(dates) == count
    assert dates == sorted(set(dates))
