"""What answers are made of. `msgspec.to_builtins` makes JSON's dicts and lists of it."""

from __future__ import annotations

import msgspec


class Apportionment(msgspec.Struct, kw_only=True, gc=False):
    """A rule that splits the cost of energy over cost centres.

    Attributes:
        id: Identifier of the apportionment.
        name: Name of the apportionment.
        description: Text that describes the apportionment.
        mixed_consumption: Whether telemetry readings are used to make up the consumption of the period.
        limit_day: Limit day for processing the apportionment, taken to be a day of the month.
        company: Company of the apportionment.
        apportionment_type: What is split, for instance energy (*Energia*).
        apportionment_tariff_type: Type of the apportionment's tariff, for instance custom (*Customizado*), captive
            or free market.
        apportionment_measure_unit: Unit of measure of the apportionment, for instance MWh.
        cost_center_ids: Identifiers of the cost centres.
        apportionment_groups_ids: Identifiers of apportionment groups. What a group is, is not documented.
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


class Company(msgspec.Struct, kw_only=True, gc=False):
    """Company of the apportionment.

    Attributes:
        id: Identifier of the company.
        name: Name of the company.
    """

    id: int
    name: str


class ApportionmentType(msgspec.Struct, kw_only=True, gc=False):
    """What is split, for instance energy (*Energia*).

    Attributes:
        id: Identifier of the apportionment type.
        name: Name of the apportionment type.
    """

    id: int
    name: str


class ApportionmentTariffType(msgspec.Struct, kw_only=True, gc=False):
    """Type of the apportionment's tariff, for instance custom (*Customizado*), captive or free market.

    Attributes:
        id: Identifier of the tariff type.
        name: Name of the tariff type.
    """

    id: int
    name: str


class ApportionmentMeasureUnit(msgspec.Struct, kw_only=True, gc=False):
    """Unit of measure of the apportionment, for instance MWh.

    Attributes:
        id: Identifier of the unit of measure.
        name: Name of the unit of measure.
    """

    id: int
    name: str


class ApportionmentPage(msgspec.Struct, kw_only=True, gc=False):
    """One page of apportionments.

    Attributes:
        items: The apportionments of this page.
        total: Number of apportionments on all pages together.
        per_page: Number of items that a full page holds.
        current_page: Number of this page, counted from 1.
    """

    items: list[Apportionment]
    total: int
    per_page: int
    current_page: int
