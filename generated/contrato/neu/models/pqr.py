from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="Pqr")


@_attrs_define
class Pqr:
    """A petition, complaint or claim (*petición, queja o reclamo*) that the user filed.

    Attributes:
        message (str): Text of the claim.
        category (str): Area that the claim is about. The values are not documented.
        type_ (str): Type of the claim. The values are not documented.
        date (datetime.datetime): When the claim was filed.
    """

    message: str
    category: str
    type_: str
    date: datetime.datetime
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        message = self.message

        category = self.category

        type_ = self.type_

        date = self.date.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "message": message,
                "category": category,
                "type": type_,
                "date": date,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        message = d.pop("message")

        category = d.pop("category")

        type_ = d.pop("type")

        date = datetime.datetime.fromisoformat(d.pop("date"))

        pqr = cls(
            message=message,
            category=category,
            type_=type_,
            date=date,
        )

        pqr.additional_properties = d
        return pqr

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
