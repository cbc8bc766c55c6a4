"""`events_make_partitions` takes the month to begin with, so that a past month is made as every other is."""

from django.db import migrations

# A partition has row-level security and no policy: read directly it is empty, whatever it holds. Its rows
# are read through the parent table, which has the policy.
MAKE = """
DROP FUNCTION public.events_make_partitions(integer);
CREATE FUNCTION public.events_make_partitions(months_ahead integer, start timestamptz DEFAULT now())
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
            EXECUTE format(
                'CREATE TABLE public.%I PARTITION OF public.%I FOR VALUES FROM (%L) TO (%L)',
                name, parent, month AT TIME ZONE 'UTC', (month + interval '1 month') AT TIME ZONE 'UTC'
            );
            EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', name);
            EXECUTE format('ALTER TABLE public.%I FORCE ROW LEVEL SECURITY', name);
            made := made + 1;
        END LOOP;
    END LOOP;
    RETURN made;
END $$;
"""

BEFORE = """
DROP FUNCTION public.events_make_partitions(integer, timestamptz);
CREATE FUNCTION public.events_make_partitions(months_ahead integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    parent text;
    month timestamptz;
    name text;
    made integer := 0;
BEGIN
    FOREACH parent IN ARRAY ARRAY['events_event', 'events_processedevent'] LOOP
        FOR ahead IN 0..months_ahead LOOP
            month := date_trunc('month', now(), 'UTC') + make_interval(months => ahead);
            name := parent || to_char(month AT TIME ZONE 'UTC', '"_"YYYY"_"MM');
            CONTINUE WHEN to_regclass('public.' || name) IS NOT NULL;
            EXECUTE format(
                'CREATE TABLE public.%I PARTITION OF public.%I FOR VALUES FROM (%L) TO (%L)',
                name, parent, month, month + interval '1 month'
            );
            EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', name);
            EXECUTE format('ALTER TABLE public.%I FORCE ROW LEVEL SECURITY', name);
            made := made + 1;
        END LOOP;
    END LOOP;
    RETURN made;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0011_bindings")]
    operations = [migrations.RunSQL(MAKE, BEFORE)]
