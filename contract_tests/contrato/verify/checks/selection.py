"""Checks of the records that an answer selects: by arguments, by search, once each."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

from contrato.core.spec import Api, Operation
from contrato.verify.checks.values import answered, list_pointer, listed, same, violation_in
from contrato.verify.documents import MISSING, cited, find, short
from contrato.verify.exchange import Exchange
from contrato.verify.findings import Violation
from contrato.verify.leniency import may_be_changed
from contrato.verify.rules import check
from contrato.verify.texts import folded

LONGEST_TEXT = 255
"""Texts up to here must come back as they were sent; few databases keep names that are longer."""


@check("What a request selects by, or writes, is what comes back.", needs=("x-echo",))
def answers_echo_the_request(exchange: Exchange, spec: Api) -> Iterator[Violation | None]:
    """An answer to a request for one record, one account or one service holds nothing of another, and a record that was
    created or changed is answered with the values that were sent.

    Spaces around a text and Unicode's two ways of writing one letter are not told apart. Nothing is said of values that
    the spec does not allow, of texts longer than 255 characters or with control characters, or of a filter beside its
    alternative.
    """
    answer = answered(exchange)
    if answer is MISSING or exchange.operation is None or not any(f.echo for f in exchange.operation.parameters):
        return
    yield None
    for f in exchange.operation.parameters:
        given, echo = exchange.clear_arguments.get(f.key, MISSING), f.echo
        if given is MISSING or echo is None or echo.found_as is not None:
            continue
        if echo.unless is not None and exchange.operation.parameter(echo.unless).key in exchange.arguments:
            continue
        wanted = given if isinstance(given, list) else [given]
        if not wanted or not all(_repeatable(value) and not may_be_changed(f, value) for value in wanted):
            continue
        for found in find(answer, echo.at):
            if not any(same(value, found) for value in wanted):
                expected = f"the value of {f.name} that was sent: {' or '.join(map(short, wanted))}"
                yield violation_in(exchange, echo.at, expected, short(found), echo.evidence)
                break


def _repeatable(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= LONGEST_TEXT and not any(unicodedata.category(c).startswith("C") for c in value)
    return not isinstance(value, int | float) or abs(value) < 2**31


@check("Everything that a search finds has the words that were searched.", needs=("x-searches",))
def search_finds_the_text(exchange: Exchange, spec: Api) -> Iterator[Violation | None]:
    """How a text is matched is not documented, so capitals, accents and the order of the words do not count; but each
    word, or one of them where the spec admits that, is in one of the fields that the spec names.
    """
    answer = answered(exchange)
    if answer is MISSING or exchange.operation is None:
        return
    for f in exchange.operation.parameters:
        text = exchange.clear_arguments.get(f.key, MISSING)
        if text is MISSING or f.searches is None:
            continue
        yield None
        words = re.findall(r"[^\W_]+", folded(text))
        for item in listed(exchange, answer) or []:
            shown = " ".join(folded(str(value)) for field in f.searches.fields for value in find(item, field))
            absent = [word for word in words if word not in shown]
            if absent and (absent == words or not f.admits("search-words", "any-word")):
                at, expected = list_pointer(exchange) + "/*", f"items with the text of {f.name}: {short(text)}"
                yield violation_in(exchange, at, expected, short(shown), f.searches.evidence)
                break


@check("A list that has only one kind of record has no other.", needs=("x-always",))
def always_as_the_list_says(exchange: Exchange, spec: Api) -> Iterator[Violation | None]:
    """Where a value of its records defines a list, such as a list of what is active, each record has that value."""
    answer = answered(exchange)
    if answer is MISSING or exchange.operation is None:
        return
    for law in exchange.operation.always:
        yield None
        other = [value for value in find(answer, law.at) if not same(law.value, value)]
        if other:
            yield violation_in(exchange, law.at, short(law.value), short(other[0]), law.evidence)


@check("No record is listed twice in one answer.", needs=("x-identity",))
def identifiers_are_unique(exchange: Exchange, spec: Api) -> Iterator[Violation | None]:
    """The identifiers that `x-identity` names occur once each."""
    answer = answered(exchange)
    identity = exchange.operation.identity if exchange.operation else None
    if answer is MISSING or identity is None:
        return
    for at in identity.at:
        yield None
        times = Counter(repr(value) for value in find(answer, at))
        twice = next((value for value, count in times.items() if count > 1), None)
        if twice:
            yield violation_in(
                exchange, at, "each value once", f"{cited(twice)} {times[twice]} times", identity.evidence
            )


@check("An identifier stands for one thing.", needs=("x-refers-to",))
def identifiers_mean_one_thing(exchange: Exchange, spec: Api) -> Iterator[Violation | None]:
    """Where records hold another one, such as their company, with an identifier that arguments refer to: those with the
    same identifier in one answer are alike, in each field that the spec has and both give.
    """
    answer = answered(exchange)
    for at, fields in _held(exchange.operation) if answer is not MISSING and exchange.operation else ():
        parent, _, name = at.rpartition("/")
        yield None
        seen: dict[str, dict[str, Any]] = {}
        for held in find(answer, parent):
            if not isinstance(held, dict) or not isinstance(held.get(name), int | str):
                continue
            first = seen.setdefault(repr(held[name]), held)
            both = [field for field in fields if first.get(field) is not None and held.get(field) is not None]
            if other := next((field for field in both if not same(first[field], held[field])), None):
                expected = f"{short(first[other])}, as elsewhere beside {name} {short(held[name])}"
                proof = "inferred: an identifier stands for one thing"
                yield violation_in(exchange, f"{parent}/{other}", expected, short(held[other]), proof)
                break


@cache
def _held(operation: Operation) -> list[tuple[str, list[str]]]:
    """The identifiers of records within records that arguments refer to, and the other fields of those records."""
    parameters = (f for each in operation.api.operations.values() for f in each.parameters)
    pointers = {source.pointer for f in parameters for source in f.refers_to if source.operation == operation.id}
    found = []
    for at in sorted(pointers):
        parent, _, name = at.rpartition("/")
        schema = operation.answer.at(parent) if operation.answer is not None and not parent.endswith("*") else None
        if schema is not None:
            plain = [key for key, field in schema.properties.items() if field.schema.type not in ("object", "array")]
            found.append((at, [key for key in plain if key != name]))
    return found
