"""What a unique constraint of the same table begins with needs no index of its foreign key."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("pos", "0032_refused_refunds"),
    ]

    operations = [
        migrations.AlterField(
            model_name="shift",
            name="drawer",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="shifts", to="pos.cashdrawer"
            ),
        ),
        migrations.AlterField(
            model_name="shiftamendment",
            name="shift",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="amendments", to="pos.shift"
            ),
        ),
    ]
