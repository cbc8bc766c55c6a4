"""Exchanges: goods for other goods, with one payment of the difference."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from pos.exceptions.services.quarantine import QuarantineFull
from pos.exchanges.bodies import ExchangeBody
from pos.exchanges.receiving import REFUSES, receive_exchange
from pos.exchanges.serializers import ExchangeSerializer
from pos.orders.receiving import CLOCK
from pos.orders.serializers import HeldSerializer
from web.operations import operation
from web.scopes import ORDERS_WRITE, PAYMENTS_WRITE

LARGER_MUGS = {
    "occurred_at": "2026-11-23T12:10:00Z",
    "brought": {
        "id": "019ac8f2-1b30-7f05-8a6c-2f8d0f6b9c03",
        "lines": [{"sku": "MUG-01", "unit_price": {"amount": 1250, "currency": "EUR"}, "quantity": "1"}],
    },
    "wanted": {"id": "019ac8f2-1b30-7f05-8a6c-2f8d0f6b9c04", "lines": [{"sku": "MUG-01", "quantity": "2"}]},
    "tenders": [{"type": "cash", "amount": {"amount": 2000, "currency": "EUR"}}],
}


class ExchangeListView(APIView):
    @operation(
        "exchange_goods",
        body=ExchangeBody,
        answers={201: ExchangeSerializer, 202: HeldSerializer},
        refuses=(*REFUSES, QuarantineFull),
        keyed=True,
        scopes=[ORDERS_WRITE, PAYMENTS_WRITE],
        at="register",
        holds=True,
        parameters=[CLOCK],
        example=LARGER_MUGS,
    )
    def post(self, request: Request, asked: dict[str, Any]) -> Response:
        """Take goods back and sell others in one act.

        What was paid is accepted without an open shift, and from whoever's session has ended since, with an exception
        where something is wrong; from a revoked device or in a suspended shop it is held until a person decides (202).

        The goods that come back pay for the order as far as they are worth it, by a tender of the kind `EXCHANGE`; the
        two receipts name each other. Only the difference is paid: by `tenders`, or back by `refunds`.
        """
        return receive_exchange(request, asked)
