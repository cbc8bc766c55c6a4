"""A restore from a backup, as the log sees it: what was recorded after the backup is gone, and so are its effects."""

from django.db import connection

from kernel.tenancy import in_public_schema

AFTER = "WHERE tenant_id = 'north' AND position > %s"


def restore(position: int, *, epochs: bool = False) -> None:
    """Bring the log of `north` back to the moment when it ended at a position.

    :param epochs: whether the backup is older than every epoch but the first.
    """
    with in_public_schema(), connection.cursor() as cursor:
        for table in ("webhookdelivery", "parkedevent", "processedevent", "event"):
            cursor.execute(f"DELETE FROM events_{table} {AFTER}", [position])
        cursor.execute(
            "UPDATE events_subscription SET cursor = least(cursor, %s) WHERE tenant_id = 'north'", [position]
        )
        if epochs:
            cursor.execute("DELETE FROM events_epochstart; DELETE FROM events_epoch WHERE number > 1")
