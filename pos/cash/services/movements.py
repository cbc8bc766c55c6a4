"""Cash that is put into a drawer or taken out of it without a sale."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from kernel.permissions import Command, Need, Permission
from kernel.refusals import NotFound, Refusal
from pos.cash.models import ONE_MOVEMENT_PER_SOURCE, CashMovement, Shift
from pos.cash.services.shifts import lock_open_shift
from pos.events import CashMoved
from pos.profile.queries import current_profile
from pos.receipts.models import Receipt, number_written
from pos.receipts.reports import CashSlip
from pos.receipts.services import issue_report
from pos.receipts.snapshot import Place, Till, seller_of, when_of
from pos.registers.models import Register
from pos.registers.numbers import Taken
from staff.duty.permitting import permit

Kind = CashMovement.Kind
NEEDED = {
    Kind.PAID_IN: Permission.PAID_IN,
    Kind.PAID_OUT: Permission.PAID_OUT,
    Kind.PICKUP: Permission.PICKUP,
    Kind.NO_SALE: Permission.NO_SALE,
}
SIGNS = {Kind.PAID_IN: 1, Kind.PAID_OUT: -1, Kind.PICKUP: -1, Kind.NO_SALE: 0}


class MovementExists(Refusal):
    code = "movement-exists"
    title = "Cash was moved already"


class MovementInvalid(Refusal):
    code = "movement-invalid"
    title = "Cash cannot be moved like this"
    status = 422


@dataclass(frozen=True, kw_only=True)
class MovementInput:
    """What is to be moved. :param amount: without a sign; 0 for a drawer that is opened for nothing.

    :param corrects: the movement that is taken back, of a CORRECTION, which has no amount.
    """

    id: UUID
    kind: CashMovement.Kind
    amount: int = 0
    reason_code: str = ""
    note: str = ""
    corrects: UUID | None = None


def move_cash(
    *,
    shift_id: UUID,
    register: Register,
    movement: MovementInput,
    now: datetime,
    command: Command | None = None,
) -> CashMovement:
    """Write that cash was moved, with its receipt.

    :raises NotFound: when there is no such shift of this drawer, or nothing that could be corrected.
    :raises ShiftNotOpen: when the shift was closed.
    :raises MovementExists: when the id was used before, or the movement was corrected before.
    :raises MovementInvalid: when the amount does not fit the kind, or a reason is missing.
    """
    with unit_of_work() as unit:
        shift = lock_open_shift(shift_id, register)
        profile, location, drawer = current_profile(), register.location, shift.drawer
        kind, amount = _kind_and_amount(movement, shift)
        permitted = permit(command, Need(permission=NEEDED[kind], amount=abs(amount), currency=location.currency))
        staff_id, approval_id = permitted.staff_id, permitted.approval_id
        row = CashMovement(
            id=movement.id,
            shift=shift,
            register=register,
            kind=movement.kind,
            amount=amount,
            source_id=movement.corrects or movement.id,
            reason_code=movement.reason_code,
            note=movement.note,
            staff_id=staff_id,
            approval_id=approval_id,
            business_date=profile.day_of(now, timezone=location.timezone),
            occurred_at=now,
            recorded_at=now,
        )
        receipt = issue_report(
            kind=Receipt.Kind.CASH,
            drawer=drawer,
            register=register,
            make=lambda taken: CashSlip(
                kind=Receipt.Kind.CASH,
                series=taken.series,
                number=taken.number,
                receipt=_written(taken),
                source_id=row.id,
                shift_id=shift.id,
                shift_number=shift.number,
                seller=seller_of(profile),
                location=Place(name=location.name, address=location.address),
                drawer=drawer.name,
                register=Till(code=register.code, name=register.name),
                when=when_of(now, timezone=location.timezone, day=row.business_date),
                currency=location.currency,
                movement=row.kind,
                amount=row.amount,
                reason_code=row.reason_code,
                note=row.note,
                staff_id=staff_id,
                approval_id=approval_id,
            ),
            now=now,
        )
        row.receipt_id = receipt.id
        refusals = {
            ONE_MOVEMENT_PER_SOURCE: MovementExists("that movement was corrected already"),
            "pos_cashmovement_pkey": MovementExists(f"movement {row.id} was made already"),
        }
        unit.insert_later([row], refusals=refusals)
        publish(
            CashMoved(
                movement_id=row.id,
                shift_id=shift.id,
                drawer_id=drawer.id,
                register_id=register.id,
                location_id=location.id,
                kind=row.kind,
                amount=row.amount,
                currency=location.currency,
                reason_code=row.reason_code,
                source_id=row.source_id,
                staff_id=staff_id,
                approval_id=approval_id,
                receipt_id=receipt.id,
                receipt=str(receipt),
                business_date=row.business_date,
                time_zone=location.timezone,
                occurred_at=now,
            ),
            occurred_at=now,
        )
    return row


def _kind_and_amount(movement: MovementInput, shift: Shift) -> tuple[CashMovement.Kind, int]:
    """Return what is moved with its sign, and of which kind that is, or what it takes back.

    :raises MovementInvalid: when the amount does not fit the kind, or a reason is missing.
    """
    if movement.kind == Kind.CORRECTION:
        return _taken_back(movement, shift)
    sign = SIGNS.get(movement.kind)
    if sign is None:
        message = "the float is moved when a shift is opened: pay in, or pick up"
        raise MovementInvalid(message)
    if movement.kind != Kind.PICKUP and not movement.reason_code:
        message = f"{movement.kind} needs a reason_code"
        raise MovementInvalid(message)
    if bool(movement.amount) != bool(sign):
        raise MovementInvalid(
            "a drawer that is opened without a sale moves no amount" if not sign else f"{movement.kind} needs an amount"
        )
    return movement.kind, sign * movement.amount


def _taken_back(movement: MovementInput, shift: Shift) -> tuple[CashMovement.Kind, int]:
    """:raises NotFound: when this shift has no such movement that could be corrected."""
    if movement.amount:
        message = "a correction takes the whole movement back: leave the amount out"
        raise MovementInvalid(message)
    assert movement.corrects is not None
    by_hand = shift.movements.exclude(kind__in=[Kind.FLOAT, Kind.CORRECTION])
    wrong = by_hand.filter(id=movement.corrects).first()
    if wrong is None:
        message = f"shift {shift.number} has no movement {movement.corrects} that could be corrected"
        raise NotFound(message)
    return Kind(wrong.kind), -wrong.amount


def _written(taken: Taken) -> str:
    return number_written(Receipt.Kind.CASH, taken.series, taken.number)
