"""Receipts are issued: numbered, chained, announced; and their prints are counted."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.db.models import F

from events.outgoing.letters import Letter, write_letter
from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from kernel.ids import new_id
from kernel.permissions import Command, Need, Permission
from pos.events.receipts import ReceiptIssued
from pos.receipts.chain import BEGINNING, chain_hash
from pos.receipts.models import ONE_PER_SOURCE, Receipt
from pos.receipts.queries import find_receipt
from pos.receipts.rebuilding import rebuild
from pos.receipts.reports import Printed, read_printed
from pos.receipts.snapshot import Snapshot, canonical
from pos.receipts.text import receipt_text
from pos.registers.models import CashDrawer, Register
from pos.registers.numbers import (
    CASH_MOVED,
    CORRECTIONS,
    ORDERS,
    RETURNS,
    TRAINING,
    X_REPORTS,
    Z_REPORTS,
    Columns,
    Taken,
    moved_head,
    take_number,
)
from staff.duty.permitting import permit

COLUMNS = {"ORDER": ORDERS, "RETURN": RETURNS, "TRAINING": TRAINING}
OF_DRAWERS = {"Z": Z_REPORTS, "X": X_REPORTS, "CASH": CASH_MOVED, "CORRECTION": CORRECTIONS}


def issue_receipt(
    *,
    kind: Receipt.Kind,
    register: Register,
    source_id: UUID,
    make: Callable[[Taken], Snapshot],
    now: datetime,
    exists: Exception,
    training: bool = False,
) -> Receipt:
    """Take the next number and issue its receipt, which is written with its chain's end when the unit of work ends.

    :param make: brings what is issued into the shape of a receipt, once its number is known.
    :param exists: what is raised when the source has a receipt already, at the end of the unit.
    """
    chain = "TRAINING" if training else kind.value
    columns = COLUMNS[chain]
    with unit_of_work() as unit:
        taken = take_number(register, columns)
        previous = taken.head or BEGINNING
        if not taken.is_next:
            unit.write_collected()
            previous = rebuild(register.id, chain, series=taken.series, until=taken.number - 1)
        return _issued(
            make(taken), taken, previous, columns, giver=register, register=register, source_id=source_id, now=now,
            exists=exists, training=training,
        )  # fmt: skip


def issue_report(
    *, kind: Receipt.Kind, drawer: CashDrawer, register: Register, make: Callable[[Taken], Printed], now: datetime
) -> Receipt:
    """Take a drawer's next number for a report or a movement of cash, and issue its receipt.

    The drawer's row is locked from here to the end of the transaction.

    :param register: where it was asked for.
    """
    columns = OF_DRAWERS[kind.value]
    with unit_of_work() as unit:
        unit.write_collected()
        taken = take_number(drawer, columns)
        printed = make(taken)
        return _issued(
            printed, taken, taken.head or BEGINNING, columns, giver=drawer, register=register,
            source_id=printed.source_id, now=now, exists=None,
        )  # fmt: skip


def _issued(
    printed: Printed,
    taken: Taken,
    previous: str,
    columns: Columns,
    *,
    giver: Register | CashDrawer,
    register: Register,
    source_id: UUID,
    now: datetime,
    exists: Exception | None,
    training: bool = False,
) -> Receipt:
    """Chain and announce a receipt; it is written when the unit of work ends."""
    with unit_of_work() as unit:
        snapshot, kind = canonical(printed), Receipt.Kind(printed.kind)
        receipt = Receipt(
            id=new_id(),
            kind=kind,
            series=taken.series,
            number=taken.number,
            source_id=source_id,
            snapshot=snapshot,
            previous_hash=previous,
            hash=chain_hash(previous, snapshot),
            issued_at=now,
        )
        unit.insert_later([receipt], refusals={ONE_PER_SOURCE: exists} if exists else None)
        unit.execute_later(*moved_head(giver, columns, number=taken.number, hash=receipt.hash))
        publish(
            ReceiptIssued(
                receipt_id=receipt.id,
                kind=kind,
                series=receipt.series,
                number=receipt.number,
                hash=receipt.hash,
                register_id=register.id,
                order_id=source_id if kind == Receipt.Kind.ORDER else None,
                return_id=source_id if kind == Receipt.Kind.RETURN else None,
                training=training,
                issued_at=now,
            ),
            occurred_at=now,
        )
    return receipt


def count_print(*, receipt_id: UUID, command: Command | None = None) -> Receipt:
    """Count that a receipt is printed, and return it with its new count: every print after the first is a copy.

    :param command: who asks for it.
    :raises NotFound: when there is no such receipt.
    :raises PermissionDenied: and what else `permit` refuses, when it is a copy and their role does not let them.
    """
    with unit_of_work():
        receipt = _counted(receipt_id)
        if receipt.copy:
            permit(command, Need(permission=Permission.REPRINT))
        return receipt


def _counted(receipt_id: UUID) -> Receipt:
    """Count that a receipt leaves, and return it with its new count."""
    Receipt.objects.filter(id=receipt_id).update(print_count=F("print_count") + 1)
    return find_receipt(receipt_id)


def mail_receipt(*, receipt_id: UUID, to: str) -> Receipt:
    """Let a receipt be mailed. It counts as a print, and is marked as a copy like one, but needs no permission to
    reprint. The address stands in the mail's row, and in no event.

    :raises NotFound: when there is no such receipt.
    """
    with unit_of_work():
        receipt = _counted(receipt_id)
        write_letter(
            Letter(
                event_id=new_id(),
                about=receipt.source_id,
                recipient=to,
                subject=f"Your receipt {receipt}",
                body=receipt_text(read_printed(receipt.snapshot), copy=receipt.copy),
            )
        )
    return receipt
