"""The clients of this API: `Apportionments` and, for asyncio, `AsyncApportionments`."""

from types import NoneType
from typing import Literal

from contrato.core.client import AsyncClient, Client
from contrato.core.types import UNSET, Unset

from .models import (
    Apportionment,
    ApportionmentPage,
)


class Apportionments(Client):
    """Apportionments API (rateios).

    An apportionment (*rateio*) is a rule that divides a company's energy cost over its cost
    centres. This API lists, reads, creates, updates and deletes such rules.

    Three habits of this API surprise newcomers:

    - **Missing is 204, not 404.** A record that does not exist, or that the token may not see, is
    answered with `204` and no body. So is a list that matches nothing.
    - **List parameters begin with an underscore**: `_q`, `_sort`, `_order`, `_limit`, `_page`.
    - **Every request declares `Content-Type: application/json`**, also those without a body.

    Field names are English, messages are Brazilian Portuguese. Each element says in `x-evidence`
    whether the vendor documents it, whether it is inferred, or whether the vendor's document says
    two things.

    A method that cannot return what it promises raises a `contrato.core.errors.ContratoError`.

    Args:
        token: By default `APPORTIONMENTS_TOKEN` of the environment.
        base_url: By default `APPORTIONMENTS_BASE_URL` of the environment, else the spec's server.
        timeout: Seconds that connecting, sending or waiting for more of an answer may take.
        transport: `httpx.BaseTransport`, for a proxy, certificates or a stand-in server.
    """

    api = "apportionments"

    def list_apportionments(
        self,
        *,
        q: str | Unset = UNSET,
        sort: Literal["id", "name"] | Unset = UNSET,
        order: Literal["asc", "desc"] | Unset = UNSET,
        limit: int | Unset = UNSET,
        page: int | Unset = UNSET,
    ) -> ApportionmentPage | None:
        """List apportionments

        Returns one page of the apportionments that the token may see, by descending id unless asked
        otherwise. When nothing matches, the answer is `204` without a body; a page beyond the last
        one is taken to match nothing.

        Args:
            q: Search text. Which fields it searches is not documented; the name is the least
                one may expect.
            sort: Field that orders the list. The server's default is 'id'.
            order: Direction of the order, by the field that `_sort` names. The server's default
                is 'desc'.
            limit: Number of items on a page. The server's default is 10.
            page: Page to return, counted from 1. The server's default is 1.

        Returns:
            ApportionmentPage: One page of apportionments.
            None: Nothing matches the parameters.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ValidationError: 422. A parameter is refused.
        """
        return self._request(
            "GET",
            "/api/v3/apportionments",
            query={"_q": q, "_sort": sort, "_order": order, "_limit": limit, "_page": page},
            returns=[("200", ApportionmentPage), ("204", NoneType)],
            errors=["401", "422"],
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
        mixed_consumption: bool | Unset = UNSET,
        limit_day: int | Unset = UNSET,
    ) -> Apportionment | None:
        """Create an apportionment

        Creates an apportionment for a company. The tariff type sets a condition on the company:

        - captive market tariff (*mercado cativo*): the company needs a registered physical asset;
        - free market tariff (*mercado livre*): the company needs a valid contract.

        Creating twice makes two records: never repeat this request blindly.

        Args:
            company_id: Identifier of the company whose cost is split.
            apportionment_type_id: Identifier of the apportionment type.
            apportionment_tariff_type_id: Identifier of the tariff type. Captive and free market
                set a condition on the company.
            apportionment_measure_unit_id: Identifier of the unit of measure.
            name: Name of the apportionment.
            description: What the apportionment is for.
            mixed_consumption: Whether telemetry readings are used to make up the consumption of
                the period. No default is documented.
            limit_day: Limit day for processing the apportionment, taken to be a day of the
                month. Neither a default nor bounds are documented.

        Returns:
            Apportionment: The apportionment was created.
            None: A record that the request names does not exist, or the token may not see it.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ValidationError: 422. The request is refused; the body names the fields and says
                why.
        """
        return self._request(
            "POST",
            "/api/v3/apportionments",
            body={
                "company_id": company_id,
                "apportionment_type_id": apportionment_type_id,
                "apportionment_tariff_type_id": apportionment_tariff_type_id,
                "apportionment_measure_unit_id": apportionment_measure_unit_id,
                "name": name,
                "description": description,
                "mixed_consumption": mixed_consumption,
                "limit_day": limit_day,
            },
            returns=[("201", Apportionment), ("204", NoneType)],
            errors=["401", "422"],
        )

    def get_apportionment(self, id: int) -> Apportionment | None:
        """Read one apportionment

        Returns the apportionment with this id, or `204` when there is none that the token may see.

        Args:
            id: Identifier of the apportionment.

        Returns:
            Apportionment: The apportionment.
            None: There is no such record, or the token may not see it.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ValidationError: 422. The id is refused because it is no integer.
        """
        return self._request(
            "GET",
            "/api/v3/apportionments/{id}",
            path={"id": id},
            returns=[("200", Apportionment), ("204", NoneType)],
            errors=["401", "422"],
        )

    def update_apportionment(
        self,
        id: int,
        *,
        apportionment_tariff_type_id: int | Unset = UNSET,
        name: str | Unset = UNSET,
        description: str | Unset = UNSET,
        mixed_consumption: bool | Unset = UNSET,
        limit_day: int | Unset = UNSET,
    ) -> Apportionment | None:
        """Update an apportionment

        Changes the fields that the body names. That the others keep their values is inferred from
        every field being optional. Company, apportionment type and unit of measure are not among
        the fields. The tariff type sets the same condition on the company as at creation:

        - captive market tariff (*mercado cativo*): the company needs a registered physical asset;
        - free market tariff (*mercado livre*): the company needs a valid contract.

        Args:
            id: Identifier of the apportionment.
            apportionment_tariff_type_id: Identifier of the tariff type. Captive and free market
                set a condition on the company.
            name: Name of the apportionment.
            description: What the apportionment is for.
            mixed_consumption: Whether telemetry readings are used to make up the consumption of
                the period.
            limit_day: Limit day for processing the apportionment, taken to be a day of the
                month. No bounds are documented.

        Returns:
            Apportionment: The apportionment after the change.
            None: There is no such record, or the token may not see it.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ValidationError: 422. The request is refused; the body names the fields and says
                why.
        """
        return self._request(
            "PUT",
            "/api/v3/apportionments/{id}",
            path={"id": id},
            body={
                "apportionment_tariff_type_id": apportionment_tariff_type_id,
                "name": name,
                "description": description,
                "mixed_consumption": mixed_consumption,
                "limit_day": limit_day,
            },
            returns=[("200", Apportionment), ("204", NoneType)],
            errors=["401", "422"],
        )

    def delete_apportionment(self, id: int) -> None:
        """Delete an apportionment

        Deletes the apportionment. The answer is `204`; reading the record afterwards answers `204`
        as well. The source does not say what deleting a missing record answers; the same `204` is
        expected.

        Args:
            id: Identifier of the apportionment.

        Returns:
            None: The apportionment was deleted.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ValidationError: 422. The id is refused because it is no integer.
        """
        return self._request(
            "DELETE",
            "/api/v3/apportionments/{id}",
            path={"id": id},
            returns=[("204", NoneType)],
            errors=["401", "422"],
        )


