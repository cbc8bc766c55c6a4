"""What is held until a person decides: listed, accepted, rejected."""

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
from pos.exceptions.models import HeldCommand
from pos.exceptions.queries import held_commands
from pos.exceptions.services.quarantine import CommandDecided
from pos.orders.answers import encoded_order
from pos.orders.serializers import OrderSerializer
from pos.quarantine.services import OrderPlacedBefore, accept_command, reject_command
from staff.duty.permitting import REFUSALS as NOT_PERMITTED
from web.commands import ApprovableBody, command_of
from web.fields import Choice, Text
from web.inputs import Query
from web.money import InOwnCurrency, MoneyField
from web.operations import operation
from web.pages import Pages
from web.scopes import ORDERS_READ, actor_of


class HeldQuery(Query):
    status = Choice(HeldCommand.State.values, required=False)
    device_id = serializers.UUIDField(required=False)


class AcceptBody(ApprovableBody):
    note = Text(limits.NOTE, optional=True, lines=True)


class RejectBody(ApprovableBody):
    note = Text(limits.NOTE, help_text="Why it is no sale of this shop", lines=True)


class HeldCommandSerializer(InOwnCurrency, serializers.ModelSerializer[HeldCommand]):
    """`request` is what the device has sent; the customer's address is taken out of it once somebody has decided."""

    status = serializers.ChoiceField(HeldCommand.State.choices, source="state", read_only=True)
    amount = MoneyField(read_only=True, help_text="What was taken for it, less change")
    request = serializers.SerializerMethodField()

    class Meta:
        model = HeldCommand
        fields = (
            "id", "status", "reason", "detail", "device_id", "register_id", "device_sequence", "amount", "request",
            "received_at", "decided_at", "decided_by", "staff_id", "note",
        )  # fmt: skip

    @extend_schema_field({"type": "object", "additionalProperties": True})
    def get_request(self, held: HeldCommand) -> Any:
        return held.body


class HeldCommandListView(generics.GenericAPIView[HeldCommand]):
    queryset = HeldCommand.objects.none()
    serializer_class = HeldCommandSerializer
    pagination_class = Pages

    @operation(
        "list_held_commands",
        query=HeldQuery,
        answers=HeldCommandSerializer(many=True),
        paged=True,
        scopes=[ORDERS_READ],
    )
    def get(self, _request: Request, asked: dict[str, Any]) -> Response:
        """List the paid sales that are held until a person decides, and those that somebody has decided about."""
        found = held_commands(state=asked.get("status", ""), device_id=asked.get("device_id"))
        page = self.paginate_queryset(found)
        return self.get_paginated_response(HeldCommandSerializer(page, many=True).data)


class HeldCommandAcceptView(APIView):
    @operation(
        "accept_held_command",
        body=AcceptBody,
        answers={201: OrderSerializer},
        refuses=[NotFound, CommandDecided, *NOT_PERMITTED],
        keyed=True,
        example={"note": "It was sold before the device was stolen"},
    )
    def post(self, request: Request, asked: dict[str, Any], command_id: UUID) -> Response:
        """Let what is held take effect: an ordinary order with the id that the till gave it, as it was sold.

        Where the order cannot be placed as it is, the refusal is answered, and it stays held.
        """
        with claimed(request, "held-commands") as claim:
            if claim.is_new:
                order = accept_command(
                    command_id=command_id,
                    by=actor_of(request),
                    command=command_of(request, asked, command_id),
                    note=asked["note"],
                    now=timezone.now(),
                )
                claim.answer(encoded_order(order), status=201)
        return claim.response


class HeldCommandRejectView(APIView):
    @operation(
        "reject_held_command",
        body=RejectBody,
        answers={200: HeldCommandSerializer},
        refuses=[NotFound, CommandDecided, OrderPlacedBefore, *NOT_PERMITTED],
        keyed=True,
        example={"note": "The device was stolen, and this is no sale of ours"},
    )
    def post(self, request: Request, asked: dict[str, Any], command_id: UUID) -> Response:
        """Refuse what is held, for good: no order of its id is placed."""
        with claimed(request, "held-commands") as claim:
            if claim.is_new:
                held = reject_command(
                    command_id=command_id,
                    by=actor_of(request),
                    command=command_of(request, asked, command_id),
                    note=asked["note"],
                    now=timezone.now(),
                )
                claim.answer(HeldCommandSerializer(held).data)
        return claim.response
