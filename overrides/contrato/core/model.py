"""The base of the models."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Self
from uuid import UUID

import attrs
import msgspec

from contrato.core.decode import decode
from contrato.core.mismatch import SchemaMismatch, excerpt, value_at


@attrs.define
class Model:
    """Base of every model. Decoding checks types; the constructor and `attrs.evolve` do not."""

    def wire_values(self) -> dict[str, Any]:
        """Return the values of the fields by their names in JSON."""
        found: dict[str, Any] = {}
        for field in attrs.fields(type(self)):
            value = getattr(self, field.name)
            found |= value if "rest" in field.metadata else {field.metadata.get("wire", field.name): value}
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return JSON, with the names of the wire; timestamps are ISO 8601 text, a field that is None is null."""
        return {wire: plain(value) for wire, value in self.wire_values().items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Make a model of JSON, with names as in JSON; unknown names are ignored.

        Raises:
            ValueError: The data do not match the spec; the message says where.

        """
        content = msgspec.json.encode(data)
        try:
            model: Self = decode(cls, content)
        except SchemaMismatch as error:
            found = error.found or error.problem or excerpt(value_at(content, error.path))
            raise ValueError(f"{cls.__name__}: {error.path} must be {error.expected}, not {found}") from None
        return model


def plain(value: Any) -> Any:
    """Return a value of a model as a JSON value."""
    if isinstance(value, Model):
        return value.to_dict()
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, UUID):
        return str(value)
    return value.isoformat() if isinstance(value, date) else value
