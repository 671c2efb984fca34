from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="Service")


@_attrs_define
class Service:
    """A point of supply with the account that it belongs to.

    Attributes:
        id_service (int): Identifier of the service.
        id_account (int): Identifier of the account that the service belongs to.
        account_name (str): Name of the account that the service belongs to.
        type_service (str): Type of the service. The values are not documented.
        name (str): Name of the service.
        address (str): Address of the point of supply.
    """

    id_service: int
    id_account: int
    account_name: str
    type_service: str
    name: str
    address: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id_service = self.id_service

        id_account = self.id_account

        account_name = self.account_name

        type_service = self.type_service

        name = self.name

        address = self.address

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id_service": id_service,
                "id_account": id_account,
                "account_name": account_name,
                "type_service": type_service,
                "name": name,
                "address": address,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id_service = d.pop("id_service")

        id_account = d.pop("id_account")

        account_name = d.pop("account_name")

        type_service = d.pop("type_service")

        name = d.pop("name")

        address = d.pop("address")

        service = cls(
            id_service=id_service,
            id_account=id_account,
            account_name=account_name,
            type_service=type_service,
            name=name,
            address=address,
        )

        service.additional_properties = d
        return service

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
