"""Schemathesis, embedded: which phases and checks run, on which data, and what its findings mean here."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import hypothesis.strategies as st
import requests
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.core.failures import Failure as CheckFailure
from schemathesis.core.parameters import ParameterLocation
from schemathesis.engine import Status, StopReason, events, from_schema
from schemathesis.engine.recorder import Interaction, ScenarioRecorder
from schemathesis.generation.meta import CoveragePhaseData, FuzzingPhaseData
from schemathesis.openapi.checks import (
    IgnoredAuth,
    JsonSchemaError,
    MissingHeaderNotRejected,
    UndefinedStatusCode,
    UnsupportedMethodResponse,
)

from contrato.verify._discovery import WINDOW, Request
from contrato.verify._report import Failure, curl
from contrato.verify._spec import JSON, Operation, Spec, evidence, find, pointers
from contrato.verify._transport import TIMEOUT, Mode, Refused, TooLong

EXAMPLES = 20
"""Random requests of each kind, valid and invalid, that the fuzzing phase makes for an operation."""

Case = schemathesis.Case[Any]

REAL = 0.5
"""Share of random requests in which a field with known values takes one of them."""

TIMESTAMP = "date-time-local"
"""The format of the specs' timestamps: ISO 8601 with or without a zone."""

RECENT = (datetime(2015, 1, 1), datetime(2030, 1, 1))
"""Half of the random timestamps lie between these, the others anywhere."""

EXPECTED = {
    "not_a_server_error": "no 5xx, whatever is asked",
    "content_type_conformance": "the Content-Type that the spec gives",
    "response_headers_conformance": "the headers that the spec gives",
    "response_schema_conformance": "a JSON body",
    "unsupported_method": "4XX for a method that the path does not have",
}
"""What a check expects, where that does not depend on the failure."""

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


class NotInCalendar(CheckFailure):
    """A timestamp of the right form names a day that does not exist."""

    __slots__ = ("pointer",)

    def __init__(self, *, operation: str, pointer: str, value: str) -> None:
        super().__init__(
            operation=operation,
            title="No such day",
            message=f"{value!r} is not a day of the calendar",
        )
        self.pointer = pointer


@schemathesis.check
def response_timestamp_conformance(ctx: schemathesis.CheckContext, response: schemathesis.Response, case: Case) -> None:
    """Timestamps of an answer are days of the calendar. A pattern knows months of 31 days, but no leap years."""
    responses: dict[str, Any] = case.operation.definition.raw["responses"]
    content = responses.get(str(response.status_code), {}).get("content", {})
    dated = [at for at, node in pointers(content.get(JSON, {}).get("schema", {})) if node.get("format") == TIMESTAMP]
    if not dated:
        return
    try:
        answer = json.loads(response.content)
    except ValueError:
        return  # Another check says so.
    for pointer in dated:
        for value in find(answer, pointer):
            try:
                datetime.fromisoformat(value)
            except TypeError:
                continue
            except ValueError:
                raise NotInCalendar(operation=case.operation.label, pointer=pointer, value=value) from None


