"""Samples of calls to each operation: Python, shell and curl, with the values of the spec's examples."""

import json
import shlex
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from contrato.core.document import FORM, JSON, MULTIPART
from contrato.core.names import RESERVED, python_name
from contrato.core.places import Arguments, Parts, place
from contrato.core.samples import sample
from contrato.core.schema import Schema
from contrato.core.spec import Operation, Parameter
from contrato.core.tables import tables


def values(operation: Operation) -> dict[tuple[str, str], Any]:
    """Return the arguments in the spec's examples, by `Parameter.key`; those in the body are of its first example."""
    body: dict[str, Any] = next(iter(operation.body.examples.values()), {}) if operation.body else {}
    found = {}
    for parameter in operation.parameters:
        if parameter.place == "body" and parameter.name in body:
            found[parameter.key] = body[parameter.name]
        elif parameter.place != "body" and parameter.examples:
            found[parameter.key] = parameter.examples[0]
        elif parameter.required:
            found[parameter.key] = _guess(operation, parameter)
    return found


def _guess(operation: Operation, parameter: Parameter) -> Any:
    """Return a value for an argument without an example: the range of dates of an example answer, or any allowed."""
    dates = operation.date_range
    if dates is not None and parameter.known_name in (dates.start, dates.end):
        examples = [example for response in operation.responses.values() for example in response.examples.values()]
        found = sorted(date for example in examples for date in _at(example, dates.field.strip("/").split("/")))
        if found and parameter.known_name == dates.start:
            return str(found[0])
        if found:
            return (datetime.fromisoformat(found[-1]) + timedelta(days=1)).isoformat()
    return sample(parameter.schema, request=True)


def _at(node: Any, steps: list[str]) -> Iterator[Any]:
    if not steps:
        yield node
    elif steps[0] == "*" and isinstance(node, list):
        for item in node:
            yield from _at(item, steps[1:])
    elif isinstance(node, Mapping) and steps[0] in node:
        yield from _at(node[steps[0]], steps[1:])


def python(operation: Operation, given: Arguments) -> str:
    """Return a call of the synchronous client, which reads all pages."""
    api = operation.api.name
    names: list[str] = []
    arguments = [
        f"{parameter.python_name}={_literal(parameter, given[parameter.key], names)}"
        for parameter in _shown(operation, given)
    ]
    call = f"{api}.{operation.method_name}({', '.join(arguments)})"
    if len(call) > 70:
        inner = "".join(f"        {argument},\n" for argument in arguments)
        call = f"{api}.{operation.method_name}(\n{inner}    )"
    kind = operation.api.class_name
    imports = f"from datetime import {', '.join(sorted(set(names)))}\n\n" if names else ""
    head = f"{imports}from contrato.{api} import {kind}\n\nwith {kind}() as {api}:\n"
    if operation.answer is None:
        return f"{head}    {call}"
    if not (operation.pagination or operation.answer.items):
        name = _variable(operation, operation.answer)
        return f"{head}    {name} = {call}\n    print({name})"
    text, printed, indent = head, call, "    "
    for name, inside in _loops(operation):
        text += f"{indent}for {name} in {printed}:\n"
        printed = f"{name}.{inside}" if inside else name
        indent += "    "
    return f"{text}{indent}print({printed})"


def _loops(operation: Operation) -> Iterator[tuple[str, str]]:
    """Yield a name for the elements of each list on the way to the rows of an answer, and the attribute of the next."""
    try:
        found = tables(operation)
    except (TypeError, ValueError):
        # Elements that are no objects, or have no table, are printed as they are.
        yield "element", ""
        return
    for (schema, _), inside in zip(found.levels, (*found.rows.path, ""), strict=True):
        yield _variable(operation, schema), inside


def _variable(operation: Operation, schema: Schema) -> str:
    """Return a name for what a schema is of, such as `bill`."""
    return python_name(schema.component or "row", RESERVED | {operation.api.name})


def command(operation: Operation, given: Arguments) -> str:
    """Return a call of the `contrato` command."""
    from contrato.cli.operations import operations, options

    name, known = next((name, it) for name, it in operations(operation.api.name).items() if it.id == operation.id)
    named = {parameter.name: option for parameter, option in options(known).items()}
    words = ["contrato", operation.api.name, name]
    for parameter in _shown(operation, given):
        value = given[parameter.key]
        for one in value if isinstance(value, list) else [value]:
            if parameter.positional:
                words.append(str(one))
            elif isinstance(one, bool):
                words.append(f"--{'' if one else 'no-'}{named[parameter.name]}")
            else:
                text = str(one).removesuffix("T00:00:00")
                words += [f"--{named[parameter.name]}", text.lower() if parameter.schema.enum else text]
    if operation.method == "DELETE":
        words.append("--yes")
    return _wrapped([shlex.quote(word) for word in words])


