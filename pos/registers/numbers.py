"""The numbers that a register gives: of receipts and of returns, without a gap."""

from django.db import connection  # noqa: TID251 - UPDATE … RETURNING

from pos.registers.models import Register


def take_receipt_number(register: Register) -> int:
    """Take the register's next receipt number; a rolled back transaction gives it back, so that none is missing."""
    return _take_number(register, "next_receipt_number")


def take_return_number(register: Register) -> int:
    return _take_number(register, "next_return_number")


def _take_number(register: Register, column: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE pos_register SET {column} = {column} + 1 WHERE id = %s RETURNING {column} - 1",
            [register.id],
        )
        number: int = cursor.fetchone()[0]
        return number
