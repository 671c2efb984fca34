"""Apportionments API (rateios): two clients, and the models they use."""

from . import models
from .client import Apportionments, AsyncApportionments

__all__ = ["Apportionments", "AsyncApportionments", "models"]
