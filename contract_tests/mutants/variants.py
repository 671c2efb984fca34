"""Legal variants: what a server may do otherwise than the bundled one, so that no contract run may fail it.

Those that follow a reading of an open question are made in `readings`; here are liberties that no question is about.
"""

import gzip
import json
import math
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zlib import crc32

from contrato.core import spec
from contrato.mock.apportionments import Apportionments
from contrato.mock.call import local_time
from contrato.mock.neu import Neu
from mutants import readings_apportionments, readings_neu
from mutants.readings import other_data, unchanged
from mutants.readings_neu import (
    IN_CREDIT,
    METERS_WITH_GAPS,
    PAID_LATE,
    later,
    midnight,
    moved,
    relisted,
    without_unmeasured,
)
from mutants.server import (
    Answer,
    Ask,
    Change,
    Server,
    Variant,
    answer,
    answers,
    chain,
    encode,
    exchange,
    headers,
    requests,
    responses,
)

BOTH = ("neu", "apportionments")
Item = dict[str, Any]
Items = list[Any]


# Other data.


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


MUCH = other_data(_MuchNeu, _MuchApportionments)
LITTLE = other_data(_LittleNeu, _LittleApportionments)
EMPTY = other_data(_EmptyNeu, _EmptyApportionments)
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


async def _unimplemented(ask: Ask, server: Server) -> Answer:
    known = {operation.method for api in spec.APIS for operation in spec.api(api).operations.values()}
    return await server(ask) if ask.method in known else answer(501, {"message": "Not implemented"})


# Refusals.


def _refused(old: Answer) -> Answer:
    if old.status not in (400, 415, 422):
        return old
    return answer(422, [{"code": "E_VALIDATION", "detail": "La petición no es válida."}])


# Lists.


async def _repeated(_: Ask, __: Server, items: Items) -> Items:
    """Some are there sixty times."""
    return [item for item in items for _ in range(1 if crc32(encode(item)) % 40 else 60)]


async def _new_notifications(ask: Ask, _: Server, items: Items) -> Items:
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


READINGS = (*readings_neu.READINGS, *readings_apportionments.READINGS)


def _following(*names: str) -> Change:
    """Follow several readings at once; they need no other data."""
    found = {variant.name: variant.change for variant in READINGS}
    return chain(*(found[name] for name in names if name in found))


_READ_ONLY = " ".join(
    operation.id
    for operation in spec.api("apportionments").operations.values()
    if any(opening.question.id == "write-permission" for opening in operation.open.values())
)


async def _forbidden(ask: Ask, server: Server) -> Answer:
    """Refuse a change that the token may see and not make."""
    safe = await server(ask.to("listApportionments"))
    return safe if safe.status == 401 else answer(403, {"message": "Sem permissão."})


_JSON = "JSON may be written in any way that means the same."
_HTTP = "HTTP allows it, and neither document speaks of it."
_TOGETHER = "Each of them is a reading of the spec."
_SILENT = "The document does not say."

