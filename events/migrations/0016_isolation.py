"""What a subscription remembers of a failure between two runs: up to where it is careful, and the outages in a row."""

from django.db import migrations

ADD = """
ALTER TABLE public.events_subscription
    ADD COLUMN isolated_until bigint NOT NULL DEFAULT 0,
    ADD COLUMN isolation text NOT NULL DEFAULT '' CHECK (isolation IN ('', 'CULPRIT', 'RANGE', 'KILLS')),
    ADD COLUMN outage_position bigint NOT NULL DEFAULT 0,
    ADD COLUMN outages integer NOT NULL DEFAULT 0;
"""
DROP = """
ALTER TABLE public.events_subscription
    DROP COLUMN isolated_until, DROP COLUMN isolation, DROP COLUMN outage_position, DROP COLUMN outages;
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0015_audience")]
    operations = [migrations.RunSQL(ADD, DROP)]
