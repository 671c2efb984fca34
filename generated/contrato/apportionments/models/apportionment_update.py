from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="ApportionmentUpdate")


@_attrs_define
class ApportionmentUpdate:
    """The fields of an apportionment to change. A field that is left out keeps its value.

    Attributes:
        apportionment_tariff_type_id (int | Unset): Identifier of the tariff type. Captive and free market set a
            condition on the company.
        name (str | Unset): Name of the apportionment.
        description (str | Unset): What the apportionment is for.
        mixed_consumption (bool | Unset): Whether telemetry readings are used to make up the consumption of the period.
        limit_day (int | Unset): Limit day for processing the apportionment, taken to be a day of the month. No bounds
            are documented.
    """

    apportionment_tariff_type_id: int | Unset = UNSET
    name: str | Unset = UNSET
    description: str | Unset = UNSET
    mixed_consumption: bool | Unset = UNSET
    limit_day: int | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        apportionment_tariff_type_id = self.apportionment_tariff_type_id

        name = self.name

        description = self.description

        mixed_consumption = self.mixed_consumption

        limit_day = self.limit_day

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if apportionment_tariff_type_id is not UNSET:
            field_dict["apportionment_tariff_type_id"] = apportionment_tariff_type_id
        if name is not UNSET:
            field_dict["name"] = name
        if description is not UNSET:
            field_dict["description"] = description
        if mixed_consumption is not UNSET:
            field_dict["mixed_consumption"] = mixed_consumption
        if limit_day is not UNSET:
            field_dict["limit_day"] = limit_day

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        apportionment_tariff_type_id = d.pop("apportionment_tariff_type_id", UNSET)

        name = d.pop("name", UNSET)

        description = d.pop("description", UNSET)

        mixed_consumption = d.pop("mixed_consumption", UNSET)

        limit_day = d.pop("limit_day", UNSET)

        apportionment_update = cls(
            apportionment_tariff_type_id=apportionment_tariff_type_id,
            name=name,
            description=description,
            mixed_consumption=mixed_consumption,
            limit_day=limit_day,
        )

        apportionment_update.additional_properties = d
        return apportionment_update

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
