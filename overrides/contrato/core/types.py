"""The value of an argument or field that was not given."""

from enum import Enum
from typing import Final, Literal


class Unset(Enum):
    """The type of `UNSET`. An enum, so that a copied or unpickled `UNSET` is still the same one."""

    UNSET = "UNSET"

    def __bool__(self) -> Literal[False]:
        return False

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = Unset.UNSET
