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
from urllib.parse import quote

import markupsafe
import pytest
import yaml

import build
import overlays
import pages
import questions
from contrato.core import spec
from contrato.core.document import operation_nodes
from contrato.core.spec import Api
from documents import argument
from generator import diff
from generator.verdict import LINKS

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
        [sys.executable, "-W", "error", DOCS / "build.py", "--output", folder, "--repository", ""],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_every_link_leads_somewhere_inside_the_site(site: Path) -> None:
    found = {file: Page(file) for file in site.rglob("*.html")}
    names = {"index", "evidence", "guides", *pages.GUIDES, *spec.APIS, *(f"{api}-interactive" for api in spec.APIS)}
    only_english = {*pages.ENGLISH, "python", "changes", "404"}
    for folder in pages.LANGUAGES.values():
        there = {file.stem for file in (site / folder).glob("*.html")}
        assert there == names | (set() if folder else only_english)
    for file, page in found.items():
        for link in page.links:
            if link == "data:,":
                continue
            target, _, fragment = link.partition("#")
            # A choice of rows of the same page.
            target = target.partition("?")[0]
            at = (file.parent / target).resolve() if target else file
            assert at.is_file(), f"{file.relative_to(site)}: {link}"
            assert at.is_relative_to(site)
            if fragment.startswith("tag/"):
                # Scalar makes the ids of an interactive page when it is opened; the operation is enough here.
                assert f'"operationId": "{fragment.rpartition("/")[2]}"' in at.read_text("utf-8"), link
            elif fragment:
                assert fragment in found[at].ids, f"{file.relative_to(site)}: {link}"


@pytest.mark.parametrize("folder", pages.LANGUAGES.values())
@pytest.mark.parametrize("api", spec.APIS)
def test_a_reference_is_complete_without_a_script(site: Path, api: str, folder: str) -> None:
    """Every name, value, example and reason of a spec is in the HTML, and leads to its row in the index."""
    text = (site / folder / f"{api}.html").read_text("utf-8")
    page = Page(site / folder / f"{api}.html")
    known = spec.api(api)
    for operation in known.operations.values():
        assert operation.id in page.ids
        assert operation.path in text
        for parameter in operation.parameters:
            assert f"<code>{parameter.name}</code>" in text
            assert all(f"<code>{value}</code>" in text for value in parameter.schema.enum)
        for response in operation.responses.values():
            assert f"<code>{response.status}</code>" in text
    bodies = {o.body.schema.component for o in known.operations.values() if o.body is not None}
    for name, node in known.document["components"]["schemas"].items():
        assert (name in page.ids) == (name not in bodies)
        assert {f"{name}.{field}" for field in node.get("properties", ())} <= page.ids
    for example in known.document["components"]["examples"].values():
        assert all(html(value) in text for value in strings(example["value"]))
    rows = {link.partition("#")[2] for link in page.links if link.startswith("evidence.html#")}
    topics = Page(site / folder / "evidence.html").ids
    assert rows <= topics
    # Each row of this API is linked from its place, and each open question.
    assert {row for row in topics if row.startswith((f"{api}.", f"{api}-"))} - rows <= reasons(api)


def reasons(api: str) -> set[str]:
    """The numbers of reasons, to which the rows lead, and not the reference."""
    known = questions.numbers(api)
    return {f"{api}-{known[it]}" for it, *_ in questions.subjects(spec.api(api)) if it not in spec.api(api).questions}


def strings(value: Any) -> list[str]:
    """The texts in an example, as JSON."""
    if isinstance(value, str):
        return [json.dumps(value, ensure_ascii=False)]
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for inner in inside for text in strings(inner)]


def html(text: str) -> str:
    return str(markupsafe.escape(text))


def test_the_python_api_is_documented(site: Path) -> None:
    """Each method of a client, with its arguments, and each error."""
    page = Page(site / "python.html")
    text = (site / "python.html").read_text("utf-8")
    for api in map(spec.api, spec.APIS):
        for kind in (api.name.capitalize(), f"Async{api.name.capitalize()}"):
            for operation in api.operations.values():
                assert f"contrato.{api.name}.{kind}.{operation.method_name}" in page.ids
                assert all(f"<code>{name}</code>" in text for name in operation.arguments)
    assert {
        f"contrato.core.errors.{name}" for name in ("ContratoError", "ContractError", "PaginationError")
    } <= page.ids
    # Only what is public.
    assert not [name for name in page.ids if "._" in name]


