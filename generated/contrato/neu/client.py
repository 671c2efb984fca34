"""The clients of this API: `Neu` and, for asyncio, `AsyncNeu`."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Literal

from contrato.core.client import AsyncClient, Client, RequestOptions
from contrato.core.pages import AsyncPager, Pager

if TYPE_CHECKING:
    from .models import (
        Account,
        AccountConsumption,
        Bill,
        DueDate,
        DueDatePage,
        NeugetTransaction,
        Notification,
        NotificationInteraction,
        NotificationInteractionPage,
        NotificationPage,
        OverdueBill,
        Pqr,
        Rule,
        RuleHistory,
        RuleHistoryPage,
        Service,
        UsedNeuget,
    )


class Neu(Client):
    """NEU API.

    NEU sells electricity in Colombia. This API gives a customer the data behind the web
    application: accounts and their services, claims (PQRS), energy consumption from hours to
    months, bills, notifications, alarm rules and loyalty points (*neugets*).

    **The vendor's document gives no method, no path, no status code and no error shape.** It names
    fields and shows the shape of requests and answers. All paths and methods of this reference are
    therefore inferred: they are one consistent reading, not a promise of the vendor. Each element
    says whether it is documented, inferred, or a conflict between two statements of the document:
    in a badge, and in the files in `x-evidence`. Of an answer, the shape is documented, never the
    status code.

    - **Queries are POST.** Filters travel in a JSON body, so most operations are `POST`; that is
    our reading (NEU-2, NEU-10). All of them only read, so they may be repeated freely; in the
    files, `x-safe: true` says so.
    - **Timestamps carry no zone.** We read `2021-04-01T00:00:00` as local time in Colombia
    (`America/Bogota`, UTC-5 all year); see NEU-34.
    - **Money is in Colombian pesos (COP), energy in kWh and kVArh.** The document states the units
    of consumption readings; the currency, and kWh for the energy of a bill, are our reading
    (NEU-111, NEU-112).
    - **Names are inconsistent and kept as they are**: `Page` in one place, `PageNumber` in others;
    `id_alarm` and `Id_alarm`; `payment_value` and `payment_Value`.

    A method returns data that match the spec, or raises `contrato.core.errors.ContratoError`. A field of an answer that
    is null, or optional and absent, is None.

    Args:
        token: Bearer token; by default the environment variable `NEU_TOKEN`.
        base_url: URL of the API; by default the environment variable `NEU_BASE_URL`, else the server
            in the spec.
        timeout: Seconds that connecting, sending, or waiting for the next part of an answer may take; by default
            `NEU_TIMEOUT`, else 60, and 10 to connect.
        deadline: Seconds that a whole call may take, including retries, or each page of a list; None for no limit.
            It is checked whenever a part of an answer arrives, and before a retry. A server that sends headers slowly can
            hold a call for longer; `AsyncNeu` cancels those calls too.
        retries: Maximum number of retries if the server fails, is busy or cannot be reached. Reads are retried; writes never
            are. If the server asks to wait for more than 60 seconds, the error is raised immediately: see its `retry_after`.
        aware: True gives `time_zone` to timestamps of answers without an offset.
        max_bytes: Maximum size of an answer in bytes, compressed or not.
        headers: Headers to send with every request, such as those that a gateway wants; `NEU_HEADERS`
            adds others, one a line, as in `X-Api-Key: $KEY` with the value of that variable. Nothing shows them.
        ca_bundle: File or directory with the certificates to trust; by default `NEU_CA_BUNDLE`, else
            `SSL_CERT_FILE` and the like, else those of certifi.
        client_cert: PEM file with a certificate for the server and its key; by default `NEU_CLIENT_CERT`.
        insecure: True accepts any certificate; by default `NEU_INSECURE`.
        proxy: URL of a proxy, empty for none; by default `NEU_PROXY`, else that of `HTTPS_PROXY` and the like.
        transport: `httpx.BaseTransport` instead, with its own certificates and proxy, or with a server in the same process.
        overlay: File that `contrato learn` wrote: the paths, methods and arguments to use; by default the environment
            variable `NEU_OVERLAY`.
    """

    api = "neu"

    def list_accounts(self, *, options: RequestOptions | None = None) -> list[Account]:
        """List accounts

        Returns every account of the customer, each with its services.

        Args:
            options: Settings of this call, instead of those of the client.


        Returns:
            list[Account]: The customer's accounts.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id. The body, if any, is unknown.
        """
        result: list[Account] = self._request("listAccounts", {}, options)
        return result

    def get_account(self, id: int, *, options: RequestOptions | None = None) -> list[Account]:
        """Read one account

        Returns the account with this id, **as an array**. The answer to an unknown id is not
        documented; an empty array and `404` are both plausible (NEU-5).

        Args:
            id: Identifier of the account.
            options: Settings of this call, instead of those of the client.


        Returns:
            list[Account]: An array with the account that has this id.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id. The body, if any, is unknown.
        """
        result: list[Account] = self._request("getAccount", {"id": id}, options)
        return result

    def list_services(self, *, options: RequestOptions | None = None) -> list[Service]:
        """List services

        Returns every service of the customer, over all accounts.

        Args:
            options: Settings of this call, instead of those of the client.


        Returns:
            list[Service]: The customer's services.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id. The body, if any, is unknown.
        """
        result: list[Service] = self._request("listServices", {}, options)
        return result

    def get_service(self, id: int, *, options: RequestOptions | None = None) -> Service:
        """Read one service

        Returns the service with this id.

        Args:
            id: Identifier of the service.
            options: Settings of this call, instead of those of the client.


        Returns:
            Service: The service.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id. The body, if any, is unknown.
        """
        result: Service = self._request("getService", {"id": id}, options)
        return result

    def list_pqrs(
        self,
        *,
        from_: datetime.date | str | None = None,
        to: datetime.date | str | None = None,
        options: RequestOptions | None = None,
    ) -> list[Pqr]:
        """List claims

        Returns the petitions, complaints, claims and suggestions (*PQRS*) that the user filed,
        optionally within a range of dates. Read-only.

        The server decides whether rows at the ends of the range are included; `windows` decides it by
        the dates of the rows.

        Args:
            from_: Start of the range of dates. A date, a datetime or ISO 8601 text; in
                `time_zone`, unless it has an offset.
            to: End of the range of dates. A date, a datetime or ISO 8601 text; in `time_zone`,
                unless it has an offset.
            options: Settings of this call, instead of those of the client.


        Returns:
            list[Pqr]: The claims.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id. The body, if any, is unknown.
        """
        result: list[Pqr] = self._request("listPqrs", {"from_": from_, "to": to}, options)
        return result

    def query_consumption(
        self,
        *,
        interval: Literal["DAILY", "HOURLY", "MONTHLY"],
        from_: datetime.date | str,
        to: datetime.date | str,
        id_account: int | None = None,
        id_services: list[int] | None = None,
        options: RequestOptions | None = None,
    ) -> list[AccountConsumption]:
        """Query energy consumption

        Returns active energy (kWh), reactive energy (kVArh), meter registers, currents (A) and
        voltages (V) of an account or of some services, one row per service and hour, day or month.
        Read-only.

        Name an account in `id_account` **or** services in `id_services`. The answer to both, or to
        neither, is not documented (NEU-15, NEU-16). Nor is it documented whether `from_` and `to`
        are inclusive (NEU-38, NEU-39), or how partly covered days and months are reported (NEU-17).

        The server decides whether rows at the ends of the range are included; `windows` decides it by
        the dates of the rows.

        Args:
            id_account: Identifier of the account whose readings are returned. The alternative
                is `id_services`.
            id_services: Identifiers of one or several services. The alternative is
                `id_account`.
            interval: Length of time that one row of the answer covers: an hour, a day or a
                month.
            from_: Start of the range of dates. A date, a datetime or ISO 8601 text; in
                `time_zone`, unless it has an offset.
            to: End of the range of dates. A date, a datetime or ISO 8601 text; in `time_zone`,
                unless it has an offset.
            options: Settings of this call, instead of those of the client.


        Returns:
            list[AccountConsumption]: For each account, the readings of its services.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id. The body, if any, is unknown.
        """
        result: list[AccountConsumption] = self._request(
            "queryConsumption",
            {"id_account": id_account, "id_services": id_services, "interval": interval, "from_": from_, "to": to},
            options,
        )
        return result

    def list_bills(
        self,
        *,
        id_service: int | None = None,
        from_: datetime.date | str | None = None,
        to: datetime.date | str | None = None,
        page: int | None = None,
        options: RequestOptions | None = None,
    ) -> Pager[Bill, list[Bill]]:
        """List bills

        Returns the customer's bills, optionally of one service and within a range of dates, page by
        page. By our reading, the answer is a bare array, without the number of pages or the total
        (NEU-72), and the first empty page is the end (NEU-27). Read-only.

        The server decides whether rows at the ends of the range are included; `windows` decides it by
        the dates of the rows.

        Args:
            id_service: Identifier of the service, which the document calls a project here.
            from_: Start of the range of dates. A date, a datetime or ISO 8601 text; in
                `time_zone`, unless it has an offset.
            to: End of the range of dates. A date, a datetime or ISO 8601 text; in `time_zone`,
                unless it has an offset.
            page: Page to return, counted from 1. The other lists call it `PageNumber`. The
                server's default is 1.
            options: Settings of this call, instead of those of the client.


        Returns:
            The items of all pages from the given one on, requested during iteration; `.first(n)` has the
            first items, `.pages()` iterates over the pages. Each page:
            list[Bill]: One page of bills.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id. The body, if any, is unknown.
        """
        return self._paged("listBills", {"id_service": id_service, "from_": from_, "to": to, "page": page}, options)

    def list_due_dates(
        self,
        *,
        id_service: int | None = None,
        from_: datetime.date | str | None = None,
        to: datetime.date | str | None = None,
        page_number: int | None = None,
        options: RequestOptions | None = None,
    ) -> Pager[DueDate, DueDatePage]:
        """List due dates of bills

        Returns the date until which each bill is to be paid, optionally of one service and within a
        range of dates, page by page. Read-only.

        The server decides whether rows at the ends of the range are included; `windows` decides it by
        the dates of the rows.

        Args:
            id_service: Identifier of the service, which the document calls a project here.
            from_: Start of the range of dates. A date, a datetime or ISO 8601 text; in
                `time_zone`, unless it has an offset.
            to: End of the range of dates. A date, a datetime or ISO 8601 text; in `time_zone`,
                unless it has an offset.
            page_number: Page to return, counted from 1. The server's default is 1.
            options: Settings of this call, instead of those of the client.


        Returns:
            The items of all pages from the given one on, requested during iteration; `.first(n)` has the
            first items, `.pages()` iterates over the pages. Each page:
            DueDatePage: One page of due dates.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id. The body, if any, is unknown.
        """
        return self._paged(
            "listDueDates", {"id_service": id_service, "from_": from_, "to": to, "page_number": page_number}, options
        )

    def list_overdue_bills(self, *, options: RequestOptions | None = None) -> list[OverdueBill]:
        """List overdue bills

        Returns the bills that are past their due date, with the number of days overdue (*días de
        mora*); by our reading, only unpaid ones (NEU-25).

        Args:
            options: Settings of this call, instead of those of the client.


        Returns:
            list[OverdueBill]: The overdue bills.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id. The body, if any, is unknown.
        """
        result: list[OverdueBill] = self._request("listOverdueBills", {}, options)
        return result

    def list_notifications(
        self,
        *,
        page_number: int | None = None,
        from_: datetime.date | str | None = None,
        to: datetime.date | str | None = None,
        options: RequestOptions | None = None,
    ) -> Pager[Notification, NotificationPage]:
        """List notifications

        Returns the user's notifications about consumption, optionally within a range of dates, in
        pages of 20. The page travels in the URL, the dates in the body. Read-only.

        The server decides whether rows at the ends of the range are included; `windows` decides it by
        the dates of the rows.

        Args:
            page_number: Page to return, counted from 1. The server's default is 1.
            from_: Start of the range of dates. A date, a datetime or ISO 8601 text; in
                `time_zone`, unless it has an offset.
            to: End of the range of dates. A date, a datetime or ISO 8601 text; in `time_zone`,
                unless it has an offset.
            options: Settings of this call, instead of those of the client.


        Returns:
            The items of all pages from the given one on, requested during iteration; `.first(n)` has the
            first items, `.pages()` iterates over the pages. Each page:
            NotificationPage: One page of notifications.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id. The body, if any, is unknown.
        """
        return self._paged("listNotifications", {"page_number": page_number, "from_": from_, "to": to}, options)

    def list_notification_interactions(
        self,
        *,
        page_number: int | None = None,
        from_: datetime.date | str | None = None,
        to: datetime.date | str | None = None,
        options: RequestOptions | None = None,
    ) -> Pager[NotificationInteraction, NotificationInteractionPage]:
        """List interactions with notifications

        Returns the notifications about consumption that a user interacted with, and when,
        optionally within a range of dates, page by page. Read-only.

        The server decides whether rows at the ends of the range are included; `windows` decides it by
        the dates of the rows.

        Args:
            page_number: Page to return, counted from 1. The server's default is 1.
            from_: Start of the range of dates. A date, a datetime or ISO 8601 text; in
                `time_zone`, unless it has an offset.
            to: End of the range of dates. A date, a datetime or ISO 8601 text; in `time_zone`,
                unless it has an offset.
            options: Settings of this call, instead of those of the client.


        Returns:
            The items of all pages from the given one on, requested during iteration; `.first(n)` has the
            first items, `.pages()` iterates over the pages. Each page:
            NotificationInteractionPage: One page of interactions.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id. The body, if any, is unknown.
        """
        return self._paged(
            "listNotificationInteractions", {"page_number": page_number, "from_": from_, "to": to}, options
        )

    def list_active_rules(
        self,
        *,
        id_project: int | None = None,
        from_: datetime.date | str | None = None,
        to: datetime.date | str | None = None,
        page_number: int | None = None,
        options: RequestOptions | None = None,
    ) -> Pager[Rule, list[Rule]]:
        """List active rules

        Returns the alarm rules that are active, optionally of one project (*proyecto*) and within a
        range of dates, page by page. By our reading, the answer is a bare array (NEU-83), and the
        first empty page is the end (NEU-27). Read-only.

        The server decides whether rows at the ends of the range are included; `windows` decides it by
        the dates of the rows.

        Args:
            id_project: Identifier of the project. We assume that a project is a service; it may
                be an account (NEU-52).
            from_: Start of the range of dates. A date, a datetime or ISO 8601 text; in
                `time_zone`, unless it has an offset.
            to: End of the range of dates. A date, a datetime or ISO 8601 text; in `time_zone`,
                unless it has an offset.
            page_number: Page to return, counted from 1. The server's default is 1.
            options: Settings of this call, instead of those of the client.


        Returns:
            The items of all pages from the given one on, requested during iteration; `.first(n)` has the
            first items, `.pages()` iterates over the pages. Each page:
            list[Rule]: One page of active rules.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id. The body, if any, is unknown.
        """
        return self._paged(
            "listActiveRules", {"id_project": id_project, "from_": from_, "to": to, "page_number": page_number}, options
        )

    def list_rule_history(
        self,
        *,
        id_project: int | None = None,
        from_: datetime.date | str | None = None,
        to: datetime.date | str | None = None,
        page_number: int | None = None,
        options: RequestOptions | None = None,
    ) -> Pager[RuleHistory, RuleHistoryPage]:
        """List rule history

        Returns, for each alarm rule, the times at which it was met and the value that met it,
        optionally of one project (*proyecto*) and within a range of dates, page by page. By our
        reading, the first empty page is the end (NEU-27). Read-only.

        The server decides whether rows at the ends of the range are included; `windows` decides it by
        the dates of the rows.

        Args:
            id_project: Identifier of the project. We assume that a project is a service; it may
                be an account (NEU-52).
            from_: Start of the range of dates. A date, a datetime or ISO 8601 text; in
                `time_zone`, unless it has an offset.
            to: End of the range of dates. A date, a datetime or ISO 8601 text; in `time_zone`,
                unless it has an offset.
            page_number: Page to return, counted from 1. The server's default is 1.
            options: Settings of this call, instead of those of the client.


        Returns:
            The items of all pages from the given one on, requested during iteration; `.first(n)` has the
            first items, `.pages()` iterates over the pages. Each page:
            RuleHistoryPage: One page of rules, each with the times at which it was met.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id. The body, if any, is unknown.
        """
        return self._paged(
            "listRuleHistory", {"id_project": id_project, "from_": from_, "to": to, "page_number": page_number}, options
        )

    def list_neuget_transactions(self, id: int, *, options: RequestOptions | None = None) -> list[NeugetTransaction]:
        """List neugets of an account

        Returns the transactions of loyalty points (*neugets*) of an account.

        Args:
            id: Identifier of the account.
            options: Settings of this call, instead of those of the client.


        Returns:
            list[NeugetTransaction]: The transactions.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id. The body, if any, is unknown.
        """
        result: list[NeugetTransaction] = self._request("listNeugetTransactions", {"id": id}, options)
        return result

    def list_used_neugets(self, id: int, *, options: RequestOptions | None = None) -> list[UsedNeuget]:
        """List neugets spent on bills

        Returns the loyalty points (*neugets*) that an account spent when it paid its bills.

        Args:
            id: Identifier of the account.
            options: Settings of this call, instead of those of the client.


        Returns:
            list[UsedNeuget]: The neugets spent, bill by bill.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id. The body, if any, is unknown.
        """
        result: list[UsedNeuget] = self._request("listUsedNeugets", {"id": id}, options)
        return result


class AsyncNeu(AsyncClient):
    """NEU API.

    NEU sells electricity in Colombia. This API gives a customer the data behind the web
    application: accounts and their services, claims (PQRS), energy consumption from hours to
    months, bills, notifications, alarm rules and loyalty points (*neugets*).

    **The vendor's document gives no method, no path, no status code and no error shape.** It names
    fields and shows the shape of requests and answers. All paths and methods of this reference are
    therefore inferred: they are one consistent reading, not a promise of the vendor. Each element
    says whether it is documented, inferred, or a conflict between two statements of the document:
    in a badge, and in the files in `x-evidence`. Of an answer, the shape is documented, never the
    status code.

    - **Queries are POST.** Filters travel in a JSON body, so most operations are `POST`; that is
    our reading (NEU-2, NEU-10). All of them only read, so they may be repeated freely; in the
    files, `x-safe: true` says so.
    - **Timestamps carry no zone.** We read `2021-04-01T00:00:00` as local time in Colombia
    (`America/Bogota`, UTC-5 all year); see NEU-34.
    - **Money is in Colombian pesos (COP), energy in kWh and kVArh.** The document states the units
    of consumption readings; the currency, and kWh for the energy of a bill, are our reading
    (NEU-111, NEU-112).
    - **Names are inconsistent and kept as they are**: `Page` in one place, `PageNumber` in others;
    `id_alarm` and `Id_alarm`; `payment_value` and `payment_Value`.

    A method returns data that match the spec, or raises `contrato.core.errors.ContratoError`. A field of an answer that
    is null, or optional and absent, is None.

    Args:
        token: Bearer token; by default the environment variable `NEU_TOKEN`.
        base_url: URL of the API; by default the environment variable `NEU_BASE_URL`, else the server
            in the spec.
        timeout: Seconds that connecting, sending, or waiting for the next part of an answer may take; by default
            `NEU_TIMEOUT`, else 60, and 10 to connect.
        deadline: Seconds that a whole call may take, including retries, or each page of a list; None for no limit.
            A call that is not complete by then is cancelled.
        retries: Maximum number of retries if the server fails, is busy or cannot be reached. Reads are retried; writes never
            are. If the server asks to wait for more than 60 seconds, the error is raised immediately: see its `retry_after`.
        aware: True gives `time_zone` to timestamps of answers without an offset.
        max_bytes: Maximum size of an answer in bytes, compressed or not.
        headers: Headers to send with every request, such as those that a gateway wants; `NEU_HEADERS`
            adds others, one a line, as in `X-Api-Key: $KEY` with the value of that variable. Nothing shows them.
        ca_bundle: File or directory with the certificates to trust; by default `NEU_CA_BUNDLE`, else
            `SSL_CERT_FILE` and the like, else those of certifi.
        client_cert: PEM file with a certificate for the server and its key; by default `NEU_CLIENT_CERT`.
        insecure: True accepts any certificate; by default `NEU_INSECURE`.
        proxy: URL of a proxy, empty for none; by default `NEU_PROXY`, else that of `HTTPS_PROXY` and the like.
        transport: `httpx.AsyncBaseTransport` instead, with its own certificates and proxy, or with a server in the same process.
        overlay: File that `contrato learn` wrote: the paths, methods and arguments to use; by default the environment
            variable `NEU_OVERLAY`.
    """

    api = "neu"

    async def list_accounts(self, *, options: RequestOptions | None = None) -> list[Account]:
        """List accounts

        Returns every account of the customer, each with its services.

        Args:
            options: Settings of this call, instead of those of the client.


        Returns:
            list[Account]: The customer's accounts.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id. The body, if any, is unknown.
        """
        result: list[Account] = await self._request("listAccounts", {}, options)
        return result

    async def get_account(self, id: int, *, options: RequestOptions | None = None) -> list[Account]:
        """Read one account

        Returns the account with this id, **as an array**. The answer to an unknown id is not
        documented; an empty array and `404` are both plausible (NEU-5).

        Args:
            id: Identifier of the account.
            options: Settings of this call, instead of those of the client.


        Returns:
            list[Account]: An array with the account that has this id.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id. The body, if any, is unknown.
        """
        result: list[Account] = await self._request("getAccount", {"id": id}, options)
        return result

    async def list_services(self, *, options: RequestOptions | None = None) -> list[Service]:
        """List services

        Returns every service of the customer, over all accounts.

        Args:
            options: Settings of this call, instead of those of the client.


        Returns:
            list[Service]: The customer's services.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id. The body, if any, is unknown.
        """
        result: list[Service] = await self._request("listServices", {}, options)
        return result

    async def get_service(self, id: int, *, options: RequestOptions | None = None) -> Service:
        """Read one service

        Returns the service with this id.

        Args:
            id: Identifier of the service.
            options: Settings of this call, instead of those of the client.


        Returns:
            Service: The service.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id. The body, if any, is unknown.
        """
        result: Service = await self._request("getService", {"id": id}, options)
        return result

    async def list_pqrs(
        self,
        *,
        from_: datetime.date | str | None = None,
        to: datetime.date | str | None = None,
        options: RequestOptions | None = None,
    ) -> list[Pqr]:
        """List claims

        Returns the petitions, complaints, claims and suggestions (*PQRS*) that the user filed,
        optionally within a range of dates. Read-only.

        The server decides whether rows at the ends of the range are included; `windows` decides it by
        the dates of the rows.

        Args:
            from_: Start of the range of dates. A date, a datetime or ISO 8601 text; in
                `time_zone`, unless it has an offset.
            to: End of the range of dates. A date, a datetime or ISO 8601 text; in `time_zone`,
                unless it has an offset.
            options: Settings of this call, instead of those of the client.


        Returns:
            list[Pqr]: The claims.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id. The body, if any, is unknown.
        """
        result: list[Pqr] = await self._request("listPqrs", {"from_": from_, "to": to}, options)
        return result

    async def query_consumption(
        self,
        *,
        interval: Literal["DAILY", "HOURLY", "MONTHLY"],
        from_: datetime.date | str,
        to: datetime.date | str,
        id_account: int | None = None,
        id_services: list[int] | None = None,
        options: RequestOptions | None = None,
    ) -> list[AccountConsumption]:
        """Query energy consumption

        Returns active energy (kWh), reactive energy (kVArh), meter registers, currents (A) and
        voltages (V) of an account or of some services, one row per service and hour, day or month.
        Read-only.

        Name an account in `id_account` **or** services in `id_services`. The answer to both, or to
        neither, is not documented (NEU-15, NEU-16). Nor is it documented whether `from_` and `to`
        are inclusive (NEU-38, NEU-39), or how partly covered days and months are reported (NEU-17).

        The server decides whether rows at the ends of the range are included; `windows` decides it by
        the dates of the rows.

        Args:
            id_account: Identifier of the account whose readings are returned. The alternative
                is `id_services`.
            id_services: Identifiers of one or several services. The alternative is
                `id_account`.
            interval: Length of time that one row of the answer covers: an hour, a day or a
                month.
            from_: Start of the range of dates. A date, a datetime or ISO 8601 text; in
                `time_zone`, unless it has an offset.
            to: End of the range of dates. A date, a datetime or ISO 8601 text; in `time_zone`,
                unless it has an offset.
            options: Settings of this call, instead of those of the client.


        Returns:
            list[AccountConsumption]: For each account, the readings of its services.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id. The body, if any, is unknown.
        """
        result: list[AccountConsumption] = await self._request(
            "queryConsumption",
            {"id_account": id_account, "id_services": id_services, "interval": interval, "from_": from_, "to": to},
            options,
        )
        return result

    def list_bills(
        self,
        *,
        id_service: int | None = None,
        from_: datetime.date | str | None = None,
        to: datetime.date | str | None = None,
        page: int | None = None,
        options: RequestOptions | None = None,
    ) -> AsyncPager[Bill, list[Bill]]:
        """List bills

        Returns the customer's bills, optionally of one service and within a range of dates, page by
        page. By our reading, the answer is a bare array, without the number of pages or the total
        (NEU-72), and the first empty page is the end (NEU-27). Read-only.

        The server decides whether rows at the ends of the range are included; `windows` decides it by
        the dates of the rows.

        Args:
            id_service: Identifier of the service, which the document calls a project here.
            from_: Start of the range of dates. A date, a datetime or ISO 8601 text; in
                `time_zone`, unless it has an offset.
            to: End of the range of dates. A date, a datetime or ISO 8601 text; in `time_zone`,
                unless it has an offset.
            page: Page to return, counted from 1. The other lists call it `PageNumber`. The
                server's default is 1.
            options: Settings of this call, instead of those of the client.


        Returns:
            The items of all pages from the given one on, requested during iteration; `.first(n)` has the
            first items, `.pages()` iterates over the pages. Each page:
            list[Bill]: One page of bills.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id. The body, if any, is unknown.
        """
        return self._paged("listBills", {"id_service": id_service, "from_": from_, "to": to, "page": page}, options)

    def list_due_dates(
        self,
        *,
        id_service: int | None = None,
        from_: datetime.date | str | None = None,
        to: datetime.date | str | None = None,
        page_number: int | None = None,
        options: RequestOptions | None = None,
    ) -> AsyncPager[DueDate, DueDatePage]:
        """List due dates of bills

        Returns the date until which each bill is to be paid, optionally of one service and within a
        range of dates, page by page. Read-only.

        The server decides whether rows at the ends of the range are included; `windows` decides it by
        the dates of the rows.

        Args:
            id_service: Identifier of the service, which the document calls a project here.
            from_: Start of the range of dates. A date, a datetime or ISO 8601 text; in
                `time_zone`, unless it has an offset.
            to: End of the range of dates. A date, a datetime or ISO 8601 text; in `time_zone`,
                unless it has an offset.
            page_number: Page to return, counted from 1. The server's default is 1.
            options: Settings of this call, instead of those of the client.


        Returns:
            The items of all pages from the given one on, requested during iteration; `.first(n)` has the
            first items, `.pages()` iterates over the pages. Each page:
            DueDatePage: One page of due dates.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id. The body, if any, is unknown.
        """
        return self._paged(
            "listDueDates", {"id_service": id_service, "from_": from_, "to": to, "page_number": page_number}, options
        )

    async def list_overdue_bills(self, *, options: RequestOptions | None = None) -> list[OverdueBill]:
        """List overdue bills

        Returns the bills that are past their due date, with the number of days overdue (*días de
        mora*); by our reading, only unpaid ones (NEU-25).

        Args:
            options: Settings of this call, instead of those of the client.


        Returns:
            list[OverdueBill]: The overdue bills.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id. The body, if any, is unknown.
        """
        result: list[OverdueBill] = await self._request("listOverdueBills", {}, options)
        return result

    def list_notifications(
        self,
        *,
        page_number: int | None = None,
        from_: datetime.date | str | None = None,
        to: datetime.date | str | None = None,
        options: RequestOptions | None = None,
    ) -> AsyncPager[Notification, NotificationPage]:
        """List notifications

        Returns the user's notifications about consumption, optionally within a range of dates, in
        pages of 20. The page travels in the URL, the dates in the body. Read-only.

        The server decides whether rows at the ends of the range are included; `windows` decides it by
        the dates of the rows.

        Args:
            page_number: Page to return, counted from 1. The server's default is 1.
            from_: Start of the range of dates. A date, a datetime or ISO 8601 text; in
                `time_zone`, unless it has an offset.
            to: End of the range of dates. A date, a datetime or ISO 8601 text; in `time_zone`,
                unless it has an offset.
            options: Settings of this call, instead of those of the client.


        Returns:
            The items of all pages from the given one on, requested during iteration; `.first(n)` has the
            first items, `.pages()` iterates over the pages. Each page:
            NotificationPage: One page of notifications.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id. The body, if any, is unknown.
        """
        return self._paged("listNotifications", {"page_number": page_number, "from_": from_, "to": to}, options)

    def list_notification_interactions(
        self,
        *,
        page_number: int | None = None,
        from_: datetime.date | str | None = None,
        to: datetime.date | str | None = None,
        options: RequestOptions | None = None,
    ) -> AsyncPager[NotificationInteraction, NotificationInteractionPage]:
        """List interactions with notifications

        Returns the notifications about consumption that a user interacted with, and when,
        optionally within a range of dates, page by page. Read-only.

        The server decides whether rows at the ends of the range are included; `windows` decides it by
        the dates of the rows.

        Args:
            page_number: Page to return, counted from 1. The server's default is 1.
            from_: Start of the range of dates. A date, a datetime or ISO 8601 text; in
                `time_zone`, unless it has an offset.
            to: End of the range of dates. A date, a datetime or ISO 8601 text; in `time_zone`,
                unless it has an offset.
            options: Settings of this call, instead of those of the client.


        Returns:
            The items of all pages from the given one on, requested during iteration; `.first(n)` has the
            first items, `.pages()` iterates over the pages. Each page:
            NotificationInteractionPage: One page of interactions.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id. The body, if any, is unknown.
        """
        return self._paged(
            "listNotificationInteractions", {"page_number": page_number, "from_": from_, "to": to}, options
        )

    def list_active_rules(
        self,
        *,
        id_project: int | None = None,
        from_: datetime.date | str | None = None,
        to: datetime.date | str | None = None,
        page_number: int | None = None,
        options: RequestOptions | None = None,
    ) -> AsyncPager[Rule, list[Rule]]:
        """List active rules

        Returns the alarm rules that are active, optionally of one project (*proyecto*) and within a
        range of dates, page by page. By our reading, the answer is a bare array (NEU-83), and the
        first empty page is the end (NEU-27). Read-only.

        The server decides whether rows at the ends of the range are included; `windows` decides it by
        the dates of the rows.

        Args:
            id_project: Identifier of the project. We assume that a project is a service; it may
                be an account (NEU-52).
            from_: Start of the range of dates. A date, a datetime or ISO 8601 text; in
                `time_zone`, unless it has an offset.
            to: End of the range of dates. A date, a datetime or ISO 8601 text; in `time_zone`,
                unless it has an offset.
            page_number: Page to return, counted from 1. The server's default is 1.
            options: Settings of this call, instead of those of the client.


        Returns:
            The items of all pages from the given one on, requested during iteration; `.first(n)` has the
            first items, `.pages()` iterates over the pages. Each page:
            list[Rule]: One page of active rules.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id. The body, if any, is unknown.
        """
        return self._paged(
            "listActiveRules", {"id_project": id_project, "from_": from_, "to": to, "page_number": page_number}, options
        )

    def list_rule_history(
        self,
        *,
        id_project: int | None = None,
        from_: datetime.date | str | None = None,
        to: datetime.date | str | None = None,
        page_number: int | None = None,
        options: RequestOptions | None = None,
    ) -> AsyncPager[RuleHistory, RuleHistoryPage]:
        """List rule history

        Returns, for each alarm rule, the times at which it was met and the value that met it,
        optionally of one project (*proyecto*) and within a range of dates, page by page. By our
        reading, the first empty page is the end (NEU-27). Read-only.

        The server decides whether rows at the ends of the range are included; `windows` decides it by
        the dates of the rows.

        Args:
            id_project: Identifier of the project. We assume that a project is a service; it may
                be an account (NEU-52).
            from_: Start of the range of dates. A date, a datetime or ISO 8601 text; in
                `time_zone`, unless it has an offset.
            to: End of the range of dates. A date, a datetime or ISO 8601 text; in `time_zone`,
                unless it has an offset.
            page_number: Page to return, counted from 1. The server's default is 1.
            options: Settings of this call, instead of those of the client.


        Returns:
            The items of all pages from the given one on, requested during iteration; `.first(n)` has the
            first items, `.pages()` iterates over the pages. Each page:
            RuleHistoryPage: One page of rules, each with the times at which it was met.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id. The body, if any, is unknown.
        """
        return self._paged(
            "listRuleHistory", {"id_project": id_project, "from_": from_, "to": to, "page_number": page_number}, options
        )

    async def list_neuget_transactions(
        self, id: int, *, options: RequestOptions | None = None
    ) -> list[NeugetTransaction]:
        """List neugets of an account

        Returns the transactions of loyalty points (*neugets*) of an account.

        Args:
            id: Identifier of the account.
            options: Settings of this call, instead of those of the client.


        Returns:
            list[NeugetTransaction]: The transactions.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id. The body, if any, is unknown.
        """
        result: list[NeugetTransaction] = await self._request("listNeugetTransactions", {"id": id}, options)
        return result

    async def list_used_neugets(self, id: int, *, options: RequestOptions | None = None) -> list[UsedNeuget]:
        """List neugets spent on bills

        Returns the loyalty points (*neugets*) that an account spent when it paid its bills.

        Args:
            id: Identifier of the account.
            options: Settings of this call, instead of those of the client.


        Returns:
            list[UsedNeuget]: The neugets spent, bill by bill.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ResponseError: 4XX. The request is refused for another reason, for instance a
                malformed body or an unknown id. The body, if any, is unknown.
        """
        result: list[UsedNeuget] = await self._request("listUsedNeugets", {"id": id}, options)
        return result
