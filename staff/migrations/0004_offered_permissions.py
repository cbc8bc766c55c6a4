from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("staff", "0003_walls")]
    operations = [
        migrations.CreateModel(
            name="OfferedPermissions",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, editable=False, primary_key=True, serialize=False)),
                ("newest", models.IntegerField(help_text="The largest id")),
            ],
        ),
    ]
