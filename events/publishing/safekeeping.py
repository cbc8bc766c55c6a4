"""Secrets that an event needs and must not hold: the log is append-only, and many read it.

A secret is kept sealed, in the transaction of the event that it belongs to, and is gone once it was taken. It is found
under a name that the event tells: `tender:` and the tender's id.
"""

from collections.abc import Mapping
from uuid import UUID, uuid5

from django.db import connection
from django.utils import timezone

from events.models import KeptSecret
from kernel.sealing import sealed, unsealed
from kernel.tenancy import current_tenant

KEPT_DAYS = 30
NAMES = UUID("5d2f0a52-6d3e-5f0c-9a53-5d4b0c1d8e77")
"""Within which names of secrets become references."""


class SecretGone(Exception):
    """Nothing is kept under this reference: it was taken before, or is too old."""


def reference_of(name: str) -> UUID:
    """Return under which reference a name of the current tenant is kept."""
    return uuid5(NAMES, f"{current_tenant()} {name}")


def keep(secrets: Mapping[str, str]) -> None:
    """Keep secrets of the current tenant, each under its name; what was kept under that name goes."""
    now = timezone.now()
    rows = [
        KeptSecret(id=reference_of(name), tenant_id=current_tenant(), sealed=sealed(secret), kept_at=now)
        for name, secret in secrets.items()
    ]
    KeptSecret.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["id"], update_fields=["sealed", "kept_at"]
    )


def take(reference: UUID) -> str:
    """Return a secret of the current tenant, and keep it no longer: once, when the transaction is committed.

    :raises SecretGone: when nothing is kept there.
    :raises SecretUnreadable: when it was sealed with a key that this deployment has no more.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM events_keptsecret WHERE id = %s AND tenant_id = %s RETURNING sealed",
            [reference, current_tenant()],
        )
        found = cursor.fetchone()
    if found is None:
        message = f"nothing is kept under {reference}"
        raise SecretGone(message)
    return unsealed(found[0])


def forget_old() -> int:
    """Forget what nobody took in thirty days, of all tenants; return how many. Only from `public`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM events_keptsecret WHERE kept_at < clock_timestamp() - make_interval(days => %s)", [KEPT_DAYS]
        )
        return int(cursor.rowcount)
