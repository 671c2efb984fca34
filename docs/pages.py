"""The pages of the published reference, from the specs in each language."""

import json
import re
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import attrs
import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

import python_api
import questions
import reference
import samples
from contrato.core.document import follow, operation_nodes
from contrato.core.extensions import Evidence
from contrato.core.spec import APIS, EVIDENCE_KEY, Api
from questions import CITE, Place, Topic
from reference import Reference

HERE = Path(__file__).parent
# Folder of each language; English is at the root.
LANGUAGES = {"en": "", "es": "es/", "pt-BR": "pt-BR/"}
# The files in a version's folder, by how the name ends.
KINDS = {
    ".yaml": "OpenAPI, YAML",
    ".json": "OpenAPI, JSON",
    ".es.yaml": "OpenAPI, YAML, español",
    ".es.json": "OpenAPI, JSON, español",
    ".pt-BR.yaml": "OpenAPI, YAML, português",
    ".pt-BR.json": "OpenAPI, JSON, português",
    ".postman.json": "Postman",
}
GUIDES = ("verify-as-vendor", "verify-as-integrator")
# Only in English, as the programs that they are about.
ENGLISH = ("client", "lists", "frames", "errors", "testing", "gateway", "command", "verify", "learn")
PYTHON = "The Python API"
# The address of the project in guides; pages that have it say so when nobody said where the project is.
PROJECT = "https://github.com/OWNER/contrato"
# Characters that could end the script around the JSON.
JSON_IN_HTML = str.maketrans({"<": "\\u003c", "\u2028": "\\u2028", "\u2029": "\\u2029"})

SITEMAP = """\
<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
{}</urlset>
"""

Documents = Mapping[str, Mapping[str, dict[str, Any]]]


@attrs.frozen
class Change:
    """A version of a spec, compared with the one before it: what a caller notices, in one sentence and by headings."""

    since: str
    summary: str
    groups: Mapping[str, list[tuple[str, str]]]


History = Mapping[str, Change | None]


def write(
    site: Path,
    documents: Documents,
    versions: Mapping[str, Any],
    history: History,
    whole: bool,
    repository: str = "",
    address: str = "",
) -> None:
    """Write all pages.

    Args:
        site: The folder of the site.
        documents: The specs by language and API.
        versions: The contents of `versions.json`.
        history: What changed in each of the versions, the newest first.
        whole: True if no earlier version can be missing in the history.
        repository: Address of the project's repository; without one the pages that need it say that it is missing.
        address: Address at which the site will be; without one it says nothing that needs it.

    """
    shutil.copytree(HERE / "assets", site / "assets", dirs_exist_ok=True)
    for language in LANGUAGES:
        Pages(site, language, documents, versions, repository, address).write_all(history, whole)
    if address:
        found = (file.relative_to(site).as_posix() for file in site.rglob("*.html"))
        entries = [f"<url><loc>{address}/{name}</loc></url>\n" for name in sorted(found) if name != "404.html"]
        (site / "sitemap.xml").write_text(SITEMAP.format("".join(entries)), "utf-8")
        (site / "robots.txt").write_text(f"Sitemap: {address}/sitemap.xml\n", "utf-8")
    print(f"{site}/index.html: {sum(1 for _ in site.rglob('*.html'))} pages")


