"""OpenAPI documents that are no part of the package, for `contrato verify --spec`."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from contrato.cli.errors import Refusal
from contrato.core import spec
from contrato.core.document import operation_id, operation_nodes, sizes
from contrato.core.names import python_name

LARGEST = 1_000_000
"""Values that a document, or all that one operation refers to, may have when it is written out."""


def add(file: Path) -> str:
    """Read an OpenAPI document of version 3, as JSON or YAML, and return the name of its API: that of the file.

    Raises:
        Refusal: It cannot be read, or is no such document.

    """
    import yaml  # late: the other commands need none

    try:
        text = file.read_text("utf-8")
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        # YAML makes dates of texts like 2021-04-01, which JSON has not, and numbers of statuses.
        loaded = json.loads(text) if file.suffix == ".json" else yaml.load(text, loader)
        if sizes(loaded, referenced=False)(loaded) > LARGEST:
            raise ValueError(f"with its aliases written out it has more than {LARGEST:,} values")
        document = _without_dialects(json.loads(json.dumps(loaded, default=str)))
        version = str(document["openapi"])
        for path, method, _, node in operation_nodes(document):
            node.setdefault("operationId", operation_id(path, method, node))
        ids = [node["operationId"] for *_, node in operation_nodes(document)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, yaml.YAMLError) as error:
        said = f"it has no {error}" if isinstance(error, KeyError) else " ".join(str(error).split())
        raise Refusal(f"--spec {file}: no OpenAPI document: {said}") from error
    if not re.match(r"3\.", version):
        raise Refusal(f"--spec {file}: OpenAPI {version}: convert it to version 3 first")
    if twice := sorted({name for name in ids if ids.count(name) > 1}):
        raise Refusal(f"--spec {file}: several operations have the operationId {', '.join(twice)}: rename all but one")
    size = sizes(document, referenced=True)
    for *_, node in operation_nodes(document):
        if size(node) > LARGEST:
            what = f"with its references written out {node['operationId']} has more than {LARGEST:,} values"
            raise Refusal(f"--spec {file}: {what}: contrato cannot read it")
    name = python_name(file.name.partition(".")[0], set())
    spec.add(spec.Api(name, document, str(file)))
    try:
        _read_whole(spec.finite_api(name))
    except (KeyError, ValueError) as error:
        raise Refusal(f"--spec {file}: {error.args[0]}") from error
    return name


def _without_dialects(node: Any) -> Any:
    """A document without the addresses of dialects of JSON Schema: nothing is to be fetched from there."""
    if isinstance(node, list):
        return [_without_dialects(item) for item in node]
    if isinstance(node, dict):
        is_dialect = {key for key in ("$schema", "jsonSchemaDialect") if isinstance(node.get(key), str)}
        return {key: _without_dialects(value) for key, value in node.items() if key not in is_dialect}
    return node


def _read_whole(api: spec.Api) -> None:
    """Read what a run reads.

    Raises:
        KeyError, ValueError: Something is missing, or is not what OpenAPI has there.

    """
    for operation in api.operations.values():
        try:
            declared = {parameter.name for parameter in operation.parameters if parameter.place == "path"}
            _ = operation.credential, operation.body, [response.schema for response in operation.responses.values()]
            for name in _named(operation):
                operation.parameter(name)
        except (AttributeError, TypeError) as error:
            raise ValueError(f"a part of {operation.id} is not of the type that OpenAPI has there: {error}") from error
        if missing := set(re.findall(r"\{([^}]+)\}", operation.path)) - declared:
            raise ValueError(f"{operation.id}: {', '.join(sorted(missing))} of its path is among no parameters: add it")
    _ = api.personal_names


def _named(operation: spec.Operation) -> Iterator[str]:
    """The arguments that extensions of an operation name."""
    pages, dates, order, rows = operation.pagination, operation.date_range, operation.sort, operation.aggregation
    if pages is not None:
        yield from filter(None, (pages.page, pages.limit))
    if dates is not None:
        yield from (dates.start, dates.end)
    if order is not None:
        yield from (order.by, order.order)
    if rows is not None:
        yield rows.by
