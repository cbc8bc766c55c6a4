"""Orders are placed, and completed at once where their tenders cover them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from secrets import token_hex
from types import MappingProxyType
from typing import Any
from uuid import UUID

from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from kernel.permissions import Command, Need
from kernel.prefetching import hold_rows
from pos.cash.services import Till
from pos.exceptions.findings import Findings
from pos.exceptions.models import ExceptionCase
from pos.exceptions.services.cases import kept, open_cases
from pos.exceptions.services.quarantine import CommandHeld
from pos.orders import facts
from pos.orders.arriving import Arrival, is_paid, till_of_order
from pos.orders.discounts import DiscountInput
from pos.orders.lines import OrderLineInput, price_lines
from pos.orders.models import Order, OrderLine, Tender
from pos.orders.needs import needs_of
from pos.orders.services.completing import announce_completed, settle
from pos.orders.services.locking import require_currency
from pos.orders.services.overrides import note_unapproved_prices
from pos.orders.services.refusals import OrderExists, SequenceReused
from pos.orders.tenders import TenderInput, hand_over, keep_card_tokens, require_nothing_charged
from pos.profile.queries import current_profile
from pos.registers.currencies import fixed_currency
from pos.registers.models import Device, Register
from staff.duty.permitting import permit

PRIMARY_KEY = "pos_order_pkey"
HELD = "pos_order_held"
SEQUENCE = "order_device_sequence_unique"
PaidBefore = Callable[[Order, Till], list[Tender]]


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
    arrival: Arrival | None = None,
    needs: Sequence[Need] = (),
    paid_before: PaidBefore | None = None,
    noted: Mapping[ExceptionCase.Kind, Mapping[str, Any]] = MappingProxyType({}),
    till: Till | None = None,
    findings: Findings | None = None,
) -> Order:
    """Ring up an order, and complete it when its tenders settle it.

    What is paid is not refused for a wrong clock, a closed or missing shift, or goods, prices and taxes that the shop
    has changed or does not know: it is accepted as the till has sold it, with exceptions (decision 40).

    An order of training has a receipt of a series apart. Nothing is published of it but that: it moves neither stock
    nor money, and is in no total.

    The rows are written when the unit of work ends, without signals; what the database refuses is raised there.

    :param command: who asks for it, in the place of `staff_id`; what it needs, their role or an approval has to allow.
    :param occurred_at: by the device's clock. :param arrival: how it came; None for an order of now, made online.
    :param needs: what else the command needs.
    :param paid_before: makes the tenders that pay for it before those that are handed over: what goods are worth that
        were exchanged for it.
    :param till: where and when it is placed, and `findings`: what was found wrong with that; None: found out here.
    :param noted: what was found wrong with the sale before, by kind: it is accepted with these exceptions as well.
    :raises OrderExists: when the id was used before.
    :raises CommandHeld: when an order of this id is held, or was rejected.
    :raises SequenceReused: when the device has sent another order under its sequence number.
    :raises ShiftNotOpen: when it is not paid, and the register has no open shift.
    :raises CurrencyMismatch: when it has no shift, and the currency of the location was changed meanwhile.
    :raises MomentRefused: when it is not paid, and dated to when it cannot have happened.
    :raises LinesInvalid: when a line names nothing that the shop sells, or what no tax rule holds for; of what is
        paid, when it has no snapshot either.
    :raises DiscountExceedsPrice: when a discount is more than what it is taken off.
    :raises NumberTooLarge: when all lines come to too much, in goods or in money.
    :raises TenderMismatch: when the tenders exceed what may be taken.
    :raises PermissionDenied: and what else `permit` refuses.
    """
    with unit_of_work() as unit:
        staff_id = command.staff_id if command else staff_id
        profile = current_profile()
        arrival = arrival or Arrival(reported=occurred_at, arrived_at=now)
        findings = findings or Findings(is_paid=is_paid(tenders, origin=arrival.origin, training=training))
        for kind, payload in noted.items():
            findings.note(kind, **payload)
        till = till or till_of_order(register, arrival, device=device, profile=profile, now=now, findings=findings)
        order = Order(
            id=id,
            register=register,
            device=device,
            device_sequence=arrival.device_sequence,
            origin=arrival.origin,
            shift=till.shift,
            staff_id=staff_id,
            currency=register.location.currency,
            rounding_level=register.location.rounding_level,
            customer_email=customer_email,
            note=note,
            fingerprint=fingerprint,
            occurred_at=till.occurred_at,
            reported_at=arrival.reported if arrival.reported != till.occurred_at else None,
            business_date=till.business_date,
            training=training,
            customer_salt=token_hex(16) if customer_email else "",
            recorded_at=now,
        )
        if till.shift is None:
            require_currency(order, fixed_currency(register))
        priced = price_lines(order, lines, discounts, findings=findings if findings.is_paid else None)
        rows = priced.lines
        order.approval_id = permit(command, *needs, *needs_of(_deliberate(rows, findings))).approval_id
        note_unapproved_prices(order, rows, findings, command)
        before = paid_before(order, till) if paid_before else []
        taken = [*before, *hand_over(order=order, till=till, given=tenders, earlier=before, staff_id=staff_id)]
        if training:
            require_nothing_charged(taken)
        hold_rows(order, lines=rows, tenders=taken)
        sold = facts.sold_lines(rows)
        keep_card_tokens(tenders)
        if not training:
            publish(facts.placed(order, sold, taken), occurred_at=order.occurred_at)
            _open_cases(order, findings, arrival)
        if receipt := settle(order, rows, taken, profile=profile, now=now):
            announce_completed(order, sold, taken, receipt)
        refusals = {PRIMARY_KEY: OrderExists(id), HELD: CommandHeld(id), SEQUENCE: SequenceReused(order)}
        unit.insert_later([order], refusals=refusals)
        unit.insert_later(rows)
        unit.insert_later(priced.taxes)
        unit.insert_later(taken)
    return order


def _open_cases(order: Order, findings: Findings, arrival: Arrival) -> None:
    """Open the exceptions of an order, and let it keep what they are."""
    if arrival.reused_sequence is not None:
        findings.note(ExceptionCase.Kind.SEQUENCE_REUSED, device_sequence=arrival.reused_sequence)
    if findings.by_kind:
        cases = open_cases(
            findings,
            command_id=order.id,
            now=order.recorded_at,
            register_id=order.register_id,
            device_id=order.device_id,
            exists=OrderExists(order.id),
        )
        order.exceptions = kept(cases)


def _deliberate(rows: Sequence[OrderLine], findings: Findings) -> list[OrderLine]:
    """Leave out the lines whose price was changed in the shop after the till had sold them: nobody has chosen it."""
    drifted = findings.by_kind.get(ExceptionCase.Kind.PRICE_DRIFT, {"lines": []})["lines"]
    names = {line["line_id"] for line in drifted}
    return [row for row in rows if str(row.id) not in names]
