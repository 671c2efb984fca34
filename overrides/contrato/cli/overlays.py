"""`--overlay`: an API as `contrato learn` found it, for one command."""

import os
from pathlib import Path

import click

from contrato.cli.errors import Refusal
from contrato.core import overlay, spec
from contrato.core.names import variable
from contrato.core.texts import line

FILE = click.Path(dir_okay=False, path_type=Path)
HELP = "Use the paths, methods and arguments of this overlay, which contrato learn wrote."


def use(file: Path | None, api: str | None = None) -> None:
    """Use an overlay in this process, for the API that it names if none is given, or check that of the environment."""
    try:
        if file is None:
            for name in (api,) if api else spec.APIS:
                spec.api(name)
            return
        name = api or str(overlay.load(file).get(overlay.API, ""))
        if name not in spec.APIS:
            raise Refusal(f"{file} names no API in {overlay.API}: {' or '.join(spec.APIS)}")
        os.environ[variable(name, "overlay")] = str(file)
        spec.api(name)
    except ValueError as error:
        raise Refusal(line(str(error))) from error


def option(api: str) -> click.Option:
    """Return the option of a group of commands."""
    return click.Option(
        ["--overlay"],
        type=FILE,
        metavar="FILE",
        help=f"{HELP} By default {variable(api, 'overlay')}.",
        expose_value=False,
        callback=lambda ctx, parameter, value: use(value, api),
    )
