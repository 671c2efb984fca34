"""What answers are made of. `msgspec.to_builtins` makes JSON's dicts and lists of it."""

from __future__ import annotations

import datetime

import msgspec

from contrato.core.types import UNSET, Unset


class Account(msgspec.Struct, kw_only=True, gc=False):
    """An account of the customer and the services that belong to it.

    Attributes:
        id_account: Identifier of the account.
        account_category: Category of the account. The values are not documented.
        account_name: Name of the account.
        services: The services of the account.
    """

    id_account: int
    account_category: str
    account_name: str
    services: list[AccountService]


class AccountService(msgspec.Struct, kw_only=True, gc=False):
    """A service as listed inside its account. Unlike a service read by itself, it does not repeat the account.

    Attributes:
        id_service: Identifier of the service.
        type_service: Type of the service. The values are not documented.
        name: Name of the service.
        address: Address of the point of supply.
    """

    id_service: int
    type_service: str
    name: str
    address: str


class Service(msgspec.Struct, kw_only=True, gc=False):
    """A point of supply with the account that it belongs to.

    Attributes:
        id_service: Identifier of the service.
        id_account: Identifier of the account that the service belongs to.
        account_name: Name of the account that the service belongs to.
        type_service: Type of the service. The values are not documented.
        name: Name of the service.
        address: Address of the point of supply.
    """

    id_service: int
    id_account: int
    account_name: str
    type_service: str
    name: str
    address: str


class Pqr(msgspec.Struct, kw_only=True, gc=False, rename={"type_": "type"}):
    """A petition, complaint or claim (*petición, queja o reclamo*) that the user filed.

    Attributes:
        message: Text of the claim.
        category: Category of the area that the claim concerns. The values are not documented.
        type_: Type of the claim. The values are not documented.
        date: When the claim was filed.
    """

    message: str
    category: str
    type_: str
    date: datetime.datetime


class AccountConsumption(msgspec.Struct, kw_only=True, gc=False):
    """The readings of an account's services.

    Attributes:
        id_account: Identifier of the account.
        account_name: Name of the account.
        data: Readings of the account's services.
    """

    id_account: int
    account_name: str
    data: list[Reading]


