"""A month that was dropped and made anew is archived anew; and what keeps a month in the log, as retention found it."""

from django.db import migrations, models

TABLES = """
ALTER TABLE public.events_archive DROP CONSTRAINT events_archive_partition_key;
CREATE UNIQUE INDEX events_archive_partition ON public.events_archive (partition) WHERE dropped_at IS NULL;

CREATE TABLE public.events_keptmonth (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    month text NOT NULL,
    tenant_id text NOT NULL,
    kind text NOT NULL,
    reason text NOT NULL,
    checked_at timestamptz NOT NULL
);
ALTER TABLE public.events_keptmonth ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.events_keptmonth FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON public.events_keptmonth
    USING (tenant_id = (SELECT public.events_tenant()) OR (SELECT public.events_tenant()) = 'public');
"""
REVERSE = """
DROP TABLE public.events_keptmonth;
DROP INDEX public.events_archive_partition;
ALTER TABLE public.events_archive ADD CONSTRAINT events_archive_partition_key UNIQUE (partition);
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0013_renamed_subscribers")]
    operations = [
        migrations.RunSQL(TABLES, REVERSE),
        migrations.CreateModel(
            name="Archive",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("partition", models.TextField()),
                ("path", models.TextField()),
                ("rows", models.BigIntegerField()),
                ("bytes", models.BigIntegerField()),
                ("sha256", models.TextField()),
                ("archived_at", models.DateTimeField()),
                ("dropped_at", models.DateTimeField(null=True)),
            ],
            options={"verbose_name": "archived month", "db_table": "events_archive", "managed": False},
        ),
    ]
