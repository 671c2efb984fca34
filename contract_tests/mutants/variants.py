"""Legal variants: what a server may do otherwise than the bundled one, so that no contract run may fail it."""

import gzip
import hashlib
import json
import math
import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import MAXYEAR, datetime, timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import patch
from urllib.parse import quote
from zlib import crc32

from starlette.types import ASGIApp

from contrato import mock
from contrato.core import spec
from contrato.mock.apportionments import Apportionments, Company
from contrato.mock.call import Call, RefusedError, local_time
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
    cut,
    encode,
    everything,
    exchange,
    headers,
    page_of,
    requests,
    responses,
    size_of,
    with_items,
)

BOTH = ("neu", "apportionments")
DATED = " ".join(name for name, operation in spec.api("neu").operations.items() if operation.date_range)
PAGED = " ".join(name for name, operation in spec.api("neu").operations.items() if operation.pagination)
WRITES = "createApportionment updateApportionment"
ENERGIES = ("cons", "injec", "reactive_in", "reactive_in_ex", "reactive_cap", "reactive_ex")
PHASES = ("ia", "ib", "ic", "va", "vb", "vc")
Item = dict[str, Any]
Items = list[Any]


# Other data.


def _with(neu: type[Neu], apportionments: type[Apportionments]) -> Base:
    """The bundled server over data that is made otherwise."""

    def base(seed: int, token: str) -> ASGIApp:
        with patch("contrato.mock.app.Neu", neu), patch("contrato.mock.app.Apportionments", apportionments):
            return mock.create_app(seed, token)

    return base


class _MuchNeu(Neu):
    """Twenty services more, and with them bills, rules and so on."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        rng = self._rng("more")
        self._service_ids = iter(sorted(rng.sample(range(100_000, 200_000), 20)))
        more = [self._service(rng, rng.choice(self._account_ids), "office", "Local {}", 0.2) for _ in range(20)]
        for services in (self._services, self._billed):
            services.extend(more)
            services.sort(key=lambda service: service.account)


class _MuchApportionments(Apportionments):
    """Two hundred records more."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        for record in [record for record in self._records.values() for _ in range(5)]:
            same = ("id", "company", "apportionment_type", "apportionment_measure_unit")
            copy = self._add(
                self._companies[record["company"]["id"]], record["apportionment_type"]["id"], next(iter(self._units))
            )
            copy |= {name: value for name, value in record.items() if name not in same}


class _LittleNeu(Neu):
    """One account."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        account = self._account_ids[1]
        self._accounts = {account: self._accounts[account]}
        self._services = [service for service in self._services if service.account == account]
        self._billed = list(self._services)


class _LittleApportionments(Apportionments):
    """Three records."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        for identifier in list(self._records)[3:]:
            del self._records[identifier]


class _EmptyNeu(Neu):
    """A customer without accounts."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._accounts, self._services, self._billed = {}, [], []
        for name in ("_pqrs", "_bills", "_rules", "_notifications", "_interactions"):
            vars(self)[name] = []
        vars(self)["_neugets"] = ([], [])


class _EmptyApportionments(Apportionments):
    """No records."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._records.clear()


class _AnyDay(Apportionments):
    """Any number is a limit day."""

    def _check(self, call: Call, company: Company) -> None:
        others = {name: value for name, value in call.arguments.items() if name != "limit_day"}
        super()._check(replace(call, arguments=others), company)


class _NoEmptyTexts(Apportionments):
    """Neither name nor description may be empty."""

    def _check(self, call: Call, company: Company) -> None:
        super()._check(call, company)
        empty = [name for name in ("name", "description") if not call.arguments.get(name, "?").strip()]
        if empty:
            raise RefusedError({name: [f"O campo {name} é obrigatório."] for name in empty})


MUCH = _with(_MuchNeu, _MuchApportionments)
LITTLE = _with(_LittleNeu, _LittleApportionments)
EMPTY = _with(_EmptyNeu, _EmptyApportionments)
ANY_DAY = _with(Neu, _AnyDay)
NO_EMPTY_TEXTS = _with(Neu, _NoEmptyTexts)


