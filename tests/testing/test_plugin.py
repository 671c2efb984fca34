"""The fixtures of pytest."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow
pytest_plugins = ["pytester"]
PLUGIN_TEST = """
import asyncio
import pytest
from contrato.core.errors import ServerError
from contrato.testing import faults

def test_sync(contrato_neu, contrato_apportionments, contrato_faults):
    assert contrato_neu.list_accounts() and list(contrato_apportionments.list_apportionments())
    contrato_faults.inject(*[faults.status(500)] * 3)
    with pytest.raises(ServerError):
        contrato_neu.list_accounts()

def test_async(contrato_async_neu, contrato_async_apportionments):
    async def main():
        async with contrato_async_neu as neu, contrato_async_apportionments as apportionments:
            return await neu.list_accounts(), [item async for item in apportionments.list_apportionments()]
    assert all(asyncio.run(main()))

def test_that_forgot_its_fault(contrato_neu, contrato_faults):
    contrato_faults.inject(faults.timeout())
"""


def test_pytest_finds_the_fixtures(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(PLUGIN_TEST)
    result = pytester.runpytest_subprocess("-W", "error", "-p", "no:cacheprovider", "-p", "no:schemathesis")
    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines(["*AssertionError: faults that did not happen: timeout()*"])


def test_pytest_starts_no_slower_for_the_plugin() -> None:
    """Whoever has contrato installed has the plugin in every run of pytest."""
    code = "import sys, pytest, contrato.testing.plugin; print({'httpx', 'msgspec', 'starlette'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
