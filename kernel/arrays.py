"""Arrays of PostgreSQL, as the text of one parameter."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import msgspec


def array(values: Iterable[int | Decimal | UUID | datetime]) -> str:
    """Write an array, to be cast in the statement: `%s::uuid[]`. Not for text, which is quoted by other rules.

    The driver looks at each value of a list, which takes as long as the insert that the array is for.
    """
    written = msgspec.json.encode(list(values)).decode()
    return f"{{{written[1:-1]}}}"
