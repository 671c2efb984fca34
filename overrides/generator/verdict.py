"""The verdict on the change of a spec."""

from dataclasses import dataclass

LEVELS = ("none", "patch", "minor", "major")
WIRE = "on the wire"
PYTHON = "in Python"
MEANING = "in meaning"
LINKS = "in links"


@dataclass(frozen=True, order=True)
class Breakage:
    """One thing that a change breaks.

    Attributes:
        sort: `WIRE`, `PYTHON`, `MEANING` or `LINKS`.
        where: Operation and field, the Python name, or the address.
        what: The change.
        line: Its line in the spec, 0 if it has none.
        gone: True if that line is one of the base.

    """

    sort: str
    where: str
    what: str
    line: int = 0
    gone: bool = False


@dataclass(frozen=True)
class Verdict:
    """The effect of all changes of one spec.

    Attributes:
        level: One of `LEVELS`.
        breakages: All that it breaks; something other than links if and only if `level` is major.
        additions: All that is new.

    """

    level: str
    breakages: tuple[Breakage, ...] = ()
    additions: tuple[str, ...] = ()
