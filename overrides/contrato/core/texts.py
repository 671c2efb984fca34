"""Texts of servers, for terminals and logs."""

import unicodedata


def line(text: str) -> str:
    """Return text of a server, or of anybody, on one line and without characters that control a terminal."""
    return "".join(filter(is_harmless, " ".join(text.split())))


def is_harmless(character: str) -> bool:
    """True if a character is not a control, a change of direction, or half of a surrogate pair."""
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs")
