"""A price is at most as large as the API takes one. Rows that are there keep theirs until they are changed."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations
from django.db.models import CheckConstraint, Q


class Migration(migrations.Migration):
    dependencies = [("pos", "0006_currency_is_fixed")]
    operations = [
        AddConstraintNotValid(
            "variant", CheckConstraint(condition=Q(price__lte=10**12), name="variant_price_is_an_amount")
        ),
    ]