def test_each_cell_of_a_table_knows_its_heading(site: Path) -> None:
    """On a phone it stands alone."""
    seen = 0
    for file in site.rglob("*.html"):
        for table in re.findall(r"<table>.*?</table>", file.read_text("utf-8"), re.DOTALL):
            headings = [re.sub("<[^>]+>", "", text) for text in re.findall(r"<th\b[^>]*>(.*?)</th>", table)]
            for row in re.findall(r"<tr>(.*?)</tr>", table.partition("</thead>")[2], re.DOTALL):
                labels = re.findall(r'<td\b[^>]*?data-label="([^"]*)"', row)
                assert labels == headings, file
                seen += 1
    assert seen > 20


@pytest.mark.parametrize("api", spec.APIS)
def test_every_question_and_reason_has_a_number(api: str) -> None:
    """To give one: python docs/questions.py. One in other words keeps its number: change it in docs/numbers.yaml."""
    assert questions.missing(spec.api(api)) == []


def test_numbers_are_never_given_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "NUMBERS", tmp_path / "numbers.yaml")
    known = spec.api("apportionments")
    subjects = list(dict.fromkeys(subject for subject, *_ in questions.subjects(known)))
    questions.NUMBERS.write_text(f"# Note\nneu: {{}}\napportionments: {{7: gone, 3: {subjects[-1]!r}}}\n", "utf-8")
    questions.assign([known])
    numbers = questions.numbers("apportionments")
    assert questions.NUMBERS.read_text("utf-8").startswith("# Note\n")
    assert numbers["gone"] == 7
    assert numbers[subjects[-1]] == 3
    assert sorted(numbers[subject] for subject in subjects[:-1]) == list(range(8, 7 + len(subjects)))
    assert questions.gone(known) == ["gone"]


def test_a_site_says_where_it_and_the_project_are(site: Path, tmp_path: Path) -> None:
    documents = {
        language: {
            api: json.loads((site / f"specs/{api}/latest/{api}{suffix}.json").read_text("utf-8")) for api in spec.APIS
        }
        for language, suffix in (("en", ""), ("es", ".es"), ("pt-BR", ".pt-BR"))
    }
    versions = json.loads((site / "specs/versions.json").read_text("utf-8"))
    at, project = "https://docs.example.com/contrato", "https://git.example.com/somebody/contrato"
    change = pages.Change("0.0.9", "breaks nothing (minor: something is new)", {"new": [("", "GET /<somewhere>")]})
    history = dict.fromkeys(versions) | {next(iter(versions)): change}
    pages.write(tmp_path, documents, versions, history, False, project, at)
    text = (tmp_path / "es/neu.html").read_text("utf-8")
    assert f'<link rel="canonical" href="{at}/es/neu.html">' in text
    assert f'hreflang="pt-BR" href="{at}/pt-BR/neu.html"' in text
    assert f'href="{project}"' in text
    assert "GET /&lt;somewhere&gt;" in (tmp_path / "changes.html").read_text("utf-8")
    assert f"git clone {project}" in (tmp_path / "index.html").read_text("utf-8")
    for folder in pages.LANGUAGES.values():
        shown = (tmp_path / folder / "neu.html").read_text("utf-8")
        # Without a script: what to install, and what to do in a notebook, in one click.
        assert f'pip install "contrato[mock,pandas] @ git+{project}"' in shown
        assert "export NEU_TOKEN=" in shown
        assert "export NEU_BASE_URL=" in shown
        form = (tmp_path / folder / "forms/neu.txt").read_text("utf-8")
        assert f"{project}/issues/new" in form
        assert f"{at}/{folder}neu.html" in form
        assert spec.api("neu").sources["neu"].sha256 in form
        assert 'client.html#in-a-notebook"' in shown
    assert f"pip install &quot;contrato[mock,pandas] @ git+{project}&quot;" in (tmp_path / "client.html").read_text(
        "utf-8"
    )
    assert f"{project}/issues/new?title=NEU-1%3A" in (tmp_path / "evidence.html").read_text("utf-8")
    listed = re.findall(r"<loc>(.*?)</loc>", (tmp_path / "sitemap.xml").read_text("utf-8"))
    assert len(listed) == len(set(listed)) == len(list(tmp_path.rglob("*.html"))) - 1
    assert f'href="{project}/issues/new">' in (tmp_path / "es/evidence.html").read_text("utf-8")
    assert not [file for file in tmp_path.rglob("*.html") if "OWNER" in file.read_text("utf-8")]
    # Without the settings, nothing is made up: the pages that need the project say that its address is missing.
    assert not (site / "sitemap.xml").exists()
    for file in site.rglob("*.html"):
        text = file.read_text("utf-8")
        assert 'rel="canonical"' not in text
        assert ("OWNER/contrato" in text) == ('<p class="strip">' in text and "github.com/OWNER" in text), file


