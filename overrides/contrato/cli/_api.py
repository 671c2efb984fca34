"""A group of commands per API, one for each operation of its spec."""

import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from difflib import get_close_matches
from functools import cached_property
from itertools import islice
from typing import Any

import click

from contrato.cli import _output
from contrato.cli._errors import EXIT_STATUSES, NoSuchRecordError, Refusal, line, meant, refuse
from contrato.cli._operations import columns_of, operations, options, sources, words
from contrato.core import spec
from contrato.core.spec import Operation, Parameter, Schema, plain_text
from contrato.core.tables import Column, tables

# Keys of click's parameters that are the API's, so that they cannot meet ours.
PREFIX = "api_"
TERMINAL = "terminal"


class ApiGroup(click.Group):
    """The commands of one API; its spec is read when they are asked for."""

    def __init__(self, api: str) -> None:
        super().__init__(api, help=f"Call the operations of the {api} API.", epilog=EXIT_STATUSES)
        self.api = api

    @cached_property
    def _operations(self) -> dict[str, Operation]:
        try:
            return operations(self.api)
        except FileNotFoundError as error:
            raise Refusal(str(error)) from error

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order of the spec."""
        return list(self._operations)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Make the command of one operation."""
        operation = self._operations.get(cmd_name)
        return None if operation is None else OperationCommand(cmd_name, operation)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; of a name that none has, say which ones are like it or have it as their heading."""
        name = args[0]
        if name not in self._operations and name[:1].isalnum():
            found = meant(name, self.names())
            hint = f"Did you mean {' or '.join(found)}?" if found else f"There are {', '.join(self._operations)}."
            ctx.fail(f"No such command '{name}'. {hint}")
        return super().resolve_command(ctx, args)

    def names(self) -> dict[str, list[str]]:
        """Return what somebody may type for the commands: their own names, and those that the spec has for them."""
        names: dict[str, list[str]] = {}
        for command, operation in self._operations.items():
            for other in (command, operation.id, operation.tag):
                names.setdefault(other.lower().replace(" ", "-"), []).append(command)
        return names

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands under the tags of the spec."""
        tags: dict[str, list[tuple[str, str]]] = {}
        for name, operation in self._operations.items():
            tags.setdefault(operation.tag, []).append((name, operation.summary))
        for tag, commands in tags.items():
            with formatter.section(tag):
                formatter.write_dl(commands)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what the spec says of the API."""
        api = spec.api(self.api)
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(plain_text(f"{api.title}. {api.summary}"))


def no_such_option(name: str, context: click.Context) -> str:
    """Say which option was meant, or which ones there are: what one command can be asked for, another one cannot."""
    said = f"No such option '{name}'."
    if isinstance(context.command, click.Group):
        return f"{said} Options come after the command: {context.command_path} COMMAND {name}."
    options = [option for parameter in context.command.params for option in parameter.opts if option[:2] == "--"]
    if close := get_close_matches(name, options, cutoff=0.8):
        return f"{said} Did you mean {' or '.join(close)}?"
    of_api = [p.opts[0] for p in context.command.params if isinstance(p, click.Option) and _is_of_api(p)]
    arguments = " ".join(p.make_metavar(context) for p in context.command.params if isinstance(p, click.Argument))
    if arguments:
        said += f" {arguments} is an argument: {context.command_path} {arguments}."
    if of_api:
        said += f" This command has {', '.join(of_api)}, and options of its own."
    return said if arguments or of_api else f"{said} The API takes no parameters here."


def _is_of_api(parameter: click.Parameter) -> bool:
    return (parameter.name or "").startswith(PREFIX)


class OperationCommand(click.Command):
    """The command of one operation."""

    def __init__(self, name: str, operation: Operation) -> None:
        self.operation = operation
        self._own = [_parameter(operation, parameter) for parameter in options(operation)]
        self._common = _common(operation)
        text = operation.text if operation.text.startswith(operation.summary) else operation.summary
        super().__init__(
            name,
            params=[*self._own, *self._common],
            callback=lambda **values: _run(operation, values),
            short_help=text,
        )

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what the operation does, and where that is from."""
        operation = self.operation
        texts = [f"{operation.summary}.", operation.text or operation.summary]
        if _in_windows(operation):
            texts.append(
                "A row belongs to the range if its date is not before --from and before --to. "
                "The range is requested month by month."
            )
        evidence = [f"Evidence of the operation: {operation.evidence}."]
        if operation.meaning_evidence:
            evidence.append(f"Of its meaning: {operation.meaning_evidence}.")
        if operation.path_evidence:
            evidence.append(f"Of its path: {operation.path_evidence}.")
        for text in [*texts, " ".join(evidence)]:
            formatter.write_paragraph()
            with formatter.indentation():
                formatter.write_text(text)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the parameters of the API, the columns of the answer, and the common options."""
        named = options(self.operation)
        if arguments := [(named[p].upper(), _help(p)) for p in named if p.place == "path"]:
            with formatter.section("Arguments"):
                formatter.write_dl(arguments)
        own = (parameter for parameter in self._own if isinstance(parameter, click.Option))
        records = [record for option in own if (record := option.get_help_record(ctx))]
        if records:
            with formatter.section("Parameters of the API"):
                formatter.write_dl(records)
        if columns := columns_of(self.operation):
            with formatter.section("Columns of the answer"):
                formatter.write_dl([(column.name, _column_help(column)) for column in columns])
        with formatter.section("Options"):
            formatter.write_dl([record for option in self.get_params(ctx) if (record := self._ours(ctx, option))])

    def _ours(self, ctx: click.Context, option: click.Parameter) -> tuple[str, str] | None:
        return None if option in self._own else option.get_help_record(ctx)


def _help(parameter: Parameter) -> str:
    unit = f" In {parameter.schema.unit}." if parameter.schema.unit else ""
    default = f" The API's default is {parameter.schema.default}." if parameter.schema.has_default else ""
    meaning = f"; meaning {parameter.meaning_evidence}" if parameter.meaning_evidence else ""
    return f"{parameter.text}{unit}{default}  [{parameter.name}; {parameter.evidence}{meaning}]"


def _column_help(column: Column) -> str:
    schema = column.schema
    kind = "list of objects" if column.type == "object" else schema.type if column.many else column.type
    unit = ""
    if schema.unit:
        unit = f" in {schema.unit}" + (f" ({schema.unit_evidence.level})" if schema.unit_evidence else "")
    meaning = f"; meaning {schema.meaning_evidence.level}" if schema.meaning_evidence else ""
    return f"{kind}{unit}. {schema.text}  [{schema.evidence.level or 'no evidence'}{meaning}]"


class Timestamp(click.ParamType[datetime]):
    """A date, or a date and time of ISO 8601, with an offset or without."""

    name = "timestamp"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Parse it."""
        if isinstance(value, datetime):
            return value
        # Python reads further forms, like 20210401 and 2021-W13; a typing error must not become one of them.
        if re.match(r"\d{4}-\d\d-\d\d", value):
            try:
                return datetime.fromisoformat(value)
            except ValueError as error:
                if "isoformat" not in str(error):
                    self.fail(f"{value!r} does not exist: {error}.", param, ctx)
        self.fail(f"{value!r} is no date like 2021-04-01 and no time like 2021-04-01T06:00.", param, ctx)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Return what help shows."""
        return "DATE[THH:MM]"


def _type(schema: Schema) -> click.ParamType[Any]:
    if values := schema.enum:
        return click.Choice(values, case_sensitive=len({str(value).lower() for value in values}) < len(values))
    match schema.type:
        case "integer":
            return _bounded(click.INT, click.IntRange, schema)
        case "number":
            return _bounded(click.FLOAT, click.FloatRange, schema)
        case "boolean":
            return click.BOOL
        case "string" if schema.is_timestamp:
            return Timestamp()
    return click.STRING


def _bounded(plain: Any, bounded: Any, schema: Schema) -> click.ParamType[Any]:
    bounds = schema.minimum, schema.maximum
    kind: click.ParamType[Any] = plain if bounds == (None, None) else bounded(*bounds)
    return kind


def _parameter(operation: Operation, parameter: Parameter) -> click.Parameter:
    """Make the argument or option of a parameter. That it is required is checked later: --json may bring it."""
    schema = parameter.schema
    name, option = PREFIX + parameter.python_name, options(operation)[parameter]
    if parameter.place == "path":
        return click.Argument([name], type=_type(schema), metavar=option.upper())
    many = schema.items is not None
    kind = _type(schema.items or schema)
    text = _help(parameter)
    in_json = parameter in _fields(operation)
    if parameter.required and in_json:
        text = f"{text}  [required, here or by --json]"
    if many:
        text = f"May be repeated. {text}"
    if operation.pagination is not None and parameter.name == operation.pagination.page:
        text = f"Only this page; all pages when it is not given. {text}"
    return click.Option(
        [f"--{option}/--no-{option}" if kind is click.BOOL and not many else f"--{option}", name],
        type=kind,
        default=None,
        multiple=many,
        required=parameter.required and not in_json,
        help=text,
    )


def _fields(operation: Operation) -> list[Parameter]:
    """Return the parameters that --json may bring: those in the body of an operation that writes."""
    return [] if operation.safe else [parameter for parameter in operation.parameters if parameter.place == "body"]


def _common(operation: Operation) -> list[click.Parameter]:
    """Return the options that are the command's own, those that make sense for this operation."""
    common: list[click.Parameter] = []
    if _fields(operation):
        common.append(
            click.Option(
                ["--json", "json_body"],
                type=click.File("rb"),
                metavar="FILE",
                help="Take the fields from a JSON object in this file, - for standard input. Options win.",
            )
        )
    if operation.deletes:
        common.append(click.Option(["--yes"], is_flag=True, help="Delete without asking."))
    if columns := columns_of(operation):
        common += [
            click.Option(
                ["-o", "--output"],
                type=click.Path(dir_okay=False, allow_dash=True),
                metavar="FILE",
                help="Write to this file, by default in the format that its name ends in. It is replaced when all went "
                f"well, and else left as it was.{_second_files(operation)}",
            ),
            click.Option(
                ["-f", "--format", "format_"],
                type=click.Choice(_output.FORMATS, case_sensitive=False),
                help="By default a table on a terminal, json in a pipe. In csv an apostrophe comes before text that a "
                "spreadsheet would run as a formula.",
            ),
            click.Option(
                ["-c", "--column", "columns"],
                type=click.Choice([column.name for column in columns]),
                metavar="NAME",
                multiple=True,
                help="Only this column of those above; may be repeated.",
            ),
        ]
    if operation.date_range is not None and any(column.numeric and column.schema.unit for column in columns):
        common.append(
            click.Option(
                ["--chart"],
                is_flag=False,
                flag_value=TERMINAL,
                metavar="[FILE.png]",
                help="Draw each --column of numbers, by default the first with a unit, on the terminal or into a PNG "
                "file. With -o or --format the rows are written too; where they take standard output, a chart for the "
                "terminal takes standard error.",
            )
        )
    prefix = operation.api.name.upper()
    return [
        *common,
        click.Option(["--base-url"], metavar="URL", envvar=f"{prefix}_BASE_URL", show_envvar=True, help="The API."),
        click.Option(
            ["--token"],
            envvar=f"{prefix}_TOKEN",
            show_envvar=True,
            help="The bearer token. In the environment other users of the machine do not see it.",
        ),
        click.Option(
            ["--timeout"],
            type=click.FloatRange(0, min_open=True),
            metavar="SECONDS",
            help="How long to wait for a connection, or for more of an answer.",
        ),
        click.Option(
            ["--deadline"],
            type=click.FloatRange(0, min_open=True),
            metavar="SECONDS",
            help="How long a call may take in all, with its retries, or each page or month of it.",
        ),
        click.Option(
            ["--retries"],
            type=click.IntRange(0),
            metavar="N",
            help="How often to repeat what is safe to repeat when the API fails or is busy. What it asks to repeat "
            "after more than a minute is left to you.",
        ),
    ]


