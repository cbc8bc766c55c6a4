"""What reports of shifts, their amendments, and receipts of cash that was moved hold. Amounts are minor units.

Beside `pos.receipts.snapshot`: what holds for the form of a snapshot holds here.
"""

from uuid import UUID

import msgspec

from pos.receipts.snapshot import FORMAT, Place, Seller, Snapshot, Till, When, read_snapshot


class Documents(msgspec.Struct, frozen=True, kw_only=True):
    """Orders or returns. :param net: without tax. :param first: of the numbers of their receipts; 0 for none."""

    count: int = 0
    total: int = 0
    net: int = 0
    tax: int = 0
    discount: int = 0
    rounding: int = 0
    first: int = 0
    last: int = 0


class RegisterTotal(msgspec.Struct, frozen=True, kw_only=True):
    register_id: UUID
    code: str
    sales: Documents
    returns: Documents


class TaxTotal(msgspec.Struct, frozen=True, kw_only=True):
    """:param rate: a share; empty where it is not known. :param base_back: and `amount_back`: of returns."""

    code: str
    name: str
    rate: str
    inclusive: bool
    base: int
    amount: int
    base_back: int
    amount_back: int


class TenderTotal(msgspec.Struct, frozen=True, kw_only=True):
    """:param amount: without the change. :param refunds: how many; `refunded` is what they come to."""

    type: str
    name: str
    kind: str
    count: int
    amount: int
    change: int
    refunds: int
    refunded: int


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    movement_id: UUID
    kind: str
    amount: int
    reason_code: str
    local: str
    staff_id: UUID | None


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """:param counted: None where nobody counted; then there is no difference either."""

    type: str
    expected: int
    counted: int | None
    over_short: int | None


class Denomination(msgspec.Struct, frozen=True, kw_only=True):
    """So many coins or notes of a worth in minor units."""

    value: int
    count: int


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A Z or an X report, or the amendment of a Z. :param of_receipt: the number of the Z that is amended.

    :param source_id: the shift of a Z, the report itself of an X, the amendment.
    :param reason: of an amendment. :param documents: the ids of what came late.
    :param grand_total: of the drawer; with this, and `grand_total_before` without. Of an X as if it were a Z.
    """

    kind: str
    series: str
    number: int
    receipt: str
    source_id: UUID
    shift_id: UUID
    shift_number: int
    seller: Seller
    location: Place
    drawer: str
    register: Till
    when: When
    opened: When
    currency: str
    opened_by: UUID | None
    closed_by: UUID | None
    registers: list[RegisterTotal]
    taxes: list[TaxTotal]
    tenders: list[TenderTotal]
    grand_total_before: int
    grand_total: int
    position: int
    float_amount: int = 0
    movements: list[Moved] = []
    counts: list[Counted] = []
    denominations: list[Denomination] = []
    note: str = ""
    of_receipt: str = ""
    reason: str = ""
    documents: list[UUID] = []
    training: bool = False
    format: int = FORMAT


class CashSlip(msgspec.Struct, frozen=True, kw_only=True):
    """A receipt of cash that was put into a drawer or taken out, or of a drawer that was opened for nothing."""

    kind: str
    series: str
    number: int
    receipt: str
    source_id: UUID
    shift_id: UUID
    shift_number: int
    seller: Seller
    location: Place
    drawer: str
    register: Till
    when: When
    currency: str
    movement: str
    amount: int
    reason_code: str
    note: str
    staff_id: UUID | None
    approval_id: UUID | None
    training: bool = False
    format: int = FORMAT


Printed = Snapshot | Report | CashSlip


class _Kind(msgspec.Struct):
    kind: str


_kinds = msgspec.json.Decoder(_Kind)
_reports = msgspec.json.Decoder(Report)
_slips = msgspec.json.Decoder(CashSlip)


def read_printed(text: str) -> Printed:
    """Read the snapshot of any receipt.

    :raises msgspec.DecodeError: when it is none.
    """
    kind = _kinds.decode(text).kind
    if kind in {"ORDER", "RETURN"}:
        return read_snapshot(text)
    return _slips.decode(text) if kind == "CASH" else _reports.decode(text)