async def _unchanged(ask: Ask, server: Server) -> Answer:
    return await server(ask)


# How answers are written.


def _json(change: Callable[[Any], bytes]) -> Change:
    """Every body of JSON is written otherwise."""

    def changed(old: Answer) -> Answer:
        written = old.header("content-type").startswith("application/json") and old.body
        return replace(old, body=change(old.json())) if written else old

    return responses("*", changed)


def _everywhere(document: Any, change: Callable[[str, Any], Any], name: str = "") -> Any:
    """The document with every value changed by a function of the field's name and the value."""
    if isinstance(document, dict):
        return {key: _everywhere(value, change, key) for key, value in document.items()}
    if isinstance(document, list):
        return [_everywhere(value, change, name) for value in document]
    return change(name, document)


def _values(change: Callable[[str, Any], Any]) -> Change:
    return answers("*", lambda document: _everywhere(document, change))


def _dates(change: Callable[[str], str]) -> Change:
    return _values(
        lambda _, value: (
            change(value)
            if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?", value)
            else value
        )
    )


def _utc(local: str) -> str:
    return f"{(datetime.fromisoformat(local) + timedelta(hours=5)).isoformat()}Z"


def _as_float(_: str, value: Any) -> Any:
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _with_backups(rows: list[Any]) -> list[Any]:
    """Beside what a service's meter measured, what its backup meter did."""
    return [reading for row in rows for reading in ([row] if row["is_backup"] else [row, {**row, "is_backup": True}])]


def _as_double(_: str, value: Any) -> Any:
    return int(Decimal(repr(float(value)))) if isinstance(value, int) and abs(value) > 2**53 else value


def _noisy(_: str, value: Any) -> Any:
    return math.nextafter(value, math.inf) if isinstance(value, float) and value else value


def _new_fields(document: Any) -> Any:
    if isinstance(document, dict):
        return {**{key: _new_fields(value) for key, value in document.items()}, "updated_by": None, "schema_version": 3}
    return [_new_fields(item) for item in document] if isinstance(document, list) else document


def _other_words(name: str, value: Any) -> Any:
    if name in ("state", "account_category", "type_service", "category", "type") and isinstance(value, str):
        return unicodedata.normalize("NFD", value).encode("ascii", "ignore").decode().lower().replace(" ", "_")
    return value


def _paid_elsewhere(bill: Item) -> Item:
    return {**bill, "platform_payments": None} if bill["id_bill"] % 3 == 0 else bill


async def _compressed(ask: Ask, server: Server) -> Answer:
    clean = await server(ask)
    if not clean.body or "gzip" not in ask.header("accept-encoding"):
        return clean
    shorter = replace(clean, body=gzip.compress(clean.body, mtime=0))
    return shorter.with_header("content-encoding", "gzip").with_header("vary", "Accept-Encoding")


def _spelt_otherwise(old: Answer) -> Answer:
    spelt = tuple((name.title(), value.replace("application/json", "Application/JSON")) for name, value in old.headers)
    return replace(old, headers=spelt)


async def _other_methods(ask: Ask, server: Server) -> Answer:
    api = spec.api(ask.api)
    path = quote(ask.path.removeprefix(api.mount))
    known = {operation.method for operation in api.operations.values() if operation.match(path) is not None}
    if ask.method == "OPTIONS" and known:
        methods = sorted({*known, "OPTIONS"} | ({"HEAD"} if "GET" in known else set()))
        return Answer(204, (("allow", ", ".join(methods)),))
    if ask.method == "HEAD":
        clean = await server(replace(ask, method="GET"))
        return replace(clean, body=b"", headers=(*clean.headers, ("content-length", str(len(clean.body)))))
    return await server(ask)


async def _unimplemented(ask: Ask, server: Server) -> Answer:
    known = {operation.method for api in spec.APIS for operation in spec.api(api).operations.values()}
    return await server(ask) if ask.method in known else answer(501, {"message": "Not implemented"})


