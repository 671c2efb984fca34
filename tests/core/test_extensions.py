"""Evidence as the specs have it."""

import pytest

from contrato.core.extensions import Evidence


@pytest.mark.parametrize(
    ("text", "level", "citations", "reason"),
    [
        ("documented neu#L40-L62", "documented", ("neu#L40-L62",), ""),
        ("inferred: as neu#L3 says: no path", "inferred", (), "as neu#L3 says: no path"),
        ("conflict neu#L46 neu#L130: the first", "conflict", ("neu#L46", "neu#L130"), "the first"),
        ("plausible: physics", "plausible", (), "physics"),
        ("", "", (), ""),
    ],
)
def test_evidence_has_a_level_citations_and_a_reason(
    text: str, level: str, citations: tuple[str, ...], reason: str
) -> None:
    evidence = Evidence(text)
    assert (evidence.level, evidence.citations, evidence.reason) == (level, citations, reason)
    assert evidence == text
