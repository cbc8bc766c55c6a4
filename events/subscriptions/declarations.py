"""What subscribers declare: in this code, and in the release that was prepared last.

A process of an older release may create a tenant after the release step of the newer one. It binds the tenant to what
both declare, under the names of the newer, so that the first event of a new type is heard there too.
"""

from django.db import connection
from django_tenants.utils import get_public_schema_name

from events.subscriptions.bindings import Wanted
from events.subscriptions.registry import all_subscribers


def declared(*, platform: bool) -> list[Wanted]:
    """List what the subscribers of this code hear; the subscriptions of those on demand are not created for it."""
    return [
        Wanted(
            subscriber=subscriber.name,
            type=type_name,
            from_beginning=subscriber.from_beginning,
            create=not subscriber.on_demand,
        )
        for subscriber in all_subscribers(platform=platform)
        for type_name in sorted(subscriber.heard)
    ]


def wanted(*, platform: bool) -> list[Wanted]:
    """List what a tenant is bound to when it is created: what this code and the prepared release declare."""
    renamed = renamed_names()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT subscriber, type, from_beginning, NOT on_demand FROM events_release WHERE platform = %s"
            " ORDER BY subscriber, type",
            [platform],
        )
        released = [
            Wanted(subscriber=name, type=type_name, from_beginning=from_beginning, create=create)
            for name, type_name, from_beginning, create in cursor.fetchall()
        ]
    chosen = {(each.subscriber, each.type): each for each in [*released, *declared(platform=platform)]}
    return [each for each in chosen.values() if each.subscriber not in renamed]


def renamed_names() -> dict[str, str]:
    """Return the names that subscribers no longer have, each with the one that took its place."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT before, after FROM events_renamed")
        return dict(cursor.fetchall())


def keep_other_releases_away() -> None:
    """Let no other release be noted until the end of this transaction. Belongs before everything else in it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('events.release', 2))")


def note_release() -> None:
    """Keep what this code declares, for tenants that older code creates, in place of what another release declared."""
    pairs = [(each, type_name) for each in all_subscribers() for type_name in sorted(each.heard)]
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM events_release")
        cursor.execute(
            """
            INSERT INTO events_release (subscriber, type, platform, on_demand, from_beginning)
            SELECT * FROM unnest(%s::text[], %s::text[], %s::boolean[], %s::boolean[], %s::boolean[])
            ON CONFLICT (subscriber, type) DO UPDATE SET platform = excluded.platform, on_demand = excluded.on_demand,
                from_beginning = excluded.from_beginning
            """,
            [
                [each.name for each, _ in pairs],
                [type_name for _, type_name in pairs],
                [each.platform for each, _ in pairs],
                [each.on_demand for each, _ in pairs],
                [each.from_beginning for each, _ in pairs],
            ],
        )


def note_rename(before: str, after: str) -> None:
    """Keep that a name has taken the place of another, also where it is the older one that comes back."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM events_renamed WHERE before = %s", [after])
        cursor.execute("UPDATE events_renamed SET after = %s WHERE after = %s AND before <> %s", [after, before, after])
        cursor.execute(
            "INSERT INTO events_renamed (before, after) VALUES (%s, %s)"
            " ON CONFLICT (before) DO UPDATE SET after = excluded.after",
            [before, after],
        )
        cursor.execute("DELETE FROM events_release WHERE subscriber = %s", [before])


_UNBOUND = """
SELECT tenant.id, wanted.subscriber, count(*), min(wanted.type)
FROM unnest(%(tenants)s::text[]) AS tenant (id)
CROSS JOIN unnest(
    %(subscribers)s::text[], %(types)s::text[], %(platform)s::boolean[], %(on_demand)s::boolean[]
) AS wanted (subscriber, type, platform, on_demand)
LEFT JOIN events_subscription s ON s.tenant_id = tenant.id AND s.subscriber = wanted.subscriber
WHERE wanted.platform = (tenant.id = %(public)s) AND (s.id IS NOT NULL OR NOT wanted.on_demand) AND NOT EXISTS (
    SELECT 1 FROM events_binding b WHERE b.tenant_id = s.tenant_id AND b.subscriber = s.subscriber
        AND b.type = wanted.type AND b.until IS NULL
)
GROUP BY tenant.id, wanted.subscriber ORDER BY tenant.id, wanted.subscriber
"""


def unbound(tenants: list[str]) -> list[tuple[str, str, int, str]]:
    """List (tenant, subscriber, how many types, the first of them) that this code declares and no row binds.

    In `public` for all tenants.
    """
    pairs = [(each, type_name) for each in all_subscribers() for type_name in sorted(each.heard)]
    with connection.cursor() as cursor:
        cursor.execute(
            _UNBOUND,
            {
                "tenants": tenants,
                "public": get_public_schema_name(),
                "subscribers": [each.name for each, _ in pairs],
                "types": [type_name for _, type_name in pairs],
                "platform": [each.platform for each, _ in pairs],
                "on_demand": [each.on_demand for each, _ in pairs],
            },
        )
        return list(cursor.fetchall())
