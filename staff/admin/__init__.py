"""People, roles, keys and the rules for signing in, on every host for its own."""

from staff.admin import devices, keys, people, rules

__all__ = ["devices", "keys", "people", "rules"]
