"""Idempotency keys are forgotten by their age."""

from django.db import migrations

ADD = "CREATE INDEX events_idempotencyrecord_age ON public.events_idempotencyrecord USING brin (created_at);"
DROP = "DROP INDEX public.events_idempotencyrecord_age;"


class Migration(migrations.Migration):
    dependencies = [("events", "0008_turns_of_endpoints")]
    operations = [migrations.RunSQL(ADD, DROP)]
