"""The schedule of faults: drawn from the seed alone, before anything runs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

FAULTS = (
    "kill web",
    "kill worker parent",
    "kill pool child",
    "kill both workers",
    "kill beat",
    "kill broker",
    "kill postmaster",
    "kill everything",
    "flush broker",
    "freeze broker",
    "drop doorbells",
    "repeat doorbells",
    "delay doorbells",
    "hold transaction",
    "hold register",
    "cut connections",
    "terminate web",
    "terminate worker",
    "terminate all",
    "operators",
    "slow handlers",
    "suspend a shop",
    "open a shop",
    "close a shop",
    "retain a month",
    "deploy",
    "roll back",
    "nothing",
)


@dataclass(frozen=True, kw_only=True)
class Round:
    """:param after: seconds from the round's start to its strike. :param lasts: seconds that it goes on."""

    number: int
    fault: str
    after: float
    lasts: float
    orders: int
    seed: int


def schedule(seed: int, rounds: int, faults: Sequence[str] = FAULTS) -> Iterator[Round]:
    """Draw the rounds; every fault comes once before any comes again."""
    random = Random(seed)
    bag: list[str] = []
    for number in range(1, rounds + 1):
        if not bag:
            bag = random.sample(faults, len(faults))
        yield Round(
            number=number,
            fault=bag.pop(),
            after=round(random.uniform(0.05, 0.6), 3),
            lasts=round(random.uniform(0.2, 1.5), 3),
            orders=random.randint(8, 14),
            seed=random.randrange(2**32),
        )
