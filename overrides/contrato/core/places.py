"""Put the arguments of an operation into a request where the spec says, and read them from a request.

Arguments are keyed by place and wire name, `Parameter.key`, such as `("query", "PageNumber")`.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus, unquote

import attrs

from contrato.core.document import FORM, MULTIPART, is_json

if TYPE_CHECKING:
    from contrato.core.schema import Schema
    from contrato.core.spec import Body, Operation, Parameter

Arguments = Mapping[tuple[str, str], Any]
# Characters between the elements of an array in a query, by style, and how a URL has them.
DELIMITERS = {"form": (",", ","), "spaceDelimited": (" ", "%20"), "pipeDelimited": ("|", "%7C")}
# Characters that stay as they are if the spec allows it, except for those that would end a value.
RESERVED = "!$'()*,/:;=?@[]"


@attrs.frozen(kw_only=True)
class Parts:
    """Parts of a request that depend on its operation and arguments.

    Attributes:
        method: HTTP method in capitals.
        path: Path below the base URL, quoted.
        query: Names and values of the query string, not quoted.
        query_string: The query string, quoted.
        headers: Headers that are arguments.
        cookies: Cookies that are arguments.
        body: JSON of the body; None without a body.
        content: Content of a body that is no JSON: text, bytes, or names and values of a form.
        media_type: Media type of the body.

    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    query_string: str
    headers: dict[str, str]
    cookies: dict[str, str]
    body: Any
    content: Any = None
    media_type: str = ""


def place(operation: Operation, arguments: Arguments) -> Parts:
    """Build the parts of a request.

    Args:
        operation: The operation.
        arguments: JSON values by `Parameter.key`. Arguments that the spec does not have are sent as they are.

    Raises:
        KeyError: A path parameter has no value.

    """
    known = operation.keys
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    query: list[tuple[str, str]] = []
    quoted: list[str] = []
    for key, value in arguments.items():
        where, name = key
        parameter = known.get(key)
        if where == "query":
            style, exploded, safe = "form", True, ""
            if parameter is not None:
                style, exploded = parameter.style, parameter.exploded
                safe = RESERVED if parameter.reserved else ""
                value = json.dumps(value, ensure_ascii=False) if is_json(parameter.media_type) else value
            for own, texts in pairs(name, value, style, exploded):
                plain, between = DELIMITERS.get(style, DELIMITERS["form"])
                query.append((own, plain.join(texts)))
                quoted.append(f"{quote_plus(own)}={between.join(quote_plus(text, safe=safe) for text in texts)}")
        elif where == "body":
            found[where][name] = value
        elif where == "path":
            found[where][name] = _segment(parameter, name, value)
        elif parameter is not None and is_json(parameter.media_type):
            found[where][name] = json.dumps(value)
        else:
            found[where][name] = ",".join(_flat(value, parameter is not None and parameter.exploded))
    sent = {} if operation.body is None else _body(operation, operation.body, found["body"])
    return Parts(
        method=operation.method,
        path=re.sub(r"\{([^}]+)\}", lambda match: str(found["path"][match[1]]), operation.path),
        query=tuple(query),
        query_string="&".join(quoted),
        headers=found["header"],
        cookies=found["cookie"],
        **({"body": None} | sent),
    )


