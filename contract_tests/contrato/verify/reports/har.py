"""The traffic of a run as an HTTP Archive, without the token and without personal data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import harfile

from contrato.verify.exchange import Exchange
from contrato.verify.reports.report import Report

LONGEST_BODY = 2**14
"""Bytes of a body that are kept."""


class Recorder:
    """Keeps the exchanges of a run, their bodies cut short. It is an observer of a run.

    They are kept until the end: only then is known all that is personal.
    """

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self._sizes: list[int] = []

    def __call__(self, exchange: Exchange) -> None:
        """Take up an exchange."""
        self._sizes.append(len(exchange.content))
        self.exchanges.append(
            replace(exchange, content=_cut(exchange.content), request_body=_cut(exchange.request_body))
        )

    def write(self, path: Path, report: Report) -> None:
        """Write what was recorded.

        Raises:
            OSError: The file cannot be written.
        """
        assert report.scrubber is not None  # or the file would tell what nobody is to know
        creator = harfile.Creator(name="contrato", version=report.versions["contrato"])
        comment = f"{report.api} at {report.base_url}, seed {report.seed}; token and personal data are replaced"
        with path.open("w", encoding="utf-8") as stream, harfile.open(stream, creator=creator, comment=comment) as har:
            for exchange, size in zip(self.exchanges, self._sizes, strict=True):
                har.add_entry(**_entry(report.scrubber.exchange(exchange), size))


def _cut(content: bytes) -> bytes:
    return content if len(content) <= LONGEST_BODY else content[:LONGEST_BODY] + "…".encode()


def _entry(exchange: Exchange, size: int) -> dict[str, Any]:
    milliseconds = round(exchange.seconds * 1000, 3)
    body = exchange.request_body
    operation = exchange.operation.id if exchange.operation is not None else "no operation"
    known = [status.phrase for status in HTTPStatus if status == exchange.status]
    return {
        "startedDateTime": exchange.started,
        "time": milliseconds,
        "comment": f"{operation}, sent by {exchange.sender}",
        "timings": harfile.Timings(send=0, wait=milliseconds, receive=0),
        "request": harfile.Request(
            method=exchange.method,
            url=exchange.url,
            httpVersion="HTTP/1.1",
            headers=_records(exchange.request_headers),
            queryString=[harfile.Record(*pair) for pair in parse_qsl(urlsplit(exchange.url).query, True)],
            postData=harfile.PostData(
                mimeType=exchange.request_headers.get("content-type", ""), text=body.decode("utf-8", "replace")
            )
            if body
            else None,
            bodySize=len(body),
        ),
        "response": harfile.Response(
            status=exchange.status,
            statusText=next(iter(known), ""),
            httpVersion="HTTP/1.1",
            headers=_records(exchange.headers),
            content=harfile.Content(
                size=size,
                mimeType=exchange.headers.get("content-type", ""),
                text=exchange.content.decode("utf-8", "replace"),
                comment=f"the first {LONGEST_BODY} bytes" if size > LONGEST_BODY else None,
            ),
            redirectURL=exchange.headers.get("location", ""),
            bodySize=size,
        ),
    }


def _records(headers: Mapping[str, str]) -> list[harfile.Record]:
    return [harfile.Record(name=name, value=value) for name, value in headers.items()]
