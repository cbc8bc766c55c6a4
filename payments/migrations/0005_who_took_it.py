"""Payments and refunds say who took and who gave the money; of those before it is not known."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0004_refused_refunds")]
    operations = [
        migrations.AddField("Payment", "staff_id", models.UUIDField(null=True)),
        migrations.AddField("PaymentRefund", "staff_id", models.UUIDField(null=True)),
    ]
