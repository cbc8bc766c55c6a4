"""The audit: who signed in, paired, issued, revoked, granted and was refused, from where. Append-only."""

from datetime import timedelta

import structlog
from django.conf import settings
from django.db import connection
from django.utils import timezone

from events.log.causes import current_cause
from events.models import AuditEntry
from kernel.tenancy import current_tenant
from kernel.text import storable
from web.client import current_address

logger = structlog.get_logger("audit")
LONGEST = 500


def record(*, action: str, subject: str = "", detail: str = "", actor: str = "") -> None:
    """Write an act of the current tenant into the audit and the log, in the transaction that is open.

    :param action: a verb phrase in the past tense, of a fixed set: `device paired`.
    :param subject: what it was done to. :param detail: what else counts; never a secret.
    :param actor: who did it, where the current cause does not say.
    """
    cause = current_cause()
    entry = AuditEntry(
        tenant_id=current_tenant(),
        acted_at=timezone.now(),
        actor=storable(actor or cause.actor)[:LONGEST],
        action=action,
        subject=storable(subject)[:LONGEST],
        detail=storable(detail)[:LONGEST],
        address=current_address(),
        correlation_id=cause.correlation_id,
    )
    entry.save(force_insert=True)
    logger.info(
        "audit", action=action, actor=entry.actor, subject=entry.subject, detail=entry.detail, address=entry.address,
        tenant=entry.tenant_id,
    )  # fmt: skip


def forget_old() -> int:
    """Forget what is older than AUDIT_DAYS, of all tenants; return how many. Only from `public`."""
    if settings.AUDIT_DAYS < 1:
        return 0
    with connection.cursor() as cursor:
        oldest = timezone.now() - timedelta(days=settings.AUDIT_DAYS)
        cursor.execute("DELETE FROM events_auditentry WHERE acted_at < %s", [oldest])
        return int(cursor.rowcount)
