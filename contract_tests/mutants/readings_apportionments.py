"""How the bundled server follows other readings of apportionments' open questions than ours."""

import re
import time
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from contrato.core.spec import Parameter
from contrato.mock.apportionments import Apportionments, message
from contrato.mock.neu import Neu
from mutants.readings import (
    BOTH,
    Follow,
    Item,
    Items,
    Reading,
    at_arguments,
    at_fields,
    at_operations,
    everywhere,
    fields_about,
    other_data,
    refusal,
    refuse,
    refusing_if,
    unchanged,
    variants_of,
    without_nulls,
)
from mutants.server import (
    Answer,
    Ask,
    Change,
    Server,
    answer,
    arguments,
    cut,
    exchange,
    page_of,
    requests,
    responses,
    size_of,
    to_page,
)

NOTHING = "\N{ZERO WIDTH NO-BREAK SPACE}"


class _Undescribed(Apportionments):
    """Every third record has no description."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        for record in list(self._records.values())[::3]:
            record["description"] = NOTHING


class _UniqueNames(Apportionments):
    """No two records have one name."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        for record in self._records.values():
            record["name"] = f"{record['name']} {record['id']}"


# Apportionments.


def _below_one(ask: Ask) -> list[str]:
    asked = ask.target.pagination
    names = [name for name in (asked.page, asked.limit) if name] if asked else []
    return [name for name in names if isinstance(n := ask.argument(name), int) and n < 1]


async def _refuse_below_one(ask: Ask, server: Server) -> Answer:
    clean, low = await server(ask), _below_one(ask)
    return refusal(ask, *low) if clean.status == 204 and low else clean


def _defaults_below_one(ask: Ask) -> Ask:
    defaults = {name: ask.target.parameter(name).schema.default for name in _below_one(ask)}
    return ask.with_arguments(**defaults) if defaults else ask


def relisted_records(change: Callable[[Ask, Items], Items], when: Callable[[Ask], bool], *unasked: str) -> Change:
    """Pages of apportionments are cut from another list of all records.

    Args:
        change: gives the records for those that the server finds.
        when: which requests.
        unasked: arguments without which the server looks for them.

    """

    async def changed(ask: Ask, server: Server) -> Answer:
        clean = await server(ask)
        if clean.status not in (200, 204) or _below_one(ask):
            return clean
        found = await server(ask.without(*unasked).with_arguments(_page=1, _limit=1_000_000))
        items = change(ask, found.json()["items"] if found.ok else [])
        page, limit = page_of(ask), size_of(ask)
        shown = cut(items, page, limit)
        if not shown:
            return answer(204)
        return answer(200, {"items": shown, "total": len(items), "per_page": limit, "current_page": page})

    return exchange("listApportionments", changed, when)


def _plain(text: str) -> str:
    """The text without accents, in small letters."""
    letters = unicodedata.normalize("NFD", text)
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).casefold()


def _searching(found: Callable[[str, Item], bool]) -> Follow:
    return everywhere(
        relisted_records(
            lambda ask, records: [record for record in records if found(ask.argument("_q"), record)],
            lambda ask: bool(ask.argument("_q")),
            "_q",
        )
    )


def _texts(record: Item) -> list[str]:
    return [record["name"], record["description"]]


def _by_words(enough: Callable[[Iterable[bool]], bool]) -> Follow:
    def found(text: str, record: Item) -> bool:
        words, where = text.casefold().split(), " ".join(_texts(record)).casefold()
        return enough(word in where for word in words) if words else text.casefold() in where

    return _searching(found)


def _starts(text: str, record: Item) -> bool:
    return any(re.search(r"(?<!\w)" + re.escape(text.casefold()), each.casefold()) for each in _texts(record))


def _collated(key: Callable[[str], Any]) -> Follow:
    """Order names by this; equal ones by number."""

    def ordered(ask: Ask, records: Items) -> Items:
        return sorted(
            records, key=lambda each: (key(each["name"]), each["id"]), reverse=ask.argument("_order") != "asc"
        )

    return everywhere(relisted_records(ordered, lambda ask: ask.argument("_sort") == "name"))


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", _plain(name))]


def _empty_arguments(parameters: list[Parameter], ask: Ask) -> list[str]:
    return [each.name for each in parameters if ask.query.get(each.name) == ""]


async def _refuse_empty(ask: Ask, server: Server, parameters: list[Parameter]) -> Answer:
    clean, empty = await server(ask), _empty_arguments(parameters, ask)
    return refusal(ask, *empty) if clean.status in (200, 204) and empty else clean


