"""`UNSET`, where the models of the stock template look for it: both APIs share one."""

from contrato.core.types import UNSET, Unset

__all__ = ["UNSET", "Unset"]
