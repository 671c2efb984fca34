"""Extensions of OpenAPI in the specs (`x-…`), one class each. `spec/README.md` documents them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import attrs

Kind = TypeVar("Kind")


class Evidence(str):
    """Source of a statement, as written in the spec: `documented neu#L40-L62`; empty without evidence."""

    __slots__ = ()

    @property
    def level(self) -> str:
        """`documented`, `observed`, `inferred`, `conflict`, `open` or `plausible`; an empty text without evidence."""
        return self.split(maxsplit=1)[0].rstrip(":") if self else ""

    @property
    def citations(self) -> tuple[str, ...]:
        """Cited lines of the vendors' documents, such as `neu#L40-L62`."""
        return tuple(word for word in self.partition(":")[0].split()[1:] if "#" in word)

    @property
    def reason(self) -> str:
        """Reason for the statement; an empty text if it is documented."""
        return self.partition(":")[2].strip()


def read(kind: type[Kind], node: Mapping[str, Any]) -> Kind:
    """Make an instance of a class of this module from a part of a spec."""
    wires = {field.name: field.metadata.get("wire", field.name) for field in attrs.fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: node[wire] for name, wire in wires.items() if wire in node})


def maybe(kind: type[Kind], node: Mapping[str, Any], key: str) -> Kind | None:
    """Make an instance of a class of this module from an extension; None without that extension."""
    return read(kind, node[key]) if key in node else None


@attrs.frozen(kw_only=True)
class _Stated:
    """An extension with evidence. The metadata `wire` of an attribute is its key in the spec, if that differs."""

    evidence: Evidence = attrs.field(default=Evidence(), converter=Evidence, metadata={"wire": "x-evidence"})


@attrs.frozen(kw_only=True)
class Pagination(_Stated):
    """`x-pagination`: pages of a list. Names are those in JSON; None if the list has no such field.

    Attributes:
        page: The parameter that asks for a page.
        limit: The parameter that asks for a size.
        items: The field of the answer that holds the items; None when the answer is the array.
        total: The field with the number of all items.
        next: The field with the number of the next page.
        last: The field with the number of the last page.
        current: The field with the number of this page.
        size: Number of items of a page, or the name of the field with that number.

    """

    page: str
    limit: str | None = None
    items: str | None = None
    total: str | None = None
    next: str | None = None
    last: str | None = None
    current: str | None = None
    size: int | str | None = None


@attrs.frozen(kw_only=True)
class DateRange(_Stated):
    """`x-date-range`: the parameters `start` and `end` select rows by the date at the pointer `field`."""

    start: str = attrs.field(metadata={"wire": "from"})
    end: str = attrs.field(metadata={"wire": "to"})
    field: str


@attrs.frozen(kw_only=True)
class Aggregation(_Stated):
    """`x-aggregation`: the parameter `by` chooses the period of a row, dated at `date`, one for each `key`."""

    by: str
    periods: Mapping[str, str]
    key: Sequence[str]
    date: str


@attrs.frozen(kw_only=True)
class Sort(_Stated):
    """`x-sort`: the parameter `by` names the field to sort by, `order` the direction."""

    by: str
    order: str
    ascending: str
    descending: str


@attrs.frozen(kw_only=True)
class Identity(_Stated):
    """`x-identity`: no value occurs twice at any of the pointers `at`."""

    at: Sequence[str]


@attrs.frozen(kw_only=True)
class Always(_Stated):
    """`x-always`: every value at the pointer `at` is `value`."""

    at: str
    value: Any = attrs.field(metadata={"wire": "is"})


@attrs.frozen(kw_only=True)
class Agreement(_Stated):
    """`x-agrees-with`: records of another operation with the same `key` have the `same` values.

    Attributes:
        operation: The operationId of the other.
        key: Our pointers to what joins two records, each with theirs.
        same: Our pointers to what is the same, each with theirs.
        not_another: Our pointers to what is not that of another record of theirs, each with theirs.
        covers: `ours` if the other has all our records; `both` if we have all of theirs, too.
        theirs: Values that a joined record of the other has, by their pointers.
        unless: Open questions with the readings by which we have but those of their records that are `covered`.
        covered: Values of the records that we have by any reading, by their pointers.

    """

    operation: str
    key: Mapping[str, str]
    same: Mapping[str, str] = attrs.field(factory=dict)
    not_another: Mapping[str, str] = attrs.field(factory=dict, metadata={"wire": "not-another"})
    covers: str = ""
    theirs: Mapping[str, Any] = attrs.field(factory=dict)
    unless: Mapping[str, str] = attrs.field(factory=dict)
    covered: Mapping[str, Any] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Reckoning(_Stated):
    """`x-reckoning`: `date` and `days` after it give the current day of the server, or the end of what has ended."""

    date: str
    days: str