VARIANTS: tuple[Variant, ...] = (
    *READINGS,
    Variant("new-fields", BOTH, "Every object has fields that the spec does not know.",
            "The spec does not close its objects.", answers("*", _new_fields)),
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
    Variant("unimplemented-501", BOTH, "Methods that no path has are 501.", _HTTP, exchange("*", _unimplemented)),
    Variant("queries-created", ("neu",), "Queries by POST are answered with 201.", "The document gives no status.",
            responses("*", lambda old: replace(old, status=201 if old.status == 200 else old.status),
                      lambda ask: ask.method == "POST")),
    Variant("other-refusals", ("neu",), "Bad requests are 422 with an array.",
            "Any 4XX with any JSON is admitted.", responses("*", _refused)),
    Variant("equal-notifications", ("neu",), "Some notifications have come sixty times, equal in everything.",
            "A notification has no identity.", relisted("listNotifications", _repeated)),
    Variant("others-write", BOTH, "Another client writes records meanwhile, and notifications arrive.",
            "Nobody is alone on a server.", chain(_others_write, relisted("listNotifications", _new_notifications)),
            inconclusive=True),
    Variant("much-data", BOTH, "There are three times as many services, and six times as many apportionments.",
            "Data are the server's.", unchanged, MUCH),
    Variant("little-data", BOTH, "There are one account and three apportionments.", "Data are the server's.",
            unchanged, LITTLE, inconclusive=True),
    Variant("no-data", BOTH, "There are no accounts and no apportionments.", "Data are the server's.",
            unchanged, EMPTY, inconclusive=True),
    Variant("read-only-token", ("apportionments",), "The token may read and not write: each change is 403.",
            "403 is documented for what the user may not do.", exchange(_READ_ONLY, _forbidden), inconclusive=True),
    Variant("hours-not-measured", ("neu",), "Some hours were not measured, and have no row.",
            "Meters fail; days and months are the sums of the hours that there are.",
            answers("queryConsumption", without_unmeasured, "/*/data",
                    lambda ask: bool(ask.argument("Interval") == "HOURLY")),
            METERS_WITH_GAPS),
    Variant("paid-late", ("neu",), "Some bills were paid after their due date, and are not overdue any more.",
            "Data are the server's.", unchanged, PAID_LATE),
    Variant("bills-in-credit", ("neu",), "Some bills are a credit, below zero, and were never paid.",
            "Data are the server's.", unchanged, IN_CREDIT),
    Variant("ranges-by-list", ("neu",), "Bills include the end of a range, claims leave out its start, due dates take "
            "whole days, and notifications neither start nor end.", "A reading is one of each operation.",
            chain(requests("listBills", moved("end", later)), requests("listPqrs", moved("start", later)),
                  requests("listDueDates", moved("start", midnight)), requests("listDueDates", moved("end", midnight)),
                  requests("listNotifications", moved("start", later))),
            probe=(("listBills", {"To": "2021-12-04T00:00:00"}),)),
    Variant("like-laravel", ("neu",), "Several readings as Laravel has them: pages of 15, errors of HTML, whole days.",
            _TOGETHER, _following("page-size-other", "error-body-html", "range-end-whole-day", "lenient-type-taken",
                                  "other-methods-served", "unknown-filter-refused", "timestamp-fraction-some")),
    Variant("like-fastapi", ("neu",), "Several readings as FastAPI has them: bodies required, what is unknown refused.",
            _TOGETHER, _following("body-required-required", "unknown-argument-refused", "token-refusal-403",
                                  "challenge-left-out", "timestamp-zone-utc", "no-value-null", "below-one-refused",
                                  "list-order-other", "range-end-included")),
    Variant("like-spring", ("neu",), "Several readings as Spring has them: problems, nothing that is null, offsets.",
            _TOGETHER, _following("error-body-problem", "no-value-absent", "next-page-absent", "no-payment-absent",
                                  "timestamp-zone-offset", "unknown-id-204", "null-argument-ignored",
                                  "range-reversed-refused", "list-order-ascending")),
    Variant("records-like-laravel", ("apportionments",), "Several readings as Laravel has them: texts are trimmed, "
            "pages of 15, PATCH is PUT, errors are HTML.", _TOGETHER,
            _following("apportionments-odd-text-changed", "apportionments-default-another",
                       "apportionments-other-methods-served", "apportionments-error-body-html",
                       "apportionments-lenient-type-taken", "apportionments-page-after-last-empty",
                       "apportionments-delete-missing-404", "apportionments-bad-id-404")),
    Variant("records-like-fastapi", ("apportionments",), "Several readings as FastAPI has them: PUT is whole, the "
            "first wrong field is named, what is unknown refused.", _TOGETHER,
            _following("apportionments-partial-update-refused", "apportionments-unknown-argument-refused",
                       "apportionments-refusal-extent-first", "apportionments-token-refusal-403",
                       "apportionments-challenge-left-out", "apportionments-largest-limit-refused",
                       "apportionments-empty-argument-refused", "apportionments-below-one-refused")),
)  # fmt: skip
