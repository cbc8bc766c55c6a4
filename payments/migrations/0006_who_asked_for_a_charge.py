"""Charges say where and by whom they were asked for, and on which day; of those before it is not known."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0005_who_took_it")]
    operations = [
        migrations.AddField("PaymentIntent", "register_id", models.UUIDField(null=True)),
        migrations.AddField("PaymentIntent", "shift_id", models.UUIDField(null=True)),
        migrations.AddField("PaymentIntent", "staff_id", models.UUIDField(null=True)),
        migrations.AddField("PaymentIntent", "business_date", models.DateField(null=True)),
    ]
