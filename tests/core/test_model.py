"""The models: attrs classes, and JSON of them and for them by the names of the wire."""

import copy
import inspect
import pickle
from datetime import date, datetime
from typing import Any, get_args, get_origin

import attrs
import pytest

from clients import example, snake
from contrato import apportionments, neu
from contrato.core import spec
from contrato.core.model import Model
from contrato.neu.models import Bill, DueDatePage, PlatformPayment, RuleHistory, Service

MODULES: dict[str, Any] = {"neu": neu.models, "apportionments": apportionments.models}
MODELS = [
    kind
    for module in MODULES.values()
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, Model) and kind is not Model
]
EVERY_MODEL = pytest.mark.parametrize("model", MODELS, ids=lambda model: f"{model.__module__}.{model.__name__}")


def model_of(operation: spec.Operation, status: str) -> Any:
    """The model that a success is made of, an element of a list."""
    kind = MODULES[operation.api.name].RESPONSES[operation.id][status]
    return get_args(kind)[0] if get_origin(kind) is list else kind


EXAMPLES = [
    pytest.param(model_of(operation, status), record, id=f"{operation.id}-{name}-{number}")
    for api in spec.APIS
    for operation in spec.api(api).operations.values()
    for status, response in operation.responses.items()
    if response.succeeded
    for name, example in response.examples.items()
    for number, record in enumerate(example if isinstance(example, list) else [example])
]
EVERY_EXAMPLE = pytest.mark.parametrize(("model", "record"), EXAMPLES)


@pytest.fixture
def bill() -> Bill:
    return Bill.from_dict(example("listBills")[0])


def test_there_are_examples_of_all_models_that_answers_are_made_of() -> None:
    assert len(MODELS) > 20
    assert {case.values[0] for case in EXAMPLES} <= set(MODELS)
    assert {model.__module__ for model in MODELS} == {"contrato.neu.models", "contrato.apportionments.models"}


@EVERY_MODEL
def test_a_model_is_an_attrs_class_with_slots_and_keywords(model: Any) -> None:
    assert attrs.has(model)
    assert all(field.kw_only for field in attrs.fields(model))
    assert {p.kind for p in inspect.signature(model).parameters.values()} == {inspect.Parameter.KEYWORD_ONLY}
    slots: tuple[str, ...] = vars(model)["__slots__"]
    assert {field.name for field in attrs.fields(model)} == set(slots) - {"__weakref__"}


@EVERY_MODEL
def test_fields_have_name_unit_and_evidence_of_the_spec(model: Any) -> None:
    (api,) = (name for name, module in MODULES.items() if module.__name__ == model.__module__)
    schemas = [
        schema
        for operation in spec.api(api).operations.values()
        for response in operation.responses.values()
        if response.succeeded and response.schema
        for _, schema in response.schema.places()
        if schema.component == model.__name__
    ]
    properties = schemas[0].properties
    assert {field.metadata["wire"]: field.name for field in attrs.fields(model)} == {
        wire: prop.python_name for wire, prop in properties.items()
    }
    for field in attrs.fields(model):
        prop = properties[field.metadata["wire"]]
        assert {name: text for name, text in field.metadata.items() if name != "wire"} == prop.schema.metadata
        assert (field.default is attrs.NOTHING) == prop.required


def test_metadata_says_wire_unit_and_evidence() -> None:
    metadata = attrs.fields(Bill).payment_value.metadata
    assert (metadata["wire"], metadata["unit"]) == ("payment_value", "COP")
    assert metadata["evidence"].startswith("documented neu#L")
    assert attrs.fields(PlatformPayment).payment_value.metadata["wire"] == "payment_Value"


@EVERY_EXAMPLE
def test_every_example_makes_a_model_and_comes_back_by_the_names_of_the_wire(model: Any, record: Any) -> None:
    made = model.from_dict(record)
    assert type(made) is model
    assert made.to_dict() == record
    again = model.from_dict({**record, "new field": {"a": 1}})
    assert again == made
    assert not hasattr(again, "new field")
    # The copies that Python knows.
    for other in (copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made)), attrs.evolve(made)):
        assert other == made
        assert other is not made
        assert repr(other) == repr(made)
    assert attrs.asdict(made).keys() == {field.name for field in attrs.fields(model)}


@EVERY_EXAMPLE
def test_cattrs_makes_a_dict_of_a_model_and_a_model_of_it(model: Any, record: Any) -> None:
    cattrs = pytest.importorskip("cattrs.preconf.json", reason="cattrs is not installed; it is no dependency")
    converter = cattrs.make_converter()
    made = model.from_dict(record)
    assert converter.structure(converter.unstructure(made), model) == made


