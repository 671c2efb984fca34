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
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from itertools import count, pairwise
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup

import overlays
import samples
from contrato.core.document import follow, operation_nodes
from contrato.core.extensions import Evidence
from contrato.core.spec import APIS, EVIDENCE_KEY, Api

ROOT = Path(__file__).resolve().parents[1]
HERE = ROOT / "docs"
SITE = ROOT / "build" / "site"
BIN = ROOT / "node_modules" / ".bin"
# Folder of each language; English is at the root.
LANGUAGES = {"en": "", "es": "es/", "pt-BR": "pt-BR/"}
# The files in a version's folder, by how the name ends.
KINDS = {
    ".yaml": "OpenAPI, YAML",
    ".json": "OpenAPI, JSON",
    ".es.yaml": "OpenAPI, YAML, español",
    ".es.json": "OpenAPI, JSON, español",
    ".pt-BR.yaml": "OpenAPI, YAML, português",
    ".pt-BR.json": "OpenAPI, JSON, português",
    ".postman.json": "Postman",
}
GUIDES = ("verify-as-vendor", "verify-as-integrator")
# Not in package.json: under Node 20 npm takes 1.46 for it, and all that it would install is in the one file already.
SCALAR = "@scalar/api-reference@1.72.1"
SCALAR_SHA512 = "XpEJ0rfc/cXbCrR+iC4kK0o/WwX2dTtGQbT049OlPKAHD6IMIFdTeGz2r+M27P2EDWKyUITRm/NzlP8z2pw/Ow=="
SCALAR_FILE = "package/dist/browser/standalone.js"
# The spec's examples, not values drawn by chance: a version's file never changes.
POSTMAN = (
    "folderStrategy=Tags,parametersResolution=Example,requestParametersResolution=Example,"
    "exampleParametersResolution=Example"
)
CITE = re.compile(rf"\b(?:{'|'.join(APIS)})#(?=L\d)")
# The oldest first; the last key counts first.
TAGS = ("git", "tag", "--list", "v*", "--sort=version:refname", "--sort=creatordate")
# Steps to an element that say nothing to a reader.
UNNAMED = (
    "0", "anyOf", "components", "content", "info", "items", "operations", "parameters", "paths", "properties",
    "responses", "schema", "schemas",
)  # fmt: skip
ENVIRONMENT = os.environ | {"REDOCLY_TELEMETRY": "off"}
# Characters that could end the script around the JSON.
JSON_IN_HTML = str.maketrans({"<": "\\u003c", "\u2028": "\\u2028", "\u2029": "\\u2029"})


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


def claims(api: Api, words: dict[str, str]) -> Iterator[dict[str, str]]:
    """Yield each statement of evidence in a spec: its place, its address in the reference, its level, its reason."""
    for steps, part, evidence in api.statements():
        # A field may have the name of a keyword.
        names = [step for above, step in pairwise(("", *steps)) if above == "properties" or step not in UNNAMED]
        key = ".".join([api.name, *names, part]).strip(".")
        names = [words.get(names[0], names[0]), *names[1:]]
        if steps[:2] == ("components", "schemas"):
            names = [".".join(names)]
        yield {
            "api": api.name,
            "id": key,
            "where": " · ".join([*names, words[part].lower()] if part else names),
            "anchor": anchor(api, steps),
            "level": evidence.level,
            "reason": CITE.sub("", evidence.reason),
            "cites": ", ".join(cite.partition("#")[2] for cite in evidence.citations),
        }


def anchor(api: Api, steps: tuple[str, ...]) -> str:
    """Return the anchor of an element of a spec: that of its operation or schema, or of the first operation with it."""
    if steps[:2] == ("components", "schemas"):
        return f"schemas/{steps[2]}"
    wanted = f'"#/{"/".join(steps[:3])}"'
    for path, _, item, node in operation_nodes(api.document):
        operation = api.operations[node["operationId"]]
        used = steps[:2] in (("paths", path), ("operations", operation.id))
        if used or wanted in json.dumps([node, item.get("parameters")]):
            return f"tag/{quote(operation.tag)}/{operation.id}"
    return ""


def decorate(api: Api, words: dict[str, str]) -> dict[str, Any]:
    """Return a spec with the samples, and with evidence moved to places where Scalar shows it."""
    document = api.copy()
    inline(document, {key: document.get(key, {}) for key in ("paths", "components")})
    for parameter in parameters(document):
        # Scalar shows badges of a schema, not of the parameter.
        kept = {key: value for key, value in parameter.items() if EVIDENCE_KEY.fullmatch(key)}
        schema = parameter.get("schema")
        if schema is None:
            continue
        if "$ref" in schema:
            # Scalar prefers the description of the component to that of the parameter.
            taken = follow(document, {"$ref": schema["$ref"]})[0]
            own = {key: value for key, value in schema.items() if key != "$ref"}
            schema = {k: v for k, v in taken.items() if k != "description" and not EVIDENCE_KEY.fullmatch(k)} | own
        parameter["schema"] = schema | kept
    for response in document.setdefault("components", {}).get("responses", {}).values():
        mark(response, words)
    for _, _, item, node in operation_nodes(document):
        operation = api.operations[node["operationId"]]
        given = samples.values(operation)
        if "x-evidence" in item:
            node["x-path-evidence"] = item["x-evidence"]
        if operation.body and operation.body.description == operation.body.schema.description:
            # Scalar shows that of the schema, too.
            node["requestBody"].pop("description", None)
        for response in node["responses"].values():
            mark(response, words)
        node["x-codeSamples"] = [
            {"lang": "python", "label": "Python", "source": samples.python(operation, given)},
            {"lang": "shell", "label": "contrato", "source": samples.command(operation, given)},
            {"lang": "shell", "label": "curl", "source": samples.curl(operation, given)},
        ]
    return document


