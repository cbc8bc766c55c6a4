"""How many calls to others' servers the workers of a deployment make at once, by queue; from the environment."""

from config.environment import setting

DEFAULTS = {"cards": 4, "mail": 2, "webhooks": 4}


def slots_of(queue: str) -> int:
    """:raises ImproperlyConfigured: when the variable breaks its rule."""
    slots: int = setting(f"{queue.upper()}_SLOTS", default=DEFAULTS[queue])
    return slots
