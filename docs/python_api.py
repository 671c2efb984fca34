"""The contents of the page about the public Python API: signatures and docstrings, read without importing the code."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import griffe

from contrato.core.spec import APIS
from reference import html

ROOT = Path(__file__).resolve().parents[1]
# Modules that users import, in the order of the page.
MODULES = (
    *(f"contrato.{api}" for api in APIS),
    "contrato.core.errors",
    "contrato.core.pages",
    "contrato.frames",
    "contrato.testing",
)


@attrs.frozen
class Documented:
    """A module, class, function or property with its docstring.

    Attributes:
        id: Its path, which is its anchor.
        name: Its name, and for a function its signature.
        text: Its docstring without the sections, as HTML.
        sections: Arguments, results, errors and attributes: title, and rows of name and HTML.
        members: What is in it.

    """

    id: str
    name: str
    text: str
    sections: list[tuple[str, list[tuple[str, str]]]]
    members: list["Documented"]


def documented() -> list[Documented]:
    """Return the public modules."""
    loader = griffe.GriffeLoader(
        search_paths=[ROOT / "generated", ROOT / "overrides"], docstring_parser=griffe.Parser.google
    )
    modules = [loader.load(name) for name in MODULES]
    loader.resolve_aliases()
    return [_described(module, module.path, module.path, _public(module)) for module in modules]


def _public(module: Any) -> Iterator[Documented]:
    # An asynchronous class comes after the one that it is like.
    for name, member in sorted(module.members.items(), key=lambda it: it[0].startswith("Async")):
        # An alias of something outside of the project cannot be resolved.
        source = member.target_path if member.is_alias else member.path
        inside = source.startswith(f"{module.path}.")
        shown = inside and (not name.startswith("_") if module.exports is None else name in module.exports)
        if shown and member.kind in (griffe.Kind.CLASS, griffe.Kind.FUNCTION):
            path = f"{module.path}.{name}"
            methods = _methods(member, path) if member.is_class else ()
            yield _described(member, path, _signature(member, name), methods)


def _methods(kind: Any, path: str) -> Iterator[Documented]:
    for name, member in kind.all_members.items():
        if not name.startswith("_") and (member.is_function or "property" in member.labels):
            yield _described(member, f"{path}.{name}", _signature(member, name), ())


def _signature(member: Any, name: str) -> str:
    if not member.is_function:
        return name
    text: str = member.signature(name=name)
    return text.replace("(self, ", "(").replace("(self)", "()")


def _described(member: Any, path: str, name: str, inside: Any) -> Documented:
    text, sections = "", []
    for section in member.docstring.parsed if member.docstring else ():
        if section.kind is griffe.DocstringSectionKind.text:
            text += html(section.value)
        elif isinstance(section.value, list):
            rows = [(_label(row), str(html(row.description))) for row in section.value]
            sections.append(((section.title or section.kind.value).capitalize(), rows))
    return Documented(path, name, text, sections, list(inside))


def _label(row: Any) -> str:
    name = getattr(row, "name", "") or ""
    return str(name or row.annotation or "")
