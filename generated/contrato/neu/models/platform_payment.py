from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="PlatformPayment")


@_attrs_define
class PlatformPayment:
    """A payment of a bill through the platform.

    Attributes:
        date (datetime.datetime): When the payment was made.
        method (str): Means of payment. The values are not documented.
        payment_value (float): Amount paid, in Colombian pesos (COP). The capital letter is the source's.
    """

    date: datetime.datetime
    method: str
    payment_value: float
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        date = self.date.isoformat()

        method = self.method

        payment_value = self.payment_value

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "date": date,
                "method": method,
                "payment_Value": payment_value,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        date = datetime.datetime.fromisoformat(d.pop("date"))

        method = d.pop("method")

        payment_value = d.pop("payment_Value")

        platform_payment = cls(
            date=date,
            method=method,
            payment_value=payment_value,
        )

        platform_payment.additional_properties = d
        return platform_payment

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
