"""The samples of the reference run as they are shown."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

import samples
from contrato.cli import main
from contrato.core import spec
from contrato.core.document import operation_nodes
from contrato.core.names import python_name
from contrato.core.spec import Api, Operation
from contrato.core.tables import tables
from contrato.mock import create_app
from contrato.verify import RULES
from contrato.verify.findings import Violation
from exchanges import Source, answer

pytestmark = pytest.mark.slow

BIN = Path(sys.executable).parent

# What deletes comes last: the other samples want the record.
OPERATIONS = sorted(
    (operation for api in spec.APIS for operation in spec.api(api).operations.values()),
    key=lambda operation: operation.method == "DELETE",
)


@pytest.fixture(scope="module")
def urls() -> Iterator[dict[str, str]]:
    """Base URLs of a bundled server in a process of its own."""
    server = subprocess.Popen([BIN / "contrato", "mock", "--port", "0"], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        found = dict(re.findall(r"(\w+) at (\S+?)/?[,;]", server.stdout.readline()))
        assert set(found) == set(spec.APIS)
        yield found
    finally:
        server.terminate()
        server.communicate()


@pytest.mark.parametrize("kind", ["python", "command", "curl"])
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
def test_samples_run(
    operation: Operation,
    kind: str,
    urls: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As they are shown: the bundled server has what the spec's examples ask for."""
    api = operation.api.name
    given = samples.values(operation)
    monkeypatch.setenv(f"{api.upper()}_TOKEN", "demo")
    monkeypatch.setenv(f"{api.upper()}_BASE_URL", urls[api])
    if kind == "python":
        exec(samples.python(operation, given), {})
        shown = capsys.readouterr().out
    elif kind == "command":
        program, *arguments = shlex.split(samples.command(operation, given).replace("\\\n", ""))
        result = CliRunner().invoke(main, arguments, prog_name=program)
        assert result.exit_code == 0, result.output
        shown = result.stdout
    else:
        if not shutil.which("curl"):
            pytest.skip("curl is not installed")
        command = ["bash", "-euc", samples.curl(operation, given)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, f"{command[-1]}\n{done.stdout}{done.stderr}"
        shown = done.stdout
    assert bool(shown.strip()) == (operation.answer is not None)


@pytest.fixture(scope="module")
def server() -> Source:
    return Source(create_app(), "demo", {api: spec.api(api).mount for api in spec.APIS})


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
def test_request_and_answer_fit_each_other(operation: Operation, server: Source) -> None:
    """As answers of servers must fit what was asked: each example of a success, to the request that is shown."""
    given = samples.values(operation)
    exchange = server.ask(operation.id, {name: value for (_, name), value in given.items()})
    succeeded = [response for response in operation.responses.values() if response.succeeded]
    assert exchange.status == succeeded[0].a_status
    for response in succeeded:
        for example in response.examples.values():
            shown = answer(response.a_status, example)(exchange)
            checks = [rule.check for rule in RULES.values() if rule.check is not None]
            found = [it for check in checks for it in check(shown, operation.api)]
            assert not [it for it in found if isinstance(it, Violation)]
    head, _, body = samples.request(operation, given).partition("\n\n")
    assert head.startswith(f"{operation.method} ")
    assert bool(body) == bool(exchange.request_body)
    assert not body or json.loads(body) == json.loads(exchange.request_body)


def test_python_prints_what_the_operation_is_about() -> None:
    """The rows that a range of dates filters, which may be within other objects; of one object, that object."""
    nested = 0
    for operation in OPERATIONS:
        shown = samples.python(operation, samples.values(operation))
        compile(shown, operation.id, "exec")
        if operation.answer is None:
            continue
        levels = tables(operation).levels
        # As it is called in the spec.
        assert shown.endswith(f"print({python_name(levels[-1][0].component)})"), operation.id
        assert shown.count("for ") == (len(levels) if tables(operation).many else 0)
        nested += len(levels) > 1
    assert nested
    document = spec.api("neu").copy()
    schema = {"type": "array", "items": {"type": "string"}}
    node = next(node for *_, node in operation_nodes(document) if node["operationId"] == "listServices")
    node["responses"] = {"200": {"description": "Names.", "content": {"application/json": {"schema": schema}}}}
    operation = Api("neu", document).operations["listServices"]
    assert samples.python(operation, {}).endswith("list_services():\n        print(element)")


def test_a_sample_takes_an_argument_where_the_spec_has_it() -> None:
    """A query that is asked in a body, in the address, and in headers: the same call."""
    document = spec.api("neu").copy()
    written = spec.api("neu").operations["queryConsumption"]
    given = {name: value for (_, name), value in samples.values(written).items()}
    given |= {"Id_account": 41, "Id_services": [281, 282]}
    node = next(node for *_, node in operation_nodes(document) if node["operationId"] == written.id)
    node.pop("requestBody", None)
    node["parameters"] = [
        {"name": p.name, "in": "header" if p.name == "Id_account" else "query", "required": p.required}
        | {"schema": p.schema.json}
        for p in written.parameters
    ]
    moved = Api("neu", document).operations[written.id]
    arguments = {parameter.key: given[parameter.name] for parameter in moved.parameters}
    shown = samples.curl(moved, arguments)
    assert "Id_services=281&Id_services=282" in shown
    assert "--header 'Id_account: 41'" in shown
    assert "--data" not in shown
    before = {parameter.key: given[parameter.name] for parameter in written.parameters}
    for sample in (samples.python, samples.command):
        assert sorted(sample(moved, arguments).split()) == sorted(sample(written, before).split())
    # Without an example in the spec, what an answer has is asked for.
    made_up = {name: value for (_, name), value in samples.values(moved).items()}
    assert made_up["From"] < made_up["To"]
    assert made_up["Interval"] in moved.parameter("Interval").schema.enum
