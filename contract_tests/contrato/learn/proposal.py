"""Writes what recordings show as an OpenAPI Overlay: paths, methods, places and names of arguments, and readings.

Nothing that was sent or answered is in it but names of arguments and words of paths.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from contrato.core.document import JSON, METHODS, Node, follow, operation_nodes, path_items
from contrato.core.overlay import API, apply, target
from contrato.core.spec import Api, Operation
from contrato.learn.drift import Told
from contrato.learn.matching import Candidate, Key, Matches
from contrato.learn.traffic import Texts

Json = dict[str, Any]
STRONG = ("documented", "observed")


def propose(api: Api, matches: Matches, base: int, day: str, told: Sequence[Told] = ()) -> Json:
    """Make the overlay that changes a spec into what recordings show.

    Args:
        api: The API, as its spec is.
        matches: The routes of its operations.
        base: Number of segments before the paths.
        day: Date of the recording.
        told: Readings of open questions.
    """
    return _Proposal(api, matches, base, day).made(told)


def evidence(day: str, answers: int) -> str:
    """Evidence of what answers have shown."""
    return f"observed {day}: {answers} answer{'' if answers == 1 else 's'}"


def path_of(found: Candidate, base: int) -> str:
    """The path of a match below the base URL, with the names of arguments."""
    names = {int(name): key[1] for key, (place, name) in found.slots.items() if place == "path"}
    segments: Texts = found.segments
    parts = [f"{{{names.get(n, f'part{n}')}}}" if text is None else text for n, text in enumerate(segments)]
    return "/" + "/".join(parts[base:])


def unsettled(found: Candidate) -> list[str]:
    """Why the client could not send what was recorded, one sentence each."""
    known = {int(name) for place, name in found.slots.values() if place == "path"}
    notes = [
        f"segment {n + 1} of the path is a number or a name that is no argument, which the spec cannot say"
        for n, text in enumerate(found.segments)
        if text is None and n not in known
    ]
    operation = found.operation
    for key, (place, name) in found.slots.items():
        if place in ("form", "nested"):
            kind = "a form" if place == "form" else "an object inside of the body"
            notes.append(f"{operation.keys[key].name} travels in {kind}, as {name}, which the spec cannot say yet")
    for key, rivals in found.doubtful.items():
        names = " or ".join(sorted({name for _, name in rivals}))
        notes.append(f"{operation.keys[key].name} may be {names}: record values of it that differ from all others")
    return notes


class _Proposal:
    def __init__(self, api: Api, matches: Matches, base: int, day: str) -> None:
        self.api = api
        self.found = matches.found
        self.base = base
        self.day = day
        self.document = api.copy()
        self.actions: list[Json] = []

    def made(self, told: Sequence[Told]) -> Json:
        """The overlay."""
        self._move()
        for found in self.found.values():
            self._arguments(found)
            self._safe(found)
        for one in told:
            self._settle(one)
        self._clean()
        info = {"title": f"What recordings show of the {self.api.name} API", "version": self.api.version}
        return {"overlay": "1.1.0", "info": info, API: self.api.name, "actions": self.actions}

    def _act(self, at: str, **what: Any) -> None:
        action = {"target": at, **what}
        apply(self.document, {"overlay": "1.1.0", "actions": [action]})
        self.actions.append(copy.deepcopy(action))

    def _where(self, operation_id: str) -> tuple[str, str, Json, Json]:
        return next(one for one in operation_nodes(self.document) if one[3]["operationId"] == operation_id)

    # Paths and methods

    def _move(self) -> None:
        wanted = {name: to for name, found in self.found.items() if (to := self._wanted(found)) is not None}
        pending = {name: to for name, to in wanted.items() if self._where(name)[:2] != to}
        while pending:
            free = [
                name
                for name, (path, method) in pending.items()
                if method not in path_items(self.document).get(path, {})
            ]
            name = free[0] if free else next(iter(pending))
            if not free:
                # An operation that is in the way makes room; if it was recorded, it has not reached its own path yet.
                path, method = pending[name]
                other = path_items(self.document)[path][method]["operationId"]
                self._move_one(other, f"{path}/{other}", method)
            self._move_one(name, *pending.pop(name))
        for name in wanted:
            path, _, item, _ = self._where(name)
            self._observed(target("paths", path), item, self.found[name].route.full or self.found[name].route.bare)

    def _wanted(self, found: Candidate) -> tuple[str, str] | None:
        if any(text is None and n not in self._numbers(found) for n, text in enumerate(found.segments)):
            return None
        return path_of(found, self.base), found.route.method.lower()

    def _numbers(self, found: Candidate) -> set[int]:
        return {int(name) for place, name in found.slots.values() if place == "path"}

    def _move_one(self, name: str, path: str, method: str) -> None:
        old_path, old_method, item, _ = self._where(name)
        if path not in path_items(self.document) and sum(key in METHODS for key in item) == 1:
            self._act("$.paths", update={path: {}})
            self._act(target("paths", path), copy=target("paths", old_path))
            self._act(target("paths", old_path), remove=True)
            if method == old_method:
                return
            old_path = path
        source = target("paths", old_path, old_method)
        if path not in path_items(self.document):
            beside = {key: value for key, value in item.items() if key not in METHODS}
            self._act("$.paths", update={path: beside})
        self._act(target("paths", path), update={method: {}})
        self._act(target("paths", path, method), copy=source)
        self._act(source, remove=True)
        if not any(key in METHODS for key in path_items(self.document)[old_path]):
            self._act(target("paths", old_path), remove=True)

    def _observed(self, at: str, node: Node, answers: int) -> None:
        """State that path and method were seen."""
        text = evidence(self.day, answers)
        known = node.get("x-open", {}).get("path")
        if known is not None and not (isinstance(known, Mapping) and "settled" in known):
            ours = known if isinstance(known, str) else known["ours"]
            self._act(f"{at}['x-open'].path", remove=True)
            self._act(f"{at}['x-open']", update={"path": {"settled": ours, "x-evidence": text}})
        if node.get("x-evidence", "").partition(" ")[0] != "documented":
            self._act(at, update={"x-evidence": text})

    def _safe(self, found: Candidate) -> None:
        """A read that is a POST says that it is one, and no other does."""
        path, method, _, node = self._where(found.operation.id)
        at = target("paths", path, method)
        if found.operation.safe and method not in ("get", "head") and node.get("x-safe") is not True:
            self._act(at, update={"x-safe": True})
        for key in ("x-safe", "x-safe-evidence") if method in ("get", "head") else ():
            if key in node:
                self._act(f"{at}['{key}']", remove=True)

    # Arguments

    def _arguments(self, found: Candidate) -> None:
        operation = found.operation
        path, method, item, node = self._where(operation.id)
        placed = self._placed(found, method, path)
        if all(key == to for key, to in placed.items()):
            return
        at = target("paths", path, method)
        nodes = dict(self._nodes(item, node))
        text = evidence(self.day, found.route.full or found.route.bare)
        parameters, properties, required = [], {}, []
        for key, (place, name) in placed.items():
            reference, is_required = nodes[key]
            if place == "body":
                properties[name] = self._as_property(key, reference)
                required += [name] if is_required else []
                made = properties[name]
            elif (place, name) == key and "$ref" in reference:
                parameters.append(reference)
                continue
            else:
                made = self._as_parameter(found, key, reference, place, name, is_required)
                parameters.append(made)
            self._tell(made, key, (place, name), text)
        body = self._body(found, node, properties, required, placed, text)
        for name in ("parameters", "requestBody"):
            if name in node:
                self._act(f"{at}.{name}", remove=True)
        if "parameters" in item:
            self._act(target("paths", path, "parameters"), remove=True)
        update = ({"parameters": parameters} if parameters else {}) | ({"requestBody": body} if body else {})
        if update:
            self._act(at, update=update)

    def _placed(self, found: Candidate, method: str, path: str) -> dict[Key, Key]:
        """Place and name of each argument; one that was not seen goes where the others went."""
        placed: dict[Key, Key] = {}
        seen = {key: slot for key, slot in found.slots.items() if slot[0] not in ("form", "nested")}
        for p in found.operation.parameters:
            if p.key in seen:
                place, name = seen[p.key]
                placed[p.key] = (place, p.name) if place == "path" else (place, name)
                continue
            others = {seen[q.key][0] for q in found.operation.parameters if q.place == p.place and q.key in seen}
            place = next(iter(others)) if len(others) == 1 and "path" not in others else p.place
            if place == "path" and f"{{{p.name}}}" not in path:
                place = "query"
            placed[p.key] = ("query" if place == "body" and method in ("get", "delete", "head") else place), p.name
        return placed

    def _nodes(self, item: Node, node: Node) -> Iterator[tuple[Key, tuple[Json, bool]]]:
        """The nodes of arguments, and whether they are required."""
        for reference in (*item.get("parameters", ()), *node.get("parameters", ())):
            known = follow(self.document, reference)[0]
            yield (known["in"], known["name"]), (copy.deepcopy(reference), bool(known.get("required")))
        schema = self._schema(node)
        for name, prop in schema.get("properties", {}).items():
            yield ("body", name), (copy.deepcopy(prop), name in schema.get("required", ()))

    def _media(self, node: Node) -> Node:
        if "requestBody" not in node:
            return {}
        found: Node = follow(self.document, node["requestBody"])[0]["content"][JSON]
        return found

    def _schema(self, node: Node) -> Node:
        media = self._media(node)
        return follow(self.document, media["schema"])[0] if media else {}

    def _as_parameter(
        self, found: Candidate, key: Key, reference: Json, place: str, name: str, is_required: bool
    ) -> Json:
        head = {"name": name, "in": place} | ({"required": True} if is_required or place == "path" else {})
        if key[0] != "body":
            node = dict(follow(self.document, reference)[0])
            rest = {k: v for k, v in node.items() if k not in ("name", "in", "required", "style", "explode")}
        else:
            own = {k: v for k, v in reference.items() if k == "description" or k.startswith("x-")}
            schema = {k: v for k, v in reference.items() if k not in own and k not in ("examples", "example")}
            *_, node = self._where(found.operation.id)
            examples = self._media(node).get("examples", {}).values()
            known = [follow(self.document, example)[0] for example in examples]
            shown = [
                {"example": one["value"][key[1]], "x-example-evidence": one["x-evidence"]}
                for one in known
                if key[1] in one["value"]
            ]
            rest = {**own, "schema": schema} | (shown[0] if shown else {})
        if place == "query" and follow(self.document, rest["schema"])[0].get("type") == "array":
            slot = found.route.slots.get(found.slots[key]) if key in found.slots else None
            is_joined = slot is not None and not slot.repeated and any("," in value for value in slot.values)
            rest = {"style": "form", "explode": not is_joined, **rest}
        return head | rest

    def _as_property(self, key: Key, reference: Json) -> Json:
        if key[0] == "body":
            return reference
        node = dict(follow(self.document, reference)[0])
        schema = dict(node.pop("schema", {}))
        example = [node.pop("example")] if "example" in node else []
        own = {k: v for k, v in node.items() if k == "description" or k.startswith("x-")}
        return schema | own | ({"examples": example} if example else {})

    def _tell(self, node: Json, key: Key, to: Key, text: str) -> None:
        """Keep the name by which an argument is known here, and state where the place comes from."""
        if key == to:
            return
        if key[1] != to[1]:
            node["x-name"] = node.get("x-name", key[1])
            if node["x-name"] == to[1]:
                del node["x-name"]
        known = follow(self.document, node)[0].get("x-evidence", "")
        if key[1] != to[1] or known.partition(" ")[0].rstrip(":") not in STRONG:
            node["x-evidence"] = text

    def _body(
        self, found: Candidate, node: Node, properties: Json, required: list[str], placed: Mapping[Key, Key], text: str
    ) -> Json | None:
        if not properties:
            return None
        old = dict(follow(self.document, node["requestBody"])[0]) if "requestBody" in node else {}
        schema: Json = {"type": "object", "properties": properties}
        if required:
            schema = {
                "type": "object",
                "required": required,
                "x-required-evidence": self._schema(node).get("x-required-evidence", text),
                "properties": properties,
            }
        media: Json = {"schema": schema}
        names = {key[1]: to[1] for key, to in placed.items() if key[0] == to[0] == "body"}
        examples = {}
        for name, example in self._media(node).get("examples", {}).items():
            value = follow(self.document, example)[0]["value"]
            if not set(value) <= set(names):
                continue
            is_same = all(names[k] == k for k in value)
            examples[name] = example if is_same else {"value": {names[k]: v for k, v in value.items()}}
        if examples and all(set(required) <= set(follow(self.document, e)[0]["value"]) for e in examples.values()):
            media["examples"] = examples
        kept = {k: copy.deepcopy(v) for k, v in old.items() if k not in ("content", "required")}
        kept.setdefault("x-evidence", text)
        return {**kept, "required": bool(required) or bool(old.get("required")), "content": {JSON: media}}

    # Readings

    def _settle(self, told: Told) -> None:
        """Settle an open question that answers have told of, if the reading is that of the spec's own examples."""
        for pointer in told.pointers:
            steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
            node = self._at(steps)
            said = node.get("x-open", {}).get(told.question) if node is not None else None
            if said is None or (isinstance(said, Mapping) and "settled" in said):
                continue
            ours = said if isinstance(said, str) else said["ours"]
            if told.is_settled and told.reading == ours:
                at = _path(self.document, steps)
                settled = {"settled": ours, "x-evidence": evidence(self.day, told.answers)}
                self._act(f"{at}['x-open']{target(told.question)[1:]}", remove=True)
                self._act(f"{at}['x-open']", update={told.question: settled})

    def _at(self, steps: Sequence[str]) -> Json | None:
        node: Any = self.document
        for step in steps:
            try:
                node = node[int(step)] if isinstance(node, list) else node[step]
            except (KeyError, IndexError, ValueError):
                return None
        return node if isinstance(node, dict) else None

    # Parts that are left over

    def _clean(self) -> None:
        """Remove components that nothing refers to any more, and questions that are open nowhere."""
        while unused := list(_unused(self.document)):
            for kind, name in unused:
                self._act(target("components", kind, name), remove=True)
        places = set(_open(self.document))
        for name in [name for name in self.document.get("x-questions", {}) if name not in places]:
            self._act(target("x-questions", name), remove=True)


