"""Build a request from the arguments of a call."""

from __future__ import annotations

import base64
import functools
import json
import math
import operator
from collections.abc import Callable, Mapping
from datetime import date, datetime, tzinfo
from datetime import time as clock
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin
from urllib.parse import quote
from uuid import UUID

import attrs
import httpx
import msgspec

from contrato.core.auth import Token
from contrato.core.connection import Headers
from contrato.core.document import JSON
from contrato.core.model import Model
from contrato.core.places import Parts, encode, place
from contrato.core.settings import RequestOptions
from contrato.core.types import UNSET

if TYPE_CHECKING:
    from contrato.core.schema import Schema
    from contrato.core.spec import Operation, SecurityScheme


# Characters that a cookie has as they are.
COOKIE = "!#$&'()*+-./:<=>?@[]^_`{|}~,"


@attrs.frozen
class Defaults:
    """Parts of every request of a client.

    Attributes:
        base_url: URL before the path of every operation, with a final slash.
        headers: Headers without the token.
        timeout: Timeouts as httpx has them in `Request.extensions`.
        auth: The token.

    """

    base_url: httpx.URL
    headers: httpx.Headers = attrs.field(repr=False)
    timeout: dict[str, float | None]
    auth: Token = attrs.field(repr=False)
    _authorized: dict[str, httpx.Headers] = attrs.field(factory=dict, init=False, repr=False)

    def authorized(self, scheme: SecurityScheme | None) -> httpx.Headers:
        """Return the headers, with the token if it is in one of them."""
        if scheme is None or scheme.place != "header" or not self.auth:
            return self.headers
        if scheme.name not in self._authorized:
            headers = self.headers.copy()
            headers[scheme.parameter] = self.auth.written(scheme)
            self._authorized[scheme.name] = headers
        return self._authorized[scheme.name]


class Request(httpx.Request):
    """A request whose `repr` does not show its query, which may have a token."""

    def __repr__(self) -> str:
        return f"<Request({self.method!r}, {str(self.url).partition('?')[0]!r})>"


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
        in_body = False
        for name, parameter in operation.arguments.items():
            value = arguments.get(name)
            if value is UNSET or (value is None and not parameter.schema.nullable):
                if parameter.required:
                    raise TypeError(f"{name} must be given")
                continue
            # A request without a body gives none of its fields, and a body has all that it needs.
            in_body |= parameter.place == "body"
            self.arguments[name] = checked(name, parameter.schema, value, zone)
            # An empty query parameter would not be sent, which the server takes for no filter.
            if self.arguments[name] == [] and parameter.place != "body":
                raise ValueError(f"{name} must not be empty: leave it out to ask for everything")
            if parameter.place in ("header", "cookie"):
                check_header(name, self.arguments[name])
            # The URL would be that of another operation.
            if parameter.place == "path" and str(self.arguments[name]) in ("", ".", ".."):
                raise ValueError(f"{name} must not be {value!r}")
        for name, parameter in operation.arguments.items():
            if in_body and parameter.needed and parameter.place == "body" and name not in self.arguments:
                raise TypeError(f"{name} must be given with the other fields of the body")
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
        content, files, media_type = encode(parts)
        own = Headers(parts.headers)
        scheme, cookies = self.operation.credential, Headers(parts.cookies)
        if scheme is not None and scheme.place == "cookie" and defaults.auth:
            cookies.setdefault(scheme.parameter, defaults.auth.written(scheme))
        if cookies:
            own["Cookie"] = "; ".join(f"{name}={quote(text, safe=COOKIE)}" for name, text in cookies.items())
        if (accept := self.operation.accept) != JSON:
            own["Accept"] = accept
        if media_type not in ("", JSON):
            own["Content-Type"] = media_type
        headers = defaults.authorized(scheme)
        own.update(self.options.get("headers", {}))
        if own:
            headers = headers.copy()
            headers.update(own)
        if files is not None:
            # httpx writes it, with the boundary between the parts.
            headers = headers.copy()
            headers.pop("Content-Type", None)
        timeout = httpx.Timeout(self.options["timeout"]).as_dict() if "timeout" in self.options else defaults.timeout
        url = _url(f"{defaults.base_url}{parts.path.removeprefix('/')}")
        if scheme is not None and scheme.place == "query" and defaults.auth:
            url = _with_token(url, parts, scheme, defaults.auth)
        elif parts.query_string:
            url = url.copy_with(query=parts.query_string.encode("ascii"))
        return Request(
            parts.method,
            url,
            content=content,
            files=files,
            headers=headers,
            extensions={"timeout": timeout},
        )


