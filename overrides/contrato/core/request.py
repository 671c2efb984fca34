"""Build a request from the arguments of a call."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from datetime import date, datetime, tzinfo
from datetime import time as clock
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import attrs
import httpx
import msgspec

from contrato.core.places import place
from contrato.core.settings import RequestOptions
from contrato.core.types import UNSET

if TYPE_CHECKING:
    from contrato.core.schema import Schema
    from contrato.core.spec import Operation


@attrs.frozen
class Defaults:
    """Parts of every request of a client.

    Attributes:
        base_url: URL before the path of every operation, with a final slash.
        headers: Headers, including the token.
        timeout: Timeouts as httpx has them in `Request.extensions`.

    """

    base_url: httpx.URL
    headers: httpx.Headers = attrs.field(repr=False)
    timeout: dict[str, float | None]


class Call:
    """One call of a method with checked arguments, from which any number of requests can be built.

    Args:
        operation: The operation.
        arguments: Arguments by their Python names; None or UNSET for those that are not given.
        zone: Function that gives the time zone of timestamps without an offset; a system may lack its data.
        options: Checked options of this call.

    Raises:
        TypeError, ValueError: An argument cannot be sent.

    """

    def __init__(
        self, operation: Operation, arguments: Mapping[str, Any], zone: Callable[[], tzinfo], options: RequestOptions
    ) -> None:
        self.operation = operation
        self.options = options
        self.arguments: dict[str, Any] = {}
        for name, parameter in operation.arguments.items():
            value = arguments.get(name)
            if value is UNSET or (value is None and not parameter.schema.nullable):
                if parameter.required:
                    raise TypeError(f"{name} must be given")
                continue
            schema = parameter.schema
            self.arguments[name] = checked(
                name, schema, value, zone() if (schema.items or schema).is_timestamp else None
            )
            # An empty query parameter would not be sent, which the server takes for no filter.
            if self.arguments[name] == [] and parameter.place != "body":
                raise ValueError(f"{name} must not be empty: leave it out to ask for everything")
            # The URL would be that of another operation.
            if parameter.place == "path" and str(self.arguments[name]) in ("", ".", ".."):
                raise ValueError(f"{name} must not be {value!r}")
        if (dates := operation.date_range) is not None:
            names = [operation.parameter(end).python_name for end in (dates.start, dates.end)]
            start, end = (self.arguments.get(name) for name in names)
            if start is not None and end is not None:
                check_range(names[0], start, names[1], end)

    def build(self, defaults: Defaults, **changed: Any) -> httpx.Request:
        """Build a request. `changed` replaces arguments; None removes one."""
        kept = {name: value for name, value in self.arguments.items() if name not in changed}
        given = kept | {name: value for name, value in changed.items() if value is not None}
        names = self.operation.arguments
        parts = place(self.operation, {names[name].key: value for name, value in given.items()})
        headers = defaults.headers
        if own := {**parts.headers, **self.options.get("headers", {})}:
            headers = headers.copy()
            headers.update(own)
        timeout = httpx.Timeout(self.options["timeout"]).as_dict() if "timeout" in self.options else defaults.timeout
        return httpx.Request(
            parts.method,
            _url(f"{defaults.base_url}{parts.path.removeprefix('/')}"),
            # None, because an empty list makes httpx parse the URL again.
            params=parts.query or None,
            json=parts.body,
            headers=headers,
            extensions={"timeout": timeout},
        )


# URLs are immutable, and parsing one takes as long as the rest of building a request.
_url = functools.lru_cache(maxsize=1024)(httpx.URL)


def checked(name: str, schema: Schema, value: Any, zone: tzinfo | None) -> Any:
    """Return an argument as a JSON value.

    Raises:
        TypeError, ValueError: The argument does not match the schema.

    """
    if value is None and schema.nullable:
        return None
    if hasattr(value, "tolist"):  # a numpy scalar or array, a pandas column
        # A datetime64 in nanoseconds would become an integer.
        fine = value.dtype.kind == "M"
        value = (value.astype("datetime64[us]") if fine else value).tolist()
    if schema.is_timestamp:
        return timestamp(name, value, zone)
    if isinstance(value, tuple | set | frozenset | range):
        value = list(value)
    if schema.items is not None and schema.items.is_timestamp and isinstance(value, list):
        return [timestamp(name, one, zone) for one in value]
    kind = _kind(schema)
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        raise _refusal(name, kind, value) from None
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{name} must be a finite number, not {value!r}")
    if isinstance(value, str) and not _encodable(value):
        raise ValueError(f"{name} must be valid Unicode text, without the lone surrogate in {value!r}")
    return value


def _refusal(name: str, kind: Any, value: Any) -> Exception:
    if get_origin(kind) is Literal:
        *others, last = map(repr, get_args(kind))
        wanted = f"{', '.join(others)} or {last}" if others else last
        return (ValueError if isinstance(value, str) else TypeError)(f"{name} must be {wanted}, not {value!r}")
    wanted = kind.__name__ if isinstance(kind, type) and get_origin(kind) is None else str(kind)
    return TypeError(f"{name} must be {wanted}, not {value!r}")


@functools.cache
def _kind(schema: Schema) -> Any:
    """Return the Python type of an argument."""
    if schema.enum:
        return Literal[tuple(sorted(schema.enum))]
    if schema.items is not None:
        return list[_kind(schema.items)]  # type: ignore[misc]
    return {"integer": int, "number": float, "string": str, "boolean": bool}.get(schema.type, Any)


def timestamp(name: str, value: Any, zone: tzinfo | None) -> str:
    """Return a date and time as ISO 8601 text without an offset, because the APIs do not accept offsets.

    Args:
        name: Name of the argument, for the error.
        value: A date, a datetime or ISO 8601 text; converted to `zone` if it has an offset.
        zone: Time zone of the API; None keeps an offset.

    Raises:
        TypeError, ValueError: The value is no date and time.

    """
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise ValueError(f"{name} must be an ISO 8601 date and time, not {value!r}") from None
    elif isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, clock())
    if not isinstance(value, datetime) or value != value:  # (pandas.NaT is a datetime)
        raise TypeError(f"{name} must be a datetime, a date or ISO 8601 text, not {value!r}")
    if value.tzinfo is None or zone is None:
        return value.isoformat()
    try:
        return value.astimezone(zone).replace(tzinfo=None).isoformat()
    except OverflowError:
        raise ValueError(f"{name} must be in the years 1 to 9999 of {zone}, not {value!r}") from None


def check_range(first: str, start: str, last: str, end: str) -> None:
    """Refuse a range of dates that ends before its start.

    Args:
        first: Name of the argument with the start.
        start: Its value, from `timestamp`.
        last: Name of the argument with the end.
        end: Its value, from `timestamp`.

    Raises:
        ValueError: The end is before the start.

    """
    if end < start:
        raise ValueError(f"{last} ({end}) is before {first} ({start})")


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
