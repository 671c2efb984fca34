"""Build the published reference, build/site/: static, in three languages, and without a request to any other host.

python docs/build.py            build it
python docs/build.py --serve    serve it at /docs beside the bundled server, so that "try it" works
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
from base64 import b64encode
from io import BytesIO
from itertools import zip_longest
from pathlib import Path
from typing import Any

import yaml

import overlays
import pages
from contrato.core.spec import APIS
from generator import diff
from generator.verdict import Verdict
from pages import LANGUAGES, Change

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "build" / "site"
BIN = ROOT / "node_modules" / ".bin"
# Not in package.json: under Node 20 npm takes 1.46 for it, and all that it would install is in the one file already.
SCALAR = "@scalar/api-reference@1.72.1"
SCALAR_SHA512 = "XpEJ0rfc/cXbCrR+iC4kK0o/WwX2dTtGQbT049OlPKAHD6IMIFdTeGz2r+M27P2EDWKyUITRm/NzlP8z2pw/Ow=="
SCALAR_FILE = "package/dist/browser/standalone.js"
# The spec's examples, not values drawn by chance: a version's file never changes.
POSTMAN = (
    "folderStrategy=Tags,parametersResolution=Example,requestParametersResolution=Example,"
    "exampleParametersResolution=Example"
)
# The oldest first; the last key counts first.
TAGS = ("git", "tag", "--list", "v*", "--sort=version:refname", "--sort=creatordate")
ENVIRONMENT = os.environ | {"REDOCLY_TELEMETRY": "off"}


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    """Return the output of a tool; its failure ends the build."""
    done = subprocess.run(command, cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{Path(command[0]).name} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def bundle(source: Path, language: str, to: Path) -> dict[str, Any]:
    """Write a spec in a language as YAML and JSON, and return it."""
    suffix = "" if language == "en" else f".{language}"
    to.mkdir(parents=True, exist_ok=True)
    file = to / f"{source.stem}{suffix}.json"
    with tempfile.TemporaryDirectory() as directory:
        options: list[str | Path] = []
        # A spec without a translation is in English in each language.
        if suffix and overlays.path(source, language).exists():
            overlay = Path(directory) / "overlay.json"
            overlay.write_text(json.dumps(overlays.overlay(source, language)), "utf-8")
            options = ["--overlay", overlay]
        run(BIN / "redocly", "bundle", source, *options, "--output", file)
    document: dict[str, Any] = json.loads(file.read_text("utf-8"))
    text = yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=120)
    file.with_suffix(".yaml").write_text(text, "utf-8")
    return document


def postman(api: str, folder: Path) -> None:
    """Write the Postman collection of a spec beside it."""
    file = folder / f"{api}.postman.json"
    run(BIN / "openapi2postmanv2", "--spec", folder / f"{api}.json", "--output", file, "-O", POSTMAN)
    collection = stable(json.loads(file.read_text("utf-8")), api)
    # The requests name it; this is the bundled server's, as the base URL is.
    collection["variable"].append({"key": "bearerToken", "value": "demo", "type": "string"})
    for request in (entry["request"] for tag in collection["item"] for entry in tag["item"]):
        if all(header["key"] != "Content-Type" for header in request["header"]):
            # Its maker leaves it out where there is no body.
            request["header"].append({"key": "Content-Type", "value": "application/json"})
    file.write_text(json.dumps(collection, ensure_ascii=False, indent=2) + "\n", "utf-8")


def scalar(to: Path) -> None:
    """Put Scalar's one file into the site, from a package whose checksum is known."""
    cache = ROOT / "build" / "scalar"
    cache.mkdir(parents=True, exist_ok=True)
    archive = cache / "scalar-api-reference-1.72.1.tgz"
    if not archive.exists():
        run("npm", "pack", SCALAR, "--silent", "--pack-destination", cache)
    if b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode() != SCALAR_SHA512:
        archive.unlink()
        sys.exit(f"{SCALAR} is not what it was: its SHA-512 differs. It was removed; try again.")
    with tarfile.open(archive) as tar:
        member = tar.extractfile(SCALAR_FILE)
        assert member is not None
        to.write_bytes(member.read())


