"""The models of shared tables use the manager that names the tenant also to save and follow rows. No table changes."""

from typing import Any

from django.db import migrations

NAMES: dict[str, dict[str, Any]] = {
    "auditentry": {"verbose_name": "audit entry", "verbose_name_plural": "audit"},
    "binding": {},
    "event": {},
    "idempotencyrecord": {},
    "operatoraction": {},
    "outgoing": {"verbose_name": "outgoing call"},
    "parkedevent": {},
    "processedevent": {},
    "subscription": {},
    "versionpin": {},
    "webhookattempt": {},
    "webhookdelivery": {"verbose_name_plural": "webhook deliveries"},
    "webhookendpoint": {},
    "webhooksecret": {},
}


class Migration(migrations.Migration):
    dependencies = [("events", "0019_failed_tests")]
    operations = [
        migrations.AlterModelOptions(name, {"managed": False, "base_manager_name": "objects", **names})
        for name, names in NAMES.items()
    ]