class Pages:
    """The pages in one language; see `write` for the arguments."""

    def __init__(
        self,
        site: Path,
        language: str,
        documents: Documents,
        versions: Mapping[str, Any],
        repository: str,
        address: str,
    ) -> None:
        self.site = site
        self.language = language
        self.root = "../" if LANGUAGES[language] else ""
        self.repository = repository
        self.address = address
        self.texts: dict[str, Any] = yaml.safe_load((HERE / f"texts.{language}.yaml").read_text("utf-8"))
        self.words = self.texts["words"]
        self.apis = {api: Api(api, documents[language][api]) for api in APIS}
        # An API's own words, if nobody has written more.
        for name, api in self.apis.items():
            self.texts["apis"].setdefault(
                name, {"short": api.title, "what": api.summary or api.description, "when": ""}
            )
        english = {api: Api(api, documents["en"][api]) for api in APIS}
        self.topics = [it for api in APIS for it in questions.topics(self.apis[api], english[api], self.words)]
        self.anchors: dict[str, set[str]] = {}
        # Entries of the search: title, place, address and text of each.
        self.searched: list[dict[str, str]] = []
        names = {api: self.texts["apis"][api]["short"] for api in APIS}
        self.shared = {
            "t": self.texts,
            "apis": self.apis,
            "languages": LANGUAGES,
            "language": language,
            "root": self.root,
            "home": "",
            "counts": {name: Counter(it.level for it in self.topics if it.api == name) for name in self.apis},
            "documented": {
                name: sum(it.level == "documented" for *_, it in api.statements()) for name, api in self.apis.items()
            },
            "topics": self.topics,
            "grouped": {name: questions.grouped(api, self.topics) for name, api in self.apis.items()},
            "levels": {topic.level for topic in self.topics},
            "form_words": self.texts["form"] | {"source": self.words["source"]},
            "versions": versions,
            "kinds": KINDS,
            "guides": GUIDES,
            "english": [*((name, self.guide(name)[0]) for name in ENGLISH), ("python", PYTHON)],
            "repository": repository,
            "project": repository or PROJECT,
            "address": address,
            "description": self.texts["lead"],
            "has": lambda name, code: code == "en" or name not in (*ENGLISH, "python", "changes", "404"),
            "navigation": names
            | {
                "evidence": self.texts["evidence"]["nav"],
                "guides": self.texts["guides"]["nav"],
                "changes": self.texts["changes"],
            },
        }
        self.environment = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            undefined=StrictUndefined,
            autoescape=lambda name: name is not None and ".html" in name,
            trim_blocks=True,
            keep_trailing_newline=True,
        )
        self.environment.filters |= {
            "part": self.badge,
            # Of an answer whose status is not documented, the body is.
            "noun": lambda entry, noun: "answer" if any(it.part == "status" for it in entry.badges) else noun,
            "reason": self.reason,
            "level": lambda evidence: Evidence(evidence).level,
            "said": lambda evidence: self.texts["levels"].get(Evidence(evidence).level, ""),
            "linked": lambda places, topic: list(self.linked(places, topic)),
            "listed": questions.listed,
            "lines": lambda evidence: ", ".join(cite.partition("#")[2] for cite in evidence.citations),
            "heading": self.heading,
            "form": self.form,
            "sentence": lambda text: questions.SENTENCE.split(text)[0],
            "cited": self.cited,
            "markdown": reference.html,
            "inline": reference.inline,
        }

    def write_all(self, history: History, whole: bool) -> None:
        """Write them."""
        (self.site / LANGUAGES[self.language]).mkdir(exist_ok=True)
        for api in self.apis.values():
            self.write_reference(api)
        self.write_forms()
        self.page("index", "index", self.texts["title"])
        for name in ("evidence", "guides"):
            self.page(name, name, self.texts[name]["title"])
        for name in GUIDES:
            self.write_guide(name)
        for name in self.apis:
            self.searched += self.groups(name)
        self.searched += map(self.question, self.topics)
        self.searched.append(self.answering())
        for name in (*GUIDES, *ENGLISH):
            self.searched += self.sections(name)
        index = json.dumps(self.searched, ensure_ascii=False, separators=(",", ":"))
        script = self.site / LANGUAGES[self.language] / "search.js"
        script.write_text(f"window.CONTRATO_SEARCH = {index};\n", "utf-8")
        if self.language == "en":
            text = self.environment.get_template("llms.txt.jinja").render(self.shared)
            (self.site / "llms.txt").write_text(text, "utf-8")
            for name in ENGLISH:
                self.write_guide(name)
            changelog = (HERE.parent / "CHANGELOG.md").read_text("utf-8")
            html = article(re.sub("^## ", "## contrato: ", changelog[changelog.index("\n## ") :], flags=re.MULTILINE))
            self.page("changes", "changes", self.texts["changes"], html=html, history=history, whole=whole)
            self.page("python", "python", PYTHON, modules=python_api.documented())
            # It is shown at any address.
            base = f"{self.address}/" if self.address else ""
            self.page("404", "missing", self.texts["missing"]["title"], home=base, root=base)

    def page(self, name: str, template: str, title: str, **more: Any) -> str:
        """Write a page and return it."""
        values = self.shared | {"name": name, "title": title} | more
        text = self.environment.get_template(f"{template}.html.jinja").render(values)
        (self.site / LANGUAGES[self.language] / f"{name}.html").write_text(text, "utf-8")
        return text

    def write_reference(self, api: Api) -> None:
        """Write both pages of an API: the complete one, and the one that sends requests."""
        complete = Reference(api, self.words)
        doubts = [topic for topic in self.topics if not topic.question]
        text = self.page(
            api.name,
            "reference",
            api.title,
            api=api.name,
            page=complete,
            numbered={topic.subject: topic for topic in self.topics if topic.api == api.name and topic.question},
            rows={f"{topic.api}.{place.key}" for topic in doubts for place in topic.places},
            seen={},
            description=api.summary,
        )
        self.anchors[api.name] = set(re.findall(r' id="([^"]+)"', text))
        short = self.texts["apis"][api.name]["short"]
        found = {
            anchor: {
                "title": title,
                "place": " · ".join(filter(None, (short, place))),
                "href": f"{api.name}.html#{anchor}",
                "text": about,
            }
            for title, place, anchor, about in complete.found()
            if anchor in self.anchors[api.name]
        }
        self.searched += found.values()
        words = self.texts["levels"] | self.words
        data = {
            "spec": decorate(api, words),
            "locale": self.language.partition("-")[0],
            "words": words
            | {key: self.texts["reference"][key] for key in ("body", "answer", "delete")}
            | {key: self.texts[key] for key in ("agrees", "feminine")},
        }
        scheme, host = urlsplit(api.server_url)[:2]
        self.page(
            f"{api.name}-interactive",
            "interactive",
            f"{api.title}: {self.texts['reference']['interactive']}",
            api=api.name,
            data=Markup(json.dumps(data, ensure_ascii=False).translate(JSON_IN_HTML)),
            origin=f"{scheme}://{host}",
            description=api.summary,
        )

    def write_guide(self, name: str) -> None:
        """Write the page of a guide."""
        title, html = self.guide(name)
        self.page(name, "guide", title, html=html)

    def sections(self, name: str) -> Iterator[dict[str, str]]:
        """Yield what a search finds of a guide: it, and its sections."""
        first, *others = reference.sections(self.markdown(name))
        address = f"{self.root if name in ENGLISH else ''}{name}.html"
        guides = self.texts["guides"]["nav"]
        for it, place in ((first, guides), *((section, f"{guides} · {first.heading}") for section in others)):
            text = " ".join("".join(it.words).split())
            yield {"title": it.heading, "place": place, "href": f"{address}#{it.anchor}", "text": text}

    def groups(self, api: str) -> Iterator[dict[str, str]]:
        """Yield what a search finds of the themes of an API."""
        place = f"{self.texts['apis'][api]['short']} · {self.texts['evidence']['nav']}"
        for group, found in self.shared["grouped"][api].items():
            text = " ".join(topic.question or topic.reason for topic in found)
            address = f"evidence.html#theme-{api}-{group}"
            yield {"title": self.heading(group), "place": place, "href": address, "text": text}

    def heading(self, group: str) -> str:
        """Return the heading of a theme; of what has none, the level."""
        found: str = self.texts["themes"].get(group) or self.texts["evidence"]["groups"].get(group, group)
        return found

    def question(self, topic: Topic) -> dict[str, str]:
        """Return what a search finds of something to be settled; its number and its reasons, too."""
        title = topic.question or topic.reason
        text = " ".join(
            [*topic.readings.values(), topic.reason] if topic.question else [questions.listed(topic.places)]
        )
        place = f"{topic.name} · {self.texts['levels'][topic.level]} · {self.heading(topic.group)}"
        return {"title": title, "place": place, "href": f"evidence.html#{topic.id}", "text": text}

    def answering(self) -> dict[str, str]:
        """Return what a search finds of the forms."""
        words = self.texts["evidence"]
        text = f"{words['answer']['lead']} {words['answer']['theme']}"
        return {"title": words["answer"]["title"], "place": words["nav"], "href": "evidence.html#answer", "text": text}

    def markdown(self, name: str) -> str:
        """Return the text of a guide."""
        suffix = "" if self.language == "en" or name in ENGLISH else f".{self.language}"
        return (HERE / f"{name}{suffix}.md").read_text("utf-8")

    def guide(self, name: str) -> tuple[str, Markup]:
        """Return the title of a guide and it as HTML."""
        text = self.markdown(name).replace("../README.md", "index.html")
        text = re.sub(
            r"\]\(([\w-]+)(?:\.es|\.pt-BR)?\.md",
            lambda it: f"]({self.root if it[1] in ENGLISH else ''}{it[1]}.html",
            text,
        )
        if self.repository:
            # An action of GitHub is named without the address of GitHub.
            path = urlsplit(self.repository).path.strip("/")
            text = text.replace(PROJECT, self.repository).replace(urlsplit(PROJECT).path.strip("/"), path)
        return text.partition("\n")[0].strip("# "), article(re.sub(r"index\.html#[\w-]+", "index.html", text))

    def cited(self, text: Markup, api: str) -> Markup:
        """Return a description in which numbers of questions, such as NEU-27, are links."""
        names = {topic.name: topic.id for topic in self.topics if topic.api == api}
        return Markup(
            re.sub(
                r"\b\w+-\d+\b",
                lambda it: f'<a href="evidence.html#{names[it[0]]}">{it[0]}</a>' if it[0] in names else it[0],
                str(text),
            )
        )

    def badge(self, part: str, level: str) -> str:
        """Return the text of a badge; `part` is what it is about, if not all that it stands at."""
        found: str = self.texts[self.texts["agrees"].get(part, "levels")][level]
        name = self.words[part] if part else ""
        return f"{name[:1].upper()}{name[1:]}: {found}" if part else found

    def reason(self, evidence: Evidence) -> str:
        """Return what a badge rests on."""
        lines = ", ".join(cite.partition("#")[2] for cite in evidence.citations)
        # An observation has its day.
        day = " ".join(word for word in evidence.partition(":")[0].split()[1:] if "#" not in word)
        said = ": ".join(filter(None, (day, CITE.sub("", evidence.reason))))
        return ". ".join(filter(None, (said, lines and f"{self.words['source']}: {lines}")))

    def linked(self, places: list[Place], topic: Topic) -> Iterator[tuple[str, list[dict[str, str]]]]:
        """Yield places by what they are parts of: the row that cites each, the closest address in the reference, it."""
        for owner, inside in questions.owned(places).items():
            found = []
            for place in inside:
                at = place.key
                while at and at not in self.anchors[topic.api]:
                    at = at.rpartition(".")[0]
                row = "" if topic.question else f"{topic.api}.{place.key}"
                address = f"{topic.api}.html{'#' if at else ''}{at}"
                found.append({"row": row, "href": address, "part": place.part or owner})
            yield owner if any(place.part for place in inside) else "", found

    def write_forms(self) -> None:
        """Write the forms of each API as text: all questions, and those of each theme; with a mark that says UTF-8."""
        folder = self.site / LANGUAGES[self.language] / "forms"
        folder.mkdir()
        for api, groups in self.shared["grouped"].items():
            forms = {api: groups} | {f"{api}-{group}": {group: found} for group, found in groups.items()}
            for name, chosen in forms.items():
                (folder / f"{name}.txt").write_text(self.form(api, chosen), "utf-8-sig")

    def form(self, api: str, groups: Mapping[str, list[Topic]]) -> str:
        """Return a form: who asks, why, of which document and where to send it; then questions, by theme."""
        words, known = self.shared["form_words"], self.apis[api]
        said = {"api": known.title, "where": f"{self.repository}/issues/new"}
        paragraphs = [
            words["title"].format_map(said),
            words["who"].format_map(said),
            *(words["document"].format_map(attrs.asdict(source) | said) for source in known.sources.values()),
            words["how"],
            words["send" if self.repository else "reply"].format_map(said),
        ]
        if self.address:
            paragraphs.append(f"{words['reference']}: {self.address}/{LANGUAGES[self.language]}{api}.html")
        text = "\n\n".join(paragraph.strip() for paragraph in paragraphs)
        for group, found in groups.items():
            text += f"\n\n\n## {self.heading(group)}\n\n" + "\n\n".join(topic.form(words) for topic in found)
        return f"{text}\n"


