from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.apportionment import Apportionment


T = TypeVar("T", bound="ApportionmentPage")


@_attrs_define
class ApportionmentPage:
    """One page of apportionments.

    Attributes:
        items (list[Apportionment]): The apportionments of this page.
        total (int): Number of apportionments on all pages together.
        per_page (int): Number of items that a full page holds.
        current_page (int): Number of this page, counted from 1.
    """

    items: list[Apportionment]
    total: int
    per_page: int
    current_page: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        items = []
        for items_item_data in self.items:
            items_item = items_item_data.to_dict()
            items.append(items_item)

        total = self.total

        per_page = self.per_page

        current_page = self.current_page

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "items": items,
                "total": total,
                "per_page": per_page,
                "current_page": current_page,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.apportionment import Apportionment

        d = dict(src_dict)
        items = []
        _items = d.pop("items")
        for items_item_data in _items:
            items_item = Apportionment.from_dict(items_item_data)

            items.append(items_item)

        total = d.pop("total")

        per_page = d.pop("per_page")

        current_page = d.pop("current_page")

        apportionment_page = cls(
            items=items,
            total=total,
            per_page=per_page,
            current_page=current_page,
        )

        apportionment_page.additional_properties = d
        return apportionment_page

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
