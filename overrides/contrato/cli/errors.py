"""Errors of the command: one line that says what to do, and an exit status."""

import errno
import os
import sys
import traceback
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from typing import NoReturn

import click

from contrato.cli.operations import options, sources
from contrato.core.spec import Operation
from contrato.core.texts import line

FORBIDDEN = 403
REDIRECT = 3
CRASHED = 4
INTERRUPTED = 130
# A shell reports this status of a command that the signal SIGPIPE ends.
BROKEN_PIPE = 141
# Errors of a stream that cannot be written.
UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)

EXIT_STATUSES = """\b
Exit status:
  0    done
  1    the API failed, refused the request, or broke its contract
  2    wrong usage, no such server, a token that it refuses, or nothing confirmed
  3    the API has no such record
  4    contrato itself failed, which says nothing about the API
  130  interrupted by Ctrl-C
  141  the reader of the output closed it, as `head` does
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


def replace_closed_streams() -> None:
    """Open the streams that the shell has closed, which Python sets to None, so that writing to them fails."""
    if sys.stdout is None:
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_RDONLY), "w")
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")


@contextmanager
def exit_handler() -> Iterator[None]:
    """Turn what ends the command early into one line and an exit status.

    Raises:
        Refusal: Wrong usage, or standard output cannot be written.
        click.exceptions.Exit: Ctrl-C, the reader of the output closed it, or a fault of our own.

    """
    try:
        with _own_faults():
            yield
    except click.exceptions.NoArgsIsHelpError:
        raise
    except click.UsageError as error:
        message = error.format_message()
        stop = "" if message.endswith((".", "?", "!")) else "."
        context = error.ctx or click.get_current_context()
        raise Refusal(f"{message}{stop} See {context.command_path} --help.") from error
    except (KeyboardInterrupt, click.Abort):
        # (A terminal shows ^C before it.)
        click.echo("\nInterrupted." if sys.stderr.isatty() else "Interrupted.", err=True)
        raise click.exceptions.Exit(INTERRUPTED) from None
    except BrokenPipeError:
        discard_output()
        raise click.exceptions.Exit(BROKEN_PIPE) from None
    except OSError as error:
        discard_output()
        raise Refusal(f"cannot write standard output: {error.strerror}") from error


@contextmanager
def _own_faults() -> Iterator[None]:
    """Tell a fault of our own by its place: its text may have a token, and it is no status of the API's.

    Raises:
        click.exceptions.Exit: There was one.

    """
    try:
        yield
    except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
        raise
    except Exception as error:
        # (An error of a file has its name, and those of connections have other numbers.)
        if isinstance(error, OSError) and error.filename is None and error.errno in UNWRITABLE:
            raise
        found = (
            f"{type(error).__name__} {os.strerror(error.errno) if isinstance(error, OSError) and error.errno else ''}"
        )
        click.echo("".join(traceback.format_tb(error.__traceback__)), err=True)
        click.echo(
            f"contrato itself failed, which says nothing about the API: {found.strip()}; please report it with the "
            "lines above",
            err=True,
        )
        raise click.exceptions.Exit(CRASHED) from None


def discard_output() -> None:
    """Write no more to standard output: Python flushes it at exit, which would fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def needs(extra: str) -> Iterator[None]:
    """Name the extra to install if an import fails.

    Raises:
        Refusal: A package is not installed.

    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name and error.name.split(".")[0] == "contrato":
            raise
        raise Refusal(f"{error.name} is not installed: pip install 'contrato[{extra}]'") from error


def suggest(name: str, known: Mapping[str, list[str]]) -> list[str]:
    """Return the commands that a misspelt name may stand for.

    Args:
        name: The name as typed.
        known: For each name, in lower case, the commands that it may stand for.

    """
    name = name.lower()
    close = [name] if name in known else get_close_matches(name, known, cutoff=0.65)
    return list(dict.fromkeys(command for other in close for command in known[other]))


def refuse(error: Exception, operation: Operation, given: Collection[str], unwritten: str | None) -> NoReturn:
    """Turn an error of a client into a `Refusal`.

    Args:
        error: A `ContratoError`.
        operation: The operation that was called.
        given: The Python names of its arguments.
        unwritten: A file that was to be written and was left unchanged.

    Raises:
        Refusal: Always.

    """
    # Late, because they import httpx: `--help` and completion must start fast.
    from contrato.core import errors
    from contrato.core.retry import LONGEST_WAIT

    api = operation.api.name
    base_url = f"--base-url, by default {operation.api.base_url_variable}"
    cause, progress = error, ""
    if isinstance(error, errors.WindowError) and isinstance(error.__cause__, Exception):
        cause, progress = error.__cause__, f"; what comes before {error.resume_from.isoformat()} was read"
    if unwritten is not None:
        progress = f"; nothing was written to {unwritten}"
    kind: type[Refusal] = FailureError
    match cause:
        case errors.AuthenticationError():
            kind = Refusal
            todo = f"set {operation.api.token_variable} to a token that the API accepts, or pass --token"
            if cause.status == FORBIDDEN:
                todo += "; if a gateway wants a header, pass --header"
        case errors.NotFoundError():
            # (A request that names no record cannot name a missing one.)
            passed = {p: option for p, option in options(operation).items() if p.python_name in given}
            if named := {p: option for p, option in passed.items() if p.refers_to or p.place == "path"}:
                kind = NoSuchRecordError
                lists = sorted({name for parameter in named for name in sources(parameter)})
                where = " or ".join(f"`contrato {api} {name}`" for name in lists) or "a list"
                option = next(iter(named.values()))
                todo = f"look the {option} up with {where}; if every command fails this way, check --base-url"
            else:
                kind = Refusal
                todo = f"check the path of {base_url}: nothing is there"
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
            todo = f"contrato verify {api} finds all violations"
        case errors.UndocumentedStatusError() if cause.status // 100 == REDIRECT and "Location" in cause.headers:
            kind = Refusal
            todo = f"if the API has moved there, change {base_url}"
        case errors.CertificateError():
            kind = Refusal
            todo = "pass the authority that signed it with --ca-bundle, or accept any certificate with --insecure"
        case errors.RequestTimeoutError():
            todo = "ask for less at a time, or pass a higher --timeout or --deadline"
        case errors.ConnectionFailedError():
            kind = Refusal
            todo = f"check {base_url}, and that the server runs"
        case _:
            todo = f"check the input and --base-url; contrato verify {api} shows if the server keeps the contract"
    raise kind(f"{cause}{progress}; {todo}") from error
