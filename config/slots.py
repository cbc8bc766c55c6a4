"""How many calls to others' servers the workers of a deployment make at once, by queue; from the environment."""

import os

DEFAULTS = {"cards": 4, "mail": 2, "webhooks": 4}


def slots_of(queue: str) -> int:
    """:raises ValueError: when the variable holds no number."""
    return int(os.environ.get(f"{queue.upper()}_SLOTS", DEFAULTS[queue]))
