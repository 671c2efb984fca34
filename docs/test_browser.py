"""The published reference in a real browser. CONTRATO_BROWSER=required makes a missing browser a failure."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import urlsplit

import pytest
import yaml
from playwright.sync_api import Browser, BrowserContext, Dialog, Locator, Page, ViewportSize, expect, sync_playwright

import build
from contrato.core import spec
from contrato.core.document import operation_nodes

ROOT = Path(__file__).resolve().parents[1]
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
LANGUAGES = {"en": "", "es": "es/", "pt-BR": "pt-BR/"}
GUIDES = ("verify-as-vendor", "verify-as-integrator")
INTERACTIVE = {f"{api}-interactive": api for api in spec.APIS}
PAGES = list(product(LANGUAGES, ("index", "evidence", "guides", *spec.APIS, *GUIDES)))
REFERENCES = list(product(LANGUAGES, INTERACTIVE))
DESKTOP: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
# What shows beside a name.
MARK = re.compile(r"x-((default|meaning|unit)-)?evidence|x-unit")
# An operation of each API that has much of everything.
LONG = {"neu-interactive": "listNotifications", "apportionments-interactive": "listApportionments"}
# The operation that is tried in an interactive reference, and in which colours; and that whose badges are looked at.
TRIED = [
    ("en", "neu-interactive", "queryConsumption", "light", "queryConsumption"),
    ("en", "apportionments-interactive", "listApportionments", "light", "listApportionments"),
    # Of all kinds of badges.
    ("es", "neu-interactive", "listAccounts", "dark", "listBills"),
    ("pt-BR", "apportionments-interactive", "updateApportionment", "dark", "listApportionments"),
]
# Milliseconds: only what is broken waits so long, whatever else the machine does.
expect.set_options(timeout=30_000)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        missing = "no browser: install Debian's chromium, or Google Chrome"
        if os.environ.get("CONTRATO_BROWSER") == "required":
            pytest.fail(missing)
        pytest.skip(missing)
    # Chromium's sandbox refuses to work for root.
    flags = [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else FLAGS
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(flags))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def site() -> Path:
    """The site that `make docs` built."""
    return build.SITE


@pytest.fixture(scope="module")
def served(site: Path) -> Iterator[str]:
    """The site's address under a path, beside the bundled server."""
    command: list[str | Path] = [sys.executable, ROOT / "docs/build.py", "--serve", "--port", "0", "--output", site]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        yield server.stdout.readline().partition(" ")[0]
    finally:
        server.terminate()
        server.communicate()


@pytest.fixture(scope="module")
def context(browser: Browser) -> BrowserContext:
    return browser.new_context(locale="en-US", color_scheme="light", reduced_motion="reduce", viewport=DESKTOP)


class Visit:
    """A tab, and whatever goes wrong in it or leaves the origin of its page."""

    def __init__(self, context: BrowserContext) -> None:
        self.complaints: list[str] = []
        self.page = context.new_page()
        self.page.on("console", lambda said: self.note(said.text, said.type in ("warning", "error")))
        self.page.on("pageerror", lambda error: self.note(str(error)))
        self.page.on("requestfailed", lambda request: self.note(f"failed: {request.url}"))
        self.page.on("request", lambda request: self.note(f"left for {request.url}", self.leaves(request.url)))
        self.page.on("response", lambda answer: self.note(f"{answer.status}: {answer.url}", answer.status >= 400))

    def go(self, address: str) -> Page:
        """Open a page; one that is open already stays as it is."""
        if self.page.url.partition("#")[0] != address:
            self.origin = urlsplit(address)[:2]
            self.page.goto(address)
        return self.page

    def leaves(self, address: str) -> bool:
        return urlsplit(address)[:2] != self.origin and not address.startswith(("data:", "blob:"))

    def note(self, text: str, wrong: bool = True) -> None:
        if wrong:
            self.complaints.append(text)


@pytest.fixture(scope="module")
def tab(context: BrowserContext) -> Visit:
    """The only one: what a tab compiled helps its next page, and pages that stay open are drawn again and again."""
    return Visit(context)


