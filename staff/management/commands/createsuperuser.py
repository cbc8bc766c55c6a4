"""Not the way to a person with full access: it would ask no password validator and write no audit."""

from staff.management.not_here import Command

__all__ = ["Command"]
