"""Identifiers: UUIDv7 (RFC 9562), so that rows of one time lie together."""

from uuid import UUID

from uuid_utils.compat import uuid7

UUID_VERSION_7 = 7


def new_id() -> UUID:
    return uuid7()


def is_version_7(value: UUID) -> bool:
    return value.version == UUID_VERSION_7


def parsed_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
