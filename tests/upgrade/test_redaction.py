"""What events of version 1 hold of people and cards is redacted once in an upgraded installation (SH14)."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from events.maintenance.retention import retain
from events.models import Event, OperatorAction
from kernel.tenancy import in_public_schema, in_tenant
from payments.models import PaymentIntent
from tenants.services import reactivate_tenant
from tests.support.scanning import found
from tests.upgrade.restoring import Upgraded
from tests.upgrade.working import parked, shop, verified, work

MONTH = "2026_09"


def redacted() -> str:
    out = StringIO()
    with in_public_schema():
        call_command("redact", stdout=out, stderr=out)
    return out.getvalue().splitlines()[-1]


def everything_but_data() -> list[dict[str, Any]]:
    with in_public_schema():
        rows = Event.objects.order_by("tenant_id", "position").values()
        return [{**row, "data": sorted(row["data"])} for row in rows]


def places(capsys: pytest.CaptureFixture[str]) -> set[str]:
    return {where.split(":")[0] for where in found(capsys)}


def test_sh14_an_upgraded_installation_holds_nothing_personal_once_it_is_redacted(
    upgraded: Upgraded, capsys: pytest.CaptureFixture[str]
) -> None:
    assert {"events_event", "events_outgoing", "archive"} <= places(capsys)
    before = everything_but_data()

    first = redacted()

    assert everything_but_data() == before
    assert not first.endswith("waiting=0")
    with in_tenant(shop("cedar")):
        reactivate_tenant(tenant=shop("cedar"))
    work()
    capsys.readouterr()

    assert redacted().endswith("waiting=0")
    assert list(found(capsys)) == []
    assert redacted() == "redact: events=0 waiting=0"
    assert "broken=0" in verified().splitlines()[-1]


def test_what_is_pending_is_applied_as_it_was_asked_for_though_a_redaction_comes_first(upgraded: Upgraded) -> None:
    redacted()
    work()

    with in_tenant(shop("alder")):
        assert PaymentIntent.objects.filter(card_token="tok_approve", state="CAPTURED").exists()
        assert not PaymentIntent.objects.filter(card_token__in=["", "token:"]).exists()
    assert parked("alder")["DEAD"] == 2


def test_a_redaction_is_recorded_and_months_are_dropped_and_verified_after_it(upgraded: Upgraded) -> None:
    redacted()

    with in_public_schema():
        acts = OperatorAction.objects.filter(action="redact", tenant_id="alder").values_list("reason", flat=True)
        assert all("hmac-sha256" in act for act in acts)
        assert any("archived events of events_event_2026_08" in act for act in acts)
        work()
        done = retain(before=Event.objects.order_by("-recorded_at").values_list("recorded_at", flat=True)[0])
    assert [(month.month, month.dropped) for month in done][:1] == [(MONTH, True)]
    call_command("retention", "--check", stdout=StringIO())
    assert "broken=0" in verified().splitlines()[-1]
