"""What can be asked of the cash office."""

from uuid import UUID

from django.db.models import QuerySet

from payments.models import Payment, PaymentIntent


def payments_of(order_id: UUID | None) -> QuerySet[Payment]:
    payments = Payment.objects.prefetch_related("refunds")
    return payments.filter(order_id=order_id) if order_id else payments


def intents_of(order_id: UUID | None) -> QuerySet[PaymentIntent]:
    intents = PaymentIntent.objects.all()
    return intents.filter(order_id=order_id) if order_id else intents
