"""Laws that ask wrongly on purpose: with wrong tokens, for what does not exist, in ways that are not allowed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from contrato.core.spec import Operation, Parameter
from contrato.verify.documents import MISSING, cited, excerpt, places, short, spread, validator
from contrato.verify.exchange import Arguments, Exchange
from contrato.verify.findings import NotJudged, Reading, Violation, answered, kind_of, violation
from contrato.verify.laws.records import FAR, records_of, tidy, values_of
from contrato.verify.leniency import selectors
from contrato.verify.rows import difference, items_pointer, rows_of, told
from contrato.verify.rules import law
from contrato.verify.session import Session, UnfitError

SORTABLE = ("boolean", "integer", "number", "string")
"""Types of the fields by which a list might be sorted though the spec does not say so."""

SOME = 3
"""Values of a filter that are compared with a list without it."""

TOKEN_NAMES = ("access_token", "token", "api_key")
"""Names of a token in the query of other APIs."""


@law("A token in any wrong form is refused, and nothing is told or done.", probes=True)
def tokens_are_checked(session: Session, operation: Operation) -> Iterator[Violation | NotJudged]:
    """Requests that are right in everything else are sent without a token, with another one, with one that lacks a
    character or has one too many, under another scheme, without a scheme, and in the query. Each is refused with 401 or
    403, without data, and a write that is refused is not done. Who has no token is not told which ids exist, and gets
    no data either where a slash follows the path.
    """
    scheme = operation.credential
    if not operation.needs_token or scheme is None or scheme.written("") != "Bearer ":
        return
    proof = scheme.evidence
    records = records_of(session, operation) if not operation.safe else None
    if not operation.safe and records is None:
        raise UnfitError("there is no way to see what a write did")
    if records is None:
        everything = operation is next(o for o in session.spec.operations.values() if o.safe)
        for form, headers, more in _forms(session.transport.token, everything):
            exchange = session.ask(operation, {**session.base(operation), **more}, token=None, headers=headers)
            yield from _refused(operation, exchange, form, proof)
        yield from _betrayed(session, operation)
        if operation.method == "GET":
            aside = session.ask(attrs.evolve(operation, path=f"{operation.path}/"), session.base(operation), token=None)
            if aside.succeeded and _has_data(operation, aside):
                expected = "no data without a token, also with a slash after the path"
                yield violation(operation, "", expected, kind_of(aside), proof, [aside])
        return
    with tidy(records):
        identifier, _, created, body = records.try_create(1)
        arguments: Arguments = body
        if operation is not records.creator:
            own = [(f.key, records.value(operation, f, 2)) for f in values_of(operation)]
            arguments = {key: value for key, value in own if value is not MISSING}
            arguments[records.id.key] = identifier
        before = records.listing()
        for form, headers, more in _forms(session.transport.token, True):
            exchange = session.ask(operation, {**arguments, **more}, token=None, headers=headers)
            yield from _refused(operation, exchange, form, proof)
        after = records.listing()
        others = after.others(before)
        if others:
            expected = "a write without a valid token is not done"
            yield violation(operation, "", expected, others, proof, [created, after.exchange])


def _betrayed(session: Session, operation: Operation) -> Iterator[Violation]:
    base = session.base(operation)
    for f in operation.parameters:
        known = [v for v in session.existing(f) if isinstance(v, int)] if f.place == "path" and f.refers_to else []
        if not known:
            continue
        asked = [session.ask(operation, {**base, f.key: value}, token=None) for value in (known[0], max(known) + FAR)]
        if asked[0].status != asked[1].status:
            expected = f"the same refusal for {f.name} of {cited(known[0])} and for one that nobody has"
            found = f"{kind_of(asked[0])}, and {kind_of(asked[1])}"
            proof = "plausible: the difference tells strangers which ids exist"
            yield violation(operation, f"{f.place}.{f.name}", expected, found, proof, asked)


def _forms(token: str, everything: bool) -> Iterator[tuple[str, dict[str, str], Arguments]]:
    """Ways to send a token that are wrong: a description, headers, and more arguments."""
    first, last = ("x" if token[0] != "x" else "y"), ("x" if token[-1] != "x" else "y")
    values = {
        "no token": None,
        "the scheme alone": "Bearer",
        "another token": "Bearer wrong-token-0000",
        "the token without its last character": f"Bearer {token[:-1]}",
        "the token and one more character": f"Bearer {token}x",
        "the token with another last character": f"Bearer {token[:-1]}{last}",
        "the token in the other case": f"Bearer {token.swapcase()}",
        "the token without a scheme": token,
        "the token under another scheme": f"Basic {token}",
    }
    if everything:
        values |= {
            "an empty token": "Bearer ",
            "a token of the same length": f"Bearer {'z' * len(token)}",
            "the token without its first character": f"Bearer {token[1:]}",
            "one character and the token": f"Bearer x{token}",
            "the token with another first character": f"Bearer {first}{token[1:]}",
            "the token under a scheme that there is not": f"Bearerx {token}",
            "another token and the token": f"Bearer wrong {token}",
            "two tokens": f"Bearer wrong, Bearer {token}",
        }
    for form, value in values.items():
        if value != f"Bearer {token}":
            yield form, {} if value is None else {"Authorization": value}, {}
    for name in TOKEN_NAMES if everything else TOKEN_NAMES[:1]:
        yield f"the token in the query, as {name}", {}, {("query", name): token}


def _refused(operation: Operation, exchange: Exchange, form: str, proof: str) -> Iterator[Violation]:
    # A name that the query does not know may be refused for itself.
    fits = (401, 403) if "query" not in form else range(400, 500)
    if exchange.status not in fits:
        yield violation(operation, "", f"401 or 403 for {form}", kind_of(exchange), proof, [exchange])
    elif _has_data(operation, exchange):
        yield violation(operation, "", f"no data for {form}", f"{kind_of(exchange)} with data", proof, [exchange])


def _has_data(operation: Operation, exchange: Exchange) -> bool:
    """True if an answer has what the operation answers with, whatever its status."""
    schema, found = operation.answer, exchange.json
    if schema is None or found in (MISSING, None, [], {}):
        return False
    # Where nothing is required, an error matches too: it has none of the properties.
    names = {at[1:] for at, _ in schema.places() if at.count("/") == 1}
    return validator(schema).is_valid(found) and not (isinstance(found, dict) and names and names.isdisjoint(found))


@law("An id that nobody has finds nobody's data.")
def unknown_ids_find_nothing(session: Session, operation: Operation) -> Iterator[Violation | NotJudged | Reading]:
    """Ids that no list names are asked for, in the path and in filters. The answer is an error of the client, or empty;
    never another record, and never an error of the server. Beside a known value, an unknown one adds nothing.
    """
    if not operation.safe:
        return
    base = session.base(operation)
    for f in operation.parameters:
        if not f.refers_to or f.searches:
            continue
        values = session.existing(f)
        numbers = [v for v in values if isinstance(v, int) and not isinstance(v, bool)]
        if not numbers:
            continue
        is_array = f.schema.type == "array"
        # Alternatives beside it would select what is known.
        others = {o.key for o in operation.parameters if o.refers_to and not o.required and o is not f}
        rest = {key: value for key, value in base.items() if key not in others}
        unknowns: list[Any] = [max(numbers) + FAR, int(f"{numbers[0]}00{abs(numbers[0]) % 7}")]
        # Nor is it an id that begins with one.
        unknowns += [f"{numbers[0]}abc"] if f.place == "path" else []
        for unknown in unknowns:
            if unknown in numbers or (not session.knows_all(f) and isinstance(unknown, int) and unknown < max(numbers)):
                continue
            given: Any = [unknown] if is_array else unknown
            exchange = session.ask(operation, {**rest, f.key: given})
            found = rows_of(operation, [exchange]) if exchange.succeeded else []
            has_record = exchange.succeeded and not _is_empty(exchange, found)
            if isinstance(unknown, int) and not has_record:
                yield from _unknown(operation, f, exchange)
            if exchange.status >= 500 or exchange.status in range(300, 400) or has_record:
                expected = f"nothing for {f.name}={cited(unknown)}, which no list names"
                yield violation(operation, f"{f.place}.{f.name}", expected, answered(exchange), f.evidence, [exchange])
        if is_array:
            known_rows, _, _ = session.rows(operation, {**rest, f.key: numbers[:1]})
            both = session.ask(operation, {**rest, f.key: [numbers[0], max(numbers) + FAR]})
            found_both = rows_of(operation, [both]) if both.succeeded else []
            known_texts = {row.text for row in known_rows}
            extra = [row for row in found_both if row.text not in known_texts]
            if both.status >= 500 or extra:
                expected = f"an unknown value adds nothing to {f.name}={cited(numbers[0])}"
                yield violation(
                    operation,
                    f"{f.place}.{f.name}",
                    expected,
                    short(extra[0]) if extra else answered(both),
                    f.evidence,
                    [both],
                )


def _unknown(operation: Operation, f: Parameter, exchange: Exchange) -> Iterator[Reading]:
    """The way in which a server says that there is no such record."""
    question = next((name for name in ("unknown-id", "unknown-filter") if name in f.open), None)
    if question is None or exchange.status >= 500:
        return
    readings = (str(exchange.status), "empty" if exchange.succeeded else "refused")
    for reading in readings:
        if f.admits(question, reading):
            yield Reading(operation.id, question, f"{f.place}.{f.name}", reading, (exchange,))
            return


def _is_empty(exchange: Exchange, rows: list[Any]) -> bool:
    """True if an answer has no records, whatever counters stand around them."""
    if exchange.json in (MISSING, None, [], {}):
        return True
    if rows:
        return False
    return (
        not isinstance(exchange.json, dict) or any(value == [] for value in exchange.json.values()) or not exchange.json
    )


@law("A request that cannot be understood is refused.", probes=True)
def malformed_is_refused(session: Session, operation: Operation) -> Iterator[Violation | NotJudged]:
    """Bodies that are no JSON or no object, values that are in no enumeration, fields to sort by that the spec does not
    name, numbers and dates that are none, and requests that lack what is required are answered with 4XX, not with data
    and not with an error of the server.
    """
    if not operation.safe:
        return
    base = session.base(operation)
    tried: list[tuple[str, Arguments | bytes, str]] = []
    if operation.body is not None:
        tried += [("body", content, operation.body.evidence) for content in (b'{"', b"[1]")]
    dates = [operation.date_range.start, operation.date_range.end] if operation.date_range else []
    for f in operation.parameters:
        key, at, kind = f.key, f"{f.place}.{f.name}", f.schema.type
        if f.place == "path":
            continue  # An id of the wrong form is an unknown id.
        wrong: list[Any] = []
        if f.schema.enum:
            wrong = ["nonsense"]
            if operation.sort is not None and f.known_name == operation.sort.by:
                item = dict(places(operation.answer))[items_pointer(operation)]
                wrong += [name for name, prop in item.properties.items() if prop.schema.type in SORTABLE]
                wrong = [value for value in wrong if value not in f.schema.enum]
        elif kind in ("integer", "number"):
            wrong = ["abc"]
        elif kind == "array":
            wrong = [["abc"]]
        elif f.known_name in dates:
            wrong = ["yesterday", "2024-13-01T00:00:00"]
        tried += [(at, {**base, key: value}, f.evidence) for value in wrong]
        if f.known_name in dates[:1]:
            proof = "plausible: a day that the calendar does not have is a mistake of the client"
            tried.append((at, {**base, key: "2023-02-30T00:00:00"}, proof))
        if f.required:
            tried.append((at, {k: v for k, v in base.items() if k != key}, f.evidence))
    for at, request, evidence in tried:
        if isinstance(request, bytes):
            exchange = session.ask(operation, {}, content=request)
        else:
            exchange = session.ask(operation, request)
        if not 400 <= exchange.status < 500:
            expected = "4XX for what is no valid request"
            yield violation(
                operation, at, expected, f"{kind_of(exchange)}, for {excerpt(exchange.sent)}", evidence, [exchange]
            )


@law("What the spec leaves open is answered, whatever the answer is.", probes=True)
def open_questions_are_asked(session: Session, operation: Operation) -> Iterator[Violation | NotJudged | Reading]:
    """Requests of which the spec leaves open what they are answered with are sent, one question at a time: arguments
    that are null, empty, of another type or unknown, pages before the first, lists of everybody. Any answer but an
    error of the server will do; another rule sees that it is the same throughout.
    """
    if not operation.safe:
        return
    base = session.base(operation)
    for at, arguments in _open_requests(session, operation, base):
        # Once more, for a server that answers by turns.
        for fresh in (False, True):
            exchange = session.ask(operation, arguments, fresh=fresh)
            if exchange.status >= 500:
                found = f"{answered(exchange)}, for {excerpt(exchange.sent)}"
                yield violation(operation, at, "an answer other than 5XX", found, operation.evidence, [exchange])
            place, _, name = at.partition(".")
            f = next((f for f in operation.parameters if (f.place, f.name) == (place, name)), None)
            if f is not None and arguments.get(f.key) == 0 and f.admits("below-one", "empty") and exchange.succeeded:
                there, here = (rows_of(operation, [each]) for each in (session.get(operation, base), exchange))
                if there and not here:
                    yield Reading(operation.id, "below-one", at, "empty", (exchange,))
    if "none-selected" in operation.open:
        yield from _none_selected(session, operation, base)
    if "both-selected" in operation.open:
        yield from _both_selected(session, operation, base)


def _both_selected(session: Session, operation: Operation, base: Arguments) -> Iterator[Violation | Reading]:
    """Where a group, a member of it and a member of another are named, rows are those of either or of both."""
    either = selectors(operation)
    group, members = (
        next((f for f in either if (f.schema.type == "array") is several), None) for several in (False, True)
    )
    if group is None or members is None:
        return
    rest = {key: value for key, value in base.items() if key not in {f.key for f in either}}

    def rows(*given: tuple[Parameter, Any]) -> set[str]:
        answer = session.get(operation, {**rest, **{f.key: value for f, value in given}})
        return {row.text for row in rows_of(operation, [answer])}

    of_member = {value: rows((members, [value])) for value in spread(session.existing(members), SOME * 2)}
    for value in spread(session.existing(group), SOME):
        whole = rows((group, value))
        inside = [one for one, its in of_member.items() if its and its < whole]
        outside = [one for one, its in of_member.items() if its and its.isdisjoint(whole)]
        if not inside or not outside:
            continue
        own, other = of_member[inside[0]], of_member[outside[0]]
        ways = {"both": own, "account": whole, "services": own | other, "union": whole | other}
        for fresh in (False, True):
            asked = {**rest, group.key: value, members.key: [inside[0], outside[0]]}
            answer = session.ask(operation, asked, fresh=fresh)
            found = {row.text for row in rows_of(operation, [answer])} if answer.succeeded else set()
            fits = [name for name, its in ways.items() if its == found and operation.admits("both-selected", name)]
            reading = next(iter(fits), "") if answer.succeeded else "refused"
            if reading and answer.status < 500:
                yield Reading(operation.id, "both-selected", "", reading, (answer,))
            elif answer.succeeded:
                expected = (
                    f"rows of {group.name}={cited(value)}, of {members.name}={cited(asked[members.key])}, or both"
                )
                extra = found - ways["union"]
                said = f"{len(found)} rows, {len(extra)} of them of neither" if extra else f"{len(found)} rows"
                proof = operation.open["both-selected"].evidence
                yield violation(operation, f"{group.place}.{group.name}", expected, said, proof, [answer])
        return


def _none_selected(session: Session, operation: Operation, base: Arguments) -> Iterator[Violation | Reading]:
    """Where nothing says what rows are about, they are those of everything, or none."""
    either = selectors(operation)
    rest = {key: value for key, value in base.items() if key not in {f.key for f in either}}
    if not rows_of(operation, [session.get(operation, base)]):
        return
    for fresh in (False, True):
        bare = session.ask(operation, rest, fresh=fresh)
        rows = rows_of(operation, [bare]) if bare.succeeded else []
        some = "everything" if rows else "nothing"
        if bare.status < 500:
            yield Reading(operation.id, "none-selected", "", some if bare.succeeded else "refused", (bare,))
        for f in either if rows else ():
            for value in spread(session.existing(f), SOME):
                one = session.get(operation, {**rest, f.key: [value] if f.schema.type == "array" else value})
                missing, _ = difference(rows_of(operation, [one]), rows)
                if missing:
                    proof = operation.open["none-selected"].evidence
                    expected, found = "all rows, or none, where nothing is selected", told(missing, [])
                    yield violation(operation, f"{f.place}.{f.name}", expected, found, proof, [one, bare])
                    return


def _open_requests(session: Session, operation: Operation, base: Arguments) -> Iterator[tuple[str, Arguments]]:
    """Requests with one thing in them that the spec leaves open, and its place."""
    place = "body" if operation.body is not None else "query"
    yield place, {**base, (place, "unknown_argument"): 1}
    for f in operation.parameters:
        at, names = f"{f.place}.{f.name}", operation.pagination
        known = base.get(f.key) or next(iter([*session.existing(f), *operation.examples_of(f)]), None)
        if f.place == "body" and not f.required:
            yield at, {**base, f.key: None}
        if f.place == "body" and f.schema.type in ("integer", "number") and known is not None:
            yield at, {**base, f.key: str(known)}
        if f.place == "query" and "empty-argument" in f.open:
            yield at, {**base, f.key: ""}
        if names is not None and f.known_name in (names.page, names.limit):
            yield at, {**base, f.key: 0}
        if "largest-limit" in f.open:
            yield at, {**base, f.key: 10**6}


@law("No value, however extreme, is an error of the server.", probes=True)
def extremes_are_answered(session: Session, operation: Operation) -> Iterator[Violation | NotJudged]:
    """Numbers at and beyond the ends of their types, empty lists and texts, long texts, leap days, dates at the ends of
    the calendar and values in another case are sent, one at a time. What the answer is, is the server's matter; but it
    is an answer, and no status of 5XX.
    """
    if not operation.safe:
        return
    base = session.base(operation)
    for f in operation.parameters:
        # Alternatives beside it would select what is known.
        others = {o.key for o in operation.parameters if o.refers_to and not o.required and o is not f}
        rest = {key: value for key, value in base.items() if key not in others} if f.refers_to else base
        dates = operation.date_range
        for value in _extremes(f, dates is not None and f.known_name in (dates.start, dates.end)):
            exchange = session.ask(operation, {**rest, f.key: value})
            if exchange.status >= 500:
                at, found = f"{f.place}.{f.name}", f"{answered(exchange)}, for {short(value)}"
                yield violation(operation, at, "an answer other than 5XX", found, f.evidence, [exchange])


def _extremes(f: Parameter, is_date: bool) -> list[Any]:
    numbers = [0, -1, 2**31, 10**10, 2**63]
    kind = f.schema.type
    if is_date:
        return ["0001-01-01T00:00:00", "2020-02-29T00:00:00", "9999-12-31T23:59:59", ""]
    if f.schema.enum:
        return ["", *(str(value).swapcase() for value in f.schema.enum[:1])]
    if kind == "array":
        return [[], *([number] for number in numbers)]
    if kind in ("integer", "number"):
        return list(numbers)
    return ["", "ñ", "a" * 2_000] if kind == "string" and f.place != "path" else []
