"""Movements may be what was there from the beginning. No table changes."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inventory", "0006_who_posts")]
    operations = [
        migrations.AlterField(
            model_name="stockmovement",
            name="kind",
            field=models.CharField(
                choices=[
                    ("ORDER", "Sold"),
                    ("RETURN", "Came back"),
                    ("RECEIPT", "Received"),
                    ("ADJUSTMENT", "Adjusted"),
                    ("OPENING", "There from the beginning"),
                ],
                max_length=10,
            ),
        )
    ]
