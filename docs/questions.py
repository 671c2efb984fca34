"""The index of evidence: what the vendors can settle, by question, with numbers that stay.

python docs/questions.py    give a number to each new question and reason
"""

import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from string import ascii_lowercase
from typing import Any
from urllib.parse import urlencode

import attrs
import yaml
from ruamel.yaml import YAML

from contrato.core import spec
from contrato.core.document import operation_nodes
from contrato.core.extensions import Evidence
from contrato.core.schema import plain_text
from contrato.core.spec import APIS, Api
from reference import key, keyed, names

# By API and number, the id of an open question, or the English of a reason; then, by API and theme, the numbers of the
# reasons about it; then, by API and question, those of the reasons that its answer settles. A reason in other words
# keeps its number: change it here too.
NUMBERS = Path(__file__).with_name("numbers.yaml")
CITE = re.compile(rf"\b(?:{'|'.join(APIS)})#(?=L\d)")
LINES = re.compile(r"#(L\d+(?:-L\d+)?)")
SENTENCE = re.compile(r"\.(?: |$)")
# Not to be settled: a document or a server has, or nobody is asked.
CERTAIN = ("documented", "observed", "invented")
# The order within a theme.
LEVELS = ("open", "conflict", "inferred")

Steps = tuple[str, ...]


@attrs.frozen
class Place:
    """A place in a spec that a topic is about: a part of `owner`; `reading` is ours of an open question."""

    key: str
    owner: str
    part: str
    reading: str = ""


@attrs.frozen
class Topic:
    """Something to be settled: an open question, or one reason for what is inferred or in conflict.

    Attributes:
        subject: The id of the question, or the reason in English.
        group: The theme, by which questions and reasons stand together; the level of a reason that has none yet.
        which: Readings that leave something to be named.
        answered: The name of the question whose answer settles a reason.
        cites: Lines of the vendor's document about it, those inside the reason included.

    """

    api: str
    name: str
    number: int
    subject: str
    level: str
    group: str
    question: str
    why: Evidence
    readings: Mapping[str, str]
    places: list[Place]
    which: Sequence[str] = ()
    answered: str = ""
    cites: str = ""

    @property
    def id(self) -> str:
        """Its anchor, by which it is cited."""
        return f"{self.api}-{self.number}"

    @property
    def reason(self) -> str:
        """Why it is to be settled, as a sentence."""
        found = CITE.sub("", self.why.reason)
        # A name of the API stays as it is: Id_alarm is another one than id_alarm.
        is_name = found.partition(" ")[0].strip(",;:") in spec.api(self.api).words
        return f"{found if is_name else found[:1].upper() + found[1:]}."

    @property
    def differs(self) -> bool:
        """True if our reading is not the same everywhere."""
        return len(self.ours) > 1

    @property
    def ours(self) -> dict[str, list[Place]]:
        """Places by our reading there."""
        found = defaultdict(list)
        for place in self.places:
            found[place.reading].append(place)
        return dict(found)

    def form(self, words: Mapping[str, str]) -> str:
        """Return it as text with a line for the answer."""
        lines = [f"{self.name}. {self.question or listed(self.places)}"]
        for letter, (name, text) in zip(ascii_lowercase, self.readings.items(), strict=False):
            ours = f" ← {words['ours']}" if name in self.ours else ""
            places = f": {listed(self.ours[name])}" if ours and self.differs else ""
            lines.append(f"   {letter}) {text}{ours}{places}")
            if name in self.which:
                lines.append(f"      {words['which']} ____")
        lines.append(f"   {words['why']}: {self.reason}" if self.question else f"   {self.reason}")
        if self.cites:
            lines.append(f"   {words['source']}: {self.cites}")
        if self.answered:
            return "\n".join([*lines, f"   {words['answered'].replace('NUMBER', self.answered)}"])
        if not self.differs and self.question:
            lines.append(f"   {words['places']}: {listed(self.places)}")
        answers = [(words["answer" if self.question else "right"], self.places)]
        if self.differs:
            # Where we read it in several ways, the answer may differ, too.
            lettered = zip(ascii_lowercase, self.readings, strict=False)
            ours_at = [(letter, self.ours[name]) for letter, name in lettered if name in self.ours]
            answers = [(words["answer_at"].replace("LETTER", letter), found) for letter, found in ours_at]
        for answer, found in answers:
            lines.append(f"   {answer}: ____")
            if len(found) > 1:
                lines.append(f"      {words['except']}: ____")
        return "\n".join(lines)

    def issue(self, repository: str, words: Mapping[str, str]) -> str:
        """Return the address of an issue prefilled with it."""
        title = f"{self.name}: {self.question or self.reason}"
        return f"{repository}/issues/new?{urlencode({'title': title[:200], 'body': self.form(words)})}"


