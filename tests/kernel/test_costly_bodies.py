"""What a body may cost: it is not looked at further than what is wrong with it is told (W4)."""

from collections import Counter
from typing import Any

import pytest
from rest_framework.exceptions import ValidationError
from rest_framework.fields import ListField
from rest_framework.serializers import ListSerializer

from integrations.api.webhooks import EndpointBody, ReplayBody
from inventory.api import GoodsReceiptBody
from kernel import limits
from pos.catalogue.bodies import ItemBody
from pos.orders.api import AddTendersBody, PlaceOrderBody
from pos.returns.bodies import CompleteReturnBody
from tests.support.document import document
from web.fields import Several, Text
from web.inputs import MOST_UNKNOWN, Body

UNKNOWN = {f"unknown{number}": number for number in range(900)}
Looked = Counter[str]


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> Looked:
    """Count the texts and the objects that are read, and the unknown members that are told of."""
    counted: Looked = Counter()

    def count(owner: Any, method: str, name: str) -> None:
        original = getattr(owner, method)

        def counting(self: Any, *arguments: Any) -> Any:
            counted[name] += 1
            return original(self, *arguments)

        monkeypatch.setattr(owner, method, counting)

    count(Text, "run_validation", "texts")
    count(Body, "_named_anew", "objects")
    count(Body, "_unknown", "told")
    return counted


def errors_of(body: type[Body], data: dict[str, Any]) -> Any:
    with pytest.raises(ValidationError) as refused:
        body(data=data, context={"currency": "EUR"}).is_valid(raise_exception=True)
    return refused.value.detail


def unknown_in(detail: Any) -> int:
    if isinstance(detail, dict):
        return sum(unknown_in(inner) for inner in detail.values())
    if isinstance(detail, list):
        return sum(unknown_in(inner) for inner in detail)
    return int(detail.code == "unknown-member")


@pytest.mark.parametrize(
    ("body", "data"),
    [
        (PlaceOrderBody, {"lines": [UNKNOWN] * 250}),
        (PlaceOrderBody, {"lines": [{"sku": "MUG", "quantity": "1", "tip": 1}] * 999}),
        (PlaceOrderBody, {"lines": [UNKNOWN] * 2, "tenders": [UNKNOWN] * 20, **UNKNOWN}),
        (AddTendersBody, {"tenders": [UNKNOWN] * 20}),
        (CompleteReturnBody, {"lines": [UNKNOWN] * 999}),
        (GoodsReceiptBody, {"lines": [UNKNOWN] * 999}),
        (ItemBody, {f"unknown{number}": number for number in range(600_000)}),
    ],
)
def test_w04_of_all_unknown_members_a_few_are_told_and_nothing_more_is_read(
    looked: Looked, body: type[Body], data: dict[str, Any]
) -> None:
    detail = errors_of(body, data)

    assert unknown_in(detail) == looked["told"] == MOST_UNKNOWN
    assert looked["objects"] <= MOST_UNKNOWN + 1


def test_w04_unknown_members_are_refused_however_many_others_were(looked: Looked) -> None:
    line = {"sku": "MUG", "quantity": "1"}

    detail = errors_of(PlaceOrderBody, {"lines": [*[line] * 500, UNKNOWN, *[line] * 400]})

    assert unknown_in(detail["lines"][500]) == MOST_UNKNOWN
    assert looked["objects"] == 502


@pytest.mark.parametrize(
    ("body", "name", "most"),
    [
        (ItemBody, "barcodes", limits.MOST_BARCODES),
        (EndpointBody, "types", limits.MOST_TYPES),
        (ReplayBody, "types", limits.MOST_TYPES),
    ],
)
def test_w04_a_list_that_is_too_long_is_refused_unread(looked: Looked, body: type[Body], name: str, most: int) -> None:
    errors = errors_of(body, {name: [1.5] * (most + 1)})
    assert [error.code for error in errors[name]] == ["max_length"]
    assert looked["texts"] < 10

    assert name not in errors_of(body, {name: [str(number) for number in range(most)]})
    assert looked["texts"] >= most


@pytest.mark.parametrize(
    ("body", "name", "most"),
    [(PlaceOrderBody, "lines", limits.MOST_LINES), (PlaceOrderBody, "tenders", limits.MOST_TENDERS)],
)
def test_w04_a_list_of_too_many_lines_is_refused_unread(looked: Looked, body: type[Body], name: str, most: int) -> None:
    errors = errors_of(body, {name: [{}] * (most + 1)})

    assert errors[name]["non_field_errors"][0].code == "max_length"
    assert looked["objects"] == 1


def bodies(base: type[Body] = Body) -> list[type[Body]]:
    return [base, *(found for inner in base.__subclasses__() for found in bodies(inner))]


def test_w04_every_list_of_a_body_has_a_bound() -> None:
    document()
    unbounded, bounded = [], 0
    for body in bodies():
        for name, field in body().fields.items():
            if isinstance(field, (ListField, ListSerializer)):
                bounded += 1
                if not isinstance(field, Several) and not (isinstance(field, ListSerializer) and field.max_length):
                    unbounded.append((body.__name__, name))

    assert unbounded == []
    assert bounded > 8
