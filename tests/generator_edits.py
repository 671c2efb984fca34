"""A table of what a spec may say: each entry is an edit of a small spec, and what the client must do with it."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import attrs

from contrato.core.document import FORM, JSON, MULTIPART

ID = "0b0c0d0e-0000-4000-8000-000000000001"


@attrs.frozen(kw_only=True)
class Edit:
    """One edit of the small spec.

    Attributes:
        kind: What is edited.
        name: The edit.
        operation: The operation, without its id and a success.
        path: Path of the operation.
        method: Method of the operation.
        id: Id of the operation.
        components: Schemas.
        document: Other parts of the document.
        call: Arguments of the method `do`.
        method_name: Name of the method.
        target: Path and query that must be asked for.
        headers: Headers that the request must have; None for one that it must not have.
        json: JSON that the request must have.
        content: Text that the request must have in its body, or several.
        status: Status of the answer.
        answer: The answer: JSON, or text or bytes if `media` is given.
        media: Media type of the answer.
        value: The result, models as JSON; or a function that is true of the result.
        raises: Name of the error that the call raises.
        refused: What the generator says, as a regular expression; the edit is right if nothing is written.
        package: Name of the spec's file.
        token: The token.

    """

    kind: str
    name: str
    operation: dict[str, Any] = attrs.field(factory=dict)
    path: str = "/things"
    method: str = "get"
    id: str = "do"
    components: dict[str, Any] = attrs.field(factory=dict)
    document: dict[str, Any] = attrs.field(factory=dict)
    call: dict[str, Any] = attrs.field(factory=dict)
    method_name: str = "do"
    target: str | None = None
    headers: dict[str, str | None] = attrs.field(factory=dict)
    json: Any = ...
    content: str | tuple[str, ...] = ()
    status: int = 200
    answer: Any = ...
    media: str = ""
    value: Any = None
    raises: str = ""
    refused: str = ""
    package: str = ""
    token: str = "token"


def param(name: str, schema: Any = None, place: str = "query", **more: Any) -> dict[str, Any]:
    """A parameter."""
    return {"name": name, "in": place, "schema": schema or {"type": "string"}, **more}


def takes(*parameters: Any, **more: Any) -> dict[str, Any]:
    """An operation with parameters."""
    return {"parameters": list(parameters), **more}


def body(schema: Any, media: str = JSON, **more: Any) -> dict[str, Any]:
    """An operation with a body."""
    return {"requestBody": {"required": True, "content": {media: {"schema": schema, **more}}}}


def gives(schema: Any, status: str = "200", media: str = JSON) -> dict[str, Any]:
    """An operation with an answer."""
    return {"responses": {status: {"description": "Yes.", "content": {media: {"schema": schema}}}}}


def ref(name: str) -> dict[str, str]:
    """A reference to a schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def obj(required: str = "", **properties: Any) -> dict[str, Any]:
    """A schema of an object."""
    return {"type": "object", "properties": properties, **({"required": required.split()} if required else {})}


def arr(items: Any) -> dict[str, Any]:
    """A schema of an array."""
    return {"type": "array", "items": items}


def is_a(name: str) -> Callable[[Any], bool]:
    """True of an instance of the model."""
    return lambda value: type(value).__name__ == name


TEXT = {"type": "string"}
INT = {"type": "integer"}
NUMBER = {"type": "number"}
BOOL = {"type": "boolean"}
DATE = {"type": "string", "format": "date"}
MOMENT = {"type": "string", "format": "date-time"}
UID = {"type": "string", "format": "uuid"}
NULL = {"type": "null"}
FILE = {"type": "string", "format": "binary"}
CAT = obj("kind meows", kind=TEXT, meows=BOOL)
DOG = obj("kind barks", kind=TEXT, barks=INT)
PETS = {"Cat": CAT, "Dog": DOG}
EITHER = [ref("Cat"), ref("Dog")]
TAGGED = {"Lion": CAT, "Wolf": DOG}
LINK = obj("name", name=TEXT, next=ref("Link"))


def names() -> list[Edit]:
    found = [
        Edit(kind="names", name=f"operation {wire}", id=wire, method_name=python, status=204, target="/things")
        for wire, python in {
            "close": "close_",
            "windows": "windows_",
            "sleep": "sleep_",
            "api": "api_",
            "import": "import_",
            "print": "print_",
            "base-url": "base_url_",
            "time_zone": "time_zone_",
            "get.things/all": "get_things_all",
            "2nd": "x_2nd",
            "_request": "request",
            "__init__": "init",
            "None": "none",
            "match": "match_",
        }.items()
    ]
    found += [
        Edit(
            kind="names",
            name=f"parameter {wire}",
            operation=takes(param(wire)),
            call={python: "x"},
            target=f"/things?{wire.replace('[', '%5B').replace(']', '%5D').replace('$', '%24')}=x",
        )
        for wire, python in {
            "options": "options_",
            "self": "self_",
            "client": "client",
            "result": "result_",
            "class": "class_",
            "from": "from_",
            "filter[name]": "filter_name",
            "$top": "top",
            "X": "x",
            "datetime": "datetime_",
            "body": "body",
            "operation_id": "operation_id",
            "arguments": "arguments",
            "UUID": "uuid",
            "None": "none",
        }.items()
    ]
    twins = takes(param("id", INT, "path", required=True), param("id", INT), **body(obj(id=INT, name=TEXT)))
    found += [
        Edit(
            kind="names",
            name="twins in path, query and body",
            path="/things/{id}",
            method="put",
            operation=twins,
            call={"id_path": 1, "id_query": 2, "id_body": 3, "name": "n"},
            target="/things/1?id=2",
            json={"id": 3, "name": "n"},
        ),
        Edit(
            kind="names",
            name="twins in one query",
            operation=takes(param("userId"), param("user_id"), param("user-id")),
            call={"user_id_query_0": "a", "user_id_query_1": "b", "user_id_query_2": "c"},
            target="/things?userId=a&user_id=b&user-id=c",
        ),
        Edit(
            kind="names",
            name="twins in an object",
            operation=gives(obj("aB", aB=INT, a_b=INT, AB=INT)),
            answer={"aB": 1, "a_b": 2, "AB": 3},
            value={"aB": 1, "a_b": 2, "AB": 3},
        ),
        Edit(
            kind="names",
            name="fields that a model or its module uses",
            operation=gives(
                obj("attrs", attrs=INT, to_dict=INT, from_dict=TEXT, UUID=UID, str=TEXT, Model=INT, any=INT)
            ),
            answer={"attrs": 1, "to_dict": 2, "from_dict": "x", "UUID": ID, "str": "s", "Model": 3, "any": 4},
            value={"attrs": 1, "to_dict": 2, "from_dict": "x", "UUID": ID, "str": "s", "Model": 3, "any": 4},
        ),
        *(
            Edit(
                kind="names",
                name=f"schema {name}",
                operation=gives(ref(name)),
                components={name: obj("a", a=INT)},
                answer={"a": 1},
                value={"a": 1},
            )
            for name in ("Client", "Model", "Any", "None", "list", "Literal", "my.thing-v2", "2nd", "Pager", "datetime")
        ),
        Edit(
            kind="names",
            name="two schemas of one class",
            operation=gives(obj(a=ref("foo_bar"), b=ref("FooBar"))),
            components={"foo_bar": obj("x", x=INT), "FooBar": obj("y", y=INT)},
            answer={"a": {"x": 1}, "b": {"y": 2}},
            value={"a": {"x": 1}, "b": {"y": 2}},
        ),
        Edit(kind="names", name="an API with underscores", package="my_big_api", status=204, target="/things"),
        Edit(kind="names", name="an API with a hyphen", package="my-api", refused=r".*my-api.yaml: name the file"),
        Edit(kind="names", name="an API called core", package="core", refused=r".*core.yaml: name the file"),
        Edit(
            kind="names",
            name="a tag, a title and texts of any characters",
            operation={
                "tags": ["Énergie / été"],
                "summary": 'A "quoted" \\ summary',
                "description": '"""\n\\N{x} {{ y }}',
            },
            document={"info": {"title": 'The "API" \\', "version": "1", "description": '"""x\\'}},
            status=204,
            target="/things",
        ),
        Edit(
            kind="names",
            name="two operations of one method name",
            id="doIt",
            document={"paths": {"/more": {"get": {"operationId": "do_it", "responses": {"204": {"description": ""}}}}}},
            refused=r".*yaml: do_it and doIt would be one method, do_it: rename one",
        ),
        Edit(
            kind="names",
            name="no operationId",
            id="",
            document={"tags": []},
            method_name="get_things",
            status=204,
            target="/things",
        ),
    ]
    return found


