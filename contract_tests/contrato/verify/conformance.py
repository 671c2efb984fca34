"""Schemathesis, embedded: which phases and checks run, on which data, and what its findings mean here."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from datetime import datetime
from typing import Any

import hypothesis.strategies as st
import requests
import schemathesis
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.core import SCHEMATHESIS_TEST_CASE_HEADER
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.core.failures import Failure as CheckFailure
from schemathesis.core.parameters import ParameterLocation
from schemathesis.engine import Status, StopReason, events, from_schema
from schemathesis.engine.recorder import ScenarioRecorder
from schemathesis.generation.meta import CoveragePhaseData, FuzzingPhaseData
from schemathesis.openapi.checks import (
    IgnoredAuth,
    MissingHeaderNotRejected,
    UnsupportedMethodResponse,
)

from contrato.core.document import JSON, inline, operation_nodes
from contrato.core.places import place
from contrato.core.spec import Operation
from contrato.verify.discovery import FINE_WINDOW, WINDOW, Request, period_of
from contrato.verify.documents import cited, excerpt, loaded
from contrato.verify.exchange import Exchange
from contrato.verify.findings import NotJudged, Violation, answered, kind_of
from contrato.verify.guard import guarded
from contrato.verify.hiding import TOKEN
from contrato.verify.judge import Judge
from contrato.verify.leniency import faults_of, left_open, may_be_refused
from contrato.verify.modes import Mode
from contrato.verify.reports.report import SERVER
from contrato.verify.rows import items_of
from contrato.verify.rules import RULES
from contrato.verify.transport import Limited, Refused, TooLong, Transport, marked

TIMESTAMP = "date-time-local"
"""The format of the specs' timestamps: ISO 8601 with or without a zone."""

EXAMPLES = 20
"""Random requests of each kind, valid and invalid, that the fuzzing phase makes for an operation."""

Case = schemathesis.Case[Any]

REAL = 0.5
"""Share of random requests in which a field with known values takes one of them."""

RECENT = (datetime(2015, 1, 1), datetime(2030, 1, 1))
"""Half of the random timestamps lie between these, the others anywhere."""

PLAINER = "malformed_is_refused"
"""The law that tries by plain requests what Schemathesis tries by random ones."""

WRONG_METHODS = ("get", "put", "post", "delete", "patch")
"""Methods that are tried on paths that have no such operation."""


schemathesis.openapi.format(
    TIMESTAMP,
    st.builds(
        "{}{}".format,
        (st.datetimes(*RECENT) | st.datetimes()).map(lambda moment: moment.isoformat(timespec="seconds")),
        st.sampled_from(["", "", ".25", "Z", "-05:00"]),
    ),
)


