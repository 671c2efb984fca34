"""The contents of a reference page: what a spec says of each operation and schema, in its order, for a template."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import pairwise
from urllib.parse import quote

import attrs
from markdown_it import MarkdownIt
from markupsafe import Markup, escape

import samples
from contrato.core.document import Node, follow, media_type, operation_nodes
from contrato.core.extensions import Evidence, Opening, opening
from contrato.core.spec import Api, Operation

# The parts of an element that have evidence of their own, in the order of their badges.
PARTS = ("", "status", "meaning", "safe", "default", "unit")
# Steps to an element that say nothing to a reader.
UNNAMED = (
    "0", "anyOf", "components", "content", "info", "items", "operations", "parameters", "paths", "properties",
    "responses", "schema", "schemas", "securitySchemes",
)  # fmt: skip
MARKDOWN = MarkdownIt().enable("table")
# Guides have comments; nothing on one line has HTML, and what looks like it is text.
INLINE = MarkdownIt("commonmark", {"html": False})

Steps = tuple[str, ...]


def names(steps: Steps) -> list[str]:
    """Return the names on the way to an element of a spec; a field may have the name of a keyword."""
    return [step for above, step in pairwise(("", *steps)) if above == "properties" or step not in UNNAMED]


def key(steps: Steps, part: str = "") -> str:
    """Return the id of an element in a reference page, or of the evidence for a part of it."""
    return ".".join([*names(steps), part]).strip(".")


def keyed(api: Api, steps: Steps) -> Steps:
    """Return steps in which a path is named by its first operation, so that they stay when it moves."""
    if steps[:1] == ("paths",) and len(steps) > 1:
        first = next(node["operationId"] for path, _, _, node in operation_nodes(api.document) if path == steps[1])
        return "operations", first, "path", *steps[2:]
    return steps


def html(markdown: str) -> Markup:
    """Return Markdown as HTML; each cell of a table knows its heading, which a phone shows beside it."""
    tokens = MARKDOWN.parse(markdown)
    headings: list[str] = []
    for before, token in pairwise(tokens):
        if before.type == "table_open":
            headings, column = [], 0
        elif before.type == "tr_open":
            column = 0
        elif before.type == "th_open":
            headings.append("".join(child.content for child in token.children or ()))
        elif before.type == "td_open":
            before.attrSet("data-label", headings[column])
            column += 1
    return Markup(MARKDOWN.renderer.render(tokens, MARKDOWN.options, {}))


@attrs.frozen
class Section:
    """A heading of a text, with the anchor that forges give it, and the words up to the next heading."""

    level: int
    heading: str
    anchor: str
    words: list[str] = attrs.Factory(list)


def sections(markdown: str) -> list[Section]:
    """Return the sections of a text that begins with a heading."""
    found: list[Section] = []
    times: Counter[str] = Counter()
    for before, token in pairwise(MARKDOWN.parse(markdown)):
        if before.type == "heading_open":
            anchor = re.sub(r"[^\w -]", "", token.content.lower()).replace(" ", "-")
            numbered = f"{anchor}-{times[anchor]}" if times[anchor] else anchor
            found.append(Section(int(before.tag[1]), token.content, numbered))
            times[anchor] += 1
        elif token.type in ("inline", "fence", "code_block"):
            found[-1].words.extend([*(child.content or " " for child in token.children or [token]), " "])
    return found


def inline(markdown: str) -> Markup:
    """Return Markdown of one paragraph as HTML without a paragraph."""
    return Markup(INLINE.renderInline(" ".join(markdown.split())))


@attrs.frozen
class Badge:
    """Evidence for a part of an element; `key` is that of its row in the index of evidence."""

    part: str
    evidence: Evidence
    key: str


@attrs.frozen
class Entry:
    """An element of a page: an operation, parameter, field, response or schema.

    Attributes:
        key: Its id in the page.
        name: Its name in the API; the status of a response.
        node: It in the spec, with references followed.
        type: Its type, with links to schemas.
        badges: Evidence, in one order.
        open: Open questions about it.
        fields: The fields of an object.

    """

    key: str
    name: str
    node: Node
    type: Markup
    badges: list[Badge]
    open: dict[str, Opening]
    required: bool = False
    fields: list["Entry"] = attrs.Factory(list)

    @property
    def about(self) -> Markup:
        """Its description as HTML."""
        return html(self.node.get("description", ""))

    @property
    def said(self) -> str:
        """Its description as text."""
        return Markup(self.about).striptags()


@attrs.frozen
class Exchange:
    """An operation with all that is said of it; `request` is one that the first example of an answer fits."""

    operation: Operation
    entry: Entry
    path: Entry
    parameters: list[Entry]
    body: Entry | None
    responses: list[Entry]
    samples: dict[str, str]
    request: str
    interactive: str

    @property
    def answer(self) -> Entry:
        """The response to show with the request: the first success."""
        return next((it for it in self.responses if it.name.startswith("2")), self.responses[0])


class Reference:
    """A reference page of an API in one language."""

    def __init__(self, api: Api, words: Mapping[str, str]) -> None:
        self.api = api
        self.words = words
        self._bodies: set[str] = set()
        self.exchanges = [self._exchange(*found) for found in operation_nodes(api.document)]

    @property
    def tags(self) -> list[tuple[Node, list[Exchange]]]:
        """Tags with their operations, in the order of the spec."""
        return [
            (tag, [it for it in self.exchanges if it.operation.tag == tag["name"]]) for tag in self.api.document["tags"]
        ]

    @property
    def head(self) -> list[Entry]:
        """Base URL, authentication and time zone."""
        document = self.api.document
        found = [self._entry(self.words["servers"], document["servers"][0], ("servers", "0"))]
        for name, node in document.get("components", {}).get("securitySchemes", {}).items():
            found.append(self._entry(self.words["security"], node, ("components", "securitySchemes", name)))
        zone = document["info"].get("x-time-zone")
        return found + ([self._entry(self.words["x-time-zone"], zone, ("info", "x-time-zone"))] if zone else [])

    @property
    def schemas(self) -> list[Entry]:
        """Schemas that no operation shows as its body."""
        nodes = self.api.document.get("components", {}).get("schemas", {}).items()
        steps = ("components", "schemas")
        return [self._entry(name, node, (*steps, name)) for name, node in nodes if name not in self._bodies]

    def found(self) -> Iterator[tuple[str, str, str, str]]:
        """Yield all that a reader may search for: its name, its place, its id and what is said of it."""
        for it in self.exchanges:
            operation = it.operation
            call = f"{operation.method} {operation.path} · {operation.method_name}"
            # The values of its arguments say what may be asked for, such as HOURLY.
            values = [str(value) for parameter in operation.parameters for value in parameter.schema.enum]
            yield operation.summary, call, operation.id, " ".join([it.entry.said, *values])
            for entry in [*it.parameters, *(it.body.fields if it.body else ())]:
                yield from self._fields(entry, operation.summary)
        for entry in self.schemas:
            yield entry.name, "", entry.key, entry.said
            for field in entry.fields:
                yield from self._fields(field, entry.name)

    def _fields(self, entry: Entry, place: str) -> Iterator[tuple[str, str, str, str]]:
        yield entry.name, place, entry.key, entry.said
        for field in entry.fields:
            yield from self._fields(field, f"{place} · {entry.name}")

    def _exchange(self, path: str, method: str, item: Node, node: Node) -> Exchange:
        operation = self.api.operations[node["operationId"]]
        steps = ("operations", operation.id)
        parameters = [
            self._parameter(it, (*at, "parameters"))
            for at, holder in ((("paths", path), item), (steps, node))
            for it in holder.get("parameters", ())
        ]
        body = None
        if "requestBody" in node:
            body = self._body(node["requestBody"], (*steps, "requestBody"))
        given = samples.values(operation)
        return Exchange(
            operation,
            self._entry(operation.id, node, steps),
            self._entry(
                path, {key: value for key, value in item.items() if key != method}, keyed(self.api, ("paths", path))
            ),
            parameters,
            body,
            [
                self._entry(str(status), response, (*steps, "responses", str(status)))
                for status, response in node["responses"].items()
            ],
            {
                "Python": samples.python(operation, given),
                "contrato": samples.command(operation, given),
                "curl": samples.curl(operation, given),
            },
            samples.request(operation, given),
            f"tag/{quote(operation.tag)}/{operation.id}",
        )

    def _parameter(self, node: Node, steps: Steps) -> Entry:
        found, component = follow(self.api.document, node)
        at = ("components", "parameters", component) if component else (*steps, found["name"])
        entry = self._entry(found["name"], node, at)
        return attrs.evolve(
            entry,
            node={**found["schema"], **found},
            type=self._type(found["schema"]),
            required=bool(found.get("required")),
        )

    def _body(self, node: Node, steps: Steps) -> Entry:
        found = follow(self.api.document, node)[0]
        kind = media_type(found["content"])
        schema = found["content"].get(kind, {}).get("schema", {})
        inside, component = follow(self.api.document, schema)
        entry = self._entry("", node, steps)
        if component and component in self._bodies:
            return attrs.evolve(entry, type=self._type(schema))
        self._bodies.add(component)
        at = ("components", "schemas", component) if component else (*steps, "content", kind, "schema")
        return attrs.evolve(
            entry, fields=self._entry(component, inside, at).fields, required=bool(found.get("required"))
        )

    def _entry(self, name: str, node: Node, steps: Steps) -> Entry:
        found, component = follow(self.api.document, node)
        if component and node["$ref"].startswith("#/components/schemas/"):
            # All else about the type is shown with the type, to which the entry links.
            found = {"description": found.get("description", ""), **node}
        elif component and steps[-2:-1] == ("responses",):
            steps = ("components", "responses", component)
        content = found.get("content", {})
        body = content.get(media_type(content), {}).get("schema", {})
        fields = [
            attrs.evolve(
                self._entry(field, it, (*steps, "properties", field)), required=field in found.get("required", ())
            )
            for field, it in found.get("properties", {}).items()
        ]
        return Entry(
            key(steps),
            name,
            found,
            self._type(body or found),
            list(self._badges(node, steps)),
            self._open(found),
            fields=fields,
        )

    def _badges(self, node: Node, steps: Steps) -> Iterator[Badge]:
        for part in PARTS:
            name = f"x-{part}-evidence" if part else "x-evidence"
            at, where = node, steps
            while name not in at and "$ref" in at:
                where = tuple(at["$ref"].removeprefix("#/").split("/"))
                at = self.api.document
                for step in where:
                    at = at[step]
            # The evidence of a type says why the type is so, not the field.
            if name in at and (at is node or where[1] != "schemas"):
                yield Badge(part, Evidence(at[name]), f"{self.api.name}.{key(where, part)}")

    def _open(self, node: Node) -> dict[str, Opening]:
        return {name: opening(self.api.questions[name], said) for name, said in node.get("x-open", {}).items()}

    def _type(self, node: Node) -> Markup:
        """Return a type as text, in which the names of schemas are links."""
        words = self.words
        if "$ref" in node:
            name = node["$ref"].rpartition("/")[2]
            return Markup(f'<a href="#{escape(name)}">{escape(name)}</a>')
        if "items" in node:
            return Markup(f"{escape(words['array_of'])} {self._type(node['items'])}")
        if branches := [*node.get("anyOf", ()), *node.get("oneOf", ())]:
            return Markup(f" {escape(words['or'])} ").join(map(self._type, branches))
        kinds = node.get("type", [])
        shown = [words.get(f"type_{kind}", kind) for kind in ([kinds] if isinstance(kinds, str) else kinds)]
        return Markup(escape(f" {words['or']} ".join(shown) + (f" ({node['format']})" if "format" in node else "")))

    def examples(self, node: Node) -> Iterator[tuple[Node, str]]:
        """Yield the examples of a body or response, and the value of each as JSON."""
        for media in node.get("content", {}).values():
            for reference in media.get("examples", {}).values():
                example = follow(self.api.document, reference)[0]
                yield example, json.dumps(example["value"], ensure_ascii=False, indent=2)
