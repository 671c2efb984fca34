"""How texts compare, where no source says how, and how a report shows them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

from contrato.core.texts import without_commands


def folded(text: str) -> str:
    """A text without capitals and accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if unicodedata.category(c) != "Mn")


def collations() -> tuple[Callable[[str], Any], ...]:
    """The orders of texts that a server may have, each as the key of a sort."""
    plain = (str, str.casefold, folded)
    natural = (lambda text, fold=fold: _natural(fold(text)) for fold in plain)
    return (*plain, letters, lambda text: folded(text).strip().split(), *natural)


def letters(text: str) -> list[str]:
    """The letters and digits of a text, folded."""
    return [c for c in folded(text) if c.isalnum()]


def _natural(text: str) -> list[tuple[int, int, str]]:
    parts = re.findall(r"\d+|[^\d]", text)
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts]


def visible(text: str) -> str:
    r"""The text with escapes such as `\u202e` for characters that control a terminal, turn the direction of
    what follows, cannot be seen, or are half of one. Line breaks and tabs stay.
    """
    return _ODD.sub(_escaped, text)


def logged(text: str) -> str:
    """The text as `visible` has it, with a backslash in what a CI runner takes for a command in a log."""
    return without_commands(visible(text))


def _escaped(match: re.Match[str]) -> str:
    is_odd = unicodedata.category(match[0]) in ("Cc", "Cf", "Cs", "Cn", "Zl", "Zp")
    return match[0].encode("unicode-escape").decode() if is_odd else match[0]


_ODD = re.compile(r"[^\n\t -~]")
