"""Receipts are found by when they were issued and by their total, which is read from what they say."""

from django.db import migrations, models
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast


class Migration(migrations.Migration):
    dependencies = [("pos", "0028_price_lists")]
    operations = [
        migrations.AddIndex("receipt", models.Index(fields=["issued_at", "id"], name="receipt_by_issued_at")),
        migrations.AddIndex(
            "receipt",
            models.Index(
                Cast(KeyTextTransform("total", Cast("snapshot", models.JSONField())), models.BigIntegerField()),
                "id",
                condition=models.Q(kind__in=("ORDER", "RETURN")),
                name="receipt_by_total",
            ),
        ),
    ]