@pytest.fixture
def visit(tab: Visit) -> Iterator[Visit]:
    tab.complaints.clear()
    yield tab
    tab.page.set_viewport_size(DESKTOP)
    tab.page.emulate_media(media="screen", color_scheme="light")
    assert not tab.complaints


@pytest.fixture
def page(visit: Visit, served: str, language: str, name: str) -> Page:
    return visit.go(f"{served}{LANGUAGES[language]}{name}.html")


def document(site: Path, language: str, api: str) -> dict[str, Any]:
    """A spec in a language, as it is published."""
    suffix = "" if language == "en" else f".{language}"
    text = (site / f"specs/{api}/latest/{api}{suffix}.json").read_text("utf-8")
    return cast(dict[str, Any], json.loads(text))


def texts(language: str) -> dict[str, Any]:
    return cast(dict[str, Any], yaml.safe_load((ROOT / f"docs/texts.{language}.yaml").read_text("utf-8")))


def operations(spec_: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Raw operations by id, each with the parameters of its path."""
    return {
        node["operationId"]: node | {"parameters": [*item.get("parameters", ()), *node.get("parameters", ())]}
        for _, _, item, node in operation_nodes(spec_)
    }


def marks(spec_: dict[str, Any], node: Any) -> list[tuple[str, set[str]]]:
    """Parameters and fields of a part of a spec, however deep: the name of each, and what its badges tell."""
    if isinstance(node, list):
        return [found for item in node for found in marks(spec_, item)]
    if not isinstance(node, dict):
        return []
    if "$ref" in node:
        target = spec_
        for step in node["$ref"].split("/")[1:]:
            target = target[step]
        return marks(spec_, target)
    found = [it for key, value in node.items() if key not in ("example", "examples") for it in marks(spec_, value)]
    named = dict(node["properties"]) if isinstance(node.get("properties"), dict) else {}
    if "in" in node and "name" in node:
        named[node["name"]] = node["schema"] | node
    return found + [(name, set(filter(MARK.fullmatch, of))) for name, of in named.items()]


def fields(spec_: dict[str, Any], node: Any) -> set[str]:
    """The names of the parameters and fields that a part of a spec has."""
    return {name for name, _ in marks(spec_, node)}


def reasons(node: Any) -> set[str]:
    """Why something is inferred or in conflict, wherever a spec says so: as a reader of one document is told."""
    if not isinstance(node, dict | list):
        return set()
    found = {reason for value in (node.values() if isinstance(node, dict) else node) for reason in reasons(value)}
    told = [node[key] for key in node if MARK.fullmatch(key) and key != "x-unit"] if isinstance(node, dict) else []
    return found | {re.sub(r"\b[a-z]+#(?=L\d)", "", text.partition(": ")[2]) for text in told if ": " in text}


def operation_at(page: Page, key: str) -> Locator:
    """Go to an operation as a reader does, and wait for its badges: Scalar makes what is in sight alone."""
    page.locator(f"#app a[href$='/{key}']").first.click()
    section = page.locator(f"section[id$='/{key}']")
    section.locator("contrato-evidence summary").first.wait_for()
    return section


def heading(site: Path, language: str, name: str) -> str:
    if (api := name.removesuffix("-interactive")) in spec.APIS:
        return cast(str, document(site, language, api)["info"]["title"])
    if name in GUIDES:
        file = ROOT / "docs" / (f"{name}.md" if language == "en" else f"{name}.{language}.md")
        return file.read_text("utf-8").partition("\n")[0].strip("# ")
    words = texts(language)
    return cast(str, words["title"] if name == "index" else words[name]["title"])


def check_page(page: Page, site: Path, language: str, name: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(heading(site, language, name))
    # Nothing is left in English.
    assert language == "en" or heading(site, language, name) != heading(site, "en", name)
    expect(page.locator("html")).to_have_attribute("lang", language)
    # Without it a phone shows a page as wide as a desk's, however well it fits.
    expect(page.locator("meta[name=viewport]")).to_have_attribute("content", re.compile("width=device-width"))
    for key, data in operations(document(site, language, INTERACTIVE[name])).items() if name in INTERACTIVE else ():
        expect(page.locator(f"#app a[href$='/{key}']").first).to_contain_text(data["summary"])


def check_width(page: Page) -> None:
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    # Nor is a page or a language of the header cut off.
    for nav in page.locator("header nav").all():
        assert nav.evaluate("it => it.scrollWidth <= it.clientWidth")


# Marks three elements of each look: the contrast of a thousand others is the same, and takes axe most of its time.
LOOKS = """() => {
  const names = [
    'color', 'backgroundColor', 'backgroundImage', 'opacity', 'filter', 'textShadow', 'fontSize', 'fontWeight',
    'display', 'visibility',
  ];
  const looks = new Map();
  const found = new Map();
  for (const it of document.querySelectorAll('*')) {
    const style = getComputedStyle(it);
    const own = names.map((name) => style[name]);
    const key = [found.get(it.parentElement)?.id, it.localName, it.matches(':disabled'), ...own].join();
    const look = looks.get(key) ?? { id: looks.size, seen: 0 };
    looks.set(key, look);
    found.set(it, look);
    it.toggleAttribute('data-look', look.seen++ < 3);
  }
}"""


def violations(page: Page, *rules: str) -> list[str]:
    """What axe calls serious or critical, and headings that skip a level; of some rules, or of all."""
    if not page.evaluate("'axe' in window"):
        page.evaluate((ROOT / "node_modules/axe-core/axe.min.js").read_text("utf-8"))
        page.evaluate("axe.configure({rules: [{id: 'color-contrast', selector: '[data-look]'}]})")
    page.evaluate(LOOKS)
    # Nothing is loaded again: a page that was opened as a file may not.
    options = {"resultTypes": ["violations"], "preload": False} | ({"runOnly": list(rules)} if rules else {})
    found = page.evaluate("options => axe.run(options)", options)
    # It did look: every page has text.
    assert found["violations"] or found["passes"] or found["incomplete"]
    return [
        f"{violation['id']}: {node['html']}: {node['failureSummary']}"
        for violation in found["violations"]
        if violation["impact"] in ("serious", "critical") or violation["id"] == "heading-order"
        for node in violation["nodes"]
    ]


@pytest.mark.parametrize(("language", "name"), PAGES)
def test_each_page_fits_a_phone_and_shuts_nobody_out(page: Page, site: Path, language: str, name: str) -> None:
    check_page(page, site, language, name)
    check_width(page)
    page.set_viewport_size(DESKTOP)
    assert not violations(page)
    page.emulate_media(color_scheme="dark")
    # The colours are all that differs.
    assert not violations(page, "color-contrast")


def dialogs(page: Page, key: str) -> Iterator[str]:
    """Open the dialogs of an interactive reference one after the other: the search, and a request with its answer."""
    section = operation_at(page, key)
    page.keyboard.press("Control+k")
    page.locator("[role=combobox]").fill("name")
    expect(page.locator("[role=option]").first).to_be_visible()
    yield "search"
    page.keyboard.press("Escape")
    expect(page.locator("[role=option]")).to_have_count(0)
    section.locator(".show-api-client-button").click()
    page.locator("[data-addressbar-action=send]:visible").click()
    expect(page.locator("[role=dialog]").get_by_text("200 OK")).to_be_visible()
    # An answer scrolls within its place for a moment while it is drawn; here for good: axe finds the same each time.
    page.add_style_tag(content=".cm-scroller { max-height: 5em !important }")
    # The request stays beside its answer: axe looks at both at once, since on these pages it takes long.
    yield "request"
    page.locator(".app-exit-button").click()
    expect(page.locator("[data-addressbar-action=send]:visible")).to_have_count(0)


def test_scalar_still_leaves_out_what_we_add(context: BrowserContext, visit: Visit, served: str, site: Path) -> None:
    """If not, `MENDED` of reference.js is to be shortened."""
    script = (site / "assets/reference.js").read_text("utf-8")
    assert script.count("new MutationObserver(") == 1
    idle = script.replace("new MutationObserver(", "new (class { observe() {} })(")
    origin = "window.CONTRATO.origin = location.origin;"
    context.route("**/assets/reference.js", lambda to: to.fulfill(body=origin + idle, content_type="text/javascript"))
    page = visit.go(f"{served}apportionments-interactive.html?idle")
    # The rules that it helps to keep: of the others the page itself is proof.
    rules = (
        "aria-input-field-name",
        "aria-prohibited-attr",
        "aria-required-attr",
        "aria-valid-attr-value",
        "scrollable-region-focusable",
    )
    found = {
        dialog: {it.partition(":")[0] for it in violations(page, *rules)}
        for dialog in dialogs(page, "updateApportionment")
    }
    context.unroute("**/assets/reference.js")
    assert found == {"search": {"aria-required-attr"}, "request": set(rules)}


def test_pages_that_are_only_in_english_are_like_the_others(visit: Visit, served: str, site: Path) -> None:
    names = {file.name for file in site.glob("*.html")} - {file.name for file in (site / "es").glob("*.html")}
    assert len(names) > 8
    for name in sorted(names):
        page = visit.go(f"{served}{name}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert not violations(page), name
        page.set_viewport_size(PHONE)
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"], name
        page.set_viewport_size(DESKTOP)


@pytest.mark.parametrize(
    ("language", "name"),
    [("en", "index"), ("es", "evidence"), ("pt-BR", "apportionments"), ("pt-BR", "apportionments-interactive")],
)
def test_pages_need_no_server(visit: Visit, site: Path, language: str, name: str) -> None:
    check_page(visit.go(f"{site.as_uri()}/{LANGUAGES[language]}{name}.html"), site, language, name)


def check_badges(page: Page, site: Path, language: str, api: str, key: str) -> None:
    spec_ = document(site, language, api)
    operation = operations(spec_)[key]
    words = texts(language)
    section = operation_at(page, key)
    badges = section.locator(".operation-description summary")
    expect(badges).to_have_count(2 + sum(f"x-{part}-evidence" in operation for part in ("meaning", "safe")))
    # It says what it is the level of: the path, beside it, has another one.
    level = words[words["agrees"]["operation"]][operation["x-evidence"].partition(" ")[0]]
    own = badges.get_by_text(f"{words['words']['operation']}: {level}", exact=True)
    expect(own).to_be_visible()
    # Where words have a gender, it is that of the path.
    expect(badges.last).to_contain_text(
        f"{words['words']['path']}: {words[words['agrees']['path']]['inferred' if api == 'neu' else 'documented']}"
    )
    # Each name has one in its own row: parameters, fields sent, fields answered.
    sent = marks(spec_, [operation["parameters"], operation.get("requestBody")])
    successes = [node for status, node in operation["responses"].items() if status.startswith("2")]
    answered = max((marks(spec_, node) for node in successes), key=len)
    assert sent
    assert answered
    for name in {name for name, _ in sent + answered}:
        row = section.locator(".parameter-item, .property").filter(
            has=page.locator(".property-name, .parameter-item-name").get_by_text(name, exact=True)
        )
        expect(row.last.locator("summary").first, name).to_be_visible()
        # Where fields share a name, what they all have.
        for kind in set.intersection(*(kinds for other, kinds in sent + answered if other == name)):
            badge = row.last.locator(f"[{kind}]").first
            expect(badge, f"{name}: {kind}").to_be_visible()
            expect(badge, f"{name}: {kind}").to_have_text(re.compile(r"\w"))

    # Enter shows what a badge rests on, and hides it again; a click does, and a pointer that rests on it.
    lines = re.findall(r"#(L\d+)", operation["x-evidence"])
    assert lines
    told, text = own.locator("xpath=.."), own.locator("xpath=../p").last
    expect(text).to_be_hidden()
    own.focus()
    page.keyboard.press("Enter")
    expect(text).to_be_visible()
    expect(text).to_contain_text(lines[0])
    expect(told).to_have_attribute("title", re.compile(lines[0]))
    page.keyboard.press("Enter")
    expect(text).to_be_hidden()
    doubtful = section.locator(".inferred:not(.operation-description *), .conflict:not(.operation-description *)").first
    doubtful.locator("summary").click()
    reason = doubtful.locator("p").first
    expect(reason).to_be_visible()
    assert reason.inner_text() in reasons(spec_)


SEARCH = """async (wanted) => {
  const options = () => [...document.querySelectorAll('[role=option]')];
  const box = document.querySelector('[role=combobox]');
  const search = async (text, done) => {
    box.value = text;
    box.dispatchEvent(new Event('input'));
    for (let tries = 0; tries < 300 && !done(); tries++) await new Promise((resolve) => setTimeout(resolve, 10));
    return done();
  };
  const missed = [];
  for (const [name, summary] of wanted) {
    // Before a search all operations are listed.
    const cleared = await search('qqqqqqqq', () => !options().length);
    const shown = () => options().some((it) => it.textContent.includes(summary));
    if (!cleared || !await search(name, shown)) missed.push(name);
  }
  return missed;
}"""


@pytest.mark.parametrize(("language", "name"), REFERENCES, scope="class")
class TestInteractive:
    """An interactive reference; each is opened once, since that is what takes time."""

    def test_renders_and_fits_a_phone(self, page: Page, site: Path, language: str, name: str) -> None:
        check_page(page, site, language, name)
        check_width(page)

    def test_search_finds_an_operation_by_the_name_of_its_field(
        self, page: Page, site: Path, language: str, name: str
    ) -> None:
        spec_ = document(site, language, INTERACTIVE[name])
        found = operations(spec_)
        # The search has to find each operation by a name that it is sent and by one that it answers.
        sides = (
            {key: fields(spec_, [data["parameters"], data.get("requestBody")]) for key, data in found.items()},
            {key: fields(spec_, data["responses"]) for key, data in found.items()},
        )
        assert all(sum(map(bool, names.values())) > len(found) / 2 for names in sides)
        # The name that the fewest other operations have.
        wanted = [
            (min(sorted(names[key]), key=lambda name: sum(name in other for other in names.values())), data["summary"])
            for names, (key, data) in product(sides, found.items())
            if names[key]
        ]
        page.keyboard.press("Control+k")
        expect(page.locator("[role=combobox]")).to_be_focused()
        assert not page.evaluate(SEARCH, wanted)
        place = next(key for key, data in found.items() if data["summary"] == wanted[-1][1])
        page.locator("[role=option]").filter(has_text=wanted[-1][1]).first.click()
        expect(page).to_have_url(re.compile(f"/{place}$"))

    def test_nobody_is_shut_out(self, page: Page, name: str) -> None:
        operation_at(page, LONG[name])
        assert not violations(page)


@pytest.mark.parametrize(("language", "name", "tried", "scheme", "shown"), TRIED)
def test_an_operation_shows_badges_and_is_tried(
    visit: Visit,
    served: str,
    site: Path,
    language: str,
    name: str,
    tried: str,
    scheme: Literal["light", "dark"],
    shown: str,
) -> None:
    # Scalar needs seconds to change the colours of a page that is open.
    visit.page.goto("about:blank")
    visit.page.emulate_media(color_scheme=scheme)
    page = visit.go(f"{served}{LANGUAGES[language]}{name}.html")
    expect(page.locator("body")).to_have_class(re.compile(f"{scheme}-mode"))
    check_badges(page, site, language, INTERACTIVE[name], shown)
    # Before a dialog covers it: axe sees no colours below.
    assert not violations(page, "color-contrast")
    operation = spec.api(INTERACTIVE[name]).operations[tried]
    # Without a limit: if nothing is answered, the second dialog does not come.
    with page.expect_response(lambda answer: "/docs/" not in answer.url, timeout=0) as waiting:
        for dialog in dialogs(page, tried):
            assert not violations(page), dialog
    answer = waiting.value
    path = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(operation.path))
    assert re.search(f"{path}$", urlsplit(answer.url).path)
    assert answer.status == 200
    assert answer.request.method == operation.method
    assert answer.request.headers["authorization"] == "Bearer demo"
    assert urlsplit(answer.url)[:2] == visit.origin
    page.goto("about:blank")


def test_the_list_of_evidence_is_filtered(visit: Visit, served: str) -> None:
    page = visit.go(f"{served}es/evidence.html")
    everything = page.locator("[data-level]").count()
    count = page.locator("#shown")
    expect(count).to_have_text(str(everything))
    api, level = page.get_by_role("combobox").all()
    # One choice alone, and both: each hides rows that the others show.
    for wanted_api, wanted_level in (("neu", ""), ("", "conflict"), ("neu", "inferred")):
        api.select_option(wanted_api)
        level.select_option(wanted_level)
        chosen = page.locator(
            (f"[data-api={wanted_api}]" if wanted_api else "")
            + (f"[data-level={wanted_level}]" if wanted_level else "[data-level]")
        )
        assert 0 < chosen.count() < everything
        expect(page.locator("[data-level]:visible")).to_have_count(chosen.count())
        expect(chosen.and_(page.locator(":visible"))).to_have_count(chosen.count())
        expect(count).to_have_text(str(chosen.count()))
    api.select_option("")
    level.select_option("")
    expect(count).to_have_text(str(everything))
    expect(page.locator("[data-level]:visible")).to_have_count(everything)


@pytest.mark.parametrize(
    ("language", "level", "row"),
    [
        ("en", "inferred", "neu.Bill.account.meaning"),
        ("pt-BR", "conflict", "neu.DueDatePage.data"),
        ("es", "inferred", "neu.listUsedNeugets.meaning"),
    ],
)
def test_a_doubt_is_shared_and_looked_up(visit: Visit, served: str, language: str, level: str, row: str) -> None:
    page = visit.go(f"{served}evidence.html?api=neu&level={level}#{row}")
    # The address says what is shown, in another language too.
    page.locator(f".languages a[lang='{language}']").click()
    expect(page.locator("html")).to_have_attribute("lang", language)
    shown = page.locator("[data-level]:visible")
    everything, chosen = page.locator("[data-level]").count(), shown.count()
    assert 0 < chosen < everything
    expect(page.locator("#shown")).to_have_text(str(chosen))
    expect(page.locator(f"[id='{row}']")).to_be_in_viewport()
    page.get_by_role("combobox").first.select_option("apportionments")
    expect(page).to_have_url(re.compile(r"\?api=apportionments&level=\w+"))
    page.get_by_role("combobox").first.select_option("neu")
    # And where it stands in the reference, from where its badge leads back.
    page.locator(f"[id='{row}']").click()
    element = page.locator(f"[id='{row.removeprefix('neu.').removesuffix('.meaning')}']")
    expect(element).to_be_in_viewport()
    element.locator(f"a.badge[href='evidence.html#{row}']").first.click()
    expect(page.locator(f"[id='{row}']")).to_be_in_viewport()


def test_a_reference_is_read_without_a_script(browser: Browser, served: str) -> None:
    context = browser.new_context(java_script_enabled=False, viewport=PHONE)
    visit = Visit(context)
    for api in spec.APIS:
        page = visit.go(f"{served}{api}.html")
        for operation in spec.api(api).operations.values():
            expect(page.locator(f"[id='{operation.id}']")).to_be_visible()
    assert not visit.complaints
    context.close()


def test_a_reference_loads_little(context: BrowserContext, served: str) -> None:
    page = context.new_page()
    sizes: list[int] = []
    page.on("response", lambda answer: sizes.append(len(answer.body())))
    page.goto(f"{served}neu.html", wait_until="networkidle")
    # The page, its style and the script of the copy buttons: nothing of 4 MB.
    assert len(sizes) <= 3
    assert sum(sizes) < 400_000
    page.close()


def test_paper_has_one_sample_of_each_operation(visit: Visit, served: str) -> None:
    page = visit.go(f"{served}neu.html")
    page.emulate_media(media="print")
    expect(page.locator(".sample:visible")).to_have_count(len(spec.api("neu").operations))
    expect(page.locator(".exchange:visible")).to_have_count(len(spec.api("neu").operations))


def test_a_sample_is_copied(browser: Browser, served: str) -> None:
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(f"{served}neu.html#listAccounts")
    figure = page.locator("#listAccounts figure").first
    figure.get_by_role("button").click()
    assert page.evaluate("navigator.clipboard.readText()") == figure.locator("code").inner_text()
    context.close()


FIRST_FOUND = """async (wanted) => {
  const box = document.querySelector('[type=search]');
  const found = [];
  for (const text of wanted) {
    box.value = text;
    box.dispatchEvent(new Event('input'));
    await new Promise((resolve) => setTimeout(resolve));
    found.push(document.querySelector('.found a')?.getAttribute('href'));
  }
  return found;
}"""


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_search_finds_both_apis_and_the_guides(visit: Visit, site: Path, language: str) -> None:
    """With the keyboard alone, and without a server."""
    page = visit.go(f"{site.as_uri()}/{LANGUAGES[language]}guides.html")
    box, found = page.get_by_role("searchbox"), page.get_by_role("search").get_by_role("link")
    title = heading(site, language, GUIDES[0])
    page.keyboard.press("Control+k")
    box.fill(title)
    expect(found.first).to_contain_text(title)
    assert not violations(page)
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size(PHONE)
    assert not violations(page, "color-contrast")
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    page.keyboard.press("Escape")
    expect(found).to_have_count(0)
    expect(box).to_be_focused()
    # Another form of a word finds what has that word.
    box.fill(f"{texts(language)['reference']['paged'][:-1]}us")
    expect(found).not_to_have_count(0)
    box.fill("qqqqqqqq")
    expect(page.get_by_role("status")).to_have_text(texts(language)["script"]["nothing"])
    for api in spec.APIS:
        spec_ = document(site, language, api)
        # Accents and capitals do not count.
        plain = str.maketrans("ÁÉÍÓÚ", "AEIOU")
        wanted = {
            text: f"{api}.html#{key}"
            for key, data in operations(spec_).items()
            for text in (key, data["summary"].upper().translate(plain))
        }
        page.keyboard.press("Control+k")
        # The first search on a page waits for the index.
        box.fill(next(iter(wanted)))
        expect(found).not_to_have_count(0)
        assert page.evaluate(FIRST_FOUND, list(wanted)) == list(wanted.values())
        name = max(fields(spec_, spec_["components"]["schemas"]), key=len)
        box.fill(name)
        expect(found.first.locator("b")).to_have_text(name)
        page.keyboard.press("ArrowDown")
        expect(found.first).to_be_focused()
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(rf"/{LANGUAGES[language]}{api}\.html#.*\b{name}$"))
        expect(page.locator(f"[id='{page.url.partition('#')[2]}']")).to_be_in_viewport()
    page.keyboard.press("Control+k")
    box.fill(title)
    box.press("Enter")
    expect(page).to_have_url(re.compile(rf"/{LANGUAGES[language]}{GUIDES[0]}\.html"))


def test_without_a_script_there_is_no_search(browser: Browser, served: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{served}index.html")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_role("searchbox")).to_have_count(0)
    context.close()


def test_deleting_asks(visit: Visit, served: str) -> None:
    page = visit.go(f"{served}apportionments-interactive.html")
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.method))
    operation_at(page, "deleteApportionment").locator(".show-api-client-button").click()
    asked: list[str] = []

    def refuse(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    page.once("dialog", refuse)
    page.locator("[data-addressbar-action=send]:visible").click()
    # Nothing was sent, and so it can be sent again.
    expect(page.locator("[data-addressbar-action=send]:visible")).to_be_enabled()
    assert texts("en")["reference"]["delete"] in asked[0]
    assert "DELETE" not in requests
    visit.complaints.remove("AbortError: Not sent")
    page.once("dialog", lambda dialog: dialog.accept())
    page.locator("[data-addressbar-action=send]:visible").click()
    expect(page.locator("[role=dialog]").get_by_text("204 No Content")).to_be_visible()
    assert "DELETE" in requests


def test_axe_sees_what_is_wrong(context: BrowserContext) -> None:
    page = context.new_page()
    page.set_content(
        '<html lang="en"><img src="data:,"><p style="color: #999; background: #fff">Pale<p><button></button>'
        "<h1>One</h1><h3>Three</h3>"
    )
    found = " ".join(violations(page))
    assert all(rule in found for rule in ("image-alt: ", "color-contrast: ", "button-name: ", "heading-order: "))
    assert "Pale" in " ".join(violations(page, "color-contrast"))
    page.close()
