"""W15: what an event needs and must not hold is kept beside the log, sealed, until it is taken."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.utils import timezone

from events.event import decode
from events.models import Event, KeptSecret
from events.publishing.publish import publish
from events.publishing.safekeeping import SecretGone, forget_old, keep, reference_of, take
from events.publishing.unit_of_work import unit_of_work
from events.testing.work import drain, settle
from kernel.ids import new_id
from kernel.tenancy import in_public_schema, in_tenant
from payments.models import PaymentIntent
from tenants.models import Tenant
from tests.support import make
from tests.support.golden import golden
from tests.support.unchanged import nothing_happened


def kept(*secrets: str) -> list[UUID]:
    keep({f"test:{secret}": secret for secret in secrets})
    return [reference_of(f"test:{secret}") for secret in secrets]


def test_w15_no_event_of_a_card_order_holds_the_token_and_the_card_is_charged(shop: Tenant) -> None:
    make.variant()

    order = make.order(make.card(400, "tok_approve"), make.cash(1000))
    kept = KeptSecret.objects.get()
    settle()

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM events_event WHERE data::text LIKE '%tok_approve%'")
        assert cursor.fetchone() == (0,)
    assert "tok_approve" not in kept.sealed
    (tender,) = [each for each in Event.objects.get(type="pos.order_placed").data["tenders"] if each["charged_here"]]
    assert kept.id == reference_of(f"tender:{tender['tender_id']}")
    order.refresh_from_db()
    assert (order.status, PaymentIntent.objects.get().state) == ("COMPLETED", "CAPTURED")
    assert not KeptSecret.objects.exists()


def test_w15_an_event_of_before_is_still_read_and_charged(shop: Tenant) -> None:
    event = decode("pos.card_charge_requested", 1, json.dumps(golden("pos.card_charge_requested", 1)))
    with unit_of_work():
        publish(event)

    drain("payments.charge_cards")

    assert PaymentIntent.objects.get().card_token == "tok_decline"


def test_w15_a_secret_is_taken_once_and_a_rollback_gives_it_back(shop: Tenant) -> None:
    first, second = kept("one", "two")

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        assert take(second) == "two"
        raise ZeroDivisionError
    taken = take(second)

    assert taken == "two"
    with nothing_happened(), pytest.raises(SecretGone):
        take(second)
    assert take(first) == "one"


def test_w15_a_secret_is_its_shops_alone(shop: Tenant, south: Tenant) -> None:
    (reference,) = kept("one")

    with in_tenant(south):
        assert KeptSecret.objects.count() == 0
        with nothing_happened(), pytest.raises(SecretGone):
            take(reference)

    assert take(reference) == "one"


@pytest.mark.parametrize("reference", [new_id(), UUID(int=0)])
def test_w15_nothing_is_kept_under_another_reference(shop: Tenant, reference: Any) -> None:
    with nothing_happened(), pytest.raises(SecretGone, match="nothing is kept"):
        take(reference)


def test_w15_what_nobody_takes_is_forgotten_after_thirty_days(shop: Tenant) -> None:
    old, new = kept("one", "two")
    KeptSecret.objects.filter(id=old).update(kept_at=timezone.now() - timedelta(days=31))

    with in_public_schema():
        assert forget_old() == 1

    assert list(KeptSecret.objects.values_list("id", flat=True)) == [new]


def test_w15_what_is_kept_under_a_name_again_replaces_it(shop: Tenant) -> None:
    keep({"tender:1": "one"})
    keep({"tender:1": "two"})

    assert take(reference_of("tender:1")) == "two"


def test_w15_a_name_is_kept_apart_for_each_shop(shop: Tenant, south: Tenant) -> None:
    keep({"tender:1": "one"})

    with in_tenant(south):
        assert reference_of("tender:1") != UUID(int=0)
        with pytest.raises(SecretGone):
            take(reference_of("tender:1"))
        keep({"tender:1": "two"})

    assert take(reference_of("tender:1")) == "one"
