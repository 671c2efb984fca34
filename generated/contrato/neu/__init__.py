"""NEU API: two clients, and the models they use."""

from . import models
from .client import AsyncNeu, Neu

__all__ = ["AsyncNeu", "Neu", "models"]
