"""Write generated/contrato/ from spec/: one client package per API.

`python overrides/generator/generate.py` writes. With `--check` it writes nothing, and fails if generated/ is not what
it would write.
"""

import argparse
import ast
import contextlib
import io
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from keyword import iskeyword
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from contrato.core.document import operation_id, operation_nodes
from contrato.core.spec import Api
from generator.plan import Plan, prose

# Packages that are no APIs.
NO_API = {"cli", "core", "frames", "mock", "testing", "verify"}
HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


def load(path: Path) -> dict[str, Any]:
    """Read one spec. YAML 1.2, so that `no` is a string and a repeated key is an error."""
    try:
        spec = YAML(typ="safe", pure=True).load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        raise SystemExit(f"{path}: {' '.join(str(error).split())}") from error
    try:
        for where, method, _, node in operation_nodes(spec):
            # Everything that reads the spec finds operations by their ids.
            node.setdefault("operationId", operation_id(where, method, node))
        ids = [node["operationId"] for *_, node in operation_nodes(spec)]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        said = f"it has no {error}" if isinstance(error, KeyError) else error
        raise SystemExit(f"{path}: not an OpenAPI document that a client can be made of: {said}") from error
    if not ids:
        raise SystemExit(f"{path}: it has no operation under paths: there is nothing to call")
    if repeated := sorted({name for name in ids if ids.count(name) > 1}):
        raise SystemExit(f"{path}: two operations are called {', '.join(repeated)}")
    found: dict[str, Any] = spec
    return found


def reduced(api: Api) -> dict[str, Any]:
    """Return the document for openapi-python-client: names, texts, and the plan for our templates.

    All types are in the plan: openapi-python-client misreads much of what a spec can say, silently. Templates see only
    the extensions of responses and schemas. Therefore each operation has one answer, with `x-operation`, and each
    model is a schema with `x-answer`.

    Raises:
        ValueError: The client cannot say what the spec says.

    """
    from openapi_python_client.strings import ClassName  # late, see `write`

    plan = Plan(api, lambda name: str(ClassName(name, "Model")))
    tags = {operation["tag"]: index for index, operation in enumerate(plan.operations)}
    paths = {
        f"/{index}": {
            "get": {
                "operationId": f"operation{index}",
                # In the order of their first operations, whatever characters the names have.
                "tags": [f"tag{tags[operation['tag']]}"],
                "responses": {"200": {"description": "", "x-operation": operation}},
            }
        }
        for index, operation in enumerate(plan.operations)
    }
    models = {
        f"Model{index}": {"type": "object", "x-answer": model} for index, model in enumerate(plan.models.values())
    }
    info = {"title": api.title, "version": api.version, "description": prose(api.description)}
    return {"openapi": "3.1.0", "info": info, "paths": paths, "components": {"schemas": models}}


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
    if not path.stem.isidentifier() or path.stem != path.stem.lower() or path.stem in NO_API or iskeyword(path.stem):
        raise SystemExit(f"{path}: name the file as a package: lower case, digits and underscores, not {path.stem!r}")
    read = Api(path.stem, spec)
    try:
        document = reduced(read)
    except KeyError as error:
        raise SystemExit(f"{path}: something is missing: {error}") from error
    except ValueError as error:
        raise SystemExit(f"{path}: {error}") from error
    source.write_text(json.dumps(document), "utf-8")
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


def tried(fresh: Path) -> None:
    """Try what was written, in a process that has not imported it."""
    apis = [path.name for path in sorted(fresh.iterdir())]
    command = [sys.executable, str(HERE / "trial.py"), str(fresh.parent), *apis]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        raise SystemExit(done.stdout.strip() or done.stderr.strip())


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
        paths = sorted((ROOT / "spec").glob("*.yaml"))
        if not paths:
            raise SystemExit(f"{ROOT / 'spec'}: there is no spec: each API is a file, <api>.yaml")
        for path in paths:
            generate(path, load(path), fresh / path.stem)
        ruff("check", "--fix-only", fresh)
        ruff("format", fresh)
        tried(fresh)
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
