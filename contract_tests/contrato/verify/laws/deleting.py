"""Laws of what is deleted, missing or refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import product
from typing import Any

from contrato.core.spec import Operation
from contrato.verify.documents import MISSING, cited, excerpt, find, short
from contrato.verify.exchange import Arguments
from contrato.verify.findings import NotJudged, Reading, Violation, answered, kind_of, violation
from contrato.verify.laws.records import (
    FAR,
    Records,
    gone_proof,
    grown,
    is_nothing,
    proof_of,
    records_of,
    tidy,
    values_of,
)
from contrato.verify.rules import law
from contrato.verify.session import Session, UnexpectedError, WithheldError

AGAIN = "a new record got the id of one that was deleted"
"""Somebody else's might get it too: then nothing is written to it."""


@law("What is deleted is gone, and nothing else is.", writes=True)
def deleted_is_gone(session: Session, operation: Operation) -> Iterator[Violation | NotJudged]:
    """A record is created and deleted. Reading it answers as for a record that never was, the list has one record less
    and all others, a change does not bring it back, and deleting it again does no harm.
    """
    records = records_of(session, operation)
    if records is None or records.remover is not operation:
        return
    with tidy(records):
        kept, _, _, _ = records.try_create(1)
        doomed, gone, _, body = records.try_create(2)
        with suppress(UnexpectedError):
            records.create(body)  # It is equal in everything, and stays.
        before = records.listing()
        deleted = records.delete(doomed)
        if not deleted.succeeded:
            raise UnexpectedError(deleted)
        reading = records.read(doomed)
        if not records.is_gone(reading):
            expected = f"no record {cited(doomed)} after it was deleted"
            found = answered(reading)
            yield violation(operation, "", expected, found, gone_proof(records), [deleted, reading])
        after = records.listing()
        if records.listed(after, doomed, gone) is not None:
            expected = "the list is without the deleted record"
            yield violation(
                operation, "", expected, f"{cited(doomed)} is listed", proof_of(operation), [deleted, after.exchange]
            )
        others = after.others(before, doomed)
        if others:
            yield violation(
                operation, "", "no other record changes", others, proof_of(operation), [deleted, after.exchange]
            )
        yield from grown(operation, before, after, -1, deleted, doomed)
        witness = records.try_create(2)[0]
        if witness == doomed:
            yield NotJudged(operation.id, AGAIN)
            return
        again = records.delete(doomed)
        if again.status >= 500 or (again.succeeded and again.content.strip()):
            yield violation(
                operation, "", "deleting again does no harm", kind_of(again), proof_of(operation), [deleted, again]
            )
        if records.updater is not None:
            own = {f.key: records.value(records.updater, f, 3) for f in values_of(records.updater) if not f.refers_to}
            given = {key: value for key, value in own.items() if value is not MISSING}
            changed = records.update(doomed, given)
            if records.record(changed) is not MISSING or not records.is_gone(records.read(doomed)):
                expected = f"a change does not bring {cited(doomed)} back"
                yield violation(
                    records.updater, "", expected, kind_of(changed), gone_proof(records), [deleted, changed]
                )
        final = records.listing()
        others = final.others(after, witness)
        if others:
            yield violation(
                operation, "", "what is gone changes nothing more", others, proof_of(operation), [again, final.exchange]
            )
        if records.record(records.read(kept)) is MISSING:
            yield violation(
                operation, "", "no other record is deleted", f"{cited(kept)} is gone", proof_of(operation), [deleted]
            )


@law("What does not exist is not found, and not made by a request for it.", writes=True)
def missing_is_missing(session: Session, operation: Operation) -> Iterator[Violation | NotJudged | Reading]:
    """Records that no list names are read, changed and deleted. The answer is the contract's for a missing record,
    without data, and the list is afterwards as before.
    """
    records = records_of(session, operation)
    addressed = any(f.place == "path" for f in operation.parameters)
    if records is None or not addressed:
        return
    with tidy(records):
        yield from _missing(session, operation, records)


