"""A parked event counts the starts that never ended apart from its attempts: an outage is not the event's fault.

A start is counted once a second at most, so that drains that meet do not count for one another.
"""

from django.db import migrations

ADD = """
ALTER TABLE public.events_parkedevent
    ADD COLUMN starts integer NOT NULL DEFAULT 0,
    ADD COLUMN started_at timestamptz;
ALTER TABLE public.events_subscription ADD COLUMN started_at timestamptz;
"""
DROP = """
ALTER TABLE public.events_parkedevent DROP COLUMN starts, DROP COLUMN started_at;
ALTER TABLE public.events_subscription DROP COLUMN started_at;
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0002_tables")]
    operations = [migrations.RunSQL(ADD, DROP)]
