from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="ApportionmentCreate")


@_attrs_define
class ApportionmentCreate:
    """A new apportionment.

    Attributes:
        company_id (int): Identifier of the company whose cost is split.
        apportionment_type_id (int): Identifier of the apportionment type.
        apportionment_tariff_type_id (int): Identifier of the tariff type. Captive and free market set a condition on
            the company.
        apportionment_measure_unit_id (int): Identifier of the unit of measure.
        name (str): Name of the apportionment.
        description (str): What the apportionment is for.
        mixed_consumption (bool | Unset): Whether telemetry readings are used to make up the consumption of the period.
            No default is documented.
        limit_day (int | Unset): Limit day for processing the apportionment, taken to be a day of the month. Neither a
            default nor bounds are documented.
    """

    company_id: int
    apportionment_type_id: int
    apportionment_tariff_type_id: int
    apportionment_measure_unit_id: int
    name: str
    description: str
    mixed_consumption: bool | Unset = UNSET
    limit_day: int | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        company_id = self.company_id

        apportionment_type_id = self.apportionment_type_id

        apportionment_tariff_type_id = self.apportionment_tariff_type_id

        apportionment_measure_unit_id = self.apportionment_measure_unit_id

        name = self.name

        description = self.description

        mixed_consumption = self.mixed_consumption

        limit_day = self.limit_day

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "company_id": company_id,
                "apportionment_type_id": apportionment_type_id,
                "apportionment_tariff_type_id": apportionment_tariff_type_id,
                "apportionment_measure_unit_id": apportionment_measure_unit_id,
                "name": name,
                "description": description,
            }
        )
        if mixed_consumption is not UNSET:
            field_dict["mixed_consumption"] = mixed_consumption
        if limit_day is not UNSET:
            field_dict["limit_day"] = limit_day

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        company_id = d.pop("company_id")

        apportionment_type_id = d.pop("apportionment_type_id")

        apportionment_tariff_type_id = d.pop("apportionment_tariff_type_id")

        apportionment_measure_unit_id = d.pop("apportionment_measure_unit_id")

        name = d.pop("name")

        description = d.pop("description")

        mixed_consumption = d.pop("mixed_consumption", UNSET)

        limit_day = d.pop("limit_day", UNSET)

        apportionment_create = cls(
            company_id=company_id,
            apportionment_type_id=apportionment_type_id,
            apportionment_tariff_type_id=apportionment_tariff_type_id,
            apportionment_measure_unit_id=apportionment_measure_unit_id,
            name=name,
            description=description,
            mixed_consumption=mixed_consumption,
            limit_day=limit_day,
        )

        apportionment_create.additional_properties = d
        return apportionment_create

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
