"""Settings of all tests of the suite."""

from collections.abc import Iterator
from contextlib import closing
from itertools import count
from types import SimpleNamespace

import pytest
from requests.adapters import HTTPAdapter

from contrato.verify.hiding import Scrubber
from reporting import NAMES, NEU, SECRET, accounts, exchange
from stage import Honest, Stage


@pytest.fixture(scope="session", autouse=True)
def quick() -> Iterator[None]:
    """The servers here show a change at once, and their data do not move by themselves: the suite need not wait."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("contrato.verify.laws.runner.STILL", 0.0)
        patch.setattr("contrato.verify.laws.runner.BUSY", 0.0)
        patch.setattr("contrato.verify.laws.agreement.PAUSE", 0.2)
        patch.setattr("contrato.verify.session.PAUSE", 0.0)
        for module in ("records", "writing"):
            patch.setattr(f"contrato.verify.laws.{module}.DELAY", 0.0)
        yield


@pytest.fixture(scope="module")
def served() -> Iterator[Stage]:
    stage = Stage()
    with closing(stage.loop):
        yield stage


@pytest.fixture
def stage(served: Stage, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    # A law that waits for data to move waits for as many requests, not for seconds.
    monkeypatch.setattr("contrato.verify.laws.runner.STILL", 2.0)
    clock = SimpleNamespace(monotonic=count(0.0, 0.05).__next__, sleep=lambda seconds: None)
    monkeypatch.setattr("contrato.verify.laws.runner.time", clock)
    monkeypatch.setattr(HTTPAdapter, "send", lambda adapter, request, **kwargs: served.send(adapter, request, **kwargs))
    yield served
    served.faults, served.state, served.headers, served.log = {}, {}, {}, []


@pytest.fixture
def written(stage: Stage) -> Iterator[Stage]:
    """A stage whose records no other test has written to, nor will see."""
    stage.honest = Honest()
    yield stage
    stage.honest = Honest()


@pytest.fixture
def scrubber() -> Scrubber:
    """It has learnt the names of some customers."""
    learnt = Scrubber(NEU, SECRET)
    learnt.learn(exchange(answer=accounts(*NAMES)))
    return learnt
