from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="OverdueBill")


@_attrs_define
class OverdueBill:
    """A bill past its due date.

    Attributes:
        id_bill (str): Payment reference of the bill, as a string here and as a number everywhere else.
        due_date (datetime.datetime): Date on which the payment was due.
        days (float): Days that the payment is overdue.
    """

    id_bill: str
    due_date: datetime.datetime
    days: float
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id_bill = self.id_bill

        due_date = self.due_date.isoformat()

        days = self.days

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id_bill": id_bill,
                "due_date": due_date,
                "days": days,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id_bill = d.pop("id_bill")

        due_date = datetime.datetime.fromisoformat(d.pop("due_date"))

        days = d.pop("days")

        overdue_bill = cls(
            id_bill=id_bill,
            due_date=due_date,
            days=days,
        )

        overdue_bill.additional_properties = d
        return overdue_bill

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
