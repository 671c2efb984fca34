"""Judges traffic that a browser or a proxy recorded (HAR). Sends nothing."""

from __future__ import annotations

import base64
import binascii
import gzip
import json
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jsonschema_rs import Draft202012Validator

from contrato.core import spec as specs
from contrato.core.spec import Api, Operation, Schema
from contrato.verify._exchange import Coverage, Exchange, Secret
from contrato.verify._json import MISSING, validator
from contrato.verify._judge import Judge, misfit
from contrato.verify._report import OperationResult, Report, UsageError, Verdict
from contrato.verify._rules import Breach
from contrato.verify._scrub import Scrubber
from contrato.verify._server import short
from contrato.verify._transport import Mode

SENDER = "recorded"

NO_BODY = "has no body in the recording"


def verify_har(
    api: str,
    path: str | Path,
    base_url: str | None = None,
    *,
    only: Sequence[str] = (),
    skip: Sequence[str] = (),
    strict: bool = False,
) -> Report:
    """Verify recorded traffic against the spec of an API.

    Args:
        api: One of `contrato.core.spec.APIS`.
        path: A HAR file.
        base_url: Where the API was mounted; by default found out from the requests.
        only: Names of the operations and of the rules to check; by default all.
        skip: Names of operations and rules that are not checked.
        strict: Whether a breach of what is only plausible is a failure.

    Returns:
        The report; an operation of which no answer was recorded is inconclusive.

    Raises:
        UsageError: An argument is wrong, or the file is no HAR or has no request to this API.
    """
    if api not in specs.APIS:
        raise UsageError(f"no API {api!r}: choose from {', '.join(specs.APIS)}")
    spec = specs.api(api)
    entries = list(_entries(Path(path)))
    base = _normal(base_url) if base_url else _infer(spec, entries, api, path)
    if not any(entry.below(base) for entry in entries):
        raise UsageError(f"{path} has no request below {base}: give another --base-url, or none to have it found out")
    tokens = Counter(entry.token for entry in entries if entry.token and entry.below(base) is not None)
    report = Report(
        api=api,
        base_url=base,
        mode=Mode.READ_ONLY,
        seed=0,
        strict=strict,
        spec_version=spec.version,
        recorded=True,
        scrubber=(scrubber := Scrubber(spec, next((token for token, _ in tokens.most_common(1)), ""))),
    )
    judge = Judge(spec, report, f"{api.upper()}_TOKEN", only, skip)
    _Recording(spec, judge, report, scrubber, tokens).judge_all(entries, base)
    report.finish()
    return report


@dataclass(frozen=True)
class _Entry:
    """One request of the recording.

    Attributes:
        content: Body of the answer; None when it was not recorded.
        token: The bearer token of the request; empty when it had none, or the recording has none.
    """

    method: str
    url: str
    request_headers: dict[str, str]
    request_body: bytes
    status: int
    headers: dict[str, str]
    content: bytes | None
    token: str
    started: datetime
    seconds: float

    def below(self, base: str) -> str | None:
        """The path below a base URL; None when the request went elsewhere."""
        url = _normal(self.url)
        return url[len(base) :] or "/" if url.startswith(f"{base}/") else None


