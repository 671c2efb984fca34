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
from contrato.cli._operations import (
    Column,
    Operation,
    Parameter,
    Schema,
    argument,
    operations,
    plain_text,
    sources,
    standing,
)
from contrato.core import spec

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
        return None if operation is None else OperationCommand(self.api, cmd_name, operation)

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
        info = spec.load(self.api)["info"]
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(plain_text(f"{info['title']}. {info.get('summary', '')}"))


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

    def __init__(self, api: str, name: str, operation: Operation) -> None:
        self.api = api
        self.operation = operation
        self._own = [_parameter(operation, parameter) for parameter in operation.parameters]
        self._common = _common(api, operation)
        text = operation.description if operation.description.startswith(operation.summary) else operation.summary
        super().__init__(
            name,
            params=[*self._own, *self._common],
            callback=lambda **values: _run(api, operation, values),
            short_help=text,
        )

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what the operation does, and where that is from."""
        operation = self.operation
        texts = [f"{operation.summary}.", operation.description]
        if operation.date_range and not operation.pagination and _in_windows(operation):
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
        arguments = [parameter for parameter in self.operation.parameters if parameter.place == "path"]
        if arguments:
            with formatter.section("Arguments"):
                formatter.write_dl([(_metavar(parameter), _help(parameter)) for parameter in arguments])
        options = (parameter for parameter in self._own if isinstance(parameter, click.Option))
        records = [record for option in options if (record := option.get_help_record(ctx))]
        if records:
            with formatter.section("Parameters of the API"):
                formatter.write_dl(records)
        if self.operation.columns:
            with formatter.section("Columns of the answer"):
                formatter.write_dl([(column.name, _column_help(column)) for column in self.operation.columns])
        with formatter.section("Options"):
            formatter.write_dl([record for option in self.get_params(ctx) if (record := self._ours(ctx, option))])

    def _ours(self, ctx: click.Context, option: click.Parameter) -> tuple[str, str] | None:
        return None if option in self._own else option.get_help_record(ctx)


def _metavar(parameter: Parameter) -> str:
    return parameter.option.upper()


def _help(parameter: Parameter) -> str:
    unit = f" In {parameter.schema['x-unit']}." if "x-unit" in parameter.schema else ""
    default = f" The API's default is {parameter.schema['default']}." if "default" in parameter.schema else ""
    meaning = f"; meaning {parameter.meaning_evidence}" if parameter.meaning_evidence else ""
    return f"{parameter.description}{unit}{default}  [{parameter.wire}; {parameter.evidence}{meaning}]"


def _column_help(column: Column) -> str:
    kind = "list of objects" if column.type == "objects" else column.type
    unit = ""
    if column.unit:
        unit = f" in {column.unit}" + (f" ({standing(column.unit_evidence)})" if column.unit_evidence else "")
    meaning = f"; meaning {standing(column.meaning_evidence)}" if column.meaning_evidence else ""
    return f"{kind}{unit}. {column.description}  [{standing(column.evidence)}{meaning}]"


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
    if "enum" in schema:
        values = schema["enum"]
        return click.Choice(values, case_sensitive=len({str(value).lower() for value in values}) < len(values))
    match schema.get("type"):
        case "integer":
            return _bounded(click.INT, click.IntRange, schema)
        case "number":
            return _bounded(click.FLOAT, click.FloatRange, schema)
        case "boolean":
            return click.BOOL
        case "string" if schema.get("format", "").startswith("date-time"):
            return Timestamp()
    return click.STRING


def _bounded(plain: Any, bounded: Any, schema: Schema) -> click.ParamType[Any]:
    bounds = schema.get("minimum"), schema.get("maximum")
    kind: click.ParamType[Any] = plain if bounds == (None, None) else bounded(*bounds)
    return kind


def _parameter(operation: Operation, parameter: Parameter) -> click.Parameter:
    """Make the argument or option of a parameter. That it is required is checked later: --json may bring it."""
    schema = parameter.schema
    name = PREFIX + parameter.argument
    if parameter.place == "path":
        return click.Argument([name], type=_type(schema), metavar=_metavar(parameter))
    many = schema.get("type") == "array"
    kind = _type(_items(operation, schema) if many else schema)
    option = f"--{parameter.option}"
    if kind is click.BOOL and not many:
        option = f"{option}/--no-{parameter.option}"
    text = _help(parameter)
    if parameter.required and not operation.safe:
        text = f"{text}  [required, here or by --json]"
    if many:
        text = f"May be repeated. {text}"
    if parameter.wire == operation.pagination.get("page"):
        text = f"Only this page; all pages when it is not given. {text}"
    return click.Option(
        [option, name],
        type=kind,
        default=None,
        multiple=many,
        required=parameter.required and operation.safe,
        help=text,
    )


def _items(operation: Operation, schema: Schema) -> Schema:
    return operation.follow(schema["items"])


def _common(api: str, operation: Operation) -> list[click.Parameter]:
    """Return the options that are the command's own, those that make sense for this operation."""
    options: list[click.Parameter] = []
    if not operation.safe and operation.has_body:
        options.append(
            click.Option(
                ["--json", "json_body"],
                type=click.File("rb"),
                metavar="FILE",
                help="Take the fields from a JSON object in this file, - for standard input. Options win.",
            )
        )
    if operation.method == "delete":
        options.append(click.Option(["--yes"], is_flag=True, help="Delete without asking."))
    if operation.columns:
        names = [column.name for column in operation.columns]
        options += [
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
                type=click.Choice(names),
                metavar="NAME",
                multiple=True,
                help="Only this column of those above; may be repeated.",
            ),
        ]
    if _chartable(operation):
        options.append(
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
    prefix = api.upper()
    return [
        *options,
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
    if not operation.lists:
        return ""
    name = next(iter(operation.lists))
    return f" {', '.join(operation.lists)}: as csv or parquet in a file beside it, as FILE.{name}.csv."


def _in_windows(operation: Operation) -> bool:
    """Whether an operation is read window by window: it demands a range of dates, so it is a series over time."""
    required = {parameter.wire for parameter in operation.parameters if parameter.required}
    return not operation.pagination and {operation.date_range.get("from"), operation.date_range.get("to")} <= required


def _chartable(operation: Operation) -> bool:
    return bool(operation.date_range) and any(column.numeric and column.unit for column in operation.columns)


def _run(api: str, operation: Operation, values: dict[str, Any]) -> None:
    """Call the operation and write what it answers."""
    arguments = {
        parameter.argument: list(value) if isinstance(value, tuple) else value
        for parameter in operation.parameters
        if (value := values[PREFIX + parameter.argument]) not in (None, ())
    }
    if values.get("json_body") is not None:
        arguments = {**_from_json(operation, values["json_body"]), **arguments}
    _demand(operation, arguments)
    chosen = {name: column for column in operation.columns if (name := column.name) in values.get("columns", ())}
    columns = [chosen[name] for name in dict.fromkeys(values.get("columns", ()))] or None
    chart, output = values.get("chart"), values.get("output")
    if output == "" or chart == "":
        raise Refusal("the name of a file must not be empty")
    write = None
    if operation.columns and (chart is None or output is not None or values["format_"] is not None):
        write = _writer(operation, columns, values["format_"], output)
    if operation.method == "delete" and not values["yes"]:
        _confirm(operation, arguments)
    unwritten = line(str(output)) if write is not None and _output.replaceable(output) else None
    with _client(api, operation, values) as client, _refusing(api, operation, arguments, unwritten):
        answers = _answers(client, operation, arguments)
        if chart is not None:
            from contrato.cli import _chart

            series = _chart.Series(operation, columns, str(client.time_zone))
            _chart.check(chart)
            answers = series.collecting(answers)
        if write is None:
            found = sum(answer is not None for answer in answers)
        else:
            found = write(answers, getattr(client, operation.python_name))
        if chart is not None:
            # Rows and a chart in one stream would be neither.
            beside_rows = write is not None and output in (None, "-")
            series.draw(None if chart == TERMINAL else chart, sys.stderr if beside_rows else sys.stdout)
    _conclude(api, operation, arguments, found)


def _conclude(api: str, operation: Operation, arguments: dict[str, Any], found: int) -> None:
    """Say what an answer without rows means."""
    if operation.method == "delete":
        # What was never there is answered like what was: the status says that it is not there now.
        given = ", ".join(
            f"{p.option} {arguments[p.argument]}" for p in operation.parameters if p.argument in arguments
        )
        click.echo(line(f"{given} is gone: {operation.nothing}, or it was not there before."), err=True)
    elif not found and (not operation.steps or operation.words[0] == "get"):
        raise NoSuchRecordError(operation.nothing or "the API has no such record")
    elif not found:
        ends = [operation.date_range.get(end) for end in ("from", "to")]
        range_ = [f"--{p.option}" for p in operation.parameters if p.argument in arguments and p.wire in ends]
        hints = [f" There may be none in the range of {' and '.join(range_)}."] if range_ else []
        hints += [
            f" `contrato {api} {name}` lists what --{parameter.option} can be."
            for parameter in operation.parameters
            if parameter.argument in arguments
            for name in sources(api, parameter)
            if operations(api)[name].id != operation.id
        ]
        click.echo(f"No rows.{''.join(hints)}", err=True)


def _from_json(operation: Operation, file: Any) -> dict[str, Any]:
    try:
        data = json.load(file)
    except ValueError as error:
        raise Refusal(f"--json: {getattr(file, 'name', 'the input')} is no JSON: {error}") from error
    names = {parameter.wire: parameter.argument for parameter in operation.parameters if parameter.place == "body"}
    if not isinstance(data, dict):
        raise Refusal("--json: one JSON object is wanted")
    unknown = sorted(data.keys() - names.keys())
    if unknown:
        raise Refusal(f"--json: {', '.join(unknown)}: no such field, choose from {', '.join(names)}")
    return {names[name]: value for name, value in data.items()}


def _demand(operation: Operation, arguments: dict[str, Any]) -> None:
    context = click.get_current_context()
    for parameter in operation.parameters:
        if parameter.required and parameter.argument not in arguments:
            ours = next(p for p in context.command.params if p.name == PREFIX + parameter.argument)
            raise click.MissingParameter(ctx=context, param=ours)
    fields = [parameter for parameter in operation.parameters if parameter.place == "body"]
    if not operation.safe and fields and not any(parameter.argument in arguments for parameter in fields):
        options = ", ".join(f"--{parameter.option}" for parameter in fields)
        raise Refusal(f"nothing to {operation.words[0]}: pass --json or any of {options}")


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
    chosen = [column.name for column in columns or () if column.type == "objects"]
    if chosen and name != "table":
        raise Refusal(
            f"--column {chosen[0]}: it is a list of objects; without --column json and jsonl have it, and csv and "
            "parquet in a file beside -o FILE"
        )
    flat = name in ("csv", "parquet")
    # Columns that are asked for are all that is.
    lists = list(operation.lists) if flat and columns is None else []
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
                    zone = str(method.__self__.time_zone)
                    counts = {"": _output.write_table(stream, operation, answers, columns, zone, terminal)}
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
def _client(api: str, operation: Operation, values: dict[str, Any]) -> Iterator[Any]:
    import importlib

    if not values["token"]:
        raise click.UsageError(f"No token: set {api.upper()}_TOKEN, or pass --token.", click.get_current_context())
    kind = getattr(importlib.import_module(f"contrato.{api}"), api.capitalize())
    if not hasattr(kind, operation.python_name):
        raise Refusal(f"the client of {api} has no {operation.python_name}: run make generate")
    options = {name: values[name] for name in ("timeout", "deadline", "retries") if values[name] is not None}
    try:
        client = kind(values["token"], values["base_url"], aware=True, **options)
    except ValueError as error:
        text = str(error).replace("token=...", "--token").replace("base_url=...", "--base-url")
        raise Refusal(text) from error
    with client:
        yield client


@contextmanager
def _refusing(api: str, operation: Operation, arguments: dict[str, Any], unwritten: str | None) -> Iterator[None]:
    from contrato.core.errors import ContratoError

    try:
        yield
    except ContratoError as error:
        refuse(error, api, operation, arguments, unwritten)


def _answers(client: Any, operation: Operation, arguments: dict[str, Any]) -> Iterator[Any]:
    """Yield the answers of all requests that the operation takes, with a progress bar if there are several."""
    method = getattr(client, operation.python_name)
    _in_order(client, operation, arguments)
    try:
        if operation.pagination:
            yield from _pages(method(**arguments), operation, arguments)
        elif _in_windows(operation):
            yield from _windows(client, method, operation, arguments)
        else:
            yield method(**arguments)
    except (TypeError, ValueError) as error:
        # What the client says of an argument that it cannot send.
        text = str(error)
        for parameter in operation.parameters:
            if "_" in parameter.argument:
                text = text.replace(parameter.argument, f"--{parameter.option}")
        raise Refusal(text) from error


def _in_order(client: Any, operation: Operation, arguments: dict[str, Any]) -> None:
    """Refuse a range of dates that ends before it begins: the API would only find no rows."""
    ends = [p for key in ("from", "to") for p in operation.parameters if p.wire == operation.date_range.get(key)]
    moments = [arguments.get(parameter.argument) for parameter in ends]
    if len(ends) < 2 or not all(isinstance(moment, datetime) for moment in moments):
        return
    first, last = (m if m.tzinfo else m.replace(tzinfo=client.time_zone) for m in moments if m is not None)
    if last < first:
        (one, other), (begin, end) = (f"--{parameter.option}" for parameter in ends), map(_shortly, moments)
        raise Refusal(f"{other} {end} is before {one} {begin}: exchange them")


def _shortly(moment: Any) -> str:
    text: str = moment.isoformat()
    return text.removesuffix("T00:00:00")


def _pages(pager: Any, operation: Operation, arguments: dict[str, Any]) -> Iterator[Any]:
    pagination = operation.pagination
    if argument(pagination["page"]) in arguments:
        yield from islice(pager.pages(), 1)
        return
    with _progress(operation.summary) as advance:
        for page in pager.pages():
            yield page
            items = getattr(page, argument(pagination["items"])) if "items" in pagination else page
            total = getattr(page, argument(pagination["total"])) if "total" in pagination else None
            advance(len(items), total)


def _windows(client: Any, method: Any, operation: Operation, arguments: dict[str, Any]) -> Iterator[Any]:
    from contrato.core.errors import WindowError

    dates = (argument(operation.date_range["from"]), argument(operation.date_range["to"]))
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
