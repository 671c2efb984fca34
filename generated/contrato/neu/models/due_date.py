from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="DueDate")


@_attrs_define
class DueDate:
    """The date until which a bill is to be paid.

    Attributes:
        service (str): Name of the service.
        id_bill (int): Payment reference of the bill.
        id_service (int): Identifier of the service.
        date_expiration (datetime.datetime): Date until which the bill is to be paid.
    """

    service: str
    id_bill: int
    id_service: int
    date_expiration: datetime.datetime
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        service = self.service

        id_bill = self.id_bill

        id_service = self.id_service

        date_expiration = self.date_expiration.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "service": service,
                "id_bill": id_bill,
                "id_service": id_service,
                "date_expiration": date_expiration,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        service = d.pop("service")

        id_bill = d.pop("id_bill")

        id_service = d.pop("id_service")

        date_expiration = datetime.datetime.fromisoformat(d.pop("date_expiration"))

        due_date = cls(
            service=service,
            id_bill=id_bill,
            id_service=id_service,
            date_expiration=date_expiration,
        )

        due_date.additional_properties = d
        return due_date

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
