"""Bundled servers for tests."""

import pytest

from bundled import Client
from contrato.mock import create_app


@pytest.fixture(scope="module")
def mock() -> Client:
    """A server that the tests only read."""
    return Client(create_app())


@pytest.fixture
def fresh() -> Client:
    """A server that the test may write to."""
    return Client(create_app())
