"""A foreign key that begins a unique constraint needs no other index than the constraint's (see 0010).

Django would drop every index of the column, also the one that lets a drawer have one open shift.
"""

import django.db.models.deletion
from django.db import migrations, models

INDEXES = {
    "pos_shift_drawer_id_6b13334c": "pos_shift (drawer_id)",
    "pos_shiftamendment_shift_id_b1094822": "pos_shiftamendment (shift_id)",
}


def refers(to: str, related_name: str) -> "models.ForeignKey[models.Model, models.Model]":
    return models.ForeignKey(
        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name=related_name, to=to
    )


class Migration(migrations.Migration):
    dependencies = [("pos", "0032_refused_refunds")]
    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField("shift", "drawer", refers("pos.cashdrawer", "shifts")),
                migrations.AlterField("shiftamendment", "shift", refers("pos.shift", "amendments")),
            ],
            database_operations=[
                migrations.RunSQL(f"DROP INDEX {name};", f"CREATE INDEX {name} ON {columns};")
                for name, columns in INDEXES.items()
            ],
        )
    ]
