from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="NotificationInteraction")


@_attrs_define
class NotificationInteraction:
    """A notification that a user interacted with.

    Attributes:
        interaction_date (datetime.datetime): When the user interacted with the notification.
        date (datetime.datetime): Date of the notification.
        title (str): Title of the notification.
        text (str): Text of the notification.
        read (bool): Whether the notification was read.
        name (str | Unset): First and last name of the user. The table lists it, the shape shown does not; so it may be
            absent.
    """

    interaction_date: datetime.datetime
    date: datetime.datetime
    title: str
    text: str
    read: bool
    name: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        interaction_date = self.interaction_date.isoformat()

        date = self.date.isoformat()

        title = self.title

        text = self.text

        read = self.read

        name = self.name

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "interaction_date": interaction_date,
                "date": date,
                "title": title,
                "text": text,
                "read": read,
            }
        )
        if name is not UNSET:
            field_dict["name"] = name

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        interaction_date = datetime.datetime.fromisoformat(d.pop("interaction_date"))

        date = datetime.datetime.fromisoformat(d.pop("date"))

        title = d.pop("title")

        text = d.pop("text")

        read = d.pop("read")

        name = d.pop("name", UNSET)

        notification_interaction = cls(
            interaction_date=interaction_date,
            date=date,
            title=title,
            text=text,
            read=read,
            name=name,
        )

        notification_interaction.additional_properties = d
        return notification_interaction

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
