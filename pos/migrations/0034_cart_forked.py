"""A kind of exceptions more; the database does not know the kinds."""

from django.db import migrations, models

KINDS = [
    ("clock-skew", "The device's clock is wrong"),
    ("price-drift", "Sold at another price than the catalogue's"),
    ("tax-drift", "Sold with other taxes than those that held"),
    ("withdrawn-variant", "Goods that are withdrawn were sold"),
    ("unknown-variant", "Goods that the shop does not know were sold"),
    ("no-shift", "Sold without an open shift"),
    ("late-order", "Arrived after its shift was closed"),
    ("sequence-reused", "The device used a sequence number twice"),
    ("cart-forked", "A parked order was sold by two tills, or while another one worked on it"),
    ("quarantined", "Held until a person decides"),
]


class Migration(migrations.Migration):
    dependencies = [("pos", "0033_indexes_of_shifts")]
    operations = [migrations.AlterField("exceptioncase", "kind", models.CharField(choices=KINDS, max_length=20))]
