"""A refund that the gateway refuses leaves the totals of its shift; where that is closed, it amends the Z (SH10, C1)."""

import json
from typing import Any

import pytest

from events.testing.work import published, settle
from payments.gateways.gateway import Answer
from payments.gateways.simulator import SimulatedGateway
from pos.models import Location, Receipt, Refund, ReportFigure, Shift, ShiftAmendment
from pos.receipts.reports import read_printed
from pos.receipts.text import receipt_text
from tests.support import make
from tests.support.day import closed, opened
from tests.support.terminal import Terminal
from tests.support.verifying import require_sound


@pytest.fixture
def refusing(api: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    make.variant("MUG", 500)
    monkeypatch.setattr(
        SimulatedGateway, "refund", lambda *_, **__: Answer(approved=False, reference="", reason="card expired")
    )


def returned(api: Terminal) -> str:
    """Open a shift, sell two mugs by card, and take them back; the gateway is not asked yet."""
    shift = opened(api)
    order = make.order(make.card(1000), lines=[make.asked("MUG", "2")])
    settle()
    make.return_(order, make.returning(order, "2"))
    return shift


def gateway(tenders: list[Any]) -> tuple[int, int, int]:
    (found,) = [each for each in tenders if each.get("tender_type", each.get("type")) == "gateway"]
    return found["amount"], found["refunds"], found["refunded"]


def z_of(shift: str) -> dict[str, Any]:
    snapshot: dict[str, Any] = json.loads(Receipt.objects.get(kind="Z", source_id=shift).snapshot)
    return snapshot


def test_c1_a_refund_that_is_refused_before_closing_is_not_in_the_z(api: Terminal, refusing: None) -> None:
    shift = returned(api)
    settle()
    make.replaced(Refund.objects.get(), amount=300)

    closed(api, shift, 9700)

    assert Shift.objects.get().over_short == {"cash": 0}
    assert Shift.objects.get().expected == {"cash": 9700, "gateway": 1000}
    assert gateway(z_of(shift)["tenders"]) == (1000, 0, 0)
    settle()
    assert not ShiftAmendment.objects.exists()
    require_sound()


def test_c1_a_refusal_that_the_projection_has_not_seen_is_in_the_z(api: Terminal, refusing: None) -> None:
    shift = returned(api)
    settle(without="pos.sum_shifts")

    closed(api, shift, 10000)

    assert gateway(z_of(shift)["tenders"]) == (1000, 0, 0)
    settle()
    assert not ShiftAmendment.objects.exists()
    require_sound()


def test_c2_a_refund_that_is_refused_after_closing_amends_the_z(api: Terminal, refusing: None) -> None:
    shift = returned(api)
    closed(api, shift, 10000)
    before = z_of(shift)

    settle()

    assert z_of(shift) == before
    assert gateway(before["tenders"]) == (1000, 1, 1000)
    (amended,) = published("pos.shift_amended")
    assert gateway(amended.data["tenders"]) == (0, -1, -1000)
    assert amended.data["return_ids"] == [str(Refund.objects.get().parent_id)]
    assert amended.data["grand_total"] == amended.data["grand_total_before"]
    receipt = Receipt.objects.get(kind="CORRECTION")
    assert json.loads(receipt.snapshot)["reason"] == "REFUSED"
    text = receipt_text(read_printed(receipt.snapshot), columns=42, copy=0)
    assert "refunds refused: 1" in text
    require_sound()


def test_what_amends_the_z_of_a_drawer_is_of_its_place_wherever_its_register_is_now(
    api: Terminal, refusing: None
) -> None:
    closed(api, returned(api), 10000)
    register, here = make.register(), make.register().location
    register.location = Location.objects.create(code="TYO", name="Tokyo", currency="EUR", timezone="Asia/Tokyo")
    register.drawer = None
    register.save()

    settle()

    (amended,) = published("pos.shift_amended")
    assert (amended.data["location_id"], amended.data["time_zone"]) == (str(here.id), here.timezone)
    snapshot = json.loads(Receipt.objects.get(kind="CORRECTION").snapshot)
    assert (snapshot["location"]["name"], snapshot["when"]["zone"]) == (here.name, here.timezone)
    assert published("pos.refund_refused")[-1].data["location_id"] == str(here.id)
    figures = ReportFigure.objects.filter(kind="TENDERS", direction="RETURN")
    assert [(each.location_id, each.total) for each in figures] == [(here.id, 0)]
    require_sound()
