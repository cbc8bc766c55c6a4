"""Webhooks are the app `integrations` now. Their tables stay as they are, with their names; only the state moves."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("events", "0021_kept_secrets")]
    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.DeleteModel("WebhookAttempt"),
                migrations.DeleteModel("WebhookDelivery"),
                migrations.DeleteModel("WebhookSecret"),
                migrations.DeleteModel("WebhookEndpoint"),
            ]
        )
    ]