def _missing(session: Session, operation: Operation, records: Records) -> Iterator[Violation | NotJudged | Reading]:
    unknown = [records.unknown()]
    if not operation.safe:
        # Only records of its own may be written to in some modes: one that is there no more.
        deleted = records.try_create(3)[0]
        records.try_create(3)
        if records.delete(deleted).succeeded:
            if records.try_create(3)[0] == deleted:
                yield NotJudged(operation.id, AGAIN)
            else:
                unknown.append(deleted)
    before = records.listing()
    own = [(f.key, records.value(operation, f, 1)) for f in values_of(operation)]
    values = {key: value for key, value in own if value is not MISSING}
    exchange = None
    for identifier, given in product(unknown, [{}, values] if values else [{}]):
        try:
            exchange = session.ask(operation, {records.id.key: identifier, **given})
        except WithheldError:
            continue
        bare = operation.nothing
        if operation.admits("delete-missing", str(exchange.status)):
            yield Reading(operation.id, "delete-missing", "", str(exchange.status), (exchange,))
        # A change that is refused for its values is refused all the same.
        may_be_for_values = not operation.safe and (operation.answer is None or exchange.status not in (404, 410))
        refused = 400 <= exchange.status < 500 and (bare is None or may_be_for_values)
        if not refused and not is_nothing(operation, exchange):
            expected = f"{bare.status if bare else '4XX'} without a record for an unknown id"
            found = answered(exchange)
            yield violation(operation, f"path.{records.id.name}", expected, found, gone_proof(records), [exchange])
    if not operation.safe and exchange is not None:
        after = records.listing()
        others = after.others(before)
        if others:
            expected = "a request for a record that does not exist changes nothing"
            yield violation(operation, "", expected, others, proof_of(operation), [exchange, after.exchange])


@law("What is refused changes nothing.", writes=True, probes=True)
def refused_changes_nothing(session: Session, operation: Operation) -> Iterator[Violation | NotJudged]:
    """New records and changes are asked for with references to what does not exist, without required fields, with
    values of wrong types, and with bodies that are no JSON object. Each is refused, none creates a record, and a record
    that was to be changed keeps all its values.
    """
    records = records_of(session, operation)
    if records is None or operation not in (records.creator, records.updater):
        return
    with tidy(records):
        identifier, record, created, body = records.try_create(1)
        before = records.listing()
        where: Arguments = {}
        if operation is records.updater:
            where = {records.id.key: identifier}
            own = [(f.key, records.value(operation, f, 2)) for f in values_of(operation)]
            body = {key: value for key, value in own if value is not MISSING}
        wrong: list[tuple[str, Arguments | bytes, str]] = []
        for f in values_of(operation):
            at = f"{f.place}.{f.name}"
            if f.refers_to:
                known = [v for v in session.existing(f) if isinstance(v, int)]
                wrong.append((at, {**body, f.key: max([*known, 0]) + FAR}, f.evidence))
            if f.required:
                wrong.append((at, {k: v for k, v in body.items() if k != f.key}, f.evidence))
            for value in _WRONG.get(f.schema.type, []):
                # Outside of a body everything is text.
                if f.place == "body" or isinstance(value, str):
                    wrong.append((at, {**body, f.key: value}, f.evidence))
        if operation.body is not None:
            wrong += [("body", content, operation.body.evidence) for content in (b'{"', b"[1]", b'"text"')]
        for at, request, evidence in wrong:
            if isinstance(request, bytes):
                exchange = session.ask(operation, where, content=request)
            else:
                exchange = session.ask(operation, {**where, **request})
            bare = operation.nothing
            if not 400 <= exchange.status < 500 and not (bare and bare.status == str(exchange.status)):
                if exchange.succeeded and operation is records.creator:
                    records.own += find(exchange.json, records.pointer) if exchange.json is not MISSING else []
                expected = "4XX for what cannot be done"
                found = f"{answered(exchange)}, for {excerpt(exchange.sent)}"
                yield violation(operation, at, expected, found, evidence, [exchange])
            kept = records.record(records.read(identifier)) if operation is records.updater else record
            if records.differing(record, kept):
                expected = f"what is refused changes nothing: {short(record)}"
                yield violation(operation, at, expected, short(kept), evidence, [created, exchange])
                record = kept
        after = records.listing()
        others = after.others(before, *records.own)
        if others:
            expected = "what is refused leaves all records as they were"
            yield violation(operation, "", expected, others, proof_of(operation), [exchange, after.exchange])


_WRONG: dict[str, list[Any]] = {
    "integer": ["abc", {}],
    "number": ["abc", {}],
    "boolean": ["maybe", {}],
    "string": [{"a": 1}, [7]],
    "array": ["abc", {}],
}
"""Values of a wrong type that no lenient server could take for right."""
