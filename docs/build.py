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
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import samples
import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup

from contrato.cli._operations import operations
from contrato.core.spec import APIS

ROOT = Path(__file__).resolve().parents[1]
HERE = ROOT / "docs"
SITE = ROOT / "build" / "site"
BIN = ROOT / "node_modules" / ".bin"
# Folder of each language; English is at the root.
LANGUAGES = {"en": "", "es": "es/", "pt-BR": "pt-BR/"}
GUIDES = ("verify-as-vendor", "verify-as-integrator")
# Not in package.json: under Node 20 npm takes 1.46 for it, and all that it would install is in the one file already.
SCALAR = "@scalar/api-reference@1.72.1"
SCALAR_SHA512 = "XpEJ0rfc/cXbCrR+iC4kK0o/WwX2dTtGQbT049OlPKAHD6IMIFdTeGz2r+M27P2EDWKyUITRm/NzlP8z2pw/Ow=="
SCALAR_FILE = "package/dist/browser/standalone.js"
# The spec's examples, not values drawn by chance: a version's file never changes.
POSTMAN = "parametersResolution=Example,requestParametersResolution=Example,exampleParametersResolution=Example"
EVIDENCE = re.compile(r"(inferred|conflict|documented)\s*([^:]*):?\s*(.*)", re.DOTALL)
# Others are about rules of the contract suite; `contrato verify --explain` tells of those.
EVIDENCE_KEY = re.compile(r"x-(?:(default|unit)-)?evidence")
METHODS = ("get", "post", "put", "delete")
ENVIRONMENT = os.environ | {"REDOCLY_TELEMETRY": "off"}
# What could end the script that the JSON stands in.
JSON_IN_HTML = str.maketrans({"<": "\\u003c", "\u2028": "\\u2028", "\u2029": "\\u2029"})


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    """Run a tool and give what it prints; what it complains about ends the build."""
    done = subprocess.run(command, cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{Path(command[0]).name} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def bundle(api: str, language: str, to: Path) -> dict[str, Any]:
    """Write a spec in a language as YAML and JSON, and return it."""
    overlay = ["--overlay", f"spec/overlays/{api}.{language}.yaml"] if language != "en" else []
    suffix = f".{language}" if overlay else ""
    to.mkdir(parents=True, exist_ok=True)
    file = to / f"{api}{suffix}.json"
    run(BIN / "redocly", "bundle", f"spec/{api}.yaml", *overlay, "--output", file)
    document: dict[str, Any] = json.loads(file.read_text("utf-8"))
    text = yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=120)
    file.with_suffix(".yaml").write_text(text, "utf-8")
    return document


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


def claims(api: str, document: dict[str, Any], words: dict[str, str]) -> Iterator[dict[str, str]]:
    """Yield each claim of evidence in a spec: where it stands, its level, the reason, and what it cites."""
    tags = {
        data["operationId"]: (data["tags"][0], data)
        for item in document["paths"].values()
        for method, data in item.items()
        if method in METHODS
    }

    def walk(node: Any, path: tuple[str, ...]) -> Iterator[dict[str, str]]:
        if isinstance(node, list):
            for index, item in enumerate(node):
                name = item.get("name", str(index)) if isinstance(item, dict) else str(index)
                yield from walk(item, (*path, name))
        elif isinstance(node, dict):
            for key, value in node.items():
                if part := EVIDENCE_KEY.fullmatch(key):
                    yield claim(value, path, part[1] or "")
                # So is what stands inside an extension.
                if not key.startswith("x-") or key == "x-time-zone":
                    yield from walk(value, (*path, str(key)))

    def claim(text: str, path: tuple[str, ...], part: str) -> dict[str, str]:
        found = EVIDENCE.fullmatch(text)
        assert found is not None, text
        operation = ""
        if path[0] == "paths" and len(path) > 2 and path[2] in METHODS:
            operation = document["paths"][path[1]][path[2]]["operationId"]
            where = " · ".join([operation, *(step for step in path[3:] if step not in ("responses", "parameters"))])
        elif path[0] == "components":
            steps = [step for step in path[2:] if step not in ("properties", "schema")]
            where = ".".join(steps)
        else:
            where = " ".join(step for step in path if step != "paths")
        cites = ", ".join(cite.partition("#")[2] for cite in found[2].split())
        return {
            "api": api,
            "where": f"{where} · {words[part].lower()}" if part else where,
            "operation": operation,
            "tag": tags[operation][0] if operation else "",
            "level": found[1],
            "reason": found[3],
            "cites": cites,
        }

    return walk(document, ())


