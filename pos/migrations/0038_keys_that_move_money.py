"""Keys that ring up may still take and give money: from now on that is a scope apart, and those that exist keep it."""

from typing import Any

from django.db import migrations

RINGS_UP, MOVES_MONEY = "orders:write", "payments:write"


def keep_money(apps: Any, _editor: Any) -> None:
    keys = apps.get_model("staff", "ApiKey")
    for key in keys.objects.filter(scopes__contains=[RINGS_UP], revoked_at=None):
        if MOVES_MONEY not in key.scopes:
            keys.objects.filter(pk=key.pk).update(scopes=sorted([*key.scopes, MOVES_MONEY]))


class Migration(migrations.Migration):
    dependencies = [("pos", "0033_indexes_of_shifts"), ("staff", "0002_apikey")]
    operations = [migrations.RunPython(keep_money, migrations.RunPython.noop)]
