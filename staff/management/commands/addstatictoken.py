"""Not the way to a recovery code: it would write no audit."""

from staff.management.not_here import RecoveryCodes as Command

__all__ = ["Command"]
