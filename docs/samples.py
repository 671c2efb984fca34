"""How each operation is called, in Python, in the shell and with curl, with the values of the spec's examples."""

import json
import shlex
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from contrato.cli._operations import Operation, Parameter
from contrato.core import spec


def values(api: str, operation: Operation) -> dict[str, Any]:
    """Return what the spec's examples give to an operation, by wire name; of the body the first example."""
    document = spec.load(api)
    item = next(
        (method, shared)
        for shared in document["paths"].values()
        for method in shared.values()
        if isinstance(method, dict) and method.get("operationId") == operation.id
    )
    found = {}
    for node in (*item[1].get("parameters", ()), *item[0].get("parameters", ())):
        parameter = operation.follow(node)
        if "example" in parameter:
            found[parameter["name"]] = parameter["example"]
    content = item[0].get("requestBody", {}).get("content", {}).get("application/json", {})
    for example in list(content.get("examples", {}).values())[:1]:
        found |= operation.follow(example)["value"]
    return found


def python(api: str, operation: Operation, given: Mapping[str, Any]) -> str:
    """Call the synchronous client. Pages are left to the client, which reads them all."""
    names: list[str] = []
    arguments = [
        f"{parameter.argument}={_literal(parameter, given[parameter.wire], names)}"
        for parameter in operation.parameters
        if parameter.wire in given and parameter.wire not in (operation.pagination.get("page"), _limit(operation))
    ]
    call = f"{api}.{operation.python_name}({', '.join(arguments)})"
    if len(call) > 70:
        inner = "".join(f"        {argument},\n" for argument in arguments)
        call = f"{api}.{operation.python_name}(\n{inner}    )"
    kind = api.capitalize()
    imports = f"from datetime import {', '.join(sorted(set(names)))}\n\n" if names else ""
    head = f"{imports}from contrato.{api} import {kind}\n\nwith {kind}() as {api}:\n"
    many = operation.pagination or (operation.answer or {}).get("type") == "array"
    if operation.answer is None:
        return f"{head}    {call}"
    return head + (f"    for row in {call}:\n        print(row)" if many else f"    print({call})")


def command(api: str, name: str, operation: Operation, given: Mapping[str, Any]) -> str:
    """Call the `contrato` command."""
    words = ["contrato", api, name]
    for parameter in operation.parameters:
        if parameter.wire not in given or parameter.wire in (operation.pagination.get("page"), _limit(operation)):
            continue
        value = given[parameter.wire]
        for one in value if isinstance(value, list) else [value]:
            if parameter.place == "path":
                words.append(str(one))
            elif isinstance(one, bool):
                words.append(f"--{'' if one else 'no-'}{parameter.option}")
            else:
                text = str(one).removesuffix("T00:00:00")
                words += [f"--{parameter.option}", text.lower() if "enum" in parameter.schema else text]
    if operation.method == "delete":
        words.append("--yes")
    return _wrapped([shlex.quote(word) for word in words])


def curl(api: str, operation: Operation, given: Mapping[str, Any], path: str) -> str:
    """Send the request with curl, to the base URL and with the token that the client takes, too."""
    prefix = api.upper()
    query = []
    body = {}
    for parameter in operation.parameters:
        if parameter.wire not in given:
            continue
        value = given[parameter.wire]
        if parameter.place == "path":
            path = path.replace(f"{{{parameter.wire}}}", quote(str(value), safe=""))
        elif parameter.place == "query":
            query.append(f"{parameter.wire}={quote(str(value))}")
        else:
            body[parameter.wire] = value
    words = ["curl", "--fail-with-body", "--silent", "--show-error", f"--request {operation.method.upper()}"]
    base = f"${{{prefix}_BASE_URL:-{spec.server_url(api).rstrip('/')}}}"
    words.append(f'"{base}{path}{"?" if query else ""}{"&".join(query)}"')
    words.append(f'--header "Authorization: Bearer ${prefix}_TOKEN"')
    words.append("--header 'Content-Type: application/json'")
    if body:
        words.append(f"--data {shlex.quote(json.dumps(body, ensure_ascii=False))}")
    return _wrapped(words)


def _limit(operation: Operation) -> str | None:
    return operation.pagination.get("limit")


def _wrapped(words: list[str]) -> str:
    """Break a command between its options, where one line is too long."""
    lines = [""]
    for word in words:
        if len(lines[-1]) + len(word) > 70 and word.startswith(("-", '"$')):
            lines.append("  ")
        lines[-1] += word if lines[-1].strip() == "" else f" {word}"
    return " \\\n".join(lines)


def _literal(parameter: Parameter, value: Any, names: list[str]) -> str:
    """Write a value as Python, and note what must be imported for it."""
    if str(parameter.schema.get("format", "")).startswith("date-time"):
        moment = datetime.fromisoformat(value)
        names.append("datetime")
        return f"datetime({moment.year}, {moment.month}, {moment.day}{_clock(moment)})"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _clock(moment: datetime) -> str:
    parts = [moment.hour, moment.minute, moment.second]
    return "".join(f", {part}" for part in parts) if any(parts) else ""
