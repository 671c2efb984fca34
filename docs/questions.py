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
from contrato.core.extensions import Evidence
from contrato.core.spec import APIS, Api
from reference import key, keyed, names

# By API and number, the id of an open question, or the English of a reason; then, by API and theme, the numbers of the
# reasons about it. A reason in other words keeps its number: change it here too.
NUMBERS = Path(__file__).with_name("numbers.yaml")
CITE = re.compile(rf"\b(?:{'|'.join(APIS)})#(?=L\d)")
# Not to be settled: a document or a server has, or nobody is asked.
CERTAIN = ("documented", "observed", "invented")
# The order within a theme.
LEVELS = ("open", "conflict", "inferred")

Steps = tuple[str, ...]


@attrs.frozen
class Place:
    """A place in a spec that a topic is about; `reading` is ours of an open question."""

    key: str
    where: str
    reading: str = ""


@attrs.frozen
class Topic:
    """Something to be settled: an open question, or one reason for what is inferred or in conflict.

    Attributes:
        subject: The id of the question, or the reason in English.
        group: The theme, by which questions and reasons stand together; the level of a reason that has none yet.
        which: Readings that leave something to be named.

    """

    api: str
    number: int
    subject: str
    level: str
    group: str
    question: str
    why: Evidence
    readings: Mapping[str, str]
    places: list[Place]
    which: Sequence[str] = ()

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
    def cites(self) -> str:
        """Lines of the vendor's document about it."""
        return ", ".join(cite.partition("#")[2] for cite in self.why.citations)

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
        lines = [f"{words['short']}-{self.number}. {self.question or self.reason}"]
        for letter, (name, text) in zip(ascii_lowercase, self.readings.items(), strict=False):
            ours = f" ← {words['ours']}" if name in self.ours else ""
            places = f": {listed(self.ours[name])}" if ours and self.differs else ""
            lines.append(f"   {letter}) {text}{ours}{places}")
            if name in self.which:
                lines.append(f"      {words['which']} ____")
        if self.question:
            lines.append(f"   {words['why']}: {self.reason}")
        if self.cites:
            lines.append(f"   {words['source']}: {self.cites}")
        if not self.differs:
            return "\n".join([*lines, f"   {words['places']}: {listed(self.places)}", f"   {words['answer']}: "])
        # Where we read it in several ways, the answer may differ, too.
        letters = [letter for letter, name in zip(ascii_lowercase, self.readings, strict=False) if name in self.ours]
        return "\n".join([*lines, *(f"   {words['answer_at'].replace('LETTER', letter)}: " for letter in letters)])

    def issue(self, repository: str, words: Mapping[str, str]) -> str:
        """Return the address of an issue prefilled with it."""
        title = f"{words['short']}-{self.number}: {self.question or self.reason}"
        return f"{repository}/issues/new?{urlencode({'title': title[:200], 'body': self.form(words)})}"


def listed(places: Iterable[Place]) -> str:
    """Return the names of places as text."""
    return ", ".join(place.where for place in places)


def grouped(api: Api, topics: Iterable[Topic]) -> dict[str, list[Topic]]:
    """Return the topics of a spec by group: the themes in its order, in each what is open first."""
    groups = dict.fromkeys([*(it.theme for it in api.questions.values()), *themes(api.name).values(), *LEVELS])
    ranked = sorted(topics, key=lambda topic: LEVELS.index(topic.level))
    found = {group: [it for it in ranked if it.api == api.name and it.group == group] for group in groups}
    return {group: inside for group, inside in found.items() if inside}


def where(api: Api, steps: Steps, part: str, words: Mapping[str, str]) -> str:
    """Return the name of a place for a reader."""
    found = [words["body"] if step == "requestBody" else step for step in names(steps)]
    bodies = {it.body.schema.component: it.id for it in api.operations.values() if it.body}
    if steps[:2] == ("components", "schemas") and steps[2] in bodies:
        # A reader knows the operation that sends it.
        return " · ".join([bodies[steps[2]], *found[1:], *([words[part].lower()] if part else ())])
    if "securitySchemes" in steps:
        found = [words["security"]]
    found = [words.get(found[0], found[0]), *found[1:]] if found else [words["api"]]
    if steps[:2] == ("components", "schemas"):
        found = [".".join(found)]
    return " · ".join([*found, words[part].lower()] if part else found)


def numbers(api: str) -> dict[str, int]:
    """Return the numbers of the topics of an API, by question id or English reason."""
    return {text: number for number, text in yaml.safe_load(NUMBERS.read_text("utf-8")).get(api, {}).items()}


def themes(api: str) -> dict[int, str]:
    """Return the themes of the reasons of an API, by number."""
    found = yaml.safe_load(NUMBERS.read_text("utf-8")).get("themes", {}).get(api, {})
    return {number: theme for theme, numbered in found.items() for number in numbered}


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
    known, themed = numbers(api.name), themes(api.name)
    found: dict[str, list[tuple[Steps, str, Evidence]]] = defaultdict(list)
    for (subject, *_), (_, steps, part, evidence) in zip(subjects(english), subjects(api), strict=True):
        found[subject].append((steps, part, evidence))
    last = max(known.values(), default=0)
    ours = {(site.opening.question.id, site.keys): site.opening.ours for site in api.open_sites()}
    made = []
    for subject, places in found.items():
        # A spec that is being changed has topics without a number of their own yet.
        last += subject not in known
        question = api.questions.get(subject)
        evidence = places[0][2]
        made.append(
            Topic(
                api.name,
                known.get(subject, last),
                subject,
                "open" if question else evidence.level,
                question.theme if question else themed.get(known.get(subject, last), evidence.level),
                question.question if question else "",
                question.why if question else evidence,
                question.readings if question else {},
                [
                    Place(
                        key(keyed(api, steps), part), where(english, steps, part, words), ours.get((subject, steps), "")
                    )
                    for steps, part, _ in places
                ],
                question.which if question else (),
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