def parameters() -> list[Edit]:
    def query(name: str, schema: Any, value: Any, target: str, **more: Any) -> Edit:
        operation = takes(param("q", schema, **more))
        return Edit(kind="query", name=name, operation=operation, call={"q": value}, target=f"/things?{target}")

    def path(name: str, schema: Any, value: Any, target: str, **more: Any) -> Edit:
        operation = takes(param("q", schema, "path", required=True, **more))
        return Edit(
            kind="path", name=name, path="/a/{q}/b", operation=operation, call={"q": value}, target=f"/a/{target}/b"
        )

    pair = obj(a=INT, b=TEXT)
    return [
        query("array", arr(INT), [1, 2], "q=1&q=2"),
        query("array explode false", arr(INT), [1, 2], "q=1,2", explode=False),
        query("array with commas in values", arr(TEXT), ["a,b", "c"], "q=a%2Cb,c", explode=False),
        query("spaceDelimited", arr(INT), [1, 2], "q=1%202", style="spaceDelimited", explode=False),
        query("pipeDelimited", arr(INT), [1, 2], "q=1%7C2", style="pipeDelimited", explode=False),
        query("deepObject", pair, {"a": 1, "b": "x y"}, "q%5Ba%5D=1&q%5Bb%5D=x+y", style="deepObject", explode=True),
        query(
            "deepObject in objects",
            obj(a=obj(b=arr(INT))),
            {"a": {"b": [1, 2]}},
            "q%5Ba%5D%5Bb%5D=1&q%5Ba%5D%5Bb%5D=2",
            style="deepObject",
            explode=True,
        ),
        query("object exploded", pair, {"a": 1, "b": "x"}, "a=1&b=x"),
        query("object explode false", pair, {"a": 1, "b": "x"}, "q=a,1,b,x", explode=False),
        query("date", DATE, date(2021, 4, 1), "q=2021-04-01"),
        query("date from a datetime", DATE, datetime(2021, 4, 1, 5), "q=2021-04-01"),
        query("date as text", DATE, "2021-04-01", "q=2021-04-01"),
        query("dates", arr(DATE), [date(2021, 4, 1)], "q=2021-04-01"),
        query("date-time", MOMENT, datetime(2021, 4, 1, 5, tzinfo=UTC), "q=2021-04-01T05%3A00%3A00"),
        query("uuid", UID, UUID(ID), f"q={ID}"),
        query("uuids", arr(UID), [UUID(ID), ID], f"q={ID}&q={ID}"),
        query("boolean", BOOL, False, "q=false"),
        query("integer enum", {"type": "integer", "enum": [3, 1]}, 3, "q=3"),
        query("text enum by reference", {"type": "string", "enum": ["b", "a"]}, "b", "q=b"),
        query("enum of mixed type", {"enum": ["a", 1, True]}, 1, "q=1"),
        query("enum of numbers", {"type": "number", "enum": [0.5, 1.5]}, 1.5, "q=1.5"),
        query("enum with null", {"type": ["string", "null"], "enum": ["a", None]}, "a", "q=a"),
        query("const", {"const": "v1"}, "v1", "q=v1"),
        query("array of enums", arr({"enum": ["a", "b"]}), ["a"], "q=a"),
        query("text or number", {"oneOf": [INT, TEXT]}, "x", "q=x"),
        query("types in a list", {"type": ["string", "integer"]}, 7, "q=7"),
        query(
            "JSON content", None, {"a": [1]}, "q=%7B%22a%22%3A+%5B1%5D%7D", content={JSON: {"schema": obj(a=arr(INT))}}
        ),
        query("allowReserved", TEXT, "a/b:c", "q=a/b:c", allowReserved=True),
        query("special characters", TEXT, "a&b=c d+é", "q=a%26b%3Dc+d%2B%C3%A9"),
        query("a default is the server's", {"type": "integer", "default": 5}, None, ""),
        query("deprecated", TEXT, "x", "q=x", deprecated=True),
        query("nullable of 3.0", {"type": "integer", "nullable": True}, 1, "q=1"),
        path("text", TEXT, "a/b", "a%2Fb"),
        path("integer", INT, 7, "7"),
        path("uuid", UID, UUID(ID), ID),
        path("date", DATE, date(2021, 4, 1), "2021-04-01"),
        path("enum", {"type": "string", "enum": ["a", "b"]}, "b", "b"),
        path("array", arr(INT), [1, 2], "1,2"),
        path("label", TEXT, "x", ".x", style="label"),
        path("label array", arr(INT), [1, 2], ".1,2", style="label"),
        path("label exploded", arr(INT), [1, 2], ".1.2", style="label", explode=True),
        path("matrix", TEXT, "x", ";q=x", style="matrix"),
        path("matrix array", arr(INT), [1, 2], ";q=1,2", style="matrix"),
        path("matrix exploded", arr(INT), [1, 2], ";q=1;q=2", style="matrix", explode=True),
        path("object", pair, {"a": 1, "b": "x"}, "a,1,b,x"),
        path("object exploded", pair, {"a": 1, "b": "x"}, "a=1,b=x", explode=True),
        Edit(
            kind="path",
            name="two in one segment",
            path="/a/{x}-{y}.json",
            operation=takes(param("x", INT, "path", required=True), param("y", TEXT, "path", required=True)),
            call={"x": 1, "y": "b"},
            target="/a/1-b.json",
        ),
        Edit(
            kind="path",
            name="of the path item, replaced by the operation",
            path="/a/{q}",
            document={"paths": {"/a/{q}": {"parameters": [param("q", TEXT, "path", required=True)]}}},
            operation=takes(param("q", INT, "path", required=True)),
            call={"q": 7},
            target="/a/7",
        ),
        Edit(kind="path", name="undeclared", path="/a/{q}", refused=r"yaml: do: .*\{q\}.* add one"),
        Edit(
            kind="path",
            name="not in the path",
            operation=takes(param("q", TEXT, "path", required=True)),
            refused=r"yaml: do: path parameter q is not in the path",
        ),
        *(
            Edit(
                kind="header",
                name=name,
                operation=takes(param("X-Q", schema, "header", **more)),
                call={"x_q": value},
                headers={"X-Q": text},
            )
            for name, schema, value, text, more in (
                ("text", TEXT, "a b", "a b", {}),
                ("integer", INT, 7, "7", {}),
                ("boolean", BOOL, True, "true", {}),
                ("array", arr(INT), [1, 2], "1,2", {}),
                ("object", pair, {"a": 1, "b": "x"}, "a,1,b,x", {}),
                ("object exploded", pair, {"a": 1, "b": "x"}, "a=1,b=x", {"explode": True}),
                ("uuid", UID, UUID(ID), ID, {}),
            )
        ),
        Edit(
            kind="header",
            name="headers that OpenAPI ignores",
            operation=takes(param("Accept", place="header"), param("Authorization", place="header", required=True)),
            status=204,
            target="/things",
            headers={"Accept": JSON, "Authorization": "Bearer token"},
        ),
        Edit(
            kind="header",
            name="characters that no header has",
            operation=takes(param("X-Q", place="header")),
            call={"x_q": "é\n"},
            raises="ValueError",
        ),
        Edit(
            kind="cookie",
            name="text",
            operation=takes(param("session", place="cookie"), param("n", INT, "cookie")),
            call={"session": "a;b", "n": 7},
            headers={"Cookie": "session=a%3Bb; n=7"},
        ),
        Edit(
            kind="cookie",
            name="array",
            operation=takes(param("c", arr(INT), "cookie", explode=False)),
            call={"c": [1, 2]},
            headers={"Cookie": "c=1,2"},
        ),
        Edit(
            kind="cookie",
            name="array exploded",
            operation=takes(param("c", arr(INT), "cookie")),
            refused=r"yaml: do: cookie parameter c: .*explode: false",
        ),
        Edit(
            kind="query",
            name="a style that does not exist",
            operation=takes(param("q", style="comma")),
            refused=r"yaml: do: query parameter q: style comma is none of",
        ),
        Edit(
            kind="query",
            name="missing",
            operation=takes(param("q", required=True)),
            call={"q": None},
            raises="TypeError",
        ),
        Edit(
            kind="query",
            name="no date",
            operation=takes(param("q", DATE)),
            call={"q": "tomorrow"},
            raises="ValueError",
        ),
    ]


