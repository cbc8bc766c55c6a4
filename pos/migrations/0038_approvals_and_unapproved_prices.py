"""Voids, closings and refunds keep the approval that they needed; a price that nobody approved is an exception."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("pos", "0037_lists_have_a_currency"),
    ]

    operations = [
        migrations.AddField(
            model_name="order",
            name="void_approval_id",
            field=models.UUIDField(help_text="What giving it up needed somebody else for", null=True),
        ),
        migrations.AddField(
            model_name="refund",
            name="approval_id",
            field=models.UUIDField(help_text="What it needed somebody else for", null=True),
        ),
        migrations.AddField(
            model_name="shift",
            name="approval_id",
            field=models.UUIDField(help_text="What closing it needed somebody else for", null=True),
        ),
        migrations.AlterField(
            model_name="exceptioncase",
            name="kind",
            field=models.CharField(
                choices=[
                    ("clock-skew", "The device's clock is wrong"),
                    ("price-drift", "Sold at another price than the catalogue's"),
                    ("unapproved-price", "Sold below the price without an approval"),
                    ("tax-drift", "Sold with other taxes than those that held"),
                    ("no-price", "Goods without a price in this currency were sold"),
                    ("withdrawn-variant", "Goods that are withdrawn were sold"),
                    ("unknown-variant", "Goods that the shop does not know were sold"),
                    ("no-shift", "Sold without an open shift"),
                    ("late-order", "Arrived after its shift was closed"),
                    ("sequence-reused", "The device used a sequence number twice"),
                    ("cart-forked", "A parked order was sold by two tills, or while another one worked on it"),
                    ("quarantined", "Held until a person decides"),
                ],
                max_length=20,
            ),
        ),
    ]
