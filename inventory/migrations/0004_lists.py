"""The stock of a location, and the ledger of a variant, are read in the order of their pages."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0003_wide_stock"),
    ]

    operations = [
        migrations.AlterField(
            model_name="stockmovement",
            name="item",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="movements",
                to="inventory.stockitem",
            ),
        ),
        migrations.AddIndex(
            model_name="stockitem",
            index=models.Index(fields=["location_id", "id"], name="stock_item_by_location"),
        ),
        migrations.AddIndex(
            model_name="stockmovement",
            index=models.Index(fields=["item", "id"], name="stock_movement_by_item"),
        ),
    ]
