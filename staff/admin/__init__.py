"""People, roles, keys and the rules for signing in, on every host for its own.

On a shop's host those at the tills as well; on the platform's the owners of shops.
"""

from staff.admin import crew, devices, keys, owners, people, roles_at_the_till, rules

__all__ = ["crew", "devices", "keys", "owners", "people", "roles_at_the_till", "rules"]
