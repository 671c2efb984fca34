"""Names in Python for the names of a spec."""

import pytest

from contrato.core.names import python_name


@pytest.mark.parametrize(
    ("wire", "name"),
    [
        ("listBills", "list_bills"),
        ("From", "from_"),
        ("Id_service", "id_service"),
        ("nextPage", "next_page"),
        ("payment_Value", "payment_value"),
        ("_q", "q"),
        ("id", "id"),
        ("type", "type_"),
        ("match", "match_"),
        ("options", "options_"),
        ("self", "self_"),
        ("PQRStatus", "pqr_status"),
        ("X-Trace-Id", "x_trace_id"),
        ("2nd", "x_2nd"),
        ("---", "x_"),
        ("Energ\u00eda", "energ_a"),
    ],
)
def test_names_in_python(wire: str, name: str) -> None:
    assert python_name(wire) == name
