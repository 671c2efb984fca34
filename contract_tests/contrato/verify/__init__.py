"""The contract suite: does a server keep what its spec promises?

`verify` discovers real values on the server, exercises every operation with them, and then lets Schemathesis probe it.
`Report` is the outcome.
"""

from __future__ import annotations

import ipaddress
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import requests
from hypothesis.configuration import set_hypothesis_home_dir

from contrato.core import spec as specs
from contrato.verify._conformance import EXAMPLES, Conformance
from contrato.verify._discovery import Discovery
from contrato.verify._report import ExitCode, Failure, OperationResult, Report, UsageError, Verdict
from contrato.verify._spec import Operation, Spec
from contrato.verify._transport import MAX_BYTES, Mode, Transport, terminable, uninterrupted

__all__ = [
    "ExitCode",
    "Failure",
    "Mode",
    "OperationResult",
    "Report",
    "UsageError",
    "Verdict",
    "token_variable",
    "verify",
]


def token_variable(api: str) -> str:
    """Name of the environment variable that holds the token of an API."""
    return f"{api.upper()}_TOKEN"


def verify(
    api: str,
    base_url: str,
    token: str | None = None,
    seed: int = 1,
    mode: Mode | str | None = None,
    *,
    examples: int = EXAMPLES,
) -> Report:
    """Verify a server against the spec of an API. One run per process at a time.

    Args:
        api: One of `contrato.core.spec.APIS`.
        base_url: Where the API is mounted, such as `http://127.0.0.1:8000/neu`.
        token: The bearer token; by default the environment variable `token_variable(api)`.
        seed: Decides every random choice: the same seed and data give the same requests.
        mode: What may be done to the server. By default anything on a loopback address, elsewhere nothing that writes.
        examples: Random requests of each kind, valid and invalid, for each operation.

    Returns:
        The report; its `exit_code` is 0, 1 or 3.

    Raises:
        UsageError: An argument is wrong, there is no such server, or it refuses the token (exit code 2).
    """
    spec, token, chosen, notes = _prepare(api, base_url, token, mode)
    report = Report(api=api, base_url=base_url, mode=chosen, seed=seed, notes=notes)
    transport = Transport(spec, base_url, token, chosen)
    conformance = Conformance(spec, base_url, token, token_variable(api), seed, chosen, examples)
    started = time.monotonic()
    with transport.guard(), terminable(), _cache():
        try:
            discovery = Discovery(spec, transport)
            _reach(spec, transport, api)
            allowed = [o for o in spec.operations.values() if o.safe or chosen is not Mode.READ_ONLY]
            values = {o.id: discovery.values(o) for o in allowed}
            conformance.run(discovery.requests, values)
        except KeyboardInterrupt:
            conformance.stopped = True
        finally:
            try:
                with uninterrupted():
                    left = transport.clean_up()
            except KeyboardInterrupt:
                conformance.stopped = True
    if left:
        report.notes.append(f"could not delete {len(left)} records of this run: {', '.join(r.path for r in left)}")
    if transport.refused:
        report.notes.append(f"requests that the mode {chosen} kept back: {transport.refused}")
    report.failures = list(conformance.failures.values())
    report.interrupted = conformance.stopped and not any(f.operation == "server" for f in report.failures)
    report.operations = _results(spec, transport, report.failures, chosen, conformance.unread)
    report.requests = transport.requests.total()
    report.seconds = time.monotonic() - started
    return report


@contextmanager
def _cache() -> Iterator[None]:
    """Keep Hypothesis from leaving a directory where the command is run.

    Its tables of characters, seconds of work, go to the user's cache. Examples are not kept.
    """
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    set_hypothesis_home_dir(Path(home) / "contrato")
    try:
        yield
    finally:
        set_hypothesis_home_dir(None)