def _second_files(operation: Operation) -> str:
    names = [table.name for table in tables(operation).lists]
    return f" {', '.join(names)}: as csv or parquet in a file beside it, as FILE.{names[0]}.csv." if names else ""


def _in_windows(operation: Operation) -> bool:
    """Whether an operation is read window by window: it demands a range of dates, so it is a series over time."""
    return operation.pagination is None and len(ends := _ends(operation)) == 2 and all(p.required for p in ends)


def _ends(operation: Operation) -> list[Parameter]:
    """Return the parameters for the beginning and the end of a range of dates; none without one."""
    names = operation.date_range
    return [] if names is None else [operation.parameter(names.start), operation.parameter(names.end)]


def _run(operation: Operation, values: dict[str, Any]) -> None:
    """Call the operation and write what it answers."""
    arguments = {
        parameter.python_name: list(value) if isinstance(value, tuple) else value
        for parameter in options(operation)
        if (value := values[PREFIX + parameter.python_name]) not in (None, ())
    }
    if values.get("json_body") is not None:
        arguments = {**_from_json(operation, values["json_body"]), **arguments}
    _demand(operation, arguments)
    named = {column.name: column for column in columns_of(operation)}
    columns = [named[name] for name in dict.fromkeys(values.get("columns", ()))] or None
    chart, output = values.get("chart"), values.get("output")
    if output == "" or chart == "":
        raise Refusal("the name of a file must not be empty")
    write = None
    if named and (chart is None or output is not None or values["format_"] is not None):
        write = _writer(operation, columns, values["format_"], output)
    if operation.deletes and not values["yes"]:
        _confirm(operation, arguments)
    unwritten = line(str(output)) if write is not None and _output.replaceable(output) else None
    with _client(operation, values) as client, _refusing(operation, arguments, unwritten):
        answers = _answers(client, operation, arguments)
        if chart is not None:
            from contrato.cli import _chart

            series = _chart.Series(operation, columns)
            _chart.check(chart)
            answers = series.collecting(answers)
        if write is None:
            found = sum(answer is not None for answer in answers)
        else:
            found = write(answers, getattr(client, operation.method_name))
        if chart is not None:
            # Rows and a chart in one stream would be neither.
            beside_rows = write is not None and output in (None, "-")
            series.draw(None if chart == TERMINAL else chart, sys.stderr if beside_rows else sys.stdout)
    _conclude(operation, arguments, found)


