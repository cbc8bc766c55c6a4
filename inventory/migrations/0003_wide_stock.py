from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0002_append_only"),
    ]

    operations = [
        migrations.AlterField(
            model_name="stockitem",
            name="on_hand",
            field=models.DecimalField(decimal_places=3, default=0, max_digits=28),
        ),
    ]