class Reading(msgspec.Struct, kw_only=True, gc=False):
    """What one service's meter measured in one hour, day or month.

    Attributes:
        id_service: Identifier of the service.
        name: Name of the service.
        is_backup: Whether the meter is a backup meter.
        date: Date and time of the interval. That it is the interval's start is not documented.
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

    id_service: int
    name: str
    is_backup: bool
    date: datetime.datetime
    cons: float
    injec: float
    reactive_in: float
    reactive_in_ex: float
    reactive_cap: float
    reactive_ex: float
    imported_active_acum: float
    imported_reactive_acum: float
    exported_active_acum: float
    exported_reactive_acum: float
    ia: float
    ib: float
    ic: float
    va: float
    vb: float
    vc: float


class Bill(msgspec.Struct, kw_only=True, gc=False):
    """A bill (*factura*) of one service.

    Attributes:
        id_service: Identifier of the service that is billed.
        id_account: Identifier of the account.
        account: Name of the account.
        service: Name of the service.
        date: Date of the bill.
        date_expiration: Date until which the bill is to be paid.
        date_payment: When the bill was paid; null while it is unpaid.
        platform_payments: The payment made through the platform; null while there is none.
        concepts: The items that the bill is made of.
        id_bill: Identifier of the bill. The overdue bills carry it as a string.
        niu: NIU, the number that identifies the user with the grid operator (*número de identificación del
            usuario*).
        contract: Number of the supply contract.
        consumption: Energy billed, in kWh.
        payment_value: Amount to pay, in Colombian pesos (COP).
        description: Text on the bill.
        state: State of the bill. The values are not documented.
    """

    id_service: int
    id_account: int
    account: str
    service: str
    date: datetime.datetime
    date_expiration: datetime.datetime
    date_payment: datetime.datetime | None
    platform_payments: PlatformPayment | None
    concepts: list[BillConcept]
    id_bill: int
    niu: str
    contract: str
    consumption: float
    payment_value: float
    description: str
    state: str


class BillConcept(msgspec.Struct, kw_only=True, gc=False):
    """One item of a bill.

    Attributes:
        concept: Name of the item. The values are not documented.
        quantity: Quantity billed. Its unit is not documented.
        unit_value: Price of one unit, in Colombian pesos (COP).
        total: Amount of the item, in Colombian pesos (COP).
        asic_code: Code of the commercial metering point (*frontera comercial*) that is registered with ASIC.
    """

    concept: str
    quantity: float
    unit_value: float
    total: float
    asic_code: str


class PlatformPayment(msgspec.Struct, kw_only=True, gc=False, rename={"payment_value": "payment_Value"}):
    """A payment of a bill through the platform.

    Attributes:
        date: When the payment was made.
        method: Means of payment. The values are not documented.
        payment_value: Amount paid, in Colombian pesos (COP). The capital letter is the source's.
    """

    date: datetime.datetime
    method: str
    payment_value: float


class DueDatePage(msgspec.Struct, kw_only=True, gc=False, rename={"next_page": "nextPage", "max_page": "maxPage"}):
    """One page of due dates.

    Attributes:
        next_page: Number of the next page; null on the last one.
        max_page: Number of the last page.
        total: Number of due dates on all pages together.
        data: The due dates of this page.
    """

    next_page: int | None
    max_page: int
    total: int
    data: list[DueDate]


class DueDate(msgspec.Struct, kw_only=True, gc=False):
    """The date until which a bill is to be paid.

    Attributes:
        service: Name of the service.
        id_bill: Payment reference of the bill.
        id_service: Identifier of the service.
        date_expiration: Date until which the bill is to be paid.
    """

    service: str
    id_bill: int
    id_service: int
    date_expiration: datetime.datetime


class OverdueBill(msgspec.Struct, kw_only=True, gc=False):
    """A bill past its due date.

    Attributes:
        id_bill: Payment reference of the bill, as a string here and as a number everywhere else.
        due_date: Date on which the payment was due.
        days: Days that the payment is overdue.
    """

    id_bill: str
    due_date: datetime.datetime
    days: float


class NotificationPage(msgspec.Struct, kw_only=True, gc=False, rename={"next_page": "nextPage", "max_page": "maxPage"}):
    """One page of notifications.

    Attributes:
        next_page: Number of the next page; null on the last one.
        max_page: Number of the last page.
        total: Number of notifications on all pages together.
        data: The notifications of this page.
    """

    next_page: int | None
    max_page: int
    total: int
    data: list[Notification]


class Notification(msgspec.Struct, kw_only=True, gc=False):
    """A notification about consumption.

    Attributes:
        date: Date of the notification.
        title: Title of the notification.
        text: Text of the notification.
        read: Whether the notification was read.
    """

    date: datetime.datetime
    title: str
    text: str
    read: bool


class NotificationInteractionPage(
    msgspec.Struct, kw_only=True, gc=False, rename={"next_page": "nextPage", "max_page": "maxPage"}
):
    """One page of interactions with notifications.

    Attributes:
        next_page: Number of the next page; null on the last one.
        max_page: Number of the last page.
        total: Number of interactions on all pages together.
        data: The interactions of this page.
    """

    next_page: int | None
    max_page: int
    total: int
    data: list[NotificationInteraction]


class NotificationInteraction(msgspec.Struct, kw_only=True, gc=False):
    """A notification that a user interacted with.

    Attributes:
        interaction_date: When the user interacted with the notification.
        date: Date of the notification.
        title: Title of the notification.
        text: Text of the notification.
        read: Whether the notification was read.
        name: First and last name of the user. The table lists it, the shape shown does not; so it may be absent.
    """

    interaction_date: datetime.datetime
    date: datetime.datetime
    title: str
    text: str
    read: bool
    name: str | Unset = UNSET


class Rule(msgspec.Struct, kw_only=True, gc=False):
    """An alarm rule on a measured property of a service.

    Attributes:
        id_alarm: Identifier of the rule. The history spells it `Id_alarm`.
        project: Name of the project (*proyecto*) that the rule watches, taken to be a service's.
        creation_date: When the rule was created.
        property_name: Name of the measured property that the rule watches. The values are not documented.
        rule_interval: Interval over which the property is measured. The values are not documented.
        rule_name: Name of the rule.
        limit_value: Limit that the property is held against, in the property's own unit.
        monday: Whether the rule applies on Mondays.
        tuesday: Whether the rule applies on Tuesdays.
        wednesday: Whether the rule applies on Wednesdays.
        thursday: Whether the rule applies on Thursdays.
        friday: Whether the rule applies on Fridays.
        saturday: Whether the rule applies on Saturdays.
        sunday: Whether the rule applies on Sundays.
        active: Whether the rule is active.
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


class RuleHistoryPage(msgspec.Struct, kw_only=True, gc=False):
    """One page of the history of rules. Unlike other pages it carries no counters.

    Attributes:
        data: Rules, each with the times at which it was met.
    """

    data: list[RuleHistory]


class RuleHistory(msgspec.Struct, kw_only=True, gc=False, rename={"id_alarm": "Id_alarm"}):
    """A rule and the times at which it was met.

    Attributes:
        id_alarm: Identifier of the rule. The list of active rules spells it `id_alarm`.
        project: Name of the project (*proyecto*) that the rule watches, taken to be a service's.
        property_name: Name of the measured property that the rule watches. The values are not documented.
        rule_interval: Interval over which the property is measured. The values are not documented.
        rule_name: Name of the rule.
        limit_value: Limit that the property is held against, in the property's own unit.
        data: The times at which the rule was met.
    """

    id_alarm: int
    project: str
    property_name: str
    rule_interval: str
    rule_name: str
    limit_value: float
    data: list[RuleHistoryEvent]


class RuleHistoryEvent(msgspec.Struct, kw_only=True, gc=False):
    """One time at which a rule was met.

    Attributes:
        date: When the rule was met.
        value: Value that met the rule, in the property's own unit.
    """

    date: datetime.datetime
    value: float


class NeugetTransaction(msgspec.Struct, kw_only=True, gc=False):
    """A transaction of loyalty points of an account.

    Attributes:
        id_account: Identifier of the account.
        date: Date of the neugets.
        value: Number of neugets.
    """

    id_account: int
    date: datetime.datetime
    value: float


class UsedNeuget(msgspec.Struct, kw_only=True, gc=False):
    """Loyalty points that an account spent on a bill.

    Attributes:
        id_account: Identifier of the account.
        id_bill: Identifier of the bill that was paid.
        date: Date on which the bill was paid.
        value: Number of neugets spent on the bill.
    """

    id_account: int
    id_bill: int
    date: datetime.datetime
    value: float
