"""Outgoing calls that came to nothing are found, and made again; old ones are forgotten."""

from django.db import migrations

ADD = """
ALTER TABLE public.events_outgoing ADD COLUMN forgiven integer NOT NULL DEFAULT 0;
CREATE INDEX events_outgoing_undelivered ON public.events_outgoing (tenant_id, created_at)
    WHERE state IN ('UNKNOWN', 'FAILED');
CREATE INDEX events_outgoing_age ON public.events_outgoing USING brin (created_at);
"""
DROP = """
DROP INDEX public.events_outgoing_age, public.events_outgoing_undelivered;
ALTER TABLE public.events_outgoing DROP COLUMN forgiven;
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0009_age_of_idempotency_records")]
    operations = [migrations.RunSQL(ADD, DROP)]
