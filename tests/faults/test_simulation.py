"""The protocol holds under two thousand schedules of faults, and every way to break it is caught."""

from concurrent.futures import ProcessPoolExecutor

import pytest

from tests.faults.simulation.days import Outcome, live, lived
from tests.faults.simulation.variants import BROKEN, RARE, Variant

SEEDS = 2000


def test_the_protocol_holds_at_every_step_of_two_thousand_days() -> None:
    total = Outcome()
    with ProcessPoolExecutor(2) as pool:
        for outcome in pool.map(live, [range(at, at + SEEDS // 4) for at in range(0, SEEDS, SEEDS // 4)]):
            total += outcome

    assert total.findings == []
    assert total.seeds == SEEDS
    assert total.events > 20 * SEEDS
    assert total.dead > SEEDS


def test_the_same_seed_is_the_same_day() -> None:
    assert lived(7) == lived(7)
    assert lived(7) != lived(11)


@pytest.mark.parametrize("variant", BROKEN, ids=lambda variant: variant.name)
def test_a_broken_protocol_is_caught(variant: Variant) -> None:
    outcome = live(range(SEEDS), variant)

    assert outcome.findings, f"{SEEDS} days passed, and nothing was seen of: {variant.name}"


@pytest.mark.parametrize(("seed", "variant"), RARE.items(), ids=lambda given: getattr(given, "name", None))
def test_what_only_many_days_showed_is_still_seen_by_the_day_that_showed_it(seed: int, variant: Variant) -> None:
    assert lived(seed, variant).findings
    assert not lived(seed).findings
