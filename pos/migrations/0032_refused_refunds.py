"""Since when a refused refund counts no longer. Of those that were refused before it is not known: they count on."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("pos", "0031_over_and_short")]
    operations = [
        migrations.AddField(
            "refund",
            "refused_at",
            models.DateTimeField(help_text="Since when it counts no longer where it was asked for", null=True),
        ),
    ]
