"""Try the clients that were written: `python overrides/generator/trial.py FOLDER API…`.

Each is imported, a decoder is built for each answer, and each method is called once against a transport that answers
from the spec. Prints a line for each failure.
"""

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from contrato.core.client import AsyncClient, Client
from contrato.core.convert import is_hard
from contrato.core.decode import decode
from contrato.core.document import is_json
from contrato.core.errors import ContratoError
from contrato.core.mismatch import SchemaMismatch
from contrato.core.pages import Pager
from contrato.core.samples import sample
from contrato.core.spec import Api, Operation


def main(folder: str, *apis: str) -> int:
    """Try the clients below a folder; return 1 if one fails."""
    sys.path.insert(0, folder)
    importlib.invalidate_caches()
    found = [problem for api in apis for problem in problems(Path(folder) / "contrato" / api)]
    print("\n".join(found))
    return 1 if found else 0


def problems(package: Path) -> Iterator[str]:
    """Yield what is wrong with a client, after the name of its spec and operation."""
    api = Api(package.name, json.loads((package / "openapi.json").read_text("utf-8")))
    file = f"spec/{api.name}.yaml"
    try:
        module = importlib.import_module(f"contrato.{api.name}")
        models = importlib.import_module(f"contrato.{api.name}.models")
    except Exception as error:
        yield f"{file}: the client cannot be imported: {_said(error)}"
        return
    kind = getattr(module, api.class_name)
    if str(package) not in str(module.__file__):
        yield f"{file}: contrato.{api.name} is imported from {module.__file__}: remove it"
        return
    for base in (Client, AsyncClient):
        for name in sorted(api.methods.keys() & {*dir(base)}):
            yield f"{file}: {api.methods[name].id}: every client has {name} of its own: rename the operation"
    for operation in api.operations.values():
        for status, answer in models.RESPONSES[operation.id].items():
            if problem := _undecodable(answer):
                yield f"{file}: {operation.id}: the answer {status} cannot be decoded: {problem}"
        try:
            _call(operation, kind)
        except Exception as error:
            yield f"{file}: {operation.id}: {_said(error)}"


def _undecodable(kind: Any) -> str:
    """Return why no decoder can be built for a type; an empty text if one can."""
    try:
        if not is_hard(kind):
            decode(kind, b"[")
    except SchemaMismatch:
        return ""
    except Exception as error:
        return _said(error)
    return ""


def _call(operation: Operation, kind: Any) -> None:
    """Call the method of an operation with values of the spec, and answer with values of the spec.

    Raises:
        Exception: It fails.

    """
    promised = [response for response in operation.responses.values() if response.promised]
    seen: list[httpx.Request] = []

    def serve(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if not promised or not promised[0].media_type or operation.method == "HEAD":
            return httpx.Response(204 if not promised else promised[0].a_status)
        response = promised[0]
        headers = {"Content-Type": response.media_type.replace("*", "x")}
        content = b"text"
        if is_json(response.media_type) and response.schema is not None:
            content = json.dumps(sample(response.schema, examples=False)).encode()
        return httpx.Response(response.a_status, content=content, headers=headers)

    given = {p.python_name: sample(p.schema, request=True, examples=False) for p in operation.parameters}
    with kind("user:token", "http://server", transport=httpx.MockTransport(serve), retries=0) as client:
        try:
            result = getattr(client, operation.method_name)(**given)
            if isinstance(result, Pager):
                next(result.pages(), None)
        except Exception as error:
            # Without a success in the spec, each answer is an error.
            if promised or not seen or not isinstance(error, ContratoError):
                raise
    if len(seen) != 1:
        raise ValueError(f"{len(seen)} requests were sent, not one")
    path = seen[0].url.raw_path.decode().partition("?")[0]
    if seen[0].method != operation.method or operation.match(path) is None:
        raise ValueError(f"{seen[0].method} {path} was sent, not {operation.method} {operation.path}")


def _said(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "a schema needs itself without end, so that there is no value of it: make a property optional"
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
