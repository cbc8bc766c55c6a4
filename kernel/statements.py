"""Statements that travel together: in one text, with the values bound on the client's side, in one round trip."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

_PARAMETER = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of SQL. Its parameters have names, written as `%(name)s`."""

    sql: str
    parameters: Mapping[str, Any]


def together(statements: Sequence[Statement]) -> Statement:
    """Make one text of several statements: what each is answered comes in their order, one result set each."""
    return Statement(
        _joined(tuple(statement.sql for statement in statements)),
        {
            _numbered(name, index): value
            for index, statement in enumerate(statements)
            for name, value in statement.parameters.items()
        },
    )


@lru_cache(maxsize=256)
def _joined(texts: tuple[str, ...]) -> str:
    return "\n;\n".join(
        _PARAMETER.sub(lambda found, index=index: f"%({_numbered(found[1], index)})s", text)  # type: ignore[misc]
        for index, text in enumerate(texts)
    )


def _numbered(name: str, index: int) -> str:
    return f"{name}_{index}"