async def _drop_empty(ask: Ask, server: Server, parameters: list[Parameter]) -> Answer:
    empty = set(_empty_arguments(parameters, ask))
    kept = [(name, value) for name, value in ask.query.items() if name not in empty]
    return await server(replace(ask, query_string=urlencode(kept)) if empty else ask)


def _other_defaults(ask: Ask) -> Ask:
    others = {"_limit": 15, "_sort": "name", "_order": "asc"}
    return ask.with_arguments(**{name: value for name, value in others.items() if name not in ask.query})


def _limit_cut(ask: Ask) -> Ask:
    limit = ask.argument("_limit")
    return ask.with_arguments(_limit=25) if isinstance(limit, int) and limit > 25 else ask


async def _limit_refused(ask: Ask, server: Server) -> Answer:
    clean, limit = await server(ask), ask.argument("_limit")
    large = isinstance(limit, int) and limit > 100
    return refusal(ask, "_limit") if clean.status in (200, 204) and large else clean


async def _short_refused(ask: Ask, server: Server) -> Answer:
    clean, text = await server(ask), ask.argument("_q")
    short = isinstance(text, str) and 0 < len(text.strip()) < 3
    return refusal(ask, "_q") if clean.status in (200, 204) and short else clean


async def _empty_page(ask: Ask, server: Server) -> Answer:
    clean = await server(ask)
    if clean.status != 204 or _below_one(ask):
        return clean
    first = await server(to_page(ask, 1))
    page = {"items": [], "per_page": size_of(ask), "current_page": page_of(ask)}
    return first.with_json({**first.json(), **page}) if first.ok else clean


async def _soon(ask: Ask, server: Server) -> Answer:
    """The list shows a new record a second after its creation."""
    new: dict[int, float] = ask.memory.setdefault("new", {})
    clean = await server(ask)
    if ask.operation == "createApportionment" and clean.ok:
        new[clean.json()["id"]] = time.monotonic() + 1
    hidden = {identifier for identifier, shown in new.items() if time.monotonic() < shown}
    if ask.operation != "listApportionments" or not hidden:
        return clean

    def listed(_: Ask, records: Items) -> Items:
        return [record for record in records if record["id"] not in hidden]

    return await relisted_records(listed, lambda _: True)(ask, server)


def _like_unseen(operations: str) -> Change:
    """Who may not change a record is answered as if there were none."""

    async def changed(ask: Ask, server: Server) -> Answer:
        clean = await server(ask.with_json([]) if ask.target.body else ask.to("getApportionment", **ask.arguments))
        return clean if clean.status in (401, 404) else answer(204)

    return exchange(operations, changed)


def _nullable(ask: Ask) -> dict[str, Any]:
    """The fields of a record that may be null, with what the bundled server keeps instead."""
    schema = ask.target.answer
    names = {name for name, each in schema.properties.items() if each.schema.nullable} if schema else set()
    kept = {"description": NOTHING, "mixed_consumption": False, "limit_day": 1}
    return {name: value for name, value in kept.items() if name in names}


async def _null_set(ask: Ask, server: Server) -> Answer:
    """A field that is sent as null has no value, where an answer can show that."""
    if ask.operation not in ("createApportionment", "updateApportionment"):
        return _shown_unset(await server(ask), ask.memory, absent=False)
    asked = ask.arguments if ask.readable else {}
    nulls = {name: value for name, value in _nullable(ask).items() if name in asked and asked[name] is None}
    clean = await server(ask.with_arguments(**nulls) if nulls else ask)
    if clean.ok:
        unset = ask.memory.setdefault("unset", {}).setdefault(clean.json()["id"], set())
        unset -= set(asked)
        unset |= set(nulls)
    return _shown_unset(clean, ask.memory, absent=False)


def _shown_unset(old: Answer, memory: Mapping[str, Any], *, absent: bool) -> Answer:
    """Records show that fields of theirs have no value."""
    unset: Mapping[int, set[str]] = memory.get("unset", {})

    def shown(record: Item) -> Item:
        names = unset.get(record["id"], ())
        if absent:
            return {name: value for name, value in record.items() if name not in names}
        return {**record, **dict.fromkeys(names)}

    if not old.ok:
        return old
    body = old.json()
    listed = "items" in body
    return old.with_json({**body, "items": [shown(each) for each in body["items"]]} if listed else shown(body))