def article(markdown: str) -> Markup:
    """Return Markdown as HTML with anchors; whoever has no mouse can scroll what is wider than the page."""
    text = str(reference.html(markdown)).replace("<pre>", '<pre tabindex="0">')
    for it in reference.sections(markdown):
        text = text.replace(f"<h{it.level}>", f'<h{it.level} id="{it.anchor}">', 1)
    return Markup(text)


def decorate(api: Api, words: dict[str, str]) -> dict[str, Any]:
    """Return a spec with the samples, and with evidence moved to places where Scalar shows it."""
    document = api.copy()
    inline(document, {key: document.get(key, {}) for key in ("paths", "components")})
    sent = {id(example) for *_, node in operation_nodes(document) for example in examples(node.get("requestBody"))}
    for example in examples(document):
        # Scalar shows no extension of an example, and that of a body over the whole request.
        if "x-evidence" in example:
            part = f"{words['body']}: " if id(example) in sent else ""
            example["summary"] += f" ({part}{words[Evidence(example['x-evidence']).level].lower()})"
    for parameter in parameters(document):
        # Scalar shows badges of a schema, not of the parameter.
        kept = {key: value for key, value in parameter.items() if EVIDENCE_KEY.fullmatch(key)}
        schema = parameter.get("schema")
        if schema is None:
            continue
        if "$ref" in schema:
            # Scalar prefers the description of the component to that of the parameter.
            taken = follow(document, {"$ref": schema["$ref"]})[0]
            own = {key: value for key, value in schema.items() if key != "$ref"}
            schema = {k: v for k, v in taken.items() if k != "description" and not EVIDENCE_KEY.fullmatch(k)} | own
        parameter["schema"] = schema | kept
    for response in document.setdefault("components", {}).get("responses", {}).values():
        mark(response, words)
    for _, _, item, node in operation_nodes(document):
        operation = api.operations[node["operationId"]]
        given = samples.values(operation)
        # It stands over the path, which is another claim.
        if "x-evidence" in node:
            node["x-operation-evidence"] = node.pop("x-evidence")
        if "x-evidence" in item:
            node["x-path-evidence"] = item["x-evidence"]
        if operation.body and operation.body.description == operation.body.schema.description:
            # Scalar shows that of the schema, too.
            node["requestBody"].pop("description", None)
        for response in node["responses"].values():
            mark(response, words)
        node["x-codeSamples"] = [
            {"lang": "python", "label": "Python", "source": samples.python(operation, given)},
            {"lang": "shell", "label": "contrato", "source": samples.command(operation, given)},
            {"lang": "shell", "label": "curl", "source": samples.curl(operation, given)},
        ]
    arrange(document)
    return document


