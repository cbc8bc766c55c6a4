from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("pos", "0004_names_and_regions"),
    ]

    operations = [
        migrations.AlterField(
            model_name="shelflevel",
            name="on_hand",
            field=models.DecimalField(decimal_places=3, max_digits=28),
        ),
    ]
