"""What the cash office sends to the gateway."""

from django.utils import timezone

from events.outgoing.calls import Call, State, register_sender
from events.subscribing import Backoff
from payments.gateways.gateway import Answer, card_gateway
from payments.models import PaymentIntent, PaymentRefund
from payments.services.charging import CHARGE, record_charge, record_no_answer
from payments.services.refunding import REFUND, record_refund


class ChargeSender:
    """Charges a card. After an attempt without an answer it asks first whether the card was charged."""

    kind = CHARGE
    queue = "cards"
    backoff = Backoff(base=1.0, cap=300.0, attempts=12)
    lease_seconds = 60

    def send(self, call: Call) -> Answer | None:
        intent = PaymentIntent.objects.get(id=call.key)
        gateway = card_gateway()
        if call.attempt > 1 or intent.abandoned:
            found = gateway.look_up(key=intent.id)
            if found is not None or intent.abandoned:
                return found
        return gateway.charge(
            key=intent.id, amount=intent.amount, currency=intent.currency, card_token=intent.card_token
        )

    def record(self, call: Call, outcome: Answer | None) -> None:
        record_charge(intent_id=call.key, answer=outcome, now=timezone.now())

    def record_failure(self, call: Call, _error: Exception, _state: State) -> None:
        record_no_answer(intent_id=call.key)


class RefundSender:
    kind = REFUND
    queue = "cards"
    backoff = Backoff(base=2.0, cap=3600.0, attempts=20)
    lease_seconds = 60

    def send(self, call: Call) -> Answer:
        refund = PaymentRefund.objects.select_related("payment").get(id=call.key)
        assert refund.payment is not None
        assert refund.payment.intent_id is not None
        return card_gateway().refund(key=refund.id, charge_key=refund.payment.intent_id, amount=refund.amount)

    def record(self, call: Call, outcome: Answer) -> None:
        record_refund(refund_id=call.key, answer=outcome, now=timezone.now())

    def record_failure(self, call: Call, error: Exception, state: State) -> None:
        """Leave the refund pending: the row of the call says what went wrong."""


register_sender(ChargeSender())
register_sender(RefundSender())
