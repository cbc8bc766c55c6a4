"""A guessed PIN succeeds with at most 0.1 % per person and day, and a stranger locks out neither everybody nor far."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from events.models import Event
from kernel.ids import new_id
from kernel.tenancy import in_tenant
from staff.duty import pins, tries
from staff.duty.models import PinTries
from staff.duty.services.members import give_pin
from staff.duty.services.signing import PinWrong, Till, sign_in
from staff.duty.tries import OF_DEVICE, OF_STAFF, OF_STAFF_AT_DEVICE, PinLocked, count_try, unlock_device
from tenants.models import Tenant
from tests.support.crew import Person, StaffedTerminal, person

NOON = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _judged_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2 takes its time on purpose."""
    from staff.duty.services import signing

    judge = {}

    def is_pin(pin: str, hashed: str | None) -> bool:
        if (pin, hashed) not in judge:
            judge[pin, hashed] = pins.is_pin(pin, hashed)
        return judge[pin, hashed]

    monkeypatch.setattr(signing, "is_pin", is_pin)


def a_till() -> Till:
    return Till(device_id=new_id(), register_id=new_id())


def outcome(who: Person, till: Till, *, right: bool = False, now: datetime = NOON) -> str:
    return tried(who.code, who.pin if right else who.wrong_pin, till, now=now)


def tried(code: str, pin: str, till: Till, *, now: datetime = NOON) -> str:
    try:
        sign_in(code=code, pin=pin, till=till, now=now)
    except (PinWrong, PinLocked) as refusal:
        return refusal.code
    return "signed in"


def locks() -> list[Any]:
    found = Event.objects.filter(type="staff.locked_out").order_by("position")
    return [(event.data["scope"], event.data["staff_id"]) for event in found]


def test_a_pin_of_four_digits_is_tried_at_most_ten_times_a_day_at_however_many_devices(shop: Tenant) -> None:
    anna = person()

    outcomes = [outcome(anna, a_till()) for _ in range(25)]

    assert outcomes == ["pin-wrong"] * OF_STAFF + ["pin-locked"] * 15
    assert OF_STAFF / 10**pins.FEWEST_DIGITS <= 0.001
    assert outcome(anna, a_till(), right=True) == "pin-locked"
    assert locks() == [("STAFF", str(anna.id))]


def test_pins_are_drawn_so_that_each_is_as_likely_as_any_other(shop: Tenant) -> None:
    drawn = [pins.draw_pin(4) for _ in range(4000)]

    assert all(len(pin) == 4 and pin.isdigit() for pin in drawn)
    assert len(set(drawn)) > 3000


def test_a_device_that_guessed_is_locked_for_that_person_and_others_go_on(shop: Tenant) -> None:
    anna, ben = person("ANNA"), person("BEN")
    here, there = a_till(), a_till()

    assert [outcome(anna, here) for _ in range(7)] == ["pin-wrong"] * OF_STAFF_AT_DEVICE + ["pin-locked"] * 2

    assert locks() == [("STAFF_AT_DEVICE", str(anna.id))]
    assert outcome(anna, here, right=True) == "pin-locked"
    assert outcome(anna, there, right=True) == "signed in"
    assert outcome(ben, here, right=True) == "signed in"


def test_a_stranger_at_one_device_locks_nobody_out_at_another(shop: Tenant) -> None:
    crew = [person(f"P{number}") for number in range(8)]
    stolen, other = a_till(), a_till()

    outcomes = [outcome(each, stolen) for _ in range(OF_STAFF_AT_DEVICE + 1) for each in crew]

    assert outcomes.count("pin-wrong") == OF_DEVICE
    assert ("DEVICE", None) in locks()
    assert {outcome(each, stolen, right=True) for each in crew} == {"pin-locked"}
    assert {outcome(each, other, right=True) for each in crew} == {"signed in"}


def test_codes_that_nobody_has_lock_out_nobody_and_are_counted_like_known_ones(shop: Tenant) -> None:
    anna, here, there = person(), a_till(), a_till()

    assert [tried("NOBODY", "0000", here) for _ in range(6)] == ["pin-wrong"] * 5 + ["pin-locked"]
    assert [tried("NOBODY", "0000", there) for _ in range(6)] == ["pin-wrong"] * 5 + ["pin-locked"]
    assert tried("NOBODY", "0000", a_till()) == "pin-locked"
    for number in range(3 * OF_DEVICE):
        tried(f"X{number}", "0000", here)

    assert outcome(anna, here, right=True) == "signed in"
    assert [outcome(anna, here) for _ in range(6)] == ["pin-wrong"] * OF_STAFF_AT_DEVICE + ["pin-locked"]


