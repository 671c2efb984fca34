"""The specs, as everything reads them at run time."""

import json
from collections.abc import Mapping
from typing import Any

APIS = ("neu", "apportionments")


def load(api: str) -> dict[str, Any]:
    """Read the OpenAPI document of one API.

    Args:
        api: One of `APIS`.

    Returns:
        The document, a new one at every call.

    Raises:
        ValueError: There is no such API.
        FileNotFoundError: The client of this API was not generated.

    """
    if api not in APIS:
        raise ValueError(f"no API {api!r}: choose from {', '.join(APIS)}")
    from importlib import resources  # late: a client rarely needs it, and it takes time

    try:
        # Not of the package `contrato.<api>`: that would import the client.
        text = (resources.files("contrato") / api / "openapi.json").read_text("utf-8")
    except FileNotFoundError as error:
        raise FileNotFoundError(f"contrato.{api} has no openapi.json: run make generate") from error
    document: dict[str, Any] = json.loads(text)
    return document


def follow(document: Mapping[str, Any], node: Mapping[str, Any]) -> tuple[Mapping[str, Any], str]:
    """Follow the references of a node; what stands beside one wins over what it points at.

    Returns:
        The node without a reference, and the name of the last component on the way; an empty text without one.

    Raises:
        KeyError: A reference leads nowhere.

    """
    name = ""
    while "$ref" in node:
        target: Any = document
        for key in node["$ref"].removeprefix("#/").split("/"):
            name = key.replace("~1", "/").replace("~0", "~")
            target = target[name]
        node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
    return node, name


def server_url(api: str) -> str:
    """Return the URL of the first server of one API, each variable at its default."""
    server = load(api)["servers"][0]
    variables = {name: value["default"] for name, value in server.get("variables", {}).items()}
    url: str = server["url"].format(**variables)
    return url
