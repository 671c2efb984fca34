"""The data of an API that has none by hand: the examples of its spec, else values that its schemas make.

Where paths end in the id of a record, `/things` and `/things/{id}`, the server keeps records: what is created is
listed, read, changed and deleted.
"""

import copy
import json
from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from typing import Any

from starlette.responses import Response

from contrato.core.document import is_json
from contrato.core.samples import sample
from contrato.core.schema import Schema
from contrato.core.spec import Api, Operation
from contrato.core.spec import Response as Documented
from contrato.mock.call import Call

RECORDS = 3
"""Records that a collection has at first."""


class Examples:
    """Handlers of all operations of an API.

    Args:
        api: The API.

    """

    def __init__(self, api: Api) -> None:
        self._api = api
        # By path, with the parameters filled in; each record by the text of its id.
        self._collections: dict[str, dict[str, dict[str, Any]]] = {}

    @property
    def handlers(self) -> dict[str, Callable[[Call], Response]]:
        """Handlers by `operationId`."""
        return dict.fromkeys(self._api.operations, self._handle)

    @cached_property
    def _paths(self) -> dict[str, Operation]:
        """Paths of collections, each with an operation about one of its records, one that reads it if there is any."""
        found: dict[str, Operation] = {}
        for operation in sorted(self._api.operations.values(), key=lambda operation: operation.method != "GET"):
            parent, _, last = operation.path.rpartition("/")
            if last.startswith("{") and last.endswith("}") and last.count("{") == 1:
                found.setdefault(parent, operation)
        return found

    def _handle(self, call: Call) -> Response:
        operation = call.operation
        call = Call(operation, {key: _json(value) for key, value in call.placed.items()})
        parent, _, _ = operation.path.rpartition("/")
        in_path = {key[1]: value for key, value in call.placed.items() if key[0] == "path"}
        if parent in self._paths and operation.path != parent and operation.path.endswith("}"):
            *_, name = operation.path.rpartition("/{")
            records = self._records(parent, in_path)
            return self._one(call, records, str(in_path[name.removesuffix("}")]))
        if operation.path in self._paths and operation.method in ("GET", "POST"):
            records = self._records(operation.path, in_path)
            if operation.method == "POST" and not operation.safe:
                return self._create(call, records)
            if operation.method == "GET" and operation.answer is not None:
                return self._list(call, operation.answer, list(records.values()))
        return self.answer(operation)

    def _records(self, path: str, in_path: dict[str, Any]) -> dict[str, dict[str, Any]]:
        key = path.format_map({name: str(value) for name, value in in_path.items()})
        if key not in self._collections:
            self._collections[key] = {}
            for _ in range(RECORDS):
                self._add(path, self._collections[key], {})
        return self._collections[key]

    def _add(self, path: str, records: dict[str, dict[str, Any]], given: dict[str, Any]) -> dict[str, Any]:
        about = self._paths[path]
        schema = self._schema(path)
        made = _body(about, schema) if schema is not None else {}
        record = {**(copy.deepcopy(made) if isinstance(made, dict) else {}), **given}
        name = about.path.rpartition("/{")[2].removesuffix("}")
        number = 1 + max(
            (int(key.rpartition("-")[2]) for key in records if key.rpartition("-")[2].isdigit()), default=0
        )
        kind = about.keys["path", name].schema
        identifier: Any = number if kind.type in ("integer", "number") else f"{name}-{number}"
        if kind.format == "uuid":
            identifier = f"00000000-0000-4000-8000-{number:012}"
        if schema is not None and (field := schema.identity(name)) is not None:
            record[field] = identifier
        records[str(identifier)] = record
        return record

    def _schema(self, path: str) -> Schema | None:
        """Return the schema of a record: that of reading one, else of creating one."""
        about = self._paths[path]
        if about.method == "GET" and about.answer is not None:
            return about.answer
        others = [o for o in self._api.operations.values() if o.path == path and o.answer is not None]
        for operation in sorted(others, key=lambda operation: operation.method != "POST"):
            assert operation.answer is not None
            items = operation.answer if operation.method == "POST" else operation.answer.records[1]
            if items is not None and items.properties:
                return items
        return about.answer

    def _one(self, call: Call, records: dict[str, dict[str, Any]], key: str) -> Response:
        operation = call.operation
        if key not in records:
            # By HTTP, deleting twice does what deleting once does; a spec without 404 leaves nothing else.
            return self.answer(operation, None if operation.deletes and "404" not in operation.responses else 404)
        if operation.deletes:
            return self.answer(operation, body=records.pop(key))
        if operation.method in ("PUT", "PATCH", "POST"):
            schema = self._schema(operation.path.rpartition("/")[0])
            field = schema and schema.identity(operation.path.rpartition("/{")[2].removesuffix("}"))
            given = {name: value for name, value in _given(call).items() if name != field}
            records[key] |= given
        return self.answer(operation, body=records[key])

    def _create(self, call: Call, records: dict[str, dict[str, Any]]) -> Response:
        return self.answer(call.operation, body=self._add(call.operation.path, records, _given(call)))

    def _list(self, call: Call, schema: Schema, records: list[dict[str, Any]]) -> Response:
        operation, pagination = call.operation, call.operation.pagination
        for parameter in operation.parameters:
            wanted = call.placed.get(parameter.key)
            if parameter.place == "query" and wanted is not None and records and parameter.name in records[0]:
                wanted = wanted if isinstance(wanted, list) else [wanted]
                records = [record for record in records if record[parameter.name] in wanted]
        if pagination is not None:
            size, page = call.size() or len(records) or 1, max(1, call.page())
            last = max(1, -(-len(records) // size))
            parts = {"items": records[(page - 1) * size : page * size], "total": len(records), "last": last}
            parts |= {"current": page, "size": size, "next": page + 1 if page < last else None}
            named = {name: value for name, value in parts.items() if name in ("items", *_named(pagination))}
            return self.answer(operation, body=call.envelope(**named))
        at, items = schema.records
        name = at.removeprefix("/")
        if items is None:
            return self.answer(operation)
        if not name:
            return self.answer(operation, body=records)
        counts = {
            key: len(records)
            for key, prop in schema.properties.items()
            if prop.schema.type == "integer" and key.lower() in ("count", "total", "total_count", "totalcount")
        }
        made = _body(operation, schema)
        return self.answer(operation, body={**(made if isinstance(made, dict) else {}), **counts, name: records})

    def refuse(self, operation: Operation, status: int, detail: str) -> Response:
        """Answer a request that the spec does not allow.

        Args:
            operation: The operation.
            status: The status, if the operation documents it; 400 and 422 stand for each other.
            detail: What is wrong, for an answer whose shape the spec does not say.

        """
        if status == 400:
            status = next((one for one in (400, 422) if str(one) in operation.responses), 400)
        return self.answer(operation, status, detail=detail)

    def answer(self, operation: Operation, status: int | None = None, body: Any = ..., detail: str = "") -> Response:
        """Return an answer of the spec: the first success, or that of a status."""
        documented: Documented | None
        if status is None:
            promised = [response for response in operation.responses.values() if response.promised]
            documented = promised[0] if promised else next(iter(operation.responses.values()), None)
            status = 204 if documented is None else documented.a_status
        else:
            documented = operation.response(status)
        if documented is None:
            return Response(json.dumps({"message": detail or "No such record."}), status, media_type="application/json")
        kind = documented.media_type
        if not kind or operation.method == "HEAD" or status in (204, 304):
            return Response(status_code=status)
        if documented.schema is None:
            text = next(iter(documented.examples.values()), "text")
            kind = kind.replace("*/*", "application/octet-stream").replace("*", "plain")
            return Response(text if isinstance(text, str | bytes) else json.dumps(text), status, media_type=kind)
        if body is ... or not is_json(kind):
            body = next(iter(documented.examples.values()), ...)
            body = sample(documented.schema) if body is ... else body
            if detail and isinstance(body, dict):
                texts = [name for name, prop in documented.schema.properties.items() if prop.schema.is_plain_text]
                body = {**body, **dict.fromkeys(texts[:1], detail)}
        else:
            body = _shown(documented.schema, body)
        return Response(json.dumps(body, ensure_ascii=False), status, media_type=kind)


def _json(value: Any) -> Any:
    """Return an argument as it was sent: timestamps are instances of classes for handlers."""
    if isinstance(value, dict):
        return {name: _json(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_json(inner) for inner in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value.isoformat() if isinstance(value, datetime) else value


def _given(call: Call) -> dict[str, Any]:
    """Return the fields of the body."""
    found = {name: value for (place, name), value in call.placed.items() if place == "body"}
    whole = found.pop("", {})
    return {**(whole if isinstance(whole, dict) else {}), **found}


def _body(operation: Operation, schema: Schema) -> Any:
    """Return the example of the answer with a schema, or a value of the schema."""
    for response in operation.responses.values():
        if response.promised and response.schema is schema and response.examples:
            return next(iter(response.examples.values()))
    return sample(schema)


def _shown(schema: Schema, body: Any) -> Any:
    """Return a record with the fields that an answer has, and none that are only sent."""
    if not isinstance(body, dict) or not schema.properties:
        return body
    hidden = {name for name, prop in schema.properties.items() if prop.schema.write_only}
    found = {name: value for name, value in body.items() if name in schema.properties and name not in hidden}
    missing = [
        name for name, prop in schema.properties.items() if prop.required and name not in found | dict.fromkeys(hidden)
    ]
    return {**found, **{name: sample(schema.properties[name].schema) for name in missing}}


def _named(pagination: Any) -> list[str]:
    return [part for part in ("total", "last", "current", "size", "next") if isinstance(getattr(pagination, part), str)]
