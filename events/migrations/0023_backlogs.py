"""What is next in a backlog is found by an index: of parked events, and of an endpoint's deliveries."""

from django.db import migrations

ADD = """
CREATE INDEX events_parkedevent_retry ON public.events_parkedevent (tenant_id, subscriber, next_attempt_at, position)
    WHERE state = 'RETRYING';
DROP INDEX public.events_parkedevent_due;
CREATE INDEX events_webhookdelivery_next ON public.events_webhookdelivery (endpoint_id, position)
    WHERE state IN ('PENDING', 'SENDING') AND type <> 'events.webhook_tested';
CREATE INDEX events_webhookdelivery_tests ON public.events_webhookdelivery (endpoint_id, position)
    WHERE state IN ('PENDING', 'SENDING') AND type = 'events.webhook_tested';
CREATE INDEX events_webhookdelivery_leases ON public.events_webhookdelivery (tenant_id, next_attempt_at)
    WHERE state = 'SENDING';
DROP INDEX public.events_webhookdelivery_due;
"""
DROP = """
CREATE INDEX events_webhookdelivery_due ON public.events_webhookdelivery (next_attempt_at)
    WHERE state IN ('PENDING', 'SENDING');
DROP INDEX public.events_webhookdelivery_next, public.events_webhookdelivery_tests;
DROP INDEX public.events_webhookdelivery_leases;
CREATE INDEX events_parkedevent_due ON public.events_parkedevent (next_attempt_at) WHERE state = 'RETRYING';
DROP INDEX public.events_parkedevent_retry;
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0022_integrations")]
    operations = [migrations.RunSQL(ADD, DROP)]
