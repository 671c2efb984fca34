"""The plan of a client: the types, models, arguments and texts that the templates write, from the read-model."""

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from contrato.core.document import FORM, MULTIPART, is_json, is_text
from contrato.core.names import unique
from contrato.core.request import in_order
from contrato.core.schema import TYPES, Property, Schema
from contrato.core.spec import Api, Operation, Parameter, Response

# Names of the modules that the templates write.
TAKEN = {
    "Any", "AsyncClient", "AsyncPager", "Client", "Literal", "Mapping", "Model", "Pager", "RequestOptions", "UNSET",
    "UUID", "Unset", "TYPE_CHECKING", "RESPONSES", "True", "False", "None",
}  # fmt: skip
SCALARS = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
FORMATS = {"date": "datetime.date", "uuid": "UUID"}
TEXTS = {"datetime.datetime", *FORMATS.values()}
# Errors that clients raise, by status; `ResponseError` for others.
ERRORS = {
    "401": "AuthenticationError",
    "403": "AuthenticationError",
    "404": "NotFoundError",
    "422": "ValidationError",
    "429": "RateLimitError",
}


class Plan:
    """The plan of the client of an API.

    Args:
        api: The API.
        class_name: Makes the name of a class of a name in the spec.

    Raises:
        ValueError: The client cannot say what the spec says; the message says where and why.

    """

    def __init__(self, api: Api, class_name: Callable[[str], str]) -> None:
        self.api = api
        self._class_name = class_name
        own = class_name(api.name)
        self._names = {*TAKEN, own, f"Async{own}"}
        self._components = _component_names(api, class_name, self._names)
        self._models: dict[str, tuple[Schema, dict[str, Any]]] = {}
        self._inline: dict[int, str] = {}
        self._tags: dict[str, dict[str, set[Any]]] = {}
        # The keys of `_inline` are addresses of what these hold.
        self._kept: list[Schema] = []
        self._place = ""
        _check_names(api)
        self.operations = [self._operation(operation) for operation in api.operations.values()]

    @property
    def models(self) -> dict[str, dict[str, Any]]:
        """Models by name: those of components in the order of the spec, then the others."""
        order = {name: index for index, name in enumerate(self._components.values())}
        names = sorted(self._models, key=lambda name: order.get(name, len(order)))
        return {name: self._finished(name) for name in names}

    def _finished(self, name: str) -> dict[str, Any]:
        schema, model = self._models[name]
        for field in model["fields"]:
            if values := self._tags.get(name, {}).get(field["wire"]):
                field["metadata"] |= {"values": tuple(sorted(values, key=str))}
        fields = [{**field, "metadata": _literal(field["metadata"])} for field in model["fields"]]
        return {**model, "fields": fields, "description": prose(schema.description)}

    # Answers.

    def answer(self, schema: Schema, name: str) -> str:
        """Return the annotation of a value of an answer.

        Args:
            schema: Schema of the value.
            name: Name of its model, if it has none of its own.

        """
        found = join(self._answers(schema, name))
        kinds = split(found)
        # In JSON, text of any format is text.
        return join(kind for kind in kinds if kind not in TEXTS) if "str" in kinds else found

    def _answers(self, schema: Schema, name: str) -> list[str]:
        _check_values(schema)
        null = ["None"] if schema.nullable else []
        if alternatives := [*schema.alternatives, *schema.subtypes]:
            return [*self._alternatives(schema, alternatives, name), *null]
        if not schema.types:
            return ["Any"]
        return [*(self._typed(schema, kind, name) for kind in schema.types), *null]

    def _typed(self, schema: Schema, kind: str, name: str) -> str:
        if kind == "array":
            return f"list[{'Any' if schema.items is None else self.answer(schema.items, f'{name}Item')}]"
        if kind == "object":
            if schema.properties:
                return self._model(schema, name)
            if schema.additional is None:
                return "dict[str, Any]"
            return f"dict[str, {self.answer(schema.additional, f'{name}Value')}]"
        if kind == "string" and not schema.enum:
            return "datetime.datetime" if schema.is_timestamp else FORMATS.get(schema.format, "str")
        if kind not in SCALARS:
            raise ValueError(f"{self._place}: type {kind!r} is none of JSON: correct the spec")
        return SCALARS[kind]

    def _alternatives(self, schema: Schema, alternatives: Iterable[Schema], name: str) -> list[str]:
        found: list[str] = []
        wire, _ = schema.discriminator or ("", {})
        models: dict[str, Schema] = {}
        for index, part in enumerate(alternatives):
            own = self._answers(part, f"{name}{self._class_name(part.component) or index + 1}")
            found += own
            for one in own:
                if one in self._models:
                    models[one] = self._models[one][0]
                    if wire:
                        self._tag(one, wire, schema.tags(part))
        if schema.subtypes:
            # The base itself is what an unknown value of the discriminator makes.
            own = [self._model(schema, name)] if schema.properties else ["dict[str, Any]"]
            found += own
        if len(models) > 1 and not wire:
            for one, model in models.items():
                for prop in model.properties.values():
                    if prop.schema.enum:
                        self._tag(one, prop.name, prop.schema.enum)
        return found

    def _tag(self, model: str, wire: str, values: Iterable[Any]) -> None:
        self._tags.setdefault(model, {}).setdefault(wire, set()).update(values)

    def _model(self, schema: Schema, name: str) -> str:
        """Return the name of the model of an object."""
        component = self._components.get(schema.component)
        if component is not None and self.api.component(schema.component).shape == schema.shape:
            name, schema = component, self.api.component(schema.component)
        elif (known := self._inline.get(id(schema.raw))) is not None:
            return known
        else:
            name = _free(self._class_name(name), self._names)
            self._inline[id(schema.raw)] = name
            self._kept.append(schema)
        if name in self._models:
            return name
        model: dict[str, Any] = {"name": name, "fields": []}
        self._models[name] = schema, model
        for wire, prop in schema.properties.items():
            if not prop.schema.write_only:
                model["fields"].append(self._field(name, wire, prop))
        if schema.additional is not None or schema.open_ended:
            kind = "Any" if schema.additional is None else self.answer(schema.additional, f"{name}Value")
            model["fields"].append(
                {
                    "python_name": "additional_properties",
                    "wire": "",
                    "type": f"dict[str, {kind}]",
                    "default": "factory=dict",
                    "metadata": {"rest": True},
                    "description": "Properties of other names.",
                }
            )
        return name

    def _field(self, model: str, wire: str, prop: Property) -> dict[str, Any]:
        kind = self.answer(prop.schema, f"{model}{self._class_name(wire)}")
        if not prop.required and kind != "Any":
            kind = join([*kind.split(" | "), "None"])
        return {
            "python_name": prop.python_name,
            "wire": wire,
            "type": kind,
            "default": "" if prop.required else "default=None",
            "metadata": {"wire": wire, **prop.schema.metadata},
            "description": prose(prop.schema.description) + (" Deprecated." if prop.schema.deprecated else ""),
        }

    # Requests.

    def argument(self, schema: Schema) -> str:
        """Return the annotation of an argument, without null."""
        return join(kind for kind in self._arguments(schema) if kind != "None") or "None"

    def _arguments(self, schema: Schema) -> list[str]:
        _check_values(schema)
        null = ["None"] if schema.nullable else []
        if schema.alternatives:
            return [kind for part in schema.alternatives for kind in self._arguments(part)] + null
        if values := schema.enum:
            if any(isinstance(value, float | dict | list) for value in values):
                return [*(SCALARS.get(kind, "Any") for kind in schema.types), *null]
            return [f"Literal[{', '.join(_literal(value) for value in in_order(values))}]", *null]
        if not schema.types:
            return ["Any"]
        return [one for kind in schema.types for one in self._sent(schema, kind)] + null

    def _sent(self, schema: Schema, kind: str) -> list[str]:
        if kind == "array":
            return [f"list[{'Any' if schema.items is None else join(self._arguments(schema.items))}]"]
        if kind == "object":
            if not schema.properties:
                inner = "Any" if schema.additional is None else join(self._arguments(schema.additional))
                return [f"dict[str, {inner}]"]
            component = self._components.get(schema.component)
            return [*([component] if component in self._models else []), "dict[str, Any]"]
        if kind == "string":
            if schema.is_timestamp or schema.format == "date":
                return ["datetime.date", "str"]
            return {"uuid": ["UUID", "str"], "binary": ["bytes", "str"]}.get(schema.format, ["str"])
        if kind not in SCALARS:
            raise ValueError(f"{self._place}: type {kind!r} is none of JSON: correct the spec")
        return [SCALARS[kind]]

    # Operations.

    def _operation(self, operation: Operation) -> dict[str, Any]:
        self._place = operation.id
        try:
            _check(operation)
            promised = [response for response in operation.responses.values() if response.promised]
            kinds = {response.status: self._returned(operation, response) for response in promised}
            result = join(kinds.values()) if kinds else "None"
            arguments = [self._argument(parameter) for parameter in operation.parameters]
        except RecursionError:
            raise ValueError(f"{operation.id}: a schema is made of itself without end: correct the spec") from None
        except (KeyError, ValueError) as error:
            text = str(error.args[0])
            raise ValueError(text if text.startswith(operation.id) else f"{operation.id}: {text}") from error
        except (AttributeError, TypeError) as error:
            raise ValueError(f"{operation.id}: a part is not as OpenAPI has it ({error}): correct the spec") from error
        errors = [r for r in operation.responses.values() if not r.succeeded]
        return {
            "literal_id": _literal(operation.id),
            "tag": operation.tag,
            "method_name": operation.method_name,
            "token": self.api.token_kind,
            "summary": operation.summary if "summary" in operation._node else "",
            "description": prose(operation.description),
            "deprecated": operation.deprecated,
            "date_range": operation.date_range is not None,
            "paged": operation.pagination is not None,
            "item": self._item(operation) if operation.pagination is not None else "",
            "page": next((kind for kind in kinds.values() if kind != "None"), "None"),
            "result": result,
            "arguments": arguments,
            "responses": kinds,
            "successes": [(kinds[r.status], prose(r.description)) for r in promised],
            "errors": [(r.status, ERRORS.get(r.status, "ResponseError"), prose(r.description)) for r in errors],
        }

    def _returned(self, operation: Operation, response: Response) -> str:
        if not response.media_type or operation.method == "HEAD":
            return "None"
        if not is_json(response.media_type):
            return "str" if is_text(response.media_type) else "bytes"
        assert response.schema is not None
        suffix = "Response" if len(operation.responses) == 1 else f"Response{response.status.capitalize()}"
        return self.answer(response.schema, f"{self._class_name(operation.id)}{suffix}")

    def _item(self, operation: Operation) -> str:
        """Return the annotation of one item of a page."""
        assert operation.pagination is not None
        page, name = operation.answer, operation.pagination.items
        if page is not None and name is not None:
            prop = page.properties.get(name)
            page = None if prop is None else prop.schema
        if page is None or page.items is None:
            raise ValueError(f"{operation.id}: x-pagination: the answer has no array {name or ''}: correct the spec")
        return self.answer(page.items, f"{self._class_name(operation.id)}Item")

    def _argument(self, parameter: Parameter) -> dict[str, Any]:
        schema = parameter.schema
        kind = self.argument(schema)
        moment = schema.is_timestamp or (schema.items is not None and schema.items.is_timestamp)
        text = " A date, a datetime or ISO 8601 text; in `time_zone`, unless it has an offset." if moment else ""
        default = schema.default
        if schema.has_default and default is not None:
            text += f" The server's default is {default!r}."
        if parameter.deprecated or schema.deprecated:
            text += " Deprecated."
        return {
            "python_name": parameter.python_name,
            "wire": parameter.name,
            "place": parameter.place,
            "required": parameter.required,
            "positional": parameter.positional,
            "type": join([kind, "None"]) if schema.nullable and kind != "Any" else kind,
            "unset": "Unset = UNSET" if schema.nullable else "None = None",
            "text": prose(parameter.description or schema.description) + text,
        }


