"""What a till took is recorded once, however often it is heard, and whichever event says it first."""

from events.testing.prover import prove_idempotent
from events.testing.work import drain
from payments.models import Payment
from pos.orders.services.paying import add_tenders
from tenants.models import Tenant
from tests.support import make


def test_sh4_what_was_taken_before_an_order_was_completed_is_recorded_once(committed: Tenant) -> None:
    make.variant("MUG", 1000)
    order = make.order(make.cash(300))
    add_tenders(order_id=order.id, register=make.register(), tenders=[make.cash(700)], now=make.NOW)

    assert "payments_payment" in prove_idempotent("payments.record_payments").tables

    drain("payments.record_payments")
    assert sorted(Payment.objects.values_list("amount", flat=True)) == [300, 700]
