"""Arguments and options of the commands of an API, as click parameters."""

import json
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import click

from contrato.cli import connecting
from contrato.cli.operations import columns_of, has_answer, options, table_of
from contrato.cli.output import FORMATS
from contrato.core.schema import Schema
from contrato.core.spec import Operation, Parameter

# Begins the names of click's parameters that are the API's, so that they differ from our own.
PREFIX = "api_"


class Json(click.ParamType[Any]):
    """An object or an array as JSON; text that is no JSON where text may be."""

    name = "json"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the value of a text; the client checks it."""
        try:
            return json.loads(value) if isinstance(value, str) else value
        except ValueError:
            return value


class Timestamp(click.ParamType[datetime]):
    """A date, or a date and time of ISO 8601, with an offset or without."""

    name = "timestamp"
    # Python reads further forms, like 20210401 and 2021-W13; a typing error must not become one of them.
    form = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d(:\d\d(:\d\d([.,]\d+)?)?)?(Z|[+-]\d\d(:?\d\d)?)?)?")

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Parse it."""
        if isinstance(value, datetime):
            return value
        if not self.form.fullmatch(value):
            self.fail(f"{value!r} is no date like 2021-04-01 and no time like 2021-04-01T06:00.", param, ctx)
        try:
            return datetime.fromisoformat(value)
        except ValueError as error:
            self.fail(f"{value!r} does not exist: {error}.", param, ctx)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Return what help shows."""
        return "DATE[THH:MM]"


def of_api(operation: Operation) -> list[click.Parameter]:
    """Return the arguments and options that are parameters of the API."""
    return [_parameter(operation, parameter) for parameter in options(operation)]


def is_of_api(parameter: click.Parameter) -> bool:
    """True if a click parameter is one of the API's."""
    return (parameter.name or "").startswith(PREFIX)


def body_fields(operation: Operation) -> list[Parameter]:
    """Return the parameters that --json may bring: those in the body of an operation that writes."""
    return [] if operation.safe else [parameter for parameter in operation.parameters if parameter.place == "body"]


def explain(parameter: Parameter) -> str:
    """Return the help of a parameter of the API."""
    unit = f" In {parameter.schema.unit}." if parameter.schema.unit else ""
    default = f" The API's default is {parameter.schema.default}." if parameter.schema.has_default else ""
    meaning = f"; meaning {parameter.meaning_evidence}" if parameter.meaning_evidence else ""
    return f"{parameter.text}{unit}{default}  [{parameter.name}; {parameter.evidence}{meaning}]"


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
        case "string" if schema.format == "binary":
            return click.File("rb")
        case "object" | "array" | "any":
            return Json()
    return click.STRING


def _bounded(plain: Any, bounded: Any, schema: Schema) -> click.ParamType[Any]:
    bounds = schema.minimum, schema.maximum
    kind: click.ParamType[Any] = plain if bounds == (None, None) else bounded(*bounds)
    return kind


def _parameter(operation: Operation, parameter: Parameter) -> click.Parameter:
    """Make the argument or option of a parameter. A required one may come from --json, so that is checked later."""
    schema = parameter.schema
    name, option = PREFIX + parameter.python_name, options(operation)[parameter]
    if parameter.positional:
        return click.Argument([name], type=_type(schema), metavar=option.upper())
    many = schema.items is not None
    kind = _type(schema.items or schema)
    text = explain(parameter)
    in_json = parameter in body_fields(operation)
    if parameter.required and in_json:
        text = f"{text}  [required, here or by --json]"
    if many:
        text = f"May be repeated. {text}"
    if operation.pagination is not None and parameter.known_name == operation.pagination.page:
        text = f"Only this page; without it all pages. {text}"
    if operation.pagination is not None and parameter.known_name == operation.pagination.limit:
        text = f"The size of a page, not of the answer: all pages are read. {text}"
    return click.Option(
        [f"--{option}/--no-{option}" if kind is click.BOOL and not many else f"--{option}", name],
        type=kind,
        default=None,
        multiple=many,
        required=parameter.required and not in_json,
        help=text,
    )


def common(operation: Operation) -> Sequence[click.Parameter]:
    """Return the command's own options that make sense for this operation."""
    found: list[click.Parameter] = []
    if body_fields(operation):
        found.append(
            click.Option(
                ["--json", "json_body"],
                type=click.File("rb"),
                metavar="FILE",
                help="Take the fields from a JSON object in this file, - for standard input. Options win.",
            )
        )
    if operation.deletes:
        found.append(click.Option(["--yes"], is_flag=True, help="Delete without confirmation."))
    columns = columns_of(operation)
    if has_answer(operation):
        by_name = ", by default in the format that its name ends in" if columns else ""
        text = f"Write to this file{by_name}. It is replaced only if everything succeeds.{_second_files(operation)}"
        found.append(
            click.Option(
                ["-o", "--output"],
                type=click.Path(dir_okay=False, allow_dash=True),
                metavar="FILE",
                help=text,
            )
        )
    if columns:
        found += [
            click.Option(
                ["-f", "--format", "format_"],
                type=click.Choice(FORMATS, case_sensitive=False),
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
    api = operation.api
    return [
        *found,
        click.Option(
            ["--base-url"], metavar="URL", envvar=api.base_url_variable, show_envvar=True, help="URL of the API."
        ),
        click.Option(
            ["--token"],
            envvar=api.token_variable,
            show_envvar=True,
            help=f"The {api.token_kind}. Other users of the machine see options, but not the environment.",
        ),
        *(click.Option(names, **settings) for names, settings in connecting.options(api)),
        click.Option(
            ["--deadline"],
            type=click.FloatRange(0, min_open=True),
            metavar="SECONDS",
            help="Longest time for a call with its retries, or for each page or month of it.",
        ),
        click.Option(
            ["--retries"],
            type=click.IntRange(0),
            metavar="N",
            help="Number of retries when the API fails or is busy. Writes are not retried, and if the API asks for a "
            "wait of more than a minute, the command fails immediately.",
        ),
    ]


def _second_files(operation: Operation) -> str:
    found = table_of(operation)
    names = [] if found is None else [table.name for table in found.lists]
    return f" {', '.join(names)}: as csv or parquet in a file beside it, as FILE.{names[0]}.csv." if names else ""