class Conformance:
    """One run of Schemathesis against one server.

    Args:
        transport: Knows the server, and sees what is sent to it.
        judge: Takes up what is found, and says which operations and rules are wanted.
        seed: Decides every random choice.
        probes: Whether requests are sent that are wrong on purpose.
        examples: Random requests of each kind for an operation.

    Attributes:
        stopped: Whether the run ended before its time.
        probed: Operations to which requests were sent.
    """

    def __init__(self, transport: Transport, judge: Judge, seed: int, probes: bool, examples: int = EXAMPLES) -> None:
        self.spec = transport.spec
        self.transport = transport
        self.judge = judge
        self.seed = seed
        self.mode = transport.mode
        self.probes = probes
        self.examples = examples
        self.stopped = False
        self.probed: set[str] = set()
        self._known: Mapping[str, Mapping[tuple[str, str], list[Any]]] = {}
        self._labels = {f"{o.method} {o.path}": o for o in self.spec.operations.values()}
        self._must_succeed: set[str] = set()
        self._unanswered: Counter[str] = Counter()
        # Of the scenario that runs, by the case's id.
        self._exchanges: dict[str, Exchange] = {}

    def run(
        self,
        exercise: Callable[[Operation], list[Request]],
        values: Mapping[str, Mapping[tuple[str, str], list[Any]]],
    ) -> None:
        """Send everything and collect the failures.

        Args:
            exercise: Gives valid requests made of real values for an operation, when its turn comes.
            values: Real values for random requests, by operationId, then by `Parameter.key`.
        """
        self._known = values
        document = with_examples(self.spec.document, values)
        schema = schemathesis.openapi.from_dict(document, config=self._config(values))

        def before_add_examples(context: schemathesis.HookContext, examples: list[Case]) -> None:
            assert context.operation is not None
            examples.clear()
            with self.transport.sending("discovery"):
                valid = exercise(self._labels[context.operation.label])
            for request in valid:
                case = _case(context.operation, request)
                examples.append(case)
                if request.must_succeed:
                    self._must_succeed.add(case.id)

        def map_case(context: schemathesis.HookContext, case: Case) -> Case:
            if case.meta is not None and case.meta.generation.mode.is_positive:
                narrow(self._labels[case.operation.label], case)
            return case

        schema.hooks.hook(before_add_examples)
        schema.hooks.hook(map_case)
        self.transport.observers.append(self._keep)
        with self.transport.sending("schemathesis"), guarded(self.transport):
            stream = from_schema(schema).execute()
            for event in stream:
                if isinstance(event, events.ScenarioFinished):
                    self._collect(event.recorder)
                    self._exchanges.clear()
                    self.judge.settle(self.transport.another, self.transport.wait_for_server)
                    if self.judge.has_enough:
                        stream.stop()
                elif isinstance(event, events.NonFatalError):
                    self._collect_error(event)
                elif isinstance(event, events.FatalError):
                    raise event.exception
                elif isinstance(event, events.Interrupted):
                    self.stopped = True
                elif isinstance(event, events.EngineFinished):
                    self.stopped |= event.stop_reason is not StopReason.COMPLETED

    # Configuration

    def _config(self, values: Mapping[str, Mapping[tuple[str, str], list[Any]]]) -> SchemathesisConfig:
        dictionaries: dict[str, Any] = {}
        operations = []
        for operation in self.spec.operations.values():
            parameters = {}
            for (location, name), known in values.get(operation.id, {}).items():
                scalars = [v for value in known for v in (value if isinstance(value, list) else [value])]
                suffix = "[*]" if any(isinstance(value, list) for value in known) else ""
                key = f"{operation.id}.{location}.{name}"
                dictionaries[key] = {"values": scalars}
                parameters[f"{location}.{name}{suffix}"] = {"dictionary": key, "probability": REAL}
            fuzzed = operation.safe or self.mode is Mode.UNRESTRICTED
            phases = {name: {"enabled": fuzzed} for name in ("coverage", "fuzzing")}
            phases["examples"] = {"enabled": operation.safe or self.mode is not Mode.READ_ONLY}
            operations.append(
                {
                    "include-operation-id": operation.id,
                    "enabled": operation.id in self.judge.operations,
                    "parameters": parameters,
                    "phases": phases,
                }
            )
        load_all_checks()
        off = {"enabled": False}
        unrestricted = self.mode is Mode.UNRESTRICTED
        # Schemathesis would take requests for ones without a token.
        in_headers = all(scheme.place == "header" for scheme in self.transport.spec.credentials)
        return SchemathesisConfig.from_dict(
            {
                "base-url": self.transport.base_url,
                "headers": self._credentials(),
                "seed": self.seed,
                "workers": 1,
                "request-timeout": self.transport.timeout,
                "continue-on-failure": True,
                "suppress-health-check": ["all"],
                "cache": off,
                "analysis": {"constants": off},
                "auth": {"auto-signup": False},
                "dictionaries": dictionaries,
                "operations": operations,
                "generation": {
                    "database": "none",
                    "max-examples": self.examples,
                    "mode": "all" if self.probes else "positive",
                },
                "phases": {
                    "examples": {"operation-ordering": "none"},
                    "coverage": {
                        "operation-ordering": "none",
                        # The effect of a wrong method is unknown, so nobody else's data may be in its way.
                        "unexpected-methods": WRONG_METHODS if self.probes and unrestricted else [],
                        "extra-data-sources": {"responses": False},
                    },
                    "fuzzing": {
                        "operation-ordering": "none",
                        # Learning from answers would make the requests of one seed depend on more than the seed,
                        # and would lead random deletions to records that others need.
                        "extra-data-sources": {"responses": False},
                        "error-feedback": off,
                    },
                    "stateful": off,
                },
                "checks": {
                    # Passive checks judge every answer, whoever asked.
                    **{
                        name: {"enabled": name in self.judge.rules and RULES[name].check is None}
                        for name in CHECKS.get_all_names()
                    },
                    # Both expect 404 for a record that is gone, where one of the APIs documents 204.
                    "use_after_free": off,
                    "ensure_resource_availability": off,
                    # Made-up ids may be refused; requests of real values are judged here instead.
                    "positive_data_acceptance": off,
                    "ignored_auth": {"enabled": self.probes and in_headers and "ignored_auth" in self.judge.rules},
                    "negative_data_rejection": {
                        "enabled": "negative_data_rejection" in self.judge.rules,
                        "expected-statuses": ["4XX"],
                    },
                },
            }
        )

    # Findings

    def _keep(self, exchange: Exchange) -> None:
        case = exchange.request_headers.get(SCHEMATHESIS_TEST_CASE_HEADER.lower())
        if case is not None:
            self._exchanges[case] = exchange

    def _collect(self, recorder: ScenarioRecorder) -> None:
        self.probed |= {self._labels[node.value.operation.label].id for node in recorder.cases.values()}
        for case_id, node in recorder.cases.items():
            interaction = recorder.interactions.get(case_id)
            response = interaction.response if interaction else None
            operation = self._labels[node.value.operation.label]
            if response is None or response.status_code == 429:
                continue
            if case_id in self._must_succeed:
                self._accept(operation, case_id, response)
            for check in recorder.checks.get(case_id, []):
                if check.status is Status.SUCCESS:
                    self.judge.passed(operation.id, check.name)
                elif check.status is Status.FAILURE and check.failure_info is not None:
                    failure = check.failure_info.failure
                    # A check's own request shows more than the one that it began with.
                    shown = self._shown(failure.case_id, case_id)
                    if isinstance(failure, AcceptedNegativeData):
                        if _is_text(operation, node.value):
                            continue  # In a form, in text and in bytes nothing has a wrong type.
                        if shown and self._is_said_already(shown[0]):
                            continue
                        if shown and left_open(shown[0]):
                            continue  # Whether that is refused is for the server to say.
                        if shown and self._selects_nothing(shown[0]):
                            continue
                    if not is_left_open(operation, node.value, response, failure) and not is_repetition(
                        response, failure
                    ):
                        violation = self._translate(operation, check.name, failure, node.value, shown)
                        if not any(exchange.status == 429 for exchange in shown):
                            self.judge.doubt(check.name, violation)

    def _selects_nothing(self, exchange: Exchange) -> bool:
        """True if nothing is answered to a request that names what there may not be: a server may look for that first,
        and then has nothing to do with what else is wrong.
        """
        operation = exchange.operation
        if operation is None or any(True for _ in items_of(operation, exchange)):
            return False
        known = {key: _flat(values) for key, values in self._known.get(operation.id, {}).items()}
        named = {
            key: _flat([value]) for key, value in exchange.clear_arguments.items() if operation.keys[key].refers_to
        }
        return any(value not in known.get(key, ()) for key, values in named.items() for value in values)

    def _accept(self, operation: Operation, case_id: str, response: schemathesis.Response) -> None:
        rule = "valid_request_acceptance"
        shown = self._shown(case_id)
        if not 400 <= response.status_code < 500 or (shown and may_be_refused(shown[0])):
            self.judge.passed(operation.id, rule)
            return
        expected = "2xx for a valid request made of values that the server or the spec names"
        self.judge.doubt(rule, Violation(operation.id, "", expected, _answers(shown), operation.evidence, shown))

    def _shown(self, *case_ids: str | None) -> tuple[Exchange, ...]:
        return next(((self._exchanges[i],) for i in case_ids if i in self._exchanges), ())

    def _collect_error(self, event: events.NonFatalError) -> None:
        if isinstance(event.value, Limited | Refused | TooLong):
            return
        known = self._labels.get(event.label)
        if known is None and not isinstance(event.value, requests.RequestException) and event.label != "Server":
            raise event.value
        found = f"{event.info.title}: {cited(' '.join(str(event.info.message or event.value).split()))}"
        name, proof = (known.id, known.evidence) if known else (SERVER, "")
        self._unanswered[name] += 1
        if self._unanswered[name] == 1:
            reason = f"a request got no answer: {found}"
            self.judge.add("answer", NotJudged(name, reason, lasting=False))
        else:
            self.transport.wait_for_server(known)
            expected = f"a complete HTTP answer within {self.transport.timeout:g} s"
            self.judge.add("answer", Violation(name, "", expected, found, proof))

    def _is_said_already(self, exchange: Exchange) -> bool:
        """True if a law has found that the server accepts what is wrong with a request; it asked in a plainer way."""
        operation, wrong = exchange.operation.id if exchange.operation else "", _wrong(exchange)
        return any((operation, PLAINER, at) == f.key for f in self.judge.report.failures for at in wrong)

    def _translate(
        self,
        operation: Operation,
        check: str,
        failure: CheckFailure,
        case: Case,
        shown: tuple[Exchange, ...],
    ) -> Violation:
        field, expected, found = "", "", _answers(shown)
        proof: str = operation.evidence
        is_accepted = isinstance(failure, AcceptedNegativeData)
        if is_accepted and shown and len(wrong := _wrong(shown[0])) == 1:
            name = wrong[0].partition(".")[2]
            field, proof = wrong[0], next((f.evidence for f in operation.parameters if f.name == name), proof)
            expected = f"4XX for a request whose {name} is not as the spec has it"
            found = f"{kind_of(shown[0])}, for {excerpt(shown[0].sent)}"
        elif is_accepted:
            field, proof = self._negated(operation, case) or (field, proof)
            expected = "4XX for an invalid request: " + cited(
                " ".join(failure.message.split("Invalid component: ")[-1].split())
            )
        elif isinstance(failure, IgnoredAuth):
            expected, found = "401 or 403 without a valid token", ", ".join(map(kind_of, shown))
            proof = "; ".join(scheme.evidence for scheme in operation.security)
        else:
            expected = RULES[check].sentence
            found = cited(" ".join(failure.message.split())) if failure.message else found
            proof = next((operation.response_evidence(one.status) for one in shown), proof) or proof
        return Violation(operation.id, field, expected, found, proof, shown)

    def _credentials(self) -> dict[str, str]:
        """The headers of every request; the transport fills in the token, or puts it elsewhere."""
        schemes = self.transport.spec.credentials if self.transport.token else ()
        return dict(
            (scheme.parameter, marked(scheme)) if scheme.place == "header" else ("Authorization", f"Bearer {TOKEN}")
            for scheme in schemes
        )

    def _negated(self, operation: Operation, case: Case) -> tuple[str, str] | None:
        """The part of the request that was made invalid, as precisely as it is known, with its evidence."""
        data = case.meta.phase.data if case.meta is not None else None
        if not isinstance(data, (CoveragePhaseData, FuzzingPhaseData)) or data.parameter_location is None:
            return None
        location = data.parameter_location.value
        name = data.parameter
        if location == "body":
            parts = (data.location or "").split("/")
            missing = (data.description or "").removeprefix("Missing required property: ")
            name = parts[2] if parts[1:2] == ["properties"] else missing
        for f in operation.parameters:
            if f.key == (location, name):
                return f"{location}.{name}", f.evidence
        return location, operation.evidence