def owned(places: Iterable[Place]) -> dict[str, list[Place]]:
    """Return places by what they are parts of."""
    found = defaultdict(list)
    for place in places:
        found[place.owner].append(place)
    return dict(found)


def listed(places: Iterable[Place]) -> str:
    """Return the names of places as text."""
    parts = {owner: ", ".join(filter(None, (it.part for it in inside))) for owner, inside in owned(places).items()}
    return "; ".join(f"{owner}: {part}" if part else owner for owner, part in parts.items())


def grouped(api: Api, topics: Iterable[Topic]) -> dict[str, list[Topic]]:
    """Return the topics of a spec by group: the themes in its order, in each what is open first."""
    groups = dict.fromkeys([*(it.theme for it in api.questions.values()), *themes(api.name).values(), *LEVELS])
    ranked = sorted(topics, key=lambda topic: LEVELS.index(topic.level))
    found = {group: [it for it in ranked if it.api == api.name and it.group == group] for group in groups}
    return {group: inside for group, inside in found.items() if inside}


def where(api: Api, steps: Steps, part: str, words: Mapping[str, str]) -> tuple[str, str]:
    """Return the name of a place for a reader of the vendor's document: what it is a part of, and the part."""
    first, *inside = names(steps) or [""]
    bodies = {it.body.schema.component: it.id for it in api.operations.values() if it.body}
    operation = api.operations.get(bodies.get(first, first))
    if steps[0] == "paths":
        methods = (method.upper() for path, method, *_ in operation_nodes(api.document) if path == first)
        owner = f"{', '.join(methods)} {first}"
    elif operation:
        owner = f"{operation.summary} ({operation.id})"
    elif steps[0] != "components" or steps[1] == "securitySchemes":
        owner = words["security"] if "securitySchemes" in steps else words.get(first or "api", first)
    elif steps[1] == "responses":
        answers = [answer for *_, node in operation_nodes(api.document) for answer in node["responses"].items()]
        statuses = (str(status) for status, answer in answers if answer.get("$ref", "").rpartition("/")[2] == first)
        owner = f"{', '.join(dict.fromkeys(statuses))} ({first})"
    else:
        said = api.document["components"][steps[1]][first].get("description", "")
        owner = f"{SENTENCE.split(plain_text(said))[0]} ({first})"
    inside = [words["body"] if step == "requestBody" else step for step in inside]
    return owner, " · ".join([*inside, *([words[part].lower()] if part else ())])


def numbers(api: str) -> dict[str, int]:
    """Return the numbers of the topics of an API, by question id or English reason."""
    return {text: number for number, text in yaml.safe_load(NUMBERS.read_text("utf-8")).get(api, {}).items()}


def themes(api: str) -> dict[int, str]:
    """Return the themes of the reasons of an API, by number."""
    found = yaml.safe_load(NUMBERS.read_text("utf-8")).get("themes", {}).get(api, {})
    return {number: theme for theme, numbered in found.items() for number in numbered}


def answered(api: str) -> dict[int, int]:
    """Return the numbers of the reasons that the answer to a question settles, with that of the question."""
    found = yaml.safe_load(NUMBERS.read_text("utf-8")).get("answered", {}).get(api, {})
    return {number: question for question, reasons in found.items() for number in reasons}


