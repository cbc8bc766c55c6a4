"""A foreign key that begins a unique constraint needs no other index than the constraint's. Nothing is rewritten.

Django would drop and check the foreign keys again, so the indexes are dropped by their names, which it gives in every
schema alike.
"""

import django.db.models.deletion
from django.db import migrations, models

INDEXES = {
    "pos_order_register_id_449954e2": "pos_order (register_id)",
    "pos_orderline_order_id_7a13835b": "pos_orderline (order_id)",
    "pos_return_register_id_8cec8ef0": "pos_return (register_id)",
    "pos_tender_order_id_88cef963": "pos_tender (order_id)",
}


def refers(to: str, **more: str) -> "models.ForeignKey[models.Model, models.Model]":
    return models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to=to, **more)


class Migration(migrations.Migration):
    dependencies = [("pos", "0009_search")]
    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField("order", "register", refers("pos.register")),
                migrations.AlterField("orderline", "order", refers("pos.order", related_name="lines")),
                migrations.AlterField("return", "register", refers("pos.register")),
                migrations.AlterField("tender", "order", refers("pos.order", related_name="tenders")),
            ],
            database_operations=[
                migrations.RunSQL(f"DROP INDEX {name};", f"CREATE INDEX {name} ON {columns};")
                for name, columns in INDEXES.items()
            ],
        )
    ]
