"""A run as one HTML page that needs nothing else: for somebody who has only the page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from contrato.core import spec as specs
from contrato.core.extensions import Source
from contrato.verify.documents import places
from contrato.verify.findings import Layer
from contrato.verify.hiding import token_variable
from contrato.verify.reports.report import Failure, Outcome, Report, alike, curl_of
from contrato.verify.reports.terminal import broken, found_at, grouped, tally, whose
from contrato.verify.rules import RULES
from contrato.verify.texts import visible

LONGEST = 4000
"""Characters of a request's or an answer's body on the page."""

SHOWN = 3
"""Elements of an array on the page, if a finding names so many."""

TELLING = 3
"""Characters of a word that tells records apart; a shorter one, say 0 or 30, is also in others."""

DAY = len("2026-11-22")


def write(path: Path, report: Report, again: str) -> None:
    """Write a report.

    Args:
        path: The file.
        report: A finished report.
        again: The command that repeats the run.

    Raises:
        OSError: The file cannot be written.
    """
    environment = Environment(
        loader=PackageLoader("contrato.verify.reports", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value,
    )
    environment.filters["body"] = body
    api = specs.api(report.api)
    environment.filters["evidence"] = partial(evidence, api.sources)
    variable = token_variable(report.api)
    environment.filters["command"] = lambda exchange: curl_of(exchange, variable)
    cases = report.cases()
    requests = {name: f"{operation.method} {operation.path}" for name, operation in api.operations.items()}
    page = environment.get_template("report.html.jinja").render(
        report=report,
        title=api.title,
        layers=[layer for layer in Layer if any(case.rule.layer is layer for case in cases)],
        cases={key: list(group) for key, group in groupby(cases, lambda case: case.operation)},
        requests=requests,
        units=_units(api),
        questions=api.questions,
        absent=requests.keys() - {row.operation for row in report.operations},
        # Of `answer` nothing is counted as long as it holds.
        unused=RULES.keys() - {"answer", *(case.rule.name for case in cases)},
        numbered=[
            (operation, list(group))
            for operation, group in groupby(enumerate(alike(report.failures), 1), lambda pair: whose(pair[1]))
        ],
        alike=alike,
        broken=broken,
        found_at=found_at,
        whose=whose,
        again=again,
        variable=variable,
        tally=tally,
        rules=RULES,
        moving=grouped(each for each in report.not_judged if not each.lasting),
        lasting=grouped(each for each in report.not_judged if each.lasting),
        Outcome=Outcome,
    )
    path.write_text(page, "utf-8", "xmlcharrefreplace")


def _units(api: specs.Api) -> dict[tuple[str, str], str]:
    """Units of what is in answers, by (operationId, JSON pointer)."""
    return {
        (operation.id, pointer): schema.unit
        for operation in api.operations.values()
        for response in operation.responses.values()
        for pointer, schema in places(response.schema if response.succeeded else None)
        if schema.unit
    }


@dataclass(frozen=True)
class Evidence:
    """The evidence of a rule, for a reader.

    Attributes:
        kinds: `documented`, `observed`, `inferred`, `conflict`, `open`, `plausible`.
        sources: Lines of the vendors' documents, by title.
        text: The spec's own words.
    """

    kinds: tuple[str, ...]
    sources: dict[str, list[str]]
    text: str


_KIND = re.compile(r"(?:[1-5][\dX]{2} )?(documented|observed|inferred|conflict|open|plausible)\b")
"""How evidence begins, that of one status among several too. A reason may have these words as well."""


def evidence(named: Mapping[str, Source], text: str) -> Evidence:
    """Take the spec's `x-evidence` apart."""
    begins = (_KIND.match(part) for part in text.split("; "))
    kinds = dict.fromkeys(match[1] for match in begins if match)
    sources: dict[str, list[str]] = {}
    for name, first, last in re.findall(r"\b(\w+)#L(\d+)(?:-L(\d+))?", text):
        lines = sources.setdefault(named[name].title if name in named else name, [])
        lines.append(f"{first}\N{EN DASH}{last}" if last else first)
    reason = re.sub(r"^\w+[^:]*: ", "", text) if ": " in text else ""
    return Evidence(tuple(kinds), sources, reason)


def body(content: bytes, finding: Failure, is_answer: bool = False) -> Markup:
    """An excerpt of a body: JSON laid out, with the few elements of each array that the finding is about, marked."""
    named = _words(f"{finding.expected} {finding.found}")
    name = re.split(r"[/.]", finding.field)[-1]
    try:
        lines = list(_laid_out(_few(json.loads(content), finding, named, name)))
    except (RecursionError, ValueError):
        return escape(_cut(visible(content.decode("utf-8", "replace"))))
    at = [line for line in lines if _is_at(line.path, finding.field, is_answer)]
    # Of several places, those with the value that was found.
    found = _words(finding.found)
    marked = [line for line in at if line.plain in found] or at
    marked += [line for line in lines if _weight(_in(line.plain, named))[0]]
    shown: list[Markup] = []
    length = 0
    for line in lines:
        written = [visible(part) for part in (line.indent, line.key + line.text, line.comma)]
        length += sum(map(len, written))
        if length > LONGEST:
            shown.append(Markup(f"… {len(lines) - len(shown)} more lines"))
            break
        mark = Markup("{}<mark>{}</mark>{}") if line in marked else Markup("{}{}{}")
        shown.append(mark.format(*written))
    return Markup("\n").join(shown)


