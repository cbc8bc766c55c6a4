"""An index by type: the sweeper asks of every subscription whether something of its types lies before it."""

from django.db import migrations

ADD = "CREATE INDEX events_event_type ON public.events_event (tenant_id, type, position);"
DROP = "DROP INDEX public.events_event_type;"


class Migration(migrations.Migration):
    dependencies = [("events", "0006_outward_models")]
    operations = [migrations.RunSQL(ADD, DROP)]