def bodies() -> list[Edit]:
    def sends(name: str, schema: Any, call: dict[str, Any], json: Any, **more: Any) -> Edit:
        media = more.pop("media", JSON)
        own = {"Content-Type": media}
        return Edit(
            kind="body",
            name=name,
            method="post",
            operation=body(schema, media),
            call=call,
            json=json,
            headers=own,
            **more,
        )

    def form(name: str, schema: Any, call: dict[str, Any], content: str, **encoding: Any) -> Edit:
        return Edit(
            kind="body",
            name=f"form, {name}",
            method="post",
            operation=body(schema, FORM, **({"encoding": encoding} if encoding else {})),
            call=call,
            content=content,
            headers={"Content-Type": FORM},
        )

    def parted(name: str, schema: Any, call: dict[str, Any], *content: str, **encoding: Any) -> Edit:
        return Edit(
            kind="body",
            name=f"multipart, {name}",
            method="post",
            operation=body(schema, MULTIPART, **({"encoding": encoding} if encoding else {})),
            call=call,
            content=content,
        )

    pair = obj("a", a=INT, b=TEXT)
    return [
        sends("object", pair, {"a": 1, "b": "x"}, {"a": 1, "b": "x"}),
        sends("object by reference", ref("Pair"), {"a": 1}, {"a": 1}, components={"Pair": pair}),
        sends(
            "merge-patch",
            obj(a={"type": ["integer", "null"]}),
            {"a": None},
            {"a": None},
            media="application/merge-patch+json",
        ),
        sends("vendor's JSON", pair, {"a": 1}, {"a": 1}, media="application/vnd.thing+json"),
        sends("JSON with a charset", pair, {"a": 1}, {"a": 1}, media="application/json; charset=utf-8"),
        sends("array", arr(INT), {"body": [1, 2]}, [1, 2]),
        sends("array of objects", arr(pair), {"body": [{"a": 1}]}, [{"a": 1}]),
        sends("array of dates", arr(DATE), {"body": [date(2021, 4, 1)]}, ["2021-04-01"]),
        sends("scalar", INT, {"body": 7}, 7),
        sends("JSON text", TEXT, {"body": "x"}, "x"),
        sends("boolean", BOOL, {"body": False}, False),
        sends("map", {"type": "object", "additionalProperties": INT}, {"body": {"x": 1}}, {"x": 1}),
        sends("any object", {"type": "object"}, {"body": {"x": [1]}}, {"x": [1]}),
        sends("anything", {}, {"body": [1, "a"]}, [1, "a"]),
        sends("nothing asked for", obj(a=INT), {}, {}),
        sends(
            "nested object", obj(o=obj("d", d=DATE, n=INT)), {"o": {"d": date(2021, 4, 1)}}, {"o": {"d": "2021-04-01"}}
        ),
        sends("nested array", obj(o=arr(obj(u=UID))), {"o": [{"u": UUID(ID)}]}, {"o": [{"u": ID}]}),
        sends("nullable", obj("a", a={"type": ["integer", "null"]}), {"a": None}, {"a": None}),
        sends("nullable of 3.0", obj("a", a={"type": "integer", "nullable": True}), {"a": None}, {"a": None}),
        sends("nullable object", obj(a={"anyOf": [pair, NULL]}), {"a": None}, {"a": None}),
        sends("left out", obj(a={"type": ["integer", "null"]}, b=INT), {"b": 1}, {"b": 1}),
        sends(
            "dates",
            obj(a=DATE, b=MOMENT, c=UID),
            {"a": date(2021, 4, 1), "b": datetime(2021, 4, 1), "c": UUID(ID)},
            {"a": "2021-04-01", "b": "2021-04-01T00:00:00", "c": ID},
        ),
        sends(
            "allOf",
            {"allOf": [ref("Pair"), obj("c", c=BOOL)]},
            {"a": 1, "c": True},
            {"a": 1, "c": True},
            components={"Pair": pair},
        ),
        sends(
            "oneOf",
            {"oneOf": EITHER},
            {"body": {"kind": "c", "meows": True}},
            {"kind": "c", "meows": True},
            components=PETS,
        ),
        sends("oneOf in a field", obj(p={"oneOf": [INT, TEXT]}), {"p": "x"}, {"p": "x"}),
        sends("readOnly is not sent", obj("id a", id={"type": "integer", "readOnly": True}, a=INT), {"a": 1}, {"a": 1}),
        sends("enum", obj(a={"type": "string", "enum": ["x", "y"]}), {"a": "x"}, {"a": "x"}),
        sends("const", obj("a", a={"const": 1}), {"a": 1}, {"a": 1}),
        sends("base64", obj(a={"type": "string", "format": "byte"}), {"a": b"\x00\x01"}, {"a": "AAE="}),
        sends(
            "additionalProperties beside fields",
            {**pair, "additionalProperties": INT},
            {"body": {"a": 1, "z": 2}},
            {"a": 1, "z": 2},
        ),
        Edit(
            kind="body",
            name="a wrong field in an object",
            method="post",
            operation=body(obj(o=pair)),
            call={"o": {"a": "1"}},
            raises="TypeError",
        ),
        Edit(
            kind="body",
            name="a field is missing in an object",
            method="post",
            operation=body(obj(o=pair)),
            call={"o": {"b": "1"}},
            raises="ValueError",
        ),
        Edit(
            kind="body",
            name="required field missing",
            method="post",
            operation=body(pair),
            call={"a": None},
            raises="TypeError",
        ),
        Edit(
            kind="body",
            name="optional, left out",
            method="post",
            operation={"requestBody": {"content": {JSON: {"schema": pair}}}},
            content=("",),
            target="/things",
            value=None,
            headers={"Accept": JSON},
        ),
        Edit(
            kind="body",
            name="several media types",
            method="post",
            operation={
                "requestBody": {
                    "required": True,
                    "content": {"application/xml": {"schema": pair}, FORM: {"schema": pair}, JSON: {"schema": pair}},
                }
            },
            call={"a": 1},
            json={"a": 1},
            headers={"Content-Type": JSON},
        ),
        Edit(
            kind="body",
            name="a reference to a body",
            method="post",
            operation={"requestBody": {"$ref": "#/components/requestBodies/B"}},
            document={"components": {"requestBodies": {"B": body(pair)["requestBody"]}}},
            call={"a": 1},
            json={"a": 1},
        ),
        Edit(
            kind="body",
            name="text",
            method="post",
            operation=body(TEXT, "text/plain"),
            call={"body": "é"},
            content="é",
            headers={"Content-Type": "text/plain"},
        ),
        Edit(
            kind="body",
            name="CSV",
            method="post",
            operation=body(TEXT, "text/csv"),
            call={"body": "a,b"},
            content="a,b",
            headers={"Content-Type": "text/csv"},
        ),
        Edit(
            kind="body",
            name="XML",
            method="post",
            operation=body(pair, "application/xml"),
            call={"body": "<a/>"},
            content="<a/>",
            headers={"Content-Type": "application/xml"},
        ),
        Edit(
            kind="body",
            name="bytes",
            method="put",
            operation=body(FILE, "application/octet-stream"),
            call={"body": b"xyz"},
            content="xyz",
            headers={"Content-Type": "application/octet-stream"},
        ),
        Edit(
            kind="body",
            name="any media type",
            method="put",
            operation=body({}, "*/*"),
            call={"body": b"xyz"},
            content="xyz",
            headers={"Content-Type": "application/octet-stream"},
        ),
        form("fields", pair, {"a": 1, "b": "x y&"}, "a=1&b=x+y%26"),
        form("array", obj(a=arr(INT)), {"a": [1, 2]}, "a=1&a=2"),
        form("array, explode false", obj(a=arr(INT)), {"a": [1, 2]}, "a=1%2C2", a={"explode": False}),
        form("boolean and date", obj(a=BOOL, d=DATE), {"a": True, "d": date(2021, 4, 1)}, "a=true&d=2021-04-01"),
        form("object", obj(o=pair), {"o": {"a": 1}}, "o=%7B%22a%22%3A1%7D"),
        form("deepObject", obj(o=pair), {"o": {"a": 1}}, "o%5Ba%5D=1", o={"style": "deepObject", "explode": True}),
        form("by reference", ref("Pair"), {"a": 1}, "a=1")
        if False
        else form("one field", obj("a", a=TEXT), {"a": "é"}, "a=%C3%A9"),
        parted(
            "file and fields",
            obj("file", file=FILE, a=INT),
            {"file": b"xyz", "a": 1},
            'name="file"; filename="file"',
            "application/octet-stream",
            "xyz",
            'name="a"\r\n\r\n1',
        ),
        parted("files", obj(f=arr(FILE)), {"f": [b"one", b"two"]}, "one", "two", 'name="f"'),
        parted("object", obj(o=pair), {"o": {"a": 1}}, 'name="o"', "application/json", '{"a":1}'),
        parted("content type", obj(f=FILE), {"f": b"x"}, "image/png", f={"contentType": "image/png"}),
        parted("fields only", obj(a=TEXT, b=BOOL), {"a": "x", "b": True}, 'name="a"\r\n\r\nx', 'name="b"\r\n\r\ntrue'),
    ]