def is_repetition(response: schemathesis.Response, failure: CheckFailure) -> bool:
    """True if another check says the same thing better."""
    if response.status_code >= 500:
        return True
    return isinstance(failure, MissingHeaderNotRejected) and failure.header_name.lower() == "authorization"


def narrow(operation: Operation, case: Case) -> None:
    """Keep a random range of dates short where no pages bound the answer: all of a customer's hours break nothing and
    cost the server dearly.
    """
    dates = operation.date_range
    if dates is None or operation.pagination is not None:
        return
    ends = [operation.parameter(name) for name in (dates.start, dates.end)]
    arguments = {
        parameter.key: container[parameter.name]
        for parameter in operation.parameters
        if parameter.name in (container := _container(case, parameter.place))
    }
    limits = [arguments.get(end.key) for end in ends]
    try:
        start, stop = (datetime.fromisoformat(str(limit)).replace(tzinfo=None) for limit in limits)
    except ValueError:
        return  # One is absent, or no day of the calendar.
    longest = FINE_WINDOW if period_of(operation, arguments) == "hour" else WINDOW
    if stop - start > longest:
        _container(case, ends[0].place)[ends[0].name] = (stop - longest).isoformat(timespec="seconds")


def _container(case: Case, place: str) -> MutableMapping[str, Any]:
    """The named values of a case in one place of a request; empty when they have no names."""
    parts = {"path": case.path_parameters, "query": case.query, "header": case.headers, "cookie": case.cookies}
    found = parts.get(place, case.body)
    return found if isinstance(found, MutableMapping) else {}


