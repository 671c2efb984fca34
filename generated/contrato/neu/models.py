"""The models of answers: attrs classes, with `to_dict` and `from_dict` for JSON.

A field that is null, or optional and absent, is None. `attrs.fields(Model).name.metadata` has the name of a field in
JSON as `wire`, its `unit`, and its `evidence`.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

import attrs

from contrato.core.model import Model


@attrs.define(kw_only=True)
class Account(Model):
    """An account of the customer and the services that belong to it.

    Attributes:
        id_account: Identifier of the account.
        account_category: Category of the account. The values are not documented.
        account_name: Name of the account.
        services: The services of the account.
    """

    id_account: int = attrs.field(metadata={"wire": "id_account", "evidence": "documented neu#L11"})
    account_category: str | None = attrs.field(
        default=None, metadata={"wire": "account_category", "evidence": "documented neu#L11"}
    )
    account_name: str = attrs.field(metadata={"wire": "account_name", "evidence": "documented neu#L11"})
    services: list[AccountService] = attrs.field(metadata={"wire": "services", "evidence": "documented neu#L11"})


@attrs.define(kw_only=True)
class AccountService(Model):
    """A service as listed inside its account. Unlike a service read by itself, it does not repeat the account.

    Attributes:
        id_service: Identifier of the service.
        type_service: Type of the service. The values are not documented.
        name: Name of the service.
        address: Address of the point of supply.
    """

    id_service: int = attrs.field(metadata={"wire": "id_service", "evidence": "documented neu#L11"})
    type_service: str | None = attrs.field(
        default=None, metadata={"wire": "type_service", "evidence": "documented neu#L11"}
    )
    name: str = attrs.field(metadata={"wire": "name", "evidence": "documented neu#L11"})
    address: str | None = attrs.field(
        default=None,
        metadata={
            "wire": "address",
            "evidence": "documented neu#L11",
            "meaning_evidence": "inferred: the address is where energy is supplied: only the name is shown (neu#L11, neu#L17), and consumption is that of an address (neu#L38)",
        },
    )


@attrs.define(kw_only=True)
class Service(Model):
    """A point of supply with the account that it belongs to.

    Attributes:
        id_service: Identifier of the service.
        id_account: Identifier of the account that the service belongs to.
        account_name: Name of the account that the service belongs to.
        type_service: Type of the service. The values are not documented.
        name: Name of the service.
        address: Address of the point of supply.
    """

    id_service: int = attrs.field(metadata={"wire": "id_service", "evidence": "documented neu#L17"})
    id_account: int = attrs.field(metadata={"wire": "id_account", "evidence": "documented neu#L17"})
    account_name: str = attrs.field(metadata={"wire": "account_name", "evidence": "documented neu#L17"})
    type_service: str | None = attrs.field(
        default=None, metadata={"wire": "type_service", "evidence": "documented neu#L17"}
    )
    name: str = attrs.field(metadata={"wire": "name", "evidence": "documented neu#L17"})
    address: str | None = attrs.field(
        default=None,
        metadata={
            "wire": "address",
            "evidence": "documented neu#L17",
            "meaning_evidence": "inferred: the address is where energy is supplied: only the name is shown (neu#L11, neu#L17), and consumption is that of an address (neu#L38)",
        },
    )


@attrs.define(kw_only=True)
class Pqr(Model):
    """A petition, complaint, claim or suggestion (*PQRS*) that the user filed.

    Attributes:
        message: Text of the claim.
        category: Category of the area that the claim concerns. The values are not documented.
        type_: Type of the claim. The values are not documented.
        date: When the claim was filed.
    """

    message: str = attrs.field(metadata={"wire": "message", "evidence": "documented neu#L27-L28"})
    category: str | None = attrs.field(
        default=None, metadata={"wire": "category", "evidence": "documented neu#L29-L30"}
    )
    type_: str | None = attrs.field(default=None, metadata={"wire": "type", "evidence": "documented neu#L31-L32"})
    date: datetime.datetime = attrs.field(metadata={"wire": "date", "evidence": "documented neu#L33-L34"})


@attrs.define(kw_only=True)
class AccountConsumption(Model):
    """The readings of an account's services.

    Attributes:
        id_account: Identifier of the account.
        account_name: Name of the account.
        data: Readings of the account's services.
    """

    id_account: int = attrs.field(metadata={"wire": "id_account", "evidence": "documented neu#L53-L54"})
    account_name: str = attrs.field(metadata={"wire": "account_name", "evidence": "documented neu#L55-L56"})
    data: list[Reading] = attrs.field(metadata={"wire": "data", "evidence": "documented neu#L99"})


@attrs.define(kw_only=True)
class Reading(Model):
    """What one service's meter measured in one hour, day or month.

    Attributes:
        id_service: Identifier of the service.
        name: Name of the service.
        is_backup: Whether the meter is a backup meter.
        date: Date and time of the interval. Whether it is the start of the interval is not documented.
        cons: Active energy consumed, in kWh.
        injec: Active energy injected into the grid (*excedentes*), in kWh.
        reactive_in: Inductive reactive energy, in kVArh.
        reactive_in_ex: Inductive reactive energy in excess, in kVArh.
        reactive_cap: Capacitive reactive energy, in kVArh.
        reactive_ex: Reactive energy in excess, in kVArh.
        imported_active_acum: Accumulated active energy imported, in kWh.
        imported_reactive_acum: Accumulated reactive energy imported, in kVArh.
        exported_active_acum: Accumulated active energy exported, in kWh.
        exported_reactive_acum: Accumulated reactive energy exported, in kVArh.
        ia: Current in phase A, in amperes (A).
        ib: Current in phase B, in amperes (A).
        ic: Current in phase C, in amperes (A).
        va: Voltage in phase A, in volts (V).
        vb: Voltage in phase B, in volts (V).
        vc: Voltage in phase C, in volts (V).
    """

    id_service: int = attrs.field(metadata={"wire": "id_service", "evidence": "documented neu#L57-L58"})
    name: str = attrs.field(metadata={"wire": "name", "evidence": "documented neu#L61-L62"})
    is_backup: bool = attrs.field(metadata={"wire": "is_backup", "evidence": "documented neu#L59-L60"})
    date: datetime.datetime = attrs.field(metadata={"wire": "date", "evidence": "documented neu#L63-L64"})
    cons: float = attrs.field(metadata={"wire": "cons", "unit": "kWh", "evidence": "documented neu#L65-L66"})
    injec: float | None = attrs.field(
        default=None,
        metadata={
            "wire": "injec",
            "unit": "kWh",
            "evidence": "documented neu#L67-L68",
            "meaning_evidence": "inferred: surplus is active energy that is fed into the grid, as the field's name suggests: the table says only surplus, in kWh (neu#L67-L68)",
        },
    )
    reactive_in: float | None = attrs.field(
        default=None, metadata={"wire": "reactive_in", "unit": "kVArh", "evidence": "documented neu#L69-L70"}
    )
    reactive_in_ex: float | None = attrs.field(
        default=None, metadata={"wire": "reactive_in_ex", "unit": "kVArh", "evidence": "documented neu#L71-L72"}
    )
    reactive_cap: float | None = attrs.field(
        default=None, metadata={"wire": "reactive_cap", "unit": "kVArh", "evidence": "documented neu#L73-L74"}
    )
    reactive_ex: float | None = attrs.field(
        default=None, metadata={"wire": "reactive_ex", "unit": "kVArh", "evidence": "documented neu#L75-L76"}
    )
    imported_active_acum: float | None = attrs.field(
        default=None, metadata={"wire": "imported_active_acum", "unit": "kWh", "evidence": "documented neu#L77-L78"}
    )
    imported_reactive_acum: float | None = attrs.field(
        default=None, metadata={"wire": "imported_reactive_acum", "unit": "kVArh", "evidence": "documented neu#L79-L80"}
    )
    exported_active_acum: float | None = attrs.field(
        default=None, metadata={"wire": "exported_active_acum", "unit": "kWh", "evidence": "documented neu#L81-L82"}
    )
    exported_reactive_acum: float | None = attrs.field(
        default=None, metadata={"wire": "exported_reactive_acum", "unit": "kVArh", "evidence": "documented neu#L83-L84"}
    )
    ia: float | None = attrs.field(
        default=None, metadata={"wire": "ia", "unit": "A", "evidence": "documented neu#L85-L86"}
    )
    ib: float | None = attrs.field(
        default=None, metadata={"wire": "ib", "unit": "A", "evidence": "documented neu#L87-L88"}
    )
    ic: float | None = attrs.field(
        default=None, metadata={"wire": "ic", "unit": "A", "evidence": "documented neu#L89-L90"}
    )
    va: float | None = attrs.field(
        default=None, metadata={"wire": "va", "unit": "V", "evidence": "documented neu#L91-L92"}
    )
    vb: float | None = attrs.field(
        default=None, metadata={"wire": "vb", "unit": "V", "evidence": "documented neu#L93-L94"}
    )
    vc: float | None = attrs.field(
        default=None, metadata={"wire": "vc", "unit": "V", "evidence": "documented neu#L95-L96"}
    )


@attrs.define(kw_only=True)
class Bill(Model):
    """A bill (*factura*) of one service.

    Attributes:
        id_service: Identifier of the service that is billed.
        id_account: Identifier of the account.
        account: Name of the account.
        service: Name of the service.
        date: When the bill was issued.
        date_expiration: Date until which the bill is to be paid.
        date_payment: When the bill was paid; by our reading, null while it is unpaid (NEU-36).
        platform_payments: The payment made through the platform; by our reading, null if there was none (NEU-45).
        concepts: Line items.
        id_bill: Identifier of the bill. The overdue bills carry it as a string.
        niu: NIU, the number that identifies the user with the grid operator (*número de identificación del
            usuario*).
        contract: Number of the supply contract.
        consumption: Energy billed, in kWh.
        payment_value: Amount to pay, in Colombian pesos (COP).
        description: Text about the bill.
        state: State of the bill. The values are not documented.
    """

    id_service: int = attrs.field(metadata={"wire": "id_service", "evidence": "documented neu#L113"})
    id_account: int = attrs.field(metadata={"wire": "id_account", "evidence": "documented neu#L113"})
    account: str = attrs.field(
        metadata={
            "wire": "account",
            "evidence": "documented neu#L113",
            "meaning_evidence": "inferred: it is the name: a text is shown beside the identifier (neu#L113)",
        }
    )
    service: str = attrs.field(
        metadata={
            "wire": "service",
            "evidence": "documented neu#L113",
            "meaning_evidence": "inferred: it is the name: a text is shown beside the identifier (neu#L113)",
        }
    )
    date: datetime.datetime = attrs.field(
        metadata={
            "wire": "date",
            "evidence": "documented neu#L113",
            "meaning_evidence": "inferred: it is when the bill was issued: only the name is shown (neu#L113), which might also be the date of its period or of the reading",
        }
    )
    date_expiration: datetime.datetime = attrs.field(
        metadata={
            "wire": "date_expiration",
            "evidence": "documented neu#L113",
            "meaning_evidence": "inferred: it is the date with this name in the due dates (neu#L114, neu#L133-L134): only the name is shown (neu#L113)",
        }
    )
    date_payment: datetime.datetime | None = attrs.field(
        default=None,
        metadata={
            "wire": "date_payment",
            "evidence": "documented neu#L113",
            "meaning_evidence": "inferred: it is when the bill was paid: only the name is shown (neu#L113)",
        },
    )
    platform_payments: PlatformPayment | None = attrs.field(
        default=None,
        metadata={
            "wire": "platform_payments",
            "evidence": "documented neu#L113",
            "meaning_evidence": "inferred: there is one payment, or none: the name is a plural, the shape one object (neu#L113)",
        },
    )
    concepts: list[BillConcept] = attrs.field(metadata={"wire": "concepts", "evidence": "documented neu#L113"})
    id_bill: int = attrs.field(
        metadata={
            "wire": "id_bill",
            "evidence": "documented neu#L113",
            "meaning_evidence": "conflict neu#L129-L130 neu#L248-L249: identifier and payment reference are one number: the due dates call it payment reference, the neugets identifier",
        }
    )
    niu: str | None = attrs.field(
        default=None,
        metadata={
            "wire": "niu",
            "evidence": "documented neu#L113",
            "meaning_evidence": "inferred: NIU is the abbreviation that is usual on Colombian bills: only the name is shown (neu#L113)",
        },
    )
    contract: str | None = attrs.field(
        default=None,
        metadata={
            "wire": "contract",
            "evidence": "documented neu#L113",
            "meaning_evidence": "inferred: it is the number of a contract, as a text that stands for one: only the name is shown (neu#L113)",
        },
    )
    consumption: float | None = attrs.field(
        default=None,
        metadata={
            "wire": "consumption",
            "unit": "kWh",
            "unit_evidence": "inferred: it is in kWh, as consumption readings are (neu#L66): no unit is given here",
            "evidence": "documented neu#L113",
        },
    )
    payment_value: float = attrs.field(
        metadata={
            "wire": "payment_value",
            "unit": "COP",
            "unit_evidence": "inferred: amounts are in Colombian pesos: no currency is given, and the vendor bills in Colombia",
            "evidence": "documented neu#L113",
            "meaning_evidence": "inferred: it is what is to be paid: only the name is shown (neu#L113), and the payment has an amount of its own",
        }
    )
    description: str | None = attrs.field(
        default=None,
        metadata={
            "wire": "description",
            "evidence": "documented neu#L113",
            "meaning_evidence": "inferred: it is a text for the customer, about the bill: only the name is shown (neu#L113)",
        },
    )
    state: str = attrs.field(metadata={"wire": "state", "evidence": "documented neu#L113"})


@attrs.define(kw_only=True)
class BillConcept(Model):
    """One item of a bill.

    Attributes:
        concept: Name of the item. The values are not documented.
        quantity: Quantity billed. Its unit is not documented.
        unit_value: Price of one unit, in Colombian pesos (COP).
        total: Amount of the item, in Colombian pesos (COP).
        asic_code: Code of the commercial metering point (*frontera comercial*) that is registered with ASIC.
    """

    concept: str = attrs.field(metadata={"wire": "concept", "evidence": "documented neu#L113"})
    quantity: float | None = attrs.field(
        default=None,
        metadata={
            "wire": "quantity",
            "evidence": "documented neu#L113",
            "meaning_evidence": "inferred: it is the quantity that is billed, whose unit depends on the item: only the name is shown (neu#L113)",
        },
    )
    unit_value: float | None = attrs.field(
        default=None,
        metadata={
            "wire": "unit_value",
            "unit": "COP",
            "unit_evidence": "inferred: amounts are in Colombian pesos: no currency is given, and the vendor bills in Colombia",
            "evidence": "documented neu#L113",
            "meaning_evidence": "inferred: it is the price of one unit of the quantity: only the name is shown (neu#L113)",
        },
    )
    total: float = attrs.field(
        metadata={
            "wire": "total",
            "unit": "COP",
            "unit_evidence": "inferred: amounts are in Colombian pesos: no currency is given, and the vendor bills in Colombia",
            "evidence": "documented neu#L113",
            "meaning_evidence": "inferred: it is the amount of the item, which adds to that of the bill: only the name is shown (neu#L113)",
        }
    )
    asic_code: str | None = attrs.field(
        default=None,
        metadata={
            "wire": "asic_code",
            "evidence": "documented neu#L113",
            "meaning_evidence": "inferred: it is the code of a metering point at the ASIC, which runs Colombia's energy market and registers them: only the name is shown (neu#L113)",
        },
    )


@attrs.define(kw_only=True)
class PlatformPayment(Model):
    """A payment of a bill through the platform.

    Attributes:
        date: When the payment was made.
        method: Means of payment. The values are not documented.
        payment_value: Amount paid, in Colombian pesos (COP). The capital letter is the document's.
    """

    date: datetime.datetime | None = attrs.field(
        default=None, metadata={"wire": "date", "evidence": "documented neu#L113"}
    )
    method: str | None = attrs.field(default=None, metadata={"wire": "method", "evidence": "documented neu#L113"})
    payment_value: float | None = attrs.field(
        default=None,
        metadata={
            "wire": "payment_Value",
            "unit": "COP",
            "unit_evidence": "inferred: amounts are in Colombian pesos: no currency is given, and the vendor bills in Colombia",
            "evidence": "documented neu#L113",
            "meaning_evidence": "inferred: payment_Value is the amount of the payment, payment_value that of the bill: they are fields of two objects (neu#L113), so each name is kept as shown",
        },
    )


@attrs.define(kw_only=True)
class DueDatePage(Model):
    """One page of due dates.

    Attributes:
        next_page: Number of the next page; by our reading, null on the last one (NEU-49).
        max_page: Number of the last page.
        total: Number of due dates on all pages together.
        data: The due dates of this page.
    """

    next_page: int | None = attrs.field(
        default=None,
        metadata={
            "wire": "nextPage",
            "evidence": "documented neu#L136",
            "meaning_evidence": "inferred: it means the same as in the list of notifications (neu#L160-L165): only the name is shown",
        },
    )
    max_page: int = attrs.field(
        metadata={
            "wire": "maxPage",
            "evidence": "documented neu#L136",
            "meaning_evidence": "inferred: it means the same as in the list of notifications (neu#L160-L165): only the name is shown",
        }
    )
    total: int = attrs.field(
        metadata={
            "wire": "total",
            "evidence": "documented neu#L136",
            "meaning_evidence": "inferred: it means the same as in the list of notifications (neu#L160-L165): only the name is shown",
        }
    )
    data: list[DueDate] = attrs.field(
        metadata={
            "wire": "data",
            "evidence": "conflict neu#L114 neu#L136: the due dates are an array, as notifications are (neu#L175): the prose speaks of several bills, although the shape shows one due date, flat beside the counters",
        }
    )


@attrs.define(kw_only=True)
class DueDate(Model):
    """The date until which a bill is to be paid.

    Attributes:
        service: Name of the service.
        id_bill: Payment reference of the bill.
        id_service: Identifier of the service.
        date_expiration: Date until which the bill is to be paid.
    """

    service: str = attrs.field(metadata={"wire": "service", "evidence": "documented neu#L127-L128"})
    id_bill: int = attrs.field(
        metadata={
            "wire": "id_bill",
            "evidence": "documented neu#L129-L130",
            "meaning_evidence": "conflict neu#L129-L130 neu#L248-L249: identifier and payment reference are one number: the due dates call it payment reference, the neugets identifier",
        }
    )
    id_service: int = attrs.field(metadata={"wire": "id_service", "evidence": "documented neu#L131-L132"})
    date_expiration: datetime.datetime = attrs.field(
        metadata={
            "wire": "date_expiration",
            "evidence": "conflict neu#L114 neu#L133-L134: it is the date until which to pay: the prose speaks of timely payment (pago oportuno), the table of payment",
        }
    )


@attrs.define(kw_only=True)
class OverdueBill(Model):
    """A bill past its due date.

    Attributes:
        id_bill: Payment reference of the bill, as a string here and as a number everywhere else.
        due_date: Date on which the payment was due.
        days: Days overdue.
    """

    id_bill: str = attrs.field(
        metadata={
            "wire": "id_bill",
            "evidence": "conflict neu#L113 neu#L146: it is a string here, as shown, although a number elsewhere",
        }
    )
    due_date: datetime.datetime = attrs.field(metadata={"wire": "due_date", "evidence": "documented neu#L142-L143"})
    days: float = attrs.field(metadata={"wire": "days", "unit": "d", "evidence": "documented neu#L144-L145"})


@attrs.define(kw_only=True)
class NotificationPage(Model):
    """One page of notifications.

    Attributes:
        next_page: Number of the next page; by our reading, null on the last one (NEU-49).
        max_page: Number of the last page.
        total: Number of notifications on all pages together.
        data: The notifications of this page.
    """

    next_page: int | None = attrs.field(
        default=None, metadata={"wire": "nextPage", "evidence": "documented neu#L160-L161"}
    )
    max_page: int = attrs.field(metadata={"wire": "maxPage", "evidence": "documented neu#L162-L163"})
    total: int = attrs.field(metadata={"wire": "total", "evidence": "documented neu#L164-L165"})
    data: list[Notification] = attrs.field(metadata={"wire": "data", "evidence": "documented neu#L175"})


@attrs.define(kw_only=True)
class Notification(Model):
    """A notification about consumption.

    Attributes:
        date: Date of the notification.
        title: Title of the notification.
        text: Text of the notification.
        read: Whether the notification was read.
    """

    date: datetime.datetime = attrs.field(metadata={"wire": "date", "evidence": "documented neu#L166-L167"})
    title: str = attrs.field(metadata={"wire": "title", "evidence": "documented neu#L168-L169"})
    text: str = attrs.field(metadata={"wire": "text", "evidence": "documented neu#L170-L171"})
    read: bool = attrs.field(metadata={"wire": "read", "evidence": "documented neu#L172-L173"})


@attrs.define(kw_only=True)
class NotificationInteractionPage(Model):
    """One page of interactions with notifications.

    Attributes:
        next_page: Number of the next page; by our reading, null on the last one (NEU-49).
        max_page: Number of the last page.
        total: Number of interactions on all pages together.
        data: The interactions of this page.
    """

    next_page: int | None = attrs.field(
        default=None,
        metadata={
            "wire": "nextPage",
            "evidence": "documented neu#L200",
            "meaning_evidence": "inferred: it means the same as in the list of notifications (neu#L160-L165): only the name is shown",
        },
    )
    max_page: int = attrs.field(
        metadata={
            "wire": "maxPage",
            "evidence": "documented neu#L200",
            "meaning_evidence": "inferred: it means the same as in the list of notifications (neu#L160-L165): only the name is shown",
        }
    )
    total: int = attrs.field(
        metadata={
            "wire": "total",
            "evidence": "documented neu#L200",
            "meaning_evidence": "inferred: it means the same as in the list of notifications (neu#L160-L165): only the name is shown",
        }
    )
    data: list[NotificationInteraction] = attrs.field(metadata={"wire": "data", "evidence": "documented neu#L200"})


@attrs.define(kw_only=True)
class NotificationInteraction(Model):
    """A notification that a user interacted with.

    Attributes:
        name: First and last name of the user. The table lists it, the shape shown does not; so it may be absent.
        interaction_date: When the user interacted with the notification.
        date: Date of the notification.
        title: Title of the notification.
        text: Text of the notification.
        read: Whether the notification was read.
    """

    name: str | None = attrs.field(
        default=None,
        metadata={
            "wire": "name",
            "evidence": "conflict neu#L187-L188 neu#L200: it is optional: it is in the table, not in the shape",
        },
    )
    interaction_date: datetime.datetime = attrs.field(
        metadata={"wire": "interaction_date", "evidence": "documented neu#L189-L190"}
    )
    date: datetime.datetime = attrs.field(metadata={"wire": "date", "evidence": "documented neu#L191-L192"})
    title: str = attrs.field(metadata={"wire": "title", "evidence": "documented neu#L193-L194"})
    text: str = attrs.field(metadata={"wire": "text", "evidence": "documented neu#L195-L196"})
    read: bool = attrs.field(metadata={"wire": "read", "evidence": "documented neu#L197-L198"})


@attrs.define(kw_only=True)
class Rule(Model):
    """An alarm rule on a measured property of a project.

    Attributes:
        id_alarm: Identifier of the rule. The history spells it `Id_alarm`.
        project: Name of the project (*proyecto*) that the rule watches. We assume that it is the name of a service
            (NEU-52).
        creation_date: When the rule was created.
        property_name: Name of the measured property that the rule watches. The values are not documented.
        rule_interval: Interval over which the property is measured. The values are not documented.
        rule_name: Name of the rule.
        limit_value: Threshold for the property; by our reading, in the property's own unit (NEU-54).
        monday: Whether the rule applies on Mondays.
        tuesday: Whether the rule applies on Tuesdays.
        wednesday: Whether the rule applies on Wednesdays.
        thursday: Whether the rule applies on Thursdays.
        friday: Whether the rule applies on Fridays.
        saturday: Whether the rule applies on Saturdays.
        sunday: Whether the rule applies on Sundays.
        active: Whether the rule is active.
    """

    id_alarm: int = attrs.field(
        metadata={
            "wire": "id_alarm",
            "evidence": "conflict neu#L214 neu#L227: it is called id_alarm here, as shown, although Id_alarm in the history",
        }
    )
    project: str = attrs.field(
        metadata={
            "wire": "project",
            "evidence": "documented neu#L214",
            "meaning_evidence": "inferred: it is the name of a service, as we read a project: a text is shown (neu#L214, neu#L227)",
        }
    )
    creation_date: datetime.datetime = attrs.field(
        metadata={"wire": "creation_date", "evidence": "documented neu#L214"}
    )
    property_name: str = attrs.field(
        metadata={
            "wire": "property_name",
            "evidence": "documented neu#L214",
            "meaning_evidence": "inferred: it is something measured, as a rule with a limit watches: only the name is shown (neu#L214, neu#L227)",
        }
    )
    rule_interval: str = attrs.field(
        metadata={
            "wire": "rule_interval",
            "evidence": "documented neu#L214",
            "meaning_evidence": "inferred: it is an interval like those of consumption (neu#L45-L46): only the name is shown (neu#L214, neu#L227)",
        }
    )
    rule_name: str | None = attrs.field(default=None, metadata={"wire": "rule_name", "evidence": "documented neu#L214"})
    limit_value: float = attrs.field(
        metadata={
            "wire": "limit_value",
            "evidence": "documented neu#L214",
            "meaning_evidence": "inferred: a limit has the unit of what it limits: only the name is shown, without a unit (neu#L214, neu#L227)",
        }
    )
    monday: bool = attrs.field(metadata={"wire": "monday", "evidence": "documented neu#L214"})
    tuesday: bool = attrs.field(metadata={"wire": "tuesday", "evidence": "documented neu#L214"})
    wednesday: bool = attrs.field(metadata={"wire": "wednesday", "evidence": "documented neu#L214"})
    thursday: bool = attrs.field(metadata={"wire": "thursday", "evidence": "documented neu#L214"})
    friday: bool = attrs.field(metadata={"wire": "friday", "evidence": "documented neu#L214"})
    saturday: bool = attrs.field(metadata={"wire": "saturday", "evidence": "documented neu#L214"})
    sunday: bool = attrs.field(metadata={"wire": "sunday", "evidence": "documented neu#L214"})
    active: bool = attrs.field(metadata={"wire": "active", "evidence": "documented neu#L214"})


@attrs.define(kw_only=True)
class RuleHistoryPage(Model):
    """One page of the history of rules. It carries no counters, unlike a page of notifications.

    Attributes:
        data: Rules, each with the times at which it was met.
    """

    data: list[RuleHistory] = attrs.field(metadata={"wire": "data", "evidence": "documented neu#L227"})


@attrs.define(kw_only=True)
class RuleHistory(Model):
    """A rule and the times at which it was met.

    Attributes:
        id_alarm: Identifier of the rule. The list of active rules spells it `id_alarm`.
        project: Name of the project (*proyecto*) that the rule watches. We assume that it is the name of a service
            (NEU-52).
        property_name: Name of the measured property that the rule watches. The values are not documented.
        rule_interval: Interval over which the property is measured. The values are not documented.
        rule_name: Name of the rule.
        limit_value: Threshold for the property; by our reading, in the property's own unit (NEU-54).
        data: The times at which the rule was met.
    """

    id_alarm: int = attrs.field(
        metadata={
            "wire": "Id_alarm",
            "evidence": "conflict neu#L214 neu#L227: it is called Id_alarm here, as shown, although id_alarm in the active rules",
        }
    )
    project: str = attrs.field(
        metadata={
            "wire": "project",
            "evidence": "documented neu#L227",
            "meaning_evidence": "inferred: it is the name of a service, as we read a project: a text is shown (neu#L214, neu#L227)",
        }
    )
    property_name: str = attrs.field(
        metadata={
            "wire": "property_name",
            "evidence": "documented neu#L227",
            "meaning_evidence": "inferred: it is something measured, as a rule with a limit watches: only the name is shown (neu#L214, neu#L227)",
        }
    )
    rule_interval: str = attrs.field(
        metadata={
            "wire": "rule_interval",
            "evidence": "documented neu#L227",
            "meaning_evidence": "inferred: it is an interval like those of consumption (neu#L45-L46): only the name is shown (neu#L214, neu#L227)",
        }
    )
    rule_name: str | None = attrs.field(default=None, metadata={"wire": "rule_name", "evidence": "documented neu#L227"})
    limit_value: float = attrs.field(
        metadata={
            "wire": "limit_value",
            "evidence": "documented neu#L227",
            "meaning_evidence": "inferred: a limit has the unit of what it limits: only the name is shown, without a unit (neu#L214, neu#L227)",
        }
    )
    data: list[RuleHistoryEvent] = attrs.field(metadata={"wire": "data", "evidence": "documented neu#L227"})


@attrs.define(kw_only=True)
class RuleHistoryEvent(Model):
    """One time at which a rule was met.

    Attributes:
        date: When the rule was met.
        value: Measured value that triggered the rule; by our reading, in the property's own unit (NEU-134).
    """

    date: datetime.datetime = attrs.field(
        metadata={
            "wire": "date",
            "evidence": "documented neu#L227",
            "meaning_evidence": "inferred: it is when the rule was met: only the name is shown (neu#L227), in a history of rules that were met (neu#L215)",
        }
    )
    value: float = attrs.field(
        metadata={
            "wire": "value",
            "evidence": "documented neu#L227",
            "meaning_evidence": "inferred: it is the measured value that met the rule, in the unit of what is measured: only the name is shown, without a unit (neu#L227), in a history of rules that were met (neu#L215)",
        }
    )


@attrs.define(kw_only=True)
class NeugetTransaction(Model):
    """A transaction of loyalty points of an account.

    Attributes:
        id_account: Identifier of the account.
        date: Date of the neugets.
        value: Number of neugets.
    """

    id_account: int = attrs.field(metadata={"wire": "id_account", "evidence": "documented neu#L232-L233"})
    date: datetime.datetime = attrs.field(metadata={"wire": "date", "evidence": "documented neu#L234-L235"})
    value: float = attrs.field(metadata={"wire": "value", "evidence": "documented neu#L236-L237"})


@attrs.define(kw_only=True)
class UsedNeuget(Model):
    """Loyalty points that an account spent on a bill.

    Attributes:
        id_account: Identifier of the account.
        id_bill: Identifier of the bill that was paid.
        date: Date on which the bill was paid.
        value: Number of neugets spent on the bill.
    """

    id_account: int = attrs.field(metadata={"wire": "id_account", "evidence": "documented neu#L246-L247"})
    id_bill: int = attrs.field(
        metadata={
            "wire": "id_bill",
            "evidence": "documented neu#L248-L249",
            "meaning_evidence": "conflict neu#L129-L130 neu#L248-L249: identifier and payment reference are one number: the due dates call it payment reference, the neugets identifier",
        }
    )
    date: datetime.datetime = attrs.field(metadata={"wire": "date", "evidence": "documented neu#L250-L251"})
    value: float = attrs.field(metadata={"wire": "value", "evidence": "documented neu#L252-L253"})


RESPONSES: Mapping[str, Mapping[str, Any]] = {
    "listAccounts": {"200": list[Account]},
    "getAccount": {"200": list[Account]},
    "listServices": {"200": list[Service]},
    "getService": {"200": Service},
    "listPqrs": {"2XX": list[Pqr]},
    "queryConsumption": {"2XX": list[AccountConsumption]},
    "listBills": {"2XX": list[Bill]},
    "listDueDates": {"2XX": DueDatePage},
    "listOverdueBills": {"200": list[OverdueBill]},
    "listNotifications": {"2XX": NotificationPage},
    "listNotificationInteractions": {"2XX": NotificationInteractionPage},
    "listActiveRules": {"2XX": list[Rule]},
    "listRuleHistory": {"2XX": RuleHistoryPage},
    "listNeugetTransactions": {"200": list[NeugetTransaction]},
    "listUsedNeugets": {"200": list[UsedNeuget]},
}
"""The type of the body of each success, by `operationId` and status; None for no body."""
