"""W15: what an event needs and must not hold is kept beside the log, sealed, until it is taken."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.utils import timezone

from events.event import decode
from events.models import Event, KeptSecret
from events.publishing.safekeeping import SecretGone, forget_old, keep, take
from events.testing.work import settle
from kernel.ids import new_id
from kernel.tenancy import in_public_schema, in_tenant
from payments.models import PaymentIntent
from pos.events import CardChargeRequested
from tenants.models import Tenant
from tests.support import make
from tests.support.golden import golden
from tests.support.unchanged import nothing_happened


def test_w15_no_event_of_a_card_order_holds_the_token_and_the_card_is_charged(shop: Tenant) -> None:
    make.variant()

    order = make.order(make.card(400, "tok_approve"), make.cash(1000))
    kept = KeptSecret.objects.get()
    settle()

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM events_event WHERE data::text LIKE '%tok_approve%'")
        assert cursor.fetchone() == (0,)
    assert "tok_approve" not in kept.sealed
    requested = Event.objects.get(type="pos.card_charge_requested")
    assert (requested.version, requested.data["charge"]["card_reference"]) == (2, str(kept.id))
    order.refresh_from_db()
    assert (order.status, PaymentIntent.objects.get().state) == ("COMPLETED", "CAPTURED")
    assert not KeptSecret.objects.exists()


def test_w15_an_event_of_before_is_still_read_and_charged(shop: Tenant) -> None:
    from events.subscribing import Delivery
    from payments.subscribers import charge_cards

    old = golden("pos.card_charge_requested", 1)
    import json

    event = decode("pos.card_charge_requested", 1, json.dumps(old))
    assert isinstance(event, CardChargeRequested)
    unused: Delivery[CardChargeRequested] = None  # type: ignore[assignment]

    charge_cards(event, unused)

    assert PaymentIntent.objects.get().card_token == "tok_decline"


def test_w15_a_secret_is_taken_once_and_a_rollback_gives_it_back(shop: Tenant) -> None:
    first, second = keep(["one", "two"])

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        assert take(second) == "two"
        raise ZeroDivisionError
    taken = take(second)

    assert taken == "two"
    with nothing_happened(), pytest.raises(SecretGone):
        take(second)
    assert take(first) == "one"


def test_w15_a_secret_is_its_shops_alone(shop: Tenant, south: Tenant) -> None:
    (reference,) = keep(["one"])

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
    old, new = keep(["one", "two"])
    KeptSecret.objects.filter(id=old).update(kept_at=timezone.now() - timedelta(days=31))

    with in_public_schema():
        assert forget_old() == 1

    assert list(KeptSecret.objects.values_list("id", flat=True)) == [new]
