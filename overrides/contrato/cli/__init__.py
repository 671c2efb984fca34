"""The `contrato` command."""

import re
from typing import Any

import click

from contrato.cli._errors import EXIT_STATUSES, Refusal, ending, meant, stand_in
from contrato.cli._verify import needs, verify
from contrato.core import spec

__all__ = ["Refusal", "main"]


class _Main(click.Group):
    """The groups of the APIs are made when they are asked for: they need the specs, and this does not."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*spec.APIS, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in spec.APIS:
            return super().get_command(ctx, cmd_name)
        from contrato.cli._api import ApiGroup

        return ApiGroup(cmd_name)

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        stand_in()
        with ending():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        with ending():
            return super().invoke(ctx)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; of a name that none has, say which ones are like it, of the APIs too."""
        name = args[0]
        if name not in self.list_commands(ctx) and name[:1].isalnum():
            found = [f"{ctx.command_path} {command}" for command in meant(name, self._names(ctx))]
            hint = (
                f"Did you mean {' or '.join(found)}?" if found else f"There are {', '.join(self.list_commands(ctx))}."
            )
            ctx.fail(f"No such command '{name}'. {hint}")
        return super().resolve_command(ctx, args)

    def _names(self, ctx: click.Context) -> dict[str, list[str]]:
        """Return what somebody may type for a command: its name, a word of an API's title, a command of an API."""
        from contrato.cli._api import ApiGroup

        names = {command: [command] for command in self.list_commands(ctx)}
        for api in spec.APIS:
            for word in re.findall(r"\w+", spec.api(api).title.lower()):
                names.setdefault(word, [api])
        inner: dict[str, list[str]] = {}
        for api in spec.APIS:
            for other, commands in ApiGroup(api).names().items():
                inner.setdefault(other, []).extend(f"{api} {command}" for command in commands)
        return inner | names


@click.group(
    cls=_Main,
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
    epilog=EXIT_STATUSES,
)
@click.version_option(package_name="contrato", message="%(prog)s %(version)s")
def main() -> None:
    """Work with the NEU and apportionments APIs by their contract."""


@main.command()
@click.option("--host", default="127.0.0.1", help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, help="TCP port; 0 takes a free one.")
@click.option(
    "--token",
    default="demo",
    envvar="CONTRATO_MOCK_TOKEN",
    show_envvar=True,
    help="The bearer token that clients must send.",
)
@click.option("--seed", type=int, default=1, help="Another seed makes other ids, names and amounts.")
def mock(host: str, port: int, token: str, seed: int) -> None:
    """Serve both APIs over invented data, NEU at /neu and apportionments at /.

    The data is the same at every start; what clients write lasts as long as the server.
    """
    with needs("mock"):
        from contrato.mock import ListenError, serve
    try:
        serve(host, port, token, seed)
    except ListenError as error:
        raise Refusal(str(error)) from error


main.add_command(verify)


@main.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print a script that completes commands, options and values in a shell.

    \b
    bash: add to ~/.bashrc            eval "$(contrato completion bash)"
    zsh:  add to ~/.zshrc             eval "$(contrato completion zsh)"
    fish: contrato completion fish > ~/.config/fish/completions/contrato.fish
    """  # noqa: D301
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(main, {}, "contrato", "_CONTRATO_COMPLETE").source())
