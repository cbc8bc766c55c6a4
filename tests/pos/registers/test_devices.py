"""W9, W11 and W15: a device's token is shown once, expires, rotates with an overlap, and stays revoked."""

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from events.models import AuditEntry
from kernel.ids import new_id
from kernel.refusals import NotFound
from kernel.tenancy import in_tenant
from kernel.text import TextRefused
from pos.models import Device, Register
from pos.registers.services import (
    DeviceExpired,
    DeviceRevoked,
    ExpiryInvalid,
    change_device,
    pair_device,
    revoke_device,
    rotate_device_token,
)
from tenants.models import Tenant
from tests.support import make, people
from tests.support.terminal import Terminal
from tests.support.unchanged import nothing_happened

LIST = "/admin/pos/device/"


@pytest.fixture
def paired(shop: Tenant) -> tuple[Device, Terminal]:
    device, token = make.device()
    return device, Terminal("north.localhost", token)


def status(till: Terminal) -> int:
    return int(till.get("/orders").status_code)


def act(client: Client, action: str, *devices: Device, **more: str) -> Any:
    return client.post(LIST, {"action": action, "_selected_action": [str(d.pk) for d in devices], **more})


@pytest.mark.parametrize(
    "revive",
    [
        lambda device: Device.objects.filter(pk=device.pk).update(status="PAIRED"),
        lambda device: Device.objects.filter(pk=device.pk).update(token_hash="0" * 64),
        lambda device: _with(device, "PAIRED").save(),
        lambda device: Device.objects.bulk_update([_with(device, "PAIRED")], ["status"]),
    ],
)
def test_w09_no_statement_revives_a_revoked_device(
    paired: tuple[Device, Terminal], revive: Callable[[Device], Any]
) -> None:
    device, till = paired
    revoke_device(device_id=device.id)

    with pytest.raises(IntegrityError, match="final"), transaction.atomic():
        revive(Device.objects.get(pk=device.pk))

    assert till.get("/orders").json()["code"] == "device-revoked"


def _with(device: Device, value: str) -> Device:
    device.status = value
    return device


def test_w09_no_form_of_the_admin_revives_a_revoked_device(paired: tuple[Device, Terminal]) -> None:
    device, till = paired
    client = people.owner()
    revoke_device(device_id=device.id)
    form = {"name": "Till", "register": str(device.register_id), "status": "PAIRED"}

    client.post(f"{LIST}{device.pk}/change/", form)
    act(client, "rotate", device)

    device.refresh_from_db()
    assert (device.name, device.status) == ("Till", "REVOKED")
    assert status(till) == 401


def test_w09_services_and_commands_revive_no_revoked_device(paired: tuple[Device, Terminal]) -> None:
    device, _ = paired
    revoke_device(device_id=device.id)

    for again in (revoke_device, rotate_device_token):
        with nothing_happened(), pytest.raises(DeviceRevoked):
            again(device_id=device.id)
        with nothing_happened(), pytest.raises(NotFound):
            again(device_id=new_id())
    with nothing_happened(), pytest.raises(CommandError, match="was revoked, which is final"):
        call_command("device", "rotate", str(device.id), "--tenant", "north")


@pytest.mark.parametrize("name", ["", "Till\nof the door", "x" * 201])
def test_a_device_is_paired_under_a_printable_name(shop: Tenant, name: str) -> None:
    with nothing_happened(), pytest.raises(TextRefused, match="the name of a device"):
        pair_device(register_code="R1", name=name)


def test_w09_an_expired_token_is_not_rotated(paired: tuple[Device, Terminal]) -> None:
    device, _ = paired
    Device.objects.update(expires_at=timezone.now())

    with nothing_happened(), pytest.raises(DeviceExpired, match="has expired: pair a new one"):
        rotate_device_token(device_id=device.id)


@pytest.mark.parametrize("days", [-365 * 40, 365 * 11])
def test_w11_a_device_expires_within_ten_years(paired: tuple[Device, Terminal], days: int) -> None:
    device, _ = paired

    with nothing_happened(), pytest.raises(ExpiryInvalid):
        change_device(device_id=device.id, changed={"expires_at": timezone.now() + timedelta(days=days)})


def test_a_token_of_another_shop_is_refused(api: Terminal, south: Tenant) -> None:
    with in_tenant(south):
        _, token = make.device()

    answer = Terminal("north.localhost", token).get("/orders")

    assert (answer.status_code, answer.json()["code"]) == (403, "tenant-mismatch")


def test_w09_a_rotated_token_works_beside_the_one_before_for_a_day(paired: tuple[Device, Terminal]) -> None:
    device, before = paired

    after = Terminal("north.localhost", rotate_device_token(device_id=device.id))
    both = (status(before), status(after))
    Device.objects.update(previous_until=timezone.now())

    assert both == (200, 200)
    assert (status(before), status(after)) == (401, 200)