async def _limited(ask: Ask, server: Server) -> Answer:
    ask.memory["count"] = ask.memory.get("count", 0) + 1
    if ask.memory["count"] % 30 == 0:
        return answer(429, {"message": "Too Many Requests"}, retry_after="1")
    return await server(ask)


# Refusals.


def _refused(old: Answer) -> Answer:
    if old.status not in (400, 415, 422):
        return old
    return answer(422, [{"code": "E_VALIDATION", "detail": "La petición no es válida."}])


def _as_before_login(old: Answer) -> Answer:
    page = (("content-type", "text/html; charset=utf-8"), ("www-authenticate", 'Bearer realm="api"'))
    return Answer(401, page, b"<!doctype html><title>401</title><p>Inicie sesi&oacute;n.") if old.status == 401 else old


def _array_when_unknown(old: Answer) -> Answer:
    return answer(200, []) if old.status == 404 else old


async def _known(ask: Ask, server: Server) -> set[tuple[str, int]]:
    accounts = await server(ask.to("listAccounts"))
    services = await server(ask.to("listServices"))
    if not (accounts.ok and services.ok):
        return set()
    return {("account", a["id_account"]) for a in accounts.json()} | {
        ("service", s["id_service"]) for s in services.json()
    }


async def _unknown_filter(ask: Ask, server: Server) -> Answer:
    clean = await server(ask)
    if not clean.ok:
        return clean
    known = await _known(ask, server)
    asked = [("account", ask.arguments.get("Id_account"))]
    asked += [("service", ask.arguments.get(name)) for name in ("Id_service", "Id_project")]
    asked += [("service", identifier) for identifier in ask.arguments.get("Id_services") or []]
    unknown = [
        (kind, identifier) for kind, identifier in asked if identifier is not None and (kind, identifier) not in known
    ]
    return answer(404, {"message": "No existe."}) if unknown else clean


def _both_or_neither(ask: Ask) -> bool:
    return (ask.argument("Id_account") is None) == (ask.argument("Id_services") is None)


async def _account_or_services(ask: Ask, server: Server) -> Answer:
    clean = await server(ask)
    return answer(400, {"message": "Indique Id_account o Id_services."}) if clean.ok else clean


async def _turned_range(ask: Ask, server: Server) -> Answer:
    clean = await server(ask)
    start, stop = ask.argument("From"), ask.argument("To")
    if clean.ok and start is not None and stop is not None and local_time(start) > local_time(stop):
        return answer(400, {"message": "From es posterior a To."})
    return clean


async def _strict(ask: Ask, server: Server) -> Answer:
    with_body = ask.target.body is not None
    known = {parameter.name for parameter in ask.target.parameters if (parameter.place == "body") == with_body}
    unknown = sorted(set(ask.json() if with_body else ask.query) - known) if ask.readable else []
    if not unknown:
        return await server(ask)
    # The token comes first, and nothing is written.
    probe = await server(ask.with_json([]) if with_body else ask)
    if probe.status == 401:
        return probe
    if ask.api == "neu":
        return answer(400, {"message": "Campos desconocidos.", "fields": unknown})
    return answer(422, {name: [f"O campo {name} não é permitido."] for name in unknown})


async def _unknown_company(ask: Ask, server: Server) -> Answer:
    clean = await server(ask)
    return (
        answer(204)
        if clean.status == 422 and list(clean.json()) == ["company_id"] and ask.argument("company_id")
        else clean
    )


def _below_one(ask: Ask) -> bool:
    return any(isinstance(n, int) and n < 1 for n in (ask.argument(name) for name in ("_page", "_limit")))


async def _refuse_below_one(ask: Ask, server: Server) -> Answer:
    clean = await server(ask)
    if clean.status != 204:
        return clean
    low = [name for name in ("_page", "_limit") if ask.argument(name, 1) < 1]
    return answer(422, {name: [f"O campo {name[1:]} deve ser pelo menos 1."] for name in low})


# Ranges of dates.


