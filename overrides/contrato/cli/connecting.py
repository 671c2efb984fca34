"""Options that say how a server is reached, of every command that sends requests."""

from collections.abc import Iterator
from typing import Any

import click

from contrato.core.spec import Api

NAMES = ("headers", "ca_bundle", "client_cert", "insecure", "proxy", "timeout")
"""Names of the parameters, as `contrato.core.connection.Connection` has them."""


def options(api: Api | None = None) -> Iterator[tuple[list[str], dict[str, Any]]]:
    """Yield names and settings of the options; those of a command of one API name the variables that say the same."""

    def variable(setting: str, how: str = "") -> str:
        # Not by click, which would read them by rules of its own: `Connection` reads them for everybody alike.
        return "" if api is None else f"  [env var: {api.variable(setting)}{how}]"

    yield (
        ["--header", "headers"],
        {
            "multiple": True,
            "metavar": "'NAME: VALUE'",
            "help": "Send this header with every request; may be repeated. 'X-Api-Key: $GATEWAY_KEY' takes the value "
            "from the environment variable GATEWAY_KEY: other users of the machine see options. $$ is a dollar sign."
            f"{variable('headers', ', one header a line')}",
        },
    )
    yield (
        ["--ca-bundle"],
        {
            "metavar": "PATH",
            "help": f"File or directory with the certificates to trust.{variable('ca_bundle')}",
        },
    )
    yield (
        ["--client-cert"],
        {
            "metavar": "FILE",
            "help": f"PEM file with a certificate for the server and its key.{variable('client_cert')}",
        },
    )
    yield (
        ["--insecure"],
        {
            "is_flag": True,
            "default": None,
            "help": f"Accept any certificate: whoever is in between can read the token.{variable('insecure')}",
        },
    )
    yield (
        ["--proxy"],
        {
            "metavar": "URL",
            "help": "Send requests through this proxy; empty for none. By default that of HTTPS_PROXY and the like."
            f"{variable('proxy')}",
        },
    )
    yield (
        ["--timeout"],
        {
            "type": click.FloatRange(0, min_open=True),
            "metavar": "SECONDS",
            "help": "Longest wait for a connection, or for more of a response."
            f"{variable('timeout') or '  [default: 10]'}",
        },
    )
