"""`make generate` and its check, run on a copy of the tree."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from contrato.core import spec
from documents import item, node, schema
from generator import generate as driver

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of what the driver reads and writes."""
    monkeypatch.setattr(driver, "ROOT", tmp_path)
    for folder in ("spec", "generated"):
        shutil.copytree(REPOSITORY / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    return tmp_path


def generate(*options: str) -> str:
    """What the driver says when it fails; empty if it does not."""
    try:
        driver.main(options)
    except SystemExit as error:
        return str(error.code)
    return ""


def edit(path: Path, old: str, new: str, count: int = 1) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, count), "utf-8")


def change(tree: Path, api: str, edit: Callable[[Any], object]) -> None:
    """Edit the document of a spec."""
    path = tree / "spec" / f"{api}.yaml"
    document = spec.api(api).copy()
    edit(document)
    assert document != spec.api(api).document
    path.write_text(json.dumps(document), "utf-8")


def contents(tree: Path) -> dict[str, bytes]:
    folder = tree / "generated"
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if "__pycache__" not in path.parts and path.is_file()
    }


def test_generating_again_changes_nothing(tree: Path) -> None:
    before = contents(tree)
    shutil.rmtree(tree / "generated" / "contrato" / "neu")
    assert generate() == ""
    assert contents(tree) == before


@pytest.mark.parametrize("api", spec.APIS)
def test_each_package_is_typed_and_carries_its_spec(api: str) -> None:
    package = REPOSITORY / "generated" / "contrato" / api
    names = {path.name for path in package.iterdir()} - {"__pycache__"}
    assert names == {"__init__.py", "client.py", "models.py", "openapi.json", "py.typed"}
    text = (package / "openapi.json").read_text("utf-8")
    assert text == json.dumps(spec.api(api).document, indent=1, ensure_ascii=False) + "\n"
    # Another YAML library reads the same: nothing that the generator needs changed leaks into what we publish.
    assert spec.api(api).document == yaml.safe_load((REPOSITORY / "spec" / f"{api}.yaml").read_text("utf-8"))


def test_check_names_what_differs_and_writes_nothing(tree: Path) -> None:
    # One API is enough, and takes a third of the time.
    (tree / "spec/neu.yaml").unlink()
    shutil.rmtree(tree / "generated/contrato/neu")
    package = tree / "generated" / "contrato" / "apportionments"
    edit(package / "client.py", "Create an apportionment", "Make an apportionment")
    (package / "models.py").unlink()
    (package / "invoice.py").write_text("")
    (tree / "generated" / "contrato" / "third").mkdir()
    (tree / "generated" / "contrato" / "third" / "py.typed").touch()
    before = contents(tree)
    message = generate("--check")
    assert message.splitlines() == [
        "changed: generated/contrato/apportionments/client.py",
        "extra: generated/contrato/apportionments/invoice.py",
        "missing: generated/contrato/apportionments/models.py",
        "extra: generated/contrato/third/py.typed",
        "generated/ is not what spec/ gives: run make generate",
    ]
    assert contents(tree) == before


def test_a_changed_type_in_a_spec_fails_the_check_until_it_is_generated(tree: Path) -> None:
    # One API is enough, and takes a third of the time.
    (tree / "spec/neu.yaml").unlink()
    shutil.rmtree(tree / "generated/contrato/neu")

    def retype(document: Any) -> None:
        for model in document["components"]["schemas"].values():
            if "limit_day" in model.get("properties", {}):
                model["properties"]["limit_day"]["type"] = "string"

    change(tree, "apportionments", retype)
    message = generate("--check")
    folder = "generated/contrato/apportionments"
    files = ("client.py", "models.py", "openapi.json")
    assert message.splitlines()[:-1] == [f"changed: {folder}/{file}" for file in files]
    assert generate() == ""
    assert "limit_day: str | None = None" in (tree / folder / "client.py").read_text("utf-8")
    assert generate("--check") == ""


