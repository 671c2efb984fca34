"""A run as one HTML page that needs nothing else: for somebody who has only the page."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from contrato.core import spec as specs
from contrato.verify._report import Failure, Outcome, Report, Verdict, alike, grouped, tally, whose
from contrato.verify._rules import Layer
from contrato.verify._stock import rules

LONGEST = 1500
"""Characters of a request's or an answer's body on the page."""


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
        loader=PackageLoader("contrato.verify", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["body"] = body
    document = specs.load(report.api)
    environment.filters["evidence"] = partial(evidence, document["info"].get("x-sources", {}))
    cases = report.cases()
    page = environment.get_template("report.html.jinja").render(
        report=report,
        title=document["info"]["title"],
        layers=[layer for layer in Layer if any(case.rule.layer is layer for case in cases)],
        cases={key: list(group) for key, group in groupby(cases, lambda case: case.operation)},
        requests={node["operationId"]: f"{method.upper()} {path}" for path, method, node in _operations(document)},
        numbered=[
            (operation, list(group))
            for operation, group in groupby(enumerate(alike(report.failures), 1), lambda pair: whose(pair[1]))
        ],
        alike=alike,
        again=again,
        tally=tally,
        rules=rules(),
        moving=grouped(gap for gap in report.gaps if not gap.lasting),
        lasting=grouped(gap for gap in report.gaps if gap.lasting),
        Outcome=Outcome,
        Verdict=Verdict,
    )
    path.write_text(page, "utf-8", "xmlcharrefreplace")


def _operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, node)
        for path, item in document["paths"].items()
        for method, node in item.items()
        if isinstance(node, dict) and "operationId" in node
    ]


@dataclass(frozen=True)
class Evidence:
    """What a rule rests on, for a reader.

    Attributes:
        kinds: `documented`, `inferred`, `conflict`, `plausible`.
        sources: Lines of the vendors' documents, by title.
        text: The spec's own words.
    """

    kinds: tuple[str, ...]
    sources: dict[str, list[str]]
    text: str


def evidence(titles: Mapping[str, Mapping[str, Any]], text: str) -> Evidence:
    """Take the spec's `x-evidence` apart."""
    kinds = dict.fromkeys(re.findall(r"(?:^|[; ])(documented|inferred|conflict|plausible)\b", text))
    sources: dict[str, list[str]] = {}
    for name, first, last in re.findall(r"\b(\w+)#L(\d+)(?:-L(\d+))?", text):
        lines = sources.setdefault(str(titles.get(name, {}).get("title", name)), [])
        lines.append(f"{first}\N{EN DASH}{last}" if last else first)
    reason = re.sub(r"^\w+[^:]*: ", "", text) if ": " in text else ""
    return Evidence(tuple(kinds), sources, reason)


def body(content: bytes, finding: Failure) -> Markup:
    """An excerpt of a body: JSON laid out, with few elements of each array, the one with what was found among them."""
    try:
        text = json.dumps(_few(json.loads(content), finding.found), indent=2, ensure_ascii=False)
    except (RecursionError, ValueError):
        text = content.decode("utf-8", "replace")
    rest = len(text) - LONGEST
    excerpt = escape(text if rest <= 0 else f"{text[:LONGEST]}\n… {rest} more characters")
    name = escape(json.dumps(re.split(r"[/.]", finding.field)[-1], ensure_ascii=False))
    return excerpt.replace(name, Markup("<mark>{}</mark>").format(name))


def _few(value: Any, found: str) -> Any:
    if isinstance(value, dict):
        return {key: _few(inner, found) for key, inner in value.items()}
    if not isinstance(value, list) or len(value) <= 2:
        return [_few(item, found) for item in value] if isinstance(value, list) else value
    telling = [item for item in value if found and found in json.dumps(item, ensure_ascii=False)]
    item = (telling or value)[0]
    return [_few(item, found), f"… {len(value) - 1} more"]
