"""Legal variants made from the spec: the bundled server follows another reading of an open question than ours.

The questions, their readings and the places that they are about come from the spec. Here is only how the server comes
to follow them.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch
from urllib.parse import quote

from starlette.types import ASGIApp

from contrato import mock
from contrato.core import spec
from contrato.core.extensions import Opening
from contrato.core.schema import Schema
from contrato.core.spec import Parameter
from contrato.mock.apportionments import Apportionments
from contrato.mock.neu import Neu
from mutants.server import (
    Answer,
    Ask,
    Base,
    Change,
    Server,
    Variant,
    alter,
    answer,
    answers,
    chain,
    encode,
    exchange,
    headers,
    requests,
    responses,
)

Item = dict[str, Any]
Items = list[Any]
Probe = tuple[tuple[str, Mapping[str, Any]], ...]


# Where a question is open.


def _otherwise(opened: Mapping[str, Opening], question: str, reading: str) -> bool:
    """True if the question is open there, and an honest server may follow the reading, which is not ours."""
    opening = opened.get(question)
    return opening is not None and reading in opening.readings and reading != opening.ours


def operations_about(api: str, question: str, reading: str) -> dict[str, list[Parameter]]:
    """Operations about which the question is open, or about their body, or about arguments: then with these."""
    found = {}
    for operation in spec.api(api).operations.values():
        about = [each for each in operation.parameters if _otherwise(each.open, question, reading)]
        whole = [operation, operation.body] if operation.body else [operation]
        if about or any(_otherwise(element.open, question, reading) for element in whole):
            found[operation.id] = about
    return found


def fields_about(api: str, question: str, reading: str) -> dict[str, dict[str, list[str]]]:
    """Fields of answers about which the question is open: by operation, and by pointer to the record."""
    found: dict[str, dict[str, list[str]]] = {}
    for operation in spec.api(api).operations.values():
        for pointer, schema in operation.answer.places() if operation.answer else ():
            if _otherwise(schema.open, question, reading):
                record, _, name = pointer.rpartition("/")
                found.setdefault(operation.id, {}).setdefault(record, []).append(name)
    return found


Follow = Callable[[str, str, str], Change]
"""Makes the change for an API, a question of it and a reading."""


def at_operations(change: Callable[[str], Change]) -> Follow:
    """Change the operations about which the question is open."""
    return lambda *reading: change(" ".join(operations_about(*reading)))


def everywhere(change: Change) -> Follow:
    """Change what the change itself chooses."""
    return lambda *_: change


def at_arguments(change: Callable[[Ask, Server, list[Parameter]], Awaitable[Answer]]) -> Follow:
    """Change the requests to operations with arguments about which the question is open."""

    def follow(*reading: str) -> Change:
        about = operations_about(*reading)

        async def changed(ask: Ask, server: Server) -> Answer:
            return await change(ask, server, about[ask.operation])

        return exchange(" ".join(about), changed)

    return follow


def at_fields(change: Callable[[Item, list[str]], Item]) -> Follow:
    """Change the records with fields about which the question is open."""

    def follow(*reading: str) -> Change:
        def altered(operation: str, record: str, names: list[str]) -> Change:
            return answers(operation, lambda item: change(item, [n for n in names if n in item]), record)

        about = fields_about(*reading)
        return chain(*(altered(op, record, names) for op, at in about.items() for record, names in at.items()))

    return follow


def at_values(change: Callable[[Any], Any]) -> Follow:
    """Change the values of the fields about which the question is open, those that are not null."""
    return at_fields(
        lambda item, names: {**item, **{name: change(item[name]) for name in names if item[name] is not None}}
    )


# Other data.


def other_data(neu: type[Neu] = Neu, apportionments: type[Apportionments] = Apportionments) -> Base:
    """The bundled server over data that is made otherwise."""

    def base(seed: int, token: str) -> ASGIApp:
        with patch("contrato.mock.app.Neu", neu), patch("contrato.mock.app.Apportionments", apportionments):
            return mock.create_app(seed, token)

    return base


async def unchanged(ask: Ask, server: Server) -> Answer:
    """Stand for a change that the data make."""
    return await server(ask)


# Refusals.


def refusal(ask: Ask, *names: str) -> Answer:
    """A refusal of these arguments, as the API writes it."""
    if ask.api == "neu":
        return answer(400, {"message": "La petición no es válida.", "fields": list(names)})
    return answer(422, {name: [f"O campo {name.removeprefix('_')} é inválido."] for name in names})


async def undone(ask: Ask, server: Server) -> Answer:
    """What the bundled server answers, which keeps nothing of it."""
    before = await server(ask.to("getApportionment", id=ask.argument("id"))) if "id" in ask.arguments else None
    clean = await server(ask)
    if ask.operation == "createApportionment" and clean.ok:
        await server(ask.to("deleteApportionment", id=clean.json()["id"]))
    elif ask.operation == "updateApportionment" and clean.ok and before is not None:
        old = before.json()
        names = {parameter.name for parameter in ask.target.parameters} & set(old)
        tariff = old["apportionment_tariff_type"]["id"]
        await server(ask.to(ask.operation, **{n: old[n] for n in names}, apportionment_tariff_type_id=tariff))
    return clean


def refuse(operations: str, when: Callable[[Ask], Iterable[str]]) -> Change:
    """Refuse requests that the bundled server would answer, for the sake of the arguments that `when` names."""

    async def changed(ask: Ask, server: Server) -> Answer:
        wrong = list(when(ask))
        if not wrong:
            return await server(ask)
        # The token comes first, and what else is wrong is named too. What does not exist cannot be changed.
        clean = await server(ask) if ask.target.safe else await undone(ask, server)
        if clean.status == 422:
            return clean.with_json({**refusal(ask, *wrong).json(), **clean.json()})
        return refusal(ask, *wrong) if clean.ok or (clean.status == 204 and ask.target.safe) else clean

    return exchange(operations, changed)


def refusing_if(when: Callable[[Ask], bool], *names: str) -> Follow:
    """Refuse requests that fulfil a condition, for the sake of these arguments, or of the body."""
    return at_operations(lambda operations: refuse(operations, lambda ask: names or ("body",) if when(ask) else ()))


def status_becomes(status: int, new: Answer) -> Callable[[Answer], Answer]:
    """Every answer of one status becomes another answer."""
    return lambda old: new if old.status == status else old


def _as_problem(old: Answer) -> Answer:
    problem = {"type": "about:blank", "title": "Error", "status": old.status}
    return replace(old, body=encode(problem)).with_header("content-type", "application/problem+json")


def _as_text(old: Answer) -> Answer:
    return replace(old, body=f"Error {old.status}\n".encode()).with_header("content-type", "text/plain; charset=utf-8")


def _as_page(old: Answer) -> Answer:
    page = f"<!doctype html><title>{old.status}</title><p>Error".encode()
    return replace(old, body=page).with_header("content-type", "text/html; charset=utf-8")


def _as_nothing(old: Answer) -> Answer:
    return replace(old, body=b"").with_header("content-type", None)


def _errors(change: Callable[[Answer], Answer]) -> Follow:
    """Change the errors of which the document does not show the body."""

    def follow(api: str, *_: str) -> Change:
        shown = (422,) if api == "apportionments" else ()
        return responses("*", lambda old: change(old) if old.status >= 400 and old.status not in shown else old)

    return follow


def _limiting(**headers: str) -> Change:
    """Refuse every thirtieth request, undone."""

    async def limited(ask: Ask, server: Server) -> Answer:
        ask.memory["count"] = ask.memory.get("count", 0) + 1
        if ask.memory["count"] % 30 == 0:
            return answer(429, {"message": "Too Many Requests"}, **headers)
        return await server(ask)

    return exchange("*", limited)


async def _other_methods(ask: Ask, server: Server) -> Answer:
    """HEAD is like GET, OPTIONS tells the methods, PATCH is like PUT."""
    api = spec.api(ask.api)
    path = quote(ask.path.removeprefix(api.mount))
    found = {operation.method: operation for operation in api.operations.values() if operation.match(path) is not None}
    if ask.method == "OPTIONS" and found:
        methods = sorted({*found, "OPTIONS"} | ({"HEAD"} if "GET" in found else set()))
        return Answer(204, (("allow", ", ".join(methods)),))
    if ask.method == "HEAD":
        clean = await server(replace(ask, method="GET"))
        return replace(clean, body=b"", headers=(*clean.headers, ("content-length", str(len(clean.body)))))
    if ask.method == "PATCH" and "PUT" in found:
        return await server(replace(ask, method="PUT", operation=found["PUT"].id))
    return await server(ask)


# Arguments.


async def known(ask: Ask, server: Server, parameter: Parameter) -> set[Any]:
    """The values of an argument that exist, found where the spec says."""
    values: set[Any] = set()

    def seen(value: Any) -> Any:
        values.add(value)
        return value

    for reference in parameter.refers_to:
        found = await server(ask.to(reference.operation))
        if found.ok:
            alter(found.json(), reference.pointer, seen)
    return values


def _obvious(value: Any, schema: Schema) -> Any:
    """The value that is meant by one of another type; the value itself if it is of the type, or means nothing."""
    if schema.type == "array" and schema.items is not None:
        values = value if isinstance(value, list) else [value]
        return [_obvious(each, schema.items) for each in values] if value is not None else value
    if schema.type == "integer" and isinstance(value, str) and re.fullmatch(r"-?\d{1,15}", value):
        return int(value)
    if schema.type == "boolean" and value in (0, 1, "0", "1", "true", "false"):
        return value in (1, "1", "true")
    if schema.type == "string" and not schema.is_timestamp and not schema.enum and type(value) in (int, float):
        return str(value)
    return value


def as_meant(ask: Ask) -> Ask:
    """Each argument as it is meant."""
    if not ask.readable:
        return ask
    schemas = {parameter.name: parameter.schema for parameter in ask.target.parameters if parameter.place == "body"}
    meant = {
        name: _obvious(value, schemas[name]) if name in schemas else value for name, value in ask.arguments.items()
    }
    return ask.asking(meant)


def without_nulls(asked: Item) -> Item:
    """The arguments that are not null."""
    return {name: value for name, value in asked.items() if value is not None}


def unknown_arguments(ask: Ask) -> list[str]:
    """Names of arguments that the operation does not have."""
    with_body = ask.target.body is not None
    names = {parameter.name for parameter in ask.target.parameters if (parameter.place == "body") == with_body}
    return sorted(set(ask.json() if with_body else ask.query) - names) if ask.readable else []


# The readings.


@dataclass(frozen=True)
class Reading:
    """How the bundled server follows a reading."""

    question: str
    reading: str
    follow: Follow
    base: Base = mock.create_app
    inconclusive: bool = False
    probe: Probe = ()


BOTH = (
    Reading(
        "other-methods",
        "404",
        everywhere(
            responses(
                "*", lambda old: replace(old, status=404).with_header("allow", None) if old.status == 405 else old
            )
        ),
    ),
    Reading("other-methods", "served", everywhere(exchange("*", _other_methods))),
    Reading(
        "token-refusal",
        "403",
        everywhere(responses("*", lambda old: replace(old, status=403) if old.status == 401 else old)),
    ),
    Reading("challenge", "left-out", everywhere(headers("*", {"www-authenticate": None}))),
    Reading("rate-limit", "retry-after", everywhere(_limiting(retry_after="1"))),
    Reading("rate-limit", "silent", everywhere(_limiting())),
    Reading("error-body", "problem", _errors(_as_problem)),
    Reading("error-body", "text", _errors(_as_text)),
    Reading("error-body", "html", _errors(_as_page)),
    Reading("error-body", "empty", _errors(_as_nothing)),
    Reading("body-required", "required", refusing_if(lambda ask: not ask.body)),
    Reading("lenient-type", "taken", at_operations(lambda operations: requests(operations, as_meant))),
    Reading("unknown-argument", "refused", at_operations(lambda operations: refuse(operations, unknown_arguments))),
)

_LEARNED = "The suite finds out before it judges: tests/verify/test_verify.py has such a server."
NOT_SIMULATED = {
    ("neu", "base-path", "none"): "The suite is told the base URL, with or without a path.",
    ("neu", "path", "other"): "`make moved` runs everything with other paths.",
    ("neu", "argument-place", "query"): "`make moved` runs everything with arguments in the query.",
    ("neu", "services-name", "Id_servicess"): _LEARNED,
    ("neu", "page-argument", "table-body"): _LEARNED,
    ("neu", "page-argument", "table-url"): _LEARNED,
    ("neu", "page-argument", "page-url"): _LEARNED,
    ("apportionments", "host", "several"): "The suite is told the base URL.",
}
"""Readings that no variant follows, by API and question, and why."""


def variants_of(api: str, readings: Iterable[Reading]) -> Iterator[Variant]:
    """Make a variant of each reading that is open in the spec; what is settled there is left out."""
    questions = spec.api(api).questions
    openings = [site.opening for site in spec.api(api).open_sites()]
    open_ones = {(each.question.id, name) for each in openings for name in each.readings if name != each.ours}
    prefix = "" if api == "neu" else f"{api}-"
    for each in readings:
        if (each.question, each.reading) not in open_ones:
            continue
        question = questions[each.question]
        yield Variant(
            name=f"{prefix}{each.question}-{each.reading}".lower().replace("_", "-"),
            apis=(api,),
            sentence=f"{question.question} {question.readings[each.reading]}",
            why=str(question.why),
            change=each.follow(api, each.question, each.reading),
            base=each.base,
            inconclusive=each.inconclusive,
            probe=each.probe,
            reading=(each.question, each.reading),
        )
