"""X reports: what an open shift comes to now."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from events.publishing.unit_of_work import unit_of_work
from pos.cash import facts
from pos.cash.models import Shift
from pos.cash.queries import movements_of, register_codes, tender_names
from pos.cash.services.counts import expected_of
from pos.cash.services.shifts import lock_open_shift
from pos.cash.services.totals import completed_totals
from pos.cash.sums import figures_of
from pos.profile.queries import current_profile
from pos.receipts.models import Receipt
from pos.receipts.reports import Counted, Report
from pos.receipts.services import issue_report
from pos.registers.models import Register
from pos.registers.numbers import Taken


def x_report(*, shift_id: UUID, register: Register, now: datetime) -> Report:
    """Return what a shift comes to at this moment, as its Z would have it, without a number.

    :raises NotFound: when there is no such shift, or it is of another drawer.
    :raises ShiftNotOpen: when it was closed: then there is its Z.
    """
    with unit_of_work():
        shift = lock_open_shift(shift_id, register)
        return _made(shift, register, shift.id, now)(None)


def issue_x_report(*, id: UUID, shift_id: UUID, register: Register, now: datetime) -> Receipt:
    """Issue an X report, with a number.

    :raises NotFound: when there is no such shift, or it is of another drawer.
    :raises ShiftNotOpen: when it was closed: then there is its Z.
    """
    with unit_of_work():
        shift = lock_open_shift(shift_id, register)
        make = _made(shift, register, id, now)
        return issue_report(kind=Receipt.Kind.X, drawer=shift.drawer, register=register, make=make, now=now)


def _made(shift: Shift, register: Register, source_id: UUID, now: datetime) -> Callable[[Taken | None], Report]:
    """Return what makes the report once its number is known. The shift is locked."""
    profile, location, completed = current_profile(), register.location, completed_totals(shift)
    figures = figures_of(completed.totals)
    expected, before = expected_of(shift, figures), shift.drawer.grand_total
    return lambda taken: facts.report(
        kind=Receipt.Kind.X,
        shift=shift,
        register=register,
        profile=profile,
        taken=taken,
        source_id=source_id,
        moment=now,
        day=profile.day_of(now, timezone=location.timezone),
        position=completed.position,
        float_amount=shift.float_amount,
        movements=facts.slips(movements_of(shift), timezone=location.timezone),
        counts=[
            Counted(type=type_, expected=amount, counted=None, over_short=None) for type_, amount in expected.items()
        ],
        grand_total_before=before,
        grand_total=before + figures.turnover,
        **facts.shown(figures, register_codes(), tender_names()),
    )
