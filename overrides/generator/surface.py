"""Changes of a generated client: those that griffe finds, and those of types."""

import ast
import re
from collections.abc import Iterator

import griffe

from generator.verdict import PYTHON, Breakage


def in_python(old: griffe.Module, new: griffe.Module) -> Iterator[Breakage]:
    """Yield all that a program with the old client misses in the new one."""
    for module in ("client", "models"):
        for found in griffe.find_breaking_changes(old[module], new[module]):
            name = found.obj.path.removeprefix(f"{new.name}.{module}.")
            # Both clients come from one template.
            if name.startswith("Async"):
                continue
            if isinstance(changed := found.old_value or found.new_value, griffe.Parameter):
                name = f"{name}({changed.name})"
            hints = heirs(old, new).get(name, []) if found.kind is griffe.BreakageKind.OBJECT_REMOVED else []
            what = "".join([found.kind.value, *(f"; {hint} has the same attributes" for hint in hints)])
            yield Breakage(PYTHON, name, what)
    # griffe compares no annotations yet.
    before, after = surfaces(old, new)
    for name in before.keys() & after.keys():
        was, now = before[name], after[name]
        # Arguments may become wider.
        wide, narrow = (now, was) if name.endswith(")") else (was, now)
        if not covers(wide, narrow):
            yield Breakage(PYTHON, name, f"Type was {was}, is {now}")


def additions(old: griffe.Module, new: griffe.Module, broken: set[str]) -> Iterator[str]:
    """Yield all that programs can read or pass and could not before.

    Args:
        old: The old client.
        new: The new client.
        broken: Names that are reported as broken.

    """
    # Redocly calls it a patch if a request may say more than before.
    before, after = surfaces(old, new)
    owners = {name.rpartition("(" if name.endswith(")") else ".")[0] for name in before}
    for name in sorted(after.keys() - broken):
        owner = name.rpartition("(" if name.endswith(")") else ".")[0]
        if owner in owners and before.get(name) != after[name]:
            yield f"{name}: {after[name]}"


def heirs(old: griffe.Module, new: griffe.Module) -> dict[str, list[str]]:
    """Return the models that are gone, each with the new ones that have the same attributes."""
    was, now = (package["models"].classes for package in (old, new))
    return {
        gone: [name for name in sorted(now.keys() - was.keys()) if now[name].members.keys() == was[gone].members.keys()]
        for gone in was.keys() - now.keys()
    }


def surfaces(old: griffe.Module, new: griffe.Module) -> tuple[dict[str, str], dict[str, str]]:
    """Return the surface of both. A renamed model has its new name in both: the renaming is reported once."""
    renamed = {gone: names[0] for gone, names in heirs(old, new).items() if len(names) == 1}

    def current(text: str) -> str:
        return re.sub(r"'[^']*'|\w+", lambda word: renamed.get(word[0], word[0]), text)

    return {current(name): current(type_) for name, type_ in surface(old).items()}, surface(new)


def surface(package: griffe.Module) -> dict[str, str]:
    """Return types by name: of models' attributes, of methods' results, and of arguments, whose names end in `)`.

    The type of an optional argument lacks that of its default: griffe compares which arguments are optional.
    """
    found = {}
    for class_ in [*package["client"].classes.values(), *package["models"].classes.values()]:
        for name, member in class_.members.items():
            if isinstance(member, griffe.Attribute) and member.annotation is not None:
                found[f"{class_.name}.{name}"] = str(member.annotation)
            elif isinstance(member, griffe.Function) and not class_.name.startswith("Async"):
                found[f"{class_.name}.{name}"] = str(member.returns)
                for argument in member.parameters:
                    left_out = {"None": " | None", "UNSET": " | Unset"}.get(str(argument.default), "")
                    found[f"{class_.name}.{name}({argument.name})"] = str(argument.annotation).removesuffix(left_out)
    return found


def covers(wide: str, narrow: str) -> bool:
    """Return True if each value of the annotation `narrow` obviously is one of the annotation `wide`."""
    types = members(ast.parse(wide, mode="eval").body)
    # An int passes for a float, and a literal for a str.
    return all(
        member in types or (member == "int" and "float" in types) or (member[0] in "'\"" and "str" in types)
        for member in members(ast.parse(narrow, mode="eval").body)
    )


def members(annotation: ast.expr) -> set[str]:
    """Return the members of a union, and those of a `Literal`."""
    match annotation:
        case ast.BinOp(left, ast.BitOr(), right):
            return members(left) | members(right)
        case ast.Subscript(ast.Name("Literal"), ast.Tuple(values)):
            return {ast.unparse(value) for value in values}
        case ast.Subscript(ast.Name("Literal"), value):
            return {ast.unparse(value)}
    return {ast.unparse(annotation)}
