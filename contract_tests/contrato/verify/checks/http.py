"""Passive checks of how answers travel: status, headers, JSON, and what an error must not tell.

They hold for every HTTP API: no source states them, and HTTP's and JSON's own standards do. Where a server may be
otherwise without harm, the evidence begins with `plausible:`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin, urlsplit

from contrato.core.spec import Api, Operation
from contrato.verify.documents import cited, excerpt, find
from contrato.verify.exchange import Exchange
from contrato.verify.findings import LONG, Violation, kind_of, violation
from contrato.verify.rules import check

LARGE = 100_000
"""Bytes of a record above which a list of them is a burden."""

SLOW = 5.0
"""Seconds after which an answer is slow for somebody who waits for it."""

TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"


@check("No answer repeats the token.")
def token_not_echoed(exchange: Exchange, spec: Api) -> Iterator[Violation | None]:
    """A token opens everything that its owner may see, and answers end up in logs, caches and bug reports.

    Looked for in the body and in every header, as it is and escaped. A token of fewer than 8 characters is not looked
    for: it may be an ordinary word. Remove it from the answer; after that, replace the token, since it has been logged.
    """
    yield None
    if exchange.token_echoed:
        operation = exchange.operation
        marks = [scheme.evidence for scheme in operation.security] if operation else []
        yield Violation(
            operation.id if operation else "server",
            "",
            "an answer without the token",
            "the token in the answer",
            "; ".join(filter(None, marks)),
            (exchange,),
        )


def violations_in(
    exchange: Exchange, spec: Api, field: str, expected: str, found: str, evidence: str
) -> Iterator[Violation]:
    """One violation of the operation, or of the one whose path was asked with another method; none for other paths."""
    operation = exchange.operation or next(_at(spec, exchange.path), None)
    if operation is not None:
        yield violation(operation, field, expected, found, evidence, [exchange])


def _at(spec: Api, path: str) -> Iterator[Operation]:
    """The operations of a path, those of a literal path first."""
    found = [operation for operation in spec.operations.values() if operation.match(path) is not None]
    fewest = min((operation.path.count("{") for operation in found), default=0)
    return (operation for operation in found if operation.path.count("{") == fewest)


# Tokens


@check("Without a token, nothing is answered.")
def secrets_need_a_token(exchange: Exchange, spec: Api) -> Iterator[Violation | None]:
    """An operation that asks for a token gives no 2xx answer to a request that has no `Authorization` at all. Recorded
    traffic is not judged: browsers leave the header out of what they export.
    """
    operation = exchange.operation
    if operation is None or not exchange.succeeded or exchange.sender == "recorded":
        return
    schemes = operation.security if operation.needs_token else ()
    yield None
    if schemes and all(s.type == "http" for s in schemes) and "authorization" not in exchange.request_headers:
        proof = "; ".join(scheme.evidence for scheme in schemes)
        yield from violations_in(exchange, spec, "", "a refusal of a request without a token", kind_of(exchange), proof)


# Status and headers


@check("An answer without content has none.")
def no_content_is_none(exchange: Exchange, spec: Api) -> Iterator[Violation | None]:
    """204 and 304 end with the headers. A declared length of 0 is tolerated."""
    if exchange.status not in (204, 304):
        return
    yield None
    length = exchange.headers.get("content-length", "").strip()
    found = excerpt(text) if (text := exchange.content[:LONG].decode("utf-8", "replace")) else ""
    if not found and exchange.status == 204 and length not in ("", "0"):
        found = f"a length of {cited(length)}"
    if found:
        proof = "inferred: HTTP has no content in such an answer (RFC 9110, 15.3.5)"
        yield from violations_in(exchange, spec, "", f"{exchange.status} without content", found, proof)


@check("The headers that a status needs are there.")
def statuses_have_their_headers(exchange: Exchange, spec: Api) -> Iterator[Violation | None]:
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
            yield from violations_in(
                exchange, spec, "header.WWW-Authenticate", expected, cited(challenge) if challenge else "none", proof
            )
    if exchange.status == 405:
        allow = exchange.headers.get("allow")
        methods = {method.strip() for method in (allow or "").split(",") if method.strip()}
        real = {operation.method for operation in _at(spec, exchange.path)}
        proof = "plausible: HTTP tells which methods a path has (RFC 9110, 15.5.6)"
        if allow is None or not real & methods or exchange.method in methods:
            expected = f"the methods of this path: {', '.join(sorted(real))}"
            yield from violations_in(exchange, spec, "header.Allow", expected, cited(allow) if allow else "none", proof)


@check("Headers have the form that HTTP gives them.")
def headers_are_well_formed(exchange: Exchange, spec: Api) -> Iterator[Violation | None]:
    """`Retry-After` is whole seconds or a date, and `Date` and its like are dates, in GMT. An `ETag` stands in quotes.
    Nothing was last modified after the `Date` of the answer.
    """
    tag = exchange.headers.get("etag")
    if tag is not None:
        yield None
        if not re.fullmatch(r'(W/)?"[^"\s]*"', tag):
            proof = "inferred: HTTP gives a tag this form (RFC 9110, 8.8.3)"
            yield from violations_in(exchange, spec, "header.ETag", "a text in quotes", cited(tag), proof)
    for name in ("retry-after", "date", "last-modified"):
        value = exchange.headers.get(name)
        if value is not None:
            yield None
        if value is None or _date(value) or (name == "retry-after" and re.fullmatch(r"\s*\d+\s*", value)):
            continue
        expected = "seconds, or a date" if name == "retry-after" else "a date"
        proof = f"inferred: HTTP gives {name} this form (RFC 9110)"
        yield from violations_in(exchange, spec, f"header.{name.title()}", expected, cited(value), proof)
    modified, now = (exchange.headers.get(name, "") for name in ("last-modified", "date"))
    last, sent = _date(modified), _date(now)
    if last and sent and last > sent:
        proof = "inferred: what is sent was modified before (RFC 9110, 8.8.2.1)"
        yield from violations_in(
            exchange, spec, "header.Last-Modified", f"a date until {cited(now)}", cited(modified), proof
        )


def _date(text: str) -> datetime | None:
    """A date as HTTP writes it, in GMT; `None` for what is none."""
    try:
        moment = parsedate_to_datetime(text)
    except (OverflowError, ValueError):
        return None
    named = re.match(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun)", text.strip())
    return moment.replace(tzinfo=UTC) if named and not moment.utcoffset() else None


@check("What is meant for one customer is not left to shared caches.")
def answers_stay_private(exchange: Exchange, spec: Api) -> Iterator[Violation | None]:
    """With `Cache-Control: public`, a proxy may keep the answer to a request with a token, and give it to others."""
    control = exchange.headers.get("cache-control", "")
    shared = re.search(r"\bpublic\b|\bs-maxage=[1-9]", control, re.I)
    if not exchange.succeeded or exchange.operation is None or not exchange.operation.needs_token:
        return
    yield None
    if shared:
        proof = "plausible: what needs a token is for its owner alone (RFC 9111, 3.5)"
        yield from violations_in(
            exchange, spec, "header.Cache-Control", "no leave for shared caches", cited(control), proof
        )


@check("Answers come in time.")
def answers_come_in_time(exchange: Exchange, spec: Api) -> Iterator[Violation | None]:
    """No source says how fast the server is. After five seconds, people and programs give up."""
    if exchange.sender != "recorded":
        yield None
    if exchange.seconds > SLOW and exchange.sender != "recorded":
        proof = "plausible: somebody waits for the answer"
        yield from violations_in(exchange, spec, "", f"an answer within {SLOW:g} s", f"{exchange.seconds:.1f} s", proof)


@check("A record is no larger than a record need be.")
def records_are_handy(exchange: Exchange, spec: Api) -> Iterator[Violation | None]:
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
        yield from violations_in(exchange, spec, "", f"records of at most {LARGE // 1000} kB", size, proof)


@check("The Location of a new record leads to it.")
def locations_lead_to_the_record(exchange: Exchange, spec: Api) -> Iterator[Violation | None]:
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
        yield from violations_in(
            exchange, spec, "header.Location", f"an address below {cited(exchange.url)}", cited(given), proof
        )
    path = there.path.removeprefix(urlsplit(exchange.url).path.removesuffix(exchange.path))
    reader = spec.match("GET", path)
    if reader is None or reader.creator is not operation:
        return
    identifier = next(f for f in reader.parameters if f.place == "path")
    ids = [str(value) for value in find(exchange.json, identifier.record_pointer)]
    yield None
    if ids and (reader.match(path) or {}).get(identifier.name) not in ids:
        proof = "inferred: HTTP has the address of what was created there (RFC 9110, 10.2.2)"
        yield from violations_in(
            exchange, spec, "header.Location", f"the address of record {cited(ids[0])}", cited(given), proof
        )
