"""OpenAPI Overlays (1.1): changes to a spec that `contrato learn` writes, applied without generating anything anew.

A file may be JSON, which is YAML as well, so that reading one needs no further library.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from contrato.core.texts import is_harmless

_STEP = re.compile(
    r"""
    \.(?P<word>[A-Za-z_][\w-]*)
    | \['(?P<quoted>(?:[^'\\]|\\.)*)'\]
    | \[(?P<index>\d+)\]
    | \[\?\(?@\.(?P<key>\w+)\s*==\s*'(?P<value>(?:[^'\\]|\\.)*)'\)?\]
    """,
    re.VERBOSE,
)

API = "x-api"
"""Key of an overlay with the name of the API that it is for."""

Place = tuple[Any, Any]
"""A container, and the key or index of a value in it."""


def target(*steps: str) -> str:
    """Return the JSONPath of a value below these keys of objects."""
    return "$" + "".join(
        f".{step}" if re.fullmatch(r"[A-Za-z_]\w*", step) else "['{}']".format(re.sub(r"([\\'])", r"\\\1", step))
        for step in steps
    )


def find(document: Any, path: str) -> list[Place]:
    """Return the places of the values that a JSONPath selects: names, indices and `[?(@.name=='x')]`.

    Raises:
        ValueError: The path has other steps.

    """
    if not path.startswith("$"):
        raise ValueError(f"{path!r} is no JSONPath: it begins with $")
    found: list[Place] = [({"$": document}, "$")]
    at = 1
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None:
            raise ValueError(f"{path!r}: only names, numbers and [?(@.name=='x')] are understood, not {path[at:]!r}")
        at = step.end()
        inner = [container[key] for container, key in found]
        if step["key"] is not None:
            wanted = _plain(step["value"])
            found = [
                (node, n)
                for node in inner
                if isinstance(node, list)
                for n, item in enumerate(node)
                if isinstance(item, Mapping) and item.get(step["key"]) == wanted
            ]
        elif step["index"] is not None:
            index = int(step["index"])
            found = [(node, index) for node in inner if isinstance(node, list) and index < len(node)]
        else:
            name = step["word"] if step["word"] is not None else _plain(step["quoted"])
            found = [(node, name) for node in inner if isinstance(node, Mapping) and name in node]
    return found


def _plain(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def apply(document: Any, overlay: Mapping[str, Any], clone: Callable[[Any], Any] = copy.deepcopy) -> None:
    """Apply an overlay to a document in place; a document with comments keeps them.

    Args:
        document: An OpenAPI document of dictionaries and lists.
        overlay: The overlay.
        clone: Copies what the overlay adds.

    Raises:
        ValueError: The overlay is none, or has a target that the document has not.

    """
    actions = overlay.get("actions") if isinstance(overlay, Mapping) else None
    if not isinstance(actions, list) or not str(overlay.get("overlay", "")).startswith("1."):
        raise ValueError("no OpenAPI Overlay: it has no `overlay: 1.1.0` and no list of actions")
    for number, action in enumerate(actions, 1):
        if not isinstance(action, Mapping) or not isinstance(action.get("target"), str):
            raise ValueError(f"action {number} has no target")
        places = find(document, action["target"])
        if not places:
            raise ValueError(
                f"action {number}: no {action['target']} in the spec; was the overlay made for another one?"
            )
        for container, key in reversed(places):
            if action.get("remove") is True:
                del container[key]
            elif "copy" in action:
                sources = find(document, action["copy"])
                if len(sources) != 1:
                    raise ValueError(f"action {number}: the spec has no single {action['copy']}")
                source, name = sources[0]
                _merge(container, key, clone(source[name]))
            else:
                _merge(container, key, clone(action.get("update")))


def _merge(container: Any, key: Any, update: Any) -> None:
    old = container[key]
    # An empty object is replaced: what is copied may have comments.
    if isinstance(old, Mapping) and old and isinstance(update, Mapping):
        for name, value in update.items():
            if name in old:
                _merge(old, name, value)
            else:
                old[name] = value  # type: ignore[index]
    elif isinstance(old, list):
        old.extend(update if isinstance(update, list) else [update])
    else:
        container[key] = update


def load(path: str | Path) -> dict[str, Any]:
    """Read the file of an overlay.

    Raises:
        ValueError: It cannot be read, is no JSON, or has characters that control a terminal.

    """
    try:
        found = json.loads(Path(path).read_text("utf-8-sig"))
    except OSError as error:
        raise ValueError(f"cannot read the overlay {path}: {error.strerror}") from error
    except (RecursionError, ValueError) as error:
        raise ValueError(f"the overlay {path} is not JSON, in which contrato learn writes it: {error}") from error
    if not isinstance(found, dict):
        raise ValueError(f"{path} is no OpenAPI Overlay")
    if not all(c in "\n\t" or is_harmless(c) for text in _texts(found) for c in text):
        raise ValueError(f"the overlay {path} has characters that control a terminal: remove them")
    return found


def _texts(node: Any) -> Iterator[str]:
    """Yield all names and texts of a document."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, list):
        yield from (text for item in node for text in _texts(item))
    elif isinstance(node, dict):
        yield from (text for pair in node.items() for item in pair for text in _texts(item))