def test_versions_of_specs_are_compared(tmp_path: Path) -> None:
    """As callers notice them, each with the one before it, the newest first."""
    source = spec.api("apportionments").copy()
    for number in ("0.9.0", "0.10.0"):
        source["info"]["version"] = number
        argument(source, "listApportionments", "_limit")["default"] = int(number[2:-2])
        file = tmp_path / "apportionments" / number / "apportionments.yaml"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(source), "utf-8")
    for api in spec.APIS:
        (tmp_path / api).mkdir(exist_ok=True)
    history = build.history(tmp_path)
    assert [*history] == ["apportionments/0.10.0", "apportionments/0.9.0"]
    change, oldest = history.values()
    assert oldest is None
    assert change is not None
    assert (change.since, change.summary) == ("0.9.0", "BREAKS (major)")
    assert [heading.partition(":")[0] for heading in change.groups] == ["in meaning"]


def test_what_changed_says_what_it_knows(site: Path, tmp_path: Path) -> None:
    text = (site / "changes.html").read_text("utf-8")
    for api in map(spec.api, spec.APIS):
        assert f'id="{api.name}-{api.version}"' in text
    assert "contrato: " in text
    # An archive of the project has no history, and can be built.
    assert build.whole(DOCS) == ("built without the history" not in text)
    assert not build.whole(tmp_path)
    assert build.releases(tmp_path, tmp_path) == {}


@pytest.mark.parametrize("folder", pages.LANGUAGES.values())
def test_what_a_search_finds_is_there(site: Path, folder: str) -> None:
    text = (site / folder / "search.js").read_text("utf-8")
    found = json.loads(text.partition(" = ")[2].rstrip(";\n"))
    known: dict[Path, set[str]] = {}
    for entry in found:
        name, _, anchor = entry["href"].partition("#")
        file = (site / folder / name).resolve()
        if file not in known:
            known[file] = Page(file).ids
        assert anchor in known[file], entry
    assert {file.stem for file in known} == {"evidence", *spec.APIS, *pages.GUIDES, *pages.ENGLISH}
    assert "evidence.html#answer" in {entry["href"] for entry in found}
    titles = {entry["title"] for entry in found}
    rows = {entry["href"].partition("#")[2]: entry["place"] for entry in found if "evidence.html" in entry["href"]}
    for api in map(spec.api, spec.APIS):
        assert {it.name for o in api.operations.values() for it in o.parameters} <= titles
        numbered = {row for row in Page(site / folder / "evidence.html").ids if re.fullmatch(rf"{api.name}-\d+", row)}
        assert numbered <= rows.keys()
        # A number is found, too.
        assert all(f"-{row.rpartition('-')[2]} · " in rows[row] for row in numbered)
        for node in api.document["components"]["schemas"].values():
            assert {*node.get("properties", ())} <= titles


def test_addresses_in_the_reference_are_those_of_the_verdict(site: Path) -> None:
    """`make diff` tells of a renamed tag which addresses it breaks."""
    for api in map(spec.api, spec.APIS):
        whom = diff.WHOM[LINKS].format(api=api.name)
        kept, _, tag = re.findall(r"[\w-]+\.html#tag/", whom)[0].partition("#")
        links = Page(site / f"{api.name}.html").links
        for operation in api.operations.values():
            assert f"{kept}#{tag}{quote(operation.tag)}/{operation.id}" in links
        assert (site / kept).is_file()


def test_nothing_of_ours_loads_from_another_host(site: Path) -> None:
    for file in [*site.rglob("*.css"), *(site / f"assets/{name}.js" for name in ("reference", "evidence", "page"))]:
        assert not re.search(r"https?:|//\w+\.|@import", file.read_text("utf-8")), file


