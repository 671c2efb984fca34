"""One run: discovery, laws, Schemathesis, clean-up."""

from __future__ import annotations

import json
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis.configuration import set_hypothesis_home_dir
from urllib3.exceptions import InsecureRequestWarning

from contrato.core.connection import Connection
from contrato.core.spec import Api, Operation
from contrato.verify.clean_up import clean_up, read
from contrato.verify.conformance import EXAMPLES, Conformance
from contrato.verify.discovery import Discovery
from contrato.verify.documents import cited, excerpt, loaded
from contrato.verify.exchange import Exchange
from contrato.verify.findings import Layer, NotJudged, Reading, Violation, kind_of
from contrato.verify.hiding import TOKEN, Scrubber, token_variable
from contrato.verify.interrupts import terminable, uninterrupted
from contrato.verify.judge import Judge
from contrato.verify.laws.runner import run_laws
from contrato.verify.modes import BUDGETS, RATES, Mode
from contrato.verify.naming import as_the_server_has_it
from contrato.verify.own_records import UNPROVED, Intent, Journal, Record, users_folder
from contrato.verify.reach import prepare, reach, supplied
from contrato.verify.reports.report import SERVER, OperationResult, Report, UsageError, Verdict, curl, plural
from contrato.verify.rules import RULES, Rule, without_work
from contrato.verify.session import Session
from contrato.verify.transport import MAX_BYTES, NONE, Gone, Transport


def verify(
    api: str,
    base_url: str,
    token: str | None = None,
    seed: int = 1,
    mode: Mode | str | None = None,
    *,
    examples: int = EXAMPLES,
    only: Sequence[str] = (),
    skip: Sequence[str] = (),
    strict: bool = False,
    probes: bool | None = None,
    rate: float | None = None,
    budget: int | None = None,
    values: Mapping[str, Any] | None = None,
    max_failures: int | None = None,
    max_time: float | None = None,
    connection: Connection = NONE,
    progress: Callable[[str, int], None] | None = None,
    estimate: Callable[[int, float], None] | None = None,
    observer: Callable[[Exchange], None] | None = None,
) -> Report:
    """Verify a server against the spec of an API. One run per process at a time.

    Args:
        api: One of `contrato.core.spec.APIS`.
        base_url: Where the API is mounted, such as `http://127.0.0.1:8000/neu`.
        token: The bearer token; by default the environment variable `token_variable(api)`.
        seed: Decides every random choice: the same seed and data give the same requests.
        mode: What may be done to the server. By default anything on a loopback address, elsewhere nothing that writes.
        examples: Random requests of each kind, valid and invalid, for each operation.
        only: Names of the operations and of the rules to check; by default all.
        skip: Names of operations and rules that are not checked.
        strict: True if a violation of what is only plausible is a failure.
        probes: True if to send requests that are wrong on purpose; by default in every mode but read-only.
        rate: Requests per second at most, 0 for no limit; by default what the mode has in `RATES`.
        budget: Requests at most, 0 for no limit; by default what the mode has in `BUDGETS`.
        values: Values of arguments that the server's data do not tell, by `operationId.argument`; a text may be JSON.
        max_failures: The run stops once it has found so many failures; by default it does not.
        max_time: The run stops after so many seconds; what it created is removed all the same.
        connection: Headers, certificates, proxy and timeout; what it leaves out is taken from the environment.
        progress: Is called at each request with the phase and the number of requests so far.
        estimate: Is called once, after discovery, with the number of requests to come and the seconds they may take.
        observer: Is called with each request and its answer; the token is hidden in them, personal data are not.

    Returns:
        The report; its `exit_code` is 0, 1, 3 or, when the suite itself crashed, 4.

    Raises:
        UsageError: An argument is wrong, there is no such server, or it refuses the token (exit code 2).
    """
    spec, token, chosen, complete, notes = prepare(api, base_url, token, mode, connection)
    rate = RATES.get(chosen, 0) if rate is None else rate
    budget = BUDGETS.get(chosen, 0) if budget is None else budget
    if rate < 0 or budget < 0 or (max_time or 0) < 0:
        raise UsageError("--rate, --budget and --max-time are positive, or 0 for no limit")
    probes = chosen is not Mode.READ_ONLY if probes is None else probes
    before: Counter[str] = Counter()
    started = time.monotonic()
    while True:
        report = Report(
            api=api,
            base_url=base_url,
            mode=chosen,
            seed=seed,
            strict=strict,
            spec_version=spec.version,
            notes=[*notes],
            again=_again(spec, base_url, chosen, seed, probes, values or {}, connection),
            scrubber=(scrubber := Scrubber(spec, token, complete.secrets)),
        )
        judge = Judge(spec, report, token_variable(api), only, skip, max_failures=max_failures)
        if spec.file:
            report.notes += without_work(spec, judge.rules)
        transport = Transport(
            spec, base_url, token, chosen, rate=rate, budget=budget, seconds=max_time or 0, connection=complete
        )
        transport.requests += before
        transport.observers += [scrubber.learn, judge.check, *([observer] if observer else [])]
        run = _Run(judge, transport, report, seed, examples, probes, supplied(spec, values or {}))
        if progress is not None:
            transport.observers.append(partial(_tell, progress, run))
        run.estimate = estimate
        run.may_move = not before
        try:
            with report.surviving(), closing(transport), terminable(), _cache(), warnings.catch_warnings():
                # The report says it once.
                warnings.simplefilter("ignore", InsecureRequestWarning)
                run.all()
            if run.moved is None:
                with report.surviving():
                    run.conclude()
        except UsageError as error:
            raise UsageError(report.told(str(error))) from error
        finally:
            report.requests = transport.requests.total()
            report.seconds = time.monotonic() - started
            report.made = transport.own.made
            report.finish()
        if run.moved is None:
            return report
        # Nothing was judged or written yet: begin anew, with arguments where this server takes them.
        (spec, told), before = run.moved, transport.requests
        notes += told