def answers() -> list[Edit]:
    def reads(name: str, schema: Any, answer: Any, value: Any = ..., **more: Any) -> Edit:
        return Edit(
            kind="answer",
            name=name,
            operation=gives(schema),
            answer=answer,
            value=answer if value is ... else value,
            **more,
        )

    one, two = gives(obj("a", a=INT))["responses"], gives(obj("b", b=TEXT), "201")["responses"]
    none = {"204": {"description": "Nothing."}}
    error = gives(obj("message", message=TEXT), "default")["responses"]
    return [
        Edit(
            kind="answer",
            name="the first of several",
            operation={"responses": {**one, **two}},
            answer={"a": 1},
            value={"a": 1},
        ),
        Edit(
            kind="answer",
            name="the second of several",
            operation={"responses": {**one, **two}},
            status=201,
            answer={"b": "x"},
            value={"b": "x"},
        ),
        Edit(
            kind="answer", name="something or nothing", operation={"responses": {**one, **none}}, status=204, value=None
        ),
        Edit(
            kind="answer",
            name="a range",
            operation=gives(obj("a", a=INT), "2XX"),
            status=203,
            answer={"a": 1},
            value={"a": 1},
        ),
        Edit(
            kind="answer",
            name="a range in small letters",
            operation=gives(obj("a", a=INT), "2xx"),
            status=200,
            answer={"a": 1},
            value={"a": 1},
        ),
        Edit(
            kind="answer",
            name="a range of errors",
            operation={"responses": {**one, **gives(TEXT, "4XX")["responses"]}},
            status=418,
            answer="no",
            raises="ResponseError",
        ),
        Edit(
            kind="answer",
            name="default alone, success",
            operation=gives(obj("a", a=INT), "default"),
            answer={"a": 1},
            value={"a": 1},
        ),
        Edit(
            kind="answer",
            name="default alone, error",
            operation=gives(obj("a", a=INT), "default"),
            status=400,
            answer={"a": 1},
            raises="ResponseError",
        ),
        Edit(
            kind="answer",
            name="default for errors",
            operation={"responses": {**one, **error}},
            status=500,
            answer={"message": "x"},
            raises="ServerError",
        ),
        Edit(
            kind="answer",
            name="default beside a success",
            operation={"responses": {**one, **error}},
            answer={"a": 1},
            value={"a": 1},
        ),
        Edit(
            kind="answer",
            name="accepted without a body",
            operation={"responses": {"202": {"description": "Later."}}},
            status=202,
            value=None,
        ),
        Edit(
            kind="answer",
            name="head",
            method="head",
            operation=gives(obj("a", a=INT)),
            answer="",
            media=JSON,
            value=None,
        ),
        Edit(
            kind="answer",
            name="a redirect",
            operation={"responses": {"302": {"description": "There."}}},
            status=302,
            raises="ResponseError",
        ),
        Edit(kind="answer", name="no responses", operation={"responses": {}}, status=404, raises="NotFoundError"),
        Edit(
            kind="answer",
            name="a reference to an answer",
            operation={"responses": {"200": {"$ref": "#/components/responses/R"}}},
            document={"components": {"responses": {"R": one["200"]}}},
            answer={"a": 1},
            value={"a": 1},
        ),
        reads("integer", INT, 7),
        reads("number", NUMBER, 7, 7.0),
        reads("text", TEXT, "x"),
        reads("boolean", BOOL, True),
        reads("date", DATE, "2021-04-01", lambda value: value == date(2021, 4, 1)),
        reads("date-time", MOMENT, "2021-04-01T00:00:00Z", lambda value: value == datetime(2021, 4, 1, tzinfo=UTC)),
        reads("uuid", UID, ID, lambda value: value == UUID(ID)),
        reads("null", {"type": ["integer", "null"]}, None),
        reads("array of texts", arr(TEXT), ["a", "b"]),
        reads("array of arrays", arr(arr(INT)), [[1], [2, 3]]),
        reads("array of uuids", arr(UID), [ID], lambda value: value == [UUID(ID)]),
        reads("array without items", {"type": "array"}, [1, "a"]),
        reads("array of nulls and numbers", arr({"type": ["number", "null"]}), [1.5, None]),
        reads("any", {}, {"x": [1]}),
        reads("free object", {"type": "object"}, {"x": 1}),
        reads("free object in a field", obj(x={"type": "object"}), {"x": {"y": [1]}}),
        reads("an empty object", obj(), {"x": 1}),
        Edit(
            kind="answer",
            name="plain text",
            operation=gives(TEXT, media="text/plain"),
            answer="é",
            media="text/plain; charset=utf-8",
            value="é",
            headers={"Accept": "text/plain"},
        ),
        Edit(
            kind="answer",
            name="text in another encoding",
            operation=gives(TEXT, media="text/plain"),
            answer="é".encode("latin-1"),
            media="text/plain; charset=latin-1",
            value="é",
        ),
        Edit(
            kind="answer",
            name="CSV",
            operation=gives(TEXT, media="text/csv"),
            answer="a,b\n",
            media="text/csv",
            value="a,b\n",
            headers={"Accept": "text/csv"},
        ),
        Edit(
            kind="answer",
            name="XML",
            operation=gives(CAT, media="application/xml"),
            answer="<a/>",
            media="application/xml",
            value="<a/>",
            headers={"Accept": "application/xml"},
        ),
        Edit(
            kind="answer",
            name="bytes",
            operation=gives(FILE, media="application/pdf"),
            answer=b"\x00\xff",
            media="application/pdf",
            value=b"\x00\xff",
            headers={"Accept": "application/pdf"},
        ),
        Edit(
            kind="answer",
            name="any media type",
            operation=gives({}, media="*/*"),
            answer=b"\x00",
            media="image/png",
            value=b"\x00",
        ),
        Edit(
            kind="answer",
            name="JSON or XML",
            operation={
                "responses": {
                    "200": {
                        "description": "",
                        "content": {"application/xml": {"schema": CAT}, JSON: {"schema": obj("a", a=INT)}},
                    }
                }
            },
            answer={"a": 1},
            value={"a": 1},
            headers={"Accept": JSON},
        ),
        Edit(
            kind="answer",
            name="problem+json",
            operation=gives(obj("a", a=INT), media="application/hal+json"),
            answer={"a": 1},
            media="application/hal+json",
            value={"a": 1},
        ),
        Edit(
            kind="answer",
            name="JSON without a schema",
            operation={"responses": {"200": {"description": "", "content": {JSON: {}}}}},
            answer={"a": [1]},
            value={"a": [1]},
        ),
        reads("a wrong type", obj("a", a=INT), {"a": "x"}, raises="ContractError"),
        reads("a field is missing", obj("a", a=INT), {}, raises="ContractError"),
    ]


