from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.rule_history_event import RuleHistoryEvent


T = TypeVar("T", bound="RuleHistory")


@_attrs_define
class RuleHistory:
    """A rule and the times at which it was met.

    Attributes:
        id_alarm (int): Identifier of the rule. The list of active rules spells it `id_alarm`.
        project (str): Name of the project (*proyecto*) that the rule watches, taken to be a service's.
        property_name (str): Name of the measured property that the rule watches. The values are not documented.
        rule_interval (str): Interval over which the property is measured. The values are not documented.
        rule_name (str): Name of the rule.
        limit_value (float): Limit that the property is held against, in the property's own unit.
        data (list[RuleHistoryEvent]): The times at which the rule was met.
    """

    id_alarm: int
    project: str
    property_name: str
    rule_interval: str
    rule_name: str
    limit_value: float
    data: list[RuleHistoryEvent]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id_alarm = self.id_alarm

        project = self.project

        property_name = self.property_name

        rule_interval = self.rule_interval

        rule_name = self.rule_name

        limit_value = self.limit_value

        data = []
        for data_item_data in self.data:
            data_item = data_item_data.to_dict()
            data.append(data_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "Id_alarm": id_alarm,
                "project": project,
                "property_name": property_name,
                "rule_interval": rule_interval,
                "rule_name": rule_name,
                "limit_value": limit_value,
                "data": data,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.rule_history_event import RuleHistoryEvent

        d = dict(src_dict)
        id_alarm = d.pop("Id_alarm")

        project = d.pop("project")

        property_name = d.pop("property_name")

        rule_interval = d.pop("rule_interval")

        rule_name = d.pop("rule_name")

        limit_value = d.pop("limit_value")

        data = []
        _data = d.pop("data")
        for data_item_data in _data:
            data_item = RuleHistoryEvent.from_dict(data_item_data)

            data.append(data_item)

        rule_history = cls(
            id_alarm=id_alarm,
            project=project,
            property_name=property_name,
            rule_interval=rule_interval,
            rule_name=rule_name,
            limit_value=limit_value,
            data=data,
        )

        rule_history.additional_properties = d
        return rule_history

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
