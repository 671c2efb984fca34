"""Finds the operation that each route is, by what answers have and requests carry; paths and names only help.

A false match is worse than none: of candidates that are nearly as good as each other, none is taken.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from contrato.core.schema import Schema
from contrato.core.spec import Api, Operation, Parameter
from contrato.learn.traffic import Route, Slot, SlotKey, Texts, Traffic, form_of, shown
from contrato.verify.documents import places
from contrato.verify.hiding import is_data
from contrato.verify.reports.report import UsageError

ENOUGH = 0.6
"""Score of a candidate that may be taken."""

AHEAD = 0.1
"""Score by which a candidate must be better than all others."""

SETTLED = 0.5
"""Score by which the place of an argument must be better than all others."""

Key = tuple[str, str]


@dataclass
class Candidate:
    """An operation and a route that it may be.

    Attributes:
        score: From 0 to 1.
        speaks_for: What speaks for it; names of fields and counts, no values.
        speaks_against: What speaks against it.
        slots: Where each argument that was seen travels.
        doubtful: Arguments that may travel in several of the slots.
        extra: What requests carry that is no argument of the operation.
        forced: True if `--map` says so.
    """

    operation: Operation
    route: Route
    score: float = 1.0
    speaks_for: list[str] = field(default_factory=list)
    speaks_against: list[str] = field(default_factory=list)
    slots: dict[Key, SlotKey] = field(default_factory=dict)
    doubtful: dict[Key, list[SlotKey]] = field(default_factory=dict)
    extra: list[SlotKey] = field(default_factory=list)
    forced: bool = False

    def weigh(self, factor: float, against: str) -> None:
        """Lower the score for a reason."""
        self.score *= factor
        self.speaks_against.append(against)

    @property
    def segments(self) -> Texts:
        """Segments of the path; None for one that is an argument of the operation or varies."""
        known = {name for place, name in self.slots.values() if place == "path"}
        return tuple(
            self._constant(n) if segment is None and str(n) not in known else segment
            for n, segment in enumerate(self.route.segments)
        )

    @property
    def before(self) -> int | None:
        """Number of segments before the path that the spec has for the operation; None if it has another."""
        own = [None if part.startswith("{") else part for part in self.operation.path.strip("/").split("/")]
        number = len(self.segments) - len(own)
        return number if number >= 0 and list(self.segments[number:]) == own else None

    @property
    def is_home(self) -> bool:
        """True if method and path are those of the spec."""
        return self.route.method == self.operation.method and self.before is not None

    def _constant(self, number: int) -> str | None:
        values = self.route.slots["path", str(number)].values
        text = next(iter(values))
        return text if len(values) == 1 and not is_data(text) else None


@dataclass
class Matches:
    """The operations that a recording has, and the routes that are none.

    Attributes:
        found: The route of each operation, by operationId.
        unclear: Candidates of operations with several, by operationId.
        origin: Scheme, host and port of the server.
        others: Routes of that server that are no operation.
    """

    found: dict[str, Candidate] = field(default_factory=dict)
    unclear: dict[str, list[Candidate]] = field(default_factory=dict)
    origin: str = ""
    others: list[Route] = field(default_factory=list)

    @property
    def score(self) -> tuple[int, float]:
        """How much of the API was found."""
        return len(self.found), sum(found.score for found in self.found.values())


def match(api: Api, traffic: Traffic, mapped: Mapping[str, str] | None = None, origin: str | None = None) -> Matches:
    """Match the routes of recordings with the operations of an API.

    Args:
        api: The API.
        traffic: What the recordings show.
        mapped: Method and path that somebody decided, by operationId.
        origin: Scheme, host and port of the server; by default the one with most operations.

    Raises:
        UsageError: Two servers have the same, or what is mapped is not there.
    """
    origins = traffic.origins if origin is None else [origin]
    tried = [_Matcher(api, [r for r in traffic.routes if r.origin == one], one).run(mapped or {}) for one in origins]
    ranked = sorted(tried, key=lambda matches: (matches.score, len(matches.unclear)), reverse=True)
    if not ranked:
        return Matches()
    first = ranked[0]
    if len(ranked) > 1 and first.found and len(ranked[1].found) == len(first.found):
        raise UsageError(
            f"operations of {first.origin} and of {ranked[1].origin} were recorded: choose with --base-url"
        )
    unknown = [name for name in mapped or {} if name not in first.found or not first.found[name].forced]
    if unknown:
        have = ", ".join(route.title for route in _sorted(traffic.routes)[:12])
        raise UsageError(f"--map {unknown[0]}='{(mapped or {})[unknown[0]]}' was not recorded; there are {have}")
    return first


def _sorted(routes: Sequence[Route]) -> list[Route]:
    return sorted(routes, key=lambda route: (-route.full, route.title))


class _Matcher:
    def __init__(self, api: Api, routes: list[Route], origin: str) -> None:
        self.api = api
        self.routes = routes
        self.matches = Matches(origin=origin)
        operations = list(api.operations.values())
        fields = [{at.rpartition("/")[2] for at, _ in _named(operation)} for operation in operations]
        counts = Counter(name for names in fields for name in names)
        self.weights = {name: math.log(1 + len(operations) / count) for name, count in counts.items()}
        self._answers: dict[tuple[str, int], Candidate | None] = {}

    def run(self, mapped: Mapping[str, str]) -> Matches:
        found = self.matches.found
        for name, text in mapped.items():
            route = next((r for r in self.routes if _is(r, text)), None)
            if route is not None:
                operation = self.api.operations[name]
                found[name] = self._candidate(operation, route) or Candidate(operation, route)
                found[name].forced = True
                found[name].speaks_for.insert(0, "--map says so")
        while accepted := list(self._accept()):
            found.update((one.operation.id, one) for one in accepted)
        # Some arguments are recognized by values that only the last match has shown.
        for name, known in found.items():
            again = self._candidate(known.operation, known.route)
            if again is not None and not known.forced:
                found[name] = again
        taken = {id(one.route) for one in found.values()}
        for operation in self.api.operations.values():
            if operation.id not in found:
                candidates = [c for r in self.routes if id(r) not in taken and (c := self._candidate(operation, r))]
                likely = [c for c in candidates if c.score >= ENOUGH and self._is_best(c)]
                if likely:
                    self.matches.unclear[operation.id] = sorted(likely, key=lambda c: -c.score)
        self.matches.others = [route for route in self.routes if id(route) not in taken and route.full]
        return self.matches

    def _accept(self) -> Iterator[Candidate]:
        """The candidates that no other is nearly as good as."""
        found = self.matches.found
        taken = {id(one.route) for one in found.values()}
        scored: list[Candidate] = []
        for route in self.routes:
            if id(route) not in taken:
                scored += [c for o in self.api.operations.values() if (c := self._candidate(o, route)) is not None]
        for one in scored:
            if one.operation.id in found or one.score < ENOUGH:
                continue
            rivals = [c for c in scored if c is not one and (c.operation is one.operation or c.route is one.route)]
            if not any(self._is_near(c, one) for c in rivals):
                yield one

    def _is_near(self, rival: Candidate, one: Candidate) -> bool:
        """True if a rival is so good that a candidate cannot be taken."""
        # An operation that has its route is out of the question, unless this one would be much more like it.
        if rival.operation.id in self.matches.found:
            return rival.score > one.score + AHEAD
        # Of two that are nearly as good, the better one is taken if it is where the spec has it.
        return rival.score > one.score - (0 if one.is_home and not rival.is_home else AHEAD)

    def _is_best(self, one: Candidate) -> bool:
        """True if no other operation is much more like the route."""
        others = [self._candidate(o, one.route) for o in self.api.operations.values()]
        return one.score >= max(c.score for c in others if c is not None) - AHEAD

    def _candidate(self, operation: Operation, route: Route) -> Candidate | None:
        if not _may_have(operation, route.method):
            return None
        found = self._of_answers(operation, route)
        if found is not None and found.score > ENOUGH / 2:
            _Arguments(self.api, found, self.matches.found).settle()
            return found
        return None

    def _of_answers(self, operation: Operation, route: Route) -> Candidate | None:
        if operation.answer is None:
            return self._without_answer(operation, route)
        if not route.full:
            return None
        known = dict(_named(operation))
        required = set(_required(operation.answer, ""))
        parents = {at for at, facts in route.facts.items() if facts.kinds["object"]}
        expected = {at: schema for at, schema in known.items() if at.rpartition("/")[0] in parents}
        seen = {at for at in expected if at in route.facts}
        unknown = [
            at
            for at in route.facts
            if at and not at.endswith("/*") and at not in known and _is_known_object(at.rpartition("/")[0], operation)
        ]
        if len(seen) < min(3, len(known)):
            return None
        weight = {at: self.weights[at.rpartition("/")[2]] * (1 if at in required else 0.5) for at in expected}
        total = sum(weight[at] for at in seen)
        wrong = [at for at in seen if not _agrees(expected[at], route.facts[at].kinds, route.facts[at].values)]
        missing = [at for at in expected if at in required and at not in seen]
        of_all = total / sum(weight.values())
        own = total / (total + len(unknown) * total / len(seen))
        right = 1 - sum(weight[at] for at in wrong) / total
        found = Candidate(operation, route, of_all * math.sqrt(own) * right * 0.8 ** len(missing))
        answers = f"{route.full} answer{'s' if route.full > 1 else ''}"
        found.speaks_for.append(f"{len(seen)} of {len(expected)} fields in {answers}: {_some(seen, weight)}")
        if missing:
            found.speaks_against.append(f"no field {_some(missing, weight)}")
        if wrong:
            found.speaks_against.append(f"another type: {_some(wrong, weight)}")
        if unknown:
            found.speaks_against.append(f"{len(unknown)} unknown field{'s' if len(unknown) > 1 else ''}")
        if operation.method == "GET" and route.method == "POST":
            found.speaks_against.append("a POST may write: make sure that it only reads before you verify a server")
        return found

    def _without_answer(self, operation: Operation, route: Route) -> Candidate | None:
        """A deletion has no answer; its path is that of the record which others read or change."""
        if not route.bare or route.full or operation.nothing is None:
            return None
        found = Candidate(operation, route, 0.5)
        found.speaks_for.append(f"{route.bare} successful answers without a body")
        siblings = [one for one in self.matches.found.values() if one.operation.path == operation.path]
        if any(one.route.segments == route.segments for one in siblings):
            found.score = 1.0
            found.speaks_for.append("the path of the same record")
        return found


def _named(operation: Operation) -> Iterator[tuple[str, Schema]]:
    """The fields of an answer: pointers and schemas."""
    return ((at, schema) for at, schema in places(operation.answer) if at and not at.endswith("/*"))


def _required(schema: Schema, at: str) -> Iterator[str]:
    for name, prop in schema.properties.items():
        if prop.required:
            yield f"{at}/{name}"
        yield from _required(prop.schema, f"{at}/{name}")
    if schema.items is not None:
        yield from _required(schema.items, f"{at}/*")


def _is_known_object(at: str, operation: Operation) -> bool:
    return any(at == place and schema.properties for place, schema in places(operation.answer))


def _agrees(schema: Schema, kinds: Counter[str], values: set[str]) -> bool:
    """True if most values have the type of a schema."""
    types = {kind.type for kind in (schema, *schema.alternatives)}
    types |= {"integer"} if "number" in types else set()
    told = sum(count for kind, count in kinds.items() if kind != "null")
    right = sum(count for kind, count in kinds.items() if kind in types)
    if ("any" in types and not schema.alternatives) or not told:
        return True
    if any(kind.is_timestamp for kind in (schema, *schema.alternatives)) and values:
        return any(form_of(value) == "date" for value in list(values)[:5])
    return right * 2 > told


def _some(ats: Sequence[str] | set[str], weight: Mapping[str, float]) -> str:
    ranked = sorted(ats, key=lambda at: (-weight[at], at))
    return ", ".join(at.replace("/*", "").strip("/") for at in ranked[:4]) + (", …" if len(ranked) > 4 else "")


def _may_have(operation: Operation, method: str) -> bool:
    """True if a server may have an operation with a method: a GET never writes, and only DELETE deletes."""
    if operation.deletes:
        return method == "DELETE"
    return method in (("GET", "POST", "QUERY") if operation.safe else ("POST", "PUT", "PATCH"))


def _is(route: Route, text: str) -> bool:
    method, _, path = text.strip().partition(" ")
    segments = [None if part.startswith("{") else part for part in path.strip().strip("/").split("/")]
    return route.method == method.upper() and segments == list(route.segments)


def plain(name: str) -> str:
    """A name as names are compared: small letters and digits."""
    return re.sub(r"[\W_]", "", name).lower()


class _Arguments:
    """Finds where the arguments of an operation travel."""

    def __init__(self, api: Api, candidate: Candidate, found: Mapping[str, Candidate]) -> None:
        self.api = api
        self.candidate = candidate
        self.operation = candidate.operation
        self.route = candidate.route
        self.found = found
        self.known = {p.key: self._known(p) for p in self.operation.parameters}
        pagination = self.operation.pagination
        self.counters = {}
        if pagination is not None:
            roles = ((pagination.page, pagination.current), (pagination.limit, pagination.size))
            self.counters = {self.operation.parameter(n).key: f"/{at}" for n, at in roles if n and isinstance(at, str)}

    def settle(self) -> None:
        """Fill in where arguments travel, and weigh the candidate by that."""
        operation, route, candidate = self.operation, self.route, self.candidate
        strengths = {
            p.key: {key: s for key, slot in route.slots.items() if (s := self._strength(p, key, slot)) is not None}
            for p in operation.parameters
        }
        best, totals = self._best(strengths)
        total = max(totals.values(), default=0.0)
        for key, slot_key in best.items():
            rivals = [
                other
                for other in strengths[key]
                if other != slot_key and totals.get((key, other), -math.inf) > total - SETTLED
            ]
            if rivals:
                candidate.doubtful[key] = [slot_key, *rivals]
            else:
                candidate.slots[key] = slot_key
        self._weigh(best)

    def _weigh(self, best: Mapping[Key, SlotKey]) -> None:
        operation, route, candidate = self.operation, self.route, self.candidate
        successes = route.answers + route.bare
        for p in operation.parameters:
            slot = route.slots[best[p.key]] if p.key in best else None
            if slot is None and p.required:
                twin = p.place == "path" or not operation.safe
                candidate.weigh(0.3 if twin else 0.8, f"no {p.name} in the requests")
            elif slot is not None:
                echoed = p.echo is not None and slot.echoes[p.echo.at]
                told = f", which {echoed} answers repeat" if echoed else ""
                candidate.speaks_for.append(f"{p.name} in {slot.given} requests{told}")
                if p.required and slot.given < successes:
                    candidate.weigh(0.8, f"{p.name} in {slot.given} of {successes} requests")
        named = [p for p in operation.parameters if p.required and self.known[p.key]]
        if operation.answer is None and named:
            slots = [(p, route.slots[best[p.key]]) for p in named if p.key in best]
            if len(slots) == len(named) and all(set(slot.values) <= self.known[p.key] for p, slot in slots):
                candidate.score = max(candidate.score, 0.85)
                candidate.speaks_for.append("they name records that other answers have")
        in_body = [p for p in operation.parameters if p.place == "body"]
        if not operation.safe and in_body and not any(p.key in best for p in in_body):
            candidate.weigh(0.3, "nothing that it would write")
        fields = {at for at, _ in _named(operation)}
        for key, slot in route.slots.items():
            if key in best.values() or key[0] == "header":
                continue
            if key[0] == "path" and len(slot.values) == 1 and not self._tells(slot, fields):
                continue
            candidate.extra.append(key)
            if self._tells(slot, fields):
                candidate.weigh(0.6, f"answers repeat {label(key)}, which is no argument")
            elif key[0] == "path":
                candidate.weigh(0.5, "a part of the path varies")
            else:
                candidate.weigh(0.95 if len(slot.values) > 1 else 0.98, f"unknown: {label(key)}")

    def _tells(self, slot: Slot, fields: set[str]) -> bool:
        """True if what was given is in all records of each answer: it chooses among them, or was written."""
        return any(slot.repeats(at) for at in fields)

    def _known(self, p: Parameter) -> set[str]:
        """Values that other operations have shown for an argument."""
        found: set[str] = set()
        for ref in p.refers_to:
            match_ = self.found.get(ref.operation)
            if match_ is not None and ref.pointer in match_.route.facts:
                found |= match_.route.facts[ref.pointer].values
        return found

    def _strength(self, p: Parameter, key: SlotKey, slot: Slot) -> float | None:
        """How much a slot is like an argument; None if it cannot be it."""
        schema = p.schema.items if p.schema.items is not None else p.schema
        values = set(slot.values)
        if p.schema.items is not None:
            values = {part for value in values for part in value.split(",")}
        elif slot.listed:
            return None
        forms = {form_of(value) for value in list(values)[:30]}
        allowed = {
            "integer": {"integer"},
            "number": {"integer", "number"},
            "boolean": {"boolean"},
            "string": {"date"} if schema.is_timestamp else {"text", "integer", "number", "boolean"},
        }.get(schema.type, {"text", "integer", "number", "boolean", "date"})
        if not forms <= allowed:
            return None
        strength = 0.5
        if schema.enum:
            if not values <= {str(value) for value in schema.enum}:
                return None
            strength += 2.5
        elif schema.is_timestamp:
            strength += 0.5
        is_named = key[0] != "path" and plain(key[1]) == plain(p.name)
        strength += 3 * is_named
        echo = p.echo.at if p.echo is not None and p.echo.found_as is None else self.counters.get(p.key)
        is_echoed = False
        if echo is not None and slot.shown[echo]:
            share = slot.echoes[echo] / slot.shown[echo]
            if share > 0.95:
                strength += 4 if len(values) > 1 else 3
                is_echoed = True
            elif share < 0.5:
                strength -= 3 * (p.echo is not None and p.echo.unless is None)
        known = self.known[p.key]
        is_known = bool(known) and values <= known
        if known:
            strength += 2 * is_known - (not values & known)
        is_told = is_named or is_echoed or is_known or bool(schema.enum) or schema.is_timestamp
        if key[0] == "path" and len(values) == 1 and not is_told:
            return None  # A number that is the same in all requests may be anything.
        if key[0] == "header" and not (is_named or is_echoed or (is_known and len(values) > 1)):
            return None
        if schema.type == "string" and not is_told:
            # Any text would do: it is the one that is left, or none.
            return 0.3 if len(values) > 1 else None
        return strength if strength > 0 else None

    def _best(
        self, strengths: Mapping[Key, Mapping[SlotKey, float]]
    ) -> tuple[dict[Key, SlotKey], dict[tuple[Key, SlotKey], float]]:
        """The best way to give each argument a slot, and the best total for each pair of both."""
        dates = self.operation.date_range
        ends = tuple(self.operation.parameter(name).key for name in (dates.start, dates.end)) if dates else ()
        keys = [key for key in strengths if strengths[key]]
        best: tuple[float, dict[Key, SlotKey]] = (0.0, {})
        totals: dict[tuple[Key, SlotKey], float] = {}

        def order(chosen: Mapping[Key, SlotKey]) -> float:
            if len(ends) < 2 or not all(end in chosen for end in ends):
                return 0.0
            low, high = (chosen[end] for end in ends)
            forward, back = self.route.slots[low].earlier[high], self.route.slots[high].earlier[low]
            return 0.0 if forward == back else 2.0 if forward > back else -5.0

        def walk(at: int, chosen: dict[Key, SlotKey], total: float) -> None:
            nonlocal best
            if at == len(keys):
                total += order(chosen)
                for pair in chosen.items():
                    totals[pair] = max(totals.get(pair, -math.inf), total)
                if total > best[0]:
                    best = total, dict(chosen)
                return
            key = keys[at]
            ranked = sorted(strengths[key].items(), key=lambda one: -one[1])[:4]
            for slot_key, strength in ranked:
                if slot_key not in chosen.values():
                    walk(at + 1, {**chosen, key: slot_key}, total + strength)
            walk(at + 1, chosen, total)

        walk(0, {}, 0.0)
        return best[1], totals


def label(key: SlotKey) -> str:
    """Where a value travels, for a person."""
    place, name = key
    return f"segment {int(name) + 1} of the path" if place == "path" else f"{place} {shown(name)}"