def _case(operation: Any, request: Request) -> Case:
    """A request as Schemathesis sends it."""
    parts = place(request.operation, request.arguments)
    query: dict[str, list[str]] = {}
    for name, text in parts.query:
        query.setdefault(name, []).append(text)
    case: Case = operation.Case(
        path_parameters={name: value for (where, name), value in request.arguments.items() if where == "path"},
        query={name: texts if len(texts) > 1 else texts[0] for name, texts in query.items()},
        headers=parts.headers,
        cookies=parts.cookies,
    )
    if parts.body is not None:
        case.body, case.media_type = parts.body, JSON
    return case


def is_left_open(
    operation: Operation,
    case: Case,
    response: schemathesis.Response,
    failure: CheckFailure,
) -> bool:
    """True if the sources leave to the server what a check of Schemathesis expects."""
    if response.status_code == 501 and response.request.method != operation.method:
        return True  # The status of HTTP for a method that the server implements nowhere (RFC 9110, 15.6.2).
    if isinstance(failure, UnsupportedMethodResponse):
        # How a wrong method is refused is nowhere said, only that there is no such operation.
        served = response.request.method == "PATCH" and operation.path_item.admits("other-methods", "served")
        return served or 400 <= response.status_code < 500
    if isinstance(failure, AcceptedNegativeData):
        in_path = case.meta is not None and case.meta.is_negative_at(ParameterLocation.PATH)
        if in_path:
            # An id of the wrong form is an unknown id: empty where the shape is an array, or "no such record".
            return _is_empty(response)
        # "No such record, or not allowed": nothing was written.
        nothing = operation.nothing
        none = nothing is not None and nothing.status == str(response.status_code) and operation.answer is not None
        return none and not operation.safe
    return False