def _with_token(url: httpx.URL, parts: Parts, scheme: SecurityScheme, auth: Token) -> httpx.URL:
    """Return a URL with a query that has the token, unless an argument is in its place."""
    if scheme.parameter in dict(parts.query):
        return url.copy_with(query=parts.query_string.encode("ascii"))
    token = f"{quote(scheme.parameter, safe='')}={quote(auth.written(scheme), safe='')}"
    return url.copy_with(query="&".join(filter(None, (parts.query_string, token))).encode("ascii"))


# URLs are immutable, and parsing one takes as long as the rest of building a request.
_url = functools.lru_cache(maxsize=1024)(httpx.URL)


def checked(name: str, schema: Schema, value: Any, zone: Callable[[], tzinfo | None]) -> Any:
    """Return an argument as a JSON value; a file as bytes.

    Raises:
        TypeError, ValueError: The argument does not match the schema.

    """
    if value is None and schema.nullable:
        return None
    if hasattr(value, "tolist"):  # a numpy scalar or array, a pandas column
        # A datetime64 in nanoseconds would become an integer.
        fine = value.dtype.kind == "M"
        value = (value.astype("datetime64[us]") if fine else value).tolist()
    if alternatives := schema.alternatives:
        return _one_of(name, alternatives, value, zone)
    if schema.is_timestamp:
        return timestamp(name, value, zone())
    if isinstance(value, tuple | set | frozenset | range):
        value = list(value)
    if schema.type == "string" and not schema.enum and not (isinstance(value, str) and not schema.format):
        value = _text(name, schema, value)
        if isinstance(value, bytes):
            return value
    if isinstance(value, list) and schema.items is not None and not schema.enum and not _is_plain(schema.items):
        return [checked(f"{name}[{index}]", schema.items, one, zone) for index, one in enumerate(value)]
    if isinstance(value, Mapping | Model) and (schema.type == "object" or not schema.types):
        return _object(name, schema, value, zone)
    if schema.enum and any(isinstance(one, float | bool | list | dict) for one in schema.enum):
        # Literal has no numbers with a fraction, arrays and objects, and True is no 1.
        if not any(type(one) is type(value) and one == value for one in schema.enum):
            raise _choice(name, schema.enum, value)
        return value
    kind = _kind(schema)
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        raise _refusal(name, kind, value) from None
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{name} must be a finite number, not {value!r}")
    if isinstance(value, str) and not _encodable(value):
        raise ValueError(f"{name} must be valid Unicode text, without the lone surrogate in {value!r}")
    if kind is Any:
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise TypeError(f"{name} must be a JSON value: {error}") from None
    return value


def _is_plain(schema: Schema) -> bool:
    """True if msgspec alone can check a value."""
    plain = schema.type in ("integer", "number", "boolean") or (schema.type == "string" and not schema.format)
    return plain and not schema.nullable and not any(isinstance(one, float | bool | list | dict) for one in schema.enum)


def _one_of(name: str, alternatives: tuple[Schema, ...], value: Any, zone: Callable[[], tzinfo | None]) -> Any:
    """Return a value that matches one of several schemas."""
    problems: list[str] = []
    for schema in alternatives:
        try:
            return checked(name, schema, value, zone)
        except (TypeError, ValueError) as error:
            problems.append(str(error))
    raise TypeError(f"{name} matches no alternative: {'; '.join(dict.fromkeys(problems))}")


