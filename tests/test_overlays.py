"""The translations are complete, alive and up to date; and each way to be none of it is noticed."""

import importlib.util
import re
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from markdown_it import MarkdownIt

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


@pytest.mark.parametrize("language", overlays.LANGUAGES)
def test_same_english_has_same_translation(language: str) -> None:
    """A reader meets one word for one thing, in both APIs."""
    found = defaultdict(set)
    for api in overlays.APIS:
        actions = {action["target"]: action for action in overlays.load(overlays.path(api, language))["actions"]}
        for target, english in overlays.texts(overlays.load(ROOT / "spec" / f"{api}.yaml")):
            for key, text in english.items():
                found[text.strip()].add(actions[target]["update"][key].strip())
    assert {english: texts for english, texts in found.items() if len(texts) > 1} == {}


@pytest.mark.parametrize("api", overlays.APIS)
def test_every_text_is_asked_for(api: str) -> None:
    """What is to be translated is every summary and description, wherever it is, and the words of all evidence."""
    document = overlays.load(ROOT / "spec" / f"{api}.yaml")

    def count(node: Any, key: str, named: bool = False) -> int:
        """Count texts; under `properties` every key is a name."""
        if isinstance(node, list):
            return sum(count(item, key) for item in node)
        if not isinstance(node, dict):
            return 0
        own = isinstance(node.get(key), str) and not (key.endswith("-evidence") and ":" not in node[key])
        inside = (
            count(value, key, name == "properties" and not named)
            for name, value in node.items()
            if named or (name not in overlays.CLOSED and (name[:2] != "x-" or name == "x-time-zone"))
        )
        return own + sum(inside)

    found = [texts for _, texts in overlays.texts(document)]
    for key in ("summary", "description", "x-evidence", "x-default-evidence", "x-meaning-evidence", "x-unit-evidence"):
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


def forget_the_evidence_of_a_unit(spec: Any, overlay: Any) -> None:
    for action in overlay["actions"]:
        action["update"].pop("x-unit-evidence", None)


def forget_the_evidence_of_a_meaning(spec: Any, overlay: Any) -> None:
    for action in overlay["actions"]:
        action["update"].pop("x-meaning-evidence", None)


def change_what_evidence_of_a_default_is(spec: Any, overlay: Any) -> None:
    for action in overlay["actions"]:
        if "x-default-evidence" in action["update"]:
            action["update"]["x-default-evidence"] = "documented: se sabe"


