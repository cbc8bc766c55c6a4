"""Cash that is counted: coins and notes, and what should be there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from events.publishing.unit_of_work import unit_of_work
from kernel.limits import LARGEST_AMOUNT
from kernel.permissions import Command, Need, Permission
from kernel.refusals import Refusal
from pos.cash.models import CashCount, Shift, TenderType
from pos.cash.queries import moved_total
from pos.cash.services.shifts import lock_open_shift
from pos.cash.services.totals import completed_totals
from pos.cash.sums import CASH, Figures, figures_of
from pos.receipts.reports import Counted, Denomination
from pos.registers.models import Register
from staff.duty.permitting import permit


class CountInvalid(Refusal):
    """What was counted does not add up, or is of no tender type of the shop. It is no difference: count again."""

    code = "count-invalid"
    title = "Count invalid"
    status = 422


@dataclass(frozen=True, kw_only=True)
class CountInput:
    """What was counted of a tender type, in minor units: the amount, the coins and notes, or both.

    :raises CountInvalid: when neither is given, or they differ.
    """

    type: str
    amount: int | None = None
    denominations: Sequence[Denomination] = ()

    def __post_init__(self) -> None:
        total = sum(each.value * each.count for each in self.denominations)
        if total > LARGEST_AMOUNT:
            message = f"the coins and notes of {self.type} come to {total}, more than {LARGEST_AMOUNT}"
            raise CountInvalid(message)
        if self.amount is None and not self.denominations:
            message = f"of {self.type} neither an amount nor denominations were counted"
            raise CountInvalid(message)
        if self.amount is not None and self.denominations and self.amount != total:
            message = f"the coins and notes of {self.type} come to {total}, and its amount is {self.amount}"
            raise CountInvalid(message)

    @property
    def counted(self) -> int:
        return sum(each.value * each.count for each in self.denominations) if self.amount is None else self.amount


def cash_type() -> str:
    """Return the code of the tender type under which all cash of a drawer is counted."""
    codes = TenderType.objects.filter(kind=TenderType.Kind.CASH).order_by("code").values_list("code", flat=True)
    return "cash" if not codes or "cash" in codes else str(codes[0])


def expected_of(shift: Shift, figures: Figures) -> dict[str, int]:
    """Return what should be there at this moment, by tender type."""
    return figures.expected(in_drawer=shift.float_amount + moved_total(shift), cash_type=cash_type())


def compared(expected: dict[str, int], counts: Sequence[CountInput]) -> list[Counted]:
    """Hold what was counted against what is expected. Of all cash there is one count.

    :raises CountInvalid: when cash was not counted, or something that is no tender type was.
    """
    cash, kinds = cash_type(), dict(TenderType.objects.values_list("code", "kind"))
    counted: dict[str, int] = {}
    for each in counts:
        kind = kinds.get(each.type)
        if kind is None and each.type not in expected:
            message = f"this shop has no tender type {each.type!r}; it has {', '.join(sorted(kinds))}"
            raise CountInvalid(message)
        type_ = cash if kind == CASH else each.type
        counted[type_] = counted.get(type_, 0) + each.counted
    if cash not in counted:
        message = f"the cash was not counted: count {cash}, or send an amount of 0"
        raise CountInvalid(message)
    return [
        Counted(
            type=type_,
            expected=expected.get(type_, 0),
            counted=counted.get(type_),
            over_short=counted[type_] - expected.get(type_, 0) if type_ in counted else None,
        )
        for type_ in sorted({*expected, *counted}, key=lambda type_: (type_ != cash, type_))
    ]


def count_cash(
    *, id: UUID, shift_id: UUID, register: Register, count: CountInput, now: datetime, command: Command | None = None
) -> CashCount:
    """Note what was counted while a shift is open, beside what should have been there.

    :raises NotFound: when there is no such shift, or it is of another drawer.
    :raises ShiftNotOpen: when it was closed.
    """
    with unit_of_work():
        staff_id = permit(command, Need(permission=Permission.CLOSE_SHIFT)).staff_id
        shift = lock_open_shift(shift_id, register)
        expected = expected_of(shift, figures_of(completed_totals(shift).totals))
        return CashCount.objects.create(
            id=id,
            shift=shift,
            register=register,
            denominations=[{"value": each.value, "count": each.count} for each in count.denominations] or None,
            counted=count.counted,
            expected=expected[cash_type()],
            staff_id=staff_id,
            recorded_at=now,
        )