def _conclude(operation: Operation, arguments: dict[str, Any], found: int) -> None:
    """Say what an answer without rows means."""
    given = {p: option for p, option in options(operation).items() if p.python_name in arguments}
    nothing = operation.nothing and f"{operation.nothing.text.rstrip('.')} ({operation.nothing.status})"
    if operation.deletes:
        # What was never there is answered like what was: the status says that it is not there now.
        which = ", ".join(f"{option} {arguments[parameter.python_name]}" for parameter, option in given.items())
        click.echo(line(f"{which} is gone: {nothing}, or it was not there before."), err=True)
    elif not found and (operation.answer is None or not tables(operation).many or words(operation.id)[0] == "get"):
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
    names = {parameter.name: parameter.python_name for parameter in _fields(operation)}
    if not isinstance(data, dict):
        raise Refusal("--json: one JSON object is wanted")
    unknown = sorted(data.keys() - names.keys())
    if unknown:
        raise Refusal(f"--json: {', '.join(unknown)}: no such field, choose from {', '.join(names)}")
    return {names[name]: value for name, value in data.items()}


def _demand(operation: Operation, arguments: dict[str, Any]) -> None:
    context = click.get_current_context()
    for parameter in options(operation):
        if parameter.required and parameter.python_name not in arguments:
            ours = next(p for p in context.command.params if p.name == PREFIX + parameter.python_name)
            raise click.MissingParameter(ctx=context, param=ours)
    fields = _fields(operation)
    if fields and not any(parameter.python_name in arguments for parameter in fields):
        any_of = ", ".join(f"--{option}" for parameter, option in options(operation).items() if parameter in fields)
        raise Refusal(f"nothing to {words(operation.id)[0]}: pass --json or any of {any_of}")