@pytest.mark.parametrize(
    ("edit", "complaint"),
    [
        (change_english, "the English has changed since"),
        (rename_path, "nothing there in the spec"),
        (leave_english, "summary is still English"),
        (add_text, "not translated"),
        (forget_one_of_two, "description is only in the spec"),
        (change_what_evidence_is, ": x-evidence must begin as the spec's"),
        (forget_the_evidence_of_a_unit, "x-unit-evidence is only in the spec"),
        (forget_the_evidence_of_a_meaning, "x-meaning-evidence is only in the spec"),
        (change_what_evidence_of_a_default_is, "x-default-evidence must begin as the spec's"),
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
        overlays.ruamel.dump(document, file)
    assert any(complaint in line for line in overlays.problems("neu", "es"))


def test_missing_texts_are_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--add` keeps what is translated, and adds what is not, in English."""
    shutil.copytree(ROOT / "spec", tmp_path / "spec")
    monkeypatch.setattr(overlays, "SPEC", tmp_path / "spec")
    overlay = overlays.load(overlays.path("neu", "es"))
    kept = overlay["actions"].pop(5)
    part = next(action for action in overlay["actions"] if "x-unit-evidence" in action["update"])
    del part["update"]["x-unit-evidence"]
    overlays.ruamel.dump(overlay, overlays.path("neu", "es"))
    overlays.add("neu", "es")
    actions = overlays.load(overlays.path("neu", "es"))["actions"]
    assert actions[5]["target"] == kept["target"]
    added = next(action for action in actions if action["target"] == part["target"])["update"].pop("x-unit-evidence")
    assert added.startswith("inferred: no unit")
    assert [action for action in actions if action["target"] != kept["target"]] == list(overlay["actions"])
    overlays.add("neu", "es")
    found = list(overlays.problems("neu", "es"))
    for target in (kept["target"], part["target"]):
        assert any(target in line and "still English" in line for line in found)


def outline(file: Path) -> list[tuple[str, str]]:
    """What of a guide is the same in each language: code, levels of headings, links, and code within the text."""

    def tokens() -> Iterator[tuple[str, str]]:
        for token in MarkdownIt().parse(file.read_text("utf-8")):
            if token.type in ("fence", "code_block"):
                yield "code", f"{token.info}\n{token.content}"
            elif token.type == "heading_open":
                yield "heading", token.tag
            for child in token.children or []:
                if child.type == "link_open":
                    yield "link", str(child.attrs["href"])

    return list(tokens())


def inline_code(file: Path) -> list[str]:
    """Code within the text, sorted: another language may have another order of words."""
    tokens = MarkdownIt().parse(file.read_text("utf-8"))
    return sorted(child.content for token in tokens for child in token.children or [] if child.type == "code_inline")


def paragraphs(file: Path) -> set[str]:
    """The texts that are no heading."""
    tokens = MarkdownIt().parse(file.read_text("utf-8"))
    return {text.content for start, text in pairwise(tokens) if start.type == "paragraph_open"}


def digest_of(file: Path) -> str:
    """Eight digits that change with a file."""
    return str(overlays.digest({"": file.read_text("utf-8")}))


def english_of(file: Path) -> str:
    """The digest of the English file that a file was translated from, which it notes in a comment."""
    found = re.search(r"^(?:#|<!--) x-english: (\w+)", file.read_text("utf-8"), re.MULTILINE)
    assert found is not None, f"{file.name} has no x-english"
    return found[1]


def changed(translated: Path, english: Path) -> str:
    """What to do about English that has changed."""
    return f"{english.name} has changed: look at {translated.name}, then write there x-english: {digest_of(english)}"


GUIDES = [file.stem for file in sorted((ROOT / "docs").glob("*.md")) if "." not in file.stem]


def test_guides_are_found() -> None:
    """Each guide is there in each language, and no translation is without its guide."""
    assert GUIDES == ["verify-as-integrator", "verify-as-vendor"]
    wanted = {f"{guide}.{language}.md" for guide in GUIDES for language in overlays.LANGUAGES}
    assert {file.name for file in (ROOT / "docs").glob("*.*.md")} == wanted


@pytest.mark.parametrize("language", overlays.LANGUAGES)
@pytest.mark.parametrize("guide", GUIDES)
def test_guides_say_the_same_in_each_language(guide: str, language: str) -> None:
    """Code, headings and links are those of the English guide, and the text is not."""
    english, translated = (ROOT / "docs" / f"{guide}{suffix}.md" for suffix in ("", f".{language}"))
    assert outline(translated) == outline(english)
    assert inline_code(translated) == inline_code(english)
    assert paragraphs(translated).isdisjoint(paragraphs(english))
    assert english_of(translated) == digest_of(english), changed(translated, english)


@pytest.mark.parametrize("language", overlays.LANGUAGES)
def test_texts_of_pages_have_one_shape(language: str) -> None:
    """The pages have the same texts, lists and code in each language."""

    def shape(node: Any, path: str = "") -> Iterator[str]:
        if isinstance(node, dict | list):
            for key, value in node.items() if isinstance(node, dict) else enumerate(node):
                yield from shape(value, f"{path}/{key}")
        else:
            yield f"{path}: {node}" if path.endswith(("/code", "/guide")) and "/start/" in path else path

    english, translated = (ROOT / "docs" / f"texts.{name}.yaml" for name in ("en", language))
    texts = [yaml.safe_load(file.read_text("utf-8")) for file in (english, translated)]
    assert list(shape(texts[1])) == list(shape(texts[0]))
    assert english_of(translated) == digest_of(english), changed(translated, english)
