"""What `make mutants` runs: the suite against the bundled server with one fault after the other, and who noticed.

    python -m mutants.run            every fault, and stock `schemathesis run` beside it; writes MUTANTS.md
    python -m mutants.run --share 3  every third fault; writes MUTANTS.md, which says so
    python -m mutants.run --quick    one fault of each group, without stock
    python -m mutants.run --legal    every legal variant, five seeds each, of which none may fail
    python -m mutants.run NAME...    these faults and variants

The exit status is 1 when a fault goes unnoticed that `MISSES` does not explain, or when a legal variant fails.
"""

import argparse
import json
import platform
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from itertools import groupby
from multiprocessing import get_context
from pathlib import Path

import uvicorn
from rich.console import Console
from rich.progress import Progress

from contrato.core import spec
from contrato.core.spec import APIS
from contrato.verify import ExitCode, UsageError, verify
from mutants.catalogue import catalogue, create_app
from mutants.server import GROUPS, Changed, Fault, Variant, no_subject

ROOT = Path(__file__).parents[2]
TOKEN = "0f1e2d3c4b5a69788796"
SEEDS = (1, 2, 3, 4, 5)
"""Seeds of the data, and of the suite, with which a legal variant is tried."""

STOCK = 24
"""Stock Schemathesis is tried on one in so many faults: it takes longer than the suite."""

STOCK_SECONDS = 300
"""How long it may take; a run that does not end by then counts as one that notices the fault."""

LAYERS = ("conformance", "check", "law")
NOTICED = (ExitCode.FAILED, ExitCode.USAGE)
KIND = "The server is kinder than the document, which does not say what is refused."
MISSES = {
    "overdue-bills-no-content": "A list that is always answered without content may be empty: the run is inconclusive.",
    "interval-in-any-case": KIND,
    "apportionments-free-market-refused": "The API does not tell which companies have a contract.",
    "claim-category-never": "A field that may be null may have no value in any record.",
    "contract-never": "A field that may be null may have no value in any record.",
    "zones-in-one-row": "In which zone a field is dated is asked for each one.",
    "reversed-by-turns": "An answer that is another one when it is asked for again is inconclusive.",
    "to-by-page": "It takes a record at the end of a range and more than a page of others.",
    "neither-by-turns": "An answer that is another one when it is asked for again is inconclusive.",
    "apportionments-same-name-by-turns": "An answer that is another one when it is asked for again is inconclusive.",
    "services-fail-now-and-then": "A 502 of a gateway that is not there again breaks no contract.",
    "offset-ignored": "Whether a request may give an offset is nowhere said.",
    "event-value-in-wh": "The unit of the values that met a rule is nowhere said.",
}
"""Faults that no honest check can notice, and why."""


@dataclass(frozen=True)
class Seen:
    """What a run of the suite said of one server.

    Attributes:
        name: Of the fault or the variant; empty text for the server as it is.
        layers: Who reported a failure.
        warned: Whether there were warnings.
        stock: Whether stock Schemathesis reported what it does not report of the server as it is; None when not asked.
        findings: One line for each failure, or for what was inconclusive.
    """

    name: str
    api: str
    seed: int
    exit_code: int
    layers: frozenset[str]
    warned: bool
    stock: bool | None
    requests: int
    seconds: float
    findings: tuple[str, ...]


