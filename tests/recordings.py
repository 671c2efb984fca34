"""Recordings of runs of the suite, for the tests of it."""

from pathlib import Path

from contrato.verify import Report, verify_har
from contrato.verify.reports.har import Recorder


def assert_recording_passes(recorder: Recorder, live: Report, folder: Path) -> None:
    """Judge the recording of a run that passed: it has no failure, though names and addresses are replaced in it."""
    recorder.write(folder / "run.har", live)
    again = verify_har(live.api, folder / "run.har", live.base_url)
    assert again.failures == []
    assert again.requests > 30
