"""The payments and cards of an order are found by an index."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0001_initial"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="payment",
            index=models.Index(fields=["order_id"], name="payment_by_order"),
        ),
        migrations.AddIndex(
            model_name="paymentintent",
            index=models.Index(fields=["order_id"], name="payment_intent_by_order"),
        ),
    ]