def schemas() -> list[Edit]:
    def reads(name: str, schema: Any, answer: Any, value: Any = ..., components: Any = None, raises: str = "") -> Edit:
        wanted = answer if value is ... else value
        return Edit(
            kind="schema",
            name=name,
            operation=gives(schema),
            answer=answer,
            value=wanted,
            components=components or {},
            raises=raises,
        )

    tagged = {"oneOf": [ref("Lion"), ref("Wolf")], "discriminator": {"propertyName": "kind"}}
    mapped = {
        "oneOf": [ref("Lion"), ref("Wolf")],
        "discriminator": {"propertyName": "kind", "mapping": {"c": "#/components/schemas/Lion", "d": "Wolf"}},
    }
    base = {**obj("kind", kind=TEXT), "discriminator": {"propertyName": "kind"}}
    heirs = {
        "Pet": base,
        "Cat": {"allOf": [ref("Pet"), obj("meows", meows=BOOL)]},
        "Dog": {"allOf": [ref("Pet"), obj("barks", barks=INT)]},
    }
    both = {
        "Pet": {**base, "oneOf": EITHER},
        "Cat": heirs["Cat"],
        "Dog": heirs["Dog"],
    }
    same = {
        "A": obj("kind x", kind={"const": "a"}, x=INT),
        "B": obj("kind x", kind={"type": "string", "enum": ["b"]}, x=INT),
    }
    tree = {"Tree": obj("Name", Name=TEXT, children=arr(ref("Tree")))}
    lion, wolf = {"kind": "Lion", "meows": True}, {"kind": "Wolf", "barks": 3}
    cat, dog = {"kind": "Cat", "meows": True}, {"kind": "Dog", "barks": 3}
    return [
        reads("allOf", {"allOf": [ref("A"), obj("y", y=INT)]}, {"x": 1, "y": 2}, components={"A": obj("x", x=INT)}),
        reads(
            "allOf of one reference",
            obj(a={"allOf": [ref("A")], "description": "d"}),
            {"a": {"x": 1}},
            components={"A": obj("x", x=INT)},
        ),
        reads(
            "allOf of one reference, nullable",
            obj(a={"allOf": [ref("A")], "nullable": True}),
            {"a": None},
            components={"A": obj("x", x=INT)},
        ),
        reads(
            "allOf in allOf",
            ref("C"),
            {"x": 1, "y": 2, "z": 3},
            components={
                "A": obj("x", x=INT),
                "B": {"allOf": [ref("A"), obj(y=INT)]},
                "C": {"allOf": [ref("B"), obj(z=INT)]},
            },
        ),
        reads("allOf that narrows a field", {"allOf": [obj("x", x=TEXT), obj(x={"enum": ["a"]})]}, {"x": "a"}),
        reads("allOf that only requires", {"allOf": [obj(x=INT), {"required": ["x"]}]}, {}, raises="ContractError"),
        reads("allOf of scalars", obj(a={"allOf": [{"type": "string"}, {"maxLength": 3}]}), {"a": "x"}),
        reads("allOf with oneOf", {"allOf": [obj("n", n=INT), {"oneOf": EITHER}]}, {"n": 1, **cat}, components=PETS),
        reads("oneOf", {"oneOf": EITHER}, dog, is_a("Dog"), PETS),
        reads("oneOf, the other", {"oneOf": EITHER}, cat, is_a("Cat"), PETS),
        reads("oneOf with discriminator", tagged, wolf, is_a("Wolf"), TAGGED),
        reads("oneOf with mapping", mapped, {"kind": "d", "barks": 3}, is_a("Wolf"), TAGGED),
        reads(
            "oneOf with an unknown discriminator",
            mapped,
            {"kind": "x", "barks": 3},
            components=PETS,
            raises="ContractError",
        ),
        reads("oneOf by name", ref("Pet"), wolf, is_a("Wolf"), {"Pet": tagged, **TAGGED}),
        reads("oneOf told apart by const", {"oneOf": [ref("A"), ref("B")]}, {"kind": "b", "x": 1}, is_a("B"), same),
        reads("oneOf in an array", arr(tagged), [wolf, lion], [wolf, lion], TAGGED),
        reads("oneOf in a field, nullable", obj(p={"oneOf": [*EITHER, NULL]}), {"p": None}, components=PETS),
        reads("oneOf of inline objects", {"oneOf": [obj("a", a=INT), obj("b", b=INT)]}, {"b": 1}),
        reads("oneOf with more fields", {"oneOf": [obj("a", a=INT), obj("a", a=INT, b=INT)]}, {"a": 1, "b": 2}),
        reads("oneOf of object and text", {"oneOf": [ref("Cat"), TEXT]}, "x", components=PETS),
        reads("oneOf of object and array", {"oneOf": [ref("Cat"), arr(ref("Cat"))]}, [cat], components=PETS),
        reads("oneOf of arrays", {"oneOf": [arr(INT), arr(TEXT)]}, ["a"]),
        reads("oneOf of integer and number", {"oneOf": [INT, NUMBER]}, 1.5),
        reads(
            "oneOf of required fields",
            {**obj(a=INT, b=INT), "oneOf": [{"required": ["a"]}, {"required": ["b"]}]},
            {"b": 1},
            {"a": None, "b": 1},
        ),
        reads(
            "oneOf of model and map",
            {"oneOf": [ref("Cat"), {"type": "object", "additionalProperties": INT}]},
            {"x": 1},
            components=PETS,
        ),
        reads("nothing of oneOf", {"oneOf": EITHER}, {"x": 1}, components=PETS, raises="ContractError"),
        reads("discriminator and allOf", ref("Pet"), dog, is_a("Dog"), heirs),
        reads("discriminator and allOf, unknown", ref("Pet"), {"kind": "Bird"}, is_a("Pet"), heirs),
        reads("discriminator, oneOf and allOf", ref("Pet"), dog, is_a("Dog"), both),
        reads("an heir itself", ref("Cat"), cat, is_a("Cat"), both),
        reads("anyOf", {"anyOf": EITHER}, cat, is_a("Cat"), PETS),
        reads("anyOf of scalars", arr({"anyOf": [INT, TEXT, BOOL]}), [1, "a", True]),
        reads("anyOf with null", obj("a", a={"anyOf": [INT, NULL]}), {"a": None}),
        reads("anyOf of date and text", obj(a={"anyOf": [DATE, TEXT]}), {"a": "soon"}),
        reads("nullable object", obj("p", p={"anyOf": [ref("Cat"), NULL]}), {"p": None}, components=PETS),
        reads(
            "nullable object of 3.0",
            obj("p", p={"type": "object", "nullable": True, "properties": {"x": INT}}),
            {"p": None},
        ),
        reads(
            "nullable component",
            obj("p", p=ref("N")),
            {"p": None},
            components={"N": {"type": ["object", "null"], "properties": {"x": INT}}},
        ),
        reads("map of numbers", {"type": "object", "additionalProperties": NUMBER}, {"x": 1.5}),
        reads(
            "map of objects",
            {"type": "object", "additionalProperties": ref("Cat")},
            {"x": cat},
            lambda value: type(value["x"]).__name__ == "Cat",
            PETS,
        ),
        reads(
            "map of arrays of dates",
            obj(m={"type": "object", "additionalProperties": arr(DATE)}),
            {"m": {"x": ["2021-04-01"]}},
        ),
        reads("map of anything", {"type": "object", "additionalProperties": True}, {"x": [1]}),
        reads("fields and a map", {**obj("a", a=INT), "additionalProperties": TEXT}, {"a": 1, "z": "x"}),
        reads("fields and anything", {**obj("a", a=INT), "additionalProperties": True}, {"a": 1, "z": [1]}),
        reads("no other fields", {**obj("a", a=INT), "additionalProperties": False}, {"a": 1}),
        reads(
            "map of a wrong type", {"type": "object", "additionalProperties": INT}, {"x": "y"}, raises="ContractError"
        ),
        reads(
            "recursion",
            ref("Tree"),
            {"Name": "a", "children": [{"Name": "b", "children": None}]},
            {"Name": "a", "children": [{"Name": "b", "children": None}]},
            {"Tree": obj("Name", Name=TEXT, children={"type": ["array", "null"], "items": ref("Tree")})},
        ),
        reads(
            "recursion by one field",
            ref("Link"),
            {"name": "a", "next": {"name": "b"}},
            {"name": "a", "next": {"name": "b", "next": None}},
            {"Link": LINK},
        ),
        reads(
            "recursion of two",
            ref("A"),
            {"b": {"a": {"b": None}}},
            components={"A": obj(b={"anyOf": [ref("B"), NULL]}), "B": obj(a=ref("A"))},
        ),
        reads(
            "a wrong value in recursion",
            ref("Tree"),
            {"Name": "a", "children": [{"Name": 1}]},
            components=tree,
            raises="ContractError",
        ),
        reads("const", obj("a", a={"const": "v1"}), {"a": "v1"}),
        reads("const of a number", obj("a", a={"const": 1}), {"a": 1}),
        reads("uuid", obj("a", a=UID), {"a": ID}),
        reads(
            "dates",
            obj("a", a=DATE, b=MOMENT),
            {"a": "2021-04-01", "b": "2021-04-01T00:00:00Z"},
            {"a": "2021-04-01", "b": "2021-04-01T00:00:00+00:00"},
        ),
        reads(
            "other formats",
            obj(
                a={"type": "string", "format": "email"},
                b={"type": "string", "format": "uri"},
                c={"type": "integer", "format": "int64"},
                d={"type": "string", "format": "time"},
            ),
            {"a": "x@y.z", "b": "http://h/", "c": 2**53 + 1, "d": "10:00"},
        ),
        reads("readOnly", obj("id", id={"type": "integer", "readOnly": True}), {"id": 1}),
        reads("writeOnly", obj("a secret", a=INT, secret={"type": "string", "writeOnly": True}), {"a": 1}),
        reads("enum of mixed type", obj(a={"enum": ["x", 1, None]}), {"a": 1}),
        reads("a new value of an enum", obj(a={"type": "string", "enum": ["x"]}), {"a": "y"}),
        reads("enum by reference", obj(a=ref("E")), {"a": "y"}, components={"E": {"type": "string", "enum": ["x"]}}),
        reads("types in a list", obj(a={"type": ["string", "integer", "null"]}), {"a": 1}),
        reads(
            "a chain of references", ref("A"), {"x": 1}, components={"A": ref("B"), "B": ref("C"), "C": obj("x", x=INT)}
        ),
        reads(
            "siblings of a reference",
            obj(c={**ref("Cat"), "description": "Mine.", "deprecated": True}),
            {"c": cat},
            lambda value: type(value.c).__name__ == "Cat",
            PETS,
        ),
        reads(
            "siblings that change a reference",
            obj(c={**ref("Cat"), "required": ["kind"]}),
            {"c": {"kind": "x"}},
            {"c": {"kind": "x", "meows": None}},
            PETS,
        ),
        reads("an array by reference", ref("Cats"), [cat], components={"Cats": arr(ref("Cat")), **PETS}),
        reads(
            "an array of inline objects by reference",
            ref("Rows"),
            [{"x": 1}],
            components={"Rows": arr(obj("x", x=INT))},
        ),
        reads("inline objects", obj("a", a=obj("b", b=obj("c", c=INT))), {"a": {"b": {"c": 1}}}),
        reads("a title is no name", {**obj("a", a=INT), "title": "class"}, {"a": 1}),
        reads("properties without a type", {"properties": {"a": INT}}, {"a": 1}),
        reads("items without a type", {"items": INT}, [1]),
        reads("boolean schemas", obj(a=True), {"a": [1]}),
        reads("deprecated", obj(a={**INT, "deprecated": True}), {"a": 1}),
        reads("a default in an answer", obj(a={**INT, "default": 5}), {}, {"a": None}),
        Edit(kind="schema", name="a reference to nowhere", operation=gives(ref("No")), refused=r"yaml: do: .*No"),
        Edit(
            kind="schema",
            name="a reference to another file",
            operation=gives({"$ref": "o.yaml#/X"}),
            refused=r"yaml: do: .*keep each API in one file",
        ),
        Edit(
            kind="schema",
            name="a reference to itself",
            operation=gives(ref("A")),
            components={"A": ref("A")},
            refused=r"yaml: do: .*itself",
        ),
        Edit(
            kind="schema",
            name="allOf of itself",
            operation=gives(ref("A")),
            components={"A": {"allOf": [ref("A"), obj(x=INT)]}},
            refused=r"yaml: do: .*itself",
        ),
        Edit(
            kind="schema",
            name="an unknown type",
            operation=gives(obj(a={"type": "float"})),
            refused=r"yaml: do: type 'float'",
        ),
    ]


