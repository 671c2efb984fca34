"""The clients of this API: `Neu` and, for asyncio, `AsyncNeu`."""

import datetime
from typing import Literal

from contrato.core.client import AsyncClient, Client
from contrato.core.types import UNSET, Unset

from .models import (
    Account,
    AccountConsumption,
    Bill,
    DueDatePage,
    NeugetTransaction,
    NotificationInteractionPage,
    NotificationPage,
    OverdueBill,
    Pqr,
    Rule,
    RuleHistoryPage,
    Service,
    UsedNeuget,
)


class Neu(Client):
    """NEU API.

    NEU sells electricity in Colombia. This API gives a customer the data behind the web
    application: accounts and their services, claims (PQR), energy consumption from hours to months,
    bills, notifications, alarm rules and loyalty points (*neugets*).

    **The vendor's document gives no method, no path, no status code and no error shape.** It names
    fields and shows the shape of requests and answers. All paths and methods of this reference are
    therefore inferred: they are one consistent reading, not a promise of the vendor. Each element
    says in `x-evidence` whether it is documented, inferred, or a conflict between two statements of
    the document.

    - **Queries are POST.** Filters travel in a JSON body, so most operations are `POST`. None of
    them changes anything: `x-safe: true` marks those that may be repeated freely.
    - **Timestamps carry no zone.** `2021-04-01T00:00:00` is local time in Colombia
    (`America/Bogota`, UTC-5 all year).
    - **Money is in Colombian pesos (COP), energy in kWh and kVArh.** The document states the units
    of consumption readings; the currency is our reading.
    - **Names are inconsistent and kept as they are**: `Page` in one place, `PageNumber` in others;
    `id_alarm` and `Id_alarm`; `payment_value` and `payment_Value`.

    A method that cannot return what it promises raises a `contrato.core.errors.ContratoError`.

    Args:
        token: By default `NEU_TOKEN` of the environment.
        base_url: By default `NEU_BASE_URL` of the environment, else the spec's server.
        timeout: Seconds that connecting, sending or waiting for more of an answer may take.
        transport: `httpx.BaseTransport`, for a proxy, certificates or a stand-in server.
    """

    api = "neu"

    def list_accounts(self) -> list[Account]:
        """List accounts

        Returns every account of the customer, each with its services.

        Returns:
            list[Account]: The customer's accounts.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id.
        """
        return self._request(
            "GET",
            "/accounts",
            returns=[("200", list[Account])],
            errors=["401", "4XX"],
        )

    def get_account(self, id: int) -> list[Account]:
        """Read one account

        Returns the account with this id, **as an array**: the source shows one shape, an array,
        with or without an id. What an unknown id answers is not documented; an empty array and
        `404` are both plausible.

        Args:
            id: Identifier of the account.

        Returns:
            list[Account]: An array with the account that has this id.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id.
        """
        return self._request(
            "GET",
            "/accounts/{id}",
            path={"id": id},
            returns=[("200", list[Account])],
            errors=["401", "4XX"],
        )

    def list_services(self) -> list[Service]:
        """List services

        Returns every service of the customer, over all accounts.

        Returns:
            list[Service]: The customer's services.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id.
        """
        return self._request(
            "GET",
            "/services",
            returns=[("200", list[Service])],
            errors=["401", "4XX"],
        )

    def get_service(self, id: int) -> Service:
        """Read one service

        Returns the service with this id.

        Args:
            id: Identifier of the service.

        Returns:
            Service: The service.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id.
        """
        return self._request(
            "GET",
            "/services/{id}",
            path={"id": id},
            returns=[("200", Service)],
            errors=["401", "4XX"],
        )

    def list_pqrs(
        self, *, from_: datetime.datetime | Unset = UNSET, to: datetime.datetime | Unset = UNSET
    ) -> list[Pqr]:
        """List claims

        Returns the petitions, complaints and claims (*PQR*) that the user filed, optionally within
        a range of dates. Changes nothing.

        Args:
            from_: Start of the range of dates.
            to: End of the range of dates.

        Returns:
            list[Pqr]: The claims.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id.
        """
        return self._request(
            "POST",
            "/pqrs",
            body={"From": from_, "To": to},
            returns=[("200", list[Pqr])],
            errors=["401", "4XX"],
        )

    def query_consumption(
        self,
        *,
        interval: Literal["DAILY", "HOURLY", "MONTHLY"],
        from_: datetime.datetime,
        to: datetime.datetime,
        id_account: int | Unset = UNSET,
        id_services: list[int] | Unset = UNSET,
    ) -> list[AccountConsumption]:
        """Query energy consumption

        Returns energy (kWh), reactive energy (kVArh), meter registers, currents (A) and voltages
        (V) of an account or of some services, one row per service and hour, day or month. Changes
        nothing.

        Name an account in `Id_account` **or** services in `Id_services`. What happens with both, or
        with neither, is not documented. Whether `From` and `To` are inclusive, and what becomes of
        a day or month that the range cuts, is not documented either.

        Args:
            interval: Length of time that one row of the answer covers, an hour, a day or a
                month.
            from_: Start of the range of dates.
            to: End of the range of dates.
            id_account: Identifier of the account whose services are returned. The alternative
                is `Id_services`.
            id_services: Identifiers of one or several services. The alternative is
                `Id_account`.

        Returns:
            list[AccountConsumption]: For each account, the readings of its services.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id.
        """
        return self._request(
            "POST",
            "/consumption",
            body={"Interval": interval, "From": from_, "To": to, "Id_account": id_account, "Id_services": id_services},
            returns=[("200", list[AccountConsumption])],
            errors=["401", "4XX"],
        )

    def list_bills(
        self,
        *,
        id_service: int | Unset = UNSET,
        from_: datetime.datetime | Unset = UNSET,
        to: datetime.datetime | Unset = UNSET,
        page: int | Unset = UNSET,
    ) -> list[Bill]:
        """List bills

        Returns the customer's bills, optionally of one service and within a range of dates, page by
        page. The answer is a bare array: it tells neither the number of pages nor the total, so
        read pages until one comes back empty. Changes nothing.

        Args:
            id_service: Identifier of the service, which the source calls a project here.
            from_: Start of the range of dates.
            to: End of the range of dates.
            page: Page to return, counted from 1. The other lists call it `PageNumber`. The
                server's default is 1.

        Returns:
            list[Bill]: One page of bills.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id.
        """
        return self._request(
            "POST",
            "/bills",
            body={"Id_service": id_service, "From": from_, "To": to, "Page": page},
            returns=[("200", list[Bill])],
            errors=["401", "4XX"],
        )

    def list_due_dates(
        self,
        *,
        id_service: int | Unset = UNSET,
        from_: datetime.datetime | Unset = UNSET,
        to: datetime.datetime | Unset = UNSET,
        page_number: int | Unset = UNSET,
    ) -> DueDatePage:
        """List due dates of bills

        Returns the date until which each bill is to be paid, optionally of one service and within a
        range of dates, page by page. Changes nothing.

        Args:
            id_service: Identifier of the service, which the source calls a project here.
            from_: Start of the range of dates.
            to: End of the range of dates.
            page_number: Page to return, counted from 1. The server's default is 1.

        Returns:
            DueDatePage: One page of due dates.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id.
        """
        return self._request(
            "POST",
            "/bills/due-dates",
            body={"Id_service": id_service, "From": from_, "To": to, "PageNumber": page_number},
            returns=[("200", DueDatePage)],
            errors=["401", "4XX"],
        )

    def list_overdue_bills(self) -> list[OverdueBill]:
        """List overdue bills

        Returns the bills that are past their due date, with the number of days overdue (*días de
        mora*).

        Returns:
            list[OverdueBill]: The overdue bills.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id.
        """
        return self._request(
            "GET",
            "/bills/overdue",
            returns=[("200", list[OverdueBill])],
            errors=["401", "4XX"],
        )

    def list_notifications(
        self,
        *,
        from_: datetime.datetime | Unset = UNSET,
        to: datetime.datetime | Unset = UNSET,
        page_number: int | Unset = UNSET,
    ) -> NotificationPage:
        """List notifications

        Returns the user's notifications about consumption, optionally within a range of dates, in
        pages of 20. The page travels in the URL, the dates in the body. Changes nothing.

        Args:
            from_: Start of the range of dates.
            to: End of the range of dates.
            page_number: Page to return, counted from 1. The server's default is 1.

        Returns:
            NotificationPage: One page of notifications.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id.
        """
        return self._request(
            "POST",
            "/notifications",
            query={"PageNumber": page_number},
            body={"From": from_, "To": to},
            returns=[("200", NotificationPage)],
            errors=["401", "4XX"],
        )

    def list_notification_interactions(
        self,
        *,
        from_: datetime.datetime | Unset = UNSET,
        to: datetime.datetime | Unset = UNSET,
        page_number: int | Unset = UNSET,
    ) -> NotificationInteractionPage:
        """List interactions with notifications

        Returns the notifications about consumption that users interacted with, and when, optionally
        within a range of dates, page by page. Changes nothing.

        Args:
            from_: Start of the range of dates.
            to: End of the range of dates.
            page_number: Page to return, counted from 1. The server's default is 1.

        Returns:
            NotificationInteractionPage: One page of interactions.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id.
        """
        return self._request(
            "POST",
            "/notifications/interactions",
            query={"PageNumber": page_number},
            body={"From": from_, "To": to},
            returns=[("200", NotificationInteractionPage)],
            errors=["401", "4XX"],
        )

    def list_active_rules(
        self,
        *,
        id_project: int | Unset = UNSET,
        from_: datetime.datetime | Unset = UNSET,
        to: datetime.datetime | Unset = UNSET,
        page_number: int | Unset = UNSET,
    ) -> list[Rule]:
        """List active rules

        Returns the alarm rules that are active, optionally of one service (*proyecto*) and within a
        range of dates, page by page. The answer is a bare array: read pages until one comes back
        empty. Changes nothing.

        Args:
            id_project: Identifier of the project, which is taken to be a service.
            from_: Start of the range of dates.
            to: End of the range of dates.
            page_number: Page to return, counted from 1. The server's default is 1.

        Returns:
            list[Rule]: One page of active rules.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id.
        """
        return self._request(
            "POST",
            "/rules/active",
            body={"Id_project": id_project, "From": from_, "To": to, "PageNumber": page_number},
            returns=[("200", list[Rule])],
            errors=["401", "4XX"],
        )

    def list_rule_history(
        self,
        *,
        id_project: int | Unset = UNSET,
        from_: datetime.datetime | Unset = UNSET,
        to: datetime.datetime | Unset = UNSET,
        page_number: int | Unset = UNSET,
    ) -> RuleHistoryPage:
        """List when rules were met

        Returns, for each alarm rule, the times at which it was met and the value that met it,
        optionally of one service (*proyecto*) and within a range of dates, page by page. Changes
        nothing.

        Args:
            id_project: Identifier of the project, which is taken to be a service.
            from_: Start of the range of dates.
            to: End of the range of dates.
            page_number: Page to return, counted from 1. The server's default is 1.

        Returns:
            RuleHistoryPage: One page of rules, each with the times at which it was met.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id.
        """
        return self._request(
            "POST",
            "/rules/history",
            body={"Id_project": id_project, "From": from_, "To": to, "PageNumber": page_number},
            returns=[("200", RuleHistoryPage)],
            errors=["401", "4XX"],
        )

    def list_neuget_transactions(self, id: int) -> list[NeugetTransaction]:
        """List neugets of an account

        Returns the transactions of loyalty points (*neugets*) of an account.

        Args:
            id: Identifier of the account.

        Returns:
            list[NeugetTransaction]: The transactions.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id.
        """
        return self._request(
            "GET",
            "/neugets/transactions/{id}",
            path={"id": id},
            returns=[("200", list[NeugetTransaction])],
            errors=["401", "4XX"],
        )

    def list_used_neugets(self, id: int) -> list[UsedNeuget]:
        """List neugets spent on bills

        Returns the loyalty points (*neugets*) that an account spent when it paid its bills.

        Args:
            id: Identifier of the account.

        Returns:
            list[UsedNeuget]: The neugets spent, bill by bill.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id.
        """
        return self._request(
            "GET",
            "/neugets/used/{id}",
            path={"id": id},
            returns=[("200", list[UsedNeuget])],
            errors=["401", "4XX"],
        )


