"""For tests of subscribers."""

from events.testing.prover import NotIdempotent, Proof, prove_idempotent

__all__ = ["NotIdempotent", "Proof", "prove_idempotent"]
