"""The call of an operation: its arguments, the client, the answers, and messages about them."""

import importlib
import json
import re
import sys
import warnings
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from typing import Any

import click

from contrato.cli import output
from contrato.cli.errors import NoSuchRecordError, Refusal, refuse
from contrato.cli.operations import columns_of, has_answer, operations, options, sources, table_of, words
from contrato.cli.options import PREFIX, body_fields
from contrato.core.spec import Operation, Parameter
from contrato.core.texts import line


def call(operation: Operation, values: dict[str, Any]) -> None:
    """Call an operation and write its answers.

    Args:
        operation: The operation.
        values: The values of the click parameters of its command.

    """
    arguments = {
        parameter.python_name: list(value) if isinstance(value, tuple) else value
        for parameter in options(operation)
        if (value := values[PREFIX + parameter.python_name]) not in (None, ())
    }
    if values.get("json_body") is not None:
        arguments = {**_from_json(operation, values["json_body"]), **arguments}
    _require(operation, arguments)
    named = {column.name: column for column in columns_of(operation)}
    columns = [named[name] for name in dict.fromkeys(values.get("columns", ()))] or None
    file = values.get("output")
    if file == "":
        raise Refusal("the name of a file must not be empty")
    write = output.writer(operation, columns, values["format_"], file) if named else None
    if operation.deletes and not values["yes"]:
        _confirm(operation, arguments)
    with (
        _client(operation, values) as client,
        _refusing(operation, arguments, file),
        # Else an error in writing would leave requests and the progress bar running.
        closing(_answers(client, operation, arguments)) as answers,
    ):
        if write is None:
            found = output.write_plain(answers, file)
        else:
            found = write(answers, getattr(client, operation.method_name))
    _conclude(operation, arguments, found)


def asks_windows(operation: Operation) -> bool:
    """True if an operation is read window by window: it requires a range of dates, so it is a series over time."""
    return operation.pagination is None and len(ends := _ends(operation)) == 2 and all(p.required for p in ends)


def _ends(operation: Operation) -> list[Parameter]:
    """Return the parameters for the beginning and the end of a range of dates; none without one."""
    names = operation.date_range
    return [] if names is None else [operation.parameter(names.start), operation.parameter(names.end)]


def _conclude(operation: Operation, arguments: dict[str, Any], found: int) -> None:
    """Say what an answer without rows means."""
    given = {p: option for p, option in options(operation).items() if p.python_name in arguments}
    table = table_of(operation)
    nothing = operation.nothing and f"{operation.nothing.text.rstrip('.')} ({operation.nothing.status})"
    if operation.deletes:
        # The API answers the same if there was no record: all that is known is that there is none now.
        which = ", ".join(f"{option} {arguments[parameter.python_name]}" for parameter, option in given.items())
        click.echo(line(f"{which} is gone: {nothing}, or it was not there before."), err=True)
    elif not has_answer(operation):
        click.echo(line(nothing or "Done."), err=True)
    elif not found and (table is None or not table.many or words(operation.id)[0] == "get"):
        raise NoSuchRecordError(nothing or "the API has no such record")
    elif not found:
        range_ = [f"--{given[parameter]}" for parameter in _ends(operation) if parameter in given]
        hints = [f" There may be none in the range of {' and '.join(range_)}."] if range_ else []
        api = operation.api.name
        hints += [
            f" `contrato {api} {name}` lists what --{option} can be."
            for parameter, option in given.items()
            for name in sources(parameter)
            if operations(api)[name] is not operation
        ]
        click.echo(f"No rows.{''.join(hints)}", err=True)


def _from_json(operation: Operation, file: Any) -> dict[str, Any]:
    try:
        data = json.load(file)
    except ValueError as error:
        raise Refusal(f"--json: {getattr(file, 'name', 'the input')} is no JSON: {error}") from error
    names = {parameter.name: parameter.python_name for parameter in body_fields(operation)}
    if not isinstance(data, dict):
        raise Refusal("--json: one JSON object is wanted")
    unknown = sorted(data.keys() - names.keys())
    if unknown:
        raise Refusal(f"--json: {', '.join(unknown)}: no such field, choose from {', '.join(names)}")
    return {names[name]: value for name, value in data.items()}


def _require(operation: Operation, arguments: dict[str, Any]) -> None:
    context = click.get_current_context()
    for parameter in options(operation):
        if parameter.required and parameter.python_name not in arguments:
            ours = next(p for p in context.command.params if p.name == PREFIX + parameter.python_name)
            raise click.MissingParameter(ctx=context, param=ours)
    fields = body_fields(operation)
    if fields and not any(parameter.python_name in arguments for parameter in fields):
        any_of = ", ".join(f"--{option}" for parameter, option in options(operation).items() if parameter in fields)
        raise Refusal(f"nothing to {words(operation.id)[0]}: pass --json or any of {any_of}")