def decorate(api: str, document: dict[str, Any], words: dict[str, str]) -> None:
    """Add to a spec what only the reference shows: samples, and evidence where Scalar would not show it."""
    names = {operation.id: (name, operation) for name, operation in operations(api).items()}
    inline(document, {key: document[key] for key in ("paths", "components")})
    for parameter in parameters(document):
        # Scalar shows badges of a schema, not of the parameter.
        kept = {key: value for key, value in parameter.items() if EVIDENCE_KEY.fullmatch(key)}
        schema = parameter["schema"]
        if "$ref" in schema:
            # What is referred to would win over the parameter's own words.
            shared = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
            own = {key: value for key, value in schema.items() if key != "$ref"}
            taken = {k: v for k, v in shared.items() if k != "description" and not EVIDENCE_KEY.fullmatch(k)}
            schema = taken | own
        parameter["schema"] = schema | kept
    for response in document["components"]["responses"].values():
        mark(response, words)
    for path, item in document["paths"].items():
        for method, data in item.items():
            if method not in METHODS:
                continue
            name, operation = names[data["operationId"]]
            given = samples.values(api, operation)
            data["x-path-evidence"] = item["x-evidence"]
            if (body := data.get("requestBody")) and body.get("description") == described(document, body):
                del body["description"]
            for response in data["responses"].values():
                mark(response, words)
            data["x-codeSamples"] = [
                {"lang": "python", "label": "Python", "source": samples.python(api, operation, given)},
                {"lang": "shell", "label": "contrato", "source": samples.command(api, name, operation, given)},
                {"lang": "shell", "label": "curl", "source": samples.curl(api, operation, given, path)},
            ]


