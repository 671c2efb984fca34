"""Nodes of the raw document of a spec, for tests that edit one: an operation may be at any path."""

from typing import Any

from contrato.core.document import JSON, follow, operation_nodes


def node(document: Any, operation_id: str) -> Any:
    """The operation."""
    return next(node for *_, node in operation_nodes(document) if node["operationId"] == operation_id)


def item(document: Any, operation_id: str) -> Any:
    """The path item of the operation."""
    return next(item for *_, item, node in operation_nodes(document) if node["operationId"] == operation_id)


def argument(document: Any, operation_id: str, name: str) -> Any:
    """The schema of an argument of the operation, wherever it is sent."""
    for parameter in node(document, operation_id).get("parameters", []):
        if parameter["name"] == name:
            return parameter["schema"]
    body = follow(document, node(document, operation_id)["requestBody"]["content"][JSON]["schema"])[0]
    return body["properties"][name]


def schema(document: Any, name: str) -> Any:
    """The component of this name."""
    return document["components"]["schemas"][name]
