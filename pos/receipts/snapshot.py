"""What a receipt holds: everything that is printed, in one canonical text. Renderers and `verify` read nothing else.

Amounts are integers of minor units. A unit price may have fractions of them, so it is a decimal in a string, as are
quantities and rates. What a version of the format adds has a default, so that older receipts are read as they are.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from kernel.money import written
from pos.profile.models import ShopProfile

FORMAT = 1


class Seller(msgspec.Struct, frozen=True, kw_only=True):
    """:param profile: the version of the shop's profile; 0 where it had none."""

    profile: int
    legal_name: str
    address: str
    vat_number: str
    header: str
    footer: str


class Place(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    address: str


class Till(msgspec.Struct, frozen=True, kw_only=True):
    code: str
    name: str


class When(msgspec.Struct, frozen=True, kw_only=True):
    """:param local: by the clock of the location, with its offset. :param abbreviation: of the zone, then: `CET`."""

    utc: str
    local: str
    zone: str
    abbreviation: str
    business_date: str


class Tax(msgspec.Struct, frozen=True, kw_only=True):
    """:param base: what the tax is of, without it."""

    name: str
    rate: str
    inclusive: bool
    base: int
    amount: int
    code: str = ""


class Discount(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    amount: int


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """:param unit_price: None where only the total is known. :param total: after discounts, tax included."""

    number: int
    sku: str
    description: str
    quantity: str
    unit_price: str | None
    tax_total: int
    total: int
    taxes: list[Tax]
    discounts: list[Discount] = []


class Paid(msgspec.Struct, frozen=True, kw_only=True):
    """What was handed over and the change that was given; of a return, what was given back."""

    type: str
    name: str
    amount: int
    change: int
    reference: str


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """:param receipt: the number as it is printed. :param of_receipt: the one that goods were returned from.
    :param customer: a salted reference. :param rebuilt: whether it was made later, from rows that had no receipt.
    """

    kind: str
    series: str
    number: int
    receipt: str
    source_id: UUID
    seller: Seller
    location: Place
    register: Till
    when: When
    currency: str
    lines: list[Line]
    taxes: list[Tax]
    tenders: list[Paid]
    subtotal: int
    tax_total: int
    total: int
    change_total: int
    discounts: list[Discount] = []
    discount_total: int = 0
    rounding_adjustment: int = 0
    of_receipt: str = ""
    customer: str = ""
    training: bool = False
    rebuilt: bool = False
    format: int = FORMAT


_encoder = msgspec.json.Encoder(order="sorted")
_decoder = msgspec.json.Decoder(Snapshot)


def canonical(snapshot: msgspec.Struct) -> str:
    """Write a snapshot: members in the order of their names, no blanks, no escapes that JSON does not need."""
    return _encoder.encode(snapshot).decode()


def read_snapshot(text: str) -> Snapshot:
    """:raises msgspec.DecodeError: when it is no snapshot (`ValidationError` is one)."""
    return _decoder.decode(text)


def seller_of(profile: ShopProfile) -> Seller:
    return Seller(
        profile=profile.version,
        legal_name=profile.legal_name,
        address=profile.address,
        vat_number=profile.vat_number,
        header=profile.receipt_header,
        footer=profile.receipt_footer,
    )


def when_of(moment: datetime, *, timezone: str, day: date) -> When:
    """:param timezone: the IANA name of the location's. :param day: the business date."""
    local = moment.astimezone(ZoneInfo(timezone))
    return When(
        utc=moment.astimezone(UTC).isoformat(),
        local=local.isoformat(),
        zone=timezone,
        abbreviation=local.tzname() or "",
        business_date=day.isoformat(),
    )


def line_of(
    *,
    number: int,
    sku: str,
    description: str,
    quantity: Decimal,
    unit_price: Decimal | int | None,
    total: int,
    taxes: Sequence[Tax],
    discounts: Sequence[Discount] = (),
) -> Line:
    return Line(
        number=number,
        sku=sku,
        description=description,
        quantity=written(quantity),
        unit_price=None if unit_price is None else written(Decimal(unit_price)),
        tax_total=sum(tax.amount for tax in taxes),
        total=total,
        taxes=list(taxes),
        discounts=list(discounts),
    )


def tax_of(*, name: str, rate: Decimal, inclusive: bool, base: int, amount: int, code: str = "") -> Tax:
    return Tax(name=name, rate=written(rate), inclusive=inclusive, base=base, amount=amount, code=code)


def taxes_by_rate(lines: Iterable[Line]) -> list[Tax]:
    """Sum the taxes of the lines, each tax with its rate once, in the order in which they come."""
    sums: dict[tuple[str, str, str, bool], tuple[int, int]] = {}
    for line in lines:
        for tax in line.taxes:
            key = (tax.code, tax.name, tax.rate, tax.inclusive)
            base, amount = sums.get(key, (0, 0))
            sums[key] = (base + tax.base, amount + tax.amount)
    return [
        Tax(code=code, name=name, rate=rate, inclusive=inclusive, base=base, amount=amount)
        for (code, name, rate, inclusive), (base, amount) in sums.items()
    ]
