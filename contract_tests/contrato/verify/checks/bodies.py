"""Checks of bodies: JSON is well formed, and an error tells nothing about the server's inside."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from contrato.core.spec import Api
from contrato.verify.checks.http import violations_in
from contrato.verify.documents import cited, excerpt
from contrato.verify.exchange import PROXY, Exchange
from contrato.verify.findings import LONG, Violation
from contrato.verify.rules import check

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

SEARCHED = 2**16
"""Bytes of an error that are searched for what is the server's own."""

QUERIES = re.compile(
    r"""SQLSTATE\[ | \bORA-\d{5}\b | \bPG::\w+ | \bPDOException\b
    | \b(psycopg2?|sqlalchemy|sqlite3|pymysql|mysqli?)\.[\w.]{0,100}(Error|Exception)\b
    | (?i:\bsyntax\ error\ at\ or\ near\b | \byou\ have\ an\ error\ in\ your\ SQL\b | \bno\ such\ (table|column):)
    | \bSELECT\s.{1,1000}?\sFROM\s | \bINSERT\s+INTO\s+\S+\s*\(
    | \bUPDATE\s+\S+\s+SET\s | \bDELETE\s+FROM\s+\S+\s+WHERE\s""",
    re.VERBOSE | re.DOTALL,
)

PAGE = re.compile(r"^\s*(<!doctype html|<html|<head|<body)", re.IGNORECASE)


# JSON


@check("JSON is JSON.")
def json_is_well_formed(exchange: Exchange, spec: Api) -> Iterator[Violation | None]:
    """As RFC 8259 has it: in UTF-8 without a byte order mark and without half a surrogate, no name twice in one object,
    and no number that JSON cannot write (`NaN`, `Infinity`) or that no program can hold (`1e999`). Much software reads
    it all the same, and each its own way.
    """
    kind = exchange.headers.get("content-type", "").lower()
    if "json" not in kind or not exchange.content:
        return
    yield None
    fault = _json_fault(exchange.content)
    charset = re.search(r"charset\s*=\s*\"?([^\s;\"]+)", kind)
    if fault is None and charset and not _is_alike(exchange.content, charset[1]):
        fault = f"UTF-8 that is declared {cited(charset[1])}"
    if fault:
        proof = "inferred: JSON is what RFC 8259 defines"
        yield from violations_in(exchange, spec, "", "JSON as in RFC 8259", fault, proof)


def _is_alike(content: bytes, charset: str) -> bool:
    """True if UTF-8 is the same text in a charset, or nobody knows that charset."""
    try:
        return content.decode(charset) == content.decode()
    except LookupError:
        return True
    except UnicodeError:
        return False


def _json_fault(content: bytes) -> str | None:
    if content.startswith(b"\xef\xbb\xbf"):
        return "a byte order mark"
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        return f"a byte that is no UTF-8: {cited(repr(content[error.start : error.start + 4]))}"
    faults: list[str] = []

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            faults.append(f"{cited(repr(next(name for name in names if names.count(name) > 1)))} twice in one object")
        return found

    def constant(name: str) -> float:
        faults.append(f"the number {name}")
        return math.nan

    try:
        document = json.loads(text, object_pairs_hook=members, parse_constant=constant)
    except (RecursionError, ValueError):
        return "text that is no JSON"
    if "\\ud" in text.lower() and not _is_unicode(document):
        faults.append("half a surrogate, which is no character")
    huge = re.search(r"[:\[,]\s*(-?\d[\d.]*[eE]\+?\d{3,})\s*[,\]}]", text)
    if huge and math.isinf(float(huge[1])):
        faults.append(f"the number {cited(huge[1])}")
    return faults[0] if faults else None


def _is_unicode(document: Any) -> bool:
    try:
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


# Errors


@check("An error tells nothing about the server's inside.")
def errors_do_not_leak(exchange: Exchange, spec: Api) -> Iterator[Violation | None]:
    """No stack trace, no path of a source file, no SQL: they help nobody but an attacker. What the request itself sent
    is not held against the answer.
    """
    if exchange.status < 400:
        return
    yield None
    text = _plain(exchange.content[:SEARCHED])
    sent = " ".join([_plain(exchange.request_body), exchange.url, *exchange.needed_headers.values()])
    for pattern, what in ((TRACES, "a stack trace"), (QUERIES, "a query of the database")):
        match = pattern.search(text)
        if match and match[0].strip() not in sent:
            proof = "inferred: an error is for the client, which can do nothing with the server's inside"
            yield from violations_in(exchange, spec, "", f"an error without {what}", cited(match[0].strip()), proof)
            return


def _plain(content: bytes) -> str:
    """The text of a body, with the line ends and quotes that JSON escapes."""
    text = content.decode("utf-8", "replace")
    return text.replace("\\n", "\n").replace('\\"', '"').replace("\\/", "/")


@check("A status in an error is the answer's.")
def errors_name_their_status(exchange: Exchange, spec: Api) -> Iterator[Violation | None]:
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
            yield from violations_in(exchange, spec, f"/{name}", str(exchange.status), cited(value), proof)


@check("An error of an API is no web page.")
def errors_are_not_pages(exchange: Exchange, spec: Api) -> Iterator[Violation | None]:
    """A client of JSON can do nothing with HTML, whatever its `Content-Type`."""
    if exchange.status in PROXY:
        return  # Not the API's.
    if exchange.status >= 400:
        yield None
    if exchange.status >= 400 and PAGE.match(exchange.content[:200].decode("utf-8", "replace")):
        proof = "plausible: an error may come from a proxy that knows no JSON"
        if exchange.operation is not None and "json" in exchange.headers.get("content-type", ""):
            proof = "inferred: what is declared JSON is JSON"
        found = excerpt(exchange.content[:LONG].decode("utf-8", "replace"))
        yield from violations_in(exchange, spec, "", "JSON, or no body", found, proof)
