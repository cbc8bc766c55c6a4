"""Each copy of a receipt is approved: they are commands of the same document."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("staff", "0005_people_at_the_tills")]
    operations = [
        migrations.RemoveConstraint("approval", "approval_of_a_command"),
        migrations.AddConstraint(
            "approval",
            models.UniqueConstraint(
                fields=["command_id"],
                condition=Q(consumed_at__isnull=False) & ~Q(actions=["reprint"]),
                name="approval_of_a_command",
            ),
        ),
    ]