def _unset(absent: bool) -> Follow:
    """A field that was not given at creation has no value until an update names it."""

    def follow(*reading: str) -> Change:
        names = {name for at in fields_about(*reading).values() for found in at.values() for name in found}

        async def changed(ask: Ask, server: Server) -> Answer:
            clean = await server(ask)
            if clean.ok and ask.operation in ("createApportionment", "updateApportionment"):
                unset = ask.memory.setdefault("unset", {})
                before = names if ask.operation == "createApportionment" else unset.get(clean.json()["id"], set())
                unset[clean.json()["id"]] = before - set(ask.arguments)
            return _shown_unset(clean, ask.memory, absent=absent)

        return exchange("*", changed)

    return follow


def _undescribed(absent: bool) -> Follow:
    def change(item: Item, names: list[str]) -> Item:
        nothing = [name for name in names if item[name] == NOTHING]
        if absent:
            return {name: value for name, value in item.items() if name not in nothing}
        return {**item, **dict.fromkeys(nothing)}

    return at_fields(change)


async def _unknown_reference(ask: Ask, server: Server, parameters: list[Parameter]) -> Answer:
    clean = await server(ask)
    names = {each.name for each in parameters}
    asked = ask.arguments
    unknown = (
        clean.status == 422
        and set(clean.json()) <= names
        and all(type(asked.get(name)) is int for name in clean.json())
        and all(texts == [message(name, "enum", None)] for name, texts in clean.json().items())
    )
    return answer(204) if unknown else clean


async def _missing_fields(ask: Ask, server: Server, _: list[Parameter]) -> Answer:
    names = [parameter.name for parameter in ask.target.parameters if parameter.place == "body"]
    asked = ask.arguments if ask.readable else {}
    return await refuse(ask.operation, lambda _: [name for name in names if name not in asked])(ask, server)


async def _delete_missing(ask: Ask, server: Server) -> Answer:
    there = await server(ask.to("getApportionment", **ask.arguments))
    gone = there.status == 204
    return answer(404, {"message": "Rateio não encontrado."}) if gone else await server(ask)


def _bad_id(status: int) -> Follow:
    body = None if status == 204 else {"message": "Rateio não encontrado."}
    return at_arguments(lambda ask, server, about: _other_bad_id(ask, server, about, answer(status, body)))


async def _other_bad_id(ask: Ask, server: Server, parameters: list[Parameter], new: Answer) -> Answer:
    clean = await server(ask)
    bad = clean.status == 422 and set(clean.json()) <= {each.name for each in parameters}
    large = any(isinstance(n := ask.arguments.get(each.name), int) and abs(n) >= 2**63 for each in parameters)
    return new if bad or (large and clean.status == 204) else clean


LONGEST = {"name": 60, "description": 200}


def _too_large(ask: Ask) -> list[str]:
    asked = ask.arguments
    return [name for name, most in LONGEST.items() if isinstance(asked.get(name), str) and len(asked[name]) > most]


def _fitting(asked: Item) -> Item:
    cut_short = {name: asked[name][:most] for name, most in LONGEST.items() if isinstance(asked.get(name), str)}
    day = asked.get("limit_day")
    bounded = {"limit_day": min(max(day, 1), 31)} if type(day) is int else {}
    return {**asked, **cut_short, **bounded}


def _odd(ask: Ask) -> list[str]:
    asked = ask.arguments
    return [n for n in LONGEST if isinstance(asked.get(n), str) and asked[n] != _tidy(asked[n])] + [
        n for n in LONGEST if isinstance(asked.get(n), str) and not asked[n]
    ]


def _tidy(text: str) -> str:
    """The text without markup, emoji, and spaces at its ends."""
    return "".join(letter for letter in re.sub(r"<[^<>]*>", "", text) if ord(letter) < 2**16).strip()


def _tidied(asked: Item) -> Item:
    return {**asked, **{n: _tidy(asked[n]) for n in LONGEST if isinstance(asked.get(n), str)}}


async def _one_name(ask: Ask, server: Server, _: list[Parameter]) -> Answer:
    listed = await server(ask.to("listApportionments", _limit=1_000_000))
    records = listed.json()["items"] if listed.ok else []
    own, name = ask.arguments.get("id"), ask.arguments.get("name")
    taken = any(record["name"] == name and record["id"] != own for record in records)
    return await refuse(ask.operation, lambda _: ["name"] if taken else ())(ask, server)


class _AnyDay(Apportionments):
    """Any number is a limit day."""

    def _check(self, call: Any, company: Any) -> None:
        others = {key: value for key, value in call.placed.items() if key[1] != "limit_day"}
        super()._check(replace(call, placed=others), company)


