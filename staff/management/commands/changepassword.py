"""Not the way to a new password: it would write no audit, and work in the platform's schema only."""

from staff.management.not_here import Command

__all__ = ["Command"]
