"""A new partition is attached, which locks nobody out.

`CREATE TABLE … PARTITION OF` locks the whole log. A transaction that had applied events and was about to publish could
then wait for a lock on the log, while the new partition of the accounts waited for that transaction: a deadlock.
"""

from importlib import import_module

from django.db import migrations

_, _, CREATED = import_module("events.migrations.0012_partitions_of_past_months").MAKE.partition(";")
BEFORE = CREATED.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
MAKE = """
CREATE OR REPLACE FUNCTION public.events_make_partitions(months_ahead integer, start timestamptz DEFAULT now())
RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    parent text;
    month timestamp;
    name text;
    made integer := 0;
BEGIN
    FOREACH parent IN ARRAY ARRAY['events_event', 'events_processedevent'] LOOP
        FOR ahead IN 0..months_ahead LOOP
            month := date_trunc('month', start AT TIME ZONE 'UTC') + make_interval(months => ahead);
            name := parent || to_char(month, '"_"YYYY"_"MM');
            CONTINUE WHEN to_regclass('public.' || name) IS NOT NULL;
            EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING ALL)', name, parent);
            EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', name);
            EXECUTE format('ALTER TABLE public.%I FORCE ROW LEVEL SECURITY', name);
            EXECUTE format(
                'ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
                parent, name, month AT TIME ZONE 'UTC', (month + interval '1 month') AT TIME ZONE 'UTC'
            );
            made := made + 1;
        END LOOP;
    END LOOP;
    RETURN made;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0024_redaction")]
    operations = [migrations.RunSQL(MAKE, BEFORE)]
