"""Passive checks: what one request and its answer show, whoever sent the request.

Nothing is judged that the sources leave open: an argument that is not valid by the spec, a page after the last one, a
range whose end precedes its start. Where a server may mean its timestamps in two ways, both are tried.
"""

# In the order in which they run.
from contrato.verify.checks import documented, http, bodies, selection, lists, dates, series, records  # noqa: F401, I001
from contrato.verify.checks import refusals, readings  # noqa: F401
