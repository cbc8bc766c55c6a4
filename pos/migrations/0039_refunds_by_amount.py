"""Refunds are found by their amounts."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("pos", "0038_approvals_and_unapproved_prices")]
    operations = [migrations.AddIndex("refund", models.Index(fields=["amount", "id"], name="refund_by_amount"))]