def _asks() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _confirm(operation: Operation, arguments: dict[str, Any]) -> None:
    question = f"{operation.summary}: {', '.join(f'{name} {value}' for name, value in arguments.items())}?"
    if not _asks():
        raise Refusal(f"{question} Nobody to ask: pass --yes.")
    try:
        agreed = click.confirm(question, err=True)
    except click.Abort as error:
        # Which click raises for Ctrl-C too.
        if not isinstance(error.__context__, EOFError):
            raise
        click.echo(err=True)
        agreed = False
    if not agreed:
        raise Refusal("nothing was deleted")


def _writer(
    operation: Operation, columns: Sequence[Column] | None, format_: str | None, output: str | None
) -> Callable[[Iterator[Any], Any], int]:
    """Return what writes answers and tells how many rows they had. Refuses what cannot work before anything is sent."""
    name = _output.choose_format(format_, output)
    if name == "parquet":
        _output.require_arrow()
    chosen = [column.name for column in columns or () if column.type == "object"]
    if chosen and name != "table":
        raise Refusal(
            f"--column {chosen[0]}: it is a list of objects; without --column json and jsonl have it, and csv and "
            "parquet in a file beside -o FILE"
        )
    flat = name in ("csv", "parquet")
    # Columns that are asked for are all that is.
    lists = [table.name for table in tables(operation).lists] if flat and columns is None else []
    files = {"": output, **{name: _output.beside(output, name) for name in lists}}
    terminal = output in (None, "-") and sys.stdout.isatty()

    def write(answers: Iterator[Any], method: Any) -> int:
        with ExitStack() as stack:
            streams = {
                table: stack.enter_context(_output.destination(file))
                for table, file in files.items()
                if not table or file is not None
            }
            stream = streams[""]
            match name:
                case "table":
                    counts = {"": _output.write_table(stream, operation, answers, columns, terminal)}
                case "json":
                    counts = {"": _output.write_json(stream, operation, answers, columns, terminal)}
                case "jsonl":
                    counts = {"": _output.write_jsonl(stream, operation, answers, columns, terminal)}
                case "csv":
                    counts = _output.write_csv(streams, operation, answers, columns, terminal)
                case _:
                    counts = _output.write_parquet(streams, method, answers, columns)
        for table, count in counts.items():
            if (file := files[table]) not in (None, "-"):
                click.echo(f"{count} {'row' if count == 1 else 'rows'} in {line(str(file))}.", err=True)
        if missing := [table for table in lists if table not in streams]:
            click.echo(
                f"Left out: {', '.join(missing)}, lists of objects; -f json has them, and -o FILE.{name} puts them "
                "into a file beside it.",
                err=True,
            )
        return counts[""]

    return write


