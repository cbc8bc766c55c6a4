"""One worker at a time calls an endpoint, and nobody calls one that keeps failing until it has rested."""

from django.db import migrations

ADD = "ALTER TABLE public.events_webhookendpoint ADD COLUMN next_call_at timestamptz;"
DROP = "ALTER TABLE public.events_webhookendpoint DROP COLUMN next_call_at;"


class Migration(migrations.Migration):
    dependencies = [("events", "0007_events_by_type")]
    operations = [migrations.RunSQL(ADD, DROP)]
