"""Tools of others read the specs. They are not among our dependencies; to run them:

mkdir tools && cd tools
npm install openapi-typescript @hey-api/openapi-ts orval@7 @apidevtools/swagger-parser typescript@5
python3 -m venv venv && venv/bin/pip install datamodel-code-generator
cd .. && CONTRATO_TOOLS=tools .venv/bin/pytest tests/spec/test_other_tools.py
"""

import ast
import os
import re
import subprocess
from pathlib import Path

import pytest

from contrato.core import spec

TOOLS = Path(os.environ.get("CONTRATO_TOOLS", "no-tools")).resolve()
SPEC = Path(__file__).parents[2] / "spec"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("CONTRATO_TOOLS" not in os.environ, reason="CONTRATO_TOOLS names no folder with the tools"),
]


def run(*command: str | Path) -> str:
    """The output of a tool that succeeds."""
    done = subprocess.run(command, cwd=TOOLS, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def program(name: str) -> Path:
    """A tool that npm installed, if it did."""
    found = TOOLS / "node_modules/.bin" / name
    if not found.exists():
        pytest.skip(f"{name} is not installed")
    return found


@pytest.mark.parametrize("api", spec.APIS)
def test_openapi_typescript_has_each_operation(api: str, tmp_path: Path) -> None:
    run(program("openapi-typescript"), SPEC / f"{api}.yaml", "-o", tmp_path / "types.d.ts")
    text = (tmp_path / "types.d.ts").read_text("utf-8")
    assert all(f"    {operation}: {{" in text for operation in spec.api(api).operations)
    run(program("tsc"), "--noEmit", tmp_path / "types.d.ts")


@pytest.mark.parametrize("api", spec.APIS)
def test_hey_api_has_each_operation(api: str, tmp_path: Path) -> None:
    run(program("openapi-ts"), "-i", SPEC / f"{api}.yaml", "-o", tmp_path, "--no-log-file")
    text = (tmp_path / "sdk.gen.ts").read_text("utf-8")
    assert all(f"export const {operation} =" in text for operation in spec.api(api).operations)


@pytest.mark.parametrize("api", spec.APIS)
def test_orval_has_each_operation(api: str, tmp_path: Path) -> None:
    said = run(program("orval"), "--input", SPEC / f"{api}.yaml", "--output", tmp_path / "client.ts")
    assert "failed" not in said
    text = (tmp_path / "client.ts").read_text("utf-8")
    assert all(f"{operation} = " in text for operation in spec.api(api).operations)


@pytest.mark.parametrize("api", spec.APIS)
def test_swagger_parser_accepts_it(api: str) -> None:
    if not (TOOLS / "node_modules/@apidevtools/swagger-parser").exists():
        pytest.skip("swagger-parser is not installed")
    run(
        "node", "-e", f"require('@apidevtools/swagger-parser').validate({str(SPEC / f'{api}.yaml')!r}).then(() => {{}})"
    )


@pytest.mark.parametrize("api", spec.APIS)
def test_datamodel_codegen_has_each_schema(api: str, tmp_path: Path) -> None:
    codegen = TOOLS / "venv/bin/datamodel-codegen"
    if not codegen.exists():
        pytest.skip("datamodel-codegen is not installed")
    options = ["--input-file-type", "openapi", "--output-model-type", "pydantic_v2.BaseModel"]
    mapping = ["--type-mappings", "date-time-local=string"]
    run(codegen, "--input", SPEC / f"{api}.yaml", "--output", tmp_path / "models.py", *options, *mapping)
    text = (tmp_path / "models.py").read_text("utf-8")
    classes = {node.name for node in ast.parse(text).body if isinstance(node, ast.ClassDef)}
    assert set(spec.api(api).document["components"]["schemas"]) <= classes
    # It would refuse an offset.
    assert not re.search("NaiveDatetime", text)
