from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="Rule")


@_attrs_define
class Rule:
    """An alarm rule on a measured property of a service.

    Attributes:
        id_alarm (int): Identifier of the rule. The history spells it `Id_alarm`.
        project (str): Name of the project (*proyecto*) that the rule watches, taken to be a service's.
        creation_date (datetime.datetime): When the rule was created.
        property_name (str): Name of the measured property that the rule watches. The values are not documented.
        rule_interval (str): Interval over which the property is measured. The values are not documented.
        rule_name (str): Name of the rule.
        limit_value (float): Limit that the property is held against, in the property's own unit.
        monday (bool): Whether the rule applies on Mondays.
        tuesday (bool): Whether the rule applies on Tuesdays.
        wednesday (bool): Whether the rule applies on Wednesdays.
        thursday (bool): Whether the rule applies on Thursdays.
        friday (bool): Whether the rule applies on Fridays.
        saturday (bool): Whether the rule applies on Saturdays.
        sunday (bool): Whether the rule applies on Sundays.
        active (bool): Whether the rule is active.
    """

    id_alarm: int
    project: str
    creation_date: datetime.datetime
    property_name: str
    rule_interval: str
    rule_name: str
    limit_value: float
    monday: bool
    tuesday: bool
    wednesday: bool
    thursday: bool
    friday: bool
    saturday: bool
    sunday: bool
    active: bool
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id_alarm = self.id_alarm

        project = self.project

        creation_date = self.creation_date.isoformat()

        property_name = self.property_name

        rule_interval = self.rule_interval

        rule_name = self.rule_name

        limit_value = self.limit_value

        monday = self.monday

        tuesday = self.tuesday

        wednesday = self.wednesday

        thursday = self.thursday

        friday = self.friday

        saturday = self.saturday

        sunday = self.sunday

        active = self.active

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id_alarm": id_alarm,
                "project": project,
                "creation_date": creation_date,
                "property_name": property_name,
                "rule_interval": rule_interval,
                "rule_name": rule_name,
                "limit_value": limit_value,
                "monday": monday,
                "tuesday": tuesday,
                "wednesday": wednesday,
                "thursday": thursday,
                "friday": friday,
                "saturday": saturday,
                "sunday": sunday,
                "active": active,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id_alarm = d.pop("id_alarm")

        project = d.pop("project")

        creation_date = datetime.datetime.fromisoformat(d.pop("creation_date"))

        property_name = d.pop("property_name")

        rule_interval = d.pop("rule_interval")

        rule_name = d.pop("rule_name")

        limit_value = d.pop("limit_value")

        monday = d.pop("monday")

        tuesday = d.pop("tuesday")

        wednesday = d.pop("wednesday")

        thursday = d.pop("thursday")

        friday = d.pop("friday")

        saturday = d.pop("saturday")

        sunday = d.pop("sunday")

        active = d.pop("active")

        rule = cls(
            id_alarm=id_alarm,
            project=project,
            creation_date=creation_date,
            property_name=property_name,
            rule_interval=rule_interval,
            rule_name=rule_name,
            limit_value=limit_value,
            monday=monday,
            tuesday=tuesday,
            wednesday=wednesday,
            thursday=thursday,
            friday=friday,
            saturday=saturday,
            sunday=sunday,
            active=active,
        )

        rule.additional_properties = d
        return rule

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
