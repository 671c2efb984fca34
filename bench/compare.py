"""`make bench`: compare the cost of contrato within one run, and write BENCHMARKS.md.

The contenders are the stock client, which openapi-python-client generates from the same spec with its own templates,
and httpx with json.loads. Every measurement has its own process (bench/measure.py), the contenders take turns, and the
figures are medians. Exits with 1 if a target of this project is missed, or if a contender did not do the work.
"""

import argparse
import importlib.metadata
import json
import math
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

from measure import CALLS

from contrato.core import spec as specs

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
CONTENDERS = ("contrato", "stock", "httpx")
YEARS = (1, 2, 4, 8)
ROWS = 10 * 365 * 24

# Measures imports: bench/measure.py would have imported most modules already.
IMPORT = """
import json, time
began = time.perf_counter()
import {module}
print(json.dumps({{"seconds": time.perf_counter() - began}}))
"""

# Median seconds, and bytes of peak memory, by work and contender.
Figures = dict[tuple[str, str], dict[str, float]]


def make_stock(directory: Path) -> str:
    """Generate the stock client as the package `stock`; returns the generator's version.

    It gets the spec with what it would misread corrected, and uses its own templates and settings.
    """
    spec = specs.api("neu").copy()
    source = directory / "neu.json"
    source.write_text(json.dumps(corrected(spec, spec["components"]["schemas"])), "utf-8")
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "openapi_python_client",
        "generate",
        "--path",
        source,
        "--meta",
        "none",
    ]
    subprocess.run([*command, "--output-path", directory / "stock"], check=True, capture_output=True)
    return importlib.metadata.version("openapi-python-client")


def corrected(node: Any, schemas: dict[str, Any]) -> Any:
    """Return a part of a spec without references that have siblings, and with the one format of timestamps that the
    stock generator knows.
    """
    if isinstance(node, list):
        return [corrected(item, schemas) for item in node]
    if not isinstance(node, dict):
        return node
    node = {key: corrected(value, schemas) for key, value in node.items()}
    if isinstance(ref := node.get("$ref"), str):
        # References to objects stay: inlined, they would become a second class.
        target = schemas.get(ref.removeprefix("#/components/schemas/"), {})
        if (len(node) > 1 or "enum" in target) and target.get("type", "object") != "object":
            return corrected(target, schemas) | {key: value for key, value in node.items() if key != "$ref"}
    return node | ({"format": "date-time"} if node.get("format") == "date-time-local" else {})


