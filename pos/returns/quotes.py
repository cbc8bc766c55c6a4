"""What a return would give back."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from uuid import UUID

from django.db import transaction  # noqa: TID251 - what it begins is rolled back

from kernel.ids import new_id
from kernel.prefetching import hold_rows
from pos.cash.services import open_till
from pos.orders.refunds import NotRefundable, RefundExceedsPaid, RefundInput, RefundMismatch
from pos.registers.models import Register
from pos.returns.lines import ReturnLineInput
from pos.returns.models import Return
from pos.returns.services import begin_return, pay

NOT_AS_ASKED = (RefundMismatch, RefundExceedsPaid, NotRefundable)
"""Why money cannot go back as it is asked for, for which a quote is not refused."""


def quote_return(
    *,
    register: Register,
    order_id: UUID | None,
    lines: Sequence[ReturnLineInput],
    refund_to: str,
    refunds: Sequence[RefundInput],
    now: datetime,
) -> Return:
    """Price what comes back, by the code that takes it back; nothing of it stays.

    :param refund_to: and `refunds`, as of `complete_return`: cash is rounded to its smallest coin.
    :raises Refusal: what a return of these lines is refused for, but for who asks and where the money goes.
    """
    asked = refunds if order_id else refunds or [RefundInput(type=refund_to)]
    with transaction.atomic():
        begun = begin_return(
            id=new_id(),
            order_id=order_id,
            lines=lines,
            till=open_till(register, occurred_at=now, now=now),
            fingerprint="",
            reason="",
            paid_out_by=asked,
            device_id=None,
            staff_id=None,
        )
        with suppress(*NOT_AS_ASKED):
            pay(begun, begun.returned.total, asked)
        transaction.set_rollback(True)
    hold_rows(begun.returned, lines=begun.rows)
    return begun.returned
