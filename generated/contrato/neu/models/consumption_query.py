from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.consumption_query_interval import ConsumptionQueryInterval, check_consumption_query_interval
from ..types import UNSET, Unset

T = TypeVar("T", bound="ConsumptionQuery")


@_attrs_define
class ConsumptionQuery:
    """Whose consumption to return, at which interval and over which range of dates.

    Attributes:
        interval (ConsumptionQueryInterval): Length of time that one row of the answer covers, an hour, a day or a
            month.
        from_ (datetime.datetime): Start of the range of dates.
        to (datetime.datetime): End of the range of dates.
        id_account (int | Unset): Identifier of the account whose services are returned. The alternative is
            `Id_services`.
        id_services (list[int] | Unset): Identifiers of one or several services. The alternative is `Id_account`.
    """

    interval: ConsumptionQueryInterval
    from_: datetime.datetime
    to: datetime.datetime
    id_account: int | Unset = UNSET
    id_services: list[int] | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        interval: str = self.interval

        from_ = self.from_.isoformat()

        to = self.to.isoformat()

        id_account = self.id_account

        id_services: list[int] | Unset = UNSET
        if not isinstance(self.id_services, Unset):
            id_services = self.id_services

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "Interval": interval,
                "From": from_,
                "To": to,
            }
        )
        if id_account is not UNSET:
            field_dict["Id_account"] = id_account
        if id_services is not UNSET:
            field_dict["Id_services"] = id_services

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        interval = check_consumption_query_interval(d.pop("Interval"))

        from_ = datetime.datetime.fromisoformat(d.pop("From"))

        to = datetime.datetime.fromisoformat(d.pop("To"))

        id_account = d.pop("Id_account", UNSET)

        id_services = cast(list[int], d.pop("Id_services", UNSET))

        consumption_query = cls(
            interval=interval,
            from_=from_,
            to=to,
            id_account=id_account,
            id_services=id_services,
        )

        consumption_query.additional_properties = d
        return consumption_query

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
