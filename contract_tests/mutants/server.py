"""The bundled server with one change: a fault, or a legal variant.

A change stands between the client and the bundled server. It sees each request as an `Ask`, may alter it, pass it on
(once, several times, never), and gives the `Answer` that the client gets. Most changes are made of the building blocks
below, which choose requests by their operationId.
"""

import json
from asyncio import sleep
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, lru_cache
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contrato import mock
from contrato.core import places, spec
from contrato.core.extensions import Pagination
from contrato.core.places import place
from contrato.core.spec import Operation

GROUPS = (
    "transport and status",
    "content type",
    "schema",
    "auth",
    "input validation",
    "pagination",
    "filter",
    "sort",
    "CRUD",
    "numbers and units",
    "aggregation",
    "dates and zones",
    "error bodies",
    "headers",
    "agreement between operations",
    "performance",
)

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Ask:
    """A request.

    Attributes:
        api: which API's path it has, or empty text.
        operation: the operationId, or empty text for a path or method that the spec does not know.
        method: in capitals.
        path: decoded, with the API's mount.
        query_string: as it came.
        headers: names in lower case.
        body: as it came.
        token: the one that the server takes.
        memory: what a change remembers from one request to the next; each app has its own.

    """

    api: str
    operation: str
    method: str
    path: str
    query_string: str
    headers: Pairs
    body: bytes
    token: str
    memory: dict[str, Any]

    @property
    def target(self) -> Operation:
        """The operation.

        Raises:
            KeyError: the spec does not know it.

        """
        return _operations()[self.operation]

    @cached_property
    def arguments(self) -> dict[str, Any]:
        """The arguments by wire name, wherever the spec has them, with the spec's types where they can be read so."""
        if not self.operation:
            return {}
        path = quote(self.path.removeprefix(self.target.api.mount))
        found = places.arguments(self.target, path, self._pairs, dict(self.headers), self.json())
        return {name: value for (_, name), value in reversed(found.items())}

    def argument(self, name: str, default: Any = None) -> Any:
        """The argument of this name.

        Raises:
            KeyError: the operation has no such argument.

        """
        return self.arguments.get(self.target.parameter(name).name, default)

    @property
    def _pairs(self) -> list[tuple[str, str]]:
        return parse_qsl(self.query_string, keep_blank_values=True)

    @property
    def query(self) -> dict[str, str]:
        """The names and texts of the query as they came, the last one of a name."""
        return dict(self._pairs)

    @property
    def bare(self) -> bool:
        """Whether there is neither a query nor a body."""
        return not (self.body or self.query_string)

    @property
    def readable(self) -> bool:
        """Whether there is no body, or one that is a JSON object."""
        try:
            return not self.body or isinstance(json.loads(self.body), dict)
        except (ValueError, RecursionError):
            return False

    def header(self, name: str) -> str:
        """The value of a header, or empty text."""
        return next((value for key, value in self.headers if key == name.lower()), "")

    @property
    def credentials(self) -> str:
        """What the request offers as a token, in whatever scheme, or empty text."""
        return self.header("authorization").strip().rpartition(" ")[2]

    def authorized(self) -> "Ask":
        """The same request with the token that the server takes."""
        return self.with_header("authorization", f"Bearer {self.token}")

    def json(self) -> Any:
        """The body, an empty object when there is none or it is not JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return {}

    def with_json(self, body: Any) -> "Ask":
        """The same request with another body."""
        headers = tuple(pair for pair in self.headers if pair[0] not in _OF_BODY)
        text = json.dumps(body).encode()
        length = ("content-length", str(len(text)))
        return replace(self, body=text, headers=(*headers, ("content-type", "application/json"), length))

    def with_header(self, name: str, value: str | None) -> "Ask":
        """The same request with this header set; None takes it away."""
        headers = tuple(pair for pair in self.headers if pair[0] != name.lower())
        return replace(self, headers=headers if value is None else (*headers, (name.lower(), value)))

    def asking(self, arguments: Mapping[str, Any]) -> "Ask":
        """The same request with these arguments and no others. What the spec does not know stays.

        Raises:
            KeyError: the operation has no such argument, or its path lacks one.

        """
        target = self.target
        old, new = ({target.parameter(n).key: v for n, v in named.items()} for named in (self.arguments, arguments))
        changed = {key for key in (*old, *new) if json.dumps(old.get(key, _NONE)) != json.dumps(new.get(key, _NONE))}
        parts = place(target, {key: value for key, value in new.items() if key in changed or key[0] == "path"})
        where = {key[0] for key in changed}
        ask = self
        if "path" in where:
            ask = replace(ask, path=target.api.mount + unquote(parts.path))
        if "query" in where:
            kept = [pair for pair in self._pairs if ("query", pair[0]) not in changed]
            ask = replace(ask, query_string=urlencode([*kept, *parts.query]))
        for name in (key[1] for key in changed if key[0] == "header"):
            ask = ask.with_header(name, parts.headers.get(name))
        if "body" in where:
            body = self.json() if self.readable else {}
            kept_fields = {name: value for name, value in body.items() if ("body", name) not in changed}
            ask = ask.with_json({**kept_fields, **(parts.body or {})})
        return ask

    def with_arguments(self, **arguments: Any) -> "Ask":
        """The same request with these arguments set; see `asking`."""
        return self.asking({**self.arguments, **arguments})

    def without(self, *names: str) -> "Ask":
        """The same request without these arguments; see `asking`."""
        dropped = {self.target.parameter(name).name for name in names}
        return self.asking({name: value for name, value in self.arguments.items() if name not in dropped})

    def to(self, operation: str, /, **arguments: Any) -> "Ask":
        """Another request of the same client, to another operation or with other arguments.

        Raises:
            KeyError: there is no such operation, or it has no such argument.

        """
        target = _operations()[operation]
        parts = place(target, {target.parameter(name).key: value for name, value in arguments.items()})
        own = [p.name.lower() for p in self.target.parameters if p.place == "header"] if self.operation else []
        ask = replace(
            self,
            api=target.api.name,
            operation=operation,
            method=parts.method,
            path=target.api.mount + unquote(parts.path),
            query_string=urlencode(parts.query),
            headers=(
                *(pair for pair in self.headers if pair[0] not in (*_OF_BODY, *own)),
                *((name.lower(), value) for name, value in parts.headers.items()),
            ),
            body=b"",
        )
        return ask if parts.body is None else ask.with_json(parts.body)


_OF_BODY = ("content-type", "content-length")
# Stands for an argument that is not there; no argument is an object with this name.
_NONE = {"": "not there"}


@dataclass(frozen=True)
class Answer:
    """A response.

    Attributes:
        status: the code.
        headers: names as they are sent. `Content-Length` is added when it is sent, unless it stands here.
        body: as it is sent.
        delay: seconds before anything is sent.
        sent: bytes of the body after which the connection breaks, or None.
        chunk: bytes of a piece when the body is sent in pieces and without its length, or 0.

    """

    status: int
    headers: Pairs = ()
    body: bytes = b""
    delay: float = 0
    sent: int | None = None
    chunk: int = 0

    @property
    def ok(self) -> bool:
        """Whether this is a success with a JSON body."""
        return self.status // 100 == 2 and self.header("content-type").startswith("application/json")

    def header(self, name: str) -> str:
        """The value of a header, or empty text."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    def json(self) -> Any:
        """The body.

        Raises:
            ValueError: it is not JSON.

        """
        return json.loads(self.body)

    def with_json(self, body: Any) -> "Answer":
        """The same answer with another body."""
        return replace(self, body=encode(body))

    def with_header(self, name: str, value: str | None) -> "Answer":
        """The same answer with this header set; None takes it away."""
        headers = tuple(pair for pair in self.headers if pair[0].lower() != name.lower())
        return replace(self, headers=headers if value is None else (*headers, (name, value)))


