"""A server that nobody waits for: hourly readings of ten services for any range of years, as bytes that are kept.

`python bench/server.py` prints its URL, and serves until its standard input is closed. Whatever the path, a POST is
answered with the consumption in the range that its body asks for, and a GET with one service.
"""

import json
import os
import socket
import socketserver
import sys
import threading
from datetime import datetime, timedelta
from functools import cache
from itertools import groupby
from typing import Any

from contrato.core import spec
from contrato.mock.call import Call
from contrato.mock.neu import Neu

OPERATIONS = spec.api("neu").operations
RANGE = OPERATIONS["queryConsumption"].date_range
assert RANGE is not None
FROM, TO = RANGE.start, RANGE.end
# The year that stands for every year. It has no 29 February, so all years have the same number of rows.
YEAR = 2023


def compact(value: Any) -> bytes:
    """JSON as most servers write it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


@cache
def accounts() -> list[tuple[bytes, list[list[bytes]]]]:
    """For each account of the bundled server: its members before the rows, and a year of rows for each service."""
    asked = {"Interval": "HOURLY", FROM: datetime(YEAR, 1, 1), TO: datetime(YEAR + 1, 1, 1)}
    pieces = Neu(1).handlers["queryConsumption"](Call(OPERATIONS["queryConsumption"], asked)).pieces
    return [
        (
            compact({**account, "data": []}).removesuffix(b"]}"),
            [[compact(row) for row in rows] for _, rows in groupby(account["data"], lambda row: row["id_service"])],
        )
        for account in json.loads(b"".join(pieces))
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
    """The answer to every GET."""
    return compact(Neu(1).handlers["listServices"](Call(OPERATIONS["listServices"], {}))[0])


class Handler(socketserver.BaseRequestHandler):
    """Just enough HTTP/1.1 for requests with a Content-Length, on one connection after the other."""

    def handle(self) -> None:
        """Answer until the client leaves."""
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        received = b""
        while True:
            while b"\r\n\r\n" not in received:
                if not (piece := self.request.recv(65536)):
                    return
                received += piece
            head, _, received = received.partition(b"\r\n\r\n")
            lengths = [
                line.partition(b":")[2] for line in head.lower().split(b"\r\n") if line[:15] == b"content-length:"
            ]
            length = int(lengths[0]) if lengths else 0
            while len(received) < length:
                received += self.request.recv(65536)
            body, received = received[:length], received[length:]
            if head.startswith(b"GET "):
                answer = service()
            else:
                wanted = json.loads(body)
                answer = consumption(*(datetime.fromisoformat(wanted[side]) for side in (FROM, TO)))
            self.request.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(answer)
            )
            self.request.sendall(answer)


class Server(socketserver.ThreadingTCPServer):
    """A thread for each connection; none of them outlives the process."""

    daemon_threads = True


if __name__ == "__main__":
    accounts()
    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
        sys.stdin.read()
        os._exit(0)
