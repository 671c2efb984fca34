"""Names of commands and options, and the columns of operations."""

import inspect
import re

import pytest

from command import CLIENTS, EVERY_OPERATION, OPERATIONS, TOKEN, Run
from contrato import frames
from contrato.cli import operations
from contrato.core import spec

pytestmark = pytest.mark.slow


def test_commands_and_options_have_the_names_that_users_would_try() -> None:
    names = {api: [name for of, name in OPERATIONS if of == api] for api in spec.APIS}
    assert names["apportionments"] == ["list", "create", "get", "update", "delete"]
    assert {"accounts", "account", "consumption", "bills", "due-dates", "rule-history"} <= set(names["neu"])
    options = {p.known_name: option for p, option in operations.options(OPERATIONS["neu", "consumption"]).items()}
    assert options == {
        "Id_account": "account", "Id_services": "service", "Interval": "interval", "From": "from", "To": "to",
    }  # fmt: skip
    for name in ("bills", "notifications"):
        operation = OPERATIONS["neu", name]
        assert operation.pagination is not None
        assert operations.options(operation)[operation.parameter(operation.pagination.page)] == "page"


@EVERY_OPERATION
def test_no_two_options_collide_and_arguments_are_the_clients(api: str, name: str) -> None:
    operation = OPERATIONS[api, name]
    options = [option for p, option in operations.options(operation).items() if not p.positional]
    assert len(set(options)) == len(options)
    assert not set(options) & set(operations.COMMON)
    assert not any(option.endswith("-value") for option in options)
    signature = inspect.signature(getattr(CLIENTS[api], operation.method_name))
    assert {p.python_name for p in operation.parameters} == signature.parameters.keys() - {"self", "options"}


def test_options_of_our_own_are_the_ones_that_parameters_must_not_have(run: Run) -> None:
    ours: set[str] = set()
    for api, name in OPERATIONS:
        text = run(api, name, "--help").stdout.rpartition("\nOptions:")[2]
        ours |= set(re.findall(r"^  (?:-\w, )?--([\w-]+)", text, re.MULTILINE))
    assert ours == set(operations.COMMON)


def test_names_that_collide_are_told_apart() -> None:
    assert operations.unique([["bills", "list-bills"], ["bills", "query-bills"], ["bill"]]) == [
        "list-bills", "query-bills", "bill",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="'same'"):
        operations.unique([["same"], ["same"]])


@EVERY_OPERATION
def test_columns_are_those_of_the_frames(urls: dict[str, str], api: str, name: str) -> None:
    operation = OPERATIONS[api, name]
    columns = operations.columns_of(operation)
    names = [column.name for column in columns]
    assert len(set(names)) == len(names)
    with CLIENTS[api](TOKEN, urls[api]) as client:
        if operation.answer is None:
            assert names == []
        else:
            schema = frames.schema(getattr(client, operation.method_name))
            assert [column.name for column in columns if column.type != "object"] == schema.names