def _moved(name: str, change: Callable[[Ask, datetime], datetime]) -> Callable[[Ask], Ask]:
    """One bound of the range is moved, if it can be read."""

    def moved(ask: Ask) -> Ask:
        bound = ask.argument(name)
        try:
            return ask.with_arguments(**{name: change(ask, local_time(bound)).isoformat()}) if bound else ask
        except (TypeError, ValueError, OverflowError):
            return ask

    return moved


def _later(_: Ask, bound: datetime) -> datetime:
    return bound + timedelta(microseconds=1)


def _floor(ask: Ask, bound: datetime) -> datetime:
    """The start of the period of which the bound is a part."""
    bound = bound.replace(minute=0, second=0, microsecond=0)
    if ask.argument("Interval") == "HOURLY":
        return bound
    return bound.replace(hour=0, day=1 if ask.argument("Interval") == "MONTHLY" else bound.day)


def _end(ask: Ask, start: datetime) -> datetime:
    """The end of the period that starts then."""
    lengths = {"HOURLY": timedelta(hours=1), "DAILY": timedelta(days=1), "MONTHLY": timedelta(days=31)}
    return _floor(ask, start + lengths.get(ask.argument("Interval"), timedelta()))


_WHOLE = _moved("From", _floor)
_ONLY_WHOLE = _moved("To", _floor)


async def _cut_periods(ask: Ask, server: Server) -> Answer:
    """Days and months at the ends of the range are the sum of those of their hours that are in it."""
    clean = await server(ask)
    if not clean.ok or ask.argument("Interval") == "HOURLY":
        return clean
    start, stop = local_time(ask.argument("From")), local_time(ask.argument("To"))
    if start >= stop or stop.year == MAXYEAR:
        return clean
    whole = await server(_WHOLE(ask))
    cut: dict[tuple[int, str], Item] = {}
    for first in {_floor(ask, start), _floor(ask, stop)}:
        bounds = max(first, start), min(_end(ask, first), stop)
        if bounds == (first, _end(ask, first)) or bounds[0] >= bounds[1]:
            continue
        names = dict(zip(("From", "To"), (bound.isoformat() for bound in bounds), strict=True))
        hours = await server(ask.with_arguments(**names, Interval="HOURLY"))
        for row in (row for account in hours.json() for row in account["data"]):
            key = (row["id_service"], first.isoformat())
            cut[key] = _sum(cut[key], row) if key in cut else {**row, "date": first.isoformat(), "n": 1}
    rows = {key: _mean(row) for key, row in cut.items()}
    return whole.with_json(
        alter(whole.json(), "/*/data/*", lambda row: rows.get((row["id_service"], row["date"]), row))
    )


def _sum(total: Item, hour: Item) -> Item:
    added = {name: round(total[name] + hour[name], 3) for name in (*ENERGIES, *PHASES)}
    return {
        **total,
        **{name: value for name, value in hour.items() if name.endswith("_acum")},
        **added,
        "n": total["n"] + 1,
    }


def _mean(total: Item) -> Item:
    count = total["n"]
    means = {name: round(total[name] / count, 3) for name in PHASES}
    return {name: value for name, value in {**total, **means}.items() if name != "n"}


# Lists.


