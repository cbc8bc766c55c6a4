"""Codes that pair devices, what devices report of themselves, and people, whom processes remember (decision 38)."""

import django.db.models.deletion
from django.db import migrations, models

import kernel.ids

TRIGGERS = "".join(
    f"""
CREATE CONSTRAINT TRIGGER {table}_shop_changed AFTER INSERT OR DELETE OR UPDATE ON {table}
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pos_shop_changed();
CREATE TRIGGER {table}_shop_truncated AFTER TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION pos_shop_changed();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_shop_changed;
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_shop_truncated;
"""
    for table in ("staff_role", "staff_staffmember")
)
WITHOUT = "".join(
    f"""
DROP TRIGGER {table}_shop_changed ON {table};
DROP TRIGGER {table}_shop_truncated ON {table};
"""
    for table in ("staff_role", "staff_staffmember")
)


class Migration(migrations.Migration):
    dependencies = [
        ("pos", "0021_categories_of_lines"),
        ("staff", "0005_people_at_the_tills"),
    ]

    operations = [
        migrations.AddField(
            model_name="device",
            name="app_version",
            field=models.CharField(blank=True, db_default="", default="", editable=False, max_length=20),
        ),
        migrations.AddField(
            model_name="device",
            name="clock_offset_ms",
            field=models.IntegerField(
                editable=False,
                help_text="Its clock minus ours, when it last said",
                null=True,
                verbose_name="clock ahead by (ms)",
            ),
        ),
        migrations.AlterField(
            model_name="device",
            name="last_used_at",
            field=models.DateTimeField(editable=False, null=True, verbose_name="last seen"),
        ),
        migrations.CreateModel(
            name="PairingCode",
            fields=[
                ("id", models.UUIDField(default=kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("selector", models.CharField(editable=False, max_length=8, unique=True)),
                ("secret_hash", models.CharField(editable=False, max_length=64)),
                ("wrong", models.PositiveSmallIntegerField(default=0, editable=False)),
                ("created_at", models.DateTimeField(editable=False)),
                ("expires_at", models.DateTimeField(editable=False)),
                ("used_at", models.DateTimeField(editable=False, null=True)),
                (
                    "device",
                    models.OneToOneField(
                        editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, to="pos.device"
                    ),
                ),
                ("register", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="pos.register")),
            ],
        ),
        migrations.AddField(
            model_name="order",
            name="approval_id",
            field=models.UUIDField(help_text="What it needed somebody else for", null=True),
        ),
        migrations.RunSQL(TRIGGERS, WITHOUT),
    ]
