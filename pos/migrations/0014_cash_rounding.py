"""Cash is rounded to its smallest coin, which the tender type names; returns keep what that added."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("pos", "0013_tax_rules")]
    operations = [
        migrations.AddField(
            "tendertype",
            "rounding_step",
            models.PositiveIntegerField(
                db_default=1,
                default=1,
                help_text="Worth of the smallest coin, in minor units, to which a rest that is paid in cash is rounded;"
                " 1 for all other types",
            ),
        ),
        migrations.AddConstraint(
            "tendertype",
            models.CheckConstraint(
                condition=Q(rounding_step=1) | Q(kind="CASH", rounding_step__gt=0, rounding_step__lte=10_000),
                name="tender_type_rounding_step_is_of_cash",
            ),
        ),
        migrations.AddField(
            "return",
            "rounding_adjustment",
            models.BigIntegerField(
                db_default=0, default=0, help_text="What is added because cash has no smaller coins"
            ),
        ),
        migrations.AlterField(
            "return",
            "total",
            models.BigIntegerField(help_text="The lines' totals and the rounding adjustment"),
        ),
    ]