def encode(body: Any) -> bytes:
    """JSON as the bundled server writes it."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def answer(status: int, body: Any = None, **headers: str) -> Answer:
    """An answer of one's own, with a JSON body unless that is None. `_` in the names of headers stands for `-`."""
    pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    if body is None:
        return Answer(status, pairs)
    return Answer(status, (("content-type", "application/json"), *pairs), encode(body))


Server = Callable[[Ask], Awaitable[Answer]]
Change = Callable[[Ask, Server], Awaitable[Answer]]
Condition = Callable[[Ask], bool]
Base = Callable[[int, str], ASGIApp]


@dataclass(frozen=True)
class Fault:
    """One thing that a server does wrong.

    Attributes:
        name: for the command line, in words with hyphens.
        api: whose.
        group: one of `GROUPS`.
        sentence: what is wrong.
        change: how the bundled server comes to do it.
        base: what is changed, made from seed and token.
        probe: requests that show it, as operationId and arguments by name, when the usual ones do not.

    """

    name: str
    api: str
    group: str
    sentence: str
    change: Change
    base: Base = mock.create_app
    probe: tuple[tuple[str, Mapping[str, Any]], ...] = ()


@dataclass(frozen=True)
class Variant:
    """One thing that a server may do otherwise than the bundled one.

    Attributes:
        name: for the command line, in words with hyphens.
        apis: where it makes a difference.
        sentence: what is different.
        why: what allows it.
        change: how the bundled server comes to do it.
        base: what is changed, made from seed and token.
        inconclusive: whether a run may find too little to check.
        probe: requests that show it, as of a fault.
        reading: question of the spec and reading of it that the server follows; None for another liberty.

    """

    name: str
    apis: tuple[str, ...]
    sentence: str
    why: str
    change: Change
    base: Base = mock.create_app
    inconclusive: bool = False
    probe: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    reading: tuple[str, str] | None = None


