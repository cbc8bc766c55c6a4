"""The names of tenants, which are the names of their schemas."""

import re

from django.core.exceptions import ValidationError

SHORTEST, LONGEST = 2, 40
RESERVED = frozenset({"public", "information_schema"})
RESERVED_PREFIX = "pg_"

_SHAPE = re.compile(rf"[a-z][a-z0-9_]{{{SHORTEST - 1},{LONGEST - 1}}}")


def is_reserved(name: str) -> bool:
    """Say whether a schema of that name is the platform's or PostgreSQL's."""
    return name.lower() in RESERVED or name.lower().startswith(RESERVED_PREFIX)


def validate_name(name: str) -> None:
    """:raises ValidationError: when no tenant may have that name."""
    if is_reserved(name):
        message = f"{name!r} is reserved for the platform and for PostgreSQL: choose another name"
        raise ValidationError(message, "reserved")
    if not _SHAPE.fullmatch(name):
        message = (
            f"{name!r} is no name for a tenant: it takes {SHORTEST} to {LONGEST} characters, a lower-case letter (a-z) "
            "first, then lower-case letters, digits and underscores"
        )
        raise ValidationError(message, "malformed")
