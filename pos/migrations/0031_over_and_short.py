"""Which drawer a figure of a closed shift is of."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("pos", "0030_scale_prefixes")]
    operations = [
        migrations.AddField("reportfigure", "drawer_id", models.UUIDField(help_text="Of the shift", null=True)),
    ]
