"""What the command says when something goes wrong: one line with what to do, and an exit status."""

import unicodedata
from collections.abc import Collection
from typing import TYPE_CHECKING, NoReturn

import click

if TYPE_CHECKING:
    from contrato.cli._operations import Operation

INTERRUPTED = 130
# What a shell reports of a command that the signal SIGPIPE ends.
BROKEN_PIPE = 141

EXIT_STATUSES = """\b
Exit status:
  0    done
  1    the API failed, refused the request, or broke its contract
  2    wrong usage, no such server, a token that it refuses, or nothing confirmed
  3    the API has no such record
  130  interrupted by Ctrl-C
  141  the reader of the output went away, as `head` does
verify has its own: contrato verify --help."""


class Refusal(click.ClickException):
    """Wrong usage or no such server: one line that says which, and exit status 2."""

    exit_code = 2

    def __init__(self, message: str) -> None:
        super().__init__(line(message))


class FailureError(Refusal):
    """The API failed, refused or broke its contract: exit status 1."""

    exit_code = 1


class NoSuchRecordError(Refusal):
    """The API has no such record: exit status 3."""

    exit_code = 3


def refuse(error: Exception, api: str, operation: "Operation", given: Collection[str]) -> NoReturn:
    """Turn what a client raises into a `Refusal`.

    Args:
        error: A `ContratoError`.
        api: The API that was called.
        operation: The operation that was called.
        given: The names of its arguments.

    Raises:
        Refusal: Always.

    """
    from contrato.cli._operations import sources
    from contrato.core import errors

    cause, go_on = error, ""
    if (resume := getattr(error, "resume_from", None)) is not None and isinstance(error.__cause__, Exception):
        cause, go_on = error.__cause__, f"; what comes before {resume.isoformat()} was read"
    kind: type[Refusal] = FailureError
    match cause:
        case errors.AuthenticationError():
            kind = Refusal
            todo = f"set {api.upper()}_TOKEN to a token that the API accepts, or pass --token"
        case errors.NotFoundError():
            # (What asks for nothing in particular cannot ask for what does not exist.)
            if named := [p for p in operation.parameters if p.argument in given and (p.refers_to or p.place == "path")]:
                kind = NoSuchRecordError
                lists = sorted({name for p in named for name in sources(api, p)})
                where = " or ".join(f"`contrato {api} {name}`" for name in lists) or "a list"
                todo = f"look the {named[0].option} up with {where}; if every command ends so, check --base-url"
            else:
                kind = Refusal
                todo = f"check the path of --base-url, by default {api.upper()}_BASE_URL: nothing is there"
        case errors.ValidationError() if cause.errors:
            names = {parameter.wire: parameter.option for parameter in operation.parameters}
            reasons = [f"{names.get(name, name)}: {', '.join(map(str, said))}" for name, said in cause.errors.items()]
            raise FailureError(f"the API refuses the input: {'; '.join(reasons)}") from error
        case errors.RateLimitError():
            wait = "a while" if cause.retry_after is None else f"{cause.retry_after:.0f} seconds"
            todo = f"wait {wait}, or pass a higher --retries"
        case errors.ServerError():
            todo = "try again later, or pass a higher --retries"
        case errors.ContractError():
            todo = f"contrato verify {api} finds all breaches"
        case errors.RequestTimeoutError():
            todo = "ask for less at a time, or pass a higher --timeout"
        case errors.ConnectionFailedError():
            kind = Refusal
            todo = f"check --base-url, by default {api.upper()}_BASE_URL, and that the server runs"
        case _:
            todo = f"check the input and --base-url; contrato verify {api} tells whether the server keeps the contract"
    raise kind(f"{cause}{go_on}; {todo}") from error


def line(text: str) -> str:
    """Return text on one line, without what steers a terminal: control characters, and those that turn its direction.

    Args:
        text: Words of a server, or of anybody.

    """
    return "".join(filter(is_harmless, " ".join(text.split())))


def is_harmless(character: str) -> bool:
    """Tell whether a terminal shows a character, and does not obey it (or fail to encode it)."""
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs")
