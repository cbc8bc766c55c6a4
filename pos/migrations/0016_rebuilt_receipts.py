"""A receipt for each order and return that has a number, marked as rebuilt; its series is the register's code."""

from typing import Any

from django.db import connection, migrations  # noqa: TID251 - the rows of each register

from pos.receipts.rebuilding import rebuild


def rebuild_receipts(_apps: Any, _schema_editor: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, series, next_receipt_number - 1, next_return_number - 1 FROM pos_register ORDER BY id"
        )
        registers = cursor.fetchall()
    for register_id, series, orders, returns in registers:
        rebuild(register_id, "ORDER", series=series, until=orders)
        rebuild(register_id, "RETURN", series=series, until=returns)


class Migration(migrations.Migration):
    dependencies = [("pos", "0015_receipts")]
    operations = [migrations.RunPython(rebuild_receipts, migrations.RunPython.noop, elidable=True)]
