"""From the arguments of a call to a request."""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Mapping
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
    from contrato.core.spec import Operation, Schema


@attrs.frozen
class Defaults:
    """What every request of a client has.

    Attributes:
        base_url: URL before the path of every operation, with a slash at its end.
        headers: Headers, with the token.
        timeout: Seconds by what may take them, as httpx wants them.

    """

    base_url: httpx.URL
    headers: httpx.Headers
    timeout: dict[str, float | None]


class Call:
    """One call of a method: its arguments checked, ready to be sent once, or once for each page.

    Args:
        operation: The operation.
        arguments: Arguments by their Python names; None and UNSET for those that are not given.
        zone: Time zone of timestamps without an offset.
        options: Options of this call, checked.

    Raises:
        TypeError, ValueError: An argument cannot be sent.

    """

    def __init__(
        self, operation: Operation, arguments: Mapping[str, Any], zone: tzinfo | None, options: RequestOptions
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
            self.arguments[name] = checked(name, parameter.schema, value, zone)
            # Nothing would be sent, which the server takes for no filter.
            if self.arguments[name] == [] and parameter.place != "body":
                raise ValueError(f"{name} must not be empty: leave it out to ask for everything")
            # It would make the URL of another operation.
            if parameter.place == "path" and str(self.arguments[name]) in ("", ".", ".."):
                raise ValueError(f"{name} must not be {value!r}")
        if (dates := operation.date_range) is not None:
            names = [operation.parameter(end).python_name for end in (dates.start, dates.end)]
            start, end = (self.arguments.get(name) for name in names)
            if start is not None and end is not None and end < start:
                raise ValueError(f"{names[1]} ({end}) is before {names[0]} ({start})")

    def build(self, defaults: Defaults, **changed: Any) -> httpx.Request:
        """Build the request, some arguments changed; None takes one away."""
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
            # Nothing rather than an empty list, which makes httpx take the URL apart once more.
            params=parts.query or None,
            json=parts.body,
            headers=headers,
            extensions={"timeout": timeout},
        )


# A URL cannot be changed, and to take one apart takes as long as the rest of a request.
_url = functools.lru_cache(maxsize=1024)(httpx.URL)


def cap_timeouts(request: httpx.Request, timeouts: Mapping[str, float | None], end: float | None) -> None:
    """Let no wait of an attempt be longer than the time that is left until `end`, of `time.monotonic`."""
    if end is not None:
        left = max(end - time.monotonic(), 0.001)
        request.extensions["timeout"] = {
            name: left if seconds is None else min(seconds, left) for name, seconds in timeouts.items()
        }


def checked(name: str, schema: Schema, value: Any, zone: tzinfo | None) -> Any:
    """Return an argument as JSON has it.

    Raises:
        TypeError, ValueError: It is not what the schema says.

    """
    if value is None and schema.nullable:
        return None
    if hasattr(value, "tolist"):  # a scalar or array of numpy, a column of pandas
        # A datetime64 that is finer than a datetime would become an integer.
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
        raise ValueError(f"{name} must be text, without the half of a character that is in {value!r}")
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
    """Return a moment as ISO 8601 text without an offset, which the APIs do not know.

    Args:
        name: Name of the argument, for the error.
        value: A date, a datetime or ISO 8601 text. One with an offset is converted to `zone`.
        zone: The API's time zone; None leaves an offset as it is.

    Raises:
        TypeError, ValueError: It is no such moment.

    """
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise ValueError(f"{name} must be a date and time of ISO 8601, not {value!r}") from None
    elif isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, clock())
    if not isinstance(value, datetime) or value != value:  # (pandas.NaT is a datetime)
        raise TypeError(f"{name} must be a datetime, a date or a string of ISO 8601, not {value!r}")
    if value.tzinfo is None or zone is None:
        return value.isoformat()
    try:
        return value.astimezone(zone).replace(tzinfo=None).isoformat()
    except OverflowError:
        raise ValueError(f"{name} must be in the years 1 to 9999 of {zone}, not {value!r}") from None


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
