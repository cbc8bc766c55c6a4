"""A test of a webhook endpoint is a delivery that may fail for good."""

from django.db import migrations

TABLE = "public.events_webhookdelivery"
STATE = "events_webhookdelivery_state_check"


def _allowing(*states: str) -> str:
    listed = ", ".join(f"'{state}'" for state in states)
    return f"""
    ALTER TABLE {TABLE} DROP CONSTRAINT {STATE},
        ADD CONSTRAINT {STATE} CHECK (state IN ({listed})) NOT VALID;
    ALTER TABLE {TABLE} VALIDATE CONSTRAINT {STATE};
    """


BEFORE = ("PENDING", "SENDING", "DELIVERED", "PARKED", "SKIPPED")
BACK = f"UPDATE {TABLE} SET state = 'SKIPPED' WHERE state = 'FAILED';" + _allowing(*BEFORE)


class Migration(migrations.Migration):
    dependencies = [("events", "0018_audit")]
    operations = [migrations.RunSQL(_allowing(*BEFORE, "FAILED"), BACK)]