def test_an_enum_in_an_answer_is_any_string_and_stays_a_choice_in_a_request(tree: Path) -> None:
    (tree / "spec/apportionments.yaml").unlink()
    shutil.rmtree(tree / "generated/contrato/apportionments")

    def choose(document: Any) -> None:
        document["components"]["schemas"]["Kind"] = {"type": "string", "enum": ["RESIDENTIAL", "COMMERCIAL"]}
        schema(document, "Service")["properties"]["type_service"] = {"$ref": "#/components/schemas/Kind"}
        schema(document, "Service")["properties"]["name"] = {"type": "string", "enum": ["A", "B"]}
        parameter = {"name": "Kind", "in": "query", "schema": {"$ref": "#/components/schemas/Kind"}}
        node(document, "listBills").setdefault("parameters", []).append(parameter)

    change(tree, "neu", choose)
    assert generate() == ""
    client, models = (
        (tree / "generated/contrato/neu" / name).read_text("utf-8") for name in ("client.py", "models.py")
    )
    service = models[models.index("class Service(") :].split("class ", 2)[1]
    assert "    type_service: str | None = attrs.field(" in service
    assert "    name: str = attrs.field(" in service
    assert 'kind: Literal["COMMERCIAL", "RESIDENTIAL"] | None = None' in client
    # And it decodes: what comes first on the path wins over the installed package.
    code = (
        f"import sys, contrato; contrato.__path__ = [r'{tree / 'generated' / 'contrato'}', *contrato.__path__]; "
        "import httpx, contrato.neu as n; assert n.__file__.startswith(sys.argv[1]), n.__file__; "
        "row = dict(id_service=1, id_account=2, account_name='x', type_service='NEW', name='C', address='y'); "
        "t = httpx.MockTransport(lambda r: httpx.Response(200, json=[row])); "
        "print(n.Neu('t', 'http://h', transport=t).list_services()[0].type_service)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tree)], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("NEW\n", "")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        pytest.param(
            lambda document: node(document, "getAccount").update(operationId="listAccounts"),
            r"spec/neu.yaml: two operations are called listAccounts",
            id="operation lost",
        ),
        pytest.param(
            lambda document: node(document, "getAccount").update(operationId="list_accounts"),
            r"spec/neu.yaml: listAccounts and list_accounts would be one method, list_accounts: rename one",
            id="two methods of one name",
        ),
        pytest.param(
            lambda document: item(document, "getService").update({"$ref": "#/components/pathItems/More"}),
            r"spec/neu.yaml: .* is a \$ref: write the path item where it is used",
            id="path item not generated",
        ),
        pytest.param(
            lambda document: node(document, "getAccount").update(parameters=[{"$ref": "more.yaml"}]),
            r"\$ref more.yaml: keep each API in one file",
            id="spec in two files",
        ),
        pytest.param(
            lambda document: document.update(path=document.pop("paths")), r"spec/neu.yaml: .*'paths'", id="no OpenAPI"
        ),
    ],
)
def test_a_bad_spec_fails_with_its_reason_and_leaves_the_tree(
    tree: Path, damage: Callable[[Any], object], message: str
) -> None:
    change(tree, "neu", damage)
    (tree / "spec" / "apportionments.yaml").unlink()
    committed = contents(tree)
    output = generate()
    assert re.search(message, output), output
    assert contents(tree) == committed


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param("paths:", "paths: [", r"spec/neu.yaml: .*line \d+", id="no YAML"),
        pytest.param(
            "openapi: 3.1.0",
            "openapi: 3.1.0\nopenapi: 3.1.0",
            r"spec/neu.yaml: .*duplicate key",
            id="key given twice",
        ),
        pytest.param(
            "'2021-04-01T00:00:00'",
            "2021-04-01T00:00:00",
            r"spec/neu.yaml: .*datetime.* put it in quotes",
            id="timestamp without quotes",
        ),
    ],
)
def test_bad_yaml_fails_with_its_reason_and_leaves_the_tree(tree: Path, old: str, new: str, message: str) -> None:
    edit(tree / "spec" / "neu.yaml", old, new)
    (tree / "spec" / "apportionments.yaml").unlink()
    committed = contents(tree)
    output = generate()
    assert re.search(message, output), output
    assert contents(tree) == committed


def test_a_client_without_a_spec_is_named(tree: Path) -> None:
    (tree / "spec" / "neu.yaml").unlink()
    lines = generate("--check").splitlines()
    assert "extra: generated/contrato/neu/client.py" in lines
    assert lines[-1] == "generated/ is not what spec/ gives: run make generate"