class NoSubjectError(ValueError):
    """The spec has nothing that a fault could be about."""


async def no_subject(_: Ask, __: Server) -> Answer:
    """Stand for a change that the spec leaves nothing to do to."""
    raise NoSubjectError


# Building blocks. `operations` names one or several operations, divided by blanks; `*` is every request to the API,
# also one that the spec does not know.


def taking_bodies(operations: str) -> str:
    """Those of the operations whose requests have a body. To change none of them is a `NoSubjectError`."""
    return " ".join(name for name in operations.split() if _operations()[name].body is not None)


def _always(_: Ask) -> bool:
    return True


def exchange(operations: str, change: Change, when: Condition = _always) -> Change:
    """Do `change` with the requests to `operations` that fulfil `when`, and nothing with others."""
    names = operations.split()
    if not names:
        return no_subject
    unknown = set(names) - {"*"} - set(_operations())
    if unknown:
        raise ValueError(f"no such operation: {', '.join(sorted(unknown))}")

    async def changed(ask: Ask, server: Server) -> Answer:
        chosen = "*" in names or ask.operation in names
        return await (change(ask, server) if chosen and when(ask) else server(ask))

    return changed


def responses(operations: str, change: Callable[[Answer], Answer], when: Condition = _always) -> Change:
    """Alter the answers, of any status."""

    async def changed(ask: Ask, server: Server) -> Answer:
        return change(await server(ask))

    return exchange(operations, changed, when)


def answers(operations: str, change: Callable[[Any], Any], at: str = "", when: Condition = _always) -> Change:
    """Alter the JSON of successes.

    Args:
        operations: see above.
        change: gives the new value for the old one.
        at: pointer to the values that are changed, in which `*` means every element of an array: `/data/*/date`. What
            is not there, or is null, is left alone.
        when: which requests.

    Raises:
        ValueError: the spec knows no such place in the answers.

    """
    for name in operations.split() if at else ():
        schema = _operations()[name].answer
        if schema is None or schema.at(at) is None:
            raise ValueError(f"{name} answers with nothing at {at}")

    def changed(old: Answer) -> Answer:
        return old.with_json(alter(old.json(), at, change)) if old.ok else old

    return responses(operations, changed, when)