ORDER = (
    "x-evidence", "x-operation-evidence", "x-meaning-evidence", "x-safe-evidence", "x-default-evidence",
    "x-unit-evidence", "x-path-evidence",
)  # fmt: skip


# Of a response, in the order in which they are told.
RESPONSE = ("x-evidence", "x-status-evidence", "x-meaning-evidence")


def arrange(node: Any) -> None:
    """Bring evidence into one order: Scalar shows badges as they are written."""
    if isinstance(node, dict):
        for key in ORDER:
            if key in node:
                node[key] = node.pop(key)
    for value in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        arrange(value)


def parameters(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the parameters of a spec, each where it is written."""
    yield from document.get("components", {}).get("parameters", {}).values()
    holders = {id(node): node for *_, item, operation in operation_nodes(document) for node in (item, operation)}
    for holder in holders.values():
        yield from (parameter for parameter in holder.get("parameters", ()) if "$ref" not in parameter)


def examples(node: Any) -> Iterator[dict[str, Any]]:
    """Yield the examples of bodies and answers."""
    for key, value in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        if key == "examples" and isinstance(value, dict):
            yield from value.values()
        else:
            yield from examples(value)


def inline(document: dict[str, Any], node: Any) -> None:
    """Replace references to examples by the examples: Scalar shows some references as they are written."""
    for value in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        if isinstance(value, dict) and str(value.get("$ref", "")).startswith("#/components/examples/"):
            example = document["components"]["examples"][value.pop("$ref").rpartition("/")[2]]
            value.update(example)
        else:
            inline(document, value)


def mark(response: dict[str, Any], words: dict[str, str]) -> None:
    """Add evidence to a response's description: Scalar has no place for a badge there."""
    for evidence in (Evidence(response.get(key, "")) for key in RESPONSE):
        if evidence.reason:
            response["description"] += f" *{words[evidence.level]}: {CITE.sub('', evidence.reason)}*"
