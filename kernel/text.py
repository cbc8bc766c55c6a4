"""Text from elsewhere: what others answer, and what exceptions say, may hold what PostgreSQL does not store."""


def storable(text: str) -> str:
    """Replace NUL and lone surrogates, so that any text can be written to a column."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()
