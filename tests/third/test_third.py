"""A third API is a file: client, command, bundled server, fixtures and suite follow, and no line of Python."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).parents[2]
SPEC = Path(__file__).with_name("pet_shop.yaml")
# What a user's test does with the fixtures.
TESTS = """
import datetime

import pytest

from contrato import frames, testing
from contrato.core.errors import NotFoundError
from contrato.pet_shop.models import Cat, Dog


def test_a_record_is_created_changed_and_deleted(contrato_pet_shop):
    shop = contrato_pet_shop
    assert isinstance(shop.list_pets()[0].about, Cat)
    made = shop.create_pet(name="Rex", kind="dog", about={"species": "dog", "tricks": ["sit"]})
    assert made.about == Dog(species="dog", tricks=["sit"])
    assert [pet.id for pet in shop.list_pets(kind="dog")] == [made.id]
    assert shop.update_pet(made.id, born=datetime.date(2021, 4, 1)).born == datetime.date(2021, 4, 1)
    assert shop.get_pet(made.id).name == "Rex"
    assert shop.delete_pet(made.id) is None
    with pytest.raises(NotFoundError):
        shop.get_pet(made.id)


def test_a_table_has_dates_and_alternatives(contrato_pet_shop):
    shop = contrato_pet_shop
    shop.create_pet(name="Rex", kind="dog", about={"species": "dog", "tricks": ["sit"]}, born=datetime.date(2021, 4, 1))
    rows = frames.to_arrow(shop.list_pets, kind="dog").to_pylist()
    assert rows[-1]["born"] == datetime.date(2021, 4, 1)
    assert rows[-1]["about"] == '{"species": "dog", "tricks": ["sit"]}'


def test_text_comes_from_an_example():
    with testing.pet_shop() as shop:
        assert shop.export_orders(day=datetime.date(2021, 4, 1)) == "pet,price\\n1,20.5\\n"
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository with one file more, generated."""
    folder = tmp_path_factory.mktemp("third")
    for name in ("spec", "overrides", "contract_tests"):
        shutil.copytree(REPOSITORY / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / "pyproject.toml", folder)
    shutil.copy(SPEC, folder / "spec")
    assert run(folder, "overrides/generator/generate.py") == ""
    return folder


def run(tree: Path, *arguments: str) -> str:
    """The output of Python in the copy."""
    folders = [*(tree / name for name in ("generated", "overrides", "contract_tests")), REPOSITORY / "tests"]
    path = os.pathsep.join(map(str, folders))
    environment = {**os.environ, "PYTHONPATH": path, "PET_SHOP_TOKEN": "demo"}
    done = subprocess.run([sys.executable, *arguments], cwd=tree, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def command(tree: Path, *arguments: str) -> str:
    """The output of `contrato` in the copy."""
    return run(tree, "-c", "from contrato.cli import main; main()", *arguments)


def test_the_other_clients_are_as_before(tree: Path) -> None:
    for api in ("neu", "apportionments"):
        for file in (REPOSITORY / "generated" / "contrato" / api).glob("*.*"):
            assert (tree / "generated" / "contrato" / api / file.name).read_bytes() == file.read_bytes()


def test_fixtures_and_a_server_with_records(tree: Path) -> None:
    (tree / "test_shop.py").write_text(TESTS, "utf-8")
    options = ("-c", os.devnull, "--rootdir", str(tree), "-p", "no:cacheprovider", "-p", "no:xdist")
    assert "3 passed" in run(tree, "-m", "pytest", "-q", *options, "test_shop.py")


def test_a_command_for_each_operation(tree: Path) -> None:
    text = command(tree, "pet_shop", "--help")
    for name in ("pets", "create-pet", "pet", "update-pet", "delete-pet", "export-orders"):
        assert f"  {name} " in text


def test_the_suite_verifies_the_bundled_server(tree: Path) -> None:
    code = (
        "from serving import serving, url_of\n"
        "from contrato.mock import create_app\n"
        "from contrato.verify import verify\n"
        "with serving(create_app()) as server:\n"
        "    report = verify('pet_shop', url_of(server) + '/v1', 'demo', examples=2)\n"
        "print(report.exit_code, [failure.rule for failure in report.failures])\n"
    )
    assert run(tree, "-c", code) == "0 []\n"
