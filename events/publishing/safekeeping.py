"""Secrets that an event needs and must not hold: the log is append-only, and many read it.

A secret is kept sealed, in the transaction of the event that names its reference, and is gone once it was taken.
"""

from collections.abc import Sequence
from uuid import UUID

from django.db import connection
from django.utils import timezone

from events.models import KeptSecret
from kernel.ids import new_id
from kernel.sealing import sealed, unsealed
from kernel.tenancy import current_tenant

KEPT_DAYS = 30


class SecretGone(Exception):
    """Nothing is kept under this reference: it was taken before, or is too old."""


def keep(secrets: Sequence[str]) -> list[UUID]:
    """Keep secrets of the current tenant; return their references, in the same order."""
    now = timezone.now()
    rows = [
        KeptSecret(id=new_id(), tenant_id=current_tenant(), sealed=sealed(secret), kept_at=now) for secret in secrets
    ]
    KeptSecret.objects.bulk_create(rows)
    return [row.id for row in rows]


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
