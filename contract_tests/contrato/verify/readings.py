"""The readings of open questions that a server follows: one at each place, for the whole run."""

from __future__ import annotations

from collections import defaultdict

from contrato.core.spec import Api
from contrato.verify.findings import Reading, Violation


class Readings:
    """Collects what answers tell of the questions that the spec leaves open.

    Args:
        spec: Has the questions.
    """

    def __init__(self, spec: Api) -> None:
        self._spec = spec
        self._seen: defaultdict[tuple[str, str, str], dict[str, Reading]] = defaultdict(dict)

    def see(self, reading: Reading) -> Violation | None:
        """Take up a reading; a violation if the server followed another one at the same place, and has to choose."""
        seen = self._seen[reading.operation, reading.question, reading.field]
        if reading.reading in seen:
            return None
        earlier = next(iter(seen.values()), None)
        seen[reading.reading] = reading
        question = self._spec.questions[reading.question]
        if earlier is None or question.mixed or len(seen) > 2:
            return None
        said = [f"{each.reading}: {question.readings[each.reading]}" for each in (earlier, reading)]
        return Violation(
            reading.operation,
            reading.field,
            f"one answer to: {question.question}",
            " Then ".join(said),
            question.why,
            (*earlier.exchanges[-1:], *reading.exchanges[-1:]),
        )

    def told(self) -> dict[str, dict[str, list[str]]]:
        """The places at which each reading was seen, by question and reading; questions without one are empty."""
        found: dict[str, dict[str, list[str]]] = {name: {} for name in self._spec.questions}
        for (operation, question, field), seen in self._seen.items():
            for reading in seen:
                found[question].setdefault(reading, []).append(f"{operation} {field}".strip())
        return found
