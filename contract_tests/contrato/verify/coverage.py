"""How much of the spec the answers of a run have shown."""

from __future__ import annotations

from collections import Counter
from http import HTTPStatus

from contrato.core.spec import Api, Operation
from contrato.verify.documents import MISSING, find
from contrato.verify.exchange import Exchange


class Coverage:
    """Counts answers, and what they have not shown yet: silence never passes.

    Attributes:
        successes: Number of 2xx answers, by operationId.
    """

    def __init__(self, spec: Api) -> None:
        self.successes: Counter[str] = Counter()
        self._answers: Counter[str] = Counter()
        self._forbidden: Counter[str] = Counter()
        self._unseen = {o.id: _must_see(o) for o in spec.operations.values()}

    def see(self, exchange: Exchange) -> None:
        """Take one exchange into account."""
        operation, answer = exchange.operation, exchange.json
        if operation is not None:
            # A token is not looked at where the request is wrong.
            self._answers[operation.id] += exchange.status not in (400, 401, 422)
            self._forbidden[operation.id] += exchange.status == HTTPStatus.FORBIDDEN
        if operation is None or not exchange.succeeded:
            return
        self.successes[operation.id] += 1
        unseen = self._unseen[operation.id]
        if unseen and operation.schema(exchange.status) is not None and answer not in ([], {}, None, MISSING):
            unseen -= {at for at in unseen if find(answer, at)}

    def is_forbidden(self, operation: Operation) -> bool:
        """True if most answers to what may be done say that this user may not do it."""
        count = self._forbidden[operation.id]
        return not self.successes[operation.id] and 2 * count > self._answers[operation.id]

    def missing(self, operation: Operation) -> str | None:
        """The reason why the operation is not checked; `None` when its 2xx answers have shown all there is to see."""
        unseen = self._unseen[operation.id]
        if not self.successes[operation.id]:
            return "no request was answered with 2xx"
        if "" in unseen:
            return "every 2xx answer was empty"
        if unseen:
            return f"always empty: {', '.join(sorted(at.removesuffix('/*') or 'the list' for at in unseen))}"
        return None


def _must_see(operation: Operation) -> set[str]:
    """Pointers that some 2xx answer must have before the operation counts as checked; `""` is the answer itself."""
    schemas = [r.schema for r in operation.responses.values() if r.succeeded and r.schema is not None]
    return {"", *(f"{at}/*" for schema in schemas for at in schema.lists())} if schemas else set()
