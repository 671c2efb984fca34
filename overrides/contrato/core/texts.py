"""Texts of servers, for terminals and logs."""

import re
import unicodedata

# A CI runner takes this for a command in a log: that of GitHub, of Azure, of TeamCity.
_COMMAND = re.compile(r"(##(?=\[|vso\[|teamcity\[)|^[ \t]*(?=::))", re.MULTILINE | re.IGNORECASE)


def line(text: str) -> str:
    """Return text of a server, or of anybody, on one line and without what controls a terminal or a CI runner."""
    return without_commands("".join(filter(is_harmless, " ".join(text.split()))))


def without_commands(text: str) -> str:
    """Return text with a backslash in what a CI runner takes for a command."""
    return _COMMAND.sub(r"\1\\", text)


def is_harmless(character: str) -> bool:
    """True if a character is not a control, a change of direction, or half of a surrogate pair."""
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs")