def test_what_is_to_be_settled_is_listed_in_every_language(site: Path) -> None:
    text = {
        language: re.findall(r'id="([a-z]+-\d+)" data-api="\w+" data-level="(\w+)"', file.read_text("utf-8"))
        for language, folder in pages.LANGUAGES.items()
        for file in [site / folder / "evidence.html"]
    }
    document = (DOCS.parent / "spec/neu.yaml").read_text("utf-8")
    assert "neu#L5 neu#L17: the answer is an array: the prose promises" in document
    assert "The answer is an array: the prose promises each of the services" in (site / "evidence.html").read_text(
        "utf-8"
    )
    assert text["en"] == text["es"] == text["pt-BR"]
    found = [(api, subject) for api in spec.APIS for subject, *_ in questions.subjects(spec.api(api))]
    assert len(text["en"]) == len(set(found)) < len(found)
    assert {level for _, level in text["en"]} == {"open", "inferred", "conflict"}


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
    assert all((site / link.partition("#")[0]).is_file() for link in links)


@pytest.mark.parametrize("folder", ["", "es", "pt-BR"])
def test_what_is_in_doubt_can_be_cited_answered_and_found(site: Path, folder: str) -> None:
    page = Page(site / folder / "evidence.html")
    text = (site / folder / "evidence.html").read_text("utf-8")
    for api in spec.APIS:
        name = {"neu": "NEU", "apportionments": "Apportionments"}[api]
        numbers = [row.rpartition("-")[2] for row in page.ids if row.startswith(f"{api}-")]
        # Each is a line of the form, too.
        assert all(re.search(rf"(^|<code>){name}-{number}\. \S", text, re.MULTILINE) for number in numbers)
        # Each theme has a heading, an entry in the contents, and a heading in the form.
        open_ = (it.opening for it in spec.api(api).open_sites() if it.opening.settled is None)
        themes = {f"theme-{api}-{opening.question.theme}" for opening in open_}
        assert themes < page.ids
        assert {f"#{theme}" for theme in themes} < {*page.links}
        # Those of one theme are a form by themselves.
        forms = site / folder / "forms"
        asked = (forms / f"{api}.txt").read_text("utf-8")
        for theme in themes:
            part = (forms / f"{theme.removeprefix('theme-')}.txt").read_text("utf-8")
            head, _, lines = part.partition("\n## ")
            assert asked.startswith(head)
            assert lines in asked
    contents = re.findall(r'<a href="#theme-[^"]+">(.+?)</a>', text)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == contents
    assert len(text.split("data-level")) - 1 == sum(len(re.findall(rf'id="{api}-\d+"', text)) for api in spec.APIS)
    assert not re.search(r"\b(neu|apportionments)#L\d|anyOf|servers? 0|x-time", re.sub(r'(id|href)="[^"]*"', "", text))


@pytest.mark.parametrize(
    ("folder", "path", "unit"), [("es", "Ruta: Inferida", "Unidad: "), ("pt-BR", "Caminho: Inferido", "Unidade: ")]
)
def test_levels_agree_with_what_they_are_about(site: Path, folder: str, path: str, unit: str) -> None:
    """In Spanish a path is feminine, in Portuguese it is not; a unit is in both."""
    text = (site / folder / "neu.html").read_text("utf-8")
    calls = re.findall(r'<p class="call">(.*?)</p>', text, re.DOTALL)
    assert calls
    assert all(f"{path}</a>" in call for call in calls)
    assert f">{unit}Inferida</a>" in text
    assert f">{unit}Inferido</a>" not in text


@pytest.mark.parametrize(("folder", "theme"), [("", "Pagination"), ("es", "Paginación"), ("pt-BR", "Paginação")])
def test_a_theme_has_all_that_we_assume_about_it(site: Path, folder: str, theme: str) -> None:
    """Open questions, conflicts and reasons stand together, and a search finds them."""
    text = (site / folder / "evidence.html").read_text("utf-8")
    for api in spec.APIS:
        inside = text.partition(f'id="theme-{api}-pages">')[2].partition("</section>")[0]
        levels = re.findall(r'data-level="(\w+)"', inside)
        assert {"open", "inferred"} <= {*levels}
        index = (site / folder / "search.js").read_text("utf-8")
        found = [entry for entry in json.loads(index.partition(" = ")[2].rstrip(";\n")) if entry["title"] == theme]
        assert f"evidence.html#theme-{api}-pages" in {entry["href"] for entry in found}