def alter(document: Any, at: str, change: Callable[[Any], Any]) -> Any:
    """The document with the values at a pointer changed; see `answers`."""
    step, _, rest = at.removeprefix("/").partition("/")
    if not step:
        return change(document)
    if step == "*" and isinstance(document, list):
        return [alter(item, rest, change) for item in document]
    if isinstance(document, dict) and document.get(step) is not None:
        return {**document, step: alter(document[step], rest, change)}
    return document


def requests(operations: str, change: Callable[[Ask], Ask], when: Condition = _always) -> Change:
    """Alter requests before the server sees them."""

    async def changed(ask: Ask, server: Server) -> Answer:
        return await server(change(ask))

    return exchange(operations, changed, when)


def instead(operations: str, change: Callable[[Ask], Ask], when: Condition = _always) -> Change:
    """Answer another request than the one that was sent, if that one is valid: what is refused stays refused."""

    async def changed(ask: Ask, server: Server) -> Answer:
        old = await server(ask)
        return await server(change(ask)) if old.ok else old

    return exchange(operations, changed, when)


def arguments(operations: str, change: Callable[[dict[str, Any]], dict[str, Any]], when: Condition = _always) -> Change:
    """Alter the arguments, by wire name. A body that is no JSON object passes."""
    return requests(operations, lambda ask: ask.asking(change(dict(ask.arguments))) if ask.readable else ask, when)


def status(operations: str, code: int, body: Any = None, when: Condition = _always) -> Change:
    """Answer with this status and body, whatever is asked."""

    async def changed(_: Ask, __: Server) -> Answer:
        return answer(code, body)

    return exchange(operations, changed, when)


def headers(operations: str, values: Mapping[str, str | None], when: Condition = _always) -> Change:
    """Set headers of the answers; None takes one away."""

    def changed(old: Answer) -> Answer:
        for name, value in values.items():
            old = old.with_header(name, value)
        return old

    return responses(operations, changed, when)


async def _unchanged(ask: Ask, server: Server) -> Answer:
    return await server(ask)


def chain(*changes: Change) -> Change:
    """All of the changes; the first is nearest to the client."""
    if not changes:
        return _unchanged
    first, rest = changes[0], chain(*changes[1:])

    async def changed(ask: Ask, server: Server) -> Answer:
        async def inner(ask: Ask) -> Answer:
            return await rest(ask, server)

        return await first(ask, inner)

    return changed


# Pages.


def _pagination(ask: Ask) -> Pagination:
    pagination = ask.target.pagination
    if pagination is None:
        raise ValueError(f"{ask.operation} has no pages")
    return pagination


def page_of(ask: Ask) -> int:
    """The number of the page that is asked for; 0 when it is no number."""
    try:
        return int(ask.argument(_pagination(ask).page, 1))
    except (OverflowError, TypeError, ValueError):
        return 0


def to_page(ask: Ask, number: int) -> Ask:
    """The same request for another page."""
    return ask.with_arguments(**{_pagination(ask).page: number})


def size_of(ask: Ask) -> int:
    """How many items are on a page that is asked for in a valid request."""
    limit, size = _pagination(ask).limit, _pagination(ask).size
    return int(size or 0) if limit is None else int(ask.argument(limit, ask.target.parameter(limit).schema.default))


def items_of(ask: Ask, page: Answer) -> list[Any]:
    """The items of a page."""
    name = _pagination(ask).items
    items: list[Any] = page.json() if name is None else page.json()[name]
    return items


def with_items(ask: Ask, page: Answer, items: list[Any], **counters: int | None) -> Answer:
    """A page with other items, and other counters by attributes of `Pagination`, those that the spec has."""
    pagination = _pagination(ask)
    if pagination.items is None:
        return page.with_json(items)
    named = {getattr(pagination, counter): value for counter, value in counters.items()}
    known = {name: value for name, value in named.items() if name is not None}
    return page.with_json({**page.json(), **known, pagination.items: items})