class AsyncNeu(AsyncClient):
    """NEU API.

    NEU sells electricity in Colombia. This API gives a customer the data behind the web
    application: accounts and their services, claims (PQR), energy consumption from hours to months,
    bills, notifications, alarm rules and loyalty points (*neugets*).

    **The vendor's document gives no method, no path, no status code and no error shape.** It names
    fields and shows the shape of requests and answers. All paths and methods of this reference are
    therefore inferred: they are one consistent reading, not a promise of the vendor. Each element
    says in `x-evidence` whether it is documented, inferred, or a conflict between two statements of
    the document.

    - **Queries are POST.** Filters travel in a JSON body, so most operations are `POST`. None of
    them changes anything: `x-safe: true` marks those that may be repeated freely.
    - **Timestamps carry no zone.** `2021-04-01T00:00:00` is local time in Colombia
    (`America/Bogota`, UTC-5 all year).
    - **Money is in Colombian pesos (COP), energy in kWh and kVArh.** The document states the units
    of consumption readings; the currency is our reading.
    - **Names are inconsistent and kept as they are**: `Page` in one place, `PageNumber` in others;
    `id_alarm` and `Id_alarm`; `payment_value` and `payment_Value`.

    A method that cannot return what it promises raises a `contrato.core.errors.ContratoError`.

    Args:
        token: By default `NEU_TOKEN` of the environment.
        base_url: By default `NEU_BASE_URL` of the environment, else the spec's server.
        timeout: Seconds that connecting, sending or waiting for more of an answer may take.
        transport: `httpx.AsyncBaseTransport`, for a proxy, certificates or a stand-in server.
    """

    api = "neu"

    async def list_accounts(self) -> list[Account]:
        """List accounts

        Returns every account of the customer, each with its services.

        Returns:
            list[Account]: The customer's accounts.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id.
        """
        return await self._request(
            "GET",
            "/accounts",
            returns=[("200", list[Account])],
            errors=["401", "4XX"],
        )

    async def get_account(self, id: int) -> list[Account]:
        """Read one account

        Returns the account with this id, **as an array**: the source shows one shape, an array,
        with or without an id. What an unknown id answers is not documented; an empty array and
        `404` are both plausible.

        Args:
            id: Identifier of the account.

        Returns:
            list[Account]: An array with the account that has this id.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id.
        """
        return await self._request(
            "GET",
            "/accounts/{id}",
            path={"id": id},
            returns=[("200", list[Account])],
            errors=["401", "4XX"],
        )

    async def list_services(self) -> list[Service]:
        """List services

        Returns every service of the customer, over all accounts.

        Returns:
            list[Service]: The customer's services.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id.
        """
        return await self._request(
            "GET",
            "/services",
            returns=[("200", list[Service])],
            errors=["401", "4XX"],
        )

    async def get_service(self, id: int) -> Service:
        """Read one service

        Returns the service with this id.

        Args:
            id: Identifier of the service.

        Returns:
            Service: The service.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id.
        """
        return await self._request(
            "GET",
            "/services/{id}",
            path={"id": id},
            returns=[("200", Service)],
            errors=["401", "4XX"],
        )

    async def list_pqrs(
        self, *, from_: datetime.datetime | Unset = UNSET, to: datetime.datetime | Unset = UNSET
    ) -> list[Pqr]:
        """List claims

        Returns the petitions, complaints and claims (*PQR*) that the user filed, optionally within
        a range of dates. Changes nothing.

        Args:
            from_: Start of the range of dates.
            to: End of the range of dates.

        Returns:
            list[Pqr]: The claims.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id.
        """
        return await self._request(
            "POST",
            "/pqrs",
            body={"From": from_, "To": to},
            returns=[("200", list[Pqr])],
            errors=["401", "4XX"],
        )

    async def query_consumption(
        self,
        *,
        interval: Literal["DAILY", "HOURLY", "MONTHLY"],
        from_: datetime.datetime,
        to: datetime.datetime,
        id_account: int | Unset = UNSET,
        id_services: list[int] | Unset = UNSET,
    ) -> list[AccountConsumption]:
        """Query energy consumption

        Returns energy (kWh), reactive energy (kVArh), meter registers, currents (A) and voltages
        (V) of an account or of some services, one row per service and hour, day or month. Changes
        nothing.

        Name an account in `Id_account` **or** services in `Id_services`. What happens with both, or
        with neither, is not documented. Whether `From` and `To` are inclusive, and what becomes of
        a day or month that the range cuts, is not documented either.

        Args:
            interval: Length of time that one row of the answer covers, an hour, a day or a
                month.
            from_: Start of the range of dates.
            to: End of the range of dates.
            id_account: Identifier of the account whose services are returned. The alternative
                is `Id_services`.
            id_services: Identifiers of one or several services. The alternative is
                `Id_account`.

        Returns:
            list[AccountConsumption]: For each account, the readings of its services.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id.
        """
        return await self._request(
            "POST",
            "/consumption",
            body={"Interval": interval, "From": from_, "To": to, "Id_account": id_account, "Id_services": id_services},
            returns=[("200", list[AccountConsumption])],
            errors=["401", "4XX"],
        )

    async def list_bills(
        self,
        *,
        id_service: int | Unset = UNSET,
        from_: datetime.datetime | Unset = UNSET,
        to: datetime.datetime | Unset = UNSET,
        page: int | Unset = UNSET,
    ) -> list[Bill]:
        """List bills

        Returns the customer's bills, optionally of one service and within a range of dates, page by
        page. The answer is a bare array: it tells neither the number of pages nor the total, so
        read pages until one comes back empty. Changes nothing.

        Args:
            id_service: Identifier of the service, which the source calls a project here.
            from_: Start of the range of dates.
            to: End of the range of dates.
            page: Page to return, counted from 1. The other lists call it `PageNumber`. The
                server's default is 1.

        Returns:
            list[Bill]: One page of bills.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id.
        """
        return await self._request(
            "POST",
            "/bills",
            body={"Id_service": id_service, "From": from_, "To": to, "Page": page},
            returns=[("200", list[Bill])],
            errors=["401", "4XX"],
        )

    async def list_due_dates(
        self,
        *,
        id_service: int | Unset = UNSET,
        from_: datetime.datetime | Unset = UNSET,
        to: datetime.datetime | Unset = UNSET,
        page_number: int | Unset = UNSET,
    ) -> DueDatePage:
        """List due dates of bills

        Returns the date until which each bill is to be paid, optionally of one service and within a
        range of dates, page by page. Changes nothing.

        Args:
            id_service: Identifier of the service, which the source calls a project here.
            from_: Start of the range of dates.
            to: End of the range of dates.
            page_number: Page to return, counted from 1. The server's default is 1.

        Returns:
            DueDatePage: One page of due dates.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id.
        """
        return await self._request(
            "POST",
            "/bills/due-dates",
            body={"Id_service": id_service, "From": from_, "To": to, "PageNumber": page_number},
            returns=[("200", DueDatePage)],
            errors=["401", "4XX"],
        )

    async def list_overdue_bills(self) -> list[OverdueBill]:
        """List overdue bills

        Returns the bills that are past their due date, with the number of days overdue (*días de
        mora*).

        Returns:
            list[OverdueBill]: The overdue bills.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id.
        """
        return await self._request(
            "GET",
            "/bills/overdue",
            returns=[("200", list[OverdueBill])],
            errors=["401", "4XX"],
        )

    async def list_notifications(
        self,
        *,
        from_: datetime.datetime | Unset = UNSET,
        to: datetime.datetime | Unset = UNSET,
        page_number: int | Unset = UNSET,
    ) -> NotificationPage:
        """List notifications

        Returns the user's notifications about consumption, optionally within a range of dates, in
        pages of 20. The page travels in the URL, the dates in the body. Changes nothing.

        Args:
            from_: Start of the range of dates.
            to: End of the range of dates.
            page_number: Page to return, counted from 1. The server's default is 1.

        Returns:
            NotificationPage: One page of notifications.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id.
        """
        return await self._request(
            "POST",
            "/notifications",
            query={"PageNumber": page_number},
            body={"From": from_, "To": to},
            returns=[("200", NotificationPage)],
            errors=["401", "4XX"],
        )

    async def list_notification_interactions(
        self,
        *,
        from_: datetime.datetime | Unset = UNSET,
        to: datetime.datetime | Unset = UNSET,
        page_number: int | Unset = UNSET,
    ) -> NotificationInteractionPage:
        """List interactions with notifications

        Returns the notifications about consumption that users interacted with, and when, optionally
        within a range of dates, page by page. Changes nothing.

        Args:
            from_: Start of the range of dates.
            to: End of the range of dates.
            page_number: Page to return, counted from 1. The server's default is 1.

        Returns:
            NotificationInteractionPage: One page of interactions.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id.
        """
        return await self._request(
            "POST",
            "/notifications/interactions",
            query={"PageNumber": page_number},
            body={"From": from_, "To": to},
            returns=[("200", NotificationInteractionPage)],
            errors=["401", "4XX"],
        )

    async def list_active_rules(
        self,
        *,
        id_project: int | Unset = UNSET,
        from_: datetime.datetime | Unset = UNSET,
        to: datetime.datetime | Unset = UNSET,
        page_number: int | Unset = UNSET,
    ) -> list[Rule]:
        """List active rules

        Returns the alarm rules that are active, optionally of one service (*proyecto*) and within a
        range of dates, page by page. The answer is a bare array: read pages until one comes back
        empty. Changes nothing.

        Args:
            id_project: Identifier of the project, which is taken to be a service.
            from_: Start of the range of dates.
            to: End of the range of dates.
            page_number: Page to return, counted from 1. The server's default is 1.

        Returns:
            list[Rule]: One page of active rules.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id.
        """
        return await self._request(
            "POST",
            "/rules/active",
            body={"Id_project": id_project, "From": from_, "To": to, "PageNumber": page_number},
            returns=[("200", list[Rule])],
            errors=["401", "4XX"],
        )

    async def list_rule_history(
        self,
        *,
        id_project: int | Unset = UNSET,
        from_: datetime.datetime | Unset = UNSET,
        to: datetime.datetime | Unset = UNSET,
        page_number: int | Unset = UNSET,
    ) -> RuleHistoryPage:
        """List when rules were met

        Returns, for each alarm rule, the times at which it was met and the value that met it,
        optionally of one service (*proyecto*) and within a range of dates, page by page. Changes
        nothing.

        Args:
            id_project: Identifier of the project, which is taken to be a service.
            from_: Start of the range of dates.
            to: End of the range of dates.
            page_number: Page to return, counted from 1. The server's default is 1.

        Returns:
            RuleHistoryPage: One page of rules, each with the times at which it was met.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id.
        """
        return await self._request(
            "POST",
            "/rules/history",
            body={"Id_project": id_project, "From": from_, "To": to, "PageNumber": page_number},
            returns=[("200", RuleHistoryPage)],
            errors=["401", "4XX"],
        )

    async def list_neuget_transactions(self, id: int) -> list[NeugetTransaction]:
        """List neugets of an account

        Returns the transactions of loyalty points (*neugets*) of an account.

        Args:
            id: Identifier of the account.

        Returns:
            list[NeugetTransaction]: The transactions.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id.
        """
        return await self._request(
            "GET",
            "/neugets/transactions/{id}",
            path={"id": id},
            returns=[("200", list[NeugetTransaction])],
            errors=["401", "4XX"],
        )

    async def list_used_neugets(self, id: int) -> list[UsedNeuget]:
        """List neugets spent on bills

        Returns the loyalty points (*neugets*) that an account spent when it paid its bills.

        Args:
            id: Identifier of the account.

        Returns:
            list[UsedNeuget]: The neugets spent, bill by bill.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id.
        """
        return await self._request(
            "GET",
            "/neugets/used/{id}",
            path={"id": id},
            returns=[("200", list[UsedNeuget])],
            errors=["401", "4XX"],
        )