def subjects(api: Api) -> Iterator[tuple[str, Steps, str, Evidence]]:
    """Yield what is to be settled in a spec: the id of a question or a reason, the place, the part and the evidence."""
    for site in api.open_sites():
        if site.opening.settled is None:
            yield site.opening.question.id, site.keys, "", site.opening.evidence
    for steps, part, evidence in api.statements():
        if evidence.level not in (*CERTAIN, "open"):
            yield evidence.reason, steps, part, evidence


def topics(api: Api, english: Api, words: Mapping[str, str]) -> list[Topic]:
    """Return what is to be settled in a spec in some language; `english` is the same spec in English."""
    known, themed, settled = numbers(api.name), themes(api.name), answered(api.name)
    # A number is cited in all languages.
    name = english.title.partition(" API")[0]
    found: dict[str, list[tuple[Steps, str, Evidence]]] = defaultdict(list)
    for (subject, *_), (_, steps, part, evidence) in zip(subjects(english), subjects(api), strict=True):
        found[subject].append((steps, part, evidence))
    last = max(known.values(), default=0)
    ours = {(site.opening.question.id, site.keys): site.opening.ours for site in api.open_sites()}
    # A settled question is not asked any more.
    asked = {known.get(subject) for subject in found if subject in api.questions}
    made = []
    for subject, places in found.items():
        # A spec that is being changed has topics without a number of their own yet.
        last += subject not in known
        question = api.questions.get(subject)
        evidence = places[0][2]
        number = known.get(subject, last)
        whys = [question.why] if question else [evidence for *_, evidence in places]
        made.append(
            Topic(
                api.name,
                f"{name}-{number}",
                number,
                subject,
                "open" if question else evidence.level,
                question.theme if question else themed.get(number, evidence.level),
                question.question if question else "",
                question.why if question else evidence,
                question.readings if question else {},
                [
                    Place(key(keyed(api, steps), part), *where(api, steps, part, words), ours.get((subject, steps), ""))
                    for steps, part, _ in places
                ],
                question.which if question else (),
                f"{name}-{settled[number]}" if settled.get(number) in asked else "",
                # Several places may have one reason, each with lines of its own.
                ", ".join(dict.fromkeys(line for it in whys for line in LINES.findall(it))),
            )
        )
    return sorted(made, key=lambda topic: topic.number)


def missing(api: Api) -> list[str]:
    """Return the questions and reasons of a spec that have no number."""
    known = numbers(api.name)
    return [subject for subject in dict.fromkeys(subject for subject, *_ in subjects(api)) if subject not in known]


def unthemed(api: Api) -> list[int]:
    """Return the numbers of the reasons without a theme."""
    known = themes(api.name)
    return [number for it, number in numbers(api.name).items() if it not in api.questions and number not in known]


def gone(api: Api) -> list[str]:
    """Return the numbered questions and reasons that a spec does not have."""
    present = {subject for subject, *_ in subjects(api)}
    return [subject for subject in numbers(api.name) if subject not in present]


def assign(apis: Iterable[Api]) -> None:
    """Write numbers for what has none; a number is never given twice."""
    # It keeps comments, and lists on one line.
    ruamel = YAML()
    ruamel.width = 10_000
    written: dict[str, Any] = ruamel.load(NUMBERS)
    for api in apis:
        for subject in missing(api):
            mine = written.setdefault(api.name, {})
            mine[max(mine, default=0) + 1] = subject
    ruamel.dump(written, NUMBERS)


def main() -> int:
    """Run the command line."""
    apis = [spec.api(name) for name in APIS]
    assign(apis)
    left = [f"{api.name}: no longer in the spec: {subject}" for api in apis for subject in gone(api)]
    left += [f"{api.name}: {number} needs a theme, in {NUMBERS.name}" for api in apis for number in unthemed(api)]
    print("\n".join(left) or "Every question and reason has a number, and every reason a theme.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