def test_renamed_fields() -> None:
    page = DueDatePage.from_dict({"nextPage": 2, "maxPage": 3, "total": 41, "data": []})
    assert (page.next_page, page.max_page) == (2, 3)
    assert page.to_dict() == {"nextPage": 2, "maxPage": 3, "total": 41, "data": []}
    rule = example("listRuleHistory")["data"][0]
    assert RuleHistory.from_dict(rule).id_alarm == rule["Id_alarm"]
    paid = next(bill for bill in example("listBills") if bill.get("platform_payments"))
    payments = Bill.from_dict(paid).platform_payments
    assert payments
    assert payments.payment_value == paid["platform_payments"]["payment_Value"]


def test_a_null_and_an_absent_field_are_none() -> None:
    row = example("listNotificationInteractions")["data"][0]
    model = neu.models.NotificationInteraction
    named = {**row, "name": "x"}
    assert model.from_dict(named).to_dict() == named
    absent = {name: value for name, value in row.items() if name != "name"}
    assert model.from_dict(absent).name is None
    assert model.from_dict(absent).to_dict() == {**row, "name": None}
    unpaid = {**example("listBills")[0], "date_payment": None}
    assert Bill.from_dict(unpaid).date_payment is None
    assert Bill.from_dict(unpaid).to_dict() == unpaid


def test_plain_python_works(bill: Bill) -> None:
    assert repr(bill).startswith(f"Bill(id_service={bill.id_service!r}, ")
    dearer = attrs.evolve(bill, payment_value=bill.payment_value + 1)
    assert dearer != bill
    assert dearer.payment_value == bill.payment_value + 1
    assert attrs.asdict(bill)["date"] == bill.date
    assert isinstance(bill.date, datetime)
    match bill:
        case Bill(id_bill=number, concepts=[first, *_]):
            assert (number, first) == (bill.id_bill, bill.concepts[0])
        case _:
            pytest.fail("no match")
    with pytest.raises(AttributeError):
        bill.payment = 1  # type: ignore[attr-defined]
    with pytest.raises(TypeError, match="payment_value"):
        Bill(id_service=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="positional"):
        Bill(1)  # type: ignore[call-arg]


def test_a_class_of_the_user_may_add_fields(bill: Bill) -> None:
    @attrs.define(kw_only=True)
    class Noted(Service):
        note: str = ""
        day: date | None = None

    record = example("getService")
    noted = Noted.from_dict({**record, "note": "mine"})
    assert attrs.evolve(noted, day=date(2021, 4, 1)).to_dict() == {**record, "note": "mine", "day": "2021-04-01"}


def test_wrong_data_are_shown(bill: Bill) -> None:
    with pytest.raises(ValueError, match=r'^Bill: \$\.id_bill must be integer, not "41"$'):
        Bill.from_dict({**bill.to_dict(), "id_bill": "41"})


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"id_service": "282"}, "$.id_service"),
        ({"date": "yesterday"}, "$.date"),
        ({"concepts": [{}]}, "$.concepts[0]."),
        ({"concepts": None}, "$.concepts"),
        ({"platform_payments": {"date": None, "method": None, "payment_Value": "x"}}, "$.platform_payments."),
    ],
)
def test_wrong_data_are_a_value_error_that_names_the_place(change: dict[str, Any], path: str) -> None:
    with pytest.raises(ValueError, match=r"^Bill: \$.* must be .*, not ") as caught:
        Bill.from_dict({**example("listBills")[0], **change})
    assert path in str(caught.value)
    whole = example("listBills")[0]
    del whole["payment_value"]
    with pytest.raises(ValueError, match=r"\$\.payment_value"):
        Bill.from_dict(whole)


@pytest.mark.parametrize("api", spec.APIS)
def test_there_is_a_model_for_all_that_a_success_is_made_of_and_no_other(api: str) -> None:
    components = {
        schema.component: schema
        for operation in spec.api(api).operations.values()
        for response in operation.responses.values()
        if response.succeeded and response.schema is not None
        for _, schema in response.schema.places()
        if schema.properties
    }
    models = {
        name: kind
        for name, kind in vars(MODULES[api]).items()
        if isinstance(kind, type) and issubclass(kind, Model) and kind is not Model
    }
    assert models.keys() == components.keys()
    for name, model in models.items():
        names = {wire: snake(wire) + "_" * (wire == "type") for wire in components[name].properties}
        assert {field.metadata["wire"]: field.name for field in attrs.fields(model)} == names
