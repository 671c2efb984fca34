from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.account_service import AccountService


T = TypeVar("T", bound="Account")


@_attrs_define
class Account:
    """An account of the customer and the services that belong to it.

    Attributes:
        id_account (int): Identifier of the account.
        account_category (str): Category of the account. The values are not documented.
        account_name (str): Name of the account.
        services (list[AccountService]): The services of the account.
    """

    id_account: int
    account_category: str
    account_name: str
    services: list[AccountService]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id_account = self.id_account

        account_category = self.account_category

        account_name = self.account_name

        services = []
        for services_item_data in self.services:
            services_item = services_item_data.to_dict()
            services.append(services_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id_account": id_account,
                "account_category": account_category,
                "account_name": account_name,
                "services": services,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.account_service import AccountService

        d = dict(src_dict)
        id_account = d.pop("id_account")

        account_category = d.pop("account_category")

        account_name = d.pop("account_name")

        services = []
        _services = d.pop("services")
        for services_item_data in _services:
            services_item = AccountService.from_dict(services_item_data)

            services.append(services_item)

        account = cls(
            id_account=id_account,
            account_category=account_category,
            account_name=account_name,
            services=services,
        )

        account.additional_properties = d
        return account

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
