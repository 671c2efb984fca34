"""Edits of a spec: the client does what the spec says, or the generator refuses with one line."""

import importlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest

from contrato.core.model import plain
from generator import generate as driver
from generator import trial
from generator_edits import EDITS, Edit

pytestmark = pytest.mark.slow

EXCEPTIONS = ("TypeError", "ValueError")


@attrs.frozen
class Batch:
    """Edits that are in one spec, because making a client takes long."""

    name: str
    edits: list[Edit]

    def takes(self, edit: Edit) -> bool:
        """True if the edit changes nothing that another one is about."""
        alone = any(one.document or one.package or one.refused for one in (edit, *self.edits))
        components = {name: node for one in self.edits for name, node in one.components.items()}
        classes = {name.replace("_", "").lower(): name for name in components}
        return not alone and all(
            components.get(name, node) == node and classes.get(name.replace("_", "").lower(), name) == name
            for name, node in edit.components.items()
        )


def batches() -> list[Batch]:
    found: list[Batch] = []
    for edit in EDITS:
        batch = next((batch for batch in found if batch.takes(edit)), None)
        if batch is None:
            batch = Batch(edit.package or f"small_{len(found)}", [])
            found.append(batch)
        batch.edits.append(edit)
    return found


BATCHES = batches()


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The packages that are made, which can be imported from `contrato`, or what the generator says."""
    folder = tmp_path_factory.mktemp("edits") / "contrato"
    folder.mkdir()
    # The folders of a namespace package follow from the path.
    sys.path.append(str(folder.parent))
    found: dict[str, str] = {}
    for batch in BATCHES:
        path = Path("spec") / f"{batch.name}.yaml"
        try:
            driver.generate(path, document(batch), folder / batch.name)
        except SystemExit as error:
            found[batch.name] = str(error)
    importlib.invalidate_caches()
    yield found
    sys.path.remove(str(folder.parent))


def operation_id(edit: Edit) -> str:
    return f"do{EDITS.index(edit)}" if edit.id == "do" else edit.id


def document(batch: Batch) -> dict[str, Any]:
    """The small spec with its edits."""
    first = batch.edits[0]
    schemas = {name: node for edit in batch.edits for name, node in edit.components.items()}
    found: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "Small", "version": "1.0"},
        "servers": [{"url": "http://server/base"}],
        **first.document,
        "paths": dict(first.document.get("paths", {})),
        "components": {**first.document.get("components", {}), "schemas": schemas},
    }
    none = {"204": {"description": "Done."}, "200": {"description": "Done."}}
    for edit in batch.edits:
        operation = {"operationId": operation_id(edit), "responses": none, **edit.operation}
        if not edit.id:
            del operation["operationId"]
        path = edit.path if edit.document else f"/{EDITS.index(edit)}{edit.path}"
        found["paths"][path] = {**found["paths"].get(path, {}), edit.method: operation}
    # Each node is one of its own, as in a file.
    return json.loads(json.dumps(found))  # type: ignore[no-any-return]


@pytest.mark.parametrize("batch", [batch for batch in BATCHES if not batch.edits[0].refused], ids=lambda it: it.name)
def test_the_trial_of_the_generator_finds_nothing(batch: Batch, packages: dict[str, str]) -> None:
    (folder,) = (
        Path(path) / "contrato" / batch.name for path in sys.path if (Path(path) / "contrato" / batch.name).exists()
    )
    assert list(trial.problems(folder)) == []


@pytest.mark.parametrize(
    ("edit", "batch"),
    [pytest.param(edit, batch, id=f"{edit.kind}: {edit.name}") for batch in BATCHES for edit in batch.edits],
)
def test_an_edit_is_right_or_refused(edit: Edit, batch: Batch, packages: dict[str, str]) -> None:
    said = packages.get(batch.name, "")
    if edit.refused:
        assert re.fullmatch(edit.refused.replace("yaml: do:", r".*\.yaml: do\d*:") + ".*", said)
    else:
        assert said == ""
        assert run(edit, batch.name) == []


def run(edit: Edit, name: str) -> list[str]:
    """Call the method; return what is wrong."""
    package = importlib.import_module(f"contrato.{name}")
    seen: list[httpx.Request] = []

    def serve(request: httpx.Request) -> httpx.Response:
        request.read()
        seen.append(request)
        if edit.answer is ...:
            return httpx.Response(204 if edit.status == 200 else edit.status)
        content = edit.answer if edit.media and isinstance(edit.answer, str | bytes) else json.dumps(edit.answer)
        return httpx.Response(edit.status, content=content, headers={"Content-Type": edit.media or "application/json"})

    (kind,) = (getattr(package, one) for one in package.__all__ if one != "models" and not one.startswith("Async"))
    with kind(edit.token, transport=httpx.MockTransport(serve)) as client:
        method = getattr(client, operation_id(edit) if edit.id == "do" else edit.method_name)
        if edit.raises:
            with pytest.raises(Exception) as caught:  # noqa: PT011 (by its name)
                method(**edit.call)
            assert edit.raises in {base.__name__ for base in type(caught.value).__mro__}, repr(caught.value)
            assert (edit.raises in EXCEPTIONS) == (not seen)
            return []
        value = method(**edit.call)
    assert len(seen) == 1
    return [*wrong_request(edit, seen[0]), *wrong_value(edit, value)]


def wrong_request(edit: Edit, request: httpx.Request) -> list[str]:
    """What is wrong with a request."""
    problems = []
    if request.method != edit.method.upper():
        problems.append(request.method)
    target = request.url.raw_path.decode().removeprefix("/base").removeprefix(f"/{EDITS.index(edit)}")
    if edit.target is not None and target != edit.target.rstrip("?"):
        problems.append(f"{target}, not {edit.target}")
    problems += [
        f"{n}: {request.headers.get(n)}, not {v}" for n, v in edit.headers.items() if request.headers.get(n) != v
    ]
    if edit.json is not ... and json.loads(request.content or b'"nothing"') != edit.json:
        problems.append(f"{request.content!r}, not {edit.json}")
    text = request.content.decode()
    wanted = [edit.content] if isinstance(edit.content, str) else edit.content
    problems += [f"{text!r} without {part!r}" for part in wanted if part not in text]
    if isinstance(edit.content, str) and text != edit.content:
        problems.append(f"{text!r}, not {edit.content!r}")
    if edit.content and not isinstance(edit.content, str) and edit.content != ("",):
        boundary = re.fullmatch(r"multipart/form-data; boundary=(\S+)", request.headers["Content-Type"])
        if boundary is None or not text.startswith(f"--{boundary[1]}"):
            problems.append(f"no form: {request.headers['Content-Type']}")
    return problems


def wrong_value(edit: Edit, value: Any) -> list[str]:
    """What is wrong with a result."""
    if callable(edit.value):
        return [] if edit.value(value) else [repr(value)]
    return [] if plain(value) == edit.value else [f"{plain(value)!r}, not {edit.value!r}"]
