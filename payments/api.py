"""How terminals see the cash office: what was paid for an order, and the state of its cards."""

from typing import Any

from django.urls import path
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from payments.models import Payment, PaymentIntent, PaymentRefund
from payments.queries import intents_of, payments_of
from web.inputs import Query
from web.money import InOwnCurrency, MoneyField
from web.operations import operation
from web.pages import Pages
from web.scopes import PAYMENTS_READ


class OrderQuery(Query):
    renamed = {"order": "order_id"}

    order_id = serializers.UUIDField(required=False, default=None)


class PaymentRefundSerializer(InOwnCurrency, serializers.ModelSerializer[PaymentRefund]):
    amount = MoneyField(read_only=True)

    class Meta:
        model = PaymentRefund
        fields = ("id", "return_id", "tender_type", "amount", "state", "reference", "failure")


class PaymentSerializer(InOwnCurrency, serializers.ModelSerializer[Payment]):
    amount = MoneyField(read_only=True)
    refunded = MoneyField(read_only=True)
    refunds = PaymentRefundSerializer(many=True, read_only=True)

    class Meta:
        model = Payment
        fields = (
            "id", "order_id", "tender_id", "tender_type", "amount", "refunded", "reference", "occurred_at", "refunds",
        )  # fmt: skip


class PaymentIntentSerializer(InOwnCurrency, serializers.ModelSerializer[PaymentIntent]):
    amount = MoneyField(read_only=True)

    class Meta:
        model = PaymentIntent
        fields = (
            "id", "order_id", "tender_id", "amount", "state", "abandoned", "reference", "failure", "created_at",
        )  # fmt: skip


class PaymentListView(generics.GenericAPIView[Payment]):
    queryset = Payment.objects.none()
    serializer_class = PaymentSerializer
    pagination_class = Pages

    @operation(
        "list_payments", query=OrderQuery, answers=PaymentSerializer(many=True), paged=True, scopes=[PAYMENTS_READ]
    )
    def get(self, _request: Request, asked: dict[str, Any]) -> Response:
        """List payments with their refunds, all or those of an order."""
        page = self.paginate_queryset(payments_of(asked["order_id"]))
        return self.get_paginated_response(PaymentSerializer(page, many=True).data)


class PaymentIntentListView(generics.GenericAPIView[PaymentIntent]):
    queryset = PaymentIntent.objects.none()
    serializer_class = PaymentIntentSerializer
    pagination_class = Pages

    @operation(
        "list_payment_intents",
        query=OrderQuery,
        answers=PaymentIntentSerializer(many=True),
        paged=True,
        scopes=[PAYMENTS_READ],
    )
    def get(self, _request: Request, asked: dict[str, Any]) -> Response:
        """List cards that the backend charges or charged, all or those of an order."""
        page = self.paginate_queryset(intents_of(asked["order_id"]))
        return self.get_paginated_response(PaymentIntentSerializer(page, many=True).data)


urlpatterns = [
    path("payments", PaymentListView.as_view()),
    path("payment-intents", PaymentIntentListView.as_view()),
]
