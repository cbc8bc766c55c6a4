"""The models of webhooks, with the tables that they had in the app `events`.

What the app's label names moves with them: content types, and so permissions, grants and the admin's history. It runs in
every schema.
"""

import django.contrib.postgres.fields
from django.db import migrations, models

RELABEL = """
UPDATE django_content_type AS old SET app_label = '{new}'
WHERE old.app_label = '{old}' AND old.model IN ('webhookendpoint', 'webhooksecret', 'webhookdelivery', 'webhookattempt')
    AND NOT EXISTS (
        SELECT 1 FROM django_content_type AS known WHERE known.app_label = '{new}' AND known.model = old.model
    )
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("contenttypes", "0002_remove_content_type_name"),
        ("events", "0022_integrations"),
    ]

    operations = [
        migrations.RunSQL(
            RELABEL.format(old="events", new="integrations"), RELABEL.format(old="integrations", new="events")
        ),
        migrations.CreateModel(
            name="WebhookAttempt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("tenant_id", models.TextField()),
                ("number", models.IntegerField()),
                ("attempted_at", models.DateTimeField()),
                ("status", models.IntegerField(null=True)),
                ("milliseconds", models.IntegerField(null=True)),
                ("error", models.TextField()),
                ("response", models.TextField()),
            ],
            options={
                "db_table": "events_webhookattempt",
                "abstract": False,
                "managed": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="WebhookDelivery",
            fields=[
                ("tenant_id", models.TextField()),
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("replay", models.TextField()),
                ("position", models.BigIntegerField()),
                ("event_id", models.UUIDField()),
                ("type", models.TextField()),
                ("stream", models.TextField()),
                (
                    "state",
                    models.TextField(
                        choices=[
                            ("PENDING", "Waits for its next attempt"),
                            ("SENDING", "Is being sent"),
                            ("DELIVERED", "Delivered"),
                            ("PARKED", "Given up after three days; its successors wait"),
                            ("SKIPPED", "Skipped by an operator"),
                            ("FAILED", "Failed: a test, which is not repeated"),
                        ]
                    ),
                ),
                ("attempts", models.IntegerField()),
                ("next_attempt_at", models.DateTimeField()),
                ("first_attempt_at", models.DateTimeField(null=True)),
                ("delivered_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "verbose_name_plural": "webhook deliveries",
                "db_table": "events_webhookdelivery",
                "abstract": False,
                "managed": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="WebhookEndpoint",
            fields=[
                ("tenant_id", models.TextField()),
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("url", models.TextField()),
                ("description", models.TextField(blank=True)),
                ("types", django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
                ("pins", models.JSONField()),
                (
                    "state",
                    models.TextField(
                        choices=[("ACTIVE", "Active"), ("PAUSED", "Paused: deliveries wait"), ("DELETED", "Deleted")]
                    ),
                ),
                ("pause_reason", models.TextField()),
                ("start", models.BigIntegerField()),
                ("failing_since", models.DateTimeField(null=True)),
                ("failures", models.IntegerField()),
                ("next_call_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
            ],
            options={
                "db_table": "events_webhookendpoint",
                "abstract": False,
                "managed": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="WebhookSecret",
            fields=[
                ("tenant_id", models.TextField()),
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("sealed", models.TextField()),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "events_webhooksecret",
                "abstract": False,
                "managed": False,
                "base_manager_name": "objects",
            },
        ),
    ]
