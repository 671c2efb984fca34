"""What the command says when something goes wrong: one line with what to do, and an exit status."""

import errno
import os
import sys
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from typing import TYPE_CHECKING, NoReturn

import click

if TYPE_CHECKING:
    from contrato.core.spec import Operation

INTERRUPTED = 130
# What a shell reports of a command that the signal SIGPIPE ends.
BROKEN_PIPE = 141
# What keeps a stream from being written.
UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)

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


def stand_in() -> None:
    """Give streams that the shell has closed, which Python lets be None, a file: output fails when it is written."""
    if sys.stdout is None:
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_RDONLY), "w")
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")


@contextmanager
def ending() -> Iterator[None]:
    """Say in one line what ends the command before it is done, and with what status.

    Raises:
        Refusal: Wrong usage, or standard output cannot be written.
        click.exceptions.Exit: Ctrl-C, or the reader of the output went away.

    """
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise
    except click.UsageError as error:
        from contrato.cli._api import ApiGroup, OperationCommand, no_such_option

        said = error.format_message()
        context = error.ctx or click.get_current_context()
        if isinstance(error, click.NoSuchOption) and isinstance(context.command, ApiGroup | OperationCommand):
            said = no_such_option(error.option_name, context)
        stop = "" if said.endswith((".", "?", "!")) else "."
        raise Refusal(f"{said}{stop} See {context.command_path} --help.") from error
    except (KeyboardInterrupt, click.Abort):
        # (A terminal shows ^C before it.)
        click.echo("\nInterrupted." if sys.stderr.isatty() else "Interrupted.", err=True)
        raise click.exceptions.Exit(INTERRUPTED) from None
    except BrokenPipeError:
        _give_up_output()
        raise click.exceptions.Exit(BROKEN_PIPE) from None
    except OSError as error:
        # (An error of a file has its name, and those of connections are others.)
        if error.filename is not None or error.errno not in UNWRITABLE:
            raise
        _give_up_output()
        raise Refusal(f"cannot write standard output: {os.strerror(error.errno)}") from error


def _give_up_output() -> None:
    # Python would flush standard output once more at its end, and complain.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def meant(name: str, known: Mapping[str, list[str]]) -> list[str]:
    """Return the commands that somebody may have meant.

    Args:
        name: What was typed.
        known: For each name, in lower case, the commands that it may stand for.

    """
    name = name.lower()
    close = [name] if name in known else get_close_matches(name, known, cutoff=0.65)
    return list(dict.fromkeys(command for other in close for command in known[other]))


def refuse(error: Exception, operation: "Operation", given: Collection[str], unwritten: str | None) -> NoReturn:
    """Turn what a client raises into a `Refusal`.

    Args:
        error: A `ContratoError`.
        operation: The operation that was called.
        given: The names of its arguments in Python.
        unwritten: A file that was to be written, and was left as it was.

    Raises:
        Refusal: Always.

    """
    from contrato.cli._operations import options, sources
    from contrato.core import errors
    from contrato.core.retry import LONGEST_WAIT

    api = operation.api.name
    cause, go_on = error, ""
    if (resume := getattr(error, "resume_from", None)) is not None and isinstance(error.__cause__, Exception):
        cause, go_on = error.__cause__, f"; what comes before {resume.isoformat()} was read"
    if unwritten is not None:
        go_on = f"; nothing was written to {unwritten}"
    kind: type[Refusal] = FailureError
    match cause:
        case errors.AuthenticationError():
            kind = Refusal
            todo = f"set {api.upper()}_TOKEN to a token that the API accepts, or pass --token"
        case errors.NotFoundError():
            # (What asks for nothing in particular cannot ask for what does not exist.)
            passed = {p: option for p, option in options(operation).items() if p.python_name in given}
            if named := {p: option for p, option in passed.items() if p.refers_to or p.place == "path"}:
                kind = NoSuchRecordError
                lists = sorted({name for parameter in named for name in sources(parameter)})
                where = " or ".join(f"`contrato {api} {name}`" for name in lists) or "a list"
                option = next(iter(named.values()))
                todo = f"look the {option} up with {where}; if every command ends so, check --base-url"
            else:
                kind = Refusal
                todo = f"check the path of --base-url, by default {api.upper()}_BASE_URL: nothing is there"
        case errors.ValidationError() if cause.errors:
            names = {parameter.name: option for parameter, option in options(operation).items()}
            reasons = [f"{names.get(name, name)}: {', '.join(map(str, said))}" for name, said in cause.errors.items()]
            raise FailureError(f"the API refuses the input: {'; '.join(reasons)}") from error
        case errors.RateLimitError():
            wait = cause.retry_after
            todo = f"wait {'a while' if wait is None else f'{wait:.0f} seconds'}"
            if wait is None or wait <= LONGEST_WAIT:
                todo += ", or pass a higher --retries"
        case errors.ServerError():
            todo = "try again later, or pass a higher --retries"
        case errors.ContractError():
            todo = f"contrato verify {api} finds all breaches"
        case errors.RequestTimeoutError():
            todo = (
                f"ask for less at a time, or pass a higher --{'deadline' if 'deadline' in cause.reason else 'timeout'}"
            )
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
