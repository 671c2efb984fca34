from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="UsedNeuget")


@_attrs_define
class UsedNeuget:
    """Loyalty points that an account spent on a bill.

    Attributes:
        id_account (int): Identifier of the account.
        id_bill (int): Identifier of the bill that was paid.
        date (datetime.datetime): Date on which the bill was paid.
        value (float): Number of neugets spent on the bill.
    """

    id_account: int
    id_bill: int
    date: datetime.datetime
    value: float
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id_account = self.id_account

        id_bill = self.id_bill

        date = self.date.isoformat()

        value = self.value

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id_account": id_account,
                "id_bill": id_bill,
                "date": date,
                "value": value,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id_account = d.pop("id_account")

        id_bill = d.pop("id_bill")

        date = datetime.datetime.fromisoformat(d.pop("date"))

        value = d.pop("value")

        used_neuget = cls(
            id_account=id_account,
            id_bill=id_bill,
            date=date,
            value=value,
        )

        used_neuget.additional_properties = d
        return used_neuget

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
