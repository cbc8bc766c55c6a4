"""What the gateway had refused before the upgrade was known to payments alone: the migrations make it a debt."""

from importlib import import_module

import pytest
from django.db import connection

from payments.models import Payment, PaymentRefund
from pos.models import Refund, Tender
from tenants.models import Tenant
from tests.support import make
from tests.support.verifying import require_sound

STATEMENTS = (
    import_module("pos.migrations.0026_refunds").OUTCOMES,
    import_module("payments.migrations.0004_refused_refunds").REFUSED,
)


@pytest.fixture(autouse=True)
def _catalogue(shop: Tenant) -> None:
    make.variant("MUG", 1000)
    make.shift()


def as_older_code_left_it() -> None:
    Refund.objects.update(state="COMPLETED", failure="")
    Tender.objects.update(refunded=1000)
    Payment.objects.update(refunded=1000)
    PaymentRefund.objects.update(reference="more than was charged", failure="", kind="", order_id=None, tender_id=None)


def migrated() -> None:
    with connection.cursor() as cursor:
        for statement in STATEMENTS:
            cursor.execute(statement)


@pytest.mark.parametrize("order", [STATEMENTS, STATEMENTS[::-1]])
def test_sh10_a_refund_that_was_refused_before_is_owed(order: tuple[str, ...]) -> None:
    refund = make.refused_refund()
    as_older_code_left_it()

    with connection.cursor() as cursor:
        for statement in order:
            cursor.execute(statement)

    refund.refresh_from_db()
    assert (refund.state, refund.failure) == ("FAILED", "more than was charged")
    assert PaymentRefund.objects.get().failure == "more than was charged"
    assert Tender.objects.get().refunded == Payment.objects.get().refunded == 0
    make.replaced(refund)
    require_sound()


def test_sh4_a_charge_that_was_given_back_before_is_a_row_and_a_pending_refund_is_pending() -> None:
    refund = make.refused_refund()
    as_older_code_left_it()
    Refund.objects.update(parent=None)
    Refund.objects.all().delete()
    PaymentRefund.objects.update(return_id=None)

    migrated()

    made = Refund.objects.get()
    assert (made.id, made.state, made.order_id, made.amount) == (
        refund.id,
        "FAILED",
        Tender.objects.get().order_id,
        1000,
    )
    PaymentRefund.objects.update(state="PENDING")
    migrated()
    assert Refund.objects.get().state == "PENDING"
    assert Tender.objects.get().refunded == Payment.objects.get().refunded == 1000