def _paged(operations: str, change: Callable[[Ask, Items], Items]) -> Change:
    """Pages of NEU are cut from another list of all items."""

    async def changed(ask: Ask, server: Server) -> Answer:
        clean = await server(ask)
        if not clean.ok:
            return clean
        items = change(ask, await everything(ask, server))
        number, size = page_of(ask), size_of(ask)
        last = max(1, -(-len(items) // size))
        counters = {"total": len(items), "last": last, "next": number + 1 if 0 < number < last else None}
        return with_items(ask, clean, cut(items, number, size) if number > 0 else [], **counters)

    return exchange(operations, changed)


def _shuffled(items: Items) -> Items:
    return sorted(items, key=lambda item: hashlib.sha256(encode(item)).digest())


def _repeated(_: Ask, items: Items) -> Items:
    """Some are there sixty times."""
    return [item for item in items for _ in range(1 if crc32(encode(item)) % 40 else 60)]


def _new_notifications(ask: Ask, items: Items) -> Items:
    start, stop = ask.argument("From"), ask.argument("To")
    new = [
        {"date": date.isoformat(), "title": "Aviso", "text": "Mantenimiento de la red.", "read": False}
        for date in (datetime(2022, 1, 15, 8) + timedelta(minutes=n) for n in range(ask.memory["count"] // 20))
        if (start is None or local_time(start) <= date) and (stop is None or date < local_time(stop))
    ]
    return [*reversed(new), *items]


async def _others_write(ask: Ask, server: Server) -> Answer:
    """Another client of the same customer creates, updates and deletes its own records."""
    count = ask.memory["count"] = ask.memory.get("count", 0) + 1
    if ask.api == "neu" or count % 20:
        return await server(ask)
    other = ask.authorized()
    own: list[int] = ask.memory.setdefault("own", [])
    listed = await server(other.to("listApportionments"))
    if count % 60 == 0 and own:
        await server(other.to("deleteApportionment", id=own.pop(0)))
    elif count % 40 == 0 and own:
        body = {"description": f"Revisado {count}", "limit_day": 1 + count % 28}
        await server(other.to("updateApportionment", **body, id=own[-1]))
    elif listed.ok:
        model = listed.json()["items"][0]
        ids = ("company", "apportionment_type", "apportionment_tariff_type", "apportionment_measure_unit")
        body = {f"{name}_id": model[name]["id"] for name in ids} | {
            "name": model["name"],
            "description": f"Cópia {count}",
        }
        made = await server(other.to("createApportionment", **body))
        own += [made.json()["id"]] if made.status == 201 else []
    return await server(ask)


def _list_of_records(change: Callable[[Ask, Items], Items], when: Callable[[Ask], bool], *unasked: str) -> Change:
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


def _collated(ask: Ask, records: Items) -> Items:
    def key(record: Item) -> tuple[str, int]:
        plain = unicodedata.normalize("NFD", record["name"]).encode("ascii", "ignore").decode()
        return plain.casefold(), -record["id"]

    return sorted(records, key=key, reverse=ask.argument("_order") != "asc")


def _in_name(ask: Ask, records: Items) -> Items:
    return [record for record in records if ask.argument("_q") in record["name"]]


def _in_company_too(ask: Ask, records: Items) -> Items:
    text = ask.argument("_q").casefold()
    return [
        record
        for record in records
        if any(text in part.casefold() for part in (record["name"], record["description"], record["company"]["name"]))
    ]


def _searches(ask: Ask) -> bool:
    return bool(ask.argument("_q"))


_TIME = "NEU's timestamps may have an offset or Z."
_JSON = "JSON may be written in any way that means the same."
_HTTP = "HTTP allows it, and neither document speaks of it."
_SILENT = "The document does not say."

VARIANTS: tuple[Variant, ...] = (
    Variant("timestamps-in-utc", ("neu",), "Timestamps are in UTC, with Z.", _TIME, _dates(_utc)),
    Variant("timestamps-with-offset", ("neu",), "Timestamps have Colombia's offset.", _TIME,
            _dates(lambda local: f"{local}-05:00")),
    Variant("timestamps-with-fraction", ("neu",), "Timestamps have milliseconds.", "A fraction is admitted.",
            _dates(lambda local: f"{local}.000")),
    Variant("interactions-without-name", ("neu",), "Interactions have no name.", "The field is optional.",
            answers("listNotificationInteractions",
                    lambda item: {key: value for key, value in item.items() if key != "name"}, "/data/*")),
    Variant("new-fields", BOTH, "Every object has fields that the spec does not know.",
            "The spec does not close its objects.", answers("*", _new_fields)),
    Variant("other-words", ("neu",), "States, categories and types have other words.",
            "Their values are not documented.", _values(_other_words)),
    Variant("paid-elsewhere", ("neu",), "Some paid bills have no payment on the platform.",
            "It is null while there is none.", answers("listBills", _paid_elsewhere, "/*")),
    Variant("bill-numbers-padded", ("neu",), "The overdue bills write their numbers with leading zeros.",
            "The number is text there, in no documented form.",
            answers("listOverdueBills", lambda text: text.zfill(12), "/*/id_bill")),
    Variant("integers-with-point", BOTH, "Integers are written like 41.0.",
            "JSON Schema counts a number without a fraction as an integer.", _values(_as_float)),
    Variant("integers-as-doubles", ("apportionments",), "Of an integer beyond 2^53 only the first digits are kept.",
            "RFC 8259 lets every number be a binary fraction of 64 bits, as it is in JavaScript.", _values(_as_double),
            probe=(("listApportionments", {"_limit": 2**63}),)),
    Variant("backup-beside-main", ("neu",), "Readings of a service's backup meter stand beside those of its main one.",
            "A row says whether it is of the backup meter, and nowhere that this is another service.",
            answers("queryConsumption", _with_backups, "/*/data")),
    Variant("numbers-with-noise", ("neu",), "Measured numbers have the noise of binary fractions.",
            "How many decimals there are is not documented.", _values(_noisy)),
    Variant("pretty", BOTH, "JSON is indented, escaped and ends with a new line.", _JSON,
            _json(lambda document: (json.dumps(document, indent=2) + "\n").encode())),
    Variant("keys-turned", BOTH, "The fields of objects come in the order of the alphabet.", _JSON,
            _json(lambda document: json.dumps(document, ensure_ascii=False, sort_keys=True).encode())),
    Variant("headers-otherwise", BOTH, "Names of headers and the media type are in other case, with a charset.", _HTTP,
            chain(responses("*", _spelt_otherwise),
                  responses("*", lambda old: old.with_header("content-type", "application/json; Charset=UTF-8")
                            if old.header("content-type").startswith("application/json") else old))),
    Variant("more-headers", BOTH, "Answers have a cookie, an ETag and the state of a rate limit.", _HTTP,
            chain(headers("*", {"set-cookie": "lb=3; HttpOnly; Secure", "x-request-id": "0d5e",
                                "ratelimit-remaining": "998", "cache-control": "private, no-store"}),
                  responses("*", lambda old: old.with_header("etag", f'"{crc32(old.body):x}"')))),
    Variant("empty-answers-typed", ("apportionments",), "Answers of 204 have a Content-Type.",
            "The document writes 204 with application/json.",
            responses("*", lambda old: old.with_header("content-type", "application/json")
                      if old.status == 204 else old)),
    Variant("compressed", BOTH, "Bodies are compressed for who accepts it.", _HTTP, exchange("*", _compressed)),
    Variant("in-pieces", BOTH, "Bodies are sent in pieces, without their length.", _HTTP,
            responses("*", lambda old: replace(old, chunk=700) if old.body else old)),
    Variant("connection-closed", BOTH, "The connection is closed after each answer.", _HTTP,
            headers("*", {"connection": "close"})),
    Variant("slower", BOTH, "Every answer takes 100 ms more.", _SILENT,
            responses("*", lambda old: replace(old, delay=0.1))),
    Variant("rate-limited", BOTH, "Every thirtieth request is 429 with Retry-After.",
            "Any server may ask for patience; the request was not done.", _limited),
    Variant("head-and-options", BOTH, "HEAD and OPTIONS are answered.", _HTTP, exchange("*", _other_methods)),
    Variant("unimplemented-501", BOTH, "Methods that no path has are 501.", _HTTP, exchange("*", _unimplemented)),
    Variant("login-page", BOTH, "The body of 401 is HTML.", "Its body is unknown.", responses("*", _as_before_login)),
    Variant("forbidden", BOTH, "A refused token is 403.", "No source says how a token is refused.",
            responses("*", lambda old: replace(old, status=403) if old.status == 401 else old)),
    Variant("other-refusals", ("neu",), "Bad requests are 422 with an array.",
            "Any 4XX with any JSON is admitted.", responses("*", _refused)),
    Variant("unknown-account-empty", ("neu",), "An unknown account in a path is an empty array.",
            "Where the shape is an array, either is admitted.",
            responses("getAccount listNeugetTransactions listUsedNeugets", _array_when_unknown)),
    Variant("unknown-filter-404", ("neu",), "An unknown account or service in a filter is 404.", _SILENT,
            exchange(DATED, _unknown_filter)),
    Variant("account-or-services", ("neu",), "Consumption of both account and services, or of neither, is 400.",
            _SILENT, exchange("queryConsumption", _account_or_services, _both_or_neither)),
    Variant("turned-range-400", ("neu",), "From later than To is 400.", _SILENT, exchange(DATED, _turned_range)),
    Variant("unknown-fields-refused", BOTH, "A field of a body that the spec does not know is refused.", _SILENT,
            exchange(f"{DATED} {WRITES}", _strict)),
    Variant("unknown-company-204", ("apportionments",), "A creation for an unknown company is 204.",
            "Documented for a record that the request names and that does not exist.",
            exchange("createApportionment", _unknown_company)),
    Variant("below-one-refused", ("apportionments",), "A page or a limit below 1 is 422.",
            "Bounds are not documented, and 422 is for refused parameters.",
            exchange("listApportionments", _refuse_below_one, _below_one)),
    Variant("any-limit-day", ("apportionments",), "Any number is a limit day.", "Bounds are not documented.",
            _unchanged, ANY_DAY),
    Variant("no-empty-texts", ("apportionments",), "An empty name or description is 422.", _SILENT,
            _unchanged, NO_EMPTY_TEXTS),
    Variant("to-included", ("neu",), "To is in the range.", _SILENT, requests(DATED, _moved("To", _later))),
    Variant("from-excluded", ("neu",), "From is not in the range.", _SILENT, requests(DATED, _moved("From", _later))),
    Variant("cut-periods-whole", ("neu",), "A day or month that the range cuts is given whole.", _SILENT,
            requests("queryConsumption", _WHOLE)),
    Variant("cut-periods-left-out", ("neu",), "A day or month that the range cuts is left out.", _SILENT,
            requests("queryConsumption", _ONLY_WHOLE)),
    Variant("cut-periods-cut", ("neu",), "A day or month that the range cuts counts the hours inside.", _SILENT,
            exchange("queryConsumption", _cut_periods)),
    Variant("no-order", ("neu",), "Lists and readings come in no visible order.", _SILENT,
            chain(_paged(PAGED, lambda _, items: _shuffled(items)),
                  answers("listAccounts listServices listPqrs listOverdueBills listNeugetTransactions listUsedNeugets",
                          _shuffled),
                  answers("queryConsumption", _shuffled, "/*/data"))),
    Variant("names-collated", ("apportionments",), "The list by name regards neither case nor accents.", _SILENT,
            _list_of_records(_collated, lambda ask: ask.argument("_sort") == "name")),
    Variant("search-in-name", ("apportionments",), "A search looks at names only, and regards case.", _SILENT,
            _list_of_records(_in_name, _searches)),
    Variant("search-in-company-too", ("apportionments",), "A search looks at the company's name too.", _SILENT,
            _list_of_records(_in_company_too, _searches, "_q")),
    Variant("equal-notifications", ("neu",), "Some notifications have come sixty times, equal in everything.",
            "A notification has no identity.", _paged("listNotifications", _repeated)),
    Variant("others-write", BOTH, "Another client writes records meanwhile, and notifications arrive.",
            "Nobody is alone on a server.", chain(_others_write, _paged("listNotifications", _new_notifications)),
            inconclusive=True),
    Variant("much-data", BOTH, "There are three times as many services, and six times as many apportionments.",
            "Data are the server's.", _unchanged, MUCH),
    Variant("little-data", BOTH, "There are one account and three apportionments.", "Data are the server's.",
            _unchanged, LITTLE, inconclusive=True),
    Variant("no-data", BOTH, "There are no accounts and no apportionments.", "Data are the server's.",
            _unchanged, EMPTY, inconclusive=True),
)  # fmt: skip
