"""The `contrato` command."""

from pathlib import Path

import click

from contrato.cli import learn, overlays, verify
from contrato.cli.commands import Main
from contrato.cli.errors import EXIT_STATUSES, Refusal, needs

__all__ = ["Refusal", "main"]


@click.group(
    cls=Main,
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
    epilog=EXIT_STATUSES,
)
@click.version_option(package_name="contrato", message="%(prog)s %(version)s")
def main() -> None:
    """Work with APIs by their contract."""


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
@click.option("--overlay", type=overlays.FILE, metavar="FILE", help=overlays.HELP)
def mock(host: str, port: int, token: str, seed: int, overlay: Path | None) -> None:
    """Serve every API over invented data, each at a path of its own.

    The data is the same at every start; what clients write lasts as long as the server.
    """
    with needs("mock"):
        from contrato.mock import ListenError, serve
    overlays.use(overlay)
    try:
        serve(host, port, token, seed)
    except ListenError as error:
        raise Refusal(str(error)) from error


main.add_command(verify.verify)
main.add_command(learn.learn)


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
