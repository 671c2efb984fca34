from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="BillConcept")


@_attrs_define
class BillConcept:
    """One item of a bill.

    Attributes:
        concept (str): Name of the item, for instance active energy or a contribution.
        quantity (float): Quantity billed. Its unit depends on the item and is not documented.
        unit_value (float): Price of one unit, in Colombian pesos (COP).
        total (float): Amount of the item, in Colombian pesos (COP).
        asic_code (str): Code of the meter's border with the market operator ASIC.
    """

    concept: str
    quantity: float
    unit_value: float
    total: float
    asic_code: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        concept = self.concept

        quantity = self.quantity

        unit_value = self.unit_value

        total = self.total

        asic_code = self.asic_code

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "concept": concept,
                "quantity": quantity,
                "unit_value": unit_value,
                "total": total,
                "asic_code": asic_code,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        concept = d.pop("concept")

        quantity = d.pop("quantity")

        unit_value = d.pop("unit_value")

        total = d.pop("total")

        asic_code = d.pop("asic_code")

        bill_concept = cls(
            concept=concept,
            quantity=quantity,
            unit_value=unit_value,
            total=total,
            asic_code=asic_code,
        )

        bill_concept.additional_properties = d
        return bill_concept

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