def security() -> list[Edit]:
    schemes = {
        "key": {"type": "apiKey", "in": "query", "name": "the key"},
        "header": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
        "cookie": {"type": "apiKey", "in": "cookie", "name": "session"},
        "second": {"type": "apiKey", "in": "header", "name": "X-App"},
        "token": {"type": "oauth2", "flows": {}},
        "bearer": {"type": "http", "scheme": "Bearer"},
        "basic": {"type": "http", "scheme": "basic"},
        "digest": {"type": "http", "scheme": "digest"},
        "certificate": {"type": "mutualTLS"},
    }
    document = {"components": {"securitySchemes": schemes}}
    none = {"Authorization": None, "X-Api-Key": None, "Cookie": None}

    def edit(name: str, security: Any, **more: Any) -> Edit:
        target = more.pop("target", "" if "refused" in more else "/things")
        headers = {**none, **more.pop("headers", {})}
        operation = {"security": security, **more.pop("operation", {})}
        status = 200 if "refused" in more else 204
        return Edit(
            kind="security",
            name=name,
            operation=operation,
            document=document,
            status=status,
            target=target or None,
            headers=headers,
            **more,
        )

    return [
        edit("a key in the query", [{"key": []}], target="/things?the%20key=token"),
        edit(
            "a key beside a query",
            [{"key": []}],
            operation=takes(param("q")),
            call={"q": "a b"},
            target="/things?q=a+b&the%20key=token",
        ),
        edit("a key in a header", [{"header": []}], headers={"X-Api-Key": "token"}),
        edit("a key in a cookie", [{"cookie": []}], headers={"Cookie": "session=token"}),
        edit("a token of OAuth", [{"token": []}], headers={"Authorization": "Bearer token"}),
        edit("a choice", [{"key": []}, {"basic": []}, {"bearer": []}], headers={"Authorization": "Bearer token"}),
        edit("user and password", [{"basic": []}], token="me:s3cret", headers={"Authorization": "Basic bWU6czNjcmV0"}),
        edit("a certificate too", [{"certificate": [], "header": []}], headers={"X-Api-Key": "token"}),
        edit("a certificate alone", [{"certificate": []}]),
        edit("two keys in headers", [{"second": [], "token": []}], headers={"Authorization": "Bearer token"}),
        edit("no token", [{"key": []}, {}], token="", target="/things"),
        edit("nothing", []),
        edit("two keys in the query", [{"key": [], "cookie": []}], refused="yaml: do: the client sends one token"),
        edit("a digest", [{"digest": []}], refused=r"yaml: do: .*not digest \(http\): change its security"),
        edit("an unknown scheme", [{"nothing": []}], refused="yaml: do: security names nothing, .*: add it"),
    ]


