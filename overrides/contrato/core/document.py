"""Raw OpenAPI documents: references, and operations. Programs that only read a spec use `contrato.core.spec`."""

from collections.abc import Iterator, Mapping
from typing import Any

JSON = "application/json"
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")

Node = Mapping[str, Any]


def follow(document: Node, node: Node) -> tuple[Node, str]:
    """Follow the references of a node. Keys beside a reference take precedence over its target.

    Returns:
        The node without references, and the name of the last component on the path; an empty text without one.

    Raises:
        KeyError: The target does not exist.
        ValueError: The target is in another file.

    """
    name = ""
    while "$ref" in node:
        if not node["$ref"].startswith("#/"):
            raise ValueError(f"$ref {node['$ref']}: keep each API in one file")
        target: Any = document
        for key in node["$ref"].removeprefix("#/").split("/"):
            name = key.replace("~1", "/").replace("~0", "~")
            target = target[name]
        node = merged(target, {key: value for key, value in node.items() if key != "$ref"})
    return node, name


def merged(target: Node, siblings: Node) -> Node:
    """Return the target of a reference with the keys beside the reference; open questions are those of both."""
    node = {**target, **siblings}
    if "x-open" in target and "x-open" in siblings:
        node["x-open"] = {**target["x-open"], **siblings["x-open"]}
    return node


def inline(document: Node, node: Any) -> Any:
    """Return a copy in which each reference is replaced by its target.

    Raises:
        RecursionError: Components refer to each other in a cycle.

    """
    if isinstance(node, list):
        return [inline(document, item) for item in node]
    if not isinstance(node, Mapping):
        return node
    return {key: inline(document, value) for key, value in follow(document, node)[0].items()}


def path_items(document: Node) -> Any:
    """Return the path items of a raw document by path, to be changed."""
    return document["paths"]


def operation_nodes(document: Node) -> Iterator[tuple[str, str, Any, Any]]:
    """Yield path, method in lower case, path item and operation of a raw document, in its order.

    For programs that change a document; to read one, use `Api`.

    Raises:
        ValueError: A path item is a reference.

    """
    for path, item in path_items(document).items():
        if "$ref" in item:
            raise ValueError(f"{path} is a $ref: write the path item where it is used")
        for method, node in item.items():
            if method in METHODS:
                yield path, method, item, node
