"""The models of answers: attrs classes, with `to_dict` and `from_dict` for JSON.

A field that is null, or optional and absent, is None. `attrs.fields(Model).name.metadata` has the name of a field in
JSON as `wire`, its `unit`, and its `evidence`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from contrato.core.model import Model


@attrs.define(kw_only=True)
class Apportionment(Model):
    """A rule that splits the cost of energy over cost centres.

    Attributes:
        id: Identifier of the apportionment.
        name: Name of the apportionment.
        description: Text that describes the apportionment.
        mixed_consumption: Whether telemetry readings are used to compose the consumption of the period.
        limit_day: Limit day for processing the apportionment, assumed to be a day of the month.
        company: Company of the apportionment.
        apportionment_type: What is split, for instance energy (*Energia*).
        apportionment_tariff_type: Type of the apportionment's tariff, for instance custom (*Customizado*), captive
            or free market.
        apportionment_measure_unit: Unit of measure of the apportionment, for instance MWh.
        cost_center_ids: Identifiers of the cost centres.
        apportionment_groups_ids: Identifiers of apportionment groups. What a group is, is not documented.
    """

    id: int = attrs.field(metadata={"wire": "id", "evidence": "documented apportionments#L72 apportionments#L75"})
    name: str = attrs.field(metadata={"wire": "name", "evidence": "documented apportionments#L76"})
    description: str | None = attrs.field(
        default=None, metadata={"wire": "description", "evidence": "documented apportionments#L77"}
    )
    mixed_consumption: bool | None = attrs.field(
        default=None,
        metadata={"wire": "mixed_consumption", "evidence": "documented apportionments#L78 apportionments#L122"},
    )
    limit_day: int | None = attrs.field(
        default=None,
        metadata={
            "wire": "limit_day",
            "evidence": "documented apportionments#L79 apportionments#L123",
            "meaning_evidence": "inferred: it is a day of the month, as a whole number that is shown as 1: a limit day for processing is named, but not of which period (apportionments#L123, apportionments#L172)",
        },
    )
    company: Company = attrs.field(metadata={"wire": "company", "evidence": "documented apportionments#L80-L83"})
    apportionment_type: ApportionmentType = attrs.field(
        metadata={
            "wire": "apportionment_type",
            "evidence": "documented apportionments#L84-L87",
            "meaning_evidence": "inferred: it says what is split: the only type that is shown is called Energia (apportionments#L86)",
        }
    )
    apportionment_tariff_type: ApportionmentTariffType = attrs.field(
        metadata={
            "wire": "apportionment_tariff_type",
            "evidence": "documented apportionments#L88-L91 apportionments#L114-L115",
        }
    )
    apportionment_measure_unit: ApportionmentMeasureUnit = attrs.field(
        metadata={
            "wire": "apportionment_measure_unit",
            "evidence": "documented apportionments#L92-L95 apportionments#L119",
        }
    )
    cost_center_ids: list[int] = attrs.field(
        metadata={"wire": "cost_center_ids", "evidence": "documented apportionments#L96-L100"}
    )
    apportionment_groups_ids: list[int] = attrs.field(
        metadata={"wire": "apportionment_groups_ids", "evidence": "documented apportionments#L101-L105"}
    )


@attrs.define(kw_only=True)
class Company(Model):
    """Company of the apportionment.

    Attributes:
        id: Identifier of the company.
        name: Name of the company.
    """

    id: int = attrs.field(metadata={"wire": "id", "evidence": "documented apportionments#L81"})
    name: str = attrs.field(metadata={"wire": "name", "evidence": "documented apportionments#L82"})


@attrs.define(kw_only=True)
class ApportionmentType(Model):
    """What is split, for instance energy (*Energia*).

    Attributes:
        id: Identifier of the apportionment type.
        name: Name of the apportionment type.
    """

    id: int = attrs.field(metadata={"wire": "id", "evidence": "documented apportionments#L85"})
    name: str = attrs.field(metadata={"wire": "name", "evidence": "documented apportionments#L86"})


@attrs.define(kw_only=True)
class ApportionmentTariffType(Model):
    """Type of the apportionment's tariff, for instance custom (*Customizado*), captive or free market.

    Attributes:
        id: Identifier of the tariff type.
        name: Name of the tariff type.
    """

    id: int = attrs.field(metadata={"wire": "id", "evidence": "documented apportionments#L89"})
    name: str = attrs.field(metadata={"wire": "name", "evidence": "documented apportionments#L90"})


@attrs.define(kw_only=True)
class ApportionmentMeasureUnit(Model):
    """Unit of measure of the apportionment, for instance MWh.

    Attributes:
        id: Identifier of the unit of measure.
        name: Name of the unit of measure.
    """

    id: int = attrs.field(metadata={"wire": "id", "evidence": "documented apportionments#L93"})
    name: str = attrs.field(metadata={"wire": "name", "evidence": "documented apportionments#L94"})


@attrs.define(kw_only=True)
class ApportionmentPage(Model):
    """One page of apportionments.

    Attributes:
        items: The apportionments of this page.
        total: Number of apportionments on all pages together.
        per_page: Number of items that a full page holds.
        current_page: Number of this page, counted from 1.
    """

    items: list[Apportionment] = attrs.field(
        metadata={"wire": "items", "evidence": "documented apportionments#L12-L46"}
    )
    total: int = attrs.field(
        metadata={
            "wire": "total",
            "evidence": "documented apportionments#L47",
            "meaning_evidence": "inferred: it counts the apportionments on all pages: only the name is shown (apportionments#L47), and of this page alone it would tell nothing new",
        }
    )
    per_page: int = attrs.field(
        metadata={
            "wire": "per_page",
            "evidence": "documented apportionments#L48",
            "meaning_evidence": "inferred: it is what a full page holds: only the name is shown (apportionments#L48), with one item and the value of _limit (apportionments#L8)",
        }
    )
    current_page: int = attrs.field(
        metadata={
            "wire": "current_page",
            "evidence": "documented apportionments#L49",
            "meaning_evidence": "inferred: pages are counted from 1: the only page that is shown has this number (apportionments#L9, apportionments#L49)",
        }
    )


RESPONSES: Mapping[str, Mapping[str, Any]] = {
    "listApportionments": {"200": ApportionmentPage, "204": None},
    "createApportionment": {"201": Apportionment, "204": None},
    "getApportionment": {"200": Apportionment, "204": None},
    "updateApportionment": {"200": Apportionment, "204": None},
    "deleteApportionment": {"204": None},
}
"""The type of the body of each success, by `operationId` and status; None for no body."""
