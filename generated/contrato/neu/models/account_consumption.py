from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.reading import Reading


T = TypeVar("T", bound="AccountConsumption")


@_attrs_define
class AccountConsumption:
    """The readings of an account's services.

    Attributes:
        id_account (int): Identifier of the account.
        account_name (str): Name of the account.
        data (list[Reading]): Readings, one per service and interval.
    """

    id_account: int
    account_name: str
    data: list[Reading]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id_account = self.id_account

        account_name = self.account_name

        data = []
        for data_item_data in self.data:
            data_item = data_item_data.to_dict()
            data.append(data_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id_account": id_account,
                "account_name": account_name,
                "data": data,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.reading import Reading

        d = dict(src_dict)
        id_account = d.pop("id_account")

        account_name = d.pop("account_name")

        data = []
        _data = d.pop("data")
        for data_item_data in _data:
            data_item = Reading.from_dict(data_item_data)

            data.append(data_item)

        account_consumption = cls(
            id_account=id_account,
            account_name=account_name,
            data=data,
        )

        account_consumption.additional_properties = d
        return account_consumption

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