class Conformance:
    """One run of Schemathesis against one server.

    Args:
        spec: The API.
        base_url: The server.
        token: Sent with each request, except where a check leaves it out on purpose.
        variable: Environment variable that stands for the token in what is reported.
        seed: Decides every random choice.
        mode: What may be sent.
        examples: Random requests of each kind for an operation.

    Attributes:
        failures: What broke the contract; one entry for each operation, check and field.
        stopped: Whether the run ended before its time.
        unread: Operations with an answer that was too long to be read.
    """

    def __init__(
        self,
        spec: Spec,
        base_url: str,
        token: str,
        variable: str,
        seed: int,
        mode: Mode,
        examples: int = EXAMPLES,
    ) -> None:
        self.spec = spec
        self.base_url = base_url
        self.token = token
        self.variable = variable
        self.seed = seed
        self.mode = mode
        self.examples = examples
        self.failures: dict[tuple[str, str, str], Failure] = {}
        self.stopped = False
        self.unread: set[str] = set()
        self._labels = {f"{o.method} {o.path}": o for o in spec.operations.values()}
        self._must_succeed: set[str] = set()

    def run(
        self,
        exercise: Callable[[Operation], list[Request]],
        values: Mapping[str, Mapping[tuple[str, str], list[Any]]],
    ) -> None:
        """Send everything and collect the failures.

        Args:
            exercise: Gives valid requests made of real values for an operation, when its turn comes.
            values: Real values for random requests, by operationId, then by (location, name).
        """
        document = with_examples(self.spec.document, self.spec.operations.values(), values)
        schema = schemathesis.openapi.from_dict(document, config=self._config(values))

        def before_add_examples(context: schemathesis.HookContext, examples: list[Case]) -> None:
            assert context.operation is not None
            examples.clear()
            for request in exercise(self._labels[context.operation.label]):
                case = context.operation.Case(path_parameters=request.path, query=request.query)
                if request.body is not None:
                    case.body, case.media_type = request.body, JSON
                examples.append(case)
                if request.must_succeed:
                    self._must_succeed.add(case.id)

        def map_case(context: schemathesis.HookContext, case: Case) -> Case:
            if case.meta is not None and case.meta.generation.mode.is_positive:
                narrow(self._labels[case.operation.label], case)
            return case

        schema.hooks.hook(before_add_examples)
        schema.hooks.hook(map_case)
        for event in from_schema(schema).execute():
            if isinstance(event, events.ScenarioFinished):
                self._collect(event.recorder)
            elif isinstance(event, events.NonFatalError):
                self._collect_error(event)
            elif isinstance(event, events.FatalError):
                raise event.exception
            elif isinstance(event, events.Interrupted):
                self.stopped = True
            elif isinstance(event, events.EngineFinished):
                self.stopped |= event.stop_reason is not StopReason.COMPLETED

    # What runs

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
            operations.append({"include-operation-id": operation.id, "parameters": parameters, "phases": phases})
        probing = self.mode is not Mode.READ_ONLY
        off = {"enabled": False}
        return SchemathesisConfig.from_dict(
            {
                "base-url": self.base_url,
                "headers": {"Authorization": f"Bearer {self.token}"},
                "seed": self.seed,
                "workers": 1,
                "request-timeout": TIMEOUT,
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
                    "mode": "all" if probing else "positive",
                },
                "phases": {
                    "examples": {"operation-ordering": "none"},
                    "coverage": {
                        "operation-ordering": "none",
                        # What a wrong method does is unknown, so nobody else's data is in its way.
                        "unexpected-methods": WRONG_METHODS if self.mode is Mode.UNRESTRICTED else [],
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
                    # Both expect 404 for a record that is gone, where one of the APIs documents 204.
                    "use_after_free": off,
                    "ensure_resource_availability": off,
                    # Made-up ids may be refused; requests of real values are judged here instead.
                    "positive_data_acceptance": off,
                    "ignored_auth": {"enabled": probing},
                    "negative_data_rejection": {"expected-statuses": ["4XX"]},
                },
            }
        )

    # What was found

    def _collect(self, recorder: ScenarioRecorder) -> None:
        for case_id, node in recorder.cases.items():
            interaction = recorder.interactions.get(case_id)
            response = interaction.response if interaction else None
            operation = self._labels[node.value.operation.label]
            if interaction is None or response is None or response.status_code == 429:
                continue
            if case_id in self._must_succeed and 400 <= response.status_code < 500:
                self._add(
                    Failure(
                        operation.id,
                        "valid_request_acceptance",
                        "",
                        "2xx for a valid request made of values that the server or the spec names",
                        _answer(response),
                        operation.evidence,
                    ),
                    interaction,
                )
            for check in recorder.checks.get(case_id, []):
                if check.status is Status.FAILURE and check.failure_info is not None:
                    failure = check.failure_info.failure
                    if not is_left_open(operation, node.value, response, failure) and not is_repetition(
                        check.name, response, failure
                    ):
                        self._add(self._translate(operation, check.name, failure, node.value, response), interaction)

    def _collect_error(self, event: events.NonFatalError) -> None:
        if isinstance(event.value, Refused):
            return
        known = self._labels.get(event.label)
        if isinstance(event.value, TooLong) and known is not None:
            self.unread.add(known.id)
            return
        if known is None and not isinstance(event.value, requests.RequestException) and event.label != "Server":
            raise event.value
        found = " ".join(f"{event.info.title}: {event.info.message or event.value}".split())
        self._add(
            Failure(
                known.id if known else "server",
                "answer",
                "",
                f"a complete HTTP answer within {TIMEOUT:g} s",
                found,
                known.evidence if known else "",
            )
        )

    def _translate(
        self,
        operation: Operation,
        check: str,
        failure: CheckFailure,
        case: Case,
        response: schemathesis.Response,
    ) -> Failure:
        field, expected, found, proof = "", "", _answer(response), operation.evidence
        documented = operation.response(response.status_code)
        if isinstance(failure, JsonSchemaError):
            parts = ["*" if isinstance(part, int) else part for part in failure.instance_path]
            keyword = str(failure.schema_path[-1]) if failure.schema_path else ""
            expected, found = (
                f"{keyword} {json.dumps(failure.schema.get(keyword))}",
                _short(json.dumps(failure.instance, ensure_ascii=False)),
            )
            if keyword == "required":
                absent = failure.validation_message.split('"')[1]
                parts.append(absent)
                expected, found = "present (required)", "absent"
            field = "".join(f"/{part}" for part in parts)
            proof = evidence(operation.schema(response.status_code), field) or documented.get("x-evidence", "")
        elif isinstance(failure, NotInCalendar):
            field, expected, found = failure.pointer, "a day of the calendar", failure.message
            proof = evidence(operation.schema(response.status_code), field)
        elif isinstance(failure, UndefinedStatusCode):
            expected = f"one of the statuses {', '.join(failure.defined_status_codes)}"
            marks = [(code, answer.get("x-evidence", "")) for code, answer in operation.node["responses"].items()]
            proof = "; ".join(f"{code} {mark}" for code, mark in marks if mark)
        elif isinstance(failure, AcceptedNegativeData):
            field, proof = self._negated(operation, case) or (field, proof)
            expected = "4XX for an invalid request: " + " ".join(
                failure.message.split("Invalid component: ")[-1].split()
            )
        elif isinstance(failure, IgnoredAuth):
            expected, found = "401 or 403 without a valid token", str(response.status_code)
            proof = "; ".join(str(scheme.get("x-evidence", "")) for scheme in self.spec.schemes(operation))
        else:
            expected = EXPECTED.get(check, check)
            found = " ".join(failure.message.split()) or found
            proof = documented.get("x-evidence", "") or proof
        return Failure(operation.id, check, field, expected, found, proof)

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
        for f in operation.fields:
            if (f.location, f.name) == (location, name):
                return f"{location}.{name}", f.evidence
        return location, operation.evidence

    def _add(self, failure: Failure, interaction: Interaction | None = None) -> None:
        earlier = self.failures.get(failure.key)
        if earlier is not None:
            values = {**vars(earlier), "count": earlier.count + 1}
        else:
            values = dict(vars(failure))
            if interaction is not None:
                request = interaction.request
                headers = {name: value[0] for name, value in request.headers.items()}
                values["curl"] = curl(request.method, request.uri, headers, request.body, self.token, self.variable)
            values["found"] = failure.found.replace(self.token, f"${self.variable}")
        self.failures[failure.key] = Failure(**values)


