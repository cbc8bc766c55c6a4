"""The fast reader of an order reads what the serializer reads, with the same result, or leaves it to the serializer."""

from collections.abc import Iterable
from copy import deepcopy
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel import limits
from pos.orders.bodies import A_MUG, PlaceOrderBody
from pos.orders.plain import plain_order
from tests.support import make
from tests.support.terminal import Terminal

CURRENCY = "EUR"
ID = "019ac8f0-5a70-7c3e-9d41-6f1f3a0c2b11"
LINE = {"sku": "MUG", "quantity": "1"}
TENDER = {"type": "cash", "amount": {"amount": 5, "currency": CURRENCY}}
SERVICE = {"description": "Engraving", "unit_price": {"amount": 0}, "tax_name": "Zero", "quantity": "1"}
MISSING = object()


def read_by_serializer(body: Any) -> Any:
    used: set[str] = set()
    serializer = PlaceOrderBody(data=body, context={"currency": CURRENCY, "renamed": used})
    return None if not serializer.is_valid() or used else dict(serializer.validated_data)


def as_it_is(value: Any) -> Any:
    """Return something that is equal for equal values of equal types, whatever the order of members."""
    if isinstance(value, dict):
        return {name: as_it_is(inner) for name, inner in value.items()}
    return [as_it_is(inner) for inner in value] if isinstance(value, list) else (type(value), repr(value))


ODD = {
    "id": [ID.upper(), ID.replace("-", ""), f"{{{ID}}}", f"urn:uuid:{ID}", "", "1", 7, None, "7b0e1a52-9c1e-4f3a-8a5b-2d8e9f1c0b11", str(UUID(int=0))],
    "text": [
        "", " ", " MUG ", "MUG ", " MUG", "Gr\u00f6\u00dfe", "a\u00a0", "\u00a0a", "a\u2028b", "two\nlines", "a\r\nb", "tab\there", "\x7f", "\0", "\ud800",
        "e\u200djoined", "x" * limits.SHORT_CODE, "x" * (limits.SHORT_CODE + 1), "x" * limits.CODE, "x" * (limits.CODE + 1),
        "x" * limits.TAX_NAME, "x" * (limits.TAX_NAME + 1), "x" * limits.TITLE, "x" * (limits.TITLE + 1), "x" * limits.NOTE, "x" * (limits.NOTE + 1),
        "a@b.test", " a@b.test ", "a@b", "cash", 5, 1.5, True, None, [], {},
    ],
    "quantity": [
        "1.0", "0.001", "0.0004", "0", "0.000", "-1", "+1", " 1", "1 ", "1.", ".5", "1e2", "1E2", "1_0", "\u0661", "01", "00000001", "1\n",
        "99999999.999", "100000000", "100000000.001", "123456789", "1.2345", "NaN", "Infinity", 1, 1.5, None, True, "",
    ],
    "money": [
        *({"amount": amount} for amount in (
            0, 1, -1, limits.LARGEST_AMOUNT, limits.LARGEST_AMOUNT + 1, 2**63, 2**64, 1.0, 1.5, True, False, None, "1", [], {}
        )),
        *({"amount": 5, "currency": currency} for currency in (CURRENCY, "USD", "", None, 1, "eur")),
        {"amount": 5, "more": 1}, {"currency": CURRENCY}, {}, None, 5, "5", [],
    ],
    "moment": [
        "2026-11-23t12:00:00z", "2026-11-23 12:00:00+05:30", "2026-11-23T12:00:00.1234567Z", "2026-11-23T12:00:00", "2026-11-23", "",
        "1999-12-31T23:59:59Z", "2999-01-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-11-23T24:00:00Z", "2026-11-23T12:00:60Z",
        "2000-01-01T00:00:00+12:00", 5, None,
    ],
    "lines": [[], None, {}, "x", [LINE] * limits.MOST_LINES, [LINE] * (limits.MOST_LINES + 1), [None], [LINE, {}], [LINE, 5], [SERVICE]],
    "tenders": [[], None, {}, "x", [TENDER] * limits.MOST_TENDERS, [TENDER] * (limits.MOST_TENDERS + 1), [None], [TENDER, {}]],
    "origin": ["OFFLINE", "ONLINE", "offline", "", None, 1],
    "sequence": [1, 0, -1, 10**18, 10**18 + 1, "7", 1.0, True, None],
    "any": [None, 1, "x", [], {}],
}  # fmt: skip
MEMBERS = {
    (): {"id": "id", "occurred_at": "moment", "lines": "lines", "tenders": "tenders", "customer_email": "text", "note": "text", "origin": "origin", "device_sequence": "sequence", "shift_id": "id", "unknown": "any"},
    ("lines", 0): {
        "id": "id", "variant_id": "id", "barcode": "text", "sku": "text", "description": "text", "quantity": "quantity", "unit_price": "money",
        "tax_name": "text", "tax_rate": "text", "unknown": "any",
    },
    ("lines", 1): {"sku": "text", "description": "text", "unit_price": "money", "tax_name": "text"},
    ("tenders", 0): {"id": "id", "type": "text", "amount": "money", "reference": "text", "card_token": "text", "unknown": "any"},
}  # fmt: skip
Change = tuple[tuple[str | int, ...], str, Any]
CHANGES: list[Change] = [
    (place, name, value)
    for place, members in MEMBERS.items()
    for name, kind in members.items()
    for value in [MISSING, *ODD[kind]]
]


