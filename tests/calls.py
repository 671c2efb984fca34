"""Calls of NEU by either client, for the tests of contrato.testing."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

from contrato import testing

JANUARY = datetime(2020, 1, 1), datetime(2020, 2, 1)


def async_call(call: Callable[[Any], Any], **options: Any) -> Any:
    """Make one call with an asynchronous NEU client."""

    async def run() -> Any:
        async with testing.async_neu(**options) as neu:
            return await call(neu)

    return asyncio.run(run())


def sync_call(call: Callable[[Any], Any], **options: Any) -> Any:
    with testing.neu(**options) as neu:
        return call(neu)
