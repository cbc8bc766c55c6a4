"""Movements say who moved the goods, and what approval that needed; of those before it is not known."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inventory", "0004_lists")]
    operations = [
        migrations.AddField(
            "StockMovement",
            "staff_id",
            models.UUIDField(null=True, help_text="Who moved it; null where nobody was signed in"),
        ),
        migrations.AddField(
            "StockMovement",
            "approval_id",
            models.UUIDField(null=True, help_text="What it needed somebody else for"),
        ),
    ]
