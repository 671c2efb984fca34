"""Finds out what a server calls an argument, and where it takes it, where the documents leave that open.

Otherwise a server that follows another reading than the spec would seem to ignore the argument.
"""

from __future__ import annotations

import copy
from collections.abc import Container, Iterator, Mapping
from contextlib import suppress
from typing import Any

import requests

from contrato.core.document import follow, media_type, operation_nodes
from contrato.core.extensions import Opening
from contrato.core.spec import Api, Operation, Parameter
from contrato.verify.discovery import Discovery
from contrato.verify.documents import MISSING, find
from contrato.verify.exchange import Arguments, Exchange
from contrato.verify.rows import items_of

Key = tuple[str, str]

TRIAL = "naming"
"""The sender of requests that try where an argument is: no client would send them."""


def as_the_server_has_it(discovery: Discovery, operations: Container[str]) -> tuple[Api, list[str]]:
    """The API with its arguments where a server takes them, and what is told of those that are elsewhere.

    An argument of which the spec leaves open where it is, is tried there first. Where it selects nothing it is tried as
    the other readings have it.

    Args:
        discovery: Asks the server.
        operations: Ids of those of which to find out.
    """
    api = discovery.spec
    document, said = api.copy(), []
    for operation, f, opening in _open(api):
        with suppress(requests.RequestException):
            required = [g for g in operation.parameters if g.required]
            arguments = discovery.fill(operation, required, 0) if operation.id in operations else None
            asking = None if arguments is None else _Asking(operation, f, discovery, arguments)
            if asking is None or not asking.is_ignored(f.key):
                continue
            readings = [(reading, _key(f, opening, reading)) for reading in opening.readings]
            for reading, key in readings:
                has_place = key[0] != "body" or operation.body is not None
                if key != f.key and has_place and asking.is_taken(key):
                    _move(document, operation.id, f, key, reading, opening)
                    where = f"{key[1]} in the {'URL' if key[0] == 'query' else key[0]}"
                    question = opening.question.id
                    said.append(f"{operation.id} takes {f.name} as {where}, and was judged so ({question}: {reading})")
                    break
    return (Api(api.name, document, api.file) if said else api), said


def _open(api: Api) -> Iterator[tuple[Operation, Parameter, Opening]]:
    for operation in api.operations.values():
        for f in operation.parameters:
            for opening in f.open.values():
                if opening.question.arguments and len(opening.readings) > 1 and operation.safe:
                    yield operation, f, opening


def _key(f: Parameter, opening: Opening, reading: str) -> Key:
    there = opening.question.arguments[reading]
    return there.get("in", f.place), there.get("name", f.known_name)


class _Asking:
    """Asks with an argument in different places: with the number of a page, or with a value that rows show."""

    def __init__(self, operation: Operation, f: Parameter, discovery: Discovery, arguments: Arguments) -> None:
        self._operation = operation
        self._transport = discovery.transport
        self._is_page = operation.pagination is not None and operation.parameter(operation.pagination.page) == f
        self._echo = f.echo
        self._arguments = {key: value for key, value in arguments.items() if key != f.key}
        values = [2] if self._is_page else discovery.values(operation).get(f.key, [])[:1]
        self._value = values[0] if values else MISSING
        self._first = self._rows(self._ask({}))

    def is_ignored(self, key: Key) -> bool:
        """True if the argument is refused there, or selects nothing although there is something to select from."""
        if self._value is MISSING:
            return False
        answer = self._ask({key: self._value})
        selects = self._is_selected(answer) or not self._first or not self._rows(answer)
        return not (answer.succeeded and selects)

    def is_taken(self, key: Key) -> bool:
        """True if the argument selects something there."""
        with self._transport.sending(TRIAL):
            answer = self._ask({key: self._value})
        return answer.succeeded and self._is_selected(answer)

    def _ask(self, more: Mapping[Key, Any]) -> Exchange:
        return self._transport.exchange(self._operation, {**self._arguments, **more})

    def _rows(self, answer: Exchange) -> list[Any]:
        if not answer.succeeded:
            return []
        return find(answer.json, self._echo.at) if self._echo is not None else [*items_of(self._operation, answer)]

    def _is_selected(self, answer: Exchange) -> bool:
        rows = self._rows(answer)
        if self._is_page:
            return rows not in ([], self._first)
        wanted = self._value if isinstance(self._value, list) else [self._value]
        return bool(rows) and {str(row) for row in rows} == {str(value) for value in wanted}


def _move(document: dict[str, Any], name: str, f: Parameter, key: Key, reading: str, opening: Opening) -> None:
    """Move an argument of an operation in a document; it keeps the name by which it is known."""
    node = next(node for *_, node in operation_nodes(document) if node.get("operationId") == name)
    given = [dict(follow(document, each)[0]) for each in node.get("parameters", [])]
    body = copy.deepcopy(dict(follow(document, node["requestBody"])[0])) if "requestBody" in node else None
    media = body["content"][media_type(body["content"])] if body else {}
    schema = dict(follow(document, media.get("schema", {}))[0])
    properties = dict(schema.get("properties", {}))
    if f.place == "body":
        found = dict(follow(document, properties.pop(f.name))[0])
    else:
        (old,) = (each for each in given if (each["in"], each["name"]) == f.key)
        given.remove(old)
        found = {**old.get("schema", {}), **{k: v for k, v in old.items() if k == "description" or k.startswith("x-")}}
    known = {"x-name": f.known_name} if key[1] != f.known_name else {}
    found = {**{k: v for k, v in found.items() if k != "x-name"}, **known}
    found["x-open"] = {
        **found.get("x-open", {}),
        opening.question.id: {"ours": reading, "readings": [*opening.readings]},
    }
    if key[0] == "body":
        properties[key[1]] = found
    else:
        own = {k: v for k, v in found.items() if k == "description" or k.startswith("x-")}
        given.append({"name": key[1], "in": key[0], **own, "schema": {k: v for k, v in found.items() if k not in own}})
    node["parameters"] = given
    if body:
        media["schema"] = {**schema, "properties": properties}
        node["requestBody"] = body
