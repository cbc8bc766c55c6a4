"""The schedule is the seed's alone, and the troubled subscribers' dice are the event's."""

from uuid import UUID

from tests.faults.dice import HARMLESS, KILLS_FOR_GOOD, WAYS, kills_of, may_be_dead, way_of
from tests.faults.schedule import FAULTS, schedule


def test_the_same_seed_is_the_same_schedule() -> None:
    assert list(schedule(7, 100)) == list(schedule(7, 100))
    assert list(schedule(7, 100)) != list(schedule(8, 100))


def test_every_fault_comes_before_any_comes_again() -> None:
    planned = list(schedule(3, 2 * len(FAULTS)))

    assert {r.fault for r in planned[: len(FAULTS)]} == set(FAULTS)
    assert {r.fault for r in planned[len(FAULTS) :]} == set(FAULTS)


def test_every_fault_comes_within_thirty_rounds() -> None:
    assert {r.fault for r in schedule(1, 30)} == set(FAULTS)


def test_some_events_make_their_handler_misbehave_in_each_way_and_have_a_reason_to_be_dead() -> None:
    ids = [UUID(int=number) for number in range(5000)]

    assert {way_of(event_id) for event_id in ids} == {"", *WAYS}
    assert all(may_be_dead("faults.misbehaving", each) == (way_of(each) not in HARMLESS) for each in ids)
    assert not any(may_be_dead("faults.steady", each) for each in ids)


def test_most_events_kill_nobody_some_once_and_few_for_good() -> None:
    kills = [kills_of(UUID(int=number)) for number in range(2000)]

    assert set(kills) == {0, 1, KILLS_FOR_GOOD}
    assert kills.count(0) > 1900