def is_repetition(check: str, response: schemathesis.Response, failure: CheckFailure) -> bool:
    """Whether another check says the same thing better."""
    if response.status_code >= 500:
        return check != "not_a_server_error"
    return isinstance(failure, MissingHeaderNotRejected) and failure.header_name.lower() == "authorization"


def narrow(operation: Operation, case: Case) -> None:
    """Keep a random range of dates short where no pages bound the answer: all of a customer's hours break nothing and
    cost the server dearly.
    """
    dates = operation.node.get("x-date-range")
    if dates is None or "x-pagination" in operation.node or not isinstance(case.body, dict):
        return
    limits = [case.body.get(dates[key]) for key in ("from", "to")]
    try:
        start, stop = (datetime.fromisoformat(str(limit)).replace(tzinfo=None) for limit in limits)
    except ValueError:
        return  # One is absent, or no day of the calendar.
    if stop - start > WINDOW:
        case.body = {**case.body, dates["to"]: (start + WINDOW).isoformat(timespec="seconds")}


def is_left_open(
    operation: Operation,
    case: Case,
    response: schemathesis.Response,
    failure: CheckFailure,
) -> bool:
    """Whether the sources leave to the server what a stock check expects of it."""
    if isinstance(failure, UndefinedStatusCode):
        # No source says with which 4XX a server refuses a request that is invalid, or has no valid token.
        return case.meta is not None and case.meta.generation.mode.is_negative and 400 <= response.status_code < 500
    if isinstance(failure, UnsupportedMethodResponse):
        # How a wrong method is refused is nowhere said, only that there is no such operation.
        return 400 <= response.status_code < 500
    if isinstance(failure, AcceptedNegativeData):
        in_path = case.meta is not None and case.meta.is_negative_at(ParameterLocation.PATH)
        if in_path:
            # An id of the wrong form is an unknown id: empty where the shape is an array, or "no such record".
            return _is_empty(response)
        # "No such record, or not allowed": nothing was written.
        return not operation.safe and response.status_code == 204 and len(operation.successes()) > 1
    return False