def _body(operation: Operation, body: Body, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts of a request that are about its body."""
    if not given and not body.required and any(one.needed for one in operation.parameters if one.place == "body"):
        return {}
    if not body.fields and "" not in given:
        return {"media_type": body.media_type, "body": dict(given)} if given else {}
    whole = dict(given) if body.fields else given[""]
    if body.is_json and whole is not None:
        return {"media_type": body.media_type, "body": whole}
    content = b"null" if body.is_json else _form(body, whole) if body.media_type in (FORM, MULTIPART) else whole
    return {"media_type": body.media_type, "content": content}


def pairs(name: str, value: Any, style: str, exploded: bool) -> Iterator[tuple[str, list[str]]]:
    """Yield names and texts of a value in a query or a form."""
    if style == "deepObject" and isinstance(value, Mapping):
        for key, inner in value.items():
            yield from pairs(f"{name}[{key}]", inner, style, exploded)
    elif isinstance(value, Mapping) and exploded:
        for key, inner in value.items():
            yield from pairs(key, inner, "form", isinstance(inner, list | tuple))
    elif isinstance(value, list | tuple) and exploded:
        for inner in value:
            if isinstance(inner, list | tuple):
                yield from pairs(name, inner, style, exploded)
            else:
                yield name, [_text(inner)]
    else:
        yield name, _flat(value, exploded=False)


def _segment(parameter: Parameter | None, name: str, value: Any) -> str:
    """Return a value for a path, quoted."""
    style, exploded = ("simple", True) if parameter is None else (parameter.style, parameter.exploded)
    if parameter is not None and is_json(parameter.media_type):
        return quote(json.dumps(value), safe="")
    texts = [_quoted(text, exploded and isinstance(value, Mapping)) for text in _flat(value, exploded)]
    if style == "label":
        return "." + ("." if exploded else ",").join(texts)
    if style == "matrix":
        if exploded and isinstance(value, Mapping):
            return "".join(f";{text}" for text in texts)
        return "".join(f";{name}={text}" for text in (texts if exploded else [",".join(texts)]))
    return ",".join(texts)


def _quoted(text: str, named: bool) -> str:
    if not named:
        return quote(text, safe="")
    key, _, inner = text.partition("=")
    return f"{quote(key, safe='')}={quote(inner, safe='')}"


def _flat(value: Any, exploded: bool) -> list[str]:
    """Return the texts of a value: of an array its elements, of an object its names and values."""
    if isinstance(value, Mapping):
        if exploded:
            return [f"{key}={_text(inner)}" for key, inner in value.items()]
        return [text for key, inner in value.items() for text in (key, _text(inner))]
    if isinstance(value, list | tuple):
        return [text for one in value for text in (_flat(one, exploded) if isinstance(one, list) else [_text(one)])]
    return [_text(value)]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _form(body: Body, values: Mapping[str, Any]) -> list[tuple[str, str | bytes, str]]:
    """Return name, value and media type of each field of a form; the media type is empty for text."""
    found: list[tuple[str, str | bytes, str]] = []
    for name, value in values.items():
        encoding = body.encoding(name)
        kind = str(encoding.get("contentType", "")).partition(",")[0]
        parted = body.media_type == MULTIPART
        for one in value if parted and isinstance(value, list | tuple) else [value]:
            if isinstance(one, bytes):
                found.append((name, one, kind if kind and "*" not in kind else "application/octet-stream"))
            elif is_json(kind) or (isinstance(one, Mapping) and "style" not in encoding and "explode" not in encoding):
                text = json.dumps(one, ensure_ascii=False, separators=(",", ":"))
                found.append((name, text, kind or "application/json"))
            else:
                style = encoding.get("style", "form")
                between = DELIMITERS.get(style, DELIMITERS["form"])[0]
                exploded = encoding.get("explode", style in ("form", "deepObject"))
                found += ((own, between.join(texts), kind) for own, texts in pairs(name, one, style, exploded))
    return found


def encode(parts: Parts) -> tuple[bytes | None, Any, str]:
    """Return the content of a body, the parts of a multipart form, and the media type; empty for each without one."""
    content = parts.content
    if parts.media_type == MULTIPART:
        files = [
            (name, (name if isinstance(value, bytes) else None, value, *([kind] if kind else [])))
            for name, value, kind in content or ()
        ]
        return None, files or None, ""
    kind = parts.media_type if "*" not in parts.media_type else "application/octet-stream"
    if parts.media_type == FORM and content is not None:
        content = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value, _ in content)
    elif parts.body is not None:
        content = json.dumps(parts.body, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    if content is None:
        return None, None, ""
    return content.encode() if isinstance(content, str) else bytes(content), None, kind


def arguments(
    operation: Operation,
    path: str,
    query: Iterable[tuple[str, str]] = (),
    headers: Mapping[str, str] | None = None,
    body: Any = None,
) -> dict[tuple[str, str], Any]:
    """Return the arguments of a request by `Parameter.key`.

    Text is converted to a number, a boolean or a list if the spec has that type and the text is valid. Arguments that
    the operation does not have are left out.

    Args:
        operation: The operation.
        path: Path below the base URL.
        query: Names and values of the query string, decoded.
        headers: Headers by name in lower case.
        body: JSON of the body.

    """
    named: dict[str, list[str]] = defaultdict(list)
    for name, text in query:
        named[name].append(text)
    in_path = operation.match(path) or {}
    cookies = {
        name.strip(): unquote(text)
        for name, _, text in (pair.partition("=") for pair in (headers or {}).get("cookie", "").split(";"))
    }
    found: dict[tuple[str, str], Any] = {}
    for parameter in operation.parameters:
        name = parameter.name
        spread = parameter.style == "deepObject" or parameter.exploded
        if parameter.place == "query" and parameter.schema.type == "object" and spread and not parameter.media_type:
            if value := _object(parameter, named):
                found[parameter.key] = value
        elif parameter.place == "path" and name in in_path:
            found[parameter.key] = _value(parameter, [in_path[name]])
        elif parameter.place == "query" and name in named:
            found[parameter.key] = _value(parameter, named[name])
        elif parameter.place == "header" and name.lower() in (headers or {}):
            found[parameter.key] = _value(parameter, [(headers or {})[name.lower()]])
        elif parameter.place == "cookie" and name in cookies:
            found[parameter.key] = _value(parameter, [cookies[name]])
        elif parameter.place == "body" and not name:
            if body is not None:
                found[parameter.key] = body
        elif parameter.place == "body" and isinstance(body, Mapping) and name in body:
            found[parameter.key] = body[name]
    return found


def _value(parameter: Parameter, texts: Sequence[str]) -> Any:
    """Return a value from texts; of several texts the last one counts, as in most servers."""
    if is_json(parameter.media_type):
        return _parsed(texts[-1])
    text, kind = texts[-1], parameter.schema
    if parameter.place == "path" and parameter.style in ("label", "matrix"):
        text = text.lstrip(".;")
        if parameter.style == "matrix" and kind.type != "object":
            text = text.replace(f";{parameter.name}=", ",").removeprefix(f"{parameter.name}=")
        text = text.replace("." if parameter.style == "label" and parameter.exploded else ";", ",")
    if kind.items is not None:
        several = parameter.place == "query" and parameter.exploded
        between = DELIMITERS.get(parameter.style, DELIMITERS["form"])[0]
        return [_typed(kind.items, one) for one in (texts if several else text.split(between))]
    if kind.type == "object" and parameter.place != "query":
        words = text.split(",")
        flat = zip(words[::2], words[1::2], strict=False)
        named = [word.partition("=")[::2] for word in words] if parameter.exploded else flat
        return {key: _typed_property(kind, key, word) for key, word in named}
    return _typed(kind, text)


def _typed_property(schema: Schema, name: str, text: str) -> Any:
    inner = schema.properties[name].schema if name in schema.properties else schema.additional
    return text if inner is None else _typed(inner, text)


def _object(parameter: Parameter, named: Mapping[str, list[str]]) -> dict[str, Any]:
    """Return an object whose properties are arguments of a query."""
    found: dict[str, Any] = {}
    for own, texts in named.items():
        if parameter.style == "deepObject":
            if not own.startswith(f"{parameter.name}["):
                continue
            *steps, last = re.findall(r"\[([^]]*)\]", own)
        elif own in parameter.schema.properties:
            steps, last = [], own
        else:
            continue
        inner, schema = found, parameter.schema
        for step in steps:
            inner = inner.setdefault(step, {})
            schema = schema.properties[step].schema if step in schema.properties else schema
        kind = schema.properties[last].schema if last in schema.properties else None
        if kind is not None and kind.items is not None:
            inner[last] = [_typed(kind.items, text) for text in texts]
        else:
            inner[last] = _typed_property(schema, last, texts[-1])
    return found


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _typed(schema: Schema, text: str) -> Any:
    if schema.type in ("integer", "number", "boolean"):
        try:
            value = json.loads(text)
        except ValueError:
            return text
        if isinstance(value, bool) == (schema.type == "boolean") and isinstance(value, int | float):
            return value
    return text
