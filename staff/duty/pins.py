"""PINs: drawn at random, because only then a guess is as good as any other; kept as Argon2id hashes."""

import secrets

from django.contrib.auth.hashers import check_password, make_password

FEWEST_DIGITS, MOST_DIGITS = 4, 8
NO_HASH = "!"
"""What Django takes for a password that nobody can have, after as much work as with one."""


def draw_pin(digits: int) -> str:
    return f"{secrets.randbelow(10**digits):0{digits}d}"


def pin_hash(pin: str) -> str:
    """Hash a PIN by the first of PASSWORD_HASHERS, which is Argon2id."""
    return make_password(pin)


def is_pin(pin: str, hashed: str | None) -> bool:
    """Say whether a PIN has this hash; it takes as long where there is none to compare with."""
    return check_password(pin, hashed or NO_HASH)
