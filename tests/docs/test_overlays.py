"""The translations are complete, alive and up to date; and each way to be none of it is noticed."""

import json
import re
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

import documents
import overlays
from contrato.core.document import operation_nodes
from contrato.core.spec import APIS, Api
from pages import GUIDES

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def source(api: str) -> Path:
    """The file of a spec."""
    return overlays.SPEC / f"{api}.yaml"


@pytest.mark.parametrize("language", overlays.LANGUAGES)
@pytest.mark.parametrize("api", APIS)
def test_translation_is_complete(api: str, language: str) -> None:
    """No text is missing, still English, out of date, or for a place that the spec does not have."""
    assert list(overlays.problems(source(api), language)) == []


@pytest.mark.parametrize("language", overlays.LANGUAGES)
def test_same_english_has_same_translation(language: str) -> None:
    """A reader meets one word for one thing, in both APIs."""
    found = defaultdict(set)
    for api in APIS:
        entries = overlays.load(overlays.path(source(api), language))
        for key, english in overlays.wanted(source(api)).items():
            for name, text in english.items():
                found[text.strip()].add(entries[key][name].strip())
    assert {english: texts for english, texts in found.items() if len(texts) > 1} == {}


@pytest.mark.parametrize("api", APIS)
def test_every_text_is_asked_for(api: str) -> None:
    """What is to be translated is every summary and description, wherever it is, and the words of all evidence."""
    document = overlays.load(source(api))

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

    found = [texts for _, _, texts in overlays.texts(document)]
    for key in ("summary", "description", *overlays.EVIDENCE[:-1]):
        assert sum(key in texts for texts in found) == count(document, key)


def change_english(spec: Any, entries: Any) -> None:
    documents.node(spec, "listBills")["summary"] = "List invoices"


def rename_operation(spec: Any, entries: Any) -> None:
    documents.node(spec, "listBills")["operationId"] = "listInvoices"
    # With the English as it was, the translation would be found by that.
    documents.node(spec, "listInvoices")["summary"] = "List invoices"


def leave_english(spec: Any, entries: Any) -> None:
    entries["listBills"]["summary"] = documents.node(spec, "listBills")["summary"]


def add_text(spec: Any, entries: Any) -> None:
    spec["components"]["schemas"]["Bill"]["properties"]["taxes"] = {"type": "number", "description": "Taxes."}


def forget_one_of_two(spec: Any, entries: Any) -> None:
    del entries["listBills"]["description"]


def change_what_evidence_is(spec: Any, entries: Any) -> None:
    entries["listBills.path"]["x-evidence"] = "documented: se sabe"


def forget_the_evidence_of_a_unit(spec: Any, entries: Any) -> None:
    for entry in entries.values():
        entry.pop("x-unit-evidence", None)


def forget_the_evidence_of_a_meaning(spec: Any, entries: Any) -> None:
    for entry in entries.values():
        entry.pop("x-meaning-evidence", None)


def change_what_evidence_of_a_default_is(spec: Any, entries: Any) -> None:
    for entry in entries.values():
        if "x-default-evidence" in entry:
            entry["x-default-evidence"] = "documented: se sabe"


def describe_a_body_without_one(spec: Any, entries: Any) -> None:
    """It is dead, for its operation is."""
    entries["queryNothing.requestBody"] = entries["queryConsumption.requestBody"] | {"x-english": "00000000"}


