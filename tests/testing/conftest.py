"""Calls by either client."""

from collections.abc import Callable
from typing import Any

import pytest

from calls import async_call, sync_call


@pytest.fixture(params=[sync_call, async_call], ids=["sync", "async"])
def call(request: pytest.FixtureRequest) -> Callable[..., Any]:
    called: Callable[..., Any] = request.param
    return called
