"""Apportionments API (rateios): two clients, and the models they use."""

from typing import TYPE_CHECKING, Any

from .client import Apportionments, AsyncApportionments

if TYPE_CHECKING:
    from . import models

__all__ = ["Apportionments", "AsyncApportionments", "models"]


def __getattr__(name: str) -> Any:
    # Late: to make the models takes longer than all the rest.
    if name == "models":
        import importlib

        return importlib.import_module(".models", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
