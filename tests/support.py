"""Requests to operations, for all tests: operations by operationId, arguments by wire name, wherever the spec has them.

No test needs to know a path, a method, or whether an argument is in the path, the query, a header or the body.
"""

from collections.abc import Mapping
from typing import Any

import httpx

from contrato.core import spec
from contrato.core.places import Parts, place

TOKEN = "demo"


def parts(api: str, operation_id: str, arguments: Mapping[str, Any], unknown: Mapping[str, Any] | None = None) -> Parts:
    """Build the parts of a request; its path is below the base URL of the API.

    Args:
        api: Name of the API.
        operation_id: Which operation.
        arguments: Values by wire name, as JSON has them; they may be wrong ones. A path parameter must be among them.
        unknown: Values by names that the spec does not know; they go into the body, or the query when there is no body.

    Raises:
        KeyError: The API has no such operation, or the operation no such argument.

    """
    operation = spec.api(api).operations[operation_id]
    elsewhere = "query" if operation.body is None else "body"
    known = {operation.parameter(name).key: value for name, value in arguments.items()}
    return place(operation, {**known, **{(elsewhere, name): value for name, value in (unknown or {}).items()}})


def options(
    api: str, operation_id: str, arguments: Mapping[str, Any], unknown: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Build the arguments of `httpx.Client.request`, the URL relative to the base URL of the API. See `parts`."""
    found = parts(api, operation_id, arguments, unknown)
    return {
        "method": found.method,
        "url": found.path,
        "params": found.query or None,
        "headers": {"Authorization": f"Bearer {TOKEN}", **found.headers},
        "json": found.body,
    }


def send(client: httpx.Client, api: str, operation_id: str, /, **arguments: Any) -> httpx.Response:
    """Send a request with the token of the bundled server; the base URL of the client is that of the API."""
    return client.request(**options(api, operation_id, arguments))
