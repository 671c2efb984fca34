"""Names in Python for the names of a spec. The generator writes the clients with them."""

import builtins
import keyword
import re
from collections.abc import Sequence

# Names that would hide a keyword, a builtin, or a name in generated code. `id` is too common to be changed.
RESERVED = {*keyword.kwlist, *keyword.softkwlist, *dir(builtins), "self", "options", "datetime"} - {"id", "_"}
# Names that models or their module use.
MODEL_NAMES = {"attrs", "additional_properties", "from_dict", "to_dict", "wire_values"}
# Names in the methods of clients.
ARGUMENT_NAMES = {"result"}
# Arguments of `windows` that are no arguments of the method.
WINDOW_NAMES = {"method", "window", "workers"}
# Public attributes of every client.
CLIENT_NAMES = {"api", "base_url", "close", "sleep", "time_zone", "windows"}


def python_name(wire: str, reserved: set[str] = RESERVED) -> str:
    """Return the name in Python for a name in a spec: `from_` for `From`, `list_bills` for `listBills`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", wire)
    name = re.sub(r"\W+", "_", words, flags=re.ASCII).strip("_").lower()
    if not name or name[0].isdigit():
        name = f"x_{name}"
    return f"{name}_" if name in reserved else name


def variable(api: str, setting: str) -> str:
    """Return the environment variable with a setting of an API: `NEU_CA_BUNDLE`."""
    return f"{api}_{setting}".upper()


def unique(candidates: Sequence[Sequence[str]]) -> list[str]:
    """Choose names: for each thing the first candidate that no other thing has at the same position."""
    ranks = list(zip(*candidates, strict=True))
    return [
        next((name for name, rank in zip(names, ranks, strict=True) if rank.count(name) == 1), names[-1])
        for names in candidates
    ]
