"""One module reads the documents of the specs; all others ask its read-model."""

import re
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
FOLDERS = ("overrides", "contract_tests", "docs", "bench")
READER = "overrides/contrato/core/document.py"
# Opens the paths of a document, in Python or in a template of Jinja.
OPENS = re.compile(r"""(\[|\bget\(|\bpop\(|\bsetdefault\()\s*(["'])paths\2|\b(spec|document|openapi)\.paths\b""")


def opening(folder: Path) -> Iterator[str]:
    """Yield each line of a program that opens the paths of a document."""
    for path in sorted(folder.rglob("*")):
        if path.suffix not in (".py", ".jinja", ".mjs", ".js") or "node_modules" in path.parts:
            continue
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            if OPENS.search(line):
                yield f"{path.relative_to(REPOSITORY).as_posix()}:{number}: {line.strip()}"


def test_no_module_but_one_opens_the_paths_of_a_document() -> None:
    found = [line for folder in FOLDERS for line in opening(REPOSITORY / folder)]
    offenders = [line for line in found if not line.startswith(f"{READER}:")]
    assert offenders == [], "use operation_nodes(document), or the read-model:\n" + "\n".join(offenders)
    # The search finds what it looks for.
    assert len(found) - len(offenders) == 1
