"""The event layer in the admin: on a shop's host its own rows, on the platform's host everyone's."""

from events.admin import audit, dead_letters, home, log, months, outgoing, subscriptions

__all__ = ["audit", "dead_letters", "home", "log", "months", "outgoing", "subscriptions"]