def _tell(progress: Callable[[str, int], None], run: _Run, exchange: Exchange) -> None:
    progress(run.phase, run.transport.requests.total())


def _again(
    api: Api,
    base_url: str,
    mode: Mode,
    seed: int,
    probes: bool | None,
    values: Mapping[str, Any],
    connection: Connection,
) -> list[str]:
    """Words of the command that repeats a run, but for what it judges and what is secret."""
    named = ["--spec", api.file] if api.file else [api.name]
    words = ["contrato", "verify", *named, "--base-url", base_url, "--mode", mode, "--seed", str(seed)]
    words += [] if probes is None else ["--probes" if probes else "--no-probes"]
    words += ["--insecure"] * bool(connection.insecure)
    words += ["--ca-bundle", connection.ca_bundle] if connection.ca_bundle else []
    words += ["--client-cert", connection.client_cert] if connection.client_cert else []
    words += ["--timeout", f"{connection.timeout:g}"] if connection.timeout else []
    for name, value in values.items():
        words += ["--value", f"{name}={value if isinstance(value, str) else json.dumps(value)}"]
    return words


class _Run:
    """The phases of one run.

    Attributes:
        phase: The one that is under way.
        estimate: Is told how much is to come.
        may_move: Whether to look for arguments that the server takes elsewhere.
        moved: The API with these where the server takes them, and what is told of it; None without one.
    """

    def __init__(
        self,
        judge: Judge,
        transport: Transport,
        report: Report,
        seed: int,
        examples: int,
        probes: bool,
        values: Mapping[tuple[str, str], Any],
    ) -> None:
        self.judge = judge
        self.transport = transport
        self.report = report
        self.probes = probes
        self.spec = transport.spec
        self.journal = Journal(report.api, transport.base_url, transport.token)
        self.conformance = Conformance(transport, judge, seed, probes, examples)
        self.phase = "discovery"
        self.discovery = Discovery(self.spec, transport, values)
        self.layers = {rule.layer for name, rule in RULES.items() if name in judge.rules}
        self.estimate: Callable[[int, float], None] | None = None
        self.may_move = False
        self.moved: tuple[Api, list[str]] | None = None
        self._started = time.monotonic()
        self._laws_left = [rule.name for rule in self._wanted_laws()]
        if report.mode is Mode.OWN_RECORDS:
            transport.own.on_change = self._write_down

    def all(self) -> None:
        """Run every phase; what the run created is removed whatever happens."""
        try:
            self._phases()
        except Gone as gone:
            found = f"the server went away: {cited(gone)}"
            if gone.at_request:
                self.judge.add("answer", Violation(SERVER, "", "an answer to every request", found, ""))
            else:
                self.report.notes.append(f"{found}; repeat the run")
            self.report.interrupted = True
        except KeyboardInterrupt:
            self.report.interrupted = True
        finally:
            self.judge.settle(lambda exchange: None)  # Of what there was no time to repeat.
            self.phase = "clean-up"
            left = self._clean_up()
            self.transport.ended = True
            stored = (
                "are on the server as this run sent them in requests that were refused, or answered with no new record;"
                " somebody else may have made them"
            )
            unclaimed = self._left(self.transport.own.unclaimed, stored)
            self.report.notes += [*self._left(left), *unclaimed, *self._unproved(), *self._created()]

    def _phases(self) -> None:
        discovery = self.discovery
        with self.transport.sending("discovery"):
            reach(self.transport, self.report.api)
            self.report.notes += self._left_earlier()
            allowed = [o for o in self.spec.operations.values() if o.safe or self.report.mode is not Mode.READ_ONLY]
            values = {o.id: discovery.values(o) for o in allowed if o.id in self.judge.operations}
            named = as_the_server_has_it(discovery, self.judge.operations) if self.may_move else (self.spec, [])
        if named[1]:
            self.moved = named
            return
        self.judge.settle(self.transport.another, self.transport.wait_for_server)
        self._tell_estimate()
        self.phase = "laws"
        self._laws(discovery)
        self.judge.settle(self.transport.another, self.transport.wait_for_server)
        self.phase = "conformance"
        if Layer.CONFORMANCE in self.layers and not self.judge.has_enough:
            self.conformance.run(discovery.requests, values)
            self.report.interrupted |= self.conformance.stopped
        if self.judge.has_enough:
            self.report.interrupted = True
            self.report.notes.append("the run stopped early: it had found as many failures as it was told to")

    def _tell_estimate(self) -> None:
        """Tell how much is to come, as runs on other servers had it; how fast, as this server answered so far."""
        pace, sent = self.transport.pace, self.transport.requests.total()
        judged = [o for o in self.spec.operations.values() if o.id in self.judge.operations]
        asked = [o for o in judged if o.safe or self.report.mode is not Mode.READ_ONLY]
        meetings = [(rule, o) for rule in self._wanted_laws() for o in asked if o.safe or rule.writes or rule.probes]
        kinds = ("probes" if rule.probes else "reads" if o.safe else "writes" for rule, o in meetings)
        requests = sum(PER_LAW[kind] for kind in kinds)
        if Layer.CONFORMANCE in self.layers:
            fuzzed = [o for o in asked if o.safe or self.report.mode is Mode.UNRESTRICTED]
            requests += len(asked) * PER_OPERATION
            requests += len(fuzzed) * self.conformance.examples * (PER_EXAMPLE if self.probes else 1)
        if pace.budget:
            requests = min(requests, pace.budget - sent)
        each = max((time.monotonic() - self._started) / max(1, sent), 1 / pace.rate if pace.rate else 0)
        if self.estimate is not None:
            self.estimate(round(requests), requests * each)

    def _wanted_laws(self) -> list[Rule]:
        # Checks need answers to judge: without the engine, those to all laws.
        everything = Layer.CHECK in self.layers and Layer.CONFORMANCE not in self.layers
        may_write = self.report.mode is not Mode.READ_ONLY
        return [
            rule
            for name, rule in RULES.items()
            if rule.layer is Layer.LAW
            and (everything or name in self.judge.rules)
            and (may_write or not rule.writes)
            and (self.probes or not rule.probes)
        ]

    def _begun(self, wanted: Sequence[Rule]) -> Iterator[Rule]:
        """The laws to run; each one is left until the next one begins."""
        for rule in wanted:
            yield rule
            self._laws_left.remove(rule.name)

    def _laws(self, discovery: Discovery) -> None:
        wanted = self._wanted_laws() if not self.judge.has_enough else []
        session = Session(discovery, self.report.seed)
        for judgement in run_laws(session, self._begun(wanted), self.judge.operations):
            name, operation = judgement.rule.name, judgement.operation.id
            # A law that writes removes its record, of which nothing can be asked again.
            take = self.judge.add if judgement.rule.writes else self.judge.add_or_doubt
            for finding in judgement.findings:
                others = (
                    [each for each in finding.exchanges if each.is_foreign] if isinstance(finding, Violation) else []
                )
                if judgement.rule.writes and others:
                    reason = f"something in between may have answered: {kind_of(others[-1])}"
                    self.judge.add(name, NotJudged(operation, reason, lasting=False))
                else:
                    take(name, finding)
            for rule, violation in judgement.unsound:
                # Where nobody says that it failed, at least nobody is to take it for passed.
                is_ours = not any(exchange.may_be_anothers for exchange in violation.exchanges[-1:])
                is_lost = not violation.exchanges and violation.operation == operation
                if is_lost and not judgement.operation.safe and self.transport.coverage.successes[operation]:
                    # A write is not sent again where its connection was lost; others were answered.
                    reason = f"the answer is not stable: {violation.found}"
                    self.judge.add(rule, NotJudged(violation.operation, reason, lasting=False))
                    continue
                told = take(rule, violation) if is_ours else self.judge.doubt(rule, violation)
                if not told or violation.operation != operation:
                    reason = f"{violation.operation} was answered with {violation.found}"
                    self.judge.add(name, NotJudged(operation, reason, lasting=told))
            wrong = [finding for finding in judgement.findings if not isinstance(finding, Reading)]
            if not wrong and not judgement.unsound:
                self.judge.passed(judgement.operation.id, judgement.rule.name)
            if self.judge.has_enough:
                break
        self.report.notes += [f"laws judged a sample of {name}: {extent}" for name, extent in session.sampled.items()]

    def _clean_up(self) -> list[Record]:
        while True:
            try:
                with uninterrupted(), self.transport.sending("clean-up"):
                    return clean_up(self.transport)
            except KeyboardInterrupt:
                self.report.interrupted = True

    # Notes for the reader

    def _write_down(self) -> None:
        own = self.transport.own
        try:
            self.journal.write(own.created, own.intents)
        except OSError as error:
            note = f"what this run creates could not be written down, in case that the run is killed: {error}"
            if note not in self.report.notes:
                self.report.notes.append(note)

    def _left(self, records: list[Record], which: str = "of this run are left on the server") -> Iterator[str]:
        if records:
            yield f"{len(records)} records {which}; to remove them:"
        for record in records:
            remover = self.spec.operations[record.creator].remover
            url = f"{self.transport.base_url}{record.path}"
            variable = token_variable(self.report.api)
            yield (
                curl(remover.method, url, {"Authorization": f"Bearer {TOKEN}"}, None, TOKEN, variable)
                if remover
                else url
            )

    def _created(self) -> Iterator[str]:
        """Operations that the spec takes for reading, of which the server says otherwise."""
        for name, exchange in self.transport.created.items():
            sent = "" if self.report.mode is Mode.UNRESTRICTED else ", and was not sent again"
            yield (
                f"{name} creates something, says the server: it answered 201 with Location, first"
                f" {cited(exchange.headers['location'])}; it was sent {self.transport.requests[name]} times{sent}"
            )

    def _left_earlier(self) -> Iterator[str]:
        """Records of a run that was killed. They are not deleted: their ids may by now be somebody else's."""
        if not any(not operation.safe for operation in self.spec.operations.values()):
            return
        for journal, records, intents in self.journal.earlier():
            run = f"a run that began at {journal.began} and did not end, or is still under way,"
            found = {record.path: read(self.transport, record) for record in records if self._is_known(record)}
            there = [record for record in records if found.get(record.path) is not None]
            if len(there) < len(records):
                with suppress(OSError):  # If it fails, they are looked for again the next time.
                    journal.write(there, intents)
            ours = [record for record in there if self.transport.own.is_as_sent(record, found[record.path])]
            yield from self._left(ours, f"of {run} are left on the server")
            if others := [record.path for record in there if record not in ours]:
                yield (
                    f"{run} created these too, but they are not as it sent them by now, and may be somebody else's: "
                    f"{cited(', '.join(others))}; when you have looked, delete {journal.path}"
                )
            if intents:
                yield f"{run} may have created {_told(intents)}; when you have looked, delete {journal.path}"

    def _is_known(self, record: Record) -> bool:
        """True if a record of a journal, perhaps of another version, can be addressed."""
        creator = self.spec.operations.get(record.creator)
        remover = creator and creator.remover
        names = {f.name for f in remover.parameters if f.place == "path"} if remover else set()
        return isinstance(record.argument, dict) and names == record.argument.keys() and isinstance(record.path, str)

    def _unproved(self) -> Iterator[str]:
        """Records that may be left, or may be somebody else's."""
        own = self.transport.own
        if own.others_now:
            yield (
                "where this run created records there are others by now, or its own were changed: "
                f"{cited(', '.join(dict.fromkeys(own.others_now)))}. They were left alone"
            )
        if own.unproved:
            yield (
                "a new record has an id that no other has, and reads back as it was sent. These were answered as new, "
                f"and are not: {cited(', '.join(dict.fromkeys(own.unproved)))}. Nothing was written to them"
            )
        if own.intents and self.report.mode is Mode.OWN_RECORDS:
            stopped = "; it created no more" if len(own.intents) >= UNPROVED else ""
            yield f"this run may have left {_told(own.intents)}{stopped}"
            with suppress(OSError):
                if self.journal.path.exists():
                    yield f"{self.journal.path} has all that it may have left"
            for creator in dict.fromkeys(intent.creator for intent in own.intents):
                reason = "a new record could not be proved to be there, and to be the run's own"
                self.report.add_not_judged("answer", NotJudged(creator, reason, lasting=False))

    def _unreached(self) -> Iterator[str]:
        """The rules and operations that a run that was stopped had not come to."""
        if laws := self._laws_left:
            yield f"laws: {', '.join(laws)}"
        unprobed = [name for name in self.spec.operations if name in self.judge.operations - self.conformance.probed]
        if Layer.CONFORMANCE in self.layers and unprobed:
            yield f"requests of Schemathesis to {', '.join(unprobed)}"

    def conclude(self) -> None:
        """Say what was not checked."""
        report, transport = self.report, self.transport
        self.judge.conclude()
        if report.interrupted and (unreached := "; ".join(self._unreached())):
            report.notes.append(f"the run stopped before it had judged {unreached}")
        if transport.refused:
            report.notes.append(f"requests that the mode {report.mode} kept back: {transport.refused}")
        if transport.pace.spent:
            report.notes.append(transport.pace.spent)
        if any(failure.operation == SERVER and failure.rule == "answer" for failure in report.failures):
            report.interrupted = False  # It ended because the server did, which is a finding.
        failed = {failure.operation for failure in report.failures}
        shown = self.judge.operations
        if Layer.CONFORMANCE not in self.layers:
            # A few rules need not concern every operation; but what concerns none is no pass.
            shown = {operation for operation, _ in report.counts} & shown or shown
        report.operations = [self._result(o, failed) for o in self.spec.operations.values() if o.id in shown]

    def _result(self, operation: Operation, failed: set[str]) -> OperationResult:
        transport = self.transport
        why = self._not_judged(operation)
        counts = transport.requests[operation.id], transport.coverage.successes[operation.id]
        if operation.id in failed:
            return OperationResult(operation.id, *counts, Verdict.FAILED, beside=why)
        verdict = Verdict.LEFT_OUT if why == LEFT_OUT else Verdict.INCONCLUSIVE if why else Verdict.PASSED
        return OperationResult(operation.id, *counts, verdict, why)

    def _not_judged(self, operation: Operation) -> str:
        transport = self.transport
        if not operation.safe and self.report.mode is Mode.READ_ONLY:
            return LEFT_OUT
        if transport.limited[operation.id]:
            return (
                f"{transport.limited[operation.id]} requests were answered with 429, or held back after it; "
                "a lower --rate is needed"
            )
        missing = transport.coverage.missing(operation)
        if transport.coverage.is_forbidden(operation):
            return "the token may not do it: requests were answered with 403; another token is needed"
        if missing is not None:
            return f"{missing}; data on the server is needed{self._or_values(operation)}"
        if self.report.crash:
            return "the suite crashed before the end of the run"
        if self.report.interrupted:
            return "the run was stopped before its end"
        if operation.id in transport.unread:
            return f"an answer was longer than {MAX_BYTES} bytes and was not read; a server with less data is needed"
        reasons = [g.reason for g in self.report.not_judged if g.operation == operation.id and not g.lasting]
        return "; ".join(dict.fromkeys(reasons))

    def _or_values(self, operation: Operation) -> str:
        """How to supply the values without which the operation could not be asked."""
        lacking = " ".join(f"--value {operation.id}.{name}=…" for name in self.discovery.lacking(operation))
        return f", or {lacking}" if lacking else ""


