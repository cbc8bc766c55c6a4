"""What events say of rows, in the SQL of invariants, and which rows differ.

What an event does not say is not compared.
"""

from collections.abc import Collection, Mapping

_EVENTS = """(SELECT * FROM events_event WHERE tenant_id = %(tenant)s AND type IN ({types}) AND version >= {version}
    AND audience IS NULL) e"""
_RECORDED = """(SELECT a.* FROM events_event a JOIN events_processedevent p ON p.tenant_id = a.tenant_id
    AND p.position = a.position AND p.subscriber = '{by}' WHERE a.tenant_id = %(tenant)s AND a.type IN ({types})
    AND a.audience IS NULL) e"""


def events(*types: str, version: int = 1) -> str:
    """Write the events of these types, of a version or a later one, as `e`."""
    return _EVENTS.format(types=_listed(types), version=version)


def recorded(*types: str, by: str) -> str:
    """Write the events of these types that a subscriber has handled, as `e`."""
    return _RECORDED.format(types=_listed(types), by=by)


def elements(of: str) -> str:
    """Write the elements of an array of JSON with their places; none of what is no array."""
    return f"jsonb_array_elements(CASE jsonb_typeof({of}) WHEN 'array' THEN {of} ELSE '[]' END) WITH ORDINALITY"


def written_before(app: str, migration: str) -> str:
    """Write the condition that older code may have written a row: its event `e` is no more than a day younger than a
    migration.

    In a release, processes of the release before still write for a while.
    """
    return f"""(e.recorded_at < (SELECT m.applied + interval '1 day' FROM django_migrations m
        WHERE m.app = '{app}' AND m.name = '{migration}'))"""


def unlike(row: str, said: str, *, older: str) -> str:
    """Write the condition that a column differs from a value that may be unknown, or lacks one that new code keeps."""
    return f"({row} <> {said} OR {row} IS NULL AND {said} IS NOT NULL AND NOT {older})"


def differing(
    said: str,
    row: str,
    members: Mapping[str, str],
    columns: Mapping[str, str] | None = None,
    *,
    unless_empty: Collection[str] = (),
    older: str = "true",
) -> str:
    """Write the condition that a row differs from a member that an event says.

    :param members: their types, by name. A text that is empty stands for null in a row. Null is what is not known, but
        of a type with `!`: there the row must have none either.
    :param columns: of those members whose columns are called otherwise.
    :param unless_empty: members that are not compared where the row has nothing and is `older`, as it kept none then.
    :param older: the condition that it is; see `written_before`.
    """
    compared = []
    for name, type_ in members.items():
        column, strict = f"{row}.{(columns or {}).get(name, name)}", type_ == "text" or type_.endswith("!")
        kept = f"coalesce({column}, '')" if type_ == "text" else column
        told = f"coalesce({said}->>'{name}', '')" if type_ == "text" else f"({said}->>'{name}')::{type_.rstrip('!')}"
        is_said = f"{said} ? '{name}'" if strict else f"{said}->>'{name}' IS NOT NULL"
        known = f" AND (coalesce({column}::text, '') <> '' OR NOT {older})" if name in unless_empty else ""
        compared.append(f"({is_said}{known} AND {kept} IS DISTINCT FROM {told})")
    return f"({' OR '.join(compared)})"


def _listed(types: Collection[str]) -> str:
    return ", ".join(repr(each) for each in types)
