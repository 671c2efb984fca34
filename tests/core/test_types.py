"""`UNSET`."""

import copy
import pickle

from contrato.core.types import UNSET


def test_unset_stays_itself() -> None:
    assert copy.deepcopy(UNSET) is pickle.loads(pickle.dumps(UNSET)) is UNSET
    assert not UNSET
    assert repr(UNSET) == "UNSET"