class AsyncApportionments(AsyncClient):
    """Apportionments API (rateios).

    An apportionment (*rateio*) is a rule that divides a company's energy cost over its cost
    centres. This API lists, reads, creates, updates and deletes such rules.

    Three habits of this API surprise newcomers:

    - **Missing is 204, not 404.** A record that does not exist, or that the token may not see, is
    answered with `204` and no body. So is a list that matches nothing.
    - **List parameters begin with an underscore**: `_q`, `_sort`, `_order`, `_limit`, `_page`.
    - **Every request declares `Content-Type: application/json`**, also those without a body.

    Field names are English, messages are Brazilian Portuguese. Each element says in `x-evidence`
    whether the vendor documents it, whether it is inferred, or whether the vendor's document says
    two things.

    A method that cannot return what it promises raises a `contrato.core.errors.ContratoError`.

    Args:
        token: By default `APPORTIONMENTS_TOKEN` of the environment.
        base_url: By default `APPORTIONMENTS_BASE_URL` of the environment, else the spec's server.
        timeout: Seconds that connecting, sending or waiting for more of an answer may take.
        transport: `httpx.AsyncBaseTransport`, for a proxy, certificates or a stand-in server.
    """

    api = "apportionments"

    async def list_apportionments(
        self,
        *,
        q: str | Unset = UNSET,
        sort: Literal["id", "name"] | Unset = UNSET,
        order: Literal["asc", "desc"] | Unset = UNSET,
        limit: int | Unset = UNSET,
        page: int | Unset = UNSET,
    ) -> ApportionmentPage | None:
        """List apportionments

        Returns one page of the apportionments that the token may see, by descending id unless asked
        otherwise. When nothing matches, the answer is `204` without a body; a page beyond the last
        one is taken to match nothing.

        Args:
            q: Search text. Which fields it searches is not documented; the name is the least
                one may expect.
            sort: Field that orders the list. The server's default is 'id'.
            order: Direction of the order, by the field that `_sort` names. The server's default
                is 'desc'.
            limit: Number of items on a page. The server's default is 10.
            page: Page to return, counted from 1. The server's default is 1.

        Returns:
            ApportionmentPage: One page of apportionments.
            None: Nothing matches the parameters.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ValidationError: 422. A parameter is refused.
        """
        return await self._request(
            "GET",
            "/api/v3/apportionments",
            query={"_q": q, "_sort": sort, "_order": order, "_limit": limit, "_page": page},
            returns=[("200", ApportionmentPage), ("204", NoneType)],
            errors=["401", "422"],
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
        mixed_consumption: bool | Unset = UNSET,
        limit_day: int | Unset = UNSET,
    ) -> Apportionment | None:
        """Create an apportionment

        Creates an apportionment for a company. The tariff type sets a condition on the company:

        - captive market tariff (*mercado cativo*): the company needs a registered physical asset;
        - free market tariff (*mercado livre*): the company needs a valid contract.

        Creating twice makes two records: never repeat this request blindly.

        Args:
            company_id: Identifier of the company whose cost is split.
            apportionment_type_id: Identifier of the apportionment type.
            apportionment_tariff_type_id: Identifier of the tariff type. Captive and free market
                set a condition on the company.
            apportionment_measure_unit_id: Identifier of the unit of measure.
            name: Name of the apportionment.
            description: What the apportionment is for.
            mixed_consumption: Whether telemetry readings are used to make up the consumption of
                the period. No default is documented.
            limit_day: Limit day for processing the apportionment, taken to be a day of the
                month. Neither a default nor bounds are documented.

        Returns:
            Apportionment: The apportionment was created.
            None: A record that the request names does not exist, or the token may not see it.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ValidationError: 422. The request is refused; the body names the fields and says
                why.
        """
        return await self._request(
            "POST",
            "/api/v3/apportionments",
            body={
                "company_id": company_id,
                "apportionment_type_id": apportionment_type_id,
                "apportionment_tariff_type_id": apportionment_tariff_type_id,
                "apportionment_measure_unit_id": apportionment_measure_unit_id,
                "name": name,
                "description": description,
                "mixed_consumption": mixed_consumption,
                "limit_day": limit_day,
            },
            returns=[("201", Apportionment), ("204", NoneType)],
            errors=["401", "422"],
        )

    async def get_apportionment(self, id: int) -> Apportionment | None:
        """Read one apportionment

        Returns the apportionment with this id, or `204` when there is none that the token may see.

        Args:
            id: Identifier of the apportionment.

        Returns:
            Apportionment: The apportionment.
            None: There is no such record, or the token may not see it.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ValidationError: 422. The id is refused because it is no integer.
        """
        return await self._request(
            "GET",
            "/api/v3/apportionments/{id}",
            path={"id": id},
            returns=[("200", Apportionment), ("204", NoneType)],
            errors=["401", "422"],
        )

    async def update_apportionment(
        self,
        id: int,
        *,
        apportionment_tariff_type_id: int | Unset = UNSET,
        name: str | Unset = UNSET,
        description: str | Unset = UNSET,
        mixed_consumption: bool | Unset = UNSET,
        limit_day: int | Unset = UNSET,
    ) -> Apportionment | None:
        """Update an apportionment

        Changes the fields that the body names. That the others keep their values is inferred from
        every field being optional. Company, apportionment type and unit of measure are not among
        the fields. The tariff type sets the same condition on the company as at creation:

        - captive market tariff (*mercado cativo*): the company needs a registered physical asset;
        - free market tariff (*mercado livre*): the company needs a valid contract.

        Args:
            id: Identifier of the apportionment.
            apportionment_tariff_type_id: Identifier of the tariff type. Captive and free market
                set a condition on the company.
            name: Name of the apportionment.
            description: What the apportionment is for.
            mixed_consumption: Whether telemetry readings are used to make up the consumption of
                the period.
            limit_day: Limit day for processing the apportionment, taken to be a day of the
                month. No bounds are documented.

        Returns:
            Apportionment: The apportionment after the change.
            None: There is no such record, or the token may not see it.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ValidationError: 422. The request is refused; the body names the fields and says
                why.
        """
        return await self._request(
            "PUT",
            "/api/v3/apportionments/{id}",
            path={"id": id},
            body={
                "apportionment_tariff_type_id": apportionment_tariff_type_id,
                "name": name,
                "description": description,
                "mixed_consumption": mixed_consumption,
                "limit_day": limit_day,
            },
            returns=[("200", Apportionment), ("204", NoneType)],
            errors=["401", "422"],
        )

    async def delete_apportionment(self, id: int) -> None:
        """Delete an apportionment

        Deletes the apportionment. The answer is `204`; reading the record afterwards answers `204`
        as well. The source does not say what deleting a missing record answers; the same `204` is
        expected.

        Args:
            id: Identifier of the apportionment.

        Returns:
            None: The apportionment was deleted.

        Raises:
            AuthenticationError: 401. The token is missing or refused. The body, if any, is
                unknown.
            ValidationError: 422. The id is refused because it is no integer.
        """
        return await self._request(
            "DELETE",
            "/api/v3/apportionments/{id}",
            path={"id": id},
            returns=[("204", NoneType)],
            errors=["401", "422"],
        )
