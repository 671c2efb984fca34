"""`UNSET`, the value of an argument that is not sent, where None means null: only for arguments that may be null."""

from msgspec import UNSET
from msgspec import UnsetType as Unset

__all__ = ["UNSET", "Unset"]
