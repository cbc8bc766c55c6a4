"""Item 9 of the day: the demo's shops have staff, a closed shift with its Z, reports, and a till that is ready to sell."""

import json
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from demo import crew as crews
from demo import demo as demos
from demo import proofs, steps
from demo.credentials import Credentials, print_credentials
from demo.crew import Crew
from demo.people import CASHIER, MANAGER
from demo.steps import DemoFailed
from demo.till import ApiRefused, Till
from events.testing.work import settle
from kernel.tenancy import in_tenant
from pos.models import Device, ExceptionCase, Order, Shift
from pos.registers.services import revoke_device
from staff.duty.models import Approval, StaffMember
from staff.duty.services.members import change_member, give_pin
from staff.services import hire_owner
from tenants.models import Tenant
from tests.support.browsing import Served, serving


@pytest.fixture
def server(committed: Tenant) -> Iterator[Served]:
    with serving() as served:
        yield served


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The commands that the demo types; they run in the test's process."""
    seen: list[str] = []

    def manage(*arguments: str, **_environment: str) -> str:
        seen.append(" ".join(arguments))
        out = StringIO()
        call_command(*arguments, stdout=out)
        return out.getvalue()

    monkeypatch.setattr(crews, "manage", manage)
    return seen


@pytest.fixture
def crew(server: Served, typed: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Crew:
    monkeypatch.setenv("TILLFLOW_VAR", str(tmp_path))
    monkeypatch.setitem(demos.GOODS, "north", demos.GOODS["corner_shop"])  # type: ignore[arg-type]
    credentials = Credentials.load()
    hire_owner(username="admin", password=credentials.owner)
    made = Crew(shop="north", url=f"http://127.0.0.1:{server.port}", credentials=credentials)
    made.ensure()
    typed.clear()
    return made


@pytest.fixture
def day(crew: Crew) -> str:
    demos._stock(crew)
    said = demos._spend_day(crew)
    settle()
    return said


def test_the_day_has_a_z_reports_and_a_till_that_is_ready(day: str, crew: Crew, committed: Tenant) -> None:
    assert day == "shift 1 is closed"
    assert proofs.prove_day(crew).startswith("Z report R1-Z000001: ")
    assert proofs.prove_till(crew) == "R1 is ready for Anna and Max"
    with in_tenant(committed):
        closed = Shift.objects.get(state="CLOSED")
        assert closed.counted["cash"] - closed.expected["cash"] == -50
        assert Shift.objects.filter(state="OPEN").count() == 1
        assert set(Order.objects.values_list("status", flat=True)) == {"COMPLETED"}
        assert None not in Order.objects.values_list("staff_id", flat=True)
        assert Approval.objects.get().consumed_at is not None
        assert ExceptionCase.objects.count() == 0


def test_a_second_start_closes_no_shift_and_makes_nothing_anew(day: str, crew: Crew, typed: list[str]) -> None:
    before = Credentials.load()
    demos._stock(crew)
    crew.ensure()

    assert demos._spend_day(crew) == "shift 1 is closed"
    assert typed == []
    assert Credentials.load() == before


def test_a_day_that_is_long_ago_is_followed_by_another(day: str, crew: Crew, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demos, "FRESH", timedelta(seconds=-60))

    assert demos._spend_day(crew) == "shift 2 is closed"


def test_a_day_is_sold_in_the_shift_that_an_older_demo_has_left_open(crew: Crew) -> None:
    demos._stock(crew)
    shift = crew.signed_in(MANAGER).ensure_shift()
    demos._spend_day(crew)
    settle()

    assert crew.signed_in(MANAGER).get(f"/shifts/{shift}")["state"] == "CLOSED"
    assert proofs.prove_day(crew).startswith("Z report R1-Z000001: ")


def test_the_demo_is_not_ready_without_a_z_without_figures_or_without_a_page(
    crew: Crew, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(IndexError):
        proofs.prove_day(crew)
    demos._stock(crew)
    demos._spend_day(crew)
    monkeypatch.setattr(steps, "PATIENCE_SECONDS", 1)
    with pytest.raises(DemoFailed, match="the report sales"):
        proofs.prove_day(crew)
    monkeypatch.setattr(Crew, "till", Crew.terminal)
    monkeypatch.setattr(proofs.re, "findall", lambda *_: ["/static/till/no_such_file.js"])
    with pytest.raises(DemoFailed, match="the till's page and scripts answer"):
        proofs.prove_till(crew)


def test_a_pin_that_was_replaced_is_drawn_again(crew: Crew, typed: list[str], committed: Tenant) -> None:
    with in_tenant(committed):
        anna = StaffMember.objects.get(code=CASHIER.code)
        give_pin(staff_id=anna.id)
        change_member(staff_id=anna.id, changed={"is_active": False})
    token = crew.credentials.tills["north"]
    with pytest.raises(ApiRefused, match="pin-wrong"):
        crew.signed_in(CASHIER)
    crew.ensure()

    assert typed == ["demo_crew --tenant north"]
    assert crew.signed_in(CASHIER).get("/staff-sessions/current")["staff"]["code"] == CASHIER.code
    assert Credentials.load().tills["north"] == token


def test_devices_that_were_revoked_are_paired_again(crew: Crew, typed: list[str], committed: Tenant) -> None:
    with in_tenant(committed):
        for device in Device.objects.all():
            revoke_device(device_id=device.id)
    before = dict(crew.credentials.tills)
    crew.ensure()

    assert [each.split()[0] for each in typed] == ["device", "demo_crew"]
    assert crew.credentials.tills != before
    assert crew.signed_in(MANAGER).get("/devices/self")["needs_staff"]


def test_what_another_version_has_kept_is_read_and_completed(
    crew: Crew, typed: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    token = crew.credentials.tokens["north"]
    older = {"owner": "o", "flower": "f", "tokens": {"north": token}, "web_port": 1, "of_a_newer_one": 2}
    Credentials.file().write_text(json.dumps(older))
    kept = Credentials.load()
    made = Crew(shop="north", url=crew.url, credentials=kept)
    made.ensure()

    assert (kept.owner, kept.tokens["north"]) == ("o", token)
    assert set(Credentials.load().pins["north"]) == {CASHIER.code, MANAGER.code}


def test_a_retailer_s_file_is_sent_to_a_shop_that_has_staff(
    day: str, crew: Crew, tmp_path: Path, committed: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Till, "require_web", lambda _: None)
    file, out = tmp_path / "retail.csv", StringIO()
    head = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
    rows = "540001,20001,GOODS,2,2010-12-01T08:26,3.50,1,UK\nC540002,20001,GOODS,-1,2010-12-01T08:26,3.50,1,UK\n"
    file.write_text(head + rows)
    call_command("replay_orders", file, "--tenant", "north", "--url", crew.url, stdout=out)

    assert "orders=1 returns=1" in out.getvalue()
    assert "refused=0" in out.getvalue()
    with in_tenant(committed):
        replaying = StaffMember.objects.get(code="REPLAY")
        assert Order.objects.filter(staff_id=replaying.id).count() == 1
        assert not replaying.is_active


def test_ready_prints_the_till_a_code_and_a_pin(crew: Crew, capsys: pytest.CaptureFixture[str]) -> None:
    crew.credentials.tills["corner_shop"] = crew.credentials.tills["north"]
    crew.credentials.pins["corner_shop"] = crew.credentials.pins["north"]

    print_credentials(crew.credentials)

    printed = capsys.readouterr().out
    assert "http://corner-shop.localhost:8000/till/" in printed
    assert f"device token: {crew.credentials.tills['north']}" in printed
    for worker in (CASHIER, MANAGER):
        assert f"staff code {worker.code}, PIN {crew.pin(worker)}" in printed
    assert "http://corner-shop.localhost:8000/admin/pos/register/" in printed