class _Recording:
    def __init__(self, spec: Api, judge: Judge, report: Report, scrubber: Scrubber, tokens: Iterable[str]) -> None:
        self.spec = spec
        self.judge = judge
        self.report = report
        self.scrubber = scrubber
        self.secrets = [Secret(token) for token in tokens]
        self.coverage = Coverage(spec)
        self.seen: Counter[str] = Counter()
        self.unjudged: dict[str, Counter[str]] = defaultdict(Counter)
        self.validators: dict[Schema, Draft202012Validator] = {}

    def judge_all(self, entries: list[_Entry], base: str) -> None:
        """Judge every exchange with the API, and say what was not judged."""
        elsewhere = 0
        unknown: Counter[str] = Counter()
        for entry in entries:
            path = entry.below(base)
            if path is None:
                elsewhere += 1
                continue
            operation = self.spec.match(entry.method, path)
            if operation is None:
                # A browser's question whether it may ask is none to the API.
                unknown[f"{entry.method} {path}"] += entry.method != "OPTIONS"
                continue
            self.seen[operation.id] += 1
            reason = _unjudgeable(entry)
            if reason:
                self.unjudged[operation.id][reason] += 1
            if reason in (None, NO_BODY):
                self._judge(self._exchange(entry, operation, path), body=reason is None)
        self.report.requests = self.seen.total()
        rows = [self._result(o) for o in self.spec.operations.values() if o.id in self.judge.operations]
        self.report.operations = rows
        self.report.notes += self._notes(elsewhere, unknown, base)

    def _exchange(self, entry: _Entry, operation: Operation, path: str) -> Exchange:
        def hidden(text: str) -> str:
            for secret in self.secrets:
                text = secret.hide(text)
            return text

        query = urlsplit(entry.url).query
        content = entry.content or b""
        token = Secret(entry.token)
        return Exchange(
            operation=operation,
            sender=SENDER,
            method=entry.method,
            url=self.report.base_url + hidden(f"{path}?{query}" if query else path),
            path=hidden(path),
            request_headers={name: hidden(value) for name, value in entry.request_headers.items()},
            request_body=hidden(entry.request_body.decode("latin-1")).encode("latin-1"),
            status=entry.status,
            headers={name: hidden(value) for name, value in entry.headers.items()},
            content=hidden(content.decode("latin-1")).encode("latin-1"),
            started=entry.started,
            seconds=entry.seconds,
            token_echoed=token.is_in(content.decode("latin-1"), *entry.headers.values()),
        )

    def _judge(self, exchange: Exchange, body: bool) -> None:
        """Judge one exchange; without its body only what the status says."""
        operation = exchange.operation
        assert operation is not None
        self.scrubber.learn(exchange)
        breaches = {"not_a_server_error": _server_error(exchange), "status_code_conformance": _status(exchange)}
        if body:
            self.coverage.see(exchange)
            documented = operation.schema(exchange.status)
            if documented is not None:
                breaches["content_type_conformance"] = _content_type(exchange)
                breaches["response_schema_conformance"] = self._misfits(exchange, documented)
            self.judge.check(exchange)
        for rule, found in breaches.items():
            listed = list(found)
            for breach in listed:
                self.judge.add(rule, breach)
            if not listed:
                self.judge.passed(operation.id, rule)

    def _misfits(self, exchange: Exchange, schema: Schema) -> Iterator[Breach]:
        operation, status = exchange.operation, exchange.status
        assert operation is not None
        if exchange.json is MISSING:
            text = f"{status} {short(exchange.content.decode('utf-8', 'replace'))}".strip()
            proof = operation.response_evidence(status) or operation.evidence
            yield Breach(operation.id, "", "a JSON body", text, proof, (exchange,))
            return
        if schema not in self.validators:
            self.validators[schema] = Draft202012Validator(schema.json, validate_formats=True)
        for error in self.validators[schema].iter_errors(exchange.json):
            keyword = str(error.schema_path[-1]) if error.schema_path else ""
            node: Any = schema.json
            for part in error.schema_path[:-1]:
                node = node[part]
            node = node if isinstance(node, dict) else {}
            found = misfit(operation, status, error.instance_path, keyword, node, error.instance, error.message)
            yield replace(found, exchanges=(exchange,))

    def _result(self, operation: Operation) -> OperationResult:
        failed = any(failure.operation == operation.id for failure in self.report.failures)
        gap = "" if failed else self._gap(operation)
        verdict = Verdict.FAILED if failed else Verdict.INCONCLUSIVE if gap else Verdict.PASSED
        return OperationResult(
            operation.id, self.seen[operation.id], self.coverage.successes[operation.id], verdict, gap
        )

    def _gap(self, operation: Operation) -> str:
        if not self.seen[operation.id]:
            return "no request to it was recorded"
        gap = self.coverage.gap(operation)
        if gap is not None:
            unjudged = [f"an answer {reason} ({count})" for reason, count in self.unjudged[operation.id].items()]
            wanted = "a recording with all bodies, without the cache," if unjudged else "a recording of more data"
            return f"{'; '.join([gap, *unjudged])}; {wanted} is needed"
        return "; ".join(
            dict.fromkeys(g.reason for g in self.report.gaps if g.operation == operation.id and not g.lasting)
        )

    def _notes(self, elsewhere: int, unknown: Mapping[str, int], base: str) -> Iterator[str]:
        judged = [row.operation for row in self.report.operations if self.seen[row.operation]]
        yield (
            f"nothing was sent: the recording has {self.seen.total()} requests to {len(judged)} of "
            f"{len(self.report.operations)} operations below {base}"
        )
        unjudged = sum(self.unjudged.values(), Counter[str]())
        if unjudged:
            yield "not judged: " + ", ".join(f"an answer {reason} ({count})" for reason, count in unjudged.items())
        if elsewhere:
            yield f"requests to other places, passed over: {elsewhere}"
        shown = [f"{request} ({count})" for request, count in unknown.items() if count]
        if shown:
            more = f" and {len(shown) - 5} more" if len(shown) > 5 else ""
            yield f"requests that no operation of the spec answers, passed over: {', '.join(shown[:5])}{more}"


