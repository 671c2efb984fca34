"""Values of answers in sentences of ours: they are cited, so that reports can replace them and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from contrato.core import spec
from contrato.verify.documents import CITED
from contrato.verify.findings import Violation

WORDS = {word for api in spec.APIS for word in spec.api(api).words}


def assert_cited(finding: Violation) -> None:
    """No text of an answer is in a finding's own words."""
    ours = CITED.sub(" ", f"{finding.expected} {finding.found}")
    assert "\ufdd1" not in ours
    for exchange in finding.exchanges:
        for text in texts(exchange.json):
            if len(text) > 3 and text not in WORDS:
                assert not re.search(rf"(?<!\w){re.escape(text)}(?!\w)", ours), (text, ours)


def texts(document: Any) -> Iterator[str]:
    """All texts of a document."""
    if isinstance(document, str):
        yield document
    elif isinstance(document, list | dict):
        for inner in document.values() if isinstance(document, dict) else document:
            yield from texts(inner)


def plain(text: str) -> str:
    """A sentence without the marks of what it cites."""
    return CITED.sub(r"\1", text)