def _check_values(schema: Schema) -> None:
    """Refuse values of another type than that of their schema.

    Raises:
        ValueError: The message says which.

    """
    for value in schema.enum:
        kind = TYPES[type(value)]
        whole = kind == "number" and value == int(value)
        if not {kind, "number" if kind == "integer" else "integer" if whole else kind} & {*schema.types}:
            raise ValueError(f"enum has {value!r}, which is no {' or '.join(schema.types)}: correct the spec")


def _check_names(api: Api) -> None:
    """Refuse operations that are one method.

    Raises:
        ValueError: The message says what to do.

    """
    found: dict[str, Operation] = {}
    for operation in api.operations.values():
        if (other := found.setdefault(operation.method_name, operation)) is not operation:
            raise ValueError(f"{other.id} and {operation.id} would be one method, {operation.method_name}: rename one")


def _check(operation: Operation) -> None:
    """Refuse what the client would send wrongly.

    Raises:
        ValueError: The message says what to do.

    """
    wanted = re.findall(r"\{([^}]+)\}", operation.path)
    given = [parameter.name for parameter in operation.parameters if parameter.place == "path"]
    for name in wanted:
        if name not in given:
            raise ValueError(f"{operation.id}: the path has {{{name}}}, but no parameter says what it is: add one")
    for name in given:
        if name not in wanted:
            raise ValueError(f"{operation.id}: path parameter {name} is not in the path {operation.path}: correct one")
    if "?" in operation.path or "#" in operation.path:
        raise ValueError(f"{operation.id}: a path ends before ? and #: make {operation.path} a path with parameters")
    if operation.method == "TRACE":
        raise ValueError(f"{operation.id}: servers and proxies refuse TRACE: leave it out")
    if any(scheme.type != "mutualTLS" for scheme in operation.security) and operation.credential is None:
        names = ", ".join(f"{one.name} ({one.type})" for one in operation.security)
        raise ValueError(
            f"{operation.id}: the client sends one token, as a bearer token, a key, or user and password, and other "
            f"keys in headers, not {names}: change its security"
        )
    body = operation.body
    if body is not None and body.media_type in (FORM, MULTIPART) and not body.fields and body.schema.type != "object":
        raise ValueError(f"{operation.id}: a form must be an object with named fields: correct the spec")
    for parameter in operation.parameters:
        where = f"{operation.id}: {parameter.place} parameter {parameter.name}"
        styles = STYLES.get(parameter.place)
        if styles is None:
            continue
        if parameter.place == "querystring":
            raise ValueError(f"{where}: write one parameter for each name of the query")
        if parameter.style not in styles:
            raise ValueError(f"{where}: style {parameter.style} is none of {', '.join(styles)}: correct the spec")
        if parameter.media_type and not is_json(parameter.media_type):
            raise ValueError(f"{where}: content {parameter.media_type} is not supported: use a schema, or JSON")
        kinds = {parameter.schema.type, *(part.type for part in parameter.schema.alternatives)}
        if parameter.place == "cookie" and kinds & {"array", "object"} and parameter.exploded:
            raise ValueError(f"{where}: a cookie has one value: write explode: false")
    if operation.body is not None and not operation.body.media_type:
        raise ValueError(f"{operation.id}: requestBody has no content: name a media type")
    if operation.server_url != operation.api.server_url:
        raise ValueError(f"{operation.id}: it has servers of its own: give it an API of its own, with its base URL")