@contextmanager
def serving(name: str, seed: int) -> Iterator[dict[str, str]]:
    """Serve with this change, in a thread; gives the base URL of each API.

    Raises:
        ExceptionGroup: the change stumbled, so that a client saw another fault than the one that was meant.

    """
    app = create_app(name or None, seed, TOKEN)
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    config = uvicorn.Config(app, log_level="critical", lifespan="off", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        yield {api: origin + spec.api(api).mount for api in APIS}
    finally:
        server.force_exit = server.should_exit = True
        thread.join()
    if isinstance(app, Changed) and app.errors:
        raise ExceptionGroup(f"{name} stumbled", app.errors)


def stock(api: str, url: str) -> frozenset[str]:
    """What `schemathesis run` with the same spec, its defaults and one seed finds."""
    document = ROOT / "generated" / "contrato" / api / "openapi.json"
    command: list[str | Path] = [Path(sys.executable).with_name("schemathesis"), "run", document, "--url", url]
    with tempfile.TemporaryDirectory() as directory:
        command += ["--header", f"Authorization: Bearer {TOKEN}", "--seed", "1", "--request-timeout", "10"]
        command += ["--report", "json", "--report-dir", directory]
        quiet = subprocess.DEVNULL
        try:
            subprocess.run(command, check=False, stdout=quiet, stderr=quiet, cwd=directory, timeout=STOCK_SECONDS)
        except subprocess.TimeoutExpired:
            return frozenset({"did not end"})
        (written,) = Path(directory).glob("*.json")
        report = json.loads(written.read_text("utf-8"))
    found = {f"{failure['type']} {label}" for failure in report["failures"] for label in failure["operations"]}
    return frozenset(found | {f"error {json.dumps(error, sort_keys=True)}" for error in report["errors"]})


def try_one(name: str, api: str, seed: int, usual: frozenset[str] | None, most: int | None = None) -> Seen:
    """Run the suite against one server, until `most` failures, and stock Schemathesis too if its usual findings are
    known.
    """
    began = time.monotonic()
    try:
        with serving(name, seed) as urls:
            report = verify(api, urls[api], TOKEN, seed, max_failures=most)
    except UsageError as error:
        # So broken that it is not taken for the API: that is noticed too.
        seconds = time.monotonic() - began
        return Seen(name, api, seed, ExitCode.USAGE, frozenset(), False, None, 0, seconds, (str(error),))
    seconds = time.monotonic() - began
    others = None
    if usual is not None:
        # A server of its own: the first run may have left traces.
        with serving(name, seed) as urls:
            others = bool(stock(api, urls[api]) - usual)
    failures = [f"{f.layer}: {f.operation} {f.field}: {f.rule}: found {f.found}" for f in report.failures]
    unsure = [each for each in report.not_judged if not each.lasting]
    unchecked = [f"inconclusive: {each.operation}: {each.rule}: {each.reason}" for each in unsure]
    unchecked += [f"inconclusive: {o.operation}: {o.not_judged}" for o in report.operations if o.not_judged]
    warnings = [f"warning: {f.operation} {f.field}: {f.rule}: found {f.found}" for f in report.warnings]
    return Seen(
        name,
        api,
        seed,
        report.exit_code,
        frozenset(str(failure.layer) for failure in report.failures),
        bool(report.warnings),
        others,
        report.requests,
        seconds,
        (*failures, *unchecked, *warnings),
    )


def usual_findings(api: str) -> frozenset[str]:
    """What stock Schemathesis finds fault with on the bundled server as it is."""
    with serving("", 1) as urls:
        return stock(api, urls[api])


def run_all(
    work: list[tuple[str, str, int]], usual: dict[str, frozenset[str]], jobs: int, most: int | None
) -> list[Seen]:
    """Try all of them, several at a time; one at a time in a process, because the suite guards its process."""
    found = []
    console = Console(stderr=True)
    with (
        Progress(console=console, disable=not console.is_terminal) as progress,
        ProcessPoolExecutor(jobs, get_context("spawn")) as pool,
    ):
        task = progress.add_task("servers", total=len(work))
        futures = [
            pool.submit(try_one, name, api, seed, None if number % STOCK else usual.get(api), most)
            for number, (name, api, seed) in enumerate(work)
        ]
        stumbled = []
        for future in as_completed(futures):
            progress.advance(task)
            if (error := future.exception()) is not None:
                # The others are tried all the same.
                stumbled.append(error)
                print(error, file=sys.stderr, flush=True)
                continue
            found.append(future.result())
            seen = found[-1]
            print(
                f"{len(found)}/{len(work)} {seen.name or 'unchanged'} ({seen.api}, seed {seen.seed}): "
                f"exit {seen.exit_code}, {', '.join(sorted(seen.layers)) or ('warned' if seen.warned else 'nothing')}, "
                f"{seen.requests} requests, {seen.seconds:.0f} s",
                file=sys.stderr,
                flush=True,
            )
    if stumbled:
        raise BaseExceptionGroup(f"{len(stumbled)} of {len(work)} servers stumbled", stumbled)
    return sorted(found, key=lambda seen: work.index((seen.name, seen.api, seen.seed)))


def table(rows: Iterable[tuple[object, ...]]) -> str:
    """A Markdown table; the first row is its head."""
    texts = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in texts]
    return "\n".join(f"| {line} |" for line in [lines[0], " | ".join("-" * width for width in widths), *lines[1:]])


def counts(label: str, seen: list[Seen]) -> tuple[object, ...]:
    """One line of the table."""
    caught = [one for one in seen if one.exit_code in NOTICED]
    warned = [one for one in seen if one not in caught and one.warned]
    by_layer = [sum(layer in one.layers for one in caught) for layer in LAYERS]
    others = [one for one in seen if one.stock is not None]
    figure = f"{sum(bool(one.stock) for one in others)} of {len(others)}" if others else "—"
    return label, len(seen), len(caught), *by_layer, len(warned), figure


