from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="NeugetTransaction")


@_attrs_define
class NeugetTransaction:
    """A transaction of loyalty points of an account.

    Attributes:
        id_account (int): Identifier of the account.
        date (datetime.datetime): Date of the neugets.
        value (float): Number of neugets.
    """

    id_account: int
    date: datetime.datetime
    value: float
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id_account = self.id_account

        date = self.date.isoformat()

        value = self.value

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id_account": id_account,
                "date": date,
                "value": value,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id_account = d.pop("id_account")

        date = datetime.datetime.fromisoformat(d.pop("date"))

        value = d.pop("value")

        neuget_transaction = cls(
            id_account=id_account,
            date=date,
            value=value,
        )

        neuget_transaction.additional_properties = d
        return neuget_transaction

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
