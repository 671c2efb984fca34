"""What all tests of the suite have in common."""

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def still() -> Iterator[None]:
    """Data of the servers here do not move by themselves, so nobody looks for long whether they do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("contrato.verify.laws.runner.STILL", 0.0)
        yield
