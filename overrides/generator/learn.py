"""Apply what recordings show to a spec, comments and order kept: `make learn API=neu HAR=session.har`.

`git diff` is the review. The translations of evidence that is observed now are dropped: dates and counts have no words.
"""

import argparse
import copy
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

import overlays
from contrato.core.document import operation_nodes, path_items
from contrato.core.overlay import apply, load
from contrato.core.spec import APIS

ROOT = Path(__file__).resolve().parents[2]


def yaml() -> YAML:
    """Return a reader and writer that keeps the form of the specs."""
    made = YAML()
    made.width = 4096
    made.preserve_quotes = True
    made.indent(mapping=2, sequence=4, offset=2)
    made.representer.add_representer(
        type(None), lambda representer, _: representer.represent_scalar("tag:yaml.org,2002:null", "null")
    )
    return made


def change(source: Path, overlay: Mapping[str, Any]) -> None:
    """Apply an overlay to a spec, and carry its translations over.

    Raises:
        ValueError: The overlay is not one of this spec.

    """
    before = overlays.wanted(source)
    form = yaml()
    document = form.load(source.read_text("utf-8"))
    order = {node["operationId"]: n for n, (*_, node) in enumerate(operation_nodes(document))}
    apply(document, overlay, copy.deepcopy)
    paths = path_items(document)
    places = {path: order[node["operationId"]] for path, _, _, node in reversed(list(operation_nodes(document)))}
    for path in sorted(paths, key=places.__getitem__):
        paths.move_to_end(path)
    for *_, node in operation_nodes(document):
        if "responses" in node:
            node.move_to_end("responses")
    with source.open("w", encoding="utf-8") as stream:
        form.dump(document, stream)
    after = overlays.wanted(source)
    for language in overlays.LANGUAGES:
        overlays.carry(source, language, before, after)


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="overrides/generator/learn.py", description=__doc__.partition("\n")[0])
    parser.add_argument("api", choices=APIS)
    parser.add_argument("recordings", nargs="*", metavar="FILE", help="recordings (HAR)")
    parser.add_argument("--overlay", metavar="FILE", help="apply this overlay instead")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        file = Path(options.overlay or Path(directory) / "overlay.json")
        if not options.overlay:
            command = [str(Path(sys.executable).with_name("contrato")), "learn", options.api, "-o", str(file)]
            done = subprocess.run([*command, *(f"--har={each}" for each in options.recordings)])
            if not file.exists():
                return done.returncode or 2
        try:
            change(ROOT / "spec" / f"{options.api}.yaml", load(file))
        except ValueError as error:
            print(error, file=sys.stderr)
            return 2
    print(f"spec/{options.api}.yaml is changed: look at git diff, then make generate check test contract docs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
