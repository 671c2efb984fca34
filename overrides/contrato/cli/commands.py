"""A group of commands per API, one for each operation of its spec."""

import re
import sys
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cached_property
from io import TextIOWrapper
from typing import Any

import click

from contrato.cli import overlays
from contrato.cli.calls import asks_windows, call
from contrato.cli.errors import EXIT_STATUSES, Refusal, exit_handler, replace_closed_streams, suggest
from contrato.cli.operations import columns_of, operations, options
from contrato.cli.options import common, explain, is_of_api, of_api
from contrato.core import spec
from contrato.core.schema import plain_text
from contrato.core.spec import Operation
from contrato.core.tables import Column


class Group(click.Group):
    """A group that suggests commands for a name that none of its commands has."""

    def names(self) -> Mapping[str, list[str]]:
        """Return the names, in lower case, that a user may type for commands, and these commands."""
        raise NotImplementedError

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command by its name."""
        name, known = args[0], self.list_commands(ctx)
        if name not in known and name[:1].isalnum():
            found = [f"{ctx.command_path} {command}" for command in suggest(name, self.names())]
            hint = f"Did you mean {' or '.join(found)}?" if found else f"There are {', '.join(known)}."
            ctx.fail(f"No such command '{name}'. {hint}")
        return super().resolve_command(ctx, args)


class Main(Group):
    """The command `contrato`: a group for each API, and the commands that are added to it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the APIs and of the other commands."""
        return [*spec.APIS, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Make the group of an API, or find another command."""
        return ApiGroup(cmd_name) if cmd_name in spec.APIS else super().get_command(ctx, cmd_name)

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """Parse the arguments."""
        replace_closed_streams()
        if isinstance(sys.stdout, TextIOWrapper):
            # Its encoding may lack characters of the API.
            sys.stdout.reconfigure(errors="replace")
        with exit_handler():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that the arguments name."""
        with exit_handler():
            return super().invoke(ctx)

    def names(self) -> Mapping[str, list[str]]:
        """Return the names of commands, words of the titles of APIs, and names of the commands of APIs."""
        names = {command: [command] for command in (*spec.APIS, *self.commands)}
        for api in spec.APIS:
            for word in re.findall(r"\w+", spec.api(api).title.lower()):
                names.setdefault(word, [api])
        inner: dict[str, list[str]] = {}
        for api in spec.APIS:
            for other, commands in ApiGroup(api).names().items():
                inner.setdefault(other, []).extend(f"{api} {command}" for command in commands)
        return inner | names


class ApiGroup(Group):
    """The commands of one API; its spec is read when they are needed."""

    def __init__(self, api: str) -> None:
        text = f"Call the operations of the {api} API."
        super().__init__(api, help=text, epilog=EXIT_STATUSES, params=[overlays.option(api)])
        self.api = api

    @cached_property
    def _operations(self) -> dict[str, Operation]:
        try:
            return operations(self.api)
        except ValueError as error:
            raise Refusal(str(error)) from error

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order of the spec."""
        return list(self._operations)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Make the command of one operation."""
        operation = self._operations.get(cmd_name)
        return None if operation is None else OperationCommand(cmd_name, operation)

    def names(self) -> Mapping[str, list[str]]:
        """Return the names of the commands, and those that the spec has for their operations."""
        names: dict[str, list[str]] = {}
        for command, operation in self._operations.items():
            for other in (command, operation.id, operation.tag):
                names.setdefault(other.lower().replace(" ", "-"), []).append(command)
        return names

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; an option of a command is refused with the place for it."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            name = error.option_name
            ctx.fail(
                f"No such option '{name}'. Options come after the command: {ctx.command_path} COMMAND {name}.",
            )

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands under the tags of the spec."""
        tags: dict[str, list[tuple[str, str]]] = {}
        for name, operation in self._operations.items():
            tags.setdefault(operation.tag, []).append((name, operation.summary))
        for tag, commands in tags.items():
            with formatter.section(tag):
                formatter.write_dl(commands)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the title and the summary of the API."""
        api = spec.api(self.api)
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(plain_text(f"{api.title}. {api.summary}"))


class OperationCommand(click.Command):
    """The command of one operation."""

    def __init__(self, name: str, operation: Operation) -> None:
        self.operation = operation
        text = operation.text if operation.text.startswith(operation.summary) else operation.summary
        super().__init__(
            name,
            params=[*of_api(operation), *common(operation)],
            callback=lambda **values: call(operation, values),
            short_help=text,
        )

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; an unknown option is refused with the ones that there are."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            ctx.fail(f"No such option '{error.option_name}'. {self._hint(ctx, error.option_name)}")

    def _hint(self, ctx: click.Context, name: str) -> str:
        known = [option for parameter in self.params for option in parameter.opts if option[:2] == "--"]
        if close := get_close_matches(name, known, cutoff=0.8):
            return f"Did you mean {' or '.join(close)}?"
        hints = []
        if arguments := " ".join(p.make_metavar(ctx) for p in self.params if isinstance(p, click.Argument)):
            hints.append(f"{arguments} is an argument: {ctx.command_path} {arguments}.")
        if own := [p.opts[0] for p in self.params if isinstance(p, click.Option) and is_of_api(p)]:
            hints.append(f"This command has {', '.join(own)}, and options of its own.")
        return " ".join(hints) or "The API takes no parameters here."

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what the operation does, and its evidence."""
        operation = self.operation
        texts = [f"{operation.summary}.", operation.text or operation.summary]
        if asks_windows(operation):
            texts.append(
                "A row belongs to the range if its date is not before --from and before --to. "
                "The range is requested month by month."
            )
        evidence = [f"Evidence of the operation: {operation.evidence}."]
        if operation.meaning_evidence:
            evidence.append(f"Of its meaning: {operation.meaning_evidence}.")
        if operation.safe_evidence:
            evidence.append(f"That it only reads: {operation.safe_evidence}.")
        if operation.path_item.evidence:
            evidence.append(f"Of its path: {operation.path_item.evidence}.")
        for text in [*texts, " ".join(evidence)]:
            formatter.write_paragraph()
            with formatter.indentation():
                formatter.write_text(text)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the parameters of the API, the columns of the answer, and the common options."""
        named = options(self.operation)
        parameters = self.get_params(ctx)
        sections: dict[str, list[tuple[str, str] | None]] = {
            "Arguments": [(named[p].upper(), explain(p)) for p in named if p.positional],
            "Parameters of the API": [
                p.get_help_record(ctx) for p in parameters if is_of_api(p) and isinstance(p, click.Option)
            ],
            "Columns of the answer": [(column.name, _explain(column)) for column in columns_of(self.operation)],
            "Options": [p.get_help_record(ctx) for p in parameters if not is_of_api(p)],
        }
        for title, records in sections.items():
            if rows := [record for record in records if record]:
                with formatter.section(title):
                    formatter.write_dl(rows)


def _explain(column: Column) -> str:
    schema = column.schema
    kind = "list of objects" if column.type == "object" else schema.type if column.many else column.type
    unit = ""
    if schema.unit:
        unit = f" in {schema.unit}" + (f" ({schema.unit_evidence.level})" if schema.unit_evidence else "")
    meaning = f"; meaning {schema.meaning_evidence.level}" if schema.meaning_evidence else ""
    return f"{kind}{unit}. {schema.text}  [{schema.evidence.level or 'no evidence'}{meaning}]"