def _is_empty(response: schemathesis.Response) -> bool:
    return not response.content or loaded(response.content) in (None, [], {})


def with_examples(
    document: Mapping[str, Any],
    values: Mapping[str, Mapping[tuple[str, str], list[Any]]],
) -> dict[str, Any]:
    """The spec with examples that exist on the server instead of its own, so that invalid requests are invalid in one
    place and real everywhere else.
    """
    changed: dict[str, Any] = _without_extensions(inline(document, document))
    # The schemas are those of JSON Schema now.
    changed["openapi"] = "3.1.0"
    schemes = changed.get("components", {}).get("securitySchemes", {})
    elsewhere = {name for name, scheme in schemes.items() if scheme.get("in") in ("query", "cookie")}
    nodes = list(operation_nodes(changed))
    for _, _, item, node in nodes:
        # Schemathesis would take a key for a parameter that requests lack, where the transport adds it.
        if any(elsewhere & requirement.keys() for requirement in node.get("security", changed.get("security", ()))):
            node["security"] = []
        known = values.get(node["operationId"], {})
        # Parameters of the path go to its operations: each has examples of its own.
        node["parameters"] = copy.deepcopy([*item.get("parameters", []), *node.get("parameters", [])])
        for parameter in node["parameters"]:
            if (parameter["in"], parameter["name"]) in known:
                parameter.pop("example", None)
                parameter.pop("examples", None)
                parameter["schema"]["examples"] = known[parameter["in"], parameter["name"]]
        content = node.get("requestBody", {}).get("content", {}).get(JSON, {})
        for name, prop in content.get("schema", {}).get("properties", {}).items():
            if ("body", name) in known:
                prop["examples"] = known["body", name]
                content.pop("examples", None)
    for _, _, item, _ in nodes:
        item.pop("parameters", None)
    return changed


def _is_text(operation: Operation, case: Case) -> bool:
    """True if a body was made invalid that is no JSON."""
    data = case.meta.phase.data if case.meta is not None else None
    if operation.body is None or operation.body.is_json or not isinstance(data, CoveragePhaseData | FuzzingPhaseData):
        return False
    return data.parameter_location is None or data.parameter_location.value == "body"


def _without_extensions(node: Any) -> Any:
    """A copy without `x-…`: Schemathesis would take them for constraints when it explains what it made invalid."""
    if isinstance(node, list):
        return [_without_extensions(item) for item in node]
    if isinstance(node, Mapping):
        return {key: _without_extensions(value) for key, value in node.items() if not key.startswith("x-")}
    return node


def _flat(values: Iterable[Any]) -> list[Any]:
    """The values, and those of lists among them."""
    return [each for value in values for each in (value if isinstance(value, list) else [value])]


def _wrong(exchange: Exchange) -> list[str]:
    """Return the parts of a request that have to be refused, as `location.name`."""
    return [at for at, question in faults_of(exchange).items() if question is None]


def _answers(shown: tuple[Exchange, ...]) -> str:
    return ", ".join(map(answered, shown))