def test_w09_a_revocation_ends_both_tokens(paired: tuple[Device, Terminal]) -> None:
    device, before = paired
    after = Terminal("north.localhost", rotate_device_token(device_id=device.id))

    revoke_device(device_id=device.id)

    assert (status(before), status(after)) == (401, 401)


def test_w09_a_token_expires(shop: Tenant) -> None:
    _, token = pair_device(register_code="R1", name="For a day", expires_at=timezone.now() + timedelta(days=1))
    till = Terminal("north.localhost", token)
    before = status(till)

    Device.objects.update(expires_at=timezone.now())

    assert before == 200
    assert till.get("/orders").json()["code"] == "device-token-expired"


def test_w09_the_last_use_is_noted_every_five_minutes_and_costs_nothing_between(
    paired: tuple[Device, Terminal], django_assert_num_queries: Any
) -> None:
    device, till = paired
    long_ago = timezone.now() - timedelta(hours=1)
    till.get("/variants")
    Device.objects.update(last_used_at=long_ago)

    till.get("/variants")
    device.refresh_from_db()
    noted = device.last_used_at
    with django_assert_num_queries(4):
        till.get("/variants")

    device.refresh_from_db()
    assert noted is not None
    assert noted > long_ago + timedelta(minutes=59)
    assert device.last_used_at == noted


def test_w15_a_pairing_shows_its_token_in_the_answer_and_nowhere_else(shop: Tenant) -> None:
    client = people.owner()
    form = {"action": "pair", "_selected_action": [str(make.register().pk)]}

    answer = client.post("/admin/pos/register/", form)

    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    assert b"tf.north." in answer.content
    assert "messages" not in client.cookies
    assert "tf.north." not in str([cookie.OutputString() for cookie in client.cookies.values()])
    assert "tf.north." not in str(dict(client.session))
    assert b"tf.north." not in client.get("/admin/pos/register/").content
    assert AuditEntry.objects.get(action="device paired").actor == "user:ada"


def test_w11_a_rotation_and_a_revocation_in_the_admin_are_audited(paired: tuple[Device, Terminal]) -> None:
    device, till = paired
    client = people.owner()

    shown = act(client, "rotate", device)
    asked = act(client, "revoke", device)
    before = status(till)
    act(client, "revoke", device, confirmed="yes")

    assert b"tf.north." in shown.content
    assert b"cannot be taken back" in asked.content
    assert (before, status(till)) == (200, 401)
    found = AuditEntry.objects.filter(subject=f"device:{device.id}").order_by("id")
    assert [(entry.action, entry.actor) for entry in found] == [
        ("device paired", ""),
        ("device token rotated", "user:ada"),
        ("device revoked", "user:ada"),
    ]


def test_the_command_pairs_lists_rotates_and_revokes(shop: Tenant) -> None:
    def run(*arguments: str) -> str:
        out = StringIO()
        call_command("device", *arguments, "--tenant", "north", stdout=out)
        return out.getvalue().strip()

    token = run("pair", "--name", "Door", "--days", "30")
    (line,) = run("list").splitlines()
    rotated = run("rotate", line.split()[0])
    said = run("revoke", line.split()[0])

    assert token.startswith("tf.north.")
    assert rotated.startswith("tf.north.")
    assert "R1 PAIRED last used" in line
    assert said == "the device Door is revoked"
    assert AuditEntry.objects.filter(actor="command").count() == 3


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        (["pair", "--days", "0"], "not a number of days"),
        (["pair", "--name", "x" * 201], "not a printable text"),
        (["revoke", "R1"], "not a device id"),
        (["revoke", str(new_id())], "no device"),
        (["pair", "--register", "R9"], "no register"),
    ],
)
def test_the_command_says_what_was_wrong(shop: Tenant, typed: list[str], reason: str) -> None:
    with nothing_happened(), pytest.raises(CommandError, match=reason):
        call_command("device", *typed, "--tenant", "north")


def test_w15_no_message_travels_in_a_cookie(shop: Tenant) -> None:
    client = people.owner()

    saved = client.post("/admin/pos/taxrate/add/", {"name": "Reduced", "rate": "0.07"})

    assert saved.status_code == 302
    assert set(client.cookies) <= {"sessionid", "csrftoken"}
    assert b"was added successfully" in client.get("/admin/pos/taxrate/").content


def test_f11_a_shop_that_no_worker_has_furnished_yet_says_so(shop: Tenant) -> None:
    with nothing_happened(), pytest.raises(NotFound, match="has no register 'R9'; it has R1$"):
        pair_device(register_code="R9", name="Till")

    Register.objects.all().delete()

    with nothing_happened(), pytest.raises(NotFound, match="the workers make R1"):
        pair_device(register_code="R1", name="Till")
