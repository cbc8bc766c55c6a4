"""The schedule is the seed's alone, and the troubled subscribers' dice are the event's."""

from uuid import UUID

from tests.faults.dice import KILLS_FOR_GOOD, kills_of
from tests.faults.schedule import FAULTS, schedule


def test_the_same_seed_is_the_same_schedule() -> None:
    assert list(schedule(7, 100)) == list(schedule(7, 100))
    assert list(schedule(7, 100)) != list(schedule(8, 100))


def test_every_fault_comes_before_any_comes_again() -> None:
    planned = list(schedule(3, 2 * len(FAULTS)))

    assert {r.fault for r in planned[: len(FAULTS)]} == set(FAULTS)
    assert {r.fault for r in planned[len(FAULTS) :]} == set(FAULTS)


def test_most_events_kill_nobody_some_once_and_few_for_good() -> None:
    kills = [kills_of(UUID(int=number)) for number in range(2000)]

    assert set(kills) == {0, 1, KILLS_FOR_GOOD}
    assert kills.count(0) > 1900