# What an exchange breaks


def _server_error(exchange: Exchange) -> Iterator[Breach]:
    operation = exchange.operation
    if operation is not None and exchange.status >= 500:
        yield Breach(
            operation.id,
            "",
            "no 5xx, whatever is asked",
            f"{exchange.status} {short(exchange.content.decode('utf-8', 'replace'))}".strip(),
            operation.evidence,
            (exchange,),
        )


def _status(exchange: Exchange) -> Iterator[Breach]:
    operation, status = exchange.operation, exchange.status
    if operation is None or operation.response(status) or status >= 500:
        return
    # No source says with which 4XX a server refuses what is invalid, or a token that has expired.
    if status in (401, 403) or (400 <= status < 500 and not _is_valid(exchange)):
        return
    codes = operation.responses
    proof = "; ".join(f"{code} {response.evidence}" for code, response in codes.items() if response.evidence)
    found = f"{status} {short(exchange.content.decode('utf-8', 'replace'))}".strip()
    yield Breach(operation.id, "", f"one of the statuses {', '.join(codes)}", found, proof, (exchange,))


def _is_valid(exchange: Exchange) -> bool:
    """Whether the request is one that the spec allows."""
    operation = exchange.operation
    assert operation is not None
    if exchange.request_body and operation.body is not None:
        try:
            if not isinstance(json.loads(exchange.request_body), dict):
                return False
        except ValueError:
            return False
    given = exchange.arguments
    return all(
        validator(f.schema).is_valid(given[f.key]) if f.key in given else not f.required for f in operation.parameters
    )


def _content_type(exchange: Exchange) -> Iterator[Breach]:
    operation = exchange.operation
    assert operation is not None
    response = operation.response(exchange.status)
    types = response.media_types if response else ()
    found = exchange.headers.get("content-type", "")
    if found.partition(";")[0].strip().lower() not in types:
        expected = f"the Content-Type that the spec gives: {', '.join(types)}"
        proof = operation.response_evidence(exchange.status) or operation.evidence
        yield Breach(operation.id, "", expected, found or "none", proof, (exchange,))


# The file


def _entries(path: Path) -> Iterator[_Entry]:
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not a HAR file: not JSON ({error})") from error
    log = document.get("log") if isinstance(document, dict) else None
    entries = log.get("entries") if isinstance(log, dict) else None
    if not isinstance(entries, list):
        raise UsageError(f"{path} is not a HAR file: it has no log.entries; export it from a browser or a proxy as HAR")
    for number, entry in enumerate(entries):
        try:
            yield _entry(entry)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise UsageError(f"{path} is not a HAR file: log.entries[{number}] is broken ({error!r})") from error


