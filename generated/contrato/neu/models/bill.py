from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.bill_concept import BillConcept
    from ..models.platform_payment import PlatformPayment


T = TypeVar("T", bound="Bill")


@_attrs_define
class Bill:
    """A bill (*factura*) of one service.

    Attributes:
        id_service (int): Identifier of the service that is billed.
        id_account (int): Identifier of the account.
        account (str): Name of the account.
        service (str): Name of the service.
        date (datetime.datetime): Date of the bill.
        date_expiration (datetime.datetime): Date until which the bill is to be paid.
        date_payment (datetime.datetime | None): When the bill was paid; null while it is unpaid.
        platform_payments (None | PlatformPayment): The payment made through the platform; null while there is none.
        concepts (list[BillConcept]): The items that the bill is made of.
        id_bill (int): Identifier of the bill. The overdue bills carry it as a string.
        niu (str): NIU, the number that identifies the user with the grid operator (*número de identificación del
            usuario*).
        contract (str): Number of the supply contract.
        consumption (float): Energy billed, in kWh.
        payment_value (float): Amount to pay, in Colombian pesos (COP).
        description (str): Text on the bill.
        state (str): State of the bill. The values are not documented.
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
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.platform_payment import PlatformPayment

        id_service = self.id_service

        id_account = self.id_account

        account = self.account

        service = self.service

        date = self.date.isoformat()

        date_expiration = self.date_expiration.isoformat()

        date_payment: str | None
        if isinstance(self.date_payment, datetime.datetime):
            date_payment = self.date_payment.isoformat()
        else:
            date_payment = self.date_payment

        platform_payments: dict[str, Any] | None
        if isinstance(self.platform_payments, PlatformPayment):
            platform_payments = self.platform_payments.to_dict()
        else:
            platform_payments = self.platform_payments

        concepts = []
        for concepts_item_data in self.concepts:
            concepts_item = concepts_item_data.to_dict()
            concepts.append(concepts_item)

        id_bill = self.id_bill

        niu = self.niu

        contract = self.contract

        consumption = self.consumption

        payment_value = self.payment_value

        description = self.description

        state = self.state

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id_service": id_service,
                "id_account": id_account,
                "account": account,
                "service": service,
                "date": date,
                "date_expiration": date_expiration,
                "date_payment": date_payment,
                "platform_payments": platform_payments,
                "concepts": concepts,
                "id_bill": id_bill,
                "niu": niu,
                "contract": contract,
                "consumption": consumption,
                "payment_value": payment_value,
                "description": description,
                "state": state,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.bill_concept import BillConcept
        from ..models.platform_payment import PlatformPayment

        d = dict(src_dict)
        id_service = d.pop("id_service")

        id_account = d.pop("id_account")

        account = d.pop("account")

        service = d.pop("service")

        date = datetime.datetime.fromisoformat(d.pop("date"))

        date_expiration = datetime.datetime.fromisoformat(d.pop("date_expiration"))

        def _parse_date_payment(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                date_payment_type_0 = datetime.datetime.fromisoformat(data)

                return date_payment_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        date_payment = _parse_date_payment(d.pop("date_payment"))

        def _parse_platform_payments(data: object) -> PlatformPayment | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                platform_payments_type_0 = PlatformPayment.from_dict(data)

                return platform_payments_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | PlatformPayment, data)

        platform_payments = _parse_platform_payments(d.pop("platform_payments"))

        concepts = []
        _concepts = d.pop("concepts")
        for concepts_item_data in _concepts:
            concepts_item = BillConcept.from_dict(concepts_item_data)

            concepts.append(concepts_item)

        id_bill = d.pop("id_bill")

        niu = d.pop("niu")

        contract = d.pop("contract")

        consumption = d.pop("consumption")

        payment_value = d.pop("payment_value")

        description = d.pop("description")

        state = d.pop("state")

        bill = cls(
            id_service=id_service,
            id_account=id_account,
            account=account,
            service=service,
            date=date,
            date_expiration=date_expiration,
            date_payment=date_payment,
            platform_payments=platform_payments,
            concepts=concepts,
            id_bill=id_bill,
            niu=niu,
            contract=contract,
            consumption=consumption,
            payment_value=payment_value,
            description=description,
            state=state,
        )

        bill.additional_properties = d
        return bill

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
