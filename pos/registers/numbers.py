"""The numbers that a register or a drawer gives, without a gap, and the chains that they belong to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection  # noqa: TID251 - UPDATE … RETURNING

from pos.registers.models import CashDrawer, Register


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Where a register or a drawer keeps what it needs for one chain.

    :param chained: the newest receipt's number; empty where each number had its receipt from the beginning.
    """

    next: str
    series: str
    head: str
    chained: str = ""
    table: str = "pos_register"

    @property
    def newest(self) -> str:
        return self.chained or f"{self.next} - 2"


ORDERS = Columns(next="next_receipt_number", series="series", head="receipt_head", chained="receipts_chained")
RETURNS = Columns(next="next_return_number", series="series", head="return_head", chained="returns_chained")
TRAINING = Columns(
    next="next_training_number", series="training_series", head="training_head", chained="trainings_chained"
)
Z_REPORTS = Columns(next="next_z_number", series="series", head="z_head", table="pos_cashdrawer")
X_REPORTS = Columns(next="next_x_number", series="series", head="x_head", table="pos_cashdrawer")
CASH_MOVED = Columns(next="next_cash_number", series="series", head="cash_head", table="pos_cashdrawer")
CORRECTIONS = Columns(next="next_correction_number", series="series", head="correction_head", table="pos_cashdrawer")


@dataclass(frozen=True, kw_only=True)
class Taken:
    """A number, and the end of its chain. :param head: the hash of the newest receipt; empty before the first.

    :param chained: the newest receipt's number. It is lower than the number before this one where that has no receipt:
        its receipt waits to be written, or code of the release before gave it.
    """

    series: str
    number: int
    head: str
    chained: int

    @property
    def is_next(self) -> bool:
        return self.chained == self.number - 1


def take_number(giver: Register | CashDrawer, columns: Columns) -> Taken:
    """Take the next number; a rolled back transaction gives it back, so that none is missing.

    The row of the register, or of the drawer, is locked from here to the end of the transaction.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {columns.table} SET {columns.next} = {columns.next} + 1 WHERE id = %s"
            f" RETURNING {columns.series}, {columns.next} - 1, {columns.head}, {columns.newest}",
            [giver.id],
        )
        series, number, head, chained = cursor.fetchone()
    return Taken(series=series, number=number, head=head, chained=chained)


def next_numbers(register: Register) -> tuple[str, int, int]:
    """Return a register's series, and the numbers of the order and the return that it gives next.

    The register's row is locked from here to the end of the transaction, so that it gives them to nobody else.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT series, next_receipt_number, next_return_number FROM pos_register WHERE id = %s FOR NO KEY UPDATE",
            [register.id],
        )
        series, order, returned = cursor.fetchone()
    return series, order, returned


def moved_head(
    giver: Register | CashDrawer, columns: Columns, *, number: int, hash: str
) -> tuple[str, Mapping[str, Any]]:
    """Return the statement, and its parameters, that makes a receipt the newest of its chain."""
    chained = f", {columns.chained} = %(number)s" if columns.chained else ""
    return (
        f"UPDATE {columns.table} SET {columns.head} = %(hash)s{chained} WHERE id = %(giver)s",
        {"hash": hash, "number": number, "giver": giver.id},
    )