_APPORTIONMENTS = (
    *BOTH,
    Reading("body-required", "refused", refusing_if(lambda ask: not (ask.body and ask.json()), "name")),
    Reading("write-permission", "204", at_operations(_like_unseen), inconclusive=True),
    Reading("null-field", "ignored", at_operations(lambda operations: arguments(operations, without_nulls))),
    Reading("null-field", "set", everywhere(exchange("*", _null_set))),
    Reading("bad-id", "404", _bad_id(404)),
    Reading("bad-id", "400", _bad_id(400)),
    Reading("bad-id", "204", _bad_id(204)),
    Reading("refusal-status", "400", at_operations(lambda operations: responses(
        operations, lambda old: replace(old, status=400) if old.status == 422 else old))),
    Reading("refusal-extent", "first", everywhere(responses(
        "createApportionment updateApportionment",
        lambda old: old.with_json(dict(list(old.json().items())[:1])) if old.status == 422 else old))),
    Reading("unknown-reference", "204", at_arguments(_unknown_reference)),
    Reading("default", "another", at_operations(lambda operations: requests(operations, _other_defaults))),
    Reading("empty-argument", "refused", at_arguments(_refuse_empty)),
    Reading("empty-argument", "absent", at_arguments(_drop_empty), probe=(("listApportionments", {"_sort": ""}),)),
    Reading("below-one", "default", at_operations(lambda operations: requests(operations, _defaults_below_one))),
    Reading("below-one", "refused", at_operations(lambda operations: exchange(operations, _refuse_below_one))),
    Reading("largest-limit", "cut", at_operations(lambda operations: requests(operations, _limit_cut))),
    Reading("largest-limit", "refused", at_operations(lambda operations: exchange(operations, _limit_refused)),
             probe=(("listApportionments", {"_limit": 101}),)),
    Reading("page-after-last", "empty", at_operations(lambda operations: exchange(operations, _empty_page))),
    Reading("short-search", "refused", at_operations(lambda operations: exchange(operations, _short_refused)),
            probe=(("listApportionments", {"_q": "ra"}),)),
    Reading("search-fields", "name", _searching(lambda text, record: text.casefold() in record["name"].casefold())),
    Reading("search-fields", "more", _searching(
        lambda text, record: any(text.casefold() in each.casefold()
                                 for each in (*_texts(record), record["company"]["name"])))),
    Reading("search-words", "prefix", _searching(_starts), probe=(("listApportionments", {"_q": "ateio"}),)),
    Reading("search-words", "every-word", _by_words(all)),
    Reading("search-words", "any-word", _by_words(any)),
    Reading("search-accents", "both", _searching(lambda text, record: any(text in each for each in _texts(record)))),
    Reading("search-accents", "neither", _searching(
        lambda text, record: any(_plain(text) in _plain(each) for each in _texts(record))),
        probe=(("listApportionments", {"_q": "patio"}),)),
    Reading("name-order", "case", _collated(str.casefold)),
    Reading("name-order", "locale", _collated(lambda name: (_plain(name), name))),
    Reading("name-order", "natural", _collated(_natural)),
    Reading("list-after-write", "soon", everywhere(exchange("*", _soon))),
    Reading("no-value", "null", _undescribed(absent=False), other_data(Neu, _Undescribed)),
    Reading("no-value", "absent", _undescribed(absent=True), other_data(Neu, _Undescribed)),
    Reading("unset-field", "null", _unset(absent=False)),
    Reading("unset-field", "absent", _unset(absent=True)),
    Reading("partial-update", "refused", at_arguments(_missing_fields)),
    Reading("bounds", "refused", at_operations(lambda operations: refuse(operations, _too_large)),
             probe=(("updateApportionment", {"id": 17, "name": 61 * "n"}),)),
    Reading("bounds", "changed", at_operations(lambda operations: arguments(operations, _fitting))),
    Reading("bounds", "kept", everywhere(unchanged), other_data(Neu, _AnyDay)),
    Reading("odd-text", "refused", at_operations(lambda operations: refuse(operations, _odd))),
    Reading("odd-text", "changed", at_operations(lambda operations: arguments(operations, _tidied))),
    Reading("duplicate-name", "refused", at_arguments(_one_name), other_data(Neu, _UniqueNames)),
    Reading("delete-missing", "404", at_operations(lambda operations: exchange(operations, _delete_missing))),
)  # fmt: skip


READINGS = tuple(variants_of("apportionments", _APPORTIONMENTS))
