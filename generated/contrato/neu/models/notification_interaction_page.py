from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.notification_interaction import NotificationInteraction


T = TypeVar("T", bound="NotificationInteractionPage")


@_attrs_define
class NotificationInteractionPage:
    """One page of interactions with notifications.

    Attributes:
        next_page (int | None): Number of the next page; null on the last one.
        max_page (int): Number of the last page.
        total (int): Number of interactions on all pages together.
        data (list[NotificationInteraction]): The interactions of this page.
    """

    next_page: int | None
    max_page: int
    total: int
    data: list[NotificationInteraction]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        next_page: int | None
        next_page = self.next_page

        max_page = self.max_page

        total = self.total

        data = []
        for data_item_data in self.data:
            data_item = data_item_data.to_dict()
            data.append(data_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "nextPage": next_page,
                "maxPage": max_page,
                "total": total,
                "data": data,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.notification_interaction import NotificationInteraction

        d = dict(src_dict)

        def _parse_next_page(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        next_page = _parse_next_page(d.pop("nextPage"))

        max_page = d.pop("maxPage")

        total = d.pop("total")

        data = []
        _data = d.pop("data")
        for data_item_data in _data:
            data_item = NotificationInteraction.from_dict(data_item_data)

            data.append(data_item)

        notification_interaction_page = cls(
            next_page=next_page,
            max_page=max_page,
            total=total,
            data=data,
        )

        notification_interaction_page.additional_properties = d
        return notification_interaction_page

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