def changed(changes: Iterable[Change]) -> Any:
    """Return a plain body with some members changed; a change whose place an earlier one took away is left out."""
    body: Any = {
        "id": ID, "occurred_at": "2026-11-23T12:00:00Z", "lines": [dict(LINE), dict(SERVICE)], "tenders": [dict(TENDER)]
    }  # fmt: skip
    for place, name, value in changes:
        inner = body
        for step in place:
            try:
                inner = inner[step]
            except (TypeError, LookupError):
                inner = None
        if isinstance(inner, dict):
            inner[name] = deepcopy(value)
            if value is MISSING:
                del inner[name]
    return body


def require_the_same(body: Any) -> bool:
    read = plain_order(body, currency=CURRENCY)
    assert read is None or as_it_is(read) == as_it_is(read_by_serializer(body)), body
    return read is not None


def test_what_it_reads_of_one_odd_member_the_serializer_reads_with_the_same_result() -> None:
    read = [require_the_same(changed([change])) for change in CHANGES]

    assert require_the_same(changed([]))
    assert any(read)
    for body in (None, [], "", 5, {}):
        assert not require_the_same(body)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.sampled_from(CHANGES), min_size=2, max_size=4))
def test_what_it_reads_of_several_the_serializer_reads_with_the_same_result(changes: list[Change]) -> None:
    require_the_same(changed(changes))


texts = st.text(max_size=6) | st.text(st.characters(codec="utf-8"), max_size=6)
QUANTITY_LIKE = st.from_regex(r"[-+ ]?[0-9]{0,9}(\.[0-9]{0,4})?[ \n]?", fullmatch=True)


@settings(deadline=None, max_examples=200)
@given(texts, QUANTITY_LIKE, st.integers() | st.floats())
def test_whatever_texts_and_numbers_come_the_result_is_the_same(text: str, quantity: str, amount: Any) -> None:
    require_the_same(changed([(("lines", 0), "quantity", quantity)]))
    require_the_same(changed([(("tenders", 0), "amount", {"amount": amount})]))
    for place, name in ((("lines", 0), "sku"), ((), "note"), ((), "customer_email"), (("tenders", 0), "type")):
        require_the_same(changed([(place, name, text)]))


@pytest.mark.parametrize(
    "more",
    [
        {},
        {
            "lines": [
                SERVICE,
                {"barcode": "4006381333931", "quantity": "0.125", "id": ID},
                {"variant_id": ID, "quantity": "10"},
            ]
        },
        {
            "lines": [
                {
                    "sku": "MUG",
                    "quantity": "1",
                    "unit_price": {"amount": 100, "currency": "EUR"},
                    "description": "Gr\u00f6\u00dfe",
                }
            ]
        },
        {"tenders": []},
        {"tenders": [{"type": "gateway", "amount": {"amount": 5}, "card_token": "tok", "reference": "a b", "id": ID}]},
        {"note": "Ring twice", "occurred_at": "2026-11-23T12:00:00.123+05:30"},
    ],
)
def test_it_reads_what_terminals_send(more: dict[str, Any]) -> None:
    body = {**A_MUG, **more}

    assert as_it_is(plain_order(body, currency=CURRENCY)) == as_it_is(read_by_serializer(body)) is not None


def test_a_plain_order_is_read_without_the_serializer_and_another_with_it(
    api: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(PlaceOrderBody, "is_valid", lambda self, **_: asked.append(self) or 1 / 0)
    make.variant()
    make.shift()

    assert api.post("/orders", make.order_body()).status_code == 201
    with pytest.raises(ZeroDivisionError):
        api.post("/orders", make.order_body(unknown=1))
    assert len(asked) == 1
