"""The numbers that a register gives, without a gap, and the chains that they belong to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection  # noqa: TID251 - UPDATE … RETURNING

from pos.registers.models import Register


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Where a register keeps what it needs for one chain."""

    next: str
    series: str
    head: str
    chained: str


ORDERS = Columns(next="next_receipt_number", series="series", head="receipt_head", chained="receipts_chained")
RETURNS = Columns(next="next_return_number", series="series", head="return_head", chained="returns_chained")
TRAINING = Columns(
    next="next_training_number", series="training_series", head="training_head", chained="trainings_chained"
)


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


def take_number(register: Register, columns: Columns) -> Taken:
    """Take the next number; a rolled back transaction gives it back, so that none is missing.

    The register's row is locked from here to the end of the transaction.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE pos_register SET {columns.next} = {columns.next} + 1 WHERE id = %s"
            f" RETURNING {columns.series}, {columns.next} - 1, {columns.head}, {columns.chained}",
            [register.id],
        )
        series, number, head, chained = cursor.fetchone()
    return Taken(series=series, number=number, head=head, chained=chained)


def moved_head(register: Register, columns: Columns, *, number: int, hash: str) -> tuple[str, Mapping[str, Any]]:
    """Return the statement, and its parameters, that makes a receipt the newest of its chain."""
    return (
        f"UPDATE pos_register SET {columns.head} = %(hash)s, {columns.chained} = %(number)s WHERE id = %(register)s",
        {"hash": hash, "number": number, "register": register.id},
    )
