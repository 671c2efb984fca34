"""`contrato verify --spec`: documents that are no part of the package."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from click.testing import CliRunner

from contrato import cli
from contrato.cli.document import add
from contrato.cli.errors import Refusal
from contrato.core import overlay, spec
from contrato.core.document import JSON, MULTIPART
from contrato.mock.app import serve_spec
from contrato.verify import RULES, UsageError, verify
from contrato.verify.exchange import Exchange
from contrato.verify.har import read_entries
from contrato.verify.rules import without_work
from serving import serving, url_of

# A form with a part that has no name.
NAMELESS = b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n"
BOOKS = Path(__file__).with_name("books.yaml")


@pytest.fixture(autouse=True)
def added(monkeypatch: pytest.MonkeyPatch) -> None:
    """APIs that are added are gone after the test."""
    monkeypatch.setattr(spec, "APIS", spec.APIS)
    monkeypatch.setattr(spec, "_added", {})


@contextmanager
def served(api: spec.Api) -> Iterator[str]:
    """The URL of a server of an API."""
    with serving(serve_spec(api)) as server:
        yield url_of(server)


@pytest.mark.slow
def test_a_server_is_verified_by_a_document_alone() -> None:
    name = add(BOOKS)
    assert list(spec.api(name).operations) == ["getBooks", "postBooks", "getBooksBookId", "deleteBooksBookId"]
    with served(spec.api(name)) as url:
        report = verify(name, url, "demo", examples=3)
    assert (report.exit_code, [failure.rule for failure in report.failures]) == (0, [])
    # The document has no extension: rules that need one say so, and they alone judge nothing for that reason.
    assert "the document has no x-identity, which these rules need: identifiers_are_unique" in report.notes
    assert [rule for _, rule in report.counts if RULES[rule].needs] == []
    document: Any = spec.api(name).copy()
    document["components"]["schemas"]["Book"]["properties"]["title"] = {"type": "integer"}
    with served(spec.Api(name, document)) as url:
        report = verify(name, url, "demo", examples=1, only=["getBooks"])
    assert report.exit_code == 1
    assert ("response_schema_conformance", "getBooks") in {(one.rule, one.operation) for one in report.failures}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "exit_code"), [("title", 0), ("author", 1)])
def test_an_error_is_no_data_where_nothing_is_required(name: str, exit_code: int) -> None:
    document: Any = yaml.safe_load(BOOKS.read_text("utf-8"))
    answers = {
        status: {
            "description": "",
            "content": {JSON: {"schema": {"type": "object", "properties": {field: {"type": "string"}}}}},
        }
        for status, field in (("200", "author"), ("401", name))
    }
    document["paths"] = {"/best": {"get": {"operationId": "best", "responses": answers, "security": [{"token": []}]}}}
    document["components"] = {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}}
    api = spec.add(spec.Api("best", document))
    with served(api) as url:
        report = verify("best", url, "demo", examples=1, only=["tokens_are_checked"])
    assert report.exit_code == exit_code


@pytest.mark.parametrize(
    ("media_type", "content", "broken"),
    [
        ("application/xml", b"<a/>", []),
        ("application/json", b"<a/>", ["response_schema_conformance"]),
        ("application/JSON; charset=utf-8", b"{}", []),
        ("image/png", b"png", []),
        ("text/html", b"<a/>", ["content_type_conformance", "response_schema_conformance"]),
    ],
)
def test_an_answer_may_have_each_form_of_the_spec(media_type: str, content: bytes, broken: list[str]) -> None:
    forms = {f"{JSON}; charset=UTF-8": {"schema": {"type": "object"}}, "application/xml": {}, "image/*": {}}
    answers = {"200": {"description": "", "content": forms}}
    api = spec.Api("form", {"openapi": "3.1.0", "info": {}, "paths": {"/a": {"get": {"responses": answers}}}})
    exchange = Exchange(
        operation=api.operations["getA"],
        sender="",
        method="GET",
        url="http://server/a",
        path="/a",
        request_headers={},
        request_body=b"",
        status=200,
        headers={"content-type": media_type},
        content=content,
        started=datetime.now(UTC),
        seconds=0,
        token_echoed=False,
    )
    found = []
    for name in ("content_type_conformance", "response_schema_conformance"):
        check = RULES[name].check
        assert check is not None
        found += [name for finding in check(exchange, api) if finding is not None]
    assert found == broken


def answered(schema: str) -> str:
    """Return the beginning of a document whose only operation answers with a schema."""
    answer = f"{{description: '', content: {{application/json: {{schema: {schema}}}}}}}"
    return f"openapi: 3.1.0\ninfo: {{}}\npaths: {{/a: {{get: {{responses: {{'200': {answer}}}}}}}}}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1]", "no OpenAPI document"),
        ("a: [", "no OpenAPI document"),
        ("openapi: 3.1.0", "no OpenAPI document: it has no 'paths'"),
        ("{openapi: '2.0', paths: {}}", "OpenAPI 2.0: convert it to version 3 first"),
        (
            "{openapi: 3.1.0, paths: {/a: {get: {operationId: x}, put: {operationId: x}}}}",
            "operationId x: rename all but",
        ),
        ("{openapi: 3.1.0, paths: {/a: {$ref: 'b.yaml'}}}", r"/a is a \$ref"),
        (answered("{$ref: 'b.yaml'}"), r"\$ref b.yaml: keep each API in one file"),
        (
            "a0: &a0 [" + "x, " * 9 + "]\n" + "".join(f"a{n + 1}: &a{n + 1} [{f'*a{n}, ' * 9}]\n" for n in range(9)),
            "with its aliases written out it has more than",
        ),
        (
            answered("{$ref: '#/x/s0'}")
            + "\nx:\n"
            # Each has the next one twice.
            + "".join(f"  s{n}: {{allOf: [{{$ref: '#/x/s{n + 1}'}}, {{$ref: '#/x/s{n + 1}'}}]}}\n" for n in range(30))
            + "  s30: {}\n",
            "with its references written out getA has more than",
        ),
        (answered("{}").replace("responses:", "security: [{k: []}], responses:"), "security names k, which is not"),
        (answered("{}").replace("responses:", "parameters: [null], responses:"), "a part of getA is not of the type"),
        (answered("{}").replace("responses:", "requestBody: [], responses:"), "a part of getA is not of the type"),
        ("{openapi: 3.1.0, paths: {/a: {get: {responses: null}}}}", "a part of getA is not of the type"),
        (answered("{}").replace("/a:", "'/a/{x}':"), "getAX: x of its path is among no parameters: add it"),
        (answered("{$ref: '#/openapi'}"), "#/openapi: there is no object"),
        (
            answered("{}").replace("responses:", "x-pagination: {page: p, x-evidence: inferred}, responses:"),
            "getA has no parameter p",
        ),
    ],
    ids=range(16),
)
def test_what_is_no_document_is_refused_in_one_line(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(Refusal, match=message) as caught:
        add(file)
    assert "\n" not in str(caught.value)


def test_json_that_is_too_deep_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    file.write_text("[" * 100_000, "utf-8")
    with pytest.raises(Refusal, match="no OpenAPI document"):
        add(file)


def test_no_dialect_of_a_schema_is_fetched(tmp_path: Path) -> None:
    """Also a field may have its name."""
    file = tmp_path / "dialect.yaml"
    schema = "{$schema: 'http://127.0.0.1:9/meta', properties: {$schema: {type: string}}}"
    file.write_text(answered(schema) + "\njsonSchemaDialect: http://127.0.0.1:9/meta\n", "utf-8")
    text = json.dumps(spec.api(add(file)).copy())
    assert "127.0.0.1:9" not in text
    assert '"$schema": {"type": "string"}' in text


@pytest.mark.parametrize("deep", ['{"a":' * 5_000 + "1" + "}" * 5_000, "[" * 100_000])
def test_an_overlay_or_a_recording_that_is_too_deep_is_refused(deep: str, tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    file.write_text(deep, "utf-8")
    with pytest.raises(ValueError, match="is not JSON"):
        overlay.load(file)
    with pytest.raises(UsageError, match="is not a HAR file"):
        list(read_entries(file))


def test_json_is_read_like_yaml(tmp_path: Path) -> None:
    file = tmp_path / "my-books.v2.json"
    file.write_text(json.dumps(yaml.safe_load(BOOKS.read_text("utf-8"))), "utf-8")
    name = add(file)
    assert name == "my_books"
    assert name in spec.APIS
    assert spec.api(name).token_variable == "MY_BOOKS_TOKEN"


def test_rules_name_the_extensions_that_they_need() -> None:
    needed = {extension for rule in RULES.values() for extension in rule.needs}
    documented = set(re.findall(r"x-[a-z-]+", (BOOKS.parents[2] / "spec" / "README.md").read_text("utf-8")))
    assert needed <= documented
    assert {"x-pagination", "x-sort", "x-echo"} <= needed
    api = spec.Api("some", {"paths": {}, "x-sort": {}})
    (told,) = without_work(api, ["lists_are_sorted", "lists_are_in_order", "answer"])
    assert told == "the document has no x-pagination, which these rules need: lists_are_in_order"


def test_an_explanation_names_the_extensions() -> None:
    done = CliRunner().invoke(cli.main, ["verify", "--explain", "lists_are_in_order"])
    assert "Of a spec it needs x-sort and x-pagination" in done.output


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"files": {"file": b"x\xff"}, "data": {"note": "n"}}, 204),
        ({"files": {"other": b"x"}}, 400),
        ({"content": NAMELESS, "headers": {"Content-Type": f"{MULTIPART}; boundary=b"}}, 400),
        ({"content": b"a,b", "headers": {"Content-Type": "text/csv"}}, 400),
    ],
)
def test_a_bundled_server_takes_files(sent: Any, status: int) -> None:
    schema = {
        "type": "object",
        "required": ["file"],
        "properties": {"file": {"type": "string", "format": "binary"}, "note": {"type": "string"}},
    }
    assert posted(MULTIPART, schema, sent) == status


@pytest.mark.parametrize(("sent", "status"), [({"content": b"a,b"}, 204), ({}, 400)])
def test_a_bundled_server_takes_text(sent: Any, status: int) -> None:
    assert posted("text/csv", {"type": "string"}, {**sent, "headers": {"Content-Type": "text/csv"}}) == status


def posted(media_type: str, schema: Any, sent: Any) -> int:
    """Status of the answer to a request with a body."""
    operation = {
        "requestBody": {"required": True, "content": {media_type: {"schema": schema}}},
        "responses": {"204": {"description": ""}, "400": {"description": ""}},
    }
    document = {"openapi": "3.1.0", "info": {"title": "", "version": ""}, "paths": {"/a": {"post": operation}}}
    with served(spec.Api("body", document)) as url:
        return httpx.post(f"{url}/a", timeout=30, **sent).status_code
