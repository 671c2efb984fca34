"""Raw OpenAPI documents: references, and operations. Programs that only read a spec use `contrato.core.spec`."""

import functools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
# Media types of text, by the words after their `/` or `+`.
TEXTS = {"csv", "graphql", "javascript", "jsonl", "ndjson", "sql", "toml", "x-ndjson", "x-yaml", "xml", "yaml"}
# Keys of properties that are in requests only, or in answers only.
ONE_WAY = {"readOnly", "writeOnly"}
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")

Node = Mapping[str, Any]


def follow(document: Node, node: Node) -> tuple[Node, str]:
    """Follow the references of a node. Keys beside a reference take precedence over its target.

    Returns:
        The node without references, and the name of the last component on the path; an empty text without one.

    Raises:
        KeyError: The target does not exist.
        ValueError: The target is in another file, is no object, or a reference to itself.

    """
    name = ""
    seen: list[str] = []
    while "$ref" in node:
        if node["$ref"] in seen:
            raise ValueError(f"$ref {node['$ref']}: it refers to itself")
        seen.append(node["$ref"])
        if not node["$ref"].startswith("#/"):
            raise ValueError(f"$ref {node['$ref']}: keep each API in one file")
        target: Any = document
        reference = node["$ref"]
        for key in node["$ref"].removeprefix("#/").split("/"):
            name = unquote(key).replace("~1", "/").replace("~0", "~")
            try:
                target = target[int(name)] if isinstance(target, list) else target[name]
            except (IndexError, KeyError, TypeError, ValueError):
                raise KeyError(f"$ref {reference}: there is nothing") from None
        if not isinstance(target, Mapping):
            raise ValueError(f"$ref {reference}: there is no object")
        node = merged(target, {key: value for key, value in node.items() if key != "$ref"})
    return node, name


def sizes(document: Node, *, referenced: bool) -> Callable[[Any], int]:
    """Return a function that counts the values in a node of a document, each alias replaced by what it stands for.

    A node within itself counts once there. Nodes that others share are counted once for all of them.

    Args:
        document: The document.
        referenced: Whether each reference is replaced by its target too.

    """
    known: dict[int, int] = {}

    def count(node: Any) -> int:
        if not isinstance(node, Mapping | list):
            return 1
        if id(node) not in known:
            known[id(node)] = 0
            values = [*(node.values() if isinstance(node, Mapping) else node)]
            if referenced and isinstance(node, Mapping) and isinstance(node.get("$ref"), str):
                with suppress(KeyError, ValueError):  # Told where it is used.
                    values += follow(document, {"$ref": node["$ref"]})[0].values()
            known[id(node)] = 1 + sum(map(count, values))
        return known[id(node)]

    return count


def merged(target: Node, siblings: Node) -> Node:
    """Return the target of a reference with the keys beside the reference; open questions are those of both."""
    node = {**target, **siblings}
    if all(isinstance(each.get("x-open"), Mapping) for each in (target, siblings)):
        node["x-open"] = {**target["x-open"], **siblings["x-open"]}
    return node


def is_json(media_type: str) -> bool:
    """True for JSON, such as `application/json; charset=utf-8` and `application/merge-patch+json`."""
    name = media_type.partition(";")[0].strip().lower()
    return name in (JSON, "text/json") or name.endswith("+json")


def is_text(media_type: str) -> bool:
    """True for text other than JSON."""
    name = media_type.partition(";")[0].strip().lower()
    return name.startswith("text/") or name.rpartition("/")[2].rpartition("+")[2] in TEXTS


def media_type(content: Node) -> str:
    """Return the media type that a client sends or asks for: JSON if there is any, else forms, text, or bytes."""
    kinds = (JSON.__eq__, is_json, FORM.__eq__, MULTIPART.__eq__, is_text, lambda name: "*" not in name, bool)
    return next((name for kind in kinds for name in content if kind(name)), "")


def inline(document: Node, node: Any, around: tuple[str, ...] = ()) -> Any:
    """Return a copy in which each reference is replaced by its target.

    A component within itself may be anything there. Properties that are in requests only, or in answers only, are not
    required, because the copy is for both.
    """
    if isinstance(node, list):
        return [inline(document, item, around) for item in node]
    if not isinstance(node, Mapping):
        return node
    if isinstance(reference := node.get("$ref"), str):
        if reference in around:
            return {}
        around = (*around, reference)
    found = {key: inline(document, value, around) for key, value in follow(document, node)[0].items()}
    found = _modern(found)
    properties, required = found.get("properties"), found.get("required")
    if isinstance(properties, dict) and isinstance(required, list):
        one_way = {name for name, prop in properties.items() if isinstance(prop, dict) and ONE_WAY & prop.keys()}
        if one_way:
            found["required"] = [name for name in required if name not in one_way]
    return found


def _modern(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema as JSON Schema has it, without what OpenAPI, and its version 3.0, say in ways of their own."""
    if "discriminator" in schema and "oneOf" in schema and "anyOf" not in schema:
        # It says which alternative counts, where a value matches several.
        schema = {**schema, "anyOf": schema["oneOf"]}
        del schema["oneOf"]
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if isinstance(schema.get(exclusive), bool):
            own = {exclusive: schema[bound]} if schema[exclusive] and bound in schema else {bound: schema.get(bound)}
            others = {key: value for key, value in schema.items() if key not in (bound, exclusive)}
            schema = others | {key: value for key, value in own.items() if value is not None}
    if schema.get("nullable") is True:
        others = {key: value for key, value in schema.items() if key != "nullable"}
        if not isinstance(kind := schema.get("type"), str):
            return {"anyOf": [others, {"type": "null"}]}
        return others | {"type": [kind, "null"]} | ({"enum": [*schema["enum"], None]} if "enum" in schema else {})
    return schema


def finite(document: Node) -> dict[str, Any] | None:
    """Return a copy in which a component within itself may be anything there; None if the document has none."""
    schemas = document.get("components", {}).get("schemas", {})
    cut = False

    def walk(node: Any, around: tuple[str, ...]) -> Any:
        nonlocal cut
        if isinstance(node, list):
            return [walk(item, around) for item in node]
        if not isinstance(node, Mapping):
            return node
        name = str(node.get("$ref", "")).removeprefix("#/components/schemas/")
        if name in around or (name in schemas and around and around[-1] in reached(name)):
            cut = True
            return {}
        return {key: walk(value, around) for key, value in node.items()}

    @functools.cache
    def reached(name: str) -> frozenset[str]:
        """Return the components that a component refers to, directly or not."""
        found: list[str] = [name]
        for one in found:
            for other in re.findall(r'"#/components/schemas/([^"/]+)"', json.dumps(schemas.get(one))):
                if other not in found:
                    found.append(other)
        return frozenset(found)

    changed = {name: walk(node, (name,)) for name, node in schemas.items()}
    if not cut:
        return None
    return {**document, "components": {**document["components"], "schemas": changed}}


def operation_id(path: str, method: str, node: Node) -> str:
    """Return the id of an operation; without one made of method and path: `getThingsId` for `GET /things/{id}`."""
    words = re.findall(r"[^\W_]+", path)
    return str(node.get("operationId") or "".join([method.lower(), *(word[0].upper() + word[1:] for word in words)]))


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
        if path.startswith("x-"):
            continue
        if "$ref" in item:
            raise ValueError(f"{path} is a $ref: write the path item where it is used")
        for method, node in item.items():
            if method in METHODS:
                yield path, method, item, node
