"""The chain of a series: whoever changes a receipt changes every hash after it."""

from hashlib import sha256

BEGINNING = "0" * 64
"""What the first receipt of a chain has for the hash before it."""


def chain_hash(previous: str, snapshot: str) -> str:
    """Return the hash of a receipt, in hex: SHA-256 of the bytes of the hash before and of the snapshot's SHA-256."""
    return sha256(bytes.fromhex(previous) + sha256(snapshot.encode()).digest()).hexdigest()


def salted(text: str, salt: str) -> str:
    """Return what stands in a snapshot for personal data: without the salt nobody can find out whose it was."""
    return sha256(f"{salt}:{text}".encode()).hexdigest()