def corpora() -> list[Edit]:
    """Edits like what specs of other people have."""
    tagged = {
        "oneOf": [obj("kind x", kind={"enum": ["a", "b"]}, x=INT), obj("kind y", kind={"enum": ["c"]}, y=INT)],
        "discriminator": {"propertyName": "kind", "mapping": {"a": "models/a.yml", "c": "models/c.yml"}},
    }
    node = obj("children", children=arr({"oneOf": [ref("Leaf"), ref("Node")]}), up=ref("Node"))
    edits = [
        Edit(
            kind="schema",
            name="a text of a format that is none of OpenAPI",
            operation=gives(obj("at", at={"type": "string", "format": "date-time-rfc-2822"})),
            answer={"at": "Thu, 01 Apr 2021 00:00:00 +0000"},
            value={"at": "Thu, 01 Apr 2021 00:00:00 +0000"},
        ),
        Edit(
            kind="schema",
            name="a property with a quote in its name",
            operation=gives(obj('a"', **{'a"': INT})),
            answer={'a"': 1},
            value={'a"': 1},
        ),
        Edit(
            kind="body",
            name="an enum of arrays",
            operation=body(obj("a", a={**arr(INT), "enum": [[1], [2]]})),
            method="post",
            call={"a": [2]},
            json={"a": [2]},
        ),
        Edit(
            kind="query",
            name="an enum of another type",
            operation=takes(param("q", {"type": "string", "enum": ["a", 1]})),
            refused="yaml: do: enum has 1, which is no string: correct the spec",
        ),
        Edit(kind="query", name="null alone", operation=takes(param("q", NULL)), status=204, target="/things"),
        Edit(
            kind="schema",
            name="a discriminator of inline alternatives",
            operation={**gives(arr(tagged)), **body(tagged)},
            method="post",
            call={"body": {"kind": "b", "x": 1}},
            json={"kind": "b", "x": 1},
            answer=[{"kind": "c", "y": 2}, {"kind": "a", "x": 1}],
            value=[{"kind": "c", "y": 2}, {"kind": "a", "x": 1}],
        ),
        Edit(
            kind="schema",
            name="a tree whose required children are alternatives",
            operation=gives(ref("Node")),
            components={"Node": node, "Leaf": obj("name", name=TEXT)},
            answer={"children": [{"name": "x"}, {"children": []}]},
            value={"children": [{"name": "x"}, {"children": [], "up": None}], "up": None},
        ),
        Edit(
            kind="servers",
            name="the same ones again",
            operation={"servers": [{"url": "http://{host}/base", "variables": {"host": {"default": "server"}}}]},
            status=204,
            target="/things",
        ),
        Edit(
            kind="servers",
            name="of an operation",
            operation={"servers": [{"url": "http://other/base"}]},
            document={"paths": {"/other": {"get": {"operationId": "x", "responses": {}}}}},
            refused="yaml: do: it has servers of its own",
        ),
        Edit(
            kind="path",
            name="an extension among the paths",
            document={"paths": {"x-more": "text"}},
            status=204,
            target="/things",
        ),
        Edit(kind="path", name="a fragment", path="/things#new", refused="yaml: do: a path ends before"),
        Edit(kind="schema", name="nothing at all", operation=gives(None), refused="yaml: do: a schema is None"),
        Edit(
            kind="answer",
            name="nothing at all",
            operation={"responses": {"200": None}},
            refused="yaml: do: a part is not as OpenAPI has it",
        ),
    ]
    return edits


EDITS = [*corpora(), *names(), *parameters(), *bodies(), *answers(), *schemas(), *security()]
