"""A server that nobody waits for: hourly readings of ten services for any range of years, as bytes that are kept.

`python bench/server.py CERTIFICATE KEY` prints a line of JSON, its URLs with and without TLS and what a year holds, and
serves until its standard input is closed. It answers two operations, the query for consumption and that for a service.
"""

import asyncio
import json
import math
import os
import socket
import socketserver
import ssl
import sys
import threading
from datetime import datetime, timedelta
from functools import cache
from itertools import groupby
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
from measure import NEU, QUERY, SERVICE, YEAR, request

from contrato.core.places import Parts, arguments, place
from contrato.mock import create_app


def compact(value: Any) -> bytes:
    """JSON as most servers write it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


async def ask(parts: Parts) -> Any:
    """Ask the bundled server, inside of this process."""
    headers = {"Authorization": "Bearer demo", **parts.headers}
    transport = httpx.ASGITransport(create_app())
    async with httpx.AsyncClient(transport=transport, base_url=NEU.server_url, headers=headers) as client:
        response = await client.request(parts.method, parts.path, params=parts.query, json=parts.body)
    response.raise_for_status()
    return response.json()


@cache
def year() -> Any:
    """The answer of the bundled server for the year that stands for every year."""
    return asyncio.run(ask(request(datetime(YEAR, 1, 1), datetime(YEAR + 1, 1, 1))))


@cache
def accounts() -> list[tuple[bytes, list[list[bytes]]]]:
    """For each account of the bundled server: its members before the rows, and a year of rows for each service."""
    return [
        (
            compact({**account, "data": []}).removesuffix(b"]}"),
            [[compact(row) for row in rows] for _, rows in groupby(account["data"], lambda row: row["id_service"])],
        )
        for account in year()
    ]


def hours(year: int, moment: datetime) -> int:
    """How many rows of a year come before a moment."""
    if moment.year != year:
        return 0 if moment.year < year else 24 * 365
    if (moment.month, moment.day) == (2, 29):
        moment = datetime(year, 3, 1)
    # Rounded up: a reading is dated by the start of its hour.
    return -((datetime(YEAR, 1, 1) - moment.replace(year=YEAR)) // timedelta(hours=1))


@cache
def consumption(start: datetime, stop: datetime) -> bytes:
    """The answer for a range, its start included and its end not."""
    spans = [(year, hours(year, start), hours(year, stop)) for year in range(start.year, stop.year + 1)]
    answers = []
    for head, services in accounts():
        rows = [
            b",".join(service[first:last]).replace(b'"date":"%d-' % YEAR, b'"date":"%d-' % year)
            for service in services
            for year, first, last in spans
            if first < last
        ]
        answers.append(head + b",".join(rows) + b"]}")
    return b"[" + b",".join(answers) + b"]"


@cache
def service() -> bytes:
    """The answer to every query for a service: the first one of the year."""
    identifier = year()[0]["data"][0]["id_service"]
    return compact(asyncio.run(ask(place(SERVICE, {SERVICE.parameter("id").key: identifier}))))


def answer(method: str, target: str, headers: dict[str, str], body: bytes) -> bytes:
    """Answer a request.

    Raises:
        LookupError: It is for none of the two operations.

    """
    url = urlsplit(target)
    path = url.path.removeprefix(NEU.mount)
    operation = NEU.match(method, path)
    if operation is SERVICE:
        return service()
    if operation is not QUERY or operation.date_range is None:
        raise LookupError(f"{method} {target}")
    given = arguments(operation, path, parse_qsl(url.query), headers, json.loads(body) if body else None)
    names = operation.date_range.start, operation.date_range.end
    return consumption(*(datetime.fromisoformat(given[operation.parameter(name).key]) for name in names))


class Handler(socketserver.BaseRequestHandler):
    """Just enough HTTP/1.1 for requests with a Content-Length, on one connection after the other."""

    def handle(self) -> None:
        """Answer until the client leaves."""
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        tls = self.server.tls if isinstance(self.server, Server) else None
        connection = tls.wrap_socket(self.request, server_side=True) if tls else self.request
        received = b""
        while True:
            while b"\r\n\r\n" not in received:
                if not (piece := connection.recv(65536)):
                    return
                received += piece
            head, _, received = received.partition(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")
            pairs = (line.split(":", 1) for line in lines)
            headers = {name.lower(): value.strip() for name, value in pairs}
            length = int(headers.get("content-length", 0))
            while len(received) < length:
                received += connection.recv(65536)
            body, received = received[:length], received[length:]
            method, target, _ = first.split()
            content = answer(method, target, headers, body)
            connection.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(content)
            )
            connection.sendall(content)


class Server(socketserver.ThreadingTCPServer):
    """A thread for each connection; none of them outlives the process."""

    daemon_threads = True

    def __init__(self, tls: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.tls = tls
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """The base URL of the API."""
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.socket.getsockname()[1]}{NEU.mount}"


def main() -> None:
    """Serve."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*sys.argv[1:])
    rows = [row for account in year() for row in account["data"]]
    holds = {"rows": len(rows), "energy": math.fsum(row["cons"] for row in rows), "name": json.loads(service())["name"]}
    holds["bytes"] = len(consumption(datetime(YEAR, 1, 1), datetime(YEAR + 1, 1, 1)))
    print(json.dumps({"http": Server(None).url, "https": Server(context).url, **holds}), flush=True)
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
