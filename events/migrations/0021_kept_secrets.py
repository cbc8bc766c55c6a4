"""Secrets that events refer to, sealed: shared, walled by tenant."""

from django.db import migrations, models

TABLE = """
CREATE TABLE public.events_keptsecret (
    id uuid PRIMARY KEY,
    tenant_id text NOT NULL,
    sealed text NOT NULL,
    kept_at timestamptz NOT NULL
);
CREATE INDEX events_keptsecret_age ON public.events_keptsecret (kept_at);
ALTER TABLE public.events_keptsecret ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.events_keptsecret FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON public.events_keptsecret
    USING (tenant_id = (SELECT public.events_tenant()) OR (SELECT public.events_tenant()) = 'public');
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0020_walled")]
    operations = [
        migrations.RunSQL(TABLE, "DROP TABLE public.events_keptsecret;"),
        migrations.CreateModel(
            name="KeptSecret",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.TextField()),
                ("sealed", models.TextField()),
                ("kept_at", models.DateTimeField()),
            ],
            options={"base_manager_name": "objects", "db_table": "events_keptsecret", "managed": False},
        ),
        migrations.AlterModelOptions(
            name="auditentry",
            options={
                "base_manager_name": "objects",
                "managed": False,
                "verbose_name": "audit entry",
                "verbose_name_plural": "audit entries",
            },
        ),
    ]
