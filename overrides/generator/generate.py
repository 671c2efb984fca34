"""Write generated/contrato/ from spec/: one client package per API.

`python overrides/generator/generate.py` writes. With `--check` it writes nothing, and fails if generated/ is not what
it would write.
"""

import argparse
import ast
import contextlib
import copy
import io
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from contrato.core.document import operation_nodes
from contrato.core.spec import APIS, Api

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


def load(path: Path) -> dict[str, Any]:
    """Read one spec. YAML 1.2, so that `no` is a string and a repeated key is an error."""
    try:
        spec = YAML(typ="safe", pure=True).load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        raise SystemExit(f"{path}: {' '.join(str(error).split())}") from error
    try:
        ids = [node["operationId"] for *_, node in operation_nodes(spec)]
    except (KeyError, TypeError, ValueError) as error:
        raise SystemExit(f"{path}: not an OpenAPI document that a client can be made of: {error}") from error
    if repeated := sorted({name for name in ids if ids.count(name) > 1}):
        raise SystemExit(f"{path}: two operations are called {', '.join(repeated)}")
    found: dict[str, Any] = spec
    return found


def prepare(api: Api) -> dict[str, Any]:
    """Return a copy of the document with the data of the read-model that our templates need.

    Templates see only the extensions of responses and schemas. Therefore each success gets `x-operation`, and each
    schema in one `x-answer`. Such a schema loses its enums: a new value in a response must not be an error.
    """
    spec = api.copy()
    components: dict[str, dict[str, Any]] = spec.get("components", {})

    def answer(node: Any) -> None:
        if isinstance(node, list):
            for item in node:
                answer(item)
        elif isinstance(node, dict):
            if "x-answer" in node:
                return
            if isinstance(node.get("enum"), list) and "type" in node:
                del node["enum"]
            if "properties" in node:
                node["x-answer"] = {
                    name: {
                        "python_name": prop.python_name,
                        "metadata": json.dumps({"wire": name, **prop.schema.metadata}, ensure_ascii=False),
                    }
                    for name, prop in api.schema(node).properties.items()
                }
            elif node.get("type") == "object":
                raise SystemExit(f"an object without properties in an answer, which no model can hold: {node}")
            if isinstance(ref := node.get("$ref"), str):
                name = ref.removeprefix("#/components/schemas/")
                target = components.get("schemas", {}).get(name, {})
                # Requests keep the enum.
                if "enum" in target:
                    node |= {key: value for key, value in target.items() if key != "enum"} | node
                    del node["$ref"]
                else:
                    answer(target)
            for key, value in node.items():
                if not key.startswith(("x-", "example")):
                    answer(value)

    for _, _, _, node in operation_nodes(spec):
        operation = api.operations[node["operationId"]]
        # A method returns nothing for a status that only a reading of an open question has.
        for status in [status for status, r in operation.responses.items() if r.succeeded and not r.promised]:
            del node["responses"][status]
        for status, response in node.get("responses", {}).items():
            if str(status).startswith("2"):
                if isinstance(ref := response.get("$ref"), str):
                    name = ref.removeprefix("#/components/responses/")
                    response = copy.deepcopy(components["responses"][name])
                    node["responses"][status] = response
                response["x-operation"] = {
                    "id": operation.id,
                    "method_name": operation.method_name,
                    "date_range": operation.date_range is not None,
                    "paged": operation.pagination is not None,
                    "items_field": operation.pagination and operation.pagination.items,
                    "arguments": [
                        {
                            "python_name": parameter.python_name,
                            "name": parameter.name,
                            "place": parameter.place,
                            "required": parameter.required,
                            "positional": parameter.positional,
                            "nullable": parameter.schema.nullable,
                        }
                        for parameter in operation.parameters
                    ],
                }
                answer([content.get("schema") for content in response.get("content", {}).values()])
    return spec


def overlay(node: Any, schemas: dict[str, Any]) -> Any:
    """Rewrite all that openapi-python-client would misread; the published spec stays as it is."""
    if isinstance(node, list):
        return [overlay(item, schemas) for item in node]
    if not isinstance(node, dict):
        return node
    # It takes a parameter's description from its schema. Our template sends no cookies.
    if "in" in node and "schema" in node:
        if node["in"] not in ("path", "query", "header"):
            raise SystemExit(f"{node['in']} parameter {node['name']}: templates/client.py.jinja cannot send it")
        node = {**node, "schema": {**node["schema"], "description": node.get("description", "")}}
    node = {key: overlay(value, schemas) for key, value in node.items()}
    if isinstance(ref := node.get("$ref"), str):
        # It would ignore a reference to another file silently.
        if not ref.startswith("#/"):
            raise SystemExit(f"$ref {ref}: keep each API in one file")
        # It ignores the siblings of a $ref. References to objects stay: inlined, they would become a second class.
        target = schemas.get(ref.removeprefix("#/components/schemas/"), {})
        if (len(node) > 1 or "enum" in target) and target.get("type", "object") != "object":
            siblings = {key: value for key, value in node.items() if key != "$ref"}
            return overlay(target, schemas) | siblings
    # It knows one format of timestamps, which it also reads without a zone.
    if node.get("format") == "date-time-local":
        node["format"] = "date-time"
    # It keeps line ends, and docstrings are narrower than the spec.
    if isinstance(text := node.get("description"), str):
        node["description"] = re.sub(r"(?<!\n)\n(?!\s*[-*\n])\s*", " ", text.strip())
    return node


