"""Make values that match a schema."""

from __future__ import annotations

import math
from typing import Any

from contrato.core.schema import Schema

TEXTS = {
    "date": "2024-02-29",
    "date-time": "2024-02-29T12:00:00Z",
    "date-time-local": "2024-02-29T12:00:00",
    "time": "12:00:00",
    "duration": "P1D",
    "uuid": "0b0c0d0e-0000-4000-8000-000000000001",
    "email": "someone@example.com",
    "idn-email": "someone@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/",
    "url": "https://example.com/",
    "uri-reference": "/path",
    "byte": "AAE=",
    "json-pointer": "/a",
    "regex": ".*",
}

# Components within each other, from which on optional properties are left out: values would be huge.
DEEP = 4


def sample(schema: Schema, *, request: bool = False, examples: bool = True, around: tuple[str, ...] = ()) -> Any:
    """Return a value that matches a schema; an example of the spec if it has one.

    Args:
        schema: The schema.
        request: True for a value that is sent: without `readOnly` properties; else without `writeOnly` ones.
        examples: False to ignore examples and defaults, which may be wrong.
        around: Components that the value is in.

    """
    if examples:
        for value in (*schema.examples, *([schema.default] if schema.has_default else [])):
            return value
    if schema.component:
        around = (*around, schema.component)
    if schema.enum:
        return schema.enum[0]
    settings: dict[str, Any] = {"request": request, "examples": examples, "around": around}
    if schema.alternatives:
        part = next((part for part in schema.alternatives if part.component not in around), schema.alternatives[0])
        value = sample(part, **settings)
        return _tagged(schema, part, value)
    kind = schema.types[0] if schema.types else "any"
    if kind == "object" or (kind == "any" and schema.properties):
        found = {
            name: sample(prop.schema, **settings)
            for name, prop in schema.properties.items()
            if not (prop.schema.read_only if request else prop.schema.write_only)
            and (prop.required or _is_new(prop.schema, around))
        }
        return _tagged(schema, schema, found) if schema.subtypes else found
    if kind == "array":
        if schema.items is None:
            return []
        if _repeats(schema, around):
            return []
        return [sample(schema.items, **settings)] * max(1, int(schema.keyword("minItems") or 1))
    return _scalar(schema, kind)


def _is_new(schema: Schema, around: tuple[str, ...]) -> bool:
    """True for an optional value that makes an example no larger than need be."""
    return schema.component not in around and len(around) < DEEP and not _repeats(schema, around)


def _repeats(schema: Schema, around: tuple[str, ...]) -> bool:
    """True for an array of a component that it is in, which may as well be empty."""
    return schema.items is not None and schema.items.component != "" and schema.items.component in around


def _tagged(schema: Schema, part: Schema, value: Any) -> Any:
    """Return an object with the value of the discriminator that the spec has for it."""
    if schema.discriminator is None or not isinstance(value, dict) or not (tags := schema.tags(part)):
        return value
    return {**value, schema.discriminator[0]: tags[0]}


def _scalar(schema: Schema, kind: str) -> Any:
    match kind:
        case "string":
            text = TEXTS.get(schema.format, "text")
            least, most = int(schema.keyword("minLength") or 0), schema.keyword("maxLength")
            return text.ljust(least, "x")[: int(most) if most is not None and not schema.format else None]
        case "integer" | "number":
            return _number(schema, kind)
        case "boolean":
            return True
        case "null":
            return None
    return {}


def _number(schema: Schema, kind: str) -> float:
    low, high = schema.minimum, schema.maximum
    above, below = schema.keyword("exclusiveMinimum"), schema.keyword("exclusiveMaximum")
    step = schema.keyword("multipleOf") or 1
    # In OpenAPI 3.0 the exclusive bounds are booleans.
    if above is True or (not isinstance(above, bool) and above is not None):
        bound = low if above is True else above
        low = None if bound is None else bound + step
    if below is True or (not isinstance(below, bool) and below is not None):
        bound = high if below is True else below
        high = None if bound is None else bound - step
    value: float = (
        1 if (low is None or low <= 1) and (high is None or high >= 1) else low if low is not None else high or 0
    )
    if schema.keyword("multipleOf"):
        value = math.ceil(value / step) * step
    return math.ceil(value) if kind == "integer" else value
