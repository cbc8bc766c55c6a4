"""The protocol holds under two thousand schedules of faults, and every way to break it is caught.

Cases A01, A02, B01 to B05, C01, C03 to C05, C09 and E01: what decided them is a variant here, by name.
"""

from concurrent.futures import ProcessPoolExecutor

import pytest

from tests.faults.simulation.days import Outcome, brave, live, lived
from tests.faults.simulation.variants import BROKEN, BROKEN_IN_STORMS, Variant

SEEDS = 2000
STORMS = 1000
SEARCHED = 4000
"""In how many days, or storms, a broken variant must be caught. Most are within ten."""


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
    outcome = live(range(SEARCHED), variant)

    assert outcome.findings, f"{SEARCHED} days passed, and nothing was seen of: {variant.name}"


def test_no_storm_makes_a_healthy_event_dead() -> None:
    with ProcessPoolExecutor(2) as pool:
        first, second = pool.map(brave, [range(STORMS // 2), range(STORMS // 2, STORMS)])

    assert first.findings + second.findings == []
    assert (first.seeds + second.seeds, first.dead + second.dead) == (STORMS, 0)


@pytest.mark.parametrize("variant", BROKEN_IN_STORMS, ids=lambda variant: variant.name)
def test_what_breaks_when_drains_meet_is_caught_in_a_storm(variant: Variant) -> None:
    assert brave(range(SEARCHED), variant).findings