def _entry(entry: Mapping[str, Any]) -> _Entry:
    request, response = entry["request"], entry.get("response") or {}
    sent, headers = _headers(request.get("headers")), _headers(response.get("headers"))
    content = response.get("content") or {}
    kind = content.get("mimeType")
    if "content-type" not in headers and isinstance(kind, str) and kind not in ("", "x-unknown"):
        headers["content-type"] = kind
    posted = request.get("postData") or {}
    if posted.get("mimeType"):
        sent.setdefault("content-type", str(posted["mimeType"]))
    started = str(entry.get("startedDateTime", ""))
    try:
        moment = datetime.fromisoformat(started)
    except ValueError:
        moment = datetime.fromtimestamp(0, UTC)
    scheme, _, token = sent.get("authorization", "").partition(" ")
    return _Entry(
        method=str(request["method"]).upper(),
        url=str(request["url"]),
        request_headers=sent,
        request_body=_bytes(posted) or b"",
        status=int(response.get("status") or 0),
        headers=headers,
        content=_body(content, headers, int(response.get("status") or 0)),
        token=token.strip() if scheme.lower() == "bearer" else "",
        started=moment.astimezone(UTC),
        seconds=max(0.0, float(entry.get("time") or 0) / 1000),
    )


def _headers(listed: Any) -> dict[str, str]:
    """Headers by lower-case name, without those that HTTP/2 only has inside."""
    found: dict[str, list[str]] = defaultdict(list)
    for header in listed or []:
        name = str(header["name"]).lower()
        if not name.startswith(":"):
            found[name].append(str(header.get("value", "")))
    return {name: ", ".join(values) for name, values in found.items()}


def _bytes(content: Mapping[str, Any]) -> bytes | None:
    text = content.get("text")
    if text is None:
        return None
    if content.get("encoding") == "base64":
        try:
            return base64.b64decode(text)
        except binascii.Error:
            return None
    return str(text).encode("utf-8", "surrogatepass")


def _body(content: Mapping[str, Any], headers: Mapping[str, str], status: int) -> bytes | None:
    """The body of an answer, decompressed; None when the recording does not have all of it."""
    body = _bytes(content)
    if body is None or body == b"":
        empty = (
            status in (204, 304) or headers.get("content-length") == "0" or (body == b"" and content.get("size") == 0)
        )
        return b"" if empty else None
    if _is_json(body):
        return body
    # Proxies may export what went over the wire.
    for unpack in (gzip.decompress, zlib.decompress):
        try:
            return unpack(body)
        except (OSError, EOFError, zlib.error):
            continue
    size = content.get("size")
    # What an exporter cut off is not what the server answered.
    cut = isinstance(size, int) and len(body) < size
    return None if cut or (headers.get("content-encoding") in ("br", "zstd") and not _is_text(body)) else body


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _unjudgeable(entry: _Entry) -> str | None:
    """Why an answer says nothing about the server, or not all that it should; None when it does."""
    if entry.status < 100:
        return "did not arrive"
    if entry.status == 304:
        return "came from the browser's cache"
    if entry.status == 429:
        return "said that there were too many requests"
    return NO_BODY if entry.content is None else None


# Where the API is


def _normal(url: str) -> str:
    """Scheme, host and path; the port only where it is not the scheme's own."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return url
    host = (parts.hostname or "") if ":" not in (parts.hostname or "") else f"[{parts.hostname}]"
    if port is not None and port != {"http": 80, "https": 443}.get(parts.scheme):
        host = f"{host}:{port}"
    return f"{parts.scheme}://{host}{parts.path}".rstrip("/")


def _infer(spec: Api, entries: list[_Entry], api: str, path: str | Path) -> str:
    """The base URL below which most operations of the spec were asked."""
    asked: dict[str, Counter[str]] = defaultdict(Counter)
    for entry in entries:
        url = _normal(entry.url)
        origin = re.match(r"https?://[^/]*", url)
        for slash in re.finditer("/", url[origin.end() :]) if origin else ():
            at = origin.end() + slash.start() if origin else 0
            for operation in spec.operations.values():
                if operation.method == entry.method and operation.match(url[at:]) is not None:
                    asked[url[:at]][operation.id] += 1
    ranked = sorted(asked, key=lambda base: (len(asked[base]), asked[base].total()), reverse=True)
    if not ranked:
        raise UsageError(f"{path} has no request to the {api} API: give --base-url if it is mounted in an unusual way")
    first, *others = ranked
    for other in others:
        if (len(asked[other]), asked[other].total()) == (len(asked[first]), asked[first].total()):
            raise UsageError(f"{path} has requests to {first} and to {other}: choose with --base-url")
    return first