def _cut(text: str) -> str:
    rest = len(text) - LONGEST
    return text if rest <= 0 else f"{text[:LONGEST]}\n… {rest} more characters"


@dataclass(frozen=True)
class _Line:
    """A line of JSON that is laid out.

    Attributes:
        text: What stands there without the key.
        path: Where it is: names, and `*` for any element of an array.
    """

    indent: str
    key: str
    text: str
    comma: str
    path: tuple[str, ...]

    @property
    def plain(self) -> str:
        return self.text.strip('"')


def _laid_out(
    value: Any, path: tuple[str, ...] = (), key: str = "", indent: str = "", comma: str = ""
) -> Iterator[_Line]:
    if not isinstance(value, dict | list) or not value:
        yield _Line(indent, key, json.dumps(value, ensure_ascii=False), comma, path)
        return
    begin, end = "[]" if isinstance(value, list) else "{}"
    yield _Line(indent, key, begin, "", path)
    pairs = [("*", each) for each in value] if isinstance(value, list) else list(value.items())
    for number, (name, inner) in enumerate(pairs, 1):
        inner_key = "" if isinstance(value, list) else f"{json.dumps(name, ensure_ascii=False)}: "
        yield from _laid_out(inner, (*path, name), inner_key, f"{indent}\t", "," if number < len(pairs) else "")
    yield _Line(indent, "", end, comma, ())


def _is_at(path: tuple[str, ...], field: str, is_answer: bool) -> bool:
    """True for a place in an answer that a pointer leads to; in a request for anything of its last name."""
    parts = tuple(part.replace("~1", "/").replace("~0", "~") for part in re.split(r"[/.]", field)[1:])
    return bool(parts and path) and (path == parts if is_answer and field.startswith("/") else path[-1] == parts[-1])


def _words(text: str) -> frozenset[str]:
    """Names of records in a finding's words: ids, days, numbers, and placeholders of personal data."""
    return frozenset(re.findall(r"\[\w+ \d+\]|-?\w(?:[\w.:+-]*\w)?", text))


def _in(value: str, named: frozenset[str]) -> frozenset[str]:
    return named & {value, value[:DAY]}


def _hits(value: Any, named: frozenset[str], name: str) -> frozenset[str]:
    """Those of `named` that are in a value; of a list, in the one element that has most."""
    if isinstance(value, list):
        return max((_hits(item, named, name) for item in value), key=_weight, default=frozenset())
    if isinstance(value, dict):
        found = {key: _hits(inner, named, name) for key, inner in value.items()}
        # The same value tells more at the field that the finding is at.
        return frozenset().union(*found.values(), (f"={hit}" for hit in found.get(name, ())))
    return _in(value if isinstance(value, str) else json.dumps(value), named)


def _weight(hits: Iterable[str]) -> tuple[int, int]:
    words = list(hits)
    return sum(len(word) for word in words if len(word) >= TELLING and not word.startswith("=")), len(words)


def _chosen(values: Sequence[Any], finding: Failure, named: frozenset[str], name: str) -> list[int]:
    """Indices of the elements that a finding names, each for something that those before it lack; or of the first."""
    hits = [_hits(value, named, name) for value in values]
    if not any(hits):
        found = finding.found
        cited = (n for n, value in enumerate(values) if found and found in json.dumps(value, ensure_ascii=False))
        return [next(cited, 0)]
    chosen: list[int] = []
    for _ in range(SHOWN):
        best = max(range(len(values)), key=lambda n: _weight(hits[n]))
        if chosen and not _weight(hits[best])[0]:
            break
        chosen.append(best)
        seen = hits[best]
        hits = [each - seen for each in hits]
    return sorted(chosen)


def _few(value: Any, finding: Failure, named: frozenset[str], name: str) -> Any:
    if isinstance(value, dict):
        return {key: _few(inner, finding, named, name) for key, inner in value.items()}
    if not isinstance(value, list):
        return value
    chosen = range(len(value)) if len(value) <= 2 else _chosen(value, finding, named, name)
    shown: list[Any] = []
    for before, n in pairwise([-1, *chosen, len(value)]):
        left_out = n - before - 1
        shown += [f"… {left_out} more"] * bool(left_out)
        shown += [_few(item, finding, named, name) for item in value[n : n + 1]]
    return shown
