"""Settings of all tests of the suite."""

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def quick() -> Iterator[None]:
    """The servers here show a change at once, and their data do not move by themselves: the suite need not wait."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("contrato.verify.laws.runner.STILL", 0.0)
        patch.setattr("contrato.verify.laws.agreement.PAUSE", 0.2)
        for module in ("records", "writing"):
            patch.setattr(f"contrato.verify.laws.{module}.DELAY", 0.0)
        yield