def parameters(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the parameters of a spec, each where it is written."""
    yield from document.get("components", {}).get("parameters", {}).values()
    holders = {id(node): node for *_, item, operation in operation_nodes(document) for node in (item, operation)}
    for holder in holders.values():
        yield from (parameter for parameter in holder.get("parameters", ()) if "$ref" not in parameter)


def inline(document: dict[str, Any], node: Any) -> None:
    """Replace references to examples by the examples: Scalar shows some references as they are written."""
    for value in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        if isinstance(value, dict) and str(value.get("$ref", "")).startswith("#/components/examples/"):
            example = document["components"]["examples"][value.pop("$ref").rpartition("/")[2]]
            value.update(example)
        else:
            inline(document, value)


def mark(response: dict[str, Any], words: dict[str, str]) -> None:
    """Add evidence to a response's description: Scalar has no place for a badge there."""
    for evidence in (Evidence(response.get(key, "")) for key in ("x-evidence", "x-meaning-evidence")):
        if evidence.reason:
            response["description"] += f" *{words[evidence.level]}: {CITE.sub('', evidence.reason)}*"


def publish(source: Path, to: Path) -> dict[str, dict[str, Any]]:
    """Write all files of a spec, and return the document by language."""
    documents = {language: bundle(source, language, to) for language in LANGUAGES}
    postman(source.stem, to)
    return documents


def releases(to: Path, repository: Path) -> dict[str, str]:
    """Add the released versions of the specs, as they were then; return the tag of each folder."""
    tags: dict[str, str] = {}
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


def build(site: Path, published: Path | None = None) -> None:
    """Write the site anew."""
    shutil.rmtree(site, ignore_errors=True)
    shutil.copytree(HERE / "assets", site / "assets")
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

    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        undefined=StrictUndefined,
        autoescape=lambda name: name is not None and ".html" in name,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    for language, prefix in LANGUAGES.items():
        texts = yaml.safe_load((HERE / f"texts.{language}.yaml").read_text("utf-8"))
        apis = {api: Api(api, documents[language][api]) for api in APIS}
        # What an API says of itself, if nobody has written more.
        for name, api in apis.items():
            texts["apis"].setdefault(name, {"short": api.title, "what": api.summary or api.description, "when": ""})
        found = [claim for api in apis.values() for claim in claims(api, texts["words"])]
        doubtful = [claim for claim in found if claim["level"] != "documented"]
        numbers = {api: count(1) for api in APIS}
        shared = {
            "t": texts,
            "apis": apis,
            "languages": LANGUAGES,
            "language": language,
            "root": "../" if prefix else "",
            "home": "",
            "counts": {api: Counter(claim["level"] for claim in found if claim["api"] == api) for api in APIS},
            "claims": [claim | {"number": next(numbers[claim["api"]])} for claim in doubtful],
            "versions": versions,
            "kinds": KINDS,
            "guides": GUIDES,
        }
        (site / prefix).mkdir(exist_ok=True)

        def write(name: str, template: str, title: str, shared: dict[str, Any] = shared, **more: Any) -> None:
            text = environment.get_template(f"{template}.html.jinja").render(shared, name=name, title=title, **more)
            (site / LANGUAGES[shared["language"]] / f"{name}.html").write_text(text, "utf-8")

        if language == "en":
            (site / "llms.txt").write_text(environment.get_template("llms.txt.jinja").render(shared), "utf-8")
        write("index", "index", texts["title"])
        write("evidence", "evidence", texts["evidence"]["title"])
        for name, api in apis.items():
            words = texts["levels"] | texts["words"]
            data = {"spec": decorate(api, words), "locale": language.partition("-")[0], "words": words}
            inside = Markup(json.dumps(data, ensure_ascii=False).translate(JSON_IN_HTML))
            write(name, "reference", api.title, data=inside)
        for guide in GUIDES:
            file = HERE / (f"{guide}.{language}.md" if prefix else f"{guide}.md")
            text = file.read_text("utf-8").replace("../README.md", "index.html")
            text = text.replace("OWNER/contrato", os.environ.get("GITHUB_REPOSITORY", "OWNER/contrato"))
            html = MarkdownIt().enable("table").render(re.sub(r"index\.html#[\w-]+", "index.html", text))
            # Whoever has no mouse must be able to scroll what is wider than the page.
            html = Markup(html.replace("<pre>", '<pre tabindex="0">'))
            write(guide, "guide", text.partition("\n")[0].strip("# "), html=html)
    print(f"{site}/index.html: {sum(1 for _ in site.rglob('*.html'))} pages")


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
    parser.add_argument("--port", type=int, default=8000, help="for --serve; 0 takes a free one")
    options = parser.parse_args()
    if options.serve:
        if not options.output.exists():
            sys.exit("no site: run make docs")
        serve(options.output, options.port)
    else:
        build(options.output.resolve(), options.published)


if __name__ == "__main__":
    main()
