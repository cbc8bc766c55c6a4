"""What the harness's subscribers leave behind: rows in a table without any key, and marks that no rollback takes back."""

import os
from pathlib import Path
from uuid import UUID

from django.db import connection

from events.log.envelope import Envelope

FOLDER = Path(os.environ.get("FAULTS_KILLS", "/nonexistent"))
SLOW = "slow"
"""While a mark of this name is there, some handlers take their time."""


def write(subscriber_name: str, envelope: Envelope) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO faults_effect (subscriber, position, stream, event_id) VALUES (%s, %s, %s, %s)",
            [subscriber_name, envelope.position, envelope.stream, envelope.event_id],
        )


def marked(event_id: UUID, what: str, times: int) -> bool:
    """Make a mark, unless there are so many already; say whether it was made."""
    mark = FOLDER / f"{what}-{event_id}"
    made = len(mark.read_text()) if mark.exists() else 0
    if made >= times:
        return False
    mark.write_text("x" * (made + 1))
    return True


def are_slow() -> bool:
    return (FOLDER / SLOW).exists()
