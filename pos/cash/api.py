"""Shifts: open one, and see which is open."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from events.idempotency.requests import idempotent
from pos.cash.models import Shift
from pos.cash.services import ShiftAlreadyOpen, ShiftNotOpen, open_shift, open_shift_of
from pos.registers.models import Register
from web.fields import UUIDv7Field
from web.inputs import Body
from web.money import MoneyField
from web.operations import operation
from web.terminal import terminal_of


class OpenShiftBody(Body):
    id = UUIDv7Field()
    float_amount = MoneyField()


@extend_schema_serializer(deprecate_fields=["register"])
class ShiftSerializer(serializers.ModelSerializer[Shift]):
    float_amount = MoneyField(read_only=True)

    class Meta:
        model = Shift
        fields = ("id", "register_id", "register", "state", "float_amount", "opened_at")


class ShiftListView(APIView):
    @operation(
        "open_shift",
        body=OpenShiftBody,
        answers={201: ShiftSerializer},
        refuses=[ShiftAlreadyOpen],
        keyed=True,
        example={"id": "019ac8ee-0c10-7b1a-b3d5-90f2a1c4e6d7", "float_amount": {"amount": 15000, "currency": "EUR"}},
    )
    def post(self, request: Request, asked: dict[str, Any]) -> Response:
        """Open a shift at the terminal's register."""
        terminal = terminal_of(request)

        def open_(_fingerprint: str) -> Response:
            register = Register.objects.get(id=terminal.register_id)
            shift = open_shift(register=register, now=timezone.now(), **asked)
            return Response(ShiftSerializer(shift, context={"currency": terminal.currency}).data, status=201)

        return idempotent(request, "shifts", open_)


class CurrentShiftView(APIView):
    @operation("get_current_shift", answers=ShiftSerializer, refuses=[ShiftNotOpen])
    def get(self, request: Request) -> Response:
        """Show the open shift of the terminal's register; 409 `shift-not-open` when there is none."""
        terminal = terminal_of(request)
        shift = open_shift_of(Register.objects.get(id=terminal.register_id))
        return Response(ShiftSerializer(shift, context={"currency": terminal.currency}).data)
