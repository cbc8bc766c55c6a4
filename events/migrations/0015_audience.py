"""The audience of an event is part of its envelope: no one but its subscriber applies an edited copy.

The column is added without rewriting the table. Copies that older code published are found by what it recorded.
"""

from django.db import migrations

COLUMN = "ALTER TABLE public.events_event ADD COLUMN audience text;"
COPIES = """
ALTER TABLE public.events_event DISABLE TRIGGER events_event_append_only;
UPDATE public.events_event e SET audience = copies.subscriber
FROM (
    SELECT tenant_id, subscriber, substring(reason FROM '^replaced by an edited copy, ([0-9a-f-]{36}):')::uuid AS id
    FROM public.events_operatoraction WHERE action = 'edited copy'
    UNION
    SELECT tenant_id, substring(reason FROM '^an edited copy of position \\d+ for (\\S+): '), event_id
    FROM public.events_parkedevent WHERE state = 'DISCARDED'
) AS copies
WHERE e.event_id = copies.id AND e.tenant_id = copies.tenant_id AND copies.subscriber IS NOT NULL;
ALTER TABLE public.events_event ENABLE TRIGGER events_event_append_only;
"""
DROP = "ALTER TABLE public.events_event DROP COLUMN audience;"


class Migration(migrations.Migration):
    dependencies = [("events", "0014_kept_months")]
    operations = [migrations.RunSQL(COLUMN, DROP), migrations.RunSQL(COPIES, migrations.RunSQL.noop)]