def curl(operation: Operation, given: Arguments) -> str:
    """Return a call of curl; the environment has its base URL and token, as for the client."""
    api = operation.api
    parts = place(operation, given)
    words = ["curl", "--fail-with-body", "--silent", "--show-error", f"--request {parts.method}"]
    base = f"${{{api.base_url_variable}:-{api.server_url.rstrip('/')}}}"
    address = _address(parts)
    scheme = operation.credential
    token = "" if scheme is None else scheme.written(f"${api.token_variable}")
    if scheme is not None and scheme.place == "query":
        address += f"{'&' if '?' in address else '?'}{quote(scheme.parameter)}={token}"
    words.append(f'"{base}{address}"')
    if scheme is not None and scheme.is_basic:
        words.append(f'--user "${api.token_variable}"')
    elif scheme is not None and scheme.place == "header":
        words.append(f'--header "{scheme.parameter}: {token}"')
    elif scheme is not None and scheme.place == "cookie":
        words.append(f'--cookie "{scheme.parameter}={token}"')
    words += [f"--header {shlex.quote(f'{name}: {text}')}" for name, text in parts.headers.items()]
    words += [f"--cookie {shlex.quote(f'{name}={text}')}" for name, text in parts.cookies.items()]
    if parts.media_type in (FORM, MULTIPART):
        option = "--data-urlencode" if parts.media_type == FORM else "--form"
        words += [f"{option} {shlex.quote(f'{name}={_shown_value(value)}')}" for name, value, _ in parts.content or ()]
        return _wrapped(words)
    words.append(f"--header 'Content-Type: {parts.media_type or JSON}'")
    if parts.body:
        words.append(f"--data {shlex.quote(json.dumps(parts.body, ensure_ascii=False))}")
    elif parts.content is not None:
        words.append(f"--data-binary {shlex.quote(_shown_value(parts.content))}")
    return _wrapped(words)


def request(operation: Operation, given: Arguments) -> str:
    """Return the request as it is sent, without the token."""
    parts = place(operation, given)
    lines = [f"{parts.method} {_address(parts)}", *(f"{name}: {text}" for name, text in parts.headers.items())]
    lines += [f"Cookie: {name}={text}" for name, text in parts.cookies.items()]
    body = ["", json.dumps(parts.body, ensure_ascii=False, indent=2)] if parts.body else []
    return "\n".join([*lines, *body])


def _shown_value(value: str | bytes) -> str:
    """Return a value as text; a file as the name of one."""
    return value if isinstance(value, str) else "@file"


def _address(parts: Parts) -> str:
    query = "&".join(f"{quote(name)}={quote(text)}" for name, text in parts.query)
    return f"{parts.path}{'?' if query else ''}{query}"


def _shown(operation: Operation, given: Arguments) -> list[Parameter]:
    """Return the given parameters, without those of pages: positional ones first, then required ones."""
    pages = operation.pagination
    hidden = (pages.page, pages.limit) if pages else ()
    found = [
        parameter for parameter in operation.parameters if parameter.key in given and parameter.known_name not in hidden
    ]
    return sorted(found, key=lambda parameter: (not parameter.positional, not parameter.required))


def _wrapped(words: list[str]) -> str:
    """Break a command between its options, where one line is too long."""
    lines = [""]
    for word in words:
        if len(lines[-1]) + len(word) > 50 and word.startswith(("-", '"$')):
            lines.append("  ")
        lines[-1] += word if lines[-1].strip() == "" else f" {word}"
    return " \\\n".join(lines)


def _literal(parameter: Parameter, value: Any, names: list[str]) -> str:
    """Write a value as Python, and note what must be imported for it."""
    if parameter.schema.is_timestamp:
        moment = datetime.fromisoformat(value)
        names.append("datetime")
        return f"datetime({moment.year}, {moment.month}, {moment.day}{_clock(moment)})"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _clock(moment: datetime) -> str:
    parts = [moment.hour, moment.minute, moment.second]
    return "".join(f", {part}" for part in parts) if any(parts) else ""
