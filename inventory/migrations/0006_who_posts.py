"""Who takes goods into stock, and who counts and adjusts them, are permissions apart."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0005_who_moved"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="stockitem",
            options={
                "permissions": [
                    ("receive_goods", "Can take delivered goods into stock"),
                    ("adjust_stock", "Can count and adjust stock"),
                ]
            },
        ),
    ]