async def everything(ask: Ask, server: Server) -> list[Any]:
    """The items of all pages."""
    found: list[Any] = []
    number = 1
    while items := items_of(ask, await server(to_page(ask, number))):
        found += items
        number += 1
    return found


def cut(items: list[Any], page: int, size: int) -> list[Any]:
    """The items of a page."""
    return items[(page - 1) * size : page * size]


def changed_app(item: Fault | Variant, seed: int = 1, token: str = "demo") -> "Changed":
    """Make the bundled server with this change.

    Raises:
        NoSubjectError: the spec has nothing that the change could be about.

    """
    if item.change is no_subject:
        raise NoSubjectError(f"{item.name}: none of its operations takes a body")
    apis = (item.api,) if isinstance(item, Fault) else item.apis
    return Changed(item.base(seed, token), item.change, apis, token)


@cache
def _operations() -> dict[str, Operation]:
    """The operations of all APIs."""
    return {name: operation for api in spec.APIS for name, operation in spec.api(api).operations.items()}


@lru_cache(maxsize=4096)
def _find(method: str, path: str) -> tuple[str, str]:
    """API and operationId of a request."""
    # Apportionments are mounted at the root, where the paths of another API are not theirs.
    for api in sorted(map(spec.api, spec.APIS), key=lambda api: -len(api.mount)):
        if path.startswith(f"{api.mount}/"):
            operation = api.match(method, quote(path.removeprefix(api.mount)))
            return api.name, operation.id if operation else ""
    return "", ""


@dataclass(frozen=True)
class Changed:
    """ASGI app that does one change to another app.

    Attributes:
        errors: what the change stumbled over. A client sees a broken server then, which is not what the change is for.

    """

    app: ASGIApp
    change: Change
    apis: tuple[str, ...]
    token: str
    memory: dict[str, Any] = field(default_factory=dict)
    errors: list[Exception] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        assert scope["type"] == "http", "serve with lifespan off"
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break

        async def server(ask: Ask) -> Answer:
            return await _call(self.app, scope, ask)

        api, operation = _find(scope["method"], scope["path"])
        ask = Ask(
            api=api,
            operation=operation,
            method=scope["method"],
            path=scope["path"],
            query_string=scope["query_string"].decode("latin-1"),
            headers=tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]),
            body=body,
            token=self.token,
            memory=self.memory,
        )
        try:
            found = await (self.change(ask, server) if api in self.apis else server(ask))
        except Exception as error:
            self.errors.append(error)
            raise
        await _send(found, send)


async def _call(app: ASGIApp, scope: Scope, ask: Ask) -> Answer:
    """Have the app answer, and collect the answer."""
    incoming: list[Message] = [{"type": "http.request", "body": ask.body, "more_body": False}]
    outgoing: list[Message] = []

    async def receive() -> Message:
        return incoming.pop() if incoming else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        outgoing.append(message)

    inner = {
        **scope,
        # From this version on nobody waits for a disconnection while an answer is sent.
        "asgi": {**scope["asgi"], "spec_version": "2.4"},
        "method": ask.method,
        "path": ask.path,
        "raw_path": quote(ask.path).encode(),
        "query_string": ask.query_string.encode("latin-1"),
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in ask.headers],
    }
    await app(inner, receive, send)
    start, *rest = outgoing
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in start.get("headers", ()))
    return Answer(
        start["status"],
        tuple(pair for pair in headers if pair[0] != "content-length"),
        b"".join(message.get("body", b"") for message in rest),
    )


async def _send(response: Answer, send: Send) -> None:
    if response.delay:
        await sleep(response.delay)
    pairs = list(response.headers)
    if not response.chunk and not response.header("content-length") and response.status not in (204, 304):
        pairs.append(("content-length", str(len(response.body))))
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    if response.sent is not None:
        # The answer never ends: the server closes the connection.
        await send({"type": "http.response.body", "body": response.body[: response.sent], "more_body": True})
        return
    if response.chunk:
        for start in range(0, len(response.body), response.chunk):
            piece = response.body[start : start + response.chunk]
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        return
    await send({"type": "http.response.body", "body": response.body, "more_body": False})