def _path(document: Any, steps: Sequence[str]) -> str:
    """JSONPath of a place; an element of an array by its name, if it has one."""
    found, node = "$", document
    for step in steps:
        if isinstance(node, list):
            node = node[int(step)]
            name = node.get("name") if isinstance(node, Mapping) else None
            found += f"[?(@.name=='{name}')]" if name else f"[{step}]"
        else:
            node = node[step]
            found += target(step)[1:]
    return found


def _unused(document: Node) -> Iterator[tuple[str, str]]:
    used = set(_walk(document, lambda node: [node["$ref"]] if isinstance(node.get("$ref"), str) else []))
    for kind in ("schemas", "examples", "parameters", "requestBodies"):
        for name in document.get("components", {}).get(kind, {}):
            if f"#/components/{kind}/{name}" not in used:
                yield kind, name


def _open(document: Node) -> Iterator[str]:
    return _walk(document, lambda node: node["x-open"] if isinstance(node.get("x-open"), Mapping) else [])


def _walk(node: Any, take: Callable[[Any], Any]) -> Iterator[str]:
    if isinstance(node, Mapping):
        yield from take(node)
        for value in node.values():
            yield from _walk(value, take)
    elif isinstance(node, list):
        for value in node:
            yield from _walk(value, take)


def moved(operation: Operation, found: Candidate, base: int) -> bool:
    """True if a route has another method or path than the spec."""
    return (found.route.method, path_of(found, base)) != (operation.method, operation.path)
