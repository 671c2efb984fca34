"""Put the arguments of an operation into a request where the spec says, and read them from a request.

Arguments are keyed by place and wire name, `Parameter.key`, such as `("query", "PageNumber")`.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from contrato.core.schema import Schema
    from contrato.core.spec import Operation, Parameter

Arguments = Mapping[tuple[str, str], Any]


@attrs.frozen(kw_only=True)
class Parts:
    """Parts of a request that depend on its operation and arguments.

    Attributes:
        method: HTTP method in capitals.
        path: Path below the base URL, quoted.
        query: Names and values of the query string, not quoted.
        headers: Headers that are arguments.
        cookies: Cookies that are arguments.
        body: JSON of the body; None without a body.

    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: dict[str, str]
    cookies: dict[str, str]
    body: dict[str, Any] | None


def place(operation: Operation, arguments: Arguments) -> Parts:
    """Build the parts of a request.

    Args:
        operation: The operation.
        arguments: JSON values by `Parameter.key`. Arguments that the spec does not have are sent as they are.

    Raises:
        KeyError: A path parameter has no value.

    """
    known = operation.keys
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    query: list[tuple[str, str]] = []
    for key, value in arguments.items():
        where, name = key
        if where == "query":
            query += ((name, text) for text in _texts(value, key not in known or known[key].exploded))
        elif where == "body":
            found[where][name] = value
        else:
            found[where][name] = ",".join(_texts(value, exploded=True))
    return Parts(
        method=operation.method,
        path=operation.filled(found["path"]),
        query=tuple(query),
        headers=found["header"],
        cookies=found["cookie"],
        body=dict(found["body"]) if operation.body is not None else None,
    )


def arguments(
    operation: Operation,
    path: str,
    query: Iterable[tuple[str, str]] = (),
    headers: Mapping[str, str] | None = None,
    body: Any = None,
) -> dict[tuple[str, str], Any]:
    """Return the arguments of a request by `Parameter.key`.

    Text is converted to a number, a boolean or a list if the spec has that type and the text is valid. Arguments that
    the operation does not have are left out.

    Args:
        operation: The operation.
        path: Path below the base URL.
        query: Names and values of the query string, decoded.
        headers: Headers by name in lower case.
        body: JSON of the body.

    """
    named: dict[str, list[str]] = defaultdict(list)
    for name, text in query:
        named[name].append(text)
    in_path = operation.match(path) or {}
    found: dict[tuple[str, str], Any] = {}
    for parameter in operation.parameters:
        name = parameter.name
        if parameter.place == "path" and name in in_path:
            found[parameter.key] = _value(parameter, [in_path[name]])
        elif parameter.place == "query" and name in named:
            found[parameter.key] = _value(parameter, named[name])
        elif parameter.place == "header" and name.lower() in (headers or {}):
            found[parameter.key] = _value(parameter, [(headers or {})[name.lower()]])
        elif parameter.place == "body" and isinstance(body, Mapping) and name in body:
            found[parameter.key] = body[name]
    return found


def _texts(value: Any, exploded: bool) -> list[str]:
    """Return a value as texts of a query string."""
    if isinstance(value, list | tuple):
        texts = [text for one in value for text in _texts(one, exploded)]
        return texts if exploded else [",".join(texts)]
    return [value if isinstance(value, str) else json.dumps(value)]


def _value(parameter: Parameter, texts: Sequence[str]) -> Any:
    """Return a value from texts; of several texts the last one counts, as in most servers."""
    if parameter.schema.items is not None:
        listed = texts if parameter.place == "query" and parameter.exploded else texts[-1].split(",")
        return [_typed(parameter.schema.items, text) for text in listed]
    return _typed(parameter.schema, texts[-1])


def _typed(schema: Schema, text: str) -> Any:
    if schema.type in ("integer", "number", "boolean"):
        try:
            value = json.loads(text)
        except ValueError:
            return text
        if isinstance(value, bool) == (schema.type == "boolean") and isinstance(value, int | float):
            return value
    return text