def write(source: Path, out: Path) -> None:
    """Run openapi-python-client with our templates; its warnings are errors."""
    # Late, because its import takes longer than finding a mistake in a spec.
    from openapi_python_client import generate as write_client
    from openapi_python_client.config import Config, ConfigFile, MetaType

    settings = ConfigFile.load_from_path(HERE / "config.yaml")
    config = Config.from_sources(settings, MetaType.NONE, source, "utf-8", overwrite=False, output_path=out)
    with contextlib.redirect_stdout(io.StringIO()):
        errors = write_client(config=config, custom_template_path=HERE / "templates")
    if errors:
        raise SystemExit("\n".join(["openapi-python-client failed:", *(f"{it.header} {it.detail}" for it in errors)]))


def ruff(*arguments: str | Path) -> None:
    """Run ruff with the project's settings, or `make check` would ask for other code than `make generate` writes."""
    command = [sys.executable, "-m", "ruff", *arguments, "--config", ROOT / "pyproject.toml", "--no-cache", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        raise SystemExit(f"ruff failed:\n{done.stdout}{done.stderr}")


def generate(path: Path, spec: dict[str, Any], out: Path) -> None:
    """Write the package of one API.

    Args:
        path: File of the spec, named after the API.
        spec: The document, as `load` returns it.
        out: Directory to write, not there yet.

    """
    try:
        published = json.dumps(spec, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    except (TypeError, ValueError) as error:  # a date that YAML recognised, a .nan
        raise SystemExit(f"{path}: {error}; JSON has no such value, put it in quotes") from error

    source = out.with_suffix(".json")
    read = Api(path.stem, spec)
    try:
        prepared = prepare(read)
    except (KeyError, ValueError) as error:
        raise SystemExit(f"{path}: a reference leads nowhere: {error}") from error
    source.write_text(json.dumps(overlay(prepared, spec.get("components", {}).get("schemas", {}))), "utf-8")
    write(source, out)
    source.unlink()
    # A function per operation is the stock way to call; the client is ours.
    shutil.rmtree(out / "api")
    (out / "errors.py").unlink()
    (out / "types.py").unlink()
    (out / "models" / "__init__.py").rename(out / "models.py")
    shutil.rmtree(out / "models")
    (out / "py.typed").touch()
    (out / "openapi.json").write_text(published, "utf-8")

    for node in ast.parse((out / "client.py").read_text("utf-8")).body:
        if isinstance(node, ast.ClassDef):
            methods = {item.name for item in node.body if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef)}
            if methods != read.methods.keys() or len(methods) != len(read.operations):
                raise SystemExit(
                    f"{path}: {len(read.operations)} operations, but {node.name} has {len(methods)}: {sorted(methods)}"
                )


def files(tree: Path) -> dict[str, bytes]:
    """Return every file below `tree`, except for bytecode."""
    found = (path for path in sorted(tree.rglob("*")) if path.is_file() and "__pycache__" not in path.parts)
    return {str(path.relative_to(tree)): path.read_bytes() for path in found}


def main(arguments: Sequence[str] | None = None) -> None:
    """Generate all APIs, then replace the committed tree or compare with it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 when a file differs")
    check = parser.parse_args(arguments).check
    committed = ROOT / "generated" / "contrato"
    with tempfile.TemporaryDirectory() as directory:
        fresh = Path(directory) / "contrato"
        fresh.mkdir()
        for api in APIS:
            path = ROOT / "spec" / f"{api}.yaml"
            generate(path, load(path), fresh / api)
        ruff("check", "--fix-only", fresh)
        ruff("format", fresh)
        if not check:
            shutil.rmtree(committed, ignore_errors=True)
            shutil.copytree(fresh, committed)
            return
        new, old = files(fresh), files(committed)
    differing = [
        f"{'missing' if name not in old else 'extra' if name not in new else 'changed'}: generated/contrato/{name}"
        for name in sorted(new.keys() | old.keys())
        if new.get(name) != old.get(name)
    ]
    if differing:
        raise SystemExit("\n".join([*differing, "generated/ is not what spec/ gives: run make generate"]))


if __name__ == "__main__":
    main()