@contextmanager
def serving(directory: Path) -> Iterator[dict[str, Any]]:
    """Run bench/server.py with a certificate for this run; yields its URLs and the contents of a year."""
    certificate, key = directory / "certificate.pem", directory / "key.pem"
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-days", "2"]
    names = ["-subj", "/CN=contrato bench", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(["openssl", "req", *kind, *names, *files], check=True, capture_output=True)
    command: list[str | Path] = [sys.executable, HERE / "server.py", certificate, key]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        yield {**json.loads(server.stdout.readline()), "certificate": str(certificate)}
        server.stdin.close()


def measure(what: str, who: str, served: dict[str, Any], stock: Path) -> dict[str, Any]:
    """Measure once, in a process of its own."""
    url = served["https" if what == "tls" else "http"]
    work = "year" if what == "tls" else what
    command: list[str | Path] = [sys.executable, HERE / "measure.py", work, who, url, stock]
    if what == "import":
        command = [sys.executable, "-c", IMPORT.format(module={"contrato": "contrato.neu"}.get(who, who))]
    # Without bytecode, an import would measure the compiler.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    if what == "tls":
        environment["SSL_CERT_FILE"] = served["certificate"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


def check(what: str, who: str, digest: list[Any], served: dict[str, Any]) -> None:
    """Compare the digest of a contender with the data of the server: rows and energy of years, number of calls.

    Args:
        what: The work.
        who: The contender.
        digest: Digest of the data that it read.
        served: Data of the server: `rows` and `energy` of a year, and the `name` of the service.

    Raises:
        SystemExit: They differ, or the server does not have a whole year.

    """
    years = int(what.removeprefix("windows-")) if what.startswith("windows-") else 1
    wanted = [CALLS, served["name"]] if what == "calls" else [years * ROWS, years * served["energy"]]
    # Sums in another order differ in their last digits, by less than a watt-hour.
    same = digest == wanted or (
        what != "calls" and digest[0] == wanted[0] and math.isclose(digest[1], wanted[1], rel_tol=1e-11)
    )
    if not same or served["rows"] != ROWS or not served["energy"] > 0:
        raise SystemExit(f"{what}: {who} read {digest}, expected {wanted}; the server has {served['rows']} rows a year")


def race(plan: list[tuple[list[tuple[str, str]], int]], served: dict[str, Any], stock: Path) -> Figures:
    """Measure each pair of work and contender in turns, for the planned number of rounds after a warm-up round."""
    figures: Figures = {}
    for pairs, rounds in plan:
        runs: dict[tuple[str, str], list[dict[str, Any]]] = {pair: [] for pair in pairs}
        for count in range(rounds + 1):
            for what, who in pairs:
                measured = measure(what, who, served, stock)
                if what != "import":
                    check(what, who, measured.pop("digest"), served)
                if count:
                    runs[what, who].append(measured)
        for pair, found in runs.items():
            # The highest peak: it depends on which answers are in memory at the same time.
            figures[pair] = {key: (max if key == "peak" else median)(run[key] for run in found) for key in found[0]}
            print(*pair, figures[pair], file=sys.stderr, flush=True)
    return figures


def seconds(value: float) -> str:
    """Write a time."""
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.0f} ms"


def megabytes(value: float) -> str:
    """Write an amount of memory."""
    return f"{value / 1e6:.0f} MB"


def table(*rows: tuple[str, ...]) -> str:
    """A Markdown table; the first row is its head."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(f"| {line} |" for line in [lines[0], " | ".join("-" * width for width in widths), *lines[1:]])


def row(figures: Figures, label: str, what: str, key: str) -> tuple[str, ...]:
    """One line: the figures of all contenders, and ours in theirs."""
    show = megabytes if key == "peak" else seconds
    values = [figures[what, who][key] for who in CONTENDERS]
    return (label, *map(show, values), *(f"{value / values[0]:.1f}" for value in values[1:]))


def targets(figures: Figures) -> list[tuple[str, str, bool]]:
    """Targets, each with its measured value and whether it is met."""

    def ratio(key: str, over: tuple[str, str], under: tuple[str, str]) -> float:
        return figures[over][key] / figures[under][key]

    ours, stock, bare = (("year", who) for who in CONTENDERS)
    first, last = (("windows-" + str(years), "contrato") for years in (YEARS[0], YEARS[-1]))
    speed, edge = ratio("seconds", stock, ours), ratio("seconds", bare, ours)
    frame = ratio("seconds", ("frame", "stock"), ("frame", "contrato"))
    calls = ratio("cpu", ("calls", "contrato"), ("calls", "stock"))
    memory, imports = ratio("peak", ours, stock), ratio("seconds", ("import", "contrato"), ("import", "httpx"))
    growth, flat = ratio("seconds", last, first) * YEARS[0] / YEARS[-1], ratio("peak", last, first)
    return [
        ("a year is read at least 4.5 times as fast as by the stock client", f"{speed:.1f} times", speed >= 4.5),
        ("and at least twice as fast as by httpx with json.loads", f"{edge:.1f} times", edge >= 2),
        ("a year to a frame at least 4 times as fast as the stock way", f"{frame:.1f} times", frame >= 4),
        ("a thousand small calls take at most the stock client's CPU time", f"{calls:.2f} times", calls <= 1),
        ("a year's peak memory is at most half of the stock client's", f"{memory:.2f}", memory <= 0.5),
        ("import takes at most 1.3 times httpx's own", f"{imports:.2f} times", imports <= 1.3),
        ("eight years need no more memory than one (a third allowed)", f"{flat:.2f} times", flat <= 4 / 3),
        ("and no more time a year (a tenth allowed)", f"{growth:.2f} times", growth <= 1.1),
    ]


def report(figures: Figures, generator: str, load: str, size: float) -> tuple[str, bool]:
    """The text of BENCHMARKS.md, and whether all targets hold."""
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("httpx", "msgspec", "polars"))
    against = table(
        ("work", "contrato", "stock", "httpx", "stock / contrato", "httpx / contrato"),
        row(figures, "a year, hourly, ten services", "year", "seconds"),
        row(figures, "— its CPU time", "year", "cpu"),
        row(figures, "— its peak memory", "year", "peak"),
        row(figures, "the same over HTTPS", "tls", "seconds"),
        row(figures, "— its CPU time", "tls", "cpu"),
        row(figures, "— its peak memory", "tls", "peak"),
        row(figures, "the same to a polars frame", "frame", "seconds"),
        row(figures, "— its peak memory", "frame", "peak"),
        row(figures, "a thousand small calls", "calls", "seconds"),
        row(figures, "— their CPU time", "calls", "cpu"),
    )
    imports = [seconds(figures["import", who]["seconds"]) for who in ("contrato", "httpx")]
    windows = [("years", "rows", "time", "time a year", "peak memory")]
    for years in YEARS:
        found = figures[f"windows-{years}", "contrato"]
        times = seconds(found["seconds"]), seconds(found["seconds"] / years)
        windows.append((str(years), f"{years * ROWS:,}", *times, megabytes(found["peak"])))
    promised = targets(figures)
    held = [(name, found, "yes" if holds else "**no**") for name, found, holds in promised]
    text = f"""# Benchmarks

Written by `make bench` on {date.today()}, on {cpu()}, {os.cpu_count()} cores, {platform.system()}; Python
{platform.python_version()}, {versions}. Load average before the run: {load}. On
another machine only the ratios mean something.

## Against other ways to ask the same

{against}

Importing `contrato.neu` takes {imports[0]}, importing `httpx` alone {imports[1]}.

## Long ranges, by windows of a month

{table(*windows)}

## Targets

{table(("target", "measured", "holds"), *held)}

## How

- *stock*: the client that openapi-python-client {generator} makes of the NEU spec for this run, with its own
  templates and settings. *httpx*: httpx and `json.loads`: dictionaries, without checks, dates as text.
- A year is one `query_consumption`: {ROWS:,} rows, {megabytes(size)} of JSON over HTTP on the loopback interface. The
  answers come from another process (`bench/server.py`), which has prepared the bytes. A small call is `get_service`.
  HTTPS is TLS with a certificate made for the run; the server encrypts while the client reads.
- Frames: contrato uses `contrato.frames.to_polars`, stock builds columns from its models, httpx from its dictionaries.
- Every measurement has its own process (`bench/measure.py`). The contenders take turns, after a warm-up round. Times
  are medians, peaks the highest, of 7 rounds for the year, 5 for frames, small calls and windows, 21 for imports.
- The clock starts after a small call, for frames also after a frame of one hour; for imports in a new interpreter.
- CPU time is that of the client process; other work on the machine disturbs it less. Peak memory is the maximum of that
  process minus its maximum before the work. The answer stays in use to the end.
- Windows: up to four are read or waiting at a time. How much they need together is chance, and more windows make the
  worst case more likely; hence the allowance of a third.
- The run fails unless each contender reads {ROWS:,} rows a year with the energy that the server has in them.
"""
    return text, all(holds for _, _, holds in promised)


def cpu() -> str:
    """Model of the processor, if the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())


def main() -> None:
    """Run everything, print the report and write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=ROOT / "BENCHMARKS.md", help="where the report goes")
    output = parser.parse_args().output
    load = f"{os.getloadavg()[0]:.1f}"
    plan = [
        ([("import", who) for who in ("contrato", "httpx")], 21),
        ([("year", who) for who in CONTENDERS], 7),
        ([("tls", who) for who in CONTENDERS], 7),
        ([("frame", who) for who in CONTENDERS], 5),
        ([("calls", who) for who in CONTENDERS], 5),
        ([(f"windows-{years}", "contrato") for years in YEARS], 5),
    ]
    with tempfile.TemporaryDirectory() as name, serving(Path(name)) as served:
        directory = Path(name)
        generator = make_stock(directory)
        figures = race(plan, served, directory)
    text, hold = report(figures, generator, load, served["bytes"])
    output.write_text(text, "utf-8")
    print(text)
    sys.exit(0 if hold else 1)


if __name__ == "__main__":
    main()