@contextmanager
def _client(operation: Operation, values: dict[str, Any]) -> Iterator[Any]:
    import importlib

    api = operation.api.name
    if not values["token"]:
        raise click.UsageError(f"No token: set {api.upper()}_TOKEN, or pass --token.", click.get_current_context())
    kind = getattr(importlib.import_module(f"contrato.{api}"), api.capitalize())
    if not hasattr(kind, operation.method_name):
        raise Refusal(f"the client of {api} has no {operation.method_name}: run make generate")
    settings = {name: values[name] for name in ("timeout", "deadline", "retries") if values[name] is not None}
    try:
        client = kind(values["token"], values["base_url"], aware=True, **settings)
    except ValueError as error:
        text = str(error).replace("token=...", "--token").replace("base_url=...", "--base-url")
        raise Refusal(text) from error
    with client:
        yield client


@contextmanager
def _refusing(operation: Operation, arguments: dict[str, Any], unwritten: str | None) -> Iterator[None]:
    from contrato.core.errors import ContratoError

    try:
        yield
    except ContratoError as error:
        refuse(error, operation, arguments, unwritten)


def _answers(client: Any, operation: Operation, arguments: dict[str, Any]) -> Iterator[Any]:
    """Yield the answers of all requests that the operation takes, with a progress bar if there are several."""
    method = getattr(client, operation.method_name)
    _in_order(operation, arguments)
    try:
        if operation.pagination is not None:
            yield from _pages(method(**arguments), operation, arguments)
        elif _in_windows(operation):
            yield from _windows(client, method, operation, arguments)
        else:
            yield method(**arguments)
    except (TypeError, ValueError) as error:
        # What the client says of an argument that it cannot send.
        text = str(error)
        for parameter, option in options(operation).items():
            if "_" in parameter.python_name:
                text = text.replace(parameter.python_name, f"--{option}")
        raise Refusal(text) from error


def _in_order(operation: Operation, arguments: dict[str, Any]) -> None:
    """Refuse a range of dates that ends before it begins: the API would only find no rows."""
    ends = _ends(operation)
    moments = [arguments.get(parameter.python_name) for parameter in ends]
    if not ends or not all(isinstance(moment, datetime) for moment in moments):
        return
    first, last = (m if m.tzinfo else m.replace(tzinfo=operation.api.time_zone) for m in moments if m is not None)
    if last < first:
        (one, other), (begin, end) = (f"--{options(operation)[p]}" for p in ends), map(_shortly, moments)
        raise Refusal(f"{other} {end} is before {one} {begin}: exchange them")


def _shortly(moment: Any) -> str:
    text: str = moment.isoformat()
    return text.removesuffix("T00:00:00")


def _pages(pager: Any, operation: Operation, arguments: dict[str, Any]) -> Iterator[Any]:
    pagination = operation.pagination
    assert pagination is not None
    assert operation.answer is not None
    if operation.parameter(pagination.page).python_name in arguments:
        yield from islice(pager.pages(), 1)
        return
    total = None if pagination.total is None else operation.answer.properties[pagination.total].python_name
    with _progress(operation.summary) as advance:
        for page in pager.pages():
            yield page
            advance(len(tables(operation).items(page)), None if total is None else getattr(page, total))


def _windows(client: Any, method: Any, operation: Operation, arguments: dict[str, Any]) -> Iterator[Any]:
    from contrato.core.errors import WindowError

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
    """Show a bar on stderr, if that is a terminal. Yields what advances it, of how much in all."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(title, total=None)
        yield lambda done, total: progress.update(task, advance=done, total=total)