@pytest.mark.parametrize("folder", ["", "es", "pt-BR"])
def test_a_level_says_what_it_is_the_level_of(site: Path, folder: str) -> None:
    """No request is called documented: the path of its operation is not."""
    words = yaml.safe_load((DOCS / f"texts.{folder or 'en'}.yaml").read_text("utf-8"))
    for api in spec.APIS:
        text = (site / folder / f"{api}.html").read_text("utf-8")
        requests = re.findall(r'<div class="exchange"><figure><figcaption>(.*?)</figcaption>', text)
        assert len(requests) == len(spec.api(api).operations)
        assert all(f"<small>{words['words']['path']}: " in caption for caption in requests)
        headings = re.findall(r'<div class="said"><h3>(.*?)</h3>', text, re.DOTALL)
        assert all(f">{words['words']['operation']}: " in heading for heading in headings)
        # An open question is named, and linked.
        assert re.search(rf'\(<a href="evidence.html#{api}-(\d+)">\w+-\1</a>', text)


@pytest.mark.parametrize("folder", ["", "es", "pt-BR"])
def test_a_sample_leads_to_the_guides_that_belong_to_it(site: Path, folder: str) -> None:
    """And to the variables that have the token and the address."""
    seen = set()
    for api in map(spec.api, spec.APIS):
        text = (site / folder / f"{api.name}.html").read_text("utf-8")
        assert {f'"#{link}"' for link in ("install", "schemas")} <= {*re.findall(r'"#\w+"', text)}
        for operation in api.operations.values():
            inside = text.partition(f'<article class="operation" id="{operation.id}">')[2].partition("</article>")[0]
            assert f"<code>{api.token_variable}</code>, <code>{api.base_url_variable}</code>" in inside
            linked = (operation.pagination is not None, operation.date_range is not None)
            assert ("lists.html#lists" in inside, "frames.html" in inside) == linked, operation.id
            assert ("lists.html#long-ranges" in inside) == linked[1]
            seen.add(linked)
    assert len(seen) > 2


@pytest.mark.parametrize("folder", ["", "es", "pt-BR"])
def test_what_is_documented_of_an_answer_is_not_its_status(site: Path, folder: str) -> None:
    """Where the vendor gives no status, a row of answers says both: the body is documented, the status is not."""
    words = yaml.safe_load((DOCS / f"texts.{folder or 'en'}.yaml").read_text("utf-8"))
    for api in spec.APIS:
        text = (site / folder / f"{api}.html").read_text("utf-8")
        rows = re.findall(r'<div class="name"><code>200</code>(.*?)<div class="about">', text, re.DOTALL)
        inferred = f"{words['words']['status']}: {words['levels']['inferred']}"
        assert {inferred in row for row in rows} == {"x-status-evidence" in json.dumps(spec.api(api).document)}
        assert all(f">{words['words']['answer']}: " in row for row in rows if inferred in row)


@pytest.mark.parametrize("api", spec.APIS)
def test_every_reason_has_a_theme(api: str) -> None:
    assert questions.unthemed(spec.api(api)) == []
    assert {*questions.themes(api).values()} <= {question.theme for question in spec.api(api).questions.values()}


@pytest.mark.parametrize("folder", ["", "es", "pt-BR"])
def test_each_operation_shows_three_samples(site: Path, folder: str) -> None:
    for api in spec.APIS:
        nodes = operation_nodes(reference(site / folder / f"{api}-interactive.html"))
        shown = [[sample["label"] for sample in node["x-codeSamples"]] for *_, node in nodes]
        assert shown == [["Python", "contrato", "curl"]] * len(spec.api(api).operations)


@pytest.mark.parametrize("api", spec.APIS)
def test_parameters_show_their_own_evidence(site: Path, api: str) -> None:
    written = spec.api(api).operations
    shown = Api(api, reference(site / f"{api}-interactive.html")).operations
    pairs = [(mine, shown[name].parameter(mine.name)) for name in written for mine in written[name].parameters]
    assert pairs
    for mine, there in pairs:
        assert there.schema.evidence == mine.evidence
    assert all("$ref" not in node["schema"] for node in pages.parameters(reference(site / f"{api}-interactive.html")))


def reference(page: Path) -> dict[str, Any]:
    """The spec that a page shows."""
    found = re.search(r"window\.CONTRATO = (.*);</script>", page.read_text("utf-8"))
    assert found is not None
    document: dict[str, Any] = json.loads(found[1])["spec"]
    return document
