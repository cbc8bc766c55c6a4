"""What returns tell: device, unit prices, discounts and reasons; and keys that ring up may still move money.

From now on that is a scope apart. Returns that exist keep nothing of it: what is null was not kept.
"""

from typing import Any

from django.db import migrations, models

RINGS_UP, MOVES_MONEY = "orders:write", "payments:write"


def keep_money(apps: Any, _editor: Any) -> None:
    keys = apps.get_model("staff", "ApiKey")
    for key in keys.objects.filter(scopes__contains=[RINGS_UP], revoked_at=None):
        if MOVES_MONEY not in key.scopes:
            keys.objects.filter(pk=key.pk).update(scopes=sorted([*key.scopes, MOVES_MONEY]))


class Migration(migrations.Migration):
    dependencies = [("pos", "0035_places_are_fixed"), ("staff", "0002_apikey")]
    operations = [
        migrations.AddField(
            "return",
            "device_id",
            models.UUIDField(help_text="At which it was made; empty: by a key, or not known", null=True),
        ),
        migrations.AddField(
            "returnline",
            "unit_price",
            models.DecimalField(
                decimal_places=6,
                help_text="In minor units: that of the order's line, or the one that was named;"
                " empty where it was not kept",
                max_digits=19,
                null=True,
            ),
        ),
        migrations.AddField(
            "returnline",
            "discounts",
            models.JSONField(
                help_text="What goes back of those of the order's line: name, percent, scope, amount; null: not kept",
                null=True,
            ),
        ),
        migrations.AddField(
            "returnline",
            "reason_code",
            models.CharField(blank=True, db_default="", default="", max_length=20),
        ),
        migrations.RunPython(keep_money, migrations.RunPython.noop),
    ]
