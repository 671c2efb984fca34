"""Judges traffic that a browser or a proxy recorded (HAR). Sends nothing."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jsonschema_rs import Draft202012Validator

from contrato.core import spec as specs
from contrato.core.schema import Schema
from contrato.core.spec import Api, Operation
from contrato.verify.coverage import Coverage
from contrato.verify.documents import MISSING, short, validator
from contrato.verify.exchange import Exchange
from contrato.verify.findings import Violation
from contrato.verify.har import Entry, infer_base, normal, read_entries
from contrato.verify.hiding import Scrubber, Secret, token_variable
from contrato.verify.judge import Judge, schema_mismatch
from contrato.verify.modes import Mode
from contrato.verify.reports.report import OperationResult, Report, UsageError, Verdict

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
        strict: Whether a violation of what is only plausible is a failure.

    Returns:
        The report; an operation of which no answer was recorded is inconclusive.

    Raises:
        UsageError: An argument is wrong, or the file is no HAR or has no request to this API.
    """
    if api not in specs.APIS:
        raise UsageError(f"no API {api!r}: choose from {', '.join(specs.APIS)}")
    spec = specs.api(api)
    entries = list(read_entries(Path(path)))
    base = normal(base_url) if base_url else infer_base(spec, entries, api, path)
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
    judge = Judge(spec, report, token_variable(api), only, skip)
    _Recording(spec, judge, report, scrubber, tokens).judge_all(entries, base)
    report.finish()
    return report


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

    def judge_all(self, entries: list[Entry], base: str) -> None:
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

    def _exchange(self, entry: Entry, operation: Operation, path: str) -> Exchange:
        query = urlsplit(entry.url).query
        content = entry.content or b""
        token = Secret(entry.token)
        exchange = Exchange(
            operation=operation,
            sender=SENDER,
            method=entry.method,
            url=self.report.base_url + (f"{path}?{query}" if query else path),
            path=path,
            request_headers=entry.request_headers,
            request_body=entry.request_body,
            status=entry.status,
            headers=entry.headers,
            content=content,
            started=entry.started,
            seconds=entry.seconds,
            token_echoed=token.is_in(content.decode("latin-1"), *entry.headers.values()),
        )
        return reduce(lambda known, secret: secret.hidden(known), self.secrets, exchange)

    def _judge(self, exchange: Exchange, body: bool) -> None:
        """Judge one exchange; without its body only what the status says."""
        operation = exchange.operation
        assert operation is not None
        self.scrubber.learn(exchange)
        violations = {"not_a_server_error": _server_error(exchange), "status_code_conformance": _status(exchange)}
        if body:
            self.coverage.see(exchange)
            documented = operation.schema(exchange.status)
            if documented is not None:
                violations["content_type_conformance"] = _content_type(exchange)
                violations["response_schema_conformance"] = self._misfits(exchange, documented)
            self.judge.check(exchange)
        for rule, found in violations.items():
            listed = list(found)
            for violation in listed:
                self.judge.add(rule, violation)
            if not listed:
                self.judge.passed(operation.id, rule)

    def _misfits(self, exchange: Exchange, schema: Schema) -> Iterator[Violation]:
        operation, status = exchange.operation, exchange.status
        assert operation is not None
        if exchange.json is MISSING:
            text = f"{status} {short(exchange.content.decode('utf-8', 'replace'))}".strip()
            proof = operation.response_evidence(status) or operation.evidence
            yield Violation(operation.id, "", "a JSON body", text, proof, (exchange,))
            return
        if schema not in self.validators:
            self.validators[schema] = Draft202012Validator(schema.json, validate_formats=True)
        for error in self.validators[schema].iter_errors(exchange.json):
            keyword = str(error.schema_path[-1]) if error.schema_path else ""
            node: Any = schema.json
            for part in error.schema_path[:-1]:
                node = node[part]
            node = node if isinstance(node, dict) else {}
            found = schema_mismatch(
                operation, status, error.instance_path, keyword, node, error.instance, error.message
            )
            yield replace(found, exchanges=(exchange,))

    def _result(self, operation: Operation) -> OperationResult:
        failed = any(failure.operation == operation.id for failure in self.report.failures)
        why = "" if failed else self._not_judged(operation)
        verdict = Verdict.FAILED if failed else Verdict.INCONCLUSIVE if why else Verdict.PASSED
        return OperationResult(
            operation.id, self.seen[operation.id], self.coverage.successes[operation.id], verdict, why
        )

    def _not_judged(self, operation: Operation) -> str:
        if not self.seen[operation.id]:
            return "no request to it was recorded"
        missing = self.coverage.missing(operation)
        if missing is not None:
            unjudged = [f"an answer {reason} ({count})" for reason, count in self.unjudged[operation.id].items()]
            wanted = "a recording with all bodies, without the cache," if unjudged else "a recording of more data"
            return f"{'; '.join([missing, *unjudged])}; {wanted} is needed"
        return "; ".join(
            dict.fromkeys(g.reason for g in self.report.not_judged if g.operation == operation.id and not g.lasting)
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


def _server_error(exchange: Exchange) -> Iterator[Violation]:
    operation = exchange.operation
    if operation is not None and exchange.status >= 500:
        yield Violation(
            operation.id,
            "",
            "no 5xx, whatever is asked",
            f"{exchange.status} {short(exchange.content.decode('utf-8', 'replace'))}".strip(),
            operation.evidence,
            (exchange,),
        )


def _status(exchange: Exchange) -> Iterator[Violation]:
    operation, status = exchange.operation, exchange.status
    if operation is None or operation.response(status) or status >= 500:
        return
    # No source says with which 4XX a server refuses what is invalid, or a token that has expired.
    if status in (401, 403) or (400 <= status < 500 and not _is_valid(exchange)):
        return
    codes = operation.responses
    proof = "; ".join(f"{code} {response.evidence}" for code, response in codes.items() if response.evidence)
    found = f"{status} {short(exchange.content.decode('utf-8', 'replace'))}".strip()
    yield Violation(operation.id, "", f"one of the statuses {', '.join(codes)}", found, proof, (exchange,))


def _is_valid(exchange: Exchange) -> bool:
    """True if the spec allows the request."""
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


def _content_type(exchange: Exchange) -> Iterator[Violation]:
    operation = exchange.operation
    assert operation is not None
    response = operation.response(exchange.status)
    types = response.media_types if response else ()
    found = exchange.headers.get("content-type", "")
    if found.partition(";")[0].strip().lower() not in types:
        expected = f"the Content-Type that the spec gives: {', '.join(types)}"
        proof = operation.response_evidence(exchange.status) or operation.evidence
        yield Violation(operation.id, "", expected, found or "none", proof, (exchange,))


def _unjudgeable(entry: Entry) -> str | None:
    """Why an answer says nothing about the server, or not all that it should; None when it does."""
    if entry.status < 100:
        return "did not arrive"
    if entry.status == 304:
        return "came from the browser's cache"
    if entry.status == 429:
        return "said that there were too many requests"
    return NO_BODY if entry.content is None else None
