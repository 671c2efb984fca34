"""The value of an argument or field that was not given."""

from msgspec import UNSET
from msgspec import UnsetType as Unset

__all__ = ["UNSET", "Unset"]
