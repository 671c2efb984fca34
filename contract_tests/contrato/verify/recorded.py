"""Judges traffic that a browser or a proxy recorded (HAR). Sends nothing."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from pathlib import Path
from urllib.parse import urlsplit

from contrato.core import spec as specs
from contrato.core.spec import Api, Operation
from contrato.verify.coverage import Coverage
from contrato.verify.documents import MISSING, cited, find, places
from contrato.verify.exchange import Exchange
from contrato.verify.findings import NotJudged, Violation
from contrato.verify.har import OURS, REDACTED, Entry, Recorded, infer_base, normal, read_entries
from contrato.verify.hiding import RECORDED, Scrubber, Secret, data_of, token_variable, without_data
from contrato.verify.judge import Judge
from contrato.verify.modes import Mode
from contrato.verify.reports.report import OperationResult, Report, UsageError, Verdict

_METHOD = re.compile("[A-Z]{1,20}")

BY_STATUS = ("not_a_server_error", "status_code_conformance")
"""Checks that need no body."""


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
    spec = specs.finite_api(api)
    entries = list(read_entries(Path(path)))
    base = normal(base_url).rstrip("/") if base_url else infer_base(spec, entries, api, path)
    ours = [entry for entry in entries if entry.below(base) is not None]
    if not ours:
        raise UsageError(f"{path} has no request below {base}: give another --base-url, or none to have it found out")
    tokens = Counter(entry.token for entry in ours if entry.token)
    others = frozenset().union(*(entry.secrets for entry in ours))
    report = Report(
        api=api,
        base_url=base if base_url else without_data(base),
        mode=Mode.READ_ONLY,
        seed=0,
        strict=strict,
        spec_version=spec.version,
        recorded=True,
        scrubber=(
            scrubber := Scrubber(
                spec,
                next((token for token, _ in tokens.most_common(1)), ""),
                {*others, *data_of("" if base_url else base)},
            )
        ),
    )
    judge = Judge(spec, report, token_variable(api), only, skip, excused=_redacted)
    with report.surviving():
        _Recording(spec, judge, report, scrubber, tokens, base).judge_all(entries)
    report.finish()
    return report


class _Recording:
    def __init__(
        self, spec: Api, judge: Judge, report: Report, scrubber: Scrubber, tokens: Iterable[str], base: str
    ) -> None:
        self.spec = spec
        self.judge = judge
        self.report = report
        self.scrubber = scrubber
        self.base = base
        self.secrets = [Secret(token) for token in tokens]
        self.coverage = Coverage(spec)
        self.seen: Counter[str] = Counter()
        self.alike: dict[tuple[str, str, bytes], list[Exchange]] = defaultdict(list)
        self.unjudged: dict[str, Counter[str]] = defaultdict(Counter)

    def judge_all(self, entries: list[Entry]) -> None:
        """Judge every exchange with the API, and say what was not judged."""
        elsewhere = 0
        unknown: Counter[str] = Counter()
        for entry in entries:
            path = entry.below(self.base)
            if path is None:
                elsewhere += 1
                continue
            operation = self.spec.match(entry.method, path)
            other = self.spec.match(entry.method, path.rstrip("/"))
            if operation is None and other is not None:
                self.seen[other.id] += 1
                self.unjudged[other.id]["is to a path with a slash at its end"] += 1
            elif operation is None:
                # A browser's question whether it may ask is none to the API.
                unknown[self._shown(entry.method, path)] += entry.method != "OPTIONS"
            else:
                self.seen[operation.id] += 1
                self._take(entry, operation, path)
        self.judge.settle(self._again)
        self.judge.conclude()
        self.report.requests = self.seen.total()
        rows = [self._result(o) for o in self.spec.operations.values() if o.id in self.judge.operations]
        self.report.operations = rows
        self.report.notes += self._notes(elsewhere, unknown)

    def _shown(self, method: str, path: str) -> str:
        """A request that is none to the API, in a sentence."""
        for secret in self.secrets:
            path = secret.hide(path)
        return f"{method if _METHOD.fullmatch(method) else '(no method)'} {cited(without_data(path))}"

    def _take(self, entry: Entry, operation: Operation, path: str) -> None:
        try:
            recorded = entry.read()
        except (AttributeError, LookupError, OverflowError, TypeError, ValueError):
            self.unjudged[operation.id]["is not as HAR has it"] += 1
            return
        reason = _unjudgeable(recorded) or recorded.lost
        if reason:
            self.unjudged[operation.id][reason] += 1
        if not _unjudgeable(recorded):
            self._judge(self._exchange(entry, recorded, operation, path), body=not recorded.lost)

    def _exchange(self, entry: Entry, recorded: Recorded, operation: Operation, path: str) -> Exchange:
        query = urlsplit(entry.url).query
        content = recorded.content or b""
        token = Secret(entry.token)
        exchange = Exchange(
            operation=operation,
            sender=RECORDED,
            method=entry.method,
            url=self.base + (f"{path}?{query}" if query else path),
            path=path,
            request_headers=recorded.request_headers,
            request_body=recorded.request_body,
            status=recorded.status,
            headers=recorded.headers,
            content=content,
            started=recorded.started,
            seconds=recorded.seconds,
            token_echoed=token.is_in(content.decode("latin-1"), *recorded.headers.values()),
        )
        return reduce(lambda known, secret: secret.hidden(known), self.secrets, exchange)

    def _again(self, exchange: Exchange) -> Exchange:
        """The answer to the same request that was recorded next; the same one if it is the last."""
        alike = self.alike[exchange.method, exchange.url, exchange.request_body]
        return alike[min(alike.index(exchange) + 1, len(alike) - 1)]

    def _judge(self, exchange: Exchange, body: bool) -> None:
        """Judge one exchange; without its body only what the status says."""
        operation = exchange.operation
        assert operation is not None
        self.alike[exchange.method, exchange.url, exchange.request_body].append(exchange)
        self.scrubber.learn(exchange)
        if body:
            self.coverage.see(exchange)
            self.judge.check(exchange)
        else:
            self.judge.check(exchange, BY_STATUS)

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

    def _notes(self, elsewhere: int, unknown: Mapping[str, int]) -> Iterator[str]:
        judged = [row.operation for row in self.report.operations if self.seen[row.operation]]
        yield (
            f"nothing was sent: the recording has {self.seen.total()} requests to {len(judged)} of "
            f"{len(self.report.operations)} operations below {self.report.base_url}"
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


def _unjudgeable(entry: Recorded) -> str | None:
    """Why an answer says nothing about the server, or not all that it should; None when it does."""
    if entry.status < 100:
        return "did not arrive"
    if entry.status == 304:
        return "came from the browser's cache"
    if entry.status == 429:
        return "said that there were too many requests"
    return None


def _redacted(violation: Violation) -> NotJudged | None:
    """The reason not to judge what a tool may have put in place of the server's words.

    A text that we put in place of another text is no reason to doubt the rest.
    """
    if not violation.field.startswith("/"):
        return None
    values = [violation.found, violation.expected]
    for exchange in violation.exchanges:
        values += [] if exchange.json is MISSING else find(exchange.json, violation.field)
    marks = [value for value in values if isinstance(value, str) and REDACTED.search(value)]
    if not marks:
        return None
    shown = violation.exchanges[-1]
    schema = shown.operation.schema(shown.status) if shown.operation else None
    at = dict(places(schema)).get(violation.field)
    ours = at is not None and at.type == "string" and all(OURS.search(mark) for mark in marks)
    return NotJudged(violation.operation, "what it is about was redacted", lasting=ours)
