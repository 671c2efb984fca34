from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.apportionment_measure_unit import ApportionmentMeasureUnit
    from ..models.apportionment_tariff_type import ApportionmentTariffType
    from ..models.apportionment_type import ApportionmentType
    from ..models.company import Company


T = TypeVar("T", bound="Apportionment")


@_attrs_define
class Apportionment:
    """A rule that splits the cost of energy over cost centres.

    Attributes:
        id (int): Identifier of the apportionment.
        name (str): Name of the apportionment.
        description (str): What the apportionment is for.
        mixed_consumption (bool): Whether telemetry readings are used to make up the consumption of the period.
        limit_day (int): Limit day for processing the apportionment, taken to be a day of the month.
        company (Company): Company whose cost is split.
        apportionment_type (ApportionmentType): What is split, for instance energy (*Energia*).
        apportionment_tariff_type (ApportionmentTariffType): Tariff that prices the energy, for instance custom
            (*Customizado*), captive or free market.
        apportionment_measure_unit (ApportionmentMeasureUnit): Unit of measure of the quantities that are split, for
            instance MWh.
        cost_center_ids (list[int]): Identifiers of the cost centres.
        apportionment_groups_ids (list[int]): Identifiers of apportionment groups. What a group is, is not documented.
    """

    id: int
    name: str
    description: str
    mixed_consumption: bool
    limit_day: int
    company: Company
    apportionment_type: ApportionmentType
    apportionment_tariff_type: ApportionmentTariffType
    apportionment_measure_unit: ApportionmentMeasureUnit
    cost_center_ids: list[int]
    apportionment_groups_ids: list[int]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        name = self.name

        description = self.description

        mixed_consumption = self.mixed_consumption

        limit_day = self.limit_day

        company = self.company.to_dict()

        apportionment_type = self.apportionment_type.to_dict()

        apportionment_tariff_type = self.apportionment_tariff_type.to_dict()

        apportionment_measure_unit = self.apportionment_measure_unit.to_dict()

        cost_center_ids = self.cost_center_ids

        apportionment_groups_ids = self.apportionment_groups_ids

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "name": name,
                "description": description,
                "mixed_consumption": mixed_consumption,
                "limit_day": limit_day,
                "company": company,
                "apportionment_type": apportionment_type,
                "apportionment_tariff_type": apportionment_tariff_type,
                "apportionment_measure_unit": apportionment_measure_unit,
                "cost_center_ids": cost_center_ids,
                "apportionment_groups_ids": apportionment_groups_ids,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.apportionment_measure_unit import ApportionmentMeasureUnit
        from ..models.apportionment_tariff_type import ApportionmentTariffType
        from ..models.apportionment_type import ApportionmentType
        from ..models.company import Company

        d = dict(src_dict)
        id = d.pop("id")

        name = d.pop("name")

        description = d.pop("description")

        mixed_consumption = d.pop("mixed_consumption")

        limit_day = d.pop("limit_day")

        company = Company.from_dict(d.pop("company"))

        apportionment_type = ApportionmentType.from_dict(d.pop("apportionment_type"))

        apportionment_tariff_type = ApportionmentTariffType.from_dict(d.pop("apportionment_tariff_type"))

        apportionment_measure_unit = ApportionmentMeasureUnit.from_dict(d.pop("apportionment_measure_unit"))

        cost_center_ids = cast(list[int], d.pop("cost_center_ids"))

        apportionment_groups_ids = cast(list[int], d.pop("apportionment_groups_ids"))

        apportionment = cls(
            id=id,
            name=name,
            description=description,
            mixed_consumption=mixed_consumption,
            limit_day=limit_day,
            company=company,
            apportionment_type=apportionment_type,
            apportionment_tariff_type=apportionment_tariff_type,
            apportionment_measure_unit=apportionment_measure_unit,
            cost_center_ids=cost_center_ids,
            apportionment_groups_ids=apportionment_groups_ids,
        )

        apportionment.additional_properties = d
        return apportionment

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