def _told(intents: Sequence[Intent]) -> str:
    """Records that may be there, by the texts that a person finds them by."""
    sent = list(dict.fromkeys(_texts(intent.sent) for intent in intents))
    more = f" and {len(sent) - 3} others" if len(sent) > 3 else ""
    return f"{plural(len(intents), 'record')}: {'; '.join(sent[:3])}{more}"


def _texts(body: str) -> str:
    document = loaded(body.encode())
    texts = [value for value in document.values() if isinstance(value, str)] if isinstance(document, dict) else []
    # Our own words, which nobody's name is hidden in.
    return repr(", ".join(texts)[:160]) if texts else excerpt(body)


PER_LAW = {"reads": 2.2, "probes": 6.5, "writes": 16.0}
"""Requests of a law to an operation, on average."""

PER_OPERATION = 8
"""Requests of Schemathesis to an operation that do not depend on the number of examples."""

PER_EXAMPLE = 2.3
"""Requests for each example, where invalid ones are sent as well."""

LEFT_OUT = "it writes, which this mode leaves out"


@contextmanager
def _cache() -> Iterator[None]:
    """Keep Hypothesis from leaving a directory where the command is run.

    Its tables of characters, seconds of work, go to the user's cache. Examples are not kept.
    """
    with ExitStack() as stack:
        try:
            folder = users_folder("XDG_CACHE_HOME", ".cache")
        except OSError:
            folder = Path(stack.enter_context(TemporaryDirectory()))
        set_hypothesis_home_dir(folder)
        stack.callback(set_hypothesis_home_dir, None)
        yield
