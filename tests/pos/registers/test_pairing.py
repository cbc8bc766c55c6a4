"""A pairing code works once, for five minutes, and is not guessed; what a device says of itself."""

from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.utils import timezone

from events.models import AuditEntry
from pos.models import Device, PairingCode
from pos.registers.services import (
    LETTERS,
    MOST_WRONG,
    SECRET,
    PairingCodeInvalid,
    make_pairing_code,
    pair_by_code,
)
from tenants.models import Tenant
from tests.support import make, people
from tests.support.racing import Aside
from tests.support.terminal import Terminal
from web.throttles import PairingThrottle


@pytest.fixture(autouse=True)
def _not_throttled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PairingThrottle, "allow_request", lambda *_: True)


@pytest.fixture
def code(shop: Tenant) -> str:
    return make_pairing_code(register_id=make.register().id, now=timezone.now())


def pair(code: str, **more: Any) -> Any:
    stranger = Terminal("north.localhost", "")
    stranger.headers.pop("Authorization")
    return stranger.post("/devices/pair", {"code": code, **more}, key="")


def wrong(code: str) -> str:
    last = LETTERS[(LETTERS.index(code[-1]) + 1) % len(LETTERS)]
    return code[:-1] + last


def test_a_device_without_a_token_is_paired_by_a_code_and_told_its_token_once(code: str) -> None:
    answer = pair(code, app_version="1.4.0")

    paired = answer.json()
    assert (answer.status_code, answer["Cache-Control"]) == (201, "no-store")
    assert (paired["device"]["register"]["code"], paired["device"]["register"]["currency"]) == ("R1", "EUR")
    own = Terminal("north.localhost", paired["token"]).get("/devices/self").json()
    assert (own["id"], own["app_version"]) == (paired["device"]["id"], "1.4.0")
    assert paired["token"] not in str(list(Device.objects.values())) + str(list(PairingCode.objects.values()))


def test_a_code_is_typed_in_whatever_letters(code: str) -> None:
    typed = code.lower().replace("-", " ").replace("0", "o").replace("1", "l")

    assert pair(typed).status_code == 201


def test_a_code_works_once(code: str) -> None:
    assert [pair(code).status_code for _ in range(2)] == [201, 403]
    assert Device.objects.count() == 1


def test_a_code_works_for_five_minutes(shop: Tenant) -> None:
    now = timezone.now()
    code = make_pairing_code(register_id=make.register().id, now=now)

    with pytest.raises(PairingCodeInvalid):
        pair_by_code(code=code, app_version="", now=now + timedelta(minutes=5))

    assert pair_by_code(code=code, app_version="", now=now + timedelta(minutes=5, seconds=-1))


def test_a_code_that_was_guessed_at_five_times_is_worthless(code: str) -> None:
    answers = [pair(wrong(code)).json()["code"] for _ in range(MOST_WRONG)]

    assert set(answers) == {"pairing-code-invalid"}
    assert PairingCode.objects.get().wrong == MOST_WRONG
    assert pair(code).status_code == 403
    assert MOST_WRONG / len(LETTERS) ** SECRET < 1e-11


def test_guesses_at_one_code_cost_no_other(code: str) -> None:
    other = make_pairing_code(register_id=make.register().id, now=timezone.now())
    for _ in range(MOST_WRONG):
        pair(wrong(code))

    assert pair(other).status_code == 201


@pytest.mark.parametrize("typed", ["ZZZZ-0000-0000", "x", "ÄÖ", "🙂" * 12])
def test_what_is_no_code_gets_the_same_answer(code: str, typed: str) -> None:
    answer = pair(typed)

    assert (answer.status_code, answer.json()["code"]) == (403, "pairing-code-invalid")


def test_a_code_that_several_devices_send_at_once_pairs_one(committed: Tenant) -> None:
    code = make_pairing_code(register_id=make.register().id, now=timezone.now())
    together = Barrier(8)

    def use() -> str:
        together.wait(timeout=20)
        try:
            pair_by_code(code=code, app_version="", now=timezone.now())
        except PairingCodeInvalid as refusal:
            return refusal.code
        return "paired"

    outcomes = sorted(aside.join() for aside in [Aside(committed, use) for _ in range(8)])

    assert outcomes == ["paired", *["pairing-code-invalid"] * 7]
    assert Device.objects.count() == 1


def test_attempts_to_pair_are_counted_by_address(committed: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()

    answers = [pair("x").status_code for _ in range(21)]

    assert answers == [403] * 20 + [429]


def test_who_may_pair_makes_a_code_in_the_admin_which_is_shown_once(shop: Tenant) -> None:
    register = make.register()
    act = {"action": "make_code", "_selected_action": str(register.pk)}

    shown = people.owner().post("/admin/pos/register/", act)

    assert shown.status_code == 200
    assert "no-store" in shown["Cache-Control"]
    (secret,) = shown.context_data["secrets"]
    assert pair(secret.value).status_code == 201
    assert list(AuditEntry.objects.filter(action="pairing code made").values_list("detail", flat=True)) == ["R1"]
    people.viewer("view_register").post("/admin/pos/register/", act)
    assert PairingCode.objects.count() == 1


def test_a_device_reports_its_version_and_how_far_its_clock_is_off(shop: Tenant) -> None:
    device, token = make.device()
    ahead = timezone.now() + timedelta(minutes=6)

    answer = Terminal("north.localhost", token).post(
        "/devices/self/heartbeat", {"app_version": "1.5.0", "clock": ahead.isoformat()}, key=""
    )

    assert answer.status_code == 200
    device.refresh_from_db()
    assert device.app_version == "1.5.0"
    assert abs((device.clock_offset_ms or 0) - 360_000) < 10_000
    assert "server_time" in answer.json()


def test_what_a_device_leaves_out_stays_as_it_was(shop: Tenant) -> None:
    device, token = make.device()
    till = Terminal("north.localhost", token)
    till.post("/devices/self/heartbeat", {"app_version": "1.5.0", "clock": timezone.now().isoformat()}, key="")

    till.post("/devices/self/heartbeat", {}, key="")

    device.refresh_from_db()
    assert (device.app_version, device.clock_offset_ms is None) == ("1.5.0", False)
