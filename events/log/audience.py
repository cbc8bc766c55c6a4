"""The audience of an event: everybody, or the one subscriber that an edited copy is for.

An edited copy repeats an event that all the other subscribers, and every consumer outside, had in its first form. So it
is left out for them, wherever the log is read: in drains, feeds, webhooks, accounts and retention. A copy for a bridge,
or for the subscriber that queues webhooks, goes out through that one.
"""

from django.db import connection


def is_for(event: str, subscriber: str) -> str:
    """Write the SQL condition that an event is for a subscriber, under the name that it had then or has now.

    :param event: the alias of a row of `events_event`. :param subscriber: an expression for the subscriber's name.
    """
    return (
        f"({event}.audience IS NULL OR {event}.audience = {subscriber} OR EXISTS ("
        f"SELECT 1 FROM events_renamed r WHERE r.before = {event}.audience AND r.after = {subscriber}))"
    )


def names_of(subscriber: str) -> set[str]:
    """Return the names under which a subscriber may be an audience: its own, and those that it had."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT before FROM events_renamed WHERE after = %s", [subscriber])
        return {subscriber, *(before for (before,) in cursor.fetchall())}
