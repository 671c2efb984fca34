"""The traffic of a run as an HTTP Archive, without the token and without personal data."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from io import StringIO
from pathlib import Path
from typing import IO, Any
from urllib.parse import parse_qsl, urlsplit

import harfile

from contrato.verify.exchange import Exchange
from contrato.verify.reports.report import Report

CREATOR = "contrato"
"""Name of the program that writes recordings of its own runs."""

LONGEST_BODY = 2**14
"""Bytes of a body that are kept in a file."""

_BROKEN = re.compile(rb"[\xc0-\xff][\x80-\xbf]{0,3}\Z")
"""A letter of several bytes, which may be cut."""


class Recorder:
    """Keeps the exchanges of a run, their bodies cut short. It is an observer of a run.

    They are kept until the end: only then is known all that is personal.

    Args:
        longest: Bytes of a body that are kept.
    """

    def __init__(self, longest: int = LONGEST_BODY) -> None:
        self.longest = longest
        self.exchanges: list[Exchange] = []
        self._sizes: list[int] = []

    def __call__(self, exchange: Exchange) -> None:
        """Take up an exchange."""
        self._sizes.append(len(exchange.content))
        self.exchanges.append(
            replace(exchange, content=self._cut(exchange.content), request_body=self._cut(exchange.request_body))
        )

    def write(self, path: Path, report: Report) -> None:
        """Write what was recorded.

        Raises:
            OSError: The file cannot be written.
        """
        with path.open("w", encoding="utf-8") as stream:
            self._dump(stream, report)

    def content(self, report: Report) -> bytes:
        """The bytes that `write` writes."""
        stream = StringIO()
        self._dump(stream, report)
        return stream.getvalue().encode()

    def _dump(self, stream: IO[str], report: Report) -> None:
        assert report.scrubber is not None  # or the file would tell what nobody is to know
        # A law tells some readings by comparing answers, which whoever reads the recording need not do again.
        said = json.dumps({"readings": report.answers})
        creator = harfile.Creator(name=CREATOR, version=report.versions["contrato"], comment=said)
        comment = f"{report.api} at {report.base_url}, seed {report.seed}; token and personal data are replaced"
        with harfile.open(stream, creator=creator, comment=comment) as har:
            for exchange, size in zip(self.exchanges, self._sizes, strict=True):
                har.add_entry(**self._entry(report.scrubber.exchange(exchange), size))

    def _cut(self, content: bytes) -> bytes:
        # A broken letter at the end would part a name from the mark by which a name that is cut is found.
        return content if len(content) <= self.longest else _BROKEN.sub(b"", content[: self.longest]) + "…".encode()

    def _entry(self, exchange: Exchange, size: int) -> dict[str, Any]:
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
                    comment=f"the first {self.longest} bytes" if size > self.longest else None,
                ),
                redirectURL=exchange.headers.get("location", ""),
                bodySize=size,
            ),
        }


def _records(headers: Mapping[str, str]) -> list[harfile.Record]:
    return [harfile.Record(name=name, value=value) for name, value in headers.items()]
