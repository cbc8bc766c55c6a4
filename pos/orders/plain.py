"""A fast reader of the plain order: what terminals send all day.

It is narrower than `PlaceOrderBody`. What it reads, the serializer reads with the same result; what it does not read,
for whatever reason, the serializer reads or refuses, and makes the errors.
"""

import re
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType
from rest_framework.exceptions import ValidationError

from kernel import limits
from kernel.ids import is_version_7
from kernel.moments import MomentInvalid, parse_reported
from kernel.money import QUANTITY_STEP
from kernel.text import without_personal
from pos.orders.models import Order
from web.fields import MailAddress

_QUANTITY = re.compile(r"[0-9]{1,8}(\.[0-9]{1,3})?", re.ASCII)
_mail_address = MailAddress()


class _NotPlain(Exception):
    """The serializer has to look at it."""


class _Price(msgspec.Struct, forbid_unknown_fields=True):
    amount: Annotated[int, Meta(ge=0, le=limits.LARGEST_AMOUNT)]
    currency: str | UnsetType = UNSET


class _Paid(msgspec.Struct, forbid_unknown_fields=True):
    amount: Annotated[int, Meta(ge=1, le=limits.LARGEST_AMOUNT)]
    currency: str | UnsetType = UNSET


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    quantity: str
    id: UUID | UnsetType = UNSET
    variant_id: UUID | UnsetType = UNSET
    barcode: str = ""
    sku: str = ""
    description: str = ""
    unit_price: _Price | UnsetType = UNSET
    tax_name: str = ""


class _Tender(msgspec.Struct, forbid_unknown_fields=True):
    type: str
    amount: _Paid
    id: UUID | UnsetType = UNSET
    reference: str = ""
    card_token: str = ""


class _Order(msgspec.Struct, forbid_unknown_fields=True):
    id: UUID
    occurred_at: str
    lines: Annotated[list[_Line], Meta(min_length=1, max_length=limits.MOST_LINES)]
    tenders: Annotated[list[_Tender], Meta(max_length=limits.MOST_TENDERS)] = []
    customer_email: str = ""
    note: str = ""
    training: bool = False
    origin: str = "ONLINE"
    device_sequence: Annotated[int, Meta(ge=1, le=limits.LARGEST_NUMBER)] | UnsetType = UNSET
    shift_id: UUID | UnsetType = UNSET


def plain_order(body: Any, *, currency: str) -> dict[str, Any] | None:
    """Read an order that is sent, as `PlaceOrderBody` would. None: let the serializer read it."""
    try:
        order = msgspec.convert(body, _Order)
        read = {
            "id": _version_7(order.id),
            "occurred_at": _moment(order.occurred_at),
            "lines": [_line(line, currency) for line in order.lines],
            "discounts": [],
            "tenders": [_tender(tender, currency) for tender in order.tenders],
            "customer_email": order.customer_email and _mail_address.run_validation(order.customer_email),
            "note": _text(order.note, limits.NOTE),
            "training": order.training,
            "origin": _origin(order.origin),
        }
    except (_NotPlain, msgspec.ValidationError, MomentInvalid, ValidationError):
        return None
    if order.device_sequence is not UNSET:
        read["device_sequence"] = order.device_sequence
    if order.shift_id is not UNSET:
        read["shift_id"] = order.shift_id
    return read


def _origin(text: str) -> str:
    if text not in Order.Origin.values:
        raise _NotPlain
    return text


def _line(line: _Line, currency: str) -> dict[str, Any]:
    names = (line.variant_id is not UNSET) + (line.barcode != "") + (line.sku != "")
    priced = line.unit_price is not UNSET
    if names != 1 and not (names == 0 and line.description and priced and line.tax_name):
        raise _NotPlain
    read: dict[str, Any] = {
        "barcode": _text(line.barcode, limits.CODE),
        "sku": _text(line.sku, limits.CODE),
        "description": _text(line.description, limits.TITLE),
        "quantity": _quantity(line.quantity),
        "tax_rate": _text(line.tax_name, limits.TAX_NAME),
        "discounts": [],
    }
    if line.id is not UNSET:
        read["id"] = _version_7(line.id)
    if line.variant_id is not UNSET:
        read["variant_id"] = line.variant_id
    if line.unit_price is not UNSET:
        read["unit_price"] = Decimal(_amount(line.unit_price, currency))
    return read


def _tender(tender: _Tender, currency: str) -> dict[str, Any]:
    if not tender.type:
        raise _NotPlain
    read: dict[str, Any] = {
        "type": _text(tender.type, limits.SHORT_CODE),
        "amount": _amount(tender.amount, currency),
        "reference": without_personal(_text(tender.reference, limits.REFERENCE))[: limits.REFERENCE],
        "card_token": _text(tender.card_token, limits.REFERENCE),
    }
    if tender.id is not UNSET:
        read["id"] = _version_7(tender.id)
    return read


def _version_7(value: UUID) -> UUID:
    if not is_version_7(value):
        raise _NotPlain
    return value


def _moment(text: str) -> datetime:
    return parse_reported(text)


def _quantity(text: str) -> Decimal:
    """:raises _NotPlain: unless it is above zero, below the largest, and written as the document has it."""
    if not _QUANTITY.fullmatch(text):
        raise _NotPlain
    quantity = Decimal(text)
    if not quantity:
        raise _NotPlain
    return quantity.quantize(QUANTITY_STEP)


def _amount(money: _Price | _Paid, currency: str) -> int:
    if money.currency is not UNSET and money.currency != currency:
        raise _NotPlain
    return money.amount


def _text(text: str, longest: int) -> str:
    """:raises _NotPlain: unless it is one line of printable characters without blanks at its ends."""
    if text and (len(text) > longest or not text.isprintable() or text[0] == " " or text[-1] == " "):
        raise _NotPlain
    return text