def parameters(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the parameters of a spec, each where it is written."""
    yield from document["components"].get("parameters", {}).values()
    for item in document["paths"].values():
        for holder in (item, *(item[method] for method in METHODS if method in item)):
            yield from (parameter for parameter in holder.get("parameters", ()) if "$ref" not in parameter)


def described(document: dict[str, Any], body: dict[str, Any]) -> str | None:
    """Return how the schema of a request body describes it: Scalar shows that, too."""
    (media,) = body["content"].values()
    name = media["schema"]["$ref"].rpartition("/")[2]
    text: str | None = document["components"]["schemas"][name].get("description")
    return text


def inline(document: dict[str, Any], node: Any) -> None:
    """Put examples in the place of references to them: Scalar shows some of those as they are written."""
    for value in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        if isinstance(value, dict) and str(value.get("$ref", "")).startswith("#/components/examples/"):
            example = document["components"]["examples"][value.pop("$ref").rpartition("/")[2]]
            value.update(example)
        else:
            inline(document, value)


def mark(response: dict[str, Any], words: dict[str, str]) -> None:
    """Say in a response's description that it is no promise: Scalar has no place for a badge there."""
    found = EVIDENCE.fullmatch(response.get("x-evidence", ""))
    if found and found[3]:
        response["description"] += f" *{words[found[1]]}: {found[3]}*"


def earlier(to: Path) -> None:
    """Add the specs of earlier versions, which their tags have, so that their addresses stay."""
    for tag in run("git", "tag", "--list", "v*").split():
        for api in APIS:
            done = subprocess.run(["git", "show", f"{tag}:spec/{api}.yaml"], cwd=ROOT, capture_output=True, text=True)
            if done.returncode:
                continue
            document = yaml.safe_load(done.stdout)
            folder = to / api / document["info"]["version"]
            if not folder.exists():
                folder.mkdir(parents=True)
                (folder / f"{api}.yaml").write_text(done.stdout, "utf-8")
                (folder / f"{api}.json").write_text(json.dumps(document, ensure_ascii=False, default=str), "utf-8")


def checksums(folder: Path) -> dict[str, str]:
    """Write SHA256SUMS, and return the sums by the files' addresses in the site."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    sums = {file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    (folder / "SHA256SUMS").write_text("".join(f"{sum_}  {name}\n" for name, sum_ in sums.items()), "utf-8")
    return {f"{folder.name}/{name}": sum_ for name, sum_ in sums.items()}


def llms(documents: dict[str, dict[str, Any]]) -> str:
    """Say in one page of Markdown, for a language model, what there is."""
    lines = [
        "# contrato",
        "",
        "> Two energy APIs of Latin America, in OpenAPI 3.1, with the evidence for every element.",
    ]
    lines += [
        "",
        "`x-evidence` is `documented`, `inferred: why` or `conflict`: only the first is the vendor's promise.",
    ]
    for api, document in documents.items():
        lines += ["", f"## {document['info']['title']}", "", document["info"]["summary"], ""]
        lines += [f"- [OpenAPI, {kind}](specs/{api}/latest/{api}.{kind})" for kind in ("yaml", "json")]
        lines += [
            f"- `{data['operationId']}`: `{method.upper()} {path}`: {data['summary']}"
            for path, item in document["paths"].items()
            for method, data in item.items()
            if method in METHODS
        ]
    return "\n".join(lines) + "\n"


def build(site: Path) -> None:
    """Write the site anew."""
    shutil.rmtree(site, ignore_errors=True)
    shutil.copytree(HERE / "assets", site / "assets")
    scalar(site / "assets" / "scalar.js")
    specs = site / "specs"
    documents: dict[str, dict[str, dict[str, Any]]] = {language: {} for language in LANGUAGES}
    for api in APIS:
        latest = specs / api / "latest"
        for language in LANGUAGES:
            documents[language][api] = bundle(api, language, latest)
        postman = latest / f"{api}.postman.json"
        run(BIN / "openapi2postmanv2", "--spec", latest / f"{api}.json", "--output", postman, "--pretty", "-O", POSTMAN)
        collection = stable(json.loads(postman.read_text("utf-8")), api)
        # The requests name it; this is the bundled server's, as the base URL is.
        collection["variable"].append({"key": "bearerToken", "value": "demo", "type": "string"})
        postman.write_text(json.dumps(collection, ensure_ascii=False, indent=2) + "\n", "utf-8")
        shutil.copytree(latest, specs / api / documents["en"][api]["info"]["version"])
    earlier(specs)
    downloads = checksums(specs)
    (site / "llms.txt").write_text(llms(documents["en"]), "utf-8")

    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"), undefined=StrictUndefined, autoescape=True, trim_blocks=True
    )
    for language, folder in LANGUAGES.items():
        texts = yaml.safe_load((HERE / f"texts.{language}.yaml").read_text("utf-8"))
        found = [claim for api in APIS for claim in claims(api, documents[language][api], texts["words"])]
        shared = {
            "t": texts,
            "apis": APIS,
            "languages": LANGUAGES,
            "language": language,
            "root": "../" if folder else "",
            "home": "",
            "specs": documents[language],
            "counts": {api: Counter(claim["level"] for claim in found if claim["api"] == api) for api in APIS},
            "claims": [claim for claim in found if claim["level"] != "documented"],
            "downloads": {path: sum_ for path, sum_ in downloads.items() if "/latest/" not in path},
        }
        (site / folder).mkdir(exist_ok=True)

        def write(name: str, template: str, title: str, shared: dict[str, Any] = shared, **more: Any) -> None:
            text = environment.get_template(f"{template}.html.jinja").render(shared, name=name, title=title, **more)
            (site / LANGUAGES[shared["language"]] / f"{name}.html").write_text(text + "\n", "utf-8")

        write("index", "index", texts["title"])
        write("evidence", "evidence", texts["evidence"]["title"])
        for api, document in documents[language].items():
            words = texts["levels"] | texts["words"]
            decorate(api, document, words)
            data = {"spec": document, "locale": language.partition("-")[0], "words": words}
            inside = Markup(json.dumps(data, ensure_ascii=False).translate(JSON_IN_HTML))
            write(api, "reference", document["info"]["title"], data=inside)
        for guide in GUIDES:
            file = HERE / (f"{guide}.{language}.md" if folder else f"{guide}.md")
            text = file.read_text("utf-8").replace("../README.md", "index.html")
            html = MarkdownIt().enable("table").render(re.sub(r"index\.html#[\w-]+", "index.html", text))
            # Whoever has no mouse must be able to scroll what is wider than the page.
            html = Markup(html.replace("<pre>", '<pre tabindex="0">'))
            write(guide, "guide", text.partition("\n")[0].strip("# "), html=html)
    print(f"{site}/index.html: {sum(1 for _ in site.rglob('*.html'))} pages")


def stable(node: Any, path: str) -> Any:
    """Give a Postman collection the same identifiers at every build; its maker draws them by chance."""
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
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(prog="docs/build.py", description=__doc__.partition("\n")[0])
    parser.add_argument("--serve", action="store_true", help="serve the built site beside the bundled server")
    parser.add_argument("--output", type=Path, default=SITE, metavar="FOLDER", help="where the site is built")
    parser.add_argument("--port", type=int, default=8000, help="for --serve; 0 takes a free one")
    options = parser.parse_args()
    if options.serve:
        if not options.output.exists():
            sys.exit("no site: run make docs")
        serve(options.output, options.port)
    else:
        build(options.output.resolve())


if __name__ == "__main__":
    main()
