from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="Reading")


@_attrs_define
class Reading:
    """What one service's meter measured in one hour, day or month.

    Attributes:
        id_service (int): Identifier of the service.
        name (str): Name of the service.
        is_backup (bool): Whether the meter is a backup meter.
        date (datetime.datetime): Date and time of the interval. That it is the interval's start is not documented.
        cons (float): Active energy consumed, in kWh.
        injec (float): Active energy injected into the grid (*excedentes*), in kWh.
        reactive_in (float): Inductive reactive energy, in kVArh.
        reactive_in_ex (float): Inductive reactive energy in excess, in kVArh.
        reactive_cap (float): Capacitive reactive energy, in kVArh.
        reactive_ex (float): Reactive energy in excess, in kVArh.
        imported_active_acum (float): Accumulated active energy imported, in kWh.
        imported_reactive_acum (float): Accumulated reactive energy imported, in kVArh.
        exported_active_acum (float): Accumulated active energy exported, in kWh.
        exported_reactive_acum (float): Accumulated reactive energy exported, in kVArh.
        ia (float): Current in phase A, in amperes (A).
        ib (float): Current in phase B, in amperes (A).
        ic (float): Current in phase C, in amperes (A).
        va (float): Voltage in phase A, in volts (V).
        vb (float): Voltage in phase B, in volts (V).
        vc (float): Voltage in phase C, in volts (V).
    """

    id_service: int
    name: str
    is_backup: bool
    date: datetime.datetime
    cons: float
    injec: float
    reactive_in: float
    reactive_in_ex: float
    reactive_cap: float
    reactive_ex: float
    imported_active_acum: float
    imported_reactive_acum: float
    exported_active_acum: float
    exported_reactive_acum: float
    ia: float
    ib: float
    ic: float
    va: float
    vb: float
    vc: float
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id_service = self.id_service

        name = self.name

        is_backup = self.is_backup

        date = self.date.isoformat()

        cons = self.cons

        injec = self.injec

        reactive_in = self.reactive_in

        reactive_in_ex = self.reactive_in_ex

        reactive_cap = self.reactive_cap

        reactive_ex = self.reactive_ex

        imported_active_acum = self.imported_active_acum

        imported_reactive_acum = self.imported_reactive_acum

        exported_active_acum = self.exported_active_acum

        exported_reactive_acum = self.exported_reactive_acum

        ia = self.ia

        ib = self.ib

        ic = self.ic

        va = self.va

        vb = self.vb

        vc = self.vc

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id_service": id_service,
                "name": name,
                "is_backup": is_backup,
                "date": date,
                "cons": cons,
                "injec": injec,
                "reactive_in": reactive_in,
                "reactive_in_ex": reactive_in_ex,
                "reactive_cap": reactive_cap,
                "reactive_ex": reactive_ex,
                "imported_active_acum": imported_active_acum,
                "imported_reactive_acum": imported_reactive_acum,
                "exported_active_acum": exported_active_acum,
                "exported_reactive_acum": exported_reactive_acum,
                "ia": ia,
                "ib": ib,
                "ic": ic,
                "va": va,
                "vb": vb,
                "vc": vc,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id_service = d.pop("id_service")

        name = d.pop("name")

        is_backup = d.pop("is_backup")

        date = datetime.datetime.fromisoformat(d.pop("date"))

        cons = d.pop("cons")

        injec = d.pop("injec")

        reactive_in = d.pop("reactive_in")

        reactive_in_ex = d.pop("reactive_in_ex")

        reactive_cap = d.pop("reactive_cap")

        reactive_ex = d.pop("reactive_ex")

        imported_active_acum = d.pop("imported_active_acum")

        imported_reactive_acum = d.pop("imported_reactive_acum")

        exported_active_acum = d.pop("exported_active_acum")

        exported_reactive_acum = d.pop("exported_reactive_acum")

        ia = d.pop("ia")

        ib = d.pop("ib")

        ic = d.pop("ic")

        va = d.pop("va")

        vb = d.pop("vb")

        vc = d.pop("vc")

        reading = cls(
            id_service=id_service,
            name=name,
            is_backup=is_backup,
            date=date,
            cons=cons,
            injec=injec,
            reactive_in=reactive_in,
            reactive_in_ex=reactive_in_ex,
            reactive_cap=reactive_cap,
            reactive_ex=reactive_ex,
            imported_active_acum=imported_active_acum,
            imported_reactive_acum=imported_reactive_acum,
            exported_active_acum=exported_active_acum,
            exported_reactive_acum=exported_reactive_acum,
            ia=ia,
            ib=ib,
            ic=ic,
            va=va,
            vb=vb,
            vc=vc,
        )

        reading.additional_properties = d
        return reading

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