def test_a_supervisor_approves_at_a_till_at_which_a_stranger_has_made_up_codes(shop: Tenant) -> None:
    till, ben = StaffedTerminal().sign_in(person()), person("BEN", "manager")
    for number in range(OF_DEVICE + 2):
        till.try_pin(f"X{number}", "0000")

    assert till.approve(ben, {"id": str(new_id()), "reason": "x"}, "void").status_code == 201


def test_codes_that_nobody_has_are_judged_a_bounded_number_of_times(shop: Tenant) -> None:
    anna, here = person(), a_till()
    outcomes: list[str] = []
    for number in range(20):
        outcomes += [tried(f"X{number}", "0000", here) for _ in range(OF_STAFF_AT_DEVICE)]
    assert outcomes.count("pin-wrong") > OF_DEVICE

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tries, "STAND_INS", 2)
        judged = [tried(f"Y{number}", "0000", a_till()) for number in range(60)]

    assert judged.count("pin-wrong") <= 2 * OF_STAFF
    assert judged[-1] == "pin-locked"
    assert outcome(anna, here, right=True) == "signed in"


def test_a_device_that_is_locked_refuses_codes_that_nobody_has_as_well(shop: Tenant) -> None:
    here = a_till()
    for each in [person(f"P{number}") for number in range(4)]:
        for _ in range(OF_STAFF_AT_DEVICE):
            outcome(each, here)

    assert tried("NOBODY", "0000", here) == "pin-locked"


def test_a_right_pin_takes_nothing_of_the_budget_and_gives_nothing_back_of_it(shop: Tenant) -> None:
    anna, here = person(), a_till()

    outcomes: list[str] = []
    for _ in range(OF_STAFF_AT_DEVICE):
        outcomes += [outcome(anna, here), outcome(anna, here, right=True) if len(outcomes) < 8 else "signed in"]

    assert outcomes == ["pin-wrong", "signed in"] * OF_STAFF_AT_DEVICE
    assert outcome(anna, here) == "pin-locked"


def test_a_new_day_and_a_new_pin_end_a_lock(shop: Tenant) -> None:
    anna = person()
    for _ in range(OF_STAFF):
        outcome(anna, a_till())

    assert outcome(anna, a_till(), right=True, now=NOON.replace(hour=23, minute=59)) == "pin-locked"
    assert outcome(anna, a_till(), right=True, now=NOON + timedelta(hours=12)) == "signed in"
    pin = give_pin(staff_id=anna.id)
    assert tried("ANNA", pin, a_till()) == "signed in"


def test_an_owner_unlocks_a_device_and_no_person_by_it(shop: Tenant) -> None:
    anna, here = person(), a_till()
    for each in [person(f"P{number}") for number in range(4)]:
        for _ in range(OF_STAFF_AT_DEVICE):
            outcome(each, here)
    assert outcome(anna, here, right=True) == "pin-locked"
    for _ in range(OF_STAFF):
        outcome(anna, a_till())

    unlock_device(here.device_id)

    assert tried("X", "0000", here) == "pin-wrong"
    assert outcome(anna, here, right=True) == "pin-locked"


def test_a_locked_till_is_told_when_to_try_again(shop: Tenant) -> None:
    anna, till = person(), StaffedTerminal()
    for _ in range(OF_STAFF_AT_DEVICE):
        till.try_pin("ANNA", anna.wrong_pin)

    refused = till.try_pin("ANNA", anna.pin)

    assert (refused.status_code, refused.json()["code"]) == (429, "pin-locked")
    assert 0 < int(refused["Retry-After"]) <= 86_400


def test_what_was_counted_is_forgotten_after_a_week(shop: Tenant) -> None:
    anna = person()
    outcome(anna, a_till())

    outcome(anna, a_till(), now=NOON + timedelta(days=8))

    assert {row.day for row in PinTries.objects.all()} == {(NOON + timedelta(days=8)).date()}


def test_tries_that_come_at_once_are_counted_one_by_one(committed: Tenant) -> None:
    anna = person()
    tills = [a_till() for _ in range(4)]

    def guess(number: int) -> str:
        with in_tenant(committed):
            try:
                count_try(subject=anna.id, device_id=tills[number % 4].device_id, now=NOON)
            except PinLocked as refusal:
                return str(refusal.details["scope"])
            finally:
                connection.close()
        return "counted"

    with ThreadPoolExecutor(max_workers=16) as pool:
        outcomes = list(pool.map(guess, range(64)))

    assert outcomes.count("counted") == OF_STAFF
    assert max(PinTries.objects.filter(subject=anna.id).values_list("tries", flat=True)) == OF_STAFF
