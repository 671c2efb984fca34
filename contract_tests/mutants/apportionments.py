"""Faults of Apportionments."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from mutants.server import (
    Answer,
    Ask,
    Change,
    Fault,
    Server,
    alter,
    answer,
    answers,
    arguments,
    chain,
    cut,
    exchange,
    headers,
    page_of,
    requests,
    responses,
    size_of,
)

LIST, GET = "listApportionments", "getApportionment"
CREATE, UPDATE, DELETE = "createApportionment", "updateApportionment", "deleteApportionment"
ONE = f"{GET} {CREATE} {UPDATE}"
ALL = f"{LIST} {ONE} {DELETE}"
WHOLE = 1_000_000
"""A `_limit` that shows everything on one page."""
FREE_MARKET = "Mercado livre"

Item = dict[str, Any]
Items = list[Item]


def _of(group: str, *faults: tuple[str, str, Change]) -> list[Fault]:
    """Faults of one group, each from its name, its sentence and its change."""
    return [
        Fault(f"apportionments-{name}", "apportionments", group, sentence, change) for name, sentence, change in faults
    ]


def _asks(name: str) -> Callable[[Ask], bool]:
    return lambda ask: ask.argument(name) is not None


def _instead(code: int, new: Answer) -> Callable[[Answer], Answer]:
    """Every answer of one status becomes another answer."""
    return lambda old: new if old.status == code else old


def _typed(value: str | None) -> Callable[[Answer], Answer]:
    """Answers with a JSON body are sent as another media type, or as none."""
    return lambda old: old.with_header("content-type", value) if old.body else old


def _records(operations: str, field: str, change: Callable[[Any], Any]) -> Change:
    """A field of every record in the answers is changed; without a field, the record."""
    chosen = operations.split()
    single = " ".join(name for name in chosen if name != LIST)
    at = f"/{field}" if field else ""
    changes = [answers(single, change, at=at)] if single else []
    if LIST in chosen:
        changes.append(answers(LIST, change, at=f"/items/*{at}"))
    return chain(*changes)


def _crash(when: Callable[[Ask], bool], operations: str = ALL) -> Change:
    """Those requests are 500 that a right token comes with."""

    async def changed(ask: Ask, server: Server) -> Answer:
        clean = await server(ask)
        return clean if clean.status == 401 else answer(500, {"message": "Server Error"})

    return exchange(operations, changed, when)


def _id(ask: Ask) -> int | None:
    identifier = ask.argument("id")
    return identifier if isinstance(identifier, int) else None


async def _everything(ask: Ask, server: Server, *unasked: str) -> Items:
    """All the records that match, in the order that is asked for, but for the arguments that are `unasked`."""
    asked = {**(ask.arguments if ask.operation == LIST else {}), "_limit": WHOLE, "_page": 1}
    found = await server(ask.to(LIST, **asked).without(*unasked))
    items: Items = found.json()["items"] if found.ok else []
    return items


async def _neighbour(ask: Ask, server: Server) -> int | None:
    """The id of the record that comes before the one which is asked for, else after it."""
    ids: list[int] = sorted(item["id"] for item in await _everything(ask, server))
    asked = _id(ask)
    if asked not in ids or len(ids) < 2:
        return None
    place = ids.index(asked)
    return ids[place - 1 if place else 1]


def _listing(
    shown: Callable[[Items, int, int], Items],
    whole: Callable[[Ask, Items], Items] = lambda _, items: items,
    when: Callable[[Ask], bool] = lambda _: True,
    unasked: tuple[str, ...] = (),
) -> Change:
    """Pages are cut otherwise out of what matches.

    Args:
        shown: gives the items of a page for all the items, the page's number and its size.
        whole: what all the items are, given what the server finds.
        when: which requests.
        unasked: arguments without which the server looks for all.

    """

    async def changed(ask: Ask, server: Server) -> Answer:
        clean = await server(ask)
        if clean.status not in (200, 204):
            return clean
        page, limit = page_of(ask), size_of(ask)
        if page < 1 or limit < 1:
            return clean
        items = whole(ask, await _everything(ask, server, *unasked))
        part = shown(items, page, limit)
        if not part:
            return answer(204)
        return answer(200, {"items": part, "total": len(items), "per_page": limit, "current_page": page})

    return exchange(LIST, changed, when)


def _full(items: Items, page: int, limit: int) -> Items:
    part = cut(items, page, limit)
    return part if page == 1 or len(part) == limit else []


def _sorted(key: Callable[[Item], Any]) -> Change:
    """A list by name is sorted by something else."""

    def whole(ask: Ask, items: Items) -> Items:
        return sorted(items, key=key, reverse=ask.argument("_order") != "asc")

    return _listing(cut, whole, lambda ask: ask.argument("_sort") == "name")


def _wandering(items: Items, page: int, limit: int) -> Items:
    # The sort is stable: equal names come in the order in which they stood.
    descending = [item["name"] for item in items] != sorted(item["name"] for item in items)
    turned = items if page % 2 else items[::-1]
    return cut(sorted(turned, key=lambda item: item["name"], reverse=descending), page, limit)


def _open(operations: str, when: Callable[[Ask], bool]) -> Change:
    """Those requests pass whatever their token is."""
    return requests(operations, Ask.authorized, when)


def _anonymous(ask: Ask) -> bool:
    return not ask.header("authorization")


def _refusals(change: Callable[[dict[str, list[str]]], Any], operations: str = ALL) -> Change:
    """The bodies of 422 are changed."""
    return responses(operations, lambda old: old.with_json(change(old.json())) if old.status == 422 else old)


def _without(*fields: str) -> Callable[[Item], Item]:
    return lambda body: {name: value for name, value in body.items() if name not in fields}


def _text(change: Callable[[str], str]) -> Callable[[Item], Item]:
    """The name of a body is changed."""
    return lambda body: {**body, "name": change(body["name"])} if isinstance(body.get("name"), str) else body


def _shifted(items: Items, field: str) -> Items:
    """Each item with a field of the next one."""
    return [{**item, field: other[field]} for item, other in zip(items, items[1:] + items[:1], strict=True)]


# Faults that need more than a building block.


def _no_object(ask: Ask) -> bool:
    """Whether there is a body, and it is JSON but no object."""
    try:
        return bool(ask.body) and not isinstance(json.loads(ask.body), dict)
    except (ValueError, RecursionError):
        return False


def _malformed(ask: Ask) -> bool:
    """Whether there is a body, and it is no JSON."""
    try:
        return bool(ask.body) and json.loads(ask.body) is NotImplemented
    except (ValueError, RecursionError):
        return True


async def _sticky(ask: Ask, server: Server) -> Answer:
    text = ask.argument("_q") or ask.memory.get("text")
    ask.memory["text"] = ask.argument("_q")
    return await server(ask.with_arguments(_q=text) if text else ask.without("_q"))


async def _filter_after_page(ask: Ask, server: Server) -> Answer:
    clean = await server(ask)
    if clean.status not in (200, 204):
        return clean
    page = await server(ask.without("_q"))
    if not page.ok:
        return clean
    matches = {item["id"] for item in await _everything(ask, server)}
    items = [item for item in page.json()["items"] if item["id"] in matches]
    return page.with_json({**page.json(), "items": items, "total": len(matches)}) if items else answer(204)


async def _one_through(ask: Ask, server: Server) -> Answer:
    clean = await server(ask)
    if not clean.ok:
        return clean
    matches = {item["id"] for item in await _everything(ask, server)}
    others = [item for item in await _everything(ask, server, "_q") if item["id"] not in matches]
    page = clean.json()
    if others:
        page["items"][-1] = others[0]
    return clean.with_json(page)


async def _all_when_nothing(ask: Ask, server: Server) -> Answer:
    clean = await server(ask)
    nothing = clean.status == 204 and not await _everything(ask, server)
    return await server(ask.without("_q")) if nothing else clean


async def _total_unfiltered(ask: Ask, server: Server) -> Answer:
    clean = await server(ask)
    if not clean.ok:
        return clean
    return clean.with_json({**clean.json(), "total": len(await _everything(ask, server, "_q"))})


async def _cached_total(ask: Ask, server: Server) -> Answer:
    clean = await server(ask)
    if not clean.ok:
        return clean
    totals = ask.memory.setdefault("totals", {})
    return clean.with_json({**clean.json(), "total": totals.setdefault(ask.argument("_q"), clean.json()["total"])})


async def _cached_list(ask: Ask, server: Server) -> Answer:
    clean = await server(ask)
    if clean.status not in (200, 204):
        return clean
    kept: Answer = ask.memory.setdefault(json.dumps(ask.arguments, sort_keys=True), clean)
    return kept


async def _cached_record(ask: Ask, server: Server) -> Answer:
    clean = await server(ask)
    if clean.ok:
        ask.memory.setdefault(ask.argument("id"), clean)
    kept: Answer = ask.memory.get(ask.argument("id"), clean) if clean.ok or clean.status == 204 else clean
    return kept


async def _lagging(ask: Ask, server: Server) -> Answer:
    if ask.operation == UPDATE:
        before = await server(ask.to(GET, id=ask.argument("id")))
        clean = await server(ask)
        if clean.ok:
            ask.memory[ask.argument("id")] = before
        return clean
    clean = await server(ask)
    old: Answer = ask.memory.pop(ask.argument("id"), clean) if clean.ok else clean
    return old


async def _update_unsaved(ask: Ask, server: Server) -> Answer:
    before = await server(ask.to(GET, id=ask.argument("id")))
    clean = await server(ask)
    if clean.ok and before.ok:
        old = before.json()
        body = {name: old[name] for name in ("name", "description", "mixed_consumption", "limit_day")}
        body["apportionment_tariff_type_id"] = old["apportionment_tariff_type"]["id"]
        await server(ask.to(UPDATE, **body, id=ask.argument("id")))
    return clean


async def _update_answers_old(ask: Ask, server: Server) -> Answer:
    before = await server(ask.to(GET, id=ask.argument("id")))
    clean = await server(ask)
    return before if clean.ok else clean


async def _update_neighbour(ask: Ask, server: Server) -> Answer:
    clean = await server(ask)
    other = await _neighbour(ask, server) if clean.ok else None
    if other is not None:
        await server(ask.to(UPDATE, description=clean.json()["description"], id=other))
    return clean


async def _update_creates(ask: Ask, server: Server) -> Answer:
    clean = await server(ask)
    asked, models = _without("id")(ask.arguments), await _everything(ask, server)
    if clean.status != 204 or not models:
        return clean
    made = await server(ask.to(CREATE, **_like(models[0], **asked)))
    return replace(made, status=200) if made.status == 201 else made


def _like(record: Item, **fields: Any) -> Item:
    """A body that creates a record like this one."""
    ids = ("company", "apportionment_type", "apportionment_tariff_type", "apportionment_measure_unit")
    plain = ("name", "description", "mixed_consumption", "limit_day")
    return {**{f"{n}_id": record[n]["id"] for n in ids}, **{n: record[n] for n in plain}, **fields}


async def _delete_nothing(ask: Ask, server: Server) -> Answer:
    there = await server(ask.to(GET, id=ask.argument("id")))
    return answer(204) if there.ok else await server(ask)


async def _delete_neighbour(ask: Ask, server: Server) -> Answer:
    other = await _neighbour(ask, server)
    return await server(ask if other is None else ask.to(DELETE, id=other))


async def _delete_two(ask: Ask, server: Server) -> Answer:
    other = await _neighbour(ask, server)
    if other is not None:
        await server(ask.to(DELETE, id=other))
    return await server(ask)


async def _deleted_readable(ask: Ask, server: Server) -> Answer:
    if ask.operation == DELETE:
        ask.memory[ask.argument("id")] = await server(ask.to(GET, id=ask.argument("id")))
        return await server(ask)
    clean = await server(ask)
    kept: Answer = ask.memory.get(ask.argument("id"), clean) if clean.status == 204 else clean
    return kept


async def _create_twice(ask: Ask, server: Server) -> Answer:
    clean = await server(ask)
    if clean.status == 201:
        await server(ask)
    return clean


async def _remember_created(ask: Ask, server: Server) -> Answer:
    clean = await server(ask)
    if clean.ok:
        ask.memory.setdefault("created", set()).add(clean.json()["id"])
    return clean


async def _create_same_name(ask: Ask, server: Server) -> Answer:
    same = [item for item in await _everything(ask, server) if item["name"] == ask.argument("name")]
    made = await server(ask)
    if made.status != 201 or not same:
        return made
    await server(ask.to(DELETE, id=made.json()["id"]))
    return made.with_json(same[0])


async def _create_other_company(ask: Ask, server: Server) -> Answer:
    # A company that has a record with this tariff may have another.
    tariff, company = ask.argument("apportionment_tariff_type_id"), ask.argument("company_id")
    others = [
        item["company"]["id"]
        for item in await _everything(ask, server)
        if item["apportionment_tariff_type"]["id"] == tariff and item["company"]["id"] != company
    ]
    clean = await server(ask)
    if clean.status != 201 or not others:
        return clean
    await server(ask.to(DELETE, id=clean.json()["id"]))
    return await server(ask.with_arguments(company_id=others[0]))


def _create_first(field: str) -> Change:
    """Creates take the first known value for one of their ids, whatever they ask for."""

    async def changed(ask: Ask, server: Server) -> Answer:
        known = [item[field.removesuffix("_id")]["id"] for item in await _everything(ask, server)]
        return await server(ask.with_arguments(**{field: min(known)}) if known and field in ask.arguments else ask)

    return exchange(CREATE, changed)


async def _create_unknown_company(ask: Ask, server: Server) -> Answer:
    clean = await server(ask)
    if clean.status != 422 or list(clean.json()) != ["company_id"] or not isinstance(ask.argument("company_id"), int):
        return clean
    model = (await _everything(ask, server))[0]
    asked = _like(model, **_without("company_id", "apportionment_tariff_type_id")(ask.arguments))
    return _with(await server(ask.asking(asked)), "/company", {"id": ask.argument("company_id"), "name": ""})


def _with(old: Answer, at: str, value: Any) -> Answer:
    return old.with_json(alter(old.json(), at, lambda _: value)) if old.ok else old


async def _free_market_refused(ask: Ask, server: Server) -> Answer:
    tariffs = {
        item["apportionment_tariff_type"]["name"]: item["apportionment_tariff_type"]["id"]
        for item in await _everything(ask, server)
    }
    field = "apportionment_tariff_type_id"
    clean = await server(ask)
    if clean.status != 201 or ask.argument(field) != tariffs.get(FREE_MARKET):
        return clean
    await server(ask.to(DELETE, id=clean.json()["id"]))
    return answer(422, {field: ["A empresa não possui um contrato válido."]})


async def _tariff_refusal_ignored(ask: Ask, server: Server) -> Answer:
    field = "apportionment_tariff_type_id"
    clean = await server(ask)
    refused = clean.status == 422 and list(clean.json()) == [field] and isinstance(ask.argument(field), int)
    return await server(ask.without(field)) if refused else clean


async def _next_record(ask: Ask, server: Server) -> Answer:
    clean = await server(ask)
    other = await _neighbour(ask, server) if clean.ok else None
    return clean if other is None else await server(ask.to(GET, id=other))


async def _company_of_neighbour(ask: Ask, server: Server) -> Answer:
    clean = await server(ask)
    if not clean.ok:
        return clean
    others = [item["company"] for item in await _everything(ask, server)]
    company = next((other for other in others if other["id"] != clean.json()["company"]["id"]), None)
    return _with(clean, "/company", company) if company else clean


async def _old_tariff_name(ask: Ask, server: Server) -> Answer:
    before = await server(ask.to(GET, id=ask.argument("id")))
    clean = await server(ask)
    if not (clean.ok and before.ok):
        return clean
    return _with(clean, "/apportionment_tariff_type/name", before.json()["apportionment_tariff_type"]["name"])


async def _location(ask: Ask, server: Server) -> Answer:
    clean = await server(ask)
    if clean.status != 201:
        return clean
    return clean.with_header("location", ask.to(GET, id=clean.json()["id"] - 1).path)


async def _redirect(ask: Ask, _: Server) -> Answer:
    return answer(301, location=f"{ask.path}/")


async def _echo(ask: Ask, server: Server) -> Answer:
    clean = await server(ask)
    return clean.with_header("x-debug-request", f"GET {ask.path} {ask.header('authorization')}") if clean.ok else clean


def _company_in_capitals(item: Item) -> Item:
    company = item["company"]
    return item if item["id"] % 2 else {**item, "company": {**company, "name": company["name"].upper()}}


def _exchanged(name: str) -> str:
    return {"MWh": "kWh", "kWh": "MWh"}.get(name, name)


def _other_customer(items: Items, page: int, limit: int) -> Items:
    part = cut(items, page, limit)
    if not part or page * limit < len(items):
        return part
    foreign = {"id": max(item["id"] for item in items) + 100_000, "name": "Rateio Frigorífico Araucária Matriz"}
    return [*part, {**part[-1], **foreign, "company": {"id": 907, "name": "Frigorífico Araucária Ltda."}}]


def _mojibake(item: Item) -> Item:
    return {**item, **{n: item[n].encode().decode("latin-1") for n in ("name", "description")}}


async def _sorted_by_column(ask: Ask, server: Server) -> Answer:
    column, clean = ask.argument("_sort"), await server(ask.without("_sort"))
    if clean.status != 200:
        return clean
    items = await _everything(ask.without("_sort"), server)
    items.sort(key=lambda item: (item[column], item["id"]), reverse=ask.argument("_order") != "asc")
    page = clean.json()
    return clean.with_json({**page, "items": cut(items, page["current_page"], page["per_page"])})


async def _index_once(ask: Ask, server: Server) -> Answer:
    before = await server(ask.to(GET, id=ask.argument("id")))
    clean = await server(ask)
    if clean.ok and before.ok:
        ask.memory.setdefault("indexed", {}).setdefault(before.json()["id"], before.json())
    return clean


def _by_first_texts(ask: Ask, items: Items) -> Items:
    indexed, text = ask.memory.get("indexed", {}), ask.argument("_q").casefold()
    return [item for item in items if text in "{name} {description}".format(**indexed.get(item["id"], item)).casefold()]


def _names_that_begin(ask: Ask, items: Items) -> Items:
    return [item for item in items if item["name"].casefold().startswith(ask.argument("_q").casefold())]


async def _same_name_too(ask: Ask, server: Server) -> Answer:
    there = await server(ask.to(GET, id=ask.argument("id")))
    clean = await server(ask)
    if there.ok and clean.status == 204:
        for item in await _everything(ask, server):
            if item["name"] == there.json()["name"]:
                await server(ask.to(DELETE, id=item["id"]))
    return clean


def _description(change: Callable[[str], str]) -> Change:
    """Descriptions are saved otherwise than they are sent."""

    def changed(body: Item) -> Item:
        text = body.get("description")
        return {**body, "description": change(text)} if isinstance(text, str) else body

    return arguments(f"{CREATE} {UPDATE}", changed)


def _as_number(text: str) -> str:
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        return text
    return str(int(text)) if text.isdecimal() else repr(float(text))


async def _one_tag(ask: Ask, server: Server) -> Answer:
    clean = await server(ask)
    tag = f'"rateio-{ask.argument("id")}"'
    if clean.ok and tag in ask.header("if-none-match"):
        return Answer(304, (("etag", tag),))
    return clean.with_header("etag", tag) if clean.ok else clean


FAULTS: tuple[Fault, ...] = (
    *_of(
        "transport and status",
        ("nothing-found-404", "A list that matches nothing is 404.",
         responses(LIST, _instead(204, answer(404, {"message": "Nenhum rateio encontrado."})))),
        ("nothing-found-empty-page", "A list that matches nothing is 200 with an empty page.",
         responses(LIST, _instead(204, answer(200, {"items": [], "total": 0, "per_page": 10, "current_page": 1})))),
        ("missing-record-404", "Reading a record that does not exist is 404.",
         responses(GET, _instead(204, answer(404, {"message": "Rateio não encontrado."})))),
        ("missing-record-null", "Reading a record that does not exist is 200 with null.",
         responses(GET, _instead(204, Answer(200, (("content-type", "application/json"),), b"null")))),
        ("created-200", "A creation is answered with 200.",
         responses(CREATE, lambda old: replace(old, status=200) if old.status == 201 else old)),
        ("deleted-200", "A deletion is answered with 200 and a body.",
         responses(DELETE, _instead(204, answer(200, {"deleted": True})))),
        ("bad-parameter-400", "A refused list parameter is 400.",
         responses(LIST, lambda old: replace(old, status=400) if old.status == 422 else old)),
        ("bad-parameter-200", "A refused list parameter is 200 with an error in the body.",
         responses(LIST, lambda old: answer(200, {"error": old.json()}) if old.status == 422 else old)),
        ("refused-body-200", "A refused creation is 201 with the messages as its body.",
         responses(CREATE, lambda old: replace(old, status=201) if old.status == 422 else old)),
        ("page-after-last-500", "A page after the last one is 500.",
         responses(
             LIST,
             _instead(204, answer(500, {"message": "Undefined offset"})),
             lambda ask: page_of(ask) > 1 and ask.argument("_q") is None,
         )),
        ("big-id-500", "Reading an id that does not fit 32 bits is 500.",
         _crash(lambda ask: (_id(ask) or 0) > 2**31 - 1, GET)),
        ("quote-in-search-500", "A quote in the search text is 500.",
         _crash(lambda ask: "'" in ask.argument("_q", ""), LIST)),
        ("accent-in-search-500", "A letter with an accent in the search text is 500.",
         _crash(lambda ask: not ask.argument("_q", "").isascii(), LIST)),
        ("list-redirected", "The list is redirected to the same path with a slash at its end, where nothing is.",
         exchange(LIST, _redirect)),
        ("update-breaks-off", "The connection breaks in the middle of the answer to an update.",
         responses(UPDATE, lambda old: replace(old, sent=len(old.body) // 2) if old.ok else old)),
    ),
    *_of(
        "content type",
        ("list-as-html", "The list's JSON is declared text/html.",
         responses(LIST, _typed("text/html; charset=utf-8"))),
        ("record-as-text", "A record's JSON is declared text/plain.", responses(GET, _typed("text/plain"))),
        ("record-untyped", "A record comes without a Content-Type.", responses(GET, _typed(None))),
        ("refusal-as-text", "The JSON of a refusal is declared text/plain.",
         responses(ALL, lambda old: _typed("text/plain")(old) if old.status == 422 else old)),
        ("list-in-latin-1", "The list is sent in Latin-1.",
         responses(LIST, lambda old: replace(old, body=old.body.decode().encode("latin-1", "replace")))),
        ("record-with-byte-order-mark", "A record begins with a byte order mark.",
         responses(GET, lambda old: replace(old, body="\ufeff".encode() + old.body) if old.ok else old)),
        ("list-after-warning", "A warning of the interpreter precedes the list's JSON.",
         responses(
             LIST, lambda old: replace(old, body=b"Notice: Undefined index: page\n" + old.body) if old.ok else old
         )),
    ),
    *_of(
        "schema",
        ("mixed-consumption-number", "`mixed_consumption` is 0 or 1.",
         _records(f"{LIST} {ONE}", "mixed_consumption", int)),
        ("id-text", "A record's id is text when it is read.", _records(GET, "id", str)),
        ("cost-centers-text", "The list gives the cost centres as one text with commas.",
         _records(LIST, "cost_center_ids", lambda ids: ",".join(map(str, ids)))),
        ("company-number", "A record that is read has the company's id only.",
         _records(GET, "company", lambda c: c["id"])),
        ("description-null", "The list leaves descriptions null.", _records(LIST, "description", lambda _: None)),
        ("limit-day-text", "An update answers with the limit day as two digits of text.",
         _records(UPDATE, "limit_day", "{:02}".format)),
        ("groups-left-out", "Records without groups have no `apportionment_groups_ids`.",
         _records(
             f"{LIST} {ONE}",
             "",
             lambda item: item if item["apportionment_groups_ids"] else _without("apportionment_groups_ids")(item),
         )),
        ("groups-null", "A record that is created has null for its groups.",
         _records(CREATE, "apportionment_groups_ids", lambda ids: ids or None)),
        ("per-page-left-out", "The list has no `per_page`.", answers(LIST, _without("per_page"))),
        ("items-by-number", "A list with a search text has its items as an object whose keys are numbers.",
         answers(LIST, lambda items: {str(n): item for n, item in enumerate(items)}, at="/items", when=_asks("_q"))),
        ("lone-item-bare", "A page with one item has it without the array.",
         answers(LIST, lambda items: items[0] if len(items) == 1 else items, at="/items")),
        ("list-bare", "The list is an array without its envelope.", answers(LIST, lambda page: page["items"])),
        ("created-wrapped", "A created record comes inside an object `data`.",
         answers(CREATE, lambda record: {"data": record})),
        ("update-answers-part", "An update answers with the fields that it can change and no others.",
         answers(UPDATE, _without("company", "apportionment_type", "apportionment_measure_unit"))),
        ("camel-case", "A record that is read has its names in camel case.",
         answers(
             GET,
             lambda record: {
                 re.sub("_(.)", lambda part: part[1].upper(), name): value for name, value in record.items()
             },
         )),
        ("one-null-unit", "The last record of a page has a unit without a name.",
         answers(
             LIST,
             lambda items: [
                 *items[:-1],
                 {
                     **items[-1],
                     "apportionment_measure_unit": {**items[-1]["apportionment_measure_unit"], "name": None},
                 },
             ],
             at="/items",
         )),
        ("record-encoded-twice", "A record that is read is a JSON text that holds JSON.", answers(GET, json.dumps)),
    ),
    *_of(
        "auth",
        ("open-read", "A record can be read without a token.", _open(GET, _anonymous)),
        ("open-update", "A record can be updated without a token.", _open(UPDATE, _anonymous)),
        ("open-delete", "A record can be deleted without a token.", _open(DELETE, _anonymous)),
        ("any-token", "The list takes any token.",
         _open(LIST, lambda ask: ask.header("authorization").lower().startswith("bearer "))),
        ("token-start", "The start of the token is enough.",
         _open(ALL, lambda ask: ask.credentials != "" and ask.token.startswith(ask.credentials))),
        ("token-and-more", "The token may be followed by anything.",
         _open(ALL, lambda ask: ask.credentials.startswith(ask.token))),
        ("token-any-case", "The token is compared without regard to case.",
         _open(ALL, lambda ask: ask.credentials.casefold() == ask.token.casefold())),
        ("any-scheme", "The token counts with any scheme.",
         _open(ALL, lambda ask: ask.credentials == ask.token and " " in ask.header("authorization"))),
        ("no-scheme", "The token counts without a scheme.",
         _open(ALL, lambda ask: ask.header("authorization") == ask.token)),
        ("empty-token", "An empty token is as good as the right one.",
         _open(ALL, lambda ask: ask.header("authorization").strip().lower() == "bearer")),
        ("refused-200", "A refused token is 200 with an error in the body.",
         responses(ALL, _instead(401, answer(200, {"error": "unauthenticated"})))),
        ("refused-to-login", "A refused token is redirected to a login page.",
         responses(ALL, _instead(401, answer(302, location="/login")))),
        ("refused-list-204", "The list is 204 for a refused token.", responses(LIST, _instead(401, answer(204)))),
    ),
    *_of(
        "input validation",
        ("bad-sort-taken", "An unknown `_sort` is taken for the default.",
         requests(
             LIST,
             lambda ask: ask.without("_sort"),
             lambda ask: ask.argument("_sort") not in (None, "id", "name"),
         )),
        ("bad-order-taken", "An unknown `_order` is taken for the default.",
         requests(
             LIST,
             lambda ask: ask.without("_order"),
             lambda ask: ask.argument("_order") not in (None, "asc", "desc"),
         )),
        ("text-limit-taken", "A `_limit` that is no number is taken for the default.",
         requests(
             LIST,
             lambda ask: ask.without("_limit"),
             lambda ask: not re.fullmatch("-?[0-9]+", str(ask.argument("_limit", 1))),
         )),
        ("fraction-page-taken", "A `_page` with a fraction is cut to a whole number.",
         requests(
             LIST,
             lambda ask: ask.with_arguments(_page=int(ask.argument("_page"))),
             lambda ask: re.fullmatch(r"[0-9]+\.[0-9]+", str(ask.argument("_page"))) is not None,
         )),
        ("text-page-500", "A `_page` that is no number is 500.",
         _crash(lambda ask: not re.fullmatch("-?[0-9]+", str(ask.argument("_page", 1))), LIST)),
        ("id-with-letters-taken", "Letters after the digits of an id are ignored when a record is read.",
         requests(
             GET,
             lambda ask: ask.with_arguments(id=re.split("[^0-9]", ask.argument("id"))[0]),
             lambda ask: re.fullmatch("[0-9]+[a-z]+", str(ask.argument("id"))) is not None,
         )),
        ("text-id-500", "An id that is no number is 500.",
         _crash(lambda ask: not re.fullmatch("-?[0-9]+", str(ask.argument("id"))), f"{GET} {UPDATE} {DELETE}")),
        ("create-without-name", "A record can be created without a name.",
         arguments(CREATE, lambda body: {"name": "", **body})),
        ("create-without-company-500", "A creation without a company is 500.",
         _crash(lambda ask: ask.argument("company_id") is None, CREATE)),
        ("any-boolean-taken", "Any value is taken for `mixed_consumption`, and is true unless it is empty or zero.",
         arguments(
             f"{CREATE} {UPDATE}",
             lambda body: {n: bool(v) if n == "mixed_consumption" else v for n, v in body.items()},
         )),
        ("broken-json-taken", "An update whose body is no JSON is 200 and changes nothing.",
         requests(UPDATE, lambda ask: ask.with_json({}), _malformed)),
        ("broken-json-500", "A creation whose body is no JSON is 500.", _crash(_malformed, CREATE)),
        ("array-body-500", "A body that is no object is 500.",
         _crash(_no_object, f"{CREATE} {UPDATE}")),
        ("unknown-company-taken", "A record can be created for a company that does not exist.",
         exchange(CREATE, _create_unknown_company)),
        ("free-market-refused", "The free market tariff is refused to companies that have a contract.",
         exchange(CREATE, _free_market_refused)),
        ("tariff-refusal-ignored", "An update with a refused tariff type is 200, and keeps the old one.",
         exchange(UPDATE, _tariff_refusal_ignored)),
        ("sorted-by-other-fields", "The list can be sorted by description and by limit day, too.",
         exchange(LIST, _sorted_by_column, lambda ask: ask.argument("_sort") in ("description", "limit_day"))),
    ),
    *_of(
        "pagination",
        ("page-ignored", "Every page shows what the first one shows.",
         _listing(lambda items, page, limit: cut(items, 1, limit))),
        ("pages-from-zero", "Pages are counted from zero.",
         _listing(lambda items, page, limit: cut(items, page + 1, limit))),
        ("seam-twice", "Every page after the first begins with the last item of the page before.",
         _listing(lambda items, page, limit: items[max(0, (page - 1) * limit - 1) : page * limit - (page > 1)])),
        ("seam-lost", "Every page after the first leaves out its first item.",
         _listing(lambda items, page, limit: cut(items, page, limit)[page > 1 :])),
        ("page-one-short", "The last item of every full page is left out.",
         _listing(lambda items, page, limit: cut(items, page, limit)[: max(1, limit - 1)])),
        ("page-one-long", "Every page shows the first item of the next one too.",
         _listing(lambda items, page, limit: items[(page - 1) * limit : page * limit + 1])),
        ("last-item-lost", "The last item of all is on no page.",
         _listing(lambda items, page, limit: cut(items[:-1], page, limit))),
        ("last-page-lost", "A last page that is not full is 204.", _listing(_full )),
        ("total-one-too-many", "The total counts one too many.", answers(LIST, lambda total: total + 1, at="/total")),
        ("total-of-page", "The total counts the items of the page.",
         answers(LIST, lambda page: {**page, "total": len(page["items"])})),
        ("total-unfiltered", "The total counts all records, whatever is searched.",
         exchange(LIST, _total_unfiltered, _asks("_q"))),
        ("current-page-always-1", "`current_page` is always 1.",
         answers(LIST, lambda _: 1, at="/current_page")),
        ("per-page-always-10", "`per_page` is always 10.",
         answers(LIST, lambda _: 10, at="/per_page")),
        ("per-page-of-page", "`per_page` is the number of items on the page, also on a last page that is not full.",
         answers(LIST, lambda page: {**page, "per_page": len(page["items"])})),
        ("limit-ignored", "`_limit` is ignored.",
         requests(
             LIST, lambda ask: ask.with_arguments(_limit=10), lambda ask: str(ask.argument("_limit")).isdecimal()
         )),
        ("limit-cut", "No page shows more than 15 items, and the rest of a longer page is on none.",
         _listing(lambda items, page, limit: cut(items, page, limit)[:15])),
        ("last-page-again", "Every page after the last one repeats it.",
         _listing(lambda items, page, limit: cut(items, min(page, max(1, -(-len(items) // limit))), limit))),
        ("equal-names-wander", "Records of equal name change places from page to page.",
         _listing(_wandering, when=lambda ask: ask.argument("_sort") == "name")),
        ("search-forgotten-on-page-2", "The search text counts on the first page only.",
         requests(LIST, lambda ask: ask.without("_q"), lambda ask: ask.argument("_page", 1) != 1)),
        ("last-full-page-lost", "The last page is 204 when it is full and not the first.",
         _listing(lambda items, page, limit:
                  [] if page > 1 and page * limit == len(items) else cut(items, page, limit))),
    ),
    *_of(
        "filter",
        ("search-ignored", "The search text is ignored.",
         requests(LIST, lambda ask: ask.without("_q"), _asks("_q"))),
        ("search-lets-one-through", "The last item of a search does not match.",
         exchange(LIST, _one_through, _asks("_q"))),
        ("search-loses-last", "A search does not find the last of its matches.",
         _listing(cut, lambda _, items: items[:-1], _asks("_q"))),
        ("search-after-paging", "The search looks at the records of one page only.",
         exchange(LIST, _filter_after_page, _asks("_q"))),
        ("nothing-found-all-shown", "A search that finds nothing shows everything.",
         exchange(LIST, _all_when_nothing, _asks("_q"))),
        ("search-blind-for-accents", "A search text with an accent finds nothing.",
         _listing(cut, lambda ask, items: items if ask.argument("_q").isascii() else [], _asks("_q"))),
        ("search-first-word", "Only the first word of the search text counts.",
         requests(
             LIST,
             lambda ask: ask.with_arguments(_q=ask.argument("_q").split()[0]),
             lambda ask: bool(ask.argument("_q", "").split()),
         )),
        ("search-sticks", "A list without a search text repeats the search before it.",
         exchange(LIST, _sticky)),
        ("search-blind-for-new", "A search does not find the newest record.",
         _listing(
             cut,
             lambda _, items: [item for item in items if item["id"] != max(other["id"] for other in items)],
             _asks("_q"),
         )),
        ("search-index-stale", "A search knows the texts that a record had before its first update.",
         chain(exchange(UPDATE, _index_once), _listing(cut, _by_first_texts, _asks("_q"), ("_q",)))),
        ("sorted-search-by-prefix", "A search that is sorted by name finds only names that begin with the text.",
         _listing(cut, _names_that_begin, lambda ask: _asks("_q")(ask) and ask.argument("_sort") == "name")),
    ),
    *_of(
        "sort",
        ("sort-ignored", "`_sort` is ignored.",
         requests(LIST, lambda ask: ask.without("_sort"), lambda ask: ask.argument("_sort") == "name")),
        ("order-ignored", "`_order` is ignored.",
         requests(LIST, lambda ask: ask.without("_order"), lambda ask: ask.argument("_order") == "asc")),
        ("order-turned", "`_order` does the contrary of what it says.",
         requests(
             LIST,
             lambda ask: ask.with_arguments(_order={"asc": "desc", "desc": "asc"}[ask.argument("_order")]),
             lambda ask: ask.argument("_order") in ("asc", "desc"),
         )),
        ("sort-within-page", "The pages are cut from the list by descending id, and each is sorted by name afterwards.",
         _listing(
             lambda items, page, limit: sorted(cut(items, page, limit), key=lambda item: item["name"]),
             when=lambda ask: ask.argument("_sort") == "name" and ask.argument("_order") == "asc",
             unasked=("_sort", "_order"),
         )),
        ("sort-by-company", "The list by name is sorted by the company's name.",
         _sorted(lambda item: (item["company"]["name"], item["id"]))),
        ("sort-by-first-letters", "The list by name looks at the first ten letters only.",
         _sorted(lambda item: (item["name"][:10], item["id"]))),
        ("sort-on-first-page", "Only the first page is sorted as asked for, the others by id.",
         requests(
             LIST, lambda ask: ask.without("_sort", "_order"), lambda ask: ask.argument("_page", 1) != 1
         )),
        ("sort-dropped-by-search", "A list with a search text is by descending id, whatever it asks for.",
         requests(LIST, lambda ask: ask.without("_sort", "_order"), _asks("_q"))),
    ),
    *_of(
        "CRUD",
        ("update-resets", "An update resets the fields that it does not name.",
         arguments(UPDATE, lambda body: {"description": "", "mixed_consumption": False, "limit_day": 1, **body})),
        ("update-unsaved", "An update is answered as if it were saved, and is not.",
         exchange(UPDATE, _update_unsaved)),
        ("update-answers-old", "An update answers with the record before the change.",
         exchange(UPDATE, _update_answers_old)),
        ("update-hits-neighbour", "An update writes its description into the record before, too.",
         exchange(UPDATE, _update_neighbour)),
        ("update-ignores-false", "An update cannot set `mixed_consumption` to false.",
         arguments(
             UPDATE, lambda body: body if body.get("mixed_consumption") else _without("mixed_consumption")(body)
         )),
        ("update-ignores-tariff", "An update cannot change the tariff type.",
         arguments(UPDATE, _without("apportionment_tariff_type_id"))),
        ("update-ignores-description", "An update that names a name and a description changes the name only.",
         arguments(UPDATE, lambda body: _without("description")(body) if "name" in body else body)),
        ("update-creates", "An update of a record that does not exist creates one.",
         exchange(UPDATE, _update_creates)),
        ("delete-nothing", "A deletion is 204 and deletes nothing.",
         exchange(DELETE, _delete_nothing)),
        ("delete-neighbour", "A deletion deletes the record before the one that it names.",
         exchange(DELETE, _delete_neighbour)),
        ("delete-two", "A deletion deletes the record before, too.",
         exchange(DELETE, _delete_two)),
        ("deleted-still-read", "A deleted record can still be read.",
         exchange(f"{GET} {DELETE}", _deleted_readable)),
        ("create-other-id", "A creation answers with the id that follows the record's.",
         answers(CREATE, lambda identifier: identifier + 1, at="/id")),
        ("create-ignores-limit-day", "A creation ignores the limit day.",
         arguments(CREATE, _without("limit_day"))),
        ("create-ignores-mixed-consumption", "A creation ignores `mixed_consumption`.",
         arguments(CREATE, _without("mixed_consumption"))),
        ("create-swaps-texts", "A creation takes the name for the description, and the description for the name.",
         arguments(
             CREATE,
             lambda body: {
                 {"name": "description", "description": "name"}.get(n, n): value for n, value in body.items()
             },
         )),
        ("create-twice", "A creation makes two records.", exchange(CREATE, _create_twice)),
        ("create-unlisted", "A new record is not listed.",
         chain(
             exchange(CREATE, _remember_created),
             _listing(
                 cut, lambda ask, items: [item for item in items if item["id"] not in ask.memory.get("created", ())]
             ),
         )),
        ("create-same-name", "A creation with a name that exists answers with the record that has it, and makes none.",
         exchange(CREATE, _create_same_name)),
        ("create-other-company", "A record is created for another company than the one that is named.",
         exchange(CREATE, _create_other_company)),
        ("create-first-type", "Every new record has the first apportionment type.",
         _create_first("apportionment_type_id")),
        ("name-escaped", "Ampersands, quotes and angles in names are saved as HTML entities.",
         arguments(
             f"{CREATE} {UPDATE}",
             _text(lambda name: name.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")),
         )),
        ("name-without-accents", "Letters that are not ASCII become question marks in names that are saved.",
         arguments(f"{CREATE} {UPDATE}", _text(lambda name: name.encode("ascii", "replace").decode()))),
        ("list-cached", "The list is answered from a cache that no change clears.",
         exchange(LIST, _cached_list)),
        ("record-cached", "A record is read from a cache that no change clears.",
         exchange(GET, _cached_record)),
        ("record-lags", "The first read after an update still shows the record before it.",
         exchange(f"{GET} {UPDATE}", _lagging)),
        ("same-name-deleted", "A deletion deletes every record of the same name.", exchange(DELETE, _same_name_too)),
    ),
    *_of(
        "numbers and units",
        ("per-page-text", "`per_page` is text when the request names a `_limit`.",
         answers(LIST, str, at="/per_page", when=_asks("_limit"))),
        ("current-page-text", "`current_page` is text when the request names a `_page`.",
         answers(LIST, str, at="/current_page", when=_asks("_page"))),
        ("total-not-a-number", "The total of a search is NaN.",
         answers(LIST, lambda _: float("nan"), at="/total", when=_asks("_q"))),
        ("limit-day-fraction", "The list gives limit days with a half.",
         _records(LIST, "limit_day", lambda day: day + 0.5)),
        ("limit-day-from-zero", "Limit days are saved as one less than what is sent.",
         arguments(
             f"{CREATE} {UPDATE}",
             lambda body: {
                 n: v - 1 if n == "limit_day" and isinstance(v, int) and 1 < v <= 31 else v for n, v in body.items()
             },
         )),
        ("unit-always-first", "Every new record has the first unit of measure.",
         _create_first("apportionment_measure_unit_id")),
        ("units-exchanged", "The list calls MWh kWh, and kWh MWh.",
         _records(LIST, "apportionment_measure_unit/name", _exchanged)),
        ("description-as-number", "A description of digits is saved as a number: 007 becomes 7, and 1.50 becomes 1.5.",
         _description(_as_number)),
    ),
    *_of(
        "error bodies",
        ("errors-in-envelope", "The fields of a refusal come inside an object `errors`, beside a message.",
         _refusals(lambda fields: {"message": "The given data was invalid.", "errors": fields})),
        ("errors-in-array", "A refusal is an array of fields with their messages.",
         _refusals(lambda fields: [{"field": name, "messages": texts} for name, texts in fields.items()])),
        ("errors-of-text", "A refused field has one text, where an array of texts belongs.",
         _refusals(lambda fields: {name: texts[0] for name, texts in fields.items()})),
        ("errors-without-field", "A refusal names no field.", _refusals(lambda _: {})),
        ("errors-without-message", "A refused field has no messages.",
         _refusals(lambda fields: {name: [] for name in fields})),
        ("errors-wrong-parameter", "A refusal of `_sort` names `_order`, and one of `_limit` names `_page`.",
         _refusals(
             lambda fields: {{"_sort": "_order", "_limit": "_page"}.get(n, n): t for n, t in fields.items()}, LIST
         )),
        ("errors-wrong-field", "A refusal of the name names the description.",
         _refusals(
             lambda fields: {"description" if n == "name" else n: t for n, t in fields.items()}, f"{CREATE} {UPDATE}"
         )),
        ("errors-without-underscore", "A refusal names the list's parameters without their underscore.",
         _refusals(lambda fields: {name.removeprefix("_"): texts for name, texts in fields.items()}, LIST)),
        ("errors-as-html", "A refusal is a page of HTML.",
         responses(
             ALL,
             lambda old: (
                 replace(old, body=b"<h1>422 Unprocessable Content</h1>").with_header("content-type", "text/html")
                 if old.status == 422
                 else old
             ),
         )),
        ("errors-with-trace", "A refusal shows the stack of the program.",
         _refusals(
             lambda fields: {
                 **fields,
                 "trace": ["#0 /var/www/app/Http/Controllers/RateioController.php(61): validate()"],
             }
         )),
    ),
    *_of(
        "headers",
        ("token-echoed", "A header of the list repeats the token.",
         exchange(LIST, _echo)),
        ("charset-latin-1", "A record is sent in UTF-8 and declared to be Latin-1.",
         responses(GET, _typed("application/json; charset=iso-8859-1"))),
        ("gzip-declared", "The list is declared to be compressed, and is not.",
         headers(LIST, {"content-encoding": "gzip"})),
        ("type-twice", "A record has two different Content-Types.",
         responses(
             GET, lambda old: replace(old, headers=(("content-type", "text/html"), *old.headers)) if old.ok else old
         )),
        ("location-of-neighbour", "The Location of a created record is another record's.",
         exchange(CREATE, _location)),
        ("modified-not-in-gmt", "Last-Modified of a record is written with Brazil's offset, not in GMT.",
         responses(GET, lambda old: old.with_header("last-modified", "Tue, 04 Jun 2024 09:15:00 -0300")
                   if old.ok else old)),
        ("tag-never-changes", "A record keeps its ETag when it is updated, and is 304 to who knows it.",
         exchange(GET, _one_tag)),
    ),
    *_of(
        "agreement between operations",
        ("company-of-two-names", "The company of each record with an even id is called in capitals.",
         answers(LIST, _company_in_capitals, at="/items/*")),
        ("list-cuts-descriptions", "The list cuts descriptions after 12 letters.",
         _records(LIST, "description", lambda text: text if len(text) <= 12 else f"{text[:12]}...")),
        ("list-inverts-mixed-consumption", "The list shows `mixed_consumption` the other way round.",
         _records(LIST, "mixed_consumption", lambda mixed: not mixed)),
        ("list-shortens-company", "The list leaves out the legal form at the end of a company's name.",
         _records(LIST, "company/name", lambda name: name.rpartition(" ")[0])),
        ("list-loses-cost-center", "The list shows no more than two cost centres of a record.",
         _records(LIST, "cost_center_ids", lambda ids: ids[:2])),
        ("list-shifts-names", "The list shows each record with the tariff type of the next one.",
         answers(LIST, lambda items: _shifted(items, "apportionment_tariff_type"), at="/items")),
        ("list-garbles-accents", "The list garbles the letters with accents.", _records(LIST, "", _mojibake)),
        ("list-shows-foreign-record", "The last page ends with a record of another customer, which cannot be read.",
         _listing(_other_customer)),
        ("limit-day-one-more", "A record that is read has the day after its limit day.",
         _records(GET, "limit_day", lambda day: day % 31 + 1)),
        ("other-record-read", "Reading a record gives the one before it.", exchange(GET, _next_record)),
        ("company-of-another", "A record that is read shows the company of another one.",
         exchange(GET, _company_of_neighbour)),
        ("groups-lost-on-read", "A record that is read has its cost centres for groups.",
         _records(GET, "", lambda record: {**record, "apportionment_groups_ids": record["cost_center_ids"]})),
        ("tariff-name-stale", "An update that changes the tariff type answers with the new id and the old name.",
         exchange(UPDATE, _old_tariff_name)),
        ("created-description-differs", "A creation answers with its description in capitals.",
         _records(CREATE, "description", str.upper)),
        ("total-cached", "The total stays what it was when the list was first asked for.",
         exchange(LIST, _cached_total)),
    ),
    *_of(
        "performance",
        ("list-huge", "Every record of the list carries a picture of a megabyte.",
         _records(LIST, "", lambda item: {**item, "logo": f"data:image/png;base64,{'A' * 1_000_000}"})),
        ("update-slow", "An update takes 20 seconds.", responses(UPDATE, lambda old: replace(old, delay=20))),
        ("search-slow", "A search takes 20 seconds.",
         responses(LIST, lambda old: replace(old, delay=20), _asks("_q"))),
        ("later-pages-slow", "The third page and those after it take 20 seconds.",
         responses(LIST, lambda old: replace(old, delay=20) if old.ok else old, lambda ask: page_of(ask) >= 3)),
    ),
)  # fmt: skip
