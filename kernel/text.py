"""Text from elsewhere: what others answer, and what exceptions say, may hold what PostgreSQL does not store."""

from typing import Any


def storable(text: str) -> str:
    """Replace NUL and lone surrogates, so that any text can be written to a column."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()


def is_storable(value: Any) -> bool:
    """Say whether all text in a value of JSON can be stored as it is."""
    if isinstance(value, dict):
        return all(is_storable(key) and is_storable(inner) for key, inner in value.items())
    if isinstance(value, list):
        return all(is_storable(inner) for inner in value)
    return not isinstance(value, str) or storable(value) == value
