"""People, roles, keys and the rules for signing in, on every host for its own; those at the tills, of a shop."""

from staff.admin import crew, devices, keys, people, roles_at_the_till, rules

__all__ = ["crew", "devices", "keys", "people", "roles_at_the_till", "rules"]