def _is_empty(response: schemathesis.Response) -> bool:
    try:
        answer = json.loads(response.content) if response.content else None
    except ValueError:
        return False
    return answer in (None, [], {})


def with_examples(
    document: Mapping[str, Any],
    operations: Iterable[Operation],
    values: Mapping[str, Mapping[tuple[str, str], list[Any]]],
) -> dict[str, Any]:
    """The spec with examples that exist on the server instead of its own, so that invalid requests are invalid in one
    place and real everywhere else.
    """
    changed: dict[str, Any] = _without_extensions(document)
    for operation in operations:
        known = values.get(operation.id, {})
        item = changed["paths"][operation.path]
        node = item[operation.method.lower()]
        # Parameters of the path go to its operations: each has examples of its own.
        node["parameters"] = copy.deepcopy([*item.get("parameters", []), *node.get("parameters", [])])
        for parameter in node["parameters"]:
            if (parameter["in"], parameter["name"]) in known:
                parameter.pop("example", None)
                parameter["schema"]["examples"] = known[parameter["in"], parameter["name"]]
        content = node.get("requestBody", {}).get("content", {}).get(JSON, {})
        for name, prop in content.get("schema", {}).get("properties", {}).items():
            if ("body", name) in known:
                prop["examples"] = known["body", name]
                content.pop("examples", None)
    for item in changed["paths"].values():
        item.pop("parameters", None)
    return changed


def _without_extensions(node: Any) -> Any:
    """A copy without `x-…`: Schemathesis would take them for constraints when it explains what it made invalid."""
    if isinstance(node, list):
        return [_without_extensions(item) for item in node]
    if isinstance(node, Mapping):
        return {key: _without_extensions(value) for key, value in node.items() if not key.startswith("x-")}
    return node


def _answer(response: schemathesis.Response) -> str:
    return f"{response.status_code} {_short(response.content.decode('utf-8', 'replace'))}".strip()


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 100 else f"{text[:97]}..."
