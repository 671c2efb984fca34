"""The clients of this API: `Apportionments` and, for asyncio, `AsyncApportionments`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from contrato.core.client import AsyncClient, Client, RequestOptions
from contrato.core.pages import AsyncPager, Pager

if TYPE_CHECKING:
    from .models import (
        Apportionment,
        ApportionmentPage,
    )


class Apportionments(Client):
    """Apportionments API (rateios).

    An apportionment (*rateio*) is a rule that divides a company's energy cost over its cost
    centres. This API lists, reads, creates, updates and deletes such rules.

    Three habits of this API surprise newcomers:

    - **Missing is 204, not 404.** A record that does not exist, or that the user may not view, is
    answered with `204` and no body. So is a list that matches nothing.
    - **List parameters begin with an underscore**: `_q`, `_sort`, `_order`, `_limit`, `_page`.
    - **Every request declares `Content-Type: application/json`**, also those without a body.

    Field names are English, messages are Brazilian Portuguese. Each element says in `x-evidence`
    whether the vendor documents it, whether it is inferred, or whether the vendor's document says
    two things.

    A method returns data that match the spec, or raises `contrato.core.errors.ContratoError`. A field of an answer that
    is null, or optional and absent, is None.

    Args:
        token: Bearer token; by default the environment variable `APPORTIONMENTS_TOKEN`.
        base_url: URL of the API; by default the environment variable `APPORTIONMENTS_BASE_URL`, else the server
            in the spec.
        timeout: Seconds that connecting, sending, or waiting for the next part of an answer may take; by default
            `APPORTIONMENTS_TIMEOUT`, else 60, and 10 to connect.
        deadline: Seconds that a whole call may take, including retries, or each page of a list; None for no limit.
            It is checked whenever a part of an answer arrives, and before a retry. A server that sends headers slowly can
            hold a call for longer; `AsyncApportionments` cancels those calls too.
        retries: Maximum number of retries if the server fails, is busy or cannot be reached. Reads are retried; writes never
            are. If the server asks to wait for more than 60 seconds, the error is raised immediately: see its `retry_after`.
        aware: True gives `time_zone` to timestamps of answers without an offset.
        max_bytes: Maximum size of an answer in bytes, compressed or not.
        headers: Headers to send with every request, such as those that a gateway wants; `APPORTIONMENTS_HEADERS`
            adds others, one a line, as in `X-Api-Key: $KEY` with the value of that variable. Nothing shows them.
        ca_bundle: File or directory with the certificates to trust; by default `APPORTIONMENTS_CA_BUNDLE`, else
            `SSL_CERT_FILE` and the like, else those of certifi.
        client_cert: PEM file with a certificate for the server and its key; by default `APPORTIONMENTS_CLIENT_CERT`.
        insecure: True accepts any certificate; by default `APPORTIONMENTS_INSECURE`.
        proxy: URL of a proxy, empty for none; by default `APPORTIONMENTS_PROXY`, else that of `HTTPS_PROXY` and the like.
        transport: `httpx.BaseTransport` instead, with its own certificates and proxy, or with a server in the same process.
        overlay: File that `contrato learn` wrote: the paths, methods and arguments to use; by default the environment
            variable `APPORTIONMENTS_OVERLAY`.
    """

    api = "apportionments"

    def list_apportionments(
        self,
        *,
        q: str | None = None,
        sort: Literal["id", "name"] | None = None,
        order: Literal["asc", "desc"] | None = None,
        limit: int | None = None,
        page: int | None = None,
        options: RequestOptions | None = None,
    ) -> Pager[Apportionment, ApportionmentPage]:
        """List apportionments

        Returns one page of the apportionments that the user may view; by our reading, sorted by id,
        descending, by default (Apportionments-9). When nothing matches, the answer is `204` without
        a body; we assume that a page beyond the last one matches nothing (Apportionments-13).

        Args:
            q: Search text. At least the name is expected to be searched.
            sort: Field that orders the list. The server's default is 'id'.
            order: Direction of the order, by the field that `sort` names. The server's default
                is 'desc'.
            limit: Number of items on a page. The server's default is 10.
            page: Page to return, counted from 1. The server's default is 1.
            options: Settings of this call, instead of those of the client.


        Returns:
            The items of all pages from the given one on, requested during iteration; `.first(n)` has the
            first items, `.pages()` iterates over the pages. Each page:
            ApportionmentPage: One page of apportionments.
            None: Nothing matches the parameters.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            AuthenticationError: 403. The token is refused, or the user may not do this. The
                body, if any, is unknown.
            ValidationError: 422. One or more parameters are invalid.
            RateLimitError: 429. The client sends too many requests. The body, if any, is
                unknown.
        """
        return self._paged(
            "listApportionments", {"q": q, "sort": sort, "order": order, "limit": limit, "page": page}, options
        )

    def create_apportionment(
        self,
        *,
        company_id: int,
        apportionment_type_id: int,
        apportionment_tariff_type_id: int,
        apportionment_measure_unit_id: int,
        name: str,
        description: str,
        mixed_consumption: bool | None = None,
        limit_day: int | None = None,
        options: RequestOptions | None = None,
    ) -> Apportionment | None:
        """Create an apportionment

        Creates an apportionment for a company. Two tariff types set a condition on the company:

        - captive market tariff (*mercado cativo*): the company needs a registered physical asset;
        - free market tariff (*mercado livre*): the company needs a valid contract.

        **Take the ids from existing apportionments.** No operation lists the companies,
        apportionment types, tariff types and units of measure that this request names. Nor does any
        operation assign cost centres.

        By our reading, sending the request twice creates two records (Apportionments-32,
        Apportionments-42): check the result of the first before you repeat it.

        Args:
            company_id: Identifier of the company.
            apportionment_type_id: Identifier of the apportionment type.
            apportionment_tariff_type_id: Identifier of the tariff type. Captive and free market
                set a condition on the company.
            apportionment_measure_unit_id: Identifier of the unit of measure.
            name: Name of the apportionment.
            description: Text that describes the apportionment.
            mixed_consumption: Whether telemetry readings are used to compose the consumption of
                the period. No default is documented.
            limit_day: Limit day for processing the apportionment, assumed to be a day of the
                month. Neither a default nor bounds are documented.
            options: Settings of this call, instead of those of the client.


        Returns:
            Apportionment: The apportionment was created.
            None: A record that the request refers to does not exist, or the user may not view
                it.

        Raises:
            ResponseError: 400. The request is refused. The body, if any, is unknown.
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            AuthenticationError: 403. The token is refused, or the user may not do this. The
                body, if any, is unknown.
            ValidationError: 422. The request is refused; the body names the fields and says
                why.
            RateLimitError: 429. The client sends too many requests. The body, if any, is
                unknown.
        """
        result: Apportionment | None = self._request(
            "createApportionment",
            {
                "company_id": company_id,
                "apportionment_type_id": apportionment_type_id,
                "apportionment_tariff_type_id": apportionment_tariff_type_id,
                "apportionment_measure_unit_id": apportionment_measure_unit_id,
                "name": name,
                "description": description,
                "mixed_consumption": mixed_consumption,
                "limit_day": limit_day,
            },
            options,
        )
        return result

    def get_apportionment(self, id: int, *, options: RequestOptions | None = None) -> Apportionment | None:
        """Read one apportionment

        Returns the apportionment with this id, or `204` if it does not exist or the user may not
        view it.

        Args:
            id: Identifier of the apportionment.
            options: Settings of this call, instead of those of the client.


        Returns:
            Apportionment: The apportionment.
            None: The record does not exist, or the user may not view it.

        Raises:
            ResponseError: 400. The request is refused. The body, if any, is unknown.
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            AuthenticationError: 403. The token is refused, or the user may not do this. The
                body, if any, is unknown.
            NotFoundError: 404. The id is invalid, or there is nothing to delete. The body, if
                any, is unknown.
            ValidationError: 422. The id is refused because it is no integer.
            RateLimitError: 429. The client sends too many requests. The body, if any, is
                unknown.
        """
        result: Apportionment | None = self._request("getApportionment", {"id": id}, options)
        return result

    def update_apportionment(
        self,
        id: int,
        *,
        apportionment_tariff_type_id: int | None = None,
        name: str | None = None,
        description: str | None = None,
        mixed_consumption: bool | None = None,
        limit_day: int | None = None,
        options: RequestOptions | None = None,
    ) -> Apportionment | None:
        """Update an apportionment

        Changes the fields in the body; we assume that the others keep their values
        (Apportionments-18). Company, apportionment type and unit of measure are not among the
        fields. The tariff type sets the same condition on the company as at creation:

        - captive market tariff (*mercado cativo*): the company needs a registered physical asset;
        - free market tariff (*mercado livre*): the company needs a valid contract.

        Args:
            id: Identifier of the apportionment.
            apportionment_tariff_type_id: Identifier of the tariff type. Captive and free market
                set a condition on the company.
            name: Name of the apportionment.
            description: Text that describes the apportionment.
            mixed_consumption: Whether telemetry readings are used to compose the consumption of
                the period.
            limit_day: Limit day for processing the apportionment, assumed to be a day of the
                month. No bounds are documented.
            options: Settings of this call, instead of those of the client.


        Returns:
            Apportionment: The apportionment after the change.
            None: The record does not exist, or the user may not view it.

        Raises:
            ResponseError: 400. The request is refused. The body, if any, is unknown.
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            AuthenticationError: 403. The token is refused, or the user may not do this. The
                body, if any, is unknown.
            NotFoundError: 404. The id is invalid, or there is nothing to delete. The body, if
                any, is unknown.
            ValidationError: 422. The request is refused; the body names the fields and says
                why.
            RateLimitError: 429. The client sends too many requests. The body, if any, is
                unknown.
        """
        result: Apportionment | None = self._request(
            "updateApportionment",
            {
                "id": id,
                "apportionment_tariff_type_id": apportionment_tariff_type_id,
                "name": name,
                "description": description,
                "mixed_consumption": mixed_consumption,
                "limit_day": limit_day,
            },
            options,
        )
        return result

    def delete_apportionment(self, id: int, *, options: RequestOptions | None = None) -> None:
        """Delete an apportionment

        Deletes the apportionment. The answer is `204`, and we expect the same where the record is
        missing (Apportionments-20). Reading the record afterwards answers `204` as well.

        Args:
            id: Identifier of the apportionment.
            options: Settings of this call, instead of those of the client.


        Returns:
            None: The apportionment was deleted.

        Raises:
            ResponseError: 400. The request is refused. The body, if any, is unknown.
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            AuthenticationError: 403. The token is refused, or the user may not do this. The
                body, if any, is unknown.
            NotFoundError: 404. The id is invalid, or there is nothing to delete. The body, if
                any, is unknown.
            ValidationError: 422. The id is refused because it is no integer.
            RateLimitError: 429. The client sends too many requests. The body, if any, is
                unknown.
        """
        self._request("deleteApportionment", {"id": id}, options)


class AsyncApportionments(AsyncClient):
    """Apportionments API (rateios).

    An apportionment (*rateio*) is a rule that divides a company's energy cost over its cost
    centres. This API lists, reads, creates, updates and deletes such rules.

    Three habits of this API surprise newcomers:

    - **Missing is 204, not 404.** A record that does not exist, or that the user may not view, is
    answered with `204` and no body. So is a list that matches nothing.
    - **List parameters begin with an underscore**: `_q`, `_sort`, `_order`, `_limit`, `_page`.
    - **Every request declares `Content-Type: application/json`**, also those without a body.

    Field names are English, messages are Brazilian Portuguese. Each element says in `x-evidence`
    whether the vendor documents it, whether it is inferred, or whether the vendor's document says
    two things.

    A method returns data that match the spec, or raises `contrato.core.errors.ContratoError`. A field of an answer that
    is null, or optional and absent, is None.

    Args:
        token: Bearer token; by default the environment variable `APPORTIONMENTS_TOKEN`.
        base_url: URL of the API; by default the environment variable `APPORTIONMENTS_BASE_URL`, else the server
            in the spec.
        timeout: Seconds that connecting, sending, or waiting for the next part of an answer may take; by default
            `APPORTIONMENTS_TIMEOUT`, else 60, and 10 to connect.
        deadline: Seconds that a whole call may take, including retries, or each page of a list; None for no limit.
            A call that is not complete by then is cancelled.
        retries: Maximum number of retries if the server fails, is busy or cannot be reached. Reads are retried; writes never
            are. If the server asks to wait for more than 60 seconds, the error is raised immediately: see its `retry_after`.
        aware: True gives `time_zone` to timestamps of answers without an offset.
        max_bytes: Maximum size of an answer in bytes, compressed or not.
        headers: Headers to send with every request, such as those that a gateway wants; `APPORTIONMENTS_HEADERS`
            adds others, one a line, as in `X-Api-Key: $KEY` with the value of that variable. Nothing shows them.
        ca_bundle: File or directory with the certificates to trust; by default `APPORTIONMENTS_CA_BUNDLE`, else
            `SSL_CERT_FILE` and the like, else those of certifi.
        client_cert: PEM file with a certificate for the server and its key; by default `APPORTIONMENTS_CLIENT_CERT`.
        insecure: True accepts any certificate; by default `APPORTIONMENTS_INSECURE`.
        proxy: URL of a proxy, empty for none; by default `APPORTIONMENTS_PROXY`, else that of `HTTPS_PROXY` and the like.
        transport: `httpx.AsyncBaseTransport` instead, with its own certificates and proxy, or with a server in the same process.
        overlay: File that `contrato learn` wrote: the paths, methods and arguments to use; by default the environment
            variable `APPORTIONMENTS_OVERLAY`.
    """

    api = "apportionments"

    def list_apportionments(
        self,
        *,
        q: str | None = None,
        sort: Literal["id", "name"] | None = None,
        order: Literal["asc", "desc"] | None = None,
        limit: int | None = None,
        page: int | None = None,
        options: RequestOptions | None = None,
    ) -> AsyncPager[Apportionment, ApportionmentPage]:
        """List apportionments

        Returns one page of the apportionments that the user may view; by our reading, sorted by id,
        descending, by default (Apportionments-9). When nothing matches, the answer is `204` without
        a body; we assume that a page beyond the last one matches nothing (Apportionments-13).

        Args:
            q: Search text. At least the name is expected to be searched.
            sort: Field that orders the list. The server's default is 'id'.
            order: Direction of the order, by the field that `sort` names. The server's default
                is 'desc'.
            limit: Number of items on a page. The server's default is 10.
            page: Page to return, counted from 1. The server's default is 1.
            options: Settings of this call, instead of those of the client.


        Returns:
            The items of all pages from the given one on, requested during iteration; `.first(n)` has the
            first items, `.pages()` iterates over the pages. Each page:
            ApportionmentPage: One page of apportionments.
            None: Nothing matches the parameters.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            AuthenticationError: 403. The token is refused, or the user may not do this. The
                body, if any, is unknown.
            ValidationError: 422. One or more parameters are invalid.
            RateLimitError: 429. The client sends too many requests. The body, if any, is
                unknown.
        """
        return self._paged(
            "listApportionments", {"q": q, "sort": sort, "order": order, "limit": limit, "page": page}, options
        )

    async def create_apportionment(
        self,
        *,
        company_id: int,
        apportionment_type_id: int,
        apportionment_tariff_type_id: int,
        apportionment_measure_unit_id: int,
        name: str,
        description: str,
        mixed_consumption: bool | None = None,
        limit_day: int | None = None,
        options: RequestOptions | None = None,
    ) -> Apportionment | None:
        """Create an apportionment

        Creates an apportionment for a company. Two tariff types set a condition on the company:

        - captive market tariff (*mercado cativo*): the company needs a registered physical asset;
        - free market tariff (*mercado livre*): the company needs a valid contract.

        **Take the ids from existing apportionments.** No operation lists the companies,
        apportionment types, tariff types and units of measure that this request names. Nor does any
        operation assign cost centres.

        By our reading, sending the request twice creates two records (Apportionments-32,
        Apportionments-42): check the result of the first before you repeat it.

        Args:
            company_id: Identifier of the company.
            apportionment_type_id: Identifier of the apportionment type.
            apportionment_tariff_type_id: Identifier of the tariff type. Captive and free market
                set a condition on the company.
            apportionment_measure_unit_id: Identifier of the unit of measure.
            name: Name of the apportionment.
            description: Text that describes the apportionment.
            mixed_consumption: Whether telemetry readings are used to compose the consumption of
                the period. No default is documented.
            limit_day: Limit day for processing the apportionment, assumed to be a day of the
                month. Neither a default nor bounds are documented.
            options: Settings of this call, instead of those of the client.


        Returns:
            Apportionment: The apportionment was created.
            None: A record that the request refers to does not exist, or the user may not view
                it.

        Raises:
            ResponseError: 400. The request is refused. The body, if any, is unknown.
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            AuthenticationError: 403. The token is refused, or the user may not do this. The
                body, if any, is unknown.
            ValidationError: 422. The request is refused; the body names the fields and says
                why.
            RateLimitError: 429. The client sends too many requests. The body, if any, is
                unknown.
        """
        result: Apportionment | None = await self._request(
            "createApportionment",
            {
                "company_id": company_id,
                "apportionment_type_id": apportionment_type_id,
                "apportionment_tariff_type_id": apportionment_tariff_type_id,
                "apportionment_measure_unit_id": apportionment_measure_unit_id,
                "name": name,
                "description": description,
                "mixed_consumption": mixed_consumption,
                "limit_day": limit_day,
            },
            options,
        )
        return result

    async def get_apportionment(self, id: int, *, options: RequestOptions | None = None) -> Apportionment | None:
        """Read one apportionment

        Returns the apportionment with this id, or `204` if it does not exist or the user may not
        view it.

        Args:
            id: Identifier of the apportionment.
            options: Settings of this call, instead of those of the client.


        Returns:
            Apportionment: The apportionment.
            None: The record does not exist, or the user may not view it.

        Raises:
            ResponseError: 400. The request is refused. The body, if any, is unknown.
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            AuthenticationError: 403. The token is refused, or the user may not do this. The
                body, if any, is unknown.
            NotFoundError: 404. The id is invalid, or there is nothing to delete. The body, if
                any, is unknown.
            ValidationError: 422. The id is refused because it is no integer.
            RateLimitError: 429. The client sends too many requests. The body, if any, is
                unknown.
        """
        result: Apportionment | None = await self._request("getApportionment", {"id": id}, options)
        return result

    async def update_apportionment(
        self,
        id: int,
        *,
        apportionment_tariff_type_id: int | None = None,
        name: str | None = None,
        description: str | None = None,
        mixed_consumption: bool | None = None,
        limit_day: int | None = None,
        options: RequestOptions | None = None,
    ) -> Apportionment | None:
        """Update an apportionment

        Changes the fields in the body; we assume that the others keep their values
        (Apportionments-18). Company, apportionment type and unit of measure are not among the
        fields. The tariff type sets the same condition on the company as at creation:

        - captive market tariff (*mercado cativo*): the company needs a registered physical asset;
        - free market tariff (*mercado livre*): the company needs a valid contract.

        Args:
            id: Identifier of the apportionment.
            apportionment_tariff_type_id: Identifier of the tariff type. Captive and free market
                set a condition on the company.
            name: Name of the apportionment.
            description: Text that describes the apportionment.
            mixed_consumption: Whether telemetry readings are used to compose the consumption of
                the period.
            limit_day: Limit day for processing the apportionment, assumed to be a day of the
                month. No bounds are documented.
            options: Settings of this call, instead of those of the client.


        Returns:
            Apportionment: The apportionment after the change.
            None: The record does not exist, or the user may not view it.

        Raises:
            ResponseError: 400. The request is refused. The body, if any, is unknown.
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            AuthenticationError: 403. The token is refused, or the user may not do this. The
                body, if any, is unknown.
            NotFoundError: 404. The id is invalid, or there is nothing to delete. The body, if
                any, is unknown.
            ValidationError: 422. The request is refused; the body names the fields and says
                why.
            RateLimitError: 429. The client sends too many requests. The body, if any, is
                unknown.
        """
        result: Apportionment | None = await self._request(
            "updateApportionment",
            {
                "id": id,
                "apportionment_tariff_type_id": apportionment_tariff_type_id,
                "name": name,
                "description": description,
                "mixed_consumption": mixed_consumption,
                "limit_day": limit_day,
            },
            options,
        )
        return result

    async def delete_apportionment(self, id: int, *, options: RequestOptions | None = None) -> None:
        """Delete an apportionment

        Deletes the apportionment. The answer is `204`, and we expect the same where the record is
        missing (Apportionments-20). Reading the record afterwards answers `204` as well.

        Args:
            id: Identifier of the apportionment.
            options: Settings of this call, instead of those of the client.


        Returns:
            None: The apportionment was deleted.

        Raises:
            ResponseError: 400. The request is refused. The body, if any, is unknown.
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            AuthenticationError: 403. The token is refused, or the user may not do this. The
                body, if any, is unknown.
            NotFoundError: 404. The id is invalid, or there is nothing to delete. The body, if
                any, is unknown.
            ValidationError: 422. The id is refused because it is no integer.
            RateLimitError: 429. The client sends too many requests. The body, if any, is
                unknown.
        """
        await self._request("deleteApportionment", {"id": id}, options)