def write(file: Path, document: Any) -> None:
    """As JSON, which is YAML, because to write it as YAML takes much longer."""
    file.write_text(json.dumps(document), "utf-8")


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the spec of NEU, with its translations."""
    shutil.copytree(ROOT / "spec", tmp_path / "spec")
    monkeypatch.setattr(overlays, "SPEC", tmp_path / "spec")
    return source("neu")


@pytest.mark.parametrize(
    ("edit", "complaint"),
    [
        (change_english, "listBills: the English has changed since"),
        (rename_operation, "listBills: nothing there in the spec"),
        (leave_english, "summary is still English"),
        (add_text, "not translated"),
        (forget_one_of_two, "description is only in the spec"),
        (change_what_evidence_is, ": x-evidence must begin as the spec's"),
        (forget_the_evidence_of_a_unit, "x-unit-evidence is only in the spec"),
        (forget_the_evidence_of_a_meaning, "x-meaning-evidence is only in the spec"),
        (change_what_evidence_of_a_default_is, "x-default-evidence must begin as the spec's"),
        (describe_a_body_without_one, "queryNothing.requestBody: nothing there in the spec"),
    ],
)
def test_what_is_wrong_is_said(edit: Callable[[Any, Any], None], complaint: str, copied: Path) -> None:
    """Each edit makes the translation wrong in one way."""
    files = [copied, overlays.path(copied, "es")]
    spec, entries = map(overlays.load, files)
    edit(spec, entries)
    for file, document in zip(files, (spec, entries), strict=True):
        write(file, document)
    assert any(complaint in line for line in overlays.problems(copied, "es"))


def test_missing_texts_are_added(copied: Path) -> None:
    """`--add` keeps what is translated, and adds what is not, in English."""
    entries = overlays.load(overlays.path(copied, "es"))
    kept = list(entries)[5]
    before = {key: dict(entries[key]) for key in overlays.wanted(copied)}
    del entries[kept]
    part = next(key for key, entry in entries.items() if "x-unit-evidence" in entry)
    del entries[part]["x-unit-evidence"]
    write(overlays.path(copied, "es"), entries)
    overlays.add(copied, "es")
    added = overlays.load(overlays.path(copied, "es"))
    assert list(added) == list(before)
    assert added[part]["x-unit-evidence"] == overlays.wanted(copied)[part]["x-unit-evidence"]
    assert {key for key in added if added[key] != before[key]} == {kept, part}
    overlays.add(copied, "es")
    found = list(overlays.problems(copied, "es"))
    for key in (kept, part):
        assert any(key in line and "still English" in line for line in found)


def test_a_translation_is_accepted_as_it_is(copied: Path) -> None:
    """`--accept` notes the English that a translation fits."""
    spec = overlays.load(copied)
    documents.node(spec, "listBills")["summary"] = "List invoices"
    write(copied, spec)
    assert list(overlays.problems(copied, "es"))
    overlays.accept(copied, "es", "listBills")
    assert list(overlays.problems(copied, "es")) == []


def test_a_text_that_the_spec_has_no_more_is_not_translated_into_it(copied: Path) -> None:
    """As when a query becomes a GET, which needs no word about its safety."""
    document = overlays.load(copied)
    key, at, english = next(found for found in overlays.texts(document) if len(found[2]) > 1)
    gone = next(iter(english))
    entries = overlays.load(overlays.path(copied, "es"))
    entries[key]["x-unheard-of"] = "No está en la especificación."
    overlays.write(overlays.path(copied, "es"), entries)
    update = next(one["update"] for one in overlays.overlay(copied, "es")["actions"] if one["target"] == at)
    assert gone in update
    assert "x-unheard-of" not in update


def test_a_translation_follows_a_spec_that_moves(copied: Path) -> None:
    """Paths, methods and the places of arguments change; what is translated does not."""
    spec = overlays.load(copied)
    entries = overlays.load(overlays.path(copied, "es"))
    gone = set(overlays.unused(entries, overlays.wanted(copied)))
    spec["paths"] = {f"/v2{path}": item for path, item in spec["paths"].items()}
    names = [parameter.name for parameter in Api("neu", spec).operations["queryConsumption"].parameters]
    node = documents.node(spec, "queryConsumption")
    for parameter in node.get("parameters", ()):
        parameter["in"] = "header"
    if "requestBody" in node:
        (media,) = node.pop("requestBody")["content"].values()
        component = spec["components"]["schemas"].pop(media["schema"]["$ref"].rpartition("/")[2])
        for name, schema in component["properties"].items():
            texts = {key: schema.pop(key) for key in list(schema) if key in overlays.TEXTS}
            node.setdefault("parameters", []).append({"name": name, "in": "header", "schema": schema, **texts})
        for example in media["examples"].values():
            del spec["components"]["examples"][example["$ref"].rpartition("/")[2]]
        body = "queryConsumption.requestBody"
        gone |= {body, f"{body}.schema", *(f"{body}.examples.{name}" for name in media["examples"])}
    # An argument that also changes is found by its name, and its translation is out of date.
    node["parameters"][0]["description"] = "Of this account."
    changed = f"queryConsumption({node['parameters'][0]['name']})"
    for path, method, item, found in list(operation_nodes(spec)):
        if found is node:
            spec["paths"][path] = {"options" if key == method else key: value for key, value in item.items()}
    write(copied, spec)

    assert [line.split(": ")[1:3] for line in overlays.problems(copied, "es")] == [
        [changed, "the English has changed since; look at it, then --accept"]
    ]
    # What was said about the body is not used, and no mistake.
    left = overlays.unused(entries, overlays.wanted(copied))
    assert set(left) == gone
    assert not any(left.values())
    actions = overlays.overlay(copied, "es")["actions"]
    assert len(actions) == len(entries) - len(left)
    for name in names:
        assert any(
            action["target"].endswith(f".options.parameters[?(@.name=='{name}')]")
            and action["update"] == overlays.words(entries[f"queryConsumption({name})"])
            for action in actions
        )


def test_a_text_that_moves_elsewhere_takes_its_translation_along(copied: Path) -> None:
    """What two operations shared, and each has now for itself, is translated in both."""
    spec = overlays.load(source("apportionments"))
    for *_, item, node in operation_nodes(spec):
        if "parameters" in item:
            (reference,) = item["parameters"]
            parameter = spec["components"]["parameters"][reference["$ref"].rpartition("/")[2]]
            node["parameters"] = [*node.get("parameters", ()), dict(parameter)]
    for _, _, item, _ in list(operation_nodes(spec)):
        item.pop("parameters", None)
    del spec["components"]["parameters"]
    write(source("apportionments"), spec)
    assert list(overlays.problems(source("apportionments"), "es")) == []


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
    """Eight digits that change with the texts of a file: comments of YAML are for maintainers."""
    text = json.dumps(overlays.load(file)) if file.suffix == ".yaml" else file.read_text("utf-8")
    return str(overlays.digest({"": text}))


def english_of(file: Path) -> str:
    """The digest of the English file that a file was translated from, which it notes in a comment."""
    found = re.search(r"^(?:#|<!--) x-english: (\w+)", file.read_text("utf-8"), re.MULTILINE)
    assert found is not None, f"{file.name} has no x-english"
    return found[1]


def changed(translated: Path, english: Path) -> str:
    """What to do about English that has changed."""
    return f"{english.name} has changed: look at {translated.name}, then write there x-english: {digest_of(english)}"


def test_published_guides_are_there_in_each_language() -> None:
    """No translation is without its guide, either."""
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
    texts = [overlays.load(file) for file in (english, translated)]
    assert list(shape(texts[1])) == list(shape(texts[0]))
    assert english_of(translated) == digest_of(english), changed(translated, english)


# A native editor changed these, by kind: a calque, or a word for another thing.
CHANGED = {
    "": r"passive rules|what is wrong is sent|\bmake up\b|who agrees|taken to be",
    "es": r"peticion(es)? (correctas|por segundo)|reglas pasivas|se entiende que|esté de acuerdo|un arreglo sin más",
    "pt-BR": r"presume-se|regras passivas|esteja de acordo|a que o token não dá|não deixa nenhum",
}


@pytest.mark.parametrize("language", CHANGED)
def test_words_that_an_editor_changed_do_not_come_back(language: str) -> None:
    suffix = f".{language}" if language else ""
    files = [ROOT / "docs" / f"{guide}{suffix}.md" for guide in GUIDES]
    files.append(ROOT / "docs" / f"texts.{language or 'en'}.yaml")
    sources = [ROOT / "spec" / f"{api}.yaml" for api in APIS]
    files += [overlays.path(source, language) if language else source for source in sources]
    found = {file.name: re.search(CHANGED[language], file.read_text("utf-8"), re.IGNORECASE) for file in files}
    assert not {name: it[0] for name, it in found.items() if it}
