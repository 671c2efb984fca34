"""Passive checks of how answers travel: status, headers, JSON, and what an error must not tell.

They hold for every HTTP API: no source states them, and HTTP's and JSON's own standards do. Where a server may be
otherwise without harm, the evidence begins with `plausible:`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

from contrato.core.spec import Api, Operation
from contrato.verify._exchange import Exchange
from contrato.verify._json import find
from contrato.verify._rules import Breach, check

LARGE = 100_000
"""Bytes of a record above which a list of them is a burden."""

SLOW = 5.0
"""Seconds after which an answer is slow for somebody who waits for it."""

TRACES = re.compile(
    r"""Traceback\ \(most\ recent\ call\ last\)
    | ^[ \t]*File\ "[^"\n]+",\ line\ \d+
    | ^[ \t]*at\ [\w.$<>/\ \[\]]+\(.*?(:\d+|Native\ Method|Unknown\ Source)\)
    | ^\#\d+\ \S+\(\d+\):
    | \b(Uncaught\ \w*(Exception|Error)|Fatal\ error:|Stack\ trace:|stacktrace|Caused\ by:\ [\w.]+)
    | \b[\w/\\-]{1,200}\.(php|py|java|rb|cs|go|jsx?|tsx?)(\(\d+\)|:\d+|",\ line\ \d+|\ on\ line\ \d+)
    | (/var/www|/usr/src|/usr/lib/python|/home/\w+|site-packages|node_modules|vendor/laravel)/""",
    re.VERBOSE | re.MULTILINE,
)
QUERIES = re.compile(
    r"""SQLSTATE\[ | \bORA-\d{5}\b | \bPG::\w+ | \bPDOException\b
    | \b(psycopg2?|sqlalchemy|sqlite3|pymysql|mysqli?)\.[\w.]*(Error|Exception)\b
    | (?i:\bsyntax\ error\ at\ or\ near\b | \byou\ have\ an\ error\ in\ your\ SQL\b | \bno\ such\ (table|column):)
    | \bSELECT\s.{1,1000}?\sFROM\s | \bINSERT\s+INTO\s+\S+\s*\(
    | \bUPDATE\s+\S+\s+SET\s | \bDELETE\s+FROM\s+\S+\s+WHERE\s""",
    re.VERBOSE | re.DOTALL,
)
PAGE = re.compile(r"^\s*(<!doctype html|<html|<head|<body)", re.IGNORECASE)

TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"


def is_object(content: bytes) -> bool:
    """Whether it is a JSON object."""
    return isinstance(_loaded(content), dict)


def members(content: bytes) -> list[str]:
    """The names of a JSON object's members; none when it is no object."""
    document = _loaded(content)
    return list(document) if isinstance(document, dict) else []


def _loaded(content: bytes) -> Any:
    try:
        return json.loads(content) if content else None
    except (RecursionError, ValueError):
        return None


def _breach(exchange: Exchange, spec: Api, field: str, expected: str, found: str, evidence: str) -> Iterator[Breach]:
    """One breach of the operation, or of the one whose path was asked with another method; none for other paths."""
    operation = exchange.operation or next(_at(spec, exchange.path), None)
    if operation is not None:
        yield Breach(operation.id, field, expected, found[:500], evidence, (exchange,))


def _at(spec: Api, path: str) -> Iterator[Operation]:
    """The operations of a path, those of a literal path first."""
    found = [operation for operation in spec.operations.values() if operation.match(path) is not None]
    fewest = min((operation.path.count("{") for operation in found), default=0)
    return (operation for operation in found if operation.path.count("{") == fewest)


# Who may ask


@check("Without a token, nothing is answered.")
def secrets_need_a_token(exchange: Exchange, spec: Api) -> Iterator[Breach | None]:
    """An operation that asks for a token gives no 2xx answer to a request that has no `Authorization` at all. Recorded
    traffic is not judged: browsers leave the header out of what they export.
    """
    operation = exchange.operation
    if operation is None or not exchange.succeeded or exchange.sender == "recorded":
        return
    schemes = operation.security
    yield None
    if schemes and all(s.type == "http" for s in schemes) and "authorization" not in exchange.request_headers:
        proof = "; ".join(scheme.evidence for scheme in schemes)
        yield from _breach(exchange, spec, "", "a refusal of a request without a token", str(exchange.status), proof)


# Status and headers


@check("An answer without content has none.")
def no_content_is_none(exchange: Exchange, spec: Api) -> Iterator[Breach | None]:
    """204 and 304 end with the headers. A declared length of 0 is tolerated."""
    if exchange.status not in (204, 304):
        return
    yield None
    length = exchange.headers.get("content-length", "").strip()
    found = exchange.content[:80].decode("utf-8", "replace")
    if not found and exchange.status == 204 and length not in ("", "0"):
        found = f"a length of {length}"
    if found:
        proof = "inferred: HTTP has no content in such an answer (RFC 9110, 15.3.5)"
        yield from _breach(exchange, spec, "", f"{exchange.status} without content", found, proof)


@check("The headers that a status needs are there.")
def statuses_have_their_headers(exchange: Exchange, spec: Api) -> Iterator[Breach | None]:
    """HTTP wants `WWW-Authenticate` beside 401, with a scheme of the API, and `Allow` beside 405, with methods that
    the path has and without the one that was refused. Many servers leave them out, and clients can do without.
    """
    if exchange.status in (401, 405):
        yield None
    if exchange.status == 401:
        challenge = exchange.headers.get("www-authenticate", "")
        operation = exchange.operation
        asked = operation.security if operation else ()
        known = [scheme.scheme for scheme in asked if scheme.type == "http"]
        expected = f"a challenge: {' or '.join(known) or 'its scheme'}"
        proof = "plausible: HTTP tells by which scheme to authenticate (RFC 9110, 11.6.1)"
        schemes = re.findall(rf"(?:^|,)\s*({TOKEN})(?=\s|,|$)(?!\s*=)", challenge)
        if not schemes or (known and not {s.lower() for s in known} & {s.lower() for s in schemes}):
            yield from _breach(exchange, spec, "header.WWW-Authenticate", expected, challenge or "none", proof)
    if exchange.status == 405:
        allow = exchange.headers.get("allow")
        methods = {method.strip() for method in (allow or "").split(",") if method.strip()}
        real = {operation.method for operation in _at(spec, exchange.path)}
        proof = "plausible: HTTP tells which methods a path has (RFC 9110, 15.5.6)"
        if allow is None or not real & methods or exchange.method in methods:
            expected = f"the methods of this path: {', '.join(sorted(real))}"
            yield from _breach(exchange, spec, "header.Allow", expected, allow or "none", proof)


@check("Headers have the form that HTTP gives them.")
def headers_are_well_formed(exchange: Exchange, spec: Api) -> Iterator[Breach | None]:
    """`Retry-After` is whole seconds or a date, and `Date` and its like are dates, in GMT. An `ETag` stands in quotes.
    Nothing was last modified after the `Date` of the answer.
    """
    tag = exchange.headers.get("etag")
    if tag is not None:
        yield None
        if not re.fullmatch(r'(W/)?"[^"\s]*"', tag):
            proof = "inferred: HTTP gives a tag this form (RFC 9110, 8.8.3)"
            yield from _breach(exchange, spec, "header.ETag", "a text in quotes", tag, proof)
    for name in ("retry-after", "date", "last-modified"):
        value = exchange.headers.get(name)
        if value is not None:
            yield None
        if value is None or _date(value) or (name == "retry-after" and re.fullmatch(r"\s*\d+\s*", value)):
            continue
        expected = "seconds, or a date" if name == "retry-after" else "a date"
        proof = f"inferred: HTTP gives {name} this form (RFC 9110)"
        yield from _breach(exchange, spec, f"header.{name.title()}", expected, value, proof)
    modified, now = (exchange.headers.get(name, "") for name in ("last-modified", "date"))
    last, sent = _date(modified), _date(now)
    if last and sent and last > sent:
        proof = "inferred: what is sent was modified before (RFC 9110, 8.8.2.1)"
        yield from _breach(exchange, spec, "header.Last-Modified", f"a date until {now}", modified, proof)


def _date(text: str) -> datetime | None:
    """A date as HTTP writes it, in GMT; `None` for what is none."""
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    named = re.match(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun)", text.strip())
    return moment.replace(tzinfo=UTC) if named and not moment.utcoffset() else None


@check("What is meant for one customer is not left to shared caches.")
def answers_stay_private(exchange: Exchange, spec: Api) -> Iterator[Breach | None]:
    """With `Cache-Control: public`, a proxy may keep the answer to a request with a token, and give it to others."""
    control = exchange.headers.get("cache-control", "")
    shared = re.search(r"\bpublic\b|\bs-maxage=[1-9]", control, re.I)
    if not exchange.succeeded or exchange.operation is None or not exchange.operation.security:
        return
    yield None
    if shared:
        proof = "plausible: what needs a token is for its owner alone (RFC 9111, 3.5)"
        yield from _breach(exchange, spec, "header.Cache-Control", "no leave for shared caches", control, proof)


@check("Answers come in time.")
def answers_come_in_time(exchange: Exchange, spec: Api) -> Iterator[Breach | None]:
    """No source says how fast the server is. After five seconds, people and programs give up."""
    if exchange.sender != "recorded":
        yield None
    if exchange.seconds > SLOW and exchange.sender != "recorded":
        proof = "plausible: somebody waits for the answer"
        yield from _breach(exchange, spec, "", f"an answer within {SLOW:g} s", f"{exchange.seconds:.1f} s", proof)


@check("A record is no larger than a record need be.")
def records_are_handy(exchange: Exchange, spec: Api) -> Iterator[Breach | None]:
    """The records of a list have 100 kB each at most, on average: whoever asks for a list waits for all of it."""
    operation = exchange.operation
    if operation is None or not exchange.succeeded:
        return
    # Of lists within lists, the longest.
    schema = operation.schema(exchange.status)
    count = max((len(find(exchange.json, f"{at}/*")) for at in schema.lists()), default=0) if schema else 0
    if not count:
        return
    yield None
    if len(exchange.content) > count * LARGE:
        proof = "plausible: somebody waits for the answer"
        size = f"{len(exchange.content) / 1e6:.1f} MB for {count} of them"
        yield from _breach(exchange, spec, "", f"records of at most {LARGE // 1000} kB", size, proof)


@check("The Location of a new record leads to it.")
def locations_lead_to_the_record(exchange: Exchange, spec: Api) -> Iterator[Breach | None]:
    """HTTP tells in `Location` where to find what a 201 created. If it is the address that the spec has for records of
    this kind, it has the id of the new one. Another host may be there for good reasons, or be one that only the server
    knows.
    """
    operation, given = exchange.operation, exchange.headers.get("location")
    if operation is None or exchange.status != 201 or given is None:
        return
    there = urlsplit(urljoin(exchange.url, given))
    if there.netloc != urlsplit(exchange.url).netloc:
        proof = "plausible: a client that was told an address can reach it"
        yield from _breach(exchange, spec, "header.Location", f"an address below {exchange.url}", given, proof)
    path = there.path.removeprefix(urlsplit(exchange.url).path.removesuffix(exchange.path))
    reader = spec.match("GET", path)
    if reader is None or reader.creator is not operation:
        return
    identifier = next(f for f in reader.parameters if f.place == "path")
    ids = [str(value) for value in find(exchange.json, identifier.record_pointer)]
    yield None
    if ids and (reader.match(path) or {}).get(identifier.name) not in ids:
        proof = "inferred: HTTP has the address of what was created there (RFC 9110, 10.2.2)"
        yield from _breach(exchange, spec, "header.Location", f"the address of record {ids[0]}", given, proof)


# JSON


@check("JSON is JSON.")
def json_is_well_formed(exchange: Exchange, spec: Api) -> Iterator[Breach | None]:
    """As RFC 8259 has it: in UTF-8 without a byte order mark, no name twice in one object, and no number that JSON
    cannot write (`NaN`, `Infinity`) or that no program can hold (`1e999`). Much software reads it all the same, and
    each its own way.
    """
    kind = exchange.headers.get("content-type", "").lower()
    if "json" not in kind or not exchange.content:
        return
    yield None
    fault = _json_fault(exchange.content)
    charset = re.search(r"charset\s*=\s*\"?([^\s;\"]+)", kind)
    if fault is None and charset and charset[1] not in ("utf-8", "utf8") and not exchange.content.isascii():
        fault = f"UTF-8 that is declared {charset[1]}"
    if fault:
        proof = "inferred: JSON is what RFC 8259 defines"
        yield from _breach(exchange, spec, "", "JSON as in RFC 8259", fault, proof)


def _json_fault(content: bytes) -> str | None:
    if content.startswith(b"\xef\xbb\xbf"):
        return "a byte order mark"
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        return f"a byte that is no UTF-8: {content[error.start : error.start + 4]!r}"
    faults: list[str] = []

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            faults.append(f"{next(name for name in names if names.count(name) > 1)!r} twice in one object")
        return found

    def constant(name: str) -> float:
        faults.append(f"the number {name}")
        return math.nan

    try:
        json.loads(text, object_pairs_hook=members, parse_constant=constant)
    except (RecursionError, ValueError):
        return "text that is no JSON"
    huge = re.search(r"[:\[,]\s*(-?\d[\d.]*[eE]\+?\d{3,})\s*[,\]}]", text)
    if huge and math.isinf(float(huge[1])):
        faults.append(f"the number {huge[1]}")
    return faults[0] if faults else None


# Errors


@check("An error tells nothing about the server's inside.")
def errors_do_not_leak(exchange: Exchange, spec: Api) -> Iterator[Breach | None]:
    """No stack trace, no path of a source file, no SQL: they help nobody but an attacker. What the request itself sent
    is not held against the answer.
    """
    if exchange.status < 400:
        return
    yield None
    text = _plain(exchange.content)
    sent = " ".join([_plain(exchange.request_body), exchange.url, *exchange.needed_headers.values()])
    for pattern, what in ((TRACES, "a stack trace"), (QUERIES, "a query of the database")):
        match = pattern.search(text)
        if match and match[0].strip() not in sent:
            proof = "inferred: an error is for the client, which can do nothing with the server's inside"
            yield from _breach(exchange, spec, "", f"an error without {what}", match[0].strip(), proof)
            return


def _plain(content: bytes) -> str:
    """The text of a body, with the line ends and quotes that JSON escapes."""
    text = content.decode("utf-8", "replace")
    return text.replace("\\n", "\n").replace('\\"', '"').replace("\\/", "/")


@check("A status in an error is the answer's.")
def errors_name_their_status(exchange: Exchange, spec: Api) -> Iterator[Breach | None]:
    """Many errors repeat the status in their JSON, and programs read it there. A `code` may be the API's own number."""
    if exchange.status < 400 or not isinstance(exchange.json, dict):
        return
    said = {name: exchange.json[name] for name in ("status", "statusCode", "status_code") if name in exchange.json}
    for name, value in said.items():
        yield None
        if isinstance(value, int) and 100 <= value < 600 and value != exchange.status:
            proof = "plausible: who reads the status there is told another one"
            if "problem+json" in exchange.headers.get("content-type", ""):
                proof = "inferred: the status in a problem is that of the answer (RFC 9457, 3.1.2)"
            yield from _breach(exchange, spec, f"/{name}", str(exchange.status), str(value), proof)


@check("An error of an API is no web page.")
def errors_are_not_pages(exchange: Exchange, spec: Api) -> Iterator[Breach | None]:
    """A client of JSON can do nothing with HTML, whatever its `Content-Type`."""
    if exchange.status >= 400:
        yield None
    if exchange.status >= 400 and PAGE.match(exchange.content[:200].decode("utf-8", "replace")):
        proof = "plausible: an error may come from a proxy that knows no JSON"
        if exchange.operation is not None and "json" in exchange.headers.get("content-type", ""):
            proof = "inferred: what is declared JSON is JSON"
        found = exchange.content[:60].decode("utf-8", "replace")
        yield from _breach(exchange, spec, "", "JSON, or no body", found, proof)