def publish(source: Path, to: Path) -> dict[str, dict[str, Any]]:
    """Write all files of a spec, and return the document by language."""
    documents = {language: bundle(source, language, to) for language in LANGUAGES}
    postman(source.stem, to)
    return documents


def whole(repository: Path) -> bool:
    """True if the history of the project is here; a shallow clone and an archive have none."""
    command = ["git", "rev-parse", "--is-shallow-repository"]
    return subprocess.run(command, cwd=repository, capture_output=True, text=True).stdout.strip() == "false"


def releases(to: Path, repository: Path) -> dict[str, str]:
    """Add the released versions of the specs, as they were then; return the tag of each folder."""
    tags: dict[str, str] = {}
    if not whole(repository):
        return tags
    for tag in run(*TAGS, cwd=repository).split():
        archive = subprocess.run(["git", "archive", tag, "spec"], cwd=repository, capture_output=True, check=True)
        with tempfile.TemporaryDirectory() as directory, tarfile.open(fileobj=BytesIO(archive.stdout)) as tar:
            tar.extractall(directory, filter="data")
            for source in (Path(directory) / "spec" / f"{api}.yaml" for api in APIS):
                folder = f"{source.stem}/{version(source)}" if source.exists() else ""
                if folder and folder not in tags:
                    tags[folder] = tag
                    publish(source, to / folder)
    return tags


def version(source: Path) -> str:
    """Return the version of a spec."""
    return str(yaml.safe_load(source.read_text("utf-8"))["info"]["version"])


def history(specs: Path) -> dict[str, Change | None]:
    """Return what changed in the version of each folder, the newest first; None for the first version of a spec."""
    changes: dict[str, Change | None] = {}
    for api in APIS:
        folders = [folder for folder in (specs / api).iterdir() if folder.name != "latest"]
        folders.sort(key=lambda folder: diff.version(folder.name, str(folder)), reverse=True)
        for new, old in zip_longest(folders, folders[1:]):
            change = None
            if old:
                verdict = diff.judge(*(diff.Side(folder / f"{api}.yaml") for folder in (old, new)))
                change = Change(old.name, diff.summary(verdict), grouped(api, verdict))
            changes[f"{api}/{new.name}"] = change
    return changes


