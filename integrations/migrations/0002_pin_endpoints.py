"""Endpoints that exist keep the versions of events that they have, until they move.

Each is pinned to the version that this release's predecessor sent, unless it, or its shop, is pinned already.
"""

from typing import Any

from django.db import migrations

PIN = """
UPDATE events_webhookendpoint AS endpoint
SET pins = (
    SELECT coalesce(jsonb_object_agg(sent.type, coalesce(pin.version, sent.version)), '{}')
    FROM (VALUES
        ('inventory.stock_changed', 1), ('payments.payment_completed', 1), ('payments.payment_failed', 2),
        ('payments.payment_refunded', 1), ('pos.order_completed', 1), ('pos.order_placed', 1),
        ('pos.return_completed', 2), ('pos.shift_opened', 1), ('pos.variant_changed', 1)
    ) AS sent (type, version)
    LEFT JOIN events_versionpin AS pin ON pin.tenant_id = endpoint.tenant_id AND pin.type = sent.type
    WHERE endpoint.types = '{}' OR sent.type = ANY(endpoint.types)
) || endpoint.pins
WHERE endpoint.state <> 'DELETED'
"""


def pin(_apps: Any, schema_editor: Any) -> None:
    """Run in `public` only, where the endpoints of all shops are seen: a migration runs in every schema."""
    if schema_editor.connection.schema_name == "public":
        schema_editor.execute(PIN)


class Migration(migrations.Migration):
    dependencies = [("integrations", "0001_initial")]

    operations = [migrations.RunPython(pin, migrations.RunPython.noop)]
