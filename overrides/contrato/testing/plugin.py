"""The fixtures of `contrato.testing`, which pytest finds by itself."""

from collections.abc import Iterator
from importlib import resources
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from contrato.apportionments import Apportionments, AsyncApportionments
    from contrato.neu import AsyncNeu, Neu
    from contrato.testing.faults import Faults


@pytest.fixture
def contrato_faults() -> "Iterator[Faults]":
    """Faults for the clients of this test: add to them with `inject`."""
    from contrato.testing.clients import check
    from contrato.testing.faults import Faults

    script = Faults()
    yield script
    check(script)


@pytest.fixture
def contrato_neu(contrato_faults: "Faults") -> "Iterator[Neu]":
    """A `Neu` that talks to the bundled server in this process."""
    from contrato.neu import Neu
    from contrato.testing.clients import connect

    with connect(Neu, contrato_faults) as client:
        yield client


@pytest.fixture
def contrato_async_neu(contrato_faults: "Faults") -> "AsyncNeu":
    """An `AsyncNeu`, for a test that any plugin for asynchronous tests runs, or asyncio.run."""
    from contrato.neu import AsyncNeu
    from contrato.testing.clients import make_async_client

    return make_async_client(AsyncNeu, contrato_faults)


@pytest.fixture
def contrato_apportionments(contrato_faults: "Faults") -> "Iterator[Apportionments]":
    """An `Apportionments` that talks to the bundled server in this process."""
    from contrato.apportionments import Apportionments
    from contrato.testing.clients import connect

    with connect(Apportionments, contrato_faults) as client:
        yield client


@pytest.fixture
def contrato_async_apportionments(contrato_faults: "Faults") -> "AsyncApportionments":
    """An `AsyncApportionments`; see `contrato_async_neu`."""
    from contrato.apportionments import AsyncApportionments
    from contrato.testing.clients import make_async_client

    return make_async_client(AsyncApportionments, contrato_faults)


def _fixtures(api: str) -> Iterator[tuple[str, Any]]:
    """Yield the names and functions of the fixtures of an API."""

    def connected(contrato_faults: "Faults") -> Iterator[Any]:
        from contrato.testing.clients import client_class, connect

        with connect(client_class(api), contrato_faults) as client:
            yield client

    def asynchronous(contrato_faults: "Faults") -> Any:
        from contrato.testing.clients import async_client_class, make_async_client

        return make_async_client(async_client_class(api), contrato_faults)

    yield f"contrato_{api}", pytest.fixture(connected)
    yield f"contrato_async_{api}", pytest.fixture(asynchronous)


# Those above have types for editors; any other API has the same.
for _package in resources.files("contrato").iterdir():
    if f"contrato_{_package.name}" not in globals() and (_package / "openapi.json").is_file():
        globals().update(_fixtures(_package.name))
