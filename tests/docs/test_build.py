"""The published reference: its links lead somewhere, and its sums are right."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import build
import overlays
from contrato.core import spec
from contrato.core.document import operation_nodes
from contrato.core.spec import Api

pytestmark = pytest.mark.slow

DOCS = Path(__file__).parents[2] / "docs"


class Page(HTMLParser):
    """What a page links to and loads, and its ids."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.feed(file.read_text("utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for key, value in attributes:
            if key in ("href", "src", "srcset", "action", "poster") and value:
                self.links.append(value)
            if key == "id" and value:
                self.ids.add(value)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-W", "error", DOCS / "build.py", "--output", folder], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_every_link_leads_somewhere_inside_the_site(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) == 18
    for page in pages:
        links = Page(page).links
        assert len(links) > 8
        for link in links:
            if link == "data:,":
                continue
            target, _, fragment = link.partition("#")
            # Scalar makes the ids of a reference when it is opened; the names of the operations are enough here.
            file = (page.parent / target).resolve() if target else page
            assert file.is_file(), f"{page.relative_to(site)}: {link}"
            assert file.is_relative_to(site)
            if fragment.startswith("tag/"):
                assert f'"operationId": "{fragment.rpartition("/")[2]}"' in file.read_text("utf-8"), link


def test_nothing_of_ours_loads_from_another_host(site: Path) -> None:
    for file in [*site.rglob("*.css"), site / "assets/reference.js", site / "assets/evidence.js"]:
        assert not re.search(r"https?:|//\w+\.|@import", file.read_text("utf-8")), file


def test_evidence_other_than_documented_is_listed_in_every_language(site: Path) -> None:
    text = {
        language: re.findall(r'data-level="(\w+)"', (site / folder / "evidence.html").read_text("utf-8"))
        for language, folder in (("en", ""), ("es", "es"), ("pt-BR", "pt-BR"))
    }
    document = (DOCS.parent / "spec/neu.yaml").read_text("utf-8")
    assert "neu#L5 neu#L17: the prose promises" in document
    assert "the prose promises each of the services" in (site / "evidence.html").read_text("utf-8")
    assert text["en"] == text["es"] == text["pt-BR"]
    levels = {evidence.level for api in map(spec.api, spec.APIS) for *_, evidence in api.statements()}
    assert set(text["en"]) == levels - {"documented"}


def test_sums_and_downloads(site: Path) -> None:
    lines = (site / "specs/SHA256SUMS").read_text("utf-8").splitlines()
    listed = {name: sum_ for sum_, name in (line.split("  ") for line in lines)}
    files = {file.relative_to(site / "specs").as_posix() for file in (site / "specs").glob("*/*/*")}
    assert set(listed) == {name for name in files if "/latest/" not in name}
    for name in files - set(listed):
        api, _, last = name.split("/")
        assert f"{api}/{spec.api(api).version}/{last}" in listed
    for name, sum_ in listed.items():
        assert hashlib.sha256((site / "specs" / name).read_bytes()).hexdigest() == sum_
    for api in spec.APIS:
        version = spec.api(api).version
        for language in ("", ".es", ".pt-BR"):
            file = site / f"specs/{api}/{version}/{api}{language}.json"
            document = json.loads(file.read_text("utf-8"))
            assert overlays.load(file.with_suffix(".yaml")) == document
            assert document.keys() == spec.api(api).document.keys()
        postman = (site / f"specs/{api}/{version}/{api}.postman.json").read_text("utf-8")
        folders = json.loads(postman)["item"]
        tags = [operation.tag for operation in spec.api(api).operations.values()]
        assert [folder["name"] for folder in folders] == list(dict.fromkeys(tags))
        requests = [entry["request"] for folder in folders for entry in folder["item"]]
        assert len(requests) == len(tags)
        for request in requests:
            assert [it["value"] for it in request["header"] if it["key"] == "Content-Type"] == ["application/json"]