def _text(name: str, schema: Schema, value: Any) -> str | bytes:
    """Return a value of a format as text; the content of a file as bytes."""
    match schema.format:
        case "date" if isinstance(value, date):
            return (value.date() if isinstance(value, datetime) else value).isoformat()
        case "date" if isinstance(value, str):
            try:
                date.fromisoformat(value)
            except ValueError:
                raise ValueError(f"{name} must be an ISO 8601 date, not {value!r}") from None
        case "time" if isinstance(value, clock):
            return value.isoformat()
        case "uuid" if isinstance(value, UUID):
            return str(value)
        case "uuid" if isinstance(value, str):
            try:
                UUID(value)
            except ValueError:
                raise ValueError(f"{name} must be a UUID, not {value!r}") from None
        case "byte" if isinstance(value, bytes):
            return base64.b64encode(value).decode()
        case "binary" if isinstance(value, bytes | bytearray | memoryview):
            return bytes(value)
        case "binary" if hasattr(value, "read"):
            found: str | bytes = value.read()
            return found
    if not isinstance(value, str):
        wanted = {"date": "a date or ISO 8601 text", "uuid": "UUID or str", "binary": "bytes or str"}
        raise TypeError(f"{name} must be {wanted.get(schema.format, 'str')}, not {value!r}")
    return value


def _object(
    name: str, schema: Schema, value: Mapping[str, Any] | Model, zone: Callable[[], tzinfo | None]
) -> dict[str, Any]:
    """Return an object with the names of JSON."""
    properties = schema.properties
    if isinstance(value, Model):
        # A field that is None may be absent; null is sent where it is the only way.
        value = {
            key: inner
            for key, inner in value.wire_values().items()
            if inner is not None or (key in properties and properties[key].required and properties[key].schema.nullable)
        }
    found: dict[str, Any] = {}
    for key, inner in value.items():
        if not isinstance(key, str):
            raise TypeError(f"{name} must have names that are str, not {key!r}")
        known = properties[key].schema if key in properties else schema.additional
        if key not in properties and schema.closed:
            raise ValueError(f"{name} has no field {key}: choose from {', '.join(properties)}")
        if known is None:
            found[key] = checked(f"{name}.{key}", schema.api.schema({}), inner, zone)
        elif not known.read_only:
            found[key] = checked(f"{name}.{key}", known, inner, zone)
    missing = [key for key, one in properties.items() if one.required and key not in found and not one.schema.read_only]
    if missing:
        raise ValueError(f"{name}.{missing[0]} must be given")
    return found


def check_header(name: str, value: Any) -> None:
    """Refuse what no header can have.

    Raises:
        ValueError: The value has other characters than those of ASCII, or a line break.

    """
    texts = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else [value]
    for text in texts:
        if isinstance(text, str) and not (text.isascii() and text.isprintable()):
            raise ValueError(f"{name} must be ASCII text without line breaks, not {text!r}")


def _choice(name: str, values: tuple[Any, ...], value: Any) -> Exception:
    *others, last = map(repr, values)
    wanted = f"{', '.join(others)} or {last}" if others else last
    return (ValueError if isinstance(value, str) else TypeError)(f"{name} must be {wanted}, not {value!r}")


def _refusal(name: str, kind: Any, value: Any) -> Exception:
    if get_origin(kind) is Literal:
        return _choice(name, get_args(kind), value)
    wanted = kind.__name__ if isinstance(kind, type) and get_origin(kind) is None else str(kind)
    return TypeError(f"{name} must be {wanted}, not {value!r}")


@functools.cache
def _kind(schema: Schema) -> Any:
    """Return the Python type of an argument."""
    if schema.enum:
        return Literal[in_order(schema.enum)]
    if schema.items is not None:
        return list[_kind(schema.items)]  # type: ignore[misc]
    kinds = {"integer": int, "number": float, "string": str, "boolean": bool, "array": list, "object": dict}
    found = [kinds[name] for name in schema.types if name in kinds]
    return functools.reduce(operator.or_, found) if found else Any


def in_order(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return values in alphabetical order if they can be compared."""
    return tuple(sorted(values)) if len({type(value) for value in values}) == 1 else values


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
