"""Orders are placed, and completed at once where their tenders cover them."""

from collections.abc import Sequence
from datetime import datetime
from secrets import token_hex
from uuid import UUID

from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from kernel.permissions import Command
from kernel.prefetching import hold_rows
from pos.cash.services import open_till
from pos.orders import facts
from pos.orders.discounts import DiscountInput
from pos.orders.lines import OrderLineInput, price_lines
from pos.orders.models import Order
from pos.orders.needs import needs_of
from pos.orders.services.completing import announce_completed, day_of, settle
from pos.orders.services.refusals import OrderExists
from pos.orders.tenders import TenderInput, hand_over, keep_card_tokens, require_nothing_charged
from pos.profile.queries import current_profile
from pos.registers.models import Device, Register
from staff.duty.permitting import permit

PRIMARY_KEY = "pos_order_pkey"


def place_order(
    *,
    id: UUID,
    register: Register,
    device: Device | None,
    lines: Sequence[OrderLineInput],
    tenders: Sequence[TenderInput],
    occurred_at: datetime,
    now: datetime,
    fingerprint: str,
    customer_email: str = "",
    note: str = "",
    discounts: Sequence[DiscountInput] = (),
    training: bool = False,
    staff_id: UUID | None = None,
    command: Command | None = None,
) -> Order:
    """Ring up an order, and complete it when its tenders settle it.

    An order of training has a receipt of a series apart. Nothing is published of it but that: it moves neither stock
    nor money, and is in no total.

    The rows are written when the unit of work ends, without signals; what the database refuses is raised there.

    :param command: who asks for it, in the place of `staff_id`; what it needs, their role or an approval has to allow.
    :raises OrderExists: when the id was used before.
    :raises ShiftNotOpen: when the register has no open shift.
    :raises LinesInvalid: when a line names nothing that the shop sells, or what no tax rule holds for.
    :raises DiscountExceedsPrice: when a discount is more than what it is taken off.
    :raises NumberTooLarge: when all lines come to too much, in goods or in money.
    :raises TenderMismatch: when the tenders exceed what may be taken.
    :raises PermissionDenied: and what else `permit` refuses.
    """
    with unit_of_work() as unit:
        staff_id = command.staff_id if command else staff_id
        profile = current_profile()
        day = profile.day_of(occurred_at, timezone=register.location.timezone)
        till = open_till(register, occurred_at=occurred_at, now=now, business_date=day)
        order = Order(
            id=id,
            register=register,
            device=device,
            shift=till.shift,
            staff_id=staff_id,
            currency=register.location.currency,
            rounding_level=register.location.rounding_level,
            customer_email=customer_email,
            note=note,
            fingerprint=fingerprint,
            occurred_at=occurred_at,
            training=training,
            customer_salt=token_hex(16) if customer_email else "",
            recorded_at=now,
        )
        order.business_date = day_of(order, profile)
        priced = price_lines(order, lines, discounts)
        rows = priced.lines
        order.approval_id = permit(command, *needs_of(rows)).approval_id
        taken = hand_over(order=order, till=till, given=tenders, staff_id=staff_id)
        if training:
            require_nothing_charged(taken)
        hold_rows(order, lines=rows, tenders=taken)
        sold = facts.sold_lines(rows)
        keep_card_tokens(tenders)
        if not training:
            publish(facts.placed(order, sold, taken), occurred_at=occurred_at)
        if receipt := settle(order, rows, taken, profile=profile, now=now):
            announce_completed(order, sold, taken, receipt)
        unit.insert_later([order], refusals={PRIMARY_KEY: OrderExists(id)})
        unit.insert_later(rows)
        unit.insert_later(priced.taxes)
        unit.insert_later(taken)
    return order