def _is_interactive() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _confirm(operation: Operation, arguments: dict[str, Any]) -> None:
    question = f"{operation.summary}: {', '.join(f'{name} {value}' for name, value in arguments.items())}?"
    if not _is_interactive():
        raise Refusal(f"{question} No terminal to confirm it on: pass --yes.")
    try:
        agreed = click.confirm(question, err=True)
    except click.Abort as error:
        # click raises Abort for Ctrl-C too.
        if not isinstance(error.__context__, EOFError):
            raise
        click.echo(err=True)
        agreed = False
    if not agreed:
        raise Refusal("nothing was deleted")


@contextmanager
def _client(operation: Operation, values: dict[str, Any]) -> Iterator[Any]:
    from contrato.core.connection import parse_headers  # late: --help does not need what it imports

    api = operation.api.name
    kind = getattr(importlib.import_module(f"contrato.{api}"), operation.api.class_name)
    if not hasattr(kind, operation.method_name):
        raise Refusal(f"the client of {api} has no {operation.method_name}: run make generate")
    names = ("timeout", "deadline", "retries", "ca_bundle", "client_cert", "insecure", "proxy")
    settings = {name: values[name] for name in names if values[name] is not None}
    try:
        headers = parse_headers("--header", values["headers"])
        client = kind(values["token"], values["base_url"], aware=True, headers=headers, **settings)
    except ValueError as error:
        text = str(error).replace("token=...", "--token").replace("base_url=...", "--base-url")
        raise Refusal(re.sub(r"^\w+(?=:)", lambda name: _option(name[0], settings), text)) from error
    with client:
        yield client


def _option(name: str, settings: dict[str, Any]) -> str:
    """Return the option for the name of a setting of the client; other names stay."""
    return f"--{name.replace('_', '-')}" if name in settings else name


@contextmanager
def _refusing(operation: Operation, arguments: dict[str, Any], file: str | None) -> Iterator[None]:
    from contrato.core.errors import ContratoError  # late: it imports httpx, which --help does not need

    unwritten = line(str(file)) if output.replaceable(file) else None
    try:
        yield
    except ContratoError as error:
        refuse(error, operation, arguments, unwritten)


def _answers(client: Any, operation: Operation, arguments: dict[str, Any]) -> Generator[Any, None, None]:
    """Yield the answers of all requests that the operation takes, with a progress bar if there are several."""
    method = getattr(client, operation.method_name)
    try:
        if operation.pagination is not None:
            yield from _pages(method(**arguments), operation, arguments)
        elif asks_windows(operation):
            yield from _windows(client, method, operation, arguments)
        else:
            yield method(**arguments)
    except (TypeError, ValueError) as error:
        # The client refuses an argument by its name in Python: show that of the option.
        names = {parameter.python_name: f"--{option}" for parameter, option in options(operation).items()}
        named = rf"\b({'|'.join(names)})(?= must | \()"
        raise Refusal(re.sub(named, lambda found: names[found[1]], str(error))) from error


def _pages(pager: Any, operation: Operation, arguments: dict[str, Any]) -> Iterator[Any]:
    pagination = operation.pagination
    assert pagination is not None
    assert operation.answer is not None
    if operation.parameter(pagination.page).python_name in arguments:
        yield from islice(pager.pages(), 1)
        return
    table = table_of(operation)
    total = None if pagination.total is None else operation.answer.properties[pagination.total].python_name
    with _progress(operation.summary) as advance, warnings.catch_warnings():
        # --limit says by itself that it is the size of a page.
        warnings.simplefilter("ignore", UserWarning)
        for page in pager.pages():
            yield page
            advance(1 if table is None else len(table.items(page)), None if total is None else getattr(page, total))


def _windows(client: Any, method: Any, operation: Operation, arguments: dict[str, Any]) -> Iterator[Any]:
    from contrato.core.errors import WindowError  # late: it imports httpx, which --help does not need

    dates = [parameter.python_name for parameter in _ends(operation)]
    others = {name: value for name, value in arguments.items() if name not in dates}
    from_, to = (arguments[name] for name in dates)
    with _progress(operation.summary) as advance:
        first = None
        try:
            for window in client.windows(method, from_=from_, to=to, **others):
                first = first or window.from_
                yield window.data
                end = to.astimezone(client.time_zone).replace(tzinfo=None) if to.tzinfo else to
                advance((window.to - window.from_).total_seconds(), (end - first).total_seconds())
        except WindowError as error:
            # Before the first window nothing was read.
            if first is None and error.__cause__ is not None:
                raise error.__cause__ from None
            raise


@contextmanager
def _progress(title: str) -> Iterator[Callable[[float, float | None], None]]:
    """Show a bar on stderr if that is a terminal. Yields a function that advances it, of how much in all."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(title, total=None)
        yield lambda done, total: progress.update(task, advance=done, total=total)
