"""Clients for tests: wired to the bundled server inside the process, without a socket, with faults on demand.

    from contrato import testing
    from contrato.testing import faults

    with testing.neu(faults=[faults.status(429, retry_after=1), faults.timeout()]) as neu:
        assert neu.list_accounts()

A client has a server of its own, whose data is the same at every start. Faults stand in line for the requests to come,
as `contrato.testing.faults` says; one that never happens is an AssertionError when the block ends, because the test did
not test what it says. The waits between retries are recorded, not waited.

pytest finds the same as fixtures: `contrato_neu`, `contrato_async_neu`, `contrato_apportionments` and
`contrato_async_apportionments`, whose faults are those that a test adds with `contrato_faults.inject(...)`.
"""

from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import TYPE_CHECKING, Any

# pytest imports this package at every start, to find the fixtures: what takes time is imported when it is used.
if TYPE_CHECKING:
    from contrato.apportionments import Apportionments, AsyncApportionments
    from contrato.neu import AsyncNeu, Neu
    from contrato.testing.faults import Fault, Faults


def neu(*, faults: "Iterable[Fault] | Faults" = (), seed: int = 1, **options: Any) -> AbstractContextManager["Neu"]:
    """Give a `Neu` that talks to the bundled server.

    Args:
        faults: What goes wrong, in order; see `contrato.testing.faults`.
        seed: Another seed makes other ids, names and amounts.
        options: Arguments of `Neu`, such as `retries`, or `token` to send one that the server does not know.

    Raises:
        AssertionError: The block is over, and some of the faults did not happen.

    """
    from contrato.neu import Neu
    from contrato.testing.clients import open_client

    return open_client(Neu, faults, seed, options)


def async_neu(
    *, faults: "Iterable[Fault] | Faults" = (), seed: int = 1, **options: Any
) -> AbstractAsyncContextManager["AsyncNeu"]:
    """Give an `AsyncNeu`, with the arguments of `neu`."""
    from contrato.neu import AsyncNeu
    from contrato.testing.clients import open_async_client

    return open_async_client(AsyncNeu, faults, seed, options)


def apportionments(
    *, faults: "Iterable[Fault] | Faults" = (), seed: int = 1, **options: Any
) -> AbstractContextManager["Apportionments"]:
    """Give an `Apportionments`, with the arguments of `neu`."""
    from contrato.apportionments import Apportionments
    from contrato.testing.clients import open_client

    return open_client(Apportionments, faults, seed, options)


def async_apportionments(
    *, faults: "Iterable[Fault] | Faults" = (), seed: int = 1, **options: Any
) -> AbstractAsyncContextManager["AsyncApportionments"]:
    """Give an `AsyncApportionments`, with the arguments of `neu`."""
    from contrato.apportionments import AsyncApportionments
    from contrato.testing.clients import open_async_client

    return open_async_client(AsyncApportionments, faults, seed, options)


def __getattr__(name: str) -> Any:
    """Return the function of any other API: `pet_shop` and `async_pet_shop` are like `neu` and `async_neu`."""
    from contrato.core.spec import APIS

    api = name.removeprefix("async_")
    if api not in APIS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def opened(*, faults: "Iterable[Fault] | Faults" = (), seed: int = 1, **options: Any) -> Any:
        from contrato.testing import clients

        if name != api:
            return clients.open_async_client(clients.async_client_class(api), faults, seed, options)
        return clients.open_client(clients.client_class(api), faults, seed, options)

    return opened
