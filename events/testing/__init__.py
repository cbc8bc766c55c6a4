"""For tests of subscribers: `prove_idempotent`, and what it may find.

`work` does a worker's work in the process of a test; `doorbells` has doorbells that ring nowhere.
"""

from events.testing.prover import Proof, prove_idempotent
from events.testing.watch import (
    EndsItsProcess,
    HandlerFails,
    LeavesTenant,
    NeverEnds,
    NotIdempotent,
    SwallowsErrors,
    TooSlow,
)

__all__ = [
    "EndsItsProcess",
    "HandlerFails",
    "LeavesTenant",
    "NeverEnds",
    "NotIdempotent",
    "Proof",
    "SwallowsErrors",
    "TooSlow",
    "prove_idempotent",
]
