"""Money says at which location it moved; of what moved before it is not known."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0006_who_asked_for_a_charge")]
    operations = [
        migrations.AddField(model, "location_id", models.UUIDField(null=True))
        for model in ("PaymentIntent", "Payment", "PaymentRefund")
    ]
