"""Active laws: what must hold between several answers.

Each is one function over one operation. It knows no operation, path or field by name: it is run for every operation of
which the spec says what the law is about. `runner` runs them.
"""

# In the order in which they run: those that write come late.
from contrato.verify.laws import aggregation, agreement, paging, sorting, ranges  # noqa: F401, I001
from contrato.verify.laws import filtering, writing, deleting, probing  # noqa: F401
