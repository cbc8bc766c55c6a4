"""What reports do: keep figures, in one statement for any number of them."""

from collections.abc import Sequence

import msgspec
from django.db import connection  # noqa: TID251 - sets of rows are written with one statement

from pos.reports.rows import KEY, SUMS, Figure, added_up

_COLUMNS = ", ".join(Figure.__struct_fields__)
_KEEP = f"""
INSERT INTO pos_reportfigure AS kept ({_COLUMNS})
SELECT {_COLUMNS} FROM json_populate_recordset(NULL::pos_reportfigure, %s::json)
ON CONFLICT ({", ".join(KEY)}) DO UPDATE SET
    {", ".join(f"{name} = kept.{name} + excluded.{name}" for name in SUMS)},
    name = CASE WHEN excluded.position >= kept.position THEN excluded.name ELSE kept.name END,
    position = greatest(kept.position, excluded.position)
"""
_rows = msgspec.json.Encoder(decimal_format="string")


def keep_figures(*, figures: Sequence[Figure]) -> None:
    """Add figures to those that are kept."""
    if not figures:
        return
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, [_rows.encode(added_up(figures)).decode()])
