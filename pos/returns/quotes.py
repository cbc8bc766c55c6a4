"""What a return would give back."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction  # noqa: TID251 - what it begins is rolled back

from kernel.ids import new_id
from kernel.prefetching import hold_rows
from pos.orders.refunds import RefundInput
from pos.registers.models import Register
from pos.returns.lines import ReturnLineInput
from pos.returns.models import Return
from pos.returns.services import begin_return


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

    :param refund_to: and `refunds`, as of `complete_return`: cash alone is rounded to its smallest coin.
    :raises Refusal: what a return of these lines is refused for, but for who asks and where the money goes.
    """
    with transaction.atomic():
        begun = begin_return(
            id=new_id(),
            register=register,
            order_id=order_id,
            lines=lines,
            occurred_at=now,
            now=now,
            fingerprint="",
            reason="",
            paid_out_by=refunds if order_id else refunds or [RefundInput(type=refund_to)],
            device_id=None,
            staff_id=None,
        )
        transaction.set_rollback(True)
    hold_rows(begun.returned, lines=begun.rows)
    return begun.returned
