"""Before a run: are its arguments right, and is the server the API that they name?"""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
import socket
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import requests

from contrato.core import spec as specs
from contrato.core.connection import Connection
from contrato.core.spec import Api, Operation
from contrato.verify.documents import MISSING, cited, loaded, validator
from contrato.verify.exchange import PROXY, Exchange
from contrato.verify.findings import answered
from contrato.verify.hiding import token_variable
from contrato.verify.modes import Mode
from contrato.verify.reports.report import UsageError
from contrato.verify.transport import Transport


def prepare(
    api: str, base_url: str, token: str | None, mode: Mode | str | None, connection: Connection
) -> tuple[Api, str, Mode, Connection, list[str]]:
    """Check the arguments of a run, choose its mode, and complete its connection from the environment.

    Raises:
        UsageError: One is wrong.
    """
    if api not in specs.APIS:
        raise UsageError(f"no API {api!r}: choose from {', '.join(specs.APIS)}")
    try:
        url = urlsplit(str(requests.Request("GET", base_url).prepare().url))
        # A port out of range raises when it is read.
        usable = url.scheme in ("http", "https") and url.port != 0
    except ValueError:
        usable = False
    if "@" in base_url.partition("//")[2].partition("/")[0]:
        # It would be sent instead of the token, and be in every report.
        raise UsageError("the base URL has a user or a password: leave them out, the token is enough")
    if not usable or not url.hostname or url.query or url.fragment:
        shown = re.split("[?#]", base_url)[0]
        raise UsageError(f"{shown!r} is not a base URL without a query: give one such as http://127.0.0.1:8000")
    token = token or os.environ.get(token_variable(api), "")
    if not token and any(operation.needs_token for operation in specs.api(api).operations.values()):
        raise UsageError(f"no token: give --token or set {token_variable(api)}")
    if not token.isascii() or (token and not token.isprintable()) or " " in token:
        raise UsageError("the token has characters that an HTTP header cannot carry: check --token")
    notes = []
    try:
        connection = connection.resolve(specs.api(api), base_url)
    except ValueError as error:
        raise UsageError(str(error)) from error
    if connection.insecure:
        notes.append("any certificate was accepted, as --insecure says")
    if connection.headers:
        notes.append(f"sent with every request, and left out of commands: {', '.join(connection.headers)}")
    if mode is None:
        # To a proxy, a loopback address is its own machine.
        elsewhere = (
            "not a loopback address" if not _is_loopback(url.hostname) else "behind a proxy" * bool(connection.proxy)
        )
        mode = Mode.READ_ONLY if elsewhere else Mode.UNRESTRICTED
        if elsewhere:
            notes.append(f"{elsewhere}: only requests that change nothing were sent; see --mode")
    elif mode not in list(Mode):
        raise UsageError(f"no mode {mode!r}: choose from {', '.join(Mode)}")
    return specs.finite_api(api), token, Mode(mode), connection, notes


def supplied(spec: Api, values: Mapping[str, Any]) -> dict[tuple[str, str], Any]:
    """Values of `operationId.argument` by the two.

    Raises:
        UsageError: There is no such argument, or the value is none for it.
    """
    known = {f"{o.id}.{f.known_name}": (o, f) for o in spec.operations.values() for f in o.parameters}
    found = {}
    for name, value in values.items():
        if name not in known:
            similar = difflib.get_close_matches(name, known) or sorted(known)
            raise UsageError(f"no argument {name!r}: choose from {', '.join(similar)}")
        operation, f = known[name]
        read = loaded(value.encode("utf-8", "replace")) if isinstance(value, str) else value
        read = value if read is MISSING else read
        fitting = [each for each in (read, value, [read]) if validator(f.schema).is_valid(each)]
        if not fitting:
            kind = "an array, written as JSON" if f.schema.type == "array" else f.schema.type
            raise UsageError(f"{name}={value} is no value for it: its type is {kind}")
        found[operation.id, f.known_name] = fitting[0]
    return found


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def reach(transport: Transport, api: str) -> None:
    """Ask what can be asked without knowing any value, and make sure that this is the API and that it takes the token.

    Raises:
        UsageError: Nothing answers, or not as the API would.
    """
    where = transport.base_url
    answers: list[tuple[Operation, Exchange]] = []
    failed: requests.RequestException | None = None
    for operation in transport.spec.operations.values():
        if not operation.safe or any(f.required for f in operation.parameters):
            continue
        try:
            answers.append((operation, transport.exchange(operation, {})))
        except requests.RequestException as error:
            # One that fails among others that answer is a finding, not a reason to stop.
            failed = failed or error
            if isinstance(error, requests.ConnectionError) and not answers:
                break
        except OSError as error:
            # Of certificates that are not where they should be, requests tells no otherwise.
            raise UsageError(f"no request to {where} could be sent: {cited(error)}; check --ca-bundle") from error
    if failed is not None and not answers:
        raise UsageError(f"no answer from {where}: {_reason(failed)}") from failed
    if not answers:
        return
    refusals = [answer for _, answer in answers if answer.status in (401, 403, 407)]
    if len(refusals) == len(answers):
        what = {401: f"check --token or {token_variable(api)}", 407: "give --proxy with user:password@ before the host"}
        gateway = f"check --token or {token_variable(api)}, and --header if a gateway asks for more"
        first = refusals[0]
        raise UsageError(f"token refused by {where}, {answered(first)}: {what.get(first.status, gateway)}")
    if all(answer.status in PROXY for _, answer in answers):
        raise UsageError(f"{where} is not there, {answered(answers[0][1])}: try again later, or check --proxy")
    if all(300 <= answer.status < 400 for _, answer in answers):
        status, to = answers[0][1].status, answers[0][1].headers.get("location", "nowhere")
        raise UsageError(
            f"{where} redirects to {cited(to.partition('?')[0])} ({status}), where the token is not sent: "
            "check --base-url, and whether someone has to log in there first"
        )
    if not any(_is_api(answer) for _, answer in answers):
        operation, answer = answers[0]
        kind = answer.headers.get("content-type", "no content")
        raise UsageError(
            f"{where} is not the {api} API: {operation.method} {operation.path} answers {answer.status}, {cited(kind)}"
        )


def _is_api(answer: Exchange) -> bool:
    if answer.status in (404, 405) or 300 <= answer.status < 400:
        return False
    if answer.json is MISSING and answer.status != 204:
        # JSON that no program can hold is a finding.
        return answer.content.lstrip()[:1] in (b"[", b"{")
    return answer.status == 204 or answer.json is not None


def _reason(error: requests.RequestException) -> str:
    causes: list[BaseException] = [error]
    while cause := causes[-1].__cause__ or causes[-1].__context__:
        causes.append(cause)
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return (
                f"its certificate is not accepted: {cited(cause.verify_message)}; "
                "give the one that vouches for it with --ca-bundle FILE, or accept any with --insecure"
            )
        if isinstance(cause, ssl.SSLError):
            return f"the TLS handshake failed: {cited(cause.reason or cause)}; check --base-url and --client-cert"
    if isinstance(error, requests.exceptions.ProxyError):
        return f"the proxy does not let it through: {cited(causes[-1])}; check --proxy"
    reasons: dict[str, type[BaseException]] = {
        "it did not answer in time; see --timeout": requests.Timeout,
        "the host name is unknown": socket.gaierror,
        "connection refused; is the server running?": ConnectionRefusedError,
    }
    told = (text for text, kind in reasons.items() if any(isinstance(cause, kind) for cause in causes))
    return next(told, cited(error))