def grouped(api: str, verdict: Verdict) -> dict[str, list[tuple[str, str]]]:
    """Return what a verdict found, by whom it concerns: where, and what."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for sort, whom in diff.WHOM.items():
        if found := [(it.where, it.what) for it in verdict.breakages if it.sort == sort]:
            groups[f"{sort}: {whom.format(api=api)}"] = found
    if verdict.additions:
        groups[diff.ADDED] = [("", addition) for addition in verdict.additions]
    return groups


def sums(specs: Path, tags: dict[str, str], published: Path | None) -> dict[str, Any]:
    """Write the checksums of all versions, once for `sha256sum` and once for programs, and return the latter.

    Args:
        specs: The folder of the specs.
        tags: The tags of the folders that are released.
        published: The `versions.json` of the site as it stands; nothing that it says is released may change.

    """
    versions: dict[str, Any] = {}
    for folder in sorted(path for path in specs.glob("*/*") if path.name != "latest"):
        name = folder.relative_to(specs).as_posix()
        files = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(folder.iterdir())}
        versions[name] = {"tag": tags.get(name), "sha256": files}
    lines = [f"{sum_}  {name}/{file}\n" for name, it in versions.items() for file, sum_ in it["sha256"].items()]
    (specs / "SHA256SUMS").write_text("".join(lines), "utf-8")
    (specs / "versions.json").write_text(json.dumps(versions, indent=2) + "\n", "utf-8")
    before = json.loads(published.read_text("utf-8")) if published else {}
    if changed := [name for name, it in before.items() if it["tag"] and versions.get(name) != it]:
        sys.exit(
            f"released versions would change: {', '.join(changed)}; compare the tools in the lock files with the tag's"
        )
    return versions


def build(site: Path, published: Path | None = None, repository: str = "", address: str = "") -> None:
    """Write the site anew.

    Args:
        site: Where it is written.
        published: The `versions.json` of the site as it stands.
        repository: Address of the project's repository; without one the site names none.
        address: Address at which the site will be; without one it says nothing that needs it.

    """
    shutil.rmtree(site, ignore_errors=True)
    (site / "assets").mkdir(parents=True)
    scalar(site / "assets" / "scalar.js")
    specs = site / "specs"
    tags = releases(specs, ROOT)
    documents: dict[str, dict[str, dict[str, Any]]] = {language: {} for language in LANGUAGES}
    for source in (ROOT / "spec" / f"{api}.yaml" for api in APIS):
        latest = specs / source.stem / "latest"
        for language, document in publish(source, latest).items():
            documents[language][source.stem] = document
        folder = specs / source.stem / documents["en"][source.stem]["info"]["version"]
        if not folder.exists():
            shutil.copytree(latest, folder)
    versions = sums(specs, tags, published)
    pages.write(site, documents, versions, history(specs), whole(ROOT), repository, address)


def stable(node: Any, path: str) -> Any:
    """Replace the random identifiers of a Postman collection by ones that are the same at every build."""
    if isinstance(node, list):
        return [stable(item, f"{path}/{index}") for index, item in enumerate(node)]
    if not isinstance(node, dict):
        return node
    made = {key: stable(value, f"{path}/{key}") for key, value in node.items()}
    for key in ("id", "_postman_id"):
        if isinstance(made.get(key), str) and re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", made[key]):
            digits = hashlib.sha256(path.encode()).hexdigest()
            made[key] = "-".join((digits[:8], digits[8:12], f"4{digits[13:16]}", f"8{digits[17:20]}", digits[20:32]))
    return made


def serve(site: Path, port: int) -> None:
    """Serve the site at /docs and the bundled server at its paths, one origin for both."""
    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Mount, Route
    from starlette.staticfiles import StaticFiles

    from contrato.mock import create_app

    def script(_: Request) -> Response:
        # Here "try it" asks the server that the page came from, whatever its port.
        text = (site / "assets" / "reference.js").read_text("utf-8")
        return Response(f"window.CONTRATO.origin = location.origin;\n{text}", media_type="text/javascript")

    try:
        listener = socket.create_server(("127.0.0.1", port))
    except OSError as error:
        sys.exit(f"cannot listen on port {port}: {error.strerror}; choose another one with --port")
    routes = [
        Route("/docs/assets/reference.js", script),
        Mount("/docs", StaticFiles(directory=site, html=True)),
        Mount("/", create_app()),
    ]
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), log_level="warning"))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/docs/"
    print(f"{url} with the bundled server; its token is demo", flush=True)
    server.run(sockets=[listener])


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="docs/build.py", description=__doc__.partition("\n")[0])
    parser.add_argument("--serve", action="store_true", help="serve the built site beside the bundled server")
    parser.add_argument("--output", type=Path, default=SITE, metavar="FOLDER", help="where the site is built")
    parser.add_argument("--published", type=Path, metavar="FILE", help="versions.json of the site as it stands")
    repository = os.environ.get("GITHUB_REPOSITORY", "")
    server = os.environ.get("GITHUB_SERVER_URL", "https://github.com")
    default = f"{server}/{repository}" if repository else ""
    parser.add_argument(
        "--repository", default=default, metavar="URL", help="the project's, also from GITHUB_REPOSITORY"
    )
    parser.add_argument("--address", default="", metavar="URL", help="where the site will be")
    parser.add_argument("--port", type=int, default=8000, help="for --serve; 0 takes a free one")
    options = parser.parse_args()
    if options.serve:
        if not options.output.exists():
            sys.exit("no site: run make docs")
        serve(options.output, options.port)
    else:
        build(options.output.resolve(), options.published, options.repository.rstrip("/"), options.address.rstrip("/"))


if __name__ == "__main__":
    main()
