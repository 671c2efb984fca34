"""Removes the records that a run created, and looks for records."""

from __future__ import annotations

from typing import Any

import requests

from contrato.verify.documents import MISSING
from contrato.verify.modes import Mode
from contrato.verify.own_records import Record, shown
from contrato.verify.transport import Ended, Limited, Transport

ATTEMPTS = 3
"""Requests to delete a record, if the server fails."""

ROUNDS = 2
"""A gateway may refuse deletions for a moment, with a status that the server could have."""


def clean_up(transport: Transport) -> list[Record]:
    """Delete what a run created, beyond the budget if need be; returns the records that are left."""
    own = transport.own
    transport.pace.begin_clean_up()
    transport.cleaning = True
    own.prove_again()
    for _ in range(ROUNDS):
        for record in list(own.created):
            _delete(transport, record)
        if transport.mode is Mode.OWN_RECORDS and not transport.is_silent:
            own.restore(lambda record: read(transport, record))
        if not own.created:
            break
    if transport.mode is Mode.OWN_RECORDS and not transport.is_silent:
        own.look_for_unclaimed()
    own.on_change()
    return own.created


def _delete(transport: Transport, record: Record) -> None:
    remover = transport.spec.operations[record.creator].remover
    if remover is None:
        return
    for attempt in range(ATTEMPTS):
        if (attempt or transport.mode is Mode.OWN_RECORDS) and not _may_delete(transport, record, attempt > 0):
            return
        try:
            answer = transport.exchange(remover, record.arguments)
        except (Limited, Ended):
            return
        except requests.RequestException:
            continue
        if answer.status in (404, 410):
            transport.own.forget(record.path)
        if answer.status < 500 or not transport.pace.wait(remover.id, answer.headers.get("retry-after", "")):
            return


def _may_delete(transport: Transport, record: Record, again: bool) -> bool:
    """True if a record is there as we left it, or before the first deletion, if nothing says otherwise.

    Somebody may have deleted it meanwhile, and the server given its id to somebody else's; so may a deletion that
    failed have done.
    """
    found = read(transport, record)
    if found in (MISSING, None):
        if again and found is None:
            transport.own.forget(record.path)
        return not again
    if transport.own.is_as_left(record, found):
        return True
    transport.own.leave(record)
    return False


def read(transport: Transport, record: Record) -> Any:
    """The record as the server has it; None for nothing, `MISSING` when it does not say."""
    reader = transport.spec.operations[record.creator].reader
    if reader is None:
        return MISSING
    try:
        return shown(transport.exchange(reader, record.arguments))
    except requests.RequestException:
        return MISSING