def git(folder: Path, *arguments: str) -> None:
    names = {f"GIT_{who}_{what}": "nobody@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    subprocess.run(["git", *arguments], cwd=folder, env=os.environ | names, check=True, capture_output=True)


def test_a_released_version_stays_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def publish(source: Path, to: Path) -> None:
        to.mkdir(parents=True)
        shutil.copy(source, to)

    # What is published of a spec is the same for all versions, and takes its time.
    monkeypatch.setattr(build, "publish", publish)
    repository, first, second = (tmp_path / name for name in ("repository", "first", "second"))
    source = repository / "spec/apportionments.yaml"
    source.parent.mkdir(parents=True)
    shutil.copy(DOCS.parent / "spec/apportionments.yaml", source)
    version = build.version(source)
    git(repository, "init")
    git(repository, "add", ".")
    git(repository, "commit", "-m", "Release")
    git(repository, "tag", "v9.9.9")
    folders = {f"apportionments/{version}": "v9.9.9"}
    assert build.releases(first, repository) == folders
    versions = build.sums(first, folders, None)
    assert [*versions[f"apportionments/{version}"]["sha256"]] == ["apportionments.yaml"]

    # Words that change, before and after the next version, do not change what is released.
    source.write_text(source.read_text("utf-8").replace("Rules that split", "Rules which split"), "utf-8")
    git(repository, "commit", "-am", "Other words")
    git(repository, "tag", "v9.9.10")
    text = source.read_text("utf-8").replace(f"version: {version}", "version: 7.0.0")
    source.write_text(text, "utf-8")
    git(repository, "commit", "-am", "A new version")
    git(repository, "tag", "v9.9.11")
    tags = build.releases(second, repository)
    assert tags == folders | {"apportionments/7.0.0": "v9.9.11"}
    published = tmp_path / "versions.json"
    shutil.copy(first / "versions.json", published)
    later = build.sums(second, tags, published)
    assert later.items() > versions.items()
    assert "Rules which" in (second / "apportionments/7.0.0/apportionments.yaml").read_text("utf-8")

    # If it did, nothing would be published.
    (second / f"apportionments/{version}/apportionments.yaml").write_text("{}", "utf-8")
    with pytest.raises(SystemExit, match=f"apportionments/{version}"):
        build.sums(second, folders, published)
    # What is not released may change.
    build.sums(first, {}, None)
    build.sums(second, folders, first / "versions.json")


def test_a_language_model_is_told_what_a_person_is(site: Path) -> None:
    text = (site / "llms.txt").read_text("utf-8")
    for api in map(spec.api, spec.APIS):
        assert all(operation.id in text for operation in api.operations.values())
        assert api.description.strip() in text
        assert api.document["servers"][0]["url"] in text
        assert all(scheme.description in text for o in api.operations.values() for scheme in o.security)
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert len(links) > 14
    assert all((site / link).is_file() for link in links)


@pytest.mark.parametrize("folder", ["", "es", "pt-BR"])
def test_what_is_in_doubt_can_be_cited_and_found(site: Path, folder: str) -> None:
    page = Page(site / folder / "evidence.html")
    text = (site / folder / "evidence.html").read_text("utf-8")
    rows = re.findall(r'<li id="([^"]+)" data-api="(\w+)"', text)
    assert len(rows) == len({row for row, _ in rows}) == text.count("data-level")
    assert {row for row, _ in rows} == {
        row for row, _ in re.findall(r'<li id="([^"]+)" data-api="(\w+)"', (site / "evidence.html").read_text("utf-8"))
    }
    places = [link for link in page.links if re.match(r"\w+\.html#(tag|schemas)/", link)]
    # All but time zones and addresses, which stand at the top of a reference.
    assert len(places) == len(rows) - 2 * len(spec.APIS)
    for link in places:
        api, kind, name = re.split(r"\.html#(tag|schemas)/", link)
        known = spec.api(api).operations if kind == "tag" else spec.api(api).document["components"]["schemas"]
        assert name.rpartition("/")[2] in known
    assert not re.search(r"\b(neu|apportionments)#L\d|anyOf|servers? 0|x-time", re.sub(r'(id|href)="[^"]*"', "", text))


@pytest.mark.parametrize("folder", ["", "es", "pt-BR"])
def test_each_operation_shows_three_samples(site: Path, folder: str) -> None:
    for api in spec.APIS:
        nodes = operation_nodes(reference(site / folder / f"{api}.html"))
        shown = [[sample["label"] for sample in node["x-codeSamples"]] for *_, node in nodes]
        assert shown == [["Python", "contrato", "curl"]] * len(spec.api(api).operations)


@pytest.mark.parametrize("api", spec.APIS)
def test_parameters_show_their_own_evidence(site: Path, api: str) -> None:
    written = spec.api(api).operations
    shown = Api(api, reference(site / f"{api}.html")).operations
    pairs = [(mine, shown[name].parameter(mine.name)) for name in written for mine in written[name].parameters]
    assert pairs
    for mine, there in pairs:
        assert there.schema.evidence == mine.evidence
    assert all("$ref" not in node["schema"] for node in build.parameters(reference(site / f"{api}.html")))


def reference(page: Path) -> dict[str, Any]:
    """The spec that a page shows."""
    found = re.search(r"window\.CONTRATO = (.*);</script>", page.read_text("utf-8"))
    assert found is not None
    document: dict[str, Any] = json.loads(found[1])["spec"]
    return document
