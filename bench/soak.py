"""A soak of the client: many calls by threads and tasks, forks, cancellations, and a server that fails in every way.

`python bench/soak.py` makes 50,000 calls, a thousand of them with a fault, and prints one line of JSON. It fails if a
call gets another call's answer, an error that its fault does not explain, or if memory, files or threads grow.
"""

import argparse
import asyncio
import base64
import faulthandler
import gc
import json
import multiprocessing
import os
import random
import re
import struct
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

from contrato.core import spec
from contrato.core.errors import ContractError, ContratoError, RequestTimeoutError
from contrato.neu import AsyncNeu, Neu

SERVICE = spec.api("neu").example("Service")
# Errors with which a call may end after a fault; None is the right answer, after a retry.
FAULTS: dict[str, type[ContratoError] | None] = {
    "reset": None,
    "close": None,
    "cut": None,
    "long": None,
    "chunks": None,
    "busy": None,
    "broken": None,
    "drip": None,
    "short": ContractError,
    "coding": ContractError,
    "late": RequestTimeoutError,
}
DEADLINE = 5.0
# Seconds for a child, or for all.
PATIENCE = 60


class Server:
    """Answers with what the header X-Body says, in base64; the first time as the header X-Fault says."""

    def __init__(self) -> None:
        self._failed: set[str] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of a connection."""
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
                await reader.readexactly(int(headers.get("content-length", 0)))
                raw = next(line for line in head.split("\r\n") if line.lower().startswith("x-body: "))
                kind, _, call = headers.get("x-fault", "").partition("-")
                fault = kind if call and call not in self._failed else ""
                self._failed.add(call)
                if not await self._answer(writer, base64.b64decode(raw[8:]), fault):
                    break
        writer.close()

    async def _answer(self, writer: asyncio.StreamWriter, body: bytes, fault: str) -> bool:
        """Write an answer; return True if the connection stays open."""
        status = {"busy": "429 No\r\nRetry-After: 0", "broken": "503 No"}.get(fault, "200 OK")
        lengths = {"long": len(body) + 9, "cut": len(body), "short": len(body) - 9}
        length = f"Content-Length: {lengths.get(fault, len(body))}"
        if fault == "chunks":
            length, body = "Transfer-Encoding: chunked", b"zz\r\n"
        coding = "\r\nContent-Encoding: gzip" if fault == "coding" else ""
        head = f"HTTP/1.1 {status}\r\n{length}{coding}\r\n\r\n".encode()
        if fault == "reset":
            writer.get_extra_info("socket").setsockopt(*LINGER)
            writer.transport.abort()
            return False
        if fault == "close":
            return False
        writer.write(head)
        pieces = [body]
        if fault in ("drip", "late"):
            pieces = [body[index : index + 8] for index in range(0, len(body), 8)]
        if fault == "cut":
            pieces = [body[:9]]
        for piece in pieces:
            if fault == "drip":
                await asyncio.sleep(0.002)
            if fault == "late":
                await asyncio.sleep(DEADLINE)
            writer.write(piece)
            await writer.drain()
        return fault not in ("cut", "long", "chunks")


LINGER = (1, 13, struct.pack("ii", 1, 0))


def serve(port: Any) -> None:
    """Serve until the parent ends."""

    async def run() -> None:
        server = await asyncio.start_server(Server().serve, "127.0.0.1", 0, limit=2**20, backlog=512)
        port.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


def body(name: str) -> str:
    """Return the header that asks for a service with a name."""
    return base64.b64encode(json.dumps([{**SERVICE, "name": name}]).encode()).decode()


class Soak:
    """The calls and what they ended with.

    Args:
        url: URL of the server.
        share: Share of the calls that have a fault.

    Attributes:
        ended: Number of calls by their fault and their end.
        wrong: Ends that their fault does not explain.

    """

    def __init__(self, url: str, share: float) -> None:
        self.url = url
        self.ended: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._share = share
        self._lock = threading.Lock()

    def options(self, name: str, chance: random.Random) -> tuple[str, dict[str, Any]]:
        """Return a fault, or nothing, and the options of a call."""
        fault = chance.choice(list(FAULTS)) if chance.random() < self._share else ""
        headers = {"X-Body": body(name)} | ({"X-Fault": f"{fault}-{name}"} if fault else {})
        return fault, {"headers": headers, "deadline": 0.5 if fault == "late" else 60.0}

    def note(self, name: str, fault: str, result: Any) -> None:
        """Count a call, and compare its end with the expected one."""
        expected = FAULTS[fault] if fault else None
        # (After a fault a retry for another reason, such as a connection that ended, may get the right answer.)
        right = result[0].name == name if isinstance(result, list) else expected and isinstance(result, expected)
        with self._lock:
            self.ended[f"{fault or 'none'}: {'right' if isinstance(result, list) else type(result).__name__}"] += 1
            if not right:
                self.wrong.append(f"{name} with {fault or 'no fault'}: {result!r}"[:300])

    def call(self, client: Neu, name: str, chance: random.Random) -> None:
        """Make a call."""
        fault, options = self.options(name, chance)
        try:
            result: Any = client.list_services(options=options)  # type: ignore[arg-type]
        except Exception as error:
            result = error
        self.note(name, fault, result)

    def thread(self, client: Neu, label: str, count: int, seed: int) -> None:
        """Make the calls of a thread, and read and leave windows in between."""
        chance = random.Random(seed)
        for number in range(count):
            self.call(client, f"{label}-{number}", chance)
            if number % 500 == 499:
                none: Any = {"headers": {"X-Body": base64.b64encode(b"[]").decode()}}
                for window in client.windows(client.list_bills, from_="2020-01-01", to="2024-01-01", options=none):
                    if window.from_.month == chance.randrange(1, 13):
                        break

    def fork(self, client: Neu, label: str) -> None:
        """Make calls in a child process, with the client of the parent."""
        child = os.fork()
        if child == 0:
            status = 1
            # A call that hangs is shown, and ends.
            faulthandler.dump_traceback_later(PATIENCE, exit=True)
            with suppress(BaseException):
                own = Soak(self.url, 0.05)
                own.thread(client, label, 20, 1)
                status = 1 if own.wrong else 0
                if own.wrong:
                    print(own.wrong, file=sys.stderr, flush=True)
            os._exit(status)
        ended = os.waitpid(child, 0)[1]
        with self._lock:
            self.ended[f"forks: {'right' if ended == 0 else ended}"] += 1
            if ended:
                self.wrong.append(f"the child {label} ended with {ended}")

    async def tasks(self, label: str, count: int, workers: int) -> None:
        """Make calls by tasks, of which one in twenty is cancelled."""
        async with AsyncNeu("t", self.url, retries=5) as client:

            async def one(number: int) -> None:
                name, chance = f"{label}-{number}", random.Random(f"{label}-{number}")
                fault, options = self.options(name, chance)
                call = asyncio.ensure_future(client.list_services(options=options))  # type: ignore[arg-type]
                if number % 20 == 0:
                    await asyncio.sleep(chance.random() / 100)
                    call.cancel()
                try:
                    result: Any = await call
                except asyncio.CancelledError:
                    self.ended["tasks: cancelled"] += 1
                    return
                except Exception as error:
                    result = error
                self.note(name, fault, result)

            async def worker(first: int) -> None:
                for number in range(first, count, workers):
                    await one(number)

            await asyncio.gather(*map(worker, range(workers)))


def resources() -> dict[str, int]:
    """Return the memory in kB, and the numbers of files and threads."""
    # Of each failure with other headers Python keeps a pattern of their values, up to its limit of 512.
    re.purge()
    gc.collect()
    status = Path("/proc/self/status").read_text()
    memory = int(status.split("VmRSS:")[1].split()[0])
    return {"kB": memory, "files": len(os.listdir("/proc/self/fd")), "threads": threading.active_count()}


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=50_000)
    parser.add_argument("--faults", type=int, default=1_000)
    parser.add_argument("--threads", type=int, default=16)
    parser.add_argument("--forks", type=int, default=40)
    given = parser.parse_args()
    mine, its = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(its,), daemon=True)
    process.start()
    soak = Soak(f"http://127.0.0.1:{mine.recv()}", given.faults / given.calls)
    started = time.monotonic()
    seen = []
    with Neu("t", soak.url, retries=5) as client:
        # The first part warms up: what it leaves is no growth.
        for part in range(3):
            each = given.calls * 4 // 5 // 3 // given.threads
            threads = [
                threading.Thread(target=soak.thread, args=(client, f"{part}-{number}", each, part * 100 + number))
                for number in range(given.threads)
            ]
            for thread in threads:
                thread.start()
            for number in range(given.forks // 3):
                time.sleep(0.05)
                soak.fork(client, f"fork-{part}-{number}")
            for thread in threads:
                thread.join()
            asyncio.run(soak.tasks(f"task-{part}", given.calls // 5 // 3, given.threads))
            while any(thread.name == "contrato-windows" for thread in threading.enumerate()):
                time.sleep(0.01)
            seen.append(resources())
    process.terminate()
    growth = {name: seen[-1][name] - seen[0][name] for name in seen[0]}
    report = {
        "calls": sum(soak.ended.values()),
        "faults": sum(count for end, count in soak.ended.items() if end.partition(":")[0] in FAULTS),
        "seconds": round(time.monotonic() - started),
        "ended": dict(sorted(soak.ended.items())),
        "seen": seen,
        "wrong": soak.wrong[:20],
    }
    print(json.dumps(report, indent=1))
    if soak.wrong or growth["threads"] > 0 or growth["files"] > 2 * given.threads or growth["kB"] > 20_000:
        sys.exit(1)


if __name__ == "__main__":
    main()
