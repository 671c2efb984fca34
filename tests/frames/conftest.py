"""The bundled server as the tests of frames ask it."""

from collections.abc import Iterator

import pytest

from contrato import testing
from contrato.neu import Neu


@pytest.fixture(scope="module")
def neu() -> Iterator[Neu]:
    with testing.neu() as client:
        yield client


@pytest.fixture(scope="module")
def account(neu: Neu) -> int:
    return max(neu.list_accounts(), key=lambda account: len(account.services)).id_account