def _prepare(api: str, base_url: str, token: str | None, mode: Mode | str | None) -> tuple[Spec, str, Mode, list[str]]:
    if api not in specs.APIS:
        raise UsageError(f"no API {api!r}: choose from {', '.join(specs.APIS)}")
    try:
        url = urlsplit(str(requests.Request("GET", base_url).prepare().url))
        # A port out of range raises when it is read.
        usable = url.scheme in ("http", "https") and url.port != 0
    except ValueError:
        usable = False
    if not usable or not url.hostname or url.username or url.query or url.fragment:
        raise UsageError(f"{base_url!r} is not a base URL: give one such as http://127.0.0.1:8000")
    token = token or os.environ.get(token_variable(api))
    if not token:
        raise UsageError(f"no token: give --token or set {token_variable(api)}")
    if not token.isascii() or not token.isprintable() or " " in token:
        raise UsageError("the token has characters that an HTTP header cannot carry: check --token")
    notes = []
    if mode is None:
        mode = Mode.UNRESTRICTED if _is_loopback(url.hostname) else Mode.READ_ONLY
        if mode is Mode.READ_ONLY:
            notes.append("not a loopback address: only requests that change nothing were sent; see --mode")
    elif mode not in list(Mode):
        raise UsageError(f"no mode {mode!r}: choose from {', '.join(Mode)}")
    return Spec(specs.load(api)), token, Mode(mode), notes


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _reach(spec: Spec, transport: Transport, api: str) -> None:
    """Ask what can be asked without knowing any value, and make sure that this is the API and that it takes the token.

    Raises:
        UsageError: Nothing answers, or not as the API would.
    """
    asked = [o for o in spec.operations.values() if o.safe and not any(f.required for f in o.fields)]
    where = transport.base_url
    answers: list[tuple[Operation, requests.Response]] = []
    failed: requests.RequestException | None = None
    for operation in asked:
        try:
            answers.append((operation, transport.call(operation, {}, {}, {} if operation.has_body else None)))
        except requests.RequestException as error:
            # One that fails among others that answer is a finding, not a reason to stop.
            failed = failed or error
            if isinstance(error, requests.ConnectionError) and not answers:
                break
    if failed is not None and not answers:
        raise UsageError(f"no answer from {where}: {_reason(failed)}") from failed
    if all(answer.status_code in (401, 403) for _, answer in answers):
        raise UsageError(f"token refused by {where}: check --token or {token_variable(api)}")
    if not any(_is_api(answer) for _, answer in answers):
        operation, answer = answers[0]
        kind = answer.headers.get("Content-Type", "no content")
        raise UsageError(
            f"{where} is not the {api} API: {operation.method} {operation.path} answers {answer.status_code}, {kind}"
        )


def _is_api(answer: requests.Response) -> bool:
    if answer.status_code in (404, 405) or 300 <= answer.status_code < 400:
        return False
    try:
        return bool(answer.status_code == 204 or answer.json() is not None)
    except requests.JSONDecodeError:
        return False


def _reason(error: requests.RequestException) -> str:
    text = str(error)
    if isinstance(error, requests.Timeout):
        return "it did not answer in time"
    if "NameResolutionError" in text:
        return "the host name is unknown"
    if "Connection refused" in text:
        return "connection refused; is the server running?"
    if isinstance(error, requests.exceptions.SSLError):
        return "the TLS handshake failed"
    return text


def _results(
    spec: Spec, transport: Transport, failures: list[Failure], mode: Mode, unread: set[str]
) -> list[OperationResult]:
    failed = {failure.operation for failure in failures}
    results = []
    for operation in spec.operations.values():
        gap = None if operation.id in failed else transport.gap(operation)
        if gap is not None:
            wanted = "a mode that writes" if not operation.safe and mode is Mode.READ_ONLY else "data on the server"
            gap = f"{gap}; {wanted} is needed"
        elif operation.id in unread - failed:
            gap = f"an answer was longer than {MAX_BYTES} bytes and was not read; a server with less data is needed"
        verdict = Verdict.FAILED if operation.id in failed else Verdict.INCONCLUSIVE if gap else Verdict.PASSED
        counts = transport.requests[operation.id], transport.successes[operation.id]
        results.append(OperationResult(operation.id, *counts, verdict, gap or ""))
    return results
