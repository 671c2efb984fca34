"""Names that the command gives to operations and parameters of a spec, and the columns of an operation."""

import functools
from collections.abc import Sequence

from contrato.core import spec
from contrato.core.names import python_name
from contrato.core.spec import Operation, Parameter
from contrato.core.tables import Column, Tables, tables

# Verbs that only read: their command is the noun alone.
READING = ("get", "list", "query")
# Names of the options that every command may have, and no parameter.
COMMON = (
    "base-url", "ca-bundle", "client-cert", "column", "deadline", "format", "header", "help", "insecure", "json",
    "output", "proxy", "retries", "timeout", "token", "yes",
)  # fmt: skip


def operations(api: str) -> dict[str, Operation]:
    """Return the operations of an API by the names of their commands, in the order of the spec."""
    found = list(spec.api(api).operations.values())
    return dict(zip(unique([_commands(operation) for operation in found]), found, strict=True))


def _commands(operation: Operation) -> list[str]:
    """Return names for a command, the best one first: `listBills` is `bills`, `createBill` is `create-bill`."""
    verb, *noun = words(operation.id)
    full = "-".join([verb, *noun])
    if not noun or singular("_".join(noun)) == singular(operation.api.name):
        return [verb, full]
    return ["-".join(noun), full] if verb in READING else [full]


@functools.cache
def options(operation: Operation) -> dict[Parameter, str]:
    """Return the option of each parameter, without the dashes; of a positional one the name of the argument.

    Positional ones come first, then what the API demands, then the rest, each group in the order of the spec.
    """
    found = sorted(operation.parameters, key=lambda parameter: (not parameter.positional, not parameter.required))
    return dict(zip(found, unique([_options(operation, parameter) for parameter in found]), strict=True))


def _options(operation: Operation, parameter: Parameter) -> list[str]:
    """Return names for an option, the best one first."""
    short = words(parameter.known_name or parameter.python_name)
    full = "-".join(short)
    if parameter.positional:
        return [full]
    if operation.pagination is not None:
        if parameter.known_name == operation.pagination.page:
            return ["page", full]
        if parameter.known_name == operation.pagination.limit:
            return ["limit", full]
    if len(short) > 1:
        short = short[1:] if short[0] == "id" else short[:-1] if short[-1] == "id" else short
    if parameter.schema.items is not None:
        short[-1] = singular(short[-1])
    names = [name for name in ("-".join(short), full) if name not in COMMON]
    return [*names, f"{full}-value"]


def sources(parameter: Parameter) -> list[str]:
    """Return the commands that list the values that a parameter can have; empty if the spec names none."""
    ids = {reference.operation for reference in parameter.refers_to}
    return [name for name, operation in operations(parameter.api.name).items() if operation.id in ids]


def unique(candidates: Sequence[Sequence[str]]) -> list[str]:
    """Choose for each thing the first of its names that no other thing chooses.

    Raises:
        ValueError: Two things have no names but the same.

    """
    chosen = [0] * len(candidates)
    while True:
        names = [names[index] for names, index in zip(candidates, chosen, strict=True)]
        taken = [index for index, name in enumerate(names) if names.count(name) > 1]
        if not taken:
            return names
        movable = [index for index in taken if chosen[index] + 1 < len(candidates[index])]
        if not movable:
            raise ValueError(f"the spec gives two things the name {names[taken[0]]!r}")
        for index in movable:
            chosen[index] += 1


def words(wire: str) -> list[str]:
    """Return the words of a name of a spec, in lower case: of an operation a verb, then a noun."""
    return python_name(wire, reserved=set()).split("_")


def singular(word: str) -> str:
    """Return an English word without its plural `s`."""
    return word.removesuffix("s")


@functools.cache
def table_of(operation: Operation) -> Tables | None:
    """Return the tables of an answer; None without one, and for an answer that is written as it is."""
    try:
        return None if operation.answer is None else tables(operation)
    except (TypeError, ValueError):
        return None


def columns_of(operation: Operation) -> tuple[Column, ...]:
    """Return the columns of an operation's rows; none when it answers with no table."""
    found = table_of(operation)
    return () if found is None else found.columns


def has_answer(operation: Operation) -> bool:
    """True if a success has a body."""
    return operation.method != "HEAD" and any(r.promised and r.media_type for r in operation.responses.values())