def report(faults: list[Fault], seen: list[Seen], share: int) -> str:
    """What MUTANTS.md says, of one fault in so many."""
    by_name = {one.name: one for one in seen}
    ordered = sorted(faults, key=lambda fault: GROUPS.index(fault.group))
    rows: list[tuple[object, ...]] = [
        (
            "group",
            "faults",
            "caught",
            "first by Schemathesis",
            "first by checks",
            "first by laws",
            "warned only",
            "stock",
        )
    ]
    for group, members in groupby(ordered, key=lambda fault: fault.group):
        rows.append(counts(group, [by_name[fault.name] for fault in members]))
    for api in APIS:
        rows.append(counts(f"**{api}**", [one for one in seen if one.api == api]))
    rows.append(counts("**all**", seen))
    unnoticed = [fault for fault in ordered if by_name[fault.name].exit_code not in NOTICED]
    lines = [
        f"- `{fault.name}` ({fault.api}, {fault.group}): {fault.sentence} {verdict(by_name[fault.name])}"
        for fault in unnoticed
    ]
    return f"""# Mutants

Written by `make mutants`: the bundled server with one fault at a time, and whether `contrato verify` with its defaults
and seed 1 ends with a failure. {"Every fault" if share == 1 else f"One fault in {share}"} was tried; Python
{platform.python_version()}, Schemathesis {version("schemathesis")}.

{table(rows)}

A run stops at the first failure: *by* is who noticed it first. *warned only*: what was found is plausible, and no
source states it; with `--strict` it is a failure. *stock*: `schemathesis run` with the same spec and its defaults, on
one fault in {STOCK}; how often it finds something that it does not find on the server without the fault,
or does not end within {STOCK_SECONDS} seconds.

## Not caught

{chr(10).join(lines) or "None."}
"""


def verdict(seen: Seen) -> str:
    """How an uncaught fault is told."""
    if seen.warned:
        warning = next(line for line in seen.findings if line.startswith("warning: "))
        return f"Warned of: {warning.removeprefix('warning: ')}"
    why = MISSES.get(seen.name, "Not explained.")
    return f"Missed. {why}"


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m mutants.run", description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="faults and variants; all faults without one")
    parser.add_argument("--quick", action="store_true", help="one fault of each group, without stock Schemathesis")
    parser.add_argument("--share", type=int, default=1, metavar="N", help="one fault in N instead of all")
    parser.add_argument("--legal", action="store_true", help="the legal variants, five seeds each, instead of faults")
    parser.add_argument("--api", choices=APIS, help="only the faults or variants of this API")
    parser.add_argument("--jobs", type=int, default=2, help="runs at a time")
    options = parser.parse_args()
    items = catalogue()
    if unknown := set(options.names) - set(items):
        parser.error(f"no fault or variant is called {', '.join(sorted(unknown))}")
    chosen = [items[name] for name in options.names] or list(items.values())
    faults = [item for item in chosen if isinstance(item, Fault) and options.api in (None, item.api)]
    variants = [item for item in chosen if isinstance(item, Variant)]
    if options.quick:
        # The last of each group is one of apportionments where they have any: their runs are the shorter ones.
        last = {fault.group: fault for fault in faults}
        faults = [last[group] for group in GROUPS if group in last]
    faults = faults[:: options.share] if not options.names else faults
    full = not (options.names or options.quick or options.legal or options.api)
    gone = [fault.name for fault in faults if fault.change is no_subject]
    faults = [fault for fault in faults if fault.change is not no_subject]
    usual: dict[str, frozenset[str]] = {}
    work: list[tuple[str, str, int]] = []
    if not options.legal:
        work += [(fault.name, fault.api, 1) for fault in faults]
    if not (options.quick or options.legal) and not options.names:
        usual = {api: usual_findings(api) for api in sorted({fault.api for fault in faults})}
    if options.legal or options.names:
        apis = (options.api,) if options.api else APIS
        work += [(v.name, api, seed) for v in variants for api in v.apis if api in apis for seed in SEEDS]
        work += [("", api, seed) for api in apis for seed in SEEDS] if options.legal else []
    # That a fault is noticed is known after one failure; what a fault by its name is found to break is shown in full.
    seen = run_all(work, usual, options.jobs, None if options.names or options.legal else 1)
    wrong = len(gone)
    for name in gone:
        print(f"WRONG {name}: the specs have nothing that it could be about")
    for one in seen:
        item = items.get(one.name)
        if isinstance(item, Fault):
            failed = one.exit_code not in NOTICED and not one.warned and one.name not in MISSES
        else:
            allowed = (ExitCode.PASSED, ExitCode.INCONCLUSIVE) if item and item.inconclusive else (ExitCode.PASSED,)
            failed = one.exit_code not in allowed
        wrong += failed
        if failed or options.names:
            mark = "WRONG " if failed else ""
            print(f"{mark}{one.name or 'unchanged'} ({one.api}, seed {one.seed}), exit {one.exit_code}")
            print("".join(f"    {line}\n" for line in one.findings[:12]), end="")
    if full:
        text = report(faults, seen, options.share)
        (ROOT / "MUTANTS.md").write_text(text, "utf-8")
        print(text)
    what = "server" if len(seen) == 1 else "servers"
    print(f"{len(seen)} {what}, {wrong} not judged as they should be")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