STYLES = {
    "path": ("simple", "label", "matrix"),
    "query": ("form", "spaceDelimited", "pipeDelimited", "deepObject"),
    "header": ("simple",),
    "cookie": ("form",),
    "querystring": (),
}


def _component_names(api: Api, class_name: Callable[[str], str], taken: set[str]) -> dict[str, str]:
    """Return the names of models of components."""
    components = list(api.document.get("components", {}).get("schemas", {}))
    plain = [class_name(name) for name in components]
    named = unique([[name, f"{name}{index}"] for index, name in enumerate(plain)])
    found = dict(zip(components, (f"{name}_" if name in taken else name for name in named), strict=True))
    taken |= {*found.values()}
    return found


def _free(name: str, taken: set[str]) -> str:
    found, number = name, 2
    while found in taken:
        found, number = f"{name}{number}", number + 1
    taken.add(found)
    return found


def join(kinds: Iterable[str]) -> str:
    """Return the annotation of alternatives."""
    found = list(dict.fromkeys(one for kind in kinds for one in split(kind)))
    if "Any" in found:
        return "Any"
    if "None" in found:
        found = [*(kind for kind in found if kind != "None"), "None"]
    return " | ".join(found)


def split(kind: str) -> list[str]:
    """Return the alternatives of an annotation."""
    found, depth = [""], 0
    for part in re.split(r"( \| |[\[\]])", kind):
        depth += (part == "[") - (part == "]")
        if part == " | " and depth == 0:
            found.append("")
        else:
            found[-1] += part
    return found


def prose(text: str) -> str:
    """Return a description for a docstring, which is narrower than the spec."""
    return re.sub(r"(?<!\n)\n(?!\s*[-*\n])\s*", " ", text.strip())


def _literal(value: Any) -> str:
    """Return a value as Python, with double quotes."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_literal(key)}: {_literal(inner)}" for key, inner in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
