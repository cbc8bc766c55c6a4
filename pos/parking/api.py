"""Parked orders: parked, listed, claimed, sold, discarded."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from events.idempotency.requests import claimed
from kernel import limits
from kernel.refusals import NotFound
from pos.cash.services import ShiftNotOpen
from pos.catalogue.goods import LinesInvalid
from pos.exceptions.services.quarantine import CommandHeld, QuarantineFull
from pos.orders.answers import encoded_order
from pos.orders.arriving import MomentRefused
from pos.orders.bodies import DiscountBody, OrderLineBody, ResumedOrderBody
from pos.orders.discounts import DiscountExceedsPrice
from pos.orders.queries import orders
from pos.orders.receiving import (
    CLOCK,
    answer_again,
    asked_discounts,
    asked_lines,
)
from pos.orders.serializers import HeldSerializer, OrderSerializer
from pos.orders.services.refusals import CurrencyMismatch, OrderExists
from pos.orders.tenders import TenderMismatch
from pos.parking.models import ParkedOrder
from pos.parking.queries import parked_orders
from pos.parking.receiving import receive_resumed
from pos.parking.services import CartLeased, claim_order, discard_order, park_order, release_order
from pos.registers.authentication import device_of, register_of
from pos.registers.models import Device
from staff.duty.permitting import REFUSALS as NOT_PERMITTED
from web.commands import ApprovableBody, command_of
from web.errors import ApiProblem
from web.fields import MailAddress, Text, UUIDv7Field
from web.money import MoneyField
from web.operations import operation
from web.pages import Pages
from web.places import place_of
from web.scopes import ORDERS_READ, ORDERS_WRITE
from web.terminal import require_money_scope

CART = ("lines", "discounts")


class ParkBody(ApprovableBody):
    id = UUIDv7Field()
    label = Text(limits.NAME, optional=True, help_text="How people at the till call it")  # type: ignore[assignment]
    lines = OrderLineBody(many=True, allow_empty=False, max_length=limits.MOST_LINES)  # type: ignore[call-arg]
    discounts = DiscountBody(many=True, default=list, max_length=limits.MOST_DISCOUNTS)  # type: ignore[call-arg]
    customer_email = MailAddress()
    note = Text(limits.NOTE, optional=True, lines=True)


class DiscardOrderBody(ApprovableBody):
    reason = Text(limits.REASON)


class ParkedOrderSerializer(serializers.ModelSerializer[ParkedOrder]):
    """`total` is what it would have come to when it was parked; `cart` is what was sent: lines and discounts."""

    id = serializers.UUIDField(source="order_id", read_only=True)
    register_id = serializers.UUIDField(source="order.register_id", read_only=True)
    note = serializers.CharField(source="order.note", read_only=True)
    total = MoneyField(source="order.total", read_only=True)
    cart = serializers.SerializerMethodField()

    class Meta:
        model = ParkedOrder
        fields = (
            "id", "label", "register_id", "note", "total", "cart", "parked_at", "device_id", "staff_id", "claimed_by",
            "claim_expires_at",
        )  # fmt: skip

    def to_representation(self, parked: ParkedOrder) -> Any:
        self.context["currency"] = parked.order.currency  # type: ignore[index]
        return super().to_representation(parked)

    @extend_schema_field({"type": "object", "additionalProperties": True})
    def get_cart(self, parked: ParkedOrder) -> Any:
        return parked.cart


class ParkedOrderPages(Pages):
    ordering = "order_id"


class ParkedOrderListView(generics.GenericAPIView[ParkedOrder]):
    queryset = ParkedOrder.objects.none()
    serializer_class = ParkedOrderSerializer
    pagination_class = ParkedOrderPages

    @operation(
        "park_order",
        body=ParkBody,
        answers={201: OrderSerializer},
        refuses=[OrderExists, LinesInvalid, DiscountExceedsPrice, *NOT_PERMITTED],
        keyed=True,
        scopes=[ORDERS_WRITE],
        at="register",
        example={
            "id": "019ac8f0-5a70-7c3e-9d41-6f1f3a0c2b12",
            "label": "The lady with the dog",
            "lines": [{"sku": "MUG-01", "quantity": "2"}],
        },
    )
    def post(self, request: Request, asked: dict[str, Any]) -> Response:
        """Let a cart wait: an order in the state `PARKED`. Nothing is sold, reserved or paid."""
        try:
            with claimed(request, "parked-orders") as claim:
                if claim.is_new:
                    command = command_of(request, asked)
                    order = park_order(
                        id=asked["id"],
                        register=register_of(request),
                        device=device_of(request),
                        lines=asked_lines(asked["lines"]),
                        discounts=asked_discounts(asked["discounts"]),
                        cart={name: value for name, value in dict(request.data).items() if name in CART},
                        label=asked["label"],
                        customer_email=asked["customer_email"],
                        note=asked["note"],
                        now=timezone.now(),
                        fingerprint=claim.fingerprint,
                        command=command,
                    )
                    claim.answer(encoded_order(order), status=201)
        except (OrderExists, LinesInvalid, DiscountExceedsPrice) as refusal:
            answer_again(claim, asked["id"], refusal)
        return claim.response

    @operation(
        "list_parked_orders",
        answers=ParkedOrderSerializer(many=True),
        paged=True,
        scopes=[ORDERS_READ],
        at="location",
    )
    def get(self, request: Request) -> Response:
        """List the carts that wait at the location."""
        page = self.paginate_queryset(parked_orders(place_of(request).location_id))
        return self.get_paginated_response(ParkedOrderSerializer(page, many=True).data)


class ParkedOrderClaimView(APIView):
    @operation(
        "claim_parked_order",
        answers={200: ParkedOrderSerializer},
        refuses=[NotFound, CartLeased, CurrencyMismatch],
        keyed=True,
    )
    def post(self, request: Request, order_id: UUID) -> Response:
        """Work on a parked cart, alone, for ten minutes. Ask again to stay longer."""
        with claimed(request, "parked-orders") as claim:
            if claim.is_new:
                parked = claim_order(order_id=order_id, device=_own(request), now=timezone.now())
                claim.answer(ParkedOrderSerializer(parked).data)
        return claim.response


class ParkedOrderReleaseView(APIView):
    @operation(
        "release_parked_order",
        answers={200: ParkedOrderSerializer},
        refuses=[NotFound, CartLeased],
        keyed=True,
    )
    def post(self, request: Request, order_id: UUID) -> Response:
        """Give a parked cart back, so that another device may claim it at once."""
        with claimed(request, "parked-orders") as claim:
            if claim.is_new:
                parked = release_order(order_id=order_id, device=_own(request), now=timezone.now())
                claim.answer(ParkedOrderSerializer(parked).data)
        return claim.response


class ParkedOrderResumeView(APIView):
    @operation(
        "resume_parked_order",
        body=ResumedOrderBody,
        answers={201: OrderSerializer, 202: HeldSerializer},
        refuses=[
            NotFound,
            CartLeased,
            CommandHeld,
            QuarantineFull,
            CurrencyMismatch,
            ShiftNotOpen,
            MomentRefused,
            LinesInvalid,
            DiscountExceedsPrice,
            TenderMismatch,
            *NOT_PERMITTED,
        ],
        keyed=True,
        scopes=[ORDERS_WRITE],
        at="register",
        holds=True,
        parameters=[CLOCK],
        example={"tenders": [{"type": "cash", "amount": {"amount": 3000, "currency": "EUR"}}]},
    )
    def post(self, request: Request, asked: dict[str, Any], order_id: UUID) -> Response:
        """Sell a parked cart, as it was parked or with other lines, at the prices and taxes of now.

        A paid sale is not refused because another device works on the cart, or has sold it: it is accepted with the
        exception `cart-forked`; where the cart is gone, as an order with an id that the answer names. From a revoked
        device or in a suspended shop it is held until a person decides (202). With `tenders`, a key needs the scope
        `payments:write` as well.
        """
        if asked["tenders"]:
            require_money_scope(request)
        return receive_resumed(request, asked, order_id)


class ParkedOrderDiscardView(APIView):
    @operation(
        "discard_parked_order",
        body=DiscardOrderBody,
        answers={200: OrderSerializer},
        refuses=[NotFound, CartLeased, *NOT_PERMITTED],
        keyed=True,
        scopes=[ORDERS_WRITE],
        example={"reason": "The customer did not come back"},
    )
    def post(self, request: Request, asked: dict[str, Any], order_id: UUID) -> Response:
        """Give up a parked cart: its order is voided, with the reason."""
        with claimed(request, "parked-orders") as claim:
            if claim.is_new:
                discard_order(
                    order_id=order_id,
                    device=device_of(request),
                    command=command_of(request, asked, order_id),
                    reason=asked["reason"],
                    now=timezone.now(),
                )
                claim.answer(encoded_order(orders().get(id=order_id)))
        return claim.response


def _own(request: Request) -> Device:
    """:raises ApiProblem: when no device asks: only a device has a lease."""
    device = device_of(request)
    if device is None:
        raise ApiProblem(403, "permission-denied", "Only a paired terminal works on a parked order.")
    return device