@attrs.frozen(kw_only=True)
class Echo(_Stated):
    """`x-echo`: values at the pointer `at` of the answer are the argument, or a value of the record that it names.

    Attributes:
        at: Pointer into the answer.
        found_as: Pointer to that value in the answer of another operation, as `operationId#pointer`.
        unless: Another argument: if both are given, the extension does not apply.

    """

    at: str
    found_as: str | None = attrs.field(default=None, metadata={"wire": "as"})
    unless: str | None = None


@attrs.frozen(kw_only=True)
class Searches(_Stated):
    """`x-searches`: an item that is found has the words of the argument in one of `fields`, pointers within an item."""

    fields: Sequence[str]


@attrs.frozen(kw_only=True)
class Register(_Stated):
    """`x-register-of`: the value is a meter register that grows by the value of `field` in the same row."""

    field: str


@attrs.frozen(kw_only=True)
class Power(_Stated):
    """`x-power`: `energies` flowed with these `voltages` and `currents`, phase by phase."""

    energies: Sequence[str]
    voltages: Sequence[str]
    currents: Sequence[str]


@attrs.frozen(kw_only=True)
class Plausible(_Stated):
    """`x-plausible`: physical bounds of a value."""

    minimum: float | None = None
    maximum: float | None = None


@attrs.frozen(kw_only=True)
class Invariant(_Stated):
    """`x-invariants`: a condition within one record; attributes that the spec does not have are None.

    Attributes:
        equals: Pointer to the value that is `product`, `sum`, `same` or `among`.
        product: Two pointers.
        sum: A pointer to many.
        same: A pointer.
        among: A pointer to many.
        ascending: Pointers to values of which none is less than the one before.
        present: Two pointers: a record with the first value also has the second.

    """

    equals: str | None = None
    product: Sequence[str] | None = None
    sum: str | None = None
    same: str | None = None
    among: str | None = None
    ascending: Sequence[str] | None = None
    present: Sequence[str] | None = None


@attrs.frozen(kw_only=True)
class Question:
    """One of `x-questions`: a question that the vendors leave open, and readings that honest servers may follow.

    Attributes:
        id: Its stable name.
        question: The question, a sentence.
        readings: A sentence for each admissible reading. For a field of an answer these are always `null` and `absent`.
        why: Evidence that it is open.
        mixed: True if a server may follow several readings at the same place.
        theme: What it is about, in a word, by which the reference groups questions.
        arguments: For a question where an argument is: its place (`in`) and `name` by each reading, if they are others.
        which: Readings that leave something to be named, as another page size does; the reference asks for it.

    """

    id: str
    question: str
    readings: Mapping[str, str]
    why: Evidence = attrs.field(converter=Evidence)
    mixed: bool = False
    theme: str = ""
    which: Sequence[str] = ()
    arguments: Mapping[str, Mapping[str, str]] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Opening:
    """`x-open`: a question that is open about one element.

    Attributes:
        question: The question.
        ours: The reading that the examples show and the bundled server follows.
        readings: The readings that are admissible here; only one if the question is settled.
        settled: The reading that is known to be true; None while it is open.
        evidence: Evidence that it is settled, or else that it is open.

    """

    question: Question
    ours: str
    readings: tuple[str, ...]
    settled: str | None
    evidence: Evidence


def opening(question: Question, node: str | Mapping[str, Any]) -> Opening:
    """Return what `x-open` has about a question: only our reading, or more."""
    said: Mapping[str, Any] = {"ours": node} if isinstance(node, str) else node
    settled = said.get("settled")
    return Opening(
        question=question,
        ours=said.get("ours", settled),
        readings=tuple(said.get("readings", question.readings)) if settled is None else (settled,),
        settled=settled,
        evidence=Evidence(said.get("x-evidence", question.why)),
    )


@attrs.frozen
class Site:
    """A place in a document at which a question is open.

    Attributes:
        pointer: JSON pointer of the element in the document.
        keys: Keys of the element, as in `Api.statements`.
        opening: The question, and what is known about it there.

    """

    pointer: str
    keys: tuple[str, ...]
    opening: Opening


@attrs.frozen
class Reference:
    """`x-refers-to`: existing values are at a pointer in the answer of an operation."""

    operation: str
    pointer: str


@attrs.frozen
class Source:
    """A document of a vendor that evidence cites."""

    title: str
    language: str
    lines: int
    sha256: str
