"""The translations of the specs are complete, alive and up to date; and each way to be none of it is noticed."""

import importlib.util
import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]


def load() -> ModuleType:
    """The script of `docs/`, which is no package."""
    loader = importlib.util.spec_from_file_location("overlays", ROOT / "docs" / "overlays.py")
    assert loader is not None
    assert loader.loader is not None
    module = importlib.util.module_from_spec(loader)
    loader.loader.exec_module(module)
    return module


overlays = load()


@pytest.mark.parametrize("language", overlays.LANGUAGES)
@pytest.mark.parametrize("api", overlays.APIS)
def test_translation_is_complete(api: str, language: str) -> None:
    """No text is missing, still English, out of date, or for a place that the spec does not have."""
    assert list(overlays.problems(api, language)) == []


def test_every_text_is_asked_for() -> None:
    """What is to be translated is every summary and description, wherever it is, and the words of all evidence."""
    document = overlays.load(ROOT / "spec" / "neu.yaml")

    def count(node: Any, key: str, named: bool = False) -> int:
        """Count texts; under `properties` every key is a name."""
        if isinstance(node, list):
            return sum(count(item, key) for item in node)
        if not isinstance(node, dict):
            return 0
        own = isinstance(node.get(key), str) and not (key == "x-evidence" and ":" not in node[key])
        inside = (
            count(value, key, name == "properties" and not named)
            for name, value in node.items()
            if named or (name not in overlays.CLOSED and (name[:2] != "x-" or name == "x-time-zone"))
        )
        return own + sum(inside)

    found = [texts for _, texts in overlays.texts(document)]
    for key in ("summary", "description", "x-evidence"):
        assert sum(key in texts for texts in found) == count(document, key)


def change_english(spec: Any, overlay: Any) -> None:
    spec["paths"]["/bills"]["post"]["summary"] = "List invoices"


def rename_path(spec: Any, overlay: Any) -> None:
    spec["paths"]["/invoices"] = spec["paths"].pop("/bills")


def leave_english(spec: Any, overlay: Any) -> None:
    for action in overlay["actions"]:
        if action["target"] == "$.paths['/bills'].post":
            action["update"]["summary"] = spec["paths"]["/bills"]["post"]["summary"]


def add_text(spec: Any, overlay: Any) -> None:
    spec["components"]["schemas"]["Bill"]["properties"]["taxes"] = {"type": "number", "description": "Taxes."}


def forget_one_of_two(spec: Any, overlay: Any) -> None:
    for action in overlay["actions"]:
        if action["target"] == "$.paths['/bills'].post":
            del action["update"]["description"]


def change_what_evidence_is(spec: Any, overlay: Any) -> None:
    for action in overlay["actions"]:
        if action["target"] == "$.paths['/bills']":
            action["update"]["x-evidence"] = "documented: se sabe"


@pytest.mark.parametrize(
    ("edit", "complaint"),
    [
        (change_english, "the English has changed since"),
        (rename_path, "nothing there in the spec"),
        (leave_english, "summary is still English"),
        (add_text, "not translated"),
        (forget_one_of_two, "description is only in the spec"),
        (change_what_evidence_is, "x-evidence must begin as the spec's"),
    ],
)
def test_what_is_wrong_is_said(
    edit: Callable[[Any, Any], None], complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each edit makes the translation wrong in one way."""
    shutil.copytree(ROOT / "spec", tmp_path / "spec")
    monkeypatch.setattr(overlays, "SPEC", tmp_path / "spec")
    files = [tmp_path / "spec" / "neu.yaml", overlays.path("neu", "es")]
    spec, overlay = map(overlays.load, files)
    edit(spec, overlay)
    for file, document in zip(files, (spec, overlay), strict=True):
        overlays.quick.dump(document, file)
    assert any(complaint in line for line in overlays.problems("neu", "es"))


def test_missing_texts_are_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--add` keeps what is translated, and adds what is not, in English."""
    shutil.copytree(ROOT / "spec", tmp_path / "spec")
    monkeypatch.setattr(overlays, "SPEC", tmp_path / "spec")
    overlay = overlays.load(overlays.path("neu", "es"))
    kept = overlay["actions"].pop(5)
    overlays.quick.dump(overlay, overlays.path("neu", "es"))
    overlays.add("neu", "es")
    actions = overlays.load(overlays.path("neu", "es"))["actions"]
    assert actions[5]["target"] == kept["target"]
    assert [action for action in actions if action["target"] != kept["target"]] == list(overlay["actions"])
    assert any(kept["target"] in line and "still English" in line for line in overlays.problems("neu", "es"))
