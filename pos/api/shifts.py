"""Shifts: open one, and see which is open."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from events.api.idempotent import idempotent
from kernel.api.fields import UUIDv7Field
from kernel.api.money import MoneyField
from kernel.api.terminal import terminal_of
from pos.models import Register, Shift
from pos.services.tills import open_shift, open_shift_of


class OpenShiftSerializer(serializers.Serializer[Any]):
    id = UUIDv7Field()
    float_amount = MoneyField()


class ShiftSerializer(serializers.ModelSerializer[Shift]):
    float_amount = MoneyField(read_only=True)

    class Meta:
        model = Shift
        fields = ("id", "register", "state", "float_amount", "opened_at")


class ShiftListView(APIView):
    @extend_schema(request=OpenShiftSerializer, responses={201: ShiftSerializer}, operation_id="open_shift")
    def post(self, request: Request) -> Response:
        """Open a shift at the terminal's register."""
        terminal = terminal_of(request)
        context = {"currency": terminal.currency}
        serializer = OpenShiftSerializer(data=request.data, context=context)
        serializer.is_valid(raise_exception=True)

        def open_(_fingerprint: str) -> Response:
            register = Register.objects.get(id=terminal.register_id)
            shift = open_shift(register=register, now=timezone.now(), **serializer.validated_data)
            return Response(ShiftSerializer(shift, context=context).data, status=201)

        return idempotent(request, "shifts", open_)


class CurrentShiftView(APIView):
    @extend_schema(responses=ShiftSerializer, operation_id="get_current_shift")
    def get(self, request: Request) -> Response:
        """Show the open shift of the terminal's register; 409 `shift-not-open` when there is none."""
        terminal = terminal_of(request)
        shift = open_shift_of(Register.objects.get(id=terminal.register_id))
        return Response(ShiftSerializer(shift, context={"currency": terminal.currency}).data)
